/* Names of functions, from the `name` section, else from exports or imports. For people only: a broken
 * name section gives fewer names, never a refusal.
 *
 * Life: ae_names_decode → ae_names_find … → ae_names_deinit. Thread safety: immutable after decode. */
#ifndef AE_WASM_NAME_H
#define AE_WASM_NAME_H

#include "wasm/module.h"

typedef struct ae_names {
    aether_bytes
        *functions; /* by function index; length 0: none. Borrowed from the module's bytes */
    uint32_t count; /* imports and defined functions */
} ae_names;

/* OK or OUT_OF_MEMORY. The import's name comes from the allow-list's row. */
AETHER_MUST_CHECK aether_status ae_names_decode(
    const ae_module *module, ae_import_rules imports, ae_names *out_names, aether_error *err);

/* Valid UTF-8, not NUL-terminated; length 0 when the function has no name. */
aether_bytes ae_names_find(const ae_names *names, uint32_t function);

void ae_names_deinit(ae_names *names);

#endif
