#include "base/alloc.h"
#include "engine/native.h"

// The parser explains over several lines, with the source and a caret; one line is wanted:
// "<message> at line <l>, column <c>".
static void one_line(const wasm_name_t *message, char *out, size_t capacity) {
    const char *text = message->data;
    const char *end = memchr(text, '\n', message->size);
    const size_t first_len = end != NULL ? (size_t)(end - text) : message->size;
    size_t len = first_len < capacity - 1 ? first_len : capacity - 1;
    memcpy(out, text, len);
    out[len] = '\0';
    static const char marker[] = "--> <anon>:";
    for (size_t i = first_len; i + sizeof marker - 1 < message->size && len + 8 < capacity; i++) {
        if (memcmp(text + i, marker, sizeof marker - 1) != 0)
            continue;
        memcpy(out + len, " at ", 4);
        len += 4;
        for (i += sizeof marker - 1; i < message->size && text[i] > ' ' && len + 1 < capacity; i++)
            out[len++] = text[i];
        out[len] = '\0';
        return;
    }
}

aether_status ae_text_to_binary(
    aether_bytes text, uint8_t **out_bytes, size_t *out_len, aether_error *err) {
    wasm_byte_vec_t binary;
    wasmtime_error_t *error = wasmtime_wat2wasm((const char *)text.data, text.len, &binary);
    if (error != NULL) {
        wasm_name_t message;
        char line[200] = "";
        wasmtime_error_message(error, &message);
        one_line(&message, line, sizeof line);
        wasm_byte_vec_delete(&message);
        wasmtime_error_delete(error);
        return ae_fail(err, AETHER_MALFORMED_TEXT, "text module: %s", line);
    }
    uint8_t *copy = ae_alloc(1, binary.size);
    if (copy == NULL) {
        wasm_byte_vec_delete(&binary);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "binary of %zu bytes", binary.size);
    }
    memcpy(copy, binary.data, binary.size);
    *out_len = binary.size;
    *out_bytes = copy;
    wasm_byte_vec_delete(&binary);
    return AETHER_OK;
}
