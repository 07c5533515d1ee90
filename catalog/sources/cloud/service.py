"""Which catalogs of hosted models may be asked: decided before anything is looked up or sent."""

from __future__ import annotations

from collections.abc import Iterable

import httpx2

from core.errors import AddressBlockedError, InvalidInputError
from core.http import origin_of, safe_url

FIELD = "external_service_url"


def check_service(url: str, allowed: Iterable[str]) -> str:
    """Return the base address of a service, or raise when it is none or is not on the list.

    Entries of the list are addresses, `host:port`, or `host`, which stands for its port 443; one
    that is none of these allows nothing.
    """
    base = url.strip().rstrip("/")
    try:
        origin, parsed = origin_of(base), httpx2.URL(base)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{FIELD} is no address: write https://host or https://host/path.", field=FIELD
        ) from error
    if parsed.userinfo or parsed.query or parsed.fragment or "?" in base or "#" in base:
        raise InvalidInputError(
            f"{FIELD} has a user name, query or fragment: write https://host/path.", field=FIELD
        )
    if origin not in {_origin(entry) for entry in allowed}:
        raise AddressBlockedError(
            f"{safe_url(base)} is no catalog that this yard may ask. An operator adds its host to"
            " BUDCONNECT_ALLOW.",
            field=FIELD,
        )
    return base


def _origin(entry: str) -> str:
    try:
        return origin_of(entry if "://" in entry else f"https://{entry}")
    except InvalidInputError:
        return ""
