/* How large the output may become. AE_INSTRUMENTED_LEN_MAX is 10 times the largest upload, and holds for
 * every accepted module.
 *
 * A body in the plain form takes at most 8.34 times its bytes and 48. No price exceeds 8191, so the gas of
 * m instructions is a constant of at most m + 1 bytes, and paying it takes at most m + 7: 8 for the first
 * of them, 1 for each further one. Making a result canonical takes 10; arithmetic of one byte then comes
 * with at least two bytes that show its result or keep it for that. With that counted to them, bytes out for
 * bytes in are at most
 *
 *   plain instructions, with what pays for them and the next `end`, `else`, `br_if`, `if`    11 / 2
 *   the same and `loop` with its check                                                       20 / 3
 *   the same and `unreachable`, and the `end` that brings life back                          23 / 3
 *     of a block or loop, whose opening counts too                                           34 / 5
 *   call of two bytes                                                                        13 / 2
 *     with arithmetic of one byte for its argument                                           25 / 3
 *     with a local.get that is made canonical                                                27 / 4
 *   call_indirect                                                                            19 / 3
 *   memory.grow                                                                               9 / 2
 *   bulk                                                                                     29 / 3
 *     with three instructions that push its operands, calls at worst                         68 / 9
 *
 * so below 8.34 throughout. It has at least 4 bytes, and at most 71 fixed ones and a last `unreachable`: 48
 * more than its share.
 *
 * A body in the fast form takes at most AE_FAST_BODY_GROWTH = 7 times its bytes and AE_FAST_BODY_ROOM = 48;
 * it is written in the plain form where it would be longer.
 *
 * 10,000 functions take 480,000 more than their share, and types, imports, thunks, segments and the rest
 * less than 15,000: 8.34 x 1,048,576 + 495,000 < 10,485,760. */
#include "gas/instrument.h"

#include "gas/fast_body.h"

#include "base/alloc.h"

#define SECTION_ROOM 64 // bytes of a section's header and count, or of any item without a name
#define ADDED_MODULE "aether"
#define GROW_NAME "memory_grow"
#define PROBE_NAME "probe"
#define BULK_BYTE_MAX 63 // the bound above counts on a constant of one byte

enum section {
    SECTION_TYPE = 1,
    SECTION_IMPORT = 2,
    SECTION_FUNCTION = 3,
    SECTION_TABLE = 4,
    SECTION_MEMORY = 5,
    SECTION_GLOBAL = 6,
    SECTION_EXPORT = 7,
    SECTION_ELEMENT = 9,
    SECTION_CODE = 10,
    SECTION_DATA = 11,
    SECTION_DATA_COUNT = 12,
};

enum kind { KIND_FUNCTION = 0, KIND_MEMORY = 2, KIND_GLOBAL = 3 };

// What is decided before anything is written.
typedef struct plan {
    const ae_module *module;
    const ae_schedule *schedule;
    ae_metering_form form;
    ae_emit *out;
    ae_offset_map_writer *map;
    ae_probe_writer *probes; // or NULL
    bool grows_memory;
    uint32_t added_import_count;
    uint32_t thunk_of[AE_IMPORTS_MAX]; // number of an import's thunk, or AE_NO_INDEX
    uint32_t thunk_count;
    uint32_t thunk_imports[AE_IMPORTS_MAX]; // what each thunk calls
} plan;

static uint32_t read_index(ae_reader *reader) {
    uint32_t index = 0;
    const aether_status status = ae_read_u32(reader, "index", &index, NULL);
    AE_ASSERT(status == AETHER_OK); // the module was accepted
    return index;
}

// The encoding is two bytes and no other; a body without them need not be decoded.
static bool body_grows_memory(const ae_module *module, const ae_function *function) {
    ae_reader reader = ae_reader_over(module->bytes, function->code_offset, function->end_offset);
    const uint8_t *code = module->bytes.data;
    bool may_grow = false;
    for (uint32_t at = reader.at; at + 1 < reader.end && !may_grow; at++)
        may_grow = code[at] == AE_CODE_memory_grow && code[at + 1] == 0;
    if (!may_grow)
        return false;
    while (!ae_reader_is_at_end(&reader)) {
        ae_instruction in;
        const aether_status status = ae_instruction_read(&reader, &in, NULL);
        AE_ASSERT(status == AETHER_OK);
        if (in.opcode == AE_OP_memory_grow)
            return true;
    }
    return false;
}

