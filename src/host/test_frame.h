/* A frame without an engine, for the tests of host functions: one page of guest memory on the heap, so
 * that a sanitizer sees a step beyond it, a journal over a small view, and two drivers that every host
 * function goes through: the pointer matrix and the gas check.
 *
 * Life: frame_open → calls → frame_close. */
#ifndef AE_HOST_TEST_FRAME_H
#define AE_HOST_TEST_FRAME_H

#include "host/host.h"

#include "base/alloc.h"
#include "harness/test.h"

#define MEMORY_LEN AE_PAGE_LEN
#define ARGS_MAX 7
#define VIEW_MAX 4 /* entries of the view */

/* What a test wants to find unchanged. */
typedef struct frame_mark {
    uint8_t *memory;
    const aether_change *changes;
    size_t change_count;
    size_t event_count;
    size_t debug_len;
    aether_bytes return_data;
} frame_mark;

typedef struct frame {
    ae_arena arena;
    ae_schedule schedule;
    ae_frame_context context;
    ae_journal *journal;
    uint8_t *memory; /* MEMORY_LEN bytes */
    ae_host host;
    ae_slot slots[ARGS_MAX];
    frame_mark mark;
    aether_change view[VIEW_MAX]; /* sorted by key */
    size_t view_count;
    uint64_t view_next_calls;
    bool view_fails;
    bool is_exhausted;
} frame;

static inline aether_status frame_view_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    const frame *f = user;
    if (f->view_fails) {
        *err = (aether_error){AETHER_STORAGE_FAILED, "the disk is gone"};
        return AETHER_STORAGE_FAILED;
    }
    *out_found = false;
    for (size_t i = 0; i < f->view_count; i++)
        if (ae_bytes_equal(f->view[i].key, key)) {
            *out_value = f->view[i].value;
            *out_found = true;
        }
    return AETHER_OK;
}

static inline aether_status frame_view_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    frame *f = user;
    f->view_next_calls++;
    if (f->view_fails) {
        *err = (aether_error){AETHER_STORAGE_FAILED, "the disk is gone"};
        return AETHER_STORAGE_FAILED;
    }
    *out_found = false;
    for (size_t i = 0; i < f->view_count; i++) {
        const aether_bytes key = f->view[descending ? f->view_count - 1 - i : i].key;
        const int order = ae_bytes_compare(key, after);
        if (!*out_found && ae_bytes_starts_with(key, prefix) &&
            (after.len == 0 || (descending ? order < 0 : order > 0))) {
            *out_key = key;
            *out_found = true;
        }
    }
    return AETHER_OK;
}

/* Every price differs from every other, so that a mix-up shows. */
static inline void frame_set_prices(frame *f) {
    for (uint32_t i = 0; i < AE_HOST_PRICE_COUNT; i++)
        f->schedule.host[i] =
            (ae_host_price){.base = 1000 + 10 * i, .in_rate = 200 + i, .out_rate = 300 + i};
    f->schedule.storage_next_step = 777;
}

/* A frame where everything is free; memory holds a pattern. */
static inline void frame_open(frame *f, uint64_t gas_limit) {
    aether_error err = {0};
    memset(f, 0, sizeof *f);
    ae_arena_init(&f->arena, 65536, 16u << 20);
    memset(f->context.self.bytes, 0x02, AETHER_ADDRESS_LEN);
    memset(f->context.caller.bytes, 0x01, AETHER_ADDRESS_LEN);
    f->context.value = (aether_u128){.low = 0x0807060504030201, .high = 0x100f0e0d0c0b0a09};
    f->context.block_number = UINT64_MAX - 1;
    f->context.timestamp = 1700000000;
    f->context.chain_id = ae_bytes_of("aether-local");
    f->context.input = ae_bytes_of("what the contract is called with");
    const aether_store view = {.user = f, .get = frame_view_get, .next = frame_view_next};
    CHECK_OK(ae_journal_create(&f->arena, &view, &f->journal, &err));
    f->memory = ae_alloc(1, MEMORY_LEN);
    CHECK(f->memory != NULL);
    for (size_t i = 0; i < MEMORY_LEN; i++)
        f->memory[i] = (uint8_t)(i * 7 + 3);
    ae_host_init(&f->host, &f->schedule, &f->context, f->journal, &f->arena, gas_limit);
}

