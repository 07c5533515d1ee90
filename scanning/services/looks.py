"""Which engine looks at which content of a version, and what it said already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.storage.configured import content_store
from registry.models import ModelVersion
from scanning import selectors
from scanning.models import Scan
from scanning.scanners import Scanner
from scanning.scanners.base import HEAD_BYTES

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """One engine's look at one content; `name` is one of the paths it has."""

    scanner: Scanner
    engine: str
    sha256: str
    name: str
    variant: str
    size: int

    @property
    def key(self) -> Key:
        return (self.sha256, self.scanner.slug, self.engine, self.variant)


def looks_at(version: ModelVersion, present: Sequence[Scanner]) -> Iterator[Look]:
    """Every (engine, content, variant) of a version, each once."""
    store = content_store()
    names = [(engine, engine.engine) for engine in present]
    seen: set[Key] = set()
    for sha256, files in selectors.paths_by_content(version).items():
        head = store.read_range(sha256, 0, HEAD_BYTES)
        for file in files:
            path = PurePosixPath(file.path)
            for scanner, engine in names:
                if not scanner.handles(path, head):
                    continue
                look = Look(scanner, engine, sha256, file.path, scanner.variant(path), file.size)
                if look.key not in seen:
                    seen.add(look.key)
                    yield look


def reports_on(looks: Sequence[Look]) -> dict[Key, Scan]:
    rows = Scan.objects.filter(sha256__in={look.sha256 for look in looks})
    return {(row.sha256, row.scanner, row.engine, row.variant): row for row in rows}
