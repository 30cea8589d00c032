/* The tree and its proofs fit the proof specification of docs/proofs.md, so that a light client of IBC can check them.
 * Method: claims about trees of several sizes, true and false, with proofs of a naive tree and of src/state's, are put
 * to our verifier and, as lines of text, to the
 * crate `ics23` (third_party/ics23/src/main.rs, which has the format); both must say of each what is right. ICS-23
 * shows absence by the two neighbours of a key, which we take from the list of all keys. */
#include "proof/level.h"

#include "proof/test_tree.h"
#include "state/tree.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS_MAX = 1000, KEY_LEN_MAX = 36, VALUE_LEN_MAX = 100, SAMPLES = 150 };

typedef struct entry {
    uint8_t key[KEY_LEN_MAX];
    size_t key_len;
    uint8_t value[VALUE_LEN_MAX];
    size_t value_len;
    aether_hash path;
} entry;

/* A tree whose claims are made, and who proves them. Another tree is put here by giving its root and its prover. */
typedef struct subject {
    const entry *entries; /* in the order of their paths */
    size_t count;
    aether_hash root;
    void (*prove)(const void *user, const aether_hash *path, naive_proof *out);
    const void *user;
} subject;

/* Lines to the other verifier. */
typedef struct claims {
    FILE *out;
    size_t count;
} claims;

typedef struct level_bytes {
    uint8_t data[AE_PROOF_LEVEL_LEN_MAX];
    size_t len;
} level_bytes;

static aether_bytes key_of(const entry *at) {
    return ae_bytes(at->key, at->key_len);
}

static aether_bytes value_of(const entry *at) {
    return ae_bytes(at->value, at->value_len);
}

static void open_claims(claims *self) {
    self->count = 0;
    self->out = popen("'" AE_ICS23 "'", "w");
    CHECK(self->out != NULL);
}

// Ends the lines, and learns what the other verifier said.
static void close_claims(claims *self) {
    fprintf(self->out, "end %zu\n", self->count);
    CHECK_I64(pclose(self->out), 0);
}

static void write_hex(FILE *out, aether_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(out, "%02x", bytes.data[i]);
    if (bytes.len == 0)
        fputc('-', out);
}

static level_bytes prove(const subject *tree, const aether_hash *path) {
    naive_proof proof;
    level_bytes bytes;
    tree->prove(tree->user, path, &proof);
    bytes.len = ae_proof_level_encode(&proof.level, bytes.data);
    return bytes;
}

// What our verifier says; value NULL: that nothing is there.
static bool verify(const aether_hash *root, aether_bytes key, const aether_bytes *value,
    const level_bytes *bytes) {
    aether_bytes rest = ae_bytes(bytes->data, bytes->len);
    aether_hash path, value_hash;
    ae_level level;
    ae_sha256(key, &path);
    if (value != NULL)
        ae_level_value_hash(*value, &value_hash);
    return ae_level_decode("tree", &rest, &level, NULL) == AETHER_OK && rest.len == 0 &&
           ae_level_check(&level, root, &path, value != NULL ? &value_hash : NULL, NULL) ==
               AETHER_OK;
}

static void write_claim(
    claims *self, bool verdict, const char *kind, const aether_hash *root, aether_bytes key) {
    fprintf(self->out, "%s %s ", verdict ? "ok" : "bad", kind);
    write_hex(self->out, ae_bytes(root->bytes, sizeof root->bytes));
    fputc(' ', self->out);
    write_hex(self->out, key);
    self->count++;
}

// That a value is at a key.
static void claim_present(claims *self, bool verdict, const aether_hash *root, aether_bytes key,
    aether_bytes value, const level_bytes *level) {
    CHECK_U64(verify(root, key, &value, level), verdict);
    write_claim(self, verdict, "present", root, key);
    fputc(' ', self->out);
    write_hex(self->out, value);
    fputc(' ', self->out);
    write_hex(self->out, ae_bytes(level->data, level->len));
    fputc('\n', self->out);
}

static void write_neighbour(FILE *out, const subject *tree, const entry *at) {
    if (at == NULL) {
        fputs(" -", out);
        return;
    }
    const level_bytes level = prove(tree, &at->path);
    fputc(' ', out);
    write_hex(out, key_of(at));
    fputc(':', out);
    write_hex(out, value_of(at));
    fputc(':', out);
    write_hex(out, ae_bytes(level.data, level.len));
}

// That nothing is at a key, because nothing is between its neighbours; NULL: there is none on that side. How we
// show absence needs no neighbour: our verifier is asked in check_absence.
static void claim_absent(claims *self, bool verdict, const subject *tree, aether_bytes key,
    const entry *left, const entry *right) {
    write_claim(self, verdict, "absent", &tree->root, key);
    write_neighbour(self->out, tree, left);
    write_neighbour(self->out, tree, right);
    fputc('\n', self->out);
}

