/* Canonical floats in the bytecode are those of the engine's own flag, and those of the rule, bit for bit.
 * Method: every float instruction over patterns, its result observed in sixteen ways, and random programs;
 * as uploaded on engines with the flag, rewritten on engines without it, and against C. */
#include "oracle/canonicalize.h"
#include "oracle/float_program.h"

#include "base/alloc.h"
#include "engine/config.h"
#include "harness/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <wasmtime.h>

#define RANDOM_PROGRAMS 1200 // AETHER_FLOAT_PROGRAMS asks for another number

// ---- Engines

enum { MACHINES = AETHER_COMPILER_PULLEY + 1 };

typedef struct machines {
    wasm_engine_t *with_flag[MACHINES];
    wasm_engine_t *without[MACHINES];
} machines;

static wasm_engine_t *open_engine(aether_compiler compiler, bool has_flag) {
    const ae_engine_settings settings = {.compiler = compiler, .instances_max = 2};
    aether_error err = {0};
    wasm_config_t *config = NULL;
    CHECK_OK(ae_engine_config(&settings, &config, &err));
    wasmtime_config_cranelift_nan_canonicalization_set(config, has_flag);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine != NULL);
    return engine;
}

static machines open_machines(void) {
    machines m;
    for (int i = 0; i < MACHINES; i++) {
        m.with_flag[i] = open_engine((aether_compiler)i, true);
        m.without[i] = open_engine((aether_compiler)i, false);
    }
    return m;
}

static void close_machines(machines *m) {
    for (int i = 0; i < MACHINES; i++) {
        wasm_engine_delete(m->with_flag[i]);
        wasm_engine_delete(m->without[i]);
    }
}

static void check_error(wasmtime_error_t *error) {
    if (error == NULL)
        return;
    wasm_byte_vec_t message;
    wasmtime_error_message(error, &message);
    test_fail(__FILE__, __LINE__, "engine: %.*s", (int)message.size, message.data);
}

// How `execute` ended, and the memory then.
typedef struct outcome {
    bool is_trap;
    int32_t result;
    uint8_t *memory; // owned
    size_t len;
} outcome;

static outcome run(wasm_engine_t *engine, aether_bytes wasm) {
    outcome out = {0};
    wasmtime_module_t *module = NULL;
    wasmtime_instance_t instance;
    wasmtime_extern_t execute, memory;
    wasmtime_val_t result;
    wasm_trap_t *trap = NULL;
    check_error(wasmtime_module_new(engine, wasm.data, wasm.len, &module));
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    check_error(wasmtime_instance_new(context, module, NULL, 0, &instance, &trap));
    CHECK(trap == NULL);
    CHECK(wasmtime_instance_export_get(context, &instance, "execute", 7, &execute));
    CHECK(wasmtime_instance_export_get(context, &instance, "memory", 6, &memory));
    check_error(wasmtime_func_call(context, &execute.of.func, NULL, 0, &result, 1, &trap));
    out.is_trap = trap != NULL;
    if (trap == NULL)
        out.result = result.of.i32;
    else
        wasm_trap_delete(trap);
    out.len = wasmtime_memory_data_size(context, &memory.of.memory);
    out.memory = malloc(out.len);
    CHECK(out.memory != NULL);
    memcpy(out.memory, wasmtime_memory_data(context, &memory.of.memory), out.len);
    wasmtime_store_delete(store);
    wasmtime_module_delete(module);
    return out;
}

static uint32_t rewrite(aether_bytes wasm, wasm_builder *out) {
    aether_error err = {0};
    ae_module module;
    CHECK_OK(ae_module_decode(wasm, (ae_import_rules){0}, &module, &err));
    const uint32_t count = canonicalize(&module, ae_canonical_emit, out);
    ae_module_deinit(&module);
    return count;
}

static wasm_byte_vec_t binary_of(const char *text) {
    wasm_byte_vec_t wasm;
    check_error(wasmtime_wat2wasm(text, strlen(text), &wasm));
    return wasm;
}

