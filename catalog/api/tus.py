"""The tus 1.0 protocol: files of an upload in pieces, gone on with after any break."""

from __future__ import annotations

import base64
import binascii
import uuid
from contextlib import suppress
from typing import Any, Final

from django.conf import settings
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, who
from catalog.api.uploads import file_url, max_bytes
from catalog.models import UploadSet
from catalog.selectors.uploads import set_for, upload_of
from catalog.services import uploads
from core.errors import InvalidInputError, MediaTypeError, ModelyardError, ProtocolVersionError
from core.receiving import ALGORITHMS, CHUNK, Body, Checksum, bytes_in
from registry.permissions import MayRequest

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,checksum,termination,expiration"
PIECE: Final = "application/offset+octet-stream"
_DIGITS: Final = 16
MOST_POURED: Final = 512 << 20


class PieceParser(BaseParser):
    """Leaves the body where it is: pieces are gigabytes, and the view reads them as they come."""

    media_type = PIECE


class TusView(YardView):
    """What tus says with every answer, errors included."""

    permission_classes = [MayRequest]
    parser_classes = [PieceParser, JSONParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            raise ProtocolVersionError(f"Send Tus-Resumable: {VERSION}.")

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = response["Tus-Version"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(exclude=True)
    def options(  # type: ignore[override]  # DRF hands its own request on
        self, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        """Say what is spoken here."""
        headers = {
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(max_bytes()),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }
        return Response(status=204, headers=headers)


_RESUMABLE = OpenApiParameter(
    "Tus-Resumable", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, enum=[VERSION]
)


class TusCreation(TusView):
    @extend_schema(
        operation_id="announceFile",
        summary="Announce a file of an upload (tus: creation)",
        parameters=[
            _RESUMABLE,
            OpenApiParameter("Upload-Length", OpenApiTypes.INT, OpenApiParameter.HEADER),
            OpenApiParameter(
                "Upload-Metadata",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="`filename` (the path in the model) and, where it is known, `sha256`; "
                "values in base64.",
            ),
        ],
        request=None,
        responses={201: None, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        caller = who(request)
        told = read_metadata(request.headers.get("Upload-Metadata", ""))
        if not told.get("filename"):
            raise InvalidInputError("Upload-Metadata names no filename.", field="filename")
        made = uploads.announce_file(
            caller=caller,
            upload_set=set_for(caller, pk),
            path=told["filename"],
            length=_number(request, "Upload-Length"),
            sha256=told.get("sha256", ""),
        )
        headers = {"Location": file_url(made), "Upload-Expires": _expires(made.upload_set)}
        return Response(status=201, headers=headers)


class TusFile(TusView):
    @extend_schema(exclude=True)
    def head(self, request: Request, pk: uuid.UUID, file: uuid.UUID) -> Response:
        """Say where to go on; the length of the file itself is what counts."""
        upload = upload_of(who(request), pk, file)
        headers = {
            "Upload-Offset": str(bytes_in(upload.file)),
            "Upload-Length": str(upload.length),
            "Upload-Expires": _expires(upload.upload_set),
        }
        return Response(status=200, headers=headers)

    @extend_schema(
        operation_id="sendPiece",
        summary="Send the next piece of a file (tus)",
        parameters=[
            _RESUMABLE,
            OpenApiParameter("Upload-Offset", OpenApiTypes.INT, OpenApiParameter.HEADER),
            OpenApiParameter("Upload-Checksum", OpenApiTypes.STR, OpenApiParameter.HEADER),
        ],
        request={PIECE: OpenApiTypes.BINARY},
        responses={204: None, "4XX": docs.ProblemDocument, "5XX": docs.ProblemDocument},
    )
    def patch(self, request: Request, pk: uuid.UUID, file: uuid.UUID) -> Response:
        inner = request._request  # noqa: SLF001 its body must not be parsed
        if inner.content_type != PIECE:
            raise MediaTypeError(f"Send pieces as {PIECE}.")
        upload = upload_of(who(request), pk, file)
        try:
            offset = uploads.receive_piece(
                upload=upload,
                body=inner,
                offset=_number(request, "Upload-Offset"),
                announced=_announced(request),
                checksum=Checksum.read(request.headers.get("Upload-Checksum", "")),
            )
        except ModelyardError:
            _pour_away(inner)
            raise
        headers = {"Upload-Offset": str(offset), "Upload-Expires": _expires(upload.upload_set)}
        return Response(status=204, headers=headers)

    @extend_schema(
        operation_id="endFile",
        summary="Throw one file of an unfinished upload away (tus: termination)",
        parameters=[_RESUMABLE],
        responses={204: None, "4XX": docs.ProblemDocument},
    )
    def delete(self, request: Request, pk: uuid.UUID, file: uuid.UUID) -> Response:
        caller = who(request)
        uploads.end_file(caller=caller, upload=upload_of(caller, pk, file))
        return Response(status=204)


def _pour_away(body: Body) -> None:
    """Read what still comes: a front that cannot get rid of it tells 502 instead of our reason."""
    left = MOST_POURED
    with suppress(OSError):
        while left > 0 and (piece := body.read(CHUNK)):
            left -= len(piece)


def read_metadata(header: str) -> dict[str, str]:
    """Read `key base64,key base64`; a key without a value is one with an empty one."""
    told = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            told[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise InvalidInputError(
                f"Upload-Metadata: the value of {key[:40]!r} is no base64 of UTF-8."
            ) from error
    return told


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        raise InvalidInputError(f"{header} must be a whole number.", field=header)
    return int(text)


def _announced(request: Request) -> int | None:
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def _expires(upload_set: UploadSet) -> str:
    return http_date((upload_set.touched_at + settings.UPLOAD_EXPIRES).timestamp())
