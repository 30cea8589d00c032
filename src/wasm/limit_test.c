/* Every limit on a module is exact: a module at the limit is accepted, one step more is refused by that rule.
 * Method: for each limit a module that grows with a number, built at n and at n + 1. */
#include "wasm/module.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>

static const ae_import_rule rules[] = {{"env", "block_number", ">I", false}};

// A module of size n.
typedef void build_function(wasm_parts *parts, uint32_t n);

static aether_status decode_parts(wasm_parts *parts, ae_module *module, aether_error *err) {
    wasm_builder b = {0};
    wasm_assemble(parts, &b);
    const aether_status status = ae_module_decode(
        wasm_bytes_of(&b), (ae_import_rules){.rules = rules, .count = 1}, module, err);
    if (status == AETHER_OK)
        ae_module_deinit(module);
    wasm_free(&b);
    return status;
}

static void check_limit(build_function *build, uint32_t max, const char *rule) {
    aether_error err = {0};
    ae_module module;
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    build(&parts, max);
    CHECK_OK(decode_parts(&parts, &module, &err));
    wasm_parts_start(&parts);
    build(&parts, max + 1);
    CHECK_STATUS(decode_parts(&parts, &module, &err), AETHER_LIMIT_EXCEEDED);
    char start[64];
    snprintf(start, sizeof start, "%s: ", rule);
    if (strncmp(err.message, start, strlen(start)) != 0)
        test_fail(__FILE__, __LINE__, "refused by %s, expected %s", err.message, rule);
}

static void types(wasm_parts *parts, uint32_t n) {
    for (uint32_t i = 1; i < n; i++)
        wasm_functype(wasm_part(parts, WASM_TYPE), "i>");
}

static uint32_t add_type(wasm_parts *parts, const char *signature) {
    wasm_functype(wasm_part(parts, WASM_TYPE), signature);
    return parts->counts[WASM_TYPE] - 1;
}

static void import_n(wasm_parts *parts, uint32_t n) {
    const uint32_t type = add_type(parts, ">I");
    for (uint32_t i = 0; i < n; i++)
        wasm_import_function(wasm_part(parts, WASM_IMPORT), "env", "block_number", type);
    wasm_free(&parts->sections[WASM_EXPORT]);
    wasm_export(&parts->sections[WASM_EXPORT], "execute", 0, n);
}

static void functions(wasm_parts *parts, uint32_t n) {
    const uint32_t type = add_type(parts, ">");
    for (uint32_t i = 1; i < n; i++)
        wasm_part_function(parts, type, WASM_CODE_BYTES(0x0b));
}

static void functions_with_an_import(wasm_parts *parts, uint32_t n) {
    import_n(parts, 1);
    functions(parts, n - 1);
}

static void function_params(wasm_parts *parts, uint32_t n) {
    wasm_builder *b = wasm_part(parts, WASM_TYPE);
    wasm_byte(b, 0x60);
    wasm_u32(b, n);
    wasm_repeat(b, 0x7e, n);
    wasm_byte(b, 0);
}

// Sixteen parameters for each function, the rest by the last one.
static void params_total(wasm_parts *parts, uint32_t n) {
    const uint32_t one = add_type(parts, "i>");
    const uint32_t sixteen = add_type(parts, "iiiiiiiiiiiiiiii>");
    for (uint32_t i = 0; i < n / 16; i++)
        wasm_part_function(parts, sixteen, WASM_CODE_BYTES(0x0b));
    for (uint32_t i = 0; i < n % 16; i++)
        wasm_part_function(parts, one, WASM_CODE_BYTES(0x0b));
}

static void function_results(wasm_parts *parts, uint32_t n) {
    wasm_builder *b = wasm_part(parts, WASM_TYPE);
    WASM(b, 0x60, 0);
    wasm_u32(b, n);
    wasm_repeat(b, 0x7f, n);
}

