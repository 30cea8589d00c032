// A whole state held against its root: what `aether fsck` does.
#include "base/alloc.h"
#include "ledger/audit.h"
#include "ledger/chain.h"
#include "ledger/rewind.h"

typedef struct checker {
    const aether_store *store;
    ae_head head;
    ae_constitution constitution;
    ae_audit audit;
} checker;

static uint8_t depth_of(aether_bytes page_key) {
    return page_key
        .data[page_key.data[0] == AETHER_STORE_KIND_APPLICATION_PAGE ? 1 : 1 + AETHER_ADDRESS_LEN];
}

// Every page that a tree must have is there, to the byte; how many there are in all is counted later.
static aether_status compare_pages(
    void *user, const aether_change *changes, size_t count, aether_error *err) {
    const ae_view view = ae_view_of_store(user);
    for (size_t i = 0; i < count; i++) {
        const aether_bytes key = changes[i].key;
        aether_bytes value = {0};
        bool found = false;
        AE_TRY(view.get(view.user, key, &value, &found, err));
        if (!found || !ae_bytes_equal(value, changes[i].value))
            return ae_fail(err, AETHER_STORAGE_DAMAGED, "%s tree: a page at depth %u is %s",
                key.data[0] == AETHER_STORE_KIND_APPLICATION_PAGE ? "application" : "storage",
                depth_of(key), found ? "not what the state says" : "missing");
    }
    return AETHER_OK;
}

// Undo records are of consecutive blocks up to the head, and each leads to the root before its block.
static aether_status check_undo(checker *c, aether_error *err) {
    uint64_t chunks = 0, used = 0;
    AE_TRY(ae_audit_count(c->store, AETHER_STORE_KIND_UNDO, &chunks, err));
    AE_TRY(ae_rewind_try_all(c->store, &c->head, &used, err));
    if (chunks != used)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "undo records: %llu chunks, of which %llu belong to blocks that can be taken back",
            (unsigned long long)chunks, (unsigned long long)used);
    return AETHER_OK;
}

// What the walks over accounts can't see: keys that belong to no account, and pages to no tree.
static aether_status check_counts(checker *c, aether_error *err) {
    uint64_t storage = 0, application_pages = 0, storage_pages = 0;
    AE_TRY(ae_audit_count(c->store, AETHER_STORE_KIND_STORAGE, &storage, err));
    AE_TRY(ae_audit_count(c->store, AETHER_STORE_KIND_APPLICATION_PAGE, &application_pages, err));
    AE_TRY(ae_audit_count(c->store, AETHER_STORE_KIND_STORAGE_PAGE, &storage_pages, err));
    if (storage != c->audit.report.storage_keys)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "storage: %llu keys, but contracts have %llu",
            (unsigned long long)storage, (unsigned long long)c->audit.report.storage_keys);
    if (application_pages + storage_pages != c->audit.report.tree_pages)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "trees: %llu pages, but they need %llu",
            (unsigned long long)(application_pages + storage_pages),
            (unsigned long long)c->audit.report.tree_pages);
    return AETHER_OK;
}

// No key of a kind that nothing is kept under: after what a kind may hold at most comes one that is known.
static aether_status check_foreign(checker *c, aether_error *err) {
    static const struct {
        uint8_t after;  // the last key of this kind, and 0 the first of all
        uint8_t before; // and the first of this
    } gaps[] = {{0, AETHER_STORE_KIND_ACCOUNT},
        {AETHER_STORE_KIND_PARAMETERS, AETHER_STORE_KIND_CODE},
        {AETHER_STORE_KIND_HEAD, AETHER_STORE_KIND_EMBEDDER}};
    const ae_view view = ae_view_of_store(c->store);
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        ae_store_key last = {.len = gaps[i].after == 0 ? 0 : sizeof last.bytes};
        memset(last.bytes, 0xff, sizeof last.bytes);
        last.bytes[0] = gaps[i].after;
        if (gaps[i].after == AETHER_STORE_KIND_HEAD)
            last.len = 1; // its only key
        const ae_search search = {.after = ae_store_key_bytes(&last), .steps_max = UINT64_MAX};
        ae_neighbour next;
        AE_TRY(view.next(view.user, &search, &next, err));
        if (next.found && (next.key.len == 0 || next.key.data[0] < gaps[i].before))
            return ae_fail(err, AETHER_STORAGE_DAMAGED,
                "store: a key of %zu bytes, kind 0x%02x, is nothing that a chain keeps",
                next.key.len, next.key.len != 0 ? next.key.data[0] : 0);
    }
    return AETHER_OK;
}

static aether_status check_state(checker *c, aether_error *err) {
    aether_hash root;
    AE_TRY(ae_chain_read_records(c->store, &c->constitution, &c->head, err));
    AE_TRY(ae_audit_run(&c->audit, &root, err));
    if (memcmp(&root, &c->head.root, sizeof root) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "the state of block %llu leads to another root than the block has",
            (unsigned long long)c->head.height);
    AE_TRY(check_counts(c, err));
    AE_TRY(check_foreign(c, err));
    AE_TRY(check_undo(c, err));
    c->audit.report.height = c->head.height;
    c->audit.report.root = c->head.root;
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
    ae_audit_init(&c->audit, store, AETHER_STORAGE_DAMAGED);
    c->audit.take_pages = compare_pages;
    // Reads only; the type is that of a batch.
    c->audit.take_user = (void *)(uintptr_t)store;
    c->audit.progress = progress;
    c->audit.progress_user = user;
    const aether_status status = check_state(c, err);
    if (status == AETHER_OK)
        *out_report = c->audit.report;
    ae_audit_deinit(&c->audit);
    ae_free(c);
    return status;
}
