/* Random programs that move floats: chains of arithmetic, NaNs with payloads out of memory and constants,
 * locals written and read in any order, loops, blocks and selects with results, branches that take a value
 * along, calls, globals, dead code. They end and never trap but by `unreachable`. */
#ifndef AE_TESTS_ORACLE_FLOAT_PROGRAM_H
#define AE_TESTS_ORACLE_FLOAT_PROGRAM_H

#include "harness/wasm_builder.h"

/* Write the module that the seed stands for. It exports `execute`, () -> i32, which leaves all it knows in
 * the exported `memory`. */
void generate_float_program(uint64_t seed, wasm_builder *out);

/* Bits that a float operation may treat in a special way: NaNs of both signs, quiet and signalling, with
 * payloads; infinities, zeros, denormals, ties, limits of conversions. */
#define FLOAT_PATTERN_COUNT 64
uint32_t float_pattern_f32(uint32_t number);
uint64_t float_pattern_f64(uint32_t number);

#endif
