/* Native code comes out of its file in the next engine, and only out of a file that is as this node wrote it:
 * whatever is wrong costs a compilation and nothing else.
 * Method: engines over one folder, one after another and at the same time; counts inside the engine tell what was
 * read, compiled and kept; results are compared with those of an engine without a folder. */
#include "base/alloc.h"
#include "contract.h"
#include "engine/cache.h"
#include "harness/folder.h"
#include "runtime/program.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static const char text[] =
    "(module (import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"
    "(import \"env\" \"return_data\" (func $return (param i32 i32))) (memory (export \"memory\") 1)"
    "(func $sum (param i32) (result i32) (local i32)"
    "(loop (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 31)) (local.get 0)))"
    "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))"
    "(func (export \"execute\") (result i32) (drop (call $input (i32.const 0) (i32.const 8)))"
    "(i32.store (i32.const 0) (call $sum (i32.load (i32.const 0))))"
    "(call $return (i32.const 0) (i32.const 4)) i32.const 0)"
    "(func (export \"query\") (result i32) unreachable))";

static const char other_text[] =
    "(module (memory (export \"memory\") 1) (func (export \"execute\") (result i32) i32.const 3))";

static const uint8_t key[AETHER_HASH_LEN] = {9, 8, 7};

static aether_engine *engine_at(const folder *at, aether_compiler compiler) {
    aether_error err;
    aether_engine *engine = NULL;
    const aether_engine_options options = {.struct_size = sizeof options,
        .compiler = compiler,
        .cache_path = at->path,
        .cache_key = key};
    CHECK_OK(aether_engine_create(&options, &engine, &err));
    return engine;
}

static ae_engine_counts counts_of(aether_engine *engine) {
    return ae_engine_get_counts(((ae_runtime *)engine)->engine);
}

// Run both entries; the returned digest covers everything that a chain agrees on.
static uint64_t run(const subject *self) {
    uint64_t digest = 17;
    for (uint32_t i = 1; i < 4; i++) {
        const uint32_t input = 1000 * i;
        const setting with = {.input = {(const uint8_t *)&input, 4}, .entry = AETHER_ENTRY_EXECUTE};
        aether_execution_result result = subject_run(self, &with);
        CHECK(result.success);
        digest = digest * 31 + result.gas_used;
        for (size_t j = 0; j < result.return_data.len; j++)
            digest = digest * 31 + result.return_data.data[j];
        aether_execution_result_destroy(&result);
    }
    const setting with = {.entry = AETHER_ENTRY_QUERY};
    aether_execution_result result = subject_run(self, &with);
    CHECK(!result.success);
    CHECK_U64(result.end, AETHER_END_UNREACHABLE);
    digest = digest * 31 + result.gas_used;
    aether_execution_result_destroy(&result);
    return digest;
}

static uint64_t run_in(aether_engine *engine) {
    aether_error err;
    subject self = {.engine = engine};
    CHECK_OK(aether_contract_load(engine, bytes_of(text), &self.contract, &err));
    const uint64_t digest = run(&self);
    aether_contract_destroy(self.contract);
    return digest;
}

static uint64_t run_without(void) {
    const setting with = {0};
    subject self = subject_of(text, &with);
    const uint64_t digest = run(&self);
    subject_end(&self);
    return digest;
}

// One engine that loads the contract, runs it as it must run, and counts as said.
static void check_engine(
    const folder *at, aether_compiler compiler, uint64_t digest, ae_engine_counts expected) {
    aether_engine *engine = engine_at(at, compiler);
    CHECK_U64(run_in(engine), digest);
    const ae_engine_counts counts = counts_of(engine);
    CHECK_U64(counts.read, expected.read);
    CHECK_U64(counts.compiled, expected.compiled);
    CHECK_U64(counts.kept, expected.kept);
    aether_engine_destroy(engine);
}

static const ae_engine_counts was_read = {.read = 1};
static const ae_engine_counts was_compiled = {.compiled = 1, .kept = 1};
static const ae_engine_counts was_not_kept = {.compiled = 1};

