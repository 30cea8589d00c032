#include "ledger/key.h"

#include "crypto/signature.h"

size_t ae_key_len(uint32_t type) {
    switch (type) {
    case AETHER_KEY_ED25519:
        return 32;
    case AETHER_KEY_SECP256K1:
        return 33;
    default:
        return 0;
    }
}

static aether_status fail_type(aether_key_type type, aether_error *err) {
    return ae_fail(err, AETHER_INVALID_ARGUMENT, "key type: got %d, known are 0 and 1", (int)type);
}

static aether_status fail_scalar(aether_error *err) {
    return ae_fail(err, AETHER_INVALID_KEY,
        "secret key: a scalar of secp256k1 is neither 0 nor at or above the group order");
}

aether_status aether_key_public(
    aether_key_type type, const uint8_t *secret, aether_public_key *out_key, aether_error *err) {
    AE_CHECK_ARG(secret != NULL, err);
    AE_CHECK_ARG(out_key != NULL, err);
    aether_public_key key = {.type = type, .len = (uint8_t)ae_key_len(type)};
    switch (type) {
    case AETHER_KEY_ED25519:
        ae_ed25519_public(secret, key.bytes);
        *out_key = key;
        return AETHER_OK;
    case AETHER_KEY_SECP256K1:
        if (!ae_secp256k1_public(secret, key.bytes))
            return fail_scalar(err);
        *out_key = key;
        return AETHER_OK;
    }
    return fail_type(type, err);
}

aether_status ae_key_sign(aether_key_type type, const uint8_t *secret, const aether_hash *hash,
    uint8_t *out_signature, aether_error *err) {
    switch (type) {
    case AETHER_KEY_ED25519:
        ae_ed25519_sign(ae_bytes(hash->bytes, AETHER_HASH_LEN), secret, out_signature);
        return AETHER_OK;
    case AETHER_KEY_SECP256K1:
        return ae_secp256k1_sign(hash->bytes, secret, out_signature) ? AETHER_OK : fail_scalar(err);
    }
    return fail_type(type, err);
}

bool ae_key_verify(
    const aether_public_key *key, const aether_hash *hash, const uint8_t *signature) {
    if (key->len != ae_key_len(key->type))
        return false;
    switch (key->type) {
    case AETHER_KEY_ED25519:
        return ae_ed25519_verify(ae_bytes(hash->bytes, AETHER_HASH_LEN), signature, key->bytes);
    case AETHER_KEY_SECP256K1:
        return ae_secp256k1_verify(hash->bytes, signature, key->bytes);
    }
    return false;
}
