/* The C SDK computes, decodes and builds keys and events exactly, and stops at every bound.
 * Method: compiled natively; the host functions are defined here, and what never returns ends a
 * child. */
#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The library and the SDK have two types of the same name; nowhere else do they meet. */
#define aether_address sdk_address
#define aether_u128 sdk_u128
#include <aether.h>

// ---- The host

enum { EXIT_REVERTED = 81, EXIT_PANICKED = 82 };

static int report = -1; // where a stopping child writes the reason

static aether_bytes host_input;

static struct {
    bool is_present;
    uint8_t key[256], value[64];
    uint32_t key_len, value_len;
} slot; // one key of storage

static struct {
    uint8_t topics[4 * 32], data[64];
    uint32_t topic_count, data_len;
} emitted;

static uint8_t returned[64];
static uint32_t returned_len;

_Noreturn static void stop(int code, const char *text, uint32_t len) {
    if (write(report, text, len) != (ssize_t)len)
        _exit(1);
    _exit(code);
}

_Noreturn void aether_host_revert(const void *ptr, uint32_t len) {
    stop(EXIT_REVERTED, ptr, len);
}

_Noreturn void aether_host_panic(
    const char *msg, uint32_t msg_len, const char *file, uint32_t file_len, uint32_t line) {
    char text[256];
    const int len = snprintf(text, sizeof text, "%.*s", (int)msg_len, msg);
    CHECK(line > 0 && file_len > 2 && file[file_len - 2] == '.');
    stop(EXIT_PANICKED, text, (uint32_t)len);
}

int32_t aether_host_caller(void *out) {
    memset(out, 0x11, 32);
    return 32;
}

int32_t aether_host_self_address(void *out) {
    memset(out, 0x22, 32);
    return 32;
}

int32_t aether_host_value(void *out) {
    memset(out, 0, 16);
    ((uint8_t *)out)[0] = 5;
    ((uint8_t *)out)[15] = 1;
    return 16;
}

int32_t aether_host_input(void *out, uint32_t cap) {
    if (cap > 0 && host_input.len > 0)
        memcpy(out, host_input.data, host_input.len < cap ? host_input.len : cap);
    return (int32_t)host_input.len;
}

void aether_host_return_data(const void *ptr, uint32_t len) {
    CHECK(len <= sizeof returned);
    memcpy(returned, ptr, len);
    returned_len = len;
}

void aether_host_log(const char *ptr, uint32_t len) {
    (void)ptr;
    CHECK_U64(len, 4);
}

static bool slot_is(const void *key, uint32_t key_len) {
    return slot.is_present && slot.key_len == key_len && memcmp(slot.key, key, key_len) == 0;
}

int32_t aether_host_storage_read(const void *key, uint32_t key_len, void *out, uint32_t cap) {
    if (!slot_is(key, key_len))
        return -1;
    memcpy(out, slot.value, slot.value_len < cap ? slot.value_len : cap);
    return (int32_t)slot.value_len;
}

void aether_host_storage_write(
    const void *key, uint32_t key_len, const void *value, uint32_t value_len) {
    CHECK(key_len <= sizeof slot.key && value_len <= sizeof slot.value);
    memcpy(slot.key, key, key_len);
    memcpy(slot.value, value, value_len);
    slot.key_len = key_len;
    slot.value_len = value_len;
    slot.is_present = true;
}

int32_t aether_host_storage_remove(const void *key, uint32_t key_len) {
    const bool existed = slot_is(key, key_len);
    if (existed)
        slot.is_present = false;
    return existed;
}

void aether_host_emit(
    const void *topics, uint32_t topic_count, const void *data, uint32_t data_len) {
    CHECK(topic_count <= 4 && data_len <= sizeof emitted.data);
    memcpy(emitted.topics, topics, (size_t)topic_count * 32);
    if (data_len > 0)
        memcpy(emitted.data, data, data_len);
    emitted.topic_count = topic_count;
    emitted.data_len = data_len;
}

// ---- Helpers

/* Runs `body` in a child, which must stop with this code and text. */
static void check_stops(void (*body)(void), int code, const char *text) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    fflush(NULL);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        report = ends[1];
        body();
        _exit(0);
    }
    close(ends[1]);
    char actual[256] = {0};
    CHECK(read(ends[0], actual, sizeof actual - 1) >= 0);
    close(ends[0]);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_I64(WEXITSTATUS(status), code);
    CHECK_TEXT(actual, text);
}

static sdk_u128 u128(uint64_t high, uint64_t low) {
    return (sdk_u128)high << 64 | low;
}

