/* A level of a proof shows what a tree holds at a path, and every other form of it is refused.
 * Method: trees of given paths, so that they can be as deep as no hashed keys are; forms that a careless verifier
 * would accept, each with the root that it leads to, so that the root alone doesn't give them away. */
#include "proof/level.h"

#include "proof/test_tree.h"

#include <stdio.h>
#include <stdlib.h>

/* A level in bytes, and how it is checked. */
typedef struct level_bytes {
    uint8_t data[AE_PROOF_LEVEL_LEN_MAX + 1];
    size_t len;
} level_bytes;

static aether_status check(const level_bytes *bytes, const aether_hash *root,
    const aether_hash *path, const aether_hash *value_hash, aether_error *err) {
    // On the heap with nothing behind, so that a sanitizer sees a step beyond the end.
    uint8_t *copy = malloc(bytes->len + (bytes->len == 0));
    CHECK(copy != NULL);
    memcpy(copy, bytes->data, bytes->len);
    aether_bytes rest = ae_bytes(copy, bytes->len);
    ae_level level;
    aether_status status = ae_level_decode("tree", &rest, &level, err);
    if (status == AETHER_OK && rest.len != 0)
        status = ae_fail(err, AETHER_INVALID_PROOF, "tree: bytes behind");
    if (status == AETHER_OK)
        status = ae_level_check(&level, root, path, value_hash, err);
    free(copy);
    return status;
}

static level_bytes prove(naive_tree tree, const aether_hash *path) {
    naive_proof proof;
    level_bytes bytes;
    naive_prove(tree, path, &proof);
    bytes.len = ae_proof_level_encode(&proof.level, bytes.data);
    return bytes;
}

// Refused, and for the reason that is meant.
static void check_refused(const level_bytes *bytes, const aether_hash *root,
    const aether_hash *path, const aether_hash *value_hash, const char *expected) {
    aether_error err = {0};
    CHECK_STATUS(check(bytes, root, path, value_hash, &err), AETHER_INVALID_PROOF);
    CHECK_TEXT(err.message, expected);
}

static aether_hash random_hash(uint64_t *random) {
    aether_hash hash;
    for (size_t i = 0; i < sizeof hash.bytes; i++)
        hash.bytes[i] = (uint8_t)test_random(random);
    return hash;
}

static void flip(aether_hash *path, uint32_t bit) {
    path->bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
}

// Presence of the tree's leaves, and absence of a path that parts from one of them at any bit.
static void check_tree(naive_tree tree, const aether_hash *near) {
    aether_error err;
    const aether_hash root = naive_root(tree, 0);
    for (size_t i = 0; i < tree.count; i++) {
        const naive_leaf *leaf = &tree.leaves[i];
        const level_bytes bytes = prove(tree, &leaf->path);
        CHECK_OK(check(&bytes, &root, &leaf->path, &leaf->value_hash, &err));
        CHECK_STATUS(check(&bytes, &root, &leaf->path, NULL, &err), AETHER_INVALID_PROOF);
    }
    for (uint32_t bit = 0; bit < 256; bit++) {
        aether_hash path = *near;
        flip(&path, bit);
        const level_bytes bytes = prove(tree, &path);
        if (bytes.data[0] == AE_PROOF_TERMINAL_LEAF)
            continue; // the path of another leaf
        CHECK_OK(check(&bytes, &root, &path, NULL, &err));
        CHECK_STATUS(
            check(&bytes, &root, &path, &tree.leaves[0].value_hash, &err), AETHER_INVALID_PROOF);
    }
}

/* Paths that part only at a late bit can be proved, present and absent, down to depth 256. */
static void paths_that_share_many_bits_are_proved(void) {
    static const uint32_t bits[] = {0, 1, 7, 8, 63, 64, 200, 248, 254, 255};
    uint64_t random = test_seed();
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        naive_leaf leaves[2] = {{random_hash(&random), random_hash(&random)}};
        leaves[1] = (naive_leaf){leaves[0].path, random_hash(&random)};
        flip(&leaves[1].path, bits[i]);
        naive_sort(leaves, 2);
        const naive_tree tree = {leaves, 2};
        const level_bytes bytes = prove(tree, &leaves[0].path);
        CHECK_U64((uint32_t)bytes.data[1] + 256u * bytes.data[2], bits[i] + 1);
        check_tree(tree, &leaves[0].path);
    }
}

