/* A contract's storage as people keep it: {"0xkey":"0xvalue"} in a file, an ordered map in memory.
 */
#ifndef AE_CLI_STORAGE_H
#define AE_CLI_STORAGE_H

#include <aether/store.h>

#include <json-c/json_types.h>

/**
 * Fill a store with what a file holds.
 *
 * @param path   a file that doesn't exist is an empty storage
 * @param self   the contract whose storage it is
 * @param store  empty
 * @return OK; INVALID_ARGUMENT with the first mistake: not JSON, not an object of hex strings, a
 * key that is named twice (in any spelling), a key or value of a length that no contract can write
 */
AETHER_MUST_CHECK aether_status cli_storage_load(
    const char *path, const aether_address *self, aether_memory_store *store, aether_error *err);

/** The keys of a contract that start with `prefix`, sorted by their bytes; the caller releases the object. */
AETHER_MUST_CHECK aether_status cli_storage_list(const aether_address *self, aether_bytes prefix,
    const aether_store *store, struct json_object **out_object, aether_error *err);

/** Replace the file by such an object. */
AETHER_MUST_CHECK aether_status cli_storage_save(
    const char *path, struct json_object *object, aether_error *err);

#endif