static void check_u128(sdk_u128 actual, sdk_u128 expected) {
    CHECK_U64(actual >> 64, expected >> 64);
    CHECK_U64(actual, expected);
}

static aether_bytes view(const void *data, size_t len) {
    return (aether_bytes){data, len};
}

// ---- Values

static void sums_carry_and_stop_at_2_to_the_128(void) {
    const sdk_u128 max = u128(UINT64_MAX, UINT64_MAX);
    sdk_u128 out = 77;
    CHECK(aether_u128_add(u128(0, UINT64_MAX), 1, &out));
    check_u128(out, u128(1, 0));
    CHECK(aether_u128_add(max - 1, 1, &out));
    check_u128(out, max);
    out = 77;
    CHECK(!aether_u128_add(max, 1, &out));
    CHECK(!aether_u128_add(max, max, &out));
    CHECK(!aether_u128_add(u128(UINT64_MAX, 0), u128(1, 0), &out));
    check_u128(out, 77);
}

static void differences_borrow_and_stop_at_zero(void) {
    sdk_u128 out = 77;
    CHECK(aether_u128_sub(u128(1, 0), 1, &out));
    check_u128(out, u128(0, UINT64_MAX));
    CHECK(aether_u128_sub(5, 5, &out));
    check_u128(out, 0);
    out = 77;
    CHECK(!aether_u128_sub(0, 1, &out));
    CHECK(!aether_u128_sub(u128(1, 0), u128(1, 1), &out));
    CHECK(!aether_u128_sub(u128(0, UINT64_MAX), u128(1, 0), &out));
    check_u128(out, 77);
}

static void sums_and_differences_undo_each_other(void) {
    uint64_t state = test_seed();
    for (int i = 0; i < 10000; i++) {
        const sdk_u128 a = u128(test_random(&state), test_random(&state)) >> (i % 128);
        const sdk_u128 b = u128(test_random(&state), test_random(&state)) >> (i % 127);
        sdk_u128 sum = 0, back = 0;
        CHECK(aether_u128_add(a, b, &sum) == (b <= ~a));
        if (b <= ~a) {
            CHECK(aether_u128_sub(sum, b, &back));
            check_u128(back, a);
        }
        CHECK(aether_u128_sub(a, b, &back) == (a >= b));
    }
}

static void loads_and_stores_are_little_endian_at_any_alignment(void) {
    const uint8_t expected[17] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    uint8_t bytes[17] = {0};
    check_u128(aether_load_u128(expected + 1), u128(0x100f0e0d0c0b0a09, 0x0807060504030201));
    CHECK_U64(aether_load_u64(expected + 1), 0x0807060504030201);
    CHECK_U64(aether_load_u32(expected + 1), 0x04030201);
    aether_store_u128(bytes + 1, u128(0x100f0e0d0c0b0a09, 0x0807060504030201));
    CHECK_BYTES(view(bytes, 17), view(expected, 17));
    memset(bytes, 0, sizeof bytes);
    aether_store_u64(bytes + 1, 0x0807060504030201);
    CHECK_BYTES(view(bytes, 9), view(expected, 9));
    CHECK_U64(bytes[9], 0);
    memset(bytes, 0, sizeof bytes);
    aether_store_u32(bytes + 1, 0x04030201);
    CHECK_BYTES(view(bytes, 5), view(expected, 5));
    CHECK_U64(bytes[5], 0);
}

static void addresses_differ_by_any_byte(void) {
    const sdk_address a = {.bytes = {1, 2, 3}};
    sdk_address b = a;
    CHECK(aether_address_equal(&a, &b));
    for (size_t i = 0; i < sizeof b.bytes; i++) {
        b.bytes[i] ^= 0x80;
        CHECK(!aether_address_equal(&a, &b));
        b.bytes[i] ^= 0x80;
    }
    sdk_address zero = {.bytes = {0}};
    CHECK(aether_address_is_zero(&zero));
    zero.bytes[31] = 1;
    CHECK(!aether_address_is_zero(&zero));
}

static void context_is_the_hosts(void) {
    const sdk_address caller = aether_caller(), self = aether_self();
    CHECK_U64(caller.bytes[0], 0x11);
    CHECK_U64(caller.bytes[31], 0x11);
    CHECK_U64(self.bytes[31], 0x22);
    check_u128(aether_value(), u128(0x0100000000000000, 5));
}

// ---- Input

static uint8_t input_bytes[64];

