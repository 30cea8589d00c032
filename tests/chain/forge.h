/* Snapshots made by hand, to the letter of docs/snapshot.md and without the library's own writer: what a peer could
 * send. Entries in any order and of any kind, roots that fit or not. */
#ifndef AE_TESTS_CHAIN_FORGE_H
#define AE_TESTS_CHAIN_FORGE_H

#include <aether/aether.h>

#include "harness/test.h"

typedef struct forge_entry {
    uint8_t *bytes; /* key, then value */
    size_t key_len;
    size_t value_len;
} forge_entry;

typedef struct forge {
    uint64_t height;
    uint64_t time;
    aether_hash root;
    char chain_id[65];
    size_t chunk_len; /* bytes of entries of a chunk, at most; 0: 4 MiB */
    forge_entry *entries;
    size_t count;
    size_t capacity;
} forge;

/* Take a snapshot apart; every hash and count of it is checked here. */
void forge_parse(forge *self, aether_bytes snapshot);
void forge_clear(forge *self);

aether_bytes forge_key(const forge *self, size_t index);
aether_bytes forge_value(const forge *self, size_t index);
/* The first entry of a kind. */
size_t forge_find(const forge *self, uint8_t kind);

/* At `index`, before what is there. */
void forge_insert(forge *self, size_t index, aether_bytes key, aether_bytes value);
void forge_add(forge *self, aether_bytes key, aether_bytes value);
void forge_remove(forge *self, size_t index);
void forge_set(forge *self, size_t index, aether_bytes value);

/* Entries into the order of their keys. */
void forge_sort(forge *self);

/* Put the storage roots that follow from the entries into the records of contracts, and the root into the header. */
void forge_seal(forge *self);

/* The snapshot; the caller frees it with ae_free. */
aether_buffer forge_print(const forge *self);

#endif
