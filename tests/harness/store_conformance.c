#include "harness/store_conformance.h"

#include "harness/model_map.h"

static aether_bytes text(const char *literal) {
    return (aether_bytes){.data = (const uint8_t *)literal, .len = strlen(literal)};
}

static aether_change write_of(aether_bytes key, aether_bytes value) {
    return (aether_change){.key = key, .value = value};
}

static aether_change removal_of(aether_bytes key) {
    return (aether_change){.key = key, .is_removed = true};
}

static void apply(const store_fixture *store, const aether_change *changes, size_t count) {
    aether_error err;
    CHECK_OK(store->apply(store->user, changes, count, &err));
}

static void check_value(
    const store_fixture *store, aether_bytes key, const aether_bytes *expected) {
    aether_error err;
    const aether_store view = store->view(store->user);
    aether_bytes value = {0};
    bool found = expected == NULL;
    CHECK_OK(view.get(view.user, key, &value, &found, &err));
    CHECK_U64(found, expected != NULL);
    if (expected != NULL)
        CHECK_BYTES(value, *expected);
}

static void check_next(const store_fixture *store, aether_bytes prefix, aether_bytes after,
    bool descending, const aether_bytes *expected) {
    aether_error err;
    const aether_store view = store->view(store->user);
    aether_bytes key = {0};
    bool found = expected == NULL;
    CHECK_OK(view.next(view.user, prefix, after, descending, &key, &found, &err));
    CHECK_U64(found, expected != NULL);
    if (expected != NULL)
        CHECK_BYTES(key, *expected);
}

static void check_next_text(const store_fixture *store, const char *prefix, const char *after,
    bool descending, const char *expected) {
    const aether_bytes key = text(expected != NULL ? expected : "");
    check_next(store, text(prefix), text(after), descending, expected != NULL ? &key : NULL);
}

static void empty_store_has_nothing(const store_fixture *store) {
    check_value(store, text("a"), NULL);
    for (int descending = 0; descending < 2; descending++) {
        check_next_text(store, "", "", descending, NULL);
        check_next_text(store, "a", "", descending, NULL);
        check_next_text(store, "", "a", descending, NULL);
        check_next_text(store, "a", "ab", descending, NULL);
    }
    apply(store, NULL, 0);
}

static void keys_and_values_of_extreme_lengths_are_kept(const store_fixture *store) {
    static uint8_t long_key[AETHER_STORE_KEY_LEN_MAX + 1];
    static uint8_t long_value[65536];
    memset(long_key, 0xff, sizeof long_key);
    for (size_t i = 0; i < sizeof long_value; i++)
        long_value[i] = (uint8_t)(i * 31 + i / 256);
    const aether_bytes key = {.data = long_key, .len = AETHER_STORE_KEY_LEN_MAX};
    const aether_bytes shorter_key = {.data = long_key, .len = AETHER_STORE_KEY_LEN_MAX - 1};
    const aether_bytes value = {.data = long_value, .len = sizeof long_value};
    const aether_bytes empty = {0};
    const aether_change changes[] = {
        write_of(key, value), write_of(shorter_key, empty), write_of(text("a"), value)};
    apply(store, changes, 3);
    check_value(store, key, &value);
    check_value(store, shorter_key, &empty);
    check_value(store, text("a"), &value);
    check_next(store, key, empty, true, &key);
    check_next(store, shorter_key, shorter_key, false, &key);
    check_next(store, shorter_key, key, true, &shorter_key);
    check_next(store, empty, key, false, NULL);

    const aether_bytes too_long = {.data = long_key, .len = sizeof long_key};
    aether_error err;
    for (int i = 0; i < 2; i++) {
        const aether_change bad[] = {write_of(text("b"), value), removal_of(text("a")),
            write_of(i != 0 ? empty : too_long, value)};
        CHECK_STATUS(store->apply(store->user, bad, 3, &err), AETHER_INVALID_ARGUMENT);
    }
    check_value(store, text("b"), NULL);
    check_value(store, text("a"), &value);
    const aether_change removals[] = {
        removal_of(key), removal_of(shorter_key), removal_of(text("a"))};
    apply(store, removals, 3);
    check_next(store, empty, empty, false, NULL);
}

static void neighbours_stay_within_the_prefix(const store_fixture *store) {
    const aether_change changes[] = {write_of(text("b"), text("1")),
        write_of(text("ba"), text("2")), write_of(text("a"), text("3")),
        write_of(text("bb"), text("4")), write_of(text("c"), text("5")),
        write_of(text("\xff"), text("6")), write_of(text("\xff\xff"), text("7"))};
    apply(store, changes, sizeof changes / sizeof changes[0]);
    check_next_text(store, "", "", false, "a");
    check_next_text(store, "", "", true, "\xff\xff");
    check_next_text(store, "b", "", false, "b");
    check_next_text(store, "b", "b", false, "ba");
    check_next_text(store, "b", "ba", false, "bb");
    check_next_text(store, "b", "bb", false, NULL);
    check_next_text(store, "b", "", true, "bb");
    check_next_text(store, "b", "bb", true, "ba");
    check_next_text(store, "b", "b", true, NULL);
    check_next_text(store, "b", "bab", false, "bb"); // `after` need not be there
    check_next_text(store, "b", "bab", true, "ba");
    check_next_text(store, "\xff", "", true, "\xff\xff"); // nothing lies above such a prefix
    check_next_text(store, "\xff\xff\xff", "", true, NULL);
    check_next_text(store, "\xff", "\xff\xff", false, NULL);
    check_next_text(store, "d", "", false, NULL);
    check_next_text(store, "d", "", true, NULL);
    aether_change removals[7];
    for (size_t i = 0; i < 7; i++)
        removals[i] = removal_of(changes[i].key);
    apply(store, removals, 7);
}

