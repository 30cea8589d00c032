#include "storage.h"

#include <json-c/json_object.h>
#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "json.h"
#include "json_file.h"
#include "text.h"

enum { KEY_PREFIX_LEN = 1 + AETHER_ADDRESS_LEN, VALUE_LEN_MAX = 65536 };

// The batch that makes the start state, and the bytes it points to.
typedef struct batch {
    aether_change *changes;
    size_t count;
} batch;

static void batch_deinit(batch *b) {
    for (size_t i = 0; i < b->count; i++) {
        free((uint8_t *)(uintptr_t)b->changes[i].key.data);
        free((uint8_t *)(uintptr_t)b->changes[i].value.data);
    }
    free(b->changes);
    *b = (batch){0};
}

static aether_status refuse(const char *path, const char *reason, aether_error *err) {
    return cli_fail(
        err, AETHER_INVALID_ARGUMENT, "storage file %.120s: %s", cli_quote(path).text, reason);
}

// json-c keeps the last of two members with one name and says nothing. The object is flat and all
// its values are strings, so that the strings in the text give the duplicates away.
static bool has_duplicate_name(const cli_buffer *file, struct json_object *object) {
    size_t strings = 0;
    bool is_inside = false;
    for (size_t i = 0; i < file->len; i++) {
        if (is_inside && file->data[i] == '\\') {
            i++;
        } else if (file->data[i] == '"') {
            is_inside = !is_inside;
            strings += is_inside ? 1 : 0;
        }
    }
    return strings != 2 * (size_t)json_object_object_length(object);
}

// "0x" and pairs of digits → bytes that the caller frees. NULL: it is something else.
static uint8_t *decode_hex(aether_bytes text, size_t *out_len) {
    if (text.len < 2 || memcmp(text.data, "0x", 2) != 0)
        return NULL;
    const aether_bytes digits = {text.data + 2, text.len - 2};
    uint8_t *bytes = cli_alloc(digits.len / 2, 1);
    if (!cli_hex_decode(digits, bytes)) {
        free(bytes);
        return NULL;
    }
    *out_len = digits.len / 2;
    return bytes;
}

static aether_status add_entry(batch *b, const char *path, const aether_address *self,
    const char *name, struct json_object *member, aether_error *err) {
    aether_change *change = &b->changes[b->count];
    *change = (aether_change){0};
    size_t key_len = 0;
    size_t value_len = 0;
    const cli_quoted file = cli_quote(path);
    const cli_quoted key = cli_quote(name);
    uint8_t *key_bytes = decode_hex(cli_bytes_of(name), &key_len);
    if (key_bytes == NULL)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "storage file %.90s: key '%.70s' is not 0x and pairs of hex digits", file.text,
            key.text);
    uint8_t *store_key = cli_alloc(KEY_PREFIX_LEN + key_len, 1);
    if (key_len != 0 && key_len <= AETHER_KEY_LEN_MAX)
        change->key.len =
            aether_storage_key_encode(self, (aether_bytes){key_bytes, key_len}, store_key);
    change->key.data = store_key;
    free(key_bytes);
    b->count++;
    if (change->key.len == 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "storage file %.90s: key '%.70s' has %zu bytes, need 1 to %d", file.text, key.text,
            key_len, AETHER_KEY_LEN_MAX);
    if (!json_object_is_type(member, json_type_string))
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "storage file %.90s: the value of '%.70s' is not a string", file.text, key.text);
    const aether_bytes text = {(const uint8_t *)json_object_get_string(member),
        (size_t)json_object_get_string_len(member)};
    change->value.data = decode_hex(text, &value_len);
    change->value.len = value_len;
    if (change->value.data == NULL)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "storage file %.80s: the value of '%.60s' is not 0x and pairs of hex digits", file.text,
            key.text);
    if (value_len > VALUE_LEN_MAX)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "storage file %.90s: the value of '%.70s' has %zu bytes, at most %d", file.text,
            key.text, value_len, VALUE_LEN_MAX);
    return AETHER_OK;
}

static aether_status collect(batch *b, const char *path, const aether_address *self,
    const cli_buffer *file, struct json_object *object, aether_error *err) {
    b->changes = cli_alloc((size_t)json_object_object_length(object), sizeof *b->changes);
    json_object_object_foreach(object, name, member) {
        const aether_status status = add_entry(b, path, self, name, member, err);
        if (status != AETHER_OK)
            return status;
    }
    if (has_duplicate_name(file, object))
        return refuse(path, "a key is named twice", err);
    return AETHER_OK;
}

