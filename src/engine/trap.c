#include "engine/native.h"

// The engine's trap codes, each to ours. A code that no accepted module can cause is this machine's
// fault, never a guess; so is the native stack's end, because the metered stack ends first.
static bool kind_of_code(wasmtime_trap_code_t code, aether_end *out) {
    switch (code) {
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
        *out = AETHER_END_OUT_OF_BOUNDS_MEMORY;
        return true;
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS:
        *out = AETHER_END_OUT_OF_BOUNDS_TABLE;
        return true;
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL:
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE:
        *out = AETHER_END_INDIRECT_CALL;
        return true;
    case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW:
        *out = AETHER_END_INTEGER_OVERFLOW;
        return true;
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO:
        *out = AETHER_END_INTEGER_DIVIDE_BY_ZERO;
        return true;
    case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER:
        *out = AETHER_END_BAD_CONVERSION;
        return true;
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED:
        *out = AETHER_END_UNREACHABLE;
        return true;
    default:
        return false;
    }
}

static void copy_frames(const wasm_trap_t *trap, ae_exit *out_exit) {
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap, &frames);
    out_exit->frame_count = 0;
    for (size_t i = 0; i < frames.size && i < AE_EXIT_FRAMES_MAX; i++)
        out_exit->frames[out_exit->frame_count++] =
            (ae_exit_frame){.function = wasm_frame_func_index(frames.data[i]),
                .offset = (uint32_t)wasm_frame_module_offset(frames.data[i])};
    wasm_frame_vec_delete(&frames);
}

aether_status ae_trap_translate(
    const ae_instance *instance, wasm_trap_t *trap, ae_exit *out_exit, aether_error *err) {
    wasmtime_trap_code_t code = 0;
    const bool has_code = wasmtime_trap_code(trap, &code);
    copy_frames(trap, out_exit);
    wasm_trap_delete(trap);
    out_exit->trap = AETHER_END_RETURNED;
    if (instance->is_stopped) {
        out_exit->kind = AE_EXIT_STOPPED;
        return AETHER_OK;
    }
    if (!has_code || !kind_of_code(code, &out_exit->trap))
        return ae_fail(err, AETHER_ENGINE_FAILED,
            "the engine stopped a contract with trap code %d, which no contract can cause",
            has_code ? (int)code : -1);
    out_exit->kind = AE_EXIT_TRAPPED;
    return AETHER_OK;
}
