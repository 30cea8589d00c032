/* A page's key, value, shape and hash are as page.h says, and no other bytes pass for a page.
 * Method: keys and values written out by hand; the rule of the shape against a second writing of it; each kind of
 * damage by itself; hashes against the naive tree. */
#include "crypto/hash.h"
#include "state/page.h"

#include "harness/naive_tree.h"
#include "harness/test.h"

static void random_hash(uint64_t *random, aether_hash *out) {
    for (size_t i = 0; i < sizeof out->bytes; i += 8)
        ae_put_u64_le(out->bytes + i, test_random(random));
}

static void key_is_kind_and_depth_and_nibbles(void) {
    uint8_t key[AE_PAGE_KEY_LEN_MAX];
    aether_address contract;
    aether_hash path;
    for (size_t i = 0; i < 32; i++) {
        contract.bytes[i] = (uint8_t)(0x80 + i);
        path.bytes[i] = (uint8_t)(0x12 + 0x22 * i);
    }
    static const uint8_t top[] = {0x11, 0}, odd[] = {0x11, 3, 0x12, 0x30},
                         even[] = {0x11, 4, 0x12, 0x34};
    CHECK_BYTES(ae_bytes(key, ae_page_key(NULL, &path, 0, key)), ae_bytes(top, sizeof top));
    CHECK_BYTES(ae_bytes(key, ae_page_key(NULL, &path, 3, key)), ae_bytes(odd, sizeof odd));
    CHECK_BYTES(ae_bytes(key, ae_page_key(NULL, &path, 4, key)), ae_bytes(even, sizeof even));
    CHECK_U64(ae_page_key(&contract, &path, 63, key), AE_PAGE_KEY_LEN_MAX);
    CHECK_U64(key[0], 0x12);
    CHECK_BYTES(ae_bytes(key + 1, 32), ae_bytes(contract.bytes, 32));
    CHECK_U64(key[33], 63);
    CHECK_BYTES(ae_bytes(key + 34, 31), ae_bytes(path.bytes, 31));
    CHECK_U64(key[65], path.bytes[31] & 0xf0);
}

// The rule of page.h once more, slowly and with exact numbers.
static uint16_t layout_by_the_rule(const unsigned *counts) {
    unsigned children = 0;
    for (unsigned s = 0; s < 16; s++)
        children |= (unsigned)(counts[s] > 27) << s;
    for (;;) {
        unsigned leaf_count = 0, child_count = 0, most = 16;
        for (unsigned s = 0; s < 16; s++) {
            if (children >> s & 1) {
                child_count++;
                continue;
            }
            leaf_count += counts[s];
            if (most == 16 || counts[s] > counts[most])
                most = s;
        }
        const unsigned quarters = child_count == 0 && leaf_count >= 12 ? 128 : 0;
        if (3 + 33 * child_count + 64 * leaf_count + quarters <= 1920)
            return (uint16_t)children;
        children |= 1u << most;
    }
}

static void layout_follows_the_rule(void) {
    uint64_t random = test_seed();
    size_t seen[17] = {0};
    for (int round = 0; round < 200000; round++) {
        unsigned counts[16];
        uint8_t capped[16];
        const uint64_t most = 1 + test_random(&random) % (round % 2 == 0 ? 60 : 4);
        for (size_t s = 0; s < 16; s++) {
            counts[s] = (unsigned)(test_random(&random) % most);
            if (round % 3 == 0 && test_random(&random) % 8 != 0)
                counts[s] = 0; // few slots, of many leaves
            capped[s] = (uint8_t)(counts[s] < AE_PAGE_MANY ? counts[s] : AE_PAGE_MANY);
        }
        const uint16_t children = ae_page_layout(capped);
        CHECK_U64(children, layout_by_the_rule(counts));
        seen[__builtin_popcount(children)]++;
    }
    for (size_t i = 0; i < 16; i++)
        CHECK(seen[i] != 0);
}

/* A page's value under construction. */
typedef struct value {
    uint8_t bytes[4096];
    size_t len;
} value;

static void value_begin(value *out, uint16_t children, uint8_t leaf_count) {
    out->bytes[0] = (uint8_t)children;
    out->bytes[1] = (uint8_t)(children >> 8);
    out->bytes[2] = leaf_count;
    out->len = 3;
}

