// `aether check`: which rule of the profile a module breaks, in which function, at which byte.
#include <aether/contract.h>

#include <argp.h>
#include <stddef.h>

#include "command.h"
#include "file.h"
#include "json.h"

static const struct argp_option check_options[] = {{0}};

static aether_status set_option(void *target, int key, const char *value, aether_error *err) {
    (void)target;
    (void)value;
    return cli_fail(err, AETHER_INVALID_ARGUMENT, "option %d is not known", key);
}

static const cli_syntax syntax = {
    .name = "aether check",
    .about =
        "Validate a module against the profile: which rule it breaks, in which function, at which "
        "byte. FILE is Wasm or WAT; - is standard input.",
    .example =
        "Exit status: 0 the module is accepted, 2 it is refused, 3 a fault of this machine.\n\n"
        "Example:\n"
        "  aether check token.wasm --json",
    .options = check_options,
    .set = set_option,
};

static int print_json(const aether_error *err, int status) {
    struct json_object *object = cli_json_object();
    cli_json_set(object, "ok", cli_json_bool(err == NULL));
    if (err != NULL)
        cli_json_set(object, "error", cli_json_error(err));
    return cli_json_print(object, status);
}

static int refuse(const cli_arguments *arguments, const aether_error *err) {
    const char *subject = err->status == AETHER_INVALID_ARGUMENT ? NULL : arguments->file;
    const int status = cli_report(syntax.name, subject, err);
    return arguments->is_json && status != CLI_EXIT_FAULT ? print_json(err, status) : status;
}

int cli_check(int argc, char **argv) {
    cli_arguments arguments;
    aether_error err;
    if (cli_arguments_parse(&syntax, argc, argv, NULL, &arguments, &err) != AETHER_OK)
        return refuse(&arguments, &err);
    if (arguments.is_help)
        return cli_help(&syntax);
    cli_buffer module = {0};
    aether_status status = cli_module_read(arguments.file, &module, &err);
    if (status == AETHER_OK)
        status = aether_contract_validate(cli_buffer_bytes(&module), &err);
    cli_buffer_deinit(&module);
    if (status != AETHER_OK)
        return refuse(&arguments, &err);
    return arguments.is_json ? print_json(NULL, CLI_EXIT_OK) : cli_print("ok\n", 3, CLI_EXIT_OK);
}
