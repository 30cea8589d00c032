/* The bare engine: Wasmtime's C API used as directly as it can be, with the runtime's own configuration,
 * to compare with.
 *
 * Everything is destroyed by its deinit, which is safe on a zeroed struct. All functions that return
 * false have said why on stderr. Thread safety: one-at-a-time. */
#ifndef AE_BENCH_BARE_H
#define AE_BENCH_BARE_H

#include "measure.h"

#include <wasmtime.h>

typedef struct bare_engine {
    wasm_engine_t *native;
    wasmtime_linker_t *linker;
    bool has_fuel;
} bare_engine;

/* As the runtime configures it for AETHER_COMPILER_CRANELIFT; with Wasmtime's fuel if has_fuel. */
bool bare_engine_init(bare_engine *engine, bool has_fuel);
void bare_engine_deinit(bare_engine *engine);

/* Define a function of "env", unchecked. Signature in letters: "iiI>iI". */
bool bare_engine_define(bare_engine *engine, const char *name, const char *signature,
    wasmtime_func_unchecked_callback_t function, void *data);

typedef struct bare_code {
    bare_engine *engine;
    wasmtime_module_t *module;
    wasmtime_instance_pre_t *linked;
} bare_code;

bool bare_code_init(bare_code *code, bare_engine *engine, aether_bytes wasm);
void bare_code_deinit(bare_code *code);

/* The binary of a text, to be released with free. */
bool bare_text_to_binary(const char *text, aether_bytes *out_wasm);

typedef struct bare_instance {
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t native;
} bare_instance;

bool bare_instance_init(bare_instance *instance, const bare_code *code);
void bare_instance_deinit(bare_instance *instance);

/* Call an export, looked up by name. */
bool bare_instance_call(
    bare_instance *instance, const char *name, wasmtime_val_raw_t *slots, size_t slot_count);

#endif
