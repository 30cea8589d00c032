/* The price tables have a row for everything, and what is computed from them follows the rules.
 * Method: every row of both schedules against the rule; small modules filled in by hand, counted by
 * hand. */
#include "gas/schedule.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

static bool is_free(ae_opcode opcode) {
    static const ae_opcode free_ones[] = {AE_OP_unreachable, AE_OP_nop, AE_OP_block, AE_OP_loop,
        AE_OP_else, AE_OP_end, AE_OP_return, AE_OP_drop};
    for (size_t i = 0; i < sizeof free_ones / sizeof free_ones[0]; i++)
        if (free_ones[i] == opcode)
            return true;
    return false;
}

static void unit_charges_one_for_all_but_the_free_instructions(void) {
    const ae_schedule *unit = ae_schedule_get(AETHER_SCHEDULE_UNIT);
    CHECK_TEXT(unit->name, "unit");
    CHECK_U64(unit->id, AETHER_SCHEDULE_UNIT);
    for (uint32_t i = 0; i < AE_OPCODE_COUNT; i++)
        CHECK_U64(unit->opcodes[i], is_free((ae_opcode)i) ? 0 : 1);
    CHECK_U64(unit->function_entry, 1);
    CHECK_U64(unit->function_local, 0);
    CHECK_U64(unit->bulk_byte, 1);
    CHECK_U64(unit->grow_page, 0);
}

static void unit_makes_host_functions_and_instances_free(void) {
    const ae_schedule *unit = ae_schedule_get(AETHER_SCHEDULE_UNIT);
    for (uint32_t i = 0; i < AE_HOST_PRICE_COUNT; i++)
        CHECK_U64(unit->host[i].base + unit->host[i].in_rate + unit->host[i].out_rate, 0);
    CHECK_U64(unit->storage_next_step, 0);
    CHECK_U64(unit->instance + unit->instance_page + unit->instance_data_byte +
                  unit->instance_element + unit->instance_global,
        0);
}

static void v1_prices_everything_but_the_free_instructions(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    CHECK_TEXT(v1->name, "v1");
    CHECK_U64(v1->id, AETHER_SCHEDULE_V1);
    for (uint32_t i = 0; i < AE_OPCODE_COUNT; i++)
        CHECK(is_free((ae_opcode)i) == (v1->opcodes[i] == 0));
    CHECK(v1->function_entry > 0 && v1->function_local > 0 && v1->bulk_byte > 0);
    CHECK(v1->grow_page > 0 && v1->storage_next_step > 0 && v1->instance > 0);
    CHECK(v1->instance_page > 0 && v1->instance_data_byte > 0 && v1->instance_element > 0);
    CHECK(v1->instance_global > 0);
    for (uint32_t i = 0; i < AE_HOST_PRICE_COUNT; i++)
        CHECK(v1->host[i].base > 0);
}

static void v1_charges_more_for_slower_instructions(void) {
    const uint32_t *v1 = ae_schedule_get(AETHER_SCHEDULE_V1)->opcodes;
    CHECK_U64(v1[AE_OP_i32_add], 1);
    CHECK(v1[AE_OP_i32_div_u] > v1[AE_OP_i32_mul]);
    CHECK(v1[AE_OP_i64_div_s] >= v1[AE_OP_i32_div_s]);
    CHECK(v1[AE_OP_f64_div] > v1[AE_OP_f64_add]);
    CHECK(v1[AE_OP_call_indirect] > v1[AE_OP_call]);
    CHECK(v1[AE_OP_memory_grow] > v1[AE_OP_memory_size]);
}

