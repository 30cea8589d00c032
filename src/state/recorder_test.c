/* The recorder hands on what the view says, keeps every read, and finds any difference in another view.
 * Method: reads over a model, then each single change of the model against the recorded set; a random run
 * compares validation with a naive replay. */
#include "state/recorder.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include "harness/model_view.h"

static aether_error err;

/* A recorder over keys "a", "b" and "c", whose values are their names. */
typedef struct fixture {
    model_map state;
    model_view below;
    ae_arena arena;
    ae_recorder recorder;
    aether_store store;
    ae_view view;
} fixture;

static void start_recorder(fixture *at) {
    ae_arena_init(&at->arena, 4096, 1u << 20);
    model_view_init(&at->below, &at->state);
    at->store = model_view_store(&at->below);
    const ae_view below = ae_view_of_store(&at->store);
    ae_recorder_init(&at->recorder, &at->arena, &below);
    at->view = ae_recorder_view(&at->recorder);
}

static fixture *start(void) {
    static fixture at;
    static const char *const keys[] = {"a", "b", "c"};
    at.state.count = 0;
    for (size_t i = 0; i < 3; i++)
        model_write(&at.state, ae_bytes_of(keys[i]), ae_bytes_of(keys[i]), false);
    start_recorder(&at);
    return &at;
}

static aether_bytes get(fixture *at, const char *key) {
    aether_bytes value = {0};
    bool found = false;
    CHECK_OK(at->view.get(at->view.user, ae_bytes_of(key), &value, &found, &err));
    return found ? value : ae_bytes_of("(absent)");
}

static aether_bytes next(fixture *at, const char *prefix, const char *after, bool descending) {
    const ae_search search = {
        .prefix = ae_bytes_of(prefix), .after = ae_bytes_of(after), .descending = descending};
    ae_neighbour out;
    CHECK_OK(at->view.next(at->view.user, &search, &out, &err));
    return out.found ? out.key : ae_bytes_of("(end)");
}

static bool validates(const fixture *at, const model_map *state) {
    model_view view;
    model_view_init(&view, state);
    const aether_store store = model_view_store(&view);
    const ae_view now = ae_view_of_store(&store);
    bool same = false;
    CHECK_OK(ae_recorder_validate(&at->recorder, &now, &same, &err));
    return same;
}

static void reads_are_handed_on_and_kept(void) {
    fixture *at = start();
    const aether_bytes a = get(at, "a");
    const aether_bytes x = get(at, "x");
    const aether_bytes after_a = next(at, "", "a", false);
    const aether_bytes last = next(at, "c", "", true);
    const aether_bytes end = next(at, "", "c", false);
    CHECK_BYTES(a, ae_bytes_of("a")); // the store's own bytes are long overwritten
    CHECK_BYTES(x, ae_bytes_of("(absent)"));
    CHECK_BYTES(after_a, ae_bytes_of("b"));
    CHECK_BYTES(last, ae_bytes_of("c"));
    CHECK_BYTES(end, ae_bytes_of("(end)"));

    const ae_point_read *point = at->recorder.points;
    CHECK_BYTES(point->key, ae_bytes_of("x"));
    CHECK(!point->found);
    point = point->previous;
    CHECK_BYTES(point->key, ae_bytes_of("a"));
    CHECK_BYTES(point->value, ae_bytes_of("a"));
    CHECK(point->found && point->previous == NULL);

    const ae_range_read *range = at->recorder.ranges;
    CHECK(!range->result.found && !range->search.descending);
    CHECK_BYTES(range->search.after, ae_bytes_of("c"));
    range = range->previous;
    CHECK(range->result.found && range->search.descending);
    CHECK_BYTES(range->search.prefix, ae_bytes_of("c"));
    CHECK_U64(range->search.after.len, 0);
    CHECK_BYTES(range->result.key, ae_bytes_of("c"));
    range = range->previous;
    CHECK_BYTES(range->result.key, ae_bytes_of("b"));
    CHECK(range->previous == NULL);
    ae_arena_deinit(&at->arena);
}

static void validation_finds_every_difference_and_no_other(void) {
    fixture *at = start();
    get(at, "a");
    get(at, "x");
    next(at, "", "a", false);
    CHECK(validates(at, &at->state));
    static const struct {
        const char *key, *value; // no value: removed
        bool same;
    } differences[] = {{"a", "2", false}, {"a", NULL, false}, {"a", "", false}, {"x", "1", false},
        {"b", NULL, false}, {"aa", "1", false}, {"b", "2", true}, {"c", NULL, true},
        {"ba", "1", true}, {"a", "a", true}};
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++) {
        static model_map changed;
        changed = at->state;
        if (differences[i].value != NULL)
            model_write(&changed, ae_bytes_of(differences[i].key),
                ae_bytes_of(differences[i].value), false);
        else
            CHECK(model_remove(&changed, ae_bytes_of(differences[i].key)));
        if (validates(at, &changed) != differences[i].same)
            test_fail(__FILE__, __LINE__, "difference %zu", i);
    }
    ae_arena_deinit(&at->arena);
}

