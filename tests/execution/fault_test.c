/* This machine's faults are statuses, all-or-nothing, and the engine works on afterwards.
 * Method: fail the n-th allocation for n = 0, 1, … until a clean pass, over load, inspect and execute. */
#include "base/alloc.h"
#include "contract.h"

static const char text[] =
    "(module (import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"
    "(import \"env\" \"log\" (func $log (param i32 i32))) (memory (export \"memory\") 1)"
    "(data (i32.const 0) \"hello\")"
    "(func (export \"execute\") (result i32) (call $w (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 5))"
    "(call $log (i32.const 0) (i32.const 5)) (call $return (i32.const 0) (i32.const 5)) i32.const 0))";

static void loading_survives_each_failing_allocation(void) {
    aether_error err;
    aether_engine *engine = NULL;
    CHECK_OK(aether_engine_create(NULL, &engine, &err));
    aether_contract *contract = NULL;
    uint64_t n = 0;
    for (; contract == NULL; n++) {
        ae_alloc_fail_after(n);
        const aether_status status = aether_contract_load(engine, bytes_of(text), &contract, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status != AETHER_OK) {
            CHECK_U64(status, AETHER_OUT_OF_MEMORY);
            CHECK(contract == NULL);
        }
        CHECK(n < 1000);
    }
    CHECK(n > 5);
    aether_contract_destroy(contract);
    aether_engine_destroy(engine);
}

static void inspecting_survives_each_failing_allocation(void) {
    aether_error err;
    for (uint64_t n = 0;; n++) {
        aether_module_info info = {.struct_size = sizeof info};
        ae_alloc_fail_after(n);
        const aether_status status =
            aether_module_inspect(bytes_of(text), AETHER_SCHEDULE_V1, &info, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK) {
            CHECK(n > 5);
            CHECK_U64(info.function_count, 4);
            CHECK_TEXT(info.functions[0].name, "w");
            CHECK_TEXT(info.functions[0].import_name, "storage_write");
            CHECK(info.functions[3].import_name == NULL);
            CHECK_TEXT(info.functions[0].type, "(i32, i32, i32, i32)");
            CHECK(info.functions[0].is_import);
            CHECK_U64(info.export_count, 1);
            CHECK_TEXT(info.exports[0].name, "execute");
            CHECK_U64(info.exports[0].function, 3);
            CHECK_TEXT(info.functions[3].type, "() -> i32");
            CHECK(info.functions[3].static_gas > 0);
            CHECK_U64(info.functions[3].frame_bytes, 64 + 8 * 4);
            CHECK_U64(info.memory_pages_min, 1);
            CHECK_U64(info.memory_pages_max, 512);
            CHECK(info.instrumented_len > info.module_len - 60);
            CHECK(info.instantiation_gas > 0);
            aether_module_info_destroy(&info);
            aether_module_info_destroy(&info);
            return;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(info.functions == NULL);
    }
}

static void executing_survives_each_failing_allocation(void) {
    aether_error err;
    const setting with = {0};
    subject self = subject_of(text, &with);
    const aether_execution_context context = context_of(&with);
    uint64_t n = 0;
    for (;; n++) {
        aether_execution_result result = {0};
        ae_alloc_fail_after(n);
        const aether_status status =
            aether_execute(self.contract, &context, with.input, NULL, &result, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK) {
            CHECK_BYTES(result.return_data, bytes_of("hello"));
            CHECK_TEXT(result.debug_text, "hello\n");
            aether_execution_result_destroy(&result);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(result.owner == NULL);
        CHECK(n < 1000);
    }
    CHECK(n >= 3);
    subject_end(&self);
}

static void creating_survives_each_failing_allocation(void) {
    aether_error err;
    for (uint64_t n = 0;; n++) {
        aether_engine *engine = NULL;
        aether_memory_store *store = NULL;
        ae_alloc_fail_after(n);
        const aether_status status = aether_engine_create(NULL, &engine, &err);
        const aether_status stored = aether_memory_store_create(&store, &err);
        ae_alloc_fail_after(UINT64_MAX);
        aether_engine_destroy(engine);
        aether_memory_store_destroy(store);
        if (status == AETHER_OK && stored == AETHER_OK)
            return;
        CHECK(status == AETHER_OK || status == AETHER_OUT_OF_MEMORY);
        CHECK(stored == AETHER_OK || stored == AETHER_OUT_OF_MEMORY);
    }
}

TEST_MAIN(TEST(loading_survives_each_failing_allocation) TEST(
    inspecting_survives_each_failing_allocation) TEST(executing_survives_each_failing_allocation)
        TEST(creating_survives_each_failing_allocation))
