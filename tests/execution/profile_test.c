/* A profile accounts for every unit of gas, and profiling changes nothing else.
 * Method: every program is run plainly and profiled, under every limit up to what it takes; all four sums of the profile
 * are the gas used. Profiles of small programs are compared with ones worked out by hand. */
#include "base/alloc.h"
#include "contract.h"
#include "oracle/generator.h"

#include <stdio.h>
#include <stdlib.h>

#define RANDOM_PROGRAMS 30
#define LIMITS_MAX 60 // limits that are tried below what a program takes

typedef struct pair {
    aether_execution_result result;
    aether_profile profile;
} pair;

static void pair_end(pair *p) {
    aether_execution_result_destroy(&p->result);
    aether_profile_destroy(&p->profile);
}

static pair profile_bytes(aether_engine *engine, aether_bytes code, const setting *with) {
    aether_error err;
    pair out = {.profile = {.struct_size = sizeof out.profile}};
    const aether_execution_context context = context_of(with);
    CHECK_OK(aether_profile_execute(
        engine, code, &context, with->input, with->store, &out.result, &out.profile, &err));
    return out;
}

static uint64_t sum_functions(const aether_profile *p) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->function_count; i++) {
        CHECK(p->functions[i].self_gas <= p->functions[i].total_gas);
        CHECK(p->functions[i].total_gas <= p->gas_used);
        sum += p->functions[i].self_gas;
    }
    return sum;
}

static uint64_t sum_stacks(const aether_profile *p) {
    uint64_t sum = 0;
    uint64_t roots = 0;
    for (size_t i = 0; i < p->stack_count; i++) {
        const aether_profile_stack *stack = &p->stacks[i];
        CHECK(stack->parent == AETHER_PROFILE_NONE || stack->parent < i);
        CHECK(stack->function < p->function_count);
        CHECK(stack->calls != 0);
        sum += stack->self_gas;
        roots += stack->parent == AETHER_PROFILE_NONE ? stack->total_gas : 0;
    }
    CHECK_U64(roots, p->gas_used);
    return sum;
}

static uint64_t sum_instructions(const aether_profile *p) {
    uint64_t sum = 0;
    for (size_t i = 0; i < p->instruction_count; i++) {
        const aether_profile_instruction *in = &p->instructions[i];
        CHECK(i == 0 || in[-1].offset < in->offset);
        CHECK(in->host_gas <= in->gas);
        CHECK(in->executions != 0 || in->gas == 0);
        CHECK(in->text[0] != '\0');
        sum += in->gas;
    }
    return sum;
}

static uint64_t sum_lines(const aether_profile *p) {
    uint64_t sum = 0;
    for (size_t i = 0; i < p->line_count; i++)
        sum += p->lines[i].gas;
    return sum;
}

static void check_sums(const pair *p) {
    CHECK_U64(p->profile.gas_used, p->result.gas_used);
    CHECK_U64(sum_functions(&p->profile), p->result.gas_used);
    CHECK_U64(sum_stacks(&p->profile), p->result.gas_used);
    CHECK_U64(p->profile.gas_burned + sum_instructions(&p->profile), p->result.gas_used);
    CHECK_U64(p->profile.gas_burned + sum_lines(&p->profile), p->result.gas_used);
    CHECK(p->result.outcome == AETHER_OUTCOME_FAILED || p->profile.gas_burned == 0);
}

// All that consensus sees, and the diagnosis.
static void check_same(const aether_execution_result *a, const aether_execution_result *b) {
    CHECK_U64(a->outcome, b->outcome);
    CHECK_I64(a->code, b->code);
    CHECK_U64(a->gas_used, b->gas_used);
    // Where a frame runs out of gas the forms of metering notice it a little earlier or later.
    if (a->end == AETHER_END_OUT_OF_GAS || b->end == AETHER_END_OUT_OF_GAS)
        return;
    CHECK_U64(a->end, b->end);
    CHECK_BYTES(a->return_data, b->return_data);
    CHECK_U64(a->log_count, b->log_count);
    CHECK_U64(a->change_count, b->change_count);
    CHECK_TEXT(a->debug_text, b->debug_text);
    CHECK((a->trap == NULL) == (b->trap == NULL));
    if (a->trap == NULL)
        return;
    CHECK_TEXT(a->trap->message, b->trap->message);
    CHECK_U64(a->trap->frame_count, b->trap->frame_count);
    for (size_t i = 0; i < a->trap->frame_count; i++) {
        CHECK_U64(a->trap->frames[i].index, b->trap->frames[i].index);
        CHECK_U64(a->trap->frames[i].offset, b->trap->frames[i].offset);
    }
}

