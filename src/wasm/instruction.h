/* Instructions: one table of opcodes, and the one reader of their binary form, which the validator, the
 * instrumenter and the tools share.
 *
 * Thread safety: immutable. */
#ifndef AE_WASM_INSTRUCTION_H
#define AE_WASM_INSTRUCTION_H

#include "wasm/reader.h"

/* What follows an opcode. */
typedef enum ae_immediate {
    AE_IMM_NONE,
    AE_IMM_BLOCK_TYPE,    /* 0x40, a value type, or a type index (refused by the profile) */
    AE_IMM_LABEL,         /* label depth */
    AE_IMM_LABEL_TABLE,   /* count, targets, default */
    AE_IMM_FUNCTION,      /* function index */
    AE_IMM_CALL_INDIRECT, /* type index, table index */
    AE_IMM_LOCAL,         /* local index */
    AE_IMM_GLOBAL,        /* global index */
    AE_IMM_MEMARG,        /* alignment exponent, offset */
    AE_IMM_MEMORY,        /* one zero byte */
    AE_IMM_MEMORY_INIT,   /* data index, one zero byte */
    AE_IMM_MEMORY_COPY,   /* two zero bytes */
    AE_IMM_DATA,          /* data index */
    AE_IMM_I32,
    AE_IMM_I64,
    AE_IMM_F32, /* four bytes, kept as bits */
    AE_IMM_F64, /* eight bytes, kept as bits */
} ae_immediate;

/* Dense numbers of the instructions, in the order of wasm/opcodes.def; index of every price table. */
typedef enum ae_opcode {
#define AE_OP(name, code, immediates, signature, text) AE_OP_##name,
#include "wasm/opcodes.def"
#undef AE_OP
    AE_OPCODE_COUNT
} ae_opcode;

/* One row of the table. */
typedef struct ae_opcode_info {
    uint16_t code; /* byte, or 0xfc00 + second opcode */
    ae_immediate immediate;
    const char *signature; /* see wasm/opcodes.def */
    const char *text;
} ae_opcode_info;

/* The row of an instruction. */
const ae_opcode_info *ae_opcode_get(ae_opcode opcode);

/* One decoded instruction. */
typedef struct ae_instruction {
    ae_opcode opcode;
    uint32_t offset; /* of its first byte, in the module */
    uint32_t len;    /* bytes, immediates included */
    uint32_t
        index; /* label depth, function, type, local, global or data index; label count of a br_table */
    uint32_t table;     /* table index of a call_indirect; memarg: alignment exponent */
    uint8_t block_type; /* 0x40 or a value type */
    uint64_t value;     /* constant's bits (i32 sign-extended); memarg: offset */
    ae_reader targets;  /* of a br_table: stands on the first of index + 1 LEB128 label depths */
} ae_instruction;

/* Decode the instruction under the reader and step over it.
 * MALFORMED_MODULE: truncated, overlong LEB128, nonzero reserved byte, illegal opcode.
 * FORBIDDEN_FEATURE: an opcode of a later proposal, or a block type with a type index; the message names it.
 * The message carries the reader's function index and the offset.
 * `targets` is set for a br_table only; the other fields that an instruction has no use for are 0.
 * On failure: *out_instruction is undefined. */
AETHER_MUST_CHECK aether_status ae_instruction_read(
    ae_reader *reader, ae_instruction *out_instruction, aether_error *err);

#endif
