#include "proof/level.h"

#include "crypto/sha256.h"

#include <aether/account.h>
#include <aether/store.h>

#define BALANCE_LEN 16         /* a record that is a balance alone */
#define STORAGE_ROOT_OFFSET 56 /* in a contract's record: account.h */

_Static_assert(
    1 + 2 * AE_PROOF_LEVEL_LEN_MAX + 1 + AETHER_CONTRACT_ACCOUNT_LEN <= AETHER_PROOF_LEN_MAX,
    "the longest proof fits");

/* What is asked; the pointers are the caller's. */
typedef struct question {
    const aether_hash *root;
    aether_hash account_path;
    aether_bytes key;
    const aether_bytes *value; /* NULL: that there is none */
} question;

static void hash_bytes(aether_bytes bytes, aether_hash *out) {
    ae_sha256_state state;
    ae_sha256_init(&state);
    ae_sha256_update(&state, bytes);
    ae_sha256_final(&state, out);
}

static void hash_account_key(const aether_address *address, aether_hash *out) {
    uint8_t key[1 + AETHER_ADDRESS_LEN] = {AETHER_STORE_KIND_ACCOUNT};
    memcpy(key + 1, address->bytes, AETHER_ADDRESS_LEN);
    hash_bytes(ae_bytes(key, sizeof key), out);
}

static aether_status check_end(aether_bytes rest, aether_error *err) {
    if (rest.len != 0)
        return ae_fail(err, AETHER_INVALID_PROOF, "proof: %zu bytes behind its end", rest.len);
    return AETHER_OK;
}

static aether_status check_absence(const question *self, const char *why, aether_error *err) {
    if (self->value != NULL)
        return ae_fail(err, AETHER_INVALID_PROOF, "proof: no value can be there: %s", why);
    return AETHER_OK;
}

// The last level: whether the value, or none, is at a path.
static aether_status check_value(const question *self, const ae_level *level,
    const aether_hash *root, const aether_hash *path, aether_error *err) {
    if (self->value == NULL)
        return ae_level_check(level, root, path, NULL, err);
    aether_hash value_hash;
    ae_level_value_hash(*self->value, &value_hash);
    return ae_level_check(level, root, path, &value_hash, err);
}

static aether_status decode_record(aether_bytes *rest, aether_bytes *out, aether_error *err) {
    const size_t len = rest->len != 0 ? rest->data[0] : 0;
    if (len != BALANCE_LEN && len != AETHER_ACCOUNT_LEN && len != AETHER_CONTRACT_ACCOUNT_LEN)
        return ae_fail(err, AETHER_INVALID_PROOF, "record: %zu bytes, need %d, %d or %d", len,
            BALANCE_LEN, AETHER_ACCOUNT_LEN, AETHER_CONTRACT_ACCOUNT_LEN);
    if (rest->len - 1 < len)
        return ae_fail(err, AETHER_INVALID_PROOF, "record: the proof ends within it");
    *out = ae_bytes(rest->data + 1, len);
    *rest = ae_bytes(rest->data + 1 + len, rest->len - 1 - len);
    return AETHER_OK;
}

// A storage key, of an address that has a record: the record first, then what is under the root in it.
static aether_status verify_storage(
    const question *self, const ae_level *application, aether_bytes rest, aether_error *err) {
    aether_bytes record;
    aether_hash hash;
    AE_TRY(decode_record(&rest, &record, err));
    ae_level_value_hash(record, &hash);
    AE_TRY(ae_level_check(application, self->root, &self->account_path, &hash, err));
    if (record.len != AETHER_CONTRACT_ACCOUNT_LEN) {
        AE_TRY(check_end(rest, err));
        return check_absence(self, "the address is no contract", err);
    }
    ae_level storage;
    AE_TRY(ae_level_decode("storage tree", &rest, &storage, err));
    AE_TRY(check_end(rest, err));
    aether_hash storage_root;
    memcpy(storage_root.bytes, record.data + STORAGE_ROOT_OFFSET, AETHER_HASH_LEN);
    hash_bytes(self->key, &hash);
    return check_value(self, &storage, &storage_root, &hash, err);
}

static aether_status verify(const question *self, aether_bytes proof, aether_error *err) {
    if (proof.len == 0 || proof.data[0] != AE_PROOF_VERSION)
        return ae_fail(err, AETHER_INVALID_PROOF, "proof: need version %d", AE_PROOF_VERSION);
    aether_bytes rest = ae_bytes(proof.data + 1, proof.len - 1);
    ae_level application;
    AE_TRY(ae_level_decode("application tree", &rest, &application, err));
    if (self->key.len == 0) {
        AE_TRY(check_end(rest, err));
        return check_value(self, &application, self->root, &self->account_path, err);
    }
    if (application.terminal == AE_PROOF_TERMINAL_LEAF)
        return verify_storage(self, &application, rest, err);
    AE_TRY(check_end(rest, err));
    AE_TRY(check_absence(self, "the address has no record", err));
    return ae_level_check(&application, self->root, &self->account_path, NULL, err);
}

aether_status aether_proof_verify(const aether_hash *root, const aether_address *address,
    aether_bytes key, const aether_bytes *value, aether_bytes proof, aether_error *err) {
    AE_CHECK_ARG(root != NULL, err);
    AE_CHECK_ARG(address != NULL, err);
    AE_CHECK_ARG(key.data != NULL || key.len == 0, err);
    AE_CHECK_ARG(value == NULL || value->data != NULL || value->len == 0, err);
    AE_CHECK_ARG(proof.data != NULL || proof.len == 0, err);
    if (key.len > AETHER_KEY_LEN_MAX)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "key: %zu bytes, at most %d", key.len,
            AETHER_KEY_LEN_MAX);
    question self = {.root = root, .key = key, .value = value};
    hash_account_key(address, &self.account_path);
    return verify(&self, proof, err);
}
