#include "oracle/trial.h"

#include "base/bytes.h"
#include "harness/test.h"

#include <stdio.h>

trial_engines trial_engines_open(aether_schedule schedule, unsigned compilers) {
    aether_error err;
    trial_engines self = {.schedule = schedule};
    const aether_protocol protocol = {
        .struct_size = sizeof protocol, .version = AETHER_PROTOCOL_VERSION, .schedule = schedule};
    for (unsigned i = 0; i < TRIAL_COMPILER_COUNT; i++) {
        const aether_engine_options options = {.struct_size = sizeof options,
            .compiler = (aether_compiler)i,
            .executions_max = 1,
            .protocol = &protocol};
        if ((compilers >> i & 1) != 0)
            CHECK_OK(aether_engine_create(&options, &self.engines[i], &err));
    }
    return self;
}

void trial_engines_close(trial_engines *engines) {
    for (unsigned i = 0; i < TRIAL_COMPILER_COUNT; i++)
        aether_engine_destroy(engines->engines[i]);
}

trial trial_open(const trial_engines *engines, aether_bytes wasm) {
    aether_error err;
    trial self = {.interpreter = interpreter_create(wasm, ae_schedule_get(engines->schedule))};
    for (unsigned i = 0; i < TRIAL_COMPILER_COUNT; i++)
        if (engines->engines[i] != NULL)
            CHECK_OK(aether_contract_load(engines->engines[i], wasm, &self.contracts[i], &err));
    return self;
}

void trial_close(trial *self) {
    for (unsigned i = 0; i < TRIAL_COMPILER_COUNT; i++)
        aether_contract_destroy(self->contracts[i]);
    interpreter_destroy(self->interpreter);
}

// Two descriptions of one thing; the first that differs is written down.
typedef struct comparison {
    char *out;
    size_t len;
    bool is_equal;
} comparison;

static void compare_numbers(
    comparison *self, const char *what, uint64_t actual, uint64_t expected) {
    if (!self->is_equal || actual == expected)
        return;
    self->is_equal = false;
    snprintf(self->out, self->len, "%s is %lld, expected %lld", what, (long long)actual,
        (long long)expected);
}

static void compare_bytes(
    comparison *self, const char *what, aether_bytes actual, aether_bytes expected) {
    if (!self->is_equal || ae_bytes_equal(actual, expected))
        return;
    self->is_equal = false;
    size_t at = 0;
    while (at < actual.len && at < expected.len && actual.data[at] == expected.data[at])
        at++;
    snprintf(self->out, self->len,
        "%s: %zu bytes, expected %zu; from byte %zu on: %02x …, expected %02x …", what, actual.len,
        expected.len, at, at < actual.len ? actual.data[at] : 0,
        at < expected.len ? expected.data[at] : 0);
}

static void compare_effects(comparison *self, const aether_execution_result *actual,
    const aether_execution_result *expected) {
    compare_numbers(self, "number of changes", actual->change_count, expected->change_count);
    for (size_t i = 0; self->is_equal && i < expected->change_count; i++) {
        const aether_change *a = &actual->changes[i], *b = &expected->changes[i];
        compare_bytes(self, "key of a change", a->key, b->key);
        compare_numbers(self, "is_removed of a change", a->is_removed, b->is_removed);
        if (!b->is_removed)
            compare_bytes(self, "value of a change", a->value, b->value);
    }
    compare_numbers(self, "number of logs", actual->log_count, expected->log_count);
    for (size_t i = 0; self->is_equal && i < expected->log_count; i++) {
        const aether_log *a = &actual->logs[i], *b = &expected->logs[i];
        compare_bytes(self, "address of a log", ae_bytes(a->address.bytes, AETHER_ADDRESS_LEN),
            ae_bytes(b->address.bytes, AETHER_ADDRESS_LEN));
        compare_bytes(self, "topics of a log",
            ae_bytes(a->topics, a->topic_count * sizeof *a->topics),
            ae_bytes(b->topics, b->topic_count * sizeof *b->topics));
        compare_bytes(self, "data of a log", a->data, b->data);
    }
}

// Whether two diagnoses may stand for one failure: out of gas may be noticed before or after a fault that
// comes near, but never when there is more gas than anything can use.
static bool ends_agree(aether_end actual, aether_end expected, uint64_t limit) {
    if (actual == expected)
        return true;
    return limit != UINT64_MAX &&
           (actual == AETHER_END_OUT_OF_GAS || expected == AETHER_END_OUT_OF_GAS);
}

static void compare_results(comparison *self, const aether_execution_result *actual,
    const aether_execution_result *expected) {
    compare_numbers(self, "outcome", actual->outcome, expected->outcome);
    compare_numbers(self, "success", actual->success, expected->success);
    compare_numbers(self, "code", (uint64_t)actual->code, (uint64_t)expected->code);
    compare_numbers(self, "gas_used", actual->gas_used, expected->gas_used);
    compare_bytes(self, "return data", actual->return_data, expected->return_data);
    compare_effects(self, actual, expected);
    if (expected->end == AETHER_END_RETURNED)
        compare_bytes(self, "memory hash",
            ae_bytes(actual->memory_hash.bytes, sizeof actual->memory_hash.bytes),
            ae_bytes(expected->memory_hash.bytes, sizeof expected->memory_hash.bytes));
    // Host functions act at the same moments whatever the end is called.
    compare_bytes(
        self, "debug text", ae_bytes_of(actual->debug_text), ae_bytes_of(expected->debug_text));
    if (!ends_agree(actual->end, expected->end, expected->gas_limit))
        compare_numbers(self, "end", actual->end, expected->end);
}

bool trial_run(trial *self, const aether_execution_context *context, aether_bytes input,
    const aether_store *store) {
    aether_error err;
    char difference[384];
    comparison compared = {.out = difference, .len = sizeof difference, .is_equal = true};
    self->expected = interpreter_run(self->interpreter, context, input, store);
    for (unsigned i = 0; i < TRIAL_COMPILER_COUNT && compared.is_equal; i++) {
        aether_execution_result actual;
        if (self->contracts[i] == NULL)
            continue;
        const aether_status status =
            aether_execute(self->contracts[i], context, input, store, &actual, &err);
        if (status != AETHER_OK) {
            snprintf(self->difference, sizeof self->difference, "compiler %u, limit %llu: %s", i,
                (unsigned long long)context->gas_limit, err.message);
            return false;
        }
        compare_results(&compared, &actual, &self->expected.seen);
        if (!compared.is_equal)
            snprintf(self->difference, sizeof self->difference,
                "compiler %u, entry %u, limit %llu: %s (end %s, expected %s)", i,
                (unsigned)context->entry, (unsigned long long)context->gas_limit, difference,
                aether_end_text(actual.end), aether_end_text(self->expected.seen.end));
        aether_execution_result_destroy(&actual);
    }
    return compared.is_equal;
}

aether_execution_context trial_context(uint64_t gas_limit) {
    aether_execution_context context = {.struct_size = sizeof context,
        .entry = AETHER_ENTRY_EXECUTE,
        .value = {.low = 5},
        .gas_limit = gas_limit,
        .block_number = 7,
        .timestamp = 1700000000,
        .chain_id = ae_bytes_of("test"),
        .hash_memory = true};
    memset(context.contract_address.bytes, 2, AETHER_ADDRESS_LEN);
    memset(context.caller.bytes, 1, AETHER_ADDRESS_LEN);
    return context;
}
