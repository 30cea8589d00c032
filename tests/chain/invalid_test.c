/* Transactions that are invalid: the reason is told by number, the first that holds; nothing changes and nothing is
 * paid. Names that begin with h1 to h3 and d6 are the rows of the threat list.
 * Method: blocks over a memory store through the public ABI; digests of everything that is stored. */
#include "plan.h"
#include "world.h"

#include "base/alloc.h"

static aether_error err;

#define BLOCK_GAS 40000000u
#define TRANSACTION_LEN 2000u
#define INTRINSIC_LEAST 375000u /* of schedule v1, before bytes and instantiation */

static aether_bytes view_of(const aether_buffer *buffer) {
    return (aether_bytes){.data = buffer->data, .len = buffer->len};
}

/* The receipt of an invalid transaction carries its reason and nothing else. */
static void check_invalid(aether_receipt *r, aether_invalid reason) {
    CHECK_U64(r->reason, reason);
    CHECK_U64(r->outcome, AETHER_RECEIPT_INVALID);
    CHECK_U64(r->gas_used, 0);
    CHECK_U64(r->fee.low | r->fee.high, 0);
    CHECK_U64(r->change_count, 0);
    CHECK_U64(r->log_count, 0);
    CHECK_U64(r->return_data.len, 0);
    CHECK_TEXT(r->message, aether_invalid_text(reason));
    aether_receipt_destroy(r);
}

static void check_success(aether_receipt *r) {
    if (r->outcome != AETHER_RECEIPT_SUCCESS)
        test_fail(__FILE__, __LINE__, "outcome %d, reason %d: %s", (int)r->outcome, (int)r->reason,
            r->message);
    aether_receipt_destroy(r);
}

static aether_transaction transfer(world *w, int from, int to, uint64_t value) {
    aether_transaction t = world_transaction(w, from, AETHER_TRANSACTION_TRANSFER);
    t.to = w->addresses[to];
    t.value.low = value;
    t.gas_limit = 1000000;
    return t;
}

/* The subject: a call that is valid but for what is asked for. */
typedef struct defects {
    bool has[AETHER_INVALID_FUNDS + 1];
} defects;

static aether_receipt run_with(world *w, const aether_address *contract, const defects *d) {
    static const uint8_t zeros[TRANSACTION_LEN];
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = *contract;
    t.gas_limit = 3000000;
    if (d->has[AETHER_INVALID_BLOCK_GAS]) {
        // Use the block's gas up but for less than any transaction costs.
        aether_transaction filler = world_transaction(w, BOB, AETHER_TRANSACTION_CALL);
        plan forever = {0};
        plan_add(&forever, PLAN_LOOP, (aether_bytes){0});
        filler.to = *contract;
        filler.input = plan_bytes(&forever);
        filler.gas_limit = BLOCK_GAS - INTRINSIC_LEAST / 2;
        aether_receipt r = world_run(w, BOB, &filler);
        CHECK_U64(r.gas_used, filler.gas_limit);
        aether_receipt_destroy(&r);
    }
    if (d->has[AETHER_INVALID_SIZE])
        t.input = (aether_bytes){.data = zeros, .len = sizeof zeros};
    if (d->has[AETHER_INVALID_CHAIN_ID])
        t.chain_id = bytes_of("Test");
    if (d->has[AETHER_INVALID_EXPIRY])
        t.expiry_height = world_head(w).height;
    if (d->has[AETHER_INVALID_NONCE])
        t.nonce++;
    if (d->has[AETHER_INVALID_INTRINSIC_GAS])
        t.gas_limit = INTRINSIC_LEAST - 1;
    if (d->has[AETHER_INVALID_FUNDS])
        t.gas_price = WORLD_FUNDS;
    aether_buffer bytes = world_sign(w, ALICE, &t);
    if (d->has[AETHER_INVALID_SIGNATURE])
        bytes.data[bytes.len - 1] ^= 0x01;
    if (d->has[AETHER_INVALID_ENCODING])
        bytes.data[bytes.len - AETHER_SIGNATURE_LEN - 2] ^= 0x80;
    const aether_receipt r = world_execute(w, view_of(&bytes));
    aether_buffer_destroy(&bytes);
    return r;
}

