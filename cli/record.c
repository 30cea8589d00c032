#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "text.h"

enum {
    KIND_BLOCK = 0x80,
    KIND_TRANSACTION = 0x81,
    BLOCK_KEY_LEN = 1 + 8,
    TRANSACTION_KEY_LEN = 1 + AETHER_HASH_LEN,
    PLACE_LEN = 8 + 4,
    VERSION = 1,
    PREFIX_LEN = 1 + AETHER_ADDRESS_LEN // of a store key of storage
};

static void put_number(cli_text *out, uint64_t value, size_t len) {
    char bytes[8];
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(uint8_t)(value >> 8 * (len - 1 - i));
    cli_text_add(out, bytes, len);
}

static void put_raw(cli_text *out, const uint8_t *data, size_t len) {
    cli_text_add(out, (const char *)data, len);
}

static void put_bytes(cli_text *out, aether_bytes bytes) {
    put_number(out, bytes.len, 4);
    put_raw(out, bytes.data, bytes.len);
}

static void put_text(cli_text *out, const char *text) {
    text = text == NULL ? "" : text;
    put_bytes(out, (aether_bytes){(const uint8_t *)text, strlen(text) + 1});
}

static void put_u128(cli_text *out, aether_u128 value) {
    put_number(out, value.high, 8);
    put_number(out, value.low, 8);
}

static bool is_storage_of(const aether_change *change, const aether_address *contract) {
    return change->key.len > PREFIX_LEN && change->key.data[0] == AETHER_STORE_KIND_STORAGE &&
           memcmp(change->key.data + 1, contract->bytes, AETHER_ADDRESS_LEN) == 0;
}

static void put_changes(cli_text *out, const aether_receipt *receipt) {
    size_t count = 0;
    for (size_t i = 0; i < receipt->change_count; i++)
        count += is_storage_of(&receipt->changes[i], &receipt->contract) ? 1 : 0;
    put_number(out, count, 4);
    for (size_t i = 0; i < receipt->change_count; i++) {
        const aether_change *change = &receipt->changes[i];
        if (!is_storage_of(change, &receipt->contract))
            continue;
        put_bytes(out, change->key);
        put_number(out, change->is_removed ? 1 : 0, 1);
        put_bytes(out, change->is_removed ? (aether_bytes){0} : change->value);
    }
}

static void put_trap(cli_text *out, const aether_trap *trap) {
    put_number(out, trap != NULL ? 1 : 0, 1);
    if (trap == NULL)
        return;
    put_number(out, trap->kind, 4);
    put_text(out, trap->message);
    put_number(out, trap->frame_count, 4);
    for (size_t i = 0; i < trap->frame_count; i++) {
        const aether_frame *frame = &trap->frames[i];
        put_text(out, frame->function);
        put_number(out, frame->index, 4);
        put_number(out, frame->offset, 4);
        put_text(out, frame->file);
        put_number(out, frame->line, 4);
    }
}

static aether_status put_transaction(
    cli_text *out, const cli_transaction_record *transaction, aether_error *err) {
    const aether_receipt *receipt = &transaction->receipt;
    aether_buffer encoded = {0};
    const aether_status status = aether_receipt_encode(receipt, &encoded, err);
    if (status != AETHER_OK)
        return status;
    put_bytes(out, transaction->bytes);
    put_bytes(out, (aether_bytes){encoded.data, encoded.len});
    aether_buffer_destroy(&encoded);
    put_number(out, transaction->kind, 4);
    put_number(out, receipt->gas_limit, 8);
    put_u128(out, receipt->fee);
    put_raw(out, receipt->contract.bytes, AETHER_ADDRESS_LEN);
    put_number(out, receipt->end, 4);
    put_text(out, receipt->message);
    put_changes(out, receipt);
    put_trap(out, receipt->trap);
    return AETHER_OK;
}

static aether_status put_block(cli_text *out, const cli_block_record *block, aether_error *err) {
    put_number(out, VERSION, 1);
    put_number(out, block->height, 8);
    put_number(out, block->time, 8);
    put_raw(out, block->root.bytes, AETHER_HASH_LEN);
    put_raw(out, block->results_hash.bytes, AETHER_HASH_LEN);
    put_number(out, block->gas_used, 8);
    put_u128(out, block->fees);
    put_number(out, block->count, 4);
    for (size_t i = 0; i < block->count; i++) {
        const aether_status status = put_transaction(out, &block->transactions[i], err);
        if (status != AETHER_OK)
            return status;
    }
    return AETHER_OK;
}

