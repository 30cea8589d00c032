#include "oracle/oracle.h"

#include "harness/test.h"

#include <stdlib.h>

static void check_error(wasmtime_error_t *error) {
    if (error == NULL)
        return;
    wasm_byte_vec_t message;
    wasmtime_error_message(error, &message);
    test_fail(__FILE__, __LINE__, "engine: %.*s", (int)message.size, message.data);
}

static void set_common(wasm_config_t *config) {
    wasmtime_config_cranelift_nan_canonicalization_set(config, true);
    wasmtime_config_parallel_compilation_set(config, false);
}

oracle oracle_open(void) {
    wasm_config_t *fuel = wasm_config_new();
    set_common(fuel);
    wasmtime_config_consume_fuel_set(fuel, true);
    wasmtime_config_wasm_reference_types_set(fuel, true); // table indices in long form are of these

    wasm_config_t *metered = wasm_config_new();
    set_common(metered);
    wasmtime_config_wasm_multi_value_set(metered, true);
    wasmtime_config_wasm_bulk_memory_set(metered, true);
    wasmtime_config_wasm_reference_types_set(metered, false);
    wasmtime_config_wasm_simd_set(metered, false);
    wasmtime_config_wasm_relaxed_simd_set(metered, false);
    wasmtime_config_wasm_tail_call_set(metered, false);
    wasmtime_config_wasm_function_references_set(metered, false);
    wasmtime_config_wasm_gc_set(metered, false);
    wasmtime_config_wasm_exceptions_set(metered, false);
    wasmtime_config_wasm_multi_memory_set(metered, false);
    wasmtime_config_wasm_memory64_set(metered, false);
    oracle o = {.fuel_engine = wasm_engine_new_with_config(fuel),
        .metered_engine = wasm_engine_new_with_config(metered)};
    CHECK(o.fuel_engine != NULL && o.metered_engine != NULL);
    return o;
}

void oracle_close(oracle *o) {
    wasm_engine_delete(o->fuel_engine);
    wasm_engine_delete(o->metered_engine);
}

oracle_program oracle_compile(oracle *o, aether_bytes wasm, aether_schedule schedule) {
    aether_error err = {0};
    ae_module module;
    oracle_program program = {.schedule = ae_schedule_get(schedule)};
    const ae_instrument_options options = {.schedule = program.schedule, .form = o->form};
    check_error(wasmtime_module_validate(o->fuel_engine, wasm.data, wasm.len));
    CHECK_OK(ae_module_decode(wasm, (ae_import_rules){0}, &module, &err));
    CHECK_OK(ae_instrument(&module, &options, &program.instrumented, &err));
    program.pages_max = module.memory_pages_max;
    program.has_start = module.start != AE_NO_INDEX;
    ae_module_deinit(&module);
    const ae_instrumented *metered = &program.instrumented;
    check_error(wasmtime_module_validate(o->metered_engine, metered->bytes, metered->len));
    check_error(wasmtime_module_new(o->fuel_engine, wasm.data, wasm.len, &program.uploaded));
    check_error(
        wasmtime_module_new(o->metered_engine, metered->bytes, metered->len, &program.metered));
    return program;
}

oracle_program oracle_compile_text(oracle *o, const char *text, aether_schedule schedule) {
    wasm_byte_vec_t wasm;
    check_error(wasmtime_wat2wasm(text, strlen(text), &wasm));
    oracle_program program = oracle_compile(
        o, (aether_bytes){.data = (const uint8_t *)wasm.data, .len = wasm.size}, schedule);
    wasm_byte_vec_delete(&wasm);
    return program;
}

void oracle_drop(oracle_program *program) {
    wasmtime_module_delete(program->uploaded);
    wasmtime_module_delete(program->metered);
    ae_instrumented_deinit(&program->instrumented);
}

static wasmtime_extern_t find_export(
    wasmtime_context_t *context, const wasmtime_instance_t *instance, const char *name) {
    wasmtime_extern_t found = {.kind = UINT8_MAX};
    wasmtime_instance_export_get(context, instance, name, strlen(name), &found);
    return found;
}

static void read_memory(
    wasmtime_context_t *context, const wasmtime_instance_t *instance, oracle_outcome *outcome) {
    wasmtime_extern_t memory = find_export(context, instance, "memory");
    if (memory.kind != WASMTIME_EXTERN_MEMORY)
        return;
    const uint8_t *data = wasmtime_memory_data(context, &memory.of.memory);
    outcome->memory_len = wasmtime_memory_data_size(context, &memory.of.memory);
    uint64_t hash = 0xcbf29ce484222325; // FNV-1a over words, for tests only
    for (uint64_t i = 0; i + 8 <= outcome->memory_len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, data + i, 8);
        hash = (hash ^ word) * 0x100000001b3;
        hash ^= hash >> 29;
    }
    outcome->memory_hash = hash;
}

// Whether the run goes on.
static bool take_trap(wasm_trap_t *trap, wasmtime_error_t *error, oracle_outcome *outcome) {
    check_error(error);
    if (trap == NULL)
        return true;
    outcome->is_trap = true;
    CHECK(wasmtime_trap_code(trap, &outcome->trap));
    wasm_trap_delete(trap);
    return false;
}

