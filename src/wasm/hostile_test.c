/* No bytes crash the decoder, make it slow, or make it use much stack or memory.
 * Method: bombs with a time bound, every truncation and every one-byte change of some modules, every opcode, all
 * of it also on a thread with a stack of 64 KiB. */
#include "wasm/module.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static const ae_import_rule rules[] = {
    {"env", "storage_read", "iiii>i", true}, {"env", "gas_left", ">I", false}};
static const ae_import_rules allowed = {.rules = rules, .count = 2};

#define BOMB_MS_MAX \
    200 /* far above the few milliseconds it takes, for sanitizers and busy machines */

static aether_status decode(aether_bytes bytes, aether_error *err) {
    ae_module module;
    const aether_status status = ae_module_decode(bytes, allowed, &module, err);
    if (status == AETHER_OK)
        ae_module_deinit(&module);
    return status;
}

static uint64_t now_ms(void) {
    struct timespec time;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void check_bomb(int line, wasm_builder *b, aether_status expected, const char *rule) {
    aether_error err = {0};
    const uint64_t start = now_ms();
    const aether_status status = decode(wasm_bytes_of(b), &err);
    const uint64_t taken = now_ms() - start;
    if (status != expected || strncmp(err.message, rule, strlen(rule)) != 0)
        test_fail(__FILE__, line, "%s: %s", aether_status_name(status), err.message);
    if (taken > BOMB_MS_MAX)
        test_fail(__FILE__, line, "took %llu ms", (unsigned long long)taken);
    wasm_free(b);
}

// A module of `count` functions of type () -> (), which have this body, its length included.
static void repeat_body(wasm_builder *b, uint32_t count, aether_bytes body) {
    wasm_header(b);
    wasm_types(b, 1, (const char *[]){">"});
    wasm_open_section(b, WASM_FUNCTION);
    wasm_u32(b, count);
    wasm_repeat(b, 0, count);
    wasm_close(b);
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, count);
    for (uint32_t i = 0; i < count; i++)
        wasm_raw(b, body);
    wasm_close(b);
}

static void locals_bombs_are_refused(void) {
    wasm_builder b = {0};
    repeat_body(&b, 10000, WASM_CODE_BYTES(6, 1, 0xd0, 0x86, 0x03, 0x7f, 0x0b)); // 50,000 each
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "function_locals: ");
    repeat_body(&b, 10000, WASM_CODE_BYTES(8, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b));
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "function_locals: ");
    repeat_body(&b, 10000, WASM_CODE_BYTES(4, 1, 10, 0x7f, 0x0b));
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "body_bytes_per_local: ");
}

// 500,000 groups of no locals, and a count of groups that never come.
static void local_groups_cost_their_own_bytes(void) {
    wasm_builder b = {0};
    wasm_builder body = {0};
    wasm_open(&body);
    wasm_u32(&body, 65000);
    for (int i = 0; i < 65000; i++)
        WASM(&body, 0, 0x7f);
    wasm_byte(&body, 0x0b);
    wasm_close(&body);
    repeat_body(&b, 8, wasm_bytes_of(&body));
    check_bomb(__LINE__, &b, AETHER_INVALID_INTERFACE, "missing_entry: ");
    repeat_body(&b, 10, WASM_CODE_BYTES(6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x0b));
    check_bomb(__LINE__, &b, AETHER_MALFORMED_MODULE, "truncated: ");
    wasm_free(&body);
}

static void parameter_bombs_are_refused(void) {
    wasm_builder b = {0};
    wasm_header(&b);
    wasm_open_section(&b, WASM_TYPE);
    WASM(&b, 1, 0x60);
    wasm_u32(&b, 1000);
    wasm_repeat(&b, 0x7f, 1000);
    wasm_byte(&b, 0);
    wasm_close(&b);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "function_params: ");
    wasm_header(&b);
    wasm_types(&b, 1, (const char *[]){"iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii>"});
    wasm_open_section(&b, WASM_FUNCTION);
    wasm_u32(&b, 10000);
    wasm_repeat(&b, 0, 10000);
    wasm_close(&b);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "params_total: ");
}

// One function with `count` times `each`, then `count` times `after`.
static void repeat_in_one_body(
    wasm_builder *b, uint32_t count, aether_bytes each, aether_bytes after) {
    wasm_builder body = {0};
    wasm_open(&body);
    wasm_byte(&body, 0);
    for (uint32_t i = 0; i < count; i++)
        wasm_raw(&body, each);
    for (uint32_t i = 0; i < count; i++)
        wasm_raw(&body, after);
    wasm_byte(&body, 0x0b);
    wasm_close(&body);
    repeat_body(b, 1, wasm_bytes_of(&body));
    wasm_free(&body);
}

