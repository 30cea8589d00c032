/* A complete toy chain: three nodes, each with its own state, and a consensus of their own: a block stands when all of
 * them come to the same root. The library says what a block does; everything else is this program's.
 *   cc -std=c17 toy_chain.c $(pkg-config --cflags --libs aether) -o toy_chain */
#include <aether/aether.h>

#include <stdio.h>

#include "toy_map.h" // where the state lies: a map here; in a chain of yours its database

static const char counter[] = // a contract that counts its calls in its storage
    "(module (import \"env\" \"storage_read\" (func $read (param i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"
    "(memory (export \"memory\") 1) (data (i32.const 0) \"count\") (func (export \"execute\") (result i32)"
    "(drop (call $read (i32.const 0) (i32.const 5) (i32.const 8) (i32.const 8)))"
    "(i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))"
    "(call $write (i32.const 0) (i32.const 5) (i32.const 8) (i32.const 8)) (i32.const 0)))";
static const uint8_t secret[AETHER_SECRET_KEY_LEN] = {1}; // Alice's key; a real one is random
static const aether_bytes chain_id = {(const uint8_t *)"toy", 3};
static map states[3];
static aether_chain *chains[3];
static aether_error error;

static void must(aether_status status) { // not OK: a mistake in here, or a fault of the machine
    if (status == AETHER_OK)
        return;
    fprintf(stderr, "toy_chain: %s: %s\n", aether_status_text(status), error.message);
    exit(1);
}

// Alice signs a transaction, a node executes it. One that fails is a result, not an error.
static void execute(aether_block *block, aether_transaction t, uint64_t nonce) {
    aether_buffer bytes;
    aether_receipt receipt;
    t.struct_size = sizeof t, t.chain_id = chain_id, t.nonce = nonce;
    t.gas_limit = 50000000, t.gas_price = 1;
    must(aether_transaction_encode(&t, AETHER_KEY_ED25519, secret, &bytes, &error));
    must(aether_block_execute(block, (aether_bytes){bytes.data, bytes.len}, &receipt, &error));
    printf("%s, ", receipt.outcome == AETHER_RECEIPT_SUCCESS ? "success" : receipt.message);
    aether_receipt_destroy(&receipt);
    aether_buffer_destroy(&bytes);
}

// Every node executes the block on its own. The last one may cheat: it leaves a transaction out.
static void propose(const aether_transaction *sent, uint64_t first, uint64_t end, bool cheats) {
    aether_chain_head head;
    aether_block *blocks[3];
    aether_block_result results[3];
    size_t votes = 0;
    aether_chain_get_head(chains[0], &head);
    const aether_block_header header = {.height = head.height + 1, .time = head.time + 5};
    for (size_t i = 0; i < 3; i++) {
        must(aether_block_begin(chains[i], &header, &blocks[i], &error));
        for (uint64_t t = first; t < end - (cheats && i == 2); t++)
            execute(blocks[i], sent[t], t);
        must(aether_block_end(blocks[i], &results[i], &error));
        const uint8_t *root = results[i].batch.root.bytes;
        printf("node %zu: %02x%02x%02x%02x...\n", i, root[0], root[1], root[2], root[3]);
        votes += memcmp(root, results[0].batch.root.bytes, AETHER_HASH_LEN) == 0;
    }
    for (size_t i = 0; i < 3; i++)
        if (votes == 3) {
            map_apply(&states[i], &results[i].batch);
            aether_block_commit(blocks[i]);
        } else
            aether_block_revert(blocks[i]); // nothing happened
    puts(votes == 3 ? "all agree: committed" : "they don't agree: reverted");
}

int main(void) {
    aether_genesis_account alice = {.balance = {.low = 100000000}};
    aether_public_key key;
    aether_batch batch;
    aether_engine *engine;
    aether_buffer code;
    must(aether_key_public(AETHER_KEY_ED25519, secret, &key, &error));
    must(aether_account_address(&key, &alice.address, &error));
    const aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = chain_id,
        .accounts = &alice,
        .account_count = 1,
        .parameters = {sizeof genesis.parameters, .protocol_version = AETHER_PROTOCOL_VERSION}};
    must(aether_genesis_changes(&genesis, &batch, &error));
    must(aether_engine_create(NULL, &engine, &error));
    for (size_t i = 0; i < 3; i++) {
        map_apply(&states[i], &batch);
        must(aether_chain_open(
            engine, &(aether_store){&states[i], map_get, map_next}, NULL, &chains[i], &error));
    }
    aether_batch_destroy(&batch);
    must(aether_module_strip(
        (aether_bytes){(const uint8_t *)counter, sizeof counter - 1}, &code, &error));
    aether_transaction sent[] = {{.kind = AETHER_TRANSACTION_UPLOAD, .code = {code.data, code.len}},
        {.kind = AETHER_TRANSACTION_DEPLOY},
        {.kind = AETHER_TRANSACTION_TRANSFER, .to = {{0xb0, 0xb}}, .value = {.low = 1000}},
        {.kind = AETHER_TRANSACTION_CALL}};
    aether_code_hash(sent[0].code, &sent[1].code_hash);
    aether_contract_address(&alice.address, &sent[1].code_hash, &sent[1].salt, &sent[3].to);
    propose(sent, 0, 2, false);
    propose(sent, 2, 4, true);
    propose(sent, 2, 4, false);
    for (size_t i = 0; i < 3; i++)
        aether_chain_close(chains[i]);
    aether_buffer_destroy(&code);
    aether_engine_destroy(engine);
    return 0;
}
