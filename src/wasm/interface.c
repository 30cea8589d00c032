// Imports, exports, entry points and the start function: what a module asks for and offers.
#include "wasm/decoder.h"
#include "wasm/type.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    KIND_FUNCTION = 0,
    KIND_TABLE = 1,
    KIND_MEMORY = 2,
    KIND_GLOBAL = 3,
    KIND_TAG = 4,
    KIND_EXACT_FUNCTION = 0x20
};

static const char *const kind_names[] = {"function", "table", "memory", "global", "tag"};
static const char *const entry_names[] = {
    [AETHER_ENTRY_EXECUTE] = "execute",
    [AETHER_ENTRY_INIT] = "init",
    [AETHER_ENTRY_QUERY] = "query",
    [AETHER_ENTRY_MIGRATE] = "migrate",
};

#define NAME_TEXT_LEN (4 * AE_NAME_LEN_MAX + 1)

// A name for a message: printable ASCII as it is, every other byte as \xNN, so that nothing can be hidden
// in it. The name is at most AE_NAME_LEN_MAX bytes.
static const char *name_text(aether_bytes name, char out[NAME_TEXT_LEN]) {
    AE_ASSERT(name.len <= AE_NAME_LEN_MAX);
    size_t at = 0;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t byte = name.data[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '\\' && byte != '"')
            out[at++] = (char)byte;
        else
            at += (size_t)snprintf(out + at, 5, "\\x%02x", byte);
    }
    out[at] = '\0';
    return out;
}

static aether_status read_short_name(
    ae_reader *reader, const char *what, aether_bytes *out, aether_error *err) {
    const uint32_t offset = reader->at;
    AE_TRY(ae_read_name(reader, what, out, err));
    if (out->len > AE_NAME_LEN_MAX)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, "name_len",
            "the %s has %zu bytes, at most %d", what, out->len, AE_NAME_LEN_MAX);
    return AETHER_OK;
}

static const ae_import_rule *find_rule(
    ae_import_rules rules, aether_bytes module, aether_bytes name) {
    for (size_t i = 0; i < rules.count; i++)
        if (ae_bytes_equal(name, ae_bytes_of(rules.rules[i].name)) &&
            ae_bytes_equal(module, ae_bytes_of(rules.rules[i].module)))
            return &rules.rules[i];
    return NULL;
}

// The kind of an import, which must be a function's.
static aether_status read_import_kind(ae_reader *reader, uint32_t offset, const char *module_text,
    const char *field_text, aether_error *err) {
    uint8_t kind = 0;
    AE_TRY(ae_read_byte(reader, &kind, err));
    if (kind == KIND_EXACT_FUNCTION)
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "import_kind",
            "import \"%s\" \"%s\" is of an exact type, which belongs to custom descriptors",
            module_text, field_text);
    if (kind > KIND_TAG)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "import_kind",
            "import \"%s\" \"%s\" is of kind 0x%02x, which does not exist", module_text, field_text,
            kind);
    if (kind != KIND_FUNCTION)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_INTERFACE, "import_kind",
            "import \"%s\" \"%s\" is a %s, only functions are provided", module_text, field_text,
            kind_names[kind]);
    return AETHER_OK;
}

static aether_status check_import_type(const ae_reader *reader, uint32_t offset,
    const ae_functype *type, const ae_import_rule *rule, aether_error *err) {
    if (ae_functype_matches(type, rule->signature))
        return AETHER_OK;
    const ae_functype needed = ae_functype_of_signature(rule->signature);
    char actual_text[AE_TYPE_TEXT_LEN];
    char needed_text[AE_TYPE_TEXT_LEN];
    ae_functype_print(type, actual_text);
    ae_functype_print(&needed, needed_text);
    return ae_reader_refuse(reader, offset, err, AETHER_INVALID_INTERFACE, "import_type",
        "import \"%s\" \"%s\" has type %s, need %s", rule->module, rule->name, actual_text,
        needed_text);
}

