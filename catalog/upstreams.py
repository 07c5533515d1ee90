"""The configured sources: plugins know no settings, so this file hands them theirs."""

from __future__ import annotations

from django.conf import settings

from catalog.sources import sources
from catalog.sources.base import ModelRef, Source, SourceOptions
from core.errors import InvalidInputError, ModelyardError
from core.http import HttpPolicy, origin_of


def http_policy() -> HttpPolicy:
    """What outgoing requests may reach: public addresses, and the upstreams named in settings."""
    configured = {origin_of(settings.HF_ENDPOINT), *settings.UPSTREAM_ALLOW}
    return HttpPolicy(
        allowed_origins=frozenset(configured),
        read_timeout=settings.REQUEST_TIMEOUT,
        user_agent=f"{settings.APP_NAME}/{settings.VERSION}",
    )


def options() -> SourceOptions:
    return SourceOptions(
        endpoint=settings.HF_ENDPOINT,
        token=settings.HF_TOKEN,
        file_origins=settings.UPSTREAM_ALLOW,
        http=http_policy(),
    )


def source_for(slug: str, *, token: str = "") -> Source:
    """Make the source of this name; a token of one run comes before the configured one."""
    return sources.get(slug)(options(), token=token)


def parse(text: str) -> ModelRef:
    """Read what somebody pasted, by the first source that understands it."""
    for plugin in sources:
        with plugin(options()) as source:
            if ref := source.parse(text):
                return ref
    raise InvalidInputError(
        "This names no model. Write org/name, org/name@commit, an address, or an hf download line."
    )


def commit_of(ref: ModelRef) -> str:
    """Say which commit a moving name is now; '' while its source cannot say."""
    try:
        with source_for(ref.source) as source:
            return source.resolve(ref).commit
    except ModelyardError:
        return ""
