#include "oracle/float_program.h"

#include "harness/test.h"

enum { I32 = 0x7f, F32 = 0x7d, F64 = 0x7c, EMPTY = 0x40 };

enum {
    LOCALS_OF_TYPE = 4, // of f32, then of f64, then i32: half of these for counters
    HELPERS = 3,        // (f64, f32) -> f64, (f32, f64) -> f32, (f64) -> ()
    GLOBALS_OF_TYPE = 2,
    MEMORY_MASK = 0x1f8, // addresses that are used
    LABELS_MAX = 40,
    LOOPS_MAX = 2,
};

typedef struct generator {
    wasm_builder *out;
    uint64_t state;
    int32_t budget;
    uint32_t function; // position; helpers come after `execute`
    uint32_t param_count;
    uint32_t loop_count;
    uint32_t label_count;
    uint8_t labels[LABELS_MAX]; // what a branch takes along
    bool is_loop[LABELS_MAX];
} generator;

static const char *const signatures[HELPERS + 1] = {">i", "Ff>F", "fF>f", "F>"};

static void expression(generator *g, uint8_t type, uint32_t depth);
static void statements(generator *g, uint32_t depth);

static uint32_t pick(generator *g, uint32_t count) {
    return (uint32_t)(test_random(&g->state) >> 20) % count;
}

static void op(generator *g, uint8_t byte) {
    wasm_byte(g->out, byte);
}

static void op_u32(generator *g, uint8_t byte, uint32_t index) {
    wasm_byte(g->out, byte);
    wasm_u32(g->out, index);
}

static void i32_const(generator *g, int32_t value) {
    op(g, 0x41);
    wasm_s64(g->out, value);
}

// Sometimes a parameter, which holds what the caller says.
static uint32_t local_of(generator *g, uint8_t type) {
    const char *params = signatures[g->function];
    const char letter = type == F32 ? 'f' : type == F64 ? 'F' : 'i';
    for (uint32_t i = 0; i < g->param_count; i++)
        if (params[i] == letter && pick(g, 8) == 0)
            return i;
    const uint32_t group = type == F32 ? 0 : type == F64 ? 1 : 2;
    return g->param_count + group * LOCALS_OF_TYPE + pick(g, type == I32 ? 2 : LOCALS_OF_TYPE);
}

uint32_t float_pattern_f32(uint32_t number) {
    static const uint32_t patterns[FLOAT_PATTERN_COUNT] = {0x7fc00000, 0xffc00000, 0x7fc00001,
        0xffc12345, 0x7f800001, 0xff800001, 0x7fbfffff, 0xffbfffff, 0x7fffffff, 0xffffffff,
        0x7fa00000, 0xffa54321, 0x7fd55555, 0xffe00000, 0x7f812345, 0xff8abcde, 0x7f800000,
        0xff800000, 0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff,
        0x00800000, 0x80800000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x3fc00000,
        0xbfc00000, 0x40200000, 0xc0200000, 0x3effffff, 0x3f000001, 0x4affffff, 0x4b000000,
        0x4b000001, 0xcb000001, 0x4b7fffff, 0x4b800001, 0x7f7fffff, 0xff7fffff, 0x7f000000,
        0xff000000, 0x4f000000, 0xcf000000, 0x4effffff, 0x4f800000, 0x5f000000, 0xdf000000,
        0x40490fdb, 0xc02df854, 0x33800000, 0x33800001, 0x3f7fffff, 0xbf7fffff, 0x3f800001,
        0x00400000, 0x80400001, 0x41200000, 0xc1200000, 0x3dcccccd};
    return patterns[number];
}

