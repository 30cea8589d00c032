/* A cache gives back what it was given and nothing else: every changed byte, length, place, kind of file, mode
 * and key is a miss; names depend on every input; nothing half written stays; what is oldest goes first.
 * Method: small files in a folder of their own, changed in every way by hand. */
#include "engine/cache.h"

#include "base/alloc.h"
#include "crypto/hash.h"

#include "harness/folder.h"

#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>

enum { ARTEFACT_LEN = 100, FILE_LEN = AE_CACHE_HEADER_LEN + ARTEFACT_LEN + AE_CACHE_MAC_LEN };

static const uint8_t key[AE_MAC_KEY_LEN] = {1, 2, 3};

static ae_cache *open_cache(const folder *at, uint64_t len_max) {
    aether_error err;
    ae_cache *cache = NULL;
    CHECK_OK(ae_cache_open(at->path, key, len_max, &cache, &err));
    return cache;
}

static aether_hash name_of(uint8_t first) {
    return (aether_hash){.bytes = {first, 0xab}};
}

static folder_path path_of(const folder *at, aether_hash name) {
    char text[2 * AETHER_HASH_LEN + 1];
    for (size_t i = 0; i < AETHER_HASH_LEN; i++)
        snprintf(text + 2 * i, 3, "%02x", name.bytes[i]);
    return folder_file(at, text);
}

typedef struct artefact {
    uint8_t bytes[ARTEFACT_LEN];
} artefact;

static artefact artefact_of(uint8_t first) {
    artefact made;
    for (size_t i = 0; i < ARTEFACT_LEN; i++)
        made.bytes[i] = (uint8_t)(first + 7 * i);
    return made;
}

static void keep(ae_cache *cache, uint8_t number) {
    const aether_hash name = name_of(number);
    const artefact made = artefact_of(number);
    CHECK(ae_cache_write(cache, &name, ae_bytes(made.bytes, ARTEFACT_LEN)));
}

// Whether there is a hit; a hit with other bytes fails the test.
static bool has(ae_cache *cache, uint8_t number) {
    const aether_hash name = name_of(number);
    const artefact made = artefact_of(number);
    ae_artefact found;
    if (!ae_cache_read(cache, &name, &found))
        return false;
    CHECK_BYTES(found.bytes, ae_bytes(made.bytes, ARTEFACT_LEN));
    ae_artefact_deinit(&found);
    return true;
}

static void gives_back_what_was_kept_to_every_cache_of_the_folder(void) {
    const folder at = folder_make();
    ae_cache *cache = open_cache(&at, AE_CACHE_LEN_MAX);
    CHECK(!has(cache, 1));
    keep(cache, 1);
    keep(cache, 2);
    keep(cache, 1);
    CHECK_U64(folder_count(&at, NULL), 2);
    ae_cache *other = open_cache(&at, AE_CACHE_LEN_MAX);
    CHECK(has(cache, 1) && has(cache, 2) && !has(cache, 3));
    CHECK(has(other, 1) && has(other, 2) && !has(other, 3));
    struct stat state;
    CHECK(stat(path_of(&at, name_of(1)).text, &state) == 0);
    CHECK_U64(state.st_size, FILE_LEN);
    CHECK_U64(state.st_mode & 0777, 0600);
    ae_cache_close(other);
    ae_cache_close(cache);
    ae_cache_close(NULL);
    folder_end(&at);
}

static void every_changed_bit_is_a_miss(void) {
    const folder at = folder_make();
    ae_cache *cache = open_cache(&at, AE_CACHE_LEN_MAX);
    keep(cache, 1);
    const folder_path path = path_of(&at, name_of(1));
    size_t len;
    uint8_t *bytes = file_read(path.text, &len);
    CHECK_U64(len, FILE_LEN);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        file_write(path.text, bytes, len);
        CHECK(!has(cache, 1));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    file_write(path.text, bytes, len);
    CHECK(has(cache, 1));
    free(bytes);
    ae_cache_close(cache);
    folder_end(&at);
}

static void every_other_length_is_a_miss(void) {
    const folder at = folder_make();
    ae_cache *cache = open_cache(&at, AE_CACHE_LEN_MAX);
    keep(cache, 1);
    const folder_path path = path_of(&at, name_of(1));
    size_t len;
    uint8_t *bytes = file_read(path.text, &len);
    uint8_t longer[2 * FILE_LEN] = {0};
    memcpy(longer, bytes, len);
    memcpy(longer + len, bytes, len); // also the file twice
    for (size_t other = 0; other <= sizeof longer; other++) {
        file_write(path.text, longer, other);
        CHECK(has(cache, 1) == (other == len));
    }
    // A length that is no memory: a hole of a terabyte.
    CHECK(truncate(path.text, (off_t)1 << 40) == 0);
    CHECK(!has(cache, 1));
    free(bytes);
    ae_cache_close(cache);
    folder_end(&at);
}

