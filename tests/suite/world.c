#include "suite/world.h"

#include "engine/config.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define OUR_END "aether.end" // names that no module of the suite exports
#define OUR_START "aether.start"
#define OUR_MEMORY "aether.memory"

#define GAS (INT64_MAX / 2) // of every call, so that it never ends one
#define INSTANCES_MAX 512   // modules of one file

enum {
    KIND_FUNCTION = 0,
    KIND_GLOBAL = 3,
    SECTION_IMPORT = 2,
    SECTION_EXPORT = 7,
    SECTION_CODE = 10
};

static void check_error(wasmtime_error_t *error) {
    if (error == NULL)
        return;
    wasm_byte_vec_t message;
    wasmtime_error_message(error, &message);
    test_fail(__FILE__, __LINE__, "engine: %.*s", (int)message.size, message.data);
}

static wasm_engine_t *plain_engine_new(void) {
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_reference_types_set(config, true);
    wasmtime_config_cranelift_nan_canonicalization_set(config, true);
    wasmtime_config_parallel_compilation_set(config, false);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine != NULL);
    return engine;
}

static wasm_engine_t *metered_engine_new(void) {
    const ae_engine_settings settings = {
        .compiler = AETHER_COMPILER_CRANELIFT, .instances_max = INSTANCES_MAX};
    aether_error err = {0};
    wasm_config_t *config = NULL;
    CHECK_OK(ae_engine_config(&settings, &config, &err));
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    CHECK(engine != NULL);
    return engine;
}

static char letter_of(uint8_t type) {
    switch (type) {
    case AE_I32:
        return 'i';
    case AE_I64:
        return 'I';
    case AE_F32:
        return 'f';
    default:
        return 'F';
    }
}

// The next row of what modules may import; name and signature are still to be written.
static world_import *next_import(
    world *w, const char *module, const world_module *owner, uint32_t function) {
    CHECK(w->import_count < WORLD_IMPORTS_MAX);
    world_import *import = &w->imports[w->import_count];
    *import = (world_import){.owner = owner, .function = function};
    w->rules[w->import_count++] =
        (ae_import_rule){.module = module, .name = import->name, .signature = import->signature};
    return import;
}

static void write_signature(const ae_functype *type, char *out) {
    for (uint32_t i = 0; i < type->param_count; i++)
        *out++ = letter_of(type->params[i]);
    *out++ = '>';
    if (type->result_count != 0)
        *out++ = letter_of(type->result);
    *out = '\0';
}

static void offer_exports(world *w, const world_name *name) {
    const ae_module *module = &name->module->module;
    for (uint32_t i = 0; i < name->module->export_count; i++) {
        const ae_export *item = &name->module->exports[i];
        if (item->kind != KIND_FUNCTION || item->name.len > AE_NAME_LEN_MAX)
            continue;
        world_import *import =
            next_import(w, (const char *)name->name.data, name->module, item->index);
        memcpy(import->name, item->name.data, item->name.len);
        write_signature(ae_module_function_type(module, item->index), import->signature);
    }
}

static void offer_spectest(world *w) {
    static const char *const functions[][2] = {{"print", ">"}, {"print_i32", "i>"},
        {"print_i64", "I>"}, {"print_f32", "f>"}, {"print_f64", "F>"}, {"print_i32_f32", "if>"},
        {"print_f64_f64", "FF>"}};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        world_import *import = next_import(w, "spectest", NULL, 0);
        strcpy(import->name, functions[i][0]);
        strcpy(import->signature, functions[i][1]);
    }
}

// The name that was registered last hides the ones before it.
static void offer_all(world *w) {
    w->import_count = 0;
    for (const world_name *name = w->names; name != NULL; name = name->next)
        if (name->module->is_instantiated)
            offer_exports(w, name);
    offer_spectest(w);
}

void world_open(world *w) {
    *w = (world){.plain_engine = plain_engine_new(),
        .metered_engine = metered_engine_new(),
        .schedule = ae_schedule_get(AETHER_SCHEDULE_V1)};
    w->plain = wasmtime_store_new(w->plain_engine, NULL, NULL);
    w->metered = wasmtime_store_new(w->metered_engine, NULL, NULL);
    // The profile's only difference that a running module can see: how far a memory grows.
    wasmtime_store_limiter(w->plain, (int64_t)AE_MEMORY_PAGES_MAX * AE_PAGE_LEN, -1, -1, -1, -1);
    offer_all(w);
}