static const aether_bytes nothing = {0};

static void block_bombs_are_refused(void) {
    wasm_builder b = {0};
    repeat_in_one_body(&b, 20000, WASM_CODE_BYTES(0x41, 0, 0x04, 0x40, 0x0b), nothing);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "function_blocks: ");
    repeat_in_one_body(&b, 60000, WASM_CODE_BYTES(0x41, 0, 0x04, 0x40, 0x0b), nothing);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "function_body_len: ");
    repeat_in_one_body(&b, 30000, WASM_CODE_BYTES(0x41, 0, 0x0d, 0), nothing);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "function_blocks: ");
}

static void operand_bombs_are_refused(void) {
    wasm_builder b = {0};
    repeat_in_one_body(&b, 20000, WASM_CODE_BYTES(0x41, 0), WASM_CODE_BYTES(0x1a));
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "operand_height: ");
}

static void branch_table_bombs_are_refused(void) {
    wasm_builder b = {0};
    wasm_builder table = {0};
    WASM(&table, 0x41, 0, 0x0e);
    wasm_u32(&table, 65521);
    wasm_repeat(&table, 0, 65522);
    repeat_in_one_body(&b, 1, wasm_bytes_of(&table), nothing);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "br_table_targets: ");
    wasm_free(&table);
    WASM(&table, 0x41, 0, 0x0e);
    wasm_u32(&table, 1024);
    wasm_repeat(&table, 0, 1025);
    repeat_in_one_body(&b, 120, wasm_bytes_of(&table), nothing);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "br_table_targets_total: ");
    wasm_free(&table);
    repeat_in_one_body(&b, 1, WASM_CODE_BYTES(0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f), nothing);
    check_bomb(__LINE__, &b, AETHER_MALFORMED_MODULE, "truncated: ");
}

static void deep_nesting_is_refused(void) {
    wasm_builder b = {0};
    wasm_builder body = {0};
    wasm_open(&body);
    wasm_byte(&body, 0);
    for (int i = 0; i < 32000; i++)
        WASM(&body, 0x02, 0x40);
    for (int i = 0; i < 32000; i++)
        wasm_byte(&body, 0x0b);
    wasm_byte(&body, 0x0b);
    wasm_close(&body);
    repeat_body(&b, 1, wasm_bytes_of(&body));
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "nesting: ");
    wasm_free(&body);
    repeat_in_one_body(&b, 100000, WASM_CODE_BYTES(0x02, 0x40), WASM_CODE_BYTES(0x0b));
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "function_body_len: ");
}

// A section that promises entries and has none.
static void counts_without_entries_are_refused_before_memory_is_taken(void) {
    for (uint8_t id = 1; id <= 12; id++) {
        wasm_builder b = {0};
        aether_error err;
        wasm_header(&b);
        wasm_open_section(&b, id);
        wasm_u32(&b, UINT32_MAX);
        wasm_close(&b);
        const aether_status status = decode(wasm_bytes_of(&b), &err);
        CHECK(status == AETHER_LIMIT_EXCEEDED || id == WASM_START || id == WASM_CODE);
        CHECK(status != AETHER_OK);
        wasm_free(&b);
    }
}

static void giant_memories_and_tables_are_refused(void) {
    static const struct {
        aether_status status;
        const char *rule;
        uint8_t section[10];
    } cases[] = {
        {AETHER_LIMIT_EXCEEDED, "memory_pages_initial: ", {5, 5, 1, 0, 0x80, 0x80, 0x04}},
        {AETHER_INVALID_MODULE, "memory_pages: ", {5, 7, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}},
        {AETHER_LIMIT_EXCEEDED, "table_len: ", {4, 8, 1, 0x70, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wasm_builder b = {0};
        wasm_header(&b);
        wasm_raw(&b, (aether_bytes){.data = cases[i].section, .len = cases[i].section[1] + 2u});
        check_bomb(__LINE__, &b, cases[i].status, cases[i].rule);
    }
}

static void long_names_and_many_custom_sections_are_cheap(void) {
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x41, 0, 0x0b));
    wasm_open_section(&b, WASM_CUSTOM);
    wasm_u32(&b, 1000000);
    wasm_repeat(&b, 'x', 1000000);
    wasm_close(&b);
    for (int i = 0; i < 300000; i++)
        WASM(&b, 0, 1, 0);
    check_bomb(__LINE__, &b, AETHER_OK, "");
    wasm_header(&b);
    wasm_types(&b, 1, (const char *[]){">"});
    wasm_open_section(&b, WASM_IMPORT);
    wasm_byte(&b, 1);
    wasm_u32(&b, 100000);
    wasm_repeat(&b, 'x', 100000);
    wasm_close(&b);
    check_bomb(__LINE__, &b, AETHER_LIMIT_EXCEEDED, "name_len: ");
}

