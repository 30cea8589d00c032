/* The six tests of the document that the project began with, by their names, on its own text modules.
 * Method: what each established there, through the public ABI. */
#include "contract.h"

static const char trivial[] = "(module (func (export \"execute\") (result i32) i32.const 0))";

static const char two_host_calls[] =
    "(module"
    "  (import \"env\" \"block_number\" (func $block_number (result i64)))"
    "  (import \"env\" \"timestamp\" (func $timestamp (result i64)))"
    "  (func (export \"execute\") (result i32)"
    "    call $block_number drop call $timestamp drop i32.const 0))";

static void vm_creation(void) {
    aether_error err;
    aether_engine *engine = NULL;
    CHECK_OK(aether_engine_create(NULL, &engine, &err));
    CHECK(engine != NULL);
    aether_engine_destroy(engine);
}

static void gas_charging(void) {
    const setting with = {.gas_limit = 100000};
    aether_execution_result one = run_text(trivial, &with);
    aether_execution_result two = run_text(two_host_calls, &with);
    CHECK(one.success);
    CHECK(one.gas_used > 0);
    CHECK(one.gas_used < 1000);
    CHECK(two.success);
    CHECK(two.gas_used > one.gas_used);
    CHECK(two.gas_used < 100000);
}

static void remaining_gas(void) {
    // What is used is what was consumed, not the limit less that: the original had it upside down.
    const setting little = {.gas_limit = 1000};
    const setting much = {.gas_limit = 1000000};
    aether_execution_result a = run_text(trivial, &little);
    aether_execution_result b = run_text(trivial, &much);
    CHECK_U64(a.gas_used, b.gas_used);
    CHECK_U64(a.gas_limit, 1000);
    CHECK_U64(b.gas_limit, 1000000);
    const setting unit = {.gas_limit = 100000, .schedule = AETHER_SCHEDULE_UNIT};
    aether_execution_result exact = run_text(trivial, &unit);
    CHECK_U64(exact.gas_used, 2); // entering the function and one constant
}

static void wasm_validation(void) {
    aether_error err;
    const uint8_t garbage[] = {0, 1, 2, 3};
    CHECK_OK(aether_contract_validate(bytes_of(trivial), &err));
    CHECK_STATUS(aether_contract_validate((aether_bytes){garbage, sizeof garbage}, &err),
        AETHER_MALFORMED_MODULE);
    CHECK_STATUS(aether_contract_validate((aether_bytes){NULL, 0}, &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(aether_contract_validate(bytes_of("(module (func (result i32)))"), &err),
        AETHER_INVALID_MODULE);
}

static void execute_with_real_wasm(void) {
    const setting with = {.gas_limit = 100000, .input = bytes_of("input")};
    aether_execution_result result = run_text(trivial, &with);
    CHECK(result.success);
    CHECK(result.gas_used > 0);
    CHECK_U64(result.return_data.len, 0);
    CHECK_U64(result.log_count, 0);
    aether_execution_result_destroy(&result);
}

static void host_functions_accessible(void) {
    const setting with = {.gas_limit = 100000, .input = bytes_of("input")};
    aether_execution_result result = run_text(two_host_calls, &with);
    CHECK(result.success);
    aether_execution_result_destroy(&result);
}

TEST_MAIN(TEST(vm_creation) TEST(gas_charging) TEST(remaining_gas) TEST(wasm_validation)
        TEST(execute_with_real_wasm) TEST(host_functions_accessible))
