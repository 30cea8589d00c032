// `aether init`: a local chain, with accounts that have something from the start.
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "genesis.h"
#include "home.h"
#include "json.h"
#include "keys.h"
#include "local.h"
#include "options.h"
#include "record.h"

enum { KEY_CHAIN_ID = CLI_KEY_CHAIN_END, KEY_FUND, KEY_GENESIS, KEY_PASSPHRASE_FILE };

#define FEES_KEY "fees" // who is paid for the gas of a chain that has no validators

static const struct argp_option init_options[] = {
    CLI_CHAIN_OPTIONS,
    {"fund", KEY_FUND, "NAME=N", 0,
        "Give the account of this key N; makes the key if it is new. Repeatable", 0},
    {"chain-id", KEY_CHAIN_ID, "S", 0, "1 to 64 characters (aether-local)", 0},
    {"genesis", KEY_GENESIS, "FILE", 0, "Take this genesis instead, as it is", 0},
    {"passphrase-file", KEY_PASSPHRASE_FILE, "FILE", 0, "Encrypt the keys that are made", 0},
    {0},
};

typedef struct fund {
    char name[CLI_KEY_NAME_LEN_MAX + 1];
    aether_u128 amount;
} fund;

typedef struct init_request {
    const char *home;
    const char *chain_id;
    const char *genesis;
    cli_passphrase_source passphrase;
    fund *funds;
    size_t fund_count;
} init_request;

static aether_status add_fund(init_request *r, const char *value, aether_error *err) {
    const char *equals = strchr(value, '=');
    if (equals == NULL)
        return cli_fail(
            err, AETHER_INVALID_ARGUMENT, "--fund '%.100s' is not NAME=N", cli_quote(value).text);
    cli_text name = {0};
    cli_text_add(&name, value, (size_t)(equals - value));
    fund added = {{0}, {0}};
    aether_status status = cli_keys_check_name(name.data, err);
    if (status == AETHER_OK) {
        memcpy(added.name, name.data, name.len);
        status = cli_option_u128("--fund", equals + 1, &added.amount, err);
    }
    for (size_t i = 0; i < r->fund_count && status == AETHER_OK; i++)
        if (strcmp(r->funds[i].name, added.name) == 0)
            status = cli_fail(
                err, AETHER_INVALID_ARGUMENT, "--fund: the key '%s' is named twice", added.name);
    cli_text_deinit(&name);
    if (status != AETHER_OK)
        return status;
    r->funds = cli_realloc(r->funds, (r->fund_count + 1) * sizeof *r->funds);
    r->funds[r->fund_count++] = added;
    return AETHER_OK;
}

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    init_request *r = target;
    switch (key) {
    case KEY_CHAIN_ID:
        r->chain_id = value;
        return AETHER_OK;
    case KEY_FUND:
        return add_fund(r, value, err);
    case KEY_GENESIS:
        r->genesis = value;
        return AETHER_OK;
    case KEY_PASSPHRASE_FILE:
        r->passphrase.file = value;
        return AETHER_OK;
    default:
        return cli_home_set(&r->home, key, value, err);
    }
}

static const cli_syntax syntax = {
    .name = "aether init",
    .about =
        "Make a local chain: a folder with a genesis, a database and keys. Each transaction of it "
        "seals a block. The folder may exist if no chain is in it; its keys are used.",
    .example =
        "The fees go to the account of the key '" FEES_KEY
        "', which is made too, unless --genesis says "
        "another address.\n\n"
        "Exit status: 0 made, 2 refused, 3 a fault of this machine; then nothing is left behind.\n\n"
        "Example:\n"
        "  aether init --fund alice=1000000000 --fund bob=0",
    .options = init_options,
    .set = set_option,
    .words = "",
};

// What is being made.
typedef struct making {
    const init_request *request;
    cli_genesis genesis;
    cli_buffer text; // of the genesis file
    cli_made made;
    aether_chain_head head;
} making;

static aether_status make_key(making *m, const char *name, aether_address *out, aether_error *err) {
    const char *home = m->request->home;
    cli_key_pair key = {.is_encrypted = false};
    aether_status status = AETHER_OK;
    if (cli_keys_has(home, name)) {
        status = cli_keys_read(home, name, &key, err);
    } else {
        cli_passphrase passphrase;
        memcpy(key.name, name, strlen(name));
        status = cli_passphrase_new(&m->request->passphrase, &passphrase, err);
        if (status == AETHER_OK)
            status = cli_keys_make(home, &key, NULL, &passphrase, &m->made, err);
        cli_passphrase_wipe(&passphrase);
    }
    *out = key.address;
    cli_keys_wipe(&key);
    return status;
}

