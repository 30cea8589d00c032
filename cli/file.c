#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "text.h"

void cli_buffer_deinit(cli_buffer *buffer) {
    free(buffer->data);
    *buffer = (cli_buffer){0};
}

aether_bytes cli_buffer_bytes(const cli_buffer *buffer) {
    return (aether_bytes){buffer->data, buffer->len};
}

static aether_status cannot_read(const char *path, int error, aether_error *err) {
    return cli_fail(
        err, AETHER_INVALID_ARGUMENT, "cannot read %s: %s", cli_quote(path).text, strerror(error));
}

static aether_status read_all(
    int fd, const char *path, size_t len_max, cli_buffer *out, aether_error *err) {
    cli_buffer buffer = {0};
    size_t capacity = 0;
    for (;;) {
        if (buffer.len == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            buffer.data = cli_realloc(buffer.data, capacity);
        }
        const ssize_t got = read(fd, buffer.data + buffer.len, capacity - buffer.len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            const int error = errno;
            cli_buffer_deinit(&buffer);
            return cannot_read(path, error, err);
        }
        if (got == 0)
            break;
        buffer.len += (size_t)got;
        if (buffer.len > len_max) {
            cli_buffer_deinit(&buffer);
            return cli_fail(err, AETHER_INVALID_ARGUMENT, "cannot read %s: longer than %zu bytes",
                cli_quote(path).text, len_max);
        }
    }
    *out = buffer;
    return AETHER_OK;
}

aether_status cli_file_read(const char *path, size_t len_max, cli_buffer *out, aether_error *err) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cannot_read(path, errno, err);
    const aether_status status = read_all(fd, path, len_max, out, err);
    (void)close(fd); // read only: nothing can be lost
    return status;
}

aether_status cli_module_read(const char *path, cli_buffer *out, aether_error *err) {
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", CLI_FILE_LEN_MAX, out, err);
    return cli_file_read(path, CLI_FILE_LEN_MAX, out, err);
}

// The folder that a path names a file in; the caller frees it.
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    cli_text folder = {0};
    if (slash == NULL)
        cli_text_add(&folder, ".", 1);
    else
        cli_text_add(&folder, path, slash == path ? 1 : (size_t)(slash - path));
    return folder.data;
}

aether_status cli_file_read_if_there(
    const char *path, size_t len_max, cli_buffer *out, bool *out_found, aether_error *err) {
    struct stat info;
    *out_found = stat(path, &info) == 0;
    if (*out_found && !S_ISREG(info.st_mode))
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "cannot read %s: %s", cli_quote(path).text,
            S_ISDIR(info.st_mode) ? strerror(EISDIR) : "not a regular file");
    if (*out_found)
        return cli_file_read(path, len_max, out, err);
    const int error = errno;
    if (error != ENOENT)
        return cannot_read(path, error, err);
    char *folder = folder_of(path);
    const bool is_folder = stat(folder, &info) == 0 && S_ISDIR(info.st_mode);
    free(folder);
    *out = (cli_buffer){0};
    return is_folder && path[0] != '\0' ? AETHER_OK : cannot_read(path, error, err);
}

// Make a file that nobody has, in the folder of the one that it shall replace. Its name is left in `out`.
static int create_beside(const char *path, unsigned mode, cli_text *out) {
    char *folder = folder_of(path);
    int fd = -1;
    for (int attempt = 0; attempt < 100; attempt++) {
        out->len = 0;
        cli_text_format(out, "%s/.aether-%ld-%d.tmp", folder, (long)getpid(), attempt);
        fd = open(out->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    const int error = errno;
    free(folder);
    errno = error;
    return fd;
}

static bool write_all(int fd, const char *data, size_t len) {
    while (len != 0) {
        const ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        len -= (size_t)written;
    }
    return true;
}

// A rename is on disk when its folder is. Some file systems can't sync a folder; the rename itself
// stands.
void cli_file_sync_folder(const char *path) {
    char *folder = folder_of(path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

static aether_status cannot_write(const char *path, int error, aether_error *err) {
    return cli_fail(
        err, AETHER_STORAGE_FAILED, "cannot write %s: %s", cli_quote(path).text, strerror(error));
}

aether_status cli_file_begin(
    const char *path, unsigned mode, cli_file_writer *out_writer, aether_error *err) {
    cli_file_writer writer = {.target = realpath(path, NULL)}; // NULL: there is no such file yet
    if (writer.target == NULL) {
        cli_text copy = {0};
        cli_text_format(&copy, "%s", path);
        writer.target = copy.data;
    }
    cli_text temporary = {0};
    writer.fd = create_beside(writer.target, mode, &temporary);
    struct stat info;
    int error = writer.fd < 0 ? errno : 0;
    if (error == 0 && stat(writer.target, &info) == 0 &&
        fchmod(writer.fd, info.st_mode & 0777) != 0)
        error = errno;
    if (writer.fd >= 0)
        writer.temporary = temporary.data;
    else
        cli_text_deinit(&temporary); // the name is another's
    *out_writer = writer;
    if (error == 0)
        return AETHER_OK;
    cli_file_abandon(out_writer);
    return cannot_write(path, error, err);
}

aether_status cli_file_write(cli_file_writer *writer, aether_bytes bytes, aether_error *err) {
    if (write_all(writer->fd, (const char *)bytes.data, bytes.len))
        return AETHER_OK;
    return cannot_write(writer->target, errno, err);
}

// Sync, close, and let the file take its place. @return 0, or the number of the error
static int settle(cli_file_writer *writer, bool is_new) {
    int error = fsync(writer->fd) == 0 ? 0 : errno;
    if (close(writer->fd) != 0 && error == 0)
        error = errno;
    writer->fd = -1;
    if (error != 0)
        return error;
    const int done = is_new ? link(writer->temporary, writer->target)
                            : rename(writer->temporary, writer->target);
    if (done != 0)
        return errno;
    if (is_new)
        (void)unlink(writer->temporary); // a name too many
    free(writer->temporary);
    writer->temporary = NULL;
    cli_file_sync_folder(writer->target);
    return 0;
}

static aether_status commit(cli_file_writer *writer, bool is_new, aether_error *err) {
    const int error = settle(writer, is_new);
    aether_status status = AETHER_OK;
    if (error == EEXIST && is_new)
        status = cli_fail(
            err, AETHER_INVALID_ARGUMENT, "%s is there already", cli_quote(writer->target).text);
    else if (error != 0)
        status = cannot_write(writer->target, error, err);
    cli_file_abandon(writer);
    return status;
}

aether_status cli_file_commit(cli_file_writer *writer, aether_error *err) {
    return commit(writer, false, err);
}

aether_status cli_file_commit_new(cli_file_writer *writer, aether_error *err) {
    return commit(writer, true, err);
}

void cli_file_abandon(cli_file_writer *writer) {
    if (writer->target != NULL && writer->fd >= 0)
        (void)close(writer->fd); // dropped
    if (writer->temporary != NULL)
        (void)unlink(writer->temporary);
    free(writer->temporary);
    free(writer->target);
    *writer = (cli_file_writer){.fd = -1};
}

aether_status cli_file_replace(const char *path, const char *data, size_t len, aether_error *err) {
    cli_file_writer writer;
    aether_status status = cli_file_begin(path, 0666, &writer, err);
    if (status != AETHER_OK)
        return status;
    status = cli_file_write(&writer, (aether_bytes){(const uint8_t *)data, len}, err);
    if (status == AETHER_OK)
        status = cli_file_commit(&writer, err);
    if (status != AETHER_OK)
        cli_file_abandon(&writer);
    return status;
}
