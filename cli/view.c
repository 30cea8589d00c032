// `aether status`, `account` and `storage`: what a chain holds now.
#include "view.h"

#include <inttypes.h>
#include <json-c/json_object.h>
#include <json-c/linkhash.h>
#include <stddef.h>
#include <string.h>

#include "json.h"
#include "keys.h"
#include "options.h"
#include "storage.h"

const struct argp_option cli_view_options[] = {
    CLI_CHAIN_OPTIONS,
    {0},
};

aether_status cli_view_set(void *target, int key, const char *value, aether_error *err) {
    return cli_home_set(target, key, value, err);
}

#define VIEW_EXIT "Exit status: 0 shown, 2 refused, 3 a fault of this machine.\n\n"

static const cli_syntax status_syntax = {
    .name = "aether status",
    .about = "Show where a local chain stands.",
    .example = VIEW_EXIT "Example:\n  aether status --json",
    .options = cli_view_options,
    .set = cli_view_set,
    .words = "",
};

static const cli_syntax account_syntax = {
    .name = "aether account",
    .about =
        "Show an account or a contract: balance, nonce, code. An address that nothing is known of has "
        "nothing.",
    .example = VIEW_EXIT "Example:\n  aether account alice",
    .options = cli_view_options,
    .set = cli_view_set,
    .words = "ADDR|NAME",
};

static const cli_syntax storage_syntax = {
    .name = "aether storage",
    .about = "List what a contract keeps, sorted by key. PREFIX is hex, text:S or @FILE.",
    .example = VIEW_EXIT "Example:\n  aether storage ae1... text:b",
    .options = cli_view_options,
    .set = cli_view_set,
    .words = "ADDR [PREFIX]",
};

void cli_view_add_hash(cli_text *text, const char *name, const aether_hash *hash) {
    cli_text_format(text, "%-8s ", name);
    cli_text_hex(text, (aether_bytes){hash->bytes, AETHER_HASH_LEN});
    cli_text_add(text, "\n", 1);
}

void cli_view_add_address(cli_text *text, const char *name, const aether_address *address) {
    char encoded[AETHER_ADDRESS_TEXT_LEN + 1];
    aether_address_encode(address, encoded);
    cli_text_format(text, "%-8s %s\n", name, encoded);
}

int cli_view_print_head(const aether_chain_head *head, bool is_json) {
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "chain_id", cli_json_text(head->chain_id));
        cli_json_set(object, "height", cli_json_u64(head->height));
        cli_json_set(object, "root", cli_json_hash(&head->root));
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_text_format(&text, "chain    %s\nheight   %" PRIu64 "\n", head->chain_id, head->height);
    cli_view_add_hash(&text, "root", &head->root);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

int cli_status(int argc, char **argv) {
    const char *home = CLI_HOME_DEFAULT;
    cli_arguments arguments;
    aether_error err;
    aether_status status = cli_arguments_parse(&status_syntax, argc, argv, &home, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&status_syntax);
    cli_local local = {0};
    if (status == AETHER_OK)
        status = cli_local_open(home, CLI_READ, &local, &err);
    const int code = status == AETHER_OK ? cli_view_print_head(&local.head, arguments.is_json)
                                         : cli_refuse(&status_syntax, arguments.is_json, &err);
    cli_local_close(&local);
    return code;
}

static int print_account(
    const aether_address *address, const aether_account *account, bool is_json) {
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "address", cli_json_address(address));
        cli_json_set(object, "balance", cli_json_u128(account->balance));
        cli_json_set(object, "nonce", cli_json_u64(account->nonce));
        cli_json_set(
            object, "code_hash", account->is_contract ? cli_json_hash(&account->code_hash) : NULL);
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_view_add_address(&text, "address", address);
    cli_text_format(&text, "balance  ");
    cli_text_u128(&text, account->balance);
    cli_text_format(&text, "\nnonce    %" PRIu64 "\n", account->nonce);
    if (account->is_contract) {
        cli_view_add_hash(&text, "code", &account->code_hash);
        cli_view_add_address(&text, "owner", &account->owner);
        cli_text_format(&text, "upgrade  %s\n",
            (account->flags & AETHER_ACCOUNT_UPGRADABLE) != 0 ? "by the owner" : "never");
    }
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

int cli_account(int argc, char **argv) {
    const char *home = CLI_HOME_DEFAULT;
    cli_arguments arguments;
    aether_error err;
    aether_status status =
        cli_arguments_parse(&account_syntax, argc, argv, &home, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&account_syntax);
    cli_local local = {0};
    aether_address address = {{0}};
    aether_account account = {0};
    bool is_found = false;
    if (status == AETHER_OK)
        status = cli_local_open(home, CLI_READ, &local, &err);
    if (status == AETHER_OK)
        status = cli_keys_address(home, "ADDR", arguments.words[0], &address, &err);
    if (status == AETHER_OK)
        status = aether_chain_account(local.chain, &address, &account, &is_found, &err);
    const int code = status == AETHER_OK ? print_account(&address, &account, arguments.is_json)
                                         : cli_refuse(&account_syntax, arguments.is_json, &err);
    cli_local_close(&local);
    return code;
}

static aether_bytes decode_text(struct json_object *value, uint8_t *out) {
    const aether_bytes digits = {(const uint8_t *)json_object_get_string(value) + 2,
        (size_t)json_object_get_string_len(value) - 2};
    return cli_hex_decode(digits, out) ? (aether_bytes){out, digits.len / 2} : (aether_bytes){0};
}

static int print_storage(struct json_object *object, bool is_json) {
    if (is_json)
        return cli_json_print(object, CLI_EXIT_OK);
    cli_text text = {0};
    json_object_object_foreach(object, name, member) {
        cli_buffer key = {cli_alloc(strlen(name), 1), 0};
        cli_buffer value = {cli_alloc((size_t)json_object_get_string_len(member), 1), 0};
        key.len = strlen(name) / 2 - 1;
        if (cli_hex_decode(cli_bytes_of(name + 2), key.data))
            cli_text_bytes(&text, cli_buffer_bytes(&key));
        cli_text_format(&text, " = ");
        cli_text_bytes(&text, decode_text(member, value.data));
        cli_text_add(&text, "\n", 1);
        cli_buffer_deinit(&key);
        cli_buffer_deinit(&value);
    }
    json_object_put(object);
    const int status = cli_print(text.len == 0 ? "" : text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

int cli_storage(int argc, char **argv) {
    const char *home = CLI_HOME_DEFAULT;
    cli_arguments arguments;
    aether_error err;
    aether_status status =
        cli_arguments_parse(&storage_syntax, argc, argv, &home, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&storage_syntax);
    cli_local local = {0};
    aether_address address = {{0}};
    cli_buffer prefix = {0};
    struct json_object *object = NULL;
    if (status == AETHER_OK)
        status = cli_local_open(home, CLI_READ, &local, &err);
    if (status == AETHER_OK)
        status = cli_keys_address(home, "ADDR", arguments.words[0], &address, &err);
    if (status == AETHER_OK && arguments.words[1] != NULL)
        status = cli_option_bytes("PREFIX", arguments.words[1], &prefix, &err);
    if (status == AETHER_OK)
        status = cli_storage_list(&address, cli_buffer_bytes(&prefix), &local.store, &object, &err);
    const int code = status == AETHER_OK ? print_storage(object, arguments.is_json)
                                         : cli_refuse(&storage_syntax, arguments.is_json, &err);
    cli_buffer_deinit(&prefix);
    cli_local_close(&local);
    return code;
}
