/* What came of a run, as JSON and for people. */
#ifndef AE_CLI_RECEIPT_H
#define AE_CLI_RECEIPT_H

#include <aether/execution.h>

#include <json-c/json_types.h>

#include "text.h"

/** The words of the command for an end. */
typedef struct cli_verdict {
    const char *outcome;   /**< success, reverted, trapped, out_of_gas */
    const char *trap_kind; /**< or NULL */
} cli_verdict;

cli_verdict cli_verdict_of(const aether_execution_result *result);

/** The whole object. @param storage  taken over */
struct json_object *cli_receipt_json(
    const aether_execution_result *result, struct json_object *storage);

/** The object of a refusal: nothing ran. */
struct json_object *cli_receipt_json_refused(uint64_t gas_limit, const aether_error *err);

/** Lines for people.
 *  @param self       the contract; its storage changes are listed
 *  @param is_colour  whether the outcome is coloured */
void cli_receipt_text(const aether_execution_result *result, const aether_address *self,
    bool is_colour, cli_text *out);

/** The lines that a contract wrote with `log`, each marked. */
void cli_receipt_debug_text(const char *debug_text, cli_text *out);

#endif
