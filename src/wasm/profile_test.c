/* What lies outside the profile is refused: each rule by its status and its word, each message with its place.
 * Method: the smallest module, changed in one respect; next to each refusal the nearest thing that is accepted. */
#include "wasm/module.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

static const ae_import_rule rules[] = {{"env", "storage_read", "iiii>i", true},
    {"env", "block_number", ">I", false}, {"env", "revert", "ii>", true}};

static aether_status decode_and_free(wasm_builder *b, aether_error *err) {
    ae_module module;
    const aether_status status = ae_module_decode(
        wasm_bytes_of(b), (ae_import_rules){.rules = rules, .count = 3}, &module, err);
    if (status == AETHER_OK)
        ae_module_deinit(&module);
    wasm_free(b);
    return status;
}

static void check_parts(int line, wasm_parts *parts, aether_status expected, const char *rule) {
    aether_error err = {0};
    wasm_builder b = {0};
    wasm_assemble(parts, &b);
    const aether_status status = decode_and_free(&b, &err);
    if (status != expected)
        test_fail(__FILE__, line, "%s, expected %s: %s", aether_status_name(status),
            aether_status_name(expected), err.message);
    if (status == AETHER_OK)
        return;
    const size_t len = strlen(rule);
    if (strncmp(err.message, rule, len) != 0 || err.message[len] != ':' ||
        strstr(err.message, "offset 0x") == NULL)
        test_fail(__FILE__, line, "refused by %s, expected %s", err.message, rule);
}

// The smallest module with these bytes as the one entry of a section.
static void check_entry(
    int line, uint8_t section, aether_bytes entry, aether_status expected, const char *rule) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_raw(wasm_part(&parts, section), entry);
    check_parts(line, &parts, expected, rule);
}

#define ACCEPT(section, ...) \
    check_entry(__LINE__, section, WASM_CODE_BYTES(__VA_ARGS__), AETHER_OK, "")
#define MALFORMED(section, rule, ...) \
    check_entry(__LINE__, section, WASM_CODE_BYTES(__VA_ARGS__), AETHER_MALFORMED_MODULE, rule)
#define INVALID(section, rule, ...) \
    check_entry(__LINE__, section, WASM_CODE_BYTES(__VA_ARGS__), AETHER_INVALID_MODULE, rule)
#define FORBIDDEN(section, rule, ...) \
    check_entry(__LINE__, section, WASM_CODE_BYTES(__VA_ARGS__), AETHER_FORBIDDEN_FEATURE, rule)
#define INTERFACE(section, rule, ...) \
    check_entry(__LINE__, section, WASM_CODE_BYTES(__VA_ARGS__), AETHER_INVALID_INTERFACE, rule)
#define LIMIT(section, rule, ...) \
    check_entry(__LINE__, section, WASM_CODE_BYTES(__VA_ARGS__), AETHER_LIMIT_EXCEEDED, rule)

static void types_are_functions_of_numbers(void) {
    ACCEPT(WASM_TYPE, 0x60, 4, 0x7f, 0x7e, 0x7d, 0x7c, 1, 0x7c);
    FORBIDDEN(WASM_TYPE, "value_type", 0x60, 1, 0x7b, 0);
    FORBIDDEN(WASM_TYPE, "value_type", 0x60, 1, 0x70, 0);
    FORBIDDEN(WASM_TYPE, "value_type", 0x60, 0, 1, 0x6f);
    FORBIDDEN(WASM_TYPE, "value_type", 0x60, 1, 0x63, 0x70, 0);
    MALFORMED(WASM_TYPE, "value_type", 0x60, 1, 0x40, 0);
    MALFORMED(WASM_TYPE, "value_type", 0x60, 1, 0x00, 0);
    LIMIT(WASM_TYPE, "function_results", 0x60, 0, 2, 0x7f, 0x7f);
    FORBIDDEN(WASM_TYPE, "type_form", 0x5f, 0);
    FORBIDDEN(WASM_TYPE, "type_form", 0x5e, 0x7f, 0);
    FORBIDDEN(WASM_TYPE, "type_form", 0x4e, 0);
    MALFORMED(WASM_TYPE, "type_form", 0x61, 0, 0);
}

