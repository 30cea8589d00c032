/* The folder of a database: who may use it, and what was committed last.
 *
 *   LOCK   flock: exclusive for who writes, shared for who reads. The pid of who writes, as text, for messages
 *   LAST   32 bytes: a mark, the numbers of the last commits of both environments, a checksum. Written after each
 *          commit and not synced: absent, old or torn it says nothing, but files below it have lost a commit
 *   state/ code/   LMDB environments: environment.h
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STORE_FOLDER_H
#define AE_STORE_FOLDER_H

#include <aether/status.h>

#include <stdbool.h>
#include <stdint.h>

#define AE_FOLDER_STATE "state"
#define AE_FOLDER_CODE "code"

typedef struct ae_folder {
    char *path;
    int folder_file;
    int lock_file;
    int last_file; /* -1: none yet */
    bool is_read_only;
} ae_folder;

/* The last commits' numbers. */
typedef struct ae_last {
    uint64_t state;
    uint64_t code;
} ae_last;

/* Make the folder if there is none and lock it.
 *  must_exist  INVALID_ARGUMENT if no database is there
 * Returns OK, INVALID_ARGUMENT, STORAGE_FAILED, OUT_OF_MEMORY; not OK: nothing is held. */
aether_status ae_folder_open(
    ae_folder *self, const char *path, bool must_exist, bool is_read_only, aether_error *err);

/* Zeroed memory is fine. */
void ae_folder_close(ae_folder *self);

/* Make state/ or code/, if it is not there. */
aether_status ae_folder_make(ae_folder *self, const char *name, aether_error *err);

/* False: it says nothing. */
bool ae_folder_read_last(const ae_folder *self, ae_last *out);

/* Best effort. */
void ae_folder_write_last(ae_folder *self, ae_last last);

/* What was made in the folder is on the disk: a database's making is over. */
aether_status ae_folder_sync(ae_folder *self, aether_error *err);

/* What a user can do about an errno: "; free some space and try again", or "". */
const char *ae_folder_advice(int error);

/* Whether a file system's type (f_type of statfs) is one where other machines or programs may change mapped files
 * behind our back, or where locks are not dependable. */
bool ae_folder_is_remote(uint64_t type);

#endif
