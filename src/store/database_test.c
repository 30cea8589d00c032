/* A database does what every store must, keeps what it was given, and refuses what it can't use.
 * Method: the conformance test; writing, closing and opening; folders made wrong in one way each. The rows F2 to F11 of
 * the table of what may go wrong with a disk are cases named f…; F1, F2 and F9 have tests of their own. */
#define _DEFAULT_SOURCE 1 // syscall
#include "store/test_database.h"

#include "base/alloc.h"

#include "harness/store_conformance.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* The C library's writing functions, as LMDB and the store see them: they do what they should, until told to fail. */
static struct {
    int error;       // what to fail with
    uint64_t after;  // this many more succeed
    bool is_lasting; // and everything from then on fails
    uint64_t count;  // calls so far
    bool is_short;   // a failing write writes half before
} fault = {.after = UINT64_MAX};

static bool fails_now(void) {
    fault.count++;
    if (fault.after != 0) {
        fault.after -= fault.after != UINT64_MAX;
        return false;
    }
    if (!fault.is_lasting)
        fault.after = UINT64_MAX;
    errno = fault.error;
    return true;
}

#define SEEN_BY_ALL __attribute__((visibility("default")))

SEEN_BY_ALL ssize_t pwrite(int file, const void *data, size_t len, off_t at) {
    if (!fails_now())
        return syscall(SYS_pwrite64, file, data, len, at);
    const int error = errno;
    const long half = fault.is_short ? syscall(SYS_pwrite64, file, data, len / 2, at) : 0;
    errno = error;
    return half > 0 && len > 1 && error == ENOSPC ? half : -1;
}

SEEN_BY_ALL ssize_t writev(int file, const struct iovec *pieces, int count) {
    return fails_now() ? -1 : syscall(SYS_writev, file, pieces, count);
}

SEEN_BY_ALL int fdatasync(int file) {
    return fails_now() ? -1 : (int)syscall(SYS_fdatasync, file);
}

static aether_store view_of(void *user) {
    return aether_database_store(user);
}

static aether_status apply_to(
    void *user, const aether_change *changes, size_t count, aether_error *err) {
    return aether_database_apply(user, changes, count, err);
}

static void apply(aether_database *database, const aether_change *changes, size_t count) {
    aether_error err;
    CHECK_OK(aether_database_apply(database, changes, count, &err));
}

static void check(aether_database *database) {
    aether_error err;
    CHECK_OK(aether_database_check(database, &err));
}

static aether_status open_status(const char *folder, aether_error *err) {
    aether_database *database = NULL;
    const aether_status status = aether_database_open(folder, NULL, &database, err);
    aether_database_close(database);
    return status;
}

static void conforms(void) {
    char folder[TEST_PATH_MAX];
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    const store_fixture fixture = {.user = database, .view = view_of, .apply = apply_to};
    store_conformance_run(&fixture);
    check(database);
    aether_database_close(database);
    test_folder_remove(folder);
}

// Also what lies in the environment of code, and a batch that does everything at once.
static void state_survives_closing(void) {
    char folder[TEST_PATH_MAX];
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    const aether_change first[] = {test_write("\x01"
                                              "a",
                                       "1"),
        test_write("\x10"
                   "code",
            "module"),
        test_write("\x02"
                   "b",
            ""),
        test_write("\x90"
                   "own",
            "2")};
    apply(database, first, 4);
    aether_database_close(database);
    database = test_open(folder);
    CHECK_BYTES(test_value(database, "\x01"
                                     "a"),
        ae_bytes_of("1"));
    CHECK_BYTES(test_value(database, "\x10"
                                     "code"),
        ae_bytes_of("module"));
    CHECK_BYTES(test_value(database, "\x02"
                                     "b"),
        ae_bytes_of(""));
    const aether_change second[] = {{.key = ae_bytes_of("\x10"
                                                        "code"),
                                        .is_removed = true},
        test_write("\x10"
                   "other",
            "x"),
        {.key = ae_bytes_of("\x10"
                            "other"),
            .is_removed = true},
        test_write("\x10"
                   "other",
            "y"),
        {.key = ae_bytes_of("\x01"
                            "a"),
            .is_removed = true}};
    apply(database, second, 5);
    aether_database_close(database);
    database = test_open_with(folder, 0, true);
    CHECK_BYTES(test_value(database, "\x10"
                                     "code"),
        ae_bytes_of("(absent)"));
    CHECK_BYTES(test_value(database, "\x10"
                                     "other"),
        ae_bytes_of("y"));
    CHECK_BYTES(test_value(database, "\x01"
                                     "a"),
        ae_bytes_of("(absent)"));
    CHECK_BYTES(test_value(database, "\x90"
                                     "own"),
        ae_bytes_of("2"));
    check(database);
    aether_database_close(database);
    test_folder_remove(folder);
}