static uint32_t rewrite_text(const char *text, wasm_builder *out) {
    wasm_byte_vec_t wasm = binary_of(text);
    const uint32_t count =
        rewrite((aether_bytes){.data = (const uint8_t *)wasm.data, .len = wasm.size}, out);
    wasm_byte_vec_delete(&wasm);
    return count;
}

// ---- Every instruction

enum { F32 = 4, F64 = 8 };

typedef enum operation {
    SAME,
    NEG,
    ABS,
    COPYSIGN,
    CEIL,
    FLOOR,
    TRUNC,
    NEAREST,
    SQRT,
    ADD,
    SUB,
    MUL,
    DIV,
    MIN,
    MAX,
    PROMOTE,
    DEMOTE,
    OPERATION_COUNT
} operation;

static const char *const names[OPERATION_COUNT] = {NULL, "neg", "abs", "copysign", "ceil", "floor",
    "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min", "max", "promote_f32",
    "demote_f64"};

static bool is_binary(operation op) {
    return op == COPYSIGN || (op >= ADD && op <= MAX);
}

static bool is_nan(int width, uint64_t bits) {
    return width == F32 ? (bits & 0x7fffffff) > 0x7f800000
                        : (bits & 0x7fffffffffffffff) > 0x7ff0000000000000;
}

static uint64_t sign_of(int width) {
    return width == F32 ? 0x80000000 : 0x8000000000000000;
}

static double value_of(int width, uint64_t bits) {
    double wide;
    float narrow;
    const uint32_t half = (uint32_t)bits;
    memcpy(&wide, &bits, sizeof wide);
    memcpy(&narrow, &half, sizeof narrow);
    return width == F32 ? (double)narrow : wide;
}

// The bits of a computed number: a NaN is the one NaN of its width.
static uint64_t bits_of(int width, double value) {
    uint64_t bits = 0;
    if (isnan(value))
        return width == F32 ? 0x7fc00000 : 0x7ff8000000000000;
    const float narrow = (float)value; // of what was computed from f32: rounding twice is harmless
    if (width == F32)
        memcpy(&bits, &narrow, sizeof narrow);
    else
        memcpy(&bits, &value, sizeof value);
    return bits;
}

static uint64_t extreme(operation op, int width, uint64_t a, uint64_t b) {
    const double x = value_of(width, a), y = value_of(width, b);
    if (isnan(x) || isnan(y))
        return bits_of(width, (double)NAN);
    if (x < y || x > y)
        return (x < y) == (op == MIN) ? a : b;
    return op == MIN ? a | b : a & b; // zeros of either sign
}

static uint64_t compute(operation op, int width, uint64_t a, uint64_t b) {
    const uint64_t sign = sign_of(width);
    const double x = value_of(width, a), y = value_of(width, b);
    switch (op) {
    case NEG:
        return a ^ sign;
    case ABS:
        return a & ~sign;
    case COPYSIGN:
        return (a & ~sign) | (b & sign);
    case CEIL:
        return bits_of(width, ceil(x));
    case FLOOR:
        return bits_of(width, floor(x));
    case TRUNC:
        return bits_of(width, trunc(x));
    case NEAREST:
        return bits_of(width, nearbyint(x));
    case SQRT:
        return bits_of(width, sqrt(x));
    case ADD:
        return bits_of(width, x + y);
    case SUB:
        return bits_of(width, x - y);
    case MUL:
        return bits_of(width, x * y);
    case DIV:
        return bits_of(width, x / y);
    case MIN:
    case MAX:
        return extreme(op, width, a, b);
    case PROMOTE:
        return bits_of(F64, value_of(F32, a));
    case DEMOTE:
        return bits_of(F32, value_of(F64, a));
    default:
        return a;
    }
}

enum { OBSERVERS = 16, RESULTS = 65536 };

// What each way of observing shows of a result, in the order of observer_text.
static void observe(int width, uint64_t bits, uint64_t out[OBSERVERS]) {
    const uint64_t sign = sign_of(width), one = bits_of(width, 1);
    for (int i = 0; i < OBSERVERS; i++)
        out[i] = bits;
    out[2] = bits | sign;
    out[3] = one | (bits & sign);
    out[4] = bits ^ sign;
    out[5] = bits & ~sign;
    out[13] = compute(ADD, width, bits, one);
}

