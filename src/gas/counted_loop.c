#include "gas/counted_loop.h"

#include "base/alloc.h"

#define TESTS_MAX 16 // comparisons that one round may remember; a further one is unknown

// What is known of an i32 in a round, in terms of the locals as the round began.
typedef struct value {
    enum { UNKNOWN, SUM, TEST } kind;
    uint32_t local; // SUM: the local that is added, or AE_NO_INDEX; TEST: its number
    uint32_t constant;
} value;

// left opcode right, both of kind SUM.
typedef struct comparison {
    ae_opcode opcode;
    value left;
    value right;
} comparison;

struct ae_loop_reader {
    const ae_module *module;
    uint32_t round; // locals whose mark is another one still have the value they began with
    uint32_t marks[AE_LOCALS_MAX];
    value locals[AE_LOCALS_MAX];
    value stack[AE_OPERAND_HEIGHT_MAX];
    uint32_t height;
    comparison tests[TESTS_MAX];
    uint32_t test_count;
};

ae_loop_reader *ae_loop_reader_create(void) {
    return ae_alloc(1, sizeof(ae_loop_reader));
}

void ae_loop_reader_destroy(ae_loop_reader *reader) {
    ae_free(reader);
}

static value unknown(void) {
    return (value){.kind = UNKNOWN};
}

static value sum_of(uint32_t local, uint32_t constant) {
    return (value){.kind = SUM, .local = local, .constant = constant};
}

static void push(ae_loop_reader *r, value v) {
    AE_ASSERT(r->height < AE_OPERAND_HEIGHT_MAX); // the code was accepted
    r->stack[r->height++] = v;
}

static value pop(ae_loop_reader *r) {
    AE_ASSERT(r->height > 0);
    return r->stack[--r->height];
}

static value get_local(const ae_loop_reader *r, uint32_t local) {
    return r->marks[local] == r->round ? r->locals[local] : sum_of(local, 0);
}

static void set_local(ae_loop_reader *r, uint32_t local, value v) {
    r->marks[local] = r->round;
    r->locals[local] = v;
}

static void push_test(ae_loop_reader *r, ae_opcode opcode, value left, value right) {
    if (left.kind != SUM || right.kind != SUM || r->test_count == TESTS_MAX) {
        push(r, unknown());
        return;
    }
    r->tests[r->test_count] = (comparison){.opcode = opcode, .left = left, .right = right};
    push(r, (value){.kind = TEST, .local = r->test_count++});
}

static ae_opcode negation(ae_opcode opcode) {
    switch (opcode) {
    case AE_OP_i32_eq:
        return AE_OP_i32_ne;
    case AE_OP_i32_ne:
        return AE_OP_i32_eq;
    case AE_OP_i32_lt_s:
        return AE_OP_i32_ge_s;
    case AE_OP_i32_lt_u:
        return AE_OP_i32_ge_u;
    case AE_OP_i32_gt_s:
        return AE_OP_i32_le_s;
    case AE_OP_i32_gt_u:
        return AE_OP_i32_le_u;
    case AE_OP_i32_le_s:
        return AE_OP_i32_gt_s;
    case AE_OP_i32_le_u:
        return AE_OP_i32_gt_u;
    case AE_OP_i32_ge_s:
        return AE_OP_i32_lt_s;
    case AE_OP_i32_ge_u:
        return AE_OP_i32_lt_u;
    default:
        AE_UNREACHABLE();
    }
}

// a op b is b (swapped op) a.
static ae_opcode swapped(ae_opcode opcode) {
    switch (opcode) {
    case AE_OP_i32_lt_s:
        return AE_OP_i32_gt_s;
    case AE_OP_i32_lt_u:
        return AE_OP_i32_gt_u;
    case AE_OP_i32_gt_s:
        return AE_OP_i32_lt_s;
    case AE_OP_i32_gt_u:
        return AE_OP_i32_lt_u;
    case AE_OP_i32_le_s:
        return AE_OP_i32_ge_s;
    case AE_OP_i32_le_u:
        return AE_OP_i32_ge_u;
    case AE_OP_i32_ge_s:
        return AE_OP_i32_le_s;
    case AE_OP_i32_ge_u:
        return AE_OP_i32_le_u;
    default:
        return opcode;
    }
}

