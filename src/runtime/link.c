#include "runtime/frame.h"

#include "base/assert.h"
#include "runtime/profile.h"

// The counter comes in behind the arguments and goes out behind the result.
static bool call_host(const void *data, ae_guest *guest, ae_slot *slots) {
    const ae_host_row *row = data;
    ae_host *host = &((ae_frame *)guest->frame)->host;
    host->memory = guest->memory;
    if (!ae_meter_return(&host->meter, (int64_t)slots[row->param_count].bits)) {
        host->end = AETHER_END_OUT_OF_GAS;
        return false;
    }
    if (row->function(host, slots) == AE_HOST_STOP)
        return false;
    slots[row->result_count].bits = (uint64_t)ae_meter_lend(&host->meter);
    return true;
}

static bool charge(ae_host *host, uint64_t gas) {
    if (ae_meter_charge(&host->meter, gas))
        return true;
    host->end = AETHER_END_OUT_OF_GAS;
    return false;
}

// The instruction memory.grow (METERING 6): beyond the maximum -1, which costs the base; else a
// price for each page, before it grows. An engine that can't grow below the maximum is a fault.
static bool call_memory_grow(const void *data, ae_guest *guest, ae_slot *slots) {
    (void)data;
    ae_frame *frame = guest->frame;
    ae_host *host = &frame->host;
    const ae_schedule *schedule = host->schedule;
    const uint64_t pages = ae_slot_get_u32(&slots[0]);
    const uint64_t current = guest->memory.len / AE_PAGE_LEN;
    if (!ae_meter_return(&host->meter, (int64_t)slots[1].bits)) {
        host->end = AETHER_END_OUT_OF_GAS;
        return false;
    }
    if (!charge(host, schedule->opcodes[AE_OP_memory_grow]))
        return false;
    uint32_t result = UINT32_MAX;
    if (current + pages <= frame->memory_pages_max) {
        if (!charge(host, pages * schedule->grow_page))
            return false;
        if (!ae_guest_grow(guest, (uint32_t)pages)) {
            host->fault = ae_fail(&host->fault_error, AETHER_ENGINE_FAILED,
                "the engine cannot grow a memory of %llu pages by %llu, below the maximum of %u",
                (unsigned long long)current, (unsigned long long)pages, frame->memory_pages_max);
            return false;
        }
        result = (uint32_t)current;
    }
    slots[0].bits = result;
    slots[1].bits = (uint64_t)ae_meter_lend(&host->meter);
    return true;
}

// The counter is only told here: what it means for the frame is found out where it is spent.
static bool call_probe(const void *data, ae_guest *guest, ae_slot *slots) {
    (void)data;
    const ae_frame *frame = guest->frame;
    const int64_t counter = (int64_t)slots[1].bits;
    AE_ASSERT(frame->profile != NULL); // only a program with probes imports it
    const uint64_t left = counter < 0 ? 0 : (uint64_t)counter + frame->host.meter.reserve;
    const uint64_t debt = counter < 0 ? 0 - (uint64_t)counter : 0;
    ae_profile_probe(frame->profile, ae_slot_get_u32(&slots[0]), left, debt);
    return true;
}

// "iiii>i" becomes "iiiiI>iI".
static void write_metered(const char *signature, char out[AE_LINK_SIGNATURE_LEN]) {
    const size_t len = strlen(signature);
    const size_t params = (size_t)(strchr(signature, '>') - signature);
    AE_ASSERT(len + 3 <= AE_LINK_SIGNATURE_LEN);
    memcpy(out, signature, params);
    out[params] = 'I';
    memcpy(out + params + 1, signature + params, len - params);
    out[len + 1] = 'I';
    out[len + 2] = '\0';
}

void ae_link_init(ae_link *link) {
    for (size_t i = 0; i < AE_HOST_PRICE_COUNT; i++) {
        const ae_host_row *row = &ae_host_rows[i];
        write_metered(row->signature, link->signatures[i]);
        link->imports[i] = (ae_engine_import){.module = "env",
            .name = row->name,
            .signature = link->signatures[i],
            .function = call_host,
            .data = row};
    }
    write_metered("i>i", link->signatures[AE_HOST_PRICE_COUNT]);
    link->imports[AE_HOST_PRICE_COUNT] = (ae_engine_import){.module = "aether",
        .name = "memory_grow",
        .signature = link->signatures[AE_HOST_PRICE_COUNT],
        .function = call_memory_grow};
    link->imports[AE_HOST_PRICE_COUNT + 1] = (ae_engine_import){
        .module = "aether", .name = "probe", .signature = "iI>", .function = call_probe};
}
