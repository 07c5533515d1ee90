"""What the engines said of a version's files, which of it was accepted, and how engines are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from core.errors import NotFoundError
from registry.callers import Caller
from registry.models import WANTED, ModelFile, ModelVersion
from registry.selectors.access import visible_models
from scanning.enums import EngineHealth
from scanning.models import EngineState, FindingWaiver, Rescan, Scan
from scanning.policy import counts, covers
from scanning.scanners import Rule, Scanner, ScannerOptions, Severity, scanners

NOT_COVERED = "Not looked at completely"
NOT_KNOWN = "unknown"
STALE = timedelta(hours=1)  # an answer this old says nothing of today
_WORST = (EngineHealth.BROKEN, EngineHealth.WORKING, EngineHealth.ABSENT)


def engine_states() -> dict[str, EngineState]:
    """How each engine is, by slug: on the host where it is worst, of those that told lately."""
    recent = EngineState.objects.filter(checked_at__gte=timezone.now() - STALE)
    rows = sorted(recent, key=lambda row: _WORST.index(EngineHealth(row.state)), reverse=True)
    return {row.slug: row for row in rows}


def newest_reports(digests: Iterable[str]) -> dict[str, list[Scan]]:
    """The newest report of each engine for each content, by SHA-256."""
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


def waiting_rescan(version: ModelVersion) -> Rescan | None:
    """The place of a version among those that newer engines are to scan; None where it has none."""
    return Rescan.objects.filter(version=version).first()


def _wanted(version: ModelVersion) -> QuerySet[ModelFile]:
    files = version.files.filter(WANTED).exclude(sha256="")
    return files.filter(Q(held_back="") | Q(content__isnull=False))


def rule_of(slug: str, name: str) -> Rule:
    """What a rule of an engine stands for; one of an outside engine is called by its own name."""
    scanner = next((cls for cls in scanners if cls.slug == slug), None)
    known = scanner.rules.get(name) if scanner else None
    return known or Rule(name)


def waivers_in_force(digests: Iterable[str]) -> dict[str, list[FindingWaiver]]:
    """The waivers that hold now for these contents, by SHA-256, with who granted them."""
    rows = FindingWaiver.objects.filter(
        sha256__in=set(digests), ended_at__isnull=True, expires_at__gt=timezone.now()
    )
    found: dict[str, list[FindingWaiver]] = defaultdict(list)
    for row in rows.select_related("granted_by"):
        found[row.sha256].append(row)
    return found


def covering(waivers: Iterable[FindingWaiver], finding: Mapping[str, str]) -> FindingWaiver | None:
    """The waiver that keeps a finding of a content from counting, out of those of the content."""
    rule, severity = finding["rule"], Severity(finding["severity"])
    if not counts(severity):
        return None
    mine = (one for one in waivers if covers({one.rule: Severity(one.severity)}, rule, severity))
    return next(mine, None)


def visible_waivers(caller: Caller) -> QuerySet[FindingWaiver]:
    """Waivers, ended ones too, of contents that a model the caller sees has."""
    mine = _files_seen(caller).filter(sha256=OuterRef("sha256"))
    return FindingWaiver.objects.filter(Exists(mine)).select_related("granted_by", "ended_by")


def waiver_for(caller: Caller, pk: int) -> FindingWaiver:
    found = visible_waivers(caller).filter(pk=pk).first()
    if found is None:
        raise NotFoundError("There is no such waiver of a content that you may see.")
    return found


@dataclass(frozen=True, slots=True)
class FoundByRule:
    """All that one rule found in one content, as the newest report of each engine has it."""

    sha256: str
    rule: str
    severity: Severity
    titles: tuple[str, ...]  # of the engines that say so
    messages: tuple[str, ...]
    tells_all: bool  # False where an engine stopped at it, and so has not looked at the rest

    @property
    def counts(self) -> bool:
        return counts(self.severity)


def finding_for(caller: Caller, sha256: str, rule: str) -> FoundByRule:
    """Give what a rule found in a content that the caller sees; NotFoundError for all others."""
    is_seen = _files_seen(caller).filter(sha256=sha256).exists()
    found = _found_by_rule(sha256, rule) if is_seen else None
    if found is None:
        raise NotFoundError(
            "There is no such finding in a content that you may see. Name the sha256 of the "
            "content and the rule of the finding; what no engine could read is no finding."
        )
    return found


def _found_by_rule(sha256: str, rule: str) -> FoundByRule | None:
    classes = {cls.slug: cls for cls in scanners}
    slugs, found = [], []
    for scan in newest_reports([sha256]).get(sha256, ()):
        mine = [finding for finding in scan.findings if finding["rule"] == rule]
        slugs += [scan.scanner] if mine else []
        found += mine
    if not found:
        return None
    order = list(Severity)
    told = [classes[slug] for slug in dict.fromkeys(slugs) if slug in classes]
    return FoundByRule(
        sha256=sha256,
        rule=rule,
        severity=max((Severity(one["severity"]) for one in found), key=order.index),
        titles=tuple(cls.title for cls in told),
        messages=tuple(dict.fromkeys(str(one["message"]) for one in found)),
        tells_all=all(cls.tells_all for cls in told),
    )


def versions_with(caller: Caller, sha256: str) -> QuerySet[ModelVersion]:
    """Versions that have a content, of models that the caller sees, the newest first."""
    mine = _files_seen(caller).filter(sha256=sha256).values("version")
    return ModelVersion.objects.filter(pk__in=mine).select_related("model").order_by("-pk")


def _files_seen(caller: Caller) -> QuerySet[ModelFile]:
    seen = visible_models(caller).values("pk")
    return ModelFile.objects.filter(WANTED, version__model__in=seen).exclude(sha256="")
