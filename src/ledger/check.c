// A whole state held against its root: what `aether fsck` does, and what a restored snapshot must pass.
#include "base/alloc.h"
#include "base/arithmetic.h"
#include "base/assert.h"
#include "ledger/chain.h"
#include "ledger/undo.h"
#include "state/account.h"
#include "state/tree.h"
#include "state/walk.h"

#define ARENA_CHUNK_LEN ((size_t)4 << 20)
#define ARENA_LEN_MAX ((size_t)64 << 30)
#define LEAVES_FIRST 1024
#define PROGRESS_EVERY 4096 // keys

// Leaves of one tree on their way into memory.
typedef struct leaf_list {
    ae_leaf *leaves; // NULL: none
    size_t count;
    size_t capacity;
} leaf_list;

typedef struct checker {
    const aether_store *store;
    aether_progress progress;
    void *user;
    uint64_t done;
    ae_constitution constitution;
    ae_head head;
    aether_check_report report;
    leaf_list application;
    leaf_list storage;
    ae_arena scratch;
    ae_arena pages;
} checker;

static aether_status add_leaf(
    leaf_list *list, aether_bytes key, aether_bytes value, aether_error *err) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity != 0 ? 2 * list->capacity : LEAVES_FIRST;
        ae_leaf *grown = ae_realloc(list->leaves, capacity, sizeof *grown);
        if (grown == NULL)
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "%zu leaves of a tree", capacity);
        list->leaves = grown;
        list->capacity = capacity;
    }
    ae_leaf_init(&list->leaves[list->count++], key, value);
    return AETHER_OK;
}

static void tell(checker *c) {
    if (++c->done % PROGRESS_EVERY == 0 && c->progress != NULL)
        c->progress(c->user, c->done);
}

// Every page that a tree must have is there, to the byte; how many there are in all is counted later.
static aether_status compare_pages(
    checker *c, const ae_change_list *pages, const char *tree, aether_error *err) {
    const ae_view view = ae_view_of_store(c->store);
    for (const ae_change_chunk *chunk = pages->first; chunk != NULL; chunk = chunk->next)
        for (size_t i = 0; i < chunk->count; i++) {
            aether_bytes value = {0};
            bool found = false;
            AE_TRY(view.get(view.user, chunk->changes[i].key, &value, &found, err));
            if (!found || !ae_bytes_equal(value, chunk->changes[i].value))
                return ae_fail(err, AETHER_STORAGE_DAMAGED, "%s: a page at depth %u is %s", tree,
                    chunk->changes[i].key.data[chunk->changes[i].key.data[0] ==
                                                       AETHER_STORE_KIND_APPLICATION_PAGE
                                                   ? 1
                                                   : 1 + AETHER_ADDRESS_LEN],
                    found ? "not what the state says" : "missing");
            c->report.tree_pages++;
        }
    return AETHER_OK;
}

static aether_status build(checker *c, const aether_address *contract, leaf_list *list,
    const char *tree, aether_hash *out_root, aether_error *err) {
    ae_change_list pages;
    ae_change_list_init(&pages, &c->pages);
    AE_TRY(ae_tree_build(contract, list->leaves, list->count, &c->scratch, &pages, out_root, err));
    AE_TRY(compare_pages(c, &pages, tree, err));
    ae_arena_reset(&c->scratch);
    ae_arena_reset(&c->pages);
    list->count = 0;
    return AETHER_OK;
}

// The storage tree of one contract leads to the root in its record.
static aether_status check_storage(
    checker *c, const aether_address *contract, const aether_hash *root, aether_error *err) {
    ae_store_key prefix;
    ae_walk walk;
    aether_bytes key = {0}, value = {0};
    bool found = false;
    aether_hash computed = {0};
    ae_storage_key_init(&prefix, contract, ae_bytes(NULL, 0));
    ae_walk_init(&walk, c->store, ae_store_key_bytes(&prefix));
    for (;;) {
        AE_TRY(ae_walk_next(&walk, &key, &value, &found, err));
        if (!found)
            break;
        if (key.len == AE_STORAGE_PREFIX_LEN || value.len > AE_VALUE_LEN_MAX)
            return ae_fail(err, AETHER_STORAGE_DAMAGED,
                "storage: a key of %zu bytes with a value of %zu", key.len - AE_STORAGE_PREFIX_LEN,
                value.len);
        AE_TRY(add_leaf(&c->storage,
            ae_bytes(key.data + AE_STORAGE_PREFIX_LEN, key.len - AE_STORAGE_PREFIX_LEN), value,
            err));
        c->report.storage_keys++;
        tell(c);
    }
    AE_TRY(build(c, contract, &c->storage, "storage tree", &computed, err));
    if (memcmp(&computed, root, sizeof computed) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "storage of contract 0x%02x%02x%02x%02x...: its keys lead to another root than its "
            "record has",
            contract->bytes[0], contract->bytes[1], contract->bytes[2], contract->bytes[3]);
    return AETHER_OK;
}

