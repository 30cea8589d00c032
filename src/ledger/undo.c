#include "ledger/undo.h"

#include "base/assert.h"
#include "base/bytes.h"

#define PREFIX_LEN 9 // kind and height: what all chunks of a block share
#define ENTRY_HEADER_LEN 3
#define VALUE_LEN_LEN 4

static void put_u64_be(uint8_t *out, uint64_t value) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

static void put_key(uint8_t *out, uint64_t height, uint32_t number) {
    out[0] = AETHER_STORE_KIND_UNDO;
    put_u64_be(out + 1, height);
    for (int i = 0; i < 4; i++)
        out[PREFIX_LEN + i] = (uint8_t)(number >> (24 - 8 * i));
}

void ae_undo_writer_init(
    ae_undo_writer *writer, ae_change_list *list, uint64_t height, const ae_head *before) {
    writer->list = list;
    writer->height = height;
    writer->number = 0;
    writer->len = AE_HEAD_LEN;
    ae_head_encode(before, writer->chunk);
}

static aether_status exhausted(const ae_undo_writer *writer, aether_error *err) {
    return ae_fail(err, AETHER_OUT_OF_MEMORY, "undo records of block %llu",
        (unsigned long long)writer->height);
}

// Room for one more chunk of `len` bytes, whose bytes the caller fills in.
static aether_status add_chunk(
    ae_undo_writer *writer, size_t len, uint8_t **out_bytes, aether_error *err) {
    uint8_t *key = ae_arena_alloc(writer->list->arena, AE_UNDO_KEY_LEN + len, 1);
    if (key == NULL)
        return exhausted(writer, err);
    put_key(key, writer->height, writer->number++);
    *out_bytes = key + AE_UNDO_KEY_LEN;
    return ae_change_list_add(writer->list,
        (aether_change){.key = ae_bytes(key, AE_UNDO_KEY_LEN), .value = ae_bytes(*out_bytes, len)},
        err);
}

static aether_status flush(ae_undo_writer *writer, aether_error *err) {
    uint8_t *bytes = NULL;
    AE_TRY(add_chunk(writer, writer->len, &bytes, err));
    memcpy(bytes, writer->chunk, writer->len);
    writer->len = 0;
    return AETHER_OK;
}

static void put_entry(uint8_t *out, aether_bytes key, aether_bytes value, bool was_there) {
    out[0] = (uint8_t)key.len;
    out[1] = (uint8_t)(key.len >> 8);
    memcpy(out + 2, key.data, key.len);
    out += 2 + key.len;
    *out++ = was_there;
    if (!was_there)
        return;
    ae_put_u32_le(out, (uint32_t)value.len);
    if (value.len != 0)
        memcpy(out + VALUE_LEN_LEN, value.data, value.len);
}

aether_status ae_undo_add(ae_undo_writer *writer, aether_bytes key, aether_bytes value,
    bool was_there, aether_error *err) {
    AE_ASSERT(key.len != 0 && key.len <= AETHER_STORE_KEY_LEN_MAX);
    const size_t len = ENTRY_HEADER_LEN + key.len + (was_there ? VALUE_LEN_LEN + value.len : 0);
    if (writer->len + len > AE_UNDO_CHUNK_LEN && writer->len != 0)
        AE_TRY(flush(writer, err));
    if (len > AE_UNDO_CHUNK_LEN) {
        uint8_t *bytes = NULL;
        AE_TRY(add_chunk(writer, len, &bytes, err));
        put_entry(bytes, key, value, was_there);
        return AETHER_OK;
    }
    put_entry(writer->chunk + writer->len, key, value, was_there);
    writer->len += len;
    return AETHER_OK;
}

aether_status ae_undo_end(ae_undo_writer *writer, aether_error *err) {
    return writer->len != 0 ? flush(writer, err) : AETHER_OK;
}

static aether_status damaged(uint64_t height, uint32_t number, aether_error *err) {
    return ae_fail(err, AETHER_STORAGE_DAMAGED, "undo records of block %llu: chunk %u is malformed",
        (unsigned long long)height, number);
}

// One entry off the front of `chunk`; false where it is none.
static bool take_entry(
    aether_bytes *chunk, aether_bytes *out_key, aether_bytes *out_value, bool *out_was_there) {
    const uint8_t *at = chunk->data;
    size_t left = chunk->len;
    if (left < ENTRY_HEADER_LEN)
        return false;
    const size_t key_len = at[0] | (size_t)at[1] << 8;
    if (key_len == 0 || key_len > AETHER_STORE_KEY_LEN_MAX || left < ENTRY_HEADER_LEN + key_len)
        return false;
    *out_key = ae_bytes(at + 2, key_len);
    at += 2 + key_len;
    left -= ENTRY_HEADER_LEN + key_len;
    *out_value = ae_bytes(NULL, 0);
    if (*at > 1)
        return false;
    *out_was_there = *at++ == 1;
    if (*out_was_there) {
        if (left < VALUE_LEN_LEN || left - VALUE_LEN_LEN < ae_get_u32_le(at))
            return false;
        *out_value = ae_bytes(at + VALUE_LEN_LEN, ae_get_u32_le(at));
        at += VALUE_LEN_LEN + out_value->len;
        left -= VALUE_LEN_LEN + out_value->len;
    }
    *chunk = ae_bytes(at, left);
    return true;
}

