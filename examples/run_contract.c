/* Run a contract: load it, execute it twice over the same state, print what came of it.
 *
 *   cc -std=c17 run_contract.c $(pkg-config --cflags --libs aether) -o run_contract
 *
 * Uses nothing but the installed library. Prints the same bytes on every machine. */
#include <aether/aether.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Counts its calls in storage, and returns the count, the block's number and its time, 8 bytes each, little
 * endian; emits the same as an event. A contract is Wasm or, as here, its text form. */
static const char contract_text[] =
    "(module\n"
    "  (import \"env\" \"block_number\" (func $block_number (result i64)))\n"
    "  (import \"env\" \"timestamp\" (func $timestamp (result i64)))\n"
    "  (import \"env\" \"storage_read\" (func $storage_read (param i32 i32 i32 i32) (result i32)))\n"
    "  (import \"env\" \"storage_write\" (func $storage_write (param i32 i32 i32 i32)))\n"
    "  (import \"env\" \"emit\" (func $emit (param i32 i32 i32 i32)))\n"
    "  (import \"env\" \"return_data\" (func $return_data (param i32 i32)))\n"
    "  (memory (export \"memory\") 1)\n"
    "  (data (i32.const 0) \"calls\")     ;; the storage key\n"
    "  (data (i32.const 32) \"counted\")  ;; the event's topic, 32 bytes\n"
    "  (func (export \"execute\") (result i32)\n"
    "    (drop (call $storage_read (i32.const 0) (i32.const 5) (i32.const 64) (i32.const 8)))\n"
    "    (i64.store (i32.const 64) (i64.add (i64.load (i32.const 64)) (i64.const 1)))\n"
    "    (i64.store (i32.const 72) (call $block_number))\n"
    "    (i64.store (i32.const 80) (call $timestamp))\n"
    "    (call $storage_write (i32.const 0) (i32.const 5) (i32.const 64) (i32.const 8))\n"
    "    (call $emit (i32.const 32) (i32.const 1) (i32.const 64) (i32.const 24))\n"
    "    (call $return_data (i32.const 64) (i32.const 24))\n"
    "    (i32.const 0)))\n";

static const char *outcome_text(aether_outcome outcome) {
    switch (outcome) {
    case AETHER_OUTCOME_SUCCESS:
        return "success";
    case AETHER_OUTCOME_REVERTED:
        return "reverted";
    case AETHER_OUTCOME_FAILED:
        return "failed";
    }
    return "unknown";
}

static void print_bytes(const char *label, aether_bytes bytes) {
    printf("%s 0x", label);
    for (size_t i = 0; i < bytes.len; i++)
        printf("%02x", bytes.data[i]);
    putchar('\n');
}

static void print_result(const aether_execution_result *result) {
    printf("outcome: %s\n", outcome_text(result->outcome));
    printf("gas used: %" PRIu64 " of %" PRIu64 "\n", result->gas_used, result->gas_limit);
    print_bytes("return data:", result->return_data);
    for (size_t i = 0; i < result->log_count; i++)
        print_bytes("log:", result->logs[i].data);
    for (size_t i = 0; i < result->change_count; i++)
        print_bytes(
            result->changes[i].is_removed ? "removed:" : "written:", result->changes[i].value);
    if (result->trap != NULL)
        printf("trap: %s: %s\n", aether_end_text(result->trap->kind), result->trap->message);
}

/* Execute once, and keep what it changed. A contract that fails is a result, not an error: only misuse,
 * refused bytes and faults of this machine are. */
static aether_status call_once(
    const aether_contract *contract, aether_memory_store *state, aether_error *err) {
    const aether_execution_context context = {
        .struct_size = sizeof context,
        .entry = AETHER_ENTRY_EXECUTE,
        .contract_address = {.bytes = {0x02}},
        .caller = {.bytes = {0x01}},
        .gas_limit = 1000000,
        .block_number = 7,
        .timestamp = 1700000000,
    };
    const aether_bytes input = {0};
    const aether_store store = aether_memory_store_interface(state);

    aether_execution_result result;
    aether_status status = aether_execute(contract, &context, input, &store, &result, err);
    if (status != AETHER_OK)
        return status;
    print_result(&result);
    status = aether_memory_store_apply(state, result.changes, result.change_count, err);
    aether_execution_result_destroy(&result);
    return status;
}

int main(void) {
    const aether_bytes text = {
        .data = (const uint8_t *)contract_text, .len = strlen(contract_text)};
    aether_engine *engine = NULL;
    aether_contract *contract = NULL;
    aether_memory_store *state = NULL;
    aether_error err;

    aether_status status = aether_engine_create(NULL, &engine, &err); // the defaults are right
    if (status == AETHER_OK)
        status = aether_contract_load(engine, text, &contract, &err); // validate, meter, compile
    if (status == AETHER_OK)
        status = aether_memory_store_create(&state, &err);
    for (int call = 0; call < 2 && status == AETHER_OK; call++)
        status = call_once(contract, state, &err);
    if (status != AETHER_OK)
        fprintf(stderr, "run_contract: %s: %s\n", aether_status_text(status), err.message);

    aether_memory_store_destroy(state); // every destroy takes NULL
    aether_contract_destroy(contract);
    aether_engine_destroy(engine);
    return status == AETHER_OK ? 0 : 1;
}
