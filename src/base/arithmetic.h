/* Checked and saturating arithmetic: gas and balances use nothing else.
 *
 * Thread safety: immutable. */
#ifndef AE_BASE_ARITHMETIC_H
#define AE_BASE_ARITHMETIC_H

#include <aether/types.h>

#include <stdbool.h>

/* False on overflow; *out is then meaningless. */
static inline bool ae_add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

static inline bool ae_sub_u64(uint64_t a, uint64_t b, uint64_t *out) {
    return !__builtin_sub_overflow(a, b, out);
}

/* UINT64_MAX on overflow. */
static inline uint64_t ae_add_u64_saturating(uint64_t a, uint64_t b) {
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline uint64_t ae_mul_u64_saturating(uint64_t a, uint64_t b) {
    uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static inline bool ae_add_u128(aether_u128 a, aether_u128 b, aether_u128 *out) {
    const uint64_t low = a.low + b.low;
    uint64_t high = 0;
    if (__builtin_add_overflow(a.high, b.high, &high) ||
        __builtin_add_overflow(high, (uint64_t)(low < a.low), &high))
        return false;
    *out = (aether_u128){.low = low, .high = high};
    return true;
}

static inline bool ae_sub_u128(aether_u128 a, aether_u128 b, aether_u128 *out) {
    if (a.high < b.high || (a.high == b.high && a.low < b.low))
        return false;
    *out = (aether_u128){.low = a.low - b.low, .high = a.high - b.high - (a.low < b.low)};
    return true;
}

static inline bool ae_u128_is_zero(aether_u128 a) {
    return (a.low | a.high) == 0;
}

#endif
