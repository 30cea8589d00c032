/* Executions over an embedder's store: reads go through it, changes come back sorted, its faults are faults.
 * Method: a counter and a range contract over the memory store and over wrappers that fail. */
#include "contract.h"

static const char counter[] =
    "(module"
    "(import \"env\" \"storage_read\" (func $read (param i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"
    "(import \"env\" \"storage_remove\" (func $remove (param i32 i32) (result i32)))"
    "(import \"env\" \"storage_next\" (func $next (param i32 i32 i32 i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"
    "(import \"env\" \"balance\" (func $balance (param i32 i32) (result i32)))"
    "(import \"env\" \"self_address\" (func $self (param i32) (result i32)))"
    "(memory (export \"memory\") 1) (data (i32.const 0) \"nmz\")"
    // add one to n, set z, remove m
    "(func (export \"execute\") (result i32)"
    "(drop (call $read (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 4)))"
    "(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))"
    "(call $write (i32.const 2) (i32.const 1) (i32.const 0) (i32.const 0))"
    "(call $write (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 4))"
    "(drop (call $remove (i32.const 1) (i32.const 1)))"
    "i32.const 0)"
    // the first key and the balance
    "(func (export \"query\") (result i32)"
    "(call $return (i32.const 100) (call $next (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
    "(i32.const 0) (i32.const 100) (i32.const 64)))"
    "i32.const 0)"
    "(func (export \"init\") (result i32)"
    "(drop (call $self (i32.const 64))) (drop (call $balance (i32.const 64) (i32.const 16)))"
    "(call $return (i32.const 16) (i32.const 16)) i32.const 0))";

static aether_memory_store *create_store(void) {
    aether_error err;
    aether_memory_store *store = NULL;
    CHECK_OK(aether_memory_store_create(&store, &err));
    return store;
}

static void changes_come_back_sorted_and_are_the_next_start(void) {
    aether_error err;
    const setting base = {0};
    subject self = subject_of(counter, &base);
    aether_memory_store *store = create_store();
    const aether_store view = aether_memory_store_interface(store);
    const setting with = {.store = &view};
    for (uint8_t round = 1; round <= 5; round++) {
        aether_execution_result result = subject_run(&self, &with);
        CHECK(result.success);
        CHECK_U64(result.change_count, 2); // m was never there
        CHECK_U64(result.changes[0].key.data[33], 'n');
        CHECK_U64(result.changes[1].key.data[33], 'z');
        CHECK_U64(result.changes[0].value.data[0], round);
        CHECK_U64(result.changes[1].value.len, 0);
        CHECK_OK(aether_memory_store_apply(store, result.changes, result.change_count, &err));
        aether_execution_result_destroy(&result);
    }
    const setting query = {.store = &view, .entry = AETHER_ENTRY_QUERY};
    aether_execution_result first = subject_run(&self, &query);
    CHECK_BYTES(first.return_data, bytes_of("n"));
    aether_execution_result_destroy(&first);
    aether_memory_store_destroy(store);
    subject_end(&self);
}

static void a_removed_key_comes_back_as_removed(void) {
    aether_error err;
    const setting base = {0};
    subject self = subject_of(counter, &base);
    aether_memory_store *store = create_store();
    const aether_execution_context context = context_of(&base);
    uint8_t key[AETHER_STORE_KEY_LEN_MAX];
    const size_t len = aether_storage_key_encode(&context.contract_address, bytes_of("m"), key);
    const aether_change change = {.key = {key, len}, .value = bytes_of("old")};
    CHECK_OK(aether_memory_store_apply(store, &change, 1, &err));
    const aether_store view = aether_memory_store_interface(store);
    const setting with = {.store = &view};
    aether_execution_result result = subject_run(&self, &with);
    CHECK_U64(result.change_count, 3);
    CHECK(result.changes[0].is_removed);
    CHECK_BYTES(result.changes[0].key, change.key);
    CHECK(!result.changes[1].is_removed);
    aether_execution_result_destroy(&result);
    aether_memory_store_destroy(store);
    subject_end(&self);
}

static void value_reaches_the_contracts_balance_and_only_on_success(void) {
    aether_error err;
    const setting base = {0};
    subject self = subject_of(counter, &base);
    const setting with = {.entry = AETHER_ENTRY_INIT, .value = {.low = 5, .high = 1}};
    aether_execution_result result = subject_run(&self, &with);
    CHECK(result.success);
    CHECK_U64(result.return_data.len, 16);
    CHECK_U64(result.return_data.data[0], 5);
    CHECK_U64(result.return_data.data[8], 1);
    CHECK_U64(result.change_count, 1);
    const aether_execution_context context = context_of(&with);
    uint8_t key[33];
    CHECK_U64(aether_account_key_encode(&context.contract_address, key), 33);
    CHECK_BYTES(result.changes[0].key, ((aether_bytes){key, 33}));
    aether_execution_result_destroy(&result);
    setting poor = with;
    poor.gas_limit = 10;
    aether_execution_result failed = subject_run(&self, &poor);
    CHECK_U64(failed.outcome, AETHER_OUTCOME_FAILED);
    CHECK_U64(failed.change_count, 0);
    // a balance that would pass 2^128 - 1
    aether_memory_store *store = create_store();
    uint8_t all[16];
    memset(all, 0xff, sizeof all);
    const aether_change change = {.key = {key, 33}, .value = {all, 16}};
    CHECK_OK(aether_memory_store_apply(store, &change, 1, &err));
    const aether_store view = aether_memory_store_interface(store);
    aether_execution_result untouched;
    CHECK_STATUS(
        aether_execute(self.contract, &context, (aether_bytes){0}, &view, &untouched, &err),
        AETHER_INVALID_ARGUMENT);
    aether_memory_store_destroy(store);
    subject_end(&self);
}

static aether_status failing_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    (void)key;
    (void)out_value;
    (void)out_found;
    *(int *)user += 1;
    if (err != NULL) {
        err->status = AETHER_STORAGE_FAILED;
        strcpy(err->message, "the disk is on fire");
    }
    return AETHER_STORAGE_FAILED;
}

static aether_status failing_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    (void)prefix;
    (void)after;
    (void)descending;
    (void)out_key;
    return failing_get(user, prefix, NULL, out_found, err);
}

static void a_store_that_fails_is_a_fault_without_a_result(void) {
    aether_error err;
    const setting base = {0};
    subject self = subject_of(counter, &base);
    int calls = 0;
    const aether_store view = {.user = &calls, .get = failing_get, .next = failing_next};
    static const aether_entry entries[] = {
        AETHER_ENTRY_EXECUTE, AETHER_ENTRY_QUERY, AETHER_ENTRY_INIT};
    for (int i = 0; i < 3; i++) {
        aether_execution_context context = context_of(&base);
        context.entry = entries[i];
        aether_execution_result result;
        memset(&result, 0x5a, sizeof result);
        const aether_execution_result before = result;
        CHECK_STATUS(
            aether_execute(self.contract, &context, (aether_bytes){0}, &view, &result, &err),
            AETHER_STORAGE_FAILED);
        CHECK_TEXT(err.message, "the disk is on fire");
        CHECK(memcmp(&result, &before, sizeof result) == 0);
    }
    CHECK_U64(calls, 3);
    subject_end(&self);
}

TEST_MAIN(
    TEST(changes_come_back_sorted_and_are_the_next_start) TEST(a_removed_key_comes_back_as_removed)
        TEST(value_reaches_the_contracts_balance_and_only_on_success)
            TEST(a_store_that_fails_is_a_fault_without_a_result))
