"""From a request to a Caller: a bearer key for programs, a session for pages."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.answers import facts
from core.answers.facts import Fact
from registry.callers import NOBODY, Caller, scopes_of_roles
from registry.enums import Scope, Tier
from registry.models import User
from registry.selectors.keys import UsableKey, key_told_last, usable_key
from registry.services.keys import note_use


def address_of(request: HttpRequest) -> str | None:
    """The client's address. The front sets X-Forwarded-For itself and strips what clients send."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if forwarded and settings.TRUST_FRONT:
        return forwarded.split(",")[-1].strip() or None
    return request.META.get("REMOTE_ADDR") or None


def caller_of_user(user: User, address: str | None = None) -> Caller:
    roles = {group.name for group in user.groups.all()}
    return Caller(
        user_id=user.pk,
        name=user.username,
        tier=Tier(user.tier),
        scopes=_scopes(roles, is_superuser=user.is_superuser),
        address=address,
    )


def caller_of_key(key: UsableKey, address: str | None = None) -> Caller:
    """A key's caller: never more than its user has now, never more than the key says."""
    may = _scopes(key.roles, is_superuser=key.is_superuser)
    return Caller(
        user_id=key.user_id,
        name=key.username,
        tier=Tier.lowest(key.tier_cap, key.user_tier),
        scopes=may & {Scope(scope) for scope in key.scopes},
        key_prefix=key.prefix,
        key_id=key.id,
        rate=key.rate,
        address=address,
    )


def _scopes(roles: AbstractSet[str], *, is_superuser: bool) -> frozenset[Scope]:
    return scopes_of_roles({*roles, "admin"} if is_superuser else set(roles))


def anonymous_caller(address: str | None = None) -> Caller:
    if settings.OPEN_CATALOG:
        return Caller(tier=Tier.LITE, scopes=frozenset({Scope.READ}), address=address)
    return Caller(address=address) if address else NOBODY


def bearer_of(request: HttpRequest) -> str:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def caller_of(request: HttpRequest) -> Caller:
    """The Caller of any request, worked out once: key, else session, else anonymous.

    A key that is present and not usable is an error: it never falls back to something weaker.
    """
    known = known_caller(request)
    if known is None:
        known = speak_as(request, _find_caller(request))
    return known


@dataclass(frozen=True, slots=True)
class Presumed:
    """Whom a key spoke for last: what is made for them is made inside `facts.proving(proof)`."""

    caller: Caller
    proof: Fact

    def confirm(self, request: HttpRequest) -> None:
        """Say that the proof held: the caller of the request is known, as if it was looked up."""
        speak_as(request, self.caller)
        facts.asked_by(lambda: self.proof)


def presumed_caller(request: HttpRequest) -> Presumed | None:
    """Give whom a key spoke for last, so that one statement can prove that and do its work.

    None where nothing is known, or more than this: then `caller_of` tells.
    """
    token = bearer_of(request)
    told = key_told_last(token) if token and known_caller(request) is None else None
    if told is None:
        return None
    return Presumed(caller_of_key(told.key, address_of(request)), told.proof)


def known_caller(request: HttpRequest) -> Caller | None:
    """Give the caller where it was worked out already."""
    return getattr(request, "_yard_caller", None)


def speak_as(request: HttpRequest, caller: Caller) -> Caller:
    """Let the rest of the request know who asks, where its edge found that out in its own way."""
    request._yard_caller = caller  # type: ignore[attr-defined]  # noqa: SLF001 kept on the request
    return caller


def _find_caller(request: HttpRequest) -> Caller:
    address = address_of(request)
    if token := bearer_of(request):
        key = usable_key(token)
        if key is None:
            raise AuthenticationFailed("This key is unknown, expired or revoked.")
        if not key.used_lately:
            note_use(key.id)
        return caller_of_key(key, address)
    user = getattr(request, "user", None)
    if isinstance(user, User) and user.is_authenticated:
        return caller_of_user(user, address)
    return anonymous_caller(address)


class KeyAuthentication(BaseAuthentication):
    """A bearer key. What REST framework calls the user of the request is the Caller itself."""

    def authenticate(self, request: Request) -> tuple[Caller, Caller] | None:
        if not bearer_of(request._request):  # noqa: SLF001 DRF wraps the request we know
            return None
        caller = caller_of(request._request)  # noqa: SLF001
        return caller, caller

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Modelyard"'


class SignedInAuthentication(SessionAuthentication):
    """The session of the pages, with CSRF checks; no session is simply anonymous."""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Modelyard"'
