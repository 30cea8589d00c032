/* Signature checks follow the rule of signature.h, for every known way to bend an encoding, and never abort.
 * Method: published vectors, all of Wycheproof's that fit; signatures that satisfy the equation but break the
 * rule, built with the libraries' arithmetic; changed and random bytes. */
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "crypto/signature_internal.h"

#include "harness/test.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static size_t from_hex(const char *hex, uint8_t *out, size_t capacity) {
    const size_t len = strlen(hex) / 2;
    CHECK(len <= capacity);
    for (size_t i = 0; i < len; i++) {
        const char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return len;
}

static void fill_random(uint64_t *random, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)test_random(random);
}

/* One of Wycheproof's cases. */
typedef struct vector_case {
    unsigned long id;
    uint8_t key[33];
    uint8_t message[2048];
    size_t message_len;
    uint8_t signature[64];
    bool is_valid;
} vector_case;

static void strip_newline(char *line) {
    line[strcspn(line, "\n")] = '\0';
}

// Whether the case is complete. Lines are `key value`.
static bool read_line(const char *line, vector_case *out) {
    const char *value = strchr(line, ' ');
    value = value != NULL ? value + 1 : "";
    if (strncmp(line, "key ", 4) == 0) {
        from_hex(value, out->key, sizeof out->key);
    } else if (strncmp(line, "case ", 5) == 0) {
        out->id = strtoul(value, NULL, 10);
    } else if (strncmp(line, "message", 7) == 0) {
        out->message_len = from_hex(value, out->message, sizeof out->message);
    } else if (strncmp(line, "signature ", 10) == 0) {
        CHECK_U64(from_hex(value, out->signature, sizeof out->signature), 64);
    } else if (strncmp(line, "result ", 7) == 0) {
        out->is_valid = strcmp(value, "valid") == 0;
        CHECK(out->is_valid || strcmp(value, "invalid") == 0);
        return true;
    } else {
        CHECK(line[0] == '#' || line[0] == '\0');
    }
    return false;
}

static bool contains(const unsigned long *ids, size_t count, unsigned long id) {
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* Run a file; `stricter` lists the cases that Wycheproof accepts and our rule refuses. */
static void run_vectors(const char *path, bool (*verify)(const vector_case *),
    const unsigned long *stricter, size_t stricter_count, size_t expected_count) {
    static char line[8192];
    static vector_case at;
    FILE *file = fopen(path, "r");
    size_t count = 0;
    size_t refused_count = 0;
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        strip_newline(line);
        if (!read_line(line, &at))
            continue;
        count++;
        const bool is_stricter = contains(stricter, stricter_count, at.id);
        if (is_stricter)
            CHECK(at.is_valid);
        refused_count += is_stricter;
        if (verify(&at) != (at.is_valid && !is_stricter))
            test_fail(path, 0, "case %lu: expected %d", at.id, at.is_valid && !is_stricter);
    }
    fclose(file);
    CHECK_U64(count, expected_count);
    CHECK_U64(refused_count, stricter_count);
}

static bool verify_ed25519(const vector_case *at) {
    return ae_ed25519_verify(ae_bytes(at->message, at->message_len), at->signature, at->key);
}

static bool verify_secp256k1(const vector_case *at) {
    aether_hash hash;
    ae_sha256(ae_bytes(at->message, at->message_len), &hash);
    return ae_secp256k1_verify(hash.bytes, at->signature, at->key);
}

#define VECTORS(name) AE_SOURCE_DIR "/tests/vectors/" name ".txt"

static void ed25519_agrees_with_wycheproof(void) {
    run_vectors(VECTORS("ed25519"), verify_ed25519, NULL, 0, 139);
}

static void secp256k1_agrees_with_wycheproof_on_low_s(void) {
    run_vectors(VECTORS("secp256k1_bitcoin"), verify_secp256k1, NULL, 0, 231);
}

