/* What a genesis may be, and what the functions of a chain refuse from those who use them: with a status, a message and
 * nothing done.
 * Method: for each bound the value at it and the one behind it; each call where it doesn't belong. */
#include "plan.h"
#include "world.h"

static aether_error err;

static aether_genesis genesis_of(const aether_genesis_account *accounts, size_t count) {
    return (aether_genesis){.struct_size = sizeof(aether_genesis),
        .chain_id = bytes_of("test"),
        .time = WORLD_TIME,
        .parameters = {.struct_size = sizeof(aether_parameters),
            .protocol_version = AETHER_PROTOCOL_VERSION},
        .accounts = accounts,
        .account_count = count};
}

static void accept(const aether_genesis *genesis) {
    aether_batch batch;
    CHECK_OK(aether_genesis_changes(genesis, &batch, &err));
    for (size_t i = 1; i < batch.count; i++)
        CHECK(batch.changes[i - 1].key.len != 0 && !batch.changes[i].is_removed);
    aether_batch_destroy(&batch);
    CHECK(batch.owner == NULL && batch.count == 0);
    aether_batch_destroy(&batch);
}

static void refuse(const aether_genesis *genesis, const char *field) {
    aether_batch batch = {.count = 77};
    CHECK_STATUS(aether_genesis_changes(genesis, &batch, &err), AETHER_INVALID_GENESIS);
    if (strstr(err.message, field) == NULL)
        test_fail(__FILE__, __LINE__, "message without %s: %s", field, err.message);
    CHECK_U64(batch.count, 77); // untouched
}

static void genesis_names_the_field_that_is_wrong(void) {
    char id[66];
    memset(id, 'x', sizeof id);
    aether_genesis g = genesis_of(NULL, 0);
    accept(&g);
    g.parameters.protocol_version++;
    refuse(&g, "protocol_version");
    g = genesis_of(NULL, 0);
    g.parameters.schedule = (aether_schedule)2;
    refuse(&g, "schedule");
    g = genesis_of(NULL, 0);
    for (size_t len = 0; len <= 65; len++) {
        g.chain_id = (aether_bytes){.data = (const uint8_t *)id, .len = len};
        if (len >= 1 && len <= 64)
            accept(&g);
        else
            refuse(&g, "chain_id");
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        id[2] = (char)byte;
        g.chain_id = (aether_bytes){.data = (const uint8_t *)id, .len = 5};
        if (byte >= 0x21 && byte <= 0x7e)
            accept(&g);
        else
            refuse(&g, "chain_id");
    }
    g = genesis_of(NULL, 0);
    g.parameters.transaction_len_max = 4u << 20;
    accept(&g);
    g.parameters.transaction_len_max++;
    g.parameters.block_len_max = 64u << 20;
    refuse(&g, "transaction_len_max");
    g.parameters.transaction_len_max = 0;
    accept(&g);
    g.parameters.block_len_max++;
    refuse(&g, "block_len_max");
    g.parameters.transaction_len_max = 1000;
    g.parameters.block_len_max = 1000;
    accept(&g);
    g.parameters.block_len_max = 999;
    refuse(&g, "transaction_len_max");
}

static void genesis_has_each_address_once_in_any_order(void) {
    aether_genesis_account accounts[] = {
        {{{3}}, {.low = 3}}, {{{1}}, {.low = 1}}, {{{2}}, {.low = 0}}};
    aether_genesis g = genesis_of(accounts, 3);
    aether_batch first, second;
    CHECK_OK(aether_genesis_changes(&g, &first, &err));
    const aether_genesis_account moved = accounts[0];
    accounts[0] = accounts[2];
    accounts[2] = moved;
    CHECK_OK(aether_genesis_changes(&g, &second, &err));
    CHECK(memcmp(&first.root, &second.root, sizeof first.root) == 0);
    CHECK_U64(first.count, second.count);
    for (size_t i = 0; i < first.count; i++) {
        CHECK_BYTES(first.changes[i].key, second.changes[i].key);
        CHECK_BYTES(first.changes[i].value, second.changes[i].value);
    }
    aether_batch_destroy(&first);
    aether_batch_destroy(&second);
    accounts[2].address = accounts[0].address;
    refuse(&g, "accounts");
}

