/* What every benchmark shares: thread CPU time, interleaved rounds, medians, and the one way a figure is
 * printed.
 *
 * The machine is noisy and its clock rate drifts, so nothing is compared across runs: the pieces of a
 * comparison take turns within each round, in alternating order, and a ratio is taken within a round.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_BENCH_MEASURE_H
#define AE_BENCH_MEASURE_H

#include <aether/aether.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_ROUNDS_MAX 64

/* What was asked for. */
typedef struct bench {
    char **patterns; /* POSIX extended regular expressions; none: everything */
    size_t pattern_count;
    const char *folder; /* where the program lies */
} bench;

/* Benchmarks that are measured together. */
typedef struct bench_group {
    const char *const *names; /* of the lines that it prints, then NULL */
    bool (*run)(const bench *self);
} bench_group;

extern const bench_group bench_memory;
extern const bench_group bench_call;
extern const bench_group bench_host_call;
extern const bench_group bench_prepare;
extern const bench_group bench_load;
extern const bench_group bench_cache;
extern const bench_group bench_metering;
extern const bench_group bench_size;
extern const bench_group bench_verify;
extern const bench_group bench_proof;
extern const bench_group bench_tree;
extern const bench_group bench_store;
extern const bench_group bench_snapshot;
extern const bench_group bench_transfer_memory;
extern const bench_group bench_chain_10k;
extern const bench_group bench_chain_1m;
extern const bench_group bench_state_update;
extern const bench_group bench_growth;
extern const bench_group bench_upload;
extern const bench_group bench_calibrate;

/* Whether a line of this name was asked for. */
bool bench_wants(const bench *self, const char *name);

/* Print `name value unit n`, if it was asked for; n: how many samples the value is of. */
void bench_print(const bench *self, const char *name, double value, const char *unit, size_t n);

/* One line on stderr that says why something could not be measured. Always false. */
__attribute__((format(printf, 1, 2))) bool bench_fail(const char *format, ...);

/* Whether the status is OK; a line on stderr otherwise. */
bool bench_ok(aether_status status, const char *what, const aether_error *err);

/* CPU time of this thread. */
uint64_t bench_now_ns(void);

/* Something to time. run returns false, having said why, when it could not. */
typedef struct bench_piece {
    bool (*run)(void *data);
    void *data;
    double ns[BENCH_ROUNDS_MAX]; /* of each round */
} bench_piece;

/* Run all pieces in turns: one untimed round, then `rounds` timed ones. */
bool bench_rounds(bench_piece *pieces, size_t count, size_t rounds);

double bench_median(const double *values, size_t count);
double bench_minimum(const double *values, size_t count);

/* Median over the rounds of above/below. */
double bench_ratio(const bench_piece *above, const bench_piece *below, size_t rounds);

/* A whole file, to be released with free; NULL data when it can't be read, having said why. */
aether_bytes bench_read_file(const char *folder, const char *name);

#endif