static void the_next_engine_reads_what_this_one_compiled(void) {
    const uint64_t digest = run_without();
    const folder at = folder_make();
    for (int compiler = 0; compiler <= AETHER_COMPILER_PULLEY; compiler++) {
        check_engine(&at, (aether_compiler)compiler, digest, was_compiled);
        CHECK_U64(folder_count(&at, NULL), compiler + 1); // each has its own file
        check_engine(&at, (aether_compiler)compiler, digest, was_read);
    }
    for (int compiler = 0; compiler <= AETHER_COMPILER_PULLEY; compiler++)
        check_engine(&at, (aether_compiler)compiler, digest, was_read);
    folder_end(&at);
}

static void later_loads_read_nothing_while_the_contract_lives(void) {
    aether_error err;
    const folder at = folder_make();
    aether_engine *engine = engine_at(&at, AETHER_COMPILER_CRANELIFT);
    aether_contract *contracts[2];
    for (int i = 0; i < 2; i++)
        CHECK_OK(aether_contract_load(engine, bytes_of(text), &contracts[i], &err));
    CHECK_U64(counts_of(engine).compiled, 1);
    CHECK_U64(counts_of(engine).read, 0);
    for (int i = 0; i < 2; i++)
        aether_contract_destroy(contracts[i]);
    CHECK_OK(aether_contract_load(engine, bytes_of(text), &contracts[0], &err));
    CHECK_U64(counts_of(engine).compiled, 1);
    CHECK_U64(counts_of(engine).read, 1);
    aether_contract_destroy(contracts[0]);
    aether_engine_destroy(engine);
    folder_end(&at);
}

// A schedule changes the instrumented bytes, so it needs no place in the name.
static void another_schedule_reads_nothing_of_the_first(void) {
    aether_error err;
    const folder at = folder_make();
    for (int schedule = 0; schedule <= AETHER_SCHEDULE_UNIT; schedule++)
        for (uint64_t again = 0; again < 2; again++) {
            const aether_protocol protocol = {.struct_size = sizeof protocol,
                .version = AETHER_PROTOCOL_VERSION,
                .schedule = (aether_schedule)schedule};
            const aether_engine_options options = {.struct_size = sizeof options,
                .protocol = &protocol,
                .cache_path = at.path,
                .cache_key = key};
            aether_engine *engine = NULL;
            CHECK_OK(aether_engine_create(&options, &engine, &err));
            (void)run_in(engine);
            CHECK_U64(counts_of(engine).read, again);
            aether_engine_destroy(engine);
        }
    CHECK_U64(folder_count(&at, NULL), 2);
    folder_end(&at);
}

