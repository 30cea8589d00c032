#include "base/alloc.h"
#include "base/limits.h"
#include "crypto/hash.h"
#include "ledger/message.h"
#include "ledger/transaction.h"

#include <aether.pb-c.h>

#define CHUNK_LEN 1024 // small receipts take one block
#define ARENA_LEN_MAX ((size_t)4 << 30)

// Unpacking: an event of at least 36 bytes asks for its struct and its pointer, 80 bytes, and for twice its place in the
// library's list of fields, 96; a topic of 34 bytes for 16; and all bytes once. Eight times is more than that.
#define UNPACKED_FACTOR 8
#define UNPACKED_LEN_MIN 4096

// The rules that hold for a receipt, whether it comes or goes.
static aether_status check_receipt(
    const aether_receipt *receipt, aether_status status, aether_error *err) {
    const bool is_invalid = receipt->outcome == AETHER_RECEIPT_INVALID;
    if ((unsigned)receipt->outcome > AETHER_RECEIPT_INVALID)
        return ae_fail(err, status, "outcome: got %u, at most %d", (unsigned)receipt->outcome,
            AETHER_RECEIPT_INVALID);
    if (receipt->code != 0 && receipt->outcome != AETHER_RECEIPT_REVERTED)
        return ae_fail(err, status, "code: got %d, only a reverted one has any", receipt->code);
    if (is_invalid != (receipt->reason != AETHER_INVALID_NONE))
        return ae_fail(err, status, "reason: got %u for outcome %u", (unsigned)receipt->reason,
            (unsigned)receipt->outcome);
    if ((unsigned)receipt->reason > AETHER_INVALID_FUNDS)
        return ae_fail(err, status, "reason: got %u, at most %d", (unsigned)receipt->reason,
            AETHER_INVALID_FUNDS);
    if (is_invalid && receipt->gas_used != 0)
        return ae_fail(err, status, "gas used: not 0 for an invalid one");
    if (receipt->return_data.len > AE_RETURN_DATA_LEN_MAX)
        return ae_fail(err, status, "return data: %zu bytes, at most %d", receipt->return_data.len,
            AE_RETURN_DATA_LEN_MAX);
    if (receipt->return_data.len != 0 && receipt->outcome > AETHER_RECEIPT_REVERTED)
        return ae_fail(err, status, "return data: %zu bytes for outcome %u",
            receipt->return_data.len, (unsigned)receipt->outcome);
    if (receipt->log_count != 0 && receipt->outcome != AETHER_RECEIPT_SUCCESS)
        return ae_fail(err, status, "events: only a successful one has any");
    if (receipt->log_count > AE_EVENTS_MAX)
        return ae_fail(
            err, status, "events: got %zu, at most %d", receipt->log_count, AE_EVENTS_MAX);
    for (size_t i = 0; i < receipt->log_count; i++)
        if (receipt->logs[i].topic_count > AE_EVENT_TOPICS_MAX)
            return ae_fail(err, status, "event %zu: %zu topics, at most %d", i,
                receipt->logs[i].topic_count, AE_EVENT_TOPICS_MAX);
    return AETHER_OK;
}

/* Writing */

// The messages of the events, in the arena; false when it is exhausted.
static bool make_events(const aether_receipt *receipt, ae_arena *arena, Aether__V1__Receipt *out) {
    const size_t count = receipt->log_count;
    Aether__V1__Event *events = ae_arena_alloc(arena, count * sizeof *events, 8);
    Aether__V1__Event **pointers = ae_arena_alloc(arena, count * sizeof(Aether__V1__Event *), 8);
    ProtobufCBinaryData *topics =
        ae_arena_alloc(arena, count * AE_EVENT_TOPICS_MAX * sizeof *topics, 8);
    if (events == NULL || pointers == NULL || topics == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const aether_log *log = &receipt->logs[i];
        aether__v1__event__init(&events[i]);
        events[i].address = ae_message_field(log->address.bytes, AETHER_ADDRESS_LEN);
        events[i].topics = topics + i * AE_EVENT_TOPICS_MAX;
        events[i].n_topics = log->topic_count;
        for (size_t j = 0; j < log->topic_count; j++)
            events[i].topics[j] = ae_message_field(log->topics[j].bytes, AETHER_HASH_LEN);
        events[i].data = ae_message_field(log->data.data, log->data.len);
        pointers[i] = &events[i];
    }
    out->events = pointers;
    out->n_events = count;
    return true;
}