uint64_t float_pattern_f64(uint32_t number) {
    static const uint64_t patterns[FLOAT_PATTERN_COUNT] = {0x7ff8000000000000, 0xfff8000000000000,
        0x7ff8000000000001, 0xfff8123456789abc, 0x7ff0000000000001, 0xfff0000000000001,
        0x7ff7ffffffffffff, 0xfff7ffffffffffff, 0x7fffffffffffffff, 0xffffffffffffffff,
        0x7ff4000000000000, 0xfff4321043210432, 0x7ffaaaaaaaaaaaaa, 0xfffc000000000000,
        0x7ff0000012345678, 0xfff00000abcdef01, 0x7ff0000000000000, 0xfff0000000000000,
        0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x8000000000000001,
        0x000fffffffffffff, 0x800fffffffffffff, 0x0010000000000000, 0x8010000000000000,
        0x3ff0000000000000, 0xbff0000000000000, 0x3fe0000000000000, 0xbfe0000000000000,
        0x3ff8000000000000, 0xbff8000000000000, 0x4004000000000000, 0xc004000000000000,
        0x3fdfffffffffffff, 0x3fe0000000000001, 0x432fffffffffffff, 0x4330000000000000,
        0x4330000000000001, 0xc330000000000001, 0x433fffffffffffff, 0x4340000000000001,
        0x7fefffffffffffff, 0xffefffffffffffff, 0x47efffffffffffff, 0x47effffff0000000,
        0x41dfffffffc00000, 0xc1e0000000000000, 0x41efffffffe00000, 0x43e0000000000000,
        0x3690000000000000, 0x3690000000000001, 0x400921fb54442d18, 0xc005bf0a8b145769,
        0x36a0000000000000, 0x380fffffffffffff, 0x3fefffffffffffff, 0xbfefffffffffffff,
        0x3ff0000000000001, 0x0008000000000000, 0x8008000000000001, 0x4024000000000000,
        0xc024000000000000, 0x3fb999999999999a};
    return patterns[number];
}

static void constant(generator *g, uint8_t type) {
    const uint32_t number = pick(g, FLOAT_PATTERN_COUNT);
    if (type == I32) {
        i32_const(g, (int32_t)pick(g, 64) - 8);
    } else if (type == F32) {
        op(g, 0x43);
        wasm_u32_le(g->out, float_pattern_f32(number));
    } else {
        op(g, 0x44);
        wasm_u64_le(g->out, float_pattern_f64(number));
    }
}

static void leaf(generator *g, uint8_t type) {
    if (pick(g, 3) == 0)
        constant(g, type);
    else
        op_u32(g, 0x20, local_of(g, type));
}

static void address(generator *g, uint32_t depth) {
    expression(g, I32, depth);
    i32_const(g, MEMORY_MASK);
    op(g, 0x71);
}

static void load(generator *g, uint8_t type, uint32_t depth) {
    address(g, depth);
    op(g, type == I32 ? 0x28 : type == F32 ? 0x2a : 0x2b);
    WASM(g->out, 0, 0);
}

static void store(generator *g, uint32_t depth) {
    const uint8_t type = pick(g, 2) == 0 ? F32 : F64;
    address(g, depth);
    expression(g, type, depth);
    op(g, type == F32 ? 0x38 : 0x39);
    WASM(g->out, 0, 0);
}

static void open_label(generator *g, uint8_t opcode, uint8_t type) {
    CHECK(g->label_count < LABELS_MAX);
    op(g, opcode);
    op(g, type);
    g->is_loop[g->label_count] = opcode == 0x03;
    g->labels[g->label_count++] = opcode == 0x03 ? EMPTY : type;
}

static void close_label(generator *g) {
    op(g, 0x0b);
    g->label_count--;
}

// A label, not of a loop, to which a branch takes this along; UINT32_MAX if there is none.
static uint32_t find_label(generator *g, uint8_t type) {
    const uint32_t first = pick(g, g->label_count);
    for (uint32_t i = 0; i < g->label_count; i++) {
        const uint32_t label = (first + i) % g->label_count;
        const uint32_t position = g->label_count - 1 - label;
        if (g->labels[position] == type && !g->is_loop[position])
            return label;
    }
    return UINT32_MAX;
}

