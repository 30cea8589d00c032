/* F9: whatever byte of a database's files is another one, no read gives a wrong value, and what can't be read is found.
 * Method: a small database whose free pages hold old records with good checksums; each byte of both files changed in
 * turn, in two ways, in a child process; every record read by its key and by walking. Once with files walked as a whole
 * when they are opened, once as for files too long for that. */
#define _DEFAULT_SOURCE 1 // MAP_ANONYMOUS
#include "store/test_database.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { RECORDS = 120, VALUE_MAX = 3000, BATCHES = 6, FILE_LEN_MAX = 1 << 20, CHUNK = 4096 };

typedef struct content {
    uint8_t keys[RECORDS][4];
    uint8_t values[RECORDS][VALUE_MAX];
    aether_change changes[RECORDS];
} content;

/* What became of the changed bytes; shared with the children. */
typedef struct totals {
    uint64_t at; // the trial that runs
    uint64_t trials;
    uint64_t refused;      // when opened
    uint64_t right;        // every record
    uint64_t right_caught; // of these: the check finds the change
    uint64_t faults;       // some reads fail, the others are right
    uint64_t missing;      // records are not found, and the check says so
    uint64_t stale;        // an old value: never where all pages are walked
    uint64_t killed;       // by a signal: counts as reported
} totals;

static content *all;

// Batch b writes every record anew but those of code, and takes some away that a later one brings back.
static void make_content(uint8_t batch) {
    static const uint8_t kinds[] = {1, 2, 2, 3, 4, 0x10, 0x11, 0x12, 0x13, 0x14, 0x80};
    for (size_t i = 0; i < RECORDS; i++) {
        const uint8_t kind = kinds[i % sizeof kinds];
        const uint8_t key[] = {kind, (uint8_t)(i * 37), (uint8_t)i, 0};
        memcpy(all->keys[i], key, sizeof key);
        const size_t len = i % 40 == 39 ? VALUE_MAX : i % 30;
        memset(all->values[i], kind == 0x10 ? (int)i : (int)i + batch, len);
        all->changes[i] = (aether_change){.key = ae_bytes(all->keys[i], sizeof key),
            .value = ae_bytes(all->values[i], len),
            .is_removed = batch + 1 < BATCHES && (i + batch) % 5 == 0};
    }
}

static void make_database(const char *folder) {
    aether_error err;
    all = all != NULL ? all : calloc(1, sizeof *all);
    CHECK(all != NULL);
    aether_database *database = test_open(folder);
    for (uint8_t batch = 0; batch < BATCHES; batch++) {
        make_content(batch);
        CHECK_OK(aether_database_apply(database, all->changes, RECORDS, &err));
    }
    CHECK_OK(aether_database_check(database, &err));
    aether_database_close(database);
}

static const aether_change *expected_of(aether_bytes key) {
    for (size_t i = 0; i < RECORDS; i++)
        if (ae_bytes_equal(all->changes[i].key, key))
            return &all->changes[i];
    return NULL;
}

typedef struct reading {
    uint64_t faults;
    uint64_t missing;
    uint64_t stale;
} reading;

static bool is_fault(aether_status status) {
    return status == AETHER_STORAGE_DAMAGED || status == AETHER_STORAGE_FAILED;
}

static void read_by_key(aether_store store, reading *out) {
    for (size_t i = 0; i < RECORDS; i++) {
        aether_error err;
        aether_bytes value;
        bool found = false;
        const aether_status status =
            store.get(store.user, all->changes[i].key, &value, &found, &err);
        CHECK(status == AETHER_OK || is_fault(status));
        out->faults += status != AETHER_OK;
        out->missing += status == AETHER_OK && !found;
        out->stale += status == AETHER_OK && found && !ae_bytes_equal(value, all->changes[i].value);
    }
}

