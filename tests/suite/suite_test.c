/* The official WebAssembly test suite: what must be refused is, and what is accepted computes, metered, what plain
 * Wasmtime computes and the suite demands; what is left out is listed with its reason, and no count may fall silently.
 * Method: every file of the suite's 1.0 and 2.0 sets, directive by directive, in two worlds; the counts of each file
 * are held against files.def. `suite_test --table` prints the rows of files.def as they are. */
#include "suite/world.h"

#include "harness/test.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What became of a file's directives; the columns of files.def. */
typedef enum suite_count {
    ACCEPTED,   /* modules that run in both worlds */
    FORBIDDEN,  /* valid modules that the profile refuses: for a feature of WebAssembly */
    INTERFACE,  /* … for an import that is not provided */
    LIMIT,      /* … for a limit */
    EQUAL,      /* assertions about accepted modules: hold in both worlds, which agree */
    MALFORMED,  /* malformed modules that are refused */
    INVALID,    /* invalid modules that are refused */
    UNLINKABLE, /* modules that can't be linked or started, and are refused */
    PROFILE, /* of these three: a rule of the profile refuses before the wrong place is reached */
    OUTSIDE, /* assertions about modules that the profile refuses */
    TEXT,    /* assertions about the text format */
    LISTED,  /* assertions that exceptions.def lists */
    COUNT_KINDS
} suite_count;

typedef struct suite_file {
    const char *set, *stem;
    const char *excluded; /* the reason, or NULL */
    uint32_t counts[COUNT_KINDS];
} suite_file;

static const suite_file files[] = {
#define SUITE_RUN(set, stem, ...) {#set, stem, NULL, {__VA_ARGS__}},
#define SUITE_EXCLUDED(set, stem, reason, ...) {#set, stem, reason, {__VA_ARGS__}},
#include "suite/files.def"
#undef SUITE_RUN
#undef SUITE_EXCLUDED
};
#define FILE_COUNT (sizeof files / sizeof files[0])

/* Assertions of the suite that an accepted module does not meet, and why that is right. */
typedef struct suite_exception {
    const char *set, *stem;
    unsigned line;
    const char *reason;
} suite_exception;

static const suite_exception exceptions[] = {
#define SUITE_EXCEPTION(set, stem, line, reason) {#set, stem, line, reason},
#include "suite/exceptions.def"
#undef SUITE_EXCEPTION
};
#define EXCEPTION_COUNT (sizeof exceptions / sizeof exceptions[0])

/* One file while it runs. */
typedef struct suite_run {
    const char *set, *stem;
    world world;
    script_line line;
    const suite_exception *exception; /* of the present line, or NULL */
    uint32_t counts[COUNT_KINDS];
} suite_run;

/* What each rule of the profile refused, of all files that this process ran. */
#define RULES_MAX 32
typedef struct refusal {
    char name[32];
    uint32_t modules;    /* valid ones */
    uint32_t assertions; /* about them */
} refusal;

static refusal refusals[RULES_MAX];
static bool is_tolerant; // of `--table`: differences are printed, and the run goes on

__attribute__((format(printf, 2, 3))) static void differ(
    const suite_run *run, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!is_tolerant)
        test_fail(__FILE__, __LINE__, "%s/%s.wast:%s: %s: %s", run->set, run->stem,
            run->line.words[1], run->line.words[0], text);
    fprintf(stderr, "%s/%s.wast:%s: %s: %s\n", run->set, run->stem, run->line.words[1],
        run->line.words[0], text);
}

static const suite_exception *find_exception(const suite_run *run) {
    const unsigned long line = strtoul(run->line.words[1], NULL, 10);
    for (size_t i = 0; i < EXCEPTION_COUNT; i++)
        if (strcmp(exceptions[i].set, run->set) == 0 &&
            strcmp(exceptions[i].stem, run->stem) == 0 && exceptions[i].line == line)
            return &exceptions[i];
    return NULL;
}

static bool is_word(const suite_run *run, const char *verb) {
    return strcmp(run->line.words[0], verb) == 0;
}

// The column of a valid module that was refused: it must lie outside the profile, and not be called wrong.
static suite_count column_of(const suite_run *run, const aether_error *err) {
    switch (err->status) {
    case AETHER_FORBIDDEN_FEATURE:
        return FORBIDDEN;
    case AETHER_INVALID_INTERFACE:
        return INTERFACE;
    case AETHER_LIMIT_EXCEEDED:
        return LIMIT;
    default:
        differ(run, "a valid module is refused: %s", err->message);
        return LIMIT;
    }
}

