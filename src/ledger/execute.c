#include "ledger/execute.h"

#include "base/alloc.h"
#include "base/arithmetic.h"
#include "base/assert.h"
#include "ledger/body.h"
#include "state/copier.h"

#define RECEIPT_CHUNK_LEN 1024
#define RECEIPT_LEN_MAX ((size_t)4 << 30)

// A transaction that was decoded, with what its checks found out.
typedef struct subject {
    ae_execution *self;
    ae_signed_transaction transaction;
    ae_journal *journal;
    aether_account sender;
    uint64_t intrinsic_gas;
    uint64_t gas_limit;
    aether_u128 fee_max;
} subject;

/* a × b in 128 bits: never too much. */
static aether_u128 multiply(uint64_t a, uint64_t b) {
    const uint64_t mask = UINT32_MAX;
    const uint64_t low = (a & mask) * (b & mask);
    const uint64_t middle = (a >> 32) * (b & mask) + (low >> 32);
    const uint64_t other = (a & mask) * (b >> 32) + (middle & mask);
    return (aether_u128){.low = (other << 32) | (low & mask),
        .high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32)};
}

static uint64_t price_of(const subject *s) {
    return s->self->block->is_simulation ? 0 : s->transaction.fields.gas_price;
}

// What the transaction costs before it runs: base, bytes, signature, instantiation of what it calls.
static aether_status find_intrinsic_gas(subject *s, size_t len, aether_error *err) {
    const ae_schedule *schedule = ae_runtime_schedule(s->self->block->runtime);
    uint64_t instantiation = 0;
    AE_TRY(ae_body_instantiation_gas(s->journal, &s->transaction, &instantiation, err));
    s->intrinsic_gas = schedule->transaction_base + schedule->transaction_byte * (uint64_t)len +
                       schedule->transaction_signature;
    s->intrinsic_gas = ae_add_u64_saturating(s->intrinsic_gas, instantiation);
    return AETHER_OK;
}

static bool can_afford(const subject *s) {
    aether_u128 total;
    return ae_add_u128(s->fee_max, s->transaction.fields.value, &total) &&
           ae_sub_u128(s->sender.balance, total, &total);
}

/* The reason of a decoded transaction's invalidity, the first of them that holds; NONE: it is valid. */
static aether_status check(
    subject *s, aether_bytes bytes, aether_invalid *out_reason, aether_error *err) {
    const ae_execution *self = s->self;
    const ae_constitution *constitution = self->block->constitution;
    const aether_transaction *fields = &s->transaction.fields;
    const bool is_simulation = self->block->is_simulation;
    bool found = false;
    *out_reason = AETHER_INVALID_SIZE;
    if (bytes.len > constitution->parameters.transaction_len_max || bytes.len > self->len_left)
        return AETHER_OK;
    *out_reason = AETHER_INVALID_CHAIN_ID;
    if (!ae_bytes_equal(
            fields->chain_id, ae_bytes(constitution->chain_id, constitution->chain_id_len)))
        return AETHER_OK;
    *out_reason = AETHER_INVALID_EXPIRY;
    if (fields->expiry_height != 0 && self->block->height > fields->expiry_height)
        return AETHER_OK;
    *out_reason = AETHER_INVALID_SIGNATURE;
    if (!is_simulation && !ae_transaction_is_signed(&s->transaction))
        return AETHER_OK;
    *out_reason = AETHER_INVALID_NONCE;
    AE_TRY(ae_journal_account(s->journal, &s->transaction.sender, &s->sender, &found, err));
    if (fields->nonce != s->sender.nonce || fields->nonce == UINT64_MAX)
        return AETHER_OK;
    *out_reason = AETHER_INVALID_INTRINSIC_GAS;
    AE_TRY(find_intrinsic_gas(s, bytes.len, err));
    s->gas_limit = is_simulation ? self->gas_left : fields->gas_limit;
    if (s->gas_limit < s->intrinsic_gas)
        return AETHER_OK;
    *out_reason = AETHER_INVALID_BLOCK_GAS;
    if (s->gas_limit > self->gas_left)
        return AETHER_OK;
    *out_reason = AETHER_INVALID_FUNDS;
    s->fee_max = multiply(s->gas_limit, price_of(s));
    if (!can_afford(s))
        return AETHER_OK;
    *out_reason = AETHER_INVALID_NONE;
    return AETHER_OK;
}

// The largest fee and the nonce, before anything runs: both stay whatever happens.
static aether_status take_fee(subject *s, aether_error *err) {
    const bool fits = ae_sub_u128(s->sender.balance, s->fee_max, &s->sender.balance);
    AE_ASSERT(fits);
    s->sender.nonce++;
    return ae_journal_set_account(s->journal, &s->transaction.sender, &s->sender, err);
}

static aether_status give_back(subject *s, uint64_t gas_used, aether_error *err) {
    aether_u128 rest;
    bool fits = true;
    s->self->fee = multiply(gas_used, price_of(s));
    const bool is_part = ae_sub_u128(s->fee_max, s->self->fee, &rest);
    AE_ASSERT(is_part);
    if (!ae_u128_is_zero(rest))
        AE_TRY(ae_journal_credit(s->journal, &s->transaction.sender, rest, &fits, err));
    return fits ? AETHER_OK
                : ae_fail(err, AETHER_STORAGE_DAMAGED, "balances sum to more than the supply");
}

