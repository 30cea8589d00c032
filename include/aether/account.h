/**
 * Accounts: keys, addresses, and the record that a state keeps of each.
 *
 * An account is controlled by a key; a contract by its code. Both have an address of 32 bytes, derived
 * by a domain-separated hash, H(tag, x) = SHA-256("aether/" ‖ tag ‖ "/v1" ‖ 0x00 ‖ x), so that the two
 * kinds can never meet:
 *
 *   account    H("account", key type byte ‖ public key)
 *   contract   H("contract", deployer ‖ code hash ‖ salt)
 *
 * Thread safety: immutable; every function is thread-safe and pure.
 */
#ifndef AETHER_ACCOUNT_H
#define AETHER_ACCOUNT_H

#include <aether/status.h>
#include <aether/types.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of keys. Numbers are consensus. */
typedef enum aether_key_type {
    AETHER_KEY_ED25519 = 0, /**< RFC 8032; public keys of 32 bytes */
    AETHER_KEY_SECP256K1 =
        1 /**< ECDSA over SHA-256 digests, low s; compressed public keys of 33 bytes */
} aether_key_type;

#define AETHER_SECRET_KEY_LEN 32     /**< bytes: an Ed25519 seed, or a scalar, big endian */
#define AETHER_PUBLIC_KEY_LEN_MAX 33 /**< bytes */
#define AETHER_SIGNATURE_LEN 64      /**< bytes of either type: R ‖ S, or r ‖ s */

/** A public key. */
typedef struct aether_public_key {
    aether_key_type type;
    uint8_t len; /**< 32 or 33, as the type says */
    uint8_t bytes[AETHER_PUBLIC_KEY_LEN_MAX];
} aether_public_key;

/**
 * The public key of a secret one.
 *
 * @param secret  32 bytes from a source of randomness; the library has none
 * @return OK
 * @return INVALID_KEY       a secp256k1 scalar that is 0 or not below the group order
 * @return INVALID_ARGUMENT  an unknown type
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_key_public(
    aether_key_type type, const uint8_t *secret, aether_public_key *out_key, aether_error *err);

/** Address of the account that a key controls; it need not exist. @return OK; INVALID_ARGUMENT: also an unknown type,
 *  or a length that is not the type's */
AETHER_API AETHER_MUST_CHECK aether_status aether_account_address(
    const aether_public_key *key, aether_address *out_address, aether_error *err);

/** Address of a contract. @param salt  32 bytes of the deployer's choice */
AETHER_API void aether_contract_address(const aether_address *deployer,
    const aether_hash *code_hash, const aether_hash *salt, aether_address *out_address);

/** Hash of code as it is uploaded: H("code", bytes). For a module that may carry more custom sections than an upload
 *  may: of what aether_module_strip makes of it. */
AETHER_API void aether_code_hash(aether_bytes code, aether_hash *out_hash);

#define AETHER_ADDRESS_TEXT_LEN 61 /**< characters of the text form, without a NUL */

/** Text form of an address: bech32m (BIP 350) with the prefix `ae`, lower case.
 *  @param out  at least AETHER_ADDRESS_TEXT_LEN + 1 bytes; receives text and a NUL */
AETHER_API void aether_address_encode(const aether_address *address, char *out);

/** The only spelling of an address back to its bytes. Upper or mixed case, another prefix or length, a wrong
 *  checksum: INVALID_ARGUMENT, and the message says which. */
AETHER_API AETHER_MUST_CHECK aether_status aether_address_decode(
    const char *text, aether_address *out_address, aether_error *err);

#define AETHER_ACCOUNT_UPGRADABLE 0x01 /**< flag: the owner may replace the code */

/** What a state knows of an address. An address without a record has all fields zero. */
typedef struct aether_account {
    aether_u128 balance;
    uint64_t
        nonce; /**< that the next transaction must carry; transactions that were paid for, so far */
    bool is_contract; /**< whether the fields below mean anything; they are zero otherwise */
    uint8_t flags;    /**< AETHER_ACCOUNT_… */
    aether_hash code_hash;
    aether_hash storage_root; /**< of the contract's storage tree; zero when it is empty */
    aether_address owner;     /**< who deployed it */
} aether_account;

#define AETHER_ACCOUNT_LEN 24           /**< bytes of an account's record */
#define AETHER_CONTRACT_ACCOUNT_LEN 121 /**< bytes of a contract's record */

/**
 * The record of an account, as it lies in a store and, behind one byte 0x01, in the application tree:
 * balance (16) ‖ nonce (8), and for a contract ‖ code hash (32) ‖ storage root (32) ‖ flags (1) ‖ owner (32).
 * Integers little endian.
 *
 * @param out  at least AETHER_CONTRACT_ACCOUNT_LEN bytes
 * @return bytes written
 */
AETHER_API size_t aether_account_encode(const aether_account *account, uint8_t *out);

/** The reverse, for a record of exactly one of the two lengths, or of 16 bytes: a balance alone, as a state
 *  for single executions may have. INVALID_ARGUMENT for any other length or an undefined flag. */
AETHER_API AETHER_MUST_CHECK aether_status aether_account_decode(
    aether_bytes record, aether_account *out_account, aether_error *err);

#ifdef __cplusplus
}
#endif

#endif
