"""Fragments of pages that depend on a few values and on nothing else."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe


def remembered(template: str, **values: Hashable) -> SafeString:
    """Render a template from these values alone; of the latest ones the text is remembered.

    Nothing can be stale: other values are another text. The same rows are shown again and again.
    """
    render = _render.__wrapped__ if settings.DEBUG else _render
    return render(template, tuple(values.items()))


@lru_cache(maxsize=512)
def _render(template: str, values: tuple[tuple[str, Hashable], ...]) -> SafeString:
    return mark_safe(get_template(template).render(dict(values)))  # noqa: S308 a template's own output
