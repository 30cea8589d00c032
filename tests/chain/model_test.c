/* Random chains against a model of what a chain is: balances, nonces, code, contracts and their storage, what each
 * transaction does to them, its receipt, and the root of all that by the tree's definition.
 * Method: blocks of random transactions of every kind, valid and not, with random gas limits about what is needed; the
 * contracts are interpreters of plans (plan.h), which the model interprets too. Gas is taken from receipts, but where
 * it is known. After each block the whole state is compared; now and then blocks are taken back. */
#include "plan.h"
#include "world.h"

#include "base/alloc.h"
#include "crypto/hash.h"
#include "engine/engine.h"
#include "harness/model_map.h"
#include "harness/naive_tree.h"

#include <stdio.h>
#include <stdlib.h>

static aether_error err;

#define CHAINS 4
#define BLOCKS 520
#define ACCOUNTS_MAX 64
#define CONTRACTS_MAX 24
#define VERSIONS 3 /* the last one has neither `init` nor `migrate` */
#define SAVED_MAX 8
#define PAIRS_MAX 4096

/* Prices that the model knows: gas/rates.def, schedule v1. */
#define GAS_BASE (120000u + 255000u)
#define GAS_BYTE 15u
#define GAS_VALUE 95000u
#define GAS_DEPLOY 95000u
#define GAS_TYPICAL 2000000u

typedef struct model_account {
    aether_address address;
    uint64_t balance;
    uint64_t nonce;
    bool is_contract;
    bool is_upgradable;
    unsigned version;
    aether_address owner;
    model_map *storage; /* of the state that holds it */
} model_account;

typedef struct model_state {
    model_account accounts[ACCOUNTS_MAX]; /* those that exist */
    size_t account_count;
    model_map storages[CONTRACTS_MAX];
    size_t contract_count;
    bool is_uploaded[VERSIONS];
    aether_chain_head head;
    aether_hash digest;
} model_state;

/* What the model expects of a transaction. */
typedef struct expectation {
    aether_receipt_outcome outcome;
    int32_t code;
    aether_invalid reason;
    uint64_t gas; /* 0: not known */
    uint8_t output[8192];
    size_t output_len;
    aether_log logs[64];
    aether_hash topics[64][4];
    size_t log_count;
    aether_address contract; /* whose events they are */
} expectation;

typedef struct game {
    world w;
    uint64_t random;
    aether_buffer codes[VERSIONS];
    aether_hash code_hashes[VERSIONS];
    uint64_t instantiation_gas[VERSIONS];
    aether_address fee_address;
    uint64_t supply;
    uint64_t block_gas_max;
    model_state now;
    model_state saved[SAVED_MAX]; /* before the last blocks; the latest at the end */
    size_t saved_count;
    uint64_t gas_left; /* of the block */
    uint64_t fees;
    uint64_t outcomes[4];
    uint64_t reasons[10];
    uint64_t undone;
    uint64_t exact;
} game;

static uint64_t draw(game *g, uint64_t below) {
    return test_random(&g->random) % below;
}

/* States point into themselves. */
static void copy_state(model_state *to, const model_state *from) {
    memcpy(to, from, sizeof *to);
    for (size_t i = 0; i < to->account_count; i++)
        if (to->accounts[i].storage != NULL)
            to->accounts[i].storage = &to->storages[from->accounts[i].storage - from->storages];
}

static model_account *find(model_state *state, const aether_address *address) {
    for (size_t i = 0; i < state->account_count; i++)
        if (memcmp(&state->accounts[i].address, address, sizeof *address) == 0)
            return &state->accounts[i];
    return NULL;
}

static model_account *make(model_state *state, const aether_address *address) {
    model_account *account = find(state, address);
    if (account != NULL)
        return account;
    CHECK(state->account_count < ACCOUNTS_MAX);
    account = &state->accounts[state->account_count++];
    *account = (model_account){.address = *address};
    return account;
}

static uint64_t balance_of(model_state *state, const aether_address *address) {
    const model_account *account = find(state, address);
    return account != NULL ? account->balance : 0;
}

/* Plans in the model */

static void put(expectation *e, const void *bytes, size_t len) {
    CHECK(e->output_len + len <= sizeof e->output);
    if (len != 0)
        memcpy(e->output + e->output_len, bytes, len);
    e->output_len += len;
}

static void put_number(expectation *e, uint64_t number, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const uint8_t byte = (uint8_t)(i < 8 ? number >> 8 * i : 0);
        put(e, &byte, 1);
    }
}

static void put_found(expectation *e, bool found, aether_bytes bytes) {
    put_number(e, found ? bytes.len : 0xff, 1);
    if (found)
        put(e, bytes.data, bytes.len);
}

static aether_bytes take(const uint8_t **at) {
    const aether_bytes bytes = {.data = *at + 1, .len = **at};
    *at += 1 + bytes.len;
    return bytes;
}