// Keys that come must be ours, in order, and none twice.
static void read_in_order(aether_store store, bool descending, reading *out) {
    uint8_t copy[AETHER_STORE_KEY_LEN_MAX];
    aether_bytes at = {0};
    uint64_t seen = 0;
    for (;;) {
        aether_error err;
        aether_bytes key;
        bool found = false;
        const aether_status status =
            store.next(store.user, ae_bytes(NULL, 0), at, descending, &key, &found, &err);
        CHECK(status == AETHER_OK || is_fault(status));
        if (status != AETHER_OK) {
            out->faults++;
            return;
        }
        if (!found)
            break;
        CHECK(expected_of(key) != NULL);
        CHECK(at.len == 0 || (ae_bytes_compare(key, at) > 0) != descending);
        memcpy(copy, key.data, key.len);
        at = ae_bytes(copy, key.len);
        seen++;
    }
    out->missing += RECORDS - seen;
}

static void run_trial(const char *folder, uint64_t all_pages_len_max, totals *sums) {
    aether_error err;
    aether_database *database = NULL;
    const aether_database_options options = {
        .struct_size = sizeof options, .is_read_only = true, .map_len = 1u << 22};
    const aether_status status =
        ae_database_open_with(folder, &options, all_pages_len_max, &database, &err);
    if (status != AETHER_OK) {
        CHECK(is_fault(status));
        sums->refused++;
        return;
    }
    reading found = {0};
    read_by_key(aether_database_store(database), &found);
    read_in_order(aether_database_store(database), false, &found);
    read_in_order(aether_database_store(database), true, &found);
    const aether_status checked = aether_database_check(database, &err);
    CHECK(checked == AETHER_OK || is_fault(checked));
    if (found.faults != 0 || found.missing != 0 || found.stale != 0)
        CHECK(is_fault(checked));
    sums->stale += found.stale != 0;
    CHECK(found.stale == 0 || all_pages_len_max == 0);
    sums->faults += found.faults != 0 && found.stale == 0;
    sums->missing += found.faults + found.stale == 0 && found.missing != 0;
    sums->right += found.faults + found.missing + found.stale == 0;
    sums->right_caught += found.faults + found.missing + found.stale == 0 && checked != AETHER_OK;
    aether_database_close(database);
}

typedef struct campaign {
    const char *folder;
    int file;
    uint64_t file_len;
    uint64_t all_pages_len_max;
    uint64_t step;
    uint8_t mask;
    totals *sums;
} campaign;

static void run_chunk(const campaign *self, const uint8_t *bytes, uint64_t end) {
    for (; self->sums->at < end; self->sums->at += self->step) {
        const uint64_t at = self->sums->at;
        const uint8_t changed = bytes[at] ^ self->mask;
        CHECK(pwrite(self->file, &changed, 1, (off_t)at) == 1);
        self->sums->trials++;
        run_trial(self->folder, self->all_pages_len_max, self->sums);
        CHECK(pwrite(self->file, &bytes[at], 1, (off_t)at) == 1);
    }
}

// A failed check ends a child with SIGABRT as a false assertion of LMDB does, so the child says which it was: a check
// prints, and the parent looks for what it printed.
static void run_campaign(const campaign *self) {
    static uint8_t bytes[FILE_LEN_MAX];
    CHECK(self->file_len <= sizeof bytes);
    CHECK(pread(self->file, bytes, self->file_len, 0) == (ssize_t)self->file_len);
    self->sums->at = 0;
    while (self->sums->at < self->file_len) {
        uint64_t end = self->sums->at + CHUNK * self->step;
        end = end < self->file_len ? end : self->file_len;
        char text[512] = "";
        int ends[2], how = 0;
        CHECK(pipe(ends) == 0);
        const pid_t child = fork();
        if (child == 0) {
            const struct rlimit none = {0, 0};
            setrlimit(RLIMIT_CORE, &none);
            dup2(ends[1], STDERR_FILENO);
            run_chunk(self, bytes, end);
            _exit(0);
        }
        close(ends[1]);
        for (ssize_t got = 1, len = 0; got > 0 && (size_t)len < sizeof text - 1; len += got)
            got = read(ends[0], text + len, sizeof text - 1 - (size_t)len);
        close(ends[0]);
        CHECK(waitpid(child, &how, 0) == child);
        if (how == 0)
            continue;
        const uint64_t at = self->sums->at;
        CHECK(pwrite(self->file, &bytes[at], 1, (off_t)at) == 1);
        const bool is_sanitizers = strstr(text, "DEADLYSIGNAL") != NULL; // which catches signals
        if (!is_sanitizers && (!WIFSIGNALED(how) || strstr(text, "damage_test.c") != NULL))
            test_fail(__FILE__, __LINE__, "byte %llu changed by %02x: status %x\n%s",
                (unsigned long long)at, self->mask, (unsigned)how, text);
        self->sums->killed++;
        self->sums->at += self->step;
    }
}

