#include "store/environment.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/error.h"
#include "store/folder.h"
#include "store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SPACE_LEN_MIN (1u << 20) // bytes; with less a file system is full
#define MAP_LEN_MAX (1ull << 44) // bytes of address space of an environment

enum { HEX_KEY_MAX = 64 }; // bytes of a key that a message shows

/* Names carry the version of how records lie in them. */
static const struct {
    uint8_t first; /* kind */
    const char *name;
} groups[AE_GROUP_COUNT] = {
    [AE_GROUP_ACCOUNTS] = {0x00, "accounts.1"},
    [AE_GROUP_STORAGE] = {0x02, "storage.1"},
    [AE_GROUP_RECORDS] = {0x03, "records.1"},
    [AE_GROUP_CODE] = {0x10, "code.1"},
    [AE_GROUP_APPLICATION_PAGES] = {0x11, "application-pages.1"},
    [AE_GROUP_STORAGE_PAGES] = {0x12, "storage-pages.1"},
    [AE_GROUP_UNDO] = {0x13, "undo.1"},
    [AE_GROUP_HEAD] = {0x14, "head.1"},
    [AE_GROUP_EMBEDDER] = {0x80, "embedder.1"},
};

ae_group ae_group_of(uint8_t kind) {
    ae_group group = AE_GROUP_COUNT - 1;
    while (groups[group].first > kind)
        group--;
    return group;
}

static bool has_group(const ae_environment *self, ae_group group) {
    return (group == AE_GROUP_CODE) == self->has_code;
}

static aether_bytes bytes_of(MDB_val value) {
    return ae_bytes(value.mv_data, value.mv_size);
}

static MDB_val value_of(aether_bytes bytes) {
    return (MDB_val){.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.data};
}

static aether_status fail(const ae_environment *self, const char *what, int rc, aether_error *err) {
    switch (rc) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CURSOR_FULL:
    case MDB_INCOMPATIBLE:
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "%s is damaged: %s: %s", self->file, what,
            mdb_strerror(rc));
    case ENOMEM:
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "%s: %s: no memory", self->file, what);
    case MDB_PANIC:
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "%s: how the last commit ended is not known; close the database and open it again",
            self->file);
    case MDB_TXN_FULL:
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "%s: %s: a batch of too many pages; apply less at once", self->file, what);
    default:
        return ae_fail(err, AETHER_STORAGE_FAILED, "%s: %s: %s%s", self->file, what,
            mdb_strerror(rc), ae_folder_advice(rc));
    }
}

static aether_status fail_record(
    const ae_environment *self, aether_bytes key, const char *what, aether_error *err) {
    char hex[2 * HEX_KEY_MAX + 4] = "";
    const size_t shown = key.len < HEX_KEY_MAX ? key.len : HEX_KEY_MAX;
    for (size_t i = 0; i < shown; i++)
        snprintf(hex + 2 * i, 3, "%02x", key.data[i]);
    return ae_fail(err, AETHER_STORAGE_DAMAGED, "%s is damaged: record %s%s: %s", self->file, hex,
        shown < key.len ? "..." : "", what);
}

/* Opening. */

static char *join(const char *folder, const char *name) {
    const size_t len = strlen(folder) + strlen(name) + 2;
    char *out = ae_alloc(len, 1);
    if (out != NULL)
        snprintf(out, len, "%s/%s", folder, name);
    return out;
}

static void stop_reading(ae_environment *self) {
    if (self->is_reading)
        mdb_txn_reset(self->read);
    self->is_reading = false;
    for (size_t i = 0; i < AE_GROUP_COUNT; i++)
        self->places[i].is_fresh = self->places[i].is_placed = false;
}

