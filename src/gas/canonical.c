#include "gas/canonical.h"

#include "base/alloc.h"

#define LOCALS_MAX (AE_FUNCTION_PARAMS_MAX + AE_FUNCTION_LOCALS_MAX)
#define COST_DEPTH_MAX 4 // loops that count in a cost
#define COST_BITS 3      // a loop runs eight times: 2^12 x 2^17 instructions fit 32 bits

// The first two nodes stand for values that no instruction of the function computes.
#define NEVER_NAN 0 // an integer, a constant, a converted integer
#define OPAQUE 1    // its bits are to be kept: loaded, passed, returned
#define FIRST_LOCAL 2

enum kind {
    KIND_MERGE, // one of what flows into it: a local, a block's result, a select, a changed sign
    KIND_FRESH, // computed here
    KIND_READ,  // what is in a local, read here
};

enum {
    IS_OPAQUE = 1,      // may hold a NaN whose bits are to be kept
    IS_SHOWN_HERE = 2,  // an instruction shows its bits
    IS_SHOWN = 4,       // … or those of what it flows into
    IS_SHOWN_UNCUT = 8, // … and no local on the way is made canonical where it is read
};

typedef struct ae_canonical_node {
    uint32_t offset; // of the instruction; 0 of a local
    uint32_t in;     // first edge of what flows into it, or 0
    uint32_t out;    // first edge of what it flows into, or 0
    uint32_t next;   // in a list of work
    uint8_t kind;
    uint8_t type; // ae_valtype; of a node that may be marked
    uint8_t flags;
    uint8_t depth; // loops around it
} node;

typedef struct ae_canonical_edge {
    uint32_t from;
    uint32_t to;
    uint32_t next_in;  // into the same node, or 0
    uint32_t next_out; // out of the same node, or 0
} edge;

static bool is_float(uint8_t type) {
    return type == AE_F32 || type == AE_F64;
}

// Room for all that the code can need. An instruction makes one node at most, and two edges for each of
// its bytes at most (a select; a br_table has a byte for each edge).
static bool reserve(ae_canonical *c, uint32_t code_len) {
    if (c->nodes != NULL && code_len <= c->capacity)
        return true;
    node *nodes = ae_realloc(c->nodes, (size_t)code_len + FIRST_LOCAL + LOCALS_MAX, sizeof(node));
    if (nodes == NULL)
        return false;
    c->nodes = nodes;
    edge *edges = ae_realloc(c->edges, 2 * (size_t)code_len + 1, sizeof(edge));
    if (edges == NULL)
        return false;
    c->edges = edges;
    c->capacity = code_len;
    return true;
}

static uint32_t add_node(ae_canonical *c, enum kind kind, uint8_t type, uint32_t offset) {
    AE_ASSERT(c->node_count < c->capacity + FIRST_LOCAL + LOCALS_MAX);
    const uint32_t depth = c->loop_depth < COST_DEPTH_MAX ? c->loop_depth : COST_DEPTH_MAX;
    c->nodes[c->node_count] =
        (node){.offset = offset, .kind = (uint8_t)kind, .type = type, .depth = (uint8_t)depth};
    return c->node_count++;
}

static void flow(ae_canonical *c, uint32_t from, uint32_t to) {
    if (from == NEVER_NAN)
        return;
    if (from == OPAQUE) {
        c->nodes[to].flags |= IS_OPAQUE;
        return;
    }
    AE_ASSERT(c->edge_count <= 2 * c->capacity);
    node *source = &c->nodes[from];
    node *target = &c->nodes[to];
    c->edges[c->edge_count] =
        (edge){.from = from, .to = to, .next_in = target->in, .next_out = source->out};
    source->out = target->in = c->edge_count++;
}

static void show(ae_canonical *c, uint32_t value) {
    if (value >= FIRST_LOCAL)
        c->nodes[value].flags |= IS_SHOWN_HERE;
}

