#include "state/account.h"

#define BALANCE_LEN 16 // a record of a state for single executions may hold no more
#define NONCE_AT 16
#define CODE_HASH_AT 24
#define STORAGE_ROOT_AT 56
#define FLAGS_AT 88
#define OWNER_AT 89

_Static_assert(
    OWNER_AT + AETHER_ADDRESS_LEN == AETHER_CONTRACT_ACCOUNT_LEN, "the layout of a record");

size_t aether_account_encode(const aether_account *account, uint8_t *out) {
    ae_put_u128_le(out, account->balance);
    ae_put_u64_le(out + NONCE_AT, account->nonce);
    if (!account->is_contract)
        return AETHER_ACCOUNT_LEN;
    memcpy(out + CODE_HASH_AT, account->code_hash.bytes, AETHER_HASH_LEN);
    memcpy(out + STORAGE_ROOT_AT, account->storage_root.bytes, AETHER_HASH_LEN);
    out[FLAGS_AT] = account->flags;
    memcpy(out + OWNER_AT, account->owner.bytes, AETHER_ADDRESS_LEN);
    return AETHER_CONTRACT_ACCOUNT_LEN;
}

aether_status aether_account_decode(
    aether_bytes record, aether_account *out_account, aether_error *err) {
    AE_CHECK_ARG(record.data != NULL || record.len == 0, err);
    AE_CHECK_ARG(out_account != NULL, err);
    if (record.len != BALANCE_LEN && record.len != AETHER_ACCOUNT_LEN &&
        record.len != AETHER_CONTRACT_ACCOUNT_LEN)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "account record: %zu bytes, need %d, %d or %d",
            record.len, BALANCE_LEN, AETHER_ACCOUNT_LEN, AETHER_CONTRACT_ACCOUNT_LEN);
    aether_account account = {.balance = ae_get_u128_le(record.data)};
    if (record.len >= AETHER_ACCOUNT_LEN)
        account.nonce = ae_get_u64_le(record.data + NONCE_AT);
    if (record.len == AETHER_CONTRACT_ACCOUNT_LEN) {
        account.is_contract = true;
        memcpy(account.code_hash.bytes, record.data + CODE_HASH_AT, AETHER_HASH_LEN);
        memcpy(account.storage_root.bytes, record.data + STORAGE_ROOT_AT, AETHER_HASH_LEN);
        account.flags = record.data[FLAGS_AT];
        memcpy(account.owner.bytes, record.data + OWNER_AT, AETHER_ADDRESS_LEN);
        if ((account.flags & ~AETHER_ACCOUNT_UPGRADABLE) != 0)
            return ae_fail(err, AETHER_INVALID_ARGUMENT,
                "account record: flags 0x%02x, only bit 0 is defined", account.flags);
    }
    *out_account = account;
    return AETHER_OK;
}

aether_status ae_account_read(aether_bytes record, aether_account *out_account, aether_error *err) {
    aether_error detail;
    if (aether_account_decode(record, out_account, &detail) == AETHER_OK)
        return AETHER_OK;
    return ae_fail(err, AETHER_STORAGE_DAMAGED, "%s", detail.message);
}