// The name of the only file, as bytes.
static aether_hash only_name(const folder *at, folder_path *out_path) {
    folder_path name;
    CHECK_U64(folder_count(at, &name), 1);
    CHECK_U64(strlen(name.text), 2 * AETHER_HASH_LEN);
    aether_hash hash;
    for (size_t i = 0; i < AETHER_HASH_LEN; i++) {
        char byte[3] = {name.text[2 * i], name.text[2 * i + 1], '\0'};
        hash.bytes[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    *out_path = folder_file(at, name.text);
    return hash;
}

static void check_miss(ae_cache *cache, const aether_hash *name) {
    ae_artefact artefact;
    CHECK(!ae_cache_read(cache, name, &artefact));
}

// Every byte of a real file once; every bit of a byte here and there.
static void no_flipped_byte_of_a_real_file_reaches_the_engine(void) {
    aether_error err;
    uint64_t state = test_seed();
    const folder at = folder_make();
    check_engine(&at, AETHER_COMPILER_WINCH, run_without(), was_compiled);
    folder_path path;
    const aether_hash name = only_name(&at, &path);
    size_t len;
    uint8_t *bytes = file_read(path.text, &len);
    ae_cache *cache = NULL;
    CHECK_OK(ae_cache_open(at.path, key, AE_CACHE_LEN_MAX, &cache, &err));
    ae_artefact artefact;
    CHECK(ae_cache_read(cache, &name, &artefact));
    ae_artefact_deinit(&artefact);
    const int file = open(path.text, O_WRONLY);
    CHECK(file >= 0);
    for (size_t i = 0; i < len; i++) {
        const uint8_t flip = (uint8_t)(1 + test_random(&state) % 255);
        const uint8_t changed = bytes[i] ^ flip;
        CHECK(pwrite(file, &changed, 1, (off_t)i) == 1);
        check_miss(cache, &name);
        CHECK(pwrite(file, &bytes[i], 1, (off_t)i) == 1);
    }
    for (int i = 0; i < 200; i++) {
        CHECK(ftruncate(file, (off_t)(test_random(&state) % len)) == 0);
        check_miss(cache, &name);
        file_write(path.text, bytes, len);
    }
    CHECK(ae_cache_read(cache, &name, &artefact));
    ae_artefact_deinit(&artefact);
    close(file);
    ae_cache_close(cache);
    free(bytes);
    folder_end(&at);
}

typedef enum harm {
    HARM_BIT,
    HARM_SHORT,
    HARM_EMPTY,
    HARM_LONG,
    HARM_MODE,
    HARM_LINK,
    HARM_GONE,
    HARM_OTHER_KEY,
    HARM_COUNT
} harm;

static void do_harm(const folder *at, harm kind, const folder_path *aside, uint64_t *state) {
    folder_path path;
    (void)only_name(at, &path);
    size_t len;
    uint8_t *bytes = file_read(path.text, &len);
    switch (kind) {
    case HARM_BIT:
        bytes[test_random(state) % len] ^= (uint8_t)(1u << test_random(state) % 8);
        file_write(path.text, bytes, len);
        break;
    case HARM_SHORT:
        CHECK(truncate(path.text, (off_t)(test_random(state) % len)) == 0);
        break;
    case HARM_EMPTY:
        CHECK(truncate(path.text, 0) == 0);
        break;
    case HARM_LONG:
        CHECK(truncate(path.text, (off_t)(len + 1)) == 0);
        break;
    case HARM_MODE:
        CHECK(chmod(path.text, 0622) == 0);
        break;
    case HARM_LINK:
        CHECK(unlink(path.text) == 0);
        file_write(aside->text, bytes, len);
        CHECK(symlink(aside->text, path.text) == 0);
        break;
    case HARM_GONE:
        CHECK(unlink(path.text) == 0);
        break;
    case HARM_OTHER_KEY: {
        aether_error err;
        aether_hash name;
        ae_cache *cache = NULL;
        name = only_name(at, &path);
        const uint8_t other[AETHER_HASH_LEN] = {1};
        CHECK_OK(ae_cache_open(at->path, other, AE_CACHE_LEN_MAX, &cache, &err));
        CHECK(ae_cache_write(cache, &name,
            ae_bytes(bytes + AE_CACHE_HEADER_LEN, len - AE_CACHE_HEADER_LEN - AE_CACHE_MAC_LEN)));
        ae_cache_close(cache);
        break;
    }
    case HARM_COUNT:
        break;
    }
    free(bytes);
}

static void whatever_is_wrong_with_a_file_is_compiled_again_and_replaced(void) {
    uint64_t state = test_seed();
    const uint64_t digest = run_without();
    const folder at = folder_make();
    const folder other = folder_make();
    const folder_path aside = folder_file(&other, "aside");
    check_engine(&at, AETHER_COMPILER_CRANELIFT, digest, was_compiled);
    for (int round = 0; round < 5; round++)
        for (harm kind = 0; kind < HARM_COUNT; kind++) {
            do_harm(&at, kind, &aside, &state);
            check_engine(&at, AETHER_COMPILER_CRANELIFT, digest, was_compiled);
            check_engine(&at, AETHER_COMPILER_CRANELIFT, digest, was_read);
            CHECK_U64(folder_count(&at, NULL), 1);
        }
    folder_end(&other);
    folder_end(&at);
}

// What the native engine itself refuses, although this node signed it, is a miss as well.
static void an_artefact_that_the_engine_refuses_is_compiled_again_and_replaced(void) {
    aether_error err;
    const uint64_t digest = run_without();
    const folder at = folder_make();
    check_engine(&at, AETHER_COMPILER_CRANELIFT, digest, was_compiled);
    folder_path path;
    const aether_hash name = only_name(&at, &path);
    ae_cache *cache = NULL;
    CHECK_OK(ae_cache_open(at.path, key, AE_CACHE_LEN_MAX, &cache, &err));
    CHECK(ae_cache_write(cache, &name, ae_bytes_of("no native code")));
    ae_cache_close(cache);
    check_engine(&at, AETHER_COMPILER_CRANELIFT, digest,
        (ae_engine_counts){.read = 1, .compiled = 1, .kept = 1});
    check_engine(&at, AETHER_COMPILER_CRANELIFT, digest, was_read);
    folder_end(&at);
}

// The file is really what runs: another contract's code, signed under this one's name, is executed.
static void a_file_that_this_node_signed_is_what_runs(void) {
    aether_error err;
    const folder at = folder_make();
    check_engine(&at, AETHER_COMPILER_CRANELIFT, run_without(), was_compiled);
    folder_path path;
    const aether_hash name = only_name(&at, &path);
    CHECK(unlink(path.text) == 0);
    aether_engine *engine = engine_at(&at, AETHER_COMPILER_CRANELIFT);
    subject self = {.engine = engine};
    CHECK_OK(aether_contract_load(engine, bytes_of(other_text), &self.contract, &err));
    subject_end(&self);
    (void)only_name(&at, &path);
    size_t len;
    uint8_t *bytes = file_read(path.text, &len);
    ae_cache *cache = NULL;
    CHECK_OK(ae_cache_open(at.path, key, AE_CACHE_LEN_MAX, &cache, &err));
    CHECK(ae_cache_write(cache, &name,
        ae_bytes(bytes + AE_CACHE_HEADER_LEN, len - AE_CACHE_HEADER_LEN - AE_CACHE_MAC_LEN)));
    ae_cache_close(cache);
    free(bytes);
    self.engine = engine_at(&at, AETHER_COMPILER_CRANELIFT);
    CHECK_OK(aether_contract_load(self.engine, bytes_of(text), &self.contract, &err));
    const setting with = {0};
    aether_execution_result result = subject_run(&self, &with);
    CHECK_I64(result.code, 3);
    aether_execution_result_destroy(&result);
    CHECK_U64(counts_of(self.engine).compiled, 0);
    subject_end(&self);
    folder_end(&at);
}

static void a_folder_that_takes_nothing_harms_nothing(void) {
    const uint64_t digest = run_without();
    const folder at = folder_make();
    check_engine(&at, AETHER_COMPILER_WINCH, digest, was_compiled);
    folder_path path;
    (void)only_name(&at, &path);
    struct stat state;
    CHECK(stat(path.text, &state) == 0 && unlink(path.text) == 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before;
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    for (int part = 0; part <= 8; part++) { // the disk is full after so many bytes
        const rlim_t limit =
            part < 8 ? (rlim_t)(state.st_size / 8 * part) : (rlim_t)state.st_size - 1;
        const struct rlimit low = {limit, before.rlim_max};
        CHECK(setrlimit(RLIMIT_FSIZE, &low) == 0);
        check_engine(&at, AETHER_COMPILER_WINCH, digest, was_not_kept);
        CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
        CHECK_U64(folder_count(&at, NULL), 0);
    }
    aether_engine *engine = engine_at(&at, AETHER_COMPILER_WINCH);
    folder_end(&at); // under the engine
    for (uint64_t i = 1; i < 4; i++) {
        CHECK_U64(run_in(engine), digest);
        CHECK_U64(counts_of(engine).compiled, i);
    }
    CHECK_U64(counts_of(engine).kept, 0);
    aether_engine_destroy(engine);
}

static aether_status create(aether_engine_options options, char *out_message) {
    aether_error err = {0};
    aether_engine *engine = NULL;
    const aether_status status = aether_engine_create(&options, &engine, &err);
    CHECK((status == AETHER_OK) == (engine != NULL));
    aether_engine_destroy(engine);
    memcpy(out_message, err.message, sizeof err.message);
    return status;
}

static void options_are_checked_and_an_old_program_has_no_cache(void) {
    const folder at = folder_make();
    char message[sizeof((aether_error *)0)->message];
    aether_engine_options options = {
        .struct_size = sizeof options, .cache_path = at.path, .cache_key = key};
    CHECK_U64(create(options, message), AETHER_OK);
    options.cache_key = NULL;
    CHECK_U64(create(options, message), AETHER_INVALID_ARGUMENT);
    options.cache_key = key;
    options.cache_path = "";
    CHECK_U64(create(options, message), AETHER_INVALID_ARGUMENT);
    options.cache_path = NULL;
    CHECK_U64(create(options, message), AETHER_OK);
    options.cache_path = "/dev/null";
    CHECK_U64(create(options, message), AETHER_STORAGE_FAILED);
    CHECK(strstr(message, "/dev/null") != NULL);
    options.struct_size = offsetof(aether_engine_options, cache_path); // what follows isn't read
    CHECK_U64(create(options, message), AETHER_OK);
    options.struct_size--;
    CHECK_U64(create(options, message), AETHER_INVALID_ARGUMENT);
    options.struct_size = sizeof options;
    options.cache_path = at.path;
    CHECK(chmod(at.path, 0777) == 0);
    CHECK_U64(create(options, message), AETHER_STORAGE_FAILED);
    CHECK(strstr(message, "others may write") != NULL);
    CHECK(chmod(at.path, 0700) == 0);
    folder_end(&at);
}

// With a file and without: a failing allocation is OUT_OF_MEMORY, or nothing at all.
static void loading_survives_each_failing_allocation(void) {
    aether_error err;
    for (uint64_t has_file = 0; has_file < 2; has_file++) {
        const folder at = folder_make();
        if (has_file)
            check_engine(&at, AETHER_COMPILER_WINCH, run_without(), was_compiled);
        bool is_done = false;
        for (uint64_t n = 0; !is_done; n++) {
            aether_engine *engine = NULL;
            aether_contract *contract = NULL;
            const aether_engine_options options = {.struct_size = sizeof options,
                .compiler = AETHER_COMPILER_WINCH,
                .cache_path = at.path,
                .cache_key = key};
            ae_alloc_fail_after(n);
            aether_status status = aether_engine_create(&options, &engine, &err);
            if (status == AETHER_OK)
                status = aether_contract_load(engine, bytes_of(text), &contract, &err);
            ae_alloc_fail_after(UINT64_MAX);
            CHECK(status == AETHER_OK || status == AETHER_OUT_OF_MEMORY);
            is_done = status == AETHER_OK && (!has_file || counts_of(engine).read == 1);
            aether_contract_destroy(contract);
            aether_engine_destroy(engine);
            CHECK(n < 1000);
        }
        folder_end(&at);
    }
}

typedef struct worker {
    const folder *at;
    uint64_t digest;
    aether_engine *engine;
} worker;

static void *work(void *argument) {
    worker *self = argument;
    aether_error err;
    for (int i = 0; i < 10; i++) {
        CHECK_U64(run_in(self->engine), self->digest);
        aether_contract *other = NULL;
        CHECK_OK(aether_contract_load(self->engine, bytes_of(other_text), &other, &err));
        aether_contract_destroy(other);
    }
    return NULL;
}

static void engines_and_threads_share_a_folder(void) {
    const folder at = folder_make();
    aether_engine *engines[2];
    for (int i = 0; i < 2; i++)
        engines[i] = engine_at(&at, AETHER_COMPILER_WINCH);
    const uint64_t digest = run_without();
    worker workers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker){.at = &at, .digest = digest, .engine = engines[i % 2]};
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    uint64_t read = 0;
    for (int i = 0; i < 2; i++) {
        read += counts_of(engines[i]).read;
        aether_engine_destroy(engines[i]);
    }
    CHECK(read > 0);
    CHECK_U64(folder_count(&at, NULL), 2);
    folder_end(&at);
}

TEST_MAIN(TEST(the_next_engine_reads_what_this_one_compiled)
        TEST(later_loads_read_nothing_while_the_contract_lives)
            TEST(another_schedule_reads_nothing_of_the_first)
                TEST(no_flipped_byte_of_a_real_file_reaches_the_engine)
                    TEST(whatever_is_wrong_with_a_file_is_compiled_again_and_replaced)
                        TEST(an_artefact_that_the_engine_refuses_is_compiled_again_and_replaced)
                            TEST(a_file_that_this_node_signed_is_what_runs)
                                TEST(a_folder_that_takes_nothing_harms_nothing)
                                    TEST(options_are_checked_and_an_old_program_has_no_cache)
                                        TEST(loading_survives_each_failing_allocation)
                                            TEST(engines_and_threads_share_a_folder))
