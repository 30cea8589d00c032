// `aether run`: one entry of a contract, once, over its own in-memory state.
#include <argp.h>
#include <json-c/json_object.h>
#include <stdio.h>

#include "json.h"
#include "options.h"
#include "receipt.h"
#include "request.h"
#include "storage.h"

enum { KEY_REPEAT = CLI_KEY_REQUEST_END };

static const struct argp_option run_options[] = {
    CLI_REQUEST_OPTIONS(", written back on success; empty if there is no such file"),
    {"repeat", KEY_REPEAT, "N", 0, "Run N times from the same state (1)", 0},
    {0},
};

typedef struct run_request {
    cli_request request;
    uint64_t repeat;
} run_request;

// What a run holds; released in one place.
typedef struct run_session {
    cli_session base;
    aether_contract *contract;
    aether_execution_result result;
    struct json_object *storage; // afterwards; {} if it failed
} run_session;

static void run_session_deinit(run_session *s) {
    json_object_put(s->storage);
    aether_execution_result_destroy(&s->result);
    aether_contract_destroy(s->contract);
    cli_session_deinit(&s->base);
}

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    run_request *r = target;
    if (key == KEY_REPEAT)
        return cli_option_u64("--repeat", value, 1, &r->repeat, err);
    return cli_request_set(&r->request, key, value, err);
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

static aether_status prepare(
    const run_request *r, const char *file, run_session *s, aether_error *err) {
    aether_status status = cli_session_read(&r->request, file, &s->base, err);
    if (status == AETHER_OK)
        status = cli_session_start(&r->request, &s->base, err);
    if (status == AETHER_OK)
        status = aether_contract_load(
            s->base.engine, cli_buffer_bytes(&s->base.module), &s->contract, err);
    return status;
}

// Run it, each time from the same state; the last result stays.
static aether_status execute(const run_request *r, run_session *s, aether_error *err) {
    const aether_store store = aether_memory_store_interface(s->base.store);
    for (uint64_t i = 0; i < r->repeat; i++) {
        aether_execution_result_destroy(&s->result);
        s->result = (aether_execution_result){0};
        const aether_status status = aether_execute(s->contract, &r->request.context,
            cli_buffer_bytes(&s->base.input), &store, &s->result, err);
        if (status != AETHER_OK)
            return status;
    }
    return AETHER_OK;
}

// Take over what a success changed; a failure leaves the store and the file alone.
static aether_status settle(const cli_request *r, run_session *s, aether_error *err) {
    if (!s->result.success) {
        s->storage = cli_json_object();
        return AETHER_OK;
    }
    const aether_address *self = &r->context.contract_address;
    aether_status status =
        aether_memory_store_apply(s->base.store, s->result.changes, s->result.change_count, err);
    const aether_store store = aether_memory_store_interface(s->base.store);
    if (status == AETHER_OK)
        status = cli_storage_list(self, (aether_bytes){0}, &store, &s->storage, err);
    if (status == AETHER_OK && r->storage_path != NULL)
        status = cli_storage_save(r->storage_path, s->storage, err);
    return status;
}

static int refuse(
    const cli_request *r, const cli_arguments *arguments, bool is_read, const aether_error *err) {
    const char *subject =
        is_read && err->status != AETHER_INVALID_ARGUMENT ? arguments->file : NULL;
    const int status = cli_report(syntax.name, subject, err);
    if (status == CLI_EXIT_FAULT || !arguments->is_json)
        return status;
    return cli_json_print(cli_receipt_json_refused(r->context.gas_limit, err), status);
}

static int print_result(const cli_request *r, bool is_json, run_session *s) {
    cli_print_debug_text(&s->result);
    const int status = s->result.success ? CLI_EXIT_OK : CLI_EXIT_FAILED;
    if (is_json) {
        struct json_object *storage = s->storage;
        s->storage = NULL;
        return cli_json_print(cli_receipt_json(&s->result, storage), status);
    }
    cli_text text = {0};
    cli_receipt_text(&s->result, &r->context.contract_address, cli_stdout_wants_colour(), &text);
    const int printed = cli_print(text.data, text.len, status);
    cli_text_deinit(&text);
    return printed;
}

int cli_run(int argc, char **argv) {
    run_request r = {.request = cli_request_default(), .repeat = 1};
    cli_arguments arguments;
    aether_error err;
    if (cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err) != AETHER_OK)
        return refuse(&r.request, &arguments, false, &err);
    if (arguments.is_help)
        return cli_help(&syntax);
    run_session s = {0};
    aether_status status = prepare(&r, arguments.file, &s, &err);
    if (status == AETHER_OK)
        status = execute(&r, &s, &err);
    if (status == AETHER_OK)
        status = settle(&r.request, &s, &err);
    const int code = status == AETHER_OK
                         ? print_result(&r.request, arguments.is_json, &s)
                         : refuse(&r.request, &arguments, s.base.module.data != NULL, &err);
    run_session_deinit(&s);
    return code;
}
