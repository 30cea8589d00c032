/* The one way host functions reach guest memory: checked in 64 bits against its current size; with
 * length 0 the pointer is not looked at. A refusal fails the frame (AETHER_END_HOST) with a message
 * that names the function, the argument and the bound.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_HOST_GUEST_H
#define AE_HOST_GUEST_H

#include "host/host.h"

/* Which argument a check is about, for the message. */
typedef struct ae_argument {
    ae_host_price_id function;
    const char *name;
} ae_argument;

/* A readable run of guest bytes; borrowed until the next write to guest memory. */
__attribute__((warn_unused_result)) bool ae_guest_read(
    ae_host *host, ae_argument argument, uint32_t ptr, uint32_t len, aether_bytes *out);

/* A writable run of guest bytes. */
__attribute__((warn_unused_result)) bool ae_guest_write(
    ae_host *host, ae_argument argument, uint32_t ptr, uint32_t len, ae_span *out);

#endif
