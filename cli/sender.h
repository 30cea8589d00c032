/* What a transaction's command line says, how it becomes a block of its own, and how its receipt is shown. */
#ifndef AE_CLI_SENDER_H
#define AE_CLI_SENDER_H

#include "home.h"
#include "keys.h"
#include "local.h"
#include "record.h"

/** Keys of the options below; a command's own begin at CLI_KEY_SENDER_END. */
enum {
    CLI_KEY_SENDER_FROM = CLI_KEY_CHAIN_END,
    CLI_KEY_SENDER_GAS,
    CLI_KEY_SENDER_GAS_PRICE,
    CLI_KEY_SENDER_PASSPHRASE_FILE,
    CLI_KEY_SENDER_END
};

/** Rows for a table of argp options. */
#define CLI_SENDER_OPTIONS                                                                   \
    {"from", CLI_KEY_SENDER_FROM, "NAME", 0, "The key that signs and pays; needed", 0},      \
        {"gas", CLI_KEY_SENDER_GAS, "N", 0,                                                  \
            "Gas limit, 0 to 2^64-1 (1.2 times what it takes now)", 0},                      \
        {"gas-price", CLI_KEY_SENDER_GAS_PRICE, "N", 0, "Paid for each unit of gas (1)", 0}, \
        {"passphrase-file", CLI_KEY_SENDER_PASSPHRASE_FILE, "FILE", 0,                       \
            "Passphrase of the key, else AETHER_PASSPHRASE or the terminal", 0},             \
        CLI_CHAIN_OPTIONS

/** What the --help of every such command says of gas. */
#define CLI_SENDER_HELP                                                                          \
    "Without --gas the transaction is simulated first, and sent with 1.2 times what that took. " \
    "One that reverts is sent too: it is in a block, and its gas is paid, as on any chain. One " \
    "that fails (a trap, no gas left) uses its whole limit; it is sent with 10000000 at most.\n\n"

#define CLI_SENDER_EXIT                                                                            \
    "Exit status: 0 success, 1 the transaction failed and was paid for, 2 it was refused and had " \
    "no effect, 3 a fault of this machine.\n\n"

/** What a command line says. */
typedef struct cli_sender {
    const char *home;
    const char *from;
    uint64_t gas;
    bool has_gas;
    uint64_t gas_price;
    cli_passphrase_source passphrase;
} cli_sender;

cli_sender cli_sender_default(void);

/** Take one option of CLI_SENDER_OPTIONS. OK or INVALID_ARGUMENT. */
AETHER_MUST_CHECK aether_status cli_sender_set(
    cli_sender *sender, int key, const char *value, aether_error *err);

/** A sender at work: its chain and its key, and what came of its last transaction. Zeroed is empty. */
typedef struct cli_sending {
    const cli_sender *sender;
    cli_local local;
    cli_key_pair key;
    aether_buffer bytes;    /**< of the transaction */
    aether_receipt receipt; /**< of it */
    aether_transaction_kind kind;
    uint64_t gas_limit; /**< that it was sent with */
    aether_u128 value;
    aether_account account; /**< of the sender, before it */
    uint64_t height;        /**< of its block; 0: it is in none */
} cli_sending;

/** Open the chain for writing and the key. @return OK; INVALID_ARGUMENT; faults */
AETHER_MUST_CHECK aether_status cli_sending_begin(
    cli_sending *sending, const cli_sender *sender, aether_error *err);

/**
 * Seal a block with one transaction.
 *
 * @param transaction  its kind and what belongs to it; sender, nonce, gas and price are filled in
 * @param gas_given    the gas limit; NULL: simulate
 * @return OK, and `sending` has the receipt. One that is INVALID is in no block: nothing has changed.
 *         INVALID_ARGUMENT: it cannot be encoded; faults
 */
AETHER_MUST_CHECK aether_status cli_sending_seal(cli_sending *sending,
    aether_transaction *transaction, const uint64_t *gas_given, aether_error *err);

void cli_sending_end(cli_sending *sending);

/** Print what came of the last transaction. @return the exit status */
int cli_sending_print(const cli_sending *sending, const cli_syntax *syntax, bool is_json);

/** Print that there is none: the command line was wrong, or this machine is. @return the exit status */
int cli_sending_refuse(const cli_sender *sender, const cli_syntax *syntax,
    aether_transaction_kind kind, bool is_json, const aether_error *err);

/** The receipt of a transaction in a block, as when it was sent. @return the exit status of a success */
int cli_sent_print(const cli_transaction_record *transaction, uint64_t height, bool is_json);

#endif