static inline void frame_close(frame *f) {
    ae_free(f->mark.memory);
    ae_free(f->memory);
    ae_arena_deinit(&f->arena);
}

static inline void frame_put(frame *f, uint32_t at, aether_bytes bytes) {
    CHECK(at + bytes.len <= MEMORY_LEN);
    memcpy(f->memory + at, bytes.data, bytes.len);
}

static inline void frame_put_text(frame *f, uint32_t at, const char *text) {
    frame_put(f, at, ae_bytes_of(text));
}

static inline aether_bytes frame_bytes(const frame *f, uint32_t at, size_t len) {
    return ae_bytes(f->memory + at, len);
}

/* From now on no arena memory is left. */
static inline void frame_exhaust(frame *f) {
    f->arena.capacity_max = f->arena.total;
    f->arena.used = f->arena.current->capacity;
    f->is_exhausted = true;
}

/* Call a host function as the engine does: the upper half of an i32's slot is not defined. */
static inline ae_host_flow frame_call(
    frame *f, ae_host_price_id function, const uint32_t args[ARGS_MAX]) {
    const ae_host_row *row = &ae_host_rows[function];
    f->host.memory = (ae_span){.data = f->memory, .len = MEMORY_LEN};
    for (size_t i = 0; i < ARGS_MAX; i++)
        f->slots[i].bits = 0xdeadbeef00000000u | args[i];
    const ae_host_flow flow = row->function(&f->host, f->slots);
    if (flow == AE_HOST_CONTINUE)
        CHECK(f->host.end == AETHER_END_RETURNED && f->host.fault == AETHER_OK);
    else
        CHECK((f->host.end == AETHER_END_RETURNED) == (f->host.fault != AETHER_OK));
    return flow;
}

