/* Stacks that contracts run on: mapped with a guard page, so that neither the embedder's thread
 * stack nor its size matters.
 *
 * Life: ae_stack_map → ae_stack_call … → ae_stack_unmap. Thread safety: one-at-a-time. */
#ifndef AE_BASE_STACK_H
#define AE_BASE_STACK_H

#include "base/error.h"

#include <stddef.h>

typedef struct ae_stack {
    void *mapping; /* a guard page, then the stack, which grows down; NULL: none */
    size_t len;    /* bytes of the mapping */
} ae_stack;

/* Map `len` bytes of stack (rounded up to pages) that are committed as they are touched.
 * OK, OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_stack_map(size_t len, ae_stack *out_stack, aether_error *err);
void ae_stack_unmap(ae_stack *stack);

/* Call function(argument) on the stack and come back. Not for a stack that is in use. */
void ae_stack_call(ae_stack *stack, void (*function)(void *argument), void *argument);

/* Give back the pages below the topmost `keep` bytes that were touched. */
void ae_stack_trim(ae_stack *stack, size_t keep);

#endif
