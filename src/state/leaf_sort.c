#include "state/leaf_sort.h"

#include <string.h>

#include "base/assert.h"
#include "base/sort.h"

#define BUCKET_BITS_MAX 16
#define INSERTION_MAX 32 /* leaves of a bucket that are sorted by insertion */

static unsigned bucket_of(const ae_leaf *leaf, unsigned shift) {
    const uint8_t *path = leaf->path.bytes;
    return (unsigned)((path[0] << 8 | path[1]) >> shift);
}

static bool is_after(const void *a, const void *b, const void *context) {
    (void)context;
    return memcmp(a, b, AETHER_HASH_LEN) > 0; // a leaf begins with its path
}

static void sort_bucket(ae_leaf *leaves, size_t count) {
    if (count > INSERTION_MAX) {
        ae_sort(leaves, count, sizeof *leaves, is_after, NULL);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        if (!is_after(&leaves[i - 1], &leaves[i], NULL))
            continue;
        const ae_leaf leaf = leaves[i];
        size_t at = i;
        for (; at > 0 && is_after(&leaves[at - 1], &leaf, NULL); at--)
            leaves[at] = leaves[at - 1];
        leaves[at] = leaf;
    }
}

// starts[b] to starts[b + 1] is bucket b; heads[b] is the first of it that is not known to belong there.
static void deal_out(
    ae_leaf *leaves, const size_t *starts, size_t *heads, size_t buckets, unsigned shift) {
    for (size_t b = 0; b < buckets; b++)
        while (heads[b] < starts[b + 1]) {
            ae_leaf *leaf = &leaves[heads[b]];
            const unsigned target = bucket_of(leaf, shift);
            if (target != b) {
                const ae_leaf other = leaves[heads[target]];
                leaves[heads[target]] = *leaf;
                *leaf = other;
            }
            heads[target]++;
        }
}

// About four leaves for a bucket.
static unsigned bucket_bits(size_t count) {
    unsigned bits = 1;
    while (bits < BUCKET_BITS_MAX && count >> (bits + 2) != 0)
        bits++;
    return bits;
}

aether_status ae_leaves_sort(ae_leaf *leaves, size_t count, ae_arena *scratch, aether_error *err) {
    if (count > INSERTION_MAX) {
        const unsigned bits = bucket_bits(count);
        const unsigned shift = 16 - bits;
        const size_t buckets = (size_t)1 << bits;
        size_t *starts =
            ae_arena_alloc(scratch, (2 * buckets + 1) * sizeof *starts, _Alignof(size_t));
        if (starts == NULL)
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "tree: sorting %zu leaves", count);
        size_t *heads = starts + buckets + 1;
        memset(starts, 0, (buckets + 1) * sizeof *starts);
        for (size_t i = 0; i < count; i++)
            starts[bucket_of(&leaves[i], shift) + 1]++;
        for (size_t b = 0; b < buckets; b++)
            starts[b + 1] += starts[b];
        memcpy(heads, starts, buckets * sizeof *heads);
        deal_out(leaves, starts, heads, buckets, shift);
        for (size_t b = 0; b < buckets; b++)
            sort_bucket(leaves + starts[b], starts[b + 1] - starts[b]);
    } else {
        sort_bucket(leaves, count);
    }
    for (size_t i = 1; i < count; i++)
        AE_ASSERT(is_after(&leaves[i], &leaves[i - 1], NULL)); // no path twice
    return AETHER_OK;
}