static bool module_grows_memory(const ae_module *module) {
    for (uint32_t i = 0; i < module->function_count && module->has_memory; i++)
        if (body_grows_memory(module, &module->functions[i]))
            return true;
    return false;
}

// A function that is entered in the metered way needs the metered type.
static void plan_entered(plan *p, uint32_t function) {
    if (function >= p->module->import_count || p->thunk_of[function] != AE_NO_INDEX)
        return;
    p->thunk_of[function] = p->thunk_count;
    p->thunk_imports[p->thunk_count++] = function;
}

static plan plan_make(
    const ae_module *module, const ae_instrument_options *options, ae_probe_writer *probes) {
    const ae_schedule *schedule = options->schedule;
    AE_ASSERT(module->import_count <= AE_IMPORTS_MAX && schedule->bulk_byte <= BULK_BYTE_MAX);
    plan p = {.module = module,
        .schedule = schedule,
        .form = options->form,
        .probes = probes,
        .grows_memory = module_grows_memory(module)};
    p.added_import_count = (uint32_t)p.grows_memory + (probes != NULL);
    for (uint32_t i = 0; i < AE_IMPORTS_MAX; i++)
        p.thunk_of[i] = AE_NO_INDEX;
    for (uint32_t i = 0; i < module->element_count; i++) {
        const ae_element_segment *segment = &module->elements[i];
        ae_reader items =
            ae_reader_over(module->bytes, segment->items_offset, (uint32_t)module->bytes.len);
        for (uint32_t k = 0; k < segment->count; k++)
            plan_entered(&p, read_index(&items));
    }
    for (size_t i = 0; i < sizeof module->entries / sizeof module->entries[0]; i++)
        plan_entered(&p, module->entries[i]);
    plan_entered(&p, module->start);
    return p;
}

// The metered index of a function that is entered in the metered way.
static uint32_t entered_index(const plan *p, uint32_t function) {
    const ae_module *module = p->module;
    if (function >= module->import_count)
        return function + p->added_import_count;
    return module->import_count + p->added_import_count + module->function_count +
           p->thunk_of[function];
}

// Begin a section of `count` items; its length is patched in by section_end.
static bool section_begin(plan *p, enum section id, uint32_t count, uint32_t *out_body) {
    if (!ae_emit_reserve(p->out, SECTION_ROOM))
        return false;
    ae_emit_byte(p->out, (uint8_t)id);
    p->out->len += AE_LEB128_PADDED_LEN;
    *out_body = p->out->len;
    ae_emit_u32(p->out, count);
    return true;
}

static void section_end(plan *p, uint32_t body) {
    ae_emit_patch_u32(p->out, body - AE_LEB128_PADDED_LEN, p->out->len - body);
}

static void emit_name(ae_emit *out, const char *name) {
    const uint32_t len = (uint32_t)strlen(name);
    ae_emit_u32(out, len);
    ae_emit_bytes(out, name, len);
}

// (params …, gas[, stack]) -> (results …, gas)
static void emit_type(ae_emit *out, const ae_functype *type, bool has_stack) {
    ae_emit_byte(out, 0x60);
    ae_emit_u32(out, type->param_count + 1u + has_stack);
    ae_emit_bytes(out, type->params, type->param_count);
    ae_emit_byte(out, AE_I64);
    if (has_stack)
        ae_emit_byte(out, AE_I32);
    ae_emit_u32(out, type->result_count + 1u);
    if (type->result_count != 0)
        ae_emit_byte(out, type->result);
    ae_emit_byte(out, AE_I64);
}

// Type i keeps its number. Import i has type type_count + i; the added imports those after these.
static bool emit_types(plan *p) {
    const ae_module *module = p->module;
    uint32_t body = 0;
    if (!section_begin(p, SECTION_TYPE,
            module->type_count + module->import_count + p->added_import_count, &body))
        return false;
    for (uint32_t i = 0; i < module->type_count; i++) {
        if (!ae_emit_reserve(p->out, SECTION_ROOM))
            return false;
        emit_type(p->out, &module->types[i], true);
    }
    for (uint32_t i = 0; i < module->import_count; i++) {
        if (!ae_emit_reserve(p->out, SECTION_ROOM))
            return false;
        emit_type(p->out, &module->types[module->imports[i].type], false);
    }
    if (!ae_emit_reserve(p->out, SECTION_ROOM))
        return false;
    if (p->grows_memory)
        emit_type(p->out,
            &(ae_functype){
                .param_count = 1, .params = {AE_I32}, .result_count = 1, .result = AE_I32},
            false);
    static const uint8_t probe_type[] = {0x60, 2, AE_I32, AE_I64, 0};
    if (p->probes != NULL)
        ae_emit_bytes(p->out, probe_type, sizeof probe_type);
    section_end(p, body);
    return true;
}

