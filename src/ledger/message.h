/* A Protocol Buffers message, strictly: one encoding for each value.
 *
 * protobuf-c takes what is no canonical encoding and keeps fields that it does not know. So what it unpacked is
 * looked through for unknown fields at every level, and packed again, which must give the same bytes.
 *
 * Thread safety: thread-safe, pure. Determinism: whether bytes are accepted is consensus. */
#ifndef AE_LEDGER_MESSAGE_H
#define AE_LEDGER_MESSAGE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#include <protobuf-c/protobuf-c.h>

/* Unpack into the arena; nothing points into the bytes.
 *
 * memory_max: bytes that unpacking may ask for. Whoever calls knows a bound that every canonical message of this
 * type and length keeps; what needs more is refused as malformed, so hostile bytes buy no memory.
 * MALFORMED_TRANSACTION, OUT_OF_MEMORY; messages start with `what`. */
AETHER_MUST_CHECK aether_status ae_message_read(const ProtobufCMessageDescriptor *type,
    const char *what, aether_bytes bytes, size_t memory_max, ae_arena *arena,
    const ProtobufCMessage **out, aether_error *err);

/* Bytes of an incoming message. */
static inline aether_bytes ae_message_bytes(ProtobufCBinaryData field) {
    return ae_bytes(field.data, field.len);
}

/* A view for a message to be packed, which only reads it. */
static inline ProtobufCBinaryData ae_message_field(const void *data, size_t len) {
    return (ProtobufCBinaryData){.len = len, .data = (uint8_t *)data};
}

#endif
