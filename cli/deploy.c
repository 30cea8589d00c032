// `aether deploy` and `aether upgrade`: code goes on the chain, once, and then to an address.
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "sender.h"

enum { KEY_INPUT = CLI_KEY_SENDER_END, KEY_VALUE, KEY_SALT, KEY_UPGRADABLE };

typedef struct deploy_request {
    cli_sender sender;
    const char *input; // as typed, or NULL
    aether_u128 value;
    aether_hash salt;
    bool is_upgradable;
} deploy_request;

static const struct argp_option deploy_options[] = {
    {"input", KEY_INPUT, "HEX|text:S|@FILE", 0, "What `init` reads with input (nothing)", 0},
    {"value", KEY_VALUE, "N", 0, "Amount given to the contract, 0 to 2^128-1 (0)", 0},
    {"salt", KEY_SALT, "HEX32", 0, "64 hex digits: another address for the same code (0)", 0},
    {"upgradable", KEY_UPGRADABLE, NULL, 0, "Its owner may give it other code later", 0},
    CLI_SENDER_OPTIONS,
    {0},
};

static const struct argp_option upgrade_options[] = {
    {"input", KEY_INPUT, "HEX|text:S|@FILE", 0, "What `migrate` reads with input (nothing)", 0},
    CLI_SENDER_OPTIONS,
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    deploy_request *r = target;
    switch (key) {
    case KEY_INPUT:
        r->input = value;
        return AETHER_OK;
    case KEY_VALUE:
        return cli_option_u128("--value", value, &r->value, err);
    case KEY_SALT:
        return cli_option_hash("--salt", value, &r->salt, err);
    case KEY_UPGRADABLE:
        r->is_upgradable = true;
        return AETHER_OK;
    default:
        return cli_sender_set(&r->sender, key, value, err);
    }
}

#define UPLOAD_HELP                                                                            \
    "Code that the chain does not have yet is uploaded first, in a block before: without its " \
    "custom sections, and with a gas limit of its own. The whole module stays in symbols/ of " \
    "the home.\n\n"

static const cli_syntax deploy_syntax = {
    .name = "aether deploy",
    .about =
        "Make a contract of a module on a local chain; its `init` runs, if it has one. FILE is Wasm or "
        "WAT; - is standard input. The address follows from sender, code and salt.",
    .example =
        UPLOAD_HELP CLI_SENDER_HELP CLI_SENDER_EXIT "Example:\n"
                                                    "  aether deploy counter.wasm --from alice",
    .options = deploy_options,
    .set = set_option,
    .words = "FILE",
};

static const cli_syntax upgrade_syntax = {
    .name = "aether upgrade",
    .about =
        "Give an upgradable contract other code; the owner alone may. Its `migrate` runs, if the new "
        "code has one. FILE is Wasm or WAT; - is standard input.",
    .example = UPLOAD_HELP CLI_SENDER_HELP CLI_SENDER_EXIT
    "Example:\n"
    "  aether upgrade ae1... counter2.wasm --from alice",
    .options = upgrade_options,
    .set = set_option,
    .words = "ADDR FILE",
};

// What is deployed, and with what.
typedef struct package {
    cli_buffer module; // as it is in FILE
    cli_buffer input;
    aether_buffer code; // as it is uploaded
    aether_hash hash;
    const char *file;
} package;

static void package_deinit(package *p) {
    cli_buffer_deinit(&p->module);
    cli_buffer_deinit(&p->input);
    aether_buffer_destroy(&p->code);
}

static aether_status package_read(
    package *p, const char *file, const char *input, aether_error *err) {
    p->file = file;
    aether_status status = cli_module_read(file, &p->module, err);
    if (status == AETHER_OK && input != NULL)
        status = cli_option_bytes("--input", input, &p->input, err);
    if (status == AETHER_OK)
        status = aether_module_strip(cli_buffer_bytes(&p->module), &p->code, err);
    if (status == AETHER_OK)
        aether_code_hash((aether_bytes){p->code.data, p->code.len}, &p->hash);
    return status;
}

// Names and source lines, which are not on the chain, for whoever looks for a mistake later.
static void keep_symbols(const char *home, const package *p) {
    cli_text folder = cli_home_path(home, "symbols");
    cli_text path = cli_home_path(home, "symbols/");
    cli_text name = {0};
    cli_text_hex(&name, (aether_bytes){p->hash.bytes, AETHER_HASH_LEN});
    cli_text_format(&path, "%s.wasm", name.data + 2);
    aether_error err;
    aether_status status = cli_home_make_folder(folder.data, NULL, &err);
    if (status == AETHER_OK)
        status = cli_file_replace(path.data, (const char *)p->module.data, p->module.len, &err);
    if (status != AETHER_OK) // no more than a comfort
        fprintf(stderr, "aether: symbols are not kept: %s\n", err.message);
    cli_text_deinit(&name);
    cli_text_deinit(&path);
    cli_text_deinit(&folder);
}

