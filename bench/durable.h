/* A commit that does not wait for the disk, to be compared with one that does. For benchmarks alone.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_BENCH_DURABLE_H
#define AE_BENCH_DURABLE_H

#include <aether/database.h>

/* Whether commits wait, as they do unless told otherwise. False, having said why, when it can't be told. */
bool bench_set_durable(aether_database *database, bool is_durable);

#endif
