/* The signature functions hand the right bytes to the checks and give back 1, 0 or -1.
 * Method: RFC 8032's first test, a secp256k1 signature made by hand with a known nonce; each byte flipped;
 * overlap, the pointer matrix and the gas check. The rules themselves are tested in crypto. */
#include "host/test_frame.h"

static const char ed25519_key[] =
    "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"
    "\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
static const char ed25519_signature[] =
    "\xe5\x56\x43\x00\xc3\x60\xac\x72\x90\x86\xe2\xcc\x80\x6e\x82\x8a"
    "\x84\x87\x7f\x1e\xb8\xe5\xd9\x74\xd8\x73\xe0\x65\x22\x49\x01\x55"
    "\x5f\xb8\x82\x15\x90\xa3\x3b\xac\xc6\x1e\x39\x70\x1c\xf9\xb4\x6b"
    "\xd2\x5b\xf5\xf0\x59\x5b\xbe\x24\x65\x51\x41\x43\x8e\x7a\x10\x0b";

static const char hash[] = "\xab\x53\x0a\x13\xe4\x59\x14\x98\x2b\x79\xf9\xb7\xe3\xfb\xa9\x94"
                           "\xcf\xd1\xf3\xfb\x22\xf7\x1c\xea\x1a\xfb\xf0\x2b\x46\x0c\x6d\x1d";
static const char signature[] = // r, s, v
    "\x17\xf5\x32\x89\xea\xc9\x61\xe5\xad\xc8\x58\xd3\xca\x50\xda\xb0"
    "\x56\xdd\xca\x7a\x1a\x90\x6c\x08\x15\xa0\x36\x93\x12\xd1\xaa\x49"
    "\x71\x64\xe0\x45\x13\xcc\xfd\x00\x08\xd3\x49\x09\xbe\x2a\x54\x6b"
    "\xc0\xf6\x34\x28\x5c\xae\x07\x35\xfb\x9c\x4e\x4e\xac\x65\x5a\x97\x01";
static const char high_s[] = "\x8e\x9b\x1f\xba\xec\x33\x02\xff\xf7\x2c\xb6\xf6\x41\xd5\xab\x92"
                             "\xf9\xb8\xa8\xbe\x52\x9a\x99\x05\xc4\x36\x10\x3e\x23\xd0\xe6\xaa";
static const char key[] = "\x03" // odd y, then x, then y
                          "\xdf\x42\x30\x6e\x86\x72\xb7\x81\x29\x87\x47\x91\x40\xdf\x7e\x71"
                          "\xf8\xaf\x65\xe5\x8f\xb1\x79\x09\xd9\x78\x7a\x33\x51\xa8\x93\x77"
                          "\x15\x9c\x8c\xad\x9a\xd2\x2a\x85\x30\x69\x01\x95\x8c\x64\x23\x56"
                          "\xc5\x57\x4e\x4c\x0f\x24\x87\x96\xe9\x64\xa3\x0a\xd9\x71\x65\x55";

#define HASH_AT 100
#define SIGNATURE_AT 200
#define KEY_AT 300
#define OUT_AT 400

static void put_secp256k1(frame *f) {
    frame_put(f, HASH_AT, ae_bytes(hash, 32));
    frame_put(f, SIGNATURE_AT, ae_bytes(signature, 65));
    frame_put(f, KEY_AT, ae_bytes(key, 33));
}

static void put_ed25519(frame *f) {
    frame_put(f, SIGNATURE_AT, ae_bytes(ed25519_signature, 64));
    frame_put(f, KEY_AT, ae_bytes(ed25519_key, 32));
}

static void ed25519_accepts_the_published_signature_and_no_other(void) {
    static frame f;
    frame_open(&f, 0);
    put_ed25519(&f);
    CHECK_RESULT(&f, 1, ed25519_verify, 0, 0, SIGNATURE_AT, KEY_AT);
    CHECK_RESULT(&f, 0, ed25519_verify, 0, 1, SIGNATURE_AT, KEY_AT);
    for (uint32_t at = SIGNATURE_AT; at < KEY_AT + 32; at++) {
        if (at == SIGNATURE_AT + 64)
            at = KEY_AT;
        f.memory[at] ^= 1;
        CHECK_RESULT(&f, 0, ed25519_verify, 0, 0, SIGNATURE_AT, KEY_AT);
        f.memory[at] ^= 1;
    }
    frame_close(&f);
}

static void secp256k1_verify_accepts_the_signature_and_no_other(void) {
    static frame f;
    frame_open(&f, 0);
    put_secp256k1(&f);
    CHECK_RESULT(&f, 1, secp256k1_verify, HASH_AT, SIGNATURE_AT, KEY_AT);
    static const uint32_t ats[] = {
        HASH_AT, HASH_AT + 31, SIGNATURE_AT, SIGNATURE_AT + 63, KEY_AT, KEY_AT + 32};
    for (size_t i = 0; i < sizeof ats / sizeof ats[0]; i++) {
        f.memory[ats[i]] ^= 1;
        CHECK_RESULT(&f, 0, secp256k1_verify, HASH_AT, SIGNATURE_AT, KEY_AT);
        f.memory[ats[i]] ^= 1;
    }
    frame_put(&f, SIGNATURE_AT + 32, ae_bytes(high_s, 32));
    CHECK_RESULT(&f, 0, secp256k1_verify, HASH_AT, SIGNATURE_AT, KEY_AT);
    frame_close(&f);
}

