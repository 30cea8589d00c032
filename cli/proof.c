// `aether proof`: show what a chain holds to somebody who trusts a root alone.
#include <inttypes.h>
#include <json-c/json_object.h>
#include <string.h>

#include "json.h"
#include "json_file.h"
#include "keys.h"
#include "options.h"
#include "view.h"

enum { KEY_VERIFY = CLI_KEY_CHAIN_END, KEY_ROOT };

typedef struct proof_request {
    const char *home;
    const char *verify; // a file, or NULL
    aether_hash root;
    bool has_root;
} proof_request;

static const struct argp_option proof_options[] = {
    {"verify", KEY_VERIFY, "FILE", 0, "Verify a proof instead; needs no chain", 0},
    {"root", KEY_ROOT, "HASH", 0, "The state root that is trusted, for --verify", 0},
    CLI_CHAIN_OPTIONS,
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    proof_request *r = target;
    if (key == KEY_VERIFY) {
        r->verify = value;
        return AETHER_OK;
    }
    if (key != KEY_ROOT)
        return cli_home_set(&r->home, key, value, err);
    r->has_root = true;
    return cli_option_hash("--root", value, &r->root, err);
}

static const cli_syntax syntax = {
    .name = "aether proof",
    .about =
        "Print a proof, one JSON object, of an account's or contract's record, or of what a contract "
        "keeps under KEY (hex, text:S or @FILE), or that nothing is there. With --verify: check one "
        "against a root.",
    .example =
        "The height in the object is no part of the proof: who verifies it trusts a root, and knows of "
        "which height it is.\n\n"
        "Exit status: 0 printed, or shown to be true; 2 refused, or not shown; 3 a fault of this "
        "machine.\n\n"
        "Example:\n"
        "  aether proof alice > p.json\n"
        "  aether proof --verify p.json --root 0x...",
    .options = proof_options,
    .set = set_option,
    .words = "[ADDR] [KEY]",
};

// A claim, and what shows it.
typedef struct claim {
    aether_hash root;
    uint64_t height;
    aether_address address;
    cli_buffer key; // empty: the record of the address
    bool has_key;
    cli_buffer value;
    bool has_value;
    cli_buffer proof;
} claim;

static void claim_deinit(claim *c) {
    cli_buffer_deinit(&c->key);
    cli_buffer_deinit(&c->value);
    cli_buffer_deinit(&c->proof);
}

// The library's bytes, as ours.
static cli_buffer copy_of(const aether_buffer *buffer) {
    cli_buffer out = {cli_alloc(buffer->len, 1), buffer->len};
    if (buffer->len != 0)
        memcpy(out.data, buffer->data, buffer->len);
    return out;
}

static aether_status prove(
    const proof_request *r, const cli_arguments *arguments, claim *c, aether_error *err) {
    cli_local local = {0};
    aether_buffer proof = {0};
    aether_buffer value = {0};
    aether_status status = cli_local_open(r->home, CLI_READ, &local, err);
    if (status == AETHER_OK)
        status = cli_keys_address(r->home, "ADDR", arguments->words[0], &c->address, err);
    c->has_key = arguments->words[1] != NULL;
    if (status == AETHER_OK && c->has_key)
        status = cli_option_bytes("KEY", arguments->words[1], &c->key, err);
    if (status == AETHER_OK && c->has_key && (c->key.len == 0 || c->key.len > AETHER_KEY_LEN_MAX))
        status = cli_fail(err, AETHER_INVALID_ARGUMENT, "KEY has %zu bytes, need 1 to %d",
            c->key.len, AETHER_KEY_LEN_MAX);
    if (status == AETHER_OK)
        status = aether_chain_prove(local.chain, &c->address, cli_buffer_bytes(&c->key), &proof,
            &value, &c->has_value, err);
    if (status == AETHER_OK) {
        c->proof = copy_of(&proof);
        c->value = copy_of(&value);
        c->root = local.head.root;
        c->height = local.head.height;
    }
    aether_buffer_destroy(&proof);
    aether_buffer_destroy(&value);
    cli_local_close(&local);
    return status;
}

static struct json_object *claim_json(const claim *c) {
    struct json_object *object = cli_json_object();
    cli_json_set(object, "root", cli_json_hash(&c->root));
    cli_json_set(object, "height", cli_json_u64(c->height));
    cli_json_set(object, "address", cli_json_address(&c->address));
    cli_json_set(object, "key", c->has_key ? cli_json_hex(cli_buffer_bytes(&c->key)) : NULL);
    cli_json_set(object, "value", c->has_value ? cli_json_hex(cli_buffer_bytes(&c->value)) : NULL);
    cli_json_set(object, "proof", cli_json_hex(cli_buffer_bytes(&c->proof)));
    return object;
}

