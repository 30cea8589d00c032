/* A transaction is a function of what it reads: executed again over the recorded reads alone it writes the same and has
 * the same receipt, and a read that would differ is noticed. So something that executes ahead of its turn can be put
 * between the state and it. And: what a search in storage costs within a block.
 * Method: ae_transaction_execute over an overlay that is made here, with a recorder in between; the block's own results
 * are compared too. */
#include "plan.h"
#include "world.h"

#include "api/handle.h"
#include "base/bytes.h"
#include "harness/model_map.h"
#include "ledger/chain.h"
#include "ledger/execute.h"
#include "ledger/transaction.h"
#include "state/recorder.h"

static aether_error err;

/* A view that knows the recorded reads and nothing else. */
typedef struct replay {
    const ae_recorder *recorder;
    uint64_t asked;
} replay;

static aether_status replay_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *error) {
    replay *self = user;
    (void)error;
    self->asked++;
    for (const ae_point_read *read = self->recorder->points; read != NULL; read = read->previous)
        if (ae_bytes_equal(read->key, key)) {
            *out_value = read->value;
            *out_found = read->found;
            return AETHER_OK;
        }
    test_fail(__FILE__, __LINE__, "a key of kind 0x%02x that was not read before", key.data[0]);
}

static aether_status replay_next(
    void *user, const ae_search *search, ae_neighbour *out, aether_error *error) {
    replay *self = user;
    (void)error;
    self->asked++;
    for (const ae_range_read *read = self->recorder->ranges; read != NULL; read = read->previous)
        if (ae_bytes_equal(read->search.prefix, search->prefix) &&
            ae_bytes_equal(read->search.after, search->after) &&
            ae_bytes_equal(read->search.bound, search->bound) &&
            read->search.descending == search->descending &&
            read->search.steps_max == search->steps_max) {
            *out = read->result;
            return AETHER_OK;
        }
    test_fail(__FILE__, __LINE__, "a search that was not made before");
}

/* A block that is executed by hand. */
typedef struct bench {
    world w;
    ae_constitution constitution;
    ae_modules *modules;
    ae_block_info info;
    ae_arena arena; /* of the overlay */
    ae_journal *overlay;
    uint64_t gas_left;
    uint64_t len_left;
} bench;

static void bench_start(bench *b) {
    ae_head head;
    ae_runtime *runtime = ae_engine_runtime(b->w.engine);
    CHECK_OK(ae_chain_read_records(&b->w.store, &b->constitution, &head, &err));
    CHECK_OK(ae_modules_create(runtime, 4, &b->modules, &err));
    b->info = (ae_block_info){.constitution = &b->constitution,
        .runtime = runtime,
        .modules = b->modules,
        .height = head.height + 1,
        .time = head.time + 5};
    ae_arena_init(&b->arena, 1 << 16, (size_t)1 << 30);
    CHECK_OK(ae_journal_create(&b->arena, &b->w.store, &b->overlay, &err));
    b->gas_left = b->constitution.parameters.block_gas_max;
    b->len_left = b->constitution.parameters.block_len_max;
}

static void bench_end(bench *b) {
    ae_modules_destroy(b->modules);
    ae_arena_deinit(&b->arena);
}

static aether_receipt execute(
    bench *b, ae_arena *arena, const ae_view *view, aether_bytes bytes, ae_execution *out) {
    aether_receipt receipt;
    *out = (ae_execution){.block = &b->info,
        .view = *view,
        .gas_left = b->gas_left,
        .len_left = b->len_left,
        .arena = arena};
    CHECK_OK(ae_transaction_execute(out, bytes, &receipt, &err));
    return receipt;
}

static aether_hash hash_of(const aether_receipt *receipt) {
    aether_buffer bytes;
    aether_hash hash;
    CHECK_OK(aether_receipt_encode(receipt, &bytes, &err));
    aether_receipt_hash((aether_bytes){.data = bytes.data, .len = bytes.len}, &hash);
    aether_buffer_destroy(&bytes);
    return hash;
}

