"""Whether each scanner engine can run here, as parts of the yard's health."""

from __future__ import annotations

from django.conf import settings

from core.errors import ScanFailedError
from core.health import Part
from scanning.scanners import ClamdAddress, Scanner, ScannerOptions, scanners


def engine_parts() -> list[Part]:
    """One part per engine. An engine that cannot run is no fault when it was not configured."""
    options = ScannerOptions(clamd=_clamd())
    parts = []
    for cls in scanners:
        engine = cls(options)
        if reason := engine.unavailable():
            configured = cls.slug == "clamav" and options.clamd is not None
            parts.append(Part(cls.slug, "bad" if configured else "idle", reason))
        else:
            parts.append(Part(cls.slug, "ok", _told(engine)))
    return parts


def _told(engine: Scanner) -> str:
    try:
        return ": ".join(filter(None, [engine.title, engine.state()]))
    except ScanFailedError as error:  # it went away since it was asked
        return error.message


def _clamd() -> ClamdAddress | None:
    if settings.CLAMD_SOCKET:
        return ClamdAddress(socket=settings.CLAMD_SOCKET)
    if settings.CLAMD_HOST:
        return ClamdAddress(host=settings.CLAMD_HOST, port=settings.CLAMD_PORT)
    return None
