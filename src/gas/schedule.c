#include "gas/schedule.h"

#include "base/assert.h"

// Every opcode has a row, in the same order.
enum {
#define AE_OPCODE_PRICE(name, v1, rule) ROW_##name,
#include "gas/opcode_prices.def"
#undef AE_OPCODE_PRICE
    ROW_COUNT
};
_Static_assert((int)ROW_COUNT == (int)AE_OPCODE_COUNT, "one price for each opcode");

// What no schedule charges; a row is free exactly if it is one of these.
#define IS_FREE(opcode)                                                                   \
    ((opcode) == AE_OP_unreachable || (opcode) == AE_OP_nop || (opcode) == AE_OP_block || \
        (opcode) == AE_OP_loop || (opcode) == AE_OP_else || (opcode) == AE_OP_end ||      \
        (opcode) == AE_OP_return || (opcode) == AE_OP_drop)

// The instrumenter's bound on its output counts on small prices: the gas of m instructions is then
// a constant of at most m + 1 bytes.
#define OPCODE_PRICE_MAX 8191

#define AE_OPCODE_PRICE(name, v1, rule)                                                         \
    _Static_assert((int)ROW_##name == (int)AE_OP_##name, #name ": same order as the opcodes");  \
    _Static_assert(((v1) == 0) == IS_FREE(AE_OP_##name), #name ": free if and only if listed"); \
    _Static_assert((v1) <= OPCODE_PRICE_MAX, #name ": at most OPCODE_PRICE_MAX");
#include "gas/opcode_prices.def"
#undef AE_OPCODE_PRICE

static const ae_schedule schedule_v1 = {
    .id = AETHER_SCHEDULE_V1,
    .name = "v1",
    .opcodes =
        {
#define AE_OPCODE_PRICE(name, v1, rule) [AE_OP_##name] = (v1),
#include "gas/opcode_prices.def"
#undef AE_OPCODE_PRICE
        },
#define AE_RATE(name, v1, unit, per, rule) .name = (v1),
#include "gas/rates.def"
#undef AE_RATE
    .host =
        {
#define AE_HOST_PRICE(name, base, in_rate, out_rate, rule) {(base), (in_rate), (out_rate)},
#include "gas/host_prices.def"
#undef AE_HOST_PRICE
        },
};

// Wasmtime's own fuel rule, so that fuel can be the oracle.
static const ae_schedule schedule_unit = {
    .id = AETHER_SCHEDULE_UNIT,
    .name = "unit",
    .opcodes =
        {
#define AE_OPCODE_PRICE(name, v1, rule) [AE_OP_##name] = IS_FREE(AE_OP_##name) ? 0 : 1,
#include "gas/opcode_prices.def"
#undef AE_OPCODE_PRICE
        },
#define AE_RATE(name, v1, unit, per, rule) .name = (unit),
#include "gas/rates.def"
#undef AE_RATE
};

const ae_schedule *ae_schedule_get(aether_schedule id) {
    switch (id) {
    case AETHER_SCHEDULE_V1:
        return &schedule_v1;
    case AETHER_SCHEDULE_UNIT:
        return &schedule_unit;
    }
    return NULL;
}

// Every count is bounded by the profile and every rate is 32 bits, so 64 bits are enough.
uint64_t ae_schedule_instantiation_gas(const ae_schedule *schedule, const ae_module *module) {
    uint64_t data_len = 0;
    for (uint32_t i = 0; i < module->data_count; i++)
        if (!module->data[i].is_passive)
            data_len += module->data[i].len;
    uint64_t element_count = 0;
    for (uint32_t i = 0; i < module->element_count; i++)
        element_count += module->elements[i].count;
    const uint64_t pages = module->has_memory ? module->memory_pages_min : 0;
    return schedule->instance + pages * schedule->instance_page +
           data_len * schedule->instance_data_byte + element_count * schedule->instance_element +
           (uint64_t)module->global_count * schedule->instance_global;
}

uint64_t ae_schedule_upload_gas(const ae_schedule *schedule, const ae_module *module) {
    uint64_t local_total = 0;
    for (uint32_t i = 0; i < module->function_count; i++)
        local_total += module->functions[i].local_count;
    return (uint64_t)module->function_count * schedule->upload_function +
           local_total * schedule->upload_local +
           (uint64_t)module->block_total * schedule->upload_block +
           module->merge_work * schedule->upload_merge +
           (uint64_t)module->data_count * schedule->upload_data_segment;
}

uint64_t ae_schedule_static_gas(
    const ae_schedule *schedule, const ae_module *module, const ae_function *function) {
    uint64_t gas =
        schedule->function_entry + (uint64_t)function->local_count * schedule->function_local;
    ae_reader reader = ae_reader_over(module->bytes, function->code_offset, function->end_offset);
    while (!ae_reader_is_at_end(&reader)) {
        ae_instruction instruction;
        const aether_status status = ae_instruction_read(&reader, &instruction, NULL);
        AE_ASSERT(status == AETHER_OK); // the module was accepted
        gas += schedule->opcodes[instruction.opcode];
    }
    return gas;
}

uint32_t ae_schedule_frame_bytes(const ae_module *module, const ae_function *function) {
    return 8 * (module->types[function->type].param_count + function->local_count +
                   function->operand_height) +
           64;
}
