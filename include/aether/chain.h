/**
 * A chain: blocks of transactions over a state, each leading to a new state root and receipts.
 *
 * The library decides what a block does; who orders blocks, and where state lies, is the embedder's. It
 * reads through an aether_store and hands back one sorted batch for each block, in which everything is:
 * accounts, storage, code, tree, undo records, height and root. Apply it atomically, or drop it.
 *
 *   aether_genesis_changes → apply → aether_chain_open
 *   for each block: aether_block_begin → aether_block_execute … → aether_block_end → apply the batch →
 *                   aether_block_commit    (or aether_block_revert at any time: nothing happened)
 *
 * Database (database.h) is such a store that survives crashes; aether_memory_store one in memory.
 * Thread safety: a chain and what was made from it is one-at-a-time.
 */
#ifndef AETHER_CHAIN_H
#define AETHER_CHAIN_H

#include <aether/contract.h>
#include <aether/store.h>
#include <aether/transaction.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aether_chain aether_chain;
typedef struct aether_block aether_block;

/** What a chain agrees on, kept in its state under 0x04 ‖ "parameters". */
typedef struct aether_parameters {
    uint32_t struct_size;      /**< sizeof(aether_parameters) */
    uint32_t protocol_version; /**< AETHER_PROTOCOL_VERSION */
    aether_schedule schedule;
    uint64_t block_gas_max;       /**< gas that a block may use; 0: 1,000,000,000 */
    uint32_t transaction_len_max; /**< bytes; 0: 1,200,000, at most 4 MiB */
    uint32_t block_len_max;       /**< bytes of a block's transactions; 0: 4 MiB, at most 64 MiB */
    aether_address fee_address;   /**< receives the fees */
} aether_parameters;

/** An account that exists from the start. */
typedef struct aether_genesis_account {
    aether_address address;
    aether_u128 balance;
} aether_genesis_account;

/** What a chain begins with. */
typedef struct aether_genesis {
    uint32_t struct_size;  /**< sizeof(aether_genesis) */
    aether_bytes chain_id; /**< 1–64 bytes of printable ASCII */
    uint64_t time;         /**< Unix seconds */
    aether_parameters parameters;
    const aether_genesis_account
        *accounts; /**< each address once; balances sum to at most 2^128 − 1 */
    size_t account_count;
} aether_genesis;

/** A sorted batch: no key twice. All bytes live until the block or batch it came from is gone. */
typedef struct aether_batch {
    const aether_change *changes;
    size_t count;
    aether_hash root; /**< of the state once it is applied */
    void *owner;      /**< the library's; NULL when something else owns it */
} aether_batch;

/** Release; NULL and a zeroed struct are no-ops. */
AETHER_API void aether_batch_destroy(aether_batch *batch);

/**
 * The state of height 0 as a batch for an empty store.
 *
 * @return OK; INVALID_GENESIS: which field, which value, which bound; OUT_OF_MEMORY
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_genesis_changes(
    const aether_genesis *genesis, aether_batch *out_batch, aether_error *err);

/** How this node keeps a chain; never changes a result. */
typedef struct aether_chain_options {
    uint32_t struct_size;     /**< sizeof(aether_chain_options) */
    uint64_t undo_blocks_max; /**< blocks whose undo records are kept; 0: 10. UINT64_MAX: all */
} aether_chain_options;

/**
 * Open the chain that a store holds.
 *
 * @param engine   of schedule v1 or the chain's; must outlive the chain
 * @param store    copied; its state changes only by batches of this chain, while it is open
 * @param options  NULL for the defaults
 * @return OK; WRONG_STATE: the store holds no chain; LIMIT_EXCEEDED: a protocol version that this library
 *         does not know; STORAGE_DAMAGED, STORAGE_FAILED, OUT_OF_MEMORY
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_open(aether_engine *engine,
    const aether_store *store, const aether_chain_options *options, aether_chain **out_chain,
    aether_error *err);

/** NULL is a no-op. No block may be open. */
AETHER_API void aether_chain_close(aether_chain *chain);

/** Where a chain stands. */
typedef struct aether_chain_head {
    uint64_t height; /**< 0: genesis */
    uint64_t time;   /**< Unix seconds, of the last block */
    aether_hash root;
    char chain_id[65]; /**< NUL-terminated */
    aether_parameters parameters;
} aether_chain_head;

AETHER_API void aether_chain_get_head(const aether_chain *chain, aether_chain_head *out_head);

/** What a block is told. */
typedef struct aether_block_header {
    uint64_t height; /**< the head's, plus 1 */
    uint64_t time;   /**< Unix seconds, at least the head's */
} aether_block_header;

/** Begin a block. One at a time. @return OK; INVALID_ARGUMENT; WRONG_STATE: one is open; OUT_OF_MEMORY */
AETHER_API AETHER_MUST_CHECK aether_status aether_block_begin(aether_chain *chain,
    const aether_block_header *header, aether_block **out_block, aether_error *err);

/**
 * Execute the next transaction of a block, whatever its bytes are.
 *
 * @param out_receipt  what came of it; the caller destroys it
 * @return OK, also where it is invalid, reverted or failed
 * @return OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED, ENGINE_FAILED   fault: only aether_block_revert may follow
 * Determinism: a pure function of the parent state, the header and the transactions so far.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_block_execute(
    aether_block *block, aether_bytes transaction, aether_receipt *out_receipt, aether_error *err);

/** What a block came to. */
typedef struct aether_block_result {
    aether_batch batch;       /**< to be applied; the block owns it */
    aether_hash results_hash; /**< H("results", hashes of the receipts in order) */
    uint64_t gas_used;
    aether_u128 fees;
    uint32_t transaction_count;
} aether_block_result;

