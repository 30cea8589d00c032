// Tables, memories and globals: what an instance holds.
#include "wasm/decoder.h"
#include "wasm/type.h"

#include <inttypes.h>

#define PAGES_ADDRESSABLE 65536 // of 64 KiB, what 32 bits can address

typedef struct size_limits {
    uint32_t min;
    uint32_t max;
    bool has_max;
} size_limits;

static aether_status read_limits(
    ae_reader *reader, const char *what, size_limits *out, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t flags = 0;
    AE_TRY(ae_read_byte(reader, &flags, err));
    if (flags > 0x0f)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "limits_flags",
            "flags 0x%02x of a %s do not exist", flags, what);
    if (flags > 0x01)
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "limits_flags",
            "flags 0x%02x of a %s: shared, 64-bit and other page sizes are outside the profile",
            flags, what);
    size_limits limits = {.has_max = flags == 1};
    AE_TRY(ae_read_u32(reader, "minimum", &limits.min, err));
    if (limits.has_max) {
        AE_TRY(ae_read_u32(reader, "maximum", &limits.max, err));
        if (limits.max < limits.min)
            return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "limits_order",
                "%s has a maximum of %" PRIu32 ", below its minimum of %" PRIu32, what, limits.max,
                limits.min);
    }
    *out = limits;
    return AETHER_OK;
}

static aether_status read_table_type(ae_reader *reader, aether_error *err) {
    const uint32_t offset = reader->at;
    uint8_t type = 0;
    AE_TRY(ae_read_byte(reader, &type, err));
    if (type == 0x70)
        return AETHER_OK;
    if (type == 0x40 || type == 0x63 || type == 0x64 || (type >= 0x68 && type <= 0x75))
        return ae_reader_refuse(reader, offset, err, AETHER_FORBIDDEN_FEATURE, "table_type",
            "table type 0x%02x: only tables of functions are in the profile", type);
    return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "table_type",
        "table type 0x%02x does not exist", type);
}

aether_status ae_decode_tables(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    AE_TRY(ae_read_count(reader, "tables", AE_TABLES_MAX, &count, err));
    if (count == 0)
        return AETHER_OK;
    size_limits limits = {0};
    AE_TRY(read_table_type(reader, err));
    const uint32_t offset = reader->at;
    AE_TRY(read_limits(reader, "table", &limits, err));
    if (limits.min > AE_TABLE_LEN_MAX)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, "table_len",
            "table has %" PRIu32 " elements, at most %d", limits.min, AE_TABLE_LEN_MAX);
    module->has_table = true;
    module->table_len = limits.min;
    return AETHER_OK;
}

aether_status ae_decode_memories(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    AE_TRY(ae_read_count(reader, "memories", AE_MEMORIES_MAX, &count, err));
    if (count == 0)
        return AETHER_OK;
    const uint32_t offset = reader->at;
    size_limits limits = {0};
    AE_TRY(read_limits(reader, "memory", &limits, err));
    if (limits.min > PAGES_ADDRESSABLE || limits.max > PAGES_ADDRESSABLE)
        return ae_reader_refuse(reader, offset, err, AETHER_INVALID_MODULE, "memory_pages",
            "memory of %" PRIu32 " to %" PRIu32 " pages, 32 bits address at most %d", limits.min,
            limits.max, PAGES_ADDRESSABLE);
    if (limits.min > AE_MEMORY_PAGES_INITIAL_MAX)
        return ae_reader_refuse(reader, offset, err, AETHER_LIMIT_EXCEEDED, "memory_pages_initial",
            "memory starts with %" PRIu32 " pages, at most %d", limits.min,
            AE_MEMORY_PAGES_INITIAL_MAX);
    module->has_memory = true;
    module->memory_pages_min = limits.min;
    module->memory_pages_max =
        limits.has_max && limits.max < AE_MEMORY_PAGES_MAX ? limits.max : AE_MEMORY_PAGES_MAX;
    return AETHER_OK;
}

static aether_status read_global(
    const ae_module *module, ae_reader *reader, ae_global *out, aether_error *err) {
    ae_global global = {0};
    AE_TRY(ae_read_valtype(reader, "global", &global.type, err));
    const uint32_t offset = reader->at;
    uint8_t mutability = 0;
    AE_TRY(ae_read_byte(reader, &mutability, err));
    if (mutability > 1)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "global_mutability",
            "mutability of a global is 0x%02x, need 0 or 1", mutability);
    global.is_mutable = mutability == 1;
    global.init_offset = reader->at;
    uint64_t value = 0;
    AE_TRY(ae_read_constant_expression(module, reader, (ae_valtype)global.type, &value, err));
    global.init_len = reader->at - global.init_offset;
    *out = global;
    return AETHER_OK;
}

aether_status ae_decode_globals(ae_decoder *decoder, ae_reader *reader, aether_error *err) {
    ae_module *module = decoder->module;
    uint32_t count = 0;
    void *globals = NULL;
    AE_TRY(ae_read_count(reader, "globals", AE_GLOBALS_MAX, &count, err));
    AE_TRY(ae_allocate_entries("globals", count, sizeof *module->globals, &globals, err));
    module->globals = globals;
    while (module->global_count < count) { // an initialiser knows the globals before it
        AE_TRY(read_global(module, reader, &module->globals[module->global_count], err));
        module->global_count++;
    }
    return AETHER_OK;
}
