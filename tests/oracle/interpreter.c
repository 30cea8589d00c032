#include "oracle/interpreter.h"

#include "crypto/hash.h"
#include "harness/test.h"
#include "host/host.h"
#include "oracle/steps.h"

#include <stdlib.h>

#define STACK_LEN 262144 // metered bytes of a contract frame (METERING 7)
#define FRAME_LEN_MIN 64
#define FRAMES_MAX (STACK_LEN / FRAME_LEN_MIN)
#define VALUES_MAX (STACK_LEN / 8) // a metered frame has 8 bytes for each of its values
#define PAGE_LEN 65536
#define NO_FUNCTION UINT32_MAX

// An open block: where a branch to it goes on, and what is on the stack then.
typedef struct label {
    uint32_t place;
    uint32_t height;
    uint32_t arity;
} label;

// A guest function that was entered: the body is its first label, its locals are its first values.
typedef struct frame {
    const ae_functype *type;
    uint32_t first_value;
    uint32_t first_label;
    uint32_t return_place;
    uint32_t metered_len;
} frame;

struct interpreter {
    ae_module module;
    steps code;
    const ae_schedule *schedule;
    ae_arena arena;

    // The instance.
    uint8_t *memory;
    size_t memory_len;
    size_t memory_capacity;
    uint64_t globals[AE_GLOBALS_MAX];
    uint32_t table[AE_TABLE_LEN_MAX]; // function index or NO_FUNCTION
    bool is_dropped[AE_DATA_SEGMENTS_MAX];

    // The run.
    ae_host host;
    uint64_t gas_left;
    uint64_t stack_left;
    uint32_t place; // the next step
    uint64_t *values;
    uint32_t height;
    label *labels;
    uint32_t label_count;
    frame *frames;
    uint32_t frame_count;
    uint64_t instruction_count;
    uint32_t depth_max;
};

// How an instruction ends the run; AETHER_END_RETURNED: it does not.
typedef aether_end handler(interpreter *self, const step *at);

#define GOES_ON AETHER_END_RETURNED

static void push(interpreter *self, uint64_t value) {
    CHECK(self->height < VALUES_MAX);
    self->values[self->height++] = value;
}

static uint64_t pop(interpreter *self) {
    return self->values[--self->height];
}

static uint32_t pop_u32(interpreter *self) {
    return (uint32_t)pop(self);
}

static bool charge(interpreter *self, uint64_t gas) {
    if (gas > self->gas_left)
        return false;
    self->gas_left -= gas;
    return true;
}

static frame *top_frame(interpreter *self) {
    return &self->frames[self->frame_count - 1];
}

static uint64_t *local(interpreter *self, const step *at) {
    return &self->values[top_frame(self)->first_value + at->index];
}

static void push_label(interpreter *self, uint32_t place, uint32_t arity) {
    self->labels[self->label_count++] =
        (label){.place = place, .height = self->height, .arity = arity};
}

// Calls

// Args come off the stack, the function charges and acts, its result goes onto the stack.
static aether_end call_host(interpreter *self, uint32_t import) {
    const ae_host_row *row = &ae_host_rows[self->module.imports[import].rule];
    ae_slot slots[AE_FUNCTION_PARAMS_MAX + 1] = {{0}};
    for (uint32_t i = row->param_count; i-- != 0;)
        slots[i].bits = pop(self);
    self->host.memory = (ae_span){.data = self->memory, .len = self->memory_len};
    self->host.meter.left = self->gas_left;
    const ae_host_flow flow = row->function(&self->host, slots);
    self->gas_left = self->host.meter.left;
    if (flow == AE_HOST_STOP) {
        if (self->host.fault != AETHER_OK)
            test_fail(__FILE__, __LINE__, "%s", self->host.fault_error.message);
        return self->host.end;
    }
    if (row->result_count != 0) {
        const bool is_i32 = *(strchr(row->signature, '>') + 1) == 'i';
        push(self, is_i32 ? (uint32_t)slots[0].bits : slots[0].bits);
    }
    return GOES_ON;
}

