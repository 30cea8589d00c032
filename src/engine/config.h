/* How the native engine is configured: one function, every setting written out.
 *
 * Thread safety: thread-safe. Determinism: what is set here decides what native code computes. */
#ifndef AE_ENGINE_CONFIG_H
#define AE_ENGINE_CONFIG_H

#include "engine/engine.h"

#include <wasmtime.h>

/* Of our own in the engine's archive: third_party/wasmtime/src/lib.rs. */
void aether_config_set_stack(wasm_config_t *config, size_t stack_len, size_t trace_frames_max);

/* A new configuration, which wasm_engine_new_with_config consumes.
 * ENGINE_FAILED: this machine lacks what every node's code uses; the message names it.
 * OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_engine_config(
    const ae_engine_settings *settings, wasm_config_t **out_config, aether_error *err);

/* Names everything that ae_engine_config writes, processor features included: native code made under another
 * number is not used. Raise it with every change there; config_test.c notices a change. How many instances there
 * may be is the only thing that settings alter besides the compiler, and code doesn't depend on it. */
#define AE_ENGINE_CONFIG_VERSION 1

/* What a compiler makes code for: "x86_64-unknown-linux-gnu". Static storage. */
const char *ae_engine_target(aether_compiler compiler);

/* Settings of the engine's header that ae_engine_config leaves alone, each with the reason. */
typedef struct ae_setting_left {
    const char *name;
    const char *reason;
} ae_setting_left;

extern const ae_setting_left ae_settings_left[];
extern const size_t ae_settings_left_count;

#endif
