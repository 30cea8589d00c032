#include "api/handle.h"

#define EXECUTIONS_MAX 64

aether_status aether_engine_create(
    const aether_engine_options *options, aether_engine **out_engine, aether_error *err) {
    static const aether_engine_options defaults = {.struct_size = sizeof defaults};
    AE_CHECK_ARG(out_engine != NULL, err);
    if (options == NULL)
        options = &defaults;
    AE_CHECK_ARG(options->struct_size >= sizeof *options, err);
    AE_CHECK_ARG((unsigned)options->compiler <= AETHER_COMPILER_PULLEY, err);
    AE_CHECK_ARG(options->executions_max <= EXECUTIONS_MAX, err);
    const aether_protocol *protocol = options->protocol;
    if (protocol != NULL) {
        AE_CHECK_ARG(protocol->struct_size >= sizeof *protocol, err);
        AE_CHECK_ARG(protocol->version == AETHER_PROTOCOL_VERSION, err);
        AE_CHECK_ARG(ae_schedule_get(protocol->schedule) != NULL, err);
    }
    return ae_runtime_create(options, (ae_runtime **)out_engine, err);
}

void aether_engine_destroy(aether_engine *engine) {
    ae_runtime_destroy(ae_engine_runtime(engine));
}

const char *aether_engine_version(void) {
    return ae_engine_version();
}