static void value_add_child(value *out, uint8_t total) {
    memset(out->bytes + out->len, 0xcc, 32);
    out->bytes[out->len + 32] = total;
    out->len += 33;
}

static void value_add_quarters(value *out) {
    memset(out->bytes + out->len, 0, 128);
    out->len += 128;
}

// A leaf below the prefix 0xab.
static void value_add_leaf(value *out, uint8_t second, uint8_t last) {
    memset(out->bytes + out->len, 0, 64);
    out->bytes[out->len] = 0xab;
    out->bytes[out->len + 1] = second;
    out->bytes[out->len + 31] = last;
    out->bytes[out->len + 32] = 1;
    out->len += 64;
}

static const aether_hash prefix = {.bytes = {0xab}};

static aether_status decode(const value *at, uint32_t depth, ae_page *out, aether_error *err) {
    return ae_page_decode(ae_bytes(at->bytes, at->len), &prefix, depth, out, err);
}

#define CHECK_DAMAGED(at, depth, text)                                               \
    do {                                                                             \
        aether_error err;                                                            \
        ae_page ignored;                                                             \
        CHECK_STATUS(decode((at), (depth), &ignored, &err), AETHER_STORAGE_DAMAGED); \
        CHECK_TEXT(err.message, text);                                               \
    } while (0)

static void well_formed_pages_decode(void) {
    static value at;
    aether_error err;
    ae_page page;
    value_begin(&at, 0, 2);
    value_add_leaf(&at, 0x10, 1);
    value_add_leaf(&at, 0x10, 2);
    CHECK_OK(decode(&at, 2, &page, &err));
    CHECK_U64(page.total, 2);
    CHECK(page.quarters == NULL);
    CHECK_U64(page.leaves[1].path.bytes[31], 2);
    value_begin(&at, 0x8001, 1);
    value_add_child(&at, 2);
    value_add_child(&at, AE_PAGE_MANY);
    value_add_leaf(&at, 0x10, 1);
    CHECK_OK(decode(&at, 2, &page, &err));
    CHECK_U64(page.total, AE_PAGE_MANY);
    CHECK_U64(ae_page_child_total(&page, 0), 2);
    CHECK_U64(ae_page_child_total(&page, 1), AE_PAGE_MANY);
    value_begin(&at, 0, 1);
    value_add_leaf(&at, 0x10, 1);
    CHECK_OK(decode(&at, 0, &page, &err)); // only at the top
    value_begin(&at, 0, AE_PAGE_LEAVES_MAX);
    value_add_quarters(&at);
    for (uint8_t i = 0; i < AE_PAGE_LEAVES_MAX; i++)
        value_add_leaf(&at, 0x10, i);
    CHECK_OK(decode(&at, 2, &page, &err));
    CHECK(page.quarters == at.bytes + 3);
    CHECK_U64(page.leaf_count, AE_PAGE_LEAVES_MAX);
}

static void wrong_lengths_are_damage(void) {
    static value at;
    at.len = 2;
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: got 2 bytes, at most 1920");
    value_begin(&at, 0, 2);
    value_add_leaf(&at, 0x10, 1);
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: got 67 bytes, need 131");
    value_add_leaf(&at, 0x10, 2);
    at.len++;
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: got 132 bytes, need 131");
    value_begin(&at, 0, AE_PAGE_MANY);
    value_add_quarters(&at);
    for (uint8_t i = 0; i < AE_PAGE_MANY; i++)
        value_add_leaf(&at, 0x10, i);
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: got 1923 bytes, at most 1920");
    value_begin(&at, 0xffff, 0);
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: got 3 bytes, need 531");
}

static void wrong_children_are_damage(void) {
    static value at;
    value_begin(&at, 1, 0);
    value_add_child(&at, AE_PAGE_MANY);
    CHECK_DAMAGED(&at, 63, "tree page at depth 63: no child can be below it");
    value_begin(&at, 1, 0);
    value_add_child(&at, AE_PAGE_MANY - 1);
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: it has children, though its leaves fit");
    for (uint8_t i = 0; i < 2; i++) {
        value_begin(&at, 3, 0);
        value_add_child(&at, AE_PAGE_MANY);
        value_add_child(&at, i == 0 ? 1 : AE_PAGE_MANY + 1);
        CHECK_DAMAGED(&at, 2, "tree page at depth 2: a child's number of leaves is not 2 to 28");
    }
}