// Args are on the stack and become the first locals.
static aether_end call_function(interpreter *self, uint32_t index) {
    const ae_module *module = &self->module;
    if (index < module->import_count)
        return call_host(self, index);
    const ae_function *function = &module->functions[index - module->import_count];
    const ae_functype *type = &module->types[function->type];
    const uint64_t locals = function->local_count;
    if (!charge(self, self->schedule->function_entry + locals * self->schedule->function_local))
        return AETHER_END_OUT_OF_GAS;
    const uint64_t metered = 8 * (type->param_count + locals + function->operand_height) + 64;
    if (metered > self->stack_left)
        return AETHER_END_STACK_EXHAUSTED;
    self->stack_left -= metered;
    self->frames[self->frame_count++] = (frame){.type = type,
        .first_value = self->height - type->param_count,
        .first_label = self->label_count,
        .return_place = self->place,
        .metered_len = (uint32_t)metered};
    if (self->frame_count > self->depth_max)
        self->depth_max = self->frame_count;
    for (uint64_t i = 0; i < locals; i++)
        push(self, 0);
    push_label(self, 0, type->result_count);
    self->place = self->code.first[index - module->import_count];
    return GOES_ON;
}

static void leave_function(interpreter *self) {
    const frame *left = top_frame(self);
    if (left->type->result_count != 0)
        self->values[left->first_value] = self->values[self->height - 1];
    self->height = left->first_value + left->type->result_count;
    self->label_count = left->first_label;
    self->place = left->return_place;
    self->stack_left += left->metered_len;
    self->frame_count--;
}

static aether_end run_call(interpreter *self, const step *at) {
    return call_function(self, at->index);
}

static bool types_are_equal(const ae_functype *a, const ae_functype *b) {
    if (a->param_count != b->param_count || a->result_count != b->result_count)
        return false;
    for (uint32_t i = 0; i < a->param_count; i++)
        if (a->params[i] != b->params[i])
            return false;
    return a->result_count == 0 || a->result == b->result;
}

static aether_end run_call_indirect(interpreter *self, const step *at) {
    const uint32_t element = pop_u32(self);
    if (element >= self->module.table_len)
        return AETHER_END_OUT_OF_BOUNDS_TABLE;
    const uint32_t function = self->table[element];
    if (function == NO_FUNCTION)
        return AETHER_END_INDIRECT_CALL;
    const ae_functype *type = ae_module_function_type(&self->module, function);
    if (!types_are_equal(type, &self->module.types[at->index]))
        return AETHER_END_INDIRECT_CALL;
    return call_function(self, function);
}

static aether_end run_return(interpreter *self, const step *at) {
    (void)at;
    leave_function(self);
    return GOES_ON;
}

// Blocks and branches

static aether_end run_unreachable(interpreter *self, const step *at) {
    (void)self;
    (void)at;
    return AETHER_END_UNREACHABLE;
}

static aether_end run_nop(interpreter *self, const step *at) {
    (void)self;
    (void)at;
    return GOES_ON;
}

static aether_end run_block(interpreter *self, const step *at) {
    push_label(self, at->after, at->results);
    return GOES_ON;
}

// A branch to a loop runs the instruction again, which opens it anew.
static aether_end run_loop(interpreter *self, const step *at) {
    push_label(self, (uint32_t)(at - self->code.all), 0);
    return GOES_ON;
}

static aether_end run_if(interpreter *self, const step *at) {
    if (pop_u32(self) != 0) {
        push_label(self, at->after, at->results);
    } else if (at->other != 0) {
        push_label(self, at->after, at->results);
        self->place = at->other;
    } else {
        self->place = at->after;
    }
    return GOES_ON;
}

// Met where the first part of an `if` ends.
static aether_end run_else(interpreter *self, const step *at) {
    self->label_count--;
    self->place = at->after;
    return GOES_ON;
}

static aether_end run_end(interpreter *self, const step *at) {
    (void)at;
    if (self->label_count - 1 == top_frame(self)->first_label)
        leave_function(self);
    else
        self->label_count--;
    return GOES_ON;
}

static void branch(interpreter *self, uint32_t depth) {
    const uint32_t number = self->label_count - 1 - depth;
    if (number == top_frame(self)->first_label) {
        leave_function(self);
        return;
    }
    const label *to = &self->labels[number];
    if (to->arity != 0)
        self->values[to->height] = self->values[self->height - 1];
    self->height = to->height + to->arity;
    self->label_count = number;
    self->place = to->place;
}