static void tables_hold_functions(void) {
    ACCEPT(WASM_TABLE, 0x70, 0, 0);
    ACCEPT(WASM_TABLE, 0x70, 1, 4, 4);
    FORBIDDEN(WASM_TABLE, "table_type", 0x6f, 0, 0);
    FORBIDDEN(WASM_TABLE, "table_type", 0x40, 0x00, 0x70, 0, 0, 0xd0, 0x70, 0x0b);
    MALFORMED(WASM_TABLE, "table_type", 0x7f, 0, 0);
    FORBIDDEN(WASM_TABLE, "limits_flags", 0x70, 0x03, 0, 1);
    FORBIDDEN(WASM_TABLE, "limits_flags", 0x70, 0x04, 0);
    INVALID(WASM_TABLE, "limits_order", 0x70, 1, 5, 4);
}

static void memories_are_plain_and_of_32_bits(void) {
    ACCEPT(WASM_MEMORY, 0, 0);
    ACCEPT(WASM_MEMORY, 1, 1, 0x80, 0x80, 0x04);
    FORBIDDEN(WASM_MEMORY, "limits_flags", 0x02, 1);
    FORBIDDEN(WASM_MEMORY, "limits_flags", 0x03, 1, 1);
    FORBIDDEN(WASM_MEMORY, "limits_flags", 0x04, 1);
    FORBIDDEN(WASM_MEMORY, "limits_flags", 0x08, 1, 0);
    MALFORMED(WASM_MEMORY, "limits_flags", 0x10, 1);
    INVALID(WASM_MEMORY, "limits_order", 1, 2, 1);
    INVALID(WASM_MEMORY, "memory_pages", 1, 1, 0x81, 0x80, 0x04);
    INVALID(WASM_MEMORY, "memory_pages", 0, 0x81, 0x80, 0x04);
}

static void globals_start_with_one_constant(void) {
    ACCEPT(WASM_GLOBAL, 0x7f, 0, 0x41, 5, 0x0b);
    ACCEPT(WASM_GLOBAL, 0x7d, 1, 0x43, 0, 0, 0xc0, 0x7f, 0x0b);
    ACCEPT(WASM_GLOBAL, 0x7c, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b);
    FORBIDDEN(WASM_GLOBAL, "value_type", 0x70, 0, 0xd0, 0x70, 0x0b);
    MALFORMED(WASM_GLOBAL, "global_mutability", 0x7f, 2, 0x41, 0, 0x0b);
    INVALID(WASM_GLOBAL, "type_mismatch", 0x7f, 0, 0x42, 0, 0x0b);
    INVALID(WASM_GLOBAL, "type_mismatch", 0x7f, 0, 0x0b);
    INVALID(WASM_GLOBAL, "type_mismatch", 0x7f, 0, 0x41, 0, 0x41, 0, 0x0b);
    INVALID(WASM_GLOBAL, "constant_expression", 0x7f, 0, 0x01, 0x41, 0, 0x0b);
    INVALID(WASM_GLOBAL, "constant_expression", 0x7f, 0, 0x41, 0, 0x45, 0x0b);
    INVALID(WASM_GLOBAL, "unknown_global", 0x7f, 0, 0x23, 0, 0x0b); // itself is not there yet
    FORBIDDEN(WASM_GLOBAL, "constant_expression", 0x7f, 0, 0x41, 0, 0x6a, 0x0b);
    FORBIDDEN(WASM_GLOBAL, "forbidden_opcode", 0x7f, 0, 0xd0, 0x70, 0x0b);
    MALFORMED(WASM_GLOBAL, "truncated", 0x7f, 0, 0x41, 0);
}

static void a_constant_is_not_taken_from_another_global(void) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    WASM(wasm_part(&parts, WASM_GLOBAL), 0x7f, 0, 0x41, 0, 0x0b);
    WASM(wasm_part(&parts, WASM_GLOBAL), 0x7f, 0, 0x23, 0, 0x0b);
    check_parts(__LINE__, &parts, AETHER_FORBIDDEN_FEATURE, "constant_expression");
}

