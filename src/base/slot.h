/* One parameter or result of a host function, as the engine hands it over: 16 bytes, of which the
 * low ones hold an i32 (4 bytes) or i64 (8 bytes), little endian.
 *
 * Thread safety: immutable. */
#ifndef AE_BASE_SLOT_H
#define AE_BASE_SLOT_H

#include <stdint.h>

typedef struct ae_slot {
    uint64_t bits;
    uint64_t unused;
} ae_slot;

static inline uint32_t ae_slot_get_u32(const ae_slot *slot) {
    return (uint32_t)slot->bits; // the upper half is not defined for an i32
}

#endif
