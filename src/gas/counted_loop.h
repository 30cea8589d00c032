/* Loops whose number of rounds is known before the first one, so that they are paid for at once.
 *
 * Such a loop is straight code with one branch back at its end, which depends on a local that every
 * round steps by the same constant and on a bound that no round changes. Nothing in it is seen from
 * outside: no call, no `unreachable`, no bulk instruction. A trap of the machine code may be in it:
 * that frame fails either way.
 *
 * All arithmetic is that of the code: modulo 2^32, with wrap-around. A loop that never ends by its
 * test is out of gas at once.
 *
 * Thread safety: one-at-a-time. Determinism: part of consensus. */
#ifndef AE_GAS_COUNTED_LOOP_H
#define AE_GAS_COUNTED_LOOP_H

#include "gas/emit.h"
#include "gas/schedule.h"

typedef struct ae_counted_loop {
    uint64_t gas;    /* of one round */
    ae_opcode test;  /* i32.ne, or an order; another round follows while (seen test bound) holds */
    uint32_t local;  /* the local that steps */
    uint32_t ahead;  /* what the first test sees is the local's value before the loop plus this */
    uint32_t step;   /* from test to test, modulo 2^32; not 0 */
    uint32_t origin; /* a local that the bound starts from, or AE_NO_INDEX: from 0 */
    uint32_t bound;  /* the bound, less the origin's value */
} ae_counted_loop;

#define AE_LOCALS_MAX (AE_FUNCTION_PARAMS_MAX + AE_FUNCTION_LOCALS_MAX)

/* Memory of the analysis, used again for every loop. Zeroed before the first one. */
typedef struct ae_loop_reader ae_loop_reader;

AETHER_MUST_CHECK ae_loop_reader *ae_loop_reader_create(void); /* NULL: memory is exhausted */
void ae_loop_reader_destroy(ae_loop_reader *reader);

/* Look at the loop whose first instruction is under `code`, up to its first branch. Whether it is
 * counted. */
bool ae_counted_loop_read(
    ae_loop_reader *reader, const ae_schedule *schedule, ae_reader code, ae_counted_loop *out);

/* Rounds after the first one, if the local and the origin have these values before the loop. False:
 * it never ends. */
bool ae_counted_loop_rounds(
    const ae_counted_loop *loop, uint32_t local, uint32_t origin, uint64_t *out_more);

/* Where the locals of a body lie that the code below uses. */
typedef struct ae_counted_locals {
    uint32_t local; /* of the loop's fields, after metering made room */
    uint32_t origin;
    uint32_t scratch;      /* an i32 */
    uint32_t wide_scratch; /* an i64 */
} ae_counted_locals;

#define AE_COUNTED_LEN_MAX 128 /* bytes that the code below may take */

/* Which of the scratch locals the code below uses. */
bool ae_counted_loop_uses_scratch(const ae_counted_loop *loop);
bool ae_counted_loop_uses_wide_scratch(const ae_counted_loop *loop);

/* [] → [i64]: the rounds after the first one; `unreachable` if it never ends. */
void ae_counted_loop_emit(
    const ae_counted_loop *loop, const ae_counted_locals *locals, ae_emit *out);

#endif
