// A state from a snapshot. Entries go into the store as they come, chunk by chunk; then its trees are built from what
// the store holds, and only when they lead to the root the head follows.
#include "base/alloc.h"
#include "crypto/hash.h"
#include "ledger/audit.h"
#include "ledger/entry.h"
#include "ledger/snapshot.h"
#include "state/view.h"

#define CHANGES_FIRST 1024

typedef struct reader {
    aether_read read;
    void *read_user;
    const aether_store *store;
    aether_apply apply;
    void *apply_user;
    const aether_hash *root; // that is trusted, or NULL
    ae_snapshot_header header;
    ae_audit audit;
    ae_sha256_state whole;
    uint64_t chunks; // so far
    uint64_t entries;
    uint64_t codes;
    size_t chunk_len;       // of the last chunk
    ae_store_key last;      // key; of length 0 before the first
    aether_change *changes; // of a chunk
    size_t change_count;
    size_t change_capacity;
    uint8_t chunk[AE_SNAPSHOT_CHUNK_LEN];
} reader;

static aether_status read_some(
    reader *r, uint8_t *out, size_t len, size_t *out_len, aether_error *err) {
    aether_error detail;
    detail.message[0] = '\0';
    size_t got = 0;
    while (got < len) {
        size_t more = 0;
        const aether_status status = r->read(r->read_user, out + got, len - got, &more, &detail);
        if (status != AETHER_OK)
            return ae_snapshot_callback_failed(status, "read", &detail, err);
        if (more > len - got)
            return ae_fail(err, AETHER_STORAGE_FAILED, "snapshot: read gave %zu bytes of %zu", more,
                len - got);
        if (more == 0)
            break;
        got += more;
    }
    *out_len = got;
    return AETHER_OK;
}

static aether_status read_bytes(
    reader *r, uint8_t *out, size_t len, const char *what, aether_error *err) {
    size_t got = 0;
    AE_TRY(read_some(r, out, len, &got, err));
    if (got < len)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: it ends in %s after chunk %llu: %zu bytes of %zu", what,
            (unsigned long long)r->chunks, got, len);
    return AETHER_OK;
}

static aether_status apply(
    void *user, const aether_change *changes, size_t count, aether_error *err) {
    reader *r = user;
    aether_error detail;
    detail.message[0] = '\0';
    const aether_status status = r->apply(r->apply_user, changes, count, &detail);
    return status == AETHER_OK ? AETHER_OK
                               : ae_snapshot_callback_failed(status, "apply", &detail, err);
}

static aether_status read_header(reader *r, aether_error *err) {
    uint8_t bytes[AE_SNAPSHOT_HEADER_LEN + AE_CHAIN_ID_LEN_MAX];
    const uint8_t *at = bytes + AE_SNAPSHOT_MAGIC_LEN;
    ae_snapshot_header *h = &r->header;
    AE_TRY(read_bytes(r, bytes, AE_SNAPSHOT_HEADER_LEN, "its header", err));
    if (memcmp(bytes, AE_SNAPSHOT_MAGIC, AE_SNAPSHOT_MAGIC_LEN) != 0)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT, "snapshot: it doesn't begin as one");
    if (ae_get_u32_le(at) != AE_SNAPSHOT_FORMAT)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT, "snapshot: format %u, this library knows %d",
            ae_get_u32_le(at), AE_SNAPSHOT_FORMAT);
    AE_TRY(ae_head_decode(ae_bytes(at + 4, AE_HEAD_LEN), &h->head, err));
    h->chain_id_len = at[4 + AE_HEAD_LEN];
    if (h->chain_id_len == 0 || h->chain_id_len > AE_CHAIN_ID_LEN_MAX)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: a chain id of %u bytes, need 1 to %d", h->chain_id_len, AE_CHAIN_ID_LEN_MAX);
    AE_TRY(read_bytes(r, bytes + AE_SNAPSHOT_HEADER_LEN, h->chain_id_len, "its header", err));
    memcpy(h->chain_id, bytes + AE_SNAPSHOT_HEADER_LEN, h->chain_id_len);
    if (r->root != NULL && memcmp(r->root, &h->head.root, sizeof *r->root) != 0)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: it is of height %llu with another root than the trusted one",
            (unsigned long long)h->head.height);
    ae_sha256_update(&r->whole, ae_bytes(bytes, AE_SNAPSHOT_HEADER_LEN + (size_t)h->chain_id_len));
    return AETHER_OK;
}

static aether_status flaw(const reader *r, const char *problem, aether_error *err) {
    return ae_fail(err, AETHER_INVALID_SNAPSHOT, "snapshot: chunk %llu: %s",
        (unsigned long long)r->chunks, problem);
}

