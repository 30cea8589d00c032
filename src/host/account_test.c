/* balance reads an account's u128, 0 without a record, and touches nothing when it is refused.
 * Method: credits through the journal; the pointer matrix, the gas check, overlap and a failing store. */
#include "host/test_frame.h"

static void credit_self(frame *f) {
    aether_error err = {0};
    bool fits = false;
    const aether_u128 amount = {.low = 0x0807060504030201, .high = 0xffeeddccbbaa9988};
    CHECK_OK(ae_journal_credit(f->journal, &f->context.self, amount, &fits, &err));
    CHECK(fits);
    frame_put(f, 100, ae_bytes(f->context.self.bytes, AETHER_ADDRESS_LEN));
}

static const uint8_t expected[16] = {
    1, 2, 3, 4, 5, 6, 7, 8, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static void writes_16_bytes_little_endian(void) {
    static frame f;
    frame_open(&f, 0);
    credit_self(&f);
    const uint8_t after = f.memory[316];
    CHECK_RESULT(&f, 16, balance, 100, 300);
    CHECK_BYTES(frame_bytes(&f, 300, 16), ae_bytes(expected, 16));
    CHECK_U64(f.memory[316], after);
    CHECK_RESULT(&f, 16, balance, 1000, 300); // nobody's address
    CHECK_BYTES(frame_bytes(&f, 300, 16), ae_bytes((const uint8_t[16]){0}, 16));
    frame_close(&f);
}

static void the_output_may_lie_over_the_address(void) {
    static const uint32_t outs[] = {99, 100, 101, 116, 131};
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++) {
        static frame f;
        frame_open(&f, 0);
        credit_self(&f);
        CHECK_RESULT(&f, 16, balance, 100, outs[i]);
        CHECK_BYTES(frame_bytes(&f, outs[i], 16), ae_bytes(expected, 16));
        frame_close(&f);
    }
}

static void a_static_frame_may_ask(void) {
    static frame f;
    frame_open(&f, 0);
    credit_self(&f);
    f.context.is_static = true;
    CHECK_RESULT(&f, 16, balance, 100, 300);
    frame_close(&f);
}

static void a_failing_store_is_a_fault(void) {
    static frame f;
    frame_open(&f, 0);
    f.view_fails = true;
    CHECK_FAULT(&f, AETHER_STORAGE_FAILED, balance, 100, 300);
    frame_close(&f);
}

static void every_pointer_is_checked(void) {
    static const pointer_case cases[] = {
        {AE_HOST_PRICE_balance, .ptr = 0, .len = FIXED_LEN, .fixed_len = 32},
        {AE_HOST_PRICE_balance, .ptr = 1, .len = FIXED_LEN, .fixed_len = 16},
    };
    CHECK_POINTERS(cases);
}

static void gas_is_exact(void) {
    static const gas_case cases[] = {
        {AE_HOST_PRICE_balance, {100, 300}, .bytes_out = 16, .prepare = credit_self},
        {AE_HOST_PRICE_balance, {100, 300}, .bytes_out = 16},
    };
    CHECK_GAS(cases);
}

TEST_MAIN(TEST(writes_16_bytes_little_endian) TEST(the_output_may_lie_over_the_address)
        TEST(a_static_frame_may_ask) TEST(a_failing_store_is_a_fault) TEST(every_pointer_is_checked)
            TEST(gas_is_exact))
