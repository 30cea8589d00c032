#include "sender.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "options.h"

enum {
    FAILED_GAS_MAX = 10000000,
    BLOCK_GAS_DEFAULT = 1000000000,
    KEYS_CHECKED = 8 // against the root, before each block
};

cli_sender cli_sender_default(void) {
    return (cli_sender){.home = CLI_HOME_DEFAULT, .gas_price = 1};
}

aether_status cli_sender_set(cli_sender *sender, int key, const char *value, aether_error *err) {
    switch (key) {
    case CLI_KEY_SENDER_FROM:
        sender->from = value;
        return cli_keys_check_name(value, err);
    case CLI_KEY_SENDER_GAS:
        sender->has_gas = true;
        return cli_option_u64("--gas", value, 0, &sender->gas, err);
    case CLI_KEY_SENDER_GAS_PRICE:
        return cli_option_u64("--gas-price", value, 0, &sender->gas_price, err);
    case CLI_KEY_SENDER_PASSPHRASE_FILE:
        sender->passphrase.file = value;
        return AETHER_OK;
    default:
        return cli_home_set(&sender->home, key, value, err);
    }
}

aether_status cli_sending_begin(cli_sending *sending, const cli_sender *sender, aether_error *err) {
    *sending = (cli_sending){.sender = sender};
    if (sender->from == NULL)
        return cli_fail(err, AETHER_INVALID_ARGUMENT,
            "--from NAME is missing: the key that signs; 'aether key list' shows them");
    // Where there is no chain, no passphrase is asked for; while one is typed, others may use the chain.
    aether_status status = cli_local_check(sender->home, err);
    if (status == AETHER_OK)
        status = cli_keys_read(sender->home, sender->from, &sending->key, err);
    if (status == AETHER_OK)
        status = cli_keys_unlock(&sending->key, &sender->passphrase, err);
    return status == AETHER_OK ? cli_local_open(sender->home, CLI_WRITE, &sending->local, err)
                               : status;
}

static void forget(cli_sending *sending) {
    aether_receipt_destroy(&sending->receipt);
    aether_buffer_destroy(&sending->bytes);
    sending->receipt = (aether_receipt){0};
    sending->bytes = (aether_buffer){0};
    sending->height = 0;
}

void cli_sending_end(cli_sending *sending) {
    forget(sending);
    cli_keys_wipe(&sending->key);
    cli_local_close(&sending->local);
}

static aether_bytes bytes_of(const aether_buffer *buffer) {
    return (aether_bytes){buffer->data, buffer->len};
}

static uint64_t gas_limit_for(const aether_receipt *simulated, uint64_t block_gas_max) {
    const uint64_t max = block_gas_max == 0 ? BLOCK_GAS_DEFAULT : block_gas_max;
    const uint64_t used = simulated->gas_used;
    // What failed used the block's whole gas; nobody wants to pay that.
    if (simulated->outcome == AETHER_RECEIPT_FAILED)
        return max < FAILED_GAS_MAX ? max : FAILED_GAS_MAX;
    const uint64_t more = used / 5 + (used % 5 != 0 ? 1 : 0);
    return used >= max || more > max - used ? max : used + more;
}

// Ask what the transaction would take. One that would be invalid leaves its receipt.
static aether_status choose_gas(cli_sending *sending, const aether_block_header *header,
    aether_transaction *transaction, aether_error *err) {
    const cli_local *local = &sending->local;
    transaction->gas_limit = local->head.parameters.block_gas_max;
    aether_buffer bytes = {0}; // signed, since a signature is paid for
    aether_status status = aether_transaction_encode(
        transaction, sending->key.public_key.type, sending->key.secret, &bytes, err);
    if (status != AETHER_OK)
        return status;
    aether_receipt receipt = {0};
    status = aether_chain_simulate(local->chain, header, bytes_of(&bytes), &receipt, err);
    aether_buffer_destroy(&bytes);
    if (status != AETHER_OK)
        return status;
    transaction->gas_limit = gas_limit_for(&receipt, local->head.parameters.block_gas_max);
    if (receipt.outcome == AETHER_RECEIPT_INVALID)
        sending->receipt = receipt;
    else
        aether_receipt_destroy(&receipt);
    return AETHER_OK;
}

// Make it last. The block is gone afterwards, one way or the other.
static aether_status finish(cli_sending *sending, aether_block *block,
    const aether_block_header *header, aether_error *err) {
    aether_block_result result = {0};
    aether_status status = aether_block_end(block, &result, err);
    if (status == AETHER_OK) {
        cli_transaction_record transaction = {
            .bytes = bytes_of(&sending->bytes), .kind = sending->kind, .receipt = sending->receipt};
        const cli_block_record record = {.height = header->height,
            .time = header->time,
            .root = result.batch.root,
            .results_hash = result.results_hash,
            .gas_used = result.gas_used,
            .fees = result.fees,
            .transactions = &transaction,
            .count = 1};
        status = cli_record_apply(sending->local.database, &result.batch, &record, err);
    }
    if (status != AETHER_OK) {
        aether_block_revert(block);
        return status;
    }
    aether_block_commit(block);
    aether_chain_get_head(sending->local.chain, &sending->local.head);
    sending->height = header->height;
    return AETHER_OK;
}

static aether_status execute(
    cli_sending *sending, const aether_block_header *header, aether_error *err) {
    aether_block *block = NULL;
    aether_status status = aether_block_begin(sending->local.chain, header, &block, err);
    if (status != AETHER_OK)
        return status;
    status = aether_block_execute(block, bytes_of(&sending->bytes), &sending->receipt, err);
    if (status == AETHER_OK && sending->receipt.outcome != AETHER_RECEIPT_INVALID)
        return finish(sending, block, header, err);
    aether_block_revert(block);
    return status;
}

aether_status cli_sending_seal(cli_sending *sending, aether_transaction *transaction,
    const uint64_t *gas_given, aether_error *err) {
    const aether_chain_head *head = &sending->local.head;
    const time_t now = time(NULL);
    const uint64_t time_now = now < 0 ? 0 : (uint64_t)now;
    const aether_block_header header = {.struct_size = sizeof header,
        .height = head->height + 1,
        .time = time_now > head->time ? time_now : head->time};
    const aether_store store = aether_database_store(sending->local.database);
    forget(sending);
    bool is_found = false;
    // Nothing is built on a state that is not what its root says.
    aether_status status = aether_chain_check_some(&store, &head->root, KEYS_CHECKED, err);
    if (status != AETHER_OK)
        return status;
    status = aether_chain_account(
        sending->local.chain, &sending->key.address, &sending->account, &is_found, err);
    if (status != AETHER_OK)
        return status;
    transaction->struct_size = sizeof *transaction;
    transaction->chain_id = cli_bytes_of(head->chain_id);
    transaction->nonce = sending->account.nonce;
    transaction->gas_price = sending->sender->gas_price;
    sending->kind = transaction->kind;
    if (gas_given != NULL)
        transaction->gas_limit = *gas_given;
    else
        status = choose_gas(sending, &header, transaction, err);
    sending->gas_limit = transaction->gas_limit;
    sending->value = transaction->value;
    if (status == AETHER_OK)
        status = aether_transaction_encode(
            transaction, sending->key.public_key.type, sending->key.secret, &sending->bytes, err);
    if (status != AETHER_OK || sending->receipt.outcome == AETHER_RECEIPT_INVALID)
        return status;
    return execute(sending, &header, err);
}
