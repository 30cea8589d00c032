/* One chain whose every transaction, receipt and root is pinned: what comes of these bytes must never change under
 * schedule v1. The file holds the transactions themselves, so it also tells other implementations what is right.
 * Method: the transactions of tests/vectors/chain.txt are executed again and all that comes of them is written down;
 * tests/vectors/chain.py checks the hashes and the root of the last state on its own. With AETHER_UPDATE_VECTORS set the
 * file is made anew from the script below. */
#include "plan.h"
#include "world.h"

#include "base/alloc.h"
#include "engine/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH AE_SOURCE_DIR "/tests/vectors/chain.txt"
#define TRANSACTIONS_MAX 64
#define TEXT_LEN_MAX (1u << 18)
#define BLOCKS 9

static aether_error err;

/* The transactions, and after which of them each block ends. */
typedef struct script {
    aether_buffer transactions[TRANSACTIONS_MAX];
    size_t count;
    size_t ends[BLOCKS];
} script;

typedef struct text {
    char bytes[TEXT_LEN_MAX];
    size_t len;
} text;

static void print(text *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(out->bytes + out->len, TEXT_LEN_MAX - out->len, format, args);
    va_end(args);
    CHECK(len >= 0 && (size_t)len < TEXT_LEN_MAX - out->len);
    out->len += (size_t)len;
}

static void print_bytes(text *out, const char *name, aether_bytes bytes) {
    print(out, "%s ", name);
    for (size_t i = 0; i < bytes.len; i++)
        print(out, "%02x", bytes.data[i]);
    print(out, bytes.len == 0 ? "-\n" : "\n");
}

static void print_hash(text *out, const char *name, const aether_hash *hash) {
    print_bytes(out, name, (aether_bytes){.data = hash->bytes, .len = AETHER_HASH_LEN});
}

/* Executing */

static void run_transaction(world *w, const aether_buffer *bytes, text *out) {
    const aether_bytes view = {.data = bytes->data, .len = bytes->len};
    aether_receipt r = world_execute(w, view);
    aether_buffer encoded;
    aether_hash hash;
    CHECK_OK(aether_receipt_encode(&r, &encoded, &err));
    const aether_bytes receipt = {.data = encoded.data, .len = encoded.len};
    print_bytes(out, "transaction", view);
    print_hash(out, "transaction_hash", &r.hash);
    print(out, "gas %llu\n", (unsigned long long)r.gas_used);
    print_bytes(out, "receipt", receipt);
    aether_receipt_hash(receipt, &hash);
    print_hash(out, "receipt_hash", &hash);
    aether_buffer_destroy(&encoded);
    aether_receipt_destroy(&r);
}

/* Every committed key. */
static void print_state(world *w, text *out) {
    uint8_t after[AETHER_STORE_KEY_LEN_MAX];
    size_t after_len = 0;
    for (;;) {
        aether_bytes key = {0}, value = {0};
        bool found = false;
        CHECK_OK(w->store.next(w->store.user, (aether_bytes){0},
            (aether_bytes){.data = after, .len = after_len}, false, &key, &found, &err));
        if (!found || key.data[0] >= AETHER_STORE_KIND_CODE)
            return;
        memcpy(after, key.data, key.len);
        after_len = key.len;
        CHECK_OK(w->store.get(w->store.user, key, &value, &found, &err));
        print_bytes(out, "key", (aether_bytes){.data = after, .len = after_len});
        print_bytes(out, "value", value);
    }
}