// One entry off the front of `rest`; false where it is none.
static bool take_entry(aether_bytes *rest, aether_bytes *out_key, aether_bytes *out_value) {
    const uint8_t *at = rest->data;
    size_t left = rest->len;
    if (left < AE_SNAPSHOT_ENTRY_HEAD_LEN)
        return false;
    const size_t key_len = at[0] | (size_t)at[1] << 8;
    left -= AE_SNAPSHOT_ENTRY_HEAD_LEN;
    if (key_len == 0 || key_len > AETHER_STORE_KEY_LEN_MAX || key_len > left)
        return false;
    const size_t value_len = ae_get_u32_le(at + 2 + key_len);
    left -= key_len;
    if (value_len > left)
        return false;
    *out_key = ae_bytes(at + 2, key_len);
    *out_value = ae_bytes(at + AE_SNAPSHOT_ENTRY_HEAD_LEN + key_len, value_len);
    *rest = ae_bytes(out_value->data + value_len, left - value_len);
    return true;
}

static aether_status add_change(
    reader *r, aether_bytes key, aether_bytes value, aether_error *err) {
    if (r->change_count == r->change_capacity) {
        const size_t capacity = r->change_capacity != 0 ? 2 * r->change_capacity : CHANGES_FIRST;
        aether_change *grown = ae_realloc(r->changes, capacity, sizeof *grown);
        if (grown == NULL)
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "snapshot: %zu entries of a chunk", capacity);
        r->changes = grown;
        r->change_capacity = capacity;
    }
    r->changes[r->change_count++] = (aether_change){.key = key, .value = value};
    return AETHER_OK;
}

static aether_status check_entry(
    reader *r, aether_bytes key, aether_bytes value, aether_error *err) {
    aether_error detail;
    if (ae_bytes_compare(ae_store_key_bytes(&r->last), key) >= 0)
        return flaw(r, "its keys are not in order, or one is there twice", err);
    if (ae_entry_check(key, value, &detail) != AETHER_OK)
        return flaw(r, detail.message, err);
    memcpy(r->last.bytes, key.data, key.len);
    r->last.len = key.len;
    r->codes += key.data[0] == AETHER_STORE_KIND_CODE;
    return AETHER_OK;
}

static aether_status take_chunk(reader *r, size_t len, aether_error *err) {
    aether_bytes rest = ae_bytes(r->chunk, len), key, value;
    r->change_count = 0;
    while (rest.len != 0) {
        const size_t before = rest.len;
        if (!take_entry(&rest, &key, &value))
            return flaw(r, "an entry is malformed", err);
        if (r->change_count == 0 && r->chunks > 1 &&
            before - rest.len <= AE_SNAPSHOT_CHUNK_LEN - r->chunk_len)
            return flaw(r, "its first entry has room in the chunk before it", err);
        AE_TRY(check_entry(r, key, value, err));
        AE_TRY(add_change(r, key, value, err));
        r->entries++;
    }
    r->chunk_len = len;
    return apply(r, r->changes, r->change_count, err);
}

static aether_status read_end(reader *r, aether_error *err) {
    uint8_t rest[AE_SNAPSHOT_COUNTS_LEN - 4 + AETHER_HASH_LEN];
    uint8_t counts[AE_SNAPSHOT_COUNTS_LEN];
    aether_hash hash;
    size_t got = 0;
    AE_TRY(read_bytes(r, rest, sizeof rest, "its end", err));
    ae_snapshot_put_counts(counts, r->chunks, r->entries);
    if (memcmp(rest, counts + 4, sizeof counts - 4) != 0)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: %llu chunks with %llu entries came, its end says %llu with %llu",
            (unsigned long long)r->chunks, (unsigned long long)r->entries,
            (unsigned long long)ae_get_u64_le(rest), (unsigned long long)ae_get_u64_le(rest + 8));
    ae_sha256_update(&r->whole, ae_bytes(counts, sizeof counts));
    ae_sha256_final(&r->whole, &hash);
    if (memcmp(rest + sizeof counts - 4, hash.bytes, sizeof hash) != 0)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: header and chunks have another hash than its end says");
    AE_TRY(read_some(r, rest, 1, &got, err));
    if (got != 0)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT, "snapshot: bytes behind its end");
    return AETHER_OK;
}

static aether_status read_chunks(reader *r, aether_error *err) {
    for (;;) {
        uint8_t head[AE_SNAPSHOT_CHUNK_HEAD_LEN];
        aether_hash hash;
        AE_TRY(read_bytes(r, head, 4, "a chunk's length", err));
        const size_t len = ae_get_u32_le(head);
        if (len == 0)
            return read_end(r, err);
        r->chunks++; // it is the number of this one, from 1
        if (len > AE_SNAPSHOT_CHUNK_LEN)
            return ae_fail(err, AETHER_INVALID_SNAPSHOT,
                "snapshot: chunk %llu: %zu bytes, at most %zu", (unsigned long long)r->chunks, len,
                AE_SNAPSHOT_CHUNK_LEN);
        AE_TRY(read_bytes(r, head + 4, AETHER_HASH_LEN, "a chunk", err));
        AE_TRY(read_bytes(r, r->chunk, len, "a chunk", err));
        ae_sha256(ae_bytes(r->chunk, len), &hash);
        if (memcmp(hash.bytes, head + 4, sizeof hash) != 0)
            return flaw(r, "its bytes have another hash", err);
        ae_sha256_update(&r->whole, ae_bytes(hash.bytes, sizeof hash));
        AE_TRY(take_chunk(r, len, err));
    }
}

