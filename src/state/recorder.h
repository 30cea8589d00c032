/* A view that remembers what was read through it: keys with what they held, and ranges. Parallel execution
 * will validate by reading the same again.
 *
 * Life: ae_recorder_init over a view and an arena → use ae_recorder_view → read the set. All memory is the
 * arena's. Thread safety: one-at-a-time. */
#ifndef AE_STATE_RECORDER_H
#define AE_STATE_RECORDER_H

#include "base/arena.h"
#include "base/error.h"

#include <aether/store.h>

/* One point read. */
typedef struct ae_point_read {
    aether_bytes key;
    aether_bytes value; /* what it held; meaningless if not found */
    bool found;
    struct ae_point_read *previous; /* read before it; NULL for the first */
} ae_point_read;

/* One read of a neighbour: between `after` and `result` there was no key. */
typedef struct ae_range_read {
    aether_bytes prefix;
    aether_bytes after; /* length 0: from the first (last) */
    bool descending;
    bool found;
    aether_bytes result; /* meaningless if not found */
    struct ae_range_read *previous;
} ae_range_read;

typedef struct ae_recorder {
    aether_store view; /* the view below */
    ae_arena *arena;
    ae_point_read *points; /* latest first */
    ae_range_read *ranges; /* latest first */
} ae_recorder;

/* `view` is copied. */
void ae_recorder_init(ae_recorder *recorder, ae_arena *arena, const aether_store *view);

/* The recording view; lives as long as the recorder. What it hands out lives as long as the arena.
 * Its functions return OUT_OF_MEMORY when the arena is exhausted. */
aether_store ae_recorder_view(ae_recorder *recorder);

/* Whether every recorded read gives the same on `view`. */
AETHER_MUST_CHECK aether_status ae_recorder_validate(
    const ae_recorder *recorder, const aether_store *view, bool *out_same, aether_error *err);

#endif
