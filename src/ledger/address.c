#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hash.h"
#include "ledger/key.h"

#define CHECKSUM_CONSTANT 0x2bc830a3u // bech32m's, BIP 350

enum { PREFIX_LEN = 3, DATA_LEN = 52, CHECKSUM_LEN = 6 };
_Static_assert(PREFIX_LEN + DATA_LEN + CHECKSUM_LEN == AETHER_ADDRESS_TEXT_LEN, "as announced");
_Static_assert(DATA_LEN * 5 >= AETHER_ADDRESS_LEN * 8 && DATA_LEN * 5 < AETHER_ADDRESS_LEN * 8 + 5,
    "5 a letter");

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

aether_status aether_account_address(
    const aether_public_key *key, aether_address *out_address, aether_error *err) {
    AE_CHECK_ARG(key != NULL, err);
    AE_CHECK_ARG(out_address != NULL, err);
    const size_t len = ae_key_len(key->type);
    if (len == 0 || key->len != len)
        return ae_fail(
            err, AETHER_INVALID_ARGUMENT, "public key: %u bytes, its type has %zu", key->len, len);
    uint8_t bytes[1 + AETHER_PUBLIC_KEY_LEN_MAX];
    aether_hash hash;
    bytes[0] = (uint8_t)key->type;
    memcpy(bytes + 1, key->bytes, len);
    ae_hash_tagged("account", ae_bytes(bytes, 1 + len), &hash);
    memcpy(out_address->bytes, hash.bytes, AETHER_ADDRESS_LEN);
    return AETHER_OK;
}

void aether_contract_address(const aether_address *deployer, const aether_hash *code_hash,
    const aether_hash *salt, aether_address *out_address) {
    uint8_t bytes[AETHER_ADDRESS_LEN + 2 * AETHER_HASH_LEN];
    aether_hash hash;
    memcpy(bytes, deployer->bytes, AETHER_ADDRESS_LEN);
    memcpy(bytes + AETHER_ADDRESS_LEN, code_hash->bytes, AETHER_HASH_LEN);
    memcpy(bytes + AETHER_ADDRESS_LEN + AETHER_HASH_LEN, salt->bytes, AETHER_HASH_LEN);
    ae_hash_tagged("contract", ae_bytes(bytes, sizeof bytes), &hash);
    memcpy(out_address->bytes, hash.bytes, AETHER_ADDRESS_LEN);
}

void aether_code_hash(aether_bytes code, aether_hash *out_hash) {
    ae_hash_tagged("code", code, out_hash);
}

// One step of the checksum, a BCH code over GF(32).
static uint32_t checksum_step(uint32_t checksum, uint8_t symbol) {
    static const uint32_t generator[5] = {
        0x3b6a57b2u, 0x26508e6du, 0x1ea119fau, 0x3d4233ddu, 0x2a1462b3u};
    const uint32_t top = checksum >> 25;
    checksum = (checksum & 0x1ffffffu) << 5 ^ symbol;
    for (size_t i = 0; i < 5; i++)
        if ((top >> i & 1) != 0)
            checksum ^= generator[i];
    return checksum;
}

// The prefix `ae`, expanded: high bits, zero, low bits.
static uint32_t checksum_of_prefix(void) {
    static const uint8_t expanded[] = {'a' >> 5, 'e' >> 5, 0, 'a' & 31, 'e' & 31};
    uint32_t checksum = 1;
    for (size_t i = 0; i < sizeof expanded; i++)
        checksum = checksum_step(checksum, expanded[i]);
    return checksum;
}

void aether_address_encode(const aether_address *address, char *out) {
    uint32_t checksum = checksum_of_prefix();
    uint32_t bits = 0; // not yet written out
    uint32_t bit_count = 0;
    size_t at = 0;
    memcpy(out, "ae1", PREFIX_LEN);
    out += PREFIX_LEN;
    for (size_t i = 0; i < DATA_LEN; i++) {
        if (bit_count < 5) { // after the last byte: zeros
            bits = bits << 8 | (at < AETHER_ADDRESS_LEN ? address->bytes[at++] : 0u);
            bit_count += 8;
        }
        bit_count -= 5;
        const uint8_t symbol = bits >> bit_count & 31;
        checksum = checksum_step(checksum, symbol);
        out[i] = alphabet[symbol];
    }
    for (size_t i = 0; i < CHECKSUM_LEN; i++)
        checksum = checksum_step(checksum, 0);
    checksum ^= CHECKSUM_CONSTANT;
    for (size_t i = 0; i < CHECKSUM_LEN; i++)
        out[DATA_LEN + i] = alphabet[checksum >> 5 * (CHECKSUM_LEN - 1 - i) & 31];
    out[DATA_LEN + CHECKSUM_LEN] = '\0';
}

aether_status aether_address_decode(
    const char *text, aether_address *out_address, aether_error *err) {
    AE_CHECK_ARG(text != NULL, err);
    AE_CHECK_ARG(out_address != NULL, err);
    if (strncmp(text, "ae1", PREFIX_LEN) != 0)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "it does not start with ae1");
    if (strnlen(text, AETHER_ADDRESS_TEXT_LEN + 1) != AETHER_ADDRESS_TEXT_LEN)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "ae1 needs 58 characters after it");
    aether_address address = {{0}};
    uint32_t checksum = checksum_of_prefix();
    uint32_t bits = 0; // not yet written out
    uint32_t bit_count = 0;
    size_t len = 0;
    for (size_t i = 0; i < DATA_LEN + CHECKSUM_LEN; i++) {
        const char *found = strchr(alphabet, text[PREFIX_LEN + i]);
        if (found == NULL)
            return ae_fail(err, AETHER_INVALID_ARGUMENT,
                "a character is not of its alphabet, which is lower case");
        const uint8_t symbol = (uint8_t)(found - alphabet);
        checksum = checksum_step(checksum, symbol);
        if (i >= DATA_LEN)
            continue;
        bits = (bits << 5 | symbol) & 0xfff;
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            address.bytes[len++] = (uint8_t)(bits >> bit_count);
        }
    }
    // Here bit_count is 52 * 5 - 32 * 8 = 4: the rest must be zero.
    if (checksum != CHECKSUM_CONSTANT)
        return ae_fail(
            err, AETHER_INVALID_ARGUMENT, "its checksum is wrong, so a character was mistyped");
    if ((bits & 0xf) != 0)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "bits are left over");
    *out_address = address;
    return AETHER_OK;
}
