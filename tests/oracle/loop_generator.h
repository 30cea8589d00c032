/* Random modules made of loops of the kinds that metering may pay for at once, and of their near kin that
 * it must not: steps of every sign and alignment, tests before and after the step, in every order and
 * direction, bounds that are constants, locals or changed in the loop, wrap-around, loops that never end,
 * nested loops, early exits, br_table, branches back from several places, calls, `unreachable`, bulk
 * instructions and growing memory within. Most loops have few rounds. */
#ifndef AE_TESTS_ORACLE_LOOP_GENERATOR_H
#define AE_TESTS_ORACLE_LOOP_GENERATOR_H

#include "harness/wasm_builder.h"

/* Write the module that the seed stands for. It exports `execute`, () -> i32, and `memory`, where all locals
 * are in the end. It imports nothing. */
void generate_loops(uint64_t seed, wasm_builder *out);

#endif
