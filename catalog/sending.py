"""Send a finished bundle: by the front where there is one, else by this process, with Range."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from catalog.models import BundleExport
from catalog.services.bundle_export import exported_file
from core.errors import NotFoundError
from core.models import RunState
from core.ranges import Span, UnsatisfiableError, applies, span_of
from core.storage.faults import local_faults
from registry import audit
from registry.callers import Caller

_CHUNK: Final = 1 << 20


def send_export(request: HttpRequest, caller: Caller, export: BundleExport) -> HttpResponseBase:
    """Answer with the bundle, or a part of it, if the caller may have all of it now."""
    if export.run.state != RunState.DONE:
        raise NotFoundError("The bundle is not whole yet; follow its job.")
    path, size = exported_file(caller=caller, export=export)
    etag = f'"{export.manifest_sha256}"'
    response = _by_front(path) or _by_us(request, path, size, etag)
    response["ETag"] = etag
    response["Content-Type"] = "application/x-tar"
    response["Content-Disposition"] = f'attachment; filename="bundle-{str(export.pk)[:8]}.tar"'
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache, no-transform"
    audit.record(
        actor=caller, action="bundle.download", subject_type="bundle", subject=str(export.pk)
    )
    return response


def _by_front(path: Path) -> HttpResponseBase | None:
    """Name the file below the store's folder, which is all that the front sends."""
    if settings.BYTES_BY != "front":
        return None
    return HttpResponse(headers={"X-Accel-Redirect": f"/bundles/{path.name}"})


def _by_us(request: HttpRequest, path: Path, size: int, etag: str) -> HttpResponseBase:
    asked = None
    if applies(request.headers.get("If-Range", ""), etag):
        try:
            asked = span_of(request.headers.get("Range", ""), size)
        except UnsatisfiableError:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    part = asked or Span(0, size)
    response = StreamingHttpResponse(_chunks(path, part), status=206 if asked else 200)
    response["Content-Length"] = str(part.length)
    if asked:
        response["Content-Range"] = asked.content_range(size)
    return response


def _chunks(path: Path, part: Span) -> Iterator[bytes]:
    with local_faults(f"Bundle {path.name}"), path.open("rb") as file:
        file.seek(part.start)
        left = part.length
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk
