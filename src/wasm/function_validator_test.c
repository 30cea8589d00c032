/* Bodies are checked by the specification's rules, and their operand height is what its algorithm holds.
 * Method: one body for each rule, accepted or refused by a named rule, written out in bytes. */
#include "wasm/module.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

static const ae_import_rules no_imports = {0};

// A module with the body as function 1, of this type, two locals (i64, f32) after the parameters, a memory,
// a table of 4, an immutable i32 global 0, a mutable i64 global 1, two data segments, and types
// 0: () -> i32, 1: the body's, 2: (i32, i64) -> f64.
static void build(wasm_builder *b, const char *signature, aether_bytes code) {
    wasm_parts parts = {0};
    wasm_parts_start(&parts);
    wasm_functype(wasm_part(&parts, WASM_TYPE), signature);
    wasm_functype(wasm_part(&parts, WASM_TYPE), "iI>F");
    WASM(wasm_part(&parts, WASM_TABLE), 0x70, 0, 4);
    WASM(wasm_part(&parts, WASM_MEMORY), 0, 1);
    WASM(wasm_part(&parts, WASM_GLOBAL), 0x7f, 0, 0x41, 0, 0x0b);
    WASM(wasm_part(&parts, WASM_GLOBAL), 0x7e, 1, 0x42, 0, 0x0b);
    wasm_u32(wasm_part(&parts, WASM_DATA_COUNT), 2);
    WASM(wasm_part(&parts, WASM_DATA), 1, 0);
    WASM(wasm_part(&parts, WASM_DATA), 1, 0);
    wasm_u32(wasm_part(&parts, WASM_FUNCTION), 1);
    wasm_builder *body = wasm_part(&parts, WASM_CODE);
    wasm_open(body);
    WASM(body, 2, 1, 0x7e, 1, 0x7d);
    wasm_raw(body, code);
    wasm_close(body);
    wasm_assemble(&parts, b);
}

static void check_body(int line, const char *signature, aether_bytes code, aether_status expected,
    const char *rule, uint32_t height) {
    aether_error err = {0};
    wasm_builder b = {0};
    ae_module module;
    build(&b, signature, code);
    const aether_status status = ae_module_decode(wasm_bytes_of(&b), no_imports, &module, &err);
    if (status != expected)
        test_fail(__FILE__, line, "%s, expected %s: %s", aether_status_name(status),
            aether_status_name(expected), err.message);
    if (status == AETHER_OK) {
        if (module.functions[1].operand_height != height)
            test_fail(__FILE__, line, "height is %u, expected %u",
                module.functions[1].operand_height, height);
        ae_module_deinit(&module);
    } else if (strncmp(err.message, rule, strlen(rule)) != 0 ||
               strstr(err.message, "function 1, offset 0x") == NULL) {
        test_fail(__FILE__, line, "%s, expected %s of function 1", err.message, rule);
    }
    wasm_free(&b);
}

#define ACCEPT(signature, height, ...) \
    check_body(__LINE__, signature, WASM_CODE_BYTES(__VA_ARGS__), AETHER_OK, "", height)
#define INVALID(signature, rule, ...) \
    check_body(                       \
        __LINE__, signature, WASM_CODE_BYTES(__VA_ARGS__), AETHER_INVALID_MODULE, rule ": ", 0)
#define MALFORMED(signature, rule, ...) \
    check_body(                         \
        __LINE__, signature, WASM_CODE_BYTES(__VA_ARGS__), AETHER_MALFORMED_MODULE, rule ": ", 0)

static void bodies_end_with_their_result(void) {
    ACCEPT(">", 0, 0x0b);
    ACCEPT(">i", 1, 0x41, 0, 0x0b);
    ACCEPT(">i", 1, 0x00, 0x0b); // the result is pushed by `end`, also after unreachable code
    ACCEPT(">i", 2, 0x41, 0, 0x41, 0, 0x0f, 0x0b);
    INVALID(">i", "type_mismatch", 0x0b);
    INVALID(">i", "type_mismatch", 0x42, 0, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x0b);
    INVALID(">i", "type_mismatch", 0x41, 0, 0x41, 0, 0x0b);
    INVALID(">i", "type_mismatch", 0x0f, 0x0b);
    MALFORMED(">", "body_length", 0x0b, 0x0b);
    MALFORMED(">", "body_length", 0x0b, 0x01);
    MALFORMED(">", "truncated", 0x01);
    MALFORMED(">", "truncated", 0x02, 0x40, 0x0b);
}

