#include "gas/fast_body.h"

#include "gas/dead_code.h"

#define COPY_ROOM 256 // bytes that metering may add to one instruction or to a function's entry
#define RUNS_ROOM 4   // runs of the offset map that one instruction may add

typedef struct body {
    const ae_body_context *context;
    const ae_debt_plan *plan;
    ae_emit *out;
    uint32_t param_count;
    uint32_t gas;          // local index of the counter
    uint32_t stack;        // … of what is left of the metered stack
    uint32_t first_local;  // … of the first declared local, which was param_count
    uint32_t scratch;      // … of an i32 that no value outlives an instruction in
    uint32_t wide_scratch; // … of an i64: as a counted loop begins, or what an innermost loop pays
    uint32_t nesting;      // open blocks of the uploaded code
    uint32_t step;         // the plan's next one
    ae_dead_code dead;
} body;

static void emit_local(body *b, uint8_t code, uint32_t local) {
    ae_emit_local(b->out, code, local);
}

static void mark_inserted(body *b, const ae_instruction *at) {
    ae_offset_map_insert(b->context->map, b->out->len, at->offset);
}

static void copy(body *b, const ae_instruction *in) {
    ae_offset_map_copy(b->context->map, b->out->len, in->offset);
    ae_emit_bytes(b->out, b->context->module->bytes.data + in->offset, in->len);
}

// [i64] → []: out of gas if it is negative.
static void emit_negative_trap(body *b) {
    ae_emit_i64_const(b->out, 0);
    ae_emit_byte(b->out, AE_CODE_i64_lt_s);
    ae_emit_trap_if(b->out);
}

static void emit_check(body *b) {
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_negative_trap(b);
}

// [i64] → [i64]: less gas.
static void emit_less(body *b, int64_t gas) {
    if (gas == 0)
        return;
    ae_emit_i64_const(b->out, gas);
    ae_emit_byte(b->out, AE_CODE_i64_sub);
}

// Take gas, or give it back, then check.
static void pay(body *b, int64_t gas, bool checks) {
    if (gas == 0 && !checks)
        return;
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_less(b, gas);
    if (gas != 0)
        emit_local(b, checks ? AE_CODE_local_tee : AE_CODE_local_set, b->gas);
    if (checks)
        emit_negative_trap(b);
}

static const ae_label *label_of(const body *b, const ae_debt_step *step) {
    return &b->plan->labels[step->label];
}

static int64_t payment(const body *b, const ae_debt_step *step) {
    if ((step->actions & AE_PAY_DIFFERENCE) != 0)
        return step->debt - label_of(b, step)->debt;
    return (step->actions & AE_PAY_ALL) != 0 ? step->debt : 0;
}

static bool does_check(const body *b, const ae_debt_step *step) {
    return (step->actions & AE_CHECK) != 0 ||
           ((step->actions & AE_CHECK_BACK) != 0 && !ae_label_checks_rounds(label_of(b, step)));
}

// [] → [i64]: a number that the compiler can't see. `end` holds -1 as long as code runs.
static void emit_hidden(body *b, int64_t number) {
    ae_emit_byte(b->out, AE_CODE_global_get);
    ae_emit_u32(b->out, b->context->end_global);
    ae_emit_i64_const(b->out, -number);
    ae_emit_byte(b->out, AE_CODE_i64_mul);
}
_Static_assert(AE_END_NONE == -1, "what `end` holds as long as code runs");

// An innermost loop has its number in a local; in an outer one that would take a register from the
// loops within.
static void pay_hidden(body *b, const ae_debt_step *step) {
    emit_local(b, AE_CODE_local_get, b->gas);
    if (label_of(b, step)->has_loops)
        emit_hidden(b, payment(b, step));
    else
        emit_local(b, AE_CODE_local_get, b->wide_scratch);
    ae_emit_byte(b->out, AE_CODE_i64_sub);
    emit_local(b, AE_CODE_local_tee, b->gas);
    emit_negative_trap(b);
}

