#include "harness/naive_tree.h"

#include "crypto/hash.h"

static void hash_pair(
    uint8_t prefix, const aether_hash *left, const aether_hash *right, aether_hash *out) {
    uint8_t message[65] = {prefix};
    memcpy(message + 1, left, 32);
    memcpy(message + 33, right, 32);
    ae_sha256(ae_bytes(message, sizeof message), out);
}

static void subtree(const naive_leaf *leaves, size_t count, unsigned bit, aether_hash *out) {
    size_t left_count = 0;
    aether_hash left, right;
    memset(out, 0, sizeof *out);
    if (count == 0)
        return;
    if (count == 1) {
        hash_pair(0x00, &leaves->path, &leaves->value_hash, out);
        return;
    }
    while (left_count < count && (leaves[left_count].path.bytes[bit / 8] & (0x80u >> bit % 8)) == 0)
        left_count++;
    subtree(leaves, left_count, bit + 1, &left);
    subtree(leaves + left_count, count - left_count, bit + 1, &right);
    hash_pair(0x01, &left, &right, out);
}

void naive_tree_root(const naive_leaf *leaves, size_t count, aether_hash *out_root) {
    subtree(leaves, count, 0, out_root);
}
