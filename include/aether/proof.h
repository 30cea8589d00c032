/**
 * Proofs: check what a state holds, or that it holds nothing, from its root alone.
 *
 * The state is committed to by two levels of one canonical binary sparse Merkle tree over SHA-256: the
 * application tree of account records and the like, and a storage tree for each contract, whose root is in its
 * record.
 *
 *   path  = SHA-256(key)
 *   leaf  = SHA-256(0x00 ‖ path ‖ SHA-256(0x01 ‖ value))
 *   inner = SHA-256(0x01 ‖ left ‖ right)
 *   a subtree without a leaf is 32 zero bytes, one with a single leaf that leaf's hash
 *
 * Key in the application tree: the store key (store.h), for example 0x01 ‖ address. Key in a storage tree: the
 * contract's own.
 *
 * This header and its code depend on nothing but C: libaether_proof.a holds them alone. No allocation.
 * Thread safety: thread-safe, pure.
 */
#ifndef AETHER_PROOF_H
#define AETHER_PROOF_H

#include <aether/status.h>
#include <aether/types.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AETHER_PROOF_DEPTH_MAX 256 /**< inner nodes above a leaf */

/** Bytes of the longest proof: two levels with every sibling, a terminal leaf and a record. */
#define AETHER_PROOF_LEN_MAX 17000

/**
 * Verify a proof about the record of an address, or a storage key of a contract.
 *
 * @param root      the state root, from a source that is trusted
 * @param address   of the account or contract
 * @param key       length 0: the proof is about the record of the address; otherwise 1–256 bytes, the storage key
 * @param value     what is claimed to be there; NULL: that nothing is
 * @param proof     bytes, as aether_chain_prove or any other prover makes them: docs/proofs.md
 *
 * @return OK             the state with this root holds exactly that
 * @return INVALID_PROOF  it was not shown; the message says at which step
 * @return INVALID_ARGUMENT  a pointer is NULL, or the key is too long
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_proof_verify(const aether_hash *root,
    const aether_address *address, aether_bytes key, const aether_bytes *value, aether_bytes proof,
    aether_error *err);

#ifdef __cplusplus
}
#endif

#endif