static void validation_of_nothing_holds_everywhere(void) {
    fixture *at = start();
    static const model_map empty;
    CHECK(validates(at, &empty));
    ae_arena_deinit(&at->arena);
}

static void failures_go_up_and_are_not_recorded(void) {
    fixture *at = start();
    const ae_search search = {0};
    ae_neighbour next;
    aether_bytes out = {0};
    bool found = false;
    at->below.fail_after = 0;
    CHECK_STATUS(
        at->view.get(at->view.user, ae_bytes_of("a"), &out, &found, &err), AETHER_STORAGE_FAILED);
    at->below.fail_after = 0;
    CHECK_STATUS(at->view.next(at->view.user, &search, &next, &err), AETHER_STORAGE_FAILED);
    CHECK_TEXT(err.message, "the disk is gone");
    ae_alloc_fail_after(0);
    CHECK_STATUS(
        at->view.get(at->view.user, ae_bytes_of("a"), &out, &found, &err), AETHER_OUT_OF_MEMORY);
    CHECK_STATUS(at->view.next(at->view.user, &search, &next, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    CHECK(at->recorder.points == NULL);
    CHECK(at->recorder.ranges == NULL);
    get(at, "a");
    const aether_store store = model_view_store(&at->below);
    const ae_view now = ae_view_of_store(&store);
    bool same = false;
    at->below.fail_after = 0;
    CHECK_STATUS(ae_recorder_validate(&at->recorder, &now, &same, &err), AETHER_STORAGE_FAILED);
    CHECK_OK(ae_recorder_validate(&at->recorder, &now, &same, &err));
    CHECK(same);
    ae_arena_deinit(&at->arena);
}

static void random_read(fixture *at, uint64_t *random) {
    uint8_t key_bytes[8], prefix_bytes[8];
    const aether_bytes key = model_random_key(random, key_bytes);
    aether_bytes prefix = model_random_key(random, prefix_bytes);
    aether_bytes out = {0};
    bool found = false;
    if (test_random(random) % 2 == 0) {
        CHECK_OK(at->view.get(at->view.user, key, &out, &found, &err));
        return;
    }
    prefix.len -= test_random(random) % prefix.len;
    const aether_bytes after = ae_bytes(key.data, model_starts_with(key, prefix) ? key.len : 0);
    const ae_search search = {
        .prefix = prefix, .after = after, .descending = test_random(random) % 2 == 0};
    ae_neighbour next;
    CHECK_OK(at->view.next(at->view.user, &search, &next, &err));
}

static bool gives_the_same(const fixture *at, const model_map *state) {
    for (const ae_point_read *read = at->recorder.points; read != NULL; read = read->previous) {
        const model_entry *entry = model_find(state, read->key);
        if ((entry != NULL) != read->found)
            return false;
        if (entry != NULL && model_compare(model_value(entry), read->value) != 0)
            return false;
    }
    for (const ae_range_read *read = at->recorder.ranges; read != NULL; read = read->previous) {
        const ae_search *search = &read->search;
        const model_entry *entry =
            model_next(state, search->prefix, search->after, search->descending);
        if ((entry != NULL) != read->result.found)
            return false;
        if (entry != NULL && model_compare(model_key(entry), read->result.key) != 0)
            return false;
    }
    return true;
}

static void random_differences_are_found_as_by_replay(void) {
    static fixture at;
    static model_map changed;
    uint64_t random = test_seed();
    size_t same_count = 0;
    for (int round = 0; round < 2000; round++) {
        uint8_t key_bytes[8], value_bytes[MODEL_VALUE_LEN_MAX];
        at.state.count = 0;
        for (uint64_t left = test_random(&random) % 40; left > 0; left--) {
            const aether_bytes key = model_random_key(&random, key_bytes);
            model_write(&at.state, key, model_random_value(&random, value_bytes), false);
        }
        start_recorder(&at);
        for (uint64_t left = test_random(&random) % 20; left > 0; left--)
            random_read(&at, &random);
        CHECK(validates(&at, &at.state));
        changed = at.state;
        const aether_bytes key = model_random_key(&random, key_bytes);
        if (!model_remove(&changed, key))
            model_write(&changed, key, ae_bytes(NULL, 0), false);
        const bool same = gives_the_same(&at, &changed);
        CHECK_U64(validates(&at, &changed), same);
        same_count += same;
        ae_arena_deinit(&at.arena);
    }
    CHECK(same_count > 100 && same_count < 1900);
}

TEST_MAIN(TEST(reads_are_handed_on_and_kept) TEST(validation_finds_every_difference_and_no_other)
        TEST(validation_of_nothing_holds_everywhere) TEST(failures_go_up_and_are_not_recorded)
            TEST(random_differences_are_found_as_by_replay))
