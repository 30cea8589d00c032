#include "api/handle.h"

#include "ledger/chain.h"
#include "ledger/prove.h"

#define UNDO_BLOCKS_DEFAULT 10

static bool is_store(const aether_store *store) {
    return store != NULL && store->get != NULL && store->next != NULL;
}

static bool is_bytes(aether_bytes bytes) {
    return bytes.data != NULL || bytes.len == 0;
}

aether_status aether_chain_open(aether_engine *engine, const aether_store *store,
    const aether_chain_options *options, aether_chain **out_chain, aether_error *err) {
    static const aether_chain_options defaults = {.struct_size = sizeof defaults};
    AE_CHECK_ARG(engine != NULL, err);
    AE_CHECK_ARG(is_store(store), err);
    AE_CHECK_ARG(out_chain != NULL, err);
    if (options == NULL)
        options = &defaults;
    AE_CHECK_ARG(options->struct_size >= sizeof *options, err);
    return ae_chain_open(ae_engine_runtime(engine), store,
        options->undo_blocks_max != 0 ? options->undo_blocks_max : UNDO_BLOCKS_DEFAULT, out_chain,
        err);
}

void aether_chain_close(aether_chain *chain) {
    ae_chain_close(chain);
}

void aether_chain_get_head(const aether_chain *chain, aether_chain_head *out_head) {
    *out_head = (aether_chain_head){.height = chain->head.height,
        .time = chain->head.time,
        .root = chain->head.root,
        .parameters = chain->constitution.parameters};
    memcpy(out_head->chain_id, chain->constitution.chain_id, chain->constitution.chain_id_len);
}

aether_status aether_chain_reopen(aether_chain *chain, aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    if (chain->block != NULL)
        return ae_fail(err, AETHER_WRONG_STATE, "chain: a block is open");
    return ae_chain_read(chain, err);
}

aether_status aether_block_begin(aether_chain *chain, const aether_block_header *header,
    aether_block **out_block, aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    AE_CHECK_ARG(header != NULL, err);
    AE_CHECK_ARG(header->struct_size == 0 || header->struct_size >= sizeof *header, err);
    AE_CHECK_ARG(out_block != NULL, err);
    return ae_block_begin(chain, header, out_block, err);
}

aether_status aether_block_execute(
    aether_block *block, aether_bytes transaction, aether_receipt *out_receipt, aether_error *err) {
    AE_CHECK_ARG(block != NULL, err);
    AE_CHECK_ARG(is_bytes(transaction), err);
    AE_CHECK_ARG(out_receipt != NULL, err);
    return ae_block_execute(block, transaction, out_receipt, err);
}

aether_status aether_block_end(
    aether_block *block, aether_block_result *out_result, aether_error *err) {
    AE_CHECK_ARG(block != NULL, err);
    AE_CHECK_ARG(out_result != NULL, err);
    return ae_block_end(block, out_result, err);
}

void aether_block_commit(aether_block *block) {
    ae_block_commit(block);
}

void aether_block_revert(aether_block *block) {
    ae_block_revert(block);
}

aether_status aether_chain_simulate(aether_chain *chain, const aether_block_header *header,
    aether_bytes transaction, aether_receipt *out_receipt, aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    AE_CHECK_ARG(header != NULL, err);
    AE_CHECK_ARG(header->struct_size == 0 || header->struct_size >= sizeof *header, err);
    AE_CHECK_ARG(is_bytes(transaction), err);
    AE_CHECK_ARG(out_receipt != NULL, err);
    return ae_chain_simulate(chain, header, transaction, out_receipt, err);
}

aether_status aether_chain_query(aether_chain *chain, const aether_query *query,
    aether_execution_result *out_result, aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    AE_CHECK_ARG(query != NULL, err);
    AE_CHECK_ARG(query->struct_size >= sizeof *query, err);
    AE_CHECK_ARG(is_bytes(query->input), err);
    AE_CHECK_ARG(out_result != NULL, err);
    if (query->input.len > AE_INPUT_LEN_MAX)
        return ae_fail(err, AETHER_LIMIT_EXCEEDED, "input: %zu bytes, at most %d", query->input.len,
            AE_INPUT_LEN_MAX);
    return ae_chain_query(chain, query, out_result, err);
}

aether_status aether_chain_account(aether_chain *chain, const aether_address *address,
    aether_account *out_account, bool *out_found, aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    AE_CHECK_ARG(address != NULL, err);
    AE_CHECK_ARG(out_account != NULL, err);
    AE_CHECK_ARG(out_found != NULL, err);
    return ae_chain_account(chain, address, out_account, out_found, err);
}

aether_status aether_chain_has_code(
    aether_chain *chain, const aether_hash *code_hash, bool *out_found, aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    AE_CHECK_ARG(code_hash != NULL, err);
    AE_CHECK_ARG(out_found != NULL, err);
    return ae_chain_has_code(chain, code_hash, out_found, err);
}

aether_status aether_chain_prove(aether_chain *chain, const aether_address *address,
    aether_bytes key, aether_buffer *out_proof, aether_buffer *out_value, bool *out_found,
    aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    AE_CHECK_ARG(address != NULL, err);
    AE_CHECK_ARG(is_bytes(key), err);
    AE_CHECK_ARG(key.len <= AETHER_KEY_LEN_MAX, err);
    AE_CHECK_ARG(out_proof != NULL, err);
    AE_CHECK_ARG(out_value != NULL, err);
    AE_CHECK_ARG(out_found != NULL, err);
    return ae_prove(&chain->store, address, key, out_proof, out_value, out_found, err);
}

aether_status aether_chain_undo(aether_chain *chain, aether_batch *out_batch, aether_error *err) {
    AE_CHECK_ARG(chain != NULL, err);
    AE_CHECK_ARG(out_batch != NULL, err);
    return ae_chain_undo(chain, out_batch, err);
}
