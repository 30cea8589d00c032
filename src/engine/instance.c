#include "base/alloc.h"
#include "base/assert.h"
#include "base/limits.h"
#include "engine/native.h"

// Names under which the instrumenter exports what can be entered (gas/instrument.h).
static const char *const entry_names[AE_CODE_ENTRY_COUNT] = {
    "execute", "init", "query", "migrate", "start"};

static ae_instance *take_shell(ae_code *code) {
    ae_mutex_lock(&code->lock);
    ae_instance *shell = code->idle;
    if (shell != NULL)
        code->idle = shell->next;
    ae_mutex_unlock(&code->lock);
    return shell != NULL ? shell : ae_alloc(1, sizeof *shell);
}

static void give_shell(ae_code *code, ae_instance *shell) {
    ae_mutex_lock(&code->lock);
    shell->next = code->idle;
    code->idle = shell;
    ae_mutex_unlock(&code->lock);
}

static void renew_view(ae_instance *instance) {
    instance->guest.memory.data = wasmtime_memory_data(instance->context, &instance->memory);
    instance->guest.memory.len = wasmtime_memory_data_size(instance->context, &instance->memory);
}

static bool find_export(ae_instance *instance, const char *name, wasmtime_extern_t *out) {
    return wasmtime_instance_export_get(
        instance->context, &instance->native, name, strlen(name), out);
}

aether_status ae_instance_acquire(
    ae_code *code, void *frame, ae_instance **out_instance, aether_error *err) {
    ae_instance *instance = take_shell(code);
    if (instance == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "instance");
    *instance = (ae_instance){.guest.frame = frame, .code = code};
    instance->store = wasmtime_store_new(code->engine->native, instance, NULL);
    instance->context = wasmtime_store_context(instance->store);
    // The validator and the pool bound these too; a second bound costs nanoseconds.
    wasmtime_store_limiter(instance->store, (int64_t)AE_MEMORY_PAGES_MAX * AE_PAGE_LEN,
        AE_TABLE_LEN_MAX, 1, AE_TABLES_MAX, AE_MEMORIES_MAX);
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error = wasmtime_instance_pre_instantiate(
        code->linked, instance->context, &instance->native, &trap);
    if (error != NULL || trap != NULL) {
        ae_instance_release(instance);
        if (error != NULL)
            return ae_engine_fail(err, "an accepted module does not instantiate", error);
        wasm_trap_delete(trap);
        return ae_fail(err, AETHER_ENGINE_FAILED, "an accepted module traps when instantiated");
    }
    wasmtime_extern_t item;
    if (find_export(instance, "memory", &item)) {
        AE_ASSERT(item.kind == WASMTIME_EXTERN_MEMORY);
        instance->memory = item.of.memory;
        instance->has_memory = true;
        renew_view(instance);
    }
    *out_instance = instance;
    return AETHER_OK;
}

void ae_instance_release(ae_instance *instance) {
    if (instance == NULL)
        return;
    wasmtime_store_delete(instance->store);
    give_shell(instance->code, instance);
}

ae_guest *ae_instance_guest(ae_instance *instance) {
    return &instance->guest;
}

static int64_t read_end_global(ae_instance *instance) {
    wasmtime_extern_t item;
    wasmtime_val_t value;
    AE_ASSERT(find_export(instance, "end", &item) && item.kind == WASMTIME_EXTERN_GLOBAL);
    wasmtime_global_get(instance->context, &item.of.global, &value);
    return value.of.i64;
}

aether_status ae_instance_enter(ae_instance *instance, ae_code_entry entry, ae_slot *slots,
    size_t slot_count, ae_exit *out_exit, aether_error *err) {
    wasmtime_extern_t item;
    if (!find_export(instance, entry_names[entry], &item) || item.kind != WASMTIME_EXTERN_FUNC)
        return ae_fail(err, AETHER_ENGINE_FAILED, "compiled code lacks `%s`", entry_names[entry]);
    instance->is_stopped = false;
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error = wasmtime_func_call_unchecked(
        instance->context, &item.of.func, (wasmtime_val_raw_t *)slots, slot_count, &trap);
    instance->context = wasmtime_store_context(instance->store);
    if (error != NULL)
        return ae_engine_fail(err, "contract code", error);
    if (trap == NULL) {
        out_exit->kind = AE_EXIT_RETURNED;
        out_exit->frame_count = 0;
        return AETHER_OK;
    }
    out_exit->end_global = read_end_global(instance);
    return ae_trap_translate(instance, trap, out_exit, err);
}

bool ae_guest_grow(ae_guest *guest, uint32_t pages) {
    ae_instance *instance = (ae_instance *)guest; // the guest is its first member
    _Static_assert(offsetof(ae_instance, guest) == 0, "a guest is an instance");
    if (!instance->has_memory)
        return false;
    uint64_t previous = 0;
    wasmtime_error_t *error =
        wasmtime_memory_grow(instance->context, &instance->memory, pages, &previous);
    if (error != NULL) {
        wasmtime_error_delete(error);
        return false;
    }
    renew_view(instance);
    return true;
}
