#include "forge.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/sha256.h"
#include "state/tree.h"

enum { HEADER_LEN = 69, CHUNK_HEAD_LEN = 36, END_LEN = 52, CHUNK_MAX = 4 << 20 };

static aether_error err;

aether_bytes forge_key(const forge *self, size_t index) {
    return ae_bytes(self->entries[index].bytes, self->entries[index].key_len);
}

aether_bytes forge_value(const forge *self, size_t index) {
    const forge_entry *it = &self->entries[index];
    return ae_bytes(it->bytes + it->key_len, it->value_len);
}

size_t forge_find(const forge *self, uint8_t kind) {
    size_t index = 0;
    while (self->entries[index].bytes[0] != kind)
        CHECK(++index < self->count);
    return index;
}

static forge_entry make_entry(aether_bytes key, aether_bytes value) {
    forge_entry entry = {.key_len = key.len, .value_len = value.len};
    entry.bytes = ae_alloc(1, key.len + value.len);
    CHECK(entry.bytes != NULL);
    if (key.len != 0)
        memcpy(entry.bytes, key.data, key.len);
    if (value.len != 0)
        memcpy(entry.bytes + key.len, value.data, value.len);
    return entry;
}

void forge_insert(forge *self, size_t index, aether_bytes key, aether_bytes value) {
    const forge_entry entry = make_entry(key, value);
    if (self->count == self->capacity) {
        self->capacity = self->capacity != 0 ? 2 * self->capacity : 64;
        self->entries = ae_realloc(self->entries, self->capacity, sizeof *self->entries);
        CHECK(self->entries != NULL);
    }
    memmove(self->entries + index + 1, self->entries + index,
        (self->count - index) * sizeof *self->entries);
    self->entries[index] = entry;
    self->count++;
}

void forge_add(forge *self, aether_bytes key, aether_bytes value) {
    forge_insert(self, self->count, key, value);
}

void forge_remove(forge *self, size_t index) {
    ae_free(self->entries[index].bytes);
    self->count--;
    memmove(self->entries + index, self->entries + index + 1,
        (self->count - index) * sizeof *self->entries);
}

void forge_set(forge *self, size_t index, aether_bytes value) {
    const forge_entry entry = make_entry(forge_key(self, index), value);
    ae_free(self->entries[index].bytes);
    self->entries[index] = entry;
}

// Bottom up, in runs of twice the length each time.
void forge_sort(forge *self) {
    forge_entry *other = ae_alloc(self->count, sizeof *other);
    CHECK(other != NULL);
    for (size_t run = 1; run < self->count; run *= 2) {
        for (size_t start = 0; start < self->count; start += 2 * run) {
            const size_t middle = start + run < self->count ? start + run : self->count;
            const size_t end = start + 2 * run < self->count ? start + 2 * run : self->count;
            size_t a = start, b = middle;
            for (size_t at = start; at < end; at++) {
                const bool takes_a = a < middle && (b == end || ae_bytes_compare(forge_key(self, a),
                                                                    forge_key(self, b)) <= 0);
                other[at] = self->entries[takes_a ? a++ : b++];
            }
        }
        memcpy(self->entries, other, self->count * sizeof *other);
    }
    ae_free(other);
}

void forge_clear(forge *self) {
    for (size_t i = 0; i < self->count; i++)
        ae_free(self->entries[i].bytes);
    ae_free(self->entries);
    *self = (forge){0};
}

static void parse_entries(forge *self, aether_bytes chunk) {
    while (chunk.len != 0) {
        CHECK(chunk.len >= 6);
        const size_t key_len = chunk.data[0] | (size_t)chunk.data[1] << 8;
        CHECK(chunk.len >= 6 + key_len);
        const size_t value_len = ae_get_u32_le(chunk.data + 2 + key_len);
        const size_t len = 6 + key_len + value_len;
        CHECK(chunk.len >= len);
        forge_add(
            self, ae_bytes(chunk.data + 2, key_len), ae_bytes(chunk.data + 6 + key_len, value_len));
        chunk = ae_bytes(chunk.data + len, chunk.len - len);
    }
}

