#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

_Noreturn void cli_die_of_memory(void) {
    static const char line[] = "aether: host memory exhausted (OUT_OF_MEMORY)\n";
    const ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written; // there is nobody left to tell
    _exit(CLI_EXIT_FAULT);
}

void *cli_alloc(size_t count, size_t size) {
    void *memory = calloc(count == 0 ? 1 : count, size);
    if (memory == NULL)
        cli_die_of_memory();
    return memory;
}

void *cli_realloc(void *memory, size_t size) {
    void *grown = realloc(memory, size == 0 ? 1 : size);
    if (grown == NULL)
        cli_die_of_memory();
    return grown;
}

void cli_text_deinit(cli_text *text) {
    free(text->data);
    *text = (cli_text){0};
}

// Make room for `more` bytes and the terminator.
static void reserve(cli_text *text, size_t more) {
    if (more > SIZE_MAX / 4 - text->len)
        cli_die_of_memory();
    const size_t needed = text->len + more + 1;
    if (needed <= text->capacity)
        return;
    text->capacity = needed < 64 ? 64 : needed + needed / 2;
    text->data = cli_realloc(text->data, text->capacity);
}

void cli_text_add(cli_text *text, const char *data, size_t len) {
    reserve(text, len);
    if (len != 0)
        memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void cli_text_format(cli_text *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        cli_die_of_memory();
    reserve(text, (size_t)len);
    va_start(args, format);
    (void)vsnprintf(text->data + text->len, (size_t)len + 1, format, args);
    va_end(args);
    text->len += (size_t)len;
}

void cli_text_hex(cli_text *text, aether_bytes bytes) {
    static const char digits[] = "0123456789abcdef";
    cli_text_add(text, "0x", 2);
    if (bytes.len > SIZE_MAX / 8)
        cli_die_of_memory();
    reserve(text, 2 * bytes.len);
    for (size_t i = 0; i < bytes.len; i++) {
        text->data[text->len++] = digits[bytes.data[i] >> 4];
        text->data[text->len++] = digits[bytes.data[i] & 15];
    }
    text->data[text->len] = '\0';
}

// value := value / 10, by halves from the top; the rest is returned.
static uint32_t pop_digit(aether_u128 *value) {
    uint32_t part[4] = {(uint32_t)(value->high >> 32), (uint32_t)value->high,
        (uint32_t)(value->low >> 32), (uint32_t)value->low};
    uint64_t rest = 0;
    for (size_t i = 0; i < 4; i++) {
        rest = rest << 32 | part[i];
        part[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    value->high = (uint64_t)part[0] << 32 | part[1];
    value->low = (uint64_t)part[2] << 32 | part[3];
    return (uint32_t)rest;
}

void cli_text_u128(cli_text *text, aether_u128 value) {
    char digits[40]; // 2^128 - 1 has 39
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + pop_digit(&value));
    while (value.low != 0 || value.high != 0);
    cli_text_add(text, digits + at, sizeof digits - at);
}

// What a lead byte promises: the length of its sequence and the smallest code point that needs it.
static size_t sequence_len(uint8_t lead, int32_t *out_bits, int32_t *out_min) {
    if ((lead & 0xe0) == 0xc0) {
        *out_bits = lead & 0x1f;
        *out_min = 0x80;
        return 2;
    }
    if ((lead & 0xf0) == 0xe0) {
        *out_bits = lead & 0x0f;
        *out_min = 0x800;
        return 3;
    }
    if ((lead & 0xf8) == 0xf0) {
        *out_bits = lead & 0x07;
        *out_min = 0x10000;
        return 4;
    }
    return 0;
}

size_t cli_utf8_next(aether_bytes bytes, int32_t *out_code) {
    *out_code = -1;
    if (bytes.data[0] < 0x80) {
        *out_code = bytes.data[0];
        return 1;
    }
    int32_t code = 0;
    int32_t code_min = 0;
    const size_t len = sequence_len(bytes.data[0], &code, &code_min);
    if (len == 0 || len > bytes.len)
        return 1;
    for (size_t i = 1; i < len; i++) {
        if ((bytes.data[i] & 0xc0) != 0x80)
            return 1;
        code = (code << 6) | (bytes.data[i] & 0x3f);
    }
    if (code < code_min || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 1;
    *out_code = code;
    return len;
}

bool cli_code_is_control(int32_t code) {
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void cli_text_escaped(cli_text *text, aether_bytes bytes) {
    while (bytes.len != 0) {
        int32_t code = 0;
        const size_t len = cli_utf8_next(bytes, &code);
        if (code == '\n')
            cli_text_add(text, "\\n", 2);
        else if (code == '\t')
            cli_text_add(text, "\\t", 2);
        else if (code < 0x20 || code == 0x7f) // an invalid byte too: it is -1
            cli_text_format(text, "\\x%02x", bytes.data[0]);
        else if (cli_code_is_control(code))
            cli_text_format(text, "\\u{%x}", (unsigned)code);
        else
            cli_text_add(text, (const char *)bytes.data, len);
        bytes = (aether_bytes){bytes.data + len, bytes.len - len};
    }
}

void cli_text_bytes(cli_text *text, aether_bytes bytes) {
    enum { SHOWN_BYTES_MAX = 256 };
    if (bytes.len > SHOWN_BYTES_MAX) {
        cli_text_hex(text, (aether_bytes){bytes.data, SHOWN_BYTES_MAX});
        cli_text_format(text, "... (%zu bytes)", bytes.len);
        return;
    }
    cli_text_hex(text, bytes);
    if (bytes.len == 0 || !cli_bytes_are_printable(bytes))
        return;
    cli_text_add(text, " \"", 2);
    cli_text_escaped(text, bytes);
    cli_text_add(text, "\"", 1);
}

aether_bytes cli_bytes_of(const char *string) {
    return (aether_bytes){(const uint8_t *)string, strlen(string)};
}

bool cli_bytes_are_printable(aether_bytes bytes) {
    while (bytes.len != 0) {
        int32_t code = 0;
        const size_t len = cli_utf8_next(bytes, &code);
        if (code < 0 || cli_code_is_control(code))
            return false;
        bytes = (aether_bytes){bytes.data + len, bytes.len - len};
    }
    return true;
}

cli_quoted cli_quote(const char *value) {
    cli_text escaped = {0};
    cli_text_escaped(&escaped, cli_bytes_of(value));
    cli_quoted out = {{0}};
    const size_t capacity = sizeof out.text - 4; // for "..." and the terminator
    size_t len = escaped.len;
    if (len > capacity) {
        len = capacity;
        // A character is kept whole: step back over continuation bytes.
        while (len > 0 && ((unsigned char)escaped.data[len] & 0xc0) == 0x80)
            len--;
        memcpy(out.text + len, "...", 3);
    }
    if (len != 0)
        memcpy(out.text, escaped.data, len);
    cli_text_deinit(&escaped);
    return out;
}

static int digit_value(uint8_t digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool cli_hex_decode(aether_bytes digits, uint8_t *out) {
    if (digits.len % 2 != 0)
        return false;
    for (size_t i = 0; i < digits.len; i += 2) {
        const int high = digit_value(digits.data[i]);
        const int low = digit_value(digits.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (uint8_t)(high * 16 + low);
    }
    return true;
}
