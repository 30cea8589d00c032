/* A proof is accepted exactly when the state with its root holds what is claimed.
 * Method: states of several sizes kept in a naive tree, whose every answer must be accepted; every bit, length and
 * claim around an accepted proof, which must be refused; vectors made in Python from the definitions alone. */
#include "proof/proof.h"

#include "proof/test_tree.h"

#include <aether/account.h>

#include <stdio.h>
#include <stdlib.h>

enum { ACCOUNTS_MAX = 300, KEYS_MAX = 60, VALUE_LEN = 40, BEYOND = 16 };

/* Records of 24 bytes and, for every third, of a contract with keys. */
typedef struct world {
    aether_address addresses[ACCOUNTS_MAX];
    uint8_t records[ACCOUNTS_MAX][AETHER_CONTRACT_ACCOUNT_LEN];
    size_t record_lens[ACCOUNTS_MAX];
    size_t account_count;
    naive_leaf leaves[ACCOUNTS_MAX];
    naive_leaf keys[ACCOUNTS_MAX][KEYS_MAX]; /* leaves of the storage trees */
    size_t key_count;                        /* of each contract */
    aether_hash root;
} world;

/* One answer. */
typedef struct answer {
    aether_hash root;
    aether_address address;
    uint8_t key[AETHER_CONTRACT_ACCOUNT_LEN];
    size_t key_len;
    uint8_t value[AETHER_CONTRACT_ACCOUNT_LEN];
    size_t value_len;
    bool is_present;
    uint8_t proof[AETHER_PROOF_LEN_MAX + BEYOND];
    size_t proof_len;
} answer;

static uint8_t *heap_copy(const uint8_t *data, size_t len) {
    uint8_t *copy = malloc(len + (len == 0));
    CHECK(copy != NULL);
    if (len != 0)
        memcpy(copy, data, len);
    return copy;
}

// On the heap with nothing behind, so that a sanitizer sees a step beyond the end.
static aether_status verify(const answer *at, aether_error *err) {
    uint8_t *proof = heap_copy(at->proof, at->proof_len);
    const aether_bytes value = ae_bytes(at->value, at->value_len);
    const aether_status status =
        aether_proof_verify(&at->root, &at->address, ae_bytes(at->key, at->key_len),
            at->is_present ? &value : NULL, ae_bytes(proof, at->proof_len), err);
    free(proof);
    return status;
}

static void check_refused(const answer *at) {
    aether_error err = {0};
    CHECK_STATUS(verify(at, &err), AETHER_INVALID_PROOF);
    CHECK_U64(err.status, AETHER_INVALID_PROOF);
    CHECK(err.message[0] != '\0');
}

static void check_refused_for(const answer *at, const char *expected) {
    aether_error err = {0};
    CHECK_STATUS(verify(at, &err), AETHER_INVALID_PROOF);
    CHECK_TEXT(err.message, expected);
}

static void fill_random(uint64_t *random, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)test_random(random);
}

static void storage_key(uint8_t *out, size_t contract, size_t number) {
    memset(out, 0, 4);
    out[0] = (uint8_t)contract;
    out[1] = (uint8_t)(contract >> 8);
    out[2] = (uint8_t)number;
    out[3] = (uint8_t)(number >> 8);
}

// Values of different lengths, the first empty.
static size_t storage_value(uint8_t *out, size_t number) {
    memset(out, (int)number, VALUE_LEN);
    return number % VALUE_LEN;
}

static naive_leaf account_leaf(const aether_address *address, aether_bytes record) {
    uint8_t key[33] = {0x01};
    memcpy(key + 1, address->bytes, 32);
    return naive_leaf_of(ae_bytes(key, sizeof key), record);
}

static bool is_contract(size_t account) {
    return account % 3 == 0;
}

static naive_tree storage_tree(const world *self, size_t account) {
    return (naive_tree){self->keys[account], self->key_count};
}

