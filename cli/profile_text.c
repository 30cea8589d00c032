// A profile as tables, each of which adds up to the gas that was used, and as folded stacks.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "profile_view.h"
#include "receipt.h"

enum { SNIPPET_LEN_MAX = 60 };

void cli_profile_name(const aether_profile *profile, uint32_t function, cli_text *out) {
    const char *name = profile->functions[function].name;
    if (name[0] != '\0')
        cli_text_format(out, "%s", name);
    else
        cli_text_format(out, "function %" PRIu32, function);
}

const char *cli_profile_kind_text(aether_profile_kind kind) {
    switch (kind) {
    case AETHER_PROFILE_CONTRACT:
        return "contract";
    case AETHER_PROFILE_HOST:
        return "host";
    case AETHER_PROFILE_BURNED:
        return "burned";
    case AETHER_PROFILE_OTHER:
        break;
    }
    return "other";
}

static void add_escaped_name(const aether_profile *profile, uint32_t function, cli_text *out) {
    cli_text name = {0};
    cli_profile_name(profile, function, &name);
    cli_text_escaped(out, cli_bytes_of(name.data));
    cli_text_deinit(&name);
}

// A row's place in its table: by gas, then as the profile has it.
typedef struct row {
    uint64_t gas;
    size_t index;
} row;

static int compare_rows(const void *left, const void *right) {
    const row *a = left;
    const row *b = right;
    if (a->gas != b->gas)
        return a->gas < b->gas ? 1 : -1;
    return (a->index > b->index) - (a->index < b->index);
}

// Rows with gas, the greatest first.
typedef struct rows {
    row *data;
    size_t count;
} rows;

static void rows_add(rows *all, uint64_t gas, size_t index) {
    if (gas != 0)
        all->data[all->count++] = (row){gas, index};
}

static void rows_sort(rows *all) {
    if (all->count != 0)
        qsort(all->data, all->count, sizeof *all->data, compare_rows);
}

static double percent(const cli_profile_view *view, uint64_t gas) {
    const uint64_t total = view->profile->gas_used;
    return total == 0 ? 0 : (double)gas * 100 / (double)total;
}

// Of a column of gas or counts: the total is the widest, or the heads are.
static int width(const cli_profile_view *view) {
    int digits = 1;
    for (uint64_t gas = view->profile->gas_used; gas >= 10; gas /= 10)
        digits++;
    return digits < 10 ? 10 : digits;
}

// What the rows that are not shown have together.
static uint64_t rest_of(const rows *all, size_t shown) {
    uint64_t gas = 0;
    for (size_t i = shown; i < all->count; i++)
        gas += all->data[i].gas;
    return gas;
}

static size_t shown_of(const cli_profile_view *view, const rows *all) {
    return all->count < view->top ? all->count : view->top;
}

// What is not shown, and the sum; the columns in between are left empty.
static void add_rest(const cli_profile_view *view, const rows *all, int gap, cli_text *out) {
    const size_t shown = shown_of(view, all);
    if (shown != all->count)
        cli_text_format(out, "%*" PRIu64 " %6.2f%*s  %zu more\n", width(view), rest_of(all, shown),
            percent(view, rest_of(all, shown)), gap, "", all->count - shown);
    cli_text_format(out, "%*" PRIu64 " %6.2f%*s  all\n", width(view), view->profile->gas_used,
        percent(view, view->profile->gas_used), gap, "");
}

static void add_functions(const cli_profile_view *view, cli_text *out) {
    const aether_profile *p = view->profile;
    rows all = {cli_alloc(p->function_count, sizeof *all.data), 0};
    for (uint32_t i = 0; i < p->function_count; i++)
        rows_add(&all, p->functions[i].self_gas, i);
    rows_sort(&all);
    cli_text_format(out, "\n%*s %6s %*s %6s %*s  function\n", width(view), "self gas", "%",
        width(view), "total gas", "%", width(view), "calls");
    for (size_t i = 0; i < shown_of(view, &all); i++) {
        const uint32_t index = (uint32_t)all.data[i].index;
        const aether_profile_function *f = &p->functions[index];
        cli_text_format(out, "%*" PRIu64 " %6.2f %*" PRIu64 " %6.2f ", width(view), f->self_gas,
            percent(view, f->self_gas), width(view), f->total_gas, percent(view, f->total_gas));
        if (f->kind == AETHER_PROFILE_BURNED)
            cli_text_format(out, "%*s  ", width(view), "-");
        else
            cli_text_format(out, "%*" PRIu64 "  ", width(view), f->calls);
        add_escaped_name(p, index, out);
        cli_text_format(out, "%s\n", f->kind == AETHER_PROFILE_HOST ? " (host)" : "");
    }
    add_rest(view, &all, 2 * width(view) + 9, out);
    free(all.data);
}

