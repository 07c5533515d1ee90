"""A layer by its digest: HEAD tells its size, GET leads to its bytes or gives them.

An Ollama asks once with its token, and then fetches the parts of where that led it without any.
So the answer is an address under another host name that is itself the right to one layer, for a
time; who cannot be sent there is given the bytes at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from core.ranges import Span, UnsatisfiableError, span_of
from hub import sending, trail
from hub.blobs import etag_of
from hub.decision import Place
from hub.headers import put
from hub.oci import selectors
from hub.oci.addresses import elsewhere
from hub.oci.errors import NoSuchBlobError, NoSuchManifestError
from hub.oci.layers import Layer
from hub.oci.manifests import Manifest, manifests_of
from registry.authentication import address_of
from registry.callers import Caller
from registry.models import ModelFile, ModelVersion

_SALT: Final = "hub.oci.part"


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes behind a digest: of a file that is served, or a small layer."""

    version: ModelVersion
    digest: str
    size: int
    source: ModelFile | Layer

    @property
    def headers(self) -> dict[str, str]:
        etag = etag_of(self.source) if isinstance(self.source, ModelFile) else self.digest
        return {
            "Docker-Content-Digest": self.digest,
            "ETag": f'"{etag}"',
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-cache, no-transform",
            "Vary": "Authorization, Cookie",
            "X-Repo-Commit": self.version.commit,
        }


def find(caller: Caller, place: Place, sha256: str) -> Blob:
    """Look among what this repository serves, and what its manifests name; never elsewhere.

    An older version counts while it is admitted: `main` may move on while a client is fetching.
    """
    file = selectors.file_for(caller, place, sha256)
    if file is not None:
        return Blob(file.version, f"sha256:{sha256}", file.size, file)
    for version in selectors.versions_for(caller, place):
        if blob := _made_for(version, sha256):
            return blob
    raise NoSuchBlobError(f"{place.model.repo_id} has no layer sha256:{sha256}.")


def manifest_of_digest(caller: Caller, place: Place, digest: str) -> tuple[ModelVersion, Manifest]:
    """Find the manifest that has this digest among those of the repository."""
    for version in selectors.versions_for(caller, place):
        for manifest in manifests_of(version):
            if manifest.digest == digest:
                return version, manifest
    raise NoSuchManifestError(f"{place.model.repo_id} has no manifest {digest}.")


def _made_for(version: ModelVersion, sha256: str) -> Blob | None:
    """Make the small layers of a version's manifests again, until one has the digest."""
    for manifest in manifests_of(version):
        for layer in manifest.layers:
            if layer.sha256 == sha256 and layer.content is not None:
                return Blob(version, layer.digest, layer.size, layer)
    return None


def answer(request: HttpRequest, caller: Caller, blob: Blob) -> HttpResponseBase:
    """HEAD from rows alone; GET by way of another host name, else with the bytes."""
    if request.method == "HEAD":
        return _sized(blob)
    address = elsewhere(request, ticket_of(caller, blob))
    if address is not None:
        return _headed(HttpResponse(status=307, headers={"Location": address}), blob)
    return _bytes(request, caller, blob)


def ticket_of(caller: Caller, blob: Blob) -> str:
    """The right to one layer of one version, and who was given it."""
    who = {"user": caller.user_id, "name": caller.name, "key": caller.key_prefix}
    return signing.dumps({"version": blob.version.pk, "digest": blob.digest, **who}, salt=_SALT)


def part(request: HttpRequest, ticket: str) -> HttpResponseBase:
    """Answer an address that is itself the right, as long as the version is still given away."""
    try:
        told = signing.loads(ticket, salt=_SALT, max_age=settings.BYTES_SIGNED_FOR)
    except signing.BadSignature as error:
        raise NoSuchBlobError("This address is over, or was never given out.") from error
    blob = _still_given(told["version"], told["digest"])
    if request.method == "HEAD":
        return _sized(blob)
    caller = Caller(
        user_id=told["user"],
        name=told["name"],
        key_prefix=told["key"],
        address=address_of(request),
    )
    return _bytes(request, caller, blob)


def _still_given(version_pk: int, digest: str) -> Blob:
    version, sha256 = selectors.admitted(version_pk), digest.removeprefix("sha256:")
    if version is not None:
        file = selectors.file_in(version, sha256)
        blob = Blob(version, digest, file.size, file) if file else _made_for(version, sha256)
        if blob is not None:
            return blob
    raise NoSuchBlobError("This address is over: its layer is no longer given away.")


def _sized(blob: Blob) -> HttpResponseBase:
    return _headed(HttpResponse(headers={"Content-Length": str(blob.size)}), blob)


def _headed(response: HttpResponseBase, blob: Blob) -> HttpResponseBase:
    put(response, blob.headers)
    return response


def _bytes(request: HttpRequest, caller: Caller, blob: Blob) -> HttpResponseBase:
    """Send what is asked for; there is a line in the trail for each part of it."""
    try:
        if isinstance(blob.source, ModelFile):
            response = _of_file(request, caller, blob, blob.source)
        else:
            response = _made_here(request, caller, blob, blob.source)
    except UnsatisfiableError:
        told = {"Content-Range": f"bytes */{blob.size}"}
        response = HttpResponse(status=416, headers=told)
    return _headed(response, blob)


def _of_file(request: HttpRequest, caller: Caller, blob: Blob, file: ModelFile) -> HttpResponseBase:
    etag, place = blob.headers["ETag"], Place(blob.version.model, blob.version, file.path)
    span = sending.asked_part(request, file, etag=etag) or Span(0, file.size)
    sending.check_stored(request, file)
    served = trail.note_file(request, caller, place, file, span=span, protocol="oci")
    return sending.send(request, file, etag=etag, served=served)


def _made_here(request: HttpRequest, caller: Caller, blob: Blob, layer: Layer) -> HttpResponseBase:
    span = span_of(request.headers.get("Range", ""), blob.size)
    piece = span or Span(0, blob.size)
    trail.note_made(request, caller, blob.version, layer, span=piece)
    body = (layer.content or b"")[piece.start : piece.start + piece.length]
    response = HttpResponse(body, status=206 if span else 200)
    response["Content-Length"] = str(len(body))
    if span:
        response["Content-Range"] = span.content_range(blob.size)
    return response
