#include "store/database.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"

#define MAP_LEN_DEFAULT (1ull << 30)
#define VALUE_LEN_MAX (1ull << 30)

enum { MAP_LEN_MIN = 65536 };

/* Opening. */

// Files that are older than what LAST says have lost a commit: LMDB falls back to the meta page before when the newest
// is damaged, and would show the state before as if nothing had happened.
static aether_status check_last(const aether_database *self, ae_last last, aether_error *err) {
    if (self->state.txnid < last.state || self->code.txnid < last.code)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "database %s is damaged: commit %llu was the last, but the files end with %llu",
            self->folder.path,
            (unsigned long long)(self->state.txnid < last.state ? last.state : last.code),
            (unsigned long long)(self->state.txnid < last.state ? self->state.txnid
                                                                : self->code.txnid));
    return AETHER_OK;
}

static void note_last(aether_database *self) {
    ae_folder_write_last(
        &self->folder, (ae_last){.state = self->state.txnid, .code = self->code.txnid});
}

static aether_status open_environments(
    aether_database *self, ae_environment_options *options, aether_error *err) {
    ae_last last = {0};
    const bool has_last = ae_folder_read_last(&self->folder, &last);
    if (!options->is_read_only) {
        AE_TRY(ae_folder_make(&self->folder, AE_FOLDER_CODE, err));
        AE_TRY(ae_folder_make(&self->folder, AE_FOLDER_STATE, err));
    }
    // Code first: once state/data.mdb is there, so is all else.
    options->was_finished = has_last;
    options->has_code = true;
    options->name = AE_FOLDER_CODE;
    AE_TRY(ae_environment_open(&self->code, options, err));
    options->has_code = false;
    options->name = AE_FOLDER_STATE;
    AE_TRY(ae_environment_open(&self->state, options, err));
    if (has_last)
        return check_last(self, last, err);
    if (options->is_read_only)
        return AETHER_OK;
    AE_TRY(ae_folder_sync(&self->folder, err));
    note_last(self);
    return AETHER_OK;
}

static uint64_t map_len_of(const aether_database_options *options) {
    const uint64_t wanted = options != NULL ? options->map_len : 0;
    const uint64_t len = wanted == 0            ? MAP_LEN_DEFAULT
                         : wanted < MAP_LEN_MIN ? MAP_LEN_MIN
                                                : wanted;
    return (len + AE_PAGE_LEN_MAX - 1) / AE_PAGE_LEN_MAX * AE_PAGE_LEN_MAX;
}

aether_status ae_database_open_with(const char *path, const aether_database_options *options,
    uint64_t all_pages_len_max, aether_database **out_database, aether_error *err) {
    ae_environment_options common = {.path = path,
        .map_len = map_len_of(options),
        .all_pages_len_max = all_pages_len_max,
        .is_read_only = options != NULL && options->is_read_only};
    aether_database *self = ae_alloc(1, sizeof *self);
    if (self == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "database: no memory to open it");
    aether_status status = ae_folder_open(
        &self->folder, path, options != NULL && options->must_exist, common.is_read_only, err);
    if (status == AETHER_OK)
        status = open_environments(self, &common, err);
    if (status != AETHER_OK) {
        aether_database_close(self);
        return status;
    }
    *out_database = self;
    return AETHER_OK;
}

aether_status aether_database_open(const char *path, const aether_database_options *options,
    aether_database **out_database, aether_error *err) {
    AE_CHECK_ARG(path != NULL && path[0] != '\0', err);
    AE_CHECK_ARG(out_database != NULL, err);
    AE_CHECK_ARG(options == NULL || options->struct_size >= sizeof *options, err);
    return ae_database_open_with(path, options, AE_ALL_PAGES_LEN_MAX, out_database, err);
}

void aether_database_close(aether_database *database) {
    if (database == NULL)
        return;
    ae_environment_close(&database->state);
    ae_environment_close(&database->code);
    ae_folder_close(&database->folder); // the lock goes last
    ae_free(database);
}

/* Reading. */

static ae_environment *environment_of(aether_database *self, ae_group group) {
    return group == AE_GROUP_CODE ? &self->code : &self->state;
}

static aether_status database_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    if (key.len == 0 || key.len > AETHER_STORE_KEY_LEN_MAX) {
        *out_found = false;
        return AETHER_OK;
    }
    const ae_group group = ae_group_of(key.data[0]);
    return ae_environment_get(environment_of(user, group), group, key, out_value, out_found, err);
}

