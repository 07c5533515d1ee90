"""What a look costs: `scanning.child` as it is, which also tells what the look took of the machine.

Run as a module it is that child; `measured` is its parent's side, with the limits of the product.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.sandbox.inside import Work, serve
from core.sandbox.limits import Limits
from core.sandbox.run import Lost, run

if TYPE_CHECKING:
    from scanning.sandbox import Asked
    from scanning.scanners import Report, ScannerOptions


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one look: `peak` is that of its process until then, in bytes as `read` is.

    `read` is what the system was asked for; `opened`, how often the file itself was opened. What an
    engine takes from a copy that it shares with the others (`scanning.copies`) is in neither.
    """

    verdict: str
    detail: str
    peak: int = 0
    read: int = 0
    opened: int = 0
    cpu: float = 0.0
    seconds: float = 0.0


def measured(
    asked: Sequence[Asked], options: ScannerOptions, limits: Limits | None = None
) -> list[Cost]:
    """What each look costs, in one child where it survives; engines are warm by their canary."""
    from scanning.copies import rounds
    from scanning.sandbox import Asked, Target, look_job, scanner_class

    with tempfile.TemporaryDirectory(prefix="measured-", dir=options.scratch) as folder:
        own = replace(options, scratch=Path(folder))
        first = []
        for slug in dict.fromkeys(one.slug for one in asked):
            canary = scanner_class(slug)(own).canary()
            path = own.scratch / f"{slug}-{canary.name}"
            path.write_bytes(canary.content)
            first.append(Asked(slug, Target(path, canary.name)))
        network = any(scanner_class(one.slug).needs_network for one in asked)
        answers: list[Cost | Lost] = []
        for looks, copies in rounds([*first, *asked]):
            job = look_job("bench._measured", lambda data: Cost(**data), own, copies,
                           limits or Limits(), network=network)  # fmt: skip
            answers += run(job, [one.to_json(copies) for one in looks])
        answers = answers[len(first) :]
    return [Cost("incomplete", one.reason) if isinstance(one, Lost) else one for one in answers]


def _prepare(setup: dict[str, Any]) -> Work:
    from scanning.child import prepare

    work = prepare(setup)
    opened: Counter[str] = Counter()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            opened[arguments[0]] += 1

    sys.addaudithook(note)

    def weigh(item: dict[str, Any]) -> dict[str, Any]:
        opened.clear()
        cpu, began, read = time.process_time(), time.perf_counter(), _number("io", "rchar")
        report: Report = work(item)
        return {
            "verdict": report["verdict"],
            "detail": report["detail"],
            "cpu": time.process_time() - cpu,
            "seconds": time.perf_counter() - began,
            "read": _number("io", "rchar") - read,
            "opened": opened[item["path"]],
            "peak": _number("status", "VmHWM") * 1024,
        }

    return weigh


def _number(file: str, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+)", Path("/proc/self", file).read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    serve(_prepare)
