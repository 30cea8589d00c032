#include "crypto/hash.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <sodium.h>

/* SHA-256 is Nettle's because it picks SHA-NI code when it is loaded: 40 us for 64 KiB where
 * libsodium takes 188 us, on one and the same machine. BLAKE2b is libsodium's without sodium_init:
 * that call would make it a fifth faster, but opens the random device, which may abort, and changes
 * the embedder's process. */

#define KECCAK_RATE 136 /* bytes absorbed by one permutation: 200 - 2 * 32 */

_Static_assert(SHA256_DIGEST_SIZE == AETHER_HASH_LEN, "SHA-256 fills a hash");

static void sha256_add(struct sha256_ctx *state, aether_bytes bytes) {
    if (bytes.len != 0)
        nettle_sha256_update(state, bytes.len, bytes.data);
}

void ae_sha256(aether_bytes bytes, aether_hash *out) {
    struct sha256_ctx state;
    nettle_sha256_init(&state);
    sha256_add(&state, bytes);
    nettle_sha256_digest(&state, sizeof out->bytes, out->bytes);
}

void ae_hash_tagged(const char *tag, aether_bytes bytes, aether_hash *out) {
    struct sha256_ctx state;
    nettle_sha256_init(&state);
    sha256_add(&state, ae_bytes_of("aether/"));
    sha256_add(&state, ae_bytes_of(tag));
    sha256_add(&state, ae_bytes("/v1", sizeof "/v1")); // its NUL separates the tag from the bytes
    sha256_add(&state, bytes);
    nettle_sha256_digest(&state, sizeof out->bytes, out->bytes);
}

// Lanes of the sponge are little endian.
static void keccak_absorb(struct sha3_state *state, const uint8_t *block) {
    for (size_t i = 0; i < KECCAK_RATE / 8; i++)
        state->a[i] ^= ae_get_u64_le(block + 8 * i);
    nettle_sha3_permute(state);
}

void ae_keccak256(aether_bytes bytes, aether_hash *out) {
    struct sha3_state state = {0};
    size_t at = 0;
    for (; bytes.len - at >= KECCAK_RATE; at += KECCAK_RATE)
        keccak_absorb(&state, bytes.data + at);
    uint8_t last[KECCAK_RATE] = {0};
    if (bytes.len != at)
        memcpy(last, bytes.data + at, bytes.len - at);
    last[bytes.len - at] = 0x01;
    last[KECCAK_RATE - 1] |= 0x80;
    keccak_absorb(&state, last);
    for (size_t i = 0; i < AETHER_HASH_LEN / 8; i++)
        ae_put_u64_le(out->bytes + 8 * i, state.a[i]);
}

void ae_blake2b256(aether_bytes bytes, aether_hash *out) {
    // Its only failures are lengths of output and key that it doesn't support.
    (void)crypto_generichash(out->bytes, sizeof out->bytes, bytes.data, bytes.len, NULL, 0);
}

void ae_mac(const uint8_t *key, const aether_bytes *parts, size_t count, aether_hash *out) {
    struct hmac_sha256_ctx state;
    nettle_hmac_sha256_set_key(&state, AE_MAC_KEY_LEN, key);
    for (size_t i = 0; i < count; i++)
        if (parts[i].len != 0)
            nettle_hmac_sha256_update(&state, parts[i].len, parts[i].data);
    nettle_hmac_sha256_digest(&state, sizeof out->bytes, out->bytes);
}

bool ae_mac_equal(const aether_hash *a, const aether_hash *b) {
    return nettle_memeql_sec(a->bytes, b->bytes, sizeof a->bytes) != 0;
}