static aether_end run_br(interpreter *self, const step *at) {
    branch(self, at->index);
    return GOES_ON;
}

static aether_end run_br_if(interpreter *self, const step *at) {
    if (pop_u32(self) != 0)
        branch(self, at->index);
    return GOES_ON;
}

static aether_end run_br_table(interpreter *self, const step *at) {
    const uint32_t operand = pop_u32(self);
    const uint32_t chosen = operand < at->count ? operand : at->count;
    branch(self, self->code.labels[at->index + chosen]);
    return GOES_ON;
}

// Operands and variables

static aether_end run_drop(interpreter *self, const step *at) {
    (void)at;
    pop(self);
    return GOES_ON;
}

static aether_end run_select(interpreter *self, const step *at) {
    (void)at;
    const uint32_t condition = pop_u32(self);
    const uint64_t second = pop(self);
    const uint64_t first = pop(self);
    push(self, condition != 0 ? first : second);
    return GOES_ON;
}

static aether_end run_local_get(interpreter *self, const step *at) {
    push(self, *local(self, at));
    return GOES_ON;
}

static aether_end run_local_set(interpreter *self, const step *at) {
    *local(self, at) = pop(self);
    return GOES_ON;
}

static aether_end run_local_tee(interpreter *self, const step *at) {
    *local(self, at) = self->values[self->height - 1];
    return GOES_ON;
}

static aether_end run_global_get(interpreter *self, const step *at) {
    push(self, self->globals[at->index]);
    return GOES_ON;
}

static aether_end run_global_set(interpreter *self, const step *at) {
    self->globals[at->index] = pop(self);
    return GOES_ON;
}

static aether_end run_const(interpreter *self, const step *at) {
    push(self, at->value);
    return GOES_ON;
}

static aether_end run_numeric(interpreter *self, const step *at) {
    const uint64_t second = at->operands == 2 ? pop(self) : 0;
    const uint64_t first = pop(self);
    uint64_t result = 0;
    const aether_end end = at->compute(at->opcode, first, second, &result);
    if (end == GOES_ON)
        push(self, result);
    return end;
}

// Memory

// What a load or store moves.
typedef struct access {
    uint8_t bytes;
    bool is_signed;
    bool is_i32; // what a signed load extends to
} access;

static const access accesses[AE_OPCODE_COUNT] = {
    [AE_OP_i32_load] = {4, false, true},
    [AE_OP_i64_load] = {8, false, false},
    [AE_OP_f32_load] = {4, false, false},
    [AE_OP_f64_load] = {8, false, false},
    [AE_OP_i32_load8_s] = {1, true, true},
    [AE_OP_i32_load8_u] = {1, false, true},
    [AE_OP_i32_load16_s] = {2, true, true},
    [AE_OP_i32_load16_u] = {2, false, true},
    [AE_OP_i64_load8_s] = {1, true, false},
    [AE_OP_i64_load8_u] = {1, false, false},
    [AE_OP_i64_load16_s] = {2, true, false},
    [AE_OP_i64_load16_u] = {2, false, false},
    [AE_OP_i64_load32_s] = {4, true, false},
    [AE_OP_i64_load32_u] = {4, false, false},
    [AE_OP_i32_store] = {.bytes = 4},
    [AE_OP_i64_store] = {.bytes = 8},
    [AE_OP_f32_store] = {.bytes = 4},
    [AE_OP_f64_store] = {.bytes = 8},
    [AE_OP_i32_store8] = {.bytes = 1},
    [AE_OP_i32_store16] = {.bytes = 2},
    [AE_OP_i64_store8] = {.bytes = 1},
    [AE_OP_i64_store16] = {.bytes = 2},
    [AE_OP_i64_store32] = {.bytes = 4},
};

// All sums are of numbers below 2^33.
static bool is_inside(uint64_t start, uint64_t len, uint64_t total) {
    return start + len <= total;
}

static aether_end run_load(interpreter *self, const step *at) {
    const access how = accesses[at->opcode];
    const uint64_t address = pop_u32(self) + at->value;
    if (!is_inside(address, how.bytes, self->memory_len))
        return AETHER_END_OUT_OF_BOUNDS_MEMORY;
    uint64_t value = 0;
    for (uint32_t i = how.bytes; i-- != 0;)
        value = value << 8 | self->memory[address + i];
    const uint64_t sign = UINT64_C(1) << (8 * how.bytes - 1);
    if (how.is_signed)
        value = (value ^ sign) - sign;
    push(self, how.is_i32 ? (uint32_t)value : value);
    return GOES_ON;
}