static void start(world *w, aether_address *out_contract) {
    char text[PLAN_TEXT_LEN_MAX];
    plan_text(1, true, text);
    // Uploading costs more than the blocks of these tests may use.
    world_start(w, &(world_options){.block_gas_max = BLOCK_GAS * 20});
    *out_contract = world_deploy(w, text, 1);
}

/* Blocks and transactions of this chain are small: its parameters are put into the store by hand. */
static void shrink(world *w) {
    uint8_t record[200];
    static const uint8_t key[] = "\x04parameters";
    aether_bytes value = {0};
    bool found = false;
    const aether_bytes key_bytes = {.data = key, .len = sizeof key - 1};
    CHECK_OK(w->store.get(w->store.user, key_bytes, &value, &found, &err));
    CHECK(found && value.len < sizeof record);
    memcpy(record, value.data, value.len);
    for (int i = 0; i < 8; i++)
        record[5 + i] = (uint8_t)((uint64_t)BLOCK_GAS >> 8 * i);
    for (int i = 0; i < 4; i++)
        record[13 + i] = (uint8_t)(TRANSACTION_LEN >> 8 * i);
    const aether_change change = {
        .key = key_bytes, .value = (aether_bytes){.data = record, .len = value.len}};
    CHECK_OK(aether_memory_store_apply(w->memory, &change, 1, &err));
    CHECK_OK(aether_chain_reopen(w->chain, &err));
    CHECK_U64(world_head(w).parameters.block_gas_max, BLOCK_GAS);
    CHECK_U64(world_head(w).parameters.transaction_len_max, TRANSACTION_LEN);
}

static void each_reason_has_its_number_and_the_first_of_two_is_told(void) {
    world w;
    aether_address contract;
    start(&w, &contract);
    shrink(&w);
    const aether_hash before = world_digest(&w);
    for (int first = 0; first <= AETHER_INVALID_FUNDS; first++)
        for (int second = first; second <= AETHER_INVALID_FUNDS; second++) {
            defects d = {0};
            d.has[first] = d.has[second] = true;
            world_begin(&w);
            aether_receipt r = run_with(&w, &contract, &d);
            if (second == AETHER_INVALID_NONE)
                check_success(&r);
            else
                check_invalid(&r, first != 0 ? (aether_invalid)first : (aether_invalid)second);
            aether_block_revert(w.block);
            w.block = NULL;
        }
    const defects all = {{false, true, true, true, true, true, true, true, true, true}};
    for (int first = 1; first <= AETHER_INVALID_FUNDS; first++) {
        defects d = all;
        memset(d.has, false, (size_t)first * sizeof d.has[0]);
        world_begin(&w);
        aether_receipt r = run_with(&w, &contract, &d);
        check_invalid(&r, (aether_invalid)first);
        aether_block_revert(w.block);
        w.block = NULL;
    }
    const aether_hash after = world_digest(&w);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    world_end(&w);
}

/* A block of nothing but invalid transactions moves height and time and no record. */
static void invalid_transactions_change_no_record(void) {
    world w;
    aether_address contract;
    start(&w, &contract);
    const aether_chain_head before = world_head(&w);
    world_begin(&w);
    for (int reason = 1; reason <= AETHER_INVALID_FUNDS; reason++) {
        defects d = {0};
        if (reason == AETHER_INVALID_SIZE || reason == AETHER_INVALID_BLOCK_GAS)
            continue;
        d.has[reason] = true;
        aether_receipt r = run_with(&w, &contract, &d);
        check_invalid(&r, (aether_invalid)reason);
    }
    const aether_block_result result = world_commit(&w);
    CHECK_U64(result.transaction_count, 7);
    CHECK_U64(result.gas_used, 0);
    CHECK_U64(result.fees.low | result.fees.high, 0);
    const aether_chain_head after = world_head(&w);
    CHECK(memcmp(&before.root, &after.root, sizeof before.root) == 0);
    CHECK_U64(after.height, before.height + 1);
    aether_check_report report;
    CHECK_OK(aether_chain_check(&w.store, NULL, NULL, &report, &err));
    world_end(&w);
}

static void empty_block_moves_height_and_time_only(void) {
    world w;
    world_start(&w, NULL);
    const aether_chain_head before = world_head(&w);
    world_begin(&w);
    const aether_block_result result = world_commit(&w);
    CHECK_U64(result.transaction_count, 0);
    const aether_chain_head after = world_head(&w);
    CHECK(memcmp(&before.root, &after.root, sizeof before.root) == 0);
    CHECK_U64(after.height, 1);
    CHECK_U64(after.time, before.time + 5);
    world_undo(&w);
    CHECK_U64(world_head(&w).time, before.time);
    world_end(&w);
}

