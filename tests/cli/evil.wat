;; Names that try to become part of a page, a terminal's control or a folded stack.
(module
  (func (@name "</script><script>window.evil=1</script>") (param i32) (result i32)
    (i32.mul (local.get 0) (i32.const 3)))
  (func (@name "<img src=x onerror=window.evil=2>") (param i32) (result i32)
    (i32.add (call 0 (local.get 0)) (call 2 (local.get 0))))
  (func (@name "a;b\n\u{1b}[31m \u{202e}<!--") (param i32) (result i32)
    (i32.sub (local.get 0) (i32.const 1)))
  (func (@name "${window.evil=3}`'\"&lt;b&gt;&amp;@PROFILE@__proto__") (param i32) (result i32)
    (call 1 (local.get 0)))
  (func (export "execute") (result i32)
    (drop (call 3 (i32.const 4)))
    i32.const 0))
