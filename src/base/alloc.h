/* Heap memory for long-lived objects. Every allocation may fail, and tests make each one fail in
 * turn.
 *
 * Thread safety: thread-safe; the failure switch is for tests and process-wide. */
#ifndef AE_BASE_ALLOC_H
#define AE_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory for `count` things of `size` bytes, or NULL; the product is checked. count 0 gives
 * a valid pointer. Release with ae_free. */
__attribute__((malloc, warn_unused_result)) void *ae_alloc(size_t count, size_t size);

/* Grow or shrink; new bytes are not zeroed. On NULL the old memory is as before. */
__attribute__((warn_unused_result)) void *ae_realloc(void *memory, size_t count, size_t size);

void ae_free(void *memory);

/* For tests: let `count` more allocations succeed, then fail every one. UINT64_MAX: never fail. */
void ae_alloc_fail_after(uint64_t count);

#endif
