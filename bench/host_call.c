// The cheapest host function, called in a loop, less the same loop without the call; against a trivial
// function of the bare engine in a module without metering.
#include "bare.h"
#include "contract.h"

#include <stdlib.h>

enum { ROUNDS = 15, CALLS = 1000000 };

// `execute` calls the host, `query` adds the loop's counter instead. A sum of 0 would be a failure.
static const char loop_text[] =
    "(module (import \"env\" \"block_number\" (func $ask (result i64)))"
    "(memory (export \"memory\") 1)"
    "(func (export \"execute\") (result i32) (local $left i32) (local $sum i64)"
    "  (local.set $left (i32.const 1000000))"
    "  (loop $again"
    "    (local.set $sum (i64.add (local.get $sum) (call $ask)))"
    "    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))"
    "  (i64.eqz (local.get $sum)))"
    "(func (export \"query\") (result i32) (local $left i32) (local $sum i64)"
    "  (local.set $left (i32.const 1000000))"
    "  (loop $again"
    "    (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $left))))"
    "    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))"
    "  (i64.eqz (local.get $sum))))";

typedef struct loop_pair {
    bench_contract contract;
    bare_engine engine;
    bare_code code;
    bare_instance instance;
    aether_bytes binary;
} loop_pair;

static bool run_calls(void *data) {
    const loop_pair *self = data;
    return bench_contract_run(&self->contract, AETHER_ENTRY_EXECUTE, NULL);
}

static bool run_loop(void *data) {
    const loop_pair *self = data;
    return bench_contract_run(&self->contract, AETHER_ENTRY_QUERY, NULL);
}

static bool run_bare_calls(void *data) {
    loop_pair *self = data;
    wasmtime_val_raw_t slots[1];
    return bare_instance_call(&self->instance, "execute", slots, 1);
}

static bool run_bare_loop(void *data) {
    loop_pair *self = data;
    wasmtime_val_raw_t slots[1];
    return bare_instance_call(&self->instance, "query", slots, 1);
}

static wasm_trap_t *answer_one(
    void *data, wasmtime_caller_t *caller, wasmtime_val_raw_t *slots, size_t slot_count) {
    (void)data;
    (void)caller;
    (void)slot_count;
    slots[0].i64 = 1;
    return NULL;
}

static bool measure(const bench *self, loop_pair *pair) {
    bench_piece pieces[] = {{.run = run_calls, .data = pair}, {.run = run_loop, .data = pair},
        {.run = run_bare_calls, .data = pair}, {.run = run_bare_loop, .data = pair}};
    if (!bench_contract_init(&pair->contract, bench_text(loop_text)) ||
        !bare_engine_init(&pair->engine, false) ||
        !bare_engine_define(&pair->engine, "block_number", ">I", answer_one, NULL) ||
        !bare_text_to_binary(loop_text, &pair->binary) ||
        !bare_code_init(&pair->code, &pair->engine, pair->binary) ||
        !bare_instance_init(&pair->instance, &pair->code) || !bench_rounds(pieces, 4, ROUNDS))
        return false;
    double own[ROUNDS], bare[ROUNDS], ratios[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        own[i] = (pieces[0].ns[i] - pieces[1].ns[i]) / CALLS;
        bare[i] = (pieces[2].ns[i] - pieces[3].ns[i]) / CALLS;
        ratios[i] = own[i] / bare[i];
    }
    bench_print(self, "host_call", bench_median(own, ROUNDS), "ns", ROUNDS);
    bench_print(self, "host_call_bare_wasmtime", bench_median(bare, ROUNDS), "ns", ROUNDS);
    bench_print(self, "host_call_ratio", bench_median(ratios, ROUNDS), "ratio", ROUNDS);
    return true;
}

static bool run(const bench *self) {
    loop_pair pair = {0};
    const bool ok = measure(self, &pair);
    bare_instance_deinit(&pair.instance);
    bare_code_deinit(&pair.code);
    bare_engine_deinit(&pair.engine);
    bench_contract_deinit(&pair.contract);
    free((void *)(uintptr_t)pair.binary.data);
    return ok;
}

static const char *const names[] = {
    "host_call", "host_call_bare_wasmtime", "host_call_ratio", NULL};

const bench_group bench_host_call = {.names = names, .run = run};
