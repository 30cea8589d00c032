/* The structs behind engine/engine.h, shared by the files of this folder. */
#ifndef AE_ENGINE_NATIVE_H
#define AE_ENGINE_NATIVE_H

#include "base/mutex.h"
#include "engine/cache.h"
#include "engine/engine.h"

#include <wasmtime.h>

struct ae_engine {
    ae_engine_settings settings; /* without the cache's path and key */
    ae_cache *cache;             /* NULL: none */
    ae_mutex
        lock; /* protects counts, and the making of the two below, which are constant afterwards */
    ae_engine_counts counts;
    wasm_engine_t *native;     /* NULL until the first module is compiled */
    wasmtime_linker_t *linker; /* with every import defined; as native */
};

struct ae_code {
    ae_engine *engine;
    wasmtime_module_t *module;
    wasmtime_instance_pre_t *linked;
    ae_mutex lock;     /* protects idle */
    ae_instance *idle; /* empty shells, kept so that a call allocates nothing of ours */
};

struct ae_instance {
    ae_guest guest;
    ae_code *code;
    ae_instance *next; /* in code->idle */
    wasmtime_store_t *store;
    wasmtime_context_t *context; /* the store's, or inside a host function the caller's */
    wasmtime_instance_t native;
    wasmtime_memory_t memory;
    bool has_memory;
    bool is_stopped; /* a host function returned false in the present run */
};

/* Fill err from the engine's error, which is consumed. Returns ENGINE_FAILED. */
AETHER_MUST_CHECK aether_status ae_engine_fail(
    aether_error *err, const char *what, wasmtime_error_t *error);

/* The native engine and linker, made on first use. */
AETHER_MUST_CHECK aether_status ae_engine_start(ae_engine *engine, aether_error *err);

/* Translate a trap of a native instance: what stopped it and where. Consumes the trap.
 * ENGINE_FAILED for one that no accepted module can cause. */
AETHER_MUST_CHECK aether_status ae_trap_translate(
    const ae_instance *instance, wasm_trap_t *trap, ae_exit *out_exit, aether_error *err);

#endif
