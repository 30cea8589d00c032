#include "crypto/sha256.h"
#include "state/page.h"
#include "state/tree.h"

/* Reading a tree: its root, and the way down to a path. */

void ae_leaf_hash(const ae_leaf *leaf, aether_hash *out) {
    const ae_sha256_pair pair = {.a = leaf->path.bytes, .b = leaf->value_hash.bytes, .out = out};
    ae_sha256_pairs(0x00, &pair, 1);
}

aether_status ae_tree_root(const ae_tree *tree, aether_hash *out_root, aether_error *err) {
    static const aether_hash top;
    ae_page page;
    bool found = false;
    AE_TRY(ae_page_load(tree, &top, 0, &page, &found, err));
    memset(out_root, 0, sizeof *out_root);
    if (found)
        ae_page_hash(&page, out_root);
    return AETHER_OK;
}

/* What is left of a page on the way down: ends first to end, which the path has `bit` bits in common with. */
typedef struct way {
    const ae_page *page;
    const ae_page_end *ends;
    size_t first;
    size_t end;
    uint32_t bit;
} way;

static unsigned bit_of_end(const way *at, size_t i) {
    const uint32_t behind_slot = 4 * at->page->depth + 4;
    const ae_page_end *end = &at->ends[i];
    if (at->bit < behind_slot)
        return end->slot >> (behind_slot - at->bit - 1) & 1u;
    return ae_path_bit(&at->page->leaves[end->index].path, at->bit);
}

// The hash of the ends first to end as a node one bit further down.
static void hash_ends(const way *at, size_t first, size_t end, aether_hash *out) {
    ae_forest_room room;
    ae_forest forest;
    memset(out, 0, sizeof *out);
    if (first == end)
        return;
    ae_forest_init_in(&forest, &room, at->page->depth);
    ae_forest_add(&forest, at->page, at->ends + first, end - first);
    ae_forest_reduce(&forest, at->bit + 1);
    *out = *ae_forest_hash(&forest, 0);
}

// One bit down: one half is the sibling, the other what is left.
static void step_down(way *at, const aether_hash *path, ae_path_proof *proof) {
    size_t middle = at->first;
    while (middle < at->end && bit_of_end(at, middle) == 0)
        middle++;
    aether_hash *sibling = &proof->siblings[proof->depth++];
    if (ae_path_bit(path, at->bit) == 0) {
        hash_ends(at, middle, at->end, sibling);
        at->end = middle;
    } else {
        hash_ends(at, at->first, middle, sibling);
        at->first = middle;
    }
    at->bit++;
}

// Go down within a page. Returns whether the way goes on in the child page; otherwise the terminal is set.
static bool walk_page(const ae_page *page, const aether_hash *path, ae_path_proof *proof) {
    ae_page_end ends[AE_PAGE_ENDS_MAX];
    way at = {.page = page, .ends = ends, .end = ae_page_ends(page, ends), .bit = 4 * page->depth};
    for (;;) {
        if (at.first == at.end)
            return false;
        const ae_page_end *end = &ends[at.first];
        if (at.end - at.first == 1 && !end->is_child) {
            proof->leaf = page->leaves[end->index];
            const bool is_own = memcmp(&proof->leaf.path, path, sizeof *path) == 0;
            proof->terminal = is_own ? AE_TERMINAL_LEAF : AE_TERMINAL_OTHER;
            return false;
        }
        if (at.end - at.first == 1 && at.bit == 4 * page->depth + 4)
            return true;
        step_down(&at, path, proof);
    }
}

aether_status ae_tree_prove(
    const ae_tree *tree, const aether_hash *path, ae_path_proof *out_proof, aether_error *err) {
    out_proof->terminal = AE_TERMINAL_EMPTY;
    out_proof->depth = 0;
    memset(&out_proof->leaf, 0, sizeof out_proof->leaf);
    for (uint32_t depth = 0; depth < AE_PAGE_DEPTHS; depth++) {
        ae_page page;
        bool found = false;
        AE_TRY(ae_page_load(tree, path, depth, &page, &found, err));
        if (!found && depth != 0)
            return ae_fail(
                err, AETHER_STORAGE_DAMAGED, "tree page at depth %u: it is missing", depth);
        if (!found || !walk_page(&page, path, out_proof))
            return AETHER_OK;
    }
    return AETHER_OK; // not reached: no page at depth 63 has a child
}

void ae_path_proof_root(
    const ae_path_proof *proof, const aether_hash *path, aether_hash *out_root) {
    static const aether_hash empty;
    aether_hash hash = empty;
    if (proof->terminal != AE_TERMINAL_EMPTY)
        ae_leaf_hash(&proof->leaf, &hash);
    for (uint32_t i = proof->depth; i-- > 0;) {
        const bool is_right = ae_path_bit(path, i) != 0;
        const uint8_t *sibling = proof->siblings[i].bytes;
        const ae_sha256_pair pair = {.a = is_right ? sibling : hash.bytes,
            .b = is_right ? hash.bytes : sibling,
            .out = &hash};
        ae_sha256_pairs(0x01, &pair, 1);
    }
    *out_root = hash;
}
