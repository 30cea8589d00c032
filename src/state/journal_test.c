/* The journal answers as if its changes had been made to the state, undoes exactly, and reads the view no more
 * than it must.
 * Method: unit cases; random operations in nested checkpoints against naive copies of the whole state, with
 * views and allocations that fail on the way. */
#include "state/journal.h"

#include "base/alloc.h"
#include "base/limits.h"

#include "harness/model_view.h"

/* A journal over a small state. */
typedef struct fixture {
    model_map state;
    model_view view;
    model_map base; // what the view has where a layer lies between
    ae_arena arena;
    ae_journal *journal;
} fixture;

static aether_error err;

static void start_journal(fixture *at) {
    model_view_init(&at->view, &at->state);
    const aether_store store = model_view_store(&at->view);
    CHECK_OK(ae_journal_create(&at->arena, &store, &at->journal, &err));
}

// The keys a to d, with their own names as values.
static fixture *start(void) {
    static fixture at;
    static const char *const keys[] = {"a", "b", "c", "d"};
    at.state.count = 0;
    for (size_t i = 0; i < 4; i++)
        model_write(&at.state, ae_bytes_of(keys[i]), ae_bytes_of(keys[i]), false);
    ae_arena_init(&at.arena, 4096, 64u << 20);
    start_journal(&at);
    return &at;
}

static void stop(fixture *at) {
    ae_arena_deinit(&at->arena);
}

static void write_key(fixture *at, const char *key, const char *value) {
    CHECK_OK(ae_journal_write(at->journal, ae_bytes_of(key), ae_bytes_of(value), &err));
}

static bool remove_key(fixture *at, const char *key) {
    bool existed = false;
    CHECK_OK(ae_journal_remove(at->journal, ae_bytes_of(key), &existed, &err));
    return existed;
}

static void check_value(fixture *at, const char *key, const char *expected) {
    aether_bytes value = ae_bytes_of("(absent)");
    bool found = false;
    CHECK_OK(ae_journal_find(at->journal, ae_bytes_of(key), &value, &found, &err));
    CHECK_U64(found, expected != NULL);
    CHECK_BYTES(value, ae_bytes_of(expected != NULL ? expected : "(absent)"));
}

static uint64_t check_next(fixture *at, const char *prefix, const char *after, bool descending,
    uint64_t steps_max, const char *expected) {
    const ae_search search = {.prefix = ae_bytes_of(prefix),
        .after = ae_bytes_of(after),
        .descending = descending,
        .steps_max = steps_max};
    ae_neighbour next;
    CHECK_OK(ae_journal_next(at->journal, &search, &next, &err));
    if (next.passed > steps_max) {
        CHECK_U64(next.passed, steps_max + 1);
        return next.passed;
    }
    CHECK_U64(next.found, expected != NULL);
    if (expected != NULL)
        CHECK_BYTES(next.key, ae_bytes_of(expected));
    return next.passed;
}

/* expected: "a=1 b- " for a written and b removed. */
static void check_changes(fixture *at, const char *expected) {
    const aether_change *changes = NULL;
    size_t count = 0;
    char text[256] = "";
    size_t len = 0;
    CHECK_OK(ae_journal_changes(at->journal, &changes, &count, &err));
    for (size_t i = 0; i < count; i++) {
        const aether_bytes key = changes[i].key;
        const aether_bytes value = changes[i].is_removed ? (aether_bytes){0} : changes[i].value;
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s%c%.*s ", (int)key.len,
            (const char *)key.data, changes[i].is_removed ? '-' : '=', (int)value.len,
            value.len != 0 ? (const char *)value.data : "");
    }
    CHECK_TEXT(text, expected);
}

static void reads_come_from_the_view_once(void) {
    fixture *at = start();
    check_value(at, "a", "a");
    check_value(at, "x", NULL);
    CHECK_U64(at->view.get_count, 2);
    check_value(at, "a", "a");
    check_value(at, "x", NULL);
    CHECK_U64(at->view.get_count, 2);
    check_changes(at, "");
    stop(at);
}

static void write_reads_nothing_and_is_read_back(void) {
    fixture *at = start();
    write_key(at, "a", "1");
    write_key(at, "x", "");
    check_value(at, "a", "1");
    check_value(at, "x", "");
    CHECK_U64(at->view.get_count + at->view.next_count, 0);
    check_changes(at, "a=1 x= ");
    stop(at);
}

static void remove_tells_whether_the_key_was_there(void) {
    fixture *at = start();
    CHECK(remove_key(at, "a"));
    CHECK(!remove_key(at, "a"));
    CHECK(!remove_key(at, "x"));
    CHECK_U64(at->view.get_count, 2);
    check_value(at, "a", NULL);
    write_key(at, "a", "1");
    CHECK(remove_key(at, "a"));
    check_changes(at, "a- ");
    stop(at);
}

static void key_that_the_view_lacks_written_and_removed_is_no_change(void) {
    fixture *at = start();
    write_key(at, "x", "1");
    CHECK(remove_key(at, "x"));
    write_key(at, "a", "1");
    CHECK(remove_key(at, "a"));
    check_changes(at, "a- ");
    stop(at);
}

static void changes_are_sorted_and_have_the_last_value(void) {
    fixture *at = start();
    write_key(at, "z", "1");
    write_key(at, "b", "1");
    write_key(at, "ba", "1");
    write_key(at, "b", "2");
    CHECK(remove_key(at, "c"));
    check_value(at, "d", "d");
    check_changes(at, "b=2 ba=1 c- z=1 ");
    stop(at);
}

