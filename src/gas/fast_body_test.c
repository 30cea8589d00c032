/* What the fast form of metering writes: where it pays, checks and pays for whole loops.
 * Method: small bodies whose metered form is compared byte by byte; the plain form in its place where this
 * one would be long. That both forms mean the same is held by tests/oracle/form_test.c. */
#include "gas/instrument.h"

#include "base/alloc.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

static ae_instrumented meter_by(
    const wasm_builder *b, ae_metering_form form, const ae_schedule *schedule) {
    aether_error err = {0};
    ae_module module;
    ae_instrumented metered;
    CHECK_OK(ae_module_decode(wasm_bytes_of(b), (ae_import_rules){0}, &module, &err));
    CHECK_OK(ae_instrument(
        &module, &(ae_instrument_options){.schedule = schedule, .form = form}, &metered, &err));
    ae_module_deinit(&module);
    return metered;
}

static ae_instrumented meter(const wasm_builder *b, ae_metering_form form) {
    return meter_by(b, form, ae_schedule_get(AETHER_SCHEDULE_UNIT));
}

// The last body of a metered module, without its length.
static aether_bytes body_of(const ae_instrumented *metered) {
    aether_error err = {0};
    ae_reader reader =
        ae_reader_over(ae_bytes(metered->bytes, metered->len), 8, (uint32_t)metered->len);
    for (;;) {
        uint8_t id = 0;
        uint32_t len = 0;
        aether_bytes payload = {0};
        CHECK_OK(ae_read_byte(&reader, &id, &err));
        CHECK_OK(ae_read_u32(&reader, "length", &len, &err));
        uint32_t count = 0;
        if (id == WASM_CODE)
            CHECK_OK(ae_read_u32(&reader, "count", &count, &err));
        for (uint32_t i = 0; i < count; i++) {
            CHECK_OK(ae_read_u32(&reader, "length", &len, &err));
            CHECK_OK(ae_read_bytes(&reader, "body", len, &payload, &err));
        }
        if (id == WASM_CODE)
            return payload;
        CHECK_OK(ae_read_bytes(&reader, "payload", len, &payload, &err));
    }
}

// A module of one function of type () -> i32 with three i32 locals, whose code follows six nops.
static void build(wasm_builder *b, aether_bytes code) {
    wasm_builder padded = {0};
    wasm_repeat(&padded, 0x01, 6);
    wasm_raw(&padded, code);
    wasm_header(b);
    wasm_types(b, 1, (const char *[]){">i"});
    wasm_functions(b, 1, (const uint32_t[]){0});
    wasm_memory(b, 1, 1);
    wasm_export_functions(b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, 1);
    wasm_body_with_locals(b, 3, 0x7f, wasm_bytes_of(&padded));
    wasm_close(b);
    wasm_free(&padded);
}

// Counter 0, stack 1, locals from 2, scratch locals from 5; `end` is global 0.
#define GET 0x20
#define SET 0x21
#define TEE 0x22
#define TRAP_IF 0x04, 0x40, 0x00, 0x0b
#define NEGATIVE 0x42, 0x00, 0x53, TRAP_IF
#define CHECK_GAS GET, 0, NEGATIVE
#define PAY(gas) GET, 0, 0x42, gas, 0x7d, SET, 0
#define PAY_AND_CHECK(gas) GET, 0, 0x42, gas, 0x7d, TEE, 0, NEGATIVE
#define HIDDEN(minus) 0x23, 0, 0x42, minus, 0x7e
#define STACK(frame_low, frame_high)                                                          \
    GET, 1, 0x41, frame_low, frame_high, 0x6b, TEE, 1, 0x41, 0, 0x48, 0x04, 0x40, 0x42, 0x7e, \
        0x24, 0, 0x00, 0x0b
#define BEGIN 0x02, 0x7f, 1, 1, 1, 1, 1, 1 // the block around the body, and the nops
#define LEAVE(gas) 0x0b, GET, 0, 0x42, gas, 0x7d, 0x0b
#define LOCALS 1, 3, 0x7f
#define LOCALS_AND_I32 2, 3, 0x7f, 1, 0x7f
#define LOCALS_AND_I64 2, 3, 0x7f, 1, 0x7e