// LMDB doesn't tell where its map lies. A tree's name does: its page says its own number, and pages lie at multiples of
// their length, since the machine's pages are no smaller.
static int find_map(ae_environment *self) {
    const ae_group any = self->has_code ? AE_GROUP_CODE : AE_GROUP_ACCOUNTS;
    MDB_val name = value_of(ae_bytes_of(groups[any].name)), found;
    const int rc = mdb_get(self->read, self->main, &name, &found);
    if (rc != 0)
        return rc;
    const uint8_t *at = found.mv_data;
    const uint8_t *page = at - (uintptr_t)at % self->page_len;
    self->map = page - ae_get_u64_le(page) * self->page_len;
    return 0;
}

static int start_reading(ae_environment *self) {
    const int rc = self->read == NULL ? mdb_txn_begin(self->native, NULL, MDB_RDONLY, &self->read)
                                      : mdb_txn_renew(self->read);
    if (rc != 0)
        return rc;
    MDB_envinfo about;
    MDB_stat pages;
    mdb_env_info(self->native, &about);
    mdb_env_stat(self->native, &pages);
    self->page_len = pages.ms_psize;
    self->used_len = (about.me_last_pgno + 1) * (uint64_t)self->page_len;
    self->txnid = about.me_last_txnid;
    const int found = find_map(self);
    if (found != 0) {
        mdb_txn_reset(self->read);
        return found;
    }
    self->is_reading = true;
    return 0;
}

static int open_trees(ae_environment *self, MDB_txn *txn, unsigned flags) {
    for (ae_group i = 0; i < AE_GROUP_COUNT; i++) {
        const int rc = has_group(self, i)
                           ? mdb_dbi_open(txn, groups[i].name, flags, &self->places[i].tree)
                           : 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int make_trees(ae_environment *self) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(self->native, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = open_trees(self, txn, MDB_CREATE);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

// LMDB calls a write that stops half-way an I/O error, whatever the reason.
static int write_error(const ae_environment *self, int rc) {
    struct statvfs about;
    const bool is_full = rc == EIO && statvfs(self->file, &about) == 0 &&
                         about.f_bavail * (uint64_t)about.f_frsize < SPACE_LEN_MIN;
    return is_full ? ENOSPC : rc;
}

// A commit of a read transaction keeps the handles that were opened in it.
static aether_status find_trees(ae_environment *self, bool *out_is_new, aether_error *err) {
    MDB_txn *txn;
    MDB_stat about = {0};
    int rc = mdb_txn_begin(self->native, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return fail(self, "open", rc, err);
    rc = mdb_dbi_open(txn, NULL, 0, &self->main);
    if (rc == 0)
        rc = mdb_stat(txn, self->main, &about);
    *out_is_new = rc == 0 && about.ms_entries == 0;
    if (rc == 0 && !*out_is_new)
        rc = open_trees(self, txn, 0);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc == MDB_NOTFOUND
                   ? ae_fail(err, AETHER_STORAGE_FAILED,
                         "%s: not made by this version; use the one that made it", self->file)
                   : fail(self, "open", rc, err);
    }
    mdb_txn_commit(txn);
    return AETHER_OK;
}

static aether_status open_native(ae_environment *self, aether_error *err) {
    const unsigned flags =
        MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD | (self->is_read_only ? MDB_RDONLY : 0u);
    int rc = mdb_env_create(&self->native);
    if (rc != 0)
        return fail(self, "open", rc, err);
    rc = mdb_env_set_maxdbs(self->native, AE_GROUP_COUNT);
    if (rc == 0)
        rc = mdb_env_set_mapsize(self->native, (size_t)self->map_len);
    if (rc == 0)
        rc = mdb_env_open(self->native, self->folder, flags, 0600);
    if (rc != 0)
        return fail(self, "open", rc, err);
    bool is_new = false;
    AE_TRY(find_trees(self, &is_new, err));
    if (is_new && self->is_read_only)
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "%s: its making was cut short; open it for writing once", self->file);
    rc = is_new ? make_trees(self) : 0;
    if (rc != 0)
        return fail(self, "make", rc, err);
    rc = start_reading(self);
    return rc != 0 ? fail(self, "open", rc, err) : AETHER_OK;
}

static void close_native(ae_environment *self) {
    for (size_t i = 0; i < AE_GROUP_COUNT; i++) {
        if (self->places[i].cursor != NULL)
            mdb_cursor_close(self->places[i].cursor);
        self->places[i] = (ae_place){0};
    }
    if (self->read != NULL)
        mdb_txn_abort(self->read);
    if (self->native != NULL)
        mdb_env_close(self->native);
    self->read = NULL;
    self->native = NULL;
    self->map = NULL;
    self->is_reading = false;
}

static aether_status check_before(
    ae_environment *self, int file, const ae_environment_options *options, aether_error *err) {
    struct stat about;
    if (fstat(file, &about) != 0)
        return fail(self, "open", errno, err);
    const uint64_t len = (uint64_t)about.st_size;
    if (!options->was_finished && ae_pages_is_unfinished(file, len)) {
        if (self->is_read_only)
            return ae_fail(err, AETHER_STORAGE_FAILED,
                "%s: its making was cut short; open it for writing once", self->file);
        return unlink(self->file) == 0 ? AETHER_OK : fail(self, "make anew", errno, err);
    }
    ae_pages_summary found;
    AE_TRY(ae_pages_check(file, self->file,
        len <= options->all_pages_len_max ? AE_PAGES_ALL : AE_PAGES_BRANCHES, &found, err));
    if (found.page_len > (uint64_t)sysconf(_SC_PAGESIZE))
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "%s: made on a machine with pages of %u bytes, this one's are smaller; use a snapshot",
            self->file, found.page_len);
    // Half of the map is room to grow, so that it need not be mapped anew soon.
    if (self->map_len < len + len / 2 && self->map_len > (1u << 24))
        self->map_len = 2 * len;
    return AETHER_OK;
}

static aether_status open_file(
    ae_environment *self, const ae_environment_options *options, aether_error *err) {
    const int file = openat(AT_FDCWD, self->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT && !options->was_finished && !self->is_read_only)
        return open_native(self, err);
    if (file < 0 && errno == ENOENT)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "%s is missing", self->file);
    if (file < 0)
        return fail(self, "open", errno, err);
    const aether_status status = check_before(self, file, options, err);
    close(file);
    return status == AETHER_OK ? open_native(self, err) : status;
}

