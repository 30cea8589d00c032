/* The tree's root is that of the definition after any history, its pages are a function of the leaves, and proofs
 * lead to the root and nowhere else.
 * Method: random batches of several shapes, against a naive tree and against pages built anew; vectors made in
 * Python; pages with every byte changed; allocations that fail in turn. */
#include "base/alloc.h"
#include "crypto/hash.h"
#include "state/page.h"
#include "state/tree.h"

#include "harness/naive_tree.h"
#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>

#define LEAVES_MAX 4096
#define BATCH_MAX 512

/* A tree in a memory store, and the leaves that it should have, sorted. */
typedef struct world {
    aether_memory_store *store;
    aether_store view;
    ae_tree tree;
    ae_arena scratch;
    ae_arena arena;
    ae_change_list pages; /* of the last update; its bytes live until the next */
    aether_hash root;
    naive_leaf leaves[LEAVES_MAX];
    size_t count;
} world;

static void world_init(world *self, const aether_address *contract) {
    aether_error err;
    memset(self, 0, sizeof *self);
    CHECK_OK(aether_memory_store_create(&self->store, &err));
    self->view = aether_memory_store_interface(self->store);
    self->tree = (ae_tree){.view = &self->view, .contract = contract};
    ae_arena_init(&self->scratch, 1 << 16, 1 << 26);
    ae_arena_init(&self->arena, 1 << 16, 1 << 26);
}

static void world_deinit(world *self) {
    aether_memory_store_destroy(self->store);
    ae_arena_deinit(&self->scratch);
    ae_arena_deinit(&self->arena);
}

static void check_hash(const aether_hash *actual, const aether_hash *expected) {
    CHECK_BYTES(ae_bytes(actual, sizeof *actual), ae_bytes(expected, sizeof *expected));
}

static bool is_zero(const aether_hash *hash) {
    static const aether_hash zero;
    return memcmp(hash, &zero, sizeof zero) == 0;
}

// Where a path is, or would be.
static size_t model_locate(const world *self, const aether_hash *path, bool *out_found) {
    size_t low = 0, high = self->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (memcmp(&self->leaves[middle].path, path, sizeof *path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *out_found = low < self->count && memcmp(&self->leaves[low].path, path, sizeof *path) == 0;
    return low;
}

static void model_change(world *self, const ae_leaf *leaf) {
    bool found = false;
    const size_t at = model_locate(self, &leaf->path, &found);
    naive_leaf *place = &self->leaves[at];
    if (is_zero(&leaf->value_hash)) {
        if (found)
            memmove(place, place + 1, (--self->count - at) * sizeof *place);
        return;
    }
    if (!found) {
        CHECK(self->count < LEAVES_MAX);
        memmove(place + 1, place, (self->count++ - at) * sizeof *place);
        place->path = leaf->path;
    }
    place->value_hash = leaf->value_hash;
}

// Every change is of a page of this tree, in the order of keys, none twice.
static void check_sorted(const world *self, const aether_change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CHECK_U64(changes[i].key.data[0], self->tree.contract != NULL ? 0x12 : 0x11);
        CHECK(i == 0 || ae_bytes_compare(changes[i - 1].key, changes[i].key) < 0);
        CHECK(changes[i].is_removed || changes[i].value.len <= AE_PAGE_LEN_MAX);
    }
}

// Returns how many pages changed.
static size_t world_update(world *self, ae_leaf *leaves, size_t count) {
    aether_error err;
    const aether_change *changes = NULL;
    size_t change_count = 0;
    ae_arena_reset(&self->scratch);
    ae_arena_reset(&self->arena);
    ae_change_list_init(&self->pages, &self->arena);
    for (size_t i = 0; i < count; i++)
        model_change(self, &leaves[i]);
    CHECK_OK(ae_tree_update(
        &self->tree, leaves, count, &self->scratch, &self->pages, &self->root, &err));
    CHECK_OK(ae_change_list_flatten(&self->pages, &changes, &change_count, &err));
    check_sorted(self, changes, change_count);
    CHECK_OK(aether_memory_store_apply(self->store, changes, change_count, &err));
    return change_count;
}

static void check_root(world *self) {
    aether_error err;
    aether_hash expected, stored;
    naive_tree_root(self->leaves, self->count, &expected);
    check_hash(&self->root, &expected);
    CHECK_OK(ae_tree_root(&self->tree, &stored, &err));
    check_hash(&stored, &expected);
}

// The store has exactly the pages that are built from the leaves in any order.
static void check_build(world *self, uint64_t *random) {
    static ae_leaf leaves[LEAVES_MAX];
    aether_error err;
    aether_hash root;
    ae_change_list pages;
    const aether_change *changes = NULL;
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        const size_t other = test_random(random) % (i + 1);
        leaves[i] = leaves[other];
        memcpy(&leaves[other], &self->leaves[i], sizeof leaves[other]);
    }
    ae_arena_reset(&self->scratch);
    ae_arena_reset(&self->arena);
    ae_change_list_init(&pages, &self->arena);
    CHECK_OK(ae_tree_build(
        self->tree.contract, leaves, self->count, &self->scratch, &pages, &root, &err));
    check_hash(&root, &self->root);
    CHECK_OK(ae_change_list_flatten(&pages, &changes, &count, &err));
    aether_bytes key = {0}, value = {0};
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        CHECK(!changes[i].is_removed);
        CHECK_OK(
            self->view.next(self->view.user, ae_bytes(NULL, 0), key, false, &key, &found, &err));
        CHECK(found);
        CHECK_BYTES(key, changes[i].key);
        CHECK_OK(self->view.get(self->view.user, key, &value, &found, &err));
        CHECK_BYTES(value, changes[i].value);
    }
    CHECK_OK(self->view.next(self->view.user, ae_bytes(NULL, 0), key, false, &key, &found, &err));
    CHECK(!found);
}

