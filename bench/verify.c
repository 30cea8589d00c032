// Verifying: small modules, each loaded and run on the four compilers, whose engines stay.
#include "contract.h"

#include <stdio.h>

enum { ROUNDS = 7, MODULES = 8, COMPILERS = 4 };

typedef struct verifier {
    aether_engine *engines[COMPILERS];
    int salt; /* makes the modules of each round new ones */
} verifier;

static bool create_engines(verifier *self) {
    for (int i = 0; i < COMPILERS; i++) {
        aether_error err;
        const aether_engine_options options = {
            .struct_size = sizeof options, .compiler = (aether_compiler)i};
        if (!bench_ok(aether_engine_create(&options, &self->engines[i], &err), "engine", &err))
            return false;
    }
    return true;
}

static bool run_module(const verifier *self, const char *text) {
    uint64_t gas_used = 0;
    for (int i = 0; i < COMPILERS; i++) {
        bench_contract contract = {.engine = self->engines[i]};
        aether_error err;
        aether_execution_result result;
        const aether_execution_context context = {
            .struct_size = sizeof context, .gas_limit = 1000000, .hash_memory = true};
        if (!bench_ok(
                aether_contract_load(contract.engine, bench_text(text), &contract.contract, &err),
                "load", &err))
            return false;
        const aether_status status =
            aether_execute(contract.contract, &context, bench_text(""), NULL, &result, &err);
        aether_contract_destroy(contract.contract);
        if (!bench_ok(status, "execute", &err))
            return false;
        const bool is_equal = result.success && (i == 0 || result.gas_used == gas_used);
        gas_used = result.gas_used;
        aether_execution_result_destroy(&result);
        if (!is_equal)
            return bench_fail("verify: the compilers differ");
    }
    return true;
}

static bool run_modules(void *data) {
    verifier *self = data;
    for (int i = 0; i < MODULES; i++) {
        char text[640];
        snprintf(text, sizeof text,
            "(module (memory 1) (func $f (param i32) (result i32) (local i32)"
            "(loop (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 31)) (local.get 0)))"
            "(i32.store (i32.and (local.get 1) (i32.const 65532)) (local.get 1))"
            "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))"
            "(func (export \"execute\") (result i32) (drop (call $f (i32.const %d))) i32.const 0))",
            100 + self->salt++);
        if (!run_module(self, text))
            return false;
    }
    return true;
}

static bool run(const bench *self) {
    verifier state = {0};
    bench_piece piece = {.run = run_modules, .data = &state};
    const bool ok = create_engines(&state) && bench_rounds(&piece, 1, ROUNDS);
    if (ok)
        bench_print(
            self, "verify", MODULES * 1e9 / bench_median(piece.ns, ROUNDS), "modules/s", ROUNDS);
    for (int i = 0; i < COMPILERS; i++)
        aether_engine_destroy(state.engines[i]);
    return ok;
}

static const char *const names[] = {"verify", NULL};

const bench_group bench_verify = {.names = names, .run = run};