static void check_code(aether_bytes code, aether_bytes expected) {
    wasm_builder b = {0};
    build(&b, code);
    ae_instrumented m = meter(&b, AE_METERING_FAST);
    CHECK_BYTES(body_of(&m), expected);
    ae_instrumented_deinit(&m);
    wasm_free(&b);
}
#define BYTES WASM_CODE_BYTES

static void straight_code_pays_once_as_it_leaves(void) {
    check_code(BYTES(0x41, 7, 0x1a, 0x41, 8, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, 0x41, 7, 0x1a, 0x41, 8, LEAVE(3)));
}

static void function_that_calls_checks_as_it_is_entered(void) {
    check_code(BYTES(0x10, 0, 0x0b), BYTES(LOCALS, CHECK_GAS, STACK(0xe0, 0), BEGIN, GET, 0, 0x42,
                                         2, 0x7d, GET, 1, 0x10, 0, SET, 0, 0x0b, GET, 0, 0x0b));
}

static void long_function_checks_as_it_is_entered(void) {
    for (uint32_t count = 498; count <= 499; count++) { // and entry, and the result
        wasm_builder code = {0};
        wasm_builder b = {0};
        for (uint32_t i = 0; i < count; i++)
            WASM(&code, 0x41, 0, 0x1a);
        WASM(&code, 0x41, 0, 0x0b);
        build(&b, wasm_bytes_of(&code));
        ae_instrumented m = meter(&b, AE_METERING_FAST);
        const aether_bytes check = BYTES(CHECK_GAS);
        CHECK_U64(ae_bytes_equal(ae_bytes(body_of(&m).data + 3, check.len), check), count > 498);
        ae_instrumented_deinit(&m);
        wasm_free(&b);
        wasm_free(&code);
    }
}

// if (local) { 1; }: the branch that does more pays for it.
static void if_without_else_pays_in_its_body(void) {
    check_code(BYTES(GET, 0, 0x04, 0x40, 0x41, 1, 0x1a, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, GET, 2, 0x04, 0x40, 0x41, 1, 0x1a, PAY(1), 0x0b, 0x41,
            2, LEAVE(4)));
}

static void shorter_side_of_an_if_gets_gas_or_pays_less(void) {
    check_code(BYTES(GET, 0, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x45, 0x0b, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, GET, 2, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x45,
            PAY(1), 0x0b, LEAVE(4)));
    check_code(BYTES(GET, 0, 0x04, 0x7f, 0x41, 1, 0x45, 0x05, 0x41, 2, 0x0b, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, GET, 2, 0x04, 0x7f, 0x41, 1, 0x45, 0x05, 0x41, 2,
            PAY(0x7f), 0x0b, LEAVE(5)));
}

// block: br_if out; br_if out; end
static void later_branches_pay_before_they_branch(void) {
    check_code(BYTES(0x02, 0x40, GET, 0, 0x0d, 0, GET, 1, 0x0d, 0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, 0x02, 0x40, GET, 2, 0x0d, 0, GET, 3, PAY(2), 0x0d, 0,
            0x0b, 0x41, 2, LEAVE(4)));
}

static void loop_pays_and_checks_before_it_branches_back(void) {
    // global -1 times -gas is the payment, in a local; the round: load, get, br_if
    check_code(BYTES(0x03, 0x40, 0x41, 8, 0x28, 2, 0, 0x0d, 0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS_AND_I64, STACK(0xe0, 0), BEGIN, HIDDEN(0x7d), SET, 5, 0x03, 0x40, 0x41, 8,
            0x28, 2, 0, GET, 0, GET, 5, 0x7d, TEE, 0, NEGATIVE, 0x0d, 0, 0x0b, 0x41, 2, LEAVE(2)));
}

