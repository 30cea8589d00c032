// What a module costs before it can run: validation, instrumentation, compilation; for the kernels and for
// a module of about 200 KB made of copies of them. A KB is 1,024 bytes of the module as uploaded, custom
// sections not counted; a figure without a suffix is of both modules together.
#include "bare.h"
#include "module.h"

#include "gas/instrument.h"
#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>

enum { LARGE_LEN = 200000, VALIDATE_REPEATS = 20 };

// One module and the ways to prepare it.
typedef struct subject {
    const char *suffix;
    aether_bytes wasm;
    ae_module module;
    ae_instrumented metered;
    size_t metered_len;
    bare_engine *engine;
    size_t rounds;
    bench_piece pieces[4]; /* by the enumeration below */
} subject;

enum { VALIDATE, INSTRUMENT, COMPILE_METERED, COMPILE_PLAIN, PIECE_COUNT };

static bool run_validate(void *data) {
    const subject *self = data;
    aether_error err;
    for (int i = 0; i < VALIDATE_REPEATS; i++) {
        ae_module module;
        if (!bench_ok(ae_module_decode(self->wasm, ae_host_import_rules(), &module, &err),
                "kernels", &err))
            return false;
        ae_module_deinit(&module);
    }
    return true;
}

static bool run_instrument(void *data) {
    const subject *self = data;
    const ae_instrument_options options = {.schedule = ae_schedule_get(AETHER_SCHEDULE_V1)};
    aether_error err;
    for (int i = 0; i < VALIDATE_REPEATS; i++) {
        ae_instrumented metered;
        if (!bench_ok(ae_instrument(&self->module, &options, &metered, &err), "kernels", &err))
            return false;
        ae_instrumented_deinit(&metered);
    }
    return true;
}

static bool compile(const subject *self, aether_bytes wasm) {
    wasmtime_module_t *module;
    wasmtime_error_t *error =
        wasmtime_module_new(self->engine->native, wasm.data, wasm.len, &module);
    if (error != NULL) {
        wasmtime_error_delete(error);
        return bench_fail("kernels: the engine does not compile them");
    }
    wasmtime_module_delete(module);
    return true;
}

static bool run_compile_metered(void *data) {
    const subject *self = data;
    return compile(self, (aether_bytes){.data = self->metered.bytes, .len = self->metered.len});
}

static bool run_compile_plain(void *data) {
    const subject *self = data;
    return compile(self, self->wasm);
}

static bool measure_subject(subject *self) {
    static bool (*const runs[PIECE_COUNT])(void *) = {
        run_validate, run_instrument, run_compile_metered, run_compile_plain};
    aether_error err;
    if (!bench_ok(ae_module_decode(self->wasm, ae_host_import_rules(), &self->module, &err),
            "kernels", &err))
        return false;
    const ae_instrument_options options = {.schedule = ae_schedule_get(AETHER_SCHEDULE_V1)};
    if (!bench_ok(ae_instrument(&self->module, &options, &self->metered, &err), "kernels", &err)) {
        ae_module_deinit(&self->module);
        return false;
    }
    self->metered_len = self->metered.len;
    for (size_t i = 0; i < PIECE_COUNT; i++)
        self->pieces[i] = (bench_piece){.run = runs[i], .data = self};
    const bool ok = bench_rounds(self->pieces, PIECE_COUNT, self->rounds);
    ae_instrumented_deinit(&self->metered);
    ae_module_deinit(&self->module);
    return ok;
}

static void print(const bench *self, const char *name, const char *suffix, double value,
    const char *unit, size_t n) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    bench_print(self, full, value, unit, n);
}

// Microseconds for one preparation of a piece, and KB, summed over some subjects.
typedef struct totals {
    double us[PIECE_COUNT];
    double kb;
    double metered_kb;
    size_t rounds;
} totals;

static void add(totals *to, const subject *from) {
    for (size_t i = 0; i < PIECE_COUNT; i++) {
        const double repeats = i == VALIDATE || i == INSTRUMENT ? VALIDATE_REPEATS : 1;
        to->us[i] += bench_median(from->pieces[i].ns, from->rounds) / 1000 / repeats;
    }
    to->kb += (double)from->wasm.len / 1024;
    to->metered_kb += (double)from->metered_len / 1024;
    to->rounds += from->rounds;
}

static void print_totals(const bench *self, const totals *sum, const char *suffix) {
    const double prepare = sum->us[VALIDATE] + sum->us[INSTRUMENT];
    const size_t n = sum->rounds;
    print(self, "prepare_per_kb", suffix, prepare / sum->kb, "us/KB", n);
    print(self, "validate_per_kb", suffix, sum->us[VALIDATE] / sum->kb, "us/KB", n);
    print(self, "instrument_per_kb", suffix, sum->us[INSTRUMENT] / sum->kb, "us/KB", n);
    print(self, "compile_per_kb", suffix, sum->us[COMPILE_METERED] / sum->kb, "us/KB", n);
    print(self, "prepare_of_compile_percent", suffix, 100 * prepare / sum->us[COMPILE_METERED],
        "percent", n);
    print(self, "compile_time_ratio", suffix, sum->us[COMPILE_METERED] / sum->us[COMPILE_PLAIN],
        "ratio", n);
    print(self, "instrumented_size_ratio", suffix, sum->metered_kb / sum->kb, "ratio", 1);
}

static bool run(const bench *self) {
    bare_engine engine = {0};
    subject subjects[] = {{.suffix = "_kernels", .engine = &engine, .rounds = 15},
        {.suffix = "_large", .engine = &engine, .rounds = 5}};
    const aether_bytes file = bench_read_file(self->folder, "bench/kernels_0.wasm");
    totals both = {0};
    bool ok = file.data != NULL && bare_engine_init(&engine, false) &&
              bench_module_copy(file, 1, &subjects[0].wasm) &&
              bench_module_copy(
                  file, (uint32_t)(LARGE_LEN / subjects[0].wasm.len + 1), &subjects[1].wasm);
    for (size_t i = 0; i < 2 && ok; i++) {
        ok = measure_subject(&subjects[i]);
        if (!ok)
            break;
        totals one = {0};
        add(&one, &subjects[i]);
        add(&both, &subjects[i]);
        print_totals(self, &one, subjects[i].suffix);
    }
    if (ok)
        print_totals(self, &both, "");
    for (size_t i = 0; i < 2; i++)
        free((void *)(uintptr_t)subjects[i].wasm.data);
    free((void *)(uintptr_t)file.data);
    bare_engine_deinit(&engine);
    return ok;
}

#define NAMES(suffix)                                                                              \
    "prepare_per_kb" suffix, "validate_per_kb" suffix, "instrument_per_kb" suffix,                 \
        "compile_per_kb" suffix, "prepare_of_compile_percent" suffix, "compile_time_ratio" suffix, \
        "instrumented_size_ratio" suffix

static const char *const names[] = {NAMES(""), NAMES("_kernels"), NAMES("_large"), NULL};

const bench_group bench_prepare = {.names = names, .run = run};
