#include "world.h"

#include "crypto/hash.h"
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/bytes.h"

static aether_error err;

aether_bytes bytes_of(const char *text) {
    return (aether_bytes){.data = (const uint8_t *)text, .len = strlen(text)};
}

void check_batch(const aether_batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        const aether_bytes key = batch->changes[i].key;
        CHECK(key.len != 0 && key.len <= AETHER_STORE_KEY_LEN_MAX);
        CHECK(key.data[0] < AETHER_STORE_KIND_EMBEDDER);
        if (i != 0)
            CHECK(ae_bytes_compare(batch->changes[i - 1].key, key) < 0);
    }
}

static void make_keys(world *self) {
    for (int i = 0; i < KEY_COUNT; i++) {
        aether_public_key key;
        memset(self->secrets[i], i + 1, AETHER_SECRET_KEY_LEN);
        self->types[i] = i == BOB ? AETHER_KEY_SECP256K1 : AETHER_KEY_ED25519;
        CHECK_OK(aether_key_public(self->types[i], self->secrets[i], &key, &err));
        CHECK_OK(aether_account_address(&key, &self->addresses[i], &err));
    }
}

void world_start(world *self, const world_options *options) {
    static const world_options defaults;
    if (options == NULL)
        options = &defaults;
    *self = (world){0};
    const aether_protocol protocol = {.struct_size = sizeof protocol,
        .version = AETHER_PROTOCOL_VERSION,
        .schedule = options->schedule};
    const aether_engine_options engine = {.struct_size = sizeof engine, .protocol = &protocol};
    CHECK_OK(aether_engine_create(&engine, &self->engine, &err));
    make_keys(self);
    const bool is_given = (options->alice.low | options->alice.high) != 0;
    const aether_genesis_account accounts[] = {
        {self->addresses[ALICE], is_given ? options->alice : (aether_u128){.low = WORLD_FUNDS}},
        {self->addresses[BOB], {.low = WORLD_FUNDS}}};
    const aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = bytes_of(options->chain_id != NULL ? options->chain_id : "test"),
        .time = WORLD_TIME,
        .parameters = {.struct_size = sizeof genesis.parameters,
            .protocol_version = AETHER_PROTOCOL_VERSION,
            .schedule = options->schedule,
            .block_gas_max = options->block_gas_max,
            .transaction_len_max = options->transaction_len_max,
            .block_len_max = options->block_len_max,
            .fee_address =
                options->fee_address != NULL ? *options->fee_address : self->addresses[FEES]},
        .accounts = accounts,
        .account_count = 2};
    aether_batch batch;
    CHECK_OK(aether_memory_store_create(&self->memory, &err));
    self->store = aether_memory_store_interface(self->memory);
    CHECK_OK(aether_genesis_changes(&genesis, &batch, &err));
    check_batch(&batch);
    CHECK_OK(aether_memory_store_apply(self->memory, batch.changes, batch.count, &err));
    aether_batch_destroy(&batch);
    const aether_chain_options chain = {
        .struct_size = sizeof chain, .undo_blocks_max = options->undo_blocks_max};
    CHECK_OK(aether_chain_open(self->engine, &self->store, &chain, &self->chain, &err));
}

void world_end(world *self) {
    aether_block_revert(self->block);
    aether_chain_close(self->chain);
    aether_memory_store_destroy(self->memory);
    aether_engine_destroy(self->engine);
}

aether_chain_head world_head(world *self) {
    aether_chain_head head;
    aether_chain_get_head(self->chain, &head);
    return head;
}

aether_account world_account(world *self, const aether_address *address) {
    aether_account account;
    bool found = false;
    CHECK_OK(aether_chain_account(self->chain, address, &account, &found, &err));
    return account;
}

aether_transaction world_transaction(world *self, int key, aether_transaction_kind kind) {
    static char chain_id[65];
    const aether_chain_head head = world_head(self);
    memcpy(chain_id, head.chain_id, sizeof chain_id);
    return (aether_transaction){.struct_size = sizeof(aether_transaction),
        .chain_id = bytes_of(chain_id),
        .nonce = world_account(self, &self->addresses[key]).nonce,
        .gas_limit = 500000000,
        .gas_price = 1,
        .kind = kind};
}

aether_buffer world_sign(world *self, int key, const aether_transaction *transaction) {
    aether_buffer bytes;
    CHECK_OK(
        aether_transaction_encode(transaction, self->types[key], self->secrets[key], &bytes, &err));
    return bytes;
}

