#include "oracle/loop_generator.h"

#include "harness/test.h"

#define LOCALS 8       // i32; the last two are only written where the text says so
#define DEPTH_MAX 3    // of nested loops
#define NO_LOCAL 0xff  // a bound that is a constant
#define SCRATCH 6      // holds copies
#define RESULTS_AT 256 // where the locals are stored in the end

enum { EXECUTE, LEAF, CALLER, FUNCTION_COUNT };

typedef struct generator {
    wasm_builder *out;
    uint64_t state;
    uint32_t function;
    uint32_t depth;  // open loops
    uint32_t labels; // open blocks, the function's included
    int32_t budget;
} generator;

typedef struct counter {
    uint32_t local;
    uint32_t step;
    uint32_t start;
    uint32_t bound;       // the value
    uint32_t bound_local; // or NO_LOCAL
    uint8_t test;         // opcode, or 0: the value itself
} counter;

static uint32_t pick(generator *g, uint32_t count) {
    return (uint32_t)(test_random(&g->state) >> 33) % count;
}

static void op(generator *g, uint8_t code) {
    wasm_byte(g->out, code);
}

static void op_u32(generator *g, uint8_t code, uint32_t index) {
    wasm_byte(g->out, code);
    wasm_u32(g->out, index);
}

static void constant(generator *g, uint32_t value) {
    op(g, 0x41);
    wasm_s64(g->out, (int32_t)value);
}

static void open_block(generator *g, uint8_t code) {
    op(g, code);
    op(g, 0x40);
    g->labels++;
}

static void close_block(generator *g) {
    op(g, 0x0b);
    g->labels--;
}

// The depth of a label that takes no value; that of `execute` takes one.
static uint32_t any_label(generator *g) {
    return pick(g, g->labels - (g->function == EXECUTE));
}

static void value(generator *g) {
    switch (pick(g, 4)) {
    case 0:
        constant(g, pick(g, 40));
        return;
    case 1:
        op_u32(g, 0x20, pick(g, LOCALS));
        constant(g, pick(g, 9));
        op(g, (uint8_t)(0x6a + pick(g, 3)));
        return;
    case 2:
        op_u32(g, 0x20, pick(g, LOCALS));
        constant(g, 0xff);
        op(g, 0x71);
        op_u32(g, 0x28, 2);
        wasm_u32(g->out, pick(g, 20));
        return;
    default:
        op_u32(g, 0x20, pick(g, LOCALS));
    }
}

static void condition(generator *g) {
    value(g);
    constant(g, 1 + pick(g, 7));
    op(g, 0x71);
    if (pick(g, 3) == 0)
        op(g, 0x45);
}

// Something that a counted loop may hold. Locals from `free` on are written.
static void plain_statement(generator *g, uint32_t free) {
    switch (pick(g, 6)) {
    case 0:
        value(g);
        constant(g, 0xfc);
        op(g, 0x71);
        value(g);
        op_u32(g, 0x36, 0);
        wasm_u32(g->out, pick(g, 9));
        return;
    case 1:
        value(g);
        value(g);
        value(g);
        op(g, 0x1b); // select
        op(g, 0x1a);
        return;
    case 2:
        op(g, 0x01);
        op(g, 0x3f);
        op(g, 0x00);
        op_u32(g, 0x21, SCRATCH);
        return;
    case 3:
        value(g);
        op_u32(g, 0x24, 0);
        op_u32(g, 0x23, 0);
        op_u32(g, 0x21, SCRATCH);
        return;
    default:
        value(g);
        op_u32(g, 0x21, free + pick(g, LOCALS - free));
    }
}

