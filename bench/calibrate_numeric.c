// Patterns of the instructions whose types stand in the table of opcodes: constants apart, every one that
// computes, loads or stores.
//
// Chain: the result is an operand of the next execution, turned back into its type by the cheapest
// instructions where they differ. What a compiler folds when it meets itself (negation, extensions) is
// kept apart by an addition. Throughput: eight accumulators take turns.
#include "calibrate.h"

#include <stdio.h>
#include <string.h>

typedef struct opcode_row {
    const char *name;
    const char *signature;
    const char *text;
} opcode_row;

static const opcode_row rows[] = {
#define AE_OP(name, code, immediates, signature, text) {#name, signature, text},
#include "wasm/opcodes.def"
#undef AE_OP
};

// What a chain needs besides, where the data matters or the compiler would see through it.
typedef struct special {
    const char *name;
    const char *operand; // in place of the second one, or NULL
    const char *suffix;  // behind the way back, or NULL
    const char *between; // before the way back, or NULL
} special;

#define KEEP_BIG_32 "local.get $it i32.or"
#define KEEP_BIG_64 "local.get $It i64.or"
#define APART_32 "local.get $i@ i32.add"
#define APART_64 "local.get $I@ i64.add"
#define TURN_32 "local.get $i@ i32.rotl" // of an addition the low bits would do
#define TURN_64 "local.get $I@ i64.rotl"
#define APART_F32 "local.get $f@ f32.add"
#define APART_F64 "local.get $F@ f64.add"

static const special specials[] = {
    // The longest quotient: the greatest number by one.
    {"i32_div_s", "local.get $io", KEEP_BIG_32, NULL},
    {"i32_div_u", "local.get $io", KEEP_BIG_32, NULL},
    {"i32_rem_s", "local.get $io", KEEP_BIG_32, NULL},
    {"i32_rem_u", "local.get $io", KEEP_BIG_32, NULL},
    {"i64_div_s", "local.get $Io", KEEP_BIG_64, NULL},
    {"i64_div_u", "local.get $Io", KEEP_BIG_64, NULL},
    {"i64_rem_s", "local.get $Io", KEEP_BIG_64, NULL},
    {"i64_rem_u", "local.get $Io", KEEP_BIG_64, NULL},
    {"f32_sqrt", NULL, "local.get $ft f32.mul", NULL},
    {"f64_sqrt", NULL, "local.get $Ft f64.mul", NULL},
    {"i32_rotl", NULL, APART_32, NULL},
    {"i32_rotr", NULL, APART_32, NULL},
    {"i64_rotl", NULL, APART_64, NULL},
    {"i64_rotr", NULL, APART_64, NULL},
    {"i32_eqz", NULL, APART_32, NULL},
    {"i64_eqz", NULL, APART_64, NULL},
    {"i32_extend8_s", NULL, TURN_32, NULL},
    {"i32_extend16_s", NULL, TURN_32, NULL},
    {"i64_extend8_s", NULL, TURN_64, NULL},
    {"i64_extend16_s", NULL, TURN_64, NULL},
    {"i64_extend32_s", NULL, TURN_64, NULL},
    {"i32_wrap_i64", NULL, NULL, APART_32},
    {"i64_extend_i32_s", NULL, NULL, TURN_64},
    {"i64_extend_i32_u", NULL, NULL, TURN_64},
    {"f32_abs", NULL, APART_F32, NULL},
    {"f32_neg", NULL, APART_F32, NULL},
    {"f64_abs", NULL, APART_F64, NULL},
    {"f64_neg", NULL, APART_F64, NULL},
    {"f32_copysign", NULL, APART_F32, NULL},
    {"f64_copysign", NULL, APART_F64, NULL},
    {"i32_reinterpret_f32", NULL, APART_F32, NULL},
    {"i64_reinterpret_f64", NULL, APART_F64, NULL},
    {"f32_reinterpret_i32", NULL, APART_32, NULL},
    {"f64_reinterpret_i64", NULL, APART_64, NULL},
    // A number above 2^63, which has a path of its own.
    {"f32_convert_i64_u", NULL, "i64.const 0x8000000000000001 i64.or", NULL},
    {"f64_convert_i64_u", NULL, "i64.const 0x8000000000000001 i64.or", NULL},
    {"i64_trunc_f32_u", NULL, "f32.const 1e19 f32.add", NULL},
    {"i64_trunc_f64_u", NULL, "f64.const 1e19 f64.add", NULL},
    {"i64_trunc_sat_f32_u", NULL, "f32.const 1e19 f32.add", NULL},
    {"i64_trunc_sat_f64_u", NULL, "f64.const 1e19 f64.add", NULL},
};

