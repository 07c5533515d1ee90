"""Runs as workflows: follow, stop, try again."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, page_links, paging_of, who
from catalog.api.shapes import RUN_NEEDS, workflow_shape
from catalog.selectors.runs import runs_for
from catalog.selectors.versions import check_limit
from catalog.services.intake import cancel_intake, retry_intake
from core.errors import InvalidInputError, NotFoundError
from core.models import Run, RunState
from core.pages import Order, page_of, read_time
from registry.callers import Caller
from registry.permissions import MayRequest

_NEWEST = Order(column="created_at", descending=True, read=read_time, text_ids=True)
_MAX = 100


def _described(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.select_related(*RUN_NEEDS).prefetch_related("steps")


def run_for(caller: Caller, pk: uuid.UUID) -> Run:
    """Give a run that the caller may follow, with what its document shows."""
    run = _described(runs_for(caller)).filter(pk=pk).first()
    if run is None:
        raise NotFoundError("There is no workflow with this id that you may follow.")
    return run


class WorkflowList(YardView):
    @extend_schema(
        operation_id="listWorkflows",
        summary="List your workflows, newest first; operators and curators see all of their tier",
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=RunState.values),
            *docs.PAGING,
        ],
        responses={200: docs.WorkflowPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "state", "cursor", "limit")
        runs = runs_for(who(request)).order_by()
        if state := request.query_params.get("state", ""):
            if state not in RunState.values:
                allowed = ", ".join(RunState.values)
                raise InvalidInputError(
                    f"state cannot be {state!r}. Allowed: {allowed}.", field="state"
                )
            runs = runs.filter(state=state)
        paging: dict[str, Any] = paging_of(request, default=50)
        check_limit(paging["limit"], _MAX)
        rows: Any = runs.values("id", "created_at")
        page = page_of(rows, order=_NEWEST, **paging)
        found = _described(Run.objects.all()).in_bulk([row["id"] for row in page.rows])
        results = [workflow_shape(found[row["id"]]) for row in page.rows if row["id"] in found]
        return Response({"results": results, **page_links(request, page)})


class WorkflowDetail(YardView):
    @extend_schema(
        operation_id="getWorkflow",
        summary="Follow a workflow: its steps, progress, error, and links to what it made",
        responses={200: docs.WorkflowDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        return Response(workflow_shape(run_for(who(request), pk)))


class WorkflowCancel(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="cancelWorkflow",
        summary="Ask a workflow to stop",
        request=None,
        responses={202: docs.WorkflowDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        cancel_intake(caller=who(request), run=run_for(who(request), pk))
        return Response(workflow_shape(run_for(who(request), pk)), status=202)


class WorkflowRetry(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="retryWorkflow",
        summary="Continue a failed or cancelled workflow where it stopped",
        description="A token that the first try was given is forgotten. Where the source refused "
        "for want of one (`needs_token` in the error's details), give it again here: it is used "
        "for this run, never kept or logged.",
        request=docs.RetryInput,
        responses={202: docs.WorkflowDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        token = body_of(docs.RetryInput, request).get("hf_token", "")
        retry_intake(caller=who(request), run=run_for(who(request), pk), token=token)
        return Response(workflow_shape(run_for(who(request), pk)), status=202)
