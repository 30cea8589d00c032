#include "api/handle.h"

#define EXECUTIONS_MAX 64

// What a program knows that was built before the options had a cache.
#define FIRST_OPTIONS_LEN offsetof(aether_engine_options, cache_path)

aether_status aether_engine_create(
    const aether_engine_options *options, aether_engine **out_engine, aether_error *err) {
    AE_CHECK_ARG(out_engine != NULL, err);
    aether_engine_options full = {.struct_size = sizeof full};
    if (options != NULL) {
        AE_CHECK_ARG(options->struct_size >= FIRST_OPTIONS_LEN, err);
        const bool has_cache = options->struct_size >= sizeof full;
        memcpy(&full, options, has_cache ? sizeof full : FIRST_OPTIONS_LEN);
    }
    AE_CHECK_ARG((unsigned)full.compiler <= AETHER_COMPILER_PULLEY, err);
    AE_CHECK_ARG(full.executions_max <= EXECUTIONS_MAX, err);
    AE_CHECK_ARG(full.cache_path == NULL || full.cache_path[0] != '\0', err);
    AE_CHECK_ARG(full.cache_path == NULL || full.cache_key != NULL, err);
    const aether_protocol *protocol = full.protocol;
    if (protocol != NULL) {
        AE_CHECK_ARG(protocol->struct_size >= sizeof *protocol, err);
        AE_CHECK_ARG(protocol->version == AETHER_PROTOCOL_VERSION, err);
        AE_CHECK_ARG(ae_schedule_get(protocol->schedule) != NULL, err);
    }
    return ae_runtime_create(&full, (ae_runtime **)out_engine, err);
}

void aether_engine_destroy(aether_engine *engine) {
    ae_runtime_destroy(ae_engine_runtime(engine));
}

const char *aether_engine_version(void) {
    return ae_engine_version();
}
