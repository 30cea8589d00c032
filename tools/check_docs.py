#!/usr/bin/env python3
"""What the documents name exists: paths, links, make targets, test names, functions. What they quote is so.

Looks at `code` in README.md, ARCHITECTURE.md, CONTRIBUTING.md, SECURITY.md, docs/ and contracts/, and at the commands of
their console blocks. Code with <angles>, $ or …, and x.c for any file, is a pattern, not a name, and is not looked at.
A block below a comment `from PATH` is a part of that file.
"""
import fnmatch
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "contracts/*.md"]
# A path may be written from the root, from a module, or as it is included.
BASES = ["", "src/", "include/", "docs/", "tests/"]
EXTENSIONS = r"\.(c|h|def|md|py|sh|cmake|txt|json|wat|toml|lock|rs|yml|pc)"
BUILT = ("build/", "./build/")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def tracked():
    out = subprocess.run([ROOT + "/tools/tracked.sh"], check=True, capture_output=True, text=True)
    return [path for path in out.stdout.split("\n") if path]


class Project:
    """Everything that a document may name."""

    def __init__(self):
        self.files = tracked()
        self.paths = set(self.files)
        for path in self.files:
            while "/" in path:
                path = path.rsplit("/", 1)[0]
                self.paths.add(path)
        self.top = {path.split("/")[0] for path in self.files}
        self.modules = {path.split("/")[1] for path in self.files if path.startswith("src/") and path.count("/") > 1}
        self.targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.M))
        self.tests = set()
        self.test_stems = set()
        self.words = set()
        for path in self.files:
            if re.search(r"\.(c|h|def|cpp|txt|cmake|wat)$", path):
                self.add_source(path)

    def add_source(self, path):
        text = read(path)
        self.words.update(re.findall(r"\b(?:ae|aether|AE|AETHER)_\w+", text))
        for prefix, macro in re.findall(r"\b(AE|AETHER)_[A-Z_]*##|#define (AETHER_\w+)", text):
            self.words.add(macro or prefix)
        stem = os.path.basename(path).rsplit(".", 1)[0]
        folder = os.path.basename(os.path.dirname(path))
        for case in re.findall(r"\bTEST\((\w+)\)", text):
            for name in (stem, f"{folder}_{stem}", folder):
                self.tests.add(f"{name}.{case}")
                self.test_stems.add(name)
        for name in re.findall(r"add_test\(\s*NAME\s+([\w.]+)", text):
            self.tests.add(name)
            self.test_stems.add(name.split(".")[0])
        if path.endswith((".h", ".def")):
            # Names that an X-macro pastes together: AETHER_OK, AE_KEY_LEN_MAX, AETHER_END_REVERT.
            for name in re.findall(r"\b(?:X|AE_LIMIT)\((\w+),", text):
                self.words.update({f"AETHER_{name}", f"AETHER_END_{name}", f"AE_{name}"})
        if path.endswith(".def"):
            for name in re.findall(r"\bAE_HOST\((\w+),", text):
                self.words.add(f"aether_host_{name}")

    def has_path(self, path, document):
        path = re.sub(r"^\./", "", path).rstrip("/")
        near = os.path.normpath(os.path.join(os.path.dirname(document), path))
        candidates = [base + path for base in BASES] + [near]
        if "*" in path:
            return any(fnmatch.filter(self.paths, candidate) for candidate in candidates)
        # A bare file name is fine where exactly that file exists somewhere.
        return any(candidate in self.paths for candidate in candidates) or (
            "/" not in path and any(file.endswith("/" + path) for file in self.files))

    def is_path(self, code):
        if not re.fullmatch(r"[\w.*/+-]+", code) or code.startswith(BUILT) or code.endswith(".wasm"):
            return False
        if "/" in code:
            first = re.sub(r"^\./", "", code).split("/")[0]
            return first in self.top or first in self.modules or bool(re.search(EXTENSIONS + "$", code))
        return bool(re.fullmatch(r"[\w.*+-]+" + EXTENSIONS, code))


def check_make(project, command):
    """Whether every target of a make command exists."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return "quotes do not match"
    for word in words[words.index("make") + 1:]:
        if "=" not in word and not word.startswith("-") and word not in project.targets:
            return f"make has no target {word}"
    return None


def check_code(project, document, code):
    """What is wrong with one piece of `code`, or None."""
    if re.search(r"[<>$…]", code) or re.fullmatch(r"x(_\w+)?\.[ch]", code):
        return None
    if re.match(r"(sudo )?make( |$)", code):
        return check_make(project, code)
    test = re.fullmatch(r"(\w+)\.(\w+)", code)
    if test and (test.group(1) in project.test_stems or test.group(1).endswith("_test")):
        if not re.fullmatch(r"\w+" + EXTENSIONS, code) and code not in project.tests:
            return "no such test"
    if project.is_path(code):
        if not project.has_path(code.split(":")[0], document):
            return "no such path"
        return None
    name = re.fullmatch(r"((?:ae|aether|AE|AETHER)_\w+)(\(\))?", code)
    if name and name.group(1) not in project.words and not name.group(1).endswith("_"):
        return "no such name in the sources"
    return None


def slug(heading):
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def check_link(project, document, target):
    if re.match(r"[a-z]+:", target):
        return None
    path, _, anchor = target.partition("#")
    file = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
    if file not in project.paths:
        return "no such file"
    if anchor and file.endswith(".md"):
        headings = re.findall(r"^#+ +(.*)$", read(file), re.M)
        if anchor not in {slug(heading) for heading in headings}:
            return "no such heading"
    return None


def check_quotes(project, document):
    """Blocks below <!-- from PATH --> stand in that file, line by line."""
    quotes = re.finditer(r"^<!-- from (\S+) -->\n```\w*\n(.*?)^```$", read(document), re.M | re.S)
    for path, text in (quote.groups() for quote in quotes):
        if path not in project.paths:
            yield f"{document}: a quote from {path}: no such file"
        elif text.strip() not in read(path):
            yield f"{document}: a quote from {path}: that file has other lines"


def check_document(project, document):
    yield from check_quotes(project, document)
    fenced, language = False, ""
    for number, line in enumerate(read(document).split("\n"), 1):
        fence = re.match(r"\s*```+ *(\w*)", line)
        if fence:
            fenced, language = not fenced, fence.group(1)
            continue
        if fenced:
            prompt = re.match(r"\s*\$ +(.*)$", line) if language in ("console", "sh", "") else None
            for command in re.split(r"&&|;", prompt.group(1)) if prompt else []:
                problem = check_make(project, command) if re.match(r"\s*(sudo +)?make( |$)", command) else None
                if problem:
                    yield f"{document}:{number}: {command.strip()}: {problem}"
            continue
        for code in re.findall(r"`([^`]+)`", line):
            problem = check_code(project, document, code)
            if problem:
                yield f"{document}:{number}: {code}: {problem}"
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            problem = check_link(project, document, target)
            if problem:
                yield f"{document}:{number}: {target}: {problem}"


def main():
    project = Project()
    problems = []
    for pattern in DOCUMENTS:
        for document in sorted(fnmatch.filter(project.files, pattern)):
            problems += check_document(project, document)
    for problem in sorted(set(problems)):
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(f"check_docs: {len(set(problems))} names that do not exist")


if __name__ == "__main__":
    main()