/* A leaf with another one beside it at each of the 256 depths: every sibling is there. */
static void the_deepest_and_fullest_tree_is_proved(void) {
    static naive_leaf leaves[257];
    uint64_t random = test_seed();
    leaves[256] = (naive_leaf){random_hash(&random), random_hash(&random)};
    const aether_hash path = leaves[256].path;
    for (uint32_t bit = 0; bit < 256; bit++) {
        leaves[bit] = (naive_leaf){path, random_hash(&random)};
        flip(&leaves[bit].path, bit);
    }
    naive_sort(leaves, 257);
    const naive_tree tree = {leaves, 257};
    CHECK_U64(prove(tree, &path).len, 3 + 32 + 256 * 32);
    check_tree(tree, &path);
}

/* Every small tree: all sets of up to six leaves of random paths, some sharing bits, against every path near. */
static void small_trees_are_proved(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 60; round++) {
        naive_leaf leaves[6];
        size_t count = 0;
        const size_t wanted = 1 + (size_t)round % 6;
        while (count < wanted) {
            leaves[count] = (naive_leaf){random_hash(&random), random_hash(&random)};
            if (count > 0) { // shares a random number of bits with an earlier one
                leaves[count].path = leaves[test_random(&random) % count].path;
                flip(&leaves[count].path, (uint32_t)(test_random(&random) % 256));
            }
            bool is_new = true;
            for (size_t i = 0; i < count; i++)
                is_new = is_new && memcmp(&leaves[i].path, &leaves[count].path, 32) != 0;
            count += is_new;
        }
        naive_sort(leaves, count);
        check_tree((naive_tree){leaves, count}, &leaves[round % (int)count].path);
    }
}

/* The empty tree has the root zero, and holds nothing. */
static void the_empty_tree_holds_nothing(void) {
    aether_error err;
    uint64_t random = test_seed();
    const aether_hash zero = {0}, path = random_hash(&random);
    level_bytes bytes = prove((naive_tree){NULL, 0}, &path);
    CHECK_U64(bytes.len, 3);
    CHECK_OK(check(&bytes, &zero, &path, NULL, &err));
    check_refused(&bytes, &path, &path, NULL, "tree: the proof leads to another root");
    check_refused(&bytes, &zero, &path, &zero, "tree: the proof is of absence, not of presence");
    bytes.data[0] = AE_PROOF_TERMINAL_LEAF;
    check_refused(&bytes, &zero, &path, &zero, "tree: the proof leads to another root");
}

/* A zero value hash at an empty slot is no leaf: the leaf is computed, never taken. */
static void presence_at_an_empty_slot_is_refused(void) {
    uint64_t random = test_seed();
    naive_leaf leaves[2] = {
        {.value_hash = random_hash(&random)}, {.value_hash = random_hash(&random)}};
    leaves[1].path.bytes[0] = 0x40; // both below 0
    const naive_tree tree = {leaves, 2};
    const aether_hash root = naive_root(tree, 0), zero = {0};
    const aether_hash path = {{0xc0}};
    level_bytes bytes = prove(tree, &path);
    CHECK_U64(bytes.data[0], AE_PROOF_TERMINAL_EMPTY);
    bytes.data[0] = AE_PROOF_TERMINAL_LEAF;
    check_refused(&bytes, &root, &path, &zero, "tree: the proof leads to another root");
}

/* An inner node is no leaf, a leaf no inner node: the prefix tells them apart. */
static void inner_nodes_and_leaves_are_not_confused(void) {
    uint64_t random = test_seed();
    naive_leaf leaves[2] = {{{{0x00}}, random_hash(&random)}, {{{0x80}}, random_hash(&random)}};
    const aether_hash root = naive_root((naive_tree){leaves, 2}, 0);
    const aether_hash left = naive_root((naive_tree){leaves, 1}, 1);
    const aether_hash right = naive_root((naive_tree){leaves + 1, 1}, 1);
    level_bytes bytes = {.data = {AE_PROOF_TERMINAL_LEAF, 0, 0}, .len = 3};
    check_refused(&bytes, &root, &left, &right, "tree: the proof leads to another root");

    bytes = (level_bytes){.data = {AE_PROOF_TERMINAL_OTHER, 0, 0}, .len = 3 + 64};
    memcpy(bytes.data + 3, &left, 32);
    memcpy(bytes.data + 35, &right, 32);
    check_refused(&bytes, &root, &leaves[0].path, NULL, "tree: the proof leads to another root");

    // A tree of one leaf, whose value hash is called a sibling.
    bytes = (level_bytes){.data = {AE_PROOF_TERMINAL_EMPTY, 1, 0, 1}, .len = 4 + 32};
    memcpy(bytes.data + 4, &leaves[0].value_hash, 32);
    check_refused(&bytes, &left, &leaves[1].path, NULL, "tree: the proof leads to another root");
}

/* A contract can store 64 bytes whose value hash is the inner node above two leaves of its choice; that leads to no
 * proof of them, since a leaf is no inner node. */
