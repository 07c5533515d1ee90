"""The reading half of the OCI distribution protocol, as Ollama and other clients of it speak it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from core.errors import DatabaseAwayError, InvalidInputError, ModelyardError
from hub import auth, decision, demand, limits
from hub.decision import Place
from hub.errors import (
    BadRequestError,
    HubError,
    NotServedError,
    UnknownAddressError,
    YardFaultError,
)
from hub.oci import blobs, errors, tokens
from hub.oci.addresses import elsewhere
from hub.oci.errors import UnsupportedError
from hub.oci.manifests import MANIFEST, manifest_at
from hub.routes import Action, Route
from registry.callers import Caller

log = structlog.get_logger("yard.oci")
_NAME: Final = r"(?P<repo>[A-Za-z0-9._-]{1,96}/[A-Za-z0-9._-]{1,96})"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}"
_DIGEST: Final = r"sha256:[0-9a-f]{64}"
_UNNAMED: Final = "library/"  # where clients put names that have no first half
_READ: Final = frozenset({"GET", "HEAD"})
_OLLAMA: Final = "ollama/"
Answer = Callable[[HttpRequest, str, str], HttpResponseBase]


@csrf_exempt  # nothing here changes anything
def serve(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Answer any address under `/v2`; every error is in the form of the protocol."""
    return limits.tell(request, _answer_or_say_why(request, path))


def _answer_or_say_why(request: HttpRequest, path: str) -> HttpResponseBase:
    repo = _repo_of(path)
    scope = f"repository:{repo}:pull" if repo else ""
    try:
        return _answer(request, path)
    except HubError as error:
        return errors.answer(request, error, scope=scope)
    except (InvalidInputError, SuspiciousOperation) as error:
        return errors.answer(request, BadRequestError(str(error)))
    except ModelyardError as error:
        log.exception("oci fault", code=error.code, error=error.message)
        return errors.answer(request, YardFaultError(error))
    except OperationalError as error:
        log.exception("oci fault", code=DatabaseAwayError.code, error=str(error))
        return errors.answer(request, YardFaultError(DatabaseAwayError(str(error))))


def _repo_of(path: str) -> str:
    match = re.match(rf"{_NAME}/(?:manifests|blobs)/", path)
    return match["repo"] if match else ""


def _answer(request: HttpRequest, path: str) -> HttpResponseBase:
    if request.method not in _READ:
        raise UnsupportedError("This registry only gives: nothing is put into it from here.")
    for pattern, respond in _TABLE.items():
        if match := pattern.fullmatch(path):
            found = match.groupdict()
            repo = (found.get("repo") or "").removeprefix(_UNNAMED)
            return respond(request, repo, found.get("rest") or "")
    raise UnknownAddressError("There is no such address here.")


def _version(request: HttpRequest, repo: str, rest: str) -> HttpResponse:
    """Say that the protocol is spoken here, to who may read."""
    auth.check_reader(_caller(request))
    return HttpResponse(b"{}", content_type="application/json")


def _token(request: HttpRequest, repo: str, rest: str) -> HttpResponse:
    limits.count(request, Action.WHOAMI)
    return tokens.give(request)


def _caller(request: HttpRequest) -> Caller:
    """Find out who asks, and count it for them; who is nobody is counted by their address."""
    try:
        return tokens.caller_from(request)
    finally:
        limits.count(request, Action.RESOLVE)


def _place(request: HttpRequest, caller: Caller, repo: str) -> Place:
    """The version that `main` is; what is not here is kept as demand, as by the Hub protocol."""
    try:
        return decision.find(caller, repo)
    except HubError as error:
        raise demand.instead_of(error, request, Route(Action.RESOLVE, repo)) from error


def _manifest(request: HttpRequest, repo: str, tag: str) -> HttpResponse:
    caller = _caller(request)
    place = _place(request, caller, repo)
    if tag.startswith("sha256:"):
        version, manifest = blobs.manifest_of_digest(caller, place, tag)
    else:
        version, manifest = place.version, manifest_at(place, tag)
    _check_parts(request)
    response = HttpResponse(manifest.body, content_type=MANIFEST)
    response["Docker-Content-Digest"] = manifest.digest
    response["ETag"] = f'"{manifest.digest}"'
    response["Content-Length"] = str(len(manifest.body))
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization, Cookie"
    response["X-Repo-Commit"] = version.commit
    return response


def _check_parts(request: HttpRequest) -> None:
    """Tell an Ollama now what it would only find out by failing: where its parts come from.

    It fetches them without a token, so a token is worth nothing without another host name.
    """
    with_token = "HTTP_AUTHORIZATION" in request.META
    if not with_token or not request.headers.get("User-Agent", "").startswith(_OLLAMA):
        return
    if elsewhere(request, "x") is None:
        raise NotServedError(
            "Ollama fetches files from another host name than it asks, and here there is none:"
            " ask by another name of this yard, or have its operator set BYTES_HOST."
        )


def _blob(request: HttpRequest, repo: str, digest: str) -> HttpResponseBase:
    caller = _caller(request)
    place = decision.find(caller, repo)
    found = blobs.find(caller, place, digest.removeprefix("sha256:"))
    return blobs.answer(request, caller, found)


def _part(request: HttpRequest, repo: str, rest: str) -> HttpResponseBase:
    return blobs.part(request, request.GET.get("ticket", ""))


_TABLE: Final[Mapping[re.Pattern[str], Answer]] = {
    re.compile(r"/?"): _version,
    re.compile("token"): _token,
    re.compile(rf"{_NAME}/manifests/(?P<rest>{_TAG}|{_DIGEST})"): _manifest,
    re.compile(rf"{_NAME}/blobs/(?P<rest>{_DIGEST})"): _blob,
    re.compile("-/part"): _part,
}
