/* What the public handles are, and the way any input becomes a binary.
 *
 * Thread safety: as the public types. */
#ifndef AE_API_HANDLE_H
#define AE_API_HANDLE_H

#include "runtime/runtime.h"

#include <aether/aether.h>

/* aether_engine is an ae_runtime, aether_contract an ae_program: the public types add nothing. */
static inline ae_runtime *ae_engine_runtime(aether_engine *engine) {
    return (ae_runtime *)engine;
}

static inline ae_program *ae_contract_program(const aether_contract *contract) {
    return (ae_program *)(uintptr_t)contract;
}

/* A binary, made from text where that was given. */
typedef struct ae_binary {
    aether_bytes bytes; /* borrowed from the input, or from owned */
    uint8_t *owned;     /* NULL for an input that was binary */
} ae_binary;

#define AE_TEXT_LEN_MAX \
    (32u << 20) /* bytes of WAT; for people and tests, so no part of the protocol */

/* OK, MALFORMED_TEXT, LIMIT_EXCEEDED, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_binary_init(
    aether_bytes wasm_or_wat, ae_binary *out_binary, aether_error *err);
void ae_binary_deinit(ae_binary *binary);

#endif
