// Hash functions: (ptr, len, out), 32 bytes.
#include "crypto/hash.h"
#include "host/functions.h"

typedef void (*hash_function)(aether_bytes bytes, aether_hash *out);

static ae_host_flow digest(
    ae_host *host, const ae_slot *slots, ae_host_price_id function, hash_function hash) {
    const uint32_t len = ae_host_arg(slots, 1);
    aether_bytes bytes;
    ae_span out;
    if (!ae_host_charge_in(host, function, len) ||
        !ae_guest_read(host, (ae_argument){function, "ptr"}, ae_host_arg(slots, 0), len, &bytes) ||
        !ae_guest_write(
            host, (ae_argument){function, "out"}, ae_host_arg(slots, 2), AETHER_HASH_LEN, &out) ||
        !ae_host_charge_out(host, function, AETHER_HASH_LEN))
        return AE_HOST_STOP;
    aether_hash result; // the input may lie under the output
    hash(bytes, &result);
    memcpy(out.data, result.bytes, sizeof result.bytes);
    return AE_HOST_CONTINUE;
}

ae_host_flow ae_host_sha256(ae_host *host, ae_slot *slots) {
    return digest(host, slots, AE_HOST_PRICE_sha256, ae_sha256);
}

ae_host_flow ae_host_keccak256(ae_host *host, ae_slot *slots) {
    return digest(host, slots, AE_HOST_PRICE_keccak256, ae_keccak256);
}

ae_host_flow ae_host_blake2b256(ae_host *host, ae_slot *slots) {
    return digest(host, slots, AE_HOST_PRICE_blake2b256, ae_blake2b256);
}
