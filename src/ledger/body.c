#include "ledger/body.h"

#include <stdio.h>

#include "base/arithmetic.h"
#include "base/assert.h"
#include "crypto/hash.h"
#include "host/host.h"

static const char no_contract[] = "there is no contract at this address";
static const char no_such_code[] = "code with this hash was not uploaded";

static const ae_schedule *schedule_of(const ae_body *body) {
    return ae_runtime_schedule(body->block->runtime);
}

static aether_status end(ae_body *body, aether_receipt_outcome outcome, int32_t code) {
    body->outcome = outcome;
    body->code = code;
    if (outcome == AETHER_RECEIPT_FAILED)
        body->gas_used = body->gas_limit;
    return AETHER_OK;
}

static aether_status revert(ae_body *body, int32_t code, const char *message) {
    body->message = message;
    return end(body, AETHER_RECEIPT_REVERTED, code);
}

/* Take gas of the body. False: there is not enough, and the body has failed. */
static bool charge(ae_body *body, uint64_t gas) {
    if (gas > body->gas_limit - body->gas_used) {
        body->message = "out of gas";
        const aether_status status = end(body, AETHER_RECEIPT_FAILED, 0);
        AE_ASSERT(status == AETHER_OK);
        body->result.end = AETHER_END_OUT_OF_GAS;
        return false;
    }
    body->gas_used += gas;
    return true;
}

static bool charge_value(ae_body *body) {
    return ae_u128_is_zero(body->transaction->fields.value) ||
           charge(body, schedule_of(body)->value_transfer);
}

static aether_status find_code_record(ae_journal *journal, const aether_hash *code_hash,
    ae_code_record *out, bool *out_found, aether_error *err) {
    ae_store_key key;
    aether_bytes bytes = {0};
    ae_code_record_key_init(&key, code_hash);
    AE_TRY(ae_journal_find(journal, ae_store_key_bytes(&key), &bytes, out_found, err));
    return *out_found ? ae_code_record_decode(bytes, out, err) : AETHER_OK;
}

// The code that a transaction runs: of the contract that is called, or that it names.
static aether_status code_of(ae_journal *journal, const ae_signed_transaction *transaction,
    aether_hash *out_code_hash, bool *out_found, aether_error *err) {
    *out_found = false;
    switch (transaction->fields.kind) {
    case AETHER_TRANSACTION_UPLOAD:
    case AETHER_TRANSACTION_TRANSFER:
        break;
    case AETHER_TRANSACTION_CALL: {
        aether_account account;
        AE_TRY(ae_journal_account(journal, &transaction->fields.to, &account, out_found, err));
        *out_found = account.is_contract;
        *out_code_hash = account.code_hash;
        break;
    }
    case AETHER_TRANSACTION_DEPLOY:
    case AETHER_TRANSACTION_UPGRADE:
        *out_found = true;
        *out_code_hash = transaction->fields.code_hash;
        break;
    }
    return AETHER_OK;
}

aether_status ae_body_instantiation_gas(ae_journal *journal,
    const ae_signed_transaction *transaction, uint64_t *out_gas, aether_error *err) {
    aether_hash code_hash;
    ae_code_record record = {0};
    bool found = false;
    *out_gas = 0;
    AE_TRY(code_of(journal, transaction, &code_hash, &found, err));
    if (found)
        AE_TRY(find_code_record(journal, &code_hash, &record, &found, err));
    if (found)
        *out_gas = record.instantiation_gas;
    return AETHER_OK;
}

/* The program of code whose record is there. */
static aether_status load_program(
    ae_body *body, const aether_hash *code_hash, ae_program **out_program, aether_error *err) {
    AE_TRY(ae_modules_find(body->block->modules, code_hash, &body->state, out_program, err));
    if (*out_program == NULL)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "code that has a record is not in the store");
    return AETHER_OK;
}

static aether_status take_value(ae_body *body, aether_error *err) {
    const aether_transaction *fields = &body->transaction->fields;
    bool fits = true;
    if (ae_u128_is_zero(fields->value))
        return AETHER_OK;
    AE_TRY(ae_journal_debit(body->journal, &body->transaction->sender, fields->value, &fits, err));
    AE_ASSERT(fits); // funds were checked before the fee was taken
    return AETHER_OK;
}

/* Run an entry of a contract over what gas is left. The value is taken from the sender here and given to the
 * contract by the call. */
