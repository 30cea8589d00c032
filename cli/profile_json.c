// A profile as JSON. Names, order and meaning of the keys are stable.
#include "json.h"
#include "profile_view.h"
#include "receipt.h"

static struct json_object *index_json(uint32_t index) {
    return index == AETHER_PROFILE_NONE ? NULL : cli_json_u64(index);
}

static struct json_object *functions_json(const aether_profile *p) {
    struct json_object *array = cli_json_array();
    for (uint32_t i = 0; i < p->function_count; i++) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "name", cli_json_text(p->functions[i].name));
        cli_json_set(object, "kind", cli_json_text(cli_profile_kind_text(p->functions[i].kind)));
        cli_json_set(object, "calls", cli_json_u64(p->functions[i].calls));
        cli_json_set(object, "self_gas", cli_json_u64(p->functions[i].self_gas));
        cli_json_set(object, "total_gas", cli_json_u64(p->functions[i].total_gas));
        cli_json_push(array, object);
    }
    return array;
}

static struct json_object *lines_json(const aether_profile *p) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < p->line_count; i++) {
        const aether_profile_line *line = &p->lines[i];
        struct json_object *object = cli_json_object();
        cli_json_set(object, "file", cli_json_text(line->file));
        cli_json_set(object, "line", line->line == 0 ? NULL : cli_json_u64(line->line));
        cli_json_set(object, "gas", cli_json_u64(line->gas));
        cli_json_set(object, "host_gas", cli_json_u64(line->host_gas));
        cli_json_push(array, object);
    }
    return array;
}

static struct json_object *instructions_json(const aether_profile *p) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < p->instruction_count; i++) {
        const aether_profile_instruction *in = &p->instructions[i];
        struct json_object *object = cli_json_object();
        cli_json_set(object, "offset", cli_json_u64(in->offset));
        cli_json_set(object, "function", cli_json_u64(in->function));
        cli_json_set(object, "text", cli_json_text(in->text));
        cli_json_set(object, "executions", cli_json_u64(in->executions));
        cli_json_set(object, "gas", cli_json_u64(in->gas));
        cli_json_set(object, "host_gas", cli_json_u64(in->host_gas));
        cli_json_set(object, "file", cli_json_text(in->file));
        cli_json_set(object, "line", in->line == 0 ? NULL : cli_json_u64(in->line));
        cli_json_push(array, object);
    }
    return array;
}

static struct json_object *stacks_json(const aether_profile *p) {
    struct json_object *array = cli_json_array();
    for (size_t i = 0; i < p->stack_count; i++) {
        const aether_profile_stack *stack = &p->stacks[i];
        struct json_object *object = cli_json_object();
        cli_json_set(object, "parent", index_json(stack->parent));
        cli_json_set(object, "function", cli_json_u64(stack->function));
        cli_json_set(object, "calls", cli_json_u64(stack->calls));
        cli_json_set(object, "self_gas", cli_json_u64(stack->self_gas));
        cli_json_set(object, "total_gas", cli_json_u64(stack->total_gas));
        cli_json_push(array, object);
    }
    return array;
}

struct json_object *cli_profile_json(const cli_profile_view *view) {
    const aether_profile *p = view->profile;
    struct json_object *object = cli_json_object();
    cli_json_set(object, "outcome", cli_json_text(cli_verdict_of(view->result).outcome));
    cli_json_set(object, "code", cli_json_int(view->result->code));
    cli_json_set(object, "gas_used", cli_json_u64(p->gas_used));
    cli_json_set(object, "gas_limit", cli_json_u64(view->result->gas_limit));
    cli_json_set(object, "gas_burned", cli_json_u64(p->gas_burned));
    cli_json_set(object, "functions", functions_json(p));
    cli_json_set(object, "lines", lines_json(p));
    cli_json_set(object, "instructions", instructions_json(p));
    cli_json_set(object, "stacks", stacks_json(p));
    return object;
}