// T: the result's type, N: its bits as an integer's type, X: the instruction with its operands.
static const char observer_text[] =
    "(T.store offset=0 (local.get $at) X)"
    "(N.store offset=8 (local.get $at) (N.reinterpret_T X))"
    "(T.store offset=16 (local.get $at) (T.copysign X (T.const -1)))"
    "(T.store offset=24 (local.get $at) (T.copysign (T.const 1) X))"
    "(T.store offset=32 (local.get $at) (T.neg X))"
    "(T.store offset=40 (local.get $at) (T.abs X))"
    "(T.store offset=48 (local.get $at) (call $same X))"
    "(T.store offset=56 (local.get $at) (call_indirect (type $same) X (i32.const 0)))"
    "(T.store offset=64 (local.get $at) (call $compute (local.get $a) (local.get $b)))"
    "(global.set $g X)"
    "(T.store offset=72 (local.get $at) (global.get $g))"
    "(T.store offset=80 (local.get $at) (select X (T.const 1) (local.get $at)))"
    "(local.set $x X)"
    "(T.store offset=88 (local.get $at) (local.get $x))"
    "(T.store offset=96 (local.get $at) (block (result T)"
    " (drop (br_if 0 X (local.get $at))) (T.const 1)))"
    "(T.store offset=104 (local.get $at) (T.add X (T.const 1)))"
    "(T.store offset=112 (local.get $at) (T.neg (T.neg X)))"
    "(T.store offset=120 (local.get $at) (if (result T) (local.get $at) (then X) (else (T.const 1))))";

// S: the operands' type, P: how far the second operand may go.
static const char module_text[] =
    "(module (memory (export \"memory\") 10 10) (global $g (mut T) (T.const 0))"
    "(type $same (func (param T) (result T))) (table funcref (elem $same))"
    "(func $same (type $same) (local.get 0))"
    "(func $compute (param $a S) (param $b S) (result T) X)"
    "(func $observe (param $a S) (param $b S) (param $at i32) (local $x T) O)"
    "(func (export \"execute\") (result i32) (local $i i32) (local $k i32) (local $at i32)"
    " (local.set $at (i32.const 65536))"
    " (loop $a (local.set $k (i32.const 0))"
    "  (loop $b (call $observe (S.load (local.get $i)) (S.load (local.get $k)) (local.get $at))"
    "   (local.set $at (i32.add (local.get $at) (i32.const 128)))"
    "   (br_if $b (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 8))) (i32.const P))))"
    "  (br_if $a (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 512))))"
    " (i32.const 0)) (data (i32.const 0) \"D\"))";

typedef struct text {
    char data[32768];
    size_t len;
} text;

static void append(text *t, const char *more) {
    const size_t len = strlen(more);
    CHECK(t->len + len < sizeof t->data);
    memcpy(t->data + t->len, more, len + 1);
    t->len += len;
}

static void append_patterns(text *t, int width) {
    char byte[4];
    for (uint32_t i = 0; i < FLOAT_PATTERN_COUNT; i++) {
        const uint64_t bits = width == F32 ? float_pattern_f32(i) : float_pattern_f64(i);
        for (unsigned k = 0; k < 8; k++) {
            snprintf(byte, sizeof byte, "\\%02x", (unsigned)(bits >> 8 * k & 0xff));
            append(t, byte);
        }
    }
}

typedef struct trial {
    operation op;
    int from; // width of the operands
    int to;   // … of the result
} trial;

// A capital that stands alone stands for something else.
static void expand(text *t, const char *form, const trial *of) {
    for (; *form != '\0'; form++) {
        const char one[2] = {*form, '\0'};
        switch (*form) {
        case 'T':
            append(t, of->to == F32 ? "f32" : "f64");
            break;
        case 'N':
            append(t, of->to == F32 ? "i32" : "i64");
            break;
        case 'S':
            append(t, of->from == F32 ? "f32" : "f64");
            break;
        case 'P':
            append(t, is_binary(of->op) ? "512" : "8");
            break;
        case 'D':
            append_patterns(t, of->from);
            break;
        case 'O':
            expand(t, observer_text, of);
            break;
        case 'X':
            if (of->op != SAME) {
                append(t, of->to == F32 ? "(f32." : "(f64.");
                append(t, names[of->op]);
            }
            append(t, "(local.get $a)");
            if (is_binary(of->op))
                append(t, "(local.get $b)");
            append(t, of->op != SAME ? ")" : "");
            break;
        default:
            append(t, one);
        }
    }
}