static aether_status read_claim(const char *path, claim *c, aether_error *err) {
    static const char *const known[] = {"root", "height", "address", "key", "value", "proof", NULL};
    cli_buffer file = {0};
    aether_status status = cli_module_read(path, &file, err);
    if (status != AETHER_OK)
        return status;
    cli_json_reader reader;
    status = cli_json_open("proof", path, cli_buffer_bytes(&file), &reader, err);
    if (status == AETHER_OK) {
        cli_json_only(&reader, known);
        cli_json_read_hex(&reader, "root", c->root.bytes, AETHER_HASH_LEN);
        c->height = cli_json_read_u64(&reader, "height", UINT64_MAX);
        c->address = cli_json_read_address(&reader, "address");
        c->key = cli_json_read_bytes(&reader, "key", &c->has_key);
        if (c->has_key && c->key.len == 0)
            cli_json_mistake(&reader, "key", "is empty; null stands for the record");
        c->value = cli_json_read_bytes(&reader, "value", &c->has_value);
        c->proof = cli_json_read_bytes(&reader, "proof", NULL);
        status = reader.status;
        cli_json_close(&reader);
    }
    cli_buffer_deinit(&file);
    return status;
}

static aether_status verify(const proof_request *r, claim *c, aether_error *err) {
    aether_status status = read_claim(r->verify, c, err);
    if (status != AETHER_OK)
        return status;
    const aether_bytes value = cli_buffer_bytes(&c->value);
    status = aether_proof_verify(&r->root, &c->address, cli_buffer_bytes(&c->key),
        c->has_value ? &value : NULL, cli_buffer_bytes(&c->proof), err);
    if (status == AETHER_INVALID_PROOF && memcmp(&r->root, &c->root, sizeof r->root) != 0)
        return cli_fail(err, status,
            "the proof was made for another root, 0x%02x%02x%02x%02x... of height %" PRIu64,
            c->root.bytes[0], c->root.bytes[1], c->root.bytes[2], c->root.bytes[3], c->height);
    return status;
}

static void add_account(cli_text *text, aether_bytes record) {
    aether_account account;
    aether_error ignored;
    if (aether_account_decode(record, &account, &ignored) != AETHER_OK)
        return;
    cli_text_format(text, "balance  ");
    cli_text_u128(text, account.balance);
    cli_text_format(text, "\nnonce    %" PRIu64 "\n", account.nonce);
    if (account.is_contract)
        cli_view_add_hash(text, "code", &account.code_hash);
}

static int print_shown(const proof_request *r, const claim *c, bool is_json) {
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "ok", cli_json_bool(true));
        cli_json_set(object, "root", cli_json_hash(&r->root));
        cli_json_set(object, "address", cli_json_address(&c->address));
        cli_json_set(object, "key", c->has_key ? cli_json_hex(cli_buffer_bytes(&c->key)) : NULL);
        cli_json_set(
            object, "value", c->has_value ? cli_json_hex(cli_buffer_bytes(&c->value)) : NULL);
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_text_format(
        &text, "ok: a state with this root holds %s\n", c->has_value ? "this" : "no such thing");
    cli_view_add_hash(&text, "root", &r->root);
    cli_view_add_address(&text, "address", &c->address);
    if (c->has_key) {
        cli_text_format(&text, "key      ");
        cli_text_bytes(&text, cli_buffer_bytes(&c->key));
        cli_text_add(&text, "\n", 1);
    }
    if (c->has_value && c->has_key) {
        cli_text_format(&text, "value    ");
        cli_text_bytes(&text, cli_buffer_bytes(&c->value));
        cli_text_add(&text, "\n", 1);
    } else if (c->has_value) {
        add_account(&text, cli_buffer_bytes(&c->value));
    } else {
        cli_text_format(&text, "%s  nothing\n", c->has_key ? "value  " : "record ");
    }
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static aether_status check(
    const proof_request *r, const cli_arguments *arguments, aether_error *err) {
    if (r->verify == NULL && r->has_root)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "--root is for --verify");
    if (r->verify == NULL && arguments->word_count == 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "ADDR is missing, or --verify FILE; see 'aether proof --help'");
    if (r->verify != NULL && arguments->word_count != 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "'%.100s': --verify takes what is shown from its file; leave ADDR and KEY out",
            cli_quote(arguments->words[0]).text);
    if (r->verify != NULL && !r->has_root)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--root HASH is missing: the root that is trusted; a proof's own word is worth nothing");
    return AETHER_OK;
}

int cli_proof(int argc, char **argv) {
    proof_request r = {.home = CLI_HOME_DEFAULT};
    cli_arguments arguments;
    aether_error err;
    claim c = {0};
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&syntax);
    if (status == AETHER_OK)
        status = check(&r, &arguments, &err);
    if (status == AETHER_OK)
        status = r.verify != NULL ? verify(&r, &c, &err) : prove(&r, &arguments, &c, &err);
    int code = CLI_EXIT_OK;
    if (status != AETHER_OK)
        code = cli_refuse(&syntax, arguments.is_json, &err);
    else if (r.verify != NULL)
        code = print_shown(&r, &c, arguments.is_json);
    else
        code = cli_json_print(claim_json(&c), CLI_EXIT_OK);
    claim_deinit(&c);
    return code;
}
