"""Walk into what holds pickles: zip, tar, gzip, bz2, xz, zlib, npy; content decides, not names."""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from scanning.scanners._numpy_header import read_numpy_header
from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_stream import examine_pickles, looks_like_pickle, search_pickles
from scanning.scanners._sniff import COMPRESSED, UNREADABLE_ARCHIVES, Kind, has_code_suffix, sniff
from scanning.scanners._unpacking import UNPACK_FAULTS, decompressed
from scanning.scanners._zip_members import (
    Member,
    is_escaping,
    member_head,
    read_members,
    unpacked,
    window,
)
from scanning.scanners.base import (
    HEAD_BYTES,
    MEBIBYTE,
    Finding,
    Report,
    ScannerOptions,
    Severity,
    conclude,
)

_SPOOL = 16 * MEBIBYTE
_TORCH_RAW = re.compile(
    r"(data/\d+|constants/\d+|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id)\Z"
)
_PROSE_SUFFIXES = frozenset({"", ".txt", ".md", ".rst", ".csv", ".tsv"})
_FAULTS = (*UNPACK_FAULTS, tarfile.TarError, zipfile.BadZipFile)
_WALKED = frozenset({Kind.ZIP, Kind.TAR, Kind.NPY, Kind.PICKLE}) | COMPRESSED | UNREADABLE_ARCHIVES


class BudgetError(Exception):
    """More bytes or members than may be unpacked."""


