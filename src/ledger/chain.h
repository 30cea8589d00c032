/* A chain over a store: its head, its blocks, questions to it (aether/chain.h has the life of it).
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_LEDGER_CHAIN_H
#define AE_LEDGER_CHAIN_H

#include "ledger/record.h"
#include "runtime/modules.h"

#include <aether/chain.h>

struct aether_chain {
    ae_runtime *runtime;
    ae_modules *modules;
    aether_store store;
    ae_constitution constitution;
    ae_head head;
    uint64_t undo_blocks_max;
    aether_block *block; /* that is open, or NULL */
};

/* As the public functions of these names, their arguments checked. */
AETHER_MUST_CHECK aether_status ae_chain_open(ae_runtime *runtime, const aether_store *store,
    uint64_t undo_blocks_max, aether_chain **out_chain, aether_error *err);
void ae_chain_close(aether_chain *chain);

/* Read parameters and head from the store. */
AETHER_MUST_CHECK aether_status ae_chain_read(aether_chain *chain, aether_error *err);

/* The same without a chain. WRONG_STATE: none there. */
AETHER_MUST_CHECK aether_status ae_chain_read_records(const aether_store *store,
    ae_constitution *out_constitution, ae_head *out_head, aether_error *err);

AETHER_MUST_CHECK aether_status ae_block_begin(aether_chain *chain,
    const aether_block_header *header, aether_block **out_block, aether_error *err);
AETHER_MUST_CHECK aether_status ae_block_execute(
    aether_block *block, aether_bytes transaction, aether_receipt *out_receipt, aether_error *err);
AETHER_MUST_CHECK aether_status ae_block_end(
    aether_block *block, aether_block_result *out_result, aether_error *err);
void ae_block_commit(aether_block *block);
void ae_block_revert(aether_block *block);

AETHER_MUST_CHECK aether_status ae_chain_simulate(aether_chain *chain,
    const aether_block_header *header, aether_bytes transaction, aether_receipt *out_receipt,
    aether_error *err);
AETHER_MUST_CHECK aether_status ae_chain_query(aether_chain *chain, const aether_query *query,
    aether_execution_result *out_result, aether_error *err);
AETHER_MUST_CHECK aether_status ae_chain_account(aether_chain *chain, const aether_address *address,
    aether_account *out_account, bool *out_found, aether_error *err);
AETHER_MUST_CHECK aether_status ae_chain_has_code(
    aether_chain *chain, const aether_hash *code_hash, bool *out_found, aether_error *err);
AETHER_MUST_CHECK aether_status ae_chain_undo(
    aether_chain *chain, aether_batch *out_batch, aether_error *err);

#endif