/* For functions without arguments: one that is not looked at. */
#define CALL(f, name, ...) \
    frame_call(f, AE_HOST_PRICE_##name, (const uint32_t[ARGS_MAX]){__VA_ARGS__})

/* It went on, with this i32. */
#define CHECK_RESULT(f, expected, name, ...)                   \
    do {                                                       \
        CHECK(CALL(f, name, __VA_ARGS__) == AE_HOST_CONTINUE); \
        CHECK_I64((f)->slots[0].bits, (uint32_t)(expected));   \
    } while (0)

/* It went on, without a result. */
#define CHECK_GOES_ON(f, name, ...) CHECK(CALL(f, name, __VA_ARGS__) == AE_HOST_CONTINUE)

/* It was refused with this message, and left no trace. */
#define CHECK_REFUSED(f, expected, name, ...)              \
    do {                                                   \
        frame_mark_now(f);                                 \
        CHECK(CALL(f, name, __VA_ARGS__) == AE_HOST_STOP); \
        CHECK((f)->host.end == AETHER_END_HOST);           \
        CHECK_TEXT((f)->host.message, expected);           \
        frame_check_untouched(f);                          \
        (f)->host.end = AETHER_END_RETURNED;               \
    } while (0)

/* This machine failed: no end, a status, and no trace. */
#define CHECK_FAULT(f, expected, name, ...)                \
    do {                                                   \
        frame_mark_now(f);                                 \
        CHECK(CALL(f, name, __VA_ARGS__) == AE_HOST_STOP); \
        CHECK((f)->host.end == AETHER_END_RETURNED);       \
        CHECK((f)->host.fault == (expected));              \
        CHECK((f)->host.fault_error.status == (expected)); \
        CHECK((f)->host.fault_error.message[0] != '\0');   \
        frame_check_untouched(f);                          \
        (f)->host.fault = AETHER_OK;                       \
    } while (0)

static inline void frame_read_effects(
    frame *f, const aether_change **changes, size_t *change_count, size_t *event_count) {
    aether_error err = {0};
    const aether_log *events = NULL;
    f->arena.capacity_max = 64u << 20; // an exhausted frame can be looked at
    CHECK_OK(ae_journal_changes(f->journal, changes, change_count, &err));
    if (f->is_exhausted)
        frame_exhaust(f);
    ae_journal_events(f->journal, &events, event_count);
}

static inline void frame_mark_now(frame *f) {
    frame_mark *mark = &f->mark;
    if (mark->memory == NULL)
        mark->memory = ae_alloc(1, MEMORY_LEN);
    CHECK(mark->memory != NULL);
    memcpy(mark->memory, f->memory, MEMORY_LEN);
    frame_read_effects(f, &mark->changes, &mark->change_count, &mark->event_count);
    mark->debug_len = f->host.debug_len;
    mark->return_data = f->host.return_data;
}

static inline void frame_check_untouched(frame *f) {
    const frame_mark *mark = &f->mark;
    const aether_change *changes = NULL;
    size_t change_count = 0, event_count = 0;
    frame_read_effects(f, &changes, &change_count, &event_count);
    CHECK(memcmp(mark->memory, f->memory, MEMORY_LEN) == 0);
    CHECK_U64(change_count, mark->change_count);
    for (size_t i = 0; i < change_count; i++) {
        CHECK_BYTES(changes[i].key, mark->changes[i].key);
        CHECK(changes[i].is_removed == mark->changes[i].is_removed);
        if (!changes[i].is_removed)
            CHECK_BYTES(changes[i].value, mark->changes[i].value);
    }
    CHECK_U64(event_count, mark->event_count);
    CHECK_U64(f->host.debug_len, mark->debug_len);
    CHECK(f->host.return_data.data == mark->return_data.data);
    CHECK_U64(f->host.return_data.len, mark->return_data.len);
}

/* One pointer argument of a host function. */
typedef struct pointer_case {
    ae_host_price_id function;
    uint32_t args[ARGS_MAX]; /* a call that works; the pointer's own are replaced */
    uint32_t ptr;            /* index of the pointer */
    uint32_t len;            /* index of its length, or FIXED_LEN */
    uint32_t fixed_len;      /* bytes, for FIXED_LEN */
    uint32_t len_min;
    uint32_t len_max; /* of what the function takes; 0: any */
    uint32_t unit;    /* bytes that a length of 1 stands for; 0: 1 */
    void (*prepare)(frame *f);
} pointer_case;

#define FIXED_LEN UINT32_MAX

static inline void check_pointer(const pointer_case *c, uint32_t ptr, uint32_t len) {
    static frame f; // too large for some stacks under sanitizers
    const uint32_t unit = c->unit != 0 ? c->unit : 1;
    const uint64_t bytes = c->len == FIXED_LEN ? c->fixed_len : (uint64_t)len * unit;
    const bool len_ok =
        c->len == FIXED_LEN || (len >= c->len_min && (c->len_max == 0 || len <= c->len_max));
    const bool expected = len_ok && (bytes == 0 || ptr + bytes <= MEMORY_LEN);
    uint32_t args[ARGS_MAX];
    memcpy(args, c->args, sizeof args);
    args[c->ptr] = ptr;
    if (c->len != FIXED_LEN)
        args[c->len] = len;
    frame_open(&f, UINT64_MAX);
    if (c->prepare != NULL)
        c->prepare(&f);
    frame_mark_now(&f);
    frame_call(&f, c->function, args);
    if ((f.host.end != AETHER_END_HOST) != expected || f.host.fault != AETHER_OK)
        test_fail(__FILE__, __LINE__, "%s, argument %u: %u + %u: end %d, %s; expected %s",
            ae_host_rows[c->function].name, c->ptr, ptr, len, (int)f.host.end, f.host.message,
            expected ? "to work" : "a refusal");
    if (!expected)
        frame_check_untouched(&f);
    frame_close(&f);
}

/* Every pointer of the list, with pointers and lengths around all borders. */
static inline void check_pointers(const pointer_case *cases, size_t count) {
    static const uint32_t ptrs[] = {
        0, 1, MEMORY_LEN - 1, MEMORY_LEN, MEMORY_LEN + 1, 0x80000000u, UINT32_MAX};
    static const uint32_t lens[] = {0, 1, 32, 0x80000000u, UINT32_MAX};
    for (size_t i = 0; i < count; i++) {
        const pointer_case *c = &cases[i];
        const uint32_t unit = c->unit != 0 ? c->unit : 1;
        for (size_t p = 0; p < sizeof ptrs / sizeof ptrs[0]; p++) {
            const uint32_t fit = ptrs[p] <= MEMORY_LEN ? (MEMORY_LEN - ptrs[p]) / unit : 0;
            for (size_t l = 0; l < sizeof lens / sizeof lens[0]; l++)
                check_pointer(c, ptrs[p], lens[l]);
            check_pointer(c, ptrs[p], fit);
            check_pointer(c, ptrs[p], fit + 1);
        }
        // The exact fit of what is short: a fixed length, or one that the function limits.
        const uint32_t longest = c->len == FIXED_LEN ? c->fixed_len : c->len_max * unit;
        const uint32_t len = c->len == FIXED_LEN ? 0 : c->len_max;
        if (longest == 0 || longest > MEMORY_LEN)
            continue;
        check_pointer(c, MEMORY_LEN - longest, len);
        check_pointer(c, MEMORY_LEN - longest + 1, len);
        if (c->len != FIXED_LEN)
            check_pointer(c, 0, len + 1);
    }
}

#define CHECK_POINTERS(cases) check_pointers(cases, sizeof(cases) / sizeof(cases)[0])

/* What one call costs. */
typedef struct gas_case {
    ae_host_price_id function;
    uint32_t args[ARGS_MAX];
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t steps; /* of storage_next */
    void (*prepare)(frame *f);
} gas_case;

static inline void check_gas_limit(const gas_case *c, uint64_t limit, bool is_enough) {
    static frame f;
    frame_open(&f, limit);
    frame_set_prices(&f);
    if (c->prepare != NULL)
        c->prepare(&f);
    frame_mark_now(&f);
    const ae_host_flow flow = frame_call(&f, c->function, c->args);
    if ((f.host.end != AETHER_END_OUT_OF_GAS) != is_enough || f.host.end == AETHER_END_HOST)
        test_fail(__FILE__, __LINE__, "%s with %llu gas: end %d, %llu left; expected %s %s",
            ae_host_rows[c->function].name, (unsigned long long)limit, (int)f.host.end,
            (unsigned long long)f.host.meter.left, is_enough ? "enough" : "too little",
            f.host.message);
    if (!is_enough) {
        CHECK(flow == AE_HOST_STOP);
        CHECK_U64(f.host.meter.left, 0);
        frame_check_untouched(&f);
    }
    frame_close(&f);
}

/* The exact price works and leaves nothing; one less, and each earlier border, ends OUT_OF_GAS and leaves
 * no trace. */
static inline void check_gas(const gas_case *cases, size_t count) {
    static frame f;
    frame_open(&f, 0);
    frame_set_prices(&f);
    const ae_schedule schedule = f.schedule;
    frame_close(&f);
    for (size_t i = 0; i < count; i++) {
        const gas_case *c = &cases[i];
        const ae_host_price *price = &schedule.host[c->function];
        const uint64_t in = price->base + price->in_rate * c->bytes_in;
        const uint64_t all =
            in + price->out_rate * c->bytes_out + schedule.storage_next_step * c->steps;
        check_gas_limit(c, 0, false);
        check_gas_limit(c, price->base - 1, false);
        check_gas_limit(c, in - 1, false);
        check_gas_limit(c, all - 1, false);
        check_gas_limit(c, all, true);
        frame_open(&f, all + 5);
        frame_set_prices(&f);
        if (c->prepare != NULL)
            c->prepare(&f);
        frame_call(&f, c->function, c->args);
        CHECK_U64(f.host.meter.left, 5);
        frame_close(&f);
    }
}

#define CHECK_GAS(cases) check_gas(cases, sizeof(cases) / sizeof(cases)[0])

#endif