static void random_hash(uint64_t *random, aether_hash *out) {
    for (size_t i = 0; i < sizeof out->bytes; i += 8)
        ae_put_u64_le(out->bytes + i, test_random(random));
}

/* How the paths of a history are made. */
typedef struct tree_shape {
    uint32_t shared_min; /* bits that a new path takes from an existing one: from here */
    uint32_t shared_max; /* to here */
    size_t leaves_max;
    size_t batch_max;
    unsigned removals; /* of a hundred changes, at most */
} tree_shape;

// A path like one that is there in its first bits.
static void random_path(
    const world *self, const tree_shape *shape, uint64_t *random, aether_hash *out) {
    random_hash(random, out);
    if (self->count == 0)
        return;
    const aether_hash *like = &self->leaves[test_random(random) % self->count].path;
    const uint32_t span = shape->shared_max - shape->shared_min + 1;
    const uint32_t shared = shape->shared_min + (uint32_t)(test_random(random) % span);
    memcpy(out->bytes, like->bytes, shared / 8);
    if (shared % 8 != 0) {
        const uint8_t mask = (uint8_t)(0xff00 >> shared % 8);
        uint8_t *byte = &out->bytes[shared / 8];
        *byte = (uint8_t)((like->bytes[shared / 8] & mask) | (*byte & ~mask));
    }
}

static bool has_path(const ae_leaf *leaves, size_t count, const aether_hash *path) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(&leaves[i].path, path, sizeof *path) == 0)
            return true;
    return false;
}

// Inserts, updates, removals of what is there and of what isn't, and values that are there already.
static size_t random_batch(
    const world *self, const tree_shape *shape, unsigned removals, uint64_t *random, ae_leaf *out) {
    const size_t wanted = 1 + test_random(random) % shape->batch_max;
    size_t count = 0;
    for (size_t i = 0; i < wanted; i++) {
        ae_leaf leaf;
        random_path(self, shape, random, &leaf.path);
        random_hash(random, &leaf.value_hash);
        const bool is_existing = self->count != 0 && test_random(random) % 2 == 0;
        if (is_existing) {
            const naive_leaf *existing = &self->leaves[test_random(random) % self->count];
            leaf.path = existing->path;
            if (test_random(random) % 10 == 0)
                leaf.value_hash = existing->value_hash;
        }
        if (test_random(random) % 100 < removals)
            memset(&leaf.value_hash, 0, sizeof leaf.value_hash);
        if (!is_existing && self->count + count >= shape->leaves_max)
            continue;
        if (!has_path(out, count, &leaf.path))
            out[count++] = leaf;
    }
    return count;
}