static void a_file_counts_only_under_its_own_name_and_key(void) {
    aether_error err;
    const folder at = folder_make();
    ae_cache *cache = open_cache(&at, AE_CACHE_LEN_MAX);
    keep(cache, 1);
    keep(cache, 2);
    const folder_path first = path_of(&at, name_of(1));
    const folder_path second = path_of(&at, name_of(2));
    const folder_path aside = folder_file(&at, "aside");
    CHECK(rename(first.text, aside.text) == 0);
    CHECK(rename(second.text, first.text) == 0);
    CHECK(rename(aside.text, second.text) == 0);
    CHECK(!has(cache, 1) && !has(cache, 2));
    CHECK(rename(first.text, aside.text) == 0);
    CHECK(rename(second.text, first.text) == 0);
    CHECK(rename(aside.text, second.text) == 0);
    CHECK(has(cache, 1) && has(cache, 2));
    ae_cache_close(cache);
    for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
        uint8_t other[AE_MAC_KEY_LEN];
        memcpy(other, key, sizeof key);
        other[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_OK(ae_cache_open(at.path, other, AE_CACHE_LEN_MAX, &cache, &err));
        CHECK(!has(cache, 1) && !has(cache, 2));
        ae_cache_close(cache);
    }
    folder_end(&at);
}

static void only_a_plain_file_that_nobody_else_can_write_counts(void) {
    const folder at = folder_make();
    ae_cache *cache = open_cache(&at, AE_CACHE_LEN_MAX);
    const folder_path path = path_of(&at, name_of(1));
    keep(cache, 1);
    const mode_t good[] = {0600, 0644, 0400, 0755};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK(chmod(path.text, good[i]) == 0);
        CHECK(has(cache, 1));
    }
    const mode_t bad[] = {0620, 0602, 0666, 0777};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(chmod(path.text, bad[i]) == 0);
        CHECK(!has(cache, 1));
    }
    CHECK(chmod(path.text, 0600) == 0);
    if (geteuid() == 0) { // only root can give a file away
        CHECK(chown(path.text, 12345, (gid_t)-1) == 0);
        CHECK(!has(cache, 1));
        CHECK(chown(path.text, 0, (gid_t)-1) == 0);
    }
    CHECK(has(cache, 1));
    const folder_path aside = folder_file(&at, "aside");
    CHECK(rename(path.text, aside.text) == 0);
    CHECK(symlink("aside", path.text) == 0);
    CHECK(!has(cache, 1));
    CHECK(unlink(path.text) == 0);
    CHECK(mkfifo(path.text, 0600) == 0);
    CHECK(!has(cache, 1));
    keep(cache, 1); // takes its place
    CHECK(has(cache, 1));
    CHECK(unlink(path.text) == 0);
    CHECK(symlink("aside", path.text) == 0);
    keep(cache, 1);
    CHECK(has(cache, 1));
    CHECK(unlink(path.text) == 0);
    CHECK(mkdir(path.text, 0700) == 0);
    const aether_hash name = name_of(1);
    CHECK(!has(cache, 1) && !ae_cache_write(cache, &name, ae_bytes_of("a")));
    CHECK_U64(folder_count(&at, NULL), 2); // the folder and what lies aside
    ae_cache_close(cache);
    folder_end(&at);
}

static aether_hash name_of_subject(const ae_cache_subject *subject) {
    aether_hash name;
    ae_cache_name(subject, &name);
    return name;
}

