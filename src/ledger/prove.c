#include "ledger/prove.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "proof/proof.h"
#include "state/account.h"
#include "state/key.h"
#include "state/tree.h"
#include "state/view.h"

_Static_assert(AE_TREE_DEPTH_MAX == AETHER_PROOF_DEPTH_MAX, "one depth");
_Static_assert((int)AE_TERMINAL_EMPTY == AE_PROOF_TERMINAL_EMPTY, "one numbering");
_Static_assert((int)AE_TERMINAL_LEAF == AE_PROOF_TERMINAL_LEAF, "one numbering");
_Static_assert((int)AE_TERMINAL_OTHER == AE_PROOF_TERMINAL_OTHER, "one numbering");

// What a proof is made in: too large for a stack.
typedef struct prover {
    const aether_store *store;
    ae_path_proof application;
    ae_path_proof storage;
    uint8_t record[AETHER_CONTRACT_ACCOUNT_LEN];
    uint8_t bytes[AETHER_PROOF_LEN_MAX];
} prover;

static aether_status copy(aether_bytes bytes, aether_buffer *out, aether_error *err) {
    uint8_t *data = ae_alloc(1, bytes.len);
    if (data == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "%zu bytes", bytes.len);
    if (bytes.len != 0)
        memcpy(data, bytes.data, bytes.len);
    *out = (aether_buffer){.data = data, .len = bytes.len};
    return AETHER_OK;
}

static ae_proof_level level_of(const ae_path_proof *proof) {
    return (ae_proof_level){.terminal = (uint8_t)proof->terminal,
        .depth = proof->depth,
        .siblings = proof->siblings,
        .other_path = proof->leaf.path.bytes,
        .other_value_hash = proof->leaf.value_hash.bytes};
}

static aether_status prove_key(
    const ae_tree *tree, aether_bytes key, ae_path_proof *out, aether_error *err) {
    ae_leaf leaf;
    ae_leaf_init(&leaf, key, (aether_bytes){0});
    return ae_tree_prove(tree, &leaf.path, out, err);
}

static aether_status read(const aether_store *store, const ae_store_key *key,
    aether_bytes *out_value, bool *out_found, aether_error *err) {
    const ae_view view = ae_view_of_store(store);
    *out_value = (aether_bytes){0};
    return view.get(view.user, ae_store_key_bytes(key), out_value, out_found, err);
}

// The record of the address into the prover; of length 0 where there is none.
static aether_status read_record(prover *p, const aether_address *address, size_t *out_len,
    aether_account *out_account, aether_error *err) {
    ae_store_key key;
    aether_bytes record;
    bool found = false;
    ae_account_key_init(&key, address);
    AE_TRY(read(p->store, &key, &record, &found, err));
    *out_len = 0;
    *out_account = (aether_account){0};
    if (!found)
        return AETHER_OK;
    AE_TRY(ae_account_read(record, out_account, err));
    memcpy(p->record, record.data, record.len);
    *out_len = record.len;
    return AETHER_OK;
}

static aether_status prove(prover *p, const aether_address *address, aether_bytes key,
    size_t *out_len, aether_buffer *out_value, bool *out_found, aether_error *err) {
    const ae_tree application = {.view = p->store};
    const ae_tree storage = {.view = p->store, .contract = address};
    aether_account account;
    size_t record_len = 0;
    ae_store_key account_key, storage_key;
    ae_account_key_init(&account_key, address);
    AE_TRY(read_record(p, address, &record_len, &account, err));
    AE_TRY(prove_key(&application, ae_store_key_bytes(&account_key), &p->application, err));
    const ae_proof_level level = level_of(&p->application);
    if (key.len == 0) {
        *out_found = record_len != 0;
        *out_len = ae_proof_encode(&level, (aether_bytes){0}, NULL, p->bytes);
        return *out_found ? copy(ae_bytes(p->record, record_len), out_value, err) : AETHER_OK;
    }
    *out_found = false;
    const aether_bytes record = ae_bytes(p->record, record_len);
    if (!account.is_contract) { // no storage: its record shows that, or its absence
        *out_len =
            ae_proof_encode(&level, record_len != 0 ? record : (aether_bytes){0}, NULL, p->bytes);
        return AETHER_OK;
    }
    AE_TRY(prove_key(&storage, key, &p->storage, err));
    const ae_proof_level storage_level = level_of(&p->storage);
    *out_len = ae_proof_encode(&level, record, &storage_level, p->bytes);
    aether_bytes value;
    ae_storage_key_init(&storage_key, address, key);
    AE_TRY(read(p->store, &storage_key, &value, out_found, err));
    return *out_found ? copy(value, out_value, err) : AETHER_OK;
}

aether_status ae_prove(const aether_store *store, const aether_address *address, aether_bytes key,
    aether_buffer *out_proof, aether_buffer *out_value, bool *out_found, aether_error *err) {
    aether_buffer value = {0}, proof = {0};
    bool found = false;
    size_t len = 0;
    prover *p = ae_alloc(1, sizeof *p);
    if (p == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "proof");
    p->store = store;
    aether_status status = prove(p, address, key, &len, &value, &found, err);
    AE_ASSERT(len <= sizeof p->bytes);
    if (status == AETHER_OK)
        status = copy(ae_bytes(p->bytes, len), &proof, err);
    ae_free(p);
    if (status != AETHER_OK) {
        ae_free(value.data);
        return status;
    }
    *out_proof = proof;
    *out_value = value;
    *out_found = found;
    return AETHER_OK;
}
