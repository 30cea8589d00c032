// The headers from C++17: versions agree, a refused module says why, and a chain in memory takes a block.
#include <aether/aether.h>

#include <cstdio>
#include <cstring>
#include <memory>

namespace {

template <auto destroy> struct deleter {
    template <class T> void operator()(T *object) const {
        destroy(object);
    }
};
using engine_ptr = std::unique_ptr<aether_engine, deleter<aether_engine_destroy>>;
using store_ptr = std::unique_ptr<aether_memory_store, deleter<aether_memory_store_destroy>>;
using chain_ptr = std::unique_ptr<aether_chain, deleter<aether_chain_close>>;

aether_error err = {};

bool is_refused() {
    const uint8_t bytes[] = {0x00, 0x61, 0x73, 0x6d, 0x09, 0x00, 0x00, 0x00};
    const aether_status status = aether_contract_validate({bytes, sizeof bytes}, &err);
    std::printf("%s: %s\n", aether_status_name(status), err.message);
    return status == AETHER_MALFORMED_MODULE && err.message[0] != '\0';
}

bool begin(aether_memory_store *store) {
    aether_genesis genesis = {};
    genesis.struct_size = sizeof genesis;
    genesis.chain_id = {reinterpret_cast<const uint8_t *>("cpp"), 3};
    genesis.parameters.protocol_version = AETHER_PROTOCOL_VERSION;
    aether_batch batch = {};
    if (aether_genesis_changes(&genesis, &batch, &err) != AETHER_OK)
        return false;
    const aether_status status = aether_memory_store_apply(store, batch.changes, batch.count, &err);
    aether_batch_destroy(&batch);
    return status == AETHER_OK;
}

// A block of one transaction that is none: it has a receipt, and the root stays as it is.
bool add_block(aether_chain *chain, aether_memory_store *store) {
    aether_chain_head before = {}, after = {};
    aether_block *block = nullptr;
    aether_receipt receipt = {};
    aether_block_result result = {};
    aether_chain_get_head(chain, &before);
    const aether_block_header header = {sizeof header, before.height + 1, before.time};
    if (aether_block_begin(chain, &header, &block, &err) != AETHER_OK)
        return false;
    if (aether_block_execute(block, {}, &receipt, &err) != AETHER_OK ||
        aether_block_end(block, &result, &err) != AETHER_OK ||
        aether_memory_store_apply(store, result.batch.changes, result.batch.count, &err) !=
            AETHER_OK) {
        aether_block_revert(block);
        return false;
    }
    aether_block_commit(block);
    std::printf("height %d: %s\n", static_cast<int>(header.height), receipt.message);
    const bool is_invalid = receipt.outcome == AETHER_RECEIPT_INVALID;
    aether_receipt_destroy(&receipt);
    aether_chain_get_head(chain, &after);
    return is_invalid && after.height == 1 &&
           std::memcmp(&before.root, &after.root, sizeof after.root) == 0;
}

bool has_chain() {
    aether_engine *engine = nullptr;
    aether_memory_store *store = nullptr;
    aether_chain *chain = nullptr;
    if (aether_engine_create(nullptr, &engine, &err) != AETHER_OK)
        return false;
    const engine_ptr engine_owner(engine);
    if (aether_memory_store_create(&store, &err) != AETHER_OK)
        return false;
    const store_ptr store_owner(store);
    const aether_store reads = aether_memory_store_interface(store);
    if (!begin(store) || aether_chain_open(engine, &reads, nullptr, &chain, &err) != AETHER_OK)
        return false;
    const chain_ptr chain_owner(chain);
    return add_block(chain, store);
}

} // namespace

int main() {
    if (std::strcmp(aether_version(), AETHER_VERSION_STRING) != 0) {
        std::fprintf(stderr, "library %s, headers %s\n", aether_version(), AETHER_VERSION_STRING);
        return 1;
    }
    if (!is_refused())
        return 1;
    if (!has_chain()) {
        std::fprintf(stderr, "chain: %s\n", err.message);
        return 1;
    }
    return 0;
}