aether_status ae_environment_open(
    ae_environment *self, const ae_environment_options *options, aether_error *err) {
    *self = (ae_environment){.map_len = options->map_len,
        .has_code = options->has_code,
        .is_read_only = options->is_read_only,
        .grows_ahead = true};
    self->folder = join(options->path, options->name);
    self->file = self->folder != NULL ? join(self->folder, "data.mdb") : NULL;
    const aether_status status =
        self->file == NULL ? ae_fail(err, AETHER_OUT_OF_MEMORY, "database: no memory to open it")
                           : open_file(self, options, err);
    if (status != AETHER_OK)
        ae_environment_close(self);
    return status;
}

void ae_environment_close(ae_environment *self) {
    close_native(self);
    ae_free(self->folder);
    ae_free(self->file);
    *self = (ae_environment){0};
}

/* Reading. */

bool ae_environment_owns(const ae_environment *self, aether_bytes bytes) {
    const uintptr_t at = (uintptr_t)bytes.data, map = (uintptr_t)self->map;
    return map != 0 && bytes.len != 0 && at >= map && at - map < self->map_len;
}

// A damaged length or place must not lead outside of what the state reaches to.
static bool is_inside(const ae_environment *self, MDB_val value) {
    const uintptr_t at = (uintptr_t)value.mv_data, map = (uintptr_t)self->map;
    return at >= map && at - map <= self->used_len && value.mv_size <= self->used_len - (at - map);
}

static aether_status check_reading(const ae_environment *self, aether_error *err) {
    return self->is_reading ? AETHER_OK : fail(self, "read", MDB_PANIC, err);
}

