#include "wasm/type.h"

#include "base/assert.h"
#include "wasm/decoder.h"

#include <inttypes.h>

const char *ae_valtype_name(uint8_t type) {
    switch (type) {
    case AE_I32:
        return "i32";
    case AE_I64:
        return "i64";
    case AE_F32:
        return "f32";
    case AE_F64:
        return "f64";
    default:
        return "any type";
    }
}

ae_valtype ae_valtype_of_letter(char letter) {
    switch (letter) {
    case 'i':
        return AE_I32;
    case 'I':
        return AE_I64;
    case 'f':
        return AE_F32;
    case 'F':
        return AE_F64;
    default:
        AE_UNREACHABLE();
    }
}

aether_status ae_read_valtype(
    ae_reader *reader, const char *what, uint8_t *out, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t byte = 0;
    AE_TRY(ae_read_byte(reader, &byte, err));
    if (byte >= AE_F64 && byte <= AE_I32) {
        *out = byte;
        return AETHER_OK;
    }
    if (byte == 0x7b)
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "value_type",
            "type of the %s is v128, which belongs to SIMD", what);
    if (byte == 0x63 || byte == 0x64 || (byte >= 0x68 && byte <= 0x75))
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "value_type",
            "type 0x%02x of the %s belongs to reference types", byte, what);
    return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "value_type",
        "type 0x%02x of the %s does not exist", byte, what);
}

static char *append(char *at, const char *text) {
    const size_t len = strlen(text);
    memcpy(at, text, len + 1);
    return at + len;
}

void ae_functype_print(const ae_functype *type, char out[AE_TYPE_TEXT_LEN]) {
    char *at = append(out, "(");
    for (uint32_t i = 0; i < type->param_count; i++) {
        at = append(at, i != 0 ? ", " : "");
        at = append(at, ae_valtype_name(type->params[i]));
    }
    at = append(at, ") -> ");
    append(at, type->result_count != 0 ? ae_valtype_name(type->result) : "()");
}

ae_functype ae_functype_of_signature(const char *signature) {
    ae_functype type = {0};
    const char *at = signature;
    for (; *at != '>'; at++) {
        AE_ASSERT(type.param_count < AE_FUNCTION_PARAMS_MAX);
        type.params[type.param_count++] = ae_valtype_of_letter(*at);
    }
    if (at[1] != '\0') {
        type.result_count = 1;
        type.result = ae_valtype_of_letter(at[1]);
    }
    return type;
}

bool ae_functype_matches(const ae_functype *type, const char *signature) {
    const ae_functype other = ae_functype_of_signature(signature);
    return type->param_count == other.param_count && type->result_count == other.result_count &&
           type->result == other.result &&
           memcmp(type->params, other.params, type->param_count) == 0;
}

static aether_status read_form(ae_reader *reader, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t form = 0;
    AE_TRY(ae_read_byte(reader, &form, err));
    if (form == 0x60)
        return AETHER_OK;
    if ((form >= 0x4c && form <= 0x50) || (form >= 0x5d && form <= 0x5f))
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "type_form",
            "type form 0x%02x belongs to garbage collection or a later proposal", form);
    return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "type_form",
        "type form 0x%02x does not exist", form);
}

static aether_status read_functype(ae_reader *reader, ae_functype *out, aether_error *err) {
    ae_functype type = {0};
    uint32_t count = 0;
    AE_TRY(read_form(reader, err));
    AE_TRY(ae_read_count(reader, "function_params", AE_FUNCTION_PARAMS_MAX, &count, err));
    type.param_count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++)
        AE_TRY(ae_read_valtype(reader, "parameter", &type.params[i], err));
    AE_TRY(ae_read_count(reader, "function_results", AE_FUNCTION_RESULTS_MAX, &count, err));
    type.result_count = (uint8_t)count;
    if (count != 0)
        AE_TRY(ae_read_valtype(reader, "result", &type.result, err));
    *out = type;
    return AETHER_OK;
}

aether_status ae_decode_types(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    void *types = NULL;
    AE_TRY(ae_read_count(reader, "types", AE_TYPES_MAX, &count, err));
    AE_TRY(ae_allocate_entries("types", count, sizeof *module->types, &types, err));
    module->types = types;
    module->type_count = count;
    for (uint32_t i = 0; i < count; i++)
        AE_TRY(read_functype(reader, &module->types[i], err));
    return AETHER_OK;
}
