"""Pickles that run nothing and take their reader's memory or time."""

from __future__ import annotations

import pickle
import re
import struct
import uuid
from fractions import Fraction

import pytest

from scanning.scanners import Verdict
from scanning.scanners._regex_costs import regex_trouble

MODULUS = (1 << 61) - 1
COUNT = 3000


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def call(name: str, *arguments: bytes) -> bytes:
    module, _, last = name.rpartition(".")
    return text(module) + text(last) + b"\x93(" + b"".join(arguments) + b"tR"


def numbers_of_one_hash(width: int = 1) -> list[bytes]:
    return [number(index * MODULUS) * width for index in range(1, COUNT)]


def doubled(levels: int, wrap: bytes = b"2\x86") -> bytes:
    return text("lol") + wrap * levels


def many() -> bytes:
    return call("builtins.range", number(10**10))


BOMBS = {
    "keys": b"}(" + b"N".join([*numbers_of_one_hash(), b""]) + b"u",
    "keys one by one": b"}" + b"Ns".join([*numbers_of_one_hash(), b""]),
    "keys of an ordered table": b"ccollections\nOrderedDict\n)R("
    + b"N".join([*numbers_of_one_hash(), b""]) + b"u",
    "set": b"\x8f(" + b"".join(numbers_of_one_hash()) + b"\x90",
    "frozenset": b"(" + b"".join(numbers_of_one_hash()) + b"\x91",
    "set of a list": call("builtins.set", b"](" + b"".join(numbers_of_one_hash()) + b"e"),
    "tuples": b"}(" + b"\x85N".join([*numbers_of_one_hash(), b""]) + b"u",
    "fractions": b"\x8f(" + b"".join(
        call("fractions.Fraction", number(index), number(index)[:1] + number(index)[1:])
        for index in range(1, COUNT)
    ) + b"\x90",
    "shared tuples": doubled(60),
    "shared tuples as a key": b"}" + doubled(30) + b"Ns",
    "shared tuples in a set": b"(" + doubled(30) + b"\x91",
    "shared tuples hashed": call("builtins.hash", doubled(30)),
    "shared lists": b"]" + b"q\x01]q\x02h\x01ah\x01a" * 60,
    "few shared tuples": doubled(30),
    "few shared lists": b"]q\x00" + b"(h\x00h\x00lq\x00" * 30,
    "few shared tables": b"]q\x00" + b"}(K\x01h\x00K\x02h\x00uq\x00" * 30,
    "text of it": call("builtins.str", doubled(30)),
    "deep key": b"})" + b"\x85" * 20_000 + b"Ns",
    "memo": b"Nr\xff\xff\xff\x7f",
    "memo in text": b"Np2147483646\n",
    "bytes": b"(" + call("builtins.bytearray", number(10**7)) * 10 + b"l",
    "range": call("builtins.list", many()),
    "count": call("collections.Counter", many()),
    "array": call("numpy.ndarray", number(2**20) * 2 + b"\x86"),
    "exponent": call("fractions.Fraction", text("1e999999999")),
    "digits": call("builtins.int", call("decimal.Decimal", text("1E+0999999999"))),
    "sum of nothing": call("numpy.linspace", b"K\x00K\x01", number(10**9)),
    "pattern": call("re._compile", text("(a+)+$"), b"K\x20"),
    "long pattern": call("re._compile", text("x" * 2000 + "(?:[a-z]*b?)*$"), b"K\x20"),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_what_takes_all_memory_or_time_is_suspicious(scan_bytes, bomb):
    report = scan_bytes("pickle_ops", b"\x80\x04" + bomb + b".")
    assert report.verdict is Verdict.SUSPICIOUS
    assert {one.rule for one in report.findings} <= {"pickle_exhaustion", "pickle_unknown_call"}


CLEAN = {
    "ids": {uuid.UUID(int=index * 7919 << 64): index for index in range(COUNT)},
    "large numbers": dict.fromkeys(index * 7919 << 70 for index in range(COUNT)),
    "the same large number": [[2**64] * 10_000, [{2**70: 1} for _ in range(COUNT)]],
    "pairs": {(a, b): 0 for a in range(100) for b in range(100)},
    "fractions": [{Fraction(1, 3): 1} for _ in range(COUNT)],
    "lists shared on few levels": [[[[list(range(300))] * 30] * 30] * 30] * 30,
    "shared lists": [[list(range(100))] * 100] * 100,
    "patterns": [
        re.compile(r"(?u)\b\w\w+\b"),
        re.compile(r"'s|'t| ?\w+| ?\d+|\s+(?!\S)|\s+"),
        re.compile(r"(?:[a-z]+\.)+[a-z]+"),
    ],
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("value", CLEAN.values(), ids=CLEAN)
def test_what_is_only_large_or_shared_is_clean(scan_bytes, value, protocol):
    assert scan_bytes("pickle_ops", pickle.dumps(value, protocol)).findings == ()


@pytest.mark.parametrize(
    ("pattern", "is_trouble"),
    [
        ("(a+)+b", True),
        (r"(\s*\w+\s*)*;", True),
        ("(?:x|(?:a*))+$", True),
        ("(a+", False),
        ("(a++)+", False),
        (r"(?:\w+-)*\w+", False),
        ("(ab+)*", False),
    ],
)
def test_a_repetition_of_repetitions_is_trouble(pattern, is_trouble):
    assert bool(regex_trouble(pattern)) is is_trouble