// The rule that a message begins with.
static refusal *find_refusal(const char *message) {
    const size_t len = strcspn(message, ":");
    for (refusal *rule = refusals; rule < refusals + RULES_MAX; rule++) {
        if (rule->name[0] == '\0') {
            CHECK(len < sizeof rule->name);
            memcpy(rule->name, message, len);
            return rule;
        }
        if (strlen(rule->name) == len && memcmp(rule->name, message, len) == 0)
            return rule;
    }
    test_fail(__FILE__, __LINE__, "more than %d rules", RULES_MAX);
}

static void run_module(suite_run *run) {
    world_outcome plain, metered;
    world *w = &run->world;
    w->last = world_add(w, run->line.words[2], script_bytes(run->line.words[3]), &plain, &metered);
    if (w->last->err.status != AETHER_OK) {
        run->counts[column_of(run, &w->last->err)]++;
        find_refusal(w->last->err.message)->modules++;
    } else if (!w->last->is_instantiated)
        differ(run, "ends with %d plain and %d metered", (int)plain.end, (int)metered.end);
    else
        run->counts[ACCEPTED]++;
}

static void run_register(suite_run *run) {
    world *w = &run->world;
    world_register(w, world_find(w, run->line.words[2]), script_bytes(run->line.words[3]));
}

static void count_rightly_refused(suite_run *run, suite_count column, aether_status status) {
    run->counts[column]++;
    if (status != AETHER_MALFORMED_MODULE && status != AETHER_INVALID_MODULE)
        run->counts[PROFILE]++;
}

// A module that must be refused, whatever the reason that is found first.
static void run_refused(suite_run *run, suite_count column) {
    aether_error err;
    const aether_bytes bytes = script_bytes(run->line.words[2]);
    const aether_status status = world_refuse(&run->world, bytes, &err);
    free((void *)(uintptr_t)bytes.data);
    if (status == AETHER_OK)
        differ(run, "accepted");
    else
        count_rightly_refused(run, column, status);
}

static void check_equal(
    const suite_run *run, const world_outcome *plain, const world_outcome *metered) {
    if (plain->end != metered->end || plain->type != metered->type || plain->bits != metered->bits)
        differ(run, "end %d, bits %llx plain; end %d, bits %llx metered", (int)plain->end,
            (unsigned long long)plain->bits, (int)metered->end, (unsigned long long)metered->bits);
}

// A module whose instantiation traps: refused before that, or both worlds trap.
static void run_uninstantiable(suite_run *run) {
    world_outcome plain, metered;
    const world_module *module =
        world_add(&run->world, "-", script_bytes(run->line.words[2]), &plain, &metered);
    if (module->err.status != AETHER_OK) {
        count_rightly_refused(run, UNLINKABLE, module->err.status);
        return;
    }
    check_equal(run, &plain, &metered);
    if (plain.end == AETHER_END_RETURNED)
        differ(run, "starts");
    run->counts[EQUAL]++;
}

// The end that a message of the suite stands for.
static aether_end end_of_message(const char *word) {
    static const struct {
        const char *text;
        aether_end end;
    } messages[] = {{"call stack exhausted", AETHER_END_STACK_EXHAUSTED},
        {"indirect call type mismatch", AETHER_END_INDIRECT_CALL},
        {"integer divide by zero", AETHER_END_INTEGER_DIVIDE_BY_ZERO},
        {"integer overflow", AETHER_END_INTEGER_OVERFLOW},
        {"invalid conversion to integer", AETHER_END_BAD_CONVERSION},
        {"out of bounds memory access", AETHER_END_OUT_OF_BOUNDS_MEMORY},
        {"out of bounds table access", AETHER_END_OUT_OF_BOUNDS_TABLE},
        {"undefined element", AETHER_END_OUT_OF_BOUNDS_TABLE},
        {"uninitialized element", AETHER_END_INDIRECT_CALL},
        {"unreachable", AETHER_END_UNREACHABLE}};
    const aether_bytes text = script_bytes(word);
    aether_end end = AETHER_END_RETURNED;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (ae_bytes_starts_with(text, ae_bytes_of(messages[i].text)))
            end = messages[i].end;
    if (end == AETHER_END_RETURNED)
        test_fail(__FILE__, __LINE__, "unknown message %s", (const char *)text.data);
    free((void *)(uintptr_t)text.data);
    return end;
}

