/* Undo records: what a block replaced, so that it can be taken back.
 *
 * Under 0x13 ‖ height (8, big endian) ‖ number (4, big endian) lie chunks of at most 1,900 bytes, so that a database
 * needs no page of their own for them; an entry that is longer stands alone. Chunk 0 begins with the head before the
 * block (48 bytes). Then, in the order of the keys, across chunks, entries never split:
 *
 *   entry = key length (2) ‖ key ‖ 0x00, the key was absent, or 0x01 ‖ value length (4) ‖ value
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_LEDGER_UNDO_H
#define AE_LEDGER_UNDO_H

#include "ledger/record.h"
#include "state/change_list.h"
#include "state/view.h"

#define AE_UNDO_KEY_LEN 13
#define AE_UNDO_CHUNK_LEN 1900 /* bytes, but for an entry that is longer */

/* Writes the chunks of one block into a list of changes. */
typedef struct ae_undo_writer {
    ae_change_list *list; /* chunks in order, in its arena */
    uint64_t height;
    uint32_t number; /* of the chunk that is being filled */
    size_t len;      /* bytes of it */
    uint8_t chunk[AE_UNDO_CHUNK_LEN];
} ae_undo_writer;

/* before: the head that the block followed. */
void ae_undo_writer_init(
    ae_undo_writer *writer, ae_change_list *list, uint64_t height, const ae_head *before);

/* What stood under a key. OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_undo_add(ae_undo_writer *writer, aether_bytes key,
    aether_bytes value, bool was_there, aether_error *err);

/* Write the last chunk. */
AETHER_MUST_CHECK aether_status ae_undo_end(ae_undo_writer *writer, aether_error *err);

/* Told of each entry, in order. */
typedef aether_status (*ae_undo_visit)(
    void *user, aether_bytes key, aether_bytes value, bool was_there, aether_error *err);

/* Who is told, and memory for a copy of the chunks: the visitor may read the store. */
typedef struct ae_undo_reader {
    ae_arena *arena;
    ae_undo_visit visit;
    void *user;
} ae_undo_reader;

/* Read the undo records of a block. *out_found: false where there are none.
 * OUT_OF_MEMORY; STORAGE_DAMAGED: malformed; what the visitor returns. */
AETHER_MUST_CHECK aether_status ae_undo_read(const aether_store *store, uint64_t height,
    const ae_undo_reader *reader, ae_head *out_before, bool *out_found, aether_error *err);

/* How many chunks a block has. */
AETHER_MUST_CHECK aether_status ae_undo_count(
    const aether_store *store, uint64_t height, uint64_t *out_count, aether_error *err);

/* The lowest height that has any. STORAGE_DAMAGED: a key that is none of theirs. */
AETHER_MUST_CHECK aether_status ae_undo_oldest(
    const aether_store *store, uint64_t *out_height, bool *out_found, aether_error *err);

/* Append the removal of every chunk of a block; keys lie in the list's arena. */
AETHER_MUST_CHECK aether_status ae_undo_remove(
    const aether_store *store, uint64_t height, ae_change_list *list, aether_error *err);

#endif
