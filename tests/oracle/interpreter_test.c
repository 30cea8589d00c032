/* The runtime does on every compiler what the interpreter does: outcome, gas, data, effects, memory, and the
 * call at which the metered stack ends.
 * Method: contracts under every gas limit from 0 to their total and one more; recursion of random shapes, counted
 * by what each call logs; random programs under random limits. The interpreter itself is held against
 * numbers that were worked out by hand from the schedule. */
#include "oracle/interpreter.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "engine/engine.h"
#include "harness/test.h"
#include "oracle/random_trial.h"

#include <stdio.h>
#include <stdlib.h>

#define RANDOM_PROGRAMS 700
#define ENDLESS_GAS 3000

typedef struct binary {
    uint8_t *data;
    size_t len;
} binary;

static binary binary_of(const char *text) {
    aether_error err;
    binary wasm = {0};
    CHECK_OK(ae_text_to_binary(ae_bytes_of(text), &wasm.data, &wasm.len, &err));
    return wasm;
}

static oracle_result interpret(
    interpreter **out_interpreter, binary wasm, aether_schedule schedule, uint64_t gas_limit) {
    aether_execution_context context = trial_context(gas_limit);
    context.value = (aether_u128){0};
    *out_interpreter = interpreter_create(ae_bytes(wasm.data, wasm.len), ae_schedule_get(schedule));
    return interpreter_run(*out_interpreter, &context, (aether_bytes){0}, NULL);
}

// Under schedule unit: an instruction 1, an entry 1, the free ones 0.
static void gas_is_what_the_schedule_says(void) {
    static const struct {
        const char *body;
        uint64_t gas;
        uint64_t instructions;
    } cases[] = {
        {"i32.const 0", 1 + 1, 2}, // and its end
        {"nop (block (nop)) i32.const 1 drop (return (i32.const 0))", 3, 8},
        {"(if (i32.const 1) (then nop) (else unreachable)) i32.const 0", 4, 6},
        {"(if (i32.const 0) (then unreachable)) i32.const 0", 4, 4},
        {"call 1 call 1 i32.const 0", 1 + 3 + 2 * 1, 6}, // its end, twice
        {"(memory.fill (i32.const 0) (i32.const 1) (i32.const 9)) i32.const 0", 1 + 3 + 1 + 9 + 1,
            6},
        {"(drop (memory.grow (i32.const 1))) i32.const 0", 4, 5},
        {"(drop (memory.grow (i32.const 9))) i32.const 0", 4, 5},
        {"(loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3))))"
         "i32.const 0",
            1 + 3 * 6 + 1 + 3, 2 + 3 * 7 + 2 + 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
            "(module (memory 1 2) (func (export \"execute\") (result i32) (local i32) %s) (func))",
            cases[i].body);
        binary wasm = binary_of(text);
        interpreter *self = NULL;
        const oracle_result run = interpret(&self, wasm, AETHER_SCHEDULE_UNIT, UINT64_MAX);
        if (!run.seen.success || run.seen.gas_used != cases[i].gas)
            test_fail(__FILE__, __LINE__, "%s: %llu gas", cases[i].body,
                (unsigned long long)run.seen.gas_used);
        interpreter_destroy(self);
        ae_free(wasm.data);
    }
}

static void the_dear_prices_are_of_the_schedule_too(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    binary wasm = binary_of("(module (memory 1 4) (func (export \"execute\") (result i32)"
                            "(local i64 i64 i64) (drop (memory.grow (i32.const 2)))"
                            "(drop (i32.div_u (i32.const 8) (i32.const 3))) i32.const 0))");
    interpreter *self = NULL;
    const oracle_result run = interpret(&self, wasm, AETHER_SCHEDULE_V1, UINT64_MAX);
    const uint64_t entry = v1->function_entry + 3 * v1->function_local;
    const uint64_t grow = v1->opcodes[AE_OP_memory_grow] + 2 * v1->grow_page;
    CHECK_U64(run.seen.gas_used,
        entry + 4 * v1->opcodes[AE_OP_i32_const] + grow + v1->opcodes[AE_OP_i32_div_u]);
    CHECK_U64(run.depth_max, 1);
    interpreter_destroy(self);
    ae_free(wasm.data);
}

