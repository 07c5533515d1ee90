"""A tensor in a plain pickle is a pickle in bytes; protocols below 3 write those as a text."""

from __future__ import annotations

import pickle as stdlib_pickle

import pytest

from scanning.scanners import Coverage, Severity, Verdict
from tests.scanning.pickles import CLEAN, EVIL_4, call, pickle, text

LONG = stdlib_pickle.dumps([bytes(range(256)) * 800], protocol=4)  # too long to be kept


def loading(content: bytes, protocol: int) -> bytes:
    """What Python writes of a tensor's storage."""
    pushed = stdlib_pickle.dumps(content, protocol=protocol)
    head, body = (pushed[:2], pushed[2:-1]) if protocol >= 2 else (b"", pushed[:-1])
    return head + b"ctorch.storage\n_load_from_bytes\n(" + body + b"tR."


def encoded(content: str, codec: str) -> bytes:
    return call("_codecs", "encode", text(content), text(codec))


@pytest.mark.parametrize("inside", [CLEAN, LONG], ids=["short", "long"])
@pytest.mark.parametrize("protocol", range(5))
def test_bytes_that_are_written_as_a_text_are_clean(scan_bytes, protocol, inside):
    report = scan_bytes("pickle_ops", loading(inside, protocol))
    assert (report.verdict, report.coverage) == (Verdict.CLEAN, Coverage.FULL), report


@pytest.mark.parametrize("before", [b"", LONG], ids=["short", "long"])
@pytest.mark.parametrize("protocol", range(5))
def test_a_pickle_in_them_is_examined(scan_bytes, protocol, before):
    report = scan_bytes("pickle_ops", loading(before + EVIL_4, protocol))
    assert report.verdict is Verdict.UNSAFE
    assert any("bytes at" in finding.location for finding in report.findings), report.findings


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encoded("a", "rot13"), id="another coding"),
        pytest.param(encoded("\u0100", "latin1"), id="a character that is no byte"),
        pytest.param(call("builtins", "bytes", text("a"), text("ascii")), id="made otherwise"),
        pytest.param(encoded("a", "latin1") + encoded("b", "latin1"), id="two of them"),
    ],
)
def test_what_comes_to_other_bytes_is_unsafe(scan_bytes, content):
    opcodes = b"ctorch.storage\n_load_from_bytes\n(" + content + b"tR"
    report = scan_bytes("pickle_ops", pickle(opcodes))
    assert report.verdict is not Verdict.CLEAN


def test_a_long_text_that_stands_for_no_bytes_is_not_covered(scan_bytes):
    pushed = stdlib_pickle.dumps("\u0100" * 100_000, protocol=2)[2:-1]
    opcodes = b"c_codecs\nencode\n(" + pushed + text("latin1") + b"tR"
    report = scan_bytes(
        "pickle_ops",
        pickle(b"ctorch.storage\n_load_from_bytes\n(" + opcodes + b"tR"),
    )
    assert report.verdict is Verdict.INCOMPLETE
    assert not [one for one in report.findings if one.severity >= Severity.MEDIUM]
