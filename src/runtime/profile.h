/* Where the gas of one call goes, from the probes of its metered module (gas/probe.h).
 *
 * A tree with a node for each call path, and sums for each probe: a probe costs a few additions, what they mean for
 * instructions is worked out at the end. Memory is bounded by the module and by AE_PROFILE_PATHS_MAX.
 *
 * Life: ae_profile_create → ae_profile_probe … → ae_profile_end → ae_profile_write → ae_profile_destroy.
 * Thread safety: one-at-a-time. */
#ifndef AE_RUNTIME_PROFILE_H
#define AE_RUNTIME_PROFILE_H

#include "runtime/program.h"

#include <aether/profile.h>

#define AE_PROFILE_PATHS_MAX 1000000 /* call paths that are told apart; 48 MB */

typedef struct ae_profile_node {
    uint32_t parent;
    uint32_t function; /* as in aether_profile.functions */
    uint64_t calls;
    uint64_t gas; /* its own */
} ae_profile_node;

/* A function that has not returned. */
typedef struct ae_profile_frame {
    uint32_t node;
    uint32_t function;
} ae_profile_frame;

typedef struct ae_profile_function {
    uint64_t calls;
    uint64_t gas;   /* its own */
    uint64_t total; /* of the calls that have ended */
    uint64_t left;  /* gas when the outermost one of those that have not was entered */
    uint32_t open;  /* calls that have not ended */
} ae_profile_function;

/* What the probes said about one of them. */
typedef struct ae_profile_count {
    uint64_t executions; /* times that its steps were paid in full */
    uint64_t operands;   /* gas of its last step beyond its price */
} ae_profile_count;

/* What a step took besides its price. */
typedef struct ae_profile_extra {
    uint64_t host;       /* charged by the host */
    uint64_t gas;        /* of executions that the rest of the gas did not pay in full … */
    uint64_t executions; /* … and these */
} ae_profile_extra;

typedef struct ae_profile {
    const ae_program *program;
    const ae_probes *probes; /* of the program */
    uint64_t gas_limit;
    uint64_t left;   /* gas, at the last probe */
    uint64_t debt;   /* what the counter was below zero */
    uint64_t burned; /* what nothing used */
    uint32_t step;   /* the last one that was paid */

    ae_profile_function *functions;
    uint32_t function_count;
    ae_profile_count *counts; /* by probe */
    ae_profile_extra *extras; /* by step */

    ae_profile_node *nodes; /* the root first, then the one for paths beyond the most */
    uint32_t node_count;
    uint32_t node_capacity;
    uint32_t *buckets; /* node by parent and function, 0: free; open addressing */
    uint32_t bucket_count;
    bool is_exhausted; /* host memory was */

    ae_profile_frame *frames;
    uint32_t depth;
} ae_profile;

/* Functions behind those of the module. */
enum { AE_PROFILE_GROW, AE_PROFILE_BURNED, AE_PROFILE_OTHER, AE_PROFILE_MORE_COUNT };

/* `program` was loaded with probes and outlives the profile. OK or OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_profile_create(
    const ae_program *program, uint64_t gas_limit, ae_profile **out_profile, aether_error *err);
void ae_profile_destroy(ae_profile *profile);

/* A probe was reached with this gas left; `debt` is what the counter is below zero. */
void ae_profile_probe(ae_profile *profile, uint32_t probe, uint64_t left, uint64_t debt);

/* The call has ended. */
void ae_profile_end(ae_profile *profile, const ae_ending *ending);

/* Write it down for the caller. OK or OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_profile_write(
    const ae_profile *profile, aether_profile *out_profile, aether_error *err);

#endif
