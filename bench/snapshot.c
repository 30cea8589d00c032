// Snapshots and the check of a whole state: 50,000 accounts, and one contract with 50,000 keys of 32 bytes and values
// of 32, in the memory store; for each key of the two.
#include "base/arena.h"
#include "ledger/record.h"
#include "measure.h"
#include "state/tree.h"

#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS = 50000, STORED = 50000, KEYS = ACCOUNTS + STORED, ROUNDS = 5 };

typedef struct snapshots {
    aether_memory_store *memory;
    aether_store store;
    uint8_t *bytes; // of the snapshot
    size_t len;
    size_t capacity;
    size_t at;
} snapshots;

static void put_number(uint8_t *out, uint64_t number) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (8 * i));
}

// A genesis with accounts, one of which becomes a contract that has code and storage.
typedef struct filler {
    ae_arena arena;
    ae_arena scratch;
    ae_change_list changes;
    ae_leaf *leaves;
} filler;

static bool add(filler *f, aether_bytes key, aether_bytes value, aether_error *err) {
    uint8_t *copy = ae_arena_alloc(&f->arena, key.len + value.len, 1);
    if (copy == NULL)
        return bench_fail("no memory for a state");
    memcpy(copy, key.data, key.len);
    memcpy(copy + key.len, value.data, value.len);
    return bench_ok(ae_change_list_add(&f->changes,
                        (aether_change){.key = {.data = copy, .len = key.len},
                            .value = {.data = copy + key.len, .len = value.len}},
                        err),
        "state", err);
}

static const aether_address contract = {.bytes = {0xee}};
static const uint8_t code[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

static bool add_storage(filler *f, aether_hash *out_root, aether_error *err) {
    for (uint64_t i = 0; i < STORED; i++) {
        uint8_t key[65] = {0}, value[32] = {0};
        put_number(key + 33, i * 0x9e3779b97f4a7c15u);
        put_number(value, i);
        const aether_bytes name = {.data = key + 33, .len = 32},
                           stored = {.data = value, .len = 32};
        ae_leaf_init(&f->leaves[i], name, stored);
        const size_t len = aether_storage_key_encode(&contract, name, key);
        if (!add(f, (aether_bytes){.data = key, .len = len}, stored, err))
            return false;
    }
    return bench_ok(
        ae_tree_build(&contract, f->leaves, STORED, &f->scratch, &f->changes, out_root, err),
        "tree", err);
}

// The records of the contract and its code, as leaves of the application tree too.
static bool add_contract(filler *f, size_t *leaf_count, aether_error *err) {
    aether_account account = {.is_contract = true};
    const ae_code_record code_record = {.len = sizeof code};
    const aether_bytes code_bytes = {.data = code, .len = sizeof code};
    ae_store_key key;
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN];
    if (!add_storage(f, &account.storage_root, err))
        return false;
    aether_code_hash(code_bytes, &account.code_hash);
    ae_account_key_init(&key, &contract);
    aether_bytes value = {.data = record, .len = aether_account_encode(&account, record)};
    ae_leaf_init(&f->leaves[(*leaf_count)++], ae_store_key_bytes(&key), value);
    if (!add(f, ae_store_key_bytes(&key), value, err))
        return false;
    ae_code_record_key_init(&key, &account.code_hash);
    ae_code_record_encode(&code_record, record);
    value.len = AE_CODE_RECORD_LEN;
    ae_leaf_init(&f->leaves[(*leaf_count)++], ae_store_key_bytes(&key), value);
    if (!add(f, ae_store_key_bytes(&key), value, err))
        return false;
    ae_code_key_init(&key, &account.code_hash);
    return add(f, ae_store_key_bytes(&key), code_bytes, err);
}

static bool add_accounts(filler *f, size_t *leaf_count, aether_error *err) {
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        aether_address address = {0};
        const aether_account account = {.nonce = i};
        uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN];
        ae_store_key key;
        put_number(address.bytes, i * 0x9e3779b97f4a7c15u);
        ae_account_key_init(&key, &address);
        const aether_bytes value = {.data = record, .len = aether_account_encode(&account, record)};
        ae_leaf_init(&f->leaves[(*leaf_count)++], ae_store_key_bytes(&key), value);
        if (!add(f, ae_store_key_bytes(&key), value, err))
            return false;
    }
    return true;
}

static bool add_chain(filler *f, size_t *leaf_count, aether_error *err) {
    const ae_constitution constitution = {
        .parameters = {.protocol_version = AETHER_PROTOCOL_VERSION},
        .chain_id = "bench",
        .chain_id_len = 5};
    ae_head head = {.height = 1};
    ae_store_key key;
    uint8_t bytes[AE_PARAMETERS_LEN_MAX];
    ae_parameters_key_init(&key);
    aether_bytes value = {.data = bytes, .len = ae_constitution_encode(&constitution, bytes)};
    ae_leaf_init(&f->leaves[(*leaf_count)++], ae_store_key_bytes(&key), value);
    if (!add(f, ae_store_key_bytes(&key), value, err) ||
        !bench_ok(
            ae_tree_build(NULL, f->leaves, *leaf_count, &f->scratch, &f->changes, &head.root, err),
            "tree", err))
        return false;
    ae_head_key_init(&key);
    ae_head_encode(&head, bytes);
    value.len = AE_HEAD_LEN;
    return add(f, ae_store_key_bytes(&key), value, err);
}

