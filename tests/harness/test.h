/* The test harness: checks that print both values, one process for each case, a seed that is always printed.
 *
 *   static void charge_stops_exactly_at_the_limit(void) { CHECK_U64(meter.left, 0); }
 *   TEST_MAIN(TEST(charge_stops_exactly_at_the_limit))
 *
 * `program --list` prints the names, `program NAME …` runs those, `program` runs all. A failed check prints
 * and aborts: the process is the sandbox, and nothing is jumped over. */
#ifndef AE_TESTS_HARNESS_TEST_H
#define AE_TESTS_HARNESS_TEST_H

#include <aether/status.h>
#include <aether/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct test_case {
    const char *name;
    void (*run)(void);
} test_case;

int test_main(int argc, char **argv, const test_case *cases, size_t count);

#define TEST(function) {#function, function},
#define TEST_MAIN(...)                                                       \
    int main(int argc, char **argv) {                                        \
        static const test_case cases[] = {__VA_ARGS__};                      \
        return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]); \
    }

_Noreturn void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void test_check_bytes(
    const char *file, int line, const char *what, aether_bytes actual, aether_bytes expected);
void test_check_text(
    const char *file, int line, const char *what, const char *actual, const char *expected);

#define CHECK(expr) ((expr) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #expr))

#define CHECK_U64(actual, expected)                                                \
    do {                                                                           \
        const uint64_t test_a = (uint64_t)(actual), test_e = (uint64_t)(expected); \
        if (test_a != test_e)                                                      \
            test_fail(__FILE__, __LINE__, "%s is %llu, expected %llu", #actual,    \
                (unsigned long long)test_a, (unsigned long long)test_e);           \
    } while (0)

#define CHECK_I64(actual, expected)                                                                \
    do {                                                                                           \
        const int64_t test_a = (int64_t)(actual), test_e = (int64_t)(expected);                    \
        if (test_a != test_e)                                                                      \
            test_fail(__FILE__, __LINE__, "%s is %lld, expected %lld", #actual, (long long)test_a, \
                (long long)test_e);                                                                \
    } while (0)

/* Both are aether_bytes. */
#define CHECK_BYTES(actual, expected) \
    test_check_bytes(__FILE__, __LINE__, #actual, actual, expected)

/* Both are C strings. */
#define CHECK_TEXT(actual, expected) test_check_text(__FILE__, __LINE__, #actual, actual, expected)

/* `call` is a full call that takes `&err`; declare `aether_error err` before. */
#define CHECK_STATUS(call, expected)                                                            \
    do {                                                                                        \
        const aether_status test_s = (call);                                                    \
        if (test_s != (expected))                                                               \
            test_fail(__FILE__, __LINE__, "%s: %s, expected %s; message: %s", #call,            \
                aether_status_name(test_s), #expected, test_s == AETHER_OK ? "" : err.message); \
    } while (0)

#define CHECK_OK(call) CHECK_STATUS(call, AETHER_OK)

/* The run's seed: AETHER_SEED or the clock; printed when first asked for. */
uint64_t test_seed(void);

/* splitmix64: the next of a sequence that starts from any state. */
uint64_t test_random(uint64_t *state);

#endif