static void block_gas_is_lessened_by_what_was_used(void) {
    world w;
    world_start(&w, &(world_options){.block_gas_max = 2000000});
    world_begin(&w);
    aether_transaction t = transfer(&w, ALICE, BOB, 1);
    t.gas_limit = 2000000;
    aether_receipt r = world_run(&w, ALICE, &t);
    const uint64_t left = 2000000 - r.gas_used;
    CHECK(left > 1000000);
    check_success(&r);
    t = transfer(&w, BOB, ALICE, 1);
    t.gas_limit = left + 1;
    r = world_run(&w, BOB, &t);
    check_invalid(&r, AETHER_INVALID_BLOCK_GAS);
    t.gas_limit = left;
    r = world_run(&w, BOB, &t);
    check_success(&r);
    world_commit(&w);
    world_end(&w);
}

/* A transaction of as many bytes as asked for: a call of nobody with an input. */
static aether_buffer sign_of_len(world *w, int key, uint64_t nonce, size_t len) {
    static const uint8_t zeros[8192];
    aether_transaction t = world_transaction(w, key, AETHER_TRANSACTION_CALL);
    t.nonce = nonce;
    t.gas_limit = 10000000;
    for (size_t input_len = len - 300;; input_len++) {
        CHECK(input_len < sizeof zeros);
        t.input = (aether_bytes){.data = zeros, .len = input_len};
        aether_buffer bytes = world_sign(w, key, &t);
        if (bytes.len == len)
            return bytes;
        CHECK(bytes.len < len);
        aether_buffer_destroy(&bytes);
    }
}

static void bytes_of_transactions_and_blocks_have_their_limits(void) {
    world w;
    world_start(&w, &(world_options){.transaction_len_max = 2000, .block_len_max = 5000});
    world_begin(&w);
    static const struct {
        size_t len;
        aether_invalid reason;
    } rows[] = {{2000, AETHER_INVALID_NONE}, {2001, AETHER_INVALID_SIZE},
        {999, AETHER_INVALID_NONE}}; // 5,000 in all: also what is invalid takes room
    uint64_t nonce = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aether_buffer bytes = sign_of_len(&w, ALICE, nonce, rows[i].len);
        aether_receipt r = world_execute(&w, view_of(&bytes));
        CHECK_U64(r.reason, rows[i].reason);
        nonce += r.reason == AETHER_INVALID_NONE;
        aether_receipt_destroy(&r);
        aether_buffer_destroy(&bytes);
    }
    aether_transaction t = transfer(&w, BOB, ALICE, 1);
    aether_receipt r = world_run(&w, BOB, &t);
    check_invalid(&r, AETHER_INVALID_SIZE);
    world_commit(&w);
    r = world_seal(&w, BOB, &t);
    check_success(&r);
    // One byte less than the block has left, and one more than that.
    world_begin(&w);
    nonce = world_account(&w, &w.addresses[ALICE]).nonce;
    for (int i = 0; i < 2; i++) {
        aether_buffer bytes = sign_of_len(&w, ALICE, nonce++, 2000);
        r = world_execute(&w, view_of(&bytes));
        CHECK_U64(r.reason, AETHER_INVALID_NONE);
        aether_receipt_destroy(&r);
        aether_buffer_destroy(&bytes);
    }
    aether_buffer bytes = sign_of_len(&w, ALICE, nonce, 1001);
    r = world_execute(&w, view_of(&bytes));
    check_invalid(&r, AETHER_INVALID_SIZE);
    aether_buffer_destroy(&bytes);
    world_commit(&w);
    world_end(&w);
}

/* Whether bytes are executed as anything but invalid. */
static bool is_valid(world *w, aether_bytes bytes) {
    aether_receipt r = world_execute(w, bytes);
    const bool valid = r.outcome != AETHER_RECEIPT_INVALID;
    if (valid)
        aether_receipt_destroy(&r);
    else {
        CHECK(r.reason >= AETHER_INVALID_ENCODING && r.reason <= AETHER_INVALID_FUNDS);
        const aether_invalid reason = r.reason;
        check_invalid(&r, reason);
    }
    return valid;
}

