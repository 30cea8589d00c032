/* One execution's memory: bump allocation in chunks, released together, with a cap given at birth.
 *
 * Life: ae_arena_init → ae_arena_alloc … → ae_arena_reset (keeps the first chunk) … →
 * ae_arena_deinit. Thread safety: one-at-a-time. */
#ifndef AE_BASE_ARENA_H
#define AE_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct ae_arena_chunk {
    struct ae_arena_chunk *previous;
    size_t capacity; /* bytes after this header */
} ae_arena_chunk;

typedef struct ae_arena {
    ae_arena_chunk *first; /* kept by reset; NULL until the first allocation */
    ae_arena_chunk *current;
    size_t used;         /* bytes of the current chunk */
    size_t chunk_len;    /* bytes of an ordinary chunk */
    size_t total;        /* bytes of all chunks */
    size_t capacity_max; /* bytes that `total` may reach */
} ae_arena;

/* Allocates nothing yet. chunk_len and capacity_max in bytes. */
void ae_arena_init(ae_arena *arena, size_t chunk_len, size_t capacity_max);

/* `size` bytes aligned to `align` (a power of two, at most 16), not zeroed; NULL when the cap or
 * the host's memory is exhausted, the arena being as before. */
__attribute__((warn_unused_result)) void *ae_arena_alloc(
    ae_arena *arena, size_t size, size_t align);

/* Release everything but the first chunk. Every pointer handed out is dead. */
void ae_arena_reset(ae_arena *arena);

void ae_arena_deinit(ae_arena *arena);

#endif
