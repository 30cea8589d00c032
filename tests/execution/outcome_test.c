/* Every end of an execution: consensus outcome, code, gas, diagnosis, frames; nothing remains of a failed one.
 * Method: one small contract for each row of the table of ends, with effects before the end. */
#include "contract.h"

#include <stdio.h>

#define IMPORTS                                                                           \
    "(import \"env\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"            \
    "(import \"env\" \"storage_read\" (func $read (param i32 i32 i32 i32) (result i32)))" \
    "(import \"env\" \"emit\" (func $emit (param i32 i32 i32 i32)))"                      \
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"                     \
    "(import \"env\" \"revert\" (func $revert (param i32 i32)))"                          \
    "(import \"env\" \"panic\" (func $panic (param i32 i32 i32 i32 i32)))"                \
    "(import \"env\" \"gas_left\" (func $gas_left (result i64)))"
#define MEMORY "(memory (export \"memory\") 1) (data (i32.const 0) \"keyvaluereasonfile.c\")"
#define EFFECTS                                                             \
    "(call $write (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 5))" \
    "(call $emit (i32.const 0) (i32.const 1) (i32.const 3) (i32.const 5))"  \
    "(call $return (i32.const 3) (i32.const 5))"
#define CONTRACT(body) \
    "(module " IMPORTS MEMORY "(func $main (export \"execute\") (result i32) " body "))"

static void check_no_effects(const aether_execution_result *result) {
    CHECK_U64(result->change_count, 0);
    CHECK_U64(result->log_count, 0);
}

static void success_keeps_changes_logs_and_data(void) {
    const setting with = {0};
    aether_execution_result result = run_text(CONTRACT(EFFECTS "i32.const 0"), &with);
    CHECK(result.success);
    CHECK_U64(result.outcome, AETHER_OUTCOME_SUCCESS);
    CHECK_I64(result.code, 0);
    CHECK_U64(result.end, AETHER_END_RETURNED);
    CHECK(result.trap == NULL);
    CHECK_BYTES(result.return_data, bytes_of("value"));
    CHECK_U64(result.change_count, 1);
    uint8_t key[AETHER_STORE_KEY_LEN_MAX];
    const aether_execution_context context = context_of(&with);
    const size_t len = aether_storage_key_encode(&context.contract_address, bytes_of("key"), key);
    CHECK_BYTES(result.changes[0].key, ((aether_bytes){key, len}));
    CHECK_BYTES(result.changes[0].value, bytes_of("value"));
    CHECK(!result.changes[0].is_removed);
    CHECK_U64(result.log_count, 1);
    CHECK_U64(result.logs[0].topic_count, 1);
    CHECK_U64(result.logs[0].address.bytes[0], 2);
    CHECK_BYTES(result.logs[0].data, bytes_of("value"));
    CHECK(memcmp(result.logs[0].topics[0].bytes, "keyvaluereasonfile.c", 20) == 0);
    aether_execution_result_destroy(&result);
    CHECK(result.owner == NULL);
    aether_execution_result_destroy(&result);
    aether_execution_result_destroy(NULL);
}

static void another_value_reverts_with_that_code(void) {
    static const int32_t codes[] = {1, 42, -1, -2, -3, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char text[2048];
        snprintf(text, sizeof text, CONTRACT(EFFECTS "i32.const %d"), codes[i]);
        const setting with = {0};
        aether_execution_result result = run_text(text, &with);
        CHECK(!result.success);
        CHECK_U64(result.outcome, AETHER_OUTCOME_REVERTED);
        CHECK_I64(result.code, codes[i]);
        CHECK_U64(result.end, AETHER_END_RETURNED);
        CHECK(result.trap == NULL);
        CHECK(result.gas_used > 0);
        CHECK(result.gas_used < result.gas_limit);
        CHECK_BYTES(result.return_data, bytes_of("value"));
        check_no_effects(&result);
        aether_execution_result_destroy(&result);
    }
}

static void revert_replaces_the_data_by_its_reason(void) {
    const setting with = {0};
    aether_execution_result result =
        run_text(CONTRACT(EFFECTS "(call $revert (i32.const 8) (i32.const 6)) i32.const 0"), &with);
    CHECK_U64(result.outcome, AETHER_OUTCOME_REVERTED);
    CHECK_I64(result.code, AETHER_CODE_REVERT);
    CHECK_U64(result.end, AETHER_END_REVERT);
    CHECK(result.trap == NULL);
    CHECK_BYTES(result.return_data, bytes_of("reason"));
    CHECK(result.gas_used < result.gas_limit);
    check_no_effects(&result);
    aether_execution_result_destroy(&result);
}

static void panic_names_its_place(void) {
    const setting with = {0};
    aether_execution_result result = run_text(
        CONTRACT(EFFECTS "(call $panic (i32.const 8) (i32.const 6) (i32.const 14) (i32.const 6)"
                         "(i32.const 12)) i32.const 0"),
        &with);
    CHECK_U64(result.outcome, AETHER_OUTCOME_REVERTED);
    CHECK_I64(result.code, AETHER_CODE_PANIC);
    CHECK_BYTES(result.return_data, bytes_of("reason"));
    CHECK(result.trap != NULL);
    CHECK_U64(result.trap->kind, AETHER_END_PANIC);
    CHECK(strstr(result.trap->message, "reason") != NULL);
    CHECK(strstr(result.trap->message, "file.c:12") != NULL);
    CHECK_U64(result.trap->frame_count, 1);
    CHECK_TEXT(result.trap->frames[0].function, "main");
    check_no_effects(&result);
    aether_execution_result_destroy(&result);
}

static void unreachable_reverts_with_exact_gas(void) {
    const setting with = {0};
    aether_execution_result trapped = run_text(CONTRACT(EFFECTS "unreachable"), &with);
    CHECK_U64(trapped.outcome, AETHER_OUTCOME_REVERTED);
    CHECK_I64(trapped.code, AETHER_CODE_UNREACHABLE);
    CHECK_U64(trapped.trap->kind, AETHER_END_UNREACHABLE);
    CHECK_U64(trapped.return_data.len, 0);
    check_no_effects(&trapped);
    aether_execution_result returned = run_text(CONTRACT(EFFECTS "i32.const 0"), &with);
    const setting unit = {.schedule = AETHER_SCHEDULE_UNIT};
    aether_execution_result counted =
        run_text(CONTRACT("i32.const 1 drop i64.const 2 drop unreachable"), &unit);
    CHECK_U64(counted.gas_used, 3);
    CHECK(trapped.gas_used < returned.gas_used); // the constant is missing
    CHECK(trapped.gas_used + 10 > returned.gas_used);
    aether_execution_result_destroy(&trapped);
    aether_execution_result_destroy(&returned);
    aether_execution_result_destroy(&counted);
}

typedef struct fault_case {
    const char *body;
    aether_end kind;
} fault_case;

static const fault_case faults[] = {
    {"(drop (i32.load (i32.const 65533))) i32.const 0", AETHER_END_OUT_OF_BOUNDS_MEMORY},
    {"(i64.store (i32.const -1) (i64.const 0)) i32.const 0", AETHER_END_OUT_OF_BOUNDS_MEMORY},
    {"(drop (i32.load offset=4294967295 (i32.const -1))) i32.const 0",
        AETHER_END_OUT_OF_BOUNDS_MEMORY},
    {"(memory.fill (i32.const 65536) (i32.const 0) (i32.const 1)) i32.const 0",
        AETHER_END_OUT_OF_BOUNDS_MEMORY},
    {"(i32.div_s (i32.const 1) (i32.const 0))", AETHER_END_INTEGER_DIVIDE_BY_ZERO},
    {"(i32.div_s (i32.const 0x80000000) (i32.const -1))", AETHER_END_INTEGER_OVERFLOW},
    {"(i32.trunc_f64_s (f64.const nan))", AETHER_END_BAD_CONVERSION},
    {"(i32.trunc_f64_s (f64.const 1e300))", AETHER_END_INTEGER_OVERFLOW},
    {"(call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) i32.const 0",
        AETHER_END_HOST},
    {"(call $return (i32.const 65530) (i32.const 7)) i32.const 0", AETHER_END_HOST},
};

static void a_fault_takes_the_whole_limit(void) {
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char text[2048];
        snprintf(text, sizeof text, CONTRACT(EFFECTS "%s"), faults[i].body);
        const setting with = {.gas_limit = 654321};
        aether_execution_result result = run_text(text, &with);
        CHECK_U64(result.outcome, AETHER_OUTCOME_FAILED);
        CHECK_I64(result.code, 0);
        CHECK_U64(result.gas_used, 654321);
        CHECK_U64(result.end, faults[i].kind);
        CHECK(result.trap != NULL);
        CHECK_U64(result.trap->kind, faults[i].kind);
        CHECK(result.trap->message[0] != '\0');
        CHECK(result.trap->frame_count >= 1);
        CHECK_TEXT(result.trap->frames[0].function, "main");
        CHECK_U64(result.return_data.len, 0);
        check_no_effects(&result);
        aether_execution_result_destroy(&result);
    }
}