// A function that declares n locals in groups of at most `group`, and has enough body for them.
static void add_locals(wasm_parts *parts, uint32_t n, uint32_t group) {
    wasm_u32(wasm_part(parts, WASM_FUNCTION), add_type(parts, ">"));
    wasm_builder *b = wasm_part(parts, WASM_CODE);
    wasm_open(b);
    wasm_u32(b, (n + group - 1) / group);
    for (uint32_t left = n; left > 0;) {
        const uint32_t count = left < group ? left : group;
        wasm_u32(b, count);
        wasm_byte(b, 0x7d);
        left -= count;
    }
    wasm_repeat(b, 0x01, (size_t)2 * n);
    wasm_byte(b, 0x0b);
    wasm_close(b);
}

static void function_locals(wasm_parts *parts, uint32_t n) {
    add_locals(parts, n, n);
}

static void function_locals_in_groups(wasm_parts *parts, uint32_t n) {
    add_locals(parts, n, 7);
}

static void locals_total(wasm_parts *parts, uint32_t n) {
    for (uint32_t left = n; left > 0;) {
        const uint32_t count = left < 1000 ? left : 1000;
        add_locals(parts, count, count);
        left -= count;
    }
}

// A body of 200 bytes that declares n locals.
static void locals_of_a_small_body(wasm_parts *parts, uint32_t n) {
    wasm_u32(wasm_part(parts, WASM_FUNCTION), add_type(parts, ">"));
    wasm_builder *b = wasm_part(parts, WASM_CODE);
    wasm_open(b);
    wasm_byte(b, 1);
    wasm_u32_padded(b, n, 2);
    wasm_byte(b, 0x7f);
    wasm_repeat(b, 0x01, 200 - 5);
    wasm_byte(b, 0x0b);
    wasm_close(b);
}

static void function_body_len(wasm_parts *parts, uint32_t n) {
    wasm_u32(wasm_part(parts, WASM_FUNCTION), add_type(parts, ">"));
    wasm_builder *b = wasm_part(parts, WASM_CODE);
    wasm_open(b);
    wasm_byte(b, 0);
    wasm_repeat(b, 0x01, n - 2);
    wasm_byte(b, 0x0b);
    wasm_close(b);
}

// A function whose code is `before`, then n times `each`, then n times `after`, then `end`.
static void repeat_code(wasm_parts *parts, uint32_t n, aether_bytes each, aether_bytes after) {
    wasm_u32(wasm_part(parts, WASM_FUNCTION), add_type(parts, ">"));
    wasm_builder *b = wasm_part(parts, WASM_CODE);
    wasm_open(b);
    wasm_byte(b, 0);
    for (uint32_t i = 0; i < n; i++)
        wasm_raw(b, each);
    for (uint32_t i = 0; i < n; i++)
        wasm_raw(b, after);
    wasm_byte(b, 0x0b);
    wasm_close(b);
}

static const aether_bytes nothing = {0};

static void operand_height(wasm_parts *parts, uint32_t n) {
    repeat_code(parts, n, WASM_CODE_BYTES(0x42, 0x00), WASM_CODE_BYTES(0x1a));
}

static void blocks(wasm_parts *parts, uint32_t n) {
    repeat_code(parts, n, WASM_CODE_BYTES(0x02, 0x40, 0x0b), nothing);
}

static void loops(wasm_parts *parts, uint32_t n) {
    repeat_code(parts, n, WASM_CODE_BYTES(0x03, 0x40, 0x0b), nothing);
}

static void ifs(wasm_parts *parts, uint32_t n) {
    repeat_code(parts, n, WASM_CODE_BYTES(0x41, 0x00, 0x04, 0x40, 0x05, 0x0b), nothing);
}

static void br_ifs(wasm_parts *parts, uint32_t n) {
    repeat_code(parts, n, WASM_CODE_BYTES(0x41, 0x00, 0x0d, 0x00), nothing);
}

static void blocks_total(wasm_parts *parts, uint32_t n) {
    for (uint32_t left = n; left > 0;) {
        const uint32_t count = left < 4000 ? left : 4000;
        blocks(parts, count);
        left -= count;
    }
}

static void nested_blocks(wasm_parts *parts, uint32_t n) {
    repeat_code(parts, n, WASM_CODE_BYTES(0x02, 0x40), WASM_CODE_BYTES(0x0b));
}

