// What a contract tells the world: events, which are consensus, and debug text, which is not.
#include "host/functions.h"
#include "host/text.h"

ae_host_flow ae_host_emit(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_emit;
    const ae_argument topics_argument = {function, "topics"}, data_argument = {function, "data"};
    const uint32_t topic_count = ae_host_arg(slots, 1), data_len = ae_host_arg(slots, 3);
    const uint64_t bytes_in = (uint64_t)topic_count * AETHER_HASH_LEN + data_len;
    if (!ae_host_charge_in(host, function, bytes_in) || !ae_host_may_act(host, function))
        return AE_HOST_STOP;
    if (topic_count > AE_EVENT_TOPICS_MAX)
        return ae_host_refuse(
            host, topics_argument, "%u topics, at most %d", topic_count, AE_EVENT_TOPICS_MAX);
    aether_bytes topics, data;
    if (!ae_guest_read(
            host, topics_argument, ae_host_arg(slots, 0), topic_count * AETHER_HASH_LEN, &topics) ||
        !ae_guest_read(host, data_argument, ae_host_arg(slots, 2), data_len, &data))
        return AE_HOST_STOP;
    const aether_log event = {
        .address = host->context->self,
        .topics = (const aether_hash *)topics.data, // plain bytes, so any address is aligned
        .topic_count = topic_count,
        .data = data,
    };
    bool fits = false;
    const aether_status status = ae_journal_emit(host->journal, &event, &fits, &host->fault_error);
    if (status != AETHER_OK)
        return ae_host_fault(host, status);
    if (!fits)
        return ae_host_refuse(host, (ae_argument){function, NULL},
            "more than %d events or %d bytes of event data in the transaction", AE_EVENTS_MAX,
            AE_EVENT_DATA_LEN_MAX);
    return AE_HOST_CONTINUE;
}

#define DEBUG_CAPACITY_MIN 256

// Bytes behind a debug text of `len` bytes: doubled each time, so that all of it takes at most
// twice the maximum of the arena.
static size_t debug_capacity(size_t len) {
    size_t capacity = DEBUG_CAPACITY_MIN;
    while (capacity < len + 1)
        capacity *= 2;
    return capacity < AE_DEBUG_TEXT_LEN_MAX ? capacity : AE_DEBUG_TEXT_LEN_MAX + 1;
}

// Make room for `more` bytes and the NUL.
static bool grow_debug_text(ae_host *host, size_t more) {
    const size_t capacity = debug_capacity(host->debug_len + more);
    if (host->debug_text != NULL && capacity == debug_capacity(host->debug_len))
        return true;
    char *text = ae_arena_alloc(host->arena, capacity, 1);
    if (text == NULL) {
        ae_host_exhausted(host, AE_HOST_PRICE_log, capacity);
        return false;
    }
    if (host->debug_len != 0)
        memcpy(text, host->debug_text, host->debug_len);
    host->debug_text = text;
    return true;
}

ae_host_flow ae_host_log(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_log;
    const uint32_t len = ae_host_arg(slots, 1);
    aether_bytes bytes;
    if (!ae_host_charge_in(host, function, len) ||
        !ae_guest_read(host, (ae_argument){function, "ptr"}, ae_host_arg(slots, 0), len, &bytes))
        return AE_HOST_STOP;
    const size_t room = AE_DEBUG_TEXT_LEN_MAX - host->debug_len;
    if (room == 0)
        return AE_HOST_CONTINUE;
    ae_text line = {.data = NULL, .capacity = room - 1}; // one byte is the newline's
    ae_text_escape(&line, bytes);
    if (!grow_debug_text(host, line.len + 1))
        return AE_HOST_STOP;
    line = (ae_text){.data = host->debug_text + host->debug_len, .capacity = line.len};
    ae_text_escape(&line, bytes);
    line.data[line.len] = '\n';
    host->debug_len += line.len + 1;
    host->debug_text[host->debug_len] = '\0';
    return AE_HOST_CONTINUE;
}
