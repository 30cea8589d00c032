#include "harness/wasm_builder.h"

#include "harness/test.h"

#include <stdlib.h>

static void reserve(wasm_builder *b, size_t more) {
    if (b->capacity - b->len >= more)
        return;
    const size_t capacity = 2 * (b->len + more);
    uint8_t *data = realloc(b->data, capacity);
    if (data == NULL)
        test_fail(__FILE__, __LINE__, "no memory for %zu bytes", capacity);
    b->data = data;
    b->capacity = capacity;
}

void wasm_free(wasm_builder *b) {
    free(b->data);
    *b = (wasm_builder){0};
}

aether_bytes wasm_bytes_of(const wasm_builder *b) {
    CHECK_U64(b->open_count, 0);
    return (aether_bytes){.data = b->data, .len = b->len};
}

void wasm_byte(wasm_builder *b, uint8_t byte) {
    reserve(b, 1);
    b->data[b->len++] = byte;
}

void wasm_repeat(wasm_builder *b, uint8_t byte, size_t count) {
    if (count == 0)
        return;
    reserve(b, count);
    memset(b->data + b->len, byte, count);
    b->len += count;
}

void wasm_raw(wasm_builder *b, aether_bytes bytes) {
    if (bytes.len == 0)
        return;
    reserve(b, bytes.len);
    memcpy(b->data + b->len, bytes.data, bytes.len);
    b->len += bytes.len;
}

void wasm_u32(wasm_builder *b, uint32_t value) {
    for (; value >= 0x80; value >>= 7)
        wasm_byte(b, (uint8_t)(value | 0x80));
    wasm_byte(b, (uint8_t)value);
}

void wasm_u32_padded(wasm_builder *b, uint32_t value, size_t len) {
    CHECK(len >= 1 && len <= 5);
    for (size_t i = 1; i < len; i++, value >>= 7)
        wasm_byte(b, (uint8_t)(value | 0x80));
    CHECK(value < 0x80);
    wasm_byte(b, (uint8_t)value);
}