void forge_parse(forge *self, aether_bytes snapshot) {
    *self = (forge){0};
    const uint8_t *at = snapshot.data, *end = at + snapshot.len;
    ae_sha256_state whole;
    aether_hash hash;
    ae_sha256_init(&whole);
    CHECK(snapshot.len > HEADER_LEN && memcmp(at, "aether snapshot\n\1\0\0\0", 20) == 0);
    self->height = ae_get_u64_le(at + 20);
    self->time = ae_get_u64_le(at + 28);
    memcpy(self->root.bytes, at + 36, AETHER_HASH_LEN);
    memcpy(self->chain_id, at + HEADER_LEN, at[68]);
    ae_sha256_update(&whole, ae_bytes(at, HEADER_LEN + (size_t)at[68]));
    at += HEADER_LEN + at[68];
    uint64_t chunks = 0;
    for (; ae_get_u32_le(at) != 0; chunks++) {
        const aether_bytes chunk = ae_bytes(at + CHUNK_HEAD_LEN, ae_get_u32_le(at));
        CHECK(chunk.len <= CHUNK_MAX && chunk.len < (size_t)(end - chunk.data));
        ae_sha256(chunk, &hash);
        CHECK(memcmp(hash.bytes, at + 4, sizeof hash) == 0);
        ae_sha256_update(&whole, ae_bytes(hash.bytes, sizeof hash));
        parse_entries(self, chunk);
        at = chunk.data + chunk.len;
    }
    CHECK_U64(end - at, END_LEN);
    CHECK_U64(ae_get_u64_le(at + 4), chunks);
    CHECK_U64(ae_get_u64_le(at + 12), self->count);
    ae_sha256_update(&whole, ae_bytes(at, 20));
    ae_sha256_final(&whole, &hash);
    CHECK(memcmp(hash.bytes, at + 20, sizeof hash) == 0);
}

static uint8_t kind_of(const forge *self, size_t index) {
    return self->entries[index].key_len != 0 ? self->entries[index].bytes[0] : 0;
}

// Leaves on their way into a root.
typedef struct tree_maker {
    ae_arena arena;
    ae_arena scratch;
    ae_leaf *leaves;
    size_t count;
} tree_maker;

static void add_leaf(tree_maker *m, aether_bytes key, aether_bytes value, size_t skip) {
    ae_leaf_init(&m->leaves[m->count++], ae_bytes(key.data + skip, key.len - skip), value);
}

static aether_hash end_tree(tree_maker *m) {
    static const aether_address any;
    aether_hash root;
    ae_change_list pages;
    ae_change_list_init(&pages, &m->arena);
    CHECK_OK(ae_tree_build(&any, m->leaves, m->count, &m->scratch, &pages, &root, &err));
    ae_arena_reset(&m->arena);
    ae_arena_reset(&m->scratch);
    m->count = 0;
    return root;
}

static void seal_contract(forge *self, tree_maker *m, size_t index) {
    for (size_t i = 0; i < self->count; i++) {
        const aether_bytes key = forge_key(self, i);
        if (kind_of(self, i) == AETHER_STORE_KIND_STORAGE && key.len >= 33 &&
            memcmp(key.data + 1, self->entries[index].bytes + 1, AETHER_ADDRESS_LEN) == 0)
            add_leaf(m, key, forge_value(self, i), 33);
    }
    const aether_hash root = end_tree(m);
    memcpy(self->entries[index].bytes + 33 + 56, root.bytes, sizeof root);
}

