#include "state/journal.h"

#include "base/arithmetic.h"
#include "base/assert.h"
#include "base/limits.h"
#include "state/account.h"
#include "state/ordered_map.h"

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
    aether_store store; // what the lowest layer reads, where this journal lies over one
    ae_view view;       // get is NULL: an empty state
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

aether_status ae_journal_create_over(
    ae_arena *arena, const ae_view *view, ae_journal **out_journal, aether_error *err) {
    ae_journal *journal = ae_arena_alloc(arena, sizeof *journal, _Alignof(ae_journal));
    if (journal == NULL)
        return exhausted(arena, "a journal", err);
    *journal = (ae_journal){.arena = arena};
    if (view != NULL)
        journal->view = *view;
    *out_journal = journal;
    return AETHER_OK;
}

aether_status ae_journal_create(
    ae_arena *arena, const aether_store *store, ae_journal **out_journal, aether_error *err) {
    AE_TRY(ae_journal_create_over(arena, NULL, out_journal, err));
    if (store == NULL)
        return AETHER_OK;
    ae_journal *journal = *out_journal;
    journal->store = *store;
    journal->view = ae_view_of_store(&journal->store);
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
    if (journal->view.get != NULL)
        AE_TRY(journal->view.get(journal->view.user, entry->node.key, &value, &found, err));
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

/* The view wants an `after` that starts with the prefix. Any other lies before all such keys or
 * behind them; false: behind, in the direction of the search. */
static bool clip_after(aether_bytes prefix, bool descending, aether_bytes *after) {
    if (after->len == 0 || ae_bytes_starts_with(*after, prefix))
        return true;
    const bool is_greater = ae_bytes_compare(*after, prefix) > 0;
    *after = ae_bytes(NULL, 0);
    return is_greater == descending;
}

/* Search the view for the nearest key that the journal has not removed. *out_entry is that key's, NULL where the
 * journal doesn't know it. */
static aether_status search_view(ae_journal *journal, ae_search *search, ae_neighbour *out,
    const journal_entry **out_entry, aether_error *err) {
    uint8_t passed_key[AETHER_STORE_KEY_LEN_MAX];
    const uint64_t steps_max = search->steps_max;
    uint64_t passed = 0;
    for (;;) {
        AE_TRY(journal->view.next(journal->view.user, search, out, err));
        passed += out->passed;
        out->passed = passed;
        if (passed > steps_max || !out->found)
            return AETHER_OK;
        *out_entry = (const journal_entry *)ae_map_locate(&journal->entries, out->key).node;
        if (*out_entry == NULL || (*out_entry)->state != ENTRY_REMOVED)
            return AETHER_OK;
        out->passed = ++passed;
        if (passed > steps_max)
            return AETHER_OK;
        search->steps_max = steps_max - passed;
        memcpy(passed_key, out->key.data, out->key.len);
        search->after = ae_bytes(passed_key, out->key.len);
    }
}

/* The nearest of the journal's own keys bounds the search in the view. */
static aether_status search_layers(ae_journal *journal, const ae_search *search, ae_neighbour *out,
    const journal_entry **out_entry, aether_error *err) {
    const journal_entry *own = (const journal_entry *)ae_map_neighbour(
        &journal->entries, search->prefix, search->after, search->descending);
    if (own != NULL && ae_search_is_past(search, own->node.key))
        own = NULL;
    ae_search below = *search;
    if (own != NULL)
        below.bound = own->node.key;
    *out = (ae_neighbour){0};
    *out_entry = NULL;
    if (journal->view.next != NULL && clip_after(search->prefix, search->descending, &below.after))
        AE_TRY(search_view(journal, &below, out, out_entry, err));
    if (!out->found && own != NULL) {
        out->key = own->node.key;
        out->found = true;
        *out_entry = own;
    }
    return AETHER_OK;
}

aether_status ae_journal_next(
    ae_journal *journal, const ae_search *search, ae_neighbour *out, aether_error *err) {
    const journal_entry *entry = NULL;
    ae_neighbour found;
    AE_TRY(search_layers(journal, search, &found, &entry, err));
    if (found.passed > search->steps_max || !found.found)
        found.key = ae_bytes(NULL, 0);
    else if (entry != NULL)
        found.key = entry->node.key;
    else if (!copy_bytes(journal->arena, found.key, &found.key))
        return exhausted(journal->arena, "a key of the store", err);
    *out = found;
    return AETHER_OK;
}

static aether_status layer_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    return ae_journal_find(user, key, out_value, out_found, err);
}

