/* What the tests of the encodings share: the golden cases of tests/vectors/transaction.txt, and a writer of wire bytes
 * that may be wrong in any way. */
#ifndef AE_LEDGER_TEST_VECTOR_H
#define AE_LEDGER_TEST_VECTOR_H

#include "base/bytes.h"

#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>

/* One case: lines `key value` up to `end`. */
typedef struct vector {
    const char *text;
} vector;

static inline const char *vector_file(void) {
    static char text[1 << 17];
    if (text[0] == '\0') {
        FILE *file = fopen(AE_SOURCE_DIR "/tests/vectors/transaction.txt", "r");
        CHECK(file != NULL);
        const size_t len = fread(text, 1, sizeof text - 1, file);
        CHECK(len > 1000 && len < sizeof text - 1);
        fclose(file);
    }
    return text;
}

/* The next case after `at`, the first for a zeroed one; false at the end. */
static inline bool vector_next(vector *at) {
    const char *from = at->text == NULL ? vector_file() : strstr(at->text, "\nend\n");
    CHECK(from != NULL);
    at->text = strstr(at->text == NULL ? from : from + 4, "\nkind ");
    return at->text != NULL;
}

/* A value as text; it ends at a newline. NULL: no such line in this case. */
static inline const char *vector_find(const vector *at, const char *key) {
    char line[64];
    snprintf(line, sizeof line, "\n%s", key);
    const char *end = strstr(at->text, "\nend\n");
    const char *found = at->text;
    while ((found = strstr(found, line)) != NULL && found < end) {
        const char *value = found + strlen(line);
        if (*value == ' ' || *value == '\n')
            return value + (*value == ' ');
        found = value;
    }
    return NULL;
}

static inline bool vector_is(const vector *at, const char *key, const char *value) {
    const char *found = vector_find(at, key);
    return found != NULL && strncmp(found, value, strlen(value)) == 0 &&
           found[strlen(value)] == '\n';
}

static inline aether_bytes vector_text(const vector *at, const char *key) {
    const char *found = vector_find(at, key);
    CHECK(found != NULL);
    return ae_bytes(found, strcspn(found, "\n"));
}

static inline uint64_t vector_number(const vector *at, const char *key) {
    const char *found = vector_find(at, key);
    CHECK(found != NULL);
    return strtoull(found, NULL, 10); // a negative one wraps
}

/* Hex digits to bytes; whoever asks has room for `capacity`. */
static inline aether_bytes vector_bytes(
    const vector *at, const char *key, uint8_t *out, size_t capacity) {
    const aether_bytes text = vector_text(at, key);
    CHECK(text.len / 2 <= capacity);
    for (size_t i = 0; i < text.len / 2; i++) {
        const char digits[3] = {(char)text.data[2 * i], (char)text.data[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return ae_bytes(out, text.len / 2);
}

#define WIRE_LEN_MAX (2u << 20)

/* Bytes of a message, written field by field. */
typedef struct wire {
    uint8_t *data;
    size_t len;
} wire;

static inline wire wire_new(void) {
    wire out = {.data = malloc(WIRE_LEN_MAX)};
    CHECK(out.data != NULL);
    return out;
}

static inline void wire_end(wire *out) {
    free(out->data);
}

static inline aether_bytes wire_view(const wire *out) {
    return ae_bytes(out->data, out->len);
}

static inline void wire_raw(wire *out, const void *data, size_t len) {
    CHECK(len <= WIRE_LEN_MAX - out->len);
    if (len != 0)
        memcpy(out->data + out->len, data, len);
    out->len += len;
}

/* `len` bytes even if fewer would do; 0: the shortest form. */
static inline void wire_varint(wire *out, uint64_t value, size_t len) {
    for (size_t i = 1; value > 0x7f || i < len; i++) {
        const uint8_t byte = (uint8_t)(value | 0x80);
        wire_raw(out, &byte, 1);
        value >>= 7;
    }
    const uint8_t last = (uint8_t)value;
    wire_raw(out, &last, 1);
}

static inline void wire_tag(wire *out, uint32_t field, unsigned type) {
    wire_varint(out, (uint64_t)field << 3 | type, 0);
}

static inline void wire_number(wire *out, uint32_t field, uint64_t value) {
    wire_tag(out, field, 0);
    wire_varint(out, value, 0);
}

static inline void wire_data(wire *out, uint32_t field, aether_bytes bytes) {
    wire_tag(out, field, 2);
    wire_varint(out, bytes.len, 0);
    wire_raw(out, bytes.data, bytes.len);
}

static inline void wire_fill(wire *out, uint32_t field, uint8_t byte, size_t len) {
    wire_tag(out, field, 2);
    wire_varint(out, len, 0);
    CHECK(len <= WIRE_LEN_MAX - out->len);
    memset(out->data + out->len, byte, len);
    out->len += len;
}

#endif
