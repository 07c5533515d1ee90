from __future__ import annotations

import gzip
import struct

import pytest

from scanning.scanners import Verdict

NIL = struct.pack(">i", 254)
HEAD = b"X\n" + struct.pack(">iii", 3, 0x40301, 0x30500) + struct.pack(">i", 5) + b"UTF-8"
NUMBERS = struct.pack(">ii", 14, 2) + b"\x00" * 16
TEXT = struct.pack(">ii", 16, 1) + struct.pack(">ii", 9, 2) + b"os"
PAIRS = struct.pack(">i", 2 | 0x400) + struct.pack(">i", 1) + TEXT[8:] + NUMBERS + NIL
PROMISE = struct.pack(">i", 5) + NIL + TEXT
CLOSURE = struct.pack(">i", 3 | 0x400) + NIL + NIL + NIL


WORDS = b"A\n3\n262915\n197888\n5\nUTF-8\n"


def both(first: bytes, second: bytes) -> bytes:
    return struct.pack(">ii", 19, 2) + first + second


FILES = [
    (HEAD + NUMBERS, Verdict.CLEAN),
    (HEAD + both(TEXT, PAIRS), Verdict.CLEAN),
    (b"RDX3\n" + HEAD + PAIRS, Verdict.CLEAN),
    (HEAD + both(NUMBERS, PROMISE), Verdict.UNSAFE),
    (HEAD + CLOSURE, Verdict.SUSPICIOUS),
    (HEAD + both(NUMBERS, b""), Verdict.INCOMPLETE),
    (HEAD + NUMBERS + b"more", Verdict.INCOMPLETE),
    (HEAD + struct.pack(">ii", 14, 2**31 - 1), Verdict.INCOMPLETE),
    (HEAD + struct.pack(">i", 99), Verdict.INCOMPLETE),
    (WORDS + b"14\n2\n1\nNA\n", Verdict.CLEAN),
    (b"RDA3\n" + WORDS + b"16\n1\n262153\n6\na\\040b\\n\\\\c\n", Verdict.CLEAN),
    (WORDS + b"5\n254\n16\n1\n9\n4\ntrue\n", Verdict.UNSAFE),
    (b"A\n 03 262915\t197888\n5 UTF-8 5 254 16 1 9 2 os", Verdict.UNSAFE),
    (WORDS + b"16\n2\n9\n7\n1 14 1 1\n5 254 254", Verdict.UNSAFE),
    (WORDS + b"14\n9\n1\n", Verdict.INCOMPLETE),
    (WORDS + b"14\n1\n1\nmore", Verdict.INCOMPLETE),
    (b"RDB3\nB\n\3\0\0\0", Verdict.INCOMPLETE),
]


@pytest.mark.parametrize(("content", "verdict"), FILES)
def test_promises_are_unsafe_and_functions_suspicious(scan_bytes, content, verdict):
    report = scan_bytes("r_data", content, "model.rds")
    assert report.verdict is verdict
    assert {finding.rule for finding in report.findings} <= {"r_promise", "r_code"}


def test_a_packed_file_is_read_by_this_engine_too(scan_bytes):
    content = gzip.compress(HEAD + both(NUMBERS, PROMISE))
    report = scan_bytes("pickle_ops", content, "model.rds")
    assert [finding.rule for finding in report.findings] == ["r_promise"]
    assert scan_bytes("pickle_ops", gzip.compress(HEAD + NUMBERS)).verdict is Verdict.CLEAN
