// Element and data segments: what tables and memories start with.
#include "wasm/decoder.h"
#include "wasm/type.h"

#include <inttypes.h>

static aether_status read_element_items(const ae_module *module, ae_reader *reader,
    ae_element_segment *segment, uint32_t *item_total, aether_error *err) {
    const uint32_t offset = reader->at;
    AE_TRY(ae_read_u32(reader, "number of functions", &segment->count, err));
    if (segment->count > AE_ELEMENT_ITEMS_MAX - *item_total)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, "element_items",
            "element segments name %" PRIu64 " functions up to here, at most %d",
            (uint64_t)*item_total + segment->count, AE_ELEMENT_ITEMS_MAX);
    *item_total += segment->count;
    segment->items_offset = reader->at;
    const uint32_t functions = module->import_count + module->function_count;
    for (uint32_t i = 0; i < segment->count; i++) {
        const uint32_t item_offset = reader->at;
        uint32_t function = 0;
        AE_TRY(ae_read_u32(reader, "function index", &function, err));
        if (function >= functions)
            return ae_reader_refuse(reader, item_offset, err, AETHER_INVALID_MODULE,
                "unknown_function", "function %" PRIu32 " is named, but %" PRIu32 " exist",
                function, functions);
    }
    return AETHER_OK;
}

static aether_status refuse_element_flags(
    const ae_reader *reader, uint32_t offset, uint32_t flags, aether_error *err) {
    if (flags <= 7)
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "element_flags",
            "element segment of kind %" PRIu32
            ": only active segments of function indices are in the profile",
            flags);
    return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "element_flags",
        "element segment of kind %" PRIu32 " does not exist", flags);
}

// The long form of an active segment names its table and says what it holds.
static aether_status read_element_kind(ae_reader *reader, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t kind = 0;
    AE_TRY(ae_read_byte(reader, &kind, err));
    if (kind != 0)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "element_kind",
            "element kind is 0x%02x, need 0", kind);
    return AETHER_OK;
}

static aether_status read_element(const ae_module *module, ae_reader *reader,
    ae_element_segment *out, uint32_t *item_total, aether_error *err) {
    const uint32_t offset = reader->at;
    uint32_t flags = 0;
    uint32_t table = 0;
    uint64_t place = 0;
    ae_element_segment segment = {0};
    AE_TRY(ae_read_u32(reader, "element segment flags", &flags, err));
    if (flags != 0 && flags != 2)
        return refuse_element_flags(reader, offset, flags, err);
    if (flags == 2)
        AE_TRY(ae_read_u32(reader, "table index", &table, err));
    if (!module->has_table || table != 0)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "unknown_table",
            "element segment is for table %" PRIu32 ", but %d exist", table, module->has_table);
    AE_TRY(ae_read_constant_expression(module, reader, AE_I32, &place, err));
    segment.table_offset = (uint32_t)place;
    if (flags == 2)
        AE_TRY(read_element_kind(reader, err));
    AE_TRY(read_element_items(module, reader, &segment, item_total, err));
    if ((uint64_t)segment.table_offset + segment.count > module->table_len)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "element_bounds",
            "element segment covers [%" PRIu32 ", %" PRIu64 ") of a table of %" PRIu32,
            segment.table_offset, (uint64_t)segment.table_offset + segment.count,
            module->table_len);
    *out = segment;
    return AETHER_OK;
}

aether_status ae_decode_elements(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    uint32_t item_total = 0;
    void *elements = NULL;
    AE_TRY(ae_read_count(reader, "element_segments", AE_ELEMENT_SEGMENTS_MAX, &count, err));
    AE_TRY(
        ae_allocate_entries("element segments", count, sizeof *module->elements, &elements, err));
    module->elements = elements;
    module->element_count = count;
    for (uint32_t i = 0; i < count; i++)
        AE_TRY(read_element(module, reader, &module->elements[i], &item_total, err));
    return AETHER_OK;
}

aether_status ae_decode_data_count(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    AE_TRY(ae_read_count(reader, "data_segments", AE_DATA_SEGMENTS_MAX, &module->data_count, err));
    module->has_data_count = true;
    return AETHER_OK;
}

// Where an active segment is put.
static aether_status read_data_place(const ae_module *module, ae_reader *reader, uint32_t offset,
    uint32_t memory, uint32_t *out, aether_error *err) {
    uint64_t place = 0;
    if (!module->has_memory || memory != 0)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "unknown_memory",
            "data segment is for memory %" PRIu32 ", but %d exist", memory, module->has_memory);
    AE_TRY(ae_read_constant_expression(module, reader, AE_I32, &place, err));
    *out = (uint32_t)place;
    return AETHER_OK;
}

static aether_status read_data(
    const ae_module *module, ae_reader *reader, ae_data_segment *out, aether_error *err) {
    const uint32_t offset = reader->at;
    uint32_t flags = 0;
    uint32_t memory = 0;
    aether_bytes bytes = {0};
    ae_data_segment segment = {0};
    AE_TRY(ae_read_u32(reader, "data segment flags", &flags, err));
    if (flags > 2)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "data_flags",
            "data segment of kind %" PRIu32 " does not exist", flags);
    segment.is_passive = flags == 1;
    if (flags == 2)
        AE_TRY(ae_read_u32(reader, "memory index", &memory, err));
    if (!segment.is_passive)
        AE_TRY(read_data_place(module, reader, offset, memory, &segment.memory_offset, err));
    AE_TRY(ae_read_u32(reader, "length of a data segment", &segment.len, err));
    segment.offset = reader->at;
    AE_TRY(ae_read_bytes(reader, "data segment", segment.len, &bytes, err));
    const uint64_t memory_len = (uint64_t)module->memory_pages_min * AE_PAGE_LEN;
    const uint64_t end = (uint64_t)segment.memory_offset + segment.len;
    if (!segment.is_passive && end > memory_len)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "data_bounds",
            "data segment covers [%" PRIu32 ", %" PRIu64 ") of a memory of %" PRIu64 " bytes",
            segment.memory_offset, end, memory_len);
    *out = segment;
    return AETHER_OK;
}

aether_status ae_decode_data(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    const uint32_t offset = reader->at;
    uint32_t count = 0;
    void *data = NULL;
    AE_TRY(ae_read_count(reader, "data_segments", AE_DATA_SEGMENTS_MAX, &count, err));
    if (module->has_data_count && module->data_count != count)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "data_count",
            "%" PRIu32 " data segments follow, but the data count is %" PRIu32, count,
            module->data_count);
    AE_TRY(ae_allocate_entries("data segments", count, sizeof *module->data, &data, err));
    module->data = data;
    module->data_count = count;
    for (uint32_t i = 0; i < count; i++)
        AE_TRY(read_data(module, reader, &module->data[i], err));
    return AETHER_OK;
}
