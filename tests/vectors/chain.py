#!/usr/bin/env python3
"""Check chain.txt without any code of ours: hashes of transactions, receipts and results, and the root of the last state.

usage: chain.py --list | chain.py CASE

H(tag, x) = SHA-256("aether/" || tag || "/v1" || 0x00 || x). The tree is that of tree.py.
"""
import pathlib
import sys

from tree import root, sha256

ACCOUNT, STORAGE, CODE_RECORD, PARAMETERS = 1, 2, 3, 4
CONTRACT_LEN = 121


def tagged(tag, value):
    return sha256(b"aether/" + tag.encode() + b"/v1\0" + value)


def lines():
    for line in (pathlib.Path(__file__).parent / "chain.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition(" ")
            yield name, value


def data(value):
    return b"" if value == "-" else bytes.fromhex(value)


def state():
    out, key = {}, None
    for name, value in lines():
        if name == "key":
            key = data(value)
        elif name == "value":
            out[key] = data(value)
    return out


def last(wanted):
    return [value for name, value in lines() if name == wanted][-1]


def each_hash_is_of_its_bytes():
    source, count = None, 0
    for name, value in lines():
        if name in ("transaction", "receipt"):
            source = data(value)
        elif name in ("transaction_hash", "receipt_hash"):
            assert tagged(name.split("_")[0], source).hex() == value, value
            count += 1
    assert count >= 80, count


def results_are_the_hash_of_receipt_hashes():
    hashes, count = b"", 0
    for name, value in lines():
        if name == "receipt_hash":
            hashes += data(value)
        elif name == "results":
            assert tagged("results", hashes).hex() == value, value
            hashes = b""
            count += 1
    assert count == 9, count


def gas_of_a_block_is_the_sum():
    gas, count = 0, 0
    for name, value in lines():
        if name == "gas":
            gas += int(value)
        elif name == "block_gas":
            assert gas == int(value), value
            gas = 0
            count += 1
    assert count == 9, count


def last_root_follows_from_the_state():
    pairs = state()
    contracts = 0
    for key, record in pairs.items():
        if key[0] != ACCOUNT or len(record) != CONTRACT_LEN:
            continue
        prefix = bytes([STORAGE]) + key[1:]
        storage = {k[len(prefix):]: v for k, v in pairs.items() if k.startswith(prefix)}
        assert root(storage) == record[56:88], key.hex()
        contracts += 1
    assert contracts == 2, contracts
    application = {key: value for key, value in pairs.items() if key[0] != STORAGE}
    assert {key[0] for key in application} == {ACCOUNT, CODE_RECORD, PARAMETERS}
    assert root(application).hex() == last("root")


def supply_is_what_the_parameters_say():
    pairs = state()
    balances = sum(int.from_bytes(v[:16], "little") for k, v in pairs.items() if k[0] == ACCOUNT)
    parameters = pairs[bytes([PARAMETERS]) + b"parameters"]
    assert balances == int.from_bytes(parameters[53:69], "little")


CASES = [each_hash_is_of_its_bytes, results_are_the_hash_of_receipt_hashes, gas_of_a_block_is_the_sum,
         last_root_follows_from_the_state, supply_is_what_the_parameters_say]


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(case.__name__ for case in CASES))
        return
    for case in CASES:
        if case.__name__ in sys.argv[1:]:
            case()
            print(f"ok {case.__name__}")
            return
    sys.exit(f"no case named {sys.argv[1:]}")


if __name__ == "__main__":
    main()
