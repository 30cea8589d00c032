/* A view that remembers what was read through it: keys with what they held, and ranges. Parallel execution
 * will validate by reading the same again.
 *
 * Life: ae_recorder_init over a view and an arena → use ae_recorder_view → read the set. All memory is the
 * arena's. Thread safety: one-at-a-time. */
#ifndef AE_STATE_RECORDER_H
#define AE_STATE_RECORDER_H

#include "base/arena.h"
#include "base/error.h"

#include "state/view.h"

/* One point read. */
typedef struct ae_point_read {
    aether_bytes key;
    aether_bytes value; /* what it held; meaningless if not found */
    bool found;
    struct ae_point_read *previous; /* read before it; NULL for the first */
} ae_point_read;

/* One search for a neighbour. */
typedef struct ae_range_read {
    ae_search search;
    ae_neighbour result;
    struct ae_range_read *previous;
} ae_range_read;

typedef struct ae_recorder {
    ae_view view; /* the view below */
    ae_arena *arena;
    ae_point_read *points; /* latest first */
    ae_range_read *ranges; /* latest first */
} ae_recorder;

/* `view` is copied. */
void ae_recorder_init(ae_recorder *recorder, ae_arena *arena, const ae_view *view);

/* The recording view; lives as long as the recorder. What it hands out lives as long as the arena.
 * Its functions return OUT_OF_MEMORY when the arena is exhausted. */
ae_view ae_recorder_view(ae_recorder *recorder);

/* Whether every recorded read gives the same on `view`. */
AETHER_MUST_CHECK aether_status ae_recorder_validate(
    const ae_recorder *recorder, const ae_view *view, bool *out_same, aether_error *err);

#endif