void world_begin(world *self) {
    const aether_chain_head head = world_head(self);
    const aether_block_header header = {.height = head.height + 1, .time = head.time + 5};
    CHECK_OK(aether_block_begin(self->chain, &header, &self->block, &err));
}

aether_receipt world_execute(world *self, aether_bytes bytes) {
    aether_receipt receipt;
    CHECK_OK(aether_block_execute(self->block, bytes, &receipt, &err));
    return receipt;
}

aether_receipt world_run(world *self, int key, const aether_transaction *transaction) {
    aether_buffer bytes = world_sign(self, key, transaction);
    const aether_receipt receipt =
        world_execute(self, (aether_bytes){.data = bytes.data, .len = bytes.len});
    aether_buffer_destroy(&bytes);
    return receipt;
}

aether_block_result world_commit(world *self) {
    aether_block_result result;
    CHECK_OK(aether_block_end(self->block, &result, &err));
    check_batch(&result.batch);
    CHECK_OK(
        aether_memory_store_apply(self->memory, result.batch.changes, result.batch.count, &err));
    aether_block_commit(self->block);
    self->block = NULL;
    return result;
}

aether_receipt world_seal(world *self, int key, const aether_transaction *transaction) {
    world_begin(self);
    const aether_receipt receipt = world_run(self, key, transaction);
    world_commit(self);
    return receipt;
}

void world_undo(world *self) {
    aether_batch batch;
    CHECK_OK(aether_chain_undo(self->chain, &batch, &err));
    CHECK_OK(aether_memory_store_apply(self->memory, batch.changes, batch.count, &err));
    aether_batch_destroy(&batch);
    CHECK_OK(aether_chain_reopen(self->chain, &err));
}

void world_reopen(world *self, uint64_t undo_blocks_max) {
    aether_chain_close(self->chain);
    const aether_chain_options options = {
        .struct_size = sizeof options, .undo_blocks_max = undo_blocks_max};
    CHECK_OK(aether_chain_open(self->engine, &self->store, &options, &self->chain, &err));
}

aether_hash world_upload(world *self, const char *wat) {
    aether_transaction t = world_transaction(self, ALICE, AETHER_TRANSACTION_UPLOAD);
    uint8_t *code = NULL;
    aether_hash hash;
    CHECK_OK(ae_text_to_binary(bytes_of(wat), &code, &t.code.len, &err));
    t.code.data = code;
    aether_receipt receipt = world_seal(self, ALICE, &t);
    if (receipt.outcome != AETHER_RECEIPT_SUCCESS)
        test_fail(__FILE__, __LINE__, "upload: %s", receipt.message);
    CHECK_U64(receipt.return_data.len, AETHER_HASH_LEN);
    memcpy(hash.bytes, receipt.return_data.data, AETHER_HASH_LEN);
    aether_receipt_destroy(&receipt);
    ae_free(code);
    return hash;
}

aether_address world_deploy(world *self, const char *wat, uint8_t salt) {
    const aether_hash code_hash = world_upload(self, wat);
    aether_transaction t = world_transaction(self, ALICE, AETHER_TRANSACTION_DEPLOY);
    t.code_hash = code_hash;
    t.salt.bytes[0] = salt;
    t.is_upgradable = true;
    aether_receipt receipt = world_seal(self, ALICE, &t);
    CHECK_U64(receipt.outcome, AETHER_RECEIPT_SUCCESS);
    const aether_address contract = receipt.contract;
    aether_receipt_destroy(&receipt);
    return contract;
}

aether_hash world_digest(world *self) {
    aether_hash digest = {0};
    uint8_t after[AETHER_STORE_KEY_LEN_MAX];
    size_t after_len = 0;
    for (;;) {
        aether_bytes key = {0}, value = {0};
        bool found = false;
        CHECK_OK(self->store.next(self->store.user, (aether_bytes){0},
            (aether_bytes){.data = after, .len = after_len}, false, &key, &found, &err));
        if (!found)
            return digest;
        CHECK_OK(self->store.get(self->store.user, key, &value, &found, &err));
        CHECK(found);
        aether_hash parts[3] = {digest};
        ae_sha256(key, &parts[1]);
        ae_sha256(value, &parts[2]);
        ae_sha256((aether_bytes){.data = parts[0].bytes, .len = sizeof parts}, &digest);
        memmove(after, key.data, key.len);
        after_len = key.len;
    }
}
