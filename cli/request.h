/* What `run` and its relatives are asked for: one entry of one contract over a state. */
#ifndef AE_CLI_REQUEST_H
#define AE_CLI_REQUEST_H

#include <aether/aether.h>

#include "command.h"
#include "file.h"

/** Keys of the options below; a command's own begin at CLI_KEY_REQUEST_END. */
enum {
    CLI_KEY_INPUT = CLI_KEY_FIRST,
    CLI_KEY_GAS,
    CLI_KEY_ENTRY,
    CLI_KEY_CALLER,
    CLI_KEY_SELF,
    CLI_KEY_VALUE,
    CLI_KEY_BLOCK_NUMBER,
    CLI_KEY_TIMESTAMP,
    CLI_KEY_CHAIN_ID,
    CLI_KEY_STORAGE,
    CLI_KEY_ENGINE,
    CLI_KEY_SCHEDULE,
    CLI_KEY_REQUEST_END
};

/** Rows for a table of argp options; `storage` says what the command does with the file. */
#define CLI_REQUEST_OPTIONS(storage)                                                               \
    {"input", CLI_KEY_INPUT, "HEX|text:S|@FILE", 0,                                                \
        "What the contract reads with input (nothing)", 0},                                        \
        {"gas", CLI_KEY_GAS, "N", 0, "Gas limit, 0 to 2^64-1 (10000000)", 0},                      \
        {"entry", CLI_KEY_ENTRY, "NAME", 0, "execute, init, query or migrate (execute)", 0},       \
        {"caller", CLI_KEY_CALLER, "ADDR", 0, "ae1... or 0x and 64 digits (0x0101...)", 0},        \
        {"self", CLI_KEY_SELF, "ADDR", 0, "Address of the contract (0x0202...)", 0},               \
        {"value", CLI_KEY_VALUE, "N", 0, "Amount given to the contract, 0 to 2^128-1 (0)", 0},     \
        {"block-number", CLI_KEY_BLOCK_NUMBER, "N", 0, "Height of the block (1)", 0},              \
        {"timestamp", CLI_KEY_TIMESTAMP, "N", 0, "Block time, Unix seconds (0)", 0},               \
        {"chain-id", CLI_KEY_CHAIN_ID, "S", 0, "At most 64 bytes (aether-local)", 0},              \
        {"storage", CLI_KEY_STORAGE, "FILE.json", 0, "Start from {\"0xkey\":\"0xvalue\"}" storage, \
            0},                                                                                    \
        {"engine", CLI_KEY_ENGINE, "NAME", 0, "cranelift, winch or pulley (cranelift)", 0}, {      \
        "schedule", CLI_KEY_SCHEDULE, "NAME", 0, "Gas prices: v1 or unit (v1)", 0                  \
    }

/** What a command line asks for. */
typedef struct cli_request {
    const char *input;        /**< as typed, or NULL */
    const char *storage_path; /**< or NULL */
    aether_compiler compiler;
    aether_schedule schedule;
    aether_execution_context context;
} cli_request;

cli_request cli_request_default(void);

/** Take one option of CLI_REQUEST_OPTIONS. OK or INVALID_ARGUMENT. */
AETHER_MUST_CHECK aether_status cli_request_set(
    cli_request *request, int key, const char *value, aether_error *err);

/** What a request is run with; zeroed is empty. */
typedef struct cli_session {
    cli_buffer module; /**< bytes of FILE */
    cli_buffer input;
    aether_memory_store *store;
    aether_engine *engine;
} cli_session;

/** Read FILE, the input and the storage. */
AETHER_MUST_CHECK aether_status cli_session_read(
    const cli_request *request, const char *file, cli_session *session, aether_error *err);

/** Create the engine that the request names. */
AETHER_MUST_CHECK aether_status cli_session_start(
    const cli_request *request, cli_session *session, aether_error *err);

void cli_session_deinit(cli_session *session);

/** Print on stderr what the contract wrote with `log`. */
void cli_print_debug_text(const aether_execution_result *result);

/** Whether stdout is a terminal and nobody objects to colour. */
bool cli_stdout_wants_colour(void);

#endif
