/* Made by `make generated` from src/host/functions.def. Do not edit.
 *
 * What a contract may import from its host, as declared in C. A parameter that is a pointer is an
 * address in the contract's own memory. Outputs with a capacity: the host copies at most `cap`
 * bytes and returns the full length; cap 0 asks for the length.
 *
 * Off Wasm the declarations are ordinary functions, so that a native test can define them. */
#ifndef AETHER_HOST_GENERATED_H
#define AETHER_HOST_GENERATED_H

#include <stdint.h>

#if defined(__wasm__)
#define AETHER_HOST_IMPORT(name) __attribute__((import_module("env"), import_name(name)))
#else
#define AETHER_HOST_IMPORT(name)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Height of the block being executed. */
AETHER_HOST_IMPORT("block_number")
uint64_t aether_host_block_number(void);

/** Block time, Unix seconds. */
AETHER_HOST_IMPORT("timestamp")
uint64_t aether_host_timestamp(void);

/** Copies the chain id; returns its length. */
AETHER_HOST_IMPORT("chain_id")
int32_t aether_host_chain_id(void *out, uint32_t cap);

/** Writes the 32-byte address of the immediate caller; returns 32. */
AETHER_HOST_IMPORT("caller")
int32_t aether_host_caller(void *out);

/** Writes this contract's 32-byte address; returns 32. */
AETHER_HOST_IMPORT("self_address")
int32_t aether_host_self_address(void *out);

/** Writes the u128 sent with this call, 16 bytes little endian; returns 16. */
AETHER_HOST_IMPORT("value")
int32_t aether_host_value(void *out);

/** Gas left after this call's own charge, exact. */
AETHER_HOST_IMPORT("gas_left")
uint64_t aether_host_gas_left(void);

/** Copies the call's input; returns its full length. */
AETHER_HOST_IMPORT("input")
int32_t aether_host_input(void *out, uint32_t cap);

/** Sets the result, at most 64 KiB; the last one wins. */
AETHER_HOST_IMPORT("return_data")
void aether_host_return_data(const void *ptr, uint32_t len);

/** Stops now and undoes this frame, code -1; the bytes are the reason. */
AETHER_HOST_IMPORT("revert")
__attribute__((noreturn)) void aether_host_revert(const void *ptr, uint32_t len);

/** As revert, code -2, with a place for people. */
AETHER_HOST_IMPORT("panic")
__attribute__((noreturn)) void aether_host_panic(const char *msg, uint32_t msg_len, const char *file, uint32_t file_len, uint32_t line);

/** AssemblyScript's default import: as panic, over its UTF-16 string objects. */
AETHER_HOST_IMPORT("abort")
__attribute__((noreturn)) void aether_host_abort(const void *msg, const void *file, uint32_t line, uint32_t column);

/** Copies a value; returns its full length, or -1 when the key is absent. */
AETHER_HOST_IMPORT("storage_read")
int32_t aether_host_storage_read(const void *key, uint32_t key_len, void *out, uint32_t cap);

/** Sets a value; the empty value is a value. */
AETHER_HOST_IMPORT("storage_write")
void aether_host_storage_write(const void *key, uint32_t key_len, const void *value, uint32_t value_len);

/** Removes a key; returns 1 if it existed, else 0. */
AETHER_HOST_IMPORT("storage_remove")
int32_t aether_host_storage_remove(const void *key, uint32_t key_len);

/** Copies the smallest key with the prefix that is greater than `after` (length 0: the first); flag 1: descending. Returns its full length, or -1 at the end. */
AETHER_HOST_IMPORT("storage_next")
int32_t aether_host_storage_next(const void *prefix, uint32_t prefix_len, const void *after, uint32_t after_len, uint32_t flags, void *out, uint32_t cap);

/** An event: at most 4 topics of 32 bytes, then data. Undone with its frame. */
AETHER_HOST_IMPORT("emit")
void aether_host_emit(const void *topics, uint32_t topic_count, const void *data, uint32_t data_len);

/** Debug text for people; charged, never part of consensus. */
AETHER_HOST_IMPORT("log")
void aether_host_log(const char *ptr, uint32_t len);

/** Writes the u128 balance of an address, 16 bytes little endian; returns 16. */
AETHER_HOST_IMPORT("balance")
int32_t aether_host_balance(const void *address, void *out);

/** Writes the 32-byte SHA-256 of the bytes. */
AETHER_HOST_IMPORT("sha256")
void aether_host_sha256(const void *ptr, uint32_t len, void *out);

/** Writes the 32-byte Keccak-256 of the bytes. */
AETHER_HOST_IMPORT("keccak256")
void aether_host_keccak256(const void *ptr, uint32_t len, void *out);

/** Writes the 32-byte BLAKE2b-256 of the bytes. */
AETHER_HOST_IMPORT("blake2b256")
void aether_host_blake2b256(const void *ptr, uint32_t len, void *out);

/** 1 if the signature is valid under RFC 8032, cofactorless and strict; else 0. */
AETHER_HOST_IMPORT("ed25519_verify")
int32_t aether_host_ed25519_verify(const void *msg, uint32_t len, const void *sig64, const void *key32);

/** Recovers the key of r, s, v (v in 0-3): 0 and x, y in out64, or -1. High s is refused. */
AETHER_HOST_IMPORT("secp256k1_recover")
int32_t aether_host_secp256k1_recover(const void *hash32, const void *sig65, void *out64);

/** 1 if the signature is valid under the compressed key, else 0. High s is refused. */
AETHER_HOST_IMPORT("secp256k1_verify")
int32_t aether_host_secp256k1_verify(const void *hash32, const void *sig64, const void *key33);

#ifdef __cplusplus
}
#endif

#endif
