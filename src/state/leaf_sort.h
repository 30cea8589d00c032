/* Leaves in the order of their paths.
 *
 * Thread safety: one-at-a-time. Determinism: one output for each set. */
#ifndef AE_STATE_LEAF_SORT_H
#define AE_STATE_LEAF_SORT_H

#include "state/tree.h"

/* Sort leaves, no path twice, in place. Paths are hashes, so they are dealt out by their first bits; where many
 * begin alike it is no slower than ae_sort. scratch: for the length of the call. OK, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_leaves_sort(
    ae_leaf *leaves, size_t count, ae_arena *scratch, aether_error *err);

#endif
