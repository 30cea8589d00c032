#include "oracle/generator.h"

#include "harness/test.h"

// Every function but `execute` and the start function has one of these types. A function calls only ones
// with greater numbers, directly or through the table, so calls end; loops count down.
static const char *const types[] = {">i", ">", "iI>I", "fF>F", "iii>f", "i>i"};
#define TYPE_COUNT 6
#define FUNCTION_COUNT 8 // 0: execute, 1: start, then one of each type
#define LABELS_MAX 24
#define LOOP_DEPTH_MAX 2
#define PAGES_MAX 3
#define DATA_LEN 40

// What a contract may import, and what to give it. p: somewhere in the first page; k: length of a key; n: a
// length; m: a small one; t: a number of topics; f: flags; s: an AssemblyScript string, most often none.
typedef struct host_shape {
    const char *name;
    const char *signature;
    const char *arguments;
    uint32_t rarity; // called once where others are called so often
} host_shape;

static const host_shape host_shapes[] = {{"block_number", ">I", "", 1}, {"timestamp", ">I", "", 1},
    {"chain_id", "ii>i", "pn", 1}, {"caller", "i>i", "p", 1}, {"self_address", "i>i", "p", 1},
    {"value", "i>i", "p", 1}, {"gas_left", ">I", "", 1}, {"input", "ii>i", "pn", 1},
    {"return_data", "ii>", "pn", 1}, {"revert", "ii>", "pn", 12}, {"panic", "iiiii>", "pnpnn", 24},
    {"abort", "iiii>", "ssnn", 24}, {"storage_read", "iiii>i", "pkpn", 1},
    {"storage_write", "iiii>", "pkpn", 1}, {"storage_remove", "ii>i", "pk", 1},
    {"storage_next", "iiiiiii>i", "pmpmfpn", 1}, {"emit", "iiii>", "ptpn", 1},
    {"log", "ii>", "pn", 1}, {"balance", "ii>i", "pp", 1}, {"sha256", "iii>", "pnp", 1},
    {"keccak256", "iii>", "pnp", 1}, {"blake2b256", "iii>", "pnp", 1},
    {"ed25519_verify", "iiii>i", "pnpp", 12}, {"secp256k1_recover", "iii>i", "ppp", 12},
    {"secp256k1_verify", "iii>i", "ppp", 12}};
#define HOST_COUNT (sizeof host_shapes / sizeof host_shapes[0])

typedef struct open_block {
    uint8_t type; // 0x40 or a value type
    bool is_loop;
} open_block;

typedef struct generator {
    wasm_builder *out;
    uint64_t state;
    uint32_t function;
    const char *signature;
    uint32_t param_count;
    open_block labels[LABELS_MAX]; // 0: the function's
    uint32_t label_count;
    uint32_t loop_depth;
    uint32_t import_count;         // 0: no contract
    uint32_t imported[HOST_COUNT]; // which host functions
    uint32_t thrift;               // divides the budget of each function
    int32_t budget;                // statements and expressions that may still be made
} generator;

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

static void i32_const(generator *g, int32_t value) {
    op(g, 0x41);
    wasm_s64(g->out, value);
}

static uint8_t type_byte(char letter) {
    switch (letter) {
    case 'i':
        return 0x7f;
    case 'I':
        return 0x7e;
    case 'f':
        return 0x7d;
    default:
        return 0x7c;
    }
}

static uint32_t type_number(uint8_t type) {
    return 0x7fu - type; // i32, i64, f32, f64: 0 … 3
}

// Declared locals: two of each type, then the loop counters.
static uint32_t local_of(generator *g, uint8_t type) {
    const uint32_t declared = g->param_count + 2 * type_number(type) + pick(g, 2);
    for (uint32_t i = 0; i < g->param_count; i++)
        if (type_byte(g->signature[i]) == type && pick(g, 3) == 0)
            return i;
    return declared;
}

static uint32_t loop_counter(const generator *g) {
    return g->param_count + 8 + g->loop_depth;
}

