// Nine kernels in one contract. Input: the kernel's number and its size, two u32; result: a number that
// depends on all of its work.
//
// BENCH_SHIFT moves the code: where a loop lies in a cache line changes its speed by more than what is
// measured, so every kernel begins with that many stores, and a function before them grows with it.
#include <stdint.h>

#define KERNEL __attribute__((noinline)) static

__attribute__((import_module("env"), import_name("input"))) uint32_t input(
    void *out, uint32_t capacity);

static volatile uint32_t moved[4];

#if BENCH_SHIFT == 0
#define SHIFT() ((void)0)
#elif BENCH_SHIFT == 1
#define SHIFT() (moved[0] = 1)
#elif BENCH_SHIFT == 2
#define SHIFT() (moved[0] = 1, moved[1] = 2)
#else
#define SHIFT() (moved[0] = 1, moved[1] = 2, moved[2] = 3)
#endif

// Never run.
KERNEL uint32_t padding(uint32_t size) {
    SHIFT();
    moved[3] = size;
#if BENCH_SHIFT % 2 == 1
    moved[2] = size * 3;
    moved[1] = size / 5;
    moved[0] = size % 7;
#endif
    return size;
}

static uint8_t bytes_in[1 << 18];
static uint8_t bytes_out[1 << 20];

// ---- SHA-256: FIPS 180-4, 6.2.2

static const uint32_t sha_constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
    0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t turn_right(uint32_t word, unsigned count) {
    return word >> count | word << (32 - count);
}

