/* A chain in memory with a few keys, for the tests of this folder: sign, execute, commit in one line each. */
#ifndef AE_TESTS_CHAIN_WORLD_H
#define AE_TESTS_CHAIN_WORLD_H

#include <aether/aether.h>

#include "harness/test.h"

enum { ALICE, BOB, CAROL, FEES, KEY_COUNT };

#define WORLD_FUNDS \
    1000000000000000u /* of Alice and Bob; Carol has none, and an address without a record */
#define WORLD_TIME 1700000000u

typedef struct world {
    aether_engine *engine;
    aether_memory_store *memory;
    aether_store store;
    aether_chain *chain;
    aether_key_type types[KEY_COUNT];
    uint8_t secrets[KEY_COUNT][AETHER_SECRET_KEY_LEN];
    aether_address addresses[KEY_COUNT];
    aether_block *block; /* that is open, or NULL */
} world;

/* What a world is made with; zero fields take the defaults. */
typedef struct world_options {
    aether_schedule schedule;
    uint64_t block_gas_max;
    uint32_t transaction_len_max;
    uint32_t block_len_max;
    uint64_t undo_blocks_max;
    const char *chain_id;              /* NULL: "test" */
    aether_u128 alice;                 /* 0: WORLD_FUNDS */
    const aether_address *fee_address; /* NULL: that of FEES */
} world_options;

void world_start(world *self, const world_options *options);
void world_end(world *self);

/* A transaction of a key with the nonce that it has now, 500,000,000 gas at price 1. */
aether_transaction world_transaction(world *self, int key, aether_transaction_kind kind);

/* Encode and sign with a key. */
aether_buffer world_sign(world *self, int key, const aether_transaction *transaction);

void world_begin(world *self);
aether_receipt world_execute(world *self, aether_bytes bytes);
/* Sign and execute in the open block. */
aether_receipt world_run(world *self, int key, const aether_transaction *transaction);
/* End, apply, commit. */
aether_block_result world_commit(world *self);
/* A block of this one transaction. */
aether_receipt world_seal(world *self, int key, const aether_transaction *transaction);

/* Upload text as a module, and deploy it; both must succeed. */
aether_hash world_upload(world *self, const char *wat);
aether_address world_deploy(world *self, const char *wat, uint8_t salt);

/* Take the last block back. */
void world_undo(world *self);
/* Open the chain again, with other options. */
void world_reopen(world *self, uint64_t undo_blocks_max);

aether_account world_account(world *self, const aether_address *address);
aether_chain_head world_head(world *self);

aether_bytes bytes_of(const char *text);

/* A batch is what its type promises: sorted by key, no key twice, no key of the embedder's. */
void check_batch(const aether_batch *batch);

/* Everything in the store that is committed or derived, as one digest. */
aether_hash world_digest(world *self);

#endif