static void values_outlive_later_writes(void) {
    fixture *at = start();
    aether_bytes from_view, written;
    bool found = false;
    CHECK_OK(ae_journal_find(at->journal, ae_bytes_of("a"), &from_view, &found, &err));
    write_key(at, "b", "first");
    CHECK_OK(ae_journal_find(at->journal, ae_bytes_of("b"), &written, &found, &err));
    const ae_checkpoint checkpoint = ae_journal_checkpoint(at->journal);
    write_key(at, "a", "2");
    write_key(at, "b", "other");
    CHECK(remove_key(at, "b"));
    ae_journal_revert_to(at->journal, checkpoint);
    check_value(at, "x", NULL);
    CHECK_BYTES(from_view, ae_bytes_of("a"));
    CHECK_BYTES(written, ae_bytes_of("first"));
    stop(at);
}

static void write_copies_key_and_value(void) {
    fixture *at = start();
    char key[] = "k", value[] = "v";
    write_key(at, key, value);
    key[0] = value[0] = '!';
    check_value(at, "k", "v");
    stop(at);
}

static void revert_restores_and_release_keeps(void) {
    fixture *at = start();
    write_key(at, "a", "1");
    const ae_checkpoint outer = ae_journal_checkpoint(at->journal);
    write_key(at, "a", "2");
    const ae_checkpoint inner = ae_journal_checkpoint(at->journal);
    CHECK(remove_key(at, "a"));
    write_key(at, "b", "3");
    ae_journal_release(at->journal, inner);
    check_changes(at, "a- b=3 ");
    ae_journal_revert_to(at->journal, outer);
    check_value(at, "a", "1");
    check_value(at, "b", "b");
    check_changes(at, "a=1 ");
    stop(at);
}

// The entry that the undone write made knows nothing: it is neither present nor removed.
static void undone_write_of_an_unread_key_leaves_no_trace(void) {
    fixture *at = start();
    const ae_checkpoint checkpoint = ae_journal_checkpoint(at->journal);
    write_key(at, "b", "1");
    write_key(at, "x", "1");
    ae_journal_revert_to(at->journal, checkpoint);
    CHECK_U64(check_next(at, "", "a", false, 9, "b"), 0);
    CHECK_U64(check_next(at, "", "d", false, 9, NULL), 0);
    check_changes(at, "");
    check_value(at, "b", "b");
    check_value(at, "x", NULL);
    CHECK(remove_key(at, "b"));
    check_changes(at, "b- ");
    stop(at);
}

static void next_merges_the_view_with_the_changes(void) {
    fixture *at = start();
    write_key(at, "bb", "1");
    write_key(at, "c", "1");
    write_key(at, "e", "1");
    static const char *const keys[] = {"a", "b", "bb", "c", "d", "e"};
    for (size_t i = 0; i < 6; i++) {
        CHECK_U64(check_next(at, "", i > 0 ? keys[i - 1] : "", false, 0, keys[i]), 0);
        CHECK_U64(check_next(at, "", i < 5 ? keys[i + 1] : "", true, 0, keys[i]), 0);
    }
    CHECK_U64(check_next(at, "", "e", false, 0, NULL), 0);
    CHECK_U64(check_next(at, "", "a", true, 0, NULL), 0);
    CHECK_U64(check_next(at, "b", "", true, 0, "bb"), 0);
    CHECK_U64(check_next(at, "b", "bb", false, 0, NULL), 0);
    CHECK_U64(check_next(at, "f", "", false, 0, NULL), 0);
    CHECK_U64(at->view.get_count, 0);
    stop(at);
}

// A contract may name any `after`.
static void next_takes_an_after_without_the_prefix(void) {
    fixture *at = start();
    write_key(at, "bb", "1");
    CHECK_U64(check_next(at, "b", "a", false, 0, "b"), 0);
    CHECK_U64(check_next(at, "b", "c", false, 0, NULL), 0);
    CHECK_U64(check_next(at, "b", "c", true, 0, "bb"), 0);
    CHECK_U64(check_next(at, "b", "a", true, 0, NULL), 0);
    CHECK_U64(check_next(at, "bb", "b", false, 0, "bb"), 0);
    CHECK_U64(check_next(at, "bb", "b", true, 0, NULL), 0);
    stop(at);
}

static void next_counts_removed_keys_of_the_view_only(void) {
    fixture *at = start();
    write_key(at, "aa", "1");
    CHECK(remove_key(at, "aa")); // never in the view
    CHECK(remove_key(at, "b"));
    CHECK(remove_key(at, "c"));
    CHECK_U64(check_next(at, "", "a", false, 2, "d"), 2);
    CHECK_U64(check_next(at, "", "d", true, 2, "a"), 2);
    CHECK_U64(check_next(at, "", "a", false, UINT64_MAX, "d"), 2);
    CHECK_U64(check_next(at, "", "", false, 0, "a"), 0); // it lies before them
    CHECK(remove_key(at, "d"));
    CHECK_U64(check_next(at, "", "a", false, 3, NULL), 3);
    write_key(at, "c", "1"); // behind it nothing is passed over
    CHECK_U64(check_next(at, "", "a", false, 9, "c"), 1);
    stop(at);
}

static void next_stops_one_past_its_steps(void) {
    fixture *at = start();
    CHECK(remove_key(at, "b"));
    CHECK(remove_key(at, "c"));
    CHECK_U64(check_next(at, "", "a", false, 1, NULL), 2);
    CHECK_U64(check_next(at, "", "a", false, 0, NULL), 1);
    const uint64_t before = at->view.next_count;
    CHECK_U64(check_next(at, "", "a", false, 0, NULL), 1);
    CHECK_U64(at->view.next_count - before, 1);
    stop(at);
}

