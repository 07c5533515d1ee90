"""`/api/yard/echo`: what of a request arrived here, so that its sender can see what a proxy did."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from hub import errors, limits
from hub.answers import COMMIT
from hub.headers import link_next, put
from hub.oci.addresses import elsewhere

METHOD: Final = "X-Yard-Method"  # a HEAD has no body to say it in
ARRIVED: Final = "arrived"
REFUSAL: Final = ("A refusal as long as a header may be. " * 15).strip()


class EchoedRefusalError(errors.HubError):
    """What a refusal by policy looks like; nothing was refused."""

    status = 403
    code = "GatedRepo"


def echo(request: HttpRequest) -> HttpResponseBase:
    """Answer as files are answered, or as refusals and redirects are where `answer` asks so."""
    match request.GET.get("answer"):
        case "refusal":
            return errors.answer(EchoedRefusalError(REFUSAL, commit=_commit()))
        case "redirect":
            return HttpResponse(
                status=307, headers={"Location": quote(f"{request.path}/{ARRIVED}")}
            )
    nonce = secrets.token_hex(32)
    sent = {
        COMMIT: _commit(),
        "ETag": f'"{nonce}"',
        "X-Linked-ETag": f'"{nonce}"',
        "X-Linked-Size": str(secrets.randbelow(1 << 40)),
        "Accept-Ranges": "bytes",
        "Link": link_next(request, nonce),
        METHOD: request.method or "",
        **limits.told(request),
    }
    response = JsonResponse({**_seen(request), "sent": sent})
    put(response, sent)
    # Told as for the bytes of a file: no front may pack or keep them.
    response["Content-Type"] = "application/octet-stream"
    response["Cache-Control"] = "private, no-cache, no-transform"
    response["Vary"] = "Authorization, Cookie"
    return response


def _seen(request: HttpRequest) -> dict[str, object]:
    return {
        "yard": "echo",
        "method": request.method,
        "scheme": request.scheme,
        "host": request.get_host(),
        "path": request.path,
        "address": request.META.get("REMOTE_ADDR", ""),
        "length": len(request.body),
        "parts": elsewhere(request, "none") or "",
    }


def _commit() -> str:
    return secrets.token_hex(20)
