/* An ordered map so plain that it is obviously right: an array without order that every question walks
 * through. What stores, maps and the journal are compared with. Copied by assignment. */
#ifndef AE_TESTS_HARNESS_MODEL_MAP_H
#define AE_TESTS_HARNESS_MODEL_MAP_H

#include "harness/test.h"

#define MODEL_ENTRIES_MAX 256
#define MODEL_KEY_LEN_MAX 40
#define MODEL_VALUE_LEN_MAX 32

typedef struct model_entry {
    uint8_t key[MODEL_KEY_LEN_MAX];
    uint8_t value[MODEL_VALUE_LEN_MAX];
    uint8_t key_len;
    uint8_t value_len;
    bool is_tagged; /* the test's own */
} model_entry;

typedef struct model_map {
    model_entry entries[MODEL_ENTRIES_MAX];
    size_t count;
} model_map;

static inline aether_bytes model_key(const model_entry *entry) {
    return (aether_bytes){.data = entry->key, .len = entry->key_len};
}

static inline aether_bytes model_value(const model_entry *entry) {
    return (aether_bytes){.data = entry->value, .len = entry->value_len};
}

static inline int model_compare(aether_bytes a, aether_bytes b) {
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (a.data[i] != b.data[i])
            return a.data[i] < b.data[i] ? -1 : 1;
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static inline bool model_starts_with(aether_bytes key, aether_bytes prefix) {
    return key.len >= prefix.len &&
           (prefix.len == 0 || memcmp(key.data, prefix.data, prefix.len) == 0);
}

static inline const model_entry *model_find(const model_map *map, aether_bytes key) {
    for (size_t i = 0; i < map->count; i++)
        if (model_compare(model_key(&map->entries[i]), key) == 0)
            return &map->entries[i];
    return NULL;
}

static inline void model_write(
    model_map *map, aether_bytes key, aether_bytes value, bool is_tagged) {
    model_entry *entry = (model_entry *)(uintptr_t)model_find(map, key);
    if (entry == NULL) {
        CHECK(map->count < MODEL_ENTRIES_MAX);
        CHECK(key.len <= MODEL_KEY_LEN_MAX);
        entry = &map->entries[map->count++];
        entry->key_len = (uint8_t)key.len;
        memcpy(entry->key, key.data, key.len);
    }
    CHECK(value.len <= MODEL_VALUE_LEN_MAX);
    if (value.len != 0)
        memcpy(entry->value, value.data, value.len);
    entry->value_len = (uint8_t)value.len;
    entry->is_tagged = is_tagged;
}

/* Whether it was there. */
static inline bool model_remove(model_map *map, aether_bytes key) {
    const model_entry *entry = model_find(map, key);
    if (entry == NULL)
        return false;
    map->entries[entry - map->entries] = map->entries[map->count - 1];
    map->count--;
    return true;
}

/* As aether_store.next, but for any `after`. NULL at the end. */
static inline const model_entry *model_next(
    const model_map *map, aether_bytes prefix, aether_bytes after, bool descending) {
    const model_entry *best = NULL;
    for (size_t i = 0; i < map->count; i++) {
        const aether_bytes key = model_key(&map->entries[i]);
        const int order = descending ? model_compare(after, key) : model_compare(key, after);
        if (!model_starts_with(key, prefix) || (after.len != 0 && order <= 0))
            continue;
        if (best == NULL || (model_compare(key, model_key(best)) < 0) != descending)
            best = &map->entries[i];
    }
    return best;
}

/* A key of 1 to 5 bytes that many others share a prefix with. */
static inline aether_bytes model_random_key(uint64_t *random, uint8_t *out) {
    static const uint8_t alphabet[] = {0x00, 0x01, 0xff};
    const size_t len = 1 + test_random(random) % 5;
    out[0] = 0x02;
    for (size_t i = 1; i < len; i++)
        out[i] = alphabet[test_random(random) % 3];
    return (aether_bytes){.data = out, .len = len};
}

/* 0 to 20 bytes. */
static inline aether_bytes model_random_value(uint64_t *random, uint8_t *out) {
    const size_t len = test_random(random) % 21;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)test_random(random);
    return (aether_bytes){.data = out, .len = len};
}

#endif
