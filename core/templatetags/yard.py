"""The console's own tags: icons, badges, tracks, numbers, times, links that keep the query."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache

from django import template
from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    RadioSelect,
    Select,
    Textarea,
)
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core import charts, wording
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
DASH = "\u2013"
THEMES = {"light": "modelyard-light", "dark": "modelyard-dark"}


@cache
def _sprite() -> str:
    return static("icons.svg")


@register.simple_tag
@lru_cache(maxsize=1024)  # a table draws the same few a hundred times
def icon(name: str, cls: str = "") -> SafeString:
    """Draw an icon of the sprite; it says nothing to a screen reader, so words stand beside it."""
    return format_html(
        '<svg class="y-icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {cls}" if cls else "",
        _sprite(),
        name,
    )


@register.simple_tag
@lru_cache(maxsize=1024)  # a table draws the same few a hundred times
def badge(kind: str, value: str, word: str = "", *, quiet: bool = False) -> SafeString:
    """Show a state as icon, word and tone. `quiet` is the form for filters and menus."""
    look = look_of(kind, value)
    weight = f" is-{look.weight}" if look.weight and (not quiet or look.weight == "wait") else ""
    return format_html(
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
    return format_html(
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


@register.filter
def filesize(count: int | None) -> str:
    """Write bytes on disk in decimal units; a dash where nothing is known."""
    return DASH if count is None else wording.file_size(count)


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


@register.simple_tag
def ago(moment: datetime | None, *, suffix: bool = False) -> SafeString:
    """Write how long ago something was, with the exact time behind it; `suffix` adds the ago."""
    if moment is None:
        return format_html('<span class="y-muted">{}</span>', DASH)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        _exact(timezone.localtime(moment)),
        _age(moment, suffix=suffix),
    )


def _exact(moment: datetime) -> str:
    # As date_format(moment, "j M Y, H:i T"), in a twentieth of the time: every row has one.
    return f"{moment.day} {moment:%b %Y, %H:%M %Z}"


def _age(moment: datetime, *, suffix: bool) -> str:
    words = wording.age(moment, timezone.now())
    if not suffix:
        return words
    return "just now" if words == "now" else f"{words} ago"


@register.simple_tag
def duration(start: datetime | None, end: datetime | None = None) -> str:
    """Write how long something took, or has been going on."""
    return wording.took((end or timezone.now()) - start) if start else DASH


@register.simple_tag
def coverage_chart(read: int, skipped: int, failed: int, label: str) -> SafeString:
    """Draw what one engine read of the files."""
    return mark_safe(charts.coverage_bar(read, skipped, failed, label))  # noqa: S308 escaped there


@register.simple_tag
def severity_chart(counts: dict[str, int], label: str) -> SafeString:
    """Draw findings by severity."""
    return mark_safe(charts.severity_bar(counts, label))  # noqa: S308 escaped there


@register.simple_tag(takes_context=True)
def without(context: Context, name: str, value: str = "") -> str:
    """Build the query without one value of a parameter (or without any of it), on page one."""
    query = context["request"].GET.copy()
    given = query.pop(name, [])
    if value in given:  # else the label was computed, as for a range: the whole parameter goes
        query.setlist(name, [kept for kept in given if kept != value])
    query.pop("cursor", None)
    return f"?{query.urlencode()}" if query else "?"


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort_header(
    context: Context, field: str, label: str, cls: str = "", *, rising: bool = False
) -> dict[str, object]:
    """Draw a column head that sorts, largest first or `rising`; a second press turns it round."""
    query = context["request"].GET.copy()
    current = str(context.get("ordering") or query.get("ordering", ""))
    sorted_as = {field: "ascending", f"-{field}": "descending"}.get(current, "")
    up = sorted_as == "descending" or (rising and not sorted_as)
    query["ordering"] = field if up else f"-{field}"
    query.pop("cursor", None)
    return {"label": label, "cls": cls, "sorted": sorted_as, "url": f"?{query.urlencode()}"}


@register.inclusion_tag("components/nav_link.html", takes_context=True)
def nav_link(
    context: Context, url_name: str, symbol: str, label: str, count: int = 0
) -> dict[str, object]:
    """Link a place of the side bar; it is current for every page below its address."""
    url, request = reverse(url_name), context.get("request")
    path = request.path if request else ""
    here = path == url or (url != "/" and path.startswith(url))
    return {"url": url, "symbol": symbol, "label": label, "count": count, "here": here}


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """Read the chosen theme from its cookie, so that no page flashes in the wrong one."""
    request = context.get("request")
    return THEMES.get(request.COOKIES.get("yard_theme", ""), "") if request else ""


@register.simple_tag(takes_context=True)
def rail(context: Context) -> bool:
    """Say whether this person keeps the side bar narrow."""
    request = context.get("request")
    return request is not None and request.COOKIES.get("yard_nav") == "rail"


def _control_class(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, CheckboxInput | CheckboxSelectMultiple):
        return "checkbox"
    if isinstance(widget, RadioSelect):
        return "radio"
    if isinstance(widget, Select):
        return "select select-sm"
    return "textarea" if isinstance(widget, Textarea) else "input input-sm"


@register.inclusion_tag("components/field.html")
def field(bound: BoundField) -> dict[str, object]:
    """Draw a form field with its label, help and errors, tied together for screen readers."""
    return {
        "field": bound,
        "control": bound.as_widget(attrs={"class": _control_class(bound)}),
        "options": bound.subwidgets if bound.use_fieldset else (),
    }


@register.filter
def owner(repo_id: str) -> str:
    """Return the organization of a repository name, empty where it has none."""
    return repo_id.rpartition("/")[0]


@register.filter
def repo_name(repo_id: str) -> str:
    """Return the last part of a repository name."""
    return repo_id.rpartition("/")[2]
