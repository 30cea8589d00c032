/* A transaction has one encoding; what is read is what was written, and nothing else is read.
 * Method: golden bytes of an encoder in Python; random values there and back; every truncation and every flipped bit;
 * each way to write a value differently; each bound on both sides; each allocation failing. */
#include "ledger/transaction.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "ledger/test_vector.h"

#define ARENA_LEN_MAX ((size_t)8 << 20)

static const uint8_t secret[AETHER_SECRET_KEY_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static aether_transaction_kind kind_of(const vector *at) {
    static const char *const names[] = {"upload", "deploy", "call", "transfer", "upgrade"};
    for (size_t i = 0; i < 5; i++)
        if (vector_is(at, "kind", names[i]))
            return (aether_transaction_kind)(AETHER_TRANSACTION_UPLOAD + (int)i);
    test_fail(__FILE__, __LINE__, "an unknown kind");
}

static void hash_of(const vector *at, const char *key, uint8_t *out) {
    if (vector_find(at, key) != NULL)
        CHECK_U64(vector_bytes(at, key, out, 32).len, 32);
}

// What a golden case says, without its key. The bytes are put into `room`, of 2048 bytes.
static aether_transaction fields_of(const vector *at, uint8_t *room) {
    aether_transaction fields = {.struct_size = sizeof fields,
        .kind = kind_of(at),
        .chain_id = vector_text(at, "chain_id"),
        .nonce = vector_number(at, "nonce"),
        .gas_limit = vector_number(at, "gas_limit"),
        .gas_price = vector_number(at, "gas_price"),
        .expiry_height = vector_number(at, "expiry_height")};
    hash_of(at, "to", fields.to.bytes);
    hash_of(at, "code_hash", fields.code_hash.bytes);
    hash_of(at, "salt", fields.salt.bytes);
    if (vector_find(at, "value") != NULL) { // big endian
        uint8_t big[16];
        CHECK_U64(vector_bytes(at, "value", big, sizeof big).len, 16);
        for (size_t i = 0; i < 8; i++) {
            fields.value.high = fields.value.high << 8 | big[i];
            fields.value.low = fields.value.low << 8 | big[8 + i];
        }
    }
    if (vector_find(at, "input") != NULL)
        fields.input = vector_bytes(at, "input", room, 1024);
    if (vector_find(at, "code") != NULL)
        fields.code = vector_bytes(at, "code", room + 1024, 1024);
    if (vector_find(at, "upgradable") != NULL)
        fields.is_upgradable = vector_number(at, "upgradable") != 0;
    return fields;
}

static void check_hash(const char *what, const uint8_t *actual, const uint8_t *expected) {
    test_check_bytes(__FILE__, __LINE__, what, ae_bytes(actual, 32), ae_bytes(expected, 32));
}

// Equal in everything but key and owner.
static void check_fields(const aether_transaction *actual, const aether_transaction *expected) {
    CHECK_U64(actual->struct_size, sizeof *actual);
    CHECK_BYTES(actual->chain_id, expected->chain_id);
    CHECK_U64(actual->nonce, expected->nonce);
    CHECK_U64(actual->gas_limit, expected->gas_limit);
    CHECK_U64(actual->gas_price, expected->gas_price);
    CHECK_U64(actual->expiry_height, expected->expiry_height);
    CHECK_U64(actual->kind, expected->kind);
    check_hash("to", actual->to.bytes, expected->to.bytes);
    CHECK_U64(actual->value.low, expected->value.low);
    CHECK_U64(actual->value.high, expected->value.high);
    CHECK_BYTES(actual->input, expected->input);
    CHECK_BYTES(actual->code, expected->code);
    check_hash("code_hash", actual->code_hash.bytes, expected->code_hash.bytes);
    check_hash("salt", actual->salt.bytes, expected->salt.bytes);
    CHECK(actual->is_upgradable == expected->is_upgradable);
}

// What ae_transaction_read tells of a golden case.
static void check_golden(const vector *at, aether_bytes bytes) {
    uint8_t expected[64];
    char text[AETHER_ADDRESS_TEXT_LEN + 1];
    aether_error err;
    ae_arena arena;
    ae_signed_transaction read;
    ae_arena_init(&arena, 1024, ARENA_LEN_MAX);
    CHECK_OK(ae_transaction_read(bytes, &arena, &read, &err));
    CHECK(ae_transaction_is_signed(&read));
    CHECK(read.fields.owner == NULL);
    CHECK_U64(read.fields.key.type, vector_number(at, "key_type"));
    CHECK_BYTES(ae_bytes(read.fields.key.bytes, read.fields.key.len),
        vector_bytes(at, "public_key", expected, sizeof expected));
    CHECK_BYTES(read.signature, vector_bytes(at, "signature", expected, sizeof expected));
    CHECK_BYTES(ae_bytes(read.sign_hash.bytes, 32), vector_bytes(at, "sign_hash", expected, 32));
    CHECK_BYTES(ae_bytes(read.hash.bytes, 32), vector_bytes(at, "hash", expected, 32));
    aether_address_encode(&read.sender, text);
    CHECK_BYTES(ae_bytes_of(text), vector_text(at, "sender"));
    if (read.fields.kind == AETHER_TRANSACTION_DEPLOY) {
        aether_address contract;
        aether_contract_address(&read.sender, &read.fields.code_hash, &read.fields.salt, &contract);
        aether_address_encode(&contract, text);
        CHECK_BYTES(ae_bytes_of(text), vector_text(at, "contract"));
    }
    ae_arena_deinit(&arena);
}

static void golden_transactions_are_written_and_read_as_told(void) {
    static uint8_t room[2048], golden[2048];
    size_t count = 0;
    for (vector at = {0}; vector_next(&at);) {
        if (vector_is(&at, "kind", "receipt"))
            continue;
        aether_error err;
        aether_buffer bytes = {0};
        aether_transaction decoded;
        uint8_t key[32];
        aether_transaction fields = fields_of(&at, room);
        const aether_key_type type = (aether_key_type)vector_number(&at, "key_type");
        CHECK_U64(vector_bytes(&at, "secret", key, sizeof key).len, 32);
        CHECK_OK(aether_transaction_encode(&fields, type, key, &bytes, &err));
        CHECK_BYTES(
            ae_bytes(bytes.data, bytes.len), vector_bytes(&at, "bytes", golden, sizeof golden));
        check_golden(&at, ae_bytes(bytes.data, bytes.len));
        CHECK_OK(aether_transaction_decode(ae_bytes(bytes.data, bytes.len), &decoded, &err));
        aether_buffer_destroy(&bytes); // nothing points into it
        check_fields(&decoded, &fields);
        // Unsigned: what is signed.
        fields.key = decoded.key;
        CHECK_OK(aether_transaction_encode(&fields, type, NULL, &bytes, &err));
        CHECK_U64(bytes.len, vector_number(&at, "unsigned_len"));
        CHECK(memcmp(bytes.data, golden, bytes.len) == 0);
        aether_buffer_destroy(&bytes);
        aether_transaction_destroy(&decoded);
        count++;
    }
    CHECK_U64(count, 20);
}

static uint64_t random_number(uint64_t *random) {
    return test_random(random) >> test_random(random) % 64;
}

static void random_bytes(uint64_t *random, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)test_random(random);
}

