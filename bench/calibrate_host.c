// Host functions, through the runtime as contracts call them: a loop of calls less the same loop without
// them, of one execution each, fresh instance, journal and result included in both.
//
// Behind storage lies a store in memory; what a database adds is not there yet, so these figures stand
// apart, and their prices count with DATABASE_READ_NS and DATABASE_WRITE_NS on top.
#include "calibrate.h"

#include "host/host.h"

#include <secp256k1_recovery.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 40

// A random read of a database of ten million keys, and the update of one key of it: its leaf and the
// tree above it, its place in the database, a sixteenth of a percent of a commit.
#define DATABASE_READ_NS 1400
#define DATABASE_WRITE_NS 18000

// An event is kept: hashed into the receipts, and written.
#define RECEIPT_NS 100
#define RECEIPT_BYTE_NS 1

#define STORE_KEYS 4096 /* in the state before the execution: 4 bytes of number, 28 of zero */

typedef struct host_case {
    const char *function;
    const char *kind;
    const char *code;     /* the call; $n counts down to 1, # is the repetition */
    uint32_t iterations;  /* in one execution */
    uint32_t repetitions; /* in one iteration */
    double added_ns;      /* what the store in memory does not take */
    bool is_apart;
} host_case;

// Guest memory: 0 output, 1024 a key, 2048 zeros, 4096 signatures, 8192 text, 16384 broken text.
#define NEXT_KEY "(i32.store (i32.const 1024) (local.get $n))"
#define NEW_KEY "(i32.store (i32.const 1028) (local.get $n))"

