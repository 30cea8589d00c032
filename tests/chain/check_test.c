/* A check of a whole state finds whatever is not as a chain leaves it.
 * Method: for every key of a store that has something of everything: take it out, change each byte of its value, make it
 * shorter and longer, put back what it was at an earlier block; and add keys of every kind. Each must be reported. */
#include "failing.h"
#include "keeper.h"

#include "base/alloc.h"
#include "base/bytes.h"

static aether_error err;

enum { KEYS_MAX = 512, BYTES_EACH = 300 };

/* A copy of a store's content. */
typedef struct content {
    aether_change entries[KEYS_MAX];
    size_t count;
} content;

static aether_bytes copy_bytes(aether_bytes bytes) {
    uint8_t *copy = ae_alloc(1, bytes.len + 1);
    CHECK(copy != NULL);
    if (bytes.len != 0)
        memcpy(copy, bytes.data, bytes.len);
    return ae_bytes(copy, bytes.len);
}

static void content_take(content *self, const aether_store *store) {
    aether_bytes after = {0}, key, value;
    for (self->count = 0;; self->count++) {
        bool found = false;
        CHECK_OK(store->next(store->user, ae_bytes(NULL, 0), after, false, &key, &found, &err));
        if (!found)
            return;
        CHECK(self->count < KEYS_MAX);
        aether_change *entry = &self->entries[self->count];
        entry->key = copy_bytes(key);
        CHECK_OK(store->get(store->user, entry->key, &value, &found, &err));
        entry->value = copy_bytes(value);
        after = entry->key;
    }
}

static void content_free(content *self) {
    for (size_t i = 0; i < self->count; i++) {
        ae_free((void *)(uintptr_t)self->entries[i].key.data);
        ae_free((void *)(uintptr_t)self->entries[i].value.data);
    }
}

static const aether_change *content_find(const content *self, aether_bytes key) {
    for (size_t i = 0; i < self->count; i++)
        if (ae_bytes_equal(self->entries[i].key, key))
            return &self->entries[i];
    return NULL;
}

static void put(world *w, aether_bytes key, aether_bytes value) {
    const aether_change change = {.key = key, .value = value};
    CHECK_OK(aether_memory_store_apply(w->memory, &change, 1, &err));
}

static void take_out(world *w, aether_bytes key) {
    const aether_change change = {.key = key, .is_removed = true};
    CHECK_OK(aether_memory_store_apply(w->memory, &change, 1, &err));
}

static aether_status check(const world *w) {
    aether_check_report report;
    return aether_chain_check(&w->store, NULL, NULL, &report, &err);
}

// What was done to which key: shown where the check is content with it.
static void expect_damage(const world *w, aether_bytes key, const char *what, size_t at) {
    const aether_status status = check(w);
    if (status == AETHER_STORAGE_DAMAGED && err.message[0] != '\0')
        return;
    test_fail(__FILE__, __LINE__, "kind 0x%02x, key of %zu bytes, %s %zu: %s %s", key.data[0],
        key.len, what, at, aether_status_name(status), status == AETHER_OK ? "" : err.message);
}

static void start(world *w, aether_address *contracts) {
    const world_options options = {.undo_blocks_max = 6};
    world_start(w, &options);
    keeper_fill(w, contracts);
}

/* The time of a block is in no root: where it lies in the head, and in the head before that begins an undo record. */
static bool is_time(aether_bytes key, size_t at) {
    const bool has_head = key.data[0] == AETHER_STORE_KIND_HEAD ||
                          (key.data[0] == AETHER_STORE_KIND_UNDO && key.data[12] == 0);
    return has_head && at >= 8 && at < 16;
}

static bool is_protocol_version(aether_bytes key, size_t at) {
    return key.data[0] == AETHER_STORE_KIND_PARAMETERS && at < 4;
}

static void sound_state_is_sound(void) {
    world w;
    aether_address contracts[3];
    aether_check_report report;
    start(&w, contracts);
    CHECK_OK(aether_chain_check(&w.store, NULL, NULL, &report, &err));
    const aether_chain_head head = world_head(&w);
    CHECK_U64(report.accounts, 3 + 4); // contracts; Alice, Bob, Carol, fees
    CHECK_U64(report.contracts, 3);
    CHECK_U64(report.storage_keys, 44);
    CHECK_U64(report.codes, 2);
    CHECK(report.tree_pages >= 3);
    CHECK_U64(report.supply.low, 2 * WORLD_FUNDS);
    CHECK_U64(report.supply.high, 0);
    CHECK_U64(report.height, head.height);
    CHECK(memcmp(&report.root, &head.root, sizeof head.root) == 0);
    world_end(&w);
}