static aether_status read_record(const ae_environment *self, aether_bytes key, MDB_val record,
    aether_bytes *out_value, aether_error *err) {
    if (!is_inside(self, record))
        return fail_record(self, key, "its value is outside of the file", err);
    if (!ae_record_read(key, bytes_of(record), out_value))
        return fail_record(self, key, "not what was written", err);
    return AETHER_OK;
}

aether_status ae_environment_get(ae_environment *self, ae_group group, aether_bytes key,
    aether_bytes *out_value, bool *out_found, aether_error *err) {
    MDB_val wanted = value_of(key), record;
    AE_TRY(check_reading(self, err));
    const int rc = mdb_get(self->read, self->places[group].tree, &wanted, &record);
    if (rc == MDB_NOTFOUND) {
        *out_found = false;
        return AETHER_OK;
    }
    if (rc != 0)
        return fail(self, "read", rc, err);
    AE_TRY(read_record(self, key, record, out_value, err));
    *out_found = true;
    return AETHER_OK;
}

static int ready_cursor(ae_environment *self, ae_place *place) {
    if (place->is_fresh)
        return 0;
    const int rc = place->cursor == NULL ? mdb_cursor_open(self->read, place->tree, &place->cursor)
                                         : mdb_cursor_renew(self->read, place->cursor);
    place->is_fresh = rc == 0;
    return rc;
}

// The first key behind all that start with the prefix; false: there can't be one.
static bool end_of_prefix(aether_bytes prefix, uint8_t *out, size_t *out_len) {
    size_t len = prefix.len;
    while (len != 0 && prefix.data[len - 1] == 0xff)
        len--;
    if (len == 0)
        return false;
    memcpy(out, prefix.data, len);
    out[len - 1]++;
    *out_len = len;
    return true;
}

// To the greatest key below `bound`.
static int seek_below(MDB_cursor *cursor, aether_bytes bound, MDB_val *key, MDB_val *record) {
    *key = value_of(bound);
    const int rc = mdb_cursor_get(cursor, key, record, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, key, record, MDB_LAST);
    return rc != 0 ? rc : mdb_cursor_get(cursor, key, record, MDB_PREV);
}

static int seek(const ae_place *place, const ae_wanted *wanted, MDB_val *key, MDB_val *record) {
    MDB_cursor *cursor = place->cursor;
    const aether_bytes after = wanted->after;
    if (after.len != 0 && place->is_placed && ae_bytes_equal(after, bytes_of(place->at)))
        return mdb_cursor_get(cursor, key, record, wanted->is_descending ? MDB_PREV : MDB_NEXT);
    if (wanted->is_descending) {
        uint8_t end[AETHER_STORE_KEY_LEN_MAX];
        size_t end_len = 0;
        if (after.len != 0)
            return seek_below(cursor, after, key, record);
        return end_of_prefix(wanted->prefix, end, &end_len)
                   ? seek_below(cursor, ae_bytes(end, end_len), key, record)
                   : mdb_cursor_get(cursor, key, record, MDB_LAST);
    }
    const aether_bytes from = after.len != 0 ? after : wanted->prefix;
    if (from.len == 0)
        return mdb_cursor_get(cursor, key, record, MDB_FIRST);
    *key = value_of(from);
    const int rc = mdb_cursor_get(cursor, key, record, MDB_SET_RANGE);
    if (rc == 0 && after.len != 0 && ae_bytes_equal(after, bytes_of(*key)))
        return mdb_cursor_get(cursor, key, record, MDB_NEXT);
    return rc;
}

