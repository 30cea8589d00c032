/* The reader takes every integer and name that the binary format allows, and refuses the rest with its place.
 * Method: values at the edges of each width, padded and overlong forms, a model for the last byte, truncation. */
#include "wasm/reader.h"

#include "harness/test.h"

static ae_reader over(aether_bytes bytes) {
    return ae_reader_over(bytes, 0, (uint32_t)bytes.len);
}

#define BYTES(...)   \
    ((aether_bytes){ \
        .data = (const uint8_t[]){__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})})

static void check_u32(aether_bytes bytes, uint32_t expected) {
    aether_error err;
    ae_reader reader = over(bytes);
    uint32_t value = 0;
    CHECK_OK(ae_read_u32(&reader, "value", &value, &err));
    CHECK_U64(value, expected);
    CHECK(ae_reader_is_at_end(&reader));
}

static void refuse_u32(aether_bytes bytes, const char *message) {
    aether_error err;
    ae_reader reader = over(bytes);
    uint32_t value = 7;
    CHECK_STATUS(ae_read_u32(&reader, "value", &value, &err), AETHER_MALFORMED_MODULE);
    CHECK_TEXT(err.message, message);
    CHECK_U64(value, 7);
}

static void u32_takes_short_and_padded_forms(void) {
    check_u32(BYTES(0x00), 0);
    check_u32(BYTES(0x7f), 127);
    check_u32(BYTES(0x80, 0x01), 128);
    check_u32(BYTES(0xff, 0xff, 0xff, 0xff, 0x0f), UINT32_MAX);
    check_u32(BYTES(0x80, 0x00), 0);
    check_u32(BYTES(0x83, 0x80, 0x80, 0x80, 0x00), 3);
}

static void u32_refuses_overlong_and_truncated_forms(void) {
    refuse_u32(BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
        "overlong_integer: offset 0x0: the value does not fit 32 bits");
    refuse_u32(BYTES(0xff, 0xff, 0xff, 0xff, 0x1f),
        "overlong_integer: offset 0x0: the value does not fit 32 bits");
    refuse_u32(BYTES(0x80), "truncated: offset 0x0: bytes end inside the value");
    refuse_u32(BYTES(0xff, 0xff, 0xff, 0xff), "truncated: offset 0x0: bytes end inside the value");
    refuse_u32((aether_bytes){0}, "truncated: offset 0x0: bytes end inside the value");
}

static void check_s64(aether_bytes bytes, int64_t expected) {
    aether_error err;
    ae_reader reader = over(bytes);
    int64_t value = 0;
    CHECK_OK(ae_read_s64(&reader, "value", &value, &err));
    CHECK_I64(value, expected);
    CHECK(ae_reader_is_at_end(&reader));
}

static void signed_values_extend_their_sign(void) {
    check_s64(BYTES(0x00), 0);
    check_s64(BYTES(0x3f), 63);
    check_s64(BYTES(0x40), -64);
    check_s64(BYTES(0x7f), -1);
    check_s64(BYTES(0xff, 0x00), 127);
    check_s64(BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), -1);
    check_s64(BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00), INT64_MAX);
    check_s64(BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f), INT64_MIN);
}

// In the last byte of a 32, 33 or 64-bit value the bits that are not part of it repeat the sign.
static void last_byte_of_a_signed_value_repeats_the_sign(void) {
    aether_error err;
    for (unsigned last = 0; last < 256; last++) {
        const aether_bytes five = BYTES(0x80, 0x80, 0x80, 0x80, (uint8_t)last);
        const aether_bytes ten =
            BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, (uint8_t)last);
        ae_reader reader = over(five);
        int32_t s32 = 0;
        const bool fits32 = last < 0x08 || (last >= 0x78 && last < 0x80);
        CHECK_STATUS(ae_read_s32(&reader, "value", &s32, &err),
            fits32 ? AETHER_OK : AETHER_MALFORMED_MODULE);
        if (fits32)
            CHECK_I64(s32, (int32_t)((uint32_t)last << 28));
        reader = over(five);
        int64_t s33 = 0;
        const bool fits33 = last < 0x10 || (last >= 0x70 && last < 0x80);
        CHECK_STATUS(ae_read_s33(&reader, "value", &s33, &err),
            fits33 ? AETHER_OK : AETHER_MALFORMED_MODULE);
        if (fits33)
            CHECK_I64(s33, last < 0x10 ? (int64_t)last << 28 : ((int64_t)last - 0x80) * (1 << 28));
        reader = over(ten);
        int64_t s64 = 0;
        CHECK_STATUS(ae_read_s64(&reader, "value", &s64, &err),
            last == 0 || last == 0x7f ? AETHER_OK : AETHER_MALFORMED_MODULE);
    }
}

