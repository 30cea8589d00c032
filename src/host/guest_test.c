/* A guest range is given exactly when it lies in memory, in 64 bits, and length 0 looks at no pointer.
 * Method: memories of several sizes, none included, with ranges around their ends and around 2^32. */
#include "host/guest.h"

#include "host/test_frame.h"

static const ae_argument out_argument = {AE_HOST_PRICE_sha256, "out"};

static void length_0_needs_no_memory_and_gives_a_valid_pointer(void) {
    static frame f;
    frame_open(&f, 0);
    aether_bytes bytes;
    ae_span span;
    CHECK(ae_guest_read(&f.host, out_argument, UINT32_MAX, 0, &bytes));
    CHECK(bytes.data != NULL && bytes.len == 0);
    CHECK(ae_guest_write(&f.host, out_argument, UINT32_MAX, 0, &span));
    CHECK_U64(span.len, 0);
    CHECK(!ae_guest_read(&f.host, out_argument, 0, 1, &bytes));
    CHECK_TEXT(f.host.message, "sha256: out: 0 + 1 is past the end of memory, 0");
    CHECK(!ae_guest_write(&f.host, out_argument, 0, 1, &span));
    frame_close(&f);
}

static void ranges_end_where_memory_ends(void) {
    static frame f;
    frame_open(&f, 0);
    f.host.memory = (ae_span){.data = f.memory, .len = MEMORY_LEN};
    aether_bytes bytes;
    ae_span span;
    CHECK(ae_guest_read(&f.host, out_argument, 0, MEMORY_LEN, &bytes));
    CHECK(bytes.data == f.memory && bytes.len == MEMORY_LEN);
    CHECK(ae_guest_read(&f.host, out_argument, MEMORY_LEN - 1, 1, &bytes));
    CHECK(bytes.data == f.memory + MEMORY_LEN - 1 && bytes.len == 1);
    CHECK(ae_guest_write(&f.host, out_argument, MEMORY_LEN - 32, 32, &span));
    CHECK(span.data == f.memory + MEMORY_LEN - 32 && span.len == 32);
    CHECK(f.host.end == AETHER_END_RETURNED);
    CHECK(!ae_guest_write(&f.host, out_argument, MEMORY_LEN - 32, 33, &span));
    CHECK(f.host.end == AETHER_END_HOST);
    CHECK_TEXT(f.host.message, "sha256: out: 65504 + 33 is past the end of memory, 65536");
    CHECK(!ae_guest_read(&f.host, out_argument, MEMORY_LEN, 1, &bytes));
    frame_close(&f);
}

static void sums_beyond_32_bits_do_not_wrap(void) {
    static frame f;
    frame_open(&f, 0);
    f.host.memory = (ae_span){.data = f.memory, .len = MEMORY_LEN};
    aether_bytes bytes;
    CHECK(!ae_guest_read(&f.host, out_argument, 4294967290u, 32, &bytes));
    CHECK_TEXT(f.host.message, "sha256: out: 4294967290 + 32 is past the end of memory, 65536");
    CHECK(!ae_guest_read(&f.host, out_argument, UINT32_MAX, 1, &bytes));
    CHECK(!ae_guest_read(&f.host, out_argument, 1, UINT32_MAX, &bytes));
    CHECK(!ae_guest_read(&f.host, out_argument, UINT32_MAX, UINT32_MAX, &bytes));
    CHECK(!ae_guest_read(&f.host, out_argument, 0x80000000u, 0x80000000u, &bytes));
    frame_close(&f);
}

TEST_MAIN(TEST(length_0_needs_no_memory_and_gives_a_valid_pointer)
        TEST(ranges_end_where_memory_ends) TEST(sums_beyond_32_bits_do_not_wrap))
