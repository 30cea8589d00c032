/* Programs come from the store once, are found in memory as long as they are among those used last, and never
 * come from bytes that do not have their hash.
 * Method: modules of a few bytes in a memory store behind one that counts what is read; a list as the model of what
 * is kept. */
#include "runtime/modules.h"

#include "base/alloc.h"
#include "crypto/hash.h"
#include "runtime/program.h"

#include "harness/test.h"

#include <stdio.h>

enum { CODES = 8 };

typedef struct fixture {
    ae_runtime *runtime;
    aether_memory_store *memory;
    aether_store inner;
    aether_store store; // counts, then asks the inner one
    ae_view view;
    uint64_t reads;
    bool is_failing;
    uint8_t *code[CODES];
    size_t code_len[CODES];
    aether_hash hashes[CODES];
    ae_program *programs[CODES];
} fixture;

static aether_status counted_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    fixture *self = user;
    self->reads++;
    if (self->is_failing)
        return ae_fail(err, AETHER_STORAGE_FAILED, "the disk is gone");
    return self->inner.get(self->inner.user, key, out_value, out_found, err);
}

static void put(fixture *self, const aether_hash *hash, aether_bytes bytes, bool is_removed) {
    aether_error err;
    uint8_t key[1 + AETHER_HASH_LEN] = {AETHER_STORE_KIND_CODE};
    memcpy(key + 1, hash->bytes, AETHER_HASH_LEN);
    const aether_change change = {
        .key = ae_bytes(key, sizeof key), .value = bytes, .is_removed = is_removed};
    CHECK_OK(aether_memory_store_apply(self->memory, &change, 1, &err));
}

// Every code loaded, and in the store.
static void start(fixture *self) {
    aether_error err;
    *self = (fixture){0};
    const aether_engine_options options = {
        .struct_size = sizeof options, .compiler = AETHER_COMPILER_WINCH};
    CHECK_OK(ae_runtime_create(&options, &self->runtime, &err));
    CHECK_OK(aether_memory_store_create(&self->memory, &err));
    self->inner = aether_memory_store_interface(self->memory);
    self->store = (aether_store){.user = self, .get = counted_get};
    self->view = ae_view_of_store(&self->store);
    for (int i = 0; i < CODES; i++) {
        char text[128];
        snprintf(
            text, sizeof text, "(module (func (export \"execute\") (result i32) i32.const %d))", i);
        CHECK_OK(ae_text_to_binary(ae_bytes_of(text), &self->code[i], &self->code_len[i], &err));
        const aether_bytes code = ae_bytes(self->code[i], self->code_len[i]);
        ae_hash_tagged("code", code, &self->hashes[i]);
        CHECK_OK(ae_program_load(self->runtime, code, &self->programs[i], &err));
        put(self, &self->hashes[i], code, false);
    }
}

static void release(fixture *self, int i) {
    ae_program_destroy(self->programs[i]);
    self->programs[i] = NULL;
}

// The runtime's destruction asserts that no program lives.
static void end(fixture *self) {
    for (int i = 0; i < CODES; i++) {
        release(self, i);
        ae_free(self->code[i]);
    }
    aether_memory_store_destroy(self->memory);
    ae_runtime_destroy(self->runtime);
}

static ae_modules *create(fixture *self, uint32_t count_max) {
    aether_error err;
    ae_modules *modules = NULL;
    CHECK_OK(ae_modules_create(self->runtime, count_max, &modules, &err));
    return modules;
}

static ae_program *find(fixture *self, ae_modules *modules, int i) {
    aether_error err;
    ae_program *program = NULL;
    CHECK_OK(ae_modules_find(modules, &self->hashes[i], &self->view, &program, &err));
    return program;
}

static void a_code_is_read_once_and_then_found_in_memory(void) {
    fixture self;
    start(&self);
    release(&self, 1);
    ae_modules *modules = create(&self, 4);
    CHECK_U64(self.reads, 0);
    ae_program *first = find(&self, modules, 1);
    CHECK(first != NULL && ae_program_has_entry(first, AETHER_ENTRY_EXECUTE));
    CHECK_U64(self.reads, 1);
    CHECK(find(&self, modules, 1) == first);
    CHECK(find(&self, modules, 2) == self.programs[2]);
    CHECK(find(&self, modules, 1) == first);
    CHECK_U64(self.reads, 2);
    ae_modules_destroy(modules);
    ae_modules_destroy(NULL);
    CHECK(self.runtime->programs != NULL);
    end(&self);
}

