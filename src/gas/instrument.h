/* Gas and stack made ordinary Wasm: an accepted module in, a metered module out.
 *
 * The counter and what is left of the metered stack travel as parameters of every function and the
 * counter also as its last result, so that nothing lives in memory or globals and a host call sees the
 * exact counter. The counter is at most AE_COUNTER_MAX (gas/meter.h) as an entry point is called.
 *
 * What comes out, against what went in:
 *   types      type i becomes (params …, i64 gas, i32 stack) -> (results …, i64 gas); more follow them
 *   imports    the same, in order, from "env": (params …, i64 gas) -> (results …, i64 gas);
 *              then, if the module grows its memory, "aether" "memory_grow": (i32 pages, i64 gas) ->
 *              (i32 previous pages or -1, i64 gas), which stands for the instruction
 *   functions  the same, in order, with an index shifted by the imports that were added; then thunks for
 *              imports that a table holds
 *   globals    the same, then one mutable i64: AE_END_…, or the gas left when `unreachable` was met
 *   exports    "memory" (if there is one), "end" (that global), the entry points under their names
 *              (i64 gas, i32 stack) -> (i32 code, i64 gas), and "start" (i64 gas, i32 stack) -> (i64 gas)
 *   start      no start section: instantiation runs no code
 *   tables and memories  maximum written out: the table's is its minimum
 *   custom     none
 *
 * Charges. Function bodies have two forms. The plain one charges each basic block, and checks the counter at
 * every function's entry and every loop's round. The fast one (gas/debt_plan.h) charges where paths that owe
 * different amounts meet, pays for whole loops at once, and checks where a path could go on without end. In
 * both a bulk instruction pays for its length and is checked before it runs; before each call everything is
 * paid, and the host refuses a negative counter; so nothing acts on gas that is not there. Out of gas is `unreachable` with the end
 * global at AE_END_NONE; a stack that is too deep is `unreachable` with AE_END_STACK.
 *
 * Thread safety: one-at-a-time; a map is immutable once made. Determinism: part of consensus. */
#ifndef AE_GAS_INSTRUMENT_H
#define AE_GAS_INSTRUMENT_H

#include "gas/schedule.h"

#define AE_END_NONE \
    (-1) /* the exported global `end` as it starts: a trap is the machine code's or out of gas */
#define AE_END_STACK \
    (-2) /* the metered stack was exhausted; values from 0: `unreachable`, gas left */

#define AE_INSTRUMENTER_VERSION 2 /* part of every cache key */

/* From here on, until the next run: uploaded offset = instrumented - instrumented_start + uploaded_start,
 * or uploaded_start throughout for bytes that were put in. */
typedef struct ae_offset_run {
    uint32_t instrumented_start;
    uint32_t uploaded_start;
    bool is_inserted;
} ae_offset_run;

/* The map back, sorted by instrumented_start. */
typedef struct ae_offset_map {
    ae_offset_run *runs;
    size_t count;
} ae_offset_map;

typedef struct ae_instrumented {
    uint8_t *bytes; /* owned */
    size_t len;     /* at most AE_INSTRUMENTED_LEN_MAX */
    ae_offset_map map;
    uint32_t import_count;       /* of the uploaded module */
    uint32_t added_import_count; /* 0 to 2: memory_grow, and what probes call (gas/probe.h) */
    uint32_t function_count;     /* of the uploaded module, imports included */
} ae_instrumented;

/* How function bodies are written. Gas, outcome and effects of every run are the same. */
typedef enum ae_metering_form {
    AE_METERING_FAST,  /* what programs run */
    AE_METERING_PLAIN, /* simpler to read; what the fast form is held against */
} ae_metering_form;

typedef struct ae_instrument_options {
    const ae_schedule *schedule;
    ae_metering_form form;
} ae_instrument_options;

/* Instrument an accepted module. OK, or OUT_OF_MEMORY: fault. Every accepted module has a metered form. */
AETHER_MUST_CHECK aether_status ae_instrument(const ae_module *module,
    const ae_instrument_options *options, ae_instrumented *out_instrumented, aether_error *err);

void ae_instrumented_deinit(ae_instrumented *instrumented);

/* The uploaded offset of an instrumented one: of the instruction that it is or was put in for. */
uint32_t ae_offset_map_find(const ae_offset_map *map, uint32_t instrumented_offset);

/* The uploaded function index of an instrumented one; AE_NO_INDEX for one that was put in. */
uint32_t ae_instrumented_function(const ae_instrumented *instrumented, uint32_t function);

#endif
