#include "gas/probe.h"

#include "base/alloc.h"
#include "base/assert.h"

#define CAPACITY_MIN 1024

// The memory with room for `more` of `size` bytes behind `count`; NULL when memory is exhausted.
static void *grow(void *memory, uint32_t count, uint32_t more, uint32_t *capacity, size_t size) {
    if (memory != NULL && more <= *capacity - count)
        return memory;
    uint32_t wanted = *capacity < CAPACITY_MIN ? CAPACITY_MIN : *capacity;
    while (wanted - count < more)
        wanted *= 2;
    void *grown = ae_realloc(memory, wanted, size);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

bool ae_probe_reserve(ae_probe_writer *writer, uint32_t probes, uint32_t steps) {
    ae_probes *table = &writer->table;
    ae_probe *grown_probes = grow(
        table->probes, table->probe_count, probes, &writer->probe_capacity, sizeof *table->probes);
    if (grown_probes == NULL)
        return false;
    table->probes = grown_probes;
    ae_step *grown_steps =
        grow(table->steps, table->step_count, steps, &writer->step_capacity, sizeof *table->steps);
    if (grown_steps == NULL)
        return false;
    table->steps = grown_steps;
    return true;
}

void ae_probe_step(ae_probe_writer *writer, ae_step step) {
    AE_ASSERT(writer->table.step_count < writer->step_capacity);
    writer->table.steps[writer->table.step_count++] = step;
}

uint32_t ae_probe_add(
    ae_probe_writer *writer, ae_probe_kind kind, uint32_t function, uint32_t callee) {
    ae_probes *table = &writer->table;
    AE_ASSERT(table->probe_count < writer->probe_capacity);
    ae_probe probe = {
        .kind = kind, .callee = callee, .function = function, .first_step = writer->segment};
    if (kind != AE_PROBE_LEAVE)
        probe.step_count = table->step_count - writer->segment;
    for (uint32_t i = 0; i < probe.step_count; i++)
        probe.gas += table->steps[probe.first_step + i].gas;
    writer->segment += probe.step_count;
    table->probes[table->probe_count] = probe;
    return table->probe_count++;
}

void ae_probes_deinit(ae_probes *probes) {
    ae_free(probes->probes);
    ae_free(probes->steps);
    *probes = (ae_probes){0};
}
