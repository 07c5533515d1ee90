"""Draw small accessible SVG charts with no dependency.

Every function returns one `<svg role="img">` whose label says in words what the picture shows. Only
classes from the style sheet and SVG attributes are used (a strict Content-Security-Policy holds)
and no ids, so that many can stand on one page. A chart never stands alone: show its numbers too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Protocol


class Sized(Protocol):
    """A part of a whole: its name, how much it is (None: not known), its class in a chart."""

    @property
    def title(self) -> str: ...
    @property
    def size(self) -> int | None: ...
    @property
    def tone(self) -> str: ...


_SEVERITIES = (
    ("critical", "bad", 12),
    ("high", "bad", 9),
    ("medium", "warn", 7),
    ("low", "fill2", 5),
    ("info", "rest", 3),
)


def _n(value: float) -> str:
    """Write a coordinate with at most one decimal."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _svg(width: float, height: float, label: str, body: Iterable[str]) -> str:
    w, h = _n(width), _n(height)
    return (
        f'<svg class="y-chart" role="img" aria-label="{escape(label, quote=True)}" '
        f'width="{w}" height="{h}" viewBox="0 0 {w} {h}">{"".join(body)}</svg>'
    )


def _rect(x: float, width: float, cls: str, *, y: float, height: float) -> str:
    if width <= 0:
        return ""
    return (
        f'<rect class="{cls}" x="{_n(x)}" y="{_n(y)}" '
        f'width="{_n(width)}" height="{_n(height)}" rx="1"/>'
    )


def _line(start: tuple[float, float], end: tuple[float, float], cls: str) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{cls}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'


def _hatch(x: float, width: float, *, y: float, height: float) -> list[str]:
    """Fill a span with slanted strokes: reads as "not covered" without color."""
    starts = [x + 1 + 3.5 * i for i in range(max(0, int((width + 1.5) / 3.5)))]
    return [_line((at, y + height), (min(at + 2, x + width), y), "axis") for at in starts]


def sparkline(values: Sequence[float], label: str, *, width: int = 64, height: int = 18) -> str:
    """Draw a trend with its last point marked; flat when there is no movement."""
    if not values:
        flat = _line((1, height / 2), (width - 1, height / 2), "grid")
        return _svg(width, height, f"{label}: no data", [flat])
    top, low, pad = max(values), min(values), 2.5
    span, step = (top - low) or 1, (width - 2 * pad) / max(len(values) - 1, 1)
    dots = [
        (pad + i * step, height - pad - (value - low) / span * (height - 2 * pad))
        for i, value in enumerate(values)
    ]
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in dots)
    body = [
        f'<polyline class="line" points="{path}"/>',
        f'<circle class="end" cx="{_n(dots[-1][0])}" cy="{_n(dots[-1][1])}" r="2"/>',
    ]
    words = f"{label}: from {values[0]:g} to {values[-1]:g}, highest {top:g}"
    return _svg(width, height, words, body)


def coverage_bar(
    read: float, skipped: float, failed: float, label: str, *, width: int = 132
) -> str:
    """Draw what an engine read (solid), left out by rule (hatched), could not read (tall, red)."""
    total = (read + skipped + failed) or 1
    solid, hatched = read / total * width, skipped / total * width
    body = [_rect(0, width, "rest", y=2, height=8), _rect(0, solid, "ok", y=2, height=8)]
    body += _hatch(solid + 1, hatched - 1, y=2, height=8)
    if failed:
        wide = max(failed / total * width, 5)
        body.append(_rect(min(solid + hatched, width - wide), wide, "bad", y=0, height=12))
    words = (
        f"{label}: {read:g} files read, {skipped:g} not for this engine, "
        f"{failed:g} could not be read"
    )
    return _svg(width, 12, words, body)


