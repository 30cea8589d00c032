/* From what a block changed to the batch that makes it durable: trees, root, undo records, head.
 *
 * The journal lies over the store as it was before. Changes that change nothing are dropped, so that the root, the
 * batch and its undo records depend on states only. Keys of a kind that is committed become leaves: storage in the
 * tree of its contract, whose new root goes into the contract's record; everything else in the application tree.
 *
 * Thread safety: one-at-a-time. Determinism: the root is consensus. */
#ifndef AE_LEDGER_COMMITMENT_H
#define AE_LEDGER_COMMITMENT_H

#include "ledger/record.h"
#include "state/change_list.h"
#include "state/journal.h"

/* What is made into a batch. */
typedef struct ae_commitment {
    const aether_store *store; /* the state before */
    ae_journal *journal;       /* changes over it; storage roots of contracts are set in it */
    ae_head before;            /* meaningless at genesis */
    ae_head after;             /* height and time; the root is filled in */
    bool has_undo;             /* write undo records for after.height */
    uint64_t
        undo_blocks_max; /* with has_undo: those of block after.height - this and before are dropped */
    bool drops_undo;     /* remove those of block before.height: it is taken back */
    ae_arena *arena;     /* the batch lies in it */
    aether_u128 supply_added; /* out: sum of new balances less sum of old ones, modulo 2^128 */
} ae_commitment;

/* The sorted batch, in the arena; commitment->after.root is set.
 * OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED. */
AETHER_MUST_CHECK aether_status ae_commitment_make(ae_commitment *commitment,
    const aether_change **out_changes, size_t *out_count, aether_error *err);

#endif
