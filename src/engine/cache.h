/* Native code in files, so that the next process doesn't compile again: one folder, one file for each module.
 *
 *   file = magic "aetherNC" ‖ format (u32) ‖ zero (u32) ‖ name (32) ‖ length of the artefact (u64) ‖ artefact ‖ MAC (32)
 *
 * Integers are little endian. The MAC is over everything before it, with the key of this node; without it
 * whoever can write a file here could have this process run any code. A file is read into memory once, checked
 * in full there, and only then used; anything wrong with it, whatever it is, is a miss. The name is a digest of
 * all that native code depends on, so what is stale is never found rather than found and refused.
 *
 * A cache is best effort: nothing that goes wrong after open is an error. Files appear by rename, complete. Any
 * number of caches, in this process or others, may share a folder: they can only cost each other a miss.
 *
 * Thread safety: thread-safe, except open and close. Determinism: none of it reaches a result. */
#ifndef AE_ENGINE_CACHE_H
#define AE_ENGINE_CACHE_H

#include "base/bytes.h"
#include "base/error.h"

#define AE_CACHE_FORMAT 1
#define AE_CACHE_HEADER_LEN 56                       /* bytes before the artefact */
#define AE_CACHE_MAC_LEN AETHER_HASH_LEN             /* bytes behind it */
#define AE_CACHE_ARTEFACT_LEN_MAX ((size_t)64 << 20) /* bytes; a longer one isn't kept */
#define AE_CACHE_LEN_MAX ((uint64_t)4 << 30)         /* bytes of all files together, see open */
#define AE_CACHE_WRITERS_MAX 16 /* files being written at the same time; one more isn't kept */

typedef struct ae_cache ae_cache;

/* Open a folder, making it with mode 0700 if there is none. Files that a dead process left half written are
 * removed. When all files together pass `len_max` bytes, here or later, those used longest ago are removed until
 * they are half of it.
 *
 * path, key     copied; the key is AE_MAC_KEY_LEN secret bytes
 * OUT_OF_MEMORY · STORAGE_FAILED: it can't be made or opened, belongs to another user, or others may write to
 * it: somebody asked for a cache that can't be trusted. */
AETHER_MUST_CHECK aether_status ae_cache_open(const char *path, const uint8_t *key,
    uint64_t len_max, ae_cache **out_cache, aether_error *err);

/* NULL is a no-op. */
void ae_cache_close(ae_cache *cache);

/* What native code depends on. The instrumenter, the prices and the limits are in the code's bytes. */
typedef struct ae_cache_subject {
    aether_hash code;        /* SHA-256 of the instrumented module */
    const char *engine;      /* ae_engine_version */
    const char *target;      /* ae_engine_target */
    uint32_t config_version; /* AE_ENGINE_CONFIG_VERSION */
    uint32_t compiler;       /* aether_compiler */
} ae_cache_subject;

#define AE_CACHE_TEXT_LEN_MAX 64 /* bytes of `engine` and of `target`; asserted */

/* The name of what is made of a subject. */
void ae_cache_name(const ae_cache_subject *subject, aether_hash *out_name);

/* A file's content in memory. */
typedef struct ae_artefact {
    aether_bytes bytes; /* in `file` */
    uint8_t *file;
} ae_artefact;

/* Read and check. False: a miss, nothing to release. */
bool ae_cache_read(ae_cache *cache, const aether_hash *name, ae_artefact *out_artefact);
void ae_artefact_deinit(ae_artefact *artefact);

/* Keep an artefact, in the place of what has this name. False: it isn't kept, and nothing is left behind. */
bool ae_cache_write(ae_cache *cache, const aether_hash *name, aether_bytes artefact);

#endif
