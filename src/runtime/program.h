/* The structs behind runtime/runtime.h, shared by the files of this folder. */
#ifndef AE_RUNTIME_PROGRAM_H
#define AE_RUNTIME_PROGRAM_H

#include "base/mutex.h"
#include "base/stack.h"
#include "gas/probe.h"
#include "runtime/frame.h"
#include "runtime/runtime.h"

/* What one execution works in; kept for the next one. */
typedef struct ae_workspace {
    ae_arena arena;
    ae_stack stack;
    struct ae_workspace *next;
} ae_workspace;

struct ae_runtime {
    ae_link link;
    const ae_schedule *schedule;
    ae_engine *engine;
    uint32_t executions_max;
    ae_mutex lock; /* protects what follows */
    ae_workspace *idle;
    uint32_t workspace_count; /* idle or in use, at most executions_max */
    ae_program *programs;     /* that live; each counts its users */
};

struct ae_program {
    ae_runtime *runtime;
    aether_hash hash; /* SHA-256 of the bytes: programs of the same bytes are one */
    uint64_t users;   /* protected by the runtime's lock */
    ae_program *next; /* in runtime->programs */
    uint8_t *bytes;   /* as uploaded; module and names borrow them */
    ae_module module;
    ae_names names;
    ae_instrumented instrumented; /* its bytes are released once compiled */
    bool has_probes;              /* programs with probes and without are never one */
    ae_probes probes;
    ae_code *code;
};

/* A workspace of the pool. WRONG_STATE: executions_max are running; OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_workspace_take(
    ae_runtime *runtime, ae_workspace **out_workspace, aether_error *err);
void ae_workspace_give(ae_runtime *runtime, ae_workspace *workspace);

/* What a finished call left behind, in its arena. */
typedef struct ae_ending {
    aether_outcome outcome;
    int32_t code;
    aether_end end;
    uint64_t gas_left;
    aether_hash memory_hash; /* zero unless asked for */
    ae_exit exit;            /* frames */
} ae_ending;

/* Copy everything a caller keeps out of the arena; takes_changes: the journal's changes and events too. On failure
 * *out_result is untouched. */
AETHER_MUST_CHECK aether_status ae_result_write(const ae_program *program, const ae_ending *ending,
    const ae_host *host, bool takes_changes, aether_execution_result *out_result,
    aether_error *err);

#endif