static aether_status layer_next(
    void *user, const ae_search *search, ae_neighbour *out, aether_error *err) {
    const journal_entry *entry = NULL;
    return search_layers(user, search, out, &entry, err);
}

ae_view ae_journal_view(ae_journal *journal) {
    return (ae_view){.user = journal, .get = layer_get, .next = layer_next};
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

/* Read an account's record; all zero without one. */
static aether_status read_account(ae_journal *journal, const aether_address *address,
    journal_entry **out_entry, aether_account *out_account, bool *out_found, aether_error *err) {
    ae_store_key key;
    ae_account_key_init(&key, address);
    aether_bytes record = {0};
    *out_account = (aether_account){0};
    AE_TRY(find_entry(journal, ae_store_key_bytes(&key), out_entry, err));
    AE_TRY(read_entry(journal, *out_entry, &record, out_found, err));
    return *out_found ? ae_account_read(record, out_account, err) : AETHER_OK;
}

static aether_status write_account(
    ae_journal *journal, journal_entry *entry, const aether_account *account, aether_error *err) {
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN];
    const size_t len = aether_account_encode(account, record);
    return write_entry(journal, entry, ae_bytes(record, len), err);
}

aether_status ae_journal_account(ae_journal *journal, const aether_address *address,
    aether_account *out_account, bool *out_found, aether_error *err) {
    journal_entry *entry = NULL;
    return read_account(journal, address, &entry, out_account, out_found, err);
}

aether_status ae_journal_set_account(ae_journal *journal, const aether_address *address,
    const aether_account *account, aether_error *err) {
    ae_store_key key;
    journal_entry *entry = NULL;
    ae_account_key_init(&key, address);
    AE_TRY(find_entry(journal, ae_store_key_bytes(&key), &entry, err));
    return write_account(journal, entry, account, err);
}

aether_status ae_journal_balance(ae_journal *journal, const aether_address *address,
    aether_u128 *out_balance, aether_error *err) {
    aether_account account;
    bool found = false;
    AE_TRY(ae_journal_account(journal, address, &account, &found, err));
    *out_balance = account.balance;
    return AETHER_OK;
}

aether_status ae_journal_credit(ae_journal *journal, const aether_address *address,
    aether_u128 amount, bool *out_fits, aether_error *err) {
    journal_entry *entry = NULL;
    aether_account account;
    bool found = false;
    AE_TRY(read_account(journal, address, &entry, &account, &found, err));
    *out_fits = ae_add_u128(account.balance, amount, &account.balance);
    return *out_fits ? write_account(journal, entry, &account, err) : AETHER_OK;
}

aether_status ae_journal_debit(ae_journal *journal, const aether_address *address,
    aether_u128 amount, bool *out_fits, aether_error *err) {
    journal_entry *entry = NULL;
    aether_account account;
    bool found = false;
    AE_TRY(read_account(journal, address, &entry, &account, &found, err));
    *out_fits = ae_sub_u128(account.balance, amount, &account.balance);
    return *out_fits ? write_account(journal, entry, &account, err) : AETHER_OK;
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
    aether_change *changes = ae_arena_alloc(
        journal->arena, journal->entries.count * sizeof *changes, _Alignof(aether_change));
    if (changes == NULL)
        return exhausted(journal->arena, "the changes", err);
    size_t count = 0;
    for (const journal_entry *at = first_entry(journal); at != NULL; at = following_entry(at))
        if (is_change(at))
            changes[count++] = (aether_change){
                .key = at->node.key, .value = at->value, .is_removed = at->state == ENTRY_REMOVED};
    *out_changes = changes;
    *out_count = count;
    return AETHER_OK;
}

/* What the view has under a key that was changed: asked for where nobody read it before. The key of a change lies behind
 * its entry. */
aether_status ae_journal_original(ae_journal *journal, const aether_change *change,
    aether_bytes *out_value, bool *out_found, aether_error *err) {
    journal_entry *entry = (journal_entry *)(uintptr_t)change->key.data - 1;
    AE_ASSERT(entry->node.key.data == change->key.data);
    AE_TRY(read_view(journal, entry, err));
    *out_value = entry->view_value;
    *out_found = entry->view_found;
    return AETHER_OK;
}

void ae_journal_events(
    const ae_journal *journal, const aether_log **out_events, size_t *out_count) {
    *out_events = journal->events;
    *out_count = journal->event_count;
}
