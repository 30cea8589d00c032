// The Merkle tree: one node's hash, a tree of a million keys built, 20,000 of them changed, one proved. One
// contract, keys and values of 32 bytes, pages in the memory store. An update is measured without the hashes of
// its keys and values (tree_leaf) and without applying its pages.
#include "state/tree.h"
#include "base/arena.h"
#include "crypto/sha256.h"
#include "measure.h"
#include "state/change_list.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 1000000, CHANGES = 20000, ROUNDS = 7, BUILDS = 3, PROOFS = 20000, NODES = 400000 };

typedef struct trees {
    aether_memory_store *store;
    aether_store view;
    ae_arena scratch;
    ae_arena arena;
    ae_leaf *leaves;  /* of all keys */
    ae_leaf *changes; /* or what is sorted */
} trees;

static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static const aether_address contract = {.bytes = {7}};

static void make_leaf(ae_leaf *out, uint64_t key, uint64_t value) {
    const uint64_t key_bytes[4] = {key}, value_bytes[4] = {value};
    ae_leaf_init(out, (aether_bytes){.data = (const uint8_t *)key_bytes, .len = 32},
        (aether_bytes){.data = (const uint8_t *)value_bytes, .len = 32});
}

static void measure_nodes(const bench *self) {
    static uint8_t hashes[5][32];
    aether_hash out[4];
    ae_sha256_pair pairs[4];
    double ns[ROUNDS];
    for (size_t i = 0; i < 4; i++)
        pairs[i] = (ae_sha256_pair){.a = hashes[i], .b = hashes[i + 1], .out = &out[i]};
    for (size_t lanes = 4; lanes != 0; lanes = lanes == 4 ? 1 : 0) {
        for (size_t round = 0; round < ROUNDS; round++) {
            const uint64_t start = bench_now_ns();
            for (size_t i = 0; i < NODES; i += lanes) {
                ae_sha256_pairs(1, pairs, lanes);
                memcpy(hashes[0], out[0].bytes, 32);
            }
            ns[round] = (double)(bench_now_ns() - start) / NODES;
        }
        bench_print(self, lanes == 4 ? "sha256_node_4_lanes" : "sha256_node_1_lane",
            bench_median(ns, ROUNDS), "ns", ROUNDS);
    }
}

static void reset(trees *self, ae_change_list *out_pages) {
    ae_arena_reset(&self->scratch);
    ae_arena_reset(&self->arena);
    ae_change_list_init(out_pages, &self->arena);
}

static bool apply(trees *self, const ae_change_list *pages, size_t *out_len) {
    aether_error err;
    const aether_change *changes = NULL;
    size_t count = 0;
    *out_len = 0;
    if (!bench_ok(ae_change_list_flatten(pages, &changes, &count, &err), "pages", &err))
        return false;
    for (size_t i = 0; i < count; i++)
        *out_len += changes[i].key.len + changes[i].value.len;
    return bench_ok(
        aether_memory_store_apply(self->store, changes, count, &err), "apply pages", &err);
}

static bool measure_build(const bench *asked, trees *self) {
    aether_error err;
    aether_hash root;
    ae_change_list pages;
    double ns[BUILDS];
    size_t len = 0;
    const uint64_t leaf_start = bench_now_ns();
    for (uint64_t i = 0; i < KEYS; i++)
        make_leaf(&self->leaves[i], i, i);
    bench_print(asked, "tree_leaf", (double)(bench_now_ns() - leaf_start) / KEYS, "ns", 1);
    for (size_t round = 0; round < BUILDS; round++) {
        reset(self, &pages);
        memcpy(self->changes, self->leaves, KEYS * sizeof *self->leaves);
        const uint64_t start = bench_now_ns();
        const aether_status status =
            ae_tree_build(&contract, self->changes, KEYS, &self->scratch, &pages, &root, &err);
        ns[round] = (double)(bench_now_ns() - start) / KEYS;
        if (!bench_ok(status, "build", &err))
            return false;
    }
    bench_print(asked, "tree_build_1m_per_key", bench_median(ns, BUILDS), "ns", BUILDS);
    bench_print(asked, "tree_pages_1m", (double)pages.count, "pages", 1);
    if (!apply(self, &pages, &len))
        return false;
    bench_print(asked, "tree_page_bytes_per_leaf", (double)len / KEYS, "bytes", 1);
    return true;
}