KERNEL void sha_block(uint32_t state[8], const uint8_t *block) {
    uint32_t schedule[64], v[8];
    SHIFT();
    for (int t = 0; t < 16; t++) {
        const uint8_t *p = block + 4 * t;
        schedule[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    for (int t = 16; t < 64; t++) {
        const uint32_t near = schedule[t - 2], far = schedule[t - 15];
        schedule[t] = (turn_right(near, 17) ^ turn_right(near, 19) ^ near >> 10) + schedule[t - 7] +
                      (turn_right(far, 7) ^ turn_right(far, 18) ^ far >> 3) + schedule[t - 16];
    }
    for (int i = 0; i < 8; i++)
        v[i] = state[i];
    for (int t = 0; t < 64; t++) {
        const uint32_t first = v[7] +
                               (turn_right(v[4], 6) ^ turn_right(v[4], 11) ^ turn_right(v[4], 25)) +
                               ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha_constants[t] + schedule[t];
        const uint32_t second =
            (turn_right(v[0], 2) ^ turn_right(v[0], 13) ^ turn_right(v[0], 22)) +
            ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6];
        v[6] = v[5];
        v[5] = v[4];
        v[4] = v[3] + first;
        v[3] = v[2];
        v[2] = v[1];
        v[1] = v[0];
        v[0] = first + second;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

KERNEL uint32_t run_sha256(uint32_t block_count) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
        0x1f83d9ab, 0x5be0cd19};
    for (uint32_t i = 0; i < 64 * 1024; i++)
        bytes_in[i] = (uint8_t)(i * 7);
    for (uint32_t i = 0; i < block_count; i++)
        sha_block(state, bytes_in + 64 * (i % 1024));
    return state[0];
}

// ---- Keccak-f[1600]: FIPS 202, 3.2 and 3.3

static const uint64_t keccak_constants[24] = {0x0000000000000001, 0x0000000000008082,
    0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b,
    0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080,
    0x0000000080000001, 0x8000000080008008};
// By lane x + 5y.
static const uint8_t keccak_turns[25] = {
    0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14};

static inline uint64_t turn_left(uint64_t word, unsigned count) {
    return word << count | word >> ((64 - count) % 64);
}

KERNEL void keccak_permute(uint64_t lanes[25]) {
    uint64_t parity[5], moved_lanes[25];
    SHIFT();
    for (int round = 0; round < 24; round++) {
        for (int x = 0; x < 5; x++)
            parity[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
        for (int x = 0; x < 5; x++)
            for (int y = 0; y < 5; y++) {
                const uint64_t mixed =
                    lanes[x + 5 * y] ^ parity[(x + 4) % 5] ^ turn_left(parity[(x + 1) % 5], 1);
                moved_lanes[y + 5 * ((2 * x + 3 * y) % 5)] =
                    turn_left(mixed, keccak_turns[x + 5 * y]);
            }
        for (int y = 0; y < 25; y += 5)
            for (int x = 0; x < 5; x++)
                lanes[x + y] = moved_lanes[x + y] ^
                               (~moved_lanes[(x + 1) % 5 + y] & moved_lanes[(x + 2) % 5 + y]);
        lanes[0] ^= keccak_constants[round];
    }
}

KERNEL uint32_t run_keccak(uint32_t count) {
    uint64_t lanes[25];
    for (int i = 0; i < 25; i++)
        lanes[i] = (uint64_t)i;
    for (uint32_t i = 0; i < count; i++)
        keccak_permute(lanes);
    return (uint32_t)lanes[0];
}

// ---- Matrix product, 128 x 128

enum { SIDE = 128 };

static uint32_t left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

KERNEL void multiply(void) {
    SHIFT();
    for (uint32_t row = 0; row < SIDE; row++)
        for (uint32_t column = 0; column < SIDE; column++) {
            uint32_t sum = 0;
            for (uint32_t i = 0; i < SIDE; i++)
                sum += left[row][i] * right[i][column];
            product[row][column] = sum;
        }
}

KERNEL uint32_t run_matrix(uint32_t count) {
    for (uint32_t row = 0; row < SIDE; row++)
        for (uint32_t column = 0; column < SIDE; column++) {
            left[row][column] = row * 31 + column;
            right[row][column] = row ^ column * 17;
        }
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        multiply();
        sum += product[i % SIDE][5];
        left[i % SIDE][i % SIDE] = sum;
    }
    return sum;
}

// ---- Quicksort

static int32_t numbers[1 << 18];

KERNEL void sort(int32_t *low, int32_t *high) {
    SHIFT();
    while (low < high) {
        const int32_t pivot = low[(high - low) / 2];
        int32_t *up = low, *down = high;
        while (up <= down) {
            while (*up < pivot)
                up++;
            while (*down > pivot)
                down--;
            if (up > down)
                break;
            const int32_t swapped = *up;
            *up++ = *down;
            *down-- = swapped;
        }
        // The shorter side first, so that the depth is logarithmic.
        if (down - low < high - up) {
            sort(low, down);
            low = up;
        } else {
            sort(up, high);
            high = down;
        }
    }
}

KERNEL uint32_t run_quicksort(uint32_t count) {
    uint32_t random = 1;
    for (uint32_t i = 0; i < count; i++) {
        random = random * 1664525 + 1013904223;
        numbers[i] = (int32_t)(random ^ random >> 15);
    }
    sort(numbers, numbers + count - 1);
    return (uint32_t)numbers[count / 3];
}

// ---- Sieve of Eratosthenes

KERNEL uint32_t sieve(uint32_t limit) {
    uint32_t primes = 0;
    SHIFT();
    for (uint32_t i = 0; i < limit; i++)
        bytes_out[i] = 0;
    for (uint32_t i = 2; i < limit; i++) {
        if (bytes_out[i])
            continue;
        primes++;
        for (uint32_t multiple = 2 * i; multiple < limit; multiple += i)
            bytes_out[multiple] = 1;
    }
    return primes;
}

KERNEL uint32_t run_sieve(uint32_t count) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += sieve(sizeof bytes_out - i);
    return sum;
}

// ---- Recursion: both calls are made

__attribute__((disable_tail_calls)) KERNEL uint32_t run_fib(uint32_t index) {
    return index < 2 ? index : run_fib(index - 1) + run_fib(index - 2);
}

// ---- Copying byte by byte

KERNEL void copy(uint8_t *to, const uint8_t *from, uint32_t len) {
    SHIFT();
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i < len; i++)
        to[i] = from[i];
}

KERNEL uint32_t run_copy(uint32_t count) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes_in[i % sizeof bytes_in] = (uint8_t)i;
        copy(bytes_out, bytes_in, sizeof bytes_in);
        sum += bytes_out[i / 2];
    }
    return sum;
}

// ---- A token's balances in an open-addressed table

enum { ADDRESS_LEN = 32, SLOTS = 4096, ACCOUNTS = 1500 };

