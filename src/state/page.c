#include "state/page.h"

#include "base/assert.h"
#include "state/view.h"

#define NODE_PREFIX 0x01
#define LEAF_PREFIX 0x00

_Static_assert(sizeof(ae_leaf) == 64 && _Alignof(ae_leaf) == 1, "a leaf lies in a page as it is");
_Static_assert(AE_PAGE_HEAD_LEN + AE_PAGE_QUARTERS_LEN + AE_PAGE_LEAVES_MAX * 64 <= AE_PAGE_LEN_MAX,
    "so many leaves fit");
_Static_assert(
    AE_PAGE_HEAD_LEN + AE_PAGE_QUARTERS_LEN + AE_PAGE_MANY * 64 > AE_PAGE_LEN_MAX, "and no more");
_Static_assert(AE_PAGE_HEAD_LEN + AE_PAGE_SLOTS * AE_PAGE_CHILD_LEN + 22 * 64 > AE_PAGE_LEN_MAX,
    "16 children and 21 leaves are the most ends");

uint32_t ae_path_shared(const aether_hash *a, const aether_hash *b) {
    for (uint32_t i = 0; i < AETHER_HASH_LEN; i += 8) {
        const uint64_t difference = ae_path_word(a, i) ^ ae_path_word(b, i);
        if (difference != 0)
            return 8 * i + (uint32_t)__builtin_clzll(difference);
    }
    return 8 * AETHER_HASH_LEN;
}

size_t ae_page_key(
    const aether_address *contract, const aether_hash *path, uint32_t depth, uint8_t *out) {
    AE_ASSERT(depth < AE_PAGE_DEPTHS);
    size_t len = 0;
    out[len++] =
        contract == NULL ? AETHER_STORE_KIND_APPLICATION_PAGE : AETHER_STORE_KIND_STORAGE_PAGE;
    if (contract != NULL) {
        memcpy(out + len, contract->bytes, AETHER_ADDRESS_LEN);
        len += AETHER_ADDRESS_LEN;
    }
    out[len++] = (uint8_t)depth;
    memcpy(out + len, path->bytes, (depth + 1) / 2);
    len += (depth + 1) / 2;
    if (depth % 2 != 0)
        out[len - 1] &= 0xf0;
    return len;
}

static uint8_t add_counts(unsigned a, unsigned b) {
    return (uint8_t)(a + b < AE_PAGE_MANY ? a + b : AE_PAGE_MANY);
}

void ae_page_open(ae_page *out, const uint8_t *value, uint32_t depth) {
    const unsigned children = value[0] | (unsigned)value[1] << 8;
    const unsigned child_count = (unsigned)__builtin_popcount(children);
    *out = (ae_page){.depth = depth,
        .children = (uint16_t)children,
        .leaf_count = value[2],
        .total = add_counts(value[2], 0),
        .child_ptr = value + AE_PAGE_HEAD_LEN,
        .leaves = (const ae_leaf *)(value + ae_page_leaves_offset(child_count, value[2]))};
    if (ae_page_has_quarters(child_count, value[2]))
        out->quarters = out->child_ptr;
    for (unsigned i = 0; i < child_count; i++)
        out->total = add_counts(out->total, ae_page_child_total(out, i));
}

static aether_status damaged(const ae_page *page, const char *what, aether_error *err) {
    return ae_fail(err, AETHER_STORAGE_DAMAGED, "tree page at depth %u: %s", page->depth, what);
}

static aether_status check_children(const ae_page *page, aether_error *err) {
    const unsigned child_count = (unsigned)__builtin_popcount(page->children);
    if (child_count == 0)
        return AETHER_OK;
    if (page->depth + 1 == AE_PAGE_DEPTHS)
        return damaged(page, "no child can be below it", err);
    for (unsigned i = 0; i < child_count; i++)
        if (ae_page_child_total(page, i) < 2 || ae_page_child_total(page, i) > AE_PAGE_MANY)
            return damaged(page, "a child's number of leaves is not 2 to 28", err);
    if (page->total != AE_PAGE_MANY)
        return damaged(page, "it has children, though its leaves fit", err);
    return AETHER_OK;
}

