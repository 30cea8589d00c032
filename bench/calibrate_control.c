// Patterns of control instructions, variables, constants and bulk memory.
#include "calibrate.h"

#include <stdio.h>
#include <stdlib.h>

#define CALLEE "(func $callee (param $v i32) (result i32) local.get $v)"
#define TABLE                                                                                 \
    CALLEE "(func $other (param $v i32) (result i32) local.get $v i32.const 1 i32.add)"       \
           "(type $t (func (param i32) (result i32))) (table 8 funcref) (elem (i32.const 0) " \
           "$callee $other $callee $other $callee $other $callee $other)"
#define CELLS                                                                   \
    "(global $c0 (mut i32) (i32.const 1)) (global $c1 (mut i32) (i32.const 2))" \
    "(global $c2 (mut i32) (i32.const 3)) (global $c3 (mut i32) (i32.const 4))" \
    "(global $c4 (mut i32) (i32.const 5)) (global $c5 (mut i32) (i32.const 6))" \
    "(global $c6 (mut i32) (i32.const 7)) (global $c7 (mut i32) (i32.const 8))"
#define INIT(segment) "local.get 0 local.get 1 local.get 2 memory.init $d" segment " "
#define SEGMENTS                                                                             \
    "(data $d0 \"0\") (data $d1 \"1\") (data $d2 \"2\") (data $d3 \"3\") (data $d4 \"4\")"   \
    "(data $d5 \"5\") (data $d6 \"6\") (data $d7 \"7\") (func (param i32 i32 i32)" INIT("0") \
        INIT("1") INIT("2") INIT("3") INIT("4") INIT("5") INIT("6") INIT("7") ")"
#define NONE NULL, NULL

