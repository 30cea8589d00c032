/**
 * A chain: blocks of transactions over a state, each leading to a new state root and receipts.
 *
 * The library decides what a block does; who orders blocks, and where state lies, is the embedder's. It
 * reads through an aether_store and hands back one sorted batch for each block, in which everything is:
 * accounts, storage, code, tree, undo records, height and root. Apply it atomically, or drop it. docs/ledger.md
 * has the rules; examples/toy_chain.c is a whole program.
 *
 *   aether_genesis_changes → apply → aether_chain_open
 *   for each block: aether_block_begin → aether_block_execute … → aether_block_end → apply the batch →
 *                   aether_block_commit    (or aether_block_revert at any time: nothing happened)
 *
 * Database (database.h) is such a store that survives crashes; aether_memory_store one in memory.
 *
 * Views and structs with pointers that go in are borrowed during the call, unless a parameter says more. Out parameters
 * are written on OK only. Misuse is INVALID_ARGUMENT: a NULL where none is allowed, a struct_size too small, a range
 * that is named. "Faults" are OUT_OF_MEMORY, STORAGE_FAILED (the store said so), STORAGE_DAMAGED (what it holds was
 * never written to it) and ENGINE_FAILED: they say something of this machine, and nothing of a transaction.
 *
 * Thread safety: a chain, its block and its store are one-at-a-time, on any thread. Chains of one engine may be used on
 * several threads at once.
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
    uint64_t
        block_gas_max; /**< gas that a block may use; a transaction's limit must fit what is left;
                                 0: 1,000,000,000 */
    uint32_t transaction_len_max; /**< bytes; 0: 1,200,000, at most 4 MiB and block_len_max */
    uint32_t
        block_len_max; /**< bytes of a block's transactions, summed, invalid ones too; 0: 4 MiB,
                                 at most 64 MiB */
    aether_address fee_address; /**< receives the fees of a block at its end */
} aether_parameters;

/** An account that exists from the start. */
typedef struct aether_genesis_account {
    aether_address address;
    aether_u128 balance;
} aether_genesis_account;

/** What a chain begins with. */
typedef struct aether_genesis {
    uint32_t struct_size;  /**< sizeof(aether_genesis) */
    aether_bytes chain_id; /**< 1–64 bytes in 0x21–0x7e: printable ASCII without the space */
    uint64_t time;         /**< Unix seconds */
    aether_parameters parameters; /**< its struct_size is not looked at */
    const aether_genesis_account
        *accounts; /**< each address once; balances sum to at most 2^128 − 1 */
    size_t account_count;
} aether_genesis;

/**
 * Changes of a store, to be applied as a whole: sorted by key, no key twice. Keys and values lie in memory of the
 * library, never in the store's. Those of a block's batch live until it is committed or reverted, those of any other
 * until aether_batch_destroy. The kinds of keys are in store.h.
 */
typedef struct aether_batch {
    const aether_change *changes;
    size_t count;
    aether_hash root; /**< of the state once it is applied */
    void *owner;      /**< the library's; NULL when something else owns it */
} aether_batch;

/** Release a batch and zero the struct; NULL, a zeroed struct and the batch of a block are no-ops. */
AETHER_API void aether_batch_destroy(aether_batch *batch);

/**
 * The state of height 0 as a batch for an empty store. Needs no engine.
 *
 * @param out_batch  the caller applies it, and destroys it
 * @return OK
 * @return INVALID_ARGUMENT
 * @return INVALID_GENESIS  which field, which value, which bound
 * @return OUT_OF_MEMORY    fault
 * Determinism: a pure function of the genesis; the order of accounts is without effect.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_genesis_changes(
    const aether_genesis *genesis, aether_batch *out_batch, aether_error *err);

/** How this node keeps a chain; never changes a result. */
typedef struct aether_chain_options {
    uint32_t struct_size;     /**< sizeof(aether_chain_options) */
    uint64_t undo_blocks_max; /**< the last blocks that can be taken back; 0: 10. UINT64_MAX: all */
} aether_chain_options;

/**
 * Open the chain that a store holds. Reads two records; costs no time that grows with the state.
 *
 * @param engine   of the chain's gas schedule; shared freely, must outlive the chain
 * @param store    the struct is copied; what it works on must outlive the chain, and changes only by batches of this
 *                 chain while it is open
 * @param options  NULL for the defaults
 * @param out_chain  the caller closes it
 * @return OK
 * @return INVALID_ARGUMENT  also: the engine has another gas schedule than the chain
 * @return WRONG_STATE       the store holds no chain: apply a genesis
 * @return LIMIT_EXCEEDED    a protocol version that this library does not know
 * @return OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED  fault
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_open(aether_engine *engine,
    const aether_store *store, const aether_chain_options *options, aether_chain **out_chain,
    aether_error *err);

/** Close a chain, the store stays; NULL is a no-op. No block may be open: end it with commit or revert. */
AETHER_API void aether_chain_close(aether_chain *chain);

