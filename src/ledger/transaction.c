#include "ledger/transaction.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "crypto/hash.h"
#include "ledger/key.h"
#include "ledger/message.h"

#include <aether.pb-c.h>

#define AMOUNT_LEN 16
#define SIGNATURE_FIELD_LEN \
    (2 + AETHER_SIGNATURE_LEN) // tag, length, bytes: the end of what is signed
#define UNPACKED_LEN_MAX 1024  // bytes of the structs, and of the chain id's NUL
#define CHUNK_LEN 2048         // most transactions take one block
#define ARENA_LEN_MAX ((size_t)4 << 30)

// What a kind carries, besides what every transaction does.
enum { HAS_VALUE = 1, HAS_INPUT = 2, HAS_CODE = 4, HAS_FLAG = 8, IS_UNKNOWN = 16 };

static unsigned parts_of(aether_transaction_kind kind) {
    switch (kind) {
    case AETHER_TRANSACTION_UPLOAD:
        return HAS_CODE;
    case AETHER_TRANSACTION_DEPLOY:
        return HAS_VALUE | HAS_INPUT | HAS_FLAG;
    case AETHER_TRANSACTION_CALL:
        return HAS_VALUE | HAS_INPUT;
    case AETHER_TRANSACTION_TRANSFER:
        return HAS_VALUE;
    case AETHER_TRANSACTION_UPGRADE:
        return HAS_INPUT;
    }
    return IS_UNKNOWN;
}

static aether_status check_chain_id(
    aether_bytes chain_id, aether_status status, aether_error *err) {
    if (chain_id.len < 1 || chain_id.len > AE_CHAIN_ID_LEN_MAX)
        return ae_fail(err, status, "chain id: %zu bytes, at least 1, at most %d", chain_id.len,
            AE_CHAIN_ID_LEN_MAX);
    for (size_t i = 0; i < chain_id.len; i++)
        if (chain_id.data[i] < 0x21 || chain_id.data[i] > 0x7e)
            return ae_fail(err, status, "chain id: byte 0x%02x at %zu, only 0x21 to 0x7e",
                chain_id.data[i], i);
    return AETHER_OK;
}

// The rules that hold for a transaction's values, whether it comes or goes.
static aether_status check_fields(
    const aether_transaction *fields, aether_status status, aether_error *err) {
    AE_TRY(check_chain_id(fields->chain_id, status, err));
    const size_t key_len = ae_key_len(fields->key.type);
    if (key_len == 0)
        return ae_fail(
            err, status, "key type: got %u, known are 0 and 1", (unsigned)fields->key.type);
    if (fields->key.len != key_len)
        return ae_fail(
            err, status, "public key: %u bytes, its type has %zu", fields->key.len, key_len);
    const unsigned parts = parts_of(fields->kind);
    if (parts == IS_UNKNOWN)
        return ae_fail(err, status, "kind: got %d, known are 10 to 14", (int)fields->kind);
    if (fields->input.len > AE_INPUT_LEN_MAX)
        return ae_fail(
            err, status, "input: %zu bytes, at most %d", fields->input.len, AE_INPUT_LEN_MAX);
    if ((parts & HAS_CODE) != 0 && (fields->code.len < 1 || fields->code.len > AE_UPLOAD_LEN_MAX))
        return ae_fail(err, status, "code: %zu bytes, at least 1, at most %d", fields->code.len,
            AE_UPLOAD_LEN_MAX);
    return AETHER_OK;
}

/* Reading */

static aether_status read_exact(
    const char *name, ProtobufCBinaryData field, uint8_t *out, size_t len, aether_error *err) {
    if (field.len != len)
        return ae_fail(
            err, AETHER_MALFORMED_TRANSACTION, "%s: %zu bytes, need %zu", name, field.len, len);
    memcpy(out, field.data, len);
    return AETHER_OK;
}

static aether_status read_amount(ProtobufCBinaryData field, aether_u128 *out, aether_error *err) {
    uint8_t bytes[AMOUNT_LEN];
    AE_TRY(read_exact("amount", field, bytes, sizeof bytes, err));
    *out = ae_get_u128_le(bytes);
    return AETHER_OK;
}

