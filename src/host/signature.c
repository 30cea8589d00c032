// Signature checks.
#include "crypto/signature.h"
#include "host/functions.h"

#define HASH_LEN 32
#define SIGNATURE_LEN 64
#define RECOVERABLE_LEN 65
#define ED25519_KEY_LEN 32
#define COMPRESSED_KEY_LEN 33
#define PLAIN_KEY_LEN 64

ae_host_flow ae_host_ed25519_verify(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_ed25519_verify;
    const uint32_t len = ae_host_arg(slots, 1);
    aether_bytes message, signature, key;
    if (!ae_host_charge_in(host, function, len) ||
        !ae_guest_read(
            host, (ae_argument){function, "msg"}, ae_host_arg(slots, 0), len, &message) ||
        !ae_guest_read(host, (ae_argument){function, "sig64"}, ae_host_arg(slots, 2), SIGNATURE_LEN,
            &signature) ||
        !ae_guest_read(
            host, (ae_argument){function, "key32"}, ae_host_arg(slots, 3), ED25519_KEY_LEN, &key))
        return AE_HOST_STOP;
    return ae_host_result(slots, ae_ed25519_verify(message, signature.data, key.data));
}

ae_host_flow ae_host_secp256k1_recover(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_secp256k1_recover;
    aether_bytes hash, signature;
    ae_span out;
    if (!ae_host_charge_in(host, function, 0) ||
        !ae_guest_read(
            host, (ae_argument){function, "hash32"}, ae_host_arg(slots, 0), HASH_LEN, &hash) ||
        !ae_guest_read(host, (ae_argument){function, "sig65"}, ae_host_arg(slots, 1),
            RECOVERABLE_LEN, &signature) ||
        !ae_guest_write(
            host, (ae_argument){function, "out64"}, ae_host_arg(slots, 2), PLAIN_KEY_LEN, &out))
        return AE_HOST_STOP;
    uint8_t key[PLAIN_KEY_LEN]; // the inputs may lie under the output
    if (!ae_secp256k1_recover(hash.data, signature.data, key))
        return ae_host_result(slots, AE_HOST_ABSENT);
    if (!ae_host_charge_out(host, function, sizeof key))
        return AE_HOST_STOP;
    memcpy(out.data, key, sizeof key);
    return ae_host_result(slots, 0);
}

ae_host_flow ae_host_secp256k1_verify(ae_host *host, ae_slot *slots) {
    const ae_host_price_id function = AE_HOST_PRICE_secp256k1_verify;
    aether_bytes hash, signature, key;
    if (!ae_host_charge_in(host, function, 0) ||
        !ae_guest_read(
            host, (ae_argument){function, "hash32"}, ae_host_arg(slots, 0), HASH_LEN, &hash) ||
        !ae_guest_read(host, (ae_argument){function, "sig64"}, ae_host_arg(slots, 1), SIGNATURE_LEN,
            &signature) ||
        !ae_guest_read(host, (ae_argument){function, "key33"}, ae_host_arg(slots, 2),
            COMPRESSED_KEY_LEN, &key))
        return AE_HOST_STOP;
    return ae_host_result(slots, ae_secp256k1_verify(hash.data, signature.data, key.data));
}
