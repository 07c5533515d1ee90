"""Walk into what holds pickles, whatever its name says; what is none of ours goes to its engine."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from scanning.scanners._decoders import UNPACK_FAULTS
from scanning.scanners._delegates import Delegates
from scanning.scanners._image_ends import own_chunks, picture_end
from scanning.scanners._kept import Kept
from scanning.scanners._media_ends import media_end, own_parts
from scanning.scanners._numpy_header import read_numpy_header
from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_stream import examine_pickles, looks_like_pickle, run_one
from scanning.scanners._sevenzip import walk_sevenzip
from scanning.scanners._sniff import COMPRESSED, UNREADABLE_ARCHIVES, Kind, has_code_suffix, sniff
from scanning.scanners._tar_walk import walk_tar
from scanning.scanners._unpacking import decompressed
from scanning.scanners._window import Window
from scanning.scanners._zip_directory import has_directory
from scanning.scanners._zip_members import bomb_finding, is_bomb
from scanning.scanners._zip_walk import walk_zip
from scanning.scanners.base import (
    HEAD_BYTES,
    MAX_FINDINGS,
    MEBIBYTE,
    Finding,
    Report,
    ScannerOptions,
    Severity,
    Verdict,
    conclude,
)

_PICTURE_HEAD = 8
_PADDING = b"\x00\r\n\t "
_SPOOL = 16 * MEBIBYTE
_REMAINDER = 64 * MEBIBYTE
_MOST_OF_ONE_PACKING = 1100  # times: what deflate can do once; more is packed within packed
_PROSE_SUFFIXES = frozenset({"", ".txt", ".md", ".rst", ".csv", ".tsv"})
_FAULTS = (*UNPACK_FAULTS, tarfile.TarError)
SHOWN = frozenset({Kind.IMAGE, Kind.MEDIA})
WALKED = frozenset({Kind.ZIP, Kind.TAR, Kind.NPY, Kind.PICKLE, Kind.SEVENZIP}) | COMPRESSED


class BudgetError(Exception):
    """More bytes or members than may be unpacked."""


@dataclass(slots=True)
class Walk:
    """One examination of one file: what was found and what could not be looked at."""

    options: ScannerOptions
    findings: Kept = field(default_factory=Kept)
    gaps: list[str] = field(default_factory=list)
    unpacked_bytes: int = 0
    members: int = 0
    delegates: Delegates | None = None

    def report(self, size: int) -> Report:
        covered = None if self.gaps else size
        if self.unpacked_bytes > max(_SPOOL, size * _MOST_OF_ONE_PACKING):
            self.findings.add(bomb_finding(size, self.unpacked_bytes, ""))
        return conclude(self.findings, self.gaps, covered_bytes=covered)

    def find(
        self, rule: str, severity: Severity, message: str, evidence: str, location: str
    ) -> None:
        self.findings.add(Finding(rule, severity, message, evidence[:500], location))

    def found_inside(self, finding: Finding, location: str) -> None:
        where = f"{location}!{finding.location}" if location else finding.location
        self.findings.add(replace(finding, location=where.strip("!")))

    def gap(self, where: str, reason: str) -> None:
        if len(self.gaps) < MAX_FINDINGS:
            self.gaps.append(f"{where or 'file'}: {reason}")

    def examine(self, stream: BinaryIO, location: str = "", depth: int = 0) -> None:
        """Look at a seekable stream of any kind; what is none of ours becomes a gap."""
        if depth > self.options.max_depth:
            self.gap(location, f"nested deeper than {self.options.max_depth}")
            return
        stream.seek(0)
        head = stream.read(HEAD_BYTES)
        kind = sniff(head)
        stream.seek(0)
        try:
            self._by_kind(kind, stream, location, depth)
            if kind in WALKED and kind is not Kind.PICKLE:
                self.second_nature(stream, location, kind)
        except BudgetError as error:
            self.gap(location, str(error))
        except _FAULTS as error:
            self.gap(location, f"damaged {kind}: {error}")

    def _by_kind(self, kind: Kind, stream: BinaryIO, location: str, depth: int) -> None:
        walkers: dict[Kind, Callable[[Walk, BinaryIO, str, int], None]] = {
            Kind.ZIP: walk_zip,
            Kind.TAR: walk_tar,
            Kind.SEVENZIP: walk_sevenzip,
        }
        if kind in walkers:
            walkers[kind](self, stream, location, depth)
        elif kind in COMPRESSED:
            self._compressed(kind, stream, location, depth)
        elif kind in UNREADABLE_ARCHIVES:
            self.gap(location, f"{kind} archives are not covered")
        elif kind is Kind.NPY:
            self._numpy(stream, location, depth)
        else:
            self.pickles(stream, location)
            self.zip_behind(stream, location, depth)

    def _compressed(self, kind: Kind, stream: BinaryIO, location: str, depth: int) -> None:
        inner = f"{location}!{kind}".lstrip("!")
        packed = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        with self.spooled(decompressed(kind, stream), inner, packed=packed) as plain:
            self.member(plain, inner, depth)

    def pickles(self, stream: BinaryIO, location: str, *, raw_follows: bool = False) -> None:
        judge = Judge(location)
        examine_pickles(stream, judge, raw_follows=raw_follows)
        self._take(judge)

    def second_nature(self, stream: BinaryIO, location: str, kind: Kind) -> None:
        """Whether bytes with a format of their own are also a pickle, to who does not ask."""
        judge = Judge(location, is_speculative=True)
        stream.seek(0)
        if run_one(stream, judge) and (judge.findings or judge.gaps):
            if kind not in {Kind.UNKNOWN, Kind.TEXT}:
                message = "is a pickle too, to a reader that does not ask what it is"
                self.find("polyglot", Severity.MEDIUM, message, f"{kind} and pickle", location)
            self._take(judge)

    def _take(self, judge: Judge) -> None:
        self.findings.extend(judge.findings)
        self.gaps += judge.gaps[: MAX_FINDINGS - len(self.gaps)]
        for where, archive in judge.archives:
            if where.count("bytes at ") > self.options.max_depth:
                self.gap(where, f"nested deeper than {self.options.max_depth}")
            else:
                self.examine(archive, where, 1)

    def zip_behind(self, stream: BinaryIO, location: str, depth: int) -> None:
        """A zip behind something else is opened by every reader that starts from the end."""
        if has_directory(stream):
            message = "is a zip archive too, to a reader that starts from the end"
            self.find("polyglot", Severity.MEDIUM, message, "zip directory at the end", location)
            walk_zip(self, stream, location, depth)

    def _numpy(self, stream: BinaryIO, location: str, depth: int) -> None:
        header = read_numpy_header(stream)
        if header.has_objects:
            self.pickles(stream, location)
        elif header.data_size is not None:
            end = stream.tell() + header.data_size
            behind = stream.seek(0, io.SEEK_END) - end
            if behind:
                message = "has another size than its header says"
                self.find("numpy_size", Severity.MEDIUM, message, f"{behind:+} bytes", location)
            if 0 < behind <= _REMAINDER:
                stream.seek(end)
                where = f"{location}!bytes at {end}".lstrip("!")
                self.remainder(stream.read(behind), where, depth)
        self.zip_behind(stream, location, depth)

    def behind_picture(self, stream: BinaryIO, location: str, depth: int) -> None:
        """What no viewer shows is carried along for someone else: code in the repository."""
        end = media_end(stream) or picture_end(stream)
        for at, size in (*own_chunks(stream), *own_parts(stream)):
            part = Window(stream, at, size).buffered()
            self.second_nature(part, f"{location}!chunk at {at}".lstrip("!"), Kind.UNKNOWN)
        start = _PICTURE_HEAD if end is None else end
        stream.seek(start)
        content = stream.read(_REMAINDER).lstrip(_PADDING)
        if not content:
            return
        kind = sniff(content[:HEAD_BYTES])
        is_known = kind in WALKED or kind in {Kind.EXECUTABLE, Kind.TEXT}
        severity = Severity.MEDIUM if is_known and end is not None else Severity.LOW
        message = "has no end" if end is None else "has bytes behind its end, which nobody shows"
        evidence = f"{len(content)} bytes at {start}, {kind}"
        self.find("picture_hidden_data", severity, message, evidence, location)
        where = f"{location}!bytes at {start}".lstrip("!")
        self.remainder(content, where, depth)

    def member(self, stream: BinaryIO, where: str, depth: int) -> None:
        """A file inside of this one: walked into, or given to the engine of its format."""
        stream.seek(0)
        head = stream.read(HEAD_BYTES)
        kind = sniff(head)
        if kind in WALKED or looks_like_pickle(head, positive=kind is not Kind.UNKNOWN):
            self.examine(stream, where, depth + 1)
        elif kind is not Kind.EMPTY:
            self._settle(stream, kind, where)
            self.second_nature(stream, where, kind)
            self.zip_behind(stream, where, depth)
            if kind in SHOWN:
                self.behind_picture(stream, where, depth)

    def remainder(self, content: bytes, where: str, depth: int) -> None:
        """Bytes that no format accounts for, and that have been reported as that."""
        kind = sniff(content[:HEAD_BYTES])
        if kind in WALKED:
            self.examine(io.BytesIO(content), where, depth + 1)
        else:
            judge = Judge(where)
            examine_pickles(io.BytesIO(content), judge)
            self.findings.extend(judge.findings)

    def _settle(self, stream: BinaryIO, kind: Kind, where: str) -> None:
        """Ask the engines of other formats; code is reported, and what nobody knows is a gap."""
        name = PurePosixPath(where.rpartition("!")[2])
        if has_code_suffix(name) or kind is Kind.EXECUTABLE:
            message = "carries code inside an archive"
            self.find("archived_code", Severity.MEDIUM, message, str(kind), where)
        if self.delegates is None:
            self.delegates = Delegates(self.options)
        reports = self.delegates.reports(stream, name)
        for report in reports:
            for finding in report.findings:
                self.found_inside(finding, where)
            if report.verdict is Verdict.INCOMPLETE:
                self.gap(where, report.detail)
        if not reports and kind is not Kind.EXECUTABLE:
            self.gap(where, f"{kind} inside an archive is not covered")

    def count_member(self) -> None:
        self.members += 1
        if self.members > self.options.max_members:
            raise BudgetError(f"more than {self.options.max_members} members")

    def spooled(self, pieces: Iterable[bytes], where: str, *, packed: int) -> BinaryIO:
        """Unpacked bytes as a seekable file; damage is a gap, and what came before is examined."""
        spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 the caller closes it
            max_size=_SPOOL, dir=str(self.options.scratch)
        )
        size = 0
        try:
            for piece in pieces:
                size += len(piece)
                self.unpacked_bytes += len(piece)
                if self.unpacked_bytes > self.options.max_unpacked_bytes:
                    self.gap(where, "unpacks to more than is examined")
                    break
                spool.write(piece)
        except UNPACK_FAULTS as error:
            self.gap(where, f"damaged: {error}")
        if is_bomb(packed, size):
            self.findings.add(bomb_finding(packed, size, where))
        spool.seek(0)
        return cast(BinaryIO, spool)