void world_close(world *w) {
    wasmtime_store_delete(w->plain);
    wasmtime_store_delete(w->metered);
    wasm_engine_delete(w->plain_engine);
    wasm_engine_delete(w->metered_engine);
    for (world_module *module = w->modules; module != NULL;) {
        world_module *next = module->next;
        if (module->err.status == AETHER_OK)
            ae_module_deinit(&module->module);
        wasm_free(&module->short_bytes);
        free(module->exports);
        free((void *)(uintptr_t)module->bytes.data);
        free(module);
        module = next;
    }
    for (world_name *name = w->names; name != NULL;) {
        world_name *next = name->next;
        free((void *)(uintptr_t)name->name.data);
        free(name);
        name = next;
    }
}

void world_register(world *w, world_module *module, aether_bytes name) {
    world_name *added = calloc(1, sizeof *added);
    CHECK(added != NULL);
    *added = (world_name){.next = w->names, .name = name, .module = module};
    w->names = added;
    offer_all(w);
}

world_module *world_find(world *w, const char *id) {
    if (strcmp(id, "-") == 0)
        return w->last;
    for (world_module *module = w->modules; module != NULL; module = module->next)
        if (strcmp(module->id, id) == 0)
            return module;
    test_fail(__FILE__, __LINE__, "no module has the id %s", id);
}

static aether_status decode(world *w, aether_bytes bytes, ae_module *module, aether_error *err) {
    const ae_import_rules rules = {
        .rules = w->rules, .count = w->import_count, .ignores_entries = true};
    *err = (aether_error){0};
    const aether_status status = ae_module_decode(bytes, rules, module, err);
    CHECK(status == err->status);
    return status;
}

aether_status world_refuse(world *w, aether_bytes bytes, aether_error *err) {
    ae_module module;
    const aether_status status = decode(w, bytes, &module, err);
    if (status == AETHER_OK)
        ae_module_deinit(&module);
    return status;
}

static uint32_t read_u32(ae_reader *reader) {
    uint32_t value = 0;
    aether_error err;
    CHECK_OK(ae_read_u32(reader, "number", &value, &err));
    return value;
}

// One section of a valid module: its id, and a reader over its content. `reader` then stands behind it.
static uint8_t next_section(ae_reader *reader, aether_bytes bytes, ae_reader *out_content) {
    const uint8_t id = bytes.data[reader->at++];
    const uint32_t len = read_u32(reader);
    *out_content = ae_reader_over(bytes, reader->at, reader->at + len);
    reader->at += len;
    return id;
}

static ae_export read_export(ae_reader *section) {
    aether_error err;
    ae_export item = {.offset = section->at};
    CHECK_OK(ae_read_name(section, "export", &item.name, &err));
    CHECK_OK(ae_read_byte(section, &item.kind, &err));
    item.index = read_u32(section);
    return item;
}

static void read_exports(world_module *added) {
    ae_reader reader = ae_reader_over(added->bytes, 8, (uint32_t)added->bytes.len);
    ae_reader section;
    while (!ae_reader_is_at_end(&reader)) {
        if (next_section(&reader, added->bytes, &section) != SECTION_EXPORT)
            continue;
        added->export_count = read_u32(&section);
        added->exports = calloc(added->export_count + 1, sizeof *added->exports);
        CHECK(added->exports != NULL);
        for (uint32_t i = 0; i < added->export_count; i++)
            added->exports[i] = read_export(&section);
    }
}

// The code section with one body replaced by `unreachable`.
static void empty_body(ae_reader section, uint32_t function, wasm_builder *out) {
    const uint32_t count = read_u32(&section);
    wasm_open_section(out, SECTION_CODE);
    wasm_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t start = section.at;
        section.at += read_u32(&section);
        if (i == function)
            wasm_body(out, WASM_CODE_BYTES(0x00, 0x0b));
        else
            wasm_raw(out, ae_bytes(section.data + start, section.at - start));
    }
    wasm_close(out);
}

