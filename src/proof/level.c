#include "proof/level.h"

#include "crypto/sha256.h"

#define LEAF_PREFIX 0x00
#define INNER_PREFIX 0x01
#define RECORD_PREFIX 0x01

static const uint8_t empty[AETHER_HASH_LEN];

// Bit i of a path, counted from the highest of byte 0.
static bool path_bit(const uint8_t *path, uint32_t i) {
    return path[i / 8] >> (7 - i % 8) & 1;
}

static bool is_marked(const ae_level *level, uint32_t i) {
    return level->bitmap[i / 8] >> i % 8 & 1;
}

// Take bytes off the front of `rest`; NULL when there are fewer.
static const uint8_t *take(aether_bytes *rest, size_t len) {
    if (rest->len < len)
        return NULL;
    const uint8_t *front = rest->data;
    *rest = ae_bytes(front + len, rest->len - len);
    return front;
}

static aether_status cut_off(const ae_level *level, const char *part, aether_error *err) {
    return ae_fail(
        err, AETHER_INVALID_PROOF, "%s: the proof ends within its %s", level->tree, part);
}

static aether_status decode_head(ae_level *level, aether_bytes *rest, aether_error *err) {
    const uint8_t *head = take(rest, 3);
    if (head == NULL)
        return cut_off(level, "head", err);
    level->terminal = head[0];
    if (level->terminal > AE_PROOF_TERMINAL_OTHER)
        return ae_fail(err, AETHER_INVALID_PROOF, "%s: terminal: got %u, at most %d", level->tree,
            level->terminal, AE_PROOF_TERMINAL_OTHER);
    level->depth = (uint32_t)head[1] | (uint32_t)head[2] << 8;
    // Beside nothing there are two leaves or more, which part below; below 256 bits nothing parts.
    const uint32_t depth_max =
        AETHER_PROOF_DEPTH_MAX - (level->terminal == AE_PROOF_TERMINAL_EMPTY);
    if (level->depth > depth_max)
        return ae_fail(err, AETHER_INVALID_PROOF, "%s: depth: got %u, at most %u", level->tree,
            level->depth, depth_max);
    return AETHER_OK;
}

static aether_status decode_bitmap(ae_level *level, aether_bytes *rest, aether_error *err) {
    const uint32_t len = (level->depth + 7) / 8;
    level->bitmap = take(rest, len);
    if (level->bitmap == NULL)
        return cut_off(level, "bitmap", err);
    for (uint32_t i = level->depth; i < 8 * len; i++)
        if (is_marked(level, i))
            return ae_fail(err, AETHER_INVALID_PROOF, "%s: bit %u of the bitmap is set, depth %u",
                level->tree, i, level->depth);
    // A leaf or nothing beside nothing: such an inner node is not in a tree.
    if (level->depth != 0 && !is_marked(level, level->depth - 1))
        return ae_fail(err, AETHER_INVALID_PROOF, "%s: the deepest sibling is empty", level->tree);
    level->sibling_count = 0;
    for (uint32_t i = 0; i < level->depth; i++)
        level->sibling_count += is_marked(level, i);
    return AETHER_OK;
}

static aether_status decode_siblings(ae_level *level, aether_bytes *rest, aether_error *err) {
    level->siblings = take(rest, level->sibling_count * AETHER_HASH_LEN);
    if (level->siblings == NULL)
        return cut_off(level, "siblings", err);
    for (size_t i = 0; i < level->sibling_count; i++)
        if (memcmp(level->siblings + i * AETHER_HASH_LEN, empty, sizeof empty) == 0)
            return ae_fail(
                err, AETHER_INVALID_PROOF, "%s: sibling %zu of the list is empty", level->tree, i);
    return AETHER_OK;
}

aether_status ae_level_decode(
    const char *tree, aether_bytes *rest, ae_level *out, aether_error *err) {
    ae_level level = {.tree = tree};
    aether_bytes left = *rest;
    AE_TRY(decode_head(&level, &left, err));
    AE_TRY(decode_bitmap(&level, &left, err));
    AE_TRY(decode_siblings(&level, &left, err));
    if (level.terminal == AE_PROOF_TERMINAL_OTHER) {
        level.other = take(&left, 2 * (size_t)AETHER_HASH_LEN);
        if (level.other == NULL)
            return cut_off(&level, "other leaf", err);
    }
    *rest = left;
    *out = level;
    return AETHER_OK;
}

void ae_level_value_hash(aether_bytes value, aether_hash *out) {
    static const uint8_t prefix = RECORD_PREFIX;
    ae_sha256_state state;
    ae_sha256_init(&state);
    ae_sha256_update(&state, ae_bytes(&prefix, sizeof prefix));
    if (value.len != 0)
        ae_sha256_update(&state, value);
    ae_sha256_final(&state, out);
}

// The other leaf shows that nothing is at a path if the way down to the path leads to it, and it is not the path's.
static aether_status check_other(
    const ae_level *level, const aether_hash *path, aether_error *err) {
    if (memcmp(level->other, path, sizeof *path) == 0)
        return ae_fail(
            err, AETHER_INVALID_PROOF, "%s: the other leaf has the key's own path", level->tree);
    for (uint32_t i = 0; i < level->depth; i++)
        if (path_bit(level->other, i) != path_bit(path->bytes, i))
            return ae_fail(err, AETHER_INVALID_PROOF,
                "%s: the other leaf's path parts from the key's at bit %u, depth %u", level->tree,
                i, level->depth);
    return AETHER_OK;
}

// One node: two hashes into one, which may be either of them.
static void hash_pair(uint8_t prefix, const uint8_t *a, const uint8_t *b, aether_hash *out) {
    aether_hash hash;
    const ae_sha256_pair pair = {.a = a, .b = b, .out = &hash};
    ae_sha256_pairs(prefix, &pair, 1);
    *out = hash;
}

// The root that siblings and the hash at their end lead to, from below.
static void climb(const ae_level *level, const aether_hash *path, aether_hash *hash) {
    const uint8_t *next = level->siblings + level->sibling_count * AETHER_HASH_LEN;
    for (uint32_t i = level->depth; i-- > 0;) {
        const uint8_t *sibling = empty;
        if (is_marked(level, i))
            sibling = next -= AETHER_HASH_LEN;
        if (path_bit(path->bytes, i))
            hash_pair(INNER_PREFIX, sibling, hash->bytes, hash);
        else
            hash_pair(INNER_PREFIX, hash->bytes, sibling, hash);
    }
}

aether_status ae_level_check(const ae_level *level, const aether_hash *root,
    const aether_hash *path, const aether_hash *value_hash, aether_error *err) {
    const bool is_leaf = level->terminal == AE_PROOF_TERMINAL_LEAF;
    if (is_leaf != (value_hash != NULL))
        return ae_fail(err, AETHER_INVALID_PROOF, "%s: the proof is of %s, not of %s", level->tree,
            is_leaf ? "presence" : "absence", is_leaf ? "absence" : "presence");
    aether_hash hash = {0};
    if (is_leaf)
        hash_pair(LEAF_PREFIX, path->bytes, value_hash->bytes, &hash);
    if (level->terminal == AE_PROOF_TERMINAL_OTHER) {
        AE_TRY(check_other(level, path, err));
        hash_pair(LEAF_PREFIX, level->other, level->other + AETHER_HASH_LEN, &hash);
    }
    climb(level, path, &hash);
    if (memcmp(&hash, root, sizeof hash) != 0)
        return ae_fail(
            err, AETHER_INVALID_PROOF, "%s: the proof leads to another root", level->tree);
    return AETHER_OK;
}
