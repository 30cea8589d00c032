#include "wasm/instruction.h"

#include "base/assert.h"

#include <inttypes.h>

static const ae_opcode_info infos[AE_OPCODE_COUNT] = {
#define AE_OP(name, code, immediates, signature, text) \
    [AE_OP_##name] = {code, AE_IMM_##immediates, signature, text},
#include "wasm/opcodes.def"
#undef AE_OP
};

// Instructions by code, plus 1; 0 is not an instruction of the profile. Single bytes first, then
// those behind 0xfc.
#define SLOT(code) ((code) < 0x100 ? (code) : 0x100 + ((code)&0xff))
static const uint8_t by_code[0x200] = {
#define AE_OP(name, code, immediates, signature, text) [SLOT(code)] = AE_OP_##name + 1,
#include "wasm/opcodes.def"
#undef AE_OP
};
_Static_assert(AE_OPCODE_COUNT < 0x100, "a number fits a byte of by_code");

const ae_opcode_info *ae_opcode_get(ae_opcode opcode) {
    AE_ASSERT((unsigned)opcode < AE_OPCODE_COUNT);
    return &infos[opcode];
}

// The later proposal that a byte which isn't an instruction of the profile belongs to, or NULL.
static const char *proposal_of_byte(uint8_t byte) {
    switch (byte) {
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0a:
    case 0x18:
    case 0x19:
    case 0x1f:
        return "exception handling";
    case 0x12:
    case 0x13:
        return "tail calls";
    case 0x14:
    case 0x15:
    case 0xd3:
    case 0xd4:
    case 0xd5:
    case 0xd6:
        return "typed function references";
    case 0x1c:
    case 0x25:
    case 0x26:
    case 0xd0:
    case 0xd1:
    case 0xd2:
        return "reference types";
    case 0xe0:
    case 0xe1:
    case 0xe2:
    case 0xe3:
    case 0xe4:
    case 0xe5:
    case 0xe6:
        return "stack switching";
    case 0xfb:
        return "garbage collection";
    case 0xfd:
        return "SIMD";
    case 0xfe:
        return "threads";
    default:
        return NULL;
    }
}

// The same for the second opcode behind 0xfc.
static const char *proposal_of_second(uint32_t second) {
    if (second >= 0x0c && second <= 0x0e)
        return "bulk operations on tables";
    if (second >= 0x0f && second <= 0x11)
        return "reference types";
    if (second >= 0x13 && second <= 0x16)
        return "wide arithmetic";
    return NULL;
}

static aether_status refuse_opcode(
    const ae_reader *reader, uint32_t offset, uint8_t byte, uint32_t second, aether_error *err) {
    const bool is_prefixed = byte == 0xfc;
    const char *proposal = is_prefixed ? proposal_of_second(second) : proposal_of_byte(byte);
    const aether_status status =
        proposal != NULL ? AETHER_FORBIDDEN_FEATURE : AETHER_MALFORMED_MODULE;
    const char *rule = proposal != NULL ? "forbidden_opcode" : "illegal_opcode";
    const char *before = proposal != NULL ? " belongs to " : " does not exist";
    const char *after = proposal != NULL ? proposal : "";
    if (is_prefixed)
        return ae_reader_refuse(reader, offset, err, status, rule,
            "opcode 0xfc 0x%02" PRIx32 "%s%s", second, before, after);
    return ae_reader_refuse(
        reader, offset, err, status, rule, "opcode 0x%02x%s%s", byte, before, after);
}

static aether_status read_opcode(ae_reader *reader, ae_opcode *out, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t byte = 0;
    uint32_t second = 0;
    AE_TRY(ae_read_byte(reader, &byte, err));
    uint8_t number = by_code[byte];
    if (byte == 0xfc) {
        AE_TRY(ae_read_u32(reader, "second opcode", &second, err));
        number = second < 0x100 ? by_code[0x100 + second] : 0;
    }
    if (number == 0)
        return refuse_opcode(reader, offset, byte, second, err);
    *out = (ae_opcode)(number - 1);
    return AETHER_OK;
}

static aether_status read_block_type(ae_reader *reader, uint8_t *out, aether_error *err) {
    const uint32_t offset = reader->at;
    const uint8_t byte = reader->at < reader->end ? reader->data[reader->at] : 0;
    if (byte == 0x40 || (byte >= 0x7c && byte <= 0x7f)) {
        reader->at++;
        *out = byte;
        return AETHER_OK;
    }
    if (byte == 0x7b)
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "block_type",
            "block type 0x7b belongs to SIMD");
    if (byte == 0x63 || byte == 0x64 || (byte >= 0x68 && byte <= 0x75))
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "block_type",
            "block type 0x%02x belongs to reference types", byte);
    int64_t index = 0;
    AE_TRY(ae_read_s33(reader, "block type", &index, err));
    if (index < 0)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "block_type",
            "block type 0x%02x does not exist", byte);
    return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "block_type",
        "block type with type index %" PRId64 " belongs to multi-value", index);
}