static aether_status count_keys(
    const aether_address *self, aether_memory_store *store, size_t *out_count, aether_error *err) {
    struct json_object *object = NULL;
    const aether_store reader = aether_memory_store_interface(store);
    const aether_status status = cli_storage_list(self, (aether_bytes){0}, &reader, &object, err);
    if (status == AETHER_OK)
        *out_count = (size_t)json_object_object_length(object);
    json_object_put(object);
    return status;
}

static aether_status load_object(const char *path, const aether_address *self,
    const cli_buffer *file, struct json_object *object, aether_memory_store *store,
    aether_error *err) {
    batch b = {0};
    aether_status status = collect(&b, path, self, file, object, err);
    if (status == AETHER_OK)
        status = aether_memory_store_apply(store, b.changes, b.count, err);
    const size_t named = b.count;
    batch_deinit(&b);
    size_t kept = 0;
    if (status == AETHER_OK)
        status = count_keys(self, store, &kept, err);
    if (status == AETHER_OK && kept != named) // 0xab and 0xAB
        status = refuse(path, "a key is named twice, in two spellings", err);
    return status;
}

aether_status cli_storage_load(
    const char *path, const aether_address *self, aether_memory_store *store, aether_error *err) {
    cli_buffer file = {0};
    bool is_there = false;
    aether_status status =
        cli_file_read_if_there(path, CLI_STORAGE_FILE_LEN_MAX, &file, &is_there, err);
    if (status != AETHER_OK || !is_there)
        return status;
    struct json_object *object = NULL;
    status = cli_json_parse("storage file", path, cli_buffer_bytes(&file), &object, err);
    if (status == AETHER_OK)
        status = load_object(path, self, &file, object, store, err);
    json_object_put(object);
    cli_buffer_deinit(&file);
    return status;
}

static void list_one(struct json_object *object, aether_bytes store_key, aether_bytes value) {
    cli_text name = {0};
    cli_text_hex(
        &name, (aether_bytes){store_key.data + KEY_PREFIX_LEN, store_key.len - KEY_PREFIX_LEN});
    cli_json_set(object, name.data, cli_json_hex(value));
    cli_text_deinit(&name);
}

aether_status cli_storage_list(const aether_address *self, aether_bytes prefix,
    const aether_store *store, struct json_object **out_object, aether_error *err) {
    uint8_t first[AETHER_STORE_KEY_LEN_MAX];
    uint8_t last[AETHER_STORE_KEY_LEN_MAX]; // the store's own bytes go with its next call
    first[0] = AETHER_STORE_KIND_STORAGE;
    memcpy(first + 1, self->bytes, AETHER_ADDRESS_LEN);
    *out_object = cli_json_object();
    if (prefix.len > AETHER_KEY_LEN_MAX)
        return AETHER_OK;
    if (prefix.len != 0)
        memcpy(first + KEY_PREFIX_LEN, prefix.data, prefix.len);
    const aether_bytes all = {first, KEY_PREFIX_LEN + prefix.len};
    aether_bytes key = {0};
    for (;;) {
        bool is_found = false;
        aether_bytes found = {0};
        aether_bytes value = {0};
        aether_status status = store->next(store->user, all, key, false, &found, &is_found, err);
        if (status == AETHER_OK && !is_found)
            return AETHER_OK;
        if (status == AETHER_OK) {
            memcpy(last, found.data, found.len);
            key = (aether_bytes){last, found.len};
            status = store->get(store->user, key, &value, &is_found, err);
        }
        if (status != AETHER_OK) {
            json_object_put(*out_object);
            *out_object = NULL;
            return status;
        }
        list_one(*out_object, key, value);
    }
}

aether_status cli_storage_save(const char *path, struct json_object *object, aether_error *err) {
    size_t len = 0;
    const char *json = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (json == NULL)
        cli_die_of_memory();
    cli_text text = {0};
    cli_text_add(&text, json, len);
    cli_text_add(&text, "\n", 1);
    const aether_status status = cli_file_replace(path, text.data, text.len, err);
    cli_text_deinit(&text);
    return status;
}
