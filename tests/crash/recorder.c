/* Preloaded into a program: writes down every call that changes a file below a folder, and can kill the program at one.
 *
 *   AETHER_CRASH_FOLDER  the folder, as the program names it in its calls or as an absolute path
 *   AETHER_CRASH_LOG     where to write; each entry: kind, path length, flags (u32 each), offset, length (u64 each), then
 *                        path and data (crash_log.h)
 *   AETHER_CRASH_KILL    SIGKILL before the n-th call, from 1; none: never
 *
 * Thread safety: one-at-a-time, as the programs are. */
#define _GNU_SOURCE 1
#include "crash_log.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES_MAX = 1024 };

static char paths[FILES_MAX][CRASH_PATH_MAX]; // of open files below the folder, without it
static bool syncs[FILES_MAX];                 // opened with O_DSYNC or O_SYNC
static uint64_t calls;

static const char *below(const char *path) {
    const char *folder = getenv("AETHER_CRASH_FOLDER");
    const size_t len = folder != NULL ? strlen(folder) : 0;
    if (len == 0 || strncmp(path, folder, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return NULL;
    return path[len] == '/' ? path + len + 1 : ".";
}

static void put(int log, const void *data, size_t len) {
    if (syscall(SYS_write, log, data, len) != (long)len)
        abort();
}

// Before the call: a call that is killed did not happen.
static void note(
    uint32_t kind, const char *path, uint32_t flags, uint64_t at, const void *data, uint64_t len) {
    const char *kill_at = getenv("AETHER_CRASH_KILL");
    const char *log_path = getenv("AETHER_CRASH_LOG");
    calls++;
    if (kill_at != NULL && calls == strtoull(kill_at, NULL, 10))
        raise(SIGKILL);
    if (log_path == NULL)
        return;
    const int log = (int)syscall(
        SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const crash_entry entry = {
        .kind = kind, .path_len = (uint32_t)strlen(path), .flags = flags, .at = at, .len = len};
    put(log, &entry, sizeof entry);
    put(log, path, entry.path_len);
    if (data != NULL)
        put(log, data, len);
    syscall(SYS_close, log);
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    char whole[2 * CRASH_PATH_MAX];
    if (folder == AT_FDCWD || path[0] == '/')
        snprintf(whole, sizeof whole, "%s", path);
    else {
        char link[64], base[CRASH_PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        const ssize_t len = readlink(link, base, sizeof base - 1);
        base[len > 0 ? len : 0] = '\0';
        snprintf(whole, sizeof whole, "%s/%s", base, path);
    }
    const char *name = below(whole);
    const bool is_made = name != NULL && (flags & O_CREAT) != 0 && access(whole, F_OK) != 0;
    if (is_made)
        note(CRASH_CREATE, name, 0, 0, NULL, 0);
    const int file = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (file >= 0 && file < FILES_MAX) {
        snprintf(paths[file], sizeof paths[file], "%s", name != NULL ? name : "");
        syncs[file] = (flags & O_DSYNC) != 0;
    }
    return file;
}

static const char *path_of(int file) {
    return file >= 0 && file < FILES_MAX ? paths[file] : "";
}

// What follows stands before the C library.
#pragma GCC visibility push(default)

#define OPEN_MODE(flags, mode)                        \
    do {                                              \
        if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
            va_list args;                             \
            va_start(args, flags);                    \
            (mode) = (mode_t)va_arg(args, unsigned);  \
            va_end(args);                             \
        }                                             \
    } while (0)

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    OPEN_MODE(flags, mode);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    mode_t mode = 0;
    OPEN_MODE(flags, mode);
    return open_at(folder, path, flags, mode);
}

int close(int file) {
    if (file >= 0 && file < FILES_MAX)
        paths[file][0] = '\0';
    return (int)syscall(SYS_close, file);
}

ssize_t pwrite(int file, const void *data, size_t len, off_t at) {
    if (path_of(file)[0] != '\0')
        note(
            CRASH_WRITE, path_of(file), syncs[file] ? CRASH_IS_SYNCED : 0, (uint64_t)at, data, len);
    return syscall(SYS_pwrite64, file, data, len, at);
}

ssize_t write(int file, const void *data, size_t len) {
    if (path_of(file)[0] != '\0')
        note(CRASH_WRITE, path_of(file), syncs[file] ? CRASH_IS_SYNCED : 0,
            (uint64_t)lseek(file, 0, SEEK_CUR), data, len);
    return syscall(SYS_write, file, data, len);
}

// As one write, so that it can be cut at any sector.
ssize_t writev(int file, const struct iovec *pieces, int count) {
    if (path_of(file)[0] != '\0') {
        size_t len = 0;
        for (int i = 0; i < count; i++)
            len += pieces[i].iov_len;
        uint8_t *all = malloc(len + 1);
        size_t done = 0;
        for (int i = 0; i < count; done += pieces[i].iov_len, i++)
            memcpy(all + done, pieces[i].iov_base, pieces[i].iov_len);
        note(CRASH_WRITE, path_of(file), syncs[file] ? CRASH_IS_SYNCED : 0,
            (uint64_t)lseek(file, 0, SEEK_CUR), all, len);
        free(all);
    }
    return syscall(SYS_writev, file, pieces, count);
}

int ftruncate(int file, off_t len) {
    if (path_of(file)[0] != '\0')
        note(CRASH_TRUNCATE, path_of(file), 0, (uint64_t)len, NULL, 0);
    return (int)syscall(SYS_ftruncate, file, len);
}

int fdatasync(int file) {
    if (path_of(file)[0] != '\0')
        note(CRASH_SYNC, path_of(file), 0, 0, NULL, 0);
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
    if (path_of(file)[0] != '\0')
        note(CRASH_SYNC, path_of(file), 0, 0, NULL, 0);
    return (int)syscall(SYS_fsync, file);
}

int msync(void *at, size_t len, int flags) {
    note(CRASH_SYNC, "msync", 0, 0, NULL, 0); // nothing of ours may need it; the checker refuses it
    return (int)syscall(SYS_msync, at, len, flags);
}

int unlink(const char *path) {
    const char *name = below(path);
    if (name != NULL)
        note(CRASH_REMOVE, name, 0, 0, NULL, 0);
    return (int)syscall(SYS_unlink, path);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    if (path_of(folder)[0] != '\0')
        note(CRASH_FOLDER, path, 0, 0, NULL, 0);
    return (int)syscall(SYS_mkdirat, folder, path, mode);
}

#pragma GCC visibility pop
