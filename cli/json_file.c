#include "json_file.h"

#include <inttypes.h>
#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "text.h"

enum { JSON_DEPTH_MAX = 8 };

static aether_status refuse(
    const char *what, const char *path, const char *reason, aether_error *err) {
    return cli_fail(
        err, AETHER_INVALID_ARGUMENT, "%s %.120s: %s", what, cli_quote(path).text, reason);
}

// A NUL would end json-c's member names early.
static bool has_nul(aether_bytes text) {
    static const char escape[] = "\\u0000";
    return (text.len != 0 && memchr(text.data, 0, text.len) != NULL) ||
           memmem(text.data, text.len, escape, sizeof escape - 1) != NULL;
}

aether_status cli_json_parse(const char *what, const char *path, aether_bytes text,
    struct json_object **out_object, aether_error *err) {
    if (text.len > INT_MAX)
        return refuse(what, path, "too long", err);
    if (has_nul(text))
        return refuse(what, path, "a NUL character is in it", err);
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    if (tokener == NULL)
        cli_die_of_memory();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object =
        json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.len);
    const enum json_tokener_error error = json_tokener_get_error(tokener);
    const size_t end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    aether_status status = AETHER_OK;
    if (error == json_tokener_continue)
        status = refuse(what, path, "not JSON: it ends too early", err);
    else if (error != json_tokener_success)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT, "%s %.120s: not JSON: %s, at byte %zu",
            what, cli_quote(path).text, json_tokener_error_desc(error), end);
    else if (!json_object_is_type(object, json_type_object))
        status = refuse(what, path, "not a JSON object", err);
    if (status == AETHER_OK)
        *out_object = object;
    else
        json_object_put(object);
    return status;
}

// What json-c says nothing about, read from a text that it accepted.
typedef struct scan {
    size_t colons;   // outside of strings: one for each member
    size_t overflow; // behind the first integer that 64 bits don't hold; 0: none
} scan;

static bool overflows(const uint8_t *digits, size_t len) {
    static const char max[] = "18446744073709551615";
    return len > sizeof max - 1 || (len == sizeof max - 1 && memcmp(digits, max, len) > 0);
}

static scan scan_text(aether_bytes text) {
    scan out = {0};
    bool is_inside = false;
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        digits = !is_inside && c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits != 0 && out.overflow == 0 && overflows(text.data + i + 1 - digits, digits))
            out.overflow = i + 1;
        if (is_inside && c == '\\')
            i++;
        else if (c == '"')
            is_inside = !is_inside;
        else if (!is_inside && c == ':')
            out.colons++;
    }
    return out;
}

// Recursion: at most JSON_DEPTH_MAX deep.
static size_t count_members(struct json_object *value) {
    size_t count = 0;
    if (json_object_is_type(value, json_type_array)) {
        const size_t len = json_object_array_length(value);
        for (size_t i = 0; i < len; i++)
            count += count_members(json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member) {
            (void)name;
            count += 1 + count_members(member);
        }
    }
    return count;
}

aether_status cli_json_open(const char *what, const char *path, aether_bytes text,
    cli_json_reader *out_reader, aether_error *err) {
    *out_reader = (cli_json_reader){what, path, NULL, AETHER_OK, err};
    const aether_status status = cli_json_parse(what, path, text, &out_reader->object, err);
    if (status != AETHER_OK)
        return status;
    const scan found = scan_text(text);
    aether_status wrong = AETHER_OK;
    if (found.overflow != 0) // json-c takes the greatest that it can
        wrong = cli_fail(err, AETHER_INVALID_ARGUMENT,
            "%s %.120s: an integer is above 18446744073709551615, at byte %zu", what,
            cli_quote(path).text, found.overflow);
    else if (found.colons != count_members(out_reader->object)) // json-c keeps the last
        wrong = refuse(what, path, "a member is named twice in one object", err);
    if (wrong != AETHER_OK)
        cli_json_close(out_reader);
    return wrong;
}

void cli_json_close(cli_json_reader *reader) {
    json_object_put(reader->object);
    reader->object = NULL;
}

void cli_json_mistake(cli_json_reader *reader, const char *name, const char *reason) {
    if (reader->status == AETHER_OK)
        reader->status = cli_fail(reader->err, AETHER_INVALID_ARGUMENT, "%s %.90s: \"%.60s\" %s",
            reader->what, cli_quote(reader->path).text, cli_quote(name).text, reason);
}

// The member, or NULL after a mistake. A member that is null is there.
static bool find(cli_json_reader *reader, const char *name, struct json_object **out) {
    *out = NULL;
    if (reader->status != AETHER_OK)
        return false;
    if (json_object_object_get_ex(reader->object, name, out) != 0)
        return true;
    cli_json_mistake(reader, name, "is missing");
    return false;
}

