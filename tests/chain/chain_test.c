/* What each kind of transaction does to a chain: balances, nonces, fees, contracts, receipts, roots.
 * Method: blocks over a memory store through the public ABI; expected amounts are computed here from gas used. */
#include "world.h"

static aether_error err;

static const char counter[] =
    "(module (import \"env\" \"storage_read\" (func $r (param i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"
    "(import \"env\" \"emit\" (func $emit (param i32 i32 i32 i32)))"
    "(memory (export \"memory\") 1) (data (i32.const 0) \"n\")"
    "(func (export \"init\") (result i32) i32.const 0)"
    "(func $bump (drop (call $r (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8)))"
    "(i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))"
    "(call $w (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8)))"
    "(func (export \"execute\") (result i32) (call $bump)"
    "(call $emit (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 8))"
    "(call $return (i32.const 8) (i32.const 8)) i32.const 0)"
    "(func (export \"query\") (result i32)"
    "(drop (call $r (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8)))"
    "(call $return (i32.const 8) (i32.const 8)) i32.const 0))";

/* Writes, then returns 7. */
static const char failing[] =
    "(module (import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(memory (export \"memory\") 1)"
    "(func (export \"execute\") (result i32)"
    "(call $w (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) i32.const 7))";

static const char looping[] =
    "(module (func (export \"execute\") (result i32) (loop (br 0)) unreachable))";

static void check_state(world *w) {
    aether_check_report report;
    CHECK_OK(aether_chain_check(&w->store, NULL, NULL, &report, &err));
    CHECK_U64(report.height, world_head(w).height);
}

static void transfer_moves_value_and_pays_its_fee(void) {
    world w;
    world_start(&w, NULL);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = w.addresses[CAROL];
    t.value.low = 250;
    t.gas_price = 3;
    aether_receipt r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    CHECK_U64(r.reason, AETHER_INVALID_NONE);
    CHECK(r.gas_used > 100000 && r.gas_used < 1000000);
    CHECK_U64(r.fee.low, 3 * r.gas_used);
    CHECK_U64(world_account(&w, &w.addresses[CAROL]).balance.low, 250);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).balance.low, WORLD_FUNDS - 250 - r.fee.low);
    CHECK_U64(world_account(&w, &w.addresses[ALICE]).nonce, 1);
    CHECK_U64(world_account(&w, &w.addresses[FEES]).balance.low, r.fee.low);
    CHECK_U64(world_head(&w).height, 1);
    aether_receipt_destroy(&r);
    check_state(&w);
    world_end(&w);
}

static void transfer_to_oneself_costs_the_fee_only(void) {
    world w;
    world_start(&w, NULL);
    aether_transaction t = world_transaction(&w, BOB, AETHER_TRANSACTION_TRANSFER);
    t.to = w.addresses[BOB];
    t.value.low = WORLD_FUNDS - t.gas_limit;
    aether_receipt r = world_seal(&w, BOB, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    CHECK_U64(world_account(&w, &w.addresses[BOB]).balance.low, WORLD_FUNDS - r.fee.low);
    aether_receipt_destroy(&r);
    check_state(&w);
    world_end(&w);
}

static void transfer_of_nothing_makes_no_account(void) {
    world w;
    world_start(&w, NULL);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = w.addresses[CAROL];
    aether_receipt r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_account account;
    bool found = true;
    CHECK_OK(aether_chain_account(w.chain, &w.addresses[CAROL], &account, &found, &err));
    CHECK(!found);
    aether_receipt_destroy(&r);
    world_end(&w);
}

static void contract_is_uploaded_deployed_called_and_queried(void) {
    world w;
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, counter, 1);
    for (uint8_t i = 1; i <= 3; i++) {
        aether_transaction t = world_transaction(&w, BOB, AETHER_TRANSACTION_CALL);
        const uint8_t expected[8] = {i};
        t.to = contract;
        t.value.low = 10;
        aether_receipt r = world_seal(&w, BOB, &t);
        CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
        CHECK_BYTES(r.return_data, ((aether_bytes){.data = expected, .len = 8}));
        CHECK_U64(r.log_count, 1);
        CHECK_BYTES(r.logs[0].data, ((aether_bytes){.data = expected, .len = 8}));
        aether_receipt_destroy(&r);
    }
    CHECK_U64(world_account(&w, &contract).balance.low, 30);
    CHECK(world_account(&w, &contract).is_contract);
    const aether_query query = {
        .struct_size = sizeof query, .contract = contract, .gas_limit = 10000000};
    aether_execution_result result;
    CHECK_OK(aether_chain_query(w.chain, &query, &result, &err));
    const uint8_t three[8] = {3};
    CHECK(result.success);
    CHECK_BYTES(result.return_data, ((aether_bytes){.data = three, .len = 8}));
    aether_execution_result_destroy(&result);
    check_state(&w);
    world_end(&w);
}

