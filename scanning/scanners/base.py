"""The scanner contract: one local file in, one Report out, no database and no settings."""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any, ClassVar, Self

from core.plugins import PluginRegistry
from scanning.scanners._file_policy import FilePolicy
from scanning.scanners._masking import masked

HEAD_BYTES = 16 * 1024
MAX_FINDINGS = 200
CUT = f"more was found than the {MAX_FINDINGS} worst that are listed"
MEBIBYTE = 1024 * 1024


class Severity(StrEnum):
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Verdict(StrEnum):
    CLEAN = "clean"
    SUSPICIOUS = "suspicious"
    UNSAFE = "unsafe"
    INCOMPLETE = "incomplete"  # could not look completely: never to be read as clean


class Coverage(StrEnum):
    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


UNSAFE_SEVERITIES = frozenset({Severity.HIGH, Severity.CRITICAL})
_RANK = {severity: rank for rank, severity in enumerate(reversed(Severity))}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule id stands for: a title for people, and a weakness or advisory where one is."""

    title: str
    reference: str = ""  # an address, such as https://cwe.mitre.org/data/definitions/502.html


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation; `evidence` quotes the bytes' own words, `location` is a member's path.

    Whatever an engine quotes, tokens of known services are masked.
    """

    rule: str
    severity: Severity
    message: str
    evidence: str = ""
    location: str = ""

    def __post_init__(self) -> None:
        for name in ("message", "evidence", "location"):
            object.__setattr__(self, name, masked(getattr(self, name)))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            rule=str(data["rule"]),
            severity=Severity(data["severity"]),
            message=str(data["message"]),
            evidence=str(data["evidence"]),
            location=str(data["location"]),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """One engine's answer about one content. Clean without full coverage cannot be built.

    `covered_bytes`: of how many bytes the engine knows what they are; None where it cannot say.
    """

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    detail: str = ""
    coverage: Coverage = Coverage.FULL
    covered_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.verdict is Verdict.CLEAN and self.coverage is not Coverage.FULL:
            raise ValueError("clean needs full coverage")

    @classmethod
    def incomplete(cls, detail: str, coverage: Coverage = Coverage.NONE) -> Self:
        return cls(Verdict.INCOMPLETE, (), detail, coverage)

    def covered_of(self, size: int) -> int | None:
        """Of how many bytes of a file of this size the engine knows what they are."""
        if self.covered_bytes is None:
            return size if self.coverage is Coverage.FULL else None
        return min(self.covered_bytes, size)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a report from the other side of a process border; ValueError when malformed."""
        try:
            return cls(
                verdict=Verdict(data["verdict"]),
                findings=tuple(Finding.from_json(item) for item in data["findings"]),
                detail=str(data["detail"]),
                coverage=Coverage(data["coverage"]),
                covered_bytes=data.get("covered_bytes"),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a report: {error!r}") from error


def conclude(
    findings: Iterable[Finding], gaps: Iterable[str] = (), *, covered_bytes: int | None = None
) -> Report:
    """Turn findings and gaps (what could not be looked at) into a report."""
    found = tuple(sorted(dict.fromkeys(findings), key=lambda one: _RANK[one.severity]))
    missing = tuple(dict.fromkeys(gaps))
    is_cut = len(found) > MAX_FINDINGS or getattr(findings, "is_cut", False)
    verdict = verdict_of((finding.severity for finding in found), is_whole=not missing)
    coverage = Coverage.PARTIAL if missing else Coverage.FULL
    detail = "; ".join([*missing[:10], *([CUT] if is_cut else [])])
    return Report(verdict, found[:MAX_FINDINGS], detail, coverage, covered_bytes)


def verdict_of(severities: Iterable[Severity], *, is_whole: bool) -> Verdict:
    """Say what findings of these severities come to; `is_whole`: nothing was left unread.

    High or critical is unsafe whatever else is missing; then any gap makes it incomplete; then
    medium is suspicious; low and info leave it clean.
    """
    found = set(severities)
    if found & UNSAFE_SEVERITIES:
        return Verdict.UNSAFE
    if not is_whole:
        return Verdict.INCOMPLETE
    return Verdict.SUSPICIOUS if Severity.MEDIUM in found else Verdict.CLEAN


@dataclass(frozen=True, slots=True)
class ClamdAddress:
    """Where clamd listens: a unix socket, or a host and port."""

    socket: str = ""
    host: str = ""
    port: int = 3310

    def __post_init__(self) -> None:
        if bool(self.socket) == bool(self.host):
            raise ValueError("give clamd's socket or its host, one of the two")

    def __str__(self) -> str:
        return self.socket or f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ScannerOptions:
    """What the caller configures; crosses the process border as JSON, so plain values only."""

    clamd: ClamdAddress | None = None
    clamd_timeout: float = 300.0
    clamd_connections: int = field(default_factory=lambda: min(4, os.cpu_count() or 1) + 1)
    max_unpacked_bytes: int = 2048 * MEBIBYTE
    max_depth: int = 4
    max_members: int = 100_000
    max_text_bytes: int = 256 * MEBIBYTE
    scratch: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    file_policy: FilePolicy = field(default_factory=FilePolicy)

    def to_json(self) -> dict[str, Any]:
        policy = self.file_policy.to_json()
        return {**asdict(self), "scratch": str(self.scratch), "file_policy": policy}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        clamd = data["clamd"]
        built = {"clamd", "scratch", "file_policy"}
        plain = {key: value for key, value in data.items() if key not in built}
        return cls(
            clamd=ClamdAddress(**clamd) if clamd else None,
            scratch=Path(data["scratch"]),
            file_policy=FilePolicy.from_json(data["file_policy"]),
            **plain,
        )


@dataclass(frozen=True, slots=True)
class Signatures:
    """What an engine matches besides its own rules: which edition, and when that was made."""

    version: str = ""
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Canary:
    """A harmless file that the engine must flag to count as working."""

    name: str
    content: bytes


class Scanner(ABC):
    """One engine. Instances are cheap: heavy imports and connections wait for `scan`."""

    slug: ClassVar[str]
    title: ClassVar[str]
    # Whether a clean report means that the file's format was understood. A signature engine looks
    # at every byte and knows no format, so it alone does not make an unknown format clean.
    understands_formats: ClassVar[bool] = True
    needs_network: ClassVar[bool] = False
    # Whether members of archives are given to it: not where another engine reads the same formats.
    reads_members: ClassVar[bool] = True
    # Whether others wrote the engine: its answer is an opinion beside those of ours.
    is_foreign: ClassVar[bool] = False
    # Whether a report names all that was found. Who stops at the first finding has not looked at
    # the rest, so that a waiver of it cannot make the file clean.
    tells_all: ClassVar[bool] = True
    # The rules that this engine's own findings name; an outside engine names its own.
    rules: ClassVar[Mapping[str, Rule]] = {}

    def __init__(self, options: ScannerOptions) -> None:
        self.options = options

    @property
    @abstractmethod
    def engine(self) -> str:
        """Version of engine and rules; a change means scanning again."""

    @abstractmethod
    def canary(self) -> Canary: ...

    @abstractmethod
    def handles(self, path: PurePath, head: bytes) -> bool:
        """Say from the first `HEAD_BYTES` (first) and the name (second) if this file is ours."""

    def signatures(self) -> Signatures:
        """Which signatures the engine matches now; ScanFailedError when it cannot say."""
        return Signatures()

    def unavailable(self) -> str:
        """Why this scanner cannot run here ('' when it can); shown in the UI and in `check`."""
        return ""

    def variant(self, name: PurePath) -> str:
        """What besides bytes and engine decides the answer: a part of a stored report's key."""
        return ""

    @abstractmethod
    def scan(self, path: Path, name: PurePath) -> Report:
        """Look at the whole file, called `name` in its version (the store names bytes by hash).

        Whatever could not be looked at makes the report incomplete.
        """


scanners: PluginRegistry[Scanner] = PluginRegistry("scanner", package="scanning.scanners")


def read_head(path: Path) -> bytes:
    """First bytes of a file, as `handles` wants them."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
