/* A frame's result and the reasons of revert, panic and abort are the exact bytes that the contract gave; the
 * texts for people are harmless and never push the place out.
 * Method: limits at n and n + 1, AssemblyScript strings with every kind of surrogate, exhausted arenas, the
 * pointer matrix and the gas check. */
#include "host/test_frame.h"

#define MSG_AT 100
#define FILE_AT 400

static void the_last_return_data_wins_and_is_a_copy(void) {
    static frame f;
    frame_open(&f, 0);
    frame_put_text(&f, 0, "a longer result");
    CHECK_GOES_ON(&f, return_data, 0, 15);
    CHECK_BYTES(f.host.return_data, ae_bytes_of("a longer result"));
    frame_put_text(&f, 0, "xxxx");
    CHECK_BYTES(f.host.return_data, ae_bytes_of("a longer result"));
    CHECK_GOES_ON(&f, return_data, 2, 5);
    CHECK_BYTES(f.host.return_data, ae_bytes_of("xxnge"));
    CHECK_GOES_ON(&f, return_data, UINT32_MAX, 0);
    CHECK_U64(f.host.return_data.len, 0);
    CHECK_GOES_ON(&f, return_data, 0, 1000);
    CHECK_BYTES(f.host.return_data, frame_bytes(&f, 0, 1000));
    frame_close(&f);
}

static void return_data_without_end_takes_little_memory(void) {
    static frame f;
    frame_open(&f, 0);
    for (uint32_t i = 0; i < 20000; i++) {
        const uint32_t len = i * 37 % (MEMORY_LEN + 1);
        CHECK_GOES_ON(&f, return_data, 0, len);
        CHECK_U64(f.host.return_data.len, len);
    }
    CHECK(f.arena.total <= 5 * AE_RETURN_DATA_LEN_MAX);
    frame_close(&f);
}

static void results_and_reasons_end_at_64_kib(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK_GOES_ON(&f, return_data, 0, 65536);
    CHECK_REFUSED(&f, "return_data: ptr: 65537 bytes, at most 65536", return_data, 0, 65537);
    CHECK_REFUSED(&f, "revert: ptr: 65537 bytes, at most 65536", revert, 0, 65537);
    CHECK_REFUSED(&f, "panic: msg: 65537 bytes, at most 65536", panic, 0, 65537, 0, 0, 0);
    CHECK_REFUSED(&f, "panic: file: 65537 bytes, at most 65536", panic, 0, 0, 0, 65537, 0);
    CHECK(CALL(&f, revert, 0, 65536) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_REVERT);
    CHECK_BYTES(f.host.return_data, frame_bytes(&f, 0, 65536));
    f.host.end = AETHER_END_RETURNED;
    CHECK(CALL(&f, panic, 0, 65536, 0, 65536, 0) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_PANIC);
    CHECK_U64(f.host.return_data.len, 65536);
    frame_close(&f);
}

static void a_reason_takes_the_place_of_the_result(void) {
    static frame f;
    frame_open(&f, 0);
    frame_put_text(&f, 0, "resultreason");
    CHECK_GOES_ON(&f, return_data, 0, 6);
    CHECK(CALL(&f, revert, 6, 6) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_REVERT);
    CHECK_BYTES(f.host.return_data, ae_bytes_of("reason"));
    CHECK_TEXT(f.host.message, "");
    frame_close(&f);
    frame_open(&f, 0);
    CHECK_GOES_ON(&f, return_data, 0, 6);
    CHECK(CALL(&f, revert, UINT32_MAX, 0) == AE_HOST_STOP);
    CHECK_U64(f.host.return_data.len, 0);
    frame_close(&f);
}

// panic with these texts; the message for people is in f->host.
static void panic(frame *f, aether_bytes message, aether_bytes file, uint32_t line) {
    frame_put(f, MSG_AT, message);
    const uint32_t file_len = (uint32_t)file.len, file_at = MEMORY_LEN - file_len;
    frame_put(f, file_at, file); // at the very end, so that a step beyond it is seen
    CHECK(CALL(f, panic, MSG_AT, (uint32_t)message.len, file_at, file_len, line) == AE_HOST_STOP);
    CHECK(f->host.end == AETHER_END_PANIC);
    CHECK_BYTES(f->host.return_data, message);
    CHECK(ae_utf8_is_valid(ae_bytes_of(f->host.message)));
    f->host.end = AETHER_END_RETURNED;
}

