/* Every instruction of the profile does, traps and costs on the real engine what it does in the interpreter.
 * Method: for each row of wasm/opcodes.def a module that takes operands from its input, or has them as
 * constants, and returns the bits; edge values in all pairs, and random ones. */
#include "oracle/trial.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "engine/engine.h"
#include "harness/test.h"
#include "harness/wasm_builder.h"
#include "oracle/numeric.h"

#include <stdio.h>

#define INPUT 0 // function indices of the imports
#define RETURN_DATA 1
#define OPERANDS_AT 0 // 8 bytes each
#define RESULT_AT 32
#define RANDOM_VALUES 6
#define CONSTANT_PAIRS 48

// Operands worth trying, by type; f32 and f64 as bits.
static const uint64_t i32_values[] = {0, 1, 2, 7, 8, 31, 32, 33, 0x7f, 0x80, 0xff, 0x100, 0x7fff,
    0x8000, 0xffff, 0x10000, 0x00ffffff, 0x01000001, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
    0xffffffff};

static const uint64_t i64_values[] = {0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0x7fff,
    0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x01000001, 0x1000001000000,
    0x1000001000001, 0x0020000000000001, 0x0020000000000003, 0x7fffff4000000000, 0x7fffffbfffffffff,
    0x7fffffc000000000, 0x7ffffffffffffdff, 0x7ffffffffffffe00, 0x7fffffffffffffff,
    0x8000000000000000, 0x8000000000000001, 0x8000000000000400, 0x8000000000000401,
    0x8000008000000000, 0x8000008000000001, 0xfffffffffffffbff, 0xfffffffffffffc00,
    0xffffff7fffffffff, 0xffffff8000000000, 0xfffffffffffffffe, 0xffffffffffffffff};

static const uint64_t f32_values[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000,
    0x3fc00000, 0xbfc00000, 0x40200000, 0xc0200000, // 1, 0.5, 1.5, 2.5 and below zero
    0x3effffff, 0x3f7fffff, 0xbf7fffff, 0xbf800001, 0x7fc00000, 0xffc00000, 0x7fc12345, 0x7f800001,
    0xffa00001, 0x7fffffff, 0xffffffff, 0x7f800000, 0xff800000, // NaN, infinity
    0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x80800000, 0x7f7fffff,
    0xff7fffff,                                                              // denormal, largest
    0x4affffff, 0x4b000000, 0x4b000001, 0xcaffffff, 0x4b7fffff, 0x4b800000,  // 2^23, 2^24
    0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x4f7fffff, 0x4f800000,  // 2^31, 2^32
    0x5effffff, 0x5f000000, 0xdf000000, 0xdf000001, 0x5f7fffff, 0x5f800000}; // 2^63, 2^64

static const uint64_t f64_values[] = {0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
    0x3fe0000000000000, 0xbfe0000000000000, 0x3ff8000000000000, 0xbff8000000000000,
    0x4004000000000000, 0xc004000000000000, // 1, 0.5, 1.5, 2.5 and below zero
    0x3fdfffffffffffff, 0xbfefffffffffffff, 0xbff0000000000001, 0x7ff8000000000000,
    0xfff8000000000000, 0x7ff8000000012345, 0x7ff0000000000001, 0xfff4000000000001,
    0xffffffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, // NaN, infinity
    0x0000000000000001, 0x8000000000000001, 0x000fffffffffffff, 0x0010000000000000,
    0x7fefffffffffffff, 0xffefffffffffffff, // denormal, largest
    0x41dfffffffc00000, 0x41dfffffffe00000, 0x41dfffffffffffff, 0x41e0000000000000,
    0xc1e0000000000000, 0xc1e00000001fffff, 0xc1e0000000200000, 0xc1e0000000100000,
    0x41efffffffe00000, 0x41efffffffffffff, 0x41f0000000000000, // 2^31, 2^32
    0x432fffffffffffff, 0x4330000000000000, 0x4330000000000001, // 2^52
    0x43dfffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0xc3e0000000000001,
    0x43efffffffffffff, 0x43f0000000000000, // 2^63, 2^64
    // halfway between two f32, and beside it
    0x3ff0000010000000, 0x3ff0000010000001, 0x3ff0000030000000, 0x3ff000002fffffff,
    0x47efffffe0000000, 0x47efffffefffffff, 0x47effffff0000000, 0x3690000000000000,
    0x3690000000000001, 0x36a8000000000000, 0x380fffffe0000000, 0x380ffffff0000000};

