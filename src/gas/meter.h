/* The gas of one frame while the host works: what is left, exactly, for limits up to 2^64 - 1.
 *
 * The bytecode counts in a signed 64-bit counter that must not wrap, so it is given at most
 * AE_COUNTER_MAX; the rest of a greater limit waits in `reserve`. left = counter + reserve.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_GAS_METER_H
#define AE_GAS_METER_H

#include "base/arithmetic.h"

/* Far from wrapping: metered code may hold back a debt and give back gas that it took for another path, so
 * that for a while the counter is more than what is left. */
#define AE_COUNTER_MAX ((int64_t)1 << 62)

typedef struct ae_meter {
    uint64_t limit;   /* gas of the whole frame */
    uint64_t left;    /* in [0, limit] */
    uint64_t reserve; /* what the bytecode's counter does not hold at the moment */
    uint64_t charged; /* by the host; what else was used is the bytecode's own */
} ae_meter;

static inline ae_meter ae_meter_of(uint64_t limit) {
    return (ae_meter){.limit = limit, .left = limit};
}

/* Hand the counter to the bytecode. */
static inline int64_t ae_meter_lend(ae_meter *meter) {
    const uint64_t counter = meter->left < AE_COUNTER_MAX ? meter->left : AE_COUNTER_MAX;
    meter->reserve = meter->left - counter;
    return (int64_t)counter;
}

/* Take the counter back. False: it is negative, the limit was exceeded; nothing is left then. */
static inline bool ae_meter_return(ae_meter *meter, int64_t counter) {
    if (counter < 0) {
        meter->left = 0;
        return false;
    }
    meter->left = (uint64_t)counter + meter->reserve;
    return true;
}

/* False: not enough; nothing is left then. */
static inline bool ae_meter_charge(ae_meter *meter, uint64_t gas) {
    if (gas > meter->left) {
        meter->left = 0;
        return false;
    }
    meter->left -= gas;
    meter->charged += gas;
    return true;
}

#endif
