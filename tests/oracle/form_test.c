/* The fast form of metering gives what the plain form gives: result, gas, memory, what the host sees of the
 * counter, and which runs succeed, revert or fail, under both schedules; and under schedule unit the gas is
 * the engine's fuel.
 * Method: fixed programs, random ones, and random loops of every shape run in both forms, with plenty of gas
 * and with every limit around what matters: all limits of small programs, the last ones of large ones.
 * AETHER_PROGRAMS makes it that many random ones. */
#include "oracle/generator.h"
#include "oracle/loop_generator.h"
#include "oracle/oracle.h"
#include "oracle/programs.h"

#include "gas/meter.h"

#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>

#define GAS 200000
#define SMALL 60 // gas of a program that runs under every limit
#define RANDOM_PROGRAMS 150

// How consensus sees the end of a run.
typedef enum ending { SUCCEEDED, REVERTED, FAILED } ending;

typedef struct pair {
    const char *name;
    oracle_program fast;
    oracle_program plain;
} pair;

static ending ending_of(const oracle_outcome *run) {
    if (run->is_trap)
        return run->trap == WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED && run->end >= 0 ? REVERTED
                                                                                         : FAILED;
    return run->left >= 0 ? SUCCEEDED : FAILED;
}

static pair compile(oracle *o, const char *name, aether_bytes wasm, aether_schedule schedule) {
    pair p = {.name = name};
    o->form = AE_METERING_FAST;
    p.fast = oracle_compile(o, wasm, schedule);
    o->form = AE_METERING_PLAIN;
    p.plain = oracle_compile(o, wasm, schedule);
    return p;
}

static void drop(pair *p) {
    oracle_drop(&p->fast);
    oracle_drop(&p->plain);
}

// Gas that the run needs to end as it does; -1: it ran out.
static int64_t check_limit(oracle *o, pair *p, int64_t limit) {
    const oracle_outcome fast = oracle_run_metered(o, &p->fast, limit, ORACLE_STACK);
    const oracle_outcome plain = oracle_run_metered(o, &p->plain, limit, ORACLE_STACK);
    const ending end = ending_of(&plain);
    if (ending_of(&fast) != end)
        test_fail(__FILE__, __LINE__,
            "%s, limit %lld: ends as %d, in the plain form as %d (trap %d and %d)", p->name,
            (long long)limit, ending_of(&fast), end, fast.is_trap ? fast.trap : -1,
            plain.is_trap ? plain.trap : -1);
    if (end == FAILED)
        return -1;
    if (fast.counter_hash != plain.counter_hash || fast.memory_hash != plain.memory_hash ||
        fast.memory_len != plain.memory_len || fast.end != plain.end)
        test_fail(__FILE__, __LINE__, "%s, limit %lld: other memory, counters or end %lld for %lld",
            p->name, (long long)limit, (long long)fast.end, (long long)plain.end);
    if (end == REVERTED)
        return limit - plain.end;
    if (fast.left != plain.left || fast.result != plain.result)
        test_fail(__FILE__, __LINE__, "%s, limit %lld: %lld left for %lld, result %d for %d",
            p->name, (long long)limit, (long long)fast.left, (long long)plain.left, fast.result,
            plain.result);
    return limit - plain.left;
}

static int64_t check_limits(oracle *o, pair *p) {
    const int64_t total = check_limit(o, p, GAS);
    if (total < 0) { // it traps or does not end: nothing but failures
        static const int64_t limits[] = {0, 1, 50, 1000, 20000};
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
            CHECK_I64(check_limit(o, p, limits[i]), -1);
        return total;
    }
    for (int64_t limit = total > SMALL ? total - 3 : 0; limit <= total + 2; limit++)
        CHECK_I64(check_limit(o, p, limit), limit >= total ? total : -1);
    for (int64_t limit = 1; limit < total - 3; limit += 1 + total / 6)
        CHECK_I64(check_limit(o, p, limit), -1);
    CHECK_I64(check_limit(o, p, AE_COUNTER_MAX), total);
    return total;
}

static void check_fuel(oracle *o, pair *p, int64_t total) {
    const oracle_outcome uploaded = oracle_run_uploaded(o, &p->fast, GAS);
    const oracle_outcome metered = oracle_run_metered(o, &p->fast, GAS, ORACLE_STACK);
    if (uploaded.is_trap) {
        CHECK(metered.is_trap || metered.left < 0);
        // Paid at once, a loop may run out before it traps.
        const bool runs_out = metered.is_trap && metered.end == AE_END_NONE &&
                              metered.trap == WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED;
        if (metered.is_trap && !runs_out && uploaded.trap != WASMTIME_TRAP_CODE_OUT_OF_FUEL)
            CHECK_I64(metered.trap, uploaded.trap);
        return;
    }
    if (total < 0 || GAS - uploaded.left != total || uploaded.result != metered.result ||
        uploaded.memory_hash != metered.memory_hash)
        test_fail(__FILE__, __LINE__, "%s: fuel %lld, gas %lld, result %d for %d, or other memory",
            p->name, (long long)(GAS - uploaded.left), (long long)total, uploaded.result,
            metered.result);
}