static void check_with_storage(
    int line, uint8_t section, aether_bytes entry, aether_status expected, const char *rule) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    WASM(wasm_part(&parts, WASM_TABLE), 0x70, 0, 4);
    WASM(wasm_part(&parts, WASM_MEMORY), 0, 1);
    wasm_raw(wasm_part(&parts, section), entry);
    check_parts(line, &parts, expected, rule);
}

#define SEGMENT(section, status, rule, ...) \
    check_with_storage(__LINE__, section, WASM_CODE_BYTES(__VA_ARGS__), status, rule)

static void element_segments_are_active_and_inside_the_table(void) {
    SEGMENT(WASM_ELEMENT, AETHER_OK, "", 0, 0x41, 2, 0x0b, 2, 0, 0);
    SEGMENT(WASM_ELEMENT, AETHER_OK, "", 2, 0x80, 0x00, 0x41, 4, 0x0b, 0, 0);
    SEGMENT(WASM_ELEMENT, AETHER_INVALID_MODULE, "element_bounds", 0, 0x41, 3, 0x0b, 2, 0, 0);
    SEGMENT(WASM_ELEMENT, AETHER_INVALID_MODULE, "element_bounds", 0, 0x41, 5, 0x0b, 0);
    SEGMENT(WASM_ELEMENT, AETHER_INVALID_MODULE, "element_bounds", 0, 0x41, 0x7f, 0x0b, 1, 0);
    SEGMENT(WASM_ELEMENT, AETHER_INVALID_MODULE, "unknown_table", 2, 1, 0x41, 0, 0x0b, 0, 0);
    SEGMENT(WASM_ELEMENT, AETHER_INVALID_MODULE, "unknown_function", 0, 0x41, 0, 0x0b, 1, 1);
    SEGMENT(WASM_ELEMENT, AETHER_INVALID_MODULE, "type_mismatch", 0, 0x42, 0, 0x0b, 0);
    SEGMENT(WASM_ELEMENT, AETHER_MALFORMED_MODULE, "element_kind", 2, 0, 0x41, 0, 0x0b, 1, 0);
    for (uint8_t flags = 0; flags < 10; flags++)
        if (flags != 0 && flags != 2)
            SEGMENT(WASM_ELEMENT, flags < 8 ? AETHER_FORBIDDEN_FEATURE : AETHER_MALFORMED_MODULE,
                "element_flags", flags, 0, 0);
    INVALID(WASM_ELEMENT, "unknown_table", 0, 0x41, 0, 0x0b, 0);
}

static void data_segments_are_passive_or_inside_the_initial_memory(void) {
    SEGMENT(WASM_DATA, AETHER_OK, "", 0, 0x41, 0xff, 0xff, 0x03, 0x0b, 1, 7);
    SEGMENT(WASM_DATA, AETHER_OK, "", 0, 0x41, 0x80, 0x80, 0x04, 0x0b, 0);
    SEGMENT(WASM_DATA, AETHER_OK, "", 2, 0, 0x41, 0, 0x0b, 1, 7);
    SEGMENT(WASM_DATA, AETHER_OK, "", 1, 2, 7, 7);
    SEGMENT(WASM_DATA, AETHER_INVALID_MODULE, "data_bounds", 0, 0x41, 0x80, 0x80, 0x04, 0x0b, 1, 7);
    SEGMENT(WASM_DATA, AETHER_INVALID_MODULE, "data_bounds", 0, 0x41, 0x81, 0x80, 0x04, 0x0b, 0);
    SEGMENT(WASM_DATA, AETHER_INVALID_MODULE, "data_bounds", 0, 0x41, 0x7f, 0x0b, 1, 7);
    SEGMENT(WASM_DATA, AETHER_INVALID_MODULE, "unknown_memory", 2, 1, 0x41, 0, 0x0b, 0);
    SEGMENT(WASM_DATA, AETHER_INVALID_MODULE, "type_mismatch", 0, 0x42, 0, 0x0b, 0);
    SEGMENT(WASM_DATA, AETHER_MALFORMED_MODULE, "data_flags", 3, 0);
    SEGMENT(WASM_DATA, AETHER_MALFORMED_MODULE, "truncated", 1, 2, 7);
    ACCEPT(WASM_DATA, 1, 1, 7);
    INVALID(WASM_DATA, "unknown_memory", 0, 0x41, 0, 0x0b, 0);
}

