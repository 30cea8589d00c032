/* Type checking of one function body after the other, by the algorithm in the appendix of the WebAssembly
 * core specification: a stack of value types and a stack of open blocks. It also measures what the limits
 * and the stack meter need. Memory is of fixed size, since both stacks have a limit.
 *
 * Life: zeroed memory with `module` set → ae_function_validate … Thread safety: one-at-a-time. */
#ifndef AE_WASM_FUNCTION_VALIDATOR_H
#define AE_WASM_FUNCTION_VALIDATOR_H

#include "wasm/merges.h"
#include "wasm/module.h"

/* An open block, or the function's body. */
typedef struct ae_block {
    uint8_t opcode; /* AE_OP_block, AE_OP_loop, AE_OP_if, AE_OP_else; the body's is AE_OP_block */
    uint8_t result; /* ae_valtype, or AE_BLOCK_EMPTY */
    bool is_unreachable;
    uint16_t base; /* height of the operand stack below it */
} ae_block;

typedef struct ae_function_validator {
    const ae_module *module;

    uint32_t block_total;  /* block, loop, if and br_if of all functions so far */
    uint32_t target_total; /* br_table targets of all functions so far */
    ae_merges merges;      /* of all functions so far */

    /* The function under check. */
    const ae_functype *type;
    uint32_t local_count; /* parameters included */
    uint32_t block_count;
    uint32_t height;
    uint32_t height_max;
    uint32_t depth; /* open blocks, the body included */
    uint8_t locals[AE_FUNCTION_PARAMS_MAX + AE_FUNCTION_LOCALS_MAX]; /* ae_valtype */
    uint8_t values[AE_OPERAND_HEIGHT_MAX]; /* ae_valtype, or 0: any, in unreachable code */
    ae_block blocks[AE_NESTING_MAX + 1];
} ae_function_validator;

/* Check the code under the reader, which ends where the body ends. `type`, `local_count` and `locals` are
 * set before.
 * MALFORMED_MODULE, INVALID_MODULE, FORBIDDEN_FEATURE, LIMIT_EXCEEDED. */
AETHER_MUST_CHECK aether_status ae_function_validate(
    ae_function_validator *validator, ae_reader *reader, uint32_t *out_height, aether_error *err);

#endif
