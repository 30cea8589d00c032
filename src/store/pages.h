/* A walk over the pages of an LMDB file, without LMDB: our own reader of its format, version 1.
 *
 * LMDB trusts its file. A flipped bit can make it crash, hide keys, or lead it to an old copy of a page, whose records
 * have good checksums. The walk finds that before LMDB looks: every page is used once or is free, page numbers are what
 * the headers say, everything lies within its page and nothing twice, keys are in order, counts are right, and the two
 * meta pages follow each other as two commits do. What it can't find: a page whose write the disk has lost, so that an
 * old copy lies at the right place.
 *
 * Thread safety: one-at-a-time; nobody writes to the file meanwhile. */
#ifndef AE_STORE_PAGES_H
#define AE_STORE_PAGES_H

#include <aether/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AE_PAGE_LEN_MAX 32768 /* bytes; LMDB's own maximum */
#define AE_PAGES_DEPTH_MAX 32 /* levels of a tree; LMDB's own maximum */
#define AE_PAGES_TREES_MAX 16 /* named trees */

typedef struct ae_pages_summary {
    uint64_t txnid;    /* of the last commit */
    uint64_t last;     /* number of the last page */
    uint64_t free;     /* pages on the free list */
    uint64_t records;  /* of all named trees, by their own count */
    uint32_t page_len; /* bytes */
} ae_pages_summary;

/* How much is read. Branch pages and the free list always are; they name every leaf, so that a leaf that is used twice,
 * or is free too, is found either way. */
typedef enum ae_pages_extent {
    AE_PAGES_BRANCHES, /* leaves of named trees are not read */
    AE_PAGES_ALL,
} ae_pages_extent;

/* Whether a file can't be more than one whose making was cut short: nothing was ever committed to it. */
bool ae_pages_is_unfinished(int file, uint64_t file_len);

/* Walk.
 *  name  the file's, for messages
 * Returns OK; STORAGE_DAMAGED: the first thing that is wrong, and where; STORAGE_FAILED: it can't be read;
 * OUT_OF_MEMORY. */
aether_status ae_pages_check(int file, const char *name, ae_pages_extent extent,
    ae_pages_summary *out_summary, aether_error *err);

#endif
