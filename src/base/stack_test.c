/* A function runs on a mapped stack of its own and comes back.
 * Method: addresses of locals, deep use up to the mapping's size, nesting, calls from a thread with
 * little stack. */
#include "base/stack.h"

#include "harness/test.h"

#include <pthread.h>

typedef struct probe {
    uintptr_t local;
    uint32_t depth;
    uint64_t sum;
} probe;

static void note_local(void *argument) {
    probe *self = argument;
    volatile uint8_t here = 1;
    self->local = (uintptr_t)&here;
    self->sum += here;
}

static void runs_on_the_mapping_and_returns(void) {
    aether_error err;
    ae_stack stack;
    CHECK_OK(ae_stack_map(1 << 20, &stack, &err));
    probe self = {0};
    for (int i = 0; i < 3; i++)
        ae_stack_call(&stack, note_local, &self);
    CHECK_U64(self.sum, 3);
#ifndef __SANITIZE_ADDRESS__ // there locals may live on the sanitizer's fake stack
    CHECK(self.local > (uintptr_t)stack.mapping);
    CHECK(self.local < (uintptr_t)stack.mapping + stack.len);
#endif
    ae_stack_unmap(&stack);
    CHECK(stack.mapping == NULL);
    ae_stack_unmap(&stack);
}

static uint64_t use_stack(uint32_t depth) {
    volatile uint8_t block[4096];
    block[0] = (uint8_t)depth;
    block[4095] = 1;
    return depth == 0 ? block[4095]
                      : use_stack(depth - 1) + block[4095] + (block[0] != (uint8_t)depth);
}

static void use_much(void *argument) {
    probe *self = argument;
    self->sum = use_stack(self->depth);
}

static void *call_from_small_thread(void *argument) {
    probe *self = argument;
    aether_error err;
    ae_stack stack;
    CHECK_OK(ae_stack_map(16 << 20, &stack, &err));
    self->depth = 2000; // 8 MiB and more, in a thread that has 64 KiB
    ae_stack_call(&stack, use_much, self);
    ae_stack_trim(&stack, 65536);
    self->depth = 10;
    uint64_t before = self->sum;
    ae_stack_call(&stack, use_much, self);
    self->sum += before;
    ae_stack_unmap(&stack);
    return NULL;
}

static void outgrows_a_small_thread_stack(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    probe self = {0};
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, 65536) == 0);
    CHECK(pthread_create(&thread, &attributes, call_from_small_thread, &self) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_U64(self.sum, 2001 + 11);
    pthread_attr_destroy(&attributes);
}

static void refuses_what_cannot_be_mapped(void) {
    aether_error err;
    ae_stack stack;
    CHECK_STATUS(ae_stack_map((size_t)1 << 60, &stack, &err), AETHER_OUT_OF_MEMORY);
}

TEST_MAIN(TEST(runs_on_the_mapping_and_returns) TEST(outgrows_a_small_thread_stack)
        TEST(refuses_what_cannot_be_mapped))
