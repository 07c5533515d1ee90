"""Changed files through every structural engine: no crash, no hang, nothing clean that still acts.

The seeds are the visible corpus, the tests' files of every format, and composed ones, which act or
do nothing until a change puts something of another file into them. Only composed ones are loaded to
see whether they act: what a change makes of a stranger's payload is nobody's to try. A library that
is not here can be in another environment: `--readers` names its Python.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import FrameType

from scanning.scanners import Scanner, ScannerOptions, scanners
from scanning.scanners.base import read_head
from tests.scanning.firing import installed, which_fire
from tests.scanning.gadget_files import h5_file, other_files
from tests.scanning.gadgets import GADGETS, content, mutated
from tests.scanning.loading import NEEDS
from tests.scanning.seeds import seeds

LIMIT_SECONDS = 30  # of CPU: others may work on the machine
COMPOSED = 0.5  # share of the seeds
TRIED_AT_ONCE = 50
_ACTS = "CLEAN AND ACTS:"
CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "scan"


class HangError(Exception):
    """An engine took longer than the limit."""


@dataclass(slots=True)
class _Fuzz:
    """`composed` are seeds that act: how they are loaded, a name for the engines, the bytes."""

    pick: random.Random
    engines: list[Scanner]
    folder: Path
    python: str
    composed: list[tuple[str, str, bytes]]
    corpus: list[tuple[str, bytes]]
    counts: Counter[str] = field(default_factory=Counter)
    loaded: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    clean: list[tuple[str, Path]] = field(default_factory=list)

    def go_on(self, seconds: float) -> None:
        others = [data for *_, data in self.composed] + [data for _, data in self.corpus]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.pick.random() < COMPOSED or not self.corpus:
                self.look_at(*self.pick.choice(self.composed), others)
            else:
                self.look_at("", *self.pick.choice(self.corpus), others)
        self.load_clean()

    def look_at(self, loader: str, name: str, data: bytes, others: list[bytes]) -> None:
        path = self.folder / f"changed-{self.counts['files']}{PurePath(name).suffix}"
        path.write_bytes(mutated(self.pick, data, others))
        self.counts["files"] += 1
        verdict = _judge(path, PurePath(name), self.engines, self.faults)
        self.counts[verdict] += 1
        if verdict == "clean" and loader:
            self.clean.append((loader, path))
        else:
            path.unlink()
        if len(self.clean) >= TRIED_AT_ONCE:
            self.load_clean()

    def load_clean(self) -> None:
        there = installed(self.python, sorted({*NEEDS.values(), "torch.storage"}))
        asked = [
            (loader, path) for loader, path in self.clean if NEEDS.get(loader) in {None, *there}
        ]
        fired = which_fire(asked, imported=there, python=self.python)
        self.loaded.update(loader for loader, _ in asked)
        self.counts["acted"] += len(fired)
        self.faults += [
            f"{_ACTS} {loader} {path.read_bytes()[:600]!r}" for loader, path in asked
            if str(path) in fired
        ]  # fmt: skip
        for _, path in self.clean:
            path.unlink()
        self.clean.clear()


def run(options: argparse.Namespace) -> None:
    signal.signal(signal.SIGPROF, _hang)
    pick = random.Random(options.seed)  # noqa: S311 repeatable, no secret
    pickles = [content(pick, gadget) for gadget in list(GADGETS) * 4]
    composed = [(loader, "model.pkl", data) for loader, data in pickles]
    composed += [one for gadget in GADGETS for one in other_files(pick, gadget)]
    composed += [one for _ in GADGETS for one in other_files(pick)]
    python = options.readers or sys.executable
    composed += [h5_file(python)] * len(GADGETS) if installed(python, ["h5py"]) else []
    corpus = [
        (path.name, path.read_bytes()) for path in sorted(CORPUS.rglob("*")) if _is_seed(path)
    ]
    corpus += seeds()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        chosen = ScannerOptions(scratch=Path(folder), max_unpacked_bytes=256 << 20)
        engines = [cls(chosen) for cls in scanners if not (cls.is_foreign or cls.needs_network)]
        fuzz = _Fuzz(pick, engines, Path(folder), python, composed, corpus)
        fuzz.go_on(options.seconds)
    _print(fuzz, options.seconds)


def _print(fuzz: _Fuzz, seconds: int) -> None:
    counts, faults = fuzz.counts, fuzz.faults
    print(f"{counts['files']} changed files in {seconds} s, by verdict:")
    for verdict in ("clean", "suspicious", "incomplete", "unsafe", "not handled"):
        print(f"  {verdict:>12} {counts[verdict]}")
    print(f"  clean ones loaded {fuzz.loaded.total()}, of which act {counts['acted']}")
    print("  " + ", ".join(f"{loader} {count}" for loader, count in sorted(fuzz.loaded.items())))
    print(f"  crashes {counts['crash']}, over {LIMIT_SECONDS} s {counts['hang']}")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    acting = [fault for fault in faults if fault.startswith(_ACTS)]
    others = {" ".join(fault.split()[:4]): fault for fault in faults if fault not in acting}
    print("\n".join([*acting[:20], *list(others.values())[:20]]))


def _is_seed(path: Path) -> bool:
    return path.is_file() and path.stat().st_size < 1 << 20


def _judge(path: Path, name: PurePath, engines: list[Scanner], faults: list[str]) -> str:
    head = read_head(path)
    verdicts = []
    is_understood = False
    try:
        for engine in engines:
            signal.setitimer(signal.ITIMER_PROF, LIMIT_SECONDS)
            if engine.handles(name, head):
                verdicts.append(engine.scan(path, name).verdict)
                is_understood |= engine.understands_formats
    except HangError:
        faults.append(f"HANG: {engine.slug} {name} {path.read_bytes()[:200]!r}")
        return "hang"
    except Exception as error:  # noqa: BLE001 what is looked for
        faults.append(f"CRASH: {engine.slug} {name} {error!r} {path.read_bytes()[:200]!r}")
        return "crash"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if not is_understood:
        return "not handled"
    order = ("unsafe", "suspicious", "incomplete", "clean")
    return next((one for one in order if one in verdicts), "not handled")


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise HangError
