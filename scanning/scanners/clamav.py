"""ClamAV through clamd: every byte against the signatures, streamed over a socket."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import BinaryIO

import pyclamd  # type: ignore[import-untyped]

from core.errors import ScanFailedError
from scanning.scanners._clamd_limits import (
    EICAR,
    LIMITS,
    SMALLEST,
    admits_limits,
    is_about_size,
    looks_at,
    smaller_cut,
)
from scanning.scanners._clamd_stream import Answer, Cut, connected, stream_windows
from scanning.scanners.base import (
    MEBIBYTE,
    Canary,
    ClamdAddress,
    Coverage,
    Finding,
    Report,
    Rule,
    Scanner,
    Severity,
    Signatures,
    Verdict,
    conclude,
    scanners,
)

CLAMD_CEILING = 2_147_483_645  # clamd reads no file further, whatever its configuration says
# A line of a signature database ends after 32 kB in hexadecimal: 16 kB of bytes that must follow
# each other. The overlap is a thousand times that, for parts of one with gaps between them.
CUT = Cut(window=512 * MEBIBYTE, overlap=16 * MEBIBYTE)
UNCUT = Cut(window=2048 * MEBIBYTE, overlap=0)
_PING_TIMEOUT = 10.0
_FOUND = re.compile(r"stream: (?P<name>.+) FOUND\Z")
_DATE = "%a %b %d %H:%M:%S %Y"
_CLEAN = "stream: OK"
_NOT_COVERED = (LIMITS, "Heuristics.Encrypted")


@scanners.register
class ClamAv(Scanner):
    """Unsafe with the signature's name; a limit that was hit, an error or silence is incomplete."""

    slug = "clamav"
    title = "ClamAV"
    rules = {
        "clamav_signature": Rule(
            "Matches a signature of malware", "https://cwe.mitre.org/data/definitions/506.html"
        )
    }
    understands_formats = False
    is_foreign = True
    needs_network = True
    tells_all = False

    @property
    def engine(self) -> str:
        """clamd's version with the number of its signatures; ScanFailedError when it is away."""
        return read_version(self._version())[0]

    def signatures(self) -> Signatures:
        return read_version(self._version())[1]

    def _version(self) -> str:
        if self.options.clamd is None:
            raise ScanFailedError("clamd is not configured")
        try:
            return str(_client(self.options.clamd).version())
        except OSError as error:
            message = f"clamd at {self.options.clamd} does not tell its version"
            raise ScanFailedError(message) from error

    def canary(self) -> Canary:
        return Canary("eicar.com", EICAR)

    def handles(self, path: PurePath, head: bytes) -> bool:
        return bool(head)

    def unavailable(self) -> str:
        if self.options.clamd is None:
            return "clamd is not configured"
        try:
            _client(self.options.clamd).ping()
        except OSError as error:
            return f"clamd at {self.options.clamd} does not answer: {error}"
        return ""

    def scan(self, path: Path, name: PurePath) -> Report:
        if self.options.clamd is None:
            return Report.incomplete("clamd is not configured")
        try:
            with path.open("rb") as file:
                return self._stream(self.options.clamd, file)
        except OSError as error:
            return Report.incomplete(f"clamd went away: {error}")

    def _stream(self, address: ClamdAddress, file: BinaryIO) -> Report:
        """A file at once where clamd can, for what is only told of a whole one; else in windows."""
        size = file.seek(0, os.SEEK_END)
        cut = UNCUT if size <= CLAMD_CEILING else CUT
        timeout = self.options.clamd_timeout
        said = self._said(address, file, cut)
        report = _fold(said, size)
        sent = min(size, cut.window)
        if any(is_about_size(one.reply) for one in said):
            other = smaller_cut(address, sent, timeout)
            return _fold(self._said(address, file, other), size) if other else report
        if report.verdict is not Verdict.CLEAN or admits_limits(address, timeout):
            return report
        return self._with_silent(address, file, size, report)

    def _with_silent(
        self, address: ClamdAddress, file: BinaryIO, size: int, report: Report
    ) -> Report:
        """An OK of a clamd that does not admit limits is believed as far as it is known to look."""
        if not looks_at(address, SMALLEST.window, self.options.clamd_timeout):
            gap = "clamd: says OK to what it leaves out (AlertExceedsMax is off)"
            return Report.incomplete(gap, Coverage.PARTIAL)
        if size <= SMALLEST.window:
            return report
        return _fold(self._said(address, file, SMALLEST), size)

    def _said(self, address: ClamdAddress, file: BinaryIO, cut: Cut) -> list[Answer]:
        """Answers by window, to the first finding."""
        timeout, connections = self.options.clamd_timeout, self.options.clamd_connections
        said = []
        file.seek(0)
        for answer in stream_windows(address, file, cut, timeout, connections):
            said.append(answer)
            if read_reply(answer.reply).findings:
                break
        return said


def _fold(said: Sequence[Answer], size: int) -> Report:
    """The report on a file of `size` bytes from what was said of its windows."""
    reports = [(read_reply(one.reply), one.fresh) for one in said]
    findings = [finding for report, _ in reports for finding in report.findings]
    gaps = [report.detail for report, _ in reports if report.verdict is Verdict.INCOMPLETE]
    looked_at = sum(fresh for report, fresh in reports if report.verdict is Verdict.CLEAN)
    if not findings and not gaps and looked_at != size:
        gaps = [f"of {size} bytes {looked_at} could be sent"]
    return conclude(findings, gaps, covered_bytes=looked_at)


def read_version(answer: str) -> tuple[str, Signatures]:
    """Engine and signatures from clamd's word: `ClamAV 1.4/27831/Sat Nov 21 07:00:12 2026`.

    The time is clamd's own, taken as UTC: ages are of days. Local signatures alone have none.
    """
    if not answer.startswith("ClamAV"):
        raise ScanFailedError(f"what listens there is no clamd: {answer[:80]!r}")
    program, number, date = [*answer.split("/", 2), "", ""][:3]
    engine = "/".join([program.replace(" ", "/"), number]).rstrip("/")
    try:
        made_at = datetime.strptime(" ".join(date.split()), _DATE).replace(tzinfo=UTC)
    except ValueError:
        made_at = None
    return engine, Signatures(number, made_at)


def read_reply(reply: str) -> Report:
    """Only `stream: OK` is clean; anything that is not understood is incomplete."""
    if reply == _CLEAN:
        return Report(Verdict.CLEAN)
    match = _FOUND.match(reply)
    if match is None or match["name"].startswith(_NOT_COVERED):
        return Report.incomplete(f"clamd: {reply or 'no reply'}", Coverage.PARTIAL)
    message = f"matches the signature {match['name']}"
    finding = Finding("clamav_signature", Severity.CRITICAL, message, match["name"])
    return conclude([finding])


def _client(address: ClamdAddress) -> pyclamd.ClamdUnixSocket | pyclamd.ClamdNetworkSocket:
    """pyclamd's client; OSError when nobody answers."""
    with connected(address, _PING_TIMEOUT):
        pass  # pyclamd leaves its socket open when it cannot connect
    if address.socket:
        return pyclamd.ClamdUnixSocket(address.socket, timeout=_PING_TIMEOUT)
    return pyclamd.ClamdNetworkSocket(address.host, address.port, timeout=_PING_TIMEOUT)
