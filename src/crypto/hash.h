/* Hash functions of the host ABI and of the ledger, and the MAC of this node's own files. Libraries: Nettle
 * (SHA-256, HMAC, and its permutation with Keccak's padding for Keccak-256), libsodium (BLAKE2b).
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

#define AE_MAC_KEY_LEN 32 /* bytes */

/* HMAC-SHA-256, RFC 2104, of the parts one after another. Who holds no key can't make it, so it tells what this
 * node wrote from what anybody did. */
void ae_mac(const uint8_t *key, const aether_bytes *parts, size_t count, aether_hash *out);

/* Compare two MACs in a time that doesn't depend on them. */
bool ae_mac_equal(const aether_hash *a, const aether_hash *b);

#endif