static void expression(generator *g, uint8_t type, uint32_t depth);
static void statements(generator *g, uint32_t depth);

static void open_label(generator *g, uint8_t code, uint8_t type) {
    op(g, code);
    op(g, type);
    g->labels[g->label_count++] = (open_block){.type = type, .is_loop = code == 0x03};
}

static void close_label(generator *g) {
    op(g, 0x0b);
    g->label_count--;
}

static bool has_room(const generator *g) {
    return g->label_count + 3 < LABELS_MAX && g->budget > 0;
}

// The depth of a label that is not a loop and takes this type, or UINT32_MAX.
static uint32_t find_label(generator *g, uint8_t type) {
    const uint32_t first = pick(g, g->label_count);
    for (uint32_t i = 0; i < g->label_count; i++) {
        const uint32_t depth = (first + i) % g->label_count;
        const open_block *l = &g->labels[g->label_count - 1 - depth];
        if (!l->is_loop && l->type == type)
            return depth;
    }
    return UINT32_MAX;
}

static void constant(generator *g, uint8_t type) {
    static const uint64_t doubles[] = {0, 0x3ff0000000000000, 0xbff8000000000000,
        0x7ff0000000000000, 0x7ff8000000000001, 0x43e0000000000000, 0xfff4000000000000};
    static const uint32_t floats[] = {
        0, 0x3f800000, 0xc0200000, 0x7f800000, 0x7fc12345, 0x4f000000};
    switch (type) {
    case 0x7f:
        i32_const(g, pick(g, 4) == 0 ? (int32_t)test_random(&g->state) : (int32_t)pick(g, 20) - 4);
        return;
    case 0x7e:
        op(g, 0x42);
        wasm_s64(
            g->out, pick(g, 2) == 0 ? (int64_t)test_random(&g->state) : (int64_t)pick(g, 9) - 3);
        return;
    case 0x7d:
        op(g, 0x43);
        wasm_u32_le(g->out, floats[pick(g, 6)]);
        return;
    default:
        op(g, 0x44);
        wasm_u64_le(g->out, doubles[pick(g, 7)]);
    }
}

// An address that keeps some bytes within the first page.
static void address(generator *g, uint32_t depth) {
    expression(g, 0x7f, depth);
    i32_const(g, 0xff00);
    op(g, 0x71);
}

static void binary(generator *g, uint8_t type, uint32_t depth) {
    static const uint8_t first[] = {0x6a, 0x7c, 0x92, 0xa0};
    static const uint8_t count[] = {15, 15, 7, 7};
    const uint32_t number = type_number(type);
    uint32_t which = pick(g, count[number]);
    if (number < 2 && which >= 3 && which <= 6 && pick(g, 16) != 0)
        which = 0; // a division by zero now and then is enough
    expression(g, type, depth);
    expression(g, type, depth);
    op(g, (uint8_t)(first[number] + which));
}

static void unary(generator *g, uint8_t type, uint32_t depth) {
    static const uint8_t i32_ops[] = {0x67, 0x68, 0x69, 0x45, 0xc0, 0xc1};
    static const uint8_t i64_ops[] = {0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4};
    expression(g, type, depth);
    switch (type) {
    case 0x7f:
        op(g, i32_ops[pick(g, 6)]);
        return;
    case 0x7e:
        op(g, i64_ops[pick(g, 6)]);
        return;
    default:
        op(g, (uint8_t)((type == 0x7d ? 0x8b : 0x99) + pick(g, 7)));
    }
}

static void comparison(generator *g, uint32_t depth) {
    static const uint8_t first[] = {0x46, 0x51, 0x5b, 0x61};
    static const uint8_t count[] = {10, 10, 6, 6};
    const uint32_t number = pick(g, 4);
    expression(g, (uint8_t)(0x7f - number), depth);
    expression(g, (uint8_t)(0x7f - number), depth);
    op(g, (uint8_t)(first[number] + pick(g, count[number])));
}