static void add_log(expectation *e, aether_bytes topics, aether_bytes data) {
    const size_t i = e->log_count++;
    CHECK(i < 64);
    if (topics.len != 0)
        memcpy(e->topics[i], topics.data, topics.len);
    e->logs[i] = (aether_log){.address = e->contract,
        .topics = e->topics[i],
        .topic_count = topics.len / 32,
        .data = data};
}

static void stop(expectation *e, aether_receipt_outcome outcome, int32_t code) {
    e->outcome = outcome;
    e->code = code;
    if (outcome == AETHER_RECEIPT_FAILED)
        e->output_len = 0;
}

/* Interpret a plan over the contract's storage. */
static void interpret(model_state *state, model_account *contract, const aether_transaction *t,
    const aether_address *sender, expectation *e) {
    const uint8_t *at = t->input.data, *end = at + t->input.len;
    e->contract = contract->address;
    while (at < end) {
        const uint8_t operation = *at++;
        const aether_bytes operand = take(&at);
        switch (operation) {
        case PLAN_WRITE:
            model_write(contract->storage, operand, take(&at), false);
            break;
        case PLAN_REMOVE:
            put_number(e, model_remove(contract->storage, operand), 1);
            break;
        case PLAN_READ: {
            const model_entry *entry = model_find(contract->storage, operand);
            put_found(e, entry != NULL, entry != NULL ? model_value(entry) : (aether_bytes){0});
            break;
        }
        case PLAN_NEXT: {
            const aether_bytes after = take(&at);
            const model_entry *entry = model_next(contract->storage, operand, after, *at++ != 0);
            put_found(e, entry != NULL, entry != NULL ? model_key(entry) : (aether_bytes){0});
            break;
        }
        case PLAN_EMIT:
            add_log(e, operand, take(&at));
            break;
        case PLAN_RETURN:
            if ((int8_t)operand.data[0] != 0)
                stop(e, AETHER_RECEIPT_REVERTED, (int8_t)operand.data[0]);
            return;
        case PLAN_TRAP:
            e->output_len = 0;
            stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_UNREACHABLE);
            return;
        case PLAN_DIVIDE:
        case PLAN_LOOP:
            stop(e, AETHER_RECEIPT_FAILED, 0);
            return;
        case PLAN_REVERT:
            e->output_len = 0;
            put(e, operand.data, operand.len);
            stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_REVERT);
            return;
        case PLAN_BALANCE:
            put_number(e, contract->balance, 16);
            break;
        case PLAN_CALLER:
            put_number(e, balance_of(state, sender), 16);
            break;
        case PLAN_VALUE:
            put_number(e, t->value.low, 16);
            break;
        case PLAN_VERSION:
            put_number(e, contract->version, 1);
            break;
        default:
            CHECK(false);
        }
    }
}

/* A random plan; now and then one that ends badly. */
static void draw_plan(game *g, plan *out) {
    static const uint8_t bad[] = {PLAN_TRAP, PLAN_DIVIDE, PLAN_LOOP};
    uint8_t key[8], other[8], value[32], topics[128];
    const size_t count = draw(g, 12);
    for (size_t i = 0; i < count; i++) {
        const aether_bytes name = model_random_key(&g->random, key);
        switch (draw(g, 11)) {
        case 0:
        case 1:
        case 2:
            plan_write(out, name, model_random_value(&g->random, value));
            break;
        case 3:
        case 4:
            plan_add(out, PLAN_REMOVE, name);
            break;
        case 5:
            plan_add(out, PLAN_READ, name);
            break;
        case 6: {
            const aether_bytes prefix = {.data = key, .len = draw(g, name.len + 1)};
            aether_bytes after = model_random_key(&g->random, other);
            if (draw(g, 3) == 0 || !model_starts_with(after, prefix))
                after.len = 0;
            plan_next(out, prefix, after, (uint8_t)draw(g, 2));
            break;
        }
        case 7:
            for (size_t j = 0; j < sizeof topics; j++)
                topics[j] = (uint8_t)draw(g, 256);
            plan_emit(out, (aether_bytes){.data = topics, .len = 32 * draw(g, 5)},
                model_random_value(&g->random, value));
            break;
        default:
            plan_add(out, (uint8_t)(PLAN_BALANCE + draw(g, 4)), (aether_bytes){0});
        }
    }
    if (draw(g, 6) != 0)
        return;
    switch (draw(g, 3)) {
    case 0:
        plan_return(out, (int8_t)draw(g, 256));
        break;
    case 1:
        plan_add(out, PLAN_REVERT, bytes_of("no"));
        break;
    default:
        plan_add(out, bad[draw(g, sizeof bad)], (aether_bytes){0});
    }
}

/* Transactions in the model */

static unsigned version_of(const game *g, const aether_hash *code_hash) {
    for (unsigned i = 0; i < VERSIONS; i++)
        if (memcmp(&g->code_hashes[i], code_hash, sizeof *code_hash) == 0)
            return i;
    return VERSIONS;
}

