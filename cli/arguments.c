// Command lines, read with argp. Its own messages take several lines and its own exit status, so
// that it is told to stay silent and what went wrong is found out here.
#include "command.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { OPTIONS_MAX = 32 };

// A command's options and the common ones.
typedef struct option_table {
    struct argp_option options[OPTIONS_MAX];
} option_table;

typedef struct reading {
    const cli_syntax *syntax;
    const option_table *table;
    void *target;
    cli_arguments *arguments;
    aether_error *err;
    aether_status status; // of the first mistake
} reading;

static const struct argp_option common_options[] = {
    {"json", CLI_KEY_JSON, NULL, 0, "Print one JSON object on one line", 0},
    {"help", CLI_KEY_HELP, NULL, 0, "Print this text", 0},
    {0},
};

// Groups keep argp from sorting them by name.
static option_table options_of(const cli_syntax *syntax) {
    option_table table = {0};
    int count = 0;
    for (const struct argp_option *o = syntax->options; o->name != NULL; o++)
        if (count < OPTIONS_MAX - 3)
            table.options[count++] = *o;
    for (const struct argp_option *o = common_options; o->name != NULL; o++)
        table.options[count++] = *o;
    for (int i = 0; i < count; i++)
        table.options[i].group = i + 1;
    return table;
}

// Count the options that a long name is, or is the beginning of.
static int count_matches(const struct argp_option *options, const char *name, size_t len,
    const struct argp_option **out_match) {
    int count = 0;
    for (; options->name != NULL; options++) {
        if (strncmp(options->name, name, len) != 0)
            continue;
        *out_match = options;
        if (strlen(options->name) == len)
            return 1;
        count++;
    }
    return count;
}

// How a long option is written, and what it may be.
typedef struct spelling {
    const struct argp_option *match; // the last of `count`
    int count;
    bool has_value;
} spelling;

static spelling spelling_of(const option_table *table, const char *word) {
    spelling out = {0};
    if (strncmp(word, "--", 2) != 0)
        return out;
    const size_t len = strcspn(word + 2, "=");
    out.has_value = word[2 + len] == '=';
    out.count = count_matches(table->options, word + 2, len, &out.match);
    return out;
}

// argp says only that a word is wrong, and points behind it, or at it if more letters follow in it.
static const char *find_wrong_word(const option_table *table, const struct argp_state *state) {
    const char *before = state->next > 1 ? state->argv[state->next - 1] : "";
    const char *at = state->next < state->argc ? state->argv[state->next] : before;
    const spelling s = spelling_of(table, before);
    const bool is_right = s.count == 1 && s.has_value == (s.match->arg != NULL);
    return before[0] != '-' || is_right ? at : before;
}

static aether_status describe_mistake(const reading *r, const struct argp_state *state) {
    const char *word = find_wrong_word(r->table, state);
    const spelling s = spelling_of(r->table, word);
    const cli_quoted quoted = cli_quote(word);
    if (s.count == 0)
        return cli_fail(r->err, AETHER_INVALID_ARGUMENT,
            "unknown option '%.100s'; '%s --help' lists what there is", quoted.text,
            r->syntax->name);
    if (s.count > 1)
        return cli_fail(r->err, AETHER_INVALID_ARGUMENT,
            "option '%.100s' is the beginning of more than one; write it in full", quoted.text);
    if (s.match->arg != NULL)
        return cli_fail(r->err, AETHER_INVALID_ARGUMENT, "option '--%s' needs a value: %s",
            s.match->name, s.match->arg);
    return cli_fail(r->err, AETHER_INVALID_ARGUMENT, "option '--%s' takes no value", s.match->name);
}

// The words that a command takes, one after the other, are told apart by spaces.
static const char *words_of(const cli_syntax *syntax) {
    return syntax->words == NULL ? "FILE" : syntax->words;
}

static size_t count_words(const cli_syntax *syntax) {
    const char *words = words_of(syntax);
    size_t count = words[0] == '\0' ? 0 : 1;
    for (const char *at = words; *at != '\0'; at++)
        count += *at == ' ' ? 1 : 0;
    return count;
}

// The name of a word as in --help; in brackets if it may be left out.
static aether_bytes name_of_word(const cli_syntax *syntax, size_t index) {
    const char *at = words_of(syntax);
    for (; index != 0; index--)
        at += strcspn(at, " ") + 1;
    return (aether_bytes){(const uint8_t *)at, strcspn(at, " ")};
}

