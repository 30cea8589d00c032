/* Keys and signatures of either type, and what they refuse.
 * Method: published keys and signatures; random keys that sign and verify; the secrets around the group order. */
#include "ledger/key.h"

#include "harness/test.h"

#include <stdlib.h>

static void from_hex(const char *hex, uint8_t *out) {
    for (size_t i = 0; i < strlen(hex) / 2; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static void check_public(aether_key_type type, const char *secret, const char *expected) {
    uint8_t bytes[32], public_key[33];
    aether_public_key key;
    aether_error err;
    from_hex(secret, bytes);
    from_hex(expected, public_key);
    CHECK_OK(aether_key_public(type, bytes, &key, &err));
    CHECK_U64(key.type, type);
    CHECK_BYTES(ae_bytes(key.bytes, key.len), ae_bytes(public_key, strlen(expected) / 2));
}

// RFC 8032, section 7.1; the generator of secp256k1 (SEC 2), twice it, and its negative.
static void published_secrets_have_their_public_keys(void) {
    check_public(AETHER_KEY_ED25519,
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    check_public(AETHER_KEY_ED25519,
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    check_public(AETHER_KEY_ED25519,
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    check_public(AETHER_KEY_SECP256K1,
        "0000000000000000000000000000000000000000000000000000000000000001",
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    check_public(AETHER_KEY_SECP256K1,
        "0000000000000000000000000000000000000000000000000000000000000002",
        "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5");
    check_public(AETHER_KEY_SECP256K1,
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
        "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
}

static void secrets_that_are_no_scalar_are_refused(void) {
    static const char *const wrong[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    const aether_hash hash = {{1}};
    for (size_t i = 0; i < 4; i++) {
        uint8_t secret[32], signature[64] = {9};
        aether_public_key key = {.len = 99};
        aether_error err;
        from_hex(wrong[i], secret);
        CHECK_STATUS(
            aether_key_public(AETHER_KEY_SECP256K1, secret, &key, &err), AETHER_INVALID_KEY);
        CHECK_U64(key.len, 99);
        CHECK_STATUS(
            ae_key_sign(AETHER_KEY_SECP256K1, secret, &hash, signature, &err), AETHER_INVALID_KEY);
        CHECK_U64(signature[0], 9);
        CHECK_OK(
            aether_key_public(AETHER_KEY_ED25519, secret, &key, &err)); // a seed may be anything
        CHECK_STATUS(
            aether_key_public((aether_key_type)2, secret, &key, &err), AETHER_INVALID_ARGUMENT);
        CHECK_STATUS(ae_key_sign((aether_key_type)2, secret, &hash, signature, &err),
            AETHER_INVALID_ARGUMENT);
        CHECK_STATUS(
            aether_key_public(AETHER_KEY_ED25519, NULL, &key, &err), AETHER_INVALID_ARGUMENT);
        CHECK_STATUS(
            aether_key_public(AETHER_KEY_ED25519, secret, NULL, &err), AETHER_INVALID_ARGUMENT);
    }
}

static void what_a_key_signs_only_that_key_verifies(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 60; round++) {
        const aether_key_type type = (aether_key_type)(round % 2);
        uint8_t secret[32], signature[64], again[64];
        aether_public_key key, other;
        aether_hash hash;
        aether_error err;
        for (size_t i = 0; i < 32; i++) {
            secret[i] = (uint8_t)test_random(&random);
            hash.bytes[i] = (uint8_t)test_random(&random);
        }
        CHECK_OK(aether_key_public(type, secret, &key, &err));
        CHECK_OK(ae_key_sign(type, secret, &hash, signature, &err));
        CHECK_OK(ae_key_sign(type, secret, &hash, again, &err));
        CHECK(memcmp(signature, again, sizeof again) == 0); // deterministic
        CHECK(ae_key_verify(&key, &hash, signature));
        hash.bytes[round % 32] ^= 1;
        CHECK(!ae_key_verify(&key, &hash, signature));
        hash.bytes[round % 32] ^= 1;
        secret[31] ^= 1;
        CHECK_OK(aether_key_public(type, secret, &other, &err));
        CHECK(!ae_key_verify(&other, &hash, signature));
        other = key; // the other type, and lengths that no type has
        other.type = (aether_key_type)(1 - round % 2);
        CHECK(!ae_key_verify(&other, &hash, signature));
        other = key;
        other.len = 0;
        CHECK(!ae_key_verify(&other, &hash, signature));
        other = key;
        other.type = (aether_key_type)7;
        CHECK(!ae_key_verify(&other, &hash, signature));
    }
}

TEST_MAIN(TEST(published_secrets_have_their_public_keys)
        TEST(secrets_that_are_no_scalar_are_refused) TEST(what_a_key_signs_only_that_key_verifies))
