#!/usr/bin/env python3
"""Write proofs and what is near them as text, one `key value` a line: proof.txt.

usage: proof.py <file to write>

Made from the definitions in docs/proofs.md with hashlib alone; shares nothing with src/. Running it again gives the
same bytes.
"""
import hashlib
import sys

EMPTY = bytes(32)
BALANCE, ACCOUNT, CONTRACT = 16, 24, 121


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def pattern(label, length):
    """Bytes that are a function of a label."""
    return hashlib.shake_256(label.encode()).digest(length)


def bit(path, at):
    return path[at // 8] >> (7 - at % 8) & 1


class Tree:
    """Keys and values; every hash is computed anew when it is asked for."""

    def __init__(self, items):
        self.leaves = {sha(key): sha(b"\x01", value) for key, value in items.items()}
        self.root = self.hash(list(self.leaves), 0)

    def hash(self, paths, depth):
        if not paths:
            return EMPTY
        if len(paths) == 1:
            return sha(b"\x00", paths[0], self.leaves[paths[0]])
        return sha(b"\x01", *(self.hash([p for p in paths if bit(p, depth) == side], depth + 1) for side in (0, 1)))

    def prove(self, key):
        """(terminal, siblings from the root down, other leaf)"""
        path, paths, siblings = sha(key), list(self.leaves), []
        while len(paths) > 1:
            depth = len(siblings)
            siblings.append(self.hash([p for p in paths if bit(p, depth) != bit(path, depth)], depth + 1))
            paths = [p for p in paths if bit(p, depth) == bit(path, depth)]
        if not paths:
            return 0, siblings, b""
        if paths[0] == path:
            return 1, siblings, b""
        return 2, siblings, paths[0] + self.leaves[paths[0]]


def encode(level):
    terminal, siblings, other = level
    marks = sum(1 << at for at, sibling in enumerate(siblings) if sibling != EMPTY)
    return (bytes([terminal]) + len(siblings).to_bytes(2, "little") +
            marks.to_bytes((len(siblings) + 7) // 8, "little") +
            b"".join(sibling for sibling in siblings if sibling != EMPTY) + other)


class State:
    """Records by address, and the storage of those that are contracts."""

    def __init__(self, records, storage):
        self.storage = {address: Tree(items) for address, items in storage.items()}
        self.values = storage
        self.records = {}
        for address, record in records.items():
            if address in storage:
                record = record[:56] + self.storage[address].root + record[88:]
            self.records[address] = record
        self.tree = Tree({b"\x01" + address: record for address, record in self.records.items()})
        self.root = self.tree.root

    def prove(self, address, key):
        """(value or None, proof)"""
        record = self.records.get(address)
        out = b"\x01" + encode(self.tree.prove(b"\x01" + address))
        if not key:
            return record, out
        if record is None:
            return None, out
        out += bytes([len(record)]) + record
        if len(record) != CONTRACT:
            return None, out
        return self.values[address].get(key), out + encode(self.storage[address].prove(key))


class Writer:
    def __init__(self):
        self.lines = []
        self.count = 0

    def case(self, what, ok, root, address, key, value, proof):
        self.count += 1
        self.lines += [f"case {self.count} {what}", f"root {root.hex()}", f"address {address.hex()}",
                       f"key {key.hex()}".rstrip(),
                       "absent" if value is None else f"value {value.hex()}".rstrip(),
                       f"proof {proof.hex()}".rstrip(), f"result {'ok' if ok else 'bad'}"]


def address_of(label, number):
    return pattern(f"{label} {number}", 32)


def make_state(accounts, contracts, keys):
    records, storage = {}, {}
    for number in range(accounts):
        records[address_of("account", number)] = pattern(f"record {number}", ACCOUNT)
    for number in range(contracts):
        address = address_of("contract", number)
        records[address] = pattern(f"contract record {number}", CONTRACT)
        storage[address] = {pattern(f"key {number} {at}", 1 + (at * 37) % 256): pattern(f"value {at}", at * 13 % 90)
                            for at in range(keys * number)}
    return State(records, storage)


def good(out, state, what, address, key=b""):
    value, proof = state.prove(address, key)
    out.case(what, True, state.root, address, key, value, proof)
    return value, proof


def good_cases(out):
    nobody = address_of("nobody", 0)
    empty = State({}, {})
    good(out, empty, "no record in the empty state", nobody)
    good(out, empty, "no storage in the empty state", nobody, b"key")
    for accounts, contracts, keys in ((1, 0, 0), (0, 1, 1), (2, 2, 1), (20, 5, 3), (300, 3, 40)):
        state = make_state(accounts, contracts, keys)
        name = f"{accounts} accounts, {contracts} contracts"
        for number in range(min(accounts, 4)):
            good(out, state, f"{name}: account {number}", address_of("account", number))
            good(out, state, f"{name}: storage of account {number}", address_of("account", number), b"key")
        for number in range(8):
            good(out, state, f"{name}: no record {number}", address_of("nobody", number))
        good(out, state, f"{name}: storage of nobody", nobody, b"key")
        for number in range(contracts):
            address = address_of("contract", number)
            good(out, state, f"{name}: contract {number}", address)
            for at, key in enumerate(list(state.values[address])[:12]):
                good(out, state, f"{name}: contract {number}, key {at}", address, key)
            for at in range(6):
                good(out, state, f"{name}: contract {number}, no key {at}", address, pattern(f"no key {at}", 20))
    balance = State({nobody: pattern("balance", BALANCE)}, {})
    good(out, balance, "a balance alone", nobody)
    good(out, balance, "storage of a balance alone", nobody, b"key")


def bad_cases(out):
    state = make_state(20, 5, 3)
    contract, account, nobody = address_of("contract", 4), address_of("account", 0), address_of("nobody", 0)
    key = list(state.values[contract])[5]
    value, proof = state.prove(contract, key)
    root = state.root

    def bad(what, **changes):
        given = {"root": root, "address": contract, "key": key, "value": value, "proof": proof, **changes}
        out.case(what, False, **given)

    bad("another value", value=value + b"\x00")
    bad("said to be absent", value=None)
    bad("the empty value", value=b"")
    bad("another key", key=key + b"\x00")
    bad("another contract", address=address_of("contract", 3))
    bad("another root", root=sha(root))
    bad("the root zero", root=EMPTY)
    bad("no bytes", proof=b"")
    bad("version 0", proof=b"\x00" + proof[1:])
    bad("version 2", proof=b"\x02" + proof[1:])
    bad("a byte behind", proof=proof + b"\x00")
    bad("a byte less", proof=proof[:-1])
    bad("the first level alone", proof=proof[:1 + len(encode(state.tree.prove(b"\x01" + contract)))])
    bad("the record's value for the storage key", value=state.records[contract])
    bad("a proof of storage for the record", key=b"", value=state.records[contract])

    first, second = encode(state.tree.prove(b"\x01" + contract)), encode(state.storage[contract].prove(key))
    record = state.records[contract]
    changed = bytearray(record)
    changed[120] ^= 1
    bad("a changed owner in the record", proof=b"\x01" + first + bytes([121]) + changed + second)
    bad("the record cut to 24 bytes", value=None, proof=b"\x01" + first + bytes([24]) + record[:24])
    bad("the record's length wrong", proof=b"\x01" + first + bytes([120]) + record[:120] + second)
    forged = Tree({key: b"forged"})
    bad("a storage tree of one's own", value=b"forged", proof=b"\x01" + first + bytes([121]) + record[:56] +
        forged.root + record[88:] + encode(forged.prove(key)))
    bad("a storage tree of one's own as the state", root=root, value=b"forged", key=b"",
        proof=b"\x01" + encode(forged.prove(key)))

    _, none = state.prove(nobody, b"")
    bad("presence where nothing is", address=nobody, key=b"", value=b"",
        proof=none[:1] + b"\x01" + none[2:])
    bad("absence for a key that is there", value=None,
        proof=b"\x01" + first + bytes([121]) + record + b"\x00" + second[1:])
    _, plain = state.prove(account, b"key")
    bad("a value in an account's storage", address=account, key=b"key", value=b"", proof=plain)
    bad("a storage level for an account", address=account, key=b"key", value=None, proof=plain + bytes(3))
    bad("absence with a level behind", address=nobody, key=b"key", value=None, proof=none + bytes(3))

    # Trees of one leaf with an inner node above it, which leads to the root that is given.
    record = pattern("lone", ACCOUNT)
    path = sha(b"\x01" + contract)
    leaf = sha(b"\x00", path, sha(b"\x01", record))
    pair = (EMPTY, leaf) if bit(path, 0) else (leaf, EMPTY)
    above = sha(b"\x01", *pair)
    bad("a leaf beside nothing", root=above, key=b"", value=record, proof=b"\x01\x01\x01\x00\x00")
    bad("a leaf beside nothing, spelled out", root=above, key=b"", value=record,
        proof=b"\x01\x01\x01\x00\x01" + EMPTY)
    bad("nothing beside nothing", root=sha(b"\x01", EMPTY, EMPTY), key=b"", value=None,
        proof=b"\x01\x00\x01\x00\x00")
    bad("the other leaf is the key's own", root=leaf, key=b"", value=None,
        proof=b"\x01\x02\x00\x00" + path + sha(b"\x01", record))
    beside = (sha(b"left"), sha(b"right"))
    bad("an inner node as the other leaf", root=sha(b"\x01", *beside), key=b"", value=None,
        proof=b"\x01\x02\x00\x00" + b"".join(beside))
    odd = State({contract: pattern("odd", 20)}, {})
    bad("a record of 20 bytes", root=odd.root, value=None, proof=b"\x01\x01\x00\x00" + b"\x14" + pattern("odd", 20))


def main():
    out = Writer()
    good_cases(out)
    kept = out.count
    bad_cases(out)
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write(f"# Made by tests/vectors/proof.py: {kept} proofs that hold, {out.count - kept} that don't.\n")
        file.write("\n".join(out.lines) + "\n")


if __name__ == "__main__":
    main()