static aether_transaction random_transaction(uint64_t *random, uint8_t *room) {
    aether_transaction fields = {.struct_size = sizeof fields};
    const size_t chain_id_len = 1 + test_random(random) % AE_CHAIN_ID_LEN_MAX;
    for (size_t i = 0; i < chain_id_len; i++)
        room[i] = (uint8_t)(0x21 + test_random(random) % 94);
    fields.chain_id = ae_bytes(room, chain_id_len);
    fields.kind = (aether_transaction_kind)(10 + test_random(random) % 5);
    fields.nonce = random_number(random);
    fields.gas_limit = random_number(random);
    fields.gas_price = random_number(random);
    fields.expiry_height = random_number(random);
    random_bytes(random, room + 64, 1000);
    const aether_bytes some = ae_bytes(room + 64, test_random(random) % 1000);
    const aether_transaction_kind kind = fields.kind;
    if (kind == AETHER_TRANSACTION_UPLOAD)
        fields.code = ae_bytes(room + 64, some.len + 1);
    else if (kind != AETHER_TRANSACTION_TRANSFER)
        fields.input = some;
    if (kind == AETHER_TRANSACTION_DEPLOY || kind == AETHER_TRANSACTION_UPGRADE)
        random_bytes(random, fields.code_hash.bytes, 32);
    if (kind == AETHER_TRANSACTION_DEPLOY) {
        random_bytes(random, fields.salt.bytes, 32);
        fields.is_upgradable = test_random(random) % 2 != 0;
    } else if (kind != AETHER_TRANSACTION_UPLOAD) {
        random_bytes(random, fields.to.bytes, 32);
    }
    if (kind != AETHER_TRANSACTION_UPLOAD && kind != AETHER_TRANSACTION_UPGRADE)
        fields.value = (aether_u128){random_number(random), random_number(random)};
    return fields;
}

static void random_transactions_come_back_as_they_went(void) {
    static uint8_t room[2048];
    uint64_t random = test_seed();
    for (int round = 0; round < 500; round++) {
        aether_error err;
        aether_buffer bytes = {0};
        ae_arena arena;
        ae_signed_transaction read;
        uint8_t key[32];
        random_bytes(&random, key, sizeof key);
        const aether_transaction fields = random_transaction(&random, room);
        const aether_key_type type = (aether_key_type)(round % 2);
        CHECK_OK(aether_transaction_encode(&fields, type, key, &bytes, &err));
        ae_arena_init(&arena, 1024, ARENA_LEN_MAX);
        CHECK_OK(ae_transaction_read(ae_bytes(bytes.data, bytes.len), &arena, &read, &err));
        check_fields(&read.fields, &fields);
        CHECK(ae_transaction_is_signed(&read));
        CHECK_U64(read.fields.key.type, type);
        ae_arena_deinit(&arena);
        aether_buffer_destroy(&bytes);
    }
}

// Read, and if that works: it encodes to the same bytes. Whether it was accepted.
static bool reads_back(aether_bytes bytes, ae_signed_transaction *out, ae_arena *arena) {
    aether_error err;
    aether_buffer again = {0};
    ae_arena_reset(arena);
    const aether_status status = ae_transaction_read(bytes, arena, out, &err);
    if (status != AETHER_OK) {
        CHECK_U64(status, AETHER_MALFORMED_TRANSACTION);
        return false;
    }
    CHECK_OK(aether_transaction_encode(&out->fields, AETHER_KEY_ED25519, NULL, &again, &err));
    CHECK(again.len == bytes.len || again.len + 66 == bytes.len);
    CHECK(memcmp(again.data, bytes.data, again.len) == 0);
    if (again.len != bytes.len)
        CHECK(memcmp(out->signature.data, bytes.data + again.len + 2, 64) == 0);
    aether_buffer_destroy(&again);
    return true;
}

