// The database: reads, walking, and durable batches of the size that 10,000 transfers make.
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    RECORDS = 1000000,
    BATCH = 20000,
    SMALL = 5,
    KEY_LEN = 65, // a kind, an address, 32 bytes
    VALUE_LEN = 32,
    GETS = 100000,
    SCANNED = 300000,
    COMMITS = 7,
    SMALL_COMMITS = 40,
    FOLDER_MAX = 64,
};

typedef struct records {
    aether_database *database;
    aether_change *changes;
    uint8_t *keys;
    uint64_t random;
    size_t count; // of a batch
} records;

static uint64_t next_random(records *self) {
    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    return self->random;
}

// Keys are spread as hashes are, and found again by their number.
static void make_key(uint64_t number, uint8_t *out) {
    uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15u;
    memset(out, 7, KEY_LEN);
    out[0] = AETHER_STORE_KIND_STORAGE;
    memcpy(out + 33, &mixed, sizeof mixed);
    memcpy(out + 41, &number, sizeof number);
}

static int is_after(const void *a, const void *b) {
    return memcmp(
        ((const aether_change *)a)->key.data, ((const aether_change *)b)->key.data, KEY_LEN);
}

static bool apply(records *self, size_t count, uint64_t first, bool is_random) {
    static uint8_t value[VALUE_LEN];
    aether_error err;
    for (size_t i = 0; i < count; i++) {
        uint8_t *key = self->keys + i * KEY_LEN;
        make_key(is_random ? next_random(self) % RECORDS : first + i, key);
        self->changes[i] = (aether_change){
            .key = {.data = key, .len = KEY_LEN}, .value = {.data = value, .len = VALUE_LEN}};
    }
    value[0]++;
    qsort(self->changes, count, sizeof *self->changes, is_after);
    return bench_ok(
        aether_database_apply(self->database, self->changes, count, &err), "apply", &err);
}

static bool run_gets(void *data) {
    records *self = data;
    const aether_store store = aether_database_store(self->database);
    for (int i = 0; i < GETS; i++) {
        uint8_t key[KEY_LEN];
        aether_bytes value;
        aether_error err;
        bool found;
        make_key(next_random(self) % RECORDS, key);
        if (!bench_ok(store.get(store.user, (aether_bytes){.data = key, .len = KEY_LEN}, &value,
                          &found, &err),
                "get", &err) ||
            !found)
            return false;
    }
    return true;
}

static bool run_scan(void *data) {
    const records *self = data;
    const aether_store store = aether_database_store(self->database);
    aether_bytes at = {0};
    for (int i = 0; i < SCANNED; i++) {
        aether_error err;
        bool found;
        const aether_bytes any = {0};
        if (!bench_ok(store.next(store.user, any, at, false, &at, &found, &err), "next", &err) ||
            !found)
            return false;
    }
    return true;
}

static uint64_t wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool measure_commits(const bench *self, records *all) {
    double cpu[SMALL_COMMITS], wall[SMALL_COMMITS];
    for (int i = 0; i < COMMITS; i++) {
        const uint64_t cpu_from = bench_now_ns(), wall_from = wall_ns();
        if (!apply(all, BATCH, 0, true))
            return false;
        cpu[i] = (double)(bench_now_ns() - cpu_from);
        wall[i] = (double)(wall_ns() - wall_from);
    }
    bench_print(self, "store_commit_20k", bench_median(cpu, COMMITS) * 1e-6, "ms", COMMITS);
    bench_print(self, "store_commit_20k_wall", bench_median(wall, COMMITS) * 1e-6, "ms", COMMITS);
    for (int i = 0; i < SMALL_COMMITS; i++) {
        const uint64_t from = wall_ns();
        if (!apply(all, SMALL, 0, true))
            return false;
        wall[i] = (double)(wall_ns() - from);
    }
    bench_print(self, "store_commit_small_wall", bench_median(wall, SMALL_COMMITS) * 1e-3, "us",
        SMALL_COMMITS);
    return true;
}

static bool measure(const bench *self, records *all) {
    aether_error err;
    aether_database_info info;
    for (uint64_t first = 0; first < RECORDS; first += 100000)
        if (!apply(all, 100000, first, false))
            return false;
    if (!bench_ok(aether_database_get_info(all->database, &info, &err), "get_info", &err))
        return false;
    bench_print(self, "store_bytes_per_record", (double)info.used_len / RECORDS, "B", 1);
    bench_piece pieces[] = {{.run = run_gets, .data = all}, {.run = run_scan, .data = all}};
    if (!bench_rounds(pieces, 2, COMMITS))
        return false;
    bench_print(self, "store_get_random_1m", bench_median(pieces[0].ns, COMMITS) / GETS * 1e-3,
        "us", COMMITS);
    bench_print(
        self, "store_scan_per_key", bench_median(pieces[1].ns, COMMITS) / SCANNED, "ns", COMMITS);
    return measure_commits(self, all);
}

static void remove_database(const char *folder) {
    static const char *const names[] = {
        "state/data.mdb", "code/data.mdb", "state", "code", "LOCK", "LAST", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[2 * FOLDER_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (unlink(path) != 0)
            (void)rmdir(path);
    }
}

// On the disk of /var/tmp, since /tmp may be memory.
static bool run(const bench *self) {
    char folder[FOLDER_MAX] = "/var/tmp/aether-bench-XXXXXX";
    records all = {.random = 88172645463325252u};
    aether_error err;
    if (mkdtemp(folder) == NULL)
        return bench_fail("store: no folder in /var/tmp");
    all.changes = calloc(100000, sizeof *all.changes);
    all.keys = malloc((size_t)100000 * KEY_LEN);
    const bool ok =
        all.changes != NULL && all.keys != NULL &&
        bench_ok(aether_database_open(folder, NULL, &all.database, &err), "open", &err) &&
        measure(self, &all);
    aether_database_close(all.database);
    free(all.changes);
    free(all.keys);
    remove_database(folder);
    return ok;
}

static const char *const names[] = {"store_bytes_per_record", "store_get_random_1m",
    "store_scan_per_key", "store_commit_20k", "store_commit_20k_wall", "store_commit_small_wall",
    NULL};

const bench_group bench_store = {.names = names, .run = run};
