#include "runtime/program.h"

#include "base/alloc.h"
#include "crypto/hash.h"

static void destroy(ae_program *program) {
    ae_code_destroy(program->code);
    ae_instrumented_deinit(&program->instrumented);
    ae_probes_deinit(&program->probes);
    ae_names_deinit(&program->names);
    ae_module_deinit(&program->module);
    ae_free(program->bytes);
    ae_free(program);
}

// The living program of these bytes with one user more, or NULL.
static ae_program *share(ae_runtime *runtime, const aether_hash *hash, bool has_probes) {
    ae_mutex_lock(&runtime->lock);
    ae_program *program = runtime->programs;
    while (program != NULL &&
           (memcmp(&program->hash, hash, sizeof *hash) != 0 || program->has_probes != has_probes))
        program = program->next;
    if (program != NULL)
        program->users++;
    ae_mutex_unlock(&runtime->lock);
    return program;
}

static void add(ae_runtime *runtime, ae_program *program) {
    program->users = 1;
    ae_mutex_lock(&runtime->lock);
    program->next = runtime->programs;
    runtime->programs = program;
    ae_mutex_unlock(&runtime->lock);
}

static aether_status instrument(ae_program *program, aether_error *err) {
    const ae_schedule *schedule = program->runtime->schedule;
    if (program->has_probes)
        return ae_instrument_probed(
            &program->module, schedule, &program->instrumented, &program->probes, err);
    const ae_instrument_options options = {.schedule = schedule};
    return ae_instrument(&program->module, &options, &program->instrumented, err);
}

static aether_status prepare(ae_program *program, size_t len, aether_error *err) {
    const ae_import_rules rules = ae_host_import_rules();
    AE_TRY(ae_module_decode(ae_bytes(program->bytes, len), rules, &program->module, err));
    AE_TRY(ae_names_decode(&program->module, rules, &program->names, err));
    AE_TRY(instrument(program, err));
    AE_TRY(ae_code_compile(program->runtime->engine,
        ae_bytes(program->instrumented.bytes, program->instrumented.len), &program->code, err));
    ae_free(program->instrumented.bytes);
    program->instrumented.bytes = NULL;
    return AETHER_OK;
}

static aether_status load(ae_runtime *runtime, aether_bytes wasm, bool has_probes,
    ae_program **out_program, aether_error *err) {
    aether_hash hash;
    if (wasm.len > (size_t)AE_MODULE_LEN_MAX + AE_CUSTOM_LEN_MAX)
        return ae_fail(err, AETHER_LIMIT_EXCEEDED, "module_len: %zu bytes, at most %d", wasm.len,
            AE_MODULE_LEN_MAX + AE_CUSTOM_LEN_MAX);
    ae_sha256(wasm, &hash);
    ae_program *program = share(runtime, &hash, has_probes);
    if (program != NULL) {
        *out_program = program;
        return AETHER_OK;
    }
    program = ae_alloc(1, sizeof *program);
    if (program == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "program");
    program->runtime = runtime;
    program->hash = hash;
    program->has_probes = has_probes;
    program->bytes = ae_alloc(1, wasm.len);
    if (program->bytes == NULL) {
        ae_free(program);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "module of %zu bytes", wasm.len);
    }
    if (wasm.len != 0)
        memcpy(program->bytes, wasm.data, wasm.len);
    const aether_status status = prepare(program, wasm.len, err);
    if (status != AETHER_OK) {
        destroy(program);
        return status;
    }
    add(runtime, program);
    *out_program = program;
    return AETHER_OK;
}

aether_status ae_program_load(
    ae_runtime *runtime, aether_bytes wasm, ae_program **out_program, aether_error *err) {
    return load(runtime, wasm, false, out_program, err);
}

aether_status ae_program_load_probed(
    ae_runtime *runtime, aether_bytes wasm, ae_program **out_program, aether_error *err) {
    return load(runtime, wasm, true, out_program, err);
}

ae_program *ae_program_share(ae_program *program) {
    ae_mutex_lock(&program->runtime->lock);
    program->users++;
    ae_mutex_unlock(&program->runtime->lock);
    return program;
}

void ae_program_destroy(ae_program *program) {
    if (program == NULL)
        return;
    ae_runtime *runtime = program->runtime;
    ae_mutex_lock(&runtime->lock);
    const bool is_last = --program->users == 0;
    ae_program **link = &runtime->programs;
    while (is_last && *link != program)
        link = &(*link)->next;
    if (is_last)
        *link = program->next;
    ae_mutex_unlock(&runtime->lock);
    if (is_last)
        destroy(program);
}

bool ae_program_has_entry(const ae_program *program, aether_entry entry) {
    return program->module.entries[entry] != AE_NO_INDEX;
}

const ae_module *ae_program_module(const ae_program *program) {
    return &program->module;
}

const ae_schedule *ae_runtime_schedule(const ae_runtime *runtime) {
    return runtime->schedule;
}

aether_status ae_program_try(ae_program *program, aether_error *err) {
    ae_frame frame = {0}; // nothing runs at instantiation, so nobody looks at it
    ae_instance *instance = NULL;
    AE_TRY(ae_instance_acquire(program->code, &frame, &instance, err));
    ae_instance_release(instance);
    return AETHER_OK;
}
