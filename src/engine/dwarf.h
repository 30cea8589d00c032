/* Source lines of a module's code, out of its DWARF line tables. For people only: broken or hostile tables give
 * fewer lines, never a refusal, and the time is linear in their length.
 *
 * Life: ae_lines_read → ae_lines_find … → ae_lines_destroy. Thread safety: immutable once read. */
#ifndef AE_ENGINE_DWARF_H
#define AE_ENGINE_DWARF_H

#include "base/bytes.h"
#include "base/error.h"

/* Contents of custom sections; an absent one is empty. At most 4 MiB of `line` are read. */
typedef struct ae_dwarf {
    aether_bytes line;     /* .debug_line */
    aether_bytes line_str; /* .debug_line_str */
    aether_bytes str;      /* .debug_str */
} ae_dwarf;

typedef struct ae_lines ae_lines;

/* Where a byte of code comes from. */
typedef struct ae_place {
    const char *file;     /* path as the tables have it, UTF-8; lives as long as the lines */
    uint32_t file_number; /* equal for equal paths, and in their order */
    uint32_t line;        /* not 0 */
} ae_place;

/* The sections are borrowed during the call. OK or OUT_OF_MEMORY. */
AETHER_MUST_CHECK aether_status ae_lines_read(
    const ae_dwarf *dwarf, ae_lines **out_lines, aether_error *err);

/* `address`: bytes from the start of the code section's content. False: no line is known. */
bool ae_lines_find(const ae_lines *lines, uint32_t address, ae_place *out_place);

/* NULL is a no-op. */
void ae_lines_destroy(ae_lines *lines);

#endif