static void secp256k1_recover_writes_the_key_or_nothing(void) {
    static frame f;
    frame_open(&f, 0);
    put_secp256k1(&f);
    frame_put_text(&f, OUT_AT + 64, ">");
    CHECK_RESULT(&f, 0, secp256k1_recover, HASH_AT, SIGNATURE_AT, OUT_AT);
    CHECK_BYTES(frame_bytes(&f, OUT_AT, 64), ae_bytes(key + 1, 64));
    CHECK_U64(f.memory[OUT_AT + 64], '>');
    for (uint32_t v = 4; v < 256; v++) {
        f.memory[SIGNATURE_AT + 64] = (uint8_t)v;
        frame_mark_now(&f);
        CHECK_RESULT(&f, -1, secp256k1_recover, HASH_AT, SIGNATURE_AT, OUT_AT);
        frame_check_untouched(&f);
    }
    f.memory[SIGNATURE_AT + 64] = 0; // the other key
    frame_put(&f, SIGNATURE_AT + 32, ae_bytes(high_s, 32));
    frame_mark_now(&f);
    CHECK_RESULT(&f, -1, secp256k1_recover, HASH_AT, SIGNATURE_AT, OUT_AT);
    frame_check_untouched(&f);
    frame_close(&f);
}

static void the_output_may_lie_over_the_inputs(void) {
    static const uint32_t outs[] = {HASH_AT - 1, HASH_AT, HASH_AT + 1, HASH_AT + 63,
        SIGNATURE_AT - 1, SIGNATURE_AT, SIGNATURE_AT + 1, SIGNATURE_AT + 64};
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++) {
        static frame f;
        frame_open(&f, 0);
        put_secp256k1(&f);
        CHECK_RESULT(&f, 0, secp256k1_recover, HASH_AT, SIGNATURE_AT, outs[i]);
        CHECK_BYTES(frame_bytes(&f, outs[i], 64), ae_bytes(key + 1, 64));
        frame_close(&f);
    }
}

static void every_pointer_is_checked(void) {
    static const pointer_case cases[] = {
        {AE_HOST_PRICE_ed25519_verify, {0, 0, SIGNATURE_AT, KEY_AT}, .ptr = 0, .len = 1},
        {AE_HOST_PRICE_ed25519_verify, {0, 9, 0, KEY_AT}, .ptr = 2, .len = FIXED_LEN,
            .fixed_len = 64},
        {AE_HOST_PRICE_ed25519_verify, {0, 9, SIGNATURE_AT, 0}, .ptr = 3, .len = FIXED_LEN,
            .fixed_len = 32},
        {AE_HOST_PRICE_secp256k1_recover, {0, SIGNATURE_AT, OUT_AT}, .ptr = 0, .len = FIXED_LEN,
            .fixed_len = 32, .prepare = put_secp256k1},
        {AE_HOST_PRICE_secp256k1_recover, {HASH_AT, 0, OUT_AT}, .ptr = 1, .len = FIXED_LEN,
            .fixed_len = 65, .prepare = put_secp256k1},
        {AE_HOST_PRICE_secp256k1_recover, {HASH_AT, SIGNATURE_AT, 0}, .ptr = 2, .len = FIXED_LEN,
            .fixed_len = 64, .prepare = put_secp256k1},
        // also where no key would be written
        {AE_HOST_PRICE_secp256k1_recover, {HASH_AT, SIGNATURE_AT, 0}, .ptr = 2, .len = FIXED_LEN,
            .fixed_len = 64},
        {AE_HOST_PRICE_secp256k1_verify, {0, SIGNATURE_AT, KEY_AT}, .ptr = 0, .len = FIXED_LEN,
            .fixed_len = 32},
        {AE_HOST_PRICE_secp256k1_verify, {HASH_AT, 0, KEY_AT}, .ptr = 1, .len = FIXED_LEN,
            .fixed_len = 64},
        {AE_HOST_PRICE_secp256k1_verify, {HASH_AT, SIGNATURE_AT, 0}, .ptr = 2, .len = FIXED_LEN,
            .fixed_len = 33},
    };
    CHECK_POINTERS(cases);
}

static void gas_is_exact(void) {
    static const gas_case cases[] = {
        {AE_HOST_PRICE_ed25519_verify, {0, 0, SIGNATURE_AT, KEY_AT}, .prepare = put_ed25519},
        {AE_HOST_PRICE_ed25519_verify, {0, 5000, SIGNATURE_AT, KEY_AT}, .bytes_in = 5000},
        {AE_HOST_PRICE_secp256k1_recover, {HASH_AT, SIGNATURE_AT, OUT_AT}, .bytes_out = 64,
            .prepare = put_secp256k1},
        {AE_HOST_PRICE_secp256k1_recover, {HASH_AT, SIGNATURE_AT, OUT_AT}, .bytes_in = 0}, // no key
        {AE_HOST_PRICE_secp256k1_verify, {HASH_AT, SIGNATURE_AT, KEY_AT}, .prepare = put_secp256k1},
    };
    CHECK_GAS(cases);
}

TEST_MAIN(TEST(ed25519_accepts_the_published_signature_and_no_other)
        TEST(secp256k1_verify_accepts_the_signature_and_no_other) TEST(
            secp256k1_recover_writes_the_key_or_nothing) TEST(the_output_may_lie_over_the_inputs)
            TEST(every_pointer_is_checked) TEST(gas_is_exact))
