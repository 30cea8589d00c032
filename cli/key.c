// `aether key`: the keys that sign transactions.
#include <json-c/json_object.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "keys.h"
#include "view.h"

enum { KEY_TYPE = CLI_KEY_CHAIN_END, KEY_PASSPHRASE, KEY_PASSPHRASE_FILE, KEY_SECRET_FILE };

typedef struct key_request {
    const char *home;
    aether_key_type type;
    bool has_type;
    cli_passphrase_source passphrase;
    const char *secret_file; // or NULL
} key_request;

static const struct argp_option key_options[] = {
    {"type", KEY_TYPE, "NAME", 0, "new, import: ed25519 or secp256k1 (ed25519)", 0},
    {"passphrase", KEY_PASSPHRASE, NULL, 0, "new, import: encrypt; asks for a passphrase", 0},
    {"passphrase-file", KEY_PASSPHRASE_FILE, "FILE", 0, "The passphrase is in FILE", 0},
    {"secret-file", KEY_SECRET_FILE, "FILE", 0, "import: 64 hex digits (standard input)", 0},
    CLI_CHAIN_OPTIONS,
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    key_request *r = target;
    switch (key) {
    case KEY_TYPE:
        r->has_type = true;
        return cli_key_type_parse(value, &r->type, err);
    case KEY_PASSPHRASE:
        r->passphrase.is_asked = true;
        return AETHER_OK;
    case KEY_PASSPHRASE_FILE:
        r->passphrase.file = value;
        return AETHER_OK;
    case KEY_SECRET_FILE:
        r->secret_file = value;
        return AETHER_OK;
    default:
        return cli_home_set(&r->home, key, value, err);
    }
}

static const cli_syntax syntax = {
    .name = "aether key",
    .about =
        "new: make a key. list: all of them. show: one, without its secret. export: print its secret. "
        "import: make a key of a secret, which is never an argument. Each key is a file in keys/ of the "
        "home that its owner alone can read.",
    .example =
        "With a passphrase (--passphrase, --passphrase-file, or AETHER_PASSPHRASE in the environment) the "
        "secret is encrypted; it is then needed for every transaction.\n\n"
        "Exit status: 0 done, 2 refused, 3 a fault of this machine.\n\n"
        "Example:\n"
        "  aether key new alice",
    .options = key_options,
    .set = set_option,
    .words = "new|list|show|export|import [NAME]",
};

static int print_short(const cli_key_pair *key, bool is_json) {
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "name", cli_json_text(key->name));
        cli_json_set(object, "address", cli_json_address(&key->address));
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_view_add_address(&text, key->name, &key->address);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static aether_status make_new(const key_request *r, const char *name, const uint8_t *secret,
    bool is_json, int *out_code, aether_error *err) {
    cli_key_pair key = {.public_key = {.type = r->type}};
    cli_passphrase passphrase = {{0}, 0};
    aether_status status = AETHER_OK;
    memcpy(key.name, name, strlen(name));
    if (cli_keys_has(r->home, name)) // before a passphrase is asked for
        status = cli_fail(
            err, AETHER_INVALID_ARGUMENT, "there is a key '%s' already; choose another name", name);
    if (status == AETHER_OK)
        status = cli_passphrase_new(&r->passphrase, &passphrase, err);
    if (status == AETHER_OK)
        status = cli_keys_make(r->home, &key, secret, &passphrase, NULL, err);
    cli_passphrase_wipe(&passphrase);
    if (status == AETHER_OK)
        *out_code = print_short(&key, is_json);
    cli_keys_wipe(&key);
    return status;
}

static aether_status import(
    const key_request *r, const char *name, bool is_json, int *out_code, aether_error *err) {
    uint8_t secret[AETHER_SECRET_KEY_LEN];
    cli_buffer file = {0};
    const char *path = r->secret_file == NULL ? "-" : r->secret_file;
    aether_status status = cli_module_read(path, &file, err);
    if (status != AETHER_OK)
        return status;
    aether_bytes digits = cli_buffer_bytes(&file);
    while (digits.len != 0 &&
           (digits.data[digits.len - 1] == '\n' || digits.data[digits.len - 1] == '\r'))
        digits.len--;
    if (digits.len >= 2 && memcmp(digits.data, "0x", 2) == 0)
        digits = (aether_bytes){digits.data + 2, digits.len - 2};
    if (digits.len != 2 * sizeof secret || !cli_hex_decode(digits, secret))
        status = cli_fail(err, AETHER_INVALID_ARGUMENT, "the secret in %s is not 64 hex digits",
            r->secret_file == NULL ? "standard input" : cli_quote(path).text);
    else
        status = make_new(r, name, secret, is_json, out_code, err);
    sodium_memzero(secret, sizeof secret);
    if (file.len != 0)
        sodium_memzero(file.data, file.len);
    cli_buffer_deinit(&file);
    return status;
}

