/* Hash functions of the host ABI and of the ledger. Libraries: Nettle (SHA-256, and its permutation with
 * Keccak's padding for Keccak-256), libsodium (BLAKE2b).
 *
 * Thread safety: thread-safe. Determinism: pure functions of the bytes. */
#ifndef AE_CRYPTO_HASH_H
#define AE_CRYPTO_HASH_H

#include "base/bytes.h"

/* SHA-256, FIPS 180-4. */
void ae_sha256(aether_bytes bytes, aether_hash *out);

/* Keccak-256 with the original padding 0x01, as Ethereum uses it; not SHA3-256. */
void ae_keccak256(aether_bytes bytes, aether_hash *out);

/* BLAKE2b with 32 bytes of output and no key, RFC 7693. */
void ae_blake2b256(aether_bytes bytes, aether_hash *out);

/* Domain-separated: SHA-256("aether/" ‖ tag ‖ "/v1" ‖ 0x00 ‖ bytes), LEDGER "Encoding". */
void ae_hash_tagged(const char *tag, aether_bytes bytes, aether_hash *out);

#endif
