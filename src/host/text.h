/* Text for people out of bytes that a contract chose: one line, valid UTF-8, no control characters.
 *
 * Thread safety: one-at-a-time. Determinism: no part of consensus, but ae_text_from_utf16 is. */
#ifndef AE_HOST_TEXT_H
#define AE_HOST_TEXT_H

#include "base/bytes.h"

/* A text that grows in the caller's buffer; not NUL-terminated. What does not fit is cut between
 * characters, and from then on nothing is added. */
typedef struct ae_text {
    char *data; /* NULL: nothing is written, `len` tells what would be */
    size_t len;
    size_t capacity; /* bytes */
    bool is_cut;
} ae_text;

/* Append bytes. Control characters (C0, DEL, C1) and what is not valid UTF-8 become \xNN, byte by
 * byte. */
void ae_text_escape(ae_text *text, aether_bytes bytes);

/* Convert UTF-16LE, an even number of bytes, to UTF-8; lone surrogates become U+FFFD.
 *
 * out   room for the whole result, or NULL to learn its length
 * returns the length of the result in bytes */
size_t ae_text_from_utf16(aether_bytes units, uint8_t *out);

#endif
