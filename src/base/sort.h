/* Sorting in place: no memory, no worst case. The order must be total, so that equal inputs have one output.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_BASE_SORT_H
#define AE_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `a` stands behind `b`; never both ways round. */
typedef bool (*ae_is_after)(const void *a, const void *b, const void *context);

#define AE_SORT_ITEM_LEN_MAX 64 /* bytes */

/* Sort `count` items of `size` bytes, at most AE_SORT_ITEM_LEN_MAX. `context` is handed to is_after. */
void ae_sort(void *items, size_t count, size_t size, ae_is_after is_after, const void *context);

#endif
