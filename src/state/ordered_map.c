#include "state/ordered_map.h"

#include "base/assert.h"

enum { SMALLER = 0, GREATER = 1 };

static int height_of(const ae_map_node *node) {
    return node != NULL ? node->height : 0;
}

static bool has_marked(const ae_map_node *node) {
    return node != NULL && node->has_marked;
}

static void summarize(ae_map_node *node) {
    const int smaller = height_of(node->child[SMALLER]);
    const int greater = height_of(node->child[GREATER]);
    node->height = (uint8_t)(1 + (smaller > greater ? smaller : greater));
    node->has_marked =
        node->is_marked || has_marked(node->child[SMALLER]) || has_marked(node->child[GREATER]);
}

static int side_of(const ae_map_node *node) {
    return node->parent->child[GREATER] == node ? GREATER : SMALLER;
}

// Let `node`, which may be NULL, be what hangs on that side of `parent`; NULL: the root.
static void hang(ae_map *map, ae_map_node *parent, int side, ae_map_node *node) {
    if (parent == NULL)
        map->root = node;
    else
        parent->child[side] = node;
    if (node != NULL)
        node->parent = parent;
}

// The child on `side` comes up and `node` goes down on the other side. Returns the child.
static ae_map_node *rotate(ae_map *map, ae_map_node *node, int side) {
    ae_map_node *child = node->child[side];
    hang(map, node->parent, node->parent != NULL ? side_of(node) : 0, child);
    hang(map, node, side, child->child[!side]);
    hang(map, child, !side, node);
    summarize(node);
    summarize(child);
    return child;
}

static ae_map_node *balance(ae_map *map, ae_map_node *node) {
    summarize(node);
    const int lean = height_of(node->child[GREATER]) - height_of(node->child[SMALLER]);
    if (lean >= -1 && lean <= 1)
        return node;
    const int side = lean > 0 ? GREATER : SMALLER;
    ae_map_node *child = node->child[side];
    if (height_of(child->child[!side]) > height_of(child->child[side]))
        rotate(map, child, !side);
    return rotate(map, node, side);
}

static void balance_upwards(ae_map *map, ae_map_node *node) {
    while (node != NULL)
        node = balance(map, node)->parent;
}

ae_map_place ae_map_locate(const ae_map *map, aether_bytes key) {
    ae_map_place place = {.node = map->root};
    while (place.node != NULL) {
        const int order = ae_bytes_compare(key, place.node->key);
        if (order == 0)
            return place;
        place.parent = place.node;
        place.side = order > 0 ? GREATER : SMALLER;
        place.node = place.parent->child[place.side];
    }
    return place;
}

void ae_map_insert(ae_map *map, ae_map_place place, ae_map_node *node) {
    AE_ASSERT(place.node == NULL);
    node->child[SMALLER] = NULL;
    node->child[GREATER] = NULL;
    hang(map, place.parent, place.side, node);
    map->count++;
    balance_upwards(map, node);
}

void ae_map_replace(ae_map *map, ae_map_node *old, ae_map_node *node) {
    node->is_marked = old->is_marked;
    hang(map, old->parent, old->parent != NULL ? side_of(old) : 0, node);
    hang(map, node, SMALLER, old->child[SMALLER]);
    hang(map, node, GREATER, old->child[GREATER]);
    summarize(node);
}

static ae_map_node *outermost(ae_map_node *node, int side) {
    while (node->child[side] != NULL)
        node = node->child[side];
    return node;
}

