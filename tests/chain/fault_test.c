/* This machine's faults are statuses and never receipts: memory that ends, a store that fails, lies or rots. The block
 * can only be reverted then, and everything works on afterwards.
 * Method: fail the n-th allocation or call of the store for n = 0, 1, … until a clean pass; in the end the root is that
 * of a chain where nothing failed. */
#include "plan.h"
#include "world.h"

#include "base/alloc.h"
#include "engine/engine.h"

static aether_error err;

#define STEPS 7

/* Everything that a block of the test is made of. */
typedef struct script {
    world w;
    aether_address contract;
    aether_hash code_hash; /* of the contract */
    uint8_t *code;
    plan input;
    plan init;
    aether_buffer steps[STEPS];
} script;

static aether_bytes view_of(const aether_buffer *buffer) {
    return (aether_bytes){.data = buffer->data, .len = buffer->len};
}

static void add_step(script *s, int step, aether_transaction *t) {
    t->nonce = world_account(&s->w, &s->w.addresses[ALICE]).nonce + (uint64_t)step;
    s->steps[step] = world_sign(&s->w, ALICE, t);
}

static aether_transaction body(script *s, aether_transaction_kind kind) {
    return world_transaction(&s->w, ALICE, kind);
}

/* A transaction of each kind, one that fails, and at the end one that is invalid. */
static void fill_steps(script *s) {
    char text[PLAN_TEXT_LEN_MAX];
    aether_transaction t = body(s, AETHER_TRANSACTION_UPLOAD);
    plan_text(2, true, text);
    CHECK_OK(ae_text_to_binary(bytes_of(text), &s->code, &t.code.len, &err));
    t.code.data = s->code;
    t.gas_limit = 400000000;
    aether_hash code_hash;
    aether_code_hash(t.code, &code_hash);
    add_step(s, 0, &t);
    t = body(s, AETHER_TRANSACTION_DEPLOY);
    t.gas_limit = 10000000;
    t.code_hash = code_hash;
    t.value.low = 5;
    t.is_upgradable = true;
    t.input = plan_bytes(&s->init);
    add_step(s, 1, &t);
    t = body(s, AETHER_TRANSACTION_CALL);
    t.gas_limit = 10000000;
    t.to = s->contract;
    t.value.low = 6;
    t.input = plan_bytes(&s->input);
    add_step(s, 2, &t);
    t = body(s, AETHER_TRANSACTION_TRANSFER);
    t.gas_limit = 10000000;
    t.to = s->w.addresses[CAROL];
    t.value.low = 7;
    add_step(s, 3, &t);
    t = body(s, AETHER_TRANSACTION_UPGRADE);
    t.gas_limit = 10000000;
    t.to = s->contract;
    t.code_hash = code_hash;
    t.input = plan_bytes(&s->init);
    add_step(s, 4, &t);
    t = body(s, AETHER_TRANSACTION_CALL);
    t.gas_limit = 10000000;
    t.to = s->contract;
    const uint8_t divide[] = {PLAN_DIVIDE, 0};
    t.input = (aether_bytes){.data = divide, .len = sizeof divide};
    add_step(s, 5, &t);
    add_step(s, 6, &t);
    s->steps[6].data[s->steps[6].len - 1] ^= 1;
}

