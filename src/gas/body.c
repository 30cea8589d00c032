#include "gas/body.h"

#include "gas/dead_code.h"

#define COPY_ROOM 96  // bytes that metering may add to one instruction or to a function's entry
#define PROBE_ROOM 64 // bytes that probes may add to them
#define PROBES_ROOM 3 // probes that one instruction may add
#define RUNS_ROOM 4   // runs of the offset map that one instruction may add

typedef struct body {
    const ae_body_context *context;
    ae_emit *out;
    uint32_t function; // index in the uploaded module
    uint32_t param_count;
    uint32_t gas;         // local index of the counter
    uint32_t stack;       // … of what is left of the metered stack
    uint32_t scratch;     // … of an i32 that no value outlives an instruction in
    uint32_t first_local; // … of the first declared local, which was param_count
    bool is_scratch_used;
    uint32_t nesting; // open blocks of the uploaded code
    ae_dead_code dead;
    uint64_t pending; // gas of what was copied and not yet paid
} body;

static void emit_local(body *b, uint8_t code, uint32_t local) {
    ae_emit_local(b->out, code, local);
}

static void emit_function_index(body *b, uint32_t function) {
    const bool is_import = function < b->context->module->import_count;
    ae_emit_u32(b->out, is_import ? function : function + b->context->added_import_count);
}

static void mark_inserted(body *b, const ae_instruction *at) {
    ae_offset_map_insert(b->context->map, b->out->len, at->offset);
}

static void copy(body *b, const ae_instruction *in) {
    ae_offset_map_copy(b->context->map, b->out->len, in->offset);
    ae_emit_bytes(b->out, b->context->module->bytes.data + in->offset, in->len);
}

// [i64] → []: out of gas if it is negative.
static void emit_gas_check(body *b) {
    ae_emit_i64_const(b->out, 0);
    ae_emit_byte(b->out, AE_CODE_i64_lt_s);
    ae_emit_trap_if(b->out);
}

// [i64] → [i64]: less what is pending.
static void emit_pending_sub(body *b) {
    if (b->pending == 0)
        return;
    ae_emit_i64_const(b->out, (int64_t)b->pending);
    ae_emit_byte(b->out, AE_CODE_i64_sub);
    b->pending = 0;
}

// Tell the counter, which is in its local and exact.
static void emit_probe(body *b, ae_probe_kind kind, uint32_t callee) {
    ae_emit_i32_const(b->out, (int32_t)ae_probe_add(b->context->probes, kind, b->function, callee));
    emit_local(b, AE_CODE_local_get, b->gas);
    ae_emit_byte(b->out, AE_CODE_call);
    ae_emit_u32(b->out, b->context->probe_function);
}

static void pay_and_probe(
    body *b, const ae_instruction *before, ae_probe_kind kind, uint32_t callee) {
    const bool has_probe = b->context->probes != NULL;
    if (b->pending == 0 && !has_probe)
        return;
    mark_inserted(b, before);
    if (b->pending != 0) {
        emit_local(b, AE_CODE_local_get, b->gas);
        emit_pending_sub(b);
        emit_local(b, AE_CODE_local_set, b->gas);
    }
    if (has_probe)
        emit_probe(b, kind, callee);
}

static void pay(body *b, const ae_instruction *before) {
    pay_and_probe(b, before, AE_PROBE_SEGMENT, 0);
}

// The counter is on the stack and stays there: what was taken from it goes into its local, and is told.
static void keep_gas(body *b, ae_probe_kind kind) {
    if (b->context->probes == NULL) {
        emit_local(b, AE_CODE_local_tee, b->gas);
        return;
    }
    emit_local(b, AE_CODE_local_set, b->gas);
    emit_probe(b, kind, 0);
    emit_local(b, AE_CODE_local_get, b->gas);
}

// Without probes a call pays on its way. With them all is paid and told before it.
static void pay_before_call(
    body *b, const ae_instruction *in, ae_probe_kind kind, uint32_t callee) {
    if (b->context->probes != NULL)
        pay_and_probe(b, in, kind, callee);
    mark_inserted(b, in);
}

// The counter came back from a host function, or goes back from this one.
static void emit_return_probe(body *b) {
    if (b->context->probes != NULL)
        emit_probe(b, AE_PROBE_LEAVE, 0);
}

// Declared locals make room for the counter, the stack and what canonical floats need.
static void rewrite_local(body *b, const ae_instruction *in) {
    if (in->index < b->param_count) {
        copy(b, in);
        return;
    }
    const uint32_t local = in->index - b->param_count + b->first_local;
    if (1 + ae_leb128_u32_len(local) == in->len)
        ae_offset_map_copy(b->context->map, b->out->len, in->offset);
    else
        mark_inserted(b, in);
    emit_local(b, (uint8_t)ae_opcode_get(in->opcode)->code, local);
}

static void rewrite_loop(body *b, const ae_instruction *in) {
    pay(b, in);
    copy(b, in);
    mark_inserted(b, in);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_gas_check(b);
    b->nesting++;
}

