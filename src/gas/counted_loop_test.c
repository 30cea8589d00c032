/* Counted loops: which ones are, and how many rounds they have.
 * Method: code of every shape, read and compared with a simulation round by round from random values near
 * the edges of the numbers; shapes that must not be counted, one by one. */
#include "gas/counted_loop.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

#define ROUNDS_MAX 3000 // a loop that has more is taken for endless by the simulation

enum { COUNTER, BOUND, COPY }; // locals

static bool read_code(aether_bytes code, ae_counted_loop *out) {
    ae_loop_reader *reader = ae_loop_reader_create();
    CHECK(reader != NULL);
    const bool is_counted = ae_counted_loop_read(reader, ae_schedule_get(AETHER_SCHEDULE_UNIT),
        ae_reader_over(code, 0, (uint32_t)code.len), out);
    ae_loop_reader_destroy(reader);
    return is_counted;
}

static bool is_counted(aether_bytes code) {
    ae_counted_loop loop;
    return read_code(code, &loop);
}

#define COUNTED(...) is_counted(WASM_CODE_BYTES(__VA_ARGS__))

static bool holds(uint8_t test, uint32_t a, uint32_t b) {
    const int32_t sa = (int32_t)a;
    const int32_t sb = (int32_t)b;
    switch (test) {
    case AE_CODE_i32_eq:
        return a == b;
    case AE_CODE_i32_ne:
        return a != b;
    case AE_CODE_i32_lt_s:
        return sa < sb;
    case AE_CODE_i32_lt_u:
        return a < b;
    case AE_CODE_i32_gt_s:
        return sa > sb;
    case AE_CODE_i32_gt_u:
        return a > b;
    case AE_CODE_i32_le_s:
        return sa <= sb;
    case AE_CODE_i32_le_u:
        return a <= b;
    case AE_CODE_i32_ge_s:
        return sa >= sb;
    default:
        return a >= b;
    }
}

typedef struct shape {
    uint8_t test;
    uint32_t step;
    bool bound_is_local;
    bool bound_is_first;
    bool is_negated; // the test comes before i32.eqz
    bool tests_before_step;
    uint32_t bound;
} shape;

static void write_bound(wasm_builder *b, const shape *s) {
    wasm_byte(b, s->bound_is_local ? AE_CODE_local_get : AE_CODE_i32_const);
    if (s->bound_is_local)
        wasm_u32(b, BOUND);
    else
        wasm_s64(b, (int32_t)s->bound);
}

static void write_step(wasm_builder *b, const shape *s) {
    WASM(b, AE_CODE_local_get, COUNTER, AE_CODE_i32_const);
    wasm_s64(b, (int32_t)s->step);
    WASM(b, AE_CODE_i32_add, AE_CODE_local_tee, COUNTER);
}

static void write_loop(wasm_builder *b, const shape *s) {
    if (s->tests_before_step)
        WASM(b, AE_CODE_local_get, COUNTER, AE_CODE_local_set, COPY);
    if (s->tests_before_step) {
        write_step(b, s);
        wasm_byte(b, AE_CODE_drop);
    }
    if (s->bound_is_first)
        write_bound(b, s);
    if (s->tests_before_step)
        WASM(b, AE_CODE_local_get, COPY);
    else
        write_step(b, s);
    if (!s->bound_is_first)
        write_bound(b, s);
    wasm_byte(b, s->test);
    if (s->is_negated)
        wasm_byte(b, AE_CODE_i32_eqz);
    WASM(b, AE_CODE_br_if, 0, AE_CODE_end);
}

// Rounds after the first one, or ROUNDS_MAX.
static uint64_t simulate(const shape *s, uint32_t counter) {
    for (uint64_t more = 0; more < ROUNDS_MAX; more++) {
        const uint32_t before = counter;
        counter += s->step;
        const uint32_t seen = s->tests_before_step ? before : counter;
        const bool goes_on =
            s->bound_is_first ? holds(s->test, s->bound, seen) : holds(s->test, seen, s->bound);
        if (goes_on == s->is_negated)
            return more;
    }
    return ROUNDS_MAX;
}

static uint32_t near_edge(uint64_t *state) {
    static const uint32_t edges[] = {0, 0x80000000, 100, 0x7fffff00, 0xffffff00};
    return edges[test_random(state) % 5] + (uint32_t)(test_random(state) % 80) - 40;
}

