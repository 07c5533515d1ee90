"""What the audit trail keeps of the bytes that left; refusals are kept by `RefusalTrail`."""

from __future__ import annotations

from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from hub.decision import Place
from registry import audit
from registry.callers import Caller
from registry.models import ModelFile
from registry.services.downloads import note_download


@transaction.atomic
def note_file(
    request: HttpRequest,
    caller: Caller,
    place: Place,
    file: ModelFile,
    *,
    response: HttpResponseBase,
) -> None:
    """Record a download before its first byte; without the record there is no byte."""
    if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return
    asked = request.headers.get("Range", "")
    begins = not asked or asked.startswith("bytes=0-")
    note_download(caller=caller, version=place.version, begins=begins)
    audit.record(
        actor=caller,
        action="hub.file",
        subject_type="version",
        subject=f"{place.version}/{file.path}",
        details={
            "commit": place.version.commit,
            "sha256": file.sha256,
            "size": file.size,
            "range": asked[:80],
            "client": _client(request),
        },
    )


def _client(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:200]