static void info_counts_records_and_pages(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    aether_database_info before, after;
    CHECK_OK(aether_database_get_info(database, &before, &err));
    CHECK_U64(before.records, 0);
    static uint8_t big[100000];
    const aether_change changes[] = {test_write("\x01"
                                                "a",
                                         "1"),
        {.key = ae_bytes_of("\x10"
                            "b"),
            .value = ae_bytes(big, sizeof big)}};
    apply(database, changes, 2);
    CHECK_OK(aether_database_get_info(database, &after, &err));
    CHECK_U64(after.records, 2);
    CHECK(after.used_len >= before.used_len + sizeof big);
    CHECK(after.file_len >= after.used_len);
    CHECK_U64(after.map_len, 2u << 24);
    aether_database_close(database);
    test_folder_remove(folder);
}

static void read_only_database_is_shared_and_takes_no_batch(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    aether_database *database = NULL;
    aether_database_options options = {.struct_size = sizeof options, .is_read_only = true};
    CHECK_STATUS(aether_database_open(folder, &options, &database, &err), AETHER_INVALID_ARGUMENT);
    aether_database_close(test_open(folder));
    aether_database *first = test_open_with(folder, 0, true);
    aether_database *second = test_open_with(folder, 0, true);
    const aether_change change = test_write("a", "1");
    CHECK_STATUS(aether_database_apply(first, &change, 1, &err), AETHER_WRONG_STATE);
    CHECK_STATUS(open_status(folder, &err), AETHER_STORAGE_FAILED);
    CHECK(strstr(err.message, "a process reads it") != NULL);
    aether_database_close(first);
    aether_database_close(second);
    CHECK_OK(open_status(folder, &err));
    test_folder_remove(folder);
}

