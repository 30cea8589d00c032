/* Instructions as text, for people.
 *
 * Thread safety: immutable. */
#ifndef AE_WASM_DISASSEMBLY_H
#define AE_WASM_DISASSEMBLY_H

#include "wasm/name.h"

#define AE_INSTRUCTION_TEXT_LEN 160 /* bytes, NUL included, that are enough for any instruction */

/* Write for example "i32.load offset=8" or "call 3 transfer"; a long name is cut between characters. Floats are
 * written as their bits. Returns the length without the NUL. */
size_t ae_instruction_text(
    const ae_instruction *instruction, const ae_names *names, char out[AE_INSTRUCTION_TEXT_LEN]);

#endif