// The one record of the oldest block that could be taken back: without it, one block less can.
static bool is_oldest_undo(const content *all, size_t index) {
    const aether_bytes key = all->entries[index].key;
    if (key.data[0] != AETHER_STORE_KIND_UNDO)
        return false;
    const bool follows_undo =
        index > 0 && all->entries[index - 1].key.data[0] == AETHER_STORE_KIND_UNDO;
    const bool has_more = index + 1 < all->count &&
                          ae_bytes_starts_with(all->entries[index + 1].key, ae_bytes(key.data, 9));
    return !follows_undo && !has_more;
}

static void every_key_is_missed(void) {
    world w;
    aether_address contracts[3];
    content all;
    uint64_t kinds[256] = {0};
    start(&w, contracts);
    content_take(&all, &w.store);
    for (size_t i = 0; i < all.count; i++) {
        const aether_change *entry = &all.entries[i];
        kinds[entry->key.data[0]]++;
        take_out(&w, entry->key);
        if (entry->key.data[0] == AETHER_STORE_KIND_HEAD)
            CHECK_STATUS(check(&w), AETHER_WRONG_STATE);
        else if (is_oldest_undo(&all, i))
            CHECK_OK(check(&w));
        else
            expect_damage(&w, entry->key, "taken out", 0);
        put(&w, entry->key, entry->value);
    }
    CHECK_OK(check(&w));
    static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x10, 0x11, 0x12, 0x13, 0x14};
    for (size_t i = 0; i < sizeof expected; i++)
        CHECK(kinds[expected[i]] != 0);
    content_free(&all);
    world_end(&w);
}

// Long values at every step-th byte, so that each takes about as long.
static void change_bytes(world *w, const aether_change *entry) {
    uint8_t *value = (uint8_t *)(uintptr_t)entry->value.data;
    const size_t step = 1 + entry->value.len / BYTES_EACH;
    for (size_t at = 0; at < entry->value.len; at += step) {
        if (is_time(entry->key, at))
            continue;
        const uint8_t kept = value[at];
        value[at] ^= (uint8_t)(1 << at % 8);
        put(w, entry->key, entry->value);
        if (is_protocol_version(entry->key, at))
            CHECK_STATUS(check(w), AETHER_LIMIT_EXCEEDED);
        else
            expect_damage(w, entry->key, "byte", at);
        value[at] = kept;
    }
}

static void every_byte_matters(void) {
    world w;
    aether_address contracts[3];
    content all;
    start(&w, contracts);
    content_take(&all, &w.store);
    for (size_t i = 0; i < all.count; i++) {
        const aether_change *entry = &all.entries[i];
        change_bytes(&w, entry);
        put(&w, entry->key, ae_bytes(entry->value.data, entry->value.len + 1));
        expect_damage(&w, entry->key, "a byte more", entry->value.len);
        if (entry->value.len != 0) {
            put(&w, entry->key, ae_bytes(entry->value.data, entry->value.len - 1));
            expect_damage(&w, entry->key, "a byte less", entry->value.len);
        }
        put(&w, entry->key, entry->value);
    }
    CHECK_OK(check(&w));
    content_free(&all);
    world_end(&w);
}

// A time that goes backwards is seen; one that a block could have had is not.
static void time_may_not_go_backwards(void) {
    world w;
    aether_address contracts[3];
    uint8_t head[48];
    aether_bytes value;
    bool found = false;
    static const uint8_t kind = AETHER_STORE_KIND_HEAD;
    const aether_bytes key = {&kind, 1};
    start(&w, contracts);
    CHECK_OK(w.store.get(w.store.user, key, &value, &found, &err));
    CHECK_U64(value.len, sizeof head);
    memcpy(head, value.data, sizeof head);
    const uint64_t time = ae_get_u64_le(head + 8);
    ae_put_u64_le(head + 8, time - 5);
    put(&w, key, ae_bytes(head, sizeof head));
    CHECK_OK(check(&w));
    ae_put_u64_le(head + 8, time - 6);
    put(&w, key, ae_bytes(head, sizeof head));
    expect_damage(&w, key, "time", 0);
    world_end(&w);
}

