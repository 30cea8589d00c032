/* The chain's own records: their layout is pinned, what was read is written the same again, and anything else is refused
 * as damage. */
#include "ledger/record.h"

#include <aether/version.h>

#include "harness/test.h"

static aether_error err;

static ae_constitution sample(const char *chain_id) {
    ae_constitution out = {.supply = {.low = 0x1112131415161718u, .high = 0x2122232425262728u},
        .chain_id_len = (uint8_t)strlen(chain_id),
        .parameters = {.struct_size = sizeof out.parameters,
            .protocol_version = AETHER_PROTOCOL_VERSION,
            .schedule = AETHER_SCHEDULE_UNIT,
            .block_gas_max = 0x3132333435363738u,
            .transaction_len_max = 0x41424344u,
            .block_len_max = 0x51525354u}};
    memset(out.parameters.fee_address.bytes, 0x66, AETHER_ADDRESS_LEN);
    memcpy(out.chain_id, chain_id, strlen(chain_id));
    return out;
}

static void parameters_have_their_layout(void) {
    static const uint8_t fixed[] = {AETHER_PROTOCOL_VERSION, 0, 0, 0, AETHER_SCHEDULE_UNIT, 0x38,
        0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31, 0x44, 0x43, 0x42, 0x41, 0x54, 0x53, 0x52, 0x51};
    static const uint8_t supply[] = {0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x28, 0x27,
        0x26, 0x25, 0x24, 0x23, 0x22, 0x21};
    uint8_t bytes[AE_PARAMETERS_LEN_MAX];
    const ae_constitution in = sample("id");
    CHECK_U64(ae_constitution_encode(&in, bytes), 72);
    CHECK_BYTES(ae_bytes(bytes, sizeof fixed), ae_bytes(fixed, sizeof fixed));
    for (size_t i = 21; i < 53; i++)
        CHECK_U64(bytes[i], 0x66);
    CHECK_BYTES(ae_bytes(bytes + 53, 16), ae_bytes(supply, 16));
    CHECK_BYTES(ae_bytes(bytes + 69, 3), ae_bytes("\x02id", 3));
}

static void parameters_are_read_as_they_were_written(void) {
    char chain_id[AE_CHAIN_ID_LEN_MAX + 1] = "";
    for (size_t len = 1; len <= AE_CHAIN_ID_LEN_MAX; len++) {
        uint8_t bytes[AE_PARAMETERS_LEN_MAX], again[AE_PARAMETERS_LEN_MAX];
        chain_id[len - 1] = 'x';
        const ae_constitution in = sample(chain_id);
        ae_constitution out;
        const size_t written = ae_constitution_encode(&in, bytes);
        CHECK_OK(ae_constitution_decode(ae_bytes(bytes, written), &out, &err));
        CHECK_TEXT(out.chain_id, chain_id);
        CHECK_U64(out.parameters.struct_size, sizeof out.parameters);
        CHECK_U64(ae_constitution_encode(&out, again), written);
        CHECK_BYTES(ae_bytes(again, written), ae_bytes(bytes, written));
    }
}

static void parameters_of_another_length_are_damage(void) {
    uint8_t bytes[AE_PARAMETERS_LEN_MAX + 1] = {0};
    const ae_constitution in = sample("chain");
    ae_constitution out = {.chain_id_len = 77};
    const size_t written = ae_constitution_encode(&in, bytes);
    for (size_t len = 0; len <= sizeof bytes; len++)
        if (len != written)
            CHECK_STATUS(
                ae_constitution_decode(ae_bytes(bytes, len), &out, &err), AETHER_STORAGE_DAMAGED);
    CHECK_U64(out.chain_id_len, 77); // untouched
}