static void a_panic_gives_its_message_as_the_reason_and_a_place_for_people(void) {
    static frame f;
    frame_open(&f, 0);
    panic(&f, ae_bytes_of("no funds"), ae_bytes_of("src/lib.rs"), 42);
    CHECK_TEXT(f.host.message, "no funds at src/lib.rs:42");
    panic(&f, ae_bytes_of("no funds"), ae_bytes_of(""), 42);
    CHECK_TEXT(f.host.message, "no funds");
    panic(&f, ae_bytes_of(""), ae_bytes_of("src/lib.rs"), UINT32_MAX);
    CHECK_TEXT(f.host.message, "at src/lib.rs:4294967295");
    panic(&f, ae_bytes_of(""), ae_bytes_of(""), 1);
    CHECK_TEXT(f.host.message, "");
    frame_close(&f);
}

static void panic_texts_are_escaped(void) {
    static frame f;
    frame_open(&f, 0);
    panic(&f, ae_bytes("\x1b[2J\n\0\xff\xc3\xa9%s", 11), ae_bytes_of("a\tb%n\xc2\x9b"), 1);
    CHECK_TEXT(f.host.message, "\\x1b[2J\\x0a\\x00\\xff\xc3\xa9%s at a\\x09b%n\\xc2\\x9b:1");
    frame_close(&f);
}

static void long_panics_are_cut_before_the_place(void) {
    static frame f;
    static char message[1000], file[1000], expected[512];
    frame_open(&f, 0);
    memset(message, 'm', sizeof message);
    memset(file, 'f', sizeof file);
    // 199 bytes: " at src/x:7" takes 11 and "..." is kept free
    panic(&f, ae_bytes(message, 185), ae_bytes_of("src/x"), 7);
    memset(expected, 'm', 185);
    memcpy(expected + 185, " at src/x:7", 12);
    CHECK_TEXT(f.host.message, expected);
    panic(&f, ae_bytes(message, 186), ae_bytes_of("src/x"), 7);
    memcpy(expected + 185, "... at src/x:7", 15);
    CHECK_TEXT(f.host.message, expected);
    CHECK_U64(strlen(f.host.message), sizeof f.host.message - 1);
    // of a long path the end is shown
    memcpy(file + 990, "src/lib.rs", 10);
    panic(&f, ae_bytes_of("m"), ae_bytes(file, sizeof file), 7);
    memcpy(expected, "m at ...", 8);
    memset(expected + 8, 'f', 54);
    memcpy(expected + 62, "src/lib.rs:7", 13);
    CHECK_TEXT(f.host.message, expected);
    memset(message, 1, sizeof message); // everything escaped
    memset(file, 1, sizeof file);
    panic(&f, ae_bytes(message, sizeof message), ae_bytes(file, sizeof file), UINT32_MAX);
    CHECK(strlen(f.host.message) < sizeof f.host.message);
    CHECK(strstr(f.host.message, "... at ...") != NULL);
    CHECK(strstr(f.host.message, ":4294967295") != NULL);
    memset(file, 0x80, sizeof file); // the middle of a character, for ever
    panic(&f, ae_bytes_of("m"), ae_bytes(file, sizeof file), 7);
    CHECK_TEXT(f.host.message, "m at ...:7");
    frame_close(&f);
}

// Put a string object whose bytes begin at `at`.
static void put_string(frame *f, uint32_t at, const void *units, uint32_t len) {
    uint8_t header[4];
    ae_put_u32_le(header, len);
    frame_put(f, at - 4, ae_bytes(header, 4));
    frame_put(f, at, ae_bytes(units, len));
}

static void put_ascii(frame *f, uint32_t at, const char *text) {
    uint8_t units[400];
    CHECK(2 * strlen(text) <= sizeof units);
    for (size_t i = 0; text[i] != '\0'; i++) {
        units[2 * i] = (uint8_t)text[i];
        units[2 * i + 1] = 0;
    }
    put_string(f, at, units, (uint32_t)(2 * strlen(text)));
}

static void abort_gives_its_utf16_message_as_utf8(void) {
    static frame f;
    frame_open(&f, 0);
    put_ascii(&f, MSG_AT, "no funds");
    put_ascii(&f, FILE_AT, "assembly/index.ts");
    CHECK(CALL(&f, abort, MSG_AT, FILE_AT, 12, 5) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_PANIC);
    CHECK_BYTES(f.host.return_data, ae_bytes_of("no funds"));
    CHECK_TEXT(f.host.message, "no funds at assembly/index.ts:12:5");
    frame_close(&f);
}

static void check_abort_reason(const void *units, uint32_t len, const char *expected) {
    static frame f;
    frame_open(&f, 0);
    put_string(&f, MSG_AT, units, len);
    CHECK(CALL(&f, abort, MSG_AT, 0, 0, 0) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_PANIC);
    CHECK_BYTES(f.host.return_data, ae_bytes_of(expected));
    CHECK_TEXT(f.host.message, expected);
    frame_close(&f);
}

