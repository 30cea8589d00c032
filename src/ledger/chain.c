#include "ledger/chain.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "ledger/rewind.h"
#include "state/account.h"
#include "state/tree.h"

#define MODULES_MAX 256 // programs kept in memory
#define ARENA_CHUNK_LEN ((size_t)64 << 10)
#define ARENA_LEN_MAX ((size_t)16 << 30)

static aether_status read_record(const aether_store *store, const ae_store_key *key,
    aether_bytes *out_value, bool *out_found, aether_error *err) {
    const ae_view view = ae_view_of_store(store);
    return view.get(view.user, ae_store_key_bytes(key), out_value, out_found, err);
}

aether_status ae_chain_read_records(const aether_store *store, ae_constitution *out_constitution,
    ae_head *out_head, aether_error *err) {
    ae_store_key key;
    aether_bytes value = {0};
    bool found = false;
    ae_head_key_init(&key);
    AE_TRY(read_record(store, &key, &value, &found, err));
    if (!found)
        return ae_fail(err, AETHER_WRONG_STATE, "store: it holds no chain");
    AE_TRY(ae_head_decode(value, out_head, err));
    ae_parameters_key_init(&key);
    AE_TRY(read_record(store, &key, &value, &found, err));
    if (!found)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "store: a head without the chain's parameters");
    return ae_constitution_decode(value, out_constitution, err);
}

aether_status ae_chain_read(aether_chain *chain, aether_error *err) {
    ae_constitution constitution;
    ae_head head;
    AE_TRY(ae_chain_read_records(&chain->store, &constitution, &head, err));
    if (constitution.parameters.schedule != ae_runtime_schedule(chain->runtime)->id)
        return ae_fail(err, AETHER_INVALID_ARGUMENT,
            "engine: it has another gas schedule than the chain, which has number %d",
            (int)constitution.parameters.schedule);
    chain->constitution = constitution;
    chain->head = head;
    return AETHER_OK;
}

aether_status ae_chain_open(ae_runtime *runtime, const aether_store *store,
    uint64_t undo_blocks_max, aether_chain **out_chain, aether_error *err) {
    aether_chain *chain = ae_alloc(1, sizeof *chain);
    if (chain == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "chain");
    chain->runtime = runtime;
    chain->store = *store;
    chain->undo_blocks_max = undo_blocks_max;
    aether_status status = ae_chain_read(chain, err);
    if (status == AETHER_OK)
        status = ae_modules_create(runtime, MODULES_MAX, &chain->modules, err);
    if (status != AETHER_OK) {
        ae_chain_close(chain);
        return status;
    }
    *out_chain = chain;
    return AETHER_OK;
}

void ae_chain_close(aether_chain *chain) {
    if (chain == NULL)
        return;
    AE_ASSERT(chain->block == NULL);
    ae_modules_destroy(chain->modules);
    ae_free(chain);
}

// That a key isn't found is only believed where the tree has no leaf for it: damage may hide a record.
static aether_status check_absent(
    const aether_chain *chain, const ae_store_key *key, aether_error *err) {
    const ae_tree tree = {.view = &chain->store};
    ae_leaf leaf;
    ae_path_proof *proof = ae_alloc(1, sizeof *proof); // too large for a stack
    if (proof == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "proof that an account is absent");
    ae_leaf_init(&leaf, ae_store_key_bytes(key), (aether_bytes){0});
    aether_status status = ae_tree_prove(&tree, &leaf.path, proof, err);
    if (status == AETHER_OK && proof->terminal == AE_TERMINAL_LEAF)
        status = ae_fail(err, AETHER_STORAGE_DAMAGED,
            "account 0x%02x%02x%02x%02x...: the tree has it, but its record is not found",
            key->bytes[1], key->bytes[2], key->bytes[3], key->bytes[4]);
    ae_free(proof);
    return status;
}