static void block_expression(generator *g, uint8_t type, uint32_t depth) {
    open_label(g, pick(g, 4) == 0 ? 0x03 : 0x02, type);
    statements(g, depth);
    expression(g, type, depth);
    const uint32_t label = find_label(g, type);
    if (label != UINT32_MAX && pick(g, 3) != 0) {
        expression(g, I32, depth);
        if (pick(g, 4) != 0) {
            op_u32(g, 0x0d, label);
        } else {
            op_u32(g, 0x0e, 1); // br_table
            wasm_u32(g->out, label);
            wasm_u32(g->out, find_label(g, type));
            if (pick(g, 2) == 0)
                op(g, type == F32 ? 0x8c : type == F64 ? 0x9a : 0x45); // dead
        }
    }
    close_label(g);
}

static void if_expression(generator *g, uint8_t type, uint32_t depth) {
    expression(g, I32, depth);
    open_label(g, 0x04, type);
    expression(g, type, depth);
    op(g, 0x05);
    statements(g, depth);
    if (pick(g, 12) == 0)
        op(g, 0x00);
    else
        expression(g, type, depth);
    close_label(g);
}

// A call of a helper that comes later, so that no program recurs.
static bool call(generator *g, uint32_t helper, uint32_t depth) {
    if (helper <= g->function)
        return false;
    const char *params = signatures[helper];
    for (; *params != '>'; params++)
        expression(g, *params == 'F' ? F64 : F32, depth);
    if (pick(g, 3) == 0) {
        i32_const(g, (int32_t)helper);
        op_u32(g, 0x11, helper);
        op(g, 0);
    } else {
        op_u32(g, 0x10, helper);
    }
    return true;
}

static void i32_expression(generator *g, uint32_t depth) {
    static const uint8_t converts[] = {0, 1, 2, 3}; // of f32 twice, of f64 twice
    switch (pick(g, 6)) {
    case 0:
        expression(g, F32, depth);
        expression(g, F32, depth);
        op(g, (uint8_t)(0x5b + pick(g, 6)));
        return;
    case 1:
        expression(g, F64, depth);
        expression(g, F64, depth);
        op(g, (uint8_t)(0x61 + pick(g, 6)));
        return;
    case 2:
        expression(g, F32, depth);
        op(g, 0xbc);
        return;
    case 3:
        expression(g, F64, depth);
        op(g, 0xbd);
        WASM(g->out, 0x42, 32, 0x88, 0xa7); // its upper half
        return;
    case 4: {
        const uint8_t convert = converts[pick(g, 4)];
        expression(g, convert < 2 ? F32 : F64, depth);
        WASM(g->out, 0xfc, convert);
        return;
    }
    default:
        load(g, I32, depth);
    }
}

static void arithmetic(generator *g, uint8_t type, uint32_t depth) {
    const uint8_t base = type == F32 ? 0x8b : 0x99; // abs, neg, then arithmetic
    const uint32_t number = pick(g, 20);
    expression(g, type, depth);
    if (number < 7) {
        op(g, (uint8_t)(base + number));
        return;
    }
    expression(g, type, depth);
    op(g, (uint8_t)(base + 7 + (number - 7) % 7));
}

static void other_width(generator *g, uint8_t type, uint32_t depth) {
    switch (pick(g, 3)) {
    case 0:
        expression(g, I32, depth);
        op(g, type == F32 ? 0xb2 : 0xb7);
        return;
    case 1:
        expression(g, type == F32 ? F64 : F32, depth);
        op(g, type == F32 ? 0xb6 : 0xbb);
        return;
    default:
        expression(g, I32, depth);
        if (type == F32) {
            op(g, 0xbe);
        } else {
            op(g, 0xad);
            WASM(g->out, 0x42, 32, 0x86, 0xbf);
        }
    }
}

