#!/usr/bin/env python3
"""The `aether` command keeps its words: outcomes, exit statuses, JSON to the byte, errors of one line.

Method: runs the built command on small contracts beside this file, one process for each question, and
compares stdout, stderr, exit status and files. Every refusal is asked for with and without --json.

    cli_test.py --list                   the names of the cases
    cli_test.py --aether PATH [CASE …]   runs them; all without a name
"""

import argparse
import inspect
import json
import os
import pathlib
import pty
import re
import resource
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
U64_MAX = 2**64 - 1
U128_MAX = 2**128 - 1
CALLER = "0x" + "01" * 32
SELF = "0x" + "02" * 32
RUN_KEYS = ["outcome", "code", "gas_used", "gas_limit", "return_data", "logs", "trap", "error", "storage"]
ENGINES = ["cranelift", "winch", "pulley"]

AETHER = None  # path of the command
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def wat(name):
    return str(HERE / f"{name}.wat")


def aether(*words, stdin=b"", env=None, stdout=subprocess.PIPE, preexec_fn=None):
    """Run the command; returns the completed process with stdout and stderr as bytes."""
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | (env or {})
    return subprocess.run([AETHER, *map(os.fsencode, map(str, words))], input=stdin, stdout=stdout,
                          stderr=subprocess.PIPE, env=environment, timeout=100, preexec_fn=preexec_fn)


def equal(actual, expected, what="value"):
    assert actual == expected, f"{what} is\n  {actual!r}\nexpected\n  {expected!r}"


def one_line(data, what):
    assert data.endswith(b"\n") and data.count(b"\n") == 1, f"{what} is not one line: {data!r}"
    assert all(byte >= 0x20 and byte != 0x7F for byte in data[:-1]), f"{what} is not escaped: {data!r}"
    return data[:-1].decode("utf-8")


def run(*words, status=0, **more):
    """`aether run … --json`: the object, after what holds for every one of them was checked."""
    done = aether("run", *words, "--json", **more)
    equal(done.returncode, status, f"exit status ({done.stderr!r})")
    line = one_line(done.stdout, "stdout")
    result = json.loads(line)
    equal(list(result), RUN_KEYS, "keys")
    equal(json.dumps(result, separators=(",", ":"), ensure_ascii=False), line, "compact form")
    equal(list(result["storage"]), sorted(result["storage"], key=bytes_of), "order of storage")
    if status != 0:
        equal(result["storage"], {}, "storage of a failure")
        equal(result["logs"], [], "logs of a failure")
    return result


def refused(*words, has=(), code=100, name="INVALID_ARGUMENT", **more):
    """A refusal: exit 2, one line on stderr, nothing on stdout; with --json its object too."""
    plain = aether(*words, **more)
    equal(plain.returncode, 2, f"exit status ({plain.stderr!r})")
    equal(plain.stdout, b"", "stdout of a refusal")
    line = one_line(plain.stderr, "stderr")
    assert line.startswith("aether"), line
    for piece in [has] if isinstance(has, str) else has:
        assert piece in line, f"{piece!r} is not in {line!r}"
    done = aether(*words[:1], "--json", *words[1:], **more)
    equal(done.returncode, 2, "exit status with --json")
    equal(done.stderr, plain.stderr, "stderr with --json")
    result = json.loads(one_line(done.stdout, "stdout"))
    equal(list(result["error"]), ["code", "name", "message"], "keys of error")
    equal((result["error"]["code"], result["error"]["name"]), (code, name), "error")
    assert result["error"]["message"] in line, f"{result['error']['message']!r} is not in {line!r}"
    return result


def run_refused(*words, gas_limit=10_000_000, **more):
    result = refused("run", *words, **more)
    error = result.pop("error")
    equal(result, {"outcome": "rejected", "code": 0, "gas_used": 0, "gas_limit": gas_limit,
                   "return_data": "0x", "logs": [], "trap": None, "storage": {}}, "rejected object")
    return error["message"]


def bytes_of(text):
    assert re.fullmatch(r"0x([0-9a-f]{2})*", text), text
    return bytes.fromhex(text[2:])


def temporary():
    return tempfile.TemporaryDirectory(prefix="aether-cli-")


def bech32m(data, prefix="ae", constant=0x2BC830A3):
    """An encoder of BIP-350, written apart from the command's decoder."""
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    return bech32m_words(words, prefix, constant, alphabet)


