/* One module, run by the interpreter and by the runtime on several compilers, and compared in everything
 * that consensus sees, and in what it does not see as far as it must agree.
 *
 * Life: trial_engines_open → trial_open → trial_run … → trial_close … → trial_engines_close. */
#ifndef AE_TESTS_ORACLE_TRIAL_H
#define AE_TESTS_ORACLE_TRIAL_H

#include "oracle/interpreter.h"

#include <aether/aether.h>

#define TRIAL_COMPILER_COUNT 4
#define TRIAL_TWO_COMPILERS (1u << AETHER_COMPILER_CRANELIFT | 1u << AETHER_COMPILER_WINCH)
#define TRIAL_ALL_COMPILERS 0xfu

typedef struct trial_engines {
    aether_schedule schedule;
    aether_engine *engines[TRIAL_COMPILER_COUNT]; /* NULL: not taking part */
} trial_engines;

typedef struct trial {
    aether_contract *contracts[TRIAL_COMPILER_COUNT];
    interpreter *interpreter;
    oracle_result expected; /* of the latest run; lives until the next */
    char difference[512];   /* what trial_run found */
} trial;

/* compilers: a bit for each aether_compiler. */
trial_engines trial_engines_open(aether_schedule schedule, unsigned compilers);
void trial_engines_close(trial_engines *engines);

/* An accepted binary, borrowed as long as the trial lives. */
trial trial_open(const trial_engines *engines, aether_bytes wasm);
void trial_close(trial *self);

/* False: some compiler does not agree with the interpreter; `difference` says which and in what. */
bool trial_run(trial *self, const aether_execution_context *context, aether_bytes input,
    const aether_store *store);

/* Contract 0x02…, caller 0x01…, block 7, time 1,700,000,000, chain "test", value 5, memory hashed. */
aether_execution_context trial_context(uint64_t gas_limit);

#endif
