// A few keys held against the root: the rolling check.
#include "base/alloc.h"
#include "base/bytes.h"
#include "ledger/chain.h"
#include "state/account.h"
#include "state/tree.h"
#include "state/view.h"

typedef struct sampler {
    const aether_store *store;
    ae_head head;
    uint32_t left; // keys that may still be looked at
    ae_path_proof proof;
} sampler;

static aether_status find_next(const aether_store *store, aether_bytes prefix, aether_bytes after,
    ae_store_key *out_key, bool *out_found, aether_error *err) {
    const ae_view view = ae_view_of_store(store);
    const ae_search search = {.prefix = prefix, .after = after, .steps_max = UINT64_MAX};
    ae_neighbour next;
    AE_TRY(view.next(view.user, &search, &next, err));
    *out_found = next.found;
    if (!next.found)
        return AETHER_OK;
    memcpy(out_key->bytes, next.key.data, next.key.len);
    out_key->len = next.key.len;
    return AETHER_OK;
}

// The leaf that a key and its value make stands in the tree, under its root.
static aether_status check_leaf(sampler *s, const ae_tree *tree, const aether_hash *root,
    aether_bytes key, const ae_store_key *store_key, aether_error *err) {
    const ae_view view = ae_view_of_store(s->store);
    aether_bytes value = {0};
    bool found = false;
    ae_leaf leaf;
    aether_hash computed;
    AE_TRY(view.get(view.user, ae_store_key_bytes(store_key), &value, &found, err));
    if (!found)
        return ae_fail(err, AETHER_STORAGE_DAMAGED, "store: a key is listed but not found");
    ae_leaf_init(&leaf, key, value);
    AE_TRY(ae_tree_prove(tree, &leaf.path, &s->proof, err));
    ae_path_proof_root(&s->proof, &leaf.path, &computed);
    if (s->proof.terminal != AE_TERMINAL_LEAF ||
        memcmp(&s->proof.leaf.value_hash, &leaf.value_hash, sizeof leaf.value_hash) != 0 ||
        memcmp(&computed, root, sizeof computed) != 0)
        return ae_fail(err, AETHER_STORAGE_DAMAGED,
            "the value of key 0x%02x%02x%02x%02x%02x... is not what the root says",
            store_key->bytes[0], store_key->bytes[1], store_key->bytes[2], store_key->bytes[3],
            store_key->bytes[4]);
    s->left--;
    return AETHER_OK;
}

// Storage of one contract, from a place on.
static aether_status check_storage(sampler *s, const aether_address *contract,
    const aether_hash *root, const aether_hash *place, aether_error *err) {
    const ae_tree tree = {.view = s->store, .contract = contract};
    ae_store_key prefix, key;
    ae_storage_key_init(&prefix, contract, ae_bytes(NULL, 0));
    aether_hash
        turned; // else the end of storage would only be looked at from the end of the accounts
    memcpy(turned.bytes, place->bytes + AETHER_HASH_LEN / 2, AETHER_HASH_LEN / 2);
    memcpy(turned.bytes + AETHER_HASH_LEN / 2, place->bytes, AETHER_HASH_LEN / 2);
    ae_storage_key_init(&key, contract, ae_bytes(turned.bytes, AETHER_HASH_LEN));
    const uint32_t share = s->left / 2 + 1; // the accounts behind it want a part, too
    for (uint32_t i = 0; i < share && s->left != 0; i++) {
        bool found = false;
        AE_TRY(find_next(
            s->store, ae_store_key_bytes(&prefix), ae_store_key_bytes(&key), &key, &found, err));
        if (!found && i == 0)
            AE_TRY(find_next(
                s->store, ae_store_key_bytes(&prefix), ae_bytes(NULL, 0), &key, &found, err));
        if (!found)
            return AETHER_OK;
        AE_TRY(check_leaf(s, &tree, root,
            ae_bytes(key.bytes + AE_STORAGE_PREFIX_LEN, key.len - AE_STORAGE_PREFIX_LEN), &key,
            err));
    }
    return AETHER_OK;
}

static aether_status check_account(
    sampler *s, const ae_store_key *key, const aether_hash *place, aether_error *err) {
    const ae_view view = ae_view_of_store(s->store);
    const ae_tree tree = {.view = s->store};
    aether_bytes record = {0};
    aether_account account;
    bool found = false;
    AE_TRY(check_leaf(s, &tree, &s->head.root, ae_store_key_bytes(key), key, err));
    AE_TRY(view.get(view.user, ae_store_key_bytes(key), &record, &found, err));
    AE_TRY(ae_account_read(record, &account, err));
    if (!account.is_contract || s->left == 0)
        return AETHER_OK;
    aether_address address;
    memcpy(address.bytes, key->bytes + 1, AETHER_ADDRESS_LEN);
    return check_storage(s, &address, &account.storage_root, place, err);
}

static aether_status check_some(sampler *s, const aether_hash *place, aether_error *err) {
    static const uint8_t kind = AETHER_STORE_KIND_ACCOUNT;
    ae_constitution constitution;
    ae_store_key key;
    aether_address first;
    AE_TRY(ae_chain_read_records(s->store, &constitution, &s->head, err));
    memcpy(first.bytes, place->bytes, AETHER_ADDRESS_LEN);
    ae_account_key_init(&key, &first);
    for (bool is_first = true; s->left != 0; is_first = false) {
        bool found = false;
        AE_TRY(
            find_next(s->store, ae_bytes(&kind, 1), ae_store_key_bytes(&key), &key, &found, err));
        if (!found && is_first)
            AE_TRY(find_next(s->store, ae_bytes(&kind, 1), ae_bytes(NULL, 0), &key, &found, err));
        if (!found)
            return AETHER_OK;
        AE_TRY(check_account(s, &key, place, err));
    }
    return AETHER_OK;
}

aether_status aether_chain_check_some(
    const aether_store *store, const aether_hash *place, uint32_t count, aether_error *err) {
    AE_CHECK_ARG(store != NULL && store->get != NULL && store->next != NULL, err);
    AE_CHECK_ARG(place != NULL, err);
    sampler *s = ae_alloc(1, sizeof *s);
    if (s == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "check");
    s->store = store;
    s->left = count;
    const aether_status status = check_some(s, place, err);
    ae_free(s);
    return status;
}
