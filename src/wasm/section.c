#include "wasm/section.h"

#include <inttypes.h>

// The data count stands before the code, so that one pass can check the code's data indices.
const uint8_t ae_section_order[AE_SECTION_COUNT - 1] = {
    AE_SECTION_TYPE,
    AE_SECTION_IMPORT,
    AE_SECTION_FUNCTION,
    AE_SECTION_TABLE,
    AE_SECTION_MEMORY,
    AE_SECTION_GLOBAL,
    AE_SECTION_EXPORT,
    AE_SECTION_START,
    AE_SECTION_ELEMENT,
    AE_SECTION_DATA_COUNT,
    AE_SECTION_CODE,
    AE_SECTION_DATA,
};

static uint32_t rank_of(ae_section_id id) {
    uint32_t rank = 0;
    while (ae_section_order[rank] != id)
        rank++;
    return rank;
}

aether_status ae_section_read(
    ae_reader *reader, ae_section_id *out_id, ae_section *out_section, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t id = 0;
    uint32_t len = 0;
    AE_TRY(ae_read_byte(reader, &id, err));
    if (id == 13)
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "tag_section",
            "section 13 belongs to exception handling");
    if (id >= AE_SECTION_COUNT)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "section_id",
            "section %u does not exist", id);
    AE_TRY(ae_read_u32(reader, "section length", &len, err));
    const uint32_t left = reader->end - reader->at;
    if (len > left)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "truncated",
            "section %u has %" PRIu32 " bytes, but %" PRIu32 " are left", id, len, left);
    *out_id = (ae_section_id)id;
    *out_section = (ae_section){.is_present = true, .start = reader->at, .end = reader->at + len};
    reader->at += len;
    return AETHER_OK;
}

static aether_status check_header(const ae_reader *reader, aether_error *err) {
    static const uint8_t magic[4] = {0x00, 0x61, 0x73, 0x6d};
    const uint32_t len = reader->end;
    if (len < AE_HEADER_LEN)
        return ae_reader_refuse(reader, len, err, AETHER_MALFORMED_MODULE, "header",
            "a module starts with %d bytes of magic and version, but %" PRIu32 " are given",
            AE_HEADER_LEN, len);
    if (memcmp(reader->data, magic, sizeof magic) != 0)
        return ae_reader_refuse(reader, 0, err, AETHER_MALFORMED_MODULE, "header",
            "the first four bytes are not the magic of a Wasm binary");
    const uint32_t version = ae_get_u32_le(reader->data + 4);
    if (version == 1)
        return AETHER_OK;
    if (version >> 16 == 1)
        return ae_reader_refuse(reader, 4, err, AETHER_FORBIDDEN_FEATURE, "component",
            "this is a component, not a core module");
    return ae_reader_refuse(reader, 4, err, AETHER_MALFORMED_MODULE, "header",
        "version is %" PRIu32 ", need 1", version);
}

static bool name_starts_with(aether_bytes name, const char *prefix) {
    return ae_bytes_starts_with(name, ae_bytes_of(prefix));
}

// Names, DWARF and the contract's own description are used later; a crowd of others must not push them out.
static void keep_custom(ae_module *module, const ae_custom_section *custom) {
    const bool is_used = ae_bytes_equal(custom->name, ae_bytes_of("name")) ||
                         ae_bytes_equal(custom->name, ae_bytes_of("aether.meta")) ||
                         name_starts_with(custom->name, ".debug_");
    const uint32_t room = is_used ? AE_CUSTOM_SECTIONS_KEPT_MAX : AE_CUSTOM_SECTIONS_KEPT_MAX / 2;
    if (module->custom_count < room)
        module->custom[module->custom_count++] = *custom;
}

static aether_status scan_custom(const ae_reader *reader, uint32_t offset,
    const ae_section *section, ae_module *module, aether_error *err) {
    ae_reader content = *reader;
    content.at = section->start;
    content.end = section->end;
    ae_custom_section custom = {.offset = offset, .end = section->end};
    AE_TRY(ae_read_name(&content, "name of a custom section", &custom.name, err));
    custom.payload_offset = content.at;
    keep_custom(module, &custom);
    module->custom_len += section->end - offset;
    return AETHER_OK;
}

static aether_status check_lengths(
    const ae_reader *reader, const ae_module *module, aether_error *err) {
    if (module->module_len > AE_MODULE_LEN_MAX)
        return ae_reader_refuse(reader, 0, err, AETHER_LIMIT_EXCEEDED, "module_len",
            "module has %" PRIu32 " bytes without custom sections, at most %d", module->module_len,
            AE_MODULE_LEN_MAX);
    if (module->custom_len > AE_CUSTOM_LEN_MAX)
        return ae_reader_refuse(reader, 0, err, AETHER_LIMIT_EXCEEDED, "custom_len",
            "custom sections have %" PRIu32 " bytes, at most %d", module->custom_len,
            AE_CUSTOM_LEN_MAX);
    return AETHER_OK;
}

aether_status ae_layout_scan(
    aether_bytes bytes, ae_module *module, ae_layout *out_layout, aether_error *err) {
    if (bytes.len > AE_MODULE_LEN_MAX + AE_CUSTOM_LEN_MAX)
        return ae_fail(err, AETHER_LIMIT_EXCEEDED,
            "module_len: offset 0x0: module has %zu bytes, at most %d with custom sections",
            bytes.len, AE_MODULE_LEN_MAX + AE_CUSTOM_LEN_MAX);
    ae_reader reader = ae_reader_over(bytes, 0, (uint32_t)bytes.len);
    AE_TRY(check_header(&reader, err));
    reader.at = AE_HEADER_LEN;
    uint32_t next_rank = 0; // the least that the next section may have
    while (!ae_reader_is_at_end(&reader)) {
        const uint32_t offset = reader.at;
        ae_section_id id = AE_SECTION_CUSTOM;
        ae_section section = {0};
        AE_TRY(ae_section_read(&reader, &id, &section, err));
        if (id == AE_SECTION_CUSTOM) {
            AE_TRY(scan_custom(&reader, offset, &section, module, err));
            continue;
        }
        const uint32_t rank = rank_of(id);
        if (rank < next_rank)
            return ae_reader_refuse(&reader, offset, err, AETHER_MALFORMED_MODULE, "section_order",
                "section %d comes twice or too late", id);
        next_rank = rank + 1;
        out_layout->sections[id] = section;
    }
    module->module_len = (uint32_t)bytes.len - module->custom_len;
    return check_lengths(&reader, module, err);
}
