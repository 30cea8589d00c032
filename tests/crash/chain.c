#include "chain.h"

#include "base/alloc.h"
#include "engine/engine.h"

#include "harness/test.h"

#include <aether/aether.h>
#include <stdio.h>

enum { ALICE, BOB, KEYS, BLOCKS_MAX = 4096 };

/* Its input is pairs of bytes: a key, and how many times eight bytes are written there; 0 removes it. */
static const char contract_text[] =
    "(module (import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"
    "(import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(import \"env\" \"storage_remove\" (func $rm (param i32 i32) (result i32)))"
    "(memory (export \"memory\") 1) (func (export \"execute\") (result i32) (local $at i32) (local $end i32)"
    "(local.set $end (call $input (i32.const 0) (i32.const 256)))"
    "(block (loop (br_if 1 (i32.ge_u (local.get $at) (local.get $end)))"
    "(if (i32.load8_u offset=1 (local.get $at))"
    "(then (call $w (local.get $at) (i32.const 1) (i32.const 0)"
    "(i32.mul (i32.const 8) (i32.load8_u offset=1 (local.get $at)))))"
    "(else (drop (call $rm (local.get $at) (i32.const 1)))))"
    "(local.set $at (i32.add (local.get $at) (i32.const 2))) (br 0)))"
    "i32.const 0))";

static struct {
    aether_engine *engine; // NULL before the first use
    aether_contract *kept; // so that its native code is made once
    uint8_t *code;
    size_t code_len;
    aether_hash code_hash;
    uint8_t secrets[KEYS][AETHER_SECRET_KEY_LEN];
    aether_address addresses[KEYS];
    aether_address contract;
    // The same chain in memory: what must be.
    aether_memory_store *memory;
    uint64_t blocks; // that it has
    aether_hash roots[BLOCKS_MAX];
} here;

static void start(void) {
    aether_error err;
    if (here.engine != NULL)
        return;
    CHECK_OK(aether_engine_create(NULL, &here.engine, &err));
    const aether_bytes text = {
        .data = (const uint8_t *)contract_text, .len = sizeof contract_text - 1};
    CHECK_OK(ae_text_to_binary(text, &here.code, &here.code_len, &err));
    const aether_bytes code = {.data = here.code, .len = here.code_len};
    CHECK_OK(aether_contract_load(here.engine, code, &here.kept, &err));
    aether_code_hash(code, &here.code_hash);
    for (int i = 0; i < KEYS; i++) {
        aether_public_key key;
        memset(here.secrets[i], i + 1, AETHER_SECRET_KEY_LEN);
        CHECK_OK(aether_key_public(AETHER_KEY_ED25519, here.secrets[i], &key, &err));
        CHECK_OK(aether_account_address(&key, &here.addresses[i], &err));
    }
    const aether_hash salt = {0};
    aether_contract_address(&here.addresses[ALICE], &here.code_hash, &salt, &here.contract);
    CHECK_OK(aether_memory_store_create(&here.memory, &err));
}

// A store and how a batch gets into it.
typedef struct target {
    aether_store store;
    aether_database *database; // NULL: the one in memory
} target;

static aether_status apply(
    const target *to, const aether_change *changes, size_t count, aether_error *err) {
    return to->database != NULL ? aether_database_apply(to->database, changes, count, err)
                                : aether_memory_store_apply(here.memory, changes, count, err);
}

static aether_status make_genesis(const target *to, aether_error *out_err) {
    aether_error err;
    const aether_genesis_account accounts[] = {
        {here.addresses[ALICE], {.low = 1u << 30, .high = 1}},
        {here.addresses[BOB], {.low = 1u << 30, .high = 1}}};
    const aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = {.data = (const uint8_t *)"crash", .len = 5},
        .parameters = {.struct_size = sizeof genesis.parameters,
            .protocol_version = AETHER_PROTOCOL_VERSION},
        .accounts = accounts,
        .account_count = KEYS};
    aether_batch batch;
    CHECK_OK(aether_genesis_changes(&genesis, &batch, &err));
    const aether_status status = apply(to, batch.changes, batch.count, out_err);
    aether_batch_destroy(&batch);
    return status;
}

