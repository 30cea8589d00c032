/* The batch that takes the last block of a state back, from its undo records.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_LEDGER_REWIND_H
#define AE_LEDGER_REWIND_H

#include "base/arena.h"
#include "ledger/record.h"

/* What a rewind comes to; lies in its arena. */
typedef struct ae_rewind {
    ae_head before; /* the block */
    bool found;     /* false: the undo records are gone, and nothing else is meaningful */
    const aether_change *changes;
    size_t count;
} ae_rewind;

/* head: of the store, at a height above 0. Only the store's get is called.
 * STORAGE_DAMAGED: the records are not those of this block: they are malformed, of another height, of a later time, or
 * lead to another root than the one before the block; STORAGE_FAILED, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_rewind_make(const aether_store *store, const ae_head *head,
    ae_arena *arena, ae_rewind *out_rewind, aether_error *err);

/* Take back, in memory, every block that has undo records: all of them can be. *out_chunks: records that were read.
 * Memory: what the blocks changed. */
AETHER_MUST_CHECK aether_status ae_rewind_try_all(
    const aether_store *store, const ae_head *head, uint64_t *out_chunks, aether_error *err);

#endif