static void run_script(const script *s, text *out) {
    world w;
    size_t at = 0;
    world_start(&w, NULL);
    aether_hash root = world_head(&w).root;
    out->len = 0;
    print(out,
        "# A chain, all of it: made by tests/chain/golden_test.c, checked by tests/vectors/chain.py.\n");
    print_hash(out, "genesis_root", &root);
    for (int block = 0; block < BLOCKS; block++) {
        world_begin(&w);
        print(out, "block %d\n", block + 1);
        for (; at < s->ends[block]; at++)
            run_transaction(&w, &s->transactions[at], out);
        const aether_block_result result = world_commit(&w);
        root = world_head(&w).root;
        print(out, "block_gas %llu\nfees %llu\n", (unsigned long long)result.gas_used,
            (unsigned long long)result.fees.low);
        print_hash(out, "results", &result.results_hash);
        print_hash(out, "root", &root);
    }
    print_state(&w, out);
    world_end(&w);
}

/* Reading the file */

static void read_file(text *out) {
    FILE *file = fopen(PATH, "r");
    CHECK(file != NULL);
    out->len = fread(out->bytes, 1, TEXT_LEN_MAX - 1, file);
    CHECK(out->len > 1000 && out->len < TEXT_LEN_MAX - 1);
    out->bytes[out->len] = '\0';
    fclose(file);
}

static void add(script *s, aether_buffer bytes) {
    CHECK(s->count < TRANSACTIONS_MAX);
    s->transactions[s->count++] = bytes;
}

static void add_hex(script *s, const char *hex) {
    const size_t len = strcspn(hex, "\n") / 2;
    aether_buffer bytes = {.data = ae_alloc(1, len), .len = len};
    CHECK(bytes.data != NULL);
    for (size_t i = 0; i < len; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes.data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    add(s, bytes);
}

static void parse(script *s, const text *from) {
    int block = 0;
    for (const char *line = from->bytes; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "transaction ", 12) == 0)
            add_hex(s, line + 12);
        else if (strncmp(line, "root ", 5) == 0) {
            CHECK(block < BLOCKS);
            s->ends[block++] = s->count;
        }
    }
    CHECK_U64(block, BLOCKS);
}

static void release(script *s) {
    for (size_t i = 0; i < s->count; i++)
        aether_buffer_destroy(&s->transactions[i]);
}

/* The script */

/* What a transaction is made with, besides its kind. */
typedef struct maker {
    world w; /* for keys; nothing is executed in it */
    script *s;
    uint64_t nonces[KEY_COUNT];
    aether_bytes codes[2];
    aether_hash code_hashes[2];
    aether_address contracts[2]; /* of Alice, upgradable, and of Bob */
    plan input;
} maker;

static aether_transaction draft(maker *m, int key, aether_transaction_kind kind) {
    aether_transaction t = world_transaction(&m->w, key, kind);
    t.nonce = m->nonces[key];
    t.gas_limit = 20000000;
    return t;
}

static void add_valid(maker *m, int key, const aether_transaction *t) {
    add(m->s, world_sign(&m->w, key, t));
    m->nonces[key]++;
}

static void upload(maker *m, int key, aether_bytes code) {
    aether_transaction t = draft(m, key, AETHER_TRANSACTION_UPLOAD);
    t.code = code;
    t.gas_limit = 400000000;
    add_valid(m, key, &t);
}

static void transfer(maker *m, int key, const aether_address *to, uint64_t value, uint64_t price) {
    aether_transaction t = draft(m, key, AETHER_TRANSACTION_TRANSFER);
    t.to = *to;
    t.value.low = value;
    t.gas_price = price;
    add_valid(m, key, &t);
}

static void deploy(maker *m, int key, const aether_hash *code_hash, bool is_upgradable) {
    aether_transaction t = draft(m, key, AETHER_TRANSACTION_DEPLOY);
    t.code_hash = *code_hash;
    t.is_upgradable = is_upgradable;
    t.value.low = 11;
    t.input = plan_bytes(&m->input);
    add_valid(m, key, &t);
    m->input.len = 0;
}

static void call(maker *m, int key, int contract, uint64_t value, uint64_t gas_limit) {
    aether_transaction t = draft(m, key, AETHER_TRANSACTION_CALL);
    t.to = m->contracts[contract];
    t.value.low = value;
    t.gas_limit = gas_limit;
    t.input = plan_bytes(&m->input);
    add_valid(m, key, &t);
    m->input.len = 0;
}

