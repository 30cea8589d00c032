/* Blocks that are taken back: whatever a block did, the state is to the byte what it was before it, and a check finds
 * nothing wrong; the option that says how many can be taken back may change at any time.
 * Method: chains in memory, digests of everything that is stored. */
#include "plan.h"
#include "world.h"

static aether_error err;

static void check_state(world *w) {
    aether_check_report report;
    CHECK_OK(aether_chain_check(&w->store, NULL, NULL, &report, &err));
    CHECK_U64(report.height, world_head(w).height);
}

static void seal_transfer(world *w) {
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = w->addresses[BOB];
    t.value.low = 1;
    aether_receipt r = world_seal(w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
}

/* A contract that stores something when it is made goes with its storage when its block is taken back; what lay at its
 * address before stays. */
static void take_back_a_contract(uint64_t balance_before) {
    world w;
    char text[PLAN_TEXT_LEN_MAX];
    plan_text(1, true, text);
    world_start(&w, NULL);
    const aether_hash code_hash = world_upload(&w, text);
    aether_transaction given = world_transaction(&w, BOB, AETHER_TRANSACTION_TRANSFER);
    aether_contract_address(&w.addresses[ALICE], &code_hash, &(aether_hash){0}, &given.to);
    given.value.low = balance_before;
    aether_receipt r = world_seal(&w, BOB, &given);
    aether_receipt_destroy(&r);
    const aether_hash before = world_digest(&w);
    plan input = {0};
    plan_write(&input, bytes_of("a"), bytes_of("1"));
    plan_write(&input, bytes_of("b"), bytes_of("2"));
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_DEPLOY);
    t.code_hash = code_hash;
    t.input = plan_bytes(&input);
    r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    CHECK(world_account(&w, &r.contract).is_contract);
    world_undo(&w);
    CHECK(!world_account(&w, &r.contract).is_contract);
    CHECK_U64(world_account(&w, &r.contract).balance.low, balance_before);
    check_state(&w);
    const aether_hash after = world_digest(&w);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    aether_receipt_destroy(&r);
    world_end(&w);
}

static void block_that_made_a_contract_with_storage_is_taken_back(void) {
    take_back_a_contract(0);
    take_back_a_contract(5);
}

static unsigned count_undone(world *w) {
    unsigned count = 0;
    for (;; count++) {
        aether_batch batch;
        const aether_status status = aether_chain_undo(w->chain, &batch, &err);
        if (status == AETHER_WRONG_STATE)
            return count;
        CHECK_U64(status, AETHER_OK);
        CHECK_OK(aether_memory_store_apply(w->memory, batch.changes, batch.count, &err));
        aether_batch_destroy(&batch);
        CHECK_OK(aether_chain_reopen(w->chain, &err));
        check_state(w);
    }
}

/* Fewer blocks are to be kept than before: what is too old goes, and no gap is left. */
static void keeping_fewer_blocks_leaves_no_gap(void) {
    world w;
    world_start(&w, &(world_options){.undo_blocks_max = 40});
    for (int i = 0; i < 40; i++)
        seal_transfer(&w);
    world_reopen(&w, 3);
    check_state(&w);
    for (int i = 0; i < 10; i++) {
        seal_transfer(&w);
        check_state(&w);
    }
    CHECK_U64(count_undone(&w), 3);
    world_end(&w);
}

/* More blocks are to be kept than before: there are as many as were written since. */
static void keeping_more_blocks_begins_now(void) {
    world w;
    world_start(&w, &(world_options){.undo_blocks_max = 2});
    for (int i = 0; i < 6; i++)
        seal_transfer(&w);
    world_reopen(&w, 5);
    seal_transfer(&w);
    seal_transfer(&w);
    check_state(&w);
    CHECK_U64(count_undone(&w), 4);
    world_reopen(&w, 5);
    for (int i = 0; i < 9; i++) {
        seal_transfer(&w);
        check_state(&w);
    }
    CHECK_U64(count_undone(&w), 5);
    world_end(&w);
}

static void undo_is_refused_while_a_block_is_open(void) {
    world w;
    aether_batch batch;
    world_start(&w, NULL);
    CHECK_STATUS(aether_chain_undo(w.chain, &batch, &err), AETHER_WRONG_STATE);
    seal_transfer(&w);
    world_begin(&w);
    CHECK_STATUS(aether_chain_undo(w.chain, &batch, &err), AETHER_WRONG_STATE);
    CHECK_STATUS(aether_chain_reopen(w.chain, &err), AETHER_WRONG_STATE);
    world_commit(&w);
    world_undo(&w);
    world_end(&w);
}

TEST_MAIN(TEST(block_that_made_a_contract_with_storage_is_taken_back)
        TEST(keeping_fewer_blocks_leaves_no_gap) TEST(keeping_more_blocks_begins_now)
            TEST(undo_is_refused_while_a_block_is_open))
