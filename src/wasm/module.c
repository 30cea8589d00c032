#include "wasm/decoder.h"

#include "base/alloc.h"
#include "base/assert.h"

#include <inttypes.h>

aether_status ae_read_count(
    ae_reader *reader, const char *rule, uint32_t max, uint32_t *out, aether_error *err) {
    const uint32_t offset = reader->at;
    uint32_t count = 0;
    AE_TRY(ae_read_u32(reader, "count", &count, err));
    if (count > max)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, rule,
            "count is %" PRIu32 ", at most %" PRIu32, count, max);
    *out = count;
    return AETHER_OK;
}

aether_status ae_allocate_entries(
    const char *what, uint32_t count, size_t size, void **out, aether_error *err) {
    void *memory = ae_alloc(count, size);
    if (memory == NULL)
        return ae_fail(
            err, AETHER_OUT_OF_MEMORY, "module: no memory for %" PRIu32 " %s", count, what);
    *out = memory;
    return AETHER_OK;
}

static ae_decode_step *const steps[AE_SECTION_COUNT] = {
    [AE_SECTION_TYPE] = ae_decode_types,
    [AE_SECTION_IMPORT] = ae_decode_imports,
    [AE_SECTION_FUNCTION] = ae_decode_functions,
    [AE_SECTION_TABLE] = ae_decode_tables,
    [AE_SECTION_MEMORY] = ae_decode_memories,
    [AE_SECTION_GLOBAL] = ae_decode_globals,
    [AE_SECTION_EXPORT] = ae_decode_exports,
    [AE_SECTION_START] = ae_decode_start,
    [AE_SECTION_ELEMENT] = ae_decode_elements,
    [AE_SECTION_DATA_COUNT] = ae_decode_data_count,
    [AE_SECTION_CODE] = ae_decode_code,
    [AE_SECTION_DATA] = ae_decode_data,
};

static aether_status decode_section(ae_decoder *decoder, ae_section_id id, aether_error *err) {
    const ae_section *section = &decoder->layout.sections[id];
    ae_reader reader = ae_reader_over(decoder->module->bytes, section->start, section->end);
    AE_TRY(steps[id](decoder, &reader, err));
    if (!ae_reader_is_at_end(&reader))
        return ae_reader_refuse(&reader, reader.at, err, AETHER_MALFORMED_MODULE, "section_length",
            "section %d has %" PRIu32 " bytes after its last entry", id, reader.end - reader.at);
    return AETHER_OK;
}

// What sections say about each other, where one of them is absent.
static aether_status check_absent(
    const ae_decoder *decoder, const ae_reader *reader, aether_error *err) {
    const ae_module *module = decoder->module;
    if (module->function_count != 0 && !decoder->layout.sections[AE_SECTION_CODE].is_present)
        return ae_reader_refuse(reader, reader->end, err, AETHER_MALFORMED_MODULE, "function_count",
            "%" PRIu32 " functions are declared, but there is no code section",
            module->function_count);
    if (module->data_count != 0 && !decoder->layout.sections[AE_SECTION_DATA].is_present)
        return ae_reader_refuse(reader, reader->end, err, AETHER_MALFORMED_MODULE, "data_count",
            "the data count is %" PRIu32 ", but there is no data section", module->data_count);
    return AETHER_OK;
}

static aether_status decode(ae_decoder *decoder, aether_error *err) {
    ae_module *module = decoder->module;
    AE_TRY(ae_layout_scan(module->bytes, module, &decoder->layout, err));
    for (size_t i = 0; i < sizeof ae_section_order; i++) {
        const ae_section_id id = (ae_section_id)ae_section_order[i];
        if (decoder->layout.sections[id].is_present)
            AE_TRY(decode_section(decoder, id, err));
    }
    const uint32_t end = (uint32_t)module->bytes.len;
    ae_reader reader = ae_reader_over(module->bytes, end, end);
    AE_TRY(check_absent(decoder, &reader, err));
    return ae_check_interface(decoder, &reader, err);
}

aether_status ae_module_decode(
    aether_bytes bytes, ae_import_rules imports, ae_module *out_module, aether_error *err) {
    ae_module module = {.bytes = bytes, .start = AE_NO_INDEX};
    ae_decoder decoder = {.module = &module, .rules = imports};
    const aether_status status = decode(&decoder, err);
    if (status != AETHER_OK) {
        ae_module_deinit(&module);
        return status;
    }
    *out_module = module;
    return AETHER_OK;
}

void ae_module_deinit(ae_module *module) {
    if (module == NULL)
        return;
    ae_free(module->types);
    ae_free(module->imports);
    ae_free(module->functions);
    ae_free(module->globals);
    ae_free(module->exports);
    ae_free(module->elements);
    ae_free(module->data);
    *module = (ae_module){0};
}

const ae_functype *ae_module_function_type(const ae_module *module, uint32_t function) {
    if (function < module->import_count)
        return &module->types[module->imports[function].type];
    const uint32_t position = function - module->import_count;
    AE_ASSERT(position < module->function_count);
    return &module->types[module->functions[position].type];
}

const ae_custom_section *ae_module_find_custom(const ae_module *module, const char *name) {
    for (uint32_t i = 0; i < module->custom_count; i++)
        if (ae_bytes_equal(module->custom[i].name, ae_bytes_of(name)))
            return &module->custom[i];
    return NULL;
}

// Whether the custom section at this offset is the first of its name and within its bound.
static bool is_uploaded(const ae_module *module, uint32_t offset, const char *name, uint32_t max) {
    const ae_custom_section *custom = ae_module_find_custom(module, name);
    return custom != NULL && custom->offset == offset && custom->end - custom->offset <= max;
}

size_t ae_module_strip(const ae_module *module, uint8_t *out) {
    const uint32_t end = (uint32_t)module->bytes.len;
    ae_reader reader = ae_reader_over(module->bytes, AE_HEADER_LEN, end);
    memcpy(out, module->bytes.data, AE_HEADER_LEN);
    size_t len = AE_HEADER_LEN;
    while (!ae_reader_is_at_end(&reader)) {
        const uint32_t offset = reader.at;
        ae_section_id id = AE_SECTION_CUSTOM;
        ae_section section = {0};
        const aether_status status = ae_section_read(&reader, &id, &section, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        if (id == AE_SECTION_CUSTOM &&
            !is_uploaded(module, offset, "name", AE_UPLOAD_NAME_LEN_MAX) &&
            !is_uploaded(module, offset, "aether.meta", AE_UPLOAD_META_LEN_MAX))
            continue;
        memcpy(out + len, module->bytes.data + offset, section.end - offset);
        len += section.end - offset;
    }
    return len;
}
