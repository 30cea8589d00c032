#include "wasm/function_validator.h"

#include "wasm/type.h"

#include <inttypes.h>

#define ANY 0 // stands for whatever unreachable code would have left

// What every check needs to know of the instruction at hand.
typedef struct context {
    ae_function_validator *validator;
    ae_reader *reader;
    const ae_instruction *instruction;
    aether_error *err;
} context;

#define REFUSE(c, status, rule, ...) \
    ae_reader_refuse((c)->reader, (c)->instruction->offset, (c)->err, (status), (rule), __VA_ARGS__)

static const char *instruction_text(const context *c) {
    return ae_opcode_get(c->instruction->opcode)->text;
}

static ae_block *innermost(ae_function_validator *v) {
    return &v->blocks[v->depth - 1];
}

static aether_status push(const context *c, uint8_t type) {
    ae_function_validator *v = c->validator;
    if (v->height == AE_OPERAND_HEIGHT_MAX)
        return REFUSE(c, AETHER_LIMIT_EXCEEDED, "operand_height", "%s needs more than %d operands",
            instruction_text(c), AE_OPERAND_HEIGHT_MAX);
    v->values[v->height++] = type;
    if (v->height > v->height_max)
        v->height_max = v->height;
    return AETHER_OK;
}

// Pop whatever is there; ANY where unreachable code has nothing more.
static aether_status pop_any(const context *c, uint8_t needed, uint8_t *out) {
    ae_function_validator *v = c->validator;
    const ae_block *block = innermost(v);
    if (v->height > block->base) {
        *out = v->values[--v->height];
        return AETHER_OK;
    }
    if (!block->is_unreachable)
        return REFUSE(c, AETHER_INVALID_MODULE, "type_mismatch",
            "%s needs %s, but the block has no more operands", instruction_text(c),
            ae_valtype_name(needed));
    *out = ANY;
    return AETHER_OK;
}

static aether_status pop(const context *c, uint8_t needed, uint8_t *out) {
    AE_TRY(pop_any(c, needed, out));
    if (*out != needed && *out != ANY && needed != ANY)
        return REFUSE(c, AETHER_INVALID_MODULE, "type_mismatch", "%s needs %s, got %s",
            instruction_text(c), ae_valtype_name(needed), ae_valtype_name(*out));
    return AETHER_OK;
}

static aether_status drop(const context *c, uint8_t needed) {
    uint8_t actual = ANY;
    return pop(c, needed, &actual);
}

static aether_status drop_result(const context *c, uint8_t result) {
    return result != AE_BLOCK_EMPTY ? drop(c, result) : AETHER_OK;
}

static aether_status push_result(const context *c, uint8_t result) {
    return result != AE_BLOCK_EMPTY ? push(c, result) : AETHER_OK;
}

static void set_unreachable(ae_function_validator *v) {
    ae_block *block = innermost(v);
    v->height = block->base;
    block->is_unreachable = true;
}

static uint8_t result_of(const ae_functype *type) {
    return type->result_count != 0 ? type->result : AE_BLOCK_EMPTY;
}

static void open_block(ae_function_validator *v, ae_opcode opcode, uint8_t result) {
    v->blocks[v->depth++] =
        (ae_block){.opcode = (uint8_t)opcode, .result = result, .base = (uint16_t)v->height};
}

// The innermost block must end with its result and nothing else.
static aether_status close_block(const context *c, ae_block *out) {
    ae_function_validator *v = c->validator;
    const ae_block block = *innermost(v);
    AE_TRY(drop_result(c, block.result));
    if (v->height != block.base)
        return REFUSE(c, AETHER_INVALID_MODULE, "type_mismatch",
            "%" PRIu32 " operands more than the block's result are left at its %s",
            v->height - block.base, instruction_text(c));
    v->depth--;
    *out = block;
    return AETHER_OK;
}

static aether_status count_block(const context *c) {
    ae_function_validator *v = c->validator;
    if (v->block_count == AE_FUNCTION_BLOCKS_MAX)
        return REFUSE(c, AETHER_LIMIT_EXCEEDED, "function_blocks",
            "function has more than %d block, loop, if and br_if", AE_FUNCTION_BLOCKS_MAX);
    if (v->block_total == AE_BLOCKS_TOTAL_MAX)
        return REFUSE(c, AETHER_LIMIT_EXCEEDED, "blocks_total",
            "module has more than %d block, loop, if and br_if", AE_BLOCKS_TOTAL_MAX);
    v->block_count++;
    v->block_total++;
    return AETHER_OK;
}