static aether_end run_store(interpreter *self, const step *at) {
    const uint32_t bytes = accesses[at->opcode].bytes;
    const uint64_t value = pop(self);
    const uint64_t address = pop_u32(self) + at->value;
    if (!is_inside(address, bytes, self->memory_len))
        return AETHER_END_OUT_OF_BOUNDS_MEMORY;
    for (uint32_t i = 0; i < bytes; i++)
        self->memory[address + i] = (uint8_t)(value >> (8 * i));
    return GOES_ON;
}

static aether_end run_memory_size(interpreter *self, const step *at) {
    (void)at;
    push(self, self->memory_len / PAGE_LEN);
    return GOES_ON;
}

static void set_memory_len(interpreter *self, size_t len) {
    if (len > self->memory_capacity) {
        self->memory = realloc(self->memory, len);
        CHECK(self->memory != NULL);
        self->memory_capacity = len;
    }
    if (len > self->memory_len)
        memset(self->memory + self->memory_len, 0, len - self->memory_len);
    self->memory_len = len;
}

static aether_end run_memory_grow(interpreter *self, const step *at) {
    (void)at;
    const uint64_t pages = pop_u32(self);
    const uint64_t current = self->memory_len / PAGE_LEN;
    if (current + pages > self->module.memory_pages_max) {
        push(self, UINT32_MAX);
        return GOES_ON;
    }
    if (!charge(self, pages * self->schedule->grow_page))
        return AETHER_END_OUT_OF_GAS;
    set_memory_len(self, (size_t)(current + pages) * PAGE_LEN);
    push(self, current);
    return GOES_ON;
}

static aether_end run_memory_fill(interpreter *self, const step *at) {
    (void)at;
    const uint64_t len = pop_u32(self);
    const uint32_t byte = pop_u32(self);
    const uint64_t to = pop_u32(self);
    if (!charge(self, len * self->schedule->bulk_byte))
        return AETHER_END_OUT_OF_GAS;
    if (!is_inside(to, len, self->memory_len))
        return AETHER_END_OUT_OF_BOUNDS_MEMORY;
    for (uint64_t i = 0; i < len; i++)
        self->memory[to + i] = (uint8_t)byte;
    return GOES_ON;
}

static aether_end run_memory_copy(interpreter *self, const step *at) {
    (void)at;
    const uint64_t len = pop_u32(self);
    const uint64_t from = pop_u32(self);
    const uint64_t to = pop_u32(self);
    if (!charge(self, len * self->schedule->bulk_byte))
        return AETHER_END_OUT_OF_GAS;
    if (!is_inside(to, len, self->memory_len) || !is_inside(from, len, self->memory_len))
        return AETHER_END_OUT_OF_BOUNDS_MEMORY;
    if (len != 0)
        memmove(self->memory + to, self->memory + from, len);
    return GOES_ON;
}

static aether_end run_memory_init(interpreter *self, const step *at) {
    const ae_data_segment *segment = &self->module.data[at->index];
    const uint64_t segment_len = self->is_dropped[at->index] ? 0 : segment->len;
    const uint64_t len = pop_u32(self);
    const uint64_t from = pop_u32(self);
    const uint64_t to = pop_u32(self);
    if (!charge(self, len * self->schedule->bulk_byte))
        return AETHER_END_OUT_OF_GAS;
    if (!is_inside(to, len, self->memory_len) || !is_inside(from, len, segment_len))
        return AETHER_END_OUT_OF_BOUNDS_MEMORY;
    if (len != 0)
        memcpy(self->memory + to, self->module.bytes.data + segment->offset + from, len);
    return GOES_ON;
}

static aether_end run_data_drop(interpreter *self, const step *at) {
    self->is_dropped[at->index] = true;
    return GOES_ON;
}

