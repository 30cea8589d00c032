#include "state/tree.h"

#include "base/assert.h"
#include "crypto/sha256.h"
#include "state/leaf_sort.h"
#include "state/page.h"

/* An update goes down the pages that changes lie below, and hashes afterwards, all pages of a depth together, the
 * deepest first. On the way a page is not written by itself but handed to the page above, which alone can say
 * whether it stays a page. So the changes of each depth come about in the order of their paths.
 *
 * What lies below a slot is at most one page as long as it has at most AE_PAGE_LEAVES_MAX leaves. That case is
 * settled in place; only a slot with more is gone down into. */

#define FOREST_CAPACITY 512 /* nodes */
#define ALL_QUARTERS ((1u << AE_PAGE_QUARTERS) - 1)

/* A page that was made: its bytes lie in the list's arena, and have holes where hashes of children are due. */
typedef struct made_page {
    struct made_page *next; // of its depth
    uint8_t *value;
    size_t len;
    uint8_t *out_hash; // where its hash is due
    unsigned quarters; // a bit for each whose hash is not known, if it has such hashes
} made_page;

typedef enum slot_content {
    SLOT_LEAVES, // `leaves`, perhaps none
    SLOT_CHILD,  // a child page as it is in the store
    SLOT_MADE,   // a child page that changed, of many leaves
} slot_content;

typedef struct tree_slot {
    slot_content content;
    uint8_t count;  // leaves below it, at most AE_PAGE_MANY
    bool is_stored; // the store has a child page there
    const ae_leaf *leaves;
    const uint8_t *child_hash;
    made_page *made;
    unsigned
        quarters; // of SLOT_LEAVES: a bit for each quarter of them whose hash is not in `quarter_hashes`
    uint8_t quarter_hashes[AE_PAGE_QUARTERS_LEN];
} tree_slot;

/* A page on the way down. */
typedef struct frame {
    aether_hash path; // the first `depth` nibbles are the page's
    uint32_t depth;
    bool is_changed;
    bool is_reshaped; // a slot's number of leaves changed, or the page is new
    uint8_t total;
    made_page *made; // if it is changed and can't go back into the page above
    ae_page old;
    tree_slot slots[AE_PAGE_SLOTS];
    uint8_t bytes[AE_PAGE_LEN_MAX]; // of the old page: the store's own die with its next call
    size_t pool_count;
    /* Of slots whose leaves are not those of the old page; each takes room once. */
    ae_leaf pool[AE_PAGE_SLOTS * AE_PAGE_LEAVES_MAX];
} frame;

typedef struct depth_state {
    ae_change_list changes;
    made_page *first;
    made_page *last;
    frame *frame;
} depth_state;

typedef struct update {
    const ae_tree *tree; // without a view: nothing is read
    ae_arena *scratch;
    ae_arena *arena; // of what is handed out
    depth_state depths[AE_PAGE_DEPTHS];
} update;

void ae_leaf_init(ae_leaf *out, aether_bytes key, aether_bytes value) {
    static const uint8_t record_prefix = 0x01;
    ae_sha256_state state;
    ae_sha256_init(&state);
    ae_sha256_update(&state, key);
    ae_sha256_final(&state, &out->path);
    ae_sha256_init(&state);
    ae_sha256_update(&state, ae_bytes(&record_prefix, 1));
    ae_sha256_update(&state, value);
    ae_sha256_final(&state, &out->value_hash);
}

static aether_status exhausted(const char *what, aether_error *err) {
    return ae_fail(err, AETHER_OUT_OF_MEMORY, "tree: no memory for %s", what);
}

static bool is_removal(const ae_leaf *leaf) {
    static const aether_hash zero;
    return memcmp(&leaf->value_hash, &zero, sizeof zero) == 0;
}