static void memory_is_hashed_as_it_is_in_the_end(void) {
    static uint8_t expected[2 * 65536];
    aether_hash hash;
    binary wasm =
        binary_of("(module (memory 1 2) (data (i32.const 5) \"abc\") (func (export \"execute\")"
                  "(result i32) (drop (memory.grow (i32.const 1))) (i32.store16"
                  "(i32.const 131070) (i32.const 0x1234)) i32.const 7))");
    interpreter *self = NULL;
    const oracle_result run = interpret(&self, wasm, AETHER_SCHEDULE_UNIT, UINT64_MAX);
    memcpy(expected + 5, "abc", 3);
    expected[131070] = 0x34;
    expected[131071] = 0x12;
    ae_sha256(ae_bytes(expected, sizeof expected), &hash);
    CHECK_I64(run.seen.code, 7);
    CHECK_BYTES(
        ae_bytes(run.seen.memory_hash.bytes, sizeof hash), ae_bytes(hash.bytes, sizeof hash));
    interpreter_destroy(self);
    ae_free(wasm.data);
}

#define IMPORTS                                                                           \
    "(import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"               \
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"                     \
    "(import \"env\" \"storage_read\" (func $read (param i32 i32 i32 i32) (result i32)))" \
    "(import \"env\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"            \
    "(import \"env\" \"storage_remove\" (func $remove (param i32 i32) (result i32)))"     \
    "(import \"env\" \"storage_next\" (func $next (param i32 i32 i32 i32 i32 i32 i32)"    \
    " (result i32)))"                                                                     \
    "(import \"env\" \"emit\" (func $emit (param i32 i32 i32 i32)))"                      \
    "(import \"env\" \"log\" (func $log (param i32 i32)))"                                \
    "(import \"env\" \"revert\" (func $revert (param i32 i32)))"                          \
    "(import \"env\" \"panic\" (func $panic (param i32 i32 i32 i32 i32)))"                \
    "(import \"env\" \"gas_left\" (func $gas_left (result i64)))"                         \
    "(import \"env\" \"sha256\" (func $sha256 (param i32 i32 i32)))"
#define HEAD                                              \
    "(module " IMPORTS "(memory (export \"memory\") 1 3)" \
    "(data (i32.const 0) \"keyvaluereasonfile.c\") (data $passive \"passive bytes\")"
#define EXECUTE "(func (export \"execute\") (result i32) (local i32 i32 i64)"
#define TAIL "))"
#define SIMPLE(body) HEAD EXECUTE body TAIL
#define EFFECTS                                                             \
    "(call $write (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 5))" \
    "(call $emit (i32.const 0) (i32.const 1) (i32.const 3) (i32.const 5))"  \
    "(call $return (i32.const 3) (i32.const 5))"

typedef struct contract {
    const char *text;
    bool is_endless; // as far as gas goes
} contract;

static const contract contracts[] = {
    {SIMPLE("i32.const 0"), false},
    {SIMPLE("i32.const -1"), false},
    {SIMPLE(EFFECTS "i32.const 0"), false},
    {SIMPLE(EFFECTS "i32.const 9"), false},
    {SIMPLE(EFFECTS "unreachable"), false},
    {SIMPLE(EFFECTS "(call $revert (i32.const 8) (i32.const 6)) unreachable"), false},
    {SIMPLE(EFFECTS
         "(call $panic (i32.const 8) (i32.const 6) (i32.const 14) (i32.const 6) (i32.const 3))"
         "i32.const 0"),
        false},
    {SIMPLE(EFFECTS "(call $revert (i32.const 65535) (i32.const 6)) i32.const 0"), false},
    // loops
    {SIMPLE(
         "(loop (local.set 1 (i32.add (local.get 1) (local.get 0))) (br_if 0 (i32.lt_u (local.tee 0"
         "(i32.add (local.get 0) (i32.const 1))) (i32.const 40)))) local.get 1"),
        false},
    {SIMPLE(
         "(loop (block (loop (br_if 1 (i32.ge_u (local.get 1) (i32.const 7))) (local.set 1 (i32.add"
         "(local.get 1) (i32.const 1))) (br 0))) (local.set 1 (i32.const 0)) (br_if 0 (i32.ne (local.tee 0"
         "(i32.add (local.get 0) (i32.const 1))) (i32.const 9)))) i32.const 0"),
        false},
    {SIMPLE(
         "(loop (if (i32.lt_u (local.get 0) (i32.const 30)) (then (local.set 0 (i32.add (local.get 0)"
         "(i32.const 1))) (br_if 1 (i32.and (local.get 0) (i32.const 1))) (local.set 1 (i32.add"
         "(local.get 1) (i32.const 5))) (br 1)) (else (return (local.get 1))))) i32.const 0"),
        false},
    {SIMPLE("(loop (i32.store8 (local.get 0) (local.get 0)) (local.set 0 (i32.add (local.get 0)"
            "(i32.const 4093))) (br 0)) i32.const 0"), // runs over the end of memory
        false},
    {SIMPLE("(loop (drop (i32.div_u (i32.const 100) (i32.sub (i32.const 20) (local.tee 0 (i32.add"
            "(local.get 0) (i32.const 1)))))) (br 0)) i32.const 0"),
        false},
    {SIMPLE("(loop (br 0)) i32.const 0"), true},
    {SIMPLE("(loop (br_if 0 (i32.const 1))) i32.const 0"), true},
    {SIMPLE("(loop (br_table 0 0 0 (i32.const 1))) i32.const 0"), true},
    {SIMPLE("(loop (drop (call $gas_left)) (br 0)) i32.const 0"), true},
    {SIMPLE("(loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 300)) (br 0)) i32.const 0"),
        true},
    {SIMPLE("(loop (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1)))"
            "(i32.const 5)))) (local.set 0 (i32.const 0)) (br 0)) i32.const 0"),
        true},
    // calls
    {HEAD
        "(func $fib (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))"
        "(then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
        "(call $fib (i32.sub (local.get 0) (i32.const 2)))))))" EXECUTE
        "(call $fib (i32.const 7))" TAIL,
        false},
    {HEAD
        "(func $a (param i32) (local f64 f64) (if (local.get 0) (then (call $b (i32.sub (local.get 0)"
        "(i32.const 1)))))) (func $b (param i32) (call $a (local.get 0)) (call $log (i32.const 0)"
        "(local.get 0)))" EXECUTE "(call $a (i32.const 9)) i32.const 0" TAIL,
        false},
    {HEAD "(func $f (call $f) (call $f))" EXECUTE "(call $f) i32.const 0" TAIL, true},
    {HEAD "(func $f (local i64 i64 i64 i64) nop nop nop nop nop nop nop nop (call $f))" EXECUTE
          "(call $f) i32.const 0" TAIL, // the stack ends
        false},
    {HEAD
        "(type $t (func (param i32) (result i32))) (table 5 funcref) (elem (i32.const 0) $a $b $log)"
        "(func $a (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
        "(func $b (param i32) (result i32) (local i32 i32) (i32.shl (local.get 0) (i32.const 1)))" EXECUTE
        "(loop (local.set 1 (call_indirect (type $t) (local.get 1) (i32.rem_u (local.get 0)"
        "(i32.const 2)))) (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1)))"
        "(i32.const 9)))) local.get 1" TAIL,
        false},
    {HEAD
        "(type $t (func (param i32 i32))) (table 5 funcref) (elem (i32.const 1) $log $input $write)" EXECUTE
        "(call_indirect (type $t) (i32.const 0) (i32.const 3) (i32.const 1)) (call_indirect (type $t)"
        "(i32.const 0) (i32.const 3) (i32.const 2)) i32.const 0" TAIL,
        false},
    {HEAD "(type $t (func (param i32 i32))) (table 5 funcref)" EXECUTE EFFECTS
          "(call_indirect (type $t) (i32.const 0) (i32.const 3) (i32.const 4)) i32.const 0" TAIL,
        false},
    {HEAD "(type $t (func (param i32 i32))) (table 5 funcref)" EXECUTE EFFECTS
          "(call_indirect (type $t) (i32.const 0) (i32.const 3) (i32.const 5)) i32.const 0" TAIL,
        false},
    // nothing that costs follows the last check
    {SIMPLE("(local.set 0 (i32.const 3)) i32.const 0 loop end"), false},
    {SIMPLE("i32.const 0 (memory.fill (i32.const 1) (i32.const 2) (i32.const 3))"), false},
    {HEAD "(func $f)" EXECUTE "i32.const 0 (call $f)" TAIL, false},
    {HEAD "(func $f (local i64 i64) nop nop nop)" EXECUTE
          "(block (br_if 0 (i32.const 1)) (call $f)) i32.const 0"
          " (loop (call $f))" TAIL,
        false},
    // branches
    {HEAD
        "(func $f (param i32) (result i32) (i32.const 100) (block (result i32) (block (result i32)"
        "(i32.const 5) (local.get 0) (br_table 0 1 2 1)) (i32.mul (i32.const 3))) i32.add)" EXECUTE
        "(i32.add (i32.add (call $f (i32.const 0)) (call $f (i32.const 1))) (i32.add"
        "(call $f (i32.const 2)) (call $f (i32.const -1))))" TAIL,
        false},
    {SIMPLE(
         "block br 0 (if (i32.const 1) (then unreachable)) call $gas_left drop end block (result i32)"
         "(br 0 (i32.const 4)) i32.add end drop (block (return (i32.const 0)) (loop br 0)) i32.const 3"),
        false},
    // memory
    {SIMPLE(
         "(memory.fill (i32.const 100) (i32.const 9) (i32.const 50)) (memory.copy (i32.const 120)"
         "(i32.const 90) (i32.const 40)) (memory.init $passive (i32.const 130) (i32.const 2) (i32.const 9))"
         "(data.drop $passive) (call $return (i32.const 90) (i32.const 100)) i32.const 0"),
        false},
    {SIMPLE(EFFECTS "(memory.fill (i32.const 65530) (i32.const 9) (i32.const 7)) i32.const 0"),
        false},
    {SIMPLE("(memory.copy (i32.const 0) (i32.const 65530) (i32.const 7)) i32.const 0"), false},
    {SIMPLE("(memory.init $passive (i32.const 0) (i32.const 7) (i32.const 7)) i32.const 0"), false},
    {SIMPLE(
         "(data.drop $passive) (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 1)) i32.const 0"),
        false},
    {SIMPLE("(memory.fill (i32.const 0) (i32.const 9) (i32.const -1)) i32.const 0"), false},
    {SIMPLE(
         "(i32.store (i32.const 4) (memory.grow (i32.const 5))) (i32.store (i32.const 8) (memory.grow"
         "(i32.const 2))) (i32.store (i32.const 12) (memory.grow (i32.const 1))) (i32.store"
         "(i32.const 196604) (memory.size)) (call $return (i32.const 0) (i32.const 16)) i32.const 0"),
        false},
    // effects
    {SIMPLE(
         "(loop (i32.store (i32.const 0) (local.get 0)) (call $write (i32.const 0) (i32.const 4)"
         "(i32.const 0) (local.get 0)) (call $emit (i32.const 0) (i32.const 2) (i32.const 0) (local.get 0))"
         "(br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3))))"
         "(drop (call $remove (i32.const 0) (i32.const 4))) (drop (call $read (i32.const 0) (i32.const 4)"
         "(i32.const 64) (i32.const 64))) i32.const 0"),
        false},
    {SIMPLE(EFFECTS
         "(drop (call $next (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1)"
         "(i32.const 64) (i32.const 64))) (call $sha256 (i32.const 0) (i32.const 128)"
         "(i32.const 3)) (call $return (i32.const 3) (i32.const 32)) i32.const 0"),
        false},
    {SIMPLE(
         "(i64.store (i32.const 64) (call $gas_left)) (call $return (i32.const 64) (i32.const 8)) i32.const 0"),
        false},
    {SIMPLE(EFFECTS
         "(call $write (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 5)) i32.const 0"),
        false},
    // names that the metered module uses for itself
    {HEAD
        "(global $g (mut i64) (i64.const 5)) (export \"end\" (global $g)) (func $f (export \"start\")"
        "(param f32) (result i64) (global.set $g (i64.const -2)) global.get $g)" EXECUTE
        "(drop (call $f (f32.const 1))) unreachable" TAIL,
        false},
    {"(module (memory (export \"other\") 1) (func (export \"end\")) (func (export \"execute\") (result i32)"
     "(local i32) (i32.store (i32.const 65532) (i32.const 5)) (i32.load (i32.const 65532))))",
        false},
    // every kind of parameter and result
    {HEAD
        "(func $f (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64"
        " f32 f64 i32 i64 f32 f64 i32 i64 f32 f64) (result f64) (local f32) (local.set 3 (f64.add"
        "(local.get 3) (local.get 31))) (local.get 3)) (func $g (result f32) (f32.const 2))" EXECUTE
        "(i32.trunc_f64_s (f64.add (call $f (i32.const 0) (i64.const 1) (f32.const 2) (f64.const 3)"
        "(i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7) (i32.const 0) (i64.const 1)"
        "(f32.const 2) (f64.const 3) (i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)"
        "(i32.const 0) (i64.const 1) (f32.const 2) (f64.const 3) (i32.const 4) (i64.const 5)"
        "(f32.const 6) (f64.const 7) (i32.const 0) (i64.const 1) (f32.const 2) (f64.const 3)"
        "(i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)) (f64.promote_f32 (call $g))))" TAIL,
        false},
    // start functions
    {HEAD
        "(global $g (mut i32) (i32.const 1)) (start $s) (func $s (local i32) nop (global.set $g (i32.const 0))"
        "(call $log (i32.const 0) (i32.const 3)))" EXECUTE "global.get $g" TAIL,
        false},
    {HEAD "(start $s) (func $s " EFFECTS "(loop (br_if 0 (i32.const 0))) unreachable)" EXECUTE
          "i32.const 0" TAIL,
        false},
    {HEAD "(start $s) (func $s " EFFECTS "(call $revert (i32.const 0) (i32.const 3)))" EXECUTE
          "i32.const 0" TAIL,
        false},
    {HEAD "(start $s) (func $s (call $s))" EXECUTE "i32.const 0" TAIL, false},
    {HEAD "(start $s) (func $s (drop (i32.load (i32.const -4))))" EXECUTE "i32.const 0" TAIL,
        false},
};

static void check_limit(trial *of, const char *text, uint64_t limit) {
    static const uint8_t input[12] = {3, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255};
    aether_execution_context context = trial_context(limit);
    if (!trial_run(of, &context, ae_bytes(input, sizeof input), NULL))
        test_fail(__FILE__, __LINE__, "%s\n%s", text, of->difference);
    if (limit > of->expected.gas_spent || of->expected.seen.end == AETHER_END_OUT_OF_GAS)
        return;
    CHECK_U64(limit, of->expected.gas_spent);
}

// All limits where that is not too many, else all near both ends and some between.
static void sweep_limits(trial *of, const contract *about) {
    static const uint64_t large[] = {
        (uint64_t)INT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    uint64_t total = ENDLESS_GAS;
    if (!about->is_endless) {
        for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
            check_limit(of, about->text, large[i]);
        total = of->expected.gas_spent;
    }
    const uint64_t stride = total / 1500 + 1;
    for (uint64_t limit = 0; limit <= total + 1;
         limit += limit < 500 || limit + 500 > total ? 1 : stride) {
        check_limit(of, about->text, limit);
        const bool is_failed = of->expected.seen.end == AETHER_END_OUT_OF_GAS;
        CHECK(is_failed == (about->is_endless || limit < total));
    }
}

static void check_contracts(aether_schedule schedule) {
    trial_engines engines = trial_engines_open(schedule, TRIAL_TWO_COMPILERS);
    for (size_t i = 0; i < sizeof contracts / sizeof contracts[0]; i++) {
        binary wasm = binary_of(contracts[i].text);
        trial of = trial_open(&engines, ae_bytes(wasm.data, wasm.len));
        sweep_limits(&of, &contracts[i]);
        trial_close(&of);
        ae_free(wasm.data);
    }
    trial_engines_close(&engines);
}

static void contracts_agree_at_every_limit_under_v1(void) {
    check_contracts(AETHER_SCHEDULE_V1);
}

static void contracts_agree_at_every_limit_under_unit(void) {
    check_contracts(AETHER_SCHEDULE_UNIT);
}

static void contracts_agree_on_every_compiler_and_in_a_query(void) {
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_ALL_COMPILERS);
    for (size_t i = 0; i < sizeof contracts / sizeof contracts[0]; i++) {
        char text[8192];
        const char *name = strstr(contracts[i].text, "\"execute\"");
        snprintf(text, sizeof text, "%.*s\"execute\") (export \"query\"%s",
            (int)(name - contracts[i].text), contracts[i].text, name + strlen("\"execute\""));
        binary wasm = binary_of(text);
        trial of = trial_open(&engines, ae_bytes(wasm.data, wasm.len));
        check_limit(&of, text, 300000);
        aether_execution_context context = trial_context(300000);
        context.entry = AETHER_ENTRY_QUERY;
        context.value = (aether_u128){0};
        if (!trial_run(&of, &context, (aether_bytes){0}, NULL))
            test_fail(__FILE__, __LINE__, "%s\n%s", text, of.difference);
        trial_close(&of);
        ae_free(wasm.data);
    }
    trial_engines_close(&engines);
}

static size_t append(char *text, size_t len, size_t size, const char *piece, uint32_t times) {
    for (uint32_t i = 0; i < times; i++)
        len += (size_t)snprintf(text + len, size - len, "%s", piece);
    CHECK(len < size);
    return len;
}

// A function that logs, then calls the next one with the depth less one: params, locals and operands at will.
static size_t write_recursive(
    char *text, size_t len, size_t size, uint32_t number, uint32_t next, uint64_t *state) {
    char piece[128];
    const uint32_t params = (uint32_t)(test_random(state) % 12);
    const uint32_t locals = (uint32_t)(test_random(state) % 30);
    const uint32_t operands = (uint32_t)(test_random(state) % 40);
    snprintf(piece, sizeof piece, "(func $f%u (export \"f%u\") (param i32)", number, number);
    len = append(text, len, size, piece, 1);
    len = append(text, len, size, "(local i64)", params + locals);
    len = append(text, len, size, "nop nop ", params + locals);
    len = append(
        text, len, size, "(call $log (i32.const 0) (i32.const 1)) (if (local.get 0) (then ", 1);
    len = append(text, len, size, "f64.const 1 ", operands);
    const bool is_indirect = test_random(state) % 2 == 0;
    snprintf(piece, sizeof piece,
        is_indirect
            ? "(call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const %u))"
            : "(call $f%u (i32.sub (local.get 0) (i32.const 1)))",
        is_indirect ? next + 1 : next);
    len = append(text, len, size, piece, 1);
    len = append(text, len, size, "drop ", operands);
    return append(text, len, size, "))) ", 1);
}

static bool run_to_depth(trial *of, uint32_t depth) {
    uint8_t input[4];
    ae_put_u32_le(input, depth);
    const aether_execution_context context = trial_context(UINT64_MAX);
    if (!trial_run(of, &context, ae_bytes(input, sizeof input), NULL))
        test_fail(__FILE__, __LINE__, "depth %u: %s", depth, of->difference);
    return of->expected.seen.success;
}

// Up to three functions that call each other in a ring.
static void check_recursion(const trial_engines *engines, uint64_t *state) {
    static char text[16384];
    const uint32_t functions = 1 + (uint32_t)(test_random(state) % 3);
    size_t len = append(text, 0, sizeof text,
        HEAD "(type $t (func (param i32))) (type $two (func (param i32 i32)))"
             "(table 4 funcref) (elem (i32.const 0) $log $f0",
        1);
    len = append(text, len, sizeof text, functions > 1 ? " $f1" : "", 1);
    len = append(text, len, sizeof text, functions > 2 ? " $f2)" : ")", 1);
    for (uint32_t i = 0; i < functions; i++)
        len = write_recursive(text, len, sizeof text, i, (i + 1) % functions, state);
    append(text, len, sizeof text,
        EXECUTE
        "(drop (call $input (i32.const 32) (i32.const 4))) (call $f0 (i32.load (i32.const 32)))"
        "i32.const 0" TAIL,
        1);
    binary wasm = binary_of(text);
    trial of = trial_open(engines, ae_bytes(wasm.data, wasm.len));
    CHECK(!run_to_depth(&of, 1000000));
    CHECK_U64(of.expected.seen.end, AETHER_END_STACK_EXHAUSTED);
    // `execute` is one of them, and depth n makes n + 1 calls.
    const uint32_t calls = of.expected.depth_max - 1;
    CHECK_U64(strlen(of.expected.seen.debug_text), 2 * (uint64_t)calls); // "k", newline
    CHECK(run_to_depth(&of, calls - 1));
    CHECK(!run_to_depth(&of, calls));
    CHECK_U64(of.expected.seen.end, AETHER_END_STACK_EXHAUSTED);
    trial_close(&of);
    ae_free(wasm.data);
}

static void the_metered_stack_ends_at_the_same_call_for_random_frames(void) {
    uint64_t state = test_seed();
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_ALL_COMPILERS);
    for (int i = 0; i < 40; i++)
        check_recursion(&engines, &state);
    trial_engines_close(&engines);
}