// A module with something in every section, and all kinds of control flow.
static void build_rich(wasm_builder *b) {
    wasm_parts parts = {0};
    wasm_functype(wasm_part(&parts, WASM_TYPE), ">i");
    wasm_functype(wasm_part(&parts, WASM_TYPE), "iiii>i");
    wasm_functype(wasm_part(&parts, WASM_TYPE), "iIfF>");
    wasm_functype(wasm_part(&parts, WASM_TYPE), ">");
    wasm_import_function(wasm_part(&parts, WASM_IMPORT), "env", "storage_read", 1);
    WASM(wasm_part(&parts, WASM_TABLE), 0x70, 1, 4, 8);
    WASM(wasm_part(&parts, WASM_MEMORY), 1, 1, 16);
    WASM(wasm_part(&parts, WASM_GLOBAL), 0x7f, 1, 0x41, 5, 0x0b);
    WASM(wasm_part(&parts, WASM_GLOBAL), 0x7c, 0, 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x0b);
    wasm_export(wasm_part(&parts, WASM_EXPORT), "memory", 2, 0);
    wasm_export(wasm_part(&parts, WASM_EXPORT), "execute", 0, 1);
    wasm_u32(wasm_part(&parts, WASM_START), 3);
    WASM(wasm_part(&parts, WASM_ELEMENT), 0, 0x41, 0, 0x0b, 2, 1, 2);
    wasm_u32(wasm_part(&parts, WASM_DATA_COUNT), 2);
    wasm_part_function(&parts, 0,
        WASM_CODE_BYTES(0x02, 0x7f, 0x41, 1, 0x41, 0, 0x0e, 2, 0, 1, 0, 0x0b, 0x04, 0x7f, 0x41, 1,
            0x05, 0x41, 2, 0x0b, 0x41, 0, 0x41, 0, 0x41, 0, 0x10, 0, 0x0b));
    wasm_u32(wasm_part(&parts, WASM_FUNCTION), 2);
    wasm_body_with_locals(wasm_part(&parts, WASM_CODE), 2, 0x7e,
        WASM_CODE_BYTES(0x03, 0x40, 0x20, 0, 0x0d, 0, 0x0b, 0x20, 1, 0x21, 4, 0x20, 2, 0xbb, 0x20,
            3, 0xa0, 0xfc, 0x06, 0x1a, 0x41, 0, 0x28, 2, 4, 0x41, 0, 0x41, 0, 0xfc, 0x08, 1, 0,
            0x0b));
    wasm_part_function(&parts, 3,
        WASM_CODE_BYTES(0x23, 0, 0x24, 0, 0x41, 0, 0x11, 0, 0, 0x1a, 0x43, 0, 0, 0xc0, 0x7f, 0x1a,
            0x3f, 0, 0x40, 0, 0x1a, 0xfc, 0x09, 0, 0x0b));
    WASM(wasm_part(&parts, WASM_DATA), 0, 0x41, 16, 0x0b, 3, 'a', 'b', 'c');
    WASM(wasm_part(&parts, WASM_DATA), 1, 2, 'd', 'e');
    wasm_assemble(&parts, b);
    wasm_open_custom(b, "name");
    WASM(b, 1, 4, 1, 1, 1, 'f');
    wasm_close(b);
}

static void every_truncation_is_refused_unless_a_section_ends_there(void) {
    aether_error err;
    wasm_builder b = {0};
    build_rich(&b);
    CHECK_OK(decode(wasm_bytes_of(&b), &err));
    size_t accepted = 0;
    for (size_t len = 0; len < b.len; len++) {
        uint8_t *cut = malloc(len != 0 ? len : 1); // so that a sanitizer sees a read past the end
        CHECK(cut != NULL);
        memcpy(cut, b.data, len);
        accepted += decode((aether_bytes){.data = cut, .len = len}, &err) == AETHER_OK;
        free(cut);
    }
    CHECK_U64(accepted, 1); // without the custom section at its end
    wasm_free(&b);
}

// The message of a refusal is one line of printable ASCII.
static void check_message(const aether_error *err) {
    for (const char *at = err->message; *at != '\0'; at++)
        CHECK(*at >= 0x20 && *at < 0x7f);
}

static void every_change_of_one_byte_gives_a_status(void) {
    wasm_builder b = {0};
    build_rich(&b);
    uint8_t *copy = malloc(b.len);
    CHECK(copy != NULL);
    for (size_t at = 0; at < b.len; at++) {
        memcpy(copy, b.data, b.len);
        for (unsigned value = 0; value < 256; value++) {
            aether_error err = {0};
            copy[at] = (uint8_t)value;
            const aether_status status = decode((aether_bytes){.data = copy, .len = b.len}, &err);
            CHECK(status == AETHER_OK || (status >= 200 && status < 300));
            check_message(&err);
        }
    }
    free(copy);
    wasm_free(&b);
}

