"""Peak memory of each engine over its heaviest inputs, in children with the product's limits."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from bench._heavy import INPUTS, MEGA
from bench._measured import Cost, measured
from bench.fuzz import CORPUS

if TYPE_CHECKING:
    from scanning.scanners import ScannerOptions


def run(options: argparse.Namespace) -> None:
    from scanning.scanners import ScannerOptions

    print(f"{'input':<20} {'engine':<20} {'peak MB':>8} {'read MB':>8} {'CPU s':>7}  verdict")
    with tempfile.TemporaryDirectory(prefix="heavy-") as folder:
        chosen = ScannerOptions(scratch=Path(folder))
        peaks = [_over_corpus(chosen)] if CORPUS.is_dir() else []
        for name, write in INPUTS.items():
            if options.input and options.input != name:
                continue
            path = Path(folder) / name
            write(path)
            peaks.append(_over_one(path, chosen))
            path.unlink()
    print(f"the largest process: {max(peaks) / MEGA:.0f} MB")


def _over_one(path: Path, options: ScannerOptions) -> int:
    """Each engine in a process of its own, so that its peak is its own too."""
    from scanning.sandbox import Asked, Target

    peak = 0
    for slug in engines_for(path, options):
        (cost,) = measured([Asked(slug, Target(path))], options)
        _print(path.name, slug, cost)
        peak = max(peak, cost.peak)
    return peak


def _over_corpus(options: ScannerOptions) -> int:
    from scanning.sandbox import Asked, Target

    files = [path for path in sorted(CORPUS.rglob("*")) if path.is_file()]
    asked = [Asked(slug, Target(path)) for path in files for slug in engines_for(path, options)]
    costs = measured(asked, options)
    worst = max(costs, key=lambda cost: cost.peak)
    _print("corpus", f"all, {len(asked)} looks", worst)
    return worst.peak


def engines_for(path: Path, options: ScannerOptions) -> list[str]:
    """Those of this machine that handle the file."""
    from scanning.scanners import scanners
    from scanning.scanners.base import read_head

    head = read_head(path)
    return [
        cls.slug
        for cls in scanners
        if not cls.needs_network and cls(options).handles(PurePath(path.name), head)
    ]


def _print(name: str, slug: str, cost: Cost) -> None:
    print(
        f"{name:<20} {slug:<20} {cost.peak / MEGA:8.0f} {cost.read / MEGA:8.1f} {cost.cpu:7.2f}"
        f"  {cost.verdict} {cost.detail[:90]}",
        flush=True,
    )
