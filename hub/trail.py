"""What is kept of the bytes that leave; refusals are kept by `RefusalTrail`."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from core.ranges import Span
from hub.decision import Place
from hub.oci.layers import Layer
from registry.callers import Caller
from registry.models import ModelFile, ModelVersion
from registry.served import MADE, ServedId
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
    protocol: str = "hub",
) -> ServedId:
    """Note what is promised before its first byte; without the row there is no byte."""
    served = note_served(
        caller=caller,
        place=ServedPlace(place.version, file.path, file.sha256),
        span=span,
        of=file.size,
        client=request.headers.get("User-Agent", ""),
        protocol=protocol,
    )
    note_download(caller=caller, version=place.version, begins=span.start == 0)
    return served


def note_made(
    request: HttpRequest, caller: Caller, version: ModelVersion, layer: Layer, *, span: Span
) -> None:
    """Note a part of a layer that is made from rows; it is no file, and none begins with it."""
    note_served(
        caller=caller,
        place=ServedPlace(version, layer.kind, layer.sha256),
        span=span,
        of=layer.size,
        client=request.headers.get("User-Agent", ""),
        protocol=MADE,
    )