// With that every two neighbours differ at a bit behind the prefix, and no leaf is below a child.
static aether_status check_leaves(const ae_page *page, const aether_hash *path, aether_error *err) {
    const ae_leaf *leaves = page->leaves;
    const unsigned count = page->leaf_count;
    if (count == 0)
        return AETHER_OK;
    if (ae_path_shared(&leaves[0].path, path) < 4 * page->depth ||
        ae_path_shared(&leaves[count - 1].path, path) < 4 * page->depth)
        return damaged(page, "a leaf is not below its prefix", err);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0 && ae_path_compare(&leaves[i - 1].path, &leaves[i].path) >= 0)
            return damaged(page, "leaves are not in order", err);
        if (page->children >> ae_path_nibble(&leaves[i].path, page->depth) & 1)
            return damaged(page, "a leaf lies in the slot of a child", err);
        if (i >= AE_PAGE_LEAVES_MAX &&
            ae_path_nibble(&leaves[i - AE_PAGE_LEAVES_MAX].path, page->depth) ==
                ae_path_nibble(&leaves[i].path, page->depth))
            return damaged(page, "a slot has more leaves than a page of its own", err);
    }
    return AETHER_OK;
}

aether_status ae_page_decode(
    aether_bytes value, const aether_hash *path, uint32_t depth, ae_page *out, aether_error *err) {
    ae_page page = {.depth = depth};
    if (value.len < AE_PAGE_HEAD_LEN || value.len > AE_PAGE_LEN_MAX)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "tree page at depth %u: got %zu bytes, at most %d", depth, value.len, AE_PAGE_LEN_MAX);
    const unsigned children = value.data[0] | (unsigned)value.data[1] << 8;
    const size_t len = ae_page_len((unsigned)__builtin_popcount(children), value.data[2]);
    if (value.len != len)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "tree page at depth %u: got %zu bytes, need %zu", depth, value.len, len);
    ae_page_open(&page, value.data, depth);
    if (page.total < (depth == 0 ? 1 : 2))
        return damaged(&page, "it has too few leaves", err);
    AE_TRY(check_children(&page, err));
    AE_TRY(check_leaves(&page, path, err));
    *out = page;
    return AETHER_OK;
}

aether_status ae_page_load(const ae_tree *tree, const aether_hash *path, uint32_t depth,
    ae_page *out, bool *out_found, aether_error *err) {
    uint8_t key[AE_PAGE_KEY_LEN_MAX];
    aether_bytes value = {0};
    bool found = false;
    const size_t key_len = ae_page_key(tree->contract, path, depth, key);
    const ae_view view = ae_view_of_store(tree->view);
    AE_TRY(view.get(view.user, ae_bytes(key, key_len), &value, &found, err));
    if (found)
        AE_TRY(ae_page_decode(value, path, depth, out, err));
    *out_found = found;
    return AETHER_OK;
}

uint16_t ae_page_layout(const uint8_t *counts) {
    unsigned children = 0, child_count = 0, leaf_count = 0;
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++) {
        if (counts[s] < AE_PAGE_MANY) {
            leaf_count += counts[s];
            continue;
        }
        children |= 1u << s; // alone too many
        child_count++;
    }
    while (ae_page_len(child_count, leaf_count) > AE_PAGE_LEN_MAX) {
        unsigned most = AE_PAGE_SLOTS;
        for (unsigned s = 0; s < AE_PAGE_SLOTS; s++)
            if ((children >> s & 1) == 0 && (most == AE_PAGE_SLOTS || counts[s] > counts[most]))
                most = s;
        AE_ASSERT(most < AE_PAGE_SLOTS);
        children |= 1u << most;
        child_count++;
        leaf_count -= counts[most];
    }
    return (uint16_t)children;
}

