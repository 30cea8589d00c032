/* Under schedule unit, gas is the engine's own fuel, exactly, and a limit is kept to the last unit.
 * Method: fixed programs and random ones run as uploaded on plain Wasmtime with fuel, and metered without;
 * result, memory and units must be the same. Small programs run under every limit around their total. */
#include "oracle/generator.h"
#include "oracle/oracle.h"
#include "oracle/programs.h"

#include "gas/meter.h"

#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>

#define FUEL 20000000
#define RANDOM_PROGRAMS 300

static int64_t check_same(
    const char *name, const oracle_outcome *uploaded, const oracle_outcome *metered, int64_t gas) {
    if (uploaded->is_trap || metered->is_trap)
        test_fail(__FILE__, __LINE__, "%s: trap %d uploaded, %d metered", name,
            uploaded->is_trap ? uploaded->trap : -1, metered->is_trap ? metered->trap : -1);
    if (uploaded->result != metered->result || uploaded->memory_hash != metered->memory_hash ||
        uploaded->memory_len != metered->memory_len)
        test_fail(__FILE__, __LINE__, "%s: result %d uploaded, %d metered, or other memory", name,
            uploaded->result, metered->result);
    const int64_t fuel_used = FUEL - uploaded->left;
    const int64_t gas_used = gas - metered->left;
    if (fuel_used != gas_used)
        test_fail(__FILE__, __LINE__, "%s: fuel %lld, gas %lld", name, (long long)fuel_used,
            (long long)gas_used);
    CHECK_I64(metered->end, AE_END_NONE);
    return gas_used;
}

static void gas_of_fixed_programs_is_fuel(void) {
    oracle o = oracle_open();
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        oracle_program p = oracle_compile_text(&o, programs[i].text, AETHER_SCHEDULE_UNIT);
        const oracle_outcome uploaded = oracle_run_uploaded(&o, &p, FUEL);
        const oracle_outcome metered = oracle_run_metered(&o, &p, FUEL, ORACLE_STACK);
        const int64_t used = check_same(programs[i].name, &uploaded, &metered, FUEL);
        CHECK(used > 0);
        const oracle_outcome richest = oracle_run_metered(&o, &p, AE_COUNTER_MAX, ORACLE_STACK);
        CHECK_I64(AE_COUNTER_MAX - richest.left, used);
        oracle_drop(&p);
    }
    oracle_close(&o);
}

static void every_limit_is_kept_to_the_unit(void) {
    oracle o = oracle_open();
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        oracle_program p = oracle_compile_text(&o, programs[i].text, AETHER_SCHEDULE_UNIT);
        const oracle_outcome whole = oracle_run_metered(&o, &p, FUEL, ORACLE_STACK);
        const int64_t total = FUEL - whole.left;
        const int64_t step = total > 400 ? total / 200 : 1; // the last ones always
        for (int64_t limit = 0; limit <= total + 2; limit += total - limit > 5 ? step : 1) {
            const oracle_outcome run = oracle_run_metered(&o, &p, limit, ORACLE_STACK);
            const bool completes = !run.is_trap && run.left >= 0;
            if (completes != (limit >= total))
                test_fail(__FILE__, __LINE__, "%s: limit %lld of %lld: %s", programs[i].name,
                    (long long)limit, (long long)total, completes ? "completes" : "does not");
            if (completes) {
                CHECK_I64(run.left, limit - total);
                CHECK_I64(run.result, whole.result);
            }
            CHECK_I64(run.end, AE_END_NONE);
        }
        oracle_drop(&p);
    }
    oracle_close(&o);
}

static void v1_keeps_every_limit_too(void) {
    oracle o = oracle_open();
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        oracle_program p = oracle_compile_text(&o, programs[i].text, AETHER_SCHEDULE_V1);
        const oracle_outcome whole = oracle_run_metered(&o, &p, FUEL, ORACLE_STACK);
        const oracle_outcome uploaded = oracle_run_uploaded(&o, &p, FUEL);
        CHECK_I64(whole.result, uploaded.result);
        CHECK_U64(whole.memory_hash, uploaded.memory_hash);
        const int64_t total = FUEL - whole.left;
        for (int64_t limit = total > 20 ? total - 20 : 0; limit <= total + 2; limit++) {
            const oracle_outcome run = oracle_run_metered(&o, &p, limit, ORACLE_STACK);
            CHECK((!run.is_trap && run.left >= 0) == (limit >= total));
        }
        oracle_drop(&p);
    }
    oracle_close(&o);
}

