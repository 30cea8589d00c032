// `aether fsck`: is a chain's database what was written, and does its root follow from it?
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "json.h"
#include "record.h"
#include "view.h"

static const cli_syntax syntax = {
    .name = "aether fsck",
    .about =
        "Check a local chain's database: every page and record, and that accounts, storage, code and trees "
        "lead to the root of the last block. Nothing is changed.",
    .example =
        "Exit status: 0 all is well, 2 refused, 3 damaged, or another fault of this machine.\n\n"
        "Example:\n"
        "  aether fsck --json",
    .options = cli_view_options,
    .set = cli_view_set,
    .words = "",
};

static void tell_progress(void *user, uint64_t done) {
    (void)user;
    fprintf(stderr, "\raether fsck: %" PRIu64 " keys", done);
}

static aether_status check(const char *home, aether_check_report *out, aether_error *err) {
    cli_local local = {0};
    aether_status status = cli_local_open_database(home, CLI_READ, &local, err);
    if (status == AETHER_OK)
        status = aether_database_check(local.database, err);
    const bool is_told = isatty(STDERR_FILENO) == 1;
    if (status == AETHER_OK) {
        status = aether_chain_check(&local.store, is_told ? tell_progress : NULL, NULL, out, err);
        if (is_told)
            fprintf(stderr, "\r\x1b[K");
    }
    if (status == AETHER_OK)
        status = cli_record_check(&local.store, out->height, &out->root, err);
    cli_local_close(&local);
    return status;
}

static int print(const aether_check_report *report, bool is_json) {
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "ok", cli_json_bool(true));
        cli_json_set(object, "height", cli_json_u64(report->height));
        cli_json_set(object, "root", cli_json_hash(&report->root));
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text text = {0};
    cli_text_format(&text,
        "ok: %" PRIu64 " accounts, %" PRIu64 " contracts, %" PRIu64 " storage keys, %" PRIu64
        " codes, %" PRIu64 " pages of trees\nsupply   ",
        report->accounts, report->contracts, report->storage_keys, report->codes,
        report->tree_pages);
    cli_text_u128(&text, report->supply);
    cli_text_format(&text, "\nheight   %" PRIu64 "\n", report->height);
    cli_view_add_hash(&text, "root", &report->root);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static int refuse(bool is_json, const aether_error *err) {
    const int status = cli_report(syntax.name, NULL, err);
    if (!is_json)
        return status;
    struct json_object *object = cli_json_object();
    cli_json_set(object, "ok", cli_json_bool(false));
    cli_json_set(object, "error", cli_json_error(err));
    return cli_json_print(object, status);
}

int cli_fsck(int argc, char **argv) {
    const char *home = CLI_HOME_DEFAULT;
    cli_arguments arguments;
    aether_error err;
    aether_check_report report = {0};
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &home, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&syntax);
    if (status == AETHER_OK)
        status = check(home, &report, &err);
    return status == AETHER_OK ? print(&report, arguments.is_json)
                               : refuse(arguments.is_json, &err);
}
