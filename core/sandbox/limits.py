"""What a child may use, set by the child on itself before it reads a byte."""

from __future__ import annotations

import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_MAPPED = 1 << 30  # libraries and stacks, whose pages are few


@dataclass(frozen=True, slots=True)
class Limits:
    """Per item, except memory, open files and `total_seconds`.

    The seconds of the clock are watched by the parent, the rest by the kernel.
    """

    wall_seconds: float = 600.0
    start_seconds: float = 60.0
    total_seconds: float | None = None  # for all items, and all children that they need
    cpu_seconds: int = 300
    memory_bytes: int = 280 << 20  # of its own; what libraries map comes on top
    written_bytes: int = 4 << 30
    open_files: int = 256

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def confine(limits: Limits) -> None:
    """Bind this process: memory, size of files it writes, open files, no core dump."""
    _lower(resource.RLIMIT_DATA, limits.memory_bytes)
    _lower(resource.RLIMIT_AS, limits.memory_bytes + _MAPPED)
    _lower(resource.RLIMIT_FSIZE, limits.written_bytes)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    _lower(resource.RLIMIT_CORE, 0)


def memory_of_its_own() -> int:
    """Bytes that this process wrote and holds, and so cannot be shared or read again."""
    if sys.platform != "linux":
        return 0
    _, resident, shared, *_ = Path("/proc/self/statm").read_bytes().split()
    return (int(resident) - int(shared)) * resource.getpagesize()


def grant_cpu(seconds: int) -> None:
    """Allow so many more seconds of CPU from now on; the kernel ends the process after them."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (allowed, allowed))