// The module without its exports and without the code of the function that is left out.
static void shorten(world_module *added) {
    const aether_bytes bytes = added->bytes;
    wasm_builder *out = &added->short_bytes;
    ae_reader reader = ae_reader_over(bytes, 8, (uint32_t)bytes.len);
    ae_reader section;
    wasm_free(out);
    wasm_header(out);
    while (!ae_reader_is_at_end(&reader)) {
        const uint32_t start = reader.at;
        const uint8_t id = next_section(&reader, bytes, &section);
        CHECK(id != SECTION_IMPORT || added->emptied == AE_NO_INDEX); // indices are positions
        if (id == SECTION_CODE && added->emptied != AE_NO_INDEX)
            empty_body(section, added->emptied, out);
        else if (id != SECTION_EXPORT)
            wasm_raw(out, ae_bytes(bytes.data + start, reader.at - start));
    }
}

// What the instrumenter exports, under names of our own.
static uint32_t rename_exports(ae_reader section, wasm_builder *out) {
    const uint32_t count = read_u32(&section);
    for (uint32_t i = 0; i < count; i++) {
        const ae_export item = read_export(&section);
        wasm_u32(out, (uint32_t)(strlen("aether.") + item.name.len));
        wasm_raw(out, ae_bytes_of("aether."));
        wasm_raw(out, item.name);
        wasm_byte(out, item.kind);
        wasm_u32(out, item.index);
    }
    return count;
}

// What the uploaded module exports and can be asked for: functions and globals.
static uint32_t copy_exports(
    const world_module *added, const ae_instrumented *metered, wasm_builder *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < added->export_count; i++) {
        const ae_export *item = &added->exports[i];
        if (item->kind != KIND_FUNCTION && item->kind != KIND_GLOBAL)
            continue;
        const bool is_shifted = item->kind == KIND_FUNCTION && item->index >= metered->import_count;
        wasm_u32(out, (uint32_t)item->name.len);
        wasm_raw(out, item->name);
        wasm_byte(out, item->kind);
        wasm_u32(out, item->index + (is_shifted ? metered->added_import_count : 0));
        count++;
    }
    return count;
}

// The metered module with its export section replaced.
static void replace_exports(
    const world_module *added, const ae_instrumented *metered, wasm_builder *out) {
    const aether_bytes bytes = ae_bytes(metered->bytes, metered->len);
    ae_reader reader = ae_reader_over(bytes, 8, (uint32_t)metered->len);
    ae_reader section;
    wasm_header(out);
    while (!ae_reader_is_at_end(&reader)) {
        const uint32_t start = reader.at;
        if (next_section(&reader, bytes, &section) != SECTION_EXPORT) {
            wasm_raw(out, ae_bytes(bytes.data + start, reader.at - start));
            continue;
        }
        wasm_builder entries = {0};
        const uint32_t count =
            rename_exports(section, &entries) + copy_exports(added, metered, &entries);
        wasm_open_section(out, SECTION_EXPORT);
        wasm_u32(out, count);
        wasm_raw(out, wasm_bytes_of(&entries));
        wasm_close(out);
        wasm_free(&entries);
    }
}

static wasm_valtype_t *valtype_of(char letter) {
    switch (letter) {
    case 'i':
        return wasm_valtype_new(WASM_I32);
    case 'I':
        return wasm_valtype_new(WASM_I64);
    case 'f':
        return wasm_valtype_new(WASM_F32);
    default:
        return wasm_valtype_new(WASM_F64);
    }
}

// The type that a signature spells; metered: the counter comes last on both sides.
static wasm_functype_t *functype_of(const char *signature, bool is_metered) {
    wasm_valtype_t *types[2][AE_FUNCTION_PARAMS_MAX + 2];
    size_t counts[2] = {0, 0};
    int side = 0;
    for (const char *at = signature; *at != '\0'; at++) {
        if (*at == '>')
            side = 1;
        else
            types[side][counts[side]++] = valtype_of(*at);
    }
    wasm_valtype_vec_t sides[2];
    for (side = 0; side < 2; side++) {
        if (is_metered)
            types[side][counts[side]++] = wasm_valtype_new(WASM_I64);
        wasm_valtype_vec_new(&sides[side], counts[side], types[side]);
    }
    return wasm_functype_new(&sides[0], &sides[1]);
}

