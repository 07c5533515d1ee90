"""Icons, badges, stamps, tracks and charts: states as people see them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from core import charts, wording
from core.markup import markup
from core.models import RunStep
from core.progress import progress_of, step_words
from core.status_language import (
    MARKS,
    MODEL_TYPES,
    OTHER_TYPE,
    decision_mark,
    gate_mark,
    look_of,
    step_mark,
    word_of,
)

register = template.Library()
_SHORT_OWNER = 5  # is shown whole
_TICKS = re.compile("`([^`]+)`")


@cache
def _sprite() -> str:
    return static("icons.svg")


@register.simple_tag
@lru_cache(maxsize=1024)  # a table draws the same few a hundred times
def icon(name: str, cls: str = "") -> SafeString:
    """Draw an icon of the sprite; it says nothing to a screen reader, so words stand beside it."""
    return markup(
        '<svg class="y-icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {cls}" if cls else "",
        _sprite(),
        name,
    )


@cache
def _model_url() -> str:
    return reverse("catalog:model", args=["slug"])


@register.simple_tag
def model_link(repo_id: str, slug: str) -> SafeString:
    """Link to a model by its name: the organization gives way first where there is no room."""
    owner, _, name = repo_id.rpartition("/")
    short = " is-short" if len(owner) < _SHORT_OWNER else ""
    before = markup(
        '<span class="org{}">{}</span><span class="org flex-none! min-w-0!">/</span>', short, owner
    )
    return markup(
        '<span class="y-name"><a href="{}">{}<b>{}</b></a></span>',
        _model_url().replace("slug", slug),
        before if owner else "",
        name,
    )


@register.simple_tag
@lru_cache(maxsize=1024)  # a table draws the same few a hundred times
def badge(kind: str, value: str, word: str = "", *, quiet: bool = False) -> SafeString:
    """Show a state as icon, word and tone. `quiet` is the form for filters and menus."""
    look = look_of(kind, value)
    weight = f" is-{look.weight}" if look.weight and (not quiet or look.weight == "wait") else ""
    return markup(
        '<span class="y-badge y-tone-{}{}">{}<span>{}</span></span>',
        look.tone,
        weight,
        icon(look.icon),
        word or word_of(kind, value),
    )


@register.simple_tag
@lru_cache(maxsize=1024)  # a table draws the same few a hundred times
def tone_icon(kind: str, value: str) -> SafeString:
    """Show only the toned icon of a state, where its words stand beside it anyway."""
    look = look_of(kind, value)
    return icon(look.icon, f"y-tone-{look.tone}")


@register.simple_tag
@lru_cache(maxsize=1024)  # a table draws the same few a hundred times
def type_icon(model_type: str) -> SafeString:
    """Show what kind of model it is, with its name for those who do not see the icon."""
    title, look = MODEL_TYPES.get(model_type, OTHER_TYPE)
    return markup(
        '<span class="y-muted flex-none" title="{}">{}<span class="sr-only">{}</span></span>',
        title,
        icon(look.icon),
        title,
    )


@register.filter
def type_name(model_type: str) -> str:
    """Write the name of a model type."""
    return MODEL_TYPES.get(model_type, OTHER_TYPE)[0]


@register.filter
def state_word(value: str, kind: str) -> str:
    """Write the word of a state without its badge."""
    return word_of(kind, value)


@register.filter
def ticks(text: str) -> SafeString:
    """Set what stands between backticks as code; everything is escaped first."""
    return mark_safe(_TICKS.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 escaped here


@register.filter
def gate_title(name: str) -> str:
    """Write the name of a gate or rule as a heading."""
    return name.replace("_", " ").capitalize()


@register.inclusion_tag("components/stamp.html")
def stamp(admission: str, line: str = "") -> dict[str, object]:
    """Draw the decision on one version: the double-ruled box."""
    return {"admission": admission, "look": look_of("admission", admission), "line": line}


def _node(mark: str, name: str, text: str, url: str = "") -> dict[str, object]:
    return {"mark": mark, "look": MARKS[mark], "name": name, "text": text, "url": url}


@register.inclusion_tag("components/node.html")
def gate_node(name: str, outcome: str, mode: str, text: str = "", url: str = "") -> object:
    """Draw one gate of an admission on the track."""
    return _node(gate_mark(outcome, mode), gate_title(name), text, url)


@register.inclusion_tag("components/node.html")
def decision_node(admission: str, text: str = "") -> object:
    """Draw the end of a gate track: the decision."""
    return _node(decision_mark(admission), "Decision", text)


@register.inclusion_tag("components/node.html")
def step_node(step: RunStep) -> object:
    """Draw one step of a run on the track."""
    mark = step_mark(step.state, begun=bool(step.done or step.started_at))
    return _node(mark, step.title, step_words(step))


@register.filter
def step_amount(step: RunStep) -> str:
    """Write how much of a step is done: 40.1 of 65.5 GB."""
    return wording.amount(step.done, step.total, step.unit)


@register.inclusion_tag("components/progress.html")
def progress(step: RunStep) -> dict[str, object]:
    """Show how far a running step is: percent, amount, speed, and time left when known."""
    return progress_of(step, timezone.now())


@register.simple_tag
def coverage_chart(read: int, skipped: int, failed: int, label: str) -> SafeString:
    """Draw what one engine read of the files."""
    return mark_safe(charts.coverage_bar(read, skipped, failed, label))  # noqa: S308 escaped there


@register.simple_tag
def bytes_chart(percent: int | None, label: str) -> SafeString:
    """Draw how much of a file was covered."""
    return mark_safe(charts.bytes_bar(percent, f"Covered {label}"))  # noqa: S308 escaped there


@register.simple_tag
def severity_chart(counts: dict[str, int], label: str) -> SafeString:
    """Draw findings by severity."""
    return mark_safe(charts.severity_bar(counts, label))  # noqa: S308 escaped there


@register.simple_tag
def fill_chart(percent: int, warn: int, pause: int, label: str) -> SafeString:
    """Draw how full a disk is."""
    return mark_safe(charts.fill_bar(percent, warn, pause, label))  # noqa: S308 escaped there


@register.simple_tag
def use_chart(own: int, shared: int, most: int, label: str) -> SafeString:
    """Draw what a model stores, its own and shared."""
    return mark_safe(charts.use_bar(own, shared, most, label))  # noqa: S308 escaped there


@register.simple_tag
def fit_chart(parts: Sequence[charts.Sized], limit: int | None, limit_name: str) -> SafeString:
    """Draw the parts of a model's memory; those that are not known are left out."""
    known = [(part.title, part.size, part.tone) for part in parts if part.size is not None]
    return mark_safe(charts.fit_bar(known, limit, limit_name, "Memory"))  # noqa: S308 escaped there


@register.simple_tag
def share_chart(share: float, label: str) -> SafeString:
    """Draw how full a device is."""
    return mark_safe(charts.share_bar(share, label))  # noqa: S308 escaped there


@register.simple_tag
def histogram(bars: Sequence[tuple[str, int]], title: str) -> SafeString:
    """Draw how many models there are of each step of a number."""
    return mark_safe(charts.histogram(bars, f"Models by {title.lower()}"))  # noqa: S308 escaped there


@register.simple_tag
def bytes_over_time(bars: Sequence[tuple[str, int]], label: str) -> SafeString:
    """Draw bytes by day or week."""
    return mark_safe(charts.columns(bars, label, write=wording.file_size))  # noqa: S308 escaped there


@register.simple_tag
def swatch(tone: str) -> SafeString:
    """Show the color of a part in a chart beside its name."""
    return mark_safe(charts.swatch(tone))  # noqa: S308 escaped there