static shape random_shape(uint64_t *state) {
    static const uint32_t steps[] = {1, 0xffffffff, 2, 4, 0xfffffffc, 3, 12, 0xfffffff4, 7,
        0x80000000, 0x40000000, 0xc0000000, 0x60000000, 24, 0x1000, 0xfffff000};
    const uint64_t bits = test_random(state);
    return (shape){.test = (uint8_t)(AE_CODE_i32_eq + bits % 10),
        .step = steps[bits / 10 % 16],
        .bound_is_local = (bits >> 20 & 1) != 0,
        .bound_is_first = (bits >> 21 & 1) != 0,
        .is_negated = (bits >> 22 & 1) != 0,
        .tests_before_step = (bits >> 23 & 3) == 0,
        .bound = near_edge(state)};
}

static void rounds_are_those_of_a_simulation(void) {
    uint64_t state = test_seed();
    uint32_t counted = 0;
    uint32_t ended = 0;
    for (int i = 0; i < 20000; i++) {
        const shape s = random_shape(&state);
        uint32_t start = near_edge(&state);
        if (test_random(&state) % 2 == 0)
            start = s.bound - (uint32_t)(test_random(&state) % 12) * s.step;
        wasm_builder b = {0};
        ae_counted_loop loop;
        write_loop(&b, &s);
        if (read_code(wasm_bytes_of(&b), &loop)) {
            uint64_t more = 0;
            const bool ends = ae_counted_loop_rounds(&loop, start, s.bound, &more);
            const uint64_t expected = simulate(&s, start);
            if (expected == ROUNDS_MAX ? ends && more < ROUNDS_MAX : !ends || more != expected)
                test_fail(__FILE__, __LINE__,
                    "test %#x step %#x from %#x to %#x: %d, %llu rounds for %llu", s.test, s.step,
                    start, s.bound, ends, (unsigned long long)more, (unsigned long long)expected);
            CHECK_U64(loop.local, COUNTER);
            counted++;
            ended += expected != ROUNDS_MAX;
        }
        wasm_free(&b);
    }
    CHECK(counted > 4000 && ended > 2000);
}

static void countdown_to_zero_is_counted(void) {
    ae_counted_loop loop;
    uint64_t more = 0;
    CHECK(read_code(WASM_CODE_BYTES(0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b), &loop));
    CHECK_U64(loop.gas, 5);
    CHECK(ae_counted_loop_rounds(&loop, 9, 0, &more));
    CHECK_U64(more, 8);
    CHECK(ae_counted_loop_rounds(&loop, 0, 0, &more)); // all numbers once
    CHECK_U64(more, UINT32_MAX);
}

static void test_for_wrap_around_is_counted(void) {
    ae_counted_loop loop;
    uint64_t more = 0;
    // c = i + 1; t = c < i; i = c; again if !t
    CHECK(read_code(WASM_CODE_BYTES(0x20, 0, 0x41, 1, 0x6a, 0x22, 2, 0x20, 0, 0x49, 0x21, 3, 0x20,
                        2, 0x21, 0, 0x20, 3, 0x45, 0x0d, 0, 0x0b),
        &loop));
    CHECK(ae_counted_loop_rounds(&loop, 0xfffffffd, 0, &more));
    CHECK_U64(more, 2);
    CHECK(ae_counted_loop_rounds(&loop, 0xffffffff, 0, &more));
    CHECK_U64(more, 0);
}

static void misaligned_steps_never_end(void) {
    ae_counted_loop loop;
    uint64_t more = 0;
    CHECK(read_code(
        WASM_CODE_BYTES(0x20, 0, 0x41, 12, 0x6a, 0x22, 0, 0x20, 1, 0x47, 0x0d, 0, 0x0b), &loop));
    CHECK(!ae_counted_loop_rounds(&loop, 0, 10, &more));
    CHECK(ae_counted_loop_rounds(&loop, 0, 24, &more));
    CHECK_U64(more, 1);
    CHECK(ae_counted_loop_rounds(&loop, 4, 0, &more)); // by way of 2^32
    CHECK_U64((uint32_t)(4 + (more + 1) * 12), 0);
}

#define STEP 0x20, 0, 0x41, 1, 0x6a, 0x22, 0
#define AGAIN 0x20, 1, 0x47, 0x0d, 0, 0x0b

static void straight_code_may_hold_anything_that_stays_inside(void) {
    CHECK(COUNTED(STEP, AGAIN));
    CHECK(COUNTED(0x20, 2, 0x20, 3, 0x36, 2, 0, STEP, AGAIN)); // store
    CHECK(COUNTED(0x20, 2, 0x20, 3, 0x6d, 0x1a, STEP, AGAIN)); // division, which may trap
    CHECK(COUNTED(0x01, 0x20, 2, 0x20, 2, 0x20, 2, 0x1b, 0x1a, STEP, AGAIN)); // select
    CHECK(COUNTED(
        0x23, 0, 0x24, 0, 0x3f, 0, 0x1a, 0xfc, 9, 0, STEP, AGAIN)); // globals, size, data.drop
    CHECK(COUNTED(0x20, 1, 0x21, 4, STEP, AGAIN));                  // a copy of the bound
    CHECK(COUNTED(0x20, 1, STEP, 0x47, 0x0d, 0, 0x0b));             // bound first
}