void ae_map_remove(ae_map *map, ae_map_node *node) {
    ae_map_node *changed = node->parent; // the lowest node below which something changes
    const int side = node->parent != NULL ? side_of(node) : 0;
    if (node->child[SMALLER] == NULL || node->child[GREATER] == NULL) {
        const int kept = node->child[SMALLER] != NULL ? SMALLER : GREATER;
        hang(map, node->parent, side, node->child[kept]);
    } else {
        ae_map_node *heir = outermost(node->child[GREATER], SMALLER);
        changed = heir;
        if (heir->parent != node) {
            changed = heir->parent;
            hang(map, heir->parent, SMALLER, heir->child[GREATER]);
            hang(map, heir, GREATER, node->child[GREATER]);
        }
        hang(map, heir, SMALLER, node->child[SMALLER]);
        hang(map, node->parent, side, heir);
    }
    map->count--;
    balance_upwards(map, changed);
}

void ae_map_mark(ae_map_node *node, bool is_marked) {
    node->is_marked = is_marked;
    for (; node != NULL; node = node->parent) {
        const bool before = node->has_marked;
        node->has_marked =
            node->is_marked || has_marked(node->child[SMALLER]) || has_marked(node->child[GREATER]);
        if (node->has_marked == before)
            return;
    }
}

// A point between keys, from which a search goes up or down.
typedef struct map_cut {
    aether_bytes key;
    enum { BEFORE_KEY, AFTER_KEY, AFTER_PREFIX } kind;
} map_cut;

static bool lies_below(aether_bytes key, const map_cut *cut) {
    const int order = ae_bytes_compare(key, cut->key);
    switch (cut->kind) {
    case BEFORE_KEY:
        return order < 0;
    case AFTER_KEY:
        return order <= 0;
    case AFTER_PREFIX:
        return order <= 0 || ae_bytes_starts_with(key, cut->key);
    }
    AE_UNREACHABLE();
}

// The marked node of the subtree, which has one, that lies farthest on `side`.
static ae_map_node *outermost_marked(ae_map_node *node, int side) {
    for (;;) {
        if (has_marked(node->child[side]))
            node = node->child[side];
        else if (node->is_marked)
            return node;
        else
            node = node->child[!side];
    }
}

// The first marked node above the cut, or the last one below it.
static ae_map_node *nearest_marked(const ae_map *map, const map_cut *cut, bool descending) {
    const int onward = descending ? SMALLER : GREATER;
    ae_map_node *node = NULL;
    int side = onward;
    for (ae_map_node *at = map->root; at != NULL; at = node->child[side]) {
        node = at;
        side = lies_below(at->key, cut) ? GREATER : SMALLER;
    }
    // Coming up from the side that lies behind, a node and what is onward of it come next.
    while (node != NULL) {
        if (side != onward) {
            if (node->is_marked)
                return node;
            if (has_marked(node->child[onward]))
                return outermost_marked(node->child[onward], !onward);
        }
        if (node->parent != NULL)
            side = side_of(node);
        node = node->parent;
    }
    return NULL;
}

ae_map_node *ae_map_neighbour(
    const ae_map *map, aether_bytes prefix, aether_bytes after, bool descending) {
    map_cut from = {.key = after, .kind = descending ? BEFORE_KEY : AFTER_KEY};
    const bool is_unbounded = after.len == 0;
    const int order = ae_bytes_compare(after, prefix);
    if (!descending && (is_unbounded || order < 0))
        from = (map_cut){.key = prefix, .kind = BEFORE_KEY};
    else if (descending && (is_unbounded || (order > 0 && !ae_bytes_starts_with(after, prefix))))
        from = (map_cut){.key = prefix, .kind = AFTER_PREFIX};
    ae_map_node *node = nearest_marked(map, &from, descending);
    return node != NULL && ae_bytes_starts_with(node->key, prefix) ? node : NULL;
}

ae_map_node *ae_map_first(const ae_map *map) {
    return map->root != NULL ? outermost(map->root, SMALLER) : NULL;
}

ae_map_node *ae_map_following(const ae_map_node *node) {
    if (node->child[GREATER] != NULL)
        return outermost(node->child[GREATER], SMALLER);
    while (node->parent != NULL && side_of(node) == GREATER)
        node = node->parent;
    return node->parent;
}