static void host_prices_come_from_their_table(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
#define AE_HOST_PRICE(name, base_gas, in_gas, out_gas, rule)   \
    CHECK_U64(v1->host[AE_HOST_PRICE_##name].base, base_gas);  \
    CHECK_U64(v1->host[AE_HOST_PRICE_##name].in_rate, in_gas); \
    CHECK_U64(v1->host[AE_HOST_PRICE_##name].out_rate, out_gas);
#include "gas/host_prices.def"
#undef AE_HOST_PRICE
}

static void rates_come_from_their_table(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    const ae_schedule *unit = ae_schedule_get(AETHER_SCHEDULE_UNIT);
#define AE_RATE(name, v1_gas, unit_gas, per, rule) \
    CHECK_U64(v1->name, v1_gas);                   \
    CHECK_U64(unit->name, unit_gas);
#include "gas/rates.def"
#undef AE_RATE
}

static void original_examples_stay_below_its_limit(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    const uint64_t trivial = v1->function_entry + v1->opcodes[AE_OP_i32_const];
    CHECK(trivial < 1000);
    CHECK(trivial + 2 * v1->opcodes[AE_OP_call] + v1->host[AE_HOST_PRICE_block_number].base +
              v1->host[AE_HOST_PRICE_timestamp].base <
          100000);
}

static void unknown_schedule_has_no_table(void) {
    CHECK(ae_schedule_get((aether_schedule)2) == NULL);
    CHECK(ae_schedule_get((aether_schedule)1000) == NULL);
}

static void instantiation_counts_what_an_instance_sets_up(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    ae_module module = {0};
    CHECK_U64(ae_schedule_instantiation_gas(v1, &module), v1->instance);

    ae_data_segment data[] = {{.len = 100}, {.is_passive = true, .len = 5000}, {.len = 11}};
    ae_element_segment elements[] = {{.count = 7}, {.count = 2}};
    module.has_memory = true;
    module.memory_pages_min = 3;
    module.data = data;
    module.data_count = 3;
    module.elements = elements;
    module.element_count = 2;
    module.global_count = 4;
    CHECK_U64(ae_schedule_instantiation_gas(v1, &module),
        v1->instance + 3 * v1->instance_page + 111 * v1->instance_data_byte +
            9 * v1->instance_element + 4 * v1->instance_global);
    CHECK_U64(ae_schedule_instantiation_gas(ae_schedule_get(AETHER_SCHEDULE_UNIT), &module), 0);
}

static void upload_counts_what_the_compiler_works_on(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    ae_function functions[] = {{.local_count = 3}, {.local_count = 4}};
    const ae_module module = {.functions = functions,
        .function_count = 2,
        .block_total = 5,
        .merge_work = 1000,
        .data_count = 6};
    CHECK_U64(ae_schedule_upload_gas(v1, &module),
        2 * v1->upload_function + 7 * v1->upload_local + 5 * v1->upload_block +
            1000 * v1->upload_merge + 6 * v1->upload_data_segment);
}

static void static_gas_counts_each_instruction_once(void) {
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    // i32.const 1; br 0; (dead) i32.const 2; br_table 0 0; end
    const aether_bytes code =
        WASM_CODE_BYTES(0x41, 0x01, 0x0c, 0x00, 0x41, 0x02, 0x0e, 0x01, 0x00, 0x00, 0x0b);
    const ae_module module = {.bytes = code};
    const ae_function function = {.end_offset = (uint32_t)code.len, .local_count = 10};
    CHECK_U64(ae_schedule_static_gas(v1, &module, &function),
        v1->function_entry + 10 * v1->function_local + 2 * v1->opcodes[AE_OP_i32_const] +
            v1->opcodes[AE_OP_br] + v1->opcodes[AE_OP_br_table]);
    CHECK_U64(ae_schedule_static_gas(ae_schedule_get(AETHER_SCHEDULE_UNIT), &module, &function), 5);
}

static void frame_bytes_count_parameters_locals_and_operands(void) {
    ae_functype types[] = {{.param_count = 0}, {.param_count = 32}};
    const ae_module module = {.types = types, .type_count = 2};
    CHECK_U64(ae_schedule_frame_bytes(&module, &(ae_function){.type = 0}), 64);
    CHECK_U64(ae_schedule_frame_bytes(
                  &module, &(ae_function){.type = 1, .local_count = 1024, .operand_height = 256}),
        8 * (32 + 1024 + 256) + 64);
}

// clang-format off
TEST_MAIN(
    TEST(unit_charges_one_for_all_but_the_free_instructions)
    TEST(unit_makes_host_functions_and_instances_free)
    TEST(v1_prices_everything_but_the_free_instructions)
    TEST(v1_charges_more_for_slower_instructions)
    TEST(host_prices_come_from_their_table)
    TEST(rates_come_from_their_table)
    TEST(original_examples_stay_below_its_limit)
    TEST(unknown_schedule_has_no_table)
    TEST(instantiation_counts_what_an_instance_sets_up)
    TEST(upload_counts_what_the_compiler_works_on) TEST(static_gas_counts_each_instruction_once)
    TEST(frame_bytes_count_parameters_locals_and_operands))
