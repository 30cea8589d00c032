// What came of a transaction, for a program and for people.
#include <inttypes.h>
#include <json-c/json_object.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "receipt.h"
#include "request.h"
#include "sender.h"

enum { KEY_PREFIX_LEN = 1 + AETHER_ADDRESS_LEN };

// A receipt as the result of a run, whose words it shares. Borrowed from the receipt.
static aether_execution_result result_of(const aether_receipt *receipt) {
    aether_execution_result result = {
        .success = receipt->outcome == AETHER_RECEIPT_SUCCESS,
        .code = receipt->outcome == AETHER_RECEIPT_REVERTED ? receipt->code : 0,
        .gas_used = receipt->gas_used,
        .gas_limit = receipt->gas_limit,
        .return_data = receipt->return_data,
        .logs = receipt->logs,
        .log_count = receipt->log_count,
        .changes = receipt->changes,
        .change_count = receipt->change_count,
        .end = receipt->end,
        .trap = receipt->trap,
        .debug_text = receipt->debug_text,
    };
    if (receipt->outcome == AETHER_RECEIPT_REVERTED)
        result.outcome = AETHER_OUTCOME_REVERTED;
    else if (!result.success)
        result.outcome = AETHER_OUTCOME_FAILED;
    return result;
}

// The keys of the called contract that it changed; removed ones are null.
static struct json_object *changes_json(const aether_receipt *receipt) {
    struct json_object *object = cli_json_object();
    for (size_t i = 0; i < receipt->change_count; i++) {
        const aether_change *change = &receipt->changes[i];
        if (change->key.len <= KEY_PREFIX_LEN || change->key.data[0] != AETHER_STORE_KIND_STORAGE ||
            memcmp(change->key.data + 1, receipt->contract.bytes, AETHER_ADDRESS_LEN) != 0)
            continue;
        cli_text name = {0};
        cli_text_hex(&name,
            (aether_bytes){change->key.data + KEY_PREFIX_LEN, change->key.len - KEY_PREFIX_LEN});
        cli_json_set(object, name.data, change->is_removed ? NULL : cli_json_hex(change->value));
        cli_text_deinit(&name);
    }
    return object;
}

// What the ledger itself found wrong, as an error: upload, address, right.
static bool error_of(const aether_receipt *receipt, aether_error *out) {
    const bool has_message = receipt->message != NULL && receipt->message[0] != '\0';
    if (receipt->outcome == AETHER_RECEIPT_SUCCESS || !has_message)
        return false;
    aether_status status = AETHER_INVALID_ARGUMENT;
    if (receipt->code == AETHER_CODE_REFUSED)
        status = AETHER_INVALID_MODULE;
    else if (receipt->code == AETHER_CODE_NO_CODE)
        status = AETHER_MISSING_ENTRY;
    const aether_status filled = cli_fail(out, status, "%s", receipt->message);
    (void)filled;
    return true;
}

// What the sender can do about it, where that is more than the reason says.
static void add_reason(const cli_sending *sending, cli_text *out) {
    const aether_receipt *receipt = &sending->receipt;
    switch (receipt->reason) {
    case AETHER_INVALID_FUNDS:
        cli_text_format(out, "balance ");
        cli_text_u128(out, sending->account.balance);
        cli_text_format(out,
            " of '%s' is below gas limit %" PRIu64 " times price %" PRIu64 " plus value ",
            sending->key.name, sending->gas_limit, sending->sender->gas_price);
        cli_text_u128(out, sending->value);
        return;
    case AETHER_INVALID_INTRINSIC_GAS:
        cli_text_format(out,
            "gas limit %" PRIu64
            " is below what it costs before it runs; without --gas that is found out",
            sending->gas_limit);
        return;
    case AETHER_INVALID_BLOCK_GAS:
        cli_text_format(out, "gas limit %" PRIu64 " is above what a block may have, %" PRIu64,
            sending->gas_limit, sending->local.head.parameters.block_gas_max);
        return;
    case AETHER_INVALID_NONE:
    case AETHER_INVALID_ENCODING:
    case AETHER_INVALID_SIZE:
    case AETHER_INVALID_CHAIN_ID:
    case AETHER_INVALID_EXPIRY:
    case AETHER_INVALID_SIGNATURE:
    case AETHER_INVALID_NONCE:
        break;
    }
    cli_text_format(out, "%s",
        receipt->message != NULL && receipt->message[0] != '\0'
            ? receipt->message
            : aether_invalid_text(receipt->reason));
}

