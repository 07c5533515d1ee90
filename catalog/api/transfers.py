"""The files that a workflow moves: follow them, pause, resume, cancel, put first."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, page_links, paging_of, who
from catalog.api.shapes import workflow_shape
from catalog.api.workflows import run_for
from catalog.selectors.versions import check_limit
from catalog.services.transfers import PRIORITY, steer_file, steer_run
from core.errors import InvalidInputError
from core.pages import Order, page_of, read_number
from downloads.models import FileTransfer, RunTransfers, TransferState
from downloads.selectors import counts_of, totals_of, transfers_of
from registry.permissions import MayRequest

_FIRST = Order(column="id", descending=False, read=read_number)
_MAX = 500


class PriorityInput(s.Serializer):
    priority = s.IntegerField(required=False, help_text="-100 to 100; for the action priority.")


class TransferDocument(s.Serializer):
    id = s.IntegerField()
    path = s.CharField()
    state = s.ChoiceField(TransferState.choices)
    wish = s.CharField(help_text="pause or cancel, until the worker has seen to it.")
    size_bytes = s.IntegerField()
    done_bytes = s.IntegerField()
    bytes_per_second = s.IntegerField()
    connections = s.IntegerField()
    seconds_left = s.IntegerField(allow_null=True)
    fetcher = s.CharField(help_text="aria2 or ranged (the built-in downloader).")
    attempts = s.IntegerField()
    priority = s.IntegerField()
    error = s.JSONField(allow_null=True, help_text="code, detail")
    started_at = s.DateTimeField(allow_null=True)
    finished_at = s.DateTimeField(allow_null=True)


class TransferPage(docs.PageDocument):
    paused = s.BooleanField(help_text="Somebody paused the whole workflow.")
    priority = s.IntegerField()
    counts = s.DictField(child=s.IntegerField(), help_text="Files by state.")
    total = s.DictField(child=s.IntegerField(), help_text="done, size and speed in bytes.")
    results = TransferDocument(many=True)


def transfer_shape(row: FileTransfer) -> dict[str, Any]:
    error = {"code": row.error_code, "detail": row.error} if row.error_code else None
    return {
        "id": row.pk,
        "path": row.file.path,
        "state": row.state,
        "wish": row.wish,
        "size_bytes": row.size,
        "done_bytes": row.done,
        "bytes_per_second": row.speed,
        "connections": row.connections,
        "seconds_left": row.seconds_left,
        "fetcher": row.fetcher,
        "attempts": row.attempts,
        "priority": row.priority,
        "error": error,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
    }


class TransferList(YardView):
    @extend_schema(
        operation_id="listTransfers",
        summary="List the files that a workflow moves: state, bytes, speed, connections, time left",
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=TransferState.values),
            *docs.PAGING,
        ],
        responses={200: TransferPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request, "state", "cursor", "limit")
        run = run_for(who(request), pk)
        rows = transfers_of(run).order_by()
        if state := request.query_params.get("state", ""):
            if state not in TransferState.values:
                allowed = ", ".join(TransferState.values)
                raise InvalidInputError(
                    f"state cannot be {state!r}. Allowed: {allowed}.", field="state"
                )
            rows = rows.filter(state=state)
        paging: dict[str, Any] = paging_of(request, default=100)
        check_limit(paging["limit"], _MAX)
        page = page_of(rows, order=_FIRST, **paging)
        own = RunTransfers.objects.filter(run=run).first()
        return Response(
            {
                "paused": bool(own and own.paused),
                "priority": own.priority if own else 0,
                "counts": counts_of(run),
                "total": totals_of(run),
                "results": [transfer_shape(row) for row in page.rows],
                **page_links(request, page),
            }
        )


def _priority(request: Request, action: str) -> int:
    given = body_of(PriorityInput, request)
    if action == PRIORITY and "priority" not in given:
        raise InvalidInputError("Give a priority from -100 to 100.", field="priority")
    return int(given.get("priority", 0))


class TransferSteering(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="steerTransfers",
        summary="Pause or resume what a workflow moves, or put it before others",
        description="`pause`, `resume`, or `priority` with a number. What has arrived stays.",
        request=PriorityInput,
        responses={202: docs.WorkflowDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, pk: uuid.UUID, action: str) -> Response:
        check_parameters(request)
        priority, run = _priority(request, action), run_for(who(request), pk)
        steer_run(caller=who(request), run=run, action=action, priority=priority)
        return Response(workflow_shape(run_for(who(request), pk)), status=202)


class FileSteering(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="steerTransfer",
        summary="Pause, resume or cancel one file of a workflow, or put it before the others",
        description="`pause`, `resume`, `cancel` (what came of it is thrown away; a retry of the "
        "workflow fetches it), or `priority` with a number. The other files go on.",
        request=PriorityInput,
        responses={202: TransferDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, pk: uuid.UUID, transfer: int, action: str) -> Response:
        check_parameters(request)
        priority, run = _priority(request, action), run_for(who(request), pk)
        steer_file(caller=who(request), run=run, pk=transfer, action=action, priority=priority)
        return Response(transfer_shape(transfers_of(run).get(pk=transfer)), status=202)