static void blocks_have_results_and_hide_what_is_below(void) {
    ACCEPT(">i", 1, 0x02, 0x7f, 0x41, 0, 0x0b, 0x0b);
    ACCEPT(">", 2, 0x41, 0, 0x02, 0x40, 0x41, 0, 0x1a, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x02, 0x40, 0x1a, 0x0b, 0x0b);
    INVALID(">", "type_mismatch", 0x02, 0x7f, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x02, 0x40, 0x41, 0, 0x0b, 0x0b);
    INVALID(">", "type_mismatch", 0x03, 0x7f, 0x42, 0, 0x0b, 0x1a, 0x0b);
}

static void ifs_need_a_condition_and_an_else_for_a_result(void) {
    ACCEPT(">", 1, 0x41, 0, 0x04, 0x40, 0x0b, 0x0b);
    ACCEPT(">", 1, 0x41, 0, 0x04, 0x7e, 0x42, 0, 0x05, 0x42, 1, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x04, 0x40, 0x0b, 0x0b);
    INVALID(">", "type_mismatch", 0x42, 0, 0x04, 0x40, 0x0b, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x04, 0x7f, 0x41, 0, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x04, 0x7f, 0x00, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x04, 0x7f, 0x41, 0, 0x05, 0x42, 0, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x04, 0x7f, 0x05, 0x41, 0, 0x0b, 0x1a, 0x0b);
    MALFORMED(">", "else_without_if", 0x05, 0x0b);
    MALFORMED(">", "else_without_if", 0x02, 0x40, 0x05, 0x0b, 0x0b);
    MALFORMED(">", "else_without_if", 0x41, 0, 0x04, 0x40, 0x05, 0x05, 0x0b, 0x0b);
}

static void branches_take_what_their_label_wants(void) {
    ACCEPT(">", 1, 0x02, 0x7f, 0x41, 0, 0x0c, 0, 0x0b, 0x1a, 0x0b);
    ACCEPT(">i", 1, 0x41, 0, 0x0c, 0, 0x0b);
    ACCEPT(">", 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b);
    ACCEPT(">", 1, 0x03, 0x7f, 0x0c, 0, 0x0b, 0x1a, 0x0b); // a loop's label takes nothing
    ACCEPT(">i", 2, 0x41, 0, 0x41, 0, 0x0d, 0, 0x0b);
    INVALID(">", "unknown_label", 0x0c, 1, 0x0b);
    INVALID(">", "unknown_label", 0x02, 0x40, 0x41, 0, 0x0d, 2, 0x0b, 0x0b);
    INVALID(">i", "type_mismatch", 0x0c, 0, 0x0b);
    INVALID(">i", "type_mismatch", 0x42, 0, 0x0c, 0, 0x0b);
    INVALID(">i", "type_mismatch", 0x41, 0, 0x0d, 0, 0x0b);
    INVALID(">", "type_mismatch", 0x0d, 0, 0x0b);
}

static void br_tables_agree_on_arity_and_types(void) {
    ACCEPT(">", 1, 0x41, 0, 0x0e, 0, 0, 0x0b);
    ACCEPT(">i", 2, 0x02, 0x7f, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x0b);
    INVALID(">", "unknown_label", 0x41, 0, 0x0e, 0, 1, 0x0b);
    INVALID(">", "unknown_label", 0x41, 0, 0x0e, 1, 1, 0, 0x0b);
    INVALID(">", "type_mismatch", 0x02, 0x7f, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x1a, 0x0b);
    INVALID(">I", "type_mismatch", 0x02, 0x7f, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x1a, 0x42, 0,
        0x0b);
    // in unreachable code one arity is enough
    ACCEPT(">I", 1, 0x02, 0x7f, 0x00, 0x0e, 1, 0, 1, 0x0b, 0x1a, 0x42, 0, 0x0b);
    INVALID(">", "type_mismatch", 0x02, 0x7f, 0x00, 0x0e, 1, 0, 1, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x0e, 0, 0, 0x0b);
}