// The first import in the uploaded bytes: their names are only there.
static ae_reader find_imports(const ae_module *module) {
    ae_reader reader = ae_reader_over(module->bytes, 8, (uint32_t)module->bytes.len);
    for (;;) {
        uint8_t id = 0;
        const aether_status status = ae_read_byte(&reader, &id, NULL);
        AE_ASSERT(status == AETHER_OK);
        const uint32_t len = read_index(&reader);
        if (id == SECTION_IMPORT)
            break;
        AE_ASSERT(len <= reader.end - reader.at);
        reader.at += len;
    }
    const uint32_t count = read_index(&reader);
    AE_ASSERT(count == module->import_count);
    return reader;
}

// Copies module and name of one import, and steps over it.
static bool emit_import_name(plan *p, ae_reader *imports) {
    const uint32_t start = imports->at;
    for (int i = 0; i < 2; i++) {
        aether_bytes name;
        const aether_status status = ae_read_name(imports, "import", &name, NULL);
        AE_ASSERT(status == AETHER_OK);
    }
    const uint32_t len = imports->at - start;
    imports->at++; // kind: a function
    (void)read_index(imports);
    if (!ae_emit_reserve(p->out, len + SECTION_ROOM))
        return false;
    ae_emit_bytes(p->out, imports->data + start, len);
    return true;
}

static void emit_added_import(plan *p, const char *name, uint32_t type) {
    emit_name(p->out, ADDED_MODULE);
    emit_name(p->out, name);
    ae_emit_byte(p->out, KIND_FUNCTION);
    ae_emit_u32(p->out, type);
}

static bool emit_imports(plan *p) {
    const ae_module *module = p->module;
    const uint32_t count = module->import_count + p->added_import_count;
    uint32_t body = 0;
    if (count == 0)
        return true;
    if (!section_begin(p, SECTION_IMPORT, count, &body))
        return false;
    ae_reader imports = {0};
    if (module->import_count != 0)
        imports = find_imports(module);
    for (uint32_t i = 0; i < module->import_count; i++) {
        if (!emit_import_name(p, &imports))
            return false;
        ae_emit_byte(p->out, KIND_FUNCTION);
        ae_emit_u32(p->out, module->type_count + i);
    }
    if (!ae_emit_reserve(p->out, SECTION_ROOM))
        return false;
    uint32_t type = module->type_count + module->import_count;
    if (p->grows_memory)
        emit_added_import(p, GROW_NAME, type++);
    if (p->probes != NULL)
        emit_added_import(p, PROBE_NAME, type);
    section_end(p, body);
    return true;
}

static bool emit_functions(plan *p) {
    const ae_module *module = p->module;
    const uint32_t count = module->function_count + p->thunk_count;
    uint32_t body = 0;
    if (!section_begin(p, SECTION_FUNCTION, count, &body) ||
        !ae_emit_reserve(p->out, count * AE_LEB128_PADDED_LEN))
        return false;
    for (uint32_t i = 0; i < module->function_count; i++)
        ae_emit_u32(p->out, module->functions[i].type);
    for (uint32_t i = 0; i < p->thunk_count; i++)
        ae_emit_u32(p->out, module->imports[p->thunk_imports[i]].type);
    section_end(p, body);
    return true;
}

static bool emit_table_and_memory(plan *p) {
    const ae_module *module = p->module;
    uint32_t body = 0;
    if (module->has_table) {
        if (!section_begin(p, SECTION_TABLE, 1, &body))
            return false;
        ae_emit_byte(p->out, 0x70); // funcref
        ae_emit_byte(p->out, 1);    // with a maximum
        ae_emit_u32(p->out, module->table_len);
        ae_emit_u32(p->out, module->table_len);
        section_end(p, body);
    }
    if (module->has_memory) {
        if (!section_begin(p, SECTION_MEMORY, 1, &body))
            return false;
        ae_emit_byte(p->out, 1);
        ae_emit_u32(p->out, module->memory_pages_min);
        ae_emit_u32(p->out, module->memory_pages_max);
        section_end(p, body);
    }
    return true;
}

