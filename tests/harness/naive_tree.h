/* The tree's root from its definition alone, by walking through all leaves at every bit: what state/tree.h is held
 * against. Its SHA-256 is Nettle's. */
#ifndef AE_TESTS_HARNESS_NAIVE_TREE_H
#define AE_TESTS_HARNESS_NAIVE_TREE_H

#include <aether/types.h>

/* A leaf, as the tree's: path and value hash. */
typedef struct naive_leaf {
    aether_hash path;
    aether_hash value_hash;
} naive_leaf;

/* The root of a set of leaves, sorted by path. */
void naive_tree_root(const naive_leaf *leaves, size_t count, aether_hash *out_root);

#endif