// Something that it may not hold.
static void other_statement(generator *g, uint32_t free) {
    switch (pick(g, 9)) {
    case 0:
        condition(g);
        open_block(g, 0x04);
        plain_statement(g, free);
        if (pick(g, 2) == 0) {
            op(g, 0x05);
            plain_statement(g, free);
        }
        close_block(g);
        return;
    case 1:
        condition(g);
        op_u32(g, 0x0d, any_label(g)); // out, or round again
        return;
    case 2:
        condition(g);
        open_block(g, 0x04);
        op(g, pick(g, 4) == 0 ? 0x00 : 0x01);
        close_block(g);
        return;
    case 3:
        if (g->function == EXECUTE)
            op_u32(g, 0x10, 1 + pick(g, FUNCTION_COUNT - 1));
        return;
    case 4:
        constant(g, pick(g, 64));
        constant(g, 7);
        op_u32(g, 0x20, pick(g, LOCALS));
        constant(g, 15);
        op(g, 0x71);
        op(g, 0xfc);
        op_u32(g, 0x0b, 0); // memory.fill
        return;
    case 5:
        constant(g, pick(g, 2));
        op_u32(g, 0x40, 0);
        op(g, 0x1a);
        return;
    case 6:
        open_block(g, 0x02);
        open_block(g, 0x02);
        condition(g);
        op_u32(g, 0x0e, 2);
        wasm_u32(g->out, 0);
        wasm_u32(g->out, any_label(g));
        wasm_u32(g->out, pick(g, 2));
        close_block(g);
        plain_statement(g, free);
        close_block(g);
        return;
    case 7:
        condition(g);
        open_block(g, 0x04);
        op_u32(g, 0x0c, any_label(g));
        close_block(g);
        return;
    default:
        open_block(g, 0x02);
        condition(g);
        op_u32(g, 0x0d, 0);
        plain_statement(g, free);
        condition(g);
        op_u32(g, 0x0d, any_label(g));
        close_block(g);
    }
}

static uint32_t pick_step(generator *g) {
    static const uint32_t steps[] = {1, 1, 1, 0xffffffff, 0xffffffff, 2, 4, 8, 0xfffffffc, 3, 7, 12,
        24, 0xfffffff4, 0xfffffffd, 0x80000000, 0x40000000, 0xc0000000, 0x10000, 0x55555555, 0};
    const uint32_t which = pick(g, sizeof steps / sizeof steps[0] + 1);
    return which < sizeof steps / sizeof steps[0] ? steps[which] : (uint32_t)test_random(&g->state);
}

static counter pick_counter(generator *g) {
    static const uint32_t edges[] = {
        0, 1, 5, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x7ffffff8};
    counter c = {.local = g->depth, .step = pick_step(g)};
    c.start = pick(g, 2) == 0 ? pick(g, 30) : edges[pick(g, 8)] + pick(g, 5) - 2;
    c.bound = c.start + pick(g, 9) * c.step;
    if (pick(g, 5) == 0)
        c.bound += pick(g, 5) - 2; // misaligned, or beyond
    if (pick(g, 16) == 0)
        c.bound = edges[pick(g, 8)];
    c.bound_local = pick(g, 2) == 0 ? DEPTH_MAX + g->depth : NO_LOCAL;
    c.test = pick(g, 3) == 0 ? (uint8_t)(0x46 + pick(g, 10)) : 0x47; // i32.ne most often
    if (pick(g, 3) == 0) {                                           // an order that fits the step
        const bool is_down = (int32_t)c.step < 0;
        static const uint8_t up[] = {0x48, 0x49, 0x4c, 0x4d}, down[] = {0x4a, 0x4b, 0x4e, 0x4f};
        c.test = is_down ? down[pick(g, 4)] : up[pick(g, 4)];
    }
    if (pick(g, 6) == 0) {
        c.test = 0;
        c.bound = 0;
        c.start = 0 - (1 + pick(g, 6)) * c.step;
    }
    return c;
}

// [] → []: stores a value that the analysis may or may not know.
static void set_local(generator *g, uint32_t local, uint32_t number) {
    const bool is_hidden = pick(g, 2) == 0;
    if (is_hidden) {
        constant(g, number - 3);
        op_u32(g, 0x23, 1); // a global that holds 3
        op(g, 0x6a);
    } else {
        constant(g, number);
    }
    op_u32(g, pick(g, 8) == 0 ? 0x22 : 0x21, local);
    if (g->out->data[g->out->len - 2] == 0x22)
        op(g, 0x1a);
}

