/* What the crash tests put into a database: blocks, each a batch made from its number and a seed alone, so that what must
 * be there after block h can be made again at any time. Two functions, so that a real ledger can take their place. */
#ifndef AE_TESTS_CRASH_CHAIN_H
#define AE_TESTS_CRASH_CHAIN_H

#include <aether/database.h>

/* Make and apply block h, from 1; the blocks before are in the database. */
aether_status chain_make_block(
    aether_database *database, uint64_t seed, uint64_t height, aether_error *err);

/* Read everything: is it the state after some block? Its height; on anything else a line on stderr and UINT64_MAX. */
uint64_t chain_verify(aether_database *database, uint64_t seed);

#endif
