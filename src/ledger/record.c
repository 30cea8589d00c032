#include "ledger/record.h"

#include <aether/version.h>

#include "base/assert.h"
#include "base/bytes.h"

static const char parameters_name[] = "parameters";

void ae_parameters_key_init(ae_store_key *out) {
    out->bytes[0] = AETHER_STORE_KIND_PARAMETERS;
    out->len = sizeof parameters_name; // the kind in place of the NUL
    memcpy(out->bytes + 1, parameters_name, sizeof parameters_name - 1);
}

static void hash_key_init(ae_store_key *out, uint8_t kind, const aether_hash *hash) {
    out->bytes[0] = kind;
    memcpy(out->bytes + 1, hash->bytes, AETHER_HASH_LEN);
    out->len = 1 + AETHER_HASH_LEN;
}

void ae_code_record_key_init(ae_store_key *out, const aether_hash *code_hash) {
    hash_key_init(out, AETHER_STORE_KIND_CODE_RECORD, code_hash);
}

void ae_code_key_init(ae_store_key *out, const aether_hash *code_hash) {
    hash_key_init(out, AETHER_STORE_KIND_CODE, code_hash);
}

void ae_head_key_init(ae_store_key *out) {
    out->bytes[0] = AETHER_STORE_KIND_HEAD;
    out->len = 1;
}

#define SCHEDULE_AT 4
#define BLOCK_GAS_AT 5
#define TRANSACTION_LEN_AT 13
#define BLOCK_LEN_AT 17
#define FEE_ADDRESS_AT 21
#define SUPPLY_AT 53
#define CHAIN_ID_LEN_AT 69
#define CHAIN_ID_AT 70

_Static_assert(CHAIN_ID_AT + AE_CHAIN_ID_LEN_MAX == AE_PARAMETERS_LEN_MAX, "the layout");

size_t ae_constitution_encode(const ae_constitution *constitution, uint8_t *out) {
    const aether_parameters *p = &constitution->parameters;
    ae_put_u32_le(out, p->protocol_version);
    out[SCHEDULE_AT] = (uint8_t)p->schedule;
    ae_put_u64_le(out + BLOCK_GAS_AT, p->block_gas_max);
    ae_put_u32_le(out + TRANSACTION_LEN_AT, p->transaction_len_max);
    ae_put_u32_le(out + BLOCK_LEN_AT, p->block_len_max);
    memcpy(out + FEE_ADDRESS_AT, p->fee_address.bytes, AETHER_ADDRESS_LEN);
    ae_put_u128_le(out + SUPPLY_AT, constitution->supply);
    out[CHAIN_ID_LEN_AT] = constitution->chain_id_len;
    memcpy(out + CHAIN_ID_AT, constitution->chain_id, constitution->chain_id_len);
    return CHAIN_ID_AT + (size_t)constitution->chain_id_len;
}

aether_status ae_constitution_decode(aether_bytes bytes, ae_constitution *out, aether_error *err) {
    if (bytes.len <= CHAIN_ID_AT || bytes.len > AE_PARAMETERS_LEN_MAX ||
        bytes.data[CHAIN_ID_LEN_AT] != bytes.len - CHAIN_ID_AT)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "chain parameters: a record of %zu bytes is not one", bytes.len);
    const uint8_t *in = bytes.data;
    const uint32_t version = ae_get_u32_le(in);
    if (version != AETHER_PROTOCOL_VERSION)
        return ae_fail(err, AETHER_LIMIT_EXCEEDED,
            "chain: protocol version %u, this library knows %d: use a newer one", version,
            AETHER_PROTOCOL_VERSION);
    ae_constitution read = {.supply = ae_get_u128_le(in + SUPPLY_AT),
        .chain_id_len = in[CHAIN_ID_LEN_AT],
        .parameters = {.struct_size = sizeof read.parameters,
            .protocol_version = version,
            .schedule = (aether_schedule)in[SCHEDULE_AT],
            .block_gas_max = ae_get_u64_le(in + BLOCK_GAS_AT),
            .transaction_len_max = ae_get_u32_le(in + TRANSACTION_LEN_AT),
            .block_len_max = ae_get_u32_le(in + BLOCK_LEN_AT)}};
    memcpy(read.parameters.fee_address.bytes, in + FEE_ADDRESS_AT, AETHER_ADDRESS_LEN);
    memcpy(read.chain_id, in + CHAIN_ID_AT, read.chain_id_len);
    if ((unsigned)read.parameters.schedule > AETHER_SCHEDULE_UNIT)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "chain parameters: no schedule has number %u",
            in[SCHEDULE_AT]);
    *out = read;
    return AETHER_OK;
}

void ae_code_record_encode(const ae_code_record *record, uint8_t out[AE_CODE_RECORD_LEN]) {
    ae_put_u32_le(out, record->len);
    ae_put_u64_le(out + 4, record->instantiation_gas);
}

aether_status ae_code_record_decode(aether_bytes bytes, ae_code_record *out, aether_error *err) {
    if (bytes.len != AE_CODE_RECORD_LEN)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code record: %zu bytes, need %d", bytes.len,
            AE_CODE_RECORD_LEN);
    *out = (ae_code_record){
        .len = ae_get_u32_le(bytes.data), .instantiation_gas = ae_get_u64_le(bytes.data + 4)};
    return AETHER_OK;
}

void ae_head_encode(const ae_head *head, uint8_t out[AE_HEAD_LEN]) {
    ae_put_u64_le(out, head->height);
    ae_put_u64_le(out + 8, head->time);
    memcpy(out + 16, head->root.bytes, AETHER_HASH_LEN);
}

aether_status ae_head_decode(aether_bytes bytes, ae_head *out, aether_error *err) {
    if (bytes.len != AE_HEAD_LEN)
        return ae_fail(
            err, AETHER_STORAGE_DAMAGED, "head: %zu bytes, need %d", bytes.len, AE_HEAD_LEN);
    out->height = ae_get_u64_le(bytes.data);
    out->time = ae_get_u64_le(bytes.data + 8);
    memcpy(out->root.bytes, bytes.data + 16, AETHER_HASH_LEN);
    return AETHER_OK;
}
