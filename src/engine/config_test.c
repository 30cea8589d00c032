/* Every setting of the engine's header is either set in one function or left alone for a written
 * reason. Method: read the names out of the header that we build against and look each up in the
 * source and in the list of reasons; a new version of the engine with a new setting fails here. */
#include "engine/config.h"

#include "crypto/hash.h"

#include "harness/test.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        test_fail(__FILE__, __LINE__, "cannot open %s", path);
    char *text = calloc(1, 1 << 20);
    const size_t len = fread(text, 1, (1 << 20) - 1, file);
    CHECK(len > 1000);
    fclose(file);
    return text;
}

static bool is_left(const char *name) {
    for (size_t i = 0; i < ae_settings_left_count; i++)
        if (strcmp(ae_settings_left[i].name, name) == 0)
            return ae_settings_left[i].reason[0] != '\0';
    return false;
}

static void take_identifier(const char *from, char name[96]) {
    size_t len = 0;
    while (isspace((unsigned char)*from))
        from++;
    while (len < 95 && (isalnum((unsigned char)from[len]) || from[len] == '_')) {
        name[len] = from[len];
        len++;
    }
    name[len] = '\0';
}

static size_t check_name(
    const char *name, const char *prefix, const char *suffix, const char *source) {
    char call[192];
    snprintf(call, sizeof call, "%s%s%s(", prefix, name, suffix);
    const bool is_set = strstr(source, call) != NULL;
    if (!is_set && !is_left(name))
        test_fail(__FILE__, __LINE__, "setting %s is neither set nor left with a reason", name);
    return 1;
}

// Macros that declare a setter: MACRO([type,] name, …).
static size_t check_macro(
    const char *header, const char *macro, bool has_type, const char *prefix, const char *source) {
    size_t count = 0;
    for (const char *at = strstr(header, macro); at != NULL; at = strstr(at, macro)) {
        at += strlen(macro);
        const char *line = at;
        while (line > header && *line != '\n')
            line--;
        if (strncmp(line, "\n#define", 8) == 0)
            continue;
        char name[96];
        take_identifier(has_type ? strchr(at, ',') + 1 : at, name);
        count += check_name(name, prefix, "_set", source);
    }
    return count;
}

static void every_setting_of_the_header_is_decided(void) {
    char *header = read_text(AE_WASMTIME_DIR "/include/wasmtime/config.h");
    char *source = read_text(AE_SOURCE_DIR "/src/engine/config.c");
    const size_t settings =
        check_macro(header, "WASMTIME_CONFIG_PROP(", true, "wasmtime_config_", source);
    const size_t pool = check_macro(header, "WASMTIME_POOLING_ALLOCATION_CONFIG_PROP(", false,
        "wasmtime_pooling_allocation_config_", source);
    CHECK(settings > 40);
    CHECK(pool > 15);
    // Functions that are declared by hand.
    size_t functions = 0;
    for (const char *at = strstr(header, "\nwasmtime_config_"); at != NULL;
         at = strstr(at, "\nwasmtime_config_")) {
        char name[96];
        at += strlen("\nwasmtime_config_");
        take_identifier(at, name);
        char *suffix = strstr(name, "_set");
        if (suffix != NULL && suffix[4] == '\0')
            *suffix = '\0';
        functions += check_name(name, "wasmtime_config_", "_set", source);
    }
    CHECK(functions >= 2);
    free(header);
    free(source);
}

static void what_the_original_asked_for_is_set(void) {
    char *source = read_text(AE_SOURCE_DIR "/src/engine/config.c");
    // Canonical NaNs are on in the bytecode, for a third of what the engine's switch costs (docs/floats.md);
    // tests/oracle/float_test.c holds one against the other.
    CHECK(strstr(source, "wasmtime_config_cranelift_nan_canonicalization_set(config, false)") !=
          NULL);
    CHECK(strstr(source, "wasmtime_config_wasm_simd_set(config, false)") != NULL);
    CHECK(strstr(source, "wasmtime_config_wasm_bulk_memory_set(config, true)") != NULL);
    CHECK(strstr(source, "wasmtime_config_wasm_reference_types_set(config, false)") != NULL);
    CHECK(is_left("wasm_threads"));
    free(source);
}

// Add a text's bytes but for spaces and comments.
static size_t take_code(const char *path, uint8_t *out) {
    char *text = read_text(path);
    size_t len = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '/' && at[1] == '/')
            at += strcspn(at, "\n");
        if (*at == '\0')
            break;
        if (!isspace((unsigned char)*at))
            out[len++] = (uint8_t)*at;
    }
    free(text);
    return len;
}

static void a_changed_configuration_has_a_new_version(void) {
    static uint8_t code[1 << 18];
    size_t len = take_code(AE_SOURCE_DIR "/src/engine/config.c", code);
    len += take_code(AE_SOURCE_DIR "/third_party/wasmtime/src/lib.rs", code + len);
    aether_hash hash;
    ae_sha256(ae_bytes(code, len), &hash);
    char text[2 * AETHER_HASH_LEN + 1];
    for (size_t i = 0; i < AETHER_HASH_LEN; i++)
        snprintf(text + 2 * i, 3, "%02x", hash.bytes[i]);
    // It failed? Raise AE_ENGINE_CONFIG_VERSION if native code may differ in any way, then write both down here.
    CHECK_U64(AE_ENGINE_CONFIG_VERSION, 1);
    CHECK_TEXT(text, "b52e29d65729bc193119fc329d40c34c16f28fe44a0e77ab2085bdb6a4976c44");
}

TEST_MAIN(TEST(every_setting_of_the_header_is_decided) TEST(what_the_original_asked_for_is_set)
        TEST(a_changed_configuration_has_a_new_version))