// The line itself, without what it is indented by.
static void add_snippet(
    const cli_profile_view *view, const char *file, uint32_t line, cli_text *out) {
    aether_bytes text = cli_source_line(cli_source_get(view->sources, file), line);
    while (text.len != 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = (aether_bytes){text.data + 1, text.len - 1};
    if (text.len == 0)
        return;
    size_t len = text.len < SNIPPET_LEN_MAX ? text.len : SNIPPET_LEN_MAX;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80)
        len--;
    cli_text_add(out, "  | ", 4);
    cli_text_escaped(out, (aether_bytes){text.data, len});
    cli_text_format(out, "%s", len < text.len ? "..." : "");
}

// Lines of one file and number; what was burned is the row after the last line.
static void add_lines(const cli_profile_view *view, cli_text *out) {
    const aether_profile *p = view->profile;
    rows all = {cli_alloc(p->line_count + 1, sizeof *all.data), 0};
    for (size_t i = 0; i < p->line_count; i++)
        rows_add(&all, p->lines[i].gas, i);
    rows_add(&all, p->gas_burned, p->line_count);
    rows_sort(&all);
    cli_text_format(
        out, "\n%*s %6s %*s  line\n", width(view), "gas", "%", width(view), "of it host");
    for (size_t i = 0; i < shown_of(view, &all); i++) {
        const size_t index = all.data[i].index;
        const bool is_burned = index == p->line_count;
        const aether_profile_line none = {0};
        const aether_profile_line *line = is_burned ? &none : &p->lines[index];
        cli_text_format(out, "%*" PRIu64 " %6.2f %*" PRIu64 "  ", width(view), all.data[i].gas,
            percent(view, all.data[i].gas), width(view), line->host_gas);
        if (line->file != NULL) {
            cli_text_escaped(out, cli_bytes_of(line->file));
            cli_text_format(out, ":%" PRIu32, line->line);
            add_snippet(view, line->file, line->line, out);
        } else {
            cli_text_format(out, "%s", is_burned ? "burned by the failure" : "code without a line");
            if (!is_burned && p->line_count == 1)
                cli_text_format(out, "; built with -g a contract has some");
        }
        cli_text_add(out, "\n", 1);
    }
    add_rest(view, &all, width(view) + 1, out);
    free(all.data);
}

static void add_instructions(const cli_profile_view *view, cli_text *out) {
    const aether_profile *p = view->profile;
    rows all = {cli_alloc(p->instruction_count + 1, sizeof *all.data), 0};
    for (size_t i = 0; i < p->instruction_count; i++)
        rows_add(&all, p->instructions[i].gas, i);
    rows_add(&all, p->gas_burned, p->instruction_count);
    rows_sort(&all);
    cli_text_format(out, "\n%*s %6s %*s %10s  instruction\n", width(view), "gas", "%", width(view),
        "executions", "offset");
    for (size_t i = 0; i < shown_of(view, &all); i++) {
        const size_t index = all.data[i].index;
        cli_text_format(out, "%*" PRIu64 " %6.2f ", width(view), all.data[i].gas,
            percent(view, all.data[i].gas));
        if (index == p->instruction_count) {
            cli_text_format(out, "%*s %10s  burned by the failure\n", width(view), "-", "-");
            continue;
        }
        const aether_profile_instruction *in = &p->instructions[index];
        cli_text_format(
            out, "%*" PRIu64 " 0x%08" PRIx32 "  ", width(view), in->executions, in->offset);
        cli_text_escaped(out, cli_bytes_of(in->text));
        cli_text_format(out, "  in ");
        add_escaped_name(p, in->function, out);
        cli_text_add(out, "\n", 1);
    }
    add_rest(view, &all, width(view) + 12, out);
    free(all.data);
}

void cli_profile_text(const cli_profile_view *view, bool is_colour, cli_text *out) {
    const aether_address none = {{0}};
    cli_receipt_text(view->result, &none, is_colour, out);
    add_functions(view, out);
    add_lines(view, out);
    add_instructions(view, out);
}

// A semicolon parts functions, and a line end paths.
static void add_folded_name(const aether_profile *profile, uint32_t function, cli_text *out) {
    const size_t start = out->len;
    add_escaped_name(profile, function, out);
    for (size_t i = start; i < out->len; i++)
        if (out->data[i] == ';')
            out->data[i] = ':';
}

void cli_profile_folded(const cli_profile_view *view, cli_text *out) {
    const aether_profile *p = view->profile;
    uint32_t *path = cli_alloc(p->stack_count, sizeof *path);
    for (size_t i = 0; i < p->stack_count; i++) {
        size_t depth = 0;
        if (p->stacks[i].self_gas == 0)
            continue;
        for (uint32_t at = (uint32_t)i; at != AETHER_PROFILE_NONE; at = p->stacks[at].parent)
            path[depth++] = p->stacks[at].function;
        for (; depth > 0; depth--) {
            add_folded_name(p, path[depth - 1], out);
            cli_text_add(out, depth > 1 ? ";" : " ", 1);
        }
        cli_text_format(out, "%" PRIu64 "\n", p->stacks[i].self_gas);
    }
    free(path);
}