static aether_status compose(making *m, aether_error *err) {
    const init_request *r = m->request;
    aether_genesis *genesis = &m->genesis.genesis;
    genesis->struct_size = sizeof *genesis;
    genesis->chain_id = cli_bytes_of(r->chain_id == NULL ? "aether-local" : r->chain_id);
    genesis->time = (uint64_t)time(NULL);
    genesis->parameters = (aether_parameters){.struct_size = sizeof genesis->parameters,
        .protocol_version = AETHER_PROTOCOL_VERSION,
        .schedule = AETHER_SCHEDULE_V1,
        .block_gas_max = 10000000000, // nobody attacks a local chain: room for code of 1 MiB
        .transaction_len_max = 1200000,
        .block_len_max = 4u << 20};
    aether_status status = make_key(m, FEES_KEY, &genesis->parameters.fee_address, err);
    for (size_t i = 0; i < r->fund_count && status == AETHER_OK; i++) {
        aether_address address;
        status = make_key(m, r->funds[i].name, &address, err);
        if (status == AETHER_OK)
            cli_genesis_add(&m->genesis, &address, r->funds[i].amount);
    }
    return status;
}

static aether_status write_genesis(making *m, aether_error *err) {
    const aether_genesis *genesis = &m->genesis.genesis;
    cli_text text = {0};
    if (m->request->genesis == NULL)
        text = cli_genesis_write(genesis);
    else
        cli_text_add(&text, (const char *)m->text.data, m->text.len);
    cli_text path = cli_home_path(m->request->home, "genesis.json");
    const bool is_new = access(path.data, F_OK) != 0;
    const aether_status status = cli_file_replace(path.data, text.data, text.len, err);
    if (status == AETHER_OK && is_new)
        cli_made_note(&m->made, path.data);
    cli_text_deinit(&path);
    cli_text_deinit(&text);
    return status;
}

// The state of height 0, and the command's own record of it.
static aether_status fill(void *user, aether_database *database, aether_error *err) {
    making *m = user;
    aether_batch batch = {0};
    aether_status status = aether_genesis_changes(&m->genesis.genesis, &batch, err);
    if (status != AETHER_OK)
        return status;
    m->head.root = batch.root;
    const cli_block_record block = {.time = m->genesis.genesis.time, .root = batch.root};
    status = cli_record_apply(database, &batch, &block, err);
    aether_batch_destroy(&batch);
    return status;
}

static aether_status make(making *m, aether_error *err) {
    const init_request *r = m->request;
    int lock = -1;
    aether_status status = AETHER_OK;
    if (r->genesis != NULL)
        status = cli_genesis_read(r->genesis, &m->genesis, &m->text, err);
    if (status == AETHER_OK)
        status = cli_home_prepare(r->home, &m->made, &lock, err);
    if (status == AETHER_OK && r->genesis == NULL)
        status = compose(m, err);
    if (status == AETHER_OK)
        status = write_genesis(m, err);
    if (status == AETHER_OK)
        status = cli_home_make_chain(r->home, fill, m, err);
    if (status == AETHER_OK)
        cli_made_deinit(&m->made);
    else
        cli_made_undo(&m->made);
    if (lock >= 0)
        (void)close(lock); // unlocks
    return status;
}

static aether_status check(const init_request *r, aether_error *err) {
    if (r->genesis != NULL && (r->fund_count != 0 || r->chain_id != NULL))
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--genesis says what the chain begins with: leave --fund and --chain-id out");
    return AETHER_OK;
}

static int print(const making *m, bool is_json) {
    const aether_genesis *genesis = &m->genesis.genesis;
    cli_text chain_id = {0};
    cli_text_add(&chain_id, (const char *)genesis->chain_id.data, genesis->chain_id.len);
    int status = CLI_EXIT_OK;
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "chain_id", cli_json_text(chain_id.data));
        cli_json_set(object, "height", cli_json_u64(0));
        cli_json_set(object, "root", cli_json_hash(&m->head.root));
        status = cli_json_print(object, status);
    } else {
        cli_text text = {0};
        cli_text_format(&text, "chain    %s, in %s\nroot     ", chain_id.data,
            cli_quote(m->request->home).text);
        cli_text_hex(&text, (aether_bytes){m->head.root.bytes, AETHER_HASH_LEN});
        cli_text_add(&text, "\n", 1);
        for (size_t i = 0; i < genesis->account_count; i++) {
            char address[AETHER_ADDRESS_TEXT_LEN + 1];
            aether_address_encode(&genesis->accounts[i].address, address);
            cli_text_format(&text, "account  %s ", address);
            if (i < m->request->fund_count)
                cli_text_format(&text, "%s ", m->request->funds[i].name);
            cli_text_u128(&text, genesis->accounts[i].balance);
            cli_text_add(&text, "\n", 1);
        }
        status = cli_print(text.data, text.len, status);
        cli_text_deinit(&text);
    }
    cli_text_deinit(&chain_id);
    return status;
}

int cli_init(int argc, char **argv) {
    init_request r = {.home = CLI_HOME_DEFAULT};
    cli_arguments arguments;
    aether_error err;
    making m = {.request = &r};
    int code = CLI_EXIT_OK;
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && !arguments.is_help) {
        status = check(&r, &err);
        if (status == AETHER_OK)
            status = make(&m, &err);
    }
    if (status != AETHER_OK)
        code = cli_refuse(&syntax, arguments.is_json, &err);
    else
        code = arguments.is_help ? cli_help(&syntax) : print(&m, arguments.is_json);
    cli_genesis_deinit(&m.genesis);
    cli_buffer_deinit(&m.text);
    free(r.funds);
    return code;
}
