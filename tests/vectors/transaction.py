#!/usr/bin/env python3
"""Write golden transactions and receipts, and the fuzzer's first inputs, without any code of ours.

usage: transaction.py <file to write vectors to> <folder to write inputs to>

The encoding is written out below; hashes are hashlib's, signatures those of the package `cryptography` (46 or newer,
for deterministic ECDSA), addresses as BIP 350 tells. Vectors are `key value` lines; a case ends with `end`.
"""
import hashlib
import pathlib
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

HEAD = """# Made by tests/vectors/transaction.py: an encoder of its own, Python's hashlib and the package `cryptography`.
"""
GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def data(field, value, always=False):
    return varint(field << 3 | 2) + varint(len(value)) + value if value or always else b""


def zigzag(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def amount(value):
    return value.to_bytes(16, "little")


def tagged(tag, value):
    return hashlib.sha256(b"aether/" + tag.encode() + b"/v1\0" + value).digest()


def bech32m(value):
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

    def polymod(symbols):
        checksum = 1
        for symbol in symbols:
            top = checksum >> 25
            checksum = (checksum & 0x1FFFFFF) << 5 ^ symbol
            for i, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                if top >> i & 1:
                    checksum ^= part
        return checksum

    bits = "".join(f"{byte:08b}" for byte in value) + "0000"
    words = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    expanded = [ord(c) >> 5 for c in "ae"] + [0] + [ord(c) & 31 for c in "ae"]
    checksum = polymod(expanded + words + [0] * 6) ^ 0x2BC830A3
    words += [checksum >> 5 * (5 - i) & 31 for i in range(6)]
    return "ae1" + "".join(alphabet[word] for word in words)


def public_key(kind, secret):
    if kind == 0:
        key = ed25519.Ed25519PrivateKey.from_private_bytes(secret).public_key()
        return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256K1()).public_key()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def sign(kind, secret, digest):
    if kind == 0:
        return ed25519.Ed25519PrivateKey.from_private_bytes(secret).sign(digest)
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256K1())
    algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)
    r, s = utils.decode_dss_signature(key.sign(digest, algorithm))
    return r.to_bytes(32, "big") + min(s, GROUP_ORDER - s).to_bytes(32, "big")


def head(chain_id, nonce, gas_limit, gas_price, expiry, kind, key):
    return (data(1, chain_id.encode()) + number(2, nonce) + number(3, gas_limit) + number(4, gas_price)
            + number(5, expiry) + number(6, kind) + data(7, key))


def body_of(name, at):
    if name == "upload":
        return data(10, data(1, at["code"]), True)
    if name == "deploy":
        return data(11, data(1, at["code_hash"]) + data(2, at["salt"]) + data(3, amount(at["value"]))
                    + data(4, at["input"]) + number(5, at["upgradable"]), True)
    if name == "call":
        return data(12, data(1, at["to"]) + data(2, amount(at["value"])) + data(3, at["input"]), True)
    if name == "transfer":
        return data(13, data(1, at["to"]) + data(2, amount(at["value"])), True)
    return data(14, data(1, at["to"]) + data(2, at["code_hash"]) + data(3, at["input"]), True)


TO = bytes(range(32))
CODE_HASH = tagged("code", b"\0asm\1\0\0\0")
SALT = bytes(31) + b"\7"
# RFC 8032's first and third key; two scalars, one of which is the greatest.
SECRETS = {0: ["9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
               "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"],
           1: [f"{1:064x}", f"{GROUP_ORDER - 1:064x}"]}
BODIES = [
    ("upload", {"code": b"\0asm\1\0\0\0"}),
    ("upload", {"code": bytes(range(256)) * 2}),
    ("deploy", {"code_hash": CODE_HASH, "salt": SALT, "value": 0, "input": b"", "upgradable": 0}),
    ("deploy", {"code_hash": CODE_HASH, "salt": bytes(32), "value": 10 ** 30, "input": b"init", "upgradable": 1}),
    ("call", {"to": TO, "value": 0, "input": b""}),
    ("call", {"to": TO, "value": 2 ** 128 - 1, "input": bytes(range(200))}),
    ("transfer", {"to": TO, "value": 1}),
    ("transfer", {"to": bytes(32), "value": 2 ** 64}),
    ("upgrade", {"to": TO, "code_hash": CODE_HASH, "input": b""}),
    ("upgrade", {"to": TO, "code_hash": bytes(32), "input": b"\0" * 130}),
]
# chain id, nonce, gas limit, gas price, expiry height
HEADS = [("aether-local", 0, 1_000_000, 1, 0), ("~", 2 ** 64 - 1, 2 ** 64 - 1, 2 ** 64 - 1, 2 ** 64 - 1),
         ("!" + "c" * 63, 127, 128, 16384, 1), ("a", 0, 0, 0, 0)]
