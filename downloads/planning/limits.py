"""The limits of transfers that a fetch would meet, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from core.wording import file_size, took
from downloads.sharing import SOURCE, Limits


def limits_in_words(
    limits: Mapping[str, Limits], source: str, *, title: str, size: int, now: datetime
) -> tuple[str, ...]:
    """Say what holds for this source and for all together, and what it means for so many bytes."""
    if not size:
        return ()
    found = (("All sources together", limits[""]), (title, limits.get(source, SOURCE)))
    return tuple(text for name, one in found for text in _words(name, one, size, now))


def _words(name: str, one: Limits, size: int, now: datetime) -> Iterator[str]:
    yield f"{name}: at most {one.files} files at once{_rate(one.rate, size)}."
    if one.quiet is None:
        return
    begin, end = one.quiet
    pace = _rate(one.quiet_rate, size) or ", no limit of speed"
    ends = one.quiet_ends(now)
    held = f" They hold now, until {ends:%H:%M}." if ends else ""
    yield f"{name}, quiet hours {begin:%H:%M} to {end:%H:%M} UTC{pace}.{held}"


def _rate(rate: int | None, size: int) -> str:
    if rate is None:
        return ""
    if not rate:
        return ", nothing moves"
    least = took(timedelta(seconds=size / rate))
    return f", {file_size(rate)} in a second, so at least {least}"
