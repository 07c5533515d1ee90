"""Waivers of findings: what is accepted, by whom, until when and why."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, page_links, paging_of, who
from catalog.selectors.waivers import STATES, page_of_waivers, state_of
from registry.permissions import MayCurate, MayRead
from scanning.models import FindingWaiver
from scanning.selectors import versions_with, waiver_for
from scanning.services.waivers import grant_waiver, take_back


class WaiverDocument(s.Serializer):
    id = s.IntegerField()
    sha256 = s.CharField(help_text="The content it is for, wherever that is.")
    rule = s.CharField(help_text="The rule whose findings in it are accepted.")
    severity = s.CharField(help_text="The worst that was accepted; what is worse still blocks.")
    state = s.CharField(help_text="active, expired or taken_back.")
    reason = s.CharField()
    granted_by = s.CharField()
    granted_at = s.DateTimeField()
    expires_at = s.DateTimeField()
    ended_at = s.DateTimeField(allow_null=True)
    ended_by = s.CharField(allow_null=True, help_text="Who took it back; null where it expired.")
    settled = s.BooleanField(help_text="All that holds the content was decided again since.")


class WaiverDetailDocument(WaiverDocument):
    versions = s.IntegerField(help_text="How many versions with the content you see.")


class WaiverPage(docs.PageDocument):
    results = WaiverDocument(many=True)


class WaiverInput(s.Serializer):
    sha256 = s.RegexField(r"^[0-9a-f]{64}\Z", help_text="Of the content, as in the list of files.")
    rule = s.CharField(max_length=200, help_text="The `title` of the finding's issue.")
    reason = s.CharField(max_length=2000, help_text="Three words or more; shown to all.")
    expires_at = s.DateTimeField(help_text="Within WAIVER_MAX_DAYS days, with a time zone.")


class WaiverList(YardView):
    def get_permissions(self) -> list[BasePermission]:
        return [MayCurate()] if self.request.method == "POST" else [MayRead()]

    @extend_schema(
        operation_id="listWaivers",
        summary="List waivers of findings, the latest first, those that ended too",
        parameters=[
            OpenApiParameter("sha256", description="Of this content alone."),
            OpenApiParameter("state", enum=STATES, description="In this state alone."),
            *docs.PAGING,
        ],
        responses={200: WaiverPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "sha256", "state", "cursor", "limit")
        paging: dict[str, Any] = paging_of(request, default=50)
        sha256, state = (request.query_params.get(name, "") for name in ("sha256", "state"))
        page = page_of_waivers(who(request), sha256=sha256, state=state, **paging)
        results = [waiver_shape(waiver) for waiver in page.rows]
        return Response({"results": results, **page_links(request, page)})

    @extend_schema(
        operation_id="grantWaiver",
        summary="Accept what a rule found in a content, for a time (curators; critical: admins)",
        description="Every version that holds the content is decided again within a minute or so. "
        "What no engine could read, and what a source warns of, cannot be accepted.",
        request=WaiverInput,
        responses={201: WaiverDetailDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        waiver = grant_waiver(caller=who(request), **body_of(WaiverInput, request))
        return _detail(request, waiver.pk, status=201)


class WaiverDetail(YardView):
    def get_permissions(self) -> list[BasePermission]:
        return [MayCurate()] if self.request.method == "DELETE" else [MayRead()]

    @extend_schema(
        operation_id="getWaiver",
        summary="Look at a waiver of a finding",
        responses={200: WaiverDetailDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, pk: int) -> Response:
        check_parameters(request)
        return _detail(request, pk)

    @extend_schema(
        operation_id="takeBackWaiver",
        summary="Take a waiver back before it ends (curators); what rested on it is blocked again",
        description="The row stays, with who ended it.",
        parameters=[OpenApiParameter("reason", description="Why; kept in the audit trail.")],
        responses={200: WaiverDetailDocument, "4XX": docs.ProblemDocument},
    )
    def delete(self, request: Request, pk: int) -> Response:
        check_parameters(request, "reason")
        waiver = waiver_for(who(request), pk)
        reason = request.query_params.get("reason", "")
        take_back(caller=who(request), waiver=waiver, reason=reason)
        return _detail(request, pk)


def _detail(request: Request, pk: int, *, status: int = 200) -> Response:
    waiver = waiver_for(who(request), pk)
    versions = versions_with(who(request), waiver.sha256).count()
    return Response({**waiver_shape(waiver), "versions": versions}, status=status)


def waiver_shape(waiver: FindingWaiver) -> dict[str, Any]:
    return {
        "id": waiver.pk,
        "sha256": waiver.sha256,
        "rule": waiver.rule,
        "severity": waiver.severity,
        "state": state_of(waiver),
        "reason": waiver.reason,
        "granted_by": waiver.granted_by.get_username(),
        "granted_at": waiver.granted_at,
        "expires_at": waiver.expires_at,
        "ended_at": waiver.ended_at,
        "ended_by": waiver.ended_by.get_username() if waiver.ended_by else None,
        "settled": waiver.settled_at is not None,
    }
