/* The bytes of a proof (docs/proofs.md), written by a prover and read by aether_proof_verify:
 *
 *   proof   = version 0x01 ‖ level of the application tree [ ‖ record length u8 ‖ record [ ‖ level of the storage tree ] ]
 *   level   = terminal u8 (0 empty, 1 leaf, 2 other leaf) ‖ depth u16 little endian, at most 256
 *             ‖ bitmap of ⌈depth / 8⌉ bytes, bit i (from the lowest of byte 0) set where sibling i, from the root
 *               down, is not empty; bits behind the last are zero
 *             ‖ those siblings, 32 bytes each
 *             ‖ for terminal 2: path (32) ‖ value hash (32) of the other leaf
 *
 * What stands behind the first level follows from what is asked and from what was found there:
 *
 *   about the record itself                    nothing
 *   a storage key, the address has no record   nothing; the key is absent
 *   a storage key, a record of 16 or 24 bytes  the record: an account has no storage; the key is absent
 *   a storage key, a record of 121 bytes       the record and a level of the tree whose root is at its byte 56
 *
 * A path is read from the highest bit of its first byte; 0 goes left. One proof for each answer: a sibling that is
 * marked and zero, a deepest sibling that is not marked, and bytes behind the end are refused.
 *
 * This folder includes nothing but base/ and crypto/sha256.h: it is also an archive of its own.
 * Thread safety: thread-safe, pure. */
#ifndef AE_PROOF_PROOF_H
#define AE_PROOF_PROOF_H

#include "base/bytes.h"
#include "base/error.h"

#include <aether/proof.h>

#define AE_PROOF_VERSION 0x01
#define AE_PROOF_TERMINAL_EMPTY 0
#define AE_PROOF_TERMINAL_LEAF 1
#define AE_PROOF_TERMINAL_OTHER 2

/* One level on its way into bytes. */
typedef struct ae_proof_level {
    uint8_t terminal;
    uint32_t depth;
    const aether_hash *siblings;     /* `depth`, from the root down */
    const uint8_t *other_path;       /* of OTHER, 32 bytes */
    const uint8_t *other_value_hash; /* of OTHER, 32 bytes */
} ae_proof_level;

/* Write a whole proof. `record` is given for a storage key of an address that has one, `storage` where that is a
 * contract's; empty and NULL otherwise.
 * out: at least AETHER_PROOF_LEN_MAX bytes. Returns bytes written. */
size_t ae_proof_encode(const ae_proof_level *application, aether_bytes record,
    const ae_proof_level *storage, uint8_t *out);

/* Write one level. out: at least AE_PROOF_LEVEL_LEN_MAX bytes. Returns bytes written. */
size_t ae_proof_level_encode(const ae_proof_level *level, uint8_t *out);

#define AE_PROOF_LEVEL_LEN_MAX (3 + AETHER_PROOF_DEPTH_MAX / 8 + 32 * AETHER_PROOF_DEPTH_MAX + 64)

#endif