static void conversion(generator *g, uint8_t type, uint32_t depth) {
    static const uint8_t rows[][2] = {// operand type, opcode; 0: saturating, by the operand's type
        {0x7e, 0xa7}, {0x7d, 0xbc}, {0x7c, 0}, {0x7d, 0xa8},     // to i32
        {0x7f, 0xac}, {0x7f, 0xad}, {0x7c, 0xbd}, {0x7d, 0},     // to i64
        {0x7f, 0xb2}, {0x7e, 0xb5}, {0x7f, 0xbe}, {0x7c, 0xb6},  // to f32
        {0x7f, 0xb7}, {0x7e, 0xba}, {0x7e, 0xbf}, {0x7d, 0xbb}}; // to f64
    uint32_t which = pick(g, 4);
    if (type == 0x7f && which == 3 && pick(g, 8) != 0)
        which = 0; // it traps often
    const uint8_t *row = rows[4 * type_number(type) + which];
    expression(g, row[0], depth);
    if (row[1] != 0) {
        op(g, row[1]);
        return;
    }
    op(g, 0xfc);
    op(g, type == 0x7f ? 2 : 4); // i32.trunc_sat_f64_s, i64.trunc_sat_f32_s
}

static void load(generator *g, uint8_t type, uint32_t depth) {
    static const uint8_t codes[] = {0x28, 0x29, 0x2a, 0x2b};
    address(g, depth);
    op(g, codes[type_number(type)]);
    wasm_u32(g->out, pick(g, 3));
    wasm_u32(g->out, pick(g, 8));
}

// A call of a function of this result type with a greater number; false: there is none.
static bool call_for(generator *g, char result, uint32_t depth) {
    const uint32_t first = g->function + 1 > 2 ? g->function + 1 : 2;
    const uint32_t start = pick(g, FUNCTION_COUNT);
    for (uint32_t i = 0; i < FUNCTION_COUNT; i++) {
        const uint32_t callee = (start + i) % FUNCTION_COUNT;
        const char *signature = callee >= 2 ? types[callee - 2] : "";
        const char *arrow = strchr(signature, '>');
        if (callee < first || arrow == NULL || arrow[1] != result)
            continue;
        for (const char *param = signature; param < arrow; param++)
            expression(g, type_byte(*param), depth);
        if (pick(g, 2) == 0) {
            op_u32(g, 0x10, g->import_count + callee);
            return true;
        }
        i32_const(g, (int32_t)callee);
        op_u32(g, 0x11, callee - 2);
        wasm_u32_padded(g->out, 0, pick(g, 2) == 0 ? 5 : 1);
        return true;
    }
    return false;
}

static void block_expression(generator *g, uint8_t type, uint32_t depth) {
    open_label(g, pick(g, 4) == 0 ? 0x03 : 0x02, type);
    statements(g, depth);
    expression(g, type, depth);
    const uint32_t label = find_label(g, type);
    if (label != UINT32_MAX) {
        expression(g, 0x7f, depth);
        op_u32(g, 0x0d, label); // the value goes along, or stays
    }
    close_label(g);
}

static void if_expression(generator *g, uint8_t type, uint32_t depth) {
    expression(g, 0x7f, depth);
    open_label(g, 0x04, type);
    statements(g, depth);
    expression(g, type, depth);
    op(g, 0x05);
    expression(g, type, depth);
    close_label(g);
}

