;; Writes a key, emits an event, logs a line; then ends as the first byte of its input says.
(module
  (type $end (func))
  (type $other (func (param i64)))
  (import "env" "input" (func $input (param i32 i32) (result i32)))
  (import "env" "return_data" (func $return_data (param i32 i32)))
  (import "env" "revert" (func $revert (param i32 i32)))
  (import "env" "panic" (func $panic (param i32 i32 i32 i32 i32)))
  (import "env" "storage_write" (func $storage_write (param i32 i32 i32 i32)))
  (import "env" "emit" (func $emit (param i32 i32 i32 i32)))
  (import "env" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $takes_one)
  (data (i32.const 0) "key")
  (data (i32.const 8) "value")
  (data (i32.const 16) "\1b[31mred\n\c2\9b")
  (data (i32.const 32) "no \1b]0;title\07")
  (data (i32.const 64) "contract.rs")
  (func $takes_one (type $other))
  (func $deeper (param i64) (result i64)
    (i64.add (call $deeper (local.get 0)) (i64.const 1))
  )
  (func $spoil (param $how i32)
    (if (i32.eq (local.get $how) (i32.const 0x6f)) ;; o
      (then (drop (i32.load (i32.const 65536)))))
    (if (i32.eq (local.get $how) (i32.const 0x7a)) ;; z
      (then (drop (i32.div_u (i32.const 1) (i32.const 0)))))
    (if (i32.eq (local.get $how) (i32.const 0x76)) ;; v
      (then (drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))))
    (if (i32.eq (local.get $how) (i32.const 0x63)) ;; c
      (then (drop (i32.trunc_f32_s (f32.const nan)))))
    (if (i32.eq (local.get $how) (i32.const 0x69)) ;; i
      (then (call_indirect (type $end) (i32.const 0))))
    (if (i32.eq (local.get $how) (i32.const 0x62)) ;; b
      (then (call_indirect (type $end) (i32.const 2))))
    (if (i32.eq (local.get $how) (i32.const 0x73)) ;; s
      (then (drop (call $deeper (i64.const 0)))))
    (if (i32.eq (local.get $how) (i32.const 0x68)) ;; h
      (then (call $return_data (i32.const 65536) (i32.const 1))))
    (if (i32.eq (local.get $how) (i32.const 0x67)) ;; g
      (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $how) (i32.const 0x75)) ;; u
      (then (unreachable)))
    (if (i32.eq (local.get $how) (i32.const 0x72)) ;; r
      (then (call $revert (i32.const 32) (i32.const 13))))
    (if (i32.eq (local.get $how) (i32.const 0x70)) ;; p
      (then (call $panic (i32.const 32) (i32.const 13) (i32.const 64) (i32.const 11) (i32.const 7))))
  )
  (func (export "execute") (result i32)
    (drop (call $input (i32.const 128) (i32.const 1)))
    (call $storage_write (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5))
    (call $emit (i32.const 200) (i32.const 1) (i32.const 8) (i32.const 5))
    (call $log (i32.const 16) (i32.const 11))
    (call $spoil (i32.load8_u (i32.const 128)))
    (if (i32.eq (i32.load8_u (i32.const 128)) (i32.const 0x6e)) ;; n
      (then (return (i32.const 7))))
    (if (i32.eq (i32.load8_u (i32.const 128)) (i32.const 0x6d)) ;; m
      (then (return (i32.const -2147483648))))
    i32.const 0
  )
)
