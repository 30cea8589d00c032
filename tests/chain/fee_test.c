/* No transaction reaches an assertion of the block, whoever receives the fees: the sender, a contract that is called, an
 * address where a contract comes to be. Balances always sum to the supply.
 * Method: each such chain through each kind of transaction, at prices of 0, 1 and the greatest; after each block a check
 * of the whole state. */
#include "plan.h"
#include "world.h"

#include "base/alloc.h"
#include "engine/engine.h"

static aether_error err;

/* Who receives the fees. */
typedef enum receiver {
    SENDER,
    OTHER_ACCOUNT,
    UNKNOWN_ADDRESS,
    ZERO_ADDRESS,
    CONTRACT, /* that the sender deploys, calls and upgrades */
    RECEIVER_COUNT,
} receiver;

typedef struct scene {
    world w;
    uint8_t *code;
    aether_bytes code_bytes;
    aether_hash code_hash;
    aether_address fee_address;
    aether_address contract;
} scene;

static aether_u128 add(aether_u128 a, aether_u128 b) {
    const uint64_t low = a.low + b.low;
    return (aether_u128){.low = low, .high = a.high + b.high + (low < b.low)};
}

static aether_u128 sub(aether_u128 a, aether_u128 b) {
    return (aether_u128){.low = a.low - b.low, .high = a.high - b.high - (a.low < b.low)};
}

static void check_amount(aether_u128 actual, aether_u128 expected) {
    CHECK_U64(actual.high, expected.high);
    CHECK_U64(actual.low, expected.low);
}

static void scene_start(scene *s, receiver who, aether_u128 alice) {
    char text[PLAN_TEXT_LEN_MAX];
    static const aether_hash salt = {{1}};
    *s = (scene){0};
    plan_text(1, true, text);
    CHECK_OK(ae_text_to_binary(bytes_of(text), &s->code, &s->code_bytes.len, &err));
    s->code_bytes.data = s->code;
    aether_code_hash(s->code_bytes, &s->code_hash);
    world keys; // for the addresses
    world_start(&keys, NULL);
    aether_contract_address(&keys.addresses[ALICE], &s->code_hash, &salt, &s->contract);
    const aether_address addresses[RECEIVER_COUNT] = {
        keys.addresses[ALICE], keys.addresses[BOB], {{0x99}}, {{0}}, s->contract};
    s->fee_address = addresses[who];
    world_end(&keys);
    world_start(&s->w, &(world_options){.block_gas_max = UINT64_MAX,
                           .undo_blocks_max = UINT64_MAX,
                           .alice = alice,
                           .fee_address = &s->fee_address});
}

static void scene_end(scene *s) {
    ae_free(s->code);
    world_end(&s->w);
}

static aether_u128 supply_of(scene *s) {
    aether_check_report report;
    CHECK_OK(aether_chain_check(&s->w.store, NULL, NULL, &report, &err));
    return report.supply;
}

/* A transaction of each kind and of each way to end, in the order in which they make sense. */
#define ACTS 13

static aether_transaction act(scene *s, int number, plan *input) {
    static const aether_transaction_kind kinds[ACTS] = {AETHER_TRANSACTION_CALL,
        AETHER_TRANSACTION_TRANSFER, AETHER_TRANSACTION_UPLOAD, AETHER_TRANSACTION_UPLOAD,
        AETHER_TRANSACTION_DEPLOY, AETHER_TRANSACTION_DEPLOY, AETHER_TRANSACTION_CALL,
        AETHER_TRANSACTION_CALL, AETHER_TRANSACTION_CALL, AETHER_TRANSACTION_CALL,
        AETHER_TRANSACTION_TRANSFER, AETHER_TRANSACTION_TRANSFER, AETHER_TRANSACTION_UPGRADE};
    aether_transaction t = world_transaction(&s->w, ALICE, kinds[number]);
    input->len = 0;
    if (t.kind == AETHER_TRANSACTION_UPLOAD)
        t.code = number == 2 ? s->code_bytes : bytes_of("no module");
    if (t.kind == AETHER_TRANSACTION_DEPLOY || t.kind == AETHER_TRANSACTION_UPGRADE)
        t.code_hash = s->code_hash;
    t.salt.bytes[0] = t.kind == AETHER_TRANSACTION_DEPLOY;
    t.is_upgradable = t.kind == AETHER_TRANSACTION_DEPLOY;
    t.to = number == 1 ? s->fee_address : number == 11 ? s->w.addresses[ALICE] : s->contract;
    if (t.kind != AETHER_TRANSACTION_UPLOAD && t.kind != AETHER_TRANSACTION_UPGRADE)
        t.value.low = 7;
    if (t.kind == AETHER_TRANSACTION_CALL) {
        static const uint8_t ends[] = {PLAN_TRAP, PLAN_DIVIDE, PLAN_LOOP};
        plan_write(input, bytes_of("k"), bytes_of("v"));
        plan_add(input, PLAN_BALANCE, (aether_bytes){0});
        plan_add(input, PLAN_CALLER, (aether_bytes){0});
        if (number >= 7)
            plan_add(input, ends[number - 7], (aether_bytes){0});
    } else if (t.kind == AETHER_TRANSACTION_DEPLOY || t.kind == AETHER_TRANSACTION_UPGRADE)
        plan_add(input, PLAN_BALANCE, (aether_bytes){0});
    if (t.kind == AETHER_TRANSACTION_CALL || t.kind == AETHER_TRANSACTION_DEPLOY ||
        t.kind == AETHER_TRANSACTION_UPGRADE)
        t.input = plan_bytes(input);
    t.gas_limit = t.kind == AETHER_TRANSACTION_UPLOAD ? 400000000 : 4000000;
    return t;
}