static void indirect_calls_fail_by_kind(void) {
    static const char form[] =
        "(module (table 2 funcref) (elem (i32.const 0) $f) (type $v (func)) (type $i (func (result i32)))"
        "(func $f) (func $main (export \"execute\") (result i32)"
        "(call_indirect (type %s) (i32.const %d)) %s))";
    static const struct {
        const char *type;
        int index;
        const char *rest;
        aether_end kind;
    } cases[] = {{"$v", 1, "i32.const 0", AETHER_END_INDIRECT_CALL},
        {"$i", 0, "", AETHER_END_INDIRECT_CALL},
        {"$v", 2, "i32.const 0", AETHER_END_OUT_OF_BOUNDS_TABLE},
        {"$v", -1, "i32.const 0", AETHER_END_OUT_OF_BOUNDS_TABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, form, cases[i].type, cases[i].index, cases[i].rest);
        const setting with = {0};
        aether_execution_result result = run_text(text, &with);
        CHECK_U64(result.outcome, AETHER_OUTCOME_FAILED);
        CHECK_U64(result.end, cases[i].kind);
        aether_execution_result_destroy(&result);
    }
}

static void out_of_gas_in_a_loop_and_in_recursion(void) {
    static const char *const bodies[] = {
        "(loop (br 0)) i32.const 0",
        "(loop (drop (call $gas_left)) (br 0)) i32.const 0",
        "(loop (br_table 0 0 0 (i32.const 1))) i32.const 0",
        "(loop (br_if 0 (i32.const 1))) i32.const 0",
        "(loop (call $write (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 5)) (br 0)) i32.const 0",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char text[2048];
        snprintf(text, sizeof text, CONTRACT(EFFECTS "%s"), bodies[i]);
        const setting with = {.gas_limit = 100003};
        aether_execution_result result = run_text(text, &with);
        CHECK_U64(result.outcome, AETHER_OUTCOME_FAILED);
        CHECK_U64(result.end, AETHER_END_OUT_OF_GAS);
        CHECK_I64(result.code, 0);
        CHECK_U64(result.gas_used, 100003);
        CHECK(result.trap == NULL);
        check_no_effects(&result);
        aether_execution_result_destroy(&result);
    }
    const setting with = {.gas_limit = 5000};
    aether_execution_result result = run_text(
        "(module (func $f (call $f) (call $f)) (func (export \"execute\") (result i32) (call $f) i32.const 0))",
        &with);
    CHECK_U64(result.end, AETHER_END_OUT_OF_GAS);
    aether_execution_result_destroy(&result);
}