static struct json_object *find_typed(
    cli_json_reader *reader, const char *name, enum json_type type, const char *reason) {
    struct json_object *member = NULL;
    if (!find(reader, name, &member))
        return NULL;
    if (json_object_is_type(member, type))
        return member;
    cli_json_mistake(reader, name, reason);
    return NULL;
}

cli_json_reader cli_json_enter(cli_json_reader *reader, const char *name) {
    cli_json_reader inner = *reader;
    inner.object = find_typed(reader, name, json_type_object, "is not an object");
    inner.status = reader->status;
    return inner;
}

void cli_json_leave(cli_json_reader *reader, const cli_json_reader *inner) {
    if (reader->status == AETHER_OK)
        reader->status = inner->status;
}

void cli_json_only(cli_json_reader *reader, const char *const *names) {
    if (reader->status != AETHER_OK)
        return;
    json_object_object_foreach(reader->object, name, member) {
        (void)member;
        const char *const *known = names;
        while (*known != NULL && strcmp(*known, name) != 0)
            known++;
        if (*known == NULL)
            cli_json_mistake(reader, name, "is not known");
    }
}

bool cli_json_has(const cli_json_reader *reader, const char *name) {
    return reader->status == AETHER_OK &&
           json_object_object_get_ex(reader->object, name, NULL) != 0;
}

const char *cli_json_read_text(cli_json_reader *reader, const char *name) {
    struct json_object *member = find_typed(reader, name, json_type_string, "is not a string");
    return member == NULL ? "" : json_object_get_string(member);
}

uint64_t cli_json_read_u64(cli_json_reader *reader, const char *name, uint64_t max) {
    struct json_object *member =
        find_typed(reader, name, json_type_int, "is not an integer in decimal digits");
    if (member == NULL)
        return 0;
    const uint64_t value = json_object_get_uint64(member);
    if (json_object_get_int64(member) < 0) {
        cli_json_mistake(reader, name, "is negative");
        return 0;
    }
    if (value <= max)
        return value;
    cli_text text = {0};
    cli_text_format(&text, "is %" PRIu64 ", at most %" PRIu64, value, max);
    cli_json_mistake(reader, name, text.data);
    cli_text_deinit(&text);
    return 0;
}

aether_u128 cli_json_read_u128(cli_json_reader *reader, const char *name) {
    const char *text = cli_json_read_text(reader, name);
    aether_u128 value = {0};
    aether_error ignored;
    if (reader->status == AETHER_OK && cli_option_u128(name, text, &value, &ignored) != AETHER_OK)
        cli_json_mistake(reader, name, "is not decimal digits of a number below 2^128, in quotes");
    return value;
}

void cli_json_read_hex(cli_json_reader *reader, const char *name, uint8_t *out, size_t len) {
    const char *text = cli_json_read_text(reader, name);
    memset(out, 0, len);
    if (reader->status != AETHER_OK)
        return;
    const bool is_right = strncmp(text, "0x", 2) == 0 && strlen(text) == 2 + 2 * len &&
                          cli_hex_decode(cli_bytes_of(text + 2), out);
    if (is_right)
        return;
    cli_text say = {0};
    cli_text_format(&say, "is not 0x and %zu hex digits", 2 * len);
    cli_json_mistake(reader, name, say.data);
    cli_text_deinit(&say);
}

cli_buffer cli_json_read_bytes(cli_json_reader *reader, const char *name, bool *out_found) {
    struct json_object *member = NULL;
    if (out_found != NULL) {
        *out_found = false;
        if (!find(reader, name, &member) || member == NULL)
            return (cli_buffer){0};
    }
    const char *text = cli_json_read_text(reader, name);
    if (reader->status != AETHER_OK)
        return (cli_buffer){0};
    const size_t len = strlen(text);
    cli_buffer out = {cli_alloc(len / 2, 1), len < 2 ? 0 : len / 2 - 1};
    if (strncmp(text, "0x", 2) != 0 || !cli_hex_decode(cli_bytes_of(text + 2), out.data)) {
        cli_json_mistake(reader, name, "is not 0x and pairs of hex digits");
        cli_buffer_deinit(&out);
    } else if (out_found != NULL) {
        *out_found = true;
    }
    return out;
}

aether_address cli_json_read_address(cli_json_reader *reader, const char *name) {
    const char *text = cli_json_read_text(reader, name);
    aether_address address = {{0}};
    aether_error why;
    if (reader->status == AETHER_OK && cli_option_address("it", text, &address, &why) != AETHER_OK)
        cli_json_mistake(reader, name, "is not an address: ae1... or 0x and 64 hex digits");
    return address;
}

struct json_object *cli_json_read_array(cli_json_reader *reader, const char *name) {
    return find_typed(reader, name, json_type_array, "is not an array");
}