/** Where a chain stands. */
typedef struct aether_chain_head {
    uint64_t height; /**< 0: genesis */
    uint64_t time;   /**< Unix seconds, of the last block */
    aether_hash root;
    char chain_id[65]; /**< NUL-terminated */
    aether_parameters parameters;
} aether_chain_head;

/** Where a chain stands: after the last block that was committed, or at genesis. Reads nothing, cannot fail.
 *  @param out_head  a copy; no zero in its parameters means a default */
AETHER_API void aether_chain_get_head(const aether_chain *chain, aether_chain_head *out_head);

/** What a block is told. */
typedef struct aether_block_header {
    uint32_t struct_size; /**< sizeof(aether_block_header), or 0 for the fields of version 0.1 */
    uint64_t height;      /**< the head's, plus 1 */
    uint64_t time;        /**< Unix seconds, at least the head's */
} aether_block_header;

/**
 * Begin a block; one at a time. Meanwhile the chain answers for the state before it.
 *
 * @param out_block  ended by aether_block_commit or aether_block_revert
 * @return OK
 * @return INVALID_ARGUMENT  also: another height than the next one, a time before the head's
 * @return WRONG_STATE       a block of this chain is open
 * @return OUT_OF_MEMORY     fault
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_block_begin(aether_chain *chain,
    const aether_block_header *header, aether_block **out_block, aether_error *err);

/**
 * Execute the next transaction of a block, whatever its bytes are.
 *
 * @param transaction  encoded and signed; borrowed during the call
 * @param out_receipt  what came of it; lives on its own, the caller destroys it
 * @return OK  also where it is invalid, reverted or failed
 * @return INVALID_ARGUMENT, WRONG_STATE: the block has ended or met a fault; nothing was done
 * @return OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED, ENGINE_FAILED   fault: only aether_block_revert may follow
 * Determinism: a pure function of the parent state, the header and the transactions so far.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_block_execute(
    aether_block *block, aether_bytes transaction, aether_receipt *out_receipt, aether_error *err);

/** What a block came to. */
typedef struct aether_block_result {
    aether_batch
        batch; /**< to be applied before the commit; the block owns it. Never empty: it holds
                             the new head */
    aether_hash results_hash;   /**< H("results", hashes of the receipts in order) */
    uint64_t gas_used;          /**< gas units, of all transactions */
    aether_u128 fees;           /**< paid to the fee address */
    uint32_t transaction_count; /**< that were executed, invalid ones too */
} aether_block_result;

/**
 * Pay the fees, compute the root, make the batch. Afterwards: apply the batch and commit, or revert.
 *
 * @param out_result  a plain struct; its batch lives as long as the block
 * @return OK
 * @return INVALID_ARGUMENT, WRONG_STATE: ended already, or a fault came before
 * @return OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED  fault: only aether_block_revert may follow
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_block_end(
    aether_block *block, aether_block_result *out_result, aether_error *err);

/** The batch was applied to the store: the chain stands on this block now. Only after aether_block_end was OK.
 *  Destroys the block and its batch. */
AETHER_API void aether_block_commit(aether_block *block);

/** Drop a block, ended or not, whose batch was not applied; the chain is as before. Destroys the block and its batch.
 *  NULL is a no-op. */
AETHER_API void aether_block_revert(aether_block *block);

/**
 * What a transaction would do as the first one of the next block, its signature not looked at and any gas price
 * affordable: its price counts as 0 and its gas limit as the block's. Chain id, expiry, nonce, value and its length
 * without a signature count as ever; a signature adds AETHER_SIGNATURE_LEN + 2 bytes, which cost gas too. Changes nothing.
 *
 * @param header       of the block that it would be in: the next height, a time not before the head's
 * @param transaction  encoded, with or without a signature; borrowed during the call
 * @param out_receipt  the caller destroys it; its fee is 0
 * @return OK, INVALID_ARGUMENT; faults. A block may be open; it is not seen
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_simulate(aether_chain *chain,
    const aether_block_header *header, aether_bytes transaction, aether_receipt *out_receipt,
    aether_error *err);

/** A read-only question to a contract. */
typedef struct aether_query {
    uint32_t struct_size; /**< sizeof(aether_query) */
    aether_address contract;
    aether_address caller; /**< what the contract is told; need not exist */
    aether_bytes input;    /**< at most 128 KiB */
    uint64_t gas_limit;    /**< gas units; nobody pays for them */
} aether_query;

/**
 * Run `query` of a contract over the head's state: it can read, and change nothing.
 *
 * @param out_result  as of aether_execute; the caller destroys it with aether_execution_result_destroy. A contract or
 *                    entry that is not there: REVERTED with AETHER_CODE_NO_CODE
 * @return OK, INVALID_ARGUMENT; LIMIT_EXCEEDED: the input is too long; faults
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_query(aether_chain *chain,
    const aether_query *query, aether_execution_result *out_result, aether_error *err);

/** The record of an address in the head's state, also while a block is open.
 *  @param out_account  a copy; all zero where there is no record
 *  @param out_found    whether there is one
 *  @return OK, INVALID_ARGUMENT, STORAGE_FAILED, STORAGE_DAMAGED */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_account(aether_chain *chain,
    const aether_address *address, aether_account *out_account, bool *out_found, aether_error *err);

