#include "engine/dwarf.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/sort.h"

// More than any accepted module has code for: what lies beyond is not read.
#define ROWS_MAX ((size_t)4 << 20)
#define FILES_MAX 65536
#define PATHS_LEN_MAX ((size_t)16 << 20)
#define PATHS_CHUNK_LEN 4096
#define NO_FILE UINT32_MAX

// As third_party/wasmtime/src/dwarf.rs has it.
typedef struct aether_dwarf {
    const uint8_t *line;
    size_t line_len;
    const uint8_t *line_str;
    size_t line_str_len;
    const uint8_t *str;
    size_t str_len;
    void *state;
    uint32_t (*on_file)(void *state, const uint8_t *path, size_t len);
    bool (*on_row)(void *state, uint64_t address, uint32_t file, uint64_t line, bool is_end);
} aether_dwarf;

void aether_dwarf_read(const aether_dwarf *dwarf);

// From here on until the next row.
typedef struct row {
    uint32_t address;
    uint32_t file; // NO_FILE: unknown
    uint32_t line; // 0: unknown
} row;

// Rows of one piece of code, by address.
typedef struct sequence {
    uint32_t start;
    uint32_t end;
    size_t first_row;
    size_t row_count;
} sequence;

typedef struct source_file {
    const char *path; // "": it is not known
    uint32_t number;
} source_file;

struct ae_lines {
    row *rows;
    size_t row_count;
    size_t row_capacity;
    size_t open_row; // of the sequence that is being read
    sequence *sequences;
    size_t sequence_count;
    size_t sequence_capacity;
    source_file *files;
    size_t file_count;
    size_t file_capacity;
    ae_arena paths;
    bool is_exhausted;
};

// The memory with room for one more thing behind `count`, or NULL.
static void *grow(void *memory, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity)
        return memory;
    const size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = ae_realloc(memory, wanted, size);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

static uint32_t on_file(void *state, const uint8_t *path, size_t len) {
    ae_lines *lines = state;
    if (lines->file_count == FILES_MAX || lines->paths.total > PATHS_LEN_MAX)
        return NO_FILE;
    if (!ae_utf8_is_valid(ae_bytes(path, len)))
        len = 0;
    source_file *files =
        grow(lines->files, lines->file_count, &lines->file_capacity, sizeof *files);
    char *copy = ae_arena_alloc(&lines->paths, len + 1, 1);
    if (files != NULL)
        lines->files = files;
    if (files == NULL || copy == NULL) {
        lines->is_exhausted = true;
        return NO_FILE;
    }
    if (len != 0)
        memcpy(copy, path, len);
    copy[len] = '\0';
    files[lines->file_count] = (source_file){.path = copy};
    return (uint32_t)lines->file_count++;
}

// Code never begins at 0: a linker puts there what it removed.
static bool end_sequence(ae_lines *lines, uint64_t end) {
    const size_t first = lines->open_row;
    const size_t count = lines->row_count - first;
    if (count == 0 || lines->rows[first].address == 0 || end > UINT32_MAX ||
        end < lines->rows[lines->row_count - 1].address || end == lines->rows[first].address) {
        lines->row_count = first;
        return true;
    }
    sequence *sequences =
        grow(lines->sequences, lines->sequence_count, &lines->sequence_capacity, sizeof *sequences);
    if (sequences == NULL) {
        lines->is_exhausted = true;
        return false;
    }
    lines->sequences = sequences;
    sequences[lines->sequence_count++] =
        (sequence){lines->rows[first].address, (uint32_t)end, first, count};
    lines->open_row = lines->row_count;
    return true;
}