static bool is_code(const game *g, const model_state *state, unsigned version) {
    (void)g;
    return version < VERSIONS && state->is_uploaded[version];
}

static uint64_t instantiation_of(game *g, const aether_transaction *t) {
    unsigned version = VERSIONS;
    if (t->kind == AETHER_TRANSACTION_CALL) {
        const model_account *account = find(&g->now, &t->to);
        version = account != NULL && account->is_contract ? account->version : VERSIONS;
    } else if (t->kind == AETHER_TRANSACTION_DEPLOY || t->kind == AETHER_TRANSACTION_UPGRADE)
        version = version_of(g, &t->code_hash);
    return is_code(g, &g->now, version) ? g->instantiation_gas[version] : 0;
}

static void pay(
    model_state *state, const aether_address *from, const aether_address *to, uint64_t amount) {
    if (amount == 0)
        return;
    find(state, from)->balance -= amount;
    make(state, to)->balance += amount;
}

static void run_entry(model_state *state, const aether_address *address,
    const aether_transaction *t, const aether_address *sender, expectation *e) {
    e->gas = 0;
    pay(state, sender, address, t->value.low);
    model_account *contract = find(state, address);
    interpret(state, contract, t, sender, e);
}

static void run_deploy(game *g, model_state *state, const aether_transaction *t,
    const aether_address *sender, expectation *e) {
    const unsigned version = version_of(g, &t->code_hash);
    aether_address address;
    aether_contract_address(sender, &t->code_hash, &t->salt, &address);
    e->gas += GAS_DEPLOY + (t->value.low != 0 ? GAS_VALUE : 0);
    model_account *account = find(state, &address);
    if (!is_code(g, state, version)) {
        stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_NO_CODE);
        return;
    }
    if (account != NULL && account->is_contract) {
        stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_ADDRESS_TAKEN);
        return;
    }
    account = make(state, &address);
    CHECK(state->contract_count < CONTRACTS_MAX);
    account->storage = &state->storages[state->contract_count++];
    account->storage->count = 0;
    account->is_contract = true;
    account->version = version;
    account->owner = *sender;
    account->is_upgradable = t->is_upgradable;
    if (version + 1 < VERSIONS)
        run_entry(state, &address, t, sender, e);
    else
        pay(state, sender, &address, t->value.low);
}

static void run_upgrade(game *g, model_state *state, const aether_transaction *t,
    const aether_address *sender, expectation *e) {
    const unsigned version = version_of(g, &t->code_hash);
    model_account *account = find(state, &t->to);
    e->gas += GAS_DEPLOY;
    if (account == NULL || !account->is_contract)
        stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_NO_CODE);
    else if (!account->is_upgradable || memcmp(&account->owner, sender, sizeof account->owner) != 0)
        stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_NO_RIGHT);
    else if (!is_code(g, state, version))
        stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_NO_CODE);
    else {
        account->version = version;
        if (version + 1 < VERSIONS)
            run_entry(state, &t->to, t, sender, e);
    }
}

static void run_upload(game *g, model_state *state, const aether_transaction *t, expectation *e) {
    aether_hash code_hash;
    aether_code_hash(t->code, &code_hash);
    const unsigned version = version_of(g, &code_hash);
    if (!is_code(g, state, version))
        e->gas = 0;
    if (version == VERSIONS) {
        stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_REFUSED);
        return;
    }
    state->is_uploaded[version] = true;
    put(e, code_hash.bytes, sizeof code_hash);
}

/* The body over a state that is thrown away unless it succeeds. `e->gas` begins as the intrinsic gas. */
static void run_body(game *g, model_state *state, const aether_transaction *t,
    const aether_address *sender, expectation *e) {
    const model_account *account = NULL;
    switch (t->kind) {
    case AETHER_TRANSACTION_UPLOAD:
        run_upload(g, state, t, e);
        break;
    case AETHER_TRANSACTION_DEPLOY:
        run_deploy(g, state, t, sender, e);
        break;
    case AETHER_TRANSACTION_CALL:
        account = find(state, &t->to);
        e->gas += t->value.low != 0 ? GAS_VALUE : 0;
        if (account == NULL || !account->is_contract)
            stop(e, AETHER_RECEIPT_REVERTED, AETHER_CODE_NO_CODE);
        else
            run_entry(state, &t->to, t, sender, e);
        break;
    case AETHER_TRANSACTION_TRANSFER:
        e->gas += t->value.low != 0 ? GAS_VALUE : 0;
        pay(state, sender, &t->to, t->value.low);
        break;
    case AETHER_TRANSACTION_UPGRADE:
        run_upgrade(g, state, t, sender, e);
        break;
    }
    if (e->outcome != AETHER_RECEIPT_SUCCESS)
        e->log_count = 0;
}

/* A transaction on its way, as the generator made it. */
typedef struct move {
    aether_transaction t;
    int key;
    bool is_foreign; /* of another chain */
    bool is_forged;  /* its signature is broken */
    bool is_broken;  /* its bytes are */
    bool is_tight;   /* its limit may be too low */
    plan input;
    uint8_t junk[16];
} move;

