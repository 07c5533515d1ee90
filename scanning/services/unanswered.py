"""What an engine could not look at at all: another try may tell, so it is made."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from core.errors import ScanFailedError, StorageFullError
from registry.enums import ScanVerdict
from registry.models import ModelVersion
from scanning.models import Scan
from scanning.scanners import Coverage
from scanning.services.engines import engines
from scanning.services.looks import looks_at, reports_on

_NAMED = 3
_FULL = os.strerror(errno.ENOSPC)  # as children say it
_FOUND = (ScanVerdict.UNSAFE, ScanVerdict.SUSPICIOUS)


def check_answered(version: ModelVersion) -> None:
    """Raise ScanFailedError while an engine has not looked: it died, was too slow, went away.

    It may be tried again. A full scratch folder is waited for. Where something was found already
    no other answer is needed.
    """
    if version.scan_verdict in _FOUND:
        return
    looks = list(looks_at(version, engines()))
    reports = reports_on(looks)
    lost = [
        (look, reports[look.key].detail)
        for look in looks
        if look.key in reports and _is_lost(reports[look.key])
    ]
    if not lost:
        return
    words = _words([f"{look.name}: {detail} ({look.scanner.slug})" for look, detail in lost])
    if any(_FULL in detail for _, detail in lost):
        raise StorageFullError(f"The scan waits for space. {words}")
    raise ScanFailedError(f"Not looked at: {words}", engine=lost[0][0].scanner.slug)


def _is_lost(report: Scan) -> bool:
    return report.verdict == ScanVerdict.INCOMPLETE and (
        report.coverage == Coverage.NONE or _FULL in report.detail
    )


def _words(told: Sequence[str]) -> str:
    more = f", and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return "; ".join(told[:_NAMED]) + more + "."