static void remove_all(world *self) {
    static ae_leaf leaves[LEAVES_MAX];
    const size_t count = self->count;
    for (size_t i = 0; i < count; i++)
        leaves[i] = (ae_leaf){.path = self->leaves[i].path};
    world_update(self, leaves, count);
    CHECK_U64(self->count, 0);
}

// Returns how many leaves the batches named.
static size_t run_history(world *self, const tree_shape *shape, size_t batches, uint64_t *random) {
    static ae_leaf leaves[BATCH_MAX];
    size_t changed = 0;
    for (size_t i = 0; i < batches; i++) {
        // It grows and shrinks in turns.
        const unsigned removals = i / 8 % 2 == 0 ? shape->removals / 4 : shape->removals;
        const size_t count = random_batch(self, shape, removals, random, leaves);
        world_update(self, leaves, count);
        changed += count;
        check_root(self);
        if (i % 4 == 0)
            check_build(self, random);
    }
    return changed;
}

static const tree_shape shapes[] = {
    {.shared_max = 0, .leaves_max = 3000, .batch_max = 300, .removals = 70},
    {.shared_max = 0, .leaves_max = 3000, .batch_max = 20, .removals = 60},
    {.shared_max = 0, .leaves_max = 40, .batch_max = 10, .removals = 60}, // about one page
    {.shared_max = 24, .leaves_max = 1500, .batch_max = 100, .removals = 70},
    {.shared_max = 255, .leaves_max = 400, .batch_max = 60, .removals = 70},
    {.shared_min = 240, .shared_max = 255, .leaves_max = 300, .batch_max = 60, .removals = 70},
    {.shared_min = 7, .shared_max = 9, .leaves_max = 100, .batch_max = 5, .removals = 50},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void roots_and_pages_are_those_of_the_leaves_after_any_history(void) {
    static world self;
    uint64_t random = test_seed();
    const aether_address contract = {.bytes = {1, 2, 3}};
    size_t changed = 0;
    for (int round = 0; round < 8; round++)
        for (size_t i = 0; i < SHAPES; i++) {
            world_init(&self, round % 2 == 0 ? &contract : NULL);
            changed += run_history(&self, &shapes[i], shapes[i].batch_max > 250 ? 80 : 64, &random);
            remove_all(&self);
            check_root(&self);
            check_build(&self, &random); // no page is left
            world_deinit(&self);
        }
    fprintf(stderr, "%zu leaves changed\n", changed);
    CHECK(changed >= 100000);
}

static ae_leaf leaf_of(uint8_t first, uint8_t last, uint8_t value) {
    ae_leaf leaf = {.value_hash.bytes = {value}};
    leaf.path.bytes[0] = first;
    leaf.path.bytes[31] = last;
    return leaf;
}

// The smallest trees, by hand: no leaf, one, two that part in the first bit and in the last.
static void small_trees(void) {
    static world self;
    world_init(&self, NULL);
    CHECK_U64(world_update(&self, NULL, 0), 0);
    CHECK(is_zero(&self.root));
    check_root(&self);
    ae_leaf leaf = leaf_of(0, 0, 1);
    CHECK_U64(world_update(&self, &leaf, 1), 1);
    check_root(&self);
    aether_hash hash;
    ae_leaf_hash(&leaf, &hash);
    check_hash(&self.root, &hash);
    leaf = leaf_of(0, 1, 2);
    world_update(&self, &leaf, 1);
    check_root(&self);
    leaf = leaf_of(0x80, 0, 3);
    world_update(&self, &leaf, 1);
    check_root(&self);
    remove_all(&self);
    CHECK(is_zero(&self.root));
    check_root(&self);
    world_deinit(&self);
}

// 256 leaves with 248 bits in common: a chain of pages to the deepest there can be.
static void pages_reach_depth_63(void) {
    static world self;
    static ae_leaf leaves[257];
    uint64_t random = test_seed();
    for (int i = 0; i < 256; i++)
        leaves[i] = leaf_of(0xaa, (uint8_t)i, 1);
    world_init(&self, NULL);
    CHECK_U64(world_update(&self, leaves, 256), 63 + 15); // the last 16 leaves fit at depth 62
    check_root(&self);
    check_build(&self, &random);
    uint8_t key[AE_PAGE_KEY_LEN_MAX];
    ae_page page;
    bool found = false;
    aether_error err;
    CHECK_OK(ae_page_load(&self.tree, &leaves[0].path, 63, &page, &found, &err));
    CHECK(found);
    CHECK_U64(page.leaf_count, 16);
    CHECK_U64(ae_page_key(NULL, &leaves[0].path, 63, key), 34);
    // One by one away, and back.
    for (int i = 0; i < 256; i++) {
        ae_leaf leaf = leaf_of(0xaa, (uint8_t)(i * 37), 0);
        world_update(&self, &leaf, 1);
        if (i % 16 == 0 || self.count < 40) {
            check_root(&self);
            check_build(&self, &random);
        }
    }
    for (int i = 0; i < 256; i++) {
        ae_leaf leaf = leaf_of(0xaa, (uint8_t)(i * 37), 2);
        world_update(&self, &leaf, 1);
        if (i % 16 == 0 || self.count < 40) {
            check_root(&self);
            check_build(&self, &random);
        }
    }
    world_deinit(&self);
}

// What changes nothing writes nothing.
static void same_values_change_no_page(void) {
    static world self;
    static ae_leaf leaves[BATCH_MAX];
    uint64_t random = test_seed();
    world_init(&self, NULL);
    run_history(&self, &shapes[0], 10, &random);
    const aether_hash root = self.root;
    CHECK(self.count >= 100);
    for (size_t i = 0; i < 100; i++) {
        memcpy(&leaves[i], &self.leaves[i * (self.count / 100)], sizeof leaves[i]);
        random_hash(&random, &leaves[100 + i].path);
        memset(&leaves[100 + i].value_hash, 0, sizeof leaves[i].value_hash);
    }
    CHECK_U64(world_update(&self, leaves, 200), 0);
    check_hash(&self.root, &root);
    check_root(&self);
    world_deinit(&self);
}

// As state/tree.h says, from keys and values, and by another library's SHA-256.
static void leaf_is_of_key_and_prefixed_value(void) {
    uint64_t random = test_seed();
    for (size_t len = 0; len < 200; len++) {
        uint8_t key[200], value[201] = {1}, message[65] = {0};
        aether_hash expected, hash;
        ae_leaf leaf;
        for (size_t i = 0; i < len; i++) {
            key[i] = (uint8_t)test_random(&random);
            value[1 + i] = (uint8_t)test_random(&random);
        }
        ae_leaf_init(&leaf, ae_bytes(key, len), ae_bytes(value + 1, len));
        ae_sha256(ae_bytes(key, len), &expected);
        check_hash(&leaf.path, &expected);
        ae_sha256(ae_bytes(value, len + 1), &expected);
        check_hash(&leaf.value_hash, &expected);
        memcpy(message + 1, &leaf, 64);
        ae_sha256(ae_bytes(message, sizeof message), &expected);
        ae_leaf_hash(&leaf, &hash);
        check_hash(&hash, &expected);
    }
}

static size_t from_hex(const char *hex, uint8_t *out, size_t capacity) {
    const size_t len = strlen(hex) / 2;
    CHECK(len <= capacity && strlen(hex) % 2 == 0);
    for (size_t i = 0; i < len; i++) {
        const char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return len;
}

// `leaf KEY VALUE`, where - is the empty value.
static void read_leaf(char *line, ae_leaf *out) {
    static uint8_t key[300], value[2000];
    char *key_hex = line + strlen("leaf ");
    char *value_hex = strchr(key_hex, ' ');
    CHECK(value_hex != NULL);
    *value_hex++ = '\0';
    const size_t key_len = from_hex(key_hex, key, sizeof key);
    const size_t value_len =
        strcmp(value_hex, "-") == 0 ? 0 : from_hex(value_hex, value, sizeof value);
    ae_leaf_init(out, ae_bytes(key, key_len), ae_bytes(value, value_len));
}

// Each root after one update with what was added since the root before.
static void roots_are_those_of_the_vectors(void) {
    static world self;
    static ae_leaf leaves[BATCH_MAX];
    static char line[8192];
    size_t count = 0, roots = 0;
    FILE *file = fopen(AE_SOURCE_DIR "/tests/vectors/tree.txt", "r");
    CHECK(file != NULL);
    world_init(&self, NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "leaf ", 5) == 0) {
            CHECK(count < BATCH_MAX);
            read_leaf(line, &leaves[count++]);
        } else if (strncmp(line, "root ", 5) == 0) {
            aether_hash expected;
            CHECK_U64(from_hex(line + 5, expected.bytes, 32), 32);
            world_update(&self, leaves, count);
            check_hash(&self.root, &expected);
            check_root(&self);
            count = 0;
            roots++;
        } else if (strncmp(line, "set ", 4) == 0) {
            world_deinit(&self);
            world_init(&self, NULL);
        } else {
            CHECK(line[0] == '#' || line[0] == '\0');
        }
    }
    fclose(file);
    world_deinit(&self);
    CHECK_U64(roots, 35);
}