static aether_transaction sample(world *w, int key, aether_transaction_kind kind) {
    static const uint8_t code[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    aether_transaction t = world_transaction(w, key, kind);
    t.expiry_height = 300;
    if (kind == AETHER_TRANSACTION_UPLOAD)
        t.code = (aether_bytes){.data = code, .len = sizeof code};
    else if (kind != AETHER_TRANSACTION_TRANSFER)
        t.input = bytes_of("input");
    if (kind != AETHER_TRANSACTION_UPLOAD && kind != AETHER_TRANSACTION_UPGRADE)
        t.value.low = 3;
    t.is_upgradable = kind == AETHER_TRANSACTION_DEPLOY;
    return t;
}

static void h1_truncated_or_flipped_transaction_is_invalid(void) {
    world w;
    uint64_t tried = 0;
    world_start(&w, &(world_options){.block_len_max = 64u << 20});
    const aether_hash before = world_digest(&w);
    for (int kind = AETHER_TRANSACTION_UPLOAD; kind <= AETHER_TRANSACTION_UPGRADE; kind++)
        for (int key = ALICE; key <= BOB; key++) { // both types of keys
            const aether_transaction t = sample(&w, key, (aether_transaction_kind)kind);
            aether_buffer bytes = world_sign(&w, key, &t);
            world_begin(&w);
            for (size_t len = 0; len < bytes.len; len++, tried++)
                CHECK(!is_valid(&w, (aether_bytes){.data = bytes.data, .len = len}));
            for (size_t bit = 0; bit < 8 * bytes.len; bit++, tried++) {
                bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                CHECK(!is_valid(&w, view_of(&bytes)));
                bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
            CHECK(is_valid(&w, view_of(&bytes)));
            aether_block_revert(w.block);
            w.block = NULL;
            aether_buffer_destroy(&bytes);
        }
    const aether_hash after = world_digest(&w);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK(tried > 10000);
    world_end(&w);
}

/* Several random bytes set, cut out, doubled; and bytes that are nothing. */
static void h1_random_bytes_are_invalid(void) {
    world w;
    uint64_t random = test_seed();
    world_start(&w, &(world_options){.block_len_max = 64u << 20});
    const aether_transaction t = sample(&w, ALICE, AETHER_TRANSACTION_CALL);
    aether_buffer bytes = world_sign(&w, ALICE, &t);
    world_begin(&w);
    for (int i = 0; i < 20000; i++) {
        uint8_t copy[1024];
        size_t len = bytes.len;
        memcpy(copy, bytes.data, len);
        const size_t at = test_random(&random) % len, count = test_random(&random) % (len - at);
        switch (test_random(&random) % 4) {
        case 0:
            for (size_t j = 0; j < 1 + count % 4; j++)
                copy[test_random(&random) % len] = (uint8_t)test_random(&random);
            break;
        case 1:
            memmove(copy + at, copy + at + count, len - at - count);
            len -= count;
            break;
        case 2:
            memmove(copy + at + count, copy + at, len - at);
            len += count;
            break;
        default:
            len = test_random(&random) % 300;
            for (size_t j = 0; j < len; j++)
                copy[j] = (uint8_t)test_random(&random);
        }
        if (len != bytes.len || memcmp(copy, bytes.data, len) != 0)
            CHECK(!is_valid(&w, (aether_bytes){.data = copy, .len = len}));
    }
    CHECK(is_valid(&w, view_of(&bytes)));
    CHECK(!is_valid(&w, (aether_bytes){0}));
    aether_buffer_destroy(&bytes);
    world_end(&w);
}

static void unsigned_transaction_is_invalid_in_a_block(void) {
    world w;
    aether_buffer bytes;
    world_start(&w, NULL);
    aether_transaction t = transfer(&w, ALICE, BOB, 1);
    CHECK_OK(aether_key_public(w.types[ALICE], w.secrets[ALICE], &t.key, &err));
    CHECK_OK(aether_transaction_encode(&t, t.key.type, NULL, &bytes, &err));
    world_begin(&w);
    aether_receipt r = world_execute(&w, view_of(&bytes));
    check_invalid(&r, AETHER_INVALID_SIGNATURE);
    aether_buffer_destroy(&bytes);
    world_end(&w);
}

static void h2_transaction_is_executed_once(void) {
    world w, other;
    world_start(&w, NULL);
    world_start(&other, &(world_options){.chain_id = "tesu"});
    const aether_transaction t = transfer(&w, ALICE, BOB, 7);
    aether_buffer bytes = world_sign(&w, ALICE, &t);
    world_begin(&w);
    aether_receipt r = world_execute(&w, view_of(&bytes));
    check_success(&r);
    r = world_execute(&w, view_of(&bytes)); // the same block
    check_invalid(&r, AETHER_INVALID_NONCE);
    world_commit(&w);
    world_begin(&w);
    r = world_execute(&w, view_of(&bytes)); // another block
    check_invalid(&r, AETHER_INVALID_NONCE);
    world_commit(&w);
    CHECK_U64(world_account(&w, &w.addresses[BOB]).balance.low, WORLD_FUNDS + 7);
    world_begin(&other); // another chain
    r = world_execute(&other, view_of(&bytes));
    check_invalid(&r, AETHER_INVALID_CHAIN_ID);
    aether_buffer_destroy(&bytes);
    world_end(&w);
    world_end(&other);
}

static void h2_same_block_twice_is_all_nonces(void) {
    world w;
    aether_buffer bytes[3];
    world_start(&w, NULL);
    for (int round = 0; round < 2; round++) {
        const aether_hash root = world_head(&w).root;
        world_begin(&w);
        for (unsigned i = 0; i < 3; i++) {
            if (round == 0) {
                aether_transaction t = transfer(&w, ALICE, BOB, 7);
                t.nonce = i;
                bytes[i] = world_sign(&w, ALICE, &t);
            }
            aether_receipt r = world_execute(&w, view_of(&bytes[i]));
            if (round == 0)
                check_success(&r);
            else
                check_invalid(&r, AETHER_INVALID_NONCE);
        }
        world_commit(&w);
        const aether_hash after = world_head(&w).root;
        CHECK_U64(memcmp(&root, &after, sizeof root) == 0, round == 1);
    }
    for (unsigned i = 0; i < 3; i++)
        aether_buffer_destroy(&bytes[i]);
    world_end(&w);
}

static void set_nonce(world *w, int key, uint64_t nonce) {
    uint8_t store_key[33], record[AETHER_CONTRACT_ACCOUNT_LEN];
    const aether_account account = {.balance.low = WORLD_FUNDS, .nonce = nonce};
    const aether_change change = {
        .key = {.data = store_key, .len = aether_account_key_encode(&w->addresses[key], store_key)},
        .value = {.data = record, .len = aether_account_encode(&account, record)}};
    CHECK_OK(aether_memory_store_apply(w->memory, &change, 1, &err));
}

static void h2_nonce_has_no_gaps_and_an_end(void) {
    world w;
    world_start(&w, NULL);
    aether_transaction t = transfer(&w, ALICE, BOB, 1);
    static const uint64_t wrong[] = {1, 2, UINT64_MAX - 1, UINT64_MAX};
    world_begin(&w);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        t.nonce = wrong[i];
        aether_receipt r = world_run(&w, ALICE, &t);
        check_invalid(&r, AETHER_INVALID_NONCE);
    }
    aether_block_revert(w.block);
    w.block = NULL;
    set_nonce(&w, ALICE, UINT64_MAX - 1); // by hand: nobody gets there
    t = transfer(&w, ALICE, BOB, 1);
    aether_receipt r = world_seal(&w, ALICE, &t);
    check_success(&r);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).nonce, UINT64_MAX);
    t.nonce = UINT64_MAX; // the last one is never used: it would begin anew
    r = world_seal(&w, ALICE, &t);
    check_invalid(&r, AETHER_INVALID_NONCE);
    world_end(&w);
}

