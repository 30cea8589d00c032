// `aether run`: one entry of a contract, once, over its own in-memory state.
#include <aether/aether.h>

#include <argp.h>
#include <json-c/json_object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "json.h"
#include "options.h"
#include "receipt.h"
#include "storage.h"
#include "text.h"

enum {
    KEY_INPUT = CLI_KEY_FIRST,
    KEY_GAS,
    KEY_ENTRY,
    KEY_CALLER,
    KEY_SELF,
    KEY_VALUE,
    KEY_BLOCK_NUMBER,
    KEY_TIMESTAMP,
    KEY_CHAIN_ID,
    KEY_STORAGE,
    KEY_ENGINE,
    KEY_SCHEDULE,
    KEY_REPEAT,
};

static const struct argp_option run_options[] = {
    {"input", KEY_INPUT, "HEX|text:S|@FILE", 0, "What the contract reads with input (nothing)", 0},
    {"gas", KEY_GAS, "N", 0, "Gas limit, 0 to 2^64-1 (10000000)", 0},
    {"entry", KEY_ENTRY, "NAME", 0, "execute, init, query or migrate (execute)", 0},
    {"caller", KEY_CALLER, "ADDR", 0, "ae1... or 0x and 64 digits (0x0101...)", 0},
    {"self", KEY_SELF, "ADDR", 0, "Address of the contract (0x0202...)", 0},
    {"value", KEY_VALUE, "N", 0, "Amount given to the contract, 0 to 2^128-1 (0)", 0},
    {"block-number", KEY_BLOCK_NUMBER, "N", 0, "Height of the block (1)", 0},
    {"timestamp", KEY_TIMESTAMP, "N", 0, "Block time, Unix seconds (0)", 0},
    {"chain-id", KEY_CHAIN_ID, "S", 0, "At most 64 bytes (aether-local)", 0},
    {"storage", KEY_STORAGE, "FILE.json", 0,
        "Start from {\"0xkey\":\"0xvalue\"}, written back on success; empty if there is no such file",
        0},
    {"engine", KEY_ENGINE, "NAME", 0, "cranelift, winch or pulley (cranelift)", 0},
    {"schedule", KEY_SCHEDULE, "NAME", 0, "Gas prices: v1 or unit (v1)", 0},
    {"repeat", KEY_REPEAT, "N", 0, "Run N times from the same state (1)", 0},
    {0},
};

// What the command line asks for.
typedef struct request {
    const char *input;        // as typed, or NULL
    const char *storage_path; // or NULL
    aether_compiler compiler;
    aether_schedule schedule;
    uint64_t repeat;
    aether_execution_context context;
} request;

// What a run holds; released in one place.
typedef struct session {
    cli_buffer module;
    cli_buffer input;
    aether_memory_store *store;
    aether_engine *engine;
    aether_contract *contract;
    aether_execution_result result;
    struct json_object *storage; // afterwards; {} if it failed
} session;

static void session_deinit(session *s) {
    json_object_put(s->storage);
    aether_execution_result_destroy(&s->result);
    aether_contract_destroy(s->contract);
    aether_engine_destroy(s->engine);
    aether_memory_store_destroy(s->store);
    cli_buffer_deinit(&s->input);
    cli_buffer_deinit(&s->module);
}

static request request_default(void) {
    static const char chain_id[] = "aether-local";
    request r = {.repeat = 1};
    r.context.struct_size = sizeof r.context;
    r.context.gas_limit = 10000000;
    r.context.block_number = 1;
    r.context.chain_id = (aether_bytes){(const uint8_t *)chain_id, sizeof chain_id - 1};
    memset(r.context.caller.bytes, 1, AETHER_ADDRESS_LEN);
    memset(r.context.contract_address.bytes, 2, AETHER_ADDRESS_LEN);
    return r;
}

// long: one case for each option
static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    request *r = target;
    aether_execution_context *context = &r->context;
    switch (key) {
    case KEY_INPUT:
        r->input = value;
        return AETHER_OK;
    case KEY_GAS:
        return cli_option_u64("--gas", value, 0, &context->gas_limit, err);
    case KEY_ENTRY:
        return cli_option_entry(value, &context->entry, err);
    case KEY_CALLER:
        return cli_option_address("--caller", value, &context->caller, err);
    case KEY_SELF:
        return cli_option_address("--self", value, &context->contract_address, err);
    case KEY_VALUE:
        return cli_option_u128("--value", value, &context->value, err);
    case KEY_BLOCK_NUMBER:
        return cli_option_u64("--block-number", value, 0, &context->block_number, err);
    case KEY_TIMESTAMP:
        return cli_option_u64("--timestamp", value, 0, &context->timestamp, err);
    case KEY_CHAIN_ID:
        context->chain_id = cli_bytes_of(value);
        return AETHER_OK;
    case KEY_STORAGE:
        r->storage_path = value;
        return AETHER_OK;
    case KEY_ENGINE:
        return cli_option_compiler(value, &r->compiler, err);
    case KEY_SCHEDULE:
        return cli_option_schedule(value, &r->schedule, err);
    case KEY_REPEAT:
        return cli_option_u64("--repeat", value, 1, &r->repeat, err);
    default:
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "option %d is not known", key);
    }
}

