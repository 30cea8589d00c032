#include "api/handle.h"

// Fields of version 0.1; later ones count only if struct_size covers them.
static aether_status check_context(const aether_execution_context *context, aether_error *err) {
    AE_CHECK_ARG(context->struct_size == 0 || context->struct_size >= sizeof *context, err);
    AE_CHECK_ARG((unsigned)context->entry <= AETHER_ENTRY_MIGRATE, err);
    AE_CHECK_ARG(context->chain_id.data != NULL || context->chain_id.len == 0, err);
    if (context->chain_id.len > AE_CHAIN_ID_LEN_MAX)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "chain_id: %zu bytes, at most %d",
            context->chain_id.len, AE_CHAIN_ID_LEN_MAX);
    const bool has_value = (context->value.low | context->value.high) != 0;
    if (context->entry == AETHER_ENTRY_QUERY && has_value)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "value: a query takes none, it must be 0");
    return AETHER_OK;
}

aether_status aether_execute(const aether_contract *contract,
    const aether_execution_context *context, aether_bytes input, const aether_store *store,
    aether_execution_result *out_result, aether_error *err) {
    AE_CHECK_ARG(contract != NULL, err);
    AE_CHECK_ARG(context != NULL, err);
    AE_CHECK_ARG(input.data != NULL || input.len == 0, err);
    AE_CHECK_ARG(store == NULL || (store->get != NULL && store->next != NULL), err);
    AE_CHECK_ARG(out_result != NULL, err);
    AE_TRY(check_context(context, err));
    if (input.len > AE_INPUT_LEN_MAX)
        return ae_fail(err, AETHER_LIMIT_EXCEEDED, "input: %zu bytes, at most %d", input.len,
            AE_INPUT_LEN_MAX);
    const ae_message message = {.entry = context->entry,
        .gas_limit = context->gas_limit,
        .hash_memory = context->hash_memory,
        .context = {.self = context->contract_address,
            .caller = context->caller,
            .value = context->value,
            .block_number = context->block_number,
            .timestamp = context->timestamp,
            .chain_id = context->chain_id,
            .input = input,
            .is_static = context->entry == AETHER_ENTRY_QUERY}};
    return ae_runtime_call(ae_contract_program(contract), &message, store, out_result, err);
}