static void secp256k1_differs_from_wycheproof_only_on_high_s(void) {
    static const unsigned long high_s[] = {1, 62, 63, 64, 66, 67, 68, 70, 72, 74, 75, 76, 78, 81,
        83, 85, 87, 88, 89, 90, 95, 96, 97, 100, 102, 112, 113, 115, 117, 134, 135, 136, 167, 168,
        171, 172, 173, 174, 176, 177, 181, 187, 188, 192, 196, 198, 200, 202, 206, 207, 212, 213,
        221, 222, 226, 227, 228, 229, 231, 232, 233, 234, 235, 237, 238, 239, 240, 241, 242, 243,
        247, 252}; // by tcId; s above half the order
    run_vectors(VECTORS("secp256k1_p1363"), verify_secp256k1, high_s,
        sizeof high_s / sizeof high_s[0], 234);
}

static size_t in_form_count;

static bool verify_and_count_form(const vector_case *at) {
    const bool in_form = ae_ed25519_is_in_form(at->signature, at->key);
    in_form_count += in_form;
    CHECK(in_form || !at->is_valid);
    return verify_ed25519(at);
}

// OpenSSL accepts 20 of these that libsodium and we refuse; the file has what each of them says. Our own part of the
// rule, without libsodium, lets 13 pass: points of mixed order, and where nothing is wrong.
static void ed25519_keeps_its_rule_where_libraries_disagree(void) {
    run_vectors(VECTORS("ed25519_edges"), verify_and_count_form, NULL, 0, 46);
    CHECK_U64(in_form_count, 13);
}

static void ed25519_signs_and_accepts_the_vectors_of_rfc_8032(void) {
    static const struct {
        const char *key, *message, *signature, *seed;
    } vectors[] = {
        {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
            "701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"},
        {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
            "13d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"},
        {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
            "60984dc6594a7c15e9716ed28dc027beceea1ec40a",
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t key[32], message[8], signature[64];
        from_hex(vectors[i].key, key, sizeof key);
        from_hex(vectors[i].signature, signature, sizeof signature);
        const size_t len = from_hex(vectors[i].message, message, sizeof message);
        CHECK(ae_ed25519_verify(ae_bytes(message, len), signature, key));
        uint8_t seed[32], made_key[32], made_signature[64];
        from_hex(vectors[i].seed, seed, sizeof seed);
        ae_ed25519_public(seed, made_key);
        CHECK_BYTES(ae_bytes(made_key, 32), ae_bytes(key, 32));
        ae_ed25519_sign(ae_bytes(message, len), seed, made_signature);
        CHECK_BYTES(ae_bytes(made_signature, 64), ae_bytes(signature, 64));
    }
    uint8_t key[32], signature[64];
    from_hex(vectors[0].key, key, sizeof key);
    from_hex(vectors[0].signature, signature, sizeof signature);
    CHECK(ae_ed25519_verify(ae_bytes(NULL, 0), signature, key));
}

static void ed25519_signs_what_it_accepts(void) {
    uint64_t random = test_seed();
    for (size_t len = 0; len < 200; len++) {
        uint8_t seed[32], key[32], signature[64], message[200];
        fill_random(&random, seed, sizeof seed);
        fill_random(&random, message, len);
        ae_ed25519_public(seed, key);
        ae_ed25519_sign(ae_bytes(message, len), seed, signature);
        CHECK(ae_ed25519_verify(ae_bytes(message, len), signature, key));
        signature[len % 64] ^= 1;
        CHECK(!ae_ed25519_verify(ae_bytes(message, len), signature, key));
    }
}

/* A key pair of which the secret scalar is known. */
typedef struct ed25519_key {
    uint8_t scalar[32];
    uint8_t point[32];
} ed25519_key;

static ed25519_key make_ed25519_key(uint64_t *random) {
    ed25519_key key;
    uint8_t wide[64];
    fill_random(random, wide, sizeof wide);
    crypto_core_ed25519_scalar_reduce(key.scalar, wide);
    CHECK(crypto_scalarmult_ed25519_base_noclamp(key.point, key.scalar) == 0);
    return key;
}

// h of the equation: SHA-512(R, A, message), reduced.
static void challenge(
    const uint8_t *r, const uint8_t *a, aether_bytes message, uint8_t *out_scalar) {
    crypto_hash_sha512_state state;
    uint8_t wide[64];
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, r, 32);
    crypto_hash_sha512_update(&state, a, 32);
    crypto_hash_sha512_update(&state, message.data, message.len);
    crypto_hash_sha512_final(&state, wide);
    crypto_core_ed25519_scalar_reduce(out_scalar, wide);
}

