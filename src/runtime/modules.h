/* What a chain keeps of programs: by code hash, ready to be called; those used longest ago are dropped.
 *
 * It answers out of memory what it can, so it does not tell whether the state has a code: a program may be here
 * of a block that was reverted, or dropped although it is in use. The record of the code decides that, here is only
 * where its program comes from; else a result would depend on what happens to be in memory.
 *
 * Life: ae_modules_create → ae_modules_find, ae_modules_add … → ae_modules_destroy, before the runtime's.
 * Thread safety: one-at-a-time. Determinism: a program is a function of its code, wherever it comes from. */
#ifndef AE_RUNTIME_MODULES_H
#define AE_RUNTIME_MODULES_H

#include "runtime/runtime.h"
#include "state/view.h"

typedef struct ae_modules ae_modules;

/* count_max: programs kept, at least 1. All memory but the programs' is allocated here. OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_modules_create(
    ae_runtime *runtime, uint32_t count_max, ae_modules **out_modules, aether_error *err);

/* NULL is a no-op. */
void ae_modules_destroy(ae_modules *modules);

/* The program of a code, loaded from the store if need be.
 *
 * view         read under AETHER_STORE_KIND_CODE ‖ code_hash, if the program is not in memory
 * out_program  borrowed until the next find or add: who runs it while others are looked for, as a contract does that
 *              calls another, takes a share (ae_program_share). NULL: the view has no such code
 *
 * OUT_OF_MEMORY, ENGINE_FAILED, STORAGE_FAILED · STORAGE_DAMAGED: the bytes do not have this hash, or are no module
 * that could have been uploaded. */
AETHER_MUST_CHECK aether_status ae_modules_find(ae_modules *modules, const aether_hash *code_hash,
    const ae_view *view, ae_program **out_program, aether_error *err);

/* Keep the program of an upload, one share of it; the caller's stays the caller's. */
void ae_modules_add(ae_modules *modules, const aether_hash *code_hash, ae_program *program);

#endif