// Both are sorted. Returns how many leaves there are then; *out_changed is set where it differs from `leaves`.
static size_t merge(const ae_leaf *leaves, size_t count, const ae_leaf *changes,
    size_t change_count, ae_leaf *out, bool *out_changed) {
    size_t filled = 0, at = 0;
    for (size_t i = 0; i < change_count; i++) {
        while (at < count && ae_path_compare(&leaves[at].path, &changes[i].path) < 0)
            out[filled++] = leaves[at++];
        const bool exists = at < count && ae_path_compare(&leaves[at].path, &changes[i].path) == 0;
        const bool is_removed = is_removal(&changes[i]);
        if (exists && (is_removed || memcmp(&leaves[at], &changes[i], sizeof *leaves) != 0))
            *out_changed = true;
        if (!exists && !is_removed)
            *out_changed = true;
        at += exists;
        if (!is_removed)
            out[filled++] = changes[i];
    }
    if (at < count)
        memcpy(out + filled, leaves + at, (count - at) * sizeof *leaves);
    return filled + count - at;
}

static aether_hash child_path(const frame *at, unsigned s) {
    aether_hash path = at->path;
    uint8_t *byte = &path.bytes[at->depth / 2];
    *byte = (uint8_t)(at->depth % 2 == 0 ? s << 4 : (*byte & 0xf0u) | s);
    return path;
}

// A child page whose leaves go into, or are changed for, the page above.
static aether_status load_few(
    const update *self, const frame *at, unsigned s, ae_page *out, aether_error *err) {
    const aether_hash path = child_path(at, s);
    bool found = false;
    AE_TRY(ae_page_load(self->tree, &path, at->depth + 1, out, &found, err));
    if (!found || out->children != 0 || out->leaf_count != at->slots[s].count)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "tree page at depth %u: it is not the one of %u leaves that the page above names",
            at->depth + 1, at->slots[s].count);
    return AETHER_OK;
}

// A bit for each quarter of a page that leaves lie in.
static unsigned quarters_of(const ae_leaf *leaves, size_t count, uint32_t depth) {
    unsigned quarters = 0;
    for (size_t i = 0; i < count; i++)
        quarters |= 1u << ae_path_nibble(&leaves[i].path, depth) / 4;
    return quarters;
}

// The slot had and has at most AE_PAGE_LEAVES_MAX leaves, whatever the changes are.
static aether_status change_few(
    update *self, frame *at, unsigned s, const ae_leaf *changes, size_t count, aether_error *err) {
    tree_slot *slot = &at->slots[s];
    ae_page child = {.leaves = slot->leaves};
    if (slot->content == SLOT_CHILD)
        AE_TRY(load_few(self, at, s, &child, err));
    ae_leaf *merged = at->pool + at->pool_count;
    bool is_changed = false;
    const size_t merged_count =
        merge(child.leaves, slot->count, changes, count, merged, &is_changed);
    if (!is_changed)
        return AETHER_OK;
    at->is_changed = true;
    at->pool_count += merged_count;
    slot->quarters = ALL_QUARTERS;
    if (child.quarters != NULL) {
        memcpy(slot->quarter_hashes, child.quarters, sizeof slot->quarter_hashes);
        slot->quarters = quarters_of(changes, count, at->depth + 1);
    }
    slot->content = SLOT_LEAVES;
    slot->leaves = merged;
    at->is_reshaped |= slot->count != merged_count;
    slot->count = (uint8_t)merged_count;
    return AETHER_OK;
}

static aether_status frame_at(update *self, uint32_t depth, frame **out, aether_error *err) {
    depth_state *at = &self->depths[depth];
    if (at->frame == NULL)
        at->frame = ae_arena_alloc(self->scratch, sizeof *at->frame, _Alignof(frame));
    if (at->frame == NULL)
        return exhausted("a page on the way down", err);
    *out = at->frame;
    return AETHER_OK;
}