static void succeeds_exactly_from_its_total_on(void) {
    static const char *const texts[] = {CONTRACT(EFFECTS "i32.const 0"),
        "(module (func (export \"execute\") (result i32) (local i32)"
        "(local.set 0 (i32.const 30)) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
        "i32.const 0))",
        "(module (memory 1) (func (export \"execute\") (result i32)"
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 100)) (drop (memory.grow (i32.const 1))) i32.const 0))"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const setting ample = {.gas_limit = UINT64_MAX};
        subject self = subject_of(texts[i], &ample);
        aether_execution_result whole = subject_run(&self, &ample);
        CHECK(whole.success);
        const uint64_t total = whole.gas_used;
        aether_execution_result_destroy(&whole);
        for (uint64_t limit = total > 300 ? total - 300 : 0; limit < total + 3; limit++) {
            const setting with = {.gas_limit = limit, .gas_is_zero = true};
            aether_execution_result result = subject_run(&self, &with);
            CHECK_U64(result.success, limit >= total);
            CHECK_U64(result.gas_used, limit >= total ? total : limit);
            aether_execution_result_destroy(&result);
        }
        subject_end(&self);
    }
}

static void gas_limits_at_the_edges_behave(void) {
    static const uint64_t limits[] = {
        (uint64_t)INT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    static const char text[] = CONTRACT(
        "(i64.store (i32.const 100) (call $gas_left)) (call $return (i32.const 100) (i32.const 8)) i32.const 0");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const setting with = {.gas_limit = limits[i]};
        const setting less = {.gas_limit = 1000};
        aether_execution_result result = run_text(text, &with);
        aether_execution_result small = run_text(text, &less);
        CHECK(result.success);
        CHECK_U64(result.gas_used, small.gas_used);
        uint64_t left = 0;
        uint64_t left_small = 0;
        memcpy(&left, result.return_data.data, 8);
        memcpy(&left_small, small.return_data.data, 8);
        CHECK_U64(limits[i] - left, 1000 - left_small); // exact, unsigned
        aether_execution_result_destroy(&result);
        aether_execution_result_destroy(&small);
    }
    static const uint64_t none[] = {0, 1};
    for (size_t i = 0; i < 2; i++) {
        const setting with = {.gas_limit = none[i], .gas_is_zero = true};
        aether_execution_result result = run_text(CONTRACT("unreachable"), &with);
        CHECK_U64(result.outcome, AETHER_OUTCOME_FAILED);
        CHECK_U64(result.end, AETHER_END_OUT_OF_GAS);
        CHECK_U64(result.gas_used, none[i]);
        aether_execution_result_destroy(&result);
    }
}

