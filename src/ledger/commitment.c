#include "ledger/commitment.h"

#include "base/assert.h"
#include "ledger/undo.h"
#include "state/account.h"
#include "state/tree.h"

#define SCRATCH_CHUNK_LEN ((size_t)1 << 20)
#define SCRATCH_LEN_MAX ((size_t)4 << 30)
#define UNDO_DROPPED_MAX 16 // blocks whose undo records go with one block

// What is being made; changes are the journal's.
typedef struct maker {
    ae_commitment *self;
    ae_arena *scratch; // reset after each tree
    const aether_change *changes;
    size_t count;
    ae_change_list state; // kinds 0x01 to 0x10
    ae_change_list application_pages;
    ae_change_list storage_pages;
    ae_change_list undo;
} maker;

static uint8_t kind_of(const aether_change *change) {
    return change->key.data[0];
}

static aether_bytes contract_of(const aether_change *change) {
    return ae_bytes(change->key.data + 1, AETHER_ADDRESS_LEN);
}

// The leaf of a changed key in its tree, where its name is `key`.
static void init_leaf(const aether_change *change, aether_bytes key, ae_leaf *out) {
    ae_leaf_init(out, key, change->value);
    if (change->is_removed)
        out->value_hash = (aether_hash){0};
}

static aether_status alloc_leaves(maker *m, size_t count, ae_leaf **out_leaves, aether_error *err) {
    *out_leaves = ae_arena_alloc(m->scratch, count * sizeof **out_leaves, _Alignof(ae_leaf));
    if (*out_leaves == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "%zu leaves of a tree", count);
    return AETHER_OK;
}

// Put a contract's new storage root into its record.
static aether_status set_storage_root(
    maker *m, const aether_address *contract, const aether_hash *root, aether_error *err) {
    aether_account account;
    bool found = false;
    AE_TRY(ae_journal_account(m->self->journal, contract, &account, &found, err));
    const aether_hash empty = {0};
    if (!account.is_contract && memcmp(root, &empty, sizeof empty) == 0)
        return AETHER_OK; // its deployment is taken back
    if (!account.is_contract)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "storage of an address that has no contract");
    account.storage_root = *root;
    return ae_journal_set_account(m->self->journal, contract, &account, err);
}

// What stood under a changed key, and whether the change changes that.
typedef struct original {
    aether_bytes value;
    bool found;
    bool differs;
} original;

static aether_status read_original(
    maker *m, const aether_change *change, original *out, aether_error *err) {
    AE_TRY(ae_journal_original(m->self->journal, change, &out->value, &out->found, err));
    out->differs =
        change->is_removed ? out->found : !out->found || !ae_bytes_equal(out->value, change->value);
    return AETHER_OK;
}

// The tree of one contract: changes from `first` on, as many as are of it.
static aether_status update_storage(maker *m, size_t first, size_t *out_end, aether_error *err) {
    const aether_bytes id = contract_of(&m->changes[first]);
    size_t end = first;
    while (end < m->count && kind_of(&m->changes[end]) == AETHER_STORE_KIND_STORAGE &&
           ae_bytes_equal(contract_of(&m->changes[end]), id))
        end++;
    *out_end = end;
    ae_leaf *leaves = NULL;
    size_t count = 0;
    AE_TRY(alloc_leaves(m, end - first, &leaves, err));
    for (size_t i = first; i < end; i++) {
        const aether_bytes key = m->changes[i].key;
        original old;
        AE_TRY(read_original(m, &m->changes[i], &old, err));
        if (old.differs)
            init_leaf(&m->changes[i],
                ae_bytes(key.data + AE_STORAGE_PREFIX_LEN, key.len - AE_STORAGE_PREFIX_LEN),
                &leaves[count++]);
    }
    if (count == 0)
        return AETHER_OK;
    aether_address contract;
    memcpy(contract.bytes, id.data, AETHER_ADDRESS_LEN);
    const ae_tree tree = {.view = m->self->store, .contract = &contract};
    aether_hash root;
    AE_TRY(ae_tree_update(&tree, leaves, count, m->scratch, &m->storage_pages, &root, err));
    ae_arena_reset(m->scratch);
    return set_storage_root(m, &contract, &root, err);
}

static aether_status update_storages(maker *m, aether_error *err) {
    size_t at = 0;
    while (at < m->count && kind_of(&m->changes[at]) < AETHER_STORE_KIND_STORAGE)
        at++;
    while (at < m->count && kind_of(&m->changes[at]) == AETHER_STORE_KIND_STORAGE) {
        AE_TRY(update_storage(m, at, &at, err));
        ae_arena_reset(m->scratch);
    }
    return AETHER_OK;
}

// Balances may only move: what is added here is taken away there.
static aether_status count_supply(
    ae_commitment *self, const aether_change *change, const original *old, aether_error *err) {
    aether_account before = {0}, after = {0};
    if (old->found)
        AE_TRY(ae_account_read(old->value, &before, err));
    if (!change->is_removed)
        AE_TRY(ae_account_read(change->value, &after, err));
    const aether_u128 sum = {.low = self->supply_added.low + after.balance.low,
        .high = self->supply_added.high + after.balance.high +
                (self->supply_added.low + after.balance.low < after.balance.low)};
    self->supply_added = (aether_u128){.low = sum.low - before.balance.low,
        .high = sum.high - before.balance.high - (sum.low < before.balance.low)};
    return AETHER_OK;
}