static bool emit_globals(plan *p) {
    const ae_module *module = p->module;
    uint32_t body = 0;
    if (!section_begin(p, SECTION_GLOBAL, module->global_count + 1, &body))
        return false;
    for (uint32_t i = 0; i < module->global_count; i++) {
        const ae_global *global = &module->globals[i];
        if (!ae_emit_reserve(p->out, global->init_len + SECTION_ROOM))
            return false;
        ae_emit_byte(p->out, global->type);
        ae_emit_byte(p->out, global->is_mutable);
        ae_emit_bytes(p->out, module->bytes.data + global->init_offset, global->init_len);
    }
    if (!ae_emit_reserve(p->out, SECTION_ROOM))
        return false;
    ae_emit_byte(p->out, AE_I64);
    ae_emit_byte(p->out, true);
    ae_emit_byte(p->out, AE_CODE_i64_const);
    ae_emit_s64(p->out, AE_END_NONE);
    ae_emit_byte(p->out, AE_CODE_end);
    section_end(p, body);
    return true;
}

static void emit_export(plan *p, const char *name, enum kind kind, uint32_t index) {
    emit_name(p->out, name);
    ae_emit_byte(p->out, (uint8_t)kind);
    ae_emit_u32(p->out, index);
}

static bool emit_exports(plan *p) {
    static const char *const entry_names[] = {
        [AETHER_ENTRY_EXECUTE] = "execute",
        [AETHER_ENTRY_INIT] = "init",
        [AETHER_ENTRY_QUERY] = "query",
        [AETHER_ENTRY_MIGRATE] = "migrate",
    };
    const ae_module *module = p->module;
    uint32_t count = 1u + module->has_memory + (module->start != AE_NO_INDEX);
    for (size_t i = 0; i < sizeof entry_names / sizeof entry_names[0]; i++)
        count += module->entries[i] != AE_NO_INDEX;
    uint32_t body = 0;
    if (!section_begin(p, SECTION_EXPORT, count, &body) ||
        !ae_emit_reserve(p->out, count * SECTION_ROOM))
        return false;
    if (module->has_memory)
        emit_export(p, "memory", KIND_MEMORY, 0);
    emit_export(p, "end", KIND_GLOBAL, module->global_count);
    for (size_t i = 0; i < sizeof entry_names / sizeof entry_names[0]; i++)
        if (module->entries[i] != AE_NO_INDEX)
            emit_export(p, entry_names[i], KIND_FUNCTION, entered_index(p, module->entries[i]));
    if (module->start != AE_NO_INDEX)
        emit_export(p, "start", KIND_FUNCTION, entered_index(p, module->start));
    section_end(p, body);
    return true;
}

// An active segment's flag and offset. Offsets are unsigned, constants signed.
static void emit_active(ae_emit *out, uint32_t offset) {
    ae_emit_byte(out, 0);
    ae_emit_byte(out, AE_CODE_i32_const);
    ae_emit_s64(out, (int32_t)offset);
    ae_emit_byte(out, AE_CODE_end);
}

static bool emit_elements(plan *p) {
    const ae_module *module = p->module;
    uint32_t body = 0;
    if (module->element_count == 0)
        return true;
    if (!section_begin(p, SECTION_ELEMENT, module->element_count, &body))
        return false;
    for (uint32_t i = 0; i < module->element_count; i++) {
        const ae_element_segment *segment = &module->elements[i];
        ae_reader items =
            ae_reader_over(module->bytes, segment->items_offset, (uint32_t)module->bytes.len);
        if (!ae_emit_reserve(p->out, segment->count * AE_LEB128_PADDED_LEN + SECTION_ROOM))
            return false;
        emit_active(p->out, segment->table_offset);
        ae_emit_u32(p->out, segment->count);
        for (uint32_t k = 0; k < segment->count; k++)
            ae_emit_u32(p->out, entered_index(p, read_index(&items)));
    }
    section_end(p, body);
    return true;
}

static bool emit_data_count(plan *p) {
    uint32_t body = 0;
    if (!p->module->has_data_count)
        return true;
    if (!section_begin(p, SECTION_DATA_COUNT, p->module->data_count, &body))
        return false;
    section_end(p, body);
    return true;
}

