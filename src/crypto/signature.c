#include "crypto/signature.h"

#include "base/assert.h"
#include "crypto/signature_internal.h"

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <sodium.h>

/* Neither library is initialised. libsodium has one implementation of Ed25519, which sodium_init
 * doesn't choose, and its signatures are deterministic: they ask for no random bytes.
 * libsecp256k1's static context serves verification and recovery and is constant. Signing needs one of
 * its own, made where the caller's frame is: the library's allocation would abort when it fails. Its
 * functions abort on arguments that break their contract, so they get no bytes but through its
 * parsers. */

#define POINT_LEN \
    32 /* bytes of an encoded point of Ed25519: y, then the sign of x in the top bit */
#define SCALAR_LEN 32 /* bytes of a scalar of either group */

/* 2^255 - 19, little endian. */
static const uint8_t field_order[POINT_LEN] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

/* 2^252 + 27742317777372353535851937790883648493, little endian. */
static const uint8_t group_order[SCALAR_LEN] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
    0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0x10};

/* The five y of the eight points whose order divides 8, canonical: order 4, order 1, order 8 twice,
 * order 2. Both signs of x belong to each, but for y = 1 and y = -1, where x is 0 and a set sign is
 * no canonical encoding: refused as well. */
static const uint8_t small_order_y[5][POINT_LEN] = {
    {0},
    {1},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
        0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc,
        0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
        0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03,
        0x7a},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0x7f},
};

static bool is_below_le(const uint8_t *a, const uint8_t *b, size_t len) {
    for (size_t i = len; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}

// Whether the bytes can be the canonical encoding of a point of large order; that it is on the
// curve at all is the library's to find out.
static bool may_be_large_point(const uint8_t *encoded) {
    uint8_t y[POINT_LEN];
    memcpy(y, encoded, POINT_LEN);
    y[POINT_LEN - 1] &= 0x7f;
    if (!is_below_le(y, field_order, POINT_LEN))
        return false;
    for (size_t i = 0; i < sizeof small_order_y / sizeof small_order_y[0]; i++)
        if (memcmp(y, small_order_y[i], POINT_LEN) == 0)
            return false;
    return true;
}

bool ae_ed25519_is_in_form(const uint8_t *signature, const uint8_t *key) {
    return is_below_le(signature + POINT_LEN, group_order, SCALAR_LEN) &&
           may_be_large_point(signature) && may_be_large_point(key);
}

bool ae_ed25519_verify(aether_bytes message, const uint8_t *signature, const uint8_t *key) {
    if (!ae_ed25519_is_in_form(signature, key))
        return false;
    // Decodes A, computes R from S and A and compares its encoding with the signature's:
    // cofactorless.
    return crypto_sign_ed25519_verify_detached(signature, message.data, message.len, key) == 0;
}

static bool is_zero(const uint8_t *bytes, size_t len) {
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++)
        all |= bytes[i];
    return all == 0;
}

// Parse r and s: both in [1, n - 1], s in the lower half.
static bool parse_signature(const uint8_t *bytes, secp256k1_ecdsa_signature *out) {
    if (is_zero(bytes, SCALAR_LEN) || is_zero(bytes + SCALAR_LEN, SCALAR_LEN))
        return false;
    if (!secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, out, bytes))
        return false;
    return !secp256k1_ecdsa_signature_normalize(
        secp256k1_context_static, NULL, out); // 1: s was high
}

bool ae_secp256k1_verify(const uint8_t *hash, const uint8_t *signature, const uint8_t *key) {
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey point;
    return parse_signature(signature, &parsed) &&
           secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, key, 33) &&
           secp256k1_ecdsa_verify(secp256k1_context_static, &parsed, hash, &point);
}

bool ae_secp256k1_recover(const uint8_t *hash, const uint8_t *signature, uint8_t *out_key) {
    secp256k1_ecdsa_signature parsed;
    secp256k1_ecdsa_recoverable_signature recoverable;
    secp256k1_pubkey point;
    const uint8_t v = signature[2 * SCALAR_LEN];
    if (v > 3 || !parse_signature(signature, &parsed))
        return false;
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(
            secp256k1_context_static, &recoverable, signature, v))
        return false;
    if (!secp256k1_ecdsa_recover(secp256k1_context_static, &point, &recoverable, hash))
        return false;
    uint8_t encoded[65];
    size_t len = sizeof encoded;
    secp256k1_ec_pubkey_serialize(
        secp256k1_context_static, encoded, &len, &point, SECP256K1_EC_UNCOMPRESSED);
    memcpy(out_key, encoded + 1, sizeof encoded - 1);
    return true;
}

void ae_ed25519_public(const uint8_t *seed, uint8_t *out_key) {
    uint8_t expanded[crypto_sign_ed25519_SECRETKEYBYTES];
    (void)crypto_sign_ed25519_seed_keypair(out_key, expanded, seed); // has no failure
    sodium_memzero(expanded, sizeof expanded);
}

// The public key that is hashed is always the seed's own: given another, the library would tell the secret.
void ae_ed25519_sign(aether_bytes message, const uint8_t *seed, uint8_t *out_signature) {
    uint8_t key[POINT_LEN];
    uint8_t expanded[crypto_sign_ed25519_SECRETKEYBYTES];
    (void)crypto_sign_ed25519_seed_keypair(key, expanded, seed);
    (void)crypto_sign_ed25519_detached(out_signature, NULL, message.data, message.len, expanded);
    sodium_memzero(expanded, sizeof expanded);
}

/* Room for a context that can sign. */
typedef struct signer {
    _Alignas(16) uint8_t memory[512]; // the library asks for 208
} signer;

static secp256k1_context *signer_init(signer *room) {
    AE_ASSERT(secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE) <= sizeof room->memory);
    return secp256k1_context_preallocated_create(room->memory, SECP256K1_CONTEXT_NONE);
}

static void signer_deinit(signer *room, secp256k1_context *context) {
    secp256k1_context_preallocated_destroy(context);
    sodium_memzero(room, sizeof *room);
}

bool ae_secp256k1_public(const uint8_t *secret, uint8_t *out_key) {
    signer room;
    secp256k1_pubkey point;
    secp256k1_context *context = signer_init(&room);
    const bool is_made = secp256k1_ec_pubkey_create(context, &point, secret) == 1;
    signer_deinit(&room, context);
    if (!is_made)
        return false;
    size_t len = 33;
    secp256k1_ec_pubkey_serialize(
        secp256k1_context_static, out_key, &len, &point, SECP256K1_EC_COMPRESSED);
    return true;
}

bool ae_secp256k1_sign(const uint8_t *hash, const uint8_t *secret, uint8_t *out_signature) {
    signer room;
    secp256k1_ecdsa_signature signature;
    secp256k1_context *context = signer_init(&room);
    const bool is_made = secp256k1_ec_seckey_verify(context, secret) == 1 &&
                         secp256k1_ecdsa_sign(context, &signature, hash, secret,
                             secp256k1_nonce_function_rfc6979, NULL) == 1;
    signer_deinit(&room, context);
    if (!is_made)
        return false;
    secp256k1_ecdsa_signature_serialize_compact(
        secp256k1_context_static, out_signature, &signature);
    return true;
}
