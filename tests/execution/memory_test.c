/* memory.grow and the bulk instructions: bounds, results, prices before work.
 * Method: contracts at the edges, with gas at the need and one below. */
#include "contract.h"

#include <stdio.h>

static uint64_t gas_of(const char *text, aether_schedule schedule) {
    const setting with = {.gas_limit = UINT64_MAX, .schedule = schedule};
    aether_execution_result result = run_text(text, &with);
    CHECK(result.success);
    const uint64_t gas = result.gas_used;
    aether_execution_result_destroy(&result);
    return gas;
}

#define GROW(initial, maximum, pages, expected)                                        \
    "(module (memory " initial " " maximum ") (func (export \"execute\") (result i32)" \
    "(i32.ne (memory.grow (i32.const " pages ")) (i32.const " expected "))))"

static void grow_gives_the_previous_size_or_minus_one(void) {
    static const char *const texts[] = {GROW("1", "2", "1", "1"), GROW("1", "2", "2", "-1"),
        GROW("1", "1", "0", "1"), GROW("1", "1", "1", "-1"), GROW("0", "", "512", "0"),
        GROW("0", "", "513", "-1"), GROW("64", "", "448", "64"), GROW("64", "", "449", "-1"),
        GROW("1", "65536", "511", "1"), GROW("1", "65536", "512", "-1"), GROW("1", "", "-1", "-1")};
    for (int compiler = 0; compiler <= AETHER_COMPILER_PULLEY; compiler++)
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            const setting with = {.gas_limit = UINT64_MAX, .compiler = (aether_compiler)compiler};
            aether_execution_result result = run_text(texts[i], &with);
            if (!result.success)
                test_fail(__FILE__, __LINE__, "compiler %d: %s", compiler, texts[i]);
        }
}

static void a_refused_grow_costs_its_base_only(void) {
    const uint64_t refused = gas_of(GROW("1", "1", "5", "-1"), AETHER_SCHEDULE_V1);
    const uint64_t none = gas_of(GROW("1", "1", "0", "1"), AETHER_SCHEDULE_V1);
    const uint64_t one = gas_of(GROW("1", "9", "1", "1"), AETHER_SCHEDULE_V1);
    const uint64_t three = gas_of(GROW("1", "9", "3", "1"), AETHER_SCHEDULE_V1);
    CHECK_U64(refused, none);
    CHECK(one > none);
    CHECK_U64(three - none, 3 * (one - none));
    CHECK_U64(gas_of(GROW("1", "9", "3", "1"), AETHER_SCHEDULE_UNIT), 1 + 4);
}

static void grown_memory_can_be_used_and_is_zero(void) {
    const setting with = {.gas_limit = UINT64_MAX};
    aether_execution_result result = run_text(
        "(module (memory 1) (func (export \"execute\") (result i32)"
        "(drop (memory.grow (i32.const 2))) (i32.store (i32.const 196604) (i32.const 7))"
        "(i32.or (i32.load (i32.const 131072)) (i32.sub (i32.load (i32.const 196604)) (i32.const 7)))))",
        &with);
    CHECK(result.success);
    aether_execution_result trapped =
        run_text("(module (memory 1) (func (export \"execute\") (result i32)"
                 "(drop (memory.grow (i32.const 2))) (i32.load (i32.const 196605))))",
            &with);
    CHECK_U64(trapped.end, AETHER_END_OUT_OF_BOUNDS_MEMORY);
    aether_execution_result_destroy(&trapped);
}

#define BULK(text)                                                                            \
    "(module (import \"env\" \"return_data\" (func $return (param i32 i32)))"                 \
    "(memory (export \"memory\") 1) (data $d \"abcdef\") (data (i32.const 0) \"0123456789\")" \
    "(func (export \"execute\") (result i32) " text                                           \
    " (call $return (i32.const 0) (i32.const 10)) i32.const 0))"

static void bulk_instructions_move_bytes(void) {
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {BULK("(memory.fill (i32.const 2) (i32.const 120) (i32.const 3))"), "01xxx56789"},
        {BULK("(memory.copy (i32.const 0) (i32.const 1) (i32.const 5))"), "1234556789"},
        {BULK("(memory.copy (i32.const 1) (i32.const 0) (i32.const 5))"), "0012346789"},
        {BULK("(memory.init $d (i32.const 0) (i32.const 1) (i32.const 5))"), "bcdef56789"},
        {BULK("(memory.fill (i32.const 65536) (i32.const 1) (i32.const 0))"), "0123456789"},
        {BULK("(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))"),
            "0123456789"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const setting with = {0};
        aether_execution_result result = run_text(cases[i].text, &with);
        CHECK(result.success);
        CHECK_BYTES(result.return_data, bytes_of(cases[i].expected));
        aether_execution_result_destroy(&result);
    }
    static const char *const bad[] = {
        BULK("(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))"),
        BULK("(memory.init $d (i32.const 0) (i32.const 2) (i32.const 5))"),
        BULK("(memory.copy (i32.const 0) (i32.const 65530) (i32.const 7))"),
        BULK("(memory.fill (i32.const 65530) (i32.const 0) (i32.const 7))")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const setting with = {0};
        aether_execution_result result = run_text(bad[i], &with);
        CHECK_U64(result.end, AETHER_END_OUT_OF_BOUNDS_MEMORY);
        aether_execution_result_destroy(&result);
    }
}

static void a_bulk_instruction_is_paid_before_it_runs(void) {
    static const char *const lengths[] = {"0", "1", "65536", "65537", "2147483648", "4294967295"};
    static const char *const names[] = {"memory.fill", "memory.copy"};
    for (size_t n = 0; n < 2; n++)
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            char text[512];
            snprintf(text, sizeof text,
                "(module (memory 1) (func (export \"execute\") (result i32)"
                "(%s (i32.const 0) (i32.const 0) (i32.const %s)) i32.const 0))",
                names[n], lengths[i]);
            const setting unit = {.gas_limit = UINT64_MAX, .schedule = AETHER_SCHEDULE_UNIT};
            aether_execution_result ample = run_text(text, &unit);
            CHECK_U64(ample.success, i < 3);
            if (ample.success)
                CHECK_U64(ample.gas_used, 1 + 5 + (i == 2 ? 65536 : i));
            aether_execution_result_destroy(&ample);
            // With less than its length there is no fault: out of gas comes first.
            const setting poor = {.gas_limit = 5, .schedule = AETHER_SCHEDULE_UNIT};
            aether_execution_result none = run_text(text, &poor);
            CHECK_U64(none.end, AETHER_END_OUT_OF_GAS);
            CHECK_U64(none.gas_used, 5);
            aether_execution_result_destroy(&none);
        }
}

TEST_MAIN(TEST(grow_gives_the_previous_size_or_minus_one) TEST(a_refused_grow_costs_its_base_only)
        TEST(grown_memory_can_be_used_and_is_zero) TEST(bulk_instructions_move_bytes)
            TEST(a_bulk_instruction_is_paid_before_it_runs))
