"""Links that keep the query, places of the side bar, and what a reader has chosen."""

from __future__ import annotations

from collections.abc import Hashable

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.safestring import SafeString

from core.rendering import remembered

register = template.Library()
THEMES = {"light": "modelyard-light", "dark": "modelyard-dark"}


@register.simple_tag(takes_context=True)
def without(context: Context, name: str, value: str = "") -> str:
    """Build the query without one value of a parameter (or without any of it), on page one."""
    query = context["request"].GET.copy()
    given = query.pop(name, [])
    if value in given:  # else the label was computed, as for a range: the whole parameter goes
        query.setlist(name, [kept for kept in given if kept != value])
    query.pop("cursor", None)
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag(takes_context=True)
def with_value(context: Context, name: str, value: object) -> str:
    """Build the query with this one value of a parameter, on the page that is shown."""
    query = context["request"].GET.copy()
    query[name] = str(value)
    return f"?{query.urlencode()}"


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
    url = reverse(url_name)
    here = context["place"] == url
    return {"url": url, "symbol": symbol, "label": label, "count": count, "here": here}


@register.filter
def place(path: str) -> str:
    """Tell in which place of the side bar a page lies: the first part of its path."""
    first, found, _ = path.removeprefix("/").partition("/")
    return f"/{first}/" if found else "/"


@register.simple_tag
def remember(template_name: str, **values: Hashable) -> SafeString:
    """Include a template that depends on these values alone; its text is remembered."""
    return remembered(template_name, **values)


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