static aether_status check_account(
    checker *c, aether_bytes key, aether_bytes record, aether_error *err) {
    aether_account account;
    uint8_t canonical[AETHER_CONTRACT_ACCOUNT_LEN];
    aether_address address;
    if (key.len != 1 + AETHER_ADDRESS_LEN)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "account: a key of %zu bytes", key.len);
    AE_TRY(ae_account_read(record, &account, err));
    if (aether_account_encode(&account, canonical) != record.len)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "account record: %zu bytes", record.len);
    AE_TRY(add_leaf(&c->application, key, record, err));
    if (!ae_add_u128(c->report.supply, account.balance, &c->report.supply))
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "balances sum to more than 2^128 - 1");
    c->report.accounts++;
    tell(c);
    if (!account.is_contract)
        return AETHER_OK;
    c->report.contracts++;
    memcpy(address.bytes, key.data + 1, AETHER_ADDRESS_LEN);
    return check_storage(c, &address, &account.storage_root, err);
}

static aether_status check_code(
    checker *c, aether_bytes key, aether_bytes record_bytes, aether_error *err) {
    const ae_view view = ae_view_of_store(c->store);
    ae_code_record record;
    ae_store_key code_key;
    aether_hash named, computed;
    aether_bytes code = {0};
    bool found = false;
    if (key.len != 1 + AETHER_HASH_LEN)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code record: a key of %zu bytes", key.len);
    AE_TRY(ae_code_record_decode(record_bytes, &record, err));
    AE_TRY(add_leaf(&c->application, key, record_bytes, err));
    memcpy(named.bytes, key.data + 1, AETHER_HASH_LEN);
    ae_code_key_init(&code_key, &named);
    AE_TRY(view.get(view.user, ae_store_key_bytes(&code_key), &code, &found, err));
    if (!found || code.len != record.len)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code of %zu bytes, its record says %u",
            code.len, record.len);
    aether_code_hash(code, &computed);
    if (memcmp(&named, &computed, sizeof named) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code: its bytes have another hash");
    c->report.codes++;
    tell(c);
    return AETHER_OK;
}

static aether_status check_parameters(
    checker *c, aether_bytes key, aether_bytes value, aether_error *err) {
    ae_store_key expected;
    ae_parameters_key_init(&expected);
    if (!ae_bytes_equal(key, ae_store_key_bytes(&expected)))
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "parameters: a name that is not known");
    return add_leaf(&c->application, key, value, err);
}

typedef aether_status (*check_record)(
    checker *c, aether_bytes key, aether_bytes value, aether_error *err);

static aether_status walk_kind(
    checker *c, uint8_t kind, check_record check, uint64_t *out_count, aether_error *err) {
    ae_walk walk;
    aether_bytes key = {0}, value = {0};
    bool found = false;
    ae_walk_init(&walk, c->store, ae_bytes(&kind, 1));
    *out_count = 0;
    for (;;) {
        AE_TRY(ae_walk_next(&walk, &key, &value, &found, err));
        if (!found)
            return AETHER_OK;
        ++*out_count;
        if (check != NULL)
            AE_TRY(check(c, key, value, err));
    }
}

static aether_status ignore_entry(
    void *user, aether_bytes key, aether_bytes value, bool was_there, aether_error *err) {
    (void)user;
    (void)key;
    (void)value;
    (void)was_there;
    (void)err;
    return AETHER_OK;
}

// Undo records are of consecutive blocks up to the head, and can be read.
static aether_status check_undo(checker *c, aether_error *err) {
    uint64_t chunks = 0;
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_UNDO, NULL, &chunks, err));
    const ae_undo_reader reader = {.arena = &c->scratch, .visit = ignore_entry};
    for (uint64_t height = c->head.height; height > 0; height--) {
        ae_head before;
        bool found = false;
        uint64_t read = 0;
        AE_TRY(ae_undo_read(c->store, height, &reader, &before, &found, err));
        if (!found)
            break;
        AE_TRY(ae_undo_count(c->store, height, &read, err));
        if (before.height + 1 != height || read > chunks)
            return ae_fail(err, AETHER_STORAGE_DAMAGED, "undo records of block %llu are not its",
                (unsigned long long)height);
        chunks -= read;
        ae_arena_reset(&c->scratch);
    }
    if (chunks != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "undo records: %llu chunks belong to no block that can be taken back",
            (unsigned long long)chunks);
    return AETHER_OK;
}

