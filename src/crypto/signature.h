/* Signatures: checking them, for the host ABI and for transactions, and making them. Nothing here aborts, whatever
 * the bytes are.
 *
 * Secrets are wiped from the stack, and what is computed from them takes the same time for every secret.
 * Thread safety: thread-safe. Determinism: pure functions of the bytes, by rules that are written down here
 * and held by vectors, not by what a library happens to accept. */
#ifndef AE_CRYPTO_SIGNATURE_H
#define AE_CRYPTO_SIGNATURE_H

#include "base/bytes.h"

/* RFC 8032 Ed25519, cofactorless equation. Refused: S not below the group order; A or R not the canonical
 * encoding of a point; A or R of small order. signature: 64 bytes R ‖ S; key: 32 bytes. */
bool ae_ed25519_verify(aether_bytes message, const uint8_t *signature, const uint8_t *key);

/* ECDSA over secp256k1. Refused: r or s zero or not below the group order, s above half of it (high s), a
 * key that is no point. hash: 32 bytes; signature: 64 bytes r ‖ s; key: 33 bytes, compressed. */
bool ae_secp256k1_verify(const uint8_t *hash, const uint8_t *signature, const uint8_t *key);

/* Recover the public key. signature: 65 bytes r ‖ s ‖ v, v in 0-3; out_key: 64 bytes x ‖ y, big endian.
 * False as above, or when no such key exists; out_key is then untouched. */
bool ae_secp256k1_recover(const uint8_t *hash, const uint8_t *signature, uint8_t *out_key);

/* Public key of an Ed25519 seed. seed: 32 bytes; out_key: 32 bytes. */
void ae_ed25519_public(const uint8_t *seed, uint8_t *out_key);

/* Sign, RFC 8032. seed: 32 bytes; out_signature: 64 bytes, which ae_ed25519_verify accepts. */
void ae_ed25519_sign(aether_bytes message, const uint8_t *seed, uint8_t *out_signature);

/* Compressed public key of a secp256k1 scalar. secret: 32 bytes, big endian; out_key: 33 bytes. False, and out_key
 * is untouched, for a scalar that is 0 or not below the group order. */
bool ae_secp256k1_public(const uint8_t *secret, uint8_t *out_key);

/* Sign with the nonce of RFC 6979, low s. hash and secret: 32 bytes; out_signature: 64 bytes, which
 * ae_secp256k1_verify accepts. False as above. */
bool ae_secp256k1_sign(const uint8_t *hash, const uint8_t *secret, uint8_t *out_signature);

#endif