static aether_status read_deploy(
    const Aether__V1__Deploy *body, aether_transaction *out, aether_error *err) {
    AE_TRY(read_exact("code hash", body->code_hash, out->code_hash.bytes, AETHER_HASH_LEN, err));
    AE_TRY(read_exact("salt", body->salt, out->salt.bytes, AETHER_HASH_LEN, err));
    out->input = ae_message_bytes(body->input);
    out->is_upgradable = body->upgradable != 0;
    return read_amount(body->amount, &out->value, err);
}

static aether_status read_call(
    const Aether__V1__Call *body, aether_transaction *out, aether_error *err) {
    AE_TRY(read_exact("contract", body->contract, out->to.bytes, AETHER_ADDRESS_LEN, err));
    out->input = ae_message_bytes(body->input);
    return read_amount(body->amount, &out->value, err);
}

static aether_status read_transfer(
    const Aether__V1__Transfer *body, aether_transaction *out, aether_error *err) {
    AE_TRY(read_exact("to", body->to, out->to.bytes, AETHER_ADDRESS_LEN, err));
    return read_amount(body->amount, &out->value, err);
}

static aether_status read_upgrade(
    const Aether__V1__Upgrade *body, aether_transaction *out, aether_error *err) {
    AE_TRY(read_exact("contract", body->contract, out->to.bytes, AETHER_ADDRESS_LEN, err));
    out->input = ae_message_bytes(body->input);
    return read_exact("code hash", body->code_hash, out->code_hash.bytes, AETHER_HASH_LEN, err);
}

static aether_status read_body(
    const Aether__V1__Transaction *message, aether_transaction *out, aether_error *err) {
    switch (out->kind) { // none of these when there is no body
    case AETHER_TRANSACTION_UPLOAD:
        out->code = ae_message_bytes(message->upload->code);
        return AETHER_OK;
    case AETHER_TRANSACTION_DEPLOY:
        return read_deploy(message->deploy, out, err);
    case AETHER_TRANSACTION_CALL:
        return read_call(message->call, out, err);
    case AETHER_TRANSACTION_TRANSFER:
        return read_transfer(message->transfer, out, err);
    case AETHER_TRANSACTION_UPGRADE:
        return read_upgrade(message->upgrade, out, err);
    }
    return ae_fail(err, AETHER_MALFORMED_TRANSACTION, "body: none, need one");
}

static aether_status read_message(
    const Aether__V1__Transaction *message, ae_signed_transaction *out, aether_error *err) {
    out->fields = (aether_transaction){.struct_size = sizeof out->fields,
        .chain_id = ae_bytes_of(message->chain_id),
        .nonce = message->nonce,
        .gas_limit = message->gas_limit,
        .gas_price = message->gas_price,
        .expiry_height = message->expiry_height,
        .key.type = (aether_key_type)message->key_type,
        .kind = (aether_transaction_kind)message->body_case};
    const aether_bytes key = ae_message_bytes(message->public_key);
    if (key.len > AETHER_PUBLIC_KEY_LEN_MAX)
        return ae_fail(err, AETHER_MALFORMED_TRANSACTION, "public key: %zu bytes, at most %d",
            key.len, AETHER_PUBLIC_KEY_LEN_MAX);
    out->fields.key.len = (uint8_t)key.len;
    if (key.len != 0)
        memcpy(out->fields.key.bytes, key.data, key.len);
    out->signature = ae_message_bytes(message->signature);
    if (out->signature.len != 0 && out->signature.len != AETHER_SIGNATURE_LEN)
        return ae_fail(err, AETHER_MALFORMED_TRANSACTION, "signature: %zu bytes, need 0 or %d",
            out->signature.len, AETHER_SIGNATURE_LEN);
    AE_TRY(read_body(message, &out->fields, err));
    return check_fields(&out->fields, AETHER_MALFORMED_TRANSACTION, err);
}

aether_status ae_transaction_read(
    aether_bytes bytes, ae_arena *arena, ae_signed_transaction *out, aether_error *err) {
    // Of a canonical transaction each byte is copied at most once.
    const ProtobufCMessage *message = NULL;
    AE_TRY(ae_message_read(&aether__v1__transaction__descriptor, "transaction", bytes,
        bytes.len + UNPACKED_LEN_MAX, arena, &message, err));
    ae_signed_transaction transaction = {0};
    AE_TRY(read_message((const Aether__V1__Transaction *)message, &transaction, err));
    const size_t unsigned_len =
        bytes.len - (transaction.signature.len != 0 ? SIGNATURE_FIELD_LEN : 0);
    ae_hash_tagged("sign", ae_bytes(bytes.data, unsigned_len), &transaction.sign_hash);
    aether_transaction_hash(bytes, &transaction.hash);
    AE_TRY(aether_account_address(&transaction.fields.key, &transaction.sender, err));
    *out = transaction;
    return AETHER_OK;
}

