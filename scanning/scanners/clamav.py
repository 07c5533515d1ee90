"""ClamAV through clamd: every byte against the signatures, streamed over a socket."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path, PurePath

import pyclamd  # type: ignore[import-untyped]

from core.errors import ScanFailedError
from scanning.scanners._clamd_stream import connected, stream_file
from scanning.scanners.base import (
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
_PING_TIMEOUT = 10.0
_FOUND = re.compile(r"stream: (?P<name>.+) FOUND\Z")
_DATE = "%a %b %d %H:%M:%S %Y"
_CLEAN = "stream: OK"
_NOT_COVERED = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")
_EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")


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
        program, number, _ = self._version()
        return "/".join([program.replace(" ", "/"), number]).rstrip("/")

    def signatures(self) -> Signatures:
        _, number, date = self._version()
        return Signatures(number, _made_at(date))

    def _version(self) -> tuple[str, str, str]:
        """Program, number and date of the signatures: `ClamAV 1.4/27831/Sat Nov 21 …`."""
        if self.options.clamd is None:
            raise ScanFailedError("clamd is not configured")
        try:
            answer = str(_client(self.options.clamd).version())
        except OSError as error:
            message = f"clamd at {self.options.clamd} does not tell its version"
            raise ScanFailedError(message) from error
        if not answer.startswith("ClamAV"):
            raise ScanFailedError(f"what listens at {self.options.clamd} is no clamd")
        program, number, date = [*answer.split("/", 2), "", ""][:3]
        return program, number, date

    def canary(self) -> Canary:
        return Canary("eicar.com", "".join(_EICAR).encode())

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
        if path.stat().st_size > CLAMD_CEILING:
            return Report.incomplete(f"larger than the {CLAMD_CEILING} bytes clamd can read")
        try:
            with path.open("rb") as file:
                reply = stream_file(self.options.clamd, file, self.options.clamd_timeout)
        except OSError as error:
            return Report.incomplete(f"clamd went away: {error}")
        return read_reply(reply)


def _made_at(date: str) -> datetime | None:
    """clamd's own local time, taken as UTC: ages are of days. None for local signatures alone."""
    try:
        return datetime.strptime(" ".join(date.split()), _DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


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
