/* One call: a message to an outcome. Joins the engine's instances with the host over a journal.
 *
 * Life: ae_runtime_create → ae_program_load → ae_runtime_call … → ae_program_destroy →
 * ae_runtime_destroy. Thread safety: thread-safe; a workspace serves one call at a time. */
#ifndef AE_RUNTIME_RUNTIME_H
#define AE_RUNTIME_RUNTIME_H

#include "engine/engine.h"
#include "gas/instrument.h"
#include "host/host.h"
#include "wasm/name.h"

#include <aether/execution.h>

typedef struct ae_runtime ae_runtime;

/* Code that can be called: facts of the upload, native code, and what a trace needs. */
typedef struct ae_program ae_program;

AETHER_MUST_CHECK aether_status ae_runtime_create(
    const aether_engine_options *options, ae_runtime **out_runtime, aether_error *err);
void ae_runtime_destroy(ae_runtime *runtime);

/* Validate, instrument, compile. wasm: a binary; copied. */
AETHER_MUST_CHECK aether_status ae_program_load(
    ae_runtime *runtime, aether_bytes wasm, ae_program **out_program, aether_error *err);

/* The same with probes, for a message with a profile. */
AETHER_MUST_CHECK aether_status ae_program_load_probed(
    ae_runtime *runtime, aether_bytes wasm, ae_program **out_program, aether_error *err);
void ae_program_destroy(ae_program *program);

/* Instantiate it once and throw that away, to know that it can be. OK, OUT_OF_MEMORY, ENGINE_FAILED. */
AETHER_MUST_CHECK aether_status ae_program_try(ae_program *program, aether_error *err);

/* What it was made from. */
const ae_module *ae_program_module(const ae_program *program);

/* The prices of the runtime. */
const ae_schedule *ae_runtime_schedule(const ae_runtime *runtime);

/* One share more of a loaded program, which lives until each is destroyed. Returns it. */
ae_program *ae_program_share(ae_program *program);

bool ae_program_has_entry(const ae_program *program, aether_entry entry);

/* What one call is and what it starts from. */
typedef struct ae_message {
    aether_entry entry;
    uint64_t gas_limit;
    bool hash_memory; /* fill in the result's memory_hash */
    ae_frame_context context;
    struct ae_profile *profile; /* is told where the gas goes; NULL unless the program has probes */
    ae_journal *
        journal; /* what it works on, with those who have it; NULL: a journal of its own over the store */
} ae_message;

/* Run one message over a state; the result owns what it points to. Over a journal that was given the changes and
 * events of a success stay there and are not in the result, and a failure is undone there. Statuses as
 * aether_execute. */
AETHER_MUST_CHECK aether_status ae_runtime_call(ae_program *program, const ae_message *message,
    const aether_store *store, aether_execution_result *out_result, aether_error *err);

#endif