static aether_status read_import(
    ae_decoder *decoder, ae_reader *reader, ae_import *out, aether_error *err) {
    const uint32_t offset = reader->at;
    aether_bytes module_name = {0};
    aether_bytes field_name = {0};
    char module_text[NAME_TEXT_LEN];
    char field_text[NAME_TEXT_LEN];
    AE_TRY(read_short_name(reader, "import's module name", &module_name, err));
    AE_TRY(read_short_name(reader, "import's name", &field_name, err));
    name_text(module_name, module_text);
    name_text(field_name, field_text);
    AE_TRY(read_import_kind(reader, offset, module_text, field_text, err));
    uint32_t type = 0;
    AE_TRY(ae_read_u32(reader, "type index", &type, err));
    if (type >= decoder->module->type_count)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "unknown_type",
            "import \"%s\" \"%s\" is of type %" PRIu32 ", but %" PRIu32 " exist", module_text,
            field_text, type, decoder->module->type_count);
    const ae_import_rule *rule = find_rule(decoder->rules, module_name, field_name);
    if (rule == NULL)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_INTERFACE, "unknown_import",
            "import \"%s\" \"%s\" is not provided", module_text, field_text);
    AE_TRY(check_import_type(reader, offset, &decoder->module->types[type], rule, err));
    AE_TRY(ae_count_params(decoder, reader, offset, type, err));
    *out = (ae_import){.rule = (uint32_t)(rule - decoder->rules.rules), .type = type};
    return AETHER_OK;
}

aether_status ae_decode_imports(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    void *imports = NULL;
    AE_TRY(ae_read_count(reader, "imports", AE_IMPORTS_MAX, &count, err));
    AE_TRY(ae_allocate_entries("imports", count, sizeof *module->imports, &imports, err));
    module->imports = imports;
    module->import_count = count;
    for (uint32_t i = 0; i < count; i++)
        AE_TRY(read_import(decoder, reader, &module->imports[i], err));
    return AETHER_OK;
}

// Exports by name, so that a name that comes twice is found without comparing all with all.
typedef struct name_order {
    uint16_t positions[AE_EXPORTS_MAX]; // in the module's exports
    uint32_t count;
} name_order;

// False if the name is there already.
static bool insert_name(name_order *order, const ae_export *exports, uint32_t position) {
    uint32_t low = 0;
    uint32_t high = order->count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        const int compared =
            ae_bytes_compare(exports[order->positions[middle]].name, exports[position].name);
        if (compared == 0)
            return false;
        if (compared < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(order->positions + low + 1, order->positions + low,
        (order->count - low) * sizeof order->positions[0]);
    order->positions[low] = (uint16_t)position;
    order->count++;
    return true;
}

// How many things of a kind there are to be exported.
static uint32_t count_of_kind(const ae_module *module, uint8_t kind) {
    switch (kind) {
    case KIND_FUNCTION:
        return module->import_count + module->function_count;
    case KIND_TABLE:
        return module->has_table;
    case KIND_MEMORY:
        return module->has_memory;
    default:
        return module->global_count;
    }
}

static aether_status read_export(
    const ae_module *module, ae_reader *reader, ae_export *out, aether_error *err) {
    ae_export item = {.offset = reader->at};
    char text[NAME_TEXT_LEN];
    AE_TRY(read_short_name(reader, "export's name", &item.name, err));
    AE_TRY(ae_read_byte(reader, &item.kind, err));
    AE_TRY(ae_read_u32(reader, "export's index", &item.index, err));
    if (item.kind == KIND_TAG)
        return ae_reader_refuse(reader, item.offset, err, AETHER_FORBIDDEN_FEATURE, "export_kind",
            "export \"%s\" is a tag, which belongs to exception handling",
            name_text(item.name, text));
    if (item.kind > KIND_TAG)
        return ae_reader_refuse(reader, item.offset, err, AETHER_MALFORMED_MODULE, "export_kind",
            "export \"%s\" is of kind 0x%02x, which does not exist", name_text(item.name, text),
            item.kind);
    const uint32_t count = count_of_kind(module, item.kind);
    if (item.index >= count)
        return ae_reader_refuse(reader, item.offset, err, AETHER_INVALID_MODULE, "unknown_export",
            "export \"%s\" is %s %" PRIu32 ", but %" PRIu32 " exist", name_text(item.name, text),
            kind_names[item.kind], item.index, count);
    *out = item;
    return AETHER_OK;
}

aether_status ae_decode_exports(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    uint32_t function_count = 0;
    void *exports = NULL;
    name_order order = {.count = 0};
    char text[NAME_TEXT_LEN];
    AE_TRY(ae_read_count(reader, "exports", AE_EXPORTS_MAX, &count, err));
    AE_TRY(ae_allocate_entries("exports", count, sizeof *module->exports, &exports, err));
    module->exports = exports;
    module->export_count = count;
    for (uint32_t i = 0; i < count; i++) {
        ae_export *item = &module->exports[i];
        AE_TRY(read_export(module, reader, item, err));
        if (!insert_name(&order, module->exports, i))
            return ae_reader_refuse(reader, item->offset, err, AETHER_INVALID_MODULE,
                "duplicate_export", "export \"%s\" comes twice", name_text(item->name, text));
        function_count += item->kind == KIND_FUNCTION;
        if (function_count > AE_EXPORTED_FUNCTIONS_MAX)
            return ae_reader_refuse(reader, item->offset, err, AETHER_LIMIT_EXCEEDED,
                "exported_functions", "more than %d functions are exported",
                AE_EXPORTED_FUNCTIONS_MAX);
    }
    return AETHER_OK;
}

aether_status ae_decode_start(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    const uint32_t offset = reader->at;
    const uint32_t count = module->import_count + module->function_count;
    uint32_t function = 0;
    char text[AE_TYPE_TEXT_LEN];
    AE_TRY(ae_read_u32(reader, "start function", &function, err));
    if (function >= count)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "unknown_function",
            "start function is %" PRIu32 ", but %" PRIu32 " exist", function, count);
    const ae_functype *type = ae_module_function_type(module, function);
    if (!ae_functype_matches(type, ">")) {
        ae_functype_print(type, text);
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "start_type",
            "start function %" PRIu32 " has type %s, need () -> ()", function, text);
    }
    module->start = function;
    return AETHER_OK;
}

