// Transfers through the whole path, on one thread: decode, check the signature, execute, root, durable commit; of a
// token in Wasm and of the chain's own amount. Senders have signed before. What a stage takes is CPU time for each
// transfer; decoding and signatures are measured apart, and what is left of executing is `execute`.
#include "contract.h"
#include "ledger.h"

#include "ledger/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 5000, BLOCKS = 4, CALLS = 20000, ROUNDS = 7, SMALL_BLOCKS = 200, HOLDERS = 1024 };

typedef struct transfers {
    const bench *asked;
    const char *name; /* of the lines */
    bench_ledger ledger;
    aether_transaction_kind kind;
    aether_buffer bytes[BLOCK];
    size_t next_sender;
    uint64_t random;
} transfers;

static void forget(transfers *self) {
    for (size_t i = 0; i < BLOCK; i++)
        aether_buffer_destroy(&self->bytes[i]);
}

static bool sign(transfers *self, size_t count) {
    forget(self);
    for (size_t i = 0; i < count; i++) {
        const bench_ledger *ledger = &self->ledger;
        const aether_address *to =
            &ledger->addresses[bench_random(&self->random) % ledger->account_count];
        uint8_t input[1 + 32 + 16] = {1};
        aether_transaction fields = {.kind = self->kind, .to = *to, .value = {.low = 1}};
        if (self->kind == AETHER_TRANSACTION_CALL) {
            memcpy(input + 1, to->bytes, sizeof to->bytes);
            input[33] = 1;
            fields.to = ledger->token;
            fields.value.low = 0;
            fields.input = ae_bytes(input, sizeof input);
        }
        const size_t sender = self->next_sender++ % ledger->sender_count;
        if (!bench_ledger_sign(&self->ledger, sender, &fields, &self->bytes[i]))
            return false;
    }
    return true;
}

// Decoding and signatures alone, of the transactions of one block.
static bool measure_reading(const transfers *self, double *out_decode, double *out_signature) {
    ae_arena arena;
    bool ok = true;
    *out_decode = *out_signature = 0;
    ae_arena_init(&arena, (size_t)256 << 10, (size_t)1 << 30);
    for (size_t i = 0; i < BLOCK && ok; i++) {
        ae_signed_transaction transaction;
        aether_error err;
        const uint64_t start = bench_now_ns();
        ok = bench_ok(ae_transaction_read(ae_bytes(self->bytes[i].data, self->bytes[i].len), &arena,
                          &transaction, &err),
            "decode", &err);
        const uint64_t decoded = bench_now_ns();
        ok = ok && ae_transaction_is_signed(&transaction);
        *out_decode += (double)(decoded - start) / BLOCK;
        *out_signature += (double)(bench_now_ns() - decoded) / BLOCK;
        ae_arena_reset(&arena);
    }
    ae_arena_deinit(&arena);
    return ok;
}

static void print(const transfers *self, const char *suffix, double value, const char *unit) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", self->name, suffix);
    bench_print(self->asked, name, value, unit, BLOCK * BLOCKS);
}

static bool measure_blocks(transfers *self) {
    bench_stages sum = {0}, warm = {0};
    double decode = 0, signature = 0;
    for (int i = 0; i <= BLOCKS; i++)
        if (!sign(self, BLOCK) ||
            !bench_ledger_block(&self->ledger, self->bytes, BLOCK, i == 0 ? &warm : &sum))
            return false;
    if (!measure_reading(self, &decode, &signature))
        return false;
    const double count = (double)sum.count;
    const double cpu = sum.execute_cpu + sum.end_cpu + sum.apply_cpu;
    print(self, "", count * 1e9 / sum.wall, "transfers/s");
    print(self, "_cpu", count * 1e9 / cpu, "transfers/s");
    print(self, "_decode", decode / 1000, "us");
    print(self, "_signature", signature / 1000, "us");
    print(self, "_execute", (sum.execute_cpu / count - decode - signature) / 1000, "us");
    print(self, "_root", sum.end_cpu / count / 1000, "us");
    print(self, "_commit", sum.apply_cpu / count / 1000, "us");
    print(self, "_commit_wall", sum.apply_wall / count / 1000, "us");
    print(self, "_gas", (double)sum.gas / count, "gas");
    print(self, "_price", cpu / (double)sum.gas, "ns/gas");
    return true;
}

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// Blocks of one transfer.
static bool measure_small(transfers *self) {
    static double us[SMALL_BLOCKS];
    for (int i = 0; i < SMALL_BLOCKS; i++) {
        bench_stages stages = {0};
        if (!sign(self, 1) || !bench_ledger_block(&self->ledger, self->bytes, 1, &stages))
            return false;
        us[i] = stages.wall / 1000;
    }
    qsort(us, SMALL_BLOCKS, sizeof *us, compare);
    bench_print(self->asked, "commit_small", us[SMALL_BLOCKS / 2], "us", SMALL_BLOCKS);
    bench_print(self->asked, "commit_small_p90", us[SMALL_BLOCKS * 9 / 10], "us", SMALL_BLOCKS);
    return true;
}