static void abort_joins_surrogate_pairs_and_replaces_lone_ones(void) {
    check_abort_reason("\x3d\xd8\x00\xde", 4, "\xf0\x9f\x98\x80");
    check_abort_reason("a\0\x3d\xd8", 4, "a\xef\xbf\xbd");
    check_abort_reason("\x3d\xd8"
                       "a\0",
        4,
        "\xef\xbf\xbd"
        "a");
    check_abort_reason("\x00\xde"
                       "a\0",
        4,
        "\xef\xbf\xbd"
        "a");
    check_abort_reason("\x00\xde\x3d\xd8", 4, "\xef\xbf\xbd\xef\xbf\xbd");
    check_abort_reason("\xe9\x00\xac\x20", 4, "\xc3\xa9\xe2\x82\xac");
}

static void abort_takes_null_and_empty_strings(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK(CALL(&f, abort, 0, 0, 12, 5) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_PANIC);
    CHECK_U64(f.host.return_data.len, 0);
    CHECK_TEXT(f.host.message, "");
    frame_close(&f);
    frame_open(&f, 0);
    CHECK_GOES_ON(&f, return_data, 0, 6);
    frame_put(&f, MEMORY_LEN - 4, ae_bytes((const uint8_t[4]){0}, 4)); // an object at the very end
    CHECK(CALL(&f, abort, MEMORY_LEN, MEMORY_LEN, 0, 0) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_PANIC);
    CHECK_U64(f.host.return_data.len, 0);
    frame_close(&f);
}

static void abort_refuses_bad_string_objects_of_both_arguments(void) {
    static frame f;
    frame_open(&f, 0);
    frame_put(&f, 0, ae_bytes((const uint8_t[4]){0}, 4));
    put_string(&f, MSG_AT, "a\0b", 3);
    CHECK_REFUSED(&f, "abort: msg: 3 bytes are not UTF-16", abort, MSG_AT, 0, 0, 0);
    CHECK_REFUSED(&f, "abort: file: 3 bytes are not UTF-16", abort, 0, MSG_AT, 0, 0);
    for (uint32_t ptr = 1; ptr < 4; ptr++) {
        CHECK(CALL(&f, abort, ptr, 0, 0, 0) == AE_HOST_STOP && f.host.end == AETHER_END_HOST);
        CHECK(CALL(&f, abort, 0, ptr, 0, 0) == AE_HOST_STOP && f.host.end == AETHER_END_HOST);
    }
    CHECK_TEXT(f.host.message, "abort: file: pointer 3 leaves no room for the length before it");
    CHECK(CALL(&f, abort, 4, 4, 0, 0) == AE_HOST_STOP && f.host.end == AETHER_END_PANIC);
    f.host.end = AETHER_END_RETURNED;
    CHECK_REFUSED(&f, "abort: msg: 65533 + 4 is past the end of memory, 65536", abort,
        MEMORY_LEN + 1, 0, 0, 0);
    CHECK_REFUSED(&f, "abort: file: 4294967291 + 4 is past the end of memory, 65536", abort, 0,
        UINT32_MAX, 0, 0);
    frame_close(&f);
}

static void abort_strings_end_where_memory_ends(void) {
    static frame f;
    static const char *const names[] = {"msg", "file"};
    for (size_t i = 0; i < 2; i++) {
        frame_open(&f, 0);
        uint32_t args[ARGS_MAX] = {0};
        args[i] = MEMORY_LEN - 6;
        put_string(&f, MEMORY_LEN - 6, "a\0b\0c", 6);
        frame_call(&f, AE_HOST_PRICE_abort, args);
        CHECK(f.host.end == AETHER_END_PANIC);
        f.host.end = AETHER_END_RETURNED;
        static const uint32_t lens[] = {
            8, 0x20000, 0x20002, 0x80000000u, UINT32_MAX - 1, UINT32_MAX};
        for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++) {
            ae_put_u32_le(f.memory + MEMORY_LEN - 10, lens[l]);
            frame_mark_now(&f);
            CHECK(frame_call(&f, AE_HOST_PRICE_abort, args) == AE_HOST_STOP);
            CHECK(f.host.end == AETHER_END_HOST);
            CHECK(strstr(f.host.message, names[i]) != NULL);
            frame_check_untouched(&f);
        }
        frame_close(&f);
    }
}

// Memory of three pages, of which the string takes two and a bit.
static void check_abort_len(
    uint32_t message_units, uint32_t wide_units, bool is_message, bool expected) {
    static frame f;
    frame_open(&f, 0);
    const size_t memory_len = 3 * (size_t)MEMORY_LEN;
    uint8_t *memory = ae_alloc(memory_len, 1);
    CHECK(memory != NULL);
    ae_put_u32_le(memory, 2 * message_units);
    for (uint32_t i = 0; i < message_units; i++) {
        memory[4 + 2 * i] = i < wide_units ? 0xac : 'a';
        memory[5 + 2 * i] = i < wide_units ? 0x20 : 0; // U+20AC: three bytes
    }
    f.host.memory = (ae_span){.data = memory, .len = memory_len};
    ae_slot slots[4] = {{.bits = is_message ? 4 : 0}, {.bits = is_message ? 0 : 4}};
    CHECK(ae_host_rows[AE_HOST_PRICE_abort].function(&f.host, slots) == AE_HOST_STOP);
    CHECK(f.host.end == (expected ? AETHER_END_PANIC : AETHER_END_HOST));
    CHECK_U64(f.host.return_data.len, expected && is_message ? message_units + 2 * wide_units : 0);
    ae_free(memory);
    frame_close(&f);
}

