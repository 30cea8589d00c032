/* The values of options: numbers, amounts, addresses, bytes. Each function names the option, the
 * value and the bound when it refuses. */
#ifndef AE_CLI_OPTIONS_H
#define AE_CLI_OPTIONS_H

#include <aether/contract.h>

#include "file.h"

/** Decimal digits, nothing else, in [min, 2^64 - 1]. */
AETHER_MUST_CHECK aether_status cli_option_u64(
    const char *option, const char *value, uint64_t min, uint64_t *out, aether_error *err);

/** Decimal digits, nothing else, in [0, 2^128 - 1]. */
AETHER_MUST_CHECK aether_status cli_option_u128(
    const char *option, const char *value, aether_u128 *out, aether_error *err);

/** `ae1…` (bech32m, lower case) or 0x and 64 hex digits. */
AETHER_MUST_CHECK aether_status cli_option_address(
    const char *option, const char *value, aether_address *out, aether_error *err);

/** 64 hex digits, with or without 0x. */
AETHER_MUST_CHECK aether_status cli_option_hash(
    const char *option, const char *value, aether_hash *out, aether_error *err);

/** Hex digits with or without 0x, `text:…`, or `@FILE`. */
AETHER_MUST_CHECK aether_status cli_option_bytes(
    const char *option, const char *value, cli_buffer *out, aether_error *err);

AETHER_MUST_CHECK aether_status cli_option_entry(
    const char *value, aether_entry *out, aether_error *err);
AETHER_MUST_CHECK aether_status cli_option_compiler(
    const char *value, aether_compiler *out, aether_error *err);
AETHER_MUST_CHECK aether_status cli_option_schedule(
    const char *value, aether_schedule *out, aether_error *err);

#endif
