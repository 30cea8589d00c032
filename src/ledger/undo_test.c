/* Undo records: what was written is read again, entry by entry, whatever their sizes; chunks are full but never longer
 * than they may be; what is malformed is damage.
 * Method: random and extreme entries, a memory store in between. */
#include "ledger/undo.h"

#include "base/alloc.h"
#include "harness/test.h"

#include <stdlib.h>

static aether_error err;

#define ENTRIES_MAX 600
#define VALUE_LEN_MAX 70000

typedef struct entry {
    uint8_t key[AETHER_STORE_KEY_LEN_MAX];
    size_t key_len;
    size_t value_len; /* its bytes follow from its position */
    bool was_there;
} entry;

/* Entries of one block on their way through a store. */
typedef struct bench {
    entry entries[ENTRIES_MAX];
    size_t count;
    size_t read;
    ae_arena arena;
    ae_change_list list;
    aether_memory_store *memory;
    aether_store store;
    uint8_t value[VALUE_LEN_MAX];
} bench;

static bench b;

static aether_bytes value_of(size_t index) {
    for (size_t i = 0; i < b.entries[index].value_len; i++)
        b.value[i] = (uint8_t)(index * 31 + i);
    return ae_bytes(b.value, b.entries[index].value_len);
}

static void start(void) {
    memset(&b, 0, sizeof b);
    ae_arena_init(&b.arena, 1 << 16, (size_t)1 << 30);
    ae_change_list_init(&b.list, &b.arena);
    CHECK_OK(aether_memory_store_create(&b.memory, &err));
    b.store = aether_memory_store_interface(b.memory);
}

static void end(void) {
    aether_memory_store_destroy(b.memory);
    ae_arena_deinit(&b.arena);
}

static void add(size_t key_len, size_t value_len, bool was_there) {
    entry *e = &b.entries[b.count];
    CHECK(b.count++ < ENTRIES_MAX);
    memset(e->key, (int)b.count, key_len);
    e->key_len = key_len;
    e->value_len = was_there ? value_len : 0;
    e->was_there = was_there;
}

static const ae_head before = {.height = 8, .time = 99, .root = {{1, 2, 3}}};

static void write_all(void) {
    ae_undo_writer writer;
    ae_undo_writer_init(&writer, &b.list, 9, &before);
    for (size_t i = 0; i < b.count; i++)
        CHECK_OK(ae_undo_add(&writer, ae_bytes(b.entries[i].key, b.entries[i].key_len), value_of(i),
            b.entries[i].was_there, &err));
    CHECK_OK(ae_undo_end(&writer, &err));
    const aether_change *changes = NULL;
    size_t count = 0;
    CHECK_OK(ae_change_list_flatten(&b.list, &changes, &count, &err));
    for (size_t i = 0; i < count; i++) {
        CHECK_U64(changes[i].key.len, AE_UNDO_KEY_LEN);
        CHECK(i == 0 || ae_bytes_compare(changes[i - 1].key, changes[i].key) < 0);
        CHECK(!changes[i].is_removed);
        // No two chunks that follow one another would have fit into one.
        CHECK(i == 0 || changes[i - 1].value.len + changes[i].value.len > AE_UNDO_CHUNK_LEN ||
              changes[i - 1].value.len > AE_UNDO_CHUNK_LEN / 2 || i + 1 == count);
    }
    CHECK_OK(aether_memory_store_apply(b.memory, changes, count, &err));
}

static aether_status visit(
    void *user, aether_bytes key, aether_bytes value, bool was_there, aether_error *error) {
    (void)user;
    (void)error;
    CHECK(b.read < b.count);
    const entry *e = &b.entries[b.read];
    CHECK_BYTES(key, ae_bytes(e->key, e->key_len));
    CHECK_BYTES(value, value_of(b.read));
    CHECK_U64(was_there, e->was_there);
    b.read++;
    return AETHER_OK;
}

static aether_status read_all(bool *out_found) {
    ae_head head = {0};
    ae_arena arena;
    ae_arena_init(&arena, 1 << 16, (size_t)1 << 30);
    const ae_undo_reader reader = {.arena = &arena, .visit = visit};
    b.read = 0;
    const aether_status status = ae_undo_read(&b.store, 9, &reader, &head, out_found, &err);
    if (status == AETHER_OK && *out_found)
        CHECK(memcmp(&head, &before, sizeof head) == 0);
    ae_arena_deinit(&arena);
    return status;
}

