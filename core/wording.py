"""Write numbers, sizes, hashes and times the way people read them. Pure, no clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

_SIZES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_PARAMS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_AGES = ((365 * 86400, "y"), (30 * 86400, "mo"), (86400, "d"), (3600, "h"), (60, "min"))
_MINUTE, _HOUR = 60, 3600
_EXACT_BELOW = 10  # seconds: tenths are worth reading
_TOO_EARLY = timedelta(seconds=2)
_WORTH = 50  # below a fiftieth of the work an estimate is hours of nonsense
NBSP = "\u00a0"
THIN = "\u202f"
TIMES = "\u00d7"


def short(number: float) -> str:
    """Keep three figures: 8.03, 16.1, 548."""
    decimals = max(0, 3 - len(str(int(number))))
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def file_size(count: int) -> str:
    """Write bytes on disk in decimal units: 16.1 GB."""
    for factor, unit in _SIZES:
        if count >= 0.9995 * factor:
            return f"{short(count / factor)}{NBSP}{unit}"
    return f"{count}{NBSP}B"


def memory_size(count: int) -> str:
    """Write bytes in memory in binary units: 16.7 GiB, 512 MiB."""
    for factor, unit in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")):
        if count >= 0.9995 * factor:
            return f"{short(count / factor)}{NBSP}{unit}"
    return f"{short(count / 1024)}{NBSP}KiB"


def parameters(count: int) -> str:
    """Write a parameter count: 8.03 B, 22.7 M."""
    for factor, unit in _PARAMS:
        if count >= 0.9995 * factor:
            return f"{short(count / factor)}{NBSP}{unit}"
    return str(count)


def grouped(number: int) -> str:
    """Group thousands by a thin space: 131 072."""
    return f"{number:,}".replace(",", THIN)


def listed(names: Sequence[str]) -> str:
    """Write names as people list them: a, b and c."""
    *others, last = names or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def age(then: datetime, now: datetime) -> str:
    """Write how long ago: 4 min, 2 d. Under a minute, or a little ahead of our clock, is now."""
    seconds = (now - then).total_seconds()
    for factor, unit in _AGES:
        if seconds >= factor:
            return f"{int(seconds // factor)}{NBSP}{unit}"
    return "now"


def took(span: timedelta) -> str:
    """Write how long something took: 0.6 s, 4 min 12 s, 1 h 20 min."""
    seconds = max(span.total_seconds(), 0)
    if seconds < _EXACT_BELOW:
        return f"{seconds:.1f}{NBSP}s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole}{NBSP}s"
    if whole < _HOUR:
        return _two(whole // _MINUTE, "min", whole % _MINUTE, "s")
    return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "min")


def _two(big: int, big_unit: str, small: int, small_unit: str) -> str:
    rest = f" {small}{NBSP}{small_unit}" if small else ""
    return f"{big}{NBSP}{big_unit}{rest}"


def amount(done: int, total: int | None, unit: str) -> str:
    """Write progress in words: 40.1 of 65.5 GB, 5 of 17 files, 3 files."""
    if done == total:
        total = None  # all of it: "6 files" says more than "6 of 6 files"
    if unit == "bytes":
        return file_size(done) if total is None else _bytes_of(done, total)
    words = grouped(done) if total is None else f"{grouped(done)} of {grouped(total)}"
    return f"{words} {unit}".strip()


def _bytes_of(done: int, total: int) -> str:
    """Write the unit once where both sides share it."""
    left, right = file_size(done), file_size(total)
    if left.split(NBSP)[1] == right.split(NBSP)[1]:
        left = left.split(NBSP)[0]
    return f"{left} of {right}"


def time_left(done: int, total: int, elapsed: timedelta) -> timedelta | None:
    """Estimate what is still to come; None while too little is done to say anything."""
    if elapsed < _TOO_EARLY or done * _WORTH < total or done >= total:
        return None
    return elapsed * ((total - done) / done)
