/* A batch from what changed: what changes nothing is not in it, it is sorted and has no key twice, its root is that of
 * the keys and values by the tree's definition, and its undo records lead back.
 * Method: random changes of accounts and storage over a memory store; the root from all leaves in the store. */
#include "ledger/commitment.h"

#include "base/alloc.h"
#include "harness/naive_tree.h"
#include "harness/test.h"
#include "ledger/undo.h"
#include "state/account.h"
#include "state/tree.h"

#include <stdlib.h>

static aether_error err;

/* A state that grows by commitments. */
typedef struct bench {
    aether_memory_store *memory;
    aether_store store;
    ae_head head;
    ae_arena arena; /* of the commitment on its way */
    ae_journal *journal;
    ae_commitment commitment;
    const aether_change *changes;
    size_t count;
} bench;

static bench b;

static void start(void) {
    memset(&b, 0, sizeof b);
    CHECK_OK(aether_memory_store_create(&b.memory, &err));
    b.store = aether_memory_store_interface(b.memory);
}

static void end(void) {
    aether_memory_store_destroy(b.memory);
}

static void begin(void) {
    ae_arena_init(&b.arena, 1 << 14, (size_t)1 << 30);
    CHECK_OK(ae_journal_create(&b.arena, &b.store, &b.journal, &err));
    b.commitment = (ae_commitment){.store = &b.store,
        .journal = b.journal,
        .before = b.head,
        .after = {.height = b.head.height + 1, .time = b.head.time + 1},
        .has_undo = true,
        .undo_blocks_max = 4,
        .arena = &b.arena};
}

static void make(void) {
    CHECK_OK(ae_commitment_make(&b.commitment, &b.changes, &b.count, &err));
    for (size_t i = 1; i < b.count; i++)
        CHECK(ae_bytes_compare(b.changes[i - 1].key, b.changes[i].key) < 0);
    CHECK(b.count != 0 && b.changes[b.count - 1].key.data[0] == AETHER_STORE_KIND_HEAD);
}

static void commit(void) {
    make();
    CHECK_OK(aether_memory_store_apply(b.memory, b.changes, b.count, &err));
    b.head = b.commitment.after;
    ae_arena_deinit(&b.arena);
}

static aether_address address_of(unsigned i) {
    aether_address address = {{(uint8_t)i, 0xaa}};
    return address;
}

static void set_account(unsigned i, aether_u128 balance, bool is_contract) {
    const aether_address address = address_of(i);
    aether_account account;
    bool found = false;
    CHECK_OK(ae_journal_account(b.journal, &address, &account, &found, &err));
    account.balance = balance;
    account.is_contract |= is_contract;
    CHECK_OK(ae_journal_set_account(b.journal, &address, &account, &err));
}

static void set_storage(unsigned contract, uint8_t name, const char *value) {
    const aether_address address = address_of(contract);
    ae_store_key key;
    bool existed = false;
    ae_storage_key_init(&key, &address, ae_bytes(&name, 1));
    if (value != NULL)
        CHECK_OK(ae_journal_write(
            b.journal, ae_store_key_bytes(&key), ae_bytes(value, strlen(value)), &err));
    else
        CHECK_OK(ae_journal_remove(b.journal, ae_store_key_bytes(&key), &existed, &err));
}

static int compare_leaves(const void *first, const void *second) {
    return memcmp(first, second, sizeof(aether_hash));
}

/* The root of everything below a prefix of the store, each key less `skip` bytes. */
static aether_hash root_of(aether_bytes prefix, size_t skip) {
    static naive_leaf leaves[1024];
    uint8_t after[AETHER_STORE_KEY_LEN_MAX];
    size_t after_len = 0, count = 0;
    aether_hash root;
    for (;;) {
        aether_bytes key = {0}, value = {0};
        bool found = false;
        CHECK_OK(b.store.next(
            b.store.user, prefix, ae_bytes(after, after_len), false, &key, &found, &err));
        if (!found)
            break;
        memcpy(after, key.data, key.len);
        after_len = key.len;
        CHECK_OK(b.store.get(b.store.user, ae_bytes(after, after_len), &value, &found, &err));
        ae_leaf leaf;
        ae_leaf_init(&leaf, ae_bytes(after + skip, after_len - skip), value);
        CHECK(count < 1024);
        leaves[count++] = (naive_leaf){.path = leaf.path, .value_hash = leaf.value_hash};
    }
    qsort(leaves, count, sizeof leaves[0], compare_leaves);
    naive_tree_root(leaves, count, &root);
    return root;
}

