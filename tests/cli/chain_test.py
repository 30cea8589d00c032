#!/usr/bin/env python3
"""The commands of a local chain keep their words, and the chain keeps what it was told.

Method: runs the built command in temporary homes, one process for each question, as a user does: whole stories
(init, deploy, call, proof, rollback, snapshot, fsck), every refusal, and what is on the disk afterwards. Addresses,
roots of proofs and balances are computed here a second time.

    chain_test.py --list                                          the names of the cases
    chain_test.py --aether PATH --contracts FOLDER [CASE …]       runs them; all without a name
"""

import argparse
import contextlib
import hashlib
import inspect
import json
import os
import pathlib
import pty
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

import cli_test
from cli_test import U64_MAX, U128_MAX, aether, bech32m, bytes_of, equal, one_line, wat

RUN_KEYS = cli_test.RUN_KEYS
SENT_KEYS = RUN_KEYS + ["hash", "height", "fee"]
DEPLOY_KEYS = SENT_KEYS + ["address"]
RICH = 10**12
NOWHERE = "0x" + "ab" * 32
# RFC 8032, 7.1, test 1; SEC 2: the generator of secp256k1 is the public key of 1.
ED25519_SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
ED25519_PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
SECP256K1_PUBLIC = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
SECP256K1_ORDER = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

CONTRACTS = None  # folder of the built example contracts
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def wasm(name):
    return str(pathlib.Path(CONTRACTS, f"{name}.wasm"))


def account_address(type_, public_key):
    """H("account", key type ‖ public key)."""
    return "0x" + hashlib.sha256(b"aether/account/v1\0" + bytes([type_]) + bytes.fromhex(public_key)).hexdigest()


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*"))


class Home:
    """A home in a temporary folder, and the commands in it."""

    def __init__(self, path):
        self.path = str(path)

    def aether(self, command, *words, **more):
        return aether(command, *words, "--home", self.path, **more)

    def json(self, command, *words, status=0, **more):
        done = self.aether(command, *words, "--json", **more)
        equal(done.returncode, status, f"exit status of {command} {words} ({done.stderr!r})")
        line = one_line(done.stdout, "stdout")
        result = json.loads(line)
        equal(json.dumps(result, separators=(",", ":"), ensure_ascii=False), line, "compact form")
        return result

    def sent(self, command, *words, status=0, sender="alice", **more):
        """A transaction in a block: its object, after what holds for every one of them was checked."""
        result = self.json(command, *words, "--from", sender, status=status, **more)
        equal(list(result), DEPLOY_KEYS if command == "deploy" else SENT_KEYS, "keys")
        equal(result["error"] is None or status != 0, True, "error")
        equal(list(result["storage"]), sorted(result["storage"], key=bytes_of), "order of storage")
        equal(self.json("tx", result["hash"]), result, "as tx shows it")
        equal(self.json("block", str(result["height"]))["transactions"], [result["hash"]], "its block")
        assert 0 < result["gas_used"] <= result["gas_limit"], result
        return result

    def invalid(self, command, *words, has=(), code=100, name="INVALID_ARGUMENT", sender="alice", **more):
        """A transaction that is refused: exit 2, one line, nothing changed."""
        before = self.json("status")
        if sender is not None:
            words = [*words, "--from", sender]
        result = cli_test.refused(command, *words, "--home", self.path, has=has, code=code, name=name, **more)
        equal(list(result), DEPLOY_KEYS if command == "deploy" else SENT_KEYS, "keys")
        equal((result["outcome"], result["gas_used"], result["hash"], result["height"], result["fee"]),
              ("rejected", 0, None, None, "0"))
        equal(self.json("status"), before, "status after a refusal")
        return result

    def refused(self, command, *words, **more):
        result = cli_test.refused(command, *words, "--home", self.path, **more)
        equal(list(result), ["error"])
        return result

    def balance(self, who):
        return int(self.json("account", who)["balance"])

    def address(self, name):
        return self.json("key", "show", name)["address"]

    def deploy(self, file, *words, **more):
        return self.sent("deploy", file, *words, **more)["address"]


@contextlib.contextmanager
def home(*funds):
    """A chain where Alice is rich."""
    with tempfile.TemporaryDirectory(prefix="aether-chain-") as folder:
        made = Home(pathlib.Path(folder, "home"))
        funds = funds or (f"alice={RICH}", "bob=0")
        equal(list(made.json("init", *(word for fund in funds for word in ("--fund", fund)))),
              ["chain_id", "height", "root"])
        yield made


@contextlib.contextmanager
def empty():
    with tempfile.TemporaryDirectory(prefix="aether-chain-") as folder:
        yield pathlib.Path(folder)


# Homes


@case
def every_command_has_help():
    for command in ("init", "key", "deploy", "call", "query", "transfer", "upgrade", "account", "storage", "block",
                    "tx", "status", "proof", "rollback", "snapshot", "fsck"):
        done = aether(command, "--help")
        equal((done.returncode, done.stderr), (0, b""))
        text = done.stdout.decode("ascii")
        assert f"Example:\n  aether {command} " in text or f"Example:\n  aether {command}\n" in text, text
        assert "--home" in text and "--json" in text, text
        assert max(map(len, text.splitlines())) <= 100, text
        assert command in aether("--help").stdout.decode()


@case
def init_makes_a_home_for_its_owner_alone():
    with home("alice=1000", "bob=0") as h:
        equal(mode_of(h.path), 0o700)
        for name in ("keys", "cache", "chain", "symbols"):
            equal(mode_of(f"{h.path}/{name}"), 0o700, name)
        equal(sorted(os.listdir(f"{h.path}/keys")), ["alice.json", "bob.json", "fees.json"])
        for name in ("keys/alice.json", "keys/bob.json", "keys/fees.json", "cache.key"):
            equal(mode_of(f"{h.path}/{name}"), 0o600, name)
        equal(os.stat(f"{h.path}/cache.key").st_size, 32)
        genesis = json.loads(pathlib.Path(h.path, "genesis.json").read_text())
        equal(list(genesis), ["chain_id", "time", "protocol_version", "parameters", "accounts", "fee_address",
                              "validators"])
        equal(genesis["accounts"], [{"address": h.address("alice"), "balance": "1000"},
                                    {"address": h.address("bob"), "balance": "0"}])
        equal(genesis["fee_address"], h.address("fees"))
        assert abs(genesis["time"] - time.time()) < 100
        status = h.json("status")
        equal(list(status), ["chain_id", "height", "root"])
        equal((status["chain_id"], status["height"]), ("aether-local", 0))
        equal(h.json("block"), {"height": 0, "time": genesis["time"], "root": status["root"], "transactions": []})
        equal(h.json("account", "alice"), {"address": h.address("alice"), "balance": "1000", "nonce": 0,
                                           "code_hash": None})
        equal(list(h.json("account", "alice")), ["address", "balance", "nonce", "code_hash"])
        equal(h.json("fsck"), {"ok": True, "height": 0, "root": status["root"]})


