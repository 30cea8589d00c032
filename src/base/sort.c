#include "base/sort.h"

#include <stdint.h>
#include <string.h>

#include "base/assert.h"

typedef struct heap {
    uint8_t *items;
    size_t size;
    ae_is_after is_after;
    const void *context;
} heap;

static bool item_is_after(const heap *h, size_t a, size_t b) {
    return h->is_after(h->items + a * h->size, h->items + b * h->size, h->context);
}

static void swap(const heap *h, size_t a, size_t b) {
    uint8_t item[AE_SORT_ITEM_LEN_MAX];
    memcpy(item, h->items + a * h->size, h->size);
    memcpy(h->items + a * h->size, h->items + b * h->size, h->size);
    memcpy(h->items + b * h->size, item, h->size);
}

static void sift_down(const heap *h, size_t root, size_t count) {
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && item_is_after(h, child + 1, child))
            child++;
        if (!item_is_after(h, child, root))
            return;
        swap(h, root, child);
        root = child;
    }
}

void ae_sort(void *items, size_t count, size_t size, ae_is_after is_after, const void *context) {
    AE_ASSERT(size <= AE_SORT_ITEM_LEN_MAX);
    const heap h = {.items = items, .size = size, .is_after = is_after, .context = context};
    for (size_t i = count / 2; i > 0; i--)
        sift_down(&h, i - 1, count);
    for (size_t left = count; left > 1; left--) {
        swap(&h, 0, left - 1);
        sift_down(&h, 0, left - 1);
    }
}