static void apply_eqz(ae_loop_reader *r) {
    const value operand = pop(r);
    if (operand.kind != TEST) {
        push_test(r, AE_OP_i32_eq, operand, sum_of(AE_NO_INDEX, 0));
        return;
    }
    const comparison t = r->tests[operand.local];
    push_test(r, negation(t.opcode), t.left, t.right);
}

static void apply_sum(ae_loop_reader *r, ae_opcode opcode) {
    const value right = pop(r);
    const value left = pop(r);
    const bool is_add = opcode == AE_OP_i32_add;
    if (left.kind != SUM || right.kind != SUM)
        push(r, unknown());
    else if (right.local == AE_NO_INDEX)
        push(r, sum_of(left.local,
                    is_add ? left.constant + right.constant : left.constant - right.constant));
    else if (is_add && left.local == AE_NO_INDEX)
        push(r, sum_of(right.local, left.constant + right.constant));
    else
        push(r, unknown());
}

static void apply_signature(ae_loop_reader *r, const char *signature) {
    const char *at = signature;
    for (; *at != '>'; at++)
        (void)pop(r);
    if (at[1] != '\0')
        push(r, unknown());
}

static void apply_test(ae_loop_reader *r, ae_opcode opcode) {
    const value right = pop(r);
    const value left = pop(r);
    push_test(r, opcode, left, right);
}

// Whether the instruction may stand in a counted loop; its effect on what is known.
static bool apply(ae_loop_reader *r, const ae_instruction *in) {
    switch (in->opcode) {
    case AE_OP_nop:
    case AE_OP_data_drop:
        return true;
    case AE_OP_drop:
    case AE_OP_global_set:
        (void)pop(r);
        return true;
    case AE_OP_global_get:
        push(r, unknown());
        return true;
    case AE_OP_select:
        r->height -= 3;
        push(r, unknown());
        return true;
    case AE_OP_local_get:
        push(r, get_local(r, in->index));
        return true;
    case AE_OP_local_set:
        set_local(r, in->index, pop(r));
        return true;
    case AE_OP_local_tee:
        set_local(r, in->index, r->stack[r->height - 1]);
        return true;
    case AE_OP_i32_const:
        push(r, sum_of(AE_NO_INDEX, (uint32_t)in->value));
        return true;
    case AE_OP_i32_add:
    case AE_OP_i32_sub:
        apply_sum(r, in->opcode);
        return true;
    case AE_OP_i32_eqz:
        apply_eqz(r);
        return true;
    case AE_OP_memory_grow:
    case AE_OP_memory_init:
    case AE_OP_memory_copy:
    case AE_OP_memory_fill:
        return false;
    default:
        break;
    }
    if (in->opcode >= AE_OP_i32_eq && in->opcode <= AE_OP_i32_ge_u) {
        apply_test(r, in->opcode);
        return true;
    }
    const char *signature = ae_opcode_get(in->opcode)->signature;
    if (signature[0] == '\0') // control
        return false;
    apply_signature(r, signature);
    return true;
}
_Static_assert(AE_OP_i32_ge_u - AE_OP_i32_eq == 9, "the comparisons of i32 stand together");

// What every round adds to the local; false: it is not the same in every round.
static bool step_of(const ae_loop_reader *r, uint32_t local, uint32_t *out) {
    const value after = get_local(r, local);
    *out = after.constant;
    return after.kind == SUM && after.local == local;
}

static bool is_fixed(const ae_loop_reader *r, value v) {
    uint32_t step = 0;
    return v.local == AE_NO_INDEX || (step_of(r, v.local, &step) && step == 0);
}

static bool is_down(ae_opcode test) {
    return test == AE_OP_i32_gt_s || test == AE_OP_i32_gt_u || test == AE_OP_i32_ge_s ||
           test == AE_OP_i32_ge_u;
}