// Plainly and profiled with this limit.
static uint64_t check_limit(subject *self, aether_bytes code, setting with, uint64_t limit) {
    with.gas_limit = limit;
    with.gas_is_zero = true;
    aether_execution_result plain = subject_run(self, &with);
    pair profiled = profile_bytes(self->engine, code, &with);
    check_same(&plain, &profiled.result);
    check_sums(&profiled);
    const uint64_t gas = plain.gas_used;
    aether_execution_result_destroy(&plain);
    pair_end(&profiled);
    return gas;
}

static void check_program(const char *text, const setting *with) {
    subject self = subject_of(text, with);
    const aether_bytes code = bytes_of(text);
    const uint64_t gas = check_limit(&self, code, *with, 300000);
    const uint64_t step = gas / LIMITS_MAX + 1;
    for (uint64_t limit = 0; limit <= gas + 2 && limit < 300000; limit += step)
        check_limit(&self, code, *with, limit);
    check_limit(&self, code, *with, gas == 0 ? 0 : gas - 1);
    if (gas != 300000) {
        check_limit(&self, code, *with, INT64_MAX);
        check_limit(&self, code, *with, (uint64_t)INT64_MAX + 1);
        check_limit(&self, code, *with, UINT64_MAX);
    }
    subject_end(&self);
}

#define IMPORTS                                                                           \
    "(import \"env\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"            \
    "(import \"env\" \"storage_read\" (func $read (param i32 i32 i32 i32) (result i32)))" \
    "(import \"env\" \"revert\" (func $revert (param i32 i32)))"                          \
    "(import \"env\" \"panic\" (func $panic (param i32 i32 i32 i32 i32)))"                \
    "(import \"env\" \"sha256\" (func $sha256 (param i32 i32 i32)))"                      \
    "(import \"env\" \"gas_left\" (func $gas_left (result i64)))"                         \
    "(memory (export \"memory\") 1 3) (data $p \"abcdefgh\") "
#define EXECUTE(body) "(module " IMPORTS "(func (export \"execute\") (result i32) " body "))"