static void failure_is_undone_and_paid(void) {
    world w;
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, failing, 1);
    const aether_account before = world_account(&w, &w.addresses[ALICE]);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    t.value.low = 5;
    aether_receipt r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
    CHECK_I64(r.code, 7);
    CHECK(r.gas_used < t.gas_limit);
    const aether_account after = world_account(&w, &w.addresses[ALICE]);
    CHECK_U64(after.balance.low, before.balance.low - r.fee.low);
    CHECK_U64(after.nonce, before.nonce + 1);
    CHECK_U64(world_account(&w, &contract).balance.low, 0);
    const aether_hash zero = {0};
    const aether_account called = world_account(&w, &contract);
    CHECK(memcmp(&called.storage_root, &zero, sizeof zero) == 0);
    aether_receipt_destroy(&r);
    check_state(&w);
    world_end(&w);
}

static void out_of_gas_takes_the_whole_limit(void) {
    world w;
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, looping, 1);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    t.gas_limit = 3000000;
    aether_receipt r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_FAILED);
    CHECK_U64(r.gas_used, 3000000);
    CHECK_U64(r.fee.low, 3000000);
    CHECK_U64(r.end, AETHER_END_OUT_OF_GAS);
    aether_receipt_destroy(&r);
    check_state(&w);
    world_end(&w);
}

static void code_is_uploaded_once(void) {
    world w;
    world_start(&w, NULL);
    const aether_hash first = world_upload(&w, counter);
    const aether_account before = world_account(&w, &w.addresses[ALICE]);
    const aether_hash second = world_upload(&w, counter);
    const aether_account after = world_account(&w, &w.addresses[ALICE]);
    CHECK(memcmp(&first, &second, sizeof first) == 0);
    CHECK(before.balance.low - after.balance.low < 1000000); // neither validated nor compiled
    check_state(&w);
    world_end(&w);
}

static void refused_module_is_reverted_with_code_1(void) {
    world w;
    world_start(&w, NULL);
    static const uint8_t modules[][12] = {
        {0, 'a', 's', 'm', 1, 0, 0, 0}, {0, 'a', 's', 'm', 2, 0, 0, 0}, {1, 2, 3, 4, 5, 6, 7, 8}};
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_UPLOAD);
        t.code = (aether_bytes){.data = modules[i], .len = 8};
        aether_receipt r = world_seal(&w, ALICE, &t);
        CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
        CHECK_I64(r.code, AETHER_CODE_REFUSED);
        CHECK(strlen(r.message) > 10);
        CHECK_U64(r.return_data.len, 0);
        aether_receipt_destroy(&r);
    }
    check_state(&w);
    world_end(&w);
}

static aether_receipt seal_deploy(world *w, int key, const aether_hash *code_hash, uint8_t salt) {
    aether_transaction t = world_transaction(w, key, AETHER_TRANSACTION_DEPLOY);
    t.code_hash = *code_hash;
    t.salt.bytes[0] = salt;
    return world_seal(w, key, &t);
}

