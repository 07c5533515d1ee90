"""The engines that look at contents here, as the settings say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from core.errors import ScanFailedError
from scanning.scanners import ClamdAddress, Scanner, ScannerOptions, scanners


def options() -> ScannerOptions:
    """What the settings say to the engines."""
    clamd = None
    if settings.CLAMD_SOCKET or settings.CLAMD_HOST:
        host = "" if settings.CLAMD_SOCKET else settings.CLAMD_HOST
        clamd = ClamdAddress(socket=settings.CLAMD_SOCKET, host=host, port=settings.CLAMD_PORT)
    return ScannerOptions(clamd=clamd, scratch=settings.SCRATCH_DIR)


def engines() -> list[Scanner]:
    """The engines that must look at a version: clamav only where clamd is configured.

    An engine that is configured and away raises ScanFailedError: it is waited for, never left out.
    """
    chosen = options()
    present = [cls(chosen) for cls in scanners if is_set_up(cls.slug)]
    for engine in present:
        if reason := engine.unavailable():
            raise ScanFailedError(f"{engine.title} cannot scan now: {reason}", engine=engine.slug)
    return present


def is_set_up(slug: str) -> bool:
    """Say whether an engine is expected to look here: all but clamav without a clamd."""
    return slug != "clamav" or bool(settings.CLAMD_SOCKET or settings.CLAMD_HOST)


def absent_engines() -> list[dict[str, str]]:
    """Engines that are not configured here, and so look at nothing."""
    why = "clamd is not configured here"
    return [{"title": cls.title, "why": why} for cls in scanners if not is_set_up(cls.slug)]


@dataclass(frozen=True, slots=True)
class Named:
    """Engines by slug and version, and a digest each of those with rules and with signatures."""

    engines: tuple[str, ...]
    rules: str
    signatures: str


def named(present: Sequence[Scanner]) -> Named:
    """Name engines as they are now; ScanFailedError when one does not tell its version."""
    told = {f"{one.slug} {one.engine}": one.understands_formats for one in present}
    names = tuple(sorted(told))
    return Named(
        names,
        rules=_digest(name for name in names if told[name]),
        signatures=_digest(name for name in names if not told[name]),
    )


def _digest(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