aether_status ae_chain_account(aether_chain *chain, const aether_address *address,
    aether_account *out_account, bool *out_found, aether_error *err) {
    ae_store_key key;
    aether_bytes value = {0};
    aether_account account = {0};
    bool found = false;
    ae_account_key_init(&key, address);
    AE_TRY(read_record(&chain->store, &key, &value, &found, err));
    if (found)
        AE_TRY(ae_account_read(value, &account, err));
    else
        AE_TRY(check_absent(chain, &key, err));
    *out_account = account;
    *out_found = found;
    return AETHER_OK;
}

aether_status ae_chain_has_code(
    aether_chain *chain, const aether_hash *code_hash, bool *out_found, aether_error *err) {
    ae_store_key key;
    aether_bytes value = {0};
    bool found = false;
    ae_code_record_key_init(&key, code_hash);
    AE_TRY(read_record(&chain->store, &key, &value, &found, err));
    *out_found = found;
    return AETHER_OK;
}

// A contract or entry that is not there: reverted, nothing ran.
static aether_status query_nothing(const aether_query *query, aether_execution_result *out_result) {
    *out_result = (aether_execution_result){.outcome = AETHER_OUTCOME_REVERTED,
        .code = AETHER_CODE_NO_CODE,
        .gas_limit = query->gas_limit,
        .debug_text = ""};
    return AETHER_OK;
}

aether_status ae_chain_query(aether_chain *chain, const aether_query *query,
    aether_execution_result *out_result, aether_error *err) {
    aether_account account;
    bool found = false;
    ae_program *program = NULL;
    AE_TRY(ae_chain_account(chain, &query->contract, &account, &found, err));
    if (!account.is_contract)
        return query_nothing(query, out_result);
    const ae_view view = ae_view_of_store(&chain->store);
    AE_TRY(ae_modules_find(chain->modules, &account.code_hash, &view, &program, err));
    if (program == NULL)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code of a contract is not in the store");
    if (!ae_program_has_entry(program, AETHER_ENTRY_QUERY))
        return query_nothing(query, out_result);
    const ae_message message = {.entry = AETHER_ENTRY_QUERY,
        .gas_limit = query->gas_limit,
        .context = {.self = query->contract,
            .caller = query->caller,
            .block_number = chain->head.height,
            .timestamp = chain->head.time,
            .chain_id = ae_bytes(chain->constitution.chain_id, chain->constitution.chain_id_len),
            .input = query->input,
            .is_static = true}};
    return ae_runtime_call(program, &message, &chain->store, out_result, err);
}

static aether_status undo(
    aether_chain *chain, ae_arena *arena, aether_batch *out_batch, aether_error *err) {
    ae_rewind rewind;
    AE_TRY(ae_rewind_make(&chain->store, &chain->head, arena, &rewind, err));
    if (!rewind.found)
        return ae_fail(err, AETHER_WRONG_STATE,
            "block %llu can't be taken back: its undo records are gone",
            (unsigned long long)chain->head.height);
    out_batch->changes = rewind.changes;
    out_batch->count = rewind.count;
    out_batch->root = rewind.before.root;
    return AETHER_OK;
}

aether_status ae_chain_undo(aether_chain *chain, aether_batch *out_batch, aether_error *err) {
    if (chain->block != NULL)
        return ae_fail(err, AETHER_WRONG_STATE, "chain: a block is open");
    if (chain->head.height == 0)
        return ae_fail(err, AETHER_WRONG_STATE, "chain: it stands at its genesis");
    ae_arena *arena = ae_alloc(1, sizeof *arena);
    if (arena == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "batch");
    ae_arena_init(arena, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    aether_batch batch = {.owner = arena};
    const aether_status status = undo(chain, arena, &batch, err);
    if (status != AETHER_OK)
        aether_batch_destroy(&batch);
    else
        *out_batch = batch;
    return status;
}

void aether_batch_destroy(aether_batch *batch) {
    if (batch == NULL)
        return;
    if (batch->owner != NULL) {
        ae_arena_deinit(batch->owner);
        ae_free(batch->owner);
    }
    *batch = (aether_batch){0};
}