static void a_value_that_looks_like_an_inner_node_proves_nothing(void) {
    uint64_t random = test_seed();
    const naive_leaf forged = {{{0x00}}, random_hash(&random)};
    const aether_hash left = naive_hash_pair(0, &forged.path, &forged.value_hash);
    const aether_hash right = random_hash(&random);
    uint8_t value[64];
    memcpy(value, &left, 32);
    memcpy(value + 32, &right, 32);
    naive_leaf leaf = {{{0x80}}, naive_value_hash(ae_bytes(value, sizeof value))};
    const aether_hash inner = naive_hash_pair(1, &left, &right);
    CHECK_BYTES(ae_bytes(leaf.value_hash.bytes, 32), ae_bytes(inner.bytes, 32));
    for (uint32_t bit = 0; bit < 2; bit++) { // the leaf's path as the sibling, on either side
        leaf.path.bytes[0] = (uint8_t)(bit << 7);
        const aether_hash root = naive_hash_pair(0, &leaf.path, &leaf.value_hash);
        const aether_hash siblings[2] = {leaf.path, right};
        const ae_proof_level level = {
            .terminal = AE_PROOF_TERMINAL_LEAF, .depth = 2, .siblings = siblings};
        level_bytes bytes;
        bytes.len = ae_proof_level_encode(&level, bytes.data);
        aether_hash path = forged.path;
        path.bytes[0] = (uint8_t)(bit << 7);
        check_refused(
            &bytes, &root, &path, &forged.value_hash, "tree: the proof leads to another root");
    }
}

/* An inner node above less than two leaves is in no tree, even where the root would be right. */
static void shapes_that_no_tree_has_are_refused(void) {
    uint64_t random = test_seed();
    const aether_hash zero = {0}, path = {{0}};
    const naive_leaf leaf = {path, random_hash(&random)};
    const aether_hash leaf_hash = naive_hash_pair(0, &leaf.path, &leaf.value_hash);
    aether_hash root = naive_hash_pair(1, &leaf_hash, &zero);
    level_bytes bytes = {.data = {AE_PROOF_TERMINAL_LEAF, 1, 0, 0}, .len = 4};
    check_refused(&bytes, &root, &path, &leaf.value_hash, "tree: the deepest sibling is empty");

    root = naive_hash_pair(1, &zero, &zero);
    bytes.data[0] = AE_PROOF_TERMINAL_EMPTY;
    check_refused(&bytes, &root, &path, NULL, "tree: the deepest sibling is empty");

    // The same with the empty sibling spelled out.
    bytes = (level_bytes){.data = {AE_PROOF_TERMINAL_LEAF, 1, 0, 1}, .len = 4 + 32};
    root = naive_hash_pair(1, &leaf_hash, &zero);
    check_refused(&bytes, &root, &path, &leaf.value_hash, "tree: sibling 0 of the list is empty");
}

/* The root that random siblings lead to from any hash, for forms that no tree gives. */
static aether_hash climb(
    const aether_hash *siblings, uint32_t depth, const aether_hash *path, aether_hash hash) {
    for (uint32_t i = depth; i-- > 0;)
        hash = naive_bit(path, i) ? naive_hash_pair(1, &siblings[i], &hash)
                                  : naive_hash_pair(1, &hash, &siblings[i]);
    return hash;
}

/* Depth 256 is the deepest of a leaf, 255 of an empty subtree: for each bound n, n is accepted, n + 1 refused. */
static void depth_ends_where_paths_end(void) {
    aether_error err;
    uint64_t random = test_seed();
    aether_hash siblings[256];
    for (size_t i = 0; i < 256; i++)
        siblings[i] = random_hash(&random);
    const naive_leaf leaf = {random_hash(&random), random_hash(&random)};
    ae_proof_level level = {.terminal = AE_PROOF_TERMINAL_LEAF, .depth = 256, .siblings = siblings};
    level_bytes bytes;
    bytes.len = ae_proof_level_encode(&level, bytes.data);
    aether_hash root =
        climb(siblings, 256, &leaf.path, naive_hash_pair(0, &leaf.path, &leaf.value_hash));
    CHECK_OK(check(&bytes, &root, &leaf.path, &leaf.value_hash, &err));
    bytes.data[1] = 1; // 257
    check_refused(&bytes, &root, &leaf.path, &leaf.value_hash, "tree: depth: got 257, at most 256");

    level.terminal = AE_PROOF_TERMINAL_EMPTY;
    level.depth = 255;
    bytes.len = ae_proof_level_encode(&level, bytes.data);
    root = climb(siblings, 255, &leaf.path, (aether_hash){0});
    CHECK_OK(check(&bytes, &root, &leaf.path, NULL, &err));
    level.depth = 256;
    bytes.len = ae_proof_level_encode(&level, bytes.data);
    root = climb(siblings, 256, &leaf.path, (aether_hash){0});
    check_refused(&bytes, &root, &leaf.path, NULL, "tree: depth: got 256, at most 255");
}

