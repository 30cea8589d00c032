/* Any bytes as a transaction, a receipt and an address.
 *
 * What is accepted, encoded again, gives the same bytes; nothing needs more memory than was announced; what is refused
 * has a status of rejection and a message. Memory errors are the sanitizers' to see. */
#include "fuzz.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "ledger/transaction.h"

static void check_refusal(aether_status status, aether_status expected, const aether_error *err) {
    FUZZ_CHECK(status == expected);
    FUZZ_CHECK(err->status == expected);
    FUZZ_CHECK(err->message[0] != '\0');
}

// Encode the fields without a secret; with the signature behind them these are the bytes.
static void check_encoding(const ae_signed_transaction *transaction, aether_bytes bytes) {
    aether_buffer again = {0};
    aether_error err;
    aether_transaction fields = transaction->fields;
    FUZZ_CHECK(
        aether_transaction_encode(&fields, AETHER_KEY_ED25519, NULL, &again, &err) == AETHER_OK);
    FUZZ_CHECK(ae_bytes_starts_with(bytes, ae_bytes(again.data, again.len)));
    const size_t rest = transaction->signature.len != 0 ? 2 + AETHER_SIGNATURE_LEN : 0;
    FUZZ_CHECK(bytes.len - again.len == rest);
    if (rest != 0) {
        FUZZ_CHECK(bytes.data[again.len] == 0x7a && bytes.data[again.len + 1] == 64);
        FUZZ_CHECK(ae_bytes_equal(
            ae_bytes(bytes.data + again.len + 2, AETHER_SIGNATURE_LEN), transaction->signature));
    }
    aether_buffer_destroy(&again);
}

static void fuzz_transaction(aether_bytes bytes) {
    ae_arena arena;
    aether_error err;
    ae_signed_transaction transaction;
    // Blocks of no more than what is asked for: a sanitizer sees the first byte behind each.
    ae_arena_init(&arena, 1, bytes.len + 4096);
    const aether_status status = ae_transaction_read(bytes, &arena, &transaction, &err);
    if (status == AETHER_OK) {
        check_encoding(&transaction, bytes);
        if (transaction.hash.bytes[0] % 16 == 0) // slow; changed bytes are next to never signed
            (void)ae_transaction_is_signed(&transaction);
    } else {
        check_refusal(status, AETHER_MALFORMED_TRANSACTION, &err);
    }
    ae_arena_deinit(&arena);
}

static void fuzz_receipt(aether_bytes bytes) {
    aether_receipt receipt = {0};
    aether_error err;
    aether_buffer again = {0};
    const aether_status status = aether_receipt_decode(bytes, &receipt, &err);
    if (status != AETHER_OK) {
        check_refusal(status, AETHER_MALFORMED_TRANSACTION, &err);
        return;
    }
    FUZZ_CHECK(aether_receipt_encode(&receipt, &again, &err) == AETHER_OK);
    FUZZ_CHECK(ae_bytes_equal(ae_bytes(again.data, again.len), bytes));
    aether_buffer_destroy(&again);
    aether_receipt_destroy(&receipt);
}

static void fuzz_address(aether_bytes bytes) {
    char text[128] = {0}; // with a NUL behind it
    char again[AETHER_ADDRESS_TEXT_LEN + 1];
    aether_address address;
    aether_error err;
    if (bytes.len >= sizeof text)
        return;
    if (bytes.len != 0)
        memcpy(text, bytes.data, bytes.len);
    const aether_status status = aether_address_decode(text, &address, &err);
    if (status != AETHER_OK) {
        check_refusal(status, AETHER_INVALID_ARGUMENT, &err);
        return;
    }
    aether_address_encode(&address, again);
    FUZZ_CHECK(strcmp(again, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    const aether_bytes bytes = ae_bytes(data, len);
    fuzz_transaction(bytes);
    fuzz_receipt(bytes);
    fuzz_address(bytes);
    return 0;
}
