"""Which engine looks at which content of a version, and what it said already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.storage.configured import content_store
from registry.enums import ScanVerdict
from registry.models import ModelFile, ModelVersion
from scanning import selectors
from scanning.models import Scan
from scanning.policy import FOUND
from scanning.scanners import Scanner, scanners
from scanning.scanners.base import HEAD_BYTES
from scanning.services.engines import options

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """One engine's look at one content; `name` is one of the paths it has.

    `is_asked` is False for what another version was told by an engine that this one was not.
    """

    scanner: Scanner
    engine: str
    sha256: str
    name: str
    variant: str
    is_asked: bool = True

    @property
    def key(self) -> Key:
        return (self.sha256, self.scanner.slug, self.engine, self.variant)


def looks_at(version: ModelVersion, present: Sequence[Scanner]) -> Iterator[Look]:
    """Every (engine, content, variant) of a version, each once."""
    names = {engine.slug: engine.engine for engine in present}
    seen: set[Key] = set()
    for scanner, file in _handled(selectors.paths_by_content(version), present):
        variant = scanner.variant(PurePosixPath(file.path))
        look = Look(scanner, names[scanner.slug], file.sha256, file.path, variant)
        if look.key not in seen:
            seen.add(look.key)
            yield look


def reports_on(looks: Sequence[Look]) -> dict[Key, Scan]:
    rows = Scan.objects.filter(sha256__in={look.sha256 for look in looks})
    return {(row.sha256, row.scanner, row.engine, row.variant): row for row in rows}


def looks_known(
    version: ModelVersion, slugs: Collection[str], rests_on: Collection[str]
) -> list[Look]:
    """The looks of the engines that a version was scanned by, each at its newest report.

    Where newer rules could not look yet, it is the report that the answer `rests_on`.
    An engine that has not reported on a content is a look without a report. What any other engine
    found in a content is a look too: a finding does not wait until its version is scanned anew.
    """
    by_content = selectors.paths_by_content(version)
    reports = {
        (row.sha256, row.scanner, row.variant): row
        for rows in selectors.newest_reports(by_content).values()
        for row in rows
    }
    reports |= _before_unread(reports.values(), rests_on)
    present = [cls(options()) for cls in scanners]
    found: dict[Key, Look] = {}
    for scanner, file in _handled(by_content, present):
        variant = scanner.variant(PurePosixPath(file.path))
        row = reports.get((file.sha256, scanner.slug, variant))
        is_asked = scanner.slug in slugs
        if is_asked or (row is not None and row.verdict in FOUND):
            engine = row.engine if row is not None else ""
            look = Look(scanner, engine, file.sha256, file.path, variant, is_asked)
            found.setdefault(look.key, look)
    return list(found.values())


def _before_unread(
    newest: Iterable[Scan], rests_on: Collection[str]
) -> dict[tuple[str, str, str], Scan]:
    """The reports of these engines that count until a re-scan, which could not look, is settled."""
    unread = [
        row
        for row in newest
        if row.verdict == ScanVerdict.INCOMPLETE and f"{row.scanner} {row.engine}" not in rests_on
    ]
    wanted = {(row.sha256, row.scanner, row.variant) for row in unread}
    before = Scan.objects.filter(sha256__in={row.sha256 for row in unread}).order_by("scanned_at")
    found = {
        (row.sha256, row.scanner, row.variant): row
        for row in before.exclude(verdict=ScanVerdict.INCOMPLETE)
        if f"{row.scanner} {row.engine}" in rests_on
    }
    return {key: row for key, row in found.items() if key in wanted}


def _handled(
    by_content: dict[str, list[ModelFile]], present: Sequence[Scanner]
) -> Iterator[tuple[Scanner, ModelFile]]:
    store = content_store()
    for sha256, files in by_content.items():
        head = store.read_range(sha256, 0, HEAD_BYTES)
        for file in files:
            path = PurePosixPath(file.path)
            yield from ((one, file) for one in present if one.handles(path, head))