static aether_reader input_of(uint32_t len) {
    static uint8_t buffer[64];
    for (size_t i = 0; i < sizeof input_bytes; i++)
        input_bytes[i] = (uint8_t)i;
    host_input = view(input_bytes, len);
    return aether_input(buffer, sizeof buffer);
}

static void a_reader_takes_fields_in_order_to_the_last_byte(void) {
    aether_reader reader = input_of(64);
    CHECK_U64(aether_read_u8(&reader), 0);
    CHECK_U64(aether_read_u32(&reader), 0x04030201);
    CHECK_U64(aether_read_u64(&reader), 0x0c0b0a0908070605);
    check_u128(aether_read_u128(&reader), u128(0x1c1b1a1918171615, 0x14131211100f0e0d));
    CHECK_U64(aether_read_bytes(&reader, 3)[2], 0x1f);
    const sdk_address address = aether_read_address(&reader);
    CHECK_U64(address.bytes[0], 0x20);
    CHECK_U64(address.bytes[31], 0x3f);
    CHECK_U64(aether_read_bytes(&reader, 0) - reader.at, 0);
    aether_read_end(&reader);
}

static void read_u8_of_0(void) {
    aether_reader reader = input_of(0);
    (void)aether_read_u8(&reader);
}

static void read_u32_of_3(void) {
    aether_reader reader = input_of(3);
    (void)aether_read_u32(&reader);
}

static void read_u64_of_7(void) {
    aether_reader reader = input_of(7);
    (void)aether_read_u64(&reader);
}

static void read_u128_of_15(void) {
    aether_reader reader = input_of(15);
    (void)aether_read_u128(&reader);
}

static void read_address_of_31(void) {
    aether_reader reader = input_of(31);
    (void)aether_read_address(&reader);
}

static void read_4_gib_of_64(void) {
    aether_reader reader = input_of(64);
    (void)aether_read_bytes(&reader, UINT32_MAX);
}

static void leave_one_byte(void) {
    aether_reader reader = input_of(5);
    (void)aether_read_u32(&reader);
    aether_read_end(&reader);
}

static void take_input_longer_than_the_buffer(void) {
    uint8_t buffer[3];
    host_input = view("four", 4);
    (void)aether_input(buffer, sizeof buffer);
}

static void a_reader_reverts_one_byte_past_the_end(void) {
    check_stops(read_u8_of_0, EXIT_REVERTED, "input too short");
    check_stops(read_u32_of_3, EXIT_REVERTED, "input too short");
    check_stops(read_u64_of_7, EXIT_REVERTED, "input too short");
    check_stops(read_u128_of_15, EXIT_REVERTED, "input too short");
    check_stops(read_address_of_31, EXIT_REVERTED, "input too short");
    check_stops(read_4_gib_of_64, EXIT_REVERTED, "input too short");
}

static void input_left_over_or_over_the_buffer_reverts(void) {
    check_stops(leave_one_byte, EXIT_REVERTED, "input too long");
    check_stops(take_input_longer_than_the_buffer, EXIT_REVERTED, "input too long");
}

// ---- Failing

static void require_what_holds_not(void) {
    AETHER_REQUIRE(1 == 2, "as stated");
}

static void assert_what_holds_not(void) {
    AETHER_ASSERT(1 == 2);
}

static void require_and_assert_stop_with_their_text(void) {
    AETHER_REQUIRE(1 == 1, "never");
    AETHER_ASSERT(1 == 1);
    check_stops(require_what_holds_not, EXIT_REVERTED, "as stated");
    check_stops(assert_what_holds_not, EXIT_PANICKED, "1 == 2");
}

// ---- Storage

static aether_key key_of_len(uint32_t len) {
    static const uint8_t zeros[256];
    aether_key key;
    aether_key_init(&key, 't');
    aether_key_append(&key, zeros, len - 1);
    return key;
}

static void make_key_of_257(void) {
    (void)key_of_len(257);
}

static void a_key_holds_256_bytes_and_panics_at_257(void) {
    aether_key key = key_of_len(256);
    CHECK_U64(key.len, 256);
    aether_key_append(&key, "", 0);
    CHECK_U64(key.len, 256);
    aether_key_init(&key, 'x');
    aether_key_append(&key, "ab", 2);
    aether_key_append(&key, "c", 1);
    CHECK_BYTES(view(key.bytes, key.len), view("xabc", 4));
    check_stops(make_key_of_257, EXIT_PANICKED, "len <= sizeof key->bytes - key->len");
}

