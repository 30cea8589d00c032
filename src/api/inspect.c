#include "api/handle.h"

#include "base/alloc.h"
#include "crypto/hash.h"
#include "wasm/type.h"

#include <stdio.h>

#define TYPE_TEXT_LEN (AE_FUNCTION_PARAMS_MAX * 5 + 16) // "(i32, …) -> i32"

static const char *copy_type(ae_arena *arena, const ae_functype *type) {
    char *out = ae_arena_alloc(arena, TYPE_TEXT_LEN, 1);
    if (out == NULL)
        return NULL;
    size_t len = 1;
    out[0] = '(';
    for (size_t i = 0; i < type->param_count; i++)
        len += (size_t)snprintf(out + len, TYPE_TEXT_LEN - len, "%s%s", i == 0 ? "" : ", ",
            ae_valtype_name(type->params[i]));
    snprintf(out + len, TYPE_TEXT_LEN - len, ")%s%s", type->result_count != 0 ? " -> " : "",
        type->result_count != 0 ? ae_valtype_name(type->result) : "");
    return out;
}

static const char *copy_name(ae_arena *arena, aether_bytes name) {
    char *out = ae_arena_alloc(arena, name.len + 1, 1);
    if (out == NULL)
        return NULL;
    if (name.len != 0)
        memcpy(out, name.data, name.len);
    out[name.len] = '\0';
    return out;
}

// What one module is described from.
typedef struct subject {
    const ae_module *module;
    const ae_names *names;
    const ae_schedule *schedule;
    ae_arena *arena;
} subject;

static bool describe_function(const subject *from, uint32_t index, aether_function_info *out) {
    const ae_module *module = from->module;
    *out = (aether_function_info){.index = index};
    out->name = copy_name(from->arena, ae_names_find(from->names, index));
    out->type = copy_type(from->arena, ae_module_function_type(module, index));
    if (index < module->import_count) {
        const ae_host_row *row = &ae_host_rows[module->imports[index].rule];
        out->is_import = true;
        out->import_name = row->name; // static storage
        out->static_gas = from->schedule->host[row->price].base;
    } else {
        const ae_function *function = &module->functions[index - module->import_count];
        out->offset = function->body_offset;
        out->body_len = function->end_offset - function->body_offset;
        out->static_gas = ae_schedule_static_gas(from->schedule, module, function);
        out->frame_bytes = ae_schedule_frame_bytes(module, function);
    }
    return out->name != NULL && out->type != NULL;
}

static aether_status describe_functions(
    const subject *from, aether_module_info *out, aether_error *err) {
    const uint32_t count = from->module->import_count + from->module->function_count;
    aether_function_info *functions = ae_arena_alloc(from->arena, count * sizeof *functions, 8);
    if (functions == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "description of %u functions", count);
    for (uint32_t i = 0; i < count; i++)
        if (!describe_function(from, i, &functions[i]))
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "description of %u functions", count);
    out->functions = functions;
    out->function_count = count;
    return AETHER_OK;
}

static aether_status describe_exports(
    const subject *from, aether_module_info *out, aether_error *err) {
    const ae_module *module = from->module;
    aether_export_info *exports =
        ae_arena_alloc(from->arena, module->export_count * sizeof *exports, 8);
    if (exports == NULL)
        return ae_fail(
            err, AETHER_OUT_OF_MEMORY, "description of %u exports", module->export_count);
    out->exports = exports;
    for (uint32_t i = 0; i < module->export_count; i++) {
        if (module->exports[i].kind != 0)
            continue;
        const char *name = copy_name(from->arena, module->exports[i].name);
        if (name == NULL)
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "name of export %u", i);
        exports[out->export_count++] =
            (aether_export_info){.name = name, .function = module->exports[i].index};
    }
    return AETHER_OK;
}

static aether_status strip(const ae_module *module, aether_buffer *out, aether_error *err) {
    uint8_t *stripped = ae_alloc(1, module->bytes.len);
    if (stripped == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "module of %zu bytes", module->bytes.len);
    *out = (aether_buffer){stripped, ae_module_strip(module, stripped)};
    return AETHER_OK;
}