// Upload, then deploy, then calls and transfers; now and then one that fails.
static aether_transaction plan(uint64_t height, unsigned number, uint64_t *random, uint8_t *input) {
    aether_transaction t = {.struct_size = sizeof t,
        .chain_id = {.data = (const uint8_t *)"crash", .len = 5},
        .gas_limit = 300000000,
        .gas_price = 1 + height % 3,
        .kind = AETHER_TRANSACTION_TRANSFER,
        .value = {.low = height}};
    for (size_t i = 0; i < 24; i++)
        input[i] = (uint8_t)(test_random(random) % (i % 2 == 0 ? 40 : 24));
    memset(t.to.bytes, (int)(1 + test_random(random) % 20), sizeof t.to.bytes);
    if (number != 0)
        return t;
    if (height == 1) {
        t.kind = AETHER_TRANSACTION_UPLOAD;
        t.code = (aether_bytes){.data = here.code, .len = here.code_len};
    } else if (height == 2) {
        t.kind = AETHER_TRANSACTION_DEPLOY;
        t.code_hash = here.code_hash;
    } else {
        t.kind = AETHER_TRANSACTION_CALL;
        t.to = here.contract;
        t.input = (aether_bytes){.data = input, .len = height % 5 == 0 ? 1 : 24};
        t.gas_limit = height % 7 == 0 ? 2000000 : t.gas_limit; // not enough
    }
    if (t.kind != AETHER_TRANSACTION_CALL && t.kind != AETHER_TRANSACTION_DEPLOY)
        t.value = (aether_u128){0};
    return t;
}

static void execute(aether_chain *chain, aether_block *block, uint64_t seed, uint64_t height) {
    aether_error err;
    uint64_t random = seed * 1000003 + height;
    aether_account account;
    bool found = false;
    for (int key = 0; key < KEYS; key++) {
        CHECK_OK(aether_chain_account(chain, &here.addresses[key], &account, &found, &err));
        for (unsigned number = 0; number < 2; number++) {
            uint8_t input[256] = {0};
            aether_transaction t =
                plan(key == ALICE ? height : height + 100, number, &random, input);
            aether_buffer bytes;
            aether_receipt receipt;
            if (key == BOB && number == 0 && height < 3)
                continue;
            t.nonce = account.nonce++;
            CHECK_OK(
                aether_transaction_encode(&t, AETHER_KEY_ED25519, here.secrets[key], &bytes, &err));
            CHECK_OK(aether_block_execute(
                block, (aether_bytes){.data = bytes.data, .len = bytes.len}, &receipt, &err));
            CHECK_U64(receipt.reason, AETHER_INVALID_NONE);
            aether_receipt_destroy(&receipt);
            aether_buffer_destroy(&bytes);
        }
    }
}

static aether_status make_block(
    const target *to, uint64_t seed, uint64_t number, aether_error *out_err) {
    aether_error err;
    aether_chain *chain = NULL;
    aether_block *block = NULL;
    aether_block_result result;
    if (number == 1)
        return make_genesis(to, out_err);
    const uint64_t height = number - 1;
    const aether_block_header header = {.height = height, .time = height * 5};
    const aether_chain_options options = {.struct_size = sizeof options, .undo_blocks_max = 4};
    CHECK_OK(aether_chain_open(here.engine, &to->store, &options, &chain, &err));
    CHECK_OK(aether_block_begin(chain, &header, &block, &err));
    execute(chain, block, seed, height);
    CHECK_OK(aether_block_end(block, &result, &err));
    const aether_status status = apply(to, result.batch.changes, result.batch.count, out_err);
    if (to->database == NULL)
        here.roots[number] = result.batch.root;
    aether_block_revert(block);
    aether_chain_close(chain);
    return status;
}

aether_status chain_make_block(
    aether_database *database, uint64_t seed, uint64_t height, aether_error *err) {
    start();
    const target to = {.store = aether_database_store(database), .database = database};
    return make_block(&to, seed, height, err);
}

// The root that the chain must have after a block.
static const aether_hash *expected_root(uint64_t seed, uint64_t number) {
    aether_error err;
    const target to = {.store = aether_memory_store_interface(here.memory)};
    CHECK(number < BLOCKS_MAX);
    for (; here.blocks < number; here.blocks++) {
        CHECK_OK(make_block(&to, seed, here.blocks + 1, &err));
        if (here.blocks == 0) {
            aether_check_report report;
            CHECK_OK(aether_chain_check(&to.store, NULL, NULL, &report, &err));
            here.roots[1] = report.root;
        }
    }
    return &here.roots[number];
}

static uint64_t wrong(const char *what, const aether_error *err) {
    fprintf(stderr, "%s: %s\n", what, err != NULL ? err->message : "");
    return UINT64_MAX;
}

uint64_t chain_verify(aether_database *database, uint64_t seed) {
    aether_error err;
    aether_check_report report;
    start();
    const aether_store store = aether_database_store(database);
    if (aether_database_check(database, &err) != AETHER_OK)
        return wrong("database", &err);
    const aether_status status = aether_chain_check(&store, NULL, NULL, &report, &err);
    if (status == AETHER_WRONG_STATE) {
        aether_bytes key = {0};
        bool found = true;
        CHECK_OK(store.next(store.user, key, key, false, &key, &found, &err));
        return found ? wrong("a key without a chain", NULL) : 0;
    }
    if (status != AETHER_OK)
        return wrong("chain", &err);
    const uint64_t number = report.height + 1;
    if (memcmp(&report.root, expected_root(seed, number), sizeof report.root) != 0)
        return wrong("the state of another chain", NULL);
    return number;
}
