#include "crypto/sha256.h"
#include "crypto/sha256_internal.h"

#if AE_SHA256_HAS_X86
#include <cpuid.h>
#include <immintrin.h>
#endif

#define BLOCK_LEN 64
#define PAIR_LEN (1 + 2 * AETHER_HASH_LEN) /* bytes of a tree node's message */
#define LANES_MAX 4

static const uint32_t initial_words[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t round_constants[64] __attribute__((aligned(64))) = {0x428a2f98, 0x71374491,
    0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
    0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138,
    0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f,
    0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t get_u32_be(const uint8_t *in) {
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | (uint32_t)in[3];
}

static void put_u32_be(uint8_t *out, uint32_t value) {
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put_words(const uint32_t *words, uint8_t *out) {
    for (int i = 0; i < 8; i++)
        put_u32_be(out + 4 * i, words[i]);
}

static uint32_t rotate_right(uint32_t word, int by) {
    return word >> by | word << (32 - by);
}

// FIPS 180-4, 6.2.2; `w` is a ring of the schedule's last sixteen words.
static void compress_block(uint32_t *words, const uint8_t *block) {
    uint32_t s[8], w[16];
    memcpy(s, words, sizeof s);
    for (int i = 0; i < 16; i++)
        w[i] = get_u32_be(block + 4 * i);
    for (int t = 0; t < 64; t++) {
        if (t >= 16) {
            const uint32_t w2 = w[(t - 2) & 15], w15 = w[(t - 15) & 15];
            w[t & 15] += (rotate_right(w2, 17) ^ rotate_right(w2, 19) ^ w2 >> 10) +
                         w[(t - 7) & 15] +
                         (rotate_right(w15, 7) ^ rotate_right(w15, 18) ^ w15 >> 3);
        }
        const uint32_t a = s[0], e = s[4];
        const uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        const uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        const uint32_t t1 =
            s[7] + sum1 + ((e & s[5]) ^ (~e & s[6])) + round_constants[t] + w[t & 15];
        const uint32_t t2 = sum0 + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        words[i] += s[i];
}

void ae_sha256_compress_portable(uint32_t *words, const uint8_t *blocks, size_t count) {
    for (size_t i = 0; i < count; i++)
        compress_block(words, blocks + i * BLOCK_LEN);
}

void ae_sha256_pairs_portable(uint8_t prefix, const ae_sha256_pair *pairs, size_t count) {
    uint32_t words[LANES_MAX][8];
    for (size_t start = 0; start < count; start += LANES_MAX) {
        const size_t lanes = count - start < LANES_MAX ? count - start : LANES_MAX;
        for (size_t i = 0; i < lanes; i++) {
            uint8_t blocks[2 * BLOCK_LEN] = {prefix};
            memcpy(blocks + 1, pairs[start + i].a, AETHER_HASH_LEN);
            memcpy(blocks + 1 + AETHER_HASH_LEN, pairs[start + i].b, AETHER_HASH_LEN);
            blocks[PAIR_LEN] = 0x80;
            put_u32_be(blocks + sizeof blocks - 4, 8 * PAIR_LEN);
            memcpy(words[i], initial_words, sizeof initial_words);
            ae_sha256_compress_portable(words[i], blocks, 2);
        }
        for (size_t i = 0; i < lanes; i++)
            put_words(words[i], pairs[start + i].out->bytes);
    }
}

#if AE_SHA256_HAS_X86

#define X86 __attribute__((target("sha,sse4.1")))
#define X86_INLINE X86 __attribute__((always_inline)) static inline

/* One message's state, in the two halves that the instructions want, and the schedule's last sixteen words. */
typedef struct lane {
    __m128i abef;
    __m128i cdgh;
    __m128i w[4];
} lane;

// Reverses the bytes of each 32-bit word.
X86_INLINE __m128i byte_order(void) {
    return _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
}

X86_INLINE void begin_lane(lane *at) {
    at->abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    at->cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
}

// The sixteen words are in `w`. `count` is a constant where this is inlined: the lanes take turns in each round.
X86_INLINE void compress_lanes(lane *lanes, const int count) {
    __m128i abef[LANES_MAX], cdgh[LANES_MAX];
#pragma GCC unroll 4
    for (int j = 0; j < count; j++) {
        abef[j] = lanes[j].abef;
        cdgh[j] = lanes[j].cdgh;
    }
#pragma GCC unroll 16
    for (int r = 0; r < 16; r++) {
        const __m128i k = _mm_load_si128((const __m128i *)(round_constants + 4 * r));
#pragma GCC unroll 4
        for (int j = 0; j < count; j++) {
            lane *at = &lanes[j];
            const __m128i w = at->w[r & 3];
            __m128i sum = _mm_add_epi32(w, k);
            at->cdgh = _mm_sha256rnds2_epu32(at->cdgh, at->abef, sum);
            sum = _mm_shuffle_epi32(sum, 0x0e);
            at->abef = _mm_sha256rnds2_epu32(at->abef, at->cdgh, sum);
            if (r >= 12)
                continue;
            __m128i next = _mm_sha256msg1_epu32(w, at->w[(r + 1) & 3]);
            next = _mm_add_epi32(next, _mm_alignr_epi8(at->w[(r + 3) & 3], at->w[(r + 2) & 3], 4));
            at->w[r & 3] = _mm_sha256msg2_epu32(next, at->w[(r + 3) & 3]);
        }
    }
#pragma GCC unroll 4
    for (int j = 0; j < count; j++) {
        lanes[j].abef = _mm_add_epi32(lanes[j].abef, abef[j]);
        lanes[j].cdgh = _mm_add_epi32(lanes[j].cdgh, cdgh[j]);
    }
}

X86_INLINE __m128i load(const uint8_t *in) {
    return _mm_loadu_si128((const __m128i *)in);
}

// The first block is the prefix and all but the last byte of the pair: each vector takes the last byte of the
// one before it.
X86_INLINE void first_block(lane *at, uint8_t prefix, const ae_sha256_pair *pair) {
    const __m128i a0 = load(pair->a), a1 = load(pair->a + 16);
    const __m128i b0 = load(pair->b), b1 = load(pair->b + 16);
    const __m128i before = _mm_slli_si128(_mm_cvtsi32_si128(prefix), 15);
    at->w[0] = _mm_shuffle_epi8(_mm_alignr_epi8(a0, before, 15), byte_order());
    at->w[1] = _mm_shuffle_epi8(_mm_alignr_epi8(a1, a0, 15), byte_order());
    at->w[2] = _mm_shuffle_epi8(_mm_alignr_epi8(b0, a1, 15), byte_order());
    at->w[3] = _mm_shuffle_epi8(_mm_alignr_epi8(b1, b0, 15), byte_order());
}

// The second is the last byte, the mark behind it, and the length in bits.
X86_INLINE void second_block(lane *at, uint8_t last) {
    at->w[0] = _mm_cvtsi32_si128((int)((uint32_t)last << 24 | 0x800000));
    at->w[1] = _mm_setzero_si128();
    at->w[2] = _mm_setzero_si128();
    at->w[3] = _mm_set_epi32(8 * PAIR_LEN, 0, 0, 0);
}

X86_INLINE void store_lane(const lane *at, uint8_t *out) {
    const __m128i feba = _mm_shuffle_epi32(at->abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(at->cdgh, 0xb1);
    const __m128i dcba = _mm_blend_epi16(feba, dchg, 0xf0);
    const __m128i hgfe = _mm_alignr_epi8(dchg, feba, 8);
    _mm_storeu_si128((__m128i *)out, _mm_shuffle_epi8(dcba, byte_order()));
    _mm_storeu_si128((__m128i *)(out + 16), _mm_shuffle_epi8(hgfe, byte_order()));
}

X86_INLINE void hash_pairs(uint8_t prefix, const ae_sha256_pair *pairs, const int count) {
    lane lanes[LANES_MAX];
    uint8_t last[LANES_MAX];
#pragma GCC unroll 4
    for (int j = 0; j < count; j++) {
        begin_lane(&lanes[j]);
        first_block(&lanes[j], prefix, &pairs[j]);
        last[j] = pairs[j].b[AETHER_HASH_LEN - 1];
    }
    compress_lanes(lanes, count);
#pragma GCC unroll 4
    for (int j = 0; j < count; j++)
        second_block(&lanes[j], last[j]);
    compress_lanes(lanes, count);
#pragma GCC unroll 4
    for (int j = 0; j < count; j++)
        store_lane(&lanes[j], pairs[j].out->bytes);
}

X86 void ae_sha256_pairs_x86(uint8_t prefix, const ae_sha256_pair *pairs, size_t count) {
    for (; count >= 4; count -= 4, pairs += 4)
        hash_pairs(prefix, pairs, 4);
    if (count == 3)
        hash_pairs(prefix, pairs, 3);
    else if (count == 2)
        hash_pairs(prefix, pairs, 2);
    else if (count == 1)
        hash_pairs(prefix, pairs, 1);
}

X86 void ae_sha256_compress_x86(uint32_t *words, const uint8_t *blocks, size_t count) {
    const __m128i dcba = _mm_loadu_si128((const __m128i *)words);
    const __m128i hgfe = _mm_loadu_si128((const __m128i *)(words + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    lane at = {.abef = _mm_alignr_epi8(cdab, efgh, 8), .cdgh = _mm_blend_epi16(efgh, cdab, 0xf0)};
    for (; count > 0; count--, blocks += BLOCK_LEN) {
        for (int i = 0; i < 4; i++)
            at.w[i] = _mm_shuffle_epi8(load(blocks + 16 * i), byte_order());
        compress_lanes(&at, 1);
    }
    const __m128i feba = _mm_shuffle_epi32(at.abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(at.cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(words + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// The loader runs these before anything else of the program is ready: no instrumentation, no call elsewhere.
#define RESOLVER __attribute__((no_sanitize("address", "undefined"), no_stack_protector, used))

RESOLVER static inline __attribute__((always_inline)) bool is_supported(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_SSE4_1) == 0)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

bool ae_sha256_x86_is_supported(void) {
    return is_supported();
}

RESOLVER static ae_sha256_compress resolve_compress(void) {
    return is_supported() ? ae_sha256_compress_x86 : ae_sha256_compress_portable;
}

RESOLVER static ae_sha256_pairs_hash resolve_pairs(void) {
    return is_supported() ? ae_sha256_pairs_x86 : ae_sha256_pairs_portable;
}

static void compress(uint32_t *words, const uint8_t *blocks, size_t count)
    __attribute__((ifunc("resolve_compress")));

void ae_sha256_pairs(uint8_t prefix, const ae_sha256_pair *pairs, size_t count)
    __attribute__((ifunc("resolve_pairs")));

#else

static void compress(uint32_t *words, const uint8_t *blocks, size_t count) {
    ae_sha256_compress_portable(words, blocks, count);
}

void ae_sha256_pairs(uint8_t prefix, const ae_sha256_pair *pairs, size_t count) {
    ae_sha256_pairs_portable(prefix, pairs, count);
}

#endif

void ae_sha256_init(ae_sha256_state *state) {
    *state = (ae_sha256_state){0};
    memcpy(state->words, initial_words, sizeof initial_words);
}

void ae_sha256_update(ae_sha256_state *state, aether_bytes bytes) {
    if (bytes.len == 0)
        return;
    const size_t filled = state->len % BLOCK_LEN;
    state->len += bytes.len;
    size_t at = 0;
    if (filled != 0) {
        at = bytes.len < BLOCK_LEN - filled ? bytes.len : BLOCK_LEN - filled;
        memcpy(state->block + filled, bytes.data, at);
        if (filled + at < BLOCK_LEN)
            return;
        compress(state->words, state->block, 1);
    }
    const size_t blocks = (bytes.len - at) / BLOCK_LEN;
    if (blocks != 0)
        compress(state->words, bytes.data + at, blocks);
    at += blocks * BLOCK_LEN;
    memcpy(state->block, bytes.data + at, bytes.len - at);
}

void ae_sha256_final(ae_sha256_state *state, aether_hash *out) {
    const size_t filled = state->len % BLOCK_LEN;
    uint8_t last[2 * BLOCK_LEN] = {0};
    memcpy(last, state->block, filled);
    last[filled] = 0x80;
    const size_t count = filled + 1 + 8 <= BLOCK_LEN ? 1 : 2;
    uint8_t *len_end = last + count * BLOCK_LEN;
    put_u32_be(len_end - 8, (uint32_t)(state->len >> 29));
    put_u32_be(len_end - 4, (uint32_t)(state->len << 3));
    compress(state->words, last, count);
    put_words(state->words, out->bytes);
}
