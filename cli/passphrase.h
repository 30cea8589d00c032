/* Where a passphrase comes from: a file, the environment (AETHER_PASSPHRASE), or a terminal. */
#ifndef AE_CLI_PASSPHRASE_H
#define AE_CLI_PASSPHRASE_H

#include <aether/status.h>

#include <stdbool.h>
#include <stddef.h>

enum { CLI_PASSPHRASE_LEN_MAX = 1024 };

/** What the command line says about it. */
typedef struct cli_passphrase_source {
    const char *file; /**< or NULL */
    bool is_asked;    /**< whether a new one is asked for on the terminal */
} cli_passphrase_source;

/** A passphrase; wipe it with cli_passphrase_wipe. */
typedef struct cli_passphrase {
    char text[CLI_PASSPHRASE_LEN_MAX + 2];
    size_t len; /**< 0: there is none */
} cli_passphrase;

/** For a new key: none without file, environment and --passphrase; typed twice on a terminal.
 *  @return OK, INVALID_ARGUMENT */
AETHER_MUST_CHECK aether_status cli_passphrase_new(
    const cli_passphrase_source *source, cli_passphrase *out, aether_error *err);

/** For a key that is encrypted: asked for on the terminal if nothing else gives it. @param name  of the key */
AETHER_MUST_CHECK aether_status cli_passphrase_get(
    const cli_passphrase_source *source, const char *name, cli_passphrase *out, aether_error *err);

void cli_passphrase_wipe(cli_passphrase *passphrase);

#endif