static void check_import(
    int line, const char *module, const char *name, aether_status expected, const char *rule) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_functype(wasm_part(&parts, WASM_TYPE), ">I");
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), module, name, 1);
    wasm_free(&parts.sections[WASM_EXPORT]);
    wasm_export(&parts.sections[WASM_EXPORT], "execute", 0, 1);
    check_parts(line, &parts, expected, rule);
}

static void imports_are_of_the_allow_list(void) {
    check_import(__LINE__, "env", "block_number", AETHER_OK, "");
    check_import(__LINE__, "env", "block_numbe", AETHER_INVALID_INTERFACE, "unknown_import");
    check_import(__LINE__, "env", "block_number2", AETHER_INVALID_INTERFACE, "unknown_import");
    check_import(__LINE__, "env", "Block_number", AETHER_INVALID_INTERFACE, "unknown_import");
    check_import(__LINE__, "env", "", AETHER_INVALID_INTERFACE, "unknown_import");
    check_import(__LINE__, "", "block_number", AETHER_INVALID_INTERFACE, "unknown_import");
    check_import(__LINE__, "envs", "block_number", AETHER_INVALID_INTERFACE, "unknown_import");
    check_import(__LINE__, "env", "storage_read", AETHER_INVALID_INTERFACE, "import_type");
    check_import(__LINE__, "env", "\xff", AETHER_MALFORMED_MODULE, "name_encoding");
}

static void imports_other_than_functions_are_refused(void) {
    INTERFACE(WASM_IMPORT, "import_kind", 3, 'e', 'n', 'v', 1, 'm', 1, 0x70, 0, 1);
    INTERFACE(WASM_IMPORT, "import_kind", 3, 'e', 'n', 'v', 1, 'm', 2, 0, 1);
    INTERFACE(WASM_IMPORT, "import_kind", 3, 'e', 'n', 'v', 1, 'm', 3, 0x7f, 0);
    INTERFACE(WASM_IMPORT, "import_kind", 3, 'e', 'n', 'v', 1, 'm', 4, 0, 0);
    FORBIDDEN(WASM_IMPORT, "import_kind", 3, 'e', 'n', 'v', 1, 'm', 0x20, 0);
    MALFORMED(WASM_IMPORT, "import_kind", 3, 'e', 'n', 'v', 1, 'm', 5, 0);
    INVALID(WASM_IMPORT, "unknown_type", 3, 'e', 'n', 'v', 1, 'm', 0, 1);
}

static void one_function_may_be_imported_twice(void) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_functype(wasm_part(&parts, WASM_TYPE), ">I");
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", "block_number", 1);
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", "block_number", 1);
    wasm_free(&parts.sections[WASM_EXPORT]);
    wasm_export(&parts.sections[WASM_EXPORT], "execute", 0, 2);
    check_parts(__LINE__, &parts, AETHER_OK, "");
}

static void messages_escape_what_cannot_be_printed(void) {
    aether_error err;
    wasm_builder b = {0};
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "e\"\\v", "a\n\x1b[31m\xe2\x82\xac", 0);
    wasm_assemble(&parts, &b);
    CHECK_STATUS(decode_and_free(&b, &err), AETHER_INVALID_INTERFACE);
    CHECK_TEXT(err.message, "unknown_import: offset 0x12: import \"e\\x22\\x5cv\" "
                            "\"a\\x0a\\x1b[31m\\xe2\\x82\\xac\" is not provided");
}

static void a_wrong_import_type_is_spelled_out(void) {
    aether_error err;
    wasm_builder b = {0};
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", "storage_read", 0);
    wasm_assemble(&parts, &b);
    CHECK_STATUS(decode_and_free(&b, &err), AETHER_INVALID_INTERFACE);
    CHECK_TEXT(err.message, "import_type: offset 0x12: import \"env\" \"storage_read\" has type () "
                            "-> i32, need (i32, i32, i32, i32) -> i32");
}