static void loop_with_several_branches_back_checks_as_a_round_begins(void) {
    check_code(BYTES(0x03, 0x40, GET, 0, 0x0d, 0, GET, 1, 0x0d, 0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, 0x03, 0x40, GET, 2, PAY_AND_CHECK(2), 0x0d, 0, GET, 3,
            PAY(2), 0x0d, 0, 0x0b, 0x41, 2, LEAVE(2)));
    check_code(
        BYTES(0x03, 0x40, GET, 0, 0x04, 0x40, 0x0c, 1, 0x0b, GET, 1, 0x0d, 0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, 0x03, 0x40, CHECK_GAS, GET, 2, 0x04, 0x40, PAY(3),
            0x0c, 1, 0x0b, GET, 3, PAY(4), 0x0d, 0, 0x0b, 0x41, 2, LEAVE(2)));
}

// The inner loop is paid before it, checked; the outer one's branch back need not check again.
static void outer_loop_is_checked_by_what_it_always_runs(void) {
    check_code(BYTES(0x03, 0x40, 0x03, 0x40, GET, 0, 0x41, 1, 0x6b, TEE, 0, 0x0d, 0, 0x0b, GET, 1,
                   0x0d, 0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe8, 0), BEGIN, 0x03, 0x40, //
            GET, 0, GET, 2, 0x41, 0x7f, 0x6a, 0xad, 0x42, 5, 0x7e, 0x7d, TEE, 0,
            NEGATIVE,                                                 // (i - 1) × 5
            0x03, 0x40, GET, 2, 0x41, 1, 0x6b, TEE, 2, 0x0d, 0, 0x0b, //
            GET, 3, PAY(7), 0x0d, 0, 0x0b, 0x41, 2, LEAVE(2)));
}

// for (i = 0; i != 9; i++), five operators and the test each: all of it is known.
static void loop_of_known_rounds_costs_nothing_more(void) {
    check_code(BYTES(0x41, 0, SET, 0, 0x03, 0x40, GET, 0, 0x41, 1, 0x6a, TEE, 0, 0x41, 9, 0x47,
                   0x0d, 0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe8, 0), BEGIN, 0x41, 0, SET, 2, 0x03, 0x40, GET, 2, 0x41, 1, 0x6a,
            TEE, 2, 0x41, 9, 0x47, 0x0d, 0, 0x0b, 0x41, 2, 0x0b, GET, 0, 0x42, 0xc3, 0, 0x7d,
            0x0b)); // 67
}

// 1,000 rounds are more than may run unchecked; what is owed until then goes with them.
static void loop_of_many_known_rounds_is_paid_and_checked_before_it(void) {
    check_code(BYTES(0x41, 0xe8, 7, SET, 0, 0x03, 0x40, GET, 0, 0x41, 1, 0x6b, TEE, 0, 0x0d, 0,
                   0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe8, 0), BEGIN, 0x41, 0xe8, 7, SET, 2, GET, 0, 0x42, 0x86, 0x27, 0x7d,
            TEE, 0, NEGATIVE, 0x03, 0x40, GET, 2, 0x41, 1, 0x6b, TEE, 2, 0x0d, 0, 0x0b, 0x41, 2,
            LEAVE(6)));
}

// for (i = …; i != bound; i += 4): (bound - i - 4) / 4 further rounds, which must come out even.
static void rounds_are_counted_from_what_the_locals_hold(void) {
    check_code(BYTES(GET, 1, SET, 0, 0x03, 0x40, GET, 0, 0x41, 4, 0x6a, TEE, 0, GET, 1, 0x47, 0x0d,
                   0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS_AND_I32, STACK(0xe8, 0), BEGIN, GET, 3, SET, 2,                        //
            GET, 0, GET, 3, GET, 2, 0x6b, 0x41, 0x7c, 0x6a, TEE, 5, 0x41, 3, 0x71, TRAP_IF, //
            GET, 5, 0x41, 2, 0x76, 0xad, 0x42, 7, 0x7e, 0x7d, TEE, 0, NEGATIVE,             //
            0x03, 0x40, GET, 2, 0x41, 4, 0x6a, TEE, 2, GET, 3, 0x47, 0x0d, 0, 0x0b, 0x41, 2,
            LEAVE(0x0b)));
}

