"""Parquet, Arrow, UBJSON and CatBoost, written by hand: none of their libraries is needed."""

from __future__ import annotations

import base64
import struct
from pathlib import PurePath

import pytest

from scanning.sandbox import self_test
from scanning.scanners import Verdict, scanners
from tests.scanning.archives import zipped

_TYPE = b"ARROW:extension:name\x00arrow.py_extension_type"


def _key(name: str) -> bytes:
    return b"L" + struct.pack(">q", len(name)) + name.encode()


def _text(value: str) -> bytes:
    return b"S" + _key(value)


def _numbers(*values: float) -> bytes:
    count = struct.pack(">q", len(values))
    return b"[$d#L" + count + struct.pack(f">{len(values)}f", *values)


def _model(*more: bytes) -> bytes:
    nested = b"{" + _key("name") + _text("gbtree") + _key("flag") + b"T" + b"}"
    counted = _key("trees") + b"[#i\x02" + b"{" + _key("a") + b"Z}" + b"{#i\x01" + _key("b") + b"F"
    mixed = b"[" + b"i\x05" + b"N" + _text("x") + b"[]" + b"]"
    return (
        b"{" + _key("learner") + nested + _key("weights") + _numbers(0.5, 1.5)
        + _key("mixed") + mixed + counted + b"".join(more) + b"}"
    )  # fmt: skip


def _parquet(schema: bytes) -> bytes:
    """The end is a struct of Thrift: a version, and a text of any bytes."""
    size = bytes([len(schema) & 0x7F | 0x80, len(schema) >> 7])
    footer = b"\x15\x02" + b"\x18" + size + schema + b"\x00"
    return b"PAR1" + bytes(64) + footer + struct.pack("<I", len(footer)) + b"PAR1"


def _arrow(schema: bytes) -> bytes:
    """The end is a FlatBuffer, here of a table without fields."""
    footer = struct.pack("<IHHi", 8, 4, 4, 4) + schema
    return b"ARROW1\x00\x00" + bytes(64) + footer + struct.pack("<I", len(footer)) + b"ARROW1"


def _packed_schema(schema: bytes) -> bytes:
    return b"\x19\x1cARROW:schema\x18\x40" + base64.b64encode(bytes(40) + schema) + b"\x00"


def _message(kind: int, body: int = 0) -> bytes:
    """One of a stream of Arrow, with as many numbers as it says."""
    table = struct.pack("<I6H", 16, 12, 16, 0, 4, 0, 8) + struct.pack("<iBxxxq", 12, kind, body)
    return b"\xff\xff\xff\xff" + struct.pack("<I", len(table)) + table + bytes(max(0, body))


def _orc(footer: int) -> bytes:
    script = b"\x08" + bytes([footer]) + b"\x82\xf4\x03\x03ORC"
    return b"ORC" + bytes(20) + script + bytes([len(script)])


TABLES = {
    "parquet": (_parquet(b"schema"), Verdict.CLEAN),
    "parquet with a plain type": (_parquet(_packed_schema(b"arrow.uuid")), Verdict.CLEAN),
    "parquet with a pickled type": (_parquet(_packed_schema(_TYPE)), Verdict.UNSAFE),
    "parquet, cut short": (_parquet(b"schema")[:-9], Verdict.SUSPICIOUS),
    "parquet that is a zip too": (
        _parquet(b"schema") + zipped({"a.txt": b"x"}), Verdict.SUSPICIOUS
    ),
    "arrow": (_arrow(b"schema"), Verdict.CLEAN),
    "arrow with a pickled type": (_arrow(_TYPE), Verdict.UNSAFE),
    "stream with a pickled type": (
        b"\xff\xff\xff\xff" + struct.pack("<I", len(_TYPE)) + _TYPE, Verdict.UNSAFE
    ),
    "stream": (_message(1) + _message(3, 16), Verdict.CLEAN),
    "stream with its end": (_message(1) + b"\xff\xff\xff\xff" + bytes(4), Verdict.CLEAN),
    "stream of zeros": (
        b"\xff\xff\xff\xff" + struct.pack("<I", 8) + bytes(40), Verdict.SUSPICIOUS
    ),
    "stream without a schema": (_message(3, 16), Verdict.SUSPICIOUS),
    "stream, cut short": (_message(1) + _message(3, 16)[:-1], Verdict.SUSPICIOUS),
    "stream with bytes behind": (
        _message(1) + b"\xff\xff\xff\xff" + bytes(4) + b"cos\n", Verdict.SUSPICIOUS
    ),
    "stream with a body below zero": (_message(1, -40), Verdict.SUSPICIOUS),
    "orc": (_orc(5), Verdict.CLEAN),
    "orc with a long end": (_orc(99), Verdict.SUSPICIOUS),
    "orc, cut short": (_orc(5)[:-1], Verdict.SUSPICIOUS),
}  # fmt: skip
BOOSTERS = {
    "xgboost": (_model(), Verdict.CLEAN),
    "xgboost with bytes behind": (_model() + b"cos\nsystem\n", Verdict.SUSPICIOUS),
    "xgboost, cut short": (_model()[:-3], Verdict.SUSPICIOUS),
    "a length below zero": (
        _model(b"L" + struct.pack(">q", -1) + b"x" + b"T"), Verdict.SUSPICIOUS
    ),
    "a type that is none": (_model(_key("x") + b"?"), Verdict.SUSPICIOUS),
    "an array of arrays without end": (_model(_key("x") + b"[" * 500), Verdict.SUSPICIOUS),
    "catboost": (b"CBM1" + struct.pack("<I", 16) + bytes(40), Verdict.CLEAN),
    "catboost with a false size": (b"CBM1" + struct.pack("<I", 99) + bytes(40), Verdict.SUSPICIOUS),
}  # fmt: skip


@pytest.mark.parametrize(("content", "verdict"), TABLES.values(), ids=TABLES)
def test_tables_are_clean_but_for_types_that_are_pickles(scan_bytes, content, verdict):
    report = scan_bytes("column_files", content, "table.arrow")
    assert report.verdict is verdict, (report.findings, report.detail)
    assert {one.rule for one in report.findings} <= scanners.get("column_files").rules.keys()


@pytest.mark.parametrize(("content", "verdict"), BOOSTERS.values(), ids=BOOSTERS)
def test_boosters_are_held_to_their_lengths(scan_bytes, content, verdict):
    report = scan_bytes("boosters", content, "model.ubj")
    assert report.verdict is verdict, (report.findings, report.detail)
    assert {one.rule for one in report.findings} <= scanners.get("boosters").rules.keys()


def test_what_xgboost_writes_is_no_pickle_by_any_name(options):
    engine = scanners.get("pickle_ops")(options)
    assert not engine.handles(PurePath("model.bin"), _model())
    assert engine.handles(PurePath("model.bin"), b"{" + _model())


@pytest.mark.parametrize("slug", ["column_files", "boosters"])
def test_each_flags_its_canary(options, slug):
    assert self_test(slug, options) == ""