def bytes_bar(percent: int | None, label: str, *, width: int = 72) -> str:
    """Draw of how much of a file it is known what it is; hatched where nobody says."""
    body = [_rect(0, width, "rest", y=2, height=8)]
    if percent is None:
        body += _hatch(0, width, y=2, height=8)
    else:
        cls = "ok" if percent >= 100 else "warn"  # noqa: PLR2004 all of it
        body.append(_rect(0, width * min(percent, 100) / 100, cls, y=2, height=8))
    return _svg(width, 12, label, body)


def severity_bar(counts: Mapping[str, int], label: str, *, width: int = 56) -> str:
    """Draw findings by severity: the worse, the taller, so that order survives without color."""
    total = sum(counts.get(name, 0) for name, _, _ in _SEVERITIES)
    if not total:
        return _svg(width, 12, f"{label}: none", [_line((0, 11), (width, 11), "grid")])
    x, body = 0.0, []
    for name, cls, tall in _SEVERITIES:
        wide = counts.get(name, 0) / total * width
        body.append(_rect(x, wide - 1.5, cls, y=12 - tall, height=tall))
        x += wide
    words = ", ".join(f"{counts[name]} {name}" for name, _, _ in _SEVERITIES if counts.get(name))
    return _svg(width, 12, f"{label}: {words}", body)


def fill_bar(percent: int, warn: int, pause: int, label: str, *, width: int = 132) -> str:
    """Draw how full a disk is, with ticks where it is warned of and where imports wait."""
    cls = "bad" if percent >= pause else "warn" if percent >= warn else "fill"
    body = [
        _rect(0, width, "rest", y=2, height=8),
        _rect(0, width * min(percent, 100) / 100, cls, y=2, height=8),
        _line((width * warn / 100, 0), (width * warn / 100, 12), "tick"),
        _line((width * pause / 100, 0), (width * pause / 100, 12), "tickbad"),
    ]
    words = f"{label}: {percent} % full, warned of at {warn} %, imports wait at {pause} %"
    return _svg(width, 12, words, body)


def use_bar(own: int, shared: int, most: int, label: str, *, width: int = 132) -> str:
    """Draw what a model stores for itself (solid) and with others (soft), against the largest."""
    scale = width / (most or 1)
    body = [
        _rect(0, width, "rest", y=2, height=8),
        _rect(0, own * scale, "fill", y=2, height=8),
        _rect(own * scale, shared * scale, "soft", y=2, height=8),
    ]
    stored = own + shared
    part = f"{100 * shared / stored:.0f} % of it shared" if stored else "nothing stored"
    return _svg(
        width, 12, f"{label}: {100 * stored / (most or 1):.0f} % of the largest, {part}", body
    )


def fit_bar(
    parts: Sequence[tuple[str, float, str]], limit: float | None, limit_name: str, label: str
) -> str:
    """Stack memory needs, as wide as the container, against the smallest size that holds them.

    `parts` are (name, bytes, class); without a limit the bar is open to the right.
    """
    used = sum(amount for _, amount, _ in parts)
    scale, x = 100 / max(used * 1.04, (limit or 0) * 1.08, 1), 0.0
    end = _n((limit or 0) * scale)
    body = [f'<rect class="rest" x="0" y="4" width="{end}%" height="16"/>'] if limit else []
    for _, amount, cls in parts:
        wide = _n(amount * scale)
        edge = "" if cls == "hollow" else " gap"
        body.append(f'<rect class="{cls}{edge}" x="{_n(x)}%" y="4" width="{wide}%" height="16"/>')
        x += amount * scale
    if limit:
        body.append(f'<line class="limit" x1="{end}%" y1="0" x2="{end}%" y2="24"/>')
        body.append(
            f'<text class="t" x="{end}%" y="36" text-anchor="end">{escape(limit_name)}</text>'
        )
    shares = ", ".join(f"{name} {100 * amount / (used or 1):.0f} %" for name, amount, _ in parts)
    words = escape(f"{label}: {shares}{f'; within {limit_name}' if limit else ''}", quote=True)
    height = 38 if limit else 24
    return (
        f'<svg class="y-chart" role="img" aria-label="{words}" '
        f'width="100%" height="{height}">{"".join(body)}</svg>'
    )


