/* Metering put into one function body, in its fast form: a debt that is known in advance, paid where
 * paths that owe different amounts meet, where control leaves, and in loops.
 *
 * Parameters, locals and the block around the body are as in the plain form (gas/body.h), and so is
 * the gas of every run that ends by itself or is seen by a host function.
 *
 * Thread safety: one-at-a-time. Determinism: part of consensus. */
#ifndef AE_GAS_FAST_BODY_H
#define AE_GAS_FAST_BODY_H

#include "gas/body.h"
#include "gas/debt_plan.h"

/* Where this form of a body were longer than GROWTH times its bytes and ROOM, the plain form is
 * written, which is known to keep within the bound of a module. */
#define AE_FAST_BODY_GROWTH 7u
#define AE_FAST_BODY_ROOM 48u

/* Write an entry of the code section. False when memory is exhausted. */
AETHER_MUST_CHECK bool ae_fast_body_emit(
    const ae_body_context *context, ae_planner *planner, const ae_function *function);

#endif