static void another_protocol_version_is_told(void) {
    uint8_t bytes[AE_PARAMETERS_LEN_MAX];
    const ae_constitution in = sample("chain");
    ae_constitution out;
    const size_t written = ae_constitution_encode(&in, bytes);
    bytes[0]++;
    CHECK_STATUS(
        ae_constitution_decode(ae_bytes(bytes, written), &out, &err), AETHER_LIMIT_EXCEEDED);
    CHECK(strstr(err.message, "protocol version") != NULL);
    bytes[0]--;
    bytes[4] = AETHER_SCHEDULE_UNIT + 1;
    CHECK_STATUS(
        ae_constitution_decode(ae_bytes(bytes, written), &out, &err), AETHER_STORAGE_DAMAGED);
}

static void code_record_has_its_layout(void) {
    static const uint8_t expected[] = {4, 3, 2, 1, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11};
    uint8_t bytes[AE_CODE_RECORD_LEN + 1] = {0};
    const ae_code_record in = {.len = 0x01020304, .instantiation_gas = 0x1112131415161718u};
    ae_code_record out;
    ae_code_record_encode(&in, bytes);
    CHECK_BYTES(ae_bytes(bytes, AE_CODE_RECORD_LEN), ae_bytes(expected, sizeof expected));
    CHECK_OK(ae_code_record_decode(ae_bytes(bytes, AE_CODE_RECORD_LEN), &out, &err));
    CHECK_U64(out.len, in.len);
    CHECK_U64(out.instantiation_gas, in.instantiation_gas);
    for (size_t len = 0; len <= sizeof bytes; len++)
        if (len != AE_CODE_RECORD_LEN)
            CHECK_STATUS(
                ae_code_record_decode(ae_bytes(bytes, len), &out, &err), AETHER_STORAGE_DAMAGED);
}

static void head_has_its_layout(void) {
    uint8_t bytes[AE_HEAD_LEN + 1] = {0};
    ae_head in = {.height = 0x0102030405060708u, .time = 0x1112131415161718u}, out;
    memset(in.root.bytes, 0x77, AETHER_HASH_LEN);
    ae_head_encode(&in, bytes);
    CHECK_BYTES(ae_bytes(bytes, 17),
        ae_bytes("\x08\x07\x06\x05\x04\x03\x02\x01\x18\x17\x16\x15\x14\x13\x12\x11\x77", 17));
    CHECK_OK(ae_head_decode(ae_bytes(bytes, AE_HEAD_LEN), &out, &err));
    CHECK_U64(out.height, in.height);
    CHECK_U64(out.time, in.time);
    CHECK(memcmp(&out.root, &in.root, sizeof in.root) == 0);
    for (size_t len = 0; len <= sizeof bytes; len++)
        if (len != AE_HEAD_LEN)
            CHECK_STATUS(ae_head_decode(ae_bytes(bytes, len), &out, &err), AETHER_STORAGE_DAMAGED);
}

static void keys_begin_with_their_kinds(void) {
    ae_store_key key;
    const aether_hash hash = {{0xaa, 0xbb}};
    ae_parameters_key_init(&key);
    CHECK_BYTES(ae_store_key_bytes(&key), ae_bytes("\x04parameters", 11));
    ae_head_key_init(&key);
    CHECK_BYTES(ae_store_key_bytes(&key), ae_bytes("\x14", 1));
    ae_code_record_key_init(&key, &hash);
    CHECK_U64(key.len, 33);
    CHECK_BYTES(ae_bytes(key.bytes, 3), ae_bytes("\x03\xaa\xbb", 3));
    ae_code_key_init(&key, &hash);
    CHECK_U64(key.len, 33);
    CHECK_BYTES(ae_bytes(key.bytes, 3), ae_bytes("\x10\xaa\xbb", 3));
}

TEST_MAIN(TEST(parameters_have_their_layout) TEST(parameters_are_read_as_they_were_written)
        TEST(parameters_of_another_length_are_damage) TEST(another_protocol_version_is_told) TEST(
            code_record_has_its_layout) TEST(head_has_its_layout) TEST(keys_begin_with_their_kinds))