static void undone_removals_are_not_counted(void) {
    fixture *at = start();
    const ae_checkpoint checkpoint = ae_journal_checkpoint(at->journal);
    CHECK(remove_key(at, "b"));
    CHECK_U64(check_next(at, "", "a", false, 9, "c"), 1);
    ae_journal_revert_to(at->journal, checkpoint);
    CHECK_U64(check_next(at, "", "a", false, 9, "b"), 0);
    stop(at);
}

static void journal_without_a_view_is_over_an_empty_state(void) {
    fixture *at = start();
    CHECK_OK(ae_journal_create(&at->arena, NULL, &at->journal, &err));
    check_value(at, "a", NULL);
    CHECK(!remove_key(at, "a"));
    CHECK_U64(check_next(at, "", "", false, 9, NULL), 0);
    write_key(at, "a", "1");
    CHECK_U64(check_next(at, "", "", true, 9, "a"), 0);
    CHECK(remove_key(at, "a"));
    CHECK_U64(check_next(at, "", "", true, 9, NULL), 0);
    check_changes(at, "");
    stop(at);
}

static void creation_takes_one_allocation(void) {
    ae_arena arena;
    ae_journal *journal = NULL;
    ae_arena_init(&arena, 4096, 4096);
    CHECK_OK(ae_journal_create(&arena, NULL, &journal, &err));
    CHECK(arena.used <= 256);
    ae_arena_deinit(&arena);
    ae_arena_init(&arena, 4096, 64);
    CHECK_STATUS(ae_journal_create(&arena, NULL, &journal, &err), AETHER_OUT_OF_MEMORY);
    ae_arena_deinit(&arena);
}

static aether_log event_of(size_t data_len, size_t topic_count) {
    static uint8_t data[AE_EVENT_DATA_LEN_MAX + 1];
    static aether_hash topics[AE_EVENT_TOPICS_MAX];
    for (size_t i = 0; i < AE_EVENT_TOPICS_MAX; i++)
        memset(topics[i].bytes, (int)(i + data_len), AETHER_HASH_LEN);
    memset(data, (int)data_len, sizeof data);
    aether_log event = {
        .topics = topics, .topic_count = topic_count, .data = ae_bytes(data, data_len)};
    memset(event.address.bytes, (int)data_len, sizeof event.address.bytes);
    return event;
}

static bool emit(fixture *at, size_t data_len, size_t topic_count) {
    const aether_log event = event_of(data_len, topic_count);
    bool fits = false;
    CHECK_OK(ae_journal_emit(at->journal, &event, &fits, &err));
    return fits;
}

static void check_event(const aether_log *event, size_t data_len, size_t topic_count) {
    const aether_log expected = event_of(data_len, topic_count);
    CHECK_U64(event->topic_count, topic_count);
    CHECK_BYTES(event->data, expected.data);
    CHECK_BYTES(ae_bytes(event->topics, topic_count * sizeof(aether_hash)),
        ae_bytes(expected.topics, topic_count * sizeof(aether_hash)));
    CHECK_BYTES(ae_bytes(event->address.bytes, 32), ae_bytes(expected.address.bytes, 32));
}

static size_t event_count(fixture *at, const aether_log **out_events) {
    size_t count = SIZE_MAX;
    ae_journal_events(at->journal, out_events, &count);
    return count;
}

static void events_are_copied_in_order_and_undone(void) {
    fixture *at = start();
    const aether_log *events = NULL;
    CHECK_U64(event_count(at, &events), 0);
    CHECK(emit(at, 1, 0));
    const ae_checkpoint checkpoint = ae_journal_checkpoint(at->journal);
    CHECK(emit(at, 2, 4));
    CHECK(emit(at, 0, 1));
    ae_journal_revert_to(at->journal, checkpoint);
    CHECK(emit(at, 3, 2));
    event_of(99, 0); // overwrites what the events were made of
    CHECK_U64(event_count(at, &events), 2);
    check_event(&events[0], 1, 0);
    check_event(&events[1], 3, 2);
    stop(at);
}

static void events_are_limited_by_those_that_stand(void) {
    fixture *at = start();
    const aether_log *events = NULL;
    CHECK(emit(at, 0, 4));
    const ae_checkpoint checkpoint = ae_journal_checkpoint(at->journal);
    for (int i = 1; i < AE_EVENTS_MAX; i++)
        CHECK(emit(at, 0, 1));
    CHECK(!emit(at, 0, 0));
    CHECK_U64(event_count(at, &events), AE_EVENTS_MAX);
    check_event(&events[0], 0, 4);
    ae_journal_revert_to(at->journal, checkpoint);
    CHECK(emit(at, 0, 0));
    CHECK_U64(event_count(at, &events), 2);
    stop(at);
}

static void event_data_is_limited_by_what_stands(void) {
    fixture *at = start();
    CHECK(!emit(at, AE_EVENT_DATA_LEN_MAX + 1, 0));
    CHECK(emit(at, 1, 0));
    const ae_checkpoint checkpoint = ae_journal_checkpoint(at->journal);
    CHECK(!emit(at, AE_EVENT_DATA_LEN_MAX, 4));
    CHECK(emit(at, AE_EVENT_DATA_LEN_MAX - 1, 4));
    CHECK(!emit(at, 1, 0));
    CHECK(emit(at, 0, 0));
    ae_journal_revert_to(at->journal, checkpoint);
    CHECK(emit(at, AE_EVENT_DATA_LEN_MAX - 1, 4));
    const aether_log *events = NULL;
    CHECK_U64(event_count(at, &events), 2);
    check_event(&events[1], AE_EVENT_DATA_LEN_MAX - 1, 4);
    stop(at);
}