static void add_contract(world *self, size_t account) {
    for (size_t i = 0; i < self->key_count; i++) {
        uint8_t key[4], value[VALUE_LEN];
        storage_key(key, account, i);
        const size_t value_len = storage_value(value, i);
        self->keys[account][i] = naive_leaf_of(ae_bytes(key, 4), ae_bytes(value, value_len));
    }
    naive_sort(self->keys[account], self->key_count);
    const aether_hash root = naive_root(storage_tree(self, account), 0);
    memcpy(self->records[account] + 56, &root, sizeof root);
    self->record_lens[account] = AETHER_CONTRACT_ACCOUNT_LEN;
}

static world *make_world(uint64_t *random, size_t account_count, size_t key_count) {
    static world self;
    self = (world){.account_count = account_count, .key_count = key_count};
    for (size_t i = 0; i < account_count; i++) {
        fill_random(random, self.addresses[i].bytes, AETHER_ADDRESS_LEN);
        fill_random(random, self.records[i], AETHER_CONTRACT_ACCOUNT_LEN);
        self.record_lens[i] = AETHER_ACCOUNT_LEN;
        if (is_contract(i))
            add_contract(&self, i);
        self.leaves[i] =
            account_leaf(&self.addresses[i], ae_bytes(self.records[i], self.record_lens[i]));
    }
    naive_sort(self.leaves, account_count);
    self.root = naive_root((naive_tree){self.leaves, account_count}, 0);
    return &self;
}

// The proof of any address: what a prover does. account: account_count or above for an address without a record.
static void prove(const world *self, size_t account, answer *at) {
    naive_proof application, storage;
    const bool is_storage = at->key_len != 0 && account < self->account_count;
    const aether_hash path = account_leaf(&at->address, ae_bytes(NULL, 0)).path;
    naive_prove((naive_tree){self->leaves, self->account_count}, &path, &application);
    aether_bytes record = {0};
    if (is_storage)
        record = ae_bytes(self->records[account], self->record_lens[account]);
    if (is_storage && is_contract(account)) {
        aether_hash key_path;
        ae_sha256(ae_bytes(at->key, at->key_len), &key_path);
        naive_prove(storage_tree(self, account), &key_path, &storage);
    }
    at->root = self->root;
    at->proof_len = ae_proof_encode(&application.level, record,
        is_storage && is_contract(account) ? &storage.level : NULL, at->proof);
    CHECK(at->proof_len <= AETHER_PROOF_LEN_MAX);
}

static const answer *prove_record(const world *self, size_t account) {
    static answer at;
    at = (answer){.address = self->addresses[account],
        .value_len = self->record_lens[account],
        .is_present = true};
    memcpy(at.value, self->records[account], at.value_len);
    prove(self, account, &at);
    return &at;
}

static const answer *prove_no_record(const world *self, const aether_address *address) {
    static answer at;
    at = (answer){.address = *address};
    prove(self, self->account_count, &at);
    return &at;
}

// A number that no key of the contract has: the key is absent.
static const answer *prove_storage(const world *self, size_t account, size_t number) {
    static answer at;
    at = (answer){.address = self->addresses[account], .key_len = 4};
    storage_key(at.key, account, number);
    at.is_present = is_contract(account) && number < self->key_count;
    if (at.is_present)
        at.value_len = storage_value(at.value, number);
    prove(self, account, &at);
    return &at;
}

static const answer *prove_no_storage(const world *self, const aether_address *address) {
    static answer at;
    at = (answer){.address = *address, .key = "key", .key_len = 3};
    prove(self, self->account_count, &at);
    return &at;
}

static void check_accepted(const answer *at) {
    aether_error err = {0};
    CHECK_OK(verify(at, &err));
    CHECK_TEXT(err.message, "");
    answer other = *at; // the opposite claim
    other.is_present = !at->is_present;
    check_refused(&other);
}

