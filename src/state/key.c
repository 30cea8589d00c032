#include "state/key.h"

#include "base/assert.h"

_Static_assert(
    AETHER_STORE_KEY_LEN_MAX == AE_STORAGE_PREFIX_LEN + AETHER_KEY_LEN_MAX, "the longest key fits");

// `key` may already lie where it goes, so it moves first.
static size_t encode(uint8_t kind, const aether_address *address, aether_bytes key, uint8_t *out) {
    if (key.len != 0)
        memmove(out + AE_STORAGE_PREFIX_LEN, key.data, key.len);
    out[0] = kind;
    memcpy(out + 1, address->bytes, AETHER_ADDRESS_LEN);
    return AE_STORAGE_PREFIX_LEN + key.len;
}

size_t aether_storage_key_encode(const aether_address *contract, aether_bytes key, uint8_t *out) {
    return encode(AETHER_STORE_KIND_STORAGE, contract, key, out);
}

size_t aether_account_key_encode(const aether_address *address, uint8_t *out) {
    return encode(AETHER_STORE_KIND_ACCOUNT, address, ae_bytes(NULL, 0), out);
}

void ae_storage_key_init(ae_store_key *out, const aether_address *contract, aether_bytes key) {
    AE_ASSERT(key.len <= AETHER_KEY_LEN_MAX);
    out->len = aether_storage_key_encode(contract, key, out->bytes);
}

void ae_account_key_init(ae_store_key *out, const aether_address *address) {
    out->len = aether_account_key_encode(address, out->bytes);
}
