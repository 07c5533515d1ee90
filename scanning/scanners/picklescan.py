"""A second opinion on pickles by the picklescan library, which knows many gadgets by name.

It calls a stream that it could not parse innocuous, keeps bad members of archives to its log and
leaves a name that it does not know to its caller. So content decides here which files it gets;
every warning that it logs, every error and every stream that breaks off is a gap.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from scanning.scanners._light_pickletools import frugal
from scanning.scanners._second_opinion import SecondOpinion, is_archive, weighed
from scanning.scanners.base import (
    MEBIBYTE,
    Finding,
    Report,
    Rule,
    Severity,
    conclude,
    scanners,
)


@scanners.register
class PickleScan(SecondOpinion):
    """Flags the globals that picklescan calls dangerous in plain pickles and torch zip archives."""

    slug = "picklescan"
    title = "picklescan"
    revision = "4"
    rules = {
        "picklescan_dangerous_global": Rule(
            "Reaches a dangerous global", "https://cwe.mitre.org/data/definitions/502.html"
        )
    }

    def scan(self, path: Path, name: PurePath) -> Report:
        from picklescan import scanner as library  # type: ignore[import-untyped]  # noqa: PLC0415

        is_zip = is_archive(path)
        with path.open("rb") as file, _warnings() as gaps, frugal(library, is_zip=is_zip) as broken:
            read = library.scan_zip_bytes if is_zip else library.scan_pickle_bytes
            try:
                answer = read(file, name.name)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 of a broken archive it raises what it meets
                return conclude([], [f"gave up: {error!r}"[:300]])
        if answer.scan_err and not gaps:
            gaps.append("an error that it does not name")
        findings = [
            _finding(f"{one.module}.{one.name}")
            for one in answer.globals
            if one.safety is library.SafetyLevel.Dangerous
        ]
        findings = weighed(findings, path, self.options)
        return conclude(findings, [*gaps, *broken, *(_damaged(path) if is_zip else ())])


def _finding(name: str) -> Finding:
    return Finding("picklescan_dangerous_global", Severity.HIGH, f"reaches {name}", name)


def _damaged(path: Path) -> Iterator[str]:
    """Pickles of an archive that are not what it says of them; the library reads on regardless."""
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.filename.endswith((".pkl", ".pickle")):
                continue
            try:
                with archive.open(member) as stream:
                    while stream.read(MEBIBYTE):
                        pass
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 of a broken archive it raises what it meets
                yield f"{member.filename}: unreadable: {error}"[:300]


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What the library says only to its log; a dangerous global, which it answers too, left out."""
    said: list[str] = []
    log = logging.getLogger("picklescan")
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage()[:300])  # type: ignore[method-assign]
    spread, log.propagate = log.propagate, False
    log.addHandler(handler)
    try:
        yield said
    finally:
        log.removeHandler(handler)
        log.propagate = spread
        said[:] = [one for one in said if "dangerous import" not in one]