// 64 + 8 × 8 = 128 bytes each: $f has a parameter, five locals and two operands; execute three locals and
// five operands. 262,144 / 128 = 2,048, so the last call takes the last byte.
static void the_metered_stack_can_be_used_to_its_last_byte(void) {
    static const char text[] = HEAD
        "(func $f (param i32) (local i32 i32 i32 i32 i32) nop nop nop nop nop (call $log (i32.const 0)"
        "(i32.const 1)) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))" EXECUTE
        "(drop (call $input (i32.const 32) (i32.const 4))) (call $f (i32.load (i32.const 32)))"
        "i32.const 0 i32.const 1 i32.const 2 i32.const 3 i32.const 4 drop drop drop drop" TAIL;
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_ALL_COMPILERS);
    binary wasm = binary_of(text);
    trial of = trial_open(&engines, ae_bytes(wasm.data, wasm.len));
    CHECK(run_to_depth(&of, 2046));
    CHECK_U64(of.expected.depth_max, 2048);
    CHECK(!run_to_depth(&of, 2047));
    CHECK_U64(of.expected.seen.end, AETHER_END_STACK_EXHAUSTED);
    CHECK_U64(of.expected.depth_max, 2048);
    trial_close(&of);
    ae_free(wasm.data);
    trial_engines_close(&engines);
}

