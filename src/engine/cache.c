#include "engine/cache.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/mutex.h"
#include "base/sort.h"
#include "crypto/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME_LEN (2 * AETHER_HASH_LEN)
#define TEMPORARY_PREFIX "new-"
#define FRAME_LEN (AE_CACHE_HEADER_LEN + AE_CACHE_MAC_LEN)
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

static const char magic[8] = {'a', 'e', 't', 'h', 'e', 'r', 'N', 'C'};
static const char digits[] = "0123456789abcdef";

struct ae_cache {
    int folder; // a descriptor
    uint8_t key[AE_MAC_KEY_LEN];
    uint64_t len_max;
    ae_mutex lock; // protects what follows
    uint64_t len;  // bytes of all files as far as this cache knows
};

typedef struct file_name {
    char text[FILE_NAME_LEN + 1];
} file_name;

static file_name name_of(const aether_hash *hash) {
    file_name name = {{0}};
    for (size_t i = 0; i < AETHER_HASH_LEN; i++) {
        name.text[2 * i] = digits[hash->bytes[i] >> 4];
        name.text[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
    return name;
}

static bool is_artefact_name(const char *text) {
    return strlen(text) == FILE_NAME_LEN && strspn(text, digits) == FILE_NAME_LEN;
}

static size_t put_text(uint8_t *out, const char *text) {
    const size_t len = strlen(text);
    AE_ASSERT(len <= AE_CACHE_TEXT_LEN_MAX);
    ae_put_u32_le(out, (uint32_t)len);
    memcpy(out + 4, text, len);
    return 4 + len;
}

void ae_cache_name(const ae_cache_subject *subject, aether_hash *out_name) {
    uint8_t bytes[12 + AETHER_HASH_LEN + 2 * (4 + AE_CACHE_TEXT_LEN_MAX)];
    ae_put_u32_le(bytes, AE_CACHE_FORMAT);
    ae_put_u32_le(bytes + 4, subject->config_version);
    ae_put_u32_le(bytes + 8, subject->compiler);
    memcpy(bytes + 12, subject->code.bytes, AETHER_HASH_LEN);
    size_t len = 12 + AETHER_HASH_LEN;
    len += put_text(bytes + len, subject->engine);
    len += put_text(bytes + len, subject->target);
    ae_hash_tagged("native-code", ae_bytes(bytes, len), out_name);
}

// Files of the folder.

typedef struct entry {
    aether_hash name;
    int64_t used_at; // seconds; when it was written or last read
    uint64_t len;
} entry;

_Static_assert(sizeof(entry) <= AE_SORT_ITEM_LEN_MAX, "entries are sorted");

static bool was_used_later(const void *a, const void *b, const void *context) {
    (void)context;
    const entry *left = a;
    const entry *right = b;
    if (left->used_at != right->used_at)
        return left->used_at > right->used_at;
    return memcmp(&left->name, &right->name, sizeof left->name) > 0;
}

static uint8_t nibble(char digit) {
    return (uint8_t)(strchr(digits, digit) - digits);
}

// What lies under a name; false if it is no artefact.
static bool look_at(const ae_cache *cache, const char *text, entry *out) {
    struct stat state;
    if (!is_artefact_name(text) || fstatat(cache->folder, text, &state, AT_SYMLINK_NOFOLLOW) != 0 ||
        state.st_size < 0)
        return false;
    for (size_t i = 0; i < AETHER_HASH_LEN; i++)
        out->name.bytes[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    out->used_at = (int64_t)state.st_mtim.tv_sec;
    out->len = (uint64_t)state.st_size;
    return true;
}

// The folder to read through from its start, or NULL.
static DIR *begin_listing(const ae_cache *cache) {
    const int copy = openat(cache->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy >= 0 ? fdopendir(copy) : NULL;
    if (listing == NULL && copy >= 0)
        close(copy);
    return listing;
}

// Whether a name still stands for an open file.
static bool is_named(const ae_cache *cache, int file, const char *text) {
    struct stat open_state, named;
    return fstat(file, &open_state) == 0 &&
           fstatat(cache->folder, text, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open_state.st_ino == named.st_ino && open_state.st_dev == named.st_dev;
}

// A writer holds a lock on its file from its making until it has its name: what can be locked and is still
// called this, nobody writes any more.
static void remove_abandoned(const ae_cache *cache, const char *text) {
    const int file = openat(cache->folder, text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(cache, file, text))
        (void)unlinkat(cache->folder, text, 0);
    close(file);
}

// Bytes of all artefacts; removes what was abandoned.
static uint64_t clean(const ae_cache *cache) {
    DIR *listing = begin_listing(cache);
    if (listing == NULL)
        return 0;
    uint64_t len = 0;
    for (const struct dirent *item = readdir(listing); item != NULL; item = readdir(listing)) {
        entry found;
        if (strncmp(item->d_name, TEMPORARY_PREFIX, sizeof TEMPORARY_PREFIX - 1) == 0)
            remove_abandoned(cache, item->d_name);
        else if (look_at(cache, item->d_name, &found))
            len += found.len;
    }
    closedir(listing);
    return len;
}

// All artefacts, as many as there is memory for; the caller frees.
static entry *list(const ae_cache *cache, size_t *out_count) {
    DIR *listing = begin_listing(cache);
    if (listing == NULL)
        return NULL;
    entry *entries = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (const struct dirent *item = readdir(listing); item != NULL; item = readdir(listing)) {
        entry found;
        if (!look_at(cache, item->d_name, &found))
            continue;
        if (count == capacity) {
            entry *grown = ae_realloc(entries, capacity + 1024, sizeof *entries);
            if (grown == NULL)
                break;
            entries = grown;
            capacity += 1024;
        }
        entries[count++] = found;
    }
    closedir(listing);
    *out_count = count;
    return entries;
}

// Remove artefacts, those first that were used longest ago, until they are half of what is allowed.
static void shrink_locked(ae_cache *cache) {
    size_t count = 0;
    entry *entries = list(cache, &count);
    uint64_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += entries[i].len;
    ae_sort(entries, count, sizeof *entries, was_used_later, NULL);
    for (size_t i = 0; i < count && len > cache->len_max / 2; i++) {
        const file_name name = name_of(&entries[i].name);
        if (unlinkat(cache->folder, name.text, 0) == 0)
            len -= entries[i].len;
    }
    cache->len = len;
    ae_free(entries);
}

static void add_len(ae_cache *cache, uint64_t len) {
    ae_mutex_lock(&cache->lock);
    cache->len += len;
    if (cache->len > cache->len_max)
        shrink_locked(cache);
    ae_mutex_unlock(&cache->lock);
}

// Opening.

static aether_status fail_open(aether_error *err, const char *path, const char *what) {
    char reason[64];
    if (strerror_r(errno, reason, sizeof reason) != 0)
        reason[0] = '\0';
    return ae_fail(err, AETHER_STORAGE_FAILED, "code cache %s: %s: %s", path, what, reason);
}

static aether_status open_folder(const char *path, int *out_folder, aether_error *err) {
    if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
        return fail_open(err, path, "can't be made");
    const int folder = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fail_open(err, path, "can't be opened");
    struct stat state;
    aether_status status = AETHER_OK;
    if (fstat(folder, &state) != 0)
        status = fail_open(err, path, "can't be looked at");
    else if (state.st_uid != geteuid())
        status = ae_fail(err, AETHER_STORAGE_FAILED,
            "code cache %s: the folder belongs to user %ju, need %ju", path,
            (uintmax_t)state.st_uid, (uintmax_t)geteuid());
    else if ((state.st_mode & OTHERS_WRITE) != 0)
        status = ae_fail(err, AETHER_STORAGE_FAILED,
            "code cache %s: others may write to the folder: mode %03o, at most 755", path,
            (unsigned)state.st_mode & 0777u);
    if (status != AETHER_OK) {
        close(folder);
        return status;
    }
    *out_folder = folder;
    return AETHER_OK;
}

aether_status ae_cache_open(const char *path, const uint8_t *key, uint64_t len_max,
    ae_cache **out_cache, aether_error *err) {
    ae_cache *cache = ae_alloc(1, sizeof *cache);
    if (cache == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "code cache");
    const aether_status status = open_folder(path, &cache->folder, err);
    if (status != AETHER_OK) {
        ae_free(cache);
        return status;
    }
    memcpy(cache->key, key, sizeof cache->key);
    cache->len_max = len_max;
    ae_mutex_init(&cache->lock);
    add_len(cache, clean(cache));
    *out_cache = cache;
    return AETHER_OK;
}

void ae_cache_close(ae_cache *cache) {
    if (cache == NULL)
        return;
    close(cache->folder);
    ae_mutex_deinit(&cache->lock);
    memset(cache->key, 0, sizeof cache->key);
    ae_free(cache);
}

// Reading.

static void put_header(uint8_t *out, const aether_hash *name, size_t artefact_len) {
    memcpy(out, magic, sizeof magic);
    ae_put_u32_le(out + 8, AE_CACHE_FORMAT);
    ae_put_u32_le(out + 12, 0);
    memcpy(out + 16, name->bytes, AETHER_HASH_LEN);
    ae_put_u64_le(out + 48, artefact_len);
}

static bool read_bytes(int file, uint8_t *out, size_t len) {
    size_t at = 0;
    while (at < len) {
        const ssize_t got = pread(file, out + at, len - at, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

// Whether the bytes are what this node wrote under this name. A header has one form, so it is compared whole.
static bool is_whole(const ae_cache *cache, const aether_hash *name, aether_bytes file) {
    uint8_t header[AE_CACHE_HEADER_LEN];
    put_header(header, name, file.len - FRAME_LEN);
    if (memcmp(file.data, header, sizeof header) != 0)
        return false;
    const aether_bytes covered = ae_bytes(file.data, file.len - AE_CACHE_MAC_LEN);
    aether_hash expected, found;
    ae_mac(cache->key, &covered, 1, &expected);
    memcpy(found.bytes, file.data + covered.len, AE_CACHE_MAC_LEN);
    return ae_mac_equal(&expected, &found);
}

static bool read_file(
    const ae_cache *cache, const aether_hash *name, int file, ae_artefact *out_artefact) {
    struct stat state;
    if (fstat(file, &state) != 0 || !S_ISREG(state.st_mode) || state.st_uid != geteuid() ||
        (state.st_mode & OTHERS_WRITE) != 0)
        return false;
    if (state.st_size <= FRAME_LEN ||
        (uint64_t)state.st_size > AE_CACHE_ARTEFACT_LEN_MAX + FRAME_LEN)
        return false;
    const size_t len = (size_t)state.st_size;
    uint8_t *bytes = ae_alloc(1, len);
    if (bytes == NULL)
        return false;
    if (!read_bytes(file, bytes, len) || !is_whole(cache, name, ae_bytes(bytes, len))) {
        ae_free(bytes);
        return false;
    }
    out_artefact->file = bytes;
    out_artefact->bytes = ae_bytes(bytes + AE_CACHE_HEADER_LEN, len - FRAME_LEN);
    return true;
}

bool ae_cache_read(ae_cache *cache, const aether_hash *name, ae_artefact *out_artefact) {
    const file_name text = name_of(name);
    // Not blocking: it may be a pipe that somebody put there.
    const int file =
        openat(cache->folder, text.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return false;
    const bool is_good = read_file(cache, name, file, out_artefact);
    if (is_good)
        (void)futimens(file, NULL); // used now; only the order of removal depends on it
    close(file);
    return is_good;
}

void ae_artefact_deinit(ae_artefact *artefact) {
    ae_free(artefact->file);
    *artefact = (ae_artefact){0};
}

// Writing.

typedef struct temporary {
    char name[sizeof TEMPORARY_PREFIX + 2];
    int file;
} temporary;

// From here on no other cache removes it. False: closed and gone; one that is being opened can come between the
// making and the lock, takes the file for abandoned, and removes it.
static bool lock_temporary(const ae_cache *cache, temporary *fresh) {
    const bool is_locked = flock(fresh->file, LOCK_EX | LOCK_NB) == 0;
    if (is_locked && is_named(cache, fresh->file, fresh->name))
        return true;
    if (!is_locked && errno != EWOULDBLOCK) // a file system without locks
        (void)unlinkat(cache->folder, fresh->name, 0);
    close(fresh->file);
    return false;
}

static bool create_temporary(const ae_cache *cache, temporary *out) {
    for (size_t i = 0; i < AE_CACHE_WRITERS_MAX; i++) {
        memcpy(out->name, TEMPORARY_PREFIX, sizeof TEMPORARY_PREFIX);
        out->name[sizeof TEMPORARY_PREFIX - 1] = digits[i / 10];
        out->name[sizeof TEMPORARY_PREFIX] = digits[i % 10];
        out->name[sizeof TEMPORARY_PREFIX + 1] = '\0';
        out->file = openat(cache->folder, out->name,
            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (out->file >= 0)
            return lock_temporary(cache, out);
        if (errno != EEXIST)
            return false;
    }
    return false;
}

static bool write_bytes(int file, aether_bytes bytes, size_t *at) {
    size_t done = 0;
    while (done < bytes.len) {
        const ssize_t put = pwrite(file, bytes.data + done, bytes.len - done, (off_t)(*at + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    *at += done;
    return true;
}

static bool write_file(
    const ae_cache *cache, const aether_hash *name, aether_bytes artefact, int file) {
    uint8_t header[AE_CACHE_HEADER_LEN];
    put_header(header, name, artefact.len);
    const aether_bytes covered[2] = {ae_bytes(header, sizeof header), artefact};
    aether_hash mac;
    ae_mac(cache->key, covered, 2, &mac);
    size_t at = 0;
    return write_bytes(file, covered[0], &at) && write_bytes(file, covered[1], &at) &&
           write_bytes(file, ae_bytes(mac.bytes, sizeof mac.bytes), &at) && fsync(file) == 0;
}

bool ae_cache_write(ae_cache *cache, const aether_hash *name, aether_bytes artefact) {
    temporary fresh;
    if (artefact.len == 0 || artefact.len > AE_CACHE_ARTEFACT_LEN_MAX ||
        !create_temporary(cache, &fresh))
        return false;
    const file_name text = name_of(name);
    const bool is_kept = write_file(cache, name, artefact, fresh.file) &&
                         renameat(cache->folder, fresh.name, cache->folder, text.text) == 0;
    if (is_kept)
        (void)fsync(cache->folder); // a name that a power failure takes away is a miss
    else
        (void)unlinkat(cache->folder, fresh.name, 0);
    close(fresh.file);
    if (is_kept)
        add_len(cache, artefact.len + FRAME_LEN);
    return is_kept;
}
