#include "wasm/name.h"

#include "base/alloc.h"

#include <inttypes.h>

#define SUBSECTION_FUNCTIONS 1

// Entries of the function subsection; the first name of an index counts. Stops at whatever is broken.
static void read_functions(ae_reader *reader, ae_names *names) {
    uint32_t count = 0;
    if (ae_read_u32(reader, "count", &count, NULL) != AETHER_OK)
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t function = 0;
        aether_bytes name = {0};
        if (ae_read_u32(reader, "function index", &function, NULL) != AETHER_OK ||
            ae_read_name(reader, "function name", &name, NULL) != AETHER_OK)
            return;
        if (function < names->count && names->functions[function].len == 0)
            names->functions[function] = name;
    }
}

static void read_name_section(const ae_module *module, ae_names *names) {
    const ae_custom_section *custom = ae_module_find_custom(module, "name");
    if (custom == NULL)
        return;
    ae_reader reader = ae_reader_over(module->bytes, custom->payload_offset, custom->end);
    while (!ae_reader_is_at_end(&reader)) {
        uint8_t id = 0;
        uint32_t len = 0;
        if (ae_read_byte(&reader, &id, NULL) != AETHER_OK ||
            ae_read_u32(&reader, "length", &len, NULL) != AETHER_OK || len > reader.end - reader.at)
            return;
        ae_reader content = reader;
        content.end = content.at + len;
        reader.at += len;
        if (id == SUBSECTION_FUNCTIONS)
            read_functions(&content, names);
    }
}

static void use_exports(const ae_module *module, ae_names *names) {
    for (uint32_t i = 0; i < module->export_count; i++) {
        const ae_export *item = &module->exports[i];
        if (item->kind == 0 && names->functions[item->index].len == 0)
            names->functions[item->index] = item->name;
    }
}

static void use_imports(const ae_module *module, ae_import_rules imports, ae_names *names) {
    for (uint32_t i = 0; i < module->import_count; i++)
        if (names->functions[i].len == 0)
            names->functions[i] = ae_bytes_of(imports.rules[module->imports[i].rule].name);
}

aether_status ae_names_decode(
    const ae_module *module, ae_import_rules imports, ae_names *out_names, aether_error *err) {
    ae_names names = {.count = module->import_count + module->function_count};
    names.functions = ae_alloc(names.count, sizeof *names.functions);
    if (names.functions == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY,
            "names: no memory for the names of %" PRIu32 " functions", names.count);
    read_name_section(module, &names);
    use_imports(module, imports, &names);
    use_exports(module, &names);
    *out_names = names;
    return AETHER_OK;
}

aether_bytes ae_names_find(const ae_names *names, uint32_t function) {
    return function < names->count ? names->functions[function] : (aether_bytes){0};
}

void ae_names_deinit(ae_names *names) {
    if (names == NULL)
        return;
    ae_free(names->functions);
    *names = (ae_names){0};
}