static void expression(generator *g, uint8_t type, uint32_t depth) {
    g->budget--;
    if (depth == 0 || g->budget < 0) {
        leaf(g, type);
        return;
    }
    depth--;
    switch (pick(g, type == I32 ? 6 : 16)) {
    case 0:
        load(g, type, depth);
        return;
    case 1:
        block_expression(g, type, depth);
        return;
    case 2:
        if_expression(g, type, depth);
        return;
    case 3:
        if (type == I32) {
            i32_expression(g, depth);
            return;
        }
        expression(g, type, depth);
        op_u32(g, 0x22, local_of(g, type));
        return;
    case 4:
    case 5:
        if (type == I32) {
            i32_expression(g, depth);
            return;
        }
        expression(g, type, depth);
        expression(g, type, depth);
        expression(g, I32, depth);
        op(g, 0x1b);
        return;
    case 6:
        if (call(g, type == F64 ? 1 : 2, depth))
            return;
        break;
    case 7:
        op_u32(g, 0x23, (type == F32 ? 0 : GLOBALS_OF_TYPE) + pick(g, GLOBALS_OF_TYPE));
        return;
    case 8:
        other_width(g, type, depth);
        return;
    default:
        arithmetic(g, type, depth);
        return;
    }
    leaf(g, type);
}

static void counted_loop(generator *g, uint32_t depth) {
    const uint32_t counter = g->param_count + 2 * LOCALS_OF_TYPE + 2 + g->loop_count;
    if (g->loop_count == LOOPS_MAX)
        return;
    i32_const(g, (int32_t)(1 + pick(g, 4)));
    op_u32(g, 0x21, counter);
    g->loop_count++;
    open_label(g, 0x03, EMPTY);
    statements(g, depth);
    statements(g, depth);
    op_u32(g, 0x20, counter);
    i32_const(g, -1);
    op(g, 0x6a);
    op_u32(g, 0x22, counter);
    op_u32(g, 0x0d, 0);
    close_label(g);
    g->loop_count--;
}

static void leave(generator *g, uint32_t depth) {
    const uint32_t label = find_label(g, EMPTY);
    const uint8_t result = g->labels[0];
    if (pick(g, 2) == 0) {
        if (result != EMPTY)
            expression(g, result, depth);
        op(g, 0x0f);
    } else if (label != UINT32_MAX) {
        op_u32(g, 0x0c, label);
    } else {
        return;
    }
    if (pick(g, 2) == 0)
        WASM(g->out, 0xa0, 0xbd, 0x1a); // dead: operands out of nothing
}

static void statement(generator *g, uint32_t depth) {
    const uint8_t type = pick(g, 2) == 0 ? F32 : F64;
    switch (pick(g, 9)) {
    case 0:
        store(g, depth);
        return;
    case 1:
        expression(g, type, depth);
        op_u32(g, 0x24, (type == F32 ? 0 : GLOBALS_OF_TYPE) + pick(g, GLOBALS_OF_TYPE));
        return;
    case 2:
        counted_loop(g, depth);
        return;
    case 3:
        open_label(g, 0x02, EMPTY);
        statements(g, depth);
        expression(g, I32, depth);
        op_u32(g, 0x0d, 0);
        statements(g, depth);
        if (pick(g, 3) == 0)
            leave(g, depth);
        close_label(g);
        return;
    case 4:
        expression(g, I32, depth);
        open_label(g, 0x04, EMPTY);
        statements(g, depth);
        if (pick(g, 3) == 0)
            leave(g, depth);
        close_label(g);
        return;
    case 5:
        call(g, 3, depth);
        return;
    default:
        expression(g, type, depth);
        op_u32(g, 0x21, local_of(g, type));
    }
}

static void statements(generator *g, uint32_t depth) {
    for (uint32_t count = pick(g, 4); count != 0 && g->budget > 0; count--)
        statement(g, depth != 0 ? depth - 1 : 0);
}