#define VALUES_MAX 80

typedef struct value_set {
    uint64_t all[VALUES_MAX];
    size_t count;
} value_set;

static value_set values_of(char letter, uint64_t *state) {
    value_set set = {0};
#define COPY(values)                                                                      \
    do {                                                                                  \
        set.count = sizeof values / sizeof values[0];                                     \
        _Static_assert(                                                                   \
            sizeof values <= sizeof set.all - 8 * RANDOM_VALUES, "room for random ones"); \
        memcpy(set.all, values, sizeof values);                                           \
    } while (0)
    switch (letter) {
    case 'i':
        COPY(i32_values);
        break;
    case 'I':
        COPY(i64_values);
        break;
    case 'f':
        COPY(f32_values);
        break;
    default:
        COPY(f64_values);
        break;
    }
#undef COPY
    for (int i = 0; i < RANDOM_VALUES; i++) {
        const uint64_t bits = test_random(state);
        set.all[set.count++] = letter == 'i' || letter == 'f' ? (uint32_t)bits : bits;
    }
    return set;
}

static uint8_t load_code(char letter) {
    switch (letter) {
    case 'i':
        return 0x28;
    case 'I':
        return 0x29;
    case 'f':
        return 0x2a;
    default:
        return 0x2b;
    }
}

static void write_opcode(wasm_builder *b, ae_opcode opcode) {
    const uint16_t code = ae_opcode_get(opcode)->code;
    if (code < 0x100) {
        wasm_byte(b, (uint8_t)code);
        return;
    }
    wasm_byte(b, (uint8_t)(code >> 8));
    wasm_u32(b, code & 0xff);
}

static void write_i32(wasm_builder *b, int64_t value) {
    wasm_byte(b, 0x41);
    wasm_s64(b, value);
}

// A load or store without a static offset.
static void write_access(wasm_builder *b, uint8_t code) {
    WASM(b, code, 0, 0);
}

static void write_constant(wasm_builder *b, char letter, uint64_t bits) {
    wasm_byte(b, (uint8_t)(load_code(letter) - 0x28 + 0x41));
    switch (letter) {
    case 'i':
        wasm_s64(b, (int32_t)bits);
        return;
    case 'I':
        wasm_s64(b, (int64_t)bits);
        return;
    case 'f':
        wasm_u32_le(b, (uint32_t)bits);
        return;
    default:
        wasm_u64_le(b, bits);
    }
}

// Everything up to the first instruction of `execute`.
static void open_module(wasm_builder *b) {
    wasm_header(b);
    wasm_types(b, 3, (const char *[]){">i", "ii>i", "ii>"});
    wasm_open_section(b, WASM_IMPORT);
    wasm_u32(b, 2);
    wasm_import_function(b, "env", "input", 1);
    wasm_import_function(b, "env", "return_data", 2);
    wasm_close(b);
    wasm_functions(b, 1, (const uint32_t[]){0});
    wasm_memory(b, 1, 1);
    wasm_open_section(b, WASM_EXPORT);
    wasm_u32(b, 2);
    wasm_export(b, "execute", 0, 2);
    wasm_export(b, "memory", 2, 0);
    wasm_close(b);
    wasm_open_section(b, WASM_CODE);
    wasm_u32(b, 1);
    wasm_open(b);
    wasm_u32(b, 0); // no locals
    write_i32(b, OPERANDS_AT);
    write_i32(b, 32);
    WASM(b, 0x10, INPUT, 0x1a);
}

static void close_module(wasm_builder *b, uint32_t start, uint32_t len) {
    write_i32(b, start);
    write_i32(b, len);
    WASM(b, 0x10, RETURN_DATA);
    write_i32(b, 0);
    wasm_byte(b, 0x0b);
    wasm_close(b);
    wasm_close(b);
}

