/* What a valid transaction does, by its kind, in a frame of its own over the transaction's journal.
 *
 * Thread safety: one-at-a-time. Determinism: consensus. */
#ifndef AE_LEDGER_BODY_H
#define AE_LEDGER_BODY_H

#include "ledger/execute.h"
#include "ledger/transaction.h"

/* A body on its way. Zero, but for the first fields, before it runs. */
typedef struct ae_body {
    const ae_block_info *block;
    const ae_signed_transaction *transaction;
    ae_journal *journal;
    ae_view state; /* the journal as a view: where code is read */
    ae_arena *arena;
    uint64_t gas_limit; /* of the body: intrinsic gas is paid already */

    uint64_t gas_used; /* of gas_limit */
    aether_receipt_outcome outcome;
    int32_t code;
    aether_bytes return_data; /* in the arena, or of `result` */
    aether_address contract;
    const char *message; /* for people, "" */
    char message_text[sizeof((aether_error *)0)->message];
    aether_execution_result result; /* of what ran; destroyed by the caller */
} ae_body;

/* Gas of instantiating what the transaction calls: 0 where there is no code. Reads the view only. */
AETHER_MUST_CHECK aether_status ae_body_instantiation_gas(ae_journal *journal,
    const ae_signed_transaction *transaction, uint64_t *out_gas, aether_error *err);

/* Run it. On REVERTED and FAILED the caller undoes what it did to the journal. */
AETHER_MUST_CHECK aether_status ae_body_run(ae_body *body, aether_error *err);

#endif