def share_bar(share: float, label: str, *, width: int = 72) -> str:
    """Draw what part of something is taken; above the whole it is full and gray."""
    cls = "fill" if share <= 1 else "fill2"
    body = [
        _rect(0, width, "rest", y=2, height=8),
        _rect(0, width * min(share, 1), cls, y=2, height=8),
    ]
    return _svg(width, 12, f"{label}: {100 * share:.0f} % of what may be used", body)


def histogram(bars: Sequence[tuple[str, int]], label: str, *, width: int = 176) -> str:
    """Draw how many there are of each step, from the lowest; none leaves a line on the ground."""
    height, top = 36, max((count for _, count in bars), default=0) or 1
    step, body = width / max(len(bars), 1), []
    for number, (_, count) in enumerate(bars):
        tall = max(height * count / top, 2) if count else 0
        body.append(_rect(number * step + 1, step - 2, "fill2", y=height - tall, height=tall))
    body.append(_line((0, height + 0.5), (width, height + 0.5), "grid"))
    words = ", ".join(f"{name} {count}" for name, count in bars) or "nothing"
    return _svg(width, height + 1, f"{label}: {words}", body)


def columns(
    bars: Sequence[tuple[str, int]], label: str, *, write: Callable[[int], str], height: int = 120
) -> str:
    """Draw amounts over time, as wide as the container, on a scale with a round top.

    `bars` are named, the oldest first; `write` puts an amount into words. The scale stands to the
    left of the container, which leaves room for it.
    """
    top, step = _round_top(max((count for _, count in bars), default=0)), 100 / max(len(bars), 1)
    ground, room = height - 18, height - 26
    body = []
    for part in (1, 0.5):
        y = ground - room * part
        body.append(f'<line class="grid" x1="0" x2="100%" y1="{_n(y)}" y2="{_n(y)}"/>')
        amount = escape(write(int(top * part)))
        body.append(f'<text x="-8" y="{_n(y + 4)}" text-anchor="end">{amount}</text>')
    for number, (name, count) in enumerate(bars):
        tall = max(room * count / top, 2) if count else 0
        body.append(
            f'<rect class="fill" x="{number * step + step / 10:.2f}%" y="{_n(ground - tall)}" '
            f'width="{step * 0.8:.2f}%" height="{_n(tall)}">'
            f"<title>{escape(name)}: {escape(write(count))}</title></rect>"
        )
    body.append(f'<line class="axis" x1="0" x2="100%" y1="{ground}" y2="{ground}"/>')
    if bars:
        first, last = escape(bars[0][0]), escape(bars[-1][0])
        body.append(f'<text x="0" y="{height - 3}">{first}</text>')
        body.append(f'<text x="100%" y="{height - 3}" text-anchor="end">{last}</text>')
    words = escape(f"{label}: {_highest(bars, write)}", quote=True)
    return (
        f'<svg class="y-chart" role="img" aria-label="{words}" '
        f'width="100%" height="{height}">{"".join(body)}</svg>'
    )


def _highest(bars: Sequence[tuple[str, int]], write: Callable[[int], str]) -> str:
    name, count = max(bars, key=lambda bar: bar[1], default=("", 0))
    if not count:
        return "nothing"
    return f"{bars[0][0]} to {bars[-1][0]}, the most {write(count)} at {name}"


def _round_top(count: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 and so on: its half is round as well."""
    power = 1
    while True:
        for digit in (2, 4, 10):
            if digit * power >= count:
                return digit * power
        power *= 10


def swatch(cls: str) -> str:
    """Draw the color of a part; the name stands beside it."""
    mark = f'<rect class="{escape(cls)}" x="1" y="1" width="9" height="9" rx="1"/>'
    return f'<svg class="y-chart" aria-hidden="true" width="11" height="11">{mark}</svg>'