static aether_invalid reason_of(game *g, const move *m, size_t len, uint64_t intrinsic) {
    const model_account *sender = find(&g->now, &g->w.addresses[m->key]);
    const uint64_t nonce = sender != NULL ? sender->nonce : 0;
    const uint64_t balance = sender != NULL ? sender->balance : 0;
    (void)len;
    if (m->is_broken)
        return AETHER_INVALID_ENCODING;
    if (m->is_foreign)
        return AETHER_INVALID_CHAIN_ID;
    if (m->t.expiry_height != 0 && g->now.head.height + 1 > m->t.expiry_height)
        return AETHER_INVALID_EXPIRY;
    if (m->is_forged)
        return AETHER_INVALID_SIGNATURE;
    if (m->t.nonce != nonce)
        return AETHER_INVALID_NONCE;
    if (m->t.gas_limit < intrinsic)
        return AETHER_INVALID_INTRINSIC_GAS;
    if (m->t.gas_limit > g->gas_left)
        return AETHER_INVALID_BLOCK_GAS;
    // Amounts of the model fit 64 bits; products that don't are above every balance.
    uint64_t fee = 0, total = 0;
    if (m->t.value.high != 0 || __builtin_mul_overflow(m->t.gas_limit, m->t.gas_price, &fee) ||
        __builtin_add_overflow(fee, m->t.value.low, &total) || total > balance)
        return AETHER_INVALID_FUNDS;
    return AETHER_INVALID_NONE;
}

static void check_logs(const aether_receipt *r, const expectation *e) {
    CHECK_U64(r->log_count, e->log_count);
    for (size_t i = 0; i < e->log_count; i++) {
        CHECK(memcmp(&r->logs[i].address, &e->logs[i].address, sizeof e->contract) == 0);
        CHECK_U64(r->logs[i].topic_count, e->logs[i].topic_count);
        for (size_t j = 0; j < e->logs[i].topic_count; j++)
            CHECK(memcmp(&r->logs[i].topics[j], &e->topics[i][j], sizeof(aether_hash)) == 0);
        CHECK_BYTES(r->logs[i].data, e->logs[i].data);
    }
}

static void check_receipt(const aether_receipt *r, const move *m, const expectation *e) {
    CHECK_U64(r->outcome, e->outcome);
    CHECK_I64(r->code, e->code);
    CHECK_U64(r->reason, AETHER_INVALID_NONE);
    CHECK(r->gas_used <= m->t.gas_limit);
    if (e->outcome == AETHER_RECEIPT_FAILED)
        CHECK_U64(r->gas_used, m->t.gas_limit);
    else if (e->gas != 0)
        CHECK_U64(r->gas_used, e->gas);
    CHECK_U64(r->fee.low, r->gas_used * m->t.gas_price);
    CHECK_BYTES(r->return_data, ((aether_bytes){.data = e->output, .len = e->output_len}));
    check_logs(r, e);
}

/* What a valid transaction leads to: the fee and the nonce, then the body or nothing of it. */
static void settle(game *g, const move *m, const aether_receipt *r, uint64_t intrinsic) {
    static model_state after;
    static expectation e;
    const aether_address *address = &g->w.addresses[m->key];
    e.outcome = AETHER_RECEIPT_SUCCESS;
    e.code = 0;
    e.gas = intrinsic;
    e.output_len = e.log_count = 0;
    model_account *sender = make(&g->now, address);
    sender->balance -= m->t.gas_limit * m->t.gas_price;
    sender->nonce++;
    copy_state(&after, &g->now);
    run_body(g, &after, &m->t, address, &e);
    if (m->is_tight && r->outcome == AETHER_RECEIPT_FAILED && r->end == AETHER_END_OUT_OF_GAS) {
        stop(&e, AETHER_RECEIPT_FAILED, 0);
        e.log_count = 0;
    }
    check_receipt(r, m, &e);
    if (e.outcome == AETHER_RECEIPT_SUCCESS)
        copy_state(&g->now, &after);
    find(&g->now, address)->balance += m->t.gas_limit * m->t.gas_price - r->fee.low;
    g->gas_left -= r->gas_used;
    g->fees += r->fee.low;
}

static aether_buffer sign(game *g, const move *m) {
    aether_buffer bytes = world_sign(&g->w, m->key, &m->t);
    if (m->is_forged)
        bytes.data[bytes.len - 1 - g->random % 60] ^= 1;
    if (m->is_broken)
        bytes.data[0] ^= 0x80;
    return bytes;
}

static aether_bytes view_of(const aether_buffer *buffer) {
    return (aether_bytes){.data = buffer->data, .len = buffer->len};
}

