// Checking a proof with 21 siblings, about what a million keys have: of a record, and of a storage key with as many in
// either tree. And the bytes of a record's proof among a million, which follow from where the paths part.
#include "measure.h"

#include "crypto/hash.h"
#include "proof/proof.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 25, SIBLINGS = 21, CHECKS = 1000, KEYS = 1000000, SAMPLES = 1000 };

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

static int compare(const void *left, const void *right) {
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

// Bytes of the proof of one of the sorted paths, of which the first 64 bits are given.
static size_t proof_len(const uint64_t *paths, size_t count, uint64_t path) {
    size_t first = 0, end = count, depth = 0, siblings = 0;
    for (; end - first > 1; depth++) {
        const uint64_t bit = (uint64_t)1 << (63 - depth);
        size_t low = first, high = end; // the first of the right half
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (paths[middle] & bit)
                high = middle;
            else
                low = middle + 1;
        }
        siblings += low != first && low != end;
        if (path & bit)
            first = low;
        else
            end = low;
    }
    return 1 + 3 + (depth + 7) / 8 + 32 * siblings;
}

static bool print_size(const bench *self) {
    uint64_t *paths = malloc(KEYS * sizeof *paths);
    if (paths == NULL)
        return bench_fail("proof_size: no memory");
    for (uint64_t i = 0; i < KEYS; i++) {
        uint8_t key[8];
        aether_hash path;
        ae_put_u64_le(key, i);
        ae_sha256(ae_bytes(key, sizeof key), &path);
        paths[i] = 0;
        for (size_t j = 0; j < sizeof paths[i]; j++)
            paths[i] = paths[i] << 8 | path.bytes[j];
    }
    qsort(paths, KEYS, sizeof *paths, compare);
    size_t sum = 0;
    for (size_t i = 0; i < SAMPLES; i++)
        sum += proof_len(paths, KEYS, paths[i * (KEYS / SAMPLES)]);
    free(paths);
    bench_print(self, "proof_size", (double)sum / SAMPLES, "bytes", SAMPLES);
    return true;
}

static bool run(const bench *self) {
    if (bench_wants(self, "proof_size") && !print_size(self))
        return false;
    if (!bench_wants(self, "proof_verify") && !bench_wants(self, "proof_verify_storage"))
        return true;
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

static const char *const names[] = {"proof_size", "proof_verify", "proof_verify_storage", NULL};

const bench_group bench_proof = {.names = names, .run = run};