@case
def init_takes_a_folder_that_holds_no_chain():
    with empty() as folder:
        h = Home(folder)
        address = h.json("key", "new", "alice")["address"]
        pathlib.Path(folder, "note").write_text("mine")
        h.json("init", "--fund", "alice=7", "--chain-id", "x" * 64)
        equal(h.address("alice"), address, "the key that was there")
        equal(h.balance("alice"), 7)
        equal(h.json("status")["chain_id"], "x" * 64)
        equal(pathlib.Path(folder, "note").read_text(), "mine")
        before = files_of(folder)
        h.refused("init", "--fund", "carol=1", has="a chain is in")
        equal(files_of(folder), before)


@case
def a_refused_init_leaves_nothing_behind():
    with empty() as folder:
        h = Home(folder / "home")
        for words, has in ((["--fund", "alice"], "not NAME=N"), (["--fund", "alice=-1"], "--fund '-1'"),
                           (["--fund", "alice=1.5"], "--fund '1.5'"), (["--fund", "Alice=1"], "key name 'Alice'"),
                           (["--fund", "=1"], "key name ''"), (["--fund", "a/../b=1"], "key name"),
                           (["--fund", f"alice={U128_MAX + 1}"], "--fund"),
                           (["--fund", "alice=1", "--fund", "alice=2"], "named twice"),
                           (["--genesis", "g.json", "--fund", "alice=1"], "leave --fund"),
                           (["--genesis", f"{folder}/none.json"], "cannot read"),
                           (["--node", "http://x"], "local chains only"), (["more"], "one argument too many")):
            h.refused("init", *words, has=has)
            equal(files_of(folder), [], f"after {words}")
        for words in (["--chain-id", ""], ["--chain-id", "x" * 65], ["--chain-id", "a\n"],
                      ["--fund", f"alice={U128_MAX}", "--fund", "bob=1"]):
            h.refused("init", *words, code=210, name="INVALID_GENESIS")
            equal(files_of(folder), [], f"after {words}")
        done = aether("init", "--home", folder / "no" / "such")
        equal((done.returncode, done.stdout), (3, b""))
        assert "No such file" in one_line(done.stderr, "stderr")
        pathlib.Path(folder, "file").write_text("")
        done = aether("init", "--home", folder / "file")
        equal((done.returncode, done.stdout), (3, b""))
        one_line(done.stderr, "stderr")


GENESIS = {"chain_id": "test", "time": 5, "protocol_version": 1,
           "parameters": {"schedule": "v1", "block_gas_max": 10**10, "transaction_len_max": 1200000,
                          "block_len_max": 4194304},
           "accounts": [{"address": account_address(0, ED25519_PUBLIC), "balance": str(RICH)}],
           "fee_address": "0x" + "fe" * 32, "validators": []}


@case
def a_genesis_file_is_taken_as_it_is():
    with empty() as folder:
        text = " " + json.dumps(GENESIS, indent=3) + "\n\n"
        pathlib.Path(folder, "g.json").write_text(text)
        roots = set()
        for name in ("one", "two"):
            h = Home(folder / name)
            h.json("init", "--genesis", folder / "g.json")
            equal(pathlib.Path(h.path, "genesis.json").read_text(), text)
            equal(os.listdir(f"{h.path}/keys"), [], "no key is made")
            h.json("key", "import", "alice", stdin=ED25519_SECRET.encode())
            equal(h.balance("alice"), RICH)
            h.sent("transfer", "0x" + "fe" * 32, "1")
            h.sent("deploy", wasm("counter"))
            roots.add(h.json("status")["root"])
        equal(len(roots), 1, "roots of the same genesis and transactions")
        h.json("status")
        os.unlink(f"{h.path}/genesis.json")  # for people: nothing needs it
        h.sent("transfer", "0x" + "fe" * 32, "1")
        for schedule in ("unit",):
            changed = json.loads(json.dumps(GENESIS))
            changed["parameters"]["schedule"] = schedule
            pathlib.Path(folder, "g.json").write_text(json.dumps(changed))
            h = Home(folder / schedule)
            h.json("init", "--genesis", folder / "g.json")
            equal(h.json("status")["height"], 0)


@case
def genesis_files_are_read_strictly():
    good = json.dumps(GENESIS)

    def without(key):
        return json.dumps({k: v for k, v in GENESIS.items() if k != key})

    def with_(key, value, place=None):
        changed = json.loads(good)
        (changed if place is None else place(changed))[key] = value
        return json.dumps(changed)

    parameters = lambda g: g["parameters"]
    account = lambda g: g["accounts"][0]
    texts = [(without(key), key) for key in GENESIS]
    texts += [(with_("extra", 1), '"extra" is not known'), (with_("extra", 1, parameters), '"extra" is not known'),
              (with_("extra", 1, account), '"extra" is not known'),
              (with_("time", 1.5), '"time" is not an integer'), (with_("time", 1e3), '"time" is not an integer'),
              (with_("time", -1), '"time" is negative'), (with_("time", "1"), '"time" is not an integer'),
              (with_("time", None), '"time"'), (with_("time", 2**64), "above 18446744073709551615, at byte"),
              (with_("time", 10**30), "above 18446744073709551615"),
              (with_("protocol_version", 2**32), '"protocol_version" is 4294967296, at most'),
              (with_("block_len_max", 2**32, parameters), '"block_len_max"'),
              (with_("schedule", "v2", parameters), '"schedule" is none of'),
              (with_("parameters", []), '"parameters" is not an object'),
              (with_("accounts", {}), '"accounts" is not an array'), (with_("accounts", [1]), '"accounts"'),
              (with_("balance", 5, account), '"balance" is not a string'),
              (with_("balance", "-5", account), '"balance"'), (with_("balance", "", account), '"balance"'),
              (with_("balance", str(U128_MAX + 1), account), '"balance"'),
              (with_("address", "0x12", account), '"address" is not an address'),
              (with_("fee_address", "ae1", None), '"fee_address" is not an address'),
              (with_("validators", [1]), '"validators" is not empty'),
              (with_("chain_id", 5), '"chain_id" is not a string'),
              (good.replace('"time": 5', '"time": 5, "time": 6'), "named twice"),
              (good.replace('"balance"', '"balance": "1", "balance"'), "named twice"),
              (good[:-1], "ends too early"), ("[]", "not a JSON object"), ("", "ends too early"),
              (good + "x", "not JSON"), (good.replace("test", "te\\u0000st"), "NUL")]
    with empty() as folder:
        h = Home(folder / "home")
        path = folder / "g.json"
        for text, has in texts:
            path.write_text(text)
            h.refused("init", "--genesis", path, has=[has, "genesis file"])
            equal(files_of(folder), ["g.json"])
        for text in (with_("protocol_version", 2), with_("chain_id", ""), with_("block_gas_max", 0, parameters),
                     with_("accounts", GENESIS["accounts"] * 2)):
            path.write_text(text)
            done = h.aether("init", "--genesis", path)
            if done.returncode != 0:  # what a chain makes of it is the library's
                equal(done.returncode, 2)
                one_line(done.stderr, "stderr")
                equal(files_of(folder), ["g.json"])
            else:
                shutil.rmtree(h.path)


