/* Views of bytes, and the one way integers are read from and written to them.
 *
 * Thread safety: immutable. */
#ifndef AE_BASE_BYTES_H
#define AE_BASE_BYTES_H

#include <aether/types.h>

#include <stdbool.h>
#include <string.h>

/* Bytes that may be written. */
typedef struct ae_span {
    uint8_t *data;
    size_t len;
} ae_span;

static inline aether_bytes ae_bytes(const void *data, size_t len) {
    return (aether_bytes){.data = data, .len = len};
}

/* The bytes of a string literal or C string, without the NUL. */
static inline aether_bytes ae_bytes_of(const char *text) {
    return (aether_bytes){.data = (const uint8_t *)text, .len = strlen(text)};
}

/* Byte order; a prefix comes first. */
static inline int ae_bytes_compare(aether_bytes a, aether_bytes b) {
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len != 0 ? memcmp(a.data, b.data, len) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static inline bool ae_bytes_equal(aether_bytes a, aether_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool ae_bytes_starts_with(aether_bytes a, aether_bytes prefix) {
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

static inline void ae_put_u32_le(uint8_t *out, uint32_t value) {
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static inline void ae_put_u64_le(uint8_t *out, uint64_t value) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static inline uint32_t ae_get_u32_le(const uint8_t *in) {
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline uint64_t ae_get_u64_le(const uint8_t *in) {
    return (uint64_t)ae_get_u32_le(in) | (uint64_t)ae_get_u32_le(in + 4) << 32;
}

static inline void ae_put_u128_le(uint8_t *out, aether_u128 value) {
    ae_put_u64_le(out, value.low);
    ae_put_u64_le(out + 8, value.high);
}

static inline aether_u128 ae_get_u128_le(const uint8_t *in) {
    return (aether_u128){.low = ae_get_u64_le(in), .high = ae_get_u64_le(in + 8)};
}

/* Whether bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most
 * U+10FFFF). */
bool ae_utf8_is_valid(aether_bytes text);

#endif
