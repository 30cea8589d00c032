/* Where a function body pays, decided before anything is written.
 *
 * A path carries what it has not paid yet, its debt, as a number known in advance. What is left in
 * truth is the counter less the debt. Paths that meet at a label must owe the same there; only a
 * path that owes another amount pays the difference, which may be negative. So the debt of a label
 * is the one that most often need not be paid: of the first conditional branch to it, else of the
 * first path that arrives.
 *
 * A plan has one step for each live instruction at which something may be put in, in their order,
 * and one label for each live block, loop and if, in their order, after the function's own.
 *
 * Checks. Every cycle of a body passes a check, or a loop that was paid for at once: a branch back
 * checks unless every path since the loop's start did. A body that calls functions, or is long,
 * checks as it is entered, so what a frame can run on a counter that is negative is bounded by the
 * sizes of two bodies and AE_UNCHECKED_GAS_MAX for each call in one.
 *
 * Thread safety: one-at-a-time. Determinism: part of consensus. */
#ifndef AE_GAS_DEBT_PLAN_H
#define AE_GAS_DEBT_PLAN_H

#include "gas/counted_loop.h"

/* Gas of a body without calls that need not check as it is entered; and of a loop of a known number
 * of rounds that need not check before it. */
#define AE_UNCHECKED_GAS_MAX 500

typedef struct ae_label {
    int64_t debt;       /* of every path that arrives here */
    int64_t other_debt; /* of an `if` without else: of the path around it */
    enum { AE_DEBT_OPEN, AE_DEBT_OFFERED, AE_DEBT_FIXED } state; /* while planning */
    uint32_t loop_depth; /* loops around what follows the label; a loop's own included */
    uint32_t covered;    /* of these, outermost first, those checked on every path that arrives */
    bool is_loop;
    bool is_table_target;
    bool takes_value; /* a branch to it takes an operand along */

    /* Of a loop. */
    int64_t back_debt;           /* where the last branch back leaves */
    uint32_t branches;           /* back to it */
    uint32_t unchecked_branches; /* of these, those before which nothing was checked */
    bool has_loops;              /* within it */
    bool is_counted;
    ae_counted_loop counted;
} ae_label;

/* What is done at a step. */
enum {
    AE_PAY_DIFFERENCE = 1, /* pay the step's debt less the label's */
    AE_PAY_ALL = 2,        /* pay the step's debt */
    AE_CHECK = 4,          /* then check */
    AE_CHECK_BACK = 8,     /* then check, unless the loop does so as a round begins */
    AE_ON_EDGE = 16,       /* a branch: only where it is taken */
    AE_OTHER_EDGE = 32,    /* an `end`: the path around an `if` arrives as well */
    AE_ROUNDS = 64,        /* a loop: pay all rounds but the first */
};

typedef struct ae_debt_step {
    int64_t debt;
    uint32_t label;
    uint32_t actions; /* bits above */
} ae_debt_step;

typedef struct ae_debt_plan {
    ae_label labels[AE_FUNCTION_BLOCKS_MAX + 1];
    uint32_t label_count;
    ae_debt_step *steps;
    uint32_t step_count;
    uint32_t step_capacity;
    bool checks_entry;
    bool uses_scratch;      /* an i32 local */
    bool uses_wide_scratch; /* an i64 local */
} ae_debt_plan;

typedef struct ae_planner ae_planner;

/* NULL: memory is exhausted. */
AETHER_MUST_CHECK ae_planner *ae_planner_create(
    const ae_module *module, const ae_schedule *schedule);
void ae_planner_destroy(ae_planner *planner);

/* Plan one body. The plan lives until the next one; NULL: memory is exhausted. */
AETHER_MUST_CHECK const ae_debt_plan *ae_planner_plan(
    ae_planner *planner, const ae_function *function);

/* Whether a loop checks as a round begins, because several branches back would have to. */
bool ae_label_checks_rounds(const ae_label *label);

/* Whether what a round pays is hidden from the compiler: in a loop with one branch back that pays and
 * checks. A payment of a known constant would be computed once more in every block that uses it. */
bool ae_label_hides_payment(const ae_label *label);

/* Whether a step stands for this instruction, where it is live. */
bool ae_debt_plan_has_step(ae_opcode opcode);

#endif
