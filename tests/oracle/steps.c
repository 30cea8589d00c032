#include "oracle/steps.h"

#include "harness/test.h"

#include <stdlib.h>

typedef struct maker {
    const ae_module *module;
    const ae_schedule *schedule;
    steps made;
    uint32_t open[AE_NESTING_MAX + 1]; // steps that opened what is open; 0: the body
    uint32_t open_count;
} maker;

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    CHECK(memory != NULL);
    return memory;
}

// Every instruction and every label of a br_table takes at least one byte.
static void allocate_steps(maker *self) {
    uint32_t bytes = 1;
    for (uint32_t i = 0; i < self->module->function_count; i++)
        bytes += self->module->functions[i].end_offset - self->module->functions[i].code_offset;
    self->made.all = allocate(bytes, sizeof *self->made.all);
    self->made.labels = allocate(bytes, sizeof *self->made.labels);
    self->made.first = allocate(self->module->function_count, sizeof *self->made.first);
    self->made.count = 1;
}

static void read_labels(maker *self, step *table, const ae_instruction *from) {
    ae_reader targets = from->targets;
    table->index = self->made.label_count;
    table->count = from->index;
    for (uint32_t i = 0; i <= from->index; i++) {
        uint32_t depth = 0;
        CHECK(ae_read_u32(&targets, "label", &depth, NULL) == AETHER_OK);
        self->made.labels[self->made.label_count++] = depth;
    }
}

// An `end`: what was opened last is told where it ends, an `if` and its `else` both.
static void close_block(maker *self) {
    const uint32_t after = self->made.count; // the `end` itself was counted
    const uint32_t opener = self->open[--self->open_count];
    if (opener == 0)
        return;
    step *block = &self->made.all[opener];
    block->after = after;
    if (block->other != 0)
        self->made.all[block->other - 1].after = after;
}

static void follow_blocks(maker *self, uint32_t place, const ae_instruction *from) {
    step *at = &self->made.all[place];
    switch (at->opcode) {
    case AE_OP_block:
    case AE_OP_loop:
    case AE_OP_if:
        at->results = from->block_type != AE_BLOCK_EMPTY;
        self->open[self->open_count++] = place;
        return;
    case AE_OP_else:
        self->made.all[self->open[self->open_count - 1]].other = place + 1;
        return;
    case AE_OP_end:
        close_block(self);
        return;
    default:
        return;
    }
}

static void make_step(maker *self, const ae_instruction *from) {
    const ae_opcode_info *info = ae_opcode_get(from->opcode);
    const uint32_t place = self->made.count++;
    step *at = &self->made.all[place];
    at->opcode = from->opcode;
    at->gas = self->schedule->opcodes[from->opcode];
    at->index = from->index;
    at->value = info->immediate == AE_IMM_I32 ? (uint32_t)from->value : from->value;
    at->compute = numeric_of(from->opcode);
    if (at->compute != NULL)
        at->operands = (uint32_t)(strchr(info->signature, '>') - info->signature);
    if (from->opcode == AE_OP_br_table)
        read_labels(self, at, from);
    follow_blocks(self, place, from);
}

static void make_function(maker *self, const ae_function *function) {
    ae_reader reader =
        ae_reader_over(self->module->bytes, function->code_offset, function->end_offset);
    self->open[0] = 0;
    self->open_count = 1;
    while (!ae_reader_is_at_end(&reader)) {
        ae_instruction instruction;
        CHECK(ae_instruction_read(&reader, &instruction, NULL) == AETHER_OK);
        make_step(self, &instruction);
    }
    CHECK_U64(self->open_count, 0);
}

steps steps_of(const ae_module *module, const ae_schedule *schedule) {
    maker self = {.module = module, .schedule = schedule};
    allocate_steps(&self);
    for (uint32_t i = 0; i < module->function_count; i++) {
        self.made.first[i] = self.made.count;
        make_function(&self, &module->functions[i]);
    }
    return self.made;
}

void steps_deinit(steps *self) {
    free(self->all);
    free(self->first);
    free(self->labels);
}