static void check_same(const ae_execution *a, const aether_receipt *r, const ae_execution *b,
    const aether_receipt *s) {
    const aether_hash first = hash_of(r), second = hash_of(s);
    CHECK(memcmp(&first, &second, sizeof first) == 0);
    CHECK(memcmp(&a->fee, &b->fee, sizeof a->fee) == 0);
    CHECK_U64(a->change_count, b->change_count);
    for (size_t i = 0; i < a->change_count; i++) {
        CHECK_BYTES(a->changes[i].key, b->changes[i].key);
        CHECK_U64(a->changes[i].is_removed, b->changes[i].is_removed);
        if (!a->changes[i].is_removed)
            CHECK_BYTES(a->changes[i].value, b->changes[i].value);
        CHECK(i == 0 || ae_bytes_compare(a->changes[i - 1].key, a->changes[i].key) < 0);
    }
}

static bool is_same(const ae_recorder *recorder, const ae_view *view) {
    bool same = false;
    CHECK_OK(ae_recorder_validate(recorder, view, &same, &err));
    return same;
}

/* Change one key above the overlay, for one question. */
static bool is_same_after(bench *b, const ae_recorder *recorder, aether_bytes key, bool removes) {
    ae_arena arena;
    ae_journal *journal = NULL;
    bool existed = false;
    const ae_view below = ae_journal_view(b->overlay);
    ae_arena_init(&arena, 1 << 12, 1 << 24);
    CHECK_OK(ae_journal_create_over(&arena, &below, &journal, &err));
    if (removes)
        CHECK_OK(ae_journal_remove(journal, key, &existed, &err));
    else
        CHECK_OK(ae_journal_write(journal, key, ae_bytes("\x01other", 6), &err));
    const ae_view view = ae_journal_view(journal);
    const bool same = is_same(recorder, &view);
    ae_arena_deinit(&arena);
    return same;
}

/* Each read matters: another value, no value, a key that is found first. */
static void check_reads_matter(bench *b, const ae_recorder *recorder) {
    for (const ae_point_read *read = recorder->points; read != NULL; read = read->previous) {
        CHECK(!is_same_after(b, recorder, read->key, false));
        CHECK_U64(is_same_after(b, recorder, read->key, true), !read->found);
    }
    for (const ae_range_read *read = recorder->ranges; read != NULL; read = read->previous) {
        if (read->result.found)
            CHECK(!is_same_after(b, recorder, read->result.key, true));
        uint8_t key[AETHER_STORE_KEY_LEN_MAX];
        const ae_search *search = &read->search;
        if (search->descending || search->after.len >= sizeof key || search->after.len == 0)
            continue;
        memcpy(key, search->after.data, search->after.len); // the very next key
        key[search->after.len] = 0;
        const aether_bytes next = ae_bytes(key, search->after.len + 1);
        if (!read->result.found || !ae_bytes_equal(next, read->result.key))
            if (search->bound.len == 0 || ae_bytes_compare(next, search->bound) < 0)
                CHECK(!is_same_after(b, recorder, next, false));
    }
}

static void join(bench *b, const ae_execution *execution) {
    bool existed = false;
    for (size_t i = 0; i < execution->change_count; i++)
        if (execution->changes[i].is_removed)
            CHECK_OK(ae_journal_remove(b->overlay, execution->changes[i].key, &existed, &err));
        else
            CHECK_OK(ae_journal_write(
                b->overlay, execution->changes[i].key, execution->changes[i].value, &err));
}

static uint64_t ranges_seen;