static void check_results(
    const trial *of, int machine, const char *how, const uint8_t *memory, uint32_t *out_nans) {
    uint64_t a, b, expected[OBSERVERS], actual = 0;
    const uint8_t *at = memory + RESULTS;
    const uint32_t seconds = is_binary(of->op) ? FLOAT_PATTERN_COUNT : 1;
    for (uint32_t i = 0; i < FLOAT_PATTERN_COUNT; i++)
        for (uint32_t k = 0; k < seconds; k++, at += (size_t)8 * OBSERVERS) {
            memcpy(&a, memory + (size_t)8 * i, 8);
            memcpy(&b, memory + (size_t)8 * k, 8);
            const uint64_t bits = compute(of->op, of->from, a, b);
            observe(of->to, bits, expected);
            *out_nans += is_nan(of->to, bits);
            for (size_t n = 0; n < OBSERVERS; n++) {
                memcpy(&actual, at + 8 * n, 8);
                if (actual != expected[n])
                    test_fail(__FILE__, __LINE__,
                        "%s of f%d to f%d, %llx and %llx, observed in way %zu, compiler %d %s: %llx, "
                        "expected %llx",
                        of->op == SAME ? "same" : names[of->op], 8 * of->from, 8 * of->to,
                        (unsigned long long)a, (unsigned long long)b, n, machine, how,
                        (unsigned long long)actual, (unsigned long long)expected[n]);
            }
        }
}

static void check_operation(machines *m, const trial *of) {
    text *t = calloc(1, sizeof *t);
    wasm_builder rewritten = {0};
    uint32_t nans = 0;
    CHECK(t != NULL);
    expand(t, module_text, of);
    wasm_byte_vec_t wasm = binary_of(t->data);
    const aether_bytes uploaded = {.data = (const uint8_t *)wasm.data, .len = wasm.size};
    rewrite(uploaded, &rewritten);
    for (int i = 0; i < MACHINES; i++) {
        outcome plain = run(m->with_flag[i], uploaded);
        outcome ours = run(m->without[i], wasm_bytes_of(&rewritten));
        CHECK(!plain.is_trap && !ours.is_trap);
        check_results(of, i, "with the flag", plain.memory, &nans);
        check_results(of, i, "rewritten", ours.memory, &nans);
        free(plain.memory);
        free(ours.memory);
    }
    CHECK(nans >= (uint32_t)2 * MACHINES * 16);
    wasm_byte_vec_delete(&wasm);
    wasm_free(&rewritten);
    free(t);
}

static void every_instruction_shows_the_bits_of_the_rule(void) {
    machines m = open_machines();
    for (int op = SAME; op < PROMOTE; op++) {
        check_operation(&m, &(trial){(operation)op, F32, F32});
        check_operation(&m, &(trial){(operation)op, F64, F64});
    }
    check_operation(&m, &(trial){PROMOTE, F32, F64});
    check_operation(&m, &(trial){DEMOTE, F64, F32});
    close_machines(&m);
}

// ---- Random programs

static void check_same(uint64_t seed, int machine, const outcome *a, const outcome *b) {
    if (a->is_trap != b->is_trap || a->result != b->result || a->len != b->len)
        test_fail(__FILE__, __LINE__,
            "program %llx, compiler %d: trap %d, result %d; with flag %d, %d",
            (unsigned long long)seed, machine, b->is_trap, b->result, a->is_trap, a->result);
    for (size_t i = 0; i < a->len; i++)
        if (a->memory[i] != b->memory[i])
            test_fail(__FILE__, __LINE__,
                "program %llx, compiler %d: byte %zu is %02x, with flag %02x",
                (unsigned long long)seed, machine, i, b->memory[i], a->memory[i]);
}