static void chain_opens_with_its_schedule_and_version_only(void) {
    world w;
    aether_chain *chain = NULL;
    aether_engine *unit = NULL;
    const aether_protocol protocol = {.struct_size = sizeof protocol,
        .version = AETHER_PROTOCOL_VERSION,
        .schedule = AETHER_SCHEDULE_UNIT};
    const aether_engine_options options = {.struct_size = sizeof options, .protocol = &protocol};
    world_start(&w, NULL);
    CHECK_OK(aether_engine_create(&options, &unit, &err));
    CHECK_STATUS(aether_chain_open(unit, &w.store, NULL, &chain, &err), AETHER_INVALID_ARGUMENT);
    aether_engine_destroy(unit);
    aether_memory_store *memory = NULL;
    CHECK_OK(aether_memory_store_create(&memory, &err));
    const aether_store empty = aether_memory_store_interface(memory);
    CHECK_STATUS(aether_chain_open(w.engine, &empty, NULL, &chain, &err), AETHER_WRONG_STATE);
    aether_memory_store_destroy(memory);
    static const uint8_t key[] = "\x04parameters";
    const aether_bytes key_bytes = {.data = key, .len = sizeof key - 1};
    uint8_t record[200];
    aether_bytes value = {0};
    bool found = false;
    CHECK_OK(w.store.get(w.store.user, key_bytes, &value, &found, &err));
    CHECK(found && value.len < sizeof record);
    memcpy(record, value.data, value.len);
    record[0]++;
    const aether_change change = {.key = key_bytes, .value = {.data = record, .len = value.len}};
    CHECK_OK(aether_memory_store_apply(w.memory, &change, 1, &err));
    CHECK_STATUS(aether_chain_open(w.engine, &w.store, NULL, &chain, &err), AETHER_LIMIT_EXCEEDED);
    CHECK_STATUS(aether_chain_reopen(w.chain, &err), AETHER_LIMIT_EXCEEDED);
    CHECK(chain == NULL);
    CHECK_U64(world_head(&w).height, 0); // the open one stands where it did
    world_end(&w);
}

static void block_follows_its_head(void) {
    world w;
    aether_block *block = NULL;
    world_start(&w, NULL);
    world_begin(&w);
    world_commit(&w);
    const uint64_t time = world_head(&w).time;
    static const uint64_t heights[] = {0, 1, 3, UINT64_MAX};
    for (size_t i = 0; i < sizeof heights / sizeof heights[0]; i++) {
        const aether_block_header header = {
            .struct_size = sizeof header, .height = heights[i], .time = time};
        CHECK_STATUS(aether_block_begin(w.chain, &header, &block, &err), AETHER_INVALID_ARGUMENT);
    }
    aether_block_header header = {.struct_size = sizeof header, .height = 2, .time = time - 1};
    CHECK_STATUS(aether_block_begin(w.chain, &header, &block, &err), AETHER_INVALID_ARGUMENT);
    CHECK(block == NULL);
    header.time = time; // two blocks of one second
    CHECK_OK(aether_block_begin(w.chain, &header, &block, &err));
    aether_block *second = NULL;
    CHECK_STATUS(aether_block_begin(w.chain, &header, &second, &err), AETHER_WRONG_STATE);
    aether_block_revert(block);
    aether_block_revert(NULL);
    header.time = UINT64_MAX; // and time that ends
    CHECK_OK(aether_block_begin(w.chain, &header, &w.block, &err));
    world_commit(&w);
    header.height = 3;
    CHECK_OK(aether_block_begin(w.chain, &header, &w.block, &err));
    world_commit(&w);
    world_end(&w);
}

static void ended_block_takes_nothing_more(void) {
    world w;
    aether_block_result result;
    aether_receipt r = {0};
    world_start(&w, NULL);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_TRANSFER);
    aether_buffer bytes = world_sign(&w, ALICE, &t);
    const aether_bytes view = {.data = bytes.data, .len = bytes.len};
    world_begin(&w);
    CHECK_OK(aether_block_end(w.block, &result, &err));
    CHECK_STATUS(aether_block_end(w.block, &result, &err), AETHER_WRONG_STATE);
    CHECK_STATUS(aether_block_execute(w.block, view, &r, &err), AETHER_WRONG_STATE);
    CHECK_U64(result.transaction_count, 0);
    aether_block_revert(w.block); // not applied: nothing happened
    w.block = NULL;
    CHECK_U64(world_head(&w).height, 0);
    aether_buffer_destroy(&bytes);
    world_end(&w);
}

/* A simulation in between changes nothing of the open block, nor of what is asked next. */
static void questions_may_be_asked_while_a_block_is_open(void) {
    world w;
    aether_receipt simulated;
    world_start(&w, NULL);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_TRANSFER);
    t.to = w.addresses[CAROL];
    t.value.low = 9;
    aether_buffer bytes = world_sign(&w, ALICE, &t);
    const aether_bytes view = {.data = bytes.data, .len = bytes.len};
    const aether_block_header header = {
        .struct_size = sizeof header, .height = 1, .time = WORLD_TIME};
    world_begin(&w);
    aether_receipt r = world_execute(&w, view);
    CHECK_OK(aether_chain_simulate(w.chain, &header, view, &simulated, &err));
    CHECK_U64(simulated.outcome, AETHER_RECEIPT_SUCCESS); // over the head's state
    CHECK_U64(simulated.gas_used, r.gas_used);
    CHECK_U64(simulated.fee.low, 0);
    CHECK_U64(world_account(&w, &w.addresses[CAROL]).balance.low, 0);
    world_commit(&w);
    CHECK_U64(world_account(&w, &w.addresses[CAROL]).balance.low, 9);
    aether_receipt_destroy(&r);
    aether_receipt_destroy(&simulated);
    aether_buffer_destroy(&bytes);
    world_end(&w);
}

