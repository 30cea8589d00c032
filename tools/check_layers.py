#!/usr/bin/env python3
"""The module order as a check: every #include is allowed where it stands.

- src/CMakeLists.txt declares the modules; one may include only what its DEPENDS names, and nothing below names
  what is above.
- A foreign library's header belongs to one folder.
- cli/, examples/, contracts/ and sdk/ never see src/.
- include/aether/ sees only itself and three headers of C.
- The test harness is for x_test.c, and for test_x.h, which tests of a module share.
- x_internal.h is for x.c and x_test.c.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Header → the folders that may include it. Tests may look at everything.
FOREIGN = [
    (r"(wasmtime|wasm|wasi|wat)\.h|wasmtime/.*", {"src/engine", "bench"}),
    (r"secp256k1.*\.h|nettle/.*", {"src/crypto", "bench"}),
    (r"sodium\.h|sodium/.*", {"src/crypto", "cli", "bench"}),  # the command: key files with a passphrase
    (r"lmdb\.h|xxhash\.h", {"src/store", "bench"}),
    (r"protobuf-c/.*|.*\.pb-c\.h", {"src/ledger"}),  # and what is made of proto/: <aether.pb-c.h>
    (r"pthread\.h", {"src/base", "bench"}),
    (r"json-c/.*|argp\.h", {"cli"}),
]
PUBLIC_SYSTEM = {"stdbool.h", "stddef.h", "stdint.h"}
PUBLIC_USERS = ("cli", "examples", "contracts", "sdk")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def declared_modules():
    """{module: modules it may include}, in order; stops on a dependency that is not declared above."""
    allowed = {}
    text = re.sub(r"#.*", "", read("src/CMakeLists.txt"))
    for name, rest in re.findall(r"^ae_module\((\w+)(.*?)\)", text, re.M | re.S):
        depends = re.search(r"DEPENDS\s+((?:(?!(?:LINKS|PROTOS)\b)\w+\s*)*)", rest)
        names = depends.group(1).split() if depends else []
        for below in names:
            if below not in allowed:
                sys.exit(f"check_layers: {name} depends on {below}, which is not declared above it")
        allowed[name] = {name, *names}
    if not allowed:
        sys.exit("check_layers: no modules in src/CMakeLists.txt")
    return allowed


def is_test(path):
    """A test, or a header that tests of one module share."""
    name = os.path.basename(path)
    return path.startswith("tests/") or name.endswith("_test.c") or re.fullmatch(r"test_\w+\.h", name)


def check_foreign(path, header):
    if is_test(path):
        return None
    for pattern, owners in FOREIGN:
        if re.fullmatch(pattern, header) and not any(path.startswith(owner + "/") for owner in owners):
            return "belongs to " + ", ".join(sorted(owners))
    return None


def check_internal(path, header):
    if not header.endswith("_internal.h"):
        return None
    noun = os.path.basename(header)[: -len("_internal.h")]
    if os.path.basename(path) in (noun + ".c", noun + "_test.c"):
        return None
    return f"is for {noun}.c and {noun}_test.c"


def check_module(path, header, quoted, modules):
    """Includes of src/<module>/…"""
    module = path.split("/")[1]
    if not quoted or header.startswith("aether/"):
        return None
    folder = header.split("/")[0]
    if folder == "harness" and is_test(path):
        return None
    if "/" not in header:
        return f'is written with its folder: "{module}/{header}"'
    if module not in modules:
        return f"stands in src/{module}, which src/CMakeLists.txt does not declare"
    if folder not in modules:
        return "is not of a module"
    if folder not in modules[module]:
        return f"is above {module}, or not in its DEPENDS"
    return None


def check_public(path, header):
    if header.startswith("aether/") or header in PUBLIC_SYSTEM:
        return None
    return "is not allowed in a public header"


def check(path, header, quoted, modules):
    problem = check_foreign(path, header) or check_internal(path, header)
    if problem:
        return problem
    if path.startswith("src/"):
        return check_module(path, header, quoted, modules)
    if path.startswith("include/aether/"):
        return check_public(path, header)
    if path.split("/")[0] in PUBLIC_USERS and header.split("/")[0] in modules:
        return "is internal: only include/aether is seen from here"
    return None


def main():
    modules = declared_modules()
    files = subprocess.run([ROOT + "/tools/tracked.sh", "*.c", "*.h", "*.def", "*.cpp"],
                           check=True, capture_output=True, text=True).stdout.split("\n")
    problems = 0
    for path in filter(None, files):
        for number, line in enumerate(read(path).split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            problem = check(path, match.group(2), match.group(1) == '"', modules)
            if problem:
                print(f"{path}:{number}: {match.group(2)} {problem}", file=sys.stderr)
                problems += 1
    if problems:
        sys.exit(f"check_layers: {problems} includes break the order of modules")


if __name__ == "__main__":
    main()
