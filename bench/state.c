// A state that changes and is kept: 20,000 random updates of a contract of a million keys of 32 bytes with values of
// 32, which were read before, as in a block. That is, the hashes of the leaves, the tree, the root, the batch, and its
// commit without waiting for the disk; with undo records; and durable, where the CPU time holds what the system does of
// it in this thread. And what a database grows by when the same keys are written in a thousand blocks.
#include "durable.h"
#include "ledger.h"

#include "state/change_list.h"
#include "state/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 1000000, CHANGES = 20000, ROUNDS = 5, GROWTH_KEYS = 1000, GROWTH_BLOCKS = 1000 };

static const aether_address contract = {.bytes = {7}};

/* Which keys are written. */
typedef struct writes {
    uint64_t first;
    uint64_t step;
    size_t count;
    uint64_t random;
    bool makes_contract;
    bool reads; /* each key before it is written, as contracts do */
} writes;

static bool write_keys(void *user, ae_journal *journal) {
    writes *self = user;
    aether_error err;
    const aether_account account = {.is_contract = true};
    if (self->makes_contract &&
        !bench_ok(ae_journal_set_account(journal, &contract, &account, &err), "contract", &err))
        return false;
    uint64_t number = self->first;
    for (size_t i = 0; i < self->count; i++) {
        const uint64_t key[4] = {number * 0x9e3779b97f4a7c15u, number};
        const uint64_t value[4] = {bench_random(&self->random), number};
        ae_store_key at;
        aether_bytes old = {0};
        bool found = false;
        ae_storage_key_init(&at, &contract, ae_bytes(key, sizeof key));
        if (self->reads &&
            !bench_ok(ae_journal_find(journal, ae_store_key_bytes(&at), &old, &found, &err), "read",
                &err))
            return false;
        if (!bench_ok(ae_journal_write(
                          journal, ae_store_key_bytes(&at), ae_bytes(value, sizeof value), &err),
                "write", &err))
            return false;
        number = (number + self->step) % KEYS;
    }
    return true;
}

static bool make_keys(bench_ledger *ledger) {
    writes all = {.step = 1, .count = KEYS, .makes_contract = true};
    bench_update update = {.write = write_keys, .user = &all};
    return bench_ledger_init(ledger, 10) && bench_ledger_update(ledger, &update);
}

// Distinct keys: a step that has no factor in common with their number.
static writes choose(uint64_t *random) {
    return (writes){.first = bench_random(random) % KEYS,
        .step = 618033,
        .count = CHANGES,
        .reads = true,
        .random = bench_random(random)};
}

// What of an update is hashing leaves, and what is the tree.
static bool measure_tree(const bench *asked, bench_ledger *ledger) {
    ae_arena scratch, arena;
    double leaf_ns[ROUNDS], tree_ns[ROUNDS];
    uint64_t random = 5;
    bool ok = true;
    ae_leaf *leaves = calloc(CHANGES, sizeof *leaves);
    ae_arena_init(&scratch, (size_t)1 << 20, (size_t)1 << 31);
    ae_arena_init(&arena, (size_t)256 << 10, (size_t)1 << 31);
    for (size_t round = 0; round < ROUNDS && ok && leaves != NULL; round++) {
        const ae_tree tree = {.view = &ledger->store, .contract = &contract};
        aether_error err;
        ae_change_list pages;
        aether_hash root;
        ae_change_list_init(&pages, &arena);
        uint64_t number = bench_random(&random) % KEYS;
        const uint64_t start = bench_now_ns();
        for (size_t i = 0; i < CHANGES; i++) {
            const uint64_t key[4] = {number * 0x9e3779b97f4a7c15u, number}, value[4] = {random};
            ae_leaf_init(&leaves[i], ae_bytes(key, sizeof key), ae_bytes(value, sizeof value));
            number = (number + 618033) % KEYS;
        }
        const uint64_t hashed = bench_now_ns();
        ok = bench_ok(
            ae_tree_update(&tree, leaves, CHANGES, &scratch, &pages, &root, &err), "tree", &err);
        leaf_ns[round] = (double)(hashed - start);
        tree_ns[round] = (double)(bench_now_ns() - hashed);
        ae_arena_reset(&scratch);
        ae_arena_reset(&arena);
    }
    ae_arena_deinit(&scratch);
    ae_arena_deinit(&arena);
    free(leaves);
    if (!ok)
        return false;
    bench_print(
        asked, "state_update_20k_1m_leaves", bench_median(leaf_ns, ROUNDS) * 1e-6, "ms", ROUNDS);
    bench_print(
        asked, "state_update_20k_1m_tree", bench_median(tree_ns, ROUNDS) * 1e-6, "ms", ROUNDS);
    return true;
}

// How an update is measured.
typedef struct update_kind {
    const char *suffix;
    bool has_undo;
    bool is_durable;
    uint64_t seed;
} update_kind;

