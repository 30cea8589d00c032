/* Functions are named by the name section, else by their import or export; a broken section only names fewer.
 * Method: name sections written by hand, cut at every byte, and with entries out of range. */
#include "wasm/name.h"

#include "base/alloc.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

static const ae_import_rule rules[] = {
    {"env", "gas_left", ">I", false}, {"env", "block_number", ">I", false}};
static const ae_import_rules allowed = {.rules = rules, .count = 2};

// Functions 0 and 1 are imports (block_number, gas_left), 2 is `execute`, 3 has no name of its own.
static void build(wasm_builder *b, aether_bytes name_payload) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_functype(wasm_part(&parts, WASM_TYPE), ">I");
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", "block_number", 1);
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", "gas_left", 1);
    wasm_part_function(&parts, 0, WASM_CODE_BYTES(0x41, 0, 0x0b));
    wasm_free(&parts.sections[WASM_EXPORT]);
    wasm_export(&parts.sections[WASM_EXPORT], "execute", 0, 2);
    wasm_export(wasm_part(&parts, WASM_EXPORT), "again", 0, 2);
    wasm_assemble(&parts, b);
    wasm_open_custom(b, "name");
    wasm_raw(b, name_payload);
    wasm_close(b);
}

static void check_names(aether_bytes payload, const char *const expected[4]) {
    aether_error err;
    wasm_builder b = {0};
    ae_module module;
    ae_names names;
    build(&b, payload);
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
    CHECK_OK(ae_names_decode(&module, allowed, &names, &err));
    CHECK_U64(names.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        CHECK_BYTES(ae_names_find(&names, i), ae_bytes_of(expected[i]));
    CHECK_U64(ae_names_find(&names, 4).len, 0);
    CHECK_U64(ae_names_find(&names, UINT32_MAX).len, 0);
    ae_names_deinit(&names);
    ae_names_deinit(NULL);
    ae_module_deinit(&module);
    wasm_free(&b);
}

static void without_a_name_section_imports_and_exports_name(void) {
    check_names((aether_bytes){0}, (const char *[]){"block_number", "gas_left", "execute", ""});
}

static void the_name_section_comes_first(void) {
    check_names(WASM_CODE_BYTES(0, 2, 1, 'm', 1, 10, 3, 0, 1, 'a', 2, 1, 'b', 3, 1, 'c', 2, 1, 0),
        (const char *[]){"a", "gas_left", "b", "c"});
}

static void empty_and_foreign_entries_name_nothing(void) {
    check_names(WASM_CODE_BYTES(1, 9, 3, 2, 0, 4, 1, 'x', 3, 1, 'c'),
        (const char *[]){"block_number", "gas_left", "execute", "c"});
}

static void the_first_of_two_names_counts(void) {
    check_names(WASM_CODE_BYTES(1, 7, 2, 3, 1, 'c', 3, 1, 'd'),
        (const char *[]){"block_number", "gas_left", "execute", "c"});
}

static void a_broken_section_keeps_the_names_before_it_breaks(void) {
    check_names(WASM_CODE_BYTES(1, 7, 2, 3, 1, 'c', 2, 1, 0xff),
        (const char *[]){"block_number", "gas_left", "execute", "c"});
    check_names(WASM_CODE_BYTES(1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 3, 1, 'c'),
        (const char *[]){"block_number", "gas_left", "execute", ""});
    check_names(WASM_CODE_BYTES(1, 8, 0xff, 0xff, 0xff, 0xff, 0x0f, 3, 1, 'c'),
        (const char *[]){"block_number", "gas_left", "execute", "c"});
    const aether_bytes whole =
        WASM_CODE_BYTES(0, 2, 1, 'm', 1, 7, 2, 2, 1, 'b', 3, 1, 'c', 2, 1, 0);
    for (size_t len = 0; len < whole.len; len++) {
        aether_error err;
        wasm_builder b = {0};
        ae_module module;
        ae_names names;
        build(&b, (aether_bytes){.data = whole.data, .len = len});
        CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
        CHECK_OK(ae_names_decode(&module, allowed, &names, &err));
        CHECK(ae_names_find(&names, 3).len <= 1);
        ae_names_deinit(&names);
        ae_module_deinit(&module);
        wasm_free(&b);
    }
}

static void failing_memory_is_a_fault(void) {
    aether_error err;
    wasm_builder b = {0};
    ae_module module;
    ae_names names;
    build(&b, (aether_bytes){0});
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
    ae_alloc_fail_after(0);
    CHECK_STATUS(ae_names_decode(&module, allowed, &names, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    ae_module_deinit(&module);
    wasm_free(&b);
}

TEST_MAIN(TEST(without_a_name_section_imports_and_exports_name) TEST(the_name_section_comes_first)
        TEST(empty_and_foreign_entries_name_nothing) TEST(the_first_of_two_names_counts)
            TEST(a_broken_section_keeps_the_names_before_it_breaks) TEST(failing_memory_is_a_fault))
