/* What every command shares: exit statuses, how its arguments are read, how a failure is reported.
 *
 * A function that can fail returns a status and fills an error, as in libaether: 1xx and 2xx mean
 * that the input was refused (exit 2), 9xx a fault of this machine (exit 3). */
#ifndef AE_CLI_COMMAND_H
#define AE_CLI_COMMAND_H

#include <aether/status.h>

#include <stdbool.h>
#include <stddef.h>

struct argp_option;

enum {
    CLI_EXIT_OK = 0,
    CLI_EXIT_FAILED = 1,  /**< the contract failed; its outcome was printed */
    CLI_EXIT_REFUSED = 2, /**< the input was refused or the command misused */
    CLI_EXIT_FAULT = 3    /**< this machine */
};

/** Keys of the options that every command has. */
enum { CLI_KEY_HELP = 'h', CLI_KEY_JSON = 0x100, CLI_KEY_FIRST = 0x101 };

/** What a command takes besides --help and --json. */
typedef struct cli_syntax {
    const char *name;    /**< as typed, for example "aether run" */
    const char *about;   /**< what it does, before the options in --help */
    const char *example; /**< after the options */
    const char *words;   /**< what stands beside the options, as "ADDR [KEY]"; NULL: FILE */
    const struct argp_option *options; /**< ends with a zeroed one */

    /** Takes one option; `target` is what was given to cli_arguments_parse. */
    aether_status (*set)(void *target, int key, const char *value, aether_error *err);
} cli_syntax;

enum { CLI_WORDS_MAX = 2 };

/** What every command line says. */
typedef struct cli_arguments {
    const char *words[CLI_WORDS_MAX]; /**< in order, borrowed from argv; NULL: left out */
    size_t word_count;
    const char *file; /**< the first word */
    bool is_json;
    bool is_help;
} cli_arguments;

/**
 * Read a command line. The first mistake is the one reported; the rest of the line is still looked
 * at, so that --json is known.
 *
 * @param argv         argv[0] is the command's name
 * @param target       handed to syntax->set
 * @return OK, or INVALID_ARGUMENT
 */
AETHER_MUST_CHECK aether_status cli_arguments_parse(const cli_syntax *syntax, int argc, char **argv,
    void *target, cli_arguments *out_arguments, aether_error *err);

/** Print --help. @return the exit status */
int cli_help(const cli_syntax *syntax);

/** Fill an error and return its status; the message is one line without a full stop. */
__attribute__((format(printf, 3, 4), warn_unused_result)) aether_status cli_fail(
    aether_error *err, aether_status status, const char *format, ...);

/** Print one line about a failure on stderr.
 *  @param name     of the command
 *  @param subject  the file that it is about, or NULL
 *  @return the exit status */
int cli_report(const char *name, const char *subject, const aether_error *err);

/** Write what a command has to say to stdout. @return `status`, or CLI_EXIT_FAULT after a line on
 * stderr */
int cli_print(const char *text, size_t len, int status);

/** Report a failure; with --json print its object too, {"error":{…}}. @return the exit status */
int cli_refuse(const cli_syntax *syntax, bool is_json, const aether_error *err);

int cli_run(int argc, char **argv);
int cli_profile(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_init(int argc, char **argv);
int cli_key(int argc, char **argv);
int cli_deploy(int argc, char **argv);
int cli_call(int argc, char **argv);
int cli_query(int argc, char **argv);
int cli_transfer(int argc, char **argv);
int cli_upgrade(int argc, char **argv);
int cli_account(int argc, char **argv);
int cli_storage(int argc, char **argv);
int cli_block(int argc, char **argv);
int cli_tx(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_proof(int argc, char **argv);
int cli_rollback(int argc, char **argv);
int cli_snapshot(int argc, char **argv);
int cli_fsck(int argc, char **argv);

/** `aether --version`. */
int cli_version(bool is_json);

#endif
