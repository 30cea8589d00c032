/* A contract is told its block, caller, value, input and gas, under the output rule.
 * Method: a frame with known values; the pointer matrix and the gas check for every function. */
#include "host/test_frame.h"

#define CHAIN_ID_LEN 12 /* "aether-local" */
#define INPUT_LEN 32

static void block_number_and_timestamp_are_64_bit_results(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK(CALL(&f, block_number, 0) == AE_HOST_CONTINUE);
    CHECK_U64(f.slots[0].bits, UINT64_MAX - 1);
    CHECK(CALL(&f, timestamp, 0) == AE_HOST_CONTINUE);
    CHECK_U64(f.slots[0].bits, 1700000000);
    frame_close(&f);
}

static void gas_left_is_exact_after_its_own_charge(void) {
    static frame f;
    frame_open(&f, UINT64_MAX);
    frame_set_prices(&f);
    const uint64_t base = f.schedule.host[AE_HOST_PRICE_gas_left].base;
    CHECK(CALL(&f, gas_left, 0) == AE_HOST_CONTINUE);
    CHECK_U64(f.slots[0].bits, UINT64_MAX - base);
    CHECK(CALL(&f, gas_left, 0) == AE_HOST_CONTINUE);
    CHECK_U64(f.slots[0].bits, UINT64_MAX - 2 * base);
    CHECK_U64(f.host.meter.left, f.slots[0].bits);
    frame_close(&f);
}

static void addresses_and_value_are_written_whole(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK_RESULT(&f, 32, caller, 100);
    CHECK_BYTES(frame_bytes(&f, 100, 32), ae_bytes(f.context.caller.bytes, 32));
    CHECK_RESULT(&f, 32, self_address, MEMORY_LEN - 32);
    CHECK_BYTES(frame_bytes(&f, MEMORY_LEN - 32, 32), ae_bytes(f.context.self.bytes, 32));
    const uint8_t after = f.memory[216];
    CHECK_RESULT(&f, 16, value, 200);
    for (uint32_t i = 0; i < 16; i++)
        CHECK_U64(f.memory[200 + i], i + 1); // little endian
    CHECK_U64(f.memory[216], after);
    frame_close(&f);
}

static void chain_id_and_input_follow_the_output_rule(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK_RESULT(&f, CHAIN_ID_LEN, chain_id, UINT32_MAX, 0); // asks for the length
    frame_put_text(&f, 10, "................");
    CHECK_RESULT(&f, CHAIN_ID_LEN, chain_id, 10, 6);
    CHECK_BYTES(frame_bytes(&f, 10, 16), ae_bytes_of("aether.........."));
    CHECK_RESULT(&f, CHAIN_ID_LEN, chain_id, 10, 16);
    CHECK_BYTES(frame_bytes(&f, 10, 16), ae_bytes_of("aether-local...."));
    CHECK_RESULT(&f, INPUT_LEN, input, UINT32_MAX, 0);
    CHECK_RESULT(&f, INPUT_LEN, input, 0, MEMORY_LEN);
    CHECK_BYTES(frame_bytes(&f, 0, INPUT_LEN), f.context.input);
    f.context.input = (aether_bytes){0};
    f.context.chain_id = (aether_bytes){0};
    frame_put_text(&f, 10, "....");
    CHECK_RESULT(&f, 0, input, 10, 4);
    CHECK_RESULT(&f, 0, chain_id, 10, 4);
    CHECK_BYTES(frame_bytes(&f, 10, 4), ae_bytes_of("...."));
    frame_close(&f);
}

static void the_declared_output_range_must_lie_in_memory(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK_REFUSED(&f, "input: out: 0 + 65537 is past the end of memory, 65536", input, 0, 65537);
    CHECK_REFUSED(
        &f, "chain_id: out: 65535 + 2 is past the end of memory, 65536", chain_id, 65535, 2);
    CHECK_REFUSED(&f, "caller: out: 65505 + 32 is past the end of memory, 65536", caller, 65505);
    CHECK_REFUSED(&f, "value: out: 65521 + 16 is past the end of memory, 65536", value, 65521);
    frame_close(&f);
}

static void works_without_a_memory_where_no_byte_is_asked_for(void) {
    static frame f;
    frame_open(&f, 0);
    f.host.memory = (ae_span){0};
    ae_slot slots[2] = {{.bits = 5}, {.bits = 0}};
    CHECK(ae_host_rows[AE_HOST_PRICE_input].function(&f.host, slots) == AE_HOST_CONTINUE);
    CHECK_U64(slots[0].bits, INPUT_LEN);
    slots[0].bits = 0;
    CHECK(ae_host_rows[AE_HOST_PRICE_caller].function(&f.host, slots) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_HOST);
    frame_close(&f);
}

static void every_pointer_is_checked(void) {
    static const pointer_case cases[] = {
        {AE_HOST_PRICE_chain_id, .ptr = 0, .len = 1},
        {AE_HOST_PRICE_caller, .ptr = 0, .len = FIXED_LEN, .fixed_len = 32},
        {AE_HOST_PRICE_self_address, .ptr = 0, .len = FIXED_LEN, .fixed_len = 32},
        {AE_HOST_PRICE_value, .ptr = 0, .len = FIXED_LEN, .fixed_len = 16},
        {AE_HOST_PRICE_input, .ptr = 0, .len = 1},
    };
    CHECK_POINTERS(cases);
}

static void gas_is_exact(void) {
    static const gas_case cases[] = {
        {AE_HOST_PRICE_block_number, {0}, .bytes_in = 0},
        {AE_HOST_PRICE_timestamp, {0}, .bytes_in = 0},
        {AE_HOST_PRICE_gas_left, {0}, .bytes_in = 0},
        {AE_HOST_PRICE_chain_id, {0, 0}, .bytes_in = 0},
        {AE_HOST_PRICE_chain_id, {0, 5}, .bytes_out = 5},
        {AE_HOST_PRICE_chain_id, {0, 500}, .bytes_out = CHAIN_ID_LEN},
        {AE_HOST_PRICE_caller, {0}, .bytes_out = 32},
        {AE_HOST_PRICE_self_address, {0}, .bytes_out = 32},
        {AE_HOST_PRICE_value, {0}, .bytes_out = 16},
        {AE_HOST_PRICE_input, {0, 0}, .bytes_in = 0},
        {AE_HOST_PRICE_input, {0, 31}, .bytes_out = 31},
        {AE_HOST_PRICE_input, {0, 33}, .bytes_out = INPUT_LEN},
    };
    CHECK_GAS(cases);
}

TEST_MAIN(
    TEST(block_number_and_timestamp_are_64_bit_results) TEST(gas_left_is_exact_after_its_own_charge)
        TEST(addresses_and_value_are_written_whole) TEST(chain_id_and_input_follow_the_output_rule)
            TEST(the_declared_output_range_must_lie_in_memory)
                TEST(works_without_a_memory_where_no_byte_is_asked_for)
                    TEST(every_pointer_is_checked) TEST(gas_is_exact))
