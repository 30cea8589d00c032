// What memory costs beyond the first-level cache: pages that are touched for the first time, instances, and
// loads that miss. Whole executions through the runtime, each less one that does without.
//
//   memory_grow               in the band: its base, and a page with its first touch
//   memory_fill, memory_copy  in the band: a byte beyond the caches
//   instance_*                apart: nanoseconds per gas of what instantiation_gas counts
//   load_miss                 nanoseconds of a load that misses every cache, in a contract's 32 MiB; also in 4
//                             and 16 MiB of it
//   load_miss_native          … in 256 MiB, in C
#include "calibrate.h"

#include "gas/schedule.h"
#include "host/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 31

// ---- Executions

typedef struct execution {
    double ns;
    double gas; /* of the run */
    double instantiation_gas;
} execution;

static bool find_instantiation_gas(const char *text, double *out_gas) {
    aether_bytes binary = {0};
    ae_module module;
    aether_error err;
    if (!bare_text_to_binary(text, &binary))
        return false;
    const bool ok = bench_ok(
        ae_module_decode(binary, ae_host_import_rules(), &module, &err), "calibrate", &err);
    if (ok) {
        *out_gas =
            (double)ae_schedule_instantiation_gas(ae_schedule_get(AETHER_SCHEDULE_V1), &module);
        ae_module_deinit(&module);
    }
    free((void *)(uintptr_t)binary.data);
    return ok;
}

// The minimum of many executions; the text is released.
static bool measure_text(calibrate *self, char *text, bool may_trap, execution *out) {
    aether_contract *contract = NULL;
    const aether_bytes none = {.len = 0};
    aether_end end;
    double ns;
    bool ok = text != NULL && calibrate_load(self, text, &contract) &&
              find_instantiation_gas(text, &out->instantiation_gas);
    out->ns = 0;
    for (int round = 0; round <= ROUNDS && ok; round++) {
        ok = calibrate_execute(
            contract, AETHER_ENTRY_EXECUTE, none, NULL, &ns, &out->gas, may_trap ? &end : NULL);
        if (round <= 1 || ns < out->ns) // the first one does not count
            out->ns = ns;
    }
    aether_contract_destroy(contract);
    free(text);
    return ok;
}

// ---- Modules

__attribute__((format(printf, 1, 2))) static char *format_text(const char *format, ...) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    va_list args;
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    return fclose(out) == 0 ? text : NULL;
}

// Writes one byte of each 4 KiB in [0, len).
#define TOUCH(len)                                                                     \
    "(local $p i32) (loop $next (i32.store8 (local.get $p) (i32.const 1))"             \
    "(br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4096))) " \
    "(i32.const " len "))))"

static char *pages_text(unsigned pages, bool is_touched) {
    return format_text("(module (memory (export \"memory\") %u) (func (export \"execute\") "
                       "(result i32) " TOUCH("%u") " i32.const 0))",
        pages, is_touched ? pages << 16 : 1);
}

static char *grow_text(unsigned pages, bool is_touched) {
    return format_text("(module (memory (export \"memory\") 1 512) (func (export \"execute\") "
                       "(result i32) (local $p i32) (drop (memory.grow (i32.const %u)))"
                       "(loop $next (i32.store8 (local.get $p) (i32.const 1))"
                       "(br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const "
                       "4096))) (i32.const %u)))) i32.const 0))",
        pages, is_touched ? (pages + 1) << 16 : 65536);
}

static char *data_text(unsigned len, bool is_touched) {
    char *bytes = malloc(len + 1);
    if (bytes == NULL)
        return NULL;
    memset(bytes, 'd', len);
    bytes[len] = '\0';
    char *text =
        format_text("(module (memory (export \"memory\") 16) (data (i32.const 0) \"%s\")"
                    "(func (export \"execute\") (result i32) " TOUCH("%u") " i32.const 0))",
            bytes, is_touched ? 1u << 20 : 1);
    free(bytes);
    return text;
}

// A table with `count` elements; each is called once if asked for.
static char *elements_text(unsigned count, bool is_touched) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    fputs("(module (type $t (func)) (func $f) (table 4096 funcref) (elem (i32.const 0)", out);
    for (unsigned i = 0; i < count; i++)
        fputs(" $f", out);
    fprintf(out,
        ") (func (export \"execute\") (result i32) (local $i i32) (loop $next "
        "(call_indirect (type $t) (local.get $i)) (br_if $next (i32.lt_u (local.tee $i "
        "(i32.add (local.get $i) (i32.const 1))) (i32.const %u)))) i32.const 0))",
        is_touched ? count : 1);
    return fclose(out) == 0 ? text : NULL;
}

static char *globals_text(unsigned count) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    fputs("(module ", out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "(global (mut i64) (i64.const %u))", i + 1);
    fputs("(func (export \"execute\") (result i32) i32.const 0))", out);
    return fclose(out) == 0 ? text : NULL;
}

