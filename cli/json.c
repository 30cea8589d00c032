#include "json.h"

#include <json-c/json_object.h>
#include <json-c/printbuf.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "text.h"

static struct json_object *keep(struct json_object *object) {
    if (object == NULL)
        cli_die_of_memory();
    return object;
}

struct json_object *cli_json_object(void) {
    return keep(json_object_new_object());
}

struct json_object *cli_json_array(void) {
    return keep(json_object_new_array());
}

struct json_object *cli_json_u64(uint64_t value) {
    return keep(json_object_new_uint64(value));
}

struct json_object *cli_json_int(int32_t value) {
    return keep(json_object_new_int(value));
}

struct json_object *cli_json_bool(bool value) {
    return keep(json_object_new_boolean(value));
}

// json-c leaves everything from 0x7f up as it is; a terminal would act on some of it.
static int print_text(struct json_object *object, struct printbuf *out, int level, int flags) {
    (void)level;
    (void)flags;
    aether_bytes bytes = {(const uint8_t *)json_object_get_string(object),
        (size_t)json_object_get_string_len(object)};
    cli_text text = {0};
    cli_text_add(&text, "\"", 1);
    while (bytes.len != 0) {
        int32_t code = 0;
        const size_t len = cli_utf8_next(bytes, &code);
        if (code < 0)
            cli_text_add(&text, "\\ufffd", 6);
        else if (code == '\n')
            cli_text_add(&text, "\\n", 2);
        else if (cli_code_is_control(code))
            cli_text_format(&text, "\\u%04x", (unsigned)code);
        else if (code == '"' || code == '\\')
            cli_text_format(&text, "\\%c", (char)code);
        else
            cli_text_add(&text, (const char *)bytes.data, len);
        bytes = (aether_bytes){bytes.data + len, bytes.len - len};
    }
    cli_text_add(&text, "\"", 1);
    const int written = printbuf_memappend(out, text.data, (int)text.len);
    cli_text_deinit(&text);
    return written;
}

struct json_object *cli_json_text(const char *text) {
    if (text == NULL)
        return NULL;
    struct json_object *object = keep(json_object_new_string(text));
    json_object_set_serializer(object, print_text, NULL, NULL);
    return object;
}

struct json_object *cli_json_hex(aether_bytes bytes) {
    cli_text hex = {0};
    cli_text_hex(&hex, bytes);
    struct json_object *object = keep(json_object_new_string_len(hex.data, (int)hex.len));
    cli_text_deinit(&hex);
    return object;
}

struct json_object *cli_json_hash(const aether_hash *hash) {
    return cli_json_hex((aether_bytes){hash->bytes, AETHER_HASH_LEN});
}

struct json_object *cli_json_address(const aether_address *address) {
    return cli_json_hex((aether_bytes){address->bytes, AETHER_ADDRESS_LEN});
}

struct json_object *cli_json_u128(aether_u128 value) {
    cli_text text = {0};
    cli_text_u128(&text, value);
    struct json_object *object = cli_json_text(text.data);
    cli_text_deinit(&text);
    return object;
}

struct json_object *cli_json_error(const aether_error *err) {
    struct json_object *object = cli_json_object();
    cli_json_set(object, "code", cli_json_int((int32_t)err->status));
    cli_json_set(object, "name", cli_json_text(aether_status_name(err->status)));
    cli_json_set(object, "message", cli_json_text(err->message));
    return object;
}

void cli_json_set(struct json_object *object, const char *key, struct json_object *value) {
    if (json_object_object_add(object, key, value) != 0)
        cli_die_of_memory();
}

void cli_json_push(struct json_object *array, struct json_object *value) {
    if (json_object_array_add(array, value) != 0)
        cli_die_of_memory();
}

int cli_json_print(struct json_object *object, int status) {
    size_t len = 0;
    const char *json = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (json == NULL)
        cli_die_of_memory();
    cli_text line = {0};
    cli_text_add(&line, json, len);
    cli_text_add(&line, "\n", 1);
    const int printed = cli_print(line.data, line.len, status);
    cli_text_deinit(&line);
    json_object_put(object);
    return printed;
}

int cli_json_print_refusal(const aether_error *err, int status) {
    if (status == CLI_EXIT_FAULT)
        return status;
    struct json_object *object = cli_json_object();
    cli_json_set(object, "error", cli_json_error(err));
    return cli_json_print(object, status);
}

int cli_refuse(const cli_syntax *syntax, bool is_json, const aether_error *err) {
    const int status = cli_report(syntax->name, NULL, err);
    return is_json ? cli_json_print_refusal(err, status) : status;
}
