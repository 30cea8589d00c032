#include "base/alloc.h"
#include "crypto/hash.h"
#include "engine/config.h"
#include "engine/native.h"

static aether_hash name_in_cache(const ae_engine *engine, aether_bytes instrumented) {
    ae_cache_subject subject = {.engine = ae_engine_version(),
        .target = ae_engine_target(engine->settings.compiler),
        .config_version = AE_ENGINE_CONFIG_VERSION,
        .compiler = engine->settings.compiler};
    ae_sha256(instrumented, &subject.code);
    aether_hash name;
    ae_cache_name(&subject, &name);
    return name;
}

static void count(ae_engine *engine, uint64_t *counter) {
    ae_mutex_lock(&engine->lock);
    (*counter)++;
    ae_mutex_unlock(&engine->lock);
}

// NULL: a miss. The engine itself may refuse an artefact, of another build of it, say: that is one too.
static wasmtime_module_t *read_module(ae_engine *engine, const aether_hash *name) {
    ae_artefact artefact;
    if (!ae_cache_read(engine->cache, name, &artefact))
        return NULL;
    count(engine, &engine->counts.read);
    wasmtime_module_t *module = NULL;
    wasmtime_error_t *error = wasmtime_module_deserialize(
        engine->native, artefact.bytes.data, artefact.bytes.len, &module);
    ae_artefact_deinit(&artefact);
    if (error == NULL)
        return module;
    wasmtime_error_delete(error);
    return NULL;
}

// Best effort: the module is in memory, whatever becomes of its file.
static void keep_module(
    ae_engine *engine, const aether_hash *name, const wasmtime_module_t *module) {
    wasm_byte_vec_t artefact;
    wasmtime_error_t *error = wasmtime_module_serialize(module, &artefact);
    if (error != NULL) {
        wasmtime_error_delete(error);
        return;
    }
    if (ae_cache_write(engine->cache, name, ae_bytes(artefact.data, artefact.size)))
        count(engine, &engine->counts.kept);
    wasm_byte_vec_delete(&artefact);
}

static wasmtime_error_t *make_module(
    ae_engine *engine, aether_bytes instrumented, wasmtime_module_t **out_module) {
    const bool has_cache = engine->cache != NULL;
    aether_hash name = {{0}};
    if (has_cache) {
        name = name_in_cache(engine, instrumented);
        *out_module = read_module(engine, &name);
        if (*out_module != NULL)
            return NULL;
    }
    wasmtime_error_t *error =
        wasmtime_module_new(engine->native, instrumented.data, instrumented.len, out_module);
    if (error != NULL)
        return error;
    count(engine, &engine->counts.compiled);
    if (has_cache)
        keep_module(engine, &name, *out_module);
    return NULL;
}

aether_status ae_code_compile(
    ae_engine *engine, aether_bytes instrumented, ae_code **out_code, aether_error *err) {
    AE_TRY(ae_engine_start(engine, err));
    ae_code *code = ae_alloc(1, sizeof *code);
    if (code == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "compiled module");
    code->engine = engine;
    ae_mutex_init(&code->lock);
    wasmtime_error_t *error = make_module(engine, instrumented, &code->module);
    if (error == NULL)
        error = wasmtime_linker_instantiate_pre(engine->linker, code->module, &code->linked);
    if (error != NULL) {
        ae_code_destroy(code);
        return ae_engine_fail(err, "an accepted module does not compile", error);
    }
    *out_code = code;
    return AETHER_OK;
}

void ae_code_destroy(ae_code *code) {
    if (code == NULL)
        return;
    while (code->idle != NULL) {
        ae_instance *next = code->idle->next;
        ae_free(code->idle);
        code->idle = next;
    }
    if (code->linked != NULL)
        wasmtime_instance_pre_delete(code->linked);
    if (code->module != NULL)
        wasmtime_module_delete(code->module);
    ae_mutex_deinit(&code->lock);
    ae_free(code);
}
