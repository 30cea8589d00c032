#!/usr/bin/env python3
"""Write signatures on which Ed25519 libraries disagree, and what our rule says of each.

usage: ed25519_edges.py <file to write>

The rule (src/crypto/signature.h) and the constructions are written out below in plain arithmetic; nothing of ours is
called. What OpenSSL (through the package `cryptography`), libsodium and the cofactored rule ZIP-215 say is measured
when this runs and stands in a comment over each case. The format is that of from_wycheproof.py.
"""
import ctypes
import ctypes.util
import hashlib
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
HEAD = """# Signatures on which Ed25519 libraries disagree, and what our rule says of each.
# Made by tests/vectors/ed25519_edges.py. OpenSSL {openssl}, libsodium {sodium}; ZIP-215 computed by the script.
"""


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P)


def multiply(scalar, point):
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def negative(point):
    return (-point[0] % P, point[1])


def encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(data, is_strict):
    """A point, or None. Strict: y below p, and no sign where x is 0."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & 2 ** 255 - 1
    if is_strict and y >= P:
        return None
    y %= P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square or (is_strict and x == 0 and sign):
        return None
    return (-x % P if x & 1 != sign else x, y)


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"), True)


def torsion():
    """A point of order 8."""
    y = 2
    while True:
        point = decode(y.to_bytes(32, "little"), True)
        if point:
            point = multiply(L, point)
            if multiply(4, point) != (0, 1):
                return point
        y += 1


T = torsion()
ORDER = {order: multiply(8 // order, T) for order in (1, 2, 4, 8)}


def challenge(r, a, message):
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def our_rule(a, r, s, message):
    points = decode(a, True), decode(r, True)
    if s >= L or None in points or any(multiply(8, point) == (0, 1) for point in points):
        return False
    return add(multiply(s, BASE), negative(multiply(challenge(r, a, message), points[0]))) == points[1]


def zip215(a, r, s, message):
    key, nonce = decode(a, False), decode(r, False)
    if s >= L or key is None or nonce is None:
        return False
    right = add(nonce, multiply(challenge(r, a, message), key))
    return multiply(8, add(multiply(s, BASE), negative(right))) == (0, 1)


SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium"))


def libsodium(a, signature, message):
    return SODIUM.crypto_sign_ed25519_verify_detached(signature, message, ctypes.c_ulonglong(len(message)), a) == 0


def openssl(a, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(a).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def find_message(r, a, wanted):
    """A message whose challenge is as wanted."""
    for number in range(1000):
        message = b"edge %d" % number
        if wanted(challenge(r, a, message)):
            return message
    raise ValueError("no message")


SECRET, NONCE = 0x1234567890ABCDEF ** 3 % L, 0xFEDCBA987654321 ** 3 % L
KEY, POINT = multiply(SECRET, BASE), multiply(NONCE, BASE)


def minus(h, point):
    return negative(multiply(h, point))


def cases():
    """(what it is, key, R, S, message)"""
    for order in (1, 2, 4, 8):
        for other in (1, 2, 4, 8):
            a, r = encode(ORDER[order]), encode(ORDER[other])
            try:
                message = find_message(r, a, lambda h: minus(h, ORDER[order]) == ORDER[other])
            except ValueError:
                continue
            yield f"A of order {order}, R of order {other}, S = 0: the equation holds", a, r, 0, message
        a, r = encode(ORDER[order]), encode(POINT)
        yield (f"A of order {order}, R of large order: the equation holds", a, r, NONCE,
               find_message(r, a, lambda h: h % 8 == 0))
    a, r = encode(KEY), encode((0, 1))
    yield ("R the neutral element: the equation holds", a, r, challenge(r, a, b"neutral") * SECRET % L, b"neutral")
    for order in (2, 4, 8):
        r = encode(ORDER[order])
        yield (f"R of order {order}: the equation holds with the cofactor only", a, r,
               challenge(r, a, b"small") * SECRET % L, b"small")
        r = encode(add(POINT, ORDER[order]))
        yield (f"R plus a point of order {order}: the equation holds with the cofactor only", a, r,
               (NONCE + challenge(r, a, b"mixed") * SECRET) % L, b"mixed")
        mixed, r = encode(add(KEY, ORDER[order])), encode(POINT)
        for text, wanted in (("with the cofactor only", lambda h: h % order), ("as it is", lambda h: h % order == 0)):
            message = find_message(r, mixed, wanted)
            yield (f"A plus a point of order {order}: the equation holds {text}", mixed, r,
                   (NONCE + challenge(r, mixed, message) * SECRET) % L, message)
        for number in range(1000):  # R = NONCE * B - h * T: the parts of small order cancel
            message = b"both %d" % number
            found = [r for r in (encode(add(POINT, multiply(k, ORDER[order]))) for k in range(1, order))
                     if encode(add(POINT, minus(challenge(r, mixed, message), ORDER[order]))) == r]
            if found:
                yield (f"A and R plus points of order {order} that cancel: the equation holds as it is", mixed,
                       found[0], (NONCE + challenge(found[0], mixed, message) * SECRET) % L, message)
                break
    a, r = encode(KEY), encode(POINT)
    s = (NONCE + challenge(r, a, b"plain") * SECRET) % L
    yield "nothing is wrong", a, r, s, b"plain"
    for times in (1, 2, 7, 8, 14):
        yield f"S plus {times} times the group order", a, r, s + times * L, b"plain"
    for text, wrong in (("y = p + 1, the neutral element", P + 1), ("y = p, of order 4", P),
                        ("the neutral element with a sign", 1 + 2 ** 255),
                        ("y = -1 with a sign, of order 2", P - 1 + 2 ** 255),
                        ("y = p + 1 with a sign", P + 1 + 2 ** 255)):
        wrong = wrong.to_bytes(32, "little")
        yield (f"R not canonical: {text}", a, wrong, challenge(wrong, a, b"form") * SECRET % L, b"form")
        yield (f"A not canonical: {text}", wrong, r, NONCE, find_message(r, wrong, lambda h: h % 8 == 0))


def main(target):
    from cryptography.hazmat.backends.openssl import backend
    SODIUM.sodium_version_string.restype = ctypes.c_char_p
    lines = []
    for index, (text, a, r, s, message) in enumerate(cases(), 1):
        signature = r + s.to_bytes(32, "little")
        verdicts = {"OpenSSL": openssl(a, signature, message), "libsodium": libsodium(a, signature, message),
                    "ZIP-215": zip215(a, r, s, message)}
        says = [f"{'accepted' if verdict else 'refused'} by {name}" for name, verdict in verdicts.items()]
        lines += [f"# {text}: {', '.join(says)}", f"key {a.hex()}", f"case {index}", f"message {message.hex()}",
                  f"signature {signature.hex()}", f"result {'valid' if our_rule(a, r, s, message) else 'invalid'}"]
    head = HEAD.format(openssl=backend.openssl_version_text().split()[1],
                       sodium=SODIUM.sodium_version_string().decode())
    pathlib.Path(target).write_text(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