// (params …, gas, stack) -> (results …, gas) around an import, which takes no stack.
static bool emit_thunk(plan *p, uint32_t import) {
    const uint32_t param_count = p->module->types[p->module->imports[import].type].param_count;
    if (!ae_emit_reserve(p->out, 2 * param_count + SECTION_ROOM) ||
        !ae_offset_map_reserve(p->map, 1))
        return false;
    ae_offset_map_insert(p->map, p->out->len, 0);
    const uint32_t gets_len = 2 * (param_count + 1); // indices below 128
    ae_emit_u32(p->out, 1 + gets_len + 1 + ae_leb128_u32_len(import) + 1);
    ae_emit_byte(p->out, 0); // no locals
    for (uint32_t i = 0; i <= param_count; i++) {
        ae_emit_byte(p->out, AE_CODE_local_get);
        ae_emit_u32(p->out, i);
    }
    ae_emit_byte(p->out, AE_CODE_call);
    ae_emit_u32(p->out, import);
    ae_emit_byte(p->out, AE_CODE_end);
    return true;
}

static void emit_thunk_probe(plan *p, ae_probe_kind kind, uint32_t import, uint32_t gas) {
    ae_emit_byte(p->out, AE_CODE_i32_const);
    ae_emit_s64(p->out, ae_probe_add(p->probes, kind, AE_NO_INDEX, import));
    ae_emit_byte(p->out, AE_CODE_local_get);
    ae_emit_u32(p->out, gas);
    ae_emit_byte(p->out, AE_CODE_call);
    ae_emit_u32(p->out, p->module->import_count + p->grows_memory);
}

// The same between probes.
static bool emit_probed_thunk(plan *p, uint32_t import) {
    const uint32_t param_count = p->module->types[p->module->imports[import].type].param_count;
    if (!ae_emit_reserve(p->out, 2 * param_count + 2 * SECTION_ROOM) ||
        !ae_offset_map_reserve(p->map, 1) || !ae_probe_reserve(p->probes, 2, 0))
        return false;
    ae_offset_map_insert(p->map, p->out->len, 0);
    p->out->len += AE_LEB128_PADDED_LEN;
    const uint32_t start = p->out->len;
    ae_emit_byte(p->out, 0); // no locals
    emit_thunk_probe(p, AE_PROBE_CALL, import, param_count);
    for (uint32_t i = 0; i <= param_count; i++) {
        ae_emit_byte(p->out, AE_CODE_local_get);
        ae_emit_u32(p->out, i);
    }
    ae_emit_byte(p->out, AE_CODE_call);
    ae_emit_u32(p->out, import);
    ae_emit_byte(p->out, AE_CODE_local_tee);
    ae_emit_u32(p->out, param_count);
    emit_thunk_probe(p, AE_PROBE_LEAVE, import, param_count);
    ae_emit_byte(p->out, AE_CODE_end);
    ae_emit_patch_u32(p->out, start - AE_LEB128_PADDED_LEN, p->out->len - start);
    return true;
}

static bool emit_plain_bodies(const ae_body_context *context) {
    const ae_module *module = context->module;
    for (uint32_t i = 0; i < module->function_count; i++)
        if (!ae_body_emit(context, &module->functions[i]))
            return false;
    return true;
}

static bool emit_fast_bodies(const ae_body_context *context) {
    const ae_module *module = context->module;
    ae_planner *planner = ae_planner_create(module, context->schedule);
    bool ok = planner != NULL;
    for (uint32_t i = 0; i < module->function_count && ok; i++)
        ok = ae_fast_body_emit(context, planner, &module->functions[i]);
    ae_planner_destroy(planner);
    return ok;
}

static bool emit_code_with(plan *p, ae_canonical *canonical) {
    const ae_module *module = p->module;
    const ae_body_context context = {
        .module = module,
        .schedule = p->schedule,
        .out = p->out,
        .map = p->map,
        .canonical = canonical,
        .added_import_count = p->added_import_count,
        .grow_function = module->import_count,
        .end_global = module->global_count,
        .probe_function = module->import_count + p->grows_memory,
        .probes = p->probes,
    };
    uint32_t body = 0;
    if (!section_begin(p, SECTION_CODE, module->function_count + p->thunk_count, &body))
        return false;
    if (p->form == AE_METERING_FAST ? !emit_fast_bodies(&context) : !emit_plain_bodies(&context))
        return false;
    for (uint32_t i = 0; i < p->thunk_count; i++)
        if (p->probes != NULL ? !emit_probed_thunk(p, p->thunk_imports[i])
                              : !emit_thunk(p, p->thunk_imports[i]))
            return false;
    section_end(p, body);
    return true;
}