# Keys


@case
def keys_are_made_shown_and_moved():
    with empty() as folder:
        h = Home(folder / "home")
        equal(h.json("key", "list"), {"keys": []})
        for type_, number, length in (("ed25519", 0, 32), ("secp256k1", 1, 33)):
            made = h.json("key", "new", type_, "--type", type_)
            equal(list(made), ["name", "address"])
            shown = h.json("key", "show", type_)
            equal(list(shown), ["name", "address", "type", "public_key", "encrypted"])
            equal((shown["type"], shown["encrypted"], shown["address"]), (type_, False, made["address"]))
            public_key = shown["public_key"][2:]
            equal(len(public_key), 2 * length)
            equal(made["address"], account_address(number, public_key))
            equal(mode_of(f"{h.path}/keys/{type_}.json"), 0o600)
            exported = h.json("key", "export", type_)
            equal(list(exported), ["name", "address", "type", "secret"])
            plain = h.aether("key", "export", type_)
            equal(plain.stdout.decode(), exported["secret"] + "\n")
            again = h.json("key", "import", f"{type_}-2", "--type", type_, stdin=plain.stdout)
            equal(again, {"name": f"{type_}-2", "address": made["address"]})
            text = h.aether("key", "show", type_).stdout.decode()
            assert bech32m(bytes_of(made["address"])) in text and exported["secret"][2:] not in text, text
        equal([key["name"] for key in h.json("key", "list")["keys"]],
              ["ed25519", "ed25519-2", "secp256k1", "secp256k1-2"])
        lines = h.aether("key", "list").stdout.decode().splitlines()
        equal(len(lines), 4)
        addresses = {h.json("key", "new", f"k{i}")["address"] for i in range(8)}
        equal(len(addresses), 8)


@case
def imported_keys_are_those_of_the_standards():
    with empty() as folder:
        h = Home(folder / "home")
        for name, type_, secret, number, public_key in (("a", "ed25519", ED25519_SECRET, 0, ED25519_PUBLIC),
                                                        ("b", "secp256k1", "00" * 31 + "01", 1, SECP256K1_PUBLIC)):
            path = folder / "secret"
            path.write_text(f"0x{secret.upper()}\n")
            made = h.json("key", "import", name, "--type", type_, "--secret-file", path)
            equal(made["address"], account_address(number, public_key))
            equal(h.json("key", "show", name)["public_key"], "0x" + public_key)


@case
def key_mistakes_are_refused():
    with empty() as folder:
        h = Home(folder / "home")
        h.json("key", "new", "alice")
        before = files_of(folder)
        for words, has in ((["new", "alice"], "a key 'alice' already"), (["import", "alice"], "already"),
                           (["new", "Alice"], "key name 'Alice'"), (["new", "a" * 33], "key name"),
                           (["new", "../x"], "key name"), (["new", ""], "key name"), (["new"], "NAME is missing"),
                           (["list", "alice"], "takes no NAME"), (["make", "alice"], "none of new"),
                           ([], "is missing"), (["new", "b", "c"], "one argument too many"),
                           (["new", "b", "--type", "rsa"], "none of ed25519, secp256k1"),
                           (["show", "b"], "there is no key 'b'"), (["export", "b"], "there is no key 'b'"),
                           (["show", "alice", "--type", "ed25519"], "--type is for"),
                           (["new", "b", "--secret-file", "x"], "--secret-file is for"),
                           (["new", "b", "--passphrase-file", "/nowhere"], "cannot read"),
                           (["import", "b", "--secret-file", "/nowhere"], "cannot read")):
            h.refused("key", *words, has=has, stdin=b"00" * 32)
            equal(files_of(folder), before, f"after {words}")
        for secret in (b"", b"00" * 31, b"00" * 33, b"zz" * 32, b"0x", b"00" * 32 + b" x"):
            h.refused("key", "import", "b", stdin=secret, has="not 64 hex digits")
        for secret in ("00" * 32, SECP256K1_ORDER, "ff" * 32):
            h.refused("key", "import", "b", "--type", "secp256k1", stdin=secret.encode(), code=211,
                      name="INVALID_KEY")
        equal(files_of(folder), before)


@case
def damaged_and_open_key_files_are_refused():
    with home() as h:
        path = pathlib.Path(h.path, "keys/alice.json")
        good = path.read_text()
        for mode in (0o640, 0o604, 0o644, 0o620):
            os.chmod(path, mode)
            h.refused("key", "show", "alice", has=["others can read", f"mode {mode:04o}", "chmod 600"])
            h.invalid("transfer", "bob", "1", has="others can read")
        os.chmod(path, 0o600)
        fields = json.loads(good)
        texts = ["", "{", "[]", good.replace("ed25519", "rsa"), good.replace("0x", "0y"),
                 good.replace('{"type"', '{"type":"ed25519","type"'), good.replace('"}', '","more":1}')]
        for key in fields:
            texts.append(json.dumps({k: v for k, v in fields.items() if k != key}))
        for key in ("public_key", "address", "secret"):
            digit = "1" if fields[key][10] == "0" else "0"
            texts.append(json.dumps(fields | {key: fields[key][:10] + digit + fields[key][11:]}))
        for text in texts:
            path.write_text(text)
            result = h.refused("key", "show", "alice")
            assert "alice" in result["error"]["message"], result
        path.write_text(good)
        h.sent("transfer", "bob", "1")


@case
def encrypted_keys_need_their_passphrase():
    with home() as h:
        secret_file = pathlib.Path(h.path, "pass")
        secret_file.write_text("correct horse\n")
        secret = "11" * 32
        h.json("key", "import", "carol", "--passphrase-file", secret_file, stdin=secret.encode())
        text = pathlib.Path(h.path, "keys/carol.json").read_text()
        fields = json.loads(text)
        equal(list(fields), ["type", "public_key", "address", "kdf", "salt", "ops", "mem", "cipher", "nonce",
                             "ciphertext"])
        assert secret not in text
        equal(mode_of(f"{h.path}/keys/carol.json"), 0o600)
        equal(h.json("key", "show", "carol")["encrypted"], True)
        h.sent("transfer", "carol", "100000000")
        done = h.json("transfer", "bob", "5", "--from", "carol", "--passphrase-file", secret_file)
        equal((done["outcome"], h.balance("bob")), ("success", 5))
        h.json("transfer", "bob", "5", "--from", "carol", env={"AETHER_PASSPHRASE": "correct horse"})
        equal(h.json("key", "export", "carol", env={"AETHER_PASSPHRASE": "correct horse"})["secret"], "0x" + secret)
        h.invalid("transfer", "bob", "1", sender="carol", has="wrong passphrase", env={"AETHER_PASSPHRASE": "x"})
        h.refused("key", "export", "carol", has="wrong passphrase", env={"AETHER_PASSPHRASE": "correct horse\t"})
        h.refused("key", "export", "carol", has="the passphrase is empty", env={"AETHER_PASSPHRASE": ""})
        h.refused("key", "export", "carol", has="no terminal", preexec_fn=os.setsid)
        for key, value in (("ops", 0), ("ops", 17), ("mem", 2**40), ("mem", 1), ("kdf", "scrypt"), ("cipher", "rot13"),
                           ("salt", "0x00"), ("ciphertext", "0x" + "00" * 48)):
            pathlib.Path(h.path, "keys/carol.json").write_text(json.dumps(fields | {key: value}))
            h.refused("key", "export", "carol", env={"AETHER_PASSPHRASE": "correct horse"},
                      has="wrong passphrase" if key == "ciphertext" else f'"{key}"')
        # A secret is bound to its public key: it cannot be given out as another's.
        h.json("key", "new", "dave", env={"AETHER_PASSPHRASE": "d"})
        dave = json.loads(pathlib.Path(h.path, "keys/dave.json").read_text())
        swapped = fields | {"public_key": dave["public_key"], "address": dave["address"]}
        pathlib.Path(h.path, "keys/carol.json").write_text(json.dumps(swapped))
        h.refused("key", "export", "carol", env={"AETHER_PASSPHRASE": "correct horse"}, has="wrong passphrase")


