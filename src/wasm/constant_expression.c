// Constant expressions: what initialises a global or places a segment.
#include "wasm/decoder.h"
#include "wasm/type.h"

#include <inttypes.h>

// 0 when the instruction is not a constant.
static uint8_t type_of_constant(ae_opcode opcode) {
    switch (opcode) {
    case AE_OP_i32_const:
        return AE_I32;
    case AE_OP_i64_const:
        return AE_I64;
    case AE_OP_f32_const:
        return AE_F32;
    case AE_OP_f64_const:
        return AE_F64;
    default:
        return 0;
    }
}

static bool is_extended_constant(ae_opcode opcode) {
    return opcode == AE_OP_i32_add || opcode == AE_OP_i32_sub || opcode == AE_OP_i32_mul ||
           opcode == AE_OP_i64_add || opcode == AE_OP_i64_sub || opcode == AE_OP_i64_mul;
}

static aether_status refuse_instruction(const ae_module *module, const ae_reader *reader,
    const ae_instruction *instruction, aether_error *err) {
    const uint32_t offset = instruction->offset;
    const char *text = ae_opcode_get(instruction->opcode)->text;
    if (instruction->opcode == AE_OP_global_get && instruction->index >= module->global_count)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "unknown_global",
            "global %" PRIu32 " is used, but %" PRIu32 " exist here", instruction->index,
            module->global_count);
    if (instruction->opcode == AE_OP_global_get || is_extended_constant(instruction->opcode))
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE,
            "constant_expression", "%s in a constant expression is outside the profile", text);
    return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "constant_expression",
        "%s is not a constant instruction", text);
}

static aether_status refuse_type(const ae_reader *reader, uint32_t offset, uint8_t actual,
    ae_valtype needed, aether_error *err) {
    return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "type_mismatch",
        "constant expression gives %s, need %s", actual != 0 ? ae_valtype_name(actual) : "nothing",
        ae_valtype_name((uint8_t)needed));
}

aether_status ae_read_constant_expression(const ae_module *module, ae_reader *reader,
    ae_valtype type, uint64_t *out_value, aether_error *err) {
    ae_instruction first = {0};
    AE_TRY(ae_instruction_read(reader, &first, err));
    if (first.opcode == AE_OP_end)
        return refuse_type(reader, first.offset, 0, type, err);
    const uint8_t actual = type_of_constant(first.opcode);
    if (actual == 0)
        return refuse_instruction(module, reader, &first, err);
    ae_instruction next = {0};
    AE_TRY(ae_instruction_read(reader, &next, err));
    if (next.opcode != AE_OP_end && type_of_constant(next.opcode) != 0)
        return ae_reader_refuse(reader, next.offset, err, AETHER_INVALID_MODULE, "type_mismatch",
            "constant expression gives more than one value");
    if (next.opcode != AE_OP_end)
        return refuse_instruction(module, reader, &next, err);
    if (actual != type)
        return refuse_type(reader, first.offset, actual, type, err);
    *out_value = first.value;
    return AETHER_OK;
}
