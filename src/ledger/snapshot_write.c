// A store's committed state as a stream of sorted chunks.
#include "base/alloc.h"
#include "crypto/hash.h"
#include "ledger/chain.h"
#include "ledger/entry.h"
#include "ledger/snapshot.h"
#include "state/walk.h"

typedef struct writer {
    const aether_store *store;
    aether_write write;
    void *user;
    ae_sha256_state whole;
    uint64_t chunks;
    uint64_t entries;
    size_t len; // of the entries in `chunk`
    uint8_t chunk[AE_SNAPSHOT_CHUNK_HEAD_LEN + AE_SNAPSHOT_CHUNK_LEN];
} writer;

static aether_status write_bytes(writer *w, const uint8_t *bytes, size_t len, aether_error *err) {
    aether_error detail;
    detail.message[0] = '\0';
    const aether_status status = w->write(w->user, ae_bytes(bytes, len), &detail);
    return status == AETHER_OK ? AETHER_OK
                               : ae_snapshot_callback_failed(status, "write", &detail, err);
}

static aether_status write_header(
    writer *w, const ae_head *head, const ae_constitution *constitution, aether_error *err) {
    uint8_t bytes[AE_SNAPSHOT_HEADER_LEN + AE_CHAIN_ID_LEN_MAX];
    uint8_t *at = bytes + AE_SNAPSHOT_MAGIC_LEN;
    memcpy(bytes, AE_SNAPSHOT_MAGIC, AE_SNAPSHOT_MAGIC_LEN);
    ae_put_u32_le(at, AE_SNAPSHOT_FORMAT);
    ae_head_encode(head, at + 4);
    at[4 + AE_HEAD_LEN] = constitution->chain_id_len;
    memcpy(bytes + AE_SNAPSHOT_HEADER_LEN, constitution->chain_id, constitution->chain_id_len);
    const size_t len = AE_SNAPSHOT_HEADER_LEN + (size_t)constitution->chain_id_len;
    ae_sha256_update(&w->whole, ae_bytes(bytes, len));
    return write_bytes(w, bytes, len, err);
}

static aether_status flush(writer *w, aether_error *err) {
    if (w->len == 0)
        return AETHER_OK;
    aether_hash hash;
    ae_sha256(ae_bytes(w->chunk + AE_SNAPSHOT_CHUNK_HEAD_LEN, w->len), &hash);
    ae_put_u32_le(w->chunk, (uint32_t)w->len);
    memcpy(w->chunk + 4, hash.bytes, sizeof hash);
    ae_sha256_update(&w->whole, ae_bytes(hash.bytes, sizeof hash));
    AE_TRY(write_bytes(w, w->chunk, AE_SNAPSHOT_CHUNK_HEAD_LEN + w->len, err));
    w->chunks++;
    w->len = 0;
    return AETHER_OK;
}

static aether_status add_entry(writer *w, aether_bytes key, aether_bytes value, aether_error *err) {
    AE_TRY(ae_entry_check(key, value, err));
    if (value.len > AE_SNAPSHOT_CHUNK_LEN - AE_SNAPSHOT_ENTRY_HEAD_LEN - key.len)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "store: a value of %zu bytes is longer than a chain makes one", value.len);
    const size_t len = AE_SNAPSHOT_ENTRY_HEAD_LEN + key.len + value.len;
    if (len > AE_SNAPSHOT_CHUNK_LEN - w->len)
        AE_TRY(flush(w, err));
    uint8_t *at = w->chunk + AE_SNAPSHOT_CHUNK_HEAD_LEN + w->len;
    at[0] = (uint8_t)key.len;
    at[1] = (uint8_t)(key.len >> 8);
    memcpy(at + 2, key.data, key.len);
    ae_put_u32_le(at + 2 + key.len, (uint32_t)value.len);
    if (value.len != 0)
        memcpy(at + AE_SNAPSHOT_ENTRY_HEAD_LEN + key.len, value.data, value.len);
    w->len += len;
    w->entries++;
    return AETHER_OK;
}

// Code of this record. Bytes without a record are left behind: they are in no state.
static aether_status add_code(writer *w, aether_bytes record_key, aether_error *err) {
    const ae_view view = ae_view_of_store(w->store);
    ae_store_key key;
    aether_hash hash;
    aether_bytes code = {0};
    bool found = false;
    memcpy(hash.bytes, record_key.data + 1, sizeof hash);
    ae_code_key_init(&key, &hash);
    AE_TRY(view.get(view.user, ae_store_key_bytes(&key), &code, &found, err));
    if (!found)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code: a record without the bytes");
    return add_entry(w, ae_store_key_bytes(&key), code, err);
}

static aether_status add_kind(writer *w, uint8_t kind, aether_error *err) {
    const bool is_code = kind == AETHER_STORE_KIND_CODE;
    const uint8_t walked = is_code ? AETHER_STORE_KIND_CODE_RECORD : kind;
    ae_walk walk;
    aether_bytes key = {0}, value = {0};
    bool found = false;
    ae_walk_init(&walk, w->store, ae_bytes(&walked, 1));
    for (;;) {
        AE_TRY(ae_walk_next(&walk, &key, &value, &found, err));
        if (!found)
            return AETHER_OK;
        AE_TRY(is_code ? add_code(w, key, err) : add_entry(w, key, value, err));
    }
}

static aether_status write_end(writer *w, aether_error *err) {
    uint8_t bytes[AE_SNAPSHOT_COUNTS_LEN + AETHER_HASH_LEN];
    aether_hash hash;
    ae_snapshot_put_counts(bytes, w->chunks, w->entries);
    ae_sha256_update(&w->whole, ae_bytes(bytes, AE_SNAPSHOT_COUNTS_LEN));
    ae_sha256_final(&w->whole, &hash);
    memcpy(bytes + AE_SNAPSHOT_COUNTS_LEN, hash.bytes, sizeof hash);
    return write_bytes(w, bytes, sizeof bytes, err);
}

static aether_status write_all(writer *w, aether_error *err) {
    static const uint8_t kinds[] = {AETHER_STORE_KIND_ACCOUNT, AETHER_STORE_KIND_STORAGE,
        AETHER_STORE_KIND_CODE_RECORD, AETHER_STORE_KIND_PARAMETERS, AETHER_STORE_KIND_CODE};
    ae_constitution constitution;
    ae_head head;
    ae_sha256_init(&w->whole);
    AE_TRY(ae_chain_read_records(w->store, &constitution, &head, err));
    AE_TRY(write_header(w, &head, &constitution, err));
    for (size_t i = 0; i < sizeof kinds; i++)
        AE_TRY(add_kind(w, kinds[i], err));
    AE_TRY(flush(w, err));
    return write_end(w, err);
}

aether_status aether_snapshot_write(
    const aether_store *store, aether_write write, void *user, aether_error *err) {
    AE_CHECK_ARG(store != NULL && store->get != NULL && store->next != NULL, err);
    AE_CHECK_ARG(write != NULL, err);
    writer *w = ae_alloc(1, sizeof *w);
    if (w == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "snapshot: a chunk");
    w->store = store;
    w->write = write;
    w->user = user;
    const aether_status status = write_all(w, err);
    ae_free(w);
    return status;
}