static const entry *at_or_null(const subject *tree, size_t index) {
    return index < tree->count ? &tree->entries[index] : NULL;
}

// Number of keys whose path is smaller.
static size_t rank(const subject *tree, aether_bytes key) {
    aether_hash path;
    size_t count = 0;
    ae_sha256(key, &path);
    while (count < tree->count && memcmp(&tree->entries[count].path, &path, sizeof path) < 0)
        count++;
    return count;
}

static void check_presence(claims *self, const subject *tree, size_t index) {
    const entry *at = &tree->entries[index];
    const level_bytes level = prove(tree, &at->path);
    claim_present(self, true, &tree->root, key_of(at), value_of(at), &level);

    entry other = *at;
    other.value[0] ^= 1;
    other.value_len += other.value_len == 0;
    claim_present(self, false, &tree->root, key_of(at), value_of(&other), &level);
    other.key[at->key_len - 1] ^= 1;
    claim_present(self, false, &tree->root, key_of(&other), value_of(at), &level);
    aether_hash root = tree->root;
    root.bytes[index % sizeof root.bytes] ^= 1;
    claim_present(self, false, &root, key_of(at), value_of(at), &level);
    if (level.len > 4) {
        level_bytes changed = level;
        changed.data[4 + index % (level.len - 4)] ^= 0x10;
        if (changed.data[1] > 8 && 4 + index % (level.len - 4) < 3 + (changed.data[1] + 7u) / 8)
            changed = (level_bytes){.data = {1, 0, 0}, .len = 3}; // the bitmap; no siblings instead
        claim_present(self, false, &tree->root, key_of(at), value_of(at), &changed);
    }
    // Present, said to be absent.
    CHECK(!verify(&tree->root, key_of(at), NULL, &level));
    const entry *before = index > 0 ? at - 1 : NULL, *after = at_or_null(tree, index + 1);
    claim_absent(self, false, tree, key_of(at), before, after);
    claim_absent(self, false, tree, key_of(at), at, after);
    claim_absent(self, false, tree, key_of(at), before, at);
}

static void check_absence(claims *self, const subject *tree, aether_bytes key) {
    aether_hash path;
    ae_sha256(key, &path);
    const level_bytes level = prove(tree, &path);
    CHECK(level.data[0] != AE_PROOF_TERMINAL_LEAF);
    CHECK(verify(&tree->root, key, NULL, &level));
    const aether_bytes empty = {0};
    CHECK(!verify(&tree->root, key, &empty, &level));

    const size_t at = rank(tree, key);
    const entry *left = at > 0 ? &tree->entries[at - 1] : NULL, *right = at_or_null(tree, at);
    // ICS-23 has no proof about the empty tree.
    claim_absent(self, tree->count > 0, tree, key, left, right);
    if (left != NULL && right != NULL) {
        claim_absent(self, false, tree, key, left, NULL);
        claim_absent(self, false, tree, key, NULL, right);
        claim_absent(self, false, tree, key, right, left);
    }
    if (at > 1 && right != NULL) // one key between them left out
        claim_absent(self, false, tree, key, &tree->entries[at - 2], right);
    if (left != NULL && at + 1 < tree->count)
        claim_absent(self, false, tree, key, left, &tree->entries[at + 1]);
    if (at > 1) // to the left of the key, both
        claim_absent(self, false, tree, key, &tree->entries[at - 2], left);
}

static void fill_random(uint64_t *random, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)test_random(random);
}

static void random_key(uint64_t *random, entry *out) {
    *out = (entry){.key_len = 4 + test_random(random) % (KEY_LEN_MAX - 3)};
    fill_random(random, out->key, out->key_len);
    ae_sha256(key_of(out), &out->path);
}

// A key that is not there, with that many keys before it in the order of paths.
static void check_absence_at_rank(
    claims *self, const subject *tree, size_t wanted, uint64_t *random) {
    entry at;
    do
        random_key(random, &at);
    while (rank(tree, key_of(&at)) != wanted);
    check_absence(self, tree, key_of(&at));
}

static void check_subject(const subject *tree, uint64_t *random) {
    claims lines;
    open_claims(&lines);
    for (size_t i = 0; i < SAMPLES && i < tree->count; i++)
        check_presence(
            &lines, tree, tree->count <= SAMPLES ? i : test_random(random) % tree->count);
    if (tree->count > 0) {
        check_presence(&lines, tree, 0);
        check_presence(&lines, tree, tree->count - 1);
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        entry at;
        random_key(random, &at);
        check_absence(&lines, tree, key_of(&at));
    }
    check_absence_at_rank(&lines, tree, 0, random);
    check_absence_at_rank(&lines, tree, tree->count, random);
    close_claims(&lines);
}