static void push_bound(generator *g, const counter *c) {
    if (c->bound_local == NO_LOCAL)
        constant(g, c->bound);
    else
        op_u32(g, 0x20, c->bound_local);
}

static void step(generator *g, const counter *c, bool leaves_value) {
    op_u32(g, 0x20, c->local);
    if (pick(g, 3) == 0) {
        constant(g, 0u - c->step);
        op(g, 0x6b);
    } else {
        constant(g, c->step);
        op(g, 0x6a);
    }
    if (pick(g, 5) == 0 && leaves_value) { // by way of a copy
        op_u32(g, 0x22, SCRATCH);
        op_u32(g, 0x21, c->local);
        op_u32(g, 0x20, pick(g, 2) == 0 ? SCRATCH : c->local);
        return;
    }
    op_u32(g, leaves_value ? 0x22 : 0x21, c->local);
}

// [] → [i32]: whether another round follows. The counter steps here or was stepped.
static void push_test(generator *g, const counter *c, bool steps) {
    static const uint8_t swapped[] = {0x46, 0x47, 0x4a, 0x4b, 0x48, 0x49, 0x4e, 0x4f, 0x4c, 0x4d};
    const bool bound_first = c->test != 0 && pick(g, 3) == 0;
    if (bound_first)
        push_bound(g, c);
    if (steps)
        step(g, c, true);
    else
        op_u32(g, 0x20, c->local);
    if (c->test == 0)
        return;
    if (!bound_first)
        push_bound(g, c);
    static const uint8_t negated[] = {0x47, 0x46, 0x4e, 0x4f, 0x4c, 0x4d, 0x4a, 0x4b, 0x48, 0x49};
    uint8_t test = bound_first ? swapped[c->test - 0x46] : c->test;
    const bool is_negated = pick(g, 4) == 0;
    if (is_negated)
        test = negated[test - 0x46];
    op(g, test);
    if (is_negated)
        op(g, 0x45);
    if (pick(g, 6) == 0) { // kept in a local meanwhile
        op_u32(g, 0x21, SCRATCH);
        op_u32(g, 0x20, SCRATCH);
    }
}

static void loop(generator *g);

static void loop_body(generator *g, const counter *c) {
    const uint32_t free = pick(g, 6) == 0 ? c->local : 2 * DEPTH_MAX; // may spoil the counting
    for (uint32_t count = pick(g, 4); count != 0; count--)
        plain_statement(g, free);
    if (g->depth < DEPTH_MAX && g->budget > 0 && pick(g, 4) == 0)
        loop(g);
    if (pick(g, 5) == 0)
        other_statement(g, 2 * DEPTH_MAX);
}

static void loop_of_overflow(generator *g, const counter *c) {
    set_local(g, c->local, 0 - (1 + pick(g, 6)));
    open_block(g, 0x03);
    loop_body(g, c);
    op_u32(g, 0x20, c->local);
    constant(g, 1);
    op(g, 0x6a);
    op_u32(g, 0x22, SCRATCH);
    op_u32(g, 0x20, c->local);
    op(g, 0x49);
    op_u32(g, 0x21, SCRATCH + 1);
    op_u32(g, 0x20, SCRATCH);
    op_u32(g, 0x21, c->local);
    op_u32(g, 0x20, SCRATCH + 1);
    op(g, 0x45);
    op_u32(g, 0x0d, 0);
    close_block(g);
}

static void loop_tested_first(generator *g, const counter *c) {
    open_block(g, 0x02);
    open_block(g, 0x03);
    push_test(g, c, false);
    op(g, 0x45);
    op_u32(g, 0x0d, 1);
    loop_body(g, c);
    step(g, c, false);
    op_u32(g, 0x0c, 0);
    close_block(g);
    close_block(g);
}

static void loop_tested_last(generator *g, const counter *c) {
    const bool steps_last = pick(g, 4) != 0;
    const bool has_result = pick(g, 8) == 0;
    open_block(g, 0x03);
    if (has_result)
        g->out->data[g->out->len - 1] = 0x7f;
    if (!steps_last)
        step(g, c, false);
    loop_body(g, c);
    push_test(g, c, steps_last);
    op_u32(g, 0x0d, 0);
    if (has_result)
        value(g);
    close_block(g);
    if (has_result)
        op_u32(g, 0x21, SCRATCH);
}