static void expression(generator *g, uint8_t type, uint32_t depth) {
    g->budget--;
    if (depth == 0 || !has_room(g)) {
        if (pick(g, 2) == 0)
            constant(g, type);
        else
            op_u32(g, 0x20, local_of(g, type));
        return;
    }
    depth--;
    switch (pick(g, 13)) {
    case 0:
    case 1:
        binary(g, type, depth);
        return;
    case 2:
        unary(g, type, depth);
        return;
    case 3:
        conversion(g, type, depth);
        return;
    case 4:
        load(g, type, depth);
        return;
    case 5:
        block_expression(g, type, depth);
        return;
    case 6:
        if_expression(g, type, depth);
        return;
    case 7:
        if (call_for(g, "iIfF"[type_number(type)], depth))
            return;
        break;
    case 8:
        expression(g, type, depth);
        op_u32(g, 0x22, local_of(g, type));
        return;
    case 9:
        expression(g, type, depth);
        expression(g, type, depth);
        expression(g, 0x7f, depth);
        op(g, 0x1b);
        return;
    case 10:
        op_u32(g, 0x23, type_number(type));
        return;
    default:
        if (type != 0x7f)
            break;
        if (pick(g, 4) == 0) {
            i32_const(g, (int32_t)pick(g, 2));
            op_u32(g, 0x40, 0);
        } else if (pick(g, 4) == 0) {
            op_u32(g, 0x3f, 0);
        } else {
            comparison(g, depth);
        }
        return;
    }
    constant(g, type);
}

static void store(generator *g, uint32_t depth) {
    static const uint8_t codes[] = {0x36, 0x37, 0x38, 0x39};
    const uint32_t number = pick(g, 4);
    address(g, depth);
    expression(g, (uint8_t)(0x7f - number), depth);
    op(g, codes[number]);
    wasm_u32(g->out, pick(g, 3));
    wasm_u32(g->out, pick(g, 8));
}

static void bulk(generator *g, uint32_t depth) {
    const uint32_t kind = pick(g, 4);
    if (kind == 3) {
        if (pick(g, 10) != 0)
            return;
        op(g, 0xfc);
        op_u32(g, 9, 1); // data.drop of the passive segment
        return;
    }
    address(g, depth);
    if (kind == 0) { // within the segment, but it may have been dropped
        i32_const(g, (int32_t)pick(g, DATA_LEN / 2));
        i32_const(g, (int32_t)pick(g, pick(g, 8) == 0 ? DATA_LEN / 2 : 1));
        op(g, 0xfc);
        op_u32(g, 8, 1);
        op(g, 0);
        return;
    }
    if (kind == 1)
        address(g, depth);
    else
        expression(g, 0x7f, depth);
    expression(g, 0x7f, depth);
    i32_const(g, pick(g, 30) == 0 ? 0x1ffff : 127); // past the memory's end now and then
    op(g, 0x71);
    op(g, 0xfc);
    op(g, kind == 1 ? 10 : 11);
    op(g, 0);
    if (kind == 1)
        op(g, 0);
}

static void counted_loop(generator *g, uint32_t depth) {
    const uint32_t counter = loop_counter(g);
    i32_const(g, (int32_t)(1 + pick(g, 4)));
    op_u32(g, 0x21, counter);
    open_label(g, 0x03, 0x40);
    g->loop_depth++;
    op_u32(g, 0x20, counter);
    i32_const(g, 1);
    op(g, 0x6b);
    op_u32(g, 0x21, counter);
    statements(g, depth);
    if (pick(g, 3) == 0) { // an early next round
        expression(g, 0x7f, depth);
        open_label(g, 0x04, 0x40);
        op_u32(g, 0x20, counter);
        op_u32(g, 0x0d, 1);
        close_label(g);
    }
    op_u32(g, 0x20, counter);
    op_u32(g, 0x0d, 0);
    g->loop_depth--;
    close_label(g);
}

// What follows an unconditional branch: valid, and never run.
static void dead_code(generator *g, uint32_t depth) {
    switch (pick(g, 4)) {
    case 0:
        op(g, 0x6a); // operands out of nothing
        op(g, 0x1a);
        return;
    case 1:
        op(g, 0x04);
        op(g, 0x40);
        op(g, 0x01);
        op(g, 0x05);
        op_u32(g, 0x10, g->import_count + 2);
        op(g, 0x1a);
        op(g, 0x0b);
        return;
    case 2:
        statements(g, depth);
        return;
    default:
        return;
    }
}

