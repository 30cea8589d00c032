;; Adds one to the number under the key "n" and returns it. `init` sets it to 41 and removes "old".
(module
  (import "env" "storage_read" (func $storage_read (param i32 i32 i32 i32) (result i32)))
  (import "env" "storage_write" (func $storage_write (param i32 i32 i32 i32)))
  (import "env" "storage_remove" (func $storage_remove (param i32 i32) (result i32)))
  (import "env" "return_data" (func $return_data (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "n")
  (data (i32.const 16) "old")
  (func $put
    (call $storage_write (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8))
    (call $return_data (i32.const 8) (i32.const 8))
  )
  (func (export "execute") (result i32)
    (drop (call $storage_read (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8)))
    (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))
    call $put
    i32.const 0
  )
  (func (export "init") (result i32)
    (i64.store (i32.const 8) (i64.const 41))
    call $put
    (drop (call $storage_remove (i32.const 16) (i32.const 3)))
    i32.const 0
  )
)