// Begin with the page that the store has; without one, with an empty page.
static aether_status frame_load(update *self, frame *at, bool *out_found, aether_error *err) {
    ae_page page;
    bool found = false;
    if (self->tree->view != NULL)
        AE_TRY(ae_page_load(self->tree, &at->path, at->depth, &page, &found, err));
    at->old = (ae_page){.depth = at->depth, .leaves = at->pool}; // empty
    if (found) {
        const uint8_t *value = page.child_ptr - AE_PAGE_HEAD_LEN;
        const unsigned child_count = (unsigned)__builtin_popcount(page.children);
        memcpy(at->bytes, value, ae_page_len(child_count, page.leaf_count));
        ae_page_open(&at->old, at->bytes, at->depth);
    }
    at->is_reshaped = !found;
    *out_found = found;
    return AETHER_OK;
}

static void frame_spread(frame *at) {
    unsigned leaf = 0, child = 0;
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++) {
        tree_slot *slot = &at->slots[s];
        slot->content = SLOT_LEAVES;
        slot->count = 0;
        slot->is_stored = false;
        slot->leaves = at->old.leaves + leaf;
        slot->quarters = ALL_QUARTERS;
        if (at->old.children >> s & 1) {
            slot->content = SLOT_CHILD;
            slot->is_stored = true;
            slot->child_hash = ae_page_child_hash(&at->old, child);
            slot->count = ae_page_child_total(&at->old, child++);
            continue;
        }
        while (leaf < at->old.leaf_count &&
               ae_path_nibble(&at->old.leaves[leaf].path, at->depth) == s) {
            leaf++;
            slot->count++;
        }
    }
    at->is_changed = false;
    at->pool_count = 0;
    at->made = NULL;
}

