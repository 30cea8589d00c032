/* Building Wasm binaries for tests, byte by byte: whatever is asked for is written, valid or not.
 *
 *   wasm_builder b = {0};
 *   wasm_header(&b);
 *   wasm_types(&b, 2, (const char *[]){">i", "iI>"});
 *   wasm_functions(&b, 1, (const uint32_t[]){0});
 *   wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
 *   wasm_open_section(&b, WASM_CODE);
 *   wasm_u32(&b, 1);
 *   wasm_body(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
 *   wasm_close(&b);
 *   use wasm_bytes_of(&b); wasm_free(&b);
 *
 * Grows as needed; aborts the test when memory ends. Thread safety: one-at-a-time. */
#ifndef AE_TESTS_HARNESS_WASM_BUILDER_H
#define AE_TESTS_HARNESS_WASM_BUILDER_H

#include <aether/types.h>

#include <stdbool.h>
#include <stdint.h>

/* Section ids. */
enum {
    WASM_CUSTOM = 0,
    WASM_TYPE = 1,
    WASM_IMPORT = 2,
    WASM_FUNCTION = 3,
    WASM_TABLE = 4,
    WASM_MEMORY = 5,
    WASM_GLOBAL = 6,
    WASM_EXPORT = 7,
    WASM_START = 8,
    WASM_ELEMENT = 9,
    WASM_CODE = 10,
    WASM_DATA = 11,
    WASM_DATA_COUNT = 12,
};

#define WASM_OPEN_MAX 8 /* lengths that may be open inside each other */

/* Zero it to start. */
typedef struct wasm_builder {
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t open[WASM_OPEN_MAX]; /* where the lengths that are still unknown go */
    size_t open_count;
} wasm_builder;

void wasm_free(wasm_builder *b);                   /* it may then be used again */
aether_bytes wasm_bytes_of(const wasm_builder *b); /* borrowed until the next write */

/* Single things. */
void wasm_byte(wasm_builder *b, uint8_t byte);
void wasm_repeat(wasm_builder *b, uint8_t byte, size_t count);
void wasm_raw(wasm_builder *b, aether_bytes bytes);
void wasm_u32(wasm_builder *b, uint32_t value); /* shortest LEB128 */
void wasm_u32_padded(
    wasm_builder *b, uint32_t value, size_t len);  /* LEB128 of `len` bytes, in [1, 5] */
void wasm_s64(wasm_builder *b, int64_t value);     /* shortest; also right for i32 */
void wasm_u32_le(wasm_builder *b, uint32_t bits);  /* f32 */
void wasm_u64_le(wasm_builder *b, uint64_t bits);  /* f64 */
void wasm_name(wasm_builder *b, const char *name); /* length and bytes */

/* The bytes of a list: WASM(&b, 0x41, 0x00, 0x0b); as an argument: WASM_CODE_BYTES(0x41, 0x00,
 * 0x0b). */
#define WASM_CODE_BYTES(...) \
    ((aether_bytes){         \
        .data = (const uint8_t[]){__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})})
#define WASM(b, ...) wasm_raw((b), WASM_CODE_BYTES(__VA_ARGS__))

/* A length, written by the close as the shortest LEB128 of the bytes in between. They nest. */
void wasm_open(wasm_builder *b);
void wasm_close(wasm_builder *b);
void wasm_open_section(wasm_builder *b, uint8_t id); /* the id, then an open length */
void wasm_open_custom(wasm_builder *b, const char *name);

/* Whole sections. Signatures as in wasm/opcodes.def: "iI>i". */
void wasm_header(wasm_builder *b);                          /* magic and version */
void wasm_functype(wasm_builder *b, const char *signature); /* one entry of the type section */
void wasm_types(wasm_builder *b, uint32_t count, const char *const *signatures);
void wasm_import_function(
    wasm_builder *b, const char *module, const char *name, uint32_t type); /* one entry */
void wasm_functions(wasm_builder *b, uint32_t count, const uint32_t *types);
void wasm_table(wasm_builder *b, uint32_t min, int64_t max);  /* of funcref; max negative: none */
void wasm_memory(wasm_builder *b, uint32_t min, int64_t max); /* pages; max negative: none */
void wasm_export(wasm_builder *b, const char *name, uint8_t kind, uint32_t index); /* one entry */
void wasm_export_functions(
    wasm_builder *b, uint32_t count, const char *const *names, const uint32_t *functions);

/* One entry of the code section: no locals, and this code, its final `end` included. */
void wasm_body(wasm_builder *b, aether_bytes code);
/* The same with `count` declared locals of one type in one group. */
void wasm_body_with_locals(wasm_builder *b, uint32_t count, uint8_t type, aether_bytes code);

/* A whole module: `execute` of type () -> i32 with this code, and a memory of one page that is
 * exported. */
void wasm_simple(wasm_builder *b, aether_bytes code);
/* As wasm_simple, but the code's function, of any type, is not exported; function 0 is `execute`,
 * which returns 0, function 1 is the code. */
void wasm_simple_typed(wasm_builder *b, const char *signature, aether_bytes code);

/* A module put together part by part, in any order. Zero it to start. */
typedef struct wasm_parts {
    wasm_builder sections[13]; /* by id: entries, without their count */
    uint32_t counts[13];
} wasm_parts;

/* The smallest module that is accepted: type 0 is () -> i32, function 0 is `execute`, which returns 0. */
void wasm_parts_start(wasm_parts *parts);

/* Count one more entry of a section; its bytes go to the builder that is returned. Sections `start` and
 * `data count` have no count of their own: what is written is their content. */
wasm_builder *wasm_part(wasm_parts *parts, uint8_t id);

/* One more function with its body; returns its position among the defined ones. */
uint32_t wasm_part_function(wasm_parts *parts, uint32_t type, aether_bytes code);

/* Append header and sections in their order to `out`, and release the parts. */
void wasm_assemble(wasm_parts *parts, wasm_builder *out);

#endif
