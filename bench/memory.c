// Resident memory, from the kernel's own figures.
//
//   rss_engine            what an engine adds to the process once an empty contract is loaded. Most of it is
//                         the compiler's code, which is shared with every other process that runs it
//   rss_engine_anonymous  of it what belongs to this process alone
//   rss_call              what one execution more adds that is under way at the same time, each holding a
//                         page of 64 KiB that it wrote completely: an execution reads the store, and the
//                         store, before it answers, begins another execution, until NESTED_MAX are under way
//   rss_growth            what 1,000 more calls add after the first 1,000; above 0 is a leak
#include "contract.h"

#include <malloc.h>
#include <stdio.h>

#define NESTED_MAX 16 // executions at the same time that an engine allows by default
#define CALLS 1000

// Writes its whole page, then waits for the store.
static const char nested_text[] =
    "(module (import \"env\" \"storage_read\" (func $read (param i32 i32 i32 i32) (result i32)))"
    "(memory (export \"memory\") 1)"
    "(func (export \"execute\") (result i32)"
    "  (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))"
    "  (drop (call $read (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))"
    "  (i32.const 0)))";

typedef struct memory_use {
    double resident_kib;
    double anonymous_kib;
} memory_use;

static bool read_use(memory_use *out) {
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == NULL)
        return bench_fail("memory: /proc/self/smaps_rollup can't be read");
    char line[256];
    int found = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        found += sscanf(line, "Rss: %lf", &out->resident_kib) == 1;
        found += sscanf(line, "Anonymous: %lf", &out->anonymous_kib) == 1;
    }
    fclose(file);
    return found == 2 || bench_fail("memory: /proc/self/smaps_rollup lacks a figure");
}

static bool measure_engine(const bench *self, bench_contract *contract) {
    memory_use before, after, warm;
    if (!read_use(&before) || !bench_contract_init(contract, bench_text(bench_empty_text)) ||
        !read_use(&after))
        return false;
    bench_print(self, "rss_engine", after.resident_kib - before.resident_kib, "KiB", 1);
    bench_print(self, "rss_engine_anonymous", after.anonymous_kib - before.anonymous_kib, "KiB", 1);
    for (int i = 0; i < 2 * CALLS; i++) {
        if (i == CALLS && !read_use(&warm))
            return false;
        if (!bench_contract_run(contract, AETHER_ENTRY_EXECUTE, NULL))
            return false;
    }
    if (!read_use(&after))
        return false;
    bench_print(self, "rss_growth", after.anonymous_kib - warm.anonymous_kib, "KiB", CALLS);
    return true;
}

// A store that runs another execution before it answers.
typedef struct nested_store {
    bench_contract contract;
    aether_store interface;
    int depth;
    memory_use at_first;
    memory_use at_last;
    bool ok;
} nested_store;

static aether_status nested_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    (void)key;
    (void)out_value;
    (void)err;
    nested_store *self = user;
    self->depth++;
    if (self->depth == 1) {
        malloc_trim(0); // or what compilation left on the heap hides a part
        self->ok = read_use(&self->at_first);
    }
    if (self->depth == NESTED_MAX)
        self->ok = self->ok && read_use(&self->at_last);
    else
        self->ok =
            bench_contract_run(&self->contract, AETHER_ENTRY_EXECUTE, &self->interface) && self->ok;
    *out_found = false;
    return AETHER_OK;
}

static aether_status nested_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    (void)user;
    (void)prefix;
    (void)after;
    (void)descending;
    (void)out_key;
    (void)err;
    *out_found = false;
    return AETHER_OK;
}

static bool measure_call(const bench *self) {
    nested_store store = {.ok = true};
    store.interface = (aether_store){.user = &store, .get = nested_get, .next = nested_next};
    // One execution before, so that what all share is there.
    const bool ok = bench_contract_init(&store.contract, bench_text(nested_text)) &&
                    bench_contract_run(&store.contract, AETHER_ENTRY_EXECUTE, NULL) &&
                    bench_contract_run(&store.contract, AETHER_ENTRY_EXECUTE, &store.interface) &&
                    store.ok;
    bench_contract_deinit(&store.contract);
    if (!ok)
        return false;
    if (store.depth != NESTED_MAX)
        return bench_fail("rss_call: %d executions at the same time", store.depth);
    const double added = store.at_last.resident_kib - store.at_first.resident_kib;
    bench_print(self, "rss_call", added / (NESTED_MAX - 1), "KiB", NESTED_MAX - 1);
    return true;
}

static bool run(const bench *self) {
    bench_contract contract = {0};
    const bool ok = measure_engine(self, &contract);
    bench_contract_deinit(&contract);
    return (!bench_wants(self, "rss_call") || measure_call(self)) && ok;
}

static const char *const names[] = {
    "rss_engine", "rss_engine_anonymous", "rss_call", "rss_growth", NULL};

const bench_group bench_memory = {.names = names, .run = run};
