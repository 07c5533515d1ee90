"""Fragments of pages that are made more often than templates are worth running."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from core.markup import escaped

_HOLE = "\ue000{}\ue001"  # of the private use area, so no template has it


def remembered(template: str, **values: Hashable) -> SafeString:
    """Render a template from these values alone; of the latest ones the text is remembered.

    Nothing can be stale: other values are another text. The same states are shown again and again.
    """
    render = _render.__wrapped__ if settings.DEBUG else _render
    return render(template, tuple(values.items()))


def filled(template: str, **values: object) -> SafeString:
    """Render a template that only prints these values, each as it is.

    The template runs once and leaves holes, which are filled from then on: a hundred rows take
    the time of one. It may neither ask for a value nor filter it; a value that it does not print
    is a mistake and raises ValueError. Values are escaped as templates do.
    """
    make = _pattern.__wrapped__ if settings.DEBUG else _pattern
    texts = {name: escaped(value) for name, value in values.items()}
    return mark_safe(make(template, tuple(values)) % texts)  # noqa: S308 escaped above


@lru_cache(maxsize=512)
def _render(template: str, values: tuple[tuple[str, Hashable], ...]) -> SafeString:
    return mark_safe(get_template(template).render(dict(values)))  # noqa: S308 a template's own output


@lru_cache(maxsize=64)
def _pattern(template: str, names: tuple[str, ...]) -> str:
    """Give the template's text with a `%(name)s` for each name."""
    holes = {name: _HOLE.format(name) for name in names}
    text = get_template(template).render(dict(holes)).replace("%", "%%")
    for name, hole in holes.items():
        if hole not in text:
            raise ValueError(f"{template} does not print {name!r} as it is")
        text = text.replace(hole, f"%({name})s")
    return text