// `spectest` prints nothing; metered, it returns the counter.
static wasm_trap_t *print_nothing(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
    size_t arg_count, wasmtime_val_t *results, size_t result_count) {
    (void)env;
    (void)caller;
    if (result_count != 0)
        results[0] = args[arg_count - 1];
    return NULL;
}

// A function of another metered module, which wants a stack of its own.
static wasm_trap_t *call_metered(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
    size_t arg_count, wasmtime_val_t *results, size_t result_count) {
    const wasmtime_func_t *target = env;
    wasmtime_val_t all[AE_FUNCTION_PARAMS_MAX + 2];
    memcpy(all, args, arg_count * sizeof *args);
    all[arg_count] = (wasmtime_val_t){.kind = WASMTIME_I32, .of.i32 = AE_STACK_BYTES_MAX};
    wasm_trap_t *trap = NULL;
    check_error(wasmtime_func_call(
        wasmtime_caller_context(caller), target, all, arg_count + 1, results, result_count, &trap));
    return trap;
}

// What the host does for memory.grow.
static wasm_trap_t *grow_memory(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
    size_t arg_count, wasmtime_val_t *results, size_t result_count) {
    const world_module *module = env;
    const ae_schedule *schedule = module->world->schedule;
    CHECK(arg_count == 2 && result_count == 2);
    const uint32_t pages = (uint32_t)args[0].of.i32;
    int64_t gas = args[1].of.i64 - schedule->opcodes[AE_OP_memory_grow];
    wasmtime_extern_t memory;
    CHECK(wasmtime_caller_export_get(caller, OUR_MEMORY, strlen(OUR_MEMORY), &memory));
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    int32_t previous = -1;
    if (wasmtime_memory_size(context, &memory.of.memory) + pages <=
        module->module.memory_pages_max) {
        uint64_t old = 0;
        gas -= (int64_t)pages * schedule->grow_page;
        check_error(wasmtime_memory_grow(context, &memory.of.memory, pages, &old));
        previous = (int32_t)old;
    }
    results[0] = (wasmtime_val_t){.kind = WASMTIME_I32, .of.i32 = previous};
    results[1] = (wasmtime_val_t){.kind = WASMTIME_I64, .of.i64 = gas};
    return NULL;
}

static wasmtime_extern_t host_function(wasmtime_context_t *context, const char *signature,
    bool is_metered, wasmtime_func_callback_t callback, void *env, void (*finalizer)(void *)) {
    wasmtime_extern_t function = {.kind = WASMTIME_EXTERN_FUNC};
    wasm_functype_t *type = functype_of(signature, is_metered);
    wasmtime_func_new(context, type, callback, env, finalizer, &function.of.func);
    wasm_functype_delete(type);
    return function;
}

static wasmtime_extern_t find_export(wasmtime_context_t *context,
    const wasmtime_instance_t *instance, const void *name, size_t len) {
    wasmtime_extern_t found;
    if (!wasmtime_instance_export_get(context, instance, name, len, &found))
        test_fail(__FILE__, __LINE__, "no export \"%.*s\"", (int)len, (const char *)name);
    return found;
}

// An import of a module in one of the worlds. A metered function of another module needs a bridge, but for
// one that the other module only passes on: it takes no stack.
static wasmtime_extern_t link_import(
    wasmtime_context_t *context, const world_import *import, bool is_metered) {
    const world_module *owner = import->owner;
    if (owner == NULL)
        return host_function(context, import->signature, is_metered, print_nothing, NULL, NULL);
    const wasmtime_extern_t target = find_export(
        context, is_metered ? &owner->metered : &owner->plain, import->name, strlen(import->name));
    if (!is_metered || import->function < owner->module.import_count)
        return target;
    wasmtime_func_t *env = malloc(sizeof *env);
    CHECK(env != NULL);
    *env = target.of.func;
    return host_function(context, import->signature, true, call_metered, env, free);
}

