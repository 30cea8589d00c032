// `aether block` and `aether tx`: what a chain went through.
#include <inttypes.h>
#include <json-c/json_object.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "options.h"
#include "sender.h"
#include "view.h"

#define HISTORY_EXIT "Exit status: 0 shown, 2 refused, 3 a fault of this machine.\n\n"

static const cli_syntax block_syntax = {
    .name = "aether block",
    .about = "Show a block of a local chain; without N the last one. Block 0 is the genesis.",
    .example = HISTORY_EXIT "Example:\n  aether block 1",
    .options = cli_view_options,
    .set = cli_view_set,
    .words = "[N]",
};

static const cli_syntax tx_syntax = {
    .name = "aether tx",
    .about = "Show a transaction of a local chain, as when it was sent.",
    .example = HISTORY_EXIT "Example:\n  aether tx 0x...",
    .options = cli_view_options,
    .set = cli_view_set,
    .words = "HASH",
};

static void add_time(cli_text *text, uint64_t seconds) {
    cli_text_format(text, "time     %" PRIu64, seconds);
    const time_t when = (time_t)seconds;
    struct tm parts;
    char spelled[64];
    if (when >= 0 && (uint64_t)when == seconds && gmtime_r(&when, &parts) != NULL &&
        strftime(spelled, sizeof spelled, "%Y-%m-%d %H:%M:%S UTC", &parts) != 0)
        cli_text_format(text, " (%s)", spelled);
    cli_text_add(text, "\n", 1);
}

static int print_block(const cli_block_record *block, bool is_json) {
    if (is_json) {
        struct json_object *object = cli_json_object();
        struct json_object *hashes = cli_json_array();
        for (size_t i = 0; i < block->count; i++)
            cli_json_push(hashes, cli_json_hash(&block->transactions[i].receipt.hash));
        cli_json_set(object, "height", cli_json_u64(block->height));
        cli_json_set(object, "time", cli_json_u64(block->time));
        cli_json_set(object, "root", cli_json_hash(&block->root));
        cli_json_set(object, "transactions", hashes);
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_text_format(&text, "height   %" PRIu64 "\n", block->height);
    add_time(&text, block->time);
    cli_view_add_hash(&text, "root", &block->root);
    if (block->count != 0) {
        cli_text_format(&text, "gas      %" PRIu64 "\nfees     ", block->gas_used);
        cli_text_u128(&text, block->fees);
        cli_text_add(&text, "\n", 1);
    }
    for (size_t i = 0; i < block->count; i++)
        cli_view_add_hash(&text, "tx", &block->transactions[i].receipt.hash);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static aether_status find_block(
    const cli_local *local, const char *number, cli_block_record *out, aether_error *err) {
    uint64_t height = local->head.height;
    bool is_found = false;
    aether_status status = AETHER_OK;
    if (number != NULL)
        status = cli_option_u64("N", number, 0, &height, err);
    if (status == AETHER_OK && height > local->head.height)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT,
            "there is no block %" PRIu64 " yet; the last one is %" PRIu64, height,
            local->head.height);
    if (status == AETHER_OK)
        status = cli_record_read(&local->store, height, out, &is_found, err);
    if (status == AETHER_OK && !is_found)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT,
            "block %" PRIu64 " is not kept: this chain was taken from a snapshot after it", height);
    return status;
}

int cli_block(int argc, char **argv) {
    const char *home = CLI_HOME_DEFAULT;
    cli_arguments arguments;
    aether_error err;
    aether_status status = cli_arguments_parse(&block_syntax, argc, argv, &home, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&block_syntax);
    cli_local local = {0};
    cli_block_record block = {0};
    if (status == AETHER_OK)
        status = cli_local_open(home, CLI_READ, &local, &err);
    if (status == AETHER_OK)
        status = find_block(&local, arguments.words[0], &block, &err);
    const int code = status == AETHER_OK ? print_block(&block, arguments.is_json)
                                         : cli_refuse(&block_syntax, arguments.is_json, &err);
    cli_record_deinit(&block);
    cli_local_close(&local);
    return code;
}

static aether_status find_transaction(const cli_local *local, const char *text,
    cli_block_record *out_block, uint32_t *out_index, aether_error *err) {
    aether_hash hash;
    uint64_t height = 0;
    bool is_found = false;
    aether_status status = cli_option_hash("HASH", text, &hash, err);
    if (status == AETHER_OK)
        status = cli_record_find(&local->store, &hash, &height, out_index, &is_found, err);
    if (status == AETHER_OK && !is_found)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT,
            "no transaction of this chain has the hash %s", cli_quote(text).text);
    if (status == AETHER_OK)
        status = cli_record_read(&local->store, height, out_block, &is_found, err);
    if (status == AETHER_OK && (!is_found || *out_index >= out_block->count))
        status = cli_fail(err, AETHER_STORAGE_DAMAGED,
            "block %" PRIu64 " lacks transaction %" PRIu32 " that it should have", height,
            *out_index);
    return status;
}

int cli_tx(int argc, char **argv) {
    const char *home = CLI_HOME_DEFAULT;
    cli_arguments arguments;
    aether_error err;
    aether_status status = cli_arguments_parse(&tx_syntax, argc, argv, &home, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&tx_syntax);
    cli_local local = {0};
    cli_block_record block = {0};
    uint32_t index = 0;
    if (status == AETHER_OK)
        status = cli_local_open(home, CLI_READ, &local, &err);
    if (status == AETHER_OK)
        status = find_transaction(&local, arguments.words[0], &block, &index, &err);
    const int code = status == AETHER_OK ? cli_sent_print(&block.transactions[index], block.height,
                                               arguments.is_json)
                                         : cli_refuse(&tx_syntax, arguments.is_json, &err);
    cli_record_deinit(&block);
    cli_local_close(&local);
    return code;
}
