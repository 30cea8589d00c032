/* Value and function types: how they are encoded, compared and spelled.
 *
 * Thread safety: immutable. */
#ifndef AE_WASM_TYPE_H
#define AE_WASM_TYPE_H

#include "wasm/module.h"

/* "i32", "i64", "f32" or "f64". */
const char *ae_valtype_name(uint8_t type);

/* The type that a letter of a signature stands for: i, I, f, F. */
ae_valtype ae_valtype_of_letter(char letter);

/* FORBIDDEN_FEATURE: vectors and references. MALFORMED_MODULE: any other byte. */
AETHER_MUST_CHECK aether_status ae_read_valtype(
    ae_reader *reader, const char *what, uint8_t *out, aether_error *err);

#define AE_TYPE_TEXT_LEN \
    192 /* enough for the longest: 33 types of 3 letters and what is in between */

/* "(i32, i64) -> i32", NUL-terminated. */
void ae_functype_print(const ae_functype *type, char out[AE_TYPE_TEXT_LEN]);

/* The type that a signature spells: "iI>i". At most AE_FUNCTION_PARAMS_MAX parameters, at most 1 result. */
ae_functype ae_functype_of_signature(const char *signature);

#endif
