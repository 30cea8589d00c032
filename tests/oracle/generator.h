/* Random modules that are valid, deterministic and end: nested blocks, loops and ifs with and without
 * results, branches out of the middle of expressions, br_table, dead code, direct and indirect calls, bulk
 * memory, growing memory, floats, early returns, traps, a start function. */
#ifndef AE_TESTS_ORACLE_GENERATOR_H
#define AE_TESTS_ORACLE_GENERATOR_H

#include "harness/wasm_builder.h"

/* Write the module that the seed stands for. It exports `execute`, () -> i32, and `memory`; it imports
 * nothing. */
void generate_module(uint64_t seed, wasm_builder *out);

/* The same with some host functions imported and called, directly and through the table, and all four entry
 * points exported. What its globals hold in the end is in memory then.
 * thrift: what the size of its functions is divided by, from 1; 0: chosen by the seed. */
void generate_contract(uint64_t seed, uint32_t thrift, wasm_builder *out);

#endif