static void pay_step(body *b, const ae_debt_step *step, const ae_instruction *before) {
    mark_inserted(b, before);
    if ((step->actions & AE_CHECK_BACK) != 0 && ae_label_hides_payment(label_of(b, step)))
        pay_hidden(b, step);
    else
        pay(b, payment(b, step), does_check(b, step));
}

// Where a declared local lies, after counter, stack and what canonical floats need.
static uint32_t moved(const body *b, uint32_t local) {
    return local < b->param_count ? local : local - b->param_count + b->first_local;
}

static void rewrite_local(body *b, const ae_instruction *in) {
    const uint32_t local = moved(b, in->index);
    if (local == in->index) {
        copy(b, in);
        return;
    }
    if (1 + ae_leb128_u32_len(local) == in->len)
        ae_offset_map_copy(b->context->map, b->out->len, in->offset);
    else
        mark_inserted(b, in);
    emit_local(b, (uint8_t)ae_opcode_get(in->opcode)->code, local);
}

static void emit_rounds(body *b, const ae_counted_loop *loop) {
    const ae_counted_locals locals = {
        .local = moved(b, loop->local),
        .origin = loop->origin != AE_NO_INDEX ? moved(b, loop->origin) : AE_NO_INDEX,
        .scratch = b->scratch,
        .wide_scratch = b->wide_scratch,
    };
    emit_local(b, AE_CODE_local_get, b->gas);
    ae_counted_loop_emit(loop, &locals, b->out);
    if (loop->gas != 1) {
        ae_emit_i64_const(b->out, (int64_t)loop->gas);
        ae_emit_byte(b->out, AE_CODE_i64_mul);
    }
    ae_emit_byte(b->out, AE_CODE_i64_sub);
    emit_local(b, AE_CODE_local_tee, b->gas);
    emit_negative_trap(b);
}

static void rewrite_loop(body *b, const ae_debt_step *step, const ae_instruction *in) {
    const ae_label *label = label_of(b, step);
    pay_step(b, step, in);
    if ((step->actions & AE_ROUNDS) != 0)
        emit_rounds(b, &label->counted);
    if (ae_label_hides_payment(label) && !label->has_loops) {
        emit_hidden(b, label->back_debt - label->debt);
        emit_local(b, AE_CODE_local_set, b->wide_scratch);
    }
    copy(b, in);
    b->nesting++;
    if (!ae_label_checks_rounds(label))
        return;
    mark_inserted(b, in);
    emit_check(b);
}

static void rewrite_end(body *b, const ae_debt_step *step, const ae_instruction *in) {
    const ae_label *label = label_of(b, step);
    pay_step(b, step, in);
    if ((step->actions & AE_OTHER_EDGE) != 0 && label->other_debt != label->debt) {
        ae_emit_byte(b->out, AE_CODE_else);
        pay(b, label->other_debt - label->debt, false);
    }
    copy(b, in);
    if (b->nesting != 0) {
        b->nesting--;
        return;
    }
    mark_inserted(b, in); // that was the end of the block around the body
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_less(b, label->debt);
    ae_emit_byte(b->out, AE_CODE_end);
}

// On the edge: `if` pay, branch `end`.
static void rewrite_br_if(body *b, const ae_debt_step *step, const ae_instruction *in) {
    if ((step->actions & AE_ON_EDGE) == 0 || (payment(b, step) == 0 && !does_check(b, step))) {
        pay_step(b, step, in);
        copy(b, in);
        return;
    }
    mark_inserted(b, in);
    ae_emit_byte(b->out, AE_CODE_if);
    ae_emit_byte(b->out, AE_BLOCK_EMPTY);
    pay_step(b, step, in);
    ae_emit_byte(b->out, AE_CODE_br);
    ae_emit_u32(b->out, in->index + 1);
    ae_emit_byte(b->out, AE_CODE_end);
}