static void script_start(script *s) {
    static const char *const keys[] = {"a", "ab", "abc", "b", "c"};
    char text[PLAN_TEXT_LEN_MAX];
    *s = (script){0};
    plan_text(1, true, text);
    world_start(&s->w, NULL);
    s->contract = world_deploy(&s->w, text, 1);
    s->code_hash = world_account(&s->w, &s->contract).code_hash;
    plan first = {0};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        plan_write(&first, bytes_of(keys[i]), bytes_of("value"));
    aether_transaction t = body(s, AETHER_TRANSACTION_CALL);
    t.to = s->contract;
    t.input = plan_bytes(&first);
    aether_receipt r = world_seal(&s->w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    plan_add(&s->input, PLAN_REMOVE, bytes_of("ab"));
    plan_next(&s->input, bytes_of("a"), bytes_of("a"), 0);
    plan_next(&s->input, (aether_bytes){0}, (aether_bytes){0}, 1);
    plan_add(&s->input, PLAN_READ, bytes_of("b"));
    plan_write(&s->input, bytes_of("new"), bytes_of(""));
    plan_emit(&s->input, (aether_bytes){.data = s->contract.bytes, .len = 32}, bytes_of("data"));
    plan_add(&s->input, PLAN_CALLER, (aether_bytes){0});
    plan_write(&s->init, bytes_of("made"), bytes_of("1"));
    fill_steps(s);
}

static void script_end(script *s) {
    for (int i = 0; i < STEPS; i++)
        aether_buffer_destroy(&s->steps[i]);
    ae_free(s->code);
    world_end(&s->w);
}

static void check_receipt(aether_receipt *r, int step) {
    static const aether_receipt_outcome outcomes[STEPS] = {AETHER_RECEIPT_SUCCESS,
        AETHER_RECEIPT_SUCCESS, AETHER_RECEIPT_SUCCESS, AETHER_RECEIPT_SUCCESS,
        AETHER_RECEIPT_SUCCESS, AETHER_RECEIPT_FAILED, AETHER_RECEIPT_INVALID};
    if (r->outcome != outcomes[step])
        test_fail(__FILE__, __LINE__, "step %d: outcome %d: %s", step, (int)r->outcome, r->message);
    aether_receipt_destroy(r);
}

/* Begin, execute, end: the first status that is not OK, and the block as it then is. */
static aether_status try_block(
    script *s, aether_chain *chain, aether_block **out_block, aether_block_result *out_result) {
    aether_chain_head head;
    aether_chain_get_head(chain, &head);
    const aether_block_header header = {.height = head.height + 1, .time = head.time + 5};
    *out_block = NULL;
    aether_status status = aether_block_begin(chain, &header, out_block, &err);
    for (int i = 0; i < STEPS && status == AETHER_OK; i++) {
        aether_receipt r = {0};
        status = aether_block_execute(*out_block, view_of(&s->steps[i]), &r, &err);
        if (status == AETHER_OK)
            check_receipt(&r, i);
        else
            CHECK(r.owner == NULL);
    }
    return status == AETHER_OK ? aether_block_end(*out_block, out_result, &err) : status;
}

/* After a fault a block takes nothing more. */
static void check_only_revert_follows(script *s, aether_block *block) {
    aether_receipt r = {0};
    aether_block_result result;
    if (block == NULL)
        return;
    CHECK_STATUS(aether_block_execute(block, view_of(&s->steps[3]), &r, &err), AETHER_WRONG_STATE);
    CHECK_STATUS(aether_block_end(block, &result, &err), AETHER_WRONG_STATE);
    aether_block_revert(block);
}

/* The root that the script's block leads to where nothing fails. */
static aether_hash expected_root(void) {
    script s;
    aether_block_result result;
    script_start(&s);
    CHECK_OK(try_block(&s, s.w.chain, &s.w.block, &result));
    const aether_hash root = result.batch.root;
    script_end(&s);
    return root;
}

static void check_state(world *w) {
    aether_check_report report;
    CHECK_OK(aether_chain_check(&w->store, NULL, NULL, &report, &err));
}

static void block_survives_each_failing_allocation(void) {
    const aether_hash root = expected_root();
    script s;
    script_start(&s);
    const aether_hash before = world_digest(&s.w);
    for (uint64_t n = 0;; n++) {
        aether_block *block = NULL;
        aether_block_result result = {0};
        ae_alloc_fail_after(n);
        const aether_status status = try_block(&s, s.w.chain, &block, &result);
        ae_alloc_fail_after(UINT64_MAX);
        CHECK(n < 5000);
        if (status != AETHER_OK) {
            CHECK_U64(status, AETHER_OUT_OF_MEMORY);
            check_only_revert_follows(&s, block);
            continue;
        }
        CHECK(n > 20);
        const aether_hash after = world_digest(&s.w);
        CHECK(memcmp(&before, &after, sizeof before) == 0);
        CHECK(memcmp(&result.batch.root, &root, sizeof root) == 0);
        s.w.block = block;
        CHECK_OK(
            aether_memory_store_apply(s.w.memory, result.batch.changes, result.batch.count, &err));
        aether_block_commit(block);
        s.w.block = NULL;
        break;
    }
    check_state(&s.w);
    script_end(&s);
}

/* Each execution alone: memory ends only while it runs. */
static void execution_survives_each_failing_allocation(void) {
    const aether_hash root = expected_root();
    script s;
    script_start(&s);
    for (int step = 0; step < STEPS; step++)
        for (uint64_t n = 0;; n++) {
            aether_receipt r = {0};
            world_begin(&s.w);
            for (int i = 0; i < step; i++) {
                aether_receipt earlier = world_execute(&s.w, view_of(&s.steps[i]));
                aether_receipt_destroy(&earlier);
            }
            ae_alloc_fail_after(n);
            const aether_status status =
                aether_block_execute(s.w.block, view_of(&s.steps[step]), &r, &err);
            ae_alloc_fail_after(UINT64_MAX);
            if (status != AETHER_OK) {
                CHECK_U64(status, AETHER_OUT_OF_MEMORY);
                check_only_revert_follows(&s, s.w.block);
                continue;
            }
            check_receipt(&r, step);
            aether_block_revert(s.w.block);
            break;
        }
    s.w.block = NULL;
    aether_block_result result;
    CHECK_OK(try_block(&s, s.w.chain, &s.w.block, &result));
    CHECK(memcmp(&result.batch.root, &root, sizeof root) == 0);
    script_end(&s);
}

static void genesis_and_open_survive_each_failing_allocation(void) {
    script s;
    script_start(&s);
    const aether_genesis_account account = {{{1}}, {.low = 5}};
    const aether_genesis genesis = {.struct_size = sizeof genesis,
        .chain_id = bytes_of("test"),
        .parameters = {.struct_size = sizeof genesis.parameters,
            .protocol_version = AETHER_PROTOCOL_VERSION},
        .accounts = &account,
        .account_count = 1};
    uint64_t n = 0;
    for (;; n++) {
        aether_batch batch = {0};
        ae_alloc_fail_after(n);
        const aether_status status = aether_genesis_changes(&genesis, &batch, &err);
        ae_alloc_fail_after(UINT64_MAX);
        aether_batch_destroy(&batch);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(batch.owner == NULL);
    }
    CHECK(n >= 3);
    for (n = 0;; n++) {
        aether_chain *chain = NULL;
        ae_alloc_fail_after(n);
        const aether_status status = aether_chain_open(s.w.engine, &s.w.store, NULL, &chain, &err);
        ae_alloc_fail_after(UINT64_MAX);
        aether_chain_close(chain);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(chain == NULL);
    }
    CHECK(n >= 2);
    script_end(&s);
}

/* A question to a chain that is asked again and again; what it gives is destroyed. */
typedef aether_status (*question)(script *s, aether_chain *chain);

static aether_status ask_undo(script *s, aether_chain *chain) {
    aether_batch batch = {0};
    (void)s;
    const aether_status status = aether_chain_undo(chain, &batch, &err);
    CHECK((status == AETHER_OK) == (batch.owner != NULL));
    aether_batch_destroy(&batch);
    return status;
}

static aether_status ask_prove(script *s, aether_chain *chain) {
    aether_buffer proof = {0}, value = {0};
    bool found = false;
    const aether_status status =
        aether_chain_prove(chain, &s->contract, bytes_of("b"), &proof, &value, &found, &err);
    CHECK((status == AETHER_OK) == (proof.data != NULL));
    CHECK(status != AETHER_OK || found);
    aether_buffer_destroy(&proof);
    aether_buffer_destroy(&value);
    return status;
}

static aether_status ask_check(script *s, aether_chain *chain) {
    aether_check_report report;
    (void)chain;
    return aether_chain_check(&s->w.store, NULL, NULL, &report, &err);
}

static aether_status ask_simulate(script *s, aether_chain *chain) {
    aether_chain_head head;
    aether_receipt r = {0};
    aether_chain_get_head(chain, &head);
    const aether_block_header header = {.height = head.height + 1, .time = head.time};
    const aether_status status =
        aether_chain_simulate(chain, &header, view_of(&s->steps[0]), &r, &err);
    CHECK(status != AETHER_OK || r.outcome == AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    return status;
}

static aether_status ask_query(script *s, aether_chain *chain) {
    plan input = {0};
    aether_execution_result result = {0};
    plan_add(&input, PLAN_READ, bytes_of("b"));
    plan_next(&input, bytes_of("a"), (aether_bytes){0}, 0);
    const aether_query query = {.struct_size = sizeof query,
        .contract = s->contract,
        .input = plan_bytes(&input),
        .gas_limit = 10000000};
    const aether_status status = aether_chain_query(chain, &query, &result, &err);
    CHECK(status != AETHER_OK || result.success);
    aether_execution_result_destroy(&result);
    return status;
}

/* On a failure outputs are as they were. */
static aether_status ask_account(script *s, aether_chain *chain) {
    aether_account account = {.nonce = 77};
    bool found = false;
    const aether_status status = aether_chain_account(chain, &s->contract, &account, &found, &err);
    CHECK_U64(found, status == AETHER_OK);
    CHECK(status == AETHER_OK ? account.is_contract : account.nonce == 77);
    return status;
}

static aether_status ask_code(script *s, aether_chain *chain) {
    bool found = false;
    const aether_status status = aether_chain_has_code(chain, &s->code_hash, &found, &err);
    CHECK_U64(found, status == AETHER_OK);
    return status;
}

static const question questions[] = {
    ask_undo, ask_prove, ask_check, ask_simulate, ask_query, ask_account, ask_code};
#define QUESTION_COUNT (sizeof questions / sizeof questions[0])

static void questions_survive_each_failing_allocation(void) {
    script s;
    script_start(&s);
    const aether_hash before = world_digest(&s.w);
    for (size_t i = 0; i < QUESTION_COUNT; i++)
        for (uint64_t n = 0;; n++) {
            CHECK(n < 5000);
            ae_alloc_fail_after(n);
            const aether_status status = questions[i](&s, s.w.chain);
            ae_alloc_fail_after(UINT64_MAX);
            if (status == AETHER_OK)
                break;
            CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        }
    const aether_hash after = world_digest(&s.w);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    script_end(&s);
}

/* A store that misbehaves once, at its n-th call. */
typedef enum misdeed {
    FAILS,         /* with STORAGE_FAILED and a message */
    FAILS_ODDLY,   /* with a status that is none of a store's, and no message */
    IS_DAMAGED,    /* says so itself */
    LIES_IN_ORDER, /* next: a key that is not behind the one that was given */
    CUTS,          /* get: the value's last byte is missing */
    EMPTIES,       /* get: an empty value */
    FLIPS,         /* get: a bit of the first byte */
    HIDES,         /* get: as if nothing were there */
} misdeed;

typedef struct bad_store {
    aether_store good;
    misdeed does;
    uint64_t calls_left; /* that it behaves in; UINT64_MAX: all */
    bool has_done;
    uint8_t scratch[1 << 17];
} bad_store;

static bool is_due(bad_store *store) {
    if (store->calls_left == UINT64_MAX || store->calls_left-- != 0)
        return false;
    store->calls_left = UINT64_MAX;
    store->has_done = true;
    return true;
}

static aether_status fail(misdeed does, aether_error *error) {
    if (does == FAILS_ODDLY)
        return (aether_status)5;
    error->status = does == IS_DAMAGED ? AETHER_STORAGE_DAMAGED : AETHER_STORAGE_FAILED;
    memcpy(error->message, "bad disk", sizeof "bad disk");
    return error->status;
}

static aether_status bad_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *error) {
    bad_store *store = user;
    const bool due = store->does != LIES_IN_ORDER && is_due(store);
    if (due && store->does <= IS_DAMAGED)
        return fail(store->does, error);
    const aether_status status =
        store->good.get(store->good.user, key, out_value, out_found, error);
    if (!due || !*out_found)
        return status;
    CHECK(out_value->len <= sizeof store->scratch);
    if (out_value->len != 0)
        memcpy(store->scratch, out_value->data, out_value->len);
    out_value->data = store->scratch;
    if (store->does == CUTS && out_value->len != 0)
        out_value->len--;
    else if (store->does == EMPTIES)
        out_value->len = 0;
    else if (store->does == FLIPS)
        store->scratch[0] ^= 0x10;
    else if (store->does == HIDES)
        *out_found = false;
    return status;
}

static aether_status bad_next(void *user, aether_bytes prefix, aether_bytes after, bool descending,
    aether_bytes *out_key, bool *out_found, aether_error *error) {
    bad_store *store = user;
    const bool may_lie = prefix.len + after.len != 0; // else every key is in order
    const bool due =
        (store->does < LIES_IN_ORDER || (store->does == LIES_IN_ORDER && may_lie)) && is_due(store);
    if (due && store->does <= IS_DAMAGED)
        return fail(store->does, error);
    if (due) { // the same key again, or one that has not the prefix
        static const uint8_t other[] = {0xff, 0xff};
        *out_key = after.len != 0 ? after : (aether_bytes){.data = other, .len = sizeof other};
        *out_found = true;
        return AETHER_OK;
    }
    return store->good.next(store->good.user, prefix, after, descending, out_key, out_found, error);
}

static aether_status status_of(misdeed does) {
    return does == IS_DAMAGED ? AETHER_STORAGE_DAMAGED : AETHER_STORAGE_FAILED;
}

/* The script's block over the bad store, the chain opened anew so that programs are read too. */
static aether_status try_bad_block(script *s, bad_store *bad, aether_hash *out_root) {
    const aether_store store = {.user = bad, .get = bad_get, .next = bad_next};
    aether_chain *chain = NULL;
    aether_block *block = NULL;
    aether_block_result result = {0};
    aether_status status = aether_chain_open(s->w.engine, &store, NULL, &chain, &err);
    if (status != AETHER_OK)
        return status;
    status = try_block(s, chain, &block, &result);
    *out_root = result.batch.root;
    if (status != AETHER_OK)
        check_only_revert_follows(s, block);
    else
        aether_block_revert(block);
    aether_chain_close(chain);
    return status;
}

static void failing_store_is_a_fault_of_the_block(void) {
    static bad_store bad;
    const aether_hash root = expected_root();
    script s;
    script_start(&s);
    const aether_hash before = world_digest(&s.w);
    for (misdeed does = FAILS; does <= LIES_IN_ORDER; does++)
        for (uint64_t n = 0;; n++) {
            aether_hash reached = {0};
            CHECK(n < 5000);
            bad = (bad_store){.good = s.w.store, .does = does, .calls_left = n};
            const aether_status status = try_bad_block(&s, &bad, &reached);
            if (!bad.has_done) {
                CHECK(n > (does == LIES_IN_ORDER ? 1 : 20));
                CHECK_U64(status, AETHER_OK);
                CHECK(memcmp(&reached, &root, sizeof root) == 0);
                break;
            }
            if (status != status_of(does))
                test_fail(__FILE__, __LINE__, "misdeed %d at call %llu: %s", (int)does,
                    (unsigned long long)n, aether_status_name(status));
            CHECK(err.message[0] != '\0');
        }
    const aether_hash after = world_digest(&s.w);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    script_end(&s);
}

static void failing_store_is_a_fault_of_a_question(void) {
    static bad_store bad;
    script s;
    script_start(&s);
    const aether_store good = s.w.store;
    const aether_store store = {.user = &bad, .get = bad_get, .next = bad_next};
    for (size_t i = 0; i < QUESTION_COUNT; i++)
        for (misdeed does = FAILS; does <= LIES_IN_ORDER; does++)
            for (uint64_t n = 0;; n++) {
                aether_chain *chain = NULL;
                CHECK(n < 5000);
                bad = (bad_store){.good = good, .does = does, .calls_left = UINT64_MAX};
                CHECK_OK(aether_chain_open(s.w.engine, &store, NULL, &chain, &err));
                bad.calls_left = n;
                s.w.store = store; // for the check
                const aether_status status = questions[i](&s, chain);
                s.w.store = good;
                aether_chain_close(chain);
                if (!bad.has_done) {
                    CHECK_U64(status, AETHER_OK);
                    break;
                }
                CHECK_U64(status, status_of(does));
            }
    script_end(&s);
}

/* What a store gives may be wrong in a way that nobody can notice, but then the result is only wrong: nothing crashes,
 * and no status is a misuse or a rejection of what was given. */
static aether_status try_bad_block_loosely(script *s, const aether_store *store) {
    aether_chain *chain = NULL;
    aether_block *block = NULL;
    aether_block_result result;
    aether_status status = aether_chain_open(s->w.engine, store, NULL, &chain, &err);
    if (status != AETHER_OK)
        return status;
    aether_chain_head head;
    aether_chain_get_head(chain, &head);
    const aether_block_header header = {.height = head.height + 1, .time = head.time + 5};
    status = aether_block_begin(chain, &header, &block, &err);
    for (int i = 0; i < STEPS && status == AETHER_OK; i++) {
        aether_receipt r = {0};
        status = aether_block_execute(block, view_of(&s->steps[i]), &r, &err);
        aether_receipt_destroy(&r);
    }
    if (status == AETHER_OK)
        status = aether_block_end(block, &result, &err);
    aether_block_revert(block);
    aether_chain_close(chain);
    return status;
}

static void rotten_store_crashes_nothing(void) {
    static bad_store bad;
    uint64_t noticed = 0;
    script s;
    script_start(&s);
    const aether_store store = {.user = &bad, .get = bad_get, .next = bad_next};
    for (misdeed does = CUTS; does <= HIDES; does++)
        for (uint64_t n = 0;; n++) {
            bad = (bad_store){.good = s.w.store, .does = does, .calls_left = n};
            const aether_status status = try_bad_block_loosely(&s, &store);
            if (!bad.has_done)
                break;
            noticed += status == AETHER_STORAGE_DAMAGED;
            // The first two calls are chain_open's, which has more to say.
            if (status != AETHER_OK && status != AETHER_STORAGE_DAMAGED && n >= 2)
                test_fail(__FILE__, __LINE__, "misdeed %d at call %llu: %s: %s", (int)does,
                    (unsigned long long)n, aether_status_name(status), err.message);
        }
    CHECK(noticed > 15);
    script_end(&s);
}

/* A store that lends: what it gave is gone with its next call. */
typedef struct lender {
    aether_store good;
    uint8_t *lent; /* of one allocation each, so that a sanitizer sees a use that is too late */
    size_t lent_len;
} lender;

static void take_back(lender *store) {
    if (store->lent != NULL)
        memset(store->lent, 0xdd, store->lent_len);
    ae_free(store->lent);
    store->lent = NULL;
}

static void lend(lender *store, bool found, aether_bytes *bytes) {
    if (!found)
        return;
    store->lent_len = bytes->len;
    store->lent = ae_alloc(1, bytes->len);
    CHECK(store->lent != NULL);
    if (bytes->len != 0)
        memcpy(store->lent, bytes->data, bytes->len);
    bytes->data = store->lent;
}

static aether_status lending_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *error) {
    lender *store = user;
    uint8_t copy[AETHER_STORE_KEY_LEN_MAX]; // the key may be what was lent
    memcpy(copy, key.data, key.len);
    key.data = copy;
    take_back(store);
    const aether_status status =
        store->good.get(store->good.user, key, out_value, out_found, error);
    lend(store, status == AETHER_OK && *out_found, out_value);
    return status;
}

