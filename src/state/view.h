/* Read access to a state that is itself made of layers: a store, and above it what a block has changed so far.
 * As aether_store, but a search for a neighbour also tells what was passed over on the way to it: gas of
 * storage_next depends on how many keys had a value before and have none now (HOST_ABI), and each layer knows of the
 * keys that it hides itself.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STATE_VIEW_H
#define AE_STATE_VIEW_H

#include "base/bytes.h"
#include "base/error.h"

#include <aether/store.h>

/* What is looked for: the neighbour of `after` among the keys that start with `prefix`. */
typedef struct ae_search {
    aether_bytes prefix;
    aether_bytes after; /* starts with the prefix; length 0: the first (last) key with it */
    aether_bytes
        bound; /* the search ends before this key; length 0: at the last key with the prefix */
    bool descending;
    uint64_t steps_max; /* how many keys may be passed over */
} ae_search;

/* What a search came to. */
typedef struct ae_neighbour {
    aether_bytes key; /* valid until the next call on the view */
    bool found;
    uint64_t
        passed; /* keys passed over: had a value in a layer below, have none now. Above steps_max the search
                        stopped there, and nothing else is meaningful */
} ae_neighbour;

typedef struct ae_view {
    void *user;
    /* As aether_store.get. */
    aether_status (*get)(
        void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err);
    aether_status (*next)(
        void *user, const ae_search *search, ae_neighbour *out, aether_error *err);
} ae_view;

/* A store as the lowest layer, which hides nothing; borrowed. Its promises are checked: a key out of order or too
 * long, a status that is none of a store's, a failure without a message become STORAGE_FAILED with one. */
ae_view ae_view_of_store(const aether_store *store);

/* Whether a key lies at or behind the bound of a search, in its direction. */
bool ae_search_is_past(const ae_search *search, aether_bytes key);

#endif
