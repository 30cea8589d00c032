// A block: transactions one after the other over an overlay, then the batch. This order is the definition; any
// other way of executing must come to the same.
#include "base/alloc.h"
#include "base/arithmetic.h"
#include "base/assert.h"
#include "crypto/hash.h"
#include "ledger/chain.h"
#include "ledger/commitment.h"
#include "ledger/execute.h"
#include "ledger/transaction.h"

#define CHUNK_LEN ((size_t)256 << 10)
#define TRANSACTION_LEN_MAX ((size_t)2 << 30) // far above what a block's gas can write
#define BLOCK_ARENA_LEN_MAX ((size_t)16 << 30)

typedef enum block_state {
    BLOCK_OPEN,
    BLOCK_FAULTY, // a fault came: only revert may follow
    BLOCK_ENDED,
} block_state;

struct aether_block {
    aether_chain *chain;
    block_state state;
    ae_block_info info;
    ae_arena arena;             // of the overlay and the batch
    ae_arena transaction_arena; // reset after each transaction
    ae_journal *overlay;
    ae_head after;
    uint64_t gas_left;
    uint64_t len_left;
    uint64_t gas_used;
    uint32_t transaction_count;
    aether_u128 fees;
    ae_change_list receipt_hashes; // values only
};

static void destroy(aether_block *block) {
    if (block->chain->block == block)
        block->chain->block = NULL;
    ae_arena_deinit(&block->transaction_arena);
    ae_arena_deinit(&block->arena);
    ae_free(block);
}

static aether_status create(aether_chain *chain, const aether_block_header *header,
    bool is_simulation, aether_block **out_block, aether_error *err) {
    const aether_parameters *parameters = &chain->constitution.parameters;
    aether_block *block = ae_alloc(1, sizeof *block);
    if (block == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "block");
    block->chain = chain;
    block->info = (ae_block_info){.constitution = &chain->constitution,
        .runtime = chain->runtime,
        .modules = chain->modules,
        .height = header->height,
        .time = header->time,
        .is_simulation = is_simulation};
    ae_arena_init(&block->arena, CHUNK_LEN, BLOCK_ARENA_LEN_MAX);
    ae_arena_init(&block->transaction_arena, CHUNK_LEN, TRANSACTION_LEN_MAX);
    block->after = (ae_head){.height = header->height, .time = header->time};
    block->gas_left = parameters->block_gas_max;
    block->len_left = parameters->block_len_max;
    ae_change_list_init(&block->receipt_hashes, &block->arena);
    const aether_status status =
        ae_journal_create(&block->arena, &chain->store, &block->overlay, err);
    if (status != AETHER_OK) {
        destroy(block);
        return status;
    }
    *out_block = block;
    return AETHER_OK;
}

static aether_status check_header(
    const aether_chain *chain, const aether_block_header *header, aether_error *err) {
    if (header->height != chain->head.height + 1 || header->height == 0)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "block height %llu, the next one is %llu",
            (unsigned long long)header->height, (unsigned long long)chain->head.height + 1);
    if (header->time < chain->head.time)
        return ae_fail(err, AETHER_INVALID_ARGUMENT,
            "block time %llu, before that of the last block, %llu",
            (unsigned long long)header->time, (unsigned long long)chain->head.time);
    return AETHER_OK;
}

aether_status ae_block_begin(aether_chain *chain, const aether_block_header *header,
    aether_block **out_block, aether_error *err) {
    if (chain->block != NULL)
        return ae_fail(
            err, AETHER_WRONG_STATE, "block: one of this chain is open; commit or revert it first");
    AE_TRY(check_header(chain, header, err));
    AE_TRY(create(chain, header, false, out_block, err));
    chain->block = *out_block;
    return AETHER_OK;
}

// The hash of a receipt, kept until the block ends.
static aether_status keep_receipt(
    aether_block *block, const aether_receipt *receipt, aether_error *err) {
    aether_bytes bytes;
    aether_hash *hash = ae_arena_alloc(&block->arena, sizeof *hash, 1);
    if (hash == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "the hash of a receipt");
    AE_TRY(ae_receipt_write(receipt, &block->transaction_arena, &bytes, err));
    aether_receipt_hash(bytes, hash);
    return ae_change_list_add(&block->receipt_hashes,
        (aether_change){.value = ae_bytes(hash->bytes, AETHER_HASH_LEN)}, err);
}

// What a transaction changed joins what the block has changed so far.
static aether_status join(aether_block *block, const ae_execution *execution, aether_error *err) {
    for (size_t i = 0; i < execution->change_count; i++) {
        const aether_change *change = &execution->changes[i];
        bool existed = false;
        if (change->is_removed)
            AE_TRY(ae_journal_remove(block->overlay, change->key, &existed, err));
        else
            AE_TRY(ae_journal_write(block->overlay, change->key, change->value, err));
    }
    return AETHER_OK;
}

