/* One module, run twice: as uploaded on plain Wasmtime with fuel, and metered on Wasmtime without.
 *
 * Life: oracle_open → oracle_compile → oracle_run_… → oracle_drop … → oracle_close. Any failure of the
 * engine that is not a trap fails the test. */
#ifndef AE_TESTS_ORACLE_ORACLE_H
#define AE_TESTS_ORACLE_ORACLE_H

#include "gas/instrument.h"

#include <wasmtime.h>

typedef struct oracle {
    ae_metering_form form;         /* of what is compiled from now on */
    wasm_engine_t *fuel_engine;    /* plain, with fuel */
    wasm_engine_t *metered_engine; /* the features that metered modules may use, and no more */
} oracle;

typedef struct oracle_program {
    wasmtime_module_t *uploaded;
    wasmtime_module_t *metered;
    const ae_schedule *schedule;
    ae_instrumented instrumented;
    uint32_t pages_max;
    bool has_start;
    uint64_t counter_hash; /* of the run so far */
} oracle_program;

/* How a run of `start`, if there is one, and then `execute` ended. */
typedef struct oracle_outcome {
    bool is_trap;
    wasmtime_trap_code_t trap;
    int32_t result;
    int64_t
        left; /* fuel, less ORACLE_START_FUEL counted, or gas, negative if overdrawn; not of a trap */
    int64_t end; /* of a metered run: the global `end` */
    uint64_t memory_hash;
    uint64_t memory_len;
    uint64_t counter_hash; /* of a metered run: the counters that memory.grow saw */
} oracle_outcome;

#define ORACLE_STACK 262144 /* metered stack bytes of a run */

/* Wasmtime calls a start function from a function of its own, which it meters too: an entry and a call. */
#define ORACLE_START_FUEL 2

oracle oracle_open(void);
void oracle_close(oracle *o);

/* Both engines must accept their form of the module. */
oracle_program oracle_compile(oracle *o, aether_bytes wasm, aether_schedule schedule);
oracle_program oracle_compile_text(oracle *o, const char *text, aether_schedule schedule);
void oracle_drop(oracle_program *program);

oracle_outcome oracle_run_uploaded(oracle *o, const oracle_program *program, uint64_t fuel);
oracle_outcome oracle_run_metered(oracle *o, oracle_program *program, int64_t gas, int32_t stack);

#endif