static aether_status lending_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *error) {
    lender *store = user;
    uint8_t copies[2][AETHER_STORE_KEY_LEN_MAX];
    if (prefix.len != 0)
        memcpy(copies[0], prefix.data, prefix.len);
    if (after.len != 0)
        memcpy(copies[1], after.data, after.len);
    prefix.data = copies[0];
    after.data = copies[1];
    take_back(store);
    const aether_status status =
        store->good.next(store->good.user, prefix, after, descending, out_key, out_found, error);
    lend(store, status == AETHER_OK && *out_found, out_key);
    return status;
}

/* Nothing in the ledger keeps what a store gave: the same root, and every question has its answer. */
static void store_that_only_lends_is_enough(void) {
    const aether_hash root = expected_root();
    script s;
    script_start(&s);
    lender lending = {.good = s.w.store};
    aether_chain *chain = NULL;
    aether_block *block = NULL;
    aether_block_result result;
    s.w.store = (aether_store){.user = &lending, .get = lending_get, .next = lending_next};
    CHECK_OK(aether_chain_open(s.w.engine, &s.w.store, NULL, &chain, &err));
    for (size_t i = 0; i < QUESTION_COUNT; i++)
        CHECK_OK(questions[i](&s, chain));
    CHECK_OK(try_block(&s, chain, &block, &result));
    take_back(&lending);
    CHECK(memcmp(&result.batch.root, &root, sizeof root) == 0);
    CHECK_OK(aether_memory_store_apply(s.w.memory, result.batch.changes, result.batch.count, &err));
    aether_block_commit(block);
    check_state(&s.w);
    aether_batch batch;
    CHECK_OK(aether_chain_undo(chain, &batch, &err));
    take_back(&lending);
    CHECK_OK(aether_memory_store_apply(s.w.memory, batch.changes, batch.count, &err));
    aether_batch_destroy(&batch);
    CHECK_OK(aether_chain_reopen(chain, &err));
    check_state(&s.w);
    aether_chain_close(chain);
    take_back(&lending);
    script_end(&s);
}