static aether_status check_block(const context *c) {
    ae_function_validator *v = c->validator;
    AE_TRY(count_block(c));
    if (c->instruction->opcode == AE_OP_if)
        AE_TRY(drop(c, AE_I32));
    if (v->depth == AE_NESTING_MAX + 1) // the body itself is not counted
        return REFUSE(c, AETHER_LIMIT_EXCEEDED, "nesting", "blocks are nested more than %d deep",
            AE_NESTING_MAX);
    ae_merges_open(&v->merges, v->depth);
    open_block(v, c->instruction->opcode, c->instruction->block_type);
    return AETHER_OK;
}

static aether_status check_else(const context *c) {
    ae_function_validator *v = c->validator;
    ae_block block = {0};
    if (innermost(v)->opcode != AE_OP_if)
        return REFUSE(c, AETHER_MALFORMED_MODULE, "else_without_if", "no if is open here");
    AE_TRY(close_block(c, &block));
    open_block(v, AE_OP_else, block.result);
    return AETHER_OK;
}

static aether_status check_end(const context *c) {
    ae_block block = {0};
    AE_TRY(close_block(c, &block));
    ae_merges_close(&c->validator->merges, c->validator->depth);
    if (block.opcode == AE_OP_if && block.result != AE_BLOCK_EMPTY)
        return REFUSE(c, AETHER_INVALID_MODULE, "type_mismatch",
            "if has a result of %s but no else", ae_valtype_name(block.result));
    return push_result(c, block.result);
}

// What a branch to the label takes along.
static aether_status find_label(const context *c, uint32_t label, uint8_t *out) {
    ae_function_validator *v = c->validator;
    if (label >= v->depth)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_label",
            "%s to label %" PRIu32 ", but %" PRIu32 " blocks are open", instruction_text(c), label,
            v->depth);
    const ae_block *block = &v->blocks[v->depth - 1 - label];
    *out = block->opcode == AE_OP_loop ? AE_BLOCK_EMPTY : block->result;
    return AETHER_OK;
}

static aether_status check_br(const context *c) {
    uint8_t result = AE_BLOCK_EMPTY;
    AE_TRY(find_label(c, c->instruction->index, &result));
    AE_TRY(drop_result(c, result));
    set_unreachable(c->validator);
    return AETHER_OK;
}

static aether_status check_br_if(const context *c) {
    uint8_t result = AE_BLOCK_EMPTY;
    AE_TRY(count_block(c));
    AE_TRY(find_label(c, c->instruction->index, &result));
    AE_TRY(drop(c, AE_I32));
    AE_TRY(drop_result(c, result));
    return push_result(c, result);
}

static aether_status count_targets(const context *c) {
    ae_function_validator *v = c->validator;
    const uint32_t count = c->instruction->index;
    if (count > AE_BR_TABLE_TARGETS_MAX)
        return REFUSE(c, AETHER_LIMIT_EXCEEDED, "br_table_targets",
            "br_table has %" PRIu32 " targets, at most %d", count, AE_BR_TABLE_TARGETS_MAX);
    v->target_total += count;
    if (v->target_total > AE_BR_TABLE_TARGETS_TOTAL_MAX)
        return REFUSE(c, AETHER_LIMIT_EXCEEDED, "br_table_targets_total",
            "br_tables have %" PRIu32 " targets up to here, at most %d", v->target_total,
            AE_BR_TABLE_TARGETS_TOTAL_MAX);
    return AETHER_OK;
}

// One of several labels takes its operand, which the next one must find as it was: ANY stays ANY.
static aether_status try_result(const context *c, uint8_t result) {
    uint8_t actual = ANY;
    if (result == AE_BLOCK_EMPTY)
        return AETHER_OK;
    AE_TRY(pop(c, result, &actual));
    return push(c, actual);
}