// Keys of every kind, in pairs: a store that keeps kinds apart must still walk over them in the order of their bytes.
static void walks_go_over_all_kinds(const store_fixture *store) {
    static const uint8_t kinds[] = {
        0x00, 0x01, 0x02, 0x03, 0x04, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x7f, 0x80, 0xff};
    enum { PAIRS = sizeof kinds };
    uint8_t keys[2 * PAIRS][2];
    aether_change changes[2 * PAIRS];
    const aether_bytes empty = {0};
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        keys[i][0] = kinds[i / 2];
        keys[i][1] = (uint8_t)(i % 2 * 0xff);
        const aether_bytes key = {.data = keys[i], .len = 2};
        changes[i] = write_of(key, key);
    }
    apply(store, changes, 2 * PAIRS);
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        const aether_bytes key = changes[i].key, kind = {.data = keys[i], .len = 1};
        const bool is_first = i == 0, is_last = i + 1 == 2 * PAIRS, is_upper = i % 2 != 0;
        check_value(store, key, &key);
        check_next(store, empty, key, false, is_last ? NULL : &changes[i + 1].key);
        check_next(store, empty, key, true, is_first ? NULL : &changes[i - 1].key);
        check_next(store, kind, key, false, is_upper ? NULL : &changes[i + 1].key);
        check_next(store, kind, key, true, is_upper ? &changes[i - 1].key : NULL);
    }
    check_next(store, empty, empty, false, &changes[0].key);
    check_next(store, empty, empty, true, &changes[2 * PAIRS - 1].key);
    for (size_t i = 0; i < 2 * PAIRS; i++) // all but one of the middle and one of the end
        changes[i].is_removed = i != 13 && i != 29;
    apply(store, changes, 2 * PAIRS);
    check_next(store, empty, empty, false, &changes[13].key);
    check_next(store, empty, changes[13].key, false, &changes[29].key);
    check_next(store, empty, changes[29].key, true, &changes[13].key);
    check_next(store, empty, changes[13].key, true, NULL);
    changes[13].is_removed = changes[29].is_removed = true;
    apply(store, changes, 2 * PAIRS);
    check_next(store, empty, empty, true, NULL);
}

static void later_change_of_one_key_wins(const store_fixture *store) {
    const aether_bytes two = text("2");
    const aether_change changes[] = {write_of(text("a"), text("1")), write_of(text("a"), two),
        write_of(text("b"), text("1")), removal_of(text("b")), removal_of(text("c")),
        write_of(text("c"), two), removal_of(text("d"))};
    apply(store, changes, sizeof changes / sizeof changes[0]);
    check_value(store, text("a"), &two);
    check_value(store, text("b"), NULL);
    check_value(store, text("c"), &two);
    check_value(store, text("d"), NULL);
    const aether_change removals[] = {removal_of(text("a")), removal_of(text("c"))};
    apply(store, removals, 2);
}

static void check_against_model(
    const store_fixture *store, const model_map *model, uint64_t *random) {
    for (int i = 0; i < 40; i++) {
        uint8_t key_bytes[8], prefix_bytes[8];
        const aether_bytes key = model_random_key(random, key_bytes);
        const model_entry *entry = model_find(model, key);
        const aether_bytes value = entry != NULL ? model_value(entry) : key;
        check_value(store, key, entry != NULL ? &value : NULL);

        aether_bytes prefix = model_random_key(random, prefix_bytes);
        prefix.len -= test_random(random) % (prefix.len + 1);
        aether_bytes after = key;
        if (test_random(random) % 4 == 0 || !model_starts_with(after, prefix))
            after.len = 0;
        const bool descending = test_random(random) % 2 == 0;
        const model_entry *next = model_next(model, prefix, after, descending);
        const aether_bytes next_key = next != NULL ? model_key(next) : key;
        check_next(store, prefix, after, descending, next != NULL ? &next_key : NULL);
    }
}

static void random_batches_agree_with_the_model(const store_fixture *store) {
    static model_map model;
    uint64_t random = test_seed();
    model.count = 0;
    for (int round = 0; round < 300; round++) {
        aether_change changes[32];
        uint8_t keys[32][8], values[32][MODEL_VALUE_LEN_MAX];
        const size_t count = test_random(&random) % 33;
        for (size_t i = 0; i < count; i++) {
            changes[i] = write_of(
                model_random_key(&random, keys[i]), model_random_value(&random, values[i]));
            changes[i].is_removed = test_random(&random) % 2 == 0;
            if (changes[i].is_removed)
                model_remove(&model, changes[i].key);
            else
                model_write(&model, changes[i].key, changes[i].value, false);
        }
        apply(store, changes, count);
        check_against_model(store, &model, &random);
    }
}

void store_conformance_run(const store_fixture *store) {
    empty_store_has_nothing(store);
    keys_and_values_of_extreme_lengths_are_kept(store);
    neighbours_stay_within_the_prefix(store);
    walks_go_over_all_kinds(store);
    later_change_of_one_key_wins(store);
    random_batches_agree_with_the_model(store);
}
