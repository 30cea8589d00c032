/* The record of an account inside the library (aether/account.h has its bytes).
 *
 * Thread safety: immutable. Determinism: consensus. */
#ifndef AE_STATE_ACCOUNT_H
#define AE_STATE_ACCOUNT_H

#include <aether/account.h>

#include "base/bytes.h"
#include "base/error.h"

/* As aether_account_decode, for a record that a store gave: STORAGE_DAMAGED where it is none. */
AETHER_MUST_CHECK aether_status ae_account_read(
    aether_bytes record, aether_account *out_account, aether_error *err);

#endif
