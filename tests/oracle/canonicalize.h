/* A module with canonical floats and nothing else changed: what the emitters put around it is left out, so
 * that gas/canonical can be held against the engine's own canonicalisation. */
#ifndef AE_TESTS_ORACLE_CANONICALIZE_H
#define AE_TESTS_ORACLE_CANONICALIZE_H

#include "harness/wasm_builder.h"

#include "gas/canonical.h"

/* ae_canonical_emit, or another form of the same. */
typedef void canonical_form(const ae_canonical *canonical, ae_emit *out, uint8_t type);

/* Append the module, every function rewritten, to `out`. Returns how many values are made canonical. */
uint32_t canonicalize(const ae_module *module, canonical_form *form, wasm_builder *out);

#endif