// The golden bytes end in a signature; without all of it, what is left is the unsigned transaction or nothing.
static void truncated_bytes_are_refused(void) {
    static uint8_t golden[2048];
    ae_arena arena;
    ae_arena_init(&arena, 4096, ARENA_LEN_MAX);
    for (vector at = {0}; vector_next(&at);) {
        if (vector_is(&at, "kind", "receipt"))
            continue;
        const size_t len = vector_bytes(&at, "bytes", golden, sizeof golden).len;
        for (size_t cut = 0; cut < len; cut++) {
            ae_signed_transaction read;
            uint8_t *exact = malloc(cut + 1); // for the sanitizer: nothing behind
            memcpy(exact, golden, cut);
            const bool accepted = reads_back(ae_bytes(exact, cut), &read, &arena);
            CHECK(accepted == (cut == vector_number(&at, "unsigned_len")));
            if (accepted)
                CHECK(!ae_transaction_is_signed(&read));
            free(exact);
        }
    }
    ae_arena_deinit(&arena);
}

// Signatures are slow to check, so that is done for the first two cases, one of each type of key.
static void no_flipped_bit_leaves_a_signed_transaction(void) {
    static uint8_t golden[2048];
    ae_arena arena;
    size_t count = 0, accepted = 0, refused = 0;
    ae_arena_init(&arena, 4096, ARENA_LEN_MAX);
    for (vector at = {0}; vector_next(&at); count++) {
        if (vector_is(&at, "kind", "receipt"))
            continue;
        uint8_t hash[32];
        const aether_bytes bytes = vector_bytes(&at, "bytes", golden, sizeof golden);
        CHECK_U64(vector_bytes(&at, "hash", hash, sizeof hash).len, 32);
        for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
            ae_signed_transaction read;
            golden[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (reads_back(bytes, &read, &arena)) {
                accepted++;
                CHECK(memcmp(read.hash.bytes, hash, 32) != 0);
                if (count < 2)
                    CHECK(!ae_transaction_is_signed(&read));
            } else {
                refused++;
            }
            golden[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    CHECK(accepted > 1000);
    CHECK(refused > 1000);
    ae_arena_deinit(&arena);
}

/* Wrong bytes, field by field */

static const uint8_t zeros[64] = {0};

static void put_head(wire *out) {
    wire_data(out, 1, ae_bytes_of("chain"));
    wire_number(out, 2, 7);
    wire_number(out, 3, 1000);
    wire_number(out, 4, 1);
    wire_number(out, 5, 9);
    wire_fill(out, 7, 0x11, 32);
}

static void put_deploy(wire *out) {
    wire_fill(out, 1, 1, 32);
    wire_fill(out, 2, 2, 32);
    wire_fill(out, 3, 3, 16);
    wire_data(out, 4, ae_bytes_of("in"));
    wire_number(out, 5, 1);
}

static void put_call(wire *out) {
    wire_fill(out, 1, 1, 32);
    wire_fill(out, 2, 2, 16);
    wire_data(out, 3, ae_bytes_of("in"));
}

static void put_transfer(wire *out) {
    wire_fill(out, 1, 1, 32);
    wire_fill(out, 2, 2, 16);
}

static void put_upgrade(wire *out) {
    wire_fill(out, 1, 1, 32);
    wire_fill(out, 2, 2, 32);
    wire_data(out, 3, ae_bytes_of("in"));
}

static void put_upload(wire *out) {
    wire_data(out, 1, ae_bytes_of("code"));
}

static aether_status read_bytes(aether_bytes bytes, aether_error *err) {
    ae_arena arena;
    ae_signed_transaction read;
    ae_arena_init(&arena, 1024, ARENA_LEN_MAX);
    const aether_status status = ae_transaction_read(bytes, &arena, &read, err);
    ae_arena_deinit(&arena);
    return status;
}

static void check_accepted(const wire *bytes) {
    aether_error err;
    CHECK_OK(read_bytes(wire_view(bytes), &err));
}

// Refused, and the message has the words.
static void check_refused(const wire *bytes, const char *words) {
    aether_error err;
    CHECK_STATUS(read_bytes(wire_view(bytes), &err), AETHER_MALFORMED_TRANSACTION);
    if (strstr(err.message, words) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.message, words);
}

typedef void (*put_body)(wire *out);

static const struct {
    uint32_t field;
    put_body put;
} bodies[] = {
    {10, put_upload}, {11, put_deploy}, {12, put_call}, {13, put_transfer}, {14, put_upgrade}};
#define BODY_COUNT (sizeof bodies / sizeof bodies[0])

// A whole transaction of the n-th kind, with bytes behind the body's own fields and behind the whole.
static wire make_with(size_t n, const wire *inside, const wire *behind) {
    wire out = wire_new();
    wire body = wire_new();
    bodies[n].put(&body);
    if (inside != NULL)
        wire_raw(&body, inside->data, inside->len);
    put_head(&out);
    wire_data(&out, bodies[n].field, wire_view(&body));
    if (behind != NULL)
        wire_raw(&out, behind->data, behind->len);
    wire_end(&body);
    return out;
}

static void check_addition(const wire *addition, bool is_inside, const char *words) {
    for (size_t n = 0; n < BODY_COUNT; n++) {
        wire bytes = make_with(n, is_inside ? addition : NULL, is_inside ? NULL : addition);
        check_refused(&bytes, words);
        wire_end(&bytes);
    }
}

static void unknown_fields_are_refused_at_each_level(void) {
    static const uint32_t fields[] = {6, 7, 8, 9, 15, 16, 2047, 2048, (1u << 29) - 1};
    for (size_t n = 0; n < BODY_COUNT; n++) { // as they are, all are fine
        wire bytes = make_with(n, NULL, NULL);
        check_accepted(&bytes);
        wire_end(&bytes);
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        for (unsigned type = 0; type < 6; type++) {
            wire field = wire_new();
            wire_tag(&field, fields[i], type);
            if (type == 1 || type == 5)
                wire_raw(&field, zeros, type == 1 ? 8 : 4);
            else if (type == 0 || type == 2)
                wire_varint(&field, 0, 0);
            if (type == 3)
                wire_tag(&field, fields[i], 4);
            const bool is_known = fields[i] <= 7 || fields[i] == 15;
            const bool is_group = type == 3 || type == 4;
            check_addition(&field, true, is_group ? "no message" : "unknown field");
            check_addition(&field, false,
                is_group   ? "no message"
                : is_known ? "transaction: "
                           : "unknown field");
            wire_end(&field);
        }
}

// protobuf-c doesn't go into what it doesn't know, and the schema is two levels deep: no stack to exhaust.
static void nested_groups_and_messages_are_refused_at_any_depth(void) {
    wire groups = make_with(2, NULL, NULL);
    for (int i = 0; i < 100000; i++)
        wire_tag(&groups, 20, 3);
    for (int i = 0; i < 100000; i++)
        wire_tag(&groups, 20, 4);
    check_refused(&groups, "no message");
    wire_end(&groups);
    // Field 20 within field 20 within …: each length covers what is left, 6 bytes for each level.
    wire nested = make_with(2, NULL, NULL);
    const size_t levels = 100000;
    for (size_t i = levels; i-- > 0;) {
        wire_tag(&nested, 20, 2);
        wire_varint(&nested, 6 * i, 4);
    }
    check_refused(&nested, "");
    wire_end(&nested);
    // The same in a known place: a body within a body.
    wire inner = wire_new();
    for (size_t i = 1000; i-- > 0;) {
        wire_tag(&inner, 12, 2);
        wire_varint(&inner, 5 * i, 4);
    }
    check_addition(&inner, true, "unknown field");
    check_addition(&inner, false, "transaction: ");
    wire_end(&inner);
}

// Each line: the head up to a field, that field in another form, then the rest.
static void check_head(uint32_t field, const wire *form) {
    wire out = wire_new();
    wire body = wire_new();
    put_call(&body);
    if (field != 1)
        wire_data(&out, 1, ae_bytes_of("chain"));
    else
        wire_raw(&out, form->data, form->len);
    for (uint32_t i = 2; i <= 6; i++)
        if (i == field)
            wire_raw(&out, form->data, form->len);
    if (field == 7)
        wire_raw(&out, form->data, form->len);
    else
        wire_fill(&out, 7, 0x11, 32);
    wire_data(&out, 12, wire_view(&body));
    check_refused(&out, "transaction: ");
    wire_end(&body);
    wire_end(&out);
}

static void numbers_have_one_form(void) {
    for (uint32_t field = 2; field <= 6; field++) {
        for (size_t len = 1; len <= 10;
             len++) { // 0, which is left out, then ever longer forms of 1
            wire form = wire_new();
            wire_tag(&form, field, 0);
            wire_varint(&form, len == 1 ? 0 : 1, len);
            check_head(field, &form);
            form.len = 0; // the tag itself
            wire_varint(&form, field << 3, len == 1 ? 2 : len);
            wire_varint(&form, 1, 0);
            check_head(field, &form);
            wire_end(&form);
        }
        for (unsigned byte = 2; byte < 0x80; byte++) { // ten bytes whose last has bits above 2^64
            wire form = wire_new();
            const uint8_t last = (uint8_t)byte;
            wire_tag(&form, field, 0);
            for (int i = 0; i < 9; i++)
                wire_raw(&form, "\xff", 1);
            wire_raw(&form, &last, 1);
            check_head(field, &form);
            wire_end(&form);
        }
        wire form = wire_new();
        wire_tag(&form, field, 0);
        for (int i = 0; i < 10; i++) // eleven bytes
            wire_raw(&form, "\x81", 1);
        wire_raw(&form, zeros, 1);
        check_head(field, &form);
        form.len = 0; // twice, with the same value
        wire_number(&form, field, 1);
        wire_number(&form, field, 1);
        check_head(field, &form);
        wire_end(&form);
    }
    wire form = wire_new(); // a uint32 of more than 32 bits; its low half is 0, then 1
    for (uint64_t low = 0; low < 2; low++) {
        form.len = 0;
        wire_number(&form, 6, (1ull << 32) + low);
        check_head(6, &form);
    }
    wire_end(&form);
}

static void fields_have_one_wire_type(void) {
    for (uint32_t field = 1; field <= 7; field++)
        for (unsigned type = 0; type < 8; type++) {
            const bool is_bytes = field == 1 || field == 7;
            if (type == (is_bytes ? 2u : 0u))
                continue;
            wire form = wire_new();
            wire_tag(&form, field, type);
            if (type == 0)
                wire_varint(&form, 5, 0);
            else if (type == 2) {
                wire_varint(&form, 1, 0);
                wire_raw(&form, "\x05", 1);
            } else
                wire_raw(&form, zeros, type == 1 ? 8 : 4);
            check_head(field, &form);
            wire_end(&form);
        }
    for (unsigned type = 0; type < 8; type++) { // field 0 doesn't exist
        wire form = wire_new();
        wire_tag(&form, 0, type);
        wire_raw(&form, zeros, type == 1 ? 8 : type == 5 ? 4 : 1);
        check_head(2, &form);
        wire_end(&form);
    }
}

static void lengths_that_lie_are_refused(void) {
    static const uint64_t lengths[] = {33, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        0x100000020, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffe0,
        0xffffffffffffffff};
    for (uint32_t field = 7; field <= 15; field++)
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            wire out = wire_new();
            wire_data(&out, 1, ae_bytes_of("chain"));
            wire_tag(&out, field, 2);
            wire_varint(&out, lengths[i], 0);
            wire_raw(&out, zeros, 32);
            check_refused(&out, "transaction: ");
            wire_end(&out);
        }
    // Within a body: a field's length reaches past the body, though not past the transaction.
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        wire out = wire_new();
        wire body = wire_new();
        wire_tag(&body, 1, 2);
        wire_varint(&body, lengths[i], 0);
        wire_raw(&body, zeros, 32);
        put_head(&out);
        wire_data(&out, 12, wire_view(&body));
        wire_fill(&out, 15, 1, 64);
        check_refused(&out, "transaction: ");
        wire_end(&body);
        wire_end(&out);
    }
    wire out = wire_new(); // a length in a longer form
    put_head(&out);
    out.len -= 34;
    wire_tag(&out, 7, 2);
    wire_varint(&out, 32, 2);
    wire_raw(&out, zeros, 32);
    wire body = wire_new();
    put_call(&body);
    wire_data(&out, 12, wire_view(&body));
    check_refused(&out, "canonical");
    wire_end(&body);
    wire_end(&out);
}

static void a_transaction_has_exactly_one_body(void) {
    wire none = wire_new();
    put_head(&none);
    check_refused(&none, "body");
    wire_end(&none);
    for (size_t n = 0; n < BODY_COUNT; n++)
        for (size_t m = 0; m < BODY_COUNT; m++) { // n before m; the same one twice
            wire second = wire_new();
            wire body = wire_new();
            bodies[m].put(&body);
            wire_data(&second, bodies[m].field, wire_view(&body));
            wire out = make_with(n, NULL, &second);
            check_refused(&out, "canonical");
            wire_end(&body);
            wire_end(&second);
            wire_end(&out);
        }
}

static void fields_come_in_order(void) {
    wire call = make_with(2, NULL, NULL);
    check_accepted(&call);
    wire swapped = wire_new(); // nonce before chain id
    wire_raw(&swapped, call.data + 7, 2);
    wire_raw(&swapped, call.data, 7);
    wire_raw(&swapped, call.data + 9, call.len - 9);
    check_refused(&swapped, "byte 0");
    swapped.len = 0; // the signature before the body
    const size_t head_len = call.len - (2 + 34 + 18 + 4);
    wire_raw(&swapped, call.data, head_len);
    wire_fill(&swapped, 15, 1, 64);
    wire_raw(&swapped, call.data + head_len, call.len - head_len);
    check_refused(&swapped, "canonical");
    swapped.len = 0; // within a body: amount before contract
    put_head(&swapped);
    wire_tag(&swapped, 12, 2);
    wire_varint(&swapped, 18 + 34, 0);
    wire_fill(&swapped, 2, 2, 16);
    wire_fill(&swapped, 1, 1, 32);
    check_refused(&swapped, "canonical");
    wire_end(&swapped);
    wire_end(&call);
}

static void no_bytes_come_twice(void) {
    static const uint32_t fields[] = {1, 7};
    for (size_t i = 0; i < 2; i++) {
        wire form = wire_new();
        wire_fill(&form, fields[i], 'c', 32);
        wire_fill(&form, fields[i], 'c', 32);
        check_head(fields[i], &form);
        wire_end(&form);
    }
    wire signatures = wire_new();
    wire_fill(&signatures, 15, 1, 64);
    wire once = make_with(2, NULL, &signatures);
    check_accepted(&once);
    wire_fill(&signatures, 15, 1, 64);
    check_addition(&signatures, false, "canonical");
    wire_end(&once);
    wire_end(&signatures);
    wire inside = wire_new();
    wire_fill(&inside, 1, 1, 32);
    check_addition(&inside, true, "canonical");
    wire_end(&inside);
}

static void values_that_are_left_out_are_refused_when_written(void) {
    wire empty = wire_new();
    wire_data(&empty, 15, ae_bytes(NULL, 0)); // no signature, in bytes
    check_addition(&empty, false, "canonical");
    wire_end(&empty);
    for (uint64_t flag = 0; flag < 4;
         flag++) { // upgradable of 0 is left out, and 1 is the only true
        wire out = wire_new();
        wire body = wire_new();
        put_deploy(&body);
        body.len--;
        wire_varint(&body, flag, flag == 3 ? 2 : 0);
        put_head(&out);
        wire_data(&out, 11, wire_view(&body));
        if (flag == 1)
            check_accepted(&out);
        else
            check_refused(&out, "canonical");
        wire_end(&body);
        wire_end(&out);
    }
    wire out = wire_new(); // an empty input, written
    wire body = wire_new();
    put_call(&body);
    body.len -= 4;
    wire_data(&body, 3, ae_bytes(NULL, 0));
    put_head(&out);
    wire_data(&out, 12, wire_view(&body));
    check_refused(&out, "canonical");
    wire_end(&body);
    wire_end(&out);
}

/* Bounds */

// A call with this chain id, key type, length of the key, and length of the signature.
static wire call_with(aether_bytes chain_id, uint64_t type, size_t key_len, size_t signature_len) {
    wire out = wire_new();
    wire body = wire_new();
    put_call(&body);
    if (chain_id.len != 0)
        wire_data(&out, 1, chain_id);
    if (type != 0)
        wire_number(&out, 6, type);
    if (key_len != 0)
        wire_fill(&out, 7, 2, key_len);
    wire_data(&out, 12, wire_view(&body));
    if (signature_len != 0)
        wire_fill(&out, 15, 3, signature_len);
    wire_end(&body);
    return out;
}

static void check_call(
    aether_bytes chain_id, uint64_t type, size_t key_len, size_t signature_len, const char *words) {
    wire out = call_with(chain_id, type, key_len, signature_len);
    if (words == NULL)
        check_accepted(&out);
    else
        check_refused(&out, words);
    wire_end(&out);
}

static void the_head_keeps_its_bounds(void) {
    uint8_t text[66];
    memset(text, 'c', sizeof text);
    const aether_bytes one = ae_bytes(text, 1);
    for (size_t len = 0; len <= 66; len++)
        check_call(ae_bytes(text, len), 0, 32, 64, len >= 1 && len <= 64 ? NULL : "chain id: ");
    for (unsigned byte = 1; byte < 256; byte++) {
        text[1] = (uint8_t)byte;
        check_call(
            ae_bytes(text, 3), 0, 32, 64, byte >= 0x21 && byte <= 0x7e ? NULL : "chain id: byte");
    }
    text[1] = 0; // ends the library's string, so that the rest is lost
    check_call(ae_bytes(text, 3), 0, 32, 64, "canonical");
    for (size_t len = 0; len < 70; len++) {
        check_call(one, 0, len, 64, len == 32 ? NULL : "public key: ");
        check_call(one, 1, len, 64, len == 33 ? NULL : "public key: ");
        check_call(one, 0, 32, len, len == 0 || len == 64 ? NULL : "signature: ");
    }
    for (uint64_t type = 2; type < 1ull << 32; type = type * 3 + 1)
        for (size_t len = 32; len <= 33; len++)
            check_call(one, type, len, 64, "key type: ");
    check_call(one, 0xffffffff, 32, 64, "key type: ");
}

// A body of one kind, of which field `wrong` has `len` bytes; 0 leaves it out.
static void check_body(size_t n, uint32_t wrong, size_t len, const char *words) {
    static const size_t lens[BODY_COUNT][4] = {
        {4}, {32, 32, 16, 2}, {32, 16, 2}, {32, 16}, {32, 32, 2}};
    wire out = wire_new();
    wire body = wire_new();
    for (uint32_t field = 1; field <= 4 && lens[n][field - 1] != 0; field++) {
        const size_t field_len = field == wrong ? len : lens[n][field - 1];
        if (field_len != 0)
            wire_fill(&body, field, 7, field_len);
    }
    put_head(&out);
    wire_data(&out, bodies[n].field, wire_view(&body));
    if (words == NULL)
        check_accepted(&out);
    else
        check_refused(&out, words);
    wire_end(&body);
    wire_end(&out);
}

static void every_body_keeps_its_bounds(void) {
    static const struct {
        size_t body;
        uint32_t field;
        size_t len;
        const char *words;
    } exact[] = {{1, 1, 32, "code hash: "}, {1, 2, 32, "salt: "}, {1, 3, 16, "amount: "},
        {2, 1, 32, "contract: "}, {2, 2, 16, "amount: "}, {3, 1, 32, "to: "},
        {3, 2, 16, "amount: "}, {4, 1, 32, "contract: "}, {4, 2, 32, "code hash: "}};
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++)
        for (size_t len = 0; len <= 64; len++)
            check_body(
                exact[i].body, exact[i].field, len, len == exact[i].len ? NULL : exact[i].words);
    static const uint32_t inputs[][2] = {{1, 4}, {2, 3}, {4, 3}};
    for (size_t i = 0; i < 3; i++) {
        check_body(inputs[i][0], inputs[i][1], 0, NULL);
        check_body(inputs[i][0], inputs[i][1], AE_INPUT_LEN_MAX, NULL);
        check_body(inputs[i][0], inputs[i][1], AE_INPUT_LEN_MAX + 1,
            "input: 131073 bytes, at most 131072");
    }
    check_body(0, 1, 0, "code: ");
    check_body(0, 1, 1, NULL);
    check_body(0, 1, AE_UPLOAD_LEN_MAX, NULL);
    check_body(0, 1, AE_UPLOAD_LEN_MAX + 1, "code: 1115137 bytes, at least 1, at most 1115136");
}

static aether_transaction a_call(void) {
    return (aether_transaction){.struct_size = sizeof(aether_transaction),
        .chain_id = ae_bytes_of("chain"),
        .kind = AETHER_TRANSACTION_CALL,
        .input = ae_bytes_of("input")};
}

static void check_unwritable(const aether_transaction *transaction, aether_key_type type,
    const uint8_t *with, aether_status expected) {
    aether_error err;
    aether_buffer bytes = {.len = 77};
    CHECK_STATUS(aether_transaction_encode(transaction, type, with, &bytes, &err), expected);
    CHECK(bytes.data == NULL && bytes.len == 77); // untouched
}

static void what_can_not_be_read_is_not_written(void) {
    static uint8_t many[AE_UPLOAD_LEN_MAX + 1];
    aether_transaction at = a_call();
    check_unwritable(NULL, 0, secret, AETHER_INVALID_ARGUMENT);
    at.struct_size = 8;
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at = a_call();
    at.chain_id.len = 0;
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at.chain_id = ae_bytes_of("with space");
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at = a_call();
    for (int kind = 0; kind < 20; kind++) {
        at.kind = (aether_transaction_kind)kind;
        if (kind < 10 || kind > 14)
            check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    }
    at = a_call();
    at.input = ae_bytes(many, AE_INPUT_LEN_MAX + 1);
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at = a_call();
    at.code = at.input; // a call has none
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at = a_call();
    at.is_upgradable = true;
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at = a_call();
    at.kind = AETHER_TRANSACTION_TRANSFER;
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT); // has input
    at.kind = AETHER_TRANSACTION_UPGRADE;
    at.value.high = 1;
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at = (aether_transaction){
        .struct_size = sizeof at, .chain_id = ae_bytes_of("c"), .kind = AETHER_TRANSACTION_UPLOAD};
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at.code = ae_bytes(many, sizeof many);
    check_unwritable(&at, 0, secret, AETHER_INVALID_ARGUMENT);
    at = a_call();
    check_unwritable(&at, 0, NULL, AETHER_INVALID_ARGUMENT); // no key, no secret
    check_unwritable(&at, (aether_key_type)2, secret, AETHER_INVALID_ARGUMENT);
    check_unwritable(&at, AETHER_KEY_SECP256K1, zeros, AETHER_INVALID_KEY);
}

