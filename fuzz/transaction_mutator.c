/* Mutations that keep the form of a Protocol Buffers message, so that what lies behind the parser is reached: libprotobuf-c
 * is not instrumented and gives the fuzzer no hint. Half of the time libFuzzer changes bytes as it does otherwise. */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#define FIELDS_MAX 64
#define LEN_MAX 8192

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t len_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t len_max, unsigned seed);

/* One field of a message: from its tag to its end. */
typedef struct field {
    const uint8_t *data;
    size_t len;
    size_t head_len; // tag, and length if it has one
    bool has_bytes;
} field;

typedef struct text {
    uint8_t data[LEN_MAX];
    size_t len;
} text;

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u; // Numerical Recipes
    return *state >> 8;
}

static void put(text *out, const uint8_t *data, size_t len) {
    if (len == 0 || len > LEN_MAX - out->len)
        return;
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static void put_varint(text *out, uint64_t value, size_t len_min) {
    for (size_t i = 1; value > 0x7f || i < len_min; i++) {
        const uint8_t byte = (uint8_t)(value | 0x80);
        put(out, &byte, 1);
        value >>= 7;
    }
    const uint8_t last = (uint8_t)value;
    put(out, &last, 1);
}

static size_t varint_len(const uint8_t *data, size_t len, uint64_t *out_value) {
    *out_value = 0;
    for (size_t i = 0; i < len && i < 10; i++) {
        *out_value |= (uint64_t)(data[i] & 0x7f) << 7 * i;
        if (data[i] < 0x80)
            return i + 1;
    }
    return 0;
}

static bool read_field(const uint8_t *data, size_t len, field *out) {
    uint64_t value = 0;
    const size_t tag_len = varint_len(data, len, &value);
    if (tag_len == 0)
        return false;
    const unsigned type = value & 7;
    const size_t more = varint_len(data + tag_len, len - tag_len, &value);
    *out = (field){.data = data, .head_len = tag_len};
    if (type == 1 || type == 5) {
        out->len = tag_len + (type == 1 ? 8 : 4);
        return out->len <= len;
    }
    if ((type != 0 && type != 2) || more == 0)
        return false;
    out->len = tag_len + more;
    out->has_bytes = type == 2;
    if (!out->has_bytes)
        return true;
    out->head_len = out->len;
    if (value > len - out->len)
        return false;
    out->len += value;
    return true;
}

// The fields of a message; 0 if it is none.
static size_t split(const uint8_t *data, size_t len, field *out) {
    size_t count = 0;
    for (size_t at = 0; at < len; at += out[count++].len)
        if (count == FIELDS_MAX || !read_field(data + at, len - at, &out[count]))
            return 0;
    return count;
}

static void put_unknown(text *out, uint32_t *random) {
    static const uint32_t numbers[] = {0, 1, 5, 7, 8, 9, 10, 12, 15, 16, 2047, (1u << 29) - 1};
    const unsigned type = next_random(random) % 6;
    put_varint(out, (uint64_t)numbers[next_random(random) % 12] << 3 | type,
        next_random(random) % 8 == 0 ? 3 : 0);
    if (type == 0)
        put_varint(out, (uint64_t)next_random(random) << next_random(random) % 40,
            next_random(random) % 11);
    else
        put(out, (const uint8_t[8]){2, 7}, type == 1 ? 8 : type == 5 ? 4 : type == 2 ? 3 : 0);
}

static void mutate(const uint8_t *data, size_t len, uint32_t *random, int depth, text *out);

// A field with bytes: the bytes changed, as a message or as they are, and a length that fits, or nearly.
static void put_changed(const field *from, uint32_t *random, int depth, text *out) {
    static text rooms[2];
    text *inner = &rooms[depth];
    uint64_t tag = 0;
    inner->len = 0;
    (void)varint_len(from->data, from->len, &tag);
    if (!from->has_bytes) {
        uint64_t value = 0;
        (void)varint_len(from->data + from->head_len, from->len - from->head_len, &value);
        value = next_random(random) % 2 != 0 ? value + next_random(random) % 3 - 1
                                             : value << next_random(random) % 64;
        put_varint(out, tag, 0);
        put_varint(out, value, next_random(random) % 4 == 0 ? next_random(random) % 11 : 0);
        return;
    }
    const uint8_t *bytes = from->data + from->head_len;
    const size_t bytes_len = from->len - from->head_len;
    if (depth == 0 && next_random(random) % 4 != 0) {
        mutate(bytes, bytes_len, random, 1, inner);
    } else {
        put(inner, bytes, bytes_len);
        inner->len = LLVMFuzzerMutate(inner->data, inner->len, LEN_MAX / 2);
    }
    put_varint(out, tag, 0);
    put_varint(out, inner->len + (next_random(random) % 16 == 0 ? next_random(random) % 3 : 0),
        next_random(random) % 16 == 0 ? 2 : 0);
    put(out, inner->data, inner->len);
}

static void mutate(const uint8_t *data, size_t len, uint32_t *random, int depth, text *out) {
    field fields[FIELDS_MAX];
    const size_t count = split(data, len, fields);
    if (count == 0) {
        put_unknown(out, random);
        return;
    }
    const size_t chosen = next_random(random) % count;
    const size_t other = next_random(random) % count;
    const unsigned how = next_random(random) % 8;
    for (size_t i = 0; i < count; i++) {
        const field *at = &fields[i];
        if (how == 0 && i == chosen)
            continue;                                // left out
        if (how == 1 && (i == chosen || i == other)) // in another order
            at = &fields[i == chosen ? other : chosen];
        if (how == 2 && i == chosen) // another's copy before it
            put(out, fields[other].data, fields[other].len);
        if (how == 3 && i == chosen)
            put_unknown(out, random);
        if (how > 3 && i == chosen)
            put_changed(at, random, depth, out);
        else
            put(out, at->data, at->len);
    }
    if (how == 3 && chosen == 0)
        put_unknown(out, random);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t len_max, unsigned seed) {
    static text out;
    uint32_t random = seed;
    out.len = 0;
    if (next_random(&random) % 2 != 0 || len > LEN_MAX / 4)
        return LLVMFuzzerMutate(data, len, len_max);
    mutate(data, len, &random, 0, &out);
    const size_t out_len = out.len < len_max ? out.len : len_max;
    if (out_len != 0)
        memcpy(data, out.data, out_len);
    return out_len;
}
