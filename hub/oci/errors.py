"""Errors in the form of the OCI distribution protocol; an Ollama prints the body as it is.

Of 404 it prints nothing but "file does not exist", so what it should tell is never one.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse

from core.errors import ModelyardError
from core.logs import strike
from hub import errors
from hub.errors import HubError, RefusedError
from hub.oci.addresses import challenge
from registry.models import Model

_CODES: Final = {
    400: "MANIFEST_UNKNOWN",
    401: "UNAUTHORIZED",
    403: "DENIED",
    404: "NAME_UNKNOWN",
    405: "UNSUPPORTED",
    429: "TOOMANYREQUESTS",
    501: "UNSUPPORTED",
}
_BY_NAME: Final = {"BlobUnknown": "BLOB_UNKNOWN", "ManifestUnknown": "MANIFEST_UNKNOWN"}


class NoSuchTagError(HubError):
    """The model is there and this tag is none of its GGUF files."""

    status = 400
    code = "ManifestUnknown"


class NoSuchManifestError(HubError):
    """No manifest of this digest, which nobody but a program asks for."""

    code = "ManifestUnknown"


class NoSuchBlobError(HubError):
    """No layer of this model has this digest, whatever other models have."""

    code = "BlobUnknown"


class HeldBackError(RefusedError):
    """The only file that a tag means is held back: its bytes are refused, with the reason."""

    def __init__(self, why: str, *, model: Model, subject: str) -> None:
        super().__init__(ModelyardError(why), model=model, subject=subject)


class SignatureError(HubError):
    """A signed request for a token that says who asks, and cannot be believed or is not known."""

    status = 401
    code = ""


class UnsupportedError(HubError):
    """This registry only gives; nothing is put into it by this protocol."""

    status = 405
    code = "Unsupported"


def answer(request: HttpRequest, error: HubError, *, scope: str = "") -> HttpResponse:
    """Say what the Hub protocol would say, in the body that OCI clients read."""
    response = errors.answer(error)
    code = _BY_NAME.get(error.code) or _CODES.get(response.status_code, "UNKNOWN")
    body = JsonResponse({"errors": [{"code": code, "message": strike(error.message)}]})
    response.content = body.content
    if response.status_code == 401:  # noqa: PLR2004 every client reads where to get a token here
        response["WWW-Authenticate"] = challenge(request, scope)
    return response