// A module that imports `revert`, with or without a memory, which is or isn't exported.
static void pointers_need_an_exported_memory(void) {
    for (int memory_name = 0; memory_name < 3; memory_name++) {
        wasm_parts parts = {0};
        wasm_parts_start(&parts);
        wasm_functype(wasm_part(&parts, WASM_TYPE), "ii>");
        wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", "revert", 1);
        WASM(wasm_part(&parts, WASM_MEMORY), 0, 1);
        wasm_free(&parts.sections[WASM_EXPORT]);
        wasm_export(&parts.sections[WASM_EXPORT], "execute", 0, 1);
        if (memory_name != 0)
            wasm_export(wasm_part(&parts, WASM_EXPORT), memory_name == 1 ? "memory" : "mem", 2, 0);
        check_parts(__LINE__, &parts, memory_name == 1 ? AETHER_OK : AETHER_INVALID_INTERFACE,
            "memory_export");
    }
}

static void exports_exist_once(void) {
    ACCEPT(WASM_EXPORT, 1, 'a', 0, 0);
    INVALID(WASM_EXPORT, "unknown_export", 1, 'a', 0, 1);
    INVALID(WASM_EXPORT, "unknown_export", 1, 'a', 1, 0);
    INVALID(WASM_EXPORT, "unknown_export", 1, 'a', 2, 0);
    INVALID(WASM_EXPORT, "unknown_export", 1, 'a', 3, 0);
    FORBIDDEN(WASM_EXPORT, "export_kind", 1, 'a', 4, 0);
    MALFORMED(WASM_EXPORT, "export_kind", 1, 'a', 5, 0);
    MALFORMED(WASM_EXPORT, "name_encoding", 1, 0xff, 0, 0);
    INVALID(WASM_EXPORT, "duplicate_export", 7, 'e', 'x', 'e', 'c', 'u', 't', 'e', 0, 0);
    ACCEPT(WASM_EXPORT, 0, 0, 0);
}

static void exported_globals_tables_and_memories_are_accepted(void) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    WASM(wasm_part(&parts, WASM_TABLE), 0x70, 0, 4);
    WASM(wasm_part(&parts, WASM_MEMORY), 0, 1);
    WASM(wasm_part(&parts, WASM_GLOBAL), 0x7f, 0, 0x41, 0, 0x0b);
    wasm_export(wasm_part(&parts, WASM_EXPORT), "__data_end", 3, 0);
    wasm_export(wasm_part(&parts, WASM_EXPORT), "table", 1, 0);
    wasm_export(wasm_part(&parts, WASM_EXPORT), "mem", 2, 0);
    check_parts(__LINE__, &parts, AETHER_OK, "");
}

static void duplicate_exports_are_found_wherever_they_stand(void) {
    static const char *const names[] = {"m", "c", "t", "a", "e", "x", "b"};
    for (size_t twice = 0; twice < sizeof names / sizeof names[0]; twice++) {
        wasm_parts parts = {0};
        wasm_parts_start(&parts);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            wasm_export(wasm_part(&parts, WASM_EXPORT), names[i], 0, 0);
        wasm_export(wasm_part(&parts, WASM_EXPORT), names[twice], 0, 0);
        check_parts(__LINE__, &parts, AETHER_INVALID_MODULE, "duplicate_export");
    }
}

static void entry_points_are_functions_without_parameters_that_give_an_i32(void) {
    static const char *const names[] = {"init", "query", "migrate"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        wasm_parts parts = {0};
        wasm_parts_start(&parts);
        wasm_export(wasm_part(&parts, WASM_EXPORT), names[i], 0, 0);
        check_parts(__LINE__, &parts, AETHER_OK, "");
        wasm_parts_start(&parts);
        WASM(wasm_part(&parts, WASM_MEMORY), 0, 1);
        wasm_export(wasm_part(&parts, WASM_EXPORT), names[i], 2, 0);
        check_parts(__LINE__, &parts, AETHER_INVALID_INTERFACE, "entry_type");
        static const char *const wrong[] = {">", "i>i", ">I"};
        for (size_t k = 0; k < 3; k++) {
            wasm_parts_start(&parts);
            wasm_functype(wasm_part(&parts, WASM_TYPE), wrong[k]);
            const uint32_t function = wasm_part_function(&parts, 1, WASM_CODE_BYTES(0x00, 0x0b));
            wasm_export(wasm_part(&parts, WASM_EXPORT), names[i], 0, function);
            check_parts(__LINE__, &parts, AETHER_INVALID_INTERFACE, "entry_type");
        }
    }
}