static uint32_t check_program(machines *m, uint64_t seed, int machine) {
    wasm_builder uploaded = {0}, rewritten = {0};
    generate_float_program(seed, &uploaded);
    const uint32_t count = rewrite(wasm_bytes_of(&uploaded), &rewritten);
    outcome plain = run(m->with_flag[AETHER_COMPILER_CRANELIFT], wasm_bytes_of(&uploaded));
    const int also[] = {AETHER_COMPILER_CRANELIFT, machine};
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++) {
        outcome ours = run(m->without[also[i]], wasm_bytes_of(&rewritten));
        check_same(seed, also[i], &plain, &ours);
        free(ours.memory);
    }
    free(plain.memory);
    wasm_free(&uploaded);
    wasm_free(&rewritten);
    return count;
}

static void random_programs_are_as_with_the_flag(void) {
    const char *asked = getenv("AETHER_FLOAT_PROGRAMS");
    const unsigned long programs = asked != NULL ? strtoul(asked, NULL, 10) : RANDOM_PROGRAMS;
    machines m = open_machines();
    uint64_t state = test_seed();
    uint64_t count = 0;
    for (unsigned long i = 0; i < programs; i++)
        count += check_program(&m, test_random(&state), 1 + (int)(i % (MACHINES - 1)));
    CHECK(count > programs); // they do compute
    close_machines(&m);
}

// ---- What is marked

typedef struct expectation {
    const char *what;
    const char *body; // of (param f64) (param i32) (result i32) with locals $x and $y of f64
    uint32_t count;
} expectation;

