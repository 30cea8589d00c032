#define _XOPEN_SOURCE 700 // nftw

#include "ledger.h"

#include "crypto/hash.h"
#include "host/host.h"
#include "ledger/chain.h"
#include "ledger/commitment.h"
#include "wasm/module.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GAS_LIMIT 20000000
#define UPLOAD_GAS_LIMIT ((uint64_t)1 << 40)
#define CHAIN_ID "bench"

enum { SLICE = 100000 }; // changes that are applied at once

static aether_error err;

uint64_t bench_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t bench_wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool bench_folder_make(char *path, size_t capacity) {
    snprintf(path, capacity, "/tmp/aether_bench_XXXXXX");
    return mkdtemp(path) != NULL || bench_fail("%s: no temporary folder", path);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

void bench_folder_remove(const char *path) {
    if (path[0] != '\0')
        nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static bool apply(bench_ledger *self, const aether_change *changes, size_t count) {
    for (size_t at = 0; at < count; at += SLICE)
        if (!bench_ok(aether_database_apply(self->database, changes + at,
                          count - at < SLICE ? count - at : SLICE, &err),
                "apply", &err))
            return false;
    return true;
}

static bool make_accounts(bench_ledger *self) {
    self->sender_count =
        self->account_count < BENCH_SENDERS_MAX ? self->account_count : BENCH_SENDERS_MAX;
    self->addresses = calloc(self->account_count, sizeof *self->addresses);
    self->secrets = calloc(self->sender_count, sizeof *self->secrets);
    self->nonces = calloc(self->sender_count, sizeof *self->nonces);
    if (self->addresses == NULL || self->secrets == NULL || self->nonces == NULL)
        return bench_fail("ledger: no memory");
    for (size_t i = 0; i < self->account_count; i++) {
        aether_hash hash;
        ae_sha256(ae_bytes(&i, sizeof i), &hash);
        memcpy(self->addresses[i].bytes, hash.bytes, AETHER_ADDRESS_LEN);
        if (i >= self->sender_count)
            continue;
        aether_public_key key;
        memcpy(self->secrets[i], hash.bytes, AETHER_SECRET_KEY_LEN);
        if (!bench_ok(
                aether_key_public(AETHER_KEY_ED25519, self->secrets[i], &key, &err), "key", &err) ||
            !bench_ok(aether_account_address(&key, &self->addresses[i], &err), "address", &err))
            return false;
    }
    return true;
}

static bool make_genesis(bench_ledger *self) {
    aether_genesis_account *accounts = calloc(self->account_count, sizeof *accounts);
    if (accounts == NULL)
        return bench_fail("ledger: no memory");
    for (size_t i = 0; i < self->account_count; i++)
        accounts[i] = (aether_genesis_account){self->addresses[i], {.low = (uint64_t)1 << 40}};
    for (size_t i = 0; i < self->sender_count; i++)
        accounts[i].balance.low = (uint64_t)1 << 50;
    const aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = ae_bytes_of(CHAIN_ID),
        .time = 1700000000,
        .parameters = {.struct_size = sizeof genesis.parameters,
            .protocol_version = AETHER_PROTOCOL_VERSION,
            .block_gas_max = (uint64_t)1 << 50,
            .block_len_max = (uint32_t)64 << 20,
            .fee_address = {.bytes = {1}}},
        .accounts = accounts,
        .account_count = self->account_count};
    aether_batch batch = {0};
    const bool ok = bench_ok(aether_genesis_changes(&genesis, &batch, &err), "genesis", &err) &&
                    apply(self, batch.changes, batch.count);
    aether_batch_destroy(&batch);
    free(accounts);
    return ok;
}

bool bench_file_len(const bench_ledger *self, uint64_t *out_len) {
    aether_database_info info;
    if (!bench_ok(aether_database_get_info(self->database, &info, &err), "database", &err))
        return false;
    *out_len = info.file_len;
    return true;
}

bool bench_ledger_init(bench_ledger *self, size_t account_count) {
    *self = (bench_ledger){.account_count = account_count};
    if (!bench_folder_make(self->path, sizeof self->path) ||
        !bench_ok(aether_engine_create(NULL, &self->engine, &err), "engine", &err) ||
        !bench_ok(aether_database_open(self->path, NULL, &self->database, &err), "database", &err))
        return false;
    self->store = aether_database_store(self->database);
    return make_accounts(self) && make_genesis(self) &&
           bench_ok(aether_chain_open(self->engine, &self->store, NULL, &self->chain, &err),
               "chain", &err) &&
           bench_file_len(self, &self->genesis_file_len);
}

void bench_ledger_deinit(bench_ledger *self) {
    aether_chain_close(self->chain);
    aether_database_close(self->database);
    aether_engine_destroy(self->engine);
    free(self->addresses);
    free(self->secrets);
    free(self->nonces);
    bench_folder_remove(self->path);
    *self = (bench_ledger){0};
}

static bool make_update(
    bench_ledger *self, bench_update *update, ae_arena *arena, ae_journal *journal) {
    ae_commitment commitment = {.store = &self->store,
        .journal = journal,
        .before = self->chain->head,
        .after = {.height = self->chain->head.height + 1, .time = self->chain->head.time},
        .has_undo = update->has_undo,
        .undo_blocks_max = 10,
        .arena = arena};
    const aether_change *changes = NULL;
    const uint64_t wall = bench_wall_ns(), start = bench_now_ns();
    if (!bench_ok(
            ae_commitment_make(&commitment, &changes, &update->batch_count, &err), "update", &err))
        return false;
    const uint64_t made = bench_now_ns();
    const bool ok = apply(self, changes, update->batch_count);
    update->make_ns = (double)(made - start);
    update->apply_ns = (double)(bench_now_ns() - made);
    update->wall_ns = (double)(bench_wall_ns() - wall);
    return ok && bench_ok(aether_chain_reopen(self->chain, &err), "chain", &err);
}

bool bench_ledger_update(bench_ledger *self, bench_update *update) {
    ae_arena arena;
    ae_journal *journal = NULL;
    ae_arena_init(&arena, (size_t)256 << 10, (size_t)16 << 30);
    const bool ok =
        bench_ok(ae_journal_create(&arena, &self->store, &journal, &err), "journal", &err) &&
        update->write(update->user, journal) && make_update(self, update, &arena, journal);
    ae_arena_deinit(&arena);
    return ok;
}

bool bench_ledger_sign(
    bench_ledger *self, size_t sender, const aether_transaction *fields, aether_buffer *out_bytes) {
    aether_transaction transaction = *fields;
    transaction.struct_size = sizeof transaction;
    transaction.chain_id = ae_bytes_of(CHAIN_ID);
    transaction.nonce = self->nonces[sender]++;
    transaction.gas_limit =
        fields->kind == AETHER_TRANSACTION_UPLOAD ? UPLOAD_GAS_LIMIT : GAS_LIMIT;
    transaction.gas_price = 1;
    return bench_ok(aether_transaction_encode(
                        &transaction, AETHER_KEY_ED25519, self->secrets[sender], out_bytes, &err),
        "transaction", &err);
}

static bool execute(aether_block *block, const aether_buffer *bytes, aether_address *out_contract) {
    aether_receipt receipt;
    if (!bench_ok(aether_block_execute(block, ae_bytes(bytes->data, bytes->len), &receipt, &err),
            "transaction", &err))
        return false;
    const bool ok = receipt.outcome == AETHER_RECEIPT_SUCCESS ||
                    bench_fail("transaction: outcome %d, code %d, reason %d: %s",
                        (int)receipt.outcome, receipt.code, (int)receipt.reason, receipt.message);
    *out_contract = receipt.contract;
    aether_receipt_destroy(&receipt);
    return ok;
}

static bool run_block(bench_ledger *self, aether_block *block, const aether_buffer *transactions,
    size_t count, bench_stages *to) {
    aether_block_result result;
    aether_address contract = {0};
    const uint64_t start = bench_now_ns();
    for (size_t i = 0; i < count; i++)
        if (!execute(block, &transactions[i], &contract))
            return false;
    const uint64_t executed = bench_now_ns();
    if (!bench_ok(aether_block_end(block, &result, &err), "block", &err))
        return false;
    const uint64_t ended = bench_now_ns(), wall = bench_wall_ns();
    if (!apply(self, result.batch.changes, result.batch.count))
        return false;
    to->apply_wall += (double)(bench_wall_ns() - wall);
    to->execute_cpu += (double)(executed - start);
    to->end_cpu += (double)(ended - executed);
    to->apply_cpu += (double)(bench_now_ns() - ended);
    to->gas += result.gas_used;
    to->count += count;
    to->contract = contract;
    return true;
}

bool bench_ledger_block(
    bench_ledger *self, const aether_buffer *transactions, size_t count, bench_stages *to) {
    aether_chain_head head;
    aether_block *block = NULL;
    aether_chain_get_head(self->chain, &head);
    const aether_block_header header = {.height = head.height + 1, .time = head.time + 1};
    const uint64_t wall = bench_wall_ns();
    if (!bench_ok(aether_block_begin(self->chain, &header, &block, &err), "block", &err))
        return false;
    if (!run_block(self, block, transactions, count, to)) {
        aether_block_revert(block);
        return false;
    }
    aether_block_commit(block);
    to->wall += (double)(bench_wall_ns() - wall);
    return true;
}

// A block of one transaction of the first sender.
static bool seal(bench_ledger *self, const aether_transaction *fields) {
    aether_buffer bytes = {0};
    bench_stages stages = {0};
    const bool ok =
        bench_ledger_sign(self, 0, fields, &bytes) && bench_ledger_block(self, &bytes, 1, &stages);
    aether_buffer_destroy(&bytes);
    self->token = stages.contract;
    return ok;
}

static bool write_balances(void *user, ae_journal *journal) {
    const bench_ledger *self = user;
    uint8_t key[1 + 32] = {'b'};
    const uint64_t amount[2] = {(uint64_t)1 << 40};
    for (size_t i = 0; i < self->account_count; i++) {
        ae_store_key at;
        memcpy(key + 1, self->addresses[i].bytes, AETHER_ADDRESS_LEN);
        ae_storage_key_init(&at, &self->token, ae_bytes(key, sizeof key));
        if (!bench_ok(ae_journal_write(
                          journal, ae_store_key_bytes(&at), ae_bytes(amount, sizeof amount), &err),
                "balance", &err))
            return false;
    }
    return true;
}

bool bench_module_strip(aether_bytes file, aether_bytes *out) {
    ae_module module;
    if (!bench_ok(ae_module_decode(file, ae_host_import_rules(), &module, &err), "module", &err))
        return false;
    uint8_t *bytes = malloc(file.len);
    if (bytes != NULL)
        *out = ae_bytes(bytes, ae_module_strip(&module, bytes));
    ae_module_deinit(&module);
    return bytes != NULL || bench_fail("module: no memory");
}

static bool upload_and_deploy(bench_ledger *self, aether_bytes code) {
    static const uint8_t supply[16] = {[8] = 1};
    const aether_transaction upload = {.kind = AETHER_TRANSACTION_UPLOAD, .code = code};
    aether_transaction deploy = {
        .kind = AETHER_TRANSACTION_DEPLOY, .input = ae_bytes(supply, sizeof supply)};
    aether_code_hash(code, &deploy.code_hash);
    return seal(self, &upload) && seal(self, &deploy);
}

bool bench_ledger_add_token(bench_ledger *self, const char *folder) {
    const aether_bytes file = bench_read_file(folder, "contracts/token.wasm");
    aether_bytes code = {0};
    bench_update update = {.write = write_balances, .user = self};
    const bool ok =
        file.data != NULL && bench_module_strip(file, &code) && upload_and_deploy(self, code);
    free((void *)(uintptr_t)code.data);
    free((void *)(uintptr_t)file.data);
    return ok && bench_ledger_update(self, &update);
}
