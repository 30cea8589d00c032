/* Store keys are laid out as aether/store.h says.
 * Method: written out byte by byte, for the shortest and the longest key. */
#include "state/key.h"

#include "harness/test.h"

static aether_address address_of(uint8_t first) {
    aether_address address;
    for (size_t i = 0; i < AETHER_ADDRESS_LEN; i++)
        address.bytes[i] = (uint8_t)(first + i);
    return address;
}

static void account_key_is_kind_and_address(void) {
    const aether_address address = address_of(7);
    ae_store_key key;
    ae_account_key_init(&key, &address);
    CHECK_U64(key.len, 33);
    CHECK_U64(key.bytes[0], 0x01);
    CHECK_BYTES(ae_bytes(key.bytes + 1, 32), ae_bytes(address.bytes, 32));
    uint8_t encoded[33];
    CHECK_U64(aether_account_key_encode(&address, encoded), 33);
    CHECK_BYTES(ae_bytes(encoded, 33), ae_store_key_bytes(&key));
}

static void storage_key_is_kind_and_contract_and_key(void) {
    const aether_address contract = address_of(9);
    uint8_t storage_key[AETHER_KEY_LEN_MAX];
    static const size_t lens[] = {0, 1, AETHER_KEY_LEN_MAX};
    for (size_t i = 0; i < sizeof storage_key; i++)
        storage_key[i] = (uint8_t)(i * 3);
    for (size_t i = 0; i < 3; i++) {
        ae_store_key key;
        uint8_t encoded[AETHER_STORE_KEY_LEN_MAX];
        ae_storage_key_init(&key, &contract, ae_bytes(storage_key, lens[i]));
        CHECK_U64(key.len, 33 + lens[i]);
        CHECK_U64(key.bytes[0], 0x02);
        CHECK_BYTES(ae_bytes(key.bytes + 1, 32), ae_bytes(contract.bytes, 32));
        CHECK_BYTES(ae_bytes(key.bytes + 33, lens[i]), ae_bytes(storage_key, lens[i]));
        CHECK_U64(
            aether_storage_key_encode(&contract, ae_bytes(storage_key, lens[i]), encoded), key.len);
        CHECK_BYTES(ae_bytes(encoded, key.len), ae_store_key_bytes(&key));
    }
}

TEST_MAIN(TEST(account_key_is_kind_and_address) TEST(storage_key_is_kind_and_contract_and_key))
