"""What the stand-in of this process knows: repositories, tokens, faults, counters and its log."""

from __future__ import annotations

import os
import threading
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.standins.hub.faults import DEFAULTS

if TYPE_CHECKING:
    from tests.standins.hub.git import File
    from tests.standins.hub.repositories import Repo


@dataclass
class Counters:
    """How often each fault has struck; the first two are of the rate limit."""

    requests: int = 0
    closed_until: float = 0.0
    injected: Counter[int] = field(default_factory=Counter)
    resets: Counter[str] = field(default_factory=Counter)
    shorts: Counter[str] = field(default_factory=Counter)
    corrupted: Counter[str] = field(default_factory=Counter)


@dataclass
class State:
    root: Path = Path()
    cdn_host: str = "localhost"
    cdn_port: int = 0
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)  # by plural, id in lower case
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=lambda: deepcopy(DEFAULTS))
    counters: Counters = field(default_factory=Counters)
    log: list[dict[str, Any]] = field(default_factory=list)
    signed: dict[str, File] = field(default_factory=dict)  # what the CDN was told to have
    configs: dict[str, bytes] = field(default_factory=dict)  # those made for Ollama, by digest
    secret: bytes = field(default_factory=lambda: os.urandom(16))
    lock: threading.RLock = field(default_factory=threading.RLock)


STATE = State()


def reset(config: dict[str, Any] | None = None) -> None:
    """Forget faults, counters and the log."""
    with STATE.lock:
        STATE.faults.clear()
        STATE.faults.update(deepcopy(DEFAULTS))
        STATE.faults.update(config or {})
        STATE.counters = Counters()
        STATE.log.clear()


def configure(**faults: Any) -> None:
    """Set faults; counters start again."""
    unknown = set(faults) - set(DEFAULTS)
    if unknown:
        raise KeyError(f"no such fault: {sorted(unknown)}")
    with STATE.lock:
        STATE.faults.update(faults)
        STATE.counters = Counters()