static void unreachable_code_is_polymorphic_but_still_checked(void) {
    ACCEPT(">i", 1, 0x00, 0x6a, 0x0b);
    ACCEPT(">i", 2, 0x41, 0, 0x0f, 0x41, 0, 0x41, 0, 0x6a, 0x0b);
    ACCEPT(">", 0, 0x00, 0x1a, 0x1a, 0x0b);
    ACCEPT(">I", 1, 0x00, 0x1b, 0x0b);
    ACCEPT(">", 1, 0x00, 0x1b, 0x1a, 0x0b);
    ACCEPT(">", 1, 0x41, 0, 0x02, 0x40, 0x00, 0x0b, 0x1a, 0x0b);
    INVALID(">", "type_mismatch", 0x00, 0x41, 0, 0x0b);
    // after br_if an operand of the label's type is there, after br_table nothing is
    ACCEPT(">i", 1, 0x00, 0x0d, 0, 0x0b);
    INVALID(">i", "type_mismatch", 0x00, 0x0d, 0, 0xa7, 0x0b);
    ACCEPT(">i", 1, 0x00, 0x0e, 0, 0, 0xa7, 0x0b);
    ACCEPT("i>", 1, 0x00, 0x22, 0, 0x1a, 0x0b);
    INVALID("i>i", "type_mismatch", 0x00, 0x22, 0, 0xa7, 0x0b);
    ACCEPT(">i", 1, 0x00, 0x1b, 0xa7, 0x0b); // select of nothing known gives nothing known
    INVALID(">i", "type_mismatch", 0x00, 0x42, 0, 0x0b);
    INVALID(">i", "type_mismatch", 0x00, 0x42, 0, 0x6a, 0x0b);
    INVALID(">", "unknown_local", 0x00, 0x20, 99, 0x1a, 0x0b);
    INVALID(
        ">", "type_mismatch", 0x00, 0x02, 0x40, 0x1a, 0x0b, 0x0b); // the inner block is reachable
}

// After an unconditional branch only what is pushed above the block's base counts.
static void height_restarts_at_the_base_of_a_left_block(void) {
    ACCEPT(">", 3, 0x41, 0, 0x41, 0, 0x41, 0, 0x0f, 0x41, 0, 0x41, 0, 0x1a, 0x1a, 0x0b);
    ACCEPT(">", 3, 0x41, 0, 0x02, 0x40, 0x41, 0, 0x0c, 0, 0x41, 0, 0x41, 0, 0x1a, 0x1a, 0x0b, 0x1a,
        0x0b);
    ACCEPT(">i", 1, 0x41, 0, 0x0c, 0, 0x0d, 0, 0x0b);
    // in an empty block: br_if leaves the label's operand, a br_table tries it, its default only takes it
    ACCEPT(">i", 3, 0x41, 0, 0x41, 0, 0x02, 0x40, 0x00, 0x0d, 1, 0x1a, 0x0b, 0x1a, 0x0b);
    ACCEPT(">i", 3, 0x41, 0, 0x41, 0, 0x02, 0x40, 0x00, 0x0e, 1, 1, 1, 0x0b, 0x1a, 0x0b);
    ACCEPT(">i", 2, 0x41, 0, 0x41, 0, 0x02, 0x40, 0x00, 0x0e, 0, 1, 0x0b, 0x1a, 0x0b);
    ACCEPT(">i", 2, 0x41, 0, 0x41, 0, 0x02, 0x40, 0x00, 0x0c, 1, 0x0b, 0x1a, 0x0b);
}

static void locals_are_parameters_then_declared_ones(void) {
    ACCEPT("iF>F", 1, 0x20, 1, 0x0b);
    ACCEPT("iF>I", 1, 0x20, 2, 0x0b);
    ACCEPT("iF>f", 1, 0x20, 3, 0x0b);
    INVALID("iF>", "unknown_local", 0x20, 4, 0x1a, 0x0b);
    ACCEPT("i>", 1, 0x42, 0, 0x21, 1, 0x0b);
    ACCEPT("i>I", 1, 0x42, 0, 0x22, 1, 0x0b);
    INVALID("i>", "type_mismatch", 0x41, 0, 0x21, 1, 0x0b);
    INVALID("i>", "type_mismatch", 0x41, 0, 0x22, 1, 0x1a, 0x0b);
    INVALID("i>", "type_mismatch", 0x21, 0, 0x0b);
}

