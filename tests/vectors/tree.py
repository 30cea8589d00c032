#!/usr/bin/env python3
"""Write tree.txt: sets of keys and values with the root of their tree, from the definition alone.

usage: tree.py > tree.txt

    path  = SHA-256(key)
    leaf  = SHA-256(0x00 || path || SHA-256(0x01 || value))
    inner = SHA-256(0x01 || left || right)
    a subtree without a leaf is 32 zero bytes, one with a single leaf that leaf's hash
"""
import hashlib

HEAD = """# Roots of the Merkle tree of sets of keys and values. Made by tests/vectors/tree.py.
#
#   set NAME         a new set, empty
#   leaf KEY VALUE   one key and its value, in hex; - is the empty value
#   root HASH        the root of the set up to here
"""


def sha256(data):
    return hashlib.sha256(data).digest()


def subtree(leaves, bit):
    """leaves: {path as an integer: hash of the leaf}"""
    if not leaves:
        return bytes(32)
    if len(leaves) == 1:
        return next(iter(leaves.values()))
    mask = 1 << (255 - bit)
    left = {path: leaf for path, leaf in leaves.items() if not path & mask}
    right = {path: leaf for path, leaf in leaves.items() if path & mask}
    return sha256(b"\x01" + subtree(left, bit + 1) + subtree(right, bit + 1))


def root(pairs):
    leaves = {}
    for key, value in pairs.items():
        path = sha256(key)
        leaves[int.from_bytes(path, "big")] = sha256(b"\x00" + path + sha256(b"\x01" + value))
    return subtree(leaves, 0)


def alike(bits, count):
    """Numbers as keys whose paths begin with that many bits alike."""
    first = sha256(bytes(4))[:4]
    mask = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
    wanted = int.from_bytes(first, "big") & mask
    found, number = [], 0
    while len(found) < count:
        key = number.to_bytes(4, "big")
        if int.from_bytes(sha256(key)[:4], "big") & mask == wanted:
            found.append(key)
        number += 1
    return found


def sets():
    yield "empty", {}
    yield "one", {b"key": b"value"}
    yield "one_empty_value", {b"key": b""}
    yield "two", {b"a": b"1", b"b": b"2"}
    yield "longest_key", {bytes(range(256)): bytes(1000), b"\x00": b"\xff"}
    for count in (15, 29, 30, 31, 300):
        yield f"numbers_{count}", {f"key {i}".encode(): f"value {i * i}".encode() for i in range(count)}
    for bits, count in ((12, 40), (20, 3)):
        yield f"alike_{bits}_bits", {key: key[::-1] for key in alike(bits, count)}


def main():
    print(HEAD)
    for name, pairs in sets():
        print(f"set {name}")
        so_far = {}
        for number, (key, value) in enumerate(pairs.items(), 1):
            print(f"leaf {key.hex()} {value.hex() or '-'}")
            so_far[key] = value
            if number % 16 == 0:
                print(f"root {root(so_far).hex()}")
        print(f"root {root(pairs).hex()}")


if __name__ == "__main__":
    main()
