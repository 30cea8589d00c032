#include "gas/offset_map.h"

#include "base/alloc.h"
#include "base/assert.h"

bool ae_offset_map_reserve(ae_offset_map_writer *writer, size_t more) {
    if (more <= writer->capacity - writer->map.count)
        return true;
    size_t capacity = writer->capacity < 256 ? 256 : writer->capacity;
    while (capacity - writer->map.count < more)
        capacity *= 2;
    ae_offset_run *runs = ae_realloc(writer->map.runs, capacity, sizeof *runs);
    if (runs == NULL)
        return false;
    writer->map.runs = runs;
    writer->capacity = capacity;
    return true;
}

// A run that nothing was written into gives way to the next one.
static void append(ae_offset_map_writer *writer, ae_offset_run run) {
    ae_offset_map *map = &writer->map;
    if (map->count != 0 && map->runs[map->count - 1].instrumented_start == run.instrumented_start)
        map->count--;
    AE_ASSERT(map->count < writer->capacity);
    AE_ASSERT(
        map->count == 0 || map->runs[map->count - 1].instrumented_start < run.instrumented_start);
    map->runs[map->count++] = run;
}

void ae_offset_map_copy(ae_offset_map_writer *writer, uint32_t instrumented, uint32_t uploaded) {
    if (writer->map.count != 0) {
        const ae_offset_run *last = &writer->map.runs[writer->map.count - 1];
        if (!last->is_inserted &&
            instrumented - last->instrumented_start == uploaded - last->uploaded_start)
            return;
    }
    append(writer, (ae_offset_run){instrumented, uploaded, false});
}

void ae_offset_map_insert(ae_offset_map_writer *writer, uint32_t instrumented, uint32_t uploaded) {
    if (writer->map.count != 0) {
        const ae_offset_run *last = &writer->map.runs[writer->map.count - 1];
        if (last->is_inserted && last->uploaded_start == uploaded)
            return;
    }
    append(writer, (ae_offset_run){instrumented, uploaded, true});
}

void ae_offset_map_move(ae_offset_map_writer *writer, size_t first, uint32_t distance) {
    for (size_t i = first; i < writer->map.count; i++)
        writer->map.runs[i].instrumented_start -= distance;
}

ae_offset_map ae_offset_map_finish(ae_offset_map_writer *writer) {
    ae_offset_map map = writer->map;
    ae_offset_run *runs = ae_realloc(map.runs, map.count, sizeof *runs);
    if (runs != NULL)
        map.runs = runs; // else it stays as large as it is
    *writer = (ae_offset_map_writer){0};
    return map;
}

void ae_offset_map_writer_deinit(ae_offset_map_writer *writer) {
    ae_free(writer->map.runs);
    *writer = (ae_offset_map_writer){0};
}

uint32_t ae_offset_map_find(const ae_offset_map *map, uint32_t instrumented_offset) {
    size_t low = 0; // runs before it start at or below the offset
    size_t high = map->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (map->runs[middle].instrumented_start <= instrumented_offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    const ae_offset_run *run = &map->runs[low - 1];
    return run->is_inserted ? run->uploaded_start
                            : instrumented_offset - run->instrumented_start + run->uploaded_start;
}
