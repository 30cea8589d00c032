/* Untrusted bytes become one line of valid UTF-8, and UTF-16 becomes UTF-8 as the standard says.
 * Method: written-out cases for every class of character; all 65,536 single units; random bytes, of which the
 * result must be valid and free of controls. */
#include "host/text.h"

#include "base/alloc.h"
#include "harness/test.h"

static aether_bytes escape(aether_bytes bytes, size_t capacity, char *out, bool *is_cut) {
    ae_text text = {.data = out, .capacity = capacity};
    ae_text_escape(&text, bytes);
    *is_cut = text.is_cut;
    ae_text measured = {.data = NULL, .capacity = capacity};
    ae_text_escape(&measured, bytes);
    CHECK_U64(measured.len, text.len);
    CHECK(measured.is_cut == text.is_cut);
    CHECK(text.len <= capacity);
    return ae_bytes(out, text.len);
}

static void check_escape(aether_bytes bytes, const char *expected) {
    char out[256];
    bool is_cut = true;
    CHECK_BYTES(escape(bytes, sizeof out, out, &is_cut), ae_bytes_of(expected));
    CHECK(!is_cut);
}

static void plain_text_stays_and_control_characters_do_not(void) {
    check_escape(ae_bytes_of(""), "");
    check_escape(ae_bytes_of("plain ~ \\ \" text"), "plain ~ \\ \" text");
    check_escape(ae_bytes_of("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
        "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    check_escape(ae_bytes("a\0b\nc\x1b[31m\x7f", 11), "a\\x00b\\x0ac\\x1b[31m\\x7f");
    check_escape(
        ae_bytes_of("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0");
}

static void invalid_utf8_is_shown_byte_by_byte(void) {
    check_escape(ae_bytes_of("\x80"), "\\x80");
    check_escape(ae_bytes_of("\xff\xfe"), "\\xff\\xfe");
    check_escape(ae_bytes_of("\xc0\xaf"), "\\xc0\\xaf");
    check_escape(ae_bytes_of("\xe2\x82"), "\\xe2\\x82");
    check_escape(ae_bytes_of("\xe2\x82x"), "\\xe2\\x82x");
    check_escape(ae_bytes_of("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    check_escape(ae_bytes_of("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
    check_escape(ae_bytes_of("\xc3\xc3\xa9"), "\\xc3\xc3\xa9");
}

static void text_is_cut_between_characters(void) {
    char out[8];
    bool is_cut = false;
    CHECK_BYTES(escape(ae_bytes_of("ab\xe2\x82\xac"), 4, out, &is_cut), ae_bytes_of("ab"));
    CHECK(is_cut);
    CHECK_BYTES(
        escape(ae_bytes_of("ab\xe2\x82\xac"), 5, out, &is_cut), ae_bytes_of("ab\xe2\x82\xac"));
    CHECK(!is_cut);
    CHECK_BYTES(escape(ae_bytes_of("ab\x01"), 5, out, &is_cut), ae_bytes_of("ab"));
    CHECK(is_cut);
    CHECK_BYTES(escape(ae_bytes_of("x"), 0, out, &is_cut), ae_bytes_of(""));
    CHECK(is_cut);
    ae_text text = {.data = out, .capacity = 3};
    ae_text_escape(&text, ae_bytes_of("ab\x01"));
    ae_text_escape(&text, ae_bytes_of("c")); // there is room, but it would join what was cut
    CHECK_U64(text.len, 2);
}

static void random_bytes_become_valid_text(void) {
    uint64_t state = test_seed();
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[16];
        char out[64];
        bool is_cut = true;
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)test_random(&state);
        const aether_bytes text = escape(ae_bytes(bytes, sizeof bytes), sizeof out, out, &is_cut);
        CHECK(!is_cut);
        CHECK(ae_utf8_is_valid(text));
        for (size_t i = 0; i < text.len; i++)
            CHECK(text.data[i] >= 0x20 && text.data[i] != 0x7f);
    }
}

static void check_utf16(aether_bytes units, const char *expected) {
    uint8_t *out = ae_alloc(1, units.len / 2 * 3 + 1);
    CHECK(out != NULL);
    const size_t len = ae_text_from_utf16(units, NULL);
    CHECK_U64(ae_text_from_utf16(units, out), len);
    CHECK_BYTES(ae_bytes(out, len), ae_bytes_of(expected));
    ae_free(out);
}

static void utf16_becomes_utf8(void) {
    check_utf16(ae_bytes("", 0), "");
    check_utf16(ae_bytes("a\0b\0", 4), "ab");
    check_utf16(ae_bytes("\x7f\x00\x80\x00\xff\x07\x00\x08\xff\xff", 10),
        "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
    check_utf16(ae_bytes("\x3d\xd8\x00\xde", 4), "\xf0\x9f\x98\x80"); // U+1F600
    check_utf16(ae_bytes("\x00\xd8\x00\xdc", 4), "\xf0\x90\x80\x80"); // U+10000
    check_utf16(ae_bytes("\xff\xdb\xff\xdf", 4), "\xf4\x8f\xbf\xbf"); // U+10FFFF
}

static void lone_surrogates_become_the_replacement_character(void) {
    check_utf16(ae_bytes("\x3d\xd8", 2), "\xef\xbf\xbd");                     // high, then the end
    check_utf16(ae_bytes("\x3d\xd8x\0", 4), "\xef\xbf\xbdx");                 // high, then none
    check_utf16(ae_bytes("\x00\xdex\0", 4), "\xef\xbf\xbdx");                 // low
    check_utf16(ae_bytes("\x00\xde\x3d\xd8", 4), "\xef\xbf\xbd\xef\xbf\xbd"); // swapped
    check_utf16(ae_bytes("\x00\xdc\x00\xdc", 4), "\xef\xbf\xbd\xef\xbf\xbd"); // two low ones
    check_utf16(ae_bytes("\x3d\xd8\x3d\xd8\x00\xde", 6), "\xef\xbf\xbd\xf0\x9f\x98\x80");
}

static void every_single_unit_gives_one_valid_character(void) {
    for (uint32_t unit = 0; unit <= 0xffff; unit++) {
        const uint8_t bytes[2] = {(uint8_t)unit, (uint8_t)(unit >> 8)};
        uint8_t out[3];
        const size_t len = ae_text_from_utf16(ae_bytes(bytes, 2), out);
        CHECK_U64(len, unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3);
        CHECK(ae_utf8_is_valid(ae_bytes(out, len)));
        const bool is_surrogate = unit >= 0xd800 && unit <= 0xdfff;
        const bool is_replaced = memcmp(out, "\xef\xbf\xbd", len) == 0 && len == 3;
        CHECK(is_replaced == (is_surrogate || unit == 0xfffd));
    }
}

TEST_MAIN(
    TEST(plain_text_stays_and_control_characters_do_not) TEST(invalid_utf8_is_shown_byte_by_byte)
        TEST(text_is_cut_between_characters) TEST(random_bytes_become_valid_text)
            TEST(utf16_becomes_utf8) TEST(lone_surrogates_become_the_replacement_character)
                TEST(every_single_unit_gives_one_valid_character))
