"""What the audit trail keeps of the bytes that left; refusals are kept by `RefusalTrail`."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from core.ranges import Span
from hub.decision import Place
from registry import audit
from registry.callers import Caller
from registry.models import ModelFile
from registry.served import ServedId
from registry.services.downloads import note_download
from registry.services.serving import ServedPlace, note_served


@transaction.atomic
def note_file(
    request: HttpRequest,
    caller: Caller,
    place: Place,
    file: ModelFile,
    *,
    span: Span,
) -> ServedId:
    """Record a download before its first byte; without the record there is no byte."""
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
    return note_served(
        caller=caller,
        place=ServedPlace(place.version, file.path, file.sha256),
        span=span,
        of=file.size,
        client=_client(request),
        protocol="hub",
    )


def _client(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:200]