bool ae_transaction_is_signed(const ae_signed_transaction *transaction) {
    return transaction->signature.len == AETHER_SIGNATURE_LEN &&
           ae_key_verify(
               &transaction->fields.key, &transaction->sign_hash, transaction->signature.data);
}

aether_status aether_transaction_decode(
    aether_bytes bytes, aether_transaction *out_transaction, aether_error *err) {
    AE_CHECK_ARG(bytes.data != NULL || bytes.len == 0, err);
    AE_CHECK_ARG(out_transaction != NULL, err);
    ae_arena *arena = ae_alloc(1, sizeof *arena);
    if (arena == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "transaction of %zu bytes", bytes.len);
    ae_arena_init(arena, CHUNK_LEN, ARENA_LEN_MAX);
    ae_signed_transaction transaction;
    const aether_status status = ae_transaction_read(bytes, arena, &transaction, err);
    if (status != AETHER_OK) {
        ae_arena_deinit(arena);
        ae_free(arena);
        return status;
    }
    *out_transaction = transaction.fields;
    out_transaction->owner = arena;
    return AETHER_OK;
}

void aether_transaction_destroy(aether_transaction *transaction) {
    if (transaction == NULL)
        return;
    if (transaction->owner != NULL) {
        ae_arena_deinit(transaction->owner);
        ae_free(transaction->owner);
    }
    *transaction = (aether_transaction){0};
}

/* Writing */

/* A message to be packed, and what it points to besides the fields. */
typedef struct outgoing {
    Aether__V1__Transaction message;
    Aether__V1__Upload upload;
    Aether__V1__Deploy deploy;
    Aether__V1__Call call;
    Aether__V1__Transfer transfer;
    Aether__V1__Upgrade upgrade;
    char chain_id[AE_CHAIN_ID_LEN_MAX + 1];
    uint8_t amount[AMOUNT_LEN];
} outgoing;

static void fill_body(outgoing *out, const aether_transaction *from) {
    const ProtobufCBinaryData to = ae_message_field(from->to.bytes, AETHER_ADDRESS_LEN);
    const ProtobufCBinaryData amount = ae_message_field(out->amount, AMOUNT_LEN);
    const ProtobufCBinaryData input = ae_message_field(from->input.data, from->input.len);
    const ProtobufCBinaryData code_hash = ae_message_field(from->code_hash.bytes, AETHER_HASH_LEN);
    out->message.body_case = (Aether__V1__Transaction__BodyCase)from->kind;
    ae_put_u128_le(out->amount, from->value);
    switch (from->kind) {
    case AETHER_TRANSACTION_UPLOAD:
        aether__v1__upload__init(&out->upload);
        out->upload.code = ae_message_field(from->code.data, from->code.len);
        out->message.upload = &out->upload;
        break;
    case AETHER_TRANSACTION_DEPLOY:
        aether__v1__deploy__init(&out->deploy);
        out->deploy.code_hash = code_hash;
        out->deploy.salt = ae_message_field(from->salt.bytes, AETHER_HASH_LEN);
        out->deploy.amount = amount;
        out->deploy.input = input;
        out->deploy.upgradable = from->is_upgradable;
        out->message.deploy = &out->deploy;
        break;
    case AETHER_TRANSACTION_CALL:
        aether__v1__call__init(&out->call);
        out->call.contract = to;
        out->call.amount = amount;
        out->call.input = input;
        out->message.call = &out->call;
        break;
    case AETHER_TRANSACTION_TRANSFER:
        aether__v1__transfer__init(&out->transfer);
        out->transfer.to = to;
        out->transfer.amount = amount;
        out->message.transfer = &out->transfer;
        break;
    case AETHER_TRANSACTION_UPGRADE:
        aether__v1__upgrade__init(&out->upgrade);
        out->upgrade.contract = to;
        out->upgrade.code_hash = code_hash;
        out->upgrade.input = input;
        out->message.upgrade = &out->upgrade;
        break;
    }
}

