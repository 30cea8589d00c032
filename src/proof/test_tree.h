/* The tree as its definition says it, for tests: leaves sorted by path, every hash computed anew, by another
 * SHA-256 than the verifier's. Slow, and independent of src/state.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_PROOF_TEST_TREE_H
#define AE_PROOF_TEST_TREE_H

#include "crypto/hash.h"
#include "harness/test.h"
#include "proof/proof.h"

typedef struct naive_leaf {
    aether_hash path;
    aether_hash value_hash;
} naive_leaf;

/* Leaves in the order of their paths, no path twice; borrowed. */
typedef struct naive_tree {
    const naive_leaf *leaves;
    size_t count;
} naive_tree;

/* A proof as the definition gives it; holds what its level points to. */
typedef struct naive_proof {
    aether_hash siblings[AETHER_PROOF_DEPTH_MAX];
    ae_proof_level level;
} naive_proof;

static inline aether_hash naive_hash_pair(
    uint8_t prefix, const aether_hash *a, const aether_hash *b) {
    uint8_t bytes[65] = {prefix};
    aether_hash hash;
    memcpy(bytes + 1, a->bytes, sizeof *a);
    memcpy(bytes + 33, b->bytes, sizeof *b);
    ae_sha256(ae_bytes(bytes, sizeof bytes), &hash);
    return hash;
}

static inline aether_hash naive_value_hash(aether_bytes value) {
    static uint8_t bytes[1 << 16] = {0x01};
    aether_hash hash;
    CHECK(value.len < sizeof bytes);
    if (value.len != 0)
        memcpy(bytes + 1, value.data, value.len);
    ae_sha256(ae_bytes(bytes, 1 + value.len), &hash);
    return hash;
}

static inline naive_leaf naive_leaf_of(aether_bytes key, aether_bytes value) {
    naive_leaf leaf = {.value_hash = naive_value_hash(value)};
    ae_sha256(key, &leaf.path);
    return leaf;
}

static inline void naive_sort(naive_leaf *leaves, size_t count) {
    for (size_t i = 1; i < count; i++) {
        const naive_leaf leaf = leaves[i];
        size_t at = i;
        for (; at > 0 && memcmp(&leaves[at - 1].path, &leaf.path, sizeof leaf.path) > 0; at--)
            leaves[at] = leaves[at - 1];
        leaves[at] = leaf;
    }
}

static inline bool naive_bit(const aether_hash *path, uint32_t i) {
    return path->bytes[i / 8] & 0x80 >> i % 8;
}

/* The leaves whose path has a 0 at a depth; they come first. */
static inline size_t naive_left_count(naive_tree tree, uint32_t depth) {
    size_t count = 0;
    while (count < tree.count && !naive_bit(&tree.leaves[count].path, depth))
        count++;
    return count;
}

/* The half of a subtree on one side. */
static inline naive_tree naive_half(naive_tree tree, uint32_t depth, bool is_right) {
    const size_t left = naive_left_count(tree, depth);
    return is_right ? (naive_tree){tree.leaves + left, tree.count - left}
                    : (naive_tree){tree.leaves, left};
}

static inline aether_hash naive_root(naive_tree tree, uint32_t depth) {
    if (tree.count == 0)
        return (aether_hash){0};
    if (tree.count == 1)
        return naive_hash_pair(0x00, &tree.leaves->path, &tree.leaves->value_hash);
    const aether_hash left = naive_root(naive_half(tree, depth, false), depth + 1);
    const aether_hash right = naive_root(naive_half(tree, depth, true), depth + 1);
    return naive_hash_pair(0x01, &left, &right);
}

static inline void naive_prove(naive_tree tree, const aether_hash *path, naive_proof *out) {
    uint32_t depth = 0;
    while (tree.count > 1) {
        const bool bit = naive_bit(path, depth);
        out->siblings[depth] = naive_root(naive_half(tree, depth, !bit), depth + 1);
        tree = naive_half(tree, depth, bit);
        depth++;
    }
    out->level = (ae_proof_level){
        .terminal = AE_PROOF_TERMINAL_EMPTY, .depth = depth, .siblings = out->siblings};
    if (tree.count == 0)
        return;
    const bool is_own = memcmp(&tree.leaves->path, path, sizeof *path) == 0;
    out->level.terminal = is_own ? AE_PROOF_TERMINAL_LEAF : AE_PROOF_TERMINAL_OTHER;
    out->level.other_path = tree.leaves->path.bytes;
    out->level.other_value_hash = tree.leaves->value_hash.bytes;
}

#endif
