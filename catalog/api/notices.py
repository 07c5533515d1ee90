"""Notices of the caller: what became of versions that they use, asked for or look after."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, page_links, paging_of, who
from core.errors import InvalidInputError
from registry.enums import NoticeKind
from registry.models import Receipt
from registry.permissions import MayRead
from registry.selectors.notices import page_of_notices, receipt_for
from registry.services.notices import mark_read

_YES_NO = {"": False, "false": False, "true": True}


class NoticeDocument(s.Serializer):
    id = s.IntegerField()
    kind = s.ChoiceField(NoticeKind.choices)
    text = s.CharField()
    reason = s.CharField(allow_blank=True)
    model = s.CharField()
    repo_id = s.CharField()
    version = s.IntegerField()
    revision = s.CharField()
    at = s.DateTimeField()
    read_at = s.DateTimeField(allow_null=True)


class NoticePage(docs.PageDocument):
    results = NoticeDocument(many=True)


class ReadDocument(s.Serializer):
    read = s.IntegerField(help_text="How many were new to you.")


class NoticeList(YardView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="listNotices",
        summary="List what you were told of versions that you use or look after, newest first",
        parameters=[OpenApiParameter("unread", OpenApiTypes.BOOL), *docs.PAGING],
        responses={200: NoticePage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "unread", "cursor", "limit")
        text = request.query_params.get("unread", "")
        if text not in _YES_NO:
            raise InvalidInputError("unread is true or false.", field="unread")
        paging = paging_of(request, default=50)
        page = page_of_notices(who(request), unread=_YES_NO[text], **paging)
        results = [notice_shape(receipt) for receipt in page.rows]
        return Response({"results": results, **page_links(request, page)})


class NoticesRead(YardView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="markNoticesRead",
        summary="Mark all your notices as read",
        request=None,
        responses={200: ReadDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        return Response({"read": mark_read(caller=who(request))})


class NoticeRead(YardView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="markNoticeRead",
        summary="Mark a notice as read",
        request=None,
        responses={200: NoticeDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, pk: int) -> Response:
        check_parameters(request)
        caller = who(request)
        mark_read(caller=caller, receipt=receipt_for(caller, pk))
        return Response(notice_shape(receipt_for(caller, pk)))


def notice_shape(receipt: Receipt) -> dict[str, Any]:
    notice = receipt.notice
    return {
        "id": receipt.pk,
        "kind": notice.kind,
        "text": notice.text,
        "reason": notice.reason,
        "model": notice.version.model.slug,
        "repo_id": notice.version.model.repo_id,
        "version": notice.version.number,
        "revision": notice.version.commit,
        "at": notice.at,
        "read_at": receipt.read_at,
    }
