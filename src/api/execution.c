#include "api/handle.h"
#include "runtime/profile.h"

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

// A message of checked arguments, which are borrowed.
static aether_status make_message(const aether_execution_context *context, aether_bytes input,
    ae_message *out_message, aether_error *err) {
    AE_TRY(check_context(context, err));
    if (input.len > AE_INPUT_LEN_MAX)
        return ae_fail(err, AETHER_LIMIT_EXCEEDED, "input: %zu bytes, at most %d", input.len,
            AE_INPUT_LEN_MAX);
    *out_message = (ae_message){.entry = context->entry,
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
    return AETHER_OK;
}

aether_status aether_execute(const aether_contract *contract,
    const aether_execution_context *context, aether_bytes input, const aether_store *store,
    aether_execution_result *out_result, aether_error *err) {
    ae_message message;
    AE_CHECK_ARG(contract != NULL, err);
    AE_CHECK_ARG(context != NULL, err);
    AE_CHECK_ARG(input.data != NULL || input.len == 0, err);
    AE_CHECK_ARG(store == NULL || (store->get != NULL && store->next != NULL), err);
    AE_CHECK_ARG(out_result != NULL, err);
    AE_TRY(make_message(context, input, &message, err));
    return ae_runtime_call(ae_contract_program(contract), &message, store, out_result, err);
}

static aether_status profile_program(ae_program *program, ae_message *message,
    const aether_store *store, aether_execution_result *out_result, aether_profile *out_profile,
    aether_error *err) {
    aether_execution_result result = {0};
    AE_TRY(ae_profile_create(program, message->gas_limit, &message->profile, err));
    aether_status status = ae_runtime_call(program, message, store, &result, err);
    if (status == AETHER_OK)
        status = ae_profile_write(message->profile, out_profile, err);
    ae_profile_destroy(message->profile);
    if (status != AETHER_OK) {
        aether_execution_result_destroy(&result);
        return status;
    }
    *out_result = result;
    return AETHER_OK;
}

aether_status aether_profile_execute(aether_engine *engine, aether_bytes wasm_or_wat,
    const aether_execution_context *context, aether_bytes input, const aether_store *store,
    aether_execution_result *out_result, aether_profile *out_profile, aether_error *err) {
    ae_message message;
    ae_binary binary;
    ae_program *program = NULL;
    AE_CHECK_ARG(engine != NULL, err);
    AE_CHECK_ARG(wasm_or_wat.data != NULL || wasm_or_wat.len == 0, err);
    AE_CHECK_ARG(context != NULL, err);
    AE_CHECK_ARG(input.data != NULL || input.len == 0, err);
    AE_CHECK_ARG(store == NULL || (store->get != NULL && store->next != NULL), err);
    AE_CHECK_ARG(out_result != NULL, err);
    AE_CHECK_ARG(out_profile != NULL, err);
    AE_CHECK_ARG(out_profile->struct_size >= sizeof *out_profile, err);
    AE_TRY(make_message(context, input, &message, err));
    AE_TRY(ae_binary_init(wasm_or_wat, &binary, err));
    aether_status status =
        ae_program_load_probed(ae_engine_runtime(engine), binary.bytes, &program, err);
    ae_binary_deinit(&binary);
    AE_TRY(status);
    status = profile_program(program, &message, store, out_result, out_profile, err);
    ae_program_destroy(program);
    return status;
}