// Number of leaves at the front whose nibble is at most `s`.
static size_t count_up_to(const ae_leaf *leaves, size_t count, uint32_t depth, unsigned s) {
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ae_path_nibble(&leaves[middle].path, depth) <= s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static aether_status make_page(
    update *self, uint32_t depth, uint8_t *value, size_t len, made_page **out, aether_error *err) {
    made_page *made = ae_arena_alloc(self->scratch, sizeof *made, _Alignof(made_page));
    if (made == NULL)
        return exhausted("a page", err);
    depth_state *at = &self->depths[depth];
    *made = (made_page){.value = value, .len = len, .quarters = ALL_QUARTERS};
    if (at->last == NULL)
        at->first = made;
    else
        at->last->next = made;
    at->last = made;
    *out = made;
    return AETHER_OK;
}

// The hashes that are known; those of changed quarters are zero, which is right where no leaf is left.
static void fill_quarters(uint8_t *out, const tree_slot *slot) {
    memset(out, 0, AE_PAGE_QUARTERS_LEN);
    for (unsigned q = 0; q < AE_PAGE_QUARTERS; q++)
        if ((slot->quarters >> q & 1) == 0)
            memcpy(out + q * AETHER_HASH_LEN, slot->quarter_hashes + q * AETHER_HASH_LEN,
                AETHER_HASH_LEN);
}

static aether_status make_leaf_page(
    update *self, uint32_t depth, const tree_slot *slot, made_page **out, aether_error *err) {
    const size_t len = ae_page_len(0, slot->count);
    uint8_t *value = ae_arena_alloc(self->arena, len, 1);
    if (value == NULL)
        return exhausted("a page", err);
    value[0] = 0;
    value[1] = 0;
    value[2] = slot->count;
    memcpy(value + ae_page_leaves_offset(0, slot->count), slot->leaves,
        slot->count * sizeof *slot->leaves);
    AE_TRY(make_page(self, depth, value, len, out, err));
    if (!ae_page_has_quarters(0, slot->count))
        return AETHER_OK;
    fill_quarters(value + AE_PAGE_HEAD_LEN, slot);
    (*out)->quarters = slot->quarters;
    return AETHER_OK;
}

// NULL: the page is removed.
static aether_status emit(update *self, const aether_hash *path, uint32_t depth,
    const made_page *made, aether_error *err) {
    uint8_t key[AE_PAGE_KEY_LEN_MAX];
    const size_t key_len = ae_page_key(self->tree->contract, path, depth, key);
    uint8_t *kept = ae_arena_alloc(self->arena, key_len, 1);
    if (kept == NULL)
        return exhausted("a page's key", err);
    memcpy(kept, key, key_len);
    const aether_change change = {.key = ae_bytes(kept, key_len),
        .value = made != NULL ? ae_bytes(made->value, made->len) : ae_bytes(NULL, 0),
        .is_removed = made == NULL};
    return ae_change_list_add(&self->depths[depth].changes, change, err);
}

// A slot that is a child page: its hash, or a hole for it, and its number of leaves.
static aether_status put_child(
    update *self, const frame *at, unsigned s, uint8_t *out, aether_error *err) {
    const tree_slot *slot = &at->slots[s];
    out[AETHER_HASH_LEN] = slot->count;
    if (slot->content == SLOT_CHILD) {
        memcpy(out, slot->child_hash, AETHER_HASH_LEN);
        return AETHER_OK;
    }
    made_page *made = slot->made;
    if (slot->content == SLOT_LEAVES)
        AE_TRY(make_leaf_page(self, at->depth + 1, slot, &made, err));
    made->out_hash = out;
    const aether_hash path = child_path(at, s);
    return emit(self, &path, at->depth + 1, made, err);
}

// Children that are no pages any more.
static aether_status remove_child(update *self, const frame *at, unsigned s, aether_error *err) {
    if (!at->slots[s].is_stored)
        return AETHER_OK;
    const aether_hash path = child_path(at, s);
    return emit(self, &path, at->depth + 1, NULL, err);
}

// Write the page and emit its children.
static aether_status encode(update *self, frame *at, unsigned children, aether_error *err) {
    const unsigned child_count = (unsigned)__builtin_popcount(children);
    unsigned leaf_count = 0;
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++)
        if ((children >> s & 1) == 0)
            leaf_count += at->slots[s].count;
    const size_t len = ae_page_len(child_count, leaf_count);
    AE_ASSERT(len <= AE_PAGE_LEN_MAX);
    uint8_t *value = ae_arena_alloc(self->arena, len, 1);
    if (value == NULL)
        return exhausted("a page", err);
    value[0] = (uint8_t)children;
    value[1] = (uint8_t)(children >> 8);
    value[2] = (uint8_t)leaf_count;
    uint8_t *child = value + AE_PAGE_HEAD_LEN;
    uint8_t *leaf = value + ae_page_leaves_offset(child_count, leaf_count);
    memset(child, 0, (size_t)(leaf - child)); // quarters without a leaf
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++) {
        const tree_slot *slot = &at->slots[s];
        if (children >> s & 1) {
            AE_TRY(put_child(self, at, s, child, err));
            child += AE_PAGE_CHILD_LEN;
            continue;
        }
        AE_TRY(remove_child(self, at, s, err));
        if (slot->count != 0)
            memcpy(leaf, slot->leaves, slot->count * sizeof *slot->leaves);
        leaf += slot->count * sizeof *slot->leaves;
    }
    return make_page(self, at->depth, value, len, &at->made, err);
}

/* Give a changed page its shape by the rule. A page of few leaves is not made: they are handed up. */
static aether_status settle(update *self, frame *at, aether_error *err) {
    uint8_t counts[AE_PAGE_SLOTS];
    unsigned total = 0;
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++) {
        counts[s] = at->slots[s].count;
        total += counts[s];
    }
    at->total = (uint8_t)(total < AE_PAGE_MANY ? total : AE_PAGE_MANY);
    const uint16_t children = at->is_reshaped ? ae_page_layout(counts) : at->old.children;
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++) {
        tree_slot *slot = &at->slots[s];
        if ((children >> s & 1) != 0 || slot->content != SLOT_CHILD)
            continue;
        ae_page child;
        AE_TRY(load_few(self, at, s, &child, err));
        slot->content = SLOT_LEAVES;
        slot->leaves =
            memcpy(at->pool + at->pool_count, child.leaves, slot->count * sizeof(ae_leaf));
        at->pool_count += slot->count;
    }
    if (at->total == AE_PAGE_MANY || (at->depth == 0 && total != 0))
        return encode(self, at, children, err);
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++)
        AE_TRY(remove_child(self, at, s, err));
    return AETHER_OK;
}

