// What metering costs: nine kernels as the runtime compiles them, against the same without metering, and
// Wasmtime's fuel against the same; floats are canonical in all three, by the same code. What that costs
// is apart: the n-body kernel without metering, canonical against as uploaded. One instance of each lives
// through all rounds, so neither instantiation nor the first touch of memory counts.
//
// Every kernel is measured with its code in several places, because alignment alone moves a tight loop by
// more than metering does. A kernel's figure is the median over these places of the median over the
// rounds; the geometric mean and the worst are over the kernels.
#include "bare.h"
#include "contract.h"

#include "gas/instrument.h"
#include "host/host.h"
#include "oracle/canonicalize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAS ((int64_t)1 << 62) // never used up

enum { ROUNDS = 7, SHIFTS = 4 };

// The order is that of kernels.c. A run takes 10 to 40 ms.
#define KERNEL_MAP(X)    \
    X(sha256, 40000)     \
    X(keccak, 25000)     \
    X(matrix, 10)        \
    X(quicksort, 200000) \
    X(sieve, 5)          \
    X(fib, 32)           \
    X(copy, 100)         \
    X(token, 75000)      \
    X(nbody, 45000)

typedef struct kernel {
    const char *name;
    uint32_t size;
} kernel;

#define KERNEL_ROW(name, size) {#name, size},
static const kernel kernels[] = {KERNEL_MAP(KERNEL_ROW)};
#undef KERNEL_ROW

enum { KERNEL_COUNT = sizeof kernels / sizeof kernels[0] };

enum { PLAIN, METERED, FUEL, UPLOADED, MODE_COUNT };

// One way to run the kernels.
typedef struct mode {
    bare_engine engine;
    bare_code code;
    bare_instance instance;
    bool is_metered;
    uint32_t words[2]; /* what `input` answers: kernel and size */
    uint32_t answer;
} mode;

// `input` of a module without metering, and of a metered one, where the counter comes last.
static wasm_trap_t *answer_input(
    void *data, wasmtime_caller_t *caller, wasmtime_val_raw_t *slots, size_t slot_count) {
    const mode *self = data;
    const uint32_t to = (uint32_t)slots[0].i32;
    wasmtime_extern_t item;
    (void)slot_count;
    if (!wasmtime_caller_export_get(caller, "memory", 6, &item) ||
        item.kind != WASMTIME_EXTERN_MEMORY)
        return wasmtime_trap_new("no memory", 9);
    wasmtime_context_t *context = wasmtime_caller_context(caller);
    if (to + sizeof self->words > wasmtime_memory_data_size(context, &item.of.memory))
        return wasmtime_trap_new("out of bounds", 13);
    memcpy(wasmtime_memory_data(context, &item.of.memory) + to, self->words, sizeof self->words);
    slots[0].i32 = sizeof self->words;
    if (self->is_metered)
        slots[1].i64 = slots[2].i64;
    return NULL;
}

static bool run_kernel(void *data) {
    mode *self = data;
    wasmtime_val_raw_t slots[2];
    slots[0].i64 = GAS;
    slots[1].i32 = AE_STACK_BYTES_MAX;
    if (!bare_instance_call(&self->instance, "execute", slots, 2))
        return false;
    if (self->is_metered && slots[1].i64 >= GAS)
        return bench_fail("%s: metered code used no gas", kernels[self->words[0]].name);
    self->answer = (uint32_t)slots[0].i32;
    return true;
}

static bool init_engines(mode modes[MODE_COUNT]) {
    static const char *const signatures[MODE_COUNT] = {"ii>i", "iiI>iI", "ii>i", "ii>i"};
    for (size_t i = 0; i < MODE_COUNT; i++) {
        modes[i].is_metered = i == METERED;
        if (!bare_engine_init(&modes[i].engine, i == FUEL) ||
            !bare_engine_define(&modes[i].engine, "input", signatures[i], answer_input, &modes[i]))
            return false;
    }
    return true;
}

static void close_instances(mode modes[MODE_COUNT]) {
    for (size_t i = 0; i < MODE_COUNT; i++) {
        bare_instance_deinit(&modes[i].instance);
        bare_code_deinit(&modes[i].code);
        modes[i].instance = (bare_instance){0};
        modes[i].code = (bare_code){0};
    }
}

static bool open_with(
    mode modes[MODE_COUNT], aether_bytes wasm, aether_bytes metered, aether_bytes canonical) {
    const aether_bytes modules[MODE_COUNT] = {
        [PLAIN] = canonical, [METERED] = metered, [FUEL] = canonical, [UPLOADED] = wasm};
    bool ok = true;
    for (size_t i = 0; i < MODE_COUNT && ok; i++)
        ok = bare_code_init(&modes[i].code, &modes[i].engine, modules[i]) &&
             bare_instance_init(&modes[i].instance, &modes[i].code);
    return ok;
}

static bool open_instances(mode modes[MODE_COUNT], aether_bytes wasm) {
    aether_error err;
    ae_module module;
    ae_instrumented metered;
    if (!bench_ok(ae_module_decode(wasm, ae_host_import_rules(), &module, &err), "kernels", &err))
        return false;
    const ae_instrument_options options = {.schedule = ae_schedule_get(AETHER_SCHEDULE_V1)};
    bool ok = bench_ok(ae_instrument(&module, &options, &metered, &err), "kernels", &err);
    if (ok) {
        wasm_builder canonical = {0};
        canonicalize(&module, ae_canonical_emit, &canonical);
        ok = open_with(modes, wasm, (aether_bytes){.data = metered.bytes, .len = metered.len},
            wasm_bytes_of(&canonical));
        wasm_free(&canonical);
        ae_instrumented_deinit(&metered);
    }
    ae_module_deinit(&module);
    return ok;
}