// How far a round of an order comes towards the bound.
static uint32_t distance(const ae_counted_loop *loop) {
    return is_down(loop->test) ? 0u - loop->step : loop->step;
}

static bool is_power(uint32_t number) {
    return (number & (number - 1)) == 0;
}

static bool is_strict(ae_opcode test) {
    return test == AE_OP_i32_lt_s || test == AE_OP_i32_lt_u || test == AE_OP_i32_gt_s ||
           test == AE_OP_i32_gt_u;
}

// The order as lt_u or le_u: what to xor both sides with.
static uint32_t order_mask(ae_opcode test) {
    switch (test) {
    case AE_OP_i32_lt_s:
    case AE_OP_i32_le_s:
        return 0x80000000;
    case AE_OP_i32_gt_s:
    case AE_OP_i32_ge_s:
        return 0x7fffffff;
    case AE_OP_i32_gt_u:
    case AE_OP_i32_ge_u:
        return 0xffffffff;
    default:
        return 0;
    }
}

// An order towards the bound can be stepped over: past 2^32 the rounds go on from below. Whether
// the first value that fails the test lies below 2^32 whatever the local is.
static bool never_wraps(const ae_counted_loop *loop) {
    const uint64_t step = distance(loop);
    if (step == 1 && is_strict(loop->test))
        return true;
    if (loop->origin != AE_NO_INDEX)
        return false;
    const uint64_t beyond =
        (uint64_t)(loop->bound ^ order_mask(loop->test)) + !is_strict(loop->test);
    return beyond + step <= (uint64_t)1 << 32;
}

// x + 1 >= x, unsigned, is x + 1 != 0; compilers test for the wrap-around so.
static bool take_overflow_test(const comparison *t, ae_counted_loop *out, value *out_seen) {
    if (t->left.local != t->right.local || t->left.local == AE_NO_INDEX)
        return false;
    const uint32_t ahead = t->left.constant - t->right.constant;
    if ((t->opcode == AE_OP_i32_ge_u || t->opcode == AE_OP_i32_gt_u) && ahead == 1)
        *out_seen = t->left;
    else if ((t->opcode == AE_OP_i32_le_u || t->opcode == AE_OP_i32_lt_u) && ahead == UINT32_MAX)
        *out_seen = t->right;
    else
        return false;
    out->test = AE_OP_i32_ne;
    out->origin = AE_NO_INDEX;
    out->bound = 0;
    return true;
}

static bool take_test(const ae_loop_reader *r, comparison t, ae_counted_loop *out) {
    value seen = t.left;
    if (!take_overflow_test(&t, out, &seen)) {
        if (is_fixed(r, t.left)) {
            t = (comparison){.opcode = swapped(t.opcode), .left = t.right, .right = t.left};
            seen = t.left;
        }
        if (!is_fixed(r, t.right) || t.opcode == AE_OP_i32_eq)
            return false;
        out->test = t.opcode;
        out->origin = t.right.local;
        out->bound = t.right.constant;
    }
    if (seen.local == AE_NO_INDEX || !step_of(r, seen.local, &out->step) || out->step == 0)
        return false;
    out->local = seen.local;
    out->ahead = seen.constant;
    return out->test == AE_OP_i32_ne || is_power(distance(out)) || never_wraps(out);
}

