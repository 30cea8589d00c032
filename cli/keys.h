/* Keys in a home: one file each, keys/NAME.json, readable by its owner alone.
 *
 *   {"type","public_key","address","secret"}
 *   {"type","public_key","address","kdf":"argon2id","salt","ops","mem",
 *    "cipher":"xchacha20poly1305-ietf","nonce","ciphertext"}            with a passphrase
 *
 * What is encrypted is bound to type and public key, and what a file says of both is checked against the secret. */
#ifndef AE_CLI_KEYS_H
#define AE_CLI_KEYS_H

#include <aether/account.h>

#include "home.h"
#include "passphrase.h"

enum { CLI_KEY_NAME_LEN_MAX = 32 };

/** A key as its file has it. The secret is there after cli_keys_unlock only. */
typedef struct cli_key_pair {
    char name[CLI_KEY_NAME_LEN_MAX + 1];
    aether_public_key public_key;
    aether_address address;
    bool is_encrypted;
    uint8_t salt[16];
    uint64_t ops;
    uint64_t mem; /**< bytes */
    uint8_t nonce[24];
    uint8_t sealed[AETHER_SECRET_KEY_LEN + 16]; /**< encrypted */
    uint8_t secret[AETHER_SECRET_KEY_LEN];
} cli_key_pair;

/** 1 to 32 of a-z, 0-9, _ and -. @return OK, INVALID_ARGUMENT */
AETHER_MUST_CHECK aether_status cli_keys_check_name(const char *name, aether_error *err);

bool cli_keys_has(const char *home, const char *name);

/**
 * Make a key, which must not be there.
 *
 * @param secret      NULL: random
 * @param passphrase  of length 0: none
 * @param made        may be NULL
 * @return OK; INVALID_ARGUMENT: it is there already; INVALID_KEY; STORAGE_FAILED
 */
AETHER_MUST_CHECK aether_status cli_keys_make(const char *home, cli_key_pair *key,
    const uint8_t *secret, const cli_passphrase *passphrase, cli_made *made, aether_error *err);

/** Read a key's file; release with cli_keys_wipe. @return OK, INVALID_ARGUMENT */
AETHER_MUST_CHECK aether_status cli_keys_read(
    const char *home, const char *name, cli_key_pair *out_key, aether_error *err);

/** Make the secret available, with the passphrase if it is encrypted. @return OK, INVALID_ARGUMENT */
AETHER_MUST_CHECK aether_status cli_keys_unlock(
    cli_key_pair *key, const cli_passphrase_source *source, aether_error *err);

void cli_keys_wipe(cli_key_pair *key);

/** All names, sorted. The caller frees each and the array. */
AETHER_MUST_CHECK aether_status cli_keys_list(
    const char *home, char ***out_names, size_t *out_count, aether_error *err);

/** An address, or the name of a key, whose address it is. @param what  for messages */
AETHER_MUST_CHECK aether_status cli_keys_address(const char *home, const char *what,
    const char *text, aether_address *out_address, aether_error *err);

const char *cli_key_type_text(aether_key_type type);
AETHER_MUST_CHECK aether_status cli_key_type_parse(
    const char *value, aether_key_type *out, aether_error *err);

#endif
