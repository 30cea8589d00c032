#include "host/host.h"

#include <stdarg.h>
#include <stdio.h>

#include "host/functions.h"

// A row's place is its price's number, so that one number says both.
enum {
#define AE_HOST(name, signature, c_result, c_params, summary) ROW_##name,
#include "host/functions.def"
#undef AE_HOST
    ROW_COUNT
};
#define AE_HOST(name, signature, c_result, c_params, summary) \
    _Static_assert(                                           \
        (int)ROW_##name == (int)AE_HOST_PRICE_##name, "host_prices.def: order of " #name);
#include "host/functions.def"
#undef AE_HOST
_Static_assert(
    (int)ROW_COUNT == (int)AE_HOST_PRICE_COUNT, "host_prices.def: a row for each function");

// Compilers fold these for literals, so the tables are constant data.
#define RESULT_COUNT(signature) (__builtin_strlen(__builtin_strchr(signature, '>')) - 1)
#define PARAM_COUNT(signature) (sizeof(signature) - 2 - RESULT_COUNT(signature))
#define TAKES_POINTER(c_params) (__builtin_strchr(c_params, '*') != NULL)

const ae_host_row ae_host_rows[AE_HOST_PRICE_COUNT] = {
#define AE_HOST(name, signature, c_result, c_params, summary)                                    \
    {#name, signature, c_result, c_params, summary, TAKES_POINTER(c_params),                     \
        (uint8_t)PARAM_COUNT(signature), (uint8_t)RESULT_COUNT(signature), AE_HOST_PRICE_##name, \
        ae_host_##name},
#include "host/functions.def"
#undef AE_HOST
};

static const ae_import_rule import_rules[AE_HOST_PRICE_COUNT] = {
#define AE_HOST(name, signature, c_result, c_params, summary) \
    {"env", #name, signature, TAKES_POINTER(c_params)},
#include "host/functions.def"
#undef AE_HOST
};

ae_import_rules ae_host_import_rules(void) {
    return (ae_import_rules){.rules = import_rules, .count = AE_HOST_PRICE_COUNT};
}

void ae_host_init(ae_host *host, const ae_schedule *schedule, const ae_frame_context *context,
    ae_journal *journal, ae_arena *arena, uint64_t gas_limit) {
    host->schedule = schedule;
    host->context = context;
    host->journal = journal;
    host->arena = arena;
    host->memory = (ae_span){0};
    host->meter = ae_meter_of(gas_limit);
    host->end = AETHER_END_RETURNED;
    host->message[0] = '\0';
    host->fault = AETHER_OK;
    host->fault_error.status = AETHER_OK;
    host->fault_error.message[0] = '\0';
    host->return_data = (aether_bytes){0};
    host->return_buffer = (ae_span){0};
    host->debug_text = NULL;
    host->debug_len = 0;
}

bool ae_host_charge(ae_host *host, uint64_t gas) {
    if (ae_meter_charge(&host->meter, gas))
        return true;
    host->end = AETHER_END_OUT_OF_GAS;
    return false;
}

bool ae_host_charge_in(ae_host *host, ae_host_price_id function, uint64_t bytes) {
    const ae_host_price *price = &host->schedule->host[function];
    const uint64_t gas_in = ae_mul_u64_saturating(price->in_rate, bytes);
    return ae_host_charge(host, ae_add_u64_saturating(price->base, gas_in));
}

bool ae_host_charge_out(ae_host *host, ae_host_price_id function, uint64_t bytes) {
    return ae_host_charge(
        host, ae_mul_u64_saturating(host->schedule->host[function].out_rate, bytes));
}

ae_host_flow ae_host_refuse(ae_host *host, ae_argument argument, const char *format, ...) {
    const char *name = ae_host_rows[argument.function].name;
    const char *part = argument.name;
    // Names come from our own tables and are short, so there is room for the rest.
    const int used = part != NULL
                         ? snprintf(host->message, sizeof host->message, "%s: %s: ", name, part)
                         : snprintf(host->message, sizeof host->message, "%s: ", name);
    va_list args;
    va_start(args, format);
    vsnprintf(host->message + used, sizeof host->message - (size_t)used, format, args);
    va_end(args);
    host->end = AETHER_END_HOST;
    return AE_HOST_STOP;
}

bool ae_host_may_act(ae_host *host, ae_host_price_id function) {
    if (!host->context->is_static)
        return true;
    ae_host_refuse(host, (ae_argument){function, NULL}, "an effect in a static frame");
    return false;
}

bool ae_host_check_len(ae_host *host, ae_argument argument, uint32_t len, uint32_t len_max) {
    if (len <= len_max)
        return true;
    ae_host_refuse(host, argument, "%u bytes, at most %u", len, len_max);
    return false;
}

ae_host_flow ae_host_fault(ae_host *host, aether_status status) {
    host->fault = status;
    return AE_HOST_STOP;
}

ae_host_flow ae_host_exhausted(ae_host *host, ae_host_price_id function, size_t bytes) {
    return ae_host_fault(
        host, ae_fail(&host->fault_error, AETHER_OUT_OF_MEMORY,
                  "%s: the arena has no room for %zu bytes", ae_host_rows[function].name, bytes));
}

ae_host_flow ae_host_give(
    ae_host *host, ae_host_price_id function, aether_bytes bytes, ae_span room, ae_slot *slots) {
    const size_t copied = bytes.len < room.len ? bytes.len : room.len;
    if (!ae_host_charge_out(host, function, copied))
        return AE_HOST_STOP;
    if (copied != 0)
        memcpy(room.data, bytes.data, copied);
    return ae_host_result(slots, bytes.len);
}
