// A profile as its caller gets it: sums of probes become gas of instructions and lines.
#include "runtime/profile.h"

#include "base/alloc.h"
#include "base/sort.h"
#include "runtime/source.h"
#include "wasm/disassembly.h"

#define CHUNK_LEN ((size_t)64 << 10)
#define REPORT_LEN_MAX ((size_t)1 << 30)

// What lives as long as the public struct.
typedef struct report {
    ae_arena arena;
    ae_source source; // file names are borrowed from it
} report;

// An instruction's line before lines are joined.
typedef struct piece {
    uint32_t file_number; // + 1; 0: no line is known
    uint32_t line;
    uint64_t gas;
    uint64_t host_gas;
    const char *file;
} piece;

typedef struct writer {
    const ae_profile *profile;
    report *report;
    aether_profile *out;
    aether_profile_instruction *instructions; // those of `out`
    piece *pieces;                            // of the same
} writer;

static void *reserve(writer *w, size_t count, size_t size) {
    if (size != 0 && count > REPORT_LEN_MAX / size)
        return NULL;
    return ae_arena_alloc(&w->report->arena, count * size, 8);
}

static const char *copy_text(writer *w, const char *text, size_t len) {
    char *copy = ae_arena_alloc(&w->report->arena, len + 1, 1);
    if (copy == NULL)
        return NULL;
    if (len != 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static bool write_function(writer *w, uint32_t index, aether_profile_function *out) {
    static const char *const more_names[AE_PROFILE_MORE_COUNT] = {[AE_PROFILE_GROW] = "memory.grow",
        [AE_PROFILE_BURNED] = "burned by the failure",
        [AE_PROFILE_OTHER] = "other paths"};
    static const aether_profile_kind more_kinds[AE_PROFILE_MORE_COUNT] = {
        [AE_PROFILE_GROW] = AETHER_PROFILE_HOST,
        [AE_PROFILE_BURNED] = AETHER_PROFILE_BURNED,
        [AE_PROFILE_OTHER] = AETHER_PROFILE_OTHER};
    const ae_profile *p = w->profile;
    const ae_profile_function *function = &p->functions[index];
    const uint32_t first_more = p->function_count - AE_PROFILE_MORE_COUNT;
    *out = (aether_profile_function){
        .calls = function->calls, .self_gas = function->gas, .total_gas = function->total};
    if (index >= first_more) {
        out->name = more_names[index - first_more];
        out->kind = more_kinds[index - first_more];
        return true;
    }
    const ae_module *module = &p->program->module;
    if (index < module->import_count) {
        out->kind = AETHER_PROFILE_HOST;
        out->name =
            ae_host_rows[module->imports[index].rule].name; // not what the contract calls it
        return true;
    }
    const aether_bytes name = ae_names_find(&p->program->names, index);
    out->kind = AETHER_PROFILE_CONTRACT;
    out->name = copy_text(w, (const char *)name.data, name.len);
    return out->name != NULL;
}

static bool write_functions(writer *w) {
    const uint32_t count = w->profile->function_count;
    aether_profile_function *functions = reserve(w, count, sizeof *functions);
    if (functions == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!write_function(w, i, &functions[i]))
            return false;
    w->out->functions = functions;
    w->out->function_count = count;
    return true;
}

// The root is left out, and so is the node of other paths where there are none.
static bool write_stacks(writer *w) {
    const ae_profile *p = w->profile;
    const uint32_t first = p->nodes[1].calls != 0 ? 1 : 2;
    const uint32_t count = p->node_count - first;
    aether_profile_stack *stacks = reserve(w, count, sizeof *stacks);
    if (stacks == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const ae_profile_node *node = &p->nodes[first + i];
        stacks[i] = (aether_profile_stack){
            .parent = node->parent == 0 ? AETHER_PROFILE_NONE : node->parent - first,
            .function = node->function,
            .calls = node->calls,
            .self_gas = node->gas,
            .total_gas = node->gas};
    }
    for (uint32_t i = count; i > 0; i--)
        if (stacks[i - 1].parent != AETHER_PROFILE_NONE)
            stacks[stacks[i - 1].parent].total_gas += stacks[i - 1].total_gas;
    w->out->stacks = stacks;
    w->out->stack_count = count;
    return true;
}

static const char *write_text(writer *w, const ae_step *step) {
    if (step->opcode == AE_STEP_ENTER)
        return "enter";
    const ae_module *module = &w->profile->program->module;
    ae_reader reader = ae_reader_over(module->bytes, step->offset, (uint32_t)module->bytes.len);
    ae_instruction in;
    char text[AE_INSTRUCTION_TEXT_LEN];
    if (ae_instruction_read(&reader, &in, NULL) != AETHER_OK)
        return NULL; // never: the module was accepted
    return copy_text(w, text, ae_instruction_text(&in, &w->profile->program->names, text));
}

// What one step took, in sum.
static aether_profile_instruction sum_step(
    const ae_profile *p, const ae_probe *probe, uint32_t place, const ae_profile_count *count) {
    const uint32_t step = probe->first_step + place;
    const ae_profile_extra *extra = &p->extras[step];
    const bool is_last = place + 1 == probe->step_count;
    return (aether_profile_instruction){.offset = p->probes->steps[step].offset,
        .function = probe->function,
        .executions = count->executions + extra->executions,
        .gas = count->executions * p->probes->steps[step].gas + extra->gas + extra->host +
               (is_last ? count->operands : 0),
        .host_gas = extra->host};
}

static bool write_instruction(writer *w, const ae_step *step, aether_profile_instruction sum) {
    ae_place place = {0};
    const size_t at = w->out->instruction_count++;
    const bool is_known = ae_source_find(&w->report->source, sum.offset, &place);
    sum.text = write_text(w, step);
    sum.file = is_known ? place.file : NULL;
    sum.line = place.line;
    w->pieces[at] = (piece){.file_number = is_known ? place.file_number + 1 : 0,
        .line = place.line,
        .gas = sum.gas,
        .host_gas = sum.host_gas,
        .file = sum.file};
    w->instructions[at] = sum;
    return sum.text != NULL;
}

// The probes with steps have them in order, and each step belongs to one. Functions that were never entered are left
// out.
static bool write_instructions(writer *w) {
    const ae_profile *p = w->profile;
    w->instructions = reserve(w, p->probes->step_count, sizeof *w->instructions);
    w->pieces = ae_alloc(p->probes->step_count, sizeof *w->pieces);
    w->out->instructions = w->instructions;
    if (w->instructions == NULL || w->pieces == NULL)
        return false;
    for (uint32_t i = 0; i < p->probes->probe_count; i++) {
        const ae_probe *probe = &p->probes->probes[i];
        if (probe->step_count == 0 || p->functions[probe->function].calls == 0)
            continue;
        for (uint32_t k = 0; k < probe->step_count; k++)
            if (!write_instruction(w, &p->probes->steps[probe->first_step + k],
                    sum_step(p, probe, k, &p->counts[i])))
                return false;
    }
    return true;
}

static bool piece_is_after(const void *left, const void *right, const void *context) {
    const piece *a = left;
    const piece *b = right;
    (void)context;
    return a->file_number != b->file_number ? a->file_number > b->file_number : a->line > b->line;
}

static bool write_lines(writer *w) {
    const size_t count = w->out->instruction_count;
    aether_profile_line *lines = reserve(w, count, sizeof *lines);
    if (lines == NULL)
        return false;
    ae_sort(w->pieces, count, sizeof *w->pieces, piece_is_after, NULL);
    size_t line_count = 0;
    for (size_t i = 0; i < count; i++) {
        const piece *from = &w->pieces[i];
        const bool is_new = i == 0 || piece_is_after(from, from - 1, NULL);
        if (is_new)
            lines[line_count++] = (aether_profile_line){.file = from->file, .line = from->line};
        lines[line_count - 1].gas += from->gas;
        lines[line_count - 1].host_gas += from->host_gas;
    }
    w->out->lines = lines;
    w->out->line_count = line_count;
    return true;
}

aether_status ae_profile_write(
    const ae_profile *profile, aether_profile *out_profile, aether_error *err) {
    report *owner = ae_alloc(1, sizeof *owner);
    if (owner == NULL || profile->is_exhausted) {
        ae_free(owner);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "profile");
    }
    ae_arena_init(&owner->arena, CHUNK_LEN, REPORT_LEN_MAX);
    aether_profile out = {.struct_size = out_profile->struct_size,
        .gas_used = profile->gas_limit - profile->left,
        .gas_burned = profile->burned,
        .owner = owner};
    writer w = {.profile = profile, .report = owner, .out = &out};
    aether_status status = ae_source_read(&profile->program->module, &owner->source, err);
    if (status == AETHER_OK &&
        (!write_functions(&w) || !write_stacks(&w) || !write_instructions(&w) || !write_lines(&w)))
        status = ae_fail(err, AETHER_OUT_OF_MEMORY, "profile");
    ae_free(w.pieces);
    if (status != AETHER_OK) {
        aether_profile_destroy(&out);
        return status;
    }
    *out_profile = out;
    return AETHER_OK;
}

void aether_profile_destroy(aether_profile *profile) {
    report *owner = profile->owner;
    if (owner != NULL) {
        ae_source_deinit(&owner->source);
        ae_arena_deinit(&owner->arena);
        ae_free(owner);
    }
    *profile = (aether_profile){.struct_size = profile->struct_size};
}
