"""The values that license detection answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from licenses.detection.classes import LicenseClass

Confidence = Literal["high", "medium", "low"]
NO_ASSERTION = "NOASSERTION"
NONE = "NONE"
_QUOTE_LIMIT = 240


@dataclass(frozen=True)
class Evidence:
    """Point at the words a finding rests on. `lines` is first and last line, None for the card."""

    source: Literal["card", "file"]
    path: str
    lines: tuple[int, int] | None
    quote: str
    says: str


@dataclass(frozen=True)
class LicenseFinding:
    """Tell what a version's papers say. `needs_review` means that a person must read them."""

    spdx: str
    license_class: LicenseClass
    confidence: Confidence
    evidence: tuple[Evidence, ...] = ()
    conflicts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    needs_review: bool = False


@dataclass(frozen=True)
class Statement:
    """What one place, the card or one file, says by itself."""

    spdx: str
    license_class: LicenseClass
    confidence: Confidence
    ids: frozenset[str] = frozenset()
    evidence: tuple[Evidence, ...] = ()
    reasons: tuple[str, ...] = ()
    needs_review: bool = False
    choice: bool = False


def quotable(text: str) -> str:
    """Make foreign text fit to show: one line, printable characters only, at most 240 of them."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shown if len(shown) <= _QUOTE_LIMIT else shown[: _QUOTE_LIMIT - 1] + "…"


def unread_file(path: str, why: str) -> Statement:
    """Say of a license file that nobody has read it, and why ("is not text"): a person must."""
    path = quotable(path)
    return Statement(
        spdx=NO_ASSERTION,
        license_class=LicenseClass.UNKNOWN,
        confidence="low",
        evidence=(Evidence("file", path, None, "", why),),
        reasons=(f"{path} {why}.",),
        needs_review=True,
    )