// Returns whether the program ends by itself.
static bool check(oracle *o, const char *name, aether_bytes wasm) {
    pair unit = compile(o, name, wasm, AETHER_SCHEDULE_UNIT);
    const int64_t total = check_limits(o, &unit);
    check_fuel(o, &unit, total);
    drop(&unit);
    pair v1 = compile(o, name, wasm, AETHER_SCHEDULE_V1);
    check_limits(o, &v1);
    drop(&v1);
    return total >= 0;
}

static void check_text(oracle *o, const char *name, const char *text) {
    wasm_byte_vec_t wasm;
    CHECK(wasmtime_wat2wasm(text, strlen(text), &wasm) == NULL);
    check(o, name, ae_bytes((const uint8_t *)wasm.data, wasm.size));
    wasm_byte_vec_delete(&wasm);
}

static void fixed_programs_are_the_same_in_both_forms(void) {
    oracle o = oracle_open();
    for (size_t i = 0; i < PROGRAM_COUNT; i++)
        check_text(&o, programs[i].name, programs[i].text);
    oracle_close(&o);
}

// Every cycle must be checked: one that is not would never come back.
static void loops_that_never_end_run_out(void) {
    static const char *const bodies[] = {
        "loop br 0 end",
        "loop (br_if 0 (i32.const 1)) end",
        "loop loop br 1 end end",
        "loop loop (br_if 1 (i32.const 1)) end br 0 end",
        "loop (if (local.get 0) (then br 1)) br 0 end",
        "loop (if (local.get 0) (then br 1) (else br 1)) end",
        "loop (br_table 0 0 (i32.const 5)) end",
        "loop block (br_table 0 1 0 (i32.const 1)) end end",
        // what is checked on one path only
        "loop (if (local.get 0) (then (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))) br 0 end",
        "loop block (br_if 0 (i32.eqz (local.get 0))) (drop (memory.grow (i32.const 0))) end br 0 end",
        "loop (if (local.get 0) (then) (else (drop (memory.grow (i32.const 9))))) br 0 end",
        "loop block (br_table 0 0 (local.get 0)) end (br_if 0 (i32.const 1)) end",
        "loop (if (local.get 0) (then (local.set 1 (local.get 2))"
        " loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))) end)) br 0 end",
        // a loop of known rounds is not checked at all
        "loop (local.set 1 (i32.const 3))"
        " loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))) end br 0 end",
        // the step passes by the bound
        "loop (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 2))) (i32.const 7))) end",
        "(local.set 2 (i32.load (i32.const 8))) (local.set 1 (local.get 2))"
        " loop (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 4))) (i32.const 6))) end",
        "(local.set 2 (i32.sub (i32.load (i32.const 8)) (i32.const 1)))"
        " loop (br_if 0 (i32.le_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 2))) end",
        "(local.set 2 (i32.sub (i32.load (i32.const 8)) (i32.const 1)))"
        " loop (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 4))) (local.get 2))) end",
        "(local.set 2 (i32.add (i32.load (i32.const 8)) (i32.const 0x80000000)))"
        " loop (br_if 0 (i32.ge_s (local.tee 1 (i32.sub (local.get 1) (i32.const 1))) (local.get 2))) end",
    };
    oracle o = oracle_open();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
            "(module (memory (export \"memory\") 1 2) (func (export \"execute\") (result i32)"
            " (local i32 i32 i32) %s i32.const 0))",
            bodies[i]);
        wasm_byte_vec_t wasm;
        CHECK(wasmtime_wat2wasm(text, strlen(text), &wasm) == NULL);
        CHECK(!check(&o, bodies[i], ae_bytes((const uint8_t *)wasm.data, wasm.size)));
        wasm_byte_vec_delete(&wasm);
    }
    oracle_close(&o);
}

static uint32_t program_count(void) {
    const char *wanted = getenv("AETHER_PROGRAMS");
    return wanted != NULL ? (uint32_t)strtoul(wanted, NULL, 10) : RANDOM_PROGRAMS;
}

static void check_random(void (*generate)(uint64_t, wasm_builder *)) {
    oracle o = oracle_open();
    uint64_t state = test_seed();
    uint32_t ended = 0;
    const uint32_t count = program_count();
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t seed = test_random(&state);
        wasm_builder b = {0};
        char name[64];
        snprintf(name, sizeof name, "random program %#llx", (unsigned long long)seed);
        generate(seed, &b);
        ended += check(&o, name, wasm_bytes_of(&b));
        wasm_free(&b);
    }
    printf("%u of %u end by themselves\n", ended, count);
    CHECK(ended > count / 5);
    oracle_close(&o);
}

static void random_programs_are_the_same_in_both_forms(void) {
    check_random(generate_module);
}

static void random_loops_are_the_same_in_both_forms(void) {
    check_random(generate_loops);
}

// clang-format off
TEST_MAIN(
    TEST(fixed_programs_are_the_same_in_both_forms)
    TEST(loops_that_never_end_run_out)
    TEST(random_programs_are_the_same_in_both_forms)
    TEST(random_loops_are_the_same_in_both_forms))