// Instructions that are not here are numeric, loads or stores.
static handler *const handlers[AE_OPCODE_COUNT] = {
    [AE_OP_unreachable] = run_unreachable,
    [AE_OP_nop] = run_nop,
    [AE_OP_block] = run_block,
    [AE_OP_loop] = run_loop,
    [AE_OP_if] = run_if,
    [AE_OP_else] = run_else,
    [AE_OP_end] = run_end,
    [AE_OP_br] = run_br,
    [AE_OP_br_if] = run_br_if,
    [AE_OP_br_table] = run_br_table,
    [AE_OP_return] = run_return,
    [AE_OP_call] = run_call,
    [AE_OP_call_indirect] = run_call_indirect,
    [AE_OP_drop] = run_drop,
    [AE_OP_select] = run_select,
    [AE_OP_local_get] = run_local_get,
    [AE_OP_local_set] = run_local_set,
    [AE_OP_local_tee] = run_local_tee,
    [AE_OP_global_get] = run_global_get,
    [AE_OP_global_set] = run_global_set,
    [AE_OP_memory_size] = run_memory_size,
    [AE_OP_memory_grow] = run_memory_grow,
    [AE_OP_i32_const] = run_const,
    [AE_OP_i64_const] = run_const,
    [AE_OP_f32_const] = run_const,
    [AE_OP_f64_const] = run_const,
    [AE_OP_memory_init] = run_memory_init,
    [AE_OP_data_drop] = run_data_drop,
    [AE_OP_memory_copy] = run_memory_copy,
    [AE_OP_memory_fill] = run_memory_fill,
};

static aether_end run_step(interpreter *self, const step *at) {
    handler *const run = handlers[at->opcode];
    if (run != NULL)
        return run(self, at);
    if (at->compute != NULL)
        return run_numeric(self, at);
    CHECK(accesses[at->opcode].bytes != 0);
    return at->opcode < AE_OP_i32_store ? run_load(self, at) : run_store(self, at);
}

// The whole of metering: pay, then act.
static aether_end run_function(interpreter *self, uint32_t function) {
    self->height = 0;
    self->label_count = 0;
    self->frame_count = 0;
    self->stack_left = STACK_LEN;
    aether_end end = call_function(self, function);
    while (end == GOES_ON && self->frame_count != 0) {
        const step *at = &self->code.all[self->place++];
        if (!charge(self, at->gas))
            return AETHER_END_OUT_OF_GAS;
        self->instruction_count++;
        end = run_step(self, at);
    }
    return end;
}

static uint64_t read_constant(const interpreter *self, const ae_global *global) {
    ae_reader reader = ae_reader_over(
        self->module.bytes, global->init_offset, global->init_offset + global->init_len);
    ae_instruction constant;
    CHECK(ae_instruction_read(&reader, &constant, NULL) == AETHER_OK);
    return global->type == AE_I32 ? (uint32_t)constant.value : constant.value;
}

static void set_elements(interpreter *self, const ae_element_segment *segment) {
    ae_reader reader =
        ae_reader_over(self->module.bytes, segment->items_offset, (uint32_t)self->module.bytes.len);
    for (uint32_t i = 0; i < segment->count; i++)
        CHECK(ae_read_u32(&reader, "function", &self->table[segment->table_offset + i], NULL) ==
              AETHER_OK);
}

// An instance as new.
static void instantiate(interpreter *self) {
    const ae_module *module = &self->module;
    self->memory_len = 0;
    set_memory_len(self, module->has_memory ? (size_t)module->memory_pages_min * PAGE_LEN : 0);
    for (uint32_t i = 0; i < module->global_count; i++)
        self->globals[i] = read_constant(self, &module->globals[i]);
    for (uint32_t i = 0; i < module->table_len; i++)
        self->table[i] = NO_FUNCTION;
    for (uint32_t i = 0; i < module->element_count; i++)
        set_elements(self, &module->elements[i]);
    for (uint32_t i = 0; i < module->data_count; i++) {
        const ae_data_segment *segment = &module->data[i];
        self->is_dropped[i] = !segment->is_passive; // an active one is put in place and then gone
        if (!segment->is_passive && segment->len != 0)
            memcpy(self->memory + segment->memory_offset, module->bytes.data + segment->offset,
                segment->len);
    }
}