aether_status ae_environment_next(ae_environment *self, ae_group group, const ae_wanted *wanted,
    aether_bytes *out_key, bool *out_found, aether_error *err) {
    ae_place *place = &self->places[group];
    MDB_val key, record;
    aether_bytes value;
    AE_TRY(check_reading(self, err));
    int rc = ready_cursor(self, place);
    if (rc == 0)
        rc = seek(place, wanted, &key, &record);
    place->is_placed = rc == 0;
    *out_found = false;
    if (rc == MDB_NOTFOUND)
        return AETHER_OK;
    if (rc != 0)
        return fail(self, "read", rc, err);
    place->at = key;
    if (!is_inside(self, key)) {
        place->is_placed = false;
        return fail(self, "read", MDB_CORRUPTED, err);
    }
    AE_TRY(read_record(self, bytes_of(key), record, &value, err));
    const int order = ae_bytes_compare(bytes_of(key), wanted->after);
    if (wanted->after.len != 0 && (wanted->is_descending ? order >= 0 : order <= 0))
        return fail_record(self, bytes_of(key), "out of order", err);
    if (!ae_bytes_starts_with(bytes_of(key), wanted->prefix))
        return AETHER_OK;
    *out_key = bytes_of(key);
    *out_found = true;
    return AETHER_OK;
}

/* Writing. */

// An environment that LMDB gave up, or whose map is gone, is opened anew. The state must be the one before: a commit
// that failed while its meta page was written might stand after all, and then nothing more is read or written.
static void reopen(ae_environment *self) {
    const uint64_t txnid = self->txnid;
    close_native(self);
    if (open_native(self, NULL) == AETHER_OK && self->txnid == txnid)
        return;
    close_native(self);
}

static void resume_reading(ae_environment *self) {
    if (start_reading(self) != 0)
        reopen(self);
}

static aether_status grow(ae_environment *self, uint64_t map_len, aether_error *err) {
    if (map_len > MAP_LEN_MAX)
        return ae_fail(err, AETHER_STORAGE_FAILED,
            "%s: would need a map of %llu bytes, at most %llu", self->file,
            (unsigned long long)map_len, (unsigned long long)MAP_LEN_MAX);
    AE_ASSERT(!self->is_reading);
    const int rc = mdb_env_set_mapsize(self->native, (size_t)map_len);
    if (rc == 0) {
        self->map_len = map_len;
        return AETHER_OK;
    }
    reopen(self); // the old map is gone
    stop_reading(self);
    return ae_fail(err, AETHER_OUT_OF_MEMORY, "%s: no address space for a map of %llu bytes",
        self->file, (unsigned long long)map_len);
}

static bool is_wanted(const aether_change *change, ae_write_mode mode) {
    const bool is_code = change->key.data[0] == AETHER_STORE_KIND_CODE;
    switch (mode) {
    case AE_WRITE_STATE:
        return !is_code;
    case AE_WRITE_NEW_CODE:
        return is_code && !change->is_removed;
    case AE_WRITE_CODE:
        return is_code;
    }
    AE_UNREACHABLE();
}

// Pages that a batch may need at most: for each change a leaf that splits and its branches, and the value's own.
static uint64_t estimate_pages(
    const ae_environment *self, const aether_change *changes, size_t count, ae_write_mode mode) {
    uint64_t pages = 256;
    for (size_t i = 0; i < count; i++)
        if (is_wanted(&changes[i], mode))
            pages += 4 + (changes[i].is_removed ? 0 : changes[i].value.len / self->page_len + 1);
    return pages;
}

static aether_status grow_ahead(ae_environment *self, const aether_change *changes, size_t count,
    ae_write_mode mode, aether_error *err) {
    const uint64_t len =
        self->used_len + estimate_pages(self, changes, count, mode) * self->page_len;
    uint64_t map_len = self->map_len;
    while (map_len < len)
        map_len *= 2;
    return map_len != self->map_len ? grow(self, map_len, err) : AETHER_OK;
}