static const host_case cases[] = {
    {"block_number", "base", "(drop (call $f))", 5000, 8, 0, false},
    {"timestamp", "base", "(drop (call $f))", 5000, 8, 0, false},
    {"gas_left", "base", "(drop (call $f))", 5000, 8, 0, false},
    {"chain_id", "base", "(drop (call $f (i32.const 0) (i32.const 0)))", 5000, 8, 0, false},
    {"chain_id", "64", "(drop (call $f (i32.const 0) (i32.const 64)))", 5000, 8, 0, false},
    {"caller", "base", "(drop (call $f (i32.const 0)))", 5000, 8, 0, false},
    {"self_address", "base", "(drop (call $f (i32.const 0)))", 5000, 8, 0, false},
    {"value", "base", "(drop (call $f (i32.const 0)))", 5000, 8, 0, false},
    {"input", "base", "(drop (call $f (i32.const 0) (i32.const 0)))", 5000, 8, 0, false},
    {"input", "32", "(drop (call $f (i32.const 0) (i32.const 32)))", 5000, 8, 0, false},
    {"input", "4096", "(drop (call $f (i32.const 0) (i32.const 4096)))", 1000, 8, 0, true},
    {"return_data", "base", "(call $f (i32.const 0) (i32.const 0))", 5000, 8, 0, false},
    {"return_data", "32", "(call $f (i32.const 0) (i32.const 32))", 5000, 8, 0, false},
    {"return_data", "4096", "(call $f (i32.const 0) (i32.const 4096))", 1000, 8, 0, true},
    {"log", "base", "(call $f (i32.const 0) (i32.const 0))", 1000, 8, 0, false},
    {"log", "text", "(call $f (i32.const 8192) (i32.const 64))", 100, 8, 0, false},
    {"log", "escaped", "(call $f (i32.const 2048) (i32.const 512))", 4, 8, 0, false},
    {"log", "broken", "(call $f (i32.const 16384) (i32.const 512))", 4, 8, 0, false},
    {"emit", "base", "(call $f (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))", 120, 8,
        RECEIPT_NS, false},
    {"emit", "topics", "(call $f (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 64))", 120, 8,
        RECEIPT_NS + 192 * RECEIPT_BYTE_NS, false},
    {"emit", "long", "(call $f (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192))", 4, 8,
        RECEIPT_NS + 8192 * RECEIPT_BYTE_NS, false},
    {"balance", "base", NEXT_KEY "(drop (call $f (i32.const 1024) (i32.const 0)))", 2000, 1,
        DATABASE_READ_NS, false},
    {"storage_read", "base",
        NEXT_KEY "(drop (call $f (i32.const 1024) (i32.const 32) (i32.const 0) (i32.const 32)))",
        2000, 1, DATABASE_READ_NS, false},
    {"storage_read", "absent",
        NEW_KEY "(drop (call $f (i32.const 1024) (i32.const 32) (i32.const 0) (i32.const 32)))",
        2000, 1, DATABASE_READ_NS, false},
    {"storage_read", "again",
        "(drop (call $f (i32.const 1024) (i32.const 32) (i32.const 0) (i32.const 32)))", 2000, 1,
        DATABASE_READ_NS, false},
    {"storage_write", "base",
        NEXT_KEY "(call $f (i32.const 1024) (i32.const 32) (i32.const 2048) (i32.const 32))", 2000,
        1, DATABASE_WRITE_NS, false},
    {"storage_write", "new",
        NEW_KEY "(call $f (i32.const 1024) (i32.const 32) (i32.const 2048) (i32.const 32))", 2000,
        1, DATABASE_WRITE_NS, false},
    {"storage_write", "again",
        "(call $f (i32.const 1024) (i32.const 32) (i32.const 2048) (i32.const 32))", 2000, 1,
        DATABASE_WRITE_NS, true},
    {"storage_write", "long",
        NEW_KEY "(call $f (i32.const 1024) (i32.const 32) (i32.const 0) (i32.const 65536))", 100, 1,
        DATABASE_WRITE_NS, true},
    {"storage_remove", "base", NEXT_KEY "(drop (call $f (i32.const 1024) (i32.const 32)))", 2000, 1,
        DATABASE_WRITE_NS, false},
    {"storage_next", "base",
        "(drop (call $f (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 32) (i32.const 0) "
        "(i32.const 1024) (i32.const 32)))",
        2000, 1, DATABASE_READ_NS, false},
    {"storage_next", "descending",
        NEXT_KEY "(drop (call $f (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 32) "
                 "(i32.const 1) (i32.const 0) (i32.const 32)))",
        2000, 1, DATABASE_READ_NS, false},
    {"sha256", "base", "(call $f (i32.const 0) (i32.const 0) (i32.const 0))", 500, 8, 0, false},
    {"sha256", "64", "(call $f (i32.const 0) (i32.const 64) (i32.const 0))", 500, 8, 0, false},
    {"sha256", "4096", "(call $f (i32.const 0) (i32.const 4096) (i32.const 0))", 50, 8, 0, false},
    {"keccak256", "base", "(call $f (i32.const 0) (i32.const 0) (i32.const 0))", 500, 8, 0, false},
    {"keccak256", "136", "(call $f (i32.const 0) (i32.const 136) (i32.const 0))", 500, 8, 0, false},
    {"keccak256", "4096", "(call $f (i32.const 0) (i32.const 4096) (i32.const 0))", 50, 8, 0,
        false},
    {"blake2b256", "base", "(call $f (i32.const 0) (i32.const 0) (i32.const 0))", 500, 8, 0, false},
    {"blake2b256", "129", "(call $f (i32.const 0) (i32.const 129) (i32.const 0))", 500, 8, 0,
        false},
    {"blake2b256", "4096", "(call $f (i32.const 0) (i32.const 4096) (i32.const 0))", 50, 8, 0,
        false},
    {"ed25519_verify", "base",
        "(if (i32.eqz (call $f (i32.const 8192) (i32.const 32) (i32.const 4096) (i32.const 4160))) "
        "(then unreachable))",
        10, 1, 0, false},
    {"ed25519_verify", "long",
        "(drop (call $f (i32.const 0) (i32.const 65536) (i32.const 4096) (i32.const 4160)))", 10, 1,
        0, false},
    {"secp256k1_recover", "base",
        "(if (call $f (i32.const 8192) (i32.const 4192) (i32.const 0)) (then unreachable))", 10, 1,
        0, false},
    {"secp256k1_verify", "base",
        "(if (i32.eqz (call $f (i32.const 8192) (i32.const 4192) (i32.const 4257))) "
        "(then unreachable))",
        10, 1, 0, false},
};

// ---- Signatures over 32 bytes of 'h'

typedef struct signatures {
    uint8_t bytes[64 + 32 + 65 + 33]; /* ed25519 signature and key; secp256k1 r, s, v and key */
} signatures;

static bool make_signatures(signatures *out) {
    uint8_t seed[32], message[32], public_key[32], secret_key[64];
    memset(seed, 7, sizeof seed);
    memset(message, 'h', sizeof message);
    if (sodium_init() < 0)
        return bench_fail("calibrate: libsodium did not start");
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    crypto_sign_detached(out->bytes, NULL, message, sizeof message, secret_key);
    memcpy(out->bytes + 64, public_key, sizeof public_key);

    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
    secp256k1_ecdsa_recoverable_signature signature;
    secp256k1_pubkey key;
    int recovery = 0;
    size_t key_len = 33;
    const bool ok =
        secp256k1_ecdsa_sign_recoverable(context, &signature, message, seed, NULL, NULL) &&
        secp256k1_ec_pubkey_create(context, &key, seed);
    secp256k1_ecdsa_recoverable_signature_serialize_compact(
        context, out->bytes + 96, &recovery, &signature);
    out->bytes[96 + 64] = (uint8_t)recovery;
    secp256k1_ec_pubkey_serialize(
        context, out->bytes + 96 + 65, &key_len, &key, SECP256K1_EC_COMPRESSED);
    secp256k1_context_destroy(context);
    return ok || bench_fail("calibrate: no signature");
}

