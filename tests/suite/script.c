#include "suite/script.h"

#include "harness/test.h"

#include "wasm/module.h"

#include <stdio.h>
#include <stdlib.h>

script script_open(const char *set, const char *stem) {
    char path[4096];
    CHECK(snprintf(path, sizeof path, "%s/%s/%s.txt", AE_SUITE_DIR, set, stem) < (int)sizeof path);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        test_fail(__FILE__, __LINE__, "%s can't be read", path);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    const long len = ftell(file);
    CHECK(len >= 0 && fseek(file, 0, SEEK_SET) == 0);
    char *text = malloc((size_t)len + 1);
    CHECK(text != NULL && fread(text, 1, (size_t)len, file) == (size_t)len);
    text[len] = '\0';
    fclose(file);
    return (script){.text = text, .at = text};
}

void script_close(script *s) {
    free(s->text);
    *s = (script){0};
}

bool script_next(script *s, script_line *out_line) {
    if (*s->at == '\0')
        return false;
    char *end = strchr(s->at, '\n');
    CHECK(end != NULL);
    *end = '\0';
    out_line->count = 0;
    for (char *word = s->at; word != NULL;) {
        char *space = strchr(word, ' ');
        if (space != NULL)
            *space++ = '\0';
        CHECK(out_line->count < SCRIPT_WORDS_MAX);
        out_line->words[out_line->count++] = word;
        word = space;
    }
    s->at = end + 1;
    CHECK(out_line->count >= 2);
    return true;
}

static uint8_t digit_value(char digit) {
    CHECK((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

aether_bytes script_bytes(const char *word) {
    const size_t len = strcmp(word, "-") == 0 ? 0 : strlen(word) / 2;
    uint8_t *data = malloc(len + 1);
    CHECK(data != NULL);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(digit_value(word[2 * i]) << 4 | digit_value(word[2 * i + 1]));
    data[len] = 0; // so that a name is also a C string
    return (aether_bytes){.data = data, .len = len};
}

static script_value read_value(const char *word) {
    static const struct {
        const char *prefix;
        ae_valtype type;
    } types[] = {{"i32:", AE_I32}, {"i64:", AE_I64}, {"f32:", AE_F32}, {"f64:", AE_F64}};
    if (strcmp(word, "other") == 0)
        return (script_value){0};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strncmp(word, types[i].prefix, 4) != 0)
            continue;
        script_value value = {.type = (uint8_t)types[i].type};
        char *end = NULL;
        if (strcmp(word + 4, "canonical") == 0)
            value.pattern = SCRIPT_CANONICAL;
        else if (strcmp(word + 4, "arithmetic") == 0)
            value.pattern = SCRIPT_ARITHMETIC;
        else {
            value.bits = strtoull(word + 4, &end, 16);
            CHECK(*end == '\0');
        }
        return value;
    }
    test_fail(__FILE__, __LINE__, "\"%s\" is no value", word);
}

size_t script_read_values(
    const script_line *line, size_t first, const char *mark, script_values *out) {
    out->count = 0;
    for (size_t i = first; i < line->count; i++) {
        if (strcmp(line->words[i], mark) == 0)
            return i + 1;
        CHECK(out->count < SCRIPT_VALUES_MAX);
        out->values[out->count++] = read_value(line->words[i]);
    }
    return line->count;
}

bool script_value_matches(const script_value *expected, uint8_t type, uint64_t bits) {
    if (type != expected->type)
        return false;
    const bool is_f32 = type == AE_F32;
    const uint64_t canonical = is_f32 ? 0x7fc00000 : 0x7ff8000000000000;
    const uint64_t sign = is_f32 ? 0x80000000 : 0x8000000000000000;
    switch (expected->pattern) {
    case SCRIPT_CANONICAL:
        return (bits & ~sign) == canonical;
    case SCRIPT_ARITHMETIC:
        return (bits & canonical) == canonical;
    default:
        return bits == expected->bits;
    }
}
