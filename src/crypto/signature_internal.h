/* The part of the Ed25519 rule that is ours alone, for its test: libsodium of today refuses the same, so that a wrong
 * rule would not show.
 *
 * Thread safety: thread-safe. Determinism: pure. */
#ifndef AE_CRYPTO_SIGNATURE_INTERNAL_H
#define AE_CRYPTO_SIGNATURE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether S is below the group order, and A and R can be canonical encodings of points of large order. */
bool ae_ed25519_is_in_form(const uint8_t *signature, const uint8_t *key);

#endif
