/* Programs by code hash, for a chain: in memory, else made from the code that a state holds. One that was not used for
 * long is dropped for another.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_RUNTIME_MODULES_H
#define AE_RUNTIME_MODULES_H

#include "runtime/runtime.h"
#include "state/view.h"

typedef struct ae_modules ae_modules;

/* count_max: programs kept, at least 1. OK, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_modules_create(
    ae_runtime *runtime, uint32_t count_max, ae_modules **out_modules, aether_error *err);
void ae_modules_destroy(ae_modules *modules);

/* The program of uploaded code, borrowed until the next call; NULL where the state has no such code.
 * view: where code is read, under 0x10 ‖ hash. OUT_OF_MEMORY, STORAGE_FAILED, ENGINE_FAILED; STORAGE_DAMAGED: what is
 * there has another hash, or is no module that could have been uploaded. */
AETHER_MUST_CHECK aether_status ae_modules_find(ae_modules *modules, const aether_hash *code_hash,
    const ae_view *view, ae_program **out_program, aether_error *err);

/* Keep a program that was just made; taken over, but for a failure. OK, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_modules_add(
    ae_modules *modules, const aether_hash *code_hash, ae_program *program, aether_error *err);

#endif
