"""Further Hubs are named, changed and tried by who curates; admins may name one of the network."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from django.conf import settings
from django.db import transaction

from catalog import upstreams
from catalog.enums import HubKind
from catalog.further_hubs import WORDS
from catalog.models import HubEndpoint
from catalog.sources import sources
from catalog.sources.hf.references import HOMES
from catalog.sources.huggingface import HuggingFace
from core import vault
from core.errors import InvalidInputError, ModelyardError, NotPermittedError
from core.http import origin_of
from registry import audit
from registry.callers import Caller
from registry.enums import Scope

_ADDRESS: Final = re.compile(r"https?://[^\s?#@]+[^\s?#@/]")
_TOKEN: Final = re.compile(r"[!-~]{0,400}")


def may_keep(caller: Caller) -> bool:
    return caller.may(Scope.CURATE) or caller.may(Scope.ADMIN)


def check_endpoint(row: HubEndpoint) -> None:
    """Refuse a name that means something else, and an address that is none or is taken."""
    if row.slug in WORDS or row.slug.startswith("hub-") or any(row.slug == s.slug for s in sources):
        raise InvalidInputError(f"The name {row.slug!r} means something else here.", field="slug")
    if not _ADDRESS.fullmatch(row.endpoint):
        raise InvalidInputError(
            "Write the address with http:// or https:// and without a query, a user or a slash at"
            " its end: https://other.example.org/hf",
            field="endpoint",
        )
    host = origin_of(row.endpoint).rpartition(":")[0]
    others = HubEndpoint.objects.exclude(pk=row.pk).filter(endpoint__iexact=row.endpoint)
    known = row.endpoint.lower() == settings.HF_ENDPOINT.lower() or host in HOMES
    if known or others.exists():
        raise InvalidInputError("This Hub is a source of the yard already.", field="endpoint")


@transaction.atomic
def keep_endpoint(*, caller: Caller, row: HubEndpoint, token: str = "") -> HubEndpoint:
    """Add a further Hub or change one. Without a token the one that is kept stays.

    A token never goes to another address than it was given for, and an address that nobody but an
    admin gave is asked only where it is a public one.
    """
    if not may_keep(caller):
        raise NotPermittedError("Only curators and admins decide what is taken from where.")
    check_endpoint(row)
    if not _TOKEN.fullmatch(token):
        raise InvalidInputError("The token has characters that no token has.", field="token")
    before = HubEndpoint.objects.select_for_update().filter(pk=row.pk).first()
    if before is not None:
        row.slug, row.added_by = before.slug, before.added_by
        row.sealed_token, row.kind, row.by_admin = before.sealed_token, before.kind, before.by_admin
    else:
        row.added_by = caller.name
    if before is None or before.endpoint != row.endpoint:
        row.by_admin, row.kind, row.sealed_token = caller.may(Scope.ADMIN), HubKind.HUB, ""
    if token:
        row.sealed_token = vault.seal(token)
    row.save()
    audit.record(
        actor=caller,
        action="hub_endpoint.change" if before else "hub_endpoint.add",
        subject_type="hub_endpoint",
        subject=row.slug,
        details={
            "endpoint": row.endpoint,
            "order": row.order,
            "is_active": row.is_active,
            "has_token": bool(row.sealed_token),
            "token_given": bool(token),
        },
    )
    return row


def try_endpoint(*, caller: Caller, row: HubEndpoint) -> str:
    """Ask a further Hub once, with its token, and say what it is; raise what stands in the way.

    Whether it is another yard is noted: yards have no page of a model under its name.
    """
    if not may_keep(caller):
        raise NotPermittedError("Only curators and admins try a source.")
    given = upstreams.options(row.source)
    with HuggingFace(replace(given, http=replace(given.http, attempts=1))) as source:
        yard = source.introduce()
    kind = HubKind.YARD if yard else HubKind.HUB
    HubEndpoint.objects.filter(pk=row.pk).update(kind=kind)
    what = f"another yard ({yard[:8]})" if yard else "a Hub"
    access = "takes the token" if row.sealed_token else "answers without a token"
    return f"At {row.endpoint} is {what} that {access}."


def tried(*, caller: Caller, row: HubEndpoint) -> tuple[bool, str]:
    """The same for a page: whether it can be used, and the sentence."""
    try:
        return True, try_endpoint(caller=caller, row=row)
    except ModelyardError as error:
        return False, error.message