EVENTS = [(TO, [], b""), (bytes(32), [SALT], b"data"), (TO, [SALT, TO, CODE_HASH, bytes(32)], bytes(300))]
# outcome, code, gas used, return data, events, reason
RECEIPTS = [
    (0, 0, 0, b"", [], 0),
    (0, 0, 21_000, b"", [], 0),
    (0, 0, 2 ** 64 - 1, b"returned", EVENTS, 0),
    (1, 1, 500, b"", [], 0),
    (1, -1, 500, b"why", [], 0),
    (1, 2 ** 31 - 1, 500, bytes(200), [], 0),
    (1, -2 ** 31, 500, b"", [], 0),
    (2, 0, 1_000_000, b"", [], 0),
] + [(3, 0, 0, b"", [], reason) for reason in range(1, 10)]


def receipt_of(outcome, code, gas_used, returned, events, reason):
    out = number(1, outcome) + number(2, zigzag(code)) + number(3, gas_used) + data(4, returned)
    for address, topics, content in events:
        out += data(5, data(1, address) + b"".join(data(2, topic) for topic in topics) + data(3, content), True)
    return out + number(6, reason)


def transactions():
    """(lines, bytes) of each case: every body under every kind of key, heads and secrets in turn."""
    for index, (name, at) in enumerate(BODIES):
        for kind in (0, 1):
            secret = bytes.fromhex(SECRETS[kind][index % 2])
            values = HEADS[(index + kind) % len(HEADS)]
            key = public_key(kind, secret)
            unsigned = head(*values, kind, key) + body_of(name, at)
            sign_hash = tagged("sign", unsigned)
            signature = sign(kind, secret, sign_hash)
            whole = unsigned + data(15, signature)
            sender = tagged("account", bytes([kind]) + key)
            lines = [f"kind {name}", f"chain_id {values[0]}"]
            lines += [f"{word} {value}" for word, value in
                      zip(("nonce", "gas_limit", "gas_price", "expiry_height"), values[1:])]
            lines += [f"key_type {kind}", f"secret {secret.hex()}", f"public_key {key.hex()}"]
            for word, value in at.items():
                text = f"{value:032x}" if word == "value" else value.hex() if isinstance(value, bytes) else value
                lines.append(f"{word} {text}".strip())
            lines += [f"bytes {whole.hex()}", f"unsigned_len {len(unsigned)}", f"sign_hash {sign_hash.hex()}",
                      f"signature {signature.hex()}", f"hash {tagged('transaction', whole).hex()}",
                      f"sender {bech32m(sender)}"]
            if name == "deploy":
                contract = tagged("contract", sender + at["code_hash"] + at["salt"])
                lines.append(f"contract {bech32m(contract)}")
            yield lines + ["end"], whole


def receipts():
    for at in RECEIPTS:
        outcome, code, gas_used, returned, events, reason = at
        whole = receipt_of(*at)
        yield ["kind receipt", f"outcome {outcome}", f"code {code}", f"gas_used {gas_used}",
               f"return_data {returned.hex()}".strip(), f"events {len(events)}", f"reason {reason}",
               f"bytes {whole.hex()}".strip(), f"hash {tagged('receipt', whole).hex()}", "end"], whole


def main(vectors, folder):
    lines = []
    inputs = {}
    for index, (case, whole) in enumerate(transactions()):
        lines += case
        if len(whole) < 600:
            inputs[f"transaction_{index:02}"] = whole
    for index, (case, whole) in enumerate(receipts()):
        lines += case
        if 0 < len(whole) and index < 10:
            inputs[f"receipt_{index:02}"] = whole
    inputs["address"] = bech32m(TO).encode()
    # No signature; two bodies; an unknown field at each level; a length that lies.
    plain = head(*HEADS[0], 0, public_key(0, bytes(32)))
    call = body_of(*BODIES[4])
    inputs["unsigned"] = plain + call
    inputs["two_bodies"] = plain + call + body_of(*BODIES[6])
    inputs["unknown"] = plain + call + data(16, b"what")
    inputs["unknown_inside"] = plain + data(12, call[2:] + number(9, 1))
    inputs["group"] = plain + call + b"\x83\x01\x84\x01"
    inputs["length"] = plain + b"\x62\xff\xff\xff\xff\x0f"
    pathlib.Path(vectors).write_text(HEAD + "\n".join(lines) + "\n")
    for name, content in inputs.items():
        pathlib.Path(folder, name).write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