static int write_change(const ae_environment *self, MDB_txn *txn, const aether_change *change) {
    const MDB_dbi tree = self->places[ae_group_of(change->key.data[0])].tree;
    MDB_val key = value_of(change->key);
    if (change->is_removed) {
        const int rc = mdb_del(txn, tree, &key, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    MDB_val record = {.mv_size = change->value.len + AE_CHECKSUM_LEN};
    const int rc = mdb_put(txn, tree, &key, &record, MDB_RESERVE);
    if (rc == 0)
        ae_record_write(change->key, change->value, record.mv_data);
    return rc;
}

static int write_once(
    ae_environment *self, const aether_change *changes, size_t count, ae_write_mode mode) {
    MDB_txn *txn;
    int rc = mdb_txn_begin(self->native, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < count && rc == 0; i++)
        if (is_wanted(&changes[i], mode))
            rc = write_change(self, txn, &changes[i]);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

aether_status ae_environment_write(ae_environment *self, const aether_change *changes, size_t count,
    ae_write_mode mode, aether_error *err) {
    AE_TRY(check_reading(self, err));
    stop_reading(self);
    aether_status status =
        self->grows_ahead ? grow_ahead(self, changes, count, mode, err) : AETHER_OK;
    while (status == AETHER_OK) {
        const int rc = write_once(self, changes, count, mode);
        if (rc == 0)
            break;
        status = rc == MDB_MAP_FULL ? grow(self, 2 * self->map_len, err)
                                    : fail(self, "write", write_error(self, rc), err);
    }
    if (self->native != NULL)
        resume_reading(self);
    return status;
}

/* Looking after. */

static int count_free(ae_environment *self, uint64_t *out) {
    MDB_cursor *cursor;
    MDB_val key, list;
    int rc = mdb_cursor_open(self->read, 0, &cursor); // LMDB's tree 0 is the free list
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == 0)
        if (is_inside(self, list) && list.mv_size >= 8)
            *out += ae_get_u64_le(list.mv_data);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

aether_status ae_environment_measure(ae_environment *self, uint64_t *file_len, uint64_t *used_len,
    uint64_t *records, aether_error *err) {
    struct stat about;
    uint64_t free = 0;
    AE_TRY(check_reading(self, err));
    int rc = stat(self->file, &about) == 0 ? count_free(self, &free) : errno;
    for (ae_group i = 0; i < AE_GROUP_COUNT && rc == 0; i++) {
        MDB_stat tree = {0};
        if (has_group(self, i))
            rc = mdb_stat(self->read, self->places[i].tree, &tree);
        *records += tree.ms_entries;
    }
    if (rc != 0)
        return fail(self, "measure", rc, err);
    *file_len += (uint64_t)about.st_size;
    *used_len += self->used_len - free * self->page_len;
    return AETHER_OK;
}

static aether_status check_records(ae_environment *self, ae_group group, aether_error *err) {
    ae_place *place = &self->places[group];
    MDB_val key, record;
    aether_bytes value;
    int rc = ready_cursor(self, place);
    place->is_placed = false;
    if (rc == 0)
        rc = mdb_cursor_get(place->cursor, &key, &record, MDB_FIRST);
    for (; rc == 0; rc = mdb_cursor_get(place->cursor, &key, &record, MDB_NEXT)) {
        if (key.mv_size == 0 || key.mv_size > AETHER_STORE_KEY_LEN_MAX || !is_inside(self, key))
            return fail(self, "check", MDB_CORRUPTED, err);
        if (ae_group_of(bytes_of(key).data[0]) != group)
            return fail_record(self, bytes_of(key), "in a tree of another kind", err);
        AE_TRY(read_record(self, bytes_of(key), record, &value, err));
    }
    return rc == MDB_NOTFOUND ? AETHER_OK : fail(self, "check", rc, err);
}

aether_status ae_environment_check(ae_environment *self, aether_error *err) {
    int file = -1;
    ae_pages_summary found;
    AE_TRY(check_reading(self, err));
    const int rc = mdb_env_get_fd(self->native, &file);
    if (rc != 0)
        return fail(self, "check", rc, err);
    AE_TRY(ae_pages_check(file, self->file, AE_PAGES_ALL, &found, err));
    for (ae_group i = 0; i < AE_GROUP_COUNT; i++)
        if (has_group(self, i))
            AE_TRY(check_records(self, i, err));
    return AETHER_OK;
}