typedef struct ratios {
    double metered[KERNEL_COUNT][SHIFTS];
    double fuel[KERNEL_COUNT][SHIFTS];
    double floats[KERNEL_COUNT][SHIFTS]; /* canonical over as uploaded */
} ratios;

// The ratios of one kernel with its code in one place.
static bool measure_kernel(mode modes[MODE_COUNT], uint32_t number, size_t shift, ratios *out) {
    bench_piece pieces[MODE_COUNT];
    for (size_t i = 0; i < MODE_COUNT; i++) {
        modes[i].words[0] = number;
        modes[i].words[1] = kernels[number].size;
        pieces[i] = (bench_piece){.run = run_kernel, .data = &modes[i]};
    }
    if (!bench_rounds(pieces, MODE_COUNT, ROUNDS))
        return false;
    if (modes[METERED].answer != modes[PLAIN].answer || modes[FUEL].answer != modes[PLAIN].answer)
        return bench_fail("%s: metered and plain code disagree", kernels[number].name);
    const double metered = bench_ratio(&pieces[METERED], &pieces[PLAIN], ROUNDS);
    const double fuel = bench_ratio(&pieces[FUEL], &pieces[PLAIN], ROUNDS);
    out->metered[number][shift] = metered;
    out->fuel[number][shift] = fuel;
    out->floats[number][shift] = bench_ratio(&pieces[PLAIN], &pieces[UPLOADED], ROUNDS);
    fprintf(stderr, "bench: %s: plain %.2f ms, metered %.3f, fuel %.3f, canonical %.3f\n",
        kernels[number].name, bench_median(pieces[PLAIN].ns, ROUNDS) * 1e-6, metered, fuel,
        out->floats[number][shift]);
    return true;
}

// The runtime itself gets the same answers from the same module.
static bool check_runtime(mode modes[MODE_COUNT], aether_bytes wasm) {
    bench_contract contract = {0};
    bool ok = bench_contract_init(&contract, wasm);
    for (uint32_t i = 0; i < KERNEL_COUNT && ok; i++) {
        const uint32_t words[2] = {i, kernels[i].size / 4};
        int32_t code = 0;
        memcpy(modes[METERED].words, words, sizeof words);
        ok = run_kernel(&modes[METERED]) &&
             bench_contract_run_code(&contract,
                 (aether_bytes){.data = (const uint8_t *)words, .len = sizeof words}, &code);
        if (ok && (uint32_t)code != modes[METERED].answer)
            ok = bench_fail("%s: the runtime and the bare engine disagree", kernels[i].name);
    }
    bench_contract_deinit(&contract);
    return ok;
}

static bool measure_shift(const bench *self, mode modes[MODE_COUNT], size_t shift, ratios *out) {
    char name[64];
    snprintf(name, sizeof name, "bench/kernels_%zu.wasm", shift);
    const aether_bytes wasm = bench_read_file(self->folder, name);
    bool ok = wasm.data != NULL && open_instances(modes, wasm) &&
              (shift != 0 || check_runtime(modes, wasm));
    for (uint32_t i = 0; i < KERNEL_COUNT && ok; i++)
        ok = measure_kernel(modes, i, shift, out);
    close_instances(modes);
    free((void *)(uintptr_t)wasm.data);
    return ok;
}

static void print_summary(
    const bench *self, const char *what, double (*ratios_of)[SHIFTS], bool has_kernels) {
    char name[64];
    double worst = 0, logarithms = 0;
    for (size_t i = 0; i < KERNEL_COUNT; i++) {
        const double ratio = bench_median(ratios_of[i], SHIFTS);
        logarithms += log(ratio);
        worst = ratio > worst ? ratio : worst;
        snprintf(name, sizeof name, "%s_%s", what, kernels[i].name);
        if (has_kernels)
            bench_print(self, name, ratio, "ratio", (size_t)SHIFTS * ROUNDS);
    }
    snprintf(name, sizeof name, "%s_geomean", what);
    bench_print(self, name, exp(logarithms / KERNEL_COUNT), "ratio", KERNEL_COUNT);
    snprintf(name, sizeof name, "%s_worst", what);
    bench_print(self, name, worst, "ratio", KERNEL_COUNT);
}

static bool run(const bench *self) {
    mode modes[MODE_COUNT] = {0};
    ratios measured;
    bool ok = init_engines(modes);
    for (size_t shift = 0; shift < SHIFTS && ok; shift++)
        ok = measure_shift(self, modes, shift, &measured);
    for (size_t i = 0; i < MODE_COUNT; i++)
        bare_engine_deinit(&modes[i].engine);
    if (!ok)
        return false;
    print_summary(self, "metering_overhead", measured.metered, true);
    print_summary(self, "fuel_overhead", measured.fuel, false);
    bench_print(self, "float_overhead_nbody",
        bench_median(measured.floats[KERNEL_COUNT - 1], SHIFTS), "ratio", (size_t)SHIFTS * ROUNDS);
    return true;
}

#define KERNEL_NAME(name, size) "metering_overhead_" #name,
static const char *const names[] = {KERNEL_MAP(KERNEL_NAME) "metering_overhead_geomean",
    "metering_overhead_worst", "fuel_overhead_geomean", "fuel_overhead_worst",
    "float_overhead_nbody", NULL};
#undef KERNEL_NAME

const bench_group bench_metering = {.names = names, .run = run};