static const expectation expectations[] = {
    {"moved bits",
        "(f64.store (i32.const 0) (f64.load (i32.const 8)))"
        "(local.set $x (local.get 0)) (f64.store (i32.const 0) (local.get $x))",
        0},
    {"a sum that is stored", "(f64.store (i32.const 0) (f64.add (local.get 0) (f64.const 1)))", 1},
    {"only the last of a chain",
        "(f64.store (i32.const 0) (f64.sqrt (f64.mul (local.tee $x"
        " (f64.sub (local.get 0) (f64.const 1))) (f64.add (local.get $x) (local.get $x)))))",
        1},
    {"compared and converted",
        "(drop (f64.lt (f64.sqrt (local.get 0)) (f64.const 1)))"
        "(drop (i64.trunc_sat_f64_s (f64.sqrt (local.get 0))))"
        "(drop (i32.trunc_f64_u (f64.floor (local.get 0))))",
        0},
    {"signs on the way to arithmetic",
        "(f64.store (i32.const 0) (f64.add (f64.neg (f64.sqrt"
        " (local.get 0))) (f64.copysign (f64.abs (f64.sqrt (local.get 0))) (local.get 0))))",
        1},
    {"a sign that is shown", "(f64.store (i32.const 0) (f64.neg (f64.sqrt (local.get 0))))", 1},
    {"a sign that is taken", "(drop (f64.copysign (f64.const 1) (f64.sqrt (local.get 0))))", 1},
    {"both of a select",
        "(f64.store (i32.const 0) (select (f64.sqrt (local.get 0))"
        " (f64.floor (local.get 0)) (local.get 1)))",
        2},
    {"a select for arithmetic",
        "(drop (f64.eq (f64.const 0) (select (f64.sqrt (local.get 0))"
        " (f64.floor (local.get 0)) (local.get 1))))",
        0},
    {"a block's result",
        "(f64.store (i32.const 0) (block (result f64) (f64.add (br_if 0 (f64.sqrt"
        " (local.get 0)) (local.get 1)) (f64.const 1))))",
        2},
    {"a block's result for arithmetic",
        "(drop (f64.eq (f64.const 0) (block (result f64) (br_table 0 0"
        " (f64.sqrt (local.get 0)) (local.get 1)))))",
        0},
    {"results of if and loop",
        "(f64.store (i32.const 0) (if (result f64) (local.get 1)"
        " (then (f64.sqrt (local.get 0))) (else (loop (result f64) (f64.floor (local.get 0))))))",
        2},
    {"an argument", "(call $take (f64.sqrt (local.get 0)))", 1},
    {"an argument of an indirect call",
        "(call_indirect (param f64) (f64.sqrt (local.get 0)) (i32.const 0))", 1},
    {"a global", "(global.set 0 (f64.sqrt (local.get 0)))", 1},
    {"bits", "(drop (i64.reinterpret_f64 (f64.sqrt (local.get 0))))", 1},
    {"both widths",
        "(global.set 0 (f64.sqrt (local.get 0)))"
        "(drop (i32.reinterpret_f32 (f32.demote_f64 (f64.sqrt (local.get 0)))))",
        2},
    {"dead code",
        "(return (i32.const 0)) (f64.store (i32.const 0) (f64.sqrt (local.get 0)))"
        "(block (br 0) f64.add (f64.store (i32.const 0) (f64.sqrt (f64.const 1))) drop)",
        0},
    {"a local that is read in a loop before it is written",
        "(loop (f64.store (i32.const 0)"
        " (local.get $x)) (local.set $x (f64.sqrt (local.get 0))) (br_if 0 (local.get 1)))",
        1},
    {"a local through another",
        "(local.set $x (f64.sqrt (local.get 0))) (local.set $y (local.get $x))"
        "(f64.store (i32.const 0) (local.get $y))",
        1},
    {"a sum of a loop, once after it",
        "(loop (local.set $x (f64.add (local.get $x) (f64.load"
        " (local.get 1)))) (local.set $x (f64.add (local.get $x) (f64.load (local.get 1))))"
        " (br_if 0 (local.get 1))) (f64.store (i32.const 0) (local.get $x))",
        1},
    {"not where a moved value may come along",
        "(local.set $x (local.get 0)) (loop (local.set $x"
        " (f64.add (local.get $x) (f64.load (local.get 1)))) (local.set $x (f64.add (local.get $x)"
        " (f64.load (local.get 1)))) (br_if 0 (local.get 1))) (f64.store (i32.const 0) (local.get $x))",
        2},
    {"not where a NaN constant may come along",
        "(local.set $x (f64.const nan:0x1)) (loop (local.set $x"
        " (f64.add (local.get $x) (f64.load (local.get 1)))) (local.set $x (f64.add (local.get $x)"
        " (f64.load (local.get 1)))) (br_if 0 (local.get 1))) (f64.store (i32.const 0) (local.get $x))",
        2},
    {"not where a negated value may come along",
        "(local.set $x (f64.neg (f64.sqrt (local.get 0))))"
        "(f64.store (i32.const 0) (local.get $x)) (f64.store (i32.const 8) (local.get $x))",
        1},
    {"a value that is shown anyway",
        "(f64.store (i32.const 0) (local.tee $x (f64.sqrt (local.get 0))))"
        "(f64.store (i32.const 0) (local.get $x))",
        1},
};

static void what_is_shown_is_marked_and_nothing_else(void) {
    char module[2048];
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        wasm_builder out = {0};
        snprintf(module, sizeof module,
            "(module (memory (export \"memory\") 1) (global (mut f64) (f64.const 0)) (table funcref (elem $take))"
            "(func $take (param f64)) (func (param f64) (param i32) (result i32) (local $x f64)"
            " (local $y f64) %s (i32.const 0)) (func (export \"execute\") (result i32) (i32.const 0)))",
            expectations[i].body);
        const uint32_t count = rewrite_text(module, &out);
        if (count != expectations[i].count)
            test_fail(__FILE__, __LINE__, "%s: %u are made canonical, expected %u",
                expectations[i].what, count, expectations[i].count);
        wasm_free(&out);
    }
}

static void a_result_is_shown(void) {
    wasm_builder out = {0};
    CHECK_U64(rewrite_text("(module (func (param f32) (result f32) (f32.sqrt (local.get 0)))"
                           "(func (param f32) (result f32) (return (f32.sqrt (local.get 0))))"
                           "(func (param f32) (result f32) (br 0 (f32.sqrt (local.get 0))))"
                           "(func (param f32) (result f32) (local.get 0))"
                           "(func (export \"execute\") (result i32) (i32.const 0)))",
                  &out),
        3);
    wasm_free(&out);
}