static void a_name_depends_on_every_input(void) {
    const ae_cache_subject base = {
        .code = {{5}}, .engine = "wasmtime 1", .target = "x86", .config_version = 1, .compiler = 0};
    aether_hash names[400];
    size_t count = 0;
    names[count++] = name_of_subject(&base);
    for (size_t bit = 0; bit < 8 * AETHER_HASH_LEN; bit++) {
        ae_cache_subject other = base;
        other.code.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        names[count++] = name_of_subject(&other);
    }
    for (uint32_t i = 1; i < 32; i++) {
        ae_cache_subject other = base;
        other.config_version ^= 1u << i;
        names[count++] = name_of_subject(&other);
        other = base;
        other.compiler ^= 1u << i;
        names[count++] = name_of_subject(&other);
    }
    // Also where one text ends and the next begins.
    static const char *const texts[][2] = {{"wasmtime 2", "x86"}, {"wasmtime 1x", "86"},
        {"wasmtime 1", "x87"}, {"", "wasmtime 1x86"}, {"wasmtime 1x86", ""}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ae_cache_subject other = base;
        other.engine = texts[i][0];
        other.target = texts[i][1];
        names[count++] = name_of_subject(&other);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(memcmp(&names[i], &names[j], sizeof names[i]) != 0);
    const ae_cache_subject same = base;
    const aether_hash again = name_of_subject(&same);
    CHECK(memcmp(&again, &names[0], sizeof again) == 0);
}

static void check_refused(const char *path, const char *word) {
    aether_error err;
    ae_cache *cache = NULL;
    CHECK_STATUS(ae_cache_open(path, key, AE_CACHE_LEN_MAX, &cache, &err), AETHER_STORAGE_FAILED);
    CHECK(cache == NULL);
    if (strstr(err.message, word) == NULL)
        test_fail(__FILE__, __LINE__, "no '%s' in: %s", word, err.message);
}

static void a_folder_that_others_can_write_to_is_refused(void) {
    aether_error err;
    const folder at = folder_make();
    const folder_path inside = folder_file(&at, "cache");
    ae_cache *cache = NULL;
    CHECK_OK(ae_cache_open(inside.text, key, AE_CACHE_LEN_MAX, &cache, &err));
    struct stat state;
    CHECK(stat(inside.text, &state) == 0);
    CHECK_U64(state.st_mode & 0777, 0700);
    ae_cache_close(cache);
    CHECK(chmod(inside.text, 0770) == 0);
    check_refused(inside.text, "mode 770");
    CHECK(chmod(inside.text, 0702) == 0);
    check_refused(inside.text, "mode 702");
    CHECK(chmod(inside.text, 0755) == 0);
    CHECK_OK(ae_cache_open(inside.text, key, AE_CACHE_LEN_MAX, &cache, &err));
    ae_cache_close(cache);
    if (geteuid() == 0) {
        CHECK(chown(inside.text, 12345, (gid_t)-1) == 0);
        check_refused(inside.text, "user 12345");
    }
    file_write(folder_file(&at, "file").text, key, sizeof key);
    check_refused(folder_file(&at, "file").text, "can't be opened");
    check_refused(folder_file(&at, "file/cache").text, "can't be made");
    check_refused(folder_file(&at, "none/cache").text, "can't be made");
    folder_end(&at);
}

static void what_cannot_be_written_leaves_nothing_behind(void) {
    const folder at = folder_make();
    ae_cache *cache = open_cache(&at, AE_CACHE_LEN_MAX);
    signal(SIGXFSZ, SIG_IGN);
    const aether_hash name = name_of(1);
    const artefact made = artefact_of(1);
    struct rlimit before;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    for (rlim_t limit = 0; limit < FILE_LEN; limit++) {
        const struct rlimit low = {limit, before.rlim_max};
        CHECK(setrlimit(RLIMIT_FSIZE, &low) == 0);
        CHECK(!ae_cache_write(cache, &name, ae_bytes(made.bytes, ARTEFACT_LEN)));
        CHECK_U64(folder_count(&at, NULL), 0);
    }
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(!ae_cache_write(cache, &name, ae_bytes(made.bytes, 0)));
    CHECK(!ae_cache_write(cache, &name, ae_bytes(made.bytes, AE_CACHE_ARTEFACT_LEN_MAX + 1)));
    CHECK_U64(folder_count(&at, NULL), 0);
    keep(cache, 1);
    CHECK(has(cache, 1));
    folder_end(&at); // the folder goes away under the cache
    CHECK(!has(cache, 1));
    CHECK(!ae_cache_write(cache, &name, ae_bytes(made.bytes, ARTEFACT_LEN)));
    ae_cache_close(cache);
}

static void abandoned_files_are_removed_and_ones_being_written_are_not(void) {
    const folder at = folder_make();
    char text[16];
    for (int i = 0; i < AE_CACHE_WRITERS_MAX; i++) {
        snprintf(text, sizeof text, "new-%02d", i);
        file_write(folder_file(&at, text).text, key, sizeof key);
    }
    const folder_path other = folder_file(&at, "README");
    file_write(other.text, key, sizeof key);
    const folder_path busy = folder_file(&at, "new-03");
    const int file = open(busy.text, O_RDONLY);
    CHECK(file >= 0 && flock(file, LOCK_EX) == 0);
    ae_cache *cache = open_cache(&at, AE_CACHE_LEN_MAX);
    CHECK_U64(folder_count(&at, NULL), 2);
    CHECK(access(busy.text, F_OK) == 0 && access(other.text, F_OK) == 0);
    // Every place taken: not kept.
    for (int i = 0; i < AE_CACHE_WRITERS_MAX; i++) {
        snprintf(text, sizeof text, "new-%02d", i);
        file_write(folder_file(&at, text).text, key, sizeof key);
    }
    const aether_hash name = name_of(1);
    CHECK(!ae_cache_write(cache, &name, ae_bytes_of("a")));
    CHECK(unlink(folder_file(&at, "new-15").text) == 0);
    keep(cache, 1);
    CHECK(has(cache, 1));
    close(file);
    ae_cache_close(cache);
    ae_cache_close(open_cache(&at, AE_CACHE_LEN_MAX));
    CHECK_U64(folder_count(&at, NULL), 2);
    folder_end(&at);
}

static void set_age(const folder *at, uint8_t number, time_t at_second) {
    const struct timespec times[2] = {{at_second, 0}, {at_second, 0}};
    CHECK(utimensat(AT_FDCWD, path_of(at, name_of(number)).text, times, 0) == 0);
}

static void what_was_used_longest_ago_goes_first(void) {
    const folder at = folder_make();
    ae_cache *cache = open_cache(&at, 10 * FILE_LEN);
    for (uint8_t i = 0; i < 10; i++) {
        keep(cache, i);
        set_age(&at, i, 1000 + i);
    }
    CHECK_U64(folder_count(&at, NULL), 10);
    CHECK(has(cache, 2)); // is used now
    keep(cache, 10);      // one too many: half of the room stays
    CHECK_U64(folder_count(&at, NULL), 5);
    CHECK(has(cache, 2) && !has(cache, 6) && has(cache, 8) && has(cache, 9) && has(cache, 10));
    for (uint8_t i = 11; i < 16; i++)
        keep(cache, i);
    CHECK_U64(folder_count(&at, NULL), 10);
    ae_cache_close(cache);
    cache = open_cache(&at, 9 * FILE_LEN); // also at the opening
    CHECK_U64(folder_count(&at, NULL), 4);
    ae_cache_close(cache);
    folder_end(&at);
}

static void each_failing_allocation_is_a_miss(void) {
    aether_error err;
    const folder at = folder_make();
    ae_cache *cache = NULL;
    ae_alloc_fail_after(0);
    CHECK_STATUS(ae_cache_open(at.path, key, AE_CACHE_LEN_MAX, &cache, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    cache = open_cache(&at, 2 * FILE_LEN);
    keep(cache, 1);
    ae_alloc_fail_after(0);
    CHECK(!has(cache, 1));
    keep(cache, 2); // needs no memory
    keep(cache, 3); // nor does it when there is none to make room with
    ae_alloc_fail_after(UINT64_MAX);
    CHECK(has(cache, 1) && has(cache, 2) && has(cache, 3));
    ae_cache_close(cache);
    folder_end(&at);
}

typedef struct worker {
    ae_cache *cache;
    uint64_t kept[4];
} worker;

static void *work(void *argument) {
    worker *self = argument;
    for (int round = 0; round < 30; round++)
        for (uint8_t i = 0; i < 4; i++) {
            const aether_hash name = name_of(i);
            const artefact made = artefact_of(i);
            if (ae_cache_write(self->cache, &name, ae_bytes(made.bytes, ARTEFACT_LEN)))
                self->kept[i]++;
            // A cache that is being opened may take a file for abandoned before its writer has locked it.
            CHECK(self->kept[i] == 0 || has(self->cache, i));
        }
    return NULL;
}

static void caches_share_a_folder_between_threads(void) {
    const folder at = folder_make();
    ae_cache *caches[2] = {open_cache(&at, AE_CACHE_LEN_MAX), open_cache(&at, AE_CACHE_LEN_MAX)};
    worker workers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker){.cache = caches[i % 2]};
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < 20; i++)
        ae_cache_close(open_cache(&at, AE_CACHE_LEN_MAX)); // cleans meanwhile
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        for (int j = 0; j < 4; j++)
            CHECK(workers[i].kept[j] > 0);
    }
    ae_cache_close(caches[0]);
    ae_cache_close(caches[1]);
    ae_cache_close(open_cache(&at, AE_CACHE_LEN_MAX));
    CHECK_U64(folder_count(&at, NULL), 4);
    folder_end(&at);
}

TEST_MAIN(
    TEST(gives_back_what_was_kept_to_every_cache_of_the_folder) TEST(every_changed_bit_is_a_miss)
        TEST(every_other_length_is_a_miss) TEST(a_file_counts_only_under_its_own_name_and_key) TEST(
            only_a_plain_file_that_nobody_else_can_write_counts) TEST(a_name_depends_on_every_input)
            TEST(a_folder_that_others_can_write_to_is_refused)
                TEST(what_cannot_be_written_leaves_nothing_behind)
                    TEST(abandoned_files_are_removed_and_ones_being_written_are_not)
                        TEST(what_was_used_longest_ago_goes_first)
                            TEST(each_failing_allocation_is_a_miss)
                                TEST(caches_share_a_folder_between_threads))