static void nested_ifs(wasm_parts *parts, uint32_t n) {
    repeat_code(parts, n, WASM_CODE_BYTES(0x41, 0x00, 0x04, 0x40, 0x05), WASM_CODE_BYTES(0x0b));
}

static void add_br_table(wasm_parts *parts, uint32_t n) {
    wasm_u32(wasm_part(parts, WASM_FUNCTION), add_type(parts, ">"));
    wasm_builder *b = wasm_part(parts, WASM_CODE);
    wasm_open(b);
    WASM(b, 0, 0x41, 0, 0x0e);
    wasm_u32(b, n);
    wasm_repeat(b, 0, (size_t)n + 1);
    wasm_byte(b, 0x0b);
    wasm_close(b);
}

static void br_table_targets(wasm_parts *parts, uint32_t n) {
    add_br_table(parts, n);
}

static void br_table_targets_total(wasm_parts *parts, uint32_t n) {
    for (uint32_t left = n; left > 0;) {
        const uint32_t count = left < 1024 ? left : 1024;
        add_br_table(parts, count);
        left -= count;
    }
}

static void export_n(wasm_parts *parts, uint32_t n, uint8_t kind) {
    for (uint32_t i = 1; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "e%u", i);
        wasm_export(wasm_part(parts, WASM_EXPORT), name, kind, 0);
    }
}

static void exported_functions(wasm_parts *parts, uint32_t n) {
    export_n(parts, n, 0);
}

static void exports(wasm_parts *parts, uint32_t n) {
    WASM(wasm_part(parts, WASM_MEMORY), 0, 1);
    export_n(parts, n, 2);
}

static char *long_name(uint32_t n) {
    char *name = calloc(1, (size_t)n + 1);
    CHECK(name != NULL);
    memset(name, 'x', n);
    return name;
}

static void export_name(wasm_parts *parts, uint32_t n) {
    char *name = long_name(n);
    wasm_export(wasm_part(parts, WASM_EXPORT), name, 0, 0);
    free(name);
}

static void globals(wasm_parts *parts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        WASM(wasm_part(parts, WASM_GLOBAL), 0x7e, 1, 0x42, 0, 0x0b);
}

static void tables(wasm_parts *parts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        WASM(wasm_part(parts, WASM_TABLE), 0x70, 0, 1);
}

static void table_len(wasm_parts *parts, uint32_t n) {
    WASM(wasm_part(parts, WASM_TABLE), 0x70, 1);
    wasm_u32(&parts->sections[WASM_TABLE], n);
    wasm_u32(&parts->sections[WASM_TABLE], UINT32_MAX);
}

static void add_element(wasm_parts *parts, uint32_t count) {
    wasm_builder *b = wasm_part(parts, WASM_ELEMENT);
    WASM(b, 0, 0x41, 0, 0x0b);
    wasm_u32(b, count);
    wasm_repeat(b, 0, count);
}

static void element_segments(wasm_parts *parts, uint32_t n) {
    tables(parts, 1);
    for (uint32_t i = 0; i < n; i++)
        add_element(parts, 0);
}

static void element_items(wasm_parts *parts, uint32_t n) {
    table_len(parts, 4096);
    for (uint32_t left = n; left > 0;) {
        const uint32_t count = left < 4000 ? left : 4000;
        add_element(parts, count);
        left -= count;
    }
}

static void data_segments(wasm_parts *parts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        WASM(wasm_part(parts, WASM_DATA), 1, 0);
}

static void data_count(wasm_parts *parts, uint32_t n) {
    data_segments(parts, n);
    wasm_u32(wasm_part(parts, WASM_DATA_COUNT), n);
}

static void memories(wasm_parts *parts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        WASM(wasm_part(parts, WASM_MEMORY), 0, 1);
}

static void memory_pages_initial(wasm_parts *parts, uint32_t n) {
    wasm_byte(wasm_part(parts, WASM_MEMORY), 0);
    wasm_u32(&parts->sections[WASM_MEMORY], n);
}

#define LIMIT_CASE(build, max, rule)     \
    static void build##_is_exact(void) { \
        check_limit(build, max, rule);   \
    }

