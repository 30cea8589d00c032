/* Calibration of schedule v1: what one execution of a pattern costs, in nanoseconds and in gas.
 *
 * A pattern is a short piece of a module that holds one instruction or host function together with the
 * operands it needs. Its gas is what the metered module charges, so no price is computed twice.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_BENCH_CALIBRATE_H
#define AE_BENCH_CALIBRATE_H

#include "bare.h"

/* A pattern of instructions. Its code is repeated in a loop; `#` stands for the number of the repetition,
 * `@` for one of the operands a, b, c, d in turn. An accumulator of type `type` lies on the operand stack
 * before the code and after it (type 0: none). */
typedef struct calibrate_pattern {
    const char *name;   /* of the instruction, as in wasm/opcodes.def */
    const char *fields; /* of the module, or NULL */
    const char *prefix; /* before the accumulator, as often as `code`, or NULL */
    const char *code;
    const char *kind;     /* "chain", "throughput", or what is special about it */
    uint32_t repetitions; /* in one iteration; 0: 32 */
    char type;            /* i, I, f, F */
    bool is_apart;        /* printed, but no part of the band */
} calibrate_pattern;

/* What was measured of one pattern. */
typedef struct calibrate_figure {
    char name[48];
    const char *kind;
    double ns;         /* of one execution of the whole pattern */
    double metered_ns; /* of the same as contracts run it */
    double gas;        /* of the same */
    bool is_apart;
    bool is_host;
} calibrate_figure;

#define CALIBRATE_FIGURES_MAX 640

/* All figures of a run. */
typedef struct calibrate {
    const bench *bench;
    aether_engine *engine; /* for the gas, and for host functions */
    bare_engine plain;     /* without metering and NaN canonicalisation */
    calibrate_figure figures[CALIBRATE_FIGURES_MAX];
    size_t count;
} calibrate;

/* Add a figure, or the lesser times of one that is known. */
void calibrate_add(calibrate *self, const calibrate_figure *figure);

/* Measure one pattern of instructions. */
bool calibrate_measure(calibrate *self, const calibrate_pattern *pattern);

/* The parts. Each adds its figures. */
bool calibrate_numeric(
    calibrate *self); /* instructions whose type is written in the table of opcodes */
bool calibrate_control(calibrate *self); /* all others */
bool calibrate_host(calibrate *self);    /* host functions */
bool calibrate_memory(
    calibrate *self); /* memory.grow, bulk memory beyond the caches, instantiation */
bool calibrate_misses(calibrate *self); /* prints what loads cost that miss every cache */

/* Load a text; run an entry point of it with an input and a store, which may be NULL. out_ns, out_gas: of
 * the execution. False: it could not be executed, or ended otherwise than well while out_end is NULL. */
bool calibrate_load(calibrate *self, const char *text, aether_contract **out_contract);
bool calibrate_execute(const aether_contract *contract, aether_entry entry, aether_bytes input,
    const aether_store *store, double *out_ns, double *out_gas, aether_end *out_end);

/* How two entry points of a contract are compared. */
typedef struct calibrate_calls {
    uint32_t rounds;
    aether_bytes input;
    const aether_store *store; /* may be NULL */
    bool may_revert;           /* the contract may end otherwise than well */
} calibrate_calls;

/* What the second entry takes more than the first: the difference of the minima. */
bool calibrate_execute_both(const aether_contract *contract, const aether_entry entries[2],
    const calibrate_calls *calls, double *out_ns, double *out_gas);

/* How often a piece is timed; the minimum counts, because all noise is added time. */
#define CALIBRATE_ROUNDS 25

#endif
