/* The folder of a local chain, by default ./.aether:
 *
 *   chain/           the database                            cache/, cache.key   native code, and what it is sealed with
 *   keys/NAME.json   keys, readable by their owner alone     symbols/HASH.wasm   modules as they were before an upload
 *   genesis.json     what the chain began with; for people
 *
 * Nothing but chain/ is needed to read the chain, and keys/ to use it. */
#ifndef AE_CLI_HOME_H
#define AE_CLI_HOME_H

#include <aether/aether.h>

#include "command.h"
#include "text.h"

/** Keys of the options that every command of a chain has; its own begin at CLI_KEY_CHAIN_END. */
enum { CLI_KEY_HOME = CLI_KEY_FIRST, CLI_KEY_NODE, CLI_KEY_CHAIN_END };

#define CLI_HOME_DEFAULT ".aether"

/** Rows for a table of argp options. */
#define CLI_CHAIN_OPTIONS                                                                \
    {"home", CLI_KEY_HOME, "DIR", 0, "Where the chain and the keys lie (.aether)", 0}, { \
        "node", CLI_KEY_NODE, "URL", 0, "Not in this version: only local chains", 0      \
    }

/** Take one option of CLI_CHAIN_OPTIONS. OK or INVALID_ARGUMENT. */
AETHER_MUST_CHECK aether_status cli_home_set(
    const char **home, int key, const char *value, aether_error *err);

/** The path of something in a home; the caller deinits it. */
cli_text cli_home_path(const char *home, const char *name);

/** Whether a chain is there. */
bool cli_home_has_chain(const char *home);

/** What was made, so that it can be taken back. Zeroed is empty. */
typedef struct cli_made {
    char **paths;
    size_t count;
} cli_made;

/** Remove what was made, the last first; folders only if nothing else is in them. */
void cli_made_undo(cli_made *made);

/** Keep what was made. */
void cli_made_deinit(cli_made *made);

/** Note a file or folder that was made. */
void cli_made_note(cli_made *made, const char *path);

/** Make a folder with mode 0700 if there is none. @param made  may be NULL. @return OK, STORAGE_FAILED */
AETHER_MUST_CHECK aether_status cli_home_make_folder(
    const char *path, cli_made *made, aether_error *err);

/** Make a home, if there is none, for a chain that is not there yet, with a key for the cache, and lock it.
 *  @param out_lock  closed by the caller
 *  @return OK; INVALID_ARGUMENT: a chain is there already; STORAGE_FAILED */
AETHER_MUST_CHECK aether_status cli_home_prepare(
    const char *home, cli_made *made, int *out_lock, aether_error *err);

/** Fills an empty database with a chain. */
typedef aether_status (*cli_home_fill)(void *user, aether_database *database, aether_error *err);

/** Make the chain of a home that was prepared: it is there when `fill` succeeded, and not before. */
AETHER_MUST_CHECK aether_status cli_home_make_chain(
    const char *home, cli_home_fill fill, void *user, aether_error *err);

/** The secret that native code in cache/ is sealed with. @return false: there is none that may be used */
bool cli_home_cache_key(const char *home, uint8_t out[32]);

#endif