/* The next transaction of the block, three ways. */
static void try_transaction(bench *b, aether_bytes bytes) {
    ae_arena arenas[3];
    ae_recorder recorder;
    ae_execution first, second;
    for (int i = 0; i < 3; i++)
        ae_arena_init(&arenas[i], 1 << 14, (size_t)1 << 30);
    const ae_view view = ae_journal_view(b->overlay);
    ae_recorder_init(&recorder, &arenas[0], &view);
    const ae_view recording = ae_recorder_view(&recorder);
    aether_receipt r = execute(b, &arenas[1], &recording, bytes, &first);
    replay reads = {.recorder = &recorder};
    const ae_view replaying = {.user = &reads, .get = replay_get, .next = replay_next};
    aether_receipt s = execute(b, &arenas[2], &replaying, bytes, &second);
    check_same(&first, &r, &second, &s);
    CHECK(is_same(&recorder, &view));
    check_reads_matter(b, &recorder);
    ranges_seen += recorder.ranges != NULL;
    aether_receipt in_block = world_execute(&b->w, bytes);
    const aether_hash own = hash_of(&r), blocks = hash_of(&in_block);
    CHECK(memcmp(&own, &blocks, sizeof own) == 0);
    join(b, &first);
    b->gas_left -= r.gas_used;
    b->len_left -= bytes.len;
    aether_receipt_destroy(&r);
    aether_receipt_destroy(&s);
    aether_receipt_destroy(&in_block);
    for (int i = 0; i < 3; i++)
        ae_arena_deinit(&arenas[i]);
}

static void draw_plan(uint64_t *random, plan *out) {
    uint8_t key[8], other[8], value[32];
    for (uint64_t i = test_random(random) % 8; i > 0; i--) {
        const aether_bytes name = model_random_key(random, key);
        switch (test_random(random) % 6) {
        case 0:
        case 1:
            plan_write(out, name, model_random_value(random, value));
            break;
        case 2:
            plan_add(out, PLAN_REMOVE, name);
            break;
        case 3:
            plan_add(out, PLAN_READ, name);
            break;
        case 4:
            plan_next(out, (aether_bytes){.data = key, .len = 1}, model_random_key(random, other),
                test_random(random) % 2);
            break;
        default:
            plan_add(out, PLAN_CALLER, (aether_bytes){0});
        }
    }
    if (test_random(random) % 8 == 0)
        plan_return(out, 9);
}

static void random_body(bench *b, uint64_t *random, const aether_address *contract,
    const aether_hash *code_hash, plan *input, aether_transaction *t) {
    static const aether_transaction_kind kinds[] = {AETHER_TRANSACTION_CALL,
        AETHER_TRANSACTION_CALL, AETHER_TRANSACTION_CALL, AETHER_TRANSACTION_TRANSFER,
        AETHER_TRANSACTION_DEPLOY, AETHER_TRANSACTION_UPGRADE};
    input->len = 0;
    draw_plan(random, input);
    t->kind = kinds[test_random(random) % 6];
    t->gas_limit = test_random(random) % 10 == 0 ? 900000 : 9000000;
    if (t->kind != AETHER_TRANSACTION_UPGRADE)
        t->value.low = test_random(random) % 3;
    t->to = t->kind == AETHER_TRANSACTION_TRANSFER ? b->w.addresses[test_random(random) % 3]
                                                   : *contract;
    if (t->kind != AETHER_TRANSACTION_TRANSFER)
        t->input = plan_bytes(input);
    if (t->kind == AETHER_TRANSACTION_DEPLOY || t->kind == AETHER_TRANSACTION_UPGRADE)
        t->code_hash = *code_hash;
    t->salt.bytes[0] = (uint8_t)(2 + test_random(random) % 5);
}