def on_terminal(words, typed):
    """Run with a terminal of its own; `typed` answers one prompt each. Returns exit status and all that was shown."""
    pid, leader = pty.fork()
    if pid == 0:
        os.execv(cli_test.AETHER, ["aether", *map(str, words)])
    shown = b""
    for answer in typed:
        while not shown.endswith(b": "):
            shown += os.read(leader, 1024)
        os.write(leader, answer)
        shown += b"|"
    with contextlib.suppress(OSError):
        while True:
            some = os.read(leader, 1024)
            if not some:
                break
            shown += some
    os.close(leader)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


@case
def passphrases_are_asked_for_in_silence():
    with empty() as folder:
        words = ["key", "new", "alice", "--passphrase", "--home", folder / "h"]
        status, shown = on_terminal(words, [b"hush hush\n", b"hush hush\n"])
        equal(status, 0, shown)
        assert b"hush" not in shown and shown.count(b": ") == 2, shown
        h = Home(folder / "h")
        equal(h.json("key", "show", "alice")["encrypted"], True)
        status, shown = on_terminal(["key", "export", "alice", "--home", folder / "h"], [b"hush hush\n"])
        equal(status, 0, shown)
        assert re.search(rb"0x[0-9a-f]{64}", shown), shown
        words[2] = "bob"
        for typed, has in (([b"one\n", b"two\n"], b"differ"), ([b"\n"], b"empty"), ([b"abc\x03"], b"no passphrase"),
                           ([b"\x04"], b"no passphrase")):
            status, shown = on_terminal(words, typed)
            equal(status, 2, shown)
            assert has in shown, shown
        equal(os.listdir(folder / "h/keys"), ["alice.json"])


# Transactions


@case
def a_transfer_moves_an_amount_and_pays_a_fee():
    with home() as h:
        result = h.sent("transfer", "bob", "250")
        equal((result["outcome"], result["code"], result["height"], result["return_data"], result["logs"],
               result["storage"]), ("success", 0, 1, "0x", [], {}))
        equal(result["fee"], str(result["gas_used"]))
        fee = int(result["fee"])
        equal((h.balance("alice"), h.balance("bob"), h.balance("fees")), (RICH - 250 - fee, 250, fee))
        equal(h.json("account", "alice")["nonce"], 1)
        # What the simulation took, in which the gas limit itself has a byte or two more.
        assert 0 <= result["gas_limit"] - result["gas_used"] * 6 // 5 < 2000, result
        priced = h.sent("transfer", "bob", "0", "--gas-price", "3")
        equal(int(priced["fee"]), 3 * priced["gas_used"])
        h.sent("transfer", NOWHERE, "7")  # makes the account
        h.sent("transfer", bech32m(bytes_of(NOWHERE)), "8")
        equal(h.balance(NOWHERE), 15)
        h.sent("transfer", "alice", "9")
        equal(sum(map(h.balance, ("alice", "bob", "fees", NOWHERE))), RICH, "supply")
        text = h.aether("transfer", "bob", "1", "--from", "alice").stdout.decode()
        for piece in ("outcome  success\n", "\nfee      ", "\nblock    6\n", "\nhash     0x"):
            assert piece in text, text


@case
def invalid_transactions_change_nothing():
    with home(f"alice={RICH}", "bob=1000000", "poor=0") as h:
        for words, has in ((["bob", "1", "--gas", "0"], "gas limit 0 is below"),
                           (["bob", "1", "--gas", "1"], "gas limit 1 is below"),
                           (["bob", str(RICH + 1)], f"balance {RICH} of 'alice' is below"),
                           (["bob", str(U128_MAX)], "is below"),
                           (["bob", "1", "--gas-price", str(U64_MAX)], "is below"),
                           (["bob", str(RICH)], "is below")):
            h.invalid("transfer", *words, has=["the transaction is invalid", has])
        h.invalid("transfer", "bob", "1", "--gas", str(10**10 + 1), has="above what a block may have, 10000000000",
                  code=202, name="LIMIT_EXCEEDED")
        h.invalid("transfer", "bob", "1", "--gas", str(U64_MAX), "--gas-price", str(U64_MAX), code=202,
                  name="LIMIT_EXCEEDED")
        h.invalid("transfer", "bob", "1", sender="poor", has="balance 0 of 'poor'")
        h.invalid("call", NOWHERE, sender="poor", has="balance 0")
        h.invalid("deploy", wasm("counter"), sender="poor", has="balance 0")
        for words, has in ((["bob", "1", "--gas", "-1"], "--gas '-1'"), (["bob", "1", "--gas-price", "x"], "--gas-price"),
                           (["bob", "1.0"], "AMOUNT '1.0'"), (["bob", str(U128_MAX + 1)], "AMOUNT"),
                           (["bob"], "AMOUNT is missing"), ([], "TO is missing"), (["bob", "1", "2"], "too many"),
                           (["nobody", "1"], "neither an address"), (["0x12", "1"], "64 hex digits"),
                           (["ae1qqqq", "1"], "not an address"), (["bob", "1", "--nope"], "unknown option")):
            h.invalid("transfer", *words, has=has)
        h.invalid("transfer", "bob", "1", sender=None, has="--from NAME is missing")
        h.invalid("transfer", "bob", "1", sender="nobody", has="no key 'nobody'")
        h.invalid("transfer", "bob", "1", sender="../alice", has="key name")
        price = h.sent("transfer", "poor", "1")["gas_used"]
        # The balance may just be enough.
        assert price + 1000 < 1000000
        h.invalid("transfer", "poor", str(1000001 - price - 1000), "--gas", str(price + 1000), sender="bob",
                  has="balance 1000000 of 'bob'")
        h.sent("transfer", "poor", str(1000000 - price - 1000), "--gas", str(price + 1000), sender="bob")
        equal(h.balance("bob") <= 1000, True)
        equal(h.json("fsck")["ok"], True)