oracle_outcome oracle_run_uploaded(oracle *o, const oracle_program *program, uint64_t fuel) {
    oracle_outcome outcome = {0};
    wasmtime_store_t *store = wasmtime_store_new(o->fuel_engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    check_error(wasmtime_context_set_fuel(context, fuel));
    wasmtime_error_t *error =
        wasmtime_instance_new(context, program->uploaded, NULL, 0, &instance, &trap);
    if (take_trap(trap, error, &outcome)) {
        wasmtime_extern_t execute = find_export(context, &instance, "execute");
        wasmtime_val_t result;
        trap = NULL;
        error = wasmtime_func_call(context, &execute.of.func, NULL, 0, &result, 1, &trap);
        if (take_trap(trap, error, &outcome)) {
            uint64_t left = 0;
            check_error(wasmtime_context_get_fuel(context, &left));
            outcome.left = (int64_t)left + (program->has_start ? ORACLE_START_FUEL : 0);
            outcome.result = result.of.i32;
        }
        read_memory(context, &instance, &outcome);
    }
    wasmtime_store_delete(store);
    return outcome;
}

// What the host does for memory.grow.
static wasm_trap_t *grow_memory(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
    size_t arg_count, wasmtime_val_t *results, size_t result_count) {
    oracle_program *program = env;
    CHECK(arg_count == 2 && result_count == 2);
    const uint32_t pages = (uint32_t)args[0].of.i32;
    program->counter_hash = (program->counter_hash ^ (uint64_t)args[1].of.i64) * 0x100000001b3;
    int64_t gas = args[1].of.i64 - program->schedule->opcodes[AE_OP_memory_grow];
    wasmtime_extern_t memory;
    CHECK(wasmtime_caller_export_get(caller, "memory", 6, &memory));
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    const uint64_t size = wasmtime_memory_size(context, &memory.of.memory);
    int32_t previous = -1;
    if (size + pages <= program->pages_max) {
        gas -= (int64_t)pages * program->schedule->grow_page;
        if (gas >= 0) {
            uint64_t old = 0;
            check_error(wasmtime_memory_grow(context, &memory.of.memory, pages, &old));
            previous = (int32_t)old;
        }
    }
    if (gas < 0)
        return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_OUT_OF_FUEL);
    results[0] = (wasmtime_val_t){.kind = WASMTIME_I32, .of.i32 = previous};
    results[1] = (wasmtime_val_t){.kind = WASMTIME_I64, .of.i64 = gas};
    return NULL;
}

static wasm_functype_t *grow_type(void) {
    wasm_valtype_t *params[2] = {wasm_valtype_new(WASM_I32), wasm_valtype_new(WASM_I64)};
    wasm_valtype_t *results[2] = {wasm_valtype_new(WASM_I32), wasm_valtype_new(WASM_I64)};
    wasm_valtype_vec_t param_vec, result_vec;
    wasm_valtype_vec_new(&param_vec, 2, params);
    wasm_valtype_vec_new(&result_vec, 2, results);
    return wasm_functype_new(&param_vec, &result_vec);
}

// Call (gas, stack) -> (…, gas); the results are as many as the function has.
static bool enter(wasmtime_context_t *context, const wasmtime_extern_t *function, int64_t *gas,
    int32_t stack, size_t result_count, int32_t *out_result, oracle_outcome *outcome) {
    const wasmtime_val_t args[2] = {
        {.kind = WASMTIME_I64, .of.i64 = *gas}, {.kind = WASMTIME_I32, .of.i32 = stack}};
    wasmtime_val_t results[2];
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error =
        wasmtime_func_call(context, &function->of.func, args, 2, results, result_count, &trap);
    if (!take_trap(trap, error, outcome))
        return false;
    if (result_count == 2)
        *out_result = results[0].of.i32;
    *gas = results[result_count - 1].of.i64;
    return true;
}

oracle_outcome oracle_run_metered(oracle *o, oracle_program *program, int64_t gas, int32_t stack) {
    oracle_outcome outcome = {0};
    wasmtime_store_t *store = wasmtime_store_new(o->metered_engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_linker_t *linker = wasmtime_linker_new(o->metered_engine);
    wasm_functype_t *type = grow_type();
    check_error(wasmtime_linker_define_func(
        linker, "aether", 6, "memory_grow", 11, type, grow_memory, program, NULL));
    wasm_functype_delete(type);
    wasmtime_instance_t instance;
    wasm_trap_t *trap = NULL;
    program->counter_hash = 0;
    check_error(wasmtime_linker_instantiate(linker, context, program->metered, &instance, &trap));
    CHECK(trap == NULL); // instantiation runs no code

    wasmtime_extern_t start = find_export(context, &instance, "start");
    wasmtime_extern_t execute = find_export(context, &instance, "execute");
    bool goes_on = true;
    if (start.kind == WASMTIME_EXTERN_FUNC)
        goes_on = enter(context, &start, &gas, stack, 1, NULL, &outcome);
    if (goes_on)
        enter(context, &execute, &gas, stack, 2, &outcome.result, &outcome);
    outcome.left = gas;
    wasmtime_extern_t end = find_export(context, &instance, "end");
    wasmtime_val_t end_value;
    CHECK(end.kind == WASMTIME_EXTERN_GLOBAL);
    wasmtime_global_get(context, &end.of.global, &end_value);
    outcome.end = end_value.of.i64;
    outcome.counter_hash = program->counter_hash;
    if (goes_on) // else there is no instance of the uploaded one to compare with
        read_memory(context, &instance, &outcome);
    wasmtime_linker_delete(linker);
    wasmtime_store_delete(store);
    return outcome;
}