static aether_status check_br_table(const context *c) {
    AE_TRY(count_targets(c));
    AE_TRY(drop(c, AE_I32));
    const uint32_t count = c->instruction->index;
    ae_reader targets = c->instruction->targets;
    bool has_result = false; // of the first label; all must agree
    for (uint32_t i = 0; i <= count; i++) {
        uint32_t label = 0;
        uint8_t result = AE_BLOCK_EMPTY;
        AE_TRY(ae_read_u32(&targets, "label", &label, c->err));
        AE_TRY(find_label(c, label, &result));
        if (i == 0)
            has_result = result != AE_BLOCK_EMPTY;
        if (has_result != (result != AE_BLOCK_EMPTY))
            return REFUSE(c, AETHER_INVALID_MODULE, "type_mismatch",
                "labels of a br_table take different numbers of operands");
        AE_TRY(i < count ? try_result(c, result) : drop_result(c, result));
    }
    set_unreachable(c->validator);
    return AETHER_OK;
}

static aether_status check_return(const context *c) {
    AE_TRY(drop_result(c, result_of(c->validator->type)));
    set_unreachable(c->validator);
    return AETHER_OK;
}

static aether_status apply_type(const context *c, const ae_functype *type) {
    for (uint32_t i = type->param_count; i > 0; i--)
        AE_TRY(drop(c, type->params[i - 1]));
    return push_result(c, result_of(type));
}

static aether_status check_call(const context *c) {
    const ae_module *module = c->validator->module;
    const uint32_t count = module->import_count + module->function_count;
    if (c->instruction->index >= count)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_function",
            "call of function %" PRIu32 ", but %" PRIu32 " exist", c->instruction->index, count);
    return apply_type(c, ae_module_function_type(module, c->instruction->index));
}

static aether_status check_call_indirect(const context *c) {
    const ae_module *module = c->validator->module;
    if (!module->has_table || c->instruction->table != 0)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_table",
            "call_indirect through table %" PRIu32 ", but %d exist", c->instruction->table,
            module->has_table);
    if (c->instruction->index >= module->type_count)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_type",
            "call_indirect of type %" PRIu32 ", but %" PRIu32 " exist", c->instruction->index,
            module->type_count);
    AE_TRY(drop(c, AE_I32));
    return apply_type(c, &module->types[c->instruction->index]);
}

static aether_status check_select(const context *c) {
    uint8_t second = ANY;
    uint8_t first = ANY;
    AE_TRY(drop(c, AE_I32));
    AE_TRY(pop(c, ANY, &second));
    AE_TRY(pop(c, second, &first));
    return push(c, first != ANY ? first : second);
}

static aether_status check_local(const context *c) {
    ae_function_validator *v = c->validator;
    const uint32_t local = c->instruction->index;
    if (local >= v->local_count)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_local",
            "%s of local %" PRIu32 ", but %" PRIu32 " exist", instruction_text(c), local,
            v->local_count);
    const uint8_t type = v->locals[local];
    if (c->instruction->opcode != AE_OP_local_get) {
        ae_merges_set(&v->merges, v->depth - 1, local);
        AE_TRY(drop(c, type));
    }
    return c->instruction->opcode != AE_OP_local_set ? push(c, type) : AETHER_OK;
}

static aether_status check_global(const context *c) {
    const ae_module *module = c->validator->module;
    const uint32_t index = c->instruction->index;
    if (index >= module->global_count)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_global",
            "%s of global %" PRIu32 ", but %" PRIu32 " exist", instruction_text(c), index,
            module->global_count);
    const ae_global *global = &module->globals[index];
    if (c->instruction->opcode == AE_OP_global_get)
        return push(c, global->type);
    if (!global->is_mutable)
        return REFUSE(c, AETHER_INVALID_MODULE, "immutable_global",
            "global.set of global %" PRIu32 ", which is not mutable", index);
    return drop(c, global->type);
}

// Operands and result as the table of opcodes spells them.
static aether_status apply_signature(const context *c) {
    const char *signature = ae_opcode_get(c->instruction->opcode)->signature;
    uint32_t params = 0;
    while (signature[params] != '>')
        params++;
    for (uint32_t i = params; i > 0; i--)
        AE_TRY(drop(c, (uint8_t)ae_valtype_of_letter(signature[i - 1])));
    const char result = signature[params + 1];
    return result != '\0' ? push(c, (uint8_t)ae_valtype_of_letter(result)) : AETHER_OK;
}

static aether_status check_has_memory(const context *c) {
    if (!c->validator->module->has_memory)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_memory", "%s, but no memory exists",
            instruction_text(c));
    return AETHER_OK;
}

