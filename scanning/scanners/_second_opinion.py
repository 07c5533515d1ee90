"""What our modelscan and picklescan engines share: which pickles they read."""

from __future__ import annotations

import importlib.util
import pickletools
import re
import zipfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import ClassVar

from scanning.scanners._containers import Walk
from scanning.scanners._globals import modern
from scanning.scanners._globals_allowed import is_allowed
from scanning.scanners._pickle_arguments import GETATTRS
from scanning.scanners._pickle_values import Global
from scanning.scanners._sniff import PICKLE_SUFFIXES, Kind, sniff
from scanning.scanners.base import Canary, Finding, Scanner, ScannerOptions, Severity

_JOBLIB_ARRAY = b"NumpyArrayWrapper"
# The first pickle of any protocol is a number alone; newer protocols frame it.
_LEGACY_TORCH = re.compile(
    rb"\x80[\x02-\x05](\x95.{8})?\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19\.", re.DOTALL
)
_TORCH_ZIP = re.compile(
    rb"PK\x03\x04.{26}[^/]{1,200}/(data\.pkl|\.format_version|version)", re.DOTALL
)


class SecondOpinion(Scanner):
    """An outside library of the same name as the engine; its own rules stand in `revision`."""

    is_foreign = True
    revision: ClassVar[str]

    @property
    def engine(self) -> str:
        return f"{self.slug}/{version(self.slug)}+{self.revision}"

    def canary(self) -> Canary:
        return Canary("canary.pkl", b"cposix\nsystem\n(S'true'\ntR.")

    def unavailable(self) -> str:
        found = importlib.util.find_spec(self.slug)
        return "" if found else f"the {self.slug} package is not installed"

    def handles(self, path: PurePath, head: bytes) -> bool:
        return is_plain_pickle(path, head)


def is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return zipfile.is_zipfile(file)


def is_plain_pickle(path: PurePath, head: bytes) -> bool:
    """A torch zip archive or pickles alone, which a library can read to the end."""
    if sniff(head) is Kind.ZIP:
        return bool(_TORCH_ZIP.match(head))
    if _LEGACY_TORCH.match(head) or _JOBLIB_ARRAY in head:
        return False
    return sniff(head) is Kind.PICKLE or _is_text_pickle(path, head)


def weighed(findings: list[Finding], path: Path, options: ScannerOptions) -> list[Finding]:
    """Lower what names a thing that our own reading knows, and knows to be harmless there.

    By our list of names; `getattr` counts as what the opcodes show that it looks up.
    """
    lookups: Severity | None = None
    told = []
    for finding in findings:
        module, _, name = finding.evidence.rpartition(".")
        new = modern(Global(module, name))
        severity = Severity.LOW if is_allowed(new.module, new.name) else finding.severity
        if new in GETATTRS:
            lookups = _worst_lookup(path, options) if lookups is None else lookups
            severity = min(lookups, severity, key=list(Severity).index)
        told.append(replace(finding, severity=severity))
    return told


def _worst_lookup(path: Path, options: ScannerOptions) -> Severity:
    walk = Walk(options)
    with path.open("rb") as stream:
        walk.examine(stream)
    found = [one.severity for one in walk.findings if "getattr" in one.evidence]
    if walk.gaps:
        return Severity.CRITICAL
    return max(found, key=list(Severity).index, default=Severity.LOW)


def _is_text_pickle(path: PurePath, head: bytes) -> bool:
    """Protocol 0 and 1 have no magic: the name says pickle, and the first opcodes parse."""
    if path.suffix.lower() not in PICKLE_SUFFIXES or sniff(head) not in {Kind.TEXT, Kind.UNKNOWN}:
        return False
    try:
        return sum(1 for _ in pickletools.genops(head)) > 1
    except Exception:  # noqa: BLE001 genops raises whatever its argument readers raise
        return False
