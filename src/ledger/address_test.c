/* An address has one text, and an account's can't be a contract's.
 * Method: golden texts of a second implementation (transaction_test.c has more); every address of a sample there and
 * back; every changed character, pair and length; the texts that others take. */
#include "crypto/hash.h"
#include "ledger/key.h"

#include "harness/test.h"

static const char golden[] =
    "ae1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sjy4gmr"; // bytes 0 to 31

static aether_address counting(void) {
    aether_address address;
    for (uint8_t i = 0; i < 32; i++)
        address.bytes[i] = i;
    return address;
}

static void check_refused(const char *text, const char *words) {
    aether_error err;
    aether_address address = counting();
    CHECK_STATUS(aether_address_decode(text, &address, &err), AETHER_INVALID_ARGUMENT);
    if (strstr(err.message, words) == NULL)
        test_fail(__FILE__, __LINE__, "%s: \"%s\" does not say \"%s\"", text, err.message, words);
    const aether_address untouched = counting();
    CHECK(memcmp(&address, &untouched, sizeof address) == 0);
}

static void an_address_has_its_golden_text(void) {
    aether_error err;
    char text[AETHER_ADDRESS_TEXT_LEN + 1];
    const aether_address address = counting();
    aether_address decoded;
    aether_address_encode(&address, text);
    CHECK_TEXT(text, golden);
    CHECK_OK(aether_address_decode(text, &decoded, &err));
    CHECK(memcmp(&decoded, &address, sizeof address) == 0);
}

static void random_addresses_come_back_as_they_went(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 10000; round++) {
        aether_error err;
        aether_address address, decoded;
        char text[AETHER_ADDRESS_TEXT_LEN + 1];
        for (size_t i = 0; i < 32; i++)
            address.bytes[i] = (uint8_t)(round == 0 ? 0 : round == 1 ? 0xff : test_random(&random));
        aether_address_encode(&address, text);
        CHECK_U64(strlen(text), AETHER_ADDRESS_TEXT_LEN);
        CHECK_OK(aether_address_decode(text, &decoded, &err));
        CHECK(memcmp(&decoded, &address, sizeof address) == 0);
    }
}

static void every_changed_character_is_noticed(void) {
    for (size_t at = 0; at < AETHER_ADDRESS_TEXT_LEN; at++)
        for (unsigned byte = 1; byte < 256; byte++) {
            char text[sizeof golden];
            memcpy(text, golden, sizeof golden);
            text[at] = (char)byte;
            if (text[at] != golden[at])
                check_refused(text, "");
        }
}

// The code finds up to four changed characters: any two of the alphabet's, here at random places.
static void changed_pairs_are_noticed(void) {
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    uint64_t random = test_seed();
    for (int round = 0; round < 20000; round++) {
        char text[sizeof golden];
        memcpy(text, golden, sizeof golden);
        for (int change = 0; change < 2; change++)
            text[3 + test_random(&random) % 58] = alphabet[test_random(&random) % 32];
        if (strcmp(text, golden) != 0)
            check_refused(text, "checksum");
    }
}

static void upper_and_mixed_case_are_refused(void) {
    char text[sizeof golden];
    for (size_t from = 0; from < 61; from++)
        for (size_t to = from + 1; to <= 61; to++) {
            memcpy(text, golden, sizeof golden);
            for (size_t i = from; i < to; i++)
                if (text[i] >= 'a' && text[i] <= 'z')
                    text[i] = (char)(text[i] - 'a' + 'A');
            if (strcmp(text, golden) != 0)
                check_refused(text, from < 2 ? "ae1" : "lower case");
        }
}

static void other_prefixes_lengths_and_checksums_are_refused(void) {
    char text[80];
    check_refused("", "ae1");
    check_refused("ae", "ae1");
    check_refused("ae1", "58");
    check_refused("bc1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sp695jg", "ae1");
    check_refused(" ae1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sjy4gmr", "ae1");
    for (size_t len = 3; len < 75; len++) {
        memset(text, 'q', sizeof text);
        memcpy(text, golden, sizeof golden - 1);
        text[len] = '\0';
        if (len != 61)
            check_refused(text, "58");
    }
    aether_error err;
    aether_address address;
    CHECK_STATUS(aether_address_decode(NULL, &address, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_address_decode(golden, NULL, &err), AETHER_INVALID_ARGUMENT);
}

// The checksum is right, and one of the four bits that no address has is set.
static void bits_that_are_left_over_are_refused(void) {
    check_refused("ae1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc030jpax3", "left over");
    check_refused("ae1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0ldfx5ym", "left over");
    check_refused("ae1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0s8c9y7p",
        "checksum"); // of bech32, the predecessor
}

static void an_account_is_the_hash_of_its_type_and_key(void) {
    aether_error err;
    uint8_t bytes[34] = {0};
    for (int type = 0; type < 2; type++) {
        aether_public_key key = {
            .type = (aether_key_type)type, .len = (uint8_t)(32 + type), .bytes = {5, 6, 7}};
        aether_address address;
        aether_hash hash;
        bytes[0] = (uint8_t)type;
        memcpy(bytes + 1, key.bytes, key.len);
        ae_hash_tagged("account", ae_bytes(bytes, 1u + key.len), &hash);
        CHECK_OK(aether_account_address(&key, &address, &err));
        CHECK_BYTES(ae_bytes(address.bytes, 32), ae_bytes(hash.bytes, 32));
        for (unsigned len = 0; len < 256; len++) {
            key.len = (uint8_t)len;
            if (len != 32u + (unsigned)type)
                CHECK_STATUS(aether_account_address(&key, &address, &err), AETHER_INVALID_ARGUMENT);
        }
        key = (aether_public_key){.type = (aether_key_type)2, .len = 32};
        CHECK_STATUS(aether_account_address(&key, &address, &err), AETHER_INVALID_ARGUMENT);
    }
}

// Each part of a contract's address changes it, and so does its place.
static void a_contract_is_the_hash_of_its_three_parts(void) {
    const aether_address deployer = counting();
    aether_hash parts[2] = {{{1}}, {{2}}};
    aether_address first, other;
    uint8_t bytes[96];
    aether_hash hash;
    aether_contract_address(&deployer, &parts[0], &parts[1], &first);
    memcpy(bytes, deployer.bytes, 32);
    memcpy(bytes + 32, parts, 64);
    ae_hash_tagged("contract", ae_bytes(bytes, sizeof bytes), &hash);
    CHECK_BYTES(ae_bytes(first.bytes, 32), ae_bytes(hash.bytes, 32));
    aether_contract_address(&deployer, &parts[1], &parts[0], &other);
    CHECK(memcmp(&first, &other, sizeof first) != 0);
    ae_hash_tagged("account", ae_bytes(bytes, sizeof bytes), &hash);
    CHECK(memcmp(&first, &hash, sizeof first) != 0);
}

TEST_MAIN(TEST(an_address_has_its_golden_text) TEST(random_addresses_come_back_as_they_went)
        TEST(every_changed_character_is_noticed) TEST(changed_pairs_are_noticed) TEST(
            upper_and_mixed_case_are_refused) TEST(other_prefixes_lengths_and_checksums_are_refused)
            TEST(bits_that_are_left_over_are_refused)
                TEST(an_account_is_the_hash_of_its_type_and_key)
                    TEST(a_contract_is_the_hash_of_its_three_parts))