// The exponent of the access's own width, the greatest that its alignment may have.
static uint32_t natural_alignment(ae_opcode opcode) {
    switch (opcode) {
    case AE_OP_i32_load8_s:
    case AE_OP_i32_load8_u:
    case AE_OP_i64_load8_s:
    case AE_OP_i64_load8_u:
    case AE_OP_i32_store8:
    case AE_OP_i64_store8:
        return 0;
    case AE_OP_i32_load16_s:
    case AE_OP_i32_load16_u:
    case AE_OP_i64_load16_s:
    case AE_OP_i64_load16_u:
    case AE_OP_i32_store16:
    case AE_OP_i64_store16:
        return 1;
    case AE_OP_i64_load:
    case AE_OP_f64_load:
    case AE_OP_i64_store:
    case AE_OP_f64_store:
        return 3;
    default:
        return 2;
    }
}

static aether_status check_access(const context *c) {
    AE_TRY(check_has_memory(c));
    const uint32_t natural = natural_alignment(c->instruction->opcode);
    if (c->instruction->table > natural)
        return REFUSE(c, AETHER_INVALID_MODULE, "alignment",
            "%s is aligned to 2^%" PRIu32 ", at most 2^%" PRIu32, instruction_text(c),
            c->instruction->table, natural);
    return apply_signature(c);
}

static aether_status check_data_index(const context *c) {
    const ae_module *module = c->validator->module;
    if (!module->has_data_count)
        return REFUSE(c, AETHER_MALFORMED_MODULE, "data_count", "%s needs a data count section",
            instruction_text(c));
    if (c->instruction->index >= module->data_count)
        return REFUSE(c, AETHER_INVALID_MODULE, "unknown_data",
            "%s of data segment %" PRIu32 ", but %" PRIu32 " exist", instruction_text(c),
            c->instruction->index, module->data_count);
    return AETHER_OK;
}

// The instructions whose types depend on more than their opcode; the others by their immediates.
static aether_status check_instruction(const context *c) {
    switch (c->instruction->opcode) {
    case AE_OP_unreachable:
        set_unreachable(c->validator);
        return AETHER_OK;
    case AE_OP_nop:
        return AETHER_OK;
    case AE_OP_block:
    case AE_OP_loop:
    case AE_OP_if:
        return check_block(c);
    case AE_OP_else:
        return check_else(c);
    case AE_OP_end:
        return check_end(c);
    case AE_OP_br:
        return check_br(c);
    case AE_OP_br_if:
        return check_br_if(c);
    case AE_OP_br_table:
        return check_br_table(c);
    case AE_OP_return:
        return check_return(c);
    case AE_OP_call:
        return check_call(c);
    case AE_OP_call_indirect:
        return check_call_indirect(c);
    case AE_OP_drop:
        return drop(c, ANY);
    case AE_OP_select:
        return check_select(c);
    case AE_OP_local_get:
    case AE_OP_local_set:
    case AE_OP_local_tee:
        return check_local(c);
    case AE_OP_global_get:
    case AE_OP_global_set:
        return check_global(c);
    case AE_OP_memory_size:
    case AE_OP_memory_grow:
    case AE_OP_memory_copy:
    case AE_OP_memory_fill:
        AE_TRY(check_has_memory(c));
        return apply_signature(c);
    case AE_OP_memory_init:
        AE_TRY(check_has_memory(c));
        AE_TRY(check_data_index(c));
        return apply_signature(c);
    case AE_OP_data_drop:
        return check_data_index(c);
    default:
        break;
    }
    if (ae_opcode_get(c->instruction->opcode)->immediate == AE_IMM_MEMARG)
        return check_access(c);
    return apply_signature(c);
}

aether_status ae_function_validate(
    ae_function_validator *validator, ae_reader *reader, uint32_t *out_height, aether_error *err) {
    ae_instruction instruction = {0};
    const context c = {validator, reader, &instruction, err};
    validator->block_count = 0;
    validator->height = 0;
    validator->height_max = 0;
    validator->depth = 0;
    ae_merges_open(&validator->merges, 0);
    open_block(validator, AE_OP_block, result_of(validator->type));
    while (validator->depth > 0) {
        AE_TRY(ae_instruction_read(reader, &instruction, err));
        AE_TRY(check_instruction(&c));
    }
    if (!ae_reader_is_at_end(reader))
        return ae_reader_refuse(reader, reader->at, err, AETHER_MALFORMED_MODULE, "body_length",
            "%" PRIu32 " bytes follow the function's end", reader->end - reader->at);
    *out_height = validator->height_max;
    return AETHER_OK;
}
