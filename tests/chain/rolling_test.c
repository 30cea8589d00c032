/* F9, F12: a few keys checked after each block find, in time, every value that is not what the root says.
 * Method: a chain with accounts and storage; each of its values damaged in turn, then checks from the roots of a walk. */
#include "world.h"

#include "crypto/hash.h"

static aether_error err;

static const char writing[] =
    "(module (import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(memory (export \"memory\") 1) (func (export \"execute\") (result i32) (local $i i32)"
    "(loop (i32.store8 (i32.const 0) (local.get $i))"
    "(call $w (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 9))"
    "(br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 9))) (i32.const 250))))"
    "i32.const 0))";

static void make(world *w) {
    world_start(w, NULL);
    const aether_address contract = world_deploy(w, writing, 1);
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    aether_receipt r = world_seal(w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    for (uint8_t i = 0; i < 20; i++) {
        t = world_transaction(w, BOB, AETHER_TRANSACTION_TRANSFER);
        memset(t.to.bytes, 7 * i + 3, sizeof t.to.bytes);
        t.value.low = 5;
        r = world_seal(w, BOB, &t);
        aether_receipt_destroy(&r);
    }
}

// Checks until one finds something; how many it took, `most` if none did.
static int checks_until_found(world *w, int most) {
    aether_hash place = {{1}};
    for (int i = 0; i < most; i++) {
        ae_sha256((aether_bytes){.data = place.bytes, .len = sizeof place}, &place);
        const aether_status status = aether_chain_check_some(&w->store, &place, 8, &err);
        if (status == AETHER_STORAGE_DAMAGED)
            return i;
        CHECK_U64(status, AETHER_OK);
    }
    return most;
}

static void sound_state_passes_from_everywhere(void) {
    world w;
    make(&w);
    CHECK_U64(checks_until_found(&w, 500), 500);
    aether_hash ends[2];
    memset(&ends[0], 0, sizeof ends[0]);
    memset(&ends[1], 0xff, sizeof ends[1]);
    for (size_t i = 0; i < 2; i++)
        for (uint32_t count = 0; count < 100; count++)
            CHECK_OK(aether_chain_check_some(&w.store, &ends[i], count, &err));
    world_end(&w);
}

static void f12_every_wrong_value_is_found_in_time(void) {
    world w;
    make(&w);
    uint8_t after[AETHER_STORE_KEY_LEN_MAX];
    size_t after_len = 0, damaged = 0;
    for (;;) {
        aether_bytes key = {0}, value = {0};
        uint8_t copy[512], wrong[512];
        bool found = false;
        CHECK_OK(w.store.next(w.store.user, (aether_bytes){0},
            (aether_bytes){.data = after, .len = after_len}, false, &key, &found, &err));
        if (!found || key.data[0] > AETHER_STORE_KIND_STORAGE)
            break;
        memmove(after, key.data, key.len);
        after_len = key.len;
        CHECK_OK(w.store.get(w.store.user, key, &value, &found, &err));
        CHECK(value.len <= sizeof copy);
        memcpy(copy, value.data, value.len);
        memcpy(wrong, value.data, value.len);
        wrong[value.len / 2] ^= 0x10;
        aether_change change = {
            .key = {.data = after, .len = after_len}, .value = {.data = wrong, .len = value.len}};
        const size_t len = value.len;
        CHECK_OK(aether_memory_store_apply(w.memory, &change, 1, &err));
        if (checks_until_found(&w, 2000) == 2000)
            test_fail(__FILE__, __LINE__, "key %zu of %zu bytes, kind %d, %02x%02x, last %02x",
                damaged, after_len, after[0], after[1], after[2], after[after_len - 1]);
        change.value = (aether_bytes){.data = copy, .len = len};
        CHECK_OK(aether_memory_store_apply(w.memory, &change, 1, &err));
        damaged++;
    }
    CHECK(damaged > 45);
    CHECK_U64(checks_until_found(&w, 100), 100);
    world_end(&w);
}

/* A record that can't be found any more is damage, not an account without anything. */
static void f9_hidden_account_is_no_absent_one(void) {
    world w;
    make(&w);
    uint8_t key[33];
    aether_account account = {.nonce = 7};
    bool found = false;
    const aether_change gone = {
        .key = {.data = key, .len = aether_account_key_encode(&w.addresses[BOB], key)},
        .is_removed = true};
    CHECK_OK(aether_chain_account(w.chain, &w.addresses[CAROL], &account, &found, &err));
    CHECK(!found);
    CHECK_OK(aether_memory_store_apply(w.memory, &gone, 1, &err));
    account.nonce = 7;
    CHECK_STATUS(aether_chain_account(w.chain, &w.addresses[BOB], &account, &found, &err),
        AETHER_STORAGE_DAMAGED);
    CHECK_U64(account.nonce, 7);
    world_end(&w);
}

static void store_without_a_chain_is_told(void) {
    aether_memory_store *memory = NULL;
    const aether_hash place = {{0}};
    CHECK_OK(aether_memory_store_create(&memory, &err));
    const aether_store store = aether_memory_store_interface(memory);
    CHECK_STATUS(aether_chain_check_some(&store, &place, 1, &err), AETHER_WRONG_STATE);
    aether_memory_store_destroy(memory);
}

TEST_MAIN(TEST(sound_state_passes_from_everywhere) TEST(f12_every_wrong_value_is_found_in_time)
        TEST(f9_hidden_account_is_no_absent_one) TEST(store_without_a_chain_is_told))