/** Whether the head's state has code that was uploaded, by its hash: aether_code_hash of the bytes of
 *  aether_module_strip. @return OK, INVALID_ARGUMENT, STORAGE_FAILED, STORAGE_DAMAGED */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_has_code(
    aether_chain *chain, const aether_hash *code_hash, bool *out_found, aether_error *err);

/**
 * Prove what the head's state holds, or that it holds nothing: for aether_proof_verify (proof.h).
 *
 * @param key        length 0: the record of the address; otherwise a storage key of that contract
 * @param out_proof  the caller destroys it
 * @param out_value  what is there: the record or the stored value; absent: zeroed. The caller destroys it
 * @param out_found  whether anything is there: what the proof shows
 * @return OK; INVALID_ARGUMENT: also a key of more than 256 bytes; OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_prove(aether_chain *chain,
    const aether_address *address, aether_bytes key, aether_buffer *out_proof,
    aether_buffer *out_value, bool *out_found, aether_error *err);

/**
 * The batch that takes the last block back, to the byte: the caller applies it, calls aether_chain_reopen, and
 * destroys it, in any order of the last two. Without the batch applied the chain stands where it stood.
 *
 * @return OK
 * @return INVALID_ARGUMENT
 * @return WRONG_STATE  height 0, a block is open, or the undo records of that block are gone
 * @return OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED  fault; nothing to destroy
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_chain_undo(
    aether_chain *chain, aether_batch *out_batch, aether_error *err);

/** Read head and parameters anew, after a batch that was no block's. Not OK: the chain stands as it stood.
 *  @return as aether_chain_open; WRONG_STATE: also while a block is open */
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

/** Told of progress every few thousand keys, on the caller's thread; `done` counts keys. It must not touch the store. */
typedef void (*aether_progress)(void *user, uint64_t done);

/**
 * Check a whole state against its root: every record is canonical, the trees and the root follow from the flat
 * state, every page of a tree is what it should be and no other is there, code has its hash, the supply is the
 * genesis', no key is there that a chain does not keep, and every block that has undo records can be taken back.
 *
 * Not found, since no root covers it: another time of a block that does not go backwards; undo records that end one
 * block earlier, or begin with one that is right. Allowed: code without a record, which a crash or a block that was
 * taken back may leave behind, and kinds from 0x80 on.
 *
 * Memory: 64 bytes for each account and each key of the largest contract, the pages of the largest tree, and what the
 * blocks with undo records changed.
 *
 * @param store     must not change meanwhile
 * @param progress  may be NULL
 * @param user      handed to it
 * @return OK; INVALID_ARGUMENT; STORAGE_DAMAGED: the first thing that is wrong; WRONG_STATE: no chain there;
 *         LIMIT_EXCEEDED: a protocol version that this library does not know; OUT_OF_MEMORY, STORAGE_FAILED
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

/** Gives the next bytes: 1 to `len` of them into `out`, *out_len says how many; 0 at the end. OK, or a fault. */
typedef aether_status (*aether_read)(
    void *user, uint8_t *out, size_t len, size_t *out_len, aether_error *err);

/** Applies one batch of a snapshot, in order. OK, or a fault. */
typedef aether_status (*aether_apply)(
    void *user, const aether_change *changes, size_t count, aether_error *err);

/**
 * Write the committed state of a store as a snapshot: sorted, in chunks of at most 4 MiB, each with its SHA-256;
 * byte-identical for equal states of one height and time. Format: docs/snapshot.md. Memory: one chunk.
 *
 * @param store  does not change meanwhile
 * @return OK; WRONG_STATE: no chain there; STORAGE_DAMAGED: a record is not canonical; faults
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_snapshot_write(
    const aether_store *store, aether_write write, void *user, aether_error *err);

/**
 * Read a snapshot into an empty store. The last batch holds the head, and is only given when the root that was
 * computed from everything before equals the snapshot's; a store that was left before it holds no chain. Blocks before
 * the snapshot can't be taken back.
 *
 * Memory: two chunks, 64 bytes for each account and each key of the largest contract, and the pages of the largest tree.
 * Batches have at most 8 MiB.
 *
 * @param root      the one that is trusted; NULL: the snapshot's own. Height and time are in no root: who takes a
 *                  snapshot from others compares them in *out_head
 * @param store     reads what was applied so far; holds nothing but kinds from 0x80 on
 * @param out_head  where the chain stands; untouched on failure
 * @return OK; INVALID_SNAPSHOT: which chunk, what is wrong; WRONG_STATE: the store is not empty; faults
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_snapshot_read(const aether_hash *root,
    aether_read read, void *read_user, const aether_store *store, aether_apply apply,
    void *apply_user, aether_chain_head *out_head, aether_error *err);

#ifdef __cplusplus
}
#endif

#endif