static void naive_prove_for(const void *user, const aether_hash *path, naive_proof *out) {
    naive_prove(*(const naive_tree *)user, path, out);
}

// The tree of src/state, its pages in a memory store.
static void prove_by_tree(const void *user, const aether_hash *path, naive_proof *out) {
    static ae_path_proof proof; // its leaf lives until the next
    aether_error err;
    CHECK_OK(ae_tree_prove(user, path, &proof, &err));
    memcpy(out->siblings, proof.siblings, proof.depth * sizeof *proof.siblings);
    out->level = (ae_proof_level){.terminal = (uint8_t)proof.terminal,
        .depth = proof.depth,
        .siblings = out->siblings,
        .other_path = proof.leaf.path.bytes,
        .other_value_hash = proof.leaf.value_hash.bytes};
}

static void check_tree(const subject *naive, uint64_t *random) {
    static ae_leaf leaves[KEYS_MAX];
    aether_error err;
    ae_arena scratch, arena;
    ae_change_list pages;
    const aether_change *changes;
    size_t count;
    aether_memory_store *store;
    ae_arena_init(&scratch, 1 << 16, 1 << 26);
    ae_arena_init(&arena, 1 << 16, 1 << 26);
    ae_change_list_init(&pages, &arena);
    CHECK_OK(aether_memory_store_create(&store, &err));
    for (size_t i = 0; i < naive->count; i++)
        ae_leaf_init(&leaves[i], key_of(&naive->entries[i]), value_of(&naive->entries[i]));
    subject real = *naive;
    CHECK_OK(ae_tree_build(NULL, leaves, naive->count, &scratch, &pages, &real.root, &err));
    CHECK_BYTES(ae_bytes(real.root.bytes, 32), ae_bytes(naive->root.bytes, 32));
    CHECK_OK(ae_change_list_flatten(&pages, &changes, &count, &err));
    CHECK_OK(aether_memory_store_apply(store, changes, count, &err));
    const aether_store view = aether_memory_store_interface(store);
    const ae_tree tree = {.view = &view};
    real.prove = prove_by_tree;
    real.user = &tree;
    check_subject(&real, random);
    aether_memory_store_destroy(store);
    ae_arena_deinit(&scratch);
    ae_arena_deinit(&arena);
}

static void sort_entries(entry *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        const entry moved = entries[i];
        size_t at = i;
        for (; at > 0 && memcmp(&entries[at - 1].path, &moved.path, sizeof moved.path) > 0; at--)
            entries[at] = entries[at - 1];
        entries[at] = moved;
    }
}

static void check_size(size_t count) {
    static entry entries[KEYS_MAX];
    static naive_leaf leaves[KEYS_MAX];
    uint64_t random = test_seed();
    for (size_t i = 0; i < count; i++) {
        random_key(&random, &entries[i]);
        entries[i].value_len = test_random(&random) % VALUE_LEN_MAX; // sometimes empty
        fill_random(&random, entries[i].value, entries[i].value_len);
    }
    sort_entries(entries, count);
    for (size_t i = 0; i < count; i++)
        leaves[i] = naive_leaf_of(key_of(&entries[i]), value_of(&entries[i]));
    const naive_tree tree = {leaves, count};
    const subject naive = {.entries = entries,
        .count = count,
        .root = naive_root(tree, 0),
        .prove = naive_prove_for,
        .user = &tree};
    check_subject(&naive, &random);
    check_tree(&naive, &random);
}

/* The empty tree: we prove that nothing is there; ICS-23 has no such proof, and refuses. */
static void the_empty_tree_is_beyond_ics23(void) {
    check_size(0);
}

/* One leaf is its own root: proofs of no sibling. */
static void a_tree_of_one_key_agrees_with_ics23(void) {
    for (int i = 0; i < 10; i++)
        check_size(1);
}

static void trees_of_two_keys_agree_with_ics23(void) {
    check_size(2);
}

static void trees_of_three_keys_agree_with_ics23(void) {
    check_size(3);
}

static void trees_of_a_hundred_keys_agree_with_ics23(void) {
    check_size(100);
}

static void trees_of_a_thousand_keys_agree_with_ics23(void) {
    check_size(1000);
}

TEST_MAIN(TEST(the_empty_tree_is_beyond_ics23) TEST(a_tree_of_one_key_agrees_with_ics23)
        TEST(trees_of_two_keys_agree_with_ics23) TEST(trees_of_three_keys_agree_with_ics23)
            TEST(trees_of_a_hundred_keys_agree_with_ics23)
                TEST(trees_of_a_thousand_keys_agree_with_ics23))
