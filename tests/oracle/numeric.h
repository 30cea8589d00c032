/* What an instruction computes from one or two operands alone: arithmetic, comparison and conversion, as
 * the WebAssembly core specification says, with the one NaN of each width (METERING 9).
 *
 * Values are 64 bits: an i32 or f32 is its bits in the low half, the upper half being 0.
 *
 * Thread safety: immutable. */
#ifndef AE_TESTS_ORACLE_NUMERIC_H
#define AE_TESTS_ORACLE_NUMERIC_H

#include "wasm/instruction.h"

#include <aether/execution.h>

/* Compute `opcode` of a and b; of an instruction with one operand b is not looked at. The way it traps, or
 * AETHER_END_RETURNED with *out set. */
typedef aether_end numeric_function(ae_opcode opcode, uint64_t a, uint64_t b, uint64_t *out);

/* The function that knows this instruction; NULL when it is none of this kind. */
numeric_function *numeric_of(ae_opcode opcode);

#endif
