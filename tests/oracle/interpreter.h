/* The second implementation of metering: a WebAssembly interpreter that pays for each instruction before
 * it runs it. Slow, plain, and written without a look at how the instrumenter goes about it; of the
 * project's own code it uses the decoder, the price tables, the host functions and the journal.
 *
 * Out of gas it stops at the very instruction that the limit does not cover, so its diagnosis of a failed run can
 * differ from the runtime's; what consensus sees can't.
 *
 * Life: interpreter_create → interpreter_run … → interpreter_destroy. Any failure that is not the
 * contract's fails the test. Thread safety: one-at-a-time. */
#ifndef AE_TESTS_ORACLE_INTERPRETER_H
#define AE_TESTS_ORACLE_INTERPRETER_H

#include "gas/schedule.h"

#include <aether/execution.h>

typedef struct interpreter interpreter;

typedef struct oracle_result {
    /* As aether_execute fills it in, but for `trap` and `owner`, which stay NULL; what it points to lives
     * until the next run. */
    aether_execution_result seen;
    uint64_t gas_spent; /* what was charged until the end, also of a failed run */
    uint64_t instruction_count;
    uint32_t depth_max; /* guest functions on the stack at the same time */
} oracle_result;

/* An accepted binary, borrowed as long as the interpreter lives. */
interpreter *interpreter_create(aether_bytes wasm, const ae_schedule *schedule);
void interpreter_destroy(interpreter *self);

/* As aether_execute: the start function, if there is one, then the entry point. */
oracle_result interpreter_run(interpreter *self, const aether_execution_context *context,
    aether_bytes input, const aether_store *store);

#endif