static void check_random_programs(aether_schedule schedule) {
    trial_engines engines = trial_engines_open(schedule, TRIAL_TWO_COMPILERS);
    random_tally tally = {0};
    wasm_builder module = {0};
    char difference[512];
    uint64_t state = test_seed() + schedule;
    for (uint32_t i = 0; i < RANDOM_PROGRAMS; i++) {
        const uint64_t seed = test_random(&state);
        if (!random_trial(&engines, seed, 0, &tally, &module, difference))
            test_fail(
                __FILE__, __LINE__, "program %#llx: %s", (unsigned long long)seed, difference);
    }
    random_tally_print(&tally);
    for (int i = 0; i < 3; i++)
        CHECK(tally.outcomes[i] > tally.runs / 50);
    CHECK(tally.effects > RANDOM_PROGRAMS / 4);
    wasm_free(&module);
    trial_engines_close(&engines);
}

static void random_programs_agree_under_v1(void) {
    check_random_programs(AETHER_SCHEDULE_V1);
}

static void random_programs_agree_under_unit(void) {
    check_random_programs(AETHER_SCHEDULE_UNIT);
}

// The same programs in every run, on all four compilers; the size of every fifth is not divided.
static void the_fixed_corpus_agrees_on_every_compiler(void) {
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_ALL_COMPILERS);
    random_tally tally = {0};
    wasm_builder module = {0};
    char difference[512];
    for (uint64_t seed = 1; seed <= 100; seed++)
        if (!random_trial(&engines, seed, seed % 5 == 0 ? 1 : 20, &tally, &module, difference))
            test_fail(__FILE__, __LINE__, "program %llu: %s", (unsigned long long)seed, difference);
    random_tally_print(&tally);
    wasm_free(&module);
    trial_engines_close(&engines);
}

// clang-format off
TEST_MAIN(
    TEST(gas_is_what_the_schedule_says)
    TEST(the_dear_prices_are_of_the_schedule_too)
    TEST(memory_is_hashed_as_it_is_in_the_end)
    TEST(contracts_agree_at_every_limit_under_v1)
    TEST(contracts_agree_at_every_limit_under_unit)
    TEST(contracts_agree_on_every_compiler_and_in_a_query)
    TEST(the_metered_stack_ends_at_the_same_call_for_random_frames)
    TEST(the_metered_stack_can_be_used_to_its_last_byte)
    TEST(the_fixed_corpus_agrees_on_every_compiler)
    TEST(random_programs_agree_under_v1)
    TEST(random_programs_agree_under_unit))