void wasm_s64(wasm_builder *b, int64_t value) {
    while (value < -64 || value > 63) {
        wasm_byte(b, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    wasm_byte(b, (uint8_t)(value & 0x7f));
}

void wasm_u32_le(wasm_builder *b, uint32_t bits) {
    for (int i = 0; i < 4; i++)
        wasm_byte(b, (uint8_t)(bits >> (8 * i)));
}

void wasm_u64_le(wasm_builder *b, uint64_t bits) {
    for (int i = 0; i < 8; i++)
        wasm_byte(b, (uint8_t)(bits >> (8 * i)));
}

void wasm_name(wasm_builder *b, const char *name) {
    const size_t len = strlen(name);
    wasm_u32(b, (uint32_t)len);
    wasm_raw(b, (aether_bytes){.data = (const uint8_t *)name, .len = len});
}

void wasm_open(wasm_builder *b) {
    CHECK(b->open_count < WASM_OPEN_MAX);
    b->open[b->open_count++] = b->len;
    wasm_repeat(b, 0, 5); // room for the longest length
}

void wasm_close(wasm_builder *b) {
    CHECK(b->open_count > 0);
    const size_t at = b->open[--b->open_count];
    const size_t content_len = b->len - at - 5;
    const size_t end = b->len;
    b->len = at;
    wasm_u32(b, (uint32_t)content_len);
    memmove(b->data + b->len, b->data + end - content_len, content_len);
    b->len += content_len;
}

void wasm_open_section(wasm_builder *b, uint8_t id) {
    wasm_byte(b, id);
    wasm_open(b);
}

void wasm_open_custom(wasm_builder *b, const char *name) {
    wasm_open_section(b, WASM_CUSTOM);
    wasm_name(b, name);
}

void wasm_header(wasm_builder *b) {
    WASM(b, 0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
}

static uint8_t type_of_letter(char letter) {
    switch (letter) {
    case 'i':
        return 0x7f;
    case 'I':
        return 0x7e;
    case 'f':
        return 0x7d;
    case 'F':
        return 0x7c;
    default:
        test_fail(__FILE__, __LINE__, "no type has the letter %c", letter);
    }
}

static void type_list(wasm_builder *b, const char *letters, size_t count) {
    wasm_u32(b, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        wasm_byte(b, type_of_letter(letters[i]));
}

void wasm_functype(wasm_builder *b, const char *signature) {
    const size_t params = strcspn(signature, ">");
    CHECK(signature[params] == '>');
    wasm_byte(b, 0x60);
    type_list(b, signature, params);
    type_list(b, signature + params + 1, strlen(signature + params + 1));
}

void wasm_types(wasm_builder *b, uint32_t count, const char *const *signatures) {
    wasm_open_section(b, WASM_TYPE);
    wasm_u32(b, count);
    for (uint32_t i = 0; i < count; i++)
        wasm_functype(b, signatures[i]);
    wasm_close(b);
}

void wasm_import_function(wasm_builder *b, const char *module, const char *name, uint32_t type) {
    wasm_name(b, module);
    wasm_name(b, name);
    wasm_byte(b, 0);
    wasm_u32(b, type);
}

void wasm_functions(wasm_builder *b, uint32_t count, const uint32_t *types) {
    wasm_open_section(b, WASM_FUNCTION);
    wasm_u32(b, count);
    for (uint32_t i = 0; i < count; i++)
        wasm_u32(b, types[i]);
    wasm_close(b);
}

static void limits(wasm_builder *b, uint32_t min, int64_t max) {
    wasm_byte(b, max >= 0);
    wasm_u32(b, min);
    if (max >= 0)
        wasm_u32(b, (uint32_t)max);
}

void wasm_table(wasm_builder *b, uint32_t min, int64_t max) {
    wasm_open_section(b, WASM_TABLE);
    WASM(b, 1, 0x70);
    limits(b, min, max);
    wasm_close(b);
}

void wasm_memory(wasm_builder *b, uint32_t min, int64_t max) {
    wasm_open_section(b, WASM_MEMORY);
    wasm_byte(b, 1);
    limits(b, min, max);
    wasm_close(b);
}

void wasm_export(wasm_builder *b, const char *name, uint8_t kind, uint32_t index) {
    wasm_name(b, name);
    wasm_byte(b, kind);
    wasm_u32(b, index);
}

void wasm_export_functions(
    wasm_builder *b, uint32_t count, const char *const *names, const uint32_t *functions) {
    wasm_open_section(b, WASM_EXPORT);
    wasm_u32(b, count);
    for (uint32_t i = 0; i < count; i++)
        wasm_export(b, names[i], 0, functions[i]);
    wasm_close(b);
}

void wasm_body(wasm_builder *b, aether_bytes code) {
    wasm_open(b);
    wasm_byte(b, 0);
    wasm_raw(b, code);
    wasm_close(b);
}

void wasm_body_with_locals(wasm_builder *b, uint32_t count, uint8_t type, aether_bytes code) {
    wasm_open(b);
    wasm_byte(b, 1);
    wasm_u32(b, count);
    wasm_byte(b, type);
    wasm_raw(b, code);
    wasm_close(b);
}

static void memory_and_exports(wasm_builder *b) {
    wasm_memory(b, 1, -1);
    wasm_open_section(b, WASM_EXPORT);
    wasm_u32(b, 2);
    wasm_export(b, "execute", 0, 0);
    wasm_export(b, "memory", 2, 0);
    wasm_close(b);
}

void wasm_simple(wasm_builder *b, aether_bytes code) {
    wasm_header(b);
    wasm_types(b, 1, (const char *[]){">i"});
    wasm_functions(b, 1, (const uint32_t[]){0});
    memory_and_exports(b);
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, 1);
    wasm_body(b, code);
    wasm_close(b);
}

void wasm_simple_typed(wasm_builder *b, const char *signature, aether_bytes code) {
    wasm_header(b);
    wasm_types(b, 2, (const char *[]){">i", signature});
    wasm_functions(b, 2, (const uint32_t[]){0, 1});
    memory_and_exports(b);
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, 2);
    wasm_body(b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    wasm_body(b, code);
    wasm_close(b);
}

wasm_builder *wasm_part(wasm_parts *parts, uint8_t id) {
    parts->counts[id]++;
    return &parts->sections[id];
}

uint32_t wasm_part_function(wasm_parts *parts, uint32_t type, aether_bytes code) {
    wasm_u32(wasm_part(parts, WASM_FUNCTION), type);
    wasm_body(wasm_part(parts, WASM_CODE), code);
    return parts->counts[WASM_FUNCTION] - 1;
}

void wasm_parts_start(wasm_parts *parts) {
    wasm_functype(wasm_part(parts, WASM_TYPE), ">i");
    wasm_part_function(parts, 0, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    wasm_export(wasm_part(parts, WASM_EXPORT), "execute", 0, 0);
}

void wasm_assemble(wasm_parts *parts, wasm_builder *out) {
    static const uint8_t order[] = {WASM_TYPE, WASM_IMPORT, WASM_FUNCTION, WASM_TABLE, WASM_MEMORY,
        WASM_GLOBAL, WASM_EXPORT, WASM_START, WASM_ELEMENT, WASM_DATA_COUNT, WASM_CODE, WASM_DATA};
    wasm_header(out);
    for (size_t i = 0; i < sizeof order; i++) {
        const uint8_t id = order[i];
        wasm_builder *section = &parts->sections[id];
        if (parts->counts[id] == 0)
            continue;
        wasm_open_section(out, id);
        if (id != WASM_START && id != WASM_DATA_COUNT)
            wasm_u32(out, parts->counts[id]);
        wasm_raw(out, wasm_bytes_of(section));
        wasm_close(out);
        wasm_free(section);
    }
    *parts = (wasm_parts){0};
}
