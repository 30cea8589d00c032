// `aether inspect`: what a module is made of, and what it costs.
#include <aether/contract.h>

#include <argp.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "json.h"
#include "options.h"
#include "text.h"

enum { KEY_SCHEDULE = CLI_KEY_FIRST };

static const struct argp_option inspect_options[] = {
    {"schedule", KEY_SCHEDULE, "NAME", 0, "Whose prices: v1 or unit (v1)", 0},
    {0},
};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    if (key == KEY_SCHEDULE)
        return cli_option_schedule(value, target, err);
    return cli_fail(err, AETHER_INVALID_ARGUMENT, "option %d is not known", key);
}

static const cli_syntax syntax = {
    .name = "aether inspect",
    .about =
        "Show a module's imports, exports, functions, memory and static gas, and the code hash of "
        "what a deployment would upload. FILE is Wasm or WAT; - is standard input.",
    .example = "Exit status: 0 shown, 2 the module is refused, 3 a fault of this machine.\n\n"
               "Example:\n"
               "  aether inspect token.wasm",
    .options = inspect_options,
    .set = set_option,
};

static struct json_object *imports_json(const aether_module_info *info) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < info->function_count && info->functions[i].is_import; i++) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "name", cli_json_text(info->functions[i].import_name));
        cli_json_set(object, "type", cli_json_text(info->functions[i].type));
        cli_json_push(array, object);
    }
    return array;
}

static struct json_object *exports_json(const aether_module_info *info) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < info->export_count; i++) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "name", cli_json_text(info->exports[i].name));
        cli_json_set(object, "function", cli_json_u64(info->exports[i].function));
        cli_json_push(array, object);
    }
    return array;
}

static struct json_object *functions_json(const aether_module_info *info) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < info->function_count; i++) {
        const aether_function_info *function = &info->functions[i];
        if (function->is_import)
            continue;
        struct json_object *object = cli_json_object();
        cli_json_set(object, "index", cli_json_u64(function->index));
        cli_json_set(object, "name", cli_json_text(function->name));
        cli_json_set(object, "type", cli_json_text(function->type));
        cli_json_set(object, "offset", cli_json_u64(function->offset));
        cli_json_set(object, "body_len", cli_json_u64(function->body_len));
        cli_json_set(object, "static_gas", cli_json_u64(function->static_gas));
        cli_json_set(object, "frame_bytes", cli_json_u64(function->frame_bytes));
        cli_json_push(array, object);
    }
    return array;
}

static struct json_object *memory_json(const aether_module_info *info) {
    if (!info->has_memory)
        return NULL;
    struct json_object *object = cli_json_object();
    cli_json_set(object, "min_pages", cli_json_u64(info->memory_pages_min));
    cli_json_set(object, "max_pages", cli_json_u64(info->memory_pages_max));
    return object;
}

static int print_json(const aether_module_info *info) {
    struct json_object *object = cli_json_object();
    cli_json_set(
        object, "code_hash", cli_json_hex((aether_bytes){info->code_hash.bytes, AETHER_HASH_LEN}));
    cli_json_set(object, "module_len", cli_json_u64(info->module_len));
    cli_json_set(object, "custom_len", cli_json_u64(info->custom_len));
    cli_json_set(object, "instrumented_len", cli_json_u64(info->instrumented_len));
    cli_json_set(object, "imports", imports_json(info));
    cli_json_set(object, "exports", exports_json(info));
    cli_json_set(object, "functions", functions_json(info));
    cli_json_set(object, "memory", memory_json(info));
    cli_json_set(object, "table_len", cli_json_u64(info->table_len));
    cli_json_set(object, "globals", cli_json_u64(info->global_count));
    cli_json_set(object, "data_segments", cli_json_u64(info->data_segment_count));
    cli_json_set(object, "has_start", cli_json_bool(info->has_start));
    cli_json_set(object, "instantiation_gas", cli_json_u64(info->instantiation_gas));
    return cli_json_print(object, CLI_EXIT_OK);
}

