"""A second opinion on pickles by the modelscan library, on what it truly reads without TensorFlow.

modelscan goes by file extension, reads only the first pickle of a legacy torch file, calls a
stream it could not parse to the end scanned, and cannot read .npy files with numpy 2.3 or later.
So content decides here which files it gets, and under which settings; its errors, its skips and a
stream that breaks off are gaps.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

from scanning.scanners._light_pickletools import frugal
from scanning.scanners._second_opinion import SecondOpinion, is_archive, weighed
from scanning.scanners.base import (
    Finding,
    Report,
    Rule,
    Severity,
    conclude,
    scanners,
)

# Members of a torch archive that are no pickles by layout; modelscan reports them as skipped.
_RAW_MEMBER = re.compile(
    r":[^/]+/(data/\d+|constants/\d+|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id|code/.+)\Z"
)
_SEVERITIES = {"CRITICAL": Severity.CRITICAL, "HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM}
_PICKLE_SCAN = "modelscan.scanners.PickleUnsafeOpScan"


@scanners.register
class ModelScan(SecondOpinion):
    """Flags the globals that modelscan calls unsafe in plain pickles and torch zip archives."""

    slug = "modelscan"
    title = "modelscan"
    revision = "3"
    reads_members = False
    rules = {
        "modelscan_unsafe_operator": Rule(
            "Reaches an unsafe operator", "https://cwe.mitre.org/data/definitions/502.html"
        )
    }

    def scan(self, path: Path, name: PurePath) -> Report:
        is_zip = is_archive(path)
        try:
            answer, broken = _run(path, is_zip=is_zip)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 of a broken archive it raises what it meets
            return conclude([], [f"gave up: {error!r}"[:300]])
        findings = [_finding(issue) for issue in answer["issues"]]
        findings = weighed(findings, path, self.options)
        # An archive that is called a pickle is tried as one too; its members are what counts.
        errors = [one for one in answer["errors"] if not is_zip or ":" in str(one.get("source"))]
        gaps = [f"error: {error.get('description', '')}" for error in errors]
        gaps += _skips(answer["summary"]["skipped"]["skipped_files"])
        return conclude(findings, [*gaps, *broken])


def _run(path: Path, *, is_zip: bool) -> tuple[dict[str, Any], list[str]]:
    # Half a second and numpy: only where a file is scanned.
    from modelscan import model as files  # type: ignore[import-untyped]  # noqa: PLC0415
    from modelscan import modelscan as library  # noqa: PLC0415
    from modelscan import settings as defaults  # noqa: PLC0415
    from modelscan.tools import picklescanner  # type: ignore[import-untyped]  # noqa: PLC0415

    logging.getLogger("modelscan").setLevel(logging.CRITICAL)
    settings = deepcopy(defaults.DEFAULT_SETTINGS)
    for scanner, own in settings["scanners"].items():
        own["enabled"] = scanner == _PICKLE_SCAN
    suffixes = [".pkl", ".pickle"] if is_zip else [path.suffix]
    formats = {defaults.SupportedModelFormats.PICKLE: suffixes}
    settings["middlewares"]["modelscan.middlewares.FormatViaExtensionMiddleware"] = {
        "formats": formats
    }
    with _opening(files, path), frugal(picklescanner, is_zip=is_zip) as broken:
        return library.ModelScan(settings).scan(path), broken


@contextmanager
def _opening(library: ModuleType, path: Path) -> Iterator[None]:
    """Let it open the file by our own path: what engines share is not read again."""
    library.open = lambda _, mode: path.open(mode)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del library.open


def _finding(issue: dict[str, Any]) -> Finding:
    name = f"{issue['module']}.{issue['operator']}"
    severity = _SEVERITIES.get(str(issue["severity"]).upper(), Severity.MEDIUM)
    _, _, member = str(issue["source"]).partition(":")
    return Finding("modelscan_unsafe_operator", severity, f"reaches {name}", name, member)


def _skips(skipped: list[dict[str, Any]]) -> list[str]:
    return [
        f"skipped {skip['source'].partition(':')[2] or 'file'}: {skip['description']}"
        for skip in skipped
        if not (skip["category"] == "SCAN_NOT_SUPPORTED" and _is_expected(skip["source"]))
    ]


def _is_expected(source: str) -> bool:
    """The archive itself is 'skipped' too, after its members were read."""
    return ":" not in source or bool(_RAW_MEMBER.search(source))