static void play_move(game *g, const move *m) {
    aether_buffer bytes = sign(g, m);
    const uint64_t intrinsic = GAS_BASE + GAS_BYTE * bytes.len + instantiation_of(g, &m->t);
    const aether_invalid reason = reason_of(g, m, bytes.len, intrinsic);
    aether_receipt r = world_execute(&g->w, view_of(&bytes));
    CHECK_U64(r.reason, reason);
    if (reason != AETHER_INVALID_NONE) {
        CHECK_U64(r.outcome, AETHER_RECEIPT_INVALID);
        CHECK_U64(r.gas_used, 0);
        CHECK_U64(r.fee.low, 0);
    } else
        settle(g, m, &r, intrinsic);
    g->outcomes[r.outcome]++;
    g->reasons[r.reason]++;
    aether_receipt_destroy(&r);
    aether_buffer_destroy(&bytes);
}

/* Drawing transactions */

static aether_address draw_address(game *g) {
    if (draw(g, 4) != 0 && g->now.account_count != 0)
        return g->now.accounts[draw(g, g->now.account_count)].address;
    aether_address address = {{(uint8_t)draw(g, 12)}};
    return draw(g, 2) == 0 ? g->w.addresses[draw(g, KEY_COUNT)] : address;
}

static aether_address draw_contract(game *g) {
    for (int i = 0; i < 20; i++) {
        const model_account *account = &g->now.accounts[draw(g, g->now.account_count)];
        if (account->is_contract)
            return account->address;
    }
    return draw_address(g);
}

static void draw_body(game *g, move *m) {
    static const aether_transaction_kind kinds[] = {AETHER_TRANSACTION_CALL,
        AETHER_TRANSACTION_CALL, AETHER_TRANSACTION_CALL, AETHER_TRANSACTION_CALL,
        AETHER_TRANSACTION_TRANSFER, AETHER_TRANSACTION_TRANSFER, AETHER_TRANSACTION_DEPLOY,
        AETHER_TRANSACTION_UPGRADE, AETHER_TRANSACTION_UPLOAD};
    aether_transaction *t = &m->t;
    const unsigned version = (unsigned)draw(g, VERSIONS);
    t->kind = kinds[draw(g, sizeof kinds / sizeof kinds[0])];
    if (t->kind != AETHER_TRANSACTION_UPLOAD && t->kind != AETHER_TRANSACTION_UPGRADE)
        t->value.low = draw(g, 3) == 0 ? draw(g, 1000) : 0;
    if (t->kind == AETHER_TRANSACTION_UPLOAD) {
        t->code = view_of(&g->codes[version]);
        if (draw(g, 4) == 0) {
            memset(m->junk, (int)draw(g, 256), sizeof m->junk);
            t->code = (aether_bytes){.data = m->junk, .len = 1 + draw(g, sizeof m->junk)};
        }
    }
    if (t->kind == AETHER_TRANSACTION_TRANSFER)
        t->to = draw_address(g);
    if (t->kind == AETHER_TRANSACTION_CALL || t->kind == AETHER_TRANSACTION_UPGRADE)
        t->to = draw(g, 12) == 0 ? draw_address(g) : draw_contract(g);
    if (t->kind == AETHER_TRANSACTION_DEPLOY || t->kind == AETHER_TRANSACTION_UPGRADE) {
        t->code_hash = g->code_hashes[version];
        t->code_hash.bytes[0] ^= draw(g, 10) == 0;
    }
    if (t->kind == AETHER_TRANSACTION_DEPLOY) {
        t->salt.bytes[0] = (uint8_t)draw(g, 2);
        t->is_upgradable = draw(g, 2) == 0;
    }
    if (t->kind != AETHER_TRANSACTION_UPLOAD && t->kind != AETHER_TRANSACTION_TRANSFER) {
        draw_plan(g, &m->input);
        t->input = plan_bytes(&m->input);
    }
}

/* One of the ways to be invalid, or a limit that may be too low. */
static void spoil(game *g, move *m) {
    switch (draw(g, 10)) {
    case 0:
        m->is_broken = true;
        break;
    case 1:
        m->is_foreign = true;
        m->t.chain_id = bytes_of("tesT");
        break;
    case 2:
        m->t.expiry_height = g->now.head.height + draw(g, 3);
        break;
    case 3:
        m->is_forged = true;
        break;
    case 4:
        m->t.nonce += draw(g, 3) - 1;
        break;
    case 5:
        m->t.gas_limit = draw(g, 2 * GAS_BASE);
        m->is_tight = true;
        break;
    case 6:
        m->t.gas_limit = g->gas_left + draw(g, 3) - 1;
        m->t.gas_price = 0;
        m->is_tight = g->gas_left < (uint64_t)1000000000;
        break;
    case 7:
        m->t.gas_price = UINT64_MAX >> draw(g, 40);
        break;
    case 8:
        if (m->t.kind == AETHER_TRANSACTION_CALL || m->t.kind == AETHER_TRANSACTION_TRANSFER)
            m->t.value = (aether_u128){.low = UINT64_MAX >> draw(g, 30), .high = draw(g, 2)};
        break;
    default:
        m->t.gas_limit = GAS_BASE + draw(g, GAS_TYPICAL);
        m->is_tight = true;
    }
}

