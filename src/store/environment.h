/* An LMDB environment: one folder with one file, and in it a tree for each group of kinds.
 *
 * Opened without LMDB's own locks (MDB_NOLOCK): the folder's flock lets in one writer or several readers, never both, so
 * there is no table of readers, nothing stale in it, and no lock file. One read transaction is kept, and renewed after
 * each write. Default sync: a commit is pages, fdatasync, then the meta page through a descriptor that syncs itself.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STORE_ENVIRONMENT_H
#define AE_STORE_ENVIRONMENT_H

#include "store/pages.h"

#include <aether/store.h>

#include <lmdb.h>

/* Groups of kinds in the order of their keys. Kinds that are not defined yet go with the one below. */
typedef enum ae_group {
    AE_GROUP_ACCOUNTS,          /* 0x00 and 0x01 */
    AE_GROUP_STORAGE,           /* 0x02 */
    AE_GROUP_RECORDS,           /* 0x03 to 0x0f */
    AE_GROUP_CODE,              /* 0x10: in an environment of its own */
    AE_GROUP_APPLICATION_PAGES, /* 0x11 */
    AE_GROUP_STORAGE_PAGES,     /* 0x12 */
    AE_GROUP_UNDO,              /* 0x13 */
    AE_GROUP_HEAD,              /* 0x14 to 0x7f */
    AE_GROUP_EMBEDDER,          /* 0x80 to 0xff */
    AE_GROUP_COUNT,
} ae_group;

ae_group ae_group_of(uint8_t kind);

/* A tree and where its cursor stands. */
typedef struct ae_place {
    MDB_dbi tree;
    MDB_cursor *cursor;
    MDB_val at;     /* the key that it stands at */
    bool is_fresh;  /* the cursor is of the read transaction as it is now */
    bool is_placed; /* `at` holds */
} ae_place;

typedef struct ae_environment {
    MDB_env *native;
    MDB_txn *read;
    MDB_dbi main; /* the tree of trees */
    char *folder;
    char *file; /* its name, for messages */
    ae_place places[AE_GROUP_COUNT];
    const uint8_t *map;
    uint64_t used_len; /* bytes of the map that the state reaches to */
    uint64_t map_len;
    uint64_t txnid; /* of the last commit */
    uint32_t page_len;
    bool has_code; /* only AE_GROUP_CODE; or all others */
    bool is_read_only;
    bool is_reading;  /* the read transaction stands */
    bool grows_ahead; /* true; for tests: false leaves growing to MDB_MAP_FULL */
} ae_environment;

typedef struct ae_environment_options {
    const char *path; /* of the database */
    const char *name; /* of the environment's folder in it, which exists */
    uint64_t map_len;
    uint64_t all_pages_len_max; /* a file up to here is read as a whole when it is opened */
    bool has_code;
    bool is_read_only;
    bool was_finished; /* its making is known to have ended */
} ae_environment_options;

/* Walk the pages, then open or make. Returns OK; STORAGE_DAMAGED, STORAGE_FAILED, OUT_OF_MEMORY: nothing is held. */
aether_status ae_environment_open(
    ae_environment *self, const ae_environment_options *options, aether_error *err);

/* Zeroed memory is fine. */
void ae_environment_close(ae_environment *self);

/* key.len is not 0. As aether_store.get. */
aether_status ae_environment_get(ae_environment *self, ae_group group, aether_bytes key,
    aether_bytes *out_value, bool *out_found, aether_error *err);

/* Where to look for a neighbour: as the parameters of aether_store.next. `after` may lie in another group. */
typedef struct ae_wanted {
    aether_bytes prefix;
    aether_bytes after;
    bool is_descending;
} ae_wanted;

aether_status ae_environment_next(ae_environment *self, ae_group group, const ae_wanted *wanted,
    aether_bytes *out_key, bool *out_found, aether_error *err);

/* Which changes of a batch a transaction takes. */
typedef enum ae_write_mode {
    AE_WRITE_STATE,    /* all but code */
    AE_WRITE_NEW_CODE, /* code that comes, not what is removed */
    AE_WRITE_CODE,     /* all of code */
} ae_write_mode;

/* One durable transaction; the map grows as needed. The batch's bytes are not of the map.
 * Returns OK; a fault: the state is as before. */
aether_status ae_environment_write(ae_environment *self, const aether_change *changes, size_t count,
    ae_write_mode mode, aether_error *err);

/* Whether bytes lie in the map. */
bool ae_environment_owns(const ae_environment *self, aether_bytes bytes);

/* Add what the environment takes. */
aether_status ae_environment_measure(ae_environment *self, uint64_t *file_len, uint64_t *used_len,
    uint64_t *records, aether_error *err);

/* Walk all pages and read every record. */
aether_status ae_environment_check(ae_environment *self, aether_error *err);

#endif
