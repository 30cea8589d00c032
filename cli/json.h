/* JSON as the command prints it: one object on one line, integers of 64 bits exact, keys in the
 * order in which they were added. Built on json-c; nothing here returns NULL. */
#ifndef AE_CLI_JSON_H
#define AE_CLI_JSON_H

#include <aether/status.h>
#include <aether/types.h>

#include <json-c/json_types.h>
#include <stdbool.h>
#include <stdint.h>

struct json_object *cli_json_object(void);
struct json_object *cli_json_array(void);
struct json_object *cli_json_u64(uint64_t value);
struct json_object *cli_json_int(int32_t value);
struct json_object *cli_json_bool(bool value);

/** Text of any origin: control characters are escaped, invalid UTF-8 becomes U+FFFD. NULL gives
 * null. */
struct json_object *cli_json_text(const char *text);

/** An amount: a string of decimal digits. */
struct json_object *cli_json_u128(aether_u128 value);

/** "0x…", lower case. */
struct json_object *cli_json_hex(aether_bytes bytes);
struct json_object *cli_json_hash(const aether_hash *hash);
struct json_object *cli_json_address(const aether_address *address);

/** {"code","name","message"} */
struct json_object *cli_json_error(const aether_error *err);

/** Add a member, or replace the one of that name where it stands; `value` NULL is null and is otherwise taken
 * over. The key is copied. */
void cli_json_set(struct json_object *object, const char *key, struct json_object *value);

/** Append an element, which is taken over. */
void cli_json_push(struct json_object *array, struct json_object *value);

/** Print the object and a line end on stdout and release it. @return as cli_print */
int cli_json_print(struct json_object *object, int status);

/** Print {"error":{…}}: what a command without an object of its own for a refusal prints. Nothing
 * for a fault. @return as cli_print */
int cli_json_print_refusal(const aether_error *err, int status);

#endif
