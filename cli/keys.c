#include "keys.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json_object.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "json_file.h"
#include "options.h"

enum { FILE_LEN_MAX = 65536, LINE_LEN_MAX = 1024 };

// What a key file may ask of this machine, so that a foreign one cannot stop it.
static const uint64_t ops_max = 16;
static const uint64_t mem_max = (uint64_t)1 << 30;

const char *cli_key_type_text(aether_key_type type) {
    return type == AETHER_KEY_ED25519 ? "ed25519" : "secp256k1";
}

aether_status cli_key_type_parse(const char *value, aether_key_type *out, aether_error *err) {
    if (strcmp(value, "ed25519") == 0)
        *out = AETHER_KEY_ED25519;
    else if (strcmp(value, "secp256k1") == 0)
        *out = AETHER_KEY_SECP256K1;
    else
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--type '%.100s' is none of ed25519, secp256k1", cli_quote(value).text);
    return AETHER_OK;
}

static bool is_name(const char *name) {
    const size_t len = strlen(name);
    return len != 0 && len <= CLI_KEY_NAME_LEN_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

aether_status cli_keys_check_name(const char *name, aether_error *err) {
    if (is_name(name))
        return AETHER_OK;
    return cli_fail(err, AETHER_INVALID_ARGUMENT,
        "key name '%.100s' is not 1 to %d characters of a-z, 0-9, _ and -", cli_quote(name).text,
        CLI_KEY_NAME_LEN_MAX);
}

static cli_text path_of(const char *home, const char *name) {
    cli_text path = cli_home_path(home, "keys/");
    cli_text_format(&path, "%s.json", name);
    return path;
}

bool cli_keys_has(const char *home, const char *name) {
    struct stat info;
    cli_text path = path_of(home, name);
    const bool found = lstat(path.data, &info) == 0;
    cli_text_deinit(&path);
    return found;
}

void cli_keys_wipe(cli_key_pair *key) {
    sodium_memzero(key, sizeof *key);
}

// Type and public key, to which a sealed secret is bound.
static size_t bound_bytes(const cli_key_pair *key, uint8_t out[1 + AETHER_PUBLIC_KEY_LEN_MAX]) {
    out[0] = (uint8_t)key->public_key.type;
    memcpy(out + 1, key->public_key.bytes, key->public_key.len);
    return 1 + (size_t)key->public_key.len;
}

static aether_status derive(const cli_key_pair *key, const cli_passphrase *passphrase,
    uint8_t out[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], aether_error *err) {
    if (crypto_pwhash(out, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase->text,
            passphrase->len, key->salt, key->ops, (size_t)key->mem,
            crypto_pwhash_ALG_ARGON2ID13) == 0)
        return AETHER_OK;
    return cli_fail(err, AETHER_OUT_OF_MEMORY,
        "the passphrase's key needs %" PRIu64 " MiB of memory", key->mem >> 20);
}

static aether_status seal(cli_key_pair *key, const cli_passphrase *passphrase, aether_error *err) {
    uint8_t bound[1 + AETHER_PUBLIC_KEY_LEN_MAX];
    uint8_t derived[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    key->is_encrypted = true;
    key->ops = crypto_pwhash_OPSLIMIT_MODERATE;
    key->mem = crypto_pwhash_MEMLIMIT_MODERATE;
    randombytes_buf(key->salt, sizeof key->salt);
    randombytes_buf(key->nonce, sizeof key->nonce);
    const aether_status status = derive(key, passphrase, derived, err);
    if (status == AETHER_OK)
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(key->sealed, NULL, key->secret,
            sizeof key->secret, bound, bound_bytes(key, bound), NULL, key->nonce, derived);
    sodium_memzero(derived, sizeof derived);
    return status;
}

static aether_status fill_public(cli_key_pair *key, aether_error *err) {
    const aether_status status =
        aether_key_public(key->public_key.type, key->secret, &key->public_key, err);
    return status != AETHER_OK ? status
                               : aether_account_address(&key->public_key, &key->address, err);
}

// Random bytes are a secp256k1 key but for one in 2^127 of them.
static aether_status fill_random(cli_key_pair *key, aether_error *err) {
    if (getrandom(key->secret, sizeof key->secret, 0) != (ssize_t)sizeof key->secret)
        return cli_fail(err, AETHER_STORAGE_FAILED, "the system gives no random bytes");
    return fill_public(key, err);
}

// Text in a buffer of its own that is wiped, not in one that leaves copies as it grows.
typedef struct secret_line {
    char text[LINE_LEN_MAX];
    size_t len;
} secret_line;

static void add_text(secret_line *line, const char *text) {
    const size_t len = strlen(text);
    if (len > sizeof line->text - line->len)
        abort(); // the members below are of known lengths
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void add_hex(secret_line *line, const char *name, const uint8_t *bytes, size_t len) {
    char hex[2 * AETHER_SECRET_KEY_LEN + 64];
    add_text(line, name);
    add_text(line, sodium_bin2hex(hex, sizeof hex, bytes, len));
    sodium_memzero(hex, sizeof hex);
}

static void add_sealed(secret_line *line, const cli_key_pair *key) {
    cli_text numbers = {0};
    cli_text_format(&numbers, "\",\"ops\":%" PRIu64 ",\"mem\":%" PRIu64, key->ops, key->mem);
    add_hex(line, "\",\"kdf\":\"argon2id\",\"salt\":\"0x", key->salt, sizeof key->salt);
    add_text(line, numbers.data);
    add_hex(line, ",\"cipher\":\"xchacha20poly1305-ietf\",\"nonce\":\"0x", key->nonce,
        sizeof key->nonce);
    add_hex(line, "\",\"ciphertext\":\"0x", key->sealed, sizeof key->sealed);
    cli_text_deinit(&numbers);
}

static aether_status write_file(
    const char *path, const cli_key_pair *key, cli_made *made, aether_error *err) {
    secret_line line = {{0}, 0};
    add_text(&line, "{\"type\":\"");
    add_text(&line, cli_key_type_text(key->public_key.type));
    add_hex(&line, "\",\"public_key\":\"0x", key->public_key.bytes, key->public_key.len);
    add_hex(&line, "\",\"address\":\"0x", key->address.bytes, sizeof key->address.bytes);
    if (key->is_encrypted)
        add_sealed(&line, key);
    else
        add_hex(&line, "\",\"secret\":\"0x", key->secret, sizeof key->secret);
    add_text(&line, "\"}\n");
    cli_file_writer writer;
    aether_status status = cli_file_begin(path, 0600, &writer, err);
    if (status == AETHER_OK) {
        status = cli_file_write(&writer, (aether_bytes){(uint8_t *)line.text, line.len}, err);
        if (status == AETHER_OK)
            status = cli_file_commit_new(&writer, err);
        if (status == AETHER_OK && made != NULL)
            cli_made_note(made, path);
        cli_file_abandon(&writer);
    }
    sodium_memzero(&line, sizeof line);
    return status;
}

aether_status cli_keys_make(const char *home, cli_key_pair *key, const uint8_t *secret,
    const cli_passphrase *passphrase, cli_made *made, aether_error *err) {
    if (cli_keys_has(home, key->name))
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "there is a key '%s' already; choose another name", key->name);
    aether_status status = AETHER_OK;
    if (secret != NULL) {
        memcpy(key->secret, secret, sizeof key->secret);
        status = fill_public(key, err);
    } else {
        status = fill_random(key, err);
    }
    if (status == AETHER_OK && passphrase->len != 0)
        status = seal(key, passphrase, err);
    if (status == AETHER_OK)
        status = cli_home_make_folder(home, made, err);
    cli_text folder = cli_home_path(home, "keys");
    if (status == AETHER_OK)
        status = cli_home_make_folder(folder.data, made, err);
    cli_text_deinit(&folder);
    cli_text path = path_of(home, key->name);
    if (status == AETHER_OK)
        status = write_file(path.data, key, made, err);
    cli_text_deinit(&path);
    return status;
}

static void read_sealed(cli_json_reader *reader, cli_key_pair *key) {
    static const char *const known[] = {"type", "public_key", "address", "kdf", "salt", "ops",
        "mem", "cipher", "nonce", "ciphertext", NULL};
    cli_json_only(reader, known);
    key->is_encrypted = true;
    if (strcmp(cli_json_read_text(reader, "kdf"), "argon2id") != 0)
        cli_json_mistake(reader, "kdf", "is not argon2id");
    if (strcmp(cli_json_read_text(reader, "cipher"), "xchacha20poly1305-ietf") != 0)
        cli_json_mistake(reader, "cipher", "is not xchacha20poly1305-ietf");
    cli_json_read_hex(reader, "salt", key->salt, sizeof key->salt);
    key->ops = cli_json_read_u64(reader, "ops", ops_max);
    key->mem = cli_json_read_u64(reader, "mem", mem_max);
    if (key->ops < crypto_pwhash_OPSLIMIT_MIN)
        cli_json_mistake(reader, "ops", "is too small");
    if (key->mem < crypto_pwhash_MEMLIMIT_MIN)
        cli_json_mistake(reader, "mem", "is too small");
    cli_json_read_hex(reader, "nonce", key->nonce, sizeof key->nonce);
    cli_json_read_hex(reader, "ciphertext", key->sealed, sizeof key->sealed);
}

static void read_open(cli_json_reader *reader, cli_key_pair *key) {
    static const char *const known[] = {"type", "public_key", "address", "secret", NULL};
    cli_json_only(reader, known);
    cli_json_read_hex(reader, "secret", key->secret, sizeof key->secret);
    struct json_object *secret = NULL;
    if (json_object_object_get_ex(reader->object, "secret", &secret) != 0 &&
        json_object_is_type(secret, json_type_string)) {
        char *text = (char *)(uintptr_t)json_object_get_string(secret);
        sodium_memzero(text, strlen(text));
    }
}

static void read_members(cli_json_reader *reader, cli_key_pair *key) {
    const char *type = cli_json_read_text(reader, "type");
    aether_error ignored;
    if (reader->status == AETHER_OK &&
        cli_key_type_parse(type, &key->public_key.type, &ignored) != AETHER_OK)
        cli_json_mistake(reader, "type", "is none of ed25519, secp256k1");
    key->public_key.len = key->public_key.type == AETHER_KEY_ED25519 ? 32 : 33;
    cli_json_read_hex(reader, "public_key", key->public_key.bytes, key->public_key.len);
    key->address = cli_json_read_address(reader, "address");
    if (cli_json_has(reader, "kdf"))
        read_sealed(reader, key);
    else
        read_open(reader, key);
}

// The secret must be the one of the public key that the file names.
static aether_status check_secret(const cli_key_pair *key, aether_error *err) {
    aether_public_key public_key = {.type = key->public_key.type};
    const aether_status status =
        aether_key_public(key->public_key.type, key->secret, &public_key, err);
    if (status == AETHER_OK && public_key.len == key->public_key.len &&
        memcmp(public_key.bytes, key->public_key.bytes, public_key.len) == 0)
        return AETHER_OK;
    return cli_fail(err, AETHER_INVALID_ARGUMENT,
        "key '%s': its file is damaged: the secret is not the one of the public key", key->name);
}

static aether_status check_pair(const cli_key_pair *key, aether_error *err) {
    aether_address address;
    const aether_status status = aether_account_address(&key->public_key, &address, err);
    if (status != AETHER_OK)
        return status;
    if (memcmp(&address, &key->address, sizeof address) != 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "key '%s': its file is damaged: the address is not the one of the public key",
            key->name);
    return key->is_encrypted ? AETHER_OK : check_secret(key, err);
}

static aether_status check_mode(const char *path, const char *name, aether_error *err) {
    struct stat info;
    if (stat(path, &info) != 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            errno == ENOENT ? "there is no key '%s'; 'aether key new %s' makes it"
                            : "the key '%s' (%s) cannot be read",
            name, name);
    if ((info.st_mode & 077) == 0)
        return AETHER_OK;
    return cli_fail(err, AETHER_INVALID_ARGUMENT,
        "key '%s': others can read %.120s (mode %04o); run 'chmod 600' on it", name,
        cli_quote(path).text, (unsigned)(info.st_mode & 0777));
}

static aether_status read_file(const char *path, cli_key_pair *key, aether_error *err) {
    cli_buffer file = {0};
    aether_status status = check_mode(path, key->name, err);
    if (status == AETHER_OK)
        status = cli_file_read(path, FILE_LEN_MAX, &file, err);
    if (status != AETHER_OK)
        return status;
    cli_json_reader reader;
    status = cli_json_open("key file", path, cli_buffer_bytes(&file), &reader, err);
    if (status == AETHER_OK) {
        read_members(&reader, key);
        status = reader.status;
        cli_json_close(&reader);
    }
    sodium_memzero(file.data, file.len);
    cli_buffer_deinit(&file);
    return status == AETHER_OK ? check_pair(key, err) : status;
}

aether_status cli_keys_read(
    const char *home, const char *name, cli_key_pair *out_key, aether_error *err) {
    *out_key = (cli_key_pair){0};
    aether_status status = cli_keys_check_name(name, err);
    if (status != AETHER_OK)
        return status;
    memcpy(out_key->name, name, strlen(name));
    cli_text path = path_of(home, name);
    status = read_file(path.data, out_key, err);
    cli_text_deinit(&path);
    if (status != AETHER_OK)
        cli_keys_wipe(out_key);
    return status;
}

aether_status cli_keys_unlock(
    cli_key_pair *key, const cli_passphrase_source *source, aether_error *err) {
    if (!key->is_encrypted)
        return AETHER_OK;
    uint8_t bound[1 + AETHER_PUBLIC_KEY_LEN_MAX];
    uint8_t derived[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    cli_passphrase passphrase;
    aether_status status = cli_passphrase_get(source, key->name, &passphrase, err);
    if (status == AETHER_OK)
        status = derive(key, &passphrase, derived, err);
    cli_passphrase_wipe(&passphrase);
    if (status == AETHER_OK &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(key->secret, NULL, NULL, key->sealed,
            sizeof key->sealed, bound, bound_bytes(key, bound), key->nonce, derived) != 0)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT,
            "key '%s': wrong passphrase, or its file is damaged", key->name);
    sodium_memzero(derived, sizeof derived);
    return status == AETHER_OK ? check_secret(key, err) : status;
}

// Insertion: there are few.
static void insert_name(char ***names, size_t *count, const char *name, size_t len) {
    cli_text copy = {0};
    cli_text_add(&copy, name, len);
    *names = cli_realloc(*names, (*count + 1) * sizeof **names);
    size_t at = (*count)++;
    for (; at != 0 && strcmp((*names)[at - 1], copy.data) > 0; at--)
        (*names)[at] = (*names)[at - 1];
    (*names)[at] = copy.data;
}

aether_status cli_keys_list(
    const char *home, char ***out_names, size_t *out_count, aether_error *err) {
    *out_names = NULL;
    *out_count = 0;
    cli_text path = cli_home_path(home, "keys");
    DIR *folder = opendir(path.data);
    const int error = errno;
    aether_status status = AETHER_OK;
    if (folder == NULL && error != ENOENT)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT, "cannot read %s: %s",
            cli_quote(path.data).text, strerror(error));
    cli_text_deinit(&path);
    if (folder == NULL)
        return status;
    const struct dirent *entry = NULL;
    while ((entry = readdir(folder)) != NULL) {
        static const char end[] = ".json";
        const size_t len = strlen(entry->d_name);
        if (len < sizeof end || strcmp(entry->d_name + len - (sizeof end - 1), end) != 0)
            continue;
        char name[CLI_KEY_NAME_LEN_MAX + 1] = {0};
        const size_t name_len = len - (sizeof end - 1);
        if (name_len > CLI_KEY_NAME_LEN_MAX)
            continue;
        memcpy(name, entry->d_name, name_len);
        if (is_name(name))
            insert_name(out_names, out_count, name, name_len);
    }
    (void)closedir(folder);
    return AETHER_OK;
}

aether_status cli_keys_address(const char *home, const char *what, const char *text,
    aether_address *out_address, aether_error *err) {
    if (is_name(text) && cli_keys_has(home, text)) {
        cli_key_pair key;
        const aether_status status = cli_keys_read(home, text, &key, err);
        if (status == AETHER_OK)
            *out_address = key.address;
        cli_keys_wipe(&key);
        return status;
    }
    if (strncmp(text, "ae1", 3) == 0 || strncmp(text, "0x", 2) == 0)
        return cli_option_address(what, text, out_address, err);
    return cli_fail(err, AETHER_INVALID_ARGUMENT,
        "%s '%.100s' is neither an address (ae1... or 0x and 64 hex digits) nor the name of a key in %.60s",
        what, cli_quote(text).text, cli_quote(home).text);
}
