/* The journal: what one execution has read and changed, over a read view, with nested undo.
 *
 * A frame takes a checkpoint, works, and either releases it (its changes join the frame below) or reverts
 * to it (no trace remains in storage, balances or events). At the end the changes come out as one batch,
 * sorted by key.
 *
 * Life: ae_journal_create over a view and an arena → reads and writes → ae_journal_changes. Nothing to
 * release: all memory is the arena's. An exhausted arena is a fault: gas bounds what a contract can put
 * here, the arena's cap is far above a block's gas.
 *
 * Thread safety: one-at-a-time. Determinism: everything here is a function of the view and the calls. */
#ifndef AE_STATE_JOURNAL_H
#define AE_STATE_JOURNAL_H

#include "base/arena.h"
#include "base/error.h"
#include "state/key.h"
#include "state/view.h"

#include <aether/account.h>
#include <aether/execution.h>

typedef struct ae_journal ae_journal;

/* Where to undo to. Checkpoints nest: the latest one ends first. */
typedef struct ae_checkpoint {
    size_t undo_len;
    size_t event_count;
    size_t event_data_len;
} ae_checkpoint;

/* A journal in the arena over a store, which is copied; NULL is an empty state.
 * OK, OUT_OF_MEMORY. Allocates one block, whatever the store. */
AETHER_MUST_CHECK aether_status ae_journal_create(
    ae_arena *arena, const aether_store *store, ae_journal **out_journal, aether_error *err);

/* The same over any view, which is copied. */
AETHER_MUST_CHECK aether_status ae_journal_create_over(
    ae_arena *arena, const ae_view *view, ae_journal **out_journal, aether_error *err);

/* The journal as a layer that others lie over: a block's changes so far. */
ae_view ae_journal_view(ae_journal *journal);

/* Look a store key up: the journal's value, else the view's. The value lives as long as the arena, and is
 * not changed by later writes. OK, OUT_OF_MEMORY, STORAGE_FAILED. */
AETHER_MUST_CHECK aether_status ae_journal_find(ae_journal *journal, aether_bytes key,
    aether_bytes *out_value, bool *out_found, aether_error *err);

/* Set a value; key and value are copied. Reads nothing. OK, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_journal_write(
    ae_journal *journal, aether_bytes key, aether_bytes value, aether_error *err);

/* Remove a key; *out_existed tells whether it was there (this reads the view). */
AETHER_MUST_CHECK aether_status ae_journal_remove(
    ae_journal *journal, aether_bytes key, bool *out_existed, aether_error *err);

/* The neighbour that a search asks for among the present keys, the journal's own changes included; `after` need
 * not start with the prefix. out->key is the whole store key and lives as long as the arena.
 *
 * Passed over, and counted, are keys that the view has and the journal removed, and those that the view says it
 * passed over itself. So a transaction over a block's overlay also pays for what it saw and removed itself, where the
 * block had only written it before; those after it don't. Keys that the journal wrote and removed again cost nothing,
 * and take logarithmic time. */
AETHER_MUST_CHECK aether_status ae_journal_next(
    ae_journal *journal, const ae_search *search, ae_neighbour *out, aether_error *err);

/* Append an event; topics and data are copied. *out_fits is false, and nothing was appended, when
 * AE_EVENTS_MAX or AE_EVENT_DATA_LEN_MAX of those that stand would be passed. */
AETHER_MUST_CHECK aether_status ae_journal_emit(
    ae_journal *journal, const aether_log *event, bool *out_fits, aether_error *err);

ae_checkpoint ae_journal_checkpoint(const ae_journal *journal);
void ae_journal_revert_to(ae_journal *journal, ae_checkpoint checkpoint);
void ae_journal_release(ae_journal *journal, ae_checkpoint checkpoint);

/* Balance of an address; 0 without a record. */
AETHER_MUST_CHECK aether_status ae_journal_balance(ae_journal *journal,
    const aether_address *address, aether_u128 *out_balance, aether_error *err);

/* Add to a balance, making the record if there is none. *out_fits is false, and nothing changed, when the
 * sum would pass 2^128 - 1. */
AETHER_MUST_CHECK aether_status ae_journal_credit(ae_journal *journal,
    const aether_address *address, aether_u128 amount, bool *out_fits, aether_error *err);

/* Take from a balance. *out_fits is false, and nothing changed, when it is smaller. */
AETHER_MUST_CHECK aether_status ae_journal_debit(ae_journal *journal, const aether_address *address,
    aether_u128 amount, bool *out_fits, aether_error *err);

/* The record of an address; all zero where there is none. STORAGE_DAMAGED where it is no record. */
AETHER_MUST_CHECK aether_status ae_journal_account(ae_journal *journal,
    const aether_address *address, aether_account *out_account, bool *out_found, aether_error *err);

AETHER_MUST_CHECK aether_status ae_journal_set_account(ae_journal *journal,
    const aether_address *address, const aether_account *account, aether_error *err);

/* The changes that stand, sorted by key, no duplicates; in the arena. A key that the view is known not to
 * have, written and removed again, is no change. */
AETHER_MUST_CHECK aether_status ae_journal_changes(
    ae_journal *journal, const aether_change **out_changes, size_t *out_count, aether_error *err);

/* What the view has under the key of a change that ae_journal_changes gave; lives as long as the arena. */
AETHER_MUST_CHECK aether_status ae_journal_original(ae_journal *journal,
    const aether_change *change, aether_bytes *out_value, bool *out_found, aether_error *err);

/* The events that stand, in order; in the arena, valid until the next emit. */
void ae_journal_events(const ae_journal *journal, const aether_log **out_events, size_t *out_count);

#endif