static const ae_export *find_export(const ae_module *module, const char *name) {
    for (uint32_t i = 0; i < module->export_count; i++)
        if (ae_bytes_equal(module->exports[i].name, ae_bytes_of(name)))
            return &module->exports[i];
    return NULL;
}

static aether_status find_entry(
    ae_module *module, const ae_reader *reader, uint32_t entry, aether_error *err) {
    const char *name = entry_names[entry];
    const ae_export *item = find_export(module, name);
    if (item == NULL)
        return AETHER_OK;
    if (item->kind != KIND_FUNCTION)
        return ae_reader_refuse(reader, item->offset, err, AETHER_INVALID_INTERFACE, "entry_type",
            "entry point %s is a %s, need a function of type () -> i32", name,
            kind_names[item->kind]);
    const ae_functype *type = ae_module_function_type(module, item->index);
    if (!ae_functype_matches(type, ">i")) {
        char text[AE_TYPE_TEXT_LEN];
        ae_functype_print(type, text);
        return ae_reader_refuse(reader, item->offset, err, AETHER_INVALID_INTERFACE, "entry_type",
            "entry point %s has type %s, need () -> i32", name, text);
    }
    module->entries[entry] = item->index;
    return AETHER_OK;
}

static aether_status check_memory_export(
    const ae_decoder *decoder, const ae_reader *reader, aether_error *err) {
    const ae_module *module = decoder->module;
    const ae_export *memory = find_export(module, "memory");
    if (memory != NULL && memory->kind == KIND_MEMORY)
        return AETHER_OK;
    for (uint32_t i = 0; i < module->import_count; i++) {
        const ae_import_rule *rule = &decoder->rules.rules[module->imports[i].rule];
        if (rule->takes_pointer)
            return ae_reader_refuse(reader, reader->end, err, AETHER_INVALID_INTERFACE,
                "memory_export",
                "import \"%s\" \"%s\" takes a pointer, so a memory must be exported as \"memory\"",
                rule->module, rule->name);
    }
    return AETHER_OK;
}

aether_status ae_check_interface(const ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    for (uint32_t entry = 0; entry < sizeof entry_names / sizeof entry_names[0]; entry++) {
        module->entries[entry] = AE_NO_INDEX;
        if (!decoder->rules.ignores_entries)
            AE_TRY(find_entry(module, reader, entry, err));
    }
    if (!decoder->rules.ignores_entries && module->entries[AETHER_ENTRY_EXECUTE] == AE_NO_INDEX)
        return ae_reader_refuse(reader, reader->end, err, AETHER_INVALID_INTERFACE, "missing_entry",
            "no function is exported as \"execute\"");
    return check_memory_export(decoder, reader, err);
}
