/* Lines of code are those that a compiler wrote down, whatever else stands in the tables; hostile tables give fewer
 * lines, never a crash. Method: line tables of clang, versions 4 and 5, looked up at every address; the same with
 * every byte changed and every length cut; random changes; failing allocations. */
#include "engine/dwarf.h"

#include "base/alloc.h"
#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>

#define MUTATIONS 20000
#define ADDRESSES 40 // that are looked up

// Two functions, at 0x2 and 0x14: lines 5, 6 and 1, 2 of trap.c.
static const uint8_t table_4[] = {0x51, 0x00, 0x00, 0x00, 0x04, 0x00, 0x1e, 0x00, 0x00, 0x00, 0x01,
    0x01, 0x01, 0xfb, 0x0e, 0x0d, 0x00, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
    0x01, 0x00, 0x74, 0x72, 0x61, 0x70, 0x2e, 0x63, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x02,
    0x02, 0x00, 0x00, 0x00, 0x16, 0x05, 0x16, 0x0a, 0x21, 0x05, 0x0c, 0x06, 0x90, 0x05, 0x05, 0x66,
    0x02, 0x01, 0x00, 0x01, 0x01, 0x00, 0x05, 0x02, 0x14, 0x00, 0x00, 0x00, 0x01, 0x05, 0x0e, 0x0a,
    0x3d, 0x05, 0x05, 0x06, 0x3c, 0x02, 0x01, 0x00, 0x01, 0x01};
static const uint8_t table_5[] = {0x70, 0x00, 0x00, 0x00, 0x05, 0x00, 0x04, 0x00, 0x37, 0x00, 0x00,
    0x00, 0x01, 0x01, 0x01, 0xfb, 0x0e, 0x0d, 0x00, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x01,
    0x00, 0x00, 0x01, 0x01, 0x01, 0x1f, 0x01, 0x00, 0x00, 0x00, 0x00, 0x03, 0x01, 0x1f, 0x02, 0x0f,
    0x05, 0x1e, 0x01, 0x05, 0x00, 0x00, 0x00, 0x00, 0x07, 0x40, 0x7b, 0x24, 0x4c, 0x68, 0xdd, 0x4f,
    0xa6, 0x68, 0x35, 0x1e, 0xd2, 0x80, 0x18, 0x9a, 0x04, 0x00, 0x00, 0x05, 0x02, 0x02, 0x00, 0x00,
    0x00, 0x16, 0x05, 0x16, 0x0a, 0x21, 0x05, 0x0c, 0x06, 0x90, 0x05, 0x05, 0x66, 0x02, 0x01, 0x00,
    0x01, 0x01, 0x04, 0x00, 0x00, 0x05, 0x02, 0x14, 0x00, 0x00, 0x00, 0x01, 0x05, 0x0e, 0x0a, 0x3d,
    0x05, 0x05, 0x06, 0x3c, 0x02, 0x01, 0x00, 0x01, 0x01};
static const uint8_t line_str[] = "/tmp\0trap.c";

static ae_dwarf dwarf_of(const uint8_t *table, size_t len) {
    return (ae_dwarf){
        .line = ae_bytes(table, len), .line_str = ae_bytes(line_str, sizeof line_str)};
}

static ae_lines *read_lines(const ae_dwarf *dwarf) {
    ae_lines *lines = NULL;
    aether_error err;
    CHECK_OK(ae_lines_read(dwarf, &lines, &err));
    return lines;
}

static uint32_t expected_line(uint32_t address) {
    if (address >= 0x2 && address < 0x13)
        return address < 0x3 ? 5 : 6;
    if (address >= 0x14 && address < 0x1b)
        return address < 0x17 ? 1 : 2;
    return 0;
}

static void check_lines(const ae_lines *lines, const char *path) {
    for (uint32_t address = 0; address < ADDRESSES; address++) {
        ae_place place = {0};
        const bool is_known = ae_lines_find(lines, address, &place);
        CHECK(is_known == (expected_line(address) != 0));
        CHECK_U64(place.line, expected_line(address));
        if (is_known)
            CHECK_TEXT(place.file, path);
    }
    ae_place place;
    CHECK(!ae_lines_find(lines, UINT32_MAX, &place));
}

static void version_4_is_read(void) {
    const ae_dwarf dwarf = dwarf_of(table_4, sizeof table_4);
    ae_lines *lines = read_lines(&dwarf);
    check_lines(lines, "trap.c");
    ae_lines_destroy(lines);
}

static void version_5_is_read_with_the_compilations_folder(void) {
    const ae_dwarf dwarf = dwarf_of(table_5, sizeof table_5);
    ae_lines *lines = read_lines(&dwarf);
    check_lines(lines, "/tmp/trap.c");
    ae_lines_destroy(lines);
}

static void equal_paths_of_several_tables_have_one_number(void) {
    uint8_t tables[3 * sizeof table_4];
    for (size_t i = 0; i < 3; i++)
        memcpy(tables + i * sizeof table_4, table_4, sizeof table_4);
    tables[sizeof table_4 + 29] = 'a'; // "arap.c", which stands before the others
    // Each with code of its own: its two functions 0x100 further on.
    for (size_t i = 1; i < 3; i++) {
        tables[i * sizeof table_4 + 0x2c] = (uint8_t)i;
        tables[i * sizeof table_4 + 0x44] = (uint8_t)i;
    }
    const ae_dwarf dwarf = dwarf_of(tables, sizeof tables);
    ae_lines *lines = read_lines(&dwarf);
    ae_place places[3];
    for (uint32_t i = 0; i < 3; i++)
        CHECK(ae_lines_find(lines, i * 0x100 + 0x17, &places[i]));
    CHECK_U64(places[0].file_number, places[2].file_number);
    CHECK(places[1].file_number < places[0].file_number);
    CHECK_TEXT(places[1].file, "arap.c");
    ae_lines_destroy(lines);
}

