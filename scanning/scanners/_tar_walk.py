"""A tar archive: its members, what stands behind them, and torch's oldest format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from scanning.scanners._tar_headers import Entry, TarReader
from scanning.scanners._window import Window
from scanning.scanners._zip_members import escape_finding, is_escaping
from scanning.scanners.base import MEBIBYTE, Severity

if TYPE_CHECKING:
    from scanning.scanners._containers import Walk

_TORCH = frozenset({"pickle", "storages", "tensors"})
_RAW = frozenset({"storages", "tensors"})
_MAX_BEHIND = 64 * MEBIBYTE


def walk_tar(walk: Walk, stream: BinaryIO, location: str, depth: int) -> None:
    reader = TarReader(stream)
    entries = []
    for entry in reader.entries():
        walk.count_member()
        entries.append(entry)
    _judge_names(walk, entries, location)
    is_torch = _TORCH.issubset(entry.name for entry in entries)
    for entry in entries:
        if entry.size and not (entry.is_directory or entry.is_link_or_device):
            _content(walk, stream, entry, location, depth=depth, is_torch=is_torch)
    for what in reader.faults:
        walk.gap(location, f"damaged tar: {what}")
    for what, evidence in reader.oddities.items():
        message = f"says of a member two things that readers choose from ({what})"
        walk.find("tar_contradictory", Severity.MEDIUM, message, evidence, location)
    _behind(walk, stream, reader.end, location, depth)


def _content(
    walk: Walk, stream: BinaryIO, entry: Entry, location: str, *, depth: int, is_torch: bool
) -> None:
    where = f"{location}!{entry.name}" if location else entry.name
    there = max(0, min(entry.size, stream.seek(0, os.SEEK_END) - entry.start))
    plain = Window(stream, entry.start, there).buffered()
    if entry.is_sparse:
        walk.gap(where, "a file with holes, of which only the pieces are looked at")
    if is_torch and entry.name in _RAW:
        walk.pickles(plain, where, raw_follows=True)
    else:
        walk.member(plain, where, depth)


def _judge_names(walk: Walk, entries: list[Entry], location: str) -> None:
    files: set[str] = set()
    for entry in entries:
        where = f"{location}!{entry.name}" if location else entry.name
        if is_escaping(entry.name):
            walk.findings.add(escape_finding(entry.name, where))
        if entry.is_link_or_device:
            message = "a member is a link or a device"
            evidence = f"{entry.name} -> {entry.link}"
            walk.find("archive_link", Severity.HIGH, message, evidence, where)
        name = entry.name.strip("/").removeprefix("./")
        if name in files and not entry.is_directory:
            message = "a member exists twice"
            walk.find("tar_duplicate", Severity.LOW, message, entry.name, where)
        files.add(name)


def _behind(walk: Walk, stream: BinaryIO, end: int, location: str, depth: int) -> None:
    """Readers stop at the first header they cannot read, or at zeros; others go on."""
    stream.seek(end)
    rest = stream.read(_MAX_BEHIND + 1)
    content = rest.lstrip(b"\x00")
    if len(rest) > _MAX_BEHIND:
        walk.gap(location, "too much behind the last member of a tar")
    if content:
        at = end + len(rest) - len(content)
        where = f"{location}!bytes at {at}".lstrip("!")
        message = "has bytes behind the last member of the tar archive"
        walk.find("tar_hidden_data", Severity.MEDIUM, message, f"{len(content)} bytes", where)
        walk.remainder(content, where, depth)