static const char *const programs[] = {
    // success, calls of the host, direct and through the table
    EXECUTE("i32.const 0"),
    EXECUTE("(call $write (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 500))"
            "(drop (call $read (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 50)))"
            "(drop (call $gas_left)) i32.const 0"),
    "(module " IMPORTS "(table funcref (elem $gas_left $f)) (type $t (func (result i64)))"
    "(func $f (result i64) (local i64 i64) i64.const 4)"
    "(func (export \"execute\") (result i32) (drop (i64.add (call_indirect (type $t) (i32.const 0))"
    "(i64.add (call_indirect (type $t) (i32.const 1)) (call_indirect (type $t) (i32.const 0))))) i32.const 0))",
    // loops, recursion, branches, dead code
    EXECUTE(
        "(local $i i32) loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))"
        "(i32.const 50))) end i32.const 0"),
    "(module (func $fib (param i32) (result i32) (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))"
    "(then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
    "(call $fib (i32.sub (local.get 0) (i32.const 2))))))) (func (export \"execute\") (result i32)"
    "(drop (call $fib (i32.const 9))) i32.const 0))",
    "(module (func $g (result i32) (return (i32.const 1)) i32.add loop br 0 end unreachable)"
    "(func (export \"execute\") (result i32) block br 0 call $g drop end block (result i32) (br 0 (i32.const 4))"
    "i32.add (br_if 0 (i32.const 1)) end (if (i32.const 0) (then unreachable) (else)) call $g i32.sub))",
    // bulk instructions and growing, within and beyond the maximum
    EXECUTE("(memory.fill (i32.const 0) (i32.const 7) (i32.const 400))"
            "(memory.copy (i32.const 20) (i32.const 48) (i32.const 90))"
            "(memory.init $p (i32.const 8) (i32.const 2) (i32.const 5)) i32.const 0"),
    EXECUTE(
        "(drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 9))) (drop (memory.grow (i32.const 0)))"
        "i32.const 0"),
    // reverted
    EXECUTE("i32.const 5"),
    EXECUTE("(call $revert (i32.const 0) (i32.const 4)) i32.const 0"),
    EXECUTE(
        "(call $panic (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 4) (i32.const 9)) i32.const 0"),
    EXECUTE("(drop (i32.add (i32.const 1) (i32.const 2))) unreachable"),
    // failed by the machine code, in the middle of a segment, at its end, below other functions
    EXECUTE(
        "(i32.store (i32.const 0) (i32.const 4)) (drop (i32.div_u (i32.const 1) (i32.load (i32.const 100))))"
        "(i32.store (i32.const 0) (i32.const 4)) i32.const 0"),
    EXECUTE("(drop (i32.load (i32.const -8))) i32.const 0"),
    EXECUTE("(memory.fill (i32.const 65530) (i32.const 7) (i32.const 40)) i32.const 0"),
    "(module (table 2 funcref) (type $t (func)) (func (export \"execute\") (result i32)"
    "(call_indirect (type $t) (i32.const 1)) i32.const 0))",
    "(module (func $f (param i32) (result i32) (local $i i32) loop $l (local.set $i (i32.add (local.get $i)"
    "(i32.const 1))) (drop (i32.div_u (i32.const 100) (i32.sub (i32.const 7) (local.get $i)))) br $l end unreachable)"
    "(func (export \"execute\") (result i32) (call $f (i32.const 3))))",
    // failed by the host: a refused argument, and a start function that fails
    EXECUTE("(call $sha256 (i32.const 0) (i32.const -1) (i32.const 0)) i32.const 0"),
    "(module " IMPORTS
    "(func $s (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))) (start $s)"
    "(func (export \"execute\") (result i32) i32.const 0))",
    // a start function, also one that is the entry point as well
    "(module " IMPORTS
    "(func $s (call $write (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 5))) (start $s)"
    "(func (export \"execute\") (result i32) (drop (call $gas_left)) i32.const 0))",
    // endless
    EXECUTE("loop br 0 end unreachable"),
    "(module (func $f call $f) (func (export \"execute\") (result i32) call $f i32.const 0))",
};

static void sums_are_the_gas_used_under_every_limit(void) {
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        const setting v1 = {0};
        const setting unit = {.schedule = AETHER_SCHEDULE_UNIT};
        check_program(programs[i], &v1);
        check_program(programs[i], &unit);
    }
}

static void every_compiler_gives_the_same_profile(void) {
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        const setting with = {.gas_limit = 100000};
        subject reference = subject_of(programs[i], &with);
        pair expected = profile_bytes(reference.engine, bytes_of(programs[i]), &with);
        const setting winch = {.gas_limit = 100000, .compiler = AETHER_COMPILER_WINCH};
        subject other = subject_of(programs[i], &winch);
        pair actual = profile_bytes(other.engine, bytes_of(programs[i]), &winch);
        check_sums(&actual);
        CHECK_U64(actual.profile.stack_count, expected.profile.stack_count);
        for (size_t k = 0; k < expected.profile.stack_count; k++)
            CHECK_U64(actual.profile.stacks[k].self_gas, expected.profile.stacks[k].self_gas);
        CHECK_U64(actual.profile.instruction_count, expected.profile.instruction_count);
        for (size_t k = 0; k < expected.profile.instruction_count; k++) {
            CHECK_U64(actual.profile.instructions[k].gas, expected.profile.instructions[k].gas);
            CHECK_U64(actual.profile.instructions[k].executions,
                expected.profile.instructions[k].executions);
        }
        pair_end(&expected);
        pair_end(&actual);
        subject_end(&reference);
        subject_end(&other);
    }
}

