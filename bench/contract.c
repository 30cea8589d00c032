#include "contract.h"

#include <string.h>

#define GAS_LIMIT ((uint64_t)1 << 62) // no benchmark ends for want of gas

const char bench_empty_text[] = "(module (memory (export \"memory\") 1)"
                                "(func (export \"execute\") (result i32) i32.const 0))";

aether_bytes bench_text(const char *text) {
    return (aether_bytes){.data = (const uint8_t *)text, .len = strlen(text)};
}

bool bench_contract_init(bench_contract *self, aether_bytes wasm_or_wat) {
    aether_error err;
    return bench_ok(aether_engine_create(NULL, &self->engine, &err), "engine", &err) &&
           bench_ok(aether_contract_load(self->engine, wasm_or_wat, &self->contract, &err),
               "contract", &err);
}

void bench_contract_deinit(bench_contract *self) {
    aether_contract_destroy(self->contract);
    aether_engine_destroy(self->engine);
}

bool bench_contract_run(const bench_contract *self, aether_entry entry, const aether_store *store) {
    const aether_execution_context context = {
        .struct_size = sizeof context, .entry = entry, .gas_limit = GAS_LIMIT, .block_number = 1};
    aether_execution_result result;
    aether_error err;
    const aether_status status =
        aether_execute(self->contract, &context, (aether_bytes){.len = 0}, store, &result, &err);
    if (status != AETHER_OK)
        return bench_ok(status, "execution", &err);
    const bool success = result.success;
    const aether_end end = result.end;
    aether_execution_result_destroy(&result);
    return success || bench_fail("execution: ended as %s", aether_end_text(end));
}

bool bench_contract_run_code(const bench_contract *self, aether_bytes input, int32_t *out_code) {
    const aether_execution_context context = {
        .struct_size = sizeof context, .gas_limit = GAS_LIMIT};
    aether_execution_result result;
    aether_error err;
    const aether_status status =
        aether_execute(self->contract, &context, input, NULL, &result, &err);
    if (status != AETHER_OK)
        return bench_ok(status, "execution", &err);
    const aether_end end = result.end;
    *out_code = result.code;
    aether_execution_result_destroy(&result);
    return end == AETHER_END_RETURNED || bench_fail("execution: ended as %s", aether_end_text(end));
}
