#include "contract.h"

aether_bytes bytes_of(const char *text) {
    return (aether_bytes){.data = (const uint8_t *)text, .len = strlen(text)};
}

subject subject_of(const char *wat, const setting *with) {
    aether_error err;
    subject self = {0};
    const aether_protocol protocol = {.struct_size = sizeof protocol,
        .version = AETHER_PROTOCOL_VERSION,
        .schedule = with->schedule};
    const aether_engine_options options = {
        .struct_size = sizeof options, .compiler = with->compiler, .protocol = &protocol};
    CHECK_OK(aether_engine_create(&options, &self.engine, &err));
    CHECK_OK(aether_contract_load(self.engine, bytes_of(wat), &self.contract, &err));
    return self;
}

void subject_end(subject *self) {
    aether_contract_destroy(self->contract);
    aether_engine_destroy(self->engine);
}

aether_execution_context context_of(const setting *with) {
    aether_execution_context context = {.struct_size = sizeof context,
        .entry = with->entry,
        .value = with->value,
        .gas_limit = with->gas_limit != 0 || with->gas_is_zero ? with->gas_limit : 1000000,
        .block_number = 7,
        .timestamp = 1700000000,
        .chain_id = bytes_of("test")};
    memset(context.contract_address.bytes, 2, AETHER_ADDRESS_LEN);
    memset(context.caller.bytes, 1, AETHER_ADDRESS_LEN);
    return context;
}

aether_execution_result subject_run(const subject *self, const setting *with) {
    aether_error err;
    aether_execution_result result;
    const aether_execution_context context = context_of(with);
    CHECK_OK(aether_execute(self->contract, &context, with->input, with->store, &result, &err));
    return result;
}

aether_execution_result run_text(const char *wat, const setting *with) {
    subject self = subject_of(wat, with);
    const aether_execution_result result = subject_run(&self, with);
    subject_end(&self);
    return result;
}