static void globals_exist_and_only_mutable_ones_are_set(void) {
    ACCEPT(">i", 1, 0x23, 0, 0x0b);
    ACCEPT(">", 1, 0x42, 0, 0x24, 1, 0x0b);
    INVALID(">", "immutable_global", 0x41, 0, 0x24, 0, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x24, 1, 0x0b);
    INVALID(">", "unknown_global", 0x23, 2, 0x1a, 0x0b);
    INVALID(">", "unknown_global", 0x41, 0, 0x24, 2, 0x0b);
}

static void calls_take_parameters_in_order_and_give_the_result(void) {
    ACCEPT(">i", 1, 0x10, 0, 0x0b);
    ACCEPT("iI>F", 2, 0x20, 0, 0x20, 1, 0x10, 1, 0x0b);
    INVALID("iI>F", "type_mismatch", 0x20, 1, 0x20, 0, 0x10, 1, 0x0b);
    INVALID(">", "unknown_function", 0x10, 2, 0x0b);
    ACCEPT(">F", 3, 0x41, 0, 0x42, 0, 0x41, 0, 0x11, 2, 0, 0x0b);
    ACCEPT(">F", 3, 0x41, 0, 0x42, 0, 0x41, 0, 0x11, 0x82, 0x80, 0, 0x80, 0x80, 0x80, 0, 0x0b);
    INVALID(">F", "type_mismatch", 0x41, 0, 0x42, 0, 0x11, 2, 0, 0x0b);
    INVALID(">F", "unknown_type", 0x41, 0, 0x42, 0, 0x41, 0, 0x11, 3, 0, 0x0b);
    INVALID(">F", "unknown_table", 0x41, 0, 0x42, 0, 0x41, 0, 0x11, 2, 1, 0x0b);
}

static void select_wants_two_of_one_type(void) {
    ACCEPT(">I", 3, 0x42, 0, 0x42, 1, 0x41, 0, 0x1b, 0x0b);
    INVALID(">I", "type_mismatch", 0x42, 0, 0x41, 1, 0x41, 0, 0x1b, 0x0b);
    INVALID(">I", "type_mismatch", 0x42, 0, 0x42, 1, 0x42, 0, 0x1b, 0x0b);
    ACCEPT(">I", 2, 0x00, 0x42, 1, 0x41, 0, 0x1b, 0x0b);
    INVALID(">i", "type_mismatch", 0x00, 0x42, 1, 0x41, 0, 0x1b, 0x0b);
}

// Every load and store with every alignment: up to the width of the access.
static void accesses_are_aligned_at_most_to_their_width(void) {
    static const uint8_t exponents[] = {2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, /* loads */
        2, 3, 2, 3, 0, 1, 0, 1, 2};                                               /* stores */
    for (unsigned i = 0; i < sizeof exponents; i++)
        for (unsigned exponent = 0; exponent < 70; exponent++) {
            const aether_status expected =
                exponent <= exponents[i] ? AETHER_OK : AETHER_INVALID_MODULE;
            const uint8_t drop = i < 14 ? 0x1a : 0x01;
            check_body(__LINE__, ">",
                WASM_CODE_BYTES(0x00, (uint8_t)(0x28 + i), (uint8_t)exponent, 0, drop, 0x0b),
                expected, "alignment: ", i < 14);
        }
}

static void memory_instructions_are_typed(void) {
    ACCEPT(">i", 1, 0x3f, 0, 0x0b);
    ACCEPT(">i", 1, 0x41, 0, 0x40, 0, 0x0b);
    INVALID(">i", "type_mismatch", 0x42, 0, 0x40, 0, 0x0b);
    ACCEPT(">", 3, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0a, 0, 0, 0x0b);
    ACCEPT(">", 3, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x0b, 0, 0x0b);
    ACCEPT(">", 3, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x08, 1, 0, 0x0b);
    ACCEPT(">", 0, 0xfc, 0x09, 1, 0x0b);
    INVALID(">", "type_mismatch", 0x41, 0, 0x42, 0, 0x41, 0, 0xfc, 0x0a, 0, 0, 0x0b);
    INVALID(">", "unknown_data", 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 0x08, 2, 0, 0x0b);
    INVALID(">", "unknown_data", 0xfc, 0x09, 2, 0x0b);
}