static const special *find_special(const char *name) {
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++)
        if (strcmp(specials[i].name, name) == 0)
            return &specials[i];
    return NULL;
}

// The cheapest code from one type to another.
static const char *convert(char from, char to) {
    static const char *const codes[4][4] = {
        {"", "i64.extend_i32_u", "f32.reinterpret_i32", "i64.extend_i32_u f64.reinterpret_i64"},
        {"i32.wrap_i64", "", "i32.wrap_i64 f32.reinterpret_i32", "f64.reinterpret_i64"},
        {"i32.reinterpret_f32", "i32.reinterpret_f32 i64.extend_i32_u", "", "f64.promote_f32"},
        {"i64.reinterpret_f64 i32.wrap_i64", "i64.reinterpret_f64", "f32.demote_f64", ""},
    };
    static const char letters[] = "iIfF";
    return codes[strchr(letters, from) - letters][strchr(letters, to) - letters];
}

// back: to the accumulator's type.
static bool measure_two(calibrate *self, const opcode_row *row, const char *operand,
    const char *back, const char *suffix) {
    char chain[256], throughput[512];
    const char type = row->signature[0];
    snprintf(chain, sizeof chain, "%s %s %s %s", operand, row->text, back, suffix);
    snprintf(
        throughput, sizeof throughput, "local.get $%c%% %s local.set $%c%%", type, chain, type);
    const calibrate_pattern patterns[] = {
        {.name = row->name, .kind = "chain", .code = chain, .type = type},
        {.name = row->name, .kind = "throughput", .code = throughput},
    };
    return calibrate_measure(self, &patterns[0]) && calibrate_measure(self, &patterns[1]);
}

// A value goes through memory: stored, then loaded from the same place by another operand, so that the
// compiler does not see it. The width is that of the store.
static bool measure_store(calibrate *self, const opcode_row *row) {
    char chain[256], throughput[256], stalling[256], load[32];
    const char type = row->signature[1];
    const char *width = row->text + strlen("iNN.store");
    snprintf(load, sizeof load, "%.3s.load%s%s", row->text, width, *width != '\0' ? "_u" : "");
    snprintf(chain, sizeof chain,
        "local.set $%c0 local.get $iz local.get $%c0 %s offset=#0 local.get $i1 %s offset=#0", type,
        type, row->text, load);
    snprintf(throughput, sizeof throughput, "local.get $iz local.get $%ca %s offset=#0", type,
        row->text);
    // A load that begins within what was stored and ends beyond it waits until that is in the cache; of one
    // byte there is none.
    snprintf(stalling, sizeof stalling,
        "local.set $%c0 local.get $iz local.get $%c0 %s offset=#0 local.get $i1 i64.load offset=#1 "
        "%s",
        type, type, row->text, convert('I', type));
    const calibrate_pattern patterns[] = {
        {.name = row->name, .kind = "chain", .code = chain, .type = type},
        {.name = row->name, .kind = "throughput", .code = throughput},
        {.name = row->name, .kind = "stalling", .code = stalling, .type = type, .is_apart = true},
    };
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if (!calibrate_measure(self, &patterns[i]))
            return false;
    return true;
}

static bool measure_row(calibrate *self, const opcode_row *row) {
    const char *signature = row->signature;
    const size_t params = strcspn(signature, ">");
    const char result = signature[0] != '\0' ? signature[params + 1] : '\0';
    if (params == 0 || params > 2)
        return true; // control, constants and bulk ones are elsewhere
    if (strcmp(row->name, "memory_grow") == 0)
        return true;
    if (result == '\0')
        return measure_store(self, row);
    const special *extra = find_special(row->name);
    char operand[32] = "";
    if (params == 2)
        snprintf(operand, sizeof operand, "local.get $%c@", signature[1]);
    char back[128];
    snprintf(back, sizeof back, "%s %s",
        extra != NULL && extra->between != NULL ? extra->between : "",
        convert(result, signature[0]));
    const char *suffix = extra != NULL && extra->suffix != NULL ? extra->suffix : "";
    return measure_two(self, row,
        extra != NULL && extra->operand != NULL ? extra->operand : operand, back, suffix);
}

bool calibrate_numeric(calibrate *self) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        measure_row(self, &rows[i]); // what can't be measured is left out
    return true;
}
