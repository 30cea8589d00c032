/* Leaves come out in the order of their paths, whatever the paths are.
 * Method: random sets whose paths begin with any number of bits alike, given sorted, reversed and shuffled,
 * against the plain heap sort. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/sort.h"
#include "state/leaf_sort.h"

#include "harness/test.h"

#define LEAVES_MAX 5000

static bool is_after(const void *a, const void *b, const void *context) {
    (void)context;
    return memcmp(a, b, 32) > 0;
}

// The number in the last bytes makes each path one of its own.
static void random_leaves(uint64_t *random, size_t count, size_t alike, ae_leaf *out) {
    for (size_t i = 0; i < count; i++) {
        uint8_t *bytes = (uint8_t *)&out[i];
        for (size_t j = 0; j < sizeof *out; j++)
            bytes[j] = (uint8_t)(j < alike ? 0x5a : test_random(random));
        out[i].path.bytes[30] = (uint8_t)(i >> 8);
        out[i].path.bytes[31] = (uint8_t)i;
    }
}

static void shuffle(uint64_t *random, ae_leaf *leaves, size_t count) {
    for (size_t i = count; i > 1; i--) {
        const size_t other = test_random(random) % i;
        const ae_leaf leaf = leaves[i - 1];
        leaves[i - 1] = leaves[other];
        leaves[other] = leaf;
    }
}

static void any_set_is_sorted(void) {
    static ae_leaf leaves[LEAVES_MAX], expected[LEAVES_MAX];
    uint64_t random = test_seed();
    aether_error err;
    ae_arena scratch;
    ae_arena_init(&scratch, 1 << 16, 1 << 26);
    for (int round = 0; round < 300; round++) {
        const size_t count = test_random(&random) % (round % 3 == 0 ? LEAVES_MAX : 100);
        random_leaves(&random, count, round % 4 == 0 ? 0 : test_random(&random) % 31, expected);
        ae_sort(expected, count, sizeof *expected, is_after, NULL);
        for (size_t i = 0; i < count; i++)
            leaves[i] = expected[round % 5 == 1 ? count - 1 - i : i];
        if (round % 5 > 1)
            shuffle(&random, leaves, count);
        CHECK_OK(ae_leaves_sort(leaves, count, &scratch, &err));
        CHECK_BYTES(
            ae_bytes(leaves, count * sizeof *leaves), ae_bytes(expected, count * sizeof *expected));
        ae_arena_reset(&scratch);
    }
    ae_arena_deinit(&scratch);
}

static void failing_allocation_is_a_status(void) {
    static ae_leaf leaves[LEAVES_MAX];
    uint64_t random = test_seed();
    aether_error err;
    ae_arena scratch;
    random_leaves(&random, LEAVES_MAX, 0, leaves);
    ae_arena_init(&scratch, 1 << 16, 1 << 26);
    ae_alloc_fail_after(0);
    CHECK_STATUS(ae_leaves_sort(leaves, LEAVES_MAX, &scratch, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    CHECK_OK(ae_leaves_sort(leaves, LEAVES_MAX, &scratch, &err));
    ae_arena_deinit(&scratch);
}

TEST_MAIN(TEST(any_set_is_sorted) TEST(failing_allocation_is_a_status))
