#include "genesis.h"

#include <inttypes.h>
#include <json-c/json_object.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "json_file.h"

void cli_genesis_add(cli_genesis *genesis, const aether_address *address, aether_u128 balance) {
    const size_t count = genesis->genesis.account_count;
    if ((count & (count - 1)) == 0) // full: room for twice as many
        genesis->accounts = cli_realloc(
            genesis->accounts, (count == 0 ? 1 : 2 * count) * sizeof *genesis->accounts);
    genesis->accounts[count] = (aether_genesis_account){*address, balance};
    genesis->genesis.accounts = genesis->accounts;
    genesis->genesis.account_count = count + 1;
}

void cli_genesis_deinit(cli_genesis *genesis) {
    free(genesis->accounts);
    cli_text_deinit(&genesis->chain_id);
    *genesis = (cli_genesis){0};
}

static void read_parameters(cli_json_reader *reader, aether_parameters *out) {
    static const char *const known[] = {
        "schedule", "block_gas_max", "transaction_len_max", "block_len_max", NULL};
    cli_json_only(reader, known);
    const char *schedule = cli_json_read_text(reader, "schedule");
    if (strcmp(schedule, "unit") == 0)
        out->schedule = AETHER_SCHEDULE_UNIT;
    else if (strcmp(schedule, "v1") != 0)
        cli_json_mistake(reader, "schedule", "is none of v1, unit");
    out->block_gas_max = cli_json_read_u64(reader, "block_gas_max", UINT64_MAX);
    out->transaction_len_max =
        (uint32_t)cli_json_read_u64(reader, "transaction_len_max", UINT32_MAX);
    out->block_len_max = (uint32_t)cli_json_read_u64(reader, "block_len_max", UINT32_MAX);
}

static void read_accounts(cli_json_reader *reader, cli_genesis *out) {
    static const char *const known[] = {"address", "balance", NULL};
    struct json_object *array = cli_json_read_array(reader, "accounts");
    const size_t count = array == NULL ? 0 : json_object_array_length(array);
    for (size_t i = 0; i < count && reader->status == AETHER_OK; i++) {
        cli_json_reader account = *reader;
        account.object = json_object_array_get_idx(array, i);
        if (!json_object_is_type(account.object, json_type_object)) {
            cli_json_mistake(reader, "accounts", "holds something that is not an object");
            return;
        }
        cli_json_only(&account, known);
        const aether_address address = cli_json_read_address(&account, "address");
        const aether_u128 balance = cli_json_read_u128(&account, "balance");
        cli_genesis_add(out, &address, balance);
        cli_json_leave(reader, &account);
    }
}

static void read_members(cli_json_reader *reader, cli_genesis *out) {
    static const char *const known[] = {"chain_id", "time", "protocol_version", "parameters",
        "accounts", "fee_address", "validators", NULL};
    aether_genesis *genesis = &out->genesis;
    cli_json_only(reader, known);
    cli_text_format(&out->chain_id, "%s", cli_json_read_text(reader, "chain_id"));
    genesis->chain_id = cli_bytes_of(out->chain_id.data);
    genesis->time = cli_json_read_u64(reader, "time", UINT64_MAX);
    genesis->parameters.protocol_version =
        (uint32_t)cli_json_read_u64(reader, "protocol_version", UINT32_MAX);
    cli_json_reader parameters = cli_json_enter(reader, "parameters");
    if (parameters.status == AETHER_OK)
        read_parameters(&parameters, &genesis->parameters);
    cli_json_leave(reader, &parameters);
    read_accounts(reader, out);
    genesis->parameters.fee_address = cli_json_read_address(reader, "fee_address");
    struct json_object *validators = cli_json_read_array(reader, "validators");
    if (validators != NULL && json_object_array_length(validators) != 0)
        cli_json_mistake(reader, "validators", "is not empty; a local chain has none");
}

aether_status cli_genesis_read(
    const char *path, cli_genesis *out_genesis, cli_buffer *out_text, aether_error *err) {
    aether_status status = cli_file_read(path, CLI_FILE_LEN_MAX, out_text, err);
    if (status != AETHER_OK)
        return status;
    out_genesis->genesis.struct_size = sizeof out_genesis->genesis;
    out_genesis->genesis.parameters.struct_size = sizeof out_genesis->genesis.parameters;
    cli_json_reader reader;
    status = cli_json_open("genesis file", path, cli_buffer_bytes(out_text), &reader, err);
    if (status != AETHER_OK)
        return status;
    read_members(&reader, out_genesis);
    cli_json_close(&reader);
    return reader.status;
}

static struct json_object *parameters_json(const aether_parameters *parameters) {
    struct json_object *object = cli_json_object();
    cli_json_set(object, "schedule",
        cli_json_text(parameters->schedule == AETHER_SCHEDULE_UNIT ? "unit" : "v1"));
    cli_json_set(object, "block_gas_max", cli_json_u64(parameters->block_gas_max));
    cli_json_set(object, "transaction_len_max", cli_json_u64(parameters->transaction_len_max));
    cli_json_set(object, "block_len_max", cli_json_u64(parameters->block_len_max));
    return object;
}

cli_text cli_genesis_write(const aether_genesis *genesis) {
    struct json_object *object = cli_json_object();
    struct json_object *accounts = cli_json_array();
    for (size_t i = 0; i < genesis->account_count; i++) {
        struct json_object *account = cli_json_object();
        cli_json_set(account, "address", cli_json_address(&genesis->accounts[i].address));
        cli_json_set(account, "balance", cli_json_u128(genesis->accounts[i].balance));
        cli_json_push(accounts, account);
    }
    cli_text chain_id = {0};
    cli_text_add(&chain_id, (const char *)genesis->chain_id.data, genesis->chain_id.len);
    cli_json_set(object, "chain_id", cli_json_text(chain_id.data));
    cli_json_set(object, "time", cli_json_u64(genesis->time));
    cli_json_set(object, "protocol_version", cli_json_u64(genesis->parameters.protocol_version));
    cli_json_set(object, "parameters", parameters_json(&genesis->parameters));
    cli_json_set(object, "accounts", accounts);
    cli_json_set(object, "fee_address", cli_json_address(&genesis->parameters.fee_address));
    cli_json_set(object, "validators", cli_json_array());
    cli_text_deinit(&chain_id);
    const char *json = json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (json == NULL)
        cli_die_of_memory();
    cli_text text = {0};
    cli_text_format(&text, "%s\n", json);
    json_object_put(object);
    return text;
}