static void what_is_not_there_has_a_code(void) {
    world w;
    world_start(&w, NULL);
    const aether_hash code_hash = world_upload(&w, counter);
    aether_hash nothing = code_hash;
    nothing.bytes[0] ^= 1;
    aether_receipt r = seal_deploy(&w, ALICE, &nothing, 1);
    CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
    CHECK_I64(r.code, AETHER_CODE_NO_CODE);
    aether_receipt_destroy(&r);
    r = seal_deploy(&w, ALICE, &code_hash, 1);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    r = seal_deploy(&w, ALICE, &code_hash, 1);
    CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
    CHECK_I64(r.code, AETHER_CODE_ADDRESS_TAKEN);
    aether_receipt_destroy(&r);
    r = seal_deploy(&w, BOB, &code_hash, 1); // another deployer, another address
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = w.addresses[BOB];
    t.value.low = 9;
    r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
    CHECK_I64(r.code, AETHER_CODE_NO_CODE);
    aether_receipt_destroy(&r);
    const aether_query query = {.struct_size = sizeof query, .contract = w.addresses[BOB]};
    aether_execution_result result;
    CHECK_OK(aether_chain_query(w.chain, &query, &result, &err));
    CHECK_U64(result.outcome, AETHER_OUTCOME_REVERTED);
    CHECK_I64(result.code, AETHER_CODE_NO_CODE);
    check_state(&w);
    world_end(&w);
}

static const char upgraded[] =
    "(module (import \"env\" \"storage_read\" (func $r (param i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"
    "(memory (export \"memory\") 1) (data (i32.const 0) \"nm\")"
    "(func (export \"migrate\") (result i32)"
    "(call $w (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 2)) i32.const 0)"
    "(func (export \"execute\") (result i32)"
    "(drop (call $r (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8)))"
    "(call $return (i32.const 8) (i32.const 8)) i32.const 0))";

static aether_receipt seal_upgrade(
    world *w, int key, const aether_address *contract, const aether_hash *code_hash) {
    aether_transaction t = world_transaction(w, key, AETHER_TRANSACTION_UPGRADE);
    t.to = *contract;
    t.code_hash = *code_hash;
    return world_seal(w, key, &t);
}

static void owner_upgrades_and_storage_stays(void) {
    world w;
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, counter, 1);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    aether_receipt r = world_seal(&w, ALICE, &t);
    aether_receipt_destroy(&r);
    const aether_hash code_hash = world_upload(&w, upgraded);
    r = seal_upgrade(&w, BOB, &contract, &code_hash);
    CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
    CHECK_I64(r.code, AETHER_CODE_NO_RIGHT);
    aether_receipt_destroy(&r);
    aether_hash nothing = code_hash;
    nothing.bytes[3] ^= 1;
    r = seal_upgrade(&w, ALICE, &contract, &nothing);
    CHECK_I64(r.code, AETHER_CODE_NO_CODE);
    aether_receipt_destroy(&r);
    r = seal_upgrade(&w, ALICE, &contract, &code_hash);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    const aether_account account = world_account(&w, &contract);
    CHECK(memcmp(&account.code_hash, &code_hash, sizeof code_hash) == 0);
    t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    r = world_seal(&w, ALICE, &t);
    const uint8_t one[8] = {1};
    CHECK_BYTES(r.return_data, ((aether_bytes){.data = one, .len = 8}));
    aether_receipt_destroy(&r);
    uint8_t key[AETHER_STORE_KEY_LEN_MAX];
    const size_t len = aether_storage_key_encode(&contract, bytes_of("m"), key);
    aether_bytes value = {0};
    bool found = false;
    CHECK_OK(
        w.store.get(w.store.user, (aether_bytes){.data = key, .len = len}, &value, &found, &err));
    CHECK(found);
    CHECK_BYTES(value, bytes_of("nm"));
    check_state(&w);
    world_end(&w);
}

static void contract_that_is_not_upgradable_stays_as_it_is(void) {
    world w;
    world_start(&w, NULL);
    const aether_hash code_hash = world_upload(&w, counter);
    aether_receipt r = seal_deploy(&w, ALICE, &code_hash, 1);
    const aether_address contract = r.contract;
    aether_receipt_destroy(&r);
    const aether_hash other = world_upload(&w, upgraded);
    r = seal_upgrade(&w, ALICE, &contract, &other);
    CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
    CHECK_I64(r.code, AETHER_CODE_NO_RIGHT);
    aether_receipt_destroy(&r);
    world_end(&w);
}

