#include "state/journal.h"

#include "base/arithmetic.h"
#include "base/assert.h"
#include "base/limits.h"
#include "state/ordered_map.h"

#define BALANCE_LEN 16 /* bytes at the start of an account's record */

typedef enum entry_state {
    ENTRY_UNTOUCHED = 0, // as in the view
    ENTRY_WRITTEN,
    ENTRY_REMOVED,
} entry_state;

/* What is known of one key. Marked in the map while it is written. Bytes that were handed out never
 * change: a write puts its value into fresh memory. */
typedef struct journal_entry {
    ae_map_node node;   // first: a node is its entry
    aether_bytes value; // of ENTRY_WRITTEN
    aether_bytes view_value;
    entry_state state;
    bool view_is_known; // the view was asked; the answer is kept
    bool view_found;
} journal_entry;

/* How an entry was before a change. */
typedef struct undo_record {
    journal_entry *entry;
    aether_bytes value;
    entry_state state;
} undo_record;

struct ae_journal {
    ae_arena *arena;
    aether_store view; // get is NULL: an empty state
    ae_map entries;
    undo_record *undo;
    size_t undo_len;
    size_t undo_capacity;
    aether_log *events;
    size_t event_count;
    size_t event_capacity;
    size_t event_data_len;
};

static aether_status exhausted(const ae_arena *arena, const char *what, aether_error *err) {
    return ae_fail(err, AETHER_OUT_OF_MEMORY,
        "journal: no memory for %s, the arena has %zu of %zu bytes", what, arena->total,
        arena->capacity_max);
}

/* A view that fails may have left the error as it was, or given a status that is none of a store's.
 */
static aether_status view_failed(
    aether_status status, const char *function, const aether_error *detail, aether_error *err) {
    if (status != AETHER_OUT_OF_MEMORY)
        status = AETHER_STORAGE_FAILED;
    if (detail->message[0] == '\0')
        return ae_fail(err, status, "store: %s failed without a message", function);
    return ae_fail(err, status, "%.*s", (int)sizeof detail->message - 1, detail->message);
}

aether_status ae_journal_create(
    ae_arena *arena, const aether_store *view, ae_journal **out_journal, aether_error *err) {
    ae_journal *journal = ae_arena_alloc(arena, sizeof *journal, _Alignof(ae_journal));
    if (journal == NULL)
        return exhausted(arena, "a journal", err);
    *journal = (ae_journal){.arena = arena};
    if (view != NULL)
        journal->view = *view;
    *out_journal = journal;
    return AETHER_OK;
}

static bool copy_bytes(ae_arena *arena, aether_bytes bytes, aether_bytes *out) {
    *out = ae_bytes("", 0);
    if (bytes.len == 0)
        return true;
    uint8_t *copy = ae_arena_alloc(arena, bytes.len, 1);
    if (copy == NULL)
        return false;
    memcpy(copy, bytes.data, bytes.len);
    *out = ae_bytes(copy, bytes.len);
    return true;
}

/* A list's elements in twice the room, NULL if there is no memory. */
static void *grow(ae_arena *arena, const void *list, size_t count, size_t size, size_t *capacity) {
    const size_t doubled = *capacity != 0 ? 2 * *capacity : 8;
    void *grown = ae_arena_alloc(arena, doubled * size, 16);
    if (grown == NULL)
        return NULL;
    if (count != 0)
        memcpy(grown, list, count * size);
    *capacity = doubled;
    return grown;
}

/* The entry of a key, made if there is none: then nothing is known of it, which is no trace. */
static aether_status find_entry(
    ae_journal *journal, aether_bytes key, journal_entry **out_entry, aether_error *err) {
    const ae_map_place place = ae_map_locate(&journal->entries, key);
    if (place.node != NULL) {
        *out_entry = (journal_entry *)place.node;
        return AETHER_OK;
    }
    journal_entry *made =
        ae_arena_alloc(journal->arena, sizeof *made + key.len, _Alignof(journal_entry));
    if (made == NULL)
        return exhausted(journal->arena, "an entry", err);
    *made = (journal_entry){.node = {.key = ae_bytes(made + 1, key.len)}};
    if (key.len != 0)
        memcpy(made + 1, key.data, key.len);
    ae_map_insert(&journal->entries, place, &made->node);
    *out_entry = made;
    return AETHER_OK;
}

