/* The Aether SDK for contracts in C: one header, no allocator, no libc.
 *
 *   #include <aether.h>
 *
 *   AETHER_EXPORT(execute) {
 *       uint64_t answer = 42;
 *       return aether_return(&answer, sizeof answer);
 *   }
 *
 * Below is a thin, checked layer; every host function is also there as it is, under the name
 * aether_host_<name> (aether_host_generated.h). Conventions of this SDK, all optional:
 *   - the first byte of the input is the method id, the arguments follow without padding, integers
 * little endian;
 *   - what the contract's user did wrong reverts with a reason (code -1); what can't be, panics
 * (code -2);
 *   - a u128 that is absent from storage is 0, and 0 is stored as absence.
 * Everything is static inline over fixed buffers: what a contract doesn't use isn't in its module.
 */
#ifndef AETHER_SDK_H
#define AETHER_SDK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aether_host_generated.h"

_Static_assert(
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads and stores below are plain copies");

/* Begins an entry point: AETHER_EXPORT(execute) { …; return 0; }
 * The entry points are execute, init, query and migrate. A result other than 0 reverts with that
 * code. */
#ifdef __wasm__
#define AETHER_EXPORT(name) \
    int32_t name(void);     \
    __attribute__((export_name(#name))) int32_t name(void)
#else
#define AETHER_EXPORT(name) \
    int32_t name(void);     \
    int32_t name(void)
#endif

/* ---- Memory. Compilers call these four by themselves, so they must exist; each is one instruction
 * where Wasm has one. They are weak: the linker keeps a single copy, and a contract may bring its
 * own. */

#ifdef __wasm__
#define AETHER_MEMORY __attribute__((weak, target("bulk-memory"), no_builtin))
void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *left, const void *right, size_t len);

AETHER_MEMORY void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    return __builtin_memcpy(to, from, len);
}

AETHER_MEMORY void *memmove(void *to, const void *from, size_t len) {
    return __builtin_memmove(to, from, len);
}

AETHER_MEMORY void *memset(void *to, int byte, size_t len) {
    return __builtin_memset(to, byte, len);
}

AETHER_MEMORY int memcmp(const void *left, const void *right, size_t len) {
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}
#endif

static inline uint32_t aether_text_len(const char *text) {
    uint32_t len = 0;
    while (text[len] != 0)
        len++;
    return len;
}

/* ---- Failing. None of these returns; the frame's effects are undone. */

/* Stops with code -1; the text is the reason that the caller sees. */
_Noreturn static inline void aether_revert(const char *reason) {
    aether_host_revert(reason, aether_text_len(reason));
}

_Noreturn static inline void aether_panic(const char *message, const char *file, uint32_t line) {
    aether_host_panic(message, aether_text_len(message), file, aether_text_len(file), line);
}

/* A condition on what the user sent. */
#define AETHER_REQUIRE(condition, reason) ((condition) ? (void)0 : aether_revert(reason))

/* Stops with code -2 and a place in the source: for what can't be unless the contract is wrong. */
#define AETHER_PANIC(message) aether_panic(message, __FILE__, __LINE__)
#define AETHER_ASSERT(condition) ((condition) ? (void)0 : AETHER_PANIC(#condition))

/* ---- Values. A u128 adds, subtracts, compares and shifts in line; multiplication and division
 * would need a runtime library and fail to link. */

typedef struct aether_address {
    uint8_t bytes[32];
} aether_address;

__extension__ typedef unsigned __int128 aether_u128;

/* Each is false, with *out untouched, when the result doesn't fit. */
static inline bool aether_u128_add(aether_u128 a, aether_u128 b, aether_u128 *out) {
    if (a + b < a)
        return false;
    *out = a + b;
    return true;
}

static inline bool aether_u128_sub(aether_u128 a, aether_u128 b, aether_u128 *out) {
    if (a < b)
        return false;
    *out = a - b;
    return true;
}

static inline bool aether_address_equal(const aether_address *a, const aether_address *b) {
    uint64_t left[4], right[4];
    __builtin_memcpy(left, a, sizeof left);
    __builtin_memcpy(right, b, sizeof right);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1]) | (left[2] ^ right[2]) |
               (left[3] ^ right[3])) == 0;
}

static inline bool aether_address_is_zero(const aether_address *address) {
    static const aether_address zero;
    return aether_address_equal(address, &zero);
}

/* Little endian, at any alignment: uint32_t aether_load_u32(from), void aether_store_u32(to,
 * value), … */
#define AETHER_LOAD_STORE(name, type)                              \
    static inline type aether_load_##name(const void *from) {      \
        type value;                                                \
        __builtin_memcpy(&value, from, sizeof value);              \
        return value;                                              \
    }                                                              \
    static inline void aether_store_##name(void *to, type value) { \
        __builtin_memcpy(to, &value, sizeof value);                \
    }
AETHER_LOAD_STORE(u32, uint32_t)
AETHER_LOAD_STORE(u64, uint64_t)
AETHER_LOAD_STORE(u128, aether_u128)
#undef AETHER_LOAD_STORE

/* ---- Context */

static inline aether_address aether_caller(void) {
    aether_address address;
    (void)aether_host_caller(&address);
    return address;
}

