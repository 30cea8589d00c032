// Functions: their types, and the bodies that go with them.
#include "wasm/decoder.h"
#include "wasm/function_validator.h"
#include "wasm/type.h"

#include "base/alloc.h"

#include <inttypes.h>

aether_status ae_count_params(ae_decoder *decoder, const ae_reader *reader, uint32_t offset,
    uint32_t type, aether_error *err) {
    decoder->param_total += decoder->module->types[type].param_count;
    if (decoder->param_total > AE_PARAMS_TOTAL_MAX)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, "params_total",
            "functions have %" PRIu32 " parameters up to here, at most %d", decoder->param_total,
            AE_PARAMS_TOTAL_MAX);
    return AETHER_OK;
}

aether_status ae_decode_functions(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    void *functions = NULL;
    AE_TRY(
        ae_read_count(reader, "functions", AE_FUNCTIONS_MAX - module->import_count, &count, err));
    AE_TRY(ae_allocate_entries("functions", count, sizeof *module->functions, &functions, err));
    module->functions = functions;
    module->function_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t offset = reader->at;
        uint32_t type = 0;
        reader->function = module->import_count + i;
        AE_TRY(ae_read_u32(reader, "type index", &type, err));
        if (type >= module->type_count)
            return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "unknown_type",
                "type is %" PRIu32 ", but %" PRIu32 " exist", type, module->type_count);
        AE_TRY(ae_count_params(decoder, reader, offset, type, err));
        module->functions[i].type = type;
    }
    reader->function = AE_NO_FUNCTION;
    return AETHER_OK;
}

// One group of locals of one type, expanded only after the limit has been checked.
static aether_status read_local_group(
    ae_function_validator *validator, ae_reader *reader, uint32_t *declared, aether_error *err) {
    const uint32_t offset = reader->at;
    uint32_t count = 0;
    uint8_t type = 0;
    AE_TRY(ae_read_u32(reader, "number of locals", &count, err));
    AE_TRY(ae_read_valtype(reader, "local", &type, err));
    if (count > AE_FUNCTION_LOCALS_MAX - *declared)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, "function_locals",
            "function declares %" PRIu64 " locals up to here, at most %d",
            (uint64_t)*declared + count, AE_FUNCTION_LOCALS_MAX);
    memset(validator->locals + validator->local_count, type, count);
    validator->local_count += count;
    *declared += count;
    return AETHER_OK;
}

static aether_status read_locals(ae_function_validator *validator, ae_reader *reader,
    uint32_t *out_declared, aether_error *err) {
    const ae_functype *type = validator->type;
    const uint32_t offset = reader->at;
    const uint32_t body_len = reader->end - reader->at;
    uint32_t group_count = 0;
    uint32_t declared = 0;
    memcpy(validator->locals, type->params, type->param_count);
    validator->local_count = type->param_count;
    AE_TRY(ae_read_u32(reader, "number of local groups", &group_count, err));
    for (uint32_t i = 0; i < group_count; i++)
        AE_TRY(read_local_group(validator, reader, &declared, err));
    if (body_len < AE_BODY_BYTES_PER_LOCAL * declared)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, "body_bytes_per_local",
            "body of %" PRIu32 " bytes declares %" PRIu32 " locals, need %d bytes for each",
            body_len, declared, AE_BODY_BYTES_PER_LOCAL);
    *out_declared = declared;
    return AETHER_OK;
}

// The reader over the body that comes next, which the section's reader steps over.
static aether_status open_body(
    ae_reader *section, uint32_t function, ae_reader *out, aether_error *err) {
    aether_bytes bytes = {0};
    uint32_t len = 0;
    section->function = function;
    const uint32_t offset = section->at;
    AE_TRY(ae_read_u32(section, "length of a body", &len, err));
    if (len > AE_FUNCTION_BODY_LEN_MAX)
        return ae_reader_refuse(section, offset, err, AETHER_LIMIT_EXCEEDED, "function_body_len",
            "body has %" PRIu32 " bytes, at most %d", len, AE_FUNCTION_BODY_LEN_MAX);
    const uint32_t start = section->at;
    AE_TRY(ae_read_bytes(section, "body", len, &bytes, err));
    *out = *section;
    out->at = start;
    out->end = section->at;
    return AETHER_OK;
}

static aether_status read_body(ae_function_validator *validator, ae_reader *section,
    ae_function *function, uint32_t index, uint32_t *local_total, aether_error *err) {
    ae_reader body = {0};
    AE_TRY(open_body(section, index, &body, err));
    validator->type = &validator->module->types[function->type];
    function->body_offset = body.at;
    function->end_offset = body.end;
    AE_TRY(read_locals(validator, &body, &function->local_count, err));
    function->code_offset = body.at;
    *local_total += function->local_count;
    if (*local_total > AE_LOCALS_TOTAL_MAX)
        return ae_reader_refuse(&body, function->body_offset, err, AETHER_LIMIT_EXCEEDED,
            "locals_total", "functions declare %" PRIu32 " locals up to here, at most %d",
            *local_total, AE_LOCALS_TOTAL_MAX);
    return ae_function_validate(validator, &body, &function->operand_height, err);
}

static aether_status read_bodies(
    ae_module *module, ae_function_validator *validator, ae_reader *reader, aether_error *err) {
    uint32_t local_total = 0;
    for (uint32_t i = 0; i < module->function_count; i++)
        AE_TRY(read_body(
            validator, reader, &module->functions[i], module->import_count + i, &local_total, err));
    reader->function = AE_NO_FUNCTION;
    module->block_total = validator->block_total;
    module->merge_work = validator->merges.work;
    return AETHER_OK;
}

aether_status ae_decode_code(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    const uint32_t offset = reader->at;
    uint32_t count = 0;
    void *memory = NULL;
    AE_TRY(ae_read_u32(reader, "number of bodies", &count, err));
    if (count != module->function_count)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "function_count",
            "%" PRIu32 " bodies follow, but %" PRIu32 " functions are declared", count,
            module->function_count);
    AE_TRY(ae_allocate_entries("validator", 1, sizeof(ae_function_validator), &memory, err));
    ae_function_validator *validator = memory;
    validator->module = module;
    const aether_status status = read_bodies(module, validator, reader, err);
    ae_free(validator);
    return status;
}
