#include "state/view.h"

/* A store that fails may have left the error as it was, or given a status that is none of a store's. */
static aether_status store_failed(
    aether_status status, const char *function, const aether_error *detail, aether_error *err) {
    if (status != AETHER_OUT_OF_MEMORY && status != AETHER_STORAGE_DAMAGED)
        status = AETHER_STORAGE_FAILED;
    if (detail->message[0] == '\0')
        return ae_fail(err, status, "store: %s failed without a message", function);
    return ae_fail(err, status, "%.*s", (int)sizeof detail->message - 1, detail->message);
}

static aether_status store_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    const aether_store *store = user;
    aether_error detail;
    detail.message[0] = '\0';
    const aether_status status = store->get(store->user, key, out_value, out_found, &detail);
    return status == AETHER_OK ? AETHER_OK : store_failed(status, "get", &detail, err);
}

/* Whether the store kept its promise about the neighbour: one that doesn't must not make us loop or write past a
 * buffer. */
static bool is_neighbour(aether_bytes key, const ae_search *search) {
    if (key.len > AETHER_STORE_KEY_LEN_MAX || !ae_bytes_starts_with(key, search->prefix))
        return false;
    const int order = ae_bytes_compare(key, search->after);
    return search->after.len == 0 || (search->descending ? order < 0 : order > 0);
}

bool ae_search_is_past(const ae_search *search, aether_bytes key) {
    if (search->bound.len == 0)
        return false;
    const int order = ae_bytes_compare(key, search->bound);
    return search->descending ? order <= 0 : order >= 0;
}

static aether_status store_next(
    void *user, const ae_search *search, ae_neighbour *out, aether_error *err) {
    const aether_store *store = user;
    aether_error detail;
    detail.message[0] = '\0';
    *out = (ae_neighbour){0};
    const aether_status status = store->next(store->user, search->prefix, search->after,
        search->descending, &out->key, &out->found, &detail);
    if (status != AETHER_OK)
        return store_failed(status, "next", &detail, err);
    if (out->found && !is_neighbour(out->key, search))
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "store: next gave a key of %zu bytes that is out of order", out->key.len);
    if (out->found && ae_search_is_past(search, out->key))
        *out = (ae_neighbour){0};
    return AETHER_OK;
}

ae_view ae_view_of_store(const aether_store *store) {
    // The functions get it back as it came, and don't change it.
    return (ae_view){.user = (void *)(uintptr_t)store, .get = store_get, .next = store_next};
}
