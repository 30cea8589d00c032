/* The table of probes covers every instruction that a path reaches, exactly once, at its price, and probing changes
 * nothing else of a module. Method: a module with every kind of segment, its table compared with the instructions as
 * they are read; failing allocations. That the gas adds up when it runs is tests/execution/profile_test.c. */
#include "gas/probe.h"

#include "base/alloc.h"
#include "harness/test.h"
#include "harness/wasm_builder.h"

static const ae_import_rule rules[] = {{.module = "env", .name = "mark", .signature = ">"}};

// An import, called directly and through the table, a loop, bulk memory, growing, dead code.
static void build(wasm_builder *b) {
    wasm_header(b);
    wasm_types(b, 2, (const char *[]){">i", ">"});
    wasm_open_section(b, WASM_IMPORT);
    wasm_raw(b, (aether_bytes){(const uint8_t *)"\x01\x03"
                                                "env\x04mark\x00\x01",
                    12});
    wasm_close(b);
    wasm_functions(b, 2, (const uint32_t[]){0, 1});
    wasm_open_section(b, WASM_TABLE);
    wasm_raw(b, (aether_bytes){(const uint8_t *)"\x01\x70\x00\x01", 4});
    wasm_close(b);
    wasm_open_section(b, WASM_MEMORY);
    wasm_raw(b, (aether_bytes){(const uint8_t *)"\x01\x00\x01", 3});
    wasm_close(b);
    wasm_export_functions(b, 1, (const char *[]){"execute"}, (const uint32_t[]){1});
    wasm_open_section(b, WASM_ELEMENT);
    wasm_raw(b, (aether_bytes){(const uint8_t *)"\x01\x00\x41\x00\x0b\x01\x00", 7});
    wasm_close(b);
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, 2);
    wasm_body(
        b, WASM_CODE_BYTES(0x03, 0x40, 0x41, 0x01, 0x0d, 0x00, 0x0b, // loop: i32.const, br_if, end
               0x10, 0x00,                                           // call the import
               0x41, 0x00, 0x11, 0x01, 0x00,                         // call it through the table
               0x41, 0x01, 0x40, 0x00, 0x1a,                         // memory.grow, drop
               0x41, 0x00, 0x41, 0x00, 0x41, 0x05, 0xfc, 0x0b, 0x00, // memory.fill
               0x10, 0x02, 0x41, 0x00, 0x0f, 0x41, 0x07, 0x0b));     // call, return; dead; end
    wasm_body(b, WASM_CODE_BYTES(0x01, 0x0b));
    wasm_close(b);
}

typedef struct subject {
    wasm_builder builder;
    ae_module module;
} subject;

static void subject_init(subject *s) {
    aether_error err;
    s->builder = (wasm_builder){0};
    build(&s->builder);
    CHECK_OK(ae_module_decode(wasm_bytes_of(&s->builder),
        (ae_import_rules){.rules = rules, .count = 1}, &s->module, &err));
}

static void subject_deinit(subject *s) {
    ae_module_deinit(&s->module);
    wasm_free(&s->builder);
}

static void check_step(const ae_module *module, const ae_schedule *schedule, const ae_step *step) {
    ae_instruction in;
    aether_error err;
    if (step->opcode == AE_STEP_ENTER) {
        CHECK_U64(step->gas, schedule->function_entry);
        return;
    }
    ae_reader reader = ae_reader_over(module->bytes, step->offset, (uint32_t)module->bytes.len);
    CHECK_OK(ae_instruction_read(&reader, &in, &err));
    CHECK_U64(step->opcode, in.opcode);
    CHECK_U64(step->gas, in.opcode == AE_OP_memory_grow ? 0 : schedule->opcodes[in.opcode]);
}