static void check_run(trial *of, const char *what, aether_bytes input, bool hashes_memory) {
    aether_execution_context context = trial_context(UINT64_MAX);
    context.value = (aether_u128){0};
    context.hash_memory = hashes_memory;
    if (trial_run(of, &context, input, NULL))
        return;
    fprintf(stderr, "%s, input", what);
    for (size_t i = 0; i < input.len; i++)
        fprintf(stderr, " %02x", input.data[i]);
    test_fail(__FILE__, __LINE__, "\n%s: %s", what, of->difference);
}

// Operands from the input, so that nothing is known when the code is compiled.
static void check_loaded(const trial_engines *engines, ae_opcode opcode, uint64_t *state) {
    const ae_opcode_info *info = ae_opcode_get(opcode);
    const char *arrow = strchr(info->signature, '>');
    const size_t operands = (size_t)(arrow - info->signature);
    wasm_builder b = {0};
    open_module(&b);
    write_i32(&b, RESULT_AT);
    for (size_t i = 0; i < operands; i++) {
        write_i32(&b, OPERANDS_AT + 8 * (int64_t)i);
        write_access(&b, load_code(info->signature[i]));
    }
    write_opcode(&b, opcode);
    write_access(&b, (uint8_t)(load_code(arrow[1]) + 0x36 - 0x28));
    close_module(&b, RESULT_AT, 8);
    trial of = trial_open(engines, wasm_bytes_of(&b));
    const value_set first = values_of(info->signature[0], state);
    const value_set second = values_of(info->signature[operands - 1], state);
    for (size_t i = 0; i < first.count; i++)
        for (size_t k = 0; k < (operands == 2 ? second.count : 1); k++) {
            uint8_t input[16];
            ae_put_u64_le(input, first.all[i]);
            ae_put_u64_le(input + 8, second.all[k]);
            check_run(&of, info->text, ae_bytes(input, sizeof input), false);
        }
    trial_close(&of);
    wasm_free(&b);
}

// Operands as constants, which a compiler may compute with; pairs that trap stay out.
static void check_constants(const trial_engines *engines, ae_opcode opcode, uint64_t *state) {
    const ae_opcode_info *info = ae_opcode_get(opcode);
    const char *arrow = strchr(info->signature, '>');
    const size_t operands = (size_t)(arrow - info->signature);
    const value_set first = values_of(info->signature[0], state);
    const value_set second = values_of(info->signature[operands - 1], state);
    wasm_builder b = {0};
    open_module(&b);
    for (uint32_t i = 0; i < CONSTANT_PAIRS; i++) {
        const uint64_t x = first.all[test_random(state) % first.count];
        const uint64_t y = second.all[test_random(state) % second.count];
        uint64_t unused = 0;
        if (numeric_of(opcode)(opcode, x, y, &unused) != AETHER_END_RETURNED)
            continue;
        write_i32(&b, RESULT_AT + 8 * i);
        write_constant(&b, info->signature[0], x);
        if (operands == 2)
            write_constant(&b, info->signature[1], y);
        write_opcode(&b, opcode);
        write_access(&b, (uint8_t)(load_code(arrow[1]) + 0x36 - 0x28));
    }
    close_module(&b, RESULT_AT, 8 * CONSTANT_PAIRS);
    trial of = trial_open(engines, wasm_bytes_of(&b));
    check_run(&of, info->text, (aether_bytes){0}, true);
    CHECK(of.expected.seen.success);
    trial_close(&of);
    wasm_free(&b);
}

static void numeric_instructions_agree_on_edge_and_random_operands(void) {
    uint64_t state = test_seed();
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_TWO_COMPILERS);
    for (int i = 0; i < AE_OPCODE_COUNT; i++)
        if (numeric_of((ae_opcode)i) != NULL)
            check_loaded(&engines, (ae_opcode)i, &state);
    trial_engines_close(&engines);
}

