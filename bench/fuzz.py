"""Changed files through every structural engine: no crash, no hang, nothing clean that still acts.

The seeds are the visible corpus and pickles composed by the tests. Only composed ones are loaded to
see whether they act: what a change makes of a stranger's payload is nobody's to try.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path, PurePath
from types import FrameType

LIMIT_SECONDS = 30  # of CPU: others may work on the machine
COMPOSED = 0.5  # share of the seeds
TRIED_AT_ONCE = 50
_ACTS = "CLEAN AND ACTS:"
CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "scan"


class HangError(Exception):
    """An engine took longer than the limit."""


def run(options: argparse.Namespace) -> None:
    from scanning.scanners import ScannerOptions, scanners
    from tests.scanning.gadgets import GADGETS, content

    signal.signal(signal.SIGPROF, _hang)
    pick = random.Random(options.seed)  # noqa: S311 repeatable, no secret
    composed = [content(pick, gadget) for gadget in list(GADGETS) * 4]
    corpus = [(path, path.read_bytes()) for path in sorted(CORPUS.rglob("*")) if _is_seed(path)]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        chosen = ScannerOptions(scratch=Path(folder), max_unpacked_bytes=256 << 20)
        engines = [cls(chosen) for cls in scanners if cls.reads_members and not cls.needs_network]
        counts, faults = _loop(options.seconds, pick, composed, corpus, engines, Path(folder))
    print(f"{counts['files']} changed files in {options.seconds} s, by verdict:")
    for verdict in ("clean", "suspicious", "incomplete", "unsafe", "not handled"):
        print(f"  {verdict:>12} {counts[verdict]}")
    print(f"  clean ones loaded {counts['loaded']}, of which act {counts['acted']}")
    print(f"  crashes {counts['crash']}, over {LIMIT_SECONDS} s {counts['hang']}")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    acting = [fault for fault in faults if fault.startswith(_ACTS)]
    others = {" ".join(fault.split()[:4]): fault for fault in faults if fault not in acting}
    print("\n".join([*acting[:20], *list(others.values())[:20]]))


def _is_seed(path: Path) -> bool:
    return path.is_file() and path.stat().st_size < 1 << 20


def _loop(seconds, pick, composed, corpus, engines, folder):  # noqa: ANN001, ANN202, PLR0917
    from tests.scanning.firing import which_fire
    from tests.scanning.gadgets import mutated

    others = [data for _, data in composed] + [data for _, data in corpus]
    counts: Counter[str] = Counter()
    faults: list[str] = []
    clean: list[tuple[str, Path]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        kind, name, data = "", PurePath("model.pkl"), b""
        if pick.random() < COMPOSED or not corpus:
            kind, data = pick.choice(composed)
        else:
            source, data = pick.choice(corpus)
            name = PurePath(source.name)
        path = folder / f"changed-{counts['files']}"
        path.write_bytes(mutated(pick, data, others))
        counts["files"] += 1
        verdict = _judge(path, name, engines, faults)
        counts[verdict] += 1
        if verdict == "clean" and kind:
            clean.append((kind, path))
        else:
            path.unlink()
        if len(clean) >= TRIED_AT_ONCE:
            _try_clean(clean, counts, faults, which_fire)
    _try_clean(clean, counts, faults, which_fire)
    return counts, faults


def _try_clean(clean, counts, faults, which_fire):  # noqa: ANN001, ANN202
    fired = which_fire(clean, imported=("numpy", "torch", "torch.storage"))
    counts["loaded"] += len(clean)
    counts["acted"] += len(fired)
    faults += [f"{_ACTS} {kind} {path.read_bytes()[:300]!r}" for kind, path in clean
               if str(path) in fired]  # fmt: skip
    for _, path in clean:
        path.unlink()
    clean.clear()


def _judge(path: Path, name: PurePath, engines, faults: list[str]) -> str:  # noqa: ANN001
    from scanning.scanners.base import read_head

    head = read_head(path)
    verdicts = []
    try:
        for engine in engines:
            signal.setitimer(signal.ITIMER_PROF, LIMIT_SECONDS)
            if engine.handles(name, head):
                verdicts.append(engine.scan(path, name).verdict)
    except HangError:
        faults.append(f"HANG: {engine.slug} {name} {path.read_bytes()[:200]!r}")
        return "hang"
    except Exception as error:  # noqa: BLE001 what is looked for
        faults.append(f"CRASH: {engine.slug} {name} {error!r} {path.read_bytes()[:200]!r}")
        return "crash"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    order = ("unsafe", "suspicious", "incomplete", "clean")
    return next((one for one in order if one in verdicts), "not handled")


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise HangError