// The error of a transaction that is in no block.
static void describe_invalid(const cli_sending *sending, aether_error *out) {
    const aether_invalid reason = sending->receipt.reason;
    aether_status status = AETHER_INVALID_ARGUMENT;
    if (reason == AETHER_INVALID_ENCODING || reason == AETHER_INVALID_SIGNATURE)
        status = AETHER_MALFORMED_TRANSACTION;
    else if (reason == AETHER_INVALID_SIZE || reason == AETHER_INVALID_BLOCK_GAS)
        status = AETHER_LIMIT_EXCEEDED;
    cli_text text = {0};
    add_reason(sending, &text);
    const aether_status filled = cli_fail(out, status, "the transaction is invalid: %s", text.data);
    (void)filled;
    cli_text_deinit(&text);
}

static void add_place(struct json_object *object, const aether_receipt *receipt,
    aether_transaction_kind kind, uint64_t height) {
    const bool is_in_block = height != 0;
    cli_json_set(object, "hash", is_in_block ? cli_json_hash(&receipt->hash) : NULL);
    cli_json_set(object, "height", is_in_block ? cli_json_u64(height) : NULL);
    cli_json_set(object, "fee", cli_json_u128(receipt->fee));
    if (kind == AETHER_TRANSACTION_DEPLOY)
        cli_json_set(object, "address",
            receipt->outcome == AETHER_RECEIPT_SUCCESS && is_in_block
                ? cli_json_address(&receipt->contract)
                : NULL);
}

static int print_json(
    const aether_receipt *receipt, aether_transaction_kind kind, uint64_t height, int status) {
    const aether_execution_result result = result_of(receipt);
    struct json_object *object = cli_receipt_json(&result, changes_json(receipt));
    aether_error error;
    if (error_of(receipt, &error))
        cli_json_set(object, "error", cli_json_error(&error));
    add_place(object, receipt, kind, height);
    return cli_json_print(object, status);
}

static int print_text(
    const aether_receipt *receipt, aether_transaction_kind kind, uint64_t height, int status) {
    const aether_execution_result result = result_of(receipt);
    cli_text text = {0};
    cli_receipt_text(&result, &receipt->contract, cli_stdout_wants_colour(), &text);
    aether_error error;
    if (error_of(receipt, &error)) {
        cli_text_format(&text, "reason   ");
        cli_text_escaped(&text, cli_bytes_of(error.message));
        cli_text_add(&text, "\n", 1);
    }
    cli_text_format(&text, "fee      ");
    cli_text_u128(&text, receipt->fee);
    cli_text_format(&text, "\nblock    %" PRIu64 "\nhash     ", height);
    cli_text_hex(&text, (aether_bytes){receipt->hash.bytes, AETHER_HASH_LEN});
    cli_text_add(&text, "\n", 1);
    if (kind == AETHER_TRANSACTION_DEPLOY && receipt->outcome == AETHER_RECEIPT_SUCCESS) {
        char address[AETHER_ADDRESS_TEXT_LEN + 1];
        aether_address_encode(&receipt->contract, address);
        cli_text_format(&text, "contract %s\n", address);
    }
    const int printed = cli_print(text.data, text.len, status);
    cli_text_deinit(&text);
    return printed;
}

int cli_sent_print(const cli_transaction_record *transaction, uint64_t height, bool is_json) {
    return is_json ? print_json(&transaction->receipt, transaction->kind, height, CLI_EXIT_OK)
                   : print_text(&transaction->receipt, transaction->kind, height, CLI_EXIT_OK);
}

static int print_refusal(uint64_t gas_limit, aether_transaction_kind kind, const cli_syntax *syntax,
    bool is_json, const aether_error *err) {
    const int status = cli_report(syntax->name, NULL, err);
    if (status == CLI_EXIT_FAULT || !is_json)
        return status;
    const aether_receipt nothing = {0};
    struct json_object *object = cli_receipt_json_refused(gas_limit, err);
    add_place(object, &nothing, kind, 0);
    return cli_json_print(object, status);
}

int cli_sending_print(const cli_sending *sending, const cli_syntax *syntax, bool is_json) {
    const aether_receipt *receipt = &sending->receipt;
    if (receipt->outcome == AETHER_RECEIPT_INVALID) {
        aether_error err;
        describe_invalid(sending, &err);
        return print_refusal(sending->gas_limit, sending->kind, syntax, is_json, &err);
    }
    const aether_execution_result result = result_of(receipt);
    cli_print_debug_text(&result);
    const int status = receipt->outcome == AETHER_RECEIPT_SUCCESS ? CLI_EXIT_OK : CLI_EXIT_FAILED;
    return is_json ? print_json(receipt, sending->kind, sending->height, status)
                   : print_text(receipt, sending->kind, sending->height, status);
}

int cli_sending_refuse(const cli_sender *sender, const cli_syntax *syntax,
    aether_transaction_kind kind, bool is_json, const aether_error *err) {
    return print_refusal(sender->has_gas ? sender->gas : 0, kind, syntax, is_json, err);
}