static void values_round_trip_and_absence_is_told(void) {
    const aether_key key = key_of_len(5), other = key_of_len(6);
    uint64_t value = 42;
    CHECK(!aether_storage_read(&key, &value, sizeof value));
    CHECK_U64(value, 42);
    aether_storage_write(&key, &value, sizeof value);
    value = 0;
    CHECK(aether_storage_read(&key, &value, sizeof value));
    CHECK_U64(value, 42);
    CHECK(!aether_storage_read(&other, &value, sizeof value));
    CHECK(!aether_storage_remove(&other));
    CHECK(aether_storage_remove(&key));
    CHECK(!aether_storage_remove(&key));
}

static void read_7_bytes_as_8(void) {
    const aether_key key = key_of_len(5);
    uint64_t value = 0;
    aether_storage_write(&key, "1234567", 7);
    (void)aether_storage_read(&key, &value, sizeof value);
}

static void a_value_of_another_length_panics(void) {
    check_stops(read_7_bytes_as_8, EXIT_PANICKED, "found < 0 || (uint32_t)found == len");
}

static void a_zero_amount_is_stored_as_absence(void) {
    const aether_key key = key_of_len(5);
    check_u128(aether_storage_read_u128(&key), 0);
    aether_storage_write_u128(&key, u128(1, 2));
    CHECK_U64(slot.value_len, 16);
    check_u128(aether_storage_read_u128(&key), u128(1, 2));
    aether_storage_write_u128(&key, 0);
    CHECK(!slot.is_present);
    check_u128(aether_storage_read_u128(&key), 0);
}

// ---- Output

static void an_event_is_its_name_padded_then_its_topics(void) {
    const sdk_address who = aether_caller();
    aether_event event;
    memset(&event, 0xff, sizeof event);
    aether_event_init(&event, "Name");
    aether_event_topic(&event, &who);
    aether_event_emit(&event, "data", 4);
    uint8_t expected[64] = "Name";
    memset(expected + 32, 0x11, 32);
    CHECK_U64(emitted.topic_count, 2);
    CHECK_BYTES(view(emitted.topics, 64), view(expected, 64));
    CHECK_BYTES(view(emitted.data, emitted.data_len), view("data", 4));
}

#define NAME_32 "0123456789abcdef0123456789abcdef"

static void name_an_event_in_33_bytes(void) {
    aether_event event;
    aether_event_init(&event, NAME_32 "+");
}

static void add_a_fifth_topic(void) {
    const sdk_address who = aether_caller();
    aether_event event;
    aether_event_init(&event, NAME_32);
    for (int i = 0; i < 4; i++)
        aether_event_topic(&event, &who);
}

static void an_event_holds_32_bytes_of_name_and_4_topics(void) {
    const sdk_address who = aether_caller();
    aether_event event;
    aether_event_init(&event, NAME_32);
    for (int i = 0; i < 3; i++)
        aether_event_topic(&event, &who);
    aether_event_emit(&event, NULL, 0);
    CHECK_U64(emitted.topic_count, 4);
    CHECK_BYTES(view(emitted.topics, 32), view(NAME_32, 32));
    check_stops(name_an_event_in_33_bytes, EXIT_PANICKED, "len <= sizeof event->topics[0]");
    check_stops(add_a_fifth_topic, EXIT_PANICKED, "event->topic_count < 4");
}

AETHER_EXPORT(execute) {
    aether_log("text");
    return aether_return("result", 6);
}

static void an_entry_point_returns_success_with_its_data(void) {
    CHECK_I64(execute(), 0);
    CHECK_BYTES(view(returned, returned_len), view("result", 6));
}

// clang-format off
TEST_MAIN(
    TEST(sums_carry_and_stop_at_2_to_the_128)
    TEST(differences_borrow_and_stop_at_zero)
    TEST(sums_and_differences_undo_each_other)
    TEST(loads_and_stores_are_little_endian_at_any_alignment)
    TEST(addresses_differ_by_any_byte)
    TEST(context_is_the_hosts)
    TEST(a_reader_takes_fields_in_order_to_the_last_byte)
    TEST(a_reader_reverts_one_byte_past_the_end)
    TEST(input_left_over_or_over_the_buffer_reverts)
    TEST(require_and_assert_stop_with_their_text)
    TEST(a_key_holds_256_bytes_and_panics_at_257)
    TEST(values_round_trip_and_absence_is_told)
    TEST(a_value_of_another_length_panics)
    TEST(a_zero_amount_is_stored_as_absence)
    TEST(an_event_is_its_name_padded_then_its_topics)
    TEST(an_event_holds_32_bytes_of_name_and_4_topics)
    TEST(an_entry_point_returns_success_with_its_data))
