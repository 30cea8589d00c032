// A contract's own storage, through the journal.
#include "host/functions.h"

// The store key of the first two arguments.
static bool read_key(
    ae_host *host, ae_host_price_id function, const ae_slot *slots, ae_store_key *out) {
    const ae_argument argument = {function, "key"};
    const uint32_t len = ae_host_arg(slots, 1);
    aether_bytes key;
    if (len == 0) {
        ae_host_refuse(host, argument, "0 bytes, at least 1");
        return false;
    }
    if (!ae_host_check_len(host, argument, len, AE_KEY_LEN_MAX) ||
        !ae_guest_read(host, argument, ae_host_arg(slots, 0), len, &key))
        return false;
    ae_storage_key_init(out, &host->context->self, key);
    return true;
}

ae_host_flow ae_host_storage_read(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_storage_read;
    ae_store_key key;
    ae_span out;
    if (!ae_host_charge_in(host, function, ae_host_arg(slots, 1)) ||
        !read_key(host, function, slots, &key) ||
        !ae_guest_write(host, (ae_argument){function, "out"}, ae_host_arg(slots, 2),
            ae_host_arg(slots, 3), &out))
        return AE_HOST_STOP;
    aether_bytes value;
    bool found = false;
    const aether_status status = ae_journal_find(
        host->journal, ae_store_key_bytes(&key), &value, &found, &host->fault_error);
    if (status != AETHER_OK)
        return ae_host_fault(host, status);
    if (!found)
        return ae_host_result(slots, AE_HOST_ABSENT);
    // The whole value is paid for, whatever is copied: it came from the database.
    if (!ae_host_charge_out(host, function, value.len))
        return AE_HOST_STOP;
    const size_t copied = value.len < out.len ? value.len : out.len;
    if (copied != 0)
        memcpy(out.data, value.data, copied);
    return ae_host_result(slots, value.len);
}

ae_host_flow ae_host_storage_write(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_storage_write;
    const ae_argument value_argument = {function, "value"};
    const uint32_t value_len = ae_host_arg(slots, 3);
    ae_store_key key;
    aether_bytes value;
    if (!ae_host_charge_in(host, function, (uint64_t)ae_host_arg(slots, 1) + value_len) ||
        !ae_host_may_act(host, function) || !read_key(host, function, slots, &key) ||
        !ae_host_check_len(host, value_argument, value_len, AE_VALUE_LEN_MAX) ||
        !ae_guest_read(host, value_argument, ae_host_arg(slots, 2), value_len, &value))
        return AE_HOST_STOP;
    const aether_status status =
        ae_journal_write(host->journal, ae_store_key_bytes(&key), value, &host->fault_error);
    return status == AETHER_OK ? AE_HOST_CONTINUE : ae_host_fault(host, status);
}

ae_host_flow ae_host_storage_remove(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_storage_remove;
    ae_store_key key;
    if (!ae_host_charge_in(host, function, ae_host_arg(slots, 1)) ||
        !ae_host_may_act(host, function) || !read_key(host, function, slots, &key))
        return AE_HOST_STOP;
    bool existed = false;
    const aether_status status =
        ae_journal_remove(host->journal, ae_store_key_bytes(&key), &existed, &host->fault_error);
    if (status != AETHER_OK)
        return ae_host_fault(host, status);
    return ae_host_result(slots, existed);
}

// What storage_next asks for, as store keys.
typedef struct key_search {
    ae_store_key prefix;
    ae_store_key after; // of length 0: none
    bool descending;
    ae_span out;
} key_search;

#define FLAG_DESCENDING 1u

static bool read_search(ae_host *host, const ae_slot *slots, key_search *out) {
    const ae_host_price_id function = AE_HOST_PRICE_storage_next;
    const ae_argument prefix_argument = {function, "prefix"}, after_argument = {function, "after"};
    const uint32_t prefix_len = ae_host_arg(slots, 1), after_len = ae_host_arg(slots, 3);
    const uint32_t flags = ae_host_arg(slots, 4);
    aether_bytes prefix, after;
    if (!ae_host_check_len(host, prefix_argument, prefix_len, AE_KEY_LEN_MAX) ||
        !ae_host_check_len(host, after_argument, after_len, AE_KEY_LEN_MAX) ||
        !ae_guest_read(host, prefix_argument, ae_host_arg(slots, 0), prefix_len, &prefix) ||
        !ae_guest_read(host, after_argument, ae_host_arg(slots, 2), after_len, &after) ||
        !ae_guest_write(host, (ae_argument){function, "out"}, ae_host_arg(slots, 5),
            ae_host_arg(slots, 6), &out->out))
        return false;
    if ((flags & ~FLAG_DESCENDING) != 0) {
        ae_host_refuse(host, (ae_argument){function, "flags"}, "%u, only bit 0 is defined", flags);
        return false;
    }
    if (after_len != 0 && !ae_bytes_starts_with(after, prefix)) {
        ae_host_refuse(host, after_argument, "does not start with the prefix");
        return false;
    }
    ae_storage_key_init(&out->prefix, &host->context->self, prefix);
    out->after.len = 0;
    if (after_len != 0)
        ae_storage_key_init(&out->after, &host->context->self, after);
    out->descending = (flags & FLAG_DESCENDING) != 0;
    return true;
}

ae_host_flow ae_host_storage_next(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_storage_next;
    const uint64_t bytes_in = (uint64_t)ae_host_arg(slots, 1) + ae_host_arg(slots, 3);
    key_search search;
    if (!ae_host_charge_in(host, function, bytes_in) || !read_search(host, slots, &search))
        return AE_HOST_STOP;
    // The search may pass over as many removed keys as can be paid for; one more can't be, so a
    // search that stopped early runs out of gas below.
    const uint64_t step = host->schedule->storage_next_step;
    const ae_search asked = {.prefix = ae_store_key_bytes(&search.prefix),
        .after = ae_store_key_bytes(&search.after),
        .descending = search.descending,
        .steps_max = step != 0 ? host->meter.left / step : UINT64_MAX};
    ae_neighbour next;
    const aether_status status = ae_journal_next(host->journal, &asked, &next, &host->fault_error);
    if (status != AETHER_OK)
        return ae_host_fault(host, status);
    if (!ae_host_charge(host, ae_mul_u64_saturating(next.passed, step)))
        return AE_HOST_STOP;
    if (!next.found)
        return ae_host_result(slots, AE_HOST_ABSENT);
    const aether_bytes own =
        ae_bytes(next.key.data + AE_STORAGE_PREFIX_LEN, next.key.len - AE_STORAGE_PREFIX_LEN);
    return ae_host_give(host, function, own, search.out, slots);
}
