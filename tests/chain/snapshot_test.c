/* Snapshots: a state that is exported and imported is the same to the byte and goes on as the same chain; what is not
 * exactly a snapshot of one consistent state never becomes a chain.
 * Method: chains through the public ABI; snapshots that are damaged bit by bit, or made by hand with right hashes. */
#include "failing.h"
#include "forge.h"
#include "keeper.h"

#include "base/alloc.h"
#include "crypto/hash.h"
#include "store/test_database.h"

#include <stdio.h>

static aether_error err;

/* Bytes that go and come, and where that fails. */
typedef struct stream {
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t at;
    size_t piece;     // bytes that a read gives at most; 0: all
    uint64_t calls;   // so far
    uint64_t fail_at; // the call that fails, from 1; 0: none
} stream;

static aether_status stream_write(void *user, aether_bytes bytes, aether_error *out_err) {
    stream *self = user;
    (void)out_err;
    if (++self->calls == self->fail_at)
        return AETHER_STORAGE_FAILED;
    if (bytes.len > self->capacity - self->len) {
        self->capacity = 2 * self->capacity + bytes.len;
        self->data = ae_realloc(self->data, self->capacity, 1);
        CHECK(self->data != NULL);
    }
    memcpy(self->data + self->len, bytes.data, bytes.len);
    self->len += bytes.len;
    return AETHER_OK;
}

static aether_status stream_read(
    void *user, uint8_t *out, size_t len, size_t *out_len, aether_error *out_err) {
    stream *self = user;
    (void)out_err;
    if (++self->calls == self->fail_at)
        return AETHER_STORAGE_FAILED;
    size_t count = self->len - self->at < len ? self->len - self->at : len;
    if (self->piece != 0 && count > self->piece)
        count = self->piece;
    if (count != 0)
        memcpy(out, self->data + self->at, count);
    self->at += count;
    *out_len = count;
    return AETHER_OK;
}

/* A store that a snapshot is read into. */
typedef struct target {
    aether_memory_store *memory;
    aether_database *database; // instead, if it is there
    aether_store store;
    uint64_t calls;
    uint64_t fail_at;
    size_t batch_len_max; // bytes of the longest batch
} target;

static aether_status target_apply(
    void *user, const aether_change *changes, size_t count, aether_error *out_err) {
    target *self = user;
    size_t len = 0;
    if (++self->calls == self->fail_at)
        return AETHER_STORAGE_FAILED;
    for (size_t i = 0; i < count; i++)
        len += changes[i].key.len + changes[i].value.len;
    if (len > self->batch_len_max)
        self->batch_len_max = len;
    return self->database != NULL
               ? aether_database_apply(self->database, changes, count, out_err)
               : aether_memory_store_apply(self->memory, changes, count, out_err);
}

static void target_make(target *self) {
    *self = (target){0};
    CHECK_OK(aether_memory_store_create(&self->memory, &err));
    self->store = aether_memory_store_interface(self->memory);
}

static stream export_store(const aether_store *store) {
    stream out = {0};
    CHECK_OK(aether_snapshot_write(store, stream_write, &out, &err));
    out.calls = 0;
    return out;
}

static bool holds_chain(const aether_store *store) {
    static const uint8_t head = AETHER_STORE_KIND_HEAD;
    aether_bytes value;
    bool found = true;
    CHECK_OK(store->get(store->user, (aether_bytes){&head, 1}, &value, &found, &err));
    return found;
}

static aether_status import(stream *in, target *to, aether_chain_head *out_head) {
    in->at = 0;
    return aether_snapshot_read(
        NULL, stream_read, in, &to->store, target_apply, to, out_head, &err);
}

// A snapshot that must be refused, with this text in the message.
static void refuse(aether_bytes bytes, const char *text) {
    target to;
    aether_chain_head head;
    stream in = {.data = (uint8_t *)(uintptr_t)bytes.data, .len = bytes.len};
    target_make(&to);
    const aether_status status = import(&in, &to, &head);
    if (status != AETHER_INVALID_SNAPSHOT || strstr(err.message, text) == NULL)
        test_fail(__FILE__, __LINE__, "%s: %s, expected: %s", aether_status_name(status),
            status == AETHER_OK ? "" : err.message, text);
    CHECK(!holds_chain(&to.store));
    aether_memory_store_destroy(to.memory);
}

static void refuse_forged(const forge *forged, const char *text) {
    aether_buffer bytes = forge_print(forged);
    refuse((aether_bytes){bytes.data, bytes.len}, text);
    ae_free(bytes.data);
}

