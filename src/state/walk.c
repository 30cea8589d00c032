#include "state/walk.h"

#include "base/assert.h"

void ae_walk_init(ae_walk *walk, const aether_store *store, aether_bytes prefix) {
    AE_ASSERT(prefix.len <= sizeof walk->prefix_bytes);
    walk->view = ae_view_of_store(store);
    walk->key_len = 0;
    if (prefix.len != 0)
        memcpy(walk->prefix_bytes, prefix.data, prefix.len);
    walk->prefix = ae_bytes(walk->prefix_bytes, prefix.len);
}

aether_status ae_walk_next(ae_walk *walk, aether_bytes *out_key, aether_bytes *out_value,
    bool *out_found, aether_error *err) {
    const ae_search search = {.prefix = walk->prefix,
        .after = ae_bytes(walk->key, walk->key_len),
        .steps_max = UINT64_MAX};
    ae_neighbour next;
    AE_TRY(walk->view.next(walk->view.user, &search, &next, err));
    *out_found = next.found;
    if (!next.found)
        return AETHER_OK;
    memmove(walk->key, next.key.data, next.key.len);
    walk->key_len = next.key.len;
    *out_key = ae_bytes(walk->key, walk->key_len);
    bool is_there = false;
    AE_TRY(walk->view.get(walk->view.user, *out_key, out_value, &is_there, err));
    if (!is_there)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "store: a key of %zu bytes, kind 0x%02x, is listed but not found", walk->key_len,
            walk->key[0]);
    return AETHER_OK;
}
