#include "wasm/disassembly.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdio.h>

#define NAME_SHOWN_MAX 96 // bytes

static const char *type_text(uint8_t type) {
    switch (type) {
    case AE_I32:
        return " i32";
    case AE_I64:
        return " i64";
    case AE_F32:
        return " f32";
    case AE_F64:
        return " f64";
    default:
        return "";
    }
}

// Not in the middle of a character.
static int shown_len(aether_bytes name) {
    size_t len = name.len < NAME_SHOWN_MAX ? name.len : NAME_SHOWN_MAX;
    while (len > 0 && len < name.len && (name.data[len] & 0xc0) == 0x80)
        len--;
    return (int)len;
}

// What follows the name of the opcode.
static int write_immediates(
    const ae_instruction *in, const ae_names *names, char *out, size_t room) {
    switch (ae_opcode_get(in->opcode)->immediate) {
    case AE_IMM_BLOCK_TYPE:
        return snprintf(out, room, "%s", type_text(in->block_type));
    case AE_IMM_LABEL_TABLE:
        return snprintf(out, room, " of %" PRIu32 " labels", in->index + 1);
    case AE_IMM_FUNCTION: {
        const aether_bytes name = ae_names_find(names, in->index);
        return snprintf(out, room, " %" PRIu32 "%s%.*s", in->index, name.len != 0 ? " " : "",
            shown_len(name), name.len != 0 ? (const char *)name.data : "");
    }
    case AE_IMM_CALL_INDIRECT:
        return snprintf(out, room, " type %" PRIu32, in->index);
    case AE_IMM_LABEL:
    case AE_IMM_LOCAL:
    case AE_IMM_GLOBAL:
    case AE_IMM_DATA:
    case AE_IMM_MEMORY_INIT:
        return snprintf(out, room, " %" PRIu32, in->index);
    case AE_IMM_MEMARG:
        if (in->value == 0)
            return 0;
        return snprintf(out, room, " offset=%" PRIu64, in->value);
    case AE_IMM_I32:
    case AE_IMM_I64:
        return snprintf(out, room, " %" PRId64, (int64_t)in->value);
    case AE_IMM_F32:
    case AE_IMM_F64:
        return snprintf(out, room, " bits 0x%" PRIx64, in->value);
    case AE_IMM_NONE:
    case AE_IMM_MEMORY:
    case AE_IMM_MEMORY_COPY:
        break;
    }
    return 0;
}

size_t ae_instruction_text(
    const ae_instruction *instruction, const ae_names *names, char out[AE_INSTRUCTION_TEXT_LEN]) {
    size_t len = (size_t)snprintf(
        out, AE_INSTRUCTION_TEXT_LEN, "%s", ae_opcode_get(instruction->opcode)->text);
    len += (size_t)write_immediates(instruction, names, out + len, AE_INSTRUCTION_TEXT_LEN - len);
    AE_ASSERT(len < AE_INSTRUCTION_TEXT_LEN);
    return len;
}
