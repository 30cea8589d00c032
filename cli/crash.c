#include "crash.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "text.h"

enum { LINE_LEN_MAX = 512, STACK_LEN = 65536 };

// A handler may not make anything: the line is ready before, and its stack too.
static char line[LINE_LEN_MAX];
static size_t line_len;
static char stack[STACK_LEN];

static void on_crash(int number) {
    (void)number;
    const ssize_t written = write(STDERR_FILENO, line, line_len);
    (void)written; // there is nobody left to tell
    _exit(CLI_EXIT_FAULT);
}

void cli_crash_watch(const char *home) {
    cli_text text = {0};
    cli_text_format(&text,
        "aether: the process crashed while the chain in %.200s was open: its files are damaged, or this is a "
        "defect; 'aether fsck' tells (STORAGE_DAMAGED)\n",
        cli_quote(home).text);
    line_len = text.len < sizeof line ? text.len : sizeof line;
    memcpy(line, text.data, line_len);
    cli_text_deinit(&text);
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
    if (sigaltstack(&alternate, NULL) != 0 || sigemptyset(&action.sa_mask) != 0)
        return; // a crash is then told by the shell
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaction(numbers[i], &action, NULL);
}
