/* The arena hands out aligned memory and refuses, without moving, what does not fit.
 * Method: small chunks, requests at and past the cap; reset keeps one chunk. */
#include "base/alloc.h"
#include "base/arena.h"

#include "harness/test.h"

static void aligns_and_refuses_past_the_cap(void) {
    ae_arena arena;
    ae_arena_init(&arena, 64, 128);
    CHECK(ae_arena_alloc(&arena, 1, 1) != NULL);
    uint8_t *aligned = ae_arena_alloc(&arena, 8, 8);
    CHECK_U64((uintptr_t)aligned % 8, 0);
    CHECK_U64(arena.used, 16);
    CHECK(ae_arena_alloc(&arena, SIZE_MAX, 1) == NULL);
    CHECK(ae_arena_alloc(&arena, 129, 1) == NULL);
    CHECK_U64(arena.used, 16);
    CHECK(ae_arena_alloc(&arena, 64, 1) != NULL);
    CHECK_U64(arena.total, 128);
    CHECK(ae_arena_alloc(&arena, 1, 1) == NULL);
    ae_arena_reset(&arena);
    CHECK_U64(arena.total, 64);
    CHECK(ae_arena_alloc(&arena, 64, 16) != NULL);
    ae_arena_deinit(&arena);
}

static void survives_exhausted_host_memory(void) {
    ae_arena arena;
    ae_arena_init(&arena, 64, 1024);
    ae_alloc_fail_after(0);
    CHECK(ae_arena_alloc(&arena, 1, 1) == NULL);
    ae_alloc_fail_after(UINT64_MAX);
    CHECK(ae_arena_alloc(&arena, 1, 1) != NULL);
    ae_arena_deinit(&arena);
}

TEST_MAIN(TEST(aligns_and_refuses_past_the_cap) TEST(survives_exhausted_host_memory))
