// Calibration of the prices of schedule v1, and the band that they keep.
//
// Every instruction and every host function is measured in a pattern: itself with the least operands that it
// needs, repeated in a loop whose own cost is subtracted. Nanoseconds of thread CPU time, the minimum of
// many short rounds, on data that fits the first-level cache; the code is compiled by the runtime's own
// configuration of Cranelift, without metering and without canonicalisation of NaN. Gas of the pattern is
// what the metered module charges for it. Two patterns: a dependent chain, where each execution waits for
// the one before, and throughput, where eight of them are independent; the slower one in nanoseconds per
// gas counts.
//
//   gas_band                    dearest / cheapest of all of them; gas_band_instructions without host functions
//   gas_ns_cheapest, …_dearest  the least and the greatest nanoseconds per gas
//   gas_ns_dearest_metered      the greatest of the code that contracts run: metered, NaN made canonical
//   gas_ns_throughput_…         the same ends of the throughput patterns alone
//   price_NAME_KIND             nanoseconds per gas of one pattern; with pattern_ns_…, pattern_gas_…, metered_….
//                               Only when a name is asked for: aether_bench price_ pattern_ns_
//
// An instruction that compiles to nothing (a local, a constant) is measured with the addition that uses it;
// one that compiles to a branch also with a condition that can't be predicted. The bases of host functions
// count with few bytes, their rates with many, wherever a byte is more than copied. Storage and events count
// with what a database adds (calibrate_host.c). Apart stands what no price of one execution follows: copies within
// the cache, which cost less than 1 gas a byte, loads that wait for a store of another width, loads that miss.
#include "calibrate.h"

#include "engine/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAS_LIMIT ((uint64_t)1 << 62)
#define ITERATIONS 3000
#define REPETITIONS 32
#define METERED_ROUNDS 11
#define PASSES 3 // seconds apart, so that one spell of noise does not count

static const char chain_id[64] = "the longest one";

// ---- Modules

static const char *const letters = "iIfF";

static const char *type_name(char type) {
    static const char *const names[] = {"i32", "i64", "f32", "f64"};
    return names[strchr(letters, type) - letters];
}

// Values that the compiler can't know: a, b, c, d operands, o one, t a great number, k a length, z zero, x the
// accumulator, 0 to 7 those of the throughput patterns.
typedef struct opaque {
    char name;
    const char *values[4];
} opaque;

#define START \
    { "0", "0", "1.5", "1.5" }

static const opaque opaques[] = {
    {'a', {"1515870811", "1515870811515870811", "1.0000001", "1.0000000001"}},
    {'b', {"3", "5", "0.9999999", "0.9999999999"}},
    {'c', {"305419897", "305419897305419897", "1.0000002", "1.0000000002"}},
    {'d', {"7", "11", "0.9999998", "0.9999999998"}},
    {'o', {"1", "1", "1", "1"}},
    {'t', {"0x7fffffff", "0x7fffffffffffffff", "3.1", "3.1"}},
    {'k', {"4096", "4096", "4096", "4096"}},
    {'z', {"0", "0", "0", "0"}},
    {'x', START},
    {'0', START},
    {'1', START},
    {'2', START},
    {'3', START},
    {'4', START},
    {'5', START},
    {'6', START},
    {'7', START},
};

enum { OPAQUE_COUNT = sizeof opaques / sizeof opaques[0], TYPE_COUNT = 4 };

static void write_globals(FILE *out) {
    for (size_t i = 0; i < OPAQUE_COUNT; i++)
        for (size_t k = 0; k < TYPE_COUNT; k++)
            fprintf(out, "(global $%c%c (mut %s) (%s.const %s))\n", letters[k], opaques[i].name,
                type_name(letters[k]), type_name(letters[k]), opaques[i].values[k]);
}

static void write_code(FILE *out, const char *code, uint32_t repetition) {
    for (; *code != '\0'; code++)
        if (*code == '#')
            fprintf(out, "%u", repetition);
        else if (*code == '@')
            fputc("abcd"[(repetition + repetition / 8) % 4], out);
        else if (*code == '%')
            fprintf(out, "%u", repetition % 8);
        else
            fputc(*code, out);
    fputc('\n', out);
}

// What a function begins and ends with: all values in locals, and from there to where they can be seen.
static void write_values(FILE *out, const char *format) {
    for (size_t i = 0; i < OPAQUE_COUNT; i++)
        for (size_t k = 0; k < TYPE_COUNT; k++)
            fprintf(out, format, letters[k], opaques[i].name, letters[k], opaques[i].name);
}

