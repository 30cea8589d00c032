#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic uint64_t allocations_left =
    UINT64_MAX; // a switch for tests, not state of the library

static int may_allocate(void) {
    uint64_t left = atomic_load_explicit(&allocations_left, memory_order_relaxed);
    if (left == UINT64_MAX)
        return 1;
    if (left == 0)
        return 0;
    atomic_store_explicit(&allocations_left, left - 1, memory_order_relaxed);
    return 1;
}

void *ae_alloc(size_t count, size_t size) {
    if (!may_allocate())
        return NULL;
    return calloc(count != 0 ? count : 1, size != 0 ? size : 1);
}

void *ae_realloc(void *memory, size_t count, size_t size) {
    size_t bytes = 0;
    if (!may_allocate() || __builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return realloc(memory, bytes != 0 ? bytes : 1);
}

void ae_free(void *memory) {
    free(memory);
}

void ae_alloc_fail_after(uint64_t count) {
    atomic_store_explicit(&allocations_left, count, memory_order_relaxed);
}
