"""What the engines said of the files of a version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from django.db.models import Q, QuerySet

from registry.models import WANTED, ModelFile, ModelVersion
from scanning.models import Scan
from scanning.scanners import Rule, Scanner, ScannerOptions, scanners

NOT_COVERED = "Not looked at completely"


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


def reports_by_file(files: Iterable[ModelFile]) -> Iterator[tuple[ModelFile, list[Scan]]]:
    """Give each file with the newest report of each engine that is about it under its name."""
    files = list(files)
    reports = newest_reports({file.sha256 for file in files} - {""})
    options = ScannerOptions()
    known = {cls.slug: cls(options) for cls in scanners}
    for file in files:
        path = PurePosixPath(file.path)
        mine = reports.get(file.sha256, ())
        yield file, [scan for scan in mine if _is_about(scan, path, known.get(scan.scanner))]


def _is_about(scan: Scan, path: PurePosixPath, scanner: Scanner | None) -> bool:
    return scanner is None or scanner.variant(path) == scan.variant


def scanned_files(version: ModelVersion) -> QuerySet[ModelFile]:
    """The files whose bytes are looked at, those that are held back too, by path."""
    return _wanted(version).order_by("path")


def paths_by_content(version: ModelVersion) -> dict[str, list[ModelFile]]:
    """Files of a version by SHA-256; without those that nobody took and those nobody has hashed."""
    found: dict[str, list[ModelFile]] = defaultdict(list)
    for file in _wanted(version):
        found[file.sha256].append(file)
    return found


def _wanted(version: ModelVersion) -> QuerySet[ModelFile]:
    files = version.files.filter(WANTED).exclude(sha256="")
    return files.filter(Q(held_back="") | Q(content__isnull=False))


def rule_of(slug: str, name: str) -> Rule:
    """What a rule of an engine stands for; one of an outside engine is called by its own name."""
    scanner = next((cls for cls in scanners if cls.slug == slug), None)
    known = scanner.rules.get(name) if scanner else None
    return known or Rule(name)
