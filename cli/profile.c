// `aether profile`: where the gas of a run goes, exactly.
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "options.h"
#include "profile_view.h"
#include "request.h"

enum { KEY_FOLDED = CLI_KEY_REQUEST_END, KEY_HTML, KEY_SOURCE, KEY_TOP };

enum { TOP_DEFAULT = 20 };

static const struct argp_option profile_options[] = {
    CLI_REQUEST_OPTIONS("; it is not written back"),
    {"folded", KEY_FOLDED, "FILE", 0, "Write call paths as folded stacks; - is standard output", 0},
    {"html", KEY_HTML, "FILE", 0,
        "Write one page with a flame graph and the annotated source; - is standard output", 0},
    {"source", KEY_SOURCE, "DIR", 0,
        "Look for source files below DIR too; none outside it and the working folder is read", 0},
    {"top", KEY_TOP, "N", 0, "Rows of each table (20)", 0},
    {0},
};

typedef struct profile_request {
    cli_request request;
    const char *folded_path; // or NULL
    const char *html_path;   // or NULL
    const char *source_folder;
    uint64_t top;
} profile_request;

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    profile_request *r = target;
    switch (key) {
    case KEY_FOLDED:
        r->folded_path = value;
        return AETHER_OK;
    case KEY_HTML:
        r->html_path = value;
        return AETHER_OK;
    case KEY_SOURCE:
        r->source_folder = value;
        return AETHER_OK;
    case KEY_TOP:
        return cli_option_u64("--top", value, 1, &r->top, err);
    default:
        return cli_request_set(&r->request, key, value, err);
    }
}

static const cli_syntax syntax = {
    .name = "aether profile",
    .about = "Run one entry of a contract as `aether run` does, and show where its gas went: by "
             "function, source line and instruction, exactly. Host functions are frames of their "
             "own; what a failed run lost without using it is one too. FILE is Wasm or WAT; - is "
             "standard input.",
    .example = "Exit status: 0 success, 1 the contract failed, 2 the input was refused, 3 a fault "
               "of this machine.\n\n"
               "Example:\n"
               "  aether profile counter.wasm --input text:increment --html profile.html",
    .options = profile_options,
    .set = set_option,
};

static bool is_stdout(const char *path) {
    return path != NULL && strcmp(path, "-") == 0;
}

// Standard output holds one thing.
static aether_status check_outputs(
    const profile_request *r, const cli_arguments *arguments, aether_error *err) {
    const bool is_folded = is_stdout(r->folded_path);
    const bool is_html = is_stdout(r->html_path);
    if (is_folded && is_html)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--folded - and --html - both want standard output; give one of them a file");
    if ((is_folded || is_html) && arguments->is_json)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--json and --%s - both want standard output; give the latter a file",
            is_html ? "html" : "folded");
    return AETHER_OK;
}

static aether_status run_profile(const profile_request *r, const char *file, cli_session *session,
    aether_execution_result *result, aether_profile *profile, aether_error *err) {
    aether_status status = cli_session_read(&r->request, file, session, err);
    if (status == AETHER_OK)
        status = cli_session_start(&r->request, session, err);
    if (status != AETHER_OK)
        return status;
    const aether_store store = aether_memory_store_interface(session->store);
    return aether_profile_execute(session->engine, cli_buffer_bytes(&session->module),
        &r->request.context, cli_buffer_bytes(&session->input), &store, result, profile, err);
}

typedef void (*write_form)(const cli_profile_view *view, cli_text *out);

// One form to a file. `out_status` is the exit status of what went to standard output.
static aether_status write_output(const cli_profile_view *view, write_form form, const char *path,
    int *out_status, aether_error *err) {
    if (path == NULL)
        return AETHER_OK;
    cli_text text = {0};
    aether_status status = AETHER_OK;
    form(view, &text);
    if (is_stdout(path))
        *out_status = cli_print(text.data == NULL ? "" : text.data, text.len, *out_status);
    else
        status = cli_file_replace(path, text.data == NULL ? "" : text.data, text.len, err);
    cli_text_deinit(&text);
    return status;
}

static aether_status print_profile(const profile_request *r, const cli_profile_view *view,
    bool is_json, int *out_status, aether_error *err) {
    aether_status status = write_output(view, cli_profile_folded, r->folded_path, out_status, err);
    if (status == AETHER_OK)
        status = write_output(view, cli_profile_html, r->html_path, out_status, err);
    if (status != AETHER_OK || is_stdout(r->folded_path) || is_stdout(r->html_path))
        return status;
    if (is_json) {
        *out_status = cli_json_print(cli_profile_json(view), *out_status);
        return AETHER_OK;
    }
    cli_text text = {0};
    cli_profile_text(view, cli_stdout_wants_colour(), &text);
    *out_status = cli_print(text.data, text.len, *out_status);
    cli_text_deinit(&text);
    return AETHER_OK;
}

static int refuse(const cli_arguments *arguments, const char *subject, const aether_error *err) {
    const bool is_named =
        err->status != AETHER_INVALID_ARGUMENT && err->status != AETHER_STORAGE_FAILED;
    const int status = cli_report(syntax.name, is_named ? subject : NULL, err);
    return arguments->is_json ? cli_json_print_refusal(err, status) : status;
}

int cli_profile(int argc, char **argv) {
    profile_request r = {.request = cli_request_default(), .top = TOP_DEFAULT};
    cli_arguments arguments;
    aether_error err;
    aether_status status = cli_arguments_parse(&syntax, argc, argv, &r, &arguments, &err);
    if (status == AETHER_OK && arguments.is_help)
        return cli_help(&syntax);
    if (status == AETHER_OK)
        status = check_outputs(&r, &arguments, &err);
    if (status != AETHER_OK)
        return refuse(&arguments, NULL, &err);
    cli_session session = {0};
    aether_execution_result result = {0};
    aether_profile profile = {.struct_size = sizeof profile};
    cli_sources sources = {.folder = r.source_folder};
    int exit_status = CLI_EXIT_OK;
    status = run_profile(&r, arguments.file, &session, &result, &profile, &err);
    if (status == AETHER_OK) {
        const cli_profile_view view = {.file = arguments.file,
            .result = &result,
            .profile = &profile,
            .sources = &sources,
            .top = r.top < SIZE_MAX ? (size_t)r.top : SIZE_MAX};
        exit_status = result.success ? CLI_EXIT_OK : CLI_EXIT_FAILED;
        cli_print_debug_text(&result);
        status = print_profile(&r, &view, arguments.is_json, &exit_status, &err);
    }
    if (status != AETHER_OK)
        exit_status = refuse(&arguments, session.module.data != NULL ? arguments.file : NULL, &err);
    cli_sources_deinit(&sources);
    aether_profile_destroy(&profile);
    aether_execution_result_destroy(&result);
    cli_session_deinit(&session);
    return exit_status;
}