static void push(ae_canonical *c, uint32_t value) {
    AE_ASSERT(c->height < AE_OPERAND_HEIGHT_MAX);
    c->values[c->height++] = value;
}

static uint32_t pop(ae_canonical *c) {
    AE_ASSERT(c->height > 0);
    return c->values[--c->height];
}

static void open_block(ae_canonical *c, const ae_instruction *in) {
    AE_ASSERT(c->block_count <= AE_NESTING_MAX);
    const bool is_loop = in->opcode == AE_OP_loop;
    ae_canonical_block block = {.is_loop = is_loop, .base = c->height};
    block.has_result = in->block_type != AE_BLOCK_EMPTY;
    if (is_float(in->block_type))
        block.result = add_node(c, KIND_MERGE, in->block_type, in->offset);
    c->loop_depth += is_loop;
    c->blocks[c->block_count++] = block;
}

// A value arrives at the end of a block; that of the outermost leaves the function.
static void arrive(ae_canonical *c, const ae_canonical_block *block, uint32_t value) {
    if (block == c->blocks)
        show(c, value);
    else if (block->result != 0)
        flow(c, value, block->result);
}

static void branch(ae_canonical *c, uint32_t label) {
    AE_ASSERT(label < c->block_count);
    const ae_canonical_block *block = &c->blocks[c->block_count - 1 - label];
    if (!block->is_loop && block->has_result)
        arrive(c, block, c->values[c->height - 1]);
}