static bool on_row(void *state, uint64_t address, uint32_t file, uint64_t line, bool is_end) {
    ae_lines *lines = state;
    if (is_end)
        return end_sequence(lines, address);
    const bool is_first = lines->row_count == lines->open_row;
    if (address > UINT32_MAX || (!is_first && address < lines->rows[lines->row_count - 1].address))
        return true;
    if (lines->row_count == ROWS_MAX)
        return false;
    row *rows = grow(lines->rows, lines->row_count, &lines->row_capacity, sizeof *rows);
    if (rows == NULL) {
        lines->is_exhausted = true;
        return false;
    }
    lines->rows = rows;
    rows[lines->row_count++] =
        (row){(uint32_t)address, file, line <= UINT32_MAX ? (uint32_t)line : 0};
    return true;
}

static bool sequence_is_after(const void *left, const void *right, const void *context) {
    const sequence *a = left;
    const sequence *b = right;
    (void)context;
    return a->start != b->start ? a->start > b->start : a->first_row > b->first_row;
}

static bool path_is_after(const void *left, const void *right, const void *context) {
    const uint32_t a = *(const uint32_t *)left;
    const uint32_t b = *(const uint32_t *)right;
    const source_file *files = context;
    const int order = strcmp(files[a].path, files[b].path);
    return order != 0 ? order > 0 : a > b;
}

// Equal paths of several tables get one number.
static bool number_files(ae_lines *lines) {
    uint32_t *order = ae_alloc(lines->file_count, sizeof *order);
    if (order == NULL)
        return false;
    for (uint32_t i = 0; i < lines->file_count; i++)
        order[i] = i;
    ae_sort(order, lines->file_count, sizeof *order, path_is_after, lines->files);
    for (size_t i = 0; i < lines->file_count; i++) {
        source_file *this = &lines->files[order[i]];
        const source_file *previous = i != 0 ? &lines->files[order[i - 1]] : NULL;
        const bool is_same = previous != NULL && strcmp(previous->path, this->path) == 0;
        this->number = is_same ? previous->number : (uint32_t)i;
    }
    ae_free(order);
    return true;
}

aether_status ae_lines_read(const ae_dwarf *dwarf, ae_lines **out_lines, aether_error *err) {
    ae_lines *lines = ae_alloc(1, sizeof *lines);
    if (lines == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "line table");
    ae_arena_init(&lines->paths, PATHS_CHUNK_LEN, 2 * PATHS_LEN_MAX);
    const aether_dwarf request = {.line = dwarf->line.data,
        .line_len = dwarf->line.len,
        .line_str = dwarf->line_str.data,
        .line_str_len = dwarf->line_str.len,
        .str = dwarf->str.data,
        .str_len = dwarf->str.len,
        .state = lines,
        .on_file = on_file,
        .on_row = on_row};
    aether_dwarf_read(&request);
    if (lines->is_exhausted || !number_files(lines)) {
        ae_lines_destroy(lines);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "line table");
    }
    ae_sort(
        lines->sequences, lines->sequence_count, sizeof *lines->sequences, sequence_is_after, NULL);
    *out_lines = lines;
    return AETHER_OK;
}

bool ae_lines_find(const ae_lines *lines, uint32_t address, ae_place *out_place) {
    size_t low = 0; // sequences before it start at or below the address
    size_t high = lines->sequence_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (lines->sequences[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address >= lines->sequences[low - 1].end)
        return false;
    const sequence *found = &lines->sequences[low - 1];
    const row *rows = lines->rows + found->first_row;
    low = 1; // the first row is at or below it
    high = found->row_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rows[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const row *at = &rows[low - 1];
    if (at->file == NO_FILE || at->line == 0 || lines->files[at->file].path[0] == '\0')
        return false;
    const source_file *in = &lines->files[at->file];
    *out_place = (ae_place){.file = in->path, .file_number = in->number, .line = at->line};
    return true;
}

void ae_lines_destroy(ae_lines *lines) {
    if (lines == NULL)
        return;
    ae_arena_deinit(&lines->paths);
    ae_free(lines->rows);
    ae_free(lines->sequences);
    ae_free(lines->files);
    ae_free(lines);
}
