"""Checks of the public address over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, page_links, paging_of, who
from catalog.api.shapes import workflow_shape
from catalog.pages.jobs import NEWEST
from catalog.selectors.versions import check_limit
from core.models import Run, RunState
from core.pages import page_of
from hub.checking.selectors import checks_for, tally
from hub.checking.services import start_check
from hub.doctor.examination import FAULT, OK, SKIPPED

_MAX = 100


class ProbeDocument(s.Serializer):
    probe = s.CharField()
    state = s.ChoiceField((OK, FAULT, SKIPPED))
    sentence = s.CharField(help_text="What holds, what is wrong, or why nobody looked.")
    remedy = s.CharField(allow_blank=True)
    settings = s.JSONField(help_text="A list of pairs: what is set, and the line.")
    asked = s.JSONField(
        help_text="Of a client: pairs of what it was asked to do, and what went wrong or ''."
    )


class HubCheckDocument(s.Serializer):
    id = s.UUIDField(help_text="Of its workflow.")
    url = s.CharField()
    state = s.ChoiceField(RunState.choices)
    is_sound = s.BooleanField(allow_null=True, help_text="Null until it is done.")
    asked_by = s.CharField()
    created_at = s.DateTimeField()
    finished_at = s.DateTimeField(allow_null=True)
    findings = ProbeDocument(many=True)


class HubCheckPage(docs.PageDocument):
    results = HubCheckDocument(many=True)


class HubChecks(YardView):
    @extend_schema(
        operation_id="listHubChecks",
        summary="Checks of the public address as clients use it, the last first",
        parameters=docs.PAGING,
        responses={200: HubCheckPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "cursor", "limit")
        paging: dict[str, Any] = paging_of(request, default=20)
        check_limit(paging["limit"], _MAX)
        page = page_of(checks_for(who(request)), order=NEWEST, **paging)
        results = [_shape(run) for run in page.rows]
        return Response({"results": results, **page_links(request, page)})

    @extend_schema(
        operation_id="startHubCheck",
        summary="Check the public address, or follow the check that is under way",
        request=None,
        responses={202: docs.WorkflowDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        run = start_check(caller=who(request))
        rows = Run.objects.select_related("intake__model", "intake__version")
        found = rows.prefetch_related("steps").get(pk=run.pk)
        return Response(workflow_shape(found), status=202)


def _shape(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk,
        "url": run.result["url"],
        "state": run.state,
        "is_sound": tally(run).is_sound if run.state == RunState.DONE else None,
        "asked_by": run.result["by"],
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "findings": run.result["findings"],
    }
