/* The hash functions give the digests of their standards at every length around their blocks.
 * Method: published vectors; all lengths to 300 against digests made with Python's hashlib, and, for Keccak,
 * against a second implementation that is written below from the specification. */
#include "crypto/hash.h"

#include "harness/test.h"

static aether_hash from_hex(const char *hex) {
    aether_hash hash;
    CHECK_U64(strlen(hex), 2 * AETHER_HASH_LEN);
    for (size_t i = 0; i < AETHER_HASH_LEN; i++) {
        unsigned byte = 0;
        for (size_t j = 0; j < 2; j++) {
            const char digit = hex[2 * i + j];
            byte = 16 * byte + (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
        }
        hash.bytes[i] = (uint8_t)byte;
    }
    return hash;
}

#define CHECK_HASH(hash, hex)                                 \
    do {                                                      \
        const aether_hash check_expected = from_hex(hex);     \
        CHECK_BYTES(ae_bytes((hash).bytes, AETHER_HASH_LEN),  \
            ae_bytes(check_expected.bytes, AETHER_HASH_LEN)); \
    } while (0)

typedef void (*hash_function)(aether_bytes bytes, aether_hash *out);

static aether_hash hash_text(hash_function function, const char *text) {
    aether_hash hash;
    function(ae_bytes_of(text), &hash);
    return hash;
}

static void fill(uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(i * 7 + len);
}

// The hash of the hashes of the patterns of 0 to 300 bytes.
static aether_hash hash_all_lengths(hash_function function) {
    static uint8_t hashes[301 * AETHER_HASH_LEN];
    for (size_t len = 0; len <= 300; len++) {
        uint8_t bytes[300];
        aether_hash hash;
        fill(bytes, len);
        function(ae_bytes(bytes, len), &hash);
        memcpy(hashes + len * AETHER_HASH_LEN, hash.bytes, AETHER_HASH_LEN);
    }
    aether_hash all;
    function(ae_bytes(hashes, sizeof hashes), &all);
    return all;
}

static void sha256_gives_the_published_digests(void) {
    CHECK_HASH(hash_text(ae_sha256, ""),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_HASH(hash_text(ae_sha256, "abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_HASH(hash_text(ae_sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static uint8_t million[1000000];
    memset(million, 'a', sizeof million);
    aether_hash hash;
    ae_sha256(ae_bytes(million, sizeof million), &hash);
    CHECK_HASH(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void sha256_is_right_at_every_length_to_300(void) {
    CHECK_HASH(hash_all_lengths(ae_sha256),
        "60d63ff40b5558727a9b786ac0be9300f7ca58fd9ddd3b2f3681b369018a87dc");
}

static void blake2b256_gives_the_published_digests(void) {
    CHECK_HASH(hash_text(ae_blake2b256, ""),
        "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    CHECK_HASH(hash_text(ae_blake2b256, "abc"),
        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void blake2b256_is_right_at_every_length_to_300(void) {
    CHECK_HASH(hash_all_lengths(ae_blake2b256),
        "54574d1ba9335590a9a260c8f4122a5723783d894d53d5c48729e40d329e80ff");
}

static void keccak256_gives_the_published_digests(void) {
    CHECK_HASH(hash_text(ae_keccak256, ""),
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    CHECK_HASH(hash_text(ae_keccak256, "abc"),
        "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

static uint64_t rotate_left(uint64_t lane, unsigned by) {
    return by == 0 ? lane : lane << by | lane >> (64 - by);
}

// Keccak-f[1600], FIPS 202 section 3, with constants computed by their definitions.
static void reference_permute(uint64_t a[5][5]) {
    unsigned lfsr = 1;
    for (unsigned round = 0; round < 24; round++) {
        uint64_t c[5], b[5][5];
        for (unsigned x = 0; x < 5; x++)
            c[x] = a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4];
        for (unsigned x = 0; x < 5; x++)
            for (unsigned y = 0; y < 5; y++)
                a[x][y] ^= c[(x + 4) % 5] ^ rotate_left(c[(x + 1) % 5], 1);
        b[0][0] = a[0][0];
        for (unsigned t = 0, x = 1, y = 0; t < 24; t++) { // rho, and pi: (x, y) to (y, 2x + 3y)
            const unsigned next_y = (2 * x + 3 * y) % 5;
            b[y][next_y] = rotate_left(a[x][y], (t + 1) * (t + 2) / 2 % 64);
            x = y;
            y = next_y;
        }
        for (unsigned x = 0; x < 5; x++)
            for (unsigned y = 0; y < 5; y++)
                a[x][y] = b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y]);
        for (unsigned j = 0; j <= 6; j++) {
            a[0][0] ^= (uint64_t)(lfsr & 1) << ((1u << j) - 1);
            lfsr = lfsr << 1 ^ (lfsr >> 7) * 0x171;
        }
    }
}

static aether_hash reference_keccak256(const uint8_t *bytes, size_t len) {
    uint64_t a[5][5] = {{0}};
    const size_t padded_len = (len / 136 + 1) * 136;
    for (size_t i = 0; i < padded_len; i++) {
        unsigned byte = i < len ? bytes[i] : 0;
        byte ^= i == len ? 0x01 : 0;
        byte ^= i == padded_len - 1 ? 0x80 : 0;
        const size_t lane = i % 136 / 8;
        a[lane % 5][lane / 5] ^= (uint64_t)byte << (8 * (i % 8));
        if (i % 136 == 135)
            reference_permute(a);
    }
    aether_hash hash;
    for (size_t i = 0; i < AETHER_HASH_LEN; i++)
        hash.bytes[i] = (uint8_t)(a[i / 8][0] >> (8 * (i % 8)));
    return hash;
}

static void check_keccak(const uint8_t *bytes, size_t len) {
    aether_hash hash;
    const aether_hash expected = reference_keccak256(bytes, len);
    ae_keccak256(ae_bytes(bytes, len), &hash);
    CHECK_BYTES(ae_bytes(hash.bytes, AETHER_HASH_LEN), ae_bytes(expected.bytes, AETHER_HASH_LEN));
}

static void keccak256_agrees_with_a_second_implementation_at_every_length_to_300(void) {
    for (size_t len = 0; len <= 300; len++) {
        uint8_t bytes[300];
        fill(bytes, len);
        check_keccak(bytes, len);
    }
}

static void keccak256_agrees_with_a_second_implementation_around_many_blocks(void) {
    uint64_t random = test_seed();
    static uint8_t bytes[136 * 480 + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_random(&random);
    for (size_t blocks = 1; blocks <= 480; blocks += 37)
        for (size_t len = 136 * blocks - 1; len <= 136 * blocks + 1; len++)
            check_keccak(bytes, len);
}

static void no_bytes_may_be_a_null_view(void) {
    aether_hash hash;
    ae_sha256(ae_bytes(NULL, 0), &hash);
    CHECK_HASH(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ae_keccak256(ae_bytes(NULL, 0), &hash);
    CHECK_HASH(hash, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    ae_blake2b256(ae_bytes(NULL, 0), &hash);
    CHECK_HASH(hash, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

static void tagged_hash_is_sha256_of_tag_and_bytes(void) {
    aether_hash hash;
    ae_hash_tagged("block", ae_bytes_of("abc"), &hash);
    CHECK_HASH(hash,
        "25f575640a266608af8bf1d8279579dd3620a69eddfefc895a2f54daef094965"); // of "aether/block/v1\0abc"
    ae_hash_tagged("", ae_bytes(NULL, 0), &hash);
    CHECK_HASH(hash,
        "6088bc640a6f9e13b8c1a4e2e4abee33ae7bc4b7fa292960b3e1c6432aceb8ff"); // of "aether//v1\0"
}

static void mac_gives_the_published_codes(void) {
    // RFC 4231, cases 1 and 2: HMAC fills shorter keys up with zeros.
    uint8_t key[AE_MAC_KEY_LEN] = {0};
    aether_hash mac;
    memset(key, 0x0b, 20);
    const aether_bytes parts[3] = {ae_bytes_of("Hi "), ae_bytes(NULL, 0), ae_bytes_of("There")};
    ae_mac(key, parts, 3, &mac);
    CHECK_HASH(mac, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    memset(key, 0, sizeof key);
    memcpy(key, "Jefe", 4);
    const aether_bytes text = ae_bytes_of("what do ya want for nothing?");
    ae_mac(key, &text, 1, &mac);
    CHECK_HASH(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void mac_with_key(aether_bytes bytes, aether_hash *out) {
    uint8_t key[AE_MAC_KEY_LEN];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    ae_mac(key, &bytes, 1, out);
}

static void mac_is_right_at_every_length_to_300(void) {
    static uint8_t macs[301 * AETHER_HASH_LEN];
    for (size_t len = 0; len <= 300; len++) {
        uint8_t bytes[300];
        aether_hash mac;
        fill(bytes, len);
        mac_with_key(ae_bytes(bytes, len), &mac);
        memcpy(macs + len * AETHER_HASH_LEN, mac.bytes, AETHER_HASH_LEN);
    }
    aether_hash all;
    ae_sha256(ae_bytes(macs, sizeof macs), &all);
    CHECK_HASH(all, "03b3e2d265264551c5463847208b5286c0135173d1b4f37001d6f1dc77e5eb6d");
}

static void macs_are_equal_only_in_every_bit(void) {
    aether_hash mac;
    mac_with_key(ae_bytes_of("abc"), &mac);
    for (size_t bit = 0; bit < 8 * AETHER_HASH_LEN; bit++) {
        aether_hash other = mac;
        CHECK(ae_mac_equal(&mac, &other));
        other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!ae_mac_equal(&mac, &other));
    }
}

TEST_MAIN(TEST(sha256_gives_the_published_digests) TEST(sha256_is_right_at_every_length_to_300)
        TEST(blake2b256_gives_the_published_digests) TEST(
            blake2b256_is_right_at_every_length_to_300) TEST(keccak256_gives_the_published_digests)
            TEST(keccak256_agrees_with_a_second_implementation_at_every_length_to_300)
                TEST(keccak256_agrees_with_a_second_implementation_around_many_blocks) TEST(
                    no_bytes_may_be_a_null_view) TEST(tagged_hash_is_sha256_of_tag_and_bytes)
                    TEST(mac_gives_the_published_codes) TEST(mac_is_right_at_every_length_to_300)
                        TEST(macs_are_equal_only_in_every_bit))
