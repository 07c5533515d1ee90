"""What the engines said of the files of a version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import QuerySet

from registry.models import WANTED, ModelFile, ModelVersion
from scanning.models import Rescan, Scan


def reports_of(version: ModelVersion) -> dict[str, list[Scan]]:
    """The newest report of each engine for each content of a version, by SHA-256."""
    return newest_reports(_wanted(version).values_list("sha256", flat=True))


def newest_reports(digests: Iterable[str]) -> dict[str, list[Scan]]:
    newest = Scan.objects.filter(sha256__in=digests).order_by(
        "sha256", "scanner", "variant", "-scanned_at"
    )
    found: dict[str, list[Scan]] = defaultdict(list)
    for scan in newest.distinct("sha256", "scanner", "variant"):
        found[scan.sha256].append(scan)
    return found


def paths_by_content(version: ModelVersion) -> dict[str, list[ModelFile]]:
    """Files of a version by SHA-256; without those that nobody took and those nobody has hashed."""
    found: dict[str, list[ModelFile]] = defaultdict(list)
    for file in _wanted(version):
        found[file.sha256].append(file)
    return found


def waiting_rescan(version: ModelVersion) -> Rescan | None:
    """The place of a version among those that newer engines are to scan; None where it has none."""
    return Rescan.objects.filter(version=version).first()


def _wanted(version: ModelVersion) -> QuerySet[ModelFile]:
    return version.files.filter(WANTED).exclude(sha256="")
