#!/usr/bin/env python3
"""Nothing that could make two nodes disagree, or that has a bounded form, is used in src/.

Comments and strings are not looked at, except for the two rows that are about them. An exception is listed
here, with its reason, or it is a failure; so is an exception that nothing needs any more.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# (key, words, instead)
BANNED = [
    ("float", "float double", "integers, or bits of a float in an integer"),
    ("clock", "time clock clock_gettime gettimeofday localtime gmtime mktime strftime nanosleep",
     "the block's timestamp"),
    ("random", "rand srand random srandom rand_r drand48 getrandom getentropy arc4random randombytes_buf",
     "a value derived from the block"),
    ("environment", "getenv secure_getenv setenv putenv", "an option of the caller"),
    ("locale", "setlocale localeconv newlocale uselocale strtod strtof strtold atof strcoll", "explicit parsing"),
    ("sort", "qsort bsearch qsort_r", "a sort with a total order"),
    ("unbounded", "strcpy strcat sprintf vsprintf gets atoi atol atoll strtok scanf sscanf fscanf",
     "the bounded form"),
    ("stack", "alloca setjmp longjmp sigsetjmp siglongjmp", "an arena; a status"),
    ("exit", "exit _exit _Exit abort quick_exit", "a status"),
    ("heap", "malloc calloc realloc free strdup strndup aligned_alloc posix_memalign", "ae_alloc, or an arena"),
    ("output", "printf fprintf vprintf vfprintf puts fputs putchar perror fopen open write", "a status with a message"),
    ("thread", "pthread_self gettid getpid", "an index"),
    ("assert", "assert", "AE_ASSERT"),
]
WORDS = {word: (key, instead) for key, words, instead in BANNED for word in words.split()}
POINTER_FORMAT = "pointer format"  # %p in a string
UNFINISHED = "unfinished"          # marks of unfinished work, in every file
MARKS = re.compile(r"\b(" + "|".join(["FIX" + "ME", "TO" + "DO", "X" * 3, "HA" + "CK"]) + r")\b")

# (path, key): reason
EXCEPTIONS = {
    ("src/base/alloc.c", "heap"): "the one place that asks libc for memory",
    ("src/base/assert.c", "exit"): "ae_panic: a false invariant stops the node",
    ("src/base/assert.c", "output"): "ae_panic says where",
    ("src/store/folder.c", "thread"): "who holds a database is named to whom it is refused",
}
# A test is a program of its own: it may use what the library may not, but for what has a bounded form.
TEST_KEYS = {"unbounded", "stack"}

TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|[A-Za-z_]\w*|\n|.', re.S)


def tracked(*patterns):
    out = subprocess.run([ROOT + "/tools/tracked.sh", *patterns], check=True, capture_output=True, text=True)
    return [path for path in out.stdout.split("\n") if path]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def words_of(text):
    """(line, key, word, instead) of every banned word outside comments and strings."""
    line = 1
    before = ""
    for match in TOKENS.finditer(text):
        token = match.group()
        if token.startswith('"') and re.search(r"%[-+ #0]*\d*p", token):
            yield line, POINTER_FORMAT, "%p", "an index"
        if token in WORDS and not before.endswith((".", "->")):
            after = text[match.end():].lstrip(" ")[:1]
            key, instead = WORDS[token]
            # A function is banned where it is called; a field or a variable of that name is not.
            if key == "float" or after == "(":
                yield line, key, token, instead
        line += token.count("\n")
        if not token.isspace():
            before = (before + token)[-2:]


def check_sources(used):
    for path in tracked("src/*.c", "src/*.h"):
        name = os.path.basename(path)
        is_test = name.endswith("_test.c") or (name.startswith("test_") and name.endswith(".h"))
        for line, key, word, instead in words_of(read(path)):
            if is_test and key not in TEST_KEYS:
                continue
            if (path, key) in EXCEPTIONS:
                used.add((path, key))
                continue
            yield f"{path}:{line}: {word} is banned ({key}); instead: {instead}"


def check_marks():
    for path in tracked():
        for number, text in enumerate(read(path).split("\n"), 1):
            if MARKS.search(text):
                yield f"{path}:{number}: unfinished work: finish it, or say what is missing in a sentence"


def main():
    used = set()
    problems = list(check_sources(used)) + list(check_marks())
    for path, key in sorted(set(EXCEPTIONS) - used):
        problems.append(f"tools/check_banned.py: the exception ({path}, {key}) is not needed any more")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(f"check_banned: {len(problems)} problems")


if __name__ == "__main__":
    main()
