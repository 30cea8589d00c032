/* One key of a state with its value, held against what its kind allows: what a check of a whole state, an export and
 * a restored snapshot ask of each entry by itself.
 *
 *   0x01  33 bytes; a record of 24 or 121 bytes, defined flags
 *   0x02  34 to 289 bytes; at most 64 KiB
 *   0x03  33 bytes; a record of 12 bytes
 *   0x04  the name "parameters"; parameters that this library knows, a printable chain id
 *   0x10  33 bytes; bytes with that hash
 *
 * Thread safety: thread-safe, pure. */
#ifndef AE_LEDGER_ENTRY_H
#define AE_LEDGER_ENTRY_H

#include "base/bytes.h"
#include "base/error.h"

/* The key alone. STORAGE_DAMAGED: not canonical, or of another kind. */
AETHER_MUST_CHECK aether_status ae_entry_check_key(aether_bytes key, aether_error *err);

/* STORAGE_DAMAGED: not canonical, or of another kind; LIMIT_EXCEEDED: parameters of a protocol version that is not
 * ours. */
AETHER_MUST_CHECK aether_status ae_entry_check(
    aether_bytes key, aether_bytes value, aether_error *err);

#endif
