#include "store/folder.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "store/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { LAST_LEN = 32, PID_TEXT_MAX = 24 };

#define LOCK_NAME "LOCK"
#define LAST_NAME "LAST"
#define LAST_MARK 0x31545341454541ull

// From linux/magic.h and the file systems' own sources.
bool ae_folder_is_remote(uint64_t type) {
    static const uint32_t remote[] = {
        0x6969,     // NFS
        0xff534d42, // CIFS
        0xfe534d42, // SMB 2
        0x517b,     // SMB
        0x65735546, // FUSE: sshfs, virtiofs and many others
        0x01021997, // 9P
        0x00c36400, // Ceph
        0x5346414f, // AFS
        0x6b414653, // AFS of the kernel
        0x73757245, // Coda
        0x564c,     // NCP
        0x0bd00bd0, // Lustre
        0x01161970, // GFS2
        0x7461636f, // OCFS2
        0x47504653, // GPFS
        0x786f4256, // shared folders of VirtualBox
        0xbacbacbc, // shared folders of VMware
    };
    for (size_t i = 0; i < sizeof remote / sizeof remote[0]; i++)
        if ((uint32_t)type == remote[i])
            return true;
    return false;
}

const char *ae_folder_advice(int error) {
    switch (error) {
    case EACCES:
    case EPERM:
        return "; give this user the right to it";
    case ENOSPC:
    case EDQUOT:
        return "; free some space and try again";
    case EROFS:
        return "; open it read only, or elsewhere";
    case ENOENT:
        return "; make the folder above it first";
    case ENOTDIR:
        return "; name a folder";
    default:
        return "";
    }
}

static aether_status fail(const ae_folder *self, const char *what, int error, aether_error *err) {
    return ae_fail(err, AETHER_STORAGE_FAILED, "database %s: %s: %s%s", self->path, what,
        strerror(error), ae_folder_advice(error));
}

// What is in the folder: a database, nothing, or something else, which out_other names.
typedef enum contents { HOLDS_NOTHING, HOLDS_DATABASE, HOLDS_OTHER } contents;

static aether_status find_contents(
    const ae_folder *self, contents *out, char *out_other, size_t capacity, aether_error *err) {
    *out = HOLDS_NOTHING;
    if (faccessat(self->folder_file, AE_FOLDER_STATE "/data.mdb", F_OK, 0) == 0) {
        *out = HOLDS_DATABASE;
        return AETHER_OK;
    }
    const int again = openat(self->folder_file, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (entries == NULL) {
        const int error = errno;
        if (again >= 0)
            close(again);
        return fail(self, "can't be read", error, err);
    }
    // One whose making was cut short is as good as an empty one.
    static const char *const ours[] = {
        ".", "..", LOCK_NAME, LAST_NAME, AE_FOLDER_STATE, AE_FOLDER_CODE};
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        bool is_ours = false;
        for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
            is_ours = is_ours || strcmp(entry->d_name, ours[i]) == 0;
        if (!is_ours) {
            *out = HOLDS_OTHER;
            snprintf(out_other, capacity, "%.255s", entry->d_name);
        }
    }
    closedir(entries);
    return AETHER_OK;
}

static aether_status check_contents(const ae_folder *self, bool must_exist, aether_error *err) {
    char other[256];
    contents holds = HOLDS_NOTHING;
    AE_TRY(find_contents(self, &holds, other, sizeof other, err));
    if (holds == HOLDS_DATABASE)
        return AETHER_OK;
    if (must_exist)
        return ae_fail(
            err, AETHER_INVALID_ARGUMENT, "database %s: the folder has none", self->path);
    if (holds == HOLDS_OTHER)
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "database %s: the folder holds something else, such as %s; name an empty or a new one",
            self->path, other);
    return AETHER_OK;
}

static aether_status check_file_system(const ae_folder *self, aether_error *err) {
    struct statfs about;
    if (fstatfs(self->folder_file, &about) != 0)
        return fail(self, "file system", errno, err);
    if (ae_folder_is_remote((uint64_t)about.f_type))
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "database %s: file system of type 0x%x is not a local one; put it on a local disk",
            self->path, (unsigned)about.f_type);
    return AETHER_OK;
}

static aether_status open_folder(ae_folder *self, bool must_exist, aether_error *err) {
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    self->folder_file = openat(AT_FDCWD, self->path, flags);
    if (self->folder_file >= 0)
        return AETHER_OK;
    if (errno != ENOENT)
        return fail(self, "folder", errno, err);
    if (must_exist)
        return ae_fail(
            err, AETHER_INVALID_ARGUMENT, "database %s: there is no such folder", self->path);
    if (mkdir(self->path, 0700) != 0 && errno != EEXIST)
        return fail(self, "folder can't be made", errno, err);
    self->folder_file = openat(AT_FDCWD, self->path, flags);
    return self->folder_file >= 0 ? AETHER_OK : fail(self, "folder", errno, err);
}

static aether_status refuse_held(const ae_folder *self, aether_error *err) {
    char text[PID_TEXT_MAX] = "";
    const ssize_t len = pread(self->lock_file, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    text[strspn(text, "0123456789")] = '\0';
    if (text[0] == '\0')
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "database %s: a process reads it; stop that one, or open it read only", self->path);
    return ae_fail(err, AETHER_STORAGE_FAILED,
        "database %s: process %s has it open; stop that one first", self->path, text);
}