static void check_round(void) {
    bool found = false;
    write_all();
    CHECK_OK(read_all(&found));
    CHECK(found);
    CHECK_U64(b.read, b.count);
    uint64_t count = 0, oldest = 0;
    CHECK_OK(ae_undo_count(&b.store, 9, &count, &err));
    CHECK_U64(count, b.list.count);
    CHECK_OK(ae_undo_oldest(&b.store, &oldest, &found, &err));
    CHECK(found);
    CHECK_U64(oldest, 9);
}

static void block_without_changes_has_one_chunk(void) {
    start();
    check_round();
    CHECK_U64(b.list.count, 1);
    CHECK_U64(b.list.first->changes[0].value.len, AE_HEAD_LEN);
    end();
}

/* Entries that just fit, that just don't, and such as are longer than a chunk, in every place. */
static void chunks_end_where_the_next_entry_does_not_fit(void) {
    // A key of 1 byte: 4 bytes and 4 for the value's length.
    static const size_t first = AE_UNDO_CHUNK_LEN - AE_HEAD_LEN - 8, whole = AE_UNDO_CHUNK_LEN - 8;
    static const struct {
        size_t lens[3];
        size_t chunks;
    } rows[] = {{{first, 0, 0}, 2}, {{first + 1, 0, 0}, 2}, {{first - 8, 0, 0}, 2},
        {{first - 16, 0, 0}, 1}, {{first, whole, 0}, 3}, {{first, whole + 1, 0}, 3},
        {{whole + 1, whole + 1, whole + 1}, 4}, {{65536, 0, 65536}, 4}, {{0, whole, 0}, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start();
        for (int j = 0; j < 3; j++)
            add(1, rows[i].lens[j], true);
        check_round();
        if (b.list.count != rows[i].chunks)
            test_fail(__FILE__, __LINE__, "row %zu: %zu chunks", i, b.list.count);
        for (size_t j = 0; j < b.list.count; j++) {
            const size_t len = b.list.first->changes[j].value.len;
            CHECK(len <= AE_UNDO_CHUNK_LEN || len > whole);
            CHECK(len != 0);
        }
        end();
    }
}

static void random_entries_are_read_again(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 60; round++) {
        start();
        for (size_t i = test_random(&random) % ENTRIES_MAX; i > 0; i--) {
            const size_t max = test_random(&random) % 20 == 0 ? 5000 : 150;
            add(1 + test_random(&random) % AETHER_STORE_KEY_LEN_MAX, test_random(&random) % max,
                test_random(&random) % 3 != 0);
        }
        check_round();
        end();
    }
}

static void removal_names_every_chunk(void) {
    start();
    for (int i = 0; i < 40; i++)
        add(100, 200, true);
    write_all();
    ae_change_list removed;
    const aether_change *changes = NULL;
    size_t count = 0;
    bool found = true;
    ae_change_list_init(&removed, &b.arena);
    CHECK_OK(ae_undo_remove(&b.store, 8, &removed, &err)); // another block
    CHECK_U64(removed.count, 0);
    CHECK_OK(ae_undo_remove(&b.store, 9, &removed, &err));
    CHECK_U64(removed.count, b.list.count);
    CHECK_OK(ae_change_list_flatten(&removed, &changes, &count, &err));
    CHECK_OK(aether_memory_store_apply(b.memory, changes, count, &err));
    CHECK_OK(read_all(&found));
    CHECK(!found);
    uint64_t oldest = 0;
    CHECK_OK(ae_undo_oldest(&b.store, &oldest, &found, &err));
    CHECK(!found);
    end();
}

static void put_chunk(uint32_t number, const void *bytes, size_t len) {
    uint8_t key[AE_UNDO_KEY_LEN] = {AETHER_STORE_KIND_UNDO, 0, 0, 0, 0, 0, 0, 0, 9};
    key[12] = (uint8_t)number;
    const aether_change change = {.key = ae_bytes(key, sizeof key), .value = ae_bytes(bytes, len)};
    CHECK_OK(aether_memory_store_apply(b.memory, &change, 1, &err));
}

