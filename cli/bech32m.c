#include "bech32m.h"

#include <string.h>

#define CHECKSUM_CONSTANT 0x2bc830a3u

enum {
    PREFIX_LEN = 3,
    DATA_LEN = 52,
    CHECKSUM_LEN = 6,
    TEXT_LEN = PREFIX_LEN + DATA_LEN + CHECKSUM_LEN
};

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

const char *cli_bech32m_decode(const char *text, aether_address *out) {
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    if (strncmp(text, "ae1", PREFIX_LEN) != 0)
        return "it starts with neither ae1 nor 0x";
    if (strlen(text) != TEXT_LEN)
        return "ae1 needs 58 characters after it";
    aether_address address = {{0}};
    uint32_t checksum = checksum_of_prefix();
    uint32_t bits = 0; // not yet written out
    uint32_t bit_count = 0;
    size_t len = 0;
    for (size_t i = 0; i < DATA_LEN + CHECKSUM_LEN; i++) {
        const char *found = strchr(alphabet, text[PREFIX_LEN + i]);
        if (found == NULL)
            return "a character is not of its alphabet, which is lower case";
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
        return "its checksum is wrong, so a character was mistyped";
    if ((bits & 0xf) != 0)
        return "bits are left over";
    *out = address;
    return NULL;
}