static aether_status run_entry(ae_body *body, ae_program *program, aether_entry entry,
    const aether_address *contract, aether_error *err) {
    const aether_transaction *fields = &body->transaction->fields;
    const uint64_t gas_limit = body->gas_limit - body->gas_used;
    const ae_message message = {.entry = entry,
        .gas_limit = gas_limit,
        .journal = body->journal,
        .context = {.self = *contract,
            .caller = body->transaction->sender,
            .value = fields->value,
            .block_number = body->block->height,
            .timestamp = body->block->time,
            .chain_id = ae_bytes(
                body->block->constitution->chain_id, body->block->constitution->chain_id_len),
            .input = fields->input}};
    AE_TRY(take_value(body, err));
    aether_error why;
    const aether_status status = ae_runtime_call(program, &message, NULL, &body->result, &why);
    if (status != AETHER_OK) // its only misuse: a value that the contract's balance has no room for
        return ae_fail(err, status == AETHER_INVALID_ARGUMENT ? AETHER_STORAGE_DAMAGED : status,
            "%s", why.message);
    body->gas_used += body->result.gas_used;
    body->return_data = body->result.return_data;
    switch (body->result.outcome) {
    case AETHER_OUTCOME_SUCCESS:
        return end(body, AETHER_RECEIPT_SUCCESS, 0);
    case AETHER_OUTCOME_REVERTED:
        return end(body, AETHER_RECEIPT_REVERTED, body->result.code);
    case AETHER_OUTCOME_FAILED:
        return end(body, AETHER_RECEIPT_FAILED, 0);
    }
    AE_UNREACHABLE();
}

static aether_status run_call(ae_body *body, aether_error *err) {
    const aether_address *to = &body->transaction->fields.to;
    aether_account account;
    bool found = false;
    ae_program *program = NULL;
    body->contract = *to;
    if (!charge_value(body))
        return AETHER_OK;
    AE_TRY(ae_journal_account(body->journal, to, &account, &found, err));
    if (!account.is_contract)
        return revert(body, AETHER_CODE_NO_CODE, no_contract);
    AE_TRY(load_program(body, &account.code_hash, &program, err));
    return run_entry(body, program, AETHER_ENTRY_EXECUTE, to, err);
}

// Give the transaction's value, which was taken from the sender, to an address.
static aether_status give_value(ae_body *body, const aether_address *to, aether_error *err) {
    const aether_u128 value = body->transaction->fields.value;
    bool fits = true;
    if (!ae_u128_is_zero(value))
        AE_TRY(ae_journal_credit(body->journal, to, value, &fits, err));
    if (!fits)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "balances sum to more than the supply");
    return end(body, AETHER_RECEIPT_SUCCESS, 0);
}

static aether_status run_transfer(ae_body *body, aether_error *err) {
    if (!charge_value(body))
        return AETHER_OK;
    AE_TRY(take_value(body, err));
    return give_value(body, &body->transaction->fields.to, err);
}

/* Write the record of the contract with the transaction's code, and run an entry of that code if it has it. */
static aether_status install(
    ae_body *body, aether_account *account, aether_entry entry, aether_error *err) {
    ae_program *program = NULL;
    account->code_hash = body->transaction->fields.code_hash;
    AE_TRY(ae_journal_set_account(body->journal, &body->contract, account, err));
    AE_TRY(load_program(body, &account->code_hash, &program, err));
    if (ae_program_has_entry(program, entry))
        return run_entry(body, program, entry, &body->contract, err);
    AE_TRY(take_value(body, err));
    return give_value(body, &body->contract, err);
}

static aether_status run_deploy(ae_body *body, aether_error *err) {
    const ae_signed_transaction *transaction = body->transaction;
    const aether_transaction *fields = &transaction->fields;
    ae_code_record record;
    aether_account account;
    bool found = false;
    aether_contract_address(
        &transaction->sender, &fields->code_hash, &fields->salt, &body->contract);
    if (!charge(body, schedule_of(body)->deploy_base) || !charge_value(body))
        return AETHER_OK;
    AE_TRY(find_code_record(body->journal, &fields->code_hash, &record, &found, err));
    if (!found)
        return revert(body, AETHER_CODE_NO_CODE, no_such_code);
    AE_TRY(ae_journal_account(body->journal, &body->contract, &account, &found, err));
    if (account.is_contract)
        return revert(body, AETHER_CODE_ADDRESS_TAKEN, "there is a contract at this address");
    account.is_contract = true; // what was sent there before stays its balance
    account.flags = fields->is_upgradable ? AETHER_ACCOUNT_UPGRADABLE : 0;
    account.owner = transaction->sender;
    return install(body, &account, AETHER_ENTRY_INIT, err);
}

static aether_status run_upgrade(ae_body *body, aether_error *err) {
    const ae_signed_transaction *transaction = body->transaction;
    ae_code_record record;
    aether_account account;
    bool found = false;
    body->contract = transaction->fields.to;
    if (!charge(body, schedule_of(body)->deploy_base))
        return AETHER_OK;
    AE_TRY(ae_journal_account(body->journal, &body->contract, &account, &found, err));
    if (!account.is_contract)
        return revert(body, AETHER_CODE_NO_CODE, no_contract);
    if ((account.flags & AETHER_ACCOUNT_UPGRADABLE) == 0)
        return revert(body, AETHER_CODE_NO_RIGHT, "the contract was not deployed upgradable");
    if (memcmp(&account.owner, &transaction->sender, sizeof account.owner) != 0)
        return revert(body, AETHER_CODE_NO_RIGHT, "the sender is not who deployed the contract");
    AE_TRY(find_code_record(body->journal, &transaction->fields.code_hash, &record, &found, err));
    if (!found)
        return revert(body, AETHER_CODE_NO_CODE, no_such_code);
    return install(body, &account, AETHER_ENTRY_MIGRATE, err);
}