// Each numeric instruction takes what the table says, and its result is of the type that the table says.
static void numeric_instructions_follow_the_table(void) {
    for (unsigned i = 0; i < AE_OPCODE_COUNT; i++) {
        const ae_opcode_info *info = ae_opcode_get((ae_opcode)i);
        const char *arrow = strchr(info->signature, '>');
        if (arrow == NULL || info->immediate != AE_IMM_NONE)
            continue;
        char signature[8] = {0};
        memcpy(signature, info->signature, strlen(info->signature));
        uint8_t code[16];
        size_t len = 0;
        for (uint8_t local = 0; local < (uint8_t)(arrow - info->signature); local++) {
            code[len++] = 0x20;
            code[len++] = local;
        }
        const uint32_t height = (uint32_t)(arrow - info->signature);
        if (info->code >= 0x100)
            code[len++] = 0xfc;
        code[len++] = (uint8_t)info->code;
        code[len++] = 0x0b;
        check_body(
            __LINE__, signature, (aether_bytes){.data = code, .len = len}, AETHER_OK, "", height);
        signature[arrow - info->signature + 1] = arrow[1] == 'i' ? 'I' : 'i'; // another result
        check_body(__LINE__, signature, (aether_bytes){.data = code, .len = len},
            AETHER_INVALID_MODULE, "type_mismatch: ", 0);
        code[1] = (uint8_t)height; // the first operand: an i64 that is a declared local
        memcpy(signature, info->signature, strlen(info->signature));
        if (signature[0] != 'I')
            check_body(__LINE__, signature, (aether_bytes){.data = code, .len = len},
                AETHER_INVALID_MODULE, "type_mismatch: ", 0);
    }
}

static void without_memory_table_or_data_count_their_instructions_are_refused(void) {
    static const struct {
        aether_status status;
        const char *rule;
        uint8_t code[8];
    } cases[] = {
        {AETHER_INVALID_MODULE, "unknown_memory", {0x00, 0x28, 0, 0, 0x0b}},
        {AETHER_INVALID_MODULE, "unknown_memory", {0x00, 0x36, 0, 0, 0x0b}},
        {AETHER_INVALID_MODULE, "unknown_memory", {0x3f, 0, 0x0b}},
        {AETHER_INVALID_MODULE, "unknown_memory", {0x00, 0x40, 0, 0x0b}},
        {AETHER_INVALID_MODULE, "unknown_memory", {0x00, 0xfc, 0x0a, 0, 0, 0x0b}},
        {AETHER_INVALID_MODULE, "unknown_memory", {0x00, 0xfc, 0x0b, 0, 0x0b}},
        {AETHER_INVALID_MODULE, "unknown_memory", {0x00, 0xfc, 0x08, 0, 0, 0x0b}},
        {AETHER_INVALID_MODULE, "unknown_table", {0x00, 0x11, 0, 0, 0x0b}},
        {AETHER_MALFORMED_MODULE, "data_count", {0xfc, 0x09, 0, 0x0b}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        aether_error err;
        ae_module module;
        wasm_builder b = {0};
        wasm_parts parts = {0};
        wasm_parts_start(&parts);
        wasm_part_function(&parts, 0, (aether_bytes){.data = cases[i].code, .len = 8});
        wasm_assemble(&parts, &b);
        CHECK_STATUS(
            ae_module_decode(wasm_bytes_of(&b), no_imports, &module, &err), cases[i].status);
        CHECK(strncmp(err.message, cases[i].rule, strlen(cases[i].rule)) == 0);
        wasm_free(&b);
    }
}

TEST_MAIN(TEST(bodies_end_with_their_result) TEST(blocks_have_results_and_hide_what_is_below) TEST(
    ifs_need_a_condition_and_an_else_for_a_result) TEST(branches_take_what_their_label_wants)
        TEST(br_tables_agree_on_arity_and_types)
            TEST(unreachable_code_is_polymorphic_but_still_checked) TEST(
                height_restarts_at_the_base_of_a_left_block)
                TEST(locals_are_parameters_then_declared_ones) TEST(
                    globals_exist_and_only_mutable_ones_are_set)
                    TEST(calls_take_parameters_in_order_and_give_the_result) TEST(
                        select_wants_two_of_one_type)
                        TEST(accesses_are_aligned_at_most_to_their_width) TEST(
                            memory_instructions_are_typed)
                            TEST(numeric_instructions_follow_the_table) TEST(
                                without_memory_table_or_data_count_their_instructions_are_refused))