static aether_address address_of(uint8_t byte) {
    aether_address address;
    memset(address.bytes, byte, sizeof address.bytes);
    return address;
}

static void check_balance(fixture *at, uint8_t who, uint64_t low, uint64_t high) {
    const aether_address address = address_of(who);
    aether_u128 balance = {.low = 1, .high = 1};
    CHECK_OK(ae_journal_balance(at->journal, &address, &balance, &err));
    CHECK_U64(balance.low, low);
    CHECK_U64(balance.high, high);
}

static bool credit(fixture *at, uint8_t who, uint64_t low, uint64_t high) {
    const aether_address address = address_of(who);
    bool fits = false;
    CHECK_OK(ae_journal_credit(
        at->journal, &address, (aether_u128){.low = low, .high = high}, &fits, &err));
    return fits;
}

// The bytes 1, 2, 3 …
static void set_record(fixture *at, uint8_t who, size_t len) {
    const aether_address address = address_of(who);
    ae_store_key key;
    uint8_t record[MODEL_VALUE_LEN_MAX];
    for (size_t i = 0; i < len; i++)
        record[i] = (uint8_t)(i + 1);
    ae_account_key_init(&key, &address);
    model_write(&at->state, ae_store_key_bytes(&key), ae_bytes(record, len), false);
}

static void check_record(fixture *at, uint8_t who, aether_bytes expected) {
    const aether_address address = address_of(who);
    ae_store_key key;
    aether_bytes value;
    bool found = false;
    ae_account_key_init(&key, &address);
    CHECK_OK(ae_journal_find(at->journal, ae_store_key_bytes(&key), &value, &found, &err));
    CHECK(found);
    CHECK_BYTES(value, expected);
}

static void balance_without_a_record_is_zero_and_credit_makes_one(void) {
    fixture *at = start();
    static const uint8_t expected[24] = {5};
    check_balance(at, 1, 0, 0);
    check_changes(at, "");
    const ae_checkpoint checkpoint = ae_journal_checkpoint(at->journal);
    CHECK(credit(at, 1, 5, 0));
    check_balance(at, 1, 5, 0);
    check_record(at, 1, ae_bytes(expected, 24));
    ae_journal_revert_to(at->journal, checkpoint);
    check_balance(at, 1, 0, 0);
    check_changes(at, "");
    CHECK_U64(at->view.get_count, 1);
    stop(at);
}

static void credit_stops_at_the_greatest_amount(void) {
    fixture *at = start();
    CHECK(credit(at, 1, UINT64_MAX, 0));
    CHECK(credit(at, 1, 1, 0));
    check_balance(at, 1, 0, 1);
    CHECK(credit(at, 1, UINT64_MAX, UINT64_MAX - 1));
    check_balance(at, 1, UINT64_MAX, UINT64_MAX);
    CHECK(!credit(at, 1, 1, 0));
    CHECK(!credit(at, 1, 0, 1));
    CHECK(credit(at, 1, 0, 0));
    check_balance(at, 1, UINT64_MAX, UINT64_MAX);
    stop(at);
}

static void crediting_keeps_the_other_fields_of_a_record(void) {
    fixture *at = start();
    uint8_t expected[24];
    for (size_t i = 0; i < sizeof expected; i++)
        expected[i] = (uint8_t)(i + 1);
    set_record(at, 1, 24);
    check_balance(at, 1, 0x0807060504030201, 0x100f0e0d0c0b0a09);
    CHECK(credit(at, 1, 1, 0));
    expected[0] = 2;
    check_record(at, 1, ae_bytes(expected, 24));
    stop(at);
}

static void balance_alone_becomes_a_whole_record(void) {
    fixture *at = start();
    set_record(at, 2, 16);
    CHECK(credit(at, 2, 1, 0));
    static const uint8_t expected[24] = {2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    check_record(at, 2, ae_bytes(expected, 24));
    stop(at);
}

static void record_of_another_length_is_damage(void) {
    fixture *at = start();
    set_record(at, 1, 20);
    const aether_address address = address_of(1);
    aether_u128 balance = {0};
    CHECK_STATUS(ae_journal_balance(at->journal, &address, &balance, &err), AETHER_STORAGE_DAMAGED);
    stop(at);
}

static void debit_takes_no_more_than_there_is(void) {
    fixture *at = start();
    const aether_address address = address_of(1);
    bool fits = true;
    CHECK(credit(at, 1, 5, 1));
    CHECK_OK(
        ae_journal_debit(at->journal, &address, (aether_u128){.low = 6, .high = 1}, &fits, &err));
    CHECK(!fits);
    check_balance(at, 1, 5, 1);
    CHECK_OK(ae_journal_debit(at->journal, &address, (aether_u128){.low = 6}, &fits, &err));
    CHECK(fits);
    check_balance(at, 1, UINT64_MAX, 0);
    stop(at);
}

static void whole_record_is_read_and_set(void) {
    fixture *at = start();
    const aether_address address = address_of(1);
    aether_account account = {.balance = {.low = 7}, .nonce = 3, .is_contract = true}, read;
    bool found = true;
    CHECK_OK(ae_journal_account(at->journal, &address, &read, &found, &err));
    CHECK(!found);
    CHECK_U64(read.nonce, 0);
    CHECK_OK(ae_journal_set_account(at->journal, &address, &account, &err));
    CHECK_OK(ae_journal_account(at->journal, &address, &read, &found, &err));
    CHECK(found && read.is_contract);
    CHECK_U64(read.nonce, 3);
    check_balance(at, 1, 7, 0);
    stop(at);
}

/* The state below a layer, whatever the journal above it changed, by the changes that it gave. */
static void original_is_what_the_view_has(void) {
    fixture *at = start();
    const aether_change *changes = NULL;
    size_t count = 0;
    aether_bytes value = {0};
    bool found = false;
    write_key(at, "b", "2");
    write_key(at, "x", "2");
    CHECK_OK(ae_journal_changes(at->journal, &changes, &count, &err));
    CHECK_U64(count, 2);
    CHECK_OK(ae_journal_original(at->journal, &changes[0], &value, &found, &err));
    CHECK(found);
    CHECK_BYTES(value, ae_bytes_of("b"));
    CHECK_OK(ae_journal_original(at->journal, &changes[1], &value, &found, &err));
    CHECK(!found);
    check_value(at, "b", "2");
    stop(at);
}

/* What a broken store gives. */
typedef struct broken_store {
    aether_status status;
    aether_bytes key;
} broken_store;

static aether_status broken_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *error) {
    (void)key;
    (void)out_value;
    (void)out_found;
    (void)error;
    return ((const broken_store *)user)->status;
}

