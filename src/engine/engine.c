#include "engine/native.h"

#include "base/alloc.h"
#include "engine/config.h"

#include <ctype.h>

// A host function gets the engine's raw values as slots.
_Static_assert(sizeof(ae_slot) == sizeof(wasmtime_val_raw_t), "a slot is a raw value");
_Static_assert(
    _Alignof(ae_slot) <= _Alignof(wasmtime_val_raw_t), "a raw value is aligned for a slot");

aether_status ae_engine_fail(aether_error *err, const char *what, wasmtime_error_t *error) {
    wasm_name_t message;
    wasmtime_error_message(error, &message);
    for (size_t i = 0; i < message.size; i++)
        if (!isprint((unsigned char)message.data[i]))
            message.data[i] = ' ';
    const aether_status status =
        ae_fail(err, AETHER_ENGINE_FAILED, "%s: %.*s", what, (int)message.size, message.data);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
    return status;
}

aether_status ae_engine_create(
    const ae_engine_settings *settings, ae_engine **out_engine, aether_error *err) {
    ae_engine *engine = ae_alloc(1, sizeof *engine);
    if (engine == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "engine");
    engine->settings = *settings;
    engine->settings.cache_path = NULL;
    engine->settings.cache_key = NULL;
    if (settings->cache_path != NULL) {
        const aether_status status = ae_cache_open(
            settings->cache_path, settings->cache_key, AE_CACHE_LEN_MAX, &engine->cache, err);
        if (status != AETHER_OK) {
            ae_free(engine);
            return status;
        }
    }
    ae_mutex_init(&engine->lock);
    *out_engine = engine;
    return AETHER_OK;
}

void ae_engine_destroy(ae_engine *engine) {
    if (engine == NULL)
        return;
    if (engine->linker != NULL)
        wasmtime_linker_delete(engine->linker);
    if (engine->native != NULL)
        wasm_engine_delete(engine->native);
    ae_cache_close(engine->cache);
    ae_mutex_deinit(&engine->lock);
    ae_free(engine);
}

static wasm_trap_t *call_import(
    void *data, wasmtime_caller_t *caller, wasmtime_val_raw_t *raw, size_t raw_len) {
    (void)raw_len;
    const ae_engine_import *import = data;
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    ae_instance *instance = wasmtime_context_get_data(context);
    instance->context = context;
    if (import->function(import->data, &instance->guest, (ae_slot *)raw))
        return NULL;
    instance->is_stopped = true;
    return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED);
}

static wasm_valkind_t kind_of(char letter) {
    switch (letter) {
    case 'i':
        return WASM_I32;
    case 'I':
        return WASM_I64;
    case 'f':
        return WASM_F32;
    default:
        return WASM_F64;
    }
}

static void fill_types(const char *letters, size_t count, wasm_valtype_vec_t *out) {
    wasm_valtype_vec_new_uninitialized(out, count);
    for (size_t i = 0; i < count; i++)
        out->data[i] = wasm_valtype_new(kind_of(letters[i]));
}

static wasmtime_error_t *define_import(wasmtime_linker_t *linker, const ae_engine_import *import) {
    const char *arrow = strchr(import->signature, '>');
    wasm_valtype_vec_t params;
    wasm_valtype_vec_t results;
    fill_types(import->signature, (size_t)(arrow - import->signature), &params);
    fill_types(arrow + 1, strlen(arrow + 1), &results);
    wasm_functype_t *type = wasm_functype_new(&params, &results);
    wasmtime_error_t *error =
        wasmtime_linker_define_func_unchecked(linker, import->module, strlen(import->module),
            import->name, strlen(import->name), type, call_import, (void *)(uintptr_t)import, NULL);
    wasm_functype_delete(type);
    return error;
}

static aether_status start_locked(ae_engine *engine, aether_error *err) {
    if (engine->linker != NULL)
        return AETHER_OK;
    if (engine->native == NULL) {
        wasm_config_t *config = NULL;
        AE_TRY(ae_engine_config(&engine->settings, &config, err));
        engine->native = wasm_engine_new_with_config(config);
    }
    if (engine->native == NULL)
        return ae_fail(err, AETHER_ENGINE_FAILED, "the engine did not start");
    wasmtime_linker_t *linker = wasmtime_linker_new(engine->native);
    for (size_t i = 0; i < engine->settings.import_count; i++) {
        wasmtime_error_t *error = define_import(linker, &engine->settings.imports[i]);
        if (error != NULL) {
            wasmtime_linker_delete(linker);
            return ae_engine_fail(err, "host function", error);
        }
    }
    engine->linker = linker;
    return AETHER_OK;
}

aether_status ae_engine_start(ae_engine *engine, aether_error *err) {
    ae_mutex_lock(&engine->lock);
    const aether_status status = start_locked(engine, err);
    ae_mutex_unlock(&engine->lock);
    return status;
}

ae_engine_counts ae_engine_get_counts(ae_engine *engine) {
    ae_mutex_lock(&engine->lock);
    const ae_engine_counts counts = engine->counts;
    ae_mutex_unlock(&engine->lock);
    return counts;
}

const char *ae_engine_version(void) {
    return "wasmtime " WASMTIME_VERSION;
}