// Own records and the batch of a block; keys and places lie in `bytes`.
typedef struct own_batch {
    aether_change *changes;
    size_t count;
    uint8_t *bytes;
    size_t len;
} own_batch;

static aether_bytes keep(own_batch *own, const cli_text *text) {
    const aether_bytes kept = {own->bytes + own->len, text->len};
    memcpy(own->bytes + own->len, text->data, text->len);
    own->len += text->len;
    return kept;
}

static void add_number_keyed(own_batch *own, uint64_t height, aether_bytes value, bool is_removed) {
    cli_text key = {0};
    put_number(&key, KIND_BLOCK, 1);
    put_number(&key, height, 8);
    own->changes[own->count++] = (aether_change){keep(own, &key), value, is_removed};
    cli_text_deinit(&key);
}

static void add_place(
    own_batch *own, const aether_hash *hash, uint64_t height, size_t index, bool is_removed) {
    cli_text key = {0};
    cli_text place = {0};
    put_number(&key, KIND_TRANSACTION, 1);
    put_raw(&key, hash->bytes, AETHER_HASH_LEN);
    put_number(&place, height, 8);
    put_number(&place, index, 4);
    const aether_bytes kept_key = keep(own, &key);
    own->changes[own->count++] = (aether_change){kept_key, keep(own, &place), is_removed};
    cli_text_deinit(&place);
    cli_text_deinit(&key);
}

static aether_status apply(aether_database *database, const aether_batch *batch,
    const cli_block_record *block, aether_bytes value, bool is_removed, aether_error *err) {
    const size_t own_count = 1 + block->count;
    own_batch own = {.changes = cli_alloc(batch->count + own_count, sizeof *own.changes),
        .bytes = cli_alloc(own_count, BLOCK_KEY_LEN + TRANSACTION_KEY_LEN + PLACE_LEN)};
    if (batch->count != 0)
        memcpy(own.changes, batch->changes, batch->count * sizeof *own.changes);
    own.count = batch->count;
    add_number_keyed(&own, block->height, value, is_removed);
    for (size_t i = 0; i < block->count; i++) {
        aether_hash hash;
        aether_transaction_hash(block->transactions[i].bytes, &hash);
        add_place(&own, &hash, block->height, i, is_removed);
    }
    const aether_status status = aether_database_apply(database, own.changes, own.count, err);
    free(own.changes);
    free(own.bytes);
    return status;
}

aether_status cli_record_apply(aether_database *database, const aether_batch *batch,
    const cli_block_record *block, aether_error *err) {
    cli_text text = {0};
    aether_status status = put_block(&text, block, err);
    if (status == AETHER_OK)
        status = apply(database, batch, block, (aether_bytes){(const uint8_t *)text.data, text.len},
            false, err);
    cli_text_deinit(&text);
    return status;
}

aether_status cli_record_take_back(aether_database *database, const aether_batch *batch,
    const cli_block_record *block, aether_error *err) {
    if (block == NULL)
        return aether_database_apply(database, batch->changes, batch->count, err);
    return apply(database, batch, block, (aether_bytes){0}, true, err);
}

// What is left of a record; `is_bad` once it ended too early.
typedef struct source {
    aether_bytes rest;
    bool is_bad;
} source;

static aether_bytes get_raw(source *from, size_t len) {
    if (len > from->rest.len) {
        from->is_bad = true;
        return (aether_bytes){0};
    }
    const aether_bytes out = {from->rest.data, len};
    from->rest = (aether_bytes){from->rest.data + len, from->rest.len - len};
    return out;
}