/* D7: whoever sends value to an address before a contract is there gives it away, and hinders nobody. */
static void d7_address_with_a_balance_can_be_deployed_onto(void) {
    world w;
    world_start(&w, NULL);
    const aether_hash code_hash = world_upload(&w, counter);
    const aether_hash salt = {{1}};
    aether_address contract;
    aether_contract_address(&w.addresses[ALICE], &code_hash, &salt, &contract);
    aether_transaction t = world_transaction(&w, BOB, AETHER_TRANSACTION_TRANSFER);
    t.to = contract;
    t.value.low = 77;
    aether_receipt r = world_seal(&w, BOB, &t);
    aether_receipt_destroy(&r);
    r = seal_deploy(&w, ALICE, &code_hash, 1);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    CHECK(memcmp(&r.contract, &contract, sizeof contract) == 0);
    CHECK_U64(world_account(&w, &contract).balance.low, 77);
    CHECK(world_account(&w, &contract).is_contract);
    aether_receipt_destroy(&r);
    check_state(&w);
    world_end(&w);
}

static void undo_takes_blocks_back_to_the_byte(void) {
    world w;
    const world_options options = {.undo_blocks_max = UINT64_MAX};
    world_start(&w, &options);
    aether_hash digests[8];
    digests[0] = world_digest(&w);
    const aether_address contract = world_deploy(&w, counter, 1); // blocks 1 and 2
    for (int i = 3; i < 8; i++) {
        digests[i - 1] = world_digest(&w);
        aether_transaction t = world_transaction(
            &w, BOB, i % 2 == 0 ? AETHER_TRANSACTION_CALL : AETHER_TRANSACTION_TRANSFER);
        t.to = i % 2 == 0 ? contract : w.addresses[CAROL];
        t.value.low = (uint64_t)i;
        aether_receipt r = world_seal(&w, BOB, &t);
        CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
        aether_receipt_destroy(&r);
    }
    for (uint64_t height = 7; height > 0; height--) {
        aether_batch batch;
        CHECK_OK(aether_chain_undo(w.chain, &batch, &err));
        check_batch(&batch);
        CHECK_OK(aether_memory_store_apply(w.memory, batch.changes, batch.count, &err));
        aether_batch_destroy(&batch);
        CHECK_OK(aether_chain_reopen(w.chain, &err));
        CHECK_U64(world_head(&w).height, height - 1);
        check_state(&w);
        if (height - 1 != 1) {
            const aether_hash digest = world_digest(&w);
            CHECK(memcmp(&digest, &digests[height - 1], sizeof digest) == 0);
        }
    }
    aether_batch batch;
    CHECK_STATUS(aether_chain_undo(w.chain, &batch, &err), AETHER_WRONG_STATE);
    world_end(&w);
}

/* A contract that writes in `init`, onto an address that has a balance: taken back, nothing of its storage remains. */
static void undo_takes_a_deployment_back_with_its_storage(void) {
    static const char writing[] =
        "(module (import \"env\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
        "(memory (export \"memory\") 1) (func (export \"execute\") (result i32) i32.const 0)"
        "(func (export \"init\") (result i32)"
        "(call $w (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) i32.const 0))";
    world w;
    world_start(&w, NULL);
    const aether_hash code_hash = world_upload(&w, writing);
    for (uint8_t salt = 0; salt < 2; salt++) {
        const aether_hash name = {{salt}};
        aether_address contract;
        aether_contract_address(&w.addresses[ALICE], &code_hash, &name, &contract);
        aether_transaction t = world_transaction(&w, BOB, AETHER_TRANSACTION_TRANSFER);
        t.to = contract;
        t.value.low = salt; // 0 makes no record
        aether_receipt r = world_seal(&w, BOB, &t);
        aether_receipt_destroy(&r);
        const aether_hash root = world_head(&w).root;
        r = seal_deploy(&w, ALICE, &code_hash, salt);
        CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
        aether_receipt_destroy(&r);
        check_state(&w);
        aether_batch batch;
        CHECK_OK(aether_chain_undo(w.chain, &batch, &err));
        check_batch(&batch);
        CHECK_OK(aether_memory_store_apply(w.memory, batch.changes, batch.count, &err));
        aether_batch_destroy(&batch);
        CHECK_OK(aether_chain_reopen(w.chain, &err));
        const aether_hash again = world_head(&w).root;
        CHECK(memcmp(&root, &again, sizeof root) == 0);
        check_state(&w);
    }
    world_end(&w);
}