// while (++i <u bound): none if it is not below, else bound - i - 2 and one.
static void order_is_counted_by_a_choice(void) {
    check_code(BYTES(GET, 1, SET, 0, 0x03, 0x40, GET, 0, 0x41, 1, 0x6a, TEE, 0, GET, 1, 0x49, 0x0d,
                   0, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS, STACK(0xe8, 0), BEGIN, GET, 3, SET, 2,                                  //
            GET, 0, GET, 3, GET, 2, 0x6b, 0x41, 0x7e, 0x6a, 0xad, 0x42, 1, 0x7c, 0x42, 0,     //
            GET, 2, 0x41, 1, 0x6a, GET, 3, 0x49, 0x1b, 0x42, 7, 0x7e, 0x7d, TEE, 0, NEGATIVE, //
            0x03, 0x40, GET, 2, 0x41, 1, 0x6a, TEE, 2, GET, 3, 0x49, 0x0d, 0, 0x0b, 0x41, 2,
            LEAVE(0x0b)));
}

// block: br_if out; loop: br_if out, br_if back
static void branch_out_of_a_loop_pays_on_its_own(void) {
    check_code(BYTES(0x02, 0x40, GET, 0, 0x0d, 0, 0x03, 0x40, GET, 1, 0x0d, 1, GET, 2, 0x0d, 0,
                   0x0b, 0x0b, 0x41, 2, 0x0b),
        BYTES(LOCALS_AND_I64, STACK(0xe0, 0), BEGIN, 0x02, 0x40, GET, 2, 0x0d, 0, HIDDEN(0x7c), SET,
            5, 0x03, 0x40, GET, 3, 0x04, 0x40, PAY(2), 0x0c, 2, 0x0b, GET, 4, GET, 0, GET, 5, 0x7d,
            TEE, 0, NEGATIVE, 0x0d, 0, 0x0b, 0x0b, 0x41, 2, LEAVE(4)));
}

// The labels of the table owe the same, so that nothing is paid at the br_table.
static void labels_of_a_table_owe_the_same(void) {
    check_code(BYTES(0x02, 0x40, 0x02, 0x40, GET, 0, 0x0e, 1, 0, 1, 0x0b, 0x41, 1, 0x1a, 0x0b, 0x41,
                   2, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, 0x02, 0x40, 0x02, 0x40, GET, 2, 0x0e, 1, 0, 1, 0x0b,
            0x41, 1, 0x1a, PAY(1), 0x0b, 0x41, 2, LEAVE(4)));
}

static void dead_code_is_dropped(void) {
    check_code(
        BYTES(0x02, 0x40, 0x0c, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b, 0x41, 2, 0x0f, 0x00, 0x0b),
        BYTES(
            LOCALS, STACK(0xe0, 0), BEGIN, 0x02, 0x40, 0x0c, 0, 0x0b, 0x41, 2, 0x0c, 0, LEAVE(3)));
}

static void unreachable_pays_and_reports(void) {
    check_code(BYTES(0x41, 1, 0x1a, 0x00, 0x0b),
        BYTES(LOCALS, STACK(0xe0, 0), BEGIN, 0x41, 1, 0x1a, PAY(2), GET, 0, GET, 0, 0x42, 0x3f,
            0x87, 0x84, 0x24, 0, 0x00, 0x0b, GET, 0, 0x0b));
}

