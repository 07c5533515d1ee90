"""The configured sources: plugins know no settings, so this file hands them theirs."""

from __future__ import annotations

from django.conf import settings

from catalog.sources import sources
from catalog.sources.base import ModelRef, Source
from core.errors import InvalidInputError


def source_class(slug: str) -> type[Source]:
    return sources.get(slug)