bool ae_counted_loop_read(
    ae_loop_reader *reader, const ae_schedule *schedule, ae_reader code, ae_counted_loop *out) {
    ae_instruction in;
    reader->round++;
    reader->height = 0;
    reader->test_count = 0;
    *out = (ae_counted_loop){0};
    for (;;) {
        const aether_status status = ae_instruction_read(&code, &in, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        out->gas += schedule->opcodes[in.opcode];
        if (in.opcode == AE_OP_br_if)
            break;
        if (!apply(reader, &in))
            return false;
    }
    if (in.index != 0 || code.data[code.at] != AE_CODE_end)
        return false;
    const value condition = pop(reader);
    if (condition.kind == TEST)
        return take_test(reader, reader->tests[condition.local], out);
    const comparison is_set = {
        .opcode = AE_OP_i32_ne, .left = condition, .right = sum_of(AE_NO_INDEX, 0)};
    return condition.kind == SUM && take_test(reader, is_set, out);
}

// The number that times an odd one is 1, modulo 2^32: each turn doubles the bits that are right.
static uint32_t inverse(uint32_t odd) {
    uint32_t result = odd; // right in three bits
    for (int i = 0; i < 4; i++)
        result *= 2 - odd * result;
    return result;
}

// How `i32.ne` is counted: rounds = (distance >> shift) × factor, modulo 2^(32 - shift).
typedef struct division {
    bool
        is_reversed; // the distance is taken from the bound to what is seen, so that the factor is 1
    uint32_t shift;
    uint32_t factor;
    uint32_t mask;
} division;

static division divide_by_step(uint32_t step) {
    division d = {.is_reversed = !is_power(step) && is_power(0u - step)};
    if (d.is_reversed)
        step = 0u - step;
    while ((step >> d.shift & 1) == 0)
        d.shift++;
    d.mask = UINT32_MAX >> d.shift;
    d.factor = inverse(step >> d.shift) & d.mask;
    return d;
}

static bool rounds_until_equal(
    const ae_counted_loop *loop, uint32_t seen, uint32_t bound, uint64_t *out_more) {
    const division d = divide_by_step(loop->step);
    const uint32_t apart = d.is_reversed ? seen - bound : bound - seen;
    *out_more = ((apart >> d.shift) * d.factor) & d.mask;
    return (apart & ~(UINT32_MAX << d.shift)) == 0;
}

bool ae_counted_loop_rounds(
    const ae_counted_loop *loop, uint32_t local, uint32_t origin, uint64_t *out_more) {
    const uint32_t seen = local + loop->ahead;
    const uint32_t bound = loop->origin != AE_NO_INDEX ? origin + loop->bound : loop->bound;
    if (loop->test == AE_OP_i32_ne)
        return rounds_until_equal(loop, seen, bound, out_more);
    const uint32_t mask = order_mask(loop->test);
    const uint64_t from = seen ^ mask;
    const uint64_t to = (uint64_t)(bound ^ mask) + !is_strict(loop->test); // the first that fails
    const uint64_t step = distance(loop);
    *out_more = from < to ? (to - from - 1) / step + 1 : 0;
    return from + *out_more * step < (uint64_t)1 << 32;
}

bool ae_counted_loop_uses_scratch(const ae_counted_loop *loop) {
    return loop->test == AE_OP_i32_ne && (loop->step & 1) == 0;
}

bool ae_counted_loop_uses_wide_scratch(const ae_counted_loop *loop) {
    return loop->test != AE_OP_i32_ne && !never_wraps(loop);
}

static void emit_constant_op(ae_emit *out, uint32_t constant, uint8_t code) {
    ae_emit_i32_const(out, (int32_t)constant);
    ae_emit_byte(out, code);
}

// [] → [i32]: local + constant; AE_NO_INDEX: the constant.
static void emit_sum(ae_emit *out, uint32_t local, uint32_t constant, bool is_constant) {
    if (is_constant) {
        ae_emit_i32_const(out, (int32_t)constant);
        return;
    }
    ae_emit_local(out, AE_CODE_local_get, local);
    if (constant != 0)
        emit_constant_op(out, constant, AE_CODE_i32_add);
}

static void emit_seen(const ae_counted_loop *loop, const ae_counted_locals *at, ae_emit *out) {
    emit_sum(out, at->local, loop->ahead, false);
}

static void emit_bound(const ae_counted_loop *loop, const ae_counted_locals *at, ae_emit *out) {
    emit_sum(out, at->origin, loop->bound, loop->origin == AE_NO_INDEX);
}

// [] → [i32]: bound - seen - less, or seen - bound - less.
static void emit_apart(const ae_counted_loop *loop, const ae_counted_locals *at, bool is_reversed,
    uint32_t less, ae_emit *out) {
    const uint32_t constant =
        is_reversed ? loop->ahead - loop->bound - less : loop->bound - loop->ahead - less;
    const bool has_origin = loop->origin != AE_NO_INDEX;
    if (!has_origin && !is_reversed) {
        ae_emit_i32_const(out, (int32_t)constant);
        ae_emit_local(out, AE_CODE_local_get, at->local);
        ae_emit_byte(out, AE_CODE_i32_sub);
        return;
    }
    ae_emit_local(out, AE_CODE_local_get, is_reversed ? at->local : at->origin);
    if (has_origin) {
        ae_emit_local(out, AE_CODE_local_get, is_reversed ? at->origin : at->local);
        ae_emit_byte(out, AE_CODE_i32_sub);
    }
    if (constant != 0)
        emit_constant_op(out, constant, AE_CODE_i32_add);
}

static void emit_until_equal(
    const ae_counted_loop *loop, const ae_counted_locals *at, ae_emit *out) {
    const division d = divide_by_step(loop->step);
    emit_apart(loop, at, d.is_reversed, 0, out);
    if (d.shift != 0) {
        ae_emit_local(out, AE_CODE_local_tee, at->scratch);
        emit_constant_op(out, ~(UINT32_MAX << d.shift), AE_CODE_i32_and);
        ae_emit_trap_if(out);
        ae_emit_local(out, AE_CODE_local_get, at->scratch);
        emit_constant_op(out, d.shift, AE_CODE_i32_shr_u);
    }
    if (d.factor != 1) {
        emit_constant_op(out, d.factor, AE_CODE_i32_mul);
        if (d.shift != 0)
            emit_constant_op(out, d.mask, AE_CODE_i32_and);
    }
    ae_emit_byte(out, AE_CODE_i64_extend_i32_u);
}

static void emit_test(const ae_counted_loop *loop, ae_emit *out) {
    ae_emit_byte(out, (uint8_t)ae_opcode_get(loop->test)->code);
}

// Whether the value that the rounds end at still passes the test: then there is none that fails it,
// because a power of two meets the same values again after 2^32.
static void emit_wrap_check(
    const ae_counted_loop *loop, const ae_counted_locals *at, ae_emit *out) {
    ae_emit_local(out, AE_CODE_local_tee, at->wide_scratch);
    ae_emit_byte(out, AE_CODE_i32_wrap_i64);
    if (loop->step != 1)
        emit_constant_op(out, loop->step, AE_CODE_i32_mul);
    emit_seen(loop, at, out);
    ae_emit_byte(out, AE_CODE_i32_add);
    emit_bound(loop, at, out);
    emit_test(loop, out);
    ae_emit_trap_if(out);
    ae_emit_local(out, AE_CODE_local_get, at->wide_scratch);
}

static void emit_until_beyond(
    const ae_counted_loop *loop, const ae_counted_locals *at, ae_emit *out) {
    const uint32_t step = distance(loop);
    emit_apart(loop, at, is_down(loop->test), is_strict(loop->test), out);
    if (is_power(step)) {
        const uint32_t shift = (uint32_t)__builtin_ctz(step);
        if (shift != 0)
            emit_constant_op(out, shift, AE_CODE_i32_shr_u);
    } else {
        emit_constant_op(out, step, AE_CODE_i32_div_u);
    }
    ae_emit_byte(out, AE_CODE_i64_extend_i32_u);
    ae_emit_i64_const(out, 1);
    ae_emit_byte(out, AE_CODE_i64_add);
    ae_emit_i64_const(out, 0);
    emit_seen(loop, at, out);
    emit_bound(loop, at, out);
    emit_test(loop, out);
    ae_emit_byte(out, AE_CODE_select);
    if (!never_wraps(loop))
        emit_wrap_check(loop, at, out);
}

void ae_counted_loop_emit(
    const ae_counted_loop *loop, const ae_counted_locals *locals, ae_emit *out) {
    if (loop->test == AE_OP_i32_ne)
        emit_until_equal(loop, locals, out);
    else
        emit_until_beyond(loop, locals, out);
}
