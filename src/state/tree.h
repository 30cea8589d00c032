/* The canonical binary sparse Merkle tree of a set of keys and values, kept in pages of a store.
 *
 *   path  = SHA-256(key)
 *   leaf  = SHA-256(0x00 ‖ path ‖ value hash), value hash = SHA-256(record prefix 0x01 ‖ value)
 *   inner = SHA-256(0x01 ‖ left ‖ right)
 *   a subtree without a leaf is 32 zero bytes, one with a single leaf that leaf's hash
 *
 * The root is a function of the set of keys and values only. How it lies in pages (state/page.h) is not
 * consensus. Of a tree's pages the store has the latest state; an update reads them from a view and appends
 * what changes to a list, in the order of their keys.
 *
 * Thread safety: one-at-a-time for each view and list. Determinism: the root is consensus. */
#ifndef AE_STATE_TREE_H
#define AE_STATE_TREE_H

#include "base/arena.h"
#include "base/error.h"
#include "state/change_list.h"

#include <aether/store.h>

#define AE_TREE_DEPTH_MAX 256 /* inner nodes above a leaf */

/* Where a tree's pages lie: below kind 0x11, or below 0x12 and a contract's address. */
typedef struct ae_tree {
    const aether_store *view;       /* pages as they are; borrowed */
    const aether_address *contract; /* NULL: the application tree; borrowed */
} ae_tree;

/* One key's leaf. value_hash of 32 zero bytes in an update: the key is removed. */
typedef struct ae_leaf {
    aether_hash path;
    aether_hash value_hash;
} ae_leaf;

/* The leaf of a key and its value, whose record prefix is put in front here. */
void ae_leaf_init(ae_leaf *out, aether_bytes key, aether_bytes value);

/* The hash of a leaf. */
void ae_leaf_hash(const ae_leaf *leaf, aether_hash *out);

/* The root as the pages have it; zero for an empty tree. OK, STORAGE_FAILED, STORAGE_DAMAGED. */
AETHER_MUST_CHECK aether_status ae_tree_root(
    const ae_tree *tree, aether_hash *out_root, aether_error *err);

/* Change any number of leaves.
 *
 * leaves    `count`, no path twice, in any order; sorted by path here
 * scratch   for what lives as long as this call; reset by the caller
 * out_pages the changed pages are appended, sorted by key; their bytes lie in the list's arena
 * out_root  the new root
 * OK, OUT_OF_MEMORY, STORAGE_FAILED, STORAGE_DAMAGED: a page is malformed. */
AETHER_MUST_CHECK aether_status ae_tree_update(const ae_tree *tree, ae_leaf *leaves, size_t count,
    ae_arena *scratch, ae_change_list *out_pages, aether_hash *out_root, aether_error *err);

/* What lies where the way down to a path ends. */
typedef enum ae_terminal {
    AE_TERMINAL_EMPTY, /* nothing: the path is absent */
    AE_TERMINAL_LEAF,  /* the path's own leaf */
    AE_TERMINAL_OTHER, /* another leaf alone in its subtree: the path is absent */
} ae_terminal;

/* The siblings on the way from the root down to a path. */
typedef struct ae_path_proof {
    ae_terminal terminal;
    ae_leaf leaf;                            /* of LEAF and OTHER */
    uint32_t depth;                          /* siblings */
    aether_hash siblings[AE_TREE_DEPTH_MAX]; /* from the root down; zero: an empty subtree */
} ae_path_proof;

/* OK, STORAGE_FAILED, STORAGE_DAMAGED. The pages are taken at their word: who verifies will notice. */
AETHER_MUST_CHECK aether_status ae_tree_prove(
    const ae_tree *tree, const aether_hash *path, ae_path_proof *out_proof, aether_error *err);

/* The root that a proof leads to. */
void ae_path_proof_root(const ae_path_proof *proof, const aether_hash *path, aether_hash *out_root);

/* Build a tree anew from all of its leaves, without reading any page: for a snapshot and for checks. `leaves` are
 * sorted by path here. Same outputs as ae_tree_update on an empty tree, which it equals. */
AETHER_MUST_CHECK aether_status ae_tree_build(const aether_address *contract, ae_leaf *leaves,
    size_t count, ae_arena *scratch, ae_change_list *out_pages, aether_hash *out_root,
    aether_error *err);

#endif
