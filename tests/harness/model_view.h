/* A view over a model map that is as unpleasant as a store may be: what it hands out dies with its next
 * call, it counts, and it fails when told to. */
#ifndef AE_TESTS_HARNESS_MODEL_VIEW_H
#define AE_TESTS_HARNESS_MODEL_VIEW_H

#include "harness/model_map.h"

#include <aether/store.h>

#include <stdio.h>

typedef struct model_view {
    const model_map *map;
    uint64_t get_count;
    uint64_t next_count;
    uint64_t fail_after; /* this many more calls succeed; UINT64_MAX: all */
    uint64_t failed_count;
    uint8_t scratch[MODEL_KEY_LEN_MAX];
} model_view;

static inline bool model_view_fails(model_view *view, aether_error *err) {
    if (view->fail_after == UINT64_MAX || view->fail_after-- != 0)
        return false;
    view->fail_after = UINT64_MAX;
    view->failed_count++;
    err->status = AETHER_STORAGE_FAILED;
    snprintf(err->message, sizeof err->message, "the disk is gone");
    return true;
}

static inline aether_bytes model_view_lend(model_view *view, aether_bytes bytes) {
    memset(view->scratch, 0xdd, sizeof view->scratch);
    if (bytes.len != 0)
        memcpy(view->scratch, bytes.data, bytes.len);
    return (aether_bytes){.data = view->scratch, .len = bytes.len};
}

static inline aether_status model_view_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    model_view *view = user;
    view->get_count++;
    if (model_view_fails(view, err))
        return AETHER_STORAGE_FAILED;
    CHECK(key.len != 0);
    const model_entry *entry = model_find(view->map, key);
    *out_found = entry != NULL;
    if (entry != NULL)
        *out_value = model_view_lend(view, model_value(entry));
    return AETHER_OK;
}

static inline aether_status model_view_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    model_view *view = user;
    view->next_count++;
    if (model_view_fails(view, err))
        return AETHER_STORAGE_FAILED;
    CHECK(after.len == 0 || model_starts_with(after, prefix));
    const model_entry *entry = model_next(view->map, prefix, after, descending);
    *out_found = entry != NULL;
    if (entry != NULL)
        *out_key = model_view_lend(view, model_key(entry));
    return AETHER_OK;
}

static inline void model_view_init(model_view *view, const model_map *map) {
    *view = (model_view){.map = map, .fail_after = UINT64_MAX};
}

static inline aether_store model_view_store(model_view *view) {
    return (aether_store){.user = view, .get = model_view_get, .next = model_view_next};
}

#endif
