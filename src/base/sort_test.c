// Items come out in order, whatever order they came in, and none is lost.
// Method: every permutation of seven items, patterns that are bad for other sorts, items of several sizes.
#include "base/sort.h"

#include "base/bytes.h"
#include "harness/test.h"

static bool byte_is_after(const void *a, const void *b, const void *context) {
    (void)context;
    return *(const uint8_t *)a > *(const uint8_t *)b;
}

static void every_permutation_is_sorted(void) {
    uint8_t order[7] = {0};
    for (uint32_t number = 0; number < 5040; number++) {
        uint8_t left[7] = {0, 1, 2, 3, 4, 5, 6};
        uint32_t rest = number;
        for (size_t i = 0; i < 7; i++) {
            const size_t taken = rest % (7 - i);
            rest /= (uint32_t)(7 - i);
            order[i] = left[taken];
            memmove(left + taken, left + taken + 1, 6 - taken);
        }
        ae_sort(order, 7, 1, byte_is_after, NULL);
        for (size_t i = 0; i < 7; i++)
            CHECK_U64(order[i], i);
    }
}

typedef struct item {
    uint64_t key;
    uint64_t twin;
    uint8_t more[48];
} item;

static bool key_is_after(const void *a, const void *b, const void *context) {
    const uint64_t *flip = context;
    return (((const item *)a)->key ^ *flip) > (((const item *)b)->key ^ *flip);
}

static void large_items_move_whole_and_the_context_is_handed_on(void) {
    _Static_assert(sizeof(item) == AE_SORT_ITEM_LEN_MAX, "the largest size");
    static item items[1000];
    const uint64_t flips[] = {0, UINT64_MAX};
    for (size_t f = 0; f < 2; f++) {
        for (uint64_t i = 0; i < 1000; i++)
            items[i] = (item){.key = i * 7919 % 1000, .twin = i * 7919 % 1000};
        ae_sort(items, 1000, sizeof items[0], key_is_after, &flips[f]);
        for (uint64_t i = 0; i < 1000; i++) {
            CHECK_U64(items[i].key, flips[f] == 0 ? i : 999 - i);
            CHECK_U64(items[i].key, items[i].twin);
        }
    }
}

static void none_and_one_stay_as_they_are(void) {
    uint8_t one = 5;
    ae_sort(NULL, 0, 1, byte_is_after, NULL);
    ae_sort(&one, 1, 1, byte_is_after, NULL);
    CHECK_U64(one, 5);
}

TEST_MAIN(TEST(every_permutation_is_sorted) TEST(
    large_items_move_whole_and_the_context_is_handed_on) TEST(none_and_one_stay_as_they_are))