static aether_status read_zero(ae_reader *reader, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t byte = 0;
    AE_TRY(ae_read_byte(reader, &byte, err));
    if (byte != 0)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "reserved_byte",
            "memory index is 0x%02x, only a single zero byte is allowed", byte);
    return AETHER_OK;
}

// Steps over the labels, so that a table costs its own bytes and nothing is allocated.
static aether_status read_label_table(ae_reader *reader, ae_instruction *out, aether_error *err) {
    AE_TRY(ae_read_u32(reader, "label count", &out->index, err));
    out->targets = *reader;
    const uint32_t left = reader->end - reader->at;
    if (out->index >= left)
        return ae_reader_refuse(reader, reader->at, err, AETHER_MALFORMED_MODULE, "truncated",
            "br_table has %" PRIu32 " labels and a default, but %" PRIu32 " bytes are left",
            out->index, left);
    for (uint32_t i = 0; i <= out->index; i++) {
        uint32_t label = 0;
        AE_TRY(ae_read_u32(reader, "label", &label, err));
    }
    return AETHER_OK;
}

static aether_status read_memarg(ae_reader *reader, ae_instruction *out, aether_error *err) {
    uint32_t offset = 0;
    AE_TRY(ae_read_u32(reader, "alignment", &out->table, err));
    AE_TRY(ae_read_u32(reader, "memory offset", &offset, err));
    out->value = offset;
    return AETHER_OK;
}

static aether_status read_constant(
    ae_reader *reader, ae_immediate kind, uint64_t *out, aether_error *err) {
    if (kind == AE_IMM_I32) {
        int32_t value = 0;
        AE_TRY(ae_read_s32(reader, "i32 constant", &value, err));
        *out = (uint64_t)(int64_t)value;
        return AETHER_OK;
    }
    if (kind == AE_IMM_I64) {
        int64_t value = 0;
        AE_TRY(ae_read_s64(reader, "i64 constant", &value, err));
        *out = (uint64_t)value;
        return AETHER_OK;
    }
    aether_bytes bits = {0};
    AE_TRY(ae_read_bytes(reader, "constant", kind == AE_IMM_F32 ? 4 : 8, &bits, err));
    *out = kind == AE_IMM_F32 ? ae_get_u32_le(bits.data) : ae_get_u64_le(bits.data);
    return AETHER_OK;
}

static aether_status read_immediates(
    ae_reader *reader, ae_immediate kind, ae_instruction *out, aether_error *err) {
    switch (kind) {
    case AE_IMM_NONE:
        return AETHER_OK;
    case AE_IMM_BLOCK_TYPE:
        return read_block_type(reader, &out->block_type, err);
    case AE_IMM_LABEL:
        return ae_read_u32(reader, "label", &out->index, err);
    case AE_IMM_LABEL_TABLE:
        return read_label_table(reader, out, err);
    case AE_IMM_FUNCTION:
        return ae_read_u32(reader, "function index", &out->index, err);
    case AE_IMM_CALL_INDIRECT:
        AE_TRY(ae_read_u32(reader, "type index", &out->index, err));
        return ae_read_u32(reader, "table index", &out->table, err);
    case AE_IMM_LOCAL:
        return ae_read_u32(reader, "local index", &out->index, err);
    case AE_IMM_GLOBAL:
        return ae_read_u32(reader, "global index", &out->index, err);
    case AE_IMM_MEMARG:
        return read_memarg(reader, out, err);
    case AE_IMM_MEMORY:
        return read_zero(reader, err);
    case AE_IMM_MEMORY_INIT:
        AE_TRY(ae_read_u32(reader, "data index", &out->index, err));
        return read_zero(reader, err);
    case AE_IMM_MEMORY_COPY:
        AE_TRY(read_zero(reader, err));
        return read_zero(reader, err);
    case AE_IMM_DATA:
        return ae_read_u32(reader, "data index", &out->index, err);
    case AE_IMM_I32:
    case AE_IMM_I64:
    case AE_IMM_F32:
    case AE_IMM_F64:
        return read_constant(reader, kind, &out->value, err);
    }
    AE_UNREACHABLE();
}

aether_status ae_instruction_read(
    ae_reader *reader, ae_instruction *out_instruction, aether_error *err) {
    out_instruction->offset = reader->at;
    out_instruction->index = 0;
    out_instruction->table = 0;
    out_instruction->block_type = 0;
    out_instruction->value = 0;
    AE_TRY(read_opcode(reader, &out_instruction->opcode, err));
    const ae_immediate immediate = infos[out_instruction->opcode].immediate;
    if (immediate != AE_IMM_NONE)
        AE_TRY(read_immediates(reader, immediate, out_instruction, err));
    out_instruction->len = reader->at - out_instruction->offset;
    return AETHER_OK;
}
