/* Text and bytes that grow, and what makes foreign bytes safe to show.
 *
 * Memory: a command that runs out of it can only say so, so that cli_alloc and everything built on
 * it prints one line and ends the process with the exit status of a fault. */
#ifndef AE_CLI_TEXT_H
#define AE_CLI_TEXT_H

#include <aether/types.h>

#include <stdbool.h>
#include <stdint.h>

/** Never NULL; zeroed. */
void *cli_alloc(size_t count, size_t size);

/** Never NULL. */
void *cli_realloc(void *memory, size_t size);

/** Ends the process with one line and the exit status of a fault. */
_Noreturn void cli_die_of_memory(void);

/** Text that grows; always NUL-terminated once something was added. Zeroed is empty. */
typedef struct cli_text {
    char *data;
    size_t len;
    size_t capacity;
} cli_text;

void cli_text_deinit(cli_text *text);
void cli_text_add(cli_text *text, const char *data, size_t len);
void cli_text_format(cli_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** "0x" and lower-case digits. */
void cli_text_hex(cli_text *text, aether_bytes bytes);

/** Decimal digits. */
void cli_text_u128(cli_text *text, aether_u128 value);

/** Bytes that somebody else chose, made harmless for a terminal: control characters, invalid UTF-8
 * and characters that reorder a line become \n, \x1b or \u{202e}; nothing else changes. */
void cli_text_escaped(cli_text *text, aether_bytes bytes);

/** The bytes of a C string. */
aether_bytes cli_bytes_of(const char *string);

/** Whether bytes are text that cli_text_escaped would leave as it is. */
bool cli_bytes_are_printable(aether_bytes bytes);

/** One character of UTF-8.
 *  @param bytes     at least one byte
 *  @param out_code  the code point, or -1 if the first byte doesn't start a valid sequence
 *  @return its length; 1 for an invalid byte */
size_t cli_utf8_next(aether_bytes bytes, int32_t *out_code);

/** Whether a character can move a terminal's cursor or reorder a line. */
bool cli_code_is_control(int32_t code);

/** Hex, cut where it gets long, and the text that it spells if it does. */
void cli_text_bytes(cli_text *text, aether_bytes bytes);

/** A value that somebody typed, escaped and shortened for an error line. */
typedef struct cli_quoted {
    char text[200];
} cli_quoted;

cli_quoted cli_quote(const char *value);

/** Hex digits of either case.
 *  @param digits  an even number of digits, nothing else
 *  @param out     digits.len / 2 bytes
 *  @return false if something else was in it */
bool cli_hex_decode(aether_bytes digits, uint8_t *out);

#endif
