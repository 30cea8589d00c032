// `aether verify`: one run on every compiler, and whether anything that can be seen differs.
#include <argp.h>
#include <inttypes.h>
#include <json-c/json_object.h>
#include <string.h>

#include "json.h"
#include "receipt.h"
#include "request.h"

typedef struct compiler_row {
    aether_compiler compiler;
    const char *name;
} compiler_row;

static const compiler_row compilers[] = {
    {AETHER_COMPILER_CRANELIFT, "cranelift"},
    {AETHER_COMPILER_CRANELIFT_NONE, "cranelift-none"},
    {AETHER_COMPILER_WINCH, "winch"},
    {AETHER_COMPILER_PULLEY, "pulley"},
};

enum { COMPILER_COUNT = sizeof compilers / sizeof compilers[0] };

static const struct argp_option verify_options[] = {
    CLI_REQUEST_OPTIONS(", which stays as it is; empty if there is no such file"),
    {0},
};

// What a verification holds; released in one place.
typedef struct verify_session {
    cli_session base;
    aether_execution_result results[COMPILER_COUNT];
    const char *difference; // the first thing that differs from the first compiler's, or NULL
    size_t different;       // whose
} verify_session;

static void verify_session_deinit(verify_session *s) {
    for (size_t i = 0; i < COMPILER_COUNT; i++)
        aether_execution_result_destroy(&s->results[i]);
    cli_session_deinit(&s->base);
}

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    if (key == CLI_KEY_ENGINE)
        return cli_fail(
            err, AETHER_INVALID_ARGUMENT, "--engine: verify runs every engine, leave it out");
    return cli_request_set(target, key, value, err);
}

static const cli_syntax syntax = {
    .name = "aether verify",
    .about = "Run one entry of a contract on every engine and optimisation level, and compare "
             "outcome, gas, return data, events, storage and memory. FILE is Wasm or WAT; - is "
             "standard input.",
    .example = "Exit status: 0 equal, 2 the input was refused, 3 the engines differ, or another "
               "fault of this machine.\n\n"
               "Example:\n"
               "  aether verify counter.wat --input text:increment --json",
    .options = verify_options,
    .set = set_option,
};