size_t ae_page_ends(const ae_page *page, ae_page_end *out) {
    size_t count = 0;
    uint8_t leaf = 0, child = 0;
    for (uint8_t s = 0; s < AE_PAGE_SLOTS; s++) {
        if (page->children >> s & 1) {
            out[count++] = (ae_page_end){.slot = s, .is_child = true, .index = child++};
            continue;
        }
        while (
            leaf < page->leaf_count && ae_path_nibble(&page->leaves[leaf].path, page->depth) == s)
            out[count++] = (ae_page_end){.slot = s, .index = leaf++};
    }
    AE_ASSERT(leaf == page->leaf_count && count <= AE_PAGE_ENDS_MAX);
    return count;
}

void ae_forest_init_in(ae_forest *forest, ae_forest_room *room, uint32_t depth) {
    *forest = (ae_forest){.nodes = room->nodes,
        .pairs = room->pairs,
        .live = room->live,
        .capacity = AE_PAGE_ENDS_MAX,
        .depth = depth};
}

// Bits that two neighbours of a page begin with alike.
static int16_t shared_of(const ae_forest_node *a, const ae_forest_node *b, uint32_t depth) {
    const unsigned difference = (unsigned)(a->slot ^ b->slot);
    if (difference != 0)
        return (int16_t)(4 * depth + (unsigned)__builtin_clz(difference) - 28);
    return (int16_t)ae_path_shared(&a->leaf->path, &b->leaf->path);
}

void ae_forest_add(ae_forest *forest, const ae_page *page, const ae_page_end *ends, size_t count) {
    AE_ASSERT(count != 0 && count <= forest->capacity - forest->count);
    ae_forest_node *nodes = forest->nodes + forest->count;
    for (size_t i = 0; i < count; i++) {
        nodes[i].slot = ends[i].slot;
        nodes[i].leaf = ends[i].is_child ? NULL : &page->leaves[ends[i].index];
        nodes[i].root_bit = (int16_t)(ends[i].is_child ? (int)(4 * page->depth + 4) : -1);
        nodes[i].shared = -1;
        nodes[i].out_quarter = NULL;
        if (i > 0)
            nodes[i - 1].shared = shared_of(&nodes[i - 1], &nodes[i], page->depth);
        if (ends[i].is_child)
            memcpy(&nodes[i].hash, ae_page_child_hash(page, ends[i].index), sizeof nodes[i].hash);
    }
    forest->count += count;
}

// The leaves of one quarter, by themselves or as the one node that they are known to be. Returns how many nodes.
static size_t add_quarter(ae_forest_node *nodes, const ae_page *page, size_t first, size_t count,
    const uint8_t *known, uint8_t *out_quarter) {
    const unsigned slot = ae_path_nibble(&page->leaves[first].path, page->depth);
    if (known != NULL && count > 1) {
        nodes[0] = (ae_forest_node){
            .root_bit = (int16_t)(4 * page->depth + 2), .shared = -1, .slot = slot & 0xc};
        memcpy(&nodes[0].hash, known, sizeof nodes[0].hash);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        ae_forest_node *node = &nodes[i];
        node->leaf = &page->leaves[first + i];
        node->slot = (uint8_t)ae_path_nibble(&node->leaf->path, page->depth);
        node->root_bit = -1;
        node->shared = -1;
        node->out_quarter = i == 0 ? out_quarter : NULL;
        if (i > 0)
            nodes[i - 1].shared = (int16_t)ae_path_shared(&node[-1].leaf->path, &node->leaf->path);
    }
    return count;
}

void ae_forest_add_leaves(
    ae_forest *forest, const ae_page *page, unsigned changed, uint8_t *out_quarters) {
    AE_ASSERT(page->leaf_count != 0 && page->leaf_count <= forest->capacity - forest->count);
    ae_forest_node *nodes = forest->nodes + forest->count;
    size_t filled = 0;
    for (size_t first = 0; first < page->leaf_count;) {
        const unsigned quarter = ae_path_nibble(&page->leaves[first].path, page->depth) / 4;
        size_t end = first + 1;
        while (end < page->leaf_count &&
               ae_path_nibble(&page->leaves[end].path, page->depth) / 4 == quarter)
            end++;
        uint8_t *hash = out_quarters != NULL ? out_quarters + quarter * AETHER_HASH_LEN : NULL;
        const uint8_t *known = (changed >> quarter & 1) == 0 ? hash : NULL;
        const size_t added = add_quarter(nodes + filled, page, first, end - first, known, hash);
        if (filled > 0)
            nodes[filled - 1].shared = shared_of(&nodes[filled - 1], &nodes[filled], page->depth);
        filled += added;
        first = end;
    }
    forest->count += filled;
}

