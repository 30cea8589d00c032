// What canonical floats cost: loops and the n-body kernel on plain Wasmtime, as they are, with the engine's
// own flag, and made canonical in the bytecode by several forms of the same step.
//
// All forms of a loop take turns within a round, and a ratio is taken within a round; a figure is the median
// of the rounds. Thread CPU time.
#include "oracle/canonicalize.h"

#include "engine/config.h"
#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <wasmtime.h>

enum { ROUNDS = 9 };

// ---- Forms

static uint32_t scratch_of(const ae_canonical *c, uint8_t type) {
    return type == AE_F64 ? c->local_f64 : c->local_f32;
}

static void local(ae_emit *out, uint8_t code, uint32_t index) {
    ae_emit_byte(out, code);
    ae_emit_u32(out, index);
}

static void nan_constant(ae_emit *out, uint8_t type) {
    static const uint8_t bits[] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0xc0, 0x7f};
    ae_emit_byte(out, type == AE_F64 ? AE_CODE_f64_const : AE_CODE_f32_const);
    ae_emit_bytes(out, type == AE_F64 ? bits : bits + 8, type == AE_F64 ? 8 : 4);
}

// [] → [i32]: how the scratch local compares with itself; `code` is of f64, its twin of f32 is 6 lower.
static void compare(ae_emit *out, uint8_t type, uint32_t scratch, uint8_t code) {
    local(out, AE_CODE_local_get, scratch);
    local(out, AE_CODE_local_get, scratch);
    ae_emit_byte(out, type == AE_F64 ? code : (uint8_t)(code - 6));
}

static void select_by(const ae_canonical *c, ae_emit *out, uint8_t type, uint8_t code) {
    const uint32_t scratch = scratch_of(c, type);
    local(out, AE_CODE_local_tee, scratch);
    nan_constant(out, type);
    compare(out, type, scratch, code);
    ae_emit_byte(out, AE_CODE_select);
}

static void select_eq(const ae_canonical *c, ae_emit *out, uint8_t type) {
    select_by(c, out, type, AE_CODE_f64_eq);
}

static void select_ge(const ae_canonical *c, ae_emit *out, uint8_t type) {
    select_by(c, out, type, AE_CODE_f64_ge);
}

static void set_nan_and_get(ae_emit *out, uint8_t type, uint32_t scratch) {
    nan_constant(out, type);
    local(out, AE_CODE_local_set, scratch);
    ae_emit_byte(out, AE_CODE_end);
    local(out, AE_CODE_local_get, scratch);
}

static void if_ne(const ae_canonical *c, ae_emit *out, uint8_t type) {
    const uint32_t scratch = scratch_of(c, type);
    local(out, AE_CODE_local_set, scratch);
    compare(out, type, scratch, AE_CODE_f64_ne);
    local(out, AE_CODE_if, AE_BLOCK_EMPTY);
    set_nan_and_get(out, type, scratch);
}

static void else_ge(const ae_canonical *c, ae_emit *out, uint8_t type) {
    const uint32_t scratch = scratch_of(c, type);
    local(out, AE_CODE_local_set, scratch);
    compare(out, type, scratch, AE_CODE_f64_ge);
    local(out, AE_CODE_if, AE_BLOCK_EMPTY);
    ae_emit_byte(out, AE_CODE_else);
    set_nan_and_get(out, type, scratch);
}

static void integer_ge(const ae_canonical *c, ae_emit *out, uint8_t type) {
    const bool is_f64 = type == AE_F64;
    const uint32_t scratch = scratch_of(c, type);
    local(out, AE_CODE_local_tee, scratch);
    ae_emit_byte(out, is_f64 ? AE_CODE_i64_reinterpret_f64 : AE_CODE_i32_reinterpret_f32);
    ae_emit_byte(out, is_f64 ? AE_CODE_i64_const : AE_CODE_i32_const);
    ae_emit_s64(out, is_f64 ? 0x7ff8000000000000 : 0x7fc00000);
    compare(out, type, scratch, AE_CODE_f64_ge);
    ae_emit_byte(out, AE_CODE_select);
    ae_emit_byte(out, is_f64 ? AE_CODE_f64_reinterpret_i64 : AE_CODE_f32_reinterpret_i32);
}

// The number is what is kept, the NaN what is put over it.
static void select_not_ge(const ae_canonical *c, ae_emit *out, uint8_t type) {
    const uint32_t scratch = scratch_of(c, type);
    local(out, AE_CODE_local_set, scratch);
    local(out, AE_CODE_local_get, scratch + 1);
    local(out, AE_CODE_local_get, scratch);
    compare(out, type, scratch, AE_CODE_f64_ge);
    ae_emit_byte(out, AE_CODE_i32_eqz);
    ae_emit_byte(out, AE_CODE_select);
}

typedef struct form {
    const char *name;
    canonical_form *emit; // NULL: as uploaded
    bool has_flag;
} form;