static void every_living_instruction_is_in_one_segment(void) {
    const ae_schedule *schedule = ae_schedule_get(AETHER_SCHEDULE_V1);
    subject s;
    ae_instrumented metered;
    ae_probes probes;
    aether_error err;
    subject_init(&s);
    CHECK_OK(ae_instrument_probed(&s.module, schedule, &metered, &probes, &err));
    uint32_t next = 0;
    for (uint32_t i = 0; i < probes.probe_count; i++) {
        const ae_probe *probe = &probes.probes[i];
        uint64_t gas = 0;
        CHECK(probe->step_count == 0 || probe->first_step == next);
        CHECK((probe->kind == AE_PROBE_ENTER) ==
              (probe->step_count == 1 && probes.steps[next].opcode == AE_STEP_ENTER));
        for (uint32_t k = 0; k < probe->step_count; k++, next++) {
            check_step(&s.module, schedule, &probes.steps[next]);
            CHECK(next == 0 || probes.steps[next - 1].offset < probes.steps[next].offset);
            gas += probes.steps[next].gas;
        }
        CHECK_U64(probe->gas, gas);
    }
    CHECK_U64(next, probes.step_count);
    // 19 instructions of the first function, of which one is dead, 2 of the second, and two entries.
    CHECK_U64(probes.step_count, 19 - 1 + 2 + 2);
    ae_probes_deinit(&probes);
    ae_instrumented_deinit(&metered);
    subject_deinit(&s);
}

static void calls_of_the_host_name_it_and_are_left(void) {
    subject s;
    ae_instrumented metered;
    ae_probes probes;
    aether_error err;
    subject_init(&s);
    CHECK_OK(ae_instrument_probed(
        &s.module, ae_schedule_get(AETHER_SCHEDULE_V1), &metered, &probes, &err));
    uint32_t imports = 0;
    uint32_t grows = 0;
    uint32_t leaves = 0;
    for (uint32_t i = 0; i < probes.probe_count; i++) {
        const ae_probe *probe = &probes.probes[i];
        imports += probe->kind == AE_PROBE_CALL && probe->callee == 0;
        grows += probe->kind == AE_PROBE_CALL && probe->callee == AE_PROBE_GROW;
        leaves += probe->kind == AE_PROBE_LEAVE;
        CHECK(probe->function == 1 || probe->function == 2 || probe->function == AE_NO_INDEX);
    }
    CHECK_U64(imports, 2); // the call, and the thunk that the table holds
    CHECK_U64(grows, 1);
    CHECK_U64(leaves, 2 + 1 + 2); // of each of these, and of both functions
    CHECK_U64(metered.added_import_count, 2);
    CHECK_U64(ae_instrumented_function(&metered, 0), 0);
    CHECK_U64(ae_instrumented_function(&metered, 1), AE_NO_INDEX);
    CHECK_U64(ae_instrumented_function(&metered, 2), AE_NO_INDEX);
    CHECK_U64(ae_instrumented_function(&metered, 3), 1);
    CHECK_U64(ae_instrumented_function(&metered, 4), 2);
    CHECK_U64(ae_instrumented_function(&metered, 5), AE_NO_INDEX); // the thunk
    ae_probes_deinit(&probes);
    ae_instrumented_deinit(&metered);
    subject_deinit(&s);
}

static void each_failing_allocation_is_a_status(void) {
    subject s;
    subject_init(&s);
    uint64_t n = 0;
    for (bool is_done = false; !is_done; n++) {
        ae_instrumented metered = {0};
        ae_probes probes = {0};
        aether_error err;
        ae_alloc_fail_after(n);
        const aether_status status = ae_instrument_probed(
            &s.module, ae_schedule_get(AETHER_SCHEDULE_V1), &metered, &probes, &err);
        ae_alloc_fail_after(UINT64_MAX);
        is_done = status == AETHER_OK;
        CHECK(is_done || status == AETHER_OUT_OF_MEMORY);
        CHECK(is_done == (probes.probes != NULL) && is_done == (metered.bytes != NULL));
        ae_probes_deinit(&probes);
        ae_instrumented_deinit(&metered);
    }
    CHECK(n >= 4);
    subject_deinit(&s);
}

TEST_MAIN(TEST(every_living_instruction_is_in_one_segment)
        TEST(calls_of_the_host_name_it_and_are_left) TEST(each_failing_allocation_is_a_status))
