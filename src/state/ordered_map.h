/* An ordered map of byte strings: a balanced (AVL) tree of nodes that lie inside the caller's
 * records, so that it allocates nothing and nothing in it can fail.
 *
 * Each node is marked or not, as the caller says. Neighbour queries see marked nodes only and take
 * logarithmic time however many unmarked ones lie between: those cost nobody gas.
 *
 * Life: zero an ae_map → insert nodes. Nothing to release.
 * Thread safety: one-at-a-time. Determinism: order is that of the keys' bytes, never of insertion.
 */
#ifndef AE_STATE_ORDERED_MAP_H
#define AE_STATE_ORDERED_MAP_H

#include "base/bytes.h"

typedef struct ae_map_node {
    aether_bytes key; /* set before insertion, constant while in the map */
    struct ae_map_node *parent;
    struct ae_map_node *child[2]; /* smaller keys, greater keys */
    uint8_t height;               /* of the subtree; 1 for a leaf */
    bool is_marked;               /* set before insertion, then by ae_map_mark */
    bool has_marked;              /* some node of the subtree is marked */
} ae_map_node;

typedef struct ae_map {
    ae_map_node *root;
    size_t count;
} ae_map;

/* Where a key is, or where it would go. Dead after the next insertion or removal. */
typedef struct ae_map_place {
    ae_map_node *node;   /* NULL when the key is not in the map */
    ae_map_node *parent; /* of the node, or of the one to come; NULL at the root */
    int side;            /* which child of it */
} ae_map_place;

ae_map_place ae_map_locate(const ae_map *map, aether_bytes key);

/* Put a node, whose key and is_marked are set, at the place located for its key, where none is. */
void ae_map_insert(ae_map *map, ae_map_place place, ae_map_node *node);

/* Take a node out; the node may then be released. */
void ae_map_remove(ae_map *map, ae_map_node *node);

/* Put `node`, whose key is the same, in the place of `old`, which may then be released. It takes
 * over the mark. */
void ae_map_replace(ae_map *map, ae_map_node *old, ae_map_node *node);

void ae_map_mark(ae_map_node *node, bool is_marked);

/* The neighbour of `after` among the marked nodes whose keys start with `prefix`: the smallest key
 * greater than `after`, or, descending, the greatest smaller one. `after` of length 0: the first
 * (last) with the prefix. `after` need not be in the map nor start with the prefix. NULL if there
 * is none. */
ae_map_node *ae_map_neighbour(
    const ae_map *map, aether_bytes prefix, aether_bytes after, bool descending);

/* All nodes in order, marked or not; NULL at the end. */
ae_map_node *ae_map_first(const ae_map *map);
ae_map_node *ae_map_following(const ae_map_node *node);

#endif