static void leave(generator *g, uint32_t depth) {
    const uint8_t result = g->labels[0].type;
    const uint32_t label = find_label(g, 0x40);
    switch (pick(g, 8)) {
    case 0:
        if (result != 0x40)
            expression(g, result, depth);
        op(g, 0x0f);
        break;
    case 1:
        if (pick(g, 6) != 0)
            return;
        op(g, 0x00);
        break;
    case 2:
    case 3:
        if (label == UINT32_MAX)
            return;
        expression(g, 0x7f, depth);
        op_u32(g, 0x0e, 2);
        for (int i = 0; i < 3; i++)
            wasm_u32(g->out, find_label(g, 0x40));
        break;
    default:
        if (label == UINT32_MAX)
            return;
        op_u32(g, 0x0c, label);
    }
    dead_code(g, depth);
}

static void host_argument(generator *g, char kind, uint32_t depth) {
    if (pick(g, 200) == 0) {
        expression(g, 0x7f, depth); // anything
        return;
    }
    switch (kind) {
    case 'p':
        if (pick(g, 8) == 0)
            address(g, depth);
        else
            i32_const(g, 8 * (int32_t)pick(g, 130));
        return;
    case 'k':
        i32_const(g, 1 + (int32_t)pick(g, 3));
        return;
    case 'm':
        i32_const(g, (int32_t)pick(g, 3));
        return;
    case 't':
        i32_const(g, (int32_t)pick(g, 5));
        return;
    case 'f':
        i32_const(g, (int32_t)pick(g, 2));
        return;
    case 's':
        i32_const(g, pick(g, 4) == 0 ? 1000 : 0);
        return;
    default:
        i32_const(g, (int32_t)pick(g, 70));
    }
}

static void host_call(generator *g, uint32_t depth) {
    uint32_t which = pick(g, g->import_count);
    if (pick(g, host_shapes[g->imported[which]].rarity) != 0)
        which = pick(g, g->import_count);
    const host_shape *shape = &host_shapes[g->imported[which]];
    for (const char *kind = shape->arguments; *kind != '\0'; kind++)
        host_argument(g, *kind, depth);
    if (pick(g, 3) != 0) {
        op_u32(g, 0x10, which);
    } else {
        const uint32_t wrong = pick(g, 60) == 0;
        i32_const(g, (int32_t)(FUNCTION_COUNT + which + wrong));
        op_u32(g, 0x11, TYPE_COUNT + which);
        op(g, 0);
    }
    const char result = *(strchr(shape->signature, '>') + 1);
    if (result != '\0')
        op_u32(g, 0x21, local_of(g, type_byte(result)));
}

static void statement(generator *g, uint32_t depth) {
    const uint8_t type = (uint8_t)(0x7f - pick(g, 4));
    g->budget--;
    switch (pick(g, g->import_count != 0 ? 18 : 14)) {
    case 0:
    case 1:
        expression(g, type, depth);
        op_u32(g, 0x21, local_of(g, type));
        return;
    case 2:
        store(g, depth);
        return;
    case 3:
        expression(g, type, depth);
        op_u32(g, 0x24, type_number(type));
        return;
    case 4:
        open_label(g, 0x02, 0x40);
        statements(g, depth);
        if (pick(g, 3) == 0)
            leave(g, depth);
        close_label(g);
        return;
    case 5:
    case 6:
        expression(g, 0x7f, depth);
        open_label(g, 0x04, 0x40);
        statements(g, depth);
        if (pick(g, 2) == 0)
            leave(g, depth);
        if (pick(g, 2) == 0) {
            op(g, 0x05);
            statements(g, depth);
        }
        close_label(g);
        return;
    case 7:
    case 8:
        if (g->loop_depth < LOOP_DEPTH_MAX)
            counted_loop(g, depth);
        return;
    case 9:
        open_label(g, 0x02, 0x40);
        expression(g, 0x7f, depth);
        op_u32(g, 0x0d, 0);
        statements(g, depth);
        close_label(g);
        return;
    case 10:
        bulk(g, depth);
        return;
    case 11:
        call_for(g, '\0', depth);
        return;
    case 12:
        op(g, 0x01);
        return;
    case 13:
        expression(g, type, depth);
        op(g, 0x1a);
        return;
    default:
        host_call(g, depth);
    }
}

