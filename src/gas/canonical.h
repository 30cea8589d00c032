/* Deterministic floats: which values of a function must be made canonical if they are NaN, and the code that
 * does it, so that the engine need not do it for every instruction.
 *
 * A NaN that arithmetic computes has bits that depend on the processor; by the rule it is 0x7fc00000 or
 * 0x7ff8000000000000. What only moves bits (loads, stores, neg, abs, copysign, select, locals, globals,
 * calls) keeps them. Further arithmetic, comparisons and conversions don't see which NaN they are given. So
 * a computed value must be canonical only where it reaches something that shows its bits.
 *
 * The analysis follows values from where they are computed through the operand stack, locals, select,
 * blocks and signs to where they are shown, whatever the order in which locals are written and read. It
 * marks the arithmetic that is shown; or, where that runs less often and nothing but arithmetic is ever
 * in the local, the local.get that shows it.
 *
 *   ae_canonical c = {0};
 *   for each function: ae_canonical_begin; declare the locals of ae_canonical_emit_locals; put the code of
 *   ae_canonical_emit_entry before its own; then for each instruction, in order, once it was copied:
 *       const uint8_t type = ae_canonical_type(&c, in.offset);
 *       if (type != 0)
 *           ae_canonical_emit(&c, &out, type);
 *   ae_canonical_deinit(&c);
 *
 * Instructions may be left out, such as dead code, or copied again, such as an unrolled loop. Thread safety: one-at-a-time. Determinism: part of
 * consensus. */
#ifndef AE_GAS_CANONICAL_H
#define AE_GAS_CANONICAL_H

#include "gas/emit.h"
#include "wasm/module.h"

/* Bytes that are written at most; of the first, 10 where the locals' indices are below 128. */
#define AE_CANONICAL_LEN_MAX 14
#define AE_CANONICAL_ENTRY_LEN_MAX 20
#define AE_CANONICAL_LOCALS_LEN_MAX 4
#define AE_CANONICAL_LOCALS_MAX 4 /* locals of a function that are added */

typedef struct ae_canonical_local {
    uint8_t type;        /* ae_valtype */
    bool is_cut;         /* made canonical where it is read */
    uint32_t write_cost; /* of making canonical what is written to it */
    uint32_t read_cost;  /* … what is read from it and shown */
} ae_canonical_local;

/* An open block. */
typedef struct ae_canonical_block {
    bool is_loop;
    uint32_t base;   /* height of the operand stack below it */
    uint32_t result; /* node of its result, or 0 without one of a float */
    bool has_result;
} ae_canonical_block;

/* Zero it to start. The members are private. */
typedef struct ae_canonical {
    bool needs_f32; /* the function has values of this type to make canonical */
    bool needs_f64;
    uint32_t local_f32; /* index of a scratch local; the next one holds the canonical NaN */
    uint32_t local_f64;

    struct ae_canonical_node *nodes; /* owned, reused by the next function */
    struct ae_canonical_edge *edges; /* owned */
    uint32_t capacity;               /* bytes of code that they are large enough for */
    uint32_t node_count;
    uint32_t edge_count;
    uint32_t cursor; /* the next node to look at */
    uint32_t local_count;
    uint32_t height;
    uint32_t block_count;
    uint32_t loop_depth;
    uint32_t dead_nesting; /* blocks opened in code that no path reaches; 0 in live code */
    ae_canonical_local locals[AE_FUNCTION_PARAMS_MAX + AE_FUNCTION_LOCALS_MAX];
    uint32_t values[AE_OPERAND_HEIGHT_MAX]; /* nodes */
    ae_canonical_block blocks[AE_NESTING_MAX + 1];
} ae_canonical;

/* Analyse a function of an accepted module, in time linear in its length. False when memory is exhausted. */
AETHER_MUST_CHECK bool ae_canonical_begin(
    ae_canonical *canonical, const ae_module *module, const ae_function *function);

/* AE_F32 or AE_F64 when the result of the instruction at this offset of the module must be made
 * canonical, else 0. Quickest when offsets ascend; a loop that is unrolled may be walked again. */
uint8_t ae_canonical_type(ae_canonical *canonical, uint32_t offset);

/* The groups of locals that the function needs: how many groups, how many locals, and their declaration,
 * of AE_CANONICAL_LOCALS_LEN_MAX bytes at most. */
uint32_t ae_canonical_group_count(const ae_canonical *canonical);
uint32_t ae_canonical_local_count(const ae_canonical *canonical);
void ae_canonical_emit_locals(const ae_canonical *canonical, ae_emit *out);

/* [] → []: what the function must begin with. The locals were declared from index `first_local`, below
 * 2^14. AE_CANONICAL_ENTRY_LEN_MAX bytes at most. */
void ae_canonical_emit_entry(ae_canonical *canonical, ae_emit *out, uint32_t first_local);

/* [x] → [x], or the canonical NaN where x is a NaN. AE_CANONICAL_LEN_MAX bytes at most. */
void ae_canonical_emit(const ae_canonical *canonical, ae_emit *out, uint8_t type);

void ae_canonical_deinit(ae_canonical *canonical);

#endif