static void numeric_instructions_agree_on_constants(void) {
    uint64_t state = test_seed();
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_ALL_COMPILERS);
    for (int i = 0; i < AE_OPCODE_COUNT; i++)
        if (numeric_of((ae_opcode)i) != NULL)
            check_constants(&engines, (ae_opcode)i, &state);
    trial_engines_close(&engines);
}

static bool is_access(ae_opcode opcode) {
    return ae_opcode_get(opcode)->immediate == AE_IMM_MEMARG;
}

// The address is the first operand, a store's value the second; memory is the input and a pattern.
static void check_access(const trial_engines *engines, ae_opcode opcode, uint32_t offset) {
    static const uint32_t addresses[] = {0, 1, 3, 8, 9, 65527, 65528, 65529, 65531, 65532, 65533,
        65534, 65535, 65536, 65537, 0x7fffffff, 0x80000000, 0xffff0000, 0xfffffff8, 0xffffffff};
    const ae_opcode_info *info = ae_opcode_get(opcode);
    const char *arrow = strchr(info->signature, '>');
    const bool is_load = arrow[1] != '\0';
    wasm_builder b = {0};
    open_module(&b);
    write_i32(&b, 65528); // bytes to find at the very end
    WASM(&b, 0x42);
    wasm_s64(&b, (int64_t)0x8f9eadbccbdae9f8);
    write_access(&b, 0x37);
    if (is_load)
        write_i32(&b, RESULT_AT);
    write_i32(&b, OPERANDS_AT);
    write_access(&b, 0x28);
    if (!is_load) {
        write_i32(&b, OPERANDS_AT + 8);
        write_access(&b, load_code(info->signature[1]));
    }
    write_opcode(&b, opcode);
    wasm_u32(&b, 0);
    wasm_u32(&b, offset);
    if (is_load)
        write_access(&b, (uint8_t)(load_code(arrow[1]) + 0x36 - 0x28));
    close_module(&b, RESULT_AT, 8);
    trial of = trial_open(engines, wasm_bytes_of(&b));
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        uint8_t input[32];
        for (size_t k = 0; k < sizeof input; k++)
            input[k] = (uint8_t)(0x81 + 13 * k);
        ae_put_u64_le(input, addresses[i]);
        check_run(&of, info->text, ae_bytes(input, sizeof input), true);
    }
    trial_close(&of);
    wasm_free(&b);
}

static void loads_and_stores_agree_at_the_end_of_memory(void) {
    static const uint32_t offsets[] = {0, 1, 65528, 65535, 65536, 0x80000000, 0xffffffff};
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_TWO_COMPILERS);
    for (int i = 0; i < AE_OPCODE_COUNT; i++)
        for (size_t k = 0; k < sizeof offsets / sizeof offsets[0] && is_access((ae_opcode)i); k++)
            check_access(&engines, (ae_opcode)i, offsets[k]);
    trial_engines_close(&engines);
}

