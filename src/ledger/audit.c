#include "ledger/audit.h"

#include "base/alloc.h"
#include "base/arithmetic.h"
#include "ledger/entry.h"
#include "state/account.h"
#include "state/walk.h"

#define ARENA_CHUNK_LEN ((size_t)1 << 20)
#define ARENA_LEN_MAX ((size_t)64 << 30)
#define LEAVES_FIRST 1024
#define PROGRESS_EVERY 4096 // keys
#define PAGES_BATCH 4096    // at most 2 KiB each

void ae_audit_init(ae_audit *audit, const aether_store *store, aether_status flaw) {
    *audit = (ae_audit){.store = store, .flaw = flaw};
    ae_arena_init(&audit->scratch, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    ae_arena_init(&audit->arena, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    ae_change_list_init(&audit->pages, &audit->arena);
}

void ae_audit_deinit(ae_audit *audit) {
    ae_arena_deinit(&audit->arena);
    ae_arena_deinit(&audit->scratch);
    ae_free(audit->application.leaves);
    ae_free(audit->storage.leaves);
}

static aether_status add_leaf(
    ae_leaf_list *list, aether_bytes key, aether_bytes value, aether_error *err) {
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

static void tell(ae_audit *a) {
    if (++a->done % PROGRESS_EVERY == 0 && a->progress != NULL)
        a->progress(a->progress_user, a->done);
}

static aether_status hand_over_pages(ae_audit *a, aether_error *err) {
    const aether_change *changes = NULL;
    size_t count = 0;
    AE_TRY(ae_change_list_flatten(&a->pages, &changes, &count, err));
    for (size_t at = 0; at < count; at += PAGES_BATCH) {
        const size_t batch = count - at < PAGES_BATCH ? count - at : PAGES_BATCH;
        AE_TRY(a->take_pages(a->take_user, changes + at, batch, err));
    }
    a->report.tree_pages += count;
    ae_arena_reset(&a->arena);
    ae_change_list_init(&a->pages, &a->arena);
    return AETHER_OK;
}

// Small trees wait for others: a batch is a write to the disk.
static aether_status build(ae_audit *a, const aether_address *contract, ae_leaf_list *list,
    aether_hash *out_root, aether_error *err) {
    AE_TRY(
        ae_tree_build(contract, list->leaves, list->count, &a->scratch, &a->pages, out_root, err));
    ae_arena_reset(&a->scratch);
    list->count = 0;
    return a->pages.count >= PAGES_BATCH ? hand_over_pages(a, err) : AETHER_OK;
}

// The storage tree of one contract leads to the root in its record.
static aether_status audit_storage(
    ae_audit *a, const aether_address *contract, const aether_hash *root, aether_error *err) {
    ae_store_key prefix;
    ae_walk walk;
    aether_bytes key = {0}, value = {0};
    bool found = false;
    aether_hash computed = {0};
    ae_storage_key_init(&prefix, contract, ae_bytes(NULL, 0));
    ae_walk_init(&walk, a->store, ae_store_key_bytes(&prefix));
    for (;;) {
        AE_TRY(ae_walk_next(&walk, &key, &value, &found, err));
        if (!found)
            break;
        AE_TRY(ae_entry_check(key, value, err));
        AE_TRY(add_leaf(&a->storage,
            ae_bytes(key.data + AE_STORAGE_PREFIX_LEN, key.len - AE_STORAGE_PREFIX_LEN), value,
            err));
        a->report.storage_keys++;
        tell(a);
    }
    AE_TRY(build(a, contract, &a->storage, &computed, err));
    if (memcmp(&computed, root, sizeof computed) != 0)
        return ae_fail(err, a->flaw,
            "storage of contract 0x%02x%02x%02x%02x...: its keys lead to another root than its "
            "record has",
            contract->bytes[0], contract->bytes[1], contract->bytes[2], contract->bytes[3]);
    return AETHER_OK;
}

static aether_status audit_contract(
    ae_audit *a, const aether_address *address, const aether_account *account, aether_error *err) {
    const ae_view view = ae_view_of_store(a->store);
    ae_store_key key;
    aether_bytes record = {0};
    bool found = false;
    a->report.contracts++;
    ae_code_record_key_init(&key, &account->code_hash);
    AE_TRY(view.get(view.user, ae_store_key_bytes(&key), &record, &found, err));
    if (!found)
        return ae_fail(err, a->flaw, "contract 0x%02x%02x%02x%02x...: its code was never uploaded",
            address->bytes[0], address->bytes[1], address->bytes[2], address->bytes[3]);
    return audit_storage(a, address, &account->storage_root, err);
}

static aether_status audit_account(
    ae_audit *a, aether_bytes key, aether_bytes record, aether_error *err) {
    aether_account account;
    aether_address address;
    AE_TRY(ae_account_read(record, &account, err));
    AE_TRY(add_leaf(&a->application, key, record, err));
    if (!ae_add_u128(a->report.supply, account.balance, &a->report.supply))
        return ae_fail(err, a->flaw, "balances sum to more than 2^128 - 1");
    a->report.accounts++;
    if (!account.is_contract)
        return AETHER_OK;
    memcpy(address.bytes, key.data + 1, AETHER_ADDRESS_LEN);
    return audit_contract(a, &address, &account, err);
}

static aether_status audit_code(
    ae_audit *a, aether_bytes key, aether_bytes record_bytes, aether_error *err) {
    const ae_view view = ae_view_of_store(a->store);
    ae_code_record record;
    ae_store_key code_key;
    aether_hash named;
    aether_bytes code = {0};
    bool found = false;
    AE_TRY(ae_code_record_decode(record_bytes, &record, err));
    AE_TRY(add_leaf(&a->application, key, record_bytes, err));
    memcpy(named.bytes, key.data + 1, AETHER_HASH_LEN);
    ae_code_key_init(&code_key, &named);
    AE_TRY(view.get(view.user, ae_store_key_bytes(&code_key), &code, &found, err));
    if (!found)
        return ae_fail(err, a->flaw, "code of %u bytes is missing", record.len);
    if (code.len != record.len)
        return ae_fail(err, a->flaw, "code of %zu bytes, its record says %u", code.len, record.len);
    a->report.codes++;
    return ae_entry_check(ae_store_key_bytes(&code_key), code, err);
}

static aether_status audit_parameters(
    ae_audit *a, aether_bytes key, aether_bytes value, aether_error *err) {
    AE_TRY(ae_constitution_decode(value, &a->constitution, err));
    a->has_constitution = true;
    return add_leaf(&a->application, key, value, err);
}

typedef aether_status (*audit_entry)(
    ae_audit *a, aether_bytes key, aether_bytes value, aether_error *err);

static aether_status walk_kind(ae_audit *a, uint8_t kind, audit_entry audit, aether_error *err) {
    ae_walk walk;
    aether_bytes key = {0}, value = {0};
    bool found = false;
    ae_walk_init(&walk, a->store, ae_bytes(&kind, 1));
    for (;;) {
        AE_TRY(ae_walk_next(&walk, &key, &value, &found, err));
        if (!found)
            return AETHER_OK;
        AE_TRY(ae_entry_check(key, value, err));
        AE_TRY(audit(a, key, value, err));
        tell(a);
    }
}

aether_status ae_audit_run(ae_audit *audit, aether_hash *out_root, aether_error *err) {
    AE_TRY(walk_kind(audit, AETHER_STORE_KIND_ACCOUNT, audit_account, err));
    AE_TRY(walk_kind(audit, AETHER_STORE_KIND_CODE_RECORD, audit_code, err));
    AE_TRY(walk_kind(audit, AETHER_STORE_KIND_PARAMETERS, audit_parameters, err));
    if (!audit->has_constitution)
        return ae_fail(err, audit->flaw, "the chain's parameters are missing");
    if (memcmp(&audit->report.supply, &audit->constitution.supply, sizeof audit->report.supply) !=
        0)
        return ae_fail(err, audit->flaw, "balances don't sum to the genesis' supply");
    AE_TRY(build(audit, NULL, &audit->application, out_root, err));
    return hand_over_pages(audit, err);
}

aether_status ae_audit_count(
    const aether_store *store, uint8_t kind, uint64_t *out_count, aether_error *err) {
    ae_walk walk;
    aether_bytes key = {0}, value = {0};
    bool found = false;
    ae_walk_init(&walk, store, ae_bytes(&kind, 1));
    for (*out_count = 0;; ++*out_count) {
        AE_TRY(ae_walk_next(&walk, &key, &value, &found, err));
        if (!found)
            return AETHER_OK;
    }
}
