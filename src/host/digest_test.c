/* The three hash functions write the right 32 bytes, read their input before they write, and price by length.
 * Method: published digests of "" and "abc"; overlap by every offset around the input; matrix and gas check. */
#include "host/test_frame.h"

typedef struct vector {
    ae_host_price_id function;
    const char *of_empty;
    const char *of_abc;
} vector;

static const vector vectors[] = {
    {AE_HOST_PRICE_sha256,
        "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24"
        "\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55",
        "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
        "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad"},
    {AE_HOST_PRICE_keccak256,
        "\xc5\xd2\x46\x01\x86\xf7\x23\x3c\x92\x7e\x7d\xb2\xdc\xc7\x03\xc0"
        "\xe5\x00\xb6\x53\xca\x82\x27\x3b\x7b\xfa\xd8\x04\x5d\x85\xa4\x70",
        "\x4e\x03\x65\x7a\xea\x45\xa9\x4f\xc7\xd4\x7b\xa8\x26\xc8\xd6\x67"
        "\xc0\xd1\xe6\xe3\x3a\x64\xa0\x36\xec\x44\xf5\x8f\xa1\x2d\x6c\x45"},
    {AE_HOST_PRICE_blake2b256,
        "\x0e\x57\x51\xc0\x26\xe5\x43\xb2\xe8\xab\x2e\xb0\x60\x99\xda\xa1"
        "\xd1\xe5\xdf\x47\x77\x8f\x77\x87\xfa\xab\x45\xcd\xf1\x2f\xe3\xa8",
        "\xbd\xdd\x81\x3c\x63\x42\x39\x72\x31\x71\xef\x3f\xee\x98\x57\x9b"
        "\x94\x96\x4e\x3b\xb1\xcb\x3e\x42\x72\x62\xc8\xc0\x68\xd5\x23\x19"},
};
#define VECTOR_COUNT (sizeof vectors / sizeof vectors[0])

static void digests_are_the_published_ones(void) {
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        static frame f;
        frame_open(&f, 0);
        frame_put_text(&f, 10, "abc");
        const uint32_t of_abc[ARGS_MAX] = {10, 3, MEMORY_LEN - 32};
        CHECK(frame_call(&f, vectors[i].function, of_abc) == AE_HOST_CONTINUE);
        CHECK_BYTES(frame_bytes(&f, MEMORY_LEN - 32, 32), ae_bytes(vectors[i].of_abc, 32));
        const uint32_t of_empty[ARGS_MAX] = {UINT32_MAX, 0, 500};
        CHECK(frame_call(&f, vectors[i].function, of_empty) == AE_HOST_CONTINUE);
        CHECK_BYTES(frame_bytes(&f, 500, 32), ae_bytes(vectors[i].of_empty, 32));
        frame_close(&f);
    }
}

static void the_output_may_lie_over_the_input(void) {
    for (size_t i = 0; i < VECTOR_COUNT; i++)
        for (uint32_t out = 69; out <= 104; out++) {
            static frame f;
            frame_open(&f, 0);
            frame_put_text(&f, 100, "abc");
            const uint32_t args[ARGS_MAX] = {100, 3, out};
            CHECK(frame_call(&f, vectors[i].function, args) == AE_HOST_CONTINUE);
            CHECK_BYTES(frame_bytes(&f, out, 32), ae_bytes(vectors[i].of_abc, 32));
            frame_close(&f);
        }
}

static void only_32_bytes_are_written(void) {
    static frame f;
    frame_open(&f, 0);
    frame_put_text(&f, 99, "<");
    frame_put_text(&f, 132, ">");
    CHECK_GOES_ON(&f, sha256, 0, 50, 100);
    CHECK_U64(f.memory[99], '<');
    CHECK_U64(f.memory[132], '>');
    frame_close(&f);
}

static void refusals_name_the_argument(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK_REFUSED(&f, "sha256: out: 4294967290 + 32 is past the end of memory, 65536", sha256, 0, 1,
        4294967290u);
    CHECK_REFUSED(
        &f, "keccak256: ptr: 1 + 65536 is past the end of memory, 65536", keccak256, 1, 65536, 0);
    CHECK_REFUSED(&f, "blake2b256: out: 65505 + 32 is past the end of memory, 65536", blake2b256, 0,
        0, 65505);
    frame_close(&f);
}

static void every_pointer_is_checked(void) {
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        const pointer_case cases[] = {
            {vectors[i].function, {0, 0, 200}, .ptr = 0, .len = 1},
            {vectors[i].function, {0, 8, 0}, .ptr = 2, .len = FIXED_LEN, .fixed_len = 32},
        };
        CHECK_POINTERS(cases);
    }
}

static void gas_is_exact(void) {
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        const gas_case cases[] = {
            {vectors[i].function, {0, 0, 100}, .bytes_out = 32},
            {vectors[i].function, {0, 137, 100}, .bytes_in = 137, .bytes_out = 32},
            {vectors[i].function, {0, MEMORY_LEN, 0}, .bytes_in = MEMORY_LEN, .bytes_out = 32},
        };
        CHECK_GAS(cases);
    }
}

TEST_MAIN(TEST(digests_are_the_published_ones) TEST(the_output_may_lie_over_the_input)
        TEST(only_32_bytes_are_written) TEST(refusals_name_the_argument)
            TEST(every_pointer_is_checked) TEST(gas_is_exact))
