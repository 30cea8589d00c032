/* Small modules, each with one thing that metering must get right. They end, and export `execute`. */
#ifndef AE_TESTS_ORACLE_PROGRAMS_H
#define AE_TESTS_ORACLE_PROGRAMS_H

#include <stddef.h>

typedef struct program {
    const char *name;
    const char *text;
} program;

static const program programs[] = {
    {"constant", "(module (func (export \"execute\") (result i32) i32.const 7))"},
    {"free instructions", "(module (func (export \"execute\") (result i32) nop i32.const 1 drop"
                          " block nop end loop nop end i32.const 3 return))"},
    {"counted loop",
        "(module (func (export \"execute\") (result i32) (local $i i32) (local $s i32)"
        " loop $l (local.set $s (i32.add (local.get $s) (local.get $i)))"
        " (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9)))"
        " end local.get $s))"},
    {"nested ifs",
        "(module (func $f (param i32) (result i32) (if (result i32) (i32.and (local.get 0) (i32.const 1))"
        " (then (if (result i32) (i32.gt_s (local.get 0) (i32.const 4)) (then (i32.const 10))"
        " (else (i32.mul (local.get 0) (i32.const 3)))))"
        " (else (if (i32.eqz (local.get 0)) (then (return (i32.const 99))))"
        " (i32.sub (i32.const 0) (local.get 0)))))"
        " (func (export \"execute\") (result i32) (i32.add (i32.add (call $f (i32.const 0))"
        " (call $f (i32.const 1))) (i32.add (call $f (i32.const 2)) (call $f (i32.const 7))))))"},
    {"br_table",
        "(module (func $f (param i32) (result i32) block $d block $c block $b block $a"
        " (br_table $a $b $c $d (local.get 0)) end (return (i32.const 1)) end"
        " (return (i32.const 2)) end (return (i32.const 3)) end i32.const 4)"
        " (func (export \"execute\") (result i32) (i32.add (i32.add (call $f (i32.const 0))"
        " (call $f (i32.const 1))) (i32.add (call $f (i32.const 2)) (call $f (i32.const -1))))))"},
    {"br_table with a value",
        "(module (func (export \"execute\") (result i32) (local $i i32) loop $l (result i32)"
        " block $x (result i32) i32.const 5 (local.get $i) br_table $x $x 2 end"
        " drop (local.set $i (i32.add (local.get $i) (i32.const 1))) br $l end))"},
    {"counter left by an earlier round",
        "(module (func (export \"execute\") (result i32) (local i32 i32) (local.set 0 (i32.const 1))"
        " loop loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 6)))"
        " end (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 3))) end"
        " local.get 0))"},
    {"bound that moves",
        "(module (func (export \"execute\") (result i32) (local i32 i32) (local.set 1 (i32.const 9))"
        " loop (local.set 1 (i32.sub (local.get 1) (i32.const 1)))"
        " (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (local.get 1))) end"
        " local.get 0))"},
    {"recursion",
        "(module (func $fib (param i32) (result i32) (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))"
        " (then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
        " (call $fib (i32.sub (local.get 0) (i32.const 2)))))))"
        " (func (export \"execute\") (result i32) (call $fib (i32.const 8))))"},
    {"call_indirect",
        "(module (type $t (func (param i32) (result i32))) (table funcref (elem $a $b $a))"
        " (func $a (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))"
        " (func $b (param i32) (result i32) (local i64 f32) (i32.xor (local.get 0) (i32.const 85)))"
        " (func (export \"execute\") (result i32) (call_indirect (type $t) (call_indirect (type $t)"
        " (call_indirect (type $t) (i32.const 9) (i32.const 0)) (i32.const 1)) (i32.const 2))))"},
    {"bulk memory",
        "(module (memory (export \"memory\") 1 2) (data $p \"abcdefgh\") (data (i32.const 50) \"xyz\")"
        " (func (export \"execute\") (result i32)"
        " (memory.fill (i32.const 0) (i32.const 7) (i32.const 40))"
        " (memory.copy (i32.const 20) (i32.const 48) (i32.const 9))"
        " (memory.init $p (i32.const 8) (i32.const 2) (i32.const 5))"
        " (memory.fill (i32.const 65536) (i32.const 7) (i32.const 0)) (data.drop $p)"
        " (memory.init $p (i32.const 8) (i32.const 0) (i32.const 0))"
        " (i32.add (i32.load (i32.const 8)) (i32.load (i32.const 20)))))"},
    {"memory.grow",
        "(module (memory (export \"memory\") 1 3) (func (export \"execute\") (result i32)"
        " (i32.add (memory.grow (i32.const 1)) (i32.add (i32.mul (memory.grow (i32.const 5)) (i32.const 100))"
        " (i32.add (i32.mul (memory.grow (i32.const 1)) (i32.const 10))"
        " (i32.mul (memory.grow (i32.const 0)) (memory.size)))))))"},
    {"early returns",
        "(module (func $f (param i32) (result i64) (if (local.get 0) (then (return (i64.const 1))))"
        " block loop (br_if 1 (i32.eqz (local.get 0))) (return (i64.const 2)) end end i64.const 3)"
        " (func (export \"execute\") (result i32) (i32.wrap_i64 (i64.add (call $f (i32.const 0))"
        " (call $f (i32.const 1))))))"},
    {"dead code",
        "(module (func $g (result i32) (return (i32.const 1)) i32.add loop br 0 end unreachable)"
        " (func (export \"execute\") (result i32) block br 0 call $g drop (if (i32.const 1) (then nop)"
        " (else unreachable)) end block (result i32) (br 0 (i32.const 4)) i32.add (br_if 0 (i32.const 1)) end"
        " (if (i32.const 0) (then unreachable) (else)) call $g i32.add))"},
    {"start function",
        "(module (memory (export \"memory\") 1 1) (global $g (mut i32) (i32.const 3)) (start $s)"
        " (func $s (local i64) (global.set $g (i32.const 40)) (i32.store (i32.const 8) (global.get $g)))"
        " (func (export \"execute\") (result i32) (i32.add (global.get $g) (i32.load (i32.const 8)))))"},
    {"start and entry are one",
        "(module (func $s (call $t (i32.const 2)) drop) (func $t (param i32) (result i32) local.get 0)"
        " (func (export \"execute\") (export \"init\") (result i32) call $s (call $t (i32.const 5)))"
        " (start $s))"},
    {"floats",
        "(module (func $f (param f64 f32) (result f64) (local f64) (local.set 2 (f64.div (local.get 0)"
        " (f64.promote_f32 (local.get 1)))) (f64.add (f64.sqrt (local.get 2)) (f64.nearest (local.get 0))))"
        " (func (export \"execute\") (result i32) (i32.add (i32.trunc_sat_f64_s (call $f (f64.const 40)"
        " (f32.const 1.5))) (i32.wrap_i64 (i64.reinterpret_f64 (call $f (f64.const 0) (f32.const 0)))))))"},
    {"branches with values over operands",
        "(module (func (export \"execute\") (result i32) i32.const 1 i32.const 2 block (result i32)"
        " i32.const 3 i32.const 4 (br_if 0 (i32.const 0)) i32.const 5 i32.const 6 br 0 end"
        " i32.add i32.add))"},
    {"globals and select",
        "(module (global $a (mut i64) (i64.const 5)) (global $b f32 (f32.const 1.5))"
        " (func (export \"execute\") (result i32) (global.set $a (i64.mul (global.get $a) (i64.const 9)))"
        " (select (i32.wrap_i64 (global.get $a)) (i32.const 2) (f32.gt (global.get $b) (f32.const 1)))))"},
};
#define PROGRAM_COUNT (sizeof programs / sizeof programs[0])

#endif