// Groups follow each other as their keys do, so that a neighbour is in the first group from there that has one.
static aether_status database_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    *out_found = false;
    if (prefix.len > AETHER_STORE_KEY_LEN_MAX || after.len > AETHER_STORE_KEY_LEN_MAX)
        return ae_fail(err, AETHER_STORAGE_FAILED, "database: a key of %zu bytes, at most %d",
            prefix.len > after.len ? prefix.len : after.len, AETHER_STORE_KEY_LEN_MAX);
    const ae_wanted wanted = {.prefix = prefix, .after = after, .is_descending = descending};
    int group = descending ? AE_GROUP_COUNT - 1 : 0;
    if (after.len != 0 || prefix.len != 0)
        group = (int)ae_group_of(after.len != 0 ? after.data[0] : prefix.data[0]);
    const int step = descending ? -1 : 1;
    for (; group >= 0 && group < AE_GROUP_COUNT && !*out_found; group += step) {
        ae_environment *environment = environment_of(user, (ae_group)group);
        AE_TRY(ae_environment_next(environment, (ae_group)group, &wanted, out_key, out_found, err));
        if (prefix.len != 0)
            break;
    }
    return AETHER_OK;
}

aether_store aether_database_store(aether_database *database) {
    return (aether_store){.user = database, .get = database_get, .next = database_next};
}

/* Writing. */

typedef struct batch_kinds {
    bool has_state;
    bool has_new_code;
    bool has_removed_code;
} batch_kinds;

static aether_status check_changes(const aether_database *self, const aether_change *changes,
    size_t count, batch_kinds *out_kinds, aether_error *err) {
    for (size_t i = 0; i < count; i++) {
        const aether_change *it = &changes[i];
        const aether_bytes value = it->is_removed ? (aether_bytes){0} : it->value;
        if (it->key.len == 0 || it->key.len > AETHER_STORE_KEY_LEN_MAX)
            return ae_fail(err, AETHER_INVALID_ARGUMENT,
                "database: key of change %zu has %zu bytes, need 1 to %d", i, it->key.len,
                AETHER_STORE_KEY_LEN_MAX);
        if (value.len > VALUE_LEN_MAX)
            return ae_fail(err, AETHER_INVALID_ARGUMENT,
                "database: value of change %zu has %zu bytes, at most %llu", i, value.len,
                (unsigned long long)VALUE_LEN_MAX);
        // The map may have to move before they are copied.
        if (ae_environment_owns(&self->state, it->key) ||
            ae_environment_owns(&self->state, value) || ae_environment_owns(&self->code, it->key) ||
            ae_environment_owns(&self->code, value))
            return ae_fail(err, AETHER_INVALID_ARGUMENT,
                "database: change %zu is made of what the store handed out; copy it first", i);
        if (it->key.data[0] != AETHER_STORE_KIND_CODE)
            out_kinds->has_state = true;
        else if (it->is_removed)
            out_kinds->has_removed_code = true;
        else
            out_kinds->has_new_code = true;
    }
    return AETHER_OK;
}

// Code comes before the state that speaks of it and goes after it: what a crash between leaves is code that nothing
// speaks of. So a removal that fails is no failure.
static aether_status write_batch(aether_database *self, const aether_change *changes, size_t count,
    batch_kinds kinds, aether_error *err) {
    if (kinds.has_new_code)
        AE_TRY(ae_environment_write(&self->code, changes, count, AE_WRITE_NEW_CODE, err));
    if (kinds.has_state)
        AE_TRY(ae_environment_write(&self->state, changes, count, AE_WRITE_STATE, err));
    if (!kinds.has_removed_code)
        return AETHER_OK;
    const aether_status status =
        ae_environment_write(&self->code, changes, count, AE_WRITE_CODE, err);
    return kinds.has_state ? AETHER_OK : status;
}

aether_status aether_database_apply(
    aether_database *database, const aether_change *changes, size_t count, aether_error *err) {
    batch_kinds kinds = {0};
    AE_CHECK_ARG(database != NULL, err);
    AE_CHECK_ARG(changes != NULL || count == 0, err);
    if (database->folder.is_read_only)
        return ae_fail(
            err, AETHER_WRONG_STATE, "database %s: opened read only", database->folder.path);
    AE_TRY(check_changes(database, changes, count, &kinds, err));
    if (count == 0)
        return AETHER_OK;
    const aether_status status = write_batch(database, changes, count, kinds, err);
    if (status == AETHER_OK)
        note_last(database);
    return status;
}

/* Looking after. */

aether_status aether_database_get_info(
    aether_database *database, aether_database_info *out_info, aether_error *err) {
    AE_CHECK_ARG(database != NULL, err);
    AE_CHECK_ARG(out_info != NULL, err);
    aether_database_info info = {.map_len = database->state.map_len + database->code.map_len};
    AE_TRY(ae_environment_measure(
        &database->state, &info.file_len, &info.used_len, &info.records, err));
    AE_TRY(ae_environment_measure(
        &database->code, &info.file_len, &info.used_len, &info.records, err));
    *out_info = info;
    return AETHER_OK;
}

aether_status aether_database_check(aether_database *database, aether_error *err) {
    AE_CHECK_ARG(database != NULL, err);
    AE_TRY(ae_environment_check(&database->state, err));
    return ae_environment_check(&database->code, err);
}
