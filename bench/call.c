// A call of an empty contract, fresh instance included, against the same over the bare engine. What is
// above it is the price of a contract stack, a journal, the host and the result.
#include "bare.h"
#include "contract.h"

#include <stdlib.h>

enum { ROUNDS = 15, CALLS = 4000 };

typedef struct call_pair {
    bench_contract contract;
    bare_engine engine;
    bare_code code;
    aether_bytes binary;
} call_pair;

static bool run_contract(void *data) {
    const call_pair *self = data;
    for (int i = 0; i < CALLS; i++)
        if (!bench_contract_run(&self->contract, AETHER_ENTRY_EXECUTE, NULL))
            return false;
    return true;
}

static bool run_bare(void *data) {
    const call_pair *self = data;
    bool ok = true;
    for (int i = 0; i < CALLS && ok; i++) {
        bare_instance instance = {0};
        wasmtime_val_raw_t slots[1];
        ok = bare_instance_init(&instance, &self->code) &&
             bare_instance_call(&instance, "execute", slots, 1);
        bare_instance_deinit(&instance);
    }
    return ok;
}

static bool measure(const bench *self, call_pair *pair) {
    bench_piece pieces[] = {{.run = run_contract, .data = pair}, {.run = run_bare, .data = pair}};
    if (!bench_contract_init(&pair->contract, bench_text(bench_empty_text)) ||
        !bare_engine_init(&pair->engine, false) ||
        !bare_text_to_binary(bench_empty_text, &pair->binary) ||
        !bare_code_init(&pair->code, &pair->engine, pair->binary) ||
        !bench_rounds(pieces, 2, ROUNDS))
        return false;
    const double to_us = 1e-3 / CALLS;
    const double own = bench_median(pieces[0].ns, ROUNDS) * to_us;
    const double bare = bench_median(pieces[1].ns, ROUNDS) * to_us;
    bench_print(self, "call_empty", own, "us", ROUNDS);
    bench_print(
        self, "call_empty_minimum", bench_minimum(pieces[0].ns, ROUNDS) * to_us, "us", ROUNDS);
    bench_print(self, "call_empty_bare_wasmtime", bare, "us", ROUNDS);
    bench_print(
        self, "call_empty_ratio", bench_ratio(&pieces[0], &pieces[1], ROUNDS), "ratio", ROUNDS);
    return true;
}

static bool run(const bench *self) {
    call_pair pair = {0};
    const bool ok = measure(self, &pair);
    bare_code_deinit(&pair.code);
    bare_engine_deinit(&pair.engine);
    bench_contract_deinit(&pair.contract);
    free((void *)(uintptr_t)pair.binary.data);
    return ok;
}

static const char *const names[] = {
    "call_empty", "call_empty_minimum", "call_empty_bare_wasmtime", "call_empty_ratio", NULL};

const bench_group bench_call = {.names = names, .run = run};
