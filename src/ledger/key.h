/* Keys of accounts: making and checking signatures of either type (aether/account.h).
 *
 * Thread safety: thread-safe, pure. Determinism: checking is consensus; signatures are deterministic. */
#ifndef AE_LEDGER_KEY_H
#define AE_LEDGER_KEY_H

#include "base/bytes.h"
#include "base/error.h"

#include <aether/account.h>

/* Bytes of a public key of the type; 0 for an unknown one. */
size_t ae_key_len(uint32_t type);

/* Sign a hash. secret: 32 bytes; out_signature: 64 bytes. INVALID_KEY, INVALID_ARGUMENT as aether_key_public. */
AETHER_MUST_CHECK aether_status ae_key_sign(aether_key_type type, const uint8_t *secret,
    const aether_hash *hash, uint8_t *out_signature, aether_error *err);

/* Whether 64 bytes are a signature of the key over the hash, by the strict rules of crypto/signature.h. False for a
 * key of an unknown type or of another length. */
bool ae_key_verify(const aether_public_key *key, const aether_hash *hash, const uint8_t *signature);

#endif