// Calls of two bytes become fifteen at a price far above all real ones.
static void long_form_gives_way_to_the_plain_one(void) {
    wasm_builder b = {0};
    wasm_builder code = {0};
    ae_schedule dear = *ae_schedule_get(AETHER_SCHEDULE_UNIT);
    for (int i = 0; i < 200; i++)
        WASM(&code, 0x10, 1);
    wasm_byte(&code, 0x0b);
    wasm_header(&b);
    wasm_types(&b, 2, (const char *[]){">i", ">"});
    wasm_functions(&b, 2, (const uint32_t[]){0, 1});
    wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(&b, WASM_CODE);
    wasm_u32(&b, 2);
    wasm_body(&b, BYTES(0x41, 0, 0x0b));
    wasm_body(&b, wasm_bytes_of(&code));
    wasm_close(&b);
    for (int is_dear = 0; is_dear <= 1; is_dear++) {
        dear.opcodes[AE_OP_call] = is_dear ? UINT32_MAX : 1;
        ae_instrumented fast = meter_by(&b, AE_METERING_FAST, &dear);
        ae_instrumented plain = meter_by(&b, AE_METERING_PLAIN, &dear);
        CHECK_U64(ae_bytes_equal(body_of(&fast), body_of(&plain)), is_dear);
        const uint32_t calls = (uint32_t)(body_of(&fast).data - fast.bytes) + 40;
        for (uint32_t at = calls; at < fast.len; at++) // both end with the body
            if (is_dear)
                CHECK_U64(ae_offset_map_find(&fast.map, at),
                    ae_offset_map_find(&plain.map, at + (uint32_t)plain.len - (uint32_t)fast.len));
        ae_instrumented_deinit(&fast);
        ae_instrumented_deinit(&plain);
    }
    wasm_free(&code);
    wasm_free(&b);
}

static void build_mixed(wasm_builder *b) {
    wasm_builder code = {0};
    for (int i = 0; i < 900; i++) // more steps than are first made room for
        WASM(&code, 0x03, 0x40, GET, 0, 0x0d, 0, 0x0b);
    WASM(&code, 0x02, 0x40, GET, 0, 0x0e, 0, 0, 0x0b, 0x41, 0, 0x0b);
    build(b, wasm_bytes_of(&code));
    wasm_free(&code);
}

static void same_module_gives_the_same_bytes(void) {
    wasm_builder b = {0};
    build_mixed(&b);
    ae_instrumented first = meter(&b, AE_METERING_FAST);
    ae_instrumented second = meter(&b, AE_METERING_FAST);
    CHECK_BYTES(ae_bytes(first.bytes, first.len), ae_bytes(second.bytes, second.len));
    CHECK_U64(first.map.count, second.map.count);
    ae_instrumented_deinit(&first);
    ae_instrumented_deinit(&second);
    wasm_free(&b);
}

static void every_failing_allocation_is_reported(void) {
    wasm_builder b = {0};
    aether_error err = {0};
    ae_module module;
    build_mixed(&b);
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), (ae_import_rules){0}, &module, &err));
    const ae_instrument_options options = {.schedule = ae_schedule_get(AETHER_SCHEDULE_V1)};
    uint64_t allowed = 0;
    for (;; allowed++) {
        ae_instrumented m = {0};
        ae_alloc_fail_after(allowed);
        const aether_status status = ae_instrument(&module, &options, &m, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK) {
            ae_instrumented_deinit(&m);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(m.bytes == NULL);
    }
    CHECK(allowed >= 6); // planner, loop reader, steps twice, output, map
    ae_module_deinit(&module);
    wasm_free(&b);
}

// clang-format off
TEST_MAIN(
    TEST(straight_code_pays_once_as_it_leaves)
    TEST(function_that_calls_checks_as_it_is_entered)
    TEST(long_function_checks_as_it_is_entered)
    TEST(if_without_else_pays_in_its_body)
    TEST(shorter_side_of_an_if_gets_gas_or_pays_less)
    TEST(later_branches_pay_before_they_branch)
    TEST(loop_pays_and_checks_before_it_branches_back)
    TEST(loop_with_several_branches_back_checks_as_a_round_begins)
    TEST(outer_loop_is_checked_by_what_it_always_runs)
    TEST(loop_of_known_rounds_costs_nothing_more)
    TEST(loop_of_many_known_rounds_is_paid_and_checked_before_it)
    TEST(rounds_are_counted_from_what_the_locals_hold)
    TEST(order_is_counted_by_a_choice)
    TEST(branch_out_of_a_loop_pays_on_its_own)
    TEST(labels_of_a_table_owe_the_same)
    TEST(dead_code_is_dropped)
    TEST(unreachable_pays_and_reports)
    TEST(long_form_gives_way_to_the_plain_one)
    TEST(same_module_gives_the_same_bytes)
    TEST(every_failing_allocation_is_reported))