static void what_is_not_in_the_store_is_no_program(void) {
    fixture self;
    start(&self);
    ae_modules *modules = create(&self, 4);
    put(&self, &self.hashes[3], ae_bytes(NULL, 0), true);
    CHECK(find(&self, modules, 3) == NULL);
    CHECK(find(&self, modules, 3) == NULL); // that it isn't there is not kept
    CHECK_U64(self.reads, 2);
    put(&self, &self.hashes[3], ae_bytes(self.code[3], self.code_len[3]), false);
    CHECK(find(&self, modules, 3) == self.programs[3]);
    ae_modules_destroy(modules);
    end(&self);
}

static void check_damaged(fixture *self, ae_modules *modules, const aether_hash *hash) {
    aether_error err;
    ae_program *program = self->programs[0];
    CHECK_STATUS(
        ae_modules_find(modules, hash, &self->view, &program, &err), AETHER_STORAGE_DAMAGED);
    CHECK(strstr(err.message, "stored code") != NULL);
    CHECK(program == self->programs[0]); // untouched
    CHECK_STATUS(
        ae_modules_find(modules, hash, &self->view, &program, NULL), AETHER_STORAGE_DAMAGED);
}

static void bytes_of_another_hash_are_damage(void) {
    fixture self;
    start(&self);
    ae_modules *modules = create(&self, 4);
    for (size_t bit = 0; bit < 8 * self.code_len[1]; bit++) {
        self.code[1][bit / 8] ^= (uint8_t)(1u << bit % 8);
        put(&self, &self.hashes[1], ae_bytes(self.code[1], self.code_len[1]), false);
        check_damaged(&self, modules, &self.hashes[1]);
        self.code[1][bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    put(&self, &self.hashes[1], ae_bytes(self.code[2], self.code_len[2]), false);
    check_damaged(&self, modules, &self.hashes[1]);
    put(&self, &self.hashes[1], ae_bytes(NULL, 0), false);
    check_damaged(&self, modules, &self.hashes[1]);
    put(&self, &self.hashes[1], ae_bytes(self.code[1], self.code_len[1]), false);
    CHECK(find(&self, modules, 1) == self.programs[1]);
    ae_modules_destroy(modules);
    end(&self);
}

static void a_stored_code_that_is_refused_is_damage_and_a_failing_store_is_its_own_fault(void) {
    aether_error err;
    fixture self;
    start(&self);
    ae_modules *modules = create(&self, 4);
    const aether_bytes junk = ae_bytes_of("never a module");
    aether_hash hash;
    ae_hash_tagged("code", junk, &hash);
    put(&self, &hash, junk, false);
    check_damaged(&self, modules, &hash);
    self.is_failing = true;
    ae_program *program = NULL;
    CHECK_STATUS(ae_modules_find(modules, &self.hashes[1], &self.view, &program, &err),
        AETHER_STORAGE_FAILED);
    CHECK_TEXT(err.message, "the disk is gone");
    self.is_failing = false;
    CHECK(find(&self, modules, 1) == self.programs[1]);
    self.is_failing = true;
    CHECK(find(&self, modules, 1) == self.programs[1]); // the store isn't asked
    ae_modules_destroy(modules);
    end(&self);
}

static void an_upload_is_kept_without_the_store(void) {
    fixture self;
    start(&self);
    ae_modules *modules = create(&self, 2);
    ae_modules_add(modules, &self.hashes[1], self.programs[1]);
    ae_modules_add(modules, &self.hashes[1], self.programs[1]);
    ae_modules_add(modules, &self.hashes[2], self.programs[2]);
    CHECK(find(&self, modules, 1) == self.programs[1]);
    CHECK_U64(self.reads, 0);
    ae_modules_add(modules, &self.hashes[2], self.programs[2]); // is the newest now
    ae_modules_add(modules, &self.hashes[3], self.programs[3]); // 1 goes
    CHECK(find(&self, modules, 2) == self.programs[2]);
    CHECK(find(&self, modules, 3) == self.programs[3]);
    CHECK_U64(self.reads, 0);
    CHECK(find(&self, modules, 1) == self.programs[1]);
    CHECK_U64(self.reads, 1);
    ae_modules_destroy(modules);
    end(&self);
}

static void a_program_that_is_dropped_lives_as_long_as_somebody_has_a_share(void) {
    fixture self;
    start(&self);
    for (int i = 0; i < CODES; i++)
        release(&self, i);
    CHECK(self.runtime->programs == NULL);
    ae_modules *modules = create(&self, 1);
    ae_program *running = ae_program_share(find(&self, modules, 1));
    CHECK(find(&self, modules, 2) != running);
    CHECK(ae_program_has_entry(running, AETHER_ENTRY_EXECUTE));
    CHECK(find(&self, modules, 1) == running); // the same one again, not a second
    CHECK(find(&self, modules, 2) != running);
    ae_program_destroy(running);
    CHECK(self.runtime->programs != NULL && self.runtime->programs->next == NULL);
    ae_modules_destroy(modules);
    CHECK(self.runtime->programs == NULL);
    end(&self);
}

// What is kept, newest first.
typedef struct model {
    int kept[CODES];
    int count;
} model;

// Whether it was kept; it is the newest afterwards.
static bool model_use(model *self, int code, int count_max) {
    int at = 0;
    while (at < self->count && self->kept[at] != code)
        at++;
    const bool was_kept = at < self->count;
    if (!was_kept && self->count < count_max)
        self->count++;
    if (at >= self->count)
        at = self->count - 1;
    memmove(self->kept + 1, self->kept, (size_t)at * sizeof self->kept[0]);
    self->kept[0] = code;
    return was_kept;
}

static void those_used_last_are_kept(void) {
    fixture self;
    start(&self);
    uint64_t state = test_seed();
    for (int count_max = 1; count_max <= CODES; count_max++) {
        ae_modules *modules = create(&self, (uint32_t)count_max);
        model expected = {.count = 0};
        uint64_t reads = self.reads;
        for (int i = 0; i < 3000; i++) {
            const int code = (int)(test_random(&state) % CODES);
            if (test_random(&state) % 8 == 0) {
                ae_modules_add(modules, &self.hashes[code], self.programs[code]);
                (void)model_use(&expected, code, count_max);
            } else {
                CHECK(find(&self, modules, code) == self.programs[code]);
                reads += model_use(&expected, code, count_max) ? 0 : 1;
            }
            CHECK_U64(self.reads, reads);
        }
        uint64_t shares = 0;
        for (int i = 0; i < CODES; i++)
            shares += self.programs[i]->users - 1;
        CHECK_U64(shares, expected.count);
        ae_modules_destroy(modules);
    }
    end(&self);
}

static void each_failing_allocation_is_a_fault_and_is_over(void) {
    aether_error err;
    fixture self;
    start(&self);
    release(&self, 1);
    ae_modules *modules = NULL;
    ae_alloc_fail_after(0);
    CHECK_STATUS(ae_modules_create(self.runtime, 2, &modules, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    modules = create(&self, 2);
    ae_program *program = NULL;
    uint64_t n = 0;
    for (; program == NULL; n++) {
        CHECK(n < 1000);
        ae_alloc_fail_after(n);
        const aether_status status =
            ae_modules_find(modules, &self.hashes[1], &self.view, &program, &err);
        ae_alloc_fail_after(UINT64_MAX);
        CHECK(status == AETHER_OK || status == AETHER_OUT_OF_MEMORY);
        CHECK((status == AETHER_OK) == (program != NULL));
    }
    CHECK(n > 3);
    CHECK(find(&self, modules, 1) == program);
    CHECK_U64(self.reads, n);
    ae_modules_destroy(modules);
    end(&self);
}

TEST_MAIN(TEST(a_code_is_read_once_and_then_found_in_memory)
        TEST(what_is_not_in_the_store_is_no_program) TEST(bytes_of_another_hash_are_damage)
            TEST(a_stored_code_that_is_refused_is_damage_and_a_failing_store_is_its_own_fault)
                TEST(an_upload_is_kept_without_the_store)
                    TEST(a_program_that_is_dropped_lives_as_long_as_somebody_has_a_share)
                        TEST(those_used_last_are_kept)
                            TEST(each_failing_allocation_is_a_fault_and_is_over))