static void undo_records_of_old_blocks_go(void) {
    world w;
    const world_options options = {.undo_blocks_max = 3};
    world_start(&w, &options);
    for (int i = 0; i < 6; i++) {
        aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_TRANSFER);
        t.to = w.addresses[BOB];
        t.value.low = 1;
        aether_receipt r = world_seal(&w, ALICE, &t);
        aether_receipt_destroy(&r);
        check_state(&w);
    }
    for (int i = 0; i < 4; i++) {
        aether_batch batch;
        const aether_status status = aether_chain_undo(w.chain, &batch, &err);
        if (i == 3) {
            CHECK_U64(status, AETHER_WRONG_STATE);
            break;
        }
        CHECK_U64(status, AETHER_OK);
        CHECK_OK(aether_memory_store_apply(w.memory, batch.changes, batch.count, &err));
        aether_batch_destroy(&batch);
        CHECK_OK(aether_chain_reopen(w.chain, &err));
    }
    check_state(&w);
    world_end(&w);
}

static void check_proof(world *w, const aether_address *address, const char *key, bool is_there) {
    aether_buffer proof = {0}, value = {0};
    bool found = false;
    CHECK_OK(aether_chain_prove(w->chain, address, bytes_of(key), &proof, &value, &found, &err));
    CHECK_U64(found, is_there);
    const aether_hash root = world_head(w).root;
    const aether_bytes claimed = {.data = value.data, .len = value.len};
    const aether_bytes bytes = {.data = proof.data, .len = proof.len};
    CHECK_OK(
        aether_proof_verify(&root, address, bytes_of(key), found ? &claimed : NULL, bytes, &err));
    CHECK_STATUS(
        aether_proof_verify(&root, address, bytes_of(key), found ? NULL : &claimed, bytes, &err),
        AETHER_INVALID_PROOF);
    aether_buffer_destroy(&proof);
    aether_buffer_destroy(&value);
}

static void everything_can_be_proved(void) {
    world w;
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, counter, 1);
    check_proof(&w, &contract, "n", false); // no storage yet
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    aether_receipt r = world_seal(&w, ALICE, &t);
    aether_receipt_destroy(&r);
    check_proof(&w, &contract, "n", true);
    check_proof(&w, &contract, "m", false);
    check_proof(&w, &contract, "", true);
    check_proof(&w, &w.addresses[ALICE], "", true);
    check_proof(&w, &w.addresses[ALICE], "n", false);
    check_proof(&w, &w.addresses[CAROL], "", false);
    check_proof(&w, &w.addresses[CAROL], "n", false);
    world_end(&w);
}

/* One transaction in each block or all in one: the same balances, storage and code; and a block that is
 * reverted leaves nothing. */
static void reverted_block_leaves_nothing(void) {
    world w;
    world_start(&w, NULL);
    const aether_hash before = world_digest(&w);
    world_begin(&w);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = w.addresses[CAROL];
    t.value.low = 5;
    aether_receipt r = world_run(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    aether_block_revert(w.block);
    w.block = NULL;
    const aether_hash after = world_digest(&w);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK_U64(world_head(&w).height, 0);
    r = world_seal(&w, ALICE, &t); // as if nothing had been
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    world_end(&w);
}

static void later_transaction_sees_the_earlier(void) {
    world w;
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, counter, 1);
    world_begin(&w);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    for (uint8_t i = 1; i <= 5; i++) {
        const uint8_t expected[8] = {i};
        aether_receipt r = world_run(&w, ALICE, &t);
        CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
        CHECK_BYTES(r.return_data, ((aether_bytes){.data = expected, .len = 8}));
        aether_receipt_destroy(&r);
        t.nonce++;
    }
    const aether_block_result result = world_commit(&w);
    CHECK_U64(result.transaction_count, 5);
    check_state(&w);
    world_end(&w);
}