// ---- Modules

static void write_types(FILE *out, const char *field, const char *letters, size_t count) {
    for (size_t i = 0; i < count; i++)
        fprintf(out, " (%s %s)", field, letters[i] == 'I' ? "i64" : "i32");
}

static void write_entry(FILE *out, const char *entry, const host_case *of, uint32_t repetitions) {
    fprintf(out, "(func (export \"%s\") (result i32) (local $n i32)\n", entry);
    fprintf(out, "(local.set $n (i32.const %u)) (loop $again\n", of->iterations);
    for (uint32_t i = 0; i < repetitions; i++)
        fprintf(out, "%s\n", of->code);
    fputs("(br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) i32.const 0)\n",
        out);
}

static bool make_text(const host_case *of, const signatures *signed_ones, char **out_text) {
    size_t len = 0;
    FILE *out = open_memstream(out_text, &len);
    const ae_host_row *row = ae_host_rows;
    while (strcmp(row->name, of->function) != 0)
        row++;
    if (out == NULL)
        return bench_fail("calibrate: no memory");
    const size_t params = strcspn(row->signature, ">");
    fprintf(out, "(module (import \"env\" \"%s\" (func $f", row->name);
    write_types(out, "param", row->signature, params);
    write_types(out, "result", row->signature + params + 1, strlen(row->signature + params + 1));
    fputs("))\n(memory (export \"memory\") 2)\n(data (i32.const 8192) \"", out);
    for (int i = 0; i < 64; i++)
        fputc('h', out);
    fputs("\")\n(data (i32.const 4096) \"", out);
    for (size_t i = 0; i < sizeof signed_ones->bytes; i++)
        fprintf(out, "\\%02x", signed_ones->bytes[i]);
    fputs("\")\n(data (i32.const 16384) \"", out); // starts of characters that don't go on
    for (int i = 0; i < 512; i++)
        fputs("\\f0", out);
    fputs("\")\n", out);
    write_entry(out, "query", of, 0); // static, which the empty loop may be
    write_entry(out, "execute", of, of->repetitions);
    fputs(")", out);
    return fclose(out) == 0 || bench_fail("calibrate: no memory");
}

static bool fill_store(aether_memory_store *store) {
    const aether_address self = {{0}};
    static const uint8_t value[32] = {1};
    for (uint32_t i = 0; i < STORE_KEYS; i++) {
        uint8_t key[32] = {0}, store_key[AETHER_STORE_KEY_LEN_MAX];
        aether_error err;
        key[0] = (uint8_t)i;
        key[1] = (uint8_t)(i >> 8);
        const size_t len = aether_storage_key_encode(
            &self, (aether_bytes){.data = key, .len = sizeof key}, store_key);
        const aether_change change = {
            .key = {.data = store_key, .len = len}, .value = {.data = value, .len = sizeof value}};
        if (!bench_ok(aether_memory_store_apply(store, &change, 1, &err), "calibrate", &err))
            return false;
    }
    return true;
}

// ---- Measuring

static uint8_t input[4096];

static bool measure_case(calibrate *self, const host_case *of, const signatures *signed_ones,
    const aether_store *store) {
    calibrate_figure figure = {.kind = of->kind, .is_apart = of->is_apart, .is_host = true};
    snprintf(figure.name, sizeof figure.name, "%s", of->function);
    char *text = NULL;
    aether_contract *contract = NULL;
    static const aether_entry entries[] = {AETHER_ENTRY_QUERY, AETHER_ENTRY_EXECUTE};
    const calibrate_calls how = {
        .rounds = ROUNDS, .input = {.data = input, .len = sizeof input}, .store = store};
    const bool ok = make_text(of, signed_ones, &text) && calibrate_load(self, text, &contract) &&
                    calibrate_execute_both(contract, entries, &how, &figure.ns, &figure.gas);
    aether_contract_destroy(contract);
    free(text);
    if (!ok)
        return bench_fail("calibrate: %s (%s) is left out", of->function, of->kind);
    const double calls = (double)of->iterations * of->repetitions;
    figure.ns = figure.ns / calls + of->added_ns;
    figure.gas /= calls;
    calibrate_add(self, &figure);
    return true;
}

// ---- What a search passes over

#define DATABASE_STEP_NS 25 /* a cursor of a database, one key on */

