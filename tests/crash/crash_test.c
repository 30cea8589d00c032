/* F1 and F2: whenever a process or the power goes, a database opens as it was before the block at hand or after it.
 * Method: a program that makes blocks runs under the recorder. Killed before each of its calls that change a file; and
 * from a recording, the files as a power cut may leave them: all calls up to some point, the last write cut at a sector,
 * unsynced writes kept, dropped or torn at random. Each is opened, all of it read and compared, and gone on with.
 * AETHER_CRASH_IMAGES and AETHER_CRASH_BLOCKS make a campaign of it. */
#define _DEFAULT_SOURCE 1
#include "chain.h"
#include "crash_log.h"

#include "harness/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_MAX_LEN = 256, ENTRIES_MAX = 100000, FILES = 4, FILE_LEN_MAX = 1 << 22, SECTOR = 512 };

static const char *const file_names[FILES] = {"state/data.mdb", "code/data.mdb", "LAST", "LOCK"};
static const uint64_t chain_seed = 7;

static uint64_t number_of(const char *variable, uint64_t usual) {
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void path_in(char *out, const char *folder, const char *name) {
    CHECK((size_t)snprintf(out, PATH_MAX_LEN, "%s/%s", folder, name) < PATH_MAX_LEN);
}

static void make_folder(char *out) {
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(out, PATH_MAX_LEN, "%s/aether-crash-XXXXXX", base);
    CHECK(mkdtemp(out) != NULL);
}

static void empty_folder(const char *folder) {
    static const char *const others[] = {"state", "code"};
    char path[PATH_MAX_LEN];
    for (size_t i = 0; i < FILES; i++) {
        path_in(path, folder, file_names[i]);
        (void)unlink(path);
    }
    for (size_t i = 0; i < 2; i++) {
        path_in(path, folder, others[i]);
        (void)rmdir(path);
    }
}

static aether_database *open_database(const char *folder) {
    aether_error err;
    aether_database *database = NULL;
    const aether_database_options options = {.struct_size = sizeof options, .map_len = 1u << 24};
    CHECK_OK(aether_database_open(folder, &options, &database, &err));
    return database;
}

// The program under the recorder; alone it does nothing. What it has done it tells stdout, and the recorder by a call
// that does nothing.
static void helper_makes_blocks(void) {
    const char *folder = getenv("AETHER_CRASH_FOLDER");
    if (folder == NULL)
        return;
    aether_database *database = open_database(folder);
    for (uint64_t h = 1; h <= number_of("AETHER_CRASH_BLOCKS", 0); h++) {
        aether_error err;
        char name[32], path[PATH_MAX_LEN];
        CHECK_OK(chain_make_block(database, chain_seed, h, &err));
        snprintf(name, sizeof name, "block-%llu", (unsigned long long)h);
        path_in(path, folder, name);
        (void)unlink(path);
        const uint8_t sign = 1;
        CHECK(write(STDOUT_FILENO, &sign, 1) == 1);
    }
    aether_database_close(database);
}

/* Run it: 0 for kill_at lets it live. Returns how many blocks it has done. */
static uint64_t run_helper(
    const char *folder, const char *log, uint64_t blocks, uint64_t kill_at, bool *out_was_killed) {
    int ends[2], how = 0;
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        char text[2][32];
        snprintf(text[0], sizeof text[0], "%llu", (unsigned long long)blocks);
        snprintf(text[1], sizeof text[1], "%llu", (unsigned long long)kill_at);
        setenv("AETHER_CRASH_FOLDER", folder, 1);
        setenv("AETHER_CRASH_BLOCKS", text[0], 1);
        if (log != NULL)
            setenv("AETHER_CRASH_LOG", log, 1);
        if (kill_at != 0)
            setenv("AETHER_CRASH_KILL", text[1], 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
        setenv("LD_PRELOAD", CRASH_RECORDER, 1);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "crash_test", "helper_makes_blocks", (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    uint8_t signs[256];
    uint64_t done = 0;
    for (ssize_t got = 1; got > 0;) {
        got = read(ends[0], signs, sizeof signs);
        for (ssize_t i = 0; i < got; i++)
            done += signs[i] == 1;
    }
    close(ends[0]);
    CHECK(waitpid(child, &how, 0) == child);
    *out_was_killed = WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL;
    CHECK(*out_was_killed || how == 0);
    return done;
}

// Opens as `done` or done + 1, and the next block can be made.
static uint64_t check_folder(const char *folder, uint64_t done, bool goes_on) {
    aether_database *database = open_database(folder);
    const uint64_t height = chain_verify(database, chain_seed);
    if (height != done && height != done + 1)
        test_fail(__FILE__, __LINE__, "the state of block %lld, expected %llu or the next",
            (long long)height, (unsigned long long)done);
    if (goes_on) {
        aether_error err;
        CHECK_OK(chain_make_block(database, chain_seed, height + 1, &err));
        CHECK_U64(chain_verify(database, chain_seed), height + 1);
    }
    aether_database_close(database);
    return height;
}

static void f2_killed_before_every_call(void) {
    char folder[PATH_MAX_LEN];
    const uint64_t blocks = number_of("AETHER_CRASH_BLOCKS", 24);
    uint64_t points = 0, newer = 0;
    make_folder(folder);
    for (bool was_killed = true; was_killed; points += was_killed) {
        empty_folder(folder);
        const uint64_t done = run_helper(folder, NULL, blocks, points + 1, &was_killed);
        newer += check_folder(folder, done, was_killed) != done;
    }
    printf("f2: killed at %llu points of %llu blocks, %llu times the block stood already\n",
        (unsigned long long)points, (unsigned long long)blocks, (unsigned long long)newer);
    CHECK(points > 4 * blocks);
    CHECK(newer != 0 && newer < points);
    empty_folder(folder);
    rmdir(folder);
}

/* A recording. */
typedef struct event {
    crash_entry entry;
    int file; // of file_names; -1: none
    const uint8_t *data;
    uint64_t done;    // blocks that were done before it
    uint64_t sync_at; // the event that makes a write durable
} event;

static event *events;
static size_t event_count;

static void load_log(const char *path) {
    struct stat about;
    const int log = open(path, O_RDONLY);
    CHECK(log >= 0 && fstat(log, &about) == 0);
    uint8_t *bytes = malloc((size_t)about.st_size);
    events = calloc(ENTRIES_MAX, sizeof *events);
    CHECK(bytes != NULL && events != NULL &&
          read(log, bytes, (size_t)about.st_size) == about.st_size);
    close(log);
    uint64_t done = 0;
    for (size_t at = 0; at < (size_t)about.st_size;) {
        event *it = &events[event_count++];
        char name[CRASH_PATH_MAX] = "";
        CHECK(event_count < ENTRIES_MAX);
        memcpy(&it->entry, bytes + at, sizeof it->entry);
        memcpy(name, bytes + at + sizeof it->entry, it->entry.path_len);
        it->data = bytes + at + sizeof it->entry + it->entry.path_len;
        at += sizeof it->entry + it->entry.path_len + it->entry.len;
        it->file = -1;
        for (int i = 0; i < FILES; i++)
            if (strcmp(name, file_names[i]) == 0)
                it->file = i;
        it->done = done;
        done += strncmp(name, "block-", 6) == 0;
        CHECK(strcmp(name, "msync") != 0);
    }
    for (size_t i = 0; i < event_count; i++) {
        events[i].sync_at = SIZE_MAX;
        if ((events[i].entry.flags & CRASH_IS_SYNCED) != 0)
            events[i].sync_at = i;
        for (size_t j = i + 1; j < event_count && events[i].sync_at == SIZE_MAX; j++)
            if (events[j].entry.kind == CRASH_SYNC && events[j].file == events[i].file)
                events[i].sync_at = j;
    }
}

typedef enum loss { LOSE_NOTHING, LOSE_TAIL, LOSE_UNSYNCED } loss;

typedef struct image {
    uint8_t bytes[FILES][FILE_LEN_MAX];
    uint64_t len[FILES];
    bool is_there[FILES];
} image;

static image *now;

static void put_bytes(int file, uint64_t at, const uint8_t *data, uint64_t len) {
    CHECK(at + len <= FILE_LEN_MAX);
    memcpy(now->bytes[file] + at, data, len);
    if (now->len[file] < at + len)
        now->len[file] = at + len;
}

// Kept, dropped, or any of its sectors kept.
static void put_unsynced(const event *it, uint64_t *random) {
    const uint64_t dice = test_random(random) % 4;
    if (dice == 0)
        return;
    for (uint64_t at = 0; at < it->entry.len;) {
        const uint64_t piece = SECTOR - (it->entry.at + at) % SECTOR;
        const uint64_t len = piece < it->entry.len - at ? piece : it->entry.len - at;
        if (dice == 1 || test_random(random) % 2 == 0)
            put_bytes(it->file, it->entry.at + at, it->data + at, len);
        at += len;
    }
}

// The files after the first `count` events; the last of them may be under way.
static void make_image(size_t count, loss how, uint64_t tail_len, uint64_t *random) {
    const bool is_under_way = how == LOSE_UNSYNCED && test_random(random) % 2 == 0;
    memset(now->len, 0, sizeof now->len);
    memset(now->is_there, 0, sizeof now->is_there);
    for (int i = 0; i < FILES; i++)
        memset(now->bytes[i], 0, FILE_LEN_MAX / 8);
    for (size_t i = 0; i < count; i++) {
        const event *it = &events[i];
        if (it->file < 0)
            continue;
        now->is_there[it->file] = it->entry.kind != CRASH_REMOVE;
        if (it->entry.kind == CRASH_TRUNCATE)
            now->len[it->file] = it->entry.at;
        if (it->entry.kind != CRASH_WRITE)
            continue;
        const bool is_durable = it->sync_at < count - is_under_way;
        if (how == LOSE_TAIL && i + 1 == count)
            put_bytes(it->file, it->entry.at, it->data, tail_len);
        else if (how == LOSE_UNSYNCED && !is_durable)
            put_unsynced(it, random);
        else
            put_bytes(it->file, it->entry.at, it->data, it->entry.len);
    }
}

static void check_image(const char *folder, size_t count, bool goes_on) {
    char path[PATH_MAX_LEN];
    empty_folder(folder);
    path_in(path, folder, "state");
    CHECK(mkdir(path, 0700) == 0);
    path_in(path, folder, "code");
    CHECK(mkdir(path, 0700) == 0);
    for (int i = 0; i < FILES; i++) {
        CHECK(now->len[i] <= FILE_LEN_MAX / 8);
        if (!now->is_there[i])
            continue;
        path_in(path, folder, file_names[i]);
        const int file = open(path, O_CREAT | O_WRONLY, 0600);
        CHECK(file >= 0 && write(file, now->bytes[i], now->len[i]) == (ssize_t)now->len[i]);
        close(file);
    }
    check_folder(
        folder, count < event_count ? events[count].done : events[count - 1].done, goes_on);
}

static void f1_power_cut_at_any_write(void) {
    char folder[PATH_MAX_LEN], log[PATH_MAX_LEN + 8];
    uint64_t random = test_seed(), prefixes = 0, tails = 0, mixtures = 0;
    bool was_killed = false;
    make_folder(folder);
    snprintf(log, sizeof log, "%s.log", folder);
    run_helper(folder, log, 24, 0, &was_killed);
    load_log(log);
    unlink(log);
    now = calloc(1, sizeof *now);
    CHECK(now != NULL);
    for (size_t count = 1; count <= event_count; count++, prefixes++) {
        make_image(count, LOSE_NOTHING, 0, &random);
        check_image(folder, count, false);
        const event *last = &events[count - 1];
        const uint64_t step = last->entry.len > 40 * SECTOR ? 7 * SECTOR : SECTOR;
        for (uint64_t len = 0;
             last->file >= 0 && last->entry.kind == CRASH_WRITE && len < last->entry.len;
             len += step, tails++) {
            make_image(count, LOSE_TAIL, len, &random);
            check_image(folder, count - 1, false);
        }
    }
    const uint64_t wanted = number_of("AETHER_CRASH_IMAGES", 5000);
    for (; mixtures + prefixes + tails < wanted; mixtures++) {
        const size_t count = 1 + test_random(&random) % event_count;
        make_image(count, LOSE_UNSYNCED, 0, &random);
        check_image(folder, count - 1, mixtures % 8 == 0);
    }
    printf(
        "f1: %llu images of %zu calls: %llu prefixes, %llu torn ends, %llu mixtures of unsynced writes\n",
        (unsigned long long)(prefixes + tails + mixtures), event_count,
        (unsigned long long)prefixes, (unsigned long long)tails, (unsigned long long)mixtures);
    CHECK(prefixes > 100 && tails > 100 && mixtures > 100);
    empty_folder(folder);
    rmdir(folder);
}

TEST_MAIN(
    TEST(helper_makes_blocks) TEST(f2_killed_before_every_call) TEST(f1_power_cut_at_any_write))