static void h2_expiry_is_the_last_block_that_may_hold_it(void) {
    world w;
    world_start(&w, NULL);
    for (int i = 0; i < 3; i++) {
        world_begin(&w);
        world_commit(&w);
    }
    static const struct {
        uint64_t expiry;
        aether_invalid reason;
    } rows[] = {{1, AETHER_INVALID_EXPIRY}, {3, AETHER_INVALID_EXPIRY}, {4, AETHER_INVALID_NONE},
        {5, AETHER_INVALID_NONE}, {0, AETHER_INVALID_NONE}, {UINT64_MAX, AETHER_INVALID_NONE}};
    world_begin(&w); // block 4
    aether_transaction t = transfer(&w, ALICE, BOB, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        t.expiry_height = rows[i].expiry;
        aether_receipt r = world_run(&w, ALICE, &t);
        CHECK_U64(r.reason, rows[i].reason);
        t.nonce += r.outcome == AETHER_RECEIPT_SUCCESS;
        aether_receipt_destroy(&r);
    }
    world_end(&w);
}

static void h3_balance_must_cover_the_largest_fee(void) {
    for (uint64_t less = 0; less < 2; less++) {
        world w;
        world_start(&w, &(world_options){.alice.low = 3 * 1000000 - less});
        aether_transaction t = transfer(&w, ALICE, BOB, 0);
        t.gas_price = 3;
        aether_receipt r = world_seal(&w, ALICE, &t);
        if (less == 0)
            check_success(&r);
        else
            check_invalid(&r, AETHER_INVALID_FUNDS);
        world_end(&w);
    }
}

