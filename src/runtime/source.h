/* Source lines of a module, by offsets of the bytes as uploaded.
 *
 * Life: ae_source_read → ae_source_find … → ae_source_deinit. Thread safety: immutable once read. */
#ifndef AE_RUNTIME_SOURCE_H
#define AE_RUNTIME_SOURCE_H

#include "engine/dwarf.h"
#include "wasm/module.h"

typedef struct ae_source {
    ae_lines *lines;     /* NULL: the module carries no line table */
    uint32_t code_start; /* of the code section's content, which DWARF counts from */
} ae_source;

/* OK or OUT_OF_MEMORY; a module without a line table has no lines. */
AETHER_MUST_CHECK aether_status ae_source_read(
    const ae_module *module, ae_source *out_source, aether_error *err);

/* False: no line is known of the byte at `offset`. */
bool ae_source_find(const ae_source *source, uint32_t offset, ae_place *out_place);

void ae_source_deinit(ae_source *source);

#endif