static void check_roots(unsigned contracts) {
    static const uint8_t accounts = AETHER_STORE_KIND_ACCOUNT; // the only kind here besides storage
    const aether_hash root = root_of(ae_bytes(&accounts, 1), 0);
    CHECK(memcmp(&root, &b.head.root, sizeof root) == 0);
    for (unsigned i = 0; i < contracts; i++) {
        const aether_address address = address_of(i);
        ae_store_key key;
        aether_bytes record = {0};
        bool found = false;
        aether_account account;
        ae_account_key_init(&key, &address);
        CHECK_OK(b.store.get(b.store.user, ae_store_key_bytes(&key), &record, &found, &err));
        if (!found)
            continue;
        CHECK_OK(ae_account_read(record, &account, &err));
        ae_storage_key_init(&key, &address, ae_bytes(NULL, 0));
        const aether_hash storage = root_of(ae_store_key_bytes(&key), key.len);
        CHECK(memcmp(&storage, &account.storage_root, sizeof storage) == 0);
    }
}

static void prepare(void) {
    start();
    begin();
    for (unsigned i = 0; i < 4; i++)
        set_account(i, (aether_u128){.low = 100}, i < 2);
    set_storage(0, 'a', "1");
    set_storage(0, 'b', "2");
    set_storage(1, 'a', "3");
    commit();
}

/* The same values again, keys that come and go, balances that move back: nothing but the head and the undo records'
 * first chunk, and the root stays. */
static void changes_that_change_nothing_are_dropped(void) {
    prepare();
    const aether_hash before = b.head.root;
    begin();
    set_account(2, (aether_u128){.low = 70}, false);
    set_account(2, (aether_u128){.low = 100}, false);
    set_storage(0, 'a', "other");
    set_storage(0, 'a', "1");
    set_storage(0, 'b', NULL);
    set_storage(0, 'b', "2");
    set_storage(1, 'z', "new");
    set_storage(1, 'z', NULL);
    set_storage(1, 'y', NULL);
    make();
    CHECK_U64(b.count, 2);
    CHECK_U64(b.changes[0].key.data[0], AETHER_STORE_KIND_UNDO);
    CHECK_U64(b.changes[0].value.len, AE_HEAD_LEN);
    CHECK(memcmp(&before, &b.commitment.after.root, sizeof before) == 0);
    ae_arena_deinit(&b.arena);
    begin(); // and nothing at all
    make();
    CHECK_U64(b.count, 2);
    CHECK(memcmp(&before, &b.commitment.after.root, sizeof before) == 0);
    ae_arena_deinit(&b.arena);
    end();
}

static void removed_keys_leave_the_tree(void) {
    prepare();
    begin();
    set_storage(0, 'a', NULL);
    commit();
    check_roots(2);
    begin();
    set_storage(0, 'b', NULL);
    commit();
    check_roots(2);
    const uint8_t page = AETHER_STORE_KIND_STORAGE_PAGE;
    aether_bytes key = {0};
    bool found = false;
    CHECK_OK(b.store.next(
        b.store.user, ae_bytes(&page, 1), ae_bytes(NULL, 0), false, &key, &found, &err));
    CHECK(found); // of the other contract
    CHECK_U64(key.data[1], 1);
    end();
}

static void storage_without_a_contract_is_damage(void) {
    prepare();
    begin();
    set_storage(3, 'a', "1"); // an account that is none
    CHECK_STATUS(
        ae_commitment_make(&b.commitment, &b.changes, &b.count, &err), AETHER_STORAGE_DAMAGED);
    ae_arena_deinit(&b.arena);
    begin();
    set_storage(9, 'a', "1"); // nobody
    CHECK_STATUS(
        ae_commitment_make(&b.commitment, &b.changes, &b.count, &err), AETHER_STORAGE_DAMAGED);
    ae_arena_deinit(&b.arena);
    end();
}

