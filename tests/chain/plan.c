#include "plan.h"

#include <stdio.h>

static const char head[] =
    "(module (import \"env\" \"input\" (func $input (param i32 i32) (result i32)))"
    "(import \"env\" \"return_data\" (func $return (param i32 i32)))"
    "(import \"env\" \"revert\" (func $revert (param i32 i32)))"
    "(import \"env\" \"storage_read\" (func $read (param i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"
    "(import \"env\" \"storage_remove\" (func $remove (param i32 i32) (result i32)))"
    "(import \"env\" \"storage_next\""
    "  (func $next (param i32 i32 i32 i32 i32 i32 i32) (result i32)))"
    "(import \"env\" \"emit\" (func $emit (param i32 i32 i32 i32)))"
    "(import \"env\" \"balance\" (func $balance (param i32 i32) (result i32)))"
    "(import \"env\" \"self_address\" (func $self (param i32) (result i32)))"
    "(import \"env\" \"caller\" (func $caller (param i32) (result i32)))"
    "(import \"env\" \"value\" (func $value (param i32) (result i32)))"
    "(import \"env\" \"gas_left\" (func $gas (result i64)))"
    "(memory (export \"memory\") 1)"
    "(global $out (mut i32) (i32.const 16384))"
    "(func $give (param $len i32)" /* a read's result: its length in front, 0xff for -1 */
    "(i32.store8 (global.get $out) (local.get $len))"
    "(global.set $out (i32.add (global.get $out) (i32.add (i32.const 1)"
    "  (select (i32.const 0) (local.get $len) (i32.eq (local.get $len) (i32.const -1)))))))"
    "(func $take (param $len i32) (global.set $out (i32.add (global.get $out) (local.get $len))))";

static const char body[] =
    "(func $run (result i32)"
    "(local $at i32) (local $end i32) (local $op i32) (local $key i32) (local $len i32)"
    "(local $more i32) (local $count i32)"
    "(local.set $end (call $input (i32.const 0) (i32.const 16384)))"
    "(loop $again"
    "(if (i32.ge_u (local.get $at) (local.get $end)) (then"
    "  (call $return (i32.const 16384) (i32.sub (global.get $out) (i32.const 16384)))"
    "  (return (i32.const 0))))"
    "(local.set $op (i32.load8_u (local.get $at)))"
    "(local.set $len (i32.load8_u offset=1 (local.get $at)))"
    "(local.set $key (i32.add (local.get $at) (i32.const 2)))"
    "(local.set $at (i32.add (local.get $key) (local.get $len)))"
    "(local.set $more (i32.add (local.get $at) (i32.const 1)))"
    "(local.set $count (i32.load8_u (local.get $at)))"
    "(if (i32.eq (local.get $op) (i32.const 1)) (then"
    "  (call $write (local.get $key) (local.get $len) (local.get $more) (local.get $count))"
    "  (local.set $at (i32.add (local.get $more) (local.get $count))) (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 2)) (then"
    "  (i32.store8 (global.get $out) (call $remove (local.get $key) (local.get $len)))"
    "  (call $take (i32.const 1)) (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 3)) (then"
    "  (call $give (call $read (local.get $key) (local.get $len)"
    "    (i32.add (global.get $out) (i32.const 1)) (i32.const 255))) (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 4)) (then"
    "  (call $emit (local.get $key) (i32.shr_u (local.get $len) (i32.const 5))"
    "    (local.get $more) (local.get $count))"
    "  (local.set $at (i32.add (local.get $more) (local.get $count))) (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 5)) (then"
    "  (call $return (i32.const 16384) (i32.sub (global.get $out) (i32.const 16384)))"
    "  (return (i32.load8_s (local.get $key)))))"
    "(if (i32.eq (local.get $op) (i32.const 6)) (then (unreachable)))"
    "(if (i32.eq (local.get $op) (i32.const 7)) (then"
    "  (return (i32.div_u (i32.const 1) (local.get $len)))))"
    "(if (i32.eq (local.get $op) (i32.const 8)) (then"
    "  (call $give (call $next (local.get $key) (local.get $len)"
    "    (local.get $more) (local.get $count)"
    "    (i32.load8_u (i32.add (local.get $more) (local.get $count)))"
    "    (i32.add (global.get $out) (i32.const 1)) (i32.const 255)))"
    "  (local.set $at (i32.add (i32.add (local.get $more) (local.get $count)) (i32.const 1)))"
    "  (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 9)) (then"
    "  (call $revert (local.get $key) (local.get $len)) (unreachable)))"
    "(if (i32.eq (local.get $op) (i32.const 10)) (then (loop $forever (br $forever))))"
    "(if (i32.eq (local.get $op) (i32.const 11)) (then"
    "  (drop (call $self (i32.const 65504)))"
    "  (call $take (call $balance (i32.const 65504) (global.get $out))) (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 12)) (then"
    "  (drop (call $caller (i32.const 65504)))"
    "  (call $take (call $balance (i32.const 65504) (global.get $out))) (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 13)) (then"
    "  (call $take (call $value (global.get $out))) (br $again)))"
    "(if (i32.eq (local.get $op) (i32.const 15)) (then"
    "  (i64.store (global.get $out) (call $gas)) (call $take (i32.const 8)) (br $again)))"
    "(i32.store8 (global.get $out) (i32.const %u)) (call $take (i32.const 1)) (br $again))"
    "unreachable)"
    "(func (export \"execute\") (result i32) (call $run))"
    "(func (export \"query\") (result i32) (call $run))%s)";

static const char entries[] = "(func (export \"init\") (result i32) (call $run))"
                              "(func (export \"migrate\") (result i32) (call $run))";

void plan_text(uint8_t version, bool has_entries, char out[PLAN_TEXT_LEN_MAX]) {
    char text[PLAN_TEXT_LEN_MAX];
    const int len = snprintf(text, sizeof text, body, version, has_entries ? entries : "");
    CHECK(len > 0 && sizeof head + (size_t)len <= PLAN_TEXT_LEN_MAX);
    memcpy(out, head, sizeof head - 1);
    memcpy(out + sizeof head - 1, text, (size_t)len + 1);
}