static void abort_texts_end_at_64_kib_of_utf8(void) {
    for (int is_message = 0; is_message <= 1; is_message++) {
        check_abort_len(65536, 0, is_message, true);
        check_abort_len(65537, 0, is_message, false);
        check_abort_len(65534, 1, is_message, true);
        check_abort_len(65535, 1, is_message, false);
        check_abort_len(21845, 21845, is_message, true); // 65,535 bytes
        check_abort_len(21846, 21846, is_message, false);
    }
}

static void exhausted_arenas_are_faults(void) {
    static frame f;
    frame_open(&f, 0);
    put_ascii(&f, MSG_AT, "message");
    put_ascii(&f, FILE_AT, "file");
    frame_exhaust(&f);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, return_data, 0, 1);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, revert, 0, 1);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, panic, 0, 1, 0, 1, 0);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, abort, MSG_AT, 0, 0, 0);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, abort, 0, FILE_AT, 0, 0);
    frame_close(&f);
}

static void a_static_frame_may_return_and_stop(void) {
    static frame f;
    frame_open(&f, 0);
    f.context.is_static = true;
    CHECK_GOES_ON(&f, return_data, 0, 6);
    CHECK(CALL(&f, revert, 0, 6) == AE_HOST_STOP && f.host.end == AETHER_END_REVERT);
    frame_close(&f);
}

static void every_pointer_is_checked(void) {
    static const pointer_case cases[] = {
        {AE_HOST_PRICE_return_data, .ptr = 0, .len = 1, .len_max = 65536},
        {AE_HOST_PRICE_revert, .ptr = 0, .len = 1, .len_max = 65536},
        {AE_HOST_PRICE_panic, {0, 0, 9, 9, 7}, .ptr = 0, .len = 1, .len_max = 65536},
        {AE_HOST_PRICE_panic, {9, 9, 0, 0, 7}, .ptr = 2, .len = 3, .len_max = 65536},
    };
    CHECK_POINTERS(cases);
}

static void put_strings(frame *f) {
    put_ascii(f, MSG_AT, "message");
    put_ascii(f, FILE_AT, "file");
}

static void gas_is_exact(void) {
    static const gas_case cases[] = {
        {AE_HOST_PRICE_return_data, {0, 0}, .bytes_in = 0},
        {AE_HOST_PRICE_return_data, {0, 500}, .bytes_in = 500},
        {AE_HOST_PRICE_revert, {0, 0}, .bytes_in = 0},
        {AE_HOST_PRICE_revert, {0, 65536}, .bytes_in = 65536},
        {AE_HOST_PRICE_panic, {0, 0, 0, 0}, .bytes_in = 0},
        {AE_HOST_PRICE_panic, {0, 10, 0, 300, 1}, .bytes_in = 310},
        {AE_HOST_PRICE_abort, {0, 0, 1, 1}, .bytes_in = 0},
        {AE_HOST_PRICE_abort, {MSG_AT, FILE_AT, 1, 1}, .bytes_in = 14 + 8, .prepare = put_strings},
        {AE_HOST_PRICE_abort, {0, FILE_AT, 1, 1}, .bytes_in = 8, .prepare = put_strings},
    };
    CHECK_GAS(cases);
}

TEST_MAIN(
    TEST(the_last_return_data_wins_and_is_a_copy) TEST(return_data_without_end_takes_little_memory)
        TEST(results_and_reasons_end_at_64_kib) TEST(a_reason_takes_the_place_of_the_result)
            TEST(a_panic_gives_its_message_as_the_reason_and_a_place_for_people)
                TEST(panic_texts_are_escaped) TEST(long_panics_are_cut_before_the_place)
                    TEST(abort_gives_its_utf16_message_as_utf8)
                        TEST(abort_joins_surrogate_pairs_and_replaces_lone_ones)
                            TEST(abort_takes_null_and_empty_strings)
                                TEST(abort_refuses_bad_string_objects_of_both_arguments)
                                    TEST(abort_strings_end_where_memory_ends)
                                        TEST(abort_texts_end_at_64_kib_of_utf8)
                                            TEST(exhausted_arenas_are_faults)
                                                TEST(a_static_frame_may_return_and_stop) TEST(
                                                    every_pointer_is_checked) TEST(gas_is_exact))