static void print(const bench *asked, const char *suffix, const char *part, const double *ns) {
    char name[64];
    snprintf(name, sizeof name, "state_update_20k_1m%s%s", suffix, part);
    bench_print(asked, name, bench_median(ns, ROUNDS) * 1e-6, "ms", ROUNDS);
}

static bool measure_updates(const bench *asked, bench_ledger *ledger, const update_kind *kind) {
    double cpu[ROUNDS], make[ROUNDS], apply[ROUNDS], wall[ROUNDS];
    uint64_t random = kind->seed;
    if (!bench_set_durable(ledger->database, kind->is_durable))
        return false;
    for (int round = -1; round < ROUNDS; round++) {
        writes some = choose(&random);
        bench_update update = {.write = write_keys, .user = &some, .has_undo = kind->has_undo};
        if (!bench_ledger_update(ledger, &update))
            return false;
        if (round < 0)
            continue;
        make[round] = update.make_ns;
        apply[round] = update.apply_ns;
        cpu[round] = update.make_ns + update.apply_ns;
        wall[round] = update.wall_ns;
    }
    print(asked, kind->suffix, "", cpu);
    print(asked, kind->suffix, "_root", make);
    print(asked, kind->suffix, "_commit", apply);
    print(asked, kind->suffix, "_wall", wall);
    return true;
}

// A random key through the database, as a contract's first read of it.
static bool measure_reads(const bench *asked, bench_ledger *ledger) {
    double ns[ROUNDS];
    uint64_t random = 9;
    for (size_t round = 0; round < ROUNDS; round++) {
        const uint64_t start = bench_now_ns();
        for (size_t i = 0; i < CHANGES; i++) {
            const uint64_t number = bench_random(&random) % KEYS;
            const uint64_t key[4] = {number * 0x9e3779b97f4a7c15u, number};
            ae_store_key at;
            aether_bytes value;
            aether_error err;
            bool found = false;
            ae_storage_key_init(&at, &contract, ae_bytes(key, sizeof key));
            if (!bench_ok(ledger->store.get(
                              ledger->store.user, ae_store_key_bytes(&at), &value, &found, &err),
                    "read", &err) ||
                !found)
                return bench_fail("read: a key is not there");
        }
        ns[round] = (double)(bench_now_ns() - start) / CHANGES;
    }
    bench_print(asked, "state_read_1m", bench_median(ns, ROUNDS), "ns", ROUNDS);
    return true;
}

static bool measure_growth(const bench *asked, bench_ledger *ledger) {
    uint64_t before = 0, after = 0;
    writes all = {.step = 1, .count = 10000, .makes_contract = true};
    bench_update fill = {.write = write_keys, .user = &all};
    if (!bench_ledger_init(ledger, 10000) || !bench_ledger_update(ledger, &fill) ||
        !bench_file_len(ledger, &before))
        return false;
    for (uint64_t i = 0; i < GROWTH_BLOCKS; i++) {
        writes same = {.step = 10, .count = GROWTH_KEYS, .random = i};
        bench_update update = {.write = write_keys, .user = &same, .has_undo = true};
        if (!bench_ledger_update(ledger, &update))
            return false;
    }
    if (!bench_file_len(ledger, &after))
        return false;
    bench_print(asked, "growth_1000_blocks", (double)after / (double)before, "ratio", 1);
    bench_print(asked, "growth_1000_blocks_len", (double)after, "bytes", 1);
    return true;
}

static bool run_update(const bench *asked) {
    bench_ledger ledger = {0};
    static const update_kind kinds[] = {{.suffix = "", .seed = 1},
        {.suffix = "_undo", .has_undo = true, .seed = 2},
        {.suffix = "_durable", .has_undo = true, .is_durable = true, .seed = 3}};
    bool ok = make_keys(&ledger) && measure_reads(asked, &ledger) && measure_tree(asked, &ledger);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && ok; i++)
        ok = measure_updates(asked, &ledger, &kinds[i]);
    bench_ledger_deinit(&ledger);
    return ok;
}

static bool run_growth(const bench *asked) {
    bench_ledger ledger = {0};
    const bool ok = measure_growth(asked, &ledger);
    bench_ledger_deinit(&ledger);
    return ok;
}

#define PARTS(name) name, name "_root", name "_commit", name "_wall"

static const char *const names_update[] = {"state_read_1m", "state_update_20k_1m_leaves",
    "state_update_20k_1m_tree", PARTS("state_update_20k_1m"), PARTS("state_update_20k_1m_undo"),
    PARTS("state_update_20k_1m_durable"), NULL};
static const char *const names_growth[] = {"growth_1000_blocks", "growth_1000_blocks_len", NULL};

const bench_group bench_state_update = {.names = names_update, .run = run_update};
const bench_group bench_growth = {.names = names_growth, .run = run_growth};
