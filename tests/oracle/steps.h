/* A module's code as an array: each instruction once, with its price, and with the places that it may jump
 * to instead of labels to look for. All functions lie one behind the other.
 *
 * Life: steps_init → use → steps_deinit. Thread safety: immutable once made. */
#ifndef AE_TESTS_ORACLE_STEPS_H
#define AE_TESTS_ORACLE_STEPS_H

#include "gas/schedule.h"
#include "oracle/numeric.h"

typedef struct step {
    ae_opcode opcode;
    uint32_t gas;     /* charged before it runs; what depends on operands not counted */
    uint32_t index;   /* label depth, function, type, local, global or data index; of a br_table its
                          first label in `labels` */
    uint32_t count;   /* of a br_table: labels before the default */
    uint32_t after;   /* of block, loop, if, else: behind its `end` */
    uint32_t other;   /* of an if: behind its `else`; 0 without one */
    uint32_t results; /* of block, loop, if: 0 or 1 */
    uint32_t operands;         /* of a numeric instruction: 1 or 2 */
    uint64_t value;            /* constant's bits (i32: the upper half is 0); memarg: offset */
    numeric_function *compute; /* of a numeric instruction */
} step;

typedef struct steps {
    step *all; /* owned; all[0] belongs to no function, so that no place is 0 */
    uint32_t count;
    uint32_t *first;  /* owned: of each defined function, its first step */
    uint32_t *labels; /* owned: depths of all br_tables, each default last */
    uint32_t label_count;
} steps;

/* An accepted module's. */
steps steps_of(const ae_module *module, const ae_schedule *schedule);
void steps_deinit(steps *self);

#endif