// Whether an upgrade would be refused whatever the code is; then nobody pays for an upload.
static aether_status is_without_right(const cli_sending *sending,
    const aether_transaction *transaction, bool *out_is, aether_error *err) {
    *out_is = false;
    if (transaction->kind != AETHER_TRANSACTION_UPGRADE)
        return AETHER_OK;
    aether_account account;
    bool is_found = false;
    const aether_status status =
        aether_chain_account(sending->local.chain, &transaction->to, &account, &is_found, err);
    if (status == AETHER_OK)
        *out_is = !account.is_contract || (account.flags & AETHER_ACCOUNT_UPGRADABLE) == 0 ||
                  memcmp(&account.owner, &sending->key.address, sizeof account.owner) != 0;
    return status;
}

// Upload code that is not there. @param out_is_done  false: what came of it is to be printed
static aether_status upload(cli_sending *sending, const package *p, const aether_transaction *next,
    bool *out_is_done, aether_error *err) {
    *out_is_done = true;
    bool is_needless = false;
    aether_status status = aether_chain_has_code(sending->local.chain, &p->hash, &is_needless, err);
    if (status == AETHER_OK && !is_needless)
        status = is_without_right(sending, next, &is_needless, err);
    if (status != AETHER_OK || is_needless)
        return status;
    aether_transaction transaction = {
        .kind = AETHER_TRANSACTION_UPLOAD, .code = {p->code.data, p->code.len}};
    status = cli_sending_seal(sending, &transaction, NULL, err);
    *out_is_done = status == AETHER_OK && sending->receipt.outcome == AETHER_RECEIPT_SUCCESS;
    return status;
}

// A line about the upload, before the receipt of what follows.
static int print_upload(const cli_sending *sending) {
    if (sending->height == 0)
        return CLI_EXIT_OK;
    cli_text text = {0};
    cli_text_format(&text, "upload   block %" PRIu64 ", fee ", sending->height);
    cli_text_u128(&text, sending->receipt.fee);
    cli_text_add(&text, "\n", 1);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static int send(const cli_syntax *syntax, const cli_sender *sender, const package *p,
    aether_transaction *transaction, bool is_json) {
    cli_sending sending;
    aether_error err;
    bool is_uploaded = false;
    aether_status status = cli_sending_begin(&sending, sender, &err);
    if (status == AETHER_OK)
        status = upload(&sending, p, transaction, &is_uploaded, &err);
    sending.kind = transaction->kind; // whose object is printed, whatever came of the upload
    if (status == AETHER_OK && is_uploaded) {
        keep_symbols(sender->home, p);
        if (!is_json)
            (void)print_upload(&sending); // a failed write is told with the receipt
        status =
            cli_sending_seal(&sending, transaction, sender->has_gas ? &sender->gas : NULL, &err);
    }
    const int code = status == AETHER_OK
                         ? cli_sending_print(&sending, syntax, is_json)
                         : cli_sending_refuse(sender, syntax, transaction->kind, is_json, &err);
    cli_sending_end(&sending);
    return code;
}

static int run(const cli_syntax *syntax, aether_transaction_kind kind, int argc, char **argv) {
    deploy_request r = {.sender = cli_sender_default()};
    aether_transaction transaction = {.kind = kind};
    package p = {0};
    cli_arguments arguments;
    aether_error err;
    const bool is_deploy = kind == AETHER_TRANSACTION_DEPLOY;
    aether_status status = cli_arguments_parse(syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(syntax);
    if (status == AETHER_OK && !is_deploy)
        status = cli_keys_address(r.sender.home, "ADDR", arguments.words[0], &transaction.to, &err);
    if (status == AETHER_OK)
        status = package_read(&p, arguments.words[is_deploy ? 0 : 1], r.input, &err);
    transaction.code_hash = p.hash;
    transaction.salt = r.salt;
    transaction.value = r.value;
    transaction.is_upgradable = r.is_upgradable;
    transaction.input = cli_buffer_bytes(&p.input);
    const int code = status == AETHER_OK
                         ? send(syntax, &r.sender, &p, &transaction, arguments.is_json)
                         : cli_sending_refuse(&r.sender, syntax, kind, arguments.is_json, &err);
    package_deinit(&p);
    return code;
}

int cli_deploy(int argc, char **argv) {
    return run(&deploy_syntax, AETHER_TRANSACTION_DEPLOY, argc, argv);
}

int cli_upgrade(int argc, char **argv) {
    return run(&upgrade_syntax, AETHER_TRANSACTION_UPGRADE, argc, argv);
}