// A loop over the repetitions; none: the empty loop that is subtracted.
static void write_function(
    FILE *out, const char *entry, const calibrate_pattern *pattern, uint32_t repetitions) {
    fprintf(out, "(func (export \"%s\") (result i32) (local $n i32)\n", entry);
    for (size_t i = 0; i < OPAQUE_COUNT; i++)
        for (size_t k = 0; k < TYPE_COUNT; k++)
            fprintf(out, "(local $%c%c %s)", letters[k], opaques[i].name, type_name(letters[k]));
    write_values(out, "(local.set $%c%c (global.get $%c%c))\n");
    fprintf(out, "(local.set $n (i32.const %d))\n(loop $again\n", ITERATIONS);
    for (uint32_t i = 0; i < repetitions && pattern->prefix != NULL; i++)
        write_code(out, pattern->prefix, i);
    if (pattern->type != 0)
        fprintf(out, "local.get $%cx\n", pattern->type);
    for (uint32_t i = 0; i < repetitions; i++)
        write_code(out, pattern->code, i);
    if (pattern->type != 0)
        fprintf(out, "local.set $%cx\n", pattern->type);
    fputs("(br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))\n", out);
    write_values(out, "(global.set $%c%c (local.get $%c%c))\n");
    fputs("i32.const 0)\n", out);
}

static uint32_t repetitions_of(const calibrate_pattern *pattern) {
    return pattern->repetitions != 0 ? pattern->repetitions : REPETITIONS;
}

// `execute` is the empty loop, `query` the pattern.
static bool make_text(const calibrate_pattern *pattern, char **out_text) {
    size_t len = 0;
    FILE *out = open_memstream(out_text, &len);
    if (out == NULL)
        return bench_fail("calibrate: no memory");
    fprintf(out, "(module (memory (export \"memory\") 1)\n%s\n",
        pattern->fields != NULL ? pattern->fields : "");
    write_globals(out);
    write_function(out, "execute", pattern, 0);
    write_function(out, "query", pattern, repetitions_of(pattern));
    fputs(")", out);
    return fclose(out) == 0 || bench_fail("calibrate: no memory");
}

// ---- As contracts run it

bool calibrate_load(calibrate *self, const char *text, aether_contract **out_contract) {
    aether_error err;
    const aether_bytes bytes = {.data = (const uint8_t *)text, .len = strlen(text)};
    return bench_ok(
        aether_contract_load(self->engine, bytes, out_contract, &err), "calibrate", &err);
}

bool calibrate_execute(const aether_contract *contract, aether_entry entry, aether_bytes input,
    const aether_store *store, double *out_ns, double *out_gas, aether_end *out_end) {
    const aether_execution_context context = {.struct_size = sizeof context,
        .entry = entry,
        .gas_limit = GAS_LIMIT,
        .block_number = 1,
        .chain_id = {.data = (const uint8_t *)chain_id, .len = sizeof chain_id}};
    aether_execution_result result;
    aether_error err;
    const uint64_t start = bench_now_ns();
    const aether_status status = aether_execute(contract, &context, input, store, &result, &err);
    if (status != AETHER_OK)
        return bench_ok(status, "calibrate", &err);
    const aether_end end = result.end;
    const bool success = result.success;
    *out_gas = (double)result.gas_used;
    aether_execution_result_destroy(&result);
    *out_ns = (double)(bench_now_ns() - start);
    if (out_end != NULL)
        *out_end = end;
    return success || out_end != NULL || bench_fail("calibrate: ended as %s", aether_end_text(end));
}

bool calibrate_execute_both(const aether_contract *contract, const aether_entry entries[2],
    const calibrate_calls *calls, double *out_ns, double *out_gas) {
    double ns[2] = {0}, gas[2] = {0};
    for (uint32_t round = 0; round <= calls->rounds; round++)
        for (size_t i = 0; i < 2; i++) {
            double taken;
            aether_end end;
            if (!calibrate_execute(contract, entries[i], calls->input, calls->store, &taken,
                    &gas[i], calls->may_revert ? &end : NULL))
                return false;
            if (round <= 1 || taken < ns[i]) // the first one does not count
                ns[i] = taken;
        }
    *out_ns = ns[1] - ns[0];
    *out_gas = gas[1] - gas[0];
    return true;
}

static bool measure_metered(calibrate *self, const char *text, double *out_ns, double *out_gas) {
    static const aether_entry entries[] = {AETHER_ENTRY_EXECUTE, AETHER_ENTRY_QUERY};
    const calibrate_calls calls = {.rounds = METERED_ROUNDS};
    aether_contract *contract = NULL;
    const bool ok = calibrate_load(self, text, &contract) &&
                    calibrate_execute_both(contract, entries, &calls, out_ns, out_gas);
    aether_contract_destroy(contract);
    return ok;
}

