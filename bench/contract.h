/* A contract over the public interface, to be measured: an engine of its own and one loaded module.
 *
 * Everything that returns false has said why on stderr. Thread safety: one-at-a-time. */
#ifndef AE_BENCH_CONTRACT_H
#define AE_BENCH_CONTRACT_H

#include "measure.h"

/* What an empty call runs. */
extern const char bench_empty_text[];

typedef struct bench_contract {
    aether_engine *engine;
    aether_contract *contract;
} bench_contract;

/* With default options. */
bool bench_contract_init(bench_contract *self, aether_bytes wasm_or_wat);
void bench_contract_deinit(bench_contract *self); /* safe on a zeroed struct */

/* A string as bytes. */
aether_bytes bench_text(const char *text);

/* Execute an entry in block 1 and destroy the result; the store may be NULL. False: it was not a
 * success. */
bool bench_contract_run(const bench_contract *self, aether_entry entry, const aether_store *store);

/* Execute `execute` with an input; out_code receives what it returned. False: it did not return. */
bool bench_contract_run_code(const bench_contract *self, aether_bytes input, int32_t *out_code);

#endif