static void upgrade(maker *m, int key, int contract, const aether_hash *code_hash) {
    aether_transaction t = draft(m, key, AETHER_TRANSACTION_UPGRADE);
    t.to = m->contracts[contract];
    t.code_hash = *code_hash;
    t.input = plan_bytes(&m->input);
    add_valid(m, key, &t);
    m->input.len = 0;
}

static void ending(maker *m, uint8_t operation) {
    plan_write(&m->input, bytes_of("lost"), bytes_of("x"));
    plan_add(&m->input, operation, (aether_bytes){0});
}

static void write_making(maker *m) {
    static const uint8_t nothing[] = {1, 2, 3};
    aether_buffer junk = {.data = ae_alloc(1, sizeof nothing), .len = sizeof nothing};
    CHECK(junk.data != NULL);
    memcpy(junk.data, nothing, sizeof nothing);
    upload(m, ALICE, m->codes[0]);
    upload(m, BOB, m->codes[1]);
    transfer(m, ALICE, &m->w.addresses[CAROL], 5000000, 1);
    add(m->s, junk);
    m->s->ends[0] = m->s->count;
    plan_write(&m->input, bytes_of("made"), bytes_of("by init"));
    deploy(m, ALICE, &m->code_hashes[0], true);
    deploy(m, BOB, &m->code_hashes[1], false);
    transfer(m, BOB, &(aether_address){{0x77}}, 9, 3);
    transfer(m, BOB, &(aether_address){{0x78}}, 0, 0);
    m->s->ends[1] = m->s->count;
}

static void write_calls(maker *m) {
    uint8_t topics[64];
    for (uint8_t i = 0; i < 40; i++) {
        const uint8_t key[] = {'k', i}, value[] = {i, i, 0};
        plan_write(&m->input, (aether_bytes){.data = key, .len = 2},
            (aether_bytes){.data = value, .len = i % 4});
    }
    call(m, ALICE, 0, 0, 20000000);
    memset(topics, 0x5a, sizeof topics);
    plan_emit(&m->input, (aether_bytes){.data = topics, .len = 64}, bytes_of("data"));
    plan_emit(&m->input, (aether_bytes){0}, (aether_bytes){0});
    plan_add(&m->input, PLAN_READ, bytes_of("made"));
    plan_add(&m->input, PLAN_READ, bytes_of("unmade"));
    plan_next(&m->input, bytes_of("k"), (aether_bytes){0}, 1);
    call(m, BOB, 0, 3, 20000000);
    plan_add(&m->input, PLAN_REMOVE, bytes_of("made"));
    plan_next(&m->input, (aether_bytes){0}, (aether_bytes){0}, 0);
    for (uint8_t operation = PLAN_BALANCE; operation <= PLAN_GAS_LEFT; operation++)
        plan_add(&m->input, operation, (aether_bytes){0});
    call(m, ALICE, 0, 1, 20000000);
    plan_write(&m->input, bytes_of("only"), bytes_of(""));
    call(m, CAROL, 1, 0, 2000000);
    m->s->ends[2] = m->s->count;
}

static void write_failures(maker *m) {
    ending(m, PLAN_TRAP);
    call(m, ALICE, 0, 2, 20000000);
    ending(m, PLAN_DIVIDE);
    call(m, ALICE, 0, 2, 2000000);
    ending(m, PLAN_LOOP);
    call(m, BOB, 1, 2, 3000000);
    ending(m, PLAN_READ); // a key of no bytes
    call(m, BOB, 1, 2, 3000000);
    plan_return(&m->input, 9);
    call(m, ALICE, 0, 0, 20000000);
    plan_return(&m->input, -7);
    call(m, ALICE, 0, 0, 20000000);
    plan_add(&m->input, PLAN_REVERT, bytes_of("because"));
    call(m, BOB, 0, 1, 20000000);
    plan_write(&m->input, bytes_of("lost"), bytes_of("x"));
    call(m, BOB, 0, 0, 600000); // less than it needs
    aether_transaction t = draft(m, ALICE, AETHER_TRANSACTION_CALL);
    t.to = m->w.addresses[BOB];
    t.value.low = 4;
    add_valid(m, ALICE, &t);
    upload(m, ALICE, bytes_of("no module"));
    m->s->ends[3] = m->s->count;
}