static void simulation_tells_the_gas_and_changes_nothing(void) {
    world w;
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, counter, 1);
    const aether_hash before = world_digest(&w);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    aether_public_key key;
    t.to = contract;
    CHECK_OK(aether_key_public(w.types[ALICE], w.secrets[ALICE], &key, &err));
    t.key = key;
    aether_buffer bytes;
    CHECK_OK(aether_transaction_encode(&t, key.type, w.secrets[ALICE], &bytes, &err));
    const aether_chain_head head = world_head(&w);
    const aether_block_header header = {.height = head.height + 1, .time = head.time + 5};
    aether_receipt simulated;
    CHECK_OK(aether_chain_simulate(
        w.chain, &header, (aether_bytes){.data = bytes.data, .len = bytes.len}, &simulated, &err));
    CHECK_U64(simulated.outcome, AETHER_RECEIPT_SUCCESS);
    const aether_hash after = world_digest(&w);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    aether_receipt r = world_seal(&w, ALICE, &t);
    CHECK_U64(r.gas_used, simulated.gas_used);
    aether_receipt_destroy(&r);
    aether_receipt_destroy(&simulated);
    aether_buffer_destroy(&bytes);
    world_end(&w);
}

static void state_is_the_same_whatever_the_blocks(void) {
    world one, many;
    world_start(&one, NULL);
    world_start(&many, NULL);
    const aether_address a = world_deploy(&one, counter, 1), b = world_deploy(&many, counter, 1);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    world_begin(&one);
    uint64_t nonces[2] = {world_account(&one, &one.addresses[ALICE]).nonce,
        world_account(&one, &one.addresses[BOB]).nonce};
    for (int i = 0; i < 6; i++) {
        const int key = i % 2 == 0 ? ALICE : BOB;
        aether_transaction t = world_transaction(&one, key, AETHER_TRANSACTION_CALL);
        t.to = a;
        t.nonce = nonces[key == BOB]++;
        t.value.low = (uint64_t)i;
        aether_receipt r = world_run(&one, key, &t);
        aether_receipt s = world_seal(&many, key, &t);
        CHECK_U64(r.gas_used, s.gas_used);
        aether_receipt_destroy(&r);
        aether_receipt_destroy(&s);
    }
    world_commit(&one);
    const aether_chain_head first = world_head(&one), second = world_head(&many);
    CHECK(memcmp(&first.root, &second.root, sizeof first.root) == 0);
    world_end(&one);
    world_end(&many);
}

TEST_MAIN(
    TEST(transfer_moves_value_and_pays_its_fee) TEST(transfer_to_oneself_costs_the_fee_only) TEST(
        transfer_of_nothing_makes_no_account) TEST(contract_is_uploaded_deployed_called_and_queried)
        TEST(failure_is_undone_and_paid) TEST(out_of_gas_takes_the_whole_limit)
            TEST(code_is_uploaded_once) TEST(refused_module_is_reverted_with_code_1)
                TEST(what_is_not_there_has_a_code) TEST(owner_upgrades_and_storage_stays)
                    TEST(contract_that_is_not_upgradable_stays_as_it_is)
                        TEST(d7_address_with_a_balance_can_be_deployed_onto)
                            TEST(undo_takes_blocks_back_to_the_byte)
                                TEST(undo_takes_a_deployment_back_with_its_storage) TEST(
                                    undo_records_of_old_blocks_go) TEST(everything_can_be_proved)
                                    TEST(reverted_block_leaves_nothing)
                                        TEST(later_transaction_sees_the_earlier)
                                            TEST(simulation_tells_the_gas_and_changes_nothing)
                                                TEST(state_is_the_same_whatever_the_blocks))
