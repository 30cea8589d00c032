/* What a chain begins with, as a file:
 *
 *   {"chain_id":"aether-local","time":0,"protocol_version":1,
 *    "parameters":{"schedule":"v1","block_gas_max":1000000000,"transaction_len_max":1200000,"block_len_max":4194304},
 *    "accounts":[{"address":"0x…","balance":"1000"}],"fee_address":"0x…","validators":[]}
 *
 * Every member must be there, and none besides; amounts are strings. */
#ifndef AE_CLI_GENESIS_H
#define AE_CLI_GENESIS_H

#include <aether/chain.h>

#include "file.h"
#include "text.h"

/** A genesis and what it points to. Zeroed is empty. */
typedef struct cli_genesis {
    aether_genesis genesis;
    aether_genesis_account *accounts;
    cli_text chain_id;
} cli_genesis;

/** Room for one more account at the end. */
void cli_genesis_add(cli_genesis *genesis, const aether_address *address, aether_u128 balance);

/** Read a file strictly. What a chain makes of the values is checked by aether_genesis_changes.
 *  @param out_text  the file as it is
 *  @return OK, INVALID_ARGUMENT */
AETHER_MUST_CHECK aether_status cli_genesis_read(
    const char *path, cli_genesis *out_genesis, cli_buffer *out_text, aether_error *err);

/** The text of the file. The caller deinits it. */
cli_text cli_genesis_write(const aether_genesis *genesis);

void cli_genesis_deinit(cli_genesis *genesis);

#endif
