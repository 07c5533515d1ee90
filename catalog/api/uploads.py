"""Send a private model: begin a set, send its files (see catalog.api.tus), finish it."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, who
from catalog.api.shapes import workflow_url
from catalog.models import Upload, UploadSet
from catalog.selectors.uploads import Sent, sent_files, set_for, sets_of
from catalog.services import uploads
from catalog.upload_policy import most_bytes
from registry.permissions import MayRequest
from registry.services.gates import active_rules

_MOST_LISTED: Final = 100


class UploadInput(s.Serializer):
    name = s.CharField(max_length=150, help_text="Your user name is put before it.")


class UploadFileDocument(s.Serializer):
    id = s.UUIDField()
    path = s.CharField()
    length = s.IntegerField()
    offset = s.IntegerField(help_text="How many bytes are here.")
    url = s.CharField(help_text="Where HEAD, PATCH and DELETE of tus go.")


class UploadDocument(s.Serializer):
    id = s.UUIDField()
    name = s.CharField()
    state = s.ChoiceField(UploadSet.State.choices)
    expires_at = s.DateTimeField(allow_null=True, help_text="Each piece that comes puts it off.")
    max_bytes = s.IntegerField(help_text="All files together.")
    files_url = s.CharField(help_text="The tus endpoint: POST announces a file.")
    files = UploadFileDocument(many=True)
    workflow = s.CharField(allow_null=True, help_text="The import, once the upload is finished.")


class UploadPage(s.Serializer):
    results = UploadDocument(many=True)


class UploadList(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="listUploads",
        summary="List your uploads, newest first",
        responses={200: UploadPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request)
        found = sets_of(who(request)).exclude(state=UploadSet.State.EXPIRED)
        rows = found.select_related("run").prefetch_related("uploads")[:_MOST_LISTED]
        most = max_bytes()
        return Response({"results": [_shape(row, most) for row in rows]})

    @extend_schema(
        operation_id="beginUpload",
        summary="Begin to send a private model",
        description="Then announce each file by POST to `files_url`, send it by PATCH (tus 1.0), "
        "and finish. The version is private: a curator decides who may have it.",
        request=UploadInput,
        responses={201: UploadDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(UploadInput, request)
        made = uploads.begin_upload(caller=who(request), name=given["name"])
        return Response(_shape(made, max_bytes()), status=201, headers={"Location": _url(made)})


class UploadDetail(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="getUpload",
        summary="Say how much of an upload is here",
        responses={200: UploadDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        return Response(_shape(set_for(who(request), pk), max_bytes()))

    @extend_schema(
        operation_id="endUpload",
        summary="Throw an unfinished upload away",
        responses={204: None, "4XX": docs.ProblemDocument},
    )
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        caller = who(request)
        uploads.end_upload(caller=caller, upload_set=set_for(caller, pk))
        return Response(status=204)


class UploadFinish(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="finishUpload",
        summary="Close an upload and import it as a private version",
        request=None,
        responses={202: UploadDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        caller = who(request)
        run = uploads.finish_upload(caller=caller, upload_set=set_for(caller, pk))
        headers = {"Location": workflow_url(run)}
        return Response(_shape(set_for(caller, pk), max_bytes()), status=202, headers=headers)


def max_bytes() -> int:
    """Give the largest model that may be sent."""
    return most_bytes(settings.UPLOAD_MAX_BYTES, active_rules())


def _url(upload_set: UploadSet) -> str:
    return f"/api/v1/uploads/{upload_set.pk}"


def file_url(upload: Upload) -> str:
    """Give the address of a file for tus."""
    return f"/api/v1/uploads/{upload.upload_set_id}/files/{upload.pk}"


def _shape(row: UploadSet, most: int) -> dict[str, Any]:
    is_open = row.state == UploadSet.State.OPEN
    return {
        "id": str(row.pk),
        "name": row.name,
        "state": row.state,
        "expires_at": row.touched_at + settings.UPLOAD_EXPIRES if is_open else None,
        "max_bytes": most,
        "files_url": f"{_url(row)}/files",
        "files": [_file_shape(one) for one in sent_files(row)],
        "workflow": workflow_url(row.run) if row.run else None,
    }


def _file_shape(one: Sent) -> dict[str, Any]:
    return {
        "id": str(one.upload.pk),
        "path": one.upload.path,
        "length": one.upload.length,
        "offset": one.offset,
        "url": file_url(one.upload),
    }
