/* Decoding gives the facts of a module as they were written, all or nothing, and stripping keeps them.
 * Method: one module with something in every section, each fact checked; every allocation made to fail. */
#include "wasm/module.h"

#include "base/alloc.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

#include <stdlib.h>

static const ae_import_rule rules[] = {{"env", "block_number", ">I", false},
    {"env", "storage_read", "iiii>i", true}, {"env", "gas_left", ">I", false}};
static const ae_import_rules allowed = {.rules = rules, .count = 3};

static void add_sections(wasm_parts *parts) {
    wasm_functype(wasm_part(parts, WASM_TYPE), ">i");
    wasm_functype(wasm_part(parts, WASM_TYPE), "iiii>i");
    wasm_functype(wasm_part(parts, WASM_TYPE), ">I");
    wasm_functype(wasm_part(parts, WASM_TYPE), ">");
    wasm_import_function(wasm_part(parts, WASM_IMPORT), "env", "storage_read", 1);
    wasm_import_function(wasm_part(parts, WASM_IMPORT), "env", "gas_left", 2);
    WASM(wasm_part(parts, WASM_TABLE), 0x70, 1, 6, 9);
    WASM(wasm_part(parts, WASM_MEMORY), 1, 2, 100);
    WASM(wasm_part(parts, WASM_GLOBAL), 0x7f, 1, 0x41, 0x80, 0x08, 0x0b);
    WASM(wasm_part(parts, WASM_GLOBAL), 0x7c, 0, 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x0b);
    wasm_export(wasm_part(parts, WASM_EXPORT), "memory", 2, 0);
    wasm_export(wasm_part(parts, WASM_EXPORT), "execute", 0, 2);
    wasm_export(wasm_part(parts, WASM_EXPORT), "query", 0, 4);
    wasm_u32(wasm_part(parts, WASM_START), 3);
    WASM(wasm_part(parts, WASM_ELEMENT), 0, 0x41, 1, 0x0b, 2, 0, 3);
    WASM(wasm_part(parts, WASM_ELEMENT), 2, 0, 0x41, 5, 0x0b, 0, 1, 4);
    wasm_u32(wasm_part(parts, WASM_DATA_COUNT), 2);
    wasm_part_function(parts, 0, WASM_CODE_BYTES(0x41, 1, 0x41, 2, 0x6a, 0x0b));
    wasm_u32(wasm_part(parts, WASM_FUNCTION), 3);
    wasm_body_with_locals(wasm_part(parts, WASM_CODE), 3, 0x7e, WASM_CODE_BYTES(0x01, 0x01, 0x0b));
    wasm_part_function(parts, 0, WASM_CODE_BYTES(0x41, 0, 0x0b));
    WASM(wasm_part(parts, WASM_DATA), 0, 0x41, 16, 0x0b, 3, 'a', 'b', 'c');
    WASM(wasm_part(parts, WASM_DATA), 1, 2, 'd', 'e');
}

static void build(wasm_builder *b) {
    wasm_parts parts = {0};
    add_sections(&parts);
    wasm_assemble(&parts, b);
    wasm_open_custom(b, "producers");
    WASM(b, 1, 2, 3);
    wasm_close(b);
    wasm_open_custom(b, "aether.meta");
    WASM(b, 4, 5);
    wasm_close(b);
    wasm_open_custom(b, "name");
    WASM(b, 1, 4, 1, 2, 1, 'f');
    wasm_close(b);
    wasm_open_custom(b, "name");
    wasm_close(b);
}

static void check_sections(const ae_module *m) {
    CHECK_U64(m->type_count, 4);
    CHECK_U64(m->types[1].param_count, 4);
    CHECK_U64(m->types[1].result, AE_I32);
    CHECK_U64(m->types[3].result_count, 0);
    CHECK_U64(m->import_count, 2);
    CHECK_U64(m->imports[0].rule, 1);
    CHECK_U64(m->imports[0].type, 1);
    CHECK_U64(m->imports[1].rule, 2);
    CHECK(m->has_table && m->has_memory && m->has_data_count);
    CHECK_U64(m->table_len, 6);
    CHECK_U64(m->memory_pages_min, 2);
    CHECK_U64(m->memory_pages_max, 100);
    CHECK_U64(m->start, 3);
    CHECK_U64(m->entries[AETHER_ENTRY_EXECUTE], 2);
    CHECK_U64(m->entries[AETHER_ENTRY_INIT], AE_NO_INDEX);
    CHECK_U64(m->entries[AETHER_ENTRY_QUERY], 4);
    CHECK_U64(m->entries[AETHER_ENTRY_MIGRATE], AE_NO_INDEX);
}