// Whether the outcome is what the suite demands.
static bool is_demanded(const suite_run *run, size_t after_args, const world_outcome *outcome) {
    if (is_word(run, "assert_trap") || is_word(run, "assert_exhaustion"))
        return outcome->end == end_of_message(run->line.words[after_args]);
    if (is_word(run, "invoke"))
        return outcome->end == AETHER_END_RETURNED;
    script_values results;
    script_read_values(&run->line, after_args, "", &results);
    if (outcome->end != AETHER_END_RETURNED || results.count != (outcome->type != 0))
        return false;
    return results.count == 0 ||
           script_value_matches(&results.values[0], outcome->type, outcome->bits);
}

static void check_outcomes(
    suite_run *run, size_t after_args, const world_outcome *plain, const world_outcome *metered) {
    check_equal(run, plain, metered);
    const bool holds = is_demanded(run, after_args, metered);
    if (holds == (run->exception != NULL))
        differ(run, holds ? "holds, although it is an exception" : "end %d, bits %llx",
            (int)metered->end, (unsigned long long)metered->bits);
    if (run->exception != NULL)
        run->counts[LISTED]++;
    else
        run->counts[EQUAL]++;
}

static void count_outside(suite_run *run, const char *rule) {
    run->counts[OUTSIDE]++;
    find_refusal(rule)->assertions++;
}

static void run_get(suite_run *run, const world_module *module, aether_bytes name) {
    const world_outcome plain = world_get_plain(module, name);
    const world_outcome metered = world_get_metered(module, name);
    check_outcomes(run, 5, &plain, &metered);
}

// invoke, assert_return, assert_trap, assert_exhaustion
static void run_invoke(suite_run *run, const world_module *module, aether_bytes name) {
    script_values args;
    if (world_is_left_out(module, name)) {
        count_outside(run, "br_table_targets");
        return;
    }
    const char *mark = is_word(run, "assert_return") ? "->" : "!";
    const size_t after_args = script_read_values(&run->line, 4, mark, &args);
    const world_outcome plain = world_call_plain(module, name, &args);
    const world_outcome metered = world_call_metered(module, name, &args);
    check_outcomes(run, after_args, &plain, &metered);
}

static void run_call(suite_run *run) {
    const world_module *module = world_find(&run->world, run->line.words[2]);
    if (!module->is_instantiated) {
        count_outside(run, module->err.message);
        return;
    }
    const aether_bytes name = script_bytes(run->line.words[3]);
    if (is_word(run, "get"))
        run_get(run, module, name);
    else
        run_invoke(run, module, name);
    free((void *)(uintptr_t)name.data);
}

static void run_line(suite_run *run) {
    run->exception = find_exception(run);
    if (is_word(run, "module"))
        run_module(run);
    else if (is_word(run, "register"))
        run_register(run);
    else if (is_word(run, "assert_malformed"))
        run_refused(run, MALFORMED);
    else if (is_word(run, "assert_invalid"))
        run_refused(run, INVALID);
    else if (is_word(run, "assert_unlinkable"))
        run_refused(run, UNLINKABLE);
    else if (is_word(run, "assert_uninstantiable"))
        run_uninstantiable(run);
    else if (is_word(run, "text_only"))
        run->counts[TEXT]++;
    else
        run_call(run);
}

static void run_file(const char *set, const char *stem, uint32_t counts[COUNT_KINDS]) {
    suite_run run = {.set = set, .stem = stem};
    script s = script_open(set, stem);
    world_open(&run.world);
    while (script_next(&s, &run.line))
        run_line(&run);
    world_close(&run.world);
    script_close(&s);
    memcpy(counts, run.counts, sizeof run.counts);
}

// Whether anything of the file is checked beyond that its modules are refused.
static bool is_checked(const uint32_t counts[COUNT_KINDS]) {
    return (counts[ACCEPTED] | counts[EQUAL] | counts[MALFORMED] | counts[INVALID] |
               counts[UNLINKABLE]) != 0;
}

