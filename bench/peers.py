"""Our scanners against picklescan, modelscan, fickling and modelaudit on one corpus, in one run."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench._peers import PEERS, ROOT, answers

CORPUS = ROOT.parent / "shared" / "corpus" / "scan"
OURS = {"unsafe": "flagged", "suspicious": "warned", "incomplete": "held", "clean": "clean"}
Entries = Mapping[str, str]  # path, and what is expected of it


def run(options: argparse.Namespace) -> None:
    corpus = Path(options.corpus) if options.corpus else _default()
    if corpus is None or not (corpus / "manifest.jsonl").is_file():
        print(f"no corpus with a manifest.jsonl at {corpus or CORPUS}: nothing is compared")
        return
    expected = _entries(corpus)
    counts = Counter(expected.values())
    print(f"{len(expected)} files of {corpus}: {dict(sorted(counts.items()))}")
    print("recall: malicious files flagged (with those only warned of or held); false alarms:")
    print("clean files flagged (with those warned of or held); missed: malicious files let pass")
    head = ("", "recall", "recall+", "false", "false+", "missed", "errors", "s/file")
    print(("{:<12}" + "{:>9}" * 7).format(*head))
    rows = {"ours": _ours(expected)}
    for name in PEERS:
        rows[name] = answers(name, [Path(path) for path in expected])
        _print_row(name, rows[name], expected)
    _print_row("ours", rows["ours"], expected)
    _print_row("all peers", _together([rows[name] for name in PEERS]), expected)


def _default() -> Path | None:
    """Beside this checkout, or beside the one that it is a worktree of."""
    places = (CORPUS, ROOT.parents[1] / "shared" / "corpus" / "scan")
    return next((place for place in places if place.is_dir()), None)


def _entries(corpus: Path) -> dict[str, str]:
    lines = map(json.loads, (corpus / "manifest.jsonl").read_text().splitlines())
    found = {str(corpus / one["path"]): str(one["expected"]) for one in lines}
    return {path: kind for path, kind in found.items() if os.path.lexists(path)}


def _ours(expected: Entries) -> dict[str, dict[str, Any]]:
    """One command over all files, so its seconds are shared out evenly."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        began = time.perf_counter()
        with out.open("w") as file:
            command = [sys.executable, "manage.py", "scan_path", "--json", *expected]
            subprocess.run(command, stdout=file, check=False, cwd=ROOT)
        seconds = (time.perf_counter() - began) / max(1, len(expected))
        files = json.loads(out.read_text())["files"]
    return {file["path"]: {"verdict": OURS[file["verdict"]], "seconds": seconds} for file in files}


def _together(rows: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """A file counts as flagged when any peer flags it."""
    rank = ["flagged", "warned", "clean", "skipped", "crashed"]
    return {
        path: {
            "verdict": min((row[path]["verdict"] for row in rows), key=rank.index),
            "seconds": sum(row[path]["seconds"] for row in rows),
        }
        for path in rows[0]
    }


def _print_row(name: str, row: Mapping[str, Mapping[str, Any]], expected: Entries) -> None:
    bad = [row[path]["verdict"] for path, kind in expected.items() if kind == "malicious"]
    good = [row[path]["verdict"] for path, kind in expected.items() if kind == "clean"]
    careful = {"flagged", "warned", "held"}
    values = (
        f"{bad.count('flagged') / max(1, len(bad)):.0%}",
        f"{sum(one in careful for one in bad) / max(1, len(bad)):.0%}",
        str(good.count("flagged")),
        str(sum(one in careful for one in good)),
        str(sum(one in {"clean", "skipped"} for one in bad)),
        str(sum(one["verdict"] == "crashed" for one in row.values())),
        f"{sum(one['seconds'] for one in row.values()) / max(1, len(row)):.3f}",
    )
    print(("{:<12}" + "{:>9}" * 7).format(name, *values), flush=True)
