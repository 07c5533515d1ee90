"""Every file of the visible corpus through the engines and the fold; prints the rates."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from scanning.policy import FileScan, fold_file
from scanning.sandbox import Target, scan_files
from scanning.scanners import ScannerOptions, Verdict, scanners
from scanning.scanners.base import read_head
from tests.scanning.conftest import CORPUS

PICKLE_FAMILY = {
    "pickle", "dill", "torch-zip", "torch-legacy", "torch-tar", "joblib", "npy", "npz",
    "torchscript",
}  # fmt: skip


def entries(corpus: Path) -> list[dict[str, str]]:
    lines = (corpus / "manifest.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if (corpus / entry["path"]).is_file()]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    if not (CORPUS / "manifest.jsonl").exists():
        pytest.skip("the corpus is not beside this checkout")
    scratch = tmp_path_factory.mktemp("scratch")
    return {entry["path"]: (entry, verdict) for entry, verdict in judge_all(CORPUS, scratch)}


def judge_all(corpus: Path, scratch: Path):
    options = ScannerOptions(scratch=scratch)
    files = entries(corpus)
    answers: dict[str, dict[str, Verdict]] = {entry["path"]: {} for entry in files}
    for cls in scanners:
        scanner, slug = cls(options), cls.slug
        if scanner.unavailable():
            continue
        ours = [e for e in files if scanner.handles(PurePosixPath(e["path"]), head(corpus, e))]
        targets = [Target(corpus / entry["path"], entry["path"]) for entry in ours]
        for entry, report in zip(ours, scan_files(slug, targets, options), strict=True):
            answers[entry["path"]][slug] = report.verdict
    for entry in files:
        own = answers[entry["path"]]
        knowing = frozenset(slug for slug in own if scanners.get(slug).understands_formats)
        yield entry, fold_file(FileScan(entry["path"], frozenset(own), knowing, own)).verdict


def head(corpus: Path, entry: dict[str, str]) -> bytes:
    return read_head(corpus / entry["path"])


def test_no_malicious_suspicious_or_invalid_file_is_clean(verdicts):
    clean = [
        path
        for path, (entry, verdict) in verdicts.items()
        if entry["expected"] != "clean" and verdict is Verdict.CLEAN
    ]
    assert clean == []


def test_every_malicious_pickle_that_can_be_opened_is_unsafe(verdicts):
    missed = {
        path: verdict
        for path, (entry, verdict) in verdicts.items()
        if entry["expected"] == "malicious"
        and entry["format"] in PICKLE_FAMILY
        and verdict is not Verdict.UNSAFE
    }
    assert missed == {}


def test_no_clean_pickle_is_called_suspicious_or_incomplete(verdicts):
    alarms = {
        path: verdict
        for path, (entry, verdict) in verdicts.items()
        if entry["expected"] == "clean"
        and entry["format"] in PICKLE_FAMILY
        and verdict is not Verdict.CLEAN
    }
    assert alarms == {}


def test_the_rates_are_printed(verdicts, capsys):
    table = Counter((entry["expected"], verdict) for entry, verdict in verdicts.values())
    with capsys.disabled():
        sys.stdout.write("\n")
        for (expected, verdict), count in sorted(table.items()):
            sys.stdout.write(f"  {expected:>10} -> {verdict:<10} {count}\n")
    assert sum(table.values()) == len(verdicts) > 0