static void draw_move(game *g, move *m) {
    m->t = (aether_transaction){.struct_size = sizeof m->t};
    m->is_foreign = m->is_forged = m->is_broken = m->is_tight = false;
    m->input.len = 0;
    m->key = (int)draw(g, 10) == 0 ? (int)draw(g, KEY_COUNT) : (int)draw(g, 2);
    const model_account *sender = find(&g->now, &g->w.addresses[m->key]);
    m->t.chain_id = bytes_of("test");
    m->t.nonce = sender != NULL ? sender->nonce : 0;
    m->t.gas_price = draw(g, 3);
    draw_body(g, m);
    m->t.gas_limit = m->t.kind == AETHER_TRANSACTION_UPLOAD ? 400000000 : 20000000;
    if (m->t.gas_limit > g->block_gas_max / 2) {
        m->t.gas_limit = g->block_gas_max / 2;
        m->is_tight = true;
    }
    if (draw(g, 4) == 0)
        spoil(g, m);
}

/* The whole state */

typedef struct pair {
    uint8_t key[1 + 32 + MODEL_KEY_LEN_MAX];
    size_t key_len;
    uint8_t value[AETHER_CONTRACT_ACCOUNT_LEN];
    size_t value_len;
} pair;

static int compare_leaves(const void *a, const void *b) {
    return memcmp(a, b, sizeof(aether_hash));
}

/* The root of keys and values by the definition. */
static void add_leaf(naive_leaf *out, aether_bytes key, aether_bytes value) {
    uint8_t record[1 + 1024] = {1};
    CHECK(value.len <= 1024);
    if (value.len != 0)
        memcpy(record + 1, value.data, value.len);
    ae_sha256(key, &out->path);
    ae_sha256((aether_bytes){.data = record, .len = 1 + value.len}, &out->value_hash);
}

static aether_hash storage_root_of(const model_map *map) {
    naive_leaf leaves[MODEL_ENTRIES_MAX];
    aether_hash root;
    for (size_t i = 0; i < map->count; i++)
        add_leaf(&leaves[i], model_key(&map->entries[i]), model_value(&map->entries[i]));
    qsort(leaves, map->count, sizeof leaves[0], compare_leaves);
    naive_tree_root(leaves, map->count, &root);
    return root;
}

static void put_u64(uint8_t *out, uint64_t value) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

static void account_pair(const game *g, const model_account *account, pair *out) {
    out->key[0] = AETHER_STORE_KIND_ACCOUNT;
    memcpy(out->key + 1, &account->address, 32);
    out->key_len = 33;
    memset(out->value, 0, sizeof out->value);
    put_u64(out->value, account->balance);
    put_u64(out->value + 16, account->nonce);
    out->value_len = AETHER_ACCOUNT_LEN;
    if (!account->is_contract)
        return;
    const aether_hash root = storage_root_of(account->storage);
    memcpy(out->value + 24, &g->code_hashes[account->version], 32);
    memcpy(out->value + 56, &root, 32);
    out->value[88] = account->is_upgradable;
    memcpy(out->value + 89, &account->owner, 32);
    out->value_len = AETHER_CONTRACT_ACCOUNT_LEN;
}

static size_t count_kind(game *g, uint8_t kind) {
    uint8_t after[AETHER_STORE_KEY_LEN_MAX];
    size_t after_len = 0;
    for (size_t count = 0;; count++) {
        aether_bytes key = {0};
        bool found = false;
        CHECK_OK(g->w.store.next(g->w.store.user, (aether_bytes){.data = &kind, .len = 1},
            (aether_bytes){.data = after, .len = after_len}, false, &key, &found, &err));
        if (!found)
            return count;
        memcpy(after, key.data, key.len);
        after_len = key.len;
    }
}

static aether_bytes stored(game *g, aether_bytes key) {
    aether_bytes value = {0};
    bool found = false;
    CHECK_OK(g->w.store.get(g->w.store.user, key, &value, &found, &err));
    CHECK(found);
    return value;
}

static size_t compare_storage(game *g, const model_account *account) {
    uint8_t key[AETHER_STORE_KEY_LEN_MAX];
    const model_map *map = account->storage;
    for (size_t i = 0; i < map->count; i++) {
        const size_t len =
            aether_storage_key_encode(&account->address, model_key(&map->entries[i]), key);
        CHECK_BYTES(
            stored(g, (aether_bytes){.data = key, .len = len}), model_value(&map->entries[i]));
    }
    return map->count;
}

