/**
 * The values that cross the ABI: byte views, hashes, addresses, amounts.
 *
 * All are plain structs, passed or stored by value; none but aether_buffer owns memory. Thread safety: immutable.
 */
#ifndef AETHER_TYPES_H
#define AETHER_TYPES_H

#include <aether/status.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AETHER_ADDRESS_LEN 32 /**< bytes */
#define AETHER_HASH_LEN 32    /**< bytes */

/** A borrowed run of bytes; never owning. `data` may be NULL when `len` is 0. */
typedef struct aether_bytes {
    const uint8_t *data;
    size_t len; /**< bytes */
} aether_bytes;

/** Bytes that the caller owns. As a view: (aether_bytes){buffer.data, buffer.len}. */
typedef struct aether_buffer {
    uint8_t *data;
    size_t len;
} aether_buffer;

/** Release; NULL and a zeroed struct are no-ops. */
AETHER_API void aether_buffer_destroy(aether_buffer *buffer);

typedef struct aether_hash {
    uint8_t bytes[AETHER_HASH_LEN];
} aether_hash;

typedef struct aether_address {
    uint8_t bytes[AETHER_ADDRESS_LEN];
} aether_address;

/** An amount, value or balance: low + 2^64 × high. `.value = 0` initialises it in C. */
typedef struct aether_u128 {
    uint64_t low;
    uint64_t high;
} aether_u128;

#ifdef __cplusplus
}
#endif

#endif
