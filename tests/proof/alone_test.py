#!/usr/bin/env python3
"""libaether_proof.a is all that a program needs to check proofs.

Method: what the archive leaves undefined is a short list of libc's functions, none of which allocates; the example
program links with it alone, needs no library but libc, and says of every vector what it must.
`--list` prints the cases; without a name all run.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What the archive may take from libc, and from the compiler: which instructions the processor has.
TAKEN = {"memcmp", "memcpy", "memmove", "memset", "vsnprintf", "__stack_chk_fail",
         "__cpu_model", "__cpu_indicator_init", "_GLOBAL_OFFSET_TABLE_"}
ALLOCATING = {"malloc", "calloc", "realloc", "free"}
FOREIGN = ("wasm", "mdb_", "sodium", "crypto_", "nettle", "secp256k1", "XXH", "pthread")
archive = ROOT / "build/dev/libaether_proof.a"
cc = "cc"
cases = {}


def case(function):
    cases[function.__name__] = function
    return function


def equal(actual, expected, what):
    assert actual == expected, f"{what} is\n  {actual!r}\nexpected\n  {expected!r}"


def output(*line):
    done = subprocess.run(list(map(str, line)), capture_output=True, check=False, text=True, timeout=100)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout


def symbols(*options):
    """Names that nm prints of the archive."""
    return {line.split()[-1] for line in output("nm", *options, archive).splitlines()
            if line and not line.endswith(":")}


def build(folder):
    program = pathlib.Path(folder) / "verify_proof"
    output(cc, "-std=c17", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", ROOT / "include",
           ROOT / "examples/verify_proof.c", archive, "-o", program)
    return program


@case
def archive_needs_a_few_functions_of_libc():
    undefined = symbols("-u") - symbols("--defined-only")
    equal(sorted(undefined - TAKEN), [], "what it needs beyond libc's")
    assert "aether_proof_verify" in symbols("--defined-only", "--extern-only")


@case
def archive_holds_no_writable_data():
    lines = output("nm", "--defined-only", archive).splitlines()
    equal([line for line in lines if len(line.split()) == 3 and line.split()[1] in "bBdDcC"], [], "writable data")


@case
def program_needs_libc_alone():
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        libraries = [line.split()[0] for line in output("ldd", program).splitlines()]
        kept = [name for name in libraries if not name.startswith(("linux-vdso", "/lib", "libc.so"))]
        equal(kept, [], "libraries beside libc")
        names = {line.split()[-1].split("@")[0] for line in output("nm", program).splitlines()}
        equal(sorted(names & ALLOCATING), [], "functions that allocate")
        equal(sorted(name for name in names if name.startswith(FOREIGN)), [], "names of other libraries")


def vectors():
    """The cases of tests/vectors/proof.txt as dictionaries."""
    at = {}
    for line in (ROOT / "tests/vectors/proof.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        at[word] = rest
        if word == "result":
            yield at
            at = {}


@case
def program_says_of_every_vector_what_it_must():
    counts = {0: 0, 1: 0}
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        for at in vectors():
            value = "-" if "absent" in at else at["value"]
            done = subprocess.run([program, at["root"], at["address"], at["key"] or "-", value, at["proof"]],
                                  capture_output=True, check=False, text=True, timeout=10)
            expected = 0 if at["result"] == "ok" else 1
            equal(done.returncode, expected, f"exit status of case {at['case']}: {done.stderr}")
            counts[expected] += 1
    assert counts[0] > 100 and counts[1] > 20, counts


@case
def program_refuses_what_is_not_hex():
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        at = next(vectors())
        good = [at["root"], at["address"], "-", "-", at["proof"]]
        output(program, *good)
        for place in range(5):
            for bad in (good[place][:-1] + "g", "0", good[place] + "00" * 17000):
                line = good[:place] + [bad] + good[place + 1:]
                done = subprocess.run([program, *line], capture_output=True, check=False, text=True, timeout=10)
                equal((done.returncode, done.stdout), (2, ""), f"exit status and output of {place} {bad[:80]}")
        equal(subprocess.run([program], capture_output=True, check=False).returncode, 2, "exit status")


def main():
    global archive, cc
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--archive", type=pathlib.Path, default=archive)
    parser.add_argument("--cc", default=cc)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(cases))
        return 0
    archive, cc = arguments.archive.resolve(), arguments.cc
    for name in arguments.names or cases:
        cases[name]()
        print(f"ok {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