static void malformed_chunks_are_damage(void) {
    static const struct {
        size_t len;
        const char *bytes;
    } rows[] = {{1, "\x01"}, {2, "\x01\x00"}, {3, "\x01\x00k"}, // the end is missing
        {4, "\x00\x00k\x00"},                                   // no key
        {4, "\x22\x01k\x00"},                                   // a key of 290 bytes
        {4, "\x01\x00k\x02"},                                   // neither absent nor there
        {4, "\x01\x00k\x01"}, {7, "\x01\x00k\x01\x00\x00\x00"}, // a length's end is missing
        {8, "\x01\x00k\x01\x01\x00\x00\x00"},                   // a value's end is missing
        {9, "\x01\x00k\x01\xff\xff\xff\xffv"},                  // a value of 4 GiB
        {5, "\x01\x00k\x00\x00"}};                              // a byte behind the last one
    start();
    add(1, 0, false);
    b.entries[0].key[0] = 'k';
    uint8_t chunk[AE_HEAD_LEN + 16];
    bool found = false;
    ae_head_encode(&before, chunk);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(chunk + AE_HEAD_LEN, rows[i].bytes, rows[i].len);
        put_chunk(0, chunk, AE_HEAD_LEN + rows[i].len);
        if (read_all(&found) != AETHER_STORAGE_DAMAGED)
            test_fail(__FILE__, __LINE__, "row %zu was read", i);
        put_chunk(0, chunk, AE_HEAD_LEN);
        put_chunk(1, rows[i].bytes, rows[i].len);
        if (read_all(&found) != AETHER_STORAGE_DAMAGED)
            test_fail(__FILE__, __LINE__, "row %zu was read in chunk 1", i);
    }
    put_chunk(1, "\x01\x00k\x00", 4);
    CHECK_OK(read_all(&found));
    CHECK_U64(b.read, 1);
    put_chunk(0, chunk, AE_HEAD_LEN - 1);
    CHECK_STATUS(read_all(&found), AETHER_STORAGE_DAMAGED);
    end();
}

static void key_of_another_length_is_damage(void) {
    start();
    uint64_t oldest = 0;
    bool found = false;
    const aether_change change = {.key = ae_bytes("\x13zz", 3), .value = ae_bytes("", 0)};
    CHECK_OK(aether_memory_store_apply(b.memory, &change, 1, &err));
    CHECK_STATUS(ae_undo_oldest(&b.store, &oldest, &found, &err), AETHER_STORAGE_DAMAGED);
    end();
}

static aether_status refuse(
    void *user, aether_bytes key, aether_bytes value, bool was_there, aether_error *error) {
    (void)user;
    (void)key;
    (void)value;
    (void)was_there;
    return ae_fail(error, AETHER_STORAGE_FAILED, "enough");
}

static void visitor_ends_the_reading(void) {
    start();
    add(1, 1, true);
    write_all();
    ae_head head;
    bool found = false;
    const ae_undo_reader reader = {.arena = &b.arena, .visit = refuse};
    CHECK_STATUS(ae_undo_read(&b.store, 9, &reader, &head, &found, &err), AETHER_STORAGE_FAILED);
    end();
}

static void each_failing_allocation_is_told(void) {
    start();
    for (int i = 0; i < 300; i++)
        add(200, 1800, true);
    for (uint64_t n = 0;; n++) {
        ae_arena arena;
        ae_change_list list;
        ae_undo_writer writer;
        aether_status status = AETHER_OK;
        ae_arena_init(&arena, 1 << 12, (size_t)1 << 30);
        ae_change_list_init(&list, &arena);
        ae_alloc_fail_after(n);
        ae_undo_writer_init(&writer, &list, 9, &before);
        for (size_t i = 0; i < b.count && status == AETHER_OK; i++)
            status = ae_undo_add(
                &writer, ae_bytes(b.entries[i].key, b.entries[i].key_len), value_of(i), true, &err);
        if (status == AETHER_OK)
            status = ae_undo_end(&writer, &err);
        ae_alloc_fail_after(UINT64_MAX);
        ae_arena_deinit(&arena);
        if (status == AETHER_OK) {
            CHECK(n > 10);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
    }
    end();
}

TEST_MAIN(
    TEST(block_without_changes_has_one_chunk) TEST(chunks_end_where_the_next_entry_does_not_fit)
        TEST(random_entries_are_read_again) TEST(removal_names_every_chunk)
            TEST(malformed_chunks_are_damage) TEST(key_of_another_length_is_damage)
                TEST(visitor_ends_the_reading) TEST(each_failing_allocation_is_told))
