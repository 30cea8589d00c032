/**
 * A database: a store (store.h) in a folder, which survives crashes and power cuts. LMDB inside.
 *
 * A batch is applied in one durable write transaction: after aether_database_apply returns, a power cut loses
 * nothing; before, it leaves exactly the state before. Every record carries a checksum over its key and value,
 * checked when it is read, so that a rotten value is a fault and never a wrong value.
 *
 * One process at a time opens a database for writing, or any number for reading, held by flock: a process that was
 * killed leaves no lock behind. Never fork while one is open. Files, promises, backups: docs/database.md.
 *
 * Life: aether_database_open → aether_database_store, aether_database_apply … → aether_database_close.
 * Thread safety: one-at-a-time, apply on any one thread.
 */
#ifndef AETHER_DATABASE_H
#define AETHER_DATABASE_H

#include <aether/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aether_database aether_database;

typedef struct aether_database_options {
    uint32_t struct_size; /**< sizeof(aether_database_options) */
    bool must_exist;      /**< INVALID_ARGUMENT where there is no database, instead of making one */
    bool is_read_only;    /**< takes a shared lock; apply is WRONG_STATE */
    uint64_t
        map_len; /**< bytes of address space of each of its two files to begin with; 0: 1 GiB. Grows by
                      itself before a batch that needs it. Takes no memory and no disk */
} aether_database_options;

/**
 * Open a database, or make one.
 *
 * @param path          a folder; made with mode 0700 if there is none (its parent must exist). Copied
 * @param options       NULL for the defaults; borrowed during the call
 * @param out_database  the caller closes it
 * @return OK
 * @return INVALID_ARGUMENT  must_exist or is_read_only, and no database is there
 * @return STORAGE_FAILED    fault: held by another process, no right, no space, not a local file system, the
 *                           folder holds something else; the message says which and what to do
 * @return STORAGE_DAMAGED   fault: the files are not what was written
 * @return OUT_OF_MEMORY
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_database_open(const char *path,
    const aether_database_options *options, aether_database **out_database, aether_error *err);

/** Close, after the chain that reads it; every batch is on the disk already. NULL is a no-op. */
AETHER_API void aether_database_close(aether_database *database);

/** The read interface, as long as the database is open: the state after the last batch. What it hands out is valid
 *  until the next call of one of its functions or of apply. Functions return STORAGE_FAILED, or STORAGE_DAMAGED for a
 *  record that is not what was written. */
AETHER_API aether_store aether_database_store(aether_database *database);

/**
 * Apply a batch, durably and atomically. Keys need not be sorted, but sorted ones are faster. The one exception is code
 * (AETHER_STORE_KIND_CODE), which is named by its hash: it is written before the rest and removed after it, so that a crash
 * or a failure between can leave code that nothing speaks of.
 *
 * @param changes  `count` entries, of two with one key the later wins; borrowed during the call. A batch of the library
 *                 never has bytes that the store handed out
 * @return OK                it is on the disk
 * @return INVALID_ARGUMENT  a key is empty or too long, a value over 1 GiB, or bytes are what the store handed out; nothing
 *                           was applied
 * @return WRONG_STATE       opened read only
 * @return STORAGE_FAILED    fault: no space, an I/O error; the state is as before, on the disk too, and the database
 *                           can be used on. Only if the message says that how a commit ended is not known, close it and
 *                           open it again: it holds the state before or the one after
 * @return OUT_OF_MEMORY     fault: the state is as before
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_database_apply(
    aether_database *database, const aether_change *changes, size_t count, aether_error *err);

/** What a database takes. */
typedef struct aether_database_info {
    uint64_t file_len; /**< bytes of its files */
    uint64_t used_len; /**< bytes of pages in use */
    uint64_t map_len;  /**< bytes of address space */
    uint64_t records;  /**< of all kinds */
} aether_database_info;

/** @return OK, INVALID_ARGUMENT, STORAGE_FAILED */
AETHER_API AETHER_MUST_CHECK aether_status aether_database_get_info(
    aether_database *database, aether_database_info *out_info, aether_error *err);

/**
 * Check the files: every page is used once or free, every record's checksum, the order of keys. For what the state
 * means see aether_chain_check.
 *
 * @return OK; INVALID_ARGUMENT; STORAGE_DAMAGED: the first thing that is wrong, and where; STORAGE_FAILED, OUT_OF_MEMORY
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_database_check(
    aether_database *database, aether_error *err);

#ifdef __cplusplus
}
#endif

#endif