def bech32m_words(words, prefix, constant, alphabet="qpzry9x8gf2tvdw0s3jn54khce6mua7l"):
    def polymod(values):
        checksum = 1
        for value in values:
            top = checksum >> 25
            checksum = (checksum & 0x1FFFFFF) << 5 ^ value
            for i, factor in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
                checksum ^= factor if top >> i & 1 else 0
        return checksum

    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    sum_ = polymod(expanded + words + [0] * 6) ^ constant
    tail = [sum_ >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(alphabet[word] for word in words + tail)


# The command itself


@case
def version_names_all_three():
    done = aether("--version")
    equal((done.returncode, done.stderr), (0, b""))
    text = one_line(done.stdout, "stdout")
    assert re.fullmatch(r"aether 0\.1\.0 \(protocol 1, wasmtime 48\.0\.8\)", text), text
    for words in (["--version", "--json"], ["--json", "--version"]):
        equal(aether(*words).stdout, b'{"aether":"0.1.0","protocol":1,"engine":"wasmtime 48.0.8"}\n')


@case
def help_has_an_example_everywhere():
    for words, mention in ((["--help"], "inspect"), (["-h"], "run"), (["run", "--help"], "--storage"),
                           (["check", "--help"], "FILE"), (["inspect", "--help"], "code hash")):
        done = aether(*words)
        equal((done.returncode, done.stderr), (0, b""))
        text = done.stdout.decode("ascii")
        assert "Example:\n  aether " in text and mention in text, text


@case
def unknown_commands_are_refused():
    for name in ("trace", "upgrades", "Run", "ru", "no\x1b[31m\nsuch"):
        result = refused(name, has="has no command")
        equal(list(result), ["error"])
    refused("", has="has no command ''")


@case
def a_missing_command_is_refused():
    done = aether()
    equal((done.returncode, done.stdout), (2, b""))
    assert "a command is missing" in one_line(done.stderr, "stderr")
    done = aether("--json")
    equal(done.returncode, 2)
    equal(json.loads(one_line(done.stdout, "stdout"))["error"]["code"], 100)
    done = aether("--gas", "1", "run")
    equal(done.returncode, 2)
    assert "unknown option '--gas'" in one_line(done.stderr, "stderr")


@case
def options_that_do_not_exist_are_refused():
    for command in ("run", "check", "inspect"):
        refused(command, wat("empty"), "--nope", has=["'--nope'", f"aether {command} --help"])
        refused(command, wat("empty"), "-x", has="unknown option '-x'")
        for before in ([], ["--json"], [wat("empty")]):
            done = aether(command, *before, "-xh")
            assert "unknown option '-xh'" in one_line(done.stderr, "stderr"), done.stderr
        refused(command, "--nope=3", wat("empty"), has="'--nope=3'")
        refused(command, "--no\x1b[31m\npe", wat("empty"), has="\\x1b[31m\\npe")
    refused("run", "--gas=5", "-xh", has="unknown option '-xh'")
    refused("run", "--gas", "5", "-xh", has="unknown option '-xh'")
    refused("run", "--", "-xh", has="cannot read -xh: ")
    refused("check", wat("empty"), "--gas", "1", has="'--gas'")
    refused("inspect", wat("empty"), "--gas", "1", has="'--gas'")


@case
def options_need_their_values():
    for option in ("input", "gas", "entry", "caller", "self", "value", "block-number", "timestamp",
                   "chain-id", "storage", "engine", "schedule", "repeat"):
        run_refused(wat("empty"), f"--{option}", has=f"'--{option}' needs a value")
    refused("run", wat("empty"), "--json=1", has="'--json' takes no value")
    run_refused(wat("empty"), "--s", "1", has="more than one")


@case
def one_file_is_needed_and_no_more():
    for command in ("run", "check", "inspect"):
        refused(command, has="FILE is missing")
        refused(command, wat("empty"), "b\x07", has=["'b\\x07'", "one argument too many"])


@case
def json_is_known_even_after_a_mistake():
    for words in (["--gas", "x", wat("empty"), "--json"], ["--nope", wat("empty"), "--json"],
                  ["--json", "--nope"]):
        done = aether("run", *words)
        equal(done.returncode, 2)
        equal(json.loads(one_line(done.stdout, "stdout"))["outcome"], "rejected")
        one_line(done.stderr, "stderr")
    equal(aether("run", "--nope", "--", "--json").stdout, b"")


@case
def missing_files_are_refused():
    for command in ("run", "check", "inspect"):
        refused(command, "/nowhere/a.wat", has="cannot read /nowhere/a.wat: No such file or directory")
        refused(command, "/", has="cannot read /: Is a directory")
        refused(command, "", has="cannot read : No such file")
        refused(command, "/nowhere/\x1b[31m\n", has="\\x1b[31m\\n")
    refused("run", "/nowhere/" + 300 * "é", has="...")


@case
def files_are_read_to_a_bound():
    with temporary() as folder:
        path = pathlib.Path(folder, "large.wat")
        with open(path, "wb") as file:
            file.truncate((32 << 20) + 1)
        for command in ("run", "check", "inspect"):
            refused(command, path, has="longer than 33554432 bytes")


@case
def standard_input_is_a_file():
    module = pathlib.Path(wat("empty")).read_bytes()
    for command in ("run", "check", "inspect"):
        equal(aether(command, "-", stdin=module).returncode, 0)
        equal(aether(command, "--", "-", stdin=module).returncode, 0)
    refused("check", "-", stdin=b"(module", code=205, name="MALFORMED_TEXT", has="aether check: -: ")


@case
def a_failed_write_of_stdout_is_a_fault():
    for words in (["run", wat("empty")], ["run", wat("empty"), "--json"], ["check", wat("empty")],
                  ["inspect", wat("empty")], ["--version"], ["--help"], ["run", "--help"]):
        with open("/dev/full", "wb") as full:
            done = aether(*words, stdout=full)
        equal(done.returncode, 3, " ".join(words))
        assert "No space left" in one_line(done.stderr, "stderr")
    reader, writer = os.pipe()
    os.close(reader)
    done = aether("run", wat("empty"), stdout=writer)
    os.close(writer)
    equal(done.returncode, 3)
    assert "Broken pipe" in one_line(done.stderr, "stderr")
    done = aether("run", wat("empty"), stdout=None, preexec_fn=lambda: os.close(1))
    equal(done.returncode, 3)
    assert "Bad file descriptor" in one_line(done.stderr, "stderr")


@case
def a_fault_of_the_machine_has_no_outcome():
    def no_memory_files():  # what the engine keeps a memory's first pages in
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    for words in ([], ["--json"]):
        done = aether("run", wat("counter"), *words, preexec_fn=no_memory_files)
        equal((done.returncode, done.stdout), (3, b""))
        line = one_line(done.stderr, "stderr")
        assert line.startswith("aether run: ") and line.endswith(" (ENGINE_FAILED)"), line


@case
def colours_are_for_terminals():
    def on_terminal(env):
        leader, follower = pty.openpty()
        done = aether("run", wat("empty"), stdout=follower, env=env)
        os.close(follower)
        text = os.read(leader, 65536)
        os.close(leader)
        equal(done.returncode, 0)
        return text

    assert b"\x1b[32msuccess\x1b[0m" in on_terminal({})
    assert b"\x1b" not in on_terminal({"NO_COLOR": "1"})
    assert b"\x1b" in on_terminal({"NO_COLOR": ""})
    assert b"\x1b" not in aether("run", wat("empty")).stdout


# check and inspect


@case
def check_accepts():
    for name in ("empty", "two_host_calls", "told", "echo", "counter", "ends"):
        equal(aether("check", wat(name)).stdout, b"ok\n")
        done = aether("check", "--json", wat(name))
        equal((done.returncode, done.stdout, done.stderr), (0, b'{"ok":true}\n', b""))


def wasm(*sections):
    return b"\0asm\1\0\0\0" + b"".join(bytes([id_, len(body)]) + body for id_, body in sections)


EXECUTE = ((1, b"\1\x60\0\1\x7f"), (3, b"\1\0"), (7, b"\1\7execute\0\0"))


@case
def check_names_rule_function_and_offset():
    # Its only instruction before the last `end` leaves an i64 where an i32 is due.
    module = wasm(*EXECUTE, (10, b"\1\4\0\x42\0\x0b"))
    with temporary() as folder:
        path = pathlib.Path(folder, "bad.wasm")
        path.write_bytes(module)
        for command in ("check", "inspect", "run"):
            result = refused(command, path, code=203, name="INVALID_MODULE", has=str(path))
            message = result["error"]["message"]
            assert f"type_mismatch: function 0, offset 0x{len(module) - 1:x}: " in message, message
        equal(list(refused("check", path, code=203, name="INVALID_MODULE")), ["ok", "error"])


@case
def check_gives_every_kind_of_refusal():
    refusals = (
        (b"", 200, "MALFORMED_MODULE"),
        (b"\0asm\2\0\0\0", 200, "MALFORMED_MODULE"),
        (b"(module (func", 205, "MALFORMED_TEXT"),
        (b"(not a module \x1b[31m)", 205, "MALFORMED_TEXT"),
        (b"not a module \x1b[31m", 200, "MALFORMED_MODULE"),
        (b'(module (func (export "execute") (result i32) (i64.const 0)))', 203, "INVALID_MODULE"),
        (b"(module)", 204, "INVALID_INTERFACE"),
        (b'(module (import "env" "no_such" (func)) (func (export "execute") (result i32) i32.const 0))',
         204, "INVALID_INTERFACE"),
        (b'(module (func (export "execute") (result i32) i32.const 0) (func (param v128)))',
         201, "FORBIDDEN_FEATURE"),
        (b'(module (memory 65) (func (export "execute") (result i32) i32.const 0))',
         202, "LIMIT_EXCEEDED"),
    )
    for text, code, name in refusals:
        for command in ("check", "run", "inspect"):
            done = aether(command, "-", "--json", stdin=text)
            equal(done.returncode, 2, f"exit status of {text!r}")
            one_line(done.stderr, "stderr")
            result = json.loads(one_line(done.stdout, "stdout"))
            equal((result["error"]["code"], result["error"]["name"]), (code, name), repr(text))
            if command == "check":
                equal(result["ok"], False)


@case
def a_refused_module_is_rejected_by_run():
    with temporary() as folder:
        path = pathlib.Path(folder, "no_entry.wat")
        path.write_text("(module)")
        message = run_refused(path, code=204, name="INVALID_INTERFACE", has=f"aether run: {path}: ")
        assert "execute" in message, message


@case
def inspect_describes_a_module():
    done = aether("inspect", wat("ends"), "--json")
    equal((done.returncode, done.stderr), (0, b""))
    info = json.loads(one_line(done.stdout, "stdout"))
    equal(list(info), ["code_hash", "module_len", "custom_len", "instrumented_len", "imports", "exports",
                       "functions", "memory", "table_len", "globals", "data_segments", "has_start",
                       "instantiation_gas"])
    equal(len(bytes_of(info["code_hash"])), 32)
    equal(info["imports"][0], {"name": "input", "type": "(i32, i32) -> i32"})
    equal([i["name"] for i in info["imports"]],
          ["input", "return_data", "revert", "panic", "storage_write", "emit", "log"])
    equal(info["exports"], [{"name": "execute", "function": 10}])
    equal([(f["index"], f["name"]) for f in info["functions"]],
          [(7, "takes_one"), (8, "deeper"), (9, "spoil"), (10, "execute")])
    for function in info["functions"]:
        equal(list(function),
              ["index", "name", "type", "offset", "body_len", "static_gas", "frame_bytes"])
    deeper = info["functions"][1]
    equal(deeper["type"], "(i64) -> i64")
    equal(deeper["frame_bytes"], 8 * (1 + 0 + 2) + 64)
    equal(info["memory"], {"min_pages": 1, "max_pages": 512})
    equal((info["table_len"], info["globals"], info["data_segments"], info["has_start"]),
          (2, 0, 5, False))
    assert info["instrumented_len"] > 0 and info["instantiation_gas"] > 0


@case
def inspect_prices_follow_the_schedule():
    def gas(schedule):
        done = aether("inspect", wat("empty"), "--schedule", schedule, "--json")
        return json.loads(done.stdout)["functions"][0]["static_gas"]

    equal(gas("unit"), 2)  # the entry and one constant
    equal(gas("unit"), run(wat("empty"), "--schedule", "unit")["gas_used"])
    equal(gas("v1"), run(wat("empty"))["gas_used"])
    equal(json.loads(aether("inspect", wat("empty"), "--json").stdout)["memory"], None)
    refused("inspect", wat("empty"), "--schedule", "v2", has="--schedule 'v2' is none of v1, unit")


@case
def inspect_has_a_table_for_people():
    done = aether("inspect", wat("ends"))
    equal((done.returncode, done.stderr), (0, b""))
    text = done.stdout.decode("ascii")
    for piece in ("code hash      0x", "memory         1 pages of 64 KiB, at most 512",
                  "deeper (i64) -> i64", "execute () -> i32, export execute", "instantiation"):
        assert piece in text, f"{piece!r} is not in\n{text}"


@case
def inspect_escapes_names():
    module = wasm(*EXECUTE, (10, b"\1\4\0\x41\0\x0b"),
                  (0, b"\4name\1\x0a\1\0\7\x1b[31m\xc2\x9b"))
    done = aether("inspect", "-", stdin=module)
    equal(done.returncode, 0)
    assert b"\\x1b[31m\\u{9b} () -> i32" in done.stdout, done.stdout
    done = aether("inspect", "-", "--json", stdin=module)
    line = one_line(done.stdout, "stdout")
    assert "\x9b" not in line
    equal(json.loads(line)["functions"][0]["name"], "\x1b[31m\x9b")


# run: outcomes


@case
def the_empty_contract_prints_exactly_this():
    done = aether("run", wat("empty"), "--json", "--schedule", "unit", "--gas", "100000")
    equal((done.returncode, done.stderr), (0, b""))
    equal(done.stdout, b'{"outcome":"success","code":0,"gas_used":2,"gas_limit":100000,'
                       b'"return_data":"0x","logs":[],"trap":null,"error":null,"storage":{}}\n')


@case
def two_host_calls_print_exactly_this():
    done = aether("run", wat("two_host_calls"), "--json", "--schedule", "unit", "--gas", "100000")
    equal((done.returncode, done.stderr), (0, b""))
    equal(done.stdout, b'{"outcome":"success","code":0,"gas_used":4,"gas_limit":100000,'
                       b'"return_data":"0x","logs":[],"trap":null,"error":null,"storage":{}}\n')


@case
def the_small_examples_are_cheap():
    result = run(wat("empty"), "--gas", "100000")
    assert 0 < result["gas_used"] < 1000, result
    done = aether("run", wat("empty"), "--gas", "100000", "--json")
    equal(done.stdout, b'{"outcome":"success","code":0,"gas_used":%d,"gas_limit":100000,'
                       b'"return_data":"0x","logs":[],"trap":null,"error":null,"storage":{}}\n'
          % result["gas_used"])
    result = run(wat("two_host_calls"), "--gas", "100000")
    assert 0 < result["gas_used"] < 100000, result


@case
def success_shows_logs_and_storage():
    done = aether("run", wat("ends"), "--json", "--schedule", "unit", "--gas", "1000")
    gas_used = json.loads(done.stdout)["gas_used"]
    equal(done.stdout.decode(),
          '{"outcome":"success","code":0,"gas_used":%d,"gas_limit":1000,"return_data":"0x",'
          '"logs":[{"address":"%s","topics":["0x%s"],"data":"0x76616c7565"}],"trap":null,"error":null,'
          '"storage":{"0x6b6579":"0x76616c7565"}}\n' % (gas_used, SELF, "00" * 32))


@case
def returned_codes_are_signed():
    result = run(wat("ends"), "--input", "text:n", status=1)
    equal((result["outcome"], result["code"], result["trap"]), ("reverted", 7, None))
    result = run(wat("ends"), "--input", "text:m", status=1)
    equal((result["outcome"], result["code"], result["trap"]), ("reverted", -(2**31), None))


@case
def revert_keeps_its_reason_and_its_gas():
    result = run(wat("ends"), "--input", "text:r", status=1)
    equal((result["outcome"], result["code"], result["trap"]), ("reverted", -1, None))
    equal(bytes_of(result["return_data"]), b"no \x1b]0;title\x07")
    assert 0 < result["gas_used"] < result["gas_limit"], result


@case
def panic_has_a_place_for_people():
    result = run(wat("ends"), "--input", "text:p", status=1)
    equal((result["outcome"], result["code"], result["trap"]["kind"]), ("reverted", -2, "panic"))
    equal(bytes_of(result["return_data"]), b"no \x1b]0;title\x07")
    assert "contract.rs" in result["trap"]["message"], result
    assert 0 < result["gas_used"] < result["gas_limit"], result


@case
def unreachable_is_a_trap_that_keeps_its_gas():
    result = run(wat("ends"), "--input", "text:u", status=1)
    equal((result["outcome"], result["code"], result["trap"]["kind"]), ("trapped", -3, "unreachable"))
    assert 0 < result["gas_used"] < result["gas_limit"], result


@case
def faults_have_their_kind_and_take_the_whole_limit():
    kinds = {"o": "out_of_bounds_memory", "b": "out_of_bounds_table", "i": "indirect_call",
             "z": "integer_divide_by_zero", "v": "integer_overflow", "c": "bad_conversion",
             "s": "stack_exhausted", "h": "host"}
    for how, kind in kinds.items():
        result = run(wat("ends"), "--input", f"text:{how}", "--gas", "1234567", status=1)
        equal((result["outcome"], result["code"], result["gas_used"], result["return_data"]),
              ("trapped", 0, 1234567, "0x"), kind)
        equal(list(result["trap"]), ["kind", "message", "frames"])
        equal(result["trap"]["kind"], kind)
        assert result["trap"]["message"], kind


@case
def out_of_gas_is_no_trap():
    result = run(wat("ends"), "--input", "text:g", "--gas", "1000000", status=1)
    equal((result["outcome"], result["code"], result["gas_used"], result["trap"]),
          ("out_of_gas", 0, 1000000, None))


@case
def frames_point_into_the_uploaded_module():
    info = json.loads(aether("inspect", wat("ends"), "--json").stdout)
    functions = {f["index"]: f for f in info["functions"]}
    for how in "ozvciu":
        frames = run(wat("ends"), "--input", f"text:{how}", status=1)["trap"]["frames"]
        equal([f["function"] for f in frames], ["spoil", "execute"], how)
        for frame in frames:
            equal(list(frame), ["function", "index", "offset", "file", "line"])
            function = functions[frame["index"]]
            equal(frame["function"], function["name"])
            assert function["offset"] <= frame["offset"] < function["offset"] + function["body_len"]
            equal((frame["file"], frame["line"]), (None, None))


@case
def entries_run_or_are_missing():
    equal(bytes_of(run(wat("echo"), "--entry", "execute", "--input", "ff")["return_data"]), b"\xff")
    equal(bytes_of(run(wat("echo"), "--entry", "query", "--input", "ff")["return_data"]), b"\1\0\0\0")
    equal(run(wat("counter"), "--entry", "init")["storage"], {"0x6e": "0x2900000000000000"})
    for entry in ("init", "query", "migrate"):
        message = run_refused(wat("empty"), "--entry", entry, "--gas", U64_MAX, gas_limit=U64_MAX,
                              code=206, name="MISSING_ENTRY")
        assert entry in message, message
    run_refused(wat("empty"), "--entry", "main", has="--entry 'main' is none of execute, init, query, migrate")


@case
def a_query_cannot_write():
    module = pathlib.Path(wat("counter")).read_text().replace('"init"', '"query"')
    result = run("-", "--entry", "query", stdin=module.encode(), status=1)
    equal((result["outcome"], result["trap"]["kind"]), ("trapped", "host"))


# run: options


@case
def gas_is_any_64_bit_number():
    result = run(wat("empty"), "--gas", U64_MAX)
    equal(result["gas_limit"], U64_MAX)
    assert result["gas_used"] < 1000
    for gas in (0, 1):
        result = run(wat("empty"), "--gas", gas, status=1)
        equal((result["outcome"], result["gas_used"], result["gas_limit"]), ("out_of_gas", gas, gas))
    result = run(wat("ends"), "--input", "text:o", "--gas", U64_MAX, status=1)
    equal((result["gas_used"], result["gas_limit"]), (U64_MAX, U64_MAX))
    equal(run(wat("empty"), "--gas", 2**63 - 1)["gas_limit"], 2**63 - 1)
    equal(run(wat("empty"), "--gas", 2**63)["gas_limit"], 2**63)
    equal(run(wat("empty"), "--gas", "00007000")["gas_limit"], 7000)


@case
def gas_suffices_exactly_or_not():
    for name, used in (("empty", 2), ("two_host_calls", 4)):
        equal(run(wat(name), "--schedule", "unit", "--gas", used)["gas_used"], used)
        result = run(wat(name), "--schedule", "unit", "--gas", used - 1, status=1)
        equal((result["outcome"], result["gas_used"]), ("out_of_gas", used - 1))
        used = run(wat(name))["gas_used"]
        equal(run(wat(name), "--gas", used)["gas_used"], used)
        equal(run(wat(name), "--gas", used - 1, status=1)["outcome"], "out_of_gas")


@case
def numbers_are_decimal_and_bounded():
    bad = ("", "-1", "+1", " 1", "1 ", "1e3", "0x10", "1_000", "1.0", "٣", "9" * 400)
    for option, low in (("gas", 0), ("block-number", 0), ("timestamp", 0), ("repeat", 1)):
        for value in (*bad, str(2**64), str(2**128)):
            run_refused(wat("empty"), f"--{option}", value,
                        has=[f"--{option} '", f"from {low} to 18446744073709551615"])
    for value in (*bad, str(U128_MAX + 1), str(10 * U128_MAX)):
        run_refused(wat("empty"), "--value", value, has=["--value '", str(U128_MAX)])
    run_refused(wat("empty"), "--repeat", 0, has="--repeat '0' is not a decimal number from 1")


def told(*words):
    """What the contract was told, as a dictionary."""
    data = bytes_of(run(wat("told"), *words)["return_data"])

    def number(start, end):
        return int.from_bytes(data[start:end], "little")

    return {"caller": data[:32], "self": data[32:64], "value": number(64, 80), "block": number(80, 88),
            "timestamp": number(88, 96), "gas_left": number(96, 104), "chain_id": data[104:]}


@case
def defaults_are_as_documented():
    seen = told()
    assert 0 < 10_000_000 - seen.pop("gas_left") < 1000
    equal(seen, {"caller": b"\1" * 32, "self": b"\2" * 32, "value": 0, "block": 1, "timestamp": 0,
                 "chain_id": b"aether-local"})
    equal(run(wat("told"))["gas_limit"], 10_000_000)


@case
def numbers_reach_the_contract_exactly():
    seen = told("--gas", U64_MAX, "--timestamp", U64_MAX, "--block-number", U64_MAX, "--schedule", "unit")
    equal((seen["timestamp"], seen["block"]), (U64_MAX, U64_MAX))
    assert 0 < U64_MAX - seen["gas_left"] < 10, seen
    seen = told("--timestamp", 2**63, "--block-number", 0)
    equal((seen["timestamp"], seen["block"]), (2**63, 0))
    for value in (0, 1, 2**32, 2**64 - 1, 2**64, 10**30, U128_MAX - 1, U128_MAX):
        equal(told("--value", value)["value"], value)


@case
def chain_ids_are_short():
    equal(told("--chain-id", "x")["chain_id"], b"x")
    equal(told("--chain-id", "")["chain_id"], b"")
    equal(told("--chain-id", "c" * 64)["chain_id"], b"c" * 64)
    run_refused(wat("told"), "--chain-id", "c" * 65, has="65")


@case
def addresses_have_two_forms():
    data = bytes(range(32))
    text = bech32m(data)
    assert text.startswith("ae1") and len(text) == 61
    for form in (text, "0x" + data.hex(), "0x" + data.hex().upper()):
        equal(told("--caller", form)["caller"], data)
        equal(told("--self", form)["self"], data)
    for data in (bytes(32), b"\xff" * 32):
        equal(told("--caller", bech32m(data))["caller"], data)
    equal(run(wat("ends"), "--self", text)["logs"][0]["address"], "0x" + bytes(range(32)).hex())


@case
def wrong_addresses_are_refused():
    data = bytes(range(32))
    good = bech32m(data)
    flipped = good[:-1] + ("q" if good[-1] != "q" else "p")
    swapped = good[:10] + good[11] + good[10] + good[12:]
    assert swapped != good
    loose = [0] * 51 + [1]  # the last of 260 bits is set, which no address has
    wrong = (
        (flipped, "checksum"), (swapped, "checksum"),
        (bech32m(data, constant=1), "checksum"),  # bech32, its predecessor
        (good.upper(), "ae1"), (good[:20] + good[20:].upper(), "lower case"),
        (good[:3] + good[3:].upper(), "lower case"),
        (bech32m(data, prefix="ab"), "ae1"), (bech32m(data, prefix="aee"), "ae1"),
        (bech32m(data[:31]), "58"), (bech32m(data + b"\0"), "58"), ("ae1", "58"), (good + "q", "58"),
        (good[:30] + "b" + good[31:], "alphabet"), (good[:30] + "é" + good[32:], "alphabet"),
        (bech32m_words(loose, "ae", 0x2BC830A3), "left over"),
        ("0x" + "00" * 31, "64 hex digits"), ("0x" + "00" * 33, "64 hex digits"), ("0x", "64 hex digits"),
        ("0x" + "0g" * 32, "64 hex digits"), ("0x" + "0" * 63, "64 hex digits"),
        ("00" * 32, "ae1"), ("0X" + "00" * 32, "ae1"), ("", "ae1"), (" " + good, "ae1"),
    )
    for option in ("caller", "self"):
        for value, reason in wrong:
            run_refused(wat("empty"), f"--{option}", value,
                        has=[f"--{option} '", "is not an address", reason])


@case
def input_has_three_forms():
    def echoed(value):
        return bytes_of(run(wat("echo"), "--input", value)["return_data"])

    for value, expected in (("0x", b""), ("", b""), ("00ff", b"\0\xff"), ("0x00fF", b"\0\xff"),
                            ("DEADBEEF", b"\xde\xad\xbe\xef"), ("text:", b""), ("text:0x00", b"0x00"),
                            ("text:@é", "@é".encode()), ("text:text:", b"text:")):
        equal(echoed(value), expected)
    with temporary() as folder:
        path = pathlib.Path(folder, "input")
        for data in (b"", b"\0\xff\n", bytes(65536)):
            path.write_bytes(data)
            equal(echoed(f"@{path}"), data)
    for value in ("0", "0x0", "0xgg", "zz", "0x 00", "hello", "Text:a"):
        run_refused(wat("echo"), "--input", value, has=["--input '", "text:... nor @FILE"])
    run_refused(wat("echo"), "--input", "@/nowhere/i", has="cannot read /nowhere/i: No such file")
    run_refused(wat("echo"), "--input", "@", has="cannot read")


@case
def input_is_at_most_128_kib():
    with temporary() as folder:
        path = pathlib.Path(folder, "input")
        path.write_bytes(bytes(131072))
        result = run(wat("echo"), "--entry", "query", "--input", f"@{path}")
        equal(bytes_of(result["return_data"]), (131072).to_bytes(4, "little"))
        path.write_bytes(bytes(131073))
        message = run_refused(wat("echo"), "--input", f"@{path}", code=202, name="LIMIT_EXCEEDED")
        assert "131073" in message and "131072" in message, message


@case
def words_of_options_are_checked():
    run_refused(wat("empty"), "--engine", "v8", has="--engine 'v8' is none of cranelift, winch, pulley")
    run_refused(wat("empty"), "--schedule", "V1", has="--schedule 'V1' is none of v1, unit")
    run_refused(wat("empty"), "--entry", "", has="--entry ''")
    run_refused(wat("empty"), "--engine", "\x1b[31m\n", has="--engine '\\x1b[31m\\n'")


@case
def engines_agree_on_everything():
    for schedule in ("v1", "unit"):
        for how in ["", *"rpunmgozvcibsh"]:
            seen = {engine: aether("run", wat("ends"), "--json", "--input", f"text:{how}", "--engine",
                                   engine, "--schedule", schedule, "--gas", "1000000").stdout
                    for engine in ENGINES}
            assert seen["cranelift"], how
            equal(len(set(seen.values())), 1, f"number of answers to {how!r} in {seen}")
    for name in ("empty", "two_host_calls", "told", "counter"):
        seen = {aether("run", wat(name), "--json", "--engine", engine).stdout for engine in ENGINES}
        equal(len(seen), 1)


@case
def schedules_differ_in_gas_only():
    def without_gas(result):
        return {key: value for key, value in result.items() if key != "gas_used"}

    for name in ("empty", "two_host_calls", "counter", "ends"):
        v1, unit = run(wat(name), "--schedule", "v1"), run(wat(name), "--schedule", "unit")
        equal(without_gas(v1), without_gas(unit))
        equal(v1, run(wat(name)))
    assert run(wat("counter"))["gas_used"] > run(wat("counter"), "--schedule", "unit")["gas_used"]


@case
def repeat_starts_from_the_same_state():
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        path.write_text('{"0x6e":"0x0900000000000000"}')
        once = aether("run", wat("counter"), "--json").stdout
        equal(aether("run", wat("counter"), "--json", "--repeat", 1).stdout, once)
        equal(aether("run", wat("counter"), "--json", "--repeat", 25).stdout, once)
        result = run(wat("counter"), "--repeat", 3, "--storage", path)
        equal(result["storage"], {"0x6e": "0x0a00000000000000"})
        equal(json.loads(path.read_text()), {"0x6e": "0x0a00000000000000"})


# run: storage


@case
def storage_goes_round():
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        for count in range(1, 4):
            result = run(wat("counter"), "--storage", path)
            expected = {"0x6e": "0x" + count.to_bytes(8, "little").hex()}
            equal(result["storage"], expected)
            equal(json.loads(path.read_text()), expected)
            equal(os.listdir(folder), ["s.json"])
        path.write_text(' {\n "0x6F6c64" : "0x00", "0x" : "0x" }\n'.replace('"0x" : "0x"', '"0xFF":"0xaB"'))
        result = run(wat("counter"), "--storage", path, "--entry", "init")
        equal(result["storage"], {"0x6e": "0x2900000000000000", "0xff": "0xab"})
        equal(list(json.loads(path.read_text())), ["0x6e", "0xff"])


@case
def storage_is_sorted_by_bytes():
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        start = {"0xff": "0x", "0x00": "0x01", "0x6e00": "0x", "0x6d": "0x02", "0x0000": "0x03",
                 "0x" + "ff" * 256: "0x", "0x6eff": "0x"}
        path.write_text(json.dumps(start))
        result = run(wat("counter"), "--storage", path)
        keys = ["0x00", "0x0000", "0x6d", "0x6e", "0x6e00", "0x6eff", "0xff", "0x" + "ff" * 256]
        equal(list(result["storage"]), keys)
        equal(list(json.loads(path.read_text())), keys)
        equal(json.loads(path.read_text()), result["storage"])


@case
def storage_belongs_to_self():
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        run(wat("counter"), "--storage", path)
        result = run(wat("counter"), "--storage", path, "--self", "0x" + "ff" * 32, "--value", 5)
        equal(result["storage"], {"0x6e": "0x0200000000000000"})


@case
def storage_is_written_on_success_only():
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        for how in "rpunmgozvcibsh":
            run(wat("ends"), "--input", f"text:{how}", "--storage", path, "--gas", 1000000, status=1)
            equal(os.listdir(folder), [], f"files after {how!r}")
        text = '{ "0x6b6579":"0x00" }'
        path.write_text(text)
        before = os.stat(path)
        for how in "rpunmgozvcibsh":
            run(wat("ends"), "--input", f"text:{how}", "--storage", path, "--gas", 1000000, status=1)
            equal(path.read_text(), text)
        run_refused(wat("ends"), "--entry", "init", "--storage", path, code=206, name="MISSING_ENTRY")
        run_refused(wat("ends"), "--nope", "--storage", path)
        after = os.stat(path)
        equal((after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns), "the file")
        run(wat("ends"), "--storage", path)
        equal(json.loads(path.read_text()), {"0x6b6579": "0x76616c7565"})
        equal(os.listdir(folder), ["s.json"])


@case
def storage_is_replaced_by_rename():
    with temporary() as folder:
        target = pathlib.Path(folder, "real", "s.json")
        target.parent.mkdir()
        target.write_text("{}")
        target.chmod(0o640)
        link = pathlib.Path(folder, "link.json")
        link.symlink_to(target)
        with open(target, encoding="utf-8") as before:
            run(wat("counter"), "--storage", link)
            equal(before.read(), "{}", "what an earlier reader has open")
        assert link.is_symlink()
        equal(json.loads(target.read_text()), {"0x6e": "0x0100000000000000"})
        equal(target.stat().st_mode & 0o777, 0o640)
        equal(sorted(os.listdir(target.parent)), ["s.json"])
        long_name = target.parent / ("n" * 250 + ".json")
        run(wat("counter"), "--storage", long_name)
        assert long_name.exists()


@case
def storage_that_cannot_be_written_is_a_fault():
    def no_space():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        path.write_text("{}")
        for words in ([], ["--json"]):
            done = aether("run", wat("empty"), "--storage", path, *words, preexec_fn=no_space)
            equal((done.returncode, done.stdout), (3, b""))
            line = one_line(done.stderr, "stderr")
            assert f"cannot write {path}: File too large (STORAGE_FAILED)" in line, line
            equal(path.read_text(), "{}")
            equal(os.listdir(folder), ["s.json"])


@case
def storage_that_cannot_be_read_is_refused():
    with temporary() as folder:
        run_refused(wat("counter"), "--storage", folder, has=[folder, "Is a directory"])
        run_refused(wat("counter"), "--storage", f"{folder}/no/s.json", has="No such file or directory")
        run_refused(wat("counter"), "--storage", f"{folder}/", has="Is a directory")
        run_refused(wat("counter"), "--storage", "", has="No such file or directory")
        run_refused(wat("counter"), "--storage", "/dev/null", has="not a regular file")
        pathlib.Path(folder, "f").write_text("{}")
        run_refused(wat("counter"), "--storage", f"{folder}/f/s.json", has="Not a directory")


@case
def storage_that_is_not_json_is_refused():
    texts = ("", " ", "{", '{"0x00"', '{"0x00":', '{"0x00":"0x"', '{"0x00":"0x",}', "{} {}", "{}x",
             "{'0x00':'0x'}", '{"0x00":"0x"} // end', "\ufeff{}", '{0x00:"0x"}', "{}\0", '{"0x00":"0x\0"}',
             '{"0x00\\u0000":"0x"}', "nul", '{"0x00":"\udcff"}', '{"0x00":[[[[[[[[[[]]]]]]]]]]}',
             "[" * 100000, '{"a\x1b[31m":')
    shapes = ("[]", "null", "true", "1", '"0x"', '["0x00"]')
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        for text in texts + shapes:
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
            run_refused(wat("counter"), "--storage", path, has=str(path))
            equal(path.read_bytes(), text.encode("utf-8", "surrogateescape"))
        path.write_text("{}\n\n \t")
        run(wat("counter"), "--storage", path)


@case
def storage_entries_are_checked():
    long_key, long_value = "0x" + "aa" * 257, "0x" + "bb" * 65537
    wrong = (('{"00":"0x"}', "key '00'"), ('{"0x0":"0x"}', "key '0x0'"), ('{"0xgg":"0x"}', "key '0xgg'"),
             ('{"0x":"0x"}', "has 0 bytes, need 1 to 256"), ('{"":"0x"}', "key ''"),
             ('{"0X00":"0x"}', "key '0X00'"),
             (f'{{"{long_key}":"0x"}}', "has 257 bytes, need 1 to 256"),
             ('{"0x00":"00"}', "value of '0x00' is not 0x"), ('{"0x00":""}', "value of '0x00' is not 0x"),
             ('{"0x00":"0x0"}', "value of '0x00' is not 0x"), ('{"0x00":"0x0g"}', "value of '0x00'"),
             (f'{{"0x00":"{long_value}"}}', "has 65537 bytes, at most 65536"),
             ('{"0x00":null}', "not a string"), ('{"0x00":1}', "not a string"), ('{"0x00":{}}', "not a string"),
             ('{"0x00":"0x","0x00":"0x"}', "named twice"), ('{"0x00":"0x","0x01":"0x","0x00":"0x01"}', "named twice"),
             ('{"0x00":1,"0x00":"0x"}', "named twice"),
             ('{"0xab":"0x","0xAB":"0x"}', "named twice, in two spellings"),
             ('{"0x\\u001b[31m":"0x"}', "\\x1b[31m"))
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        for text, reason in wrong:
            path.write_text(text)
            run_refused(wat("counter"), "--storage", path, has=[str(path), reason])
            equal(path.read_text(), text)
        path.write_text(json.dumps({"0x" + "aa" * 256: "0x" + "bb" * 65536}))
        result = run(wat("counter"), "--storage", path)
        equal(result["storage"]["0x" + "aa" * 256], "0x" + "bb" * 65536)


# run: for people


@case
def people_get_a_receipt():
    done = aether("run", wat("ends"), "--schedule", "unit", "--gas", 1000)
    equal(done.returncode, 0)
    text = done.stdout.decode("ascii")
    assert text.startswith("outcome  success\ngas      "), text
    for piece in (" of 1000 (", 'data   0x76616c7565 "value"', f"log 0    from {SELF}",
                  'storage  0x6b6579 "key" = 0x76616c7565 "value"'):
        assert piece in text, f"{piece!r} is not in\n{text}"
    text = aether("run", wat("echo"), "--input", "text:hé").stdout.decode("utf-8")
    assert 'data     0x68c3a9 "hé"' in text, text
    with temporary() as folder:
        path = pathlib.Path(folder, "s.json")
        path.write_text('{"0x6f6c64":"0x"}')
        text = aether("run", wat("counter"), "--entry", "init", "--storage", path).stdout.decode()
        assert 'storage  0x6f6c64 "old" removed' in text, text


@case
def people_see_where_it_trapped():
    done = aether("run", wat("ends"), "--input", "text:z", "--gas", 500000)
    equal(done.returncode, 1)
    text = done.stdout.decode("ascii")
    assert text.startswith("outcome  trapped\ngas      500000 of 500000 (100.00 %)\n"), text
    assert "trap     integer_divide_by_zero: " in text, text
    assert re.search(r"^  at spoil \(function 9, offset 0x[0-9a-f]+\)$", text, re.M), text
    text = aether("run", wat("empty"), "--gas", 0).stdout.decode()
    equal(text, "outcome  out_of_gas\ngas      0 of 0\n")


@case
def bytes_of_a_contract_are_escaped():
    for how in ["", *"rpunozs"]:
        for words in ([], ["--json"]):
            done = aether("run", wat("ends"), "--input", f"text:{how}", *words)
            for stream in (done.stdout, done.stderr):
                assert b"\x1b" not in stream and b"\x07" not in stream and b"\x9b" not in stream, stream
    text = aether("run", wat("echo"), "--input", "text:a\u202eb").stdout
    equal("\u202e".encode() in text, False, "a character that reorders the line is shown")
    text = aether("run", wat("echo"), "--input", "ff41").stdout.decode("ascii")
    assert "data     0xff41\n" in text, text


@case
def long_data_is_cut_for_people_only():
    with temporary() as folder:
        path = pathlib.Path(folder, "input")
        path.write_bytes(b"a" * 257)
        text = aether("run", wat("echo"), "--input", f"@{path}").stdout.decode("ascii")
        assert "data     0x" + "61" * 256 + "... (257 bytes)\n" in text, text
        equal(bytes_of(run(wat("echo"), "--input", f"@{path}")["return_data"]), b"a" * 257)


@case
def logs_of_a_contract_go_to_stderr():
    for how in ("", "r", "u", "z"):
        for words in ([], ["--json"]):
            done = aether("run", wat("ends"), "--input", f"text:{how}", *words)
            lines = done.stderr.decode("ascii").splitlines()
            assert lines and all(line.startswith("log: ") for line in lines), lines
            assert "red" in lines[0], lines
    equal(aether("run", wat("empty")).stderr, b"")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--aether")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(CASES))
        return 0
    global AETHER
    AETHER = arguments.aether
    failed = 0
    for name in arguments.names or CASES:
        try:
            CASES[name]()
        except AssertionError as error:
            failed += 1
            place = inspect.trace()[-1]
            lines = [f"{frame.lineno}" for frame in inspect.trace()[1:]]
            print(f"{name}: lines {', '.join(lines)}: {error or place.code_context}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
