#include "measure.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool bench_wants(const bench *self, const char *name) {
    for (size_t i = 0; i < self->pattern_count; i++) {
        regex_t pattern;
        if (regcomp(&pattern, self->patterns[i], REG_EXTENDED | REG_NOSUB) != 0)
            continue;
        const bool matches = regexec(&pattern, name, 0, NULL, 0) == 0;
        regfree(&pattern);
        if (matches)
            return true;
    }
    return self->pattern_count == 0;
}

void bench_print(const bench *self, const char *name, double value, const char *unit, size_t n) {
    if (!bench_wants(self, name))
        return;
    const int decimals = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
    printf("%s %.*f %s %zu\n", name, decimals, value, unit, n);
    fflush(stdout);
}

bool bench_fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

bool bench_ok(aether_status status, const char *what, const aether_error *err) {
    return status == AETHER_OK ||
           bench_fail("%s: %s: %s", what, aether_status_name(status), err->message);
}

uint64_t bench_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool run_timed(bench_piece *piece, double *out_ns) {
    const uint64_t start = bench_now_ns();
    if (!piece->run(piece->data))
        return false;
    *out_ns = (double)(bench_now_ns() - start);
    return true;
}

bool bench_rounds(bench_piece *pieces, size_t count, size_t rounds) {
    double untimed;
    if (rounds > BENCH_ROUNDS_MAX)
        return bench_fail("%zu rounds, at most %d", rounds, BENCH_ROUNDS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!run_timed(&pieces[i], &untimed))
            return false;
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) {
            bench_piece *piece = &pieces[round % 2 == 0 ? i : count - 1 - i];
            if (!run_timed(piece, &piece->ns[round]))
                return false;
        }
    return true;
}

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_median(const double *values, size_t count) {
    double sorted[BENCH_ROUNDS_MAX];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double bench_minimum(const double *values, size_t count) {
    double least = values[0];
    for (size_t i = 1; i < count; i++)
        if (values[i] < least)
            least = values[i];
    return least;
}

double bench_ratio(const bench_piece *above, const bench_piece *below, size_t rounds) {
    double ratios[BENCH_ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++)
        ratios[i] = above->ns[i] / below->ns[i];
    return bench_median(ratios, rounds);
}

aether_bytes bench_read_file(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        bench_fail("%s: not found", path);
        return (aether_bytes){0};
    }
    const size_t capacity = (size_t)1 << 20;
    uint8_t *data = malloc(capacity);
    const size_t len = data != NULL ? fread(data, 1, capacity, file) : 0;
    fclose(file);
    return (aether_bytes){.data = data, .len = len};
}