static void play(receiver who, uint64_t price, uint64_t acts_in_block) {
    static plan input;
    scene s;
    const aether_u128 alice = {.low = 5, .high = UINT64_MAX / 2};
    scene_start(&s, who, alice);
    const aether_u128 supply = supply_of(&s);
    check_amount(supply, add(alice, (aether_u128){.low = WORLD_FUNDS}));
    uint64_t nonce = 0, outcomes[4] = {0};
    for (int number = 0; number < ACTS;) {
        const aether_u128 before = world_account(&s.w, &s.fee_address).balance;
        aether_u128 fees = {0};
        uint64_t sent = 0; // to whom the fees go
        world_begin(&s.w);
        for (uint64_t i = 0; i < acts_in_block && number < ACTS; i++, number++) {
            aether_transaction t = act(&s, number, &input);
            t.nonce = nonce++;
            t.gas_price = price;
            aether_receipt r = world_run(&s.w, ALICE, &t);
            CHECK_U64(r.reason, AETHER_INVALID_NONE);
            outcomes[r.outcome]++;
            fees = add(fees, r.fee);
            sent += number == 1 ? t.value.low : 0;
            aether_receipt_destroy(&r);
        }
        const aether_block_result result = world_commit(&s.w);
        check_amount(result.fees, fees);
        check_amount(supply_of(&s), supply);
        const aether_u128 after = world_account(&s.w, &s.fee_address).balance;
        if (who == ZERO_ADDRESS || who == UNKNOWN_ADDRESS)
            check_amount(sub(after, before), add(fees, (aether_u128){.low = sent}));
    }
    CHECK_U64(outcomes[AETHER_RECEIPT_FAILED], 2);
    CHECK_U64(outcomes[AETHER_RECEIPT_REVERTED], 4); // no contract, no module, taken, trapped
    CHECK_U64(outcomes[AETHER_RECEIPT_SUCCESS], 7);
    CHECK(world_account(&s.w, &s.contract).is_contract);
    while (world_head(&s.w).height != 0) { // and all the way back
        world_undo(&s.w);
        check_amount(supply_of(&s), supply);
    }
    scene_end(&s);
}

static void whoever_receives_the_fees_the_supply_stays(void) {
    static const uint64_t prices[] = {0, 1, UINT64_MAX};
    for (int who = 0; who < RECEIVER_COUNT; who++)
        for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
            play((receiver)who, prices[i], 1);
            play((receiver)who, prices[i], ACTS);
        }
}