/* Ask the view what it has under the key, once. */
static aether_status read_view(ae_journal *journal, journal_entry *entry, aether_error *err) {
    if (entry->view_is_known)
        return AETHER_OK;
    aether_bytes value = {0};
    bool found = false;
    if (journal->view.get != NULL) {
        aether_error detail;
        detail.message[0] = '\0';
        const aether_status status =
            journal->view.get(journal->view.user, entry->node.key, &value, &found, &detail);
        if (status != AETHER_OK)
            return view_failed(status, "get", &detail, err);
    }
    if (found && !copy_bytes(journal->arena, value, &entry->view_value))
        return exhausted(journal->arena, "a value of the store", err);
    entry->view_found = found;
    entry->view_is_known = true;
    return AETHER_OK;
}

/* Change an entry so that it can be undone. */
static aether_status change(ae_journal *journal, journal_entry *entry, entry_state state,
    aether_bytes value, aether_error *err) {
    if (journal->undo_len == journal->undo_capacity) {
        undo_record *grown = grow(journal->arena, journal->undo, journal->undo_len,
            sizeof *journal->undo, &journal->undo_capacity);
        if (grown == NULL)
            return exhausted(journal->arena, "undo records", err);
        journal->undo = grown;
    }
    journal->undo[journal->undo_len++] =
        (undo_record){.entry = entry, .value = entry->value, .state = entry->state};
    entry->state = state;
    entry->value = value;
    ae_map_mark(&entry->node, state == ENTRY_WRITTEN);
    return AETHER_OK;
}

static aether_status write_entry(
    ae_journal *journal, journal_entry *entry, aether_bytes value, aether_error *err) {
    aether_bytes copy;
    if (!copy_bytes(journal->arena, value, &copy))
        return exhausted(journal->arena, "a value", err);
    return change(journal, entry, ENTRY_WRITTEN, copy, err);
}

/* What stands under the key: the journal's value, else the view's. */
static aether_status read_entry(ae_journal *journal, journal_entry *entry, aether_bytes *out_value,
    bool *out_found, aether_error *err) {
    if (entry->state == ENTRY_UNTOUCHED)
        AE_TRY(read_view(journal, entry, err));
    *out_found =
        entry->state == ENTRY_WRITTEN || (entry->state == ENTRY_UNTOUCHED && entry->view_found);
    if (*out_found)
        *out_value = entry->state == ENTRY_WRITTEN ? entry->value : entry->view_value;
    return AETHER_OK;
}

aether_status ae_journal_find(ae_journal *journal, aether_bytes key, aether_bytes *out_value,
    bool *out_found, aether_error *err) {
    journal_entry *entry = NULL;
    AE_TRY(find_entry(journal, key, &entry, err));
    return read_entry(journal, entry, out_value, out_found, err);
}

aether_status ae_journal_write(
    ae_journal *journal, aether_bytes key, aether_bytes value, aether_error *err) {
    journal_entry *entry = NULL;
    AE_TRY(find_entry(journal, key, &entry, err));
    return write_entry(journal, entry, value, err);
}

aether_status ae_journal_remove(
    ae_journal *journal, aether_bytes key, bool *out_existed, aether_error *err) {
    journal_entry *entry = NULL;
    AE_TRY(find_entry(journal, key, &entry, err));
    // Also where the journal's own value answers: a removal of what the view never had is no
    // change.
    AE_TRY(read_view(journal, entry, err));
    aether_bytes value;
    bool existed = false;
    AE_TRY(read_entry(journal, entry, &value, &existed, err));
    if (existed)
        AE_TRY(change(journal, entry, ENTRY_REMOVED, ae_bytes(NULL, 0), err));
    *out_existed = existed;
    return AETHER_OK;
}

/* Whether the view kept its promise about the neighbour: a store that doesn't must not make us loop
 * or write past a buffer. */
static bool is_neighbour(
    aether_bytes key, aether_bytes prefix, aether_bytes after, bool descending) {
    if (key.len > AETHER_STORE_KEY_LEN_MAX || !ae_bytes_starts_with(key, prefix))
        return false;
    const int order = ae_bytes_compare(key, after);
    return after.len == 0 || (descending ? order < 0 : order > 0);
}

static aether_status view_next(ae_journal *journal, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    *out_found = false;
    if (journal->view.next == NULL)
        return AETHER_OK;
    aether_error detail;
    detail.message[0] = '\0';
    const aether_status status = journal->view.next(
        journal->view.user, prefix, after, descending, out_key, out_found, &detail);
    if (status != AETHER_OK)
        return view_failed(status, "next", &detail, err);
    if (*out_found && !is_neighbour(*out_key, prefix, after, descending))
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "store: next gave a key of %zu bytes that is out of order", out_key->len);
    return AETHER_OK;
}

/* The view wants an `after` that starts with the prefix. Any other lies before all such keys or
 * behind them; false: behind, in the direction of the search. */
