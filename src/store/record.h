/* How a record lies in the database: the value, then eight bytes of checksum over its store key and itself, in little
 * endian. A value that is not what was written, or belongs to another key, is found when it is read.
 *
 * Thread safety: immutable. */
#ifndef AE_STORE_RECORD_H
#define AE_STORE_RECORD_H

#include "base/bytes.h"

#include <xxhash.h>

#define AE_CHECKSUM_LEN 8

/* XXH3 of the value, seeded with XXH3 of the key. It stands against accidents, not against an attacker, who could as
 * well write a right one. */
static inline uint64_t ae_checksum(aether_bytes key, aether_bytes value) {
    return XXH3_64bits_withSeed(value.data, value.len, XXH3_64bits(key.data, key.len));
}

/* record: what lies in the database. False: it isn't what was written. */
static inline bool ae_record_read(aether_bytes key, aether_bytes record, aether_bytes *out_value) {
    if (record.len < AE_CHECKSUM_LEN)
        return false;
    const aether_bytes value = ae_bytes(record.data, record.len - AE_CHECKSUM_LEN);
    if (ae_get_u64_le(record.data + value.len) != ae_checksum(key, value))
        return false;
    *out_value = value;
    return true;
}

/* out: value.len + AE_CHECKSUM_LEN bytes. */
static inline void ae_record_write(aether_bytes key, aether_bytes value, uint8_t *out) {
    if (value.len != 0)
        memcpy(out, value.data, value.len);
    ae_put_u64_le(out + value.len, ae_checksum(key, value));
}

#endif