static void rewrite_branch(body *b, const ae_debt_step *step, const ae_instruction *in) {
    pay_step(b, step, in);
    if (in->opcode == AE_OP_return) {
        ae_emit_byte(b->out, AE_CODE_br);
        ae_emit_u32(b->out, b->nesting);
    } else {
        copy(b, in);
    }
    ae_dead_code_begin(&b->dead);
}

// As in the plain form: gas | gas >> 63 makes an overdrawn counter AE_END_NONE.
static void rewrite_unreachable(body *b, const ae_debt_step *step, const ae_instruction *in) {
    pay_step(b, step, in);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_local(b, AE_CODE_local_get, b->gas);
    ae_emit_i64_const(b->out, 63);
    ae_emit_byte(b->out, AE_CODE_i64_shr_s);
    ae_emit_byte(b->out, AE_CODE_i64_or);
    ae_emit_byte(b->out, AE_CODE_global_set);
    ae_emit_u32(b->out, b->context->end_global);
    copy(b, in);
    ae_dead_code_begin(&b->dead);
}

static void rewrite_call(body *b, const ae_debt_step *step, const ae_instruction *in) {
    const bool is_import = in->index < b->context->module->import_count;
    mark_inserted(b, in);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_less(b, step->debt);
    if (!is_import)
        emit_local(b, AE_CODE_local_get, b->stack);
    ae_emit_byte(b->out, AE_CODE_call);
    ae_emit_u32(b->out, is_import ? in->index : in->index + b->context->added_import_count);
    emit_local(b, AE_CODE_local_set, b->gas);
}

static void rewrite_call_indirect(body *b, const ae_debt_step *step, const ae_instruction *in) {
    mark_inserted(b, in);
    emit_local(b, AE_CODE_local_set, b->scratch);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_less(b, step->debt);
    emit_local(b, AE_CODE_local_get, b->stack);
    emit_local(b, AE_CODE_local_get, b->scratch);
    ae_emit_byte(b->out, AE_CODE_call_indirect);
    ae_emit_u32(b->out, in->index);
    ae_emit_byte(b->out, 0);
    emit_local(b, AE_CODE_local_set, b->gas);
}

static void rewrite_memory_grow(body *b, const ae_debt_step *step, const ae_instruction *in) {
    mark_inserted(b, in);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_less(b, step->debt);
    ae_emit_byte(b->out, AE_CODE_call);
    ae_emit_u32(b->out, b->context->grow_function);
    emit_local(b, AE_CODE_local_set, b->gas);
}

static void rewrite_bulk(body *b, const ae_debt_step *step, const ae_instruction *in) {
    mark_inserted(b, in);
    emit_local(b, AE_CODE_local_tee, b->scratch);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_less(b, step->debt);
    emit_local(b, AE_CODE_local_get, b->scratch);
    ae_emit_byte(b->out, AE_CODE_i64_extend_i32_u);
    if (b->context->schedule->bulk_byte != 1) {
        ae_emit_i64_const(b->out, b->context->schedule->bulk_byte);
        ae_emit_byte(b->out, AE_CODE_i64_mul);
    }
    ae_emit_byte(b->out, AE_CODE_i64_sub);
    emit_local(b, AE_CODE_local_tee, b->gas);
    emit_negative_trap(b);
    copy(b, in);
}