static bool bytes_equal(aether_bytes a, aether_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool logs_equal(const aether_execution_result *a, const aether_execution_result *b) {
    if (a->log_count != b->log_count)
        return false;
    for (size_t i = 0; i < a->log_count; i++) {
        const aether_log *x = &a->logs[i];
        const aether_log *y = &b->logs[i];
        const aether_bytes topics_x = {
            (const uint8_t *)x->topics, x->topic_count * sizeof *x->topics};
        const aether_bytes topics_y = {
            (const uint8_t *)y->topics, y->topic_count * sizeof *y->topics};
        if (memcmp(&x->address, &y->address, sizeof x->address) != 0 ||
            !bytes_equal(topics_x, topics_y) || !bytes_equal(x->data, y->data))
            return false;
    }
    return true;
}

static bool changes_equal(const aether_execution_result *a, const aether_execution_result *b) {
    if (a->change_count != b->change_count)
        return false;
    for (size_t i = 0; i < a->change_count; i++)
        if (!bytes_equal(a->changes[i].key, b->changes[i].key) ||
            a->changes[i].is_removed != b->changes[i].is_removed ||
            !bytes_equal(a->changes[i].value, b->changes[i].value))
            return false;
    return true;
}

// The first thing that differs, or NULL.
static const char *compare(const aether_execution_result *a, const aether_execution_result *b) {
    if (a->outcome != b->outcome || a->code != b->code || a->end != b->end)
        return "outcome";
    if (a->gas_used != b->gas_used)
        return "gas_used";
    if (!bytes_equal(a->return_data, b->return_data))
        return "return data";
    if (!logs_equal(a, b))
        return "events";
    if (!changes_equal(a, b))
        return "storage";
    return memcmp(&a->memory_hash, &b->memory_hash, sizeof a->memory_hash) != 0 ? "memory" : NULL;
}

static aether_status run_on(
    const cli_request *r, verify_session *s, size_t index, aether_error *err) {
    cli_request on = *r;
    on.compiler = compilers[index].compiler;
    on.context.hash_memory = true;
    aether_status status = cli_session_start(&on, &s->base, err);
    aether_contract *contract = NULL;
    if (status == AETHER_OK)
        status =
            aether_contract_load(s->base.engine, cli_buffer_bytes(&s->base.module), &contract, err);
    const aether_store store = aether_memory_store_interface(s->base.store);
    if (status == AETHER_OK)
        status = aether_execute(contract, &on.context, cli_buffer_bytes(&s->base.input), &store,
            &s->results[index], err);
    aether_contract_destroy(contract);
    aether_engine_destroy(s->base.engine);
    s->base.engine = NULL;
    return status;
}

static aether_status run_on_all(
    const cli_request *r, const char *file, verify_session *s, aether_error *err) {
    aether_status status = cli_session_read(r, file, &s->base, err);
    for (size_t i = 0; i < COMPILER_COUNT && status == AETHER_OK; i++) {
        status = run_on(r, s, i, err);
        if (status != AETHER_OK || s->difference != NULL)
            continue;
        s->difference = compare(&s->results[0], &s->results[i]);
        s->different = i;
    }
    return status;
}

static int print_json(const verify_session *s, int status) {
    struct json_object *object = cli_json_object();
    struct json_object *engines = cli_json_array();
    cli_json_set(object, "equal", cli_json_bool(s->difference == NULL));
    for (size_t i = 0; i < COMPILER_COUNT; i++) {
        struct json_object *engine = cli_json_object();
        cli_json_set(engine, "engine", cli_json_text(compilers[i].name));
        cli_json_set(engine, "outcome", cli_json_text(cli_verdict_of(&s->results[i]).outcome));
        cli_json_set(engine, "gas_used", cli_json_u64(s->results[i].gas_used));
        cli_json_push(engines, engine);
    }
    cli_json_set(object, "engines", engines);
    return cli_json_print(object, status);
}

static int print_text(const verify_session *s, int status) {
    cli_text text = {0};
    cli_text_format(&text, "%s\n", s->difference == NULL ? "equal" : "different");
    for (size_t i = 0; i < COMPILER_COUNT; i++)
        cli_text_format(&text, "  %-15s %-11s gas %" PRIu64 "\n", compilers[i].name,
            cli_verdict_of(&s->results[i]).outcome, s->results[i].gas_used);
    const int printed = cli_print(text.data, text.len, status);
    cli_text_deinit(&text);
    return printed;
}

static int print_result(const verify_session *s, bool is_json) {
    int status = CLI_EXIT_OK;
    if (s->difference != NULL) {
        aether_error err;
        const aether_status failed =
            cli_fail(&err, AETHER_ENGINE_FAILED, "%s differs between %s and %s", s->difference,
                compilers[0].name, compilers[s->different].name);
        (void)failed; // reported here
        status = cli_report(syntax.name, NULL, &err);
    }
    return is_json ? print_json(s, status) : print_text(s, status);
}

static int refuse(const cli_arguments *arguments, bool is_read, const aether_error *err) {
    const bool is_of_file = is_read && err->status != AETHER_INVALID_ARGUMENT;
    const int status = cli_report(syntax.name, is_of_file ? arguments->file : NULL, err);
    if (status == CLI_EXIT_FAULT || !arguments->is_json)
        return status;
    return cli_json_print_refusal(err, status);
}

int cli_verify(int argc, char **argv) {
    cli_request r = cli_request_default();
    cli_arguments arguments;
    aether_error err;
    if (cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err) != AETHER_OK)
        return refuse(&arguments, false, &err);
    if (arguments.is_help)
        return cli_help(&syntax);
    verify_session s = {0};
    const aether_status status = run_on_all(&r, arguments.file, &s, &err);
    const int code = status == AETHER_OK ? print_result(&s, arguments.is_json)
                                         : refuse(&arguments, s.base.module.data != NULL, &err);
    verify_session_deinit(&s);
    return code;
}