static bool is_rejection(aether_status status) {
    return (int)status >= 200 && (int)status < 300;
}

// A refusal is the same on every node, but which rule it was is diagnosis.
static aether_status refuse_code(ae_body *body, const aether_error *why) {
    snprintf(body->message_text, sizeof body->message_text, "%s", why->message);
    return revert(body, AETHER_CODE_REFUSED, body->message_text);
}

/* Whether the bytes carry no more custom sections than an upload may: what would be uploaded is what was. */
static aether_status check_stripped(
    ae_body *body, const ae_module *module, bool *out_is_stripped, aether_error *err) {
    uint8_t *stripped = ae_arena_alloc(body->arena, module->bytes.len, 1);
    if (stripped == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "code of %zu bytes", module->bytes.len);
    *out_is_stripped =
        ae_bytes_equal(ae_bytes(stripped, ae_module_strip(module, stripped)), module->bytes);
    return AETHER_OK;
}

/* Everything about the code is known: pay for the compiler, compile, keep it. */
static aether_status keep_code(
    ae_body *body, const ae_module *module, const aether_hash *code_hash, aether_error *err) {
    const ae_schedule *schedule = schedule_of(body);
    const aether_bytes code = module->bytes;
    const ae_code_record record = {.len = (uint32_t)code.len,
        .instantiation_gas = ae_schedule_instantiation_gas(schedule, module)};
    if (!charge(body, ae_schedule_upload_gas(schedule, module)) ||
        !charge(body, record.instantiation_gas))
        return AETHER_OK;
    ae_program *program = NULL;
    AE_TRY(ae_program_load(body->block->runtime, code, &program, err));
    const aether_status status = ae_program_try(program, err);
    if (status == AETHER_OK)
        ae_modules_add(body->block->modules, code_hash, program);
    ae_program_destroy(program); // the module store has a share
    AE_TRY(status);
    ae_store_key key;
    uint8_t bytes[AE_CODE_RECORD_LEN];
    ae_code_record_encode(&record, bytes);
    ae_code_record_key_init(&key, code_hash);
    AE_TRY(ae_journal_write(
        body->journal, ae_store_key_bytes(&key), ae_bytes(bytes, sizeof bytes), err));
    ae_code_key_init(&key, code_hash);
    AE_TRY(ae_journal_write(body->journal, ae_store_key_bytes(&key), code, err));
    return end(body, AETHER_RECEIPT_SUCCESS, 0);
}

static aether_status run_upload(ae_body *body, aether_error *err) {
    const aether_bytes code = body->transaction->fields.code;
    ae_code_record record;
    bool found = false;
    aether_hash *code_hash = ae_arena_alloc(body->arena, sizeof *code_hash, 1);
    if (code_hash == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "the hash of uploaded code");
    aether_code_hash(code, code_hash);
    AE_TRY(find_code_record(body->journal, code_hash, &record, &found, err));
    body->return_data = ae_bytes(code_hash->bytes, AETHER_HASH_LEN);
    if (found)
        return end(body, AETHER_RECEIPT_SUCCESS, 0);
    body->return_data = (aether_bytes){0};
    if (!charge(body, ae_add_u64_saturating(schedule_of(body)->upload_base,
                          ae_mul_u64_saturating(schedule_of(body)->upload_byte, code.len))))
        return AETHER_OK;
    ae_module module;
    aether_error why;
    aether_status status = ae_module_decode(code, ae_host_import_rules(), &module, &why);
    if (is_rejection(status))
        return refuse_code(body, &why);
    if (status != AETHER_OK)
        return ae_fail(err, status, "%s", why.message);
    bool is_stripped = false;
    status = check_stripped(body, &module, &is_stripped, err);
    if (status == AETHER_OK && is_stripped)
        status = keep_code(body, &module, code_hash, err);
    else if (status == AETHER_OK)
        status = revert(body, AETHER_CODE_REFUSED,
            "code carries custom sections besides a `name` of 64 KiB and an `aether.meta` of 1 KiB");
    ae_module_deinit(&module);
    if (status == AETHER_OK && body->outcome == AETHER_RECEIPT_SUCCESS)
        body->return_data = ae_bytes(code_hash->bytes, AETHER_HASH_LEN);
    return status;
}

aether_status ae_body_run(ae_body *body, aether_error *err) {
    body->message = "";
    switch (body->transaction->fields.kind) {
    case AETHER_TRANSACTION_UPLOAD:
        return run_upload(body, err);
    case AETHER_TRANSACTION_DEPLOY:
        return run_deploy(body, err);
    case AETHER_TRANSACTION_CALL:
        return run_call(body, err);
    case AETHER_TRANSACTION_TRANSFER:
        return run_transfer(body, err);
    case AETHER_TRANSACTION_UPGRADE:
        return run_upgrade(body, err);
    }
    AE_UNREACHABLE();
}
