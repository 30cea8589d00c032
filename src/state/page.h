/* How a tree lies in a store: pages of sixteen slots, and their hashes.
 *
 * A page stands at a nibble depth d of 0-63 and holds what lies below its first d nibbles. A slot is one value of
 * the next nibble: without leaves, with its leaves in the page, or a child page of which the page has the hash.
 *
 *   key     0x11 ‖ d ‖ nibbles, or 0x12 ‖ contract (32) ‖ d ‖ nibbles: two in a byte, the first in the high half,
 *           an unused low half 0. Depth first: all pages of a depth stand together.
 *   value   children, a bit for each slot (2, little endian) ‖ leaves (1)
 *           ‖ of each child: hash (32), leaves below, 28 for more than 27 (1)
 *           ‖ with no child and 12 leaves or more: the hashes of the four subtrees two bits down (128)
 *           ‖ of each leaf, sorted: path (32), value hash (32)
 *
 * The rule, by which the pages are a function of the tree's leaves alone: a slot of more than 27 leaves is a child.
 * The others' leaves lie in the page at first; while it is longer than AE_PAGE_LEN_MAX, the slot with most of them
 * (the first of equals) becomes a child. So at most 27 leaves below a prefix are one page, and only such a page can
 * go back into the one above.
 *
 * The four hashes are there so that a change of one leaf hashes a quarter of its page.
 *
 * A value is short enough that with its key, a checksum and a node's head it needs no overflow page of LMDB.
 *
 * Thread safety: one-at-a-time for each view; immutable otherwise. Determinism: a hash is consensus, a layout isn't. */
#ifndef AE_STATE_PAGE_H
#define AE_STATE_PAGE_H

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "state/tree.h"

#define AE_PAGE_SLOTS 16
#define AE_PAGE_DEPTHS 64     /* a page's depth is less */
#define AE_PAGE_LEN_MAX 1920  /* bytes of a value */
#define AE_PAGE_LEAVES_MAX 27 /* that a page without children can hold */
#define AE_PAGE_MANY 28       /* a number of leaves: this or more */
#define AE_PAGE_QUARTERS 4
#define AE_PAGE_QUARTERS_MIN 12 /* leaves of a page with hashes of its quarters */
#define AE_PAGE_ENDS_MAX 37     /* leaves and children of one page: 16 children leave room for 21 */
#define AE_PAGE_KEY_LEN_MAX (1 + AETHER_ADDRESS_LEN + 1 + AETHER_HASH_LEN)
#define AE_PAGE_HEAD_LEN 3
#define AE_PAGE_CHILD_LEN (AETHER_HASH_LEN + 1)
#define AE_PAGE_QUARTERS_LEN (AE_PAGE_QUARTERS * AETHER_HASH_LEN)

/* A page's value, looked at in place. */
typedef struct ae_page {
    uint32_t depth;
    uint16_t children;        /* bit s: slot s is a child page */
    uint8_t leaf_count;       /* leaves in the page itself */
    uint8_t total;            /* leaves below it in all, at most AE_PAGE_MANY */
    const uint8_t *child_ptr; /* records of children, in the order of slots */
    const uint8_t *quarters;  /* four hashes; NULL: it has none */
    const ae_leaf *leaves;
} ae_page;

static inline unsigned ae_path_bit(const aether_hash *path, uint32_t bit) {
    return (unsigned)path->bytes[bit / 8] >> (7 - bit % 8) & 1u;
}

static inline unsigned ae_path_nibble(const aether_hash *path, uint32_t depth) {
    const unsigned byte = path->bytes[depth / 2];
    return depth % 2 == 0 ? byte >> 4 : byte & 0x0fu;
}

/* Eight bytes of a path from byte `at` on, as a number of the same order. */
static inline uint64_t ae_path_word(const aether_hash *path, size_t at) {
    return __builtin_bswap64(ae_get_u64_le(path->bytes + at));
}

/* As memcmp. Most paths differ in their first bytes. */
static inline int ae_path_compare(const aether_hash *a, const aether_hash *b) {
    const uint64_t word_a = ae_path_word(a, 0), word_b = ae_path_word(b, 0);
    if (word_a != word_b)
        return word_a < word_b ? -1 : 1;
    return memcmp(a, b, sizeof *a);
}

/* How many bits two paths begin with alike; 256 if they are equal. */
uint32_t ae_path_shared(const aether_hash *a, const aether_hash *b);

/* Write a page's key. out: AE_PAGE_KEY_LEN_MAX bytes. Returns its length. */
size_t ae_page_key(
    const aether_address *contract, const aether_hash *path, uint32_t depth, uint8_t *out);

/* Check every byte of a value that stands under the first `depth` nibbles of `path`. OK, STORAGE_DAMAGED. */
AETHER_MUST_CHECK aether_status ae_page_decode(
    aether_bytes value, const aether_hash *path, uint32_t depth, ae_page *out, aether_error *err);