// Whatever is changed in a proof, it leads elsewhere.
static void check_tampered(const ae_path_proof *proof, const aether_hash *path,
    const aether_hash *root, uint64_t *random) {
    static ae_path_proof changed;
    aether_hash hash;
    changed = *proof;
    if (proof->depth != 0) {
        aether_hash *sibling = &changed.siblings[test_random(random) % proof->depth];
        sibling->bytes[test_random(random) % 32] ^= (uint8_t)(1u << test_random(random) % 8);
        ae_path_proof_root(&changed, path, &hash);
        CHECK(memcmp(&hash, root, sizeof hash) != 0);
        changed = *proof;
        changed.depth--;
        ae_path_proof_root(&changed, path, &hash);
        CHECK(memcmp(&hash, root, sizeof hash) != 0);
    }
    changed = *proof;
    if (proof->terminal == AE_TERMINAL_EMPTY) {
        changed.terminal = AE_TERMINAL_LEAF;
        changed.leaf.path = *path;
        random_hash(random, &changed.leaf.value_hash);
    } else {
        uint8_t *bytes = (uint8_t *)&changed.leaf;
        bytes[test_random(random) % sizeof changed.leaf] ^=
            (uint8_t)(1u << test_random(random) % 8);
    }
    ae_path_proof_root(&changed, path, &hash);
    CHECK(memcmp(&hash, root, sizeof hash) != 0);
    if (proof->terminal == AE_TERMINAL_EMPTY)
        return;
    changed = *proof; // a leaf is there: claim that none is
    changed.terminal = AE_TERMINAL_EMPTY;
    ae_path_proof_root(&changed, path, &hash);
    CHECK(memcmp(&hash, root, sizeof hash) != 0);
}

