#include "wasm/reader.h"

#include "base/assert.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

ae_reader ae_reader_over(aether_bytes module, uint32_t start, uint32_t end) {
    AE_ASSERT(module.len <= UINT32_MAX && start <= end && end <= module.len);
    return (ae_reader){.data = module.data, .at = start, .end = end, .function = AE_NO_FUNCTION};
}

aether_status ae_reader_refuse(const ae_reader *reader, uint32_t offset, aether_error *err,
    aether_status status, const char *rule, const char *format, ...) {
    if (err == NULL)
        return status;
    char detail[sizeof err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    if (reader->function == AE_NO_FUNCTION)
        return ae_fail(err, status, "%s: offset 0x%" PRIx32 ": %s", rule, offset, detail);
    return ae_fail(err, status, "%s: function %" PRIu32 ", offset 0x%" PRIx32 ": %s", rule,
        reader->function, offset, detail);
}

aether_status ae_read_byte(ae_reader *reader, uint8_t *out, aether_error *err) {
    if (reader->at == reader->end)
        return ae_reader_refuse(reader, reader->at, err, AETHER_MALFORMED_MODULE, "truncated",
            "bytes end where one more is needed");
    *out = reader->data[reader->at++];
    return AETHER_OK;
}

static aether_status refuse_leb(const ae_reader *reader, uint32_t offset, const char *what,
    uint32_t bits, bool is_truncated, aether_error *err) {
    if (is_truncated)
        return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "truncated",
            "bytes end inside the %s", what);
    return ae_reader_refuse(reader, offset, err, AETHER_MALFORMED_MODULE, "overlong_integer",
        "the %s does not fit %" PRIu32 " bits", what, bits);
}

// The groups of seven bits, low ones first, not yet sign-extended. In the last byte that `bits`
// allows, the bits beyond must be zero, or all equal to the sign.
static aether_status read_leb(ae_reader *reader, const char *what, uint32_t bits, bool is_signed,
    uint64_t *out, uint32_t *out_shift, aether_error *err) {
    const uint32_t start = reader->at;
    uint64_t value = 0;
    uint32_t shift = 0;
    for (;;) {
        if (reader->at == reader->end)
            return refuse_leb(reader, start, what, bits, true, err);
        const uint8_t byte = reader->data[reader->at++];
        const uint32_t left = bits - shift; // at least 1
        if (left < 7) {
            const uint8_t unused = (uint8_t)(0x7f & ~((1u << (is_signed ? left - 1 : left)) - 1u));
            const uint8_t set = byte & unused;
            const bool fits = set == 0 || (is_signed && set == unused);
            if ((byte & 0x80) != 0 || !fits)
                return refuse_leb(reader, start, what, bits, false, err);
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if ((byte & 0x80) == 0)
            break;
    }
    *out = value;
    *out_shift = shift;
    return AETHER_OK;
}

aether_status ae_read_u32(ae_reader *reader, const char *what, uint32_t *out, aether_error *err) {
    if (reader->at < reader->end && reader->data[reader->at] < 0x80) { // nearly always
        *out = reader->data[reader->at++];
        return AETHER_OK;
    }
    uint64_t value = 0;
    uint32_t shift = 0;
    AE_TRY(read_leb(reader, what, 32, false, &value, &shift, err));
    *out = (uint32_t)value;
    return AETHER_OK;
}

static aether_status read_signed(
    ae_reader *reader, const char *what, uint32_t bits, int64_t *out, aether_error *err) {
    uint64_t value = 0;
    uint32_t shift = 0;
    AE_TRY(read_leb(reader, what, bits, true, &value, &shift, err));
    if (shift < 64 && (value >> (shift - 1) & 1) != 0)
        value |= UINT64_MAX << shift;
    *out = (int64_t)value;
    return AETHER_OK;
}

aether_status ae_read_s32(ae_reader *reader, const char *what, int32_t *out, aether_error *err) {
    int64_t value = 0;
    AE_TRY(read_signed(reader, what, 32, &value, err));
    *out = (int32_t)value;
    return AETHER_OK;
}

aether_status ae_read_s33(ae_reader *reader, const char *what, int64_t *out, aether_error *err) {
    return read_signed(reader, what, 33, out, err);
}

aether_status ae_read_s64(ae_reader *reader, const char *what, int64_t *out, aether_error *err) {
    return read_signed(reader, what, 64, out, err);
}

aether_status ae_read_bytes(
    ae_reader *reader, const char *what, uint32_t len, aether_bytes *out, aether_error *err) {
    const uint32_t left = reader->end - reader->at;
    if (len > left)
        return ae_reader_refuse(reader, reader->at, err, AETHER_MALFORMED_MODULE, "truncated",
            "the %s has %" PRIu32 " bytes, but %" PRIu32 " are left", what, len, left);
    *out = ae_bytes(reader->data + reader->at, len);
    reader->at += len;
    return AETHER_OK;
}

aether_status ae_read_name(
    ae_reader *reader, const char *what, aether_bytes *out, aether_error *err) {
    const uint32_t start = reader->at;
    uint32_t len = 0;
    aether_bytes name = {0};
    AE_TRY(ae_read_u32(reader, what, &len, err));
    AE_TRY(ae_read_bytes(reader, what, len, &name, err));
    if (!ae_utf8_is_valid(name))
        return ae_reader_refuse(reader, start, err, AETHER_MALFORMED_MODULE, "name_encoding",
            "the %s is not valid UTF-8", what);
    *out = name;
    return AETHER_OK;
}
