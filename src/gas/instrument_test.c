/* What the instrumenter writes: the shape that the engine and the host count on, the code it puts in, the
 * map back, and how large it may become.
 * Method: small modules, whose metered form is taken apart again or compared byte by byte; the densest
 * modules that the profile accepts, against the bound; every allocation failing in turn. */
#include "gas/instrument.h"

#include "base/alloc.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>

static const ae_import_rule rules[] = {
    {"env", "nothing", ">", false}, {"env", "pair", "iI>i", false}};
static const ae_import_rules allowed = {.rules = rules, .count = 2};

static ae_module decode(const wasm_builder *b) {
    aether_error err = {0};
    ae_module module;
    CHECK_OK(ae_module_decode(wasm_bytes_of(b), allowed, &module, &err));
    return module;
}

static ae_instrumented meter_as(
    const wasm_builder *b, aether_schedule schedule, ae_metering_form form) {
    aether_error err = {0};
    ae_instrumented metered;
    ae_module module = decode(b);
    const ae_instrument_options options = {.schedule = ae_schedule_get(schedule), .form = form};
    CHECK_OK(ae_instrument(&module, &options, &metered, &err));
    ae_module_deinit(&module);
    return metered;
}

// In the plain form; the shape of a module is the same in both.
static ae_instrumented meter(const wasm_builder *b, aether_schedule schedule) {
    return meter_as(b, schedule, AE_METERING_PLAIN);
}

// The payload of a section of a metered module; len 0: absent. Checks that ids are the known ones in order.
static aether_bytes section(const ae_instrumented *metered, uint8_t wanted) {
    static const uint8_t order[] = {1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11};
    const aether_bytes all = ae_bytes(metered->bytes, metered->len);
    ae_reader reader = ae_reader_over(all, 8, (uint32_t)all.len);
    aether_bytes found = {0};
    size_t rank = 0;
    while (!ae_reader_is_at_end(&reader)) {
        uint8_t id = 0;
        uint32_t len = 0;
        aether_bytes payload;
        aether_error err = {0};
        CHECK_OK(ae_read_byte(&reader, &id, &err));
        CHECK_OK(ae_read_u32(&reader, "length", &len, &err));
        CHECK_OK(ae_read_bytes(&reader, "section", len, &payload, &err));
        while (rank < sizeof order && order[rank] != id)
            rank++;
        CHECK(rank < sizeof order);
        if (id == wanted)
            found = payload;
    }
    return found;
}

#define CHECK_SECTION(metered, id, ...) \
    CHECK_BYTES(section((metered), (id)), WASM_CODE_BYTES(__VA_ARGS__))

// The body of one entry of the code section, without its length.
static aether_bytes code_of(const ae_instrumented *metered, uint32_t position) {
    aether_error err = {0};
    const aether_bytes code = section(metered, WASM_CODE);
    ae_reader reader = ae_reader_over(code, 0, (uint32_t)code.len);
    uint32_t count = 0;
    aether_bytes body = {0};
    CHECK_OK(ae_read_u32(&reader, "count", &count, &err));
    CHECK(position < count);
    for (uint32_t i = 0; i <= position; i++) {
        uint32_t len = 0;
        CHECK_OK(ae_read_u32(&reader, "length", &len, &err));
        CHECK_OK(ae_read_bytes(&reader, "body", len, &body, &err));
    }
    return body;
}

// Entering under schedule unit: counter 0, stack 1, frame of `frame` bytes as two LEB128 bytes, `end` is
// global 0; then the block around the body.
#define ENTRY_AT(gas, stack, frame_low, frame_high, block)                                         \
    0x20, gas, 0x42, 0x01, 0x7d, 0x22, gas, 0x42, 0x00, 0x53, 0x04, 0x40, 0x00, 0x0b, 0x20, stack, \
        0x41, frame_low, frame_high, 0x6b, 0x22, stack, 0x41, 0x00, 0x48, 0x04, 0x40, 0x42, 0x7e,  \
        0x24, 0x00, 0x00, 0x0b, 0x02, block
#define ENTRY(frame_low, frame_high, block) ENTRY_AT(0, 1, frame_low, frame_high, block)
#define PAY(gas) 0x20, 0x00, 0x42, gas, 0x7d, 0x21, 0x00
#define LEAVE 0x0b, 0x20, 0x00, 0x0b

