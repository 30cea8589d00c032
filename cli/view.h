/* What commands that only look at a chain share: their options, and the chain opened for reading. */
#ifndef AE_CLI_VIEW_H
#define AE_CLI_VIEW_H

#include <argp.h>

#include "home.h"
#include "local.h"

/** The options that there are besides --help and --json: --home and --node. */
extern const struct argp_option cli_view_options[];

/** For cli_syntax.set; the target is a const char *, the home. */
AETHER_MUST_CHECK aether_status cli_view_set(
    void *target, int key, const char *value, aether_error *err);

/** {"chain_id","height","root"}, or the same for people. @return as cli_print */
int cli_view_print_head(const aether_chain_head *head, bool is_json);

/** A line "name  0x…" of a hash. */
void cli_view_add_hash(cli_text *text, const char *name, const aether_hash *hash);

/** A line "name  ae1…" of an address. */
void cli_view_add_address(cli_text *text, const char *name, const aether_address *address);

#endif