// Everything in a store but undo records.
static aether_hash digest(const aether_store *store) {
    aether_hash parts[3] = {0};
    uint8_t after[AETHER_STORE_KEY_LEN_MAX];
    size_t after_len = 0;
    for (;;) {
        aether_bytes key = {0}, value = {0};
        bool found = false;
        CHECK_OK(store->next(store->user, (aether_bytes){0}, (aether_bytes){after, after_len},
            false, &key, &found, &err));
        if (!found)
            return parts[0];
        memmove(after, key.data, key.len);
        after_len = key.len;
        if (after[0] == AETHER_STORE_KIND_UNDO)
            continue;
        key = (aether_bytes){after, after_len};
        CHECK_OK(store->get(store->user, key, &value, &found, &err));
        ae_sha256(key, &parts[1]);
        ae_sha256(value, &parts[2]);
        ae_sha256((aether_bytes){parts[0].bytes, sizeof parts}, &parts[0]);
    }
}

static void check_equal(const aether_hash *a, const aether_hash *b) {
    CHECK_BYTES(((aether_bytes){a->bytes, 32}), ((aether_bytes){b->bytes, 32}));
}

static void check_same_state(world *w, const target *to, const aether_chain_head *head) {
    const aether_chain_head expected = world_head(w);
    const aether_hash a = digest(&to->store), b = digest(&w->store);
    aether_check_report report;
    check_equal(&a, &b);
    check_equal(&head->root, &expected.root);
    CHECK_U64(head->height, expected.height);
    CHECK_U64(head->time, expected.time);
    CHECK_TEXT(head->chain_id, expected.chain_id);
    CHECK_U64(head->parameters.block_gas_max, expected.parameters.block_gas_max);
    CHECK_OK(aether_chain_check(&to->store, NULL, NULL, &report, &err));
    CHECK_U64(report.contracts, 3);
    CHECK_U64(report.storage_keys, 44);
}

static void check_same_bytes(const stream *a, const stream *b) {
    CHECK_BYTES(((aether_bytes){a->data, a->len}), ((aether_bytes){b->data, b->len}));
}

// Exported, imported and exported again: everything that is committed or follows from it is equal.
static void state_comes_back_to_the_byte(void) {
    world w;
    target to;
    aether_address contracts[3];
    aether_chain_head head;
    world_start(&w, NULL);
    keeper_fill(&w, contracts);
    stream out = export_store(&w.store);
    target_make(&to);
    const aether_hash root = world_head(&w).root;
    CHECK_OK(
        aether_snapshot_read(&root, stream_read, &out, &to.store, target_apply, &to, &head, &err));
    check_same_state(&w, &to, &head);
    stream again = export_store(&to.store);
    check_same_bytes(&out, &again);
    ae_free(again.data);
    ae_free(out.data);
    aether_memory_store_destroy(to.memory);
    world_end(&w);
}

// The same into a database, which is closed and opened in between.
static void database_takes_a_snapshot(void) {
    world w;
    target to = {0};
    aether_address contracts[3];
    aether_chain_head head;
    char folder[TEST_PATH_MAX];
    test_folder_make(folder);
    world_start(&w, NULL);
    keeper_fill(&w, contracts);
    stream out = export_store(&w.store);
    to.database = test_open(folder);
    to.store = aether_database_store(to.database);
    CHECK_OK(import(&out, &to, &head));
    aether_database_close(to.database);
    to.database = test_open(folder);
    to.store = aether_database_store(to.database);
    check_same_state(&w, &to, &head);
    CHECK_OK(aether_database_check(to.database, &err));
    stream again = export_store(&to.store);
    check_same_bytes(&out, &again);
    CHECK_STATUS(import(&out, &to, &head), AETHER_WRONG_STATE);
    aether_database_close(to.database);
    test_folder_remove(folder);
    ae_free(again.data);
    ae_free(out.data);
    world_end(&w);
}

// Blocks on both sides lead to the same roots; the block before the snapshot can't be taken back, those after can.
static void restored_chain_goes_on(void) {
    world w;
    target to;
    aether_address contracts[3];
    aether_chain_head head;
    aether_batch batch;
    world_start(&w, NULL);
    keeper_fill(&w, contracts);
    stream out = export_store(&w.store);
    target_make(&to);
    CHECK_OK(import(&out, &to, &head));
    world restored = w;
    restored.memory = to.memory;
    restored.store = to.store;
    CHECK_OK(aether_chain_open(w.engine, &to.store, NULL, &restored.chain, &err));
    CHECK_STATUS(aether_chain_undo(restored.chain, &batch, &err), AETHER_WRONG_STATE);
    world *const both[] = {&w, &restored};
    for (int i = 0; i < 2; i++) {
        keeper_write(both[i], &contracts[1], "next", 100, 1);
        keeper_remove(both[i], &contracts[0], "none");
        world_deploy(both[i], keeper_text, 9);
        world_pay(both[i], FEES, 1);
    }
    const aether_hash a = digest(&w.store), b = digest(&to.store);
    check_equal(&a, &b);
    CHECK_OK(aether_chain_undo(restored.chain, &batch, &err));
    aether_batch_destroy(&batch);
    aether_check_report report;
    CHECK_OK(aether_chain_check(&to.store, NULL, NULL, &report, &err));
    aether_chain_close(restored.chain);
    aether_memory_store_destroy(to.memory);
    ae_free(out.data);
    world_end(&w);
}

