/* The bytes of a snapshot: docs/snapshot.md. Integers little endian.
 *
 *   header = magic (16) ‖ format (4) ‖ height (8) ‖ time (8) ‖ root (32) ‖ chain id length (1) ‖ chain id
 *   chunk  = length (4) ‖ SHA-256 of what follows (32) ‖ entries
 *   entry  = key length (2) ‖ key ‖ value length (4) ‖ value
 *   end    = 0 (4) ‖ chunks (8) ‖ entries (8) ‖ SHA-256(header ‖ the chunks' hashes ‖ the 20 bytes before) (32)
 *
 * Entries are sorted by key. A chunk ends where the next entry would make its entries longer than 4 MiB, and nowhere
 * else, so that a state of one height has exactly one snapshot.
 *
 * Thread safety: immutable. */
#ifndef AE_LEDGER_SNAPSHOT_H
#define AE_LEDGER_SNAPSHOT_H

#include "crypto/sha256.h"
#include "ledger/record.h"

#define AE_SNAPSHOT_MAGIC "aether snapshot\n"
#define AE_SNAPSHOT_MAGIC_LEN 16
#define AE_SNAPSHOT_FORMAT 1
#define AE_SNAPSHOT_HEADER_LEN 69 /* without the chain id */
#define AE_SNAPSHOT_CHUNK_HEAD_LEN (4 + AETHER_HASH_LEN)
#define AE_SNAPSHOT_CHUNK_LEN ((size_t)4 << 20) /* bytes of a chunk's entries, at most */
#define AE_SNAPSHOT_ENTRY_HEAD_LEN 6            /* without key and value */
#define AE_SNAPSHOT_COUNTS_LEN 20               /* of the end, before its hash */

typedef struct ae_snapshot_header {
    ae_head head;
    uint8_t chain_id_len;
    char chain_id[AE_CHAIN_ID_LEN_MAX];
} ae_snapshot_header;

/* The end's counts. */
static inline void ae_snapshot_put_counts(uint8_t *out, uint64_t chunks, uint64_t entries) {
    ae_put_u32_le(out, 0);
    ae_put_u64_le(out + 4, chunks);
    ae_put_u64_le(out + 12, entries);
}

/* What a callback of the embedder returned, made one of a fault's statuses with a message. detail: filled by it or
 * with an empty message. */
static inline aether_status ae_snapshot_callback_failed(
    aether_status status, const char *callback, const aether_error *detail, aether_error *err) {
    if (status != AETHER_OUT_OF_MEMORY && status != AETHER_STORAGE_DAMAGED)
        status = AETHER_STORAGE_FAILED;
    if (detail->message[0] == '\0')
        return ae_fail(err, status, "snapshot: %s failed without a message", callback);
    return ae_fail(err, status, "%.*s", (int)sizeof detail->message - 1, detail->message);
}

#endif