static void trivial_contract_takes_less_than_1000_gas(void) {
    oracle o = oracle_open();
    oracle_program p = oracle_compile_text(&o, programs[0].text, AETHER_SCHEDULE_V1);
    const oracle_outcome run = oracle_run_metered(&o, &p, 1000, ORACLE_STACK);
    CHECK(!run.is_trap && run.left > 0);
    oracle_drop(&p);
    oracle_close(&o);
}

// Fuel is not known after a trap; the trap is.
static void traps_are_the_same(void) {
    static const struct {
        const char *body;
        wasmtime_trap_code_t trap;
    } rows[] = {
        {"(i32.div_u (i32.const 1) (i32.const 0))", WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO},
        {"(i32.div_s (i32.const 0x80000000) (i32.const -1))", WASMTIME_TRAP_CODE_INTEGER_OVERFLOW},
        {"(i32.trunc_f32_s (f32.const nan))", WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER},
        {"(i32.load (i32.const 65533))", WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS},
        {"(call_indirect (result i32) (i32.const 9))", WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS},
        {"(call_indirect (result i32) (i32.const 1))", WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL},
        {"(call_indirect (result i32) (i32.const 0))", WASMTIME_TRAP_CODE_BAD_SIGNATURE},
        {"(memory.fill (i32.const 65530) (i32.const 0) (i32.const 7)) i32.const 0",
            WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS},
        {"(unreachable)", WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED},
    };
    oracle o = oracle_open();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
            "(module (memory (export \"memory\") 1 1) (table 2 2 funcref) (elem (i32.const 0) $v)"
            " (func $v) (func (export \"execute\") (result i32) %s))",
            rows[i].body);
        oracle_program p = oracle_compile_text(&o, text, AETHER_SCHEDULE_UNIT);
        const oracle_outcome uploaded = oracle_run_uploaded(&o, &p, FUEL);
        const oracle_outcome metered = oracle_run_metered(&o, &p, FUEL, ORACLE_STACK);
        CHECK(uploaded.is_trap && metered.is_trap);
        CHECK_U64(uploaded.trap, rows[i].trap);
        CHECK_U64(metered.trap, rows[i].trap);
        oracle_drop(&p);
    }
    oracle_close(&o);
}

static void unreachable_leaves_its_gas_in_the_global(void) {
    static const char text[] =
        "(module (func $f (param i32) (if (local.get 0) (then unreachable)))"
        " (func (export \"execute\") (result i32) (call $f (i32.const 0)) (call $f (i32.const 1)) i32.const 0))";
    const int64_t total = 1 + 4 + 2 * 3; // entry and two calls; each call: entry, local.get, if
    oracle o = oracle_open();
    oracle_program p = oracle_compile_text(&o, text, AETHER_SCHEDULE_UNIT);
    for (int64_t limit = 0; limit <= total + 3; limit++) {
        const oracle_outcome run = oracle_run_metered(&o, &p, limit, ORACLE_STACK);
        CHECK(run.is_trap);
        CHECK_U64(run.trap, WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED);
        CHECK_I64(run.end, limit >= total ? limit - total : AE_END_NONE);
    }
    const oracle_outcome run = oracle_run_metered(&o, &p, AE_COUNTER_MAX, ORACLE_STACK);
    CHECK_I64(run.end, AE_COUNTER_MAX - total);
    oracle_drop(&p);
    oracle_close(&o);
}

// Frames: execute holds 1 value, 72 bytes; $r has a parameter and holds 3 values, 96 bytes.
static void stack_ends_at_the_same_call_everywhere(void) {
    static const char text[] =
        "(module (func $r (param i32) (result i32) (if (result i32) (local.get 0)"
        " (then (i32.add (i32.const 1) (call $r (i32.sub (local.get 0) (i32.const 1)))))"
        " (else (i32.const 0)))) (func (export \"execute\") (result i32) (call $r (i32.const 9))))";
    const int32_t needed = 72 + 10 * 96;
    oracle o = oracle_open();
    oracle_program p = oracle_compile_text(&o, text, AETHER_SCHEDULE_UNIT);
    oracle_outcome run = oracle_run_metered(&o, &p, FUEL, needed);
    CHECK(!run.is_trap);
    CHECK_I64(run.result, 9);
    for (int32_t stack = 0; stack < needed; stack += stack < needed - 1 ? needed - 1 - stack : 1) {
        run = oracle_run_metered(&o, &p, FUEL, stack);
        CHECK(run.is_trap);
        CHECK_U64(run.trap, WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED);
        CHECK_I64(run.end, AE_END_STACK);
    }
    oracle_drop(&p);
    oracle_close(&o);
}