static void statements(generator *g, uint32_t depth) {
    for (uint32_t count = pick(g, 4); count != 0 && has_room(g); count--)
        statement(g, depth != 0 ? depth - 1 : 0);
}

static void body(generator *g, uint32_t function, const char *signature) {
    const char *arrow = strchr(signature, '>');
    g->function = function;
    g->signature = signature;
    g->param_count = (uint32_t)(arrow - signature);
    g->label_count = 1;
    g->loop_depth = 0;
    g->budget = (40 + (int32_t)pick(g, 120)) / (int32_t)g->thrift;
    g->labels[0] = (open_block){.type = arrow[1] != '\0' ? type_byte(arrow[1]) : 0x40};
    wasm_open(g->out);
    wasm_u32(g->out, 5);
    for (uint8_t type = 0x7f; type >= 0x7c; type--) {
        wasm_u32(g->out, 2);
        op(g, type);
    }
    wasm_u32(g->out, LOOP_DEPTH_MAX);
    op(g, 0x7f);
    wasm_repeat(g->out, 0x01, 2 * (8 + LOOP_DEPTH_MAX)); // a body has two bytes for each local
    for (int i = 0; i < 4; i++)
        statements(g, 5);
    if (g->labels[0].type != 0x40)
        expression(g, g->labels[0].type, 3);
    if (pick(g, 8) == 0) {
        op(g, 0x0f); // also where the body ends anyway
    }
    op(g, 0x0b);
    wasm_close(g->out);
}

static void globals(generator *g) {
    wasm_open_section(g->out, WASM_GLOBAL);
    wasm_u32(g->out, 4);
    for (uint8_t type = 0x7f; type >= 0x7c; type--) {
        op(g, type);
        op(g, 1);
        constant(g, type);
        op(g, 0x0b);
    }
    wasm_close(g->out);
}

static void data(generator *g) {
    wasm_open_section(g->out, WASM_DATA);
    wasm_u32(g->out, 2);
    op(g, 0);
    i32_const(g, 1000);
    op(g, 0x0b);
    wasm_name(g->out, "some bytes that are there from the start");
    op(g, 1);
    wasm_u32(g->out, DATA_LEN);
    wasm_repeat(g->out, 0xa5, DATA_LEN);
    wasm_close(g->out);
}

// Calls `execute`, shows what the globals hold in memory, and gives the result or less of it.
static void contract_body(generator *g) {
    static const uint8_t stores[] = {0x36, 0x37, 0x38, 0x39};
    static const int32_t masks[] = {0, 1, 3, -1};
    wasm_open(g->out);
    wasm_u32(g->out, 0);
    op_u32(g, 0x10, g->import_count);
    for (uint32_t i = 0; i < 4; i++) {
        i32_const(g, 65000 + 8 * (int32_t)i);
        op_u32(g, 0x23, i);
        op(g, stores[i]);
        op(g, 0);
        op(g, 0);
    }
    i32_const(g, masks[pick(g, 4)]);
    op(g, 0x71);
    op(g, 0x0b);
    wasm_close(g->out);
}

static void imports(generator *g) {
    wasm_open_section(g->out, WASM_IMPORT);
    wasm_u32(g->out, g->import_count);
    for (uint32_t i = 0; i < g->import_count; i++)
        wasm_import_function(g->out, "env", host_shapes[g->imported[i]].name, TYPE_COUNT + i);
    wasm_close(g->out);
}

