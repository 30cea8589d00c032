/* Our SHA-256 gives the standard's digests, in each of its implementations, however a message is split.
 * Method: the vectors of FIPS 180-4; Nettle's digests at every length to 300 with random splits; pairs against
 * the plain function. Each implementation is called by name: what the loader chose is one of them. */
#include "crypto/sha256.h"
#include "crypto/sha256_internal.h"

#include "harness/test.h"

#include <nettle/sha2.h>
#include <stdio.h>

static void fill_random(uint64_t *random, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)test_random(random);
}

static aether_hash nettle_hash(const uint8_t *bytes, size_t len) {
    struct sha256_ctx state;
    aether_hash hash;
    nettle_sha256_init(&state);
    nettle_sha256_update(&state, len, bytes);
    nettle_sha256_digest(&state, sizeof hash.bytes, hash.bytes);
    return hash;
}

static void check_equal(const aether_hash *actual, const aether_hash *expected) {
    CHECK_BYTES(
        ae_bytes(actual->bytes, AETHER_HASH_LEN), ae_bytes(expected->bytes, AETHER_HASH_LEN));
}

static aether_hash hash_text(const char *text) {
    ae_sha256_state state;
    aether_hash hash;
    ae_sha256_init(&state);
    ae_sha256_update(&state, ae_bytes_of(text));
    ae_sha256_final(&state, &hash);
    return hash;
}

static void check_hex(const aether_hash *hash, const char *hex) {
    char text[2 * AETHER_HASH_LEN + 1];
    for (size_t i = 0; i < AETHER_HASH_LEN; i++)
        snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
    CHECK_TEXT(text, hex);
}