static void every_frame_is_named_with_its_uploaded_offset(void) {
    // Offsets of the instructions, found in the binary: i32.div_u is 0x6e, call is 0x10.
    static const uint8_t module[] = {0, 'a', 's', 'm', 1, 0, 0, 0, //
        1, 8, 2, 0x60, 0, 1, 0x7f, 0x60, 0, 0,                     // types () -> i32, () -> ()
        3, 3, 2, 0, 1,                                             // functions
        7, 11, 1, 7, 'e', 'x', 'e', 'c', 'u', 't', 'e', 0, 0,      // export
        10, 20, 2,                                                 // code
        7, 0, 0x01, 0x10, 1, 0x41, 0, 0x0b,                        // nop, call 1, i32.const 0
        10, 0, 0x41, 8, 0x41, 0, 0x6e, 0x1a, 0x01, 0x01, 0x0b,     // 8 / 0
        0, 27, 4, 'n', 'a', 'm', 'e',                              // names: main, divide<ESC>
        1, 20, 2, 0, 4, 'm', 'a', 'i', 'n', 1, 11, 'd', 'i', 'v', 'i', 'd', 'e', '_', 'b', 'y', '_',
        '0'};
    aether_error err;
    aether_engine *engine = NULL;
    aether_contract *contract = NULL;
    CHECK_OK(aether_engine_create(NULL, &engine, &err));
    CHECK_OK(aether_contract_load(engine, (aether_bytes){module, sizeof module}, &contract, &err));
    const subject self = {engine, contract};
    const setting with = {0};
    aether_execution_result result = subject_run(&self, &with);
    CHECK_U64(result.end, AETHER_END_INTEGER_DIVIDE_BY_ZERO);
    CHECK_U64(result.trap->frame_count, 2);
    CHECK_U64(result.trap->frames[0].index, 1);
    CHECK_U64(module[result.trap->frames[0].offset], 0x6e);
    CHECK_U64(result.trap->frames[1].index, 0);
    CHECK_U64(module[result.trap->frames[1].offset], 0x10);
    CHECK_TEXT(result.trap->frames[1].function, "main");
    CHECK(result.trap->frames[0].file == NULL);
    CHECK_U64(result.trap->frames[0].line, 0);
    aether_execution_result_destroy(&result);
    aether_contract_destroy(contract);
    aether_engine_destroy(engine);
}

