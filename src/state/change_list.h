/* A growing list of changes whose bytes lie in an arena: batches are made of these.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STATE_CHANGE_LIST_H
#define AE_STATE_CHANGE_LIST_H

#include "base/arena.h"
#include "base/error.h"

#include <aether/store.h>

#define AE_CHANGE_CHUNK 256 /* changes of a chunk */

typedef struct ae_change_chunk {
    struct ae_change_chunk *next;
    size_t count;
    aether_change changes[AE_CHANGE_CHUNK];
} ae_change_chunk;

typedef struct ae_change_list {
    ae_arena *arena;
    ae_change_chunk *first;
    ae_change_chunk *last;
    size_t count;
} ae_change_list;

void ae_change_list_init(ae_change_list *list, ae_arena *arena);

/* Append a change whose bytes live as long as the arena. OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_change_list_add(
    ae_change_list *list, aether_change change, aether_error *err);

/* Append all of `tail`, of the same arena, which is empty afterwards. */
void ae_change_list_join(ae_change_list *list, ae_change_list *tail);

/* All changes in one array in the arena. OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_change_list_flatten(const ae_change_list *list,
    const aether_change **out_changes, size_t *out_count, aether_error *err);

#endif
