/* A bounds-checked cursor over a module's bytes. Every read either succeeds within the bytes or says
 * where they ended.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_WASM_READER_H
#define AE_WASM_READER_H

#include "base/bytes.h"
#include "base/error.h"

#define AE_NO_FUNCTION UINT32_MAX

typedef struct ae_reader {
    const uint8_t *data; /* the whole module, so that offsets are the module's */
    uint32_t at;         /* in [0, end] */
    uint32_t end;        /* at most the module's length */
    uint32_t function;   /* index for messages, or AE_NO_FUNCTION */
} ae_reader;

/* A reader over bytes[start, end) of a module that is at most 2^32 - 1 bytes long. */
ae_reader ae_reader_over(aether_bytes module, uint32_t start, uint32_t end);

static inline bool ae_reader_is_at_end(const ae_reader *reader) {
    return reader->at == reader->end;
}

/* Refuse with `rule`, naming function and offset:
 * "<rule>: function 3, offset 0x1a2: <detail>" or "<rule>: offset 0x1a2: <detail>". */
__attribute__((format(printf, 6, 7), warn_unused_result)) aether_status ae_reader_refuse(
    const ae_reader *reader, uint32_t offset, aether_error *err, aether_status status,
    const char *rule, const char *format, ...);

AETHER_MUST_CHECK aether_status ae_read_byte(ae_reader *reader, uint8_t *out, aether_error *err);

/* LEB128, at most ceil(bits / 7) bytes, unused bits of the last byte zero (or the sign). Padded forms
 * within that length are legal Wasm. `what` names the value in messages. */
AETHER_MUST_CHECK aether_status ae_read_u32(
    ae_reader *reader, const char *what, uint32_t *out, aether_error *err);
AETHER_MUST_CHECK aether_status ae_read_s32(
    ae_reader *reader, const char *what, int32_t *out, aether_error *err);
AETHER_MUST_CHECK aether_status ae_read_s33(
    ae_reader *reader, const char *what, int64_t *out, aether_error *err);
AETHER_MUST_CHECK aether_status ae_read_s64(
    ae_reader *reader, const char *what, int64_t *out, aether_error *err);

/* `len` raw bytes, borrowed from the module. */
AETHER_MUST_CHECK aether_status ae_read_bytes(
    ae_reader *reader, const char *what, uint32_t len, aether_bytes *out, aether_error *err);

/* A name: length, then that many bytes of valid UTF-8. No bound on the length but the bytes that are left. */
AETHER_MUST_CHECK aether_status ae_read_name(
    ae_reader *reader, const char *what, aether_bytes *out, aether_error *err);

#endif