static void check_world(const world *self, uint64_t *random) {
    for (size_t i = 0; i < self->account_count; i++) {
        check_accepted(prove_record(self, i));
        for (size_t number = 0; number < self->key_count + 10; number++)
            check_accepted(prove_storage(self, i, number));
    }
    for (int i = 0; i < 30; i++) {
        aether_address nobody;
        fill_random(random, nobody.bytes, sizeof nobody.bytes);
        check_accepted(prove_no_record(self, &nobody));
        check_accepted(prove_no_storage(self, &nobody));
    }
}

/* Every record, storage key and absence of small states and of mid-size ones is proved; the opposite never. */
static void every_answer_is_proved(void) {
    static const size_t sizes[][2] = {
        {0, 0}, {1, 0}, {1, 1}, {2, 2}, {3, 3}, {7, 0}, {8, 5}, {60, 1}, {20, 60}, {300, 2}};
    uint64_t random = test_seed();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_world(make_world(&random, sizes[i][0], sizes[i][1]), &random);
}

// `bytes` are a part of `changed`.
static void check_flips(const answer *changed, uint8_t *bytes, size_t len) {
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        check_refused(changed);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

// Every bit of everything that a proof of presence is about.
static void check_every_flip(const answer *good) {
    static answer changed;
    changed = *good;
    check_flips(&changed, changed.proof, changed.proof_len);
    check_flips(&changed, changed.value, changed.value_len);
    check_flips(&changed, changed.key, changed.key_len);
    check_flips(&changed, changed.address.bytes, AETHER_ADDRESS_LEN);
    check_flips(&changed, changed.root.bytes, AETHER_HASH_LEN);
    CHECK_BYTES(ae_bytes(changed.proof, changed.proof_len), ae_bytes(good->proof, good->proof_len));
}

/* No bit of a proof, value, key, address or root can be another. */
static void every_flipped_bit_of_a_proof_of_presence_is_refused(void) {
    uint64_t random = test_seed();
    const world *self = make_world(&random, 40, 20);
    check_every_flip(prove_record(self, 0));
    check_every_flip(prove_record(self, 1));
    check_every_flip(prove_storage(self, 3, 0));
    check_every_flip(prove_storage(self, 6, 19));
    self = make_world(&random, 1, 1);
    check_every_flip(prove_record(self, 0));
    check_every_flip(prove_storage(self, 0, 0));
}

// The flips of what is asked, of a proof that nothing is there: a proof of absence can hold for other keys, exactly
// where it is the proof that they have.
static void check_absence_flips(const world *self, const answer *good, bool is_key) {
    static answer changed, own;
    changed = *good;
    const size_t len = is_key ? good->key_len : AETHER_ADDRESS_LEN;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        uint8_t *bytes = is_key ? changed.key : changed.address.bytes;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        own = changed;
        prove(self, is_key ? 0 : self->account_count, &own);
        aether_error err;
        const bool is_same = own.proof_len == changed.proof_len &&
                             memcmp(own.proof, changed.proof, own.proof_len) == 0;
        CHECK_STATUS(verify(&changed, &err), is_same ? AETHER_OK : AETHER_INVALID_PROOF);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* No bit of a proof of absence or of the root can be another; of what is asked, only where the proof is that of
 * the other question too. */
static void every_flipped_bit_of_a_proof_of_absence_is_refused(void) {
    static answer changed;
    uint64_t random = test_seed();
    const world *self = make_world(&random, 40, 20);
    for (size_t i = 0; i < 6; i++) {
        aether_address nobody;
        fill_random(&random, nobody.bytes, sizeof nobody.bytes);
        const answer *const good = i < 3   ? prove_no_record(self, &nobody)
                                   : i < 5 ? prove_storage(self, 0, 20 + i)
                                           : prove_storage(self, 1, 0); // of an account
        changed = *good;
        check_flips(&changed, changed.proof, changed.proof_len);
        check_flips(&changed, changed.root.bytes, AETHER_HASH_LEN);
        if (i < 3)
            check_absence_flips(self, good, false);
        else if (i < 5)
            check_absence_flips(self, good, true);
        else
            check_flips(&changed, changed.address.bytes, AETHER_ADDRESS_LEN);
    }
}

/* A proof has one length. */
static void every_other_length_is_refused(void) {
    static answer changed;
    uint64_t random = test_seed();
    const world *self = make_world(&random, 30, 9);
    const aether_address nobody = {{7}};
    for (int i = 0; i < 5; i++) {
        changed = i == 0   ? *prove_record(self, 1)
                  : i == 1 ? *prove_storage(self, 0, 3)
                  : i == 2 ? *prove_storage(self, 0, 100)
                  : i == 3 ? *prove_storage(self, 1, 0)
                           : *prove_no_storage(self, &nobody);
        const size_t len = changed.proof_len;
        for (changed.proof_len = 0; changed.proof_len < len; changed.proof_len++)
            check_refused(&changed);
        for (size_t more = 1; more <= BEYOND; more++) {
            changed.proof_len = len + more;
            check_refused(&changed);
        }
    }
}

/* Bytes of no proof, and proofs with some bytes changed, are refused and never read beyond. */
static void garbage_is_refused(void) {
    static answer changed;
    uint64_t random = test_seed();
    const world *self = make_world(&random, 30, 9);
    for (int round = 0; round < 40000; round++) {
        changed = *prove_storage(self, 3 * (test_random(&random) % 3), test_random(&random) % 12);
        if (round % 2 == 0) { // all random, but for a likely beginning
            changed.proof_len = test_random(&random) % 400;
            fill_random(&random, changed.proof, changed.proof_len);
            changed.proof[0] = 1;
            changed.proof[1] %= 4;
            changed.proof[2] %= 16;
            changed.proof[3] = 0;
        } else {
            const size_t at = test_random(&random) % changed.proof_len;
            changed.proof[at] ^= (uint8_t)(1 + test_random(&random) % 255);
            if (test_random(&random) % 2)
                changed.proof_len = at + test_random(&random) % (BEYOND + 1);
        }
        check_refused(&changed);
    }
}

/* Claims that a careless verifier would believe. */
static void forged_claims_are_refused(void) {
    static answer at;
    uint64_t random = test_seed();
    const world *self = make_world(&random, 30, 9);
    const aether_address nobody = {{9}};

    at = *prove_no_record(self, &nobody); // something where nothing is
    at.proof[1] = AE_PROOF_TERMINAL_LEAF;
    at.is_present = true;
    check_refused(&at);

    at = *prove_storage(self, 1, 0); // a value in the storage of an account
    at.is_present = true;
    check_refused_for(&at, "proof: no value can be there: the address is no contract");

    at = *prove_no_storage(self, &nobody);
    at.is_present = true;
    check_refused_for(&at, "proof: no value can be there: the address has no record");

    at = *prove_record(self, 0); // the record's own proof, for a key
    at.key_len = 4;
    check_refused_for(&at, "record: 0 bytes, need 16, 24 or 121");

    at = *prove_storage(self, 0, 0); // the value of one contract, for another
    at.address = self->addresses[3];
    check_refused_for(&at, "application tree: the proof leads to another root");

    at = *prove_storage(self, 0, 0); // a storage root of the prover's
    for (size_t i = 0; i < at.proof_len - 32; i++)
        if (memcmp(at.proof + i, self->records[0] + 56, 32) == 0)
            at.proof[i] ^= 1;
    check_refused_for(&at, "application tree: the proof leads to another root");

    at = *prove_storage(self, 0, 0);
    at.proof_len++;
    check_refused_for(&at, "proof: 1 bytes behind its end");
    at.proof[0] = 2;
    check_refused_for(&at, "proof: need version 1");
}

/* A record of another length than a record has gives no answer about storage, even in the state. */
static void a_record_of_another_length_is_refused(void) {
    static answer at;
    for (size_t len = 1; len < AETHER_CONTRACT_ACCOUNT_LEN; len++) {
        at = (answer){.address = {{1}}, .key = "key", .key_len = 3};
        uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN] = {5};
        const naive_leaf leaf = account_leaf(&at.address, ae_bytes(record, len));
        naive_proof proof;
        naive_prove((naive_tree){&leaf, 1}, &leaf.path, &proof);
        at.root = naive_root((naive_tree){&leaf, 1}, 0);
        at.proof_len = ae_proof_encode(&proof.level, ae_bytes(record, len), NULL, at.proof);
        aether_error err;
        CHECK_STATUS(verify(&at, &err),
            len == 16 || len == AETHER_ACCOUNT_LEN ? AETHER_OK : AETHER_INVALID_PROOF);
    }
}

// 256 siblings that are not empty above a leaf, and the root that they lead to.
static aether_hash fill_level(uint64_t *random, const naive_leaf *leaf, naive_proof *out) {
    aether_hash hash = naive_hash_pair(0, &leaf->path, &leaf->value_hash);
    for (uint32_t i = AETHER_PROOF_DEPTH_MAX; i-- > 0;) {
        fill_random(random, out->siblings[i].bytes, AETHER_HASH_LEN);
        hash = naive_bit(&leaf->path, i) ? naive_hash_pair(1, &out->siblings[i], &hash)
                                         : naive_hash_pair(1, &hash, &out->siblings[i]);
    }
    out->level = (ae_proof_level){.terminal = AE_PROOF_TERMINAL_LEAF,
        .depth = AETHER_PROOF_DEPTH_MAX,
        .siblings = out->siblings};
    return hash;
}

/* The longest proof there can be is accepted, and fits the room that provers have. */
static void the_longest_proof_is_accepted(void) {
    static answer at;
    uint64_t random = test_seed();
    at = (answer){.address = {{1}},
        .key = "key",
        .key_len = 3,
        .value = "value",
        .value_len = 5,
        .is_present = true};
    naive_proof application, storage;
    naive_leaf leaf = naive_leaf_of(ae_bytes(at.key, 3), ae_bytes(at.value, 5));
    const aether_hash storage_root = fill_level(&random, &leaf, &storage);
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN] = {5};
    memcpy(record + 56, &storage_root, sizeof storage_root);
    leaf = account_leaf(&at.address, ae_bytes(record, sizeof record));
    at.root = fill_level(&random, &leaf, &application);
    at.proof_len = ae_proof_encode(
        &application.level, ae_bytes(record, sizeof record), &storage.level, at.proof);
    CHECK_U64(at.proof_len, 1 + 2 * (3 + 32 + 256 * 32) + 1 + 121);
    CHECK(at.proof_len <= AETHER_PROOF_LEN_MAX);
    check_accepted(&at);
}