// METERING 4: what consensus sees of an end.
static void classify(aether_end end, int32_t code, aether_execution_result *out) {
    out->end = end;
    out->outcome = AETHER_OUTCOME_REVERTED;
    switch (end) {
    case AETHER_END_RETURNED:
        out->outcome = code == 0 ? AETHER_OUTCOME_SUCCESS : AETHER_OUTCOME_REVERTED;
        out->code = code;
        break;
    case AETHER_END_REVERT:
        out->code = -1;
        break;
    case AETHER_END_PANIC:
        out->code = -2;
        break;
    case AETHER_END_UNREACHABLE:
        out->code = -3;
        break;
    default:
        out->outcome = AETHER_OUTCOME_FAILED;
        break;
    }
    out->success = out->outcome == AETHER_OUTCOME_SUCCESS;
}

static void fill_result(interpreter *self, aether_end end, aether_execution_result *out) {
    aether_error err;
    classify(end, end == AETHER_END_RETURNED ? (int32_t)self->values[0] : 0, out);
    const bool is_failed = out->outcome == AETHER_OUTCOME_FAILED;
    out->gas_used = is_failed ? out->gas_limit : out->gas_limit - self->gas_left;
    if (!is_failed && end != AETHER_END_UNREACHABLE)
        out->return_data = self->host.return_data;
    out->debug_text = self->host.debug_len != 0 ? self->host.debug_text : "";
    if (!out->success)
        return;
    CHECK_OK(ae_journal_changes(self->host.journal, &out->changes, &out->change_count, &err));
    ae_journal_events(self->host.journal, &out->logs, &out->log_count);
}

static aether_end run_all(interpreter *self, aether_entry entry) {
    aether_end end = AETHER_END_RETURNED;
    if (self->module.start != AE_NO_INDEX)
        end = run_function(self, self->module.start);
    if (end == AETHER_END_RETURNED)
        end = run_function(self, self->module.entries[entry]);
    return end;
}

oracle_result interpreter_run(interpreter *self, const aether_execution_context *context,
    aether_bytes input, const aether_store *store) {
    aether_error err;
    ae_journal *journal = NULL;
    bool fits = true;
    oracle_result result = {.seen = {.gas_limit = context->gas_limit}};
    const ae_frame_context told = {.self = context->contract_address,
        .caller = context->caller,
        .value = context->value,
        .block_number = context->block_number,
        .timestamp = context->timestamp,
        .chain_id = context->chain_id,
        .input = input,
        .is_static = context->entry == AETHER_ENTRY_QUERY};
    ae_arena_reset(&self->arena);
    CHECK_OK(ae_journal_create(&self->arena, store, &journal, &err));
    if ((told.value.low | told.value.high) != 0)
        CHECK_OK(ae_journal_credit(journal, &told.self, told.value, &fits, &err));
    CHECK(fits);
    ae_host_init(&self->host, self->schedule, &told, journal, &self->arena, context->gas_limit);
    instantiate(self);
    self->gas_left = context->gas_limit;
    self->instruction_count = 0;
    self->depth_max = 0;
    const aether_end end = run_all(self, context->entry);
    fill_result(self, end, &result.seen);
    if (context->hash_memory && end == AETHER_END_RETURNED)
        ae_sha256(ae_bytes(self->memory, self->memory_len), &result.seen.memory_hash);
    result.gas_spent = context->gas_limit - self->gas_left;
    result.instruction_count = self->instruction_count;
    result.depth_max = self->depth_max;
    return result;
}

interpreter *interpreter_create(aether_bytes wasm, const ae_schedule *schedule) {
    aether_error err;
    interpreter *self = calloc(1, sizeof *self);
    CHECK(self != NULL);
    CHECK_OK(ae_module_decode(wasm, ae_host_import_rules(), &self->module, &err));
    self->schedule = schedule;
    self->code = steps_of(&self->module, schedule);
    ae_arena_init(&self->arena, 65536, (size_t)2 << 30);
    self->values = malloc(VALUES_MAX * sizeof *self->values);
    self->labels = malloc(FRAMES_MAX * (AE_NESTING_MAX + 1) * sizeof *self->labels);
    self->frames = malloc(FRAMES_MAX * sizeof *self->frames);
    CHECK(self->values != NULL && self->labels != NULL && self->frames != NULL);
    return self;
}

void interpreter_destroy(interpreter *self) {
    ae_arena_deinit(&self->arena);
    steps_deinit(&self->code);
    ae_module_deinit(&self->module);
    free(self->memory);
    free(self->values);
    free(self->labels);
    free(self->frames);
    free(self);
}