static world_outcome outcome_of_trap(wasm_trap_t *trap) {
    static const aether_end ends[] = {
        [WASMTIME_TRAP_CODE_STACK_OVERFLOW] = AETHER_END_STACK_EXHAUSTED,
        [WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS] = AETHER_END_OUT_OF_BOUNDS_MEMORY,
        [WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS] = AETHER_END_OUT_OF_BOUNDS_TABLE,
        [WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL] = AETHER_END_INDIRECT_CALL,
        [WASMTIME_TRAP_CODE_BAD_SIGNATURE] = AETHER_END_INDIRECT_CALL,
        [WASMTIME_TRAP_CODE_INTEGER_OVERFLOW] = AETHER_END_INTEGER_OVERFLOW,
        [WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO] = AETHER_END_INTEGER_DIVIDE_BY_ZERO,
        [WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER] = AETHER_END_BAD_CONVERSION,
        [WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED] = AETHER_END_UNREACHABLE,
    };
    wasmtime_trap_code_t code = 0;
    CHECK(wasmtime_trap_code(trap, &code) && code < sizeof ends / sizeof ends[0]);
    wasm_trap_delete(trap);
    CHECK(code == WASMTIME_TRAP_CODE_STACK_OVERFLOW || ends[code] != AETHER_END_RETURNED);
    return (world_outcome){.end = ends[code]};
}

static wasmtime_module_t *compile(wasm_engine_t *engine, aether_bytes bytes) {
    wasmtime_module_t *module = NULL;
    check_error(wasmtime_module_new(engine, bytes.data, bytes.len, &module));
    return module;
}

static size_t link_all(const world *w, const ae_module *module, wasmtime_context_t *context,
    bool is_metered, wasmtime_extern_t *out) {
    for (uint32_t i = 0; i < module->import_count; i++)
        out[i] = link_import(context, &w->imports[module->imports[i].rule], is_metered);
    return module->import_count;
}

static world_outcome instantiate_plain(world_module *added) {
    const world *w = added->world;
    wasmtime_context_t *context = wasmtime_store_context(w->plain);
    wasmtime_extern_t imports[AE_IMPORTS_MAX];
    wasm_trap_t *trap = NULL;
    const size_t count = link_all(w, &added->module, context, false, imports);
    wasmtime_module_t *module = compile(w->plain_engine, added->bytes);
    check_error(wasmtime_instance_new(context, module, imports, count, &added->plain, &trap));
    wasmtime_module_delete(module);
    return trap != NULL ? outcome_of_trap(trap) : (world_outcome){0};
}

// Instantiating runs no code; the start function, if any, is called afterwards.
static void instantiate_metered(world_module *added) {
    const world *w = added->world;
    wasmtime_context_t *context = wasmtime_store_context(w->metered);
    wasmtime_extern_t imports[AE_IMPORTS_MAX + 1];
    wasm_trap_t *trap = NULL;
    ae_instrumented metered;
    wasm_builder bytes = {0};
    aether_error err;
    const ae_instrument_options options = {.schedule = w->schedule};
    CHECK_OK(ae_instrument(&added->module, &options, &metered, &err));
    replace_exports(added, &metered, &bytes);
    size_t count = link_all(w, &added->module, context, true, imports);
    if (metered.added_import_count != 0)
        imports[count++] = host_function(context, "i>i", true, grow_memory, added, NULL);
    wasmtime_module_t *module = compile(w->metered_engine, wasm_bytes_of(&bytes));
    check_error(wasmtime_instance_new(context, module, imports, count, &added->metered, &trap));
    CHECK(trap == NULL);
    wasmtime_module_delete(module);
    wasm_free(&bytes);
    ae_instrumented_deinit(&metered);
}

static uint64_t bits_of(const wasmtime_val_t *value) {
    switch (value->kind) {
    case WASMTIME_I32:
        return (uint32_t)value->of.i32;
    case WASMTIME_I64:
        return (uint64_t)value->of.i64;
    case WASMTIME_F32: {
        uint32_t bits = 0;
        memcpy(&bits, &value->of.f32, sizeof bits);
        return bits;
    }
    default: {
        uint64_t bits = 0;
        CHECK(value->kind == WASMTIME_F64);
        memcpy(&bits, &value->of.f64, sizeof bits);
        return bits;
    }
    }
}