static void check_contents(const ae_module *m) {
    const uint8_t *data = m->bytes.data;
    CHECK_U64(m->global_count, 2);
    CHECK_U64(m->globals[0].type, AE_I32);
    CHECK(m->globals[0].is_mutable && !m->globals[1].is_mutable);
    CHECK_BYTES(ae_bytes(data + m->globals[0].init_offset, m->globals[0].init_len),
        WASM_CODE_BYTES(0x41, 0x80, 0x08, 0x0b));
    CHECK_U64(m->globals[1].init_len, 10);
    CHECK_U64(m->export_count, 3);
    CHECK_BYTES(m->exports[0].name, ae_bytes_of("memory"));
    CHECK_U64(m->exports[0].kind, 2);
    CHECK_U64(m->exports[2].index, 4);
    CHECK_U64(data[m->exports[2].offset], strlen("query"));
    CHECK_U64(m->element_count, 2);
    CHECK_U64(m->elements[0].table_offset, 1);
    CHECK_U64(m->elements[0].count, 2);
    CHECK_U64(data[m->elements[0].items_offset + 1], 3);
    CHECK_U64(m->elements[1].table_offset, 5);
    CHECK_U64(data[m->elements[1].items_offset], 4);
    CHECK_U64(m->data_count, 2);
    CHECK(!m->data[0].is_passive && m->data[1].is_passive);
    CHECK_U64(m->data[0].memory_offset, 16);
    CHECK_BYTES(ae_bytes(data + m->data[0].offset, m->data[0].len), ae_bytes_of("abc"));
    CHECK_BYTES(ae_bytes(data + m->data[1].offset, m->data[1].len), ae_bytes_of("de"));
}

static void check_functions(const ae_module *m) {
    const uint8_t *data = m->bytes.data;
    CHECK_U64(m->function_count, 3);
    const ae_function *first = &m->functions[0];
    CHECK_U64(first->type, 0);
    CHECK_BYTES(ae_bytes(data + first->body_offset, first->end_offset - first->body_offset),
        WASM_CODE_BYTES(0, 0x41, 1, 0x41, 2, 0x6a, 0x0b));
    CHECK_U64(first->code_offset, first->body_offset + 1);
    CHECK_U64(first->local_count, 0);
    CHECK_U64(first->operand_height, 2);
    const ae_function *second = &m->functions[1];
    CHECK_U64(second->type, 3);
    CHECK_U64(second->local_count, 3);
    CHECK_U64(second->code_offset, second->body_offset + 3);
    CHECK_U64(second->operand_height, 0);
    CHECK(ae_module_function_type(m, 0) == &m->types[1]);
    CHECK(ae_module_function_type(m, 1) == &m->types[2]);
    CHECK(ae_module_function_type(m, 3) == &m->types[3]);
}

static void facts_are_as_written(void) {
    aether_error err;
    wasm_builder b = {0};
    ae_module module;
    build(&b);
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
    check_sections(&module);
    check_contents(&module);
    check_functions(&module);
    CHECK_U64(module.custom_len, 15 + 16 + 13 + 7);
    CHECK_U64(module.module_len, b.len - module.custom_len);
    ae_module_deinit(&module);
    ae_module_deinit(NULL);
    wasm_free(&b);
}

static void custom_sections_are_found_by_name(void) {
    aether_error err;
    wasm_builder b = {0};
    ae_module module;
    build(&b);
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
    CHECK_U64(module.custom_count, 4);
    const ae_custom_section *meta = ae_module_find_custom(&module, "aether.meta");
    CHECK(meta != NULL);
    CHECK_BYTES(ae_bytes(b.data + meta->payload_offset, meta->end - meta->payload_offset),
        WASM_CODE_BYTES(4, 5));
    CHECK_U64(b.data[meta->offset], 0);
    CHECK(ae_module_find_custom(&module, "name") == &module.custom[2]); // the first of two
    CHECK(ae_module_find_custom(&module, "nam") == NULL);
    ae_module_deinit(&module);
    wasm_free(&b);
}

static void stripping_keeps_the_facts_and_two_custom_sections(void) {
    aether_error err;
    wasm_builder b = {0};
    ae_module module;
    build(&b);
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
    uint8_t *out = malloc(b.len);
    CHECK(out != NULL);
    const size_t len = ae_module_strip(&module, out);
    CHECK_U64(len, b.len - 15 - 7); // without `producers` and the second `name`
    ae_module stripped;
    CHECK_OK(ae_module_decode(ae_bytes(out, len), allowed, &stripped, &err));
    check_sections(&stripped);
    check_contents(&stripped);
    check_functions(&stripped);
    CHECK_U64(stripped.module_len, module.module_len);
    CHECK_U64(stripped.custom_count, 2);
    uint8_t *again = malloc(len);
    CHECK(again != NULL);
    CHECK_U64(ae_module_strip(&stripped, again), len);
    CHECK_BYTES(ae_bytes(again, len), ae_bytes(out, len));
    ae_module_deinit(&stripped);
    ae_module_deinit(&module);
    free(again);
    free(out);
    wasm_free(&b);
}

static void many_custom_sections_do_not_push_out_the_used_ones(void) {
    aether_error err;
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x41, 0, 0x0b));
    for (int i = 0; i < 1000; i++)
        WASM(&b, 0, 2, 1, 'x');
    wasm_open_custom(&b, "name");
    wasm_close(&b);
    for (int i = 0; i < 1000; i++) {
        wasm_open_custom(&b, ".debug_line");
        wasm_close(&b);
    }
    ae_module module;
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
    CHECK_U64(module.custom_count, AE_CUSTOM_SECTIONS_KEPT_MAX);
    CHECK(ae_module_find_custom(&module, "name") != NULL);
    CHECK(ae_module_find_custom(&module, ".debug_line") != NULL);
    ae_module_deinit(&module);
    wasm_free(&b);
}

