/* An account's record is one of three lengths, and what was encoded comes back.
 * Method: golden bytes, round trips of random accounts, each other length and each undefined flag. */
#include "state/account.h"

#include "harness/test.h"

static aether_error err;

static aether_account contract_of(void) {
    aether_account account = {.balance = {.low = 0x0102030405060708, .high = 9},
        .nonce = 0x1122334455667788,
        .is_contract = true,
        .flags = AETHER_ACCOUNT_UPGRADABLE};
    memset(account.code_hash.bytes, 0xaa, AETHER_HASH_LEN);
    memset(account.storage_root.bytes, 0xbb, AETHER_HASH_LEN);
    memset(account.owner.bytes, 0xcc, AETHER_ADDRESS_LEN);
    return account;
}

static void check_same(const aether_account *a, const aether_account *b) {
    CHECK_U64(a->balance.low, b->balance.low);
    CHECK_U64(a->balance.high, b->balance.high);
    CHECK_U64(a->nonce, b->nonce);
    CHECK_U64(a->is_contract, b->is_contract);
    CHECK_U64(a->flags, b->flags);
    CHECK_BYTES(ae_bytes(a->code_hash.bytes, 32), ae_bytes(b->code_hash.bytes, 32));
    CHECK_BYTES(ae_bytes(a->storage_root.bytes, 32), ae_bytes(b->storage_root.bytes, 32));
    CHECK_BYTES(ae_bytes(a->owner.bytes, 32), ae_bytes(b->owner.bytes, 32));
}

static void record_has_the_documented_bytes(void) {
    uint8_t expected[AETHER_CONTRACT_ACCOUNT_LEN] = {8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0,
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    memset(expected + 24, 0xaa, 32);
    memset(expected + 56, 0xbb, 32);
    expected[88] = 1;
    memset(expected + 89, 0xcc, 32);
    aether_account account = contract_of();
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN];
    CHECK_U64(aether_account_encode(&account, record), sizeof expected);
    CHECK_BYTES(ae_bytes(record, sizeof record), ae_bytes(expected, sizeof expected));
    account.is_contract = false;
    CHECK_U64(aether_account_encode(&account, record), AETHER_ACCOUNT_LEN);
    CHECK_BYTES(ae_bytes(record, AETHER_ACCOUNT_LEN), ae_bytes(expected, AETHER_ACCOUNT_LEN));
}

static void record_comes_back(void) {
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN];
    const aether_account contract = contract_of();
    const aether_account plain = {.balance = {.low = 1}, .nonce = UINT64_MAX};
    aether_account read;
    CHECK_OK(aether_account_decode(
        ae_bytes(record, aether_account_encode(&contract, record)), &read, &err));
    check_same(&read, &contract);
    CHECK_OK(aether_account_decode(
        ae_bytes(record, aether_account_encode(&plain, record)), &read, &err));
    check_same(&read, &plain);
    CHECK_OK(aether_account_decode(ae_bytes(record, 16), &read, &err)); // a balance alone
    CHECK_U64(read.balance.low, 1);
    CHECK_U64(read.nonce, 0);
}

static void every_other_length_is_refused(void) {
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN + 8] = {0};
    aether_account read = {.nonce = 77};
    for (size_t len = 0; len <= sizeof record; len++) {
        if (len == 16 || len == AETHER_ACCOUNT_LEN || len == AETHER_CONTRACT_ACCOUNT_LEN)
            continue;
        CHECK_STATUS(
            aether_account_decode(ae_bytes(record, len), &read, &err), AETHER_INVALID_ARGUMENT);
        CHECK_STATUS(ae_account_read(ae_bytes(record, len), &read, &err), AETHER_STORAGE_DAMAGED);
    }
    CHECK_U64(read.nonce, 77);
}

static void undefined_flags_are_refused(void) {
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN];
    aether_account account = contract_of(), read;
    for (unsigned flags = 0; flags < 256; flags++) {
        account.flags = (uint8_t)flags;
        const aether_bytes bytes = ae_bytes(record, aether_account_encode(&account, record));
        if (flags <= 1)
            CHECK_OK(aether_account_decode(bytes, &read, &err));
        else
            CHECK_STATUS(aether_account_decode(bytes, &read, &err), AETHER_INVALID_ARGUMENT);
    }
}

TEST_MAIN(TEST(record_has_the_documented_bytes) TEST(record_comes_back)
        TEST(every_other_length_is_refused) TEST(undefined_flags_are_refused))