// Returns the terminal.
static ae_terminal check_proof(world *self, const aether_hash *path, uint64_t *random) {
    static ae_path_proof proof;
    aether_error err;
    aether_hash hash;
    bool found = false;
    const size_t at = model_locate(self, path, &found);
    CHECK_OK(ae_tree_prove(&self->tree, path, &proof, &err));
    CHECK_U64(proof.terminal == AE_TERMINAL_LEAF, found);
    if (found)
        CHECK_BYTES(ae_bytes(&proof.leaf, 64), ae_bytes(&self->leaves[at], 64));
    if (proof.terminal == AE_TERMINAL_OTHER) {
        bool other_found = false;
        const size_t other = model_locate(self, &proof.leaf.path, &other_found);
        CHECK(other_found);
        CHECK_BYTES(ae_bytes(&proof.leaf, 64), ae_bytes(&self->leaves[other], 64));
        CHECK(ae_path_shared(&proof.leaf.path, path) >= proof.depth);
        CHECK(ae_path_shared(&proof.leaf.path, path) < 256);
    }
    CHECK(proof.depth <= AE_TREE_DEPTH_MAX);
    CHECK(proof.depth == 0 || proof.terminal != AE_TERMINAL_EMPTY ||
          !is_zero(&proof.siblings[proof.depth - 1]));
    ae_path_proof_root(&proof, path, &hash);
    check_hash(&hash, &self->root);
    if (self->count != 0)
        check_tampered(&proof, path, &self->root, random);
    return proof.terminal;
}

