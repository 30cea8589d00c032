/**
 * Versions: of the library, of the protocol, of the engine inside.
 * Thread safety: immutable.
 */
#ifndef AETHER_VERSION_H
#define AETHER_VERSION_H

#include <aether/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AETHER_VERSION_MAJOR 0
#define AETHER_VERSION_MINOR 1
#define AETHER_VERSION_PATCH 0
#define AETHER_VERSION_STRING "0.1.0"

/** Version of the consensus rules: host ABI, gas schedule, limits. */
#define AETHER_PROTOCOL_VERSION 1

/** The version of the linked library; equals AETHER_VERSION_STRING of the headers it was built with. */
AETHER_API const char *aether_version(void);

/** The Wasm engine and its version, for example "wasmtime 48.0.8". */
AETHER_API const char *aether_engine_version(void);

#ifdef __cplusplus
}
#endif

#endif
