#include "harness/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *current_case = "";

void test_fail(const char *file, int line, const char *format, ...) {
    fprintf(stderr, "%s:%d: %s: ", file, line, current_case);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

static void print_hex(const char *label, aether_bytes bytes) {
    fprintf(stderr, "  %s (%zu bytes):", label, bytes.len);
    for (size_t i = 0; i < bytes.len && i < 256; i++)
        fprintf(stderr, "%s%02x", i % 32 == 0 ? "\n    " : "", bytes.data[i]);
    fprintf(stderr, "%s\n", bytes.len > 256 ? "..." : "");
}

void test_check_bytes(
    const char *file, int line, const char *what, aether_bytes actual, aether_bytes expected) {
    if (actual.len == expected.len &&
        (actual.len == 0 || memcmp(actual.data, expected.data, actual.len) == 0))
        return;
    print_hex("actual", actual);
    print_hex("expected", expected);
    test_fail(file, line, "%s differs", what);
}

void test_check_text(
    const char *file, int line, const char *what, const char *actual, const char *expected) {
    if (strcmp(actual, expected) != 0)
        test_fail(file, line, "%s is\n  %s\nexpected\n  %s", what, actual, expected);
}

uint64_t test_seed(void) {
    static uint64_t seed = 0;
    if (seed == 0) {
        const char *text = getenv("AETHER_SEED");
        seed = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
        seed += seed == 0;
        fprintf(stderr, "AETHER_SEED=%llu\n", (unsigned long long)seed);
    }
    return seed;
}

uint64_t test_random(uint64_t *state) {
    uint64_t z =
        (*state += 0x9e3779b97f4a7c15u); // constants: Steele, Lea, Flood, SplitMix, OOPSLA 2014
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void run(const test_case *test) {
    current_case = test->name;
    test->run();
    printf("ok %s\n", test->name);
    fflush(stdout);
}

static int run_named(const char *name, const test_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(cases[i].name, name) == 0) {
            run(&cases[i]);
            return 0;
        }
    fprintf(stderr, "no case named %s\n", name);
    return 1;
}

int test_main(int argc, char **argv, const test_case *cases, size_t count) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < count; i++)
            puts(cases[i].name);
        return 0;
    }
    if (argc == 1)
        for (size_t i = 0; i < count; i++)
            run(&cases[i]);
    for (int i = 1; i < argc; i++)
        if (run_named(argv[i], cases, count) != 0)
            return 1;
    return 0;
}
