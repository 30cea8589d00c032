/* Store keys: how accounts and storage lie in one ordered map (aether/store.h is the definition).
 *
 * Thread safety: immutable. */
#ifndef AE_STATE_KEY_H
#define AE_STATE_KEY_H

#include "base/bytes.h"

#include <aether/store.h>

#define AE_STORAGE_PREFIX_LEN (1 + AETHER_ADDRESS_LEN)

/* A store key built on the caller's stack. */
typedef struct ae_store_key {
    uint8_t bytes[AETHER_STORE_KEY_LEN_MAX];
    size_t len;
} ae_store_key;

/* key: 0-256 bytes; length 0 gives the prefix of all storage of the contract. */
void ae_storage_key_init(ae_store_key *out, const aether_address *contract, aether_bytes key);
void ae_account_key_init(ae_store_key *out, const aether_address *address);

static inline aether_bytes ae_store_key_bytes(const ae_store_key *key) {
    return ae_bytes(key->bytes, key->len);
}

#endif