static void random_changes_of_many_bytes_give_a_status(void) {
    uint64_t state = test_seed();
    wasm_builder b = {0};
    build_rich(&b);
    uint8_t *copy = malloc(b.len);
    CHECK(copy != NULL);
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, b.data, b.len);
        const uint64_t changes = 1 + test_random(&state) % 8;
        for (uint64_t i = 0; i < changes; i++)
            copy[8 + test_random(&state) % (b.len - 8)] = (uint8_t)test_random(&state);
        aether_error err = {0};
        const aether_status status = decode((aether_bytes){.data = copy, .len = b.len}, &err);
        CHECK(status == AETHER_OK || (status >= 200 && status < 300));
        check_message(&err);
    }
    free(copy);
    wasm_free(&b);
}

// One function of unreachable code with the opcode in it, followed by zeros, which are `unreachable`.
static aether_status opcode_status(uint8_t first, uint8_t second, aether_error *err) {
    wasm_builder b = {0};
    wasm_simple_typed(&b, ">", WASM_CODE_BYTES(0x00, first, second, 0, 0, 0, 0, 0, 0, 0, 0x0b));
    const aether_status status = decode(wasm_bytes_of(&b), err);
    wasm_free(&b);
    return status;
}

static void every_opcode_has_a_defined_status(void) {
    aether_error err;
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++) {
            const aether_status status = opcode_status((uint8_t)first, (uint8_t)second, &err);
            CHECK(status == AETHER_OK || status == AETHER_MALFORMED_MODULE ||
                  status == AETHER_INVALID_MODULE || status == AETHER_FORBIDDEN_FEATURE ||
                  status == AETHER_LIMIT_EXCEEDED);
            if (first == 0xfb || first == 0xfd || first == 0xfe)
                CHECK_U64(status, AETHER_FORBIDDEN_FEATURE);
            if (first == 0xff || first == 0x27 || first == 0xc5)
                CHECK_U64(status, AETHER_MALFORMED_MODULE);
        }
}

static void *decode_on_thread(void *argument) {
    wasm_builder b = {0};
    aether_error err;
    (void)argument;
    build_rich(&b);
    CHECK_OK(decode(wasm_bytes_of(&b), &err));
    wasm_free(&b);
    deep_nesting_is_refused();
    operand_bombs_are_refused();
    branch_table_bombs_are_refused();
    wasm_header(&b);
    wasm_types(&b, 1, (const char *[]){"iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii>"});
    wasm_open_section(&b, WASM_IMPORT);
    wasm_byte(&b, 1);
    wasm_import_function(&b, "env", "storage_read", 0);
    wasm_close(&b);
    check_bomb(__LINE__, &b, AETHER_INVALID_INTERFACE, "import_type: ");
    return NULL;
}

static void a_stack_of_64_kib_is_enough(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, 65536) == 0);
    CHECK(pthread_create(&thread, &attributes, decode_on_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
}

// A module of a mebibyte, most of it code, is read in linear time.
static void a_full_module_is_checked_quickly(void) {
    wasm_builder b = {0};
    wasm_builder body = {0};
    wasm_open(&body);
    wasm_byte(&body, 0);
    for (int i = 0; i < 20000; i++)
        WASM(&body, 0x41, 1, 0x41, 2, 0x6a, 0x1a);
    wasm_byte(&body, 0x0b);
    wasm_close(&body);
    repeat_body(&b, 8, wasm_bytes_of(&body));
    check_bomb(__LINE__, &b, AETHER_INVALID_INTERFACE, "missing_entry: ");
    wasm_free(&body);
}

TEST_MAIN(TEST(locals_bombs_are_refused) TEST(local_groups_cost_their_own_bytes) TEST(
    parameter_bombs_are_refused) TEST(block_bombs_are_refused) TEST(operand_bombs_are_refused)
        TEST(branch_table_bombs_are_refused) TEST(deep_nesting_is_refused)
            TEST(counts_without_entries_are_refused_before_memory_is_taken)
                TEST(giant_memories_and_tables_are_refused)
                    TEST(long_names_and_many_custom_sections_are_cheap)
                        TEST(every_truncation_is_refused_unless_a_section_ends_there)
                            TEST(every_change_of_one_byte_gives_a_status)
                                TEST(random_changes_of_many_bytes_give_a_status)
                                    TEST(every_opcode_has_a_defined_status)
                                        TEST(a_stack_of_64_kib_is_enough)
                                            TEST(a_full_module_is_checked_quickly))