@case
def a_contract_is_deployed_and_called():
    with home() as h:
        made = h.sent("deploy", wasm("counter"))
        equal((made["outcome"], made["height"]), ("success", 2), "after the block of the upload")
        upload = h.json("tx", h.json("block", "1")["transactions"][0])
        equal((upload["outcome"], list(upload)), ("success", SENT_KEYS))
        address = made["address"]
        code_hash = h.json("account", address)["code_hash"]
        seed = bytes_of(h.address("alice")) + bytes_of(code_hash) + bytes(32)
        equal(address, "0x" + hashlib.sha256(b"aether/contract/v1\0" + seed).hexdigest())
        info = json.loads(aether("inspect", wasm("counter"), "--json").stdout)
        equal(code_hash, info["code_hash"])
        symbols = pathlib.Path(h.path, "symbols", code_hash[2:] + ".wasm")
        equal(symbols.read_bytes(), pathlib.Path(wasm("counter")).read_bytes())
        for count in (1, 2, 3):
            called = h.sent("call", address)
            value = "0x" + count.to_bytes(8, "little").hex()
            equal((called["return_data"], called["storage"]), (value, {"0x636f756e74": value}))
            equal(h.json("storage", address), {"0x636f756e74": value})
        equal(h.json("storage", bech32m(bytes_of(address)), "text:cou"), {"0x636f756e74": value})
        equal(h.json("storage", address, "0x636f756e74"), {"0x636f756e74": value}, "the prefix is a key itself")
        equal(h.json("storage", address, "text:x"), {})
        equal(h.json("storage", NOWHERE), {})
        taken = h.sent("deploy", wasm("counter"), status=1)
        equal((taken["outcome"], taken["code"], taken["address"]), ("reverted", 8, None))
        height = h.json("status")["height"]
        other = h.sent("deploy", wasm("counter"), "--salt", "01" * 32)
        equal(other["height"], height + 1, "known code is not uploaded again")
        assert other["address"] != address
        h.invalid("deploy", wasm("counter"), "--salt", "01", has="--salt '01' is not 64 hex digits")
        value = h.sent("call", address, "--value", "17")
        equal((value["outcome"], h.balance(address)), ("success", 17))
        nobody = h.sent("call", NOWHERE, status=1)
        equal((nobody["outcome"], nobody["code"], nobody["error"]["name"]), ("reverted", 5, "MISSING_ENTRY"))
        equal(list(h.sent("call", address)), SENT_KEYS)


@case
def refused_modules_make_no_block():
    with home() as h:
        with tempfile.NamedTemporaryFile(suffix=".wasm") as file:
            file.write(b"\0asm\1\0\0\0\xff")
            file.flush()
            h.invalid("deploy", file.name, code=200, name="MALFORMED_MODULE")
        h.invalid("deploy", "-", stdin=b"(module", code=205, name="MALFORMED_TEXT")
        h.invalid("deploy", "/nowhere", has="cannot read /nowhere")
        h.invalid("deploy", "-", stdin=b"(module)", code=204, name="INVALID_INTERFACE")
        equal(h.json("status")["height"], 0)


def amount(value):
    return value.to_bytes(16, "little").hex()


@case
def a_token_lives_on_a_chain():
    with home(f"alice={RICH}", f"bob={RICH}") as h:
        token = h.deploy(wasm("token"), "--input", amount(1000000))
        alice, bob = h.address("alice"), h.address("bob")

        def held(who):
            asked = h.json("query", token, "--input", "10" + who[2:])
            equal(list(asked), RUN_KEYS)
            equal((asked["outcome"], asked["storage"]), ("success", {}))
            return int.from_bytes(bytes_of(asked["return_data"]), "little")

        equal((held(alice), held(bob)), (1000000, 0))
        sent = h.sent("call", token, "--input", "01" + bob[2:] + amount(250))
        equal(len(sent["logs"]), 1)
        log = sent["logs"][0]
        equal(log, {"address": token, "topics": ["0x" + b"Transfer".ljust(32, b"\0").hex(), alice, bob],
                    "data": "0x" + amount(250)})
        equal(sent["storage"], {k: "0x" + amount(v) for k, v in
                                sorted({"0x62" + alice[2:]: 999750, "0x62" + bob[2:]: 250}.items())})
        refused = h.sent("call", token, "--input", "01" + alice[2:] + amount(251), status=1, sender="bob")
        equal((refused["outcome"], refused["code"], refused["logs"], refused["storage"]), ("reverted", -1, [], {}))
        equal(bytes_of(refused["return_data"]), b"insufficient balance")
        equal(int(refused["fee"]), refused["gas_used"], "a revert is paid for")
        all_ = h.sent("call", token, "--input", "01" + alice[2:] + amount(250), sender="bob")
        equal(all_["storage"]["0x62" + bob[2:]], None, "a removed key")
        equal((held(alice), held(bob)), (1000000, 0))
        equal(h.json("account", "bob")["nonce"], 2)
        equal(h.json("query", token, "--input", "ff", status=1)["outcome"], "reverted")
        equal(h.json("query", token, "--input", "12", "--gas", "1", status=1)["outcome"], "out_of_gas")
        equal(h.json("query", NOWHERE, status=1)["code"], 5)
        equal(h.json("fsck")["ok"], True)


ENDS = {  # what ends.wat does: outcome, code, kind of trap
    "": ("success", 0, None), "r": ("reverted", -1, None), "p": ("reverted", -2, "panic"),
    "u": ("trapped", -3, "unreachable"), "o": ("trapped", 0, "out_of_bounds_memory"),
    "b": ("trapped", 0, "out_of_bounds_table"), "i": ("trapped", 0, "indirect_call"),
    "z": ("trapped", 0, "integer_divide_by_zero"), "v": ("trapped", 0, "integer_overflow"),
    "c": ("trapped", 0, "bad_conversion"), "s": ("trapped", 0, "stack_exhausted"), "h": ("trapped", 0, "host"),
}


@case
def every_end_is_told_and_kept():
    with home() as h:
        address = h.deploy(wat("ends"))
        for how, (outcome, code, kind) in ENDS.items():
            words = ["--input", f"text:{how}"]
            one = cli_test.run(wat("ends"), *words, status=0 if how == "" else 1)
            sent = h.sent("call", address, *words, status=0 if how == "" else 1)
            equal((sent["outcome"], sent["code"]), (outcome, code), how)
            equal(sent["trap"] and sent["trap"]["kind"], kind, how)
            equal((one["outcome"], one["code"], one["return_data"]), (outcome, code, sent["return_data"]), how)
            equal(sent["trap"], one["trap"], f"trap of {how!r} as `run` shows it")
            if how == "":
                equal(sent["storage"], {"0x6b6579": "0x76616c7565"})
            else:
                equal((sent["storage"], sent["logs"]), ({}, []), how)
            if outcome == "trapped" and code == 0:
                equal((sent["gas_used"], sent["gas_limit"]), (10_000_000, 10_000_000), "all of a bounded limit")
            text = h.aether("tx", sent["hash"]).stdout.decode()
            assert f"outcome  {outcome}" in text and "\x1b" not in text, text
        endless = h.sent("call", address, "--input", "text:g", "--gas", "2000000", status=1)
        equal((endless["outcome"], endless["gas_used"], endless["trap"]), ("out_of_gas", 2_000_000, None))
        equal(h.json("storage", address), {"0x6b6579": "0x76616c7565"})