static void constant_function_is_metered_byte_by_byte(void) {
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x41, 0x07, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_BYTES(code_of(&m, 0),
        WASM_CODE_BYTES(0x00, ENTRY(0xc8, 0x00, 0x7f), 0x41, 0x07, PAY(1), LEAVE)); // 72 bytes
    CHECK_SECTION(&m, WASM_TYPE, 1, 0x60, 2, 0x7e, 0x7f, 2, 0x7f, 0x7e);
    CHECK(section(&m, WASM_IMPORT).len == 0);
    CHECK_SECTION(&m, WASM_FUNCTION, 1, 0);
    CHECK(section(&m, WASM_TABLE).len == 0);
    CHECK_SECTION(&m, WASM_GLOBAL, 1, 0x7e, 1, 0x42, 0x7f, 0x0b);
    CHECK_SECTION(&m, WASM_EXPORT, 3, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0, 3, 'e', 'n', 'd', 3, 0,
        7, 'e', 'x', 'e', 'c', 'u', 't', 'e', 0, 0);
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void loop_checks_the_counter_and_branches_pay(void) {
    wasm_builder b = {0};
    wasm_simple(
        &b, WASM_CODE_BYTES(0x03, 0x40, 0x41, 0x00, 0x0d, 0x00, 0x0b, 0x41, 0x01, 0x0f, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_BYTES(
        code_of(&m, 0), WASM_CODE_BYTES(0x00, ENTRY(0xc8, 0x00, 0x7f), 0x03, 0x40, 0x20, 0x00, 0x42,
                            0x00, 0x53, 0x04, 0x40, 0x00, 0x0b, 0x41, 0x00, PAY(2), 0x0d, 0x00,
                            0x0b, 0x41, 0x01, PAY(1), 0x0c, 0x00, LEAVE));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void blocks_cost_nothing_and_ifs_pay_on_every_side(void) {
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x02, 0x40, 0x0b, 0x41, 0x01, 0x04, 0x7f, 0x41, 0x02, 0x05,
                        0x41, 0x03, 0x0b, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_BYTES(code_of(&m, 0),
        WASM_CODE_BYTES(0x00, ENTRY(0xc8, 0x00, 0x7f), 0x02, 0x40, 0x0b, 0x41, 0x01, PAY(2), 0x04,
            0x7f, 0x41, 0x02, PAY(1), 0x05, 0x41, 0x03, PAY(1), 0x0b, LEAVE));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void dead_code_is_dropped_with_all_that_nests_in_it(void) {
    wasm_builder b = {0};
    // block; br 0; block; if; else; end; end; i32.add; drop; end; then if dead; else alive end; return; …
    wasm_simple(
        &b, WASM_CODE_BYTES(0x02, 0x40, 0x0c, 0x00, 0x02, 0x40, 0x41, 0x01, 0x04, 0x40, 0x05, 0x0b,
                0x0b, 0x6a, 0x1a, 0x0b, 0x41, 0x00, 0x04, 0x40, 0x0c, 0x00, 0x01, 0x05, 0x01, 0x0b,
                0x41, 0x05, 0x0f, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_BYTES(code_of(&m, 0), WASM_CODE_BYTES(0x00, ENTRY(0xc8, 0x00, 0x7f), 0x02, 0x40, PAY(1),
                                    0x0c, 0x00, 0x0b, 0x41, 0x00, PAY(2), 0x04, 0x40, PAY(1), 0x0c,
                                    0x00, 0x05, 0x01, 0x0b, 0x41, 0x05, PAY(1), 0x0c, 0x00, LEAVE));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void unreachable_reports_the_gas_left(void) {
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x41, 0x01, 0x1a, 0x00, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_BYTES(code_of(&m, 0),
        WASM_CODE_BYTES(0x00, ENTRY(0xc8, 0x00, 0x7f), 0x41, 0x01, 0x1a, PAY(1), 0x20, 0x00, 0x20,
            0x00, 0x42, 0x3f, 0x87, 0x84, 0x24, 0x00, 0x00, LEAVE));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void bulk_pays_its_length_first_with_a_scratch_local(void) {
    wasm_builder b = {0};
    wasm_simple(&b,
        WASM_CODE_BYTES(0x41, 0x00, 0x41, 0x00, 0x41, 0x09, 0xfc, 0x0b, 0x00, 0x41, 0x00, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_BYTES(code_of(&m, 0),
        WASM_CODE_BYTES(0x01, 0x01, 0x7f, ENTRY(0xd8, 0x00, 0x7f), 0x41, 0x00, 0x41, 0x00, 0x41,
            0x09, 0x22, 0x02, 0x20, 0x00, 0x42, 0x04, 0x7d, 0x20, 0x02, 0xad, 0x7d, 0x22, 0x00,
            0x42, 0x00, 0x53, 0x04, 0x40, 0x00, 0x0b, 0xfc, 0x0b, 0x00, 0x41, 0x00, PAY(1), LEAVE));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void grow_becomes_a_call_and_shifts_functions(void) {
    wasm_builder b = {0};
    // execute: call itself; drop; memory.grow of 0 pages
    wasm_simple(&b, WASM_CODE_BYTES(0x10, 0x00, 0x1a, 0x41, 0x00, 0x40, 0x00, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_U64(m.added_import_count, 1);
    CHECK_SECTION(&m, WASM_IMPORT, 1, 6, 'a', 'e', 't', 'h', 'e', 'r', 11, 'm', 'e', 'm', 'o', 'r',
        'y', '_', 'g', 'r', 'o', 'w', 0, 1);
    CHECK_SECTION(
        &m, WASM_TYPE, 2, 0x60, 2, 0x7e, 0x7f, 2, 0x7f, 0x7e, 0x60, 2, 0x7f, 0x7e, 2, 0x7f, 0x7e);
    CHECK_BYTES(
        code_of(&m, 0), WASM_CODE_BYTES(0x00, ENTRY(0xc8, 0x00, 0x7f), 0x20, 0x00, 0x42, 0x01, 0x7d,
                            0x20, 0x01, 0x10, 0x01, 0x21, 0x00, 0x1a, 0x41, 0x00, 0x20, 0x00, 0x42,
                            0x01, 0x7d, 0x10, 0x00, 0x21, 0x00, LEAVE));
    CHECK_U64(ae_instrumented_function(&m, 0), AE_NO_INDEX);
    CHECK_U64(ae_instrumented_function(&m, 1), 0);
    CHECK_U64(ae_instrumented_function(&m, 2), AE_NO_INDEX);
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

// A constant 0x40 followed by a zero byte looks like memory.grow; a dead one is one.
static void grow_is_found_as_an_instruction_and_not_as_bytes(void) {
    wasm_builder b = {0};
    wasm_simple(&b, WASM_CODE_BYTES(0x02, 0x40, 0x00, 0x0b, 0x41, 0x00, 0x0b));
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_U64(m.added_import_count, 0);
    ae_instrumented_deinit(&m);
    wasm_free(&b);
    wasm_simple(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0f, 0x40, 0x00, 0x0b));
    m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_U64(m.added_import_count, 1);
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void declared_locals_make_room_for_counter_and_stack(void) {
    wasm_builder b = {0};
    wasm_header(&b);
    wasm_types(&b, 2, (const char *[]){">i", "if>"});
    wasm_functions(&b, 2, (const uint32_t[]){0, 1});
    wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(&b, WASM_CODE);
    wasm_u32(&b, 2);
    wasm_body(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    wasm_open(&b);
    WASM(&b, 0x02, 0x01, 0x7f, 0x02, 0x7c); // an i32 and two f64
    WASM(&b, 0x20, 0x00, 0x21, 0x02, 0x20, 0x03, 0x22, 0x04, 0x1a, 0x20, 0x82, 0x00, 0x1a, 0x0b);
    wasm_close(&b);
    wasm_close(&b);
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_SECTION(&m, WASM_TYPE, 2, 0x60, 2, 0x7e, 0x7f, 2, 0x7f, 0x7e, 0x60, 4, 0x7f, 0x7d, 0x7e,
        0x7f, 1, 0x7e);
    // counter 2, stack 3; 8 × (2 + 3 + 1) + 64 bytes
    CHECK_BYTES(code_of(&m, 1),
        WASM_CODE_BYTES(0x02, 0x01, 0x7f, 0x02, 0x7c, ENTRY_AT(2, 3, 0xf0, 0x00, 0x40), 0x20, 0x00,
            0x21, 0x04, 0x20, 0x05, 0x22, 0x06, 0x1a, 0x20, 0x04, 0x1a, 0x20, 0x02, 0x42, 0x05,
            0x7d, 0x21, 0x02, 0x0b, 0x20, 0x02, 0x0b));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

// Two imports, one of them in the table and one called; a start function; globals; all entry points; data
// of both kinds; a custom section; long forms.
static void build_full(wasm_builder *b) {
    wasm_header(b);
    wasm_types(b, 3, (const char *[]){">", "iI>i", ">i"});
    wasm_open_section(b, WASM_IMPORT);
    wasm_u32(b, 2);
    wasm_import_function(b, "env", "pair", 1);
    wasm_import_function(b, "env", "nothing", 0);
    wasm_close(b);
    wasm_functions(b, 3, (const uint32_t[]){2, 0, 2});
    wasm_table(b, 4, -1);
    wasm_memory(b, 1, -1);
    wasm_open_section(b, WASM_GLOBAL);
    wasm_u32(b, 2);
    WASM(b, 0x7f, 0x01, 0x41, 0x05, 0x0b);
    WASM(b, 0x7d, 0x00, 0x43, 0x00, 0x00, 0x80, 0x3f, 0x0b);
    wasm_close(b);
    wasm_open_section(b, WASM_EXPORT);
    wasm_u32(b, 6);
    wasm_export(b, "query", 0, 4);
    wasm_export(b, "execute", 0, 2);
    wasm_export(b, "other", 0, 3);
    wasm_export(b, "memory", 2, 0);
    wasm_export(b, "g", 3, 1);
    wasm_export(b, "init", 0, 2);
    wasm_close(b);
    wasm_open_section(b, WASM_START);
    wasm_u32(b, 3);
    wasm_close(b);
    wasm_open_section(b, WASM_ELEMENT);
    wasm_u32(b, 1);
    WASM(b, 0x00, 0x41, 0x01, 0x0b, 0x03, 0x03, 0x01, 0x01);
    wasm_close(b);
    wasm_open_section(b, WASM_DATA_COUNT);
    wasm_u32(b, 2);
    wasm_close(b);
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, 3);
    wasm_body(b, WASM_CODE_BYTES(0x41, 0x01, 0x42, 0x02, 0x10, 0x00, 0x0b));
    wasm_body(b, WASM_CODE_BYTES(0x41, 0x02, 0x11, 0x80, 0x00, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0b));
    wasm_body(b, WASM_CODE_BYTES(0x41, 0x00, 0x40, 0x00, 0x0b));
    wasm_close(b);
    wasm_open_section(b, WASM_DATA);
    wasm_u32(b, 2);
    WASM(b, 0x01, 0x02, 'a', 'b', 0x00, 0x41, 0x08, 0x0b, 0x03, 'x', 'y', 'z');
    wasm_close(b);
    wasm_open_custom(b, "name");
    wasm_byte(b, 0);
    wasm_close(b);
}

static void every_section_has_its_metered_shape(void) {
    wasm_builder b = {0};
    build_full(&b);
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_SECTION(&m, WASM_TYPE, 6,                     // uploaded, imports', memory_grow's
        0x60, 2, 0x7e, 0x7f, 1, 0x7e,                   // 0
        0x60, 4, 0x7f, 0x7e, 0x7e, 0x7f, 2, 0x7f, 0x7e, // 1
        0x60, 2, 0x7e, 0x7f, 2, 0x7f, 0x7e,             // 2
        0x60, 3, 0x7f, 0x7e, 0x7e, 2, 0x7f, 0x7e,       // 3
        0x60, 1, 0x7e, 1, 0x7e, 0x60, 2, 0x7f, 0x7e, 2, 0x7f, 0x7e); // 4, 5
    CHECK_SECTION(&m, WASM_IMPORT, 3, 3, 'e', 'n', 'v', 4, 'p', 'a', 'i', 'r', 0, 3, 3, 'e', 'n',
        'v', 7, 'n', 'o', 't', 'h', 'i', 'n', 'g', 0, 4, 6, 'a', 'e', 't', 'h', 'e', 'r', 11, 'm',
        'e', 'm', 'o', 'r', 'y', '_', 'g', 'r', 'o', 'w', 0, 5);
    CHECK_SECTION(&m, WASM_FUNCTION, 4, 2, 0, 2, 0);
    CHECK_SECTION(&m, WASM_TABLE, 1, 0x70, 1, 4, 4);
    CHECK_SECTION(&m, WASM_MEMORY, 1, 1, 1, 0x80, 0x04); // the maximum is the protocol's, 512
    CHECK_SECTION(&m, WASM_GLOBAL, 3, 0x7f, 1, 0x41, 5, 0x0b, 0x7d, 0, 0x43, 0, 0, 0x80, 0x3f, 0x0b,
        0x7e, 1, 0x42, 0x7f, 0x0b);
    CHECK_SECTION(&m, WASM_EXPORT, 6, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0, 3, 'e', 'n', 'd', 3, 2,
        7, 'e', 'x', 'e', 'c', 'u', 't', 'e', 0, 3, 4, 'i', 'n', 'i', 't', 0, 3, 5, 'q', 'u', 'e',
        'r', 'y', 0, 5, 5, 's', 't', 'a', 'r', 't', 0, 4);
    CHECK_SECTION(&m, WASM_ELEMENT, 1, 0, 0x41, 1, 0x0b, 3, 4, 6, 6);
    CHECK_SECTION(&m, WASM_DATA_COUNT, 2);
    CHECK_SECTION(&m, WASM_DATA, 2, 1, 2, 'a', 'b', 0, 0x41, 8, 0x0b, 3, 'x', 'y', 'z');
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void imports_get_the_counter_and_thunks_the_stack_too(void) {
    wasm_builder b = {0};
    build_full(&b);
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    const aether_bytes execute = code_of(&m, 0);
    static const uint8_t call[] = {
        0x41, 0x01, 0x42, 0x02, 0x20, 0x00, 0x42, 0x03, 0x7d, 0x10, 0x00, 0x21, 0x00};
    CHECK_BYTES(ae_bytes(execute.data + execute.len - 4 - sizeof call, sizeof call),
        ae_bytes(call, sizeof call));
    CHECK_BYTES(code_of(&m, 3), WASM_CODE_BYTES(0x00, 0x20, 0x00, 0x10, 0x01, 0x0b));
    static const uint32_t expected[] = {0, 1, AE_NO_INDEX, 2, 3, 4, AE_NO_INDEX, AE_NO_INDEX};
    for (uint32_t i = 0; i < 8; i++)
        CHECK_U64(ae_instrumented_function(&m, i), expected[i]);
    CHECK_U64(m.import_count, 2);
    CHECK_U64(m.function_count, 5);
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void indirect_call_is_written_short_with_its_index_set_aside(void) {
    wasm_builder b = {0};
    build_full(&b);
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    const aether_bytes start = code_of(&m, 1);
    static const uint8_t call[] = {0x41, 0x02, 0x21, 0x02, 0x20, 0x00, 0x42, 0x02, 0x7d, 0x20, 0x01,
        0x20, 0x02, 0x11, 0x00, 0x00, 0x21, 0x00};
    CHECK_BYTES(ae_bytes(start.data + start.len - 4 - sizeof call, sizeof call),
        ae_bytes(call, sizeof call));
    CHECK_BYTES(ae_bytes(start.data, 3), WASM_CODE_BYTES(0x01, 0x01, 0x7f));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

static void import_that_starts_the_module_gets_a_thunk(void) {
    wasm_builder b = {0};
    wasm_header(&b);
    wasm_types(&b, 2, (const char *[]){">", ">i"});
    wasm_open_section(&b, WASM_IMPORT);
    wasm_u32(&b, 1);
    wasm_import_function(&b, "env", "nothing", 0);
    wasm_close(&b);
    wasm_functions(&b, 1, (const uint32_t[]){1});
    wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){1});
    wasm_open_section(&b, WASM_START);
    wasm_u32(&b, 0);
    wasm_close(&b);
    wasm_open_section(&b, WASM_CODE);
    wasm_u32(&b, 1);
    wasm_body(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    wasm_close(&b);
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK_SECTION(&m, WASM_EXPORT, 3, 3, 'e', 'n', 'd', 3, 0, 7, 'e', 'x', 'e', 'c', 'u', 't', 'e',
        0, 1, 5, 's', 't', 'a', 'r', 't', 0, 2);
    CHECK_BYTES(code_of(&m, 1), WASM_CODE_BYTES(0x00, 0x20, 0x00, 0x10, 0x00, 0x0b));
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}

// Whether an instruction can run at all, found without the instrumenter.
typedef struct liveness {
    uint32_t nesting;
    uint32_t dead_at; // nesting where it died, plus 1; 0: alive
} liveness;

static bool is_live(liveness *l, ae_opcode opcode) {
    if (opcode == AE_OP_end || opcode == AE_OP_else) {
        if (l->dead_at == l->nesting + 1)
            l->dead_at = 0;
        l->nesting -= opcode == AE_OP_end;
        return l->dead_at == 0;
    }
    const bool live = l->dead_at == 0;
    l->nesting += opcode == AE_OP_block || opcode == AE_OP_loop || opcode == AE_OP_if;
    const bool leaves = opcode == AE_OP_br || opcode == AE_OP_br_table || opcode == AE_OP_return ||
                        opcode == AE_OP_unreachable;
    if (live && leaves)
        l->dead_at = l->nesting + 1;
    return live;
}

// What stands for an instruction in the metered code.
static bool stands_for(ae_opcode metered, ae_opcode uploaded) {
    if (uploaded == AE_OP_return)
        return metered == AE_OP_br;
    if (uploaded == AE_OP_br_if) // one that pays on its own
        return metered == AE_OP_br_if || metered == AE_OP_br;
    if (uploaded == AE_OP_memory_grow)
        return metered == AE_OP_call;
    return metered == uploaded;
}

// Walks the metered code of one function: every instruction maps to a live one of the uploaded function, in
// order, and every live one has its like among those that map to it.
static void check_map(const ae_module *module, const ae_function *f, const ae_instrumented *m,
    uint32_t start, uint32_t end) {
    aether_error err = {0};
    ae_reader uploaded = ae_reader_over(module->bytes, f->code_offset, f->end_offset);
    ae_reader metered = ae_reader_over(ae_bytes(m->bytes, m->len), start, end);
    liveness l = {0};
    ae_instruction in = {0};
    ae_instruction out = {0};
    bool has_out = false;
    while (!ae_reader_is_at_end(&uploaded)) {
        CHECK_OK(ae_instruction_read(&uploaded, &in, &err));
        if (!is_live(&l, in.opcode))
            continue;
        bool is_found = false;
        for (;;) {
            if (!has_out) {
                if (ae_reader_is_at_end(&metered))
                    break;
                CHECK_OK(ae_instruction_read(&metered, &out, &err));
            }
            has_out = true;
            const uint32_t back = ae_offset_map_find(&m->map, out.offset);
            if (back != in.offset)
                break;
            is_found |= stands_for(out.opcode, in.opcode);
            has_out = false;
        }
        if (!is_found)
            test_fail(__FILE__, __LINE__, "%s at %u has no copy", ae_opcode_get(in.opcode)->text,
                in.offset);
    }
    CHECK(!has_out && ae_reader_is_at_end(&metered));
}

static void check_maps_as(const wasm_builder *b, aether_schedule schedule, ae_metering_form form) {
    aether_error err = {0};
    ae_module module = decode(b);
    ae_instrumented m = meter_as(b, schedule, form);
    for (size_t i = 1; i < m.map.count; i++)
        CHECK(m.map.runs[i - 1].instrumented_start < m.map.runs[i].instrumented_start);
    for (uint32_t i = 0; i < module.function_count; i++) {
        const aether_bytes body = code_of(&m, i);
        const uint32_t start = (uint32_t)(body.data - m.bytes);
        ae_reader reader =
            ae_reader_over(ae_bytes(m.bytes, m.len), start, start + (uint32_t)body.len);
        uint32_t groups = 0;
        CHECK_OK(ae_read_u32(&reader, "groups", &groups, &err));
        for (uint32_t k = 0; k < groups; k++) {
            uint32_t count = 0;
            uint8_t type = 0;
            CHECK_OK(ae_read_u32(&reader, "count", &count, &err));
            CHECK_OK(ae_read_byte(&reader, &type, &err));
        }
        CHECK_U64(ae_offset_map_find(&m.map, start), module.functions[i].code_offset);
        check_map(&module, &module.functions[i], &m, reader.at, reader.end);
    }
    ae_module_deinit(&module);
    ae_instrumented_deinit(&m);
}

static void check_maps(const wasm_builder *b, aether_schedule schedule) {
    check_maps_as(b, schedule, AE_METERING_PLAIN);
    check_maps_as(b, schedule, AE_METERING_FAST);
}

static void every_live_instruction_is_found_from_its_copy(void) {
    wasm_builder b = {0};
    build_full(&b);
    check_maps(&b, AETHER_SCHEDULE_UNIT);
    check_maps(&b, AETHER_SCHEDULE_V1);
    wasm_free(&b);
    static const uint8_t code[] = {0x41, 0x01, 0x04, 0x40, 0x03, 0x40, 0x41, 0x00, 0x0d, 0x01, 0x41,
        0x00, 0x0e, 0x02, 0x00, 0x01, 0x00, 0x6a, 0x1a, 0x0b, 0x05, 0x00, 0x0b, 0x41, 0x00, 0x41,
        0x00, 0x28, 0x02, 0x00, 0x36, 0x00, 0x80, 0x00, 0x41, 0x00, 0x40, 0x00, 0x41, 0x00, 0x41,
        0x05, 0xfc, 0x0b, 0x00, 0x02, 0x7f, 0x41, 0x03, 0x41, 0x04, 0x0d, 0x00, 0x0f, 0x1a, 0x1a,
        0x0b, 0x45, 0x1a, 0x43, 0x00, 0x00, 0x80, 0x3f, 0xfc, 0x01, 0x0b};
    wasm_simple(&b, ae_bytes(code, sizeof code));
    check_maps(&b, AETHER_SCHEDULE_UNIT);
    check_maps(&b, AETHER_SCHEDULE_V1);
    wasm_free(&b);
    // A counted loop, a loop that is checked, a branch out of it, sides of an if that owe different amounts.
    static const uint8_t loops[] = {0x01, 0x02, 0x40, 0x03, 0x40, 0x03, 0x40, 0x41, 0x08, 0x41,
        0x09, 0x36, 0x02, 0x00, 0x20, 0x00, 0x41, 0x02, 0x6a, 0x22, 0x00, 0x20, 0x01, 0x47, 0x0d,
        0x00, 0x0b, 0x20, 0x01, 0x0d, 0x01, 0x20, 0x00, 0x04, 0x40, 0x01, 0x05, 0x41, 0x01, 0x1a,
        0x0c, 0x02, 0x0b, 0x20, 0x00, 0x0d, 0x00, 0x0b, 0x0b, 0x41, 0x00, 0x0b};
    wasm_header(&b);
    wasm_types(&b, 1, (const char *[]){">i"});
    wasm_functions(&b, 1, (const uint32_t[]){0});
    wasm_memory(&b, 1, 1);
    wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(&b, WASM_CODE);
    wasm_u32(&b, 1);
    wasm_body_with_locals(&b, 2, 0x7f, ae_bytes(loops, sizeof loops));
    wasm_close(&b);
    check_maps(&b, AETHER_SCHEDULE_UNIT);
    check_maps(&b, AETHER_SCHEDULE_V1);
    wasm_free(&b);
}

// Indices 126 and 127 become a byte longer, 128 does not.
static void map_follows_instructions_that_change_length(void) {
    wasm_builder b = {0};
    wasm_builder code = {0};
    for (uint32_t local = 120; local < 135; local++) {
        wasm_byte(&code, 0x20);
        wasm_u32(&code, local);
        wasm_byte(&code, 0x1a);
    }
    wasm_repeat(&code, 0x01, 300);
    WASM(&code, 0x41, 0x00, 0x0b);
    wasm_header(&b);
    wasm_types(&b, 1, (const char *[]){">i"});
    wasm_functions(&b, 1, (const uint32_t[]){0});
    wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(&b, WASM_CODE);
    wasm_u32(&b, 1);
    wasm_body_with_locals(&b, 140, 0x7e, wasm_bytes_of(&code));
    wasm_close(&b);
    check_maps(&b, AETHER_SCHEDULE_UNIT);
    wasm_free(&code);
    wasm_free(&b);
}

static void map_of_nothing_finds_zero(void) {
    const ae_offset_map map = {0};
    CHECK_U64(ae_offset_map_find(&map, 5), 0);
}

static void map_is_searched_between_its_runs(void) {
    ae_offset_run runs[] = {{0, 0, true}, {10, 100, false}, {20, 110, true}, {27, 110, false}};
    const ae_offset_map map = {.runs = runs, .count = 4};
    static const uint32_t rows[][2] = {{0, 0}, {9, 0}, {10, 100}, {19, 109}, {20, 110}, {26, 110},
        {27, 110}, {28, 111}, {1000, 1083}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_U64(ae_offset_map_find(&map, rows[i][0]), rows[i][1]);
}

static void same_module_gives_the_same_bytes(void) {
    wasm_builder b = {0};
    build_full(&b);
    ae_instrumented first = meter(&b, AETHER_SCHEDULE_V1);
    ae_instrumented second = meter(&b, AETHER_SCHEDULE_V1);
    CHECK_BYTES(ae_bytes(first.bytes, first.len), ae_bytes(second.bytes, second.len));
    ae_instrumented unit = meter(&b, AETHER_SCHEDULE_UNIT);
    CHECK(!ae_bytes_equal(ae_bytes(first.bytes, first.len), ae_bytes(unit.bytes, unit.len)));
    ae_instrumented_deinit(&first);
    ae_instrumented_deinit(&second);
    ae_instrumented_deinit(&unit);
    wasm_free(&b);
}

static void every_failing_allocation_is_reported(void) {
    wasm_builder b = {0};
    wasm_builder body = {0};
    WASM(&body, 0x02, 0x40);
    for (uint32_t i = 0; i < 4000; i++) // large enough that every buffer grows again
        WASM(&body, 0x41, 0x00, 0x0d, 0x00);
    WASM(&body, 0x0b, 0x41, 0x00, 0x0b);
    wasm_simple(&b, wasm_bytes_of(&body));
    ae_module module = decode(&b);
    uint64_t allowed_count = 0;
    for (;; allowed_count++) {
        aether_error err = {0};
        ae_instrumented m = {0};
        ae_alloc_fail_after(allowed_count);
        const ae_instrument_options options = {
            .schedule = ae_schedule_get(AETHER_SCHEDULE_V1), .form = AE_METERING_PLAIN};
        const aether_status status = ae_instrument(&module, &options, &m, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK) {
            ae_instrumented_deinit(&m);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(err.message[0] != '\0');
        CHECK(m.bytes == NULL);
    }
    CHECK(allowed_count >= 4);
    ae_module_deinit(&module);
    wasm_free(&body);
    wasm_free(&b);
}

/* The densest modules. */

typedef struct dense {
    const char *name;
    aether_bytes before;  // once at the start of each large body
    aether_bytes pattern; // as often as it fits
    uint32_t repeat_max;  // in one body; 0: as fits
    uint32_t total_max;   // in all; 0: as fits
    aether_bytes after;   // once, the final `end` included
    uint32_t small_count; // small functions before the large ones
    aether_bytes small;   // their code
    const char *small_signature;
} dense;

#define BYTES(...) WASM_CODE_BYTES(__VA_ARGS__)
#define NO_BYTES ((aether_bytes){0})
#define BODY_MAX 65000 // half of what is allowed, so that they fill a module well

// Function 0 is `execute`, small ones follow, then large ones until the module is full.
static uint32_t dense_large_count(const dense *d, uint32_t *out_repeat) {
    const uint32_t room = AE_MODULE_LEN_MAX - 400 - d->small_count * (uint32_t)(d->small.len + 4);
    uint32_t repeat =
        (BODY_MAX - (uint32_t)(d->before.len + d->after.len)) / (uint32_t)d->pattern.len;
    if (d->repeat_max != 0 && repeat > d->repeat_max)
        repeat = d->repeat_max;
    const uint32_t body = repeat * (uint32_t)d->pattern.len + 16;
    uint32_t count = room / (body + 5);
    if (d->total_max != 0 && count > d->total_max / repeat)
        count = d->total_max / repeat;
    if (count + d->small_count + 1 > AE_FUNCTIONS_MAX)
        count = AE_FUNCTIONS_MAX - d->small_count - 1;
    *out_repeat = repeat;
    return count;
}

static void dense_build(const dense *d, wasm_builder *b) {
    uint32_t repeat = 0;
    const uint32_t large = dense_large_count(d, &repeat);
    wasm_header(b);
    wasm_types(b, 3, (const char *[]){">i", ">", d->small_signature});
    wasm_open_section(b, WASM_FUNCTION);
    wasm_u32(b, 1 + d->small_count + large);
    wasm_u32(b, 0);
    for (uint32_t i = 0; i < d->small_count; i++)
        wasm_u32(b, 2);
    for (uint32_t i = 0; i < large; i++)
        wasm_u32(b, 1);
    wasm_close(b);
    wasm_table(b, 1, 1);
    wasm_memory(b, 1, 1);
    wasm_export_functions(b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, 1 + d->small_count + large);
    wasm_body(b, BYTES(0x41, 0x00, 0x40, 0x00, 0x0b)); // grows, so that every index is shifted
    for (uint32_t i = 0; i < d->small_count; i++)
        wasm_body(b, d->small);
    for (uint32_t i = 0; i < large; i++) {
        wasm_open(b);
        wasm_byte(b, 0);
        if (d->before.len != 0)
            wasm_raw(b, d->before);
        for (uint32_t k = 0; k < repeat; k++)
            wasm_raw(b, d->pattern);
        wasm_raw(b, d->after);
        wasm_close(b);
    }
    wasm_close(b);
}

static void check_dense(const dense *d) {
    wasm_builder b = {0};
    dense_build(d, &b);
    CHECK(b.len <= AE_MODULE_LEN_MAX);
    for (int i = 0; i < 4; i++) {
        const ae_metering_form form = i % 2 == 0 ? AE_METERING_PLAIN : AE_METERING_FAST;
        ae_instrumented m = meter_as(&b, i < 2 ? AETHER_SCHEDULE_V1 : AETHER_SCHEDULE_UNIT, form);
        CHECK(m.len <= AE_INSTRUMENTED_LEN_MAX);
        printf("%-32s %7zu -> %7zu bytes, %.2f times, %s\n", d->name, b.len, m.len,
            (double)m.len / (double)b.len, i % 2 == 0 ? "plain" : "fast");
        ae_instrumented_deinit(&m);
    }
    wasm_free(&b);
}

static void densest_straight_code_stays_below_the_bound(void) {
    const aether_bytes end = BYTES(0x0b);
    const aether_bytes nothing = BYTES(0x0b);
    const aether_bytes zero = BYTES(0x41, 0x00, 0x0b);
    const dense rows[] = {
        {"calls of two bytes", NO_BYTES, BYTES(0x10, 0x01), 0, 0, end, 1, nothing, ">"},
        {"calls that grow", NO_BYTES, BYTES(0x10, 0x7f), 0, 0, end, 200, nothing, ">"},
        {"operations and calls", BYTES(0x41, 0x00), BYTES(0x45, 0x10, 0x7f), 0, 0,
            BYTES(0x1a, 0x0b), 200, nothing, ">"},
        {"divisions and calls", BYTES(0x42, 0x01), BYTES(0x42, 0x01, 0x7f, 0x10, 0x7f), 0, 0,
            BYTES(0x1a, 0x0b), 200, nothing, ">"},
        {"indirect calls", BYTES(0x41, 0x00), BYTES(0x11, 0x00, 0x00), 0, 0, BYTES(0x1a, 0x0b), 0,
            NO_BYTES, ">"},
        {"fills of calls", NO_BYTES, BYTES(0x10, 0x7f, 0x10, 0x7f, 0x10, 0x7f, 0xfc, 0x0b, 0x00), 0,
            0, end, 200, zero, ">i"},
        {"growing memory", BYTES(0x41, 0x00), BYTES(0x40, 0x00), 0, 0, BYTES(0x1a, 0x0b), 0,
            NO_BYTES, ">"},
        {"operations and growing", BYTES(0x41, 0x00), BYTES(0x45, 0x40, 0x00), 0, 0,
            BYTES(0x1a, 0x0b), 0, NO_BYTES, ">"},
        {"only operations", BYTES(0x41, 0x00), BYTES(0x45), 0, 0, BYTES(0x1a, 0x0b), 0, NO_BYTES,
            ">"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_dense(&rows[i]);
}

static void densest_branches_stay_below_the_bound(void) {
    const aether_bytes end = BYTES(0x0b);
    const dense rows[] = {
        {"most conditional branches", BYTES(0x41, 0x00), BYTES(0x45, 0x45, 0x41, 0x00, 0x0d, 0x00),
            4096, 49000, BYTES(0x1a, 0x0b), 0, NO_BYTES, ">"},
        {"most ifs", NO_BYTES,
            BYTES(0x41, 0x00, 0x04, 0x40, 0x41, 0x00, 0x1a, 0x05, 0x41, 0x00, 0x1a, 0x0b), 4096,
            49000, end, 0, NO_BYTES, ">"},
        {"most loops", BYTES(0x41, 0x00), BYTES(0x45, 0x03, 0x40, 0x41, 0x00, 0x1a, 0x0b), 4096,
            49000, BYTES(0x1a, 0x0b), 0, NO_BYTES, ">"},
        {"most loops that end", BYTES(0x41, 0x00), BYTES(0x45, 0x03, 0x40, 0x00, 0x0b), 4096, 49000,
            BYTES(0x1a, 0x0b), 0, NO_BYTES, ">"},
        {"most unreachable sides", NO_BYTES, BYTES(0x41, 0x00, 0x04, 0x40, 0x00, 0x05, 0x00, 0x0b),
            4096, 49000, end, 0, NO_BYTES, ">"},
        {"most returns", BYTES(0x41, 0x00), BYTES(0x02, 0x40, 0x41, 0x00, 0x1a, 0x0f, 0x0b), 4096,
            49000, BYTES(0x1a, 0x0b), 0, NO_BYTES, ">"},
        {"most br_tables", NO_BYTES, BYTES(0x02, 0x40, 0x41, 0x00, 0x0e, 0x00, 0x00, 0x0b), 4096,
            49000, end, 0, NO_BYTES, ">"},
        {"most branches back", BYTES(0x03, 0x40), BYTES(0x41, 0x00, 0x0d, 0x00), 4000, 48000,
            BYTES(0x0b, 0x0b), 0, NO_BYTES, ">"},
        {"most branches out of a loop", BYTES(0x02, 0x40, 0x41, 0x00, 0x0d, 0x00, 0x03, 0x40),
            BYTES(0x41, 0x00, 0x0d, 0x01), 4000, 48000, BYTES(0x0b, 0x0b, 0x0b), 0, NO_BYTES, ">"},
        {"most branches to an outer loop", BYTES(0x03, 0x40, 0x03, 0x40),
            BYTES(0x41, 0x00, 0x0d, 0x01), 4000, 48000, BYTES(0x0b, 0x0b, 0x0b), 0, NO_BYTES, ">"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_dense(&rows[i]);
}

static void most_functions_stay_below_the_bound(void) {
    const aether_bytes end = BYTES(0x0b);
    const dense rows[] = {
        {"10,000 functions", NO_BYTES, BYTES(0x01), 1, 1, end, 9998, BYTES(0x0b), ">"},
        {"10,000 functions that end", NO_BYTES, BYTES(0x01), 1, 1, end, 9998, BYTES(0x00, 0x0b),
            ">i"},
        {"10,000 functions, fills of calls", NO_BYTES,
            BYTES(0x10, 0x7f, 0x10, 0x7f, 0x10, 0x7f, 0xfc, 0x0b, 0x00), 0, 0, end, 9980,
            BYTES(0x00, 0x0b), ">i"},
        {"10,000 functions, calls", NO_BYTES, BYTES(0x10, 0x7f), 0, 0, end, 9980, BYTES(0x01, 0x0b),
            ">"},
        {"10,000 functions, counted loops", NO_BYTES, BYTES(0x01), 1, 1, end, 9998,
            BYTES(0x03, 0x40, 0x20, 0x00, 0x41, 0x02, 0x6a, 0x22, 0x00, 0x20, 0x01, 0x4d, 0x0d,
                0x00, 0x0b, 0x0b),
            "ii>"},
        {"10,000 functions, two loops", NO_BYTES, BYTES(0x01), 1, 1, end, 9998,
            BYTES(0x03, 0x40, 0x20, 0x00, 0x41, 0x02, 0x6a, 0x22, 0x00, 0x20, 0x01, 0x4d, 0x0d,
                0x00, 0x0b, 0x03, 0x40, 0x20, 0x00, 0x41, 0x04, 0x6a, 0x22, 0x00, 0x20, 0x01, 0x4d,
                0x0d, 0x00, 0x0b, 0x0b),
            "ii>"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_dense(&rows[i]);
}

static void largest_local_indices_stay_below_the_bound(void) {
    wasm_builder b = {0};
    wasm_builder code = {0};
    // 1,024 locals and 30 parameters: the scratch local's index takes two bytes
    while (code.len < 120000)
        WASM(&code, 0x20, 0x7e, 0x20, 0x7e, 0x20, 0x7e, 0xfc, 0x0b, 0x00);
    WASM(&code, 0x0b);
    wasm_header(&b);
    wasm_types(&b, 2, (const char *[]){">i", "iiiiiiiiiiiiiiiiiiiiiiiiiiiiii>"});
    wasm_open_section(&b, WASM_FUNCTION);
    wasm_u32(&b, 9);
    wasm_u32(&b, 0);
    wasm_repeat(&b, 1, 8);
    wasm_close(&b);
    wasm_memory(&b, 1, 1);
    wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(&b, WASM_CODE);
    wasm_u32(&b, 9);
    wasm_body(&b, BYTES(0x41, 0x00, 0x0b));
    for (int i = 0; i < 8; i++)
        wasm_body_with_locals(&b, 1024, 0x7f, wasm_bytes_of(&code));
    wasm_close(&b);
    ae_instrumented m = meter(&b, AETHER_SCHEDULE_V1);
    CHECK(m.len <= AE_INSTRUMENTED_LEN_MAX && m.len < 8 * b.len);
    ae_instrumented_deinit(&m);
    wasm_free(&code);
    wasm_free(&b);
}

// clang-format off
TEST_MAIN(
    TEST(constant_function_is_metered_byte_by_byte)
    TEST(loop_checks_the_counter_and_branches_pay)
    TEST(blocks_cost_nothing_and_ifs_pay_on_every_side)
    TEST(dead_code_is_dropped_with_all_that_nests_in_it)
    TEST(unreachable_reports_the_gas_left)
    TEST(bulk_pays_its_length_first_with_a_scratch_local)
    TEST(grow_becomes_a_call_and_shifts_functions)
    TEST(grow_is_found_as_an_instruction_and_not_as_bytes)
    TEST(declared_locals_make_room_for_counter_and_stack)
    TEST(every_section_has_its_metered_shape)
    TEST(imports_get_the_counter_and_thunks_the_stack_too)
    TEST(indirect_call_is_written_short_with_its_index_set_aside)
    TEST(import_that_starts_the_module_gets_a_thunk)
    TEST(every_live_instruction_is_found_from_its_copy)
    TEST(map_follows_instructions_that_change_length)
    TEST(map_of_nothing_finds_zero)
    TEST(map_is_searched_between_its_runs)
    TEST(same_module_gives_the_same_bytes)
    TEST(every_failing_allocation_is_reported)
    TEST(densest_straight_code_stays_below_the_bound)
    TEST(densest_branches_stay_below_the_bound)
    TEST(most_functions_stay_below_the_bound)
    TEST(largest_local_indices_stay_below_the_bound))
