/* Proofs about a chain's head, as bytes (proof/proof.h).
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_LEDGER_PROVE_H
#define AE_LEDGER_PROVE_H

#include "base/error.h"

#include <aether/chain.h>

/* As aether_chain_prove, over a store. */
AETHER_MUST_CHECK aether_status ae_prove(const aether_store *store, const aether_address *address,
    aether_bytes key, aether_buffer *out_proof, aether_buffer *out_value, bool *out_found,
    aether_error *err);

#endif
