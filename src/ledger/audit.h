/* A walk over everything that a store's state consists of, from which its trees are built anew: a check compares
 * their pages with those of the store, a restored snapshot writes them.
 *
 * Memory: 64 bytes for each key of the largest contract and for each account, and the pages of the largest tree.
 *
 * Life: ae_audit_init → ae_audit_run, once → ae_audit_deinit. Thread safety: one-at-a-time. */
#ifndef AE_LEDGER_AUDIT_H
#define AE_LEDGER_AUDIT_H

#include "base/arena.h"
#include "ledger/record.h"
#include "state/change_list.h"
#include "state/tree.h"

/* Leaves of one tree on their way into memory. */
typedef struct ae_leaf_list {
    ae_leaf *leaves; /* NULL: none */
    size_t count;
    size_t capacity;
} ae_leaf_list;

typedef struct ae_audit {
    const aether_store *store; /* borrowed */
    aether_status flaw;        /* of a state that contradicts itself */
    aether_apply take_pages;   /* given the pages that the trees must have, a batch at a time */
    void *take_user;
    aether_progress progress; /* or NULL */
    void *progress_user;

    /* What was found; the report's tree_pages are those given to take_pages. */
    aether_check_report report;
    ae_constitution constitution;

    uint64_t done; /* keys */
    bool has_constitution;
    ae_leaf_list application;
    ae_leaf_list storage;
    ae_change_list pages; /* not yet taken */
    ae_arena scratch;
    ae_arena arena; /* of the pages */
} ae_audit;

/* The rest of the fields is the caller's to set. */
void ae_audit_init(ae_audit *audit, const aether_store *store, aether_status flaw);
void ae_audit_deinit(ae_audit *audit);

/* Walk accounts with their storage, code and parameters. Every entry is canonical (STORAGE_DAMAGED otherwise, since
 * the store holds it), each contract's storage leads to the root in its record and its code was uploaded, code has the
 * length that its record says, the balances sum to the supply. Other keys are not looked for.
 * The given status of a flaw; LIMIT_EXCEEDED: another protocol version; OUT_OF_MEMORY; what the store and take_pages
 * return. */
AETHER_MUST_CHECK aether_status ae_audit_run(
    ae_audit *audit, aether_hash *out_root, aether_error *err);

/* How many keys of a kind there are. */
AETHER_MUST_CHECK aether_status ae_audit_count(
    const aether_store *store, uint8_t kind, uint64_t *out_count, aether_error *err);

#endif