// Trees and root of what the store holds now, and what no entry shows by itself.
static aether_status check_whole(reader *r, aether_error *err) {
    aether_hash root;
    uint64_t storage = 0;
    AE_TRY(ae_audit_run(&r->audit, &root, err));
    AE_TRY(ae_audit_count(r->store, AETHER_STORE_KIND_STORAGE, &storage, err));
    const ae_constitution *c = &r->audit.constitution;
    if (memcmp(&root, &r->header.head.root, sizeof root) != 0)
        return ae_fail(
            err, AETHER_INVALID_SNAPSHOT, "snapshot: its state leads to another root than it says");
    if (storage != r->audit.report.storage_keys)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: %llu storage keys, but contracts have %llu", (unsigned long long)storage,
            (unsigned long long)r->audit.report.storage_keys);
    if (r->codes != r->audit.report.codes)
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: %llu times code, but %llu records of it", (unsigned long long)r->codes,
            (unsigned long long)r->audit.report.codes);
    if (!ae_bytes_equal(ae_bytes(c->chain_id, c->chain_id_len),
            ae_bytes(r->header.chain_id, r->header.chain_id_len)))
        return ae_fail(err, AETHER_INVALID_SNAPSHOT,
            "snapshot: its header names another chain than its parameters");
    return AETHER_OK;
}

static aether_status write_head(reader *r, aether_error *err) {
    ae_store_key key;
    uint8_t bytes[AE_HEAD_LEN];
    ae_head_key_init(&key);
    ae_head_encode(&r->header.head, bytes);
    const aether_change change = {
        .key = ae_store_key_bytes(&key), .value = ae_bytes(bytes, sizeof bytes)};
    return apply(r, &change, 1, err);
}

// A state that is there already would be mixed with the snapshot's.
static aether_status check_empty(const reader *r, aether_error *err) {
    const ae_view view = ae_view_of_store(r->store);
    const ae_search search = {.steps_max = UINT64_MAX};
    ae_neighbour first;
    AE_TRY(view.next(view.user, &search, &first, err));
    if (first.found && first.key.len != 0 && first.key.data[0] < AETHER_STORE_KIND_EMBEDDER)
        return ae_fail(err, AETHER_WRONG_STATE,
            "store: it is not empty, it has a key of kind 0x%02x", first.key.data[0]);
    return AETHER_OK;
}

static aether_status restore(reader *r, aether_error *err) {
    AE_TRY(check_empty(r, err));
    ae_sha256_init(&r->whole);
    AE_TRY(read_header(r, err));
    AE_TRY(read_chunks(r, err));
    AE_TRY(check_whole(r, err));
    return write_head(r, err);
}

static void tell_head(const reader *r, aether_chain_head *out) {
    const ae_constitution *c = &r->audit.constitution;
    *out = (aether_chain_head){.height = r->header.head.height,
        .time = r->header.head.time,
        .root = r->header.head.root,
        .parameters = c->parameters};
    memcpy(out->chain_id, c->chain_id, sizeof out->chain_id);
}

aether_status aether_snapshot_read(const aether_hash *root, aether_read read, void *read_user,
    const aether_store *store, aether_apply apply_batch, void *apply_user,
    aether_chain_head *out_head, aether_error *err) {
    AE_CHECK_ARG(read != NULL, err);
    AE_CHECK_ARG(store != NULL && store->get != NULL && store->next != NULL, err);
    AE_CHECK_ARG(apply_batch != NULL, err);
    AE_CHECK_ARG(out_head != NULL, err);
    reader *r = ae_alloc(1, sizeof *r);
    if (r == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "snapshot: a chunk");
    r->read = read;
    r->read_user = read_user;
    r->store = store;
    r->apply = apply_batch;
    r->apply_user = apply_user;
    r->root = root;
    ae_audit_init(&r->audit, store, AETHER_INVALID_SNAPSHOT);
    r->audit.take_pages = apply;
    r->audit.take_user = r;
    const aether_status status = restore(r, err);
    if (status == AETHER_OK)
        tell_head(r, out_head);
    ae_audit_deinit(&r->audit);
    ae_free(r->changes);
    ae_free(r);
    return status;
}