static const form forms[] = {
    {"none", NULL, false},
    {"flag", NULL, true},
    {"chosen", ae_canonical_emit, false},
    {"select_ge", select_ge, false},
    {"not_ge", select_not_ge, false},
    {"select_eq", select_eq, false},
    {"if_ne", if_ne, false},
    {"else_ge", else_ge, false},
    {"integer_ge", integer_ge, false},
};

enum { FORMS = sizeof forms / sizeof forms[0] };

// ---- Loops: each is run over `size` rounds of 1024 elements

#define LOOP(name, locals, before, step)                                                  \
    "(func (export \"" name "\") (param $size i32) (result i32) (local $i i32) " locals   \
    " (loop $rounds (local.set $i (i32.const 0)) " before "  (loop $elements " step       \
    "   (br_if $elements (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8)))" \
    "    (i32.const 8192))))"                                                             \
    "  (br_if $rounds (local.tee $size (i32.sub (local.get $size) (i32.const 1)))))"      \
    " (i32.load (i32.const 16)))"

static const char loops_text[] =
    "(module (memory (export \"memory\") 1) (func $f (param f64) (result f64)"
    " (f64.add (f64.mul (local.get 0) (f64.const 0.5)) (f64.const 0.25)))"
    "(func (export \"execute\") (result i32) (i32.const 0))" //
    LOOP("sum_shown_later", "(local $s f64)",
        "(f64.store offset=32768 (i32.const 0) (local.get $s))",
        "(local.set $s (f64.add (local.get $s) (f64.mul (f64.load (local.get $i))"
        " (f64.load offset=8192 (local.get $i)))))") //
    LOOP("store_each", "", "",
        "(f64.store offset=8192 (local.get $i) (f64.add (f64.load offset=8192 (local.get $i))"
        " (f64.mul (f64.load (local.get $i)) (f64.const 1e-7))))") //
    LOOP("store_each_f32", "", "",
        "(f32.store offset=8192 (local.get $i) (f32.add (f32.load offset=8192 (local.get $i))"
        " (f32.mul (f32.load (local.get $i)) (f32.const 1e-7))))") //
    LOOP("recurrence", "(local $s f64)", "",
        "(f64.store offset=8192 (local.get $i) (local.tee $s (f64.add (f64.load (local.get $i))"
        " (f64.mul (local.get $s) (f64.const 0.5)))))") //
    LOOP("calls", "(local $s f64)", "",
        "(local.set $s (f64.sub (call $f (local.get $s)) (call $f (f64.load (local.get $i)))))") //
    LOOP("bits", "(local $s f64)", "",
        "(local.set $s (f64.add (local.get $s) (f64.const 0.5)))"
        " (i64.store offset=8192 (local.get $i) (i64.reinterpret_f64 (local.get $s)))") ")";

static const char *const loop_names[] = {
    "sum_shown_later", "store_each", "store_each_f32", "recurrence", "calls", "bits"};

// ---- Running

typedef struct piece {
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t instance;
    wasmtime_func_t function;
    double ns[ROUNDS];
    int32_t answer;
} piece;

typedef struct machine {
    wasm_engine_t *engines[2]; // without and with the flag
    uint32_t words[2];         // what `input` answers
} machine;

static void check_error(wasmtime_error_t *error) {
    if (error == NULL)
        return;
    wasm_byte_vec_t message;
    wasmtime_error_message(error, &message);
    test_fail(__FILE__, __LINE__, "engine: %.*s", (int)message.size, message.data);
}

static wasm_trap_t *input(
    void *data, wasmtime_caller_t *caller, wasmtime_val_raw_t *slots, size_t count) {
    const machine *m = data;
    wasmtime_extern_t memory;
    (void)count;
    CHECK(wasmtime_caller_export_get(caller, "memory", 6, &memory));
    memcpy(wasmtime_memory_data(wasmtime_caller_context(caller), &memory.of.memory) +
               (uint32_t)slots[0].i32,
        m->words, sizeof m->words);
    slots[0].i32 = sizeof m->words;
    return NULL;
}

