/* Events reach the journal whole or not at all; debug text is kept for people, bounded and harmless.
 * Method: limits at n and n + 1, static frames, exhausted arenas, the pointer matrix and the gas check. */
#include "host/test_frame.h"

#define DATA_AT 1000

static void events_carry_address_topics_and_data(void) {
    static frame f;
    frame_open(&f, 0);
    frame_put_text(&f, DATA_AT, "data");
    CHECK_GOES_ON(&f, emit, 33, 4, DATA_AT, 4); // an odd address
    CHECK_GOES_ON(&f, emit, UINT32_MAX, 0, UINT32_MAX, 0);
    frame_put_text(&f, DATA_AT, "gone");
    const aether_log *events = NULL;
    size_t count = 0;
    ae_journal_events(f.journal, &events, &count);
    CHECK_U64(count, 2);
    CHECK(memcmp(&events[0].address, &f.context.self, sizeof f.context.self) == 0);
    CHECK_U64(events[0].topic_count, 4);
    CHECK_BYTES(ae_bytes(events[0].topics, 128), frame_bytes(&f, 33, 128));
    CHECK_BYTES(events[0].data, ae_bytes_of("data"));
    CHECK_U64(events[1].topic_count, 0);
    CHECK_U64(events[1].data.len, 0);
    frame_close(&f);
}

static void a_fifth_topic_is_refused(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK_REFUSED(&f, "emit: topics: 5 topics, at most 4", emit, 0, 5, 0, 0);
    CHECK_REFUSED(
        &f, "emit: topics: 134217729 topics, at most 4", emit, 0, 0x08000001, 0, 0); // 32 x wraps
    CHECK_REFUSED(
        &f, "emit: topics: 65409 + 128 is past the end of memory, 65536", emit, 65409, 4, 0, 0);
    CHECK_GOES_ON(&f, emit, 65408, 4, 0, 0);
    frame_close(&f);
}

static void event_1025_is_refused(void) {
    static frame f;
    frame_open(&f, 0);
    for (uint32_t i = 0; i < AE_EVENTS_MAX; i++)
        CHECK_GOES_ON(&f, emit, 0, 1, 0, 1);
    CHECK_REFUSED(&f,
        "emit: more than 1024 events or 262144 bytes of event data in the transaction", emit, 0, 0,
        0, 0);
    frame_close(&f);
}

static void event_data_ends_at_256_kib(void) {
    static frame f;
    frame_open(&f, 0);
    for (uint32_t i = 0; i < AE_EVENT_DATA_LEN_MAX / MEMORY_LEN - 1; i++)
        CHECK_GOES_ON(&f, emit, 0, 0, 0, MEMORY_LEN);
    CHECK_GOES_ON(&f, emit, 0, 0, 0, MEMORY_LEN - 1);
    CHECK_REFUSED(&f,
        "emit: more than 1024 events or 262144 bytes of event data in the transaction", emit, 0, 0,
        0, 2);
    CHECK_GOES_ON(&f, emit, 0, 0, 0, 1);
    CHECK_REFUSED(&f,
        "emit: more than 1024 events or 262144 bytes of event data in the transaction", emit, 0, 0,
        0, 1);
    CHECK_GOES_ON(&f, emit, 0, 4, 0, 0);
    frame_close(&f);
}

static void a_static_frame_may_log_but_not_emit(void) {
    static frame f;
    frame_open(&f, UINT64_MAX);
    frame_set_prices(&f);
    f.context.is_static = true;
    CHECK_REFUSED(&f, "emit: an effect in a static frame", emit, 0, 1, 0, 10);
    const ae_host_price *price = &f.schedule.host[AE_HOST_PRICE_emit];
    CHECK_U64(UINT64_MAX - f.host.meter.left, price->base + 42 * price->in_rate); // charged first
    CHECK_GOES_ON(&f, log, 0, 4);
    frame_close(&f);
}

static void log_keeps_one_escaped_line_each(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK(f.host.debug_text == NULL);
    frame_put(&f, 0, ae_bytes("a\nb\0\xff\xc3\xa9", 7));
    CHECK_GOES_ON(&f, log, 0, 7);
    CHECK_TEXT(f.host.debug_text, "a\\x0ab\\x00\\xff\xc3\xa9\n");
    CHECK_GOES_ON(&f, log, UINT32_MAX, 0);
    CHECK_GOES_ON(&f, log, 2, 1);
    CHECK_TEXT(f.host.debug_text, "a\\x0ab\\x00\\xff\xc3\xa9\n\nb\n");
    CHECK_U64(f.host.debug_len, strlen(f.host.debug_text));
    frame_close(&f);
}

static void debug_text_grows_and_keeps_what_it_had(void) {
    static frame f;
    frame_open(&f, 0);
    memset(f.memory, 'x', MEMORY_LEN);
    uint32_t expected = 0;
    for (uint32_t len = 0; len < 300; len++) {
        CHECK_GOES_ON(&f, log, 0, len);
        expected += len + 1;
        CHECK_U64(f.host.debug_len, expected);
        CHECK_U64(strlen(f.host.debug_text), expected);
    }
    uint32_t at = 0;
    for (uint32_t len = 0; len < 300; len++, at++) {
        for (uint32_t i = 0; i < len; i++, at++)
            CHECK(f.host.debug_text[at] == 'x');
        CHECK(f.host.debug_text[at] == '\n');
    }
    frame_close(&f);
}

