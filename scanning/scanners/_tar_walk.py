"""A tar archive: its members, what stands behind them, and torch's oldest format."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, BinaryIO, cast

from scanning.scanners._zip_members import escape_finding, is_escaping
from scanning.scanners.base import MEBIBYTE, Severity

if TYPE_CHECKING:
    from scanning.scanners._containers import Walk

_TORCH = frozenset({"pickle", "storages", "tensors"})
_RAW = frozenset({"storages", "tensors"})
_BLOCK = 512
_MAX_BEHIND = 64 * MEBIBYTE


def walk_tar(walk: Walk, stream: BinaryIO, location: str, depth: int) -> None:
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        entries = _entries(walk, archive)
        is_torch = _TORCH.issubset(entry.name for entry in entries)
        for entry in entries:
            where = f"{location}!{entry.name}" if location else entry.name
            _judge_name(walk, entry, where)
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is None:
                continue
            plain = cast(BinaryIO, content)
            if is_torch and entry.name in _RAW:
                walk.pickles(plain, where, raw_follows=True)
            else:
                walk.member(plain, where, depth)
        end = archive.offset
    _behind(walk, stream, end, location, depth)


def _entries(walk: Walk, archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    entries = []
    for entry in archive:
        walk.count_member()
        entries.append(entry)
    return entries


def _judge_name(walk: Walk, entry: tarfile.TarInfo, where: str) -> None:
    if is_escaping(entry.name):
        walk.findings.append(escape_finding(entry.name, where))
    if not (entry.isfile() or entry.isdir()):
        evidence = f"{entry.name} -> {entry.linkname}"
        message = "a member is a link or a device"
        walk.find("archive_link", Severity.HIGH, message, evidence, where)


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
