// Checking a proof with 21 siblings, about what a million keys have: of a record, and of a storage key with as many in
// either tree. The bytes of a proof among a million keys are printed with the chain of a million accounts (chain.c).
#include "measure.h"

#include "crypto/hash.h"
#include "proof/proof.h"

#include <string.h>

enum { ROUNDS = 25, SIBLINGS = 21, CHECKS = 1000 };

typedef struct checks {
    aether_hash root;
    aether_address address;
    aether_bytes key;
    aether_bytes value;
    uint8_t proof[AETHER_PROOF_LEN_MAX];
    size_t proof_len;
} checks;

static void hash_pair(uint8_t prefix, const uint8_t *a, const uint8_t *b, aether_hash *out) {
    uint8_t bytes[65] = {prefix};
    memcpy(bytes + 1, a, 32);
    memcpy(bytes + 33, b, 32);
    ae_sha256(ae_bytes(bytes, sizeof bytes), out);
}

// A level of some siblings above a key's leaf, and the root that they lead to.
static void fill_level(aether_bytes key, aether_bytes value, aether_hash *siblings,
    ae_proof_level *out, aether_hash *out_root) {
    uint8_t record[1 + 128] = {0x01};
    aether_hash path, hash;
    memcpy(record + 1, value.data, value.len);
    ae_sha256(key, &path);
    ae_sha256(ae_bytes(record, 1 + value.len), &hash);
    hash_pair(0, path.bytes, hash.bytes, &hash);
    for (uint32_t i = SIBLINGS; i-- > 0;) {
        memset(&siblings[i], (int)i + 1, sizeof siblings[i]);
        if (path.bytes[i / 8] & 0x80 >> i % 8)
            hash_pair(1, siblings[i].bytes, hash.bytes, &hash);
        else
            hash_pair(1, hash.bytes, siblings[i].bytes, &hash);
    }
    *out = (ae_proof_level){
        .terminal = AE_PROOF_TERMINAL_LEAF, .depth = SIBLINGS, .siblings = siblings};
    *out_root = hash;
}

// About the record, or about a storage key below it.
static void fill(checks *out, bool is_storage) {
    static uint8_t record[121];
    const uint8_t account_key[33] = {0x01};
    aether_hash storage_siblings[SIBLINGS], siblings[SIBLINGS], storage_root;
    ae_proof_level storage, application;
    *out = (checks){
        .key = ae_bytes_of("key"), .value = ae_bytes_of("a value of 32 bytes, as many are")};
    fill_level(out->key, out->value, storage_siblings, &storage, &storage_root);
    memcpy(record + 56, &storage_root, sizeof storage_root);
    fill_level(ae_bytes(account_key, sizeof account_key), ae_bytes(record, sizeof record), siblings,
        &application, &out->root);
    if (is_storage) {
        out->proof_len =
            ae_proof_encode(&application, ae_bytes(record, sizeof record), &storage, out->proof);
        return;
    }
    out->key = (aether_bytes){0};
    out->value = ae_bytes(record, sizeof record);
    out->proof_len = ae_proof_encode(&application, (aether_bytes){0}, NULL, out->proof);
}

static bool run_checks(void *data) {
    const checks *self = data;
    for (int i = 0; i < CHECKS; i++) {
        aether_error err;
        if (!bench_ok(aether_proof_verify(&self->root, &self->address, self->key, &self->value,
                          ae_bytes(self->proof, self->proof_len), &err),
                "proof", &err))
            return false;
    }
    return true;
}

static bool run(const bench *self) {
    static checks record, storage;
    fill(&record, false);
    fill(&storage, true);
    bench_piece pieces[] = {
        {.run = run_checks, .data = &record}, {.run = run_checks, .data = &storage}};
    if (!bench_rounds(pieces, 2, ROUNDS))
        return false;
    bench_print(
        self, "proof_verify", bench_median(pieces[0].ns, ROUNDS) / CHECKS * 1e-3, "us", ROUNDS);
    bench_print(self, "proof_verify_storage", bench_median(pieces[1].ns, ROUNDS) / CHECKS * 1e-3,
        "us", ROUNDS);
    return true;
}

static const char *const names[] = {"proof_verify", "proof_verify_storage", NULL};

const bench_group bench_proof = {.names = names, .run = run};