// S = nonce + h * scalar, with R as given: the equation holds if R is nonce * B.
static void sign_ed25519(const ed25519_key *key, const uint8_t *nonce, const uint8_t *r,
    aether_bytes message, uint8_t *out_signature) {
    uint8_t h[32], product[32];
    challenge(r, key->point, message, h);
    crypto_core_ed25519_scalar_mul(product, h, key->scalar);
    crypto_core_ed25519_scalar_add(out_signature + 32, nonce, product);
    memcpy(out_signature, r, 32);
}

static const uint8_t l_bytes[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
    0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};

static bool add_l(uint8_t *scalar) {
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)scalar[i] + l_bytes[i];
        scalar[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

static void ed25519_refuses_every_malleated_s(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 8; round++) {
        const ed25519_key key = make_ed25519_key(&random);
        const ed25519_key nonce = make_ed25519_key(&random);
        uint8_t signature[64];
        sign_ed25519(&key, nonce.scalar, nonce.point, ae_bytes_of("message"), signature);
        CHECK(ae_ed25519_verify(ae_bytes_of("message"), signature, key.point));
        int refused = 0;
        while (add_l(signature + 32)) { // S + L, S + 2L … while it fits into 32 bytes
            CHECK(!ae_ed25519_verify(ae_bytes_of("message"), signature, key.point));
            refused++;
        }
        CHECK(refused >= 14);
    }
}

// The canonical encodings of the eight points of small order, then what else decodes to one of them:
// y + p, which fits below 2^255 for y = 0 and 1, and a set sign where x is 0.
static const char *const small_order[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};
#define SMALL_ORDER_COUNT (sizeof small_order / sizeof small_order[0])

// R = S * B and h a multiple of 8: the equation holds for any A of small order.
static void ed25519_refuses_a_key_of_small_order_though_the_equation_holds(void) {
    uint64_t random = test_seed();
    for (size_t i = 0; i < SMALL_ORDER_COUNT; i++) {
        const ed25519_key nonce = make_ed25519_key(&random);
        uint8_t key[32], h[32], signature[64], message[8];
        from_hex(small_order[i], key, sizeof key);
        uint64_t number = 0;
        do {
            ae_put_u64_le(message, number++);
            challenge(nonce.point, key, ae_bytes(message, sizeof message), h);
        } while (h[0] % 8 != 0);
        memcpy(signature, nonce.point, 32);
        memcpy(signature + 32, nonce.scalar, 32);
        CHECK(!ae_ed25519_verify(ae_bytes(message, sizeof message), signature, key));
    }
}

// With nonce 0 the equation holds for R = the neutral element; with the others, only its cofactored form.
static void ed25519_refuses_a_signature_whose_r_has_small_order(void) {
    static const uint8_t zero[32] = {0};
    uint64_t random = test_seed();
    const ed25519_key key = make_ed25519_key(&random);
    for (size_t i = 0; i < SMALL_ORDER_COUNT; i++) {
        uint8_t r[32], signature[64];
        from_hex(small_order[i], r, sizeof r);
        sign_ed25519(&key, zero, r, ae_bytes_of("message"), signature);
        CHECK(!ae_ed25519_verify(ae_bytes_of("message"), signature, key.point));
    }
}

// Cofactorless: A plus a point of order 8 satisfies only the cofactored equation, unless 8 divides h.
static void ed25519_equation_is_cofactorless(void) {
    uint64_t random = test_seed();
    ed25519_key key = make_ed25519_key(&random);
    const ed25519_key nonce = make_ed25519_key(&random);
    uint8_t torsion[32], signature[64], message[8], h[32];
    from_hex(small_order[4], torsion, sizeof torsion);
    CHECK(crypto_core_ed25519_is_valid_point(torsion) == 0);
    // libsodium's addition takes any point on the curve, of whatever order.
    CHECK(crypto_core_ed25519_add(key.point, key.point, torsion) == 0);
    size_t accepted = 0;
    for (uint64_t number = 0; number < 64; number++) {
        ae_put_u64_le(message, number);
        sign_ed25519(&key, nonce.scalar, nonce.point, ae_bytes(message, sizeof message), signature);
        challenge(nonce.point, key.point, ae_bytes(message, sizeof message), h);
        const bool holds = h[0] % 8 == 0;
        CHECK(ae_ed25519_verify(ae_bytes(message, sizeof message), signature, key.point) == holds);
        accepted += holds;
    }
    CHECK(accepted < 64);
}

