#include "base/alloc.h"
#include "engine/native.h"

aether_status ae_code_compile(
    ae_engine *engine, aether_bytes instrumented, ae_code **out_code, aether_error *err) {
    AE_TRY(ae_engine_start(engine, err));
    ae_code *code = ae_alloc(1, sizeof *code);
    if (code == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "compiled module");
    code->engine = engine;
    ae_mutex_init(&code->lock);
    wasmtime_error_t *error =
        wasmtime_module_new(engine->native, instrumented.data, instrumented.len, &code->module);
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