static void whatever_is_seen_outside_is_not_counted(void) {
    CHECK(!COUNTED(0x10, 0, STEP, AGAIN));                                // call
    CHECK(!COUNTED(0x20, 2, 0x11, 0, 0, STEP, AGAIN));                    // call_indirect
    CHECK(!COUNTED(0x00, STEP, AGAIN));                                   // unreachable
    CHECK(!COUNTED(0x0f, STEP, AGAIN));                                   // return
    CHECK(!COUNTED(0x41, 1, 0x40, 0, 0x1a, STEP, AGAIN));                 // memory.grow
    CHECK(!COUNTED(0x41, 1, 0x41, 1, 0x41, 1, 0xfc, 11, 0, STEP, AGAIN)); // memory.fill
    CHECK(!COUNTED(0x02, 0x40, 0x0b, STEP, AGAIN));                       // block
    CHECK(!COUNTED(0x03, 0x40, 0x0b, STEP, AGAIN));                       // loop
    CHECK(!COUNTED(0x20, 2, 0x04, 0x40, 0x0b, STEP, AGAIN));              // if
    CHECK(!COUNTED(0x20, 2, 0x0d, 1, STEP, AGAIN));                       // an exit
    CHECK(!COUNTED(0x20, 2, 0x0d, 0, STEP, AGAIN));                       // another branch back
    CHECK(!COUNTED(STEP, 0x20, 1, 0x47, 0x0d, 1, 0x0b));                  // not back
    CHECK(!COUNTED(STEP, 0x20, 1, 0x47, 0x0d, 0, 0x01, 0x0b));            // not at the end
    CHECK(!COUNTED(STEP, 0x20, 1, 0x47, 0x0e, 0, 0, 0x0b));               // br_table
    CHECK(!COUNTED(0x0c, 0, 0x0b));                                       // br
}

static void counters_and_bounds_that_are_not_steady_are_not_counted(void) {
    CHECK(!COUNTED(0x20, 1, 0x41, 1, 0x6a, 0x21, 1, STEP, AGAIN)); // the bound moves
    CHECK(COUNTED(0x20, 2, 0x21, 1, STEP, AGAIN));                 // the bound is another local's
    CHECK(!COUNTED(STEP, 0x21, 4, 0x20, 4, 0x41, 2, 0x6c, 0x21, 0, 0x20, 0, AGAIN)); // times two
    CHECK(!COUNTED(0x20, 0, 0x20, 3, 0x6a, 0x22, 0, AGAIN)); // the step is a local
    CHECK(!COUNTED(0x20, 0, AGAIN));                         // no step
    CHECK(!COUNTED(STEP, 0x23, 0, 0x47, 0x0d, 0, 0x0b));     // the bound is a global
    CHECK(!COUNTED(STEP, 0x20, 1, 0x46, 0x0d, 0, 0x0b));     // again while equal
    CHECK(!COUNTED(
        0x20, 0, 0x41, 3, 0x6a, 0x22, 0, 0x20, 1, 0x49, 0x0d, 0, 0x0b)); // may step over 2^32
    CHECK(COUNTED(0x20, 0, 0x41, 3, 0x6a, 0x22, 0, 0x41, 9, 0x49, 0x0d, 0, 0x0b)); // can't
    CHECK(COUNTED(
        0x20, 0, 0x41, 4, 0x6a, 0x22, 0, 0x20, 1, 0x49, 0x0d, 0, 0x0b)); // meets the same values
}

static void comparisons_that_are_remembered_have_a_limit(void) {
    wasm_builder b = {0};
    for (int count = 0; count < 40; count++) {
        wasm_free(&b);
        for (int i = 0; i < count; i++)
            WASM(&b, 0x20, 2, 0x20, 3, 0x47, 0x1a);
        WASM(&b, STEP, AGAIN);
        CHECK_U64(is_counted(wasm_bytes_of(&b)), count < 16);
    }
    wasm_free(&b);
}

// clang-format off
TEST_MAIN(
    TEST(rounds_are_those_of_a_simulation)
    TEST(countdown_to_zero_is_counted)
    TEST(test_for_wrap_around_is_counted)
    TEST(misaligned_steps_never_end)
    TEST(straight_code_may_hold_anything_that_stays_inside)
    TEST(whatever_is_seen_outside_is_not_counted)
    TEST(counters_and_bounds_that_are_not_steady_are_not_counted)
    TEST(comparisons_that_are_remembered_have_a_limit))