static aether_status broken_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *error) {
    (void)prefix;
    (void)after;
    (void)descending;
    (void)error;
    const broken_store *broken = user;
    *out_key = broken->key;
    *out_found = true;
    return broken->status;
}

static aether_status next_status(
    fixture *at, const char *prefix, const char *after, bool descending) {
    const ae_search search = {.prefix = ae_bytes_of(prefix),
        .after = ae_bytes_of(after),
        .descending = descending,
        .steps_max = 9};
    ae_neighbour next;
    return ae_journal_next(at->journal, &search, &next, &err);
}

static void broken_store_is_a_fault(void) {
    fixture *at = start();
    static uint8_t long_key[AETHER_STORE_KEY_LEN_MAX + 1];
    memset(long_key, 'p', sizeof long_key);
    broken_store broken = {.status = AETHER_LIMIT_EXCEEDED};
    const aether_store store = {.user = &broken, .get = broken_get, .next = broken_next};
    CHECK_OK(ae_journal_create(&at->arena, &store, &at->journal, &err));
    aether_bytes value;
    bool found = false;
    CHECK_STATUS(ae_journal_find(at->journal, ae_bytes_of("a"), &value, &found, &err),
        AETHER_STORAGE_FAILED);
    CHECK_TEXT(err.message, "store: get failed without a message");
    CHECK_U64(err.status, AETHER_STORAGE_FAILED);
    CHECK_STATUS(next_status(at, "", "", false), AETHER_STORAGE_FAILED);
    broken.status = AETHER_OUT_OF_MEMORY;
    CHECK_STATUS(next_status(at, "", "", false), AETHER_OUT_OF_MEMORY);
    broken.status = AETHER_OK;
    broken.key = ae_bytes_of("q");
    CHECK_STATUS(next_status(at, "p", "", false), AETHER_STORAGE_FAILED);
    broken.key = ae_bytes_of("pp");
    CHECK_STATUS(next_status(at, "p", "", false), AETHER_OK);
    CHECK_STATUS(next_status(at, "p", "pp", false), AETHER_STORAGE_FAILED);
    CHECK_STATUS(next_status(at, "p", "pp", true), AETHER_STORAGE_FAILED);
    broken.key = ae_bytes(long_key, sizeof long_key - 1);
    CHECK_STATUS(next_status(at, "p", "", false), AETHER_OK);
    broken.key.len++;
    CHECK_STATUS(next_status(at, "p", "", false), AETHER_STORAGE_FAILED);
    stop(at);
}

static void failure_of_the_view_goes_up_and_changes_nothing(void) {
    fixture *at = start();
    write_key(at, "b", "1");
    at->view.fail_after = 0;
    bool existed = false;
    CHECK_STATUS(
        ae_journal_remove(at->journal, ae_bytes_of("b"), &existed, &err), AETHER_STORAGE_FAILED);
    CHECK_TEXT(err.message, "the disk is gone");
    at->view.fail_after = 0;
    const aether_address address = address_of(1);
    bool fits = false;
    CHECK_STATUS(ae_journal_credit(at->journal, &address, (aether_u128){.low = 1}, &fits, &err),
        AETHER_STORAGE_FAILED);
    CHECK(remove_key(at, "c"));
    at->view.fail_after = 1; // after the first key was passed over
    CHECK_STATUS(next_status(at, "", "b", false), AETHER_STORAGE_FAILED);
    check_changes(at, "b=1 c- ");
    check_balance(at, 1, 0, 0);
    CHECK_U64(check_next(at, "", "b", false, 9, "d"), 1);
    stop(at);
}

/* The random test: the state at each open checkpoint, copied whole. */
#define DEPTH_MAX 16
#define EVENTS_MODEL_MAX 64

typedef struct model_level {
    model_map map; // tagged: written by the journal
    uint64_t events[EVENTS_MODEL_MAX];
    size_t event_count;
    ae_checkpoint checkpoint; // that opened the level
} model_level;

typedef struct model_run {
    fixture *at;
    uint64_t random;
    model_map gone_from; // keys that, once gone, are passed over at a price
    bool is_layered;
    model_level levels[DEPTH_MAX + 1];
    size_t depth;
    aether_bytes seen[64]; // values that were handed out, and what they were
    uint8_t seen_bytes[64][MODEL_VALUE_LEN_MAX];
    size_t seen_count;
    bool injects_failures;
    uint64_t op_count;
    uint64_t failure_count;
} model_run;

static model_level *top(model_run *run) {
    return &run->levels[run->depth];
}

