/* A chain in a folder, which survives restarts and power cuts: each run adds a block in which Alice gives Bob 1.
 *
 *   cc -std=c17 durable_chain.c $(pkg-config --cflags --libs aether) -o durable_chain
 *   ./durable_chain DIR */
#include <aether/aether.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t secret[AETHER_SECRET_KEY_LEN] = {1}; // Alice's key; a real one is random
static const aether_bytes chain_id = {(const uint8_t *)"durable", 7};
static const aether_address bob = {{0xb0, 0xb}};
static aether_error error;

// To exit is fine at any moment, as it is to be killed: a batch is in the database as a whole, or it is not.
static void must(aether_status status) {
    if (status == AETHER_OK)
        return;
    fprintf(stderr, "durable_chain: %s: %s\n", aether_status_text(status), error.message);
    exit(1);
}

// Height 0: Alice has everything.
static void begin(aether_database *database, const aether_address *alice) {
    const aether_genesis_account account = {*alice, {.low = 1000000000}};
    const aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = chain_id,
        .accounts = &account,
        .account_count = 1,
        .parameters = {sizeof genesis.parameters, .protocol_version = AETHER_PROTOCOL_VERSION}};
    aether_batch batch;
    must(aether_genesis_changes(&genesis, &batch, &error));
    must(aether_database_apply(database, batch.changes, batch.count, &error));
    aether_batch_destroy(&batch);
}

static void add_block(aether_chain *chain, aether_database *database, uint64_t nonce) {
    const aether_transaction transfer = {.struct_size = sizeof transfer,
        .chain_id = chain_id,
        .nonce = nonce,
        .gas_limit = 1000000,
        .gas_price = 1,
        .kind = AETHER_TRANSACTION_TRANSFER,
        .to = bob,
        .value = {.low = 1}};
    aether_buffer bytes;
    aether_receipt receipt;
    aether_block *block;
    aether_block_result result;
    aether_chain_head head;
    aether_chain_get_head(chain, &head);
    const aether_block_header header = {.height = head.height + 1, .time = head.time + 1};
    must(aether_transaction_encode(&transfer, AETHER_KEY_ED25519, secret, &bytes, &error));
    must(aether_block_begin(chain, &header, &block, &error));
    must(aether_block_execute(block, (aether_bytes){bytes.data, bytes.len}, &receipt, &error));
    if (receipt.outcome != AETHER_RECEIPT_SUCCESS)
        printf("nothing was sent: %s\n", receipt.message); // a result like any other
    must(aether_block_end(block, &result, &error));
    must(aether_database_apply(database, result.batch.changes, result.batch.count, &error));
    aether_block_commit(block);
    aether_receipt_destroy(&receipt);
    aether_buffer_destroy(&bytes);
}

int main(int argc, char **argv) {
    aether_database *database;
    aether_engine *engine;
    aether_chain *chain;
    aether_chain_head head;
    aether_public_key key;
    aether_address alice;
    aether_account account;
    bool found;
    if (argc != 2) {
        fputs("usage: durable_chain DIR\n", stderr);
        return 2;
    }
    must(aether_key_public(AETHER_KEY_ED25519, secret, &key, &error));
    must(aether_account_address(&key, &alice, &error));
    must(aether_engine_create(NULL, &engine, &error));
    must(aether_database_open(argv[1], NULL, &database, &error));
    const aether_store store = aether_database_store(database);
    aether_status status = aether_chain_open(engine, &store, NULL, &chain, &error);
    if (status == AETHER_WRONG_STATE) { // no chain there yet
        begin(database, &alice);
        status = aether_chain_open(engine, &store, NULL, &chain, &error);
    }
    must(status);
    must(aether_chain_account(chain, &alice, &account, &found, &error));
    add_block(chain, database, account.nonce);
    must(aether_chain_account(chain, &bob, &account, &found, &error));
    aether_chain_get_head(chain, &head);
    printf("height %" PRIu64 ": Bob has %" PRIu64 "\n", head.height, account.balance.low);
    aether_chain_close(chain); // first what was made last
    aether_database_close(database);
    aether_engine_destroy(engine);
    return 0;
}