static bool clip_after(aether_bytes prefix, bool descending, aether_bytes *after) {
    if (after->len == 0 || ae_bytes_starts_with(*after, prefix))
        return true;
    const bool is_greater = ae_bytes_compare(*after, prefix) > 0;
    *after = ae_bytes(NULL, 0);
    return is_greater == descending;
}

/* A search in the view for the neighbour of `after`, which ends at `bound`: the journal's own, or
 * NULL. What it came upon has an entry, which is NULL for a key that the journal doesn't know. */
typedef struct view_search {
    aether_bytes after;
    const journal_entry *bound;
    const journal_entry *entry;
    aether_bytes key; // the store's bytes: valid until its next call
    bool found;
    uint64_t steps;
} view_search;

static bool is_past_bound(const view_search *search, bool descending) {
    if (search->bound == NULL)
        return false;
    const int order = ae_bytes_compare(search->key, search->bound->node.key);
    return descending ? order <= 0 : order >= 0;
}

static aether_status search_view(ae_journal *journal, aether_bytes prefix, bool descending,
    uint64_t steps_max, view_search *search, aether_error *err) {
    uint8_t passed[AETHER_STORE_KEY_LEN_MAX];
    for (;;) {
        AE_TRY(view_next(
            journal, prefix, search->after, descending, &search->key, &search->found, err));
        if (!search->found || is_past_bound(search, descending)) {
            search->found = search->bound != NULL;
            search->entry = search->bound;
            return AETHER_OK;
        }
        search->entry = (const journal_entry *)ae_map_locate(&journal->entries, search->key).node;
        if (search->entry == NULL || search->entry->state != ENTRY_REMOVED)
            return AETHER_OK;
        search->steps++;
        if (search->steps > steps_max)
            return AETHER_OK;
        memcpy(passed, search->key.data, search->key.len);
        search->after = ae_bytes(passed, search->key.len);
    }
}

aether_status ae_journal_next(ae_journal *journal, aether_bytes prefix, aether_bytes after,
    bool descending, uint64_t steps_max, aether_bytes *out_key, bool *out_found,
    uint64_t *out_steps, aether_error *err) {
    view_search search = {.after = after};
    search.bound =
        (const journal_entry *)ae_map_neighbour(&journal->entries, prefix, after, descending);
    if (clip_after(prefix, descending, &search.after))
        AE_TRY(search_view(journal, prefix, descending, steps_max, &search, err));
    aether_bytes key = ae_bytes(NULL, 0);
    if (search.found && search.entry != NULL)
        key = search.entry->node.key;
    else if (search.found && !copy_bytes(journal->arena, search.key, &key))
        return exhausted(journal->arena, "a key of the store", err);
    *out_key = key;
    *out_found = search.found;
    *out_steps = search.steps;
    return AETHER_OK;
}

static aether_status copy_event(
    ae_arena *arena, const aether_log *event, aether_log *out, aether_error *err) {
    const size_t topics_len = event->topic_count * sizeof *event->topics;
    aether_bytes topics;
    *out = *event;
    if (!copy_bytes(arena, ae_bytes(event->topics, topics_len), &topics) ||
        !copy_bytes(arena, event->data, &out->data))
        return exhausted(arena, "an event", err);
    out->topics = (const aether_hash *)topics.data;
    return AETHER_OK;
}

aether_status ae_journal_emit(
    ae_journal *journal, const aether_log *event, bool *out_fits, aether_error *err) {
    AE_ASSERT(event->topic_count <= AE_EVENT_TOPICS_MAX);
    if (journal->event_count >= AE_EVENTS_MAX ||
        event->data.len > AE_EVENT_DATA_LEN_MAX - journal->event_data_len) {
        *out_fits = false;
        return AETHER_OK;
    }
    if (journal->event_count == journal->event_capacity) {
        aether_log *grown = grow(journal->arena, journal->events, journal->event_count,
            sizeof *journal->events, &journal->event_capacity);
        if (grown == NULL)
            return exhausted(journal->arena, "the list of events", err);
        journal->events = grown;
    }
    AE_TRY(copy_event(journal->arena, event, &journal->events[journal->event_count], err));
    journal->event_count++;
    journal->event_data_len += event->data.len;
    *out_fits = true;
    return AETHER_OK;
}

ae_checkpoint ae_journal_checkpoint(const ae_journal *journal) {
    return (ae_checkpoint){.undo_len = journal->undo_len,
        .event_count = journal->event_count,
        .event_data_len = journal->event_data_len};
}