/* The same of a value that is known to be well-formed. */
void ae_page_open(ae_page *out, const uint8_t *value, uint32_t depth);

/* Read a page of a tree; valid until the view's next call. OK, STORAGE_FAILED, STORAGE_DAMAGED. */
AETHER_MUST_CHECK aether_status ae_page_load(const ae_tree *tree, const aether_hash *path,
    uint32_t depth, ae_page *out, bool *out_found, aether_error *err);

/* The record of the child that stands at `index` among the children. */
static inline const uint8_t *ae_page_child_hash(const ae_page *page, unsigned index) {
    return page->child_ptr + (size_t)index * AE_PAGE_CHILD_LEN;
}

static inline uint8_t ae_page_child_total(const ae_page *page, unsigned index) {
    return ae_page_child_hash(page, index)[AETHER_HASH_LEN];
}

/* Which slots are child pages, by the rule. counts: leaves of each slot, at most AE_PAGE_MANY. */
uint16_t ae_page_layout(const uint8_t *counts);

static inline bool ae_page_has_quarters(unsigned child_count, unsigned leaf_count) {
    return child_count == 0 && leaf_count >= AE_PAGE_QUARTERS_MIN;
}

/* Bytes of a page's value in front of its leaves. */
static inline size_t ae_page_leaves_offset(unsigned child_count, unsigned leaf_count) {
    const size_t offset = AE_PAGE_HEAD_LEN + (size_t)child_count * AE_PAGE_CHILD_LEN;
    return offset + (ae_page_has_quarters(child_count, leaf_count) ? AE_PAGE_QUARTERS_LEN : 0);
}

/* Bytes of a page's value. */
static inline size_t ae_page_len(unsigned child_count, unsigned leaf_count) {
    return ae_page_leaves_offset(child_count, leaf_count) + (size_t)leaf_count * sizeof(ae_leaf);
}

/* A leaf or a child of a page. */
typedef struct ae_page_end {
    uint8_t slot;
    bool is_child;
    uint8_t index; /* among the page's children or leaves */
} ae_page_end;

/* All of them, from left to right. out: AE_PAGE_ENDS_MAX. Returns how many. */
size_t ae_page_ends(const ae_page *page, ae_page_end *out);

/* A subtree that waits to be joined with its neighbours. */
typedef struct ae_forest_node {
    aether_hash hash;
    const ae_leaf *leaf; /* the first below it; NULL: a child page or a quarter */
    uint8_t
        *out_quarter; /* at the first node of a quarter: where the quarter's hash is due; or NULL */
    int16_t
        root_bit;   /* depth in bits that the hash is of; -1: a single leaf, which stands at any */
    int16_t shared; /* bits that it and the next begin with alike; -1: no next in its tree */
    uint8_t slot;   /* of a quarter: any of its own */
} ae_forest_node;

/* Trees of pages of one depth, hashed together so that the lanes are full. */
typedef struct ae_forest {
    ae_forest_node *nodes;
    ae_sha256_pair *pairs;
    uint16_t *live; /* nodes that are left; after reducing, one for each tree, in order */
    size_t capacity;
    size_t count;
    size_t live_count;
    uint32_t depth; /* of the pages, in nibbles */
} ae_forest;

/* Room of a forest for one page. */
typedef struct ae_forest_room {
    ae_forest_node nodes[AE_PAGE_ENDS_MAX];
    ae_sha256_pair pairs[AE_PAGE_ENDS_MAX];
    uint16_t live[AE_PAGE_ENDS_MAX];
} ae_forest_room;

void ae_forest_init_in(ae_forest *forest, ae_forest_room *room, uint32_t depth);

/* Add the tree of `count` neighbouring ends of a page; at least one, and there is room. The page's bytes are
 * borrowed until the forest was reduced. */
void ae_forest_add(ae_forest *forest, const ae_page *page, const ae_page_end *ends, size_t count);

/* Add a page without children. changed: a bit for each quarter whose hash is not known; out_quarters: the page's four
 * hashes, of which those of changed quarters are written; NULL: it has none. */
void ae_forest_add_leaves(
    ae_forest *forest, const ae_page *page, unsigned changed, uint8_t *out_quarters);

/* Hash all trees, each as the node at `bit`, which all leaves of it begin with alike. */
void ae_forest_reduce(ae_forest *forest, uint32_t bit);

/* The hash of a tree, after reducing. */
static inline const aether_hash *ae_forest_hash(const ae_forest *forest, size_t tree) {
    return &forest->nodes[forest->live[tree]].hash;
}

/* The hash of a whole page. */
void ae_page_hash(const ae_page *page, aether_hash *out);

#endif