static void simulation_needs_neither_signature_nor_fee(void) {
    world w;
    aether_receipt r;
    aether_buffer bytes;
    world_start(&w, NULL);
    aether_transaction t = world_transaction(&w, CAROL, AETHER_TRANSACTION_TRANSFER);
    t.gas_limit = 0;
    t.gas_price = UINT64_MAX;
    CHECK_OK(aether_key_public(w.types[CAROL], w.secrets[CAROL], &t.key, &err));
    const aether_block_header header = {
        .struct_size = sizeof header, .height = 1, .time = WORLD_TIME};
    for (uint64_t value = 0; value < 2; value++) {
        t.value.low = value;
        CHECK_OK(aether_transaction_encode(&t, t.key.type, NULL, &bytes, &err));
        CHECK_OK(aether_chain_simulate(
            w.chain, &header, (aether_bytes){.data = bytes.data, .len = bytes.len}, &r, &err));
        CHECK_U64(r.reason, value == 0 ? AETHER_INVALID_NONE : AETHER_INVALID_FUNDS);
        aether_receipt_destroy(&r);
        aether_buffer_destroy(&bytes);
    }
    world_end(&w);
}

static void query_changes_nothing(void) {
    world w;
    char text[PLAN_TEXT_LEN_MAX];
    plan writes = {0}, reads = {0};
    plan_text(5, true, text);
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, text, 1);
    plan_write(&writes, bytes_of("k"), bytes_of("v"));
    plan_add(&reads, PLAN_VERSION, (aether_bytes){0});
    aether_query query = {.struct_size = sizeof query,
        .contract = contract,
        .input = plan_bytes(&writes),
        .gas_limit = UINT64_MAX};
    aether_execution_result result;
    CHECK_OK(aether_chain_query(w.chain, &query, &result, &err));
    CHECK_U64(result.outcome, AETHER_OUTCOME_FAILED);
    CHECK_U64(result.change_count, 0);
    aether_execution_result_destroy(&result);
    query.input = plan_bytes(&reads);
    CHECK_OK(aether_chain_query(w.chain, &query, &result, &err));
    CHECK_BYTES(result.return_data, ((aether_bytes){.data = (const uint8_t *)"\x05", .len = 1}));
    aether_execution_result_destroy(&result);
    world_end(&w);
}

static void null_is_refused(void) {
    world w;
    aether_chain *chain = NULL;
    aether_block *block = NULL;
    aether_receipt r;
    aether_batch batch;
    aether_block_result result;
    const aether_block_header header = {
        .struct_size = sizeof header, .height = 1, .time = WORLD_TIME};
    const aether_bytes lie = {.data = NULL, .len = 1};
    const aether_store half = {0};
    world_start(&w, NULL);
#define REFUSED(call) CHECK_STATUS(call, AETHER_INVALID_ARGUMENT)
    REFUSED(aether_genesis_changes(NULL, &batch, &err));
    REFUSED(aether_chain_open(NULL, &w.store, NULL, &chain, &err));
    REFUSED(aether_chain_open(w.engine, NULL, NULL, &chain, &err));
    REFUSED(aether_chain_open(w.engine, &half, NULL, &chain, &err));
    REFUSED(aether_chain_open(w.engine, &w.store, NULL, NULL, &err));
    REFUSED(aether_block_begin(NULL, &header, &block, &err));
    REFUSED(aether_block_begin(w.chain, NULL, &block, &err));
    REFUSED(aether_block_begin(w.chain, &header, NULL, &err));
    REFUSED(aether_chain_simulate(w.chain, &header, lie, &r, &err));
    REFUSED(aether_chain_query(w.chain, NULL, NULL, &err));
    REFUSED(aether_chain_account(w.chain, NULL, NULL, NULL, &err));
    REFUSED(aether_chain_has_code(w.chain, NULL, NULL, &err));
    REFUSED(aether_chain_undo(NULL, &batch, &err));
    REFUSED(aether_chain_reopen(NULL, &err));
    REFUSED(aether_chain_check(NULL, NULL, NULL, NULL, &err));
    world_begin(&w);
    REFUSED(aether_block_execute(w.block, lie, &r, &err));
    REFUSED(aether_block_execute(w.block, bytes_of("x"), NULL, &err));
    REFUSED(aether_block_execute(NULL, bytes_of("x"), &r, &err));
    REFUSED(aether_block_end(w.block, NULL, &err));
    REFUSED(aether_block_end(NULL, &result, &err));
#undef REFUSED
    world_commit(&w); // nothing of that was a fault
    world_end(&w);
}

TEST_MAIN(
    TEST(genesis_names_the_field_that_is_wrong) TEST(genesis_has_each_address_once_in_any_order)
        TEST(chain_opens_with_its_schedule_and_version_only) TEST(block_follows_its_head)
            TEST(ended_block_takes_nothing_more) TEST(questions_may_be_asked_while_a_block_is_open)
                TEST(simulation_needs_neither_signature_nor_fee) TEST(query_changes_nothing)
                    TEST(null_is_refused))