/* Balances that sum to more than the supply are damage, wherever it shows. */
static void balance_above_the_supply_is_damage(void) {
    script s;
    uint8_t key[33], record[AETHER_CONTRACT_ACCOUNT_LEN];
    aether_receipt r = {0};
    script_start(&s);
    aether_account account = world_account(&s.w, &s.contract);
    account.balance = (aether_u128){.low = UINT64_MAX - 3, .high = UINT64_MAX};
    aether_change change = {
        .key = {.data = key, .len = aether_account_key_encode(&s.contract, key)},
        .value = {.data = record, .len = aether_account_encode(&account, record)}};
    CHECK_OK(aether_memory_store_apply(s.w.memory, &change, 1, &err));
    aether_transaction t = body(&s, AETHER_TRANSACTION_CALL);
    t.to = s.contract;
    t.value.low = 6;
    for (int i = 0; i < 2; i++) {
        aether_buffer bytes = world_sign(&s.w, ALICE, &t);
        world_begin(&s.w);
        CHECK_STATUS(
            aether_block_execute(s.w.block, view_of(&bytes), &r, &err), AETHER_STORAGE_DAMAGED);
        check_only_revert_follows(&s, s.w.block);
        s.w.block = NULL;
        aether_buffer_destroy(&bytes);
        t = body(&s, AETHER_TRANSACTION_TRANSFER);
        t.to = s.contract;
        t.value.low = 6;
    }
    account = (aether_account){.balance = {.low = UINT64_MAX, .high = UINT64_MAX}};
    change.key.len = aether_account_key_encode(&s.w.addresses[FEES], key);
    change.value.len = aether_account_encode(&account, record);
    CHECK_OK(aether_memory_store_apply(s.w.memory, &change, 1, &err));
    aether_block_result result;
    world_begin(&s.w);
    t.to = s.w.addresses[BOB];
    r = world_run(&s.w, ALICE, &t);
    aether_receipt_destroy(&r);
    CHECK_STATUS(aether_block_end(s.w.block, &result, &err), AETHER_STORAGE_DAMAGED);
    check_only_revert_follows(&s, s.w.block);
    s.w.block = NULL;
    script_end(&s);
}

TEST_MAIN(
    TEST(block_survives_each_failing_allocation) TEST(execution_survives_each_failing_allocation)
        TEST(genesis_and_open_survive_each_failing_allocation) TEST(
            questions_survive_each_failing_allocation) TEST(failing_store_is_a_fault_of_the_block)
            TEST(failing_store_is_a_fault_of_a_question) TEST(rotten_store_crashes_nothing)
                TEST(store_that_only_lends_is_enough) TEST(balance_above_the_supply_is_damage))
