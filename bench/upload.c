// Uploads: what validating, instrumenting, compiling and keeping a module takes, over the gas that its transaction
// pays. Modules that have as much of one thing as they may, and usual ones.
#include "ledger.h"

#include "base/limits.h"
#include "ledger/transaction.h"

#include "harness/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3, READS = 200 };

/* One module, or a file of the program's folder. */
typedef struct upload {
    const char *name;
    const char *file;                 /* NULL: made by body */
    void (*body)(wasm_builder *code); /* of one function, after its length */
    uint32_t count;                   /* of functions with such a body */
} upload;

static void put_nothing(wasm_builder *code) {
    WASM(code, 0x00, 0x0b);
}

// One i64 local beside the parameter.
static void put_locals(wasm_builder *code, uint32_t count) {
    WASM(code, 0x01);
    wasm_u32(code, count);
    WASM(code, 0x7e);
}

static void put_bytes(wasm_builder *code) {
    put_locals(code, 1);
    for (int i = 0; i < 12000; i++) // local 1 = local 1 * local 1 + i
        WASM(code, 0x20, 0x01, 0x20, 0x01, 0x7e, 0x42, 0x07, 0x7c, 0x21, 0x01);
    WASM(code, 0x0b);
}

static void put_stores(wasm_builder *code) {
    put_locals(code, 1);
    for (int i = 0; i < 12000; i++) // i64.store (local 0) (i64.load (local 0))
        WASM(code, 0x20, 0x00, 0x20, 0x00, 0x29, 0x03, 0x00, 0x37, 0x03, 0x08);
    WASM(code, 0x0b);
}

static void put_calls(wasm_builder *code) {
    put_locals(code, 1);
    for (int i = 0; i < 20000; i++) // call 0
        WASM(code, 0x20, 0x00, 0x10, 0x00);
    WASM(code, 0x0b);
}

static void put_many_locals(wasm_builder *code) {
    put_locals(code, 1000);
    for (uint32_t i = 1; i <= 1000; i++) { // local i = local i + 1
        WASM(code, 0x20);
        wasm_u32(code, i);
        WASM(code, 0x42, 0x01, 0x7c, 0x21);
        wasm_u32(code, i);
    }
    WASM(code, 0x0b);
}

static void put_blocks(wasm_builder *code) {
    put_locals(code, 1);
    for (int i = 0; i < 2048; i++) // block (br_if 0 (local 0)) local 1 = local 1 + 1 end
        WASM(code, 0x02, 0x40, 0x20, 0x00, 0x0d, 0x00, 0x20, 0x01, 0x42, 0x01, 0x7c, 0x21, 0x01,
            0x0b);
    WASM(code, 0x0b);
}

// Nested loops around uses of many locals: each loop's head takes every local.
static void put_loops(wasm_builder *code) {
    enum { DEPTH = 100, LOCALS = 100 };
    put_locals(code, LOCALS);
    for (int group = 0; group < 8; group++) {
        for (int i = 0; i < DEPTH; i++)
            WASM(code, 0x03, 0x40);
        for (uint32_t i = 1; i <= LOCALS; i++) {
            WASM(code, 0x20);
            wasm_u32(code, i);
            WASM(code, 0x42, 0x01, 0x7c, 0x21);
            wasm_u32(code, i);
        }
        for (int i = 0; i < DEPTH; i++)
            WASM(code, 0x20, 0x00, 0x0d, 0x00, 0x0b);
    }
    WASM(code, 0x0b);
}

// Nested blocks that are left with other values at each depth.
static void put_merges(wasm_builder *code) {
    enum { DEPTH = 200, LOCALS = 200 };
    put_locals(code, LOCALS);
    for (int i = 0; i < DEPTH; i++)
        WASM(code, 0x02, 0x40);
    for (uint32_t i = 1; i <= LOCALS; i++) { // br_if (local 0), local i = local i + 1
        WASM(code, 0x20, 0x00, 0x0d);
        wasm_u32(code, i - 1);
        WASM(code, 0x20);
        wasm_u32(code, i);
        WASM(code, 0x42, 0x01, 0x7c, 0x21);
        wasm_u32(code, i);
    }
    for (int i = 0; i < DEPTH; i++)
        WASM(code, 0x0b);
    for (uint32_t i = 1; i <= LOCALS; i++) { // all are used: i64.store (i32 0) (local i)
        WASM(code, 0x41, 0x00, 0x20);
        wasm_u32(code, i);
        WASM(code, 0x37, 0x03, 0x00);
    }
    WASM(code, 0x0b);
}

static const upload uploads[] = {
    {"nothing", NULL, put_nothing, 1},
    {"functions", NULL, put_nothing, 9990},
    {"bytes", NULL, put_bytes, 8},
    {"stores", NULL, put_stores, 8},
    {"calls", NULL, put_calls, 12},
    {"locals", NULL, put_many_locals, 100},
    {"blocks", NULL, put_blocks, 12},
    {"loops", NULL, put_loops, 1},
    {"merges", NULL, put_merges, 1},
    {"token", "contracts/token.wasm", NULL, 0},
    {"kernels", "bench/kernels_0.wasm", NULL, 0},
};

enum { UPLOADS = sizeof uploads / sizeof *uploads };

