"""Which bytes of a file are there: spans, our record of them beside the file, and aria2's."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import orjson

from core.storage.faults import local_faults

PIECE: Final = 1 << 20
BLOCK: Final = 16 << 10  # aria2 notes the parts of a piece in blocks
_HEAD: Final = struct.Struct(">HII")
_BODY: Final = struct.Struct(">IQQI")
Span = tuple[int, int]


class Spans:
    """Disjoint spans [first, end) in order."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans: list[Span] = []
        for first, end in spans:
            self.add(first, end)

    def add(self, first: int, end: int) -> None:
        """Take in a span; what touches it becomes one with it."""
        if first >= end:
            return
        kept = []
        for one in self._spans:
            if one[1] < first or one[0] > end:
                kept.append(one)
            else:
                first, end = min(first, one[0]), max(end, one[1])
        kept.append((first, end))
        self._spans = sorted(kept)

    def missing(self, size: int) -> list[Span]:
        """Give what lacks to `size` bytes, in order."""
        gaps, at = [], 0
        for first, end in self._spans:
            if first > at:
                gaps.append((at, min(first, size)))
            at = max(at, end)
        if at < size:
            gaps.append((at, size))
        return [gap for gap in gaps if gap[0] < gap[1]]

    @property
    def total(self) -> int:
        return sum(end - first for first, end in self._spans)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)


def control_file(staging: Path) -> Path:
    """Return where aria2 notes which pieces it has; while it exists, the file has holes."""
    return staging.with_name(staging.name + ".aria2")


def record_file(staging: Path) -> Path:
    """Return where our own downloader notes which spans it has; it means the same."""
    return staging.with_name(staging.name + ".spans")


def save_record(staging: Path, spans: Spans, size: int) -> None:
    """Write which bytes are there; an older or this record is seen, never a part of one."""
    path = record_file(staging)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(orjson.dumps({"size": size, "spans": list(spans)}))
    fresh.replace(path)


def known_spans(staging: Path, size: int) -> Spans | None:
    """Read what is there by our record and aria2's; None when neither can be used.

    Both may stand beside a file when somebody died between the two: then each is right.
    """
    found = [
        spans
        for spans in (
            _read_record(record_file(staging), size),
            read_control(control_file(staging), size),
        )
        if spans is not None
    ]
    if not found:
        return None
    length = staging.stat().st_size if staging.exists() else 0
    return Spans((first, min(end, length)) for spans in found for first, end in spans)


def _read_record(path: Path, size: int) -> Spans | None:
    try:
        told = orjson.loads(path.read_bytes())
        spans = [(int(first), int(end)) for first, end in told["spans"]]
        whole = told["size"] == size and all(0 <= a <= b <= size for a, b in spans)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Spans(spans) if whole else None


def read_control(path: Path, size: int) -> Spans | None:
    """Read the control file of aria2 (its format 1); None for another file or another length."""
    try:
        data = path.read_bytes()
        version, _, hash_length = _HEAD.unpack_from(data)
        at = _HEAD.size + hash_length
        piece, total, _, field_length = _BODY.unpack_from(data, at)
        at += _BODY.size
        if version != 1 or total != size or piece <= 0 or at + field_length > len(data):
            return None
        spans = _pieces(data[at : at + field_length], piece, size)
        _add_begun(spans, data, at + field_length, piece, size)
    except (OSError, struct.error):
        return None
    return spans


def _pieces(field: bytes, piece: int, size: int) -> Spans:
    return Spans(
        (index * piece, min((index + 1) * piece, size))
        for index in _bits(field)
        if index * piece < size
    )


def _bits(field: bytes) -> Iterator[int]:
    for place, byte in enumerate(field):
        for bit in range(8) if byte else ():
            if byte & (0x80 >> bit):
                yield place * 8 + bit


def _add_begun(spans: Spans, data: bytes, at: int, piece: int, size: int) -> None:
    """Add the blocks of pieces that aria2 has begun."""
    (count,) = struct.unpack_from(">I", data, at)
    at += 4
    for _ in range(count):
        index, length, field_length = struct.unpack_from(">III", data, at)
        at += 12
        for block in _bits(data[at : at + field_length]):
            first = index * piece + block * BLOCK
            spans.add(first, min(first + BLOCK, index * piece + length, size))
        at += field_length


def write_control(staging: Path, spans: Spans, size: int) -> None:
    """Tell aria2 which whole pieces are there, so that it goes on where another downloader was."""
    count = -(-size // PIECE)
    field = bytearray(-(-count // 8))
    for first, end in spans:
        last = count if end >= size else end // PIECE
        for index in range(-(-first // PIECE), last):
            field[index // 8] |= 0x80 >> index % 8
    told = _HEAD.pack(1, 0, 0) + _BODY.pack(PIECE, size, 0, len(field)) + bytes(field)
    path = control_file(staging)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(told + struct.pack(">I", 0))
    fresh.replace(path)


def hand_to_aria2(staging: Path, size: int) -> None:
    """Turn our record into a control file of aria2, so that it goes on where we were."""
    with local_faults(f"Staging file {staging.name}"):
        if not record_file(staging).exists():
            return
        spans = known_spans(staging, size)
        staging.touch(mode=0o600)
        write_control(staging, spans or Spans(), size)
        record_file(staging).unlink(missing_ok=True)
