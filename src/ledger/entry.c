#include "ledger/entry.h"

#include "ledger/record.h"
#include "state/account.h"

#define HASH_KEY_LEN (1 + AETHER_HASH_LEN)

static aether_status refuse_key(const char *what, size_t len, aether_error *err) {
    return ae_fail(err, AETHER_STORAGE_DAMAGED, "%s: a key of %zu bytes", what, len);
}

static aether_status check_account(aether_bytes key, aether_bytes record, aether_error *err) {
    aether_account account;
    uint8_t canonical[AETHER_CONTRACT_ACCOUNT_LEN];
    if (key.len != 1 + AETHER_ADDRESS_LEN)
        return refuse_key("account", key.len, err);
    AE_TRY(ae_account_read(record, &account, err));
    if (aether_account_encode(&account, canonical) != record.len)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "account record: %zu bytes, need %d or %d",
            record.len, AETHER_ACCOUNT_LEN, AETHER_CONTRACT_ACCOUNT_LEN);
    return AETHER_OK;
}

static aether_status check_storage(aether_bytes key, aether_bytes value, aether_error *err) {
    if (key.len <= AE_STORAGE_PREFIX_LEN || key.len > AETHER_STORE_KEY_LEN_MAX)
        return refuse_key("storage", key.len, err);
    if (value.len > AE_VALUE_LEN_MAX)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "storage: a value of %zu bytes, at most %d",
            value.len, AE_VALUE_LEN_MAX);
    return AETHER_OK;
}

static aether_status check_code_record(aether_bytes key, aether_bytes value, aether_error *err) {
    ae_code_record record;
    if (key.len != HASH_KEY_LEN)
        return refuse_key("code record", key.len, err);
    return ae_code_record_decode(value, &record, err);
}

static aether_status check_parameters(aether_bytes key, aether_bytes value, aether_error *err) {
    ae_store_key expected;
    ae_constitution constitution;
    ae_parameters_key_init(&expected);
    if (!ae_bytes_equal(key, ae_store_key_bytes(&expected)))
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "parameters: a name that is not known");
    AE_TRY(ae_constitution_decode(value, &constitution, err));
    for (size_t i = 0; i < constitution.chain_id_len; i++)
        if (constitution.chain_id[i] <= ' ' || constitution.chain_id[i] > '~')
            return ae_fail(err, AETHER_STORAGE_DAMAGED,
                "chain parameters: byte %zu of the chain id is not printable ASCII", i);
    return AETHER_OK;
}

static aether_status check_code(aether_bytes key, aether_bytes code, aether_error *err) {
    aether_hash computed;
    if (key.len != HASH_KEY_LEN)
        return refuse_key("code", key.len, err);
    aether_code_hash(code, &computed);
    if (memcmp(key.data + 1, &computed, sizeof computed) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code: its bytes have another hash");
    return AETHER_OK;
}

aether_status ae_entry_check(aether_bytes key, aether_bytes value, aether_error *err) {
    if (key.len == 0)
        return refuse_key("entry", 0, err);
    switch (key.data[0]) {
    case AETHER_STORE_KIND_ACCOUNT:
        return check_account(key, value, err);
    case AETHER_STORE_KIND_STORAGE:
        return check_storage(key, value, err);
    case AETHER_STORE_KIND_CODE_RECORD:
        return check_code_record(key, value, err);
    case AETHER_STORE_KIND_PARAMETERS:
        return check_parameters(key, value, err);
    case AETHER_STORE_KIND_CODE:
        return check_code(key, value, err);
    default:
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "kind 0x%02x is not a state's", key.data[0]);
    }
}