static void values_of_an_earlier_block_are_found(void) {
    world w;
    aether_address contracts[3];
    content before, after;
    size_t older = 0;
    start(&w, contracts);
    content_take(&before, &w.store);
    keeper_write(&w, &contracts[0], "none", 5, 1);
    keeper_write(&w, &contracts[1], "one", 2, 2);
    world_pay(&w, CAROL, 1);
    content_take(&after, &w.store);
    for (size_t i = 0; i < after.count; i++) {
        const aether_change *entry = &after.entries[i];
        const aether_change *old = content_find(&before, entry->key);
        if (old == NULL || ae_bytes_equal(old->value, entry->value))
            continue;
        older++;
        put(&w, entry->key, old->value);
        expect_damage(&w, entry->key, "older", 0);
        put(&w, entry->key, entry->value);
    }
    CHECK(older >= 10); // accounts, storage, pages of three trees, the head
    // Undo records of a block that can't be taken back any more, and those of one block as another's.
    for (size_t i = 0; i < before.count; i++) {
        const aether_change *entry = &before.entries[i];
        if (entry->key.data[0] != AETHER_STORE_KIND_UNDO ||
            content_find(&after, entry->key) != NULL)
            continue;
        put(&w, entry->key, entry->value);
        if (world_head(&w).height - entry->key.data[8] == 6)
            CHECK_OK(check(&w)); // the next that could be taken back is there again
        else
            expect_damage(&w, entry->key, "old undo", 0);
        take_out(&w, entry->key);
    }
    const aether_change *undo[2] = {NULL, NULL};
    for (size_t i = 0; i < after.count; i++)
        if (after.entries[i].key.data[0] == AETHER_STORE_KIND_UNDO)
            undo[undo[0] != NULL] = &after.entries[i];
    put(&w, undo[0]->key, undo[1]->value);
    expect_damage(&w, undo[0]->key, "undo of another block", 0);
    put(&w, undo[0]->key, undo[0]->value);
    CHECK_OK(check(&w));
    content_free(&before);
    content_free(&after);
    world_end(&w);
}

/* Keys that nothing should be under. */

static bool is_there(const world *w, const uint8_t *key, size_t len) {
    aether_bytes value;
    bool found = false;
    CHECK_OK(w->store.get(w->store.user, ae_bytes(key, len), &value, &found, &err));
    return found;
}

static void add_foreign(world *w, const uint8_t *key, size_t key_len, size_t value_len) {
    static const uint8_t value[128];
    const aether_bytes k = ae_bytes(key, key_len);
    CHECK(!is_there(w, key, key_len));
    put(w, k, ae_bytes(value, value_len));
    expect_damage(w, k, "added", value_len);
    take_out(w, k);
}

static void keys_of_every_kind_are_found(void) {
    world w;
    aether_address contracts[3];
    uint8_t key[AETHER_STORE_KEY_LEN_MAX];
    start(&w, contracts);
    for (unsigned kind = 0; kind < AETHER_STORE_KIND_EMBEDDER; kind++)
        for (size_t len = 1; len <= sizeof key; len = len < 50 ? len + 1 : len + 80) {
            if (kind == AETHER_STORE_KIND_CODE)
                continue;
            for (int fill = 0; fill < 2; fill++) {
                memset(key, fill == 0 ? 0 : 0xff, sizeof key);
                key[0] = (uint8_t)kind;
                if (!is_there(&w, key, len)) // but for the head, and the page at depth 0
                    add_foreign(&w, key, len, 24);
            }
        }
    CHECK_OK(check(&w));
    world_end(&w);
}

static void foreign_keys_of_real_shape_are_found(void) {
    world w;
    aether_address contracts[3];
    uint8_t key[128] = {AETHER_STORE_KIND_ACCOUNT, 1, 2, 3};
    start(&w, contracts);
    add_foreign(&w, key, 33, 24); // an account that has nothing
    add_foreign(&w, key, 33, 121);
    add_foreign(&w, key, 33, 16);
    add_foreign(&w, key, 33, 0);
    for (int owner = 0; owner < 3; owner++) { // storage of a contract, of an account, of nobody
        key[0] = AETHER_STORE_KIND_STORAGE;
        memset(key + 1, 9, 32);
        if (owner < 2)
            memcpy(key + 1, owner == 0 ? contracts[2].bytes : w.addresses[ALICE].bytes, 32);
        memset(key + 33, 'x', 4);
        add_foreign(&w, key, 37, 1);
        add_foreign(&w, key, 37, 0);
        key[0] = AETHER_STORE_KIND_STORAGE_PAGE; // and a page of such a tree
        memset(key + 33, 0, 4);
        add_foreign(&w, key, 34, 100);
        key[33] = 2;
        add_foreign(&w, key, 35, 100);
    }
    key[0] = AETHER_STORE_KIND_CODE_RECORD;
    add_foreign(&w, key, 33, 12);
    key[0] = AETHER_STORE_KIND_APPLICATION_PAGE;
    memset(key + 1, 0, 32);
    key[1] = 3;
    add_foreign(&w, key, 4, 100);
    const uint64_t height = world_head(&w).height;
    for (uint64_t h = height - 7; h <= height + 1; h++)
        for (uint8_t number = 0; number < 40; number += 13) {
            memset(key, 0, 13);
            key[0] = AETHER_STORE_KIND_UNDO;
            key[8] = (uint8_t)h;
            key[12] = number;
            if (!is_there(&w, key, 13))
                add_foreign(&w, key, 13, 48);
        }
    CHECK_OK(check(&w));
    world_end(&w);
}