static void write_in_block(world *w, const aether_address *contract, int key, uint64_t nonce) {
    const uint8_t input[] = {1, (uint8_t)('a' + key), (uint8_t)key};
    aether_transaction t = world_transaction(w, key, AETHER_TRANSACTION_CALL);
    t.to = *contract;
    t.nonce = nonce;
    t.input = (aether_bytes){input, sizeof input};
    aether_receipt r = world_run(w, key, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
}

// Two chains, one with both writes in its first block, the other with one in each, the other way round; undo records,
// pages and the order of inserts differ.
static void bytes_are_the_same_whatever_the_history(void) {
    world worlds[2];
    stream out[2];
    for (int i = 0; i < 2; i++) {
        world *w = &worlds[i];
        const world_options options = {.undo_blocks_max = i == 0 ? 1 : UINT64_MAX};
        world_start(w, &options);
        aether_address contracts[2];
        keeper_deploy(w, contracts);
        const uint64_t nonce = world_account(w, &w->addresses[ALICE]).nonce;
        world_begin(w);
        if (i == 0)
            write_in_block(w, &contracts[0], ALICE, nonce);
        write_in_block(w, &contracts[0], BOB, 0);
        world_commit(w);
        world_begin(w);
        if (i == 1)
            write_in_block(w, &contracts[0], ALICE, nonce);
        world_commit(w);
        out[i] = export_store(&w->store);
    }
    check_same_bytes(&out[0], &out[1]);
    world_begin(&worlds[0]);
    world_commit(&worlds[0]); // another height, the same root
    stream higher = export_store(&worlds[0].store);
    CHECK(higher.len == out[0].len && memcmp(higher.data, out[0].data, higher.len) != 0);
    ae_free(higher.data);
    for (int i = 0; i < 2; i++) {
        ae_free(out[i].data);
        world_end(&worlds[i]);
    }
}

// A small state with one of everything.
static stream small_snapshot(void) {
    world w;
    world_start(&w, NULL);
    aether_address contracts[2];
    keeper_deploy(&w, contracts);
    keeper_write(&w, &contracts[0], "a", 1, 1);
    keeper_write(&w, &contracts[0], "b", 0, 1);
    keeper_write(&w, &contracts[1], "c", 2, 1);
    stream out = export_store(&w.store);
    world_end(&w);
    return out;
}

static void every_flipped_bit_is_refused(void) {
    stream out = small_snapshot();
    for (size_t i = 0; i < 8 * out.len; i++) {
        out.data[i / 8] ^= (uint8_t)(1 << i % 8);
        refuse((aether_bytes){out.data, out.len}, "");
        out.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    ae_free(out.data);
}

static void every_truncation_is_refused(void) {
    stream out = small_snapshot();
    for (size_t len = 0; len < out.len; len++)
        refuse((aether_bytes){out.data, len}, "snapshot: it ends in ");
    uint8_t *longer = ae_realloc(out.data, out.len + 1, 1);
    CHECK(longer != NULL);
    longer[out.len] = 0;
    refuse((aether_bytes){longer, out.len + 1}, "bytes behind its end");
    ae_free(longer);
}

static void bytes_may_come_one_at_a_time(void) {
    stream out = small_snapshot();
    target to;
    aether_chain_head head;
    target_make(&to);
    out.piece = 1;
    CHECK_OK(import(&out, &to, &head));
    CHECK_U64(out.calls, out.len + 1); // and the end
    stream again = export_store(&to.store);
    check_same_bytes(&out, &again);
    ae_free(again.data);
    ae_free(out.data);
    aether_memory_store_destroy(to.memory);
}

// Every length field at its largest: nothing is reserved for it (the allocations that remain are counted).
static void lengths_are_checked_before_memory_is_taken(void) {
    stream out = small_snapshot();
    const size_t chunk = 69 + out.data[68];
    memcpy(out.data + chunk, "\x01\x00\x40\x00", 4); // 4 MiB + 1
    refuse((aether_bytes){out.data, out.len}, "chunk 1: 4194305 bytes, at most 4194304");
    memset(out.data + chunk, 0xff, 4);
    ae_alloc_fail_after(1 + 1); // the reader, and the memory store of `refuse`
    refuse((aether_bytes){out.data, out.len}, "chunk 1: 4294967295 bytes, at most 4194304");
    ae_alloc_fail_after(UINT64_MAX);
    out.data[68] = 65;
    refuse((aether_bytes){out.data, out.len}, "a chain id of 65 bytes");
    ae_free(out.data);
}

static void chunk_lengths_inside_entries_are_checked(void) {
    stream out = small_snapshot();
    forge f;
    forge_parse(&f, (aether_bytes){out.data, out.len});
    static const struct {
        size_t at; // in the first entry
        uint8_t bytes[4];
        size_t len;
    } cases[] = {{0, {0, 0}, 2}, {0, {0x22, 1}, 2}, {0, {0xff, 0xff}, 2},
        {2 + 33, {0xff, 0xff, 0xff, 0xff}, 4}, {2 + 33, {0, 0, 0x40, 0}, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        aether_buffer bytes = forge_print(&f);
        uint8_t *chunk = bytes.data + 69 + bytes.data[68];
        aether_hash hash;
        memcpy(chunk + 36 + cases[i].at, cases[i].bytes, cases[i].len);
        ae_sha256((aether_bytes){chunk + 36, ae_get_u32_le(chunk)}, &hash);
        memcpy(chunk + 4, hash.bytes, sizeof hash);
        refuse((aether_bytes){bytes.data, bytes.len}, "chunk 1: an entry is malformed");
        ae_free(bytes.data);
    }
    forge_clear(&f);
    ae_free(out.data);
}

// The hand-made snapshot is the library's; then one entry after the other is taken out, doubled, exchanged with its
// neighbour, each time with right hashes.
static void every_entry_matters(void) {
    stream out = small_snapshot();
    forge f;
    forge_parse(&f, (aether_bytes){out.data, out.len});
    aether_buffer same = forge_print(&f);
    CHECK_BYTES(((aether_bytes){same.data, same.len}), ((aether_bytes){out.data, out.len}));
    ae_free(same.data);
    for (size_t i = 0; i < f.count; i++) {
        const forge_entry entry = f.entries[i];
        const aether_bytes key = {entry.bytes, entry.key_len};
        forge_insert(&f, i, key, forge_value(&f, i));
        refuse_forged(&f, "chunk 1: its keys are not in order");
        forge_remove(&f, i);
        if (i + 1 < f.count) {
            f.entries[i] = f.entries[i + 1];
            f.entries[i + 1] = entry;
            refuse_forged(&f, "chunk 1: its keys are not in order");
            f.entries[i + 1] = f.entries[i];
            f.entries[i] = entry;
        }
        uint8_t copy[4096];
        const size_t key_len = entry.key_len, value_len = entry.value_len;
        CHECK(key_len + value_len <= sizeof copy);
        memcpy(copy, entry.bytes, key_len + value_len);
        forge_remove(&f, i);
        refuse_forged(&f, "");
        forge_insert(
            &f, i, (aether_bytes){copy, key_len}, (aether_bytes){copy + key_len, value_len});
    }
    forge_clear(&f);
    ae_free(out.data);
}

typedef void (*forge_change)(forge *f);

// A change of a good snapshot that leaves all hashes and roots right.
static void refuse_change(const stream *good, forge_change change, const char *text) {
    forge f;
    forge_parse(&f, (aether_bytes){good->data, good->len});
    change(&f);
    forge_seal(&f);
    refuse_forged(&f, text);
    forge_clear(&f);
}

static const uint8_t other[300] = {0x02, 0x77};

static void insert_sorted(forge *f, uint8_t kind, size_t key_len, aether_bytes value) {
    uint8_t key[65536] = {kind, 0x77};
    forge_add(f, (aether_bytes){key, key_len}, value);
    forge_sort(f);
}

static void short_record(forge *f) {
    forge_set(f, 0, (aether_bytes){forge_value(f, 0).data, 16});
}

static void long_account_key(forge *f) {
    insert_sorted(f, 0x01, 34, (aether_bytes){other, 24});
}

static void storage_of_nobody(forge *f) {
    insert_sorted(f, 0x02, 40, (aether_bytes){other, 1});
}

static void storage_of_an_account(forge *f) {
    uint8_t key[34];
    size_t plain = 0;
    while (f->entries[plain].value_len != 24)
        plain++;
    memcpy(key, f->entries[plain].bytes, 33);
    key[0] = 0x02;
    key[33] = 'x';
    forge_add(f, (aether_bytes){key, sizeof key}, (aether_bytes){other, 1});
    forge_sort(f);
}

static void storage_without_a_key(forge *f) {
    uint8_t key[33];
    memcpy(key, f->entries[forge_find(f, 0x02)].bytes, sizeof key);
    forge_insert(f, forge_find(f, 0x02), (aether_bytes){key, sizeof key}, (aether_bytes){other, 1});
}

static void long_value(forge *f) {
    static const uint8_t bytes[65537];
    forge_set(f, forge_find(f, 0x02), (aether_bytes){bytes, sizeof bytes});
}

static void more_money(forge *f) {
    f->entries[0].bytes[33]++;
}

static void far_too_much_money(forge *f) {
    for (size_t i = 0; f->entries[i].bytes[0] == 0x01; i++)
        memset(f->entries[i].bytes + 33, 0xff, 16);
}

static void unknown_flag(forge *f) {
    size_t contract = 0;
    while (f->entries[contract].value_len != 121)
        contract++;
    f->entries[contract].bytes[33 + 88] |= 2;
}

static void code_of_another_hash(forge *f) {
    f->entries[forge_find(f, 0x10)].bytes[33 + 20] ^= 1;
}

static void code_of_another_length(forge *f) {
    f->entries[forge_find(f, 0x03)].bytes[33]++;
}

static void code_is_missing(forge *f) {
    forge_remove(f, forge_find(f, 0x10));
}

static void code_without_record(forge *f) {
    aether_hash hash;
    uint8_t key[33] = {0x10};
    aether_code_hash((aether_bytes){other, 9}, &hash);
    memcpy(key + 1, hash.bytes, sizeof hash);
    forge_add(f, (aether_bytes){key, sizeof key}, (aether_bytes){other, 9});
    forge_sort(f);
}

static void contract_without_code(forge *f) {
    forge_remove(f, forge_find(f, 0x03));
    forge_remove(f, forge_find(f, 0x10));
}

static void long_code_record(forge *f) {
    forge_set(f, forge_find(f, 0x03), (aether_bytes){other, 13});
}

static void parameters_are_missing(forge *f) {
    forge_remove(f, forge_find(f, 0x04));
}

static void other_parameters(forge *f) {
    insert_sorted(f, 0x04, 5, (aether_bytes){other, 1});
}

static void other_version(forge *f) {
    f->entries[forge_find(f, 0x04)].bytes[11]++;
}

static void other_chain_id(forge *f) {
    f->chain_id[0]++;
}

static void unprintable_chain_id(forge *f) {
    const size_t at = forge_find(f, 0x04);
    f->entries[at].bytes[f->entries[at].key_len + 70] = 7;
}

static void unknown_kind(forge *f) {
    insert_sorted(f, 0x05, 33, (aether_bytes){other, 1});
}

static void a_page(forge *f) {
    insert_sorted(f, 0x11, 2, (aether_bytes){other, 1});
}

static void a_head(forge *f) {
    insert_sorted(f, 0x14, 1, (aether_bytes){other, 48});
}

static void embedders_kind(forge *f) {
    insert_sorted(f, 0x80, 33, (aether_bytes){other, 1});
}

static void early_end_of_a_chunk(forge *f) {
    f->chunk_len = 200;
}

static void state_must_be_consistent(void) {
    static const struct {
        forge_change change;
        const char *text;
    } cases[] = {{short_record, "chunk 1: account record: 16 bytes"},
        {long_account_key, "chunk 1: account: a key of 34 bytes"},
        {storage_of_nobody, "4 storage keys, but contracts have 3"},
        {storage_of_an_account, "4 storage keys, but contracts have 3"},
        {storage_without_a_key, "chunk 1: storage: a key of 33 bytes"},
        {long_value, "chunk 1: storage: a value of 65537 bytes"},
        {more_money, "balances don't sum to the genesis' supply"},
        {far_too_much_money, "balances sum to more than 2^128 - 1"},
        {unknown_flag, "chunk 1: account record: flags 0x03"},
        {code_of_another_hash, "chunk 1: code: its bytes have another hash"},
        {code_of_another_length, "its record says"}, {code_is_missing, "is missing"},
        {code_without_record, "2 times code, but 1 records of it"},
        {contract_without_code, "its code was never uploaded"},
        {long_code_record, "chunk 1: code record: 13 bytes"},
        {parameters_are_missing, "the chain's parameters are missing"},
        {other_parameters, "chunk 1: parameters: a name that is not known"},
        {other_version, "chunk 1: chain: protocol version 2"},
        {other_chain_id, "its header names another chain than its parameters"},
        {unprintable_chain_id, "byte 0 of the chain id is not printable"},
        {unknown_kind, "kind 0x05, is no state\'s"}, {a_page, "kind 0x11, is no state\'s"},
        {a_head, "kind 0x14, is no state\'s"}, {embedders_kind, "kind 0x80, is no state\'s"},
        {early_end_of_a_chunk, "chunk 2: its first entry has room in the chunk before it"}};
    stream good = small_snapshot();
    target to;
    aether_chain_head head;
    forge f;
    forge_parse(&f, (aether_bytes){good.data, good.len}); // sealing by itself changes nothing
    forge_seal(&f);
    aether_buffer sealed = forge_print(&f);
    CHECK_BYTES(((aether_bytes){sealed.data, sealed.len}), ((aether_bytes){good.data, good.len}));
    ae_free(sealed.data);
    forge_clear(&f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse_change(&good, cases[i].change, cases[i].text);
    target_make(&to);
    CHECK_OK(import(&good, &to, &head));
    aether_memory_store_destroy(to.memory);
    ae_free(good.data);
}

static void storage_must_lead_to_its_record(void) {
    stream good = small_snapshot();
    forge f;
    forge_parse(&f, (aether_bytes){good.data, good.len});
    const size_t at = forge_find(&f, 0x02);
    f.entries[at].bytes[f.entries[at].key_len] ^= 1;
    refuse_forged(&f, "its keys lead to another root than its record has");
    forge_clear(&f);
    forge_parse(&f, (aether_bytes){good.data, good.len});
    f.root.bytes[5] ^= 1;
    refuse_forged(&f, "its state leads to another root than it says");
    forge_clear(&f);
    ae_free(good.data);
}

static void only_the_trusted_root_is_taken(void) {
    stream out = small_snapshot();
    target to;
    aether_chain_head head;
    aether_hash root;
    memcpy(root.bytes, out.data + 36, sizeof root);
    root.bytes[31] ^= 1;
    target_make(&to);
    CHECK_STATUS(
        aether_snapshot_read(&root, stream_read, &out, &to.store, target_apply, &to, &head, &err),
        AETHER_INVALID_SNAPSHOT);
    CHECK(strstr(err.message, "another root than the trusted one") != NULL);
    CHECK_U64(to.calls, 0);
    aether_memory_store_destroy(to.memory);
    ae_free(out.data);
}

/* A state made by hand: plain accounts, and a contract with many keys. */

typedef struct large {
    forge f;
    uint8_t contract[33];
} large;

static void large_start(large *self) {
    stream small = small_snapshot();
    forge_parse(&self->f, (aether_bytes){small.data, small.len});
    size_t contract = 0;
    while (self->f.entries[contract].value_len != 121)
        contract++;
    memcpy(self->contract, self->f.entries[contract].bytes, 33);
    self->contract[0] = 0x02;
    for (size_t i = self->f.count; i-- > 0;)
        if (self->f.entries[i].bytes[0] == 0x02)
            forge_remove(&self->f, i);
    ae_free(small.data);
}

static void large_add_storage(large *self, uint64_t number, aether_bytes value) {
    uint8_t key[33 + 32];
    memcpy(key, self->contract, 33);
    memset(key + 33, 0, 32);
    for (int i = 0; i < 8; i++)
        key[33 + i] = (uint8_t)(number >> (56 - 8 * i));
    forge_add(&self->f, (aether_bytes){key, sizeof key}, value);
}

static stream large_end(large *self) {
    forge_sort(&self->f);
    forge_seal(&self->f);
    const aether_buffer bytes = forge_print(&self->f);
    forge_clear(&self->f);
    return (stream){.data = bytes.data, .len = bytes.len};
}

static void check_round_trip(stream *bytes, target *to) {
    aether_chain_head head;
    aether_check_report report;
    target_make(to);
    CHECK_OK(import(bytes, to, &head));
    CHECK(to->batch_len_max <= 8 << 20);
    CHECK_OK(aether_chain_check(&to->store, NULL, NULL, &report, &err));
    stream again = export_store(&to->store);
    check_same_bytes(bytes, &again);
    ae_free(again.data);
}

static void large_state_comes_back(void) {
    enum { COUNT = 20000 };
    large self;
    target to;
    uint64_t random = test_seed();
    large_start(&self);
    for (uint64_t i = 0; i < COUNT; i++) {
        uint8_t key[33] = {0x01}, record[24] = {0}, value[100];
        for (size_t at = 1; at + 8 <= sizeof key; at += 8)
            ae_put_u64_le(key + at, test_random(&random));
        ae_put_u64_le(record + 16, i);
        forge_add(&self.f, (aether_bytes){key, 33}, (aether_bytes){record, sizeof record});
        memset(value, (int)(i & 0xff), sizeof value);
        large_add_storage(
            &self, test_random(&random), (aether_bytes){value, test_random(&random) % 100});
    }
    stream bytes = large_end(&self);
    check_round_trip(&bytes, &to);
    aether_memory_store_destroy(to.memory);
    ae_free(bytes.data);
}

static size_t chunk_len(const stream *bytes, int number) {
    const uint8_t *at = bytes->data + 69 + bytes->data[68];
    for (; number > 0; number--)
        at += 36 + ae_get_u32_le(at);
    return ae_get_u32_le(at);
}

// Bytes of entries that fill the first chunk to the last byte, or leave one byte too little for the next.
static void chunk_ends_exactly_at_4_mib(void) {
    static const uint8_t value[65536] = {1};
    for (int excess = -1; excess <= 1; excess++) {
        large self;
        target to;
        size_t len = 0;
        large_start(&self);
        for (size_t i = 0; self.f.entries[i].bytes[0] == 0x01; i++)
            len += 6 + self.f.entries[i].key_len + self.f.entries[i].value_len;
        uint64_t number = 0;
        const size_t entry = 6 + 33 + 32;
        for (; len + 2 * (entry + sizeof value) <= 4 << 20; len += entry + sizeof value)
            large_add_storage(&self, number++, (aether_bytes){value, sizeof value});
        const size_t half = ((4 << 20) - len) / 2 - entry;
        large_add_storage(&self, number++, (aether_bytes){value, half});
        len += entry + half;
        const size_t rest = (size_t)((4 << 20) + excess) - len - entry;
        CHECK(rest <= sizeof value);
        large_add_storage(&self, number++, (aether_bytes){value, rest});
        large_add_storage(&self, number++, (aether_bytes){value, 1000});
        stream bytes = large_end(&self);
        const size_t expected = excess > 0 ? len : (size_t)((4 << 20) + excess);
        CHECK_U64(chunk_len(&bytes, 0), expected);
        check_round_trip(&bytes, &to);
        aether_memory_store_destroy(to.memory);
        ae_free(bytes.data);
    }
}

// A snapshot of three chunks: chunks exchanged, doubled and left out, with the end's hash as it was and made anew.
static void chunks_stay_in_their_places(void) {
    static const uint8_t value[65536] = {1};
    large self;
    large_start(&self);
    for (uint64_t i = 0; i < 150; i++)
        large_add_storage(&self, i, (aether_bytes){value, sizeof value});
    stream bytes = large_end(&self);
    const size_t start = 69 + (size_t)bytes.data[68];
    const size_t a = 36 + chunk_len(&bytes, 0), b = 36 + chunk_len(&bytes, 1),
                 c = 36 + chunk_len(&bytes, 2);
    uint8_t *changed = ae_alloc(1, bytes.len + a);
    CHECK(changed != NULL);
    CHECK_U64(start + a + b + c + 52, bytes.len);
    const uint8_t *from = bytes.data + start;
    memcpy(changed, bytes.data, start);
    uint8_t *to = changed + start;
    memcpy(to, from + a, b);
    memcpy(to + b, from, a);
    memcpy(to + a + b, from + a + b, c + 52);
    refuse((aether_bytes){changed, bytes.len}, "chunk 2: ");
    memcpy(to, from, a);
    memcpy(to + a, from, a);
    memcpy(to + 2 * a, from + a, b + c + 52);
    refuse((aether_bytes){changed, bytes.len + a}, "chunk 2: ");
    memcpy(to + a, from + a + b, c + 52);
    refuse((aether_bytes){changed, bytes.len - b}, "chunks with");
    memcpy(to, from + a, b + c + 52);
    refuse((aether_bytes){changed, bytes.len - a}, "chunks with");
    memcpy(to, from, a + b);
    memcpy(to + a + b, from + a + b + c, 52);
    refuse((aether_bytes){changed, bytes.len - c}, "chunks with");
    ae_free(changed);
    ae_free(bytes.data);
}

static void export_ends_where_writing_fails(void) {
    world w;
    aether_address contracts[2];
    world_start(&w, NULL);
    keeper_deploy(&w, contracts);
    uint64_t fail_at = 1;
    for (;; fail_at++) {
        stream out = {.fail_at = fail_at};
        const aether_status status = aether_snapshot_write(&w.store, stream_write, &out, &err);
        ae_free(out.data);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_STORAGE_FAILED);
        CHECK_TEXT(err.message, "snapshot: write failed without a message");
        CHECK_U64(out.calls, fail_at);
    }
    CHECK_U64(fail_at, 4); // header, chunk, end
    world_end(&w);
}

static void import_ends_where_a_callback_fails(void) {
    stream in = small_snapshot();
    aether_chain_head head;
    for (uint64_t which = 0; which < 2; which++) {
        uint64_t fail_at = 1;
        for (;; fail_at++) {
            target to;
            target_make(&to);
            in.calls = 0;
            in.fail_at = which == 0 ? fail_at : 0;
            to.fail_at = which == 1 ? fail_at : 0;
            const aether_status status = import(&in, &to, &head);
            CHECK(holds_chain(&to.store) == (status == AETHER_OK));
            aether_memory_store_destroy(to.memory);
            if (status == AETHER_OK)
                break;
            CHECK_U64(status, AETHER_STORAGE_FAILED);
            CHECK_TEXT(err.message, which == 0 ? "snapshot: read failed without a message"
                                               : "snapshot: apply failed without a message");
        }
        CHECK_U64(fail_at, which == 0 ? 9 : 4); // for apply: chunk, pages, head
    }
    ae_free(in.data);
}

static void failing_store_is_a_fault(void) {
    stream in = small_snapshot();
    aether_chain_head head;
    uint64_t reads = 0, writes = 0;
    for (aether_status status = AETHER_STORAGE_FAILED; status != AETHER_OK;) {
        target to;
        target_make(&to);
        failing store = {.inner = to.store, .fail_at = ++reads};
        to.store = failing_interface(&store);
        status = import(&in, &to, &head);
        CHECK(status == AETHER_OK || status == AETHER_STORAGE_FAILED);
        CHECK(holds_chain(&store.inner) == (status == AETHER_OK));
        for (aether_status w = AETHER_STORAGE_FAILED; status == AETHER_OK && w != AETHER_OK;) {
            stream out = {0};
            store.calls = 0;
            store.fail_at = ++writes;
            w = aether_snapshot_write(&to.store, stream_write, &out, &err);
            CHECK(w == AETHER_OK || w == AETHER_STORAGE_FAILED);
            ae_free(out.data);
        }
        aether_memory_store_destroy(to.memory);
    }
    CHECK(reads > 20 && writes > 20);
    ae_free(in.data);
}

static void each_failing_allocation_is_a_fault(void) {
    stream in = small_snapshot();
    aether_chain_head head;
    target to;
    uint64_t n = 0;
    for (aether_status status = AETHER_OUT_OF_MEMORY; status != AETHER_OK; n++) {
        target_make(&to);
        ae_alloc_fail_after(n);
        status = import(&in, &to, &head);
        ae_alloc_fail_after(UINT64_MAX);
        CHECK(status == AETHER_OK || status == AETHER_OUT_OF_MEMORY);
        CHECK(holds_chain(&to.store) == (status == AETHER_OK));
        if (status != AETHER_OK)
            aether_memory_store_destroy(to.memory);
    }
    CHECK(n > 10);
    stream out = {0};
    ae_alloc_fail_after(0);
    const aether_status status = aether_snapshot_write(&to.store, stream_write, &out, &err);
    ae_alloc_fail_after(UINT64_MAX);
    CHECK_U64(status, AETHER_OUT_OF_MEMORY);
    aether_memory_store_destroy(to.memory);
    ae_free(in.data);
}

static void store_must_be_empty(void) {
    stream in = small_snapshot();
    aether_chain_head head;
    for (int kind = 0x01; kind <= 0xff; kind++) {
        target to;
        target_make(&to);
        const uint8_t key[2] = {(uint8_t)kind};
        const aether_change change = {.key = {key, 2}, .value = {key, 2}};
        CHECK_OK(aether_memory_store_apply(to.memory, &change, 1, &err));
        const aether_status status = import(&in, &to, &head);
        CHECK_U64(status, kind < 0x80 ? AETHER_WRONG_STATE : AETHER_OK);
        CHECK(holds_chain(&to.store) == (status == AETHER_OK));
        aether_memory_store_destroy(to.memory);
    }
    target to;
    target_make(&to);
    stream out = {0};
    CHECK_STATUS(aether_snapshot_write(&to.store, stream_write, &out, &err), AETHER_WRONG_STATE);
    CHECK_U64(out.calls, 0);
    aether_memory_store_destroy(to.memory);
    ae_free(in.data);
}

TEST_MAIN(TEST(state_comes_back_to_the_byte) TEST(database_takes_a_snapshot)
        TEST(restored_chain_goes_on) TEST(bytes_are_the_same_whatever_the_history)
            TEST(every_flipped_bit_is_refused) TEST(every_truncation_is_refused)
                TEST(bytes_may_come_one_at_a_time) TEST(lengths_are_checked_before_memory_is_taken)
                    TEST(chunk_lengths_inside_entries_are_checked) TEST(every_entry_matters)
                        TEST(state_must_be_consistent) TEST(storage_must_lead_to_its_record)
                            TEST(only_the_trusted_root_is_taken) TEST(large_state_comes_back)
                                TEST(chunk_ends_exactly_at_4_mib) TEST(chunks_stay_in_their_places)
                                    TEST(export_ends_where_writing_fails)
                                        TEST(import_ends_where_a_callback_fails)
                                            TEST(failing_store_is_a_fault)
                                                TEST(each_failing_allocation_is_a_fault)
                                                    TEST(store_must_be_empty))
