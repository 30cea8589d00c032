/* Probes: where a metered module tells what it has paid, for exact profiles.
 *
 * A probed module calls ("aether", "probe": (i32 probe, i64 gas) -> ()) after every payment, on entering a
 * function and on leaving it, with the counter as it then is. So what lies between two probes is known exactly:
 * the prices of the steps of the later one, and what its last step costs by its operands. Host functions are
 * charged between a CALL and a LEAVE.
 *
 * Life: ae_instrument_probed → use → ae_probes_deinit. Thread safety: immutable once made. */
#ifndef AE_GAS_PROBE_H
#define AE_GAS_PROBE_H

#include "gas/instrument.h"

typedef enum ae_probe_kind {
    AE_PROBE_SEGMENT, /* its steps were executed and paid */
    AE_PROBE_ENTER,   /* `function` was entered and that was paid: the first step */
    AE_PROBE_CALL,    /* as SEGMENT, then the host's `callee` is entered */
    AE_PROBE_LEAVE,   /* the function or host function that was entered last returns */
} ae_probe_kind;

#define AE_PROBE_GROW UINT32_MAX /* the callee that stands for memory.grow */

/* One call of the probe function; its number is its place. */
typedef struct ae_probe {
    ae_probe_kind kind;
    uint32_t callee;     /* of CALL: an imported function, or AE_PROBE_GROW */
    uint32_t function;   /* that is running, as uploaded; AE_NO_INDEX in a thunk */
    uint32_t first_step; /* of a straight piece of code … */
    uint32_t step_count; /* … which may be empty */
    uint64_t gas;        /* what the steps cost, operands not counted */
} ae_probe;

#define AE_STEP_ENTER \
    AE_OPCODE_COUNT /* the opcode of entering a function, at its local declarations */

/* One instruction that a path reaches, in the order of the module. */
typedef struct ae_step {
    uint32_t offset; /* as uploaded */
    uint32_t gas;    /* its price; 0 of memory.grow, which the host charges */
    uint32_t opcode; /* ae_opcode, or AE_STEP_ENTER */
} ae_step;

typedef struct ae_probes {
    ae_probe *probes; /* owned */
    uint32_t probe_count;
    ae_step *steps; /* owned */
    uint32_t step_count;
} ae_probes;

/* As ae_instrument, with probes. The result may exceed AE_INSTRUMENTED_LEN_MAX: it is never part of consensus,
 * only its gas is, which equals the other form's. */
AETHER_MUST_CHECK aether_status ae_instrument_probed(const ae_module *module,
    const ae_schedule *schedule, ae_instrumented *out_instrumented, ae_probes *out_probes,
    aether_error *err);

void ae_probes_deinit(ae_probes *probes);

/* Writing the table. */
typedef struct ae_probe_writer {
    ae_probes table;
    uint32_t probe_capacity;
    uint32_t step_capacity;
    uint32_t segment; /* the first step that no probe covers yet */
} ae_probe_writer;

/* Make room for `probes` and `steps` more; false when memory is exhausted. */
bool ae_probe_reserve(ae_probe_writer *writer, uint32_t probes, uint32_t steps);

/* Room was reserved. */
void ae_probe_step(ae_probe_writer *writer, ae_step step);

/* A probe that covers the steps since the last one that did, but for LEAVE, which covers none. Returns its number;
 * room was reserved. */
uint32_t ae_probe_add(
    ae_probe_writer *writer, ae_probe_kind kind, uint32_t function, uint32_t callee);

#endif
