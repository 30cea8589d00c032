/* What every fuzz target is: one function that takes any bytes and stops the process when a rule is broken. libFuzzer
 * calls it in `make fuzz`; replay.c calls it for the files of a corpus in every run of the tests. */
#ifndef AE_FUZZ_FUZZ_H
#define AE_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FUZZ_CHECK(expr)                                                         \
    do {                                                                         \
        if (!(expr)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #expr); \
            abort();                                                             \
        }                                                                        \
    } while (0)

#endif
