/* What the tests of the store share: folders that go away, and databases that open.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STORE_TEST_DATABASE_H
#define AE_STORE_TEST_DATABASE_H

#include "base/bytes.h"
#include "store/database.h"

#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEST_PATH_MAX = 256 };

/* A new, empty folder; in memory where that is possible. */
static inline void test_folder_make(char *out) {
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(out, TEST_PATH_MAX, "%s/aether-store-XXXXXX", base);
    CHECK(mkdtemp(out) != NULL);
}

static inline void test_path(char *out, const char *folder, const char *name) {
    CHECK((size_t)snprintf(out, TEST_PATH_MAX, "%s/%s", folder, name) < TEST_PATH_MAX);
}

static inline void test_folder_remove(const char *folder) {
    static const char *const names[] = {
        "state/data.mdb", "code/data.mdb", "state", "code", "LOCK", "LAST", ""};
    char path[TEST_PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        test_path(path, folder, names[i]);
        if (unlink(path) != 0)
            (void)rmdir(path);
    }
}

static inline uint64_t test_file_len(const char *folder, const char *name) {
    char path[TEST_PATH_MAX];
    struct stat about;
    test_path(path, folder, name);
    CHECK(stat(path, &about) == 0);
    return (uint64_t)about.st_size;
}

static inline aether_database *test_open_with(
    const char *folder, uint64_t map_len, bool is_read_only) {
    aether_error err;
    aether_database *database = NULL;
    const aether_database_options options = {
        .struct_size = sizeof options, .map_len = map_len, .is_read_only = is_read_only};
    CHECK_OK(aether_database_open(folder, &options, &database, &err));
    return database;
}

static inline aether_database *test_open(const char *folder) {
    return test_open_with(folder, 1u << 24, false);
}

static inline aether_change test_write(const char *key, const char *value) {
    return (aether_change){.key = ae_bytes_of(key), .value = ae_bytes_of(value)};
}

/* "(absent)" if it is. */
static inline aether_bytes test_value(aether_database *database, const char *key) {
    aether_error err;
    aether_bytes value = {0};
    bool found = false;
    const aether_store store = aether_database_store(database);
    CHECK_OK(store.get(store.user, ae_bytes_of(key), &value, &found, &err));
    return found ? value : ae_bytes_of("(absent)");
}

#endif