// Leftovers that a crash or a block that was taken back may leave, and what is the embedder's.
static void what_is_nobodys_business_is_left_alone(void) {
    world w;
    aether_address contracts[3];
    uint8_t key[33] = {AETHER_STORE_KIND_CODE, 1};
    start(&w, contracts);
    put(&w, ae_bytes(key, 33), ae_bytes(key, 20));
    CHECK_OK(check(&w));
    for (unsigned kind = AETHER_STORE_KIND_EMBEDDER; kind <= 0xff; kind++) {
        key[0] = (uint8_t)kind;
        put(&w, ae_bytes(key, 1), ae_bytes(key, 20));
        put(&w, ae_bytes(key, 33), ae_bytes(key, 20));
    }
    CHECK_OK(check(&w));
    world_end(&w);
}

static void store_without_a_chain_is_none(void) {
    aether_memory_store *memory = NULL;
    aether_check_report report;
    CHECK_OK(aether_memory_store_create(&memory, &err));
    const aether_store store = aether_memory_store_interface(memory);
    CHECK_STATUS(aether_chain_check(&store, NULL, NULL, &report, &err), AETHER_WRONG_STATE);
    CHECK_STATUS(aether_chain_check(NULL, NULL, NULL, &report, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_chain_check(&store, NULL, NULL, NULL, &err), AETHER_INVALID_ARGUMENT);
    aether_memory_store_destroy(memory);
}

static void count_progress(void *user, uint64_t done) {
    uint64_t *last = user;
    CHECK(done > *last);
    *last = done;
}

// Told of it about every 4,096 keys: accounts are put into the genesis.
static void progress_is_told(void) {
    enum { COUNT = 10000 };
    static aether_genesis_account accounts[COUNT];
    const aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = bytes_of("many"),
        .parameters = {.struct_size = sizeof genesis.parameters, .protocol_version = 1},
        .accounts = accounts,
        .account_count = COUNT};
    aether_memory_store *memory = NULL;
    aether_batch batch;
    aether_check_report report;
    uint64_t last = 0;
    for (size_t i = 0; i < COUNT; i++)
        ae_put_u64_le(accounts[i].address.bytes, i);
    CHECK_OK(aether_memory_store_create(&memory, &err));
    CHECK_OK(aether_genesis_changes(&genesis, &batch, &err));
    CHECK_OK(aether_memory_store_apply(memory, batch.changes, batch.count, &err));
    aether_batch_destroy(&batch);
    const aether_store store = aether_memory_store_interface(memory);
    CHECK_OK(aether_chain_check(&store, count_progress, &last, &report, &err));
    CHECK_U64(last, 8192);
    CHECK_U64(report.accounts, COUNT);
    aether_memory_store_destroy(memory);
}

static void each_failing_allocation_is_a_fault(void) {
    world w;
    aether_address contracts[3];
    uint64_t n = 0;
    start(&w, contracts);
    for (aether_status status = AETHER_OUT_OF_MEMORY; status != AETHER_OK; n++) {
        ae_alloc_fail_after(n);
        status = check(&w);
        ae_alloc_fail_after(UINT64_MAX);
        CHECK(status == AETHER_OK || status == AETHER_OUT_OF_MEMORY);
    }
    CHECK(n > 20);
    world_end(&w);
}

static void failing_store_is_a_fault(void) {
    world w;
    aether_address contracts[3];
    aether_check_report report;
    start(&w, contracts);
    uint64_t n = 1;
    for (;; n++) {
        failing store = {.inner = w.store, .fail_at = n};
        const aether_store view = failing_interface(&store);
        const aether_status status = aether_chain_check(&view, NULL, NULL, &report, &err);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_STORAGE_FAILED);
    }
    CHECK(n > 100);
    world_end(&w);
}

TEST_MAIN(TEST(sound_state_is_sound) TEST(every_key_is_missed) TEST(every_byte_matters)
        TEST(time_may_not_go_backwards) TEST(values_of_an_earlier_block_are_found)
            TEST(keys_of_every_kind_are_found) TEST(foreign_keys_of_real_shape_are_found)
                TEST(what_is_nobodys_business_is_left_alone) TEST(store_without_a_chain_is_none)
                    TEST(progress_is_told) TEST(each_failing_allocation_is_a_fault)
                        TEST(failing_store_is_a_fault))