// Proofs of random accounts of the head's state, and of their balances of the token.
static bool measure_proofs(const transfers *self, bool is_storage) {
    enum { PROOFS = 2000 };
    const bench_ledger *ledger = &self->ledger;
    uint64_t random = 3, ns = 0;
    double len = 0;
    for (int i = 0; i < PROOFS; i++) {
        const aether_address *at =
            &ledger->addresses[bench_random(&random) % ledger->account_count];
        uint8_t key[1 + 32] = {'b'};
        aether_buffer proof = {0}, value = {0};
        aether_error err;
        bool found = false;
        memcpy(key + 1, at->bytes, sizeof at->bytes);
        const uint64_t start = bench_now_ns();
        const aether_status status =
            aether_chain_prove(ledger->chain, is_storage ? &ledger->token : at,
                ae_bytes(key, is_storage ? sizeof key : 0), &proof, &value, &found, &err);
        ns += bench_now_ns() - start;
        len += (double)proof.len;
        if (!bench_ok(status, "prove", &err))
            return false;
        aether_buffer_destroy(&proof);
        aether_buffer_destroy(&value);
    }
    bench_print(self->asked, is_storage ? "proof_size_storage" : "proof_size", len / PROOFS,
        "bytes", PROOFS);
    bench_print(self->asked, is_storage ? "prove_storage" : "prove", (double)ns / PROOFS / 1000,
        "us", PROOFS);
    return true;
}

static bool measure_10k(transfers *self) {
    self->name = "transfer_chain_10k";
    self->kind = AETHER_TRANSACTION_CALL;
    if (!bench_ledger_init(&self->ledger, 10000) ||
        !bench_ledger_add_token(&self->ledger, self->asked->folder) || !measure_blocks(self))
        return false;
    self->name = "native_transfer_chain_10k";
    self->kind = AETHER_TRANSACTION_TRANSFER;
    self->next_sender = 0;
    return measure_blocks(self) && measure_small(self);
}

static bool measure_1m(transfers *self) {
    const uint64_t start = bench_wall_ns();
    self->name = "transfer_chain_1m";
    self->kind = AETHER_TRANSACTION_CALL;
    if (!bench_ledger_init(&self->ledger, 1000000))
        return false;
    bench_print(
        self->asked, "bytes_per_account", (double)self->ledger.genesis_file_len / 1e6, "bytes", 1);
    if (!bench_ledger_add_token(&self->ledger, self->asked->folder))
        return false;
    bench_print(self->asked, "build_1m", (double)(bench_wall_ns() - start) / 1e9, "s", 1);
    if (!measure_blocks(self) || !measure_proofs(self, false) || !measure_proofs(self, true))
        return false;
    self->name = "native_transfer_chain_1m";
    self->kind = AETHER_TRANSACTION_TRANSFER;
    return measure_blocks(self);
}

static bool wants(const bench *asked, const char *const *names) {
    while (*names != NULL && !bench_wants(asked, *names))
        names++;
    return *names != NULL;
}

#define STAGES(name)                                                                     \
    name, name "_cpu", name "_decode", name "_signature", name "_execute", name "_root", \
        name "_commit", name "_commit_wall", name "_gas", name "_price"

static const char *const names_10k[] = {STAGES("transfer_chain_10k"),
    STAGES("native_transfer_chain_10k"), "commit_small", "commit_small_p90", NULL};
static const char *const names_1m[] = {STAGES("transfer_chain_1m"),
    STAGES("native_transfer_chain_1m"), "bytes_per_account", "build_1m", "proof_size",
    "proof_size_storage", "prove", "prove_storage", NULL};

static bool run_one(const bench *asked, bool (*measure)(transfers *self)) {
    transfers *self = calloc(1, sizeof *self);
    if (self == NULL)
        return bench_fail("transfers: no memory");
    self->asked = asked;
    const bool ok = measure(self);
    forget(self);
    bench_ledger_deinit(&self->ledger);
    free(self);
    return ok;
}