static void proofs_lead_to_the_root_and_changed_ones_elsewhere(void) {
    static world self;
    uint64_t random = test_seed();
    size_t seen[3] = {0};
    for (size_t i = 0; i < SHAPES; i++) {
        world_init(&self, NULL);
        aether_hash path;
        random_hash(&random, &path);
        CHECK_U64(check_proof(&self, &path, &random), AE_TERMINAL_EMPTY);
        for (int round = 0; round < 4; round++) {
            run_history(&self, &shapes[i], 8, &random);
            for (int j = 0; j < 300; j++) {
                const tree_shape anywhere = {.shared_max = 255};
                random_path(&self, j % 3 == 0 ? &anywhere : &shapes[i], &random, &path);
                if (j % 3 == 1 && self.count != 0)
                    path = self.leaves[test_random(&random) % self.count].path;
                seen[check_proof(&self, &path, &random)]++;
            }
        }
        world_deinit(&self);
    }
    for (size_t i = 0; i < 3; i++)
        CHECK(seen[i] > 500);
}

static ae_path_proof any_proof;

// A tree with a page changed somehow: each function ends with a status that says so, or takes it at its word.
static bool survives(world *self, ae_leaf *leaves, size_t count, uint64_t *random) {
    aether_error err;
    aether_hash root;
    ae_change_list pages;
    bool is_damaged = false;
    ae_arena_reset(&self->scratch);
    ae_arena_reset(&self->arena);
    ae_change_list_init(&pages, &self->arena);
    aether_status status = ae_tree_root(&self->tree, &root, &err);
    CHECK(status == AETHER_OK || status == AETHER_STORAGE_DAMAGED);
    is_damaged |= status != AETHER_OK;
    for (int i = 0; i < 4; i++) {
        const aether_hash *path = &self->leaves[test_random(random) % self->count].path;
        status = ae_tree_prove(&self->tree, path, &any_proof, &err);
        CHECK(status == AETHER_OK || status == AETHER_STORAGE_DAMAGED);
        is_damaged |= status != AETHER_OK;
    }
    status = ae_tree_update(&self->tree, leaves, count, &self->scratch, &pages, &root, &err);
    CHECK(status == AETHER_OK || status == AETHER_STORAGE_DAMAGED);
    if (status != AETHER_OK)
        CHECK_U64(pages.count, 0);
    return is_damaged || status != AETHER_OK;
}

// The page's value changed for one that is a little different.
static void put_page(world *self, aether_bytes key, const uint8_t *value, size_t len) {
    aether_error err;
    const aether_change change = {
        .key = key, .value = ae_bytes(value, len), .is_removed = value == NULL};
    CHECK_OK(aether_memory_store_apply(self->store, &change, 1, &err));
}

static void make_malformed(uint8_t *value, size_t *len, uint64_t *random) {
    const uint64_t choice = test_random(random) % 10;
    if (choice == 0)
        *len = test_random(random) % (*len + 1);
    else if (choice == 1)
        *len += 1 + test_random(random) % 100;
    else if (choice <= 4)
        value[test_random(random) % 3] ^= (uint8_t)(1u << test_random(random) % 8);
    else if (choice <= 7)
        value[test_random(random) % *len] ^= (uint8_t)(1u << test_random(random) % 8);
    else
        memset(value + 3, (int)test_random(random), *len - 3);
}