// ---- Without metering

static bool run_entry(bare_instance *instance, const char *entry) {
    wasmtime_val_raw_t slots[1];
    return bare_instance_call(instance, entry, slots, 1);
}

static bool run_empty(void *data) {
    return run_entry(data, "execute");
}

static bool run_pattern(void *data) {
    return run_entry(data, "query");
}

static bool measure_plain(bare_engine *engine, const char *text, double *out_ns) {
    bare_code code = {0};
    bare_instance instance = {0};
    aether_bytes binary = {0};
    bench_piece pieces[] = {
        {.run = run_empty, .data = &instance}, {.run = run_pattern, .data = &instance}};
    const bool ok = bare_text_to_binary(text, &binary) && bare_code_init(&code, engine, binary) &&
                    bare_instance_init(&instance, &code) &&
                    bench_rounds(pieces, 2, CALIBRATE_ROUNDS);
    if (ok)
        *out_ns = bench_minimum(pieces[1].ns, CALIBRATE_ROUNDS) -
                  bench_minimum(pieces[0].ns, CALIBRATE_ROUNDS);
    bare_instance_deinit(&instance);
    bare_code_deinit(&code);
    free((void *)(uintptr_t)binary.data);
    return ok;
}

bool calibrate_measure(calibrate *self, const calibrate_pattern *pattern) {
    calibrate_figure figure = {.kind = pattern->kind, .is_apart = pattern->is_apart};
    snprintf(figure.name, sizeof figure.name, "%s", pattern->name);
    char *text = NULL;
    const bool ok = make_text(pattern, &text) &&
                    measure_metered(self, text, &figure.metered_ns, &figure.gas) &&
                    measure_plain(&self->plain, text, &figure.ns);
    free(text);
    const double executions = (double)ITERATIONS * repetitions_of(pattern);
    figure.ns /= executions;
    figure.metered_ns /= executions;
    figure.gas /= executions;
    if (!ok)
        return bench_fail("calibrate: %s (%s) is left out", pattern->name, pattern->kind);
    calibrate_add(self, &figure);
    return true;
}

// ---- The band

static double least(double a, double b) {
    return a < b ? a : b;
}

void calibrate_add(calibrate *self, const calibrate_figure *figure) {
    for (size_t i = 0; i < self->count; i++) {
        calibrate_figure *known = &self->figures[i];
        if (strcmp(known->name, figure->name) != 0 || strcmp(known->kind, figure->kind) != 0)
            continue;
        known->ns = least(known->ns, figure->ns);
        known->metered_ns = least(known->metered_ns, figure->metered_ns);
        return;
    }
    if (self->count < CALIBRATE_FIGURES_MAX)
        self->figures[self->count++] = *figure;
}

static double rate_of(const calibrate_figure *figure) {
    return figure->ns / figure->gas;
}

static double metered_rate_of(const calibrate_figure *figure) {
    return (figure->metered_ns != 0 ? figure->metered_ns : figure->ns) / figure->gas;
}

// Whether another pattern of the same name is slower.
static bool has_slower(const calibrate *self, const calibrate_figure *figure,
    double (*rate)(const calibrate_figure *)) {
    for (size_t i = 0; i < self->count; i++) {
        const calibrate_figure *other = &self->figures[i];
        if (!other->is_apart && strcmp(other->name, figure->name) == 0 &&
            rate(other) > rate(figure))
            return true;
    }
    return false;
}

typedef struct band {
    const calibrate_figure *cheapest, *dearest;
    double low, high; // nanoseconds per gas
} band;

static void widen(band *of, const calibrate_figure *figure, double rate) {
    if (of->cheapest == NULL || rate < of->low) {
        of->cheapest = figure;
        of->low = rate;
    }
    if (of->dearest == NULL || rate > of->high) {
        of->dearest = figure;
        of->high = rate;
    }
}

static band find_band(
    const calibrate *self, bool with_host, double (*rate)(const calibrate_figure *)) {
    band found = {0};
    for (size_t i = 0; i < self->count; i++) {
        const calibrate_figure *figure = &self->figures[i];
        if (!figure->is_apart && (with_host || !figure->is_host) && !has_slower(self, figure, rate))
            widen(&found, figure, rate(figure));
    }
    return found;
}

static band find_throughput(const calibrate *self) {
    band found = {0};
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->figures[i].kind, "throughput") == 0)
            widen(&found, &self->figures[i], rate_of(&self->figures[i]));
    return found;
}

static void explain_band(const char *name, const band *of) {
    fprintf(stderr, "bench: %s: cheapest %s (%s), dearest %s (%s)\n", name, of->cheapest->name,
        of->cheapest->kind, of->dearest->name, of->dearest->kind);
}