static const cli_syntax syntax = {
    .name = "aether run",
    .about =
        "Run one entry of a contract once, over its own in-memory state, and print what came of "
        "it. FILE is Wasm or WAT; - is standard input.",
    .example =
        "Exit status: 0 success, 1 the contract failed, 2 the input was refused, 3 a fault of "
        "this machine.\n\n"
        "Example:\n"
        "  aether run counter.wat --input text:increment --storage counter.json --json",
    .options = run_options,
    .set = set_option,
};

static aether_status open_engine(const request *r, session *s, aether_error *err) {
    const aether_protocol protocol = {sizeof protocol, AETHER_PROTOCOL_VERSION, r->schedule};
    const aether_engine_options options = {
        .struct_size = sizeof options, .compiler = r->compiler, .protocol = &protocol};
    return aether_engine_create(&options, &s->engine, err);
}

static aether_status prepare(const request *r, const char *file, session *s, aether_error *err) {
    aether_status status = cli_module_read(file, &s->module, err);
    if (status == AETHER_OK && r->input != NULL)
        status = cli_option_bytes("--input", r->input, &s->input, err);
    if (status == AETHER_OK)
        status = aether_memory_store_create(&s->store, err);
    if (status == AETHER_OK && r->storage_path != NULL)
        status = cli_storage_load(r->storage_path, &r->context.contract_address, s->store, err);
    if (status == AETHER_OK)
        status = open_engine(r, s, err);
    if (status == AETHER_OK)
        status = aether_contract_load(s->engine, cli_buffer_bytes(&s->module), &s->contract, err);
    return status;
}

// Run it, each time from the same state; the last result stays.
static aether_status execute(const request *r, session *s, aether_error *err) {
    const aether_store store = aether_memory_store_interface(s->store);
    for (uint64_t i = 0; i < r->repeat; i++) {
        aether_execution_result_destroy(&s->result);
        s->result = (aether_execution_result){0};
        const aether_status status = aether_execute(
            s->contract, &r->context, cli_buffer_bytes(&s->input), &store, &s->result, err);
        if (status != AETHER_OK)
            return status;
    }
    return AETHER_OK;
}

// Take over what a success changed; a failure leaves the store and the file alone.
static aether_status settle(const request *r, session *s, aether_error *err) {
    if (!s->result.success) {
        s->storage = cli_json_object();
        return AETHER_OK;
    }
    const aether_address *self = &r->context.contract_address;
    aether_status status =
        aether_memory_store_apply(s->store, s->result.changes, s->result.change_count, err);
    if (status == AETHER_OK)
        status = cli_storage_list(self, s->store, &s->storage, err);
    if (status == AETHER_OK && r->storage_path != NULL)
        status = cli_storage_save(r->storage_path, s->storage, err);
    return status;
}

static int refuse(
    const request *r, const cli_arguments *arguments, bool is_read, const aether_error *err) {
    const char *subject =
        is_read && err->status != AETHER_INVALID_ARGUMENT ? arguments->file : NULL;
    const int status = cli_report(syntax.name, subject, err);
    if (status == CLI_EXIT_FAULT || !arguments->is_json)
        return status;
    return cli_json_print(cli_receipt_json_refused(r->context.gas_limit, err), status);
}

static bool stdout_wants_colour(void) {
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
}

static int print_result(const request *r, bool is_json, session *s) {
    cli_text text = {0};
    cli_receipt_debug_text(s->result.debug_text, &text);
    if (text.len != 0)
        (void)fwrite(text.data, 1, text.len, stderr); // a closed stderr changes no exit status
    cli_text_deinit(&text);
    const int status = s->result.success ? CLI_EXIT_OK : CLI_EXIT_FAILED;
    if (is_json) {
        struct json_object *storage = s->storage;
        s->storage = NULL;
        return cli_json_print(cli_receipt_json(&s->result, storage), status);
    }
    cli_receipt_text(&s->result, &r->context.contract_address, stdout_wants_colour(), &text);
    const int printed = cli_print(text.data, text.len, status);
    cli_text_deinit(&text);
    return printed;
}

int cli_run(int argc, char **argv) {
    request r = request_default();
    cli_arguments arguments;
    aether_error err;
    if (cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err) != AETHER_OK)
        return refuse(&r, &arguments, false, &err);
    if (arguments.is_help)
        return cli_help(&syntax);
    session s = {0};
    aether_status status = prepare(&r, arguments.file, &s, &err);
    if (status == AETHER_OK)
        status = execute(&r, &s, &err);
    if (status == AETHER_OK)
        status = settle(&r, &s, &err);
    const int code = status == AETHER_OK ? print_result(&r, arguments.is_json, &s)
                                         : refuse(&r, &arguments, s.module.data != NULL, &err);
    session_deinit(&s);
    return code;
}
