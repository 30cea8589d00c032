// The state of height 0.
#include "base/alloc.h"
#include "base/arithmetic.h"
#include "base/bytes.h"
#include "ledger/commitment.h"

#include <aether/version.h>

#define ARENA_CHUNK_LEN ((size_t)64 << 10)
#define ARENA_LEN_MAX ((size_t)16 << 30)
#define BLOCK_GAS_DEFAULT 1000000000u
#define TRANSACTION_LEN_DEFAULT 1200000u
#define TRANSACTION_LEN_MAX (4u << 20)
#define BLOCK_LEN_DEFAULT (4u << 20)
#define BLOCK_LEN_MAX (64u << 20)

static aether_status refuse_bytes(const char *what, uint64_t got, uint64_t max, aether_error *err) {
    return ae_fail(err, AETHER_INVALID_GENESIS, "%s: %llu bytes, at most %llu", what,
        (unsigned long long)got, (unsigned long long)max);
}

static aether_status set_parameters(
    const aether_parameters *given, ae_constitution *out, aether_error *err) {
    aether_parameters *p = &out->parameters;
    *p = *given;
    p->struct_size = sizeof *p;
    if (p->protocol_version != AETHER_PROTOCOL_VERSION)
        return ae_fail(err, AETHER_INVALID_GENESIS, "protocol_version: %u, this library knows %d",
            p->protocol_version, AETHER_PROTOCOL_VERSION);
    if ((unsigned)p->schedule > AETHER_SCHEDULE_UNIT)
        return ae_fail(
            err, AETHER_INVALID_GENESIS, "schedule: no schedule has number %d", (int)p->schedule);
    if (p->block_gas_max == 0)
        p->block_gas_max = BLOCK_GAS_DEFAULT;
    if (p->transaction_len_max == 0)
        p->transaction_len_max = TRANSACTION_LEN_DEFAULT;
    if (p->block_len_max == 0)
        p->block_len_max = BLOCK_LEN_DEFAULT;
    if (p->transaction_len_max > TRANSACTION_LEN_MAX)
        return refuse_bytes(
            "transaction_len_max", p->transaction_len_max, TRANSACTION_LEN_MAX, err);
    if (p->block_len_max > BLOCK_LEN_MAX)
        return refuse_bytes("block_len_max", p->block_len_max, BLOCK_LEN_MAX, err);
    if (p->transaction_len_max > p->block_len_max)
        return refuse_bytes("transaction_len_max", p->transaction_len_max, p->block_len_max, err);
    return AETHER_OK;
}

static aether_status set_chain_id(aether_bytes id, ae_constitution *out, aether_error *err) {
    if (id.len == 0 || id.len > AE_CHAIN_ID_LEN_MAX)
        return ae_fail(err, AETHER_INVALID_GENESIS, "chain_id: %zu bytes, need 1 to %d", id.len,
            AE_CHAIN_ID_LEN_MAX);
    for (size_t i = 0; i < id.len; i++)
        if (id.data[i] <= ' ' || id.data[i] > '~')
            return ae_fail(err, AETHER_INVALID_GENESIS,
                "chain_id: byte %zu is 0x%02x, need printable ASCII without spaces", i, id.data[i]);
    memcpy(out->chain_id, id.data, id.len);
    out->chain_id_len = (uint8_t)id.len;
    return AETHER_OK;
}

static aether_status add_account(ae_journal *journal, const aether_genesis *genesis, size_t index,
    ae_constitution *constitution, aether_error *err) {
    const aether_genesis_account *given = &genesis->accounts[index];
    aether_account account;
    bool found = false;
    AE_TRY(ae_journal_account(journal, &given->address, &account, &found, err));
    if (found)
        return ae_fail(err, AETHER_INVALID_GENESIS,
            "accounts: entry %zu has an address that an earlier one has", index);
    if (!ae_add_u128(constitution->supply, given->balance, &constitution->supply))
        return ae_fail(err, AETHER_INVALID_GENESIS,
            "accounts: balances up to entry %zu sum to more than 2^128 - 1", index);
    account.balance = given->balance;
    return ae_journal_set_account(journal, &given->address, &account, err);
}

static aether_status fill(
    const aether_genesis *genesis, ae_arena *arena, aether_batch *out_batch, aether_error *err) {
    ae_constitution constitution = {0};
    ae_journal *journal = NULL;
    ae_store_key key;
    uint8_t bytes[AE_PARAMETERS_LEN_MAX];
    aether_memory_store *nothing = NULL;
    AE_TRY(set_parameters(&genesis->parameters, &constitution, err));
    AE_TRY(set_chain_id(genesis->chain_id, &constitution, err));
    AE_TRY(ae_journal_create(arena, NULL, &journal, err));
    for (size_t i = 0; i < genesis->account_count; i++)
        AE_TRY(add_account(journal, genesis, i, &constitution, err));
    ae_parameters_key_init(&key);
    const size_t len = ae_constitution_encode(&constitution, bytes);
    AE_TRY(ae_journal_write(journal, ae_store_key_bytes(&key), ae_bytes(bytes, len), err));
    AE_TRY(aether_memory_store_create(&nothing, err));
    const aether_store store = aether_memory_store_interface(nothing);
    ae_commitment commitment = {
        .store = &store, .journal = journal, .after = {.time = genesis->time}, .arena = arena};
    const aether_status status =
        ae_commitment_make(&commitment, &out_batch->changes, &out_batch->count, err);
    aether_memory_store_destroy(nothing);
    out_batch->root = commitment.after.root;
    return status;
}

aether_status aether_genesis_changes(
    const aether_genesis *genesis, aether_batch *out_batch, aether_error *err) {
    AE_CHECK_ARG(genesis != NULL, err);
    AE_CHECK_ARG(genesis->struct_size >= sizeof *genesis, err);
    AE_CHECK_ARG(genesis->chain_id.data != NULL || genesis->chain_id.len == 0, err);
    AE_CHECK_ARG(genesis->accounts != NULL || genesis->account_count == 0, err);
    AE_CHECK_ARG(out_batch != NULL, err);
    ae_arena *arena = ae_alloc(1, sizeof *arena);
    if (arena == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "batch");
    ae_arena_init(arena, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    aether_batch batch = {.owner = arena};
    const aether_status status = fill(genesis, arena, &batch, err);
    if (status != AETHER_OK)
        aether_batch_destroy(&batch);
    else
        *out_batch = batch;
    return status;
}
