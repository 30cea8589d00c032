// `aether call` and `aether transfer`: transactions that need no file.
#include <argp.h>

#include "options.h"
#include "sender.h"

enum { KEY_INPUT = CLI_KEY_SENDER_END, KEY_VALUE };

typedef struct call_request {
    cli_sender sender;
    const char *input; // as typed, or NULL
    aether_u128 value;
} call_request;

static const struct argp_option call_options[] = {
    {"input", KEY_INPUT, "HEX|text:S|@FILE", 0, "What the contract reads with input (nothing)", 0},
    {"value", KEY_VALUE, "N", 0, "Amount given to the contract, 0 to 2^128-1 (0)", 0},
    CLI_SENDER_OPTIONS,
    {0},
};

static const struct argp_option transfer_options[] = {
    CLI_SENDER_OPTIONS,
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    call_request *r = target;
    if (key == KEY_VALUE)
        return cli_option_u128("--value", value, &r->value, err);
    if (key != KEY_INPUT)
        return cli_sender_set(&r->sender, key, value, err);
    r->input = value;
    return AETHER_OK;
}

static const cli_syntax call_syntax = {
    .name = "aether call",
    .about =
        "Call a contract of a local chain: its `execute` runs in a block of its own, and what it "
        "changed stays.",
    .example =
        CLI_SENDER_HELP CLI_SENDER_EXIT "Example:\n"
                                        "  aether call ae1... --from alice --input text:increment",
    .options = call_options,
    .set = set_option,
    .words = "ADDR",
};

static const cli_syntax transfer_syntax = {
    .name = "aether transfer",
    .about =
        "Send an amount from a key's account to another. TO is an address or the name of a key.",
    .example = CLI_SENDER_HELP CLI_SENDER_EXIT "Example:\n"
                                               "  aether transfer bob 250 --from alice",
    .options = transfer_options,
    .set = set_option,
    .words = "TO AMOUNT",
};

static int send(const cli_syntax *syntax, const call_request *r, aether_transaction *transaction,
    bool is_json) {
    cli_sending sending;
    aether_error err;
    aether_status status = cli_sending_begin(&sending, &r->sender, &err);
    if (status == AETHER_OK)
        status = cli_sending_seal(
            &sending, transaction, r->sender.has_gas ? &r->sender.gas : NULL, &err);
    const int code = status == AETHER_OK
                         ? cli_sending_print(&sending, syntax, is_json)
                         : cli_sending_refuse(&r->sender, syntax, transaction->kind, is_json, &err);
    cli_sending_end(&sending);
    return code;
}

int cli_call(int argc, char **argv) {
    call_request r = {.sender = cli_sender_default()};
    aether_transaction transaction = {.kind = AETHER_TRANSACTION_CALL};
    cli_arguments arguments;
    cli_buffer input = {0};
    aether_error err;
    aether_status status = cli_arguments_parse(&call_syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&call_syntax);
    if (status == AETHER_OK)
        status = cli_keys_address(r.sender.home, "ADDR", arguments.words[0], &transaction.to, &err);
    if (status == AETHER_OK && r.input != NULL)
        status = cli_option_bytes("--input", r.input, &input, &err);
    if (status != AETHER_OK)
        return cli_sending_refuse(
            &r.sender, &call_syntax, transaction.kind, arguments.is_json, &err);
    transaction.value = r.value;
    transaction.input = cli_buffer_bytes(&input);
    const int code = send(&call_syntax, &r, &transaction, arguments.is_json);
    cli_buffer_deinit(&input);
    return code;
}

int cli_transfer(int argc, char **argv) {
    call_request r = {.sender = cli_sender_default()};
    aether_transaction transaction = {.kind = AETHER_TRANSACTION_TRANSFER};
    cli_arguments arguments;
    aether_error err;
    aether_status status = cli_arguments_parse(&transfer_syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&transfer_syntax);
    if (status == AETHER_OK)
        status = cli_keys_address(r.sender.home, "TO", arguments.words[0], &transaction.to, &err);
    if (status == AETHER_OK)
        status = cli_option_u128("AMOUNT", arguments.words[1], &transaction.value, &err);
    if (status != AETHER_OK)
        return cli_sending_refuse(
            &r.sender, &transfer_syntax, transaction.kind, arguments.is_json, &err);
    return send(&transfer_syntax, &r, &transaction, arguments.is_json);
}