// One change that changes the state: into the batch, the undo records and, if committed, the application tree.
static aether_status take_change(maker *m, ae_undo_writer *undo, const aether_change *change,
    ae_leaf *leaves, size_t *leaf_count, aether_error *err) {
    original old;
    AE_TRY(read_original(m, change, &old, err));
    if (!old.differs)
        return AETHER_OK;
    if (kind_of(change) == AETHER_STORE_KIND_ACCOUNT)
        AE_TRY(count_supply(m->self, change, &old, err));
    if (kind_of(change) != AETHER_STORE_KIND_STORAGE && kind_of(change) < AETHER_STORE_KIND_CODE)
        init_leaf(change, change->key, &leaves[(*leaf_count)++]);
    if (m->self->has_undo)
        AE_TRY(ae_undo_add(undo, change->key, old.value, old.found, err));
    return ae_change_list_add(&m->state, *change, err);
}

static aether_status update_application(maker *m, aether_error *err) {
    size_t leaf_max = 0, leaf_count = 0;
    for (size_t i = 0; i < m->count; i++)
        leaf_max += kind_of(&m->changes[i]) != AETHER_STORE_KIND_STORAGE;
    ae_leaf *leaves = NULL;
    AE_TRY(alloc_leaves(m, leaf_max, &leaves, err));
    ae_undo_writer undo;
    ae_undo_writer_init(&undo, &m->undo, m->self->after.height, &m->self->before);
    for (size_t i = 0; i < m->count; i++)
        AE_TRY(take_change(m, &undo, &m->changes[i], leaves, &leaf_count, err));
    if (m->self->has_undo)
        AE_TRY(ae_undo_end(&undo, err));
    const ae_tree tree = {.view = m->self->store};
    if (leaf_count == 0)
        return ae_tree_root(&tree, &m->self->after.root, err);
    return ae_tree_update(
        &tree, leaves, leaf_count, m->scratch, &m->application_pages, &m->self->after.root, err);
}

static aether_status add_head(maker *m, ae_change_list *list, aether_error *err) {
    uint8_t *bytes = ae_arena_alloc(m->self->arena, 1 + AE_HEAD_LEN, 1);
    if (bytes == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "the head of a block");
    bytes[0] = AETHER_STORE_KIND_HEAD;
    ae_head_encode(&m->self->after, bytes + 1);
    return ae_change_list_add(list,
        (aether_change){.key = ae_bytes(bytes, 1), .value = ae_bytes(bytes + 1, AE_HEAD_LEN)}, err);
}

// Undo records that go: of the block that is taken back, or of those that are old enough. The oldest go first, and not
// too many with one block where fewer are to be kept than before: what is there is always of consecutive blocks.
static aether_status drop_undo(maker *m, ae_change_list *list, aether_error *err) {
    const ae_commitment *self = m->self;
    uint64_t height = 0;
    bool found = false;
    if (self->drops_undo)
        return ae_undo_remove(self->store, self->before.height, list, err);
    if (!self->has_undo || self->after.height <= self->undo_blocks_max)
        return AETHER_OK;
    AE_TRY(ae_undo_oldest(self->store, &height, &found, err));
    for (int i = 0; found && i < UNDO_DROPPED_MAX; i++, height++) {
        if (height > self->after.height - self->undo_blocks_max)
            break;
        AE_TRY(ae_undo_remove(self->store, height, list, err));
    }
    return AETHER_OK;
}

static aether_status make(
    maker *m, const aether_change **out_changes, size_t *out_count, aether_error *err) {
    ae_commitment *self = m->self;
    AE_TRY(ae_journal_changes(self->journal, &m->changes, &m->count, err));
    AE_TRY(update_storages(m, err));
    AE_TRY(
        ae_journal_changes(self->journal, &m->changes, &m->count, err)); // with the storage roots
    AE_TRY(update_application(m, err));
    ae_change_list batch;
    ae_change_list_init(&batch, self->arena);
    ae_change_list_join(&batch, &m->state);
    ae_change_list_join(&batch, &m->application_pages);
    ae_change_list_join(&batch, &m->storage_pages);
    AE_TRY(drop_undo(m, &batch, err));
    ae_change_list_join(&batch, &m->undo);
    AE_TRY(add_head(m, &batch, err));
    return ae_change_list_flatten(&batch, out_changes, out_count, err);
}

aether_status ae_commitment_make(ae_commitment *commitment, const aether_change **out_changes,
    size_t *out_count, aether_error *err) {
    ae_arena scratch;
    maker m = {.self = commitment, .scratch = &scratch};
    commitment->supply_added = (aether_u128){0};
    ae_arena_init(&scratch, SCRATCH_CHUNK_LEN, SCRATCH_LEN_MAX);
    ae_change_list_init(&m.state, commitment->arena);
    ae_change_list_init(&m.application_pages, commitment->arena);
    ae_change_list_init(&m.storage_pages, commitment->arena);
    ae_change_list_init(&m.undo, commitment->arena);
    const aether_status status = make(&m, out_changes, out_count, err);
    ae_arena_deinit(&scratch);
    return status;
}
