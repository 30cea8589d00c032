"""The example contracts behave as their READMEs say, and a failing call leaves no trace.

Method: the built `aether` command runs them with --json over a storage file; every receipt and the whole
storage are compared with a model of the token in Python. `--list` prints the cases; without a name all run.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYS = ["outcome", "code", "gas_used", "gas_limit", "return_data", "logs", "trap", "error", "storage"]
ALICE, BOB, CAROL = (bytes([n]) * 32 for n in (1, 3, 4))
SELF, ZERO = bytes([2]) * 32, bytes(32)
MAX = 2**128 - 1

TRANSFER, APPROVE, TRANSFER_FROM, MINT, BURN = range(1, 6)
BALANCE_OF, ALLOWANCE, TOTAL_SUPPLY, OWNER = range(16, 20)

build = ROOT / "build" / "dev"
cases = {}


def case(function):
    cases[function.__name__] = function
    return function


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what} is\n  {actual!r}\nexpected\n  {expected!r}")


def hexed(data):
    return "0x" + data.hex()


def amount(number):
    return number.to_bytes(16, "little")


# ---- The command


class Contract:
    """One contract over one storage file in a temporary folder."""

    def __init__(self, path, directory):
        self.path = build / path
        self.file = pathlib.Path(directory) / "storage.json"

    def stored(self):
        return self.file.read_bytes() if self.file.exists() else None

    def typed(self, data):
        """The input as an argument; a long one as a file, since a command line has its limit."""
        if len(data) <= 1024:
            return hexed(data)
        path = self.file.with_name("input.bin")
        path.write_bytes(data)
        return f"@{path}"

    def run(self, data=b"", /, *, entry="execute", caller=ALICE, **options):
        """Runs the command; returns the receipt, with the exit status as "exit"."""
        line = [build / "aether", "run", self.path, "--json", "--storage", self.file]
        line += ["--entry", entry, "--input", self.typed(data), "--caller", hexed(caller)]
        for name, value in options.items():
            line += ["--" + name.replace("_", "-"), str(value)]
        before = self.stored()
        done = subprocess.run(line, capture_output=True, check=False, text=True, timeout=120)
        if done.returncode not in (0, 1):
            raise AssertionError(f"{line} exits with {done.returncode}: {done.stderr}")
        equal(done.stdout.count("\n"), 1, "number of lines")
        receipt = json.loads(done.stdout)
        equal(list(receipt), KEYS, "keys")
        equal(receipt["error"], None, "error")
        if done.returncode != 0:
            equal(self.stored(), before, "storage file after a failure")
            equal(receipt["storage"], {}, "storage after a failure")
            equal(receipt["logs"], [], "events after a failure")
        else:
            equal(json.loads(self.stored() or b"{}"), receipt["storage"], "storage file")
        receipt["exit"] = done.returncode
        return receipt

    def succeed(self, data=b"", /, **options):
        receipt = self.run(data, **options)
        found = receipt["exit"], receipt["outcome"], receipt["code"], receipt["trap"]
        equal(found, (0, "success", 0, None), f"outcome of {data.hex()}, {receipt}")
        return receipt

    def revert(self, reason, data=b"", /, *, code=-1, **options):
        receipt = self.run(data, **options)
        found = receipt["exit"], receipt["outcome"], receipt["code"]
        equal(found, (1, "reverted", code), f"outcome of {data.hex()}, {receipt}")
        equal(bytes.fromhex(receipt["return_data"][2:]), reason.encode(), "reason")
        return receipt

    def query(self, data, /, **options):
        receipt = self.succeed(data, entry="query", **options)
        equal(receipt["logs"], [], "events of a query")
        return bytes.fromhex(receipt["return_data"][2:])


# ---- The model


class Refused(Exception):
    pass


def require(condition, reason):
    if not condition:
        raise Refused(reason)


def event(name, first, second, number):
    topics = [hexed(name.encode().ljust(32, b"\0")), hexed(first), hexed(second)]
    return {"address": hexed(SELF), "topics": topics, "data": hexed(amount(number))}


class Model:
    """What contracts/token/README.md says."""

    def __init__(self, owner, supply):
        self.owner, self.supply = owner, supply
        self.balances, self.allowances = {owner: supply}, {}

    def balance(self, holder):
        return self.balances.get(holder, 0)

    def storage(self):
        stored = {b"s": self.supply}
        stored |= {b"b" + holder: number for holder, number in self.balances.items()}
        stored |= {b"a" + holder + spender: n for (holder, spender), n in self.allowances.items()}
        pairs = {key: amount(number) for key, number in stored.items() if number != 0}
        pairs[b"o"] = self.owner
        return {hexed(key): hexed(pairs[key]) for key in sorted(pairs)}

    def move(self, holder, to, number):
        require(to != ZERO, "transfer to the zero address")
        require(self.balance(holder) >= number, "insufficient balance")
        self.balances[holder] = self.balance(holder) - number
        self.balances[to] = self.balance(to) + number
        return event("Transfer", holder, to, number)

    def transfer(self, caller, to, number):
        return self.move(caller, to, number)

    def approve(self, caller, spender, number):
        self.allowances[caller, spender] = number
        return event("Approval", caller, spender, number)

    def transfer_from(self, caller, holder, to, number):
        left = self.allowances.get((holder, caller), 0) - number
        require(left >= 0, "insufficient allowance")
        log = self.move(holder, to, number)
        self.allowances[holder, caller] = left
        return log

    def mint(self, caller, to, number):
        require(caller == self.owner, "caller is not the owner")
        require(to != ZERO, "mint to the zero address")
        require(self.supply + number <= MAX, "supply overflow")
        self.supply += number
        self.balances[to] = self.balance(to) + number
        return event("Transfer", ZERO, to, number)

    def burn(self, caller, number):
        require(self.balance(caller) >= number, "insufficient balance")
        self.supply -= number
        self.balances[caller] = self.balance(caller) - number
        return event("Transfer", caller, ZERO, number)


METHODS = {TRANSFER: "transfer", APPROVE: "approve", TRANSFER_FROM: "transfer_from", MINT: "mint", BURN: "burn"}


class Token(Contract):
    """The token beside its model; `act` holds one against the other."""

    def __init__(self, directory, supply=1_000_000):
        super().__init__("contracts/token.wasm", directory)
        self.model = Model(ALICE, supply)
        receipt = self.succeed(amount(supply), entry="init")
        equal(receipt["logs"], [event("Transfer", ZERO, ALICE, supply)], "events of init")
        equal(receipt["storage"], self.model.storage(), "storage after init")

    def act(self, caller, method, *arguments):
        """Runs a method in both; returns the reason of the refusal, or None."""
        encoded = [part if isinstance(part, bytes) else amount(part) for part in arguments]
        data = bytes([method]) + b"".join(encoded)
        try:
            log = getattr(self.model, METHODS[method])(caller, *arguments)
        except Refused as refused:
            self.revert(str(refused), data, caller=caller)
            return str(refused)
        receipt = self.succeed(data, caller=caller)
        equal(receipt["return_data"], "0x", "return data")
        equal(receipt["logs"], [log], "events")
        equal(list(receipt["storage"].items()), list(self.model.storage().items()), "storage")
        return None

    def refuse(self, reason, caller, method, *arguments):
        equal(self.act(caller, method, *arguments), reason, "reason of the model")

    def accept(self, caller, method, *arguments):
        self.refuse(None, caller, method, *arguments)

    def number(self, *parts):
        data = self.query(bytes([parts[0]]) + b"".join(parts[1:]))
        equal(len(data), 16, "length of an amount")
        return int.from_bytes(data, "little")


# ---- Cases: the counter


@case
def counter_counts_its_calls(directory):
    counter = Contract("contracts/counter.wasm", directory)
    for count in (1, 2, 3):
        receipt = counter.succeed()
        equal(receipt["return_data"], hexed(count.to_bytes(8, "little")), "count")
        equal(receipt["storage"], {hexed(b"count"): hexed(count.to_bytes(8, "little"))}, "storage")


@case
def counter_wraps_at_2_to_the_64(directory):
    counter = Contract("contracts/counter.wasm", directory)
    counter.file.write_text(json.dumps({hexed(b"count"): "0x" + "ff" * 8}))
    equal(counter.succeed()["return_data"], "0x" + "00" * 8, "count")


@case
def counter_fits_the_readme(_directory):
    lines = (ROOT / "contracts/counter/counter.c").read_text().splitlines()
    equal(len(lines) <= 10, True, f"at most 10 lines, as there are {len(lines)}")


# ---- Cases: the token


@case
def init_gives_the_supply_to_the_caller(directory):
    token = Token(directory)
    equal(token.number(BALANCE_OF, ALICE), 1_000_000, "balance")
    equal(token.number(TOTAL_SUPPLY), 1_000_000, "supply")
    equal(token.query(bytes([OWNER])), ALICE, "owner")


@case
def init_runs_once(directory):
    token = Token(directory)
    token.revert("already initialised", amount(5), entry="init")
    token.revert("already initialised", amount(5), entry="init", caller=BOB)


@case
def init_takes_exactly_16_bytes_and_no_value(directory):
    token = Contract("contracts/token.wasm", directory)
    for length in (0, 1, 15):
        token.revert("input too short", bytes(length), entry="init")
    token.revert("input too long", bytes(17), entry="init")
    token.revert("not payable", amount(1), entry="init", value=1)
    equal(token.stored(), None, "storage file")


@case
def a_supply_of_zero_is_stored_as_absence(directory):
    token = Token(directory, supply=0)
    equal(token.number(TOTAL_SUPPLY), 0, "supply")
    token.refuse("insufficient balance", ALICE, TRANSFER, BOB, 1)
    token.accept(ALICE, TRANSFER, BOB, 0)


@case
def transfer_moves_to_the_last_unit(directory):
    token = Token(directory)
    token.accept(ALICE, TRANSFER, BOB, 250)
    equal(token.number(BALANCE_OF, ALICE), 999_750, "balance")
    equal(token.number(BALANCE_OF, BOB), 250, "balance")
    token.refuse("insufficient balance", BOB, TRANSFER, CAROL, 251)
    token.accept(BOB, TRANSFER, CAROL, 250)
    equal(token.number(BALANCE_OF, BOB), 0, "balance")
    token.refuse("insufficient balance", BOB, TRANSFER, CAROL, 1)


@case
def transfer_to_oneself_keeps_the_balance(directory):
    token = Token(directory)
    token.accept(ALICE, TRANSFER, ALICE, 1_000_000)
    token.refuse("insufficient balance", ALICE, TRANSFER, ALICE, 1_000_001)
    equal(token.number(BALANCE_OF, ALICE), 1_000_000, "balance")


@case
def transfer_to_the_zero_address_is_refused(directory):
    token = Token(directory)
    token.refuse("transfer to the zero address", ALICE, TRANSFER, ZERO, 1)
    token.accept(ALICE, APPROVE, BOB, 5)
    token.refuse("transfer to the zero address", BOB, TRANSFER_FROM, ALICE, ZERO, 1)
    equal(token.number(ALLOWANCE, ALICE, BOB), 5, "allowance")


@case
def an_allowance_is_spent_and_not_exceeded(directory):
    token = Token(directory)
    token.refuse("insufficient allowance", BOB, TRANSFER_FROM, ALICE, CAROL, 1)
    token.accept(ALICE, APPROVE, BOB, 100)
    equal(token.number(ALLOWANCE, ALICE, BOB), 100, "allowance")
    equal(token.number(ALLOWANCE, BOB, ALICE), 0, "allowance the other way round")
    token.accept(BOB, TRANSFER_FROM, ALICE, CAROL, 60)
    token.refuse("insufficient allowance", BOB, TRANSFER_FROM, ALICE, CAROL, 41)
    token.refuse("insufficient allowance", CAROL, TRANSFER_FROM, ALICE, CAROL, 1)
    token.accept(BOB, TRANSFER_FROM, ALICE, BOB, 40)
    equal(token.number(ALLOWANCE, ALICE, BOB), 0, "allowance")


@case
def an_approval_replaces_and_zero_revokes(directory):
    token = Token(directory)
    token.accept(ALICE, APPROVE, BOB, 100)
    token.accept(ALICE, APPROVE, BOB, MAX)
    equal(token.number(ALLOWANCE, ALICE, BOB), MAX, "allowance")
    token.accept(ALICE, APPROVE, BOB, 0)
    token.refuse("insufficient allowance", BOB, TRANSFER_FROM, ALICE, BOB, 1)


@case
def an_allowance_survives_a_transfer_that_the_balance_refuses(directory):
    token = Token(directory)
    token.accept(BOB, APPROVE, CAROL, 10)
    token.refuse("insufficient balance", CAROL, TRANSFER_FROM, BOB, CAROL, 10)
    equal(token.number(ALLOWANCE, BOB, CAROL), 10, "allowance")


@case
def only_the_owner_mints(directory):
    token = Token(directory)
    token.accept(ALICE, MINT, BOB, 7)
    token.refuse("caller is not the owner", BOB, MINT, BOB, 7)
    token.refuse("mint to the zero address", ALICE, MINT, ZERO, 7)
    equal(token.number(TOTAL_SUPPLY), 1_000_007, "supply")


@case
def the_supply_stops_at_2_to_the_128(directory):
    token = Token(directory, supply=MAX - 1)
    token.refuse("supply overflow", ALICE, MINT, BOB, 2)
    token.accept(ALICE, MINT, BOB, 1)
    token.refuse("supply overflow", ALICE, MINT, BOB, 1)
    token.refuse("supply overflow", ALICE, MINT, BOB, MAX)
    token.accept(BOB, TRANSFER, ALICE, 1)
    equal(token.number(BALANCE_OF, ALICE), MAX, "balance")
    token.accept(ALICE, TRANSFER, BOB, MAX)


@case
def burn_lowers_balance_and_supply(directory):
    token = Token(directory)
    token.accept(ALICE, BURN, 400_000)
    token.refuse("insufficient balance", ALICE, BURN, 600_001)
    token.refuse("insufficient balance", BOB, BURN, 1)
    token.accept(ALICE, BURN, 600_000)
    equal(token.number(TOTAL_SUPPLY), 0, "supply")


@case
def minting_and_owner_need_init(directory):
    token = Contract("contracts/token.wasm", directory)
    token.revert("not initialised", bytes([MINT]) + BOB + amount(1))
    token.revert("not initialised", bytes([OWNER]), entry="query")
    token.revert("insufficient balance", bytes([TRANSFER]) + BOB + amount(1))


@case
def value_is_refused(directory):
    token = Token(directory)
    data = bytes([TRANSFER]) + BOB + amount(1)
    for value in (1, 2**64, MAX):
        token.revert("not payable", data, value=value)
    token.succeed(data, value=0)


@case
def an_input_of_another_length_is_refused(directory):
    token = Token(directory)
    lengths = {
        "execute": {TRANSFER: 48, APPROVE: 48, TRANSFER_FROM: 80, MINT: 48, BURN: 16},
        "query": {BALANCE_OF: 32, ALLOWANCE: 64, TOTAL_SUPPLY: 0, OWNER: 0},
    }
    for entry, methods in lengths.items():
        token.revert("input too short", b"", entry=entry)
        for method, length in methods.items():
            if length > 0:
                token.revert("input too short", bytes([method]) + bytes(length - 1), entry=entry)
            token.revert("input too long", bytes([method]) + bytes(length + 1), entry=entry)
        token.revert("input too long", bytes(128 * 1024), entry=entry)


@case
def unknown_methods_are_refused(directory):
    token = Token(directory)
    for method in (0, 6, BALANCE_OF, OWNER, 0x81, 255):
        token.revert("unknown method", bytes([method]))
    for method in (0, TRANSFER, BURN, 15, 20, 255):
        token.revert("unknown method", bytes([method]), entry="query")


@case
def queries_of_strangers_are_zero(directory):
    token = Token(directory)
    equal(token.number(BALANCE_OF, ZERO), 0, "balance")
    equal(token.number(BALANCE_OF, BOB), 0, "balance")
    equal(token.number(ALLOWANCE, ZERO, ZERO), 0, "allowance")


@case
def a_random_sequence_conserves_the_supply(directory):
    seed = int(os.environ.get("AETHER_SEED") or str(time.time_ns()), 0)
    print(f"AETHER_SEED={seed}", file=sys.stderr)
    rng = random.Random(seed)
    people = [ALICE, BOB, CAROL, ZERO]
    token = Token(directory, supply=1000)
    refusals = 0
    for _ in range(120):
        method = rng.choice(list(METHODS))
        count = {TRANSFER_FROM: 2, BURN: 0}.get(method, 1)
        number = rng.choice([0, 1, rng.randrange(300), rng.randrange(2000), MAX])
        others = [rng.choice(people) for _ in range(count)]
        refusals += token.act(rng.choice(people[:3]), method, *others, number) is not None
        equal(sum(token.model.balances.values()), token.model.supply, "sum of the model")
    held = sum(token.number(BALANCE_OF, holder) for holder in people)
    equal(held, token.number(TOTAL_SUPPLY), "sum of the balances")
    equal(0 < refusals < 120, True, f"some of 120 are refused, as {refusals} were")


# ---- Cases: gas and engines, over the token


@case
def gas_is_exact_to_the_last_unit(directory):
    token = Token(directory)
    data = bytes([TRANSFER]) + BOB + amount(1)
    before = token.stored()
    used = token.succeed(data)["gas_used"]
    equal(0 < used < 1_000_000, True, f"gas of a transfer between 0 and 1,000,000, as it is {used}")
    for gas in (0, 1, used // 2, used - 1):
        token.file.write_bytes(before)
        receipt = token.run(data, gas=gas)
        found = receipt["exit"], receipt["outcome"], receipt["code"], receipt["gas_used"], receipt["gas_limit"]
        equal(found, (1, "out_of_gas", 0, gas, gas), "outcome")
        equal((receipt["return_data"], receipt["trap"]), ("0x", None), "return data and trap")
    for gas in (used, used + 1, 2**63 - 1, 2**63, 2**64 - 1):
        token.file.write_bytes(before)
        receipt = token.succeed(data, gas=gas)
        equal((receipt["gas_used"], receipt["gas_limit"]), (used, gas), "gas")


@case
def engines_and_repetitions_agree(directory):
    token = Token(directory)
    data = bytes([TRANSFER]) + BOB + amount(250)
    before = token.stored()
    expected = token.succeed(data)
    for options in ({"engine": "winch"}, {"engine": "pulley"}, {"repeat": 3}):
        token.file.write_bytes(before)
        equal(token.succeed(data, **options), expected, f"receipt with {options}")


# ---- Cases: the probe, which misbehaves

(NOTHING, WRITE, REMOVE, EMIT, READ, LOG, RETURN_CODE, REVERT, PANIC, TRAP, OUT_OF_BOUNDS, DIVIDE, SPIN, RECURSE,
 CONTEXT) = (bytes([act]) for act in range(15))


def probe(directory):
    return Contract("tests/contracts/probe.wasm", directory)


def check_trap(receipt, kind, code):
    found = receipt["exit"], receipt["outcome"], receipt["code"], receipt["trap"]["kind"]
    equal(found, (1, "trapped", code, kind), f"outcome, {receipt}")


@case
def effects_last_in_execute(directory):
    contract = probe(directory)
    contract.succeed(NOTHING)
    equal(contract.succeed(WRITE)["storage"], {hexed(b"k"): hexed(b"written")}, "storage")
    equal(contract.succeed(READ)["return_data"], hexed(b"written"), "value")
    log = {"address": hexed(SELF), "topics": [hexed(b"Probe".ljust(32, b"\0"))], "data": hexed(b"data")}
    equal(contract.succeed(EMIT)["logs"], [log], "events")
    equal(contract.succeed(LOG)["logs"], [], "events")
    equal(contract.succeed(REMOVE)["storage"], {}, "storage")


@case
def a_query_reads_and_refuses_every_effect(directory):
    contract = probe(directory)
    contract.succeed(WRITE)
    equal(contract.query(READ), b"written", "value")
    contract.query(NOTHING)
    contract.query(LOG)
    for effect in (WRITE, REMOVE, EMIT):
        check_trap(contract.run(effect, entry="query"), "host", 0)
    equal(contract.query(READ), b"written", "value")


@case
def a_returned_code_keeps_the_data_and_undoes_the_rest(directory):
    contract = probe(directory)
    contract.succeed(WRITE)
    contract.revert("kept", RETURN_CODE, code=7)
    contract.revert("as asked", REVERT)
    equal(contract.query(READ), b"written", "value")


@case
def a_panic_names_its_line(directory):
    receipt = probe(directory).revert("as asked", PANIC, code=-2)
    equal(receipt["trap"]["kind"], "panic", "kind")
    source = (ROOT / "tests/contracts/probe.c").read_text().splitlines()
    line = next(i for i, text in enumerate(source, 1) if "AETHER_PANIC" in text)
    equal(f"tests/contracts/probe.c:{line}" in receipt["trap"]["message"], True, f"place in {receipt['trap']}")


@case
def each_fault_has_its_kind(directory):
    contract = probe(directory)
    contract.succeed(WRITE)
    check_trap(contract.run(TRAP), "unreachable", -3)
    check_trap(contract.run(OUT_OF_BOUNDS), "out_of_bounds_memory", 0)
    check_trap(contract.run(DIVIDE), "integer_divide_by_zero", 0)
    check_trap(contract.run(RECURSE), "stack_exhausted", 0)
    equal(contract.query(READ), b"written", "value")


@case
def an_endless_loop_ends_with_its_gas(directory):
    receipt = probe(directory).run(SPIN, gas=1_000_000)
    found = receipt["exit"], receipt["outcome"], receipt["gas_used"]
    equal(found, (1, "out_of_gas", 1_000_000), "outcome")


@case
def the_context_is_what_the_command_was_told(directory):
    options = {"value": 2**64 + 5, "block_number": 7, "timestamp": 1_700_000_000, "chain_id": "test-chain"}
    receipt = probe(directory).succeed(CONTEXT, caller=CAROL, self=hexed(BOB), **options)
    expected = CAROL + BOB + amount(2**64 + 5) + (7).to_bytes(8, "little")
    expected += (1_700_000_000).to_bytes(8, "little") + b"test-chain".ljust(16, b"\0")
    equal(receipt["return_data"], hexed(expected), "context")


@case
def modules_hold_no_path_of_this_machine(_directory):
    for path in ("contracts/token.wasm", "contracts/counter.wasm", "tests/contracts/probe.wasm"):
        equal(str(ROOT).encode() in (build / path).read_bytes(), False, f"{path} names {ROOT}")


# ---- Cases: the example


@case
def the_example_shows_a_transfer_and_leaves_nothing(directory):
    environment = dict(os.environ, TMPDIR=str(directory))
    line = [ROOT / "tools/run_example.sh", build]
    done = subprocess.run(line, capture_output=True, check=False, text=True, env=environment, timeout=120)
    equal((done.returncode, done.stderr), (0, ""), "exit status and errors")
    equal(os.listdir(directory), [], "what is left behind")
    equal([text for text in done.stdout.splitlines() if len(text) > 100], [], "lines over 100 columns")
    for number in ("1,000,000", "250", "999,750"):
        equal(number in done.stdout, True, f"{number} appears in\n{done.stdout}\n")


def main():
    global build
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=build)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(cases))
        return
    build = arguments.build.resolve()
    for name in arguments.names or cases:
        with tempfile.TemporaryDirectory() as directory:
            cases[name](directory)
        print(f"ok {name}")


if __name__ == "__main__":
    main()