static void malformed_pages_never_crash(void) {
    static world self;
    static uint8_t value[AE_PAGE_LEN_MAX + 100], kept[AE_PAGE_LEN_MAX], key[AE_PAGE_KEY_LEN_MAX];
    static ae_leaf leaves[60];
    uint64_t random = test_seed();
    size_t damaged = 0, tried = 0;
    for (size_t i = 0; i < SHAPES; i++) {
        world_init(&self, NULL);
        run_history(&self, &shapes[i], 8, &random);
        aether_error err;
        aether_bytes at = {0}, found_value = {0};
        bool found = false;
        for (int pages = 0; pages < 60; pages++) {
            CHECK_OK(
                self.view.next(self.view.user, ae_bytes(NULL, 0), at, false, &at, &found, &err));
            if (!found)
                break;
            memcpy(key, at.data, at.len);
            at.data = key;
            CHECK_OK(self.view.get(self.view.user, at, &found_value, &found, &err));
            const size_t kept_len = found_value.len;
            memcpy(kept, found_value.data, kept_len);
            for (int round = 0; round < 30; round++) {
                size_t len = kept_len;
                memset(value, 0x5a, sizeof value);
                memcpy(value, kept, kept_len);
                make_malformed(value, &len, &random);
                put_page(&self, at, value, len);
                for (size_t j = 0; j < 60; j++) {
                    random_path(&self, &shapes[i], &random, &leaves[j].path);
                    leaves[j].path.bytes[31] = (uint8_t)j; // none twice
                    random_hash(&random, &leaves[j].value_hash);
                    if (j % 2 == 0)
                        memset(&leaves[j].value_hash, 0, sizeof leaves[j].value_hash);
                }
                damaged += survives(&self, leaves, 60, &random);
                tried++;
            }
            put_page(&self, at, kept, kept_len);
        }
        world_deinit(&self);
    }
    CHECK(damaged > tried / 20);
}

// A page that the page above names, and that is gone or another.
static void missing_page_is_damage(void) {
    static world self;
    static ae_leaf leaves[200];
    uint64_t random = test_seed();
    aether_error err;
    aether_hash root;
    for (int i = 0; i < 200; i++) {
        random_hash(&random, &leaves[i].path);
        leaves[i].path.bytes[0] = (uint8_t)(i < 160 ? i : 0x70); // 0x7 has more than a page holds
        random_hash(&random, &leaves[i].value_hash);
    }
    world_init(&self, NULL);
    world_update(&self, leaves, 200);
    for (unsigned s = 0; s < 9; s++) {
        const aether_hash path = {.bytes = {(uint8_t)(s << 4)}};
        uint8_t key[AE_PAGE_KEY_LEN_MAX], kept[AE_PAGE_LEN_MAX];
        const size_t key_len = ae_page_key(NULL, &path, 1, key);
        aether_bytes value = {0};
        bool found = false;
        CHECK_OK(self.view.get(self.view.user, ae_bytes(key, key_len), &value, &found, &err));
        if (!found)
            continue;
        const size_t len = value.len;
        memcpy(kept, value.data, len);
        ae_leaf leaf = {.path = path, .value_hash = {.bytes = {1}}};
        ae_change_list pages;
        ae_change_list_init(&pages, &self.arena);
        put_page(&self, ae_bytes(key, key_len), NULL, 0);
        CHECK_STATUS(ae_tree_prove(&self.tree, &path, &any_proof, &err), AETHER_STORAGE_DAMAGED);
        CHECK_STATUS(ae_tree_update(&self.tree, &leaf, 1, &self.scratch, &pages, &root, &err),
            AETHER_STORAGE_DAMAGED);
        // A well-formed page with one leaf less.
        if (kept[0] == 0 && kept[1] == 0) {
            kept[2]--;
            put_page(&self, ae_bytes(key, key_len), kept, len - 64);
            kept[2]++;
            CHECK_STATUS(ae_tree_update(&self.tree, &leaf, 1, &self.scratch, &pages, &root, &err),
                AETHER_STORAGE_DAMAGED);
        }
        put_page(&self, ae_bytes(key, key_len), kept, len);
        CHECK_OK(ae_tree_update(&self.tree, &leaf, 1, &self.scratch, &pages, &root, &err));
    }
    world_deinit(&self);
}

