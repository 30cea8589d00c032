// Loading a contract of about 20 KB (as prepare.c counts) whose native code lies in a file, while no such contract
// lives: validated, metered, read, checked, mapped and linked. Beside it what of this is validating and metering,
// and the engine alone, which maps the same artefact out of memory.
#include "bare.h"
#include "contract.h"
#include "module.h"

#include "gas/instrument.h"
#include "host/host.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 25, LOADS = 20, MODULE_LEN = 20000 };

typedef struct subject {
    char path[4096]; // of the folder
    aether_bytes wasm;
    bench_contract other; // keeps the engine started
    bare_engine bare;
    wasm_byte_vec_t artefact;
    bench_piece pieces[3]; // by the enumeration below
} subject;

enum { LOAD, PREPARE, BARE, PIECE_COUNT };

static bool run_load(void *data) {
    const subject *self = data;
    for (int i = 0; i < LOADS; i++) {
        aether_contract *contract;
        aether_error err;
        if (!bench_ok(aether_contract_load(self->other.engine, self->wasm, &contract, &err), "load",
                &err))
            return false;
        aether_contract_destroy(contract);
    }
    return true;
}

static bool run_bare(void *data) {
    const subject *self = data;
    for (int i = 0; i < LOADS; i++) {
        wasmtime_module_t *module;
        wasmtime_error_t *error = wasmtime_module_deserialize(
            self->bare.native, (const uint8_t *)self->artefact.data, self->artefact.size, &module);
        if (error != NULL) {
            wasmtime_error_delete(error);
            return bench_fail("cache: the engine does not take its own artefact");
        }
        wasmtime_module_delete(module);
    }
    return true;
}

static bool prepare(const subject *self, ae_instrumented *out_metered) {
    aether_error err;
    ae_module module;
    const ae_instrument_options options = {.schedule = ae_schedule_get(AETHER_SCHEDULE_V1)};
    if (!bench_ok(
            ae_module_decode(self->wasm, ae_host_import_rules(), &module, &err), "cache", &err))
        return false;
    const bool ok = bench_ok(ae_instrument(&module, &options, out_metered, &err), "cache", &err);
    ae_module_deinit(&module);
    return ok;
}

static bool run_prepare(void *data) {
    for (int i = 0; i < LOADS; i++) {
        ae_instrumented metered;
        if (!prepare(data, &metered))
            return false;
        ae_instrumented_deinit(&metered);
    }
    return true;
}

// The artefact of the metered module, as the library makes it.
static bool make_artefact(subject *self) {
    ae_instrumented metered;
    if (!prepare(self, &metered))
        return false;
    wasmtime_module_t *native = NULL;
    wasmtime_error_t *error =
        wasmtime_module_new(self->bare.native, metered.bytes, metered.len, &native);
    if (error == NULL)
        error = wasmtime_module_serialize(native, &self->artefact);
    if (error != NULL)
        wasmtime_error_delete(error);
    if (native != NULL)
        wasmtime_module_delete(native);
    ae_instrumented_deinit(&metered);
    return error == NULL || bench_fail("cache: the engine does not compile the module");
}

static bool start_engine(subject *self) {
    static const uint8_t key[AETHER_HASH_LEN] = {1};
    aether_error err;
    const aether_engine_options options = {
        .struct_size = sizeof options, .cache_path = self->path, .cache_key = key};
    return bench_ok(aether_engine_create(&options, &self->other.engine, &err), "engine", &err) &&
           bench_ok(aether_contract_load(self->other.engine, bench_text(bench_empty_text),
                        &self->other.contract, &err),
               "contract", &err);
}

static bool make_module(const bench *self, aether_bytes *out_wasm) {
    const aether_bytes file = bench_read_file(self->folder, "bench/kernels_0.wasm");
    aether_bytes one = {.len = 0};
    bool ok = file.data != NULL && bench_module_copy(file, 1, &one);
    ok = ok && bench_module_copy(file, (uint32_t)(MODULE_LEN / one.len + 1), out_wasm);
    free((void *)(uintptr_t)one.data);
    free((void *)(uintptr_t)file.data);
    return ok;
}

static void remove_folder(const char *path) {
    DIR *listing = opendir(path);
    if (listing == NULL)
        return;
    for (const struct dirent *item = readdir(listing); item != NULL; item = readdir(listing))
        if (item->d_name[0] != '.')
            unlinkat(dirfd(listing), item->d_name, 0);
    closedir(listing);
    rmdir(path);
}

static bool run(const bench *self) {
    subject state = {.other = {0}};
    if (snprintf(state.path, sizeof state.path, "%s/bench/cache", self->folder) >=
        (int)sizeof state.path)
        return bench_fail("cache: the folder's path is too long");
    state.pieces[LOAD] = (bench_piece){.run = run_load, .data = &state};
    state.pieces[PREPARE] = (bench_piece){.run = run_prepare, .data = &state};
    state.pieces[BARE] = (bench_piece){.run = run_bare, .data = &state};
    remove_folder(state.path);
    const bool ok = make_module(self, &state.wasm) && bare_engine_init(&state.bare, false) &&
                    make_artefact(&state) && start_engine(&state) &&
                    bench_rounds(state.pieces, PIECE_COUNT, ROUNDS);
    if (ok) {
        const double load = bench_median(state.pieces[LOAD].ns, ROUNDS) / LOADS;
        const double prepared = bench_median(state.pieces[PREPARE].ns, ROUNDS) / LOADS;
        const double bare = bench_median(state.pieces[BARE].ns, ROUNDS) / LOADS;
        bench_print(self, "cache_load", load * 1e-3, "us", ROUNDS);
        bench_print(self, "cache_load_prepare", prepared * 1e-3, "us", ROUNDS);
        bench_print(self, "cache_load_bare_wasmtime", bare * 1e-3, "us", ROUNDS);
        bench_print(self, "cache_load_module_len", (double)state.wasm.len / 1024, "KB", 1);
        bench_print(self, "cache_load_artefact_len", (double)state.artefact.size / 1024, "KB", 1);
    }
    bench_contract_deinit(&state.other);
    if (state.artefact.data != NULL)
        wasm_byte_vec_delete(&state.artefact);
    bare_engine_deinit(&state.bare);
    free((void *)(uintptr_t)state.wasm.data);
    remove_folder(state.path);
    return ok;
}

static const char *const names[] = {"cache_load", "cache_load_prepare", "cache_load_bare_wasmtime",
    "cache_load_module_len", "cache_load_artefact_len", NULL};

const bench_group bench_cache = {.names = names, .run = run};