static void signed_values_refuse_an_extra_byte_and_truncation(void) {
    aether_error err;
    int32_t s32 = 0;
    int64_t s64 = 0;
    ae_reader reader = over(BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x00));
    CHECK_STATUS(ae_read_s32(&reader, "value", &s32, &err), AETHER_MALFORMED_MODULE);
    reader = over(BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00));
    CHECK_STATUS(ae_read_s64(&reader, "value", &s64, &err), AETHER_MALFORMED_MODULE);
    reader = over(BYTES(0xff, 0xff));
    CHECK_STATUS(ae_read_s33(&reader, "value", &s64, &err), AETHER_MALFORMED_MODULE);
}

static void bytes_are_borrowed_and_bounded(void) {
    aether_error err;
    const aether_bytes module = BYTES(1, 2, 3, 4, 5);
    ae_reader reader = ae_reader_over(module, 1, 4);
    aether_bytes read = {0};
    uint8_t byte = 0;
    CHECK_OK(ae_read_bytes(&reader, "thing", 2, &read, &err));
    CHECK(read.data == module.data + 1);
    CHECK_BYTES(read, BYTES(2, 3));
    CHECK_STATUS(ae_read_bytes(&reader, "thing", 2, &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_TEXT(err.message, "truncated: offset 0x3: the thing has 2 bytes, but 1 are left");
    CHECK_STATUS(ae_read_bytes(&reader, "thing", UINT32_MAX, &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_OK(ae_read_byte(&reader, &byte, &err));
    CHECK_U64(byte, 4);
    CHECK_OK(ae_read_bytes(&reader, "thing", 0, &read, &err));
    CHECK_STATUS(ae_read_byte(&reader, &byte, &err), AETHER_MALFORMED_MODULE);
}

static void names_must_be_utf8(void) {
    aether_error err;
    aether_bytes name = {0};
    ae_reader reader = over(BYTES(3, 0xe2, 0x82, 0xac));
    CHECK_OK(ae_read_name(&reader, "name", &name, &err));
    CHECK_BYTES(name, ae_bytes_of("\xe2\x82\xac"));
    reader = over(BYTES(0));
    CHECK_OK(ae_read_name(&reader, "name", &name, &err));
    CHECK_U64(name.len, 0);
    reader = over(BYTES(2, 0xc0, 0x80));
    CHECK_STATUS(ae_read_name(&reader, "name", &name, &err), AETHER_MALFORMED_MODULE);
    CHECK_TEXT(err.message, "name_encoding: offset 0x0: the name is not valid UTF-8");
    reader = over(BYTES(2, 0x41));
    CHECK_STATUS(ae_read_name(&reader, "name", &name, &err), AETHER_MALFORMED_MODULE);
}

static void refusals_name_function_and_offset(void) {
    aether_error err;
    ae_reader reader = over(BYTES(0));
    reader.function = 3;
    CHECK_STATUS(ae_reader_refuse(&reader, 0x1a2, &err, AETHER_LIMIT_EXCEEDED, "nesting", "%d", 9),
        AETHER_LIMIT_EXCEEDED);
    CHECK_TEXT(err.message, "nesting: function 3, offset 0x1a2: 9");
    CHECK_U64(err.status, AETHER_LIMIT_EXCEEDED);
    reader.function = AE_NO_FUNCTION;
    CHECK_STATUS(ae_reader_refuse(&reader, 5, &err, AETHER_INVALID_MODULE, "types", "wrong"),
        AETHER_INVALID_MODULE);
    CHECK_TEXT(err.message, "types: offset 0x5: wrong");
    CHECK_STATUS(ae_reader_refuse(&reader, 5, NULL, AETHER_INVALID_MODULE, "types", "wrong"),
        AETHER_INVALID_MODULE);
}

TEST_MAIN(TEST(u32_takes_short_and_padded_forms) TEST(u32_refuses_overlong_and_truncated_forms)
        TEST(signed_values_extend_their_sign) TEST(last_byte_of_a_signed_value_repeats_the_sign)
            TEST(signed_values_refuse_an_extra_byte_and_truncation)
                TEST(bytes_are_borrowed_and_bounded) TEST(names_must_be_utf8)
                    TEST(refusals_name_function_and_offset))