static void execution_is_a_function_of_its_reads(void) {
    static bench b;
    static plan input;
    char text[PLAN_TEXT_LEN_MAX];
    uint64_t random = test_seed();
    plan_text(1, true, text);
    world_start(&b.w, NULL);
    const aether_address contract = world_deploy(&b.w, text, 1);
    const aether_hash code_hash = world_account(&b.w, &contract).code_hash;
    for (int block = 0; block < 25; block++) {
        uint64_t nonces[2] = {world_account(&b.w, &b.w.addresses[ALICE]).nonce,
            world_account(&b.w, &b.w.addresses[BOB]).nonce};
        bench_start(&b);
        world_begin(&b.w);
        for (int i = 0; i < 8; i++) {
            const int key = (int)(test_random(&random) % 2);
            aether_transaction t = world_transaction(&b.w, key, AETHER_TRANSACTION_CALL);
            random_body(&b, &random, &contract, &code_hash, &input, &t);
            const bool is_wrong = test_random(&random) % 12 == 0;
            t.nonce = is_wrong ? 7777 : nonces[key]++;
            aether_buffer bytes = world_sign(&b.w, key, &t);
            try_transaction(&b, (aether_bytes){.data = bytes.data, .len = bytes.len});
            aether_buffer_destroy(&bytes);
        }
        world_commit(&b.w);
        bench_end(&b);
    }
    CHECK(ranges_seen > 10);
    world_end(&b.w);
}

/* An upload writes code that the block's later transactions find. */
static void uploaded_code_is_read_from_the_overlay(void) {
    static bench b;
    char text[PLAN_TEXT_LEN_MAX];
    plan_text(3, true, text);
    world_start(&b.w, NULL);
    ae_binary binary;
    CHECK_OK(ae_binary_init(bytes_of(text), &binary, &err));
    bench_start(&b);
    world_begin(&b.w);
    aether_transaction t = world_transaction(&b.w, ALICE, AETHER_TRANSACTION_UPLOAD);
    t.code = binary.bytes;
    for (int i = 0; i < 3; i++) {
        aether_buffer bytes = world_sign(&b.w, ALICE, &t);
        try_transaction(&b, (aether_bytes){.data = bytes.data, .len = bytes.len});
        aether_buffer_destroy(&bytes);
        t.nonce++;
        if (i == 1)
            continue;
        t.kind = AETHER_TRANSACTION_DEPLOY;
        aether_code_hash(binary.bytes, &t.code_hash);
        t.code = (aether_bytes){0};
        t.gas_limit = 9000000;
    }
    ae_modules_destroy(b.modules); // as if its program had been dropped: read from the overlay
    CHECK_OK(ae_modules_create(b.info.runtime, 4, &b.modules, &err));
    b.info.modules = b.modules;
    t.salt.bytes[0] = 9;
    aether_buffer bytes = world_sign(&b.w, ALICE, &t);
    try_transaction(&b, (aether_bytes){.data = bytes.data, .len = bytes.len});
    aether_buffer_destroy(&bytes);
    world_commit(&b.w);
    bench_end(&b);
    ae_binary_deinit(&binary);
    world_end(&b.w);
}

/* Gas of searches */

#define STEP 2000u /* of schedule v1 */

/* Run a plan and then a search from "a" on in the open block, or alone; the gas of the search. */
static uint64_t search_gas(world *w, const aether_address *contract, const plan *before,
    uint64_t nonce, const char *expected) {
    plan input = *before;
    const size_t results = 64;
    plan_add(&input, PLAN_GAS_LEFT, (aether_bytes){0});
    plan_next(&input, (aether_bytes){0}, bytes_of("a"), 0);
    plan_add(&input, PLAN_GAS_LEFT, (aether_bytes){0});
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_CALL);
    t.nonce = nonce;
    t.to = *contract;
    t.input = plan_bytes(&input);
    t.gas_limit = 9000000;
    aether_receipt r = world_run(w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    CHECK(r.return_data.len >= 18 && r.return_data.len < results);
    const uint8_t *end = r.return_data.data + r.return_data.len;
    CHECK_BYTES(((aether_bytes){.data = end - 9, .len = 1}), bytes_of(expected));
    const uint64_t gas = ae_get_u64_le(end - 18) - ae_get_u64_le(end - 8);
    aether_receipt_destroy(&r);
    return gas;
}

