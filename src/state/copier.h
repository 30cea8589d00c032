/* Copies of what an execution came to, into an arena that the result owns. The first allocation that fails makes the
 * rest no-ops, so that it is asked for once, at the end.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_STATE_COPIER_H
#define AE_STATE_COPIER_H

#include "base/arena.h"
#include "base/bytes.h"

#include <aether/execution.h>

typedef struct ae_copier {
    ae_arena *arena;
    bool is_exhausted;
} ae_copier;

/* `count` things of `size` bytes, not zeroed; NULL when exhausted. */
void *ae_copier_reserve(ae_copier *copier, size_t count, size_t size);

/* Nothing for no bytes. */
aether_bytes ae_copier_bytes(ae_copier *copier, aether_bytes bytes);

/* With a NUL behind; "" when exhausted. */
const char *ae_copier_text(ae_copier *copier, aether_bytes text);

/* NULL for none. */
const aether_log *ae_copier_logs(ae_copier *copier, const aether_log *logs, size_t count);
const aether_change *ae_copier_changes(
    ae_copier *copier, const aether_change *changes, size_t count);

#endif
