"""Probes of `/v2`: does it reach the yard, where are its tokens, and where do parts come from."""

from __future__ import annotations

import base64
import re
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import ModelyardError
from hub.doctor.headers import next_page, refusals_stay
from hub.doctor.wire import Answer, SkippedError, Wire

_OK: Final = 200
_REALM: Final = re.compile(r'realm="([^"]*)"')
_GONE: Final = "BLOB_UNKNOWN"


def registry_reached(wire: Wire, echo: Answer) -> str:
    """Do what OCI clients do first: trade the key for a token, and use it."""
    password = base64.b64encode(f"doctor:{wire.key}".encode()).decode()
    given = wire.ask_root("/v2/token", {"Authorization": f"Basic {password}"})
    token = given.body.get("token")
    if given.status != _OK or not token:
        return f"/v2/token was answered with status {given.status} and no token.{_said(given)}"
    answer = wire.ask_root("/v2/", {"Authorization": f"Bearer {token}"})
    if answer.status == _OK:
        return ""
    return f"/v2/ was answered with status {answer.status} to a token of its own.{_said(answer)}"


def realm_is_here(wire: Wire, echo: Answer) -> str:
    """An Ollama takes a token from the host that it asks, and from no other."""
    answer = wire.ask_root("/v2/", {})
    if answer.status == _OK:
        return ""
    found = _REALM.search(answer.header("WWW-Authenticate"))
    if not found:
        _check_refusals(wire, echo)
        return f"/v2/ was answered with status {answer.status}, without saying where tokens are."
    place = found[1]
    if place == f"{wire.root}/v2/token":
        return ""
    if _origin(place) == _origin(next_page(echo)):
        raise SkippedError("What link says is wrong here too.")
    return f"Tokens are said to be at {place}, and not at {wire.root}/v2/token."


def parts_come(wire: Wire, echo: Answer) -> str:
    """An Ollama fetches parts without its key, so from a host name where none is needed."""
    place = str(echo.body.get("parts", ""))
    if not place:
        raise SkippedError(
            "The yard has no second host name: an Ollama with a key is told so, and pulls nothing.",
            mend=True,
        )
    shown = _origin(place)
    try:
        answer = wire.ask_anywhere(place, {})
    except ModelyardError as error:
        return f"Parts are at {shown}, not reached from here: {error.message}"
    if _GONE in _codes(answer):
        return ""
    _check_refusals(wire, echo)
    return f"Parts are at {shown}, where status {answer.status} is answered, and not by the yard."


def _check_refusals(wire: Wire, echo: Answer) -> None:
    """Raise where errors are replaced on the way: then this one says nothing."""
    if refusals_stay(wire, echo):
        raise SkippedError("What refusals says hides the answer.")


def _codes(answer: Answer) -> set[Any]:
    errors = answer.body.get("errors")
    return {one.get("code") for one in errors or () if isinstance(one, dict)}


def _said(answer: Answer) -> str:
    errors = answer.body.get("errors")
    said = [str(one.get("message", "")) for one in errors or () if isinstance(one, dict)]
    return f" It says: {said[0]}" if said else ""


def _origin(place: str) -> str:
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc}"