@case
def gas_is_exact_at_the_limit():
    with home() as h:
        address = h.deploy(wasm("counter"))
        h.sent("call", address)
        h.sent("call", address)
        used = h.sent("call", address)["gas_used"]
        exact = h.sent("call", address, "--gas", str(used))
        # A signature or nonce may change the length of a transaction, and with it its price.
        equal(exact["outcome"], "success")
        less = h.sent("call", address, "--gas", str(exact["gas_used"] - 1), status=1)
        equal((less["outcome"], less["gas_used"]), ("out_of_gas", exact["gas_used"] - 1))
        equal(h.json("storage", address)["0x636f756e74"], "0x" + (4).to_bytes(8, "little").hex())


@case
def only_its_owner_upgrades_a_contract():
    second = b"""(module (import "env" "return_data" (func $return_data (param i32 i32)))
        (memory (export "memory") 1) (data (i32.const 0) "two")
        (func (export "execute") (result i32) (call $return_data (i32.const 0) (i32.const 3)) (i32.const 0)))"""
    with home(f"alice={RICH}", f"bob={RICH}") as h:
        fixed = h.deploy(wasm("counter"))
        address = h.deploy(wasm("counter"), "--upgradable", "--salt", "02" * 32)
        h.sent("call", address)
        height = h.json("status")["height"]
        for words, sender in (([fixed, "-"], "alice"), ([address, "-"], "bob")):
            no = h.sent("upgrade", *words, status=1, sender=sender, stdin=second)
            equal((no["outcome"], no["code"]), ("reverted", -2))
        no = h.sent("upgrade", NOWHERE, "-", status=1, stdin=second)
        equal((no["outcome"], no["code"]), ("reverted", 5))
        equal(h.json("status")["height"], height + 3, "no upload for an upgrade that cannot be")
        before = h.json("account", address)["code_hash"]
        h.sent("upgrade", address, "-", stdin=second)
        equal(h.json("status")["height"], height + 5)
        assert h.json("account", address)["code_hash"] != before
        equal(bytes_of(h.sent("call", address)["return_data"]), b"two")
        equal(h.json("storage", address), {"0x636f756e74": "0x0100000000000000"}, "storage stays")
        text = h.aether("account", address).stdout.decode()
        assert bech32m(bytes_of(h.address("alice"))) in text and "by the owner" in text, text
        h.sent("upgrade", address, wasm("counter"))
        equal(h.sent("call", address)["storage"], {"0x636f756e74": "0x0200000000000000"})


# What a chain holds


@case
def what_is_not_there_is_refused_in_one_line():
    with home() as h:
        h.sent("transfer", "bob", "1")
        for words, has in ((["tx", NOWHERE], "no transaction of this chain"), (["tx", "0x12"], "HASH '0x12'"),
                           (["tx"], "HASH is missing"), (["block", "2"], "no block 2 yet; the last one is 1"),
                           (["block", str(U64_MAX)], "no block"), (["block", "x"], "N 'x'"), (["block", "-1"], "'-1'"),
                           (["account"], "ADDR|NAME is missing"), (["account", "nobody"], "neither an address"),
                           (["account", "0xzz"], "64 hex digits"), (["storage", "nobody"], "neither"),
                           (["storage", "bob", "xyz"], "PREFIX 'xyz'"), (["query", "nobody"], "neither"),
                           (["proof", "nobody"], "neither"), (["proof", "bob", ""], "KEY has 0 bytes"),
                           (["proof", "bob", "00" * 257], "KEY has 257 bytes"), (["proof"], "ADDR is missing"),
                           (["rollback"], "--to N is missing"), (["rollback", "--to", "2"], "stands at height 1"),
                           (["rollback", "--to", "x"], "--to 'x'"), (["status", "more"], "one argument too many"),
                           (["snapshot", "move", "x"], "none of export, import"), (["snapshot", "export"], "FILE"),
                           (["fsck", "--node", "x"], "local chains only"), (["status", "--node", "x"], "--node 'x'")):
            result = cli_test.refused(*words, "--home", h.path, has=has)
            assert list(result)[-1] == "error" or result["outcome"] == "rejected", result
    with empty() as folder:
        for words in (["status"], ["account", NOWHERE], ["storage", NOWHERE], ["block"], ["tx", NOWHERE],
                      ["query", NOWHERE], ["proof", NOWHERE], ["rollback", "--to", "0"], ["fsck"],
                      ["snapshot", "export", folder / "x"], ["transfer", NOWHERE, "1", "--from", "alice"],
                      ["deploy", wasm("counter"), "--from", "alice"]):
            cli_test.refused(*words, "--home", folder, has=["no chain is in", "aether init"])
        equal(files_of(folder), [])


@case
def proofs_stand_alone():
    with home() as h:
        address = h.deploy(wasm("counter"))
        h.sent("call", address)
        root = h.json("status")["root"]
        alice = h.address("alice")
        shows = [(alice, None, True), (address, None, True), (NOWHERE, None, False),
                 (address, "0x636f756e74", True), (address, "0x00", False), (alice, "0x00", False)]
        with empty() as folder:
            path = folder / "p.json"
            for who, key, is_there in shows:
                plain = h.aether("proof", who, *([key] if key else []))
                equal(plain.returncode, 0, plain.stderr)
                proof = h.json("proof", who, *([key] if key else []))
                equal(json.loads(one_line(plain.stdout, "stdout")), proof)
                equal(list(proof), ["root", "height", "address", "key", "value", "proof"])
                equal((proof["root"], proof["height"], proof["address"], proof["key"]),
                      (root, h.json("status")["height"], who, key))
                equal(proof["value"] is not None, is_there)
                path.write_bytes(plain.stdout)
                verify = ["proof", "--verify", path, "--root", root, "--home", folder / "none"]
                done = aether(*verify, "--json")
                equal((done.returncode, done.stderr), (0, b""))
                equal(json.loads(done.stdout), {"ok": True, "root": root, "address": who, "key": key,
                                                "value": proof["value"]})
                assert b"ok: a state with this root holds" in aether(*verify).stdout
                equal(aether("proof", "--verify", "-", "--root", root, stdin=plain.stdout).returncode, 0)
                wrong = {"root": None, "address": "0x" + "12" * 32, "key": "0x01", "value": "0x01", "proof": "0x"}
                if proof["value"] is not None:
                    wrong["value"] = None
                for name, value in wrong.items():
                    if name == "root" or (not is_there and name in ("key", "address")):
                        continue  # nothing may well be there too
                    path.write_text(json.dumps(proof | {name: value}))
                    done = aether(*verify)
                    equal((done.returncode, done.stdout), (2, b""), f"{name} of {who} {key} ({done.stderr})")
                    assert b"INVALID_PROOF" in one_line(done.stderr, "stderr").encode()
                bytes_ = bytearray(bytes_of(proof["proof"]))
                bytes_[-1] ^= 1
                path.write_text(json.dumps(proof | {"proof": "0x" + bytes_.hex()}))
                equal(aether(*verify).returncode, 2)
                path.write_text(json.dumps(proof))
                result = cli_test.refused("proof", "--verify", path, "--root", "11" * 32, code=208,
                                          name="INVALID_PROOF", has="made for another root")
                equal(list(result), ["error"])
            for text, has in (("{}", '"root" is missing'), ("x", "not JSON"), (json.dumps(proof | {"x": 1}), '"x"'),
                              (json.dumps(proof | {"key": "0x"}), '"key" is empty'),
                              (json.dumps(proof | {"height": -1}), '"height" is negative'),
                              (json.dumps(proof | {"proof": None}), '"proof"')):
                path.write_text(text)
                cli_test.refused("proof", "--verify", path, "--root", root, has=has)
            cli_test.refused("proof", "--verify", path, has="--root HASH is missing")
            cli_test.refused("proof", "--verify", path, "--root", "x", has="--root 'x'")
            cli_test.refused("proof", "--verify", path, "bob", "--root", root, has="leave ADDR and KEY out")
            cli_test.refused("proof", "bob", "--root", root, has="--root is for --verify")