/* The store holds what the model does and nothing else, and the head's root is the model's. */
static void compare_state(game *g) {
    static naive_leaf leaves[ACCOUNTS_MAX + VERSIONS + 1];
    static const uint8_t parameters[] = "\x04parameters";
    const aether_bytes parameters_key = {.data = parameters, .len = sizeof parameters - 1};
    size_t count = 0, storage_count = 0;
    uint64_t supply = 0;
    for (size_t i = 0; i < g->now.account_count; i++) {
        pair p;
        account_pair(g, &g->now.accounts[i], &p);
        const aether_bytes key = {.data = p.key, .len = p.key_len};
        const aether_bytes value = {.data = p.value, .len = p.value_len};
        CHECK_BYTES(stored(g, key), value);
        add_leaf(&leaves[count++], key, value);
        supply += g->now.accounts[i].balance;
        if (g->now.accounts[i].is_contract)
            storage_count += compare_storage(g, &g->now.accounts[i]);
    }
    CHECK_U64(supply, g->supply);
    CHECK_U64(count_kind(g, AETHER_STORE_KIND_ACCOUNT), count);
    CHECK_U64(count_kind(g, AETHER_STORE_KIND_STORAGE), storage_count);
    size_t code_count = 0;
    for (unsigned i = 0; i < VERSIONS; i++) {
        uint8_t key[33] = {AETHER_STORE_KIND_CODE_RECORD}, value[12] = {0};
        if (!g->now.is_uploaded[i])
            continue;
        memcpy(key + 1, &g->code_hashes[i], 32);
        put_u64(value, g->codes[i].len);
        put_u64(value + 4, g->instantiation_gas[i]);
        add_leaf(&leaves[count++], (aether_bytes){.data = key, .len = 33},
            (aether_bytes){.data = value, .len = 12});
        CHECK_BYTES(stored(g, (aether_bytes){.data = key, .len = 33}),
            ((aether_bytes){.data = value, .len = 12}));
        key[0] = AETHER_STORE_KIND_CODE;
        CHECK_BYTES(stored(g, (aether_bytes){.data = key, .len = 33}), view_of(&g->codes[i]));
        code_count++;
    }
    CHECK_U64(count_kind(g, AETHER_STORE_KIND_CODE), code_count);
    CHECK_U64(count_kind(g, AETHER_STORE_KIND_CODE_RECORD), code_count);
    add_leaf(&leaves[count++], parameters_key, stored(g, parameters_key));
    qsort(leaves, count, sizeof leaves[0], compare_leaves);
    aether_hash root;
    naive_tree_root(leaves, count, &root);
    g->now.head = world_head(&g->w);
    CHECK(memcmp(&root, &g->now.head.root, sizeof root) == 0);
}

static void check_chain(game *g) {
    aether_check_report report;
    CHECK_OK(aether_chain_check(&g->w.store, NULL, NULL, &report, &err));
    CHECK_U64(report.supply.low, g->supply);
    CHECK_U64(report.accounts, g->now.account_count);
    CHECK_U64(report.contracts, g->now.contract_count);
}

/* The least gas that a transaction needs is exact: found by simulation, then tried with that and with 1 less, in blocks
 * that are dropped. */
static void check_exact_gas(game *g) {
    move m;
    draw_move(g, &m);
    m.key = ALICE;
    m.t.nonce = find(&g->now, &g->w.addresses[ALICE])->nonce;
    if (m.is_foreign || m.is_forged || m.is_broken || m.t.value.low >= 1000 ||
        m.t.value.high != 0 || m.t.expiry_height != 0)
        return;
    m.t.gas_price = 1;
    const aether_block_header header = {
        .height = g->now.head.height + 1, .time = g->now.head.time + 5};
    aether_receipt simulated = {0}, r;
    m.t.gas_limit = g->block_gas_max / 2;
    for (int i = 0; i < 3; i++) { // the limit's own bytes cost gas too
        aether_buffer bytes = world_sign(&g->w, m.key, &m.t);
        aether_receipt_destroy(&simulated);
        CHECK_OK(aether_chain_simulate(g->w.chain, &header, view_of(&bytes), &simulated, &err));
        aether_buffer_destroy(&bytes);
        if (simulated.outcome > AETHER_RECEIPT_REVERTED)
            break;
        m.t.gas_limit = simulated.gas_used;
    }
    if (simulated.outcome <= AETHER_RECEIPT_REVERTED) {
        world_begin(&g->w);
        r = world_run(&g->w, m.key, &m.t);
        CHECK_U64(r.gas_used, m.t.gas_limit);
        CHECK_U64(r.outcome, simulated.outcome);
        CHECK_I64(r.code, simulated.code);
        aether_receipt_destroy(&r);
        aether_block_revert(g->w.block);
        m.t.gas_limit--;
        world_begin(&g->w);
        r = world_run(&g->w, m.key, &m.t);
        if (r.outcome == AETHER_RECEIPT_INVALID)
            CHECK_U64(r.reason, AETHER_INVALID_INTRINSIC_GAS);
        else {
            CHECK_U64(r.outcome, AETHER_RECEIPT_FAILED);
            CHECK_U64(r.gas_used, m.t.gas_limit);
        }
        aether_receipt_destroy(&r);
        aether_block_revert(g->w.block);
        g->w.block = NULL;
        g->exact++;
    }
    aether_receipt_destroy(&simulated);
}

