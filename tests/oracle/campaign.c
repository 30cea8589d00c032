/* Random programs on the interpreter and all four compilers, for as long as one likes.
 *
 *   campaign SECONDS [THRIFT]
 *
 * THRIFT divides the programs' size: small ones are many more in the same time. Starts from AETHER_SEED or the clock. Stops at the first difference with status 1, the module written to
 * difference-SEED.wasm in the current folder; else prints what was seen. No CTest entry: it never ends by itself
 * with the same programs. */
#include "oracle/random_trial.h"

#include "harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void keep_module(const wasm_builder *module, uint64_t seed) {
    char name[64];
    const aether_bytes bytes = wasm_bytes_of(module);
    snprintf(name, sizeof name, "difference-%llx.wasm", (unsigned long long)seed);
    FILE *file = fopen(name, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len)
        perror(name);
    if (file != NULL)
        fclose(file);
    fprintf(stderr, "module: %s\n", name);
}

int main(int argc, char **argv) {
    const long seconds = argc >= 2 ? strtol(argv[1], NULL, 10) : 0;
    const long thrift = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (seconds <= 0 || thrift < 0 || thrift > 1000 || argc > 3) {
        fprintf(stderr, "usage: %s SECONDS [THRIFT]\n", argv[0]);
        return 2;
    }
    trial_engines engines[2] = {trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_ALL_COMPILERS),
        trial_engines_open(AETHER_SCHEDULE_UNIT, TRIAL_ALL_COMPILERS)};
    random_tally tally = {0};
    wasm_builder module = {0};
    char difference[512];
    uint64_t state = test_seed();
    bool is_alike = true;
    const time_t end = time(NULL) + seconds;
    while (is_alike && time(NULL) < end) {
        const uint64_t seed = test_random(&state);
        const trial_engines *chosen = &engines[seed % 4 == 0];
        is_alike = random_trial(chosen, seed, (uint32_t)thrift, &tally, &module, difference);
        if (!is_alike) {
            fprintf(stderr, "program %#llx, schedule %d: %s\n", (unsigned long long)seed,
                (int)chosen->schedule, difference);
            keep_module(&module, seed);
        }
    }
    random_tally_print(&tally);
    wasm_free(&module);
    trial_engines_close(&engines[0]);
    trial_engines_close(&engines[1]);
    return is_alike ? 0 : 1;
}