// Ed25519's S + L and secp256k1's n - s satisfy the equations as well: the rule refuses both.
static void a_bent_signature_is_none(void) {
    static const uint8_t l[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
        0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};
    static const uint8_t n[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2,
        0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    for (int type = 0; type < 2; type++) {
        const aether_transaction at = a_call();
        aether_buffer bytes = {0};
        aether_error err;
        ae_arena arena;
        ae_signed_transaction read;
        ae_arena_init(&arena, 1024, ARENA_LEN_MAX);
        CHECK_OK(aether_transaction_encode(&at, (aether_key_type)type, secret, &bytes, &err));
        CHECK_OK(ae_transaction_read(ae_bytes(bytes.data, bytes.len), &arena, &read, &err));
        CHECK(ae_transaction_is_signed(&read));
        const aether_hash sign_hash = read.sign_hash;
        uint8_t *s = bytes.data + bytes.len - 32;
        int carry = 0;
        for (size_t i = 0; i < 32; i++) { // S + L, little endian; n - s, big endian
            carry += type == 0 ? s[i] + l[i] : n[31 - i] - s[31 - i];
            s[type == 0 ? i : 31 - i] = (uint8_t)carry;
            carry >>= 8;
        }
        CHECK_OK(ae_transaction_read(ae_bytes(bytes.data, bytes.len), &arena, &read, &err));
        check_hash("sign hash", read.sign_hash.bytes, sign_hash.bytes);
        CHECK(!ae_transaction_is_signed(&read));
        ae_arena_deinit(&arena);
        aether_buffer_destroy(&bytes);
    }
}

static void a_signature_of_another_key_or_transaction_is_none(void) {
    aether_error err;
    aether_buffer bytes[2] = {{0}, {0}};
    aether_transaction at = a_call();
    CHECK_OK(aether_transaction_encode(&at, AETHER_KEY_ED25519, secret, &bytes[0], &err));
    CHECK_OK(aether_transaction_encode(&at, AETHER_KEY_ED25519, zeros, &bytes[1], &err));
    for (int round = 0; round < 2; round++) {
        ae_arena arena;
        ae_signed_transaction read;
        CHECK_U64(bytes[0].len, bytes[1].len);
        memcpy(bytes[0].data + bytes[0].len - 64, bytes[1].data + bytes[1].len - 64, 64);
        ae_arena_init(&arena, 1024, ARENA_LEN_MAX);
        CHECK_OK(ae_transaction_read(ae_bytes(bytes[0].data, bytes[0].len), &arena, &read, &err));
        CHECK(!ae_transaction_is_signed(&read));
        ae_arena_deinit(&arena);
        aether_buffer_destroy(&bytes[1]);
        at.chain_id = ae_bytes_of("Chain"); // another chain, the first key
        CHECK_OK(aether_transaction_encode(&at, AETHER_KEY_ED25519, secret, &bytes[1], &err));
    }
    aether_buffer_destroy(&bytes[0]);
    aether_buffer_destroy(&bytes[1]);
}

/* Memory */

// The arena's blocks for bytes that are refused: no more than a canonical transaction of the length takes.
static void check_memory(const wire *bytes) {
    aether_error err;
    ae_arena arena;
    ae_signed_transaction read;
    ae_arena_init(&arena, 1024, SIZE_MAX / 2);
    CHECK_STATUS(
        ae_transaction_read(wire_view(bytes), &arena, &read, &err), AETHER_MALFORMED_TRANSACTION);
    CHECK(arena.total <= 2 * bytes->len + 8192);
    ae_arena_deinit(&arena);
}

// Each form makes protobuf-c keep as much as it can for each byte: an entry of 40 bytes for each field.
static void hostile_bytes_buy_no_memory(void) {
    static const struct {
        const char *bytes;
        size_t len;
    } forms[] = {{"\x10\x01", 2}, {"\x52\x00", 2}, {"\x80\x01\x00", 3}, {"\x82\x01\x00", 3},
        {"\x52\x02\x0a\x00", 4}, {"\x5a\x00\x62\x00\x6a\x00\x72\x00", 8}, {"\x0a\x00", 2},
        {"\x0a\x01q", 3}, {"\x52\x03\x0a\x01q", 5}, {"\x3a\x00", 2}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        for (size_t count = 1; count * forms[i].len <= 1 << 20; count = count * 5 + 3) {
            wire out = wire_new();
            for (size_t n = 0; n < count; n++)
                wire_raw(&out, forms[i].bytes, forms[i].len);
            check_memory(&out);
            wire body = wire_new();
            wire_data(&body, 12, wire_view(&out));
            check_memory(&body);
            wire_end(&body);
            wire_end(&out);
        }
}

static void each_failing_allocation_is_a_status(void) {
    aether_error err;
    aether_transaction at = a_call();
    aether_buffer bytes = {0};
    uint64_t n = 0;
    for (;; n++) {
        ae_alloc_fail_after(n);
        const aether_status status =
            aether_transaction_encode(&at, AETHER_KEY_SECP256K1, secret, &bytes, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(bytes.data == NULL);
    }
    CHECK(n >= 1);
    aether_buffer_destroy(&bytes);
    at.kind = AETHER_TRANSACTION_UPLOAD; // long enough for a second block
    at.input = (aether_bytes){0};
    static const uint8_t code[5000] = {0};
    at.code = ae_bytes(code, sizeof code);
    CHECK_OK(aether_transaction_encode(&at, AETHER_KEY_SECP256K1, secret, &bytes, &err));
    for (n = 0;; n++) {
        aether_transaction decoded = {.nonce = 99};
        ae_alloc_fail_after(n);
        const aether_status status =
            aether_transaction_decode(ae_bytes(bytes.data, bytes.len), &decoded, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK) {
            CHECK_BYTES(decoded.code, at.code);
            aether_transaction_destroy(&decoded);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK_U64(decoded.nonce, 99);
    }
    CHECK(n >= 3);
    aether_buffer_destroy(&bytes);
    ae_arena arena; // an arena that is full is this machine's fault as well
    ae_signed_transaction read;
    CHECK_OK(aether_transaction_encode(&at, AETHER_KEY_SECP256K1, secret, &bytes, &err));
    ae_arena_init(&arena, 64, 256);
    CHECK_STATUS(ae_transaction_read(ae_bytes(bytes.data, bytes.len), &arena, &read, &err),
        AETHER_OUT_OF_MEMORY);
    ae_arena_deinit(&arena);
    aether_buffer_destroy(&bytes);
}

static void destroying_nothing_is_fine(void) {
    aether_transaction transaction = {0};
    aether_buffer buffer = {0};
    aether_transaction_destroy(NULL);
    aether_transaction_destroy(&transaction);
    aether_transaction_destroy(&transaction);
    aether_buffer_destroy(NULL);
    aether_buffer_destroy(&buffer);
    aether_buffer_destroy(&buffer);
    aether_error err;
    CHECK_STATUS(aether_transaction_decode((aether_bytes){0}, &transaction, &err),
        AETHER_MALFORMED_TRANSACTION);
    CHECK_STATUS(aether_transaction_decode(ae_bytes("", 0), NULL, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(
        aether_transaction_decode(ae_bytes(NULL, 1), &transaction, &err), AETHER_INVALID_ARGUMENT);
}

static void reasons_have_texts(void) {
    CHECK_TEXT(aether_invalid_text(AETHER_INVALID_NONE), "valid");
    CHECK_TEXT(aether_invalid_text(AETHER_INVALID_FUNDS),
        "balance below gas limit times price plus value");
    CHECK_TEXT(aether_invalid_text((aether_invalid)10), "unknown");
}

TEST_MAIN(TEST(golden_transactions_are_written_and_read_as_told)
        TEST(random_transactions_come_back_as_they_went) TEST(truncated_bytes_are_refused) TEST(
            no_flipped_bit_leaves_a_signed_transaction)
            TEST(unknown_fields_are_refused_at_each_level) TEST(
                nested_groups_and_messages_are_refused_at_any_depth) TEST(numbers_have_one_form)
                TEST(fields_have_one_wire_type) TEST(lengths_that_lie_are_refused)
                    TEST(a_transaction_has_exactly_one_body) TEST(fields_come_in_order) TEST(
                        no_bytes_come_twice) TEST(values_that_are_left_out_are_refused_when_written)
                        TEST(the_head_keeps_its_bounds) TEST(every_body_keeps_its_bounds)
                            TEST(what_can_not_be_read_is_not_written) TEST(a_bent_signature_is_none)
                                TEST(a_signature_of_another_key_or_transaction_is_none)
                                    TEST(hostile_bytes_buy_no_memory)
                                        TEST(each_failing_allocation_is_a_status) TEST(
                                            destroying_nothing_is_fine) TEST(reasons_have_texts))