// name, fields, prefix, code, kind, repetitions, type, apart
static const calibrate_pattern patterns[] = {
    // Variables and constants: with the addition that uses them.
    {"local_get", NONE, "local.get $i@ i32.add", "chain", 0, 'i', false},
    {"local_set", NONE, "local.get $i@ i32.add local.set $i0 local.get $i0", "chain", 0, 'i',
        false},
    {"local_tee", NONE, "local.get $i@ i32.add local.tee $i0", "chain", 0, 'i', false},
    {"local_get", NONE, "local.get $i% local.get $i@ i32.add local.set $i%", "throughput", 0, 0,
        true},
    {"i32_const", NONE, "i32.const 305419896 i32.add i32.const 1985229328 i32.xor", "chain", 0, 'i',
        false},
    {"i64_const", NONE, "i64.const 81985529216486895 i64.add i64.const 1147797409030816545 i64.xor",
        "chain", 0, 'I', false},
    {"f32_const", NONE, "f32.const 1.25 f32.add f32.const 0.5 f32.mul", "chain", 0, 'f', false},
    {"f64_const", NONE, "f64.const 1.25 f64.add f64.const 0.5 f64.mul", "chain", 0, 'F', false},
    {"global_get", CELLS, NULL, "global.get $c% i32.add", "chain", 8, 'i', false},
    {"global_set", CELLS, NULL, "local.get $i@ global.set $c%", "throughput", 8, 0, false},
    // Within a function the compiler would hand the value on itself.
    {"global_set", CELLS "(func $read (result i32) global.get $c0)", NULL,
        "global.set $c0 call $read", "chain", 16, 'i', false},
    {"memory_size", NONE, "memory.size i32.add", "chain", 0, 'i', false},

    // Choices.
    {"select", NONE, "local.get $i@ i32.add local.get $i@ local.get $i@ select", "chain", 0, 'i',
        false},
    {"select", NONE, "local.set $i0 local.get $i@ local.get $iz local.get $i0 select", "condition",
        0, 'i', false},
    {"select", NONE, "local.get $F@ f64.add local.get $F@ local.get $i@ select", "f64", 0, 'F',
        false},
    {"br", NULL, "block (result i32)", "br 0 end local.get $i@ i32.add", "chain", 0, 'i', false},
    {"br_if", NULL, "block (result i32)", "local.get $iz br_if 0 local.get $i@ i32.add end",
        "chain", 0, 'i', false},
    {"br_if", NULL, "block (result i32)", "local.get $io br_if 0 local.get $i@ i32.add end",
        "taken", 0, 'i', false},
    {"br_if", NULL, "block (result i32)",
        "local.tee $i0 local.get $i0 i32.eqz br_if 0 local.get $i@ i32.add end", "comparing", 0,
        'i', false},
    {"if", NONE, "local.get $io if local.get $ix local.get $i@ i32.add local.set $ix end", "chain",
        0, 0, false},
    {"if", NONE, "local.get $iz if local.get $ix local.get $i@ i32.add local.set $ix end",
        "not_taken", 0, 0, false},
    {"if", NONE,
        "local.get $iz if local.get $ix local.get $i@ i32.add local.set $ix else "
        "local.get $ix local.get $i@ i32.xor local.set $ix end",
        "else", 0, 0, false},
    {"br_table", NONE,
        "block block block block local.get $io br_table 0 1 2 3 end local.get $ix local.get $ia "
        "i32.add local.set $ix end local.get $ix local.get $ib i32.xor local.set $ix end "
        "local.get $ix local.get $ic i32.sub local.set $ix end",
        "chain", 0, 0, false},
    {"br_table", NONE,
        "block block block block local.get $it br_table 0 1 2 3 end local.get $ix local.get $ia "
        "i32.add local.set $ix end local.get $ix local.get $ib i32.xor local.set $ix end "
        "local.get $ix local.get $ic i32.sub local.set $ix end",
        "default", 0, 0, false},

    // Calls. Entering costs the callee's price as well.
    {"call", CALLEE, NULL, "call $callee", "chain", 16, 'i', false},
    {"call", CALLEE, NULL, "local.get $i% call $callee local.set $i%", "throughput", 16, 0, false},
    {"call", "(func $empty)", NULL, "call $empty", "empty", 16, 0, false},
    {"call_indirect", TABLE, NULL, "local.get $io call_indirect (type $t)", "chain", 16, 'i',
        false},
    {"call_indirect", TABLE, NULL,
        "local.set $i0 local.get $iz local.get $i0 call_indirect (type $t)", "by_result", 16, 'i',
        false},
    {"call_indirect", TABLE, NULL,
        "local.get $i% local.get $i% call_indirect (type $t) local.set $i%", "throughput", 16, 0,
        false},

    // Bulk memory: nothing, a few bytes, and within the cache.
    {"memory_fill", NONE, "local.get $iz local.get $ia local.get $iz memory.fill", "throughput", 8,
        0, false},
    {"memory_fill", NONE, "local.get $iz local.get $ia local.get $id memory.fill", "7_bytes", 8, 0,
        false},
    {"memory_copy", NONE, "local.get $iz i32.const 4096 local.get $iz memory.copy", "throughput", 8,
        0, false},
    {"memory_copy", NONE, "local.get $iz i32.const 4096 local.get $id memory.copy", "7_bytes", 8, 0,
        false},
    {"memory_init", "(data $d \"0123456789abcdef\")", NULL,
        "local.get $iz i32.const 0 local.get $iz memory.init $d", "throughput", 8, 0, false},
    {"memory_init", "(data $d \"0123456789abcdef\")", NULL,
        "local.get $iz i32.const 0 local.get $id memory.init $d", "7_bytes", 8, 0, false},
    {"data_drop", SEGMENTS, NULL, "data.drop $d%", "throughput", 0, 0, false},
    {"memory_fill", NONE, "local.get $iz local.get $ia local.get $ik memory.fill", "4096", 8, 0,
        true},
    {"memory_copy", NONE, "local.get $iz i32.const 8192 local.get $ik memory.copy", "4096", 8, 0,
        true},
};

// ---- Branches that can't be predicted

#define RANDOM_LEN 36000 // bytes; a repetition reads from its own thousand on

// Random bytes, shifted right, as a data segment, and the fields that a pattern needs besides.
static char *random_fields(const char *fields, unsigned shift) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    uint64_t state = 88172645463325252u;
    fprintf(out, "%s (data (i32.const 0) \"", fields);
    for (int i = 0; i < RANDOM_LEN; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        fprintf(out, "\\%02x", (unsigned)(state >> 56) >> shift);
    }
    fputs("\")", out);
    return fclose(out) == 0 ? text : NULL;
}

#define RANDOM "local.get $n i32.load8_u offset=#000 "
#define RANDOM_WIDE "local.get $n i64.load offset=#000 "