// Of at most AE_PAGE_LEAVES_MAX leaves. Returns how many.
static size_t collect_leaves(const frame *at, ae_leaf *out) {
    size_t count = 0;
    for (unsigned s = 0; s < AE_PAGE_SLOTS; s++) {
        const tree_slot *slot = &at->slots[s];
        if (slot->count != 0)
            memcpy(out + count, slot->leaves, slot->count * sizeof *out);
        count += slot->count;
    }
    return count;
}

static aether_status change_page(
    update *self, frame *at, const ae_leaf *changes, size_t count, aether_error *err);

// The slot has or may get more leaves than a single page can hold.
static aether_status change_many(
    update *self, frame *at, unsigned s, const ae_leaf *changes, size_t count, aether_error *err) {
    tree_slot *slot = &at->slots[s];
    frame *below = NULL;
    AE_TRY(frame_at(self, at->depth + 1, &below, err));
    below->depth = at->depth + 1;
    below->path = changes[0].path;
    if (slot->content == SLOT_CHILD) {
        bool found = false;
        AE_TRY(frame_load(self, below, &found, err));
        if (!found || below->old.total != slot->count)
            return ae_fail(err, AETHER_STORAGE_DAMAGED,
                "tree page at depth %u: it is not the one that the page above names", below->depth);
    } else {
        below->is_reshaped = true;
        below->old = (ae_page){.depth = below->depth,
            .leaf_count = slot->count,
            .total = slot->count,
            .leaves = slot->leaves};
    }
    AE_TRY(change_page(self, below, changes, count, err));
    if (!below->is_changed)
        return AETHER_OK;
    at->is_changed = true;
    at->is_reshaped |= slot->count != below->total;
    slot->count = below->total;
    slot->made = below->made;
    slot->content = SLOT_MADE;
    if (below->made != NULL)
        return AETHER_OK;
    slot->content = SLOT_LEAVES;
    slot->leaves = at->pool + at->pool_count;
    at->pool_count += collect_leaves(below, at->pool + at->pool_count);
    return AETHER_OK;
}

// Recursion ends at depth 63, where no slot has more than one leaf.
static aether_status change_page(
    update *self, frame *at, const ae_leaf *changes, size_t count, aether_error *err) {
    frame_spread(at);
    for (size_t start = 0; start < count;) {
        const unsigned s = ae_path_nibble(&changes[start].path, at->depth);
        const size_t end = start + count_up_to(changes + start, count - start, at->depth, s);
        if (at->slots[s].count + (end - start) <= AE_PAGE_LEAVES_MAX)
            AE_TRY(change_few(self, at, s, changes + start, end - start, err));
        else
            AE_TRY(change_many(self, at, s, changes + start, end - start, err));
        start = end;
    }
    return at->is_changed ? settle(self, at, err) : AETHER_OK;
}

static aether_status forest_alloc(ae_forest *out, ae_arena *scratch, aether_error *err) {
    *out = (ae_forest){.nodes = ae_arena_alloc(
                           scratch, FOREST_CAPACITY * sizeof *out->nodes, _Alignof(ae_forest_node)),
        .pairs =
            ae_arena_alloc(scratch, FOREST_CAPACITY * sizeof *out->pairs, _Alignof(ae_sha256_pair)),
        .live = ae_arena_alloc(scratch, FOREST_CAPACITY * sizeof *out->live, _Alignof(uint16_t)),
        .capacity = FOREST_CAPACITY};
    if (out->nodes == NULL || out->pairs == NULL || out->live == NULL)
        return exhausted("hashing", err);
    return AETHER_OK;
}

// Hash what the forest holds: the pages from `first` to before `end`.
static void hash_pages(ae_forest *forest, const made_page *first, const made_page *end) {
    size_t tree = 0;
    ae_forest_reduce(forest, 4 * forest->depth);
    for (const made_page *at = first; at != end; at = at->next)
        memcpy(at->out_hash, ae_forest_hash(forest, tree++), AETHER_HASH_LEN);
}

