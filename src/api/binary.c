#include "api/handle.h"

#include "base/alloc.h"

// Text begins with a parenthesis or a comment, after white space; a binary with NUL. What is
// neither is left to the binary's reader, which says what it lacks.
static bool is_text(aether_bytes input) {
    size_t at = 0;
    while (at < input.len && (input.data[at] == ' ' || input.data[at] == '\t' ||
                                 input.data[at] == '\n' || input.data[at] == '\r'))
        at++;
    return at < input.len && (input.data[at] == '(' || input.data[at] == ';');
}

aether_status ae_binary_init(aether_bytes wasm_or_wat, ae_binary *out_binary, aether_error *err) {
    *out_binary = (ae_binary){.bytes = wasm_or_wat};
    if (!is_text(wasm_or_wat))
        return AETHER_OK;
    if (wasm_or_wat.len > AE_TEXT_LEN_MAX)
        return ae_fail(err, AETHER_LIMIT_EXCEEDED, "text module: %zu bytes, at most %u",
            wasm_or_wat.len, AE_TEXT_LEN_MAX);
    size_t len = 0;
    AE_TRY(ae_text_to_binary(wasm_or_wat, &out_binary->owned, &len, err));
    out_binary->bytes = ae_bytes(out_binary->owned, len);
    return AETHER_OK;
}

void ae_binary_deinit(ae_binary *binary) {
    ae_free(binary->owned);
    *binary = (ae_binary){0};
}
