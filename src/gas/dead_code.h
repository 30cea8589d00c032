/* Code that no path reaches: from an instruction that never goes on to the `else` or `end` of the
 * block that it stands in. It is dropped, so every pass over a body must find the same extent.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_GAS_DEAD_CODE_H
#define AE_GAS_DEAD_CODE_H

#include "wasm/instruction.h"

typedef struct ae_dead_code {
    bool is_dead;     /* no path reaches the next instruction */
    uint32_t nesting; /* blocks opened since then */
} ae_dead_code;

/* The instruction just read never goes on to the next one. */
static inline void ae_dead_code_begin(ae_dead_code *dead) {
    *dead = (ae_dead_code){.is_dead = true};
}

/* Whether the instruction is dropped. The `else` or `end` that brings life back is not. */
static inline bool ae_dead_code_drops(ae_dead_code *dead, ae_opcode opcode) {
    if (!dead->is_dead)
        return false;
    switch (opcode) {
    case AE_OP_block:
    case AE_OP_loop:
    case AE_OP_if:
        dead->nesting++;
        return true;
    case AE_OP_else:
        dead->is_dead = dead->nesting != 0;
        return dead->is_dead;
    case AE_OP_end:
        dead->is_dead = dead->nesting != 0;
        dead->nesting -= dead->is_dead;
        return dead->is_dead;
    default:
        return true;
    }
}

#endif