/* A program's mistakes are told as such; a key may have 256 bytes, not 257. */
static void misuse_is_told(void) {
    aether_error err;
    const aether_hash root = {0};
    const aether_address address = {0};
    const aether_bytes none = {0}, bent = {NULL, 1};
    const uint8_t empty[4] = {1, 0, 0, 0};
    static const uint8_t key[257];
    const aether_bytes proof = ae_bytes(empty, sizeof empty);
    CHECK_OK(aether_proof_verify(&root, &address, none, NULL, proof, &err));
    CHECK_OK(aether_proof_verify(&root, &address, ae_bytes(key, 256), NULL, proof, &err));
    CHECK_STATUS(aether_proof_verify(&root, &address, ae_bytes(key, 257), NULL, proof, &err),
        AETHER_INVALID_ARGUMENT);
    CHECK_TEXT(err.message, "key: 257 bytes, at most 256");
    CHECK_STATUS(
        aether_proof_verify(NULL, &address, none, NULL, proof, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_proof_verify(&root, NULL, none, NULL, proof, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_proof_verify(&root, &address, bent, NULL, proof, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_proof_verify(&root, &address, none, &bent, proof, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_proof_verify(&root, &address, none, NULL, bent, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_proof_verify(&root, &address, none, &none, proof, &err), AETHER_INVALID_PROOF);
    CHECK_STATUS(
        aether_proof_verify(&root, &address, none, NULL, none, NULL), AETHER_INVALID_PROOF);
}

/* One of the vectors. */
typedef struct vector {
    char what[200];
    aether_hash root;
    aether_address address;
    uint8_t key[256];
    size_t key_len;
    uint8_t value[256];
    size_t value_len;
    bool is_present;
    uint8_t proof[4096];
    size_t proof_len;
    bool is_ok;
} vector;

static size_t from_hex(const char *hex, uint8_t *out, size_t capacity) {
    const size_t len = strlen(hex) / 2;
    CHECK(len <= capacity);
    for (size_t i = 0; i < len; i++) {
        const char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return len;
}

// Whether the vector is complete. Lines are `key value`.
static bool read_line(const char *line, vector *out) {
    const size_t word = strcspn(line, " ");
    const char *value = line[word] == ' ' ? line + word + 1 : "";
    if (strncmp(line, "case", word) == 0) {
        snprintf(out->what, sizeof out->what, "%s", value);
    } else if (strncmp(line, "root", word) == 0) {
        CHECK_U64(from_hex(value, out->root.bytes, 32), 32);
    } else if (strncmp(line, "address", word) == 0) {
        CHECK_U64(from_hex(value, out->address.bytes, 32), 32);
    } else if (strncmp(line, "key", word) == 0) {
        out->key_len = from_hex(value, out->key, sizeof out->key);
    } else if (strncmp(line, "value", word) == 0) {
        out->value_len = from_hex(value, out->value, sizeof out->value);
        out->is_present = true;
    } else if (strncmp(line, "absent", word) == 0) {
        out->is_present = false;
    } else if (strncmp(line, "proof", word) == 0) {
        out->proof_len = from_hex(value, out->proof, sizeof out->proof);
    } else {
        CHECK(strncmp(line, "result", word) == 0);
        out->is_ok = strcmp(value, "ok") == 0;
        CHECK(out->is_ok || strcmp(value, "bad") == 0);
        return true;
    }
    return false;
}

/* Vectors made by an implementation that shares nothing with this one: tests/vectors/proof.py. */
static void vectors_from_python_agree(void) {
    static char line[9000];
    static vector at;
    FILE *file = fopen(AE_SOURCE_DIR "/tests/vectors/proof.txt", "r");
    size_t ok_count = 0, bad_count = 0;
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || !read_line(line, &at))
            continue;
        aether_error err = {0};
        const aether_bytes value = ae_bytes(at.value, at.value_len);
        const aether_status status =
            aether_proof_verify(&at.root, &at.address, ae_bytes(at.key, at.key_len),
                at.is_present ? &value : NULL, ae_bytes(at.proof, at.proof_len), &err);
        if (status != (at.is_ok ? AETHER_OK : AETHER_INVALID_PROOF))
            test_fail(
                "proof.txt", 0, "%s: %s: %s", at.what, aether_status_name(status), err.message);
        ok_count += at.is_ok;
        bad_count += !at.is_ok;
    }
    fclose(file);
    CHECK_U64(ok_count, 203);
    CHECK_U64(bad_count, 31);
}

TEST_MAIN(TEST(every_answer_is_proved) TEST(every_flipped_bit_of_a_proof_of_presence_is_refused)
        TEST(every_flipped_bit_of_a_proof_of_absence_is_refused) TEST(every_other_length_is_refused)
            TEST(garbage_is_refused) TEST(forged_claims_are_refused)
                TEST(a_record_of_another_length_is_refused) TEST(the_longest_proof_is_accepted)
                    TEST(misuse_is_told) TEST(vectors_from_python_agree))