static void write_keys(world *w, const aether_address *contract, const char *keys) {
    plan input = {0};
    for (size_t i = 0; i < strlen(keys); i++)
        plan_write(&input, ae_bytes(keys + i, 1), bytes_of("v"));
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = *contract;
    t.input = plan_bytes(&input);
    aether_receipt r = world_seal(w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
}

static void removing(plan *out, const char *keys) {
    for (size_t i = 0; i < strlen(keys); i++)
        plan_add(out, PLAN_REMOVE, ae_bytes(keys + i, 1));
}

/* A search pays a step for each key that it passes over which had a value when the block began and has none now;
 * removals that were undone don't count, and after the block they are gone. */
static void search_pays_for_what_the_block_removed(void) {
    world w;
    char text[PLAN_TEXT_LEN_MAX];
    plan_text(1, true, text);
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, text, 1);
    write_keys(&w, &contract, "abcde");
    uint64_t nonce = world_account(&w, &w.addresses[ALICE]).nonce;
    const plan nothing = {0};
    plan removes = {0}, undone = {0};
    removing(&removes, "bc");
    removing(&undone, "d");
    plan_return(&undone, 1);
    world_begin(&w);
    const uint64_t base = search_gas(&w, &contract, &nothing, nonce++, "b");
    CHECK_U64(search_gas(&w, &contract, &removes, nonce++, "d"), base + 2 * STEP);
    CHECK_U64(search_gas(&w, &contract, &nothing, nonce++, "d"), base + 2 * STEP);
    aether_transaction t = world_transaction(&w, ALICE, AETHER_TRANSACTION_CALL);
    t.nonce = nonce++;
    t.to = contract;
    t.input = plan_bytes(&undone);
    t.gas_limit = 9000000;
    aether_receipt r = world_run(&w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_REVERTED);
    aether_receipt_destroy(&r);
    CHECK_U64(search_gas(&w, &contract, &nothing, nonce++, "d"), base + 2 * STEP);
    plan again = {0}; // one of them is there again
    plan_write(&again, bytes_of("c"), bytes_of("v"));
    CHECK_U64(search_gas(&w, &contract, &again, nonce++, "c"), base + STEP);
    CHECK_U64(search_gas(&w, &contract, &nothing, nonce++, "c"), base + STEP);
    world_commit(&w);
    world_begin(&w);
    CHECK_U64(search_gas(&w, &contract, &nothing, nonce++, "c"), base);
    world_end(&w);
}

/* What a transaction removes itself counts, where it was there when the transaction began, also if the block had only
 * written it before: else a block could hold searches over many keys for the price of few. What came and went within
 * one transaction costs nothing, and nothing to those after it. */
static void search_pays_for_what_the_transaction_saw_and_removed(void) {
    world w;
    char text[PLAN_TEXT_LEN_MAX];
    plan_text(1, true, text);
    world_start(&w, NULL);
    const aether_address contract = world_deploy(&w, text, 1);
    write_keys(&w, &contract, "ae");
    uint64_t nonce = world_account(&w, &w.addresses[ALICE]).nonce;
    const plan nothing = {0};
    plan writes = {0}, removes = {0}, both = {0};
    plan_write(&writes, bytes_of("b"), bytes_of("v"));
    plan_write(&writes, bytes_of("c"), bytes_of("v"));
    removing(&removes, "bc");
    plan_put(&both, plan_bytes(&writes));
    removing(&both, "bc");
    world_begin(&w);
    const uint64_t base = search_gas(&w, &contract, &nothing, nonce++, "e");
    CHECK_U64(search_gas(&w, &contract, &both, nonce++, "e"), base);
    CHECK_U64(search_gas(&w, &contract, &writes, nonce++, "b"), base);
    CHECK_U64(search_gas(&w, &contract, &removes, nonce++, "e"), base + 2 * STEP);
    CHECK_U64(search_gas(&w, &contract, &nothing, nonce++, "e"), base);
    world_end(&w);
}

TEST_MAIN(TEST(execution_is_a_function_of_its_reads) TEST(uploaded_code_is_read_from_the_overlay)
        TEST(search_pays_for_what_the_block_removed)
            TEST(search_pays_for_what_the_transaction_saw_and_removed))
