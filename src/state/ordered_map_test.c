/* The map keeps order and balance whatever comes and goes, and neighbour queries see marked nodes only.
 * Method: random insertions, removals, replacements and marks against a naive model; the tree's invariants are
 * checked node by node; ordered insertions for the depth. */
#include "state/ordered_map.h"

#include "harness/model_map.h"

#define NODES_MAX 200

typedef struct test_node {
    ae_map_node node;
    uint8_t key[8];
    bool is_used;
} test_node;

static uint8_t height(const ae_map_node *node) {
    return node != NULL ? node->height : 0;
}

static void check_node(const ae_map_node *node) {
    const uint8_t low = height(node->child[0]), high = height(node->child[1]);
    bool has_marked = node->is_marked;
    CHECK_U64(node->height, 1 + (low > high ? low : high));
    CHECK(low <= high + 1 && high <= low + 1);
    for (int side = 0; side < 2; side++)
        if (node->child[side] != NULL) {
            CHECK(node->child[side]->parent == node);
            has_marked |= node->child[side]->has_marked;
        }
    CHECK_U64(node->has_marked, has_marked);
}

static void check_map(const ae_map *map, const model_map *model) {
    size_t count = 0;
    const ae_map_node *previous = NULL;
    CHECK(map->root == NULL || map->root->parent == NULL);
    for (const ae_map_node *at = ae_map_first(map); at != NULL; at = ae_map_following(at)) {
        check_node(at);
        CHECK(previous == NULL || model_compare(previous->key, at->key) < 0);
        CHECK_U64(at->is_marked, model_find(model, at->key) != NULL);
        previous = at;
        count++;
    }
    CHECK_U64(map->count, count);
}

// Any `after`: also one without the prefix.
static void check_neighbour(const ae_map *map, const model_map *model, uint64_t *random) {
    uint8_t prefix_bytes[8], after_bytes[8];
    aether_bytes prefix = model_random_key(random, prefix_bytes);
    aether_bytes after = model_random_key(random, after_bytes);
    prefix.len -= test_random(random) % (prefix.len + 1);
    if (test_random(random) % 4 == 0)
        after.len = 0;
    const bool descending = test_random(random) % 2 == 0;
    const ae_map_node *node = ae_map_neighbour(map, prefix, after, descending);
    const model_entry *expected = model_next(model, prefix, after, descending);
    CHECK_U64(node != NULL, expected != NULL);
    if (node != NULL)
        CHECK_BYTES(node->key, model_key(expected));
}

static test_node *take_node(test_node *nodes, aether_bytes key, bool is_marked) {
    test_node *node = nodes;
    while (node->is_used)
        node++;
    CHECK(node < nodes + NODES_MAX);
    node->is_used = true;
    memcpy(node->key, key.data, key.len);
    node->node = (ae_map_node){.key = ae_bytes(node->key, key.len), .is_marked = is_marked};
    return node;
}

static void release_node(test_node *node) {
    memset(node, 0xee, sizeof *node); // whoever still follows it crashes
    node->is_used = false;
}

static void change_map(ae_map *map, model_map *marked, test_node *nodes, uint64_t *random) {
    uint8_t key_bytes[8];
    const aether_bytes key = model_random_key(random, key_bytes);
    const ae_map_place place = ae_map_locate(map, key);
    test_node *old = (test_node *)place.node;
    const uint64_t choice = test_random(random) % 8;
    const bool is_marked = choice % 2 == 0;
    if (old == NULL) {
        ae_map_insert(map, place, &take_node(nodes, key, is_marked)->node);
    } else if (choice < 3) {
        ae_map_remove(map, &old->node);
        release_node(old);
        model_remove(marked, key);
        return;
    } else if (choice < 5) {
        test_node *node = take_node(nodes, key, false);
        ae_map_replace(map, &old->node, &node->node);
        release_node(old);
        return;
    } else {
        ae_map_mark(&old->node, is_marked);
    }
    if (is_marked)
        model_write(marked, key, key, false);
    else
        model_remove(marked, key);
}

static void random_changes_agree_with_the_model(void) {
    static test_node nodes[NODES_MAX];
    static model_map marked;
    uint64_t random = test_seed();
    ae_map map = {0};
    for (int round = 0; round < 40000; round++) {
        change_map(&map, &marked, nodes, &random);
        check_neighbour(&map, &marked, &random);
        check_neighbour(&map, &marked, &random);
        if (round % 16 == 0)
            check_map(&map, &marked);
    }
    CHECK(map.count > 20);
}

// 1.44 * log2(20,000) is 20.6.
static void ordered_insertions_stay_shallow(void) {
    enum { COUNT = 20000 };
    static ae_map_node nodes[COUNT];
    static uint8_t keys[COUNT][4];
    for (int descending = 0; descending < 2; descending++) {
        ae_map map = {0};
        for (uint32_t i = 0; i < COUNT; i++) {
            const uint32_t number = descending ? COUNT - 1 - i : i;
            for (unsigned j = 0; j < 4; j++)
                keys[i][j] = (uint8_t)(number >> (24 - 8 * j));
            nodes[i] = (ae_map_node){.key = ae_bytes(keys[i], 4)};
            const ae_map_place place = ae_map_locate(&map, nodes[i].key);
            CHECK(place.node == NULL);
            ae_map_insert(&map, place, &nodes[i]);
        }
        CHECK(map.root->height <= 20);
        CHECK_U64(map.count, COUNT);
        for (const ae_map_node *at = ae_map_first(&map); at != NULL; at = ae_map_following(at))
            check_node(at);
    }
}

static void unmarked_nodes_are_invisible_to_neighbours(void) {
    static test_node nodes[3];
    ae_map map = {0};
    static const char *const keys[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        nodes[i].node = (ae_map_node){.key = ae_bytes_of(keys[i]), .is_marked = i != 1};
        ae_map_insert(&map, ae_map_locate(&map, nodes[i].node.key), &nodes[i].node);
    }
    const aether_bytes none = ae_bytes(NULL, 0);
    CHECK(ae_map_neighbour(&map, none, ae_bytes_of("a"), false) == &nodes[2].node);
    CHECK(ae_map_neighbour(&map, none, ae_bytes_of("c"), true) == &nodes[0].node);
    CHECK(ae_map_neighbour(&map, ae_bytes_of("b"), none, false) == NULL);
    CHECK(ae_map_following(&nodes[0].node) == &nodes[1].node);
    ae_map_mark(&nodes[1].node, true);
    CHECK(ae_map_neighbour(&map, none, ae_bytes_of("a"), false) == &nodes[1].node);
    CHECK(ae_map_neighbour(&map, none, ae_bytes_of("c"), true) == &nodes[1].node);
}

static void empty_map_has_nothing(void) {
    const ae_map map = {0};
    CHECK(ae_map_first(&map) == NULL);
    CHECK(ae_map_locate(&map, ae_bytes_of("a")).node == NULL);
    CHECK(ae_map_neighbour(&map, ae_bytes(NULL, 0), ae_bytes(NULL, 0), false) == NULL);
    CHECK(ae_map_neighbour(&map, ae_bytes(NULL, 0), ae_bytes(NULL, 0), true) == NULL);
}

TEST_MAIN(TEST(random_changes_agree_with_the_model) TEST(ordered_insertions_stay_shallow)
        TEST(unmarked_nodes_are_invisible_to_neighbours) TEST(empty_map_has_nothing))