static void h3_value_adds_to_the_fee(void) {
    for (uint64_t less = 0; less < 2; less++) {
        world w;
        world_start(&w, &(world_options){.alice.low = 1000000 + 77 - less});
        const aether_transaction t = transfer(&w, ALICE, BOB, 77);
        aether_receipt r = world_seal(&w, ALICE, &t);
        if (less == 0)
            check_success(&r);
        else
            check_invalid(&r, AETHER_INVALID_FUNDS);
        world_end(&w);
    }
}

static aether_u128 minus(aether_u128 a, aether_u128 b) {
    return (aether_u128){.low = a.low - b.low, .high = a.high - b.high - (a.low < b.low)};
}

/* (2^64 - 1)^2 fits 128 bits: who has that much may offer it. */
static void d6_largest_fee_is_computed_exactly(void) {
    world w;
    const aether_u128 funds = minus(
        (aether_u128){.low = UINT64_MAX, .high = UINT64_MAX}, (aether_u128){.low = WORLD_FUNDS});
    const aether_u128 fee_max = {.low = 1, .high = UINT64_MAX - 1};
    world_start(&w, &(world_options){.block_gas_max = UINT64_MAX, .alice = funds});
    aether_transaction t = transfer(&w, ALICE, BOB, 0);
    t.gas_limit = UINT64_MAX;
    t.gas_price = UINT64_MAX;
    t.value = minus(funds, fee_max);
    t.value.low++;
    world_begin(&w);
    aether_receipt r = world_run(&w, ALICE, &t);
    check_invalid(&r, AETHER_INVALID_FUNDS);
    t.value = (aether_u128){.low = UINT64_MAX, .high = UINT64_MAX}; // the sum passes 128 bits
    r = world_run(&w, ALICE, &t);
    check_invalid(&r, AETHER_INVALID_FUNDS);
    t.value = minus((aether_u128){0}, fee_max); // the sum is 0 in 128 bits
    r = world_run(&w, ALICE, &t);
    check_invalid(&r, AETHER_INVALID_FUNDS);
    t.value = minus(funds, fee_max);
    r = world_run(&w, ALICE, &t);
    CHECK_U64(r.fee.low, 0 - r.gas_used); // gas × (2^64 - 1)
    CHECK_U64(r.fee.high, r.gas_used - 1);
    const aether_u128 fee = r.fee;
    check_success(&r);
    world_commit(&w);
    const aether_account alice = world_account(&w, &w.addresses[ALICE]);
    const aether_u128 left = minus(minus(funds, t.value), fee);
    CHECK_U64(alice.balance.low, left.low);
    CHECK_U64(alice.balance.high, left.high);
    aether_check_report report;
    CHECK_OK(aether_chain_check(&w.store, NULL, NULL, &report, &err));
    CHECK_U64(report.supply.low & report.supply.high, UINT64_MAX);
    world_end(&w);
}

/* A contract that fails with a limit of 2^64 - 1 gas pays all of it. */
static void d6_failure_takes_a_limit_of_2_to_the_64(void) {
    world w;
    aether_u128 funds = {.low = 0, .high = UINT64_MAX};
    char text[PLAN_TEXT_LEN_MAX];
    plan_text(1, true, text);
    world_start(&w, &(world_options){.block_gas_max = UINT64_MAX, .alice = funds});
    const aether_address contract = world_deploy(&w, text, 1);
    funds = world_account(&w, &w.addresses[ALICE]).balance;
    plan divide = {0};
    plan_add(&divide, PLAN_DIVIDE, (aether_bytes){0});
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    t.input = plan_bytes(&divide);
    t.gas_limit = UINT64_MAX;
    t.gas_price = 1u << 31;
    aether_receipt r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_FAILED);
    CHECK_U64(r.gas_used, UINT64_MAX);
    CHECK_U64(r.fee.high, (1u << 31) - 1);
    CHECK_U64(r.fee.low, 0 - (uint64_t)(1u << 31));
    const aether_u128 left = minus(funds, r.fee);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).balance.low, left.low);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).balance.high, left.high);
    aether_receipt_destroy(&r);
    world_end(&w);
}