// Whether a call of the journal took place; an injected failure must have left everything as it was.
static bool succeeded(model_run *run, aether_status status) {
    ae_alloc_fail_after(UINT64_MAX);
    run->at->view.fail_after = UINT64_MAX;
    run->op_count++;
    if (status == AETHER_OK)
        return true;
    CHECK(run->injects_failures);
    CHECK(status == AETHER_OUT_OF_MEMORY || status == AETHER_STORAGE_FAILED);
    CHECK_U64(err.status, status);
    run->failure_count++;
    return false;
}

static void inject(model_run *run) {
    if (!run->injects_failures)
        return;
    const uint64_t choice = test_random(&run->random);
    if (choice % 16 == 0)
        ae_alloc_fail_after(choice / 16 % 3);
    if (choice % 16 == 1)
        run->at->view.fail_after = choice / 16 % 3;
}

static aether_bytes random_key(model_run *run, uint8_t *out) {
    if (test_random(&run->random) % 16 != 0)
        return model_random_key(&run->random, out);
    const aether_address address = address_of((uint8_t)(test_random(&run->random) % 4));
    return ae_bytes(out, aether_account_key_encode(&address, out));
}

// What may stand under a key: under an account's a record, of either length that has no code.
static aether_bytes random_value(model_run *run, aether_bytes key, uint8_t *out) {
    if (key.data[0] != AETHER_STORE_KIND_ACCOUNT)
        return model_random_value(&run->random, out);
    for (size_t i = 0; i < AETHER_ACCOUNT_LEN; i++)
        out[i] = (uint8_t)test_random(&run->random);
    return ae_bytes(out, test_random(&run->random) % 2 == 0 ? 16 : AETHER_ACCOUNT_LEN);
}

static void remember(model_run *run, aether_bytes value) {
    const size_t i = run->seen_count++ % 64;
    run->seen[i] = value;
    if (value.len != 0)
        memcpy(run->seen_bytes[i], value.data, value.len);
}

static void check_remembered(const model_run *run) {
    for (size_t i = 0; i < 64 && i < run->seen_count; i++)
        CHECK_BYTES(run->seen[i], ae_bytes(run->seen_bytes[i], run->seen[i].len));
}

static void op_find(model_run *run) {
    uint8_t bytes[MODEL_KEY_LEN_MAX];
    const aether_bytes key = random_key(run, bytes);
    aether_bytes value = {0};
    bool found = false;
    inject(run);
    if (!succeeded(run, ae_journal_find(run->at->journal, key, &value, &found, &err)))
        return;
    const model_entry *expected = model_find(&top(run)->map, key);
    CHECK_U64(found, expected != NULL);
    if (found) {
        CHECK_BYTES(value, model_value(expected));
        remember(run, value);
    }
}

static void op_write(model_run *run) {
    uint8_t bytes[MODEL_KEY_LEN_MAX], value_bytes[MODEL_VALUE_LEN_MAX];
    const aether_bytes key = random_key(run, bytes);
    const aether_bytes value = random_value(run, key, value_bytes);
    const uint64_t reads = run->at->view.get_count + run->at->view.next_count;
    inject(run);
    if (succeeded(run, ae_journal_write(run->at->journal, key, value, &err)))
        model_write(&top(run)->map, key, value, true);
    CHECK_U64(run->at->view.get_count + run->at->view.next_count, reads);
}

static void op_remove(model_run *run) {
    uint8_t bytes[MODEL_KEY_LEN_MAX];
    const aether_bytes key = random_key(run, bytes);
    bool existed = false;
    inject(run);
    if (succeeded(run, ae_journal_remove(run->at->journal, key, &existed, &err)))
        CHECK_U64(existed, model_remove(&top(run)->map, key));
}

// Keys of the view that are gone, between `after` and the result, or to the end.
static uint64_t passed_over(
    model_run *run, aether_bytes prefix, aether_bytes after, bool descending) {
    const model_map *view = &run->gone_from;
    const model_entry *result = model_next(&top(run)->map, prefix, after, descending);
    uint64_t count = 0;
    for (size_t i = 0; i < view->count; i++) {
        const aether_bytes key = model_key(&view->entries[i]);
        if (!model_starts_with(key, prefix) || model_find(&top(run)->map, key) != NULL)
            continue;
        const int from = after.len == 0 ? 1 : model_compare(key, after) * (descending ? -1 : 1);
        const int to =
            result == NULL ? -1 : model_compare(key, model_key(result)) * (descending ? -1 : 1);
        count += from > 0 && to < 0;
    }
    return count;
}

static void op_next(model_run *run) {
    uint8_t prefix_bytes[MODEL_KEY_LEN_MAX], after_bytes[MODEL_KEY_LEN_MAX];
    aether_bytes prefix = random_key(run, prefix_bytes);
    aether_bytes after = random_key(run, after_bytes);
    prefix.len -= test_random(&run->random) % (prefix.len + 1);
    if (test_random(&run->random) % 4 == 0)
        after.len = 0;
    const bool descending = test_random(&run->random) % 2 == 0;
    const uint64_t steps_max =
        test_random(&run->random) % 4 == 0 ? test_random(&run->random) % 4 : UINT64_MAX;
    const ae_search search = {
        .prefix = prefix, .after = after, .descending = descending, .steps_max = steps_max};
    ae_neighbour next = {0};
    inject(run);
    if (!succeeded(run, ae_journal_next(run->at->journal, &search, &next, &err)))
        return;
    const uint64_t passed = passed_over(run, prefix, after, descending);
    CHECK_U64(next.passed, passed > steps_max ? steps_max + 1 : passed);
    if (passed > steps_max)
        return;
    const model_entry *expected = model_next(&top(run)->map, prefix, after, descending);
    CHECK_U64(next.found, expected != NULL);
    if (next.found)
        CHECK_BYTES(next.key, model_key(expected));
}

