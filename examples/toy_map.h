/* The state of examples/toy_chain.c: an ordered map in memory. It stands for the database that a chain has already;
 * what the library asks of one is map_get and map_next, and a batch applied as a whole. */
#ifndef TOY_MAP_H
#define TOY_MAP_H

#include <aether/chain.h>

#include <stdlib.h>
#include <string.h>

#define MAP_LEN_MAX 256 /* entries */

/* Entries sorted by key. Each has one allocation: its key, then its value. */
typedef struct map {
    aether_change entries[MAP_LEN_MAX];
    size_t count;
} map;

/* Order of keys: byte by byte, the shorter first. */
static int map_compare(aether_bytes a, aether_bytes b) {
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len != 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where a key is, or would be. */
static size_t map_seek(const map *m, aether_bytes key) {
    size_t low = 0, high = m->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (map_compare(m->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool map_has(const map *m, size_t at, aether_bytes key) {
    return at < m->count && map_compare(m->entries[at].key, key) == 0;
}

static aether_status map_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    const map *m = (const map *)user;
    const size_t at = map_seek(m, key);
    (void)err; /* a database says here why it failed, and returns AETHER_STORAGE_FAILED */
    *out_found = map_has(m, at, key);
    if (*out_found)
        *out_value = m->entries[at].value;
    return AETHER_OK;
}

static aether_status map_next(void *user, aether_bytes prefix, aether_bytes after, bool descending,
    aether_bytes *out_key, bool *out_found, aether_error *err) {
    const map *m = (const map *)user;
    (void)err;
    *out_found = false;
    for (size_t i = 0; i < m->count && !*out_found; i++) { /* a database would seek */
        const aether_bytes key = m->entries[descending ? m->count - 1 - i : i].key;
        const aether_bytes start = {key.data, key.len < prefix.len ? key.len : prefix.len};
        const int order = map_compare(key, after);
        if (map_compare(start, prefix) == 0 &&
            (after.len == 0 || (descending ? order < 0 : order > 0))) {
            *out_key = key;
            *out_found = true;
        }
    }
    return AETHER_OK;
}

static void map_remove(map *m, size_t at) {
    free((void *)m->entries[at].key.data);
    m->count--;
    memmove(&m->entries[at], &m->entries[at + 1], (m->count - at) * sizeof m->entries[0]);
}

static void map_insert(map *m, size_t at, aether_bytes key, aether_bytes value) {
    uint8_t *copy = (uint8_t *)malloc(key.len + value.len);
    if (copy == NULL || m->count == MAP_LEN_MAX)
        abort(); /* a database applies all of a batch or nothing */
    memcpy(copy, key.data, key.len);
    if (value.len != 0)
        memcpy(copy + key.len, value.data, value.len);
    memmove(&m->entries[at + 1], &m->entries[at], (m->count - at) * sizeof m->entries[0]);
    m->entries[at].key = (aether_bytes){copy, key.len};
    m->entries[at].value = (aether_bytes){copy + key.len, value.len};
    m->count++;
}

static void map_apply(map *m, const aether_batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        const aether_change *change = &batch->changes[i];
        const size_t at = map_seek(m, change->key);
        if (map_has(m, at, change->key))
            map_remove(m, at);
        if (!change->is_removed)
            map_insert(m, at, change->key, change->value);
    }
}

#endif
