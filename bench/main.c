// aether_bench: prints `name value unit n`, one line for each figure, and nothing else on stdout.
//
//   aether_bench             everything
//   aether_bench PATTERN...  the lines whose name matches one of the regular expressions
//   aether_bench --list      the names
//
// What can't be measured is left out, with a line on stderr.
#include "measure.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Memory first: it is measured in a process that has done nothing else.
static const bench_group *const groups[] = {
    &bench_memory,
    &bench_call,
    &bench_host_call,
    &bench_prepare,
    &bench_load,
    &bench_cache,
    &bench_metering,
    &bench_size,
    &bench_verify,
    &bench_proof,
    &bench_tree,
    &bench_store,
    &bench_snapshot,
    &bench_transfer_memory,
    &bench_chain_10k,
    &bench_chain_1m,
    &bench_state_update,
    &bench_growth,
    &bench_upload,
    &bench_calibrate,
};

enum { GROUP_COUNT = sizeof groups / sizeof groups[0] };

static int list(void) {
    for (size_t i = 0; i < GROUP_COUNT; i++)
        for (const char *const *name = groups[i]->names; *name != NULL; name++)
            puts(*name);
    return 0;
}

static const char *first_wanted(const bench *self, const bench_group *group) {
    const char *const *name = group->names;
    while (*name != NULL && !bench_wants(self, *name))
        name++;
    return *name;
}

// The folder of the running program.
static bool find_folder(char *out, size_t capacity) {
    const ssize_t len = readlink("/proc/self/exe", out, capacity - 1);
    if (len <= 0)
        return false;
    out[len] = '\0';
    *strrchr(out, '/') = '\0';
    return true;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    char folder[4096] = ".";
    if (!find_folder(folder, sizeof folder))
        bench_fail("/proc/self/exe can't be read; files are looked for in the current folder");
    const bench self = {
        .patterns = argv + 1, .pattern_count = (size_t)(argc - 1), .folder = folder};
    bool found = false;
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        const char *name = first_wanted(&self, groups[i]);
        if (name == NULL)
            continue;
        found = true;
        fprintf(stderr, "bench: measuring %s ...\n", name);
        groups[i]->run(&self);
    }
    if (!found)
        bench_fail("no benchmark matches; --list shows the names");
    return 0;
}
