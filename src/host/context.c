// What the frame is told: the block, who calls, with what, and the gas that is left.
#include "host/functions.h"

ae_host_flow ae_host_block_number(ae_host *host, ae_slot *slots) {
    if (!ae_host_charge_in(host, AE_HOST_PRICE_block_number, 0))
        return AE_HOST_STOP;
    return ae_host_result(slots, host->context->block_number);
}

ae_host_flow ae_host_timestamp(ae_host *host, ae_slot *slots) {
    if (!ae_host_charge_in(host, AE_HOST_PRICE_timestamp, 0))
        return AE_HOST_STOP;
    return ae_host_result(slots, host->context->timestamp);
}

ae_host_flow ae_host_gas_left(ae_host *host, ae_slot *slots) {
    if (!ae_host_charge_in(host, AE_HOST_PRICE_gas_left, 0))
        return AE_HOST_STOP;
    return ae_host_result(slots, host->meter.left);
}

// Charge, check [out, out + room_len), give the bytes.
static ae_host_flow give(ae_host *host, ae_slot *slots, ae_host_price_id function,
    aether_bytes bytes, uint32_t room_len) {
    ae_span room;
    if (!ae_host_charge_in(host, function, 0) ||
        !ae_guest_write(
            host, (ae_argument){function, "out"}, ae_host_arg(slots, 0), room_len, &room))
        return AE_HOST_STOP;
    return ae_host_give(host, function, bytes, room, slots);
}

ae_host_flow ae_host_chain_id(ae_host *host, ae_slot *slots) {
    return give(
        host, slots, AE_HOST_PRICE_chain_id, host->context->chain_id, ae_host_arg(slots, 1));
}

ae_host_flow ae_host_caller(ae_host *host, ae_slot *slots) {
    const aether_bytes caller = ae_bytes(host->context->caller.bytes, AETHER_ADDRESS_LEN);
    return give(host, slots, AE_HOST_PRICE_caller, caller, AETHER_ADDRESS_LEN);
}

ae_host_flow ae_host_self_address(ae_host *host, ae_slot *slots) {
    const aether_bytes self = ae_bytes(host->context->self.bytes, AETHER_ADDRESS_LEN);
    return give(host, slots, AE_HOST_PRICE_self_address, self, AETHER_ADDRESS_LEN);
}

ae_host_flow ae_host_value(ae_host *host, ae_slot *slots) {
    uint8_t value[16];
    ae_put_u128_le(value, host->context->value);
    return give(host, slots, AE_HOST_PRICE_value, ae_bytes(value, sizeof value), sizeof value);
}

ae_host_flow ae_host_input(ae_host *host, ae_slot *slots) {
    return give(host, slots, AE_HOST_PRICE_input, host->context->input, ae_host_arg(slots, 1));
}