// salt: makes it another module.
static void build(const upload *it, uint32_t salt, wasm_builder *out) {
    wasm_header(out);
    wasm_types(out, 2, (const char *[]){"i>", ">i"});
    wasm_open_section(out, WASM_FUNCTION);
    wasm_u32(out, it->count + 1);
    wasm_repeat(out, 0, it->count);
    wasm_byte(out, 1);
    wasm_close(out);
    wasm_open_section(out, WASM_MEMORY);
    WASM(out, 1, 0, 1);
    wasm_close(out);
    wasm_export_functions(out, 1, (const char *[]){"execute"}, (const uint32_t[]){it->count});
    wasm_open_section(out, WASM_CODE);
    wasm_u32(out, it->count + 1);
    for (uint32_t i = 0; i < it->count; i++) {
        wasm_open(out);
        it->body(out);
        wasm_close(out);
    }
    wasm_open(out);
    WASM(out, 0x00, 0x41);
    wasm_u32(out, salt);
    WASM(out, 0x1a, 0x41, 0x00, 0x0b);
    wasm_close(out);
    wasm_close(out);
}

static bool send(bench_ledger *ledger, aether_bytes code, bench_stages *out) {
    const aether_transaction fields = {.kind = AETHER_TRANSACTION_UPLOAD, .code = code};
    aether_buffer bytes = {0};
    *out = (bench_stages){0};
    const bool ok =
        bench_ledger_sign(ledger, 0, &fields, &bytes) && bench_ledger_block(ledger, &bytes, 1, out);
    aether_buffer_destroy(&bytes);
    return ok;
}

static bool measure_made(bench_ledger *ledger, const upload *it, double *out_ns, double *out_gas) {
    *out_ns = 1e18;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        wasm_builder module = {0};
        bench_stages stages;
        build(it, round, &module);
        const bool ok = send(ledger, wasm_bytes_of(&module), &stages);
        wasm_free(&module);
        if (!ok)
            return bench_fail("upload: of %s", it->name);
        const double ns = stages.execute_cpu + stages.end_cpu + stages.apply_cpu;
        if (ns < *out_ns)
            *out_ns = ns;
        *out_gas = (double)stages.gas;
    }
    return true;
}

// A file can be uploaded once.
static bool measure_file(
    const char *folder, bench_ledger *ledger, const upload *it, double *out_ns, double *out_gas) {
    const aether_bytes file = bench_read_file(folder, it->file);
    aether_bytes code = {0};
    bench_stages stages;
    const bool ok =
        file.data != NULL && bench_module_strip(file, &code) && send(ledger, code, &stages);
    free((void *)(uintptr_t)code.data);
    free((void *)(uintptr_t)file.data);
    if (!ok)
        return bench_fail("upload: of %s", it->file);
    *out_ns = stages.execute_cpu + stages.end_cpu + stages.apply_cpu;
    *out_gas = (double)stages.gas;
    return true;
}

// A long input, decoded.
static bool measure_byte(const bench *asked, bench_ledger *ledger) {
    static uint8_t input[AE_INPUT_LEN_MAX];
    const aether_transaction fields = {
        .kind = AETHER_TRANSACTION_CALL, .input = ae_bytes(input, sizeof input)};
    aether_buffer bytes = {0};
    ae_arena arena;
    double least = 1e18;
    bool ok = bench_ledger_sign(ledger, 0, &fields, &bytes);
    ledger->nonces[0]--; // it is not sent
    ae_arena_init(&arena, (size_t)256 << 10, (size_t)1 << 30);
    for (int i = 0; i < READS && ok; i++) {
        ae_signed_transaction transaction;
        aether_error err;
        const uint64_t start = bench_now_ns();
        ok = bench_ok(
            ae_transaction_read(ae_bytes(bytes.data, bytes.len), &arena, &transaction, &err),
            "decode", &err);
        const double ns = (double)(bench_now_ns() - start);
        if (ns < least)
            least = ns;
        ae_arena_reset(&arena);
    }
    bench_print(asked, "transaction_byte", least / (double)bytes.len, "ns", READS);
    aether_buffer_destroy(&bytes);
    ae_arena_deinit(&arena);
    return ok;
}

static bool measure(const bench *asked, bench_ledger *ledger) {
    if (!bench_ledger_init(ledger, 10) || !measure_byte(asked, ledger))
        return false;
    for (size_t i = 0; i < UPLOADS; i++) {
        const upload *it = &uploads[i];
        double ns = 0, gas = 0;
        char name[64];
        if (it->file != NULL ? !measure_file(asked->folder, ledger, it, &ns, &gas)
                             : !measure_made(ledger, it, &ns, &gas))
            return false;
        const size_t rounds = it->file != NULL ? 1 : ROUNDS;
        snprintf(name, sizeof name, "upload_%s", it->name);
        bench_print(asked, name, ns * 1e-6, "ms", rounds);
        snprintf(name, sizeof name, "price_upload_%s", it->name);
        bench_print(asked, name, ns / gas, "ns/gas", rounds);
    }
    return true;
}

static bool run(const bench *asked) {
    bench_ledger ledger = {0};
    const bool ok = measure(asked, &ledger);
    bench_ledger_deinit(&ledger);
    return ok;
}

#define LINES(name) "upload_" name, "price_upload_" name

static const char *const names[] = {"transaction_byte", LINES("nothing"), LINES("functions"),
    LINES("bytes"), LINES("stores"), LINES("calls"), LINES("locals"), LINES("blocks"),
    LINES("loops"), LINES("merges"), LINES("token"), LINES("kernels"), NULL};

const bench_group bench_upload = {.names = names, .run = run};
