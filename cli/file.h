/* Whole files: read with a bound, written so that a reader sees the old file or the new one. */
#ifndef AE_CLI_FILE_H
#define AE_CLI_FILE_H

#include <aether/status.h>
#include <aether/types.h>

#include <stdbool.h>
#include <stdint.h>

/** The longest file that is read. The library's own bounds are tighter, and more precise. */
#define CLI_FILE_LEN_MAX (32u << 20)

/** The longest storage file. */
#define CLI_STORAGE_FILE_LEN_MAX (1u << 30)

/** Bytes that somebody owns. */
typedef struct cli_buffer {
    uint8_t *data;
    size_t len;
} cli_buffer;

void cli_buffer_deinit(cli_buffer *buffer);
aether_bytes cli_buffer_bytes(const cli_buffer *buffer);

/**
 * Read a file fully.
 *
 * @param len_max  bytes
 * @return OK, or INVALID_ARGUMENT with the reason
 */
AETHER_MUST_CHECK aether_status cli_file_read(
    const char *path, size_t len_max, cli_buffer *out, aether_error *err);

/** As cli_file_read; "-" is standard input. */
AETHER_MUST_CHECK aether_status cli_module_read(
    const char *path, cli_buffer *out, aether_error *err);

/**
 * As cli_file_read, but a file that doesn't exist is no mistake if one can be made there.
 *
 * @param out_found  false: `out` is empty
 */
AETHER_MUST_CHECK aether_status cli_file_read_if_there(
    const char *path, size_t len_max, cli_buffer *out, bool *out_found, aether_error *err);

/** Sync the folder that a path is in, after a rename. */
void cli_file_sync_folder(const char *path);

/** A file that is being written beside the one that it shall replace. */
typedef struct cli_file_writer {
    char *target;    /**< its path, symbolic links followed */
    char *temporary; /**< NULL: nothing is open */
    int fd;
} cli_file_writer;

/** Begin: a file that a symbolic link names is replaced itself, and its mode is kept. @param mode of a new file
 *  @return OK, STORAGE_FAILED */
AETHER_MUST_CHECK aether_status cli_file_begin(
    const char *path, unsigned mode, cli_file_writer *out_writer, aether_error *err);

/** @return OK, STORAGE_FAILED */
AETHER_MUST_CHECK aether_status cli_file_write(
    cli_file_writer *writer, aether_bytes bytes, aether_error *err);

/** Sync and rename it over its target, and close. @return OK, or STORAGE_FAILED: the target is as it was */
AETHER_MUST_CHECK aether_status cli_file_commit(cli_file_writer *writer, aether_error *err);

/** As cli_file_commit, but refuses to replace a file that is there: INVALID_ARGUMENT. */
AETHER_MUST_CHECK aether_status cli_file_commit_new(cli_file_writer *writer, aether_error *err);

/** Drop it; the target is as it was. Nothing after a commit. */
void cli_file_abandon(cli_file_writer *writer);

/**
 * Replace a file: a new one beside it, synced, renamed over it. A symbolic link is followed; the
 * mode of an existing file is kept.
 *
 * @return OK, or STORAGE_FAILED: the file is as it was
 */
AETHER_MUST_CHECK aether_status cli_file_replace(
    const char *path, const char *data, size_t len, aether_error *err);

#endif