static void misuse_is_refused(void) {
    char folder[TEST_PATH_MAX], path[TEST_PATH_MAX];
    aether_error err;
    aether_database *database = NULL;
    test_folder_make(folder);
    test_path(path, folder, "new");
    aether_database_options options = {.struct_size = sizeof options, .must_exist = true};
    CHECK_STATUS(aether_database_open(path, &options, &database, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_database_open(folder, &options, &database, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_database_open(NULL, NULL, &database, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_database_open("", NULL, &database, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_database_open(folder, NULL, NULL, &err), AETHER_INVALID_ARGUMENT);
    options.struct_size = 0;
    CHECK_STATUS(aether_database_open(folder, &options, &database, &err), AETHER_INVALID_ARGUMENT);
    CHECK(database == NULL && access(path, F_OK) != 0);
    database = test_open(path);
    struct stat about;
    CHECK(stat(path, &about) == 0);
    CHECK_U64(about.st_mode & 0777, 0700);
    CHECK_STATUS(aether_database_apply(NULL, NULL, 0, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_database_apply(database, NULL, 1, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_database_check(NULL, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_database_get_info(database, NULL, &err), AETHER_INVALID_ARGUMENT);
    const aether_change write = test_write("a", "1");
    apply(database, &write, 1);
    const aether_change own = {.key = ae_bytes_of("b"), .value = test_value(database, "a")};
    CHECK_STATUS(aether_database_apply(database, &own, 1, &err), AETHER_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "copy it first") != NULL);
    aether_database_close(database);
    aether_database_close(NULL);
    test_folder_remove(path);
    test_folder_remove(folder);
}

static void folder_that_is_no_database_is_refused(void) {
    char folder[TEST_PATH_MAX], path[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    test_path(path, folder, "notes.txt");
    CHECK(close(open(path, O_CREAT | O_WRONLY, 0600)) == 0);
    CHECK_STATUS(open_status(folder, &err), AETHER_STORAGE_FAILED);
    CHECK(strstr(err.message, "holds something else, such as notes.txt") != NULL);
    CHECK_STATUS(open_status(path, &err), AETHER_STORAGE_FAILED);
    CHECK(strstr(err.message, "name a folder") != NULL);
    unlink(path);
    test_path(path, folder, "none/new");
    CHECK_STATUS(open_status(path, &err), AETHER_STORAGE_FAILED);
    CHECK(strstr(err.message, "make the folder above it first") != NULL);
    test_folder_remove(folder);
}

// As another user, since nothing is forbidden to root.
static void missing_rights_are_named(void) {
    char folder[TEST_PATH_MAX];
    test_folder_make(folder);
    aether_database_close(test_open(folder));
    const pid_t child = fork();
    if (child == 0) {
        aether_error err;
        CHECK(chmod(folder, 0) == 0);
        if (getuid() == 0)
            CHECK(setuid(65534) == 0);
        CHECK_STATUS(open_status(folder, &err), AETHER_STORAGE_FAILED);
        CHECK(strstr(err.message, "give this user the right to it") != NULL);
        _exit(0);
    }
    int how = 0;
    CHECK(waitpid(child, &how, 0) == child && how == 0);
    CHECK(chmod(folder, 0700) == 0);
    test_folder_remove(folder);
}

static void every_failing_allocation_is_a_status(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    uint64_t failing = 0;
    for (;; failing++) {
        aether_database *database = NULL;
        ae_alloc_fail_after(failing);
        const aether_status status = aether_database_open(folder, NULL, &database, &err);
        ae_alloc_fail_after(UINT64_MAX);
        aether_database_close(database);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK_U64(err.status, AETHER_OUT_OF_MEMORY);
        CHECK(database == NULL);
    }
    CHECK(failing >= 10);
    aether_database *database = test_open(folder);
    for (uint64_t i = 0; i < 8; i++) {
        ae_alloc_fail_after(i);
        const aether_status status = aether_database_check(database, &err);
        ae_alloc_fail_after(UINT64_MAX);
        CHECK_U64(status, i < 8 ? AETHER_OUT_OF_MEMORY : AETHER_OK);
    }
    aether_database_close(database);
    test_folder_remove(folder);
}

/* Records of many kinds whose values tell their number. */
enum { NUMBERED = 60, NUMBERED_VALUE_MAX = 9000 };

typedef struct numbered {
    uint8_t keys[NUMBERED][6];
    uint8_t values[NUMBERED][NUMBERED_VALUE_MAX];
    aether_change changes[NUMBERED];
} numbered;

static numbered *make_numbered(uint8_t generation) {
    static const uint8_t kinds[] = {1, 2, 3, 4, 0x10, 0x11, 0x12, 0x13, 0x14, 0x80, 0xff};
    static numbered all[2];
    numbered *self = &all[generation % 2];
    for (size_t i = 0; i < NUMBERED; i++) {
        const uint8_t key[] = {kinds[i % sizeof kinds], 'k', (uint8_t)(i * 7), (uint8_t)i, 0, 0};
        memcpy(self->keys[i], key, sizeof key);
        // Code is named by what it holds, so it never changes under its key.
        const uint8_t fill = (uint8_t)(key[0] == 0x10 ? i : i * 3 + generation);
        const size_t len = i % 20 == 19 ? NUMBERED_VALUE_MAX : i * 3;
        memset(self->values[i], fill, len);
        self->changes[i] = (aether_change){
            .key = ae_bytes(self->keys[i], sizeof key), .value = ae_bytes(self->values[i], len)};
    }
    return self;
}

static void check_numbered(aether_database *database, const numbered *expected) {
    const aether_store store = aether_database_store(database);
    for (size_t i = 0; i < NUMBERED; i++) {
        aether_error err;
        aether_bytes value = {0};
        bool found = false;
        CHECK_OK(store.get(store.user, expected->changes[i].key, &value, &found, &err));
        CHECK(found);
        CHECK_BYTES(value, expected->changes[i].value);
    }
}

// Every write, sync and growth of a batch fails in turn, with an error of a full disk and of a broken one, once and for
// good. The state is as before, can be read, and the batch goes through when there is space again; also after opening.
static void f3_disk_full_at_every_write(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    uint64_t failures = 0;
    for (int variant = 0; variant < 6; variant++) {
        test_folder_make(folder);
        aether_database *database = test_open(folder);
        const numbered *before = make_numbered(0), *after = make_numbered(1);
        apply(database, before->changes, NUMBERED);
        for (uint64_t failing = 0;; failing++) {
            fault.error = variant % 2 == 0 ? ENOSPC : EIO;
            fault.is_lasting = variant / 2 == 1;
            fault.is_short = variant / 2 == 2;
            fault.after = failing;
            const aether_status status =
                aether_database_apply(database, after->changes, NUMBERED, &err);
            fault.after = UINT64_MAX;
            fault.is_lasting = false;
            if (status == AETHER_OK)
                break;
            failures++;
            CHECK_U64(status, AETHER_STORAGE_FAILED);
            CHECK(strstr(err.message, "data.mdb: ") != NULL);
            CHECK(variant % 2 == 1 || strstr(err.message, "free some space") != NULL ||
                  strstr(err.message, "Input/output error") != NULL ||
                  strstr(err.message, "not known") != NULL);
            const aether_store store = aether_database_store(database);
            aether_bytes value;
            bool found;
            if (store.get(store.user, before->changes[0].key, &value, &found, &err) != AETHER_OK) {
                aether_database_close(database);
                database = test_open(folder);
            }
            check_numbered(database, before);
            check(database);
        }
        check_numbered(database, after);
        aether_database_close(database);
        database = test_open(folder);
        check_numbered(database, after);
        check(database);
        aether_database_close(database);
        test_folder_remove(folder);
    }
    printf("f3: %llu failures\n", (unsigned long long)failures);
    CHECK(failures >= 24);
}

// A limit of the process rather than an injected error; the kernel's own message.
static void f3_file_size_limit_is_reported(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    const numbered *before = make_numbered(0);
    apply(database, before->changes, NUMBERED);
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    const rlim_t old = limit.rlim_cur;
    limit.rlim_cur = test_file_len(folder, "state/data.mdb");
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0);
    static uint8_t big[1u << 20];
    const aether_change change = {.key = ae_bytes_of("big"), .value = ae_bytes(big, sizeof big)};
    CHECK_STATUS(aether_database_apply(database, &change, 1, &err), AETHER_STORAGE_FAILED);
    CHECK(strstr(err.message, "File too large") != NULL);
    check_numbered(database, before);
    limit.rlim_cur = old;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    apply(database, &change, 1);
    check_numbered(database, before);
    check(database);
    aether_database_close(database);
    test_folder_remove(folder);
}

// The map ends at each page that the batch would come to, so that each put in turn finds it full.
static void f4_map_full_at_every_put(void) {
    char folder[TEST_PATH_MAX];
    uint64_t grown = 0;
    for (uint64_t pages = 0; pages < 60; pages++) {
        test_folder_make(folder);
        aether_database *database = test_open_with(folder, 1u << 22, false);
        const numbered *first = make_numbered(0), *second = make_numbered(1);
        aether_error err;
        database->state.grows_ahead = database->code.grows_ahead = false;
        ae_environment *state = &database->state;
        mdb_txn_reset(state->read);
        state->map_len = (state->used_len / 4096 + pages) * 4096;
        CHECK(mdb_env_set_mapsize(state->native, (size_t)state->map_len) == 0);
        CHECK(mdb_txn_renew(state->read) == 0);
        const uint64_t before = state->map_len;
        CHECK_OK(aether_database_apply(database, first->changes, NUMBERED, &err));
        check_numbered(database, first);
        CHECK_OK(aether_database_apply(database, second->changes, NUMBERED, &err));
        check_numbered(database, second);
        grown += state->map_len != before;
        check(database);
        aether_database_close(database);
        test_folder_remove(folder);
    }
    printf("f4: the map grew in %llu of 60\n", (unsigned long long)grown);
    CHECK(grown >= 15 && grown < 60);
}

static void map_grows_ahead_of_a_batch(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    aether_database *database = test_open_with(folder, 1, false);
    aether_database_info info;
    CHECK_OK(aether_database_get_info(database, &info, &err));
    CHECK_U64(info.map_len, 2 * 65536);
    static uint8_t big[3u << 20];
    const aether_change change = {.key = ae_bytes_of("big"), .value = ae_bytes(big, sizeof big)};
    apply(database, &change, 1);
    CHECK_OK(aether_database_get_info(database, &info, &err));
    CHECK(info.map_len > sizeof big);
    check(database);
    aether_database_close(database);
    test_folder_remove(folder);
}

// Cut at every page and some bytes beside it: refused, or, where only free pages are gone, right.
static void f5_truncated_file(void) {
    static const char *const names[] = {"state/data.mdb", "code/data.mdb"};
    char folder[TEST_PATH_MAX], path[TEST_PATH_MAX];
    uint64_t refused = 0, opened = 0;
    test_folder_make(folder);
    const numbered *content = make_numbered(1);
    aether_database *database = test_open(folder);
    apply(database, make_numbered(0)->changes, NUMBERED);
    apply(database, content->changes, NUMBERED);
    aether_database_close(database);
    for (size_t i = 0; i < 2; i++) {
        const uint64_t whole = test_file_len(folder, names[i]);
        static uint8_t bytes[1u << 20];
        test_path(path, folder, names[i]);
        const int file = open(path, O_RDWR);
        CHECK(whole <= sizeof bytes && pread(file, bytes, whole, 0) == (ssize_t)whole);
        for (uint64_t len = 0; len < whole; len += len % 4096 == 1 ? 4095 : 1) {
            if (len % 4096 == 2)
                len += 4094;
            CHECK(ftruncate(file, (off_t)len) == 0);
            aether_error err;
            database = NULL;
            const aether_status status = aether_database_open(folder, NULL, &database, &err);
            if (status == AETHER_OK) {
                opened++;
                check_numbered(database, content);
                aether_database_close(database);
            } else {
                refused++;
                CHECK_U64(status, AETHER_STORAGE_DAMAGED);
            }
            CHECK(pwrite(file, bytes, whole, 0) == (ssize_t)whole);
        }
        close(file);
    }
    printf("f5: %llu lengths refused, %llu opened and right\n", (unsigned long long)refused,
        (unsigned long long)opened);
    CHECK(refused > 40);
    test_folder_remove(folder);
}

// The same keys again and again, some with values of changing length.
static void f6_file_growth_is_bounded(void) {
    char folder[TEST_PATH_MAX];
    uint64_t random = test_seed();
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    const aether_store store = aether_database_store(database);
    uint64_t after_100 = 0;
    for (int round = 0; round < 1000; round++) {
        numbered *content = make_numbered((uint8_t)round);
        for (size_t i = 0; i < NUMBERED; i++)
            if (content->keys[i][0] != 0x10 && i % 4 == 0)
                content->changes[i].value.len = test_random(&random) % NUMBERED_VALUE_MAX;
        apply(database, content->changes, NUMBERED);
        aether_error err;
        aether_bytes key;
        bool found; // something reads meanwhile
        CHECK_OK(store.next(
            store.user, ae_bytes(NULL, 0), ae_bytes(NULL, 0), false, &key, &found, &err));
        if (round == 99)
            after_100 = test_file_len(folder, "state/data.mdb");
    }
    const uint64_t after_1000 = test_file_len(folder, "state/data.mdb");
    printf("f6: %llu bytes after 100 batches, %llu after 1,000\n", (unsigned long long)after_100,
        (unsigned long long)after_1000);
    CHECK(after_1000 <= after_100 + after_100 / 2);
    check(database);
    aether_database_close(database);
    test_folder_remove(folder);
}

static void f7_second_open_in_one_process_is_refused(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    aether_database *second = NULL;
    aether_database_options options = {.struct_size = sizeof options};
    for (int i = 0; i < 2; i++) {
        options.is_read_only = i == 1;
        CHECK_STATUS(aether_database_open(folder, &options, &second, &err), AETHER_STORAGE_FAILED);
        char expected[64];
        snprintf(expected, sizeof expected, "process %lld has it open", (long long)getpid());
        CHECK(strstr(err.message, expected) != NULL);
    }
    const aether_change change = test_write("a", "1");
    apply(database, &change, 1);
    aether_database_close(database);
    CHECK_OK(open_status(folder, &err));
    test_folder_remove(folder);
}

static const char held_folder_variable[] = "AETHER_TEST_FOLDER";

// Run by f8 as a program of its own; alone it does nothing.
static void helper_holds_a_database(void) {
    const char *folder = getenv(held_folder_variable);
    if (folder == NULL)
        return;
    aether_database *database = test_open(folder);
    const aether_change change = test_write("held", "yes");
    apply(database, &change, 1);
    CHECK(write(STDOUT_FILENO, "!", 1) == 1);
    for (;;)
        pause();
}

static void f8_second_process_is_refused_and_a_killed_one_leaves_no_lock(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    int ends[2];
    test_folder_make(folder);
    CHECK(pipe(ends) == 0 && setenv(held_folder_variable, folder, 1) == 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl("/proc/self/exe", "database_test", "helper_holds_a_database", (char *)NULL);
        _exit(1);
    }
    char sign = 0;
    CHECK(read(ends[0], &sign, 1) == 1 && sign == '!');
    CHECK_STATUS(open_status(folder, &err), AETHER_STORAGE_FAILED);
    char expected[64];
    snprintf(expected, sizeof expected, "process %lld has it open", (long long)child);
    CHECK(strstr(err.message, expected) != NULL);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    aether_database *database = test_open(folder);
    CHECK_BYTES(test_value(database, "held"), ae_bytes_of("yes"));
    aether_database_close(database);
    test_folder_remove(folder);
}

// A file system's type decides. Those of this machine: memory, and an overlay where we may mount one.
static void f10_only_local_file_systems_are_used(void) {
    static const uint32_t remote[] = {0x6969, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997};
    static const uint32_t local[] = {0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630};
    for (size_t i = 0; i < 5; i++) {
        CHECK(ae_folder_is_remote(remote[i]));
        CHECK(!ae_folder_is_remote(local[i]));
        CHECK(ae_folder_is_remote((uint64_t)(int64_t)(int32_t)remote[i]));
    }
    char folder[TEST_PATH_MAX], lower[TEST_PATH_MAX], upper[TEST_PATH_MAX], work[TEST_PATH_MAX],
        merged[TEST_PATH_MAX], options[4 * TEST_PATH_MAX];
    test_folder_make(folder);
    test_path(lower, folder, "lower");
    test_path(upper, folder, "upper");
    test_path(work, folder, "work");
    test_path(merged, folder, "merged");
    CHECK(mkdir(lower, 0700) == 0 && mkdir(upper, 0700) == 0 && mkdir(work, 0700) == 0 &&
          mkdir(merged, 0700) == 0);
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
    if (mount("overlay", merged, "overlay", 0, options) == 0) {
        aether_error err;
        char path[TEST_PATH_MAX];
        test_path(path, merged, "db");
        CHECK_OK(open_status(path, &err));
        printf("f10: an overlay is used\n");
        test_folder_remove(path);
        CHECK(umount(merged) == 0);
    }
    char inner[TEST_PATH_MAX];
    test_path(inner, work, "work");
    (void)rmdir(inner);
    (void)rmdir(lower);
    (void)rmdir(upper);
    (void)rmdir(work);
    (void)rmdir(merged);
    test_folder_remove(folder);
}

// A small file system that is really full.
static void f3_full_file_system(void) {
    char folder[TEST_PATH_MAX], path[TEST_PATH_MAX];
    test_folder_make(folder);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=400k,mode=0700") != 0) {
        printf("f3: no right to mount; not run\n");
        test_folder_remove(folder);
        return;
    }
    aether_error err;
    test_path(path, folder, "db");
    aether_database *database = test_open(path);
    const numbered *before = make_numbered(0);
    apply(database, before->changes, NUMBERED);
    static uint8_t big[1u << 20];
    const aether_change change = {.key = ae_bytes_of("big"), .value = ae_bytes(big, sizeof big)};
    CHECK_STATUS(aether_database_apply(database, &change, 1, &err), AETHER_STORAGE_FAILED);
    CHECK(strstr(err.message, "No space left on device; free some space and try again") != NULL);
    check_numbered(database, before);
    CHECK(mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=4m,mode=0700") == 0);
    apply(database, &change, 1);
    check_numbered(database, before);
    check(database);
    aether_database_close(database);
    CHECK(umount(folder) == 0);
    test_folder_remove(folder);
}

static void f11_lengths_of_keys_and_values(void) {
    char folder[TEST_PATH_MAX];
    static uint8_t key[AETHER_STORE_KEY_LEN_MAX + 1], value[65537];
    static const size_t value_lens[] = {0, 1, 1900, 2000, 2030, 2040, 4096, 65536, 65537};
    aether_error err;
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    const aether_store store = aether_database_store(database);
    memset(key, 2, sizeof key);
    memset(value, 0xab, sizeof value);
    for (size_t len = 1; len <= sizeof key; len += len < 3 || len > 285 ? 1 : 7)
        for (size_t i = 0; i < sizeof value_lens / sizeof value_lens[0]; i++) {
            const aether_change change = {
                .key = ae_bytes(key, len), .value = ae_bytes(value, value_lens[i])};
            const aether_status status = aether_database_apply(database, &change, 1, &err);
            aether_bytes found_value = {0};
            bool found = false;
            if (len > AETHER_STORE_KEY_LEN_MAX) {
                CHECK_U64(status, AETHER_INVALID_ARGUMENT);
                CHECK_OK(store.get(store.user, change.key, &found_value, &found, &err));
                CHECK(!found);
                continue;
            }
            CHECK_U64(status, AETHER_OK);
            CHECK_OK(store.get(store.user, change.key, &found_value, &found, &err));
            CHECK(found);
            CHECK_BYTES(found_value, change.value);
        }
    const aether_change empty = {.value = ae_bytes(value, 1)};
    CHECK_STATUS(aether_database_apply(database, &empty, 1, &err), AETHER_INVALID_ARGUMENT);
    check(database);
    aether_database_close(database);
    test_folder_remove(folder);
}

// A record of one key put under another, a value with another byte, and one that is too short for a checksum, all with
// LMDB itself, so that only the checksum can tell.
static void record_that_was_not_written_is_never_handed_out(void) {
    char folder[TEST_PATH_MAX];
    aether_error err;
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    const aether_change changes[] = {test_write("\x01"
                                                "a",
                                         "one"),
        test_write("\x01"
                   "b",
            "two"),
        test_write("\x01"
                   "c",
            "three"),
        test_write("\x01"
                   "d",
            "four")};
    apply(database, changes, 4);
    const ae_environment *state = &database->state;
    MDB_txn *txn;
    CHECK(mdb_txn_begin(state->native, NULL, 0, &txn) == 0);
    for (int i = 0; i < 3; i++) {
        static const char *const sources[] = {"\x01"
                                              "d",
            "\x01"
            "b",
            "\x01"
            "c"};
        static const char *const targets[] = {"\x01"
                                              "a",
            "\x01"
            "b",
            "\x01"
            "c"};
        MDB_val from = {.mv_size = 2, .mv_data = (void *)(uintptr_t)sources[i]}, record;
        MDB_val to = {.mv_size = 2, .mv_data = (void *)(uintptr_t)targets[i]};
        uint8_t copy[64];
        CHECK(mdb_get(txn, state->places[AE_GROUP_ACCOUNTS].tree, &from, &record) == 0);
        memcpy(copy, record.mv_data, record.mv_size);
        record.mv_data = copy;
        copy[0] ^= i == 1;
        record.mv_size = i == 2 ? 7 : record.mv_size;
        CHECK(mdb_put(txn, state->places[AE_GROUP_ACCOUNTS].tree, &to, &record, 0) == 0);
    }
    CHECK(mdb_txn_commit(txn) == 0);
    aether_database_close(database);
    database = test_open(folder);
    const aether_store store = aether_database_store(database);
    for (size_t i = 0; i < 3; i++) {
        aether_bytes value;
        bool found;
        char name[16];
        snprintf(name, sizeof name, "record 01%02x", changes[i].key.data[1]);
        CHECK_STATUS(
            store.get(store.user, changes[i].key, &value, &found, &err), AETHER_STORAGE_DAMAGED);
        CHECK(strstr(err.message, name) != NULL);
    }
    CHECK_BYTES(test_value(database, "\x01"
                                     "d"),
        ae_bytes_of("four"));
    aether_bytes key;
    bool found;
    CHECK_STATUS(
        store.next(store.user, ae_bytes_of("\x01"), ae_bytes(NULL, 0), false, &key, &found, &err),
        AETHER_STORAGE_DAMAGED);
    CHECK_STATUS(aether_database_check(database, &err), AETHER_STORAGE_DAMAGED);
    aether_database_close(database);
    test_folder_remove(folder);
}

// The newest meta page replaced by a copy of the older one, as if its write was lost: LMDB alone would show the state
// before the last batch.
static void lost_commit_is_found(void) {
    static const char *const names[] = {"state/data.mdb", "code/data.mdb"};
    char folder[TEST_PATH_MAX], path[TEST_PATH_MAX];
    aether_error err;
    for (size_t i = 0; i < 2; i++) {
        test_folder_make(folder);
        aether_database *database = test_open(folder);
        static uint8_t bytes[1u << 20];
        test_path(path, folder, names[i]);
        const int file = open(path, O_RDWR);
        for (uint8_t round = 0; round < 2; round++) {
            CHECK(round == 0 || pread(file, bytes, sizeof bytes, 0) > 0);
            const uint8_t code[] = {0x10, round};
            const aether_change changes[] = {{.key = ae_bytes(code, 2), .value = ae_bytes(code, 2)},
                test_write("a", round == 0 ? "1" : "2")};
            apply(database, changes, 2);
        }
        aether_database_close(database);
        CHECK(pwrite(file, bytes, 8192, 0) == 8192);
        close(file);
        CHECK_STATUS(open_status(folder, &err), AETHER_STORAGE_DAMAGED);
        CHECK(strstr(err.message, "was the last") != NULL);
        // Without LAST nothing speaks against the older state.
        test_path(path, folder, "LAST");
        CHECK(unlink(path) == 0);
        CHECK_OK(open_status(folder, &err));
        CHECK_U64(test_file_len(folder, "LAST"), 32);
        test_folder_remove(folder);
    }
}

// Absent, torn or changed in any byte, LAST says nothing, and is written anew by the next batch.
static void garbled_note_of_the_last_commit_is_no_damage(void) {
    char folder[TEST_PATH_MAX], path[TEST_PATH_MAX];
    uint8_t bytes[32];
    test_folder_make(folder);
    aether_database *database = test_open(folder);
    const aether_change change = test_write("a", "1");
    apply(database, &change, 1);
    aether_database_close(database);
    test_path(path, folder, "LAST");
    const int file = open(path, O_RDWR);
    CHECK(pread(file, bytes, 32, 0) == 32);
    for (size_t i = 0; i < 64; i++) {
        const uint8_t changed = (uint8_t)(bytes[i % 32] ^ (i < 32 ? 0xff : 1));
        CHECK(pwrite(file, bytes, 32, 0) == 32);
        CHECK(pwrite(file, &changed, 1, (off_t)(i % 32)) == 1);
        database = test_open(folder);
        CHECK_BYTES(test_value(database, "a"), ae_bytes_of("1"));
        aether_database_close(database);
    }
    CHECK(pwrite(file, bytes, 32, 0) == 32 && ftruncate(file, 9) == 0);
    database = test_open(folder);
    apply(database, &change, 1);
    aether_database_close(database);
    CHECK_U64(test_file_len(folder, "LAST"), 32);
    close(file);
    test_folder_remove(folder);
}

TEST_MAIN(TEST(conforms) TEST(state_survives_closing) TEST(info_counts_records_and_pages)
        TEST(read_only_database_is_shared_and_takes_no_batch) TEST(misuse_is_refused)
            TEST(folder_that_is_no_database_is_refused) TEST(missing_rights_are_named)
                TEST(every_failing_allocation_is_a_status) TEST(f3_disk_full_at_every_write)
                    TEST(f3_file_size_limit_is_reported) TEST(f3_full_file_system) TEST(
                        f4_map_full_at_every_put) TEST(map_grows_ahead_of_a_batch)
                        TEST(f5_truncated_file) TEST(f6_file_growth_is_bounded) TEST(
                            f7_second_open_in_one_process_is_refused) TEST(helper_holds_a_database)
                            TEST(f8_second_process_is_refused_and_a_killed_one_leaves_no_lock)
                                TEST(f10_only_local_file_systems_are_used)
                                    TEST(f11_lengths_of_keys_and_values)
                                        TEST(record_that_was_not_written_is_never_handed_out)
                                            TEST(lost_commit_is_found)
                                                TEST(garbled_note_of_the_last_commit_is_no_damage))
