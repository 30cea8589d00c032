// `aether query`: ask a contract, without a transaction.

#include "json.h"
#include "keys.h"
#include "options.h"
#include "receipt.h"
#include "request.h"
#include "view.h"

enum { KEY_INPUT = CLI_KEY_CHAIN_END, KEY_GAS };

typedef struct query_request {
    const char *home;
    const char *input; // as typed, or NULL
    uint64_t gas;
} query_request;

static const struct argp_option query_options[] = {
    {"input", KEY_INPUT, "HEX|text:S|@FILE", 0, "What the contract reads with input (nothing)", 0},
    {"gas", KEY_GAS, "N", 0, "The most that it may take, 0 to 2^64-1 (10000000)", 0},
    CLI_CHAIN_OPTIONS,
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    query_request *r = target;
    if (key == KEY_GAS)
        return cli_option_u64("--gas", value, 0, &r->gas, err);
    if (key != KEY_INPUT)
        return cli_home_set(&r->home, key, value, err);
    r->input = value;
    return AETHER_OK;
}

static const cli_syntax syntax = {
    .name = "aether query",
    .about =
        "Run `query` of a contract over the state of the last block. It can change nothing and costs "
        "nothing; its caller is the zero address.",
    .example =
        "Exit status: 0 success, 1 the contract failed, 2 the input was refused, 3 a fault of this "
        "machine.\n\n"
        "Example:\n"
        "  aether query ae1... --input 12",
    .options = query_options,
    .set = set_option,
    .words = "ADDR",
};

static aether_status ask(const query_request *r, const char *address, cli_local *local,
    cli_buffer *input, aether_execution_result *out, aether_error *err) {
    aether_query query = {.struct_size = sizeof query, .gas_limit = r->gas};
    aether_status status = cli_local_open(r->home, CLI_READ, local, err);
    if (status == AETHER_OK)
        status = cli_keys_address(r->home, "ADDR", address, &query.contract, err);
    if (status == AETHER_OK && r->input != NULL)
        status = cli_option_bytes("--input", r->input, input, err);
    query.input = cli_buffer_bytes(input);
    return status == AETHER_OK ? aether_chain_query(local->chain, &query, out, err) : status;
}

static int print(const aether_execution_result *result, bool is_json) {
    static const aether_address none = {{0}};
    const int status = result->success ? CLI_EXIT_OK : CLI_EXIT_FAILED;
    cli_print_debug_text(result);
    if (is_json)
        return cli_json_print(cli_receipt_json(result, cli_json_object()), status);
    cli_text text = {0};
    cli_receipt_text(result, &none, cli_stdout_wants_colour(), &text);
    if (result->outcome == AETHER_OUTCOME_REVERTED && result->code == AETHER_CODE_NO_CODE)
        cli_text_format(&text, "reason   no contract with a `query` is there\n");
    const int printed = cli_print(text.data, text.len, status);
    cli_text_deinit(&text);
    return printed;
}

int cli_query(int argc, char **argv) {
    query_request r = {.home = CLI_HOME_DEFAULT, .gas = 10000000};
    cli_arguments arguments;
    aether_error err;
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&syntax);
    cli_local local = {0};
    cli_buffer input = {0};
    aether_execution_result result = {0};
    if (status == AETHER_OK)
        status = ask(&r, arguments.words[0], &local, &input, &result, &err);
    int code = CLI_EXIT_OK;
    if (status == AETHER_OK)
        code = print(&result, arguments.is_json);
    else
        code = cli_report(syntax.name, NULL, &err);
    if (status != AETHER_OK && arguments.is_json && code != CLI_EXIT_FAULT)
        code = cli_json_print(cli_receipt_json_refused(r.gas, &err), code);
    aether_execution_result_destroy(&result);
    cli_buffer_deinit(&input);
    cli_local_close(&local);
    return code;
}