static void add_page(ae_forest *forest, const made_page *made) {
    ae_page page;
    ae_page_open(&page, made->value, forest->depth);
    if (page.children == 0) {
        uint8_t *quarters = page.quarters != NULL ? made->value + AE_PAGE_HEAD_LEN : NULL;
        ae_forest_add_leaves(forest, &page, made->quarters, quarters);
        return;
    }
    ae_page_end ends[AE_PAGE_ENDS_MAX];
    ae_forest_add(forest, &page, ends, ae_page_ends(&page, ends));
}

// The pages of one depth; below it all are hashed.
static void hash_depth(ae_forest *forest, const made_page *pages) {
    const made_page *first = pages;
    for (const made_page *at = pages; at != NULL; at = at->next) {
        if (AE_PAGE_ENDS_MAX > forest->capacity - forest->count) {
            hash_pages(forest, first, at);
            first = at;
        }
        add_page(forest, at);
    }
    if (first != NULL)
        hash_pages(forest, first, NULL);
}

static aether_status hash_all(update *self, aether_error *err) {
    ae_forest forest;
    AE_TRY(forest_alloc(&forest, self->scratch, err));
    for (uint32_t depth = AE_PAGE_DEPTHS; depth-- > 0;) {
        forest.depth = depth;
        hash_depth(&forest, self->depths[depth].first);
    }
    return AETHER_OK;
}

// Change the root's page, and say what becomes of it.
static aether_status change_root(
    update *self, const ae_leaf *leaves, size_t count, aether_hash *out_root, aether_error *err) {
    frame *root = NULL;
    bool found = false;
    AE_TRY(frame_at(self, 0, &root, err));
    root->depth = 0;
    memset(&root->path, 0, sizeof root->path);
    AE_TRY(frame_load(self, root, &found, err));
    AE_TRY(change_page(self, root, leaves, count, err));
    memset(out_root, 0, sizeof *out_root);
    if (!root->is_changed) {
        if (found)
            ae_page_hash(&root->old, out_root);
        return AETHER_OK;
    }
    if (root->made != NULL)
        root->made->out_hash = out_root->bytes;
    if (root->made != NULL || found)
        AE_TRY(emit(self, &root->path, 0, root->made, err));
    return hash_all(self, err);
}

static aether_status run(const ae_tree *tree, ae_leaf *leaves, size_t count, ae_arena *scratch,
    ae_change_list *out_pages, aether_hash *out_root, aether_error *err) {
    aether_hash hash;
    update *self = ae_arena_alloc(scratch, sizeof *self, _Alignof(update));
    if (self == NULL)
        return exhausted("an update", err);
    *self = (update){.tree = tree, .scratch = scratch, .arena = out_pages->arena};
    for (size_t i = 0; i < AE_PAGE_DEPTHS; i++)
        ae_change_list_init(&self->depths[i].changes, self->arena);
    AE_TRY(ae_leaves_sort(leaves, count, scratch, err));
    AE_TRY(change_root(self, leaves, count, &hash, err));
    for (size_t i = 0; i < AE_PAGE_DEPTHS; i++)
        ae_change_list_join(out_pages, &self->depths[i].changes);
    *out_root = hash;
    return AETHER_OK;
}

aether_status ae_tree_update(const ae_tree *tree, ae_leaf *leaves, size_t count, ae_arena *scratch,
    ae_change_list *out_pages, aether_hash *out_root, aether_error *err) {
    return run(tree, leaves, count, scratch, out_pages, out_root, err);
}

aether_status ae_tree_build(const aether_address *contract, ae_leaf *leaves, size_t count,
    ae_arena *scratch, ae_change_list *out_pages, aether_hash *out_root, aether_error *err) {
    const ae_tree nothing = {.contract = contract};
    return run(&nothing, leaves, count, scratch, out_pages, out_root, err);
}