static void d6_everything_can_be_sent_also_to_oneself(void) {
    world w;
    world_start(&w, NULL);
    aether_transaction t = transfer(&w, ALICE, ALICE, WORLD_FUNDS);
    t.gas_price = 0;
    aether_receipt r = world_seal(&w, ALICE, &t);
    check_success(&r);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).balance.low, WORLD_FUNDS);
    t = transfer(&w, ALICE, BOB, WORLD_FUNDS);
    t.gas_price = 0;
    r = world_seal(&w, ALICE, &t);
    check_success(&r);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).balance.low, 0);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).nonce, 2); // the record stays
    CHECK_U64(world_account(&w, &w.addresses[BOB]).balance.low, 2 * (uint64_t)WORLD_FUNDS);
    t = transfer(&w, ALICE, BOB, 1);
    t.gas_price = 0;
    r = world_seal(&w, ALICE, &t);
    check_invalid(&r, AETHER_INVALID_FUNDS);
    world_end(&w);
}

static void d6_supply_of_a_genesis_has_128_bits(void) {
    const aether_u128 max = {.low = UINT64_MAX, .high = UINT64_MAX};
    const aether_genesis_account accounts[] = {{{{1}}, {.low = UINT64_MAX, .high = UINT64_MAX - 1}},
        {{{2}}, {.high = 1}}, {{{3}}, {.low = 0}}, {{{4}}, {.low = 1}}};
    aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = bytes_of("test"),
        .parameters = {.struct_size = sizeof genesis.parameters,
            .protocol_version = AETHER_PROTOCOL_VERSION},
        .accounts = accounts,
        .account_count = 3};
    aether_batch batch = {0};
    CHECK_OK(aether_genesis_changes(&genesis, &batch, &err));
    aether_memory_store *memory = NULL;
    CHECK_OK(aether_memory_store_create(&memory, &err));
    CHECK_OK(aether_memory_store_apply(memory, batch.changes, batch.count, &err));
    const aether_store store = aether_memory_store_interface(memory);
    aether_check_report report;
    CHECK_OK(aether_chain_check(&store, NULL, NULL, &report, &err));
    CHECK(memcmp(&report.supply, &max, sizeof max) == 0);
    CHECK_U64(report.accounts, 3);
    aether_memory_store_destroy(memory);
    aether_batch_destroy(&batch);
    genesis.account_count = 4;
    CHECK_STATUS(aether_genesis_changes(&genesis, &batch, &err), AETHER_INVALID_GENESIS);
    CHECK(batch.owner == NULL);
}

TEST_MAIN(TEST(each_reason_has_its_number_and_the_first_of_two_is_told) TEST(
    invalid_transactions_change_no_record) TEST(empty_block_moves_height_and_time_only)
        TEST(block_gas_is_lessened_by_what_was_used)
            TEST(bytes_of_transactions_and_blocks_have_their_limits) TEST(
                h1_truncated_or_flipped_transaction_is_invalid) TEST(h1_random_bytes_are_invalid)
                TEST(unsigned_transaction_is_invalid_in_a_block)
                    TEST(h2_transaction_is_executed_once) TEST(h2_same_block_twice_is_all_nonces)
                        TEST(h2_nonce_has_no_gaps_and_an_end)
                            TEST(h2_expiry_is_the_last_block_that_may_hold_it)
                                TEST(h3_balance_must_cover_the_largest_fee)
                                    TEST(h3_value_adds_to_the_fee)
                                        TEST(d6_largest_fee_is_computed_exactly)
                                            TEST(d6_failure_takes_a_limit_of_2_to_the_64)
                                                TEST(d6_everything_can_be_sent_also_to_oneself)
                                                    TEST(d6_supply_of_a_genesis_has_128_bits))