static void save(game *g) {
    if (g->saved_count == SAVED_MAX) {
        for (size_t i = 1; i < SAVED_MAX; i++)
            copy_state(&g->saved[i - 1], &g->saved[i]);
        g->saved_count--;
    }
    copy_state(&g->saved[g->saved_count++], &g->now);
}

static void play_block(game *g) {
    static move m;
    save(g);
    g->gas_left = g->block_gas_max;
    g->fees = 0;
    world_begin(&g->w);
    const size_t count = draw(g, 9);
    for (size_t i = 0; i < count; i++) {
        draw_move(g, &m);
        play_move(g, &m);
    }
    const aether_block_result result = world_commit(&g->w);
    CHECK_U64(result.transaction_count, count);
    CHECK_U64(result.gas_used, g->block_gas_max - g->gas_left);
    CHECK_U64(result.fees.low, g->fees);
    if (g->fees != 0)
        make(&g->now, &g->fee_address)->balance += g->fees;
    compare_state(g);
    check_chain(g);
}

static void undo_blocks(game *g) {
    const size_t count = 1 + draw(g, g->saved_count);
    for (size_t i = 0; i < count; i++) {
        world_undo(&g->w);
        g->undone++;
        const model_state *before = &g->saved[--g->saved_count];
        const aether_chain_head head = world_head(&g->w);
        CHECK_U64(head.height, before->head.height);
        CHECK(memcmp(&head.root, &before->head.root, sizeof head.root) == 0);
        copy_state(&g->now, before);
        check_chain(g);
    }
    compare_state(g);
}

static void start(game *g, uint64_t block_gas_max, bool fees_go_to_a_contract) {
    char text[PLAN_TEXT_LEN_MAX];
    memset(&g->now, 0, sizeof g->now);
    g->saved_count = 0;
    world_start(&g->w, NULL);
    const aether_address alice = g->w.addresses[ALICE];
    g->fee_address = g->w.addresses[FEES];
    for (unsigned i = 0; i < VERSIONS; i++) {
        uint8_t *code = NULL;
        aether_module_info info = {.struct_size = sizeof info};
        plan_text((uint8_t)i, i + 1 < VERSIONS, text);
        CHECK_OK(ae_text_to_binary(bytes_of(text), &code, &g->codes[i].len, &err));
        g->codes[i].data = code;
        aether_code_hash(view_of(&g->codes[i]), &g->code_hashes[i]);
        CHECK_OK(aether_module_inspect(view_of(&g->codes[i]), AETHER_SCHEDULE_V1, &info, &err));
        g->instantiation_gas[i] = info.instantiation_gas;
        aether_module_info_destroy(&info);
    }
    const aether_hash salt = {0};
    if (fees_go_to_a_contract) // that Alice may deploy, which doesn't hinder anything
        aether_contract_address(&alice, &g->code_hashes[0], &salt, &g->fee_address);
    world_end(&g->w);
    world_start(
        &g->w, &(world_options){.block_gas_max = block_gas_max, .fee_address = &g->fee_address});
    g->block_gas_max = block_gas_max;
    make(&g->now, &alice)->balance = WORLD_FUNDS;
    make(&g->now, &g->w.addresses[BOB])->balance = WORLD_FUNDS;
    g->supply = 2 * (uint64_t)WORLD_FUNDS;
    compare_state(g);
}

static void random_chains_do_what_the_model_does(void) {
    game *g = ae_alloc(1, sizeof *g);
    CHECK(g != NULL);
    g->random = test_seed();
    for (int chain = 0; chain < CHAINS; chain++) {
        start(g, chain % 2 == 0 ? 1000000000 : 500000000, chain >= 2);
        for (int i = 0; i < BLOCKS; i++) {
            play_block(g);
            if (draw(g, 8) == 0)
                check_exact_gas(g);
            if (draw(g, 10) == 0)
                undo_blocks(g);
        }
        world_end(&g->w);
        for (unsigned i = 0; i < VERSIONS; i++)
            ae_free(g->codes[i].data);
    }
    printf("outcomes %llu %llu %llu %llu, undone %llu, exact %llu; reasons",
        (unsigned long long)g->outcomes[0], (unsigned long long)g->outcomes[1],
        (unsigned long long)g->outcomes[2], (unsigned long long)g->outcomes[3],
        (unsigned long long)g->undone, (unsigned long long)g->exact);
    for (int i = 1; i < 10; i++)
        printf(" %llu", (unsigned long long)g->reasons[i]);
    printf("\n");
    for (int i = 0; i < 4; i++)
        CHECK(g->outcomes[i] > CHAINS * 20); // else the test tests little
    for (int i = AETHER_INVALID_CHAIN_ID; i <= AETHER_INVALID_FUNDS; i++)
        CHECK(g->reasons[i] > 10);
    CHECK(g->exact > 50);
    ae_free(g);
}

TEST_MAIN(TEST(random_chains_do_what_the_model_does))
