/* The store in memory does what every store must, and a batch that fails leaves no trace.
 * Method: the conformance test; every allocation of a batch made to fail in turn. */
#include "base/alloc.h"
#include "base/bytes.h"

#include "harness/store_conformance.h"
#include "harness/test.h"

static aether_memory_store *make_store(void) {
    aether_error err;
    aether_memory_store *store = NULL;
    CHECK_OK(aether_memory_store_create(&store, &err));
    return store;
}

static aether_store view_of(void *user) {
    return aether_memory_store_interface(user);
}

static aether_status apply_to(
    void *user, const aether_change *changes, size_t count, aether_error *err) {
    return aether_memory_store_apply(user, changes, count, err);
}

static aether_change write_of(const char *key, const char *value) {
    return (aether_change){.key = ae_bytes_of(key), .value = ae_bytes_of(value)};
}

static aether_bytes value_of(aether_memory_store *store, const char *key) {
    aether_error err;
    aether_bytes value = {0};
    bool found = false;
    const aether_store view = aether_memory_store_interface(store);
    CHECK_OK(view.get(view.user, ae_bytes_of(key), &value, &found, &err));
    return found ? value : ae_bytes_of("(absent)");
}

static void conforms(void) {
    aether_memory_store *store = make_store();
    const store_fixture fixture = {.user = store, .view = view_of, .apply = apply_to};
    store_conformance_run(&fixture);
    aether_memory_store_destroy(store);
}

static void failing_allocation_applies_nothing(void) {
    aether_error err;
    aether_memory_store *store = NULL;
    ae_alloc_fail_after(0);
    CHECK_STATUS(aether_memory_store_create(&store, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    CHECK(store == NULL);
    store = make_store();
    const aether_change before[] = {write_of("a", "1"), write_of("b", "2")};
    CHECK_OK(aether_memory_store_apply(store, before, 2, &err));
    const aether_change batch[] = {write_of("a", "3"),
        {.key = ae_bytes_of("b"), .is_removed = true}, write_of("c", "4"), write_of("c", "5")};
    uint64_t failing = 0;
    for (;; failing++) {
        ae_alloc_fail_after(failing);
        const aether_status status = aether_memory_store_apply(store, batch, 4, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK_U64(err.status, AETHER_OUT_OF_MEMORY);
        CHECK_BYTES(value_of(store, "a"), ae_bytes_of("1"));
        CHECK_BYTES(value_of(store, "b"), ae_bytes_of("2"));
        CHECK_BYTES(value_of(store, "c"), ae_bytes_of("(absent)"));
    }
    CHECK_U64(failing, 3);
    CHECK_BYTES(value_of(store, "a"), ae_bytes_of("3"));
    CHECK_BYTES(value_of(store, "b"), ae_bytes_of("(absent)"));
    CHECK_BYTES(value_of(store, "c"), ae_bytes_of("5"));
    aether_memory_store_destroy(store);
}

static void views_stay_valid_over_later_reads(void) {
    aether_error err;
    aether_memory_store *store = make_store();
    const aether_change changes[] = {write_of("a", "first"), write_of("b", "second")};
    CHECK_OK(aether_memory_store_apply(store, changes, 2, &err));
    const aether_bytes first = value_of(store, "a");
    const aether_bytes second = value_of(store, "b");
    CHECK_BYTES(first, ae_bytes_of("first"));
    CHECK_BYTES(second, ae_bytes_of("second"));
    aether_memory_store_destroy(store);
}

// Keys and values that point into the store, one of them at a record that the batch itself takes away.
static void batch_may_be_made_of_the_stores_own_views(void) {
    aether_error err;
    aether_memory_store *store = make_store();
    const aether_change changes[] = {write_of("a", "first"), write_of("b", "second")};
    CHECK_OK(aether_memory_store_apply(store, changes, 2, &err));
    const aether_store view = aether_memory_store_interface(store);
    aether_bytes key;
    bool found = false;
    CHECK_OK(view.next(view.user, ae_bytes_of("a"), ae_bytes(NULL, 0), false, &key, &found, &err));
    const aether_bytes first = value_of(store, "a");
    const aether_bytes second = value_of(store, "b");
    const aether_change own[] = {{.key = key, .is_removed = true}, {.key = key, .is_removed = true},
        {.key = key, .value = second}, {.key = ae_bytes_of("b"), .value = first}};
    CHECK_OK(aether_memory_store_apply(store, own, 4, &err));
    CHECK_BYTES(value_of(store, "a"), ae_bytes_of("second"));
    CHECK_BYTES(value_of(store, "b"), ae_bytes_of("first"));
    aether_memory_store_destroy(store);
}

static void misuse_is_refused(void) {
    aether_error err;
    aether_memory_store *store = make_store();
    CHECK_STATUS(aether_memory_store_create(NULL, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_memory_store_apply(NULL, NULL, 0, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_memory_store_apply(store, NULL, 1, &err), AETHER_INVALID_ARGUMENT);
    const aether_change empty_key = {.value = ae_bytes_of("1")};
    CHECK_STATUS(aether_memory_store_apply(store, &empty_key, 1, &err), AETHER_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "memory store: key of change 0 has 0 bytes, need 1 to 289");
    CHECK(aether_memory_store_apply(store, &empty_key, 1, NULL) == AETHER_INVALID_ARGUMENT);
    aether_memory_store_destroy(store);
    aether_memory_store_destroy(NULL);
}

TEST_MAIN(
    TEST(conforms) TEST(failing_allocation_applies_nothing) TEST(views_stay_valid_over_later_reads)
        TEST(batch_may_be_made_of_the_stores_own_views) TEST(misuse_is_refused))
