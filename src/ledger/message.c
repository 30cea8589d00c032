#include "ledger/message.h"

/* What unpacking allocates from. The library's allocations are freed with the arena. */
typedef struct memory {
    ae_arena *arena;
    size_t left;       // bytes that it may still ask for
    bool is_exhausted; // the arena had no more: this machine's fault, not the bytes'
} memory;

static void *memory_alloc(void *user, size_t size) {
    memory *from = user;
    if (size > from->left)
        return NULL;
    void *block = ae_arena_alloc(from->arena, size, 16);
    if (block == NULL)
        from->is_exhausted = true;
    else
        from->left -= size;
    return block;
}

static void memory_free(void *user, void *block) {
    (void)user;
    (void)block;
}

// The message that a field holds, if it is one and set; the n-th of a repeated one. NULL: none, or no more.
static const ProtobufCMessage *submessage(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t n) {
    const uint8_t *base = (const uint8_t *)message;
    const void *member = base + field->offset;
    const void *quantifier = base + field->quantifier_offset;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return NULL;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return n < *(const size_t *)quantifier ? (*(ProtobufCMessage *const *const *)member)[n]
                                               : NULL;
    if (n != 0)
        return NULL;
    const bool is_other = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
                          *(const uint32_t *)quantifier != field->id;
    return is_other ? NULL : *(ProtobufCMessage *const *)member;
}

// Recursion is as deep as the schema, whatever the bytes: no message of ours contains its own type.
static bool has_unknown_field(const ProtobufCMessage *message) {
    if (message->n_unknown_fields != 0)
        return true;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const ProtobufCMessage *inner = NULL;
        for (size_t n = 0; (inner = submessage(message, field, n)) != NULL; n++)
            if (has_unknown_field(inner))
                return true;
    }
    return false;
}

/* Packing into it compares with the bytes that are expected. */
typedef struct comparison {
    ProtobufCBuffer base; // first: the library is given this
    aether_bytes expected;
    size_t at; // bytes that were equal
    bool differs;
} comparison;

static void comparison_append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data) {
    comparison *with = (comparison *)buffer;
    if (with->differs || len == 0)
        return;
    with->differs = len > with->expected.len - with->at ||
                    memcmp(with->expected.data + with->at, data, len) != 0;
    if (!with->differs)
        with->at += len;
}

aether_status ae_message_read(const ProtobufCMessageDescriptor *type, const char *what,
    aether_bytes bytes, size_t memory_max, ae_arena *arena, const ProtobufCMessage **out,
    aether_error *err) {
    static const uint8_t nothing[1] = {0}; // the library wants a pointer
    memory from = {.arena = arena, .left = memory_max};
    ProtobufCAllocator allocator = {memory_alloc, memory_free, &from};
    const ProtobufCMessage *message = protobuf_c_message_unpack(
        type, &allocator, bytes.len, bytes.len != 0 ? bytes.data : nothing);
    if (from.is_exhausted)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "%s of %zu bytes", what, bytes.len);
    if (message == NULL)
        return ae_fail(err, AETHER_MALFORMED_TRANSACTION,
            "%s: %zu bytes that are no message of its type", what, bytes.len);
    if (has_unknown_field(message))
        return ae_fail(err, AETHER_MALFORMED_TRANSACTION, "%s: an unknown field", what);
    comparison with = {.base.append = comparison_append, .expected = bytes};
    (void)protobuf_c_message_pack_to_buffer(message, &with.base);
    if (with.differs || with.at != bytes.len)
        return ae_fail(err, AETHER_MALFORMED_TRANSACTION,
            "%s: not in canonical form, in or before the field at byte %zu", what, with.at);
    *out = message;
    return AETHER_OK;
}
