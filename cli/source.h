/* Source files that a module's line tables name.
 *
 * The names are the module's author's, who may be anybody: only files below the working folder or the folder that
 * was given are read, so that a page that is handed on shows nothing else of this machine. */
#ifndef AE_CLI_SOURCE_H
#define AE_CLI_SOURCE_H

#include "file.h"

/** One file that was looked for. */
typedef struct cli_source {
    char *path;      /**< as the module has it */
    cli_buffer text; /**< empty: it was not found, or is not text */
    size_t *starts;  /**< of each line, and one past the last byte */
    size_t line_count;
} cli_source;

/** Zeroed, but for the folder, is empty. */
typedef struct cli_sources {
    const char *folder; /**< where files are looked for besides the working folder, or NULL */
    cli_source **files;
    size_t count;
    size_t total_len; /**< bytes of all texts */
} cli_sources;

/** The file of this path, read when it is first asked for. Never NULL. */
const cli_source *cli_source_get(cli_sources *sources, const char *path);

/** A line without its end; empty for one that the file lacks. Lines count from 1. */
aether_bytes cli_source_line(const cli_source *source, uint32_t line);

void cli_sources_deinit(cli_sources *sources);

#endif