// Returns the greatest depth in bits at which two nodes join, or a child stands alone; -1: nowhere.
static int begin_reduce(ae_forest *forest) {
    int deepest = -1;
    size_t leaves = 0;
    for (size_t i = 0; i < forest->count; i++) {
        ae_forest_node *node = &forest->nodes[i];
        forest->live[i] = (uint16_t)i;
        if (node->shared > deepest)
            deepest = node->shared;
        if (node->root_bit - 1 > deepest)
            deepest = node->root_bit - 1;
        if (node->leaf != NULL)
            forest->pairs[leaves++] = (ae_sha256_pair){
                .a = node->leaf->path.bytes, .b = node->leaf->value_hash.bytes, .out = &node->hash};
    }
    forest->live_count = forest->count;
    ae_sha256_pairs(LEAF_PREFIX, forest->pairs, leaves);
    return deepest;
}

static unsigned bit_of(const ae_forest *forest, const ae_forest_node *node, int bit) {
    const int behind_slot = bit - 4 * (int)forest->depth - 4;
    if (behind_slot < 0)
        return node->slot >> (-behind_slot - 1) & 1u;
    return ae_path_bit(&node->leaf->path, (uint32_t)bit);
}

/* Make the nodes at one depth: where two subtrees part, and above a subtree that has two leaves or more. */
static void reduce_level(ae_forest *forest, int bit) {
    static const uint8_t empty[AETHER_HASH_LEN];
    size_t kept = 0, pair_count = 0;
    for (size_t i = 0; i < forest->live_count; i++) {
        ae_forest_node *node = &forest->nodes[forest->live[i]];
        forest->live[kept++] = forest->live[i];
        if (node->shared == bit) {
            const ae_forest_node *next = &forest->nodes[forest->live[++i]];
            forest->pairs[pair_count++] =
                (ae_sha256_pair){.a = node->hash.bytes, .b = next->hash.bytes, .out = &node->hash};
            node->shared = next->shared;
        } else if (node->root_bit == bit + 1) {
            const bool is_right = bit_of(forest, node, bit) != 0;
            forest->pairs[pair_count++] = (ae_sha256_pair){.a = is_right ? empty : node->hash.bytes,
                .b = is_right ? node->hash.bytes : empty,
                .out = &node->hash};
        } else {
            continue;
        }
        node->root_bit = (int16_t)bit;
    }
    forest->live_count = kept;
    ae_sha256_pairs(NODE_PREFIX, forest->pairs, pair_count);
}

// The nodes that are left when all below the quarters is hashed are the quarters, or single leaves in them.
static void store_quarters(const ae_forest *forest) {
    for (size_t i = 0; i < forest->live_count; i++) {
        const ae_forest_node *node = &forest->nodes[forest->live[i]];
        if (node->out_quarter != NULL)
            memcpy(node->out_quarter, &node->hash, sizeof node->hash);
    }
}

void ae_forest_reduce(ae_forest *forest, uint32_t bit) {
    const int above_quarters = 4 * (int)forest->depth + 1;
    int at = begin_reduce(forest);
    for (; at > above_quarters && at >= (int)bit; at--)
        reduce_level(forest, at);
    store_quarters(forest);
    for (; at >= (int)bit; at--)
        reduce_level(forest, at);
    forest->count = 0;
}

void ae_page_hash(const ae_page *page, aether_hash *out) {
    ae_forest_room room;
    ae_forest forest;
    ae_page_end ends[AE_PAGE_ENDS_MAX];
    ae_forest_init_in(&forest, &room, page->depth);
    ae_forest_add(&forest, page, ends, ae_page_ends(page, ends));
    ae_forest_reduce(&forest, 4 * page->depth);
    *out = *ae_forest_hash(&forest, 0);
}
