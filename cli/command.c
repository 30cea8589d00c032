#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

aether_status cli_fail(aether_error *err, aether_status status, const char *format, ...) {
    err->status = status;
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (len >= (int)sizeof err->message)
        memcpy(err->message + sizeof err->message - 4, "...", 4);
    return status;
}

int cli_report(const char *name, const char *subject, const aether_error *err) {
    cli_text line = {0};
    cli_text_format(&line, "%s: ", name);
    if (subject != NULL)
        cli_text_format(&line, "%s: ", cli_quote(subject).text);
    cli_text_escaped(&line, cli_bytes_of(err->message));
    if (err->status != AETHER_INVALID_ARGUMENT)
        cli_text_format(&line, " (%s)", aether_status_name(err->status));
    cli_text_add(&line, "\n", 1);
    (void)fwrite(line.data, 1, line.len, stderr); // a closed stderr changes no exit status
    cli_text_deinit(&line);
    return (int)err->status >= 900 ? CLI_EXIT_FAULT : CLI_EXIT_REFUSED;
}

int cli_print(const char *text, size_t len, int status) {
    if (fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    fprintf(stderr, "aether: cannot write to standard output: %s\n", strerror(errno));
    return CLI_EXIT_FAULT;
}
