#include "engine/config.h"

#include "base/limits.h"

#define MIB ((size_t)1 << 20)

// What the code of every node may use beyond the target's baseline: x86-64-v2, in every server
// since 2009. Fixed, so that artefacts and speed do not depend on the machine they were compiled
// on.
#if defined(__x86_64__)
#define NATIVE_TARGET "x86_64-unknown-linux-gnu"
static const char *const native_flags[] = {
    "has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"};

static bool machine_has_native_flags(void) {
    return __builtin_cpu_supports("sse3") && __builtin_cpu_supports("ssse3") &&
           __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2") &&
           __builtin_cpu_supports("popcnt");
}
#elif defined(__aarch64__)
#define NATIVE_TARGET "aarch64-unknown-linux-gnu"
static const char *const native_flags[1] = {NULL};

static bool machine_has_native_flags(void) {
    return true;
}
#else
#error "Aether runs on x86-64 and AArch64"
#endif

const ae_setting_left ae_settings_left[] = {
    {"max_wasm_stack", "set by aether_config_set_stack, together with what else bounds it"},
    {"wasm_threads", "not compiled in: the engine rejects threads"},
    {"wasm_relaxed_simd_deterministic", "relaxed SIMD is off"},
    {"wasm_branch_hinting", "hints come in a custom section, which never reaches the engine"},
    {"cache_config_load", "not compiled in: the engine's own file cache is not used"},
    {"cranelift_flag_set", "flags are only enabled"},
    {"macos_use_mach_ports", "of another system"},
    {"host_memory_creator", "the pooling allocator makes memories"},
    {"profiler", "set to none below where compiled in; has no effect on code"},
    {"async_stack_keep_resident", "not compiled in: no asynchronous calls"},
    {"total_stacks", "not compiled in: no asynchronous calls"},
    {"total_component_instances", "components are not compiled in"},
    {"max_component_instance_size", "components are not compiled in"},
    {"max_core_instances_per_component", "components are not compiled in"},
    {"max_memories_per_component", "components are not compiled in"},
    {"max_tables_per_component", "components are not compiled in"},
    {"total_gc_heaps", "garbage collection is off"},
    {"wasm_component_model", "components are not compiled in"},
    {"concurrency_support", "components are not compiled in"},
    {"wasm_component_model_map", "components are not compiled in"},
    {"wasm_component_model_async", "components are not compiled in"},
    {"wasm_component_model_more_async_builtins", "components are not compiled in"},
    {"wasm_component_model_async_stackful", "components are not compiled in"},
};
const size_t ae_settings_left_count = sizeof ae_settings_left / sizeof ae_settings_left[0];

// Which modules the engine accepts. The validator in wasm/ decides first; both must agree.
static void set_features(wasm_config_t *config) {
    wasmtime_config_wasm_bulk_memory_set(config, true);
    wasmtime_config_wasm_multi_value_set(config, true); // metered functions return the counter too
    wasmtime_config_wasm_reference_types_set(config, false);
    wasmtime_config_wasm_simd_set(config, false);
    wasmtime_config_wasm_relaxed_simd_set(config, false);
    wasmtime_config_wasm_tail_call_set(config, false);
    wasmtime_config_wasm_function_references_set(config, false);
    wasmtime_config_wasm_gc_set(config, false);
    wasmtime_config_wasm_exceptions_set(config, false);
    wasmtime_config_wasm_multi_memory_set(config, false);
    wasmtime_config_wasm_memory64_set(config, false);
    wasmtime_config_wasm_wide_arithmetic_set(config, false);
    wasmtime_config_wasm_custom_page_sizes_set(config, false);
    wasmtime_config_wasm_stack_switching_set(config, false);
    wasmtime_config_shared_memory_set(config, false);
    wasmtime_config_gc_support_set(config, false);
}

// What the same module computes on every machine, and where it stops.
static void set_determinism(wasm_config_t *config) {
    wasmtime_config_cranelift_nan_canonicalization_set(config, false); // gas/canonical.h does it
    wasmtime_config_consume_fuel_set(config, false);                   // gas is in the bytecode
    wasmtime_config_epoch_interruption_set(config, false); // a clock is no part of consensus
    aether_config_set_stack(config, AE_NATIVE_STACK_LEN, AE_EXIT_FRAMES_MAX);
    wasmtime_config_signals_based_traps_set(config, true);
    wasmtime_config_memory_may_move_set(config, false);
    wasmtime_config_memory_reservation_set(
        config, (uint64_t)4 << 30); // with the guard: no bounds checks
    wasmtime_config_memory_guard_size_set(config, 32 * MIB);
    wasmtime_config_memory_reservation_for_growth_set(config, 0);
    wasmtime_config_memory_init_cow_set(config, true);
}