static bool run_10k(const bench *asked) {
    return !wants(asked, names_10k) || run_one(asked, measure_10k);
}

static bool run_1m(const bench *asked) {
    return !wants(asked, names_1m) || run_one(asked, measure_1m);
}

const bench_group bench_chain_10k = {.names = names_10k, .run = run_10k};
const bench_group bench_chain_1m = {.names = names_1m, .run = run_1m};

/* The token's transfer through aether_execute, over a store in memory to which its changes are applied. */

typedef struct token_calls {
    bench_contract contract;
    aether_memory_store *store;
    aether_store view;
    uint64_t random;
    bool applies;
} token_calls;

static bool call_token(
    token_calls *self, aether_entry entry, const aether_address *caller, aether_bytes input) {
    const aether_execution_context context = {.struct_size = sizeof context,
        .entry = entry,
        .gas_limit = 100000000,
        .block_number = 1,
        .caller = *caller};
    aether_execution_result result;
    aether_error err;
    if (!bench_ok(
            aether_execute(self->contract.contract, &context, input, &self->view, &result, &err),
            "token", &err))
        return false;
    bool ok = result.success || bench_fail("token: ended as %s", aether_end_text(result.end));
    if (ok && self->applies)
        ok = bench_ok(
            aether_memory_store_apply(self->store, result.changes, result.change_count, &err),
            "apply", &err);
    aether_execution_result_destroy(&result);
    return ok;
}

static void set_holder(aether_address *out, uint64_t number) {
    memset(out, 0, sizeof *out);
    out->bytes[0] = 1;
    ae_put_u64_le(out->bytes + 8, number * 0x9e3779b97f4a7c15u);
}

static bool run_token(void *data) {
    token_calls *self = data;
    for (int i = 0; i < CALLS; i++) {
        aether_address from, to;
        uint8_t input[1 + 32 + 16] = {1, [33] = 1};
        set_holder(&from, bench_random(&self->random) % HOLDERS);
        set_holder(&to, bench_random(&self->random) % HOLDERS);
        memcpy(input + 1, to.bytes, sizeof to.bytes);
        if (!call_token(self, AETHER_ENTRY_EXECUTE, &from, ae_bytes(input, sizeof input)))
            return false;
    }
    return true;
}

static bool give_tokens(token_calls *self) {
    static const uint8_t supply[16] = {[8] = 1};
    aether_address owner;
    set_holder(&owner, 0);
    if (!call_token(self, AETHER_ENTRY_INIT, &owner, ae_bytes(supply, sizeof supply)))
        return false;
    for (uint64_t i = 1; i < HOLDERS; i++) {
        aether_address to;
        uint8_t input[1 + 32 + 16] = {1, [37] = 1};
        set_holder(&to, i);
        memcpy(input + 1, to.bytes, sizeof to.bytes);
        if (!call_token(self, AETHER_ENTRY_EXECUTE, &owner, ae_bytes(input, sizeof input)))
            return false;
    }
    return true;
}

static bool measure_token(const bench *asked, token_calls *self) {
    bench_piece piece = {.run = run_token, .data = self};
    aether_error err;
    if (!bench_ok(aether_memory_store_create(&self->store, &err), "store", &err))
        return false;
    self->view = aether_memory_store_interface(self->store);
    self->applies = true;
    if (!give_tokens(self) || !bench_rounds(&piece, 1, ROUNDS))
        return false;
    bench_print(
        asked, "transfer_memory", bench_median(piece.ns, ROUNDS) / CALLS / 1000, "us", ROUNDS);
    self->applies = false;
    if (!bench_rounds(&piece, 1, ROUNDS))
        return false;
    bench_print(asked, "transfer_memory_execute", bench_median(piece.ns, ROUNDS) / CALLS / 1000,
        "us", ROUNDS);
    return true;
}

static bool run_memory(const bench *asked) {
    token_calls self = {0};
    const aether_bytes file = bench_read_file(asked->folder, "contracts/token.wasm");
    const bool ok = file.data != NULL && bench_contract_init(&self.contract, file) &&
                    measure_token(asked, &self);
    bench_contract_deinit(&self.contract);
    aether_memory_store_destroy(self.store);
    free((void *)(uintptr_t)file.data);
    return ok;
}

static const char *const names_memory[] = {"transfer_memory", "transfer_memory_execute", NULL};

const bench_group bench_transfer_memory = {.names = names_memory, .run = run_memory};
