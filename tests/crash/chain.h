/* What the crash tests put into a database: a real chain. Block 1 is its genesis, block h the ledger's of height h - 1,
 * made from its number alone, so that the root that must be there after it can be computed again at any time. */
#ifndef AE_TESTS_CRASH_CHAIN_H
#define AE_TESTS_CRASH_CHAIN_H

#include <aether/database.h>

/* Make and apply block h, from 1; the blocks before are in the database. */
aether_status chain_make_block(
    aether_database *database, uint64_t seed, uint64_t height, aether_error *err);

/* Read everything: is it the state after some block, to its root? That block, 0 for an empty database; on anything else
 * a line on stderr and UINT64_MAX. */
uint64_t chain_verify(aether_database *database, uint64_t seed);

#endif
