"""Numbers, sizes, hashes, times and names, written the way people read them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from core import wording
from core.markup import markup

register = template.Library()
DASH = "\u2013"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@register.filter
def filesize(count: int | None) -> str:
    """Write bytes on disk in decimal units; a dash where nothing is known."""
    return DASH if count is None else wording.file_size(count)


@register.filter
def memsize(count: int | None) -> str:
    """Write bytes in memory in binary units; a dash where nothing is known."""
    return DASH if count is None else wording.memory_size(count)


@register.filter
def params(count: int | None) -> str:
    """Write a parameter count: 8.03 B; a dash where nothing is known."""
    return wording.parameters(count) if count else DASH


@register.filter
def grouped(number: int | None) -> str:
    """Group thousands by a thin space."""
    return DASH if number is None else wording.grouped(number)


@register.filter
def commit(value: str) -> str:
    """Shorten a commit to the seven characters people compare."""
    return value[:7]


@register.filter
def digest(value: str) -> str:
    """Shorten a hash for a table; the whole of it stands behind a copy button."""
    return value[:12]


@register.filter
def owner(repo_id: str) -> str:
    """Return the organization of a repository name, empty where it has none."""
    return repo_id.rpartition("/")[0]


@register.filter
def repo_name(repo_id: str) -> str:
    """Return the last part of a repository name."""
    return repo_id.rpartition("/")[2]


@register.simple_tag
def ago(moment: datetime | None, *, suffix: bool = False) -> SafeString:
    """Write how long ago something was, with the exact time behind it; `suffix` adds the ago."""
    if moment is None:
        return markup('<span class="y-muted">{}</span>', DASH)
    return markup(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        _exact(moment.astimezone(timezone.get_default_timezone())),  # nobody has one of their own
        _age(moment, suffix=suffix),
    )


def _exact(moment: datetime) -> str:
    # As date_format(moment, "j M Y, H:i T"), in a fortieth of the time: every row has one.
    month = _MONTHS[moment.month - 1]
    clock = f"{moment.hour:02}:{moment.minute:02} {moment.tzname()}"
    return f"{moment.day} {month} {moment.year}, {clock}"


def _age(moment: datetime, *, suffix: bool) -> str:
    words = wording.age(moment, timezone.now())
    if not suffix:
        return words
    return "just now" if words == "now" else f"{words} ago"


@register.simple_tag
def duration(start: datetime | None, end: datetime | None = None) -> str:
    """Write how long something took, or has been going on."""
    return wording.took((end or timezone.now()) - start) if start else DASH


@register.filter
def seconds(count: int | None) -> str:
    """Write seconds the way people read them."""
    return "" if count is None else wording.took(timedelta(seconds=count))
