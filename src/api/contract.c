#include "api/handle.h"

aether_status aether_contract_validate(aether_bytes wasm_or_wat, aether_error *err) {
    AE_CHECK_ARG(wasm_or_wat.data != NULL || wasm_or_wat.len == 0, err);
    ae_binary binary;
    ae_module module;
    AE_TRY(ae_binary_init(wasm_or_wat, &binary, err));
    const aether_status status =
        ae_module_decode(binary.bytes, ae_host_import_rules(), &module, err);
    if (status == AETHER_OK)
        ae_module_deinit(&module);
    ae_binary_deinit(&binary);
    return status;
}

aether_status aether_contract_load(aether_engine *engine, aether_bytes wasm_or_wat,
    aether_contract **out_contract, aether_error *err) {
    AE_CHECK_ARG(engine != NULL, err);
    AE_CHECK_ARG(wasm_or_wat.data != NULL || wasm_or_wat.len == 0, err);
    AE_CHECK_ARG(out_contract != NULL, err);
    ae_binary binary;
    AE_TRY(ae_binary_init(wasm_or_wat, &binary, err));
    const aether_status status =
        ae_program_load(ae_engine_runtime(engine), binary.bytes, (ae_program **)out_contract, err);
    ae_binary_deinit(&binary);
    return status;
}

void aether_contract_destroy(aether_contract *contract) {
    ae_program_destroy(ae_contract_program(contract));
}

bool aether_contract_has_entry(const aether_contract *contract, aether_entry entry) {
    return (unsigned)entry <= AETHER_ENTRY_MIGRATE &&
           ae_program_has_entry(ae_contract_program(contract), entry);
}