// The lock is the kernel's and goes with the process. The pid in the file is for messages; one that a killed process
// left there is taken out by the next that gets the lock.
static aether_status lock(ae_folder *self, aether_error *err) {
    const int flags = O_CLOEXEC | O_NOFOLLOW;
    self->lock_file = openat(
        self->folder_file, LOCK_NAME, flags | O_RDWR | (self->is_read_only ? 0 : O_CREAT), 0600);
    if (self->lock_file < 0 && self->is_read_only)
        self->lock_file = openat(self->folder_file, LOCK_NAME, flags | O_RDONLY);
    if (self->lock_file < 0)
        return fail(self, LOCK_NAME, errno, err);
    if (flock(self->lock_file, (self->is_read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? refuse_held(self, err) : fail(self, LOCK_NAME, errno, err);
    const bool is_cleared = ftruncate(self->lock_file, 0) == 0;
    if (!self->is_read_only && is_cleared) {
        char text[PID_TEXT_MAX];
        const int len = snprintf(text, sizeof text, "%lld\n", (long long)getpid());
        if (pwrite(self->lock_file, text, (size_t)len, 0) != len)
            return fail(self, LOCK_NAME, errno, err);
    }
    return AETHER_OK;
}

static aether_status open_locked(ae_folder *self, bool must_exist, aether_error *err) {
    AE_TRY(open_folder(self, must_exist, err));
    AE_TRY(check_file_system(self, err));
    AE_TRY(check_contents(self, must_exist, err));
    AE_TRY(lock(self, err));
    self->last_file = openat(self->folder_file, LAST_NAME,
        O_CLOEXEC | O_NOFOLLOW | (self->is_read_only ? O_RDONLY : O_RDWR));
    if (self->last_file < 0 && errno != ENOENT)
        return fail(self, LAST_NAME, errno, err);
    return AETHER_OK;
}

aether_status ae_folder_open(
    ae_folder *self, const char *path, bool must_exist, bool is_read_only, aether_error *err) {
    const size_t len = strlen(path);
    *self = (ae_folder){
        .folder_file = -1, .lock_file = -1, .last_file = -1, .is_read_only = is_read_only};
    self->path = ae_alloc(len + 1, 1);
    if (self->path == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "database: no memory to open it");
    memcpy(self->path, path, len);
    const aether_status status = open_locked(self, must_exist || is_read_only, err);
    if (status != AETHER_OK)
        ae_folder_close(self);
    return status;
}

void ae_folder_close(ae_folder *self) {
    if (self->path == NULL)
        return;
    if (self->last_file >= 0)
        close(self->last_file);
    if (self->lock_file >= 0)
        close(self->lock_file);
    if (self->folder_file >= 0)
        close(self->folder_file);
    ae_free(self->path);
    self->path = NULL;
}

aether_status ae_folder_make(ae_folder *self, const char *name, aether_error *err) {
    if (mkdirat(self->folder_file, name, 0700) != 0 && errno != EEXIST)
        return fail(self, name, errno, err);
    return AETHER_OK;
}

bool ae_folder_read_last(const ae_folder *self, ae_last *out) {
    uint8_t bytes[LAST_LEN];
    if (self->last_file < 0 || pread(self->last_file, bytes, LAST_LEN, 0) != LAST_LEN ||
        ae_get_u64_le(bytes) != LAST_MARK ||
        ae_get_u64_le(bytes + 24) != ae_checksum(ae_bytes_of(LAST_NAME), ae_bytes(bytes, 24)))
        return false;
    *out = (ae_last){.state = ae_get_u64_le(bytes + 8), .code = ae_get_u64_le(bytes + 16)};
    return true;
}

// One sector of a file, in place: that is as whole as a rename, and two hundred times faster than one that is synced.
void ae_folder_write_last(ae_folder *self, ae_last last) {
    uint8_t bytes[LAST_LEN];
    ae_put_u64_le(bytes, LAST_MARK);
    ae_put_u64_le(bytes + 8, last.state);
    ae_put_u64_le(bytes + 16, last.code);
    ae_put_u64_le(bytes + 24, ae_checksum(ae_bytes_of(LAST_NAME), ae_bytes(bytes, 24)));
    if (self->last_file < 0)
        self->last_file =
            openat(self->folder_file, LAST_NAME, O_CLOEXEC | O_NOFOLLOW | O_RDWR | O_CREAT, 0600);
    if (self->last_file >= 0 && pwrite(self->last_file, bytes, LAST_LEN, 0) != LAST_LEN &&
        ftruncate(self->last_file, 0) != 0)
        return; // what it says is old, which is true too
}

static int sync_folder(int at, const char *path) {
    const int file = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return errno;
    const int error = fsync(file) == 0 ? 0 : errno;
    close(file);
    return error;
}

aether_status ae_folder_sync(ae_folder *self, aether_error *err) {
    static const char *const folders[] = {AE_FOLDER_STATE, AE_FOLDER_CODE, ".", ".."};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const int error = sync_folder(self->folder_file, folders[i]);
        // The folder above may be one that we can't read; whoever made it syncs it.
        if (error != 0 && error != EACCES)
            return fail(self, folders[i], error, err);
    }
    return AETHER_OK;
}
