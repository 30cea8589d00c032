#include "chain.h"

#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 200, CHANGES = 24, VALUE_MAX = 5000 };

typedef struct model {
    uint32_t len[KEYS]; // 0: absent
    uint64_t fill[KEYS];
} model;

static void write_u64(uint8_t *out, uint64_t value) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t read_u64(const uint8_t *in) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

static size_t make_key(size_t index, uint8_t *out) {
    static const uint8_t kinds[] = {1, 2, 2, 3, 0x11, 0x12, 0x13, 0x80};
    out[0] = kinds[index % sizeof kinds];
    memset(out + 1, (int)index, 20);
    return 21;
}

static void make_value(uint64_t fill, uint32_t len, uint8_t *out) {
    for (uint32_t i = 0; i < len; i++)
        out[i] = (uint8_t)(test_random(&fill) >> 7);
}

// The changes of a block, on the model. Returns their indices.
static size_t step(model *self, uint64_t seed, uint64_t height, size_t *out) {
    uint64_t random = seed + height * 0x9e3779b9u;
    for (size_t i = 0; i < CHANGES; i++) {
        const size_t index = test_random(&random) % KEYS;
        const uint64_t dice = test_random(&random);
        self->fill[index] = test_random(&random);
        self->len[index] = dice % 4 == 0    ? 0
                           : dice % 16 == 1 ? 1 + (uint32_t)(dice >> 8) % VALUE_MAX
                                            : 1 + (uint32_t)(dice >> 8) % 100;
        out[i] = index;
    }
    return CHANGES;
}

static void replay(model *out, uint64_t seed, uint64_t height) {
    size_t touched[CHANGES];
    memset(out, 0, sizeof *out);
    for (uint64_t h = 1; h <= height; h++)
        step(out, seed, h, touched);
}

// FNV-1a over the model: the block's own digest of the whole state.
static uint64_t digest_of(const model *self) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < KEYS; i++)
        for (int shift = 0; shift < 64; shift += 8) {
            hash =
                (hash ^ ((self->fill[i] * (self->len[i] != 0)) >> shift & 0xff)) * 0x100000001b3u;
            hash = (hash ^ ((uint64_t)self->len[i] >> shift & 0xff)) * 0x100000001b3u;
        }
    return hash;
}

static const uint8_t head_key[] = {AETHER_STORE_KIND_HEAD};

// Code comes with every third block, under a name that tells its bytes.
static void make_code(uint64_t height, uint8_t *key, uint8_t *value) {
    key[0] = AETHER_STORE_KIND_CODE;
    write_u64(key + 1, height);
    make_value(height, VALUE_MAX, value);
}

aether_status chain_make_block(
    aether_database *database, uint64_t seed, uint64_t height, aether_error *err) {
    static model now;
    static uint8_t keys[CHANGES][32], values[CHANGES][VALUE_MAX], code[VALUE_MAX];
    uint8_t head[16], code_key[9];
    size_t touched[CHANGES];
    aether_change changes[CHANGES + 2];
    replay(&now, seed, height - 1);
    const size_t count = step(&now, seed, height, touched);
    for (size_t i = 0; i < count; i++) {
        const size_t index = touched[i];
        make_value(now.fill[index], now.len[index], values[i]);
        changes[i] = (aether_change){.key = {.data = keys[i], .len = make_key(index, keys[i])},
            .value = {.data = values[i], .len = now.len[index]},
            .is_removed = now.len[index] == 0};
    }
    write_u64(head, height);
    write_u64(head + 8, digest_of(&now));
    changes[count] = (aether_change){
        .key = {.data = head_key, .len = 1}, .value = {.data = head, .len = sizeof head}};
    make_code(height, code_key, code);
    changes[count + 1] = (aether_change){.key = {.data = code_key, .len = sizeof code_key},
        .value = {.data = code, .len = VALUE_MAX}};
    return aether_database_apply(database, changes, count + 1 + (height % 3 == 0), err);
}

static bool has_value(aether_store store, aether_bytes key, aether_bytes expected) {
    aether_error err;
    aether_bytes value = {0};
    bool found = false;
    const aether_status status = store.get(store.user, key, &value, &found, &err);
    if (status == AETHER_OK && found && value.len == expected.len &&
        memcmp(value.data, expected.data, value.len) == 0)
        return true;
    fprintf(stderr, "chain: a record of kind %02x: %s\n", key.data[0],
        status != AETHER_OK ? err.message
        : found             ? "another value"
                            : "absent");
    return false;
}

// All keys that are there, but for code, which may be there early.
static uint64_t count_keys(aether_store store) {
    uint8_t copy[AETHER_STORE_KEY_LEN_MAX];
    aether_bytes at = {0}, key;
    uint64_t count = 0;
    bool found = true;
    while (found) {
        aether_error err;
        const aether_bytes any = {0};
        if (store.next(store.user, any, at, false, &key, &found, &err) != AETHER_OK)
            return UINT64_MAX;
        if (!found)
            break;
        memcpy(copy, key.data, key.len);
        at = (aether_bytes){.data = copy, .len = key.len};
        count += copy[0] != AETHER_STORE_KIND_CODE;
    }
    return count;
}

uint64_t chain_verify(aether_database *database, uint64_t seed) {
    static model expected;
    static uint8_t value[VALUE_MAX];
    uint8_t key[32];
    const aether_store store = aether_database_store(database);
    aether_error err;
    aether_bytes head = {0};
    bool found = false;
    if (aether_database_check(database, &err) != AETHER_OK ||
        store.get(store.user, (aether_bytes){.data = head_key, .len = 1}, &head, &found, &err) !=
            AETHER_OK) {
        fprintf(stderr, "chain: %s\n", err.message);
        return UINT64_MAX;
    }
    const uint64_t height = found ? read_u64(head.data) : 0;
    const uint64_t digest = found ? read_u64(head.data + 8) : 0;
    if (height > 100000)
        return UINT64_MAX;
    replay(&expected, seed, height);
    uint64_t count = found;
    bool ok = height == 0 || digest == digest_of(&expected);
    for (size_t i = 0; i < KEYS && ok; i++)
        if (expected.len[i] != 0) {
            make_value(expected.fill[i], expected.len[i], value);
            ok = has_value(store, (aether_bytes){.data = key, .len = make_key(i, key)},
                (aether_bytes){.data = value, .len = expected.len[i]});
            count++;
        }
    for (uint64_t h = 3; h <= height && ok; h += 3) {
        make_code(h, key, value);
        ok = has_value(store, (aether_bytes){.data = key, .len = 9},
            (aether_bytes){.data = value, .len = VALUE_MAX});
    }
    const uint64_t there = count_keys(store);
    if (ok && there == count)
        return height;
    fprintf(stderr, "chain: not the state of block %llu: %llu keys of %llu\n",
        (unsigned long long)height, (unsigned long long)there, (unsigned long long)count);
    return UINT64_MAX;
}