static void wrong_leaves_are_damage(void) {
    static value at;
    value_begin(&at, 0, 0);
    CHECK_DAMAGED(&at, 0, "tree page at depth 0: it has too few leaves");
    value_begin(&at, 0, 1);
    value_add_leaf(&at, 0x10, 1);
    CHECK_DAMAGED(&at, 1, "tree page at depth 1: it has too few leaves");
    for (uint8_t last = 0; last < 2; last++) {
        value_begin(&at, 0, 2);
        value_add_leaf(&at, 0x10, 1);
        value_add_leaf(&at, 0x10, last);
        CHECK_DAMAGED(&at, 2, "tree page at depth 2: leaves are not in order");
    }
    value_begin(&at, 0, 2);
    value_add_leaf(&at, 0x00, 1);
    value_add_leaf(&at, 0x10, 1);
    CHECK_DAMAGED(&at, 3, "tree page at depth 3: a leaf is not below its prefix");
    value_begin(&at, 2, 1);
    value_add_child(&at, AE_PAGE_MANY);
    value_add_leaf(&at, 0x10, 1);
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: a leaf lies in the slot of a child");
    value_begin(&at, 1, AE_PAGE_MANY);
    value_add_child(&at, AE_PAGE_MANY);
    for (uint8_t i = 0; i < AE_PAGE_MANY; i++)
        value_add_leaf(&at, 0x10, i);
    CHECK_DAMAGED(&at, 2, "tree page at depth 2: a slot has more leaves than a page of its own");
}

// Leaves anywhere below a prefix, alike in some bits more.
static size_t random_page(uint64_t *random, uint32_t depth, value *out, ae_page *page) {
    static naive_leaf leaves[AE_PAGE_LEAVES_MAX];
    const size_t wanted = 2 + test_random(random) % (AE_PAGE_LEAVES_MAX - 1);
    size_t count = 0;
    while (count < wanted) {
        naive_leaf leaf;
        random_hash(random, &leaf.path);
        random_hash(random, &leaf.value_hash);
        const uint32_t alike =
            4 * depth + (uint32_t)(test_random(random) % (257 - 4 * (uint64_t)depth));
        for (uint32_t bit = 0; bit < alike && (bit < 4 * depth || count != 0); bit++) {
            const uint8_t mask = (uint8_t)(0x80u >> bit % 8);
            const uint8_t source = count != 0 ? leaves[0].path.bytes[bit / 8] : 0;
            uint8_t *byte = &leaf.path.bytes[bit / 8];
            *byte = (uint8_t)((*byte & ~mask) | (source & mask));
        }
        size_t at = count;
        while (at > 0 && memcmp(&leaves[at - 1].path, &leaf.path, 32) > 0)
            at--;
        if (at > 0 && memcmp(&leaves[at - 1].path, &leaf.path, 32) == 0)
            continue;
        memmove(leaves + at + 1, leaves + at, (count++ - at) * sizeof *leaves);
        leaves[at] = leaf;
    }
    value_begin(out, 0, (uint8_t)count);
    if (count >= 12)
        value_add_quarters(out);
    memcpy(out->bytes + out->len, leaves, count * 64);
    out->len += count * 64;
    aether_error err;
    static const aether_hash zero;
    CHECK_OK(ae_page_decode(ae_bytes(out->bytes, out->len), &zero, depth, page, &err));
    return count;
}

// Below a prefix of zero bits the naive root has one node above for each of them.
static void page_hash_is_that_of_its_leaves(void) {
    static value at;
    uint64_t random = test_seed();
    for (int round = 0; round < 4000; round++) {
        const uint32_t depth = (uint32_t)(test_random(&random) % 4) * 15;
        aether_hash hash, expected;
        ae_page page;
        const size_t count = random_page(&random, depth, &at, &page);
        ae_page_hash(&page, &hash);
        for (uint32_t bit = 0; bit < 4 * depth; bit++) {
            uint8_t message[65] = {1};
            memcpy(message + 1, &hash, 32);
            ae_sha256(ae_bytes(message, sizeof message), &hash);
        }
        naive_tree_root((const naive_leaf *)page.leaves, count, &expected);
        CHECK_BYTES(ae_bytes(&hash, 32), ae_bytes(&expected, 32));
    }
}

