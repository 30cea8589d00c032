/* Writing the map back from metered bytes to uploaded ones.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_GAS_OFFSET_MAP_H
#define AE_GAS_OFFSET_MAP_H

#include "gas/instrument.h"

typedef struct ae_offset_map_writer {
    ae_offset_map map; /* owned */
    size_t capacity;
} ae_offset_map_writer;

/* Make room for `more` runs; false when memory is exhausted. */
bool ae_offset_map_reserve(ae_offset_map_writer *writer, size_t more);

/* From `instrumented` on, bytes are copies of the uploaded ones at `uploaded`. Continues the last
 * run where it can. Room was reserved; offsets come in ascending order. */
void ae_offset_map_copy(ae_offset_map_writer *writer, uint32_t instrumented, uint32_t uploaded);

/* From `instrumented` on, bytes were put in for what is at `uploaded`. */
void ae_offset_map_insert(ae_offset_map_writer *writer, uint32_t instrumented, uint32_t uploaded);

/* The bytes from run `first` on were moved down by `distance`. */
void ae_offset_map_move(ae_offset_map_writer *writer, size_t first, uint32_t distance);

/* Take the map and give back what was reserved in vain. */
ae_offset_map ae_offset_map_finish(ae_offset_map_writer *writer);

void ae_offset_map_writer_deinit(ae_offset_map_writer *writer);

#endif