static void every_allocation_may_fail(void) {
    aether_error err;
    wasm_builder b = {0};
    build(&b);
    uint64_t count = 0;
    for (;; count++) {
        ae_module module;
        memset(&module, 0xa5, sizeof module);
        const ae_module before = module;
        ae_alloc_fail_after(count);
        const aether_status status = ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK) {
            ae_module_deinit(&module);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK_U64(err.status, AETHER_OUT_OF_MEMORY);
        CHECK(memcmp(&module, &before, sizeof module) == 0);
    }
    CHECK_U64(count, 8); // seven tables of the module, and the validator
    wasm_free(&b);
}

static void a_refusal_leaves_the_module_alone_and_needs_no_error(void) {
    ae_module module;
    memset(&module, 0xa5, sizeof module);
    const ae_module before = module;
    CHECK(ae_module_decode(WASM_CODE_BYTES(0, 1, 2), allowed, &module, NULL) ==
          AETHER_MALFORMED_MODULE);
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x42, 0, 0x0b));
    CHECK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, NULL) == AETHER_INVALID_MODULE);
    CHECK(memcmp(&module, &before, sizeof module) == 0);
    wasm_free(&b);
}

// A module with an import of "M" and an export `query` of a type that no entry point has.
static aether_status decode_library(ae_import_rules rules_of_m, aether_error *err) {
    wasm_builder b = {0};
    wasm_parts parts = {0};
    ae_module module;
    wasm_functype(wasm_part(&parts, WASM_TYPE), "i>i");
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "M", "same", 0);
    wasm_export(wasm_part(&parts, WASM_EXPORT), "query", 0, 0);
    wasm_assemble(&parts, &b);
    const aether_status status = ae_module_decode(wasm_bytes_of(&b), rules_of_m, &module, err);
    if (status == AETHER_OK) {
        for (int i = 0; i < 4; i++)
            CHECK_U64(module.entries[i], AE_NO_INDEX);
        CHECK_U64(module.imports[0].rule, 1); // the row of "env" has the same name
        ae_module_deinit(&module);
    }
    wasm_free(&b);
    return status;
}

static void a_module_that_is_no_contract_is_held_to_all_but_entry_points(void) {
    static const ae_import_rule both[] = {
        {"env", "same", "i>i", false}, {"M", "same", "i>i", false}};
    aether_error err;
    CHECK_OK(decode_library(
        (ae_import_rules){.rules = both, .count = 2, .ignores_entries = true}, &err));
    CHECK_STATUS(decode_library((ae_import_rules){.rules = both, .count = 2}, &err),
        AETHER_INVALID_INTERFACE);
    CHECK(strncmp(err.message, "entry_type:", 11) == 0);
    CHECK_STATUS(
        decode_library((ae_import_rules){.rules = both, .count = 1, .ignores_entries = true}, &err),
        AETHER_INVALID_INTERFACE);
    CHECK(strncmp(err.message, "unknown_import:", 15) == 0);
}

static void signatures_are_compared_letter_by_letter(void) {
    const ae_functype type = {
        .param_count = 2, .params = {AE_I32, AE_F64}, .result_count = 1, .result = AE_I64};
    CHECK(ae_functype_matches(&type, "iF>I"));
    CHECK(!ae_functype_matches(&type, "iF>"));
    CHECK(!ae_functype_matches(&type, "iF>i"));
    CHECK(!ae_functype_matches(&type, "Fi>I"));
    CHECK(!ae_functype_matches(&type, "i>I"));
    CHECK(!ae_functype_matches(&type, "iFi>I"));
    const ae_functype empty = {0};
    CHECK(ae_functype_matches(&empty, ">"));
    CHECK(!ae_functype_matches(&empty, ">i"));
}

static void refusals_name_rule_function_and_offset(void) {
    aether_error err;
    wasm_builder b = {0};
    ae_module module;
    wasm_simple_typed(&b, ">", WASM_CODE_BYTES(0x01, 0x42, 0x00, 0x45, 0x1a, 0x0b));
    CHECK_STATUS(
        ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err), AETHER_INVALID_MODULE);
    CHECK_TEXT(err.message, "type_mismatch: function 1, offset 0x3f: i32.eqz needs i32, got i64");
    CHECK_U64(b.data[0x3f], 0x45);
    wasm_free(&b);
}

TEST_MAIN(TEST(facts_are_as_written) TEST(custom_sections_are_found_by_name)
        TEST(stripping_keeps_the_facts_and_two_custom_sections)
            TEST(many_custom_sections_do_not_push_out_the_used_ones) TEST(every_allocation_may_fail)
                TEST(a_refusal_leaves_the_module_alone_and_needs_no_error)
                    TEST(signatures_are_compared_letter_by_letter)
                        TEST(refusals_name_rule_function_and_offset)
                            TEST(a_module_that_is_no_contract_is_held_to_all_but_entry_points))