typedef struct account {
    uint8_t address[ADDRESS_LEN];
    uint64_t balance;
    uint32_t is_used;
} account;

static account accounts[SLOTS];

static void write_address(uint8_t *out, uint32_t number) {
    for (uint32_t i = 0; i < ADDRESS_LEN; i++)
        out[i] = (uint8_t)((number * 2654435761u) >> i % 4 * 8) ^ (uint8_t)(i * 29);
}

// The account's slot, or the free one where it belongs.
KERNEL account *find(const uint8_t *address) {
    uint32_t hash = 0x811c9dc5;
    SHIFT();
    for (uint32_t i = 0; i < ADDRESS_LEN; i++)
        hash = (hash ^ address[i]) * 0x01000193;
    for (uint32_t slot = hash % SLOTS;; slot = (slot + 1) % SLOTS) {
        account *found = &accounts[slot];
        uint32_t same = 0;
        while (same < ADDRESS_LEN && found->address[same] == address[same])
            same++;
        if (!found->is_used || same == ADDRESS_LEN)
            return found;
    }
}

KERNEL uint32_t transfer(const uint8_t *from, const uint8_t *to, uint64_t amount) {
    account *payer = find(from), *payee = find(to);
    if (payer->balance < amount)
        return 0;
    payer->balance -= amount;
    payee->balance += amount;
    return 1;
}

KERNEL uint32_t run_token(uint32_t count) {
    uint8_t from[ADDRESS_LEN], to[ADDRESS_LEN];
    for (uint32_t i = 0; i < SLOTS; i++)
        accounts[i].is_used = 0;
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        write_address(from, i);
        account *made = find(from);
        for (uint32_t j = 0; j < ADDRESS_LEN; j++)
            made->address[j] = from[j];
        made->balance = 1000;
        made->is_used = 1;
    }
    uint32_t random = 7, done = 0;
    for (uint32_t i = 0; i < count; i++) {
        random = random * 1664525 + 1013904223;
        write_address(from, (random >> 8) % ACCOUNTS);
        write_address(to, (random >> 20) % ACCOUNTS);
        done += transfer(from, to, random >> 4 & 255);
    }
    return done;
}

// ---- Five bodies under gravity

typedef struct body {
    double at[3], speed[3], mass;
} body;

enum { BODIES = 5 };

static body bodies[BODIES];

KERNEL void advance(double step) {
    SHIFT();
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double apart[3], square = 0;
            for (int k = 0; k < 3; k++) {
                apart[k] = bodies[i].at[k] - bodies[j].at[k];
                square += apart[k] * apart[k];
            }
            const double pull = step / (square * __builtin_sqrt(square));
            for (int k = 0; k < 3; k++) {
                bodies[i].speed[k] -= apart[k] * bodies[j].mass * pull;
                bodies[j].speed[k] += apart[k] * bodies[i].mass * pull;
            }
        }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++)
            bodies[i].at[k] += step * bodies[i].speed[k];
}

KERNEL uint32_t run_nbody(uint32_t steps) {
    for (int i = 0; i < BODIES; i++) {
        bodies[i].mass = 1 + i;
        for (int k = 0; k < 3; k++) {
            bodies[i].at[k] = (i + 1) * (k + 2) % 7;
            bodies[i].speed[k] = (double)(i - k) / 8;
        }
    }
    for (uint32_t i = 0; i < steps; i++)
        advance(1.0 / 4096);
    return (uint32_t)(int32_t)(bodies[0].at[0] * 4096);
}

static uint32_t run(uint32_t kernel, uint32_t size) {
    switch (kernel) {
    case 0:
        return run_sha256(size);
    case 1:
        return run_keccak(size);
    case 2:
        return run_matrix(size);
    case 3:
        return run_quicksort(size);
    case 4:
        return run_sieve(size);
    case 5:
        return run_fib(size);
    case 6:
        return run_copy(size);
    case 7:
        return run_token(size);
    case 8:
        return run_nbody(size);
    default:
        return padding(size);
    }
}

__attribute__((export_name("execute"))) uint32_t execute(void);

uint32_t execute(void) {
    uint32_t words[2];
    if (input(words, sizeof words) != sizeof words)
        return 1;
    return run(words[0], words[1]);
}
