#include "options.h"

#include <aether/account.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "command.h"
#include "text.h"

// value := value * 10 + digit, or false if that needs more than 128 bits.
static bool push_digit(aether_u128 *value, uint32_t digit) {
    // 64 bits at a time, by halves, so that no product overflows.
    uint32_t part[4] = {(uint32_t)value->low, (uint32_t)(value->low >> 32), (uint32_t)value->high,
        (uint32_t)(value->high >> 32)};
    uint64_t carry = digit;
    for (size_t i = 0; i < 4; i++) {
        carry += (uint64_t)part[i] * 10;
        part[i] = (uint32_t)carry;
        carry >>= 32;
    }
    value->low = part[0] | (uint64_t)part[1] << 32;
    value->high = part[2] | (uint64_t)part[3] << 32;
    return carry == 0;
}

static bool parse_decimal(const char *text, aether_u128 *out) {
    aether_u128 value = {0};
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (*text < '0' || *text > '9' || !push_digit(&value, (uint32_t)(*text - '0')))
            return false;
    *out = value;
    return true;
}

aether_status cli_option_u64(
    const char *option, const char *value, uint64_t min, uint64_t *out, aether_error *err) {
    aether_u128 number = {0};
    if (!parse_decimal(value, &number) || number.high != 0 || number.low < min)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "%s '%.100s' is not a decimal number from %" PRIu64 " to 18446744073709551615", option,
            cli_quote(value).text, min);
    *out = number.low;
    return AETHER_OK;
}

aether_status cli_option_u128(
    const char *option, const char *value, aether_u128 *out, aether_error *err) {
    if (parse_decimal(value, out))
        return AETHER_OK;
    return cli_fail(err, AETHER_INVALID_ARGUMENT,
        "%s '%.100s' is not a decimal number from 0 to 340282366920938463463374607431768211455",
        option, cli_quote(value).text);
}

aether_status cli_option_address(
    const char *option, const char *value, aether_address *out, aether_error *err) {
    if (strncmp(value, "0x", 2) == 0) {
        const aether_bytes digits = cli_bytes_of(value + 2);
        if (digits.len == 2 * AETHER_ADDRESS_LEN && cli_hex_decode(digits, out->bytes))
            return AETHER_OK;
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "%s '%.100s' is not an address: 0x needs 64 hex digits after it", option,
            cli_quote(value).text);
    }
    aether_error wrong;
    if (aether_address_decode(value, out, &wrong) == AETHER_OK)
        return AETHER_OK;
    const bool has_prefix = strncmp(value, "ae1", 3) == 0;
    const char *reason = has_prefix ? wrong.message : "it starts with neither ae1 nor 0x";
    return cli_fail(err, AETHER_INVALID_ARGUMENT, "%s '%.100s' is not an address: %s", option,
        cli_quote(value).text, reason);
}

aether_status cli_option_hash(
    const char *option, const char *value, aether_hash *out, aether_error *err) {
    const aether_bytes digits = cli_bytes_of(strncmp(value, "0x", 2) == 0 ? value + 2 : value);
    if (digits.len == 2 * AETHER_HASH_LEN && cli_hex_decode(digits, out->bytes))
        return AETHER_OK;
    return cli_fail(err, AETHER_INVALID_ARGUMENT, "%s '%.100s' is not 64 hex digits", option,
        cli_quote(value).text);
}

aether_status cli_option_bytes(
    const char *option, const char *value, cli_buffer *out, aether_error *err) {
    static const char text_prefix[] = "text:";
    if (value[0] == '@')
        return cli_file_read(value + 1, CLI_FILE_LEN_MAX, out, err);
    cli_buffer buffer = {0};
    if (strncmp(value, text_prefix, sizeof text_prefix - 1) == 0) {
        const aether_bytes text = cli_bytes_of(value + sizeof text_prefix - 1);
        buffer = (cli_buffer){cli_alloc(text.len, 1), text.len};
        memcpy(buffer.data, text.data, text.len);
        *out = buffer;
        return AETHER_OK;
    }
    const aether_bytes digits = cli_bytes_of(strncmp(value, "0x", 2) == 0 ? value + 2 : value);
    buffer = (cli_buffer){cli_alloc(digits.len / 2, 1), digits.len / 2};
    if (!cli_hex_decode(digits, buffer.data)) {
        cli_buffer_deinit(&buffer);
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "%s '%.100s' is neither pairs of hex digits nor text:... nor @FILE", option,
            cli_quote(value).text);
    }
    *out = buffer;
    return AETHER_OK;
}

// A word and what it stands for.
typedef struct choice {
    const char *word;
    int value;
} choice;

static aether_status choose(
    const char *option, const char *value, const choice *choices, int *out, aether_error *err) {
    cli_text words = {0};
    for (const choice *c = choices; c->word != NULL; c++) {
        if (strcmp(c->word, value) == 0) {
            *out = c->value;
            cli_text_deinit(&words);
            return AETHER_OK;
        }
        cli_text_format(&words, "%s%s", c == choices ? "" : ", ", c->word);
    }
    const aether_status status = cli_fail(err, AETHER_INVALID_ARGUMENT, "%s '%.100s' is none of %s",
        option, cli_quote(value).text, words.data);
    cli_text_deinit(&words);
    return status;
}

aether_status cli_option_entry(const char *value, aether_entry *out, aether_error *err) {
    static const choice choices[] = {{"execute", AETHER_ENTRY_EXECUTE}, {"init", AETHER_ENTRY_INIT},
        {"query", AETHER_ENTRY_QUERY}, {"migrate", AETHER_ENTRY_MIGRATE}, {NULL, 0}};
    int chosen = 0;
    const aether_status status = choose("--entry", value, choices, &chosen, err);
    if (status == AETHER_OK)
        *out = (aether_entry)chosen;
    return status;
}

aether_status cli_option_compiler(const char *value, aether_compiler *out, aether_error *err) {
    static const choice choices[] = {{"cranelift", AETHER_COMPILER_CRANELIFT},
        {"winch", AETHER_COMPILER_WINCH}, {"pulley", AETHER_COMPILER_PULLEY}, {NULL, 0}};
    int chosen = 0;
    const aether_status status = choose("--engine", value, choices, &chosen, err);
    if (status == AETHER_OK)
        *out = (aether_compiler)chosen;
    return status;
}

aether_status cli_option_schedule(const char *value, aether_schedule *out, aether_error *err) {
    static const choice choices[] = {
        {"v1", AETHER_SCHEDULE_V1}, {"unit", AETHER_SCHEDULE_UNIT}, {NULL, 0}};
    int chosen = 0;
    const aether_status status = choose("--schedule", value, choices, &chosen, err);
    if (status == AETHER_OK)
        *out = (aether_schedule)chosen;
    return status;
}