static void ed25519_refuses_every_y_of_p_or_more(void) {
    uint64_t random = test_seed();
    const ed25519_key key = make_ed25519_key(&random);
    const ed25519_key nonce = make_ed25519_key(&random);
    for (unsigned above = 0; above < 19; above++)
        for (unsigned sign = 0; sign < 2; sign++) {
            uint8_t encoded[32], signature[64];
            memset(encoded, 0xff, sizeof encoded);
            encoded[0] = (uint8_t)(0xed + above);
            encoded[31] = (uint8_t)(sign != 0 ? 0xff : 0x7f);
            sign_ed25519(&key, nonce.scalar, encoded, ae_bytes_of("message"), signature);
            CHECK(!ae_ed25519_verify(ae_bytes_of("message"), signature, key.point));
            sign_ed25519(&key, nonce.scalar, nonce.point, ae_bytes_of("message"), signature);
            CHECK(!ae_ed25519_verify(ae_bytes_of("message"), signature, encoded));
        }
}

static void ed25519_refuses_every_flipped_bit(void) {
    uint64_t random = test_seed();
    const ed25519_key key = make_ed25519_key(&random);
    const ed25519_key nonce = make_ed25519_key(&random);
    uint8_t bytes[32 + 64 + 4] = {0}; // key, signature, message
    memcpy(bytes, key.point, 32);
    memcpy(bytes + 96, "text", 4);
    sign_ed25519(&key, nonce.scalar, nonce.point, ae_bytes(bytes + 96, 4), bytes + 32);
    CHECK(ae_ed25519_verify(ae_bytes(bytes + 96, 4), bytes + 32, bytes));
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!ae_ed25519_verify(ae_bytes(bytes + 96, 4), bytes + 32, bytes));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK(!ae_ed25519_verify(ae_bytes(bytes + 96, 3), bytes + 32, bytes));
}

