/* A check notices whatever is wrong with a stored chain: each record that is missing, cut or changed in a bit, and each
 * that is there too much. Only what nothing else follows from escapes it: the head's time, and what undo records hold.
 * Method: every record of a small chain in turn, put right again after the check. */
#include "plan.h"
#include "world.h"

static aether_error err;

static aether_status check(world *w) {
    aether_check_report report;
    const aether_status status = aether_chain_check(&w->store, NULL, NULL, &report, &err);
    CHECK(status != AETHER_OK || report.height == world_head(w).height);
    return status;
}

static void apply(world *w, aether_bytes key, const aether_bytes *value) {
    const aether_change change = {.key = key,
        .value = value != NULL ? *value : (aether_bytes){0},
        .is_removed = value == NULL};
    CHECK_OK(aether_memory_store_apply(w->memory, &change, 1, &err));
}

static void start(world *w) {
    char text[PLAN_TEXT_LEN_MAX];
    plan input = {0};
    plan_text(1, true, text);
    world_start(w, NULL);
    const aether_address contract = world_deploy(w, text, 1);
    for (uint8_t i = 0; i < 70; i++) { // enough for pages below the first
        const aether_bytes key = {.data = &i, .len = 1};
        plan_write(&input, key, key);
    }
    aether_transaction t = world_transaction(w, ALICE, AETHER_TRANSACTION_CALL);
    t.to = contract;
    t.input = plan_bytes(&input);
    aether_receipt r = world_seal(w, ALICE, &t);
    CHECK_U64(r.outcome, AETHER_RECEIPT_SUCCESS);
    aether_receipt_destroy(&r);
    CHECK_OK(check(w));
}

static void must_be_noticed(world *w, const char *what, aether_bytes key, size_t at) {
    const aether_status status = check(w);
    if ((int)status < 100)
        test_fail(__FILE__, __LINE__, "%s: kind 0x%02x, %zu bytes of key, byte %zu: %s", what,
            key.data[0], key.len, at, aether_status_name(status));
    // A head or parameters that are no longer there are no chain; a version that is not ours is told as that.
    CHECK(status == AETHER_STORAGE_DAMAGED || key.data[0] == AETHER_STORE_KIND_HEAD ||
          key.data[0] == AETHER_STORE_KIND_PARAMETERS);
}

/* Bytes whose change leads to no contradiction. */
static bool may_change(aether_bytes key, size_t at) {
    return key.data[0] == AETHER_STORE_KIND_UNDO ||
           (key.data[0] == AETHER_STORE_KIND_HEAD && at >= 8 && at < 16);
}

static void damage(world *w, aether_bytes key, aether_bytes value) {
    static uint8_t copy[1 << 16];
    CHECK(value.len < sizeof copy);
    if (value.len != 0)
        memcpy(copy, value.data, value.len);
    const aether_bytes right = {.data = copy, .len = value.len};
    apply(w, key, NULL);
    if (key.data[0] != AETHER_STORE_KIND_UNDO) // the oldest may be gone
        must_be_noticed(w, "missing", key, 0);
    const aether_bytes longer = {.data = copy, .len = value.len + 1};
    apply(w, key, &longer);
    must_be_noticed(w, "a byte more", key, 0);
    if (value.len != 0) {
        const aether_bytes shorter = {.data = copy, .len = value.len - 1};
        apply(w, key, &shorter);
        must_be_noticed(w, "cut", key, 0);
    }
    const size_t step = value.len < 200 ? 1 : value.len / 50;
    for (size_t at = 0; at < value.len; at += step) {
        if (may_change(key, at))
            continue;
        copy[at] ^= (uint8_t)(1 << at % 8);
        apply(w, key, &right);
        must_be_noticed(w, "flipped", key, at);
        copy[at] ^= (uint8_t)(1 << at % 8);
    }
    apply(w, key, &right);
}

static void each_damaged_record_is_noticed(void) {
    world w;
    uint8_t after[AETHER_STORE_KEY_LEN_MAX];
    size_t after_len = 0, kinds = 0;
    uint8_t kind = 0;
    start(&w);
    for (;;) {
        aether_bytes key = {0}, value = {0};
        bool found = false;
        CHECK_OK(w.store.next(w.store.user, (aether_bytes){0},
            (aether_bytes){.data = after, .len = after_len}, false, &key, &found, &err));
        if (!found)
            break;
        memcpy(after, key.data, key.len);
        after_len = key.len;
        kinds += after[0] != kind;
        kind = after[0];
        key.data = after;
        CHECK_OK(w.store.get(w.store.user, key, &value, &found, &err));
        damage(&w, key, value);
    }
    CHECK_U64(kinds, 9); // all that there are
    CHECK_OK(check(&w));
    world_end(&w);
}

/* A record that nothing asks for, of each kind. */
static void each_record_too_much_is_noticed(void) {
    world w;
    uint8_t key[46] = {0};
    static const uint8_t zeros[AETHER_CONTRACT_ACCOUNT_LEN];
    static const size_t key_lens[] = {1, 12, 13, 33, 45}, lens[] = {12, 24, 121};
    start(&w);
    for (unsigned kind = 0; kind < AETHER_STORE_KIND_EMBEDDER; kind++)
        for (size_t k = 0; k < sizeof key_lens / sizeof key_lens[0]; k++)
            for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
                if (kind == AETHER_STORE_KIND_HEAD && key_lens[k] == 1)
                    continue;
                key[0] = (uint8_t)kind;
                key[1] = 0x77;
                const aether_bytes name = {.data = key, .len = key_lens[k]};
                apply(&w, name, &(aether_bytes){.data = zeros, .len = lens[i]});
                must_be_noticed(&w, "too much", name, 0);
                apply(&w, name, NULL);
            }
    key[0] = AETHER_STORE_KIND_EMBEDDER; // not the chain's
    apply(&w, (aether_bytes){.data = key, .len = 1}, &(aether_bytes){.data = zeros, .len = 1});
    CHECK_OK(check(&w));
    world_end(&w);
}

static void empty_store_holds_no_chain(void) {
    aether_memory_store *memory = NULL;
    aether_check_report report;
    CHECK_OK(aether_memory_store_create(&memory, &err));
    const aether_store store = aether_memory_store_interface(memory);
    CHECK_STATUS(aether_chain_check(&store, NULL, NULL, &report, &err), AETHER_WRONG_STATE);
    aether_memory_store_destroy(memory);
}

TEST_MAIN(TEST(each_damaged_record_is_noticed) TEST(each_record_too_much_is_noticed)
        TEST(empty_store_holds_no_chain))