static void sums_of_random_programs_are_the_gas_used(void) {
    uint64_t state = test_seed();
    aether_error err;
    subject self = {0};
    CHECK_OK(aether_engine_create(NULL, &self.engine, &err));
    for (uint32_t i = 0; i < RANDOM_PROGRAMS; i++) {
        wasm_builder b = {0};
        const uint64_t seed = test_random(&state);
        if (i % 2 == 0)
            generate_module(seed, &b);
        else
            generate_contract(seed, 0, &b);
        CHECK_OK(aether_contract_load(self.engine, wasm_bytes_of(&b), &self.contract, &err));
        const setting with = {0};
        const uint64_t gas = check_limit(&self, wasm_bytes_of(&b), with, 2000000);
        for (uint64_t part = 1; part < 8; part++)
            check_limit(&self, wasm_bytes_of(&b), with, gas * part / 8 + part);
        aether_contract_destroy(self.contract);
        wasm_free(&b);
    }
    aether_engine_destroy(self.engine);
}

static const aether_profile_function *find_function(const aether_profile *p, const char *name) {
    for (uint32_t i = 0; i < p->function_count; i++)
        if (strcmp(p->functions[i].name, name) == 0)
            return &p->functions[i];
    test_fail(__FILE__, __LINE__, "no function %s", name);
}

static void check_function(
    const aether_profile *p, const char *name, uint64_t calls, uint64_t self, uint64_t total) {
    const aether_profile_function *function = find_function(p, name);
    CHECK_U64(function->calls, calls);
    CHECK_U64(function->self_gas, self);
    CHECK_U64(function->total_gas, total);
}

// Under `unit` each instruction and each entry is 1, but for the free ones.
static void functions_are_as_counted_by_hand(void) {
    static const char text[] =
        "(module (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
        "(func $down (param i32) (result i32) (if (result i32) (local.get 0) (then"
        "(call $down (i32.sub (call $leaf (local.get 0)) (i32.const 2)))) (else (i32.const 0))))"
        "(func (export \"execute\") (result i32) (call $down (i32.const 3))))";
    const setting with = {.schedule = AETHER_SCHEDULE_UNIT};
    subject self = subject_of(text, &with);
    pair p = profile_bytes(self.engine, bytes_of(text), &with);
    check_sums(&p);
    // down: entry, local.get, if; then local.get, call, i32.const, i32.sub, call; or i32.const
    check_function(&p.profile, "leaf", 3, 3 * 4, 3 * 4);
    check_function(&p.profile, "down", 4, 3 * 8 + 4, 3 * 8 + 4 + 3 * 4);
    check_function(&p.profile, "execute", 1, 3, 3 + 3 * 8 + 4 + 3 * 4);
    // execute, down × 4, and leaf below the first three of these
    CHECK_U64(p.profile.stack_count, 8);
    CHECK_U64(p.profile.stacks[0].total_gas, p.profile.gas_used);
    pair_end(&p);
    subject_end(&self);
}

static const aether_profile_instruction *find_text(const aether_profile *p, const char *text) {
    for (size_t i = 0; i < p->instruction_count; i++)
        if (strcmp(p->instructions[i].text, text) == 0)
            return &p->instructions[i];
    test_fail(__FILE__, __LINE__, "no instruction %s", text);
}