# Upkeep


@case
def rollback_takes_blocks_back_and_they_can_be_redone():
    with home() as h:
        h.sent("transfer", "bob", "5")
        made = h.sent("deploy", wasm("counter"))
        h.sent("call", made["address"])
        h.sent("transfer", NOWHERE, "1")
        height = h.json("status")["height"]
        equal(height, 5)
        blocks = [h.json("block", str(i)) for i in range(height + 1)]
        roots = [block["root"] for block in blocks]
        equal(len(set(roots)), height + 1)
        for to in (height, 4, 3, 1, 0):
            equal(h.json("rollback", "--to", str(to)), {"chain_id": "aether-local", "height": to, "root": roots[to]})
            equal(h.json("block")["root"], roots[to])
            equal(h.json("fsck"), {"ok": True, "height": to, "root": roots[to]})
            for block in blocks[to + 1:]:
                h.refused("tx", block["transactions"][0], has="no transaction")
                h.refused("block", str(block["height"]), has="no block")
            for block in blocks[1:to + 1]:
                h.json("tx", block["transactions"][0])
        equal((h.balance("alice"), h.json("account", "alice")["nonce"]), (RICH, 0))
        h.sent("transfer", "bob", "5")
        again = h.sent("deploy", wasm("counter"))
        equal(again["address"], made["address"])
        h.sent("call", made["address"])
        h.sent("transfer", NOWHERE, "1")
        equal([h.json("block", str(i))["root"] for i in range(height + 1)], roots, "roots of the same, done again")
        equal([h.json("block", str(i))["transactions"] for i in range(height + 1)],
              [block["transactions"] for block in blocks])


@case
def a_snapshot_is_a_chain_elsewhere():
    with home() as h, empty() as folder:
        address = h.deploy(wasm("counter"))
        h.sent("call", address)
        head = h.json("status")
        equal(h.json("snapshot", "export", folder / "a"), head)
        h.json("snapshot", "export", folder / "b")
        equal((folder / "a").read_bytes(), (folder / "b").read_bytes())
        for words in ([], ["--root", head["root"]]):
            copy = Home(folder / f"copy{len(words)}")
            equal(copy.json("snapshot", "import", folder / "a", *words), head)
            equal(copy.json("status"), head)
            equal(copy.json("fsck")["root"], head["root"])
            equal(copy.json("storage", address), h.json("storage", address))
            equal(copy.json("account", h.address("alice")), h.json("account", "alice"))
            copy.refused("block", has="taken from a snapshot")
            copy.refused("block", "1", has="taken from a snapshot")
            copy.refused("snapshot", "import", folder / "a", has="a chain is in")
            copy.refused("rollback", "--to", "0", code=101, name="WRONG_STATE")
        # Both go on, to the same root.
        copy.json("key", "import", "alice", stdin=h.aether("key", "export", "alice").stdout)
        equal(copy.sent("call", address)["hash"], h.sent("call", address)["hash"])
        equal(copy.json("status"), h.json("status"))
        equal(copy.json("rollback", "--to", str(head["height"])), head)
        bad = bytearray((folder / "a").read_bytes())
        files = files_of(folder)
        fresh = Home(folder / "fresh")
        fresh.refused("snapshot", "import", folder / "a", "--root", "11" * 32, code=209, name="INVALID_SNAPSHOT")
        fresh.refused("snapshot", "import", folder / "none", has="cannot read")
        for at in sorted(random.Random(5).sample(range(len(bad)), 8)) + [len(bad) - 1, 0]:
            bad[at] ^= 0x40
            (folder / "a").write_bytes(bad)
            fresh.refused("snapshot", "import", folder / "a", code=209, name="INVALID_SNAPSHOT")
            bad[at] ^= 0x40
        for length in (0, 1, len(bad) // 2, len(bad) - 1):
            (folder / "a").write_bytes(bad[:length])
            fresh.refused("snapshot", "import", folder / "a", code=209, name="INVALID_SNAPSHOT")
        (folder / "a").write_bytes(bad + b"x")
        fresh.refused("snapshot", "import", folder / "a", code=209, name="INVALID_SNAPSHOT")
        equal(files_of(folder), files, "nothing is left behind")
        h.refused("snapshot", "export", folder / "x", "--root", "11" * 32, has="--root is for import")
        done = h.aether("snapshot", "export", folder / "no" / "x")
        equal((done.returncode, done.stdout), (3, b""))
        one_line(done.stderr, "stderr")


def largest_file(folder):
    return max((path for path in pathlib.Path(folder).rglob("*") if path.is_file()), key=lambda p: p.stat().st_size)


@case
def damage_is_a_fault_or_found_by_fsck():
    with home() as h:
        address = h.deploy(wasm("counter"))
        h.sent("call", address)
        good = {words: h.aether(*words, "--json").stdout for words in
                (("status",), ("account", "alice"), ("storage", address), ("fsck",), ("block", "2"))}
        path = largest_file(f"{h.path}/chain/state")
        data = path.read_bytes()
        found = 0
        seed = random.randrange(2**32)
        print(f"seed {seed}")
        places = random.Random(seed)
        written = [at for at, byte in enumerate(data) if byte != 0]
        for _ in range(60):
            at = places.choice(written)
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << places.randrange(8)]) + data[at + 1:])
            for words, answer in good.items():
                done = h.aether(*words, "--json")
                assert done.returncode in (0, 2, 3), (at, words, done)
                if done.returncode == 0 and done.stdout != answer:
                    # A flipped key can hide a record; nothing else may change, and fsck sees it.
                    assert words != ("fsck",), (at, done)
                    equal(h.aether("fsck").returncode, 3, f"fsck after {words} with byte {at} flipped")
                elif done.returncode == 0:
                    pass
                else:
                    line = one_line(done.stderr, "stderr")
                    assert line.startswith("aether"), line
                if words == ("fsck",) and done.returncode == 3:
                    found += 1
                    if done.stdout:
                        result = json.loads(one_line(done.stdout, "stdout"))
                        equal((list(result), result["ok"]), (["ok", "error"], False))
        assert found > 10, found
        for length in (0, 1, 4096, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:length])
            for words in good:
                done = h.aether(*words)
                assert done.returncode == 3, (length, words, done)
                one_line(done.stderr, "stderr")
                equal(done.stdout, b"")
        path.write_bytes(data)
        equal(h.aether("fsck", "--json").stdout, good[("fsck",)])


