// A profile as one page: the template with the profile in it as JSON, gas as text, because a script's numbers end at
// 2^53. No byte of the profile can leave its script element: <, > and & are escaped.
#include <inttypes.h>
#include <json-c/json_object.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "profile_page.h"
#include "profile_view.h"
#include "receipt.h"

static const char placeholder[] = "@PROFILE@";

static struct json_object *gas_json(uint64_t gas) {
    cli_text text = {0};
    cli_text_format(&text, "%" PRIu64, gas);
    struct json_object *object = cli_json_text(text.data);
    cli_text_deinit(&text);
    return object;
}

static struct json_object *functions_json(const aether_profile *p) {
    struct json_object *array = cli_json_array();
    for (uint32_t i = 0; i < p->function_count; i++) {
        const aether_profile_function *function = &p->functions[i];
        struct json_object *row = cli_json_array();
        cli_json_push(row, cli_json_text(function->name));
        cli_json_push(row, cli_json_int((int32_t)function->kind));
        cli_json_push(row, gas_json(function->calls));
        cli_json_push(row, gas_json(function->self_gas));
        cli_json_push(row, gas_json(function->total_gas));
        cli_json_push(array, row);
    }
    return array;
}

static struct json_object *stacks_json(const aether_profile *p) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < p->stack_count; i++) {
        const aether_profile_stack *stack = &p->stacks[i];
        struct json_object *row = cli_json_array();
        cli_json_push(row,
            stack->parent == AETHER_PROFILE_NONE ? cli_json_int(-1) : cli_json_u64(stack->parent));
        cli_json_push(row, cli_json_u64(stack->function));
        cli_json_push(row, gas_json(stack->calls));
        cli_json_push(row, gas_json(stack->self_gas));
        cli_json_push(row, gas_json(stack->total_gas));
        cli_json_push(array, row);
    }
    return array;
}

// Files of the lines, in their order; an instruction's file is found by its pointer, which the lines share or by name.
typedef struct file_list {
    const char **paths;
    size_t count;
} file_list;

static int32_t find_file(const file_list *files, const char *path) {
    for (size_t i = 0; path != NULL && i < files->count; i++)
        if (files->paths[i] == path || strcmp(files->paths[i], path) == 0)
            return (int32_t)i;
    return -1;
}

static file_list list_files(const aether_profile *p) {
    file_list files = {cli_alloc(p->line_count, sizeof *files.paths), 0};
    for (size_t i = 0; i < p->line_count; i++) // equal ones stand together
        if (p->lines[i].file != NULL &&
            (files.count == 0 || strcmp(files.paths[files.count - 1], p->lines[i].file) != 0))
            files.paths[files.count++] = p->lines[i].file;
    return files;
}

static struct json_object *files_json(const cli_profile_view *view, const file_list *files) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < files->count; i++) {
        const cli_source *source = cli_source_get(view->sources, files->paths[i]);
        cli_text text = {0};
        cli_text_add(&text, (const char *)source->text.data, source->text.len);
        struct json_object *file = cli_json_object();
        cli_json_set(file, "path", cli_json_text(files->paths[i]));
        cli_json_set(file, "text", source->text.len == 0 ? NULL : cli_json_text(text.data));
        cli_json_push(array, file);
        cli_text_deinit(&text);
    }
    return array;
}

static struct json_object *lines_json(const aether_profile *p, const file_list *files) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < p->line_count; i++) {
        struct json_object *row = cli_json_array();
        cli_json_push(row, cli_json_int(find_file(files, p->lines[i].file)));
        cli_json_push(row, cli_json_u64(p->lines[i].line));
        cli_json_push(row, gas_json(p->lines[i].gas));
        cli_json_push(row, gas_json(p->lines[i].host_gas));
        cli_json_push(array, row);
    }
    return array;
}

static struct json_object *instructions_json(const aether_profile *p, const file_list *files) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < p->instruction_count; i++) {
        const aether_profile_instruction *in = &p->instructions[i];
        struct json_object *row = cli_json_array();
        cli_json_push(row, cli_json_u64(in->offset));
        cli_json_push(row, cli_json_u64(in->function));
        cli_json_push(row, gas_json(in->executions));
        cli_json_push(row, gas_json(in->gas));
        cli_json_push(row, gas_json(in->host_gas));
        cli_json_push(row, cli_json_text(in->text));
        cli_json_push(row, cli_json_int(find_file(files, in->file)));
        cli_json_push(row, cli_json_u64(in->line));
        cli_json_push(array, row);
    }
    return array;
}

static struct json_object *page_json(const cli_profile_view *view) {
    const aether_profile *p = view->profile;
    file_list files = list_files(p);
    struct json_object *object = cli_json_object();
    cli_json_set(object, "file", cli_json_text(view->file));
    cli_json_set(object, "outcome", cli_json_text(cli_verdict_of(view->result).outcome));
    cli_json_set(object, "code", cli_json_int(view->result->code));
    cli_json_set(object, "gas_used", gas_json(p->gas_used));
    cli_json_set(object, "gas_limit", gas_json(view->result->gas_limit));
    cli_json_set(object, "gas_burned", gas_json(p->gas_burned));
    cli_json_set(object, "functions", functions_json(p));
    cli_json_set(object, "stacks", stacks_json(p));
    cli_json_set(object, "files", files_json(view, &files));
    cli_json_set(object, "lines", lines_json(p, &files));
    cli_json_set(object, "instructions", instructions_json(p, &files));
    free(files.paths);
    return object;
}

// These three stand in strings only, where JSON may write them as numbers.
static void add_for_script(const char *json, size_t len, cli_text *out) {
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        if (json[i] != '<' && json[i] != '>' && json[i] != '&')
            continue;
        cli_text_add(out, json + start, i - start);
        cli_text_format(out, "\\u%04x", (unsigned)json[i]);
        start = i + 1;
    }
    cli_text_add(out, json + start, len - start);
}

void cli_profile_html(const cli_profile_view *view, cli_text *out) {
    struct json_object *object = page_json(view);
    size_t len = 0;
    const char *json = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (json == NULL)
        cli_die_of_memory();
    const char *page = (const char *)cli_profile_page;
    const char *hole = strstr(page, placeholder);
    cli_text_add(out, page, (size_t)(hole - page));
    add_for_script(json, len, out);
    cli_text_format(out, "%s", hole + sizeof placeholder - 1);
    json_object_put(object);
}
