// `aether snapshot`: a whole state as one file, and back.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "file.h"
#include "json.h"
#include "options.h"
#include "view.h"

enum { KEY_ROOT = CLI_KEY_CHAIN_END };

typedef struct snapshot_request {
    const char *home;
    aether_hash root;
    bool has_root;
} snapshot_request;

static const struct argp_option snapshot_options[] = {
    {"root", KEY_ROOT, "HASH", 0, "import: the state root that is trusted (the file's own)", 0},
    CLI_CHAIN_OPTIONS,
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    snapshot_request *r = target;
    if (key != KEY_ROOT)
        return cli_home_set(&r->home, key, value, err);
    r->has_root = true;
    return cli_option_hash("--root", value, &r->root, err);
}

static const cli_syntax syntax = {
    .name = "aether snapshot",
    .about =
        "export: write the state of a local chain to FILE; equal states give equal files. import: make a "
        "chain of it, in a home that has none. Blocks, transactions and keys are not in it.",
    .example =
        "With --root an import succeeds only if the state has that root; without, only if it has the one "
        "that the file names. A failure leaves nothing behind.\n\n"
        "Exit status: 0 done, 2 refused, 3 a fault of this machine.\n\n"
        "Example:\n"
        "  aether snapshot export state.snapshot\n"
        "  aether snapshot import state.snapshot --home copy",
    .options = snapshot_options,
    .set = set_option,
    .words = "export|import FILE",
};

static aether_status write_some(void *user, aether_bytes bytes, aether_error *err) {
    return cli_file_write(user, bytes, err);
}

static aether_status export(
    const snapshot_request *r, const char *path, aether_chain_head *out_head, aether_error *err) {
    cli_local local = {0};
    cli_file_writer writer;
    aether_status status = cli_local_open(r->home, CLI_READ, &local, err);
    if (status != AETHER_OK)
        return status;
    *out_head = local.head;
    status = cli_file_begin(path, 0666, &writer, err);
    if (status == AETHER_OK) {
        status = aether_snapshot_write(&local.store, write_some, &writer, err);
        if (status == AETHER_OK)
            status = cli_file_commit(&writer, err);
        cli_file_abandon(&writer);
    }
    cli_local_close(&local);
    return status;
}

// A file that a chain is made of.
typedef struct importing {
    const snapshot_request *request;
    const char *path;
    int fd;
    aether_database *database;
    aether_chain_head head;
} importing;

static aether_status read_some(
    void *user, uint8_t *out, size_t len, size_t *out_len, aether_error *err) {
    const importing *from = user;
    *out_len = 0;
    while (*out_len < len) {
        const ssize_t got = read(from->fd, out + *out_len, len - *out_len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cli_fail(err, AETHER_STORAGE_FAILED, "cannot read %s: %s",
                cli_quote(from->path).text, strerror(errno));
        if (got == 0)
            return AETHER_OK;
        *out_len += (size_t)got;
    }
    return AETHER_OK;
}

static aether_status apply_some(
    void *user, const aether_change *changes, size_t count, aether_error *err) {
    const importing *to = user;
    return aether_database_apply(to->database, changes, count, err);
}

static aether_status fill(void *user, aether_database *database, aether_error *err) {
    importing *m = user;
    const aether_store store = aether_database_store(database);
    m->database = database;
    return aether_snapshot_read(m->request->has_root ? &m->request->root : NULL, read_some, m,
        &store, apply_some, m, &m->head, err);
}

static aether_status import_open(importing *m, aether_error *err) {
    const char *home = m->request->home;
    cli_made made = {0};
    int lock = -1;
    cli_crash_watch(home);
    aether_status status = cli_home_prepare(home, &made, &lock, err);
    if (status == AETHER_OK)
        status = cli_home_make_chain(home, fill, m, err);
    if (status == AETHER_OK)
        cli_made_deinit(&made);
    else
        cli_made_undo(&made);
    if (lock >= 0)
        (void)close(lock); // unlocks
    return status;
}

static aether_status import(
    const snapshot_request *r, const char *path, aether_chain_head *out_head, aether_error *err) {
    importing m = {.request = r, .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (m.fd < 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "cannot read %s: %s", cli_quote(path).text,
            strerror(errno));
    const aether_status status = import_open(&m, err);
    (void)close(m.fd); // read only
    *out_head = m.head;
    return status;
}

static aether_status run(const snapshot_request *r, const cli_arguments *arguments,
    aether_chain_head *out_head, aether_error *err) {
    const char *action = arguments->words[0];
    const char *path = arguments->words[1];
    if (strcmp(action, "import") == 0)
        return import(r, path, out_head, err);
    if (strcmp(action, "export") != 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "'%.100s' is none of export, import",
            cli_quote(action).text);
    if (r->has_root)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "--root is for import");
    return export(r, path, out_head, err);
}

int cli_snapshot(int argc, char **argv) {
    snapshot_request r = {.home = CLI_HOME_DEFAULT};
    cli_arguments arguments;
    aether_error err;
    aether_chain_head head = {0};
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&syntax);
    if (status == AETHER_OK)
        status = run(&r, &arguments, &head, &err);
    return status == AETHER_OK ? cli_view_print_head(&head, arguments.is_json)
                               : cli_refuse(&syntax, arguments.is_json, &err);
}
