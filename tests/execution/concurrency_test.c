/* One engine and one contract serve many threads; executions_max bounds them with a clear status.
 * Method: threads that run the same contract over stores of their own; a store that starts executions. */
#include "contract.h"

#include <pthread.h>

static const char text[] =
    "(module (import \"env\" \"storage_read\" (func $r (param i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"
    "(import \"env\" \"return_data\" (func $return (param i32 i32))) (memory (export \"memory\") 1)"
    "(func (export \"execute\") (result i32) (local i32)"
    "(drop (call $input (i32.const 0) (i32.const 8)))"
    "(drop (call $r (i32.const 0) (i32.const 8) (i32.const 16) (i32.const 8)))"
    "(call $return (i32.const 0) (i32.const 8)) i32.const 0))";

static void *run_many(void *argument) {
    const subject *self = argument;
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t input = i ^ (uint64_t)(uintptr_t)&i;
        const setting with = {.input = {(const uint8_t *)&input, 8}};
        aether_execution_result result = subject_run(self, &with);
        CHECK(result.success);
        CHECK_BYTES(result.return_data, with.input);
        aether_execution_result_destroy(&result);
    }
    return NULL;
}

static void threads_share_an_engine_and_a_contract(void) {
    const setting with = {0};
    subject self = subject_of(text, &with);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, run_many, &self) == 0);
    for (int i = 0; i < 8; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    subject_end(&self);
}

typedef struct nest {
    const subject *self;
    int depth;
    aether_status last;
    char message[252];
} nest;

static aether_status nest_next(void *user, aether_bytes prefix, aether_bytes after, bool descending,
    aether_bytes *out_key, bool *out_found, aether_error *err) {
    (void)user;
    (void)prefix;
    (void)after;
    (void)descending;
    (void)out_key;
    (void)err;
    *out_found = false;
    return AETHER_OK;
}

// A store whose read starts one more execution, as an embedder might by mistake.
static aether_status nest_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    (void)key;
    (void)out_value;
    (void)err;
    nest *self = user;
    *out_found = false;
    self->depth++;
    const aether_store store = {.user = self, .get = nest_get, .next = nest_next};
    const setting with = {.store = &store};
    const aether_execution_context context = context_of(&with);
    aether_execution_result result;
    aether_error inner;
    const aether_status status =
        aether_execute(self->self->contract, &context, with.input, &store, &result, &inner);
    if (status != AETHER_OK) {
        self->last = status;
        memcpy(self->message, inner.message, sizeof self->message);
    } else {
        aether_execution_result_destroy(&result);
    }
    return AETHER_OK;
}

static void more_executions_than_allowed_are_refused_and_harm_nothing(void) {
    aether_error err;
    const aether_engine_options options = {.struct_size = sizeof options, .executions_max = 3};
    subject self = {0};
    CHECK_OK(aether_engine_create(&options, &self.engine, &err));
    CHECK_OK(aether_contract_load(self.engine, bytes_of(text), &self.contract, &err));
    nest state = {.self = &self};
    const aether_store store = {.user = &state, .get = nest_get, .next = nest_next};
    const setting with = {.store = &store};
    aether_execution_result result = subject_run(&self, &with);
    CHECK(result.success);
    aether_execution_result_destroy(&result);
    CHECK_U64(state.depth, 3);
    CHECK_U64(state.last, AETHER_WRONG_STATE);
    CHECK(strstr(state.message, "3") != NULL);
    run_many(&self);
    subject_end(&self);
}

static void loading_the_same_bytes_shares_them(void) {
    aether_error err;
    const setting with = {0};
    subject self = subject_of(text, &with);
    aether_contract *again = NULL;
    CHECK_OK(aether_contract_load(self.engine, bytes_of(text), &again, &err));
    CHECK(again == self.contract);
    aether_contract_destroy(again);
    run_many(&self);
    subject_end(&self);
}

TEST_MAIN(TEST(threads_share_an_engine_and_a_contract)
        TEST(more_executions_than_allowed_are_refused_and_harm_nothing)
            TEST(loading_the_same_bytes_shares_them))
