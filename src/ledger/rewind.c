#include "ledger/rewind.h"

#include "ledger/commitment.h"
#include "ledger/entry.h"
#include "ledger/undo.h"

#define ARENA_CHUNK_LEN ((size_t)256 << 10)
#define ARENA_LEN_MAX ((size_t)16 << 30)

static aether_status restore(
    void *user, aether_bytes key, aether_bytes value, bool was_there, aether_error *err) {
    ae_journal *journal = user;
    bool existed = false;
    AE_TRY(was_there ? ae_entry_check(key, value, err) : ae_entry_check_key(key, err));
    if (was_there)
        return ae_journal_write(journal, key, value, err);
    AE_TRY(ae_journal_remove(journal, key, &existed, err));
    return existed
               ? AETHER_OK
               : ae_fail(err, AETHER_STORAGE_DAMAGED,
                     "undo records: a key of %zu bytes that the block made is not there", key.len);
}

// Making the batch computes the storage roots of contracts anew: they must be those that were recorded.
static aether_status compare(
    void *user, aether_bytes key, aether_bytes value, bool was_there, aether_error *err) {
    aether_bytes restored = {0};
    bool found = false;
    AE_TRY(ae_journal_find(user, key, &restored, &found, err));
    if (found != was_there || (found && !ae_bytes_equal(restored, value)))
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "undo records: a key of %zu bytes, kind 0x%02x, was not what they say", key.len,
            key.data[0]);
    return AETHER_OK;
}

aether_status ae_rewind_make(const aether_store *store, const ae_head *head, ae_arena *arena,
    ae_rewind *out_rewind, aether_error *err) {
    ae_journal *journal = NULL;
    ae_rewind rewind = {0};
    AE_TRY(ae_journal_create(arena, store, &journal, err));
    ae_commitment commitment = {
        .store = store, .journal = journal, .before = *head, .drops_undo = true, .arena = arena};
    const ae_undo_reader reader = {.arena = arena, .visit = restore, .user = journal};
    const ae_undo_reader again = {.arena = arena, .visit = compare, .user = journal};
    AE_TRY(ae_undo_read(store, head->height, &reader, &rewind.before, &rewind.found, err));
    if (!rewind.found) {
        *out_rewind = rewind;
        return AETHER_OK;
    }
    if (rewind.before.height + 1 != head->height || rewind.before.time > head->time)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "undo records of block %llu are of another",
            (unsigned long long)head->height);
    commitment.after = rewind.before;
    AE_TRY(ae_commitment_make(&commitment, &rewind.changes, &rewind.count, err));
    if (memcmp(&rewind.before.root, &commitment.after.root, sizeof rewind.before.root) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "undo records of block %llu lead to another root than the block had before it",
            (unsigned long long)head->height);
    AE_TRY(ae_undo_read(store, head->height, &again, &rewind.before, &rewind.found, err));
    *out_rewind = rewind;
    return AETHER_OK;
}

/* Trying. */

// A store, and what was changed since: a byte 1 before each value, or 0 alone for a key that was removed.
typedef struct overlay {
    aether_store below;
    aether_store changed;
    aether_memory_store *memory;
} overlay;

static aether_status overlay_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    const overlay *self = user;
    AE_TRY(self->changed.get(self->changed.user, key, out_value, out_found, err));
    if (!*out_found)
        return self->below.get(self->below.user, key, out_value, out_found, err);
    *out_found = out_value->data[0] == 1;
    *out_value = ae_bytes(out_value->data + 1, out_value->len - 1);
    return AETHER_OK;
}

// Marked copies of the changes, then into the overlay.
static aether_status overlay_apply(
    overlay *self, const ae_rewind *rewind, ae_arena *arena, aether_error *err) {
    aether_change *changes =
        ae_arena_alloc(arena, rewind->count * sizeof *changes, _Alignof(aether_change));
    if (changes == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "%zu changes of a block", rewind->count);
    for (size_t i = 0; i < rewind->count; i++) {
        const aether_change *from = &rewind->changes[i];
        const size_t len = from->is_removed ? 0 : from->value.len;
        uint8_t *value = ae_arena_alloc(arena, 1 + len, 1);
        if (value == NULL)
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "%zu bytes of a block", len);
        value[0] = !from->is_removed;
        if (len != 0)
            memcpy(value + 1, from->value.data, len);
        changes[i] = (aether_change){.key = from->key, .value = ae_bytes(value, 1 + len)};
    }
    return aether_memory_store_apply(self->memory, changes, rewind->count, err);
}

static aether_status try_all(overlay *self, const aether_store *store, ae_head head,
    ae_arena *arena, uint64_t *out_chunks, aether_error *err) {
    *out_chunks = 0;
    while (head.height > 0) {
        ae_rewind rewind;
        uint64_t chunks = 0;
        AE_TRY(ae_rewind_make(store, &head, arena, &rewind, err));
        if (!rewind.found)
            break;
        AE_TRY(ae_undo_count(&self->below, head.height, &chunks, err));
        *out_chunks += chunks;
        AE_TRY(overlay_apply(self, &rewind, arena, err));
        head = rewind.before;
        ae_arena_reset(arena);
    }
    return AETHER_OK;
}

aether_status ae_rewind_try_all(
    const aether_store *store, const ae_head *head, uint64_t *out_chunks, aether_error *err) {
    overlay self = {.below = *store};
    ae_arena arena;
    AE_TRY(aether_memory_store_create(&self.memory, err));
    self.changed = aether_memory_store_interface(self.memory);
    // Nothing asks for a neighbour.
    const aether_store over = {.user = &self, .get = overlay_get};
    ae_arena_init(&arena, ARENA_CHUNK_LEN, ARENA_LEN_MAX);
    const aether_status status = try_all(&self, &over, *head, &arena, out_chunks, err);
    ae_arena_deinit(&arena);
    aether_memory_store_destroy(self.memory);
    return status;
}