static void a_start_function_runs_metered_in_every_frame(void) {
    static const char text[] =
        "(module (global $g (mut i32) (i32.const 5)) (func $s (global.set $g (i32.const 0))) (start $s)"
        "(func (export \"execute\") (result i32) global.get $g) (func (export \"init\") (result i32) global.get $g))";
    const setting unit = {.schedule = AETHER_SCHEDULE_UNIT};
    aether_execution_result result = run_text(text, &unit);
    CHECK(result.success);
    CHECK_U64(result.gas_used, 3 + 2);
    const setting init = {.schedule = AETHER_SCHEDULE_UNIT, .entry = AETHER_ENTRY_INIT};
    aether_execution_result again = run_text(text, &init);
    CHECK(again.success);
    const setting little = {.gas_limit = 1000};
    aether_execution_result endless = run_text(
        "(module (func $s (loop (br 0))) (start $s) (func (export \"execute\") (result i32) i32.const 0))",
        &little);
    CHECK_U64(endless.end, AETHER_END_OUT_OF_GAS);
    aether_execution_result trapped = run_text(
        "(module (func $s unreachable) (start $s) (func (export \"execute\") (result i32) i32.const 0))",
        &little);
    CHECK_U64(trapped.end, AETHER_END_UNREACHABLE);
    CHECK_TEXT(trapped.trap->frames[0].function, "s");
    aether_execution_result_destroy(&trapped);
}

static void the_same_inputs_give_the_same_bytes(void) {
    const setting with = {0};
    subject self = subject_of(CONTRACT(EFFECTS "i32.const 0"), &with);
    aether_execution_result first = subject_run(&self, &with);
    for (int i = 0; i < 20; i++) {
        aether_execution_result again = subject_run(&self, &with);
        CHECK_U64(again.gas_used, first.gas_used);
        CHECK_BYTES(again.return_data, first.return_data);
        CHECK_BYTES(again.changes[0].key, first.changes[0].key);
        CHECK_BYTES(again.logs[0].data, first.logs[0].data);
        aether_execution_result_destroy(&again);
    }
    subject_end(&self); // a result outlives its contract and engine
    CHECK_BYTES(first.return_data, bytes_of("value"));
    aether_execution_result_destroy(&first);
}

static void every_end_has_its_text(void) {
    CHECK_TEXT(aether_end_text(AETHER_END_OUT_OF_BOUNDS_MEMORY), "out_of_bounds_memory");
    CHECK_TEXT(aether_end_text(AETHER_END_HOST), "host");
    CHECK_TEXT(aether_end_text((aether_end)99), "unknown");
}

TEST_MAIN(TEST(success_keeps_changes_logs_and_data) TEST(another_value_reverts_with_that_code)
        TEST(revert_replaces_the_data_by_its_reason) TEST(panic_names_its_place)
            TEST(unreachable_reverts_with_exact_gas) TEST(a_fault_takes_the_whole_limit)
                TEST(indirect_calls_fail_by_kind) TEST(out_of_gas_in_a_loop_and_in_recursion)
                    TEST(succeeds_exactly_from_its_total_on) TEST(gas_limits_at_the_edges_behave)
                        TEST(every_frame_is_named_with_its_uploaded_offset)
                            TEST(a_start_function_runs_metered_in_every_frame) TEST(
                                the_same_inputs_give_the_same_bytes) TEST(every_end_has_its_text))
