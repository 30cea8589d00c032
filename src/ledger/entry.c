#include "ledger/entry.h"

#include "ledger/record.h"
#include "state/account.h"

static aether_status check_key_len(
    const char *what, aether_bytes key, size_t min, size_t max, aether_error *err) {
    return key.len >= min && key.len <= max
               ? AETHER_OK
               : ae_fail(err, AETHER_STORAGE_DAMAGED, "%s: a key of %zu bytes", what, key.len);
}

static aether_status check_name(aether_bytes key, aether_error *err) {
    ae_store_key expected;
    ae_parameters_key_init(&expected);
    return ae_bytes_equal(key, ae_store_key_bytes(&expected))
               ? AETHER_OK
               : ae_fail(err, AETHER_STORAGE_DAMAGED, "parameters: a name that is not known");
}

aether_status ae_entry_check_key(aether_bytes key, aether_error *err) {
    switch (key.len != 0 ? key.data[0] : 0) {
    case AETHER_STORE_KIND_ACCOUNT:
        return check_key_len("account", key, 1 + AETHER_ADDRESS_LEN, 1 + AETHER_ADDRESS_LEN, err);
    case AETHER_STORE_KIND_STORAGE:
        return check_key_len(
            "storage", key, AE_STORAGE_PREFIX_LEN + 1, AETHER_STORE_KEY_LEN_MAX, err);
    case AETHER_STORE_KIND_CODE_RECORD:
        return check_key_len("code record", key, 1 + AETHER_HASH_LEN, 1 + AETHER_HASH_LEN, err);
    case AETHER_STORE_KIND_PARAMETERS:
        return check_name(key, err);
    case AETHER_STORE_KIND_CODE:
        return check_key_len("code", key, 1 + AETHER_HASH_LEN, 1 + AETHER_HASH_LEN, err);
    default:
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "a key of %zu bytes, kind 0x%02x, is no state's", key.len,
            key.len != 0 ? key.data[0] : 0);
    }
}

static aether_status check_account(aether_bytes record, aether_error *err) {
    aether_account account;
    uint8_t canonical[AETHER_CONTRACT_ACCOUNT_LEN];
    AE_TRY(ae_account_read(record, &account, err));
    if (aether_account_encode(&account, canonical) != record.len)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "account record: %zu bytes, need %d or %d",
            record.len, AETHER_ACCOUNT_LEN, AETHER_CONTRACT_ACCOUNT_LEN);
    return AETHER_OK;
}

static aether_status check_value_len(aether_bytes value, aether_error *err) {
    if (value.len > AE_VALUE_LEN_MAX)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "storage: a value of %zu bytes, at most %d",
            value.len, AE_VALUE_LEN_MAX);
    return AETHER_OK;
}

static aether_status check_code_record(aether_bytes value, aether_error *err) {
    ae_code_record record;
    return ae_code_record_decode(value, &record, err);
}

static aether_status check_parameters(aether_bytes value, aether_error *err) {
    ae_constitution constitution;
    AE_TRY(ae_constitution_decode(value, &constitution, err));
    for (size_t i = 0; i < constitution.chain_id_len; i++)
        if (constitution.chain_id[i] <= ' ' || constitution.chain_id[i] > '~')
            return ae_fail(err, AETHER_STORAGE_DAMAGED,
                "chain parameters: byte %zu of the chain id is not printable ASCII", i);
    return AETHER_OK;
}

static aether_status check_code(aether_bytes key, aether_bytes code, aether_error *err) {
    aether_hash computed;
    aether_code_hash(code, &computed);
    if (memcmp(key.data + 1, &computed, sizeof computed) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code: its bytes have another hash");
    return AETHER_OK;
}

aether_status ae_entry_check(aether_bytes key, aether_bytes value, aether_error *err) {
    AE_TRY(ae_entry_check_key(key, err));
    switch (key.data[0]) {
    case AETHER_STORE_KIND_ACCOUNT:
        return check_account(value, err);
    case AETHER_STORE_KIND_STORAGE:
        return check_value_len(value, err);
    case AETHER_STORE_KIND_CODE_RECORD:
        return check_code_record(value, err);
    case AETHER_STORE_KIND_PARAMETERS:
        return check_parameters(value, err);
    default:
        return check_code(key, value, err);
    }
}