static void print_row(const char *set, const char *stem, const uint32_t counts[COUNT_KINDS]) {
    printf(
        is_checked(counts) ? "SUITE_RUN(%s, \"%s\"" : "SUITE_EXCLUDED(%s, \"%s\", \"\"", set, stem);
    for (size_t i = 0; i < COUNT_KINDS; i++)
        printf(", %u", counts[i]);
    puts(")");
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

// Call `visit` for each file of a set, in the order of their names.
static void for_each_file(const char *set, void (*visit)(const char *set, const char *stem)) {
    char path[4096];
    struct dirent **entries = NULL;
    CHECK(snprintf(path, sizeof path, "%s/%s", AE_SUITE_DIR, set) < (int)sizeof path);
    const int count = scandir(path, &entries, NULL, compare_names);
    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        char *dot = strrchr(entries[i]->d_name, '.');
        if (dot != NULL && strcmp(dot, ".txt") == 0) {
            *dot = '\0';
            visit(set, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
}

static void print_counted(const char *set, const char *stem) {
    uint32_t counts[COUNT_KINDS];
    run_file(set, stem, counts);
    print_row(set, stem, counts);
    fflush(stdout);
}

static void check_file(const suite_file *file) {
    uint32_t counts[COUNT_KINDS];
    run_file(file->set, file->stem, counts);
    if (memcmp(counts, file->counts, sizeof counts) == 0 &&
        is_checked(counts) == (file->excluded == NULL))
        return;
    print_row(file->set, file->stem, counts);
    fflush(stdout);
    test_fail(__FILE__, __LINE__, "%s/%s.wast: the row above is not that of files.def", file->set,
        file->stem);
}

static const suite_file *current; // what the case of a file runs

static void run_current(void) {
    check_file(current);
}

static void check_listed(const char *set, const char *stem) {
    for (size_t i = 0; i < FILE_COUNT; i++)
        if (strcmp(files[i].set, set) == 0 && strcmp(files[i].stem, stem) == 0)
            return;
    test_fail(__FILE__, __LINE__, "%s/%s.wast is neither run nor excluded", set, stem);
}

static void every_file_is_run_or_excluded_with_its_reason(void) {
    for_each_file("v1", check_listed);
    for_each_file("v2", check_listed);
    for (size_t i = 0; i < FILE_COUNT; i++)
        CHECK(files[i].excluded == NULL || files[i].excluded[0] != '\0');
}

static void print_totals(const uint32_t sum[COUNT_KINDS]) {
    size_t excluded = 0;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (files[i].excluded == NULL)
            continue;
        excluded++;
        printf("excluded: %s/%s.wast: %s\n", files[i].set, files[i].stem, files[i].excluded);
    }
    printf("files: %zu run, %zu excluded\n", FILE_COUNT - excluded, excluded);
    printf("valid modules: %u run metered; outside the profile: %u by a feature, %u by an import, "
           "%u by a limit\n",
        sum[ACCEPTED], sum[FORBIDDEN], sum[INTERFACE], sum[LIMIT]);
    printf("assertions: %u as on plain Wasmtime and as the suite demands, all that apply\n",
        sum[EQUAL]);
    printf(
        "refused, all: %u malformed, %u invalid, %u not to be linked or started (%u of these by a "
        "rule of the profile)\n",
        sum[MALFORMED], sum[INVALID], sum[UNLINKABLE], sum[PROFILE]);
    printf(
        "assertions that do not apply: %u on modules outside the profile, %u on the text format, "
        "%u listed in exceptions.def\n",
        sum[OUTSIDE], sum[TEXT], sum[LISTED]);
    for (const refusal *rule = refusals; rule < refusals + RULES_MAX; rule++)
        if (rule->name[0] != '\0')
            printf("  outside by %s: %u modules, %u assertions\n", rule->name, rule->modules,
                rule->assertions);
}

static void the_totals_are_those_of_the_table(void) {
    uint32_t sum[COUNT_KINDS] = {0};
    for (size_t i = 0; i < FILE_COUNT; i++) {
        check_file(&files[i]);
        for (size_t k = 0; k < COUNT_KINDS; k++)
            sum[k] += files[i].counts[k];
    }
    print_totals(sum);
    CHECK_U64(sum[LISTED], EXCEPTION_COUNT);
#define SUITE_TOTAL(column, count) CHECK_U64(sum[column], count);
#include "suite/totals.def"
#undef SUITE_TOTAL
}

#define FILE_NAME_LEN 64

int main(int argc, char **argv) {
    static test_case cases[FILE_COUNT + 2] = {TEST(every_file_is_run_or_excluded_with_its_reason)
            TEST(the_totals_are_those_of_the_table)};
    static char names[FILE_COUNT][FILE_NAME_LEN];
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        is_tolerant = true;
        for_each_file("v1", print_counted);
        for_each_file("v2", print_counted);
        return 0;
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        snprintf(names[i], FILE_NAME_LEN, "%s_%s", files[i].set, files[i].stem);
        cases[i + 2] = (test_case){names[i], run_current};
        if (argc == 2 && strcmp(argv[1], names[i]) == 0)
            current = &files[i];
    }
    return test_main(argc, argv, cases, argc == 1 ? 2 : FILE_COUNT + 2);
}
