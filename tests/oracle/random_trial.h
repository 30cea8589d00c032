/* A random program under random gas limits, compared on all compilers that take part.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_TESTS_ORACLE_RANDOM_TRIAL_H
#define AE_TESTS_ORACLE_RANDOM_TRIAL_H

#include "oracle/trial.h"

#include "harness/wasm_builder.h"

#define RANDOM_END_COUNT 13 /* of aether_end */

/* What was seen in all runs so far; zero it to start. */
typedef struct random_tally {
    uint64_t programs;
    uint64_t runs; /* of the interpreter */
    uint64_t instructions;
    uint64_t outcomes[3]; /* by aether_outcome */
    uint64_t ends[RANDOM_END_COUNT];
    uint64_t effects; /* changes and logs */
} random_tally;

/* Run the program that the seed stands for, its size divided by thrift (0: the seed chooses); it is in `module` afterwards, which is zeroed or used before.
 * False: the program does not run alike; `difference` says where. */
bool random_trial(const trial_engines *engines, uint64_t seed, uint32_t thrift, random_tally *tally,
    wasm_builder *module, char difference[512]);

void random_tally_print(const random_tally *tally);

#endif