void ae_journal_revert_to(ae_journal *journal, ae_checkpoint checkpoint) {
    AE_ASSERT(checkpoint.undo_len <= journal->undo_len);
    AE_ASSERT(checkpoint.event_count <= journal->event_count);
    while (journal->undo_len > checkpoint.undo_len) {
        const undo_record *undo = &journal->undo[--journal->undo_len];
        undo->entry->state = undo->state;
        undo->entry->value = undo->value;
        ae_map_mark(&undo->entry->node, undo->state == ENTRY_WRITTEN);
    }
    journal->event_count = checkpoint.event_count;
    journal->event_data_len = checkpoint.event_data_len;
}

/* Nothing moves: the frame below reverts to its own, earlier point. */
void ae_journal_release(ae_journal *journal, ae_checkpoint checkpoint) {
    AE_ASSERT(checkpoint.undo_len <= journal->undo_len);
    AE_ASSERT(checkpoint.event_count <= journal->event_count);
}

/* Read an account's record; *out_record is empty without one. */
static aether_status read_account(ae_journal *journal, const aether_address *address,
    journal_entry **out_entry, aether_bytes *out_record, aether_error *err) {
    ae_store_key key;
    ae_account_key_init(&key, address);
    bool found = false;
    *out_record = ae_bytes(NULL, 0);
    AE_TRY(find_entry(journal, ae_store_key_bytes(&key), out_entry, err));
    return read_entry(journal, *out_entry, out_record, &found, err);
}

/* Bytes that the record lacks are zero. */
static aether_u128 balance_of(aether_bytes record) {
    uint8_t bytes[BALANCE_LEN] = {0};
    if (record.len != 0)
        memcpy(bytes, record.data, record.len < BALANCE_LEN ? record.len : BALANCE_LEN);
    return ae_get_u128_le(bytes);
}

aether_status ae_journal_balance(ae_journal *journal, const aether_address *address,
    aether_u128 *out_balance, aether_error *err) {
    journal_entry *entry = NULL;
    aether_bytes record;
    AE_TRY(read_account(journal, address, &entry, &record, err));
    *out_balance = balance_of(record);
    return AETHER_OK;
}

aether_status ae_journal_credit(ae_journal *journal, const aether_address *address,
    aether_u128 amount, bool *out_fits, aether_error *err) {
    journal_entry *entry = NULL;
    aether_bytes record;
    aether_u128 sum;
    AE_TRY(read_account(journal, address, &entry, &record, err));
    if (!ae_add_u128(balance_of(record), amount, &sum)) {
        *out_fits = false;
        return AETHER_OK;
    }
    const size_t len = record.len > BALANCE_LEN ? record.len : BALANCE_LEN;
    uint8_t *bytes = ae_arena_alloc(journal->arena, len, 1);
    if (bytes == NULL)
        return exhausted(journal->arena, "an account's record", err);
    if (record.len > BALANCE_LEN) // later versions' fields
        memcpy(bytes + BALANCE_LEN, record.data + BALANCE_LEN, record.len - BALANCE_LEN);
    ae_put_u128_le(bytes, sum);
    AE_TRY(change(journal, entry, ENTRY_WRITTEN, ae_bytes(bytes, len), err));
    *out_fits = true;
    return AETHER_OK;
}

static bool is_change(const journal_entry *entry) {
    if (entry->state == ENTRY_REMOVED)
        return entry->view_found; // known, since a removal asks the view
    return entry->state == ENTRY_WRITTEN;
}

static const journal_entry *first_entry(const ae_journal *journal) {
    return (const journal_entry *)ae_map_first(&journal->entries);
}

static const journal_entry *following_entry(const journal_entry *entry) {
    return (const journal_entry *)ae_map_following(&entry->node);
}

aether_status ae_journal_changes(
    ae_journal *journal, const aether_change **out_changes, size_t *out_count, aether_error *err) {
    size_t count = 0;
    for (const journal_entry *at = first_entry(journal); at != NULL; at = following_entry(at))
        count += is_change(at);
    aether_change *changes =
        ae_arena_alloc(journal->arena, count * sizeof *changes, _Alignof(aether_change));
    if (changes == NULL)
        return exhausted(journal->arena, "the changes", err);
    size_t filled = 0;
    for (const journal_entry *at = first_entry(journal); at != NULL; at = following_entry(at))
        if (is_change(at))
            changes[filled++] = (aether_change){
                .key = at->node.key, .value = at->value, .is_removed = at->state == ENTRY_REMOVED};
    AE_ASSERT(filled == count);
    *out_changes = changes;
    *out_count = count;
    return AETHER_OK;
}

void ae_journal_events(
    const ae_journal *journal, const aether_log **out_events, size_t *out_count) {
    *out_events = journal->events;
    *out_count = journal->event_count;
}