// Leave locals and globals in memory, where they are compared. Sometimes only some of them, so that a local
// may be read by nothing but arithmetic.
static void report(generator *g) {
    for (uint32_t i = 0; i < 2 * LOCALS_OF_TYPE; i++) {
        if (pick(g, 2) == 0)
            continue;
        i32_const(g, (int32_t)(MEMORY_MASK + 8 + 64 * g->function + 8 * i));
        op_u32(g, 0x20, g->param_count + i);
        op(g, i < LOCALS_OF_TYPE ? 0x38 : 0x39);
        WASM(g->out, 0, 0);
    }
    for (uint32_t i = 0; i < 2 * GLOBALS_OF_TYPE && g->function == 0; i++) {
        i32_const(g, (int32_t)(1024 + 8 * i));
        op_u32(g, 0x23, i);
        op(g, i < GLOBALS_OF_TYPE ? 0x38 : 0x39);
        WASM(g->out, 0, 0);
    }
}

static void body(generator *g, uint32_t function) {
    const char *signature = signatures[function];
    const char *arrow = strchr(signature, '>');
    g->function = function;
    g->param_count = (uint32_t)(arrow - signature);
    g->loop_count = 0;
    g->label_count = 1;
    g->budget = 10 + (int32_t)pick(g, 50);
    g->is_loop[0] = false;
    g->labels[0] = arrow[1] == 'F' ? F64 : arrow[1] == 'f' ? F32 : arrow[1] == 'i' ? I32 : EMPTY;
    wasm_open(g->out);
    WASM(g->out, 3, LOCALS_OF_TYPE, F32, LOCALS_OF_TYPE, F64, LOCALS_OF_TYPE, I32);
    wasm_repeat(g->out, 0x01, 2 * 3 * LOCALS_OF_TYPE); // a body has two bytes for each local
    for (int i = 0; i < 4; i++)
        statements(g, 4);
    report(g);
    if (g->labels[0] != EMPTY)
        expression(g, g->labels[0], 4);
    op(g, 0x0b);
    wasm_close(g->out);
}

static void globals(generator *g) {
    wasm_open_section(g->out, WASM_GLOBAL);
    wasm_u32(g->out, 2 * GLOBALS_OF_TYPE);
    for (uint32_t i = 0; i < 2 * GLOBALS_OF_TYPE; i++) {
        const uint8_t type = i < GLOBALS_OF_TYPE ? F32 : F64;
        WASM(g->out, type, 1);
        constant(g, type);
        op(g, 0x0b);
    }
    wasm_close(g->out);
}

static void data(generator *g) {
    wasm_open_section(g->out, WASM_DATA);
    WASM(g->out, 1, 0, 0x41, 0, 0x0b);
    wasm_u32(g->out, MEMORY_MASK + 8);
    for (uint32_t i = 0; i <= MEMORY_MASK / 8; i++) {
        if (pick(g, 2) == 0) {
            wasm_u64_le(g->out, float_pattern_f64(pick(g, FLOAT_PATTERN_COUNT)));
        } else {
            wasm_u32_le(g->out, float_pattern_f32(pick(g, FLOAT_PATTERN_COUNT)));
            wasm_u32_le(g->out, pick(g, 64));
        }
    }
    wasm_close(g->out);
}

void generate_float_program(uint64_t seed, wasm_builder *out) {
    generator g = {.out = out, .state = seed};
    wasm_header(out);
    wasm_types(out, HELPERS + 1, signatures);
    wasm_functions(out, HELPERS + 1, (const uint32_t[]){0, 1, 2, 3});
    wasm_table(out, HELPERS + 1, HELPERS + 1);
    wasm_memory(out, 1, 1);
    globals(&g);
    wasm_open_section(out, WASM_EXPORT);
    wasm_u32(out, 2);
    wasm_export(out, "execute", 0, 0);
    wasm_export(out, "memory", 2, 0);
    wasm_close(out);
    wasm_open_section(out, WASM_ELEMENT);
    WASM(out, 1, 0, 0x41, 0, 0x0b);
    wasm_u32(out, HELPERS + 1);
    for (uint32_t i = 0; i <= HELPERS; i++)
        wasm_u32(out, i);
    wasm_close(out);
    wasm_open_section(out, WASM_CODE);
    wasm_u32(out, HELPERS + 1);
    for (uint32_t i = 0; i <= HELPERS; i++)
        body(&g, i);
    wasm_close(out);
    data(&g);
}