static void print_bands(const calibrate *self) {
    const band all = find_band(self, true, rate_of), instructions = find_band(self, false, rate_of);
    const band metered = find_band(self, true, metered_rate_of), throughput = find_throughput(self);
    if (instructions.cheapest == NULL || throughput.cheapest == NULL)
        return;
    const bench *out = self->bench;
    bench_print(out, "gas_band", all.high / all.low, "ratio", self->count);
    bench_print(
        out, "gas_band_instructions", instructions.high / instructions.low, "ratio", self->count);
    bench_print(out, "gas_ns_cheapest", all.low, "ns/gas", CALIBRATE_ROUNDS);
    bench_print(out, "gas_ns_dearest", all.high, "ns/gas", CALIBRATE_ROUNDS);
    bench_print(out, "gas_ns_dearest_metered", metered.high, "ns/gas", METERED_ROUNDS);
    bench_print(out, "gas_ns_throughput_cheapest", throughput.low, "ns/gas", CALIBRATE_ROUNDS);
    bench_print(out, "gas_ns_throughput_dearest", throughput.high, "ns/gas", CALIBRATE_ROUNDS);
    explain_band("gas_band", &all);
    explain_band("gas_band_instructions", &instructions);
    explain_band("gas_ns_dearest_metered", &metered);
    explain_band("gas_ns_throughput", &throughput);
}

static void print_detail(const bench *out, const calibrate_figure *figure, const char *column,
    double value, const char *unit) {
    char name[128];
    snprintf(name, sizeof name, "%s_%s_%s", column, figure->name, figure->kind);
    bench_print(out, name, value, unit, CALIBRATE_ROUNDS);
}

// All rows, for whoever asks for them by name.
static void print_details(const calibrate *self) {
    for (size_t i = 0; i < self->count && self->bench->pattern_count != 0; i++) {
        const calibrate_figure *figure = &self->figures[i];
        print_detail(self->bench, figure, "price", rate_of(figure), "ns/gas");
        print_detail(self->bench, figure, "pattern_ns", figure->ns, "ns");
        print_detail(self->bench, figure, "pattern_gas", figure->gas, "gas");
        if (figure->metered_ns != 0)
            print_detail(self->bench, figure, "metered", metered_rate_of(figure), "ns/gas");
    }
}

// The runtime's configuration, but that the engine makes no NaN canonical: the bytecode does, where a NaN can be
// seen.
static bool start_plain(bare_engine *engine) {
    const ae_engine_settings settings = {
        .compiler = AETHER_COMPILER_CRANELIFT, .instances_max = 16};
    aether_error err;
    wasm_config_t *config;
    if (!bench_ok(ae_engine_config(&settings, &config, &err), "calibrate", &err))
        return false;
    wasmtime_config_cranelift_nan_canonicalization_set(config, false);
    engine->native = wasm_engine_new_with_config(config);
    if (engine->native == NULL)
        return bench_fail("calibrate: the engine did not start");
    engine->linker = wasmtime_linker_new(engine->native);
    return true;
}

static bool measure(calibrate *self) {
    aether_error err;
    if (!start_plain(&self->plain) ||
        !bench_ok(aether_engine_create(NULL, &self->engine, &err), "calibrate", &err))
        return false;
    for (int pass = 0; pass < PASSES; pass++)
        if (!calibrate_numeric(self) || !calibrate_control(self) || !calibrate_host(self) ||
            !calibrate_memory(self))
            return false;
    print_bands(self);
    print_details(self);
    return calibrate_misses(self);
}

static bool run(const bench *asked) {
    calibrate *self = calloc(1, sizeof *self);
    if (self == NULL)
        return bench_fail("calibrate: no memory");
    self->bench = asked;
    const bool ok = measure(self);
    aether_engine_destroy(self->engine);
    bare_engine_deinit(&self->plain);
    free(self);
    return ok;
}

// Of the rows, the start of their names: one line for each pattern.
static const char *const names[] = {"gas_band", "gas_band_instructions", "gas_ns_cheapest",
    "gas_ns_dearest", "gas_ns_dearest_metered", "gas_ns_throughput_cheapest",
    "gas_ns_throughput_dearest", "load_miss_4_mib", "load_miss_16_mib", "load_miss",
    "load_miss_native",
#define AE_OPCODE_PRICE(name, v1, rule) "price_" #name,
#include "gas/opcode_prices.def"
#undef AE_OPCODE_PRICE
#define AE_HOST_PRICE(name, base, in_rate, out_rate, rule) "price_" #name,
#include "gas/host_prices.def"
#undef AE_HOST_PRICE
    NULL};

const bench_group bench_calibrate = {.names = names, .run = run};