// Distinct keys: a step that has no factor in common with their number.
static bool measure_update(const bench *asked, trees *self, const ae_tree *tree) {
    aether_error err;
    aether_hash root;
    ae_change_list pages;
    double ns[ROUNDS];
    uint64_t random = 1, len = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        uint64_t key = next_random(&random) % KEYS;
        for (size_t i = 0; i < CHANGES; i++) {
            make_leaf(&self->changes[i], key, next_random(&random));
            key = (key + 618033) % KEYS;
        }
        reset(self, &pages);
        const uint64_t start = bench_now_ns();
        const aether_status status =
            ae_tree_update(tree, self->changes, CHANGES, &self->scratch, &pages, &root, &err);
        ns[round] = (double)(bench_now_ns() - start);
        if (!bench_ok(status, "update", &err) || !apply(self, &pages, &len))
            return false;
    }
    bench_print(asked, "tree_update_20k_of_1m", bench_median(ns, ROUNDS) * 1e-6, "ms", ROUNDS);
    bench_print(asked, "tree_update_20k_pages", (double)pages.count, "pages", 1);
    bench_print(asked, "tree_update_20k_len", (double)len, "bytes", 1);
    return true;
}

static bool measure_proofs(const bench *asked, const trees *self, const ae_tree *tree) {
    static ae_path_proof proof;
    aether_error err;
    aether_hash root;
    double prove_ns[ROUNDS], root_ns[ROUNDS];
    uint64_t random = 2, siblings = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        prove_ns[round] = 0;
        root_ns[round] = 0;
        for (size_t i = 0; i < PROOFS / ROUNDS; i++) {
            const aether_hash *path = &self->leaves[next_random(&random) % KEYS].path;
            const uint64_t start = bench_now_ns();
            if (!bench_ok(ae_tree_prove(tree, path, &proof, &err), "prove", &err))
                return false;
            const uint64_t proved = bench_now_ns();
            ae_path_proof_root(&proof, path, &root);
            root_ns[round] += (double)(bench_now_ns() - proved);
            prove_ns[round] += (double)(proved - start);
            siblings += proof.depth;
        }
    }
    const double per_us = 1e-3 * ROUNDS / PROOFS;
    bench_print(asked, "tree_prove", bench_median(prove_ns, ROUNDS) * per_us, "us", ROUNDS);
    bench_print(asked, "tree_proof_root", bench_median(root_ns, ROUNDS) * per_us, "us", ROUNDS);
    bench_print(
        asked, "tree_proof_siblings", (double)siblings / (PROOFS / ROUNDS * ROUNDS), "hashes", 1);
    return true;
}

static bool run(const bench *asked) {
    trees self = {0};
    aether_error err;
    measure_nodes(asked);
    ae_arena_init(&self.scratch, (size_t)1 << 20, (size_t)1 << 31);
    ae_arena_init(&self.arena, (size_t)1 << 20, (size_t)1 << 31);
    self.leaves = calloc(KEYS, sizeof *self.leaves);
    self.changes = calloc(KEYS, sizeof *self.changes);
    bool ok = self.leaves != NULL && self.changes != NULL &&
              bench_ok(aether_memory_store_create(&self.store, &err), "memory store", &err);
    if (ok) {
        self.view = aether_memory_store_interface(self.store);
        const ae_tree tree = {.view = &self.view, .contract = &contract};
        ok = measure_build(asked, &self) && measure_update(asked, &self, &tree) &&
             measure_proofs(asked, &self, &tree);
    }
    aether_memory_store_destroy(self.store);
    ae_arena_deinit(&self.scratch);
    ae_arena_deinit(&self.arena);
    free(self.leaves);
    free(self.changes);
    return ok;
}

static const char *const names[] = {"sha256_node_4_lanes", "sha256_node_1_lane", "tree_leaf",
    "tree_build_1m_per_key", "tree_pages_1m", "tree_page_bytes_per_leaf", "tree_update_20k_of_1m",
    "tree_update_20k_pages", "tree_update_20k_len", "tree_prove", "tree_proof_root",
    "tree_proof_siblings", NULL};

const bench_group bench_tree = {.names = names, .run = run};
