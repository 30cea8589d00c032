/* A contract that does what its input says, for tests of this folder: a list of operations, one after the other, each
 * byte of them chosen by the test. What it finds out is its return data.
 *
 *   operation = its number (1) ‖ length (1) ‖ that many bytes ‖ more, as it says
 *   result    = for a read, a removal, a search, a balance: the bytes below, one after the other
 *
 * The input is at most 16 KiB, the results together at most 48 KiB. */
#ifndef AE_TESTS_CHAIN_PLAN_H
#define AE_TESTS_CHAIN_PLAN_H

#include "harness/test.h"

#define PLAN_LEN_MAX 4096

enum {
    PLAN_WRITE = 1,  /* key, then length (1) ‖ value */
    PLAN_REMOVE = 2, /* key; result: 0 or 1 */
    PLAN_READ = 3,   /* key; result: 0xff, absent, or length (1) ‖ value */
    PLAN_EMIT = 4,   /* topics of 32 bytes, then length (1) ‖ data */
    PLAN_RETURN = 5, /* a code (1): return that with the results so far */
    PLAN_TRAP = 6,   /* `unreachable` */
    PLAN_DIVIDE = 7, /* by zero */
    PLAN_NEXT =
        8, /* prefix, then length (1) ‖ after ‖ flags (1); result as of a read, with the key */
    PLAN_REVERT = 9,    /* a reason */
    PLAN_LOOP = 10,     /* until no gas is left */
    PLAN_BALANCE = 11,  /* result: balance of the contract (16) */
    PLAN_CALLER = 12,   /* result: balance of the caller (16) */
    PLAN_VALUE = 13,    /* result: value that came along (16) */
    PLAN_VERSION = 14,  /* result: the number that the contract was made with (1) */
    PLAN_GAS_LEFT = 15, /* result: gas left (8) */
};

typedef struct plan {
    uint8_t bytes[PLAN_LEN_MAX];
    size_t len;
} plan;

static inline void plan_put(plan *self, aether_bytes bytes) {
    CHECK(self->len + bytes.len <= PLAN_LEN_MAX);
    if (bytes.len != 0)
        memcpy(self->bytes + self->len, bytes.data, bytes.len);
    self->len += bytes.len;
}

static inline void plan_byte(plan *self, uint8_t byte) {
    plan_put(self, (aether_bytes){.data = &byte, .len = 1});
}

/* A length and as many bytes. */
static inline void plan_operand(plan *self, aether_bytes bytes) {
    CHECK(bytes.len <= UINT8_MAX);
    plan_byte(self, (uint8_t)bytes.len);
    plan_put(self, bytes);
}

static inline void plan_add(plan *self, uint8_t operation, aether_bytes operand) {
    plan_byte(self, operation);
    plan_operand(self, operand);
}

static inline void plan_write(plan *self, aether_bytes key, aether_bytes value) {
    plan_add(self, PLAN_WRITE, key);
    plan_operand(self, value);
}

static inline void plan_next(plan *self, aether_bytes prefix, aether_bytes after, uint8_t flags) {
    plan_add(self, PLAN_NEXT, prefix);
    plan_operand(self, after);
    plan_byte(self, flags);
}

static inline void plan_emit(plan *self, aether_bytes topics, aether_bytes data) {
    plan_add(self, PLAN_EMIT, topics);
    plan_operand(self, data);
}

static inline void plan_return(plan *self, int8_t code) {
    const uint8_t byte = (uint8_t)code;
    plan_add(self, PLAN_RETURN, (aether_bytes){.data = &byte, .len = 1});
}

static inline aether_bytes plan_bytes(const plan *self) {
    return (aether_bytes){.data = self->bytes, .len = self->len};
}

#define PLAN_TEXT_LEN_MAX 8192

/* The contract's text. Its version makes it other code; with entries it has `init` and `migrate`, which do what their
 * input says as `execute` does. */
void plan_text(uint8_t version, bool has_entries, char out[PLAN_TEXT_LEN_MAX]);

#endif