static void instructions_are_as_counted_by_hand(void) {
    static const char text[] =
        "(module (import \"env\" \"gas_left\" (func $gas_left (result i64)))"
        "(memory (export \"memory\") 1 3) (func (export \"execute\") (result i32) (local $i i32)"
        "loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 7))) end"
        "(memory.fill (i32.const 0) (i32.const 9) (i32.const 123)) (drop (call $gas_left))"
        "(drop (memory.grow (i32.const 2))) i32.const 0))";
    const setting with = {.schedule = AETHER_SCHEDULE_UNIT};
    subject self = subject_of(text, &with);
    pair p = profile_bytes(self.engine, bytes_of(text), &with);
    check_sums(&p);
    CHECK_U64(find_text(&p.profile, "enter")->gas, 1);
    CHECK_U64(find_text(&p.profile, "i32.lt_u")->executions, 7);
    CHECK_U64(find_text(&p.profile, "i32.lt_u")->gas, 7);
    CHECK_U64(find_text(&p.profile, "loop")->gas, 0);
    CHECK_U64(find_text(&p.profile, "memory.fill")->gas, 1 + 123);
    CHECK_U64(find_text(&p.profile, "call 0 gas_left")->gas, 1);
    CHECK_U64(find_text(&p.profile, "call 0 gas_left")->host_gas, 0);
    CHECK_U64(find_text(&p.profile, "memory.grow")->gas, 1);
    CHECK_U64(find_text(&p.profile, "memory.grow")->host_gas, 1);
    CHECK_U64(find_function(&p.profile, "gas_left")->kind, AETHER_PROFILE_HOST);
    CHECK_U64(find_function(&p.profile, "memory.grow")->kind, AETHER_PROFILE_HOST);
    CHECK_U64(find_function(&p.profile, "memory.grow")->self_gas, 1);
    pair_end(&p);
    subject_end(&self);
}

// What ran before a fault is told, up to the instruction that faulted; the rest is burned.
static void fault_is_told_up_to_its_instruction(void) {
    static const char text[] =
        "(module (func $f (result i32) (i32.div_u (i32.const 1) (i32.const 0)) (i32.mul (i32.const 3)))"
        "(func (export \"execute\") (result i32) call $f))";
    const setting with = {.schedule = AETHER_SCHEDULE_UNIT, .gas_limit = 1000};
    subject self = subject_of(text, &with);
    pair p = profile_bytes(self.engine, bytes_of(text), &with);
    check_sums(&p);
    check_function(&p.profile, "f", 1, 1 + 3, 1000 - 2);
    check_function(&p.profile, "burned by the failure", 1, 1000 - 6, 1000 - 6);
    CHECK_U64(p.profile.gas_burned, 1000 - 6);
    CHECK_U64(find_text(&p.profile, "i32.div_u")->executions, 1);
    CHECK_U64(find_text(&p.profile, "i32.mul")->executions, 0);
    const aether_profile_stack *last = &p.profile.stacks[p.profile.stack_count - 1];
    CHECK_U64(p.profile.functions[last->function].kind, AETHER_PROFILE_BURNED);
    CHECK_TEXT(p.profile.functions[p.profile.stacks[last->parent].function].name, "f");
    pair_end(&p);
    subject_end(&self);
}

static void out_of_gas_is_told_to_the_unit(void) {
    static const char text[] =
        "(module (func (export \"execute\") (result i32) (i32.add (i32.const 1)"
        "(i32.const 2)) (i32.sub (i32.const 3))))";
    const setting with = {.schedule = AETHER_SCHEDULE_UNIT, .gas_limit = 3};
    subject self = subject_of(text, &with);
    pair p = profile_bytes(self.engine, bytes_of(text), &with);
    check_sums(&p);
    CHECK_U64(p.result.end, AETHER_END_OUT_OF_GAS);
    CHECK_U64(p.profile.gas_burned, 0);
    CHECK_U64(find_text(&p.profile, "enter")->gas, 1);
    CHECK_U64(find_text(&p.profile, "i32.const 2")->gas, 1);
    CHECK_U64(find_text(&p.profile, "i32.add")->gas, 0);
    pair_end(&p);
    subject_end(&self);
}