LIMIT_CASE(types, AE_TYPES_MAX, "types")
LIMIT_CASE(import_n, AE_IMPORTS_MAX, "imports")
LIMIT_CASE(functions, AE_FUNCTIONS_MAX, "functions")
LIMIT_CASE(functions_with_an_import, AE_FUNCTIONS_MAX, "functions")
LIMIT_CASE(function_params, AE_FUNCTION_PARAMS_MAX, "function_params")
LIMIT_CASE(params_total, AE_PARAMS_TOTAL_MAX, "params_total")
LIMIT_CASE(function_results, AE_FUNCTION_RESULTS_MAX, "function_results")
LIMIT_CASE(function_locals, AE_FUNCTION_LOCALS_MAX, "function_locals")
LIMIT_CASE(function_locals_in_groups, AE_FUNCTION_LOCALS_MAX, "function_locals")
LIMIT_CASE(locals_total, AE_LOCALS_TOTAL_MAX, "locals_total")
LIMIT_CASE(locals_of_a_small_body, 200 / AE_BODY_BYTES_PER_LOCAL, "body_bytes_per_local")
LIMIT_CASE(function_body_len, AE_FUNCTION_BODY_LEN_MAX, "function_body_len")
LIMIT_CASE(operand_height, AE_OPERAND_HEIGHT_MAX, "operand_height")
LIMIT_CASE(blocks, AE_FUNCTION_BLOCKS_MAX, "function_blocks")
LIMIT_CASE(loops, AE_FUNCTION_BLOCKS_MAX, "function_blocks")
LIMIT_CASE(ifs, AE_FUNCTION_BLOCKS_MAX, "function_blocks")
LIMIT_CASE(br_ifs, AE_FUNCTION_BLOCKS_MAX, "function_blocks")
LIMIT_CASE(blocks_total, AE_BLOCKS_TOTAL_MAX, "blocks_total")
LIMIT_CASE(nested_blocks, AE_NESTING_MAX, "nesting")
LIMIT_CASE(nested_ifs, AE_NESTING_MAX, "nesting")
LIMIT_CASE(br_table_targets, AE_BR_TABLE_TARGETS_MAX, "br_table_targets")
LIMIT_CASE(br_table_targets_total, AE_BR_TABLE_TARGETS_TOTAL_MAX, "br_table_targets_total")
LIMIT_CASE(exported_functions, AE_EXPORTED_FUNCTIONS_MAX, "exported_functions")
LIMIT_CASE(exports, AE_EXPORTS_MAX, "exports")
LIMIT_CASE(export_name, AE_NAME_LEN_MAX, "name_len")
LIMIT_CASE(globals, AE_GLOBALS_MAX, "globals")
LIMIT_CASE(tables, AE_TABLES_MAX, "tables")
LIMIT_CASE(table_len, AE_TABLE_LEN_MAX, "table_len")
LIMIT_CASE(element_segments, AE_ELEMENT_SEGMENTS_MAX, "element_segments")
LIMIT_CASE(element_items, AE_ELEMENT_ITEMS_MAX, "element_items")
LIMIT_CASE(data_segments, AE_DATA_SEGMENTS_MAX, "data_segments")
LIMIT_CASE(data_count, AE_DATA_SEGMENTS_MAX, "data_segments")
LIMIT_CASE(memories, AE_MEMORIES_MAX, "memories")
LIMIT_CASE(memory_pages_initial, AE_MEMORY_PAGES_INITIAL_MAX, "memory_pages_initial")

// An allow-list with one name of the length, and a module that imports it.
static aether_status import_of_name_len(uint32_t len, aether_error *err) {
    wasm_builder b = {0};
    wasm_parts parts = {0};
    char *name = long_name(len);
    const ae_import_rule rule = {"env", name, ">i", false};
    wasm_parts_start(&parts);
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", name, 0);
    wasm_assemble(&parts, &b);
    ae_module module;
    const aether_status status = ae_module_decode(
        wasm_bytes_of(&b), (ae_import_rules){.rules = &rule, .count = 1}, &module, err);
    if (status == AETHER_OK)
        ae_module_deinit(&module);
    wasm_free(&b);
    free(name);
    return status;
}