/* The greatest price with the least limit: what is paid is the limit, whatever the price. */
static void greatest_price_with_the_least_limit(void) {
    scene s;
    scene_start(&s, SENDER, (aether_u128){.high = UINT64_MAX});
    aether_transaction t = world_transaction(&s.w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = s.w.addresses[CAROL];
    t.gas_price = UINT64_MAX;
    t.value.low = 1;
    for (t.gas_limit = 0; t.gas_limit <= 2; t.gas_limit++) {
        aether_receipt r = world_seal(&s.w, ALICE, &t);
        CHECK_U64(r.reason, AETHER_INVALID_INTRINSIC_GAS);
        aether_receipt_destroy(&r);
    }
    t.gas_limit = 400000; // enough to begin, not enough to send
    aether_receipt r = world_seal(&s.w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_FAILED);
    CHECK_U64(r.gas_used, t.gas_limit);
    CHECK_U64(r.fee.high, t.gas_limit - 1);
    CHECK_U64(r.fee.low, 0 - t.gas_limit);
    aether_receipt_destroy(&r);
    check_amount(world_account(&s.w, &s.w.addresses[ALICE]).balance,
        (aether_u128){.high = UINT64_MAX}); // it received them
    supply_of(&s);
    scene_end(&s);
}

/* Fees are no state during a block: a contract that receives them sees them in the next one. */
static void fees_are_seen_in_the_next_block(void) {
    static plan input;
    scene s;
    scene_start(&s, CONTRACT, (aether_u128){.low = WORLD_FUNDS});
    for (int number = 2; number <= 4; number += 2) {
        aether_transaction t = act(&s, number, &input);
        aether_receipt r = world_seal(&s.w, ALICE, &t);
        CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
        aether_receipt_destroy(&r);
    }
    const uint64_t before = world_account(&s.w, &s.contract).balance.low;
    uint64_t fees = 0;
    world_begin(&s.w);
    aether_transaction t = act(&s, 6, &input);
    for (uint64_t i = 1; i <= 2; i++, t.nonce++) {
        aether_receipt r = world_run(&s.w, ALICE, &t);
        CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
        CHECK_U64(r.return_data.data[0], (uint8_t)(before + 7 * i));
        CHECK_U64(r.return_data.data[1], (uint8_t)((before + 7 * i) >> 8));
        fees += r.fee.low;
        aether_receipt_destroy(&r);
    }
    world_commit(&s.w);
    CHECK_U64(world_account(&s.w, &s.contract).balance.low, before + 14 + fees);
    scene_end(&s);
}

/* A sender who pays everything for gas and gets the rest back; and one who spends to the last unit. */
static void sender_may_spend_to_the_last_unit(void) {
    scene s;
    scene_start(&s, OTHER_ACCOUNT, (aether_u128){.low = 4000000});
    aether_transaction t = world_transaction(&s.w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = s.w.addresses[CAROL];
    t.gas_limit = 4000000;
    aether_receipt r = world_seal(&s.w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    const uint64_t used = r.gas_used, left = 4000000 - used;
    aether_receipt_destroy(&r);
    CHECK_U64(world_account(&s.w, &s.w.addresses[ALICE]).balance.low, left);
    t = world_transaction(&s.w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = s.w.addresses[CAROL];
    t.gas_limit =
        600000; // shorter and longer numbers cost bytes: what is left after it is found out
    t.value.low = left - t.gas_limit;
    r = world_seal(&s.w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    const uint64_t rest = t.gas_limit - r.gas_used;
    CHECK_U64(world_account(&s.w, &s.w.addresses[ALICE]).balance.low, rest);
    aether_receipt_destroy(&r);
    t.nonce++;
    t.gas_price = 0;
    t.value.low = rest;
    r = world_seal(&s.w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    CHECK_U64(world_account(&s.w, &s.w.addresses[ALICE]).balance.low, 0);
    aether_receipt_destroy(&r);
    supply_of(&s);
    scene_end(&s);
}

/* An address that nobody knew pays nothing at a price of nothing: it has a record then, with its nonce. */
static void price_of_nothing_needs_no_funds(void) {
    scene s;
    scene_start(&s, UNKNOWN_ADDRESS, (aether_u128){.low = 1});
    aether_transaction t = world_transaction(&s.w, CAROL, AETHER_TRANSACTION_TRANSFER);
    t.to = s.w.addresses[BOB];
    t.gas_price = 0;
    t.gas_limit = 1000000;
    aether_receipt r = world_seal(&s.w, CAROL, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    CHECK_U64(world_account(&s.w, &s.w.addresses[CAROL]).nonce, 1);
    aether_account account;
    bool found = true;
    CHECK_OK(aether_chain_account(s.w.chain, &s.fee_address, &account, &found, &err));
    CHECK(!found); // nothing was paid
    aether_receipt_destroy(&r);
    supply_of(&s);
    scene_end(&s);
}

TEST_MAIN(TEST(whoever_receives_the_fees_the_supply_stays) TEST(greatest_price_with_the_least_limit)
        TEST(fees_are_seen_in_the_next_block) TEST(sender_may_spend_to_the_last_unit)
            TEST(price_of_nothing_needs_no_funds))