static void debug_text_is_cut_at_64_kib_and_never_refused(void) {
    static frame f;
    frame_open(&f, 0);
    memset(f.memory, 'x', MEMORY_LEN);
    CHECK_GOES_ON(&f, log, 0, AE_DEBUG_TEXT_LEN_MAX - 2);
    CHECK_U64(f.host.debug_len, AE_DEBUG_TEXT_LEN_MAX - 1);
    CHECK_GOES_ON(&f, log, 0, 9); // there is room for the newline only
    CHECK_U64(f.host.debug_len, AE_DEBUG_TEXT_LEN_MAX);
    const size_t total = f.arena.total, used = f.arena.used;
    CHECK_GOES_ON(&f, log, 0, 9);
    CHECK_U64(f.host.debug_len, AE_DEBUG_TEXT_LEN_MAX);
    CHECK_U64(strlen(f.host.debug_text), AE_DEBUG_TEXT_LEN_MAX);
    CHECK(f.host.debug_text[AE_DEBUG_TEXT_LEN_MAX - 1] == '\n');
    CHECK(f.arena.total == total && f.arena.used == used);
    frame_close(&f);
    frame_open(&f, 0);
    memset(f.memory, 1, MEMORY_LEN); // four times as long when escaped
    CHECK_GOES_ON(&f, log, 0, MEMORY_LEN);
    CHECK_U64(f.host.debug_len, AE_DEBUG_TEXT_LEN_MAX - 3); // whole escapes and the newline
    CHECK_GOES_ON(&f, log, 0, 1); // two bytes and a newline would do, four don't
    CHECK_U64(f.host.debug_len, AE_DEBUG_TEXT_LEN_MAX - 2);
    frame_close(&f);
}

static void logging_without_end_takes_little_memory(void) {
    static frame f;
    frame_open(&f, 0);
    for (uint32_t i = 0; i < 100000; i++)
        CHECK_GOES_ON(&f, log, 0, 20);
    CHECK(f.arena.total <= 5 * AE_DEBUG_TEXT_LEN_MAX);
    frame_close(&f);
}

static void an_exhausted_arena_is_a_fault(void) {
    static frame f;
    frame_open(&f, 0);
    frame_exhaust(&f);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, log, 0, 1);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, emit, 0, 1, 0, 1);
    frame_close(&f);
}

static void every_pointer_is_checked(void) {
    static const pointer_case cases[] = {
        {AE_HOST_PRICE_emit, {0, 0, 0, 7}, .ptr = 0, .len = 1, .unit = 32, .len_max = 4},
        {AE_HOST_PRICE_emit, {0, 3, 0, 0}, .ptr = 2, .len = 3},
        {AE_HOST_PRICE_log, .ptr = 0, .len = 1},
    };
    CHECK_POINTERS(cases);
}

static void gas_is_exact(void) {
    static const gas_case cases[] = {
        {AE_HOST_PRICE_emit, {0, 0, 0, 0}, .bytes_in = 0},
        {AE_HOST_PRICE_emit, {0, 4, 0, 1000}, .bytes_in = 128 + 1000},
        {AE_HOST_PRICE_log, {0, 0}, .bytes_in = 0}, {AE_HOST_PRICE_log, {0, 77}, .bytes_in = 77},
        {AE_HOST_PRICE_log, {0, MEMORY_LEN}, .bytes_in = MEMORY_LEN}, // paid for, also where cut
    };
    CHECK_GAS(cases);
}

static void declared_lengths_are_charged_before_they_are_refused(void) {
    static frame f;
    frame_open(&f, 1ull << 45);
    frame_set_prices(&f);
    const ae_host_price *price = &f.schedule.host[AE_HOST_PRICE_emit];
    CHECK(CALL(&f, emit, 0, UINT32_MAX, 0, UINT32_MAX) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_HOST);
    CHECK_U64((1ull << 45) - f.host.meter.left, price->base + price->in_rate * 33 * UINT32_MAX);
    frame_close(&f);
}

TEST_MAIN(TEST(events_carry_address_topics_and_data) TEST(a_fifth_topic_is_refused)
        TEST(event_1025_is_refused) TEST(event_data_ends_at_256_kib)
            TEST(a_static_frame_may_log_but_not_emit) TEST(log_keeps_one_escaped_line_each)
                TEST(debug_text_grows_and_keeps_what_it_had)
                    TEST(debug_text_is_cut_at_64_kib_and_never_refused) TEST(
                        logging_without_end_takes_little_memory) TEST(an_exhausted_arena_is_a_fault)
                        TEST(every_pointer_is_checked) TEST(gas_is_exact)
                            TEST(declared_lengths_are_charged_before_they_are_refused))
