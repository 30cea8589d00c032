/**
 * Aether: untrusted WebAssembly in, a deterministic, metered outcome out.
 *
 * Read in this order: status.h, types.h, engine.h, contract.h, store.h, execution.h,
 * profile.h; for a chain: account.h, transaction.h, chain.h, database.h, proof.h.
 */
#ifndef AETHER_AETHER_H
#define AETHER_AETHER_H

#include <aether/account.h>
#include <aether/chain.h>
#include <aether/contract.h>
#include <aether/database.h>
#include <aether/engine.h>
#include <aether/execution.h>
#include <aether/profile.h>
#include <aether/proof.h>
#include <aether/status.h>
#include <aether/store.h>
#include <aether/transaction.h>
#include <aether/types.h>
#include <aether/version.h>

#endif