// AETHER_FLIP_STEP: every so many bytes; 1 for a campaign.
static uint64_t step_of(uint64_t usual) {
    const char *text = getenv("AETHER_FLIP_STEP");
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void run_file(const char *name, uint64_t all_pages_len_max, uint64_t step, uint8_t mask) {
    char folder[TEST_PATH_MAX], path[TEST_PATH_MAX];
    test_folder_make(folder);
    make_database(folder);
    totals *sums =
        mmap(NULL, sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(sums != MAP_FAILED);
    test_path(path, folder, name);
    campaign it = {.folder = folder,
        .file = open(path, O_RDWR),
        .file_len = test_file_len(folder, name),
        .all_pages_len_max = all_pages_len_max,
        .step = step_of(step),
        .sums = sums};
    it.mask = mask;
    run_campaign(&it);
    printf(
        "f9 %s, %llu bytes ^ %02x, %llu trials: %llu refused when opened, %llu with faults, %llu with missing records "
        "that the check found, %llu right (%llu of them found by the check), %llu with an old value that the check "
        "found, %llu killed\n",
        name, (unsigned long long)it.file_len, mask, (unsigned long long)sums->trials,
        (unsigned long long)sums->refused, (unsigned long long)sums->faults,
        (unsigned long long)sums->missing, (unsigned long long)sums->right,
        (unsigned long long)sums->right_caught, (unsigned long long)sums->stale,
        (unsigned long long)sums->killed);
    CHECK_U64(
        sums->refused + sums->faults + sums->missing + sums->right + sums->stale + sums->killed,
        sums->trials);
    CHECK(sums->refused != 0 && sums->right != 0);
    CHECK(all_pages_len_max == 0 || sums->killed == 0);
    close(it.file);
    test_folder_remove(folder);
}

static void f9_every_byte_of_state_inverted(void) {
    run_file("state/data.mdb", AE_ALL_PAGES_LEN_MAX, 1, 0xff);
}

static void f9_every_byte_of_state_with_one_bit_flipped(void) {
    run_file("state/data.mdb", AE_ALL_PAGES_LEN_MAX, 1, 0x01);
}

static void f9_every_byte_of_code_inverted(void) {
    run_file("code/data.mdb", AE_ALL_PAGES_LEN_MAX, 1, 0xff);
}

static void f9_every_byte_of_code_with_one_bit_flipped(void) {
    run_file("code/data.mdb", AE_ALL_PAGES_LEN_MAX, 1, 0x01);
}

static void f9_bytes_of_state_whose_leaves_are_not_walked(void) {
    run_file("state/data.mdb", 0, 5, 0xff);
    run_file("state/data.mdb", 0, 5, 0x01);
}

TEST_MAIN(TEST(f9_every_byte_of_state_inverted) TEST(f9_every_byte_of_state_with_one_bit_flipped)
        TEST(f9_every_byte_of_code_inverted) TEST(f9_every_byte_of_code_with_one_bit_flipped)
            TEST(f9_bytes_of_state_whose_leaves_are_not_walked))