aether_status ae_receipt_write(
    const aether_receipt *receipt, ae_arena *arena, aether_bytes *out_bytes, aether_error *err) {
    AE_TRY(check_receipt(receipt, AETHER_INVALID_ARGUMENT, err));
    Aether__V1__Receipt message = AETHER__V1__RECEIPT__INIT;
    message.outcome = receipt->outcome;
    message.code = receipt->code;
    message.gas_used = receipt->gas_used;
    message.return_data = ae_message_field(receipt->return_data.data, receipt->return_data.len);
    message.reason = receipt->reason;
    if (receipt->log_count != 0 && !make_events(receipt, arena, &message))
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt of %zu events", receipt->log_count);
    const size_t len = aether__v1__receipt__get_packed_size(&message);
    uint8_t *bytes = ae_arena_alloc(arena, len, 1);
    if (bytes == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt of %zu bytes", len);
    *out_bytes = ae_bytes(bytes, aether__v1__receipt__pack(&message, bytes));
    return AETHER_OK;
}

aether_status aether_receipt_encode(
    const aether_receipt *receipt, aether_buffer *out_bytes, aether_error *err) {
    AE_CHECK_ARG(receipt != NULL, err);
    AE_CHECK_ARG(receipt->logs != NULL || receipt->log_count == 0, err);
    AE_CHECK_ARG(receipt->return_data.data != NULL || receipt->return_data.len == 0, err);
    AE_CHECK_ARG(out_bytes != NULL, err);
    ae_arena arena;
    aether_bytes bytes = {0};
    ae_arena_init(&arena, CHUNK_LEN, ARENA_LEN_MAX);
    aether_status status = AETHER_OK;
    AE_TRY_CLEANUP(ae_receipt_write(receipt, &arena, &bytes, err));
    aether_buffer copy = {.data = ae_alloc(bytes.len, 1), .len = bytes.len};
    if (copy.data == NULL) {
        status = ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt of %zu bytes", bytes.len);
        goto cleanup;
    }
    if (bytes.len != 0)
        memcpy(copy.data, bytes.data, bytes.len);
    *out_bytes = copy;
cleanup:
    ae_arena_deinit(&arena);
    return status;
}

/* Reading */

static aether_status read_event(const Aether__V1__Event *event, size_t index, ae_arena *arena,
    aether_log *out, aether_error *err) {
    *out = (aether_log){.data = ae_message_bytes(event->data), .topic_count = event->n_topics};
    if (event->address.len != AETHER_ADDRESS_LEN)
        return ae_fail(err, AETHER_MALFORMED_TRANSACTION,
            "event %zu: an address of %zu bytes, need %d", index, event->address.len,
            AETHER_ADDRESS_LEN);
    memcpy(out->address.bytes, event->address.data, AETHER_ADDRESS_LEN);
    if (event->n_topics == 0)
        return AETHER_OK;
    aether_hash *topics = ae_arena_alloc(arena, event->n_topics * sizeof *topics, 8);
    if (topics == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt");
    for (size_t i = 0; i < event->n_topics; i++) {
        if (event->topics[i].len != AETHER_HASH_LEN)
            return ae_fail(err, AETHER_MALFORMED_TRANSACTION,
                "event %zu: a topic of %zu bytes, need %d", index, event->topics[i].len,
                AETHER_HASH_LEN);
        memcpy(topics[i].bytes, event->topics[i].data, AETHER_HASH_LEN);
    }
    out->topics = topics;
    return AETHER_OK;
}

static aether_status read_receipt(
    aether_bytes bytes, ae_arena *arena, aether_receipt *out, aether_error *err) {
    const ProtobufCMessage *base = NULL;
    if (bytes.len > (SIZE_MAX - UNPACKED_LEN_MIN) / UNPACKED_FACTOR)
        return ae_fail(err, AETHER_MALFORMED_TRANSACTION, "receipt: %zu bytes", bytes.len);
    AE_TRY(ae_message_read(&aether__v1__receipt__descriptor, "receipt", bytes,
        bytes.len * UNPACKED_FACTOR + UNPACKED_LEN_MIN, arena, &base, err));
    const Aether__V1__Receipt *message = (const Aether__V1__Receipt *)base;
    aether_receipt receipt = {.outcome = (aether_receipt_outcome)message->outcome,
        .code = message->code,
        .reason = (aether_invalid)message->reason,
        .gas_used = message->gas_used,
        .return_data = ae_message_bytes(message->return_data),
        .debug_text = "",
        .message = ""};
    if (message->n_events != 0) {
        aether_log *logs = ae_arena_alloc(arena, message->n_events * sizeof *logs, 8);
        if (logs == NULL)
            return ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt of %zu bytes", bytes.len);
        for (size_t i = 0; i < message->n_events; i++)
            AE_TRY(read_event(message->events[i], i, arena, &logs[i], err));
        receipt.logs = logs;
        receipt.log_count = message->n_events;
    }
    AE_TRY(check_receipt(&receipt, AETHER_MALFORMED_TRANSACTION, err));
    *out = receipt;
    return AETHER_OK;
}

aether_status aether_receipt_decode(
    aether_bytes bytes, aether_receipt *out_receipt, aether_error *err) {
    AE_CHECK_ARG(bytes.data != NULL || bytes.len == 0, err);
    AE_CHECK_ARG(out_receipt != NULL, err);
    ae_arena *arena = ae_alloc(1, sizeof *arena);
    if (arena == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt of %zu bytes", bytes.len);
    ae_arena_init(arena, CHUNK_LEN, ARENA_LEN_MAX);
    const aether_status status = read_receipt(bytes, arena, out_receipt, err);
    if (status != AETHER_OK) {
        ae_arena_deinit(arena);
        ae_free(arena);
        return status;
    }
    out_receipt->owner = arena;
    return AETHER_OK;
}

void aether_receipt_destroy(aether_receipt *receipt) {
    if (receipt == NULL)
        return;
    if (receipt->owner != NULL) {
        ae_arena_deinit(receipt->owner);
        ae_free(receipt->owner);
    }
    *receipt = (aether_receipt){0};
}

void aether_receipt_hash(aether_bytes bytes, aether_hash *out_hash) {
    ae_hash_tagged("receipt", bytes, out_hash);
}
