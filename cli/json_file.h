/* JSON that somebody wrote, read strictly: no member twice, none that isn't known, integers of 64 bits exact,
 * no floating point. Every refusal names the file, and the member where it is about one. */
#ifndef AE_CLI_JSON_FILE_H
#define AE_CLI_JSON_FILE_H

#include <aether/types.h>

#include <json-c/json_types.h>

#include "file.h"

/** Parses a text that must be one object.
 *  @param what  for messages, for example "genesis file"
 *  @return OK, and the caller releases the object; INVALID_ARGUMENT: not JSON, not an object, a NUL character */
AETHER_MUST_CHECK aether_status cli_json_parse(const char *what, const char *path,
    aether_bytes text, struct json_object **out_object, aether_error *err);

/** An object, and where it was read from. The first mistake is kept; later calls do nothing and return zeros. */
typedef struct cli_json_reader {
    const char *what;
    const char *path;
    struct json_object *object;
    aether_status status; /**< of the first mistake */
    aether_error *err;
} cli_json_reader;

/** As cli_json_parse, and refuses a member that is there twice. */
AETHER_MUST_CHECK aether_status cli_json_open(const char *what, const char *path, aether_bytes text,
    cli_json_reader *out_reader, aether_error *err);

/** Release the object that cli_json_open made. */
void cli_json_close(cli_json_reader *reader);

/** A member that is an object; read it while the reader lives. */
cli_json_reader cli_json_enter(cli_json_reader *reader, const char *name);

/** The first mistake below counts as one of the reader. */
void cli_json_leave(cli_json_reader *reader, const cli_json_reader *inner);

/** Refuse members that are none of these; `names` ends with NULL. */
void cli_json_only(cli_json_reader *reader, const char *const *names);

bool cli_json_has(const cli_json_reader *reader, const char *name);

/** Never NULL. Borrowed from the object. */
const char *cli_json_read_text(cli_json_reader *reader, const char *name);

/** An integer in [0, max]. */
uint64_t cli_json_read_u64(cli_json_reader *reader, const char *name, uint64_t max);

/** A string of decimal digits. */
aether_u128 cli_json_read_u128(cli_json_reader *reader, const char *name);

/** 0x and exactly 2 × len digits. */
void cli_json_read_hex(cli_json_reader *reader, const char *name, uint8_t *out, size_t len);

/** 0x and any even number of digits, or null where `out_found` is given. The caller releases the bytes. */
cli_buffer cli_json_read_bytes(cli_json_reader *reader, const char *name, bool *out_found);

/** `ae1…` or 0x and 64 digits. */
aether_address cli_json_read_address(cli_json_reader *reader, const char *name);

/** An array, or NULL. */
struct json_object *cli_json_read_array(cli_json_reader *reader, const char *name);

/** Note a mistake about a member, if it is the first. */
void cli_json_mistake(cli_json_reader *reader, const char *name, const char *reason);

#endif