static aether_status read_chunk(aether_bytes chunk, uint64_t height, uint32_t number,
    const ae_undo_reader *reader, aether_error *err) {
    uint8_t *copy = ae_arena_alloc(reader->arena, chunk.len, 1);
    if (copy == NULL)
        return ae_fail(
            err, AETHER_OUT_OF_MEMORY, "undo records of block %llu", (unsigned long long)height);
    if (chunk.len != 0)
        memcpy(copy, chunk.data, chunk.len);
    aether_bytes rest = ae_bytes(copy, chunk.len);
    while (rest.len != 0) {
        aether_bytes key, value;
        bool was_there = false;
        if (!take_entry(&rest, &key, &value, &was_there))
            return damaged(height, number, err);
        AE_TRY(reader->visit(reader->user, key, value, was_there, err));
    }
    return AETHER_OK;
}

static aether_status find_chunk(const aether_store *store, const uint8_t *key,
    aether_bytes *out_chunk, bool *out_found, aether_error *err) {
    const ae_view view = ae_view_of_store(store);
    return view.get(view.user, ae_bytes(key, AE_UNDO_KEY_LEN), out_chunk, out_found, err);
}

aether_status ae_undo_read(const aether_store *store, uint64_t height, const ae_undo_reader *reader,
    ae_head *out_before, bool *out_found, aether_error *err) {
    uint8_t key[AE_UNDO_KEY_LEN];
    *out_found = false;
    for (uint32_t number = 0;; number++) {
        aether_bytes chunk = {0};
        bool found = false;
        put_key(key, height, number);
        AE_TRY(find_chunk(store, key, &chunk, &found, err));
        if (!found)
            return AETHER_OK;
        if (number == 0) {
            if (chunk.len < AE_HEAD_LEN)
                return damaged(height, 0, err);
            AE_TRY(ae_head_decode(ae_bytes(chunk.data, AE_HEAD_LEN), out_before, err));
            chunk = ae_bytes(chunk.data + AE_HEAD_LEN, chunk.len - AE_HEAD_LEN);
            *out_found = true;
        }
        AE_TRY(read_chunk(chunk, height, number, reader, err));
    }
}

aether_status ae_undo_count(
    const aether_store *store, uint64_t height, uint64_t *out_count, aether_error *err) {
    uint8_t key[AE_UNDO_KEY_LEN];
    for (uint32_t number = 0;; number++) {
        aether_bytes chunk = {0};
        bool found = false;
        put_key(key, height, number);
        AE_TRY(find_chunk(store, key, &chunk, &found, err));
        if (!found) {
            *out_count = number;
            return AETHER_OK;
        }
    }
}

aether_status ae_undo_oldest(
    const aether_store *store, uint64_t *out_height, bool *out_found, aether_error *err) {
    const ae_view view = ae_view_of_store(store);
    const uint8_t kind = AETHER_STORE_KIND_UNDO;
    const ae_search search = {.prefix = ae_bytes(&kind, 1), .steps_max = UINT64_MAX};
    ae_neighbour first;
    AE_TRY(view.next(view.user, &search, &first, err));
    *out_found = first.found;
    *out_height = 0;
    if (!first.found)
        return AETHER_OK;
    if (first.key.len != AE_UNDO_KEY_LEN)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "undo records: a key of %zu bytes, need %d",
            first.key.len, AE_UNDO_KEY_LEN);
    for (int i = 1; i < PREFIX_LEN; i++)
        *out_height = *out_height << 8 | first.key.data[i];
    return AETHER_OK;
}

aether_status ae_undo_remove(
    const aether_store *store, uint64_t height, ae_change_list *list, aether_error *err) {
    for (uint32_t number = 0;; number++) {
        uint8_t *key = ae_arena_alloc(list->arena, AE_UNDO_KEY_LEN, 1);
        if (key == NULL)
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "removing undo records");
        aether_bytes chunk = {0};
        bool found = false;
        put_key(key, height, number);
        AE_TRY(find_chunk(store, key, &chunk, &found, err));
        if (!found)
            return AETHER_OK;
        AE_TRY(ae_change_list_add(
            list, (aether_change){.key = ae_bytes(key, AE_UNDO_KEY_LEN), .is_removed = true}, err));
    }
}