static void copy_trap(ae_copier *to, const aether_trap *trap, aether_receipt *out) {
    aether_trap *copy = trap != NULL ? ae_copier_reserve(to, 1, sizeof *copy) : NULL;
    if (copy == NULL)
        return;
    *copy = *trap;
    copy->message = ae_copier_text(to, ae_bytes_of(trap->message));
    aether_frame *frames =
        trap->frame_count != 0 ? ae_copier_reserve(to, trap->frame_count, sizeof *frames) : NULL;
    for (size_t i = 0; frames != NULL && i < trap->frame_count; i++) {
        frames[i] = trap->frames[i];
        frames[i].function = ae_copier_text(to, ae_bytes_of(trap->frames[i].function));
        if (trap->frames[i].file != NULL)
            frames[i].file = ae_copier_text(to, ae_bytes_of(trap->frames[i].file));
    }
    copy->frames = frames;
    out->trap = copy;
}

// Everything that a caller keeps, in an arena of the receipt. Uploaded code stands last among the changes and is not
// repeated: who sent it has it.
static aether_status write_receipt(
    subject *s, const ae_body *body, aether_receipt *receipt, aether_error *err) {
    const char *debug_text = body->result.debug_text != NULL ? body->result.debug_text : "";
    size_t count = s->self->change_count;
    ae_copier to = {.arena = ae_alloc(1, sizeof *to.arena)};
    if (to.arena == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt");
    ae_arena_init(to.arena, RECEIPT_CHUNK_LEN, RECEIPT_LEN_MAX);
    while (count != 0 && s->self->changes[count - 1].key.data[0] >= AETHER_STORE_KIND_CODE)
        count--;
    receipt->owner = to.arena;
    receipt->end = body->result.end;
    receipt->return_data = ae_copier_bytes(&to, body->return_data);
    receipt->debug_text = ae_copier_text(&to, ae_bytes_of(debug_text));
    receipt->message = ae_copier_text(&to, ae_bytes_of(body->message));
    receipt->changes = ae_copier_changes(&to, s->self->changes, count);
    receipt->change_count = count;
    copy_trap(&to, body->result.trap, receipt);
    if (receipt->outcome == AETHER_RECEIPT_SUCCESS) {
        const aether_log *logs = NULL;
        ae_journal_events(s->journal, &logs, &receipt->log_count);
        receipt->logs = ae_copier_logs(&to, logs, receipt->log_count);
    }
    return to.is_exhausted ? ae_fail(err, AETHER_OUT_OF_MEMORY, "receipt") : AETHER_OK;
}

static aether_status run_body(
    subject *s, ae_body *body, aether_receipt *receipt, aether_error *err) {
    AE_TRY(take_fee(s, err));
    const ae_checkpoint checkpoint = ae_journal_checkpoint(s->journal);
    AE_TRY(ae_body_run(body, err));
    if (body->outcome == AETHER_RECEIPT_SUCCESS)
        ae_journal_release(s->journal, checkpoint);
    else
        ae_journal_revert_to(s->journal, checkpoint);
    receipt->outcome = body->outcome;
    receipt->code = body->code;
    receipt->gas_used = s->intrinsic_gas + body->gas_used;
    receipt->gas_limit = s->gas_limit;
    receipt->contract = body->contract;
    AE_TRY(give_back(s, receipt->gas_used, err));
    receipt->fee = s->self->fee;
    AE_TRY(ae_journal_changes(s->journal, &s->self->changes, &s->self->change_count, err));
    return write_receipt(s, body, receipt, err);
}

static aether_status run(subject *s, aether_receipt *receipt, aether_error *err) {
    ae_body body = {.block = s->self->block,
        .transaction = &s->transaction,
        .journal = s->journal,
        .state = ae_journal_view(s->journal),
        .arena = s->self->arena,
        .gas_limit = s->gas_limit - s->intrinsic_gas};
    const aether_status status = run_body(s, &body, receipt, err);
    aether_execution_result_destroy(&body.result);
    return status;
}

static aether_status execute(
    subject *s, aether_bytes bytes, aether_receipt *receipt, aether_error *err) {
    aether_error why;
    const aether_status status = ae_transaction_read(bytes, s->self->arena, &s->transaction, &why);
    if (status == AETHER_MALFORMED_TRANSACTION) {
        receipt->reason = AETHER_INVALID_ENCODING;
        aether_transaction_hash(bytes, &receipt->hash);
        return AETHER_OK;
    }
    if (status != AETHER_OK)
        return ae_fail(err, status, "%s", why.message);
    receipt->hash = s->transaction.hash;
    receipt->gas_limit = s->transaction.fields.gas_limit;
    AE_TRY(ae_journal_create_over(s->self->arena, &s->self->view, &s->journal, err));
    AE_TRY(check(s, bytes, &receipt->reason, err));
    return receipt->reason == AETHER_INVALID_NONE ? run(s, receipt, err) : AETHER_OK;
}

aether_status ae_transaction_execute(
    ae_execution *execution, aether_bytes bytes, aether_receipt *out_receipt, aether_error *err) {
    subject s = {.self = execution};
    aether_receipt receipt = {.outcome = AETHER_RECEIPT_INVALID, .debug_text = "", .message = ""};
    execution->changes = NULL;
    execution->change_count = 0;
    execution->fee = (aether_u128){0};
    const aether_status status = execute(&s, bytes, &receipt, err);
    if (status != AETHER_OK) {
        aether_receipt_destroy(&receipt);
        return status;
    }
    if (receipt.reason != AETHER_INVALID_NONE)
        receipt.message = aether_invalid_text(receipt.reason);
    *out_receipt = receipt;
    return AETHER_OK;
}
