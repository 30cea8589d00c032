// The receipt of a run for people. Bytes that a contract chose are cut and escaped; --json has them
// all.
#include "receipt.h"

#include <aether/store.h>

#include <inttypes.h>
#include <string.h>

enum { KEY_PREFIX_LEN = 1 + AETHER_ADDRESS_LEN };

static void add_gas(cli_text *out, const aether_execution_result *result) {
    cli_text_format(out, "gas      %" PRIu64 " of %" PRIu64, result->gas_used, result->gas_limit);
    if (result->gas_limit != 0)
        cli_text_format(
            out, " (%.2f %%)", (double)result->gas_used * 100 / (double)result->gas_limit);
    cli_text_add(out, "\n", 1);
}

static void add_logs(cli_text *out, const aether_execution_result *result) {
    for (size_t i = 0; i < result->log_count; i++) {
        const aether_log *log = &result->logs[i];
        cli_text_format(out, "log %zu    from ", i);
        cli_text_hex(out, (aether_bytes){log->address.bytes, AETHER_ADDRESS_LEN});
        cli_text_add(out, "\n", 1);
        for (size_t t = 0; t < log->topic_count; t++) {
            cli_text_format(out, "  topic  ");
            cli_text_hex(out, (aether_bytes){log->topics[t].bytes, AETHER_HASH_LEN});
            cli_text_add(out, "\n", 1);
        }
        cli_text_format(out, "  data   ");
        cli_text_bytes(out, log->data);
        cli_text_add(out, "\n", 1);
    }
}

static void add_changes(
    cli_text *out, const aether_execution_result *result, const aether_address *self) {
    for (size_t i = 0; i < result->change_count; i++) {
        const aether_change *change = &result->changes[i];
        if (change->key.len <= KEY_PREFIX_LEN || change->key.data[0] != AETHER_STORE_KIND_STORAGE ||
            memcmp(change->key.data + 1, self->bytes, AETHER_ADDRESS_LEN) != 0)
            continue; // a balance, or another contract's
        cli_text_format(out, "storage  ");
        cli_text_bytes(out,
            (aether_bytes){change->key.data + KEY_PREFIX_LEN, change->key.len - KEY_PREFIX_LEN});
        if (change->is_removed) {
            cli_text_format(out, " removed\n");
            continue;
        }
        cli_text_format(out, " = ");
        cli_text_bytes(out, change->value);
        cli_text_add(out, "\n", 1);
    }
}

static void add_trap(cli_text *out, const char *kind, const aether_trap *trap) {
    cli_text_format(out, "trap     %s", kind);
    if (trap != NULL && trap->message != NULL && trap->message[0] != '\0') {
        cli_text_add(out, ": ", 2);
        cli_text_escaped(out, cli_bytes_of(trap->message));
    }
    cli_text_add(out, "\n", 1);
    for (size_t i = 0; trap != NULL && i < trap->frame_count; i++) {
        const aether_frame *frame = &trap->frames[i];
        cli_text_format(out, "  at ");
        if (frame->function != NULL && frame->function[0] != '\0')
            cli_text_escaped(out, cli_bytes_of(frame->function));
        else
            cli_text_format(out, "?");
        cli_text_format(
            out, " (function %" PRIu32 ", offset 0x%" PRIx32 ")", frame->index, frame->offset);
        if (frame->file != NULL) {
            cli_text_add(out, " ", 1);
            cli_text_escaped(out, cli_bytes_of(frame->file));
            if (frame->line != 0)
                cli_text_format(out, ":%" PRIu32, frame->line);
        }
        cli_text_add(out, "\n", 1);
    }
}

void cli_receipt_text(const aether_execution_result *result, const aether_address *self,
    bool is_colour, cli_text *out) {
    const cli_verdict verdict = cli_verdict_of(result);
    const char *before = !is_colour ? "" : result->success ? "\x1b[32m" : "\x1b[31m";
    cli_text_format(out, "outcome  %s%s%s", before, verdict.outcome, is_colour ? "\x1b[0m" : "");
    if (result->code != 0)
        cli_text_format(out, ", code %" PRId32, result->code);
    cli_text_add(out, "\n", 1);
    add_gas(out, result);
    if (result->return_data.len != 0) {
        cli_text_format(out, "data     ");
        cli_text_bytes(out, result->return_data);
        cli_text_add(out, "\n", 1);
    }
    add_logs(out, result);
    add_changes(out, result, self);
    if (verdict.trap_kind != NULL)
        add_trap(out, verdict.trap_kind, result->trap);
}

void cli_receipt_debug_text(const char *debug_text, cli_text *out) {
    while (debug_text != NULL && *debug_text != '\0') {
        const size_t len = strcspn(debug_text, "\n");
        cli_text_format(out, "log: ");
        cli_text_escaped(out, (aether_bytes){(const uint8_t *)debug_text, len});
        cli_text_add(out, "\n", 1);
        debug_text += len + (debug_text[len] == '\n' ? 1 : 0);
    }
}