static void execute_is_required(void) {
    wasm_parts parts = {0};
    check_parts(__LINE__, &parts, AETHER_INVALID_INTERFACE, "missing_entry");
    wasm_parts_start(&parts);
    wasm_free(&parts.sections[WASM_EXPORT]);
    wasm_export(&parts.sections[WASM_EXPORT], "execut", 0, 0);
    check_parts(__LINE__, &parts, AETHER_INVALID_INTERFACE, "missing_entry");
    wasm_parts_start(&parts);
    wasm_free(&parts.sections[WASM_EXPORT]);
    WASM(wasm_part(&parts, WASM_MEMORY), 0, 1);
    wasm_export(&parts.sections[WASM_EXPORT], "execute", 2, 0);
    check_parts(__LINE__, &parts, AETHER_INVALID_INTERFACE, "entry_type");
}

static void start_functions_take_and_give_nothing(void) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_functype(wasm_part(&parts, WASM_TYPE), ">");
    wasm_part_function(&parts, 1, WASM_CODE_BYTES(0x0b));
    wasm_u32(wasm_part(&parts, WASM_START), 1);
    check_parts(__LINE__, &parts, AETHER_OK, "");
    INVALID(WASM_START, "start_type", 0);
    INVALID(WASM_START, "unknown_function", 1);
}

static void data_count_and_code_agree_with_what_follows(void) {
    aether_error err;
    wasm_builder b = {0};
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    WASM(wasm_part(&parts, WASM_DATA), 1, 0);
    wasm_u32(wasm_part(&parts, WASM_DATA_COUNT), 2);
    check_parts(__LINE__, &parts, AETHER_MALFORMED_MODULE, "data_count");
    MALFORMED(WASM_DATA_COUNT, "data_count", 1);
    ACCEPT(WASM_DATA_COUNT, 0);
    wasm_parts_start(&parts);
    wasm_u32(wasm_part(&parts, WASM_FUNCTION), 0);
    check_parts(__LINE__, &parts, AETHER_MALFORMED_MODULE, "function_count");
    wasm_header(&b);
    wasm_types(&b, 1, (const char *[]){">i"});
    wasm_functions(&b, 1, (const uint32_t[]){0});
    CHECK_STATUS(decode_and_free(&b, &err), AETHER_MALFORMED_MODULE);
    CHECK(strncmp(err.message, "function_count: ", 16) == 0);
}

static aether_status header_status(aether_bytes bytes, aether_error *err) {
    wasm_builder b = {0};
    wasm_raw(&b, bytes);
    return decode_and_free(&b, err);
}