static const uint8_t n_bytes[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2,
    0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

/* A signature of secp256k1 in both forms, with its key. */
typedef struct secp256k1_case {
    uint8_t hash[32];
    uint8_t signature[65]; // r, s, v
    uint8_t key[33];
    uint8_t coordinates[64];
} secp256k1_case;

static secp256k1_case make_secp256k1_case(uint64_t *random) {
    secp256k1_case out;
    uint8_t secret[32], encoded[65];
    secp256k1_pubkey point;
    secp256k1_ecdsa_recoverable_signature signature;
    secp256k1_context *signer = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    fill_random(random, out.hash, sizeof out.hash);
    do
        fill_random(random, secret, sizeof secret);
    while (!secp256k1_ec_seckey_verify(signer, secret));
    CHECK(secp256k1_ec_pubkey_create(signer, &point, secret));
    CHECK(secp256k1_ecdsa_sign_recoverable(signer, &signature, out.hash, secret, NULL, NULL));
    int v = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(signer, out.signature, &v, &signature);
    out.signature[64] = (uint8_t)v;
    size_t len = sizeof out.key;
    secp256k1_ec_pubkey_serialize(signer, out.key, &len, &point, SECP256K1_EC_COMPRESSED);
    len = sizeof encoded;
    secp256k1_ec_pubkey_serialize(signer, encoded, &len, &point, SECP256K1_EC_UNCOMPRESSED);
    memcpy(out.coordinates, encoded + 1, 64);
    secp256k1_context_destroy(signer);
    return out;
}

// n - s, big endian.
static void negate_s(uint8_t *s) {
    int borrow = 0;
    for (size_t i = 32; i-- > 0;) {
        int difference = (int)n_bytes[i] - s[i] - borrow;
        borrow = difference < 0;
        s[i] = (uint8_t)(difference + 256 * borrow);
    }
}

static bool recovers(const secp256k1_case *at, uint8_t *out_key) {
    memset(out_key, 0xaa, 64);
    const bool recovered = ae_secp256k1_recover(at->hash, at->signature, out_key);
    if (!recovered)
        for (size_t i = 0; i < 64; i++)
            CHECK_U64(out_key[i], 0xaa);
    return recovered;
}

static void check_refused(const secp256k1_case *at) {
    uint8_t key[64];
    CHECK(!ae_secp256k1_verify(at->hash, at->signature, at->key));
    CHECK(!recovers(at, key));
}

static void secp256k1_library_passes_its_self_test(void) {
    secp256k1_selftest();
}

static void secp256k1_accepts_published_signatures(void) {
    uint8_t signature[65], key[64], compressed[33], hash32[32];
    aether_hash hash;
    from_hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", compressed, 33);
    from_hex("934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
             "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
        signature, sizeof signature);
    ae_sha256(ae_bytes_of("Satoshi Nakamoto"), &hash);
    CHECK(ae_secp256k1_verify(hash.bytes, signature, compressed));
    // A call of Ethereum's ecrecover, whose address is the end of the key's Keccak-256.
    from_hex("456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3", hash32, 32);
    from_hex("9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608"
             "4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada01",
        signature, sizeof signature);
    CHECK(ae_secp256k1_recover(hash32, signature, key));
    ae_keccak256(ae_bytes(key, sizeof key), &hash);
    uint8_t address[20];
    from_hex("7156526fbd7a3c72969b54f64e42c10fbb768c8a", address, sizeof address);
    CHECK_BYTES(ae_bytes(hash.bytes + 12, 20), ae_bytes(address, 20));
}

// RFC 6979 with the secret 1, as Bitcoin's libraries have them in their tests.
static void secp256k1_signs_published_signatures(void) {
    static const char *const vectors[][2] = {
        {"Satoshi Nakamoto", "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
                             "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
        {"All those moments will be lost in time, like tears in rain. Time to die...",
            "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
            "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
    };
    uint8_t secret[32] = {0};
    secret[31] = 1;
    for (size_t i = 0; i < 2; i++) {
        uint8_t expected[64], signature[64];
        aether_hash hash;
        from_hex(vectors[i][1], expected, sizeof expected);
        ae_sha256(ae_bytes_of(vectors[i][0]), &hash);
        CHECK(ae_secp256k1_sign(hash.bytes, secret, signature));
        CHECK_BYTES(ae_bytes(signature, 64), ae_bytes(expected, 64));
    }
}

// Digests of all zeros and all ones are signed as well; secrets that are no scalar leave the output alone.
static void secp256k1_signs_what_it_accepts(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 100; round++) {
        uint8_t hash[32], secret[32], key[33], signature[64];
        fill_random(&random, hash, sizeof hash);
        fill_random(&random, secret, sizeof secret);
        if (round < 2)
            memset(hash, round == 0 ? 0 : 0xff, sizeof hash);
        CHECK(ae_secp256k1_public(secret, key));
        CHECK(ae_secp256k1_sign(hash, secret, signature));
        CHECK(ae_secp256k1_verify(hash, signature, key));
    }
    for (int wrong = 0; wrong < 2; wrong++) {
        uint8_t hash[32] = {0}, secret[32] = {0}, key[33] = {7}, signature[64] = {7};
        if (wrong != 0)
            memset(secret, 0xff, sizeof secret);
        CHECK(!ae_secp256k1_public(secret, key));
        CHECK(!ae_secp256k1_sign(hash, secret, signature));
        CHECK_U64(key[0], 7);
        CHECK_U64(signature[0], 7);
    }
}

static void secp256k1_accepts_its_signatures_and_recovers_their_keys(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 50; round++) {
        const secp256k1_case at = make_secp256k1_case(&random);
        uint8_t key[64];
        CHECK(ae_secp256k1_verify(at.hash, at.signature, at.key));
        CHECK(recovers(&at, key));
        CHECK_BYTES(ae_bytes(key, 64), ae_bytes(at.coordinates, 64));
    }
}

static void secp256k1_refuses_the_high_s_of_the_same_signature(void) {
    uint64_t random = test_seed();
    for (int round = 0; round < 50; round++) {
        secp256k1_case at = make_secp256k1_case(&random);
        negate_s(at.signature + 32);
        at.signature[64] ^= 1; // the key it would recover is the same
        check_refused(&at);
    }
}

// s = (n - 1) / 2 is low, s = (n + 1) / 2 is high; the first is accepted with the key that it recovers.
static void secp256k1_draws_the_line_at_half_the_order(void) {
    uint64_t random = test_seed();
    secp256k1_case at = make_secp256k1_case(&random);
    uint8_t key[64], compressed[33];
    from_hex(
        "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", at.signature + 32, 32);
    CHECK(recovers(&at, key));
    compressed[0] = (uint8_t)(2 + key[63] % 2);
    memcpy(compressed + 1, key, 32);
    CHECK(ae_secp256k1_verify(at.hash, at.signature, compressed));
    at.signature[63]++;
    CHECK(!recovers(&at, key));
    CHECK(!ae_secp256k1_verify(at.hash, at.signature, compressed));
}

static void secp256k1_refuses_r_and_s_that_are_zero_or_not_below_the_order(void) {
    uint64_t random = test_seed();
    const secp256k1_case good = make_secp256k1_case(&random);
    for (size_t part = 0; part < 2; part++) {
        secp256k1_case at = good;
        memset(at.signature + 32 * part, 0, 32);
        check_refused(&at);
        memcpy(at.signature + 32 * part, n_bytes, 32);
        check_refused(&at);
        at.signature[32 * part + 31]++; // n + 1 is 1 modulo n
        check_refused(&at);
        memset(at.signature + 32 * part, 0xff, 32);
        check_refused(&at);
    }
}

static void secp256k1_recovery_takes_v_of_0_to_3_only(void) {
    uint64_t random = test_seed();
    secp256k1_case at = make_secp256k1_case(&random);
    const uint8_t right = at.signature[64];
    for (unsigned v = 0; v < 256; v++) {
        uint8_t key[64];
        at.signature[64] = (uint8_t)v;
        const bool recovered = recovers(&at, key);
        if (v > 3)
            CHECK(!recovered);
        if (v == right)
            CHECK(recovered);
        if (recovered && v != right)
            CHECK(memcmp(key, at.coordinates, 64) != 0);
    }
}

// v of 2 and 3 mean that the nonce point's x is r + n, which needs r below p - n.
static void secp256k1_recovery_serves_a_nonce_point_above_the_order(void) {
    uint64_t random = test_seed();
    secp256k1_case at = make_secp256k1_case(&random);
    size_t recovered = 0;
    for (unsigned r = 1; r < 40; r++) {
        uint8_t key[64], compressed[33];
        memset(at.signature, 0, 32);
        at.signature[31] = (uint8_t)r;
        at.signature[64] = (uint8_t)(2 + r % 2);
        if (!recovers(&at, key))
            continue;
        recovered++;
        compressed[0] = (uint8_t)(2 + key[63] % 2);
        memcpy(compressed + 1, key, 32);
        CHECK(ae_secp256k1_verify(at.hash, at.signature, compressed));
    }
    CHECK(recovered > 5);
    CHECK(recovered < 35);
}

static void secp256k1_refuses_what_is_no_compressed_key(void) {
    uint64_t random = test_seed();
    const secp256k1_case good = make_secp256k1_case(&random);
    for (unsigned kind = 0; kind < 256; kind++) {
        secp256k1_case at = good;
        at.key[0] = (uint8_t)kind;
        CHECK(ae_secp256k1_verify(at.hash, at.signature, at.key) == (kind == good.key[0]));
    }
    secp256k1_case at = good;
    memset(at.key + 1, 0xff, 32); // x above the field's order
    CHECK(!ae_secp256k1_verify(at.hash, at.signature, at.key));
    memset(at.key + 1, 0, 32); // no point has x = 0
    CHECK(!ae_secp256k1_verify(at.hash, at.signature, at.key));
    at.key[32] = 5; // nor x = 5
    CHECK(!ae_secp256k1_verify(at.hash, at.signature, at.key));
}

static void secp256k1_refuses_every_flipped_bit(void) {
    uint64_t random = test_seed();
    const secp256k1_case good = make_secp256k1_case(&random);
    for (size_t bit = 0; bit < 8 * (32 + 64 + 33); bit++) {
        secp256k1_case at = good;
        const size_t byte = bit / 8;
        uint8_t *changed = byte < 32   ? &at.hash[byte]
                           : byte < 96 ? &at.signature[byte - 32]
                                       : &at.key[byte - 96];
        *changed ^= (uint8_t)(1u << bit % 8);
        CHECK(!ae_secp256k1_verify(at.hash, at.signature, at.key));
    }
}

// Half of the random scalars are made extreme, so that parsers and arithmetic meet their edges.
static void random_bytes_never_abort_and_recovered_keys_verify(void) {
    uint64_t random = test_seed();
    size_t recovered_count = 0;
    for (int round = 0; round < 2000; round++) {
        secp256k1_case at;
        uint8_t key[64], compressed[33];
        fill_random(&random, at.hash, sizeof at.hash);
        fill_random(&random, at.signature, sizeof at.signature);
        fill_random(&random, at.key, sizeof at.key);
        at.signature[64] %= 5;
        const uint64_t choice = test_random(&random);
        if (choice % 4 == 0)
            memset(at.hash, choice & 4 ? 0xff : 0, 32);
        if (choice % 16 == 1)
            memset(at.signature, 0, 31);
        if (choice % 16 == 2)
            memcpy(at.signature + (choice & 32), n_bytes, 31);
        CHECK(!ae_secp256k1_verify(at.hash, at.signature, at.key));
        CHECK(!ae_ed25519_verify(ae_bytes(at.hash, 32), at.signature, at.key));
        if (!recovers(&at, key))
            continue;
        recovered_count++;
        compressed[0] = (uint8_t)(2 + key[63] % 2);
        memcpy(compressed + 1, key, 32);
        CHECK(ae_secp256k1_verify(at.hash, at.signature, compressed));
    }
    CHECK(recovered_count > 50);
}

TEST_MAIN(TEST(ed25519_agrees_with_wycheproof) TEST(secp256k1_agrees_with_wycheproof_on_low_s) TEST(
    secp256k1_differs_from_wycheproof_only_on_high_s)
        TEST(ed25519_signs_and_accepts_the_vectors_of_rfc_8032) TEST(
            ed25519_keeps_its_rule_where_libraries_disagree) TEST(ed25519_signs_what_it_accepts)
            TEST(secp256k1_signs_published_signatures) TEST(secp256k1_signs_what_it_accepts) TEST(
                ed25519_refuses_every_malleated_s)
                TEST(ed25519_refuses_a_key_of_small_order_though_the_equation_holds) TEST(
                    ed25519_refuses_a_signature_whose_r_has_small_order)
                    TEST(ed25519_equation_is_cofactorless) TEST(
                        ed25519_refuses_every_y_of_p_or_more) TEST(ed25519_refuses_every_flipped_bit)
                        TEST(secp256k1_library_passes_its_self_test) TEST(
                            secp256k1_accepts_published_signatures)
                            TEST(secp256k1_accepts_its_signatures_and_recovers_their_keys) TEST(
                                secp256k1_refuses_the_high_s_of_the_same_signature)
                                TEST(secp256k1_draws_the_line_at_half_the_order) TEST(
                                    secp256k1_refuses_r_and_s_that_are_zero_or_not_below_the_order)
                                    TEST(secp256k1_recovery_takes_v_of_0_to_3_only) TEST(
                                        secp256k1_recovery_serves_a_nonce_point_above_the_order)
                                        TEST(secp256k1_refuses_what_is_no_compressed_key)
                                            TEST(secp256k1_refuses_every_flipped_bit) TEST(
                                                random_bytes_never_abort_and_recovered_keys_verify))