static void exhausted_memory_is_told_and_leaves_nothing(void) {
    wasm_byte_vec_t wasm =
        binary_of("(module (func (param f32) (result f32) (f32.sqrt (local.get 0)))"
                  "(func (export \"execute\") (result i32) (i32.const 0)))");
    aether_error err = {0};
    ae_module module;
    CHECK_OK(ae_module_decode((aether_bytes){.data = (const uint8_t *)wasm.data, .len = wasm.size},
        (ae_import_rules){0}, &module, &err));
    ae_canonical c = {0};
    for (uint64_t left = 0; left < 2; left++) {
        ae_alloc_fail_after(left);
        CHECK(!ae_canonical_begin(&c, &module, &module.functions[0]));
    }
    ae_alloc_fail_after(UINT64_MAX);
    CHECK(ae_canonical_begin(&c, &module, &module.functions[0]));
    CHECK(c.needs_f32 && !c.needs_f64);
    CHECK_U64(ae_canonical_local_count(&c), 2);
    CHECK_U64(ae_canonical_type(&c, module.functions[0].code_offset), 0);
    CHECK_U64(ae_canonical_type(&c, module.functions[0].code_offset + 2), AE_F32);
    CHECK_U64(ae_canonical_type(&c, module.functions[0].code_offset + 3), 0);
    CHECK_U64(ae_canonical_type(&c, module.functions[0].code_offset + 2), AE_F32); // again
    CHECK_U64(ae_canonical_type(&c, module.functions[0].code_offset), 0);
    CHECK_U64(ae_canonical_type(&c, module.functions[0].code_offset + 2), AE_F32);
    ae_alloc_fail_after(0); // what the first function needed is enough for a shorter one
    CHECK(ae_canonical_begin(&c, &module, &module.functions[1]));
    CHECK(!c.needs_f32 && !c.needs_f64);
    CHECK_U64(ae_canonical_group_count(&c), 0);
    ae_alloc_fail_after(UINT64_MAX);
    ae_canonical_deinit(&c);
    ae_module_deinit(&module);
    wasm_byte_vec_delete(&wasm);
}

// As many nodes and edges as the bytes of a function can stand for.
static void the_densest_functions_fit(void) {
    wasm_builder code = {0}, wasm = {0}, rewritten = {0};
    WASM(&code, 0x43, 0, 0, 0, 0);
    wasm_repeat(&code, 0x91, AE_FUNCTION_BODY_LEN_MAX - 8); // f32.sqrt of f32.sqrt of …
    WASM(&code, 0xbc, 0x0b);
    CHECK_U64(code.len, AE_FUNCTION_BODY_LEN_MAX - 1); // the declaration of no locals is one more
    wasm_simple(&wasm, wasm_bytes_of(&code));
    CHECK_U64(rewrite(wasm_bytes_of(&wasm), &rewritten), 1);
    wasm_free(&code);
    wasm_free(&wasm);
    wasm_free(&rewritten);

    for (int i = 0; i < 60; i++) { // (block (result f32) (br_table 0 0 … (f32.sqrt …) …)), shown
        WASM(&code, 0x02, 0x7d, 0x43, 0, 0, 0, 0, 0x91, 0x41, 0, 0x0e);
        wasm_u32(&code, AE_BR_TABLE_TARGETS_MAX);
        wasm_repeat(&code, 0, AE_BR_TABLE_TARGETS_MAX + 1);
        WASM(&code, 0x0b, 0xbc, 0x1a);
    }
    WASM(&code, 0x41, 0, 0x0b);
    wasm_simple(&wasm, wasm_bytes_of(&code));
    CHECK_U64(rewrite(wasm_bytes_of(&wasm), &rewritten), 60);
    wasm_free(&code);
    wasm_free(&wasm);
    wasm_free(&rewritten);
}

TEST_MAIN(
    TEST(every_instruction_shows_the_bits_of_the_rule) TEST(random_programs_are_as_with_the_flag)
        TEST(what_is_shown_is_marked_and_nothing_else) TEST(a_result_is_shown)
            TEST(exhausted_memory_is_told_and_leaves_nothing) TEST(the_densest_functions_fit))
