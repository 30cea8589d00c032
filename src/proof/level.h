/* One level of a proof, as its bytes say, held against the root of a tree.
 *
 * Two steps: decode refuses every form but the only one, check computes the root. Both together show that a tree
 * with this root holds a leaf, or none, at a path: docs/proofs.md says why.
 *
 * Thread safety: thread-safe, pure. */
#ifndef AE_PROOF_LEVEL_H
#define AE_PROOF_LEVEL_H

#include "proof/proof.h"

/* A level in a proof's bytes; borrowed. */
typedef struct ae_level {
    const char *tree; /* which one, for messages */
    uint8_t terminal;
    uint32_t depth;
    const uint8_t *bitmap;
    const uint8_t *siblings; /* those that the bitmap marks */
    size_t sibling_count;
    const uint8_t *other; /* of OTHER: path ‖ value hash */
} ae_level;

/* Read a level off the front of `rest`. tree: a static string for messages. OK, INVALID_PROOF. */
AETHER_MUST_CHECK aether_status ae_level_decode(
    const char *tree, aether_bytes *rest, ae_level *out, aether_error *err);

/* Whether the level shows that the tree with this root holds, at a path, a value with this hash.
 * value_hash: NULL: that it holds nothing there. OK, INVALID_PROOF. */
AETHER_MUST_CHECK aether_status ae_level_check(const ae_level *level, const aether_hash *root,
    const aether_hash *path, const aether_hash *value_hash, aether_error *err);

/* The hash that a leaf has of its value: SHA-256(record prefix 0x01 ‖ value). */
void ae_level_value_hash(aether_bytes value, aether_hash *out);

#endif