static void headers_are_those_of_a_core_module(void) {
    aether_error err;
    CHECK_STATUS(header_status((aether_bytes){0}, &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(
        header_status(WASM_CODE_BYTES(0, 'a', 's', 'm', 1, 0, 0), &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(header_status(WASM_CODE_BYTES(0, 'a', 's', 'n', 1, 0, 0, 0), &err),
        AETHER_MALFORMED_MODULE);
    CHECK_STATUS(header_status(WASM_CODE_BYTES(0, 'a', 's', 'm', 2, 0, 0, 0), &err),
        AETHER_MALFORMED_MODULE);
    CHECK_STATUS(header_status(WASM_CODE_BYTES(0, 'a', 's', 'm', 13, 0, 1, 0), &err),
        AETHER_FORBIDDEN_FEATURE);
    CHECK_TEXT(err.message, "component: offset 0x4: this is a component, not a core module");
}

// The sections of the smallest module, and what is put behind them.
static void check_after(int line, aether_bytes more, aether_status expected, const char *rule) {
    aether_error err = {0};
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    wasm_raw(&b, more);
    const aether_status status = decode_and_free(&b, &err);
    if (status != expected || strncmp(err.message, rule, strlen(rule)) != 0)
        test_fail(__FILE__, line, "%s %s", aether_status_name(status), err.message);
}

static void sections_come_once_and_in_order(void) {
    check_after(__LINE__, WASM_CODE_BYTES(11, 1, 0), AETHER_OK, "");
    for (uint8_t id = 1; id <= 12; id++)
        if (id != 11)
            check_after(
                __LINE__, WASM_CODE_BYTES(id, 1, 0), AETHER_MALFORMED_MODULE, "section_order: ");
    check_after(
        __LINE__, WASM_CODE_BYTES(11, 1, 0, 11, 1, 0), AETHER_MALFORMED_MODULE, "section_order: ");
    check_after(__LINE__, WASM_CODE_BYTES(13, 1, 0), AETHER_FORBIDDEN_FEATURE, "tag_section: ");
    check_after(__LINE__, WASM_CODE_BYTES(14, 1, 0), AETHER_MALFORMED_MODULE, "section_id: ");
    check_after(__LINE__, WASM_CODE_BYTES(0xff, 1, 0), AETHER_MALFORMED_MODULE, "section_id: ");
    check_after(__LINE__, WASM_CODE_BYTES(11, 2, 0), AETHER_MALFORMED_MODULE, "truncated: ");
    check_after(
        __LINE__, WASM_CODE_BYTES(11, 2, 0, 0), AETHER_MALFORMED_MODULE, "section_length: ");
    check_after(__LINE__, WASM_CODE_BYTES(11, 0), AETHER_MALFORMED_MODULE, "truncated: ");
    check_after(__LINE__, WASM_CODE_BYTES(11), AETHER_MALFORMED_MODULE, "truncated: ");
}

static void custom_sections_have_a_name_and_may_stand_anywhere(void) {
    check_after(__LINE__, WASM_CODE_BYTES(0, 1, 0, 0, 1, 0, 11, 1, 0, 0, 1, 0), AETHER_OK, "");
    check_after(__LINE__, WASM_CODE_BYTES(0, 0), AETHER_MALFORMED_MODULE, "truncated: ");
    check_after(__LINE__, WASM_CODE_BYTES(0, 1, 1), AETHER_MALFORMED_MODULE, "truncated: ");
    check_after(
        __LINE__, WASM_CODE_BYTES(0, 2, 1, 0xff), AETHER_MALFORMED_MODULE, "name_encoding: ");
    check_after(__LINE__, WASM_CODE_BYTES(0, 0x82, 0x00, 1, 'x'), AETHER_OK, "");
}

static void declared_locals_are_numbers(void) {
    static const struct {
        uint8_t type;
        aether_status status;
    } cases[] = {{0x7c, AETHER_OK}, {0x7b, AETHER_FORBIDDEN_FEATURE},
        {0x70, AETHER_FORBIDDEN_FEATURE}, {0x40, AETHER_MALFORMED_MODULE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wasm_parts parts = {0};
        wasm_parts_start(&parts);
        wasm_u32(wasm_part(&parts, WASM_FUNCTION), 0);
        wasm_body_with_locals(
            wasm_part(&parts, WASM_CODE), 1, cases[i].type, WASM_CODE_BYTES(0x00, 0x0b));
        check_parts(__LINE__, &parts, cases[i].status, "value_type");
    }
}

TEST_MAIN(TEST(types_are_functions_of_numbers) TEST(tables_hold_functions) TEST(
    memories_are_plain_and_of_32_bits) TEST(globals_start_with_one_constant)
        TEST(a_constant_is_not_taken_from_another_global) TEST(
            element_segments_are_active_and_inside_the_table)
            TEST(data_segments_are_passive_or_inside_the_initial_memory) TEST(
                imports_are_of_the_allow_list) TEST(imports_other_than_functions_are_refused)
                TEST(one_function_may_be_imported_twice) TEST(
                    messages_escape_what_cannot_be_printed) TEST(a_wrong_import_type_is_spelled_out)
                    TEST(pointers_need_an_exported_memory) TEST(exports_exist_once) TEST(
                        exported_globals_tables_and_memories_are_accepted)
                        TEST(duplicate_exports_are_found_wherever_they_stand) TEST(
                            entry_points_are_functions_without_parameters_that_give_an_i32)
                            TEST(execute_is_required) TEST(start_functions_take_and_give_nothing)
                                TEST(data_count_and_code_agree_with_what_follows)
                                    TEST(headers_are_those_of_a_core_module)
                                        TEST(sections_come_once_and_in_order)
                                            TEST(custom_sections_have_a_name_and_may_stand_anywhere)
                                                TEST(declared_locals_are_numbers))
