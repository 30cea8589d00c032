#include "request.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "receipt.h"
#include "storage.h"
#include "text.h"

cli_request cli_request_default(void) {
    static const char chain_id[] = "aether-local";
    cli_request r = {0};
    r.context.struct_size = sizeof r.context;
    r.context.gas_limit = 10000000;
    r.context.block_number = 1;
    r.context.chain_id = (aether_bytes){(const uint8_t *)chain_id, sizeof chain_id - 1};
    memset(r.context.caller.bytes, 1, AETHER_ADDRESS_LEN);
    memset(r.context.contract_address.bytes, 2, AETHER_ADDRESS_LEN);
    return r;
}

// long: one case for each option
aether_status cli_request_set(cli_request *r, int key, const char *value, aether_error *err) {
    aether_execution_context *context = &r->context;
    switch (key) {
    case CLI_KEY_INPUT:
        r->input = value;
        return AETHER_OK;
    case CLI_KEY_GAS:
        return cli_option_u64("--gas", value, 0, &context->gas_limit, err);
    case CLI_KEY_ENTRY:
        return cli_option_entry(value, &context->entry, err);
    case CLI_KEY_CALLER:
        return cli_option_address("--caller", value, &context->caller, err);
    case CLI_KEY_SELF:
        return cli_option_address("--self", value, &context->contract_address, err);
    case CLI_KEY_VALUE:
        return cli_option_u128("--value", value, &context->value, err);
    case CLI_KEY_BLOCK_NUMBER:
        return cli_option_u64("--block-number", value, 0, &context->block_number, err);
    case CLI_KEY_TIMESTAMP:
        return cli_option_u64("--timestamp", value, 0, &context->timestamp, err);
    case CLI_KEY_CHAIN_ID:
        context->chain_id = cli_bytes_of(value);
        return AETHER_OK;
    case CLI_KEY_STORAGE:
        r->storage_path = value;
        return AETHER_OK;
    case CLI_KEY_ENGINE:
        return cli_option_compiler(value, &r->compiler, err);
    case CLI_KEY_SCHEDULE:
        return cli_option_schedule(value, &r->schedule, err);
    default:
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "option %d is not known", key);
    }
}

aether_status cli_session_read(
    const cli_request *request, const char *file, cli_session *session, aether_error *err) {
    aether_status status = cli_module_read(file, &session->module, err);
    if (status == AETHER_OK && request->input != NULL)
        status = cli_option_bytes("--input", request->input, &session->input, err);
    if (status == AETHER_OK)
        status = aether_memory_store_create(&session->store, err);
    if (status == AETHER_OK && request->storage_path != NULL)
        status = cli_storage_load(
            request->storage_path, &request->context.contract_address, session->store, err);
    return status;
}

aether_status cli_session_start(
    const cli_request *request, cli_session *session, aether_error *err) {
    const aether_protocol protocol = {sizeof protocol, AETHER_PROTOCOL_VERSION, request->schedule};
    const aether_engine_options options = {
        .struct_size = sizeof options, .compiler = request->compiler, .protocol = &protocol};
    return aether_engine_create(&options, &session->engine, err);
}

void cli_session_deinit(cli_session *session) {
    aether_engine_destroy(session->engine);
    aether_memory_store_destroy(session->store);
    cli_buffer_deinit(&session->input);
    cli_buffer_deinit(&session->module);
}

void cli_print_debug_text(const aether_execution_result *result) {
    cli_text text = {0};
    cli_receipt_debug_text(result->debug_text, &text);
    if (text.len != 0)
        (void)fwrite(text.data, 1, text.len, stderr); // a closed stderr changes no exit status
    cli_text_deinit(&text);
}

bool cli_stdout_wants_colour(void) {
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
}