static bool emit_code(plan *p) {
    ae_canonical canonical = {0};
    const bool is_emitted = emit_code_with(p, &canonical);
    ae_canonical_deinit(&canonical);
    return is_emitted;
}

static bool emit_data(plan *p) {
    const ae_module *module = p->module;
    uint32_t body = 0;
    if (module->data_count == 0)
        return true;
    if (!section_begin(p, SECTION_DATA, module->data_count, &body))
        return false;
    for (uint32_t i = 0; i < module->data_count; i++) {
        const ae_data_segment *segment = &module->data[i];
        if (!ae_emit_reserve(p->out, segment->len + SECTION_ROOM))
            return false;
        if (segment->is_passive)
            ae_emit_byte(p->out, 1);
        else
            emit_active(p->out, segment->memory_offset);
        ae_emit_u32(p->out, segment->len);
        ae_emit_bytes(p->out, module->bytes.data + segment->offset, segment->len);
    }
    section_end(p, body);
    return true;
}

static bool emit_module(plan *p) {
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    if (!ae_emit_reserve(p->out, p->module->module_len + SECTION_ROOM) ||
        !ae_offset_map_reserve(p->map, 2))
        return false;
    ae_offset_map_insert(p->map, 0, 0);
    ae_emit_bytes(p->out, header, sizeof header);
    if (!emit_types(p) || !emit_imports(p) || !emit_functions(p) || !emit_table_and_memory(p) ||
        !emit_globals(p) || !emit_exports(p) || !emit_elements(p) || !emit_data_count(p) ||
        !emit_code(p) || !ae_offset_map_reserve(p->map, 1))
        return false;
    ae_offset_map_insert(p->map, p->out->len, 0);
    return emit_data(p);
}

static aether_status instrument(const ae_module *module, const ae_instrument_options *options,
    ae_probe_writer *probes, ae_instrumented *out_instrumented, aether_error *err) {
    ae_emit out;
    ae_offset_map_writer map = {0};
    plan p = plan_make(module, options, probes);
    ae_emit_init(&out);
    p.out = &out;
    p.map = &map;
    if (!emit_module(&p)) {
        ae_emit_deinit(&out);
        ae_offset_map_writer_deinit(&map);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "host memory exhausted, metering a module");
    }
    AE_ASSERT(probes != NULL || out.len <= AE_INSTRUMENTED_LEN_MAX);
    *out_instrumented = (ae_instrumented){
        .bytes = out.data,
        .len = out.len,
        .map = ae_offset_map_finish(&map),
        .import_count = module->import_count,
        .added_import_count = p.added_import_count,
        .function_count = module->import_count + module->function_count,
    };
    return AETHER_OK;
}

aether_status ae_instrument(const ae_module *module, const ae_instrument_options *options,
    ae_instrumented *out_instrumented, aether_error *err) {
    return instrument(module, options, NULL, out_instrumented, err);
}

aether_status ae_instrument_probed(const ae_module *module, const ae_schedule *schedule,
    ae_instrumented *out_instrumented, ae_probes *out_probes, aether_error *err) {
    ae_probe_writer probes = {0};
    const ae_instrument_options options = {.schedule = schedule, .form = AE_METERING_PLAIN};
    const aether_status status = instrument(module, &options, &probes, out_instrumented, err);
    if (status == AETHER_OK)
        *out_probes = probes.table;
    else
        ae_probes_deinit(&probes.table);
    return status;
}

void ae_instrumented_deinit(ae_instrumented *instrumented) {
    ae_free(instrumented->bytes);
    ae_free(instrumented->map.runs);
    *instrumented = (ae_instrumented){0};
}

uint32_t ae_instrumented_function(const ae_instrumented *instrumented, uint32_t function) {
    if (function < instrumented->import_count)
        return function;
    const uint32_t added = instrumented->added_import_count;
    if (function < instrumented->import_count + added)
        return AE_NO_INDEX;
    return function - added < instrumented->function_count ? function - added : AE_NO_INDEX;
}
