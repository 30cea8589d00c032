/* The forms in which a profile is shown. */
#ifndef AE_CLI_PROFILE_VIEW_H
#define AE_CLI_PROFILE_VIEW_H

#include <aether/profile.h>

#include <json-c/json_types.h>

#include "source.h"
#include "text.h"

/** What is shown. */
typedef struct cli_profile_view {
    const char *file; /**< FILE, as typed */
    const aether_execution_result *result;
    const aether_profile *profile;
    cli_sources *sources;
    size_t top; /**< rows of each table */
} cli_profile_view;

/** Tables for a terminal. */
void cli_profile_text(const cli_profile_view *view, bool is_colour, cli_text *out);

/** A line for each call path that has gas of its own: "a;b;c 123". */
void cli_profile_folded(const cli_profile_view *view, cli_text *out);

/** The whole object. */
struct json_object *cli_profile_json(const cli_profile_view *view);

/** One page that needs nothing else. */
void cli_profile_html(const cli_profile_view *view, cli_text *out);

/** A function's name; "function 7" for one that has none. Not escaped. */
void cli_profile_name(const aether_profile *profile, uint32_t function, cli_text *out);

/** "contract", "host", "burned" or "other". */
const char *cli_profile_kind_text(aether_profile_kind kind);

#endif
