/* The chain that lies in a home, open. */
#ifndef AE_CLI_LOCAL_H
#define AE_CLI_LOCAL_H

#include <aether/aether.h>

/** Zeroed is closed. */
typedef struct cli_local {
    aether_database *database;
    aether_store store;
    aether_engine *engine;
    aether_chain *chain;
    aether_chain_head head; /**< as it was when it was opened or last read */
} cli_local;

typedef enum cli_access { CLI_READ, CLI_WRITE } cli_access;

/** Whether a chain is there. @return OK, INVALID_ARGUMENT */
AETHER_MUST_CHECK aether_status cli_local_check(const char *home, aether_error *err);

/**
 * Open the database alone.
 *
 * @return OK; INVALID_ARGUMENT: no chain is there; faults
 */
AETHER_MUST_CHECK aether_status cli_local_open_database(
    const char *home, cli_access access, cli_local *out_local, aether_error *err);

/** Open the database and the chain. */
AETHER_MUST_CHECK aether_status cli_local_open(
    const char *home, cli_access access, cli_local *out_local, aether_error *err);

void cli_local_close(cli_local *local);

#endif
