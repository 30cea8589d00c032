/* What the steps that decode one module share, and the steps themselves: one for each section, each with
 * the section's reader, in the order that the binary format prescribes. Private to this folder.
 *
 * Every step fills its part of the module and may rely on the parts before it. A step allocates only after
 * it has held the count against its limit.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_WASM_DECODER_H
#define AE_WASM_DECODER_H

#include "wasm/section.h"

typedef struct ae_decoder {
    ae_module *module;
    ae_import_rules rules;
    ae_layout layout;
    uint32_t param_total; /* parameters, summed over all functions */
} ae_decoder;

typedef aether_status ae_decode_step(ae_decoder *decoder, ae_reader *reader, aether_error *err);

ae_decode_step ae_decode_types;
ae_decode_step ae_decode_imports;
ae_decode_step ae_decode_functions;
ae_decode_step ae_decode_tables;
ae_decode_step ae_decode_memories;
ae_decode_step ae_decode_globals;
ae_decode_step ae_decode_exports;
ae_decode_step ae_decode_start;
ae_decode_step ae_decode_elements;
ae_decode_step ae_decode_data_count;
ae_decode_step ae_decode_code;
ae_decode_step ae_decode_data;

/* After the last section: what the module as a whole must have. */
AETHER_MUST_CHECK aether_status ae_check_interface(
    const ae_decoder *decoder, ae_reader *reader, aether_error *err);

/* The number of a section's entries, at most `max`; `rule` names the limit. */
AETHER_MUST_CHECK aether_status ae_read_count(
    ae_reader *reader, const char *rule, uint32_t max, uint32_t *out, aether_error *err);

/* Zeroed memory for `count` entries, or OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_allocate_entries(
    const char *what, uint32_t count, size_t size, void **out, aether_error *err);

/* Count a function's parameters; LIMIT_EXCEEDED when there are too many over all functions. */
AETHER_MUST_CHECK aether_status ae_count_params(ae_decoder *decoder, const ae_reader *reader,
    uint32_t offset, uint32_t type, aether_error *err);

/* A constant expression of the profile: one constant of this type and `end`. */
AETHER_MUST_CHECK aether_status ae_read_constant_expression(const ae_module *module,
    ae_reader *reader, ae_valtype type, uint64_t *out_value, aether_error *err);

#endif