static void endless_loops_and_recursion_run_out(void) {
    static const char *const texts[] = {
        "(module (func (export \"execute\") (result i32) loop br 0 end unreachable))",
        "(module (func (export \"execute\") (result i32) loop loop br 1 end end i32.const 0))",
        "(module (memory 1 1) (func (export \"execute\") (result i32)"
        " loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) br 0 end i32.const 0))",
        "(module (func $e (export \"execute\") (result i32) (local i32)"
        " loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const -1))) end"
        " i32.const 0))",
    };
    oracle o = oracle_open();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        oracle_program p = oracle_compile_text(&o, texts[i], AETHER_SCHEDULE_V1);
        const oracle_outcome run = oracle_run_metered(&o, &p, 1000000, ORACLE_STACK);
        CHECK(run.is_trap);
        CHECK_U64(run.trap, WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED);
        CHECK_I64(run.end, AE_END_NONE);
        oracle_drop(&p);
    }
    oracle_close(&o);
}

// A length is paid before the bytes are looked at: a short counter wins over bad bounds.
static void bulk_length_is_charged_before_it_acts(void) {
    oracle o = oracle_open();
    oracle_program p = oracle_compile_text(&o,
        "(module (memory (export \"memory\") 1 1) (func (export \"execute\") (result i32)"
        " (memory.fill (i32.const 0) (i32.const 255) (i32.const -1)) i32.const 0))",
        AETHER_SCHEDULE_UNIT);
    const int64_t total = 1 + 3 + 1 + (int64_t)UINT32_MAX; // entry, operands, base, length
    oracle_outcome run = oracle_run_metered(&o, &p, total - 1, ORACLE_STACK);
    CHECK_U64(run.trap, WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED);
    run = oracle_run_metered(&o, &p, total, ORACLE_STACK);
    CHECK_U64(run.trap, WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS);
    oracle_drop(&p);
    oracle_close(&o);
}

typedef struct tally {
    uint32_t completed;
    uint32_t trapped;
    uint32_t endless;
} tally;

static void compare_random(oracle *o, uint64_t seed, tally *counts) {
    wasm_builder b = {0};
    char name[64];
    generate_module(seed, &b);
    snprintf(name, sizeof name, "random program %#llx", (unsigned long long)seed);
    oracle_program p = oracle_compile(o, wasm_bytes_of(&b), AETHER_SCHEDULE_UNIT);
    const oracle_outcome uploaded = oracle_run_uploaded(o, &p, FUEL);
    const oracle_outcome metered = oracle_run_metered(o, &p, FUEL, ORACLE_STACK);
    if (uploaded.is_trap && uploaded.trap == WASMTIME_TRAP_CODE_OUT_OF_FUEL) {
        counts->endless++;
        CHECK(metered.is_trap || metered.left <= 0);
    } else if (uploaded.is_trap) {
        counts->trapped++;
        if (!metered.is_trap || metered.trap != uploaded.trap ||
            metered.memory_hash != uploaded.memory_hash)
            test_fail(__FILE__, __LINE__, "%s: trap %d uploaded, %d metered", name, uploaded.trap,
                metered.is_trap ? metered.trap : -1);
    } else {
        counts->completed++;
        const int64_t total = check_same(name, &uploaded, &metered, FUEL);
        const oracle_outcome exact = oracle_run_metered(o, &p, total, ORACLE_STACK);
        CHECK(!exact.is_trap && exact.left == 0);
        const oracle_outcome short_by_one = oracle_run_metered(o, &p, total - 1, ORACLE_STACK);
        CHECK(short_by_one.is_trap || short_by_one.left < 0);
        CHECK_I64(short_by_one.end, AE_END_NONE);
    }
    oracle_drop(&p);
    wasm_free(&b);
}

static void gas_of_random_programs_is_fuel(void) {
    oracle o = oracle_open();
    uint64_t state = test_seed();
    tally counts = {0};
    for (uint32_t i = 0; i < RANDOM_PROGRAMS; i++)
        compare_random(&o, test_random(&state), &counts);
    printf(
        "%u completed, %u trapped, %u endless\n", counts.completed, counts.trapped, counts.endless);
    CHECK(counts.completed > RANDOM_PROGRAMS / 4);
    oracle_close(&o);
}

// clang-format off
TEST_MAIN(
    TEST(gas_of_fixed_programs_is_fuel)
    TEST(every_limit_is_kept_to_the_unit)
    TEST(v1_keeps_every_limit_too)
    TEST(trivial_contract_takes_less_than_1000_gas)
    TEST(traps_are_the_same)
    TEST(unreachable_leaves_its_gas_in_the_global)
    TEST(stack_ends_at_the_same_call_everywhere)
    TEST(endless_loops_and_recursion_run_out)
    TEST(bulk_length_is_charged_before_it_acts)
    TEST(gas_of_random_programs_is_fuel))