static void open_piece(piece *p, machine *m, bool has_flag, aether_bytes wasm) {
    wasmtime_module_t *module = NULL;
    wasm_trap_t *trap = NULL;
    wasm_engine_t *engine = m->engines[has_flag];
    wasmtime_linker_t *linker = wasmtime_linker_new(engine);
    wasm_functype_t *type = wasm_functype_new_2_1(
        wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
    check_error(
        wasmtime_linker_define_func_unchecked(linker, "env", 3, "input", 5, type, input, m, NULL));
    wasm_functype_delete(type);
    check_error(wasmtime_module_new(engine, wasm.data, wasm.len, &module));
    p->store = wasmtime_store_new(engine, NULL, NULL);
    p->context = wasmtime_store_context(p->store);
    check_error(wasmtime_linker_instantiate(linker, p->context, module, &p->instance, &trap));
    CHECK(trap == NULL);
    wasmtime_module_delete(module);
    wasmtime_linker_delete(linker);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double call(piece *p, int32_t size) {
    wasmtime_val_raw_t slot = {.i32 = size};
    wasm_trap_t *trap = NULL;
    const uint64_t start = now_ns();
    check_error(wasmtime_func_call_unchecked(p->context, &p->function, &slot, 1, &trap));
    CHECK(trap == NULL);
    p->answer = slot.i32;
    return (double)(now_ns() - start);
}

static double median(double values[ROUNDS]) {
    for (size_t i = 1; i < ROUNDS; i++)
        for (size_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            const double swapped = values[k];
            values[k] = values[k - 1];
            values[k - 1] = swapped;
        }
    return values[ROUNDS / 2];
}

static void measure(piece pieces[FORMS], const char *function, const char *name, int32_t size) {
    for (size_t i = 0; i < FORMS; i++) {
        wasmtime_extern_t item;
        CHECK(wasmtime_instance_export_get(
            pieces[i].context, &pieces[i].instance, function, strlen(function), &item));
        pieces[i].function = item.of.func;
        (void)call(&pieces[i], size);
    }
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < FORMS; i++) {
            const size_t turn = round % 2 == 0 ? i : FORMS - 1 - i;
            pieces[turn].ns[round] = call(&pieces[turn], size);
            CHECK_I64(pieces[turn].answer, pieces[0].answer);
        }
    printf("| %s ", name);
    for (size_t i = 1; i < FORMS; i++) {
        double ratios[ROUNDS];
        for (size_t round = 0; round < ROUNDS; round++)
            ratios[round] = pieces[i].ns[round] / pieces[0].ns[round];
        printf("| %.2f ", median(ratios));
    }
    printf("|\n");
}

static void open_pieces(piece pieces[FORMS], machine *m, aether_bytes wasm) {
    const ae_import_rule rule = {
        .module = "env", .name = "input", .signature = "ii>i", .takes_pointer = true};
    aether_error err;
    ae_module module;
    CHECK_OK(ae_module_decode(wasm, (ae_import_rules){.rules = &rule, .count = 1}, &module, &err));
    for (size_t i = 0; i < FORMS; i++) {
        wasm_builder rewritten = {0};
        if (forms[i].emit != NULL)
            canonicalize(&module, forms[i].emit, &rewritten);
        open_piece(&pieces[i], m, forms[i].has_flag,
            forms[i].emit != NULL ? wasm_bytes_of(&rewritten) : wasm);
        wasm_free(&rewritten);
    }
    ae_module_deinit(&module);
}

static void close_pieces(piece pieces[FORMS]) {
    for (size_t i = 0; i < FORMS; i++)
        wasmtime_store_delete(pieces[i].store);
}

static void measure_compiler(
    aether_compiler compiler, const char *name, int32_t slowness, aether_bytes kernels) {
    machine m = {.words = {8, (uint32_t)(24000 / slowness)}}; // n-body is kernel 8
    piece pieces[FORMS] = {0};
    wasm_byte_vec_t loops;
    const ae_engine_settings settings = {.compiler = compiler, .instances_max = FORMS};
    for (int i = 0; i < 2; i++) {
        wasm_config_t *config = NULL;
        aether_error err;
        CHECK_OK(ae_engine_config(&settings, &config, &err));
        wasmtime_config_cranelift_nan_canonicalization_set(config, i == 1);
        m.engines[i] = wasm_engine_new_with_config(config);
    }
    printf("\n| %s ", name);
    for (size_t i = 1; i < FORMS; i++)
        printf("| %s ", forms[i].name);
    printf("|\n|---");
    for (size_t i = 1; i < FORMS; i++)
        printf("|---");
    printf("|\n");
    open_pieces(pieces, &m, kernels);
    measure(pieces, "execute", "n-body", 0);
    close_pieces(pieces);
    check_error(wasmtime_wat2wasm(loops_text, strlen(loops_text), &loops));
    open_pieces(pieces, &m, (aether_bytes){.data = (const uint8_t *)loops.data, .len = loops.size});
    for (size_t i = 0; i < sizeof loop_names / sizeof loop_names[0]; i++)
        measure(pieces, loop_names[i], loop_names[i], 3000 / slowness);
    close_pieces(pieces);
    wasm_byte_vec_delete(&loops);
    for (int i = 0; i < 2; i++)
        wasm_engine_delete(m.engines[i]);
}

int main(int argc, char **argv) {
    static uint8_t kernels[1 << 20];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "float_forms KERNELS: bench/kernels_0.wasm of the build folder\n");
        return 1;
    }
    const aether_bytes bytes = {.data = kernels, .len = fread(kernels, 1, sizeof kernels, file)};
    fclose(file);
    measure_compiler(AETHER_COMPILER_CRANELIFT, "Cranelift, speed", 1, bytes);
    measure_compiler(AETHER_COMPILER_CRANELIFT_NONE, "Cranelift, none", 1, bytes);
    measure_compiler(AETHER_COMPILER_WINCH, "Winch", 2, bytes);
    measure_compiler(AETHER_COMPILER_PULLEY, "Pulley", 15, bytes);
    return 0;
}