static void import_name_is_exact(void) {
    aether_error err;
    CHECK_OK(import_of_name_len(AE_NAME_LEN_MAX, &err));
    CHECK_STATUS(import_of_name_len(AE_NAME_LEN_MAX + 1, &err), AETHER_LIMIT_EXCEEDED);
    CHECK_TEXT(err.message, "name_len: offset 0x16: the import's name has 65 bytes, at most 64");
}

static aether_status decode_and_free(wasm_builder *b, aether_error *err) {
    ae_module module;
    const aether_status status = ae_module_decode(
        wasm_bytes_of(b), (ae_import_rules){.rules = rules, .count = 1}, &module, err);
    if (status == AETHER_OK)
        ae_module_deinit(&module);
    wasm_free(b);
    return status;
}

// A module of exactly `len` bytes, most of them in a data segment.
static void module_of_len(wasm_builder *b, uint32_t len) {
    wasm_simple(b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    const uint32_t rest = len - (uint32_t)b->len; // id, length (4), count, flags, length (4), bytes
    wasm_byte(b, WASM_DATA);
    wasm_u32_padded(b, rest - 5, 4);
    WASM(b, 1, 1);
    wasm_u32_padded(b, rest - 11, 4);
    wasm_repeat(b, 0xab, rest - 11);
    CHECK_U64(b->len, len);
}

static void module_len_is_exact_and_leaves_out_custom_sections(void) {
    aether_error err;
    wasm_builder b = {0};
    module_of_len(&b, AE_MODULE_LEN_MAX);
    wasm_open_custom(&b, "more");
    wasm_repeat(&b, 0, 5000);
    wasm_close(&b);
    CHECK_OK(decode_and_free(&b, &err));
    module_of_len(&b, AE_MODULE_LEN_MAX + 1);
    CHECK_STATUS(decode_and_free(&b, &err), AETHER_LIMIT_EXCEEDED);
    CHECK_TEXT(err.message, "module_len: offset 0x0: module has 1048577 bytes without custom "
                            "sections, at most 1048576");
}

// A small module whose custom sections have exactly `len` bytes, headers included.
static void custom_of_len(wasm_builder *b, uint32_t len) {
    wasm_simple(b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    WASM(b, 0, 1, 0);
    wasm_byte(b, WASM_CUSTOM);
    wasm_u32_padded(b, len - 3 - 6, 5);
    WASM(b, 1, 'x');
    wasm_repeat(b, 0, len - 3 - 8);
}

static void custom_len_is_exact(void) {
    aether_error err;
    wasm_builder b = {0};
    custom_of_len(&b, AE_CUSTOM_LEN_MAX);
    CHECK_OK(decode_and_free(&b, &err));
    custom_of_len(&b, AE_CUSTOM_LEN_MAX + 1);
    CHECK_STATUS(decode_and_free(&b, &err), AETHER_LIMIT_EXCEEDED);
    CHECK(strncmp(err.message, "custom_len: ", 12) == 0);
}

static void both_lengths_at_their_limits_are_accepted_and_a_byte_more_is_not(void) {
    aether_error err;
    wasm_builder b = {0};
    module_of_len(&b, AE_MODULE_LEN_MAX);
    wasm_byte(&b, WASM_CUSTOM);
    wasm_u32_padded(&b, AE_CUSTOM_LEN_MAX - 6, 5);
    wasm_repeat(&b, 0, AE_CUSTOM_LEN_MAX - 6);
    CHECK_U64(b.len, AE_MODULE_LEN_MAX + AE_CUSTOM_LEN_MAX);
    ae_module module;
    CHECK_OK(ae_module_decode(
        wasm_bytes_of(&b), (ae_import_rules){.rules = rules, .count = 1}, &module, &err));
    CHECK_U64(module.module_len, AE_MODULE_LEN_MAX);
    CHECK_U64(module.custom_len, AE_CUSTOM_LEN_MAX);
    ae_module_deinit(&module);
    wasm_byte(&b, 0);
    CHECK_STATUS(decode_and_free(&b, &err), AETHER_LIMIT_EXCEEDED);
}

static void declared_memory_maximum_is_lowered(void) {
    aether_error err;
    static const struct {
        int64_t declared;
        uint32_t expected;
    } cases[] = {{-1, 512}, {1, 1}, {511, 511}, {512, 512}, {513, 512}, {65536, 512}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wasm_builder b = {0};
        wasm_header(&b);
        wasm_types(&b, 1, (const char *[]){">i"});
        wasm_functions(&b, 1, (const uint32_t[]){0});
        wasm_memory(&b, 1, cases[i].declared);
        wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
        wasm_open_section(&b, WASM_CODE);
        wasm_byte(&b, 1);
        wasm_body(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
        wasm_close(&b);
        ae_module module;
        CHECK_OK(ae_module_decode(
            wasm_bytes_of(&b), (ae_import_rules){.rules = rules, .count = 1}, &module, &err));
        CHECK_U64(module.memory_pages_max, cases[i].expected);
        ae_module_deinit(&module);
        wasm_free(&b);
    }
}

// Bound of the whole section, with its header, of each custom section that is uploaded.
static size_t stripped_len(const char *name, size_t section_len) {
    aether_error err;
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    const size_t before = b.len;
    const size_t header_len = 1 + 5 + 1 + strlen(name);
    wasm_byte(&b, WASM_CUSTOM);
    wasm_u32_padded(&b, (uint32_t)(section_len - 6), 5);
    wasm_name(&b, name);
    wasm_repeat(&b, 0, section_len - header_len);
    ae_module module;
    CHECK_OK(ae_module_decode(
        wasm_bytes_of(&b), (ae_import_rules){.rules = rules, .count = 1}, &module, &err));
    uint8_t *out = malloc(b.len);
    CHECK(out != NULL);
    const size_t len = ae_module_strip(&module, out);
    free(out);
    ae_module_deinit(&module);
    wasm_free(&b);
    return len - before;
}

static void uploaded_custom_sections_are_bounded(void) {
    CHECK_U64(stripped_len("name", AE_UPLOAD_NAME_LEN_MAX), AE_UPLOAD_NAME_LEN_MAX);
    CHECK_U64(stripped_len("name", AE_UPLOAD_NAME_LEN_MAX + 1), 0);
    CHECK_U64(stripped_len("aether.meta", AE_UPLOAD_META_LEN_MAX), AE_UPLOAD_META_LEN_MAX);
    CHECK_U64(stripped_len("aether.meta", AE_UPLOAD_META_LEN_MAX + 1), 0);
    CHECK_U64(stripped_len("producers", 100), 0);
}

TEST_MAIN(TEST(types_is_exact) TEST(import_n_is_exact) TEST(functions_is_exact) TEST(
    functions_with_an_import_is_exact) TEST(function_params_is_exact) TEST(params_total_is_exact)
        TEST(function_results_is_exact) TEST(function_locals_is_exact) TEST(
            function_locals_in_groups_is_exact) TEST(locals_total_is_exact)
            TEST(locals_of_a_small_body_is_exact) TEST(function_body_len_is_exact) TEST(
                operand_height_is_exact) TEST(blocks_is_exact) TEST(loops_is_exact)
                TEST(ifs_is_exact) TEST(br_ifs_is_exact) TEST(blocks_total_is_exact) TEST(
                    nested_blocks_is_exact) TEST(nested_ifs_is_exact) TEST(br_table_targets_is_exact)
                    TEST(br_table_targets_total_is_exact) TEST(exported_functions_is_exact) TEST(
                        exports_is_exact) TEST(export_name_is_exact) TEST(globals_is_exact)
                        TEST(tables_is_exact) TEST(table_len_is_exact) TEST(
                            element_segments_is_exact) TEST(element_items_is_exact)
                            TEST(data_segments_is_exact) TEST(data_count_is_exact) TEST(
                                memories_is_exact) TEST(memory_pages_initial_is_exact)
                                TEST(import_name_is_exact) TEST(
                                    module_len_is_exact_and_leaves_out_custom_sections)
                                    TEST(custom_len_is_exact) TEST(
                                        both_lengths_at_their_limits_are_accepted_and_a_byte_more_is_not)
                                        TEST(declared_memory_maximum_is_lowered)
                                            TEST(uploaded_custom_sections_are_bounded))