static inline aether_address aether_self(void) {
    aether_address address;
    (void)aether_host_self_address(&address);
    return address;
}

/* What was sent with this call. */
static inline aether_u128 aether_value(void) {
    uint8_t bytes[16];
    (void)aether_host_value(bytes);
    return aether_load_u128(bytes);
}

/* ---- Input: a cursor that reverts rather than run past the end */

typedef struct aether_reader {
    const uint8_t *at;
    uint32_t left; /* bytes */
} aether_reader;

/* The call's whole input, in the caller's buffer. */
static inline aether_reader aether_input(void *buffer, uint32_t capacity) {
    const uint32_t len = (uint32_t)aether_host_input(buffer, capacity);
    AETHER_REQUIRE(len <= capacity, "input too long");
    return (aether_reader){buffer, len};
}

/* The next `len` bytes, in place. */
static inline const uint8_t *aether_read_bytes(aether_reader *reader, uint32_t len) {
    AETHER_REQUIRE(len <= reader->left, "input too short");
    const uint8_t *bytes = reader->at;
    reader->at += len;
    reader->left -= len;
    return bytes;
}

static inline uint8_t aether_read_u8(aether_reader *reader) {
    return *aether_read_bytes(reader, 1);
}

static inline uint32_t aether_read_u32(aether_reader *reader) {
    return aether_load_u32(aether_read_bytes(reader, 4));
}

static inline uint64_t aether_read_u64(aether_reader *reader) {
    return aether_load_u64(aether_read_bytes(reader, 8));
}

static inline aether_u128 aether_read_u128(aether_reader *reader) {
    return aether_load_u128(aether_read_bytes(reader, 16));
}

static inline aether_address aether_read_address(aether_reader *reader) {
    aether_address address;
    __builtin_memcpy(&address, aether_read_bytes(reader, sizeof address), sizeof address);
    return address;
}

/* After the last argument, so that one meaning has one encoding. */
static inline void aether_read_end(const aether_reader *reader) {
    AETHER_REQUIRE(reader->left == 0, "input too long");
}

/* ---- Output */

/* Sets the result; `return aether_return(…)` ends an entry point with success. */
static inline int32_t aether_return(const void *data, uint32_t len) {
    aether_host_return_data(data, len);
    return 0;
}

/* Debug text for people; no part of the outcome. */
static inline void aether_log(const char *text) {
    aether_host_log(text, aether_text_len(text));
}

/* ---- Storage */

/* A key under construction: a tag that names the table, then its parts. */
typedef struct aether_key {
    uint32_t len;
    uint8_t bytes[256];
} aether_key;

static inline void aether_key_init(aether_key *key, uint8_t tag) {
    key->len = 1;
    key->bytes[0] = tag;
}

static inline void aether_key_append(aether_key *key, const void *part, uint32_t len) {
    AETHER_ASSERT(len <= sizeof key->bytes - key->len);
    __builtin_memcpy(key->bytes + key->len, part, len);
    key->len += len;
}

/* Reads a value of exactly `len` bytes; false when the key is absent. */
static inline bool aether_storage_read(const aether_key *key, void *out, uint32_t len) {
    const int32_t found = aether_host_storage_read(key->bytes, key->len, out, len);
    AETHER_ASSERT(found < 0 || (uint32_t)found == len);
    return found >= 0;
}

static inline void aether_storage_write(const aether_key *key, const void *value, uint32_t len) {
    aether_host_storage_write(key->bytes, key->len, value, len);
}

/* True if the key existed. */
static inline bool aether_storage_remove(const aether_key *key) {
    return aether_host_storage_remove(key->bytes, key->len) == 1;
}

static inline aether_u128 aether_storage_read_u128(const aether_key *key) {
    uint8_t bytes[16];
    return aether_storage_read(key, bytes, sizeof bytes) ? aether_load_u128(bytes) : 0;
}

static inline void aether_storage_write_u128(const aether_key *key, aether_u128 value) {
    uint8_t bytes[16];
    aether_store_u128(bytes, value);
    if (value == 0)
        (void)aether_storage_remove(key);
    else
        aether_storage_write(key, bytes, sizeof bytes);
}

/* ---- Events: the first topic is the name, at most 32 bytes of text padded with zeros; up to three
 * more */

typedef struct aether_event {
    uint32_t topic_count;
    uint8_t topics[4][32];
} aether_event;

static inline void aether_event_init(aether_event *event, const char *name) {
    const uint32_t len = aether_text_len(name);
    AETHER_ASSERT(len <= sizeof event->topics[0]);
    event->topic_count = 1;
    __builtin_memset(event->topics[0], 0, sizeof event->topics[0]);
    __builtin_memcpy(event->topics[0], name, len);
}

static inline void aether_event_topic(aether_event *event, const aether_address *topic) {
    AETHER_ASSERT(event->topic_count < 4);
    __builtin_memcpy(event->topics[event->topic_count++], topic, sizeof *topic);
}

static inline void aether_event_emit(const aether_event *event, const void *data, uint32_t len) {
    aether_host_emit(event->topics, event->topic_count, data, len);
}

#endif
