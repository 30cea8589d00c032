/* One transaction: executed against a view, it yields what it changed and a receipt. Who joins those into a block, in
 * which order and on how many threads, is not known here.
 *
 * Fees are no part of the changes but for what the sender pays: the block adds them to the fee address at its end.
 *
 * Thread safety: one-at-a-time for each ae_execution; the module store is shared. Determinism: consensus. */
#ifndef AE_LEDGER_EXECUTE_H
#define AE_LEDGER_EXECUTE_H

#include "ledger/record.h"
#include "runtime/modules.h"
#include "state/journal.h"
#include "state/view.h"

#include <aether/transaction.h>

/* What all transactions of a block have in common. */
typedef struct ae_block_info {
    const ae_constitution *constitution;
    ae_runtime *runtime;
    ae_modules *modules;
    uint64_t height;
    uint64_t time;
    bool is_simulation; /* no signature, price 0, as much gas as is left */
} ae_block_info;

/* One transaction on its way. */
typedef struct ae_execution {
    const ae_block_info *block;
    ae_view view;      /* the state that it sees */
    uint64_t gas_left; /* of the block */
    uint64_t len_left; /* bytes of the block */
    ae_arena *arena;   /* for this transaction; what comes out lies in it, but for the receipt */

    const aether_change *changes; /* out: its write set, sorted */
    size_t change_count;
    aether_u128 fee; /* out: for the fee address */
} ae_execution;

/* Execute. OK whatever the bytes are; OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED, ENGINE_FAILED: fault, nothing of
 * the outputs is meaningful. The receipt owns its bytes. */
AETHER_MUST_CHECK aether_status ae_transaction_execute(
    ae_execution *execution, aether_bytes bytes, aether_receipt *out_receipt, aether_error *err);

#endif
