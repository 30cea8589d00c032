#!/usr/bin/env python3
"""`aether profile` accounts for every unit of gas in each of its forms, and its page works in a real browser.

Method: runs the built command on the contracts beside this file and on lines.c, which has line tables; adds up what it
prints and compares that with `aether run`; opens the page in a headless Chromium, clicks, types and reads.

    profile_test.py --list                                     the names of the cases
    profile_test.py --aether PATH --contract lines.wasm [CASE …]   runs them; all without a name
"""

import argparse
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from browser import Browser

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GAS = "1000000"
FAULT, REVERT, ENDLESS, WRITE = "01", "02", "03", "04"
RUN_OPTIONS = ["--gas", "--entry", "--input", "--caller", "--self", "--value", "--block-number", "--timestamp", "--chain-id",
               "--storage", "--engine", "--schedule"]

AETHER = None    # path of the command
CONTRACT = None  # lines.c as Wasm
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def aether(*words, cwd=ROOT):
    return subprocess.run([AETHER, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=cwd, timeout=100)


def equal(actual, expected, what="value"):
    assert actual == expected, f"{what} is\n  {actual!r}\nexpected\n  {expected!r}"


def profile(*words, status=0, cwd=ROOT):
    done = aether("profile", *words, "--json", cwd=cwd)
    equal(done.returncode, status, f"exit status ({done.stderr!r})")
    return json.loads(done.stdout)


def temporary():
    return tempfile.TemporaryDirectory(prefix="aether-profile-")


def line_of(mark):
    """The number of the line of lines.c that ends with this comment."""
    lines = (HERE / "lines.c").read_text().split("\n")
    return next(i for i, line in enumerate(lines, 1) if line.endswith("// " + mark))


# Each way to end: words, exit status
RUNS = {
    "success": (["CONTRACT", "--gas", GAS], 0),
    "effects": (["CONTRACT", "--gas", GAS, "--input", WRITE], 0),
    "fault": (["CONTRACT", "--gas", GAS, "--input", FAULT], 1),
    "revert": (["CONTRACT", "--gas", GAS, "--input", REVERT], 1),
    "out of gas": (["CONTRACT", "--gas", GAS, "--input", ENDLESS], 1),
    "no gas": (["CONTRACT", "--gas", "0"], 1),
    "unit": (["CONTRACT", "--gas", GAS, "--schedule", "unit", "--engine", "winch"], 0),
    "counter": ([HERE / "counter.wat"], 0),
    "ends": ([HERE / "ends.wat", "--gas", GAS, "--input", "text:unreachable"], None),
    "evil": ([HERE / "evil.wat"], 0),
}


def runs():
    for name, (words, status) in RUNS.items():
        words = [CONTRACT if word == "CONTRACT" else word for word in words]
        done = aether("run", *words, "--json")
        if status is not None:
            equal(done.returncode, status, f"exit status of run, {name}")
        yield name, words, done.returncode, json.loads(done.stdout)


@case
def json_adds_up_to_what_run_uses():
    for name, words, status, result in runs():
        p = profile(*words, status=status)
        equal(list(p), ["outcome", "code", "gas_used", "gas_limit", "gas_burned", "functions", "lines", "instructions",
                        "stacks"], "keys")
        for key in ("outcome", "code", "gas_used", "gas_limit"):
            equal(p[key], result[key], f"{key}, {name}")
        gas = p["gas_used"]
        equal(sum(f["self_gas"] for f in p["functions"]), gas, f"functions, {name}")
        equal(sum(s["self_gas"] for s in p["stacks"]), gas, f"stacks, {name}")
        equal(sum(s["total_gas"] for s in p["stacks"] if s["parent"] is None), gas, f"roots, {name}")
        equal(p["gas_burned"] + sum(i["gas"] for i in p["instructions"]), gas, f"instructions, {name}")
        equal(p["gas_burned"] + sum(line["gas"] for line in p["lines"]), gas, f"lines, {name}")


@case
def table_adds_up():
    for name, words, status, result in runs():
        for top in ("1", "7", "100000"):
            done = aether("profile", *words, "--top", top)
            equal(done.returncode, status, f"exit status, {name}")
            head, *tables = done.stdout.decode().split("\n\n")
            assert head.startswith("outcome  "), head
            equal(len(tables), 3, "tables")
            for table in tables:
                rows = [line.split() for line in table.strip("\n").split("\n")[1:]]
                equal(rows[-1][0::2], [str(result["gas_used"]), "all"], f"sum, {name}")
                equal(sum(int(row[0]) for row in rows[:-1]), result["gas_used"], f"rows, {name}")
                assert len(rows) <= int(top) + 2, rows


@case
def table_tells_host_functions_lines_and_what_was_burned():
    text = aether("profile", CONTRACT, "--input", WRITE).stdout.decode()
    assert re.search(r"^ +\d+ +[\d.]+ +\d+ +[\d.]+ +1  storage_write \(host\)$", text, re.M), text
    assert re.search(rf"  tests/cli/lines\.c:{line_of('hot')}  \| sum = sum \* 31 \+ table", text), text
    assert re.search(rf"  tests/cli/lines\.c:{line_of('write')}  \|", text), text
    assert "burned" not in text, text
    text = aether("profile", CONTRACT, "--input", FAULT, "--gas", GAS).stdout.decode()
    equal(text.count("burned by the failure"), 3, "rows of what was burned")


@case
def folded_stacks_add_up():
    for name, words, status, result in runs():
        done = aether("profile", *words, "--folded", "-")
        equal(done.returncode, status, f"exit status, {name}")
        lines = done.stdout.decode().splitlines()
        equal(sum(int(line.rsplit(" ", 1)[1]) for line in lines), result["gas_used"], f"sum, {name}")
        for line in lines:
            assert all(" " <= c and c != "\x7f" for c in line), line
    lines = aether("profile", CONTRACT, "--folded", "-").stdout.decode().splitlines()
    assert any(line.startswith("execute;depth;depth;depth;depth;depth;depth;depth;mix ") for line in lines), lines


@case
def files_are_written_and_the_table_too():
    with temporary() as folder:
        done = aether("profile", CONTRACT, "--folded", f"{folder}/f.txt", "--html", f"{folder}/p.html")
        equal((done.returncode, done.stderr), (0, b""))
        assert b"outcome  success" in done.stdout
        equal(pathlib.Path(folder, "f.txt").read_bytes(), aether("profile", CONTRACT, "--folded", "-").stdout)
        equal(pathlib.Path(folder, "p.html").read_bytes(), aether("profile", CONTRACT, "--html", "-").stdout)
        done = aether("profile", CONTRACT, "--html", f"{folder}/no/such/p.html")
        equal((done.returncode, done.stdout), (3, b""))
        assert b"STORAGE_FAILED" in done.stderr, done.stderr


@case
def storage_is_read_and_not_written():
    with temporary() as folder:
        storage = pathlib.Path(folder, "s.json")
        storage.write_text('{"0x61":"0x62"}')
        equal(aether("profile", CONTRACT, "--input", WRITE, "--storage", storage).returncode, 0)
        equal(storage.read_text(), '{"0x61":"0x62"}')
        storage.write_text("nonsense")
        equal(aether("profile", CONTRACT, "--storage", storage).returncode, 2)


@case
def misuse_is_refused():
    for words, has in ((["--html", "-", "--folded", "-"], "both want standard output"),
                       (["--html", "-", "--json"], "--json and --html -"),
                       (["--folded", "-", "--json"], "--json and --folded -"),
                       (["--top", "0"], "--top"), (["--gas", "x"], "--gas"), (["--nope"], "unknown option"),
                       (["--entry", "query"], "query")):
        done = aether("profile", CONTRACT, *words)
        equal(done.returncode, 2, f"exit status of {words}")
        equal(done.stdout.count(b"\n"), 1 if "--json" in words else 0, f"lines on stdout of {words}")
        assert has in done.stderr.decode() and done.stderr.count(b"\n") == 1, done.stderr
    equal(json.loads(aether("profile", HERE / "cli_test.py", "--json").stdout)["error"]["name"], "MALFORMED_MODULE")


@case
def help_lists_what_run_takes():
    text = aether("profile", "--help").stdout.decode()
    for option in [*RUN_OPTIONS, "--folded", "--html", "--source", "--top", "--json", "Example:\n  aether profile "]:
        assert option in text, option
    assert "  profile " in aether("--help").stdout.decode()


@case
def traps_name_file_and_line():
    done = aether("run", CONTRACT, "--input", FAULT, "--json")
    frames = json.loads(done.stdout)["trap"]["frames"]
    equal([(f["function"], f["file"], f["line"]) for f in frames],
          [("divide", "tests/cli/lines.c", line_of("fault")), ("execute", "tests/cli/lines.c", line_of("call"))])
    text = aether("run", CONTRACT, "--input", FAULT).stdout.decode()
    assert re.search(rf"  at divide \(function \d+, offset 0x[0-9a-f]+\) tests/cli/lines\.c:{line_of('fault')}\n", text), text
    frames = json.loads(aether("run", HERE / "ends.wat", "--input", "text:unreachable", "--json").stdout)["trap"]
    assert frames is None or all(f["file"] is None and f["line"] is None for f in frames["frames"]), frames


@case
def hostile_line_tables_do_no_harm():
    original = pathlib.Path(CONTRACT).read_bytes()
    start = original.index(b".debug_line") + len(b".debug_line")
    state = 88172645463325252
    with temporary() as folder:
        changed = pathlib.Path(folder, "changed.wasm")
        for _ in range(60):
            code = bytearray(original)
            for _ in range(6):
                state = (state ^ state << 13) % 2**64
                state ^= state >> 7
                state = (state ^ state << 17) % 2**64
                code[start + state % 400] = state >> 32 & 0xFF
            changed.write_bytes(code)
            p = profile(changed, "--input", FAULT, "--gas", GAS, status=1)
            equal(p["gas_burned"] + sum(line["gas"] for line in p["lines"]), int(GAS), "lines")
            equal(aether("run", changed, "--input", FAULT).returncode, 1)


def embedded(page):
    """What a page says: its profile, once it is certain that a browser finds no other script in it."""
    class Scripts(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.scripts = []
            self.is_open = False

        def handle_starttag(self, tag, attributes):
            for name, value in attributes:
                assert not name.startswith("on"), (tag, name)
                assert name not in ("src", "href") or value == "data:,", (tag, name, value)
            self.is_open = tag == "script"
            if self.is_open:
                self.scripts.append("")

        def handle_data(self, data):
            if self.is_open:
                self.scripts[-1] += data

        def handle_endtag(self, tag):
            self.is_open = self.is_open and tag != "script"

    scripts = Scripts()
    scripts.feed(page)
    equal(len(scripts.scripts), 2, "scripts")
    return json.loads(scripts.scripts[0])


@case
def page_holds_source_only_from_the_folders_that_were_named():
    name = "tests/cli/lines.c"
    with temporary() as folder:
        def text_of(code, *words, cwd=folder):
            page = aether("profile", code, "--html", "-", *words, cwd=cwd).stdout.decode()
            return {f["path"]: f["text"] for f in embedded(page)["files"]}

        equal(text_of(CONTRACT)[name], None)
        for words, cwd in ((["--source", ROOT], folder), (["--source", HERE], folder), ([], ROOT), (["--source", "tests"], ROOT)):
            equal(text_of(CONTRACT, *words, cwd=cwd)[name], (HERE / "lines.c").read_text(), f"source with {words}")
        # A contract that names a file of this machine, by its own path, upwards, and through a link.
        code = pathlib.Path(CONTRACT).read_bytes()
        equal(code.count(b"tests/cli\0"), 1)
        for path in (b"/etc/././", b"../../etc", b"link/././"):
            os.path.lexists(f"{folder}/link") or os.symlink("/etc", f"{folder}/link")
            wrong = pathlib.Path(folder, "wrong.wasm")
            wrong.write_bytes(code.replace(b"tests/cli\0", path + b"\0").replace(b"lines.c\0", b"./hosts\0"))
            files = text_of(wrong)
            assert any(key.endswith("./hosts") for key in files), files
            equal([text for key, text in files.items() if key.endswith("hosts")], [None], f"text of {path!r}")
        assert any(text_of(wrong, "--source", "/etc").values())


@case
def page_is_self_contained():
    page = aether("profile", CONTRACT, "--html", "-").stdout.decode()
    assert "http:" not in page and "https:" not in page and "//cdn" not in page
    data = embedded(page)
    equal(sum(int(stack[3]) for stack in data["stacks"]), int(data["gas_used"]))
    embedded(aether("profile", HERE / "evil.wat", "--html", "-").stdout.decode())


# In a browser


def written_out(text):
    """As the page shows what nobody sees."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]",
                  lambda found: f"\\u{{{ord(found[0]):x}}}", text)


def grouped(gas):
    return f"{gas:,}"


class Page:
    """A page of a run, open in a browser. At its end it has asked for nothing and complained about nothing."""

    def __init__(self, *words):
        self.words = words

    def __enter__(self):
        self.folder = temporary()
        path = pathlib.Path(self.folder.name, "profile.html")
        done = aether("profile", *self.words, "--html", path)
        assert done.returncode in (0, 1), done.stderr
        done = aether("profile", *self.words, "--json")
        self.profile = json.loads(done.stdout)
        self.browser = Browser().__enter__()
        try:
            self.browser.open(path)
        except BaseException:
            self.browser.__exit__()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                equal(self.browser.console(), [], "console")
                equal(self.browser.requests(), [self.browser.url], "requests")
                equal(self.browser.run("return performance.getEntriesByType('resource').length"), 0, "resources")
        finally:
            self.browser.__exit__()
            self.folder.cleanup()

    def frames(self):
        return self.browser.run("""return [...document.querySelectorAll('.frame')].map((frame) => (
            {name: frame.dataset.name, gas: frame.dataset.gas, width: frame.getBoundingClientRect().width,
             top: frame.getBoundingClientRect().top, match: frame.classList.contains('match')}))""")

    def width(self, name):
        return max(frame["width"] for frame in self.frames() if frame["name"] == name)


@case
def browser_shows_totals():
    for words in ([CONTRACT, "--input", WRITE], [CONTRACT, "--input", FAULT, "--gas", GAS],
                  [CONTRACT, "--input", ENDLESS, "--gas", "12345678"], [HERE / "counter.wat"]):
        with Page(*words) as page:
            equal(page.browser.text("#gas-used"), grouped(page.profile["gas_used"]))
            equal(page.browser.text("#gas-limit"), grouped(page.profile["gas_limit"]))
            equal(page.browser.text("#outcome").split(",")[0], page.profile["outcome"].replace("_", " "))
            equal(page.browser.run("return document.title"), f"Gas profile of {words[0]}")
            roots = [f for f in page.frames() if f["name"] == "all"]
            equal([int(f["gas"]) for f in roots], [page.profile["gas_used"]])
            cells = page.browser.run(
                "return [...document.querySelectorAll('#functions tbody tr')].map((row) => row.cells[0].textContent)")
            equal(sum(int(cell.replace(",", "")) for cell in cells), page.profile["gas_used"], "functions")


@case
def browser_shows_gas_beyond_a_scripts_numbers():
    with Page(HERE / "ends.wat", "--input", "text:nonsense", "--gas", str(2**64 - 1)) as page:
        equal(page.browser.text("#gas-limit"), grouped(2**64 - 1))
        equal(page.browser.text("#gas-used"), grouped(page.profile["gas_used"]))
    with Page(CONTRACT, "--input", FAULT, "--gas", str(2**64 - 1)) as page:
        equal(page.browser.text("#gas-used"), grouped(2**64 - 1))
        burned = next(f for f in page.frames() if f["name"] == "burned by the failure")
        equal(int(burned["gas"]), page.profile["gas_burned"])


@case
def browser_would_tell_of_requests_and_errors():
    """The control of what every other case looks for at its end."""
    with temporary() as folder, Browser() as browser:
        page = pathlib.Path(folder, "page.html")
        page.write_text("<!DOCTYPE html><title>x</title><img src='http://127.0.0.1:9/x.png'><script>nothing()</script>")
        browser.open(page)
        equal(browser.requests(), [browser.url, "http://127.0.0.1:9/x.png"], "requests")
        assert any("nothing is not defined" in message for message in browser.console())


@case
def browser_zooms_and_resets():
    with Page(CONTRACT, "--input", WRITE) as page:
        whole = page.width("all")
        before = page.width("depth")
        assert before < 0.5 * whole, (before, whole)
        assert not page.browser.run("return document.querySelector('#reset').disabled === false")
        page.browser.click(".frame[data-name=depth]")
        assert abs(page.width("depth") - whole) < 2, (page.width("depth"), whole)
        names = [frame["name"] for frame in page.frames()]
        equal(names.count("depth"), 7, "frames of the recursion")
        assert "storage_write" not in names and names.count("execute") == 1, names
        page.browser.click(".frame[data-name=execute]")
        assert abs(page.width("depth") - before) < 2
        page.browser.click(".frame[data-name=depth]")
        page.browser.click("#reset")
        assert abs(page.width("depth") - before) < 2
        equal(page.browser.run("return document.querySelector('#reset').disabled"), True)


@case
def browser_searches():
    with Page(CONTRACT, "--input", WRITE) as page:
        page.browser.type("#search", "MIX")
        equal({f["name"] for f in page.frames() if f["match"]}, {"mix"})
        gas = sum(f["self_gas"] for f in page.profile["functions"] if f["name"] == "mix")
        share = int(gas * 1000000 / page.profile["gas_used"]) / 10000
        equal(page.browser.text("#matched"), f"matched {share:.2f} %")
        page.browser.run("const box = document.querySelector('#search'); box.value = 'execute';"
                         "box.dispatchEvent(new Event('input'))")
        equal(page.browser.text("#matched"), "matched 100.00 %")
        page.browser.run("const box = document.querySelector('#search'); box.value = 'no such';"
                         "box.dispatchEvent(new Event('input'))")
        equal(page.browser.text("#matched"), "matched 0.00 %")
        equal([f for f in page.frames() if f["match"]], [])


@case
def browser_tells_exact_gas_of_a_frame():
    with Page(CONTRACT, "--input", WRITE) as page:
        page.browser.hover(".frame[data-name=storage_write]")
        text = page.browser.text("#tip")
        gas = next(f["self_gas"] for f in page.profile["functions"] if f["name"] == "storage_write")
        assert text.startswith("storage_write") and f"{grouped(gas)} gas" in text, text


@case
def browser_shows_source_with_gas():
    with Page(CONTRACT, "--input", WRITE) as page:
        def rows(script="row.cells[0].textContent"):
            return page.browser.run(f"return [...document.querySelectorAll('#code tbody tr')].map((row) => {script})")

        source = (HERE / "lines.c").read_text().rstrip("\n").split("\n")
        equal(rows("row.cells[4].textContent"), source, "source")
        known = {line["line"]: line["gas"] for line in page.profile["lines"] if line["file"] == "tests/cli/lines.c"}
        shown = {i: int(gas.replace(",", "")) for i, gas in enumerate(rows(), 1) if gas}
        equal(shown, {line: gas for line, gas in known.items() if gas}, "gas of lines")
        hot = line_of("hot")
        page.browser.click(f"#code tbody tr:nth-child({hot})")
        parts = page.browser.run("return [...document.querySelectorAll('#code tr.part')].map((row) => row.cells[0].textContent)")
        equal(sum(int(gas.replace(",", "") or 0) for gas in parts), known[hot], "gas of the line's instructions")
        page.browser.click(f"#code tbody tr:nth-child({hot})")
        equal(rows("row.cells[4].textContent"), source, "source again")


@case
def browser_shows_instructions_and_sorts_functions():
    with Page(CONTRACT, "--input", WRITE) as page:
        names = "return [...document.querySelectorAll('#functions tbody tr')].map((row) => row.cells[5].firstChild.textContent)"
        by_gas = page.browser.run(names)
        page.browser.click("#functions th:nth-child(6) button")
        equal(page.browser.run(names), sorted(by_gas), "sorted by name")
        page.browser.click("#functions th:nth-child(6) button")
        equal(page.browser.run(names), sorted(by_gas, reverse=True), "sorted by name, downwards")
        page.browser.click("#functions th:nth-child(1) button")
        equal(page.browser.run(names), by_gas, "sorted by gas")
        page.browser.click(f"#functions tbody tr:nth-child({by_gas.index('mix') + 1})")
        mix = next(i for i, f in enumerate(page.profile["functions"]) if f["name"] == "mix")
        own = [i for i in page.profile["instructions"] if i["function"] == mix]
        shown = page.browser.run("return [...document.querySelectorAll('#code tbody tr')].map((row) => "
                                 "[row.cells[0].textContent, row.cells[3].textContent, row.cells[4].textContent.trim()])")
        equal(shown, [[grouped(i["gas"]) if i["gas"] else "", f"0x{i['offset']:04x}", i["text"]] for i in own])


@case
def browser_runs_no_script_of_the_contract():
    with Page(HERE / "evil.wat") as page:
        names = [f["name"] for f in page.profile["functions"]]
        assert "</script><script>window.evil=1</script>" in names and "<img src=x onerror=window.evil=2>" in names, names
        shown = {f["name"] for f in page.frames()} - {"all"}
        equal(shown, {written_out(names[s["function"]]) for s in page.profile["stacks"]})
        assert "a;b\\u{a}\\u{1b}[31m \\u{202e}<!--" in shown, shown
        page.browser.type("#search", "<img")
        page.browser.click(".frame.match")
        page.browser.hover(".frame.match")
        assert "<img src=x" in page.browser.text("#tip")
        page.browser.click("#functions tbody tr:nth-child(2)")
        equal(page.browser.run("return document.images.length"), 0)
        equal(page.browser.run("return document.scripts.length"), 2)
        equal(page.browser.run("return String(window.evil)"), "undefined")


@case
def browser_says_what_to_do_without_source():
    with temporary() as folder:
        path = pathlib.Path(folder, "profile.html")
        equal(aether("profile", CONTRACT, "--html", path, cwd=folder).returncode, 0)
        with Browser() as browser:
            browser.open(path)
            assert browser.run("return document.querySelector('#view').value").startswith("f")
            browser.run("const view = document.querySelector('#view'); view.value = 's0';"
                        "view.dispatchEvent(new Event('change'))")
            assert "aether profile --source DIR" in browser.text("#note")
            equal(browser.console(), [], "console")


def main():
    global AETHER, CONTRACT
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--aether")
    parser.add_argument("--contract")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(CASES))
        return 0
    AETHER, CONTRACT = os.path.abspath(arguments.aether), os.path.abspath(arguments.contract)
    for name in arguments.cases or CASES:
        CASES[name]()
        print("ok", name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
