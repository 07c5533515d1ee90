from __future__ import annotations

import functools
import io
import pickle
import tracemalloc
import uuid
import zipfile
from pathlib import PurePath

import pytest

from scanning.sandbox import self_test
from scanning.scanners import Severity, Verdict, _light_pickletools, scanners

SYSTEM = b"cos\nsystem\n(S'true'\ntR."


def torch_zip(pickled: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("model/data.pkl", pickled)
        archive.writestr("model/version", "3")
    return made.getvalue()


@pytest.mark.parametrize("content", [SYSTEM, torch_zip(SYSTEM)], ids=["pickle", "torch"])
def test_a_dangerous_global_is_unsafe(scan_bytes, content):
    report = scan_bytes("picklescan", content)
    assert report.verdict is Verdict.UNSAFE
    assert {one.rule for one in report.findings} <= scanners.get("picklescan").rules.keys()


def test_values_alone_are_clean(scan_bytes):
    assert scan_bytes("picklescan", pickle.dumps({"a": [1, 2]})).verdict is Verdict.CLEAN


@pytest.mark.parametrize("value", [uuid.UUID(int=1), functools.partial(int, "1")], ids=repr)
def test_a_name_that_our_own_reading_knows_is_only_told(scan_bytes, value):
    report = scan_bytes("picklescan", pickle.dumps(value))
    assert report.verdict is Verdict.CLEAN
    assert [one.severity for one in report.findings] == [Severity.LOW]


def test_a_lookup_counts_where_it_is_not_known_what_it_finds(scan_bytes):
    looked_up = b"cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nV%s\ntR."
    assert scan_bytes("picklescan", looked_up % b"_unpickle").verdict is Verdict.CLEAN
    assert scan_bytes("picklescan", looked_up % b"clear_cache").verdict is Verdict.UNSAFE


@pytest.mark.parametrize("slug", ["picklescan", "modelscan"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_old_torch_files_of_any_protocol_are_left_to_our_own_reading(options, slug, protocol):
    """Raw numbers follow their pickles, which a library would take for broken ones."""
    head = pickle.dumps(0x1950A86A20F9469CFC6C, protocol) + pickle.dumps(1001, protocol)
    assert not scanners.get(slug)(options).handles(PurePath("pytorch_model.bin"), head)


def test_a_stream_that_breaks_off_is_incomplete(scan_bytes):
    content = pickle.dumps({"a": [1, 2]})[:-3]
    assert scan_bytes("picklescan", content).verdict is Verdict.INCOMPLETE


def test_a_member_that_it_only_logs_about_is_incomplete(scan_bytes):
    content = torch_zip(pickle.dumps({"a": "b" * 100})).replace(b"bbbb", b"cccc", 1)
    assert scan_bytes("picklescan", content).verdict is Verdict.INCOMPLETE
    content = bytearray(torch_zip(pickle.dumps({"a": "b" * 100})))
    content[content.index(b"PK\x01\x02") + 10] = 99  # a way to pack that nobody knows
    assert scan_bytes("picklescan", bytes(content)).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("slug", ["picklescan", "modelscan"])
def test_an_archive_that_a_library_raises_over_is_incomplete(scan_bytes, slug):
    content = torch_zip(pickle.dumps({"a": "b" * 100})).replace(b"PK\x01\x02", b"PK\x01\x03")
    assert scan_bytes(slug, content, "model.bin").verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("slug", ["picklescan", "modelscan"])
def test_lack_of_memory_is_told_as_such_and_not_as_a_broken_pickle(scan_bytes, slug, monkeypatch):
    def lacking(_stream):
        raise MemoryError

    monkeypatch.setattr(_light_pickletools, "_light_ops", lacking)
    with pytest.raises(MemoryError):
        scan_bytes(slug, pickle.dumps([1, 2]))


def test_long_values_are_passed_over_and_what_is_behind_them_is_read(tmp_path, options):
    path = tmp_path / "a.pkl"
    scanner = scanners.get("picklescan")(options)
    clean = pickle.dumps([b"x" * 40_000_000, "y" * 40_000_000, 1 << 9_000_000])
    for content, verdict in (
        (clean, Verdict.CLEAN),
        (clean[:-1] + pickle.dumps(1)[2:-1] + b"cos\nsystem\n.", Verdict.UNSAFE),
        (clean[:-2_000_000], Verdict.INCOMPLETE),
    ):
        path.write_bytes(content)
        tracemalloc.start()
        report = scanner.scan(path, path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.verdict is verdict
        assert peak < 10_000_000


def test_what_it_reads_only_in_part_is_not_given_to_it(options):
    scanner = scanners.get("picklescan")(options)
    assert not scanner.handles(PurePath("a.npy"), b"\x93NUMPY\x01\x00")
    assert not scanner.handles(PurePath("a.joblib"), b"\x80\x04NumpyArrayWrapper")


def test_it_flags_its_canary(options):
    assert self_test("picklescan", options) == ""
