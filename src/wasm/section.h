/* Where the sections of a module lie: one pass over their headers, before anything inside is looked at.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_WASM_SECTION_H
#define AE_WASM_SECTION_H

#include "wasm/module.h"

/* Section ids, as encoded. */
typedef enum ae_section_id {
    AE_SECTION_CUSTOM = 0,
    AE_SECTION_TYPE = 1,
    AE_SECTION_IMPORT = 2,
    AE_SECTION_FUNCTION = 3,
    AE_SECTION_TABLE = 4,
    AE_SECTION_MEMORY = 5,
    AE_SECTION_GLOBAL = 6,
    AE_SECTION_EXPORT = 7,
    AE_SECTION_START = 8,
    AE_SECTION_ELEMENT = 9,
    AE_SECTION_CODE = 10,
    AE_SECTION_DATA = 11,
    AE_SECTION_DATA_COUNT = 12,
    AE_SECTION_COUNT
} ae_section_id;

typedef struct ae_section {
    bool is_present;
    uint32_t start; /* of its content, after the length */
    uint32_t end;   /* one past its last byte */
} ae_section;

typedef struct ae_layout {
    ae_section sections[AE_SECTION_COUNT]; /* by id; the custom ones are in the module */
} ae_layout;

#define AE_HEADER_LEN 8 /* magic and version */

/* The order in which sections stand in a module. */
extern const uint8_t ae_section_order[AE_SECTION_COUNT - 1];

/* One section under the reader: its id and content; the reader then stands behind it.
 * MALFORMED_MODULE, FORBIDDEN_FEATURE. */
AETHER_MUST_CHECK aether_status ae_section_read(
    ae_reader *reader, ae_section_id *out_id, ae_section *out_section, aether_error *err);

/* Check the header, the order of the sections and the module's lengths; fill in the layout and, of the
 * module, `module_len`, `custom_len` and the custom sections.
 * MALFORMED_MODULE, FORBIDDEN_FEATURE, LIMIT_EXCEEDED. */
AETHER_MUST_CHECK aether_status ae_layout_scan(
    aether_bytes bytes, ae_module *module, ae_layout *out_layout, aether_error *err);

#endif