static void rewrite_step(body *b, const ae_instruction *in) {
    AE_ASSERT(b->step < b->plan->step_count);
    const ae_debt_step *step = &b->plan->steps[b->step++];
    switch (in->opcode) {
    case AE_OP_loop:
        rewrite_loop(b, step, in);
        return;
    case AE_OP_else:
        pay_step(b, step, in);
        copy(b, in);
        return;
    case AE_OP_end:
        rewrite_end(b, step, in);
        return;
    case AE_OP_br_if:
        rewrite_br_if(b, step, in);
        return;
    case AE_OP_br:
    case AE_OP_br_table:
    case AE_OP_return:
        rewrite_branch(b, step, in);
        return;
    case AE_OP_unreachable:
        rewrite_unreachable(b, step, in);
        return;
    case AE_OP_call:
        rewrite_call(b, step, in);
        return;
    case AE_OP_call_indirect:
        rewrite_call_indirect(b, step, in);
        return;
    case AE_OP_memory_grow:
        rewrite_memory_grow(b, step, in);
        return;
    case AE_OP_memory_init:
    case AE_OP_memory_copy:
    case AE_OP_memory_fill:
        rewrite_bulk(b, step, in);
        return;
    default:
        AE_UNREACHABLE();
    }
}

static void rewrite(body *b, const ae_instruction *in) {
    if (ae_debt_plan_has_step(in->opcode)) {
        rewrite_step(b, in);
        return;
    }
    switch (in->opcode) {
    case AE_OP_local_get:
    case AE_OP_local_set:
    case AE_OP_local_tee:
        rewrite_local(b, in);
        return;
    case AE_OP_block:
    case AE_OP_if:
        b->nesting++;
        break;
    default:
        break;
    }
    copy(b, in);
}

// Check the counter, take the frame off the stack, open the block around the body.
static void emit_entry(body *b, const ae_function *function) {
    const ae_functype *type = &b->context->module->types[function->type];
    if (b->plan->checks_entry)
        emit_check(b);

    emit_local(b, AE_CODE_local_get, b->stack);
    ae_emit_i32_const(b->out, (int32_t)ae_schedule_frame_bytes(b->context->module, function));
    ae_emit_byte(b->out, AE_CODE_i32_sub);
    emit_local(b, AE_CODE_local_tee, b->stack);
    ae_emit_i32_const(b->out, 0);
    ae_emit_byte(b->out, AE_CODE_i32_lt_s);
    ae_emit_byte(b->out, AE_CODE_if);
    ae_emit_byte(b->out, AE_BLOCK_EMPTY);
    ae_emit_i64_const(b->out, AE_END_STACK);
    ae_emit_byte(b->out, AE_CODE_global_set);
    ae_emit_u32(b->out, b->context->end_global);
    ae_emit_byte(b->out, AE_CODE_unreachable);
    ae_emit_byte(b->out, AE_CODE_end);

    ae_canonical_emit_entry(b->context->canonical, b->out, b->stack + 1);
    ae_emit_byte(b->out, AE_CODE_block);
    ae_emit_byte(b->out, type->result_count != 0 ? type->result : AE_BLOCK_EMPTY);
}

static void make_canonical(body *b, const ae_instruction *in) {
    const uint8_t type = ae_canonical_type(b->context->canonical, in->offset);
    if (type == 0)
        return;
    mark_inserted(b, in);
    ae_canonical_emit(b->context->canonical, b->out, type);
}