static void fill(outgoing *out, const aether_transaction *from, const aether_public_key *key) {
    aether__v1__transaction__init(&out->message);
    memcpy(out->chain_id, from->chain_id.data, from->chain_id.len);
    out->chain_id[from->chain_id.len] = '\0';
    out->message.chain_id = out->chain_id;
    out->message.nonce = from->nonce;
    out->message.gas_limit = from->gas_limit;
    out->message.gas_price = from->gas_price;
    out->message.expiry_height = from->expiry_height;
    out->message.key_type = key->type;
    out->message.public_key = ae_message_field(key->bytes, key->len);
    fill_body(out, from);
}

// A value that this kind can't carry would be lost without a word.
static aether_status check_parts(const aether_transaction *transaction, aether_error *err) {
    const unsigned parts = parts_of(transaction->kind);
    const int kind = (int)transaction->kind;
    if ((parts & HAS_VALUE) == 0 && (transaction->value.low | transaction->value.high) != 0)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "value: kind %d has none", kind);
    if ((parts & HAS_INPUT) == 0 && transaction->input.len != 0)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "input: kind %d has none", kind);
    if ((parts & HAS_CODE) == 0 && transaction->code.len != 0)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "code: kind %d has none", kind);
    if ((parts & HAS_FLAG) == 0 && transaction->is_upgradable)
        return ae_fail(err, AETHER_INVALID_ARGUMENT, "is_upgradable: kind %d has none", kind);
    return AETHER_OK;
}

static aether_status append_signature(
    aether_key_type type, const uint8_t *secret, aether_buffer *bytes, aether_error *err) {
    aether_hash hash;
    uint8_t *field = bytes->data + bytes->len;
    ae_hash_tagged("sign", ae_bytes(bytes->data, bytes->len), &hash);
    AE_TRY(ae_key_sign(type, secret, &hash, field + 2, err));
    field[0] = 15 << 3 | 2; // field 15, bytes
    field[1] = AETHER_SIGNATURE_LEN;
    bytes->len += SIGNATURE_FIELD_LEN;
    return AETHER_OK;
}

aether_status aether_transaction_encode(const aether_transaction *transaction, aether_key_type type,
    const uint8_t *secret, aether_buffer *out_bytes, aether_error *err) {
    AE_CHECK_ARG(transaction != NULL, err);
    AE_CHECK_ARG(transaction->struct_size >= sizeof *transaction, err);
    AE_CHECK_ARG(transaction->chain_id.data != NULL || transaction->chain_id.len == 0, err);
    AE_CHECK_ARG(transaction->input.data != NULL || transaction->input.len == 0, err);
    AE_CHECK_ARG(transaction->code.data != NULL || transaction->code.len == 0, err);
    AE_CHECK_ARG(out_bytes != NULL, err);
    aether_transaction fields = *transaction;
    if (secret != NULL)
        AE_TRY(aether_key_public(type, secret, &fields.key, err));
    AE_TRY(check_fields(&fields, AETHER_INVALID_ARGUMENT, err));
    AE_TRY(check_parts(&fields, err));
    outgoing out;
    fill(&out, &fields, &fields.key);
    const size_t len = aether__v1__transaction__get_packed_size(&out.message);
    aether_buffer bytes = {.data = ae_alloc(1, len + SIGNATURE_FIELD_LEN)};
    if (bytes.data == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "transaction of %zu bytes", len);
    bytes.len = aether__v1__transaction__pack(&out.message, bytes.data);
    if (secret != NULL) {
        const aether_status status = append_signature(type, secret, &bytes, err);
        if (status != AETHER_OK) {
            aether_buffer_destroy(&bytes);
            return status;
        }
    }
    *out_bytes = bytes;
    return AETHER_OK;
}

void aether_buffer_destroy(aether_buffer *buffer) {
    if (buffer == NULL)
        return;
    ae_free(buffer->data);
    *buffer = (aether_buffer){0};
}

void aether_transaction_hash(aether_bytes bytes, aether_hash *out_hash) {
    ae_hash_tagged("transaction", bytes, out_hash);
}

const char *aether_invalid_text(aether_invalid reason) {
    switch (reason) {
#define INVALID_TEXT(name, number, text) \
    case AETHER_INVALID_##name:          \
        return text;
        AETHER_INVALID_MAP(INVALID_TEXT)
#undef INVALID_TEXT
    }
    return "unknown";
}
