/* The inside of a database; what aether/database.h declares is implemented over it.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STORE_DATABASE_H
#define AE_STORE_DATABASE_H

#include "store/environment.h"
#include "store/folder.h"

#include <aether/database.h>

/* Files up to here are walked as a whole when they are opened: half a second for each GiB in use. In greater ones a flipped
 * flag of a leaf page could lead LMDB to an old page; aether_database_check finds it. */
#define AE_ALL_PAGES_LEN_MAX (8ull << 30)

struct aether_database {
    ae_folder folder;
    ae_environment state;
    ae_environment code;
};

/* aether_database_open, but with the greatest length of a file that is walked as a whole. */
aether_status ae_database_open_with(const char *path, const aether_database_options *options,
    uint64_t all_pages_len_max, aether_database **out_database, aether_error *err);

#endif