// ---- Figures

static void add(
    calibrate *self, const char *name, const char *kind, double ns, double gas, bool is_apart) {
    calibrate_figure figure = {.kind = kind, .ns = ns, .gas = gas, .is_apart = is_apart};
    snprintf(figure.name, sizeof figure.name, "%s", name);
    calibrate_add(self, &figure);
}

static bool measure_grow(calibrate *self) {
    execution none, little, much;
    char *many = format_text(
        "(module (memory (export \"memory\") 1 1) (func (export \"execute\") (result i32) "
        "(local $n i32) (local.set $n (i32.const 1000)) (loop $again (drop (memory.grow (i32.const "
        "0))) (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) i32.const 0))");
    if (!measure_text(self, grow_text(0, true), false, &none) ||
        !measure_text(self, many, false, &much))
        return false;
    add(self, "memory_grow", "base", (much.ns - none.ns) / 1000, (much.gas - none.gas) / 1000,
        false);
    if (!measure_text(self, grow_text(64, true), false, &little) ||
        !measure_text(self, grow_text(511, true), false, &much))
        return false;
    add(self, "memory_grow", "64_pages", little.ns - none.ns, little.gas - none.gas, false);
    add(self, "memory_grow", "511_pages", much.ns - none.ns, much.gas - none.gas, false);
    if (!measure_text(self, grow_text(511, false), false, &much))
        return false;
    add(self, "memory_grow", "untouched", much.ns - none.ns, much.gas - none.gas, true);
    return true;
}

// Bulk memory over 16 MiB whose pages were touched before.
static bool measure_far(calibrate *self, const char *name, const char *code) {
    static const aether_entry entries[] = {AETHER_ENTRY_INIT, AETHER_ENTRY_EXECUTE};
    const calibrate_calls how = {.rounds = 5};
    calibrate_figure figure = {.kind = "16_MiB"};
    snprintf(figure.name, sizeof figure.name, "%s", name);
    char *text = format_text(
        "(module (memory (export \"memory\") 1 512) (func $touch (drop (memory.grow (i32.const 511)))"
        "(memory.fill (i32.const 0) (i32.const 1) (i32.const 33554432)))"
        "(func (export \"init\") (result i32) (call $touch) i32.const 0)"
        "(func (export \"execute\") (result i32) (call $touch) %s i32.const 0))",
        code);
    aether_contract *contract = NULL;
    const bool ok = text != NULL && calibrate_load(self, text, &contract) &&
                    calibrate_execute_both(contract, entries, &how, &figure.ns, &figure.gas);
    aether_contract_destroy(contract);
    free(text);
    if (ok)
        calibrate_add(self, &figure);
    return ok;
}

// What `with` has more than `without` of nanoseconds and of the price of instantiation.
static void add_more(
    calibrate *self, const char *kind, const execution *with, const execution *without) {
    add(self, "instance", kind, with->ns - without->ns,
        with->instantiation_gas - without->instantiation_gas, true);
}

static bool measure_instances(calibrate *self) {
    const execution nothing = {0};
    execution empty, trapping, page, with;
    char *trap = format_text("(module (func (export \"execute\") (result i32) unreachable))");
    if (!measure_text(self, globals_text(0), false, &empty) ||
        !measure_text(self, trap, true, &trapping))
        return false;
    add_more(self, "base", &empty, &nothing);
    add_more(self, "base_trapping", &trapping, &nothing);
    if (!measure_text(self, pages_text(1, true), false, &page))
        return false;
    add_more(self, "1_page", &page, &empty);
    static const struct {
        const char *kind;
        unsigned count;
        bool is_touched;
    } pages[] = {{"2_pages", 2, true}, {"17_pages", 17, true}, {"17_pages_untouched", 17, false},
        {"64_pages", 64, true}};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (measure_text(self, pages_text(pages[i].count, pages[i].is_touched), false, &with))
            add_more(self, pages[i].kind, &with, &empty);
    execution touched, untouched;
    if (!measure_text(self, pages_text(16, true), false, &touched) ||
        !measure_text(self, pages_text(16, false), false, &untouched))
        return false;
    if (measure_text(self, data_text(1000, false), false, &with))
        add_more(self, "1000_data_bytes_untouched", &with, &untouched);
    if (measure_text(self, data_text(1000000, false), false, &with))
        add_more(self, "1000000_data_bytes_untouched", &with, &untouched);
    if (measure_text(self, data_text(1000000, true), false, &with))
        add_more(self, "1000000_data_bytes", &with, &touched);
    if (measure_text(self, elements_text(4000, false), false, &with))
        add_more(self, "4000_elements_untouched", &with, &empty);
    if (measure_text(self, elements_text(4000, true), false, &with))
        add_more(self, "4000_elements", &with, &empty);
    if (measure_text(self, globals_text(255), false, &with))
        add_more(self, "255_globals", &with, &empty);
    return true;
}

