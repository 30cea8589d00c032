/* A contract that writes what it is told to, and a chain whose state has something of everything. */
#ifndef AE_TESTS_CHAIN_KEEPER_H
#define AE_TESTS_CHAIN_KEEPER_H

#include "world.h"

/* Input: key length (1) ‖ key ‖ value to write, or 0 ‖ key to remove. */
static const char keeper_text[] =
    "(module (import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"
    "(import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(import \"env\" \"storage_remove\" (func $d (param i32 i32) (result i32)))"
    "(memory (export \"memory\") 2)"
    "(func (export \"execute\") (result i32) (local $n i32) (local $k i32)"
    "(local.set $n (call $input (i32.const 0) (i32.const 131072)))"
    "(local.set $k (i32.load8_u (i32.const 0)))"
    "(if (i32.eqz (local.get $k))"
    "(then (drop (call $d (i32.const 1) (i32.sub (local.get $n) (i32.const 1)))))"
    "(else (call $w (i32.const 1) (local.get $k)"
    "(i32.add (local.get $k) (i32.const 1))"
    "(i32.sub (i32.sub (local.get $n) (local.get $k)) (i32.const 1)))))"
    "i32.const 0))";

static inline void keeper_call(
    world *w, const aether_address *contract, const uint8_t *input, size_t len) {
    aether_transaction t = world_transaction(w, BOB, AETHER_TRANSACTION_CALL);
    t.to = *contract;
    t.input = (aether_bytes){.data = input, .len = len};
    aether_receipt r = world_seal(w, BOB, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
}

/* A block that writes value_len bytes of `fill`. */
static inline void keeper_write(
    world *w, const aether_address *contract, const char *key, size_t value_len, uint8_t fill) {
    static uint8_t input[1 + 255 + 65536];
    const size_t key_len = strlen(key);
    input[0] = (uint8_t)key_len;
    memcpy(input + 1, key, key_len);
    memset(input + 1 + key_len, fill, value_len);
    keeper_call(w, contract, input, 1 + key_len + value_len);
}

static inline void keeper_remove(world *w, const aether_address *contract, const char *key) {
    uint8_t input[256] = {0};
    memcpy(input + 1, key, strlen(key));
    keeper_call(w, contract, input, 1 + strlen(key));
}

static inline void world_pay(world *w, int to, uint64_t amount) {
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = w->addresses[to];
    t.value.low = amount;
    aether_receipt r = world_seal(w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
}

/* Deploy the same code twice, so that it is uploaded once. */
static inline void keeper_deploy(world *w, aether_address *contracts) {
    contracts[0] = world_deploy(w, keeper_text, 1);
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_DEPLOY);
    t.code_hash = world_account(w, &contracts[0]).code_hash;
    t.salt.bytes[0] = 2;
    aether_receipt r = world_seal(w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    contracts[1] = r.contract;
    aether_receipt_destroy(&r);
}

/* Two contracts with storage, one whose storage is empty again, two codes; keys of 255 bytes, values of none and of
 * 64 KiB; more keys than a tree's page holds. */
static inline void keeper_fill(world *w, aether_address *contracts) {
    static const char empty[] = "(module (func (export \"execute\") (result i32) i32.const 0))";
    char long_key[256], key[] = "key 00";
    memset(long_key, 'k', 255);
    long_key[255] = '\0';
    keeper_deploy(w, contracts);
    contracts[2] = world_deploy(w, empty, 3);
    keeper_write(w, &contracts[0], "none", 0, 0);
    keeper_write(w, &contracts[0], "large", 65536, 7);
    keeper_write(w, &contracts[0], long_key, 3, 9);
    for (int i = 0; i < 40; i++) {
        key[4] = (char)('0' + i / 10);
        key[5] = (char)('0' + i % 10);
        keeper_write(w, &contracts[0], key, (size_t)i, (uint8_t)i);
    }
    keeper_write(w, &contracts[1], "one", 1, 1);
    keeper_write(w, &contracts[1], "gone", 1, 1);
    keeper_remove(w, &contracts[1], "gone");
    world_pay(w, CAROL, 12345);
}

#endif
