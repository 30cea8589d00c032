// The receipt of a run as JSON. Names, order and meaning of the keys are stable.
#include "receipt.h"

#include <stddef.h>

#include "json.h"

cli_verdict cli_verdict_of(const aether_execution_result *result) {
    switch (result->outcome) {
    case AETHER_OUTCOME_SUCCESS:
        return (cli_verdict){"success", NULL};
    case AETHER_OUTCOME_REVERTED:
        if (result->end == AETHER_END_UNREACHABLE)
            return (cli_verdict){"trapped", aether_end_text(result->end)};
        if (result->end == AETHER_END_PANIC)
            return (cli_verdict){"reverted", aether_end_text(result->end)};
        return (cli_verdict){"reverted", NULL};
    case AETHER_OUTCOME_FAILED:
        break;
    }
    if (result->end == AETHER_END_OUT_OF_GAS)
        return (cli_verdict){"out_of_gas", NULL};
    return (cli_verdict){"trapped", aether_end_text(result->end)};
}

static struct json_object *frame_json(const aether_frame *frame) {
    struct json_object *object = cli_json_object();
    cli_json_set(object, "function", cli_json_text(frame->function));
    cli_json_set(object, "index", cli_json_u64(frame->index));
    cli_json_set(object, "offset", cli_json_u64(frame->offset));
    cli_json_set(object, "file", cli_json_text(frame->file));
    cli_json_set(object, "line", frame->line == 0 ? NULL : cli_json_u64(frame->line));
    return object;
}

static struct json_object *trap_json(const char *kind, const aether_trap *trap) {
    if (kind == NULL)
        return NULL;
    struct json_object *frames = cli_json_array();
    for (size_t i = 0; trap != NULL && i < trap->frame_count; i++)
        cli_json_push(frames, frame_json(&trap->frames[i]));
    struct json_object *object = cli_json_object();
    cli_json_set(object, "kind", cli_json_text(kind));
    cli_json_set(object, "message",
        cli_json_text(trap != NULL && trap->message != NULL ? trap->message : ""));
    cli_json_set(object, "frames", frames);
    return object;
}

static struct json_object *logs_json(const aether_log *logs, size_t count) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < count; i++) {
        struct json_object *topics = cli_json_array();
        for (size_t t = 0; t < logs[i].topic_count; t++)
            cli_json_push(
                topics, cli_json_hex((aether_bytes){logs[i].topics[t].bytes, AETHER_HASH_LEN}));
        struct json_object *object = cli_json_object();
        cli_json_set(object, "address",
            cli_json_hex((aether_bytes){logs[i].address.bytes, AETHER_ADDRESS_LEN}));
        cli_json_set(object, "topics", topics);
        cli_json_set(object, "data", cli_json_hex(logs[i].data));
        cli_json_push(array, object);
    }
    return array;
}

struct json_object *cli_receipt_json(
    const aether_execution_result *result, struct json_object *storage) {
    const cli_verdict verdict = cli_verdict_of(result);
    struct json_object *object = cli_json_object();
    cli_json_set(object, "outcome", cli_json_text(verdict.outcome));
    cli_json_set(object, "code", cli_json_int(result->code));
    cli_json_set(object, "gas_used", cli_json_u64(result->gas_used));
    cli_json_set(object, "gas_limit", cli_json_u64(result->gas_limit));
    cli_json_set(object, "return_data", cli_json_hex(result->return_data));
    cli_json_set(object, "logs", logs_json(result->logs, result->log_count));
    cli_json_set(object, "trap", trap_json(verdict.trap_kind, result->trap));
    cli_json_set(object, "error", NULL);
    cli_json_set(object, "storage", storage);
    return object;
}

struct json_object *cli_receipt_json_refused(uint64_t gas_limit, const aether_error *err) {
    struct json_object *object = cli_json_object();
    cli_json_set(object, "outcome", cli_json_text("rejected"));
    cli_json_set(object, "code", cli_json_int(0));
    cli_json_set(object, "gas_used", cli_json_u64(0));
    cli_json_set(object, "gas_limit", cli_json_u64(gas_limit));
    cli_json_set(object, "return_data", cli_json_text("0x"));
    cli_json_set(object, "logs", cli_json_array());
    cli_json_set(object, "trap", NULL);
    cli_json_set(object, "error", cli_json_error(err));
    cli_json_set(object, "storage", cli_json_object());
    return object;
}
