/* The inside of a database, for its own tests.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STORE_DATABASE_INTERNAL_H
#define AE_STORE_DATABASE_INTERNAL_H

#include "store/environment.h"
#include "store/folder.h"

#include <aether/database.h>

/* Files up to here are walked as a whole when they are opened, in some tens of milliseconds. */
#define AE_ALL_PAGES_LEN_MAX (64ull << 20)

struct aether_database {
    ae_folder folder;
    ae_environment state;
    ae_environment code;
};

/* aether_database_open, but with the greatest length of a file that is walked as a whole. */
aether_status ae_database_open_with(const char *path, const aether_database_options *options,
    uint64_t all_pages_len_max, aether_database **out_database, aether_error *err);

#endif
