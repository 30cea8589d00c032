#!/usr/bin/env python3
"""Every contract of the project gives the same on Cranelift (speed and none), Winch and Pulley.

Method: `aether verify --json` over the built contracts, the benchmark's kernels and every text module of the
tests, with inputs that reach their parts and gas limits that end them early. Refusals keep the command's words.
`--list` prints the cases; without a name all run.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENGINES = ["cranelift", "cranelift-none", "winch", "pulley"]
build = ROOT / "build" / "dev"
cases = {}


def case(function):
    cases[function.__name__] = function
    return function


def equal(actual, expected, what):
    assert actual == expected, f"{what} is\n  {actual!r}\nexpected\n  {expected!r}"


def verify(path, *options):
    """Runs the command over one module; returns its outcome and gas, after everything else was checked."""
    line = [build / "aether", "verify", path, "--json", *map(str, options)]
    done = subprocess.run(line, capture_output=True, check=False, text=True, timeout=200)
    equal((done.returncode, done.stderr), (0, ""), f"exit status and errors of {path} {options}")
    equal(done.stdout.count("\n"), 1, "number of lines")
    result = json.loads(done.stdout)
    equal(list(result), ["equal", "engines"], "keys")
    equal(result["equal"], True, "equal")
    equal([e["engine"] for e in result["engines"]], ENGINES, "engines")
    ends = {(e["outcome"], e["gas_used"]) for e in result["engines"]}
    equal(len(ends), 1, f"number of different ends {ends}")
    return ends.pop()


def refused(*words, status=2):
    done = subprocess.run([build / "aether", "verify", *map(str, words)], capture_output=True, check=False,
                          text=True, timeout=100)
    equal(done.returncode, status, "exit status")
    equal(done.stderr.count("\n"), 1, f"lines of errors {done.stderr!r}")
    return done


def hexed(*parts):
    return "0x" + b"".join(parts).hex()


def amount(number):
    return number.to_bytes(16, "little")


@case
def the_counter_is_equal():
    equal(verify(build / "contracts/counter.wasm")[0], "success", "outcome")


@case
def the_token_is_equal_in_every_method():
    token = build / "contracts/token.wasm"
    bob = bytes([3]) * 32
    with tempfile.TemporaryDirectory() as directory:
        storage = pathlib.Path(directory) / "token.json"
        subprocess.run([build / "aether", "run", token, "--entry", "init", "--input", hexed(amount(1000)),
                        "--storage", storage], check=True, capture_output=True, timeout=100)
        before = storage.read_bytes()
        outcomes = [verify(token, "--storage", storage, "--input", data)[0] for data in (
            hexed(b"\x01", bob, amount(250)), hexed(b"\x01", bob, amount(1001)), hexed(b"\x02", bob, amount(7)),
            hexed(b"\x03", bob, bob, amount(1)), hexed(b"\x04", bob, amount(5)), hexed(b"\x05", amount(5)),
            "0x", "0xff", "0x01")]
        equal(set(outcomes), {"success", "reverted"}, "outcomes")
        equal(verify(token, "--storage", storage, "--entry", "query", "--input", hexed(b"\x10", bytes([1]) * 32))[0],
              "success", "outcome")
        equal(storage.read_bytes(), before, "storage, which verify leaves alone")


@case
def the_token_is_equal_at_every_kind_of_gas_limit():
    token = build / "contracts/token.wasm"
    words = (token, "--entry", "init", "--input", hexed(amount(1000)))
    outcome, total = verify(*words)
    equal(outcome, "success", "outcome")
    for gas in (0, 1, total // 2, total - 1):
        equal(verify(*words, "--gas", gas), ("out_of_gas", gas), f"end at {gas}")
    for gas in (total, 2**63 - 1, 2**63, 2**64 - 1):
        equal(verify(*words, "--gas", gas), ("success", total), f"end at {gas}")


@case
def every_text_module_of_the_tests_is_equal():
    paths = sorted((ROOT / "tests").glob("**/*.wat"))
    assert len(paths) >= 6, paths
    for path in paths:
        for words in ((), ("--input", "text:transfer"), ("--input", hexed(bytes(range(16))), "--gas", 3000)):
            verify(path, *words)


@case
def the_kernels_are_equal():
    """Nine kernels, integer and float; small sizes, since one of the engines is an interpreter."""
    kernels = build / "bench/kernels.wasm"
    if not kernels.exists():
        kernels = next((build / "bench").glob("**/kernels*.wasm"))
    for kernel in range(9):
        verify(kernels, "--gas", 3_000_000, "--input", hexed(kernel.to_bytes(4, "little"), (3).to_bytes(4, "little")))


@case
def faults_of_every_kind_are_equal():
    bodies = {
        "trapped": ["unreachable", "(i32.div_u (i32.const 1) (i32.const 0))", "(i32.load (i32.const 65533))",
                    "(i32.trunc_f32_s (f32.const nan))", "(call_indirect (type $i) (i32.const 0))",
                    "(call_indirect (type $i) (i32.const 7))", "(call $deep)"],
        "out_of_gas": ["(loop (br 0)) i32.const 0"],
        "reverted": ["i32.const 5", "i32.const -1"],
    }
    for outcome, texts in bodies.items():
        for text in texts:
            module = ("(module (memory 1) (table 1 funcref) (type $i (func (result i32)))"
                      "(func $deep (result i32) (i32.add (call $deep) (i32.const 1)))"
                      f"(func (export \"execute\") (result i32) {text}))")
            with tempfile.NamedTemporaryFile("w", suffix=".wat") as file:
                file.write(module)
                file.flush()
                equal(verify(file.name, "--gas", 500_000)[0], outcome, f"outcome of {text}")


def module_at_every_limit():
    """512 types, 64 imports, 10,000 functions, 256 globals, 64 element and 512 data segments; one function with 1,024
    locals, 4,096 blocks, 256 nested, 256 operands; 100,000 locals, 50,000 blocks, 64,512 branch targets in all."""
    lines = ["(module"]
    lines += [f"(type (func (param{' i32' * (i % 32)})))" for i in range(510)]
    lines += ["(type $two (func (param i32 i32)))", "(type $entry (func (result i32)))"]
    lines += [f'(import "env" "return_data" (func $host{i} (type $two)))' for i in range(64)]
    lines += ['(memory (export "memory") 64 600) (table 4096 funcref)']
    lines += [f'(global (export "global{i}") (mut i64) (i64.const {i}))' for i in range(256)]
    lines += ['(func (export "execute") (type $entry) (call $big (i32.const 1) (i32.const 2)) (i32.const 0))']
    big = "block " * 256 + "end " * 256 + "block end " * (4096 - 256) + "i32.const 1 " * 256 + "drop " * 256
    lines += [f"(func $big (type $two) (local{' i64' * 1024}) {big} {'nop ' * 100000})"]
    params, local_count, blocks = 64 * 2 + 2, 1024, 4096
    for i in range(10000 - 66):
        more_locals, more_blocks = min(10, 100000 - local_count), min(5, 50000 - blocks)
        more_params = 2 if params + 2 <= 20000 else 0
        local_count, blocks, params = local_count + more_locals, blocks + more_blocks, params + more_params
        code = "block end " * more_blocks + "nop " * (2 * more_locals)
        if i < 63:
            blocks += 1
            code = f"block local.get 0 br_table{' 0' * 1025} end {code}"
        export = f'(export "function{i}")' if i < 63 else ""
        kind = "$two" if more_params else "0"
        lines += [f"(func {export} (type {kind}) (local{' i32' * more_locals}) {code})"]
    lines += [f"(elem (i32.const {i}){' 0' * 128})" for i in range(64)]
    lines += [f'(data (i32.const {i * 100}) "{"x" * 100}")' for i in range(512)]
    return "\n".join(lines) + ")"


@case
def a_module_at_every_limit_at_once_is_equal():
    with tempfile.NamedTemporaryFile("w", suffix=".wat") as file:
        file.write(module_at_every_limit())
        file.flush()
        outcome, total = verify(file.name)
        equal(outcome, "success", "outcome")
        for gas in (0, total - 1):
            equal(verify(file.name, "--gas", gas), ("out_of_gas", gas), f"end at {gas}")
        equal(verify(file.name, "--gas", 2**64 - 1), ("success", total), "end at the greatest limit")


@case
def refusals_keep_the_commands_words():
    counter = build / "contracts/counter.wasm"
    done = refused(counter, "--engine", "winch")
    assert "--engine" in done.stderr, done.stderr
    done = refused(counter, "--entry", "migrate", "--json")
    equal(json.loads(done.stdout)["error"]["name"], "MISSING_ENTRY", "error")
    refused("no-such-file.wasm")
    refused(ROOT / "README.md")
    refused()


def main():
    global build
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=build)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(cases))
        return 0
    build = arguments.build.resolve()
    for name in arguments.names or cases:
        cases[name]()
        print(f"ok {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
