"""How often one caller may ask, in the buckets and headers that Hub clients know."""

from __future__ import annotations

import ipaddress
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed

from core import rates
from core.answers import facts
from core.rates import Left
from hub.errors import TooManyError
from hub.headers import put
from hub.routes import Action
from registry.authentication import address_of, caller_of, known_caller, presumed_caller
from registry.callers import Caller

_API: Final = "api"
_FILES: Final = "resolvers"
_PAGES: Final = "pages"
# Clients ask these once and take a 429 for the end, so they count with the files, whose quota is
# the largest; what they ask again by themselves (lists, trees) counts as `api`.
_OF_FILES: Final = frozenset(
    {
        Action.RESOLVE,
        Action.RAW,
        Action.SHARDS,
        Action.DISCUSSIONS,
        Action.MODEL_INFO,
        Action.REFS,
        Action.PATHS_INFO,
        Action.AUTH_CHECK,
        Action.WHOAMI,
    }
)
# Asked so often that whom the key spoke for last is counted; who it is is asked with the rest.
OFTEN: Final = frozenset({Action.RESOLVE, Action.MODEL_INFO})
_OF_PAGES: Final = frozenset({Action.UNKNOWN, Action.NOT_SERVED})
_FREE: Final = frozenset({Action.TELEMETRY, Action.HARNESSES, Action.TAGS, Action.EMPTY_LIST})
_NAMES: Final = frozenset({"RateLimit", "RateLimit-Policy"})
_NETWORK: Final = 64  # bits of an IPv6 address that tell one caller from another


def count(request: HttpRequest, action: Action) -> None:
    """Count the request for its caller; raise when it is one too many.

    What is the same for everybody and costs nothing is not counted.
    """
    if action in _FREE:
        return
    presumed = presumed_caller(request) if action in OFTEN else None
    left = left_for(presumed.caller if presumed else _counted(request), action)
    if presumed and left.is_refused:  # their quota may be another one by now
        left = left_for(_counted(request), action)
    _keep(request, action, left)


def count_anew(request: HttpRequest, action: Action) -> None:
    """Count the request for whom its key speaks now: it was counted for whom it spoke before."""
    _keep(request, action, left_for(_counted(request), action))


def _keep(request: HttpRequest, action: Action, left: Left) -> None:
    request._yard_left = (action, left)  # type: ignore[attr-defined]  # noqa: SLF001 kept on it
    if left.is_refused:
        raise TooManyError(left)


def _counted(request: HttpRequest) -> Caller:
    try:
        return caller_of(request)
    except AuthenticationFailed:  # a key that is none is told so later; its address is counted
        return Caller(address=address_of(request))


def _counted_again(caller: Caller, action: Action) -> dict[str, str] | None:
    left = left_for(caller, action)
    return None if left.is_refused else headers_of(left)


def tell(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Say on an answer what is left of the caller's quota; it is counted whenever it is sent."""
    put(response, told(request))
    counted, caller = getattr(request, "_yard_left", None), known_caller(request)
    if counted is not None and caller is not None:
        facts.each_time(lambda: _counted_again(caller, counted[0]), headers=_NAMES)
    return response


def told(request: HttpRequest) -> dict[str, str]:
    """The headers that the answer to this request has; none where it was not counted."""
    counted: tuple[Action, Left] | None = getattr(request, "_yard_left", None)
    return {} if counted is None else headers_of(counted[1])


def left_for(caller: Caller, action: Action) -> Left:
    """Count one request by the caller's key, else their account, else their address."""
    bucket, quota = _bucket(action)
    return rates.take(
        bucket,
        _who(caller),
        quota=caller.rate if caller.rate is not None else quota,
        window=settings.HUB_RATE_WINDOW,
    )


def headers_of(left: Left) -> dict[str, str]:
    """The two headers of a counted request; none where nobody counts."""
    if not left.is_counted:
        return {}
    return {
        "RateLimit": f'"{left.bucket}";r={left.remaining};t={left.reset}',
        "RateLimit-Policy": f'"fixed window";"{left.bucket}";q={left.quota};w={left.window}',
    }


def _bucket(action: Action) -> tuple[str, int]:
    if action in _OF_FILES:
        return _FILES, settings.HUB_RATE_FILES
    if action in _OF_PAGES:
        return _PAGES, settings.HUB_RATE_PAGES
    return _API, settings.HUB_RATE_API


def _who(caller: Caller) -> str:
    if caller.key_id is not None:
        return f"key:{caller.key_id}"
    if caller.user_id is not None:
        return f"user:{caller.user_id}"
    return f"address:{_network(caller.address or '')}"


def _network(address: str) -> str:
    """One caller has all of an IPv6 network to ask from."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:  # noqa: PLR2004 the version of the protocol
        return address
    return str(ipaddress.ip_network((known, _NETWORK), strict=False))