static bool fill(snapshots *self, aether_error *err) {
    filler f = {.leaves = calloc(KEYS + 3, sizeof *f.leaves)};
    const aether_change *changes = NULL;
    size_t count = 0, leaf_count = 0;
    ae_arena_init(&f.arena, (size_t)1 << 20, (size_t)1 << 30);
    ae_arena_init(&f.scratch, (size_t)1 << 20, (size_t)1 << 30);
    ae_change_list_init(&f.changes, &f.arena);
    const bool ok =
        f.leaves != NULL && add_contract(&f, &leaf_count, err) &&
        add_accounts(&f, &leaf_count, err) && add_chain(&f, &leaf_count, err) &&
        bench_ok(ae_change_list_flatten(&f.changes, &changes, &count, err), "state", err) &&
        bench_ok(aether_memory_store_apply(self->memory, changes, count, err), "apply", err);
    ae_arena_deinit(&f.arena);
    ae_arena_deinit(&f.scratch);
    free(f.leaves);
    return ok;
}

static aether_status take(void *user, aether_bytes bytes, aether_error *err) {
    snapshots *self = user;
    (void)err;
    if (bytes.len > self->capacity - self->len)
        return AETHER_OUT_OF_MEMORY;
    memcpy(self->bytes + self->len, bytes.data, bytes.len);
    self->len += bytes.len;
    return AETHER_OK;
}

static aether_status give(
    void *user, uint8_t *out, size_t len, size_t *out_len, aether_error *err) {
    snapshots *self = user;
    (void)err;
    *out_len = self->len - self->at < len ? self->len - self->at : len;
    memcpy(out, self->bytes + self->at, *out_len);
    self->at += *out_len;
    return AETHER_OK;
}

static aether_status apply(
    void *user, const aether_change *changes, size_t count, aether_error *err) {
    return aether_memory_store_apply(user, changes, count, err);
}

static bool run_write(void *data) {
    snapshots *self = data;
    aether_error err;
    self->len = 0;
    return bench_ok(aether_snapshot_write(&self->store, take, self, &err), "write", &err);
}

static bool run_read(void *data) {
    snapshots *self = data;
    aether_error err;
    aether_memory_store *memory = NULL;
    aether_chain_head head;
    if (!bench_ok(aether_memory_store_create(&memory, &err), "memory store", &err))
        return false;
    const aether_store store = aether_memory_store_interface(memory);
    self->at = 0;
    const bool ok = bench_ok(
        aether_snapshot_read(NULL, give, self, &store, apply, memory, &head, &err), "read", &err);
    aether_memory_store_destroy(memory);
    return ok;
}

static bool run_check(void *data) {
    const snapshots *self = data;
    aether_error err;
    aether_check_report report;
    return bench_ok(aether_chain_check(&self->store, NULL, NULL, &report, &err), "check", &err);
}

static bool measure(const bench *asked, snapshots *self) {
    bench_piece pieces[] = {{.run = run_write, .data = self}, {.run = run_read, .data = self},
        {.run = run_check, .data = self}};
    static const char *const lines[] = {
        "snapshot_write_per_key", "snapshot_read_per_key", "check_per_key"};
    for (size_t i = 0; i < 3; i++) {
        if (!bench_rounds(&pieces[i], 1, ROUNDS))
            return false;
        bench_print(
            asked, lines[i], bench_median(pieces[i].ns, ROUNDS) * 1e-3 / KEYS, "us", ROUNDS);
    }
    bench_print(asked, "snapshot_bytes_per_key", (double)self->len / KEYS, "bytes", 1);
    return true;
}

static bool run(const bench *asked) {
    snapshots self = {.capacity = (size_t)64 << 20};
    aether_error err;
    self.bytes = malloc(self.capacity);
    bool ok = self.bytes != NULL &&
              bench_ok(aether_memory_store_create(&self.memory, &err), "memory store", &err);
    if (ok) {
        self.store = aether_memory_store_interface(self.memory);
        ok = fill(&self, &err) && measure(asked, &self);
    }
    aether_memory_store_destroy(self.memory);
    free(self.bytes);
    return ok;
}

static const char *const names[] = {"snapshot_write_per_key", "snapshot_read_per_key",
    "check_per_key", "snapshot_bytes_per_key", NULL};

const bench_group bench_snapshot = {.names = names, .run = run};