static aether_status execute(
    aether_block *block, aether_bytes transaction, aether_receipt *out_receipt, aether_error *err) {
    ae_execution execution = {.block = &block->info,
        .view = ae_journal_view(block->overlay),
        .gas_left = block->gas_left,
        .len_left = block->len_left,
        .arena = &block->transaction_arena};
    AE_TRY(ae_transaction_execute(&execution, transaction, out_receipt, err));
    aether_status status = join(block, &execution, err);
    if (status == AETHER_OK)
        status = keep_receipt(block, out_receipt, err);
    if (status != AETHER_OK) {
        aether_receipt_destroy(out_receipt);
        return status;
    }
    const bool fits = ae_add_u128(block->fees, execution.fee, &block->fees);
    AE_ASSERT(fits); // each was taken from a balance
    block->gas_left -= out_receipt->gas_used;
    block->gas_used += out_receipt->gas_used;
    block->len_left -= transaction.len < block->len_left ? transaction.len : block->len_left;
    block->transaction_count++;
    return AETHER_OK;
}

aether_status ae_block_execute(
    aether_block *block, aether_bytes transaction, aether_receipt *out_receipt, aether_error *err) {
    if (block->state != BLOCK_OPEN)
        return ae_fail(err, AETHER_WRONG_STATE, "block: it has %s",
            block->state == BLOCK_ENDED ? "ended" : "met a fault, only revert may follow");
    aether_receipt receipt = {0};
    const aether_status status = execute(block, transaction, &receipt, err);
    ae_arena_reset(&block->transaction_arena);
    if (status != AETHER_OK)
        block->state = BLOCK_FAULTY;
    else
        *out_receipt = receipt;
    return status;
}

// The fees of all transactions, in one addition.
static aether_status pay_fees(aether_block *block, aether_error *err) {
    bool fits = true;
    if (ae_u128_is_zero(block->fees))
        return AETHER_OK;
    AE_TRY(ae_journal_credit(block->overlay, &block->chain->constitution.parameters.fee_address,
        block->fees, &fits, err));
    return fits ? AETHER_OK
                : ae_fail(err, AETHER_STORAGE_DAMAGED, "balances sum to more than the supply");
}

static aether_status hash_results(aether_block *block, aether_hash *out, aether_error *err) {
    const aether_change *hashes = NULL;
    size_t count = 0;
    AE_TRY(ae_change_list_flatten(&block->receipt_hashes, &hashes, &count, err));
    uint8_t *bytes = ae_arena_alloc(&block->arena, count * AETHER_HASH_LEN, 1);
    if (bytes == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "hashes of %zu receipts", count);
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + i * AETHER_HASH_LEN, hashes[i].value.data, AETHER_HASH_LEN);
    ae_hash_tagged("results", ae_bytes(bytes, count * AETHER_HASH_LEN), out);
    return AETHER_OK;
}

static aether_status end(aether_block *block, aether_block_result *out, aether_error *err) {
    const aether_chain *chain = block->chain;
    AE_TRY(pay_fees(block, err));
    ae_commitment commitment = {.store = &chain->store,
        .journal = block->overlay,
        .before = chain->head,
        .after = block->after,
        .has_undo = true,
        .undo_blocks_max = chain->undo_blocks_max,
        .arena = &block->arena};
    aether_block_result result = {.gas_used = block->gas_used,
        .fees = block->fees,
        .transaction_count = block->transaction_count};
    AE_TRY(ae_commitment_make(&commitment, &result.batch.changes, &result.batch.count, err));
    AE_ASSERT(ae_u128_is_zero(commitment.supply_added)); // nothing is made and nothing is lost
    AE_TRY(hash_results(block, &result.results_hash, err));
    result.batch.root = commitment.after.root;
    block->after.root = commitment.after.root;
    *out = result;
    return AETHER_OK;
}

aether_status ae_block_end(
    aether_block *block, aether_block_result *out_result, aether_error *err) {
    if (block->state != BLOCK_OPEN)
        return ae_fail(err, AETHER_WRONG_STATE, "block: it has %s",
            block->state == BLOCK_ENDED ? "ended already" : "met a fault, only revert may follow");
    const aether_status status = end(block, out_result, err);
    block->state = status == AETHER_OK ? BLOCK_ENDED : BLOCK_FAULTY;
    return status;
}

void ae_block_commit(aether_block *block) {
    AE_ASSERT(block->state == BLOCK_ENDED);
    block->chain->head = block->after;
    destroy(block);
}

void ae_block_revert(aether_block *block) {
    if (block != NULL)
        destroy(block);
}

aether_status ae_chain_simulate(aether_chain *chain, const aether_block_header *header,
    aether_bytes transaction, aether_receipt *out_receipt, aether_error *err) {
    aether_block *block = NULL;
    AE_TRY(check_header(chain, header, err));
    AE_TRY(create(chain, header, true, &block, err));
    const aether_status status = ae_block_execute(block, transaction, out_receipt, err);
    destroy(block);
    return status;
}
