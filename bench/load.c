// Loading the empty contract: validated, metered and compiled anew, and while it is loaded already.
#include "bare.h"
#include "contract.h"

#include <stdlib.h>

enum { ROUNDS = 15, COMPILES = 4, SHARED_LOADS = 2000 };

typedef struct loads {
    bench_contract other; /* keeps the engine started */
    aether_bytes binary;
    int count;
} loads;

static bool run_loads(void *data) {
    const loads *self = data;
    for (int i = 0; i < self->count; i++) {
        aether_contract *contract;
        aether_error err;
        if (!bench_ok(aether_contract_load(self->other.engine, self->binary, &contract, &err),
                "load", &err))
            return false;
        aether_contract_destroy(contract);
    }
    return true;
}

static bool run(const bench *self) {
    static const char other_text[] =
        "(module (func (export \"execute\") (result i32) i32.const 1))";
    loads state = {.count = COMPILES};
    bench_piece piece = {.run = run_loads, .data = &state};
    aether_contract *kept = NULL;
    aether_error err;
    bool ok = bench_contract_init(&state.other, bench_text(other_text)) &&
              bare_text_to_binary(bench_empty_text, &state.binary) &&
              bench_rounds(&piece, 1, ROUNDS);
    if (ok) {
        const double ns = bench_median(piece.ns, ROUNDS) / COMPILES;
        bench_print(self, "compile_empty", ns * 1e-6, "ms", ROUNDS);
        state.count = SHARED_LOADS;
        ok = bench_ok(aether_contract_load(state.other.engine, state.binary, &kept, &err), "load",
                 &err) &&
             bench_rounds(&piece, 1, ROUNDS);
    }
    if (ok) {
        const double ns = bench_median(piece.ns, ROUNDS) / SHARED_LOADS;
        bench_print(self, "load_shared", ns * 1e-3, "us", ROUNDS);
    }
    aether_contract_destroy(kept);
    bench_contract_deinit(&state.other);
    free((void *)(uintptr_t)state.binary.data);
    return ok;
}

static const char *const names[] = {"compile_empty", "load_shared", NULL};

const bench_group bench_load = {.names = names, .run = run};
