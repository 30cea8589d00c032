/* Running a contract from text in one line, for the tests of this folder. */
#ifndef AE_TESTS_EXECUTION_CONTRACT_H
#define AE_TESTS_EXECUTION_CONTRACT_H

#include <aether/aether.h>

#include "harness/test.h"

/* What a run starts from; zero fields take the defaults: gas 1,000,000, entry execute, an empty store. */
typedef struct setting {
    aether_entry entry;
    uint64_t gas_limit;
    bool gas_is_zero; /* gas_limit 0 is meant */
    aether_schedule schedule;
    aether_compiler compiler;
    aether_u128 value;
    aether_bytes input;
    const aether_store *store;
} setting;

/* An engine and one contract. */
typedef struct subject {
    aether_engine *engine;
    aether_contract *contract;
} subject;

subject subject_of(const char *wat, const setting *with);
void subject_end(subject *self);

/* Execute; anything but OK fails the test. The caller destroys the result. */
aether_execution_result subject_run(const subject *self, const setting *with);

/* The context that subject_run uses: address 0x02…, caller 0x01…, block 7, time 1,700,000,000, chain "test". */
aether_execution_context context_of(const setting *with);

/* Load, execute, destroy the contract; the result stays valid. */
aether_execution_result run_text(const char *wat, const setting *with);

/* The bytes of a string literal. */
aether_bytes bytes_of(const char *text);

#endif