static wasmtime_val_t val_of(const script_value *value) {
    wasmtime_val_t val = {.kind = WASMTIME_I32, .of.i32 = (int32_t)value->bits};
    switch (value->type) {
    case AE_I32:
        return val;
    case AE_I64:
        return (wasmtime_val_t){.kind = WASMTIME_I64, .of.i64 = (int64_t)value->bits};
    case AE_F32: {
        const uint32_t bits = (uint32_t)value->bits;
        val.kind = WASMTIME_F32;
        memcpy(&val.of.f32, &bits, sizeof bits);
        return val;
    }
    default:
        CHECK(value->type == AE_F64);
        val.kind = WASMTIME_F64;
        memcpy(&val.of.f64, &value->bits, sizeof value->bits);
        return val;
    }
}

static world_outcome outcome_of_value(const wasmtime_val_t *value) {
    static const uint8_t types[] = {[WASMTIME_I32] = AE_I32,
        [WASMTIME_I64] = AE_I64,
        [WASMTIME_F32] = AE_F32,
        [WASMTIME_F64] = AE_F64};
    CHECK(value->kind < sizeof types);
    return (world_outcome){
        .end = AETHER_END_RETURNED, .type = types[value->kind], .bits = bits_of(value)};
}

// The index of an exported function or global.
static uint32_t index_of(const world_module *module, aether_bytes name, uint8_t kind) {
    for (uint32_t i = 0; i < module->export_count; i++) {
        const ae_export *item = &module->exports[i];
        if (item->kind == kind && ae_bytes_equal(item->name, name))
            return item->index;
    }
    test_fail(__FILE__, __LINE__, "nothing is exported as \"%.*s\"", (int)name.len, name.data);
}

bool world_is_left_out(const world_module *module, aether_bytes name) {
    return index_of(module, name, KIND_FUNCTION) == module->emptied;
}

static size_t write_args(const script_values *args, wasmtime_val_t *out) {
    for (size_t i = 0; i < args->count; i++)
        out[i] = val_of(&args->values[i]);
    return args->count;
}

world_outcome world_call_plain(
    const world_module *module, aether_bytes name, const script_values *args) {
    wasmtime_context_t *context = wasmtime_store_context(module->world->plain);
    const uint32_t function = index_of(module, name, KIND_FUNCTION);
    const ae_functype *type = ae_module_function_type(&module->module, function);
    const wasmtime_extern_t target = find_export(context, &module->plain, name.data, name.len);
    wasmtime_val_t vals[SCRIPT_VALUES_MAX];
    wasmtime_val_t result;
    wasm_trap_t *trap = NULL;
    const size_t count = write_args(args, vals);
    check_error(wasmtime_func_call(
        context, &target.of.func, vals, count, &result, type->result_count, &trap));
    if (trap != NULL)
        return outcome_of_trap(trap);
    return type->result_count != 0 ? outcome_of_value(&result) : (world_outcome){0};
}

// `unreachable` in metered code may also be the meter's.
static world_outcome outcome_of_metered_trap(
    wasmtime_context_t *context, const wasmtime_extern_t *end, wasm_trap_t *trap) {
    world_outcome outcome = outcome_of_trap(trap);
    CHECK(outcome.end != AETHER_END_STACK_EXHAUSTED); // the native stack never ends first
    if (outcome.end != AETHER_END_UNREACHABLE)
        return outcome;
    wasmtime_val_t value;
    wasmtime_global_get(context, &end->of.global, &value);
    if (value.of.i64 == AE_END_STACK)
        outcome.end = AETHER_END_STACK_EXHAUSTED;
    else if (value.of.i64 == AE_END_NONE)
        outcome.end = AETHER_END_OUT_OF_GAS;
    return outcome;
}