static aether_status take_word(reading *r, const char *value) {
    cli_arguments *arguments = r->arguments;
    const size_t count_max = count_words(r->syntax);
    if (arguments->word_count < count_max && arguments->word_count < CLI_WORDS_MAX) {
        if (arguments->word_count == 0)
            arguments->file = value;
        arguments->words[arguments->word_count++] = value;
        return AETHER_OK;
    }
    const cli_quoted quoted = cli_quote(value);
    if (count_max != 1)
        return cli_fail(r->err, AETHER_INVALID_ARGUMENT,
            "'%.90s' is one argument too many; see '%s --help'", quoted.text, r->syntax->name);
    const aether_bytes name = name_of_word(r->syntax, 0);
    return cli_fail(r->err, AETHER_INVALID_ARGUMENT,
        "'%.90s' is one argument too many; %.*s is '%.90s'", quoted.text, (int)name.len,
        (const char *)name.data, cli_quote(arguments->file).text);
}

static aether_status check_words(const reading *r) {
    const size_t next = r->arguments->word_count;
    if (next == count_words(r->syntax))
        return AETHER_OK;
    const aether_bytes name = name_of_word(r->syntax, next);
    if (name.data[0] == '[')
        return AETHER_OK;
    if (r->syntax->words == NULL)
        return cli_fail(r->err, AETHER_INVALID_ARGUMENT,
            "FILE is missing: a Wasm or WAT module, or - for standard input");
    return cli_fail(r->err, AETHER_INVALID_ARGUMENT, "%.*s is missing; see '%s --help'",
        (int)name.len, (const char *)name.data, r->syntax->name);
}

static aether_status take(reading *r, int key, const char *value) {
    switch (key) {
    case CLI_KEY_HELP:
        r->arguments->is_help = true;
        return AETHER_OK;
    case CLI_KEY_JSON:
        r->arguments->is_json = true;
        return AETHER_OK;
    case ARGP_KEY_ARG:
        return take_word(r, value);
    default:
        return r->syntax->set(r->target, key, value, r->err);
    }
}

static error_t on_word(int key, char *value, struct argp_state *state) {
    reading *r = state->input;
    switch (key) {
    case ARGP_KEY_ERROR:
        if (r->status == AETHER_OK)
            r->status = describe_mistake(r, state);
        return 0;
    case ARGP_KEY_ARGS: // one by one, please
        return ARGP_ERR_UNKNOWN;
    case ARGP_KEY_INIT:
    case ARGP_KEY_FINI:
    case ARGP_KEY_END:
    case ARGP_KEY_NO_ARGS:
    case ARGP_KEY_SUCCESS:
        return 0;
    default:
        if (r->status == AETHER_OK)
            r->status = take(r, key, value);
        else if (key == CLI_KEY_JSON) // after a mistake nothing else matters
            r->arguments->is_json = true;
        return 0;
    }
}

// argp stops at a word that it doesn't know; --json may come after it.
static bool has_json(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

aether_status cli_arguments_parse(const cli_syntax *syntax, int argc, char **argv, void *target,
    cli_arguments *out_arguments, aether_error *err) {
    *out_arguments = (cli_arguments){0};
    const option_table table = options_of(syntax);
    reading r = {syntax, &table, target, out_arguments, err, AETHER_OK};
    const struct argp argp = {table.options, on_word, NULL, NULL, NULL, NULL, NULL};
    const error_t failed =
        argp_parse(&argp, argc, argv, ARGP_NO_HELP | ARGP_NO_ERRS | ARGP_IN_ORDER, NULL, &r);
    if (failed == ENOMEM)
        cli_die_of_memory();
    if (failed != 0 && r.status == AETHER_OK)
        r.status = cli_fail(err, AETHER_INVALID_ARGUMENT, "the command line cannot be read");
    if (r.status == AETHER_OK && !out_arguments->is_help)
        r.status = check_words(&r);
    if (r.status != AETHER_OK)
        out_arguments->is_json = out_arguments->is_json || has_json(argc, argv);
    return r.status;
}

int cli_help(const cli_syntax *syntax) {
    const option_table table = options_of(syntax);
    cli_text about = {0};
    cli_text_format(&about, "%s\v%s", syntax->about, syntax->example);
    const struct argp argp = {table.options, NULL, words_of(syntax), about.data, NULL, NULL, NULL};
    cli_text name = {0};
    cli_text_format(&name, "%s", syntax->name);
    argp_help(&argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_DOC | ARGP_HELP_LONG, name.data);
    cli_text_deinit(&about);
    cli_text_deinit(&name);
    return cli_print("", 0, CLI_EXIT_OK);
}
