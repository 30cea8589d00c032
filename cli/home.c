#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

enum { CACHE_KEY_LEN = 32 };

aether_status cli_home_set(const char **home, int key, const char *value, aether_error *err) {
    if (key == CLI_KEY_NODE)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--node '%.100s': this version has local chains only; leave it out, and see --home",
            cli_quote(value).text);
    if (key != CLI_KEY_HOME)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "option %d is not known", key);
    if (value[0] == '\0')
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "--home '' is not a folder");
    *home = value;
    return AETHER_OK;
}

cli_text cli_home_path(const char *home, const char *name) {
    cli_text path = {0};
    cli_text_format(&path, "%s/%s", home, name);
    return path;
}

static bool is_there(const char *home, const char *name) {
    struct stat info;
    cli_text path = cli_home_path(home, name);
    const bool found = stat(path.data, &info) == 0;
    cli_text_deinit(&path);
    return found;
}

bool cli_home_has_chain(const char *home) {
    return is_there(home, "chain");
}

void cli_made_note(cli_made *made, const char *path) {
    cli_text copy = {0};
    cli_text_format(&copy, "%s", path);
    made->paths = cli_realloc(made->paths, (made->count + 1) * sizeof *made->paths);
    made->paths[made->count++] = copy.data;
}

void cli_made_deinit(cli_made *made) {
    for (size_t i = 0; i < made->count; i++)
        free(made->paths[i]);
    free(made->paths);
    *made = (cli_made){0};
}

void cli_made_undo(cli_made *made) {
    for (size_t i = made->count; i != 0; i--)
        if (unlink(made->paths[i - 1]) != 0)
            (void)rmdir(made->paths[i - 1]); // something else is in it: it stays
    cli_made_deinit(made);
}

static aether_status cannot_make(const char *path, int error, aether_error *err) {
    return cli_fail(
        err, AETHER_STORAGE_FAILED, "cannot make %s: %s", cli_quote(path).text, strerror(error));
}

aether_status cli_home_make_folder(const char *path, cli_made *made, aether_error *err) {
    struct stat info;
    if (mkdir(path, 0700) == 0) {
        if (made != NULL)
            cli_made_note(made, path);
        return AETHER_OK;
    }
    const int error = errno;
    if (error == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return AETHER_OK;
    return cannot_make(path, error == EEXIST ? ENOTDIR : error, err);
}

// The folder itself is locked, so that no file is left behind.
static aether_status lock(const char *home, int *out_lock, aether_error *err) {
    const int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out_lock = fd;
        return AETHER_OK;
    }
    const int error = errno;
    if (fd >= 0)
        (void)close(fd); // nothing was written
    return cli_fail(err, AETHER_STORAGE_FAILED, "cannot lock %s: %s", cli_quote(home).text,
        error == EWOULDBLOCK ? "another process is making a chain there" : strerror(error));
}

static aether_status make_cache_key(const char *home, cli_made *made, aether_error *err) {
    if (is_there(home, "cache.key"))
        return AETHER_OK;
    uint8_t key[CACHE_KEY_LEN];
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        return cli_fail(err, AETHER_STORAGE_FAILED, "the system gives no random bytes");
    cli_text path = cli_home_path(home, "cache.key");
    cli_file_writer writer;
    aether_status status = cli_file_begin(path.data, 0600, &writer, err);
    if (status == AETHER_OK) {
        status = cli_file_write(&writer, (aether_bytes){key, sizeof key}, err);
        if (status == AETHER_OK)
            status = cli_file_commit_new(&writer, err);
        if (status == AETHER_OK)
            cli_made_note(made, path.data);
        cli_file_abandon(&writer);
    }
    sodium_memzero(key, sizeof key);
    cli_text_deinit(&path);
    return status;
}

static aether_status make_parts(const char *home, cli_made *made, aether_error *err) {
    static const char *const folders[] = {"keys", "cache", "symbols"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        cli_text path = cli_home_path(home, folders[i]);
        const aether_status status = cli_home_make_folder(path.data, made, err);
        cli_text_deinit(&path);
        if (status != AETHER_OK)
            return status;
    }
    return make_cache_key(home, made, err);
}

aether_status cli_home_prepare(const char *home, cli_made *made, int *out_lock, aether_error *err) {
    aether_status status = cli_home_make_folder(home, made, err);
    if (status == AETHER_OK)
        status = lock(home, out_lock, err);
    if (status != AETHER_OK)
        return status;
    if (cli_home_has_chain(home))
        status = cli_fail(err, AETHER_INVALID_ARGUMENT,
            "a chain is in %.120s already; choose another --home, or remove that folder",
            cli_quote(home).text);
    if (status == AETHER_OK)
        status = make_parts(home, made, err);
    if (status != AETHER_OK) {
        (void)close(*out_lock); // nothing was written
        *out_lock = -1;
    }
    return status;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place) {
    (void)info;
    (void)type;
    (void)place;
    (void)remove(path); // what stays keeps its folders
    return 0;
}

// Remove a folder and all that is in it; symbolic links are not followed.
static void remove_folder(const char *path) {
    enum { OPEN_MAX = 16 };
    (void)nftw(path, remove_one, OPEN_MAX, FTW_DEPTH | FTW_PHYS);
}

static aether_status fill_folder(
    const char *path, cli_home_fill fill, void *user, aether_error *err) {
    const aether_database_options options = {.struct_size = sizeof options};
    aether_database *database = NULL;
    aether_status status = aether_database_open(path, &options, &database, err);
    if (status == AETHER_OK)
        status = fill(user, database, err);
    aether_database_close(database);
    return status;
}

aether_status cli_home_make_chain(
    const char *home, cli_home_fill fill, void *user, aether_error *err) {
    cli_text fresh = cli_home_path(home, "chain.new");
    cli_text path = cli_home_path(home, "chain");
    remove_folder(fresh.data); // of one that was killed
    aether_status status = fill_folder(fresh.data, fill, user, err);
    if (status == AETHER_OK && rename(fresh.data, path.data) != 0)
        status = cannot_make(path.data, errno, err);
    if (status == AETHER_OK)
        cli_file_sync_folder(path.data);
    else
        remove_folder(fresh.data);
    cli_text_deinit(&fresh);
    cli_text_deinit(&path);
    return status;
}

bool cli_home_cache_key(const char *home, uint8_t out[CACHE_KEY_LEN]) {
    cli_text path = cli_home_path(home, "cache.key");
    const int fd = open(path.data, O_RDONLY | O_CLOEXEC);
    cli_text_deinit(&path);
    if (fd < 0)
        return false;
    struct stat info;
    const bool is_right = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                          (info.st_mode & 077) == 0 && info.st_size == CACHE_KEY_LEN &&
                          read(fd, out, CACHE_KEY_LEN) == CACHE_KEY_LEN;
    (void)close(fd); // read only
    return is_right;
}
