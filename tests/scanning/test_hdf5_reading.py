"""HDF5: how much of it is read, what stands before it, and its checksums."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import BinaryIO, cast

import pytest

from scanning.scanners._tensors.hdf5_sums import lookup3
from scanning.scanners._tensors.kept_stream import KeptStream, ScatteredError
from scanning.scanners._tensors.keras import examine_hdf5
from scanning.scanners._tensors.notes import Notes
from scanning.scanners.base import Verdict
from tests.scanning import hdf5_files as h5

CHILDREN, APART = 500, 8192
BLOCK = 1024


class Counted(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.taken += len(content)
        return content


def file_of_links() -> bytes:
    """A root with links to objects all over the file, the last one first, each to one more."""
    order = [number * 211 % CHILDREN for number in range(CHILDREN)]
    near = h5.START + (CHILDREN // 4) * APART
    root = h5.header(*(h5.link(f"{n:04}", h5.q(near + APART * n)) for n in order))
    body = bytearray(near - h5.START + CHILDREN * APART)
    body[: len(root)] = root
    for place in range(CHILDREN):
        at = near - h5.START + place * APART
        further = h5.START + at + APART // 2
        child = h5.header(h5.link("a", h5.q(further)))
        body[at : at + len(child)] = child
        leaf = h5.header()
        body[at + APART // 2 : at + APART // 2 + len(leaf)] = leaf
    return h5.build(bytes(body))


def test_a_file_of_many_links_is_read_once():
    content = file_of_links()
    stream, notes = Counted(content), Notes()
    examine_hdf5(stream, notes)
    assert (list(notes.findings), notes.gaps) == ([], [])
    assert stream.taken < 1.2 * len(content)


def test_no_file_is_read_a_third_time(monkeypatch):
    monkeypatch.setattr("scanning.scanners._tensors.kept_stream.KEPT_BYTES", 4096)
    stream = Counted(bytes(4 << 20))
    kept = KeptStream(cast(BinaryIO, stream))

    def read_often() -> None:
        for number in range(3 * 1024):
            kept.seek(number * 4096 % len(stream.getvalue()))
            kept.read(8)

    with pytest.raises(ScatteredError):
        read_often()
    assert stream.taken <= 2 * len(stream.getvalue())


MODEL = h5.build(h5.header(h5.attribute("about", b"words")))
MATLAB = b"MATLAB 7.3 MAT-file, HDF5 schema 1.00 .".ljust(116) + bytes(8) + b"\0\2IM"


@pytest.mark.parametrize("front", [b"", b"Some words.\n", MATLAB], ids=["zeros", "text", "matlab"])
def test_a_block_of_the_users_is_inert_where_it_holds_text_or_nothing(scan_bytes, front):
    content = front.ljust(BLOCK, b"\0") + MODEL
    report = scan_bytes("keras", content, "weights.bin")
    assert (report.verdict, report.covered_bytes) == (Verdict.CLEAN, len(content))


@pytest.mark.parametrize(
    ("front", "verdict"),
    [
        (b"#!/bin/sh\ntrue\n", Verdict.SUSPICIOUS),
        (b"<?php true; ?>", Verdict.SUSPICIOUS),
        (b"\x01\x02\x03", Verdict.INCOMPLETE),
    ],
    ids=["script", "page", "bytes"],
)
def test_what_is_not_inert_before_hdf5_is_not_clean(scan_bytes, front, verdict):
    assert scan_bytes("keras", front.ljust(BLOCK, b"\0") + MODEL, "a.h5").verdict is verdict


def test_a_pickle_before_hdf5_is_unsafe(scan_bytes):
    front = b"cos\nsystem\n(S'true'\ntR.".ljust(BLOCK, b"\0")
    assert scan_bytes("polyglots", front + MODEL, "a.bin").verdict is Verdict.UNSAFE


def changed(content: bytes, mark: bytes, behind: int) -> bytes:
    at = content.index(mark) + behind
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


LINKS = h5.dense(0x02, 5, h5.link("near", h5.q(h5.START))[1])


@pytest.mark.parametrize(
    "change",
    [
        lambda: changed(MODEL, b"\x89HDF", 44),
        lambda: changed(MODEL, b"words", 0),
        lambda: changed(LINKS, b"FRHP", 30),
        lambda: changed(LINKS, b"BTLF", 6),
    ],
    ids=["superblock", "object", "heap", "index"],
)
def test_a_wrong_checksum_is_suspicious(scan_bytes, change: Callable[[], bytes]):
    report = scan_bytes("keras", change(), "weights.h5")
    assert report.verdict is Verdict.SUSPICIOUS
    assert {one.rule for one in report.findings} == {"hdf5_invalid"}


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", 0xDEADBEEF), (b"Four score and seven years ago", 0x17770551)],
)
def test_the_checksum_is_that_of_its_author(content, told):
    assert lookup3(content) == told
    assert h5.summed(content)[-4:] == struct.pack("<I", told)
