/* What the command keeps of a chain's history, in the chain's database, in the batch of the block itself:
 *
 *   0x80 ‖ height (8, big endian)   a block: header, transactions, receipts, and what people want to know of them
 *   0x81 ‖ transaction hash (32)    height (8) ‖ index in the block (4)
 *
 * A block's bytes; integers big endian, "bytes" a length (4) and so many:
 *
 *   version (1) = 1 ‖ height (8) ‖ time (8) ‖ root (32) ‖ results hash (32) ‖ gas used (8) ‖ fees (16) ‖ count (4)
 *   and for each transaction
 *     transaction: bytes ‖ receipt: bytes (transaction.h) ‖ kind (4) ‖ gas limit (8) ‖ fee (16) ‖ contract (32)
 *     end (4) ‖ message: text ‖ count (4) of storage keys of the contract that it changed, each
 *       key: bytes ‖ removed (1) ‖ value: bytes
 *     trap (1: 0 none) ‖ kind (4) ‖ message: text ‖ count (4) of frames, each
 *       function: text ‖ index (4) ‖ offset (4) ‖ file: text, empty for none ‖ line (4)
 *
 * "text" is bytes that end with a NUL. None of it is consensus. */
#ifndef AE_CLI_RECORD_H
#define AE_CLI_RECORD_H

#include <aether/aether.h>

#include "file.h"

/** A transaction of a block. */
typedef struct cli_transaction_record {
    aether_bytes bytes;
    aether_transaction_kind kind;
    aether_receipt receipt; /**< when it was read: everything but debug_text */
    aether_trap trap;       /**< of the receipt, when it was read */
} cli_transaction_record;

/** A block. Zeroed is empty. */
typedef struct cli_block_record {
    uint64_t height;
    uint64_t time;
    aether_hash root;
    aether_hash results_hash;
    uint64_t gas_used;
    aether_u128 fees;
    cli_transaction_record *transactions;
    size_t count;
    cli_buffer bytes; /**< what a block that was read points to */
} cli_block_record;

/** Apply a block's batch and its record, in one. @return as aether_database_apply */
AETHER_MUST_CHECK aether_status cli_record_apply(aether_database *database,
    const aether_batch *batch, const cli_block_record *block, aether_error *err);

/** Apply a batch that takes a block back, and remove its record. @param block  NULL: there is none */
AETHER_MUST_CHECK aether_status cli_record_take_back(aether_database *database,
    const aether_batch *batch, const cli_block_record *block, aether_error *err);

/** Read a block's record; release with cli_record_deinit. @return OK, STORAGE_DAMAGED, faults */
AETHER_MUST_CHECK aether_status cli_record_read(const aether_store *store, uint64_t height,
    cli_block_record *out_block, bool *out_found, aether_error *err);

/** Where a transaction is. */
AETHER_MUST_CHECK aether_status cli_record_find(const aether_store *store, const aether_hash *hash,
    uint64_t *out_height, uint32_t *out_index, bool *out_found, aether_error *err);

/** Check every record: its form, that its transactions are found, and that the last one is the head's.
 *  @return OK, STORAGE_DAMAGED, faults */
AETHER_MUST_CHECK aether_status cli_record_check(
    const aether_store *store, uint64_t head, const aether_hash *root, aether_error *err);

void cli_record_deinit(cli_block_record *block);

#endif
