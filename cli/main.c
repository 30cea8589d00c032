// The `aether` command: finds the command that was typed.
#include <aether/version.h>

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "text.h"

typedef struct command {
    const char *name; // NULL: the summary is the title of a group
    const char *summary;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {NULL, "A module", NULL},
    {"run", "run one entry of a contract once, over its own in-memory state", cli_run},
    {"profile", "show where the gas of a run goes: functions, lines, instructions", cli_profile},
    {"check", "validate a module against the profile", cli_check},
    {"inspect", "show what a module is made of, and what it costs", cli_inspect},
    {"verify", "run on every engine and compare everything that can be seen", cli_verify},
    {NULL, "A local chain, in --home DIR (.aether)", NULL},
    {"init", "make a chain, with accounts that have something", cli_init},
    {"key", "keys: new, list, show, export, import", cli_key},
    {"deploy", "upload a module and make a contract of it", cli_deploy},
    {"call", "call a contract", cli_call},
    {"query", "ask a contract; nothing changes, nothing is paid", cli_query},
    {"transfer", "send an amount", cli_transfer},
    {"upgrade", "give a contract other code", cli_upgrade},
    {NULL, "What a chain holds", NULL},
    {"status", "height and root", cli_status},
    {"account", "balance, nonce and code of an address", cli_account},
    {"storage", "what a contract keeps", cli_storage},
    {"block", "a block", cli_block},
    {"tx", "a transaction and its receipt", cli_tx},
    {"proof", "prove what is held, or verify such a proof", cli_proof},
    {NULL, "Its upkeep", NULL},
    {"rollback", "take blocks back", cli_rollback},
    {"snapshot", "the state as a file: export, import", cli_snapshot},
    {"fsck", "check the database", cli_fsck},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int print_help(void) {
    cli_text text = {0};
    cli_text_format(&text,
        "Usage: aether COMMAND [OPTION...] [ARGUMENT...]\n"
        "Run smart contracts: untrusted Wasm in, a deterministic, metered outcome out.\n"
        "Each command has --help and --json.\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (commands[i].name == NULL)
            cli_text_format(&text, "\n%s\n", commands[i].summary);
        else
            cli_text_format(&text, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    cli_text_format(&text,
        "\n  --version  print the versions of Aether, of the protocol and of the engine\n"
        "  --help     print this text\n\n"
        "FILE is Wasm or WAT, told apart by content; - is standard input. ADDR is ae1... or 0x\n"
        "and 64 hex digits, or the name of a key.\n"
        "Exit status: 0 success, 1 the contract or transaction failed, 2 the input was refused\n"
        "or the command misused, 3 a fault of this machine.\n\n"
        "Example:\n"
        "  aether run counter.wat --input text:increment --storage counter.json\n"
        "  aether init --fund alice=1000000000 && aether deploy counter.wat --from alice\n");
    const int status = cli_print(text.data, text.len, CLI_EXIT_OK);
    cli_text_deinit(&text);
    return status;
}

static int refuse(bool is_json, const aether_error *err) {
    const int status = cli_report("aether", NULL, err);
    return is_json ? cli_json_print_refusal(err, status) : status;
}

static int refuse_command(const char *name, bool is_json) {
    cli_text names = {0};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].name != NULL)
            cli_text_format(&names, "%s%s", names.len == 0 ? "" : ", ", commands[i].name);
    aether_error err;
    const aether_status status =
        cli_fail(&err, AETHER_INVALID_ARGUMENT, "version %s has no command '%.100s'; it has %s",
            aether_version(), cli_quote(name).text, names.data);
    (void)status; // reported below
    cli_text_deinit(&names);
    return refuse(is_json, &err);
}

// The options that stand for themselves. Few enough to be read by hand.
static int run_alone(int argc, char **argv) {
    bool is_json = false;
    const char *asked = NULL;
    const char *unknown = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            is_json = true;
        else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "--help") == 0 ||
                 strcmp(argv[i], "-h") == 0)
            asked = asked == NULL ? argv[i] : asked;
        else if (unknown == NULL)
            unknown = argv[i];
    }
    aether_error err;
    aether_status status = AETHER_OK;
    if (unknown != NULL)
        status = cli_fail(&err, AETHER_INVALID_ARGUMENT,
            "unknown option '%.100s'; a command comes first and its options follow, see 'aether --help'",
            cli_quote(unknown).text);
    else if (asked == NULL)
        status = cli_fail(
            &err, AETHER_INVALID_ARGUMENT, "a command is missing; 'aether --help' lists them");
    if (status != AETHER_OK)
        return refuse(is_json, &err);
    return strcmp(asked, "--version") == 0 ? cli_version(is_json) : print_help();
}

// A file that is opened must never get the number of a standard stream that was closed. The
// stand-in is opened the wrong way round, so that using it is still an error.
static bool hold_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

int main(int argc, char **argv) {
    if (!hold_standard_streams())
        return CLI_EXIT_FAULT;
    // A reader that went away is a failed write (exit 3), not a signal.
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return CLI_EXIT_FAULT;
    if (sodium_init() < 0)
        return CLI_EXIT_FAULT;
    if (argc < 2 || argv[1][0] == '-')
        return run_alone(argc, argv);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].name != NULL && strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    bool is_json = false;
    for (int i = 2; i < argc; i++)
        is_json = is_json || strcmp(argv[i], "--json") == 0;
    return refuse_command(argv[1], is_json);
}