static void set_compiler(wasm_config_t *config, aether_compiler compiler) {
    const bool is_winch = compiler == AETHER_COMPILER_WINCH;
    wasmtime_config_strategy_set(
        config, is_winch ? WASMTIME_STRATEGY_WINCH : WASMTIME_STRATEGY_CRANELIFT);
    wasmtime_config_cranelift_opt_level_set(config, compiler == AETHER_COMPILER_CRANELIFT_NONE
                                                        ? WASMTIME_OPT_LEVEL_NONE
                                                        : WASMTIME_OPT_LEVEL_SPEED);
    wasmtime_config_cranelift_regalloc_algorithm_set(config, WASMTIME_REGALLOC_BACKTRACKING);
    wasmtime_config_cranelift_debug_verifier_set(config, false);
    wasmtime_config_parallel_compilation_set(config, false); // no thread behind the embedder's back
    wasmtime_config_debug_info_set(config, false);
    wasmtime_config_native_unwind_info_set(
        config, false); // registering it is quadratic on some systems
    wasmtime_config_profiler_set(config, WASMTIME_PROFILING_STRATEGY_NONE);
}

// Instances come from a pool: nothing is mapped or unmapped for a call, and the first 64 KiB of a
// memory are cleared by writing instead of by asking the kernel.
static void set_pool(wasm_config_t *config, const ae_engine_settings *settings) {
    wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();
    wasmtime_pooling_allocation_config_total_core_instances_set(pool, settings->instances_max);
    wasmtime_pooling_allocation_config_total_memories_set(pool, settings->instances_max);
    wasmtime_pooling_allocation_config_total_tables_set(pool, settings->instances_max);
    wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, MIB);
    wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, AE_MEMORIES_MAX);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, AE_TABLES_MAX);
    wasmtime_pooling_allocation_config_table_elements_set(pool, AE_TABLE_LEN_MAX);
    wasmtime_pooling_allocation_config_max_memory_size_set(
        pool, (size_t)AE_MEMORY_PAGES_MAX * AE_PAGE_LEN);
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, AE_PAGE_LEN);
    wasmtime_pooling_allocation_config_table_keep_resident_set(pool, AE_PAGE_LEN);
    wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, settings->instances_max);
    wasmtime_pooling_allocation_config_decommit_batch_size_set(pool, 1);
    wasmtime_pooling_allocation_strategy_set(config, pool);
    wasmtime_pooling_allocation_config_delete(pool);
}

const char *ae_engine_target(aether_compiler compiler) {
    return compiler == AETHER_COMPILER_PULLEY ? "pulley64" : NATIVE_TARGET;
}

aether_status ae_engine_config(
    const ae_engine_settings *settings, wasm_config_t **out_config, aether_error *err) {
    const bool is_native = settings->compiler != AETHER_COMPILER_PULLEY;
    if (is_native && !machine_has_native_flags())
        return ae_fail(err, AETHER_ENGINE_FAILED,
            "this processor lacks SSE3, SSSE3, SSE4.1, SSE4.2 or POPCNT, which contract code uses");
    wasm_config_t *config = wasm_config_new();
    if (config == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "engine configuration");
    wasmtime_error_t *error =
        wasmtime_config_target_set(config, ae_engine_target(settings->compiler));
    if (error != NULL) {
        wasmtime_error_delete(error);
        wasm_config_delete(config);
        return ae_fail(err, AETHER_ENGINE_FAILED, "the engine does not know its target");
    }
    for (size_t i = 0; is_native && i < sizeof native_flags / sizeof native_flags[0]; i++)
        if (native_flags[i] != NULL)
            wasmtime_config_cranelift_flag_enable(config, native_flags[i]);
    set_features(config);
    set_determinism(config);
    set_compiler(config, settings->compiler);
    set_pool(config, settings);
    *out_config = config;
    return AETHER_OK;
}
