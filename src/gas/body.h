/* Metering put into one function body, in one pass.
 *
 * The parameters stay where they are; after them come the counter and the stack, then the locals that
 * canonical floats need, then the declared ones, then a scratch local where one is needed. The whole body stands in a block that takes the
 * place of the function's own label, so that every way out passes the code that returns the
 * counter.
 *
 * Costs are summed up and paid where paths join or leave. Code that no path reaches is dropped.
 *
 * Thread safety: one-at-a-time. Determinism: part of consensus. */
#ifndef AE_GAS_BODY_H
#define AE_GAS_BODY_H

#include "gas/canonical.h"
#include "gas/emit.h"
#include "gas/offset_map.h"
#include "gas/probe.h"

/* What every body of a module shares. */
typedef struct ae_body_context {
    const ae_module *module;
    const ae_schedule *schedule;
    ae_emit *out;
    ae_offset_map_writer *map;
    ae_canonical *canonical;     /* reused by every function */
    uint32_t added_import_count; /* what indices of defined functions are shifted by */
    uint32_t grow_function;      /* index of the import that stands for memory.grow */
    uint32_t end_global;         /* index of the global `end` */
    uint32_t probe_function;     /* index of the import that probes call */
    ae_probe_writer *probes;     /* NULL: no probes are put in */
} ae_body_context;

/* Write an entry of the code section: its length, its locals, its metered code. False when memory
 * is exhausted. */
AETHER_MUST_CHECK bool ae_body_emit(const ae_body_context *context, const ae_function *function);

#endif