static void write_invalid(maker *m) {
    for (int reason = AETHER_INVALID_CHAIN_ID; reason <= AETHER_INVALID_FUNDS; reason++) {
        aether_transaction t = draft(m, ALICE, AETHER_TRANSACTION_TRANSFER);
        t.to = m->w.addresses[BOB];
        t.value.low = 1;
        if (reason == AETHER_INVALID_CHAIN_ID)
            t.chain_id = bytes_of("other");
        if (reason == AETHER_INVALID_EXPIRY)
            t.expiry_height = 4;
        if (reason == AETHER_INVALID_NONCE)
            t.nonce++;
        if (reason == AETHER_INVALID_INTRINSIC_GAS)
            t.gas_limit = 375000;
        if (reason == AETHER_INVALID_BLOCK_GAS)
            t.gas_limit = 1000000001;
        if (reason == AETHER_INVALID_FUNDS)
            t.value.high = 1;
        aether_buffer bytes = world_sign(&m->w, ALICE, &t);
        if (reason == AETHER_INVALID_SIGNATURE)
            bytes.data[bytes.len - 1] ^= 1;
        add(m->s, bytes);
    }
    m->s->ends[4] = m->s->count;
}

static void write_upgrades(maker *m) {
    deploy(m, ALICE, &m->code_hashes[0], true); // taken
    deploy(m, ALICE, &(aether_hash){{1}}, true);
    upgrade(m, BOB, 0, &m->code_hashes[1]);
    upgrade(m, BOB, 1, &m->code_hashes[0]);
    plan_write(&m->input, bytes_of("migrated"), bytes_of("yes"));
    upgrade(m, ALICE, 0, &m->code_hashes[1]);
    plan_add(&m->input, PLAN_VERSION, (aether_bytes){0});
    call(m, BOB, 0, 0, 20000000);
    m->s->ends[5] = m->s->ends[6] = m->s->count; // and an empty block
    plan_add(&m->input, PLAN_REMOVE, bytes_of("only"));
    call(m, BOB, 1, 0, 20000000); // its storage is empty then
    for (uint8_t i = 3; i < 40; i += 2)
        plan_add(&m->input, PLAN_REMOVE, (aether_bytes){.data = (uint8_t[]){'k', i}, .len = 2});
    call(m, ALICE, 0, 0, 20000000);
    plan_next(&m->input, bytes_of("k"), (aether_bytes){.data = (uint8_t[]){'k', 2}, .len = 2}, 0);
    call(m, BOB, 0, 0, 20000000);
    upload(m, BOB, m->codes[0]); // known
    transfer(m, ALICE, &m->w.addresses[ALICE], 1000, 1);
    m->s->ends[7] = m->s->count;
    transfer(m, ALICE, &m->w.addresses[FEES], 1, 0);
    transfer(m, CAROL, &m->w.addresses[FEES], 0, 0);
    transfer(m, BOB, &m->contracts[1], 12, 100);
    m->s->ends[8] = m->s->count;
}

