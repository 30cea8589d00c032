// `aether rollback`: take blocks of a local chain back, the last first.
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "options.h"
#include "record.h"
#include "view.h"

enum { KEY_TO = CLI_KEY_CHAIN_END, TELL_EVERY = 1000 };

typedef struct rollback_request {
    const char *home;
    uint64_t to;
    bool has_to;
} rollback_request;

static const struct argp_option rollback_options[] = {
    {"to", KEY_TO, "N", 0, "The height to go back to; needed", 0},
    CLI_CHAIN_OPTIONS,
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    rollback_request *r = target;
    if (key != KEY_TO)
        return cli_home_set(&r->home, key, value, err);
    r->has_to = true;
    return cli_option_u64("--to", value, 0, &r->to, err);
}

static const cli_syntax syntax = {
    .name = "aether rollback",
    .about =
        "Take the blocks after a height back, as if they had never been. One after the other: an "
        "interrupted rollback leaves the chain at a height between.",
    .example =
        "Exit status: 0 the chain stands there now, 2 refused, 3 a fault of this machine.\n\n"
        "Example:\n"
        "  aether rollback --to 3",
    .options = rollback_options,
    .set = set_option,
    .words = "",
};

static aether_status take_back_one(cli_local *local, aether_error *err) {
    cli_block_record block = {0};
    aether_batch batch = {0};
    bool is_found = false;
    aether_status status =
        cli_record_read(&local->store, local->head.height, &block, &is_found, err);
    if (status == AETHER_OK)
        status = aether_chain_undo(local->chain, &batch, err);
    if (status == AETHER_OK)
        status = cli_record_take_back(local->database, &batch, is_found ? &block : NULL, err);
    if (status == AETHER_OK)
        status = aether_chain_reopen(local->chain, err);
    if (status == AETHER_OK)
        aether_chain_get_head(local->chain, &local->head);
    aether_batch_destroy(&batch);
    cli_record_deinit(&block);
    return status;
}

static aether_status take_back(const rollback_request *r, cli_local *local, aether_error *err) {
    if (r->to > local->head.height)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--to %" PRIu64 ": the chain stands at height %" PRIu64 ", which is lower", r->to,
            local->head.height);
    const bool is_told = isatty(STDERR_FILENO) == 1;
    while (local->head.height > r->to) {
        const uint64_t before = local->head.height;
        const aether_status status = take_back_one(local, err);
        if (status != AETHER_OK)
            return status;
        if (local->head.height >= before)
            return cli_fail(err, AETHER_STORAGE_DAMAGED,
                "block %" PRIu64 " was taken back and is still there", before);
        if (is_told && local->head.height % TELL_EVERY == 0)
            fprintf(stderr, "aether rollback: at height %" PRIu64 "\n", local->head.height);
    }
    return AETHER_OK;
}

int cli_rollback(int argc, char **argv) {
    rollback_request r = {.home = CLI_HOME_DEFAULT};
    cli_arguments arguments;
    aether_error err;
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&syntax);
    if (status == AETHER_OK && !r.has_to)
        status =
            cli_fail(&err, AETHER_INVALID_ARGUMENT, "--to N is missing: the height to go back to");
    cli_local local = {0};
    if (status == AETHER_OK)
        status = cli_local_open(r.home, CLI_WRITE, &local, &err);
    if (status == AETHER_OK)
        status = take_back(&r, &local, &err);
    const int code = status == AETHER_OK ? cli_view_print_head(&local.head, arguments.is_json)
                                         : cli_refuse(&syntax, arguments.is_json, &err);
    cli_local_close(&local);
    return code;
}
