#include "base/arena.h"

#include "base/alloc.h"
#include "base/assert.h"

void ae_arena_init(ae_arena *arena, size_t chunk_len, size_t capacity_max) {
    *arena = (ae_arena){.chunk_len = chunk_len, .capacity_max = capacity_max};
}

static uint8_t *chunk_bytes(ae_arena_chunk *chunk) {
    return (uint8_t *)(chunk + 1);
}

static int add_chunk(ae_arena *arena, size_t size) {
    const size_t capacity = size > arena->chunk_len ? size : arena->chunk_len;
    if (capacity > arena->capacity_max - arena->total)
        return 0;
    ae_arena_chunk *chunk = ae_alloc(1, sizeof *chunk + capacity);
    if (chunk == NULL)
        return 0;
    chunk->previous = arena->current;
    chunk->capacity = capacity;
    if (arena->first == NULL)
        arena->first = chunk;
    arena->current = chunk;
    arena->used = 0;
    arena->total += capacity;
    return 1;
}

void *ae_arena_alloc(ae_arena *arena, size_t size, size_t align) {
    AE_ASSERT(align != 0 && align <= 16 && (align & (align - 1)) == 0);
    if (size > arena->capacity_max)
        return NULL;
    size_t start = (arena->used + align - 1) & ~(align - 1);
    if (arena->current == NULL || start > arena->current->capacity ||
        size > arena->current->capacity - start) {
        if (!add_chunk(arena, size))
            return NULL;
        start = 0;
    }
    arena->used = start + size;
    return chunk_bytes(arena->current) + start;
}

void ae_arena_reset(ae_arena *arena) {
    while (arena->current != arena->first) {
        ae_arena_chunk *previous = arena->current->previous;
        arena->total -= arena->current->capacity;
        ae_free(arena->current);
        arena->current = previous;
    }
    arena->used = 0;
}

void ae_arena_deinit(ae_arena *arena) {
    ae_arena_reset(arena);
    ae_free(arena->first);
    *arena = (ae_arena){0};
}
