"""A second opinion on pickles by the modelscan library, on what it truly reads without TensorFlow.

modelscan goes by file extension, reads only the first pickle of a legacy torch file, calls a
stream it could not parse to the end scanned, and cannot read .npy files with numpy 2.3 or later.
So content decides here which files it gets, and under which settings; its errors, its skips and a
stream that breaks off are gaps.
"""

from __future__ import annotations

import importlib.util
import logging
import pickletools
import re
import zipfile
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from scanning.scanners._sniff import PICKLE_SUFFIXES, Kind, sniff
from scanning.scanners.base import (
    Canary,
    Finding,
    Report,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_RULES = "1"
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_JOBLIB_ARRAY = b"NumpyArrayWrapper"
_TORCH_ZIP = re.compile(
    rb"PK\x03\x04.{26}[^/]{1,200}/(data\.pkl|\.format_version|version)", re.DOTALL
)
# Members of a torch archive that are no pickles by layout; modelscan reports them as skipped.
_RAW_MEMBER = re.compile(
    r":[^/]+/(data/\d+|constants/\d+|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id)\Z"
)
_SEVERITIES = {"CRITICAL": Severity.CRITICAL, "HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM}
_PICKLE_SCAN = "modelscan.scanners.PickleUnsafeOpScan"


@scanners.register
class ModelScan(Scanner):
    """Flags the globals that modelscan calls unsafe in plain pickles and torch zip archives."""

    slug = "modelscan"
    title = "modelscan"
    reads_members = False

    @property
    def engine(self) -> str:
        return f"modelscan/{version('modelscan')}+{_RULES}"

    def canary(self) -> Canary:
        return Canary("canary.pkl", b"cposix\nsystem\n(S'true'\ntR.")

    def unavailable(self) -> str:
        found = importlib.util.find_spec("modelscan")
        return "" if found else "the modelscan package is not installed"

    def handles(self, path: PurePath, head: bytes) -> bool:
        if sniff(head) is Kind.ZIP:
            return bool(_TORCH_ZIP.match(head))
        if head.startswith(_LEGACY_TORCH) or _JOBLIB_ARRAY in head:
            return False
        return sniff(head) is Kind.PICKLE or _is_text_pickle(path, head)

    def scan(self, path: Path, name: PurePath) -> Report:
        is_zip = zipfile.is_zipfile(path)
        answer = _run(path, is_zip=is_zip)
        findings = [_finding(issue) for issue in answer["issues"]]
        gaps = [f"error: {error.get('description', '')}" for error in answer["errors"]]
        gaps += _skips(answer["summary"]["skipped"]["skipped_files"])
        return conclude(findings, [*gaps, *_unread(path, is_zip=is_zip)])


def _is_text_pickle(path: PurePath, head: bytes) -> bool:
    """Protocol 0 and 1 have no magic: the name says pickle, and the first opcodes parse."""
    if path.suffix.lower() not in PICKLE_SUFFIXES or sniff(head) not in {Kind.TEXT, Kind.UNKNOWN}:
        return False
    try:
        return sum(1 for _ in pickletools.genops(head)) > 1
    except Exception:  # noqa: BLE001 genops raises whatever its argument readers raise
        return False


def _run(path: Path, *, is_zip: bool) -> dict[str, Any]:
    # Half a second and numpy: only where a file is scanned.
    from modelscan import modelscan as library  # type: ignore[import-untyped]  # noqa: PLC0415
    from modelscan import settings as defaults  # noqa: PLC0415

    logging.getLogger("modelscan").setLevel(logging.CRITICAL)
    settings = deepcopy(defaults.DEFAULT_SETTINGS)
    for scanner, own in settings["scanners"].items():
        own["enabled"] = scanner == _PICKLE_SCAN
    suffixes = [".pkl", ".pickle"] if is_zip else [path.suffix]
    formats = {defaults.SupportedModelFormats.PICKLE: suffixes}
    settings["middlewares"]["modelscan.middlewares.FormatViaExtensionMiddleware"] = {
        "formats": formats
    }
    answer: dict[str, Any] = library.ModelScan(settings).scan(path)
    return answer


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


def _unread(path: Path, *, is_zip: bool) -> list[str]:
    """Streams that modelscan's parser cannot read to the end, which it keeps to itself."""
    if not is_zip:
        with path.open("rb") as stream:
            return _breaks_off(stream, path.name)
    gaps = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".pkl", ".pickle")):
                with archive.open(name) as stream:
                    gaps += _breaks_off(stream, name)
    return gaps


def _breaks_off(stream: Any, name: str) -> list[str]:  # noqa: ANN401 a file or a zip member
    binary: BinaryIO = stream
    try:
        while binary.read(1):
            binary.seek(-1, 1)
            for _ in pickletools.genops(binary):
                pass
    except Exception as error:  # noqa: BLE001 genops raises whatever its argument readers raise
        return [f"{name}: unreadable at {binary.tell()}: {error}"]
    return []