static void add_sizes(const aether_module_info *info, cli_text *out) {
    cli_text_format(out, "code hash      ");
    cli_text_hex(out, (aether_bytes){info->code_hash.bytes, AETHER_HASH_LEN});
    cli_text_format(out,
        "\nmodule         %" PRIu32 " bytes, %" PRIu32 " more of custom sections, %" PRIu32
        " once metered\n",
        info->module_len, info->custom_len, info->instrumented_len);
    if (info->has_memory)
        cli_text_format(out, "memory         %" PRIu32 " pages of 64 KiB, at most %" PRIu32 "\n",
            info->memory_pages_min, info->memory_pages_max);
    else
        cli_text_format(out, "memory         none\n");
    cli_text_format(out,
        "table          %" PRIu32 " elements\nglobals        %" PRIu32 "\ndata segments  %" PRIu32
        "\nstart function %s\ninstantiation  %" PRIu64 " gas\n",
        info->table_len, info->global_count, info->data_segment_count,
        info->has_start ? "yes" : "no", info->instantiation_gas);
}

static void add_name(cli_text *out, const char *name) {
    if (name == NULL || name[0] == '\0')
        cli_text_format(out, "-");
    else
        cli_text_escaped(out, cli_bytes_of(name));
}

// What a function is called from outside, and from where it comes.
static void add_links(
    const aether_module_info *info, const aether_function_info *function, cli_text *out) {
    if (function->is_import) {
        cli_text_format(out, ", import ");
        add_name(out, function->import_name);
    }
    for (size_t i = 0; i < info->export_count; i++) {
        if (info->exports[i].function != function->index)
            continue;
        cli_text_format(out, ", export ");
        add_name(out, info->exports[i].name);
    }
}

// Names come last, so that their length disturbs no column.
static void add_functions(const aether_module_info *info, cli_text *out) {
    cli_text_format(out, "\n%8s %8s %10s %12s %8s  name and type\n", "function", "offset", "bytes",
        "static gas", "frame");
    for (size_t i = 0; i < info->function_count; i++) {
        const aether_function_info *f = &info->functions[i];
        if (f->is_import)
            cli_text_format(out, "%8" PRIu32 " %8s %10s %12" PRIu64 " %8s  ", f->index, "import",
                "-", f->static_gas, "-");
        else
            cli_text_format(out,
                "%8" PRIu32 " %8" PRIx32 " %10" PRIu32 " %12" PRIu64 " %8" PRIu32 "  ", f->index,
                f->offset, f->body_len, f->static_gas, f->frame_bytes);
        add_name(out, f->name);
        cli_text_format(out, " ");
        cli_text_escaped(out, cli_bytes_of(f->type));
        add_links(info, f, out);
        cli_text_add(out, "\n", 1);
    }
}

static int print_text(const aether_module_info *info) {
    cli_text text = {0};
    add_sizes(info, &text);
    add_functions(info, &text);
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static int refuse(const cli_arguments *arguments, const aether_error *err) {
    const char *subject = err->status == AETHER_INVALID_ARGUMENT ? NULL : arguments->file;
    const int status = cli_report(syntax.name, subject, err);
    return arguments->is_json ? cli_json_print_refusal(err, status) : status;
}

int cli_inspect(int argc, char **argv) {
    aether_schedule schedule = AETHER_SCHEDULE_V1;
    cli_arguments arguments;
    aether_error err;
    if (cli_arguments_parse(&syntax, argc, argv, &schedule, &arguments, &err) != AETHER_OK)
        return refuse(&arguments, &err);
    if (arguments.is_help)
        return cli_help(&syntax);
    cli_buffer module = {0};
    aether_module_info info = {.struct_size = sizeof info};
    aether_status status = cli_module_read(arguments.file, &module, &err);
    if (status == AETHER_OK)
        status = aether_module_inspect(cli_buffer_bytes(&module), schedule, &info, &err);
    cli_buffer_deinit(&module);
    if (status != AETHER_OK)
        return refuse(&arguments, &err);
    const int code = arguments.is_json ? print_json(&info) : print_text(&info);
    aether_module_info_destroy(&info);
    return code;
}
