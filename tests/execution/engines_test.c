/* Four compilers, one outcome: result, gas, data, logs, changes and diagnosis are equal.
 * Method: contracts of every kind on each compiler, compared field by field with the first; NaN bits too. */
#include "contract.h"

#include <stdio.h>

static const char *const contracts[] = {
    // recursion and arithmetic
    "(module (func $fib (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))"
    "(then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
    "(call $fib (i32.sub (local.get 0) (i32.const 2)))))))"
    "(func (export \"execute\") (result i32) (call $fib (i32.const 15))))",
    // tables, dead code, br_table
    "(module (table 3 funcref) (elem (i32.const 0) $a $b $a) (type $t (func (param i32) (result i32)))"
    "(func $a (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))"
    "(func $b (param i32) (result i32) (block (block (block (br_table 0 1 2 (local.get 0))) (return (i32.const 7)))"
    "(return (i32.const 8))) (i32.const 9))"
    "(func (export \"execute\") (result i32) (local i32 i32)"
    "(loop (local.set 1 (i32.add (local.get 1) (call_indirect (type $t) (local.get 0) (i32.rem_u (local.get 0) (i32.const 3)))))"
    "(br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 20)))) (local.get 1)))",
    // NaN bits observed through memory
    "(module (import \"env\" \"return_data\" (func $return (param i32 i32))) (memory (export \"memory\") 1)"
    "(func (export \"execute\") (result i32)"
    "(f32.store (i32.const 0) (f32.div (f32.const 0) (f32.const 0)))"
    "(f64.store (i32.const 8) (f64.add (f64.const nan:0x123) (f64.const 1)))"
    "(f32.store (i32.const 16) (f32.neg (f32.const nan:0x1234)))"
    "(f64.store (i32.const 24) (f64.sqrt (f64.const -1)))"
    "(f64.store (i32.const 32) (f64.min (f64.const nan:0x5) (f64.const 1)))"
    "(f32.store (i32.const 40) (f32.demote_f64 (f64.const nan:0x7777777777)))"
    "(f64.store (i32.const 48) (f64.floor (f64.const -2.5)))"
    "(f64.store (i32.const 56) (f64.nearest (f64.const 2.5)))"
    "(i64.store (i32.const 64) (i64.trunc_sat_f64_s (f64.const nan)))"
    "(f32.store (i32.const 72) (f32.copysign (f32.const nan:0x99) (f32.const -1)))"
    "(i32.store (i32.const 80) (i32.popcnt (i32.const 0x12345678)))"
    "(call $return (i32.const 0) (i32.const 84)) i32.const 0))",
    // storage, events, trap
    "(module (import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(import \"env\" \"emit\" (func $e (param i32 i32 i32 i32))) (memory (export \"memory\") 1)"
    "(func (export \"execute\") (result i32) (local i32)"
    "(loop (i32.store (i32.const 0) (local.get 0)) (call $w (i32.const 0) (i32.const 4) (i32.const 0) (local.get 0))"
    "(call $e (i32.const 0) (i32.const 2) (i32.const 0) (local.get 0))"
    "(br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 30)))) i32.const 0))",
    "(module (memory 1) (func $g (param i32) (drop (i32.load (local.get 0)))) (func (export \"execute\") (result i32)"
    "(call $g (i32.const 65535)) i32.const 0))",
    "(module (func $f (call $f)) (func (export \"execute\") (result i32) (call $f) i32.const 0))",
    "(module (func (export \"execute\") (result i32) unreachable))",
    "(module (func (export \"execute\") (result i32) (loop (br 0)) i32.const 0))",
};

static void check_frames(const aether_execution_result *a, const aether_execution_result *b) {
    CHECK_U64(a->trap != NULL, b->trap != NULL);
    if (a->trap == NULL)
        return;
    CHECK_U64(a->trap->frame_count, b->trap->frame_count);
    for (size_t i = 0; i < a->trap->frame_count; i++) {
        CHECK_U64(a->trap->frames[i].index, b->trap->frames[i].index);
        CHECK_U64(a->trap->frames[i].offset, b->trap->frames[i].offset);
    }
}

static void check_equal(const aether_execution_result *a, const aether_execution_result *b) {
    CHECK_U64(a->outcome, b->outcome);
    CHECK_I64(a->code, b->code);
    CHECK_U64(a->gas_used, b->gas_used);
    CHECK_U64(a->end, b->end);
    CHECK_BYTES(a->return_data, b->return_data);
    CHECK_U64(a->change_count, b->change_count);
    for (size_t i = 0; i < a->change_count; i++) {
        CHECK_BYTES(a->changes[i].key, b->changes[i].key);
        CHECK_BYTES(a->changes[i].value, b->changes[i].value);
    }
    CHECK_U64(a->log_count, b->log_count);
    for (size_t i = 0; i < a->log_count; i++)
        CHECK_BYTES(a->logs[i].data, b->logs[i].data);
    check_frames(a, b);
}

static void every_compiler_gives_the_same(void) {
    for (size_t i = 0; i < sizeof contracts / sizeof contracts[0]; i++) {
        setting with = {0};
        aether_execution_result first = run_text(contracts[i], &with);
        for (int compiler = 1; compiler <= AETHER_COMPILER_PULLEY; compiler++) {
            with.compiler = (aether_compiler)compiler;
            aether_execution_result other = run_text(contracts[i], &with);
            check_equal(&first, &other);
            aether_execution_result_destroy(&other);
        }
        aether_execution_result_destroy(&first);
    }
}

static void computed_nans_are_canonical_and_moves_keep_bits(void) {
    const setting with = {0};
    aether_execution_result result = run_text(contracts[2], &with);
    CHECK(result.success);
    uint32_t word[21];
    memcpy(word, result.return_data.data, sizeof word);
    CHECK_U64(word[0], 0x7fc00000);
    CHECK_U64(word[2], 0);
    CHECK_U64(word[3], 0x7ff80000);
    CHECK_U64(word[4], 0xff801234); // neg keeps the payload
    CHECK_U64(word[7], 0x7ff80000);
    CHECK_U64(word[9], 0x7ff80000);
    CHECK_U64(word[10], 0x7fc00000);
    CHECK_U64(word[18], 0xff800099); // copysign keeps the payload
    aether_execution_result_destroy(&result);
}

TEST_MAIN(TEST(every_compiler_gives_the_same) TEST(computed_nans_are_canonical_and_moves_keep_bits))
