#include "bare.h"

#include "engine/config.h"

#include <stdlib.h>
#include <string.h>

#define INSTANCES_MAX 16 /* as the runtime's default */

static bool explain(wasmtime_error_t *error, wasm_trap_t *trap, const char *what) {
    wasm_message_t message;
    if (error != NULL)
        wasmtime_error_message(error, &message);
    else
        wasm_trap_message(trap, &message);
    bench_fail("%s: %.*s", what, (int)message.size, message.data);
    wasm_byte_vec_delete(&message);
    if (error != NULL)
        wasmtime_error_delete(error);
    if (trap != NULL)
        wasm_trap_delete(trap);
    return false;
}

bool bare_engine_init(bare_engine *engine, bool has_fuel) {
    const ae_engine_settings settings = {
        .compiler = AETHER_COMPILER_CRANELIFT, .instances_max = INSTANCES_MAX};
    aether_error err;
    wasm_config_t *config;
    if (!bench_ok(ae_engine_config(&settings, &config, &err), "bare engine", &err))
        return false;
    wasmtime_config_consume_fuel_set(config, has_fuel);
    engine->has_fuel = has_fuel;
    engine->native = wasm_engine_new_with_config(config);
    if (engine->native == NULL)
        return bench_fail("bare engine: it did not start");
    engine->linker = wasmtime_linker_new(engine->native);
    return true;
}

void bare_engine_deinit(bare_engine *engine) {
    if (engine->linker != NULL)
        wasmtime_linker_delete(engine->linker);
    if (engine->native != NULL)
        wasm_engine_delete(engine->native);
}

static void fill_types(const char *letters, size_t count, wasm_valtype_vec_t *out) {
    wasm_valtype_vec_new_uninitialized(out, count);
    for (size_t i = 0; i < count; i++)
        out->data[i] = wasm_valtype_new(letters[i] == 'I' ? WASM_I64 : WASM_I32);
}

bool bare_engine_define(bare_engine *engine, const char *name, const char *signature,
    wasmtime_func_unchecked_callback_t function, void *data) {
    const char *arrow = strchr(signature, '>');
    wasm_valtype_vec_t params, results;
    fill_types(signature, (size_t)(arrow - signature), &params);
    fill_types(arrow + 1, strlen(arrow + 1), &results);
    wasm_functype_t *type = wasm_functype_new(&params, &results);
    wasmtime_error_t *error = wasmtime_linker_define_func_unchecked(
        engine->linker, "env", 3, name, strlen(name), type, function, data, NULL);
    wasm_functype_delete(type);
    return error == NULL || explain(error, NULL, name);
}

bool bare_code_init(bare_code *code, bare_engine *engine, aether_bytes wasm) {
    code->engine = engine;
    wasmtime_error_t *error =
        wasmtime_module_new(engine->native, wasm.data, wasm.len, &code->module);
    if (error == NULL)
        error = wasmtime_linker_instantiate_pre(engine->linker, code->module, &code->linked);
    return error == NULL || explain(error, NULL, "bare module");
}

void bare_code_deinit(bare_code *code) {
    if (code->linked != NULL)
        wasmtime_instance_pre_delete(code->linked);
    if (code->module != NULL)
        wasmtime_module_delete(code->module);
}

bool bare_text_to_binary(const char *text, aether_bytes *out_wasm) {
    wasm_byte_vec_t binary;
    wasmtime_error_t *error = wasmtime_wat2wasm(text, strlen(text), &binary);
    if (error != NULL)
        return explain(error, NULL, "text of a module");
    uint8_t *copy = malloc(binary.size);
    if (copy != NULL)
        memcpy(copy, binary.data, binary.size);
    *out_wasm = (aether_bytes){.data = copy, .len = binary.size};
    wasm_byte_vec_delete(&binary);
    return copy != NULL || bench_fail("text of a module: no memory");
}

bool bare_instance_init(bare_instance *instance, const bare_code *code) {
    instance->store = wasmtime_store_new(code->engine->native, NULL, NULL);
    instance->context = wasmtime_store_context(instance->store);
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error = NULL;
    if (code->engine->has_fuel)
        error = wasmtime_context_set_fuel(instance->context, UINT64_MAX / 2);
    if (error == NULL)
        error = wasmtime_instance_pre_instantiate(
            code->linked, instance->context, &instance->native, &trap);
    return (error == NULL && trap == NULL) || explain(error, trap, "bare instance");
}

void bare_instance_deinit(bare_instance *instance) {
    if (instance->store != NULL)
        wasmtime_store_delete(instance->store);
}

bool bare_instance_call(
    bare_instance *instance, const char *name, wasmtime_val_raw_t *slots, size_t slot_count) {
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(
            instance->context, &instance->native, name, strlen(name), &item))
        return bench_fail("bare instance: no export %s", name);
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error =
        wasmtime_func_call_unchecked(instance->context, &item.of.func, slots, slot_count, &trap);
    return (error == NULL && trap == NULL) || explain(error, trap, name);
}