// Two functions that call each other in every order have 2^21 paths.
static void paths_beyond_the_most_are_taken_together(void) {
    static const char text[] =
        "(module (func $a (param i32) (if (local.get 0) (then (call $a (i32.sub (local.get 0) (i32.const 1)))"
        "(call $b (i32.sub (local.get 0) (i32.const 1))))))"
        "(func $b (param i32) (if (local.get 0) (then (call $a (i32.sub (local.get 0) (i32.const 1)))"
        "(call $b (i32.sub (local.get 0) (i32.const 1))))))"
        "(func (export \"execute\") (result i32) (call $a (i32.const 20)) i32.const 0))";
    const setting with = {.gas_limit = 100000000};
    subject self = subject_of(text, &with);
    pair p = profile_bytes(self.engine, bytes_of(text), &with);
    CHECK(p.result.success);
    check_sums(&p);
    CHECK_U64(p.profile.stack_count, 1000000 - 1);
    CHECK_U64(p.profile.functions[p.profile.stacks[0].function].kind, AETHER_PROFILE_OTHER);
    CHECK(p.profile.stacks[0].self_gas != 0);
    CHECK_U64(find_function(&p.profile, "a")->calls + find_function(&p.profile, "b")->calls,
        (UINT64_C(1) << 21) - 1);
    pair_end(&p);
    subject_end(&self);
}

static void profiling_survives_each_failing_allocation(void) {
    const char *text = programs[1];
    const setting with = {0};
    const aether_execution_context context = context_of(&with);
    aether_error err;
    aether_engine *engine = NULL;
    CHECK_OK(aether_engine_create(NULL, &engine, &err));
    uint64_t n = 0;
    for (bool is_done = false; !is_done; n++) {
        pair p = {.profile = {.struct_size = sizeof p.profile}};
        ae_alloc_fail_after(n);
        const aether_status status = aether_profile_execute(
            engine, bytes_of(text), &context, with.input, NULL, &p.result, &p.profile, &err);
        ae_alloc_fail_after(UINT64_MAX);
        is_done = status == AETHER_OK;
        if (is_done) {
            check_sums(&p);
        } else {
            CHECK_U64(status, AETHER_OUT_OF_MEMORY);
            CHECK(p.result.owner == NULL && p.profile.owner == NULL);
        }
        pair_end(&p);
        CHECK(n < 1000);
    }
    CHECK(n > 10);
    aether_engine_destroy(engine);
}

static void misuse_and_rejection_are_statuses(void) {
    const setting with = {0};
    aether_execution_context context = context_of(&with);
    const aether_bytes code = bytes_of(programs[0]);
    pair p = {.profile = {.struct_size = sizeof p.profile}};
    aether_error err;
    aether_engine *engine = NULL;
    CHECK_OK(aether_engine_create(NULL, &engine, &err));
#define PROFILE(engine, code, context, result, profile) \
    aether_profile_execute(engine, code, context, with.input, NULL, result, profile, &err)
    CHECK_STATUS(PROFILE(NULL, code, &context, &p.result, &p.profile), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(PROFILE(engine, code, NULL, &p.result, &p.profile), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(PROFILE(engine, code, &context, NULL, &p.profile), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(PROFILE(engine, code, &context, &p.result, NULL), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(PROFILE(engine, bytes_of("(module"), &context, &p.result, &p.profile),
        AETHER_MALFORMED_TEXT);
    context.entry = AETHER_ENTRY_QUERY;
    CHECK_STATUS(PROFILE(engine, code, &context, &p.result, &p.profile), AETHER_MISSING_ENTRY);
    p.profile.struct_size--;
    CHECK_STATUS(PROFILE(engine, code, &context, &p.result, &p.profile), AETHER_INVALID_ARGUMENT);
#undef PROFILE
    aether_profile_destroy(&p.profile);
    aether_engine_destroy(engine);
}

TEST_MAIN(TEST(sums_are_the_gas_used_under_every_limit) TEST(every_compiler_gives_the_same_profile)
        TEST(sums_of_random_programs_are_the_gas_used) TEST(functions_are_as_counted_by_hand)
            TEST(instructions_are_as_counted_by_hand) TEST(fault_is_told_up_to_its_instruction)
                TEST(out_of_gas_is_told_to_the_unit) TEST(paths_beyond_the_most_are_taken_together)
                    TEST(profiling_survives_each_failing_allocation)
                        TEST(misuse_and_rejection_are_statuses))
