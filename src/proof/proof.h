/* The bytes of a proof (docs/proofs.md), written by a prover and read by aether_proof_verify:
 *
 *   proof   = version 0x01 ‖ level of the application tree [ ‖ record length u8 ‖ record ‖ level of the storage tree ]
 *   level   = terminal u8 (0 empty, 1 leaf, 2 other leaf) ‖ depth u16 little endian, at most 256
 *             ‖ bitmap of ⌈depth / 8⌉ bytes, bit i (from the lowest of byte 0) set where sibling i, from the root
 *               down, is not empty; bits behind the last are zero
 *             ‖ those siblings, 32 bytes each
 *             ‖ for terminal 2: path (32) ‖ value hash (32) of the other leaf
 *
 * The second part is there only for a storage key of a contract that has a record (terminal 1 of the first level).
 * One proof for each answer: a sibling that is marked and zero, bytes behind the end, are refused.
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

/* Write a whole proof. `record` and `storage` are given together, or neither (NULL data, NULL).
 * out: at least AETHER_PROOF_LEN_MAX bytes. Returns bytes written. */
size_t ae_proof_encode(const ae_proof_level *application, aether_bytes record,
    const ae_proof_level *storage, uint8_t *out);

#endif
