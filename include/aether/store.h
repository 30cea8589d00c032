/**
 * The store: where an embedder keeps the state that contracts read.
 *
 * State is one ordered map of byte strings. The library only reads it, through two functions that the
 * embedder supplies; what an execution changed comes back as a sorted batch (execution.h) that the
 * embedder applies atomically, or drops. `aether_memory_store` is an implementation in memory.
 *
 * Keys of the map (the first byte is the kind). Committed, that is, in the state root:
 *
 *   0x01 ‖ address (32 bytes)                            the record of an account or contract: account.h
 *   0x02 ‖ contract address (32 bytes) ‖ key (1–256)     one storage value of a contract, 0–64 KiB
 *   0x03 ‖ code hash (32 bytes)                          the record of uploaded code: chain.h
 *   0x04 ‖ name                                          the chain's parameters: chain.h
 *
 * Derived from those, or about them:
 *
 *   0x10 ‖ code hash (32 bytes)                          uploaded code, the bytes
 *   0x11 ‖ depth (1) ‖ path                              pages of the application tree
 *   0x12 ‖ contract address (32) ‖ depth (1) ‖ path      pages of a contract's storage tree
 *   0x13 ‖ height (8, big endian) ‖ number (4)           what a block replaced: its undo records
 *   0x14                                                 height, time and root of the last block
 *
 * What lies under them: docs/ledger.md. Kinds that are not listed, up to 0x7f, are the library's for later.
 *
 * Kinds from 0x80 on are the embedder's own; the library never looks at them. A single execution
 * (execution.h) reads and writes only the first two kinds, a chain (chain.h) all.
 *
 * Thread safety: one-at-a-time for each execution or chain, whose thread calls the functions; several may share a store
 * whose functions are thread-safe.
 */
#ifndef AETHER_STORE_H
#define AETHER_STORE_H

#include <aether/status.h>
#include <aether/types.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AETHER_KEY_LEN_MAX 256 /**< bytes of a contract's key */
#define AETHER_STORE_KEY_LEN_MAX \
    (1 + AETHER_ADDRESS_LEN + AETHER_KEY_LEN_MAX) /**< bytes of a store key */

#define AETHER_STORE_KIND_ACCOUNT 0x01
#define AETHER_STORE_KIND_STORAGE 0x02
#define AETHER_STORE_KIND_CODE_RECORD 0x03
#define AETHER_STORE_KIND_PARAMETERS 0x04
#define AETHER_STORE_KIND_CODE 0x10
#define AETHER_STORE_KIND_APPLICATION_PAGE 0x11
#define AETHER_STORE_KIND_STORAGE_PAGE 0x12
#define AETHER_STORE_KIND_UNDO 0x13
#define AETHER_STORE_KIND_HEAD 0x14
#define AETHER_STORE_KIND_EMBEDDER 0x80 /**< the first of the embedder's own */

/** Read access to a state. A plain struct, copied freely; the functions must see one unchanging state
 *  while an execution runs. */
typedef struct aether_store {
    void *user; /**< handed to every function; must live as long as what was given the store */

    /**
     * Look one key up.
     *
     * @param key        1 … AETHER_STORE_KEY_LEN_MAX bytes; borrowed during the call
     * @param out_value  when found: bytes that stay valid until the execution ends, or, if the store can
     *                   not promise that, until the next call of one of these functions
     * @param out_found  whether the key is present; an empty value is present
     * @param err        may be NULL; say why in it
     * @return OK, or STORAGE_FAILED, STORAGE_DAMAGED, OUT_OF_MEMORY: fault, the execution is abandoned
     */
    aether_status (*get)(
        void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err);

    /**
     * The neighbour of a key, in byte order, among the keys that start with `prefix`.
     *
     * @param prefix      0 … AETHER_STORE_KEY_LEN_MAX bytes
     * @param after       the result is greater than this (smaller if `descending`); length 0: from the
     *                    first (last) key with the prefix. Otherwise it starts with `prefix`
     * @param descending  false: the smallest key greater than `after`; true: the greatest smaller one
     * @param out_key     when found; valid as `out_value` of get
     * @param out_found   false at the end
     * @return as get
     */
    aether_status (*next)(void *user, aether_bytes prefix, aether_bytes after, bool descending,
        aether_bytes *out_key, bool *out_found, aether_error *err);
} aether_store;

/** One change of a state. */
typedef struct aether_change {
    aether_bytes key;   /**< a store key; its owner is told by who hands the change out */
    aether_bytes value; /**< the new value, which may be empty; meaningless if removed */
    bool is_removed;
} aether_change;

/** Write the store key of a contract's storage key.
 *  @param key      1 … 256 bytes
 *  @param out      at least 33 + key.len bytes
 *  @return bytes written: 33 + key.len */
AETHER_API size_t aether_storage_key_encode(
    const aether_address *contract, aether_bytes key, uint8_t *out);

/** Write the store key of an account's record. @param out 33 bytes. @return 33 */
AETHER_API size_t aether_account_key_encode(const aether_address *address, uint8_t *out);

/** A state in memory: an ordered map. Thread safety: one-at-a-time. */
typedef struct aether_memory_store aether_memory_store;

/** @return OK, OUT_OF_MEMORY */
AETHER_API AETHER_MUST_CHECK aether_status aether_memory_store_create(
    aether_memory_store **out_store, aether_error *err);

/** NULL is a no-op. */
AETHER_API void aether_memory_store_destroy(aether_memory_store *store);

/** The read interface of a memory store. Views it hands out stay valid until the next apply. */
AETHER_API aether_store aether_memory_store_interface(aether_memory_store *store);

/**
 * Apply a batch of changes.
 *
 * @param changes  `count` entries in any order; of two with one key the later wins; copied
 * @return OK
 * @return INVALID_ARGUMENT  a key is empty or too long; nothing was applied
 * @return OUT_OF_MEMORY     fault; nothing was applied
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_memory_store_apply(
    aether_memory_store *store, const aether_change *changes, size_t count, aether_error *err);

#ifdef __cplusplus
}
#endif

#endif
