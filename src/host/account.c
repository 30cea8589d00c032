// Balances of accounts.
#include "host/functions.h"

ae_host_flow ae_host_balance(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_balance;
    uint8_t bytes[16];
    aether_bytes address_bytes;
    ae_span out;
    if (!ae_host_charge_in(host, function, 0) ||
        !ae_guest_read(host, (ae_argument){function, "address"}, ae_host_arg(slots, 0),
            AETHER_ADDRESS_LEN, &address_bytes) ||
        !ae_guest_write(
            host, (ae_argument){function, "out"}, ae_host_arg(slots, 1), sizeof bytes, &out))
        return AE_HOST_STOP;
    aether_address address;
    memcpy(address.bytes, address_bytes.data, sizeof address.bytes);
    aether_u128 balance;
    const aether_status status =
        ae_journal_balance(host->journal, &address, &balance, &host->fault_error);
    if (status != AETHER_OK)
        return ae_host_fault(host, status);
    ae_put_u128_le(bytes, balance);
    return ae_host_give(host, function, ae_bytes(bytes, sizeof bytes), out, slots);
}