/** Pay the fees, compute the root, make the batch. Afterwards: commit or revert.
 *  @return OK; WRONG_STATE: ended already, or a fault came before; faults as execute */
AETHER_API AETHER_MUST_CHECK aether_status aether_block_end(
    aether_block *block, aether_block_result *out_result, aether_error *err);

/** The batch was applied: the chain stands on this block now. Destroys the block. */
AETHER_API void aether_block_commit(aether_block *block);

/** Drop a block, ended or not; the chain is as before. NULL is a no-op. */
AETHER_API void aether_block_revert(aether_block *block);

/**
 * What a transaction would do in the next block, its signature not looked at and any gas price affordable:
 * its price counts as 0 and its gas limit as the block's.
 *
 * @param header       of the block that it would be in
 * @param transaction  encoded, with or without a signature
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_simulate(aether_chain *chain,
    const aether_block_header *header, aether_bytes transaction, aether_receipt *out_receipt,
    aether_error *err);

/** A read-only question to a contract. */
typedef struct aether_query {
    uint32_t struct_size; /**< sizeof(aether_query) */
    aether_address contract;
    aether_address caller;
    aether_bytes input;
    uint64_t gas_limit;
} aether_query;

/** Run `query` of a contract over the head's state. A contract or entry that is not there: REVERTED with
 *  AETHER_CODE_NO_CODE. */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_query(aether_chain *chain,
    const aether_query *query, aether_execution_result *out_result, aether_error *err);

/** The record of an address; all zero where there is none. */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_account(aether_chain *chain,
    const aether_address *address, aether_account *out_account, bool *out_found, aether_error *err);

/** Whether code was uploaded. */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_has_code(
    aether_chain *chain, const aether_hash *code_hash, bool *out_found, aether_error *err);

/**
 * Prove what the head's state holds, or that it holds nothing: for aether_proof_verify (proof.h).
 *
 * @param key        length 0: the record of the address; otherwise a storage key of that contract
 * @param out_proof  the caller destroys it
 * @param out_value  what is there: the record or the stored value; absent: zeroed. The caller destroys it
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_prove(aether_chain *chain,
    const aether_address *address, aether_bytes key, aether_buffer *out_proof,
    aether_buffer *out_value, bool *out_found, aether_error *err);

/** The batch that takes the last block back; the caller applies it, calls aether_chain_reopen, and destroys it.
 *  @return OK; WRONG_STATE: height 0, or the undo records of that block are gone */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_undo(
    aether_chain *chain, aether_batch *out_batch, aether_error *err);

/** Read the head anew, after a batch that was no block's. @return as aether_chain_open */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_reopen(
    aether_chain *chain, aether_error *err);

/** What a check went through. */
typedef struct aether_check_report {
    uint64_t accounts;
    uint64_t contracts;
    uint64_t storage_keys;
    uint64_t codes;
    uint64_t tree_pages;
    aether_u128 supply; /**< sum of all balances */
    uint64_t height;
    aether_hash root;
} aether_check_report;

/** Told of progress now and then; `done` counts keys. */
typedef void (*aether_progress)(void *user, uint64_t done);

/**
 * Check a whole state against its root: every record is canonical, the trees and the root follow from the flat
 * state, every page of a tree is what it should be, code has its hash, the supply is the genesis', the undo
 * records can be read, and below AETHER_STORE_KIND_EMBEDDER nothing else is there.
 *
 * @param progress  may be NULL
 * @return OK; STORAGE_DAMAGED: the first thing that is wrong; WRONG_STATE: no chain there; faults
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_check(const aether_store *store,
    aether_progress progress, void *user, aether_check_report *out_report, aether_error *err);

/**
 * Check a few keys of a state against its root: a part of what aether_chain_check does, in microseconds instead of
 * minutes. Called after each block with that block's root as the place, it comes by everything in time: a rolling check.
 * What it can't see is a key that is no longer found.
 *
 * @param place  where to begin: the accounts from this address on, and of each contract the storage from there on
 * @param count  how many keys at most
 * @return as aether_chain_check
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_check_some(
    const aether_store *store, const aether_hash *place, uint32_t count, aether_error *err);

/** Takes bytes, in order. OK, or a fault, which ends the export. */
typedef aether_status (*aether_write)(void *user, aether_bytes bytes, aether_error *err);

/** Gives the next bytes: fills `out` and sets *out_len, below `len` only at the end. OK, or a fault. */
typedef aether_status (*aether_read)(
    void *user, uint8_t *out, size_t len, size_t *out_len, aether_error *err);

/** Applies one batch of a snapshot, in order. OK, or a fault. */
typedef aether_status (*aether_apply)(
    void *user, const aether_change *changes, size_t count, aether_error *err);

/**
 * Write the committed state of a store as a snapshot: sorted, in chunks of at most 4 MiB, each with its SHA-256;
 * byte-identical for equal states of one height. Format: docs/snapshot.md.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_snapshot_write(
    const aether_store *store, aether_write write, void *user, aether_error *err);

/**
 * Read a snapshot into an empty store. The last batch holds the head, and is only given when the root that was
 * computed from everything before equals the snapshot's; a store that was left before it holds no chain.
 *
 * @param root   the one that is trusted; NULL: the snapshot's own
 * @param store  reads what was applied so far
 * @return OK; INVALID_SNAPSHOT: which chunk, what is wrong; faults
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_snapshot_read(const aether_hash *root,
    aether_read read, void *read_user, const aether_store *store, aether_apply apply,
    void *apply_user, aether_chain_head *out_head, aether_error *err);

#ifdef __cplusplus
}
#endif

#endif