// Call an export with its arguments, the counter and, if it takes one, a stack.
static world_outcome enter_metered(const world_module *module, const wasmtime_extern_t *target,
    const script_values *args, bool takes_stack, size_t result_count) {
    wasmtime_context_t *context = wasmtime_store_context(module->world->metered);
    const wasmtime_extern_t end = find_export(context, &module->metered, OUR_END, strlen(OUR_END));
    const wasmtime_val_t none = {.kind = WASMTIME_I64, .of.i64 = AE_END_NONE};
    check_error(wasmtime_global_set(context, &end.of.global, &none));
    wasmtime_val_t vals[SCRIPT_VALUES_MAX + 2];
    wasmtime_val_t results[2];
    wasm_trap_t *trap = NULL;
    size_t count = write_args(args, vals);
    vals[count++] = (wasmtime_val_t){.kind = WASMTIME_I64, .of.i64 = GAS};
    if (takes_stack)
        vals[count++] = (wasmtime_val_t){.kind = WASMTIME_I32, .of.i32 = AE_STACK_BYTES_MAX};
    check_error(wasmtime_func_call(
        context, &target->of.func, vals, count, results, result_count + 1, &trap));
    if (trap != NULL)
        return outcome_of_metered_trap(context, &end, trap);
    const wasmtime_val_t *left = &results[result_count];
    CHECK(left->kind == WASMTIME_I64 && left->of.i64 >= 0 && left->of.i64 <= GAS);
    return result_count != 0 ? outcome_of_value(&results[0]) : (world_outcome){0};
}

world_outcome world_call_metered(
    const world_module *module, aether_bytes name, const script_values *args) {
    wasmtime_context_t *context = wasmtime_store_context(module->world->metered);
    const uint32_t function = index_of(module, name, KIND_FUNCTION);
    const ae_functype *type = ae_module_function_type(&module->module, function);
    const wasmtime_extern_t target = find_export(context, &module->metered, name.data, name.len);
    return enter_metered(
        module, &target, args, function >= module->module.import_count, type->result_count);
}

static world_outcome get_global(
    wasmtime_store_t *store, const wasmtime_instance_t *instance, aether_bytes name) {
    wasmtime_context_t *context = wasmtime_store_context(store);
    const wasmtime_extern_t found = find_export(context, instance, name.data, name.len);
    wasmtime_val_t value;
    CHECK(found.kind == WASMTIME_EXTERN_GLOBAL);
    wasmtime_global_get(context, &found.of.global, &value);
    return outcome_of_value(&value);
}

world_outcome world_get_plain(const world_module *module, aether_bytes name) {
    return get_global(module->world->plain, &module->plain, name);
}

world_outcome world_get_metered(const world_module *module, aether_bytes name) {
    return get_global(module->world->metered, &module->metered, name);
}

static world_outcome start_metered(const world_module *module) {
    if (module->module.start == AE_NO_INDEX)
        return (world_outcome){0};
    wasmtime_context_t *context = wasmtime_store_context(module->world->metered);
    const wasmtime_extern_t start =
        find_export(context, &module->metered, OUR_START, strlen(OUR_START));
    return enter_metered(module, &start, &(script_values){0}, true, 0);
}

static bool message_starts_with(const aether_error *err, const char *start) {
    return strncmp(err->message, start, strlen(start)) == 0;
}

// Whether the limit that refused the module can be set aside; what is to be left out is then noted.
static bool set_aside(world_module *added) {
    if (message_starts_with(&added->err, "exported_functions:") ||
        message_starts_with(&added->err, "name_len:"))
        return true;
    return sscanf(added->err.message, "br_table_targets: function %" SCNu32, &added->emptied) == 1;
}

// Whether the module is accepted, if need be without what two limits are about.
static bool decode_shortened(world_module *added) {
    world *w = added->world;
    added->emptied = AE_NO_INDEX;
    if (decode(w, added->bytes, &added->module, &added->err) == AETHER_OK)
        return true;
    for (int i = 0; i < 2 && set_aside(added); i++) {
        shorten(added);
        const aether_bytes bytes = wasm_bytes_of(&added->short_bytes);
        if (decode(w, bytes, &added->module, &added->err) == AETHER_OK)
            return true;
    }
    return false;
}

world_module *world_add(
    world *w, const char *id, aether_bytes bytes, world_outcome *plain, world_outcome *metered) {
    world_module *added = calloc(1, sizeof *added);
    CHECK(added != NULL);
    added->next = w->modules;
    added->world = w;
    added->id = id;
    added->bytes = bytes;
    w->modules = added;
    *plain = *metered = (world_outcome){0};
    if (!decode_shortened(added))
        return added;
    read_exports(added);
    *plain = instantiate_plain(added);
    instantiate_metered(added);
    *metered = start_metered(added);
    added->is_instantiated =
        plain->end == AETHER_END_RETURNED && metered->end == AETHER_END_RETURNED;
    return added;
}