@dataclass(slots=True)
class Walk:
    """One examination of one file: what was found and what could not be looked at."""

    options: ScannerOptions
    findings: list[Finding] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    unpacked_bytes: int = 0
    members: int = 0

    def report(self) -> Report:
        return conclude(self.findings, self.gaps)

    def examine(self, stream: BinaryIO, location: str = "", depth: int = 0) -> None:
        """Look at a seekable stream of any kind; what is none of ours becomes a gap."""
        if depth > self.options.max_depth:
            self.gaps.append(f"{location}: nested deeper than {self.options.max_depth}")
            return
        stream.seek(0)
        kind = sniff(stream.read(HEAD_BYTES))
        stream.seek(0)
        try:
            self._by_kind(kind, stream, location, depth)
        except BudgetError as error:
            self.gaps.append(f"{location or 'file'}: {error}")
        except _FAULTS as error:
            self.gaps.append(f"{location or 'file'}: damaged {kind}: {error}")

    def _by_kind(self, kind: Kind, stream: BinaryIO, location: str, depth: int) -> None:
        if kind is Kind.ZIP:
            self._zip(stream, location, depth)
        elif kind is Kind.TAR:
            self._tar(stream, location, depth)
        elif kind is Kind.NPY:
            self._numpy(stream, location)
        elif kind in COMPRESSED:
            inner = f"{location}!{kind}".lstrip("!")
            with self._spooled(decompressed(kind, stream), inner) as plain:
                self.examine(plain, inner, depth + 1)
        elif kind in UNREADABLE_ARCHIVES:
            self.gaps.append(f"{location or 'file'}: {kind} archives are not covered")
        else:
            self._pickles(stream, location)
            self._zip_behind(stream, location, depth)

    def _pickles(self, stream: BinaryIO, location: str, *, raw_follows: bool = False) -> None:
        judge = Judge(location)
        examine_pickles(stream, judge, raw_follows=raw_follows)
        self._take(judge)

    def _guess(self, stream: BinaryIO, location: str) -> None:
        """Look for pickles in bytes that their loader reads as raw numbers."""
        judge = Judge(location, is_speculative=True)
        search_pickles(stream, judge, 0)
        self._take(judge)

    def _take(self, judge: Judge) -> None:
        self.findings += judge.findings.values()
        self.gaps += judge.gaps

    def _zip_behind(self, stream: BinaryIO, location: str, depth: int) -> None:
        """A zip behind a pickle is opened by every reader that starts from the end."""
        stream.seek(0)
        if zipfile.is_zipfile(stream):
            message = "is a pickle and a zip archive at once"
            self.findings.append(
                Finding("polyglot", Severity.MEDIUM, message, "zip directory at the end", location)
            )
            self._zip(stream, location, depth)

    def _numpy(self, stream: BinaryIO, location: str) -> None:
        if read_numpy_header(stream).has_objects:
            self._pickles(stream, location)

    def _zip(self, stream: BinaryIO, location: str, depth: int) -> None:
        members, findings = read_members(stream)
        self.findings += findings
        roots = {m.name.removesuffix("data.pkl") for m in members if m.name.endswith("/data.pkl")}
        for member in members:
            self._count_member()
            where = f"{location}!{member.name}" if location else member.name
            self._zip_member(stream, member, where, depth, _inside(member.name, roots))

    def _zip_member(
        self, stream: BinaryIO, member: Member, where: str, depth: int, torch_path: str
    ) -> None:
        if member.problem or member.method not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            self.gaps.append(f"{where}: {member.problem or f'packing method {member.method}'}")
            return
        try:
            head = member_head(stream, member)
        except _FAULTS as error:
            self.gaps.append(f"{where}: damaged: {error}")
            return
        if self._is_settled(head, where, torch_path):
            return
        with self._open(stream, member, where) as plain:
            if _TORCH_RAW.match(torch_path):
                self._guess(plain, where)
            else:
                self.examine(plain, where, depth + 1)

    def _open(self, stream: BinaryIO, member: Member, where: str) -> BinaryIO:
        if member.is_stored:
            return cast(BinaryIO, io.BufferedReader(window(stream, member)))
        return self._spooled(unpacked(stream, member), where)

    def _is_settled(self, head: bytes, where: str, torch_path: str) -> bool:
        """Whether head and name are enough; else the member is ours to walk into."""
        kind = sniff(head)
        if _TORCH_RAW.match(torch_path):
            return kind is not Kind.PICKLE
        if kind in _WALKED or looks_like_pickle(head):
            return False
        self._settle(kind, where, torch_path)
        return True

    def _settle(self, kind: Kind, where: str, torch_path: str) -> None:
        """Accept prose, images and TorchScript source; report code; the rest is a gap."""
        name = PurePosixPath(where)
        if kind is Kind.TEXT and torch_path.startswith("code/"):
            return
        if has_code_suffix(name) or kind is Kind.EXECUTABLE:
            message = "carries code inside an archive"
            finding = Finding("archived_code", Severity.MEDIUM, message, str(kind), where)
            self.findings.append(finding)
            return
        is_prose = kind is Kind.TEXT and name.suffix.lower() in _PROSE_SUFFIXES
        if not is_prose and kind not in {Kind.EMPTY, Kind.IMAGE}:
            self.gaps.append(f"{where}: {kind} inside an archive is not covered")

    def _tar(self, stream: BinaryIO, location: str, depth: int) -> None:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            entries = archive.getmembers()
            legacy = {"pickle", "storages", "tensors"} <= {entry.name for entry in entries}
            for entry in entries:
                self._count_member()
                where = f"{location}!{entry.name}" if location else entry.name
                self._tar_name(entry, where)
                content = archive.extractfile(entry) if entry.isfile() else None
                if content is None:
                    continue
                plain = cast(BinaryIO, content)
                if legacy and entry.name in {"storages", "tensors"}:
                    self._pickles(plain, where, raw_follows=True)
                else:
                    self._tar_member(plain, where, depth)

    def _tar_member(self, stream: BinaryIO, where: str, depth: int) -> None:
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
        if not self._is_settled(head, where, ""):
            self.examine(stream, where, depth + 1)

    def _tar_name(self, entry: tarfile.TarInfo, where: str) -> None:
        if is_escaping(entry.name):
            message = "a member would be written outside of the folder it is unpacked to"
            finding = Finding("archive_escape", Severity.HIGH, message, entry.name, where)
            self.findings.append(finding)
        if not (entry.isfile() or entry.isdir()):
            message = "a member is a link or a device"
            evidence = f"{entry.name} -> {entry.linkname}"
            self.findings.append(Finding("archive_link", Severity.HIGH, message, evidence, where))

    def _count_member(self) -> None:
        self.members += 1
        if self.members > self.options.max_members:
            raise BudgetError(f"more than {self.options.max_members} members")

    def _spooled(self, pieces: Iterable[bytes], where: str) -> BinaryIO:
        """Unpacked bytes as a seekable file; damage is a gap, and what came before is examined."""
        spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 the caller closes it
            max_size=_SPOOL, dir=str(self.options.scratch)
        )
        try:
            for piece in pieces:
                self.unpacked_bytes += len(piece)
                if self.unpacked_bytes > self.options.max_unpacked_bytes:
                    self.gaps.append(f"{where}: unpacks to more than is examined")
                    break
                spool.write(piece)
        except UNPACK_FAULTS as error:
            self.gaps.append(f"{where}: damaged: {error}")
        spool.seek(0)
        return cast(BinaryIO, spool)


def _inside(name: str, roots: set[str]) -> str:
    """Path inside the torch archive that the member belongs to; '' when it is in none."""
    return next((name.removeprefix(root) for root in roots if name.startswith(root)), "")