static void code_that_the_linker_removed_has_no_lines(void) {
    uint8_t table[sizeof table_4];
    memcpy(table, table_4, sizeof table);
    CHECK_U64(table[0x2b], 2);
    table[0x2b] = 0;
    const ae_dwarf dwarf = dwarf_of(table, sizeof table);
    ae_lines *lines = read_lines(&dwarf);
    ae_place place;
    for (uint32_t address = 0; address < 0x14; address++)
        CHECK(!ae_lines_find(lines, address, &place));
    CHECK(ae_lines_find(lines, 0x14, &place));
    ae_lines_destroy(lines);
}

static void no_table_has_no_lines(void) {
    const ae_dwarf dwarf = {0};
    ae_lines *lines = read_lines(&dwarf);
    ae_place place;
    CHECK(!ae_lines_find(lines, 5, &place));
    ae_lines_destroy(lines);
    ae_lines_destroy(NULL);
}

static void look_up_everywhere(const ae_dwarf *dwarf) {
    ae_lines *lines = read_lines(dwarf);
    for (uint32_t address = 0; address < ADDRESSES; address++) {
        ae_place place;
        if (ae_lines_find(lines, address, &place))
            CHECK(place.line != 0 && place.file[0] != '\0');
    }
    ae_lines_destroy(lines);
}

// In memory of its own, so that a read behind it is seen.
static void with_copy(const uint8_t *table, size_t len, size_t at, uint8_t byte) {
    uint8_t *copy = malloc(len != 0 ? len : 1);
    if (len != 0)
        memcpy(copy, table, len);
    if (at < len)
        copy[at] = byte;
    const ae_dwarf dwarf = dwarf_of(copy, len);
    look_up_everywhere(&dwarf);
    free(copy);
}

static void every_byte_may_be_wrong_and_every_length_short(void) {
    static const struct {
        const uint8_t *table;
        size_t len;
    } tables[] = {{table_4, sizeof table_4}, {table_5, sizeof table_5}};
    static const uint8_t bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x0e};
    for (size_t t = 0; t < 2; t++)
        for (size_t at = 0; at < tables[t].len; at++) {
            with_copy(tables[t].table, at, 0, tables[t].table[0]);
            for (size_t k = 0; k < sizeof bytes; k++)
                with_copy(tables[t].table, tables[t].len, at, bytes[k]);
        }
}

static void random_changes_do_no_harm(void) {
    uint64_t state = test_seed();
    for (int i = 0; i < MUTATIONS; i++) {
        uint8_t tables[sizeof table_4 + sizeof table_5];
        const bool is_swapped = test_random(&state) % 2 != 0;
        memcpy(tables + (is_swapped ? sizeof table_5 : 0), table_4, sizeof table_4);
        memcpy(tables + (is_swapped ? 0 : sizeof table_4), table_5, sizeof table_5);
        for (uint64_t k = test_random(&state) % 12; k < 12; k++)
            tables[test_random(&state) % sizeof tables] = (uint8_t)test_random(&state);
        const ae_dwarf dwarf = dwarf_of(tables, sizeof tables - test_random(&state) % 30);
        look_up_everywhere(&dwarf);
    }
}

// A table that announces far more than it holds, and one whose every byte is a row.
static void large_tables_take_bounded_time_and_memory(void) {
    const size_t len = (size_t)3 << 20;
    uint8_t *table = malloc(len);
    memset(table, 0x0e, len); // each a special opcode: a row
    memcpy(table, table_4, sizeof table_4);
    ae_put_u32_le(table, (uint32_t)len - 4);
    const ae_dwarf rows = dwarf_of(table, len);
    look_up_everywhere(&rows);
    memset(table + 29, 'x', len - 29); // one name that never ends
    look_up_everywhere(&rows);
    memset(table, 0xff, 12);
    look_up_everywhere(&rows);
    free(table);
}

static void each_failing_allocation_is_a_status(void) {
    const ae_dwarf dwarf = dwarf_of(table_5, sizeof table_5);
    uint64_t n = 0;
    for (bool is_done = false; !is_done; n++) {
        ae_lines *lines = NULL;
        aether_error err;
        ae_alloc_fail_after(n);
        const aether_status status = ae_lines_read(&dwarf, &lines, &err);
        ae_alloc_fail_after(UINT64_MAX);
        is_done = status == AETHER_OK;
        CHECK(is_done || status == AETHER_OUT_OF_MEMORY);
        CHECK(is_done == (lines != NULL));
        ae_lines_destroy(lines);
    }
    CHECK(n >= 5);
}

TEST_MAIN(TEST(version_4_is_read) TEST(version_5_is_read_with_the_compilations_folder) TEST(
    equal_paths_of_several_tables_have_one_number) TEST(code_that_the_linker_removed_has_no_lines)
        TEST(no_table_has_no_lines) TEST(every_byte_may_be_wrong_and_every_length_short)
            TEST(random_changes_do_no_harm) TEST(large_tables_take_bounded_time_and_memory)
                TEST(each_failing_allocation_is_a_status))
