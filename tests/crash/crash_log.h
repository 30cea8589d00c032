/* What the recorder writes and the checker reads: entries one after the other, each followed by its path and data. */
#ifndef AE_TESTS_CRASH_LOG_H
#define AE_TESTS_CRASH_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CRASH_WRITE = 1,
    CRASH_TRUNCATE,
    CRASH_SYNC,
    CRASH_CREATE,
    CRASH_REMOVE,
    CRASH_FOLDER,
    CRASH_IS_SYNCED = 1, /* flag: the write returns when it is on the disk */
    CRASH_PATH_MAX = 512,
};

typedef struct crash_entry {
    uint32_t kind;
    uint32_t path_len;
    uint32_t flags;
    uint32_t unused;
    uint64_t at;  /* offset of a write, new length of a truncation */
    uint64_t len; /* of a write */
} crash_entry;

#endif