// All keys are removed; `execute` then searches for one.
static bool measure_steps(calibrate *self, const aether_store *store) {
    static const char text[] =
        "(module (import \"env\" \"storage_remove\" (func $remove (param i32 i32) (result i32)))"
        "(import \"env\" \"storage_next\" (func $next (param i32 i32 i32 i32 i32 i32 i32) (result "
        "i32))) (memory (export \"memory\") 1)"
        "(func $remove_all (local $n i32) (local.set $n (i32.const 4096)) (loop $again (i32.store "
        "(i32.const 0) (local.tee $n (i32.sub (local.get $n) (i32.const 1)))) (drop (call $remove "
        "(i32.const 0) (i32.const 32))) (br_if $again (local.get $n))))"
        "(func (export \"init\") (result i32) (call $remove_all) i32.const 0)"
        "(func (export \"execute\") (result i32) (call $remove_all) (drop (call $next (i32.const 0) "
        "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"
        "i32.const 0))";
    static const aether_entry entries[] = {AETHER_ENTRY_INIT, AETHER_ENTRY_EXECUTE};
    const calibrate_calls how = {.rounds = ROUNDS, .store = store};
    calibrate_figure figure = {.name = "storage_next", .kind = "steps", .is_host = true};
    aether_contract *contract = NULL;
    const bool ok = calibrate_load(self, text, &contract) &&
                    calibrate_execute_both(contract, entries, &how, &figure.ns, &figure.gas);
    aether_contract_destroy(contract);
    if (!ok)
        return bench_fail("calibrate: storage_next (steps) is left out");
    figure.ns = figure.ns / STORE_KEYS + DATABASE_STEP_NS;
    figure.gas /= STORE_KEYS;
    calibrate_add(self, &figure);
    return true;
}

// ---- Functions that end the execution

typedef struct end_case {
    const char *function;
    const char *kind;
    const char *params;
    const char *code;
    bool is_apart;
} end_case;

static const end_case end_cases[] = {
    {"revert", "base", "i32 i32", "(call $f (i32.const 0) (i32.const 0))", false},
    {"revert", "65536", "i32 i32", "(call $f (i32.const 0) (i32.const 65536))", true},
    {"panic", "base", "i32 i32 i32 i32 i32",
        "(call $f (i32.const 16) (i32.const 64) (i32.const 16) (i32.const 64) (i32.const 1))",
        false},
    {"panic", "65536", "i32 i32 i32 i32 i32",
        "(call $f (i32.const 0) (i32.const 65536) (i32.const 0) (i32.const 65536) (i32.const 1))",
        true},
    {"abort", "base", "i32 i32 i32 i32",
        "(call $f (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1))", false},
    {"abort", "long", "i32 i32 i32 i32",
        "(i32.store (i32.const 4092) (i32.const 40000)) (call $f (i32.const 4096) (i32.const 4096) "
        "(i32.const 1) (i32.const 1))",
        false},
};

#define END_ROUNDS 200

// Against an execution that returns.
static bool measure_end(calibrate *self, const end_case *of) {
    char text[1024];
    snprintf(text, sizeof text,
        "(module (import \"env\" \"%s\" (func $f (param %s))) (memory (export \"memory\") 2)"
        "(data (i32.const 16) \"%064d\") (func $fill (memory.fill (i32.const 4096) (i32.const 0xd8) (i32.const 50000)))"
        "(func (export \"init\") (result i32) (call $fill) i32.const 0)"
        "(func (export \"execute\") (result i32) (call $fill) %s unreachable))",
        of->function, of->params, 0, of->code);
    static const aether_entry entries[] = {AETHER_ENTRY_INIT, AETHER_ENTRY_EXECUTE};
    const calibrate_calls how = {.rounds = END_ROUNDS, .may_revert = true};
    calibrate_figure figure = {.kind = of->kind, .is_apart = of->is_apart, .is_host = true};
    snprintf(figure.name, sizeof figure.name, "%s", of->function);
    aether_contract *contract = NULL;
    const bool ok = calibrate_load(self, text, &contract) &&
                    calibrate_execute_both(contract, entries, &how, &figure.ns, &figure.gas);
    aether_contract_destroy(contract);
    if (!ok)
        return bench_fail("calibrate: %s (%s) is left out", of->function, of->kind);
    calibrate_add(self, &figure);
    return true;
}

bool calibrate_host(calibrate *self) {
    signatures signed_ones;
    aether_memory_store *store = NULL;
    aether_error err;
    bool ok = make_signatures(&signed_ones) &&
              bench_ok(aether_memory_store_create(&store, &err), "calibrate", &err) &&
              fill_store(store);
    const aether_store interface = ok ? aether_memory_store_interface(store) : (aether_store){0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && ok; i++)
        measure_case(self, &cases[i], &signed_ones, &interface); // else left out
    if (ok)
        measure_steps(self, &interface);
    for (size_t i = 0; i < sizeof end_cases / sizeof end_cases[0] && ok; i++)
        measure_end(self, &end_cases[i]);
    aether_memory_store_destroy(store);
    return ok;
}