static void loop(generator *g) {
    static const uint8_t orders[] = {0x48, 0x49, 0x4c, 0x4d};
    counter c = pick_counter(g);
    const bool goes_on = pick(g, 5) == 0; // from where the counter was left
    g->budget--;
    g->depth++;
    if (goes_on) {
        c.test = orders[pick(g, 4)];
        c.step = 1 + pick(g, 3);
        c.bound = 1 + pick(g, 9);
    } else {
        set_local(g, c.local, c.start);
    }
    if (c.bound_local != NO_LOCAL)
        set_local(g, c.bound_local, c.bound);
    if (pick(g, 5) == 0) { // one round less on some paths
        condition(g);
        open_block(g, 0x04);
        constant(g, c.start + c.step);
        op_u32(g, 0x21, c.local);
        if (pick(g, 3) == 0) {
            op(g, 0x05);
            constant(g, c.start);
            op_u32(g, 0x21, c.local);
        }
        close_block(g);
    }
    if (pick(g, 4) == 0)
        plain_statement(g, 2 * DEPTH_MAX);
    switch (pick(g, 12)) {
    case 0:
        loop_of_overflow(g, &c);
        break;
    case 1:
    case 2:
        loop_tested_first(g, &c);
        break;
    default:
        loop_tested_last(g, &c);
    }
    g->depth--;
}

static void body(generator *g, uint32_t function) {
    g->function = function;
    g->depth = 0;
    g->labels = 1;
    g->budget = function == EXECUTE ? 6 : 2;
    wasm_open(g->out);
    wasm_u32(g->out, 1);
    wasm_u32(g->out, LOCALS);
    op(g, 0x7f);
    wasm_repeat(g->out, 0x01, 2 * LOCALS); // a body has two bytes for each local
    if (function == EXECUTE)
        open_block(g, 0x02); // what leaves it is still stored
    for (uint32_t count = 1 + pick(g, 3); count != 0; count--) {
        for (uint32_t i = 0; i < DEPTH_MAX && pick(g, 2) == 0; i++)
            set_local(g, i, pick(g, 4));
        loop(g);
        if (pick(g, 3) == 0)
            other_statement(g, 2 * DEPTH_MAX);
    }
    if (function == CALLER && pick(g, 2) == 0)
        op_u32(g, 0x10, LEAF);
    if (function == EXECUTE) {
        close_block(g);
        for (uint32_t i = 0; i < LOCALS; i++) {
            constant(g, RESULTS_AT + 4 * i);
            op_u32(g, 0x20, i);
            op_u32(g, 0x36, 2);
            wasm_u32(g->out, 0);
        }
        op_u32(g, 0x20, 0);
    }
    op(g, 0x0b);
    wasm_close(g->out);
}

void generate_loops(uint64_t seed, wasm_builder *out) {
    generator g = {.out = out, .state = seed};
    wasm_header(out);
    wasm_types(out, 2, (const char *[]){">i", ">"});
    wasm_functions(out, FUNCTION_COUNT, (const uint32_t[]){0, 1, 1});
    wasm_memory(out, 1, 3);
    wasm_open_section(out, WASM_GLOBAL);
    wasm_u32(out, 2);
    WASM(out, 0x7f, 0x01, 0x41, 0x05, 0x0b);
    WASM(out, 0x7f, 0x01, 0x41, 0x03, 0x0b);
    wasm_close(out);
    wasm_open_section(out, WASM_EXPORT);
    wasm_u32(out, 2);
    wasm_export(out, "execute", 0, 0);
    wasm_export(out, "memory", 2, 0);
    wasm_close(out);
    wasm_open_section(out, WASM_CODE);
    wasm_u32(out, FUNCTION_COUNT);
    for (uint32_t i = 0; i < FUNCTION_COUNT; i++)
        body(&g, i);
    wasm_close(out);
}