@case
def one_process_writes_at_a_time():
    with home() as h:
        address = h.deploy(wat("ends"))
        endless = [cli_test.AETHER, "call", address, "--from", "alice", "--input", "text:g", "--gas", str(10**9),
                   "--home", h.path]
        refused = set()
        for _ in range(20):  # until every command met the one that takes long
            height = str(h.json("status")["height"])
            with subprocess.Popen(endless, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as busy:
                while h.aether("status").returncode == 0 and busy.poll() is None:
                    pass
                for words in (["transfer", "bob", "1", "--from", "alice"], ["fsck"], ["rollback", "--to", height],
                              ["status"], ["account", "bob", "--json"]):
                    done = h.aether(*words)
                    if done.returncode == 0 and busy.poll() is not None:
                        continue  # it came too late
                    equal((done.returncode, done.stdout), (3, b""), words)
                    line = one_line(done.stderr, "stderr")
                    assert "STORAGE_FAILED" in line and "process" in line, line
                    refused.add(words[0])
                assert busy.wait() in (1, 3), busy.returncode  # 3: a reader came first
            if len(refused) == 5:
                break
        equal(len(refused), 5, "commands that were refused")
        equal(h.json("fsck")["ok"], True)


@case
def a_killed_process_leaves_a_whole_block_or_none():
    with home() as h:
        h.sent("transfer", "bob", "1")
        seed = random.randrange(2**32)
        print(f"seed {seed}")
        waits = random.Random(seed)
        start = time.monotonic()
        h.sent("transfer", "bob", "1")
        took = time.monotonic() - start
        for _ in range(25):
            before = h.json("status")["height"]
            child = subprocess.Popen([cli_test.AETHER, "transfer", "bob", "1", "--from", "alice", "--home", h.path],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(waits.random() * took)
            child.send_signal(signal.SIGKILL)
            child.wait()
            status = h.json("status")
            assert status["height"] - before in (0, 1), (before, status)
            equal(h.balance("bob"), status["height"])
            equal(h.json("block")["root"], status["root"], "the record of the last block")
        equal(h.json("fsck")["ok"], True)


@case
def a_full_disk_is_a_fault_and_changes_nothing():
    with home() as h:
        h.sent("transfer", "bob", "1")
        head = h.json("status")

        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20480, 20480))

        done = h.aether("transfer", "bob", "1", "--from", "alice", "--json", preexec_fn=no_room)
        equal((done.returncode, done.stdout), (3, b""))
        one_line(done.stderr, "stderr")
        equal(h.json("status"), head)
        equal(h.json("fsck")["root"], head["root"])
        h.sent("transfer", "bob", "1")
        with empty() as folder:
            done = aether("init", "--fund", "alice=1", "--home", folder / "h", preexec_fn=no_room)
            equal((done.returncode, done.stdout), (3, b""))
            one_line(done.stderr, "stderr")
            equal(files_of(folder), [])


@case
def a_home_of_somebody_else_can_be_read():
    if os.geteuid() != 0:
        return  # only root can become somebody else
    with tempfile.TemporaryDirectory(prefix="aether-chain-") as folder:
        h = Home(pathlib.Path(folder, "home"))
        h.json("init", "--fund", f"alice={RICH}")
        h.sent("transfer", NOWHERE, "5")
        address = h.address("alice")
        answers = [(words, h.aether(*words, "--json").stdout) for words in
                   (["status"], ["account", address], ["block", "1"], ["fsck"], ["proof", address])]
        for path in [folder, *map(str, pathlib.Path(folder).rglob("*"))]:
            if not path.endswith(("keys", ".key")) and "/keys/" not in path:
                os.chmod(path, mode_of(path) | 0o444 | (0o111 if os.path.isdir(path) else 0))

        def nobody():
            os.setgid(65534)
            os.setuid(65534)

        if not os.access(cli_test.AETHER, os.X_OK):
            return
        for words, answer in answers:
            try:
                done = h.aether(*words, "--json", preexec_fn=nobody)
            except PermissionError:
                return  # the command itself is out of their reach
            equal((done.returncode, done.stdout, done.stderr), (0, answer, b""), f"{words}")
        done = h.aether("transfer", NOWHERE, "1", "--from", "alice", preexec_fn=nobody)
        equal((done.returncode, done.stdout), (2, b""))  # the key is not theirs
        one_line(done.stderr, "stderr")


@case
def a_failed_write_of_stdout_is_a_fault():
    with home() as h:
        sent = h.sent("transfer", "bob", "1")
        for words in (["status"], ["account", "bob"], ["block"], ["tx", sent["hash"]], ["proof", "bob"], ["fsck"],
                      ["key", "list"], ["key", "show", "bob"], ["key", "export", "bob"], ["query", NOWHERE],
                      ["transfer", "bob", "1", "--from", "alice"]):
            for more in ([], ["--json"]):
                with open("/dev/full", "wb") as full:
                    done = h.aether(*words, *more, stdout=full)
                equal(done.returncode, 3, " ".join(words))
                assert "No space left" in one_line(done.stderr, "stderr")


@case
def native_code_is_kept_between_commands():
    with home() as h:
        address = h.deploy(wasm("token"), "--input", amount(5))
        cached = files_of(f"{h.path}/cache")
        assert cached, "nothing was kept"
        receipt = h.json("query", address, "--input", "12")
        for name in cached:  # damaged, it is made again, and nothing else
            path = pathlib.Path(h.path, "cache", name)
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        equal(h.json("query", address, "--input", "12"), receipt)
        shutil.rmtree(f"{h.path}/cache")
        os.unlink(f"{h.path}/cache.key")
        equal(h.json("query", address, "--input", "12"), receipt)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--aether")
    parser.add_argument("--contracts")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(CASES))
        return 0
    global CONTRACTS
    cli_test.AETHER = os.path.abspath(arguments.aether)
    CONTRACTS = os.path.abspath(arguments.contracts)
    failed = 0
    for name in arguments.names or CASES:
        try:
            CASES[name]()
        except AssertionError as error:
            failed += 1
            lines = [f"{frame.lineno}" for frame in inspect.trace()[1:]]
            place = inspect.trace()[-1]
            print(f"{name}: lines {', '.join(lines)}: {error or place.code_context}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