static void exports(generator *g) {
    static const char *const entries[] = {"execute", "init", "query", "migrate"};
    const bool is_contract = g->import_count != 0;
    const uint32_t entry = g->import_count + (is_contract ? FUNCTION_COUNT : 0);
    const uint32_t entry_count = is_contract ? 4 : 1;
    wasm_open_section(g->out, WASM_EXPORT);
    wasm_u32(g->out, entry_count + 1);
    for (uint32_t i = 0; i < entry_count; i++)
        wasm_export(g->out, entries[i], 0, entry);
    wasm_export(g->out, "memory", 2, 0);
    wasm_close(g->out);
}

// All functions, then all imports.
static void elements(generator *g) {
    wasm_open_section(g->out, WASM_ELEMENT);
    wasm_u32(g->out, 1);
    op(g, 0);
    i32_const(g, 0);
    op(g, 0x0b);
    wasm_u32(g->out, FUNCTION_COUNT + g->import_count);
    for (uint32_t i = 0; i < FUNCTION_COUNT; i++)
        wasm_u32(g->out, g->import_count + i);
    for (uint32_t i = 0; i < g->import_count; i++)
        wasm_u32(g->out, i);
    wasm_close(g->out);
}

static void all_types(generator *g) {
    const char *signatures[TYPE_COUNT + HOST_COUNT];
    for (uint32_t i = 0; i < TYPE_COUNT; i++)
        signatures[i] = types[i];
    for (uint32_t i = 0; i < g->import_count; i++)
        signatures[TYPE_COUNT + i] = host_shapes[g->imported[i]].signature;
    wasm_types(g->out, TYPE_COUNT + g->import_count, signatures);
}

static void generate(generator *g) {
    static const uint32_t function_types[] = {0, 1, 0, 1, 2, 3, 4, 5, 0};
    wasm_builder *out = g->out;
    const bool is_contract = g->import_count != 0;
    wasm_header(out);
    all_types(g);
    if (is_contract)
        imports(g);
    wasm_functions(out, FUNCTION_COUNT + is_contract, function_types);
    wasm_table(out, FUNCTION_COUNT + g->import_count, -1);
    wasm_memory(out, 1, PAGES_MAX);
    globals(g);
    exports(g);
    if (pick(g, 3) == 0) {
        wasm_open_section(out, WASM_START);
        wasm_u32(out, g->import_count + 1);
        wasm_close(out);
    }
    elements(g);
    wasm_open_section(out, WASM_DATA_COUNT);
    wasm_u32(out, 2);
    wasm_close(out);
    wasm_open_section(out, WASM_CODE);
    wasm_u32(out, FUNCTION_COUNT + is_contract);
    body(g, 0, ">i");
    body(g, 1, ">");
    for (uint32_t i = 0; i < TYPE_COUNT; i++)
        body(g, i + 2, types[i]);
    if (is_contract)
        contract_body(g);
    wasm_close(out);
    data(g);
}

void generate_module(uint64_t seed, wasm_builder *out) {
    generator g = {.out = out, .state = seed, .thrift = 1};
    generate(&g);
}

// Some of the host functions: each import costs the compilers time.
static void choose_imports(generator *g) {
    static const uint32_t strides[] = {1, 2, 3, 4, 6, 7, 8, 9, 11, 12}; // no factor of HOST_COUNT
    _Static_assert(HOST_COUNT == 25, "the strides must reach every host function");
    const uint32_t first = pick(g, HOST_COUNT);
    const uint32_t stride = strides[pick(g, 10)];
    g->import_count = 1 + pick(g, 9);
    for (uint32_t i = 0; i < g->import_count; i++)
        g->imported[i] = (first + i * stride) % HOST_COUNT;
}

void generate_contract(uint64_t seed, uint32_t thrift, wasm_builder *out) {
    generator g = {.out = out, .state = seed};
    g.thrift = pick(&g, 5) == 0 ? 1 : 4 + pick(&g, 9); // small ones are as good, and compile faster
    if (thrift != 0)
        g.thrift = thrift;
    choose_imports(&g);
    generate(&g);
}