static void op_emit(model_run *run) {
    model_level *level = top(run);
    if (level->event_count == EVENTS_MODEL_MAX)
        return;
    const uint64_t id = test_random(&run->random);
    const aether_log event = event_of(id % 61, id % (AE_EVENT_TOPICS_MAX + 1));
    bool fits = false;
    inject(run);
    if (!succeeded(run, ae_journal_emit(run->at->journal, &event, &fits, &err)))
        return;
    CHECK(fits);
    level->events[level->event_count++] = id;
}

// Sixteen digits of base 256, the model's way.
static bool add_digits(uint8_t *sum, const uint8_t *amount) {
    unsigned carry = 0;
    for (size_t i = 0; i < 16; i++) {
        carry += (unsigned)sum[i] + amount[i];
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

static void op_credit(model_run *run) {
    const aether_address address = address_of((uint8_t)(test_random(&run->random) % 4));
    uint8_t key[33], amount[16], record[MODEL_VALUE_LEN_MAX] = {0};
    const aether_bytes account = ae_bytes(key, aether_account_key_encode(&address, key));
    const aether_u128 value = {.low = test_random(&run->random),
        .high = test_random(&run->random) >> (test_random(&run->random) % 64)};
    bool fits = false;
    ae_put_u128_le(amount, value);
    inject(run);
    if (!succeeded(run, ae_journal_credit(run->at->journal, &address, value, &fits, &err)))
        return;
    const model_entry *old = model_find(&top(run)->map, account);
    if (old != NULL)
        memcpy(record, old->value, old->value_len);
    CHECK_U64(fits, add_digits(record, amount));
    if (fits)
        model_write(&top(run)->map, account, ae_bytes(record, AETHER_ACCOUNT_LEN), true);
    aether_u128 balance = {0};
    CHECK_OK(ae_journal_balance(run->at->journal, &address, &balance, &err));
    const model_entry *now = model_find(&top(run)->map, account);
    uint8_t digits[16], expected[16] = {0};
    ae_put_u128_le(digits, balance);
    if (now != NULL)
        memcpy(expected, now->value, now->value_len < 16 ? now->value_len : 16);
    CHECK_BYTES(ae_bytes(digits, 16), ae_bytes(expected, 16));
}

static void op_nest(model_run *run) {
    const uint64_t choice = test_random(&run->random) % 4;
    run->op_count++;
    if (choice < 2 && run->depth < DEPTH_MAX) {
        run->levels[run->depth + 1] = run->levels[run->depth];
        run->depth++;
        top(run)->checkpoint = ae_journal_checkpoint(run->at->journal);
    } else if (choice == 2 && run->depth > 0) {
        ae_journal_revert_to(run->at->journal, top(run)->checkpoint);
        run->depth--;
    } else if (choice == 3 && run->depth > 0) {
        ae_journal_release(run->at->journal, top(run)->checkpoint);
        const ae_checkpoint below = run->levels[run->depth - 1].checkpoint;
        run->levels[run->depth - 1] = run->levels[run->depth];
        run->depth--;
        top(run)->checkpoint = below;
    }
}

static void check_all_changes(model_run *run) {
    const model_map *view = &run->at->state, *now = &top(run)->map;
    const aether_change *changes = NULL;
    size_t count = 0, expected_count = 0;
    CHECK_OK(ae_journal_changes(run->at->journal, &changes, &count, &err));
    for (size_t i = 0; i < now->count; i++)
        expected_count += now->entries[i].is_tagged;
    for (size_t i = 0; i < view->count; i++)
        expected_count += model_find(now, model_key(&view->entries[i])) == NULL;
    CHECK_U64(count, expected_count);
    for (size_t i = 0; i < count; i++) {
        const model_entry *entry = model_find(now, changes[i].key);
        CHECK(i == 0 || model_compare(changes[i - 1].key, changes[i].key) < 0);
        CHECK_U64(changes[i].is_removed, entry == NULL);
        if (entry != NULL)
            CHECK(entry->is_tagged);
        if (entry != NULL)
            CHECK_BYTES(changes[i].value, model_value(entry));
        else
            CHECK(model_find(view, changes[i].key) != NULL);
    }
}

static void check_all_events(model_run *run) {
    const aether_log *events = NULL;
    CHECK_U64(event_count(run->at, &events), top(run)->event_count);
    for (size_t i = 0; i < top(run)->event_count; i++) {
        const uint64_t id = top(run)->events[i];
        check_event(&events[i], id % 61, id % (AE_EVENT_TOPICS_MAX + 1));
    }
}

static void check_all_values(model_run *run) {
    const model_map *now = &top(run)->map;
    for (size_t i = 0; i < now->count; i++) {
        aether_bytes value;
        bool found = false;
        CHECK_OK(
            ae_journal_find(run->at->journal, model_key(&now->entries[i]), &value, &found, &err));
        CHECK(found);
        CHECK_BYTES(value, model_value(&now->entries[i]));
    }
}

static void run_ops(model_run *run, int count) {
    for (int i = 0; i < count; i++) {
        const uint64_t choice = test_random(&run->random) % 20;
        if (choice < 4)
            op_find(run);
        else if (choice < 8)
            op_write(run);
        else if (choice < 12)
            op_remove(run);
        else if (choice < 16)
            op_next(run);
        else if (choice == 16)
            op_emit(run);
        else if (choice == 17)
            op_credit(run);
        else
            op_nest(run);
    }
}

/* Turn the journal into a layer of changes, and lay another one over it. What either of the two levels had and
 * is gone is passed over at a price. */
static void put_layer(model_run *run, fixture *at) {
    ae_journal *below = at->journal;
    static model_map base;
    base = at->state;
    for (uint64_t left = test_random(&run->random) % 40; left > 0; left--) {
        uint8_t bytes[MODEL_KEY_LEN_MAX], value_bytes[MODEL_VALUE_LEN_MAX];
        const aether_bytes key = random_key(run, bytes);
        const aether_bytes value = random_value(run, key, value_bytes);
        bool existed = false;
        if (test_random(&run->random) % 2 == 0) {
            CHECK_OK(ae_journal_write(below, key, value, &err));
            model_write(&at->state, key, value, false);
            model_write(&run->gone_from, key, value, false);
        } else {
            CHECK_OK(ae_journal_remove(below, key, &existed, &err));
            CHECK_U64(existed, model_remove(&at->state, key));
        }
    }
    // Written and removed again below the upper level was never there for it.
    for (size_t i = run->gone_from.count; i-- > 0;) {
        const aether_bytes key = model_key(&run->gone_from.entries[i]);
        if (model_find(&base, key) == NULL && model_find(&at->state, key) == NULL)
            CHECK(model_remove(&run->gone_from, key));
    }
    at->base = base;
    at->view.map = &at->base;
    const ae_view view = ae_journal_view(below);
    CHECK_OK(ae_journal_create_over(&at->arena, &view, &at->journal, &err));
}

static void start_run(model_run *run, fixture *at, bool injects_failures) {
    at->state.count = 0;
    for (uint64_t left = test_random(&run->random) % 60; left > 0; left--) {
        uint8_t bytes[MODEL_KEY_LEN_MAX], value_bytes[MODEL_VALUE_LEN_MAX];
        const aether_bytes key = random_key(run, bytes);
        model_write(&at->state, key, random_value(run, key, value_bytes), false);
    }
    // With failures every allocation of the arena is one of the host's.
    ae_arena_init(&at->arena, injects_failures ? 1 : 4096, 64u << 20);
    start_journal(at);
    run->gone_from = at->state;
    if (run->is_layered)
        put_layer(run, at);
    run->at = at;
    run->depth = 0;
    run->seen_count = 0;
    run->injects_failures = injects_failures;
    run->levels[0].map = at->state;
    run->levels[0].event_count = 0;
}

// A key of the view is read at most once, so the reads are bounded by the keys there are.
static void run_model(bool injects_failures, bool is_layered, int rounds, int ops) {
    static fixture at;
    static model_run run;
    run = (model_run){.random = test_seed(), .is_layered = is_layered};
    for (int round = 0; round < rounds; round++) {
        start_run(&run, &at, injects_failures);
        for (int part = 0; part < 4; part++) {
            run_ops(&run, ops / 4);
            check_all_changes(&run);
            check_all_events(&run);
            check_all_values(&run);
        }
        check_remembered(&run);
        CHECK(injects_failures || is_layered || at.view.get_count <= 1 + 3 + 9 + 27 + 81 + 4);
        while (run.depth > 0) {
            ae_journal_revert_to(at.journal, top(&run)->checkpoint);
            run.depth--;
        }
        check_all_changes(&run);
        check_all_events(&run);
        ae_arena_deinit(&at.arena);
    }
    fprintf(stderr, "%llu operations, %llu failures\n", (unsigned long long)run.op_count,
        (unsigned long long)run.failure_count);
    CHECK_U64(injects_failures, run.failure_count != 0);
}

static void random_operations_agree_with_the_model(void) {
    run_model(false, false, 130, 2000);
}

static void random_operations_agree_with_the_model_under_failures(void) {
    run_model(true, false, 40, 2000);
}

static void random_operations_over_a_layer_agree_with_the_model(void) {
    run_model(false, true, 130, 2000);
    run_model(true, true, 40, 2000);
}

TEST_MAIN(TEST(reads_come_from_the_view_once) TEST(write_reads_nothing_and_is_read_back) TEST(
    remove_tells_whether_the_key_was_there) TEST(key_that_the_view_lacks_written_and_removed_is_no_change)
        TEST(changes_are_sorted_and_have_the_last_value) TEST(values_outlive_later_writes) TEST(
            write_copies_key_and_value) TEST(revert_restores_and_release_keeps)
            TEST(undone_write_of_an_unread_key_leaves_no_trace) TEST(
                next_merges_the_view_with_the_changes) TEST(next_takes_an_after_without_the_prefix)
                TEST(next_counts_removed_keys_of_the_view_only) TEST(
                    next_stops_one_past_its_steps) TEST(undone_removals_are_not_counted)
                    TEST(journal_without_a_view_is_over_an_empty_state) TEST(
                        creation_takes_one_allocation) TEST(events_are_copied_in_order_and_undone)
                        TEST(events_are_limited_by_those_that_stand) TEST(
                            event_data_is_limited_by_what_stands)
                            TEST(balance_without_a_record_is_zero_and_credit_makes_one) TEST(
                                credit_stops_at_the_greatest_amount)
                                TEST(crediting_keeps_the_other_fields_of_a_record) TEST(
                                    balance_alone_becomes_a_whole_record)
                                    TEST(record_of_another_length_is_damage) TEST(
                                        debit_takes_no_more_than_there_is)
                                        TEST(whole_record_is_read_and_set) TEST(
                                            original_is_what_the_view_has) TEST(broken_store_is_a_fault)
                                            TEST(failure_of_the_view_goes_up_and_changes_nothing) TEST(
                                                random_operations_over_a_layer_agree_with_the_model)
                                                TEST(random_operations_agree_with_the_model) TEST(
                                                    random_operations_agree_with_the_model_under_failures))
