/* One frame: the host of a running instance and what its growing memory may reach. Host functions
 * get the frame through the engine.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_RUNTIME_FRAME_H
#define AE_RUNTIME_FRAME_H

#include "engine/engine.h"
#include "host/host.h"

typedef struct ae_frame {
    ae_host host;
    uint32_t memory_pages_max;  /* of the module */
    struct ae_profile *profile; /* what probes tell; NULL: the module has none */
} ae_frame;

/* Imports of every metered module: the host ABI from "env", then "aether" "memory_grow" and "probe". */
#define AE_LINK_COUNT (AE_HOST_PRICE_COUNT + 2)
#define AE_LINK_SIGNATURE_LEN 24

typedef struct ae_link {
    ae_engine_import imports[AE_LINK_COUNT];
    char signatures[AE_LINK_COUNT][AE_LINK_SIGNATURE_LEN]; /* metered */
} ae_link;

/* Fill the table that the engine links; it must outlive the engine. */
void ae_link_init(ae_link *link);

#endif
