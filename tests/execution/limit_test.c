/* Limits of an execution, at n and n + 1.
 * Method: contracts that take the length from the input, or sit exactly at a limit. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD                                                                                           \
    "(module"                                                                                          \
    "(import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"                            \
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"                                  \
    "(import \"env\" \"revert\" (func $revert (param i32 i32)))"                                       \
    "(import \"env\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"                         \
    "(import \"env\" \"emit\" (func $emit (param i32 i32 i32 i32)))"                                   \
    "(memory (export \"memory\") 64)"                                                                  \
    "(func $n (result i32) (drop (call $input (i32.const 0) (i32.const 4))) (i32.load (i32.const 0)))" \
    "(func (export \"execute\") (result i32) (local i32)"
#define TAIL " i32.const 0))"

static aether_execution_result run_n(const subject *self, uint32_t n) {
    const uint8_t input[4] = {
        (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
    const setting with = {.gas_limit = UINT64_MAX, .input = {input, 4}};
    return subject_run(self, &with);
}

// Succeeds (or reverts) with n, fails with n + 1 by the host's refusal.
static void check_host_limit(const char *body, uint32_t n, aether_end fine) {
    char text[2048];
    snprintf(text, sizeof text, HEAD "%s" TAIL, body);
    const setting with = {0};
    subject self = subject_of(text, &with);
    aether_execution_result at = run_n(&self, n);
    CHECK_U64(at.end, fine);
    CHECK(at.outcome != AETHER_OUTCOME_FAILED);
    aether_execution_result above = run_n(&self, n + 1);
    CHECK_U64(above.outcome, AETHER_OUTCOME_FAILED);
    CHECK_U64(above.end, AETHER_END_HOST);
    CHECK_U64(above.gas_used, UINT64_MAX);
    aether_execution_result_destroy(&at);
    aether_execution_result_destroy(&above);
    subject_end(&self);
}

static void host_arguments_have_limits(void) {
    check_host_limit("(call $return (i32.const 8) (call $n))", 65536, AETHER_END_RETURNED);
    check_host_limit("(call $revert (i32.const 8) (call $n))", 65536, AETHER_END_REVERT);
    check_host_limit("(call $write (i32.const 8) (call $n) (i32.const 8) (i32.const 1))", 256,
        AETHER_END_RETURNED);
    check_host_limit("(call $write (i32.const 8) (i32.const 1) (i32.const 8) (call $n))", 65536,
        AETHER_END_RETURNED);
    check_host_limit(
        "(call $emit (i32.const 8) (call $n) (i32.const 8) (i32.const 1))", 4, AETHER_END_RETURNED);
    check_host_limit("(call $emit (i32.const 8) (i32.const 0) (i32.const 8) (call $n))", 262144,
        AETHER_END_RETURNED);
    // n events
    check_host_limit("(local.set 0 (call $n)) (loop"
                     "(call $emit (i32.const 8) (i32.const 0) (i32.const 8) (i32.const 0))"
                     "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))",
        1024, AETHER_END_RETURNED);
}

static void input_and_chain_id_have_limits(void) {
    aether_error err;
    const setting with = {0};
    static uint8_t input[131073];
    subject self = subject_of(HEAD "(drop (call $input (i32.const 0) (i32.const 0)))" TAIL, &with);
    aether_execution_result result;
    aether_execution_context context = context_of(&with);
    CHECK_OK(aether_execute(
        self.contract, &context, (aether_bytes){input, 131072}, NULL, &result, &err));
    aether_execution_result_destroy(&result);
    CHECK_STATUS(
        aether_execute(self.contract, &context, (aether_bytes){input, 131073}, NULL, &result, &err),
        AETHER_LIMIT_EXCEEDED);
    CHECK(strstr(err.message, "131073") != NULL && strstr(err.message, "131072") != NULL);
    context.chain_id.len = 64;
    context.chain_id.data = input;
    CHECK_OK(aether_execute(self.contract, &context, (aether_bytes){0}, NULL, &result, &err));
    context.chain_id.len = 65;
    CHECK_STATUS(aether_execute(self.contract, &context, (aether_bytes){0}, NULL, &result, &err),
        AETHER_INVALID_ARGUMENT);
    subject_end(&self);
}

static void arguments_are_checked(void) {
    aether_error err;
    const setting with = {0};
    subject self = subject_of(HEAD TAIL, &with);
    aether_execution_result result;
    aether_execution_context context = context_of(&with);
    const aether_bytes none = {0};
    CHECK_STATUS(
        aether_execute(NULL, &context, none, NULL, &result, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_execute(self.contract, NULL, none, NULL, &result, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_execute(self.contract, &context, none, NULL, NULL, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_execute(self.contract, &context, (aether_bytes){NULL, 1}, NULL, &result, &err),
        AETHER_INVALID_ARGUMENT);
    const aether_store broken = {0};
    CHECK_STATUS(aether_execute(self.contract, &context, none, &broken, &result, &err),
        AETHER_INVALID_ARGUMENT);
    context.struct_size = 0;
    CHECK_OK(aether_execute(self.contract, &context, none, NULL, &result, &err));
    context.struct_size = 8;
    CHECK_STATUS(aether_execute(self.contract, &context, none, NULL, &result, &err),
        AETHER_INVALID_ARGUMENT);
    context = context_of(&with);
    context.entry = (aether_entry)4;
    CHECK_STATUS(aether_execute(self.contract, &context, none, NULL, &result, &err),
        AETHER_INVALID_ARGUMENT);
    context.entry = AETHER_ENTRY_MIGRATE;
    CHECK_STATUS(
        aether_execute(self.contract, &context, none, NULL, &result, &err), AETHER_MISSING_ENTRY);
    CHECK(strstr(err.message, "migrate") != NULL);
    CHECK(!aether_contract_has_entry(self.contract, AETHER_ENTRY_MIGRATE));
    CHECK(aether_contract_has_entry(self.contract, AETHER_ENTRY_EXECUTE));
    CHECK(!aether_contract_has_entry(self.contract, (aether_entry)4));
    context.entry = AETHER_ENTRY_QUERY;
    context.value.low = 1;
    CHECK_STATUS(aether_execute(self.contract, &context, none, NULL, &result, NULL),
        AETHER_INVALID_ARGUMENT);
    subject_end(&self);
}

static void engine_options_are_checked(void) {
    aether_error err;
    aether_engine *engine = NULL;
    aether_engine_options options = {.struct_size = sizeof options, .executions_max = 65};
    CHECK_STATUS(aether_engine_create(&options, &engine, &err), AETHER_INVALID_ARGUMENT);
    options = (aether_engine_options){.struct_size = 3};
    CHECK_STATUS(aether_engine_create(&options, &engine, &err), AETHER_INVALID_ARGUMENT);
    options =
        (aether_engine_options){.struct_size = sizeof options, .compiler = (aether_compiler)4};
    CHECK_STATUS(aether_engine_create(&options, &engine, &err), AETHER_INVALID_ARGUMENT);
    aether_protocol protocol = {.struct_size = sizeof protocol, .version = 2};
    options = (aether_engine_options){.struct_size = sizeof options, .protocol = &protocol};
    CHECK_STATUS(aether_engine_create(&options, &engine, &err), AETHER_INVALID_ARGUMENT);
    protocol = (aether_protocol){
        .struct_size = sizeof protocol, .version = 1, .schedule = (aether_schedule)2};
    CHECK_STATUS(aether_engine_create(&options, &engine, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_engine_create(NULL, NULL, &err), AETHER_INVALID_ARGUMENT);
    CHECK(engine == NULL);
    aether_engine_destroy(NULL);
    aether_contract_destroy(NULL);
}

// The metered stack holds 256 KiB: frames of 8 × (params + locals + operand height) + 64.
static void the_metered_stack_ends_at_the_same_call_on_every_engine(void) {
    // $f: 1 param, 1 operand held (the argument less one; two while subtracting): 8 × (1 + 2) + 64 = 88.
    static const char text[] =
        "(module (func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))))"
        "(import \"env\" \"input\" (func $input (param i32 i32) (result i32))) (memory (export \"memory\") 1)"
        "(func (export \"execute\") (result i32) (drop (call $input (i32.const 0) (i32.const 4)))"
        "(call $f (i32.load (i32.const 0))) i32.const 0))";
    char ordered[1024]; // imports come first in the text format
    snprintf(ordered, sizeof ordered, "(module %.*s %.*s",
        (int)(strstr(text, "(func (export") - strstr(text, "(import")), strstr(text, "(import"),
        (int)(strstr(text, "(import") - strstr(text, "(func $f")), strstr(text, "(func $f"));
    strncat(ordered, strstr(text, "(func (export"), sizeof ordered - strlen(ordered) - 1);
    for (int compiler = 0; compiler <= AETHER_COMPILER_PULLEY; compiler++) {
        const setting with = {.compiler = (aether_compiler)compiler};
        subject self = subject_of(ordered, &with);
        // execute: no params or locals, 2 operands: 80. (262144 - 80) / 88 = 2978 calls of $f.
        aether_execution_result at = run_n(&self, 2978 - 1);
        CHECK(at.success);
        aether_execution_result above = run_n(&self, 2978);
        CHECK_U64(above.outcome, AETHER_OUTCOME_FAILED);
        CHECK_U64(above.end, AETHER_END_STACK_EXHAUSTED);
        CHECK_U64(above.gas_used, UINT64_MAX);
        CHECK(above.trap->frame_count == 64);
        CHECK_TEXT(above.trap->frames[0].function, "f");
        aether_execution_result_destroy(&above);
        subject_end(&self);
    }
}

// An optimising compiler keeps what it computed before a call for after it: native frames then exceed the
// metered ones many times (here 32 KB against 96 bytes, 2,729 deep). The native stack must not end first.
static void values_kept_across_calls_do_not_reach_the_native_stacks_end(void) {
    static const char *const operators[] = {"i64.popcnt", "i64.clz", "i64.ctz", "i64.extend8_s"};
    const int values = 4000;
    char *text = malloc(4 << 20);
    size_t len = (size_t)sprintf(text, "(module (global $g (mut i64) (i64.const 0))"
                                       "(func $f (param i64) (local i64) local.get 0 ");
    for (int i = 0; i < values; i++)
        len += (size_t)sprintf(text + len, "%s ", operators[i * 7 % 4]);
    len +=
        (size_t)sprintf(text + len, "global.set $g (call $f (i64.add (local.get 0) (i64.const 1)))"
                                    "local.get 0 local.get 0 ");
    for (int i = 0; i < values; i++)
        len += (size_t)sprintf(
            text + len, "%s local.tee 1 i64.xor local.get 1 ", operators[i * 7 % 4]);
    sprintf(text + len,
        "drop global.set $g)"
        "(func (export \"execute\") (result i32) (call $f (i64.const 3)) i32.const 0))");
    const setting with = {.gas_limit = UINT64_MAX};
    aether_execution_result result = run_text(text, &with);
    CHECK_U64(result.end, AETHER_END_STACK_EXHAUSTED);
    aether_execution_result_destroy(&result);
    free(text);
}

TEST_MAIN(TEST(host_arguments_have_limits) TEST(input_and_chain_id_have_limits)
        TEST(arguments_are_checked) TEST(engine_options_are_checked)
            TEST(the_metered_stack_ends_at_the_same_call_on_every_engine)
                TEST(values_kept_across_calls_do_not_reach_the_native_stacks_end))