static void published_digests(void) {
    aether_hash hash = hash_text("");
    check_hex(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash = hash_text("abc");
    check_hex(&hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash = hash_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    check_hex(&hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    ae_sha256_state state;
    ae_sha256_init(&state);
    for (int i = 0; i < 100000; i++)
        ae_sha256_update(&state, ae_bytes_of("aaaaaaaaaa"));
    ae_sha256_final(&state, &hash);
    check_hex(&hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void random_splits_give_nettles_digest_at_every_length_to_300(void) {
    uint64_t random = test_seed();
    for (size_t len = 0; len <= 300; len++)
        for (int round = 0; round < 20; round++) {
            uint8_t bytes[300];
            fill_random(&random, bytes, len);
            ae_sha256_state state;
            aether_hash hash;
            ae_sha256_init(&state);
            for (size_t at = 0; at < len;) {
                // Pieces of 1 to 16, 128 or 300 bytes.
                const size_t most = round % 3 == 0 ? 16 : round % 3 == 1 ? 128 : 300;
                size_t piece = test_random(&random) % (most + 1);
                piece = piece < len - at ? piece : len - at;
                ae_sha256_update(&state, ae_bytes(bytes + at, piece));
                at += piece;
            }
            ae_sha256_final(&state, &hash);
            const aether_hash expected = nettle_hash(bytes, len);
            check_equal(&hash, &expected);
        }
}

// Whole blocks, from random states: two implementations agree on every step of a long message.
static void implementations_agree_on_blocks(void) {
#if AE_SHA256_HAS_X86
    uint64_t random = test_seed();
    if (!ae_sha256_x86_is_supported()) {
        fputs("this processor has no SHA instructions: portable code only\n", stderr);
        return;
    }
    for (int round = 0; round < 500; round++) {
        uint8_t blocks[7 * 64];
        uint32_t portable[8], x86[8];
        fill_random(&random, blocks, sizeof blocks);
        fill_random(&random, (uint8_t *)portable, sizeof portable);
        memcpy(x86, portable, sizeof x86);
        const size_t count = test_random(&random) % 8;
        ae_sha256_compress_portable(portable, blocks, count);
        ae_sha256_compress_x86(x86, blocks, count);
        CHECK_BYTES(ae_bytes(x86, sizeof x86), ae_bytes(portable, sizeof portable));
    }
#endif
}

// The portable code is what a message is hashed with where the processor has nothing better.
static void portable_blocks_give_nettles_digest(void) {
    uint64_t random = test_seed();
    for (size_t len = 0; len < 56; len++) {
        uint8_t block[64] = {0}, bytes[56];
        fill_random(&random, bytes, len);
        memcpy(block, bytes, len);
        block[len] = 0x80;
        block[62] = (uint8_t)(len >> 5);
        block[63] = (uint8_t)(len << 3);
        uint32_t words[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
            0x1f83d9ab, 0x5be0cd19};
        ae_sha256_compress_portable(words, block, 1);
        aether_hash hash;
        for (size_t i = 0; i < AETHER_HASH_LEN; i++)
            hash.bytes[i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
        const aether_hash expected = nettle_hash(bytes, len);
        check_equal(&hash, &expected);
    }
}

#define PAIRS_MAX 13

static void check_pairs(ae_sha256_pairs_hash hash_pairs, uint64_t *random) {
    for (size_t count = 0; count <= PAIRS_MAX; count++) {
        uint8_t messages[PAIRS_MAX][65];
        aether_hash out[PAIRS_MAX + 1];
        ae_sha256_pair pairs[PAIRS_MAX];
        const uint8_t prefix = (uint8_t)test_random(random);
        memset(out, 0xee, sizeof out);
        for (size_t i = 0; i < count; i++) {
            fill_random(random, messages[i], sizeof messages[i]);
            messages[i][0] = prefix;
            pairs[i] =
                (ae_sha256_pair){.a = messages[i] + 1, .b = messages[i] + 33, .out = &out[i]};
        }
        hash_pairs(prefix, pairs, count);
        for (size_t i = 0; i < count; i++) {
            const aether_hash expected = nettle_hash(messages[i], sizeof messages[i]);
            check_equal(&out[i], &expected);
        }
        for (size_t i = 0; i < sizeof out[count].bytes; i++)
            CHECK_U64(out[count].bytes[i], 0xee);
    }
}

// Every value of the byte that stands alone in the second block.
static void check_last_bytes(ae_sha256_pairs_hash hash_pairs, uint64_t *random) {
    for (int last = 0; last < 256; last++) {
        uint8_t message[65];
        aether_hash hash;
        fill_random(random, message, sizeof message);
        message[64] = (uint8_t)last;
        const ae_sha256_pair pair = {.a = message + 1, .b = message + 33, .out = &hash};
        hash_pairs(message[0], &pair, 1);
        const aether_hash expected = nettle_hash(message, sizeof message);
        check_equal(&hash, &expected);
    }
}

// Outputs over inputs: each pair's own, and those of an earlier pair, in its group and in another.
static void check_overlaps(ae_sha256_pairs_hash hash_pairs, uint64_t *random) {
    for (size_t count = 1; count <= PAIRS_MAX; count++) {
        aether_hash hashes[PAIRS_MAX + 1], expected[PAIRS_MAX];
        ae_sha256_pair pairs[PAIRS_MAX];
        fill_random(random, hashes[0].bytes, sizeof hashes);
        // Pair i is of hash i and i + 1 and writes over hash i, which pair i - 1 has read.
        for (size_t i = 0; i < count; i++) {
            uint8_t message[65] = {1};
            memcpy(message + 1, hashes[i].bytes, 32);
            memcpy(message + 33, hashes[i + 1].bytes, 32);
            expected[i] = nettle_hash(message, sizeof message);
            pairs[i] =
                (ae_sha256_pair){.a = hashes[i].bytes, .b = hashes[i + 1].bytes, .out = &hashes[i]};
        }
        hash_pairs(1, pairs, count);
        for (size_t i = 0; i < count; i++)
            check_equal(&hashes[i], &expected[i]);
    }
}

static void check_implementation(ae_sha256_pairs_hash hash_pairs) {
    uint64_t random = test_seed();
    for (int round = 0; round < 50; round++) {
        check_pairs(hash_pairs, &random);
        check_overlaps(hash_pairs, &random);
    }
    check_last_bytes(hash_pairs, &random);
}

static void pairs_are_plain_digests(void) {
    check_implementation(ae_sha256_pairs);
}

static void portable_pairs_are_plain_digests(void) {
    check_implementation(ae_sha256_pairs_portable);
}

static void x86_pairs_are_plain_digests(void) {
#if AE_SHA256_HAS_X86
    if (ae_sha256_x86_is_supported())
        check_implementation(ae_sha256_pairs_x86);
#endif
}

TEST_MAIN(TEST(published_digests) TEST(random_splits_give_nettles_digest_at_every_length_to_300)
        TEST(implementations_agree_on_blocks) TEST(portable_blocks_give_nettles_digest)
            TEST(pairs_are_plain_digests) TEST(portable_pairs_are_plain_digests)
                TEST(x86_pairs_are_plain_digests))
