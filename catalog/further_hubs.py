"""Hubs beside that of the settings, as sources: their names, addresses and access."""

from __future__ import annotations

from typing import Final

from catalog.enums import HubKind
from catalog.models import HubEndpoint
from catalog.models.endpoint import FURTHER
from catalog.sources.base import FurtherHub
from core import vault
from core.errors import ConflictError, NotConfiguredError, UnknownPluginError
from core.http import origin_of

# What people write before a colon for other things; plugins have theirs (see services.endpoints).
WORDS: Final = frozenset({"hf", "http", "https", "hub", "models", "file", "s3", "oci", "ollama"})


def is_further(slug: str) -> bool:
    return slug.startswith(FURTHER)


def name_of(slug: str) -> str:
    """What people write before the models of this source."""
    return slug.removeprefix(FURTHER)


def active_sources() -> list[str]:
    """The sources of the Hubs that are asked, in the order of their rows."""
    rows = HubEndpoint.objects.filter(is_active=True)
    return [f"{FURTHER}{slug}" for slug in rows.values_list("slug", flat=True)]


def active(slug: str) -> HubEndpoint:
    """The row of a source that may be asked, or why it may not."""
    row = HubEndpoint.objects.filter(slug=name_of(slug)).first()
    if row is None:
        raise UnknownPluginError(f"There is no further Hub {name_of(slug)!r} here (any more).")
    if not row.is_active:
        raise ConflictError(
            f"The further Hub {row.slug} is turned off: nothing is asked of it until an admin or"
            " curator turns it on again."
        )
    return row


def place_of(row: HubEndpoint) -> tuple[str, str]:
    """The address of a Hub and the token that is for it alone."""
    token = vault.unseal(row.sealed_token)
    if token is None:
        raise NotConfiguredError(
            f"The token of the further Hub {row.slug} cannot be read, because SECRET_KEY was"
            " changed: give it again in the admin."
        )
    return row.endpoint, token


def told(row: HubEndpoint) -> FurtherHub:
    return FurtherHub(row.slug, row.source, may_be_inside=row.by_admin)


def inside(slug: str) -> frozenset[str]:
    """The origin that only requests for this source may reach although it is no public one."""
    if not is_further(slug):
        return frozenset()
    rows = HubEndpoint.objects.filter(slug=name_of(slug), by_admin=True)
    return frozenset(origin_of(row.endpoint) for row in rows)


def page_of(slug: str, repo_id: str, commit: str) -> str:
    """Where a Hub shows a version; another yard names its pages in its own way."""
    row = HubEndpoint.objects.filter(slug=name_of(slug), kind=HubKind.HUB).first()
    return f"{row.endpoint}/{repo_id}/tree/{commit}" if row else ""