static aether_status list(const key_request *r, bool is_json, int *out_code, aether_error *err) {
    char **names = NULL;
    size_t count = 0;
    struct json_object *array = cli_json_array();
    cli_text text = {0};
    aether_status status = cli_keys_list(r->home, &names, &count, err);
    for (size_t i = 0; i < count && status == AETHER_OK; i++) {
        cli_key_pair key;
        status = cli_keys_read(r->home, names[i], &key, err);
        if (status == AETHER_OK) {
            struct json_object *object = cli_json_object();
            cli_json_set(object, "name", cli_json_text(key.name));
            cli_json_set(object, "address", cli_json_address(&key.address));
            cli_json_push(array, object);
            cli_view_add_address(&text, key.name, &key.address);
        }
        cli_keys_wipe(&key);
    }
    if (status == AETHER_OK && is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "keys", array);
        array = NULL;
        *out_code = cli_json_print(object, CLI_EXIT_OK);
    } else if (status == AETHER_OK) {
        *out_code = cli_print(count == 0 ? "" : text.data, text.len, CLI_EXIT_OK);
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    json_object_put(array);
    cli_text_deinit(&text);
    return status;
}

static int print_whole(const cli_key_pair *key, bool is_json) {
    const aether_bytes public_key = {key->public_key.bytes, key->public_key.len};
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "name", cli_json_text(key->name));
        cli_json_set(object, "address", cli_json_address(&key->address));
        cli_json_set(object, "type", cli_json_text(cli_key_type_text(key->public_key.type)));
        cli_json_set(object, "public_key", cli_json_hex(public_key));
        cli_json_set(object, "encrypted", cli_json_bool(key->is_encrypted));
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_text_format(&text, "name     %s\n", key->name);
    cli_view_add_address(&text, "address", &key->address);
    cli_text_format(&text, "hex      ");
    cli_text_hex(&text, (aether_bytes){key->address.bytes, AETHER_ADDRESS_LEN});
    cli_text_format(&text, "\ntype     %s, %s\npublic   ", cli_key_type_text(key->public_key.type),
        key->is_encrypted ? "encrypted" : "not encrypted");
    cli_text_hex(&text, public_key);
    cli_text_add(&text, "\n", 1);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static int print_secret(const cli_key_pair *key, bool is_json) {
    const aether_bytes secret = {key->secret, sizeof key->secret};
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "name", cli_json_text(key->name));
        cli_json_set(object, "address", cli_json_address(&key->address));
        cli_json_set(object, "type", cli_json_text(cli_key_type_text(key->public_key.type)));
        cli_json_set(object, "secret", cli_json_hex(secret));
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_text_hex(&text, secret);
    cli_text_add(&text, "\n", 1);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    sodium_memzero(text.data, text.len);
    cli_text_deinit(&text);
    return status;
}

static aether_status show(const key_request *r, const char *name, bool is_export, bool is_json,
    int *out_code, aether_error *err) {
    cli_key_pair key;
    aether_status status = cli_keys_read(r->home, name, &key, err);
    if (status == AETHER_OK && is_export)
        status = cli_keys_unlock(&key, &r->passphrase, err);
    if (status == AETHER_OK)
        *out_code = is_export ? print_secret(&key, is_json) : print_whole(&key, is_json);
    cli_keys_wipe(&key);
    return status;
}

// What an action cannot make use of is a mistake, not a detail.
static aether_status check(
    const key_request *r, const cli_arguments *arguments, aether_error *err) {
    const char *action = arguments->words[0];
    const bool is_list = strcmp(action, "list") == 0;
    const bool is_import = strcmp(action, "import") == 0;
    const bool is_making = is_import || strcmp(action, "new") == 0;
    if (!is_list && !is_making && strcmp(action, "show") != 0 && strcmp(action, "export") != 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "'%.100s' is none of new, list, show, export, import", cli_quote(action).text);
    if (is_list != (arguments->words[1] == NULL))
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            is_list ? "key list takes no NAME" : "NAME is missing; see 'aether key --help'");
    if (!is_making && r->has_type)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "--type is for new and import");
    if (!is_making && r->passphrase.is_asked)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "--passphrase is for new and import");
    if (!is_import && r->secret_file != NULL)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "--secret-file is for import");
    return is_list ? AETHER_OK : cli_keys_check_name(arguments->words[1], err);
}

static aether_status run(
    const key_request *r, const cli_arguments *arguments, int *out_code, aether_error *err) {
    const char *action = arguments->words[0];
    const char *name = arguments->words[1];
    const bool is_json = arguments->is_json;
    if (strcmp(action, "list") == 0)
        return list(r, is_json, out_code, err);
    if (strcmp(action, "new") == 0)
        return make_new(r, name, NULL, is_json, out_code, err);
    if (strcmp(action, "import") == 0)
        return import(r, name, is_json, out_code, err);
    return show(r, name, strcmp(action, "export") == 0, is_json, out_code, err);
}

int cli_key(int argc, char **argv) {
    key_request r = {.home = CLI_HOME_DEFAULT};
    cli_arguments arguments;
    aether_error err;
    int code = CLI_EXIT_OK;
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&syntax);
    if (status == AETHER_OK)
        status = check(&r, &arguments, &err);
    if (status == AETHER_OK)
        status = run(&r, &arguments, &code, &err);
    return status == AETHER_OK ? code : cli_refuse(&syntax, arguments.is_json, &err);
}