static void branch_by_table(ae_canonical *c, const ae_instruction *in) {
    ae_reader targets = in->targets;
    for (uint32_t i = 0; i <= in->index; i++) {
        uint32_t label = 0;
        const aether_status status = ae_read_u32(&targets, "label", &label, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        branch(c, label);
    }
}

static void die(ae_canonical *c) {
    c->dead_nesting = 1;
}

// The way through the innermost block ends here, at `else` or `end`, unless it was dead.
static ae_canonical_block *close_way(ae_canonical *c) {
    ae_canonical_block *block = &c->blocks[c->block_count - 1];
    if (c->dead_nesting == 0 && block->has_result)
        arrive(c, block, pop(c));
    c->dead_nesting = 0;
    c->height = block->base;
    return block;
}

static void close_block(ae_canonical *c) {
    const ae_canonical_block *block = close_way(c);
    c->loop_depth -= block->is_loop;
    c->block_count--;
    if (c->block_count != 0 && block->has_result)
        push(c, block->result);
}
_Static_assert(NEVER_NAN == 0, "a block without the result of a float has the result 0");

// Whether the instruction is skipped: no path reaches it.
static bool skip_dead(ae_canonical *c, const ae_instruction *in) {
    switch (in->opcode) {
    case AE_OP_block:
    case AE_OP_loop:
    case AE_OP_if:
        c->dead_nesting++;
        return true;
    case AE_OP_else:
        return c->dead_nesting != 1;
    case AE_OP_end:
        if (c->dead_nesting == 1)
            return false;
        c->dead_nesting--;
        return true;
    default:
        return true;
    }
}

static void follow_call(ae_canonical *c, const ae_functype *type) {
    for (uint32_t i = 0; i < type->param_count; i++)
        show(c, pop(c));
    if (type->result_count != 0)
        push(c, is_float(type->result) ? OPAQUE : NEVER_NAN);
}

static void follow_select(ae_canonical *c, const ae_instruction *in) {
    (void)pop(c);
    const uint32_t second = pop(c);
    const uint32_t first = pop(c);
    if (first == second) {
        push(c, first);
        return;
    }
    const uint32_t either = add_node(c, KIND_MERGE, 0, in->offset);
    flow(c, first, either);
    flow(c, second, either);
    push(c, either);
}

static void follow_local(ae_canonical *c, const ae_instruction *in) {
    const uint8_t type = c->locals[in->index].type;
    const uint32_t local = FIRST_LOCAL + in->index;
    if (in->opcode == AE_OP_local_get) {
        uint32_t value = NEVER_NAN;
        if (is_float(type)) {
            value = add_node(c, KIND_READ, type, in->offset);
            flow(c, local, value);
        }
        push(c, value);
        return;
    }
    const uint32_t value = pop(c);
    flow(c, value, local);
    if (in->opcode == AE_OP_local_tee)
        push(c, value);
}

// A changed sign is shown with the value, and makes a NaN that isn't the canonical one; abs doesn't.
static void follow_sign(ae_canonical *c, const ae_instruction *in, bool may_be_negative) {
    const uint32_t value = pop(c);
    if (value <= OPAQUE) {
        push(c, value);
        return;
    }
    const uint32_t changed = add_node(c, KIND_MERGE, 0, in->offset);
    flow(c, value, changed);
    if (may_be_negative)
        c->nodes[changed].flags |= IS_OPAQUE;
    push(c, changed);
}

static bool is_arithmetic(ae_opcode opcode) {
    switch (opcode) {
    case AE_OP_f32_copysign:
    case AE_OP_f64_copysign:
        return false;
    case AE_OP_f32_demote_f64:
    case AE_OP_f64_promote_f32:
        return true;
    default:
        return (opcode >= AE_OP_f32_ceil && opcode <= AE_OP_f32_max) ||
               (opcode >= AE_OP_f64_ceil && opcode <= AE_OP_f64_max);
    }
}
_Static_assert(AE_OP_f32_max - AE_OP_f32_ceil == 10 && AE_OP_f64_max - AE_OP_f64_ceil == 10,
    "ceil, floor, trunc, nearest, sqrt, add, sub, mul, div, min, max");

static bool is_nan_constant(const ae_instruction *in) {
    if (in->opcode == AE_OP_f32_const)
        return (in->value & 0x7fffffff) > 0x7f800000;
    return (in->value & 0x7fffffffffffffff) > 0x7ff0000000000000;
}

static uint32_t follow_result(ae_canonical *c, const ae_instruction *in, uint8_t type) {
    if (is_arithmetic(in->opcode))
        return add_node(c, KIND_FRESH, type, in->offset);
    switch (in->opcode) {
    case AE_OP_f32_const:
    case AE_OP_f64_const:
        return is_nan_constant(in) ? OPAQUE : NEVER_NAN;
    case AE_OP_f32_load:
    case AE_OP_f64_load:
    case AE_OP_f32_reinterpret_i32:
    case AE_OP_f64_reinterpret_i64:
        return OPAQUE;
    default:
        return NEVER_NAN; // integers, and what they convert to
    }
}

// Instructions whose operands and result the table of opcodes spells.
static void follow_signature(ae_canonical *c, const ae_instruction *in) {
    const char *signature = ae_opcode_get(in->opcode)->signature;
    const bool shows = in->opcode == AE_OP_f32_store || in->opcode == AE_OP_f64_store ||
                       in->opcode == AE_OP_i32_reinterpret_f32 ||
                       in->opcode == AE_OP_i64_reinterpret_f64;
    for (; *signature != '\0' && *signature != '>'; signature++) {
        const uint32_t value = pop(c);
        if (shows)
            show(c, value);
    }
    if (*signature == '>' && signature[1] != '\0')
        push(c, follow_result(c, in, signature[1] == 'F' ? AE_F64 : AE_F32));
}

static void follow_control(ae_canonical *c, const ae_instruction *in) {
    switch (in->opcode) {
    case AE_OP_if:
        (void)pop(c);
        open_block(c, in);
        return;
    case AE_OP_block:
    case AE_OP_loop:
        open_block(c, in);
        return;
    case AE_OP_else:
        (void)close_way(c);
        return;
    case AE_OP_end:
        close_block(c);
        return;
    case AE_OP_br_if:
        (void)pop(c);
        branch(c, in->index);
        return;
    case AE_OP_br:
        branch(c, in->index);
        break;
    case AE_OP_br_table:
        (void)pop(c);
        branch_by_table(c, in);
        break;
    case AE_OP_return:
        branch(c, c->block_count - 1);
        break;
    default: // unreachable
        break;
    }
    die(c);
}

static void follow(ae_canonical *c, const ae_module *module, const ae_instruction *in) {
    switch (in->opcode) {
    case AE_OP_unreachable:
    case AE_OP_block:
    case AE_OP_loop:
    case AE_OP_if:
    case AE_OP_else:
    case AE_OP_end:
    case AE_OP_br:
    case AE_OP_br_if:
    case AE_OP_br_table:
    case AE_OP_return:
        follow_control(c, in);
        return;
    case AE_OP_call:
        follow_call(c, ae_module_function_type(module, in->index));
        return;
    case AE_OP_call_indirect:
        (void)pop(c);
        follow_call(c, &module->types[in->index]);
        return;
    case AE_OP_drop:
        (void)pop(c);
        return;
    case AE_OP_select:
        follow_select(c, in);
        return;
    case AE_OP_local_get:
    case AE_OP_local_set:
    case AE_OP_local_tee:
        follow_local(c, in);
        return;
    case AE_OP_global_get:
        push(c, is_float(module->globals[in->index].type) ? OPAQUE : NEVER_NAN);
        return;
    case AE_OP_global_set:
        show(c, pop(c));
        return;
    case AE_OP_f32_copysign:
    case AE_OP_f64_copysign:
        show(c, pop(c)); // its sign
        follow_sign(c, in, true);
        return;
    case AE_OP_f32_neg:
    case AE_OP_f64_neg:
        follow_sign(c, in, true);
        return;
    case AE_OP_f32_abs:
    case AE_OP_f64_abs:
        follow_sign(c, in, false);
        return;
    default:
        follow_signature(c, in);
    }
}

static void start_locals(ae_canonical *c, const ae_module *module, const ae_function *function) {
    const ae_functype *type = &module->types[function->type];
    ae_reader reader = ae_reader_over(module->bytes, function->body_offset, function->code_offset);
    uint32_t group_count = 0;
    c->local_count = 0;
    for (uint32_t i = 0; i < type->param_count; i++)
        c->locals[c->local_count++] = (ae_canonical_local){.type = type->params[i]};
    aether_status status = ae_read_u32(&reader, "group count", &group_count, NULL);
    for (uint32_t i = 0; i < group_count && status == AETHER_OK; i++) {
        uint32_t count = 0;
        uint8_t valtype = 0;
        status = ae_read_u32(&reader, "local count", &count, NULL);
        AE_ASSERT(status == AETHER_OK && count <= LOCALS_MAX - c->local_count);
        status = ae_read_byte(&reader, &valtype, NULL);
        for (uint32_t k = 0; k < count; k++)
            c->locals[c->local_count++] = (ae_canonical_local){.type = valtype};
    }
    AE_ASSERT(status == AETHER_OK); // the module was accepted
    for (uint32_t i = 0; i < c->local_count; i++) {
        const uint32_t local = add_node(c, KIND_MERGE, 0, 0);
        if (i < type->param_count)
            c->nodes[local].flags = IS_OPAQUE;
    }
}

static void start(ae_canonical *c, const ae_module *module, const ae_function *function) {
    const ae_functype *type = &module->types[function->type];
    c->needs_f32 = c->needs_f64 = false;
    c->node_count = 0;
    c->edge_count = 1; // 0: none
    c->cursor = 0;
    c->height = 0;
    c->block_count = 0;
    c->loop_depth = 0;
    c->dead_nesting = 0;
    (void)add_node(c, KIND_MERGE, 0, 0); // NEVER_NAN
    (void)add_node(c, KIND_MERGE, 0, 0); // OPAQUE
    start_locals(c, module, function);
    c->blocks[c->block_count++] = (ae_canonical_block){.has_result = type->result_count != 0};
}

// Adds a node to a list of work, once.
static uint32_t add_work(ae_canonical *c, uint32_t list, uint32_t number, uint8_t flag) {
    node *n = &c->nodes[number];
    if ((n->flags & flag) != 0)
        return list;
    n->flags |= flag;
    n->next = list;
    return number;
}

static void spread_opaque(ae_canonical *c) {
    uint32_t list = 0;
    for (uint32_t i = FIRST_LOCAL; i < c->node_count; i++)
        if ((c->nodes[i].flags & IS_OPAQUE) != 0) {
            c->nodes[i].next = list;
            list = i;
        }
    while (list != 0) {
        const node *n = &c->nodes[list];
        list = n->next;
        for (uint32_t e = n->out; e != 0; e = c->edges[e].next_out)
            list = add_work(c, list, c->edges[e].to, IS_OPAQUE);
    }
}

static bool is_cut(const ae_canonical *c, const node *n) {
    return n->kind == KIND_READ && n->in != 0 &&
           c->locals[c->edges[n->in].from - FIRST_LOCAL].is_cut;
}

// From where bits are shown back to where they come from.
static void spread_shown(ae_canonical *c, uint8_t flag) {
    uint32_t list = 0;
    for (uint32_t i = FIRST_LOCAL; i < c->node_count; i++)
        if ((c->nodes[i].flags & IS_SHOWN_HERE) != 0)
            list = add_work(c, list, i, flag);
    while (list != 0) {
        const node *n = &c->nodes[list];
        list = n->next;
        if (is_cut(c, n))
            continue;
        for (uint32_t e = n->in; e != 0; e = c->edges[e].next_in)
            list = add_work(c, list, c->edges[e].from, flag);
    }
}

static uint32_t cost_of(const node *n) {
    return (uint32_t)1 << (n->depth * COST_BITS);
}

// A local that holds nothing but what is computed may be made canonical where it is read instead of where
// it is written: a sum that a loop adds up once, after the loop. What is shown anyway costs nothing more.
static void choose_cuts(ae_canonical *c) {
    for (uint32_t i = 0; i < c->local_count; i++)
        for (uint32_t e = c->nodes[FIRST_LOCAL + i].in; e != 0; e = c->edges[e].next_in) {
            const node *source = &c->nodes[c->edges[e].from];
            if ((source->flags & IS_SHOWN_HERE) == 0)
                c->locals[i].write_cost += cost_of(source);
        }
    for (uint32_t i = FIRST_LOCAL; i < c->node_count; i++) {
        const node *n = &c->nodes[i];
        if (n->kind == KIND_READ && (n->flags & IS_SHOWN) != 0)
            c->locals[c->edges[n->in].from - FIRST_LOCAL].read_cost += cost_of(n);
    }
    for (uint32_t i = 0; i < c->local_count; i++) {
        ae_canonical_local *local = &c->locals[i];
        local->is_cut = (c->nodes[FIRST_LOCAL + i].flags & IS_OPAQUE) == 0 &&
                        local->read_cost != 0 && local->read_cost <= local->write_cost;
    }
}

static bool is_marked(const ae_canonical *c, const node *n) {
    return (n->flags & IS_SHOWN_UNCUT) != 0 && (n->kind == KIND_FRESH || is_cut(c, n));
}

bool ae_canonical_begin(
    ae_canonical *canonical, const ae_module *module, const ae_function *function) {
    ae_reader reader = ae_reader_over(module->bytes, function->code_offset, function->end_offset);
    if (!reserve(canonical, function->end_offset - function->code_offset))
        return false;
    start(canonical, module, function);
    while (!ae_reader_is_at_end(&reader)) {
        ae_instruction in;
        const aether_status status = ae_instruction_read(&reader, &in, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        if (canonical->dead_nesting == 0 || !skip_dead(canonical, &in))
            follow(canonical, module, &in);
    }
    spread_opaque(canonical);
    spread_shown(canonical, IS_SHOWN);
    choose_cuts(canonical);
    spread_shown(canonical, IS_SHOWN_UNCUT);
    for (uint32_t i = FIRST_LOCAL; i < canonical->node_count; i++) {
        const node *n = &canonical->nodes[i];
        canonical->needs_f32 |= n->type == AE_F32 && is_marked(canonical, n);
        canonical->needs_f64 |= n->type == AE_F64 && is_marked(canonical, n);
    }
    return true;
}

// The first node of an instruction at this offset or after it: nodes were made in the order of the code.
static uint32_t find_node(const ae_canonical *c, uint32_t offset) {
    uint32_t low = FIRST_LOCAL;
    uint32_t high = c->node_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (c->nodes[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint8_t ae_canonical_type(ae_canonical *canonical, uint32_t offset) {
    const uint32_t cursor = canonical->cursor;
    if (cursor > FIRST_LOCAL && canonical->nodes[cursor - 1].offset >= offset)
        canonical->cursor = find_node(canonical, offset); // back: the code is copied once more
    while (canonical->cursor < canonical->node_count) {
        const node *n = &canonical->nodes[canonical->cursor];
        if (n->offset > offset)
            return 0;
        canonical->cursor++;
        if (n->offset == offset)
            return is_marked(canonical, n) ? n->type : 0;
    }
    return 0;
}

static void emit_local(ae_emit *out, uint8_t code, uint32_t local) {
    ae_emit_byte(out, code);
    ae_emit_u32(out, local);
}

uint32_t ae_canonical_group_count(const ae_canonical *canonical) {
    return (uint32_t)canonical->needs_f32 + canonical->needs_f64;
}

uint32_t ae_canonical_local_count(const ae_canonical *canonical) {
    return 2 * ae_canonical_group_count(canonical);
}

void ae_canonical_emit_locals(const ae_canonical *canonical, ae_emit *out) {
    static const uint8_t types[] = {AE_F32, AE_F64};
    const bool is_needed[] = {canonical->needs_f32, canonical->needs_f64};
    for (size_t i = 0; i < sizeof types; i++)
        if (is_needed[i]) {
            ae_emit_byte(out, 2);
            ae_emit_byte(out, types[i]);
        }
}

void ae_canonical_emit_entry(ae_canonical *canonical, ae_emit *out, uint32_t first_local) {
    static const uint8_t nan_f32[] = {AE_CODE_f32_const, 0, 0, 0xc0, 0x7f};
    static const uint8_t nan_f64[] = {AE_CODE_f64_const, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
    canonical->local_f32 = first_local;
    canonical->local_f64 = first_local + (canonical->needs_f32 ? 2 : 0);
    if (canonical->needs_f32) {
        ae_emit_bytes(out, nan_f32, sizeof nan_f32);
        emit_local(out, AE_CODE_local_set, canonical->local_f32 + 1);
    }
    if (canonical->needs_f64) {
        ae_emit_bytes(out, nan_f64, sizeof nan_f64);
        emit_local(out, AE_CODE_local_set, canonical->local_f64 + 1);
    }
}

// A NaN is not even equal to itself. Of the comparisons that say so, `ge` and `le` alone are one jump on
// x86-64. The constant is in a local because that is shorter; a compiler puts it where it likes.
void ae_canonical_emit(const ae_canonical *canonical, ae_emit *out, uint8_t type) {
    const bool is_f64 = type == AE_F64;
    AE_ASSERT(is_f64 ? canonical->needs_f64 : canonical->needs_f32);
    const uint32_t scratch = is_f64 ? canonical->local_f64 : canonical->local_f32;
    emit_local(out, AE_CODE_local_tee, scratch);
    emit_local(out, AE_CODE_local_get, scratch + 1);
    emit_local(out, AE_CODE_local_get, scratch);
    emit_local(out, AE_CODE_local_get, scratch);
    ae_emit_byte(out, is_f64 ? AE_CODE_f64_ge : AE_CODE_f32_ge);
    ae_emit_byte(out, AE_CODE_select);
}

void ae_canonical_deinit(ae_canonical *canonical) {
    ae_free(canonical->nodes);
    ae_free(canonical->edges);
    *canonical = (ae_canonical){0};
}
