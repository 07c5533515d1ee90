"""What the engines said of the files of a version, and how the engines are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from registry.models import WANTED, ModelFile, ModelVersion
from scanning.enums import EngineHealth
from scanning.models import EngineState, Scan

NOT_KNOWN = "unknown"
STALE = timedelta(hours=1)  # an answer this old says nothing of today
_WORST = (EngineHealth.BROKEN, EngineHealth.WORKING, EngineHealth.ABSENT)


def engine_states() -> dict[str, EngineState]:
    """How each engine is, by slug: on the host where it is worst, of those that told lately."""
    recent = EngineState.objects.filter(checked_at__gte=timezone.now() - STALE)
    rows = sorted(recent, key=lambda row: _WORST.index(EngineHealth(row.state)), reverse=True)
    return {row.slug: row for row in rows}


def reports_of(version: ModelVersion) -> dict[str, list[Scan]]:
    """The newest report of each engine for each content of a version, by SHA-256."""
    return newest_reports(_wanted(version).values_list("sha256", flat=True))


def newest_reports(digests: Iterable[str]) -> dict[str, list[Scan]]:
    found: dict[str, list[Scan]] = defaultdict(list)
    for scan in _newest(digests):
        found[scan.sha256].append(scan)
    return found


def newest_answers(digests: Iterable[str]) -> dict[str, dict[str, list[Scan]]]:
    """The same by engine, without the findings, for lists; an engine answers once per variant."""
    found: dict[str, dict[str, list[Scan]]] = defaultdict(dict)
    for scan in _newest(digests).defer("findings"):
        found[scan.sha256].setdefault(scan.scanner, []).append(scan)
    return found


def _newest(digests: Iterable[str]) -> QuerySet[Scan]:
    newest = Scan.objects.filter(sha256__in=digests).order_by(
        "sha256", "scanner", "variant", "-scanned_at"
    )
    return newest.distinct("sha256", "scanner", "variant")


def paths_by_content(version: ModelVersion) -> dict[str, list[ModelFile]]:
    """Files of a version by SHA-256; without those that nobody took and those nobody has hashed."""
    found: dict[str, list[ModelFile]] = defaultdict(list)
    for file in _wanted(version):
        found[file.sha256].append(file)
    return found


def _wanted(version: ModelVersion) -> QuerySet[ModelFile]:
    return version.files.filter(WANTED).exclude(sha256="")
