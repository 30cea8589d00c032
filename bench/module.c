#include "module.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_LEN = 8, CUSTOM = 0, FUNCTION = 3, CODE = 10, LEB_LEN = 5 };

static uint32_t read_u32(const uint8_t **at) {
    uint32_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*at)++;
        value |= (uint32_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

static void write_u32(uint8_t **at, uint32_t value) {
    for (; value >= 0x80; value >>= 7)
        *(*at)++ = (uint8_t)(value | 0x80);
    *(*at)++ = (uint8_t)value;
}

static void write_bytes(uint8_t **at, const uint8_t *bytes, size_t len) {
    memcpy(*at, bytes, len);
    *at += len;
}

static size_t leb_len(uint32_t value) {
    uint8_t scratch[LEB_LEN];
    uint8_t *at = scratch;
    write_u32(&at, value);
    return (size_t)(at - scratch);
}

// The section's vector, `copies` times.
static void write_vector(
    uint8_t **at, const uint8_t *content, const uint8_t *end, uint32_t copies) {
    const uint32_t count = read_u32(&content) * copies;
    const size_t len = (size_t)(end - content);
    write_u32(at, (uint32_t)(leb_len(count) + len * copies));
    write_u32(at, count);
    for (uint32_t i = 0; i < copies; i++)
        write_bytes(at, content, len);
}

bool bench_module_copy(aether_bytes wasm, uint32_t copies, aether_bytes *out_wasm) {
    uint8_t *data = malloc((wasm.len + 2 * LEB_LEN) * copies);
    if (data == NULL)
        return bench_fail("module: no memory");
    uint8_t *at = data;
    const uint8_t *from = wasm.data + HEADER_LEN;
    write_bytes(&at, wasm.data, HEADER_LEN);
    while (from < wasm.data + wasm.len) {
        const uint8_t id = *from++;
        const uint32_t len = read_u32(&from);
        const uint8_t *content = from;
        from += len;
        if (id == CUSTOM)
            continue;
        *at++ = id;
        if (id == FUNCTION || id == CODE) {
            write_vector(&at, content, from, copies);
        } else {
            write_u32(&at, len);
            write_bytes(&at, content, len);
        }
    }
    *out_wasm = (aether_bytes){.data = data, .len = (size_t)(at - data)};
    return true;
}