typedef struct failing_view {
    aether_store inner;
    size_t left; /* calls until it fails */
} failing_view;

static aether_status failing_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    failing_view *self = user;
    if (self->left-- == 0)
        return AETHER_STORAGE_FAILED;
    return self->inner.get(self->inner.user, key, out_value, out_found, err);
}

static void failing_store_is_passed_up(void) {
    static world self;
    static ae_leaf leaves[BATCH_MAX];
    uint64_t random = test_seed();
    aether_error err = {0};
    aether_hash root;
    world_init(&self, NULL);
    run_history(&self, &shapes[0], 10, &random);
    const size_t count = random_batch(&self, &shapes[0], 50, &random, leaves);
    failing_view failing = {.inner = self.view};
    const aether_store view = {.user = &failing, .get = failing_get};
    const ae_tree tree = {.view = &view};
    size_t calls = 0;
    aether_status status = AETHER_STORAGE_FAILED;
    for (; status != AETHER_OK; calls++) {
        ae_change_list pages;
        ae_arena_reset(&self.scratch);
        ae_arena_reset(&self.arena);
        ae_change_list_init(&pages, &self.arena);
        failing.left = calls;
        status = ae_tree_update(&tree, leaves, count, &self.scratch, &pages, &root, &err);
        CHECK(status == AETHER_OK || status == AETHER_STORAGE_FAILED);
        CHECK_U64(pages.count != 0, status == AETHER_OK);
    }
    CHECK(calls > 5);
    failing.left = 0;
    CHECK_STATUS(ae_tree_root(&tree, &root, &err), AETHER_STORAGE_FAILED);
    size_t failed = 0; // of those whose leaf lies below the first page
    for (size_t i = 0; i < self.count; i++) {
        failing.left = 1;
        status = ae_tree_prove(&tree, &self.leaves[i].path, &any_proof, &err);
        CHECK(status == AETHER_OK || status == AETHER_STORAGE_FAILED);
        failed += status != AETHER_OK;
    }
    CHECK(failed > self.count / 2);
    world_deinit(&self);
}

// Each allocation fails in turn: the list is as before, and the next try gives the same root.
static void failing_allocation_is_a_status(void) {
    static world self;
    static ae_leaf leaves[BATCH_MAX];
    uint64_t random = test_seed();
    aether_error err;
    aether_hash root, expected;
    world_init(&self, NULL);
    run_history(&self, &shapes[0], 10, &random);
    const size_t count = random_batch(&self, &shapes[0], 50, &random, leaves);
    uint64_t failing = 0;
    for (aether_status status = AETHER_OUT_OF_MEMORY; status != AETHER_OK; failing++) {
        ae_arena scratch, arena;
        ae_change_list pages;
        ae_arena_init(&scratch, 64, 1 << 26);
        ae_arena_init(&arena, 64, 1 << 26);
        ae_change_list_init(&pages, &arena);
        ae_alloc_fail_after(failing);
        status = ae_tree_update(&self.tree, leaves, count, &scratch, &pages, &root, &err);
        ae_alloc_fail_after(UINT64_MAX);
        CHECK(status == AETHER_OK || status == AETHER_OUT_OF_MEMORY);
        CHECK_U64(pages.count != 0, status == AETHER_OK);
        ae_arena_deinit(&scratch);
        ae_arena_deinit(&arena);
    }
    CHECK(failing > 20);
    world_update(&self, leaves, count);
    expected = self.root;
    check_hash(&root, &expected);
    world_deinit(&self);
}

TEST_MAIN(TEST(small_trees) TEST(leaf_is_of_key_and_prefixed_value) TEST(
    roots_are_those_of_the_vectors) TEST(roots_and_pages_are_those_of_the_leaves_after_any_history)
        TEST(pages_reach_depth_63) TEST(same_values_change_no_page)
            TEST(proofs_lead_to_the_root_and_changed_ones_elsewhere)
                TEST(malformed_pages_never_crash) TEST(missing_page_is_damage)
                    TEST(failing_store_is_passed_up) TEST(failing_allocation_is_a_status))