static aether_status hash_upload(
    const ae_module *module, aether_hash *out_hash, aether_error *err) {
    aether_buffer code = {0};
    AE_TRY(strip(module, &code, err));
    ae_hash_tagged("code", ae_bytes(code.data, code.len), out_hash);
    ae_free(code.data);
    return AETHER_OK;
}

static aether_status describe(const subject *from, aether_module_info *out, aether_error *err) {
    const ae_module *module = from->module;
    const ae_instrument_options options = {.schedule = from->schedule};
    ae_instrumented instrumented;
    AE_TRY(ae_instrument(module, &options, &instrumented, err));
    out->instrumented_len = (uint32_t)instrumented.len;
    ae_instrumented_deinit(&instrumented);
    out->module_len = module->module_len;
    out->custom_len = module->custom_len;
    out->has_memory = module->has_memory;
    out->memory_pages_min = module->has_memory ? module->memory_pages_min : 0;
    out->memory_pages_max = module->has_memory ? module->memory_pages_max : 0;
    out->has_start = module->start != AE_NO_INDEX;
    out->table_len = module->has_table ? module->table_len : 0;
    out->global_count = module->global_count;
    out->data_segment_count = module->data_count;
    out->instantiation_gas = ae_schedule_instantiation_gas(from->schedule, module);
    AE_TRY(hash_upload(module, &out->code_hash, err));
    AE_TRY(describe_exports(from, out, err));
    return describe_functions(from, out, err);
}

static aether_status inspect_binary(aether_bytes bytes, const ae_schedule *schedule,
    ae_arena *arena, aether_module_info *out, aether_error *err) {
    const ae_import_rules rules = ae_host_import_rules();
    ae_module module;
    ae_names names;
    AE_TRY(ae_module_decode(bytes, rules, &module, err));
    aether_status status = ae_names_decode(&module, rules, &names, err);
    if (status == AETHER_OK) {
        const subject from = {
            .module = &module, .names = &names, .schedule = schedule, .arena = arena};
        status = describe(&from, out, err);
        ae_names_deinit(&names);
    }
    ae_module_deinit(&module);
    return status;
}

aether_status aether_module_inspect(aether_bytes wasm_or_wat, aether_schedule schedule,
    aether_module_info *out_info, aether_error *err) {
    AE_CHECK_ARG(wasm_or_wat.data != NULL || wasm_or_wat.len == 0, err);
    AE_CHECK_ARG(ae_schedule_get(schedule) != NULL, err);
    AE_CHECK_ARG(out_info != NULL, err);
    AE_CHECK_ARG(out_info->struct_size >= sizeof *out_info, err);
    ae_binary binary;
    AE_TRY(ae_binary_init(wasm_or_wat, &binary, err));
    ae_arena *owner = ae_alloc(1, sizeof *owner);
    if (owner == NULL) {
        ae_binary_deinit(&binary);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "description of a module");
    }
    ae_arena_init(owner, (size_t)16 << 10, (size_t)1 << 30);
    aether_module_info info = {.struct_size = sizeof info};
    const aether_status status =
        inspect_binary(binary.bytes, ae_schedule_get(schedule), owner, &info, err);
    ae_binary_deinit(&binary);
    info.owner = owner;
    if (status != AETHER_OK) {
        aether_module_info_destroy(&info);
        return status;
    }
    *out_info = info;
    return AETHER_OK;
}

void aether_module_info_destroy(aether_module_info *info) {
    if (info->owner != NULL) {
        ae_arena_deinit(info->owner);
        ae_free(info->owner);
    }
    *info = (aether_module_info){.struct_size = info->struct_size};
}

aether_status aether_module_strip(
    aether_bytes wasm_or_wat, aether_buffer *out_code, aether_error *err) {
    AE_CHECK_ARG(wasm_or_wat.data != NULL || wasm_or_wat.len == 0, err);
    AE_CHECK_ARG(out_code != NULL, err);
    ae_binary binary;
    AE_TRY(ae_binary_init(wasm_or_wat, &binary, err));
    ae_module module;
    aether_status status = ae_module_decode(binary.bytes, ae_host_import_rules(), &module, err);
    if (status == AETHER_OK) {
        status = strip(&module, out_code, err);
        ae_module_deinit(&module);
    }
    ae_binary_deinit(&binary);
    return status;
}
