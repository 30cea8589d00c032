#include "host/text.h"

// Length of the well-formed character at the start of the bytes, which are not empty; 0: there is
// none.
static size_t character_len(aether_bytes bytes) {
    const uint8_t lead = bytes.data[0];
    const size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return len <= bytes.len && ae_utf8_is_valid(ae_bytes(bytes.data, len)) ? len : 0;
}

static bool is_control(const uint8_t *character, size_t len) {
    if (len == 1)
        return character[0] < 0x20 || character[0] == 0x7f;
    return len == 2 && character[0] == 0xc2 && character[1] < 0xa0; // U+0080 to U+009F
}

static void append(ae_text *text, const void *bytes, size_t len) {
    if (len > text->capacity - text->len) {
        text->is_cut = true;
        return;
    }
    if (text->data != NULL)
        memcpy(text->data + text->len, bytes, len);
    text->len += len;
}

void ae_text_escape(ae_text *text, aether_bytes bytes) {
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    while (at < bytes.len && !text->is_cut) {
        const uint8_t *here = bytes.data + at;
        const size_t len = character_len(ae_bytes(here, bytes.len - at));
        if (len != 0 && !is_control(here, len)) {
            append(text, here, len);
            at += len;
            continue;
        }
        const char escaped[] = {'\\', 'x', digits[here[0] >> 4], digits[here[0] & 15]};
        append(text, escaped, sizeof escaped);
        at++;
    }
}

static uint32_t get_u16_le(const uint8_t *in) {
    return (uint32_t)in[0] | (uint32_t)in[1] << 8;
}

static size_t put_utf8(uint32_t code, uint8_t *out) {
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    const size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (uint8_t)(marks[len] | code);
    return len;
}

size_t ae_text_from_utf16(aether_bytes units, uint8_t *out) {
    size_t len = 0;
    for (size_t at = 0; at + 2 <= units.len; at += 2) {
        uint32_t code = get_u16_le(units.data + at);
        if (code >= 0xd800 && code <= 0xdfff) {
            const uint32_t low = at + 4 <= units.len ? get_u16_le(units.data + at + 2) : 0;
            const bool is_pair = code < 0xdc00 && low >= 0xdc00 && low <= 0xdfff;
            code = is_pair ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
            at += is_pair ? 2 : 0;
        }
        uint8_t character[4];
        const size_t character_bytes = put_utf8(code, character);
        if (out != NULL)
            memcpy(out + len, character, character_bytes);
        len += character_bytes;
    }
    return len;
}
