/* The implementations behind sha256.h, for its test to call each.
 *
 * Thread safety: thread-safe. Determinism: all give the same bytes. */
#ifndef AE_CRYPTO_SHA256_INTERNAL_H
#define AE_CRYPTO_SHA256_INTERNAL_H

#include "crypto/sha256.h"

/* SHA instructions, and a loader that asks at load time which code to use. */
#if defined(__x86_64__) && defined(__gnu_linux__)
#define AE_SHA256_HAS_X86 1
#else
#define AE_SHA256_HAS_X86 0
#endif

/* Take `count` blocks of 64 bytes into the state's words. */
typedef void (*ae_sha256_compress)(uint32_t *words, const uint8_t *blocks, size_t count);

/* As ae_sha256_pairs. */
typedef void (*ae_sha256_pairs_hash)(uint8_t prefix, const ae_sha256_pair *pairs, size_t count);

void ae_sha256_compress_portable(uint32_t *words, const uint8_t *blocks, size_t count);
void ae_sha256_pairs_portable(uint8_t prefix, const ae_sha256_pair *pairs, size_t count);

#if AE_SHA256_HAS_X86
/* Whether this processor has what the two below need. */
bool ae_sha256_x86_is_supported(void);
void ae_sha256_compress_x86(uint32_t *words, const uint8_t *blocks, size_t count);
void ae_sha256_pairs_x86(uint8_t prefix, const ae_sha256_pair *pairs, size_t count);
#endif

#endif