static void make_script(script *s) {
    static maker m;
    uint8_t *owned[2];
    world_start(&m.w, NULL);
    m.s = s;
    for (uint8_t i = 0; i < 2; i++) {
        char code[PLAN_TEXT_LEN_MAX];
        plan_text(i, true, code);
        CHECK_OK(ae_text_to_binary(bytes_of(code), &owned[i], &m.codes[i].len, &err));
        m.codes[i].data = owned[i];
        aether_code_hash(m.codes[i], &m.code_hashes[i]);
        aether_contract_address(&m.w.addresses[i == 0 ? ALICE : BOB], &m.code_hashes[i],
            &(aether_hash){0}, &m.contracts[i]);
    }
    write_making(&m);
    write_calls(&m);
    write_failures(&m);
    write_invalid(&m);
    write_upgrades(&m);
    ae_free(owned[0]);
    ae_free(owned[1]);
    world_end(&m.w);
}

static void update_file(void) {
    static text out;
    script s = {0};
    make_script(&s);
    run_script(&s, &out);
    FILE *file = fopen(PATH, "w");
    CHECK(file != NULL);
    CHECK_U64(fwrite(out.bytes, 1, out.len, file), out.len);
    CHECK(fclose(file) == 0);
    release(&s);
}

/* The first line that differs says what changed. */
static void check_lines(const text *actual, const text *expected) {
    const char *a = actual->bytes, *e = expected->bytes;
    for (int number = 1; *a != '\0' || *e != '\0'; number++) {
        const size_t a_len = strcspn(a, "\n"), e_len = strcspn(e, "\n");
        if (a_len != e_len || memcmp(a, e, a_len) != 0)
            test_fail(PATH, number, "is\n  %.*s\nexpected\n  %.*s", (int)a_len, a, (int)e_len, e);
        a += a_len + (a[a_len] == '\n');
        e += e_len + (e[e_len] == '\n');
    }
}

static void golden_chain_is_what_it_was(void) {
    static text expected, actual;
    script s = {0};
    if (getenv("AETHER_UPDATE_VECTORS") != NULL)
        update_file();
    read_file(&expected);
    parse(&s, &expected);
    CHECK(s.count >= 40);
    run_script(&s, &actual);
    check_lines(&actual, &expected);
    release(&s);
}

/* Each way for a transaction to end, and each reason that small transactions can have, is among them. */
static void golden_chain_has_every_outcome(void) {
    static text expected;
    script s = {0};
    uint64_t outcomes[4] = {0}, reasons[AETHER_INVALID_FUNDS + 1] = {0}, codes = 0;
    world w;
    read_file(&expected);
    parse(&s, &expected);
    world_start(&w, NULL);
    for (size_t at = 0, block = 0; block < BLOCKS; block++) {
        world_begin(&w);
        for (; at < s.ends[block]; at++) {
            const aether_buffer *bytes = &s.transactions[at];
            aether_receipt r =
                world_execute(&w, (aether_bytes){.data = bytes->data, .len = bytes->len});
            outcomes[r.outcome]++;
            reasons[r.reason]++;
            codes |= (uint64_t)1 << (r.code + 16);
            aether_receipt_destroy(&r);
        }
        world_commit(&w);
    }
    CHECK(outcomes[0] >= 15 && outcomes[1] >= 8 && outcomes[2] >= 4 && outcomes[3] >= 8);
    for (int i = 1; i <= AETHER_INVALID_FUNDS; i++)
        CHECK(reasons[i] != 0 || i == AETHER_INVALID_SIZE);
    static const int32_t expected_codes[] = {AETHER_CODE_REFUSED, AETHER_CODE_NO_CODE,
        AETHER_CODE_ADDRESS_TAKEN, AETHER_CODE_NO_RIGHT, AETHER_CODE_REVERT,
        AETHER_CODE_UNREACHABLE, 9, -7};
    for (size_t i = 0; i < sizeof expected_codes / sizeof expected_codes[0]; i++)
        CHECK((codes & (uint64_t)1 << (expected_codes[i] + 16)) != 0);
    release(&s);
    world_end(&w);
}

TEST_MAIN(TEST(golden_chain_is_what_it_was) TEST(golden_chain_has_every_outcome))
