#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"

#define FILE_LEN_MAX ((size_t)4 << 20)
#define TOTAL_LEN_MAX ((size_t)32 << 20)

// Whether a path without links lies below a folder without links.
static bool is_below(const char *path, const char *folder) {
    const size_t len = strlen(folder);
    if (strcmp(folder, "/") == 0)
        return true;
    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

// The file without links, if it is one and lies below the folder; the caller frees it.
static char *find_below(const char *folder, const char *path) {
    char *root = realpath(folder, NULL);
    if (root == NULL)
        return NULL;
    cli_text joined = {0};
    if (path[0] == '/')
        cli_text_format(&joined, "%s", path);
    else
        cli_text_format(&joined, "%s/%s", root, path);
    char *found = realpath(joined.data, NULL);
    cli_text_deinit(&joined);
    struct stat info;
    if (found != NULL &&
        (!is_below(found, root) || stat(found, &info) != 0 || !S_ISREG(info.st_mode))) {
        free(found);
        found = NULL;
    }
    free(root);
    return found;
}

// In the working folder as it is written; below the folder also without its first parts, which may be another
// machine's.
static char *find(const char *folder, const char *path) {
    char *found = find_below(".", path);
    if (found == NULL && folder != NULL)
        found = find_below(folder, path);
    while (found == NULL && folder != NULL && (path = strchr(path, '/')) != NULL) {
        path++;
        if (path[0] != '\0' && path[0] != '/')
            found = find_below(folder, path);
    }
    return found;
}

static bool is_text(aether_bytes bytes) {
    while (bytes.len != 0) {
        int32_t code = 0;
        const size_t len = cli_utf8_next(bytes, &code);
        if (code <= 0)
            return false;
        bytes = (aether_bytes){bytes.data + len, bytes.len - len};
    }
    return true;
}

static void find_lines(cli_source *source) {
    const uint8_t *data = source->text.data;
    size_t count = 1;
    for (size_t i = 0; i < source->text.len; i++)
        count += data[i] == '\n';
    source->starts = cli_alloc(count + 1, sizeof *source->starts);
    for (size_t i = 0; i < source->text.len; i++)
        if (data[i] == '\n')
            source->starts[++source->line_count] = i + 1;
    source->starts[++source->line_count] = source->text.len + 1;
}

static cli_source *read_source(const cli_sources *sources, const char *path) {
    cli_source *source = cli_alloc(1, sizeof *source);
    cli_text copy = {0};
    cli_text_format(&copy, "%s", path);
    source->path = copy.data;
    char *found = find(sources->folder, path);
    aether_error err;
    if (found != NULL && cli_file_read(found, FILE_LEN_MAX, &source->text, &err) == AETHER_OK &&
        (!is_text(cli_buffer_bytes(&source->text)) ||
            source->text.len > TOTAL_LEN_MAX - sources->total_len))
        cli_buffer_deinit(&source->text);
    free(found);
    if (source->text.len != 0)
        find_lines(source);
    return source;
}

const cli_source *cli_source_get(cli_sources *sources, const char *path) {
    for (size_t i = sources->count; i > 0; i--)
        if (strcmp(sources->files[i - 1]->path, path) == 0)
            return sources->files[i - 1];
    sources->files = cli_realloc(sources->files, (sources->count + 1) * sizeof *sources->files);
    cli_source *source = read_source(sources, path);
    sources->total_len += source->text.len;
    sources->files[sources->count++] = source;
    return source;
}

aether_bytes cli_source_line(const cli_source *source, uint32_t line) {
    if (line == 0 || line > source->line_count)
        return (aether_bytes){NULL, 0};
    const size_t start = source->starts[line - 1];
    size_t len = source->starts[line] - 1 - start;
    const uint8_t *data = source->text.data + start;
    while (len != 0 && data[len - 1] == '\r')
        len--;
    return (aether_bytes){data, len};
}

void cli_sources_deinit(cli_sources *sources) {
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->files[i]->path);
        free(sources->files[i]->starts);
        cli_buffer_deinit(&sources->files[i]->text);
        free(sources->files[i]);
    }
    free(sources->files);
    *sources = (cli_sources){0};
}
