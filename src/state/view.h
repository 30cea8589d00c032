/* Read access to a state that is itself made of layers: as aether_store, but a neighbour tells also what was
 * passed over on the way to it. An overlay of a block is such a view over the store below.
 *
 * Gas of storage_next depends on how many keys had a value when the block began and have none now (HOST_ABI), so
 * each layer says of the keys it hides how many those were, and of the key that it gives whether it was there.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STATE_VIEW_H
#define AE_STATE_VIEW_H

#include "base/bytes.h"
#include "base/error.h"

#include <aether/store.h>

/* What a search for a neighbour came to. */
typedef struct ae_neighbour {
    aether_bytes key; /* valid until the next call on the view */
    bool found;
    bool was_there; /* the key had a value when the block began */
    uint64_t
        passed; /* keys passed over that had one and have none now; above steps_max: the search stopped
                            there, and nothing else is meaningful */
} ae_neighbour;

typedef struct ae_view {
    void *user;
    /* As aether_store.get. */
    aether_status (*get)(
        void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err);
    /* As aether_store.next, counting. */
    aether_status (*next)(void *user, aether_bytes prefix, aether_bytes after, bool descending,
        uint64_t steps_max, ae_neighbour *out, aether_error *err);
} ae_view;

/* A store as the lowest layer: nothing is passed over, everything was there. The store is borrowed, NULL is an
 * empty state. Its promises are checked: an answer out of order is STORAGE_FAILED. */
ae_view ae_view_of_store(const aether_store *store);

#endif