/* Another leaf shows absence only where the way to the path ends, and not when it is the path's own. */
static void another_leaf_must_lie_on_the_way(void) {
    aether_error err;
    uint64_t random = test_seed();
    const aether_hash sibling = random_hash(&random), value_hash = random_hash(&random);
    const aether_hash path = {{0x00}};
    aether_hash other = {{0x01}};
    ae_proof_level level = {.terminal = AE_PROOF_TERMINAL_OTHER,
        .depth = 1,
        .siblings = &sibling,
        .other_path = other.bytes,
        .other_value_hash = value_hash.bytes};
    level_bytes bytes;
    bytes.len = ae_proof_level_encode(&level, bytes.data);
    aether_hash root = climb(&sibling, 1, &path, naive_hash_pair(0, &other, &value_hash));
    CHECK_OK(check(&bytes, &root, &path, NULL, &err));

    other.bytes[0] = 0x80;
    bytes.len = ae_proof_level_encode(&level, bytes.data);
    root = climb(&sibling, 1, &path, naive_hash_pair(0, &other, &value_hash));
    check_refused(&bytes, &root, &path, NULL,
        "tree: the other leaf's path parts from the key's at bit 0, depth 1");

    other.bytes[0] = 0x00;
    bytes.len = ae_proof_level_encode(&level, bytes.data);
    root = climb(&sibling, 1, &path, naive_hash_pair(0, &other, &value_hash));
    check_refused(&bytes, &root, &path, NULL, "tree: the other leaf has the key's own path");
}

/* Bits of the bitmap behind the last sibling are zero. */
static void spare_bits_of_the_bitmap_are_refused(void) {
    uint64_t random = test_seed();
    naive_leaf leaves[2] = {{{{0x00}}, random_hash(&random)}, {{{0x10}}, random_hash(&random)}};
    const naive_tree tree = {leaves, 2};
    const aether_hash root = naive_root(tree, 0);
    for (uint32_t bit = 4; bit < 8; bit++) {
        level_bytes bytes = prove(tree, &leaves[0].path);
        CHECK_U64(bytes.data[1], 4);
        bytes.data[3] |= (uint8_t)(1u << bit);
        char expected[80];
        snprintf(expected, sizeof expected, "tree: bit %u of the bitmap is set, depth 4", bit);
        check_refused(&bytes, &root, &leaves[0].path, &leaves[0].value_hash, expected);
    }
}

/* A level that ends early says in which part; an unknown terminal is refused. */
static void a_level_that_ends_early_is_refused(void) {
    uint64_t random = test_seed();
    const naive_leaf leaf = {{{0x00}}, random_hash(&random)};
    const naive_leaf leaves[2] = {leaf, {{{0x80}}, random_hash(&random)}};
    const naive_tree tree = {leaves, 2};
    const aether_hash root = naive_root(tree, 0), path = {{0x01}};
    const level_bytes whole = prove(tree, &path);
    CHECK_U64(whole.len, 3 + 1 + 32 + 64);
    level_bytes bytes = whole;
    for (bytes.len = 0; bytes.len < whole.len; bytes.len++) {
        const char *part = bytes.len < 3    ? "tree: the proof ends within its head"
                           : bytes.len < 4  ? "tree: the proof ends within its bitmap"
                           : bytes.len < 36 ? "tree: the proof ends within its siblings"
                                            : "tree: the proof ends within its other leaf";
        check_refused(&bytes, &root, &path, NULL, part);
    }
    bytes.data[0] = 3;
    check_refused(&bytes, &root, &path, NULL, "tree: terminal: got 3, at most 2");
}

TEST_MAIN(TEST(paths_that_share_many_bits_are_proved) TEST(the_deepest_and_fullest_tree_is_proved)
        TEST(small_trees_are_proved) TEST(the_empty_tree_holds_nothing)
            TEST(presence_at_an_empty_slot_is_refused) TEST(inner_nodes_and_leaves_are_not_confused)
                TEST(a_value_that_looks_like_an_inner_node_proves_nothing)
                    TEST(shapes_that_no_tree_has_are_refused) TEST(depth_ends_where_paths_end) TEST(
                        another_leaf_must_lie_on_the_way) TEST(spare_bits_of_the_bitmap_are_refused)
                        TEST(a_level_that_ends_early_is_refused))