// ---- Loads that miss

#define LINE_LEN 64
#define CHASE_STEPS 500000
#define MISS_ROUNDS 5
#define NATIVE_LEN ((size_t)256 << 20)
#define GUEST_PAGES "512"

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

// One cycle through all lines of the memory, in random order: each holds the offset of the next.
static void link_lines(uint8_t *memory, size_t len) {
    const uint32_t count = (uint32_t)(len / LINE_LEN);
    uint64_t state = 88172645463325252u;
    for (uint32_t i = 0; i < count; i++)
        memcpy(memory + (size_t)i * LINE_LEN, &i, sizeof i);
    for (uint32_t i = count - 1; i > 0; i--) { // Sattolo's shuffle: a single cycle
        const uint32_t k = (uint32_t)(random_next(&state) % i);
        uint32_t a, b;
        memcpy(&a, memory + (size_t)i * LINE_LEN, sizeof a);
        memcpy(&b, memory + (size_t)k * LINE_LEN, sizeof b);
        memcpy(memory + (size_t)i * LINE_LEN, &b, sizeof b);
        memcpy(memory + (size_t)k * LINE_LEN, &a, sizeof a);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t next;
        memcpy(&next, memory + (size_t)i * LINE_LEN, sizeof next);
        next *= LINE_LEN;
        memcpy(memory + (size_t)i * LINE_LEN, &next, sizeof next);
    }
}

typedef struct chase {
    uint8_t *memory;
    uint32_t at;
} chase;

static bool run_native(void *data) {
    chase *self = data;
    uint32_t at = self->at;
    for (uint32_t i = 0; i < CHASE_STEPS; i++)
        memcpy(&at, self->memory + at, sizeof at);
    self->at = at;
    return true;
}

static bool run_guest(void *data) {
    wasmtime_val_raw_t slots[1];
    return bare_instance_call(data, "execute", slots, 1);
}

static bool measure_native_miss(const calibrate *self) {
    chase chased = {.memory = malloc(NATIVE_LEN)};
    if (chased.memory == NULL)
        return bench_fail("load_miss_native: no memory");
    link_lines(chased.memory, NATIVE_LEN);
    bench_piece piece = {.run = run_native, .data = &chased};
    const bool ok = bench_rounds(&piece, 1, MISS_ROUNDS);
    if (ok)
        bench_print(self->bench, "load_miss_native",
            bench_minimum(piece.ns, MISS_ROUNDS) / CHASE_STEPS, "ns", MISS_ROUNDS);
    free(chased.memory);
    return ok;
}

// From small to great: where the last chase stopped is within the next one.
static bool measure_guest_misses(const calibrate *self, bare_instance *instance) {
    static const struct {
        const char *name;
        size_t len;
    } rows[] = {{"load_miss_4_mib", (size_t)4 << 20}, {"load_miss_16_mib", (size_t)16 << 20},
        {"load_miss", (size_t)32 << 20}};
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(instance->context, &instance->native, "memory", 6, &item) ||
        item.kind != WASMTIME_EXTERN_MEMORY)
        return bench_fail("load_miss: no memory");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        link_lines(wasmtime_memory_data(instance->context, &item.of.memory), rows[i].len);
        bench_piece piece = {.run = run_guest, .data = instance};
        if (!bench_rounds(&piece, 1, MISS_ROUNDS))
            return false;
        bench_print(self->bench, rows[i].name, bench_minimum(piece.ns, MISS_ROUNDS) / CHASE_STEPS,
            "ns", MISS_ROUNDS);
    }
    return true;
}

bool calibrate_misses(calibrate *self) {
    static const char text[] =
        "(module (memory (export \"memory\") " GUEST_PAGES ") (global $at (mut i32) (i32.const 0))"
        "(func (export \"execute\") (result i32) (local $n i32) (local $p i32)"
        "(local.set $n (i32.const 500000)) (local.set $p (global.get $at))"
        "(loop $again (local.set $p (i32.load (local.get $p)))"
        "(br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
        "(global.set $at (local.get $p)) i32.const 0))";
    bare_code code = {0};
    bare_instance instance = {0};
    aether_bytes binary = {0};
    const bool ok = bare_text_to_binary(text, &binary) &&
                    bare_code_init(&code, &self->plain, binary) &&
                    bare_instance_init(&instance, &code) && measure_guest_misses(self, &instance);
    bare_instance_deinit(&instance);
    bare_code_deinit(&code);
    free((void *)(uintptr_t)binary.data);
    return measure_native_miss(self) && ok;
}

bool calibrate_memory(calibrate *self) {
    return measure_grow(self) &&
           measure_far(self, "memory_fill",
               "(memory.fill (i32.const 0) (i32.const 2) (i32.const 16777216))") &&
           measure_far(self, "memory_copy",
               "(memory.copy (i32.const 0) (i32.const 16777216) (i32.const 16777216))") &&
           measure_instances(self);
}
