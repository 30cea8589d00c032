#include "host/guest.h"

#include "host/functions.h"

// len is not 0.
static bool check_range(ae_host *host, ae_argument argument, uint32_t ptr, uint32_t len) {
    if ((uint64_t)ptr + len <= host->memory.len)
        return true;
    ae_host_refuse(
        host, argument, "%u + %u is past the end of memory, %zu", ptr, len, host->memory.len);
    return false;
}

bool ae_guest_read(
    ae_host *host, ae_argument argument, uint32_t ptr, uint32_t len, aether_bytes *out) {
    if (len == 0) {
        *out = ae_bytes("", 0); // a valid pointer, so that it may go to memcpy as it is
        return true;
    }
    if (!check_range(host, argument, ptr, len))
        return false;
    *out = ae_bytes(host->memory.data + ptr, len);
    return true;
}

bool ae_guest_write(ae_host *host, ae_argument argument, uint32_t ptr, uint32_t len, ae_span *out) {
    if (len == 0) {
        *out = (ae_span){.data = host->memory.data, .len = 0};
        return true;
    }
    if (!check_range(host, argument, ptr, len))
        return false;
    *out = (ae_span){.data = host->memory.data + ptr, .len = len};
    return true;
}