// Known quarters in place of their leaves; changed ones written; all right by the definition of the root.
static void quarters_stand_for_their_leaves(void) {
    static value at;
    uint64_t random = test_seed();
    for (int round = 0; round < 4000; round++) {
        ae_forest_room room;
        ae_forest forest;
        aether_hash expected, pair[2], hash;
        ae_page page;
        if (random_page(&random, 0, &at, &page) < AE_PAGE_QUARTERS_MIN)
            continue;
        uint8_t *quarters = at.bytes + AE_PAGE_HEAD_LEN;
        const unsigned changed = (unsigned)(test_random(&random) % 16);
        ae_page_hash(&page, &expected);
        ae_forest_init_in(&forest, &room, 0);
        ae_forest_add_leaves(&forest, &page, 0xf, quarters);
        ae_forest_reduce(&forest, 0);
        CHECK_BYTES(ae_bytes(ae_forest_hash(&forest, 0), 32), ae_bytes(&expected, 32));
        uint8_t kept[128];
        memcpy(kept, quarters, sizeof kept);
        for (unsigned q = 0; q < 4; q++)
            if (changed >> q & 1)
                memset(quarters + 32 * q, 0, 32);
        ae_forest_init_in(&forest, &room, 0);
        ae_forest_add_leaves(&forest, &page, changed, quarters);
        ae_forest_reduce(&forest, 0);
        CHECK_BYTES(ae_bytes(ae_forest_hash(&forest, 0), 32), ae_bytes(&expected, 32));
        CHECK_BYTES(ae_bytes(quarters, 128), ae_bytes(kept, 128));
        // The two upper levels by hand, where both halves have two leaves or more.
        const unsigned right = ae_path_bit(&page.leaves[page.leaf_count - 2].path, 0);
        if (ae_path_bit(&page.leaves[1].path, 0) != 0 || right == 0)
            continue;
        for (unsigned half = 0; half < 2; half++) {
            uint8_t message[65] = {1};
            memcpy(message + 1, quarters + 64 * half, 64);
            ae_sha256(ae_bytes(message, sizeof message), &pair[half]);
        }
        uint8_t message[65] = {1};
        memcpy(message + 1, pair, 64);
        ae_sha256(ae_bytes(message, sizeof message), &hash);
        CHECK_BYTES(ae_bytes(&hash, 32), ae_bytes(&expected, 32));
    }
}

static void shared_bits_are_counted(void) {
    uint64_t random = test_seed();
    for (uint32_t bit = 0; bit < 256; bit++) {
        aether_hash a, b;
        random_hash(&random, &a);
        random_hash(&random, &b);
        for (uint32_t i = 0; i < bit; i++) {
            const uint8_t mask = (uint8_t)(0x80u >> i % 8);
            b.bytes[i / 8] = (uint8_t)((b.bytes[i / 8] & ~mask) | (a.bytes[i / 8] & mask));
        }
        const uint8_t mask = (uint8_t)(0x80u >> bit % 8);
        b.bytes[bit / 8] = (uint8_t)((b.bytes[bit / 8] & ~mask) | (~a.bytes[bit / 8] & mask));
        CHECK_U64(ae_path_shared(&a, &b), bit);
        CHECK_U64(ae_path_shared(&a, &a), 256);
        CHECK((ae_path_compare(&a, &b) < 0) == (memcmp(&a, &b, 32) < 0));
        CHECK_U64(ae_path_compare(&a, &a), 0);
    }
}

TEST_MAIN(TEST(key_is_kind_and_depth_and_nibbles) TEST(layout_follows_the_rule) TEST(
    well_formed_pages_decode) TEST(wrong_lengths_are_damage) TEST(wrong_children_are_damage)
        TEST(wrong_leaves_are_damage) TEST(page_hash_is_that_of_its_leaves)
            TEST(quarters_stand_for_their_leaves) TEST(shared_bits_are_counted))
