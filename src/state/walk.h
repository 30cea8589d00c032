/* Every key of a kind with its value, in order: for checks and snapshots.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STATE_WALK_H
#define AE_STATE_WALK_H

#include "base/bytes.h"
#include "base/error.h"
#include "state/view.h"

typedef struct ae_walk {
    ae_view view;
    aether_bytes prefix;
    uint8_t key[AETHER_STORE_KEY_LEN_MAX];
    size_t key_len; /* 0 before the first */
    uint8_t prefix_bytes[AETHER_STORE_KEY_LEN_MAX];
} ae_walk;

/* The store is borrowed as long as the walk; the prefix is copied. */
void ae_walk_init(ae_walk *walk, const aether_store *store, aether_bytes prefix);

/* The next key (valid until the next call) and its value (valid until the next call of the store's functions).
 * *out_found: false at the end. STORAGE_FAILED, STORAGE_DAMAGED, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_walk_next(ae_walk *walk, aether_bytes *out_key,
    aether_bytes *out_value, bool *out_found, aether_error *err);

#endif
