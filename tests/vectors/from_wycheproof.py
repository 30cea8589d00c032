#!/usr/bin/env python3
"""Write the Wycheproof cases that fit our interfaces as text, one `key value` a line.

usage: from_wycheproof.py <folder of Wycheproof's JSON files> <folder to write to>

The crate `wycheproof` 0.7.0 has the JSON files under src/data. A case is left out only if its signature
can't be given to a function that takes 64 bytes: another length, or DER that isn't a pair of unsigned
32-byte integers. How many were left out stands in the head of each file.
"""
import json
import pathlib
import sys

HEAD = """# From {name} of Project Wycheproof
# (https://github.com/C2SP/wycheproof), as in the crate wycheproof 0.7.0. Apache License 2.0.
# Made by tests/vectors/from_wycheproof.py: {kept} of {total} cases; {left} have no 64-byte signature.
"""


def der_integer(data):
    """The first strict DER integer as 32 bytes, and what follows it; None if it is no such thing."""
    if len(data) < 3 or data[0] != 2 or data[1] == 0 or data[1] > 33 or len(data) < 2 + data[1]:
        return None, b""
    body, rest = data[2:2 + data[1]], data[2 + data[1]:]
    if body[0] & 0x80 or (len(body) > 1 and body[0] == 0 and not body[1] & 0x80):
        return None, b""
    value = int.from_bytes(body, "big")
    return (value.to_bytes(32, "big") if value < 1 << 256 else None), rest


def from_der(data):
    if len(data) < 2 or data[0] != 0x30 or data[1] != len(data) - 2:
        return None
    r, rest = der_integer(data[2:])
    s, rest = der_integer(rest) if r else (None, b"")
    return r + s if r and s and not rest else None


def from_plain(data):
    return data if len(data) == 64 else None


def ed25519_key(group):
    return group["publicKey"]["pk"]


def compressed_key(group):
    x, y = (int(group["publicKey"][part], 16) for part in ("wx", "wy"))
    return f"{2 + (y & 1):02x}{x:064x}"


def convert(source, target, key_of, signature_of):
    data = json.loads(source.read_text())
    lines, kept = [], 0
    for group in data["testGroups"]:
        lines.append(f"key {key_of(group)}")
        for case in group["tests"]:
            signature = signature_of(bytes.fromhex(case["sig"]))
            if signature is None:
                continue
            kept += 1
            lines += [f"case {case['tcId']}", f"message {case['msg']}".strip(),
                      f"signature {signature.hex()}", f"result {case['result']}"]
    total = data["numberOfTests"]
    head = HEAD.format(name=source.name, kept=kept, total=total, left=total - kept)
    target.write_text(head + "\n".join(lines) + "\n")


def main(source, target):
    plan = [("ed25519_test", "ed25519", ed25519_key, from_plain),
            ("ecdsa_secp256k1_sha256_bitcoin_test", "secp256k1_bitcoin", compressed_key, from_der),
            ("ecdsa_secp256k1_sha256_p1363_test", "secp256k1_p1363", compressed_key, from_plain)]
    for name, out, key_of, signature_of in plan:
        convert(pathlib.Path(source, name + ".json"), pathlib.Path(target, out + ".txt"), key_of, signature_of)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