static void supply_that_was_added_is_told(void) {
    static const struct {
        aether_u128 balances[2];
        aether_u128 added; /* to twice 100 */
    } rows[] = {{{{.low = 150}, {.low = 50}}, {.low = 0}},
        {{{.low = 101}, {.low = 100}}, {.low = 1}},
        {{{.low = 99}, {.low = 100}}, {.low = UINT64_MAX, .high = UINT64_MAX}},
        {{{.low = 0}, {.high = 1}}, {.low = (uint64_t)0 - 200, .high = 0}},
        {{{.low = UINT64_MAX, .high = UINT64_MAX}, {.low = 201}}, {.low = 0}},
        {{{.low = 0}, {.low = 0}}, {.low = (uint64_t)0 - 200, .high = UINT64_MAX}}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare();
        begin();
        for (unsigned j = 0; j < 2; j++)
            set_account(j + 1, rows[i].balances[j], false);
        make();
        if (memcmp(&b.commitment.supply_added, &rows[i].added, sizeof rows[i].added) != 0)
            test_fail(__FILE__, __LINE__, "row %zu: %llx %llx", i,
                (unsigned long long)b.commitment.supply_added.high,
                (unsigned long long)b.commitment.supply_added.low);
        ae_arena_deinit(&b.arena);
        end();
    }
}

static void old_undo_records_go_the_oldest_first(void) {
    start();
    for (unsigned i = 0; i < 30; i++) {
        begin();
        set_account(0, (aether_u128){.low = i + 1}, false);
        b.commitment.undo_blocks_max = i < 29 ? UINT64_MAX : 3;
        commit();
    }
    uint64_t oldest = 0;
    bool found = false;
    CHECK_OK(ae_undo_oldest(&b.store, &oldest, &found, &err));
    CHECK_U64(oldest, 17); // 16 went at once
    begin();
    b.commitment.undo_blocks_max = 3;
    commit();
    CHECK_OK(ae_undo_oldest(&b.store, &oldest, &found, &err));
    CHECK_U64(oldest, 29);
    for (uint64_t height = 29; height <= 31; height++) {
        uint64_t count = 0;
        CHECK_OK(ae_undo_count(&b.store, height, &count, &err));
        CHECK_U64(count, 1);
    }
    end();
}

static aether_status restore(
    void *user, aether_bytes key, aether_bytes value, bool was_there, aether_error *error) {
    bool existed = false;
    return was_there ? ae_journal_write(user, key, value, error)
                     : ae_journal_remove(user, key, &existed, error);
}

/* Take the last commitment back by its records. */
static void undo(void) {
    bool found = false;
    begin();
    b.commitment.has_undo = false;
    b.commitment.drops_undo = true;
    const ae_undo_reader reader = {.arena = &b.arena, .visit = restore, .user = b.journal};
    CHECK_OK(ae_undo_read(&b.store, b.head.height, &reader, &b.commitment.after, &found, &err));
    CHECK(found);
    const aether_hash root = b.commitment.after.root;
    commit();
    CHECK(memcmp(&root, &b.head.root, sizeof root) == 0);
}

static void random_changes_lead_to_the_root_and_back(void) {
    static const char *const values[] = {NULL, "", "1", "22", "333"};
    uint64_t random = test_seed();
    prepare();
    for (int block = 0; block < 150; block++) {
        const aether_hash before = b.head.root;
        begin();
        for (uint64_t i = test_random(&random) % 40; i > 0; i--) {
            const unsigned who = (unsigned)(test_random(&random) % 6);
            if (test_random(&random) % 4 == 0)
                set_account(who, (aether_u128){.low = test_random(&random) % 1000}, who < 2);
            else
                set_storage(who % 2, (uint8_t)(test_random(&random) % 60),
                    values[test_random(&random) % 5]);
        }
        commit();
        check_roots(2);
        if (test_random(&random) % 3 != 0)
            continue;
        undo();
        check_roots(2);
        CHECK(memcmp(&before, &b.head.root, sizeof before) == 0);
    }
    end();
}

static void each_failing_allocation_is_told(void) {
    prepare();
    for (uint64_t n = 0;; n++) {
        begin();
        for (unsigned i = 0; i < 200; i++)
            set_storage(i % 2, (uint8_t)i, "a value that is not short");
        ae_alloc_fail_after(n);
        const aether_status status = ae_commitment_make(&b.commitment, &b.changes, &b.count, &err);
        ae_alloc_fail_after(UINT64_MAX);
        ae_arena_deinit(&b.arena);
        if (status == AETHER_OK) {
            CHECK(n > 3);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
    }
    end();
}

TEST_MAIN(TEST(changes_that_change_nothing_are_dropped) TEST(removed_keys_leave_the_tree)
        TEST(storage_without_a_contract_is_damage) TEST(supply_that_was_added_is_told) TEST(
            old_undo_records_go_the_oldest_first) TEST(random_changes_lead_to_the_root_and_back)
            TEST(each_failing_allocation_is_told))
