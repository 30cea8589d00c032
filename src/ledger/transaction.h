/* Transactions and receipts as bytes, and whether a signature is the sender's (aether/transaction.h).
 *
 * Thread safety: thread-safe, pure. Determinism: consensus. */
#ifndef AE_LEDGER_TRANSACTION_H
#define AE_LEDGER_TRANSACTION_H

#include "base/arena.h"
#include "base/error.h"

#include <aether/transaction.h>

/* A decoded transaction with what the ledger needs besides its fields. */
typedef struct ae_signed_transaction {
    aether_transaction fields; /* views into the arena or the bytes; owner is NULL */
    aether_bytes signature;    /* 64 bytes; empty: unsigned */
    aether_hash sign_hash;     /* H("sign", the bytes without the signature) */
    aether_hash hash;          /* H("transaction", the bytes) */
    aether_address sender;
} ae_signed_transaction;

/* Decode strictly, everything in the arena. Whatever the bytes are, at most their length and 1 KiB is asked of it: what
 * would need more is malformed. MALFORMED_TRANSACTION; OUT_OF_MEMORY, also when the arena's cap is below that. */
AETHER_MUST_CHECK aether_status ae_transaction_read(
    aether_bytes bytes, ae_arena *arena, ae_signed_transaction *out, aether_error *err);

/* Whether the signature is there and is the key's over sign_hash. */
bool ae_transaction_is_signed(const ae_signed_transaction *transaction);

/* Append the canonical bytes of a receipt's consensus part to an arena. OUT_OF_MEMORY; INVALID_ARGUMENT as
 * aether_receipt_encode. */
AETHER_MUST_CHECK aether_status ae_receipt_write(
    const aether_receipt *receipt, ae_arena *arena, aether_bytes *out_bytes, aether_error *err);

#endif
