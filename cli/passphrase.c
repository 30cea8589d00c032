#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "text.h"

enum { INTERRUPT = 3 }; // Ctrl-C

void cli_passphrase_wipe(cli_passphrase *passphrase) {
    sodium_memzero(passphrase, sizeof *passphrase);
}

// @param what  "--passphrase-file x", "AETHER_PASSPHRASE"
static aether_status take(
    const char *what, aether_bytes bytes, cli_passphrase *out, aether_error *err) {
    if (bytes.len != 0 && bytes.data[bytes.len - 1] == '\n')
        bytes.len--;
    if (bytes.len == 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT, "%.150s: the passphrase is empty", what);
    if (bytes.len > CLI_PASSPHRASE_LEN_MAX)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "%.150s: the passphrase has more than %d bytes", what, CLI_PASSPHRASE_LEN_MAX);
    memcpy(out->text, bytes.data, bytes.len);
    out->len = bytes.len;
    return AETHER_OK;
}

static aether_status take_file(const char *path, cli_passphrase *out, aether_error *err) {
    cli_buffer file = {0};
    aether_status status = cli_file_read(path, CLI_PASSPHRASE_LEN_MAX + 1, &file, err);
    if (status != AETHER_OK)
        return status;
    cli_text what = {0};
    cli_text_format(&what, "--passphrase-file %s", cli_quote(path).text);
    status = take(what.data, cli_buffer_bytes(&file), out, err);
    cli_text_deinit(&what);
    sodium_memzero(file.data, file.len);
    cli_buffer_deinit(&file);
    return status;
}

// One line from a terminal that shows nothing. Ctrl-C ends the line as Return does, so that the terminal is never
// left silent; @return false: it was that, or nothing can be read.
static bool read_silently(int terminal, const char *prompt, cli_passphrase *out) {
    struct termios before;
    if (tcgetattr(terminal, &before) != 0)
        return false;
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_lflag |= ICANON;
    silent.c_cc[VEOL] = INTERRUPT;
    // Silence comes first: what is typed before it is thrown away, and nobody types before the prompt.
    if (tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
        return false;
    const ssize_t asked = write(terminal, prompt, strlen(prompt));
    (void)asked; // for the eye alone
    const ssize_t got = read(terminal, out->text, sizeof out->text);
    (void)tcsetattr(terminal, TCSAFLUSH, &before);
    const ssize_t written = write(terminal, "\n", 1);
    (void)written; // for the eye alone
    if (got <= 0 || out->text[got - 1] != '\n')
        return false;
    out->len = (size_t)got - 1;
    return out->len <= CLI_PASSPHRASE_LEN_MAX;
}

static aether_status ask(
    const char *prompt, bool is_twice, cli_passphrase *out, aether_error *err) {
    const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "there is no terminal to ask for a passphrase; give --passphrase-file FILE, or set "
            "AETHER_PASSPHRASE");
    cli_passphrase again = {{0}, 0};
    bool is_read = read_silently(terminal, prompt, out);
    if (is_read && is_twice)
        is_read = read_silently(terminal, "The same again: ", &again);
    (void)close(terminal);
    aether_status status = AETHER_OK;
    if (!is_read)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT, "no passphrase was given");
    else if (out->len == 0)
        status = cli_fail(err, AETHER_INVALID_ARGUMENT, "the passphrase is empty");
    else if (is_twice &&
             (again.len != out->len || sodium_memcmp(again.text, out->text, out->len) != 0))
        status = cli_fail(err, AETHER_INVALID_ARGUMENT, "the two passphrases differ");
    cli_passphrase_wipe(&again);
    return status;
}

// What a file or the environment gives; nothing if neither does.
static aether_status take_given(
    const cli_passphrase_source *source, cli_passphrase *out, aether_error *err) {
    *out = (cli_passphrase){{0}, 0};
    if (source->file != NULL)
        return take_file(source->file, out, err);
    const char *variable = getenv("AETHER_PASSPHRASE");
    if (variable != NULL && !source->is_asked)
        return take("AETHER_PASSPHRASE", cli_bytes_of(variable), out, err);
    return AETHER_OK;
}

aether_status cli_passphrase_new(
    const cli_passphrase_source *source, cli_passphrase *out, aether_error *err) {
    const aether_status status = take_given(source, out, err);
    if (status != AETHER_OK || out->len != 0 || !source->is_asked)
        return status;
    return ask("Passphrase for the new key: ", true, out, err);
}

aether_status cli_passphrase_get(
    const cli_passphrase_source *source, const char *name, cli_passphrase *out, aether_error *err) {
    const aether_status status = take_given(source, out, err);
    if (status != AETHER_OK || out->len != 0)
        return status;
    cli_text prompt = {0};
    cli_text_format(&prompt, "Passphrase of the key %s: ", name);
    const aether_status asked = ask(prompt.data, false, out, err);
    cli_text_deinit(&prompt);
    return asked;
}
