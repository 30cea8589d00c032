/* A growing buffer that WebAssembly is written into.
 *
 * Writing is two steps, so that the hot path has one check for each instruction: ae_emit_reserve
 * makes room, the ae_emit_ writers then fill it without asking. When memory is exhausted reserve
 * says false once and the caller stops.
 *
 * Life: ae_emit_init → reserve, write … → take `data`, or ae_emit_deinit. Thread safety:
 * one-at-a-time. */
#ifndef AE_GAS_EMIT_H
#define AE_GAS_EMIT_H

#include "base/assert.h"
#include "base/bytes.h"

/* The encodings of the instructions, AE_CODE_<name>. */
enum {
#define AE_OP(name, code, immediates, signature, text) AE_CODE_##name = (code),
#include "wasm/opcodes.def"
#undef AE_OP
};

#define AE_LEB128_PADDED_LEN 5 /* bytes of a 32-bit number at its longest */

typedef struct ae_emit {
    uint8_t *data; /* owned */
    uint32_t len;
    uint32_t capacity;
} ae_emit;

void ae_emit_init(ae_emit *emit);
void ae_emit_deinit(ae_emit *emit);

bool ae_emit_grow(ae_emit *emit, uint32_t more);

/* Make room for `more` bytes; false when memory is exhausted, what was written being as before. */
static inline bool ae_emit_reserve(ae_emit *emit, uint32_t more) {
    return more <= emit->capacity - emit->len || ae_emit_grow(emit, more);
}

static inline void ae_emit_byte(ae_emit *emit, uint8_t byte) {
    AE_DEBUG_ASSERT(emit->len < emit->capacity);
    emit->data[emit->len++] = byte;
}

static inline void ae_emit_bytes(ae_emit *emit, const void *data, uint32_t len) {
    AE_DEBUG_ASSERT(len <= emit->capacity - emit->len);
    if (len != 0)
        memcpy(emit->data + emit->len, data, len);
    emit->len += len;
}

/* The shortest form of an unsigned number. */
static inline void ae_emit_u32(ae_emit *emit, uint32_t value) {
    while (value >= 0x80) {
        ae_emit_byte(emit, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    ae_emit_byte(emit, (uint8_t)value);
}

/* The shortest form of a signed number; an i32 is widened first. */
static inline void ae_emit_s64(ae_emit *emit, int64_t value) {
    while (value < -64 || value > 63) {
        ae_emit_byte(emit, (uint8_t)((value & 0x7f) | 0x80));
        value >>= 7;
    }
    ae_emit_byte(emit, (uint8_t)(value & 0x7f));
}

/* An instruction with the index of a local. */
static inline void ae_emit_local(ae_emit *emit, uint8_t code, uint32_t local) {
    ae_emit_byte(emit, code);
    ae_emit_u32(emit, local);
}

static inline void ae_emit_i32_const(ae_emit *emit, int32_t value) {
    ae_emit_byte(emit, AE_CODE_i32_const);
    ae_emit_s64(emit, value);
}

static inline void ae_emit_i64_const(ae_emit *emit, int64_t value) {
    ae_emit_byte(emit, AE_CODE_i64_const);
    ae_emit_s64(emit, value);
}

/* [i32] → []: `unreachable` unless it is 0. */
static inline void ae_emit_trap_if(ae_emit *emit) {
    ae_emit_byte(emit, AE_CODE_if);
    ae_emit_byte(emit, 0x40);
    ae_emit_byte(emit, AE_CODE_unreachable);
    ae_emit_byte(emit, AE_CODE_end);
}

/* Bytes of the shortest form. */
uint32_t ae_leb128_u32_len(uint32_t value);

/* Write a number over AE_LEB128_PADDED_LEN bytes that were left for it at `at`. */
void ae_emit_patch_u32(ae_emit *emit, uint32_t at, uint32_t value);

#endif