// Three words of input in locals 0 to 2; the rest of the body gives the result.
#define CONTRACT(body)                                                                          \
    "(module (import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"             \
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"                           \
    "(type $unary (func (param i32) (result i32))) (type $none (func))"                         \
    "(table 6 funcref) (elem (i32.const 1) $twice $none $input $twice)"                         \
    "(memory (export \"memory\") 1 3) (data $passive \"abcdefgh\")"                             \
    "(data $active (i32.const 100) \"0123456789\")"                                             \
    "(global $i (mut i32) (i32.const -7)) (global $l (mut i64) (i64.const -8))"                 \
    "(global $f (mut f32) (f32.const nan:0x123456)) (global $d (mut f64) (f64.const -nan:0x9))" \
    "(func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))"              \
    "(func $none (global.set $i (i32.const 3)))"                                                \
    "(func (export \"execute\") (result i32) (local i32 i32 i32 i64 f32 f64)"                   \
    "(drop (call $input (i32.const 0) (i32.const 12))) (local.set 0 (i32.load (i32.const 0)))"  \
    "(local.set 1 (i32.load (i32.const 4))) (local.set 2 (i32.load (i32.const 8)))" body "))"

// What is neither numeric nor a load or store.
static const char *const others[AE_OPCODE_COUNT] = {
    [AE_OP_unreachable] = CONTRACT("(if (local.get 0) (then unreachable)) local.get 1"),
    [AE_OP_nop] = CONTRACT("nop nop local.get 0 nop"),
    [AE_OP_block] =
        CONTRACT("(i32.add (i32.const 5) (block (result i32) (i32.const 6) (i32.const 7)"
                 "(br_if 0 (local.get 0)) i32.add))"),
    [AE_OP_loop] =
        CONTRACT("(local.set 0 (i32.and (local.get 0) (i32.const 255)))"
                 "(i32.add (i32.const 1) (loop (result i32) (local.set 2 (i32.add (local.get 2)"
                 "(i32.const 3))) (br_if 0 (i32.lt_u (local.get 2) (local.get 0))) local.get 2))"),
    [AE_OP_if] = CONTRACT("(if (local.get 0) (then (local.set 1 (i32.const 9)))) local.get 1"),
    [AE_OP_else] =
        CONTRACT("(if (result i32) (local.get 0) (then (if (local.get 1) (then (return"
                 "(i32.const 4))) (else nop)) i32.const 5) (else (br 1 (local.get 2))))"),
    [AE_OP_end] =
        CONTRACT("block block local.get 0 br_if 1 end end block (result i32) local.get 1 end"),
    [AE_OP_br] = CONTRACT("block (result i32) i32.const 1 i32.const 2 local.get 0 br 0 end"),
    [AE_OP_br_if] = CONTRACT(
        "i32.const 3 block (result i32) local.get 1 local.get 0 br_if 0 local.get 2 br_if 1"
        " drop i32.const 8 end i32.sub"),
    [AE_OP_br_table] = CONTRACT("block block block block (br_table 2 0 1 0 3 (local.get 0)) end"
                                "(return (i32.const 11)) end (return (i32.const 12)) end"
                                "(return (i32.const 13)) end i32.const 14"),
    [AE_OP_return] = CONTRACT("i32.const 6 (if (local.get 0) (then (return (local.get 1))))"),
    [AE_OP_call] = CONTRACT("(call $none) (i32.sub (call $twice (local.get 0)) (global.get $i))"),
    [AE_OP_call_indirect] = CONTRACT("(call_indirect (type $unary) (local.get 1) (local.get 0))"),
    [AE_OP_drop] = CONTRACT("local.get 0 local.get 1 drop"),
    [AE_OP_select] =
        CONTRACT("(f64.store (i32.const 16) (select (f64.const nan:0x77) (f64.const -1)"
                 "(local.get 0))) (f32.store (i32.const 24) (select (f32.const 1)"
                 "(f32.const -nan:0x5) (local.get 0))) (i64.store (i32.const 32) (select"
                 "(i64.const 1) (i64.const -1) (local.get 1))) (select (local.get 0)"
                 "(local.get 1) (local.get 2))"),
    [AE_OP_local_get] =
        CONTRACT("(i64.store (i32.const 16) (local.get 3)) (f32.store (i32.const 24)"
                 "(local.get 4)) (f64.store (i32.const 32) (local.get 5)) local.get 1"),
    [AE_OP_local_set] =
        CONTRACT("(local.set 5 (f64.const nan:0x4)) (local.set 4 (f32.const -0))"
                 "(local.set 3 (i64.const -2)) (i64.store (i32.const 16) (local.get 3))"
                 "(f32.store (i32.const 24) (local.get 4)) (f64.store (i32.const 32)"
                 "(local.get 5)) local.get 0"),
    [AE_OP_local_tee] = CONTRACT("(f64.store (i32.const 32) (local.tee 5 (f64.const nan:0x8)))"
                                 "(i32.add (local.tee 0 (local.get 1)) (local.get 0))"),
    [AE_OP_global_get] =
        CONTRACT("(i64.store (i32.const 16) (global.get $l)) (f32.store (i32.const 24)"
                 "(global.get $f)) (f64.store (i32.const 32) (global.get $d)) global.get $i"),
    [AE_OP_global_set] =
        CONTRACT("(global.set $l (i64.const 77)) (global.set $d (f64.neg (global.get $d)))"
                 "(global.set $i (local.get 0)) (i64.store (i32.const 16) (global.get $l))"
                 "(f64.store (i32.const 32) (global.get $d)) global.get $i"),
    [AE_OP_memory_size] =
        CONTRACT("(i32.add (memory.size) (i32.add (memory.grow (i32.const 1)) (memory.size)))"),
    [AE_OP_memory_grow] =
        CONTRACT("(i32.store (i32.const 16) (memory.grow (local.get 0)))"
                 "(i32.store (i32.const 20) (memory.grow (local.get 1)))"
                 "(i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4))"
                 "(i32.const -1)) memory.size"),
    [AE_OP_i32_const] = CONTRACT("(i32.add (i32.const -2147483648) (i32.const 2147483647))"),
    [AE_OP_i64_const] =
        CONTRACT("(i64.store (i32.const 16) (i64.const -9223372036854775808)) i32.const 0"),
    [AE_OP_f32_const] =
        CONTRACT("(f32.store (i32.const 16) (f32.const -nan:0x200000)) i32.const 0"),
    [AE_OP_f64_const] =
        CONTRACT("(f64.store (i32.const 16) (f64.const nan:0x4000000000001)) i32.const 0"),
    [AE_OP_memory_init] =
        CONTRACT("(memory.init $passive (local.get 0) (local.get 1) (local.get 2)) i32.const 0"),
    [AE_OP_data_drop] =
        CONTRACT("(if (local.get 0) (then (data.drop $passive))) (data.drop $active)"
                 "(memory.init $active (i32.const 0) (i32.const 0) (i32.const 0))"
                 "(memory.init $passive (i32.const 16) (local.get 1) (local.get 2))"
                 "(data.drop $passive) i32.const 0"),
    [AE_OP_memory_copy] =
        CONTRACT("(memory.copy (local.get 0) (local.get 1) (local.get 2)) i32.const 0"),
    [AE_OP_memory_fill] =
        CONTRACT("(memory.fill (local.get 0) (local.get 1) (local.get 2)) i32.const 0"),
};

static void check_other(const trial_engines *engines, ae_opcode opcode) {
    static const uint32_t words[] = {
        0, 1, 2, 3, 4, 5, 6, 8, 9, 100, 65530, 65536, 65537, 0x7fffffff, 0x80000000, 0xffffffff};
    const size_t count = sizeof words / sizeof words[0];
    aether_error err;
    uint8_t *wasm = NULL;
    size_t len = 0;
    const char *name = ae_opcode_get(opcode)->text;
    if (others[opcode] == NULL)
        test_fail(__FILE__, __LINE__, "no contract for %s", name);
    CHECK_OK(ae_text_to_binary(ae_bytes_of(others[opcode]), &wasm, &len, &err));
    trial of = trial_open(engines, ae_bytes(wasm, len));
    for (size_t i = 0; i < count * count * count; i++) {
        uint8_t input[12];
        ae_put_u32_le(input, words[i % count]);
        ae_put_u32_le(input + 4, words[i / count % count]);
        ae_put_u32_le(input + 8, words[i / count / count]);
        if (i / count / count % 3 == 0 || i % 7 == 0) // enough of them
            check_run(&of, name, ae_bytes(input, sizeof input), false);
        if (i % 97 == 0)
            check_run(&of, name, ae_bytes(input, sizeof input), true);
    }
    trial_close(&of);
    ae_free(wasm);
}

static void every_other_instruction_agrees(void) {
    trial_engines engines = trial_engines_open(AETHER_SCHEDULE_V1, TRIAL_TWO_COMPILERS);
    for (int i = 0; i < AE_OPCODE_COUNT; i++)
        if (numeric_of((ae_opcode)i) == NULL && !is_access((ae_opcode)i))
            check_other(&engines, (ae_opcode)i);
    trial_engines_close(&engines);
}

TEST_MAIN(TEST(numeric_instructions_agree_on_edge_and_random_operands)
        TEST(numeric_instructions_agree_on_constants)
            TEST(loads_and_stores_agree_at_the_end_of_memory) TEST(every_other_instruction_agrees))