static void rewrite_end(body *b, const ae_instruction *in) {
    pay(b, in);
    copy(b, in);
    if (b->nesting != 0) {
        b->nesting--;
        return;
    }
    mark_inserted(b, in); // that was the end of the block around the body
    emit_return_probe(b);
    emit_local(b, AE_CODE_local_get, b->gas);
    ae_emit_byte(b->out, AE_CODE_end);
}

static void rewrite_return(body *b, const ae_instruction *in) {
    pay(b, in);
    mark_inserted(b, in);
    ae_emit_byte(b->out, AE_CODE_br);
    ae_emit_u32(b->out, b->nesting);
    ae_dead_code_begin(&b->dead);
}

// What is left goes into `end`. An overdrawn counter, which this frame failed by, must not look
// like another end: gas | gas >> 63 makes it AE_END_NONE.
static void rewrite_unreachable(body *b, const ae_instruction *in) {
    pay(b, in);
    mark_inserted(b, in);
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
_Static_assert(AE_END_NONE == -1, "gas >> 63 of a negative counter");

// The counter is paid down on its way to the callee, and comes back as the last result.
static void rewrite_call(body *b, const ae_instruction *in) {
    const bool is_host = in->index < b->context->module->import_count;
    pay_before_call(b, in, is_host ? AE_PROBE_CALL : AE_PROBE_SEGMENT, in->index);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_pending_sub(b);
    if (!is_host)
        emit_local(b, AE_CODE_local_get, b->stack);
    ae_emit_byte(b->out, AE_CODE_call);
    emit_function_index(b, in->index);
    emit_local(b, AE_CODE_local_set, b->gas);
    if (is_host)
        emit_return_probe(b);
}

static void rewrite_call_indirect(body *b, const ae_instruction *in) {
    b->is_scratch_used = true;
    pay_before_call(b, in, AE_PROBE_SEGMENT, 0);
    emit_local(b, AE_CODE_local_set, b->scratch);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_pending_sub(b);
    emit_local(b, AE_CODE_local_get, b->stack);
    emit_local(b, AE_CODE_local_get, b->scratch);
    ae_emit_byte(b->out, AE_CODE_call_indirect);
    ae_emit_u32(b->out, in->index);
    ae_emit_byte(b->out, 0);
    emit_local(b, AE_CODE_local_set, b->gas);
}

// The host charges all of it, so the base is not pending.
static void rewrite_memory_grow(body *b, const ae_instruction *in) {
    pay_before_call(b, in, AE_PROBE_CALL, AE_PROBE_GROW);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_pending_sub(b);
    ae_emit_byte(b->out, AE_CODE_call);
    ae_emit_u32(b->out, b->context->grow_function);
    emit_local(b, AE_CODE_local_set, b->gas);
    emit_return_probe(b);
}

// [… i32 length] stays as it is. 2^32 times a rate of a few bits is far from wrapping.
static void rewrite_bulk(body *b, const ae_instruction *in) {
    b->is_scratch_used = true;
    mark_inserted(b, in);
    emit_local(b, AE_CODE_local_tee, b->scratch);
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_pending_sub(b);
    emit_local(b, AE_CODE_local_get, b->scratch);
    ae_emit_byte(b->out, AE_CODE_i64_extend_i32_u);
    if (b->context->schedule->bulk_byte != 1) {
        ae_emit_i64_const(b->out, b->context->schedule->bulk_byte);
        ae_emit_byte(b->out, AE_CODE_i64_mul);
    }
    ae_emit_byte(b->out, AE_CODE_i64_sub);
    keep_gas(b, AE_PROBE_SEGMENT);
    emit_gas_check(b);
    copy(b, in);
}

static void rewrite(body *b, const ae_instruction *in) {
    const uint32_t price =
        in->opcode != AE_OP_memory_grow ? b->context->schedule->opcodes[in->opcode] : 0;
    b->pending += price;
    if (b->context->probes != NULL)
        ae_probe_step(b->context->probes,
            (ae_step){.offset = in->offset, .gas = price, .opcode = in->opcode});
    switch (in->opcode) {
    case AE_OP_local_get:
    case AE_OP_local_set:
    case AE_OP_local_tee:
        rewrite_local(b, in);
        return;
    case AE_OP_block:
        copy(b, in);
        b->nesting++;
        return;
    case AE_OP_loop:
        rewrite_loop(b, in);
        return;
    case AE_OP_if:
        pay(b, in);
        copy(b, in);
        b->nesting++;
        return;
    case AE_OP_else:
    case AE_OP_br_if:
        pay(b, in);
        copy(b, in);
        return;
    case AE_OP_br:
    case AE_OP_br_table:
        pay(b, in);
        copy(b, in);
        ae_dead_code_begin(&b->dead);
        return;
    case AE_OP_end:
        rewrite_end(b, in);
        return;
    case AE_OP_return:
        rewrite_return(b, in);
        return;
    case AE_OP_unreachable:
        rewrite_unreachable(b, in);
        return;
    case AE_OP_call:
        rewrite_call(b, in);
        return;
    case AE_OP_call_indirect:
        rewrite_call_indirect(b, in);
        return;
    case AE_OP_memory_grow:
        rewrite_memory_grow(b, in);
        return;
    case AE_OP_memory_init:
    case AE_OP_memory_copy:
    case AE_OP_memory_fill:
        rewrite_bulk(b, in);
        return;
    default:
        copy(b, in);
    }
}

// Pay for entering, take the frame off the stack, open the block around the body.
static void emit_entry(body *b, const ae_function *function) {
    const ae_schedule *schedule = b->context->schedule;
    const ae_functype *type = &b->context->module->types[function->type];
    b->pending =
        schedule->function_entry + (uint64_t)function->local_count * schedule->function_local;
    if (b->context->probes != NULL)
        ae_probe_step(b->context->probes, (ae_step){.offset = function->body_offset,
                                              .gas = (uint32_t)b->pending,
                                              .opcode = AE_STEP_ENTER});
    emit_local(b, AE_CODE_local_get, b->gas);
    emit_pending_sub(b);
    keep_gas(b, AE_PROBE_ENTER);
    emit_gas_check(b);

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

static bool reserve(body *b, uint32_t len) {
    if (b->context->probes == NULL)
        return ae_emit_reserve(b->out, len + COPY_ROOM);
    return ae_emit_reserve(b->out, len + COPY_ROOM + PROBE_ROOM) &&
           ae_probe_reserve(b->context->probes, PROBES_ROOM, 1);
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
    if (!reserve(b, 0))
        return false;
    emit_entry(b, function);
    while (!ae_reader_is_at_end(&reader)) {
        ae_instruction in;
        const aether_status status = ae_instruction_read(&reader, &in, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        if (ae_dead_code_drops(&b->dead, in.opcode))
            continue;
        if (!reserve(b, in.len) || !ae_offset_map_reserve(b->context->map, RUNS_ROOM))
            return false;
        rewrite(b, &in);
        make_canonical(b, &in);
    }
    return true;
}

// Length and locals, once it is known how long the code is and whether it needs the scratch local.
// They were left `room` bytes at `start`; the code is moved up to them.
static void emit_header(body *b, const ae_function *function, uint32_t start, uint32_t room) {
    ae_reader reader =
        ae_reader_over(b->context->module->bytes, function->body_offset, function->code_offset);
    uint32_t group_count = 0;
    const aether_status status = ae_read_u32(&reader, "group count", &group_count, NULL);
    AE_ASSERT(status == AETHER_OK);
    const uint32_t groups_len = reader.end - reader.at;
    const ae_canonical *canonical = b->context->canonical;
    const uint32_t canonical_groups = ae_canonical_group_count(canonical);
    group_count += canonical_groups + b->is_scratch_used;
    const uint32_t code = start + room;
    const uint32_t code_len = b->out->len - code;
    const uint32_t locals_len = ae_leb128_u32_len(group_count) + 2 * canonical_groups + groups_len +
                                (b->is_scratch_used ? 2 : 0);

    b->out->len = start;
    ae_emit_u32(b->out, locals_len + code_len);
    ae_emit_u32(b->out, group_count);
    ae_canonical_emit_locals(canonical, b->out);
    ae_emit_bytes(b->out, reader.data + reader.at, groups_len);
    if (b->is_scratch_used) {
        ae_emit_byte(b->out, 1);
        ae_emit_byte(b->out, AE_I32);
    }
    AE_ASSERT(b->out->len <= code);
    memmove(b->out->data + b->out->len, b->out->data + code, code_len);
    b->out->len += code_len;
}

bool ae_body_emit(const ae_body_context *context, const ae_function *function) {
    const uint32_t param_count = context->module->types[function->type].param_count;
    if (!ae_canonical_begin(context->canonical, context->module, function))
        return false;
    const uint32_t first_local = param_count + 2 + ae_canonical_local_count(context->canonical);
    body b = {
        .context = context,
        .out = context->out,
        .function =
            context->module->import_count + (uint32_t)(function - context->module->functions),
        .param_count = param_count,
        .gas = param_count,
        .stack = param_count + 1,
        .scratch = first_local + function->local_count,
        .first_local = first_local,
    };
    const uint32_t start = b.out->len;
    const uint32_t room = 2 * AE_LEB128_PADDED_LEN + AE_CANONICAL_LOCALS_LEN_MAX +
                          (function->code_offset - function->body_offset) + 2;
    if (!ae_emit_reserve(b.out, room) || !ae_offset_map_reserve(context->map, RUNS_ROOM))
        return false;
    ae_offset_map_insert(context->map, start, function->code_offset);
    const size_t first_run = context->map->map.count;
    b.out->len += room;
    if (!emit_code(&b, function))
        return false;
    AE_ASSERT(b.nesting == 0 && !b.dead.is_dead && b.pending == 0);
    const uint32_t end = b.out->len;
    emit_header(&b, function, start, room);
    ae_offset_map_move(context->map, first_run, end - b.out->len);
    return true;
}