static uint64_t get_number(source *from, size_t len) {
    const aether_bytes bytes = get_raw(from, len);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

static aether_bytes get_bytes(source *from) {
    return get_raw(from, get_number(from, 4));
}

static const char *get_text(source *from) {
    const aether_bytes bytes = get_bytes(from);
    if (bytes.len != 0 && bytes.data[bytes.len - 1] == '\0')
        return (const char *)bytes.data;
    from->is_bad = true;
    return "";
}

static void get_hash(source *from, uint8_t out[32]) {
    const aether_bytes bytes = get_raw(from, 32);
    if (bytes.len != 0)
        memcpy(out, bytes.data, bytes.len);
}

static aether_u128 get_u128(source *from) {
    aether_u128 value;
    value.high = get_number(from, 8);
    value.low = get_number(from, 8);
    return value;
}

// How many there are; each takes at least one byte, so that a count that is too great is found before memory is.
static size_t get_count(source *from) {
    const uint64_t count = get_number(from, 4);
    if (count <= from->rest.len)
        return (size_t)count;
    from->is_bad = true;
    return 0;
}

static void get_changes(source *from, aether_receipt *receipt) {
    const size_t count = get_count(from);
    aether_change *changes = cli_alloc(count, sizeof *changes);
    for (size_t i = 0; i < count; i++) {
        changes[i].key = get_bytes(from);
        changes[i].is_removed = get_number(from, 1) != 0;
        changes[i].value = get_bytes(from);
    }
    receipt->changes = changes;
    receipt->change_count = count;
}

static void get_trap(source *from, cli_transaction_record *out) {
    if (get_number(from, 1) == 0)
        return;
    out->trap.kind = (aether_end)get_number(from, 4);
    out->trap.message = get_text(from);
    const size_t count = get_count(from);
    aether_frame *frames = cli_alloc(count, sizeof *frames);
    for (size_t i = 0; i < count; i++) {
        frames[i].function = get_text(from);
        frames[i].index = (uint32_t)get_number(from, 4);
        frames[i].offset = (uint32_t)get_number(from, 4);
        const char *file = get_text(from);
        frames[i].file = file[0] == '\0' ? NULL : file;
        frames[i].line = (uint32_t)get_number(from, 4);
    }
    out->trap.frames = frames;
    out->trap.frame_count = count;
    out->receipt.trap = &out->trap;
}

static aether_status get_transaction(source *from, cli_transaction_record *out, aether_error *err) {
    out->bytes = get_bytes(from);
    const aether_bytes encoded = get_bytes(from);
    if (from->is_bad)
        return AETHER_OK; // told by the caller
    const aether_status status = aether_receipt_decode(encoded, &out->receipt, err);
    if (status != AETHER_OK)
        return status;
    aether_receipt *receipt = &out->receipt;
    out->kind = (aether_transaction_kind)get_number(from, 4);
    receipt->gas_limit = get_number(from, 8);
    receipt->fee = get_u128(from);
    get_hash(from, receipt->contract.bytes);
    receipt->end = (aether_end)get_number(from, 4);
    receipt->message = get_text(from);
    receipt->debug_text = "";
    aether_transaction_hash(out->bytes, &receipt->hash);
    get_changes(from, receipt);
    get_trap(from, out);
    return AETHER_OK;
}

static aether_status get_block(source *from, cli_block_record *out, aether_error *err) {
    from->is_bad = get_number(from, 1) != VERSION;
    out->height = get_number(from, 8);
    out->time = get_number(from, 8);
    get_hash(from, out->root.bytes);
    get_hash(from, out->results_hash.bytes);
    out->gas_used = get_number(from, 8);
    out->fees = get_u128(from);
    const size_t count = get_count(from);
    out->transactions = cli_alloc(count, sizeof *out->transactions);
    for (; out->count < count && !from->is_bad; out->count++) {
        const aether_status status = get_transaction(from, &out->transactions[out->count], err);
        if (status != AETHER_OK)
            return status;
    }
    return AETHER_OK;
}

aether_status cli_record_read(const aether_store *store, uint64_t height,
    cli_block_record *out_block, bool *out_found, aether_error *err) {
    *out_block = (cli_block_record){0};
    cli_text key = {0};
    put_number(&key, KIND_BLOCK, 1);
    put_number(&key, height, 8);
    aether_bytes value = {0};
    aether_status status = store->get(
        store->user, (aether_bytes){(const uint8_t *)key.data, key.len}, &value, out_found, err);
    cli_text_deinit(&key);
    if (status != AETHER_OK || !*out_found)
        return status;
    out_block->bytes = (cli_buffer){cli_alloc(value.len, 1), value.len};
    if (value.len != 0)
        memcpy(out_block->bytes.data, value.data, value.len);
    source from = {cli_buffer_bytes(&out_block->bytes), false};
    status = get_block(&from, out_block, err);
    if (status >= AETHER_OUT_OF_MEMORY)
        return status;
    if (status == AETHER_OK && !from.is_bad && from.rest.len == 0 && out_block->height == height)
        return AETHER_OK;
    return cli_fail(
        err, AETHER_STORAGE_DAMAGED, "the record of block %" PRIu64 " is not one", height);
}

aether_status cli_record_find(const aether_store *store, const aether_hash *hash,
    uint64_t *out_height, uint32_t *out_index, bool *out_found, aether_error *err) {
    uint8_t key[TRANSACTION_KEY_LEN] = {KIND_TRANSACTION};
    memcpy(key + 1, hash->bytes, AETHER_HASH_LEN);
    aether_bytes value = {0};
    const aether_status status =
        store->get(store->user, (aether_bytes){key, sizeof key}, &value, out_found, err);
    if (status != AETHER_OK || !*out_found)
        return status;
    if (value.len != PLACE_LEN)
        return cli_fail(err, AETHER_STORAGE_DAMAGED,
            "the place of a transaction has %zu bytes, not %d", value.len, PLACE_LEN);
    source from = {value, false};
    *out_height = get_number(&from, 8);
    *out_index = (uint32_t)get_number(&from, 4);
    return AETHER_OK;
}

static aether_status check_places(
    const aether_store *store, const cli_block_record *block, aether_error *err) {
    for (size_t i = 0; i < block->count; i++) {
        uint64_t height = 0;
        uint32_t index = 0;
        bool is_found = false;
        const aether_status status = cli_record_find(
            store, &block->transactions[i].receipt.hash, &height, &index, &is_found, err);
        if (status != AETHER_OK)
            return status;
        if (!is_found || height != block->height || index != i)
            return cli_fail(err, AETHER_STORAGE_DAMAGED,
                "transaction %zu of block %" PRIu64 " is not found by its hash", i, block->height);
    }
    return AETHER_OK;
}

// The height of the next record. @param key  of the last one, or of none; replaced
static aether_status next_height(const aether_store *store, cli_text *key, uint64_t *out_height,
    bool *out_found, aether_error *err) {
    const uint8_t kind = KIND_BLOCK;
    aether_bytes found = {0};
    const aether_status status = store->next(store->user, (aether_bytes){&kind, 1},
        (aether_bytes){(const uint8_t *)key->data, key->len}, false, &found, out_found, err);
    if (status != AETHER_OK || !*out_found)
        return status;
    if (found.len != BLOCK_KEY_LEN)
        return cli_fail(err, AETHER_STORAGE_DAMAGED,
            "the key of a block's record has %zu bytes, not %d", found.len, BLOCK_KEY_LEN);
    key->len = 0;
    put_raw(key, found.data, found.len);
    source from = {{(const uint8_t *)key->data + 1, BLOCK_KEY_LEN - 1}, false};
    *out_height = get_number(&from, 8);
    return AETHER_OK;
}

static aether_status check_all(const aether_store *store, cli_text *key, uint64_t head,
    const aether_hash *root, aether_error *err) {
    bool is_any = false;
    bool is_head = false;
    for (;;) {
        uint64_t height = 0;
        bool is_found = false;
        cli_block_record block = {0};
        aether_status status = next_height(store, key, &height, &is_found, err);
        if (status == AETHER_OK && !is_found)
            break;
        if (status == AETHER_OK)
            status = cli_record_read(store, height, &block, &is_found, err);
        if (status == AETHER_OK)
            status = check_places(store, &block, err);
        is_any = true;
        is_head = height == head && memcmp(&block.root, root, sizeof *root) == 0;
        cli_record_deinit(&block);
        if (status != AETHER_OK)
            return status;
    }
    if (is_any && !is_head)
        return cli_fail(err, AETHER_STORAGE_DAMAGED,
            "the last block's record is not that of height %" PRIu64, head);
    return AETHER_OK;
}

aether_status cli_record_check(
    const aether_store *store, uint64_t head, const aether_hash *root, aether_error *err) {
    cli_text key = {0};
    const aether_status status = check_all(store, &key, head, root, err);
    cli_text_deinit(&key);
    return status;
}

void cli_record_deinit(cli_block_record *block) {
    for (size_t i = 0; i < block->count; i++) {
        cli_transaction_record *transaction = &block->transactions[i];
        free((void *)(uintptr_t)transaction->receipt.changes);
        free((void *)(uintptr_t)transaction->trap.frames);
        aether_receipt *receipt = &transaction->receipt;
        receipt->changes = NULL;
        receipt->change_count = 0;
        receipt->trap = NULL;
        aether_receipt_destroy(receipt);
    }
    free(block->transactions);
    cli_buffer_deinit(&block->bytes);
    *block = (cli_block_record){0};
}