static const calibrate_pattern random_bits[] = {
    {"br_if", NULL, "block (result i32)", RANDOM "br_if 0 local.get $i@ i32.add end",
        "unpredictable", 0, 'i', false},
    {"if", NULL, NULL, RANDOM "if local.get $ix local.get $i@ i32.add local.set $ix end",
        "unpredictable", 0, 0, false},
    {"select", NULL, NULL, "local.get $F@ " RANDOM "select", "f64_unpredictable", 0, 'F', false},
    {"br_table", NULL, NULL,
        "block block " RANDOM
        "br_table 0 1 end local.get $ix local.get $ia i32.add local.set $ix end",
        "unpredictable", 0, 0, false},
    {"call_indirect", TABLE, NULL, RANDOM "call_indirect (type $t)", "unpredictable", 16, 'i',
        false},
};

static const calibrate_pattern random_words[] = {
    {"f64_convert_i64_u", NULL, NULL, RANDOM_WIDE "f64.convert_i64_u f64.add", "unpredictable", 0,
        'F', false},
    {"i64_trunc_sat_f64_u", NULL, NULL,
        RANDOM_WIDE "f64.reinterpret_i64 i64.trunc_sat_f64_u i64.add", "unpredictable", 0, 'I',
        false},
    {"i64_rem_s", NULL, NULL, RANDOM_WIDE "local.get $Ib i64.rem_s i64.add", "random", 0, 'I',
        false},
};

static const calibrate_pattern random_pairs[] = {
    {"br_table", NULL, NULL,
        "block block block block " RANDOM "br_table 0 1 2 3 end local.get $ix local.get $ia "
        "i32.add local.set $ix end local.get $ix local.get $ib i32.xor local.set $ix end "
        "local.get $ix local.get $ic i32.sub local.set $ix end",
        "unpredictable_4", 0, 0, false},
    {"f64_min", NULL, NULL,
        RANDOM "i64.extend_i32_u f64.reinterpret_i64 local.get $Fz f64.min f64.add",
        "unpredictable", 0, 'F', false},
};

static bool measure_random(
    calibrate *self, const calibrate_pattern *of, size_t count, unsigned shift) {
    for (size_t i = 0; i < count; i++) {
        calibrate_pattern pattern = of[i];
        char *fields = random_fields(of[i].fields != NULL ? of[i].fields : "", shift);
        if (fields == NULL)
            return bench_fail("calibrate: no memory");
        pattern.fields = fields;
        calibrate_measure(self, &pattern);
        free(fields);
    }
    return true;
}

static bool measure_unpredictable(calibrate *self) {
    return measure_random(self, random_bits, sizeof random_bits / sizeof random_bits[0], 7) &&
           measure_random(self, random_pairs, sizeof random_pairs / sizeof random_pairs[0], 6) &&
           measure_random(self, random_words, sizeof random_words / sizeof random_words[0], 0);
}

// ---- Entering a function with locals

// The locals must be zero at a point where they may also be something else, so that each is really made;
// neither the code that sets them nor the code that reads them is executed.
static char *locals_fields(unsigned count) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    fputs("(func $callee (param $v i32) (result i32)", out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, " (local $l%u i64)", i);
    fputs(" (block (br_if 0 (i32.eqz (global.get $iz)))", out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, " (local.set $l%u (i64.load offset=%u (local.get $v)))", i, 8 * i);
    fputs(") (block (br_if 0 (i32.eqz (global.get $iz)))", out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, " (i64.store offset=%u (local.get $v) (local.get $l%u))", 8 * i, i);
    fputs(") local.get $v)", out);
    return fclose(out) == 0 ? text : NULL;
}

static bool measure_locals(calibrate *self) {
    static const struct {
        unsigned count;
        const char *kind;
    } rows[] = {{0, "no_locals"}, {16, "16_locals"}, {128, "128_locals"}, {1024, "1024_locals"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *fields = locals_fields(rows[i].count);
        if (fields == NULL)
            return bench_fail("calibrate: no memory");
        const calibrate_pattern pattern = {
            "call", fields, NULL, "call $callee", rows[i].kind, 8, 'i', false};
        calibrate_measure(self, &pattern);
        free(fields);
    }
    return true;
}

bool calibrate_control(calibrate *self) {
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        calibrate_measure(self, &patterns[i]); // what can't be measured is left out
    return measure_unpredictable(self) && measure_locals(self);
}
