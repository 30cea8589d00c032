/**
 * Aether: untrusted WebAssembly in, a deterministic, metered outcome out.
 *
 * Read in this order: status.h, types.h, engine.h, contract.h, store.h, execution.h,
 * profile.h.
 */
#ifndef AETHER_AETHER_H
#define AETHER_AETHER_H

#include <aether/contract.h>
#include <aether/engine.h>
#include <aether/execution.h>
#include <aether/profile.h>
#include <aether/status.h>
#include <aether/store.h>
#include <aether/types.h>
#include <aether/version.h>

#endif
