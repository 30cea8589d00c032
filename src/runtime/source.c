#include "runtime/source.h"

#include "base/assert.h"
#include "wasm/section.h"

static aether_bytes find_content(const ae_module *module, const char *name) {
    const ae_custom_section *section = ae_module_find_custom(module, name);
    if (section == NULL)
        return (aether_bytes){0};
    return ae_bytes(
        module->bytes.data + section->payload_offset, section->end - section->payload_offset);
}

// 0: the module has no code.
static uint32_t find_code(const ae_module *module) {
    ae_reader reader = ae_reader_over(module->bytes, AE_HEADER_LEN, (uint32_t)module->bytes.len);
    while (!ae_reader_is_at_end(&reader)) {
        ae_section_id id = AE_SECTION_CUSTOM;
        ae_section section;
        const aether_status status = ae_section_read(&reader, &id, &section, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        if (id == AE_SECTION_CODE)
            return section.start;
    }
    return 0;
}

aether_status ae_source_read(const ae_module *module, ae_source *out_source, aether_error *err) {
    const ae_dwarf dwarf = {.line = find_content(module, ".debug_line"),
        .line_str = find_content(module, ".debug_line_str"),
        .str = find_content(module, ".debug_str")};
    ae_source source = {0};
    if (dwarf.line.len != 0) {
        source.code_start = find_code(module);
        AE_TRY(ae_lines_read(&dwarf, &source.lines, err));
    }
    *out_source = source;
    return AETHER_OK;
}

bool ae_source_find(const ae_source *source, uint32_t offset, ae_place *out_place) {
    return source->lines != NULL && offset >= source->code_start &&
           ae_lines_find(source->lines, offset - source->code_start, out_place);
}

void ae_source_deinit(ae_source *source) {
    ae_lines_destroy(source->lines);
    *source = (ae_source){0};
}