void forge_seal(forge *self) {
    tree_maker m = {.leaves = ae_alloc(self->count, sizeof *m.leaves)};
    CHECK(m.leaves != NULL);
    ae_arena_init(&m.arena, 1 << 20, (size_t)1 << 30);
    ae_arena_init(&m.scratch, 1 << 20, (size_t)1 << 30);
    for (size_t i = 0; i < self->count; i++)
        if (kind_of(self, i) == AETHER_STORE_KIND_ACCOUNT &&
            self->entries[i].value_len == AETHER_CONTRACT_ACCOUNT_LEN &&
            self->entries[i].key_len == 33)
            seal_contract(self, &m, i);
    for (size_t i = 0; i < self->count; i++)
        if (kind_of(self, i) != AETHER_STORE_KIND_STORAGE &&
            kind_of(self, i) <= AETHER_STORE_KIND_PARAMETERS)
            add_leaf(&m, forge_key(self, i), forge_value(self, i), 0);
    self->root = end_tree(&m);
    ae_arena_deinit(&m.arena);
    ae_arena_deinit(&m.scratch);
    ae_free(m.leaves);
}

static size_t entry_len(const forge_entry *entry) {
    return 6 + entry->key_len + entry->value_len;
}

static uint8_t *print_entry(const forge_entry *entry, uint8_t *out) {
    out[0] = (uint8_t)entry->key_len;
    out[1] = (uint8_t)(entry->key_len >> 8);
    memcpy(out + 2, entry->bytes, entry->key_len);
    ae_put_u32_le(out + 2 + entry->key_len, (uint32_t)entry->value_len);
    memcpy(out + 6 + entry->key_len, entry->bytes + entry->key_len, entry->value_len);
    return out + entry_len(entry);
}

static uint8_t *print_header(const forge *self, uint8_t *out) {
    memcpy(out, "aether snapshot\n\1\0\0\0", 20);
    ae_put_u64_le(out + 20, self->height);
    ae_put_u64_le(out + 28, self->time);
    memcpy(out + 36, self->root.bytes, AETHER_HASH_LEN);
    out[68] = (uint8_t)strlen(self->chain_id);
    memcpy(out + HEADER_LEN, self->chain_id, out[68]);
    return out + HEADER_LEN + out[68];
}

aether_buffer forge_print(const forge *self) {
    const size_t chunk_max = self->chunk_len != 0 ? self->chunk_len : CHUNK_MAX;
    size_t len = HEADER_LEN + sizeof self->chain_id + END_LEN;
    for (size_t i = 0; i < self->count; i++)
        len += CHUNK_HEAD_LEN + entry_len(&self->entries[i]);
    uint8_t *bytes = ae_alloc(1, len);
    CHECK(bytes != NULL);
    ae_sha256_state whole;
    aether_hash hash;
    uint64_t chunks = 0;
    uint8_t *at = print_header(self, bytes);
    ae_sha256_init(&whole);
    ae_sha256_update(&whole, ae_bytes(bytes, (size_t)(at - bytes)));
    for (size_t i = 0; i < self->count; chunks++) {
        uint8_t *chunk = at + CHUNK_HEAD_LEN, *end = chunk;
        do
            end = print_entry(&self->entries[i], end);
        while (
            ++i < self->count && (size_t)(end - chunk) + entry_len(&self->entries[i]) <= chunk_max);
        ae_put_u32_le(at, (uint32_t)(end - chunk));
        ae_sha256(ae_bytes(chunk, (size_t)(end - chunk)), &hash);
        memcpy(at + 4, hash.bytes, sizeof hash);
        ae_sha256_update(&whole, ae_bytes(hash.bytes, sizeof hash));
        at = end;
    }
    ae_put_u32_le(at, 0);
    ae_put_u64_le(at + 4, chunks);
    ae_put_u64_le(at + 12, self->count);
    ae_sha256_update(&whole, ae_bytes(at, 20));
    ae_sha256_final(&whole, &hash);
    memcpy(at + 20, hash.bytes, sizeof hash);
    return (aether_buffer){.data = bytes, .len = (size_t)(at + END_LEN - bytes)};
}
