#include <aether/version.h>

#include "command.h"
#include "json.h"
#include "text.h"

int cli_version(bool is_json) {
    if (is_json) {
        struct json_object *object = cli_json_object();
        cli_json_set(object, "aether", cli_json_text(aether_version()));
        cli_json_set(object, "protocol", cli_json_int(AETHER_PROTOCOL_VERSION));
        cli_json_set(object, "engine", cli_json_text(aether_engine_version()));
        return cli_json_print(object, CLI_EXIT_OK);
    }
    cli_text line = {0};
    cli_text_format(&line, "aether %s (protocol %d, %s)\n", aether_version(),
        AETHER_PROTOCOL_VERSION, aether_engine_version());
    const int status = cli_print(line.data, line.len, CLI_EXIT_OK);
    cli_text_deinit(&line);
    return status;
}
