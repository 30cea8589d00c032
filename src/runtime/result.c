#include "runtime/program.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "runtime/source.h"
#include "state/copier.h"

#define CHUNK_LEN 1024 // small results take one small block
#define RESULT_LEN_MAX ((size_t)4 << 30)

static const char *message_of(aether_end end) {
    switch (end) {
    case AETHER_END_UNREACHABLE:
        return "the contract executed `unreachable`";
    case AETHER_END_OUT_OF_BOUNDS_MEMORY:
        return "memory access outside the contract's memory";
    case AETHER_END_OUT_OF_BOUNDS_TABLE:
        return "table access outside the contract's table";
    case AETHER_END_INDIRECT_CALL:
        return "indirect call of a null entry or of a function of another type";
    case AETHER_END_INTEGER_DIVIDE_BY_ZERO:
        return "integer division by zero";
    case AETHER_END_INTEGER_OVERFLOW:
        return "integer overflow in a division or conversion";
    case AETHER_END_BAD_CONVERSION:
        return "conversion of a NaN to an integer";
    case AETHER_END_STACK_EXHAUSTED:
        return "the contract's calls are nested too deeply for its 256 KiB of metered stack";
    case AETHER_END_RETURNED:
    case AETHER_END_REVERT:
    case AETHER_END_PANIC:
    case AETHER_END_OUT_OF_GAS:
    case AETHER_END_HOST:
        break;
    }
    return "";
}

static bool has_trap(aether_end end) {
    return end != AETHER_END_RETURNED && end != AETHER_END_REVERT && end != AETHER_END_OUT_OF_GAS;
}

static void copy_place(ae_copier *to, const ae_source *source, aether_frame *frame) {
    ae_place place;
    if (!ae_source_find(source, frame->offset, &place))
        return;
    frame->file = ae_copier_text(to, ae_bytes_of(place.file));
    frame->line = place.line;
}

// Frames of the module as it was uploaded; what the instrumenter put in has none. The line tables are read for each
// trap: what is uploaded to a chain carries none, and people wait for one only.
static void copy_frames(
    ae_copier *to, const ae_program *program, const ae_exit *left, aether_trap *trap) {
    ae_source source = {0};
    if (ae_source_read(&program->module, &source, NULL) != AETHER_OK)
        to->is_exhausted = true;
    aether_frame *frames =
        left->frame_count != 0 ? ae_copier_reserve(to, left->frame_count, sizeof *frames) : NULL;
    for (uint32_t i = 0; frames != NULL && i < left->frame_count; i++) {
        const uint32_t function =
            ae_instrumented_function(&program->instrumented, left->frames[i].function);
        if (function == AE_NO_INDEX)
            continue;
        frames[trap->frame_count] =
            (aether_frame){.function = ae_copier_text(to, ae_names_find(&program->names, function)),
                .index = function,
                .offset = ae_offset_map_find(&program->instrumented.map, left->frames[i].offset)};
        copy_place(to, &source, &frames[trap->frame_count++]);
    }
    ae_source_deinit(&source);
    trap->frames = frames;
}

static void copy_trap(ae_copier *to, const ae_program *program, const ae_ending *ending,
    const ae_host *host, aether_execution_result *out) {
    aether_trap *trap = ae_copier_reserve(to, 1, sizeof *trap);
    if (trap == NULL)
        return;
    const bool is_host = ending->end == AETHER_END_PANIC || ending->end == AETHER_END_HOST;
    const char *message = is_host ? host->message : message_of(ending->end);
    *trap = (aether_trap){.kind = ending->end, .message = ae_copier_text(to, ae_bytes_of(message))};
    copy_frames(to, program, &ending->exit, trap);
    out->trap = trap;
}

static bool keeps_return_data(const ae_ending *ending) {
    return ending->end == AETHER_END_RETURNED || ending->end == AETHER_END_REVERT ||
           ending->end == AETHER_END_PANIC;
}

aether_status ae_result_write(const ae_program *program, const ae_ending *ending,
    const ae_host *host, bool takes_changes, aether_execution_result *out_result,
    aether_error *err) {
    aether_execution_result result = {.outcome = ending->outcome,
        .success = ending->outcome == AETHER_OUTCOME_SUCCESS,
        .code = ending->code,
        .gas_used = host->meter.limit - ending->gas_left,
        .gas_limit = host->meter.limit,
        .end = ending->end,
        .memory_hash = ending->memory_hash,
        .debug_text = ""};
    const aether_change *changes = NULL;
    const aether_log *logs = NULL;
    size_t change_count = 0;
    size_t log_count = 0;
    if (result.success && takes_changes) {
        AE_TRY(ae_journal_changes(host->journal, &changes, &change_count, err));
        ae_journal_events(host->journal, &logs, &log_count);
    }
    const bool has_data = keeps_return_data(ending) && host->return_data.len != 0;
    if (change_count + log_count + host->debug_len == 0 && !has_data && !has_trap(ending->end)) {
        *out_result = result; // nothing to own: most small calls allocate nothing
        return AETHER_OK;
    }
    ae_copier to = {.arena = ae_alloc(1, sizeof *to.arena)};
    if (to.arena == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "result");
    ae_arena_init(to.arena, CHUNK_LEN, RESULT_LEN_MAX);
    result.owner = to.arena;
    result.changes = ae_copier_changes(&to, changes, change_count);
    result.change_count = change_count;
    result.logs = ae_copier_logs(&to, logs, log_count);
    result.log_count = log_count;
    if (has_data)
        result.return_data = ae_copier_bytes(&to, host->return_data);
    if (host->debug_len != 0)
        result.debug_text = ae_copier_text(&to, ae_bytes(host->debug_text, host->debug_len));
    if (has_trap(ending->end))
        copy_trap(&to, program, ending, host, &result);
    if (to.is_exhausted) {
        aether_execution_result_destroy(&result);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "result");
    }
    *out_result = result;
    return AETHER_OK;
}

void aether_execution_result_destroy(aether_execution_result *result) {
    if (result == NULL)
        return;
    if (result->owner != NULL) {
        ae_arena_deinit(result->owner);
        ae_free(result->owner);
    }
    *result = (aether_execution_result){0};
}

const char *aether_end_text(aether_end end) {
    switch (end) {
#define END_TEXT(name, number, text) \
    case AETHER_END_##name:          \
        return text;
        AETHER_END_MAP(END_TEXT)
#undef END_TEXT
    }
    return "unknown";
}