static bool is_kind(unsigned kind) {
    return (kind >= AETHER_STORE_KIND_ACCOUNT && kind <= AETHER_STORE_KIND_PARAMETERS) ||
           (kind >= AETHER_STORE_KIND_CODE && kind <= AETHER_STORE_KIND_HEAD);
}

// Nothing lies under a kind that a chain does not have, and one head.
static aether_status check_kinds(checker *c, aether_error *err) {
    uint64_t count = 0;
    for (unsigned kind = 0; kind < AETHER_STORE_KIND_EMBEDDER; kind++) {
        if (is_kind(kind) && kind != AETHER_STORE_KIND_HEAD)
            continue;
        AE_TRY(walk_kind(c, (uint8_t)kind, NULL, &count, err));
        if (count != (kind == AETHER_STORE_KIND_HEAD))
            return ae_fail(err, AETHER_STORAGE_DAMAGED, "store: %llu keys of kind 0x%02x",
                (unsigned long long)count, kind);
    }
    return AETHER_OK;
}

// What the walks over accounts can't see: keys that belong to no account, pages to no tree, code without a record.
static aether_status check_counts(checker *c, aether_error *err) {
    uint64_t storage = 0, application_pages = 0, storage_pages = 0, codes = 0;
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_CODE, NULL, &codes, err));
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_STORAGE, NULL, &storage, err));
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_APPLICATION_PAGE, NULL, &application_pages, err));
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_STORAGE_PAGE, NULL, &storage_pages, err));
    if (storage != c->report.storage_keys)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "storage: %llu keys, but contracts have %llu",
            (unsigned long long)storage, (unsigned long long)c->report.storage_keys);
    if (codes != c->report.codes)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code: %llu are kept, %llu have a record",
            (unsigned long long)codes, (unsigned long long)c->report.codes);
    if (application_pages + storage_pages != c->report.tree_pages)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "trees: %llu pages, but they need %llu",
            (unsigned long long)(application_pages + storage_pages),
            (unsigned long long)c->report.tree_pages);
    return AETHER_OK;
}

static aether_status check_state(checker *c, aether_error *err) {
    uint64_t count = 0;
    aether_hash root;
    AE_TRY(ae_chain_read_records(c->store, &c->constitution, &c->head, err));
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_ACCOUNT, check_account, &count, err));
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_CODE_RECORD, check_code, &count, err));
    AE_TRY(walk_kind(c, AETHER_STORE_KIND_PARAMETERS, check_parameters, &count, err));
    AE_TRY(build(c, NULL, &c->application, "application tree", &root, err));
    if (memcmp(&root, &c->head.root, sizeof root) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "the state of block %llu leads to another root than the block has",
            (unsigned long long)c->head.height);
    if (memcmp(&c->report.supply, &c->constitution.supply, sizeof c->report.supply) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "balances don't sum to the genesis' supply");
    AE_TRY(check_kinds(c, err));
    AE_TRY(check_counts(c, err));
    AE_TRY(check_undo(c, err));
    c->report.height = c->head.height;
    c->report.root = c->head.root;
    return AETHER_OK;
}

aether_status aether_chain_check(const aether_store *store, aether_progress progress, void *user,
    aether_check_report *out_report, aether_error *err) {
    AE_CHECK_ARG(store != NULL && store->get != NULL && store->next != NULL, err);
    AE_CHECK_ARG(out_report != NULL, err);
    checker *c = ae_alloc(1, sizeof *c);
    if (c == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "check");
    c->store = store;
    c->progress = progress;
    c->user = user;
    ae_arena_init(&c->scratch, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    ae_arena_init(&c->pages, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    const aether_status status = check_state(c, err);
    if (status == AETHER_OK)
        *out_report = c->report;
    ae_arena_deinit(&c->pages);
    ae_arena_deinit(&c->scratch);
    ae_free(c->application.leaves);
    ae_free(c->storage.leaves);
    ae_free(c);
    return status;
}
