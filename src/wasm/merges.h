/* What a function asks of a compiler to merge: where a block, a loop or an if ends, or a loop begins, several ways meet,
 * and each local that is set inside may come with another value on each. A compiler's time grows with such merges
 * times those that they lie in, so a short body can take hours; this is what it is paid by.
 *
 *   merges of a block   the locals that are set inside it
 *   work of a block     its merges × (its own and those of all blocks inside it)
 *
 * Thread safety: one-at-a-time. Determinism: consensus, through the gas of an upload. */
#ifndef AE_WASM_MERGES_H
#define AE_WASM_MERGES_H

#include "base/limits.h"

#include <stdint.h>
#include <string.h>

#define AE_MERGES_WORDS ((AE_FUNCTION_PARAMS_MAX + AE_FUNCTION_LOCALS_MAX + 63) / 64)

/* Levels are open blocks, from the function's body on. */
typedef struct ae_merges {
    uint64_t work; /* of all functions so far */
    uint32_t inside[AE_NESTING_MAX + 1];
    uint64_t is_set[AE_NESTING_MAX + 1][AE_MERGES_WORDS]; /* a bit for each local */
} ae_merges;

static inline void ae_merges_open(ae_merges *self, uint32_t level) {
    self->inside[level] = 0;
    memset(self->is_set[level], 0, sizeof self->is_set[level]);
}

static inline void ae_merges_set(ae_merges *self, uint32_t level, uint32_t local) {
    self->is_set[level][local / 64] |= (uint64_t)1 << (local % 64);
}

/* The block of this level ends; the body, level 0, merges nothing. */
static inline void ae_merges_close(ae_merges *self, uint32_t level) {
    uint32_t own = 0;
    if (level == 0)
        return;
    for (uint32_t i = 0; i < AE_MERGES_WORDS; i++) {
        own += (uint32_t)__builtin_popcountll(self->is_set[level][i]);
        self->is_set[level - 1][i] |= self->is_set[level][i];
    }
    self->work += (uint64_t)own * (own + self->inside[level]);
    self->inside[level - 1] += own + self->inside[level];
}

#endif