static bool emit_code(body *b, const ae_function *function) {
    ae_reader reader =
        ae_reader_over(b->context->module->bytes, function->code_offset, function->end_offset);
    if (!ae_emit_reserve(b->out, COPY_ROOM))
        return false;
    emit_entry(b, function);
    while (!ae_reader_is_at_end(&reader)) {
        ae_instruction in;
        const aether_status status = ae_instruction_read(&reader, &in, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        if (ae_dead_code_drops(&b->dead, in.opcode))
            continue;
        if (!ae_emit_reserve(b->out, in.len + COPY_ROOM) ||
            !ae_offset_map_reserve(b->context->map, RUNS_ROOM))
            return false;
        rewrite(b, &in);
        make_canonical(b, &in);
    }
    AE_ASSERT(b->step == b->plan->step_count);
    return true;
}

static void emit_group(ae_emit *out, bool is_used, uint8_t type) {
    if (!is_used)
        return;
    ae_emit_byte(out, 1);
    ae_emit_byte(out, type);
}

// Length and locals, once it is known how long the code is. They were left `room` bytes at `start`;
// the code is moved up to them.
static void emit_header(body *b, const ae_function *function, uint32_t start, uint32_t room) {
    const ae_debt_plan *plan = b->plan;
    ae_reader reader =
        ae_reader_over(b->context->module->bytes, function->body_offset, function->code_offset);
    uint32_t group_count = 0;
    const aether_status status = ae_read_u32(&reader, "group count", &group_count, NULL);
    AE_ASSERT(status == AETHER_OK);
    const uint32_t groups_len = reader.end - reader.at;
    const ae_canonical *canonical = b->context->canonical;
    const uint32_t added = ae_canonical_group_count(canonical) + (uint32_t)plan->uses_scratch +
                           plan->uses_wide_scratch;
    const uint32_t code = start + room;
    const uint32_t code_len = b->out->len - code;
    const uint32_t locals_len = ae_leb128_u32_len(group_count + added) + groups_len + 2 * added;

    b->out->len = start;
    ae_emit_u32(b->out, locals_len + code_len);
    ae_emit_u32(b->out, group_count + added);
    ae_canonical_emit_locals(canonical, b->out);
    ae_emit_bytes(b->out, reader.data + reader.at, groups_len);
    emit_group(b->out, plan->uses_scratch, AE_I32);
    emit_group(b->out, plan->uses_wide_scratch, AE_I64);
    AE_ASSERT(b->out->len <= code);
    memmove(b->out->data + b->out->len, b->out->data + code, code_len);
    b->out->len += code_len;
}

static bool emit_body(
    const ae_body_context *context, const ae_debt_plan *plan, const ae_function *function) {
    const uint32_t param_count = context->module->types[function->type].param_count;
    if (!ae_canonical_begin(context->canonical, context->module, function))
        return false;
    const uint32_t first_local = param_count + 2 + ae_canonical_local_count(context->canonical);
    const uint32_t added = first_local + function->local_count;
    body b = {
        .context = context,
        .plan = plan,
        .out = context->out,
        .param_count = param_count,
        .gas = param_count,
        .stack = param_count + 1,
        .first_local = first_local,
        .scratch = added,
        .wide_scratch = added + plan->uses_scratch,
    };
    const uint32_t start = b.out->len;
    const uint32_t room = 2 * AE_LEB128_PADDED_LEN + AE_CANONICAL_LOCALS_LEN_MAX +
                          (function->code_offset - function->body_offset) + 4;
    if (!ae_emit_reserve(b.out, room) || !ae_offset_map_reserve(context->map, RUNS_ROOM))
        return false;
    ae_offset_map_insert(context->map, start, function->code_offset);
    const size_t first_run = context->map->map.count;
    b.out->len += room;
    if (!emit_code(&b, function))
        return false;
    AE_ASSERT(b.nesting == 0 && !b.dead.is_dead);
    const uint32_t end = b.out->len;
    emit_header(&b, function, start, room);
    ae_offset_map_move(context->map, first_run, end - b.out->len);
    return true;
}

bool ae_fast_body_emit(
    const ae_body_context *context, ae_planner *planner, const ae_function *function) {
    const ae_debt_plan *plan = ae_planner_plan(planner, function);
    if (plan == NULL)
        return false;
    const uint32_t start = context->out->len;
    const ae_offset_map map = context->map->map;
    const ae_offset_run last = map.count != 0 ? map.runs[map.count - 1] : (ae_offset_run){0};
    if (!emit_body(context, plan, function))
        return false;
    const uint32_t len = function->end_offset - function->body_offset;
    if (context->out->len - start <= AE_FAST_BODY_GROWTH * len + AE_FAST_BODY_ROOM)
        return true;
    // The plain form is known to keep within the bound of a module.
    context->out->len = start;
    context->map->map.count = map.count;
    if (map.count != 0)
        context->map->map.runs[map.count - 1] = last;
    return ae_body_emit(context, function);
}
