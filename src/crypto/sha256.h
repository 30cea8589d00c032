/* SHA-256 (FIPS 180-4) without a library: what the tree and the stand-alone verifier of proofs use.
 *
 * Four messages at a time keep the processor's SHA instructions busy, which one message can't: each round
 * waits for the one before. Which code runs is chosen once, when the library is loaded; without such
 * instructions it is portable C. Equal to Nettle's on every length (sha256_test.c).
 *
 * Thread safety: thread-safe. Determinism: pure functions of the bytes. */
#ifndef AE_CRYPTO_SHA256_H
#define AE_CRYPTO_SHA256_H

#include "base/bytes.h"

typedef struct ae_sha256_state {
    uint32_t words[8];
    uint64_t len;      /* bytes so far */
    uint8_t block[64]; /* of which len % 64 are filled */
} ae_sha256_state;

void ae_sha256_init(ae_sha256_state *state);
void ae_sha256_update(ae_sha256_state *state, aether_bytes bytes);
void ae_sha256_final(ae_sha256_state *state, aether_hash *out);

/* A tree node: SHA-256(prefix ‖ a ‖ b), 65 bytes. */
typedef struct ae_sha256_pair {
    const uint8_t *a; /* 32 bytes */
    const uint8_t *b; /* 32 bytes */
    aether_hash
        *out; /* may be where a or b of another pair of the same call points only if that one comes
                         earlier in the array */
} ae_sha256_pair;

/* Hash `count` pairs, in lanes of up to four: every input of a group of four is read before an output of the
 * group is written. */
void ae_sha256_pairs(uint8_t prefix, const ae_sha256_pair *pairs, size_t count);

#endif
